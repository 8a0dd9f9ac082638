//! Block ciphers in CBC, as records of TLS up to 1.2 and of TLCP use them, in counter mode as SSH does, and one block alone.

use cbc::cipher::array::Array;
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit, StreamCipher,
};

use crate::CryptoError;

/// A block cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockCipher {
    /// AES with a key of 16 bytes, FIPS 197.
    Aes128,
    /// AES with a key of 24 bytes, FIPS 197.
    Aes192,
    /// AES with a key of 32 bytes, FIPS 197.
    Aes256,
    /// SM4, GB/T 32907-2016.
    Sm4,
    /// Triple DES with three keys (24 bytes), blocks of 8 bytes. Weak; old servers still choose it.
    TripleDes,
}

/// Runs `$body` with `$C` standing for the RustCrypto type of `$cipher`.
macro_rules! with_cipher {
    ($cipher:expr, $C:ident => $body:expr) => {
        match $cipher {
            BlockCipher::Aes128 => {
                type $C = aes::Aes128;
                $body
            }
            BlockCipher::Aes192 => {
                type $C = aes::Aes192;
                $body
            }
            BlockCipher::Aes256 => {
                type $C = aes::Aes256;
                $body
            }
            BlockCipher::Sm4 => {
                type $C = sm4::Sm4;
                $body
            }
            BlockCipher::TripleDes => {
                type $C = des::TdesEde3;
                $body
            }
        }
    };
}

impl BlockCipher {
    /// Length of a key in bytes.
    pub fn key_length(self) -> usize {
        match self {
            BlockCipher::Aes128 | BlockCipher::Sm4 => 16,
            BlockCipher::TripleDes | BlockCipher::Aes192 => 24,
            BlockCipher::Aes256 => 32,
        }
    }

    /// Length of a block, and of an initialization vector, in bytes.
    pub fn block_length(self) -> usize {
        match self {
            BlockCipher::TripleDes => 8,
            BlockCipher::Aes128 | BlockCipher::Aes192 | BlockCipher::Aes256 | BlockCipher::Sm4 => 16,
        }
    }

    /// Encrypts whole blocks in CBC, in place.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when key or vector have another length, [`CryptoError::Length`] when `data` is not whole
    /// blocks.
    pub fn encrypt_cbc(self, key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        fn run<C: BlockCipherEncrypt + KeyInit>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
            let mut mode = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(|_| CryptoError::Key)?;
            let (blocks, rest) = Array::slice_as_chunks_mut(data);
            if !rest.is_empty() {
                return Err(CryptoError::Length);
            }
            mode.encrypt_blocks(blocks);
            Ok(())
        }
        with_cipher!(self, C => run::<C>(key, iv, data))
    }

    /// Decrypts whole blocks in CBC, in place. Padding stays: judging it belongs to the record layer.
    ///
    /// # Errors
    /// As [`BlockCipher::encrypt_cbc`].
    pub fn decrypt_cbc(self, key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        fn run<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
            let mut mode = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| CryptoError::Key)?;
            let (blocks, rest) = Array::slice_as_chunks_mut(data);
            if !rest.is_empty() {
                return Err(CryptoError::Length);
            }
            mode.decrypt_blocks(blocks);
            Ok(())
        }
        with_cipher!(self, C => run::<C>(key, iv, data))
    }

    /// A stream of this cipher's blocks over a counter of 128 bits that starts at `start` (RFC 4344 section 4).
    ///
    /// # Errors
    /// [`CryptoError::Key`] when key or counter have another length; [`CryptoError::Unsupported`] for blocks of 8 bytes.
    pub fn counter_stream(self, key: &[u8], start: &[u8]) -> Result<CounterStream, CryptoError> {
        fn keyed<C: KeyIvInit + StreamCipher + Send + 'static>(
            key: &[u8],
            start: &[u8],
        ) -> Result<CounterStream, CryptoError> {
            let stream = C::new_from_slices(key, start).map_err(|_| CryptoError::Key)?;
            Ok(CounterStream(Box::new(stream)))
        }
        match self {
            BlockCipher::Aes128 => keyed::<ctr::Ctr128BE<aes::Aes128>>(key, start),
            BlockCipher::Aes192 => keyed::<ctr::Ctr128BE<aes::Aes192>>(key, start),
            BlockCipher::Aes256 => keyed::<ctr::Ctr128BE<aes::Aes256>>(key, start),
            BlockCipher::Sm4 => keyed::<ctr::Ctr128BE<sm4::Sm4>>(key, start),
            BlockCipher::TripleDes => Err(CryptoError::Unsupported),
        }
    }

    /// Encrypts one block in place (QUIC header protection, ciphertext judging).
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the key has another length, [`CryptoError::Length`] when `block` is not one block.
    pub fn encrypt_block(self, key: &[u8], block: &mut [u8]) -> Result<(), CryptoError> {
        fn run<C: BlockCipherEncrypt + KeyInit>(key: &[u8], block: &mut [u8]) -> Result<(), CryptoError> {
            let cipher = C::new_from_slice(key).map_err(|_| CryptoError::Key)?;
            let block = <&mut Array<u8, C::BlockSize>>::try_from(block).map_err(|_| CryptoError::Length)?;
            cipher.encrypt_block(block);
            Ok(())
        }
        with_cipher!(self, C => run::<C>(key, block))
    }
}

/// A key stream of a block cipher in counter mode.
pub struct CounterStream(Box<dyn StreamCipher + Send>);

impl CounterStream {
    /// Encrypts or decrypts what is next, in place.
    ///
    /// # Errors
    /// [`CryptoError::Length`] when the counter would come round.
    pub fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.0.try_apply_keystream(data).map_err(|_| CryptoError::Length)
    }
}
