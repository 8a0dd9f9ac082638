//! `dengmi judge CASE`: every unit with its outcome. Also what the other commands that judge share.

use super::report::{case_head, input};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::report::problems;
use crate::{On, describe, law, now, record};
use clap::Args;
use dengmi_casefile::Case;
use dengmi_core::system::System;
use dengmi_core::{Date, EntryNumber, Fact, Observation, Sm3Digest, canonical};
use dengmi_judge::assess::{Assessment, Determination, Evidence, assess};
use dengmi_judge::determine::{Mark, RiskState};
use dengmi_judge::law::Law;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct CaseArgs {
    /// The case
    pub(crate) case: PathBuf,
    #[command(flatten)]
    pub(crate) on: On,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// A case, judged.
pub(crate) struct Judged {
    pub(crate) law: Law,
    pub(crate) law_digest: Sm3Digest,
    pub(crate) case: Case,
    pub(crate) sealed: bool,
    pub(crate) system: System,
    pub(crate) observations: BTreeMap<EntryNumber, Observation>,
    pub(crate) assessment: Assessment,
}

/// Judges a case from what stands in it alone.
pub(crate) fn judged(path: &Path, on: &On, voice: &Voice) -> Outcome<Judged> {
    let opened = record::open(path, voice)?;
    let observations = record::observations(&opened.case)?;
    let described = observations.iter().find_map(|(number, observation)| match &observation.fact {
        Fact::Described(described) => Some((*number, described.artifact, observation.at)),
        _ => None,
    });
    let Some((entry, artifact, at)) = described else {
        return Err(Failure::usage(voice.text("no-description", &[("case", &path.display().to_string())])));
    };
    let text = String::from_utf8(record::artifact(&opened.case, artifact)?).map_err(Failure::not_finished)?;
    let (law, law_digest) = law::load()?;
    let collected = at.date();
    // The description was read when it was collected; a pack that has changed since may object.
    let system = describe::parse(&text, &law, collected).map_err(|faults| {
        Failure::not_finished(format!("the case's system.toml cannot be read by this program: {faults:?}"))
    })?;
    let on = on.day(system.system.assessed_on.unwrap_or(collected), voice)?;
    let level = level(&system, &law, on, voice)?;
    let evidence = Evidence::new(&system, Some(entry), observations.iter().cloned());
    let assessment = assess(&law, &evidence, level, on).map_err(Failure::usage)?;
    if let Some(sealed) = &opened.law
        && *sealed != law_digest.to_string()
    {
        voice.say("law-differs", &[("sealed", sealed), ("now", &law_digest.to_string())]);
    }
    let observations = observations.into_iter().collect();
    Ok(Judged { law, law_digest, case: opened.case, sealed: opened.sealed, system, observations, assessment })
}

/// The cryptography level: as stated, else what the answers give.
pub(crate) fn level(system: &System, law: &Law, on: Date, voice: &Voice) -> Outcome<u8> {
    if let Some(level) = system.stated_level() {
        return Ok(level);
    }
    let graded = dengmi_judge::grade::grade(law, on, &super::grade::answers(system))
        .map_err(|_| Failure::usage(voice.text("no-level", &[])).hint(voice.text("hint-grade", &[])))?;
    Ok(graded.cryptography.level)
}

pub(crate) fn run(args: &CaseArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let judged = judged(&args.case, &args.on, voice)?;
    if args.json {
        out.bytes(&canonical::bytes(&judged.assessment).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    summary(&judged, voice, out)?;
    Ok(Exit::Done)
}

/// The short form for a terminal: one line a determination, then the figures.
pub(crate) fn summary(judged: &Judged, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let assessment = &judged.assessment;
    let widest =
        assessment.determinations().map(|determination| width(determination.subject.as_str())).max().unwrap_or(0);
    for unit in &assessment.units {
        for determination in &unit.subjects {
            out.line(line(determination, widest, voice))?;
        }
    }
    out.line("")?;
    figures(judged, voice, out)
}

fn line(determination: &Determination, widest: usize, voice: &Voice) -> String {
    let counted = &determination.counted;
    let marks: String = [counted.d, counted.a, counted.k].into_iter().map(mark).collect();
    let score = counted.score.map_or_else(
        || "–".into(),
        |range| match range.settled() {
            Some(score) => score.to_string(),
            None => format!("{}–{}", range.low, range.high),
        },
    );
    let subject = determination.subject.as_str();
    let pad = " ".repeat(widest.saturating_sub(width(subject)));
    let outcome = voice.outcome(counted.outcome);
    let risks: Vec<String> =
        determination.risks.iter().map(|risk| format!("{} {}", risk.item, voice.risk(risk.state))).collect();
    format!(
        "{:<10}  {subject}{pad}  {marks}  {score:<13}  {outcome}  {}",
        determination.indicator.as_str(),
        risks.join(", ")
    )
    .trim_end()
    .into()
}

/// Columns of a text on a terminal: Chinese characters take two.
pub(crate) fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

pub(crate) fn mark(mark: Mark) -> char {
    match mark {
        Mark::Pass => '√',
        Mark::Fail => '×',
        Mark::Unknown => '?',
        Mark::NotLookedAt => '/',
    }
}

/// Total or interval, what the evidence would give, and what keeps it open.
pub(crate) fn figures(judged: &Judged, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let assessment = &judged.assessment;
    let total = match &assessment.score {
        Ok(score) => match score.total.settled() {
            Some(total) => total.to_string(),
            None => format!("{} – {}", score.total.low, score.total.high),
        },
        Err(refusal) => voice.text("no-total", &[("why", &refusal.to_string())]),
    };
    out.line(voice.text(
        "total",
        &[("total", &total), ("level", &assessment.level.to_string()), ("edition", &assessment.edition)],
    ))?;
    let words: Vec<&str> = match judged.law.scoring(assessment.on) {
        Some(scoring) => {
            assessment.conclusion.iter().map(|word| voice.lang.of(word.word(&scoring.conclusion))).collect()
        }
        None => Vec::new(),
    };
    out.line(voice.text("would-give", &[("words", &words.join(" / "))]))?;
    let open = &assessment.open;
    out.line(voice.text(
        "openness",
        &[
            ("unassessed", &open.unassessed.to_string()),
            ("rulings", &open.rulings.to_string()),
            ("high", &open.open_high_risks.to_string()),
            ("candidates", &open.candidates.to_string()),
        ],
    ))?;
    if !open.subjects_confirmed {
        out.line(voice.text("subjects-not-confirmed", &[]))?;
    }
    let missing = judged.observations.values().filter_map(|observation| match &observation.fact {
        Fact::HandedIn(document) if document.artifact.is_none() => Some(&*document.path),
        _ => None,
    });
    let missing: Vec<&str> = missing.collect();
    if !missing.is_empty() {
        out.line(voice.text("documents-missing", &[("files", &missing.join(", "))]))?;
    }
    Ok(())
}

/// The worst problems with what mends them, and the command that shows why.
pub(crate) fn worst(judged: &Judged, path: &Path, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let law_digest = judged.law_digest.to_string();
    let input = input(judged, &law_digest, case_head(judged)?, now(), voice);
    let problems = problems(&input);
    if problems.is_empty() {
        return Ok(());
    }
    out.line("")?;
    out.line(voice.text("worst", &[("count", &problems.len().to_string())]))?;
    for (number, problem) in problems.iter().take(WORST).enumerate() {
        let Some(mending) = problem.mending() else { continue };
        let risk = match problem.state {
            RiskState::None => String::new(),
            state => format!(" [{}]", voice.risk(state)),
        };
        // The problem's text names the first subject.
        let others: Vec<&str> = problem.subjects().into_iter().skip(1).map(|subject| subject.as_str()).collect();
        let also =
            if others.is_empty() { String::new() } else { voice.text("also", &[("subjects", &others.join(", "))]) };
        out.line(format!("  {}.{risk} {}{also}", number + 1, voice.lang.of(&mending.problem)))?;
        out.line(format!("     → {}", voice.lang.of(&mending.fix)))?;
    }
    let first = problems.first().and_then(|problem| problem.findings.first());
    if let Some(finding) = first {
        let (indicator, subject) = (&finding.unit.indicator, &finding.determination.subject);
        let command = format!("dengmi why {} {indicator} {subject}", path.display());
        out.line("")?;
        out.line(voice.text("next-why", &[("command", &command)]))?;
    }
    Ok(())
}

/// How many problems a summary shows.
const WORST: usize = 3;
