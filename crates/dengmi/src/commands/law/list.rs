//! `dengmi law list`: both packs, a line an instrument, or the counts.

use crate::duties::Source;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::texts::{judge, word};
use dengmi_core::date::date_text;
use dengmi_core::{Text, canonical};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Row<'a> {
    pack: &'static str,
    id: &'a str,
    number: Text,
    zh: &'a str,
    en: &'a str,
    kind: String,
    jurisdiction: String,
    from: String,
    /// The first day on which it is in force no more.
    to: Option<String>,
    status: Option<String>,
    confidence: String,
}

pub(super) fn list(json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let source = Source::load(voice)?;
    let (law, digest) = crate::law::load()?;
    let today = crate::now().date();
    let mut rows = Vec::new();
    for instrument in &source.register.instruments {
        let first = instrument.timeline.iter().find(|status| status.status.is_in_force());
        let first = first.or(instrument.timeline.first());
        let end = instrument
            .timeline
            .last()
            .filter(|last| !last.status.is_in_force() && first.is_some_and(|first| first.from < last.from));
        let status = instrument.status(today);
        rows.push((
            Row {
                pack: "register",
                id: &instrument.id,
                number: instrument.number.clone(),
                zh: &instrument.zh,
                en: &instrument.en,
                kind: word(&instrument.kind),
                jurisdiction: word(&instrument.jurisdiction),
                from: first.map_or_else(String::new, |first| date_text(first.from)),
                to: end.map(|end| date_text(end.from)),
                status: status.map(|status| word(&status)),
                confidence: word(&instrument.confidence),
            },
            [
                status.map_or_else(|| crate::texts::same(""), |status| voice.texts.duties.of("status", &status)),
                voice.texts.duties.of("certainty", &instrument.confidence),
            ],
        ));
    }
    for instrument in law.instruments() {
        let in_force = instrument.in_force();
        rows.push((
            Row {
                pack: "assessment",
                id: &instrument.id,
                number: crate::texts::same(&instrument.number),
                zh: &instrument.zh,
                en: &instrument.en,
                kind: word(&instrument.series),
                jurisdiction: "CN".into(),
                from: date_text(in_force.from),
                to: in_force.to.map(date_text),
                status: None,
                confidence: word(&instrument.confidence),
            },
            [crate::texts::same(""), judge::of(&voice.texts.judge.confidence, &instrument.confidence)],
        ));
    }
    if json {
        for (row, _) in rows {
            out.bytes(&canonical::bytes(&row).map_err(Failure::not_finished)?)?;
            out.line("")?;
        }
        return Ok(Exit::Done);
    }
    let mut pack = "";
    for (row, [status, confidence]) in &rows {
        if row.pack != pack {
            pack = row.pack;
            let key = if pack == "register" { "law-list-register" } else { "law-list-assessment" };
            out.line(voice.text(key, &[]))?;
        }
        let name = if voice.lang == crate::texts::Lang::Zh { row.zh } else { row.en };
        let to = row.to.as_deref().unwrap_or("          ");
        let said = [status, confidence].map(|text| voice.lang.of(text)).join(" ");
        out.line(format!("{:<38}  {} – {to}  {name}  [{}]", row.id, row.from, said.trim()))?;
    }
    out.line(voice.text("law-digest", &[("digest", &digest.to_string())]))?;
    let head = &source.register.head;
    let (digest, as_of) = (source.digest.to_string(), date_text(head.as_of));
    out.line(voice.text("law-register", &[("version", &head.version), ("as-of", &as_of), ("digest", &digest)]))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Stats {
    instruments: Instruments,
    duties: Duties,
    bodies: usize,
    events: usize,
    findings: usize,
    assessment_instruments: usize,
}

#[derive(Serialize)]
struct Instruments {
    total: usize,
    by_jurisdiction: BTreeMap<String, usize>,
    by_kind: BTreeMap<String, usize>,
    by_confidence: BTreeMap<String, usize>,
}

#[derive(Serialize)]
struct Duties {
    total: usize,
    by_area: BTreeMap<String, usize>,
    by_pull: BTreeMap<String, usize>,
    by_confidence: BTreeMap<String, usize>,
    by_strength: BTreeMap<String, usize>,
    drafts: usize,
    undated: usize,
}

fn count<T, W: Serialize>(rows: &[T], of: impl Fn(&T) -> W) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(word(&of(row))).or_default() += 1;
    }
    counts
}

pub(super) fn stats(json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let source = Source::load(voice)?;
    let (law, _) = crate::law::load()?;
    let (instruments, duties) = (&source.register.instruments, &source.register.duties);
    let stats = Stats {
        instruments: Instruments {
            total: instruments.len(),
            by_jurisdiction: count(instruments, |row| row.jurisdiction),
            by_kind: count(instruments, |row| row.kind),
            by_confidence: count(instruments, |row| row.confidence),
        },
        duties: Duties {
            total: duties.len(),
            by_area: count(duties, |row| row.area),
            by_pull: count(duties, |row| row.pull),
            by_confidence: count(duties, |row| row.confidence),
            by_strength: count(duties, |row| row.strength),
            drafts: duties.iter().filter(|duty| duty.draft).count(),
            undated: source.register.undated().count(),
        },
        bodies: source.register.bodies.len(),
        events: source.register.events.len(),
        findings: source.register.findings.len(),
        assessment_instruments: law.instruments().len(),
    };
    if json {
        out.bytes(&canonical::bytes(&stats).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    let mut table = |key: &str, set: &str, total: usize, counts: &BTreeMap<String, usize>| -> Outcome<()> {
        out.line(voice.text(key, &[("total", &total.to_string())]))?;
        for (name, count) in counts {
            let text = voice.texts.duties.of(set, name);
            out.line(format!("  {count:>4}  {}", voice.lang.of(&text)))?;
        }
        Ok(())
    };
    let (instruments, duties) = (&stats.instruments, &stats.duties);
    table("stats-instruments-kind", "kind", instruments.total, &instruments.by_kind)?;
    table("stats-instruments-place", "jurisdiction", instruments.total, &instruments.by_jurisdiction)?;
    table("stats-instruments-confidence", "certainty", instruments.total, &instruments.by_confidence)?;
    table("stats-duties-area", "area", duties.total, &duties.by_area)?;
    table("stats-duties-pull", "pull", duties.total, &duties.by_pull)?;
    table("stats-duties-strength", "strength", duties.total, &duties.by_strength)?;
    table("stats-duties-confidence", "certainty", duties.total, &duties.by_confidence)?;
    let (drafts, undated) = (duties.drafts.to_string(), duties.undated.to_string());
    out.line(voice.text("stats-apart", &[("drafts", &drafts), ("undated", &undated)]))?;
    Ok(Exit::Done)
}
