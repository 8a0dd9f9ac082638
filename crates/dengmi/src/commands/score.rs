//! `dengmi score`: the score of a case with its path, or the scorer alone on a table.

use super::judge::{figures, judged};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, law};
use clap::Args;
use dengmi_core::canonical;
use dengmi_judge::score::{Table, table};
use std::fs;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct ScoreArgs {
    /// The case
    #[arg(required_unless_present = "table", conflicts_with = "table")]
    case: Option<PathBuf>,
    /// A JSON table of objects with D, A, K, Ra, Rk, as assessors keep it in a spreadsheet
    #[arg(long, value_name = "FILE.json")]
    table: Option<PathBuf>,
    #[command(flatten)]
    on: On,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ScoreArgs, voice: &Voice, out: &mut Out) -> Outcome {
    if let Some(file) = &args.table {
        return score_table(file, args.json, voice, out);
    }
    let Some(case) = &args.case else { return Err(Failure::usage("CASE or --table FILE.json")) };
    let judged = judged(case, &args.on, voice)?;
    let score = judged.assessment.score.as_ref().map_err(Failure::usage)?;
    if args.json {
        out.bytes(&canonical::bytes(score).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    for (id, layer) in &score.layers {
        let parts: Vec<String> = layer.parts.iter().map(|part| format!("{} {} × {}", part.name, range(part.score), part.weight)).collect();
        out.line(format!("{id:<12} {:<15} = ({}) / Σ", layer.score.map_or("–".into(), range), parts.join(" + ")))?;
    }
    figures(&judged, voice, out)?;
    Ok(Exit::Done)
}

fn range(range: dengmi_judge::score::Range) -> String {
    range.settled().map_or_else(|| format!("{}–{}", range.low, range.high), |score| score.to_string())
}

fn score_table(file: &PathBuf, json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let name = file.display().to_string();
    let text = if name == "-" { std::io::read_to_string(std::io::stdin()) } else { fs::read_to_string(file) };
    let text = text.map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    let rows: Table = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{name}:{}:{}: {error}", error.line(), error.column())))?;
    let (law, _) = law::load()?;
    let answer = table(&law, &rows).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|error| format!("{name}: {error}")).collect();
        Failure::usage(lines.join("\n"))
    })?;
    for warning in &answer.warnings {
        voice.say("warning", &[("what", &warning.to_string())]);
    }
    if json {
        out.bytes(&canonical::bytes(&answer).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    for (id, score) in &answer.units {
        out.line(format!("{:<12} {score}", id.as_str()))?;
    }
    for (id, score) in &answer.layers {
        out.line(format!("{id:<12} {score}"))?;
    }
    out.line(voice.text("table-total", &[("total", &answer.total.to_string()), ("conclusion", &answer.conclusion)]))?;
    Ok(Exit::Done)
}
