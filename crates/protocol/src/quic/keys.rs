//! Keys that follow from what is in clear (RFC 9001 5.2, 5.8; RFC 9369 3.3).

use dengmi_crypto::aead::{Aead, AeadAlgorithm, NONCE_LENGTH, TAG_LENGTH};
use dengmi_crypto::prf::{hkdf_expand_label, hkdf_extract};
use dengmi_crypto::{CryptoError, Hash};
use dengmi_parse::quic::{Body, LongPacket, Packet, QuicVersion};
use dengmi_parse::tls::Side;

/// Bytes of a key of AES-128, of packets and of their headers.
const KEY_LENGTH: usize = 16;

/// What the versions do not share.
struct Constants {
    salt: [u8; 20],
    key: &'static [u8],
    iv: &'static [u8],
    header: &'static [u8],
    retry_key: [u8; KEY_LENGTH],
    retry_nonce: [u8; NONCE_LENGTH],
}

/// RFC 9001 5.1, 5.2, 5.8.
const VERSION_1: Constants = Constants {
    salt: *b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
    key: b"quic key",
    iv: b"quic iv",
    header: b"quic hp",
    retry_key: *b"\xbe\x0c\x69\x0b\x9f\x66\x57\x5a\x1d\x76\x6b\x54\xe3\x68\xc8\x4e",
    retry_nonce: *b"\x46\x15\x99\xd3\x5d\x63\x2b\xf2\x23\x98\x25\xbb",
};

/// RFC 9369 3.3.1 to 3.3.3.
const VERSION_2: Constants = Constants {
    salt: *b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
    key: b"quicv2 key",
    iv: b"quicv2 iv",
    header: b"quicv2 hp",
    retry_key: *b"\x8f\xb4\xb0\x1b\x56\xac\x48\xe2\x60\xfb\xcb\xce\xad\x7c\xcc\x92",
    retry_nonce: *b"\xd8\x69\x69\xbc\x2d\x7c\x6d\x99\x90\xef\xb0\x4a",
};

impl Constants {
    fn of(version: QuicVersion) -> Option<&'static Constants> {
        match version {
            QuicVersion::V1 => Some(&VERSION_1),
            QuicVersion::V2 => Some(&VERSION_2),
            _ => None,
        }
    }
}

/// The keys of Initials of both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialKeys {
    /// Of what the client sends.
    pub client: PacketKeys,
    /// Of what the server sends.
    pub server: PacketKeys,
}

/// What protects the packets of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketKeys {
    /// The key of AES-128-GCM.
    pub key: [u8; KEY_LENGTH],
    /// What each nonce is made of.
    pub iv: [u8; NONCE_LENGTH],
    /// The key of the header's protection.
    pub header: [u8; KEY_LENGTH],
}

impl InitialKeys {
    /// From the destination connection id of the client's first Initial; after a Retry, from the Retry's source connection
    /// id, which is the destination of the Initial that follows it. A packet is opened with the keys of its own version,
    /// which a server may change (RFC 9368 2.3). `None`: the version's keys are not known here.
    pub fn new(version: QuicVersion, destination: &[u8]) -> Option<InitialKeys> {
        let constants = Constants::of(version)?;
        let initial = hkdf_extract(Hash::Sha256, &constants.salt, destination);
        let side = |label| PacketKeys::new(constants, &expand::<32>(&initial, label)?);
        Some(InitialKeys { client: side(b"client in").ok()?, server: side(b"server in").ok()? })
    }

    /// Those of one side.
    pub fn of(&self, side: Side) -> &PacketKeys {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl PacketKeys {
    fn new(constants: &Constants, secret: &[u8]) -> Result<PacketKeys, CryptoError> {
        Ok(PacketKeys {
            key: expand(secret, constants.key)?,
            iv: expand(secret, constants.iv)?,
            header: expand(secret, constants.header)?,
        })
    }

    pub(super) fn aead(&self) -> Result<Aead, CryptoError> {
        Aead::new(AeadAlgorithm::Aes128Gcm, &self.key)
    }

    /// The nonce of a packet (RFC 9001 5.3).
    pub(super) fn nonce(&self, number: u64) -> [u8; NONCE_LENGTH] {
        let mut nonce = self.iv;
        nonce.iter_mut().rev().zip(number.to_le_bytes()).for_each(|(byte, number)| *byte ^= number);
        nonce
    }
}

fn expand<const N: usize>(secret: &[u8], label: &[u8]) -> Result<[u8; N], CryptoError> {
    let bytes = hkdf_expand_label(Hash::Sha256, secret, label, &[], N)?;
    bytes.try_into().map_err(|_| CryptoError::Length)
}

/// Whether a Retry answers an Initial that was sent to the connection id `original`: only who saw that can make its tag
/// (RFC 9001 5.8). Also `false` for another packet.
pub fn retry_is_genuine(packet: &Packet<'_>, original: &[u8]) -> bool {
    let Some(LongPacket { version, body: Body::Retry { integrity_tag, .. }, .. }) = packet.long() else { return false };
    let start = packet.raw.len().checked_sub(TAG_LENGTH).and_then(|end| packet.raw.get(..end));
    let opened = start.and_then(|start| {
        let (aead, nonce, pseudo) = retry_parts(*version, original, start)?;
        aead.open(&nonce, &pseudo, integrity_tag).ok()
    });
    opened.is_some()
}

/// The tag that goes behind the bytes of a Retry. `None`: the version's key is not known here, or `original` is longer than
/// a connection id can be.
pub fn retry_tag(version: QuicVersion, original: &[u8], retry: &[u8]) -> Option<[u8; TAG_LENGTH]> {
    let (aead, nonce, pseudo) = retry_parts(version, original, retry)?;
    aead.seal(&nonce, &pseudo, &[]).ok()?.try_into().ok()
}

fn retry_parts(version: QuicVersion, original: &[u8], retry: &[u8]) -> Option<(Aead, [u8; NONCE_LENGTH], Vec<u8>)> {
    let constants = Constants::of(version)?;
    let aead = Aead::new(AeadAlgorithm::Aes128Gcm, &constants.retry_key).ok()?;
    let length = u8::try_from(original.len()).ok()?;
    Some((aead, constants.retry_nonce, [&[length], original, retry].concat()))
}
