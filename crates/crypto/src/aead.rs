//! Authenticated encryption: nonces of 12 bytes, tags of 16 bytes behind the ciphertext.

use aes_gcm::AesGcm;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::{Aead as _, KeyInit, Nonce, Payload, consts::U12};
use ccm::Ccm;
use ccm::consts::U16;

use crate::CryptoError;

/// An AEAD algorithm with a nonce of 12 bytes and a tag of 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AeadAlgorithm {
    /// AES-128-GCM, RFC 5116.
    Aes128Gcm,
    /// AES-256-GCM, RFC 5116.
    Aes256Gcm,
    /// ChaCha20-Poly1305, RFC 8439.
    ChaCha20Poly1305,
    /// SM4-GCM, RFC 8998 (GB/T 32907 in the mode of GB/T 36624).
    Sm4Gcm,
    /// SM4-CCM, RFC 8998: L = 3, M = 16.
    Sm4Ccm,
}

impl AeadAlgorithm {
    /// Length of a key in bytes.
    pub fn key_length(self) -> usize {
        match self {
            AeadAlgorithm::Aes128Gcm | AeadAlgorithm::Sm4Gcm | AeadAlgorithm::Sm4Ccm => 16,
            AeadAlgorithm::Aes256Gcm | AeadAlgorithm::ChaCha20Poly1305 => 32,
        }
    }
}

/// Length of a tag in bytes.
pub const TAG_LENGTH: usize = 16;

/// Length of a nonce in bytes.
pub const NONCE_LENGTH: usize = 12;

/// A key that is ready for use.
pub struct Aead(Keyed);

enum Keyed {
    Aes128Gcm(Box<aes_gcm::Aes128Gcm>),
    Aes256Gcm(Box<aes_gcm::Aes256Gcm>),
    ChaCha20Poly1305(Box<chacha20poly1305::ChaCha20Poly1305>),
    Sm4Gcm(Box<AesGcm<sm4::Sm4, U12>>),
    Sm4Ccm(Box<Ccm<sm4::Sm4, U16, U12>>),
}

impl Aead {
    /// Makes the key ready.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when `key` has another length than [`AeadAlgorithm::key_length`].
    pub fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Result<Aead, CryptoError> {
        fn keyed<A: KeyInit>(key: &[u8]) -> Result<Box<A>, CryptoError> {
            A::new_from_slice(key).map(Box::new).map_err(|_| CryptoError::Key)
        }
        Ok(Aead(match algorithm {
            AeadAlgorithm::Aes128Gcm => Keyed::Aes128Gcm(keyed(key)?),
            AeadAlgorithm::Aes256Gcm => Keyed::Aes256Gcm(keyed(key)?),
            AeadAlgorithm::ChaCha20Poly1305 => Keyed::ChaCha20Poly1305(keyed(key)?),
            AeadAlgorithm::Sm4Gcm => Keyed::Sm4Gcm(keyed(key)?),
            AeadAlgorithm::Sm4Ccm => Keyed::Sm4Ccm(keyed(key)?),
        }))
    }

    /// Ciphertext and tag of `plaintext`; `associated` is authenticated only. A nonce must never be used twice with a
    /// key.
    ///
    /// # Errors
    /// [`CryptoError::Length`] when the plaintext is longer than the mode allows (SM4-CCM: 2^24 - 1 bytes).
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        associated: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let payload = Payload { msg: plaintext, aad: associated };
        match &self.0 {
            Keyed::Aes128Gcm(key) => key.encrypt(nonce_of(nonce), payload),
            Keyed::Aes256Gcm(key) => key.encrypt(nonce_of(nonce), payload),
            Keyed::ChaCha20Poly1305(key) => key.encrypt(nonce_of(nonce), payload),
            Keyed::Sm4Gcm(key) => key.encrypt(nonce_of(nonce), payload),
            Keyed::Sm4Ccm(key) => key.encrypt(nonce_of(nonce), payload),
        }
        .map_err(|_| CryptoError::Length)
    }

    /// The plaintext of a ciphertext with its tag behind it.
    ///
    /// # Errors
    /// [`CryptoError::NotAuthentic`], also for an input shorter than a tag.
    pub fn open(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        associated: &[u8],
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let payload = Payload { msg: ciphertext, aad: associated };
        match &self.0 {
            Keyed::Aes128Gcm(key) => key.decrypt(nonce_of(nonce), payload),
            Keyed::Aes256Gcm(key) => key.decrypt(nonce_of(nonce), payload),
            Keyed::ChaCha20Poly1305(key) => key.decrypt(nonce_of(nonce), payload),
            Keyed::Sm4Gcm(key) => key.decrypt(nonce_of(nonce), payload),
            Keyed::Sm4Ccm(key) => key.decrypt(nonce_of(nonce), payload),
        }
        .map_err(|_| CryptoError::NotAuthentic)
    }
}

fn nonce_of(nonce: &[u8; NONCE_LENGTH]) -> &Nonce<aes_gcm::Aes128Gcm> {
    <&Array<u8, U12>>::from(nonce)
}
