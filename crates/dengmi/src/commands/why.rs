//! `dengmi why CASE INDICATOR [SUBJECT]`: the chain behind a verdict.

use super::judge::judged;
use super::report::{case_head, input};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::report::why_text;
use crate::{On, now};
use clap::Args;
use dengmi_core::canonical;
use dengmi_judge::assess::Determination;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct WhyArgs {
    /// The case
    case: PathBuf,
    /// The indicator, such as NET-ID
    indicator: String,
    /// One of its subjects
    subject: Option<String>,
    #[command(flatten)]
    on: On,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &WhyArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let judged = judged(&args.case, &args.on, voice)?;
    let indicator = args.indicator.to_uppercase();
    let law_digest = judged.law_digest.to_string();
    let input = input(&judged, &law_digest, case_head(&judged)?, now(), voice);
    let text = why_text(&input, &indicator, args.subject.as_deref(), voice.lang);
    let text = text.map_err(|unknown| Failure::usage(voice.lang.of(&unknown)))?;
    if args.json {
        let wanted = |determination: &&Determination| {
            determination.indicator.as_str() == indicator
                && args.subject.as_ref().is_none_or(|subject| determination.subject.as_str() == subject)
        };
        let found: Vec<&Determination> = judged.assessment.determinations().filter(wanted).collect();
        out.bytes(&canonical::bytes(&found).map_err(Failure::not_finished)?)?;
        out.line("")?;
        return Ok(Exit::Done);
    }
    out.line(text)?;
    Ok(Exit::Done)
}
