//! `dengmi law show ID`: everything that the register knows of an instrument, in both languages.

use crate::duties::{Page, Source, citation, days, duty_line, named_sources};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::texts::word;
use crate::{On, now};
use dengmi_core::date::date_text;
use dengmi_core::{Text, canonical};
use dengmi_judge::register::{Duty, Instrument, Register};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;

#[derive(Serialize)]
struct Document<'a> {
    id: &'a str,
    jurisdiction: String,
    family: &'a str,
    kind: String,
    binding: bool,
    zh: &'a str,
    pinyin: &'a str,
    en: &'a str,
    number: &'a Text,
    issuers: &'a [Text],
    dates: BTreeMap<String, String>,
    timeline: &'a [dengmi_judge::register::StatusFrom],
    on: String,
    status: Option<String>,
    superseded_by: Option<&'a str>,
    supersedes: Vec<&'a str>,
    sectors: &'a [Box<str>],
    summary: &'a Text,
    note: Option<&'a Text>,
    duties: Vec<crate::duties::DutyLine<'a>>,
    sources: Vec<String>,
    confidence: String,
    basis: String,
    last_checked: String,
}

pub(super) fn show(id: &str, on: &On, json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let source = Source::load(voice)?;
    let register = &source.register;
    let day = on.day(now().date(), voice)?;
    let Some(row) = register.instrument(id) else {
        return Err(Failure::usage(voice.text("no-instrument", &[("id", id)])).hint(voice.text("hint-search", &[])));
    };
    if !json {
        lines(register, row, day, voice, &mut Page::new(out))?;
        return Ok(Exit::Done);
    }
    let document = Document {
        id: &row.id,
        jurisdiction: word(&row.jurisdiction),
        family: &row.family,
        kind: word(&row.kind),
        binding: row.binding,
        zh: &row.zh,
        pinyin: &row.pinyin,
        en: &row.en,
        number: &row.number,
        issuers: &row.issuers,
        dates: row.dates.iter().map(|(kind, day)| (word(kind), date_text(*day))).collect(),
        timeline: &row.timeline,
        on: date_text(day),
        status: row.status(day).map(|status| word(&status)),
        superseded_by: row.superseded_by.as_deref(),
        supersedes: before(register, row).map(|other| &*other.id).collect(),
        sectors: &row.sectors,
        summary: &row.summary,
        note: row.note.as_ref(),
        duties: own(register, row).map(|duty| duty_line(register, duty, Some(voice.lang))).collect(),
        sources: named_sources(register, &row.id, &row.source),
        confidence: word(&row.confidence),
        basis: word(&row.basis),
        last_checked: date_text(row.last_checked),
    };
    out.bytes(&canonical::bytes(&document).map_err(Failure::not_finished)?)?;
    out.line("")?;
    Ok(Exit::Done)
}

fn own<'r>(register: &'r Register, row: &'r Instrument) -> impl Iterator<Item = &'r Duty> {
    register.duties.iter().filter(|duty| duty.instrument == row.id)
}

fn before<'r>(register: &'r Register, row: &'r Instrument) -> impl Iterator<Item = &'r Instrument> {
    register.instruments.iter().filter(|other| other.superseded_by.as_deref() == Some(&*row.id))
}

/// Also what `explain` prints of an instrument.
pub(crate) fn lines(
    register: &Register,
    row: &Instrument,
    day: dengmi_core::Date,
    voice: &Voice,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let texts = &voice.texts.duties;
    let mut say = |key: &str, value: &str| page.paragraph("", &voice.text(key, &[("value", value)]));
    let both = |text: &Text| format!("{} / {}", text.zh, text.en);
    say("show-plain", &format!("{}  [{}]", row.zh, row.id))?;
    say("show-plain", &row.pinyin)?;
    say("show-plain", &row.en)?;
    say("show-number", &if row.number.zh == row.number.en { row.number.en.to_string() } else { both(&row.number) })?;
    let kind = texts.of("kind", &row.kind);
    let place = texts.of("jurisdiction", &row.jurisdiction);
    say("show-kind", &format!("{}, {}", voice.lang.of(&kind), voice.lang.of(&place)))?;
    say("show-binding", &voice.text(if row.binding { "show-yes" } else { "show-no" }, &[]))?;
    say("show-issuers", &row.issuers.iter().map(both).collect::<Vec<_>>().join("; "))?;
    for (kind, date) in &row.dates {
        say("show-plain", &format!("  {}  {}", date_text(*date), voice.lang.of(&texts.of("date", kind))))?;
    }
    say("show-timeline", "")?;
    for status in &row.timeline {
        let name = texts.of("status", &status.status);
        say("show-plain", &format!("  {}  {}", date_text(status.from), voice.lang.of(&name)))?;
    }
    let status = row.status(day).map(|status| texts.of("status", &status));
    let status = status.as_ref().map_or("–", |text| voice.lang.of(text));
    say("show-status", &format!("{}: {status}", date_text(day)))?;
    if let Some(next) = &row.superseded_by {
        let title = register.instrument(next).map_or_else(|| next.to_string(), |next| both(&next.title()));
        say("show-successor", &format!("{title}  [{next}]"))?;
    }
    for other in before(register, row) {
        say("show-predecessor", &format!("{}  [{}]", both(&other.title()), other.id))?;
    }
    say("show-summary", &row.summary.zh)?;
    say("show-plain", &row.summary.en)?;
    if let Some(note) = &row.note {
        say("show-note", &note.zh)?;
        say("show-plain", &note.en)?;
    }
    if let Some(renumbering) = register.renumbering.get(&row.id) {
        let pairs: Vec<String> = renumbering.article.iter().map(|row| format!("{}→{}", row.was, row.is)).collect();
        say("show-renumbering", &pairs.join(" "))?;
    }
    let (basis, certainty) = (texts.of("basis", &row.basis), texts.of("certainty", &row.confidence));
    let checked = date_text(row.last_checked);
    say("show-confidence", &format!("{} ({}), {checked}", voice.lang.of(&certainty), voice.lang.of(&basis)))?;
    for source in named_sources(register, &row.id, &row.source) {
        say("show-plain", &format!("  {source}"))?;
    }
    for duty in own(register, row) {
        page.paragraph("- ", &format!("{}  [{}]", duty.zh, duty.id))?;
        page.paragraph("    ", &duty.en)?;
        let cited = citation(register, duty);
        page.paragraph("    ", &format!("{}  {}", voice.lang.of(&cited), days(duty, voice.lang)))?;
    }
    Ok(())
}
