//! `dengmi gate CASE --fail-on …`: exit 1 when the case does not meet it. A finding is no error; a gate turns it into one.

use super::judge::judged;
use crate::On;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use clap::{Args, ValueEnum};
use dengmi_core::canonical;
use dengmi_judge::assess::Determination;
use dengmi_judge::determine::{Outcome as Judged, RiskState};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct GateArgs {
    /// The case
    case: PathBuf,
    /// What fails the gate; repeatable
    #[arg(long, value_enum, required = true)]
    fail_on: Vec<FailOn>,
    /// Fail when the total, or the lowest that it can still be, is below this (60)
    #[arg(long, value_name = "SCORE")]
    below: Option<String>,
    #[command(flatten)]
    on: On,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A high risk that is open
    HighRisk,
    /// A high risk that is open, or a candidate that nobody has decided
    Candidate,
    /// A unit that does not conform
    NotConform,
    /// A unit that conforms partly or not
    Partly,
    /// Something that nobody has assessed or ruled
    Unassessed,
}

#[derive(Serialize)]
struct Report {
    met: bool,
    failed: Vec<Row>,
    lowest_total: Option<String>,
}

#[derive(Serialize)]
struct Row {
    indicator: String,
    subject: String,
    why: String,
}

pub(crate) fn run(args: &GateArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let limit = match &args.below {
        Some(text) => Some(text.parse::<dengmi_core::Decimal>().map_err(|error| Failure::usage(format!("--below: {error}")))?),
        None => None,
    };
    let judged = judged(&args.case, &args.on, voice)?;
    let assessment = &judged.assessment;
    let mut failed = Vec::new();
    for determination in assessment.determinations() {
        for gate in &args.fail_on {
            if let Some(why) = fails(determination, *gate) {
                let (indicator, subject) = (determination.indicator.to_string(), determination.subject.to_string());
                failed.push(Row { indicator, subject, why });
            }
        }
    }
    let lowest = assessment.score.as_ref().ok().map(|score| score.total.low);
    let too_low = limit.is_some_and(|limit| lowest.is_none_or(|lowest| lowest.exact() < limit.exact()));
    let met = failed.is_empty() && !too_low;
    if args.json {
        let report = Report { met, failed, lowest_total: lowest.map(|total| total.to_string()) };
        out.bytes(&canonical::bytes(&report).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(if met { Exit::Done } else { Exit::GateNotMet });
    }
    for row in &failed {
        out.line(format!("{}  {}  {}", row.indicator, row.subject, row.why))?;
    }
    if met {
        voice.say("gate-met", &[]);
        return Ok(Exit::Done);
    }
    let count = failed.len().to_string();
    let mut failure = Failure { exit: Exit::GateNotMet, problem: voice.text("gate-not-met", &[("count", &count)]), hint: None };
    if let Some(row) = failed.first() {
        let case = args.case.display().to_string();
        failure = failure.hint(format!("dengmi why {case} {} {}", row.indicator, row.subject));
    }
    Err(failure)
}

fn fails(determination: &Determination, gate: FailOn) -> Option<String> {
    let outcome = determination.counted.outcome;
    let state = determination.risks.iter().max_by_key(|risk| risk.state);
    match gate {
        FailOn::HighRisk => state.filter(|risk| risk.state == RiskState::Open).map(|risk| format!("{} open", risk.item)),
        FailOn::Candidate => {
            state.filter(|risk| risk.state >= RiskState::Candidate).map(|risk| format!("{} {}", risk.item, crate::texts::word(&risk.state)))
        }
        FailOn::NotConform => (outcome == Judged::NotConform).then(|| "not-conform".into()),
        FailOn::Partly => matches!(outcome, Judged::NotConform | Judged::Partly).then(|| crate::texts::word(&outcome)),
        FailOn::Unassessed => matches!(outcome, Judged::Unassessed | Judged::NeedsRuling).then(|| crate::texts::word(&outcome)),
    }
}
