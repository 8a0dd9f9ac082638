//! Certificates with their private keys, and public keys out of certificates.

use dengmi_crypto::{CryptoError, PrivateKey, PublicKey};

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
/// [`CryptoError::Key`] when the certificate cannot be read so far, [`CryptoError::Unsupported`] for a key that is not RSA, EC or Ed25519.
pub fn public_key(certificate: &[u8]) -> Result<PublicKey, CryptoError> {
    use x509_parser::oid_registry::{OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519};
    use x509_parser::public_key::PublicKey as Parsed;

    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).map_err(|_| CryptoError::Key)?;
    let info = certificate.public_key();
    let algorithm = &info.algorithm;
    if algorithm.algorithm == OID_PKCS1_RSAENCRYPTION {
        let Ok(Parsed::RSA(key)) = info.parsed() else { return Err(CryptoError::Key) };
        Ok(PublicKey::Rsa { modulus: key.modulus.to_vec(), exponent: key.exponent.to_vec() })
    } else if algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        let curve =
            curve.map_or(dengmi_crypto::Curve::Other, |oid| dengmi_crypto::Curve::from_oid(&oid.to_id_string()));
        Ok(PublicKey::EllipticCurve { curve, point: info.subject_public_key.data.to_vec() })
    } else if algorithm.algorithm == OID_SIG_ED25519 {
        Ok(PublicKey::Ed25519(info.subject_public_key.data.to_vec()))
    } else {
        Err(CryptoError::Unsupported)
    }
}
