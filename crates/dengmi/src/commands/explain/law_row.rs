//! Rows of the register: duties, instruments, claims of an article and what checking found, bodies.

use crate::commands::law::lines;
use crate::duties::{Page, Source, citation, days, enforcers, named_sources};
use crate::failure::Outcome;
use crate::out::{Out, Voice};
use dengmi_core::{Date, Text};
use dengmi_judge::register::{Body, Duty, Finding, Register};
use std::io;

/// Prints the row of this name. `false`: there is none.
pub(super) fn explain(id: &str, on: Date, voice: &Voice, out: &mut Out) -> Outcome<bool> {
    let source = Source::load(voice)?;
    let register = &source.register;
    let lower = id.to_ascii_lowercase();
    let mut page = Page::new(out);
    if let Some(row) = register.duty(&lower) {
        duty(register, row, voice, &mut page)?;
    } else if let Some(row) = register.instrument(&lower) {
        lines(register, row, on, voice, &mut page)?;
        for found in register.findings.iter().filter(|finding| finding.instruments.iter().any(|name| **name == *lower))
        {
            finding(found, voice, &mut page)?;
        }
    } else if let Some(row) = register.findings.iter().find(|finding| *finding.id == *lower) {
        whole_finding(row, voice, &mut page)?;
    } else if let Some(row) = register.bodies.iter().find(|body| *body.id == *lower) {
        body(row, voice, &mut page)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn duty(register: &Register, row: &Duty, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    let texts = &voice.texts.duties;
    let (cited, lang) = (citation(register, row), voice.lang);
    page.paragraph("", &format!("{}  {}", row.id, lang.of(&cited)))?;
    page.paragraph("  ", &row.zh)?;
    page.paragraph("  ", &row.en)?;
    if row.draft {
        page.paragraph("  ", &voice.text("explain-draft", &[]))?;
    }
    let [strength, pull, area] =
        [texts.of("strength", &row.strength), texts.of("pull", &row.pull), texts.of("area", &row.area)];
    let words = [("strength", lang.of(&strength)), ("pull", lang.of(&pull)), ("area", lang.of(&area))];
    page.paragraph("  ", &voice.text("explain-duty-words", &words))?;
    let condition = [("subject", lang.of(&row.subject)), ("condition", lang.of(&row.condition))];
    page.paragraph("  ", &voice.text("duty-condition", &condition))?;
    let terms: Vec<String> = row.applies_when.iter().map(ToString::to_string).collect();
    page.paragraph("  ", &voice.text("explain-applies", &[("terms", &terms.join(", "))]))?;
    let (who, certainty) = (enforcers(register, row), texts.of("certainty", &row.confidence));
    let enforced = [("enforcers", lang.of(&who)), ("days", &*days(row, lang)), ("certainty", lang.of(&certainty))];
    page.paragraph("  ", &voice.text("duty-enforced", &enforced))?;
    if !row.binding {
        page.paragraph("  ", &voice.text("duty-not-binding", &[]))?;
    }
    let evidence = crate::texts::list(row.evidence.iter().cloned());
    page.paragraph("  ", &voice.text("duty-evidence", &[("evidence", lang.of(&evidence))]))?;
    let seen = texts.of("observability", &row.observability);
    page.paragraph("  ", &voice.text("explain-observable", &[("value", lang.of(&seen))]))?;
    if let Some(other) = register.same_duty(row) {
        let cited = citation(register, other);
        page.paragraph("  ", &voice.text("explain-same-duty", &[("citation", lang.of(&cited)), ("id", &other.id)]))?;
    }
    if let Some(note) = &row.note {
        page.paragraph("  ※ ", lang.of(note))?;
    }
    for source in named_sources(register, &row.instrument, &row.source) {
        page.paragraph("  ", &voice.text("explain-source", &[("value", &source)]))?;
    }
    for found in register.findings.iter().filter(|finding| finding.duties.contains(&row.id)) {
        finding(found, voice, page)?;
    }
    Ok(())
}

fn finding(row: &Finding, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    let texts = &voice.texts.duties;
    let (word, certainty) = (texts.of("finding", &row.is), texts.of("certainty", &row.finding_confidence));
    let lang = voice.lang;
    let said = [("id", &*row.id), ("word", lang.of(&word)), ("says", lang.of(&row.says))];
    page.paragraph("▸ ", &voice.text("explain-finding", &said))?;
    let found = [("finding", lang.of(&row.finding)), ("certainty", lang.of(&certainty))];
    page.paragraph("    ", &voice.text("explain-found", &found))
}

fn whole_finding(row: &Finding, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    let title = Text { zh: row.zh.clone(), en: row.en.clone() };
    page.paragraph("", &format!("{}  {}", row.id, voice.lang.of(&title)))?;
    finding(row, voice, page)?;
    for (key, text) in [("explain-evidence", &row.automatic_evidence), ("explain-other-evidence", &row.other_evidence)]
    {
        if let Some(text) = text {
            page.paragraph("    ", &voice.text(key, &[("value", voice.lang.of(text))]))?;
        }
    }
    if let Some(note) = &row.note {
        page.paragraph("    ※ ", voice.lang.of(note))?;
    }
    let about: Vec<&str> = row.instruments.iter().chain(&row.duties).map(|name| &**name).collect();
    page.paragraph("    ", &voice.text("explain-about", &[("value", &about.join(", "))]))
}

fn body(row: &Body, voice: &Voice, page: &mut Page<'_>) -> io::Result<()> {
    for name in [&row.zh, &row.pinyin, &row.en] {
        page.paragraph("", name)?;
    }
    if let Some(since) = &row.since {
        page.paragraph("  ", &voice.text("explain-since", &[("value", since)]))?;
    }
    page.paragraph("  ", voice.lang.of(&row.summary))
}
