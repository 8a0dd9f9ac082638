//! A pack with the signatures beside it.

use super::home::Home;
use super::key::{Algorithm, SigningKey};
use super::pack::MOST_BYTES;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::Voice;
use dengmi_core::{Sm3Digest, canonical};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// What stands before the bytes of a pack when they are signed: a signature made for something else does not fit.
const DOMAIN: &[u8] = b"dengmi law pack 1\n";
const MOST_SIGNATURE_BYTES: usize = 64 << 10;
const MOST_SIGNATURES: usize = 16;

/// A line of `FILE.sig`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    algorithm: Algorithm,
    /// The fingerprint of the key in hexadecimal digits.
    key: String,
    /// Hexadecimal digits.
    signature: String,
}

/// Bytes of a pack and of the signatures beside it, unchecked.
pub(crate) struct Signed {
    pub(crate) pack: Vec<u8>,
    pub(crate) signatures: Vec<u8>,
}

/// Where the signatures of a pack lie: `FILE.sig`.
pub(crate) fn signature_path(pack: &Path) -> PathBuf {
    let mut name = pack.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// A fingerprint as it stands in files: hexadecimal digits.
pub(crate) fn digits(fingerprint: &Sm3Digest) -> String {
    hex::encode(fingerprint.0)
}

/// Reads a file that must not be larger than this.
pub(super) fn read_at_most(path: &Path, most: usize, voice: &Voice) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| Failure::file(path, &error, voice))?;
    if bytes.len() > most {
        let values = [("file", &*path.display().to_string()), ("most", &*(most >> 10).to_string())];
        return Err(Failure::usage(voice.text("file-too-large", &values)));
    }
    Ok(bytes)
}

impl Signed {
    /// Reads `FILE` and `FILE.sig`.
    pub(crate) fn read(path: &Path, voice: &Voice) -> Outcome<Signed> {
        let pack = read_at_most(path, MOST_BYTES, voice)?;
        let beside = signature_path(path);
        match beside.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(unsigned(&[], voice)),
            _ => Ok(Signed { pack, signatures: read_at_most(&beside, MOST_SIGNATURE_BYTES, voice)? }),
        }
    }

    /// Signs a pack with each key.
    pub(crate) fn sign(pack: Vec<u8>, keys: &[SigningKey]) -> Outcome<Signed> {
        let message = [DOMAIN, &pack].concat();
        let mut signatures = Vec::new();
        for key in keys {
            let line = Signature {
                algorithm: key.public.algorithm,
                key: digits(&key.public.fingerprint),
                signature: hex::encode(key.sign(&message).map_err(Failure::not_finished)?),
            };
            signatures.extend(canonical::bytes(&line).map_err(Failure::not_finished)?);
            signatures.push(b'\n');
        }
        Ok(Signed { pack, signatures })
    }

    /// The trusted keys that signed. One at least, and no signature of a trusted key may be wrong; those of other keys say nothing.
    pub(crate) fn signers(&self, home: &Home, voice: &Voice) -> Outcome<Vec<Sm3Digest>> {
        let broken = |key: &str, values: &[(&str, &str)]| Failure {
            exit: Exit::SealBroken,
            problem: voice.text(key, values),
            hint: Some(voice.text("hint-signature", &[])),
        };
        let unreadable = || broken("signature-unreadable", &[]);
        let text = std::str::from_utf8(&self.signatures).map_err(|_| unreadable())?;
        if text.lines().count() > MOST_SIGNATURES {
            return Err(unreadable());
        }
        let message = [DOMAIN, &self.pack].concat();
        let (mut trusted, mut others) = (Vec::new(), Vec::new());
        for line in text.lines() {
            let line: Signature = serde_json::from_str(line).map_err(|_| unreadable())?;
            let fingerprint: Sm3Digest = line.key.parse().map_err(|_| unreadable())?;
            let signature = hex::decode(&line.signature).map_err(|_| unreadable())?;
            match home.key(&fingerprint, voice)? {
                Some(key) if key.made(line.algorithm, &signature, &message) => trusted.push(fingerprint),
                Some(_) => return Err(broken("signature-wrong", &[("key", &digits(&fingerprint))])),
                None => others.push(fingerprint),
            }
        }
        if trusted.is_empty() { Err(unsigned(&others, voice)) } else { Ok(trusted) }
    }
}

/// No key signed it that is trusted here; perhaps others did.
fn unsigned(others: &[Sm3Digest], voice: &Voice) -> Failure {
    if others.is_empty() {
        return Failure::usage(voice.text("pack-unsigned", &[])).hint(voice.text("hint-unsigned", &[]));
    }
    let keys: Vec<String> = others.iter().map(digits).collect();
    Failure::usage(voice.text("pack-untrusted", &[("keys", &keys.join(", "))])).hint(voice.text("hint-untrusted", &[]))
}
