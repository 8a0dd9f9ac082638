//! `dengmi diff CASE CASE`: what was observed in one case only.

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::record;
use clap::Args;
use dengmi_casefile::diff;
use dengmi_core::canonical;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct DiffArgs {
    /// The earlier case
    first: PathBuf,
    /// The later case
    second: PathBuf,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    only_first: Vec<u64>,
    only_second: Vec<u64>,
}

pub(crate) fn run(args: &DiffArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let (first, second) = (record::open(&args.first, voice)?.case, record::open(&args.second, voice)?.case);
    let difference = diff(&first, &second)?;
    if args.json {
        let numbers = |list: &[dengmi_core::EntryNumber]| list.iter().map(|entry| entry.0).collect();
        let report =
            Report { only_first: numbers(&difference.only_first), only_second: numbers(&difference.only_second) };
        out.bytes(&canonical::bytes(&report).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    for (sign, case, list) in [("-", &first, &difference.only_first), ("+", &second, &difference.only_second)] {
        for entry in list {
            let said = record::observation(case, *entry).map_or_else(String::new, |observation| {
                format!(
                    "{} {} {}",
                    observation.fact.kind(),
                    observation.observed,
                    crate::texts::word(&observation.reach)
                )
            });
            out.line(format!("{sign} {entry} {said}"))?;
        }
    }
    if difference.only_first.is_empty() && difference.only_second.is_empty() {
        voice.say("no-difference", &[]);
    }
    Ok(Exit::Done)
}
