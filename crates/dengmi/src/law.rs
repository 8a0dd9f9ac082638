//! The law: the packs that the program was built with, and the register that a site installed in the place of the built-in one.
//! Read only by commands that need it.

pub(crate) mod home;
pub(crate) mod key;
pub(crate) mod pack;
pub(crate) mod signed;

use crate::failure::{Exit, Failure, Outcome};
use crate::out::Voice;
use dengmi_core::Sm3Digest;
use dengmi_crypto::Hash;
use dengmi_judge::law::{Law, LawDefect, Pack};
use dengmi_judge::register::Register;
use home::Home;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use signed::Signed;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../law/assessment");
static REGISTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../law/register");
/// The pack's own cases.
pub(crate) static CASES: &str = include_str!("../../../cases/judging.toml");
/// The register's own cases.
pub(crate) static DUTY_CASES: &str = include_str!("../../../cases/duties.toml");

fn built_in(folder: &Dir<'_>) -> Pack {
    let mut pack = Pack::default();
    add(folder, &mut pack);
    pack
}

fn add(folder: &Dir<'_>, pack: &mut Pack) {
    for file in folder.files() {
        pack.insert(&file.path().to_string_lossy().replace('\\', "/"), file.contents());
    }
    for folder in folder.dirs() {
        add(folder, pack);
    }
}

/// The law that assessments stand on, with the digest that reports print.
pub(crate) fn load() -> Outcome<(Law, Sm3Digest)> {
    let pack = built_in(&FILES);
    let law = Law::load(&pack).map_err(|defects| damaged(&defects))?;
    Ok((law, digest(&pack)?))
}

/// The register that the program was built with, and its digest.
pub(crate) fn register() -> Outcome<(Register, Sm3Digest)> {
    let pack = built_in(&REGISTER);
    let register = Register::load(&pack).map_err(|defects| damaged(&defects))?;
    Ok((register, digest(&pack)?))
}

/// The register in use and its digest: the installed one, whose signatures are checked each time, else the built-in one.
pub(crate) fn register_in_use(voice: &Voice) -> Outcome<(Register, Sm3Digest)> {
    let Some(home) = Home::find() else { return register() };
    let unusable = |failure: Failure| Failure {
        // Nobody named this file on the command line.
        exit: if failure.exit == Exit::Usage { Exit::NotFinished } else { failure.exit },
        problem: voice.text("register-unusable", &[("why", &failure.problem)]),
        hint: Some(voice.text("hint-register-unusable", &[])),
    };
    let Some(signed) = home.installed(voice).map_err(unusable)? else { return register() };
    let opened = open(&signed, &home, voice).map_err(unusable)?;
    let own = built_in_version()?;
    if is_later(&own, &opened.register.head.version) {
        let values = [("installed", &*opened.register.head.version), ("own", &*own)];
        voice.warn(&voice.text("register-older-than-own", &values));
    }
    Ok((opened.register, opened.digest))
}

/// A register whose signatures hold and whose data are clean.
pub(crate) struct Opened {
    pub(crate) register: Register,
    pub(crate) digest: Sm3Digest,
    /// The trusted keys that signed it.
    pub(crate) signers: Vec<Sm3Digest>,
}

/// Checks the signatures of a pack before anything of it is read, then the pack.
pub(crate) fn open(signed: &Signed, home: &Home, voice: &Voice) -> Outcome<Opened> {
    let signers = signed.signers(home, voice)?;
    let pack = pack::read(&signed.pack).map_err(|fault| Failure::usage(fault.said(voice)))?;
    let (register, digest) = checked(&pack, voice)?;
    Ok(Opened { register, digest, signers })
}

/// A pack from outside must be clean.
pub(crate) fn checked(pack: &Pack, voice: &Voice) -> Outcome<(Register, Sm3Digest)> {
    let register = Register::load(pack).map_err(|defects| {
        Failure::usage(voice.text("pack-defects", &[("count", &defects.len().to_string()), ("list", &list(&defects))]))
    })?;
    Ok((register, digest(pack)?))
}

/// Whether version `one` comes after `other`: part by part, numbers as numbers, so that 2026.11 comes after 2026.9.
pub(crate) fn is_later(one: &str, other: &str) -> bool {
    let parts = |version: &str| -> Vec<(Option<u64>, String)> {
        version.split('.').map(|part| (part.parse().ok(), part.to_owned())).collect()
    };
    parts(one) > parts(other)
}

/// The version of the register that the program was built with, without reading all of it.
fn built_in_version() -> Outcome<String> {
    #[derive(Deserialize)]
    struct Head {
        version: String,
    }
    let text = REGISTER.get_file("register.toml").and_then(|file| file.contents_utf8()).unwrap_or_default();
    let head: Head = toml::from_str(text).map_err(|error| Failure::not_finished(format!("register.toml: {error}")))?;
    Ok(head.version)
}

fn damaged(defects: &[LawDefect]) -> Failure {
    Failure::not_finished(format!("the law's pack is damaged:\n{}", list(defects)))
}

fn list(defects: &[LawDefect]) -> String {
    let lines: Vec<String> = defects.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// SM3 over each file's path and bytes with their lengths, in the order of paths.
fn digest(pack: &Pack) -> Outcome<Sm3Digest> {
    let mut hasher = Hash::Sm3.hasher();
    for (path, bytes) in pack.files() {
        for part in [path.as_bytes(), bytes] {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    as_name(&hasher.finish())
}

pub(crate) fn sm3(bytes: &[u8]) -> Outcome<Sm3Digest> {
    as_name(&Hash::Sm3.digest(bytes))
}

fn as_name(digest: &[u8]) -> Outcome<Sm3Digest> {
    let digest = digest.try_into().map_err(|_| Failure::not_finished("SM3 gave no 32 bytes"))?;
    Ok(Sm3Digest(digest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (one, other) in
            [("2026.11", "2026.9"), ("2027.1", "2026.12"), ("2026.11.1", "2026.11"), ("2026.11-b", "2026.11-a")]
        {
            assert!(is_later(one, other) && !is_later(other, one), "{one} {other}");
        }
        assert!(!is_later("2026.11", "2026.11"));
        assert_eq!(built_in_version().unwrap(), &*register().unwrap().0.head.version);
    }
}
