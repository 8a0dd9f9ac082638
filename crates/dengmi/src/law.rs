//! The law's pack as it was when the program was built. Read only by commands that judge.

use crate::failure::{Failure, Outcome};
use dengmi_core::Sm3Digest;
use dengmi_crypto::Hash;
use dengmi_judge::law::{Law, LawDefect, Pack};
use dengmi_judge::register::Register;
use include_dir::{Dir, include_dir};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../law/assessment");
static REGISTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../law/register");
/// The pack's own cases.
pub(crate) static CASES: &str = include_str!("../../../cases/judging.toml");
/// The register's own cases.
pub(crate) static DUTY_CASES: &str = include_str!("../../../cases/duties.toml");

fn pack(folder: &Dir<'_>) -> Pack {
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
    let pack = pack(&FILES);
    let law = Law::load(&pack).map_err(|defects| damaged(&defects))?;
    Ok((law, digest(&pack)?))
}

/// The register of instruments and duties, with its digest.
pub(crate) fn register() -> Outcome<(Register, Sm3Digest)> {
    let pack = pack(&REGISTER);
    let register = Register::load(&pack).map_err(|defects| damaged(&defects))?;
    Ok((register, digest(&pack)?))
}

fn damaged(defects: &[LawDefect]) -> Failure {
    let list: Vec<String> = defects.iter().map(ToString::to_string).collect();
    Failure::not_finished(format!("the law's pack is damaged:\n{}", list.join("\n")))
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
    let digest = hasher.finish();
    let digest = (*digest).try_into().map_err(|_| Failure::not_finished("SM3 gave no 32 bytes"))?;
    Ok(Sm3Digest(digest))
}
