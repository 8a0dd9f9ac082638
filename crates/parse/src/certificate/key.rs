//! Private keys of test servers and of the demo, in PEM without a password. What is assessed never gives us its keys.

use std::fmt;

use super::bundle::read_pem;
use super::der::{self, Element, Oid, explicit};
use super::{EC, RSA, RSA_PSS, algorithm, without_zeros};
use crate::reading::{Defect, DefectKind, Defects, Limits, Read, Reader};

/// The numbers of a private key, big-endian. Its `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub enum PrivateKey {
    /// A key on a curve, SM2 among them.
    Curve {
        /// Content bytes of the curve's object identifier, where the file names it.
        curve: Option<Vec<u8>>,
        /// The secret number.
        scalar: Vec<u8>,
        /// The public point, where the file holds it.
        point: Option<Vec<u8>>,
    },
    /// An RSA key.
    Rsa {
        /// n
        modulus: Vec<u8>,
        /// e
        public_exponent: Vec<u8>,
        /// d
        private_exponent: Vec<u8>,
        /// p and q
        primes: [Vec<u8>; 2],
    },
    /// A key of another algorithm: what stands in the file's OCTET STRING.
    Other {
        /// Content bytes of the algorithm's object identifier.
        algorithm: Vec<u8>,
        /// The key's bytes.
        bytes: Vec<u8>,
    },
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PrivateKey::Curve { curve, .. } => {
                write!(out, "PrivateKey on {}", Oid(curve.as_deref().unwrap_or_default()))
            }
            PrivateKey::Rsa { .. } => out.write_str("PrivateKey of RSA"),
            PrivateKey::Other { algorithm, .. } => write!(out, "PrivateKey of {}", Oid(algorithm)),
        }
    }
}

/// The first private key in a PEM file: PKCS #8 (RFC 5958), SEC 1 (RFC 5915) or PKCS #1 (RFC 8017 A.1.2).
///
/// # Errors
/// [`DefectKind::NothingFound`] when no block is one of these, or what is wrong with the block.
pub fn read_private_key_pem(file: &[u8], limits: &Limits) -> Read<PrivateKey> {
    let blocks = read_pem(file, limits)?;
    let mut defects = Defects::new(limits);
    for block in &blocks.value {
        let mut reader = Reader::new(&block.bytes);
        let key = match block.label.as_str() {
            "PRIVATE KEY" => pkcs8(&mut reader, &mut defects)?,
            "EC PRIVATE KEY" => sec1(&mut reader, None, &mut defects)?,
            "RSA PRIVATE KEY" => pkcs1(&mut reader, &mut defects)?,
            _ => continue,
        };
        return Ok(defects.whole(key, &reader));
    }
    Err(Defect { at: 0, what: DefectKind::NothingFound })
}

fn pkcs8(reader: &mut Reader<'_>, defects: &mut Defects) -> Result<PrivateKey, Defect> {
    let mut fields = Element::expect(reader, der::SEQUENCE, defects)?.content;
    Element::expect(&mut fields, der::INTEGER, defects)?;
    let parameters_at = fields.at();
    let algorithm = algorithm(&mut fields, defects)?;
    let mut key = Element::expect(&mut fields, der::OCTET_STRING, defects)?.content;
    match algorithm.oid {
        EC => {
            let mut parameters = Reader::starting(algorithm.parameters, parameters_at);
            let curve = Element::optional(&mut parameters, der::OID, defects)?;
            let curve = curve.map(|curve| curve.oid()).transpose()?;
            sec1(&mut key, curve, defects)
        }
        RSA | RSA_PSS => pkcs1(&mut key, defects),
        Oid(algorithm) => Ok(PrivateKey::Other { algorithm: algorithm.to_vec(), bytes: key.rest().to_vec() }),
    }
}

fn sec1(reader: &mut Reader<'_>, named: Option<Oid<'_>>, defects: &mut Defects) -> Result<PrivateKey, Defect> {
    let mut fields = Element::expect(reader, der::SEQUENCE, defects)?.content;
    Element::expect(&mut fields, der::INTEGER, defects)?;
    let scalar = Element::expect(&mut fields, der::OCTET_STRING, defects)?.bytes().to_vec();
    let inner = match Element::optional(&mut fields, explicit(0), defects)? {
        Some(mut tagged) => Some(Element::expect(&mut tagged.content, der::OID, defects)?.oid()?),
        None => None,
    };
    let point = match Element::optional(&mut fields, explicit(1), defects)? {
        Some(mut tagged) => {
            let bits = Element::expect(&mut tagged.content, der::BIT_STRING, defects)?;
            Some(bits.whole_bits(defects)?.rest().to_vec())
        }
        None => None,
    };
    Ok(PrivateKey::Curve { curve: named.or(inner).map(|oid| oid.0.to_vec()), scalar, point })
}

fn pkcs1(reader: &mut Reader<'_>, defects: &mut Defects) -> Result<PrivateKey, Defect> {
    let mut fields = Element::expect(reader, der::SEQUENCE, defects)?.content;
    Element::expect(&mut fields, der::INTEGER, defects)?;
    let mut number = || -> Result<Vec<u8>, Defect> {
        let element = Element::expect(&mut fields, der::INTEGER, defects)?;
        Ok(without_zeros(element.integer(defects)?).to_vec())
    };
    Ok(PrivateKey::Rsa {
        modulus: number()?,
        public_exponent: number()?,
        private_exponent: number()?,
        primes: [number()?, number()?],
    })
}
