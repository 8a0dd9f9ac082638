//! Ephemeral Diffie-Hellman shares of TLS: X25519 (RFC 7748), the NIST curves, and plain ECDH on curveSM2 (RFC 8998).

use p256::elliptic_curve::CurveAffine;
use p256::elliptic_curve::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey};

use crate::{CryptoError, CryptoRng, draw, sm2};

/// A group for key agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgreementGroup {
    /// X25519, RFC 7748.
    X25519,
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
    /// curveSM2, GB/T 32918.5.
    Sm2,
}

/// A key used for one handshake.
pub struct EphemeralKey {
    group: AgreementGroup,
    secret: Secret,
}

enum Secret {
    X25519([u8; 32]),
    P256(SecretKey<p256::NistP256>),
    P384(SecretKey<p384::NistP384>),
    P521(Box<SecretKey<p521::NistP521>>),
    Sm2(sm2::PrivateKey),
    /// One, as everybody knows.
    One,
}

impl EphemeralKey {
    /// The key whose secret is one: its share is the group's base point, and what it agrees on is the peer's own share. It
    /// costs no arithmetic and hides nothing, which is enough for whoever only looks at what a server answers.
    pub fn one(group: AgreementGroup) -> EphemeralKey {
        EphemeralKey { group, secret: Secret::One }
    }

    /// Draws a key: 32, 48 or 66 bytes, again while they are out of range (of the 66 bytes the seven highest bits are
    /// dropped).
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate(group: AgreementGroup, rng: &mut dyn CryptoRng) -> Result<EphemeralKey, CryptoError> {
        let secret = match group {
            AgreementGroup::X25519 => Secret::X25519(draw(rng, |bytes: &[u8; 32]| Some(*bytes))?),
            AgreementGroup::P256 => Secret::P256(draw(rng, |bytes: &[u8; 32]| SecretKey::from_slice(bytes).ok())?),
            AgreementGroup::P384 => Secret::P384(draw(rng, |bytes: &[u8; 48]| SecretKey::from_slice(bytes).ok())?),
            AgreementGroup::P521 => Secret::P521(Box::new(draw(rng, |bytes: &[u8; 66]| {
                let mut bytes = *bytes;
                let [top, ..] = &mut bytes;
                *top &= 1;
                SecretKey::from_slice(&bytes).ok()
            })?)),
            AgreementGroup::Sm2 => Secret::Sm2(sm2::PrivateKey::generate(rng)?),
        };
        Ok(EphemeralKey { group, secret })
    }

    /// Its group.
    pub fn group(&self) -> AgreementGroup {
        self.group
    }

    /// The share for the peer: 32 bytes for X25519, else `04 x y`.
    pub fn share(&self) -> Vec<u8> {
        match &self.secret {
            Secret::X25519(secret) => x25519_dalek::x25519(*secret, x25519_dalek::X25519_BASEPOINT_BYTES).to_vec(),
            Secret::P256(secret) => point(secret),
            Secret::P384(secret) => point(secret),
            Secret::P521(secret) => point(secret),
            Secret::Sm2(secret) => secret.public_key().point().to_vec(),
            Secret::One => match self.group {
                AgreementGroup::X25519 => x25519_dalek::X25519_BASEPOINT_BYTES.to_vec(),
                AgreementGroup::P256 => base_point::<p256::NistP256>(),
                AgreementGroup::P384 => base_point::<p384::NistP384>(),
                AgreementGroup::P521 => base_point::<p521::NistP521>(),
                AgreementGroup::Sm2 => base_point::<::sm2::Sm2>(),
            },
        }
    }

    /// The shared secret: the x coordinate with its leading zeros (RFC 8446 section 7.4).
    ///
    /// # Errors
    /// [`CryptoError::Share`] when the peer's share has another length or form, is not on the curve, or leads to the
    /// all-zero secret.
    pub fn agree(&self, peer: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match &self.secret {
            Secret::X25519(secret) => {
                let peer = peer.try_into().map_err(|_| CryptoError::Share)?;
                let shared = x25519_dalek::x25519(*secret, peer);
                // RFC 7748 section 6.1: a point of small order gives zero whatever our key is.
                if shared.iter().all(|byte| *byte == 0) { Err(CryptoError::Share) } else { Ok(shared.to_vec()) }
            }
            Secret::P256(secret) => shared(secret, peer),
            Secret::P384(secret) => shared(secret, peer),
            Secret::P521(secret) => shared(secret, peer),
            Secret::Sm2(secret) => {
                if peer.len() != 65 {
                    return Err(CryptoError::Share);
                }
                let peer = sm2::PublicKey::from_point(peer).map_err(|_| CryptoError::Share)?;
                Ok(secret.agree(&peer).to_vec())
            }
            Secret::One => {
                let (coordinate, pointed) = match self.group {
                    AgreementGroup::X25519 => (32, false),
                    AgreementGroup::P256 | AgreementGroup::Sm2 => (32, true),
                    AgreementGroup::P384 => (48, true),
                    AgreementGroup::P521 => (66, true),
                };
                // `04 x y`, or the one coordinate alone.
                let x =
                    if pointed { peer.strip_prefix(&[4]).filter(|xy| xy.len() == 2 * coordinate) } else { Some(peer) };
                let x = x.and_then(|x| x.get(..coordinate)).filter(|_| pointed || peer.len() == coordinate);
                x.map(<[u8]>::to_vec).ok_or(CryptoError::Share)
            }
        }
    }

    /// The SM2 key when the group is curveSM2: the key exchange of TLCP needs it beside the long-term key.
    pub fn sm2(&self) -> Option<&sm2::PrivateKey> {
        match &self.secret {
            Secret::Sm2(secret) => Some(secret),
            _ => None,
        }
    }
}

fn base_point<C>() -> Vec<u8>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    AffinePoint::<C>::generator().to_sec1_point(false).as_bytes().to_vec()
}

fn point<C>(secret: &SecretKey<C>) -> Vec<u8>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    secret.public_key().to_sec1_point(false).as_bytes().to_vec()
}

fn shared<C>(secret: &SecretKey<C>, peer: &[u8]) -> Result<Vec<u8>, CryptoError>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    // TLS 1.3 and RFC 8422 allow the uncompressed form only.
    if peer.first() != Some(&4) {
        return Err(CryptoError::Share);
    }
    let peer = PublicKey::<C>::from_sec1_bytes(peer).map_err(|_| CryptoError::Share)?;
    Ok(diffie_hellman(secret.to_nonzero_scalar(), peer.as_affine()).raw_secret_bytes().to_vec())
}
