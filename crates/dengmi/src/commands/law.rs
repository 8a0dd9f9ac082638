//! `dengmi law`: the pack's own cases, its defects, its instruments.

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::texts::Lang;
use clap::{Args, Subcommand};
use dengmi_core::{canonical, date};
use dengmi_judge::determine::{CaseResult, run_cases};
use serde::Serialize;
use std::fs;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct LawArgs {
    #[command(subcommand)]
    command: LawCommand,
}

#[derive(Subcommand)]
enum LawCommand {
    /// Run the pack's own judging cases, or a file of the same form
    Test {
        /// A TOML file of cases
        file: Option<PathBuf>,
        /// The summary, after the JSON line of each case, as a JSON line as well
        #[arg(long)]
        json: bool,
    },
    /// The instruments of the pack with their days and confidence
    List {
        /// One JSON line an instrument
        #[arg(long)]
        json: bool,
    },
}

#[derive(Serialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Counts {
    cases: usize,
    right: usize,
    wrong: usize,
    unassessed: usize,
    needs_ruling: usize,
}

pub(crate) fn run(args: &LawArgs, voice: &Voice, out: &mut Out) -> Outcome {
    match &args.command {
        LawCommand::Test { file, json } => test(file.as_deref(), *json, voice, out),
        LawCommand::List { json } => list(*json, voice, out),
    }
}

fn test(file: Option<&std::path::Path>, json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let (name, text) = match file {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error, voice))?;
            (path.display().to_string(), text)
        }
        None => ("cases/judging.toml".into(), crate::law::CASES.into()),
    };
    let (law, _) = crate::law::load()?;
    let reports = run_cases(&text, &law).map_err(|fault| match &fault {
        dengmi_judge::determine::CaseFault::Shape { line, .. } if *line > 0 => {
            Failure::usage(format!("{name}:{line}: {fault}"))
        }
        _ => Failure::usage(format!("{name}: {fault}")),
    })?;
    let mut counts = Counts { cases: reports.len(), ..Counts::default() };
    for report in &reports {
        match report.result {
            CaseResult::Right => counts.right += 1,
            CaseResult::Wrong => counts.wrong += 1,
            CaseResult::Unassessed => counts.unassessed += 1,
            CaseResult::NeedsRuling => counts.needs_ruling += 1,
        }
        out.bytes(&canonical::bytes(report).map_err(Failure::not_finished)?)?;
        out.line("")?;
        if report.result != CaseResult::Right {
            let differs = report.differs.iter().map(|(field, expected, got)| format!("{field}: {expected} ≠ {got}"));
            let differs = differs.collect::<Vec<_>>().join("; ");
            voice.say(
                "case-differs",
                &[("id", &report.id), ("result", &crate::texts::word(&report.result)), ("differs", &differs)],
            );
        }
    }
    if json {
        #[derive(Serialize)]
        struct Summary {
            summary: Counts,
        }
        let wrong = counts.wrong;
        out.bytes(&canonical::bytes(&Summary { summary: counts }).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(if wrong == 0 { Exit::Done } else { Exit::GateNotMet });
    }
    out.line(voice.text(
        "cases",
        &[
            ("cases", &counts.cases.to_string()),
            ("right", &counts.right.to_string()),
            ("wrong", &counts.wrong.to_string()),
            ("open", &(counts.unassessed + counts.needs_ruling).to_string()),
        ],
    ))?;
    Ok(if counts.wrong == 0 { Exit::Done } else { Exit::GateNotMet })
}

fn list(json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let (law, digest) = crate::law::load()?;
    #[derive(Serialize)]
    struct Row<'a> {
        id: &'a str,
        number: &'a str,
        zh: &'a str,
        en: &'a str,
        from: String,
        to: Option<String>,
        confidence: String,
    }
    for instrument in law.instruments() {
        let in_force = instrument.in_force();
        let row = Row {
            id: &instrument.id,
            number: &instrument.number,
            zh: &instrument.zh,
            en: &instrument.en,
            from: date::date_text(in_force.from),
            to: in_force.to.map(date::date_text),
            confidence: crate::texts::word(&instrument.confidence),
        };
        if json {
            out.bytes(&canonical::bytes(&row).map_err(Failure::not_finished)?)?;
            out.line("")?;
        } else {
            let name = match voice.lang {
                Lang::Zh => row.zh,
                Lang::En => row.en,
            };
            let to = row.to.as_deref().unwrap_or("          ");
            let confidence = crate::texts::judge::of(&voice.texts.judge.confidence, &instrument.confidence);
            out.line(format!("{:<38}  {} – {to}  {name}  [{}]", row.id, row.from, voice.lang.of(&confidence)))?;
        }
    }
    if !json {
        out.line(voice.text("law-digest", &[("digest", &digest.to_string())]))?;
    }
    Ok(Exit::Done)
}
