//! One Initial: its protection taken off and put on (RFC 9001 5.3, 5.4).

use super::keys::PacketKeys;
use dengmi_crypto::CryptoError;
use dengmi_crypto::aead::TAG_LENGTH;
use dengmi_crypto::block::BlockCipher;
use dengmi_parse::quic::{Body, Frame, LongPacket, Packet, PacketType, QuicVersion, TooLarge, integer_length};
use dengmi_parse::{Defect, DefectKind, Limits, Reading};

/// Bytes of the longest packet number. What the mask is made of begins so far behind the start of the number, however long
/// it is.
const NUMBER_MOST: usize = 4;
/// Bytes that the mask is made of.
const SAMPLE: usize = 16;
/// The bits of a long packet's first byte that are protected.
const PROTECTED_BITS: u8 = 0x0f;
/// Those of them that mean nothing (RFC 9000 17.2).
const RESERVED_BITS: u8 = 0x0c;

/// What was in an Initial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The packet number.
    pub number: u64,
    /// The reserved bits of the first byte, which are zero.
    pub reserved_bits: u8,
    /// The frames.
    pub payload: Vec<u8>,
}

impl Opened {
    /// The frames, read. Places of defects count from the start of the payload.
    pub fn frames(&self, limits: &Limits) -> Reading<Vec<Frame<'_>>> {
        let mut reading = Frame::read_all(&self.payload, limits);
        if self.reserved_bits != 0 {
            reading.defects.insert(0, Defect { at: 0, what: DefectKind::ReservedBits(self.reserved_bits) });
        }
        reading
    }
}

/// Why an Initial was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// Another packet.
    #[error("not an Initial")]
    NotInitial,
    /// Less than the shortest that can be protected.
    #[error("too short for a protected packet")]
    Short,
    /// Other keys, or altered on the way.
    #[error("the packet is not authentic")]
    NotAuthentic,
}

/// Opens an Initial with the keys of its sender. `largest` is the largest number of the sender's Initials that was opened
/// before: numbers are cut to what their receiver needs (RFC 9000 A.3).
///
/// # Errors
/// [`NotOpened`].
pub fn open_initial(packet: &Packet<'_>, keys: &PacketKeys, largest: Option<u64>) -> Result<Opened, NotOpened> {
    let Some(LongPacket { first, body: Body::Initial { protected, .. }, .. }) = packet.long() else {
        return Err(NotOpened::NotInitial);
    };
    let number_at = packet.raw.len().checked_sub(protected.len()).ok_or(NotOpened::Short)?;
    let mask = mask(keys, protected).ok_or(NotOpened::Short)?;
    let bits = (first ^ mask[0]) & PROTECTED_BITS;
    let length = usize::from(bits & 3) + 1;
    let mut header = packet.raw.get(..number_at + length).ok_or(NotOpened::Short)?.to_vec();
    put_on(&mut header, number_at, mask);
    let cut = header.iter().skip(number_at).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let number = whole_number(cut, length, largest.map_or(0, |largest| largest.saturating_add(1)));
    let sealed = protected.get(length..).ok_or(NotOpened::Short)?;
    let aead = keys.aead().map_err(|_| NotOpened::NotAuthentic)?;
    let payload = aead.open(&keys.nonce(number), &header, sealed).map_err(|_| NotOpened::NotAuthentic)?;
    Ok(Opened { number, reserved_bits: bits & RESERVED_BITS, payload })
}

/// The number nearest to `expected` that ends in the `length` bytes of `cut` (RFC 9000 A.3).
fn whole_number(cut: u64, length: usize, expected: u64) -> u64 {
    let window = 1_u64 << (8 * length);
    let near = expected & !(window - 1) | cut;
    if near.saturating_add(window / 2) <= expected && near < (1 << 62) - window {
        near + window
    } else if near > expected.saturating_add(window / 2) && near >= window {
        near - window
    } else {
        near
    }
}

/// Of what an Initial is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initial<'a> {
    /// The version.
    pub version: QuicVersion,
    /// The receiver's connection id.
    pub destination: &'a [u8],
    /// The sender's connection id.
    pub source: &'a [u8],
    /// What an earlier Retry demanded.
    pub token: &'a [u8],
    /// The packet number.
    pub number: u64,
    /// In how many bytes it goes, 1 to 4.
    pub number_length: u8,
}

impl Initial<'_> {
    /// Bytes of the packet beside its payload, which is shorter than 16 KiB.
    pub(super) fn beside_payload(&self) -> usize {
        let token = u64::try_from(self.token.len()).unwrap_or(u64::MAX);
        // First byte, version, and the lengths of two connection ids and of what is protected.
        let fixed = 1 + 4 + 2 + 2 + TAG_LENGTH + usize::from(self.number_length);
        [self.destination.len(), self.source.len(), integer_length(token), self.token.len()]
            .into_iter()
            .fold(fixed, usize::saturating_add)
    }
}

/// Why an Initial was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSealed {
    /// Something does not fit its field.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The payload is too short to be protected, or the length of the packet number is none.
    #[error("the packet is too short to be protected")]
    Short,
    /// The key cannot be used.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// An Initial with `payload`, which are written frames, under the keys of its sender.
///
/// # Errors
/// [`NotSealed`].
pub fn seal_initial(initial: &Initial<'_>, payload: &[u8], keys: &PacketKeys) -> Result<Vec<u8>, NotSealed> {
    let length = usize::from(initial.number_length);
    let number = initial.number.to_be_bytes();
    let number = number.len().checked_sub(length).and_then(|start| number.get(start..)).ok_or(NotSealed::Short)?;
    if !(1..=NUMBER_MOST).contains(&length) {
        return Err(NotSealed::Short);
    }
    let plain = [number, payload, &[0; TAG_LENGTH]].concat();
    let first = PacketType::Initial.first(initial.version, initial.number_length);
    let Initial { version, destination, source, token, .. } = *initial;
    let mut packet = Vec::new();
    LongPacket { first, version, destination, source, body: Body::Initial { token, protected: &plain } }
        .write(&mut packet)?;
    let number_at = packet.len().saturating_sub(plain.len());
    packet.truncate(number_at + length);
    let sealed = keys.aead()?.seal(&keys.nonce(initial.number), &packet, payload)?;
    packet.extend(sealed);
    let mask = packet.get(number_at..).and_then(|protected| mask(keys, protected)).ok_or(NotSealed::Short)?;
    let (header, _) = packet.split_at_mut(number_at + length);
    put_on(header, number_at, mask);
    Ok(packet)
}

/// The mask of a packet, from its protected part (RFC 9001 5.4.3).
fn mask(keys: &PacketKeys, protected: &[u8]) -> Option<[u8; SAMPLE]> {
    let mut block = *protected.get(NUMBER_MOST..)?.first_chunk::<SAMPLE>()?;
    BlockCipher::Aes128.encrypt_block(&keys.header, &mut block).ok()?;
    Some(block)
}

/// Puts the mask on a header that ends with the packet number, or takes it off.
fn put_on(header: &mut [u8], number_at: usize, mask: [u8; SAMPLE]) {
    let (first, number) = mask.split_at(1);
    header.iter_mut().zip(first).for_each(|(byte, mask)| *byte ^= mask & PROTECTED_BITS);
    header.iter_mut().skip(number_at).zip(number).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_for_the_nearest_to_what_is_expected() {
        for (cut, length, expected, number) in [
            // RFC 9000 A.3.
            (0x9b32, 2, 0xa82f_30eb, 0xa82f_9b32),
            (2, 4, 0, 2),
            (0xff, 1, 0, 0xff),
            (0, 1, 0xff, 0x100),
            (0xfe, 1, 0x102, 0xfe),
            (0x80, 1, 0x100, 0x180),
            (0x81, 1, 0x100, 0x81),
            (0, 1, (1 << 62) - 1, (1 << 62) - 256),
        ] {
            assert_eq!(whole_number(cut, length, expected), number, "{cut:x} {length} {expected:x}");
        }
    }
}
