//! Vectors of the standards and of OpenSSL through the public functions.

// Clippy's settings for tests reach `#[test]` functions only, not the functions beside them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod counter;
mod derivation;
mod modp;
mod signatures;
mod sm2;
mod sm3;
mod sm4;
mod wycheproof;

use std::collections::BTreeMap;
use std::path::Path;

use dengmi_crypto::rand_core::{TryCryptoRng, TryRng};

/// One `[[vector]]`: its fields by name.
pub(crate) struct Vector(BTreeMap<String, toml::Value>);

impl Vector {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.maybe(field).unwrap_or_else(|| panic!("{}: no field {field}", self.id()))
    }

    pub(crate) fn maybe(&self, field: &str) -> Option<&str> {
        self.0.get(field).and_then(toml::Value::as_str)
    }

    pub(crate) fn bytes(&self, field: &str) -> Vec<u8> {
        hex::decode(self.text(field)).unwrap_or_else(|_| panic!("{}: {field} is not hex", self.id()))
    }

    pub(crate) fn number(&self, field: &str) -> usize {
        let number = self.0.get(field).and_then(toml::Value::as_integer);
        number.unwrap_or_else(|| panic!("{}: no number {field}", self.id())).try_into().unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    pub(crate) fn op(&self) -> &str {
        self.text("op")
    }

    /// Does the vector say that the input must be taken? Only `accept` and `reject` are known.
    pub(crate) fn accepted(&self) -> bool {
        match self.maybe("expect") {
            None | Some("accept") => true,
            Some("reject") => false,
            Some(other) => panic!("{}: expect = {other}", self.id()),
        }
    }
}

/// The vectors of a file of the repository; an empty file proves nothing and fails.
pub(crate) fn vectors(name: &str) -> Vec<Vector> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/algorithms").join(name))
}

pub(crate) fn read(path: &Path) -> Vec<Vector> {
    #[derive(serde::Deserialize)]
    struct File {
        vector: Vec<BTreeMap<String, toml::Value>>,
    }
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(!file.vector.is_empty(), "{} holds no vector", path.display());
    file.vector.into_iter().map(Vector).collect()
}

/// A source that gives exactly the bytes it was made with, then fails the test.
pub(crate) struct Given(Vec<u8>);

impl Given {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Given {
        Given(bytes.into())
    }
}

impl TryRng for Given {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        assert!(self.0.len() >= out.len(), "more randomness drawn than given");
        out.copy_from_slice(&self.0[..out.len()]);
        self.0.drain(..out.len());
        Ok(())
    }
}

impl TryCryptoRng for Given {}

/// Bytes that look random and are the same in each run.
pub(crate) fn stream(name: &str) -> Given {
    Given::new(dengmi_crypto::sm2::kdf(&[name.as_bytes()], 4096))
}
