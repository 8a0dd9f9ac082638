//! Key derivation of the protocols: the PRF of TLS up to 1.2 and of TLCP, HKDF as TLS 1.3 uses it.

use crate::CryptoError;
use crate::hash::{Digest, Hash};

/// PRF of TLS 1.2 (RFC 5246 section 5) and, with [`Hash::Sm3`], of TLCP (GB/T 38636-2020, 5.2): P_hash(secret, label
/// + seed), `length` bytes.
pub fn prf(hash: Hash, secret: &[u8], label: &[u8], seed: &[&[u8]], length: usize) -> Vec<u8> {
    let label_and_seed: Vec<&[u8]> = [label].iter().chain(seed).copied().collect();
    let mut out = Vec::with_capacity(length.next_multiple_of(hash.length().max(1)));
    let mut a = hash.hmac(secret, &label_and_seed);
    while out.len() < length {
        let block: Vec<&[u8]> = [&a[..]].iter().chain(&label_and_seed).copied().collect();
        out.extend_from_slice(&hash.hmac(secret, &block));
        a = hash.hmac(secret, &[&a]);
    }
    out.truncate(length);
    out
}

/// PRF of TLS 1.0 and 1.1 (RFC 2246 and RFC 4346 section 5): P_MD5 of the first half of the secret xor P_SHA-1 of the
/// second. The halves share the middle byte of a secret of odd length.
pub fn prf_md5_sha1(secret: &[u8], label: &[u8], seed: &[&[u8]], length: usize) -> Vec<u8> {
    let (first, _) = secret.split_at(secret.len().div_ceil(2));
    let (_, second) = secret.split_at(secret.len() / 2);
    let mut out = prf(Hash::Md5, first, label, seed, length);
    for (byte, other) in out.iter_mut().zip(prf(Hash::Sha1, second, label, seed, length)) {
        *byte ^= other;
    }
    out
}

/// HKDF-Extract, RFC 5869 section 2.2.
pub fn hkdf_extract(hash: Hash, salt: &[u8], input: &[u8]) -> Digest {
    hash.hmac(salt, &[input])
}

/// HKDF-Expand, RFC 5869 section 2.3.
///
/// # Errors
/// [`CryptoError::Length`] when more than 255 blocks are asked for.
pub fn hkdf_expand(hash: Hash, key: &[u8], info: &[&[u8]], length: usize) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::with_capacity(length);
    let mut block: &[u8] = &[];
    let mut last;
    let mut counter = 0u8;
    while out.len() < length {
        counter = counter.checked_add(1).ok_or(CryptoError::Length)?;
        let number = [counter];
        let message: Vec<&[u8]> = [block].iter().chain(info).copied().chain([&number[..]]).collect();
        last = hash.hmac(key, &message);
        block = &last;
        out.extend_from_slice(block);
    }
    out.truncate(length);
    Ok(out)
}

/// HKDF-Expand-Label, RFC 8446 section 7.1; `label` without its prefix `tls13 `.
///
/// # Errors
/// [`CryptoError::Length`] when a length does not fit its field.
pub fn hkdf_expand_label(
    hash: Hash,
    secret: &[u8],
    label: &[u8],
    context: &[u8],
    length: usize,
) -> Result<Vec<u8>, CryptoError> {
    const PREFIX: &[u8] = b"tls13 ";
    let output_length = u16::try_from(length).map_err(|_| CryptoError::Length)?.to_be_bytes();
    let label_length = [u8::try_from(PREFIX.len() + label.len()).map_err(|_| CryptoError::Length)?];
    let context_length = [u8::try_from(context.len()).map_err(|_| CryptoError::Length)?];
    let info = [&output_length[..], &label_length, PREFIX, label, &context_length, context];
    hkdf_expand(hash, secret, &info, length)
}
