//! `dengmi verify CASE`: every byte against the seal, every link of the chain. Exit 4 when something differs.

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::record;
use clap::Args;
use dengmi_casefile::Verdict;
use dengmi_core::canonical;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// The case
    case: PathBuf,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    intact: bool,
    entries: Option<u64>,
    head: Option<String>,
    law: Option<String>,
    damage: Vec<String>,
    broken_entries: Vec<u64>,
}

pub(crate) fn run(args: &VerifyArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let verdict = record::verified(&args.case, voice)?;
    let report = match &verdict {
        Verdict::Verified(verified) => {
            let sealed = &verified.seal().sealed;
            Report {
                intact: true,
                entries: Some(sealed.entries),
                head: Some(sealed.head.to_string()),
                law: Some(sealed.law.clone()),
                damage: Vec::new(),
                broken_entries: Vec::new(),
            }
        }
        Verdict::Broken(broken) => Report {
            intact: false,
            entries: None,
            head: None,
            law: None,
            damage: broken.damage.iter().map(ToString::to_string).collect(),
            broken_entries: broken.entries().map(|entry| entry.0).collect(),
        },
    };
    if args.json {
        out.bytes(&canonical::bytes(&report).map_err(Failure::not_finished)?)?;
        out.line("")?;
    }
    match verdict {
        Verdict::Verified(_) => {
            if !args.json {
                let entries = report.entries.unwrap_or_default().to_string();
                let head = report.head.unwrap_or_default();
                out.line(voice.text("seal-holds", &[("entries", &entries), ("head", &head)]))?;
            }
            Ok(Exit::Done)
        }
        Verdict::Broken(broken) => Err(record::broken_seal(&args.case, &broken, voice)),
    }
}
