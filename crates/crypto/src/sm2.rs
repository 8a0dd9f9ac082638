//! SM2 on the curve of GB/T 32918.5-2017: keys and plain Diffie-Hellman here; signature (GB/T 32918.2), encryption
//! (GB/T 32918.4) and key exchange (GB/T 32918.3) in the submodules; encodings of GB/T 35276-2017.
//!
//! Every secret scalar is drawn the same way: 32 bytes from the source, big-endian, again until they lie in 1 ..=
//! n-1.

mod encryption;
mod exchange;
mod signature;

pub use encryption::Ciphertext;
pub use exchange::{Exchange, Exchanged, Role};
pub use signature::Signature;

use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::elliptic_curve::sec1::ToSec1Point;
use ::sm2::{AffinePoint, NonZeroScalar, ProjectivePoint};

use crate::hash::Hash;
use crate::{CryptoError, CryptoRng, draw};

/// The distinguishing identifier that certificates and TLCP use (GM/T 0009-2012, GB/T 35276-2017).
pub const DEFAULT_IDENTIFIER: &[u8] = b"1234567812345678";

/// The distinguishing identifier of the scheme sm2sig_sm3 in TLS 1.3 (RFC 8998 section 3.2.1); certificates keep the
/// default one.
pub const TLS13_IDENTIFIER: &[u8] = b"TLSv1.3+GM+Cipher+Suite";

/// A point of the curve that is not the neutral one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(::sm2::PublicKey);

impl PublicKey {
    /// Reads a SEC 1 point: 65 bytes `04 x y`, or 33 bytes compressed.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when it is no point of the curve or the neutral one.
    pub fn from_point(bytes: &[u8]) -> Result<PublicKey, CryptoError> {
        ::sm2::PublicKey::from_sec1_bytes(bytes).map(PublicKey).map_err(|_| CryptoError::Key)
    }

    /// The point as `04 x y`.
    pub fn point(&self) -> [u8; 65] {
        uncompressed(self.0.as_affine())
    }

    /// Z of the holder of this key (GB/T 32918.2-2016, 5.5): what stands before a message when it is hashed.
    ///
    /// # Errors
    /// [`CryptoError::Length`] when the identifier is longer than 8191 bytes: its length in bits must fit 16 bits.
    pub fn identity_hash(&self, identifier: &[u8]) -> Result<[u8; 32], CryptoError> {
        let bits = identifier.len().checked_mul(8).and_then(|bits| u16::try_from(bits).ok());
        let bits = bits.ok_or(CryptoError::Length)?.to_be_bytes();
        let generator = uncompressed(&AffinePoint::GENERATOR);
        let own = self.point();
        let mut hasher = Hash::Sm3.hasher();
        for piece in [&bits[..], identifier, &A, &B, coordinates(&generator), coordinates(&own)] {
            hasher.update(piece);
        }
        Ok(array(&hasher.finish()))
    }
}

/// A secret scalar in 1 ..= n-1, of a long-term or of an ephemeral key.
#[derive(Clone)]
pub struct PrivateKey(NonZeroScalar);

impl PrivateKey {
    /// Reads 32 big-endian bytes.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the number is 0, above n-1, or the length is another one.
    pub fn from_bytes(bytes: &[u8]) -> Result<PrivateKey, CryptoError> {
        NonZeroScalar::try_from(bytes).map(PrivateKey).map_err(|_| CryptoError::Key)
    }

    /// Draws a key: 32 bytes, again while they are out of range.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<PrivateKey, CryptoError> {
        draw(rng, |bytes: &[u8; 32]| NonZeroScalar::try_from(&bytes[..]).ok()).map(PrivateKey)
    }

    /// The point that belongs to it.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(::sm2::PublicKey::from_secret_scalar(&self.0))
    }

    /// Plain Diffie-Hellman as in RFC 8998: the x coordinate of `[d]Q`, 32 bytes. Not the key exchange of GB/T
    /// 32918.3, see [`Exchange`].
    pub fn agree(&self, peer: &PublicKey) -> [u8; 32] {
        let shared = (peer.0.to_projective() * *self.0).to_affine();
        array(&shared.x())
    }
}

/// KDF of GB/T 32918.4-2016, 5.4.3: SM3(input | 1) | SM3(input | 2) | … with a counter of 32 bits, cut to `length`
/// bytes.
pub fn kdf(input: &[&[u8]], length: usize) -> Vec<u8> {
    let mut prefix = Hash::Sm3.hasher();
    for piece in input {
        prefix.update(piece);
    }
    let mut out = Vec::with_capacity(length.next_multiple_of(32));
    let mut counter = 1u32;
    while out.len() < length {
        let mut hasher = prefix.clone();
        hasher.update(&counter.to_be_bytes());
        out.extend_from_slice(&hasher.finish());
        counter = counter.wrapping_add(1);
    }
    out.truncate(length);
    out
}

/// Coefficients of the curve, GB/T 32918.5-2017 chapter 3.
const A: [u8; 32] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
];
const B: [u8; 32] = [
    0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7, 0xf3, 0x97, 0x89,
    0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
];

fn projective(scalar: &NonZeroScalar) -> ProjectivePoint {
    <ProjectivePoint as ::sm2::elliptic_curve::Group>::mul_by_generator(scalar)
}

/// `04 x y`; the neutral point, which callers exclude, would come out as zeros.
fn uncompressed(point: &AffinePoint) -> [u8; 65] {
    array(point.to_sec1_point(false).as_bytes())
}

/// `x y` of an uncompressed point.
fn coordinates(point: &[u8; 65]) -> &[u8; 64] {
    let [_, coordinates @ ..] = point;
    coordinates
}

/// `x` and `y` of an uncompressed point.
fn x_and_y(point: &[u8; 65]) -> (&[u8], &[u8]) {
    coordinates(point).split_at(32)
}

/// Right-aligned in `N` bytes; the callers pass values that fit.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    out
}
