//! Keys as a certificate or a key file gives them.

use rsa::pkcs8::{DecodePrivateKey, ObjectIdentifier, PrivateKeyInfoRef};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pkcs1v15Encrypt, RsaPrivateKey, RsaPublicKey};

use crate::{CryptoError, CryptoRng, sm2};

/// An elliptic curve, as far as signatures are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
    /// curveSM2.
    Sm2,
    /// One that is not computed here, as secp256k1, secp224r1 and the Brainpool curves.
    Other,
}

impl Curve {
    /// From the object identifier in a key's parameters, in dotted form (RFC 5480 section 2.1.1.1; GM/T 0006-2012 for
    /// SM2).
    pub fn from_oid(dotted: &str) -> Curve {
        match dotted {
            "1.2.840.10045.3.1.7" => Curve::P256,
            "1.3.132.0.34" => Curve::P384,
            "1.3.132.0.35" => Curve::P521,
            "1.2.156.10197.1.301" => Curve::Sm2,
            _ => Curve::Other,
        }
    }
}

/// Public key material as it stands in a SubjectPublicKeyInfo, unchecked: what is wrong with it shows when it is
/// used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// RSA, both numbers big-endian, leading zeros allowed.
    Rsa {
        /// n.
        modulus: Vec<u8>,
        /// e.
        exponent: Vec<u8>,
    },
    /// A point in SEC 1 form on a curve.
    EllipticCurve {
        /// The curve.
        curve: Curve,
        /// The point, uncompressed or compressed.
        point: Vec<u8>,
    },
    /// Ed25519, 32 bytes (RFC 8032).
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// Encrypts with RSAES-PKCS1-v1_5 (RFC 8017 section 7.2.1), as the RSA key exchange of TLS up to 1.2 does.
    /// Draws the padding in single bytes, zeros again.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] for another kind of key, [`CryptoError::Key`], [`CryptoError::Length`] for a
    /// message longer than the modulus less 11 bytes.
    pub fn encrypt_rsa(&self, message: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, CryptoError> {
        let PublicKey::Rsa { modulus, exponent } = self else {
            return Err(CryptoError::Unsupported);
        };
        let key = rsa_public_key(modulus, exponent)?;
        key.encrypt(rng, Pkcs1v15Encrypt, message).map_err(|_| CryptoError::Length)
    }

    /// The SM2 key in it, ready for use.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] for another kind of key, [`CryptoError::Key`] when the point is not on the curve.
    pub fn sm2(&self) -> Result<sm2::PublicKey, CryptoError> {
        match self {
            PublicKey::EllipticCurve { curve: Curve::Sm2, point } => sm2::PublicKey::from_point(point),
            _ => Err(CryptoError::Unsupported),
        }
    }
}

/// Sizes of a modulus, in bits, that are computed with. Weak keys are checked too: that a 512-bit key really signed
/// is a finding.
const RSA_SIZES: core::ops::RangeInclusive<usize> = 512..=8192;

/// [`CryptoError::Unsupported`] when the size is outside the range above.
pub(crate) fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Result<RsaPublicKey, CryptoError> {
    let modulus = BoxedUint::from_be_slice_vartime(modulus);
    let exponent = BoxedUint::from_be_slice_vartime(exponent);
    RsaPublicKey::new_with_size_limits(modulus, exponent, RSA_SIZES).map_err(|error| match error {
        rsa::Error::ModulusTooSmall | rsa::Error::ModulusTooLarge | rsa::Error::PublicExponentTooLarge => {
            CryptoError::Unsupported
        }
        _ => CryptoError::Key,
    })
}

/// A private key: of a server in the demo and in tests, of the operator's client pair, of a seal.
pub enum PrivateKey {
    /// RSA.
    Rsa(Box<RsaPrivateKey>),
    /// ECDSA on secp256r1.
    P256(p256::ecdsa::SigningKey),
    /// ECDSA on secp384r1.
    P384(p384::ecdsa::SigningKey),
    /// SM2.
    Sm2(sm2::PrivateKey),
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl PrivateKey {
    /// Reads an unencrypted PKCS#8 PrivateKeyInfo in DER (RFC 5958).
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] for another algorithm or curve, [`CryptoError::Key`] when it cannot be read.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<PrivateKey, CryptoError> {
        const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
        const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
        const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

        let info = PrivateKeyInfoRef::try_from(bytes).map_err(|_| CryptoError::Key)?;
        let algorithm = info.algorithm;
        match algorithm.oid {
            RSA => {
                RsaPrivateKey::from_pkcs8_der(bytes).map(Box::new).map(PrivateKey::Rsa).map_err(|_| CryptoError::Key)
            }
            ED25519 => ed25519_dalek::SigningKey::from_pkcs8_der(bytes)
                .map(Box::new)
                .map(PrivateKey::Ed25519)
                .map_err(|_| CryptoError::Key),
            EC => {
                let curve = algorithm.parameters_oid().map_err(|_| CryptoError::Key)?;
                match Curve::from_oid(&curve.to_string()) {
                    Curve::P256 => p256::SecretKey::from_pkcs8_der(bytes)
                        .map(|key| PrivateKey::P256(key.into()))
                        .map_err(|_| CryptoError::Key),
                    Curve::P384 => p384::SecretKey::from_pkcs8_der(bytes)
                        .map(|key| PrivateKey::P384(key.into()))
                        .map_err(|_| CryptoError::Key),
                    Curve::Sm2 => {
                        let key = ::sm2::SecretKey::from_pkcs8_der(bytes).map_err(|_| CryptoError::Key)?;
                        sm2::PrivateKey::from_bytes(&key.to_bytes()).map(PrivateKey::Sm2)
                    }
                    Curve::P521 | Curve::Other => Err(CryptoError::Unsupported),
                }
            }
            _ => Err(CryptoError::Unsupported),
        }
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        let elliptic = |curve, point: &[u8]| PublicKey::EllipticCurve { curve, point: point.to_vec() };
        match self {
            PrivateKey::Rsa(key) => {
                PublicKey::Rsa { modulus: key.n_bytes().to_vec(), exponent: key.e_bytes().to_vec() }
            }
            PrivateKey::P256(key) => elliptic(Curve::P256, key.verifying_key().to_sec1_point(false).as_bytes()),
            PrivateKey::P384(key) => elliptic(Curve::P384, key.verifying_key().to_sec1_point(false).as_bytes()),
            PrivateKey::Sm2(key) => elliptic(Curve::Sm2, &key.public_key().point()),
            PrivateKey::Ed25519(key) => PublicKey::Ed25519(key.verifying_key().as_bytes().to_vec()),
        }
    }

    /// Decrypts RSAES-PKCS1-v1_5. Wrong padding is not an error but gives another, fixed message for the same
    /// ciphertext (implicit rejection): the peer must not learn whether the padding was right.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] for another kind of key, [`CryptoError::Ciphertext`] for a wrong length.
    pub fn decrypt_rsa(&self, ciphertext: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, CryptoError> {
        match self {
            PrivateKey::Rsa(key) => {
                key.decrypt_blinded(rng, Pkcs1v15Encrypt, ciphertext).map_err(|_| CryptoError::Ciphertext)
            }
            _ => Err(CryptoError::Unsupported),
        }
    }

    /// The SM2 key, when it is one.
    pub fn sm2(&self) -> Option<&sm2::PrivateKey> {
        match self {
            PrivateKey::Sm2(key) => Some(key),
            _ => None,
        }
    }
}
