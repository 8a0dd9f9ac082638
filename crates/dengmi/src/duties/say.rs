//! Duties in sentences: citation, days, evidence, reasons of change.

use crate::texts::{Lang, Texts, pair, same};
use dengmi_core::Text;
use dengmi_core::date::date_text;
use dengmi_judge::duties::{Because, Cause};
use dengmi_judge::register::{Duty, Instrument, Observability, Register};

/// `《网络安全法（2016）》第21条`, `Cybersecurity Law (2016), art. 21`. A number that no source shows is not printed.
pub(crate) fn citation(register: &Register, duty: &Duty) -> Text {
    let title = |of: fn(&Instrument) -> &str| register.instrument(&duty.instrument).map_or(&*duty.instrument, of);
    let (zh, en) = (title(|instrument| &instrument.zh), title(|instrument| &instrument.en));
    let Some(article) = duty.confirmed_article() else {
        return pair(format!("《{zh}》（条号未确认）"), format!("{en}, article not confirmed"));
    };
    // `21(4)`: a paragraph or an item of article 21; sections of standards and foreign acts keep their own form.
    let digits = article.trim_start_matches(|letter: char| letter.is_ascii_digit());
    match article.strip_suffix(digits) {
        Some(number) if !number.is_empty() && (digits.is_empty() || digits.starts_with('(')) => {
            pair(format!("《{zh}》第{number}条{digits}"), format!("{en}, art. {article}"))
        }
        _ => pair(format!("《{zh}》{article}"), format!("{en}, {article}")),
    }
}

/// `2017-06-01 – 2025-12-31`: the last day is the last on which it is in force.
pub(crate) fn days(duty: &Duty, lang: Lang) -> String {
    let from = duty.from.map_or_else(|| "?".into(), date_text);
    match duty.to.and_then(|day| day.previous_day()) {
        Some(last) => format!("{from} – {}", date_text(last)),
        None => format!("{from} {}", if lang == Lang::Zh { "起" } else { "–" }),
    }
}

/// Who enforces a duty, in full.
pub(crate) fn enforcers(register: &Register, duty: &Duty) -> Text {
    crate::texts::list(
        duty.enforcers.iter().map(|name| register.head.enforcers.get(name).cloned().unwrap_or_else(|| same(name))),
    )
}

/// Source keys with what they stand for.
pub(crate) fn named_sources(register: &Register, instrument: &str, keys: &[Box<str>]) -> Vec<String> {
    let sources = register.instrument(instrument).map(|instrument| &instrument.sources);
    let text = |key: &str| sources.and_then(|sources| sources.get(key)).map_or(key, |text| &**text).to_owned();
    keys.iter().map(|key| text(key)).collect()
}

/// On what a proof stands.
pub(crate) fn because(texts: &Texts, because: &Because) -> Text {
    match because {
        Because::Mark(indicator, subject, letter, mark) => {
            let sign = crate::commands::judge::mark(*mark);
            pair(format!("{indicator} {subject}：{letter} {sign}"), format!("{indicator} {subject}: {letter} {sign}"))
        }
        Because::Outcome(indicator, subject, outcome) => {
            let outcome = texts.judge.outcome.get(&*crate::texts::word(outcome)).cloned();
            let outcome = outcome.unwrap_or_else(|| same(""));
            pair(format!("{indicator} {subject}：{}", outcome.zh), format!("{indicator} {subject}: {}", outcome.en))
        }
        Because::Record(key, value) => same(&format!("{key} = {value}")),
        Because::Missing(key) => texts.cli("duty-missing-record", &[("key", same(key))]),
        Because::NoCase => texts.cli("duty-no-case", &[]),
        Because::Nothing => texts.cli("duty-no-collector", &[]),
        Because::NotAsked => texts.duties.of("observability", &Observability::NotNeeded),
    }
}

/// Why a duty began, ended or stands elsewhere.
pub(crate) fn reason(texts: &Texts, register: &Register, duty: &Duty, cause: &Cause<'_>) -> Text {
    let title = |id: &str| register.instrument(id).map_or_else(|| same(id), |instrument| quoted(&instrument.title()));
    let day = |day: &dengmi_core::Date| same(&date_text(*day));
    let own = title(&duty.instrument);
    match cause {
        Cause::InstrumentBegan(on) => texts.cli("cause-instrument-began", &[("instrument", own), ("day", day(on))]),
        Cause::DutyBegan(on) => texts.cli("cause-duty-began", &[("instrument", own), ("day", day(on))]),
        Cause::InstrumentChanged(on, status, Some(by)) => texts.cli(
            "cause-instrument-replaced",
            &[("instrument", own), ("day", day(on)), ("status", texts.duties.of("status", status)), ("by", title(by))],
        ),
        Cause::InstrumentChanged(on, status, None) => texts.cli(
            "cause-instrument-changed",
            &[("instrument", own), ("day", day(on)), ("status", texts.duties.of("status", status))],
        ),
        Cause::DutyEnded(on) => texts.cli("cause-duty-ended", &[("instrument", own), ("day", day(on))]),
        Cause::Continues(before, after) => texts
            .cli("cause-continues", &[("before", citation(register, before)), ("after", citation(register, after))]),
        Cause::Facts => texts.cli("cause-facts", &[]),
    }
}

fn quoted(title: &Text) -> Text {
    pair(format!("《{}》", title.zh), &*title.en)
}
