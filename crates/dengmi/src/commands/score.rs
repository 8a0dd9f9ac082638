//! `dengmi score`: the score of a case with its path, or the scorer alone on a table.

use super::judge::{figures, judged};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, law};
use clap::Args;
use dengmi_core::canonical;
use dengmi_judge::determine::Outcome as Judged;
use dengmi_judge::score::{Answer, Part, Score, Table, table};
use serde::Serialize;
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
    path(score, out)?;
    figures(&judged, voice, out)?;
    Ok(Exit::Done)
}

/// How each layer came about: the weighted mean of its units.
fn path(score: &Score, out: &mut Out) -> Outcome<()> {
    for (id, layer) in &score.layers {
        let part = |part: &Part| format!("{} {} × {}", part.name, range(part.score), part.weight);
        let parts: Vec<String> = layer.parts.iter().map(part).collect();
        let weights: Vec<String> = layer.parts.iter().map(|part| part.weight.to_string()).collect();
        let mean = layer.score.map_or("–".into(), range);
        out.line(format!("{id:<12} {mean:<15} = ({}) / ({})", parts.join(" + "), weights.join(" + ")))?;
    }
    Ok(())
}

/// The scores of a table, how each was made, and what a reader should look at.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    answer: &'a Answer,
    path: &'a Score,
    warnings: Vec<String>,
}

fn range(range: dengmi_judge::score::Range) -> String {
    range.settled().map_or_else(|| format!("{}–{}", range.low, range.high), |score| score.to_string())
}

fn score_table(file: &PathBuf, json: bool, voice: &Voice, out: &mut Out) -> Outcome {
    let name = file.display().to_string();
    let text = if name == "-" { std::io::read_to_string(std::io::stdin()) } else { fs::read_to_string(file) };
    let text = text.map_err(|error| Failure::file(file, &error, voice))?;
    let rows: Table = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{name}:{}:{}: {error}", error.line(), error.column())))?;
    let (law, _) = law::load()?;
    let answer = table(&law, &rows).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|error| format!("{name}: {error}")).collect();
        Failure::usage(lines.join("\n"))
    })?;
    if json {
        let warnings = answer.warnings.iter().map(ToString::to_string).collect();
        let document = Document { answer: &answer, path: &answer.path, warnings };
        out.bytes(&canonical::bytes(&document).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    for warning in &answer.warnings {
        voice.warn(&warning.to_string());
    }
    for (id, unit) in &answer.path.units {
        for object in &unit.objects {
            let own = object.own.map_or_else(|| voice.outcome(Judged::NotApplicable), range);
            let counted = object
                .counted
                .filter(|counted| object.own != Some(*counted))
                .map(|counted| format!(" → {}", range(counted)));
            out.line(format!("{id:<12} {own}{}  {}", counted.unwrap_or_default(), object.subject))?;
        }
    }
    for (id, score) in &answer.units {
        out.line(format!("{id:<12} {score}"))?;
    }
    path(&answer.path, out)?;
    let rules = law.scoring_edition(&rows.edition);
    let conclusion = rules.map_or("", |rules| voice.lang.of(answer.concluded.word(&rules.conclusion)));
    out.line(voice.text("table-total", &[("total", &answer.total.to_string()), ("conclusion", conclusion)]))?;
    Ok(Exit::Done)
}
