//! SM4 in the modes of GB/T 17964-2021 and the codes of GB/T 15852.1-2020 that no record or file judged here uses, but
//! products are tested for. Records: [`block`](crate::block) and [`aead`](crate::aead).

use ::sm4::Sm4;
use ::sm4::cipher::array::Array;
use ::sm4::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit, KeyIvInit, StreamCipher};
use cmac::{Cmac, Mac};

use crate::CryptoError;
use crate::block::BlockCipher;

/// Length of a block in bytes.
const BLOCK: usize = 16;

/// Encrypt or decrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Plaintext to ciphertext.
    Encrypt,
    /// Ciphertext to plaintext.
    Decrypt,
}

/// Which way the tweak of XTS is doubled; the results differ from the second block on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TweakRule {
    /// GB/T 17964-2021: bits in the order of GCM.
    Gb,
    /// IEEE 1619-2018: bytes from the lowest.
    Ieee,
}

/// Electronic codebook: whole blocks, each by itself.
///
/// # Errors
/// [`CryptoError::Key`], [`CryptoError::Length`] when `data` is not whole blocks.
pub fn ecb(direction: Direction, key: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
    let cipher = cipher(key)?;
    let (blocks, rest) = Array::slice_as_chunks_mut(data);
    if !rest.is_empty() {
        return Err(CryptoError::Length);
    }
    match direction {
        Direction::Encrypt => cipher.encrypt_blocks(blocks),
        Direction::Decrypt => cipher.decrypt_blocks(blocks),
    }
    Ok(())
}

/// Cipher feedback with segments of 128 bits; the last may be shorter.
///
/// # Errors
/// [`CryptoError::Key`] when key or vector have another length than 16.
pub fn cfb(direction: Direction, key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
    let wrong = |_| CryptoError::Key;
    match direction {
        Direction::Encrypt => cfb_mode::Encryptor::<Sm4>::new_from_slices(key, iv).map_err(wrong)?.encrypt(data),
        Direction::Decrypt => cfb_mode::Decryptor::<Sm4>::new_from_slices(key, iv).map_err(wrong)?.decrypt(data),
    }
    Ok(())
}

/// Output feedback, the same in both directions.
///
/// # Errors
/// As [`cfb`].
pub fn ofb(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
    let mut stream = ofb::Ofb::<Sm4>::new_from_slices(key, iv).map_err(|_| CryptoError::Key)?;
    stream.try_apply_keystream(data).map_err(|_| CryptoError::Length)
}

/// XTS with ciphertext stealing; `key` is 32 bytes, that of the data first, and `tweak` one block.
///
/// # Errors
/// [`CryptoError::Key`]; [`CryptoError::Length`] when `data` is less than a block or `tweak` is not one.
pub fn xts(
    direction: Direction,
    rule: TweakRule,
    key: &[u8],
    tweak: &[u8],
    data: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let (data_key, tweak_key) = key.split_at_checked(BLOCK).ok_or(CryptoError::Key)?;
    let cipher = cipher(data_key)?;
    let mut first = <[u8; BLOCK]>::try_from(tweak).map_err(|_| CryptoError::Length)?;
    BlockCipher::Sm4.encrypt_block(tweak_key, &mut first)?;
    let mut tweaks = core::iter::successors(Some(first), |tweak| Some(doubled(rule, *tweak)));
    let mut next = || tweaks.next().unwrap_or_default();
    let apply = |block: &mut [u8], tweak: [u8; BLOCK]| {
        let mask = |block: &mut [u8]| block.iter_mut().zip(tweak).for_each(|(byte, mask)| *byte ^= mask);
        mask(block);
        // Only whole blocks come here.
        if let Ok(block) = <&mut Array<u8, _>>::try_from(&mut *block) {
            match direction {
                Direction::Encrypt => cipher.encrypt_block(block),
                Direction::Decrypt => cipher.decrypt_block(block),
            }
        }
        mask(block);
    };

    let rest = data.len() % BLOCK;
    let straight = if rest == 0 { Some(data.len()) } else { data.len().checked_sub(BLOCK + rest) };
    let mut out = data.to_vec();
    let tail = straight.filter(|_| data.len() >= BLOCK).map(|at| out.split_off(at)).ok_or(CryptoError::Length)?;
    for block in out.chunks_exact_mut(BLOCK) {
        apply(block, next());
    }
    if let Some((block, short)) = tail.split_at_checked(BLOCK) {
        // The last two tweaks change places when the stolen bytes are given back.
        let (earlier, later) = (next(), next());
        let (one, two) = if direction == Direction::Encrypt { (earlier, later) } else { (later, earlier) };
        let mut block = block.to_vec();
        apply(&mut block, one);
        let stolen = block.split_off(rest);
        let mut last = [short, &stolen].concat();
        apply(&mut last, two);
        out.extend([last, block].concat());
    }
    Ok(out)
}

fn doubled(rule: TweakRule, tweak: [u8; BLOCK]) -> [u8; BLOCK] {
    match rule {
        TweakRule::Ieee => {
            let number = u128::from_le_bytes(tweak);
            ((number << 1) ^ if number >> 127 == 1 { 0x87 } else { 0 }).to_le_bytes()
        }
        TweakRule::Gb => {
            let number = u128::from_be_bytes(tweak);
            ((number >> 1) ^ if number & 1 == 1 { 0xe1 << 120 } else { 0 }).to_be_bytes()
        }
    }
}

/// CMAC: MAC algorithm 5 of GB/T 15852.1-2020.
///
/// # Errors
/// [`CryptoError::Key`].
pub fn cmac(key: &[u8], message: &[u8]) -> Result<[u8; BLOCK], CryptoError> {
    let mut mac = <Cmac<Sm4> as cmac::KeyInit>::new_from_slice(key).map_err(|_| CryptoError::Key)?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().into())
}

/// CBC-MAC: MAC algorithm 1 of GB/T 15852.1-2020 with its padding method 2 (`80 00 …`). Safe only for messages of one
/// fixed length.
///
/// # Errors
/// [`CryptoError::Key`].
pub fn cbc_mac(key: &[u8], message: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut data = [message, &[0x80]].concat();
    data.resize(data.len().next_multiple_of(BLOCK), 0);
    BlockCipher::Sm4.encrypt_cbc(key, &[0; BLOCK], &mut data)?;
    Ok(data.split_off(data.len().saturating_sub(BLOCK)))
}

fn cipher(key: &[u8]) -> Result<Sm4, CryptoError> {
    Sm4::new_from_slice(key).map_err(|_| CryptoError::Key)
}
