//! `dengmi collect SYSTEM.toml -c CASE`: everything that the description names, into a case. A run that was broken off is
//! completed by `--resume`: what is done is not done again.

mod captures;
mod randoms;

use super::{judge, listen, random};
use crate::describe::{self, Description};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::record::{self, Header};
use crate::{On, TOOL, law, now, wrong_value};
use captures::Captures;
use clap::Args;
use dengmi_casefile::{Appender, Case, seal, wait};
use dengmi_collect::certificate::trusted;
use dengmi_collect::desk::{Desk, Kept};
use dengmi_collect::probe::{self, Cancel, Options, Output, Target, probe};
use dengmi_core::system::Spot;
use dengmi_core::{Date, Event, Fact, date};
use dengmi_crypto::Hash;
use dengmi_protocol::certify::Certifier;
use futures_util::{StreamExt, stream};
use randoms::Sampled;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct CollectArgs {
    /// The description
    pub(crate) system: PathBuf,
    /// The case to make
    #[arg(short, long, value_name = "CASE")]
    pub(crate) case: PathBuf,
    /// Complete a case whose collecting was broken off
    #[arg(long)]
    pub(crate) resume: bool,
    /// Leave the case open: it can still take entries, and nobody can verify it
    #[arg(long)]
    pub(crate) no_seal: bool,
    #[command(flatten)]
    pub(crate) on: On,
}

pub(crate) fn run(args: &CollectArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let exit = collect(args, voice)?;
    out.line(args.case.display().to_string())?;
    Ok(exit)
}

/// Collects into the case, and seals it unless told otherwise. A run that was ended early leaves an open case.
pub(crate) fn collect(args: &CollectArgs, voice: &Voice) -> Outcome {
    let (law, law_digest) = law::load()?;
    let today = args.on.day(now().date(), voice)?;
    let description = describe::open(&args.system, &law, today, voice)?;
    let on = description.system.system.assessed_on.unwrap_or(today);
    // Everything that can be wrong with the user's files is found before a case is made: it could not be made again.
    judge::level(&description.system, &law, on, voice)?;
    let missing = documents(&description, voice)?;
    let certifier = certifier(&description, voice)?;
    let cancel = Cancel::default();
    listen(&cancel)?;
    let rules = random::built_in_rules()?;
    let files = Files {
        captures: captures::named(&description, &cancel, voice)?,
        sampled: randoms::named(&description, &rules, voice)?,
    };
    let case = open(args, &description, voice)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::not_finished(format!("no runtime for sockets: {error}")))?;
    let finished = runtime.block_on(fill(&case, &description, &files, on, certifier, &cancel, voice))?;
    drop(runtime);
    drop(case);
    for document in missing {
        voice.warn(&voice.text("document-missing", &[("file", &document)]));
    }
    if !finished {
        let (system, case) = (args.system.display().to_string(), args.case.display().to_string());
        let hint = format!("dengmi collect {system} -c {case} --resume");
        return Err(Failure::not_finished(voice.text("broken-off", &[])).hint(hint));
    }
    if !args.no_seal {
        seal(&args.case, &law_digest.to_string(), &[])?;
    }
    Ok(Exit::Done)
}

/// Documents that are named and not there. One that is there and cannot be taken is a fault of the file: whoever gets the case
/// gets the document, so a link must not lead out of the folder either.
fn documents(description: &Description, voice: &Voice) -> Outcome<Vec<String>> {
    let folder = description.real_folder(voice)?;
    let mut missing = Vec::new();
    for document in description.system.documents() {
        let name = &**document.get_ref();
        let path = description.folder().join(name);
        let place = format!("{}:{}", description.path.display(), description.system.line(document));
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !missing.iter().any(|known| known == name) {
                    missing.push(name.to_owned());
                }
            }
            Ok(real) if !real.starts_with(&folder) => {
                return Err(Failure::usage(format!("{place}: {}", voice.text("document-outside", &[("file", name)]))));
            }
            found => {
                let opened = found.and_then(File::open).and_then(|file| file.metadata());
                match opened {
                    Ok(opened) if opened.is_file() => {}
                    Ok(_) => {
                        return Err(Failure::usage(format!(
                            "{place}: {}",
                            voice.text("file-is-folder", &[("file", name)])
                        )));
                    }
                    Err(error) => {
                        let failure = Failure::file(Path::new(name), &error, voice);
                        return Err(Failure { problem: format!("{place}: {}", failure.problem), ..failure });
                    }
                }
            }
        }
    }
    Ok(missing)
}

fn certifier(description: &Description, voice: &Voice) -> Outcome<Certifier> {
    let roots = description.system.collect.roots.iter().map(|root| description.folder().join(&**root.get_ref()));
    let roots = trusted(&roots.collect::<Vec<_>>(), false)
        .map_err(|error| Failure::usage(error).hint(voice.text("hint-roots", &[])))?;
    Ok(Certifier::new(roots, Default::default(), Vec::new(), Default::default()))
}

fn open(args: &CollectArgs, description: &Description, voice: &Voice) -> Outcome<Appender> {
    let path = &args.case;
    if args.resume && path.exists() {
        let case = Case::open(path).map_err(|error| Failure::case(error, voice))?;
        let ours = Hash::Sha256.digest(description.text.as_bytes());
        let begun = record::observations(&case)?.into_iter().find_map(|(_, observation)| match observation.fact {
            Fact::Described(described) => Some(described.artifact),
            _ => None,
        });
        if begun.is_some_and(|begun| begun.0[..] != ours[..]) {
            let file = path.display().to_string();
            let problem = voice.text("resume-differs", &[("file", &file)]);
            return Err(Failure::usage(problem).hint(voice.text("hint-resume-differs", &[])));
        }
        return Ok(case);
    }
    let header = Header {
        schema: 1,
        tool: TOOL.into(),
        created_at: date::instant_text(now()),
        system: description.system.system.name.to_string(),
    };
    record::begin(path, &record::header(&header)?, voice)
}

/// What is read from files and devices, before any endpoint is visited.
struct Files<'a> {
    captures: Vec<Captures<'a>>,
    sampled: Vec<Sampled<'a>>,
}

/// `false`: ended early by the user; what is done is in the case.
async fn fill(
    case: &Appender,
    description: &Description,
    files: &Files<'_>,
    on: Date,
    mut certifier: Certifier,
    cancel: &Cancel,
    voice: &Voice,
) -> Outcome<bool> {
    let at = now();
    record::event(case, &Event::Phase { phase: "collect".into(), at, tool: TOOL.into() }).await?;
    desk(case, description, voice).await?;
    if !captures::read(case, description, &files.captures, &mut certifier, cancel, voice).await? {
        return Ok(false);
    }
    if !randoms::read(case, description.folder(), &files.sampled, cancel, voice).await? {
        return Ok(false);
    }

    let calls = calls(case, description, voice)?;
    // More descriptors than the default are a comfort, not a need.
    let _ = probe::raise_file_limit(4096);
    visit(case, calls, &Options::new(on, now, TOOL.into()), &mut certifier, cancel, voice).await
}

/// An endpoint to visit.
struct Call {
    /// As the description spells it, which joins what is observed to its channel.
    end: Box<str>,
    /// The unit of the case that it is.
    key: String,
    /// As artifacts name it.
    shown: String,
    target: Target,
}

/// An end that the description names.
struct End<'a> {
    /// As the description spells it.
    text: &'a str,
    target: Target,
    /// The name to ask it for.
    server_name: Option<&'a str>,
}

fn ends<'a>(description: &'a Description, voice: &Voice) -> Outcome<Vec<End<'a>>> {
    let read = |(end, server_name): (&'a Spot, Option<&'a str>)| {
        let text = &**end.get_ref();
        let target = text.parse().map_err(|_| {
            let place = format!("{}:{}", description.file_name(), description.system.line(end));
            wrong_value(&place, "expected-endpoint", text, voice)
        })?;
        Ok(End { text, target, server_name })
    };
    description.system.ends().map(read).collect()
}

/// Every endpoint that the description names and the case does not have yet, each once.
fn calls(case: &Appender, description: &Description, voice: &Voice) -> Outcome<Vec<Call>> {
    let (mut calls, mut keys) = (Vec::new(), HashSet::new());
    for End { text: end, target, server_name } in ends(description, voice)? {
        let key = format!("probe {end} {} {TOOL}", server_name.unwrap_or_default());
        if keys.insert(key.clone()) && !case.is_done(&key)? {
            let shown = target.to_string();
            let server_name = server_name.map(Arc::from).or(target.server_name.clone());
            calls.push(Call { end: end.into(), key, shown, target: Target { server_name, ..target } });
        }
    }
    Ok(calls)
}

/// What people state and hand in: one unit, named by the description's own digest.
async fn desk(case: &Appender, description: &Description, voice: &Voice) -> Outcome<()> {
    let bytes = description.text.as_bytes();
    let key = format!("desk {} {TOOL}", hex(&Hash::Sha256.digest(bytes)));
    let Some(mut unit) = case.begin(&key)? else { return Ok(()) };
    let file_name = description.file_name();
    let kept = case.artifact(bytes, &file_name).await?;
    let desk = Desk {
        system: &description.system,
        description: Kept { sha256: kept.sha256, size: kept.size },
        file_name: &file_name,
        at: now(),
        tool: TOOL.into(),
    };
    record::observe_in(&mut unit, &desk.described()).await?;
    let keep = |path: &Path| -> Outcome<Result<Kept, io::Error>> {
        // A document that is not there was asked for and not produced.
        if !path.exists() {
            return Ok(Err(io::Error::from(io::ErrorKind::NotFound)));
        }
        let media = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let kept =
            dengmi_casefile::wait(case.artifact_file(path, &media)).map_err(|error| Failure::case(error, voice))?;
        Ok(Ok(Kept { sha256: kept.sha256, size: kept.size }))
    };
    let documents = desk.documents(description.folder(), keep)?;
    for observation in documents.iter().chain(&desk.statements()) {
        record::observe_in(&mut unit, observation).await?;
    }
    Ok(unit.done().await?)
}

/// All endpoints in one run, each a unit of its own that is written when the endpoint is finished. `false`: ended early; what was
/// not finished is done again by a resumed run.
async fn visit(
    case: &Appender,
    calls: Vec<Call>,
    options: &Options,
    certifier: &mut Certifier,
    cancel: &Cancel,
    voice: &Voice,
) -> Outcome<bool> {
    let targets: Vec<(Target, Box<str>)> = calls.iter().map(|call| (call.target.clone(), call.end.clone())).collect();
    let targets = stream::iter(targets).map(|(target, end)| {
        voice.say("probing", &[("end", &end)]);
        target
    });
    let (mut open, mut told, mut failure) = (calls, Vec::new(), None);
    let mut tell = |output: Output| {
        let finished = match output {
            Output::Finished(finished) => finished,
            output => return told.push(output),
        };
        // The outputs of one endpoint come together, this one last.
        let outputs = std::mem::take(&mut told);
        let Some(at) = open.iter().position(|call| call.target == finished.target) else { return };
        let call = open.remove(at);
        if (finished.cut && cancel.is_cancelled()) || failure.is_some() {
            return;
        }
        if let Err(error) = wait(keep(case, &call, outputs, finished.unreachable.is_some(), voice)) {
            failure = Some(error);
            cancel.cancel();
        }
    };
    let summary = probe(targets, options, certifier, cancel, &mut tell).await;
    failure.map_or(Ok(!summary.cancelled), Err)
}

/// Writes what one endpoint gave.
async fn keep(case: &Appender, call: &Call, outputs: Vec<Output>, unreachable: bool, voice: &Voice) -> Outcome<()> {
    let Some(mut unit) = case.begin(&call.key)? else { return Ok(()) };
    // The name that was asked for is no part of what a thing is called.
    let named = call.target.to_string();
    let shown = |what: &str| match what.strip_prefix(&named) {
        Some(rest) => format!("{}{rest}", call.shown).into(),
        None => Box::from(what),
    };
    let (mut complete, mut connections, mut lost) = (false, 0, 0);
    for output in outputs {
        match output {
            Output::Artifact { what, bytes, .. } => {
                case.artifact(&*bytes, &shown(&what)).await?;
            }
            Output::Observation(mut observation) => {
                observation.observed = (&*call.end).into();
                if let Some(what) = observation.place.as_mut().and_then(|place| place.what.as_mut()) {
                    *what = shown(what);
                }
                if let Fact::Coverage(coverage) = &observation.fact {
                    (complete, connections, lost) = (coverage.complete, coverage.connections, coverage.lost);
                }
                record::observe_in(&mut unit, &observation).await?;
            }
            Output::Finished(_) => {}
        }
    }
    unit.done().await?;
    let key = match (unreachable, complete) {
        (true, _) => "probed-unreachable",
        (false, true) => "probed",
        (false, false) => "probed-partly",
    };
    let [connections, lost] = [connections, lost].map(|figure| figure.to_string());
    voice.say(key, &[("end", &call.end), ("connections", &connections), ("lost", &lost)]);
    Ok(())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
