//! Certificates with their private keys, and public keys out of certificates.

use dengmi_crypto::{CryptoError, Curve, PrivateKey, PublicKey};
use dengmi_parse::{Limits, certificate, read_certificate};

/// The object identifier of SM2, of the curve and of the algorithm (GM/T 0006).
pub(crate) const SM2: &str = "1.2.156.10197.1.301";

/// Certificates and keys of one side.
pub struct Identity {
    /// DER, in the order of the wire: in TLCP signing certificate, encryption certificate, authorities.
    pub certificates: Vec<Vec<u8>>,
    /// The key of the first certificate.
    pub signing: PrivateKey,
    /// The key of the second certificate; TLCP only.
    pub encryption: Option<PrivateKey>,
}

/// The public key in a certificate, unchecked.
///
/// # Errors
/// [`CryptoError::Key`] when the certificate cannot be read so far, [`CryptoError::Unsupported`] for a key that is
/// not RSA, EC or Ed25519.
pub fn public_key(certificate: &[u8]) -> Result<PublicKey, CryptoError> {
    let read = read_certificate(certificate, &Limits::default()).map_err(|_| CryptoError::Key)?;
    key_of(&read.value.key)
}

/// The same of a key that was read.
pub(crate) fn key_of(key: &certificate::PublicKey<'_>) -> Result<PublicKey, CryptoError> {
    let on = |curve| Ok(PublicKey::EllipticCurve { curve, point: key.bytes.to_vec() });
    match (&*key.algorithm.oid.to_string(), key.rsa) {
        ("1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10", Some(numbers)) => {
            Ok(PublicKey::Rsa { modulus: numbers.modulus.to_vec(), exponent: numbers.exponent.to_vec() })
        }
        ("1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10", None) => Err(CryptoError::Key),
        ("1.2.840.10045.2.1", _) => on(key.curve.map_or(Curve::Other, |curve| Curve::from_oid(&curve.to_string()))),
        // Some issuers name SM2 as the algorithm instead of the curve.
        (SM2, _) => on(Curve::Sm2),
        ("1.3.101.112", _) => Ok(PublicKey::Ed25519(key.bytes.to_vec())),
        _ => Err(CryptoError::Unsupported),
    }
}
