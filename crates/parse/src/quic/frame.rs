//! The frames that may stand in an Initial (RFC 9000 12.4, 19).

use std::ops::RangeInclusive;

use super::integer::{TooLarge, integer_length, read_integer, read_vector, wide, write_integer, write_vector};
use super::{FrameType, INTEGER_MOST, TransportErrorCode};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Reader, Reading};

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Frames of padding in a row.
    Padding {
        /// How many, one byte each.
        length: usize,
    },
    /// Wants an acknowledgement.
    Ping,
    /// Packets that have come.
    Ack(Ack),
    /// A piece of the handshake's stream.
    Crypto {
        /// Where in the stream it begins.
        offset: u64,
        /// The piece.
        data: &'a [u8],
    },
    /// The end of the connection.
    ConnectionClose(Close<'a>),
}

/// Packets that have come (RFC 9000 19.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Packet numbers, from the highest down; no two ranges touch. Never empty when it was read.
    pub ranges: Vec<RangeInclusive<u64>>,
    /// How long the acknowledgement waited, in a unit that the sender's parameters name.
    pub delay: u64,
    /// Packets that came with ECT(0), ECT(1) and CE.
    pub ecn: Option<[u64; 3]>,
}

/// Why a connection was closed (RFC 9000 19.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// The reason.
    pub error: TransportErrorCode,
    /// The kind of frame that was the reason; [`FrameType::PADDING`] where that is not known.
    pub frame_type: FrameType,
    /// Words for people, in UTF-8 if the sender keeps the rule.
    pub reason: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the payload of an Initial. Where a frame cannot be read, or is of a kind that has no place there, the rest is
    /// not read, since nothing says how long such a frame is.
    pub fn read_all(payload: &'a [u8], limits: &Limits) -> Reading<Vec<Frame<'a>>> {
        let (mut reader, mut defects) = (Reader::new(payload), Defects::new(limits));
        let mut frames = Vec::new();
        if reader.is_empty() {
            defects.note(0, DefectKind::Empty);
        }
        while !reader.is_empty() {
            if frames.len() == limits.frames {
                let (most, found) = (limits.frames, limits.frames.saturating_add(1));
                defects.note(reader.at(), DefectKind::Limit { limit: Limit::Frames, most, found });
                break;
            }
            let mut ahead = reader.clone();
            match frame(&mut ahead, &mut defects, limits) {
                Ok(frame) => frames.push(frame),
                Err(defect) => {
                    defects.push(defect);
                    break;
                }
            }
            reader = ahead;
        }
        defects.reading(frames, &reader)
    }

    /// Appends the frame.
    ///
    /// # Errors
    /// [`TooLarge`] for a number or length that an integer cannot hold, and for no ranges, or ranges that touch or are out
    /// of order.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLarge> {
        match self {
            Frame::Padding { length } => out.extend(std::iter::repeat_n(0, *length)),
            Frame::Ping => write_integer(out, FrameType::PING.0)?,
            Frame::Ack(ack) => ack.write(out)?,
            Frame::Crypto { offset, data } => {
                write_integer(out, FrameType::CRYPTO.0)?;
                write_integer(out, *offset)?;
                write_vector(out, data)?;
            }
            Frame::ConnectionClose(close) => {
                write_integer(out, FrameType::CONNECTION_CLOSE.0)?;
                write_integer(out, close.error.0)?;
                write_integer(out, close.frame_type.0)?;
                write_vector(out, close.reason)?;
            }
        }
        Ok(())
    }
}

fn frame<'a>(reader: &mut Reader<'a>, defects: &mut Defects, limits: &Limits) -> Result<Frame<'a>, Defect> {
    let at = reader.at();
    let kind = FrameType(read_integer(reader)?);
    // RFC 9000 12.4: a frame's type alone has to be as short as it can be.
    if reader.at().saturating_sub(at) > integer_length(kind.0) {
        defects.note(at, DefectKind::NotMinimal);
    }
    Ok(match kind {
        FrameType::PADDING => {
            let mut padding = reader.clone();
            let length = padding.rest().iter().take_while(|byte| **byte == 0).count();
            reader.take(length)?;
            Frame::Padding { length: reader.at().saturating_sub(at) }
        }
        FrameType::PING => Frame::Ping,
        FrameType::ACK | FrameType::ACK_ECN => Frame::Ack(Ack::read(reader, kind, limits)?),
        FrameType::CRYPTO => {
            let place = reader.at();
            let (offset, data) = (read_integer(reader)?, read_vector(reader)?);
            if offset.saturating_add(wide(data.len())) > INTEGER_MOST {
                defects.note(place, DefectKind::BeyondStream);
            }
            Frame::Crypto { offset, data }
        }
        FrameType::CONNECTION_CLOSE => Frame::ConnectionClose(Close {
            error: TransportErrorCode(read_integer(reader)?),
            frame_type: FrameType(read_integer(reader)?),
            reason: read_vector(reader)?,
        }),
        FrameType(number) => return Err(Defect { at, what: DefectKind::UnexpectedFrame(number) }),
    })
}

impl Ack {
    fn read(reader: &mut Reader<'_>, kind: FrameType, limits: &Limits) -> Result<Ack, Defect> {
        let (largest, delay) = (read_integer(reader)?, read_integer(reader)?);
        let count_at = reader.at();
        let count = read_integer(reader)?;
        let most = limits.ranges;
        if usize::try_from(count).map_or(true, |count| count >= most) {
            let found = usize::try_from(count).unwrap_or(usize::MAX).saturating_add(1);
            return Err(Defect { at: count_at, what: DefectKind::Limit { limit: Limit::Ranges, most, found } });
        }
        let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
        for _ in 0..=count {
            let below_zero = Defect { at: reader.at(), what: DefectKind::AckRange };
            let end = match ranges.last() {
                None => largest,
                // A gap of 0 stands for one packet that is missing (RFC 9000 19.3.1).
                Some(before) => {
                    let gap = read_integer(reader)?.saturating_add(2);
                    before.start().checked_sub(gap).ok_or(below_zero.clone())?
                }
            };
            let start = end.checked_sub(read_integer(reader)?).ok_or(below_zero)?;
            ranges.push(start..=end);
        }
        let ecn = match kind {
            FrameType::ACK_ECN => Some([read_integer(reader)?, read_integer(reader)?, read_integer(reader)?]),
            _ => None,
        };
        Ok(Ack { ranges, delay, ecn })
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLarge> {
        let kind = if self.ecn.is_some() { FrameType::ACK_ECN } else { FrameType::ACK };
        write_integer(out, kind.0)?;
        let mut ranges = self.ranges.iter();
        let Some(first) = ranges.next() else { return Err(TooLarge { value: 0, most: 0 }) };
        write_integer(out, *first.end())?;
        write_integer(out, self.delay)?;
        write_integer(out, wide(ranges.len()))?;
        write_integer(out, span(first)?)?;
        let mut before = first;
        for range in ranges {
            let too_large = TooLarge { value: *range.end(), most: before.start().saturating_sub(2) };
            let gap = before.start().checked_sub(*range.end()).and_then(|gap| gap.checked_sub(2));
            write_integer(out, gap.ok_or(too_large)?)?;
            write_integer(out, span(range)?)?;
            before = range;
        }
        self.ecn.iter().flatten().try_for_each(|count| write_integer(out, *count))
    }
}

/// The length of a range as it is written: one less than what it holds.
fn span(range: &RangeInclusive<u64>) -> Result<u64, TooLarge> {
    let too_large = TooLarge { value: *range.start(), most: *range.end() };
    range.end().checked_sub(*range.start()).ok_or(too_large)
}
