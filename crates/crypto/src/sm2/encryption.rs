//! Public key encryption, GB/T 32918.4-2016; encoding of GB/T 35276-2017, 7.3: SEQUENCE { INTEGER x, INTEGER y, OCTET
//! STRING C3, OCTET STRING C2 }.

use der::asn1::{OctetStringRef, UintRef};
use der::{Decode, Encode, Reader, SliceReader, Tag};
use subtle::ConstantTimeEq;

use super::{PrivateKey, PublicKey, array, kdf, projective, uncompressed, x_and_y};
use crate::hash::Hash;
use crate::{CryptoError, CryptoRng, draw};
use ::sm2::NonZeroScalar;

/// The three parts of a ciphertext, named as in the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    /// C1, the point `04 x y`.
    pub c1: [u8; 65],
    /// C3, the integrity value.
    pub c3: [u8; 32],
    /// C2, as long as the plaintext.
    pub c2: Vec<u8>,
}

impl Ciphertext {
    /// Reads the DER form of GB/T 35276-2017 strictly. Whether C1 lies on the curve is found when decrypting.
    ///
    /// # Errors
    /// [`CryptoError::Ciphertext`].
    pub fn from_der(bytes: &[u8]) -> Result<Ciphertext, CryptoError> {
        let mut reader = SliceReader::new(bytes).map_err(|_| CryptoError::Ciphertext)?;
        let parts = reader.sequence(|body| {
            Ok::<_, der::Error>((
                UintRef::decode(body)?,
                UintRef::decode(body)?,
                <&OctetStringRef>::decode(body)?,
                <&OctetStringRef>::decode(body)?,
            ))
        });
        let (x, y, c3, c2) = reader.finish().and(parts).map_err(|_| CryptoError::Ciphertext)?;
        if x.as_bytes().len() > 32 || y.as_bytes().len() > 32 {
            return Err(CryptoError::Ciphertext);
        }
        let (x, y): ([u8; 32], [u8; 32]) = (array(x.as_bytes()), array(y.as_bytes()));
        Ok(Ciphertext {
            c1: array(&[&[4], &x[..], &y].concat()),
            c3: c3.as_bytes().try_into().map_err(|_| CryptoError::Ciphertext)?,
            c2: c2.as_bytes().to_vec(),
        })
    }

    /// The DER form, with minimal integers.
    pub fn to_der(&self) -> Vec<u8> {
        let (x, y) = x_and_y(&self.c1);
        sequence(|| {
            Ok([
                UintRef::new(x)?.to_der()?,
                UintRef::new(y)?.to_der()?,
                OctetStringRef::new(&self.c3)?.to_der()?,
                OctetStringRef::new(&self.c2)?.to_der()?,
            ]
            .concat())
        })
    }

    /// Reads C1 | C3 | C2 with an uncompressed point (GB/T 32918.4-2016, 6.1).
    ///
    /// # Errors
    /// [`CryptoError::Ciphertext`] when it is too short or C1 has another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Ciphertext, CryptoError> {
        let (c1, rest) =
            bytes.split_first_chunk().filter(|(c1, _)| c1.first() == Some(&4)).ok_or(CryptoError::Ciphertext)?;
        let (c3, c2) = rest.split_first_chunk().ok_or(CryptoError::Ciphertext)?;
        Ok(Ciphertext { c1: *c1, c3: *c3, c2: c2.to_vec() })
    }

    /// C1 | C3 | C2.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.c1[..], &self.c3, &self.c2].concat()
    }
}

impl PublicKey {
    /// Encrypts (GB/T 32918.4-2016, 6.1). Draws k as 32 bytes, again while it is out of range or the key stream is
    /// all zero.
    ///
    /// # Errors
    /// [`CryptoError::Length`] for an empty message, [`CryptoError::Randomness`].
    pub fn encrypt(&self, message: &[u8], rng: &mut dyn CryptoRng) -> Result<Ciphertext, CryptoError> {
        if message.is_empty() {
            return Err(CryptoError::Length);
        }
        draw(rng, |bytes: &[u8; 32]| {
            let k = NonZeroScalar::try_from(&bytes[..]).ok()?;
            let shared = uncompressed(&(self.0.to_projective() * *k).to_affine());
            let (c2, c3) = apply(&shared, message, Text::Plain)?;
            Some(Ciphertext { c1: uncompressed(&projective(&k).to_affine()), c3, c2 })
        })
    }
}

impl PrivateKey {
    /// Decrypts (GB/T 32918.4-2016, 7.1).
    ///
    /// # Errors
    /// [`CryptoError::Ciphertext`] when C1 is no point of the curve or C2 is empty, [`CryptoError::NotAuthentic`]
    /// when C3 does not fit.
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Vec<u8>, CryptoError> {
        let c1 = PublicKey::from_point(&ciphertext.c1).map_err(|_| CryptoError::Ciphertext)?;
        let shared = uncompressed(&(c1.0.to_projective() * *self.0).to_affine());
        let (message, c3) = apply(&shared, &ciphertext.c2, Text::Cipher).ok_or(CryptoError::Ciphertext)?;
        if bool::from(c3.ct_eq(&ciphertext.c3)) { Ok(message) } else { Err(CryptoError::NotAuthentic) }
    }
}

enum Text {
    Plain,
    Cipher,
}

/// `text` xor the key stream, and C3 over whichever of the two is the plaintext. None when the stream is all zero (or
/// empty).
fn apply(shared: &[u8; 65], text: &[u8], kind: Text) -> Option<(Vec<u8>, [u8; 32])> {
    let (x, y) = x_and_y(shared);
    let stream = kdf(&[x, y], text.len());
    if stream.iter().all(|byte| *byte == 0) {
        return None;
    }
    let other: Vec<u8> = stream.iter().zip(text).map(|(key, byte)| key ^ byte).collect();
    let plain = match kind {
        Text::Plain => text,
        Text::Cipher => &other,
    };
    let mut hasher = Hash::Sm3.hasher();
    for piece in [x, plain, y] {
        hasher.update(piece);
    }
    let c3 = array(&hasher.finish());
    Some((other, c3))
}

/// A SEQUENCE around its encoded body. DER sets a bound of 256 MiB on lengths; past it the result is empty, which no
/// reader takes.
pub(super) fn sequence(body: impl FnOnce() -> der::Result<Vec<u8>>) -> Vec<u8> {
    let encode = || -> der::Result<Vec<u8>> { der::asn1::AnyRef::new(Tag::Sequence, &body()?)?.to_der() };
    encode().unwrap_or_default()
}
