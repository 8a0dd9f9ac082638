//! `dengmi law`: what the packs of law hold, and their own cases.

mod duties;
mod list;
mod search;
mod show;
mod timeline;

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use clap::{Args, Subcommand};
use dengmi_core::canonical;
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
    /// The instruments with their days and confidence
    List {
        /// Only the counts: by area, pull and confidence
        #[arg(long)]
        stats: bool,
        /// One JSON line an instrument; with --stats one document
        #[arg(long)]
        json: bool,
    },
    /// One instrument: both languages, dates, status, duties, successors, sources
    Show {
        /// Such as cn-csl-2025
        id: String,
        #[command(flatten)]
        on: crate::On,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Instruments, duties and findings that hold all of these words
    Search {
        /// In Chinese or English
        #[arg(required = true)]
        words: Vec<String>,
        /// One JSON line a hit
        #[arg(long)]
        json: bool,
    },
    /// Every duty in force on a day, whichever system
    Duties {
        #[command(flatten)]
        on: crate::On,
        /// Drafts of that day as well; they were never law
        #[arg(long)]
        drafts: bool,
        /// Only the law of these places; may be repeated
        #[arg(long, value_name = "PLACE", value_parser = super::duties::words(dengmi_core::system::Jurisdiction::ALL))]
        jurisdiction: Vec<dengmi_core::system::Jurisdiction>,
        /// One JSON line a duty
        #[arg(long)]
        json: bool,
    },
    /// What came and went, year by year; as a picture with --svg
    Timeline {
        /// An SVG picture on stdout
        #[arg(long)]
        svg: bool,
        /// Only the law of these places; default: mainland China; may be repeated
        #[arg(long, value_name = "PLACE", value_parser = super::duties::words(dengmi_core::system::Jurisdiction::ALL))]
        jurisdiction: Vec<dengmi_core::system::Jurisdiction>,
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
        LawCommand::List { stats: true, json } => list::stats(*json, voice, out),
        LawCommand::List { stats: false, json } => list::list(*json, voice, out),
        LawCommand::Show { id, on, json } => show::show(id, on, *json, voice, out),
        LawCommand::Search { words, json } => search::search(words, *json, voice, out),
        LawCommand::Duties { on, drafts, jurisdiction, json } => {
            duties::duties(on, *drafts, jurisdiction, *json, voice, out)
        }
        LawCommand::Timeline { svg, jurisdiction } => timeline::timeline(*svg, jurisdiction, voice, out),
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
