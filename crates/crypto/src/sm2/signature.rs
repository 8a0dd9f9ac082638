//! Digital signature, GB/T 32918.2-2016; encoding of GB/T 35276-2017, 7.2 (a SEQUENCE of two INTEGERs).

use ::sm2::elliptic_curve::Group;
use ::sm2::elliptic_curve::ops::Reduce;
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::{FieldBytes, NonZeroScalar, ProjectivePoint, Scalar};
use der::asn1::UintRef;
use der::{Decode, Encode, Reader, SliceReader};

use super::{PrivateKey, PublicKey, array, projective};
use crate::hash::Hash;
use crate::signature::VerifyError;
use crate::{CryptoError, CryptoRng, draw};

/// A signature: two numbers of 32 bytes, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// r.
    pub r: [u8; 32],
    /// s.
    pub s: [u8; 32],
}

impl Signature {
    /// Reads r | s, 64 bytes.
    pub fn from_bytes(bytes: &[u8; 64]) -> Signature {
        let (r, s) = bytes.split_at(32);
        Signature { r: array(r), s: array(s) }
    }

    /// r | s.
    pub fn to_bytes(&self) -> [u8; 64] {
        array(&[self.r, self.s].concat())
    }

    /// Reads the DER form; anything but strict DER with numbers of at most 32 bytes is refused.
    ///
    /// # Errors
    /// [`VerifyError::Malformed`].
    pub fn from_der(bytes: &[u8]) -> Result<Signature, VerifyError> {
        let mut reader = SliceReader::new(bytes).map_err(|_| VerifyError::Malformed)?;
        let numbers = reader.sequence(|body| Ok::<_, der::Error>((UintRef::decode(body)?, UintRef::decode(body)?)));
        let (r, s) = reader.finish().and(numbers).map_err(|_| VerifyError::Malformed)?;
        if r.as_bytes().len() > 32 || s.as_bytes().len() > 32 {
            return Err(VerifyError::Malformed);
        }
        Ok(Signature { r: array(r.as_bytes()), s: array(s.as_bytes()) })
    }

    /// r - e modulo n for the digest e = SM3(Z | message): the x coordinate of `k`·G. Two signatures that share it used the
    /// same k, and the two together give the private key.
    pub fn nonce_point(&self, e: &[u8; 32]) -> [u8; 32] {
        array(&(reduce(&self.r) - reduce(e)).to_bytes())
    }

    /// The DER form, with minimal integers.
    pub fn to_der(&self) -> Vec<u8> {
        super::encryption::sequence(
            || Ok([UintRef::new(&self.r)?.to_der()?, UintRef::new(&self.s)?.to_der()?].concat()),
        )
    }
}

impl PublicKey {
    /// Checks a signature over a message (GB/T 32918.2-2016, 7.1).
    ///
    /// # Errors
    /// [`VerifyError::Malformed`] when r or s is not in 1 ..= n-1 or the identifier is too long;
    /// [`VerifyError::Wrong`] when it does not fit.
    pub fn verify(&self, identifier: &[u8], message: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        let z = self.identity_hash(identifier).map_err(|_| VerifyError::Malformed)?;
        self.verify_digest(&message_digest(&z, message), signature)
    }

    /// Checks a signature over e = SM3(Z | message), see [`PublicKey::identity_hash`].
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn verify_digest(&self, e: &[u8; 32], signature: &Signature) -> Result<(), VerifyError> {
        let number = |bytes: &[u8]| NonZeroScalar::try_from(bytes).map_err(|_| VerifyError::Malformed);
        let (r, s) = (number(&signature.r)?, number(&signature.s)?);
        let t = *r + *s;
        if bool::from(t.is_zero()) {
            return Err(VerifyError::Wrong);
        }
        let point = projective(&s) + self.0.to_projective() * t;
        if bool::from(point.is_identity()) {
            return Err(VerifyError::Wrong);
        }
        let expected = reduce(e) + Scalar::reduce(&point.to_affine().x());
        if *r == expected { Ok(()) } else { Err(VerifyError::Wrong) }
    }
}

impl PrivateKey {
    /// Signs a message (GB/T 32918.2-2016, 6.1). Draws k as 32 bytes, again while it is out of range.
    ///
    /// # Errors
    /// [`CryptoError::Length`] when the identifier is too long, [`CryptoError::Randomness`], [`CryptoError::Key`] for
    /// the key n-1.
    pub fn sign(&self, identifier: &[u8], message: &[u8], rng: &mut dyn CryptoRng) -> Result<Signature, CryptoError> {
        let z = self.public_key().identity_hash(identifier)?;
        let e = reduce(&message_digest(&z, message));
        let d = *self.0;
        let inverse = Option::<Scalar>::from((Scalar::ONE + d).invert()).ok_or(CryptoError::Key)?;
        draw(rng, |bytes: &[u8; 32]| {
            let k = NonZeroScalar::try_from(&bytes[..]).ok()?;
            let r = e + Scalar::reduce(&ProjectivePoint::mul_by_generator(&k).to_affine().x());
            let s = inverse * (*k - r * d);
            let unusable = r.is_zero() | (r + *k).is_zero() | s.is_zero();
            (!bool::from(unusable)).then(|| Signature { r: array(&r.to_bytes()), s: array(&s.to_bytes()) })
        })
    }
}

fn message_digest(z: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut hasher = Hash::Sm3.hasher();
    hasher.update(z);
    hasher.update(message);
    array(&hasher.finish())
}

fn reduce(bytes: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*bytes))
}
