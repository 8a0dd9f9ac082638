//! The law's pack as it was when the program was built. Read only by commands that judge.

use crate::failure::{Failure, Outcome};
use dengmi_core::Sm3Digest;
use dengmi_crypto::Hash;
use dengmi_judge::law::{Law, Pack};
use include_dir::{Dir, include_dir};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../law/assessment");
/// The pack's own cases.
pub(crate) static CASES: &str = include_str!("../../../cases/judging.toml");

/// The pack of this program.
pub(crate) fn pack() -> Pack {
    let mut pack = Pack::default();
    add(&FILES, &mut pack);
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

/// The law, with the digest that reports print: SM3 over each file's path and bytes with their lengths, in the order of paths.
pub(crate) fn load() -> Outcome<(Law, Sm3Digest)> {
    let pack = pack();
    let law = Law::load(&pack).map_err(|defects| {
        let list: Vec<String> = defects.iter().map(ToString::to_string).collect();
        Failure::not_finished(format!("the law's pack is damaged:\n{}", list.join("\n")))
    })?;
    let mut hasher = Hash::Sm3.hasher();
    for (path, bytes) in pack.files() {
        for part in [path.as_bytes(), bytes] {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    let digest = hasher.finish();
    let digest = (*digest).try_into().map_err(|_| Failure::not_finished("SM3 gave no 32 bytes"))?;
    Ok((law, Sm3Digest(digest)))
}
