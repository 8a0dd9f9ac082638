//! `dengmi gate CASE --fail-on …`: exit 1 when the case does not meet it. A finding is no error; a gate turns it into one.

use super::judge::judged;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, wrong_value};
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
    #[arg(long, value_enum, required_unless_present = "below")]
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
    #[serde(skip)]
    said: String,
}

pub(crate) fn run(args: &GateArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let limit = match &args.below {
        Some(text) => Some(
            text.parse::<dengmi_core::Decimal>().map_err(|_| wrong_value("--below", "expected-score", text, voice))?,
        ),
        None => None,
    };
    let judged = judged(&args.case, &args.on, voice)?;
    let assessment = &judged.assessment;
    let mut failed = Vec::new();
    for determination in assessment.determinations() {
        for gate in &args.fail_on {
            if let Some((why, said)) = fails(determination, *gate, voice) {
                let (indicator, subject) = (determination.indicator.to_string(), determination.subject.to_string());
                failed.push(Row { indicator, subject, why, said });
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
        out.line(format!("{}  {}  {}", row.indicator, row.subject, row.said))?;
    }
    if met {
        voice.say("gate-met", &[]);
        return Ok(Exit::Done);
    }
    let case = args.case.display().to_string();
    let mut problems = Vec::new();
    if !failed.is_empty() {
        problems.push(voice.text("gate-not-met", &[("count", &failed.len().to_string())]));
    }
    if let (true, Some(limit)) = (too_low, limit) {
        problems.push(match lowest {
            Some(lowest) => voice.text("gate-below", &[("lowest", &lowest.to_string()), ("limit", &limit.to_string())]),
            None => voice.text("gate-no-total", &[]),
        });
    }
    let hint = match failed.first() {
        Some(row) => format!("dengmi why {case} {} {}", row.indicator, row.subject),
        None => format!("dengmi score {case}"),
    };
    Err(Failure { exit: Exit::GateNotMet, problem: problems.join("; "), hint: Some(hint) })
}

/// Why a determination fails a gate: in words of files, and as it is said to people.
fn fails(determination: &Determination, gate: FailOn, voice: &Voice) -> Option<(String, String)> {
    let outcome = determination.counted.outcome;
    let risk = |least: RiskState| {
        let worst = determination.risks.iter().filter(|risk| risk.state >= least).max_by_key(|risk| risk.state)?;
        let (word, said) = (crate::texts::word(&worst.state), voice.risk(worst.state));
        Some((format!("{} {word}", worst.item), format!("{} {said}", worst.item)))
    };
    let outcomes =
        |wanted: &[Judged]| wanted.contains(&outcome).then(|| (crate::texts::word(&outcome), voice.outcome(outcome)));
    match gate {
        FailOn::HighRisk => risk(RiskState::Open),
        FailOn::Candidate => risk(RiskState::Candidate),
        FailOn::NotConform => outcomes(&[Judged::NotConform]),
        FailOn::Partly => outcomes(&[Judged::NotConform, Judged::Partly]),
        FailOn::Unassessed => outcomes(&[Judged::Unassessed, Judged::NeedsRuling]),
    }
}
