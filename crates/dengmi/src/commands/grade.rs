//! `dengmi grade SYSTEM.toml`: from the impact answers to the level, and what that level brings. Nothing is inferred from a scan.

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, describe, law, now};
use clap::Args;
use dengmi_core::canonical;
use dengmi_core::system::System;
use dengmi_judge::grade::{Answers, Cited, Filed, Graded, Harm, SideLevel, grade};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct GradeArgs {
    /// The description
    system: PathBuf,
    #[command(flatten)]
    on: On,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

/// The answers as the description states them.
pub(crate) fn answers(system: &System) -> Answers {
    let harms = |list: &[dengmi_core::system::Harm]| {
        list.iter()
            .map(|harm| Harm { object: harm.object.get_ref().clone(), degree: harm.degree.get_ref().clone() })
            .collect()
    };
    Answers {
        business: harms(&system.grade.business_information),
        service: harms(&system.grade.system_service),
        filed: system.grade.filed,
        cryptography: system.grade.cryptography_level,
    }
}

pub(crate) fn run(args: &GradeArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let (law, _) = law::load()?;
    let on = args.on.day(now().date(), voice)?;
    let description = describe::open(&args.system, &law, on, voice)?;
    let graded = grade(&law, on, &answers(&description.system)).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|error| format!("{}: {error}", args.system.display())).collect();
        Failure::usage(lines.join("\n")).hint(voice.text("hint-grade", &[]))
    })?;
    if args.json {
        out.bytes(&canonical::bytes(&graded).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    print(&graded, voice, out)?;
    Ok(Exit::Done)
}

fn print(graded: &Graded, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let cited = |cited: &Cited| {
        let confidence = crate::texts::judge::of(&voice.texts.judge.confidence, &cited.confidence);
        format!("{}  [{}, {}]", voice.lang.of(&cited.text), cited.instrument, voice.lang.of(&confidence))
    };
    out.line(voice.text("grade-level", &[("level", &graded.level.to_string())]))?;
    if let Some(name) = &graded.name {
        out.line(format!("  {}", cited(name)))?;
    }
    if let Some(derived) = &graded.derived {
        let mut side = |key: &str, side: &SideLevel| -> Outcome<()> {
            out.line(voice.text(key, &[("level", &side.level.to_string())]))?;
            for reason in &side.reasons {
                let marker = if reason.decides { "→" } else { " " };
                out.line(format!(
                    "  {marker} {} × {} ⇒ {}  {}",
                    reason.harm.object,
                    reason.harm.degree,
                    reason.level,
                    cited(&reason.cell)
                ))?;
                for variant in &reason.variants {
                    out.line(format!("      {}: {}  {}", variant.document, variant.level, cited(&variant.cited)))?;
                }
            }
            Ok(())
        };
        side("grade-business", &derived.business)?;
        side("grade-service", &derived.service)?;
        let notation = derived.notation.clone().unwrap_or_default();
        out.line(voice.text("grade-derived", &[("level", &derived.level.to_string()), ("notation", &notation)]))?;
        out.line(format!("  {}", cited(&derived.rule)))?;
    }
    let filed = match graded.filed {
        Filed::NotFiled => "filed-not",
        Filed::NoAnswers => "filed-no-answers",
        Filed::Agrees => "filed-agrees",
        Filed::Below => "filed-below",
        Filed::Above => "filed-above",
    };
    out.line(voice.text(filed, &[]))?;
    out.line(voice.text("grade-cryptography", &[("level", &graded.cryptography.level.to_string())]))?;
    if let Some(rule) = &graded.cryptography.rule {
        out.line(format!("  {}", cited(rule)))?;
    }
    out.line(voice.text("grade-brings", &[]))?;
    for brings in &graded.brings {
        let open = if brings.settled { String::new() } else { format!("  ({})", voice.text("not-settled", &[])) };
        out.line(format!("  {}{open}", cited(&brings.cited)))?;
    }
    out.line(voice.text("grade-confirms", &[]))?;
    for step in &graded.confirms {
        out.line(format!("  {}. {}: {}", step.order, voice.lang.of(&step.who), cited(&step.cited)))?;
    }
    Ok(())
}
