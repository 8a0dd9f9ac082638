//! The two signatures under a sealed case: Ed25519 for everyone, SM2 for those who must use approved algorithms. A
//! seal holds when both do.

use crate::sm2::{self, DEFAULT_IDENTIFIER};
use crate::{CryptoError, CryptoRng, VerifyError};

/// Stands before the digest in what is signed, so that no signature made for another purpose can be taken for a seal.
const CONTEXT: &[u8] = b"dengmi-seal-1\0";

/// The two private keys of whoever seals.
pub struct SealingKey {
    ed25519: Box<ed25519_dalek::SigningKey>,
    sm2: sm2::PrivateKey,
}

/// The two public keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealKeys {
    /// Ed25519, RFC 8032.
    pub ed25519: [u8; 32],
    /// SM2 point, `04 x y`.
    pub sm2: [u8; 65],
}

/// The two signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealSignatures {
    /// Ed25519, RFC 8032.
    pub ed25519: [u8; 64],
    /// SM2 with SM3 and the default identifier, r | s.
    pub sm2: [u8; 64],
}

/// Which of the two signatures failed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The Ed25519 signature.
    #[error("Ed25519: {0}")]
    Ed25519(VerifyError),
    /// The SM2 signature.
    #[error("SM2: {0}")]
    Sm2(VerifyError),
}

impl SealingKey {
    /// From the 32 secret bytes of each key.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the SM2 number is out of range.
    pub fn from_bytes(ed25519: &[u8; 32], sm2: &[u8; 32]) -> Result<SealingKey, CryptoError> {
        Ok(SealingKey {
            ed25519: Box::new(ed25519_dalek::SigningKey::from_bytes(ed25519)),
            sm2: sm2::PrivateKey::from_bytes(sm2)?,
        })
    }

    /// The public halves.
    pub fn public(&self) -> SealKeys {
        SealKeys { ed25519: self.ed25519.verifying_key().to_bytes(), sm2: self.sm2.public_key().point() }
    }

    /// Signs a digest (or any short statement) with both keys. Draws k of SM2, 32 bytes, again while out of range.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn sign(&self, digest: &[u8], rng: &mut dyn CryptoRng) -> Result<SealSignatures, CryptoError> {
        let message = [CONTEXT, digest].concat();
        Ok(SealSignatures {
            ed25519: ed25519_dalek::Signer::sign(&*self.ed25519, &message).to_bytes(),
            sm2: self.sm2.sign(DEFAULT_IDENTIFIER, &message, rng)?.to_bytes(),
        })
    }
}

impl SealKeys {
    /// Checks both signatures over a digest.
    ///
    /// # Errors
    /// [`SealError`], for the first that fails.
    pub fn verify(&self, digest: &[u8], signatures: &SealSignatures) -> Result<(), SealError> {
        let message = [CONTEXT, digest].concat();
        ed25519_dalek::VerifyingKey::from_bytes(&self.ed25519)
            .map_err(|_| SealError::Ed25519(VerifyError::Malformed))?
            .verify_strict(&message, &ed25519_dalek::Signature::from_bytes(&signatures.ed25519))
            .map_err(|_| SealError::Ed25519(VerifyError::Wrong))?;
        sm2::PublicKey::from_point(&self.sm2)
            .map_err(|_| SealError::Sm2(VerifyError::Malformed))?
            .verify(DEFAULT_IDENTIFIER, &message, &sm2::Signature::from_bytes(&signatures.sm2))
            .map_err(SealError::Sm2)
    }
}
