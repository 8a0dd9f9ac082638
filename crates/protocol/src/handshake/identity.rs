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

#[cfg(test)]
mod tests {
    use super::*;
    use dengmi_parse::certificate::{Algorithm, Oid};

    const POINT: [u8; 65] = [4; 65];

    fn check(oid: &[u8], curve: Option<&[u8]>, expected: Result<PublicKey, CryptoError>) {
        let algorithm = Algorithm { oid: Oid(oid), parameters: &[] };
        let key =
            certificate::PublicKey { raw: &[], algorithm, curve: curve.map(Oid), bits: None, bytes: &POINT, rsa: None };
        assert_eq!(key_of(&key), expected, "{}", Oid(oid));
    }

    #[test]
    fn keys_are_told_by_their_algorithm_and_curve() {
        const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
        const SM2: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d];
        let on = |curve| Ok(PublicKey::EllipticCurve { curve, point: POINT.to_vec() });
        check(EC, Some(SM2), on(Curve::Sm2));
        check(SM2, None, on(Curve::Sm2));
        check(EC, Some(&[0x2b, 0x81, 4, 0, 34]), on(Curve::P384));
        check(EC, None, on(Curve::Other));
        check(&[0x2b, 0x65, 0x70], None, Ok(PublicKey::Ed25519(POINT.to_vec())));
        check(&[0x2b, 0x65, 0x71], None, Err(CryptoError::Unsupported));
        check(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], None, Err(CryptoError::Key));
    }
}
