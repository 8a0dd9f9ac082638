//! Binary packets in clear (RFC 4253 6).

use crate::reading::{Defect, DefectKind, Limit, Limits, Reader};

/// Bytes of padding that there must be.
const LEAST_PADDING: usize = 4;

/// A packet before the keys are on: no MAC behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The message, number first.
    pub payload: &'a [u8],
    /// Bytes of padding.
    pub padding: usize,
}

impl<'a> Packet<'a> {
    /// Takes the packet at the start of `bytes`. `None`: it is not all there.
    ///
    /// # Errors
    /// [`DefectKind::PacketLength`], [`DefectKind::Padding`] and [`Limits::message`]: where the next packet starts is lost.
    pub fn next(bytes: &'a [u8], limits: &Limits) -> Result<Option<Packet<'a>>, Defect> {
        let mut reader = Reader::new(bytes);
        let Ok(announced) = reader.u32() else { return Ok(None) };
        let length = usize::try_from(announced).unwrap_or(usize::MAX);
        if length > limits.message {
            let what = DefectKind::Limit { limit: Limit::Message, most: limits.message, found: length };
            return Err(Defect { at: 0, what });
        }
        let Ok(inside) = reader.take(length) else { return Ok(None) };
        match Packet::read(inside) {
            None => Err(Defect { at: 0, what: DefectKind::PacketLength(announced) }),
            Some(packet) if packet.padding < LEAST_PADDING => {
                let padding = u8::try_from(packet.padding).unwrap_or_default();
                Err(Defect { at: 4, what: DefectKind::Padding(padding) })
            }
            Some(packet) => Ok(Some(packet)),
        }
    }

    /// Takes the inside of a packet apart: length of the padding, payload, padding. For packets in clear and for such as have
    /// been opened.
    pub fn read(inside: &'a [u8]) -> Option<Packet<'a>> {
        let (&padding, rest) = inside.split_first()?;
        let padding = usize::from(padding);
        let payload = rest.get(..rest.len().checked_sub(padding)?)?;
        (!payload.is_empty()).then_some(Packet { payload, padding })
    }

    /// Bytes of the whole packet with its length field.
    pub fn size(&self) -> usize {
        self.payload.len().saturating_add(self.padding).saturating_add(5)
    }
}
