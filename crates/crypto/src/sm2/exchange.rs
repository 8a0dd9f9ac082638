//! Key exchange, GB/T 32918.3-2016. TLCP's ECDHE suites use it with the *encryption* keys of both sides; the TLCP
//! server is the initiator.

use ::sm2::elliptic_curve::Group;
use ::sm2::elliptic_curve::ops::Reduce;
use ::sm2::{FieldBytes, ProjectivePoint, Scalar};

use super::{PrivateKey, PublicKey, coordinates, kdf, uncompressed, x_and_y};
use crate::CryptoError;
use crate::hash::{Digest, Hash};

/// Who began the exchange: its values come first in every hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// User A of the standard.
    Initiator,
    /// User B.
    Responder,
}

/// All that one side knows when it computes the shared key.
pub struct Exchange<'a> {
    /// This side's role.
    pub role: Role,
    /// This side's long-term key.
    pub private: &'a PrivateKey,
    /// This side's ephemeral key r.
    pub ephemeral: &'a PrivateKey,
    /// This side's distinguishing identifier.
    pub identifier: &'a [u8],
    /// The other side's long-term key.
    pub peer: &'a PublicKey,
    /// The other side's ephemeral point R, already checked to lie on the curve.
    pub peer_ephemeral: &'a PublicKey,
    /// The other side's distinguishing identifier.
    pub peer_identifier: &'a [u8],
}

/// What both sides come to.
pub struct Exchanged {
    /// The shared key, of the length asked for.
    pub key: Vec<u8>,
    /// S1 = SB: the optional confirmation that the responder sends.
    pub responder_confirmation: Digest,
    /// S2 = SA: the optional confirmation that the initiator sends.
    pub initiator_confirmation: Digest,
}

impl Exchange<'_> {
    /// Computes the shared key of `length` bytes (GB/T 32918.3-2016, 6.1).
    ///
    /// # Errors
    /// [`CryptoError::Share`] when the common point is the neutral one, [`CryptoError::Length`] when an identifier is
    /// too long.
    pub fn agree(&self, length: usize) -> Result<Exchanged, CryptoError> {
        let own_point = self.ephemeral.public_key().point();
        let peer_point = self.peer_ephemeral.point();
        let t = *self.private.0 + short(&own_point) * *self.ephemeral.0;
        let base = self.peer.0.to_projective() + self.peer_ephemeral.0.to_projective() * short(&peer_point);
        let common: ProjectivePoint = base * t;
        if bool::from(common.is_identity()) {
            return Err(CryptoError::Share);
        }
        let common = uncompressed(&common.to_affine());
        let (x, y) = x_and_y(&common);

        let own_z = self.private.public_key().identity_hash(self.identifier)?;
        let peer_z = self.peer.identity_hash(self.peer_identifier)?;
        let ((z_a, point_a), (z_b, point_b)) = match self.role {
            Role::Initiator => ((own_z, own_point), (peer_z, peer_point)),
            Role::Responder => ((peer_z, peer_point), (own_z, own_point)),
        };
        let mut inner = Hash::Sm3.hasher();
        for piece in [x, &z_a, &z_b, coordinates(&point_a), coordinates(&point_b)] {
            inner.update(piece);
        }
        let inner = inner.finish();
        let confirmation = |first: u8| Hash::Sm3.digest(&[&[first], y, &inner].concat());
        Ok(Exchanged {
            key: kdf(&[x, y, &z_a, &z_b], length),
            responder_confirmation: confirmation(2),
            initiator_confirmation: confirmation(3),
        })
    }
}

/// 2^127 + (x mod 2^127): w = 127 for a group order of 256 bits.
fn short(point: &[u8; 65]) -> Scalar {
    let (x, _) = x_and_y(point);
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(x).skip(16) {
        *to = *from;
    }
    let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, top, ..] = &mut bytes;
    *top |= 0x80;
    Scalar::reduce(&FieldBytes::from(bytes))
}
