//! `dengmi law search WORDS`: all of the words, in either language, in one row.

use crate::duties::{Page, Source, citation};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use dengmi_core::{Text, canonical};
use serde::Serialize;

#[derive(Serialize)]
struct Hit<'a> {
    kind: &'static str,
    id: &'a str,
    title: Text,
    text: Text,
}

pub(super) fn search(words: &[String], json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let source = Source::load(voice)?;
    let register = &source.register;
    let words: Vec<String> = words.iter().flat_map(|word| word.split_whitespace()).map(str::to_lowercase).collect();
    let holds = |parts: &[&str]| {
        let whole = parts.join(" ").to_lowercase();
        words.iter().all(|word| whole.contains(word.as_str()))
    };
    let mut hits = Vec::new();
    for row in &register.instruments {
        let (number, summary) = (&row.number, &row.summary);
        if holds(&[&row.id, &row.zh, &row.pinyin, &row.en, &number.zh, &number.en, &summary.zh, &summary.en]) {
            hits.push(Hit { kind: "instrument", id: &row.id, title: row.title(), text: summary.clone() });
        }
    }
    for duty in &register.duties {
        let (who, when) = (&duty.subject, &duty.condition);
        let cited = citation(register, duty);
        let parts = [&*duty.id, &duty.zh, &duty.en, &who.zh, &who.en, &when.zh, &when.en, &cited.zh, &cited.en];
        if holds(&parts) {
            hits.push(Hit { kind: "duty", id: &duty.id, title: cited, text: duty.text() });
        }
    }
    for row in &register.findings {
        let parts = [&*row.id, &row.zh, &row.en, &row.says.zh, &row.says.en, &row.finding.zh, &row.finding.en];
        if holds(&parts) {
            let title = Text { zh: row.zh.clone(), en: row.en.clone() };
            hits.push(Hit { kind: "finding", id: &row.id, title, text: row.finding.clone() });
        }
    }
    for row in &register.bodies {
        if holds(&[&row.id, &row.zh, &row.pinyin, &row.en, &row.summary.zh, &row.summary.en]) {
            let title = Text { zh: row.zh.clone(), en: row.en.clone() };
            hits.push(Hit { kind: "body", id: &row.id, title, text: row.summary.clone() });
        }
    }
    if json {
        for hit in hits {
            out.bytes(&canonical::bytes(&hit).map_err(Failure::not_finished)?)?;
            out.line("")?;
        }
        return Ok(Exit::Done);
    }
    let mut page = Page::new(out);
    for hit in &hits {
        page.paragraph("- ", &format!("{}  [{}]", voice.lang.of(&hit.title), hit.id))?;
        page.paragraph("    ", voice.lang.of(&hit.text))?;
    }
    page.paragraph("", &voice.text("law-hits", &[("count", &hits.len().to_string())]))?;
    Ok(Exit::Done)
}
