//! `dengmi collect SYSTEM.toml -c CASE`: everything that the description names, into a case. A run that was broken off is
//! completed by `--resume`: what is done is not done again.

use crate::describe::{self, Description};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::record::{self, Header};
use crate::{On, TOOL, law, now, writable};
use clap::Args;
use dengmi_casefile::{Appender, Case, CaseError, seal};
use dengmi_collect::certificate::trusted;
use dengmi_collect::desk::{Desk, Kept};
use dengmi_collect::probe::{self, Cancel, Options, Output, Target, probe};
use dengmi_core::{Date, Event, Observation, Place, date};
use dengmi_crypto::Hash;
use dengmi_protocol::certify::Certifier;
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
    let today = args.on.day(now().date())?;
    let description = describe::open(&args.system, &law, today, voice)?;
    let on = description.system.system.assessed_on.unwrap_or(today);
    let case = open(args, &description, voice)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::not_finished(format!("no runtime for sockets: {error}")))?;
    let cancel = Cancel::default();
    let finished = runtime.block_on(async {
        let interrupted = cancel.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupted.cancel();
            }
        });
        fill(&case, &description, on, &cancel, voice).await
    })?;
    drop(runtime);
    drop(case);
    if !finished {
        let (system, case) = (args.system.display().to_string(), args.case.display().to_string());
        return Err(Failure::not_finished(voice.text("broken-off", &[])).hint(format!("dengmi collect {system} -c {case} --resume")));
    }
    if !args.no_seal {
        seal(&args.case, &law_digest.to_string(), &[])?;
    }
    Ok(Exit::Done)
}

fn open(args: &CollectArgs, description: &Description, voice: &Voice) -> Outcome<Appender> {
    let path = &args.case;
    let exists = path.exists();
    match (exists, args.resume) {
        (true, false) => {
            let file = path.display().to_string();
            Err(Failure::usage(voice.text("exists", &[("file", &file)])).hint(voice.text("hint-resume", &[])))
        }
        (true, true) => match Case::open(path) {
            Err(CaseError::Sealed(_)) => Err(Failure::usage(voice.text("sealed-already", &[("case", &path.display().to_string())]))),
            opened => Ok(opened?),
        },
        (false, _) => {
            let path = writable(path, false, voice)?;
            let header = Header {
                schema: 1,
                tool: TOOL.into(),
                created_at: date::instant_text(now()),
                system: description.system.system.name.to_string(),
            };
            Ok(Case::create(&path, &record::header(&header)?)?)
        }
    }
}

/// `false`: ended early by the user; what is done is in the case.
async fn fill(case: &Appender, description: &Description, on: Date, cancel: &Cancel, voice: &Voice) -> Outcome<bool> {
    let at = now();
    record::event(case, &Event::Phase { phase: "collect".into(), at, tool: TOOL.into() }).await?;
    desk(case, description, voice).await?;

    let system = &description.system;
    let roots: Vec<PathBuf> = system.collect.roots.iter().map(|root| description.folder().join(&**root.get_ref())).collect();
    let roots = trusted(&roots).map_err(|error| Failure::usage(error).hint(voice.text("hint-roots", &[])))?;
    let mut certifier = Certifier::new(roots, Default::default(), Vec::new(), Default::default());
    // More descriptors than the default are a comfort, not a need.
    let _ = probe::raise_file_limit(4096);
    let channels = system.channel.iter().flat_map(|channel| channel.ends.iter().map(|end| (end, channel.server_name.as_deref())));
    let devices = system.device.iter().flat_map(|device| device.management_ends.iter().map(|end| (end, None)));
    let others = system.collect.endpoints.iter().map(|end| (end, None));
    for (end, server_name) in channels.chain(devices).chain(others) {
        if cancel.is_cancelled() {
            return Ok(false);
        }
        let end = &**end.get_ref();
        let target: Target = end.parse().map_err(|error| Failure::usage(format!("{end}: {error}")))?;
        let mut options = Options::new(on, now, TOOL.into());
        options.server_name = server_name.map(Arc::from);
        if !visit(case, end, target, &options, &mut certifier, cancel, voice).await? {
            return Ok(false);
        }
    }
    Ok(true)
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
        // A document that is not there was asked for and not produced; a folder is none.
        match std::fs::metadata(path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Ok(Err(io::Error::from(io::ErrorKind::NotFound))),
            Err(error) => return Ok(Err(error)),
        }
        let media = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let kept = dengmi_casefile::wait(case.artifact_file(path, &media))?;
        Ok(Ok(Kept { sha256: kept.sha256, size: kept.size }))
    };
    let documents = desk.documents(description.folder(), keep)?;
    let missing = documents.iter().filter(|document| !document.reach.supports_a_verdict() || document.reach == dengmi_core::Reach::Absent);
    for document in missing {
        voice.say("document-missing", &[("file", document.observed.as_str())]);
    }
    for observation in documents.iter().chain(&desk.statements()) {
        record::observe_in(&mut unit, observation).await?;
    }
    Ok(unit.done().await?)
}

/// One endpoint, one unit. `false`: ended early; the unit is void and done again by a resumed run.
async fn visit(
    case: &Appender,
    end: &str,
    target: Target,
    options: &Options,
    certifier: &mut Certifier,
    cancel: &Cancel,
    voice: &Voice,
) -> Outcome<bool> {
    let key = format!("probe {end} {} {TOOL}", options.server_name.as_deref().unwrap_or_default());
    let Some(mut unit) = case.begin(&key)? else { return Ok(true) };
    voice.say("probing", &[("end", end)]);
    let mut outputs = Vec::new();
    let summary = probe([target], options, certifier, cancel, &mut |output| outputs.push(output)).await;
    if summary.cancelled {
        unit.void()?;
        return Ok(false);
    }
    for output in outputs {
        match output {
            Output::Artifact { what, bytes, .. } => {
                case.artifact(&*bytes, &what).await?;
            }
            Output::Observation(mut observation) => {
                // The description's own spelling joins the observation to its channel.
                observation.observed = end.into();
                record::observe_in(&mut unit, &observation).await?;
            }
            Output::Finished(_) => {}
        }
    }
    unit.done().await?;
    voice.say("probed", &[("end", end), ("summary", &summary.to_string())]);
    Ok(true)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the bytes of an observation lie, for people.
pub(crate) fn place_text(observation: &Observation) -> String {
    let text = |place: &Place| format!("{} {} {}", place.what.as_deref().unwrap_or_default(), place.at, place.artifact);
    observation.place.as_deref().map(text).unwrap_or_default()
}
