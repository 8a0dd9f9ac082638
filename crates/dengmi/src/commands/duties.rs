//! `dengmi duties SYSTEM.toml`: which duties the law puts on a system on a day, what changed, how they pull.

use crate::duties::{Ask, Memo, Source, document, memo};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, describe, law, now, wrong_value};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use dengmi_core::system::Jurisdiction;
use dengmi_core::{canonical, date};
use dengmi_judge::register::{Area, Pull, word_of};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct DutiesArgs {
    /// The description
    system: PathBuf,
    #[command(flatten)]
    on: On,
    /// What began, ended and changed between --on and this day
    #[arg(long, value_name = "DATE")]
    compare: Option<String>,
    /// Only these areas, such as storage-encryption; may be repeated
    #[arg(long, value_name = "AREA", value_parser = words(&Area::ALL))]
    area: Vec<Area>,
    /// Only duties that pull this way; may be repeated
    #[arg(long, value_name = "PULL", value_parser = words(&Pull::ALL))]
    pull: Vec<Pull>,
    /// The law of these places instead of those that the description names; may be repeated
    #[arg(long, value_name = "PLACE", value_parser = words(Jurisdiction::ALL))]
    pub(crate) jurisdiction: Vec<Jurisdiction>,
    /// A case of this system: its evidence tells which duties are shown
    #[arg(long)]
    case: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

/// Takes a word of a closed set.
pub(super) fn words<T: Copy + Serialize + Send + Sync + 'static>(
    all: &'static [T],
) -> impl TypedValueParser<Value = T> {
    let names: Vec<String> = all.iter().map(word_of).collect();
    PossibleValuesParser::new(names).try_map(move |word| {
        all.iter().copied().find(|value| word_of(value) == word).ok_or("a word that is not in the set")
    })
}

pub(crate) fn run(args: &DutiesArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let (law, _) = law::load()?;
    let source = Source::load(voice)?;
    let judged = match &args.case {
        Some(case) => Some(super::judge::judged(case, &args.on, voice)?),
        None => None,
    };
    let on = args.on.day(now().date(), voice)?;
    let compare = match &args.compare {
        Some(text) => Some(date::read_date(text).map_err(|_| wrong_value("--compare", "expected-day", text, voice))?),
        None => None,
    };
    let described = describe::open(&args.system, &law, now().date(), voice)?;
    let ask = Ask {
        on,
        compare,
        areas: args.area.clone(),
        pulls: args.pull.clone(),
        jurisdictions: args.jurisdiction.clone(),
    };
    let assessment = judged.as_ref().map(|judged| &judged.assessment);
    let found = Memo::new(&source, &law, &described.system, assessment, &ask);
    if args.json {
        let document = document(&found, &voice.texts, Some(voice.lang));
        out.bytes(&canonical::bytes(&document).map_err(Failure::not_finished)?)?;
        out.line("")?;
    } else {
        memo(&found, voice, out)?;
    }
    Ok(Exit::Done)
}
