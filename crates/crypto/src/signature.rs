//! Signatures of every kind over raw key material.

use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};

use crate::hash::{Hash, with_hash};
use crate::key::{Curve, PrivateKey, PublicKey, rsa_public_key};
use crate::{CryptoError, CryptoRng, sm2};

/// How a message is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureScheme<'a> {
    /// RSASSA-PKCS1-v1_5, RFC 8017 section 8.2.
    RsaPkcs1(Hash),
    /// RSA over MD5 | SHA-1 without a DigestInfo: TLS 1.0 and 1.1 (RFC 2246 section 7.4.3).
    RsaMd5Sha1,
    /// RSASSA-PSS, RFC 8017 section 8.1, MGF1 with the same hash.
    RsaPss {
        /// Hash of the message and of MGF1.
        hash: Hash,
        /// Bytes of salt; the length of the hash in TLS (RFC 8446 section 4.2.3).
        salt_length: usize,
    },
    /// ECDSA (FIPS 186-5), DER-encoded, on whichever NIST curve the key is.
    Ecdsa(Hash),
    /// Ed25519, RFC 8032.
    Ed25519,
    /// SM2 with SM3 (GB/T 32918.2), DER-encoded.
    Sm2 {
        /// The signer's distinguishing identifier, see [`sm2::DEFAULT_IDENTIFIER`] and [`sm2::TLS13_IDENTIFIER`].
        identifier: &'a [u8],
    },
}

/// What a check of a signature found instead of a valid one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Well formed, but not made by this key over this message.
    #[error("the signature does not verify")]
    Wrong,
    /// Key or signature are not of the form that the scheme asks for.
    #[error("the key or the signature is malformed")]
    Malformed,
    /// The scheme does not go with this kind of key, or curve, size or hash are not computed here: nothing is known.
    #[error("this kind of signature cannot be checked")]
    Unsupported,
}

/// Checks `signature` over `message` with `key`.
///
/// # Errors
/// [`VerifyError`]; only `Wrong` speaks against the signer.
pub fn verify(
    key: &PublicKey,
    scheme: SignatureScheme<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    match (key, scheme) {
        (PublicKey::Rsa { modulus, exponent }, scheme) => {
            let key = rsa_public_key(modulus, exponent).map_err(|error| match error {
                CryptoError::Unsupported => VerifyError::Unsupported,
                _ => VerifyError::Malformed,
            })?;
            verify_rsa(&key, scheme, message, signature)
        }
        (PublicKey::EllipticCurve { curve, point }, SignatureScheme::Ecdsa(hash)) => {
            verify_ecdsa(*curve, point, &hash.digest(message), signature)
        }
        (PublicKey::EllipticCurve { curve: Curve::Sm2, point }, SignatureScheme::Sm2 { identifier }) => {
            let key = sm2::PublicKey::from_point(point).map_err(|_| VerifyError::Malformed)?;
            key.verify(identifier, message, &sm2::Signature::from_der(signature)?)
        }
        (PublicKey::Ed25519(bytes), SignatureScheme::Ed25519) => {
            let bytes = bytes[..].try_into().map_err(|_| VerifyError::Malformed)?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| VerifyError::Malformed)?;
            let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| VerifyError::Malformed)?;
            // Strict: keys of small order, under which one signature fits many messages, are refused.
            key.verify_strict(message, &signature).map_err(|_| VerifyError::Wrong)
        }
        _ => Err(VerifyError::Unsupported),
    }
}

fn verify_rsa(
    key: &RsaPublicKey,
    scheme: SignatureScheme<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    if signature.len() != rsa::traits::PublicKeyParts::size(key) {
        return Err(VerifyError::Malformed);
    }
    let checked = match scheme {
        SignatureScheme::RsaPkcs1(hash) => key.verify(pkcs1(hash), &hash.digest(message), signature),
        SignatureScheme::RsaMd5Sha1 => key.verify(Pkcs1v15Sign::new_unprefixed(), &md5_sha1(message), signature),
        SignatureScheme::RsaPss { hash, salt_length } => {
            with_hash!(hash, D => key.verify(Pss::<D>::new_with_salt(salt_length), &hash.digest(message), signature))
        }
        _ => return Err(VerifyError::Unsupported),
    };
    checked.map_err(|_| VerifyError::Wrong)
}

fn verify_ecdsa(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    /// Runs the check with the types of one curve's crate; `$length` is that of its field.
    macro_rules! on {
        ($crate_:ident, $length:literal) => {{
            let key = $crate_::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| VerifyError::Malformed)?;
            let signature = $crate_::ecdsa::Signature::from_der(signature).map_err(|_| VerifyError::Malformed)?;
            key.verify_prehash(&padded::<$length>(digest), &signature).map_err(|_| VerifyError::Wrong)
        }};
    }
    match curve {
        Curve::P256 => on!(p256, 32),
        Curve::P384 => on!(p384, 48),
        Curve::P521 => on!(p521, 66),
        Curve::Sm2 | Curve::Other => Err(VerifyError::Unsupported),
    }
}

/// A digest shorter than the field, as the number it is (FIPS 186-5, 6.4.1): the crates refuse one below half of the
/// field's length.
fn padded<const N: usize>(digest: &[u8]) -> Vec<u8> {
    let mut out = vec![0; N.saturating_sub(digest.len())];
    out.extend_from_slice(digest);
    out
}

impl PrivateKey {
    /// Signs. EC signatures come out in DER. What is drawn: SM2 k (32 bytes, again while out of range); PSS the salt
    /// and a blinding factor; PKCS#1 v1.5 a blinding factor; ECDSA 32 or 48 bytes that are mixed into the
    /// deterministic k of RFC 6979; Ed25519 nothing.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] when the scheme does not go with the key, [`CryptoError::Length`] when the
    /// modulus is too small for it, [`CryptoError::Randomness`].
    pub fn sign(
        &self,
        scheme: SignatureScheme<'_>,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        match (self, scheme) {
            (PrivateKey::Rsa(key), scheme) => sign_rsa(key, scheme, message, rng),
            (PrivateKey::P256(key), SignatureScheme::Ecdsa(hash)) => {
                let signed: Result<p256::ecdsa::Signature, _> =
                    key.sign_prehash_with_rng(rng, &padded::<32>(&hash.digest(message)));
                signed.map(|signature| signature.to_der().as_bytes().to_vec()).map_err(|_| CryptoError::Randomness)
            }
            (PrivateKey::P384(key), SignatureScheme::Ecdsa(hash)) => {
                let signed: Result<p384::ecdsa::Signature, _> =
                    key.sign_prehash_with_rng(rng, &padded::<48>(&hash.digest(message)));
                signed.map(|signature| signature.to_der().as_bytes().to_vec()).map_err(|_| CryptoError::Randomness)
            }
            (PrivateKey::Sm2(key), SignatureScheme::Sm2 { identifier }) => {
                Ok(key.sign(identifier, message, rng)?.to_der())
            }
            (PrivateKey::Ed25519(key), SignatureScheme::Ed25519) => {
                Ok(ed25519_dalek::Signer::sign(&**key, message).to_bytes().to_vec())
            }
            _ => Err(CryptoError::Unsupported),
        }
    }
}

fn sign_rsa(
    key: &RsaPrivateKey,
    scheme: SignatureScheme<'_>,
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    match scheme {
        SignatureScheme::RsaPkcs1(hash) => key.sign_with_rng(rng, pkcs1(hash), &hash.digest(message)),
        SignatureScheme::RsaMd5Sha1 => key.sign_with_rng(rng, Pkcs1v15Sign::new_unprefixed(), &md5_sha1(message)),
        SignatureScheme::RsaPss { hash, salt_length } => {
            let digest = hash.digest(message);
            with_hash!(hash, D => key.sign_with_rng(rng, Pss::<D>::new_blinded_with_salt(salt_length), &digest))
        }
        _ => return Err(CryptoError::Unsupported),
    }
    .map_err(|_| CryptoError::Length)
}

fn md5_sha1(message: &[u8]) -> Vec<u8> {
    [&Hash::Md5.digest(message)[..], &Hash::Sha1.digest(message)].concat()
}

/// EMSA-PKCS1-v1_5 with the DigestInfo prefix of the hash (RFC 8017 section 9.2, note 1; for SM3 the object
/// identifier 1.2.156.10197.1.401).
fn pkcs1(hash: Hash) -> Pkcs1v15Sign {
    let identifier: &[u8] = match hash {
        Hash::Md5 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05],
        Hash::Sha1 => &[0x2b, 0x0e, 0x03, 0x02, 0x1a],
        Hash::Sha256 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
        Hash::Sha384 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
        Hash::Sha512 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
        Hash::Sm3 => &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11],
    };
    // All lengths are below 128: one byte each in DER.
    let short = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    let (identifier_length, digest_length) = (short(identifier.len()), short(hash.length()));
    let mut prefix =
        vec![0x30, identifier_length + digest_length + 8, 0x30, identifier_length + 4, 0x06, identifier_length];
    prefix.extend_from_slice(identifier);
    prefix.extend_from_slice(&[0x05, 0x00, 0x04, digest_length]);
    Pkcs1v15Sign { hash_len: Some(hash.length()), prefix: prefix.into() }
}
