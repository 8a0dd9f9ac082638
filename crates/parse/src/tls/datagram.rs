//! Records of DTLS out of datagrams, and handshake messages out of their fragments.
//!
//! DTLS 1.3 protects records under a short header whose numbers are hidden too (RFC 9147 4); of those only the epoch's low
//! bits are told.

use std::collections::BTreeMap;
use std::ops::Range;

use dengmi_core::Version;

use super::message::TooLong;
use super::record::{MESSAGE_HEADER, Message, within};
use super::{ContentType, Dialect, HandshakeType};
use crate::reading::{Defect, DefectKind, Limit, Limits, Reader};

/// Bytes of a record's header (RFC 6347 4.1).
pub const DATAGRAM_RECORD_HEADER: usize = 13;

/// Bytes of a fragment's header (RFC 6347 4.2.2).
pub const FRAGMENT_HEADER: usize = 12;

/// Messages ahead of the next one that are kept. A flight has fewer.
const AHEAD: u16 = 16;

/// One record of DTLS, its fragment as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatagramRecord<'a> {
    /// What it holds.
    pub content: ContentType,
    /// The version in its header.
    pub version: Version,
    /// Counts the changes of keys; 0 is in clear.
    pub epoch: u16,
    /// Its number in the epoch, 48 bits; 0 where it is hidden.
    pub sequence: u64,
    /// The fragment, protected from epoch 1 on.
    pub fragment: &'a [u8],
}

impl<'a> DatagramRecord<'a> {
    /// The record at the front of what is left of a datagram.
    ///
    /// # Errors
    /// [`DefectKind::NotTls`] for what is no record, [`DefectKind::Short`], [`DefectKind::Limit`]. The rest of the datagram
    /// cannot be read then.
    pub fn read(reader: &mut Reader<'a>, limits: &Limits) -> Result<Self, Defect> {
        let at = reader.at();
        let first = reader.peek().unwrap_or_default();
        if first >> 5 == 1 {
            return Self::hidden(reader, limits);
        }
        let mut ahead = reader.clone();
        let (content, version) = (ContentType(ahead.u8()?), Version(ahead.u16()?));
        if content.name().is_none() || Dialect::of(version) != Some(Dialect::Dtls) {
            return Err(Defect { at, what: DefectKind::NotTls { first } });
        }
        let epoch = ahead.u16()?;
        let [a, b, c, d, e, f] = ahead.array()?;
        let sequence = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let length_at = ahead.at();
        let mut fragment = ahead.vector16()?;
        within(limits.record, Limit::Record, fragment.left(), length_at)?;
        *reader = ahead;
        Ok(DatagramRecord { content, version, epoch, sequence, fragment: fragment.rest() })
    }

    /// A record under the header of RFC 9147 4: 001, connection id, two bytes of number, a length, the epoch's two bits.
    fn hidden(reader: &mut Reader<'a>, limits: &Limits) -> Result<Self, Defect> {
        let mut ahead = reader.clone();
        let first = ahead.u8()?;
        let numbered = if first & 0b1000 == 0 { 1 } else { 2 };
        // How long a connection id is stands nowhere: the record is taken for the rest of the datagram.
        let fragment = if first & 0b1_0000 == 0 && first & 0b100 != 0 {
            ahead.take(numbered)?;
            ahead.vector16()?.rest()
        } else {
            ahead.rest()
        };
        within(limits.record, Limit::Record, fragment.len(), reader.at())?;
        *reader = ahead;
        let epoch = u16::from(first & 0b11);
        Ok(DatagramRecord {
            content: ContentType::APPLICATION_DATA,
            version: Version::DTLS_1_2,
            epoch: epoch.max(1),
            sequence: 0,
            fragment,
        })
    }

    /// Appends the record.
    ///
    /// # Errors
    /// [`TooLong`] when the fragment has more than 65,535 bytes.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let length = self.fragment.len();
        let length = u16::try_from(length).map_err(|_| TooLong { length, width: 2 })?;
        out.push(self.content.0);
        out.extend(self.version.0.to_be_bytes());
        out.extend(self.epoch.to_be_bytes());
        out.extend(self.sequence.to_be_bytes().iter().skip(2));
        out.extend(length.to_be_bytes());
        out.extend_from_slice(self.fragment);
        Ok(())
    }
}

/// Cuts a run of records into datagrams of at most `most` bytes; a record that is longer goes alone. What is no record
/// goes with what stands before it.
pub fn datagrams<'a>(records: &'a [u8], most: usize, limits: &Limits) -> Vec<&'a [u8]> {
    let mut cut = Vec::new();
    let mut reader = Reader::new(records);
    let (mut start, mut end) = (0, 0);
    while DatagramRecord::read(&mut reader, limits).is_ok() {
        if reader.at().saturating_sub(start) > most && end > start {
            cut.extend(records.get(start..end));
            start = end;
        }
        end = reader.at();
    }
    cut.extend(records.get(start..).filter(|rest| !rest.is_empty()));
    cut
}

/// A piece of a handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// What the message is.
    pub kind: HandshakeType,
    /// Bytes of the whole message's body.
    pub length: usize,
    /// The message's number in its direction.
    pub sequence: u16,
    /// Where in the body these bytes stand.
    pub offset: usize,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// The fragment at the front of a record.
    ///
    /// # Errors
    /// [`DefectKind::Short`] when the bytes are not all there or reach behind the message's end, [`DefectKind::Limit`] for
    /// a message longer than [`Limits::message`].
    pub fn read(reader: &mut Reader<'a>, limits: &Limits) -> Result<Self, Defect> {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let mut ahead = reader.clone();
        let kind = HandshakeType(ahead.u8()?);
        let at = ahead.at();
        let length = size(ahead.u24()?);
        within(limits.message, Limit::Message, length, at)?;
        let sequence = ahead.u16()?;
        let at = ahead.at();
        let offset = size(ahead.u24()?);
        let mut bytes = ahead.vector24()?;
        let end = offset.saturating_add(bytes.left());
        if end > length {
            return Err(Defect { at, what: DefectKind::Short { wanted: end, left: length } });
        }
        *reader = ahead;
        Ok(Fragment { kind, length, sequence, offset, bytes: bytes.rest() })
    }

    /// Appends the fragment.
    ///
    /// # Errors
    /// [`TooLong`] when a length has more than three bytes.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        out.push(self.kind.0);
        out.extend(three(self.length)?);
        out.extend(self.sequence.to_be_bytes());
        out.extend(three(self.offset)?);
        out.extend(three(self.bytes.len())?);
        out.extend_from_slice(self.bytes);
        Ok(())
    }
}

fn three(length: usize) -> Result<[u8; 3], TooLong> {
    let number = u32::try_from(length).map_err(|_| TooLong { length, width: 3 })?;
    match number.to_be_bytes() {
        [0, high, middle, low] => Ok([high, middle, low]),
        _ => Err(TooLong { length, width: 3 }),
    }
}

/// Puts the handshake messages of one direction together, whatever the order in which their fragments come, and gives them
/// in the order of their numbers. What was given already is ignored when it comes again.
#[derive(Clone, Debug, Default)]
pub struct FragmentAssembler {
    /// The number of the message that is due; `None` while nothing has come.
    next: Option<u16>,
    begun: BTreeMap<u16, Begun>,
    /// Bytes in `begun`.
    held: usize,
}

#[derive(Clone, Debug)]
struct Begun {
    kind: HandshakeType,
    length: usize,
    /// Header as of TLS, then the body as far as it is known.
    bytes: Vec<u8>,
    /// What of the body is there, in order, none touching another.
    there: Vec<Range<usize>>,
}

impl FragmentAssembler {
    /// Takes a fragment.
    ///
    /// # Errors
    /// [`DefectKind::Overlap`] for bytes that differ from those that came first, which stay; [`DefectKind::Limit`] for what
    /// is left out: more than [`Limits::handshake`] bytes kept at a time, or more than [`Limits::pieces`] pieces of one message.
    pub fn take(&mut self, fragment: &Fragment<'_>, limits: &Limits) -> Result<(), Defect> {
        let starts = matches!(
            fragment.kind,
            HandshakeType::CLIENT_HELLO | HandshakeType::HELLO_VERIFY_REQUEST | HandshakeType::SERVER_HELLO
        );
        let next = *self.next.get_or_insert(if starts { fragment.sequence } else { 0 });
        let ahead = fragment.sequence.wrapping_sub(next);
        if ahead >= AHEAD {
            return Ok(());
        }
        let missing = MESSAGE_HEADER.saturating_add(fragment.offset).saturating_add(fragment.bytes.len());
        let size = self.begun.get(&fragment.sequence).map_or(0, |begun| begun.bytes.len());
        let held = self.held.saturating_add(missing.saturating_sub(size));
        within(limits.handshake, Limit::Handshake, held, 0)?;
        let begun = self.begun.entry(fragment.sequence).or_insert_with(|| Begun {
            kind: fragment.kind,
            length: fragment.length,
            bytes: Vec::new(),
            there: Vec::new(),
        });
        if (begun.kind, begun.length) != (fragment.kind, fragment.length) {
            return Err(Defect { at: 0, what: DefectKind::Overlap });
        }
        if begun.bytes.len() < missing {
            begun.bytes.resize(missing, 0);
            self.held = held;
        }
        begun.add(fragment, limits)
    }

    /// The next message, once it is whole.
    pub fn take_message(&mut self) -> Option<Message<'static>> {
        let next = self.next?;
        if !self.begun.get(&next)?.is_whole() {
            return None;
        }
        let begun = self.begun.remove(&next)?;
        self.held = self.held.saturating_sub(begun.bytes.len());
        self.next = Some(next.wrapping_add(1));
        let (kind, mut bytes) = (begun.kind, begun.bytes);
        let header = bytes.get_mut(..MESSAGE_HEADER)?;
        let [high, middle, low] = three(begun.length).ok()?;
        header.copy_from_slice(&[kind.0, high, middle, low]);
        Some(Message { kind, bytes: bytes.into() })
    }

    /// The number of the message that was given last.
    pub fn last(&self) -> Option<u16> {
        self.next.map(|next| next.wrapping_sub(1))
    }

    /// Whether nothing unfinished is kept.
    pub fn is_between(&self) -> bool {
        self.begun.is_empty()
    }
}

impl Begun {
    fn is_whole(&self) -> bool {
        match self.there.as_slice() {
            [] => self.length == 0 && self.bytes.len() == MESSAGE_HEADER,
            [all] => *all == (0..self.length),
            _ => false,
        }
    }

    /// Copies what is new: the first copy wins.
    fn add(&mut self, fragment: &Fragment<'_>, limits: &Limits) -> Result<(), Defect> {
        let range = fragment.offset..fragment.offset.saturating_add(fragment.bytes.len());
        if range.is_empty() {
            return Ok(());
        }
        let touches = |there: &Range<usize>| there.start <= range.end && range.start <= there.end;
        let touched = self.there.iter().position(touches);
        if touched.is_none() && self.there.len() >= limits.pieces {
            let found = self.there.len().saturating_add(1);
            let what = DefectKind::Limit { limit: Limit::Pieces, most: limits.pieces, found };
            return Err(Defect { at: 0, what });
        }
        let mut differs = false;
        let mut merged = range.clone();
        let mut left = Vec::with_capacity(self.there.len().saturating_add(1));
        let mut known = Vec::new();
        for there in self.there.drain(..) {
            if there.start <= range.end && range.start <= there.end {
                merged = merged.start.min(there.start)..merged.end.max(there.end);
                known.push(there);
            } else {
                left.push(there);
            }
        }
        for (at, &byte) in range.clone().zip(fragment.bytes) {
            let Some(place) = self.bytes.get_mut(at.saturating_add(MESSAGE_HEADER)) else { break };
            // Ranges that touch are few, and in order.
            match known.iter().any(|there| there.contains(&at)) {
                true => differs |= *place != byte,
                false => *place = byte,
            }
        }
        let position = left.iter().position(|there| there.start > merged.start).unwrap_or(left.len());
        left.insert(position, merged);
        self.there = left;
        if differs { Err(Defect { at: 0, what: DefectKind::Overlap }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { record: 300, message: 40, handshake: 100, pieces: 3, ..Limits::DEFAULT };

    fn fragment(sequence: u16, offset: usize, bytes: &[u8]) -> Fragment<'_> {
        Fragment { kind: HandshakeType::CERTIFICATE, length: 10, sequence, offset, bytes }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let record = DatagramRecord {
            content: ContentType::HANDSHAKE,
            version: Version::DTLS_1_2,
            epoch: 1,
            sequence: 0xffff_ffff_fffe,
            fragment: &[7; 300],
        };
        let mut datagram = Vec::new();
        record.write(&mut datagram).unwrap();
        assert_eq!(datagram.len(), DATAGRAM_RECORD_HEADER + 300);
        record.write(&mut datagram).unwrap();
        let mut reader = Reader::new(&datagram);
        assert_eq!(DatagramRecord::read(&mut reader, &LIMITS), Ok(record));
        assert_eq!(DatagramRecord::read(&mut reader, &LIMITS), Ok(record));
        assert!(reader.is_empty());
        let one_above = DatagramRecord { fragment: &[7; 301], ..record };
        let mut datagram = Vec::new();
        one_above.write(&mut datagram).unwrap();
        let what = DefectKind::Limit { limit: Limit::Record, most: 300, found: 301 };
        assert_eq!(DatagramRecord::read(&mut Reader::new(&datagram), &LIMITS), Err(Defect { at: 11, what }));
    }

    #[test]
    fn records_of_streams_and_other_protocols_are_none_of_datagrams() {
        for (bytes, first) in [(&[22, 3, 3, 0, 1, 0][..], 22), (b"SSH-2.0-", b'S'), (&[0xc3; 40], 0xc3)] {
            let defect = DatagramRecord::read(&mut Reader::new(bytes), &LIMITS).unwrap_err();
            assert_eq!(defect.what, DefectKind::NotTls { first }, "{bytes:?}");
        }
        let hidden = [0b0010_1110, 9, 9, 0, 2, 5, 5, 0b0010_0011, 8, 8];
        let mut reader = Reader::new(&hidden);
        let read: Vec<_> = (0..2).map(|_| DatagramRecord::read(&mut reader, &LIMITS).unwrap()).collect();
        assert_eq!((read[0].epoch, read[0].fragment), (2, &[5, 5][..]));
        assert_eq!((read[1].epoch, read[1].fragment), (3, &[8, 8][..]));
    }

    #[test]
    fn a_fragment_is_read_as_it_was_written_and_does_not_reach_behind_its_message() {
        let whole = fragment(3, 4, &[1, 2, 3]);
        let mut bytes = Vec::new();
        whole.write(&mut bytes).unwrap();
        assert_eq!(bytes.len(), FRAGMENT_HEADER + 3);
        assert_eq!(Fragment::read(&mut Reader::new(&bytes), &LIMITS), Ok(whole));
        for (at, value, what) in [
            (8, 8, DefectKind::Short { wanted: 11, left: 10 }),
            (3, 41, DefectKind::Limit { limit: Limit::Message, most: 40, found: 41 }),
            (11, 4, DefectKind::Short { wanted: 4, left: 3 }),
        ] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            assert_eq!(Fragment::read(&mut Reader::new(&bytes), &LIMITS).unwrap_err().what, what);
        }
    }

    #[test]
    fn messages_come_in_order_whatever_the_order_of_their_fragments() {
        let body: Vec<u8> = (0..10).collect();
        let pieces = [(0, 0..4), (0, 4..7), (0, 7..10), (1, 0..10), (1, 3..5), (0, 2..9)];
        let count = pieces.len();
        for order in 0..720_usize {
            let mut left: Vec<usize> = (0..count).collect();
            let mut assembler = FragmentAssembler { next: Some(0), ..FragmentAssembler::default() };
            let mut told = Vec::new();
            let mut rest = order;
            while !left.is_empty() {
                let at = left.remove(rest % left.len());
                rest /= left.len() + 1;
                let (sequence, range) = pieces[at].clone();
                let start = range.start;
                assembler.take(&fragment(sequence, start, &body[range]), &LIMITS).unwrap();
                while let Some(message) = assembler.take_message() {
                    told.push(message.bytes.into_owned());
                }
            }
            let expected = [&[11, 0, 0, 10][..], &body].concat();
            assert_eq!(told, [expected.clone(), expected], "{order}");
            assert!(assembler.is_between() && assembler.held == 0);
        }
    }

    #[test]
    fn the_first_copy_wins_and_a_difference_is_told() {
        let mut assembler = FragmentAssembler { next: Some(0), ..FragmentAssembler::default() };
        assembler.take(&fragment(0, 0, &[1; 6]), &LIMITS).unwrap();
        assert_eq!(assembler.take(&fragment(0, 4, &[2; 6]), &LIMITS).unwrap_err().what, DefectKind::Overlap);
        assert_eq!(assembler.take_message().unwrap().body(), [1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
        assembler.take(&fragment(1, 0, &[1]), &LIMITS).unwrap();
        let other = Fragment { length: 11, ..fragment(1, 0, &[1]) };
        assert_eq!(assembler.take(&other, &LIMITS).unwrap_err().what, DefectKind::Overlap);
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes_pieces_and_messages() {
        let assembler = || FragmentAssembler { next: Some(0), ..FragmentAssembler::default() };
        let mut pieces = assembler();
        [0, 2, 4].into_iter().for_each(|at| pieces.take(&fragment(0, at, &[1]), &LIMITS).unwrap());
        let what = DefectKind::Limit { limit: Limit::Pieces, most: 3, found: 4 };
        assert_eq!(pieces.take(&fragment(0, 6, &[1]), &LIMITS).unwrap_err().what, what);
        pieces.take(&fragment(0, 1, &[1]), &LIMITS).unwrap();
        let mut bytes = assembler();
        let last = |sequence| Fragment { length: 30, ..fragment(sequence, 29, &[1]) };
        (0..2).for_each(|sequence| bytes.take(&last(sequence), &LIMITS).unwrap());
        let what = DefectKind::Limit { limit: Limit::Handshake, most: 100, found: 102 };
        assert_eq!(bytes.take(&last(2), &LIMITS).unwrap_err().what, what);
        let mut messages = assembler();
        messages.take(&fragment(AHEAD, 0, &[1]), &LIMITS).unwrap();
        assert!(messages.is_between(), "too far ahead");
        messages.take(&fragment(AHEAD - 1, 0, &[1]), &LIMITS).unwrap();
        assert!(!messages.is_between());
    }

    #[test]
    fn a_message_without_a_body_is_whole_at_once() {
        let mut assembler = FragmentAssembler::default();
        let done = Fragment { kind: HandshakeType::SERVER_HELLO_DONE, length: 0, sequence: 0, offset: 0, bytes: &[] };
        assembler.take(&done, &LIMITS).unwrap();
        assert_eq!(*assembler.take_message().unwrap().bytes, [14, 0, 0, 0]);
    }
}
