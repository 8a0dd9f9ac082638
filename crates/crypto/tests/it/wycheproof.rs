//! Wycheproof's SM vectors are not in the repository: set `DENGMI_WYCHEPROOF` to the folder that holds them.

use std::io::Write;
use std::path::{Path, PathBuf};

use dengmi_crypto::Hash;
use dengmi_crypto::aead::AeadAlgorithm;

use crate::sm4::check_aead;
use crate::{Vector, read};

/// The folder that holds `wycheproof-*.toml`, in the form described in `vectors/algorithms/README.md`.
const FOLDER: &str = "DENGMI_WYCHEPROOF";

fn file(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(FOLDER) else {
        let complaint = format!("NOT RUN: {FOLDER} is not set; nothing is proved about {name}\n");
        // Written past the capture of `cargo test`, which hides what passing tests print.
        let _ = std::io::stderr().write_all(complaint.as_bytes());
        return None;
    };
    let path = Path::new(&folder).join(name);
    assert!(path.is_file(), "{FOLDER} is set but {} is missing", path.display());
    Some(path)
}

fn each(name: &str, check: impl Fn(&Vector)) {
    if let Some(path) = file(name) {
        read(&path).iter().for_each(check);
    }
}

#[test]
fn hmac_sm3() {
    each("wycheproof-hmac-sm3.toml", |vector| {
        let (key, message, tag) = (vector.bytes("key"), vector.bytes("msg"), vector.bytes("tag"));
        assert_eq!(tag.len() * 8, vector.number("tag_bits"), "{}", vector.id());
        assert_eq!(Hash::Sm3.hmac_matches(&key, &[&message], &tag), vector.accepted(), "{}", vector.id());
    });
}

#[test]
fn sm4_gcm() {
    each("wycheproof-sm4-gcm.toml", |vector| check_aead(vector, AeadAlgorithm::Sm4Gcm));
}

#[test]
fn sm4_ccm() {
    each("wycheproof-sm4-ccm.toml", |vector| check_aead(vector, AeadAlgorithm::Sm4Ccm));
}
