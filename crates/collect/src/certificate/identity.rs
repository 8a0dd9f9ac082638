//! Certificates and private keys of a client, from one file.

use dengmi_crypto::PrivateKey;
use dengmi_parse::{Limits, certificate::read_pem};
use dengmi_protocol::handshake::{Identity, public_key};
use std::path::Path;

/// Why a file gives no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// No certificate in it.
    #[error("no certificate in PEM")]
    NoCertificate,
    /// No private key in it.
    #[error("no private key in PEM, PKCS #8, without a passphrase")]
    NoKey,
    /// A private key that cannot be used.
    #[error("private key {number}: {problem}")]
    Key {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        problem: dengmi_crypto::CryptoError,
    },
    /// More keys than a pair has.
    #[error("more than two private keys")]
    TooMany,
    /// A private key that does not belong to its certificate.
    #[error("private key {0} does not belong to certificate {0}")]
    Mismatch(usize),
}

/// Reads certificates and one private key, or two for the pair of TLCP: signing first, then encryption, the certificates in
/// the same order and their authorities behind them.
///
/// # Errors
/// [`IdentityError`].
pub fn identity(path: &Path) -> Result<Identity, IdentityError> {
    let bytes = std::fs::read(path)?;
    read(&bytes)
}

fn read(bytes: &[u8]) -> Result<Identity, IdentityError> {
    let blocks = read_pem(bytes, &Limits::default()).map(|read| read.value).unwrap_or_default();
    let mut certificates = Vec::new();
    let mut keys = Vec::new();
    for block in blocks {
        if block.label.ends_with("CERTIFICATE") {
            certificates.push(block.bytes);
        } else if &*block.label == "PRIVATE KEY" {
            let number = keys.len().saturating_add(1);
            keys.push(PrivateKey::from_pkcs8(&block.bytes).map_err(|problem| IdentityError::Key { number, problem })?);
        }
    }
    if certificates.is_empty() {
        return Err(IdentityError::NoCertificate);
    }
    for (at, key) in keys.iter().enumerate() {
        let certified = certificates.get(at).and_then(|der| public_key(der).ok());
        if certified.is_none_or(|certified| certified != key.public_key()) {
            return Err(IdentityError::Mismatch(at.saturating_add(1)));
        }
    }
    let mut keys = keys.into_iter();
    let signing = keys.next().ok_or(IdentityError::NoKey)?;
    let encryption = keys.next();
    match keys.next() {
        Some(_) => Err(IdentityError::TooMany),
        None => Ok(Identity { certificates, signing, encryption }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> String {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/certificates/");
        std::fs::read_to_string(format!("{folder}{name}")).unwrap()
    }

    fn check(names: &[&str], expected: Result<(usize, bool), &str>) {
        let text: String = names.iter().map(|name| file(name)).collect();
        match (read(text.as_bytes()), expected) {
            (Ok(identity), Ok((certificates, pair))) => {
                assert_eq!((identity.certificates.len(), identity.encryption.is_some()), (certificates, pair));
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{names:?}: {error}"),
            (found, _) => panic!("{names:?}: {:?}", found.err()),
        }
    }

    #[test]
    fn a_pair_is_told_by_its_two_keys_and_every_key_by_its_certificate() {
        let pair = ["sm2/client-sign.crt", "sm2/client-enc.crt", "sm2/client-sign.key", "sm2/client-enc.key"];
        check(&pair, Ok((2, true)));
        check(&["rsa/rsa2048.key", "rsa/rsa2048.crt", "rsa/root-ca.crt"], Ok((2, false)));
        check(&["sm2/client-enc.crt", "sm2/client-sign.crt", pair[2], pair[3]], Err("key 1 does not belong"));
        check(&["sm2/client-sign.crt", pair[2], pair[3]], Err("key 2 does not belong"));
        check(&["sm2/client-sign.crt"], Err("no private key"));
        check(&["sm2/client-sign.key"], Err("no certificate"));
    }
}
