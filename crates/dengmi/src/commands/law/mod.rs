//! `dengmi law`: what the packs of law hold, and their own cases.

mod duties;
mod list;
mod search;
mod show;
mod timeline;
mod update;

pub(crate) use show::lines;

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use clap::{Args, Subcommand};
use dengmi_core::canonical;
use dengmi_judge::determine::{CaseFault, CaseResult, run_cases};
use dengmi_judge::duties::{is_duty_cases, run_duty_cases};
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
    /// Write a register as one signed file
    Pack(update::PackArgs),
    /// Whose signatures on a register count here
    Trust(update::TrustArgs),
    /// Use a newer register from a signed file
    Update(update::UpdateArgs),
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
        LawCommand::Pack(args) => update::pack(args, voice, out),
        LawCommand::Trust(args) => update::trust(args, voice, out),
        LawCommand::Update(args) => update::update(args, voice, out),
    }
}

fn test(file: Option<&std::path::Path>, json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let mut counts = Counts::default();
    match file {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error, voice))?;
            let name = path.display().to_string();
            if is_duty_cases(&text) {
                duty_cases(&name, &text, &mut counts, voice, out)?;
            } else {
                judging_cases(&name, &text, &mut counts, voice, out)?;
            }
        }
        None => {
            judging_cases("cases/judging.toml", crate::law::CASES, &mut counts, voice, out)?;
            duty_cases("cases/duties.toml", crate::law::DUTY_CASES, &mut counts, voice, out)?;
        }
    }
    let exit = if counts.wrong == 0 { Exit::Done } else { Exit::GateNotMet };
    if json {
        #[derive(Serialize)]
        struct Summary {
            summary: Counts,
        }
        out.bytes(&canonical::bytes(&Summary { summary: counts }).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(exit);
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
    Ok(exit)
}

impl Counts {
    /// Counts a case and prints its line; one that is not right is told with what differs.
    fn take(
        &mut self,
        report: &impl Serialize,
        (id, result, differs): (&str, CaseResult, Vec<String>),
        voice: &Voice,
        out: &mut Out,
    ) -> Outcome<()> {
        self.cases += 1;
        match result {
            CaseResult::Right => self.right += 1,
            CaseResult::Wrong => self.wrong += 1,
            CaseResult::Unassessed => self.unassessed += 1,
            CaseResult::NeedsRuling => self.needs_ruling += 1,
        }
        out.bytes(&canonical::bytes(report).map_err(Failure::not_finished)?)?;
        out.line("")?;
        if result != CaseResult::Right {
            let result = crate::texts::word(&result);
            voice.say("case-differs", &[("id", id), ("result", &result), ("differs", &differs.join("; "))]);
        }
        Ok(())
    }
}

fn not_run(name: &str, fault: &CaseFault) -> Failure {
    match fault {
        CaseFault::Shape { line, .. } if *line > 0 => Failure::usage(format!("{name}:{line}: {fault}")),
        _ => Failure::usage(format!("{name}: {fault}")),
    }
}

fn judging_cases(name: &str, text: &str, counts: &mut Counts, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let (law, _) = crate::law::load()?;
    for report in &run_cases(text, &law).map_err(|fault| not_run(name, &fault))? {
        let differs = report.differs.iter().map(|(field, expected, got)| format!("{field}: {expected} ≠ {got}"));
        counts.take(report, (&report.id, report.result, differs.collect()), voice, out)?;
    }
    Ok(())
}

fn duty_cases(name: &str, text: &str, counts: &mut Counts, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let source = crate::duties::Source::load(voice)?;
    for report in &run_duty_cases(text, &source.register).map_err(|fault| not_run(name, &fault))? {
        let differs = report.differs.iter().map(|(id, expected, got)| format!("{id}: {expected} ≠ {got}"));
        counts.take(report, (&report.id, report.result, differs.collect()), voice, out)?;
    }
    Ok(())
}
