//! A case as this program writes and reads it: observations and events in an append-only store.

use crate::failure::{Failure, Outcome};
use crate::out::Voice;
use dengmi_casefile::{Appender, Case, CaseError, Entry, Unit, Verdict, verify};
use dengmi_core::{EntryNumber, Event, Fact, Observation, Sha256Digest, canonical};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// An observation, one canonical line.
const OBSERVATION: u16 = 1;
/// What the program did.
const EVENT: u16 = 2;

/// The first entry of a case.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) schema: u32,
    pub(crate) tool: String,
    pub(crate) created_at: String,
    /// The canonical name of what is assessed.
    pub(crate) system: String,
}

/// The bytes of a header.
pub(crate) fn header(header: &Header) -> Outcome<Vec<u8>> {
    canonical::bytes(header).map_err(Failure::not_finished)
}

/// Makes a case. A run that is killed while it is being made would leave a file that is none: it is made aside, and gets its name
/// when it is whole. Nothing is ever replaced.
pub(crate) fn begin(path: &Path, header: &[u8], voice: &Voice) -> Outcome<Appender> {
    let exists = |path: &Path| Failure::case(CaseError::Exists(path.into()), voice);
    let seal = dengmi_casefile::seal_path(path);
    if let Some(taken) = [path, &*seal].into_iter().find(|taken| taken.exists()) {
        return Err(exists(taken));
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.partial", std::process::id()));
    let aside = PathBuf::from(aside);
    let made = Case::create(&aside, header).map_err(|error| Failure::case(error, voice))?;
    // Closed: everything is in the one file.
    drop(made);
    let named = match fs::hard_link(&aside, path) {
        // Not every disk has links.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !path.exists() => fs::rename(&aside, path),
        linked => linked,
    };
    let _ = fs::remove_file(&aside);
    match named {
        Ok(()) => Case::open(path).map_err(|error| Failure::case(error, voice)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(Failure::file(path, &error, voice)),
    }
}

/// Appends an observation to a unit of work.
pub(crate) async fn observe_in(unit: &mut Unit, observation: &Observation) -> Outcome<()> {
    let body = observation.line().map_err(Failure::not_finished)?;
    Ok(unit.append(entry(observation, &body)).await?)
}

fn entry<'a>(observation: &'a Observation, body: &'a [u8]) -> Entry<'a> {
    let fact = match &observation.fact {
        Fact::Described(_) => 1,
        Fact::HandedIn(_) => 2,
        Fact::Statement(_) => 3,
        Fact::Coverage(_) => 4,
        Fact::Accepts(_) => 5,
        Fact::Certificate(_) => 6,
        Fact::KeyProof(_) => 7,
        Fact::Session(..) => 8,
        Fact::Foreign(..) => 9,
        Fact::SshAccepts(_) => 10,
        Fact::IkeAccepts(_) => 11,
        Fact::Features(_) => 12,
        Fact::Upgraded(_) => 13,
        Fact::QuicAccepts(_) => 14,
        Fact::WirelessNetwork(_) => 15,
        Fact::WebPage(_) => 16,
        Fact::RandomTests(_) => 17,
    };
    Entry { kind: OBSERVATION, subject: Some(observation.observed.as_str()), fact: Some(fact), body }
}

/// Appends what the program did.
pub(crate) async fn event(case: &Appender, event: &Event) -> Outcome<()> {
    let body = event.bytes().map_err(Failure::not_finished)?;
    case.append(Entry { kind: EVENT, subject: None, fact: None, body: &body }).await?;
    Ok(())
}

/// A case that was opened for reading: sealed and verified, or not sealed yet.
pub(crate) struct Opened {
    pub(crate) case: Case,
    pub(crate) sealed: bool,
    /// The law's digest that the seal names.
    pub(crate) law: Option<String>,
}

/// Opens a case for judging. A sealed one is verified first: nothing is concluded from evidence that changed.
pub(crate) fn open(path: &Path, voice: &Voice) -> Outcome<Opened> {
    if !dengmi_casefile::seal_path(path).exists() {
        let case =
            readable(path, voice).and_then(|()| Case::open(path).map_err(|error| Failure::case(error, voice)))?;
        return Ok(Opened { case: (*case).clone(), sealed: false, law: None });
    }
    match verified(path, voice)? {
        Verdict::Verified(verified) => {
            let law = Some(verified.seal().sealed.law.clone());
            Ok(Opened { case: verified.case().clone(), sealed: true, law })
        }
        Verdict::Broken(broken) => Err(broken_seal(path, &broken, voice)),
    }
}

/// Checks a sealed case.
pub(crate) fn verified(path: &Path, voice: &Voice) -> Outcome<Verdict> {
    readable(path, voice)?;
    verify(path).map_err(|error| Failure::case(error, voice))
}

/// SQLite has no words for a folder, or for a file that may not be read.
fn readable(path: &Path, voice: &Voice) -> Outcome<()> {
    let found = File::open(path).and_then(|file| file.metadata());
    match found {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(Failure::case(CaseError::NotACase(path.into()), voice)),
        Err(error) => Err(Failure::file(path, &error, voice).hint(voice.text("hint-case", &[]))),
    }
}

/// The seal of a case does not hold.
pub(crate) fn broken_seal(path: &Path, broken: &dengmi_casefile::Broken, voice: &Voice) -> Failure {
    if broken.is_only_unsealed() {
        let problem = voice.text("not-sealed", &[("file", &path.display().to_string())]);
        let hint = Some(voice.text("hint-not-sealed", &[]));
        return Failure { exit: crate::failure::Exit::SealBroken, problem, hint };
    }
    let mut lines = vec![voice.text("seal-broken", &[("case", &path.display().to_string())])];
    lines.extend(broken.damage.iter().map(|damage| format!("  {damage}")));
    Failure { exit: crate::failure::Exit::SealBroken, problem: lines.join("\n"), hint: None }
}

/// Everything that was observed, in the order of entries.
pub(crate) fn observations(case: &Case) -> Outcome<Vec<(EntryNumber, Observation)>> {
    let mut all = Vec::new();
    for recorded in case.of_kind(OBSERVATION, None) {
        let recorded = recorded?;
        let observation = Observation::read(&recorded.body)
            .map_err(|error| Failure::not_finished(format!("entry {}: {error}", recorded.number)))?;
        all.push((recorded.number, observation));
    }
    Ok(all)
}

/// One observation.
pub(crate) fn observation(case: &Case, number: EntryNumber) -> Option<Observation> {
    let recorded = case.entry(number).ok().flatten().filter(|recorded| recorded.kind == OBSERVATION)?;
    Observation::read(&recorded.body).ok()
}

/// The bytes of an artifact.
pub(crate) fn artifact(case: &Case, name: Sha256Digest) -> Outcome<Vec<u8>> {
    let artifact =
        case.artifact(name)?.ok_or_else(|| Failure::not_finished(format!("the case has no artifact {name}")))?;
    Ok(case.artifact_bytes(&artifact, 0..artifact.size)?)
}
