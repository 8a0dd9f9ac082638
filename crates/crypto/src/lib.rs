//! What must be computed: SM2, SM3, SM4 and their international peers, over
//! [RustCrypto](https://github.com/RustCrypto).
//!
//! * [`hash`]: digests and HMAC; [`prf`]: the key derivation of TLS, TLCP and TLS 1.3.
//! * [`aead`] and [`block`]: what protects records; [`sm4`]: the other modes of SM4, for products under test.
//! * [`agreement`] and [`modp`]: (EC)DH shares; [`sm2`]: signature, encryption and key exchange of GB/T 32918.
//! * [`key`] and [`signature`]: public and private keys, and signatures of every kind over raw key material.
//!
//! Bytes in, bytes out: no certificate, message or file format but PKCS#8 is known here. **Randomness is an
//! argument** (a [`CryptoRng`]); nothing here asks the operating system for it, so a recorded run can be repeated to
//! the byte. Functions say how many bytes they draw.
//!
//! The elliptic curve arithmetic of RustCrypto is constant-time by design but has not been audited for SM2.

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

pub mod aead;
pub mod agreement;
pub mod block;
pub mod hash;
pub mod key;
pub mod modp;
pub mod prf;
pub mod signature;
pub mod sm2;
pub mod sm4;

pub use hash::{Digest, Hash, Hasher};
pub use key::{Curve, PrivateKey, PublicKey};
pub use rand_core;
pub use rand_core::CryptoRng;
pub use signature::{SignatureScheme, VerifyError};

/// Why something could not be computed. Signature checks have their own, [`VerifyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// A key is not one of this algorithm: wrong length, off the curve, out of range, not readable.
    #[error("the key is not a valid one for this algorithm")]
    Key,
    /// The peer's share is not on the curve, is the neutral point, or gives the all-zero secret.
    #[error("the peer's key share is not valid")]
    Share,
    /// The bytes are no ciphertext of this algorithm.
    #[error("the ciphertext is malformed")]
    Ciphertext,
    /// The tag or the integrity value does not fit: another key, another text, or altered on the way.
    #[error("the ciphertext is not authentic")]
    NotAuthentic,
    /// A length does not fit the algorithm.
    #[error("a length does not fit the algorithm")]
    Length,
    /// The source of randomness gave no usable value in 64 tries: it is broken.
    #[error("the source of randomness gave no usable value")]
    Randomness,
    /// The algorithm cannot do this with this key.
    #[error("this key cannot be used so")]
    Unsupported,
}

/// Draws from a source until `accept` takes a value.
fn draw<const N: usize, T>(rng: &mut dyn CryptoRng, accept: impl Fn(&[u8; N]) -> Option<T>) -> Result<T, CryptoError> {
    // A sound source is refused less than once in 2^31 draws on the curves here.
    for _ in 0..64 {
        let mut bytes = [0; N];
        rng.fill_bytes(&mut bytes);
        if let Some(value) = accept(&bytes) {
            return Ok(value);
        }
    }
    Err(CryptoError::Randomness)
}
