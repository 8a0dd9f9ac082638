//! Law over time as pictures: SVG that needs nothing else, drawn with whole numbers.

use crate::out::Voice;
use crate::report::html::Html;
use crate::texts::{DutyTexts, Lang, same};
use dengmi_core::date::date_text;
use dengmi_core::system::Jurisdiction;
use dengmi_core::{Date, Text};
use dengmi_judge::duties::Share;
use dengmi_judge::register::{Duty, Instrument, Pull, Register, Status};

/// Colours of pulls: they differ in lightness too, for those who see no colour and for paper.
const COLOURS: [(Pull, &str); 4] =
    [(Pull::Protection, "#1b5e8a"), (Pull::Mixed, "#8fb8d0"), (Pull::Industrial, "#c9c9c9"), (Pull::Access, "#c4572b")];
const INK: &str = "#1c1c1c";
const GREY: &str = "#8a8a8a";
const FONT: &str = "system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

/// A stretch of time on a stretch of paper.
struct Scale {
    first: Date,
    last: Date,
    left: i64,
    width: i64,
}

impl Scale {
    fn x(&self, day: Date) -> i64 {
        let days = |from: Date, to: Date| (to - from).whole_days();
        let whole = days(self.first, self.last).max(1);
        self.left + (days(self.first, day).clamp(0, whole) * self.width) / whole
    }

    /// Lines of years, with their numbers at the foot.
    fn years(&self, html: &mut Html, top: i64, bottom: i64, step: i32) {
        for year in (self.first.year()..=self.last.year()).filter(|year| year.rem_euclid(step) == 0) {
            let Ok(day) = Date::from_ordinal_date(year, 1) else { continue };
            if day < self.first {
                continue;
            }
            let x = self.x(day).to_string();
            line(html, [&x, &top.to_string(), &x, &bottom.to_string()], "#e4e4e4");
            let y = (bottom + 14).to_string();
            let place = [("x", x.as_str()), ("y", &y), ("text-anchor", "middle"), ("fill", GREY), ("font-size", "11")];
            html.element("text", &place, |html| html.plain(&year.to_string()));
        }
    }
}

fn line(html: &mut Html, [x1, y1, x2, y2]: [&str; 4], stroke: &str) {
    html.element("line", &[("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2), ("stroke", stroke)], |_| {});
}

fn rectangle(html: &mut Html, [x, y, width, height]: [i64; 4], fill: &str) {
    let [x, y, width, height] = [x, y, width, height].map(|value| value.to_string());
    html.element(
        "rect",
        &[
            ("x", &x),
            ("y", &y),
            ("width", &width),
            ("height", &height),
            ("fill", fill),
            ("shape-rendering", "crispEdges"),
        ],
        |_| {},
    );
}

/// How many duties of each pull applied on which day: steps, one on the other, the axis at the foot. Both languages, for a page
/// with a switch.
pub(crate) fn shares_picture(html: &mut Html, shares: &[Share], last: Date, label: &Text, texts: &DutyTexts) {
    const WIDTH: i64 = 760;
    const HEIGHT: i64 = 200;
    let Some(first) = shares.first().map(|share| share.from) else { return };
    let label = format!("{} · {}", label.zh, label.en);
    let view = format!("0 0 {WIDTH} {}", HEIGHT + 44);
    let attributes = [("viewBox", view.as_str()), ("role", "img"), ("class", "chart wide"), ("aria-label", &label)];
    html.element("svg", &attributes, |html| {
        let scale = Scale { first, last, left: 34, width: WIDTH - 44 };
        steps(html, shares, &scale, 24, HEIGHT);
        legend(html, 34, 12, &|pull| texts.of("pull", &pull));
    });
}

/// The stacked steps of counts between two heights.
fn steps(html: &mut Html, shares: &[Share], scale: &Scale, top: i64, height: i64) {
    let count = |share: &Share, pull: &Pull| {
        i64::try_from(share.counts.get(pull).copied().unwrap_or_default()).unwrap_or(i64::MAX)
    };
    let total = |share: &Share| COLOURS.iter().map(|(pull, _)| count(share, pull)).sum::<i64>();
    let most = shares.iter().map(total).max().unwrap_or(0).max(1);
    let bottom = top + height;
    scale.years(html, top, bottom, 2);
    for (number, share) in shares.iter().enumerate() {
        let (from, to) =
            (scale.x(share.from), shares.get(number + 1).map_or(scale.x(scale.last), |next| scale.x(next.from)));
        let mut below = 0;
        for (pull, colour) in COLOURS {
            let count = count(share, &pull);
            let (low, high) = (below * height / most, (below + count) * height / most);
            rectangle(html, [from, bottom - high, (to - from).max(1), high - low], colour);
            below += count;
        }
    }
    let step = [10, 20, 50, 100].into_iter().find(|step| most / step <= 6).unwrap_or(100);
    for value in (0..=most).step_by(usize::try_from(step).unwrap_or(10)) {
        let y = bottom - value * height / most;
        let (left, right) = (scale.left.to_string(), (scale.left - 4).to_string());
        line(html, [&left, &y.to_string(), &right, &y.to_string()], GREY);
        let (x, y) = ((scale.left - 6).to_string(), (y + 4).to_string());
        let place = [("x", x.as_str()), ("y", &y), ("text-anchor", "end"), ("fill", GREY), ("font-size", "11")];
        html.element("text", &place, |html| html.plain(&value.to_string()));
    }
}

fn legend(html: &mut Html, left: i64, y: i64, name: &dyn Fn(Pull) -> Text) {
    let mut x = left;
    for (pull, colour) in COLOURS {
        rectangle(html, [x, y - 9, 10, 10], colour);
        let (at, foot) = ((x + 14).to_string(), y.to_string());
        html.both_in("text", &[("x", &at), ("y", &foot), ("fill", INK), ("font-size", "12")], &name(pull));
        x += 110;
    }
}

/// The register of some jurisdictions: how many duties were in force, and the life of every instrument. One language.
pub(crate) fn timeline_picture(
    register: &Register,
    jurisdictions: &[Jurisdiction],
    today: Date,
    voice: &Voice,
) -> String {
    const WIDTH: i64 = 1360;
    const NAMES: i64 = 560;
    const ROW: i64 = 17;
    const CHART: i64 = 180;
    let texts = &voice.texts.duties;
    let here = |text: Text| same(voice.lang.of(&text));
    let mut rows: Vec<&Instrument> =
        register.instruments.iter().filter(|row| jurisdictions.contains(&row.jurisdiction)).collect();
    rows.sort_by_key(|row| (row.timeline.first().map(|status| status.from), &row.id));
    let first = rows.iter().filter_map(|row| row.timeline.first()).map(|status| status.from).min().unwrap_or(today);
    let first = Date::from_ordinal_date(first.year(), 1).unwrap_or(first);
    let last = register.head.as_of.max(first.next_day().unwrap_or(first));
    let top = 80;
    let list = top + CHART + 44;
    let count = i64::try_from(rows.len()).unwrap_or(0);
    let bottom = list + ROW * count;
    let mut html = Html::new();
    let view = format!("0 0 {WIDTH} {}", bottom + 44);
    let lang = if voice.lang == Lang::Zh { "zh" } else { "en" };
    let attributes = [
        ("xmlns", "http://www.w3.org/2000/svg"),
        ("viewBox", view.as_str()),
        ("role", "img"),
        ("lang", lang),
        ("font-family", FONT),
        ("font-size", "12"),
    ];
    html.element("svg", &attributes, |html| {
        rectangle(html, [0, 0, WIDTH, bottom + 44], "#ffffff");
        let title = voice.text("timeline-title", &[]);
        html.element("title", &[], |html| html.plain(&title));
        html.element("text", &[("x", "20"), ("y", "28"), ("font-size", "20"), ("fill", INK)], |html| {
            html.plain(&title)
        });
        let counted = voice.text("timeline-note", &[("day", &date_text(last)), ("version", &register.head.version)]);
        html.element("text", &[("x", "20"), ("y", "48"), ("fill", GREY)], |html| html.plain(&counted));
        let scale = Scale { first, last, left: NAMES, width: WIDTH - NAMES - 20 };
        let shares = counts(register, jurisdictions, first, last);
        steps(html, &shares, &scale, top, CHART);
        legend(html, NAMES, 66, &|pull| here(texts.of("pull", &pull)));
        scale.years(html, list, bottom, 2);
        for (number, row) in (0..).zip(&rows) {
            let y = list + ROW * number;
            if number % 2 == 1 {
                rectangle(html, [0, y, NAMES, ROW], "#f6f6f6");
            }
            let name = short(voice.lang.of(&row.title()), 74);
            let foot = (y + 12).to_string();
            html.element("text", &[("x", "20"), ("y", &foot), ("fill", INK)], |html| html.plain(&name));
            life(html, row, &scale, y + 3, last, voice);
        }
        let mut x = 20;
        for (colour, key) in [
            ("#1b5e8a", "timeline-in-force"),
            ("#9dc3da", "timeline-partly"),
            ("#e6c36a", "timeline-before"),
            ("#d9d9d9", "timeline-after"),
        ] {
            rectangle(html, [x, bottom + 24, 22, 10], colour);
            let (at, foot) = ((x + 28).to_string(), (bottom + 33).to_string());
            let text = voice.text(key, &[]);
            html.element("text", &[("x", &at), ("y", &foot), ("fill", INK)], |html| html.plain(&text));
            x += 230;
        }
    });
    let mut picture = html.finish();
    picture.push('\n');
    picture
}

/// The stretches of an instrument's life, each in the colour of its status; what is over is not drawn.
fn life(html: &mut Html, row: &Instrument, scale: &Scale, y: i64, last: Date, voice: &Voice) {
    for (number, status) in row.timeline.iter().enumerate() {
        let end = row.timeline.get(number + 1).map_or(last, |next| next.from);
        let colour = match status.status {
            Status::InForce => "#1b5e8a",
            running if running.is_in_force() => "#9dc3da",
            Status::Draft | Status::Issued | Status::Published | Status::Adopted | Status::OpenCall => "#e6c36a",
            Status::Suspended | Status::StatusUnclear => "#d9d9d9",
            _ => continue,
        };
        let (from, to) = (scale.x(status.from), scale.x(end));
        let said =
            format!("{}  {}", date_text(status.from), voice.lang.of(&voice.texts.duties.of("status", &status.status)));
        html.element("g", &[], |html| {
            html.element("title", &[], |html| html.plain(&said));
            rectangle(html, [from, y, (to - from).max(2), 11], colour);
        });
    }
}

fn counts(register: &Register, jurisdictions: &[Jurisdiction], first: Date, last: Date) -> Vec<Share> {
    let here: Vec<&Duty> = register.duties.iter().filter(|duty| register.is_of(duty, jurisdictions)).collect();
    let mut days: Vec<Date> = here.iter().flat_map(|duty| [duty.from, duty.to]).flatten().collect();
    days.push(first);
    days.sort();
    days.dedup();
    let of = |day: Date| {
        let count = |pull| here.iter().filter(|duty| duty.pull == pull && duty.in_force(day)).count();
        Share { from: day, counts: Pull::ALL.map(|pull| (pull, count(pull))).into() }
    };
    days.into_iter().filter(|day| (first..=last).contains(day)).map(of).collect()
}

/// A name that fits its column: Chinese characters are two wide.
fn short(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthChar;
    let mut used = 0;
    let mut short = String::new();
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used > width {
            short.push('…');
            break;
        }
        short.push(letter);
    }
    short
}
