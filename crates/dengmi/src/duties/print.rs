//! The memo on a terminal, at its width.

use super::{Memo, because, citation, days, enforcers, reason};
use crate::out::{Out, Voice};
use crate::texts::word;
use dengmi_core::Text;
use dengmi_core::date::date_text;
use dengmi_judge::duties::{Change, ChangeKind, DataTension, Duties, Holder, Place};
use dengmi_judge::register::{Area, Duty, Pull};
use std::io;
use textwrap::core::Word;
use textwrap::{Options, WordSeparator, WordSplitter, fill};
use unicode_width::UnicodeWidthChar;

/// Lines that fit: a terminal's width, what `COLUMNS` says, else 80.
pub(crate) struct Page<'o> {
    out: &'o mut Out,
    width: usize,
}

/// No narrower, or nothing could be read; no wider, or no line could be followed.
const WIDTHS: std::ops::RangeInclusive<usize> = 30..=120;

impl<'o> Page<'o> {
    pub(crate) fn new(out: &'o mut Out) -> Page<'o> {
        let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let said = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse::<usize>().ok());
        let width = said.or_else(terminal).unwrap_or(80).clamp(*WIDTHS.start(), *WIDTHS.end());
        Page { out, width }
    }

    /// A paragraph: `first` before its first line, as many blanks before the others.
    pub(crate) fn paragraph(&mut self, first: &str, text: &str) -> io::Result<()> {
        let blank = " ".repeat(unicode_width::UnicodeWidthStr::width(first));
        let options = Options::new(self.width)
            .initial_indent(first)
            .subsequent_indent(&blank)
            .word_separator(WordSeparator::Custom(words))
            // Digests and keys are not to be broken at their hyphens.
            .word_splitter(WordSplitter::NoHyphenation);
        self.out.line(fill(text, options))
    }

    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.out.line("")?;
        self.paragraph("", text)?;
        self.out.line("─".repeat(unicode_width::UnicodeWidthStr::width(text).min(self.width)))
    }

    pub(crate) fn blank(&mut self) -> io::Result<()> {
        self.out.line("")
    }
}

/// Where a line may break: after blanks, and beside Chinese characters, but not before a mark that closes nor after one that opens.
/// The rules of Unicode for all scripts would bring tables of a megabyte.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    const CLOSE: &str = "，。；：、！？）》」』】”’…,.;:!?)]}";
    const OPEN: &str = "（《「『【“‘([{";
    let wide = |letter: char| letter.width() == Some(2);
    let breaks = move |before: char, after: char| {
        (before == ' ' && after != ' ')
            || (after != ' ' && (wide(before) || wide(after)) && !CLOSE.contains(after) && !OPEN.contains(before))
    };
    let mut letters = line.char_indices().peekable();
    let mut start = 0;
    Box::new(std::iter::from_fn(move || {
        while let Some((_, letter)) = letters.next() {
            match letters.peek() {
                Some((at, next)) if breaks(letter, *next) => {
                    let word = line.get(start..*at).unwrap_or_default();
                    start = *at;
                    return Some(Word::from(word));
                }
                Some(_) => {}
                None => {
                    let word = line.get(start..).unwrap_or_default();
                    start = line.len();
                    return Some(Word::from(word));
                }
            }
        }
        None
    }))
}

/// Prints the whole memo.
pub(crate) fn memo(memo: &Memo<'_>, voice: &Voice, out: &mut Out) -> io::Result<()> {
    let mut page = Page::new(out);
    let on = date_text(memo.duties.on);
    let about = &memo.system.system;
    page.paragraph(
        "",
        &voice.text("duties-title", &[("system", &about.name), ("operator", &about.operator), ("day", &on)]),
    )?;
    let level = match memo.facts.level {
        Some(level) => voice.text("duties-level", &[("level", &level.to_string())]),
        None => voice.text("duties-no-level", &[]),
    };
    page.paragraph("", &level)?;
    page.paragraph("", &counts(&memo.duties, voice))?;
    page.paragraph("", &shares(&memo.duties, voice))?;
    notes(memo, voice, &mut page)?;
    if let Some((other, changes)) = &memo.compared {
        compared(memo, other, changes, voice, &mut page)?;
    }
    for area in Area::ALL {
        let here: Vec<&&Duty> = memo.duties.apply.iter().filter(|duty| duty.area == area).collect();
        if here.is_empty() {
            continue;
        }
        page.heading(voice.lang.of(&voice.texts.duties.of("area", &area)))?;
        for duty in here {
            applying(memo, duty, voice, &mut page)?;
        }
    }
    questions(memo, voice, &mut page)?;
    if !memo.tension.is_empty() {
        page.heading(&voice.text("duties-tension", &[]))?;
        page.paragraph("", &voice.text("duties-tension-note", &[]))?;
        for row in &memo.tension {
            tension(memo, row, voice, &mut page)?;
        }
    }
    if !memo.contradictions.is_empty() {
        page.heading(&voice.text("duties-contradictions", &[]))?;
        for row in &memo.contradictions {
            let text = Text { zh: row.zh.clone(), en: row.en.clone() };
            page.paragraph("- ", voice.lang.of(&text))?;
            let ids = std::iter::once(&row.one).chain(&row.others);
            let cited: Vec<String> = ids
                .filter_map(|id| memo.source.register.duty(id))
                .filter(|duty| memo.duties.apply.iter().any(|one| one.id == duty.id))
                .map(|duty| voice.lang.of(&citation(&memo.source.register, duty)).to_owned())
                .collect();
            page.paragraph("  ", &cited.join(" ↔ "))?;
        }
    }
    if !memo.duties.undated.is_empty() {
        page.heading(&voice.text("duties-undated", &[]))?;
        for duty in &memo.duties.undated {
            let cited = citation(&memo.source.register, duty);
            page.paragraph(
                "- ",
                &format!("{}  {}  [{}]", voice.lang.of(&duty.text()), voice.lang.of(&cited), duty.id),
            )?;
        }
    }
    Ok(())
}

fn counts(duties: &Duties<'_>, voice: &Voice) -> String {
    voice.text(
        "duties-counts",
        &[
            ("apply", &duties.apply.len().to_string()),
            ("depend", &duties.depend.len().to_string()),
            ("others", &duties.others.to_string()),
        ],
    )
}

fn shares(duties: &Duties<'_>, voice: &Voice) -> String {
    let count = |pull: Pull| duties.apply.iter().filter(|duty| duty.pull == pull).count();
    let said =
        Pull::ALL.map(|pull| format!("{} {}", voice.lang.of(&voice.texts.duties.of("pull", &pull)), count(pull)));
    voice.text("duties-shares", &[("shares", &said.join(" · "))])
}

fn notes(memo: &Memo<'_>, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    let (on, head) = (memo.duties.on, &memo.source.register.head);
    let (day, as_of) = (date_text(on), date_text(head.as_of));
    let digest = memo.source.digest.to_string();
    page.paragraph(
        "",
        &voice.text("duties-pack", &[("version", &head.version), ("as-of", &as_of), ("digest", &digest)]),
    )?;
    if on < head.as_of {
        page.paragraph("", &voice.text("duties-now-facts", &[("day", &day)]))?;
    }
    if on > head.as_of {
        page.paragraph("", &voice.text("duties-after-check", &[("day", &day), ("as-of", &as_of)]))?;
    }
    if let Some(live) = memo.system.system.live_since.filter(|live| on < *live) {
        page.paragraph("", &voice.text("duties-before-live", &[("day", &day), ("live", &date_text(live))]))?;
    }
    Ok(())
}

/// One duty that applies: its words, its place in the law, what shows it.
fn applying(memo: &Memo<'_>, duty: &Duty, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    let register = &memo.source.register;
    let strength = voice.texts.duties.of("strength", &duty.strength);
    let pull = voice.texts.duties.of("pull", &duty.pull);
    let place = memo.place(duty).map(|place| voice.texts.duties.of("jurisdiction", &place));
    let words = [Some(&strength), Some(&pull), place.as_ref()].into_iter().flatten().map(|text| voice.lang.of(text));
    let words = words.collect::<Vec<_>>().join(" · ");
    page.paragraph("- ", &format!("[{words}] {}", voice.lang.of(&duty.text())))?;
    page.paragraph("    ", &format!("{}  [{}]", voice.lang.of(&citation(register, duty)), duty.id))?;
    page.paragraph(
        "    ",
        &voice.text(
            "duty-condition",
            &[("subject", voice.lang.of(&duty.subject)), ("condition", voice.lang.of(&duty.condition))],
        ),
    )?;
    page.paragraph(
        "    ",
        &voice.text(
            "duty-enforced",
            &[
                ("enforcers", voice.lang.of(&enforcers(register, duty))),
                ("days", &days(duty, voice.lang)),
                ("certainty", voice.lang.of(&voice.texts.duties.of("certainty", &duty.confidence))),
            ],
        ),
    )?;
    if !duty.binding {
        page.paragraph("    ", &voice.text("duty-not-binding", &[]))?;
    }
    let evidence = crate::texts::list(duty.evidence.iter().cloned());
    page.paragraph("    ", &voice.text("duty-evidence", &[("evidence", voice.lang.of(&evidence))]))?;
    let proof = memo.proof(duty);
    let grounds = crate::texts::list(proof.because.iter().map(|ground| because(&voice.texts, ground)));
    let shown = voice.texts.duties.of("shown", &proof.shown);
    page.paragraph(
        "    ",
        &voice.text("duty-proof", &[("word", voice.lang.of(&shown)), ("because", voice.lang.of(&grounds))]),
    )?;
    if let Some(note) = &duty.note {
        page.paragraph("    ※ ", voice.lang.of(note))?;
    }
    Ok(())
}

fn questions(memo: &Memo<'_>, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    let questions = memo.duties.questions();
    if questions.is_empty() {
        return Ok(());
    }
    page.heading(&voice.text("duties-questions", &[]))?;
    for (number, (missing, waiting)) in questions.iter().enumerate() {
        let question = voice.texts.duties.of("question", missing);
        page.paragraph(&format!("{}. ", number + 1), voice.lang.of(&question))?;
        let key = if *missing == dengmi_judge::duties::Missing::Level {
            "[grade]".to_owned()
        } else {
            format!("[conditions] {}", missing.key())
        };
        page.paragraph(
            "   ",
            &voice.text("duties-answer-in", &[("key", &key), ("count", &waiting.len().to_string())]),
        )?;
        for duty in waiting {
            let cited = citation(&memo.source.register, duty);
            page.paragraph(
                "   - ",
                &format!("{}  {}  [{}]", voice.lang.of(&duty.text()), voice.lang.of(&cited), duty.id),
            )?;
        }
    }
    Ok(())
}

fn compared(
    memo: &Memo<'_>,
    other: &Duties<'_>,
    changes: &[Change<'_>],
    voice: &Voice,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let mut days = [&memo.duties, other];
    days.sort_by_key(|duties| duties.on);
    let [first, second] = days;
    page.heading(
        &voice.text("duties-compare-title", &[("first", &date_text(first.on)), ("second", &date_text(second.on))]),
    )?;
    for duties in [first, second] {
        page.paragraph(&format!("{}  ", date_text(duties.on)), &counts(duties, voice))?;
        page.paragraph("            ", &shares(duties, voice))?;
    }
    if changes.is_empty() {
        return page.paragraph("", &voice.text("duties-no-changes", &[]));
    }
    for kind in [ChangeKind::Began, ChangeKind::Ended, ChangeKind::Renumbered, ChangeKind::FactsChanged] {
        let here: Vec<&Change<'_>> = changes.iter().filter(|change| change.kind == kind).collect();
        if here.is_empty() {
            continue;
        }
        page.blank()?;
        let name = voice.texts.duties.of("change", &kind);
        page.paragraph("", &format!("{} ({})", voice.lang.of(&name), here.len()))?;
        let mut last = None;
        for change in here {
            let why = reason(&voice.texts, &memo.source.register, change.duty, &change.cause);
            // Duties that came or went together share one reason.
            if kind != ChangeKind::Renumbered && last.as_ref() != Some(&why) {
                page.paragraph("▸ ", voice.lang.of(&why))?;
            }
            changed(memo, change, &why, voice, page)?;
            last = Some(why);
        }
    }
    Ok(())
}

fn changed(memo: &Memo<'_>, change: &Change<'_>, why: &Text, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    let sign = match change.kind {
        ChangeKind::Began => "  + ",
        ChangeKind::Ended => "  − ",
        ChangeKind::Renumbered => "  = ",
        ChangeKind::FactsChanged => "  ~ ",
    };
    let area = voice.texts.duties.of("area", &change.duty.area);
    let pull = voice.texts.duties.of("pull", &change.duty.pull);
    let words = [&area, &pull].map(|text| voice.lang.of(text)).join(" · ");
    page.paragraph(sign, &format!("[{words}] {}", voice.lang.of(&change.duty.text())))?;
    let cited = citation(&memo.source.register, change.duty);
    let place = if change.kind == ChangeKind::Renumbered { why } else { &cited };
    let open = if change.open { voice.text("duties-open", &[]) } else { String::new() };
    page.paragraph("      ", format!("{}  [{}] {open}", voice.lang.of(place), change.duty.id).trim_end())
}

fn tension(memo: &Memo<'_>, row: &DataTension<'_, '_>, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    page.paragraph("", row.data.id.get_ref())?;
    let none = voice.text("tension-none", &[]);
    for (key, duties) in [("tension-protection", &row.protection), ("tension-access", &row.access)] {
        let name = voice.text(key, &[]);
        page.paragraph("  ", &format!("{name} ({})", duties.len()))?;
        if duties.is_empty() {
            page.paragraph("    - ", &none)?;
        }
        for duty in duties {
            let cited = citation(&memo.source.register, duty);
            page.paragraph(
                "    - ",
                &format!(
                    "{}  {}  ({})",
                    voice.lang.of(&duty.text()),
                    voice.lang.of(&cited),
                    voice.lang.of(&duty.condition)
                ),
            )?;
        }
    }
    let keys: Vec<String> = row
        .keys
        .iter()
        .map(|key| {
            let (text, place) = match &key.place {
                Place::Product(place) => ("tension-key-product", &**place),
                Place::Software(place) => ("tension-key-software", &**place),
                Place::NotStated => ("tension-key-unknown", ""),
            };
            voice.text(text, &[("key", &key.key), ("place", place)])
        })
        .collect();
    let keys = if keys.is_empty() { none } else { keys.join("; ") };
    let holder = match row.holder {
        Holder::Operator => "tension-holder-operator",
        Holder::NotStated => "tension-holder-unknown",
    };
    page.paragraph("  ", &format!("{}: {keys}; {}", voice.text("tension-keys", &[]), voice.text(holder, &[])))?;
    let places = match &*row.data.places {
        [] => voice.text("tension-not-stated", &[]),
        places => places.join(", "),
    };
    let stored = match &memo.system.records.stored_in {
        None => String::new(),
        Some(countries) => format!(" ({})", countries.iter().map(word).collect::<Vec<_>>().join(", ")),
    };
    page.paragraph("  ", &format!("{}: {places}{stored}", voice.text("tension-places", &[])))
}
