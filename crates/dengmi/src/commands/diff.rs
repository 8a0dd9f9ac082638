//! `dengmi diff CASE CASE`: what was observed in one case only.

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::record;
use clap::Args;
use dengmi_casefile::{Case, diff};
use dengmi_core::{EntryNumber, canonical};
use serde::Serialize;
use serde_json::{Map, Value};
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

/// An observation without what differs between any two runs: its instant, its tool, its place in an artifact.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    kind: String,
    observed: String,
    reach: String,
    value: String,
    rest: String,
}

pub(crate) fn run(args: &DiffArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let (first, second) = (record::open(&args.first, voice)?.case, record::open(&args.second, voice)?.case);
    let difference = diff(&first, &second)?;
    let (first, second) = (facts(&first, &difference.only_first)?, facts(&second, &difference.only_second)?);
    let (only_first, only_second) = (without(&first, &second), without(&second, &first));
    if args.json {
        let numbers = |list: &[(EntryNumber, Fact)]| list.iter().map(|(entry, _)| entry.0).collect();
        let report = Report { only_first: numbers(&only_first), only_second: numbers(&only_second) };
        out.bytes(&canonical::bytes(&report).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    for (sign, list) in [("-", &only_first), ("+", &only_second)] {
        for (entry, fact) in list {
            out.line(format!("{sign} {entry} {} {} {} {}", fact.kind, fact.observed, fact.reach, short(&fact.value)))?;
        }
    }
    if only_first.is_empty() && only_second.is_empty() {
        voice.say("no-difference", &[]);
    }
    Ok(Exit::Done)
}

/// The facts of entries, sorted by fact.
fn facts(case: &Case, entries: &[EntryNumber]) -> Outcome<Vec<(EntryNumber, Fact)>> {
    let mut all = Vec::new();
    for entry in entries {
        let Some(observation) = record::observation(case, *entry) else { continue };
        let line = observation.line().map_err(Failure::not_finished)?;
        let mut line: Map<String, Value> = serde_json::from_slice(&line).map_err(Failure::not_finished)?;
        for passing in ["at", "tool", "place", "schema"] {
            line.remove(passing);
        }
        let mut word =
            |key: &str| line.remove(key).and_then(|value| value.as_str().map(String::from)).unwrap_or_default();
        let (kind, observed, reach) = (word("kind"), word("observed"), word("reach"));
        let value = line.remove("value").unwrap_or_default().to_string();
        all.push((*entry, Fact { kind, observed, reach, value, rest: Value::Object(line).to_string() }));
    }
    all.sort_by(|(_, one), (_, two)| one.cmp(two));
    Ok(all)
}

/// What of one sorted list is not in the other, each as often as it is there more often, in the order of entries.
fn without(list: &[(EntryNumber, Fact)], other: &[(EntryNumber, Fact)]) -> Vec<(EntryNumber, Fact)> {
    let mut others = other.iter().map(|(_, fact)| fact).peekable();
    let mut left: Vec<(EntryNumber, Fact)> = Vec::new();
    for (entry, fact) in list {
        while others.next_if(|other| *other < fact).is_some() {}
        if others.next_if(|other| *other == fact).is_none() {
            left.push((*entry, fact.clone()));
        }
    }
    left.sort_by_key(|(entry, _)| *entry);
    left
}

fn short(text: &str) -> String {
    const SHOWN: usize = 400;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
