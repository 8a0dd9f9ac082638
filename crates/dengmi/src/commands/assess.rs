//! `dengmi assess SYSTEM.toml -o DIR`: the whole road.

use super::collect::{CollectArgs, collect};
use super::judge::{Judged, figures, judged};
use super::report::write;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, now};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

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
        figures(&judged, voice, out)?;
    }
    Ok(Exit::Done)
}

/// Collect, judge, report into a folder.
pub(crate) fn road(system: &Path, folder: &Path, force: bool, on: &On, voice: &Voice) -> Outcome<Judged> {
    fs::create_dir_all(folder).map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))?;
    let case = folder.join("assessment.case");
    let args = CollectArgs { system: system.into(), case: case.clone(), resume: false, no_seal: false, on: On { on: on.on.clone() } };
    collect(&args, voice)?;
    let judged = judged(&case, on, voice)?;
    write(&judged, folder, force, now(), voice)?;
    Ok(judged)
}
