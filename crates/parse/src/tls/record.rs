//! Records out of a stream of bytes, and handshake messages out of records.
//!
//! Neither keeps what it can point at: a record that lies in one piece is a slice of the caller's bytes, and so is a
//! message that lies whole in its record. Only a message that spans records is put together in memory.

use std::borrow::Cow;

use dengmi_core::Version;

use super::{ContentType, Dialect, HandshakeType};
use crate::reading::{Defect, DefectKind, Limit, Limits, Reader};

/// Bytes of a record's header.
pub const RECORD_HEADER: usize = 5;

/// Bytes of a handshake message's header.
pub const MESSAGE_HEADER: usize = 4;

/// One record, its fragment as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it holds.
    pub content: ContentType,
    /// The version in its header.
    pub version: Version,
    /// The fragment, protected once keys are on.
    pub fragment: &'a [u8],
}

impl<'a> Record<'a> {
    /// Bytes of the whole record on the wire.
    pub fn size(&self) -> usize {
        self.fragment.len().saturating_add(RECORD_HEADER)
    }

    /// Appends the record (RFC 5246 6.2.1, GB/T 38636-2020 6.3.3.2).
    ///
    /// # Errors
    /// [`TooLong`](super::message::TooLong) when the fragment has more than 65,535 bytes. That more than 2^14 are not
    /// allowed is left to whoever sends, since wrong records have their use.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), super::message::TooLong> {
        let length = u16::try_from(self.fragment.len())
            .map_err(|_| super::message::TooLong { length: self.fragment.len(), width: 2 })?;
        out.push(self.content.0);
        out.extend(self.version.0.to_be_bytes());
        out.extend(length.to_be_bytes());
        out.extend_from_slice(self.fragment);
        Ok(())
    }
}

/// What stands at the front of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deframed<'a> {
    /// A whole record of SSL 3.0 or later.
    Record(Record<'a>),
    /// A whole first record of SSL 2.0: its body, message type included; 2 bytes of header stand in front of it.
    Ssl2(&'a [u8]),
    /// The record is not whole yet: at least this many bytes more.
    Need(usize),
}

/// Takes one direction of a connection apart into records. The caller keeps the bytes: it calls [`Deframer::next`] with
/// what it has, drops [`Deframed::size`] bytes when it got a record, and adds more when it got [`Deframed::Need`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Deframer {
    started: bool,
}

impl Deframed<'_> {
    /// Bytes of the stream that this used.
    pub fn size(&self) -> usize {
        match self {
            Deframed::Record(record) => record.size(),
            Deframed::Ssl2(body) => body.len().saturating_add(2),
            Deframed::Need(_) => 0,
        }
    }
}

impl Deframer {
    /// The record at the front of `bytes`. What cannot become a record is refused at its first wrong byte, without
    /// waiting for more.
    ///
    /// # Errors
    /// [`DefectKind::NotTls`], [`DefectKind::ContentType`], or [`DefectKind::Limit`]. The stream cannot be read on
    /// then: where the next record would start is unknown.
    pub fn next<'a>(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<Deframed<'a>, Defect> {
        let mut reader = Reader::new(bytes);
        let Some(&first) = bytes.first() else { return Ok(Deframed::Need(RECORD_HEADER)) };
        if !self.started && first & 0x80 != 0 {
            return self.ssl2(reader, first, limits);
        }
        let content = ContentType(first);
        if content.name().is_none() {
            let what = if self.started { DefectKind::ContentType(first) } else { DefectKind::NotTls { first } };
            return Err(Defect { at: 0, what });
        }
        if let Some(&major) = bytes.get(1)
            && !self.started
            && !matches!(Dialect::of(Version(u16::from(major) << 8)), Some(Dialect::Tls | Dialect::Tlcp))
        {
            return Err(Defect { at: 1, what: DefectKind::NotTls { first } });
        }
        let missing = |count: usize| Ok(Deframed::Need(count.saturating_sub(bytes.len())));
        let (Ok(_), Ok(version), Ok(length)) = (reader.u8(), reader.u16(), reader.u16()) else {
            return missing(RECORD_HEADER);
        };
        let length = usize::from(length);
        within(limits.record, Limit::Record, length, 3)?;
        let Ok(fragment) = reader.take(length) else { return missing(RECORD_HEADER.saturating_add(length)) };
        self.started = true;
        Ok(Deframed::Record(Record { content, version: Version(version), fragment }))
    }

    /// SSL 2.0: a length of 15 bits, then a message type of which only three can come first.
    fn ssl2<'a>(&mut self, mut reader: Reader<'a>, first: u8, limits: &Limits) -> Result<Deframed<'a>, Defect> {
        let had = reader.left();
        let missing = |count: usize| Ok(Deframed::Need(count.saturating_sub(had)));
        let Ok(header) = reader.u16() else { return missing(3) };
        let length = usize::from(header & 0x7fff);
        let Some(kind) = reader.peek() else { return missing(3) };
        // 0 error, 1 client hello, 4 server hello. The two bytes behind a hello's type tell it from other protocols.
        let possible = match kind {
            0 => length == 3,
            1 => length >= 9,
            4 => length >= 11,
            _ => false,
        };
        if !possible {
            return Err(Defect { at: 0, what: DefectKind::NotTls { first } });
        }
        within(limits.record, Limit::Record, length, 0)?;
        let Ok(body) = reader.take(length) else { return missing(length.saturating_add(2)) };
        self.started = true;
        Ok(Deframed::Ssl2(body))
    }
}

pub(super) fn within(most: usize, limit: Limit, found: usize, at: usize) -> Result<(), Defect> {
    if found <= most { Ok(()) } else { Err(Defect { at, what: DefectKind::Limit { limit, most, found } }) }
}

/// One whole handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub kind: HandshakeType,
    /// Header and body: what enters a transcript.
    pub bytes: Cow<'a, [u8]>,
}

impl Message<'_> {
    /// The body, which the readers of [`super::message`] take.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(MESSAGE_HEADER..).unwrap_or_default()
    }
}

/// Puts the handshake messages of one direction together. A record may hold several, a message may span records.
#[derive(Clone, Debug, Default)]
pub struct MessageAssembler {
    partial: Vec<u8>,
}

impl MessageAssembler {
    /// The next whole message at the front of `fragment`, which moves behind what was taken. `None`: the fragment is
    /// used up, and the start of an unfinished message is kept.
    ///
    /// # Errors
    /// [`DefectKind::Limit`] for a message that announces more than [`Limits::message`] allows. The direction cannot
    /// be read on then.
    pub fn next<'a>(&mut self, fragment: &mut &'a [u8], limits: &Limits) -> Result<Option<Message<'a>>, Defect> {
        if self.partial.is_empty() {
            if let Some(size) = message_size(fragment, limits)?
                && let Some((whole, left)) = fragment.split_at_checked(size)
            {
                *fragment = left;
                return Ok(Some(message(Cow::Borrowed(whole))));
            }
            self.keep(fragment, fragment.len());
            return Ok(None);
        }
        self.keep(fragment, MESSAGE_HEADER.saturating_sub(self.partial.len()));
        let Some(size) = message_size(&self.partial, limits)? else { return Ok(None) };
        self.keep(fragment, size.saturating_sub(self.partial.len()));
        if self.partial.len() < size {
            return Ok(None);
        }
        Ok(Some(message(Cow::Owned(std::mem::take(&mut self.partial)))))
    }

    /// Whether the start of a message is kept. Keys may change only between messages.
    pub fn is_between(&self) -> bool {
        self.partial.is_empty()
    }

    /// Moves up to `count` bytes from the front of `fragment` to what is kept.
    fn keep(&mut self, fragment: &mut &[u8], count: usize) {
        let (taken, left) = fragment.split_at_checked(count).unwrap_or((*fragment, &[]));
        self.partial.extend_from_slice(taken);
        *fragment = left;
    }
}

/// Size with header of the message that starts here; `None` while the header is not whole.
fn message_size(start: &[u8], limits: &Limits) -> Result<Option<usize>, Defect> {
    let mut reader = Reader::new(start);
    let (Ok(_), Ok(length)) = (reader.u8(), reader.u24()) else { return Ok(None) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    within(limits.message, Limit::Message, length, 1)?;
    Ok(Some(length.saturating_add(MESSAGE_HEADER)))
}

fn message(bytes: Cow<'_, [u8]>) -> Message<'_> {
    let kind = HandshakeType(bytes.first().copied().unwrap_or_default());
    Message { kind, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { record: 300, message: 40, ..Limits::DEFAULT };

    fn next(bytes: &[u8]) -> Result<Deframed<'_>, Defect> {
        Deframer::default().next(bytes, &LIMITS)
    }

    #[test]
    fn a_record_is_a_slice_of_the_bytes_it_came_in() {
        let bytes = [22, 1, 1, 0, 2, 7, 8, 20];
        let Ok(Deframed::Record(record)) = next(&bytes) else { panic!("no record") };
        assert_eq!((record.content, record.version, record.size()), (ContentType::HANDSHAKE, Version::TLCP, 7));
        assert_eq!(record.fragment.as_ptr(), bytes[5..].as_ptr());
        let mut again = Vec::new();
        record.write(&mut again).unwrap();
        assert_eq!(again, bytes[..7]);
    }

    #[test]
    fn an_unfinished_record_says_how_much_it_needs() {
        for (bytes, needs) in [
            (&[][..], 5),
            (&[22], 4),
            (&[22, 3, 3, 0], 1),
            (&[22, 3, 3, 0, 9, 1], 8),
            (&[0x80], 2),
            (&[0x80, 31, 1, 3], 29),
        ] {
            assert_eq!(next(bytes), Ok(Deframed::Need(needs)), "{bytes:?}");
        }
    }

    #[test]
    fn other_protocols_are_refused_at_their_first_wrong_byte() {
        for bytes in [&b"SSH-"[..], b"H", &[22, 2], &[22, 0], &[0x80, 3, 9], &[0x80, 3, 1], &[0]] {
            let defect = next(bytes).unwrap_err();
            assert_eq!(defect.what, DefectKind::NotTls { first: bytes[0] }, "{bytes:?}");
        }
    }

    #[test]
    fn a_hello_of_ssl_2_comes_first_or_not_at_all() {
        let hello = [0x80, 9, 1, 0, 2, 0, 0, 0, 0, 0, 0];
        let mut deframer = Deframer::default();
        let first = deframer.next(&hello, &LIMITS).unwrap();
        assert_eq!((first, first.size()), (Deframed::Ssl2(&hello[2..]), 11));
        let defect = deframer.next(&hello, &LIMITS).unwrap_err();
        assert_eq!(defect.what, DefectKind::ContentType(0x80));
        assert_eq!(next(&[0x80, 3, 0, 0, 1]), Ok(Deframed::Ssl2(&[0, 0, 1])));
    }

    #[test]
    fn a_record_at_the_limit_passes_and_one_above_does_not() {
        let record = |length: u16| [&[23, 3, 3], &length.to_be_bytes()[..], &vec![0; usize::from(length)]].concat();
        assert!(matches!(next(&record(300)), Ok(Deframed::Record(_))));
        let what = DefectKind::Limit { limit: Limit::Record, most: 300, found: 301 };
        assert_eq!(next(&record(301)[..5]), Err(Defect { at: 3, what }));
    }

    #[test]
    fn messages_come_out_the_same_however_records_cut_them() {
        let stream = [&[1, 0, 0, 3, 1, 2, 3][..], &[14, 0, 0, 0], &[11, 0, 0, 40], &[9; 40]].concat();
        let assemble = |size: usize| {
            let mut assembler = MessageAssembler::default();
            let mut messages = Vec::new();
            for mut fragment in stream.chunks(size) {
                while let Some(message) = assembler.next(&mut fragment, &LIMITS).unwrap() {
                    messages.push(message.bytes.into_owned());
                }
                assert!(fragment.is_empty());
            }
            assert!(assembler.is_between());
            messages
        };
        let whole = assemble(stream.len());
        assert_eq!(whole.iter().map(Vec::len).collect::<Vec<_>>(), [7, 4, 44]);
        (1..stream.len()).for_each(|size| assert_eq!(assemble(size), whole, "{size}"));
    }

    #[test]
    fn a_message_in_one_piece_is_not_copied() {
        let mut fragment = &[1, 0, 0, 1, 5][..];
        let message = MessageAssembler::default().next(&mut fragment, &LIMITS).unwrap().unwrap();
        assert!(matches!(message.bytes, Cow::Borrowed(_)));
        assert_eq!(message.body(), [5]);
    }

    #[test]
    fn a_message_above_the_limit_is_refused_by_its_header() {
        let next = |mut header: &'static [u8]| MessageAssembler::default().next(&mut header, &LIMITS);
        assert_eq!(next(&[1, 0, 0, 40]), Ok(None));
        let what = DefectKind::Limit { limit: Limit::Message, most: 40, found: 41 };
        assert_eq!(next(&[1, 0, 0, 41]), Err(Defect { at: 1, what }));
    }
}
