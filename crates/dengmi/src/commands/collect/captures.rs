//! Recorded traffic into a case: each capture is kept, and each kind of session in it told once, of the end that it belongs to.

use super::{End, ends, hex};
use crate::TOOL;
use crate::commands::capture::{not_read, warnings};
use crate::describe::Description;
use crate::failure::{Failure, Outcome};
use crate::out::Voice;
use crate::record;
use dengmi_casefile::{Appender, wait};
use dengmi_collect::capture::{self, Alike, Cancel, Options, Source, capture};
use dengmi_collect::probe::Host;
use dengmi_core::system::Recorded;
use dengmi_core::{Fact, Observation, Session, Sha256Digest};
use dengmi_crypto::Hash;
use dengmi_protocol::certify::Certifier;
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// One entry of the description.
pub(super) struct Captures<'a> {
    recorded: &'a Recorded,
    files: Vec<PathBuf>,
}

/// The captures that a description names. All must be there, stay in its folder and be captures from their start: whoever records
/// traffic has it, so a file that is not there is a mistake in the description.
pub(super) fn named<'a>(description: &'a Description, cancel: &Cancel, voice: &Voice) -> Outcome<Vec<Captures<'a>>> {
    let folder = description.real_folder(voice)?;
    let mut all = Vec::new();
    for recorded in &description.system.collect.capture {
        let name = &**recorded.file.get_ref();
        let place = format!("{}:{}", description.path.display(), description.system.line(&recorded.file));
        let at = |failure: Failure| Failure { problem: format!("{place}: {}", failure.problem), ..failure };
        let path = description.folder().join(name);
        if !path.exists() {
            return Err(at(Failure::usage(voice.text("capture-missing", &[("file", name)]))));
        }
        let sources =
            capture::files(&[Source::Path(path.clone())]).map_err(|error| at(Failure::file(&path, &error, voice)))?;
        let mut files = Vec::new();
        for source in sources {
            let Source::Path(file) = &source else { continue };
            if !fs::canonicalize(file).is_ok_and(|real| real.starts_with(&folder)) {
                let file = file.display().to_string();
                return Err(at(Failure::usage(voice.text("document-outside", &[("file", &file)]))));
            }
            capture::recognise(&source, cancel).map_err(|error| at(not_read(&error, voice)))?;
            files.push(file.clone());
        }
        all.push(Captures { recorded, files });
    }
    Ok(all)
}

/// Reads all captures into the case. `false`: ended early.
pub(super) async fn read(
    case: &Appender,
    description: &Description,
    captures: &[Captures<'_>],
    certifier: &mut Certifier,
    cancel: &Cancel,
    voice: &Voice,
) -> Outcome<bool> {
    let ends = ends(description, voice)?;
    for captures in captures {
        if !one(case, description.folder(), captures, &ends, certifier, cancel, voice).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One entry of the description: a unit of work, since flows go on from one file of a folder to the next.
async fn one(
    case: &Appender,
    folder: &Path,
    captures: &Captures<'_>,
    ends: &[End<'_>],
    certifier: &mut Certifier,
    cancel: &Cancel,
    voice: &Voice,
) -> Outcome<bool> {
    let name = &**captures.recorded.file.get_ref();
    voice.say("capturing", &[("file", name)]);
    let mut kept: BTreeMap<PathBuf, (Sha256Digest, u64)> = BTreeMap::new();
    for file in &captures.files {
        if cancel.is_cancelled() {
            return Ok(false);
        }
        let media = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let artifact = wait(case.artifact_file(file, &media)).map_err(|error| Failure::case(error, voice))?;
        kept.insert(file.clone(), (artifact.sha256, artifact.size));
    }
    let seen = captures.recorded.seen.iter().map(|seen| format!("{} {}", seen.address.get_ref(), seen.end.get_ref()));
    let content: Vec<String> = kept.values().map(|(sha256, _)| sha256.to_string()).chain(seen).collect();
    let key = format!("capture {} {TOOL}", hex(&Hash::Sha256.digest(content.join("\n").as_bytes())));
    let Some(mut unit) = case.begin(&key)? else { return Ok(true) };

    let sources: Vec<Source> = kept.keys().cloned().map(Source::Path).collect();
    let digest = &mut |source: &Source| match source {
        Source::Path(path) => kept.get(path).map(|(sha256, _)| *sha256),
        Source::Stdin => None,
    };
    let options = Options { sessions: true, verify_all: false, key_log: None, follow: false, tool: TOOL.into() };
    let mut alike = Alike::default();
    let mut out = |mut observation: Observation| {
        if let Some(what) = observation.place.as_mut().and_then(|place| place.what.as_mut())
            && let Ok(inside) = Path::new(&**what).strip_prefix(folder)
        {
            *what = inside.display().to_string().into();
        }
        for observed in names(ends, captures.recorded, &observation) {
            alike.take(Observation { observed: observed.into(), ..observation.clone() });
        }
    };
    let summary =
        capture(&sources, &options, certifier, cancel, digest, &mut out).map_err(|error| not_read(&error, voice))?;
    if summary.cancelled {
        return Ok(false);
    }
    for (file, (_, size)) in &kept {
        if fs::metadata(file).map(|now| now.len()).ok() != Some(*size) {
            let problem = voice.text("capture-changed", &[("file", &file.display().to_string())]);
            return Err(Failure::not_finished(problem).hint(voice.text("hint-capture-changed", &[])));
        }
    }
    let (observations, left_out) = alike.end();
    for observation in &observations {
        record::observe_in(&mut unit, observation).await?;
    }
    unit.done().await?;
    warnings(&summary, voice);
    if left_out > 0 {
        voice.warn(&voice.text("capture-left-out", &[("file", name), ("count", &left_out.to_string())]));
    }
    Ok(true)
}

/// Under which names an observation belongs into the case: the ends that its server is, or its own address.
fn names<'o>(ends: &'o [End<'_>], recorded: &'o Recorded, observation: &'o Observation) -> Vec<&'o str> {
    let own = observation.observed.as_str();
    let Fact::Session(_, session) = &observation.fact else { return vec![own] };
    // Where there are no ports, as in WAPI, it is its own name.
    let Ok(server) = own.parse() else { return vec![own] };
    let translated = recorded
        .seen
        .iter()
        .filter(|seen| seen.address.get_ref().parse() == Ok(server))
        .map(|seen| &**seen.end.get_ref());
    let direct = ends.iter().filter(|end| end.is_server_of(session, server)).map(|end| end.text);
    let mut all: Vec<&str> = translated.chain(direct).collect();
    all.sort_unstable();
    all.dedup();
    if all.is_empty() { vec![own] } else { all }
}

impl End<'_> {
    /// By its address, or by the name that the client asked for at its port.
    fn is_server_of(&self, session: &Session, server: SocketAddr) -> bool {
        let datagrams = self.target.approach().is_over_datagrams();
        if self.target.port != server.port() || datagrams != (session.transport.as_deref() == Some("udp")) {
            return false;
        }
        let asked = |name: &str| session.sni.seen().is_some_and(|asked| asked.eq_ignore_ascii_case(name));
        match &self.target.host {
            Host::Address(address) => *address == server.ip(),
            Host::Name(name) => {
                asked(name) || self.target.server_name.as_deref().or(self.server_name).is_some_and(asked)
            }
        }
    }
}
