//! The keys that sign packs: Ed25519 and SM2. A key is named by the SM3 of its SubjectPublicKeyInfo.

use super::sm3;
use dengmi_core::Sm3Digest;
use dengmi_crypto::signature::verify;
use dengmi_crypto::sm2::DEFAULT_IDENTIFIER;
use dengmi_crypto::{CryptoError, Curve, PrivateKey, PublicKey, SignatureScheme};
use dengmi_parse::certificate::{PemBlock, read_pem};
use dengmi_parse::{Limits, read_certificate};
use serde::{Deserialize, Serialize};

/// What stands before the 32 bytes of a key in its SubjectPublicKeyInfo (RFC 8410 section 4). DER has one form for it.
const ED25519: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The same before `04 x y` (RFC 5480 section 2, with the curve of GM/T 0006).
const SM2: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf,
    0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00,
];

/// How a pack is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Algorithm {
    /// RFC 8032, 64 bytes.
    Ed25519,
    /// GB/T 32918.2 with SM3 and the identifier 1234567812345678, in DER.
    Sm2,
}

impl Algorithm {
    fn scheme(self) -> SignatureScheme<'static> {
        match self {
            Algorithm::Ed25519 => SignatureScheme::Ed25519,
            Algorithm::Sm2 => SignatureScheme::Sm2 { identifier: DEFAULT_IDENTIFIER },
        }
    }
}

/// A public key of one of the two kinds.
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    pub(crate) fingerprint: Sm3Digest,
    public: PublicKey,
    info: Vec<u8>,
}

/// Why a file gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAKey {
    /// It holds the private half.
    Private,
    /// Neither a key nor a certificate, or a key of another kind.
    Other,
}

impl NotAKey {
    /// The sentence for it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            NotAKey::Private => "key-is-private",
            NotAKey::Other => "key-is-none",
        }
    }
}

impl Key {
    fn of(public: PublicKey) -> Result<Key, NotAKey> {
        let (algorithm, info) = match &public {
            PublicKey::Ed25519(bytes) if bytes.len() == 32 => (Algorithm::Ed25519, [ED25519, bytes].concat()),
            PublicKey::EllipticCurve { curve: Curve::Sm2, point } if point.len() == 65 && public.sm2().is_ok() => {
                (Algorithm::Sm2, [SM2, point].concat())
            }
            _ => return Err(NotAKey::Other),
        };
        let fingerprint = sm3(&info).map_err(|_| NotAKey::Other)?;
        Ok(Key { algorithm, fingerprint, public, info })
    }

    fn from_info(info: &[u8]) -> Result<Key, NotAKey> {
        if let Some(bytes) = info.strip_prefix(ED25519) {
            return Key::of(PublicKey::Ed25519(bytes.into()));
        }
        let point = info.strip_prefix(SM2).ok_or(NotAKey::Other)?.into();
        Key::of(PublicKey::EllipticCurve { curve: Curve::Sm2, point })
    }

    /// From PEM or DER: a SubjectPublicKeyInfo, or a certificate, of which only the key counts.
    pub(crate) fn read(file: &[u8]) -> Result<Key, NotAKey> {
        let blocks = pem(file);
        if blocks.iter().any(|block| block.label.ends_with("PRIVATE KEY")) {
            return Err(NotAKey::Private);
        }
        let der = blocks.first().map_or(file, |block| &block.bytes);
        Key::from_info(der).or_else(|_| {
            let read = read_certificate(der, &Limits::default()).map_err(|_| NotAKey::Other)?;
            Key::from_info(read.value.key.raw)
        })
    }

    /// The SubjectPublicKeyInfo in PEM.
    pub(crate) fn pem(&self) -> Result<String, pem_rfc7468::Error> {
        pem_rfc7468::encode_string("PUBLIC KEY", pem_rfc7468::LineEnding::LF, &self.info)
    }

    /// Whether this key made `signature` over `message`.
    pub(crate) fn made(&self, algorithm: Algorithm, signature: &[u8], message: &[u8]) -> bool {
        verify(&self.public, algorithm.scheme(), message, signature).is_ok()
    }
}

/// A private key of one of the two kinds.
pub(crate) struct SigningKey {
    pub(crate) public: Key,
    private: PrivateKey,
}

impl SigningKey {
    /// From unencrypted PKCS#8 in PEM.
    pub(crate) fn read(file: &[u8]) -> Option<SigningKey> {
        let block = pem(file).into_iter().find(|block| block.label == "PRIVATE KEY")?;
        let private = PrivateKey::from_pkcs8(&block.bytes).ok()?;
        Some(SigningKey { public: Key::of(private.public_key()).ok()?, private })
    }

    /// Signs; SM2 draws from the operating system.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        // Asked first, because a source that cannot fail is what the room `crypto` takes.
        getrandom::fill(&mut [0]).map_err(|_| CryptoError::Randomness)?;
        let mut source = dengmi_crypto::rand_core::UnwrapErr(getrandom::SysRng);
        self.private.sign(self.public.algorithm.scheme(), message, &mut source)
    }
}

fn pem(file: &[u8]) -> Vec<PemBlock> {
    read_pem(file, &Limits::default()).map(|reading| reading.value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

    use super::*;
    use std::fs;

    fn file(name: &str) -> Vec<u8> {
        fs::read(format!("{}/../../vectors/certificates/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// Fingerprints as `openssl pkey -in KEY -pubout -outform DER | openssl dgst -sm3` prints them.
    #[test]
    fn a_key_has_one_name_in_whichever_file_it_stands() {
        for (certificate, private, algorithm, fingerprint) in [
            (
                "ec/ed25519.crt",
                "ec/ed25519.key",
                Algorithm::Ed25519,
                "2388be4a1b9ebfe89156920d206b5d12c09a821e6d4e16b598274daff8f9a5b8",
            ),
            (
                "sm2/single.crt",
                "sm2/single.key",
                Algorithm::Sm2,
                "ddd2ffb3b77471287c3d435ab1019819ffec996f2c6b52fc196f4be22449af5b",
            ),
        ] {
            let signing = SigningKey::read(&file(private)).unwrap();
            let pem = signing.public.pem().unwrap();
            for key in [
                Key::read(&file(certificate)).unwrap(),
                Key::read(pem.as_bytes()).unwrap(),
                Key::read(&signing.public.info).unwrap(),
                signing.public,
            ] {
                assert_eq!((key.algorithm, key.fingerprint.to_string()), (algorithm, format!("sm3:{fingerprint}")));
            }
        }
    }

    #[test]
    fn what_is_no_key_of_the_two_kinds_is_refused() {
        let off_the_curve = [SM2, &[4], &[1; 64]].concat();
        let longer = [ED25519, &[7; 33]].concat();
        for (bytes, expected) in [
            (file("ec/ed25519.key"), NotAKey::Private),
            ([file("ec/ed25519.crt"), file("ec/ed25519.key")].concat(), NotAKey::Private),
            (file("rsa/rsa2048.crt"), NotAKey::Other),
            (file("ec/p256.crt"), NotAKey::Other),
            (off_the_curve, NotAKey::Other),
            (longer, NotAKey::Other),
            (b"-----BEGIN PUBLIC KEY-----\nMCow".to_vec(), NotAKey::Other),
            (Vec::new(), NotAKey::Other),
        ] {
            assert_eq!(Key::read(&bytes).err(), Some(expected), "{}", String::from_utf8_lossy(&bytes));
        }
        for name in ["rsa/rsa2048.key", "ec/p256.key", "ec/ed25519.crt"] {
            assert!(SigningKey::read(&file(name)).is_none(), "{name}");
        }
    }
}
