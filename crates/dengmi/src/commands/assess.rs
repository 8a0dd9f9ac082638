//! `dengmi assess SYSTEM.toml -o DIR`: the whole road.

use super::collect::{CollectArgs, collect};
use super::judge::{Judged, figures, judged, worst};
use super::report::write;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, now, writable};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// The case's name in the folder.
const CASE: &str = "assessment.case";

#[derive(Args)]
pub(crate) struct AssessArgs {
    /// The description
    system: PathBuf,
    /// The folder for case and report
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Replace a report that is there; a case is never replaced
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    on: On,
    /// The judgement as one JSON document on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &AssessArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let judged = road(&args.system, &args.out, args.force, &args.on, voice)?;
    if args.json {
        out.bytes(&dengmi_core::canonical::bytes(&judged.assessment).map_err(Failure::not_finished)?)?;
        out.line("")?;
    } else {
        outcome(&judged, &args.out, voice, out)?;
    }
    Ok(Exit::Done)
}

/// The result on a terminal: figures, the worst problems, what to look at next.
pub(crate) fn outcome(judged: &Judged, folder: &Path, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let about = &judged.system.system;
    out.line(format!("{} · {}", about.name, about.operator))?;
    figures(judged, voice, out)?;
    worst(judged, &folder.join(CASE), voice, out)?;
    out.line(voice.text("see-report", &[("file", &folder.join("report.html").display().to_string())]))?;
    Ok(())
}

/// Collect, judge, report into a folder.
pub(crate) fn road(system: &Path, folder: &Path, force: bool, on: &On, voice: &Voice) -> Outcome<Judged> {
    // What is in the way is found before anything is touched.
    for name in ["report.html", "report.json"] {
        writable(&folder.join(name), force, voice)?;
    }
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error, voice))?;
    let case = folder.join(CASE);
    let args = CollectArgs {
        system: system.into(),
        case: case.clone(),
        resume: false,
        no_seal: false,
        on: On { on: on.on.clone() },
    };
    collect(&args, voice)?;
    let judged = judged(&case, on, voice)?;
    write(&judged, folder, force, now(), voice)?;
    Ok(judged)
}
