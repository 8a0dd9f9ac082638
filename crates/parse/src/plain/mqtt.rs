//! MQTT 3.1, 3.1.1 and 5 (OASIS): a type, a remaining length, and what it says.

use super::line::too_long;
use super::scan::Scan;
use super::told::{Content, Ends, Notes};
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits, Reader};
use crate::tls::{Side, Sides};

/// Types of packets (MQTT 5 2.1.2).
const CONNECT: u8 = 1;
const PUBLISH: u8 = 3;

/// Flags of CONNECT (MQTT 5 3.1.2.3).
const WILL: u8 = 0x04;
const PASSWORD: u8 = 0x40;
const USER: u8 = 0x80;

/// The property that names a mechanism (MQTT 5 3.1.2.11.9).
const AUTHENTICATION_METHOD: u8 = 0x15;

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Mqtt {
    left: Sides<usize>,
    /// The payload that goes by, and where it began.
    payload: Sides<Option<(usize, Ends)>>,
}

impl Mqtt {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if *self.left.of(from) > 0 {
            return self.rest(from, bytes, notes);
        }
        let mut reader = Reader::new(bytes);
        let Ok(first) = reader.u8() else { return Turn::More };
        let length = match remaining(&mut reader) {
            Some(Ok(length)) => length,
            Some(Err(what)) => return Turn::Broken(what),
            None => return Turn::More,
        };
        let head = reader.at();
        match first >> 4 {
            CONNECT => {
                if length > limits.line {
                    return too_long(Limit::Line, limits.line, length);
                }
                let Ok(body) = reader.take(length) else { return Turn::More };
                match connect(Reader::starting(body, head), from, notes) {
                    Some(()) => Turn::Used(head.saturating_add(length)),
                    None => Turn::Broken(DefectKind::Foreign),
                }
            }
            PUBLISH => {
                let Ok(topic) = reader.u16() else {
                    return if length < 2 { Turn::Broken(DefectKind::Foreign) } else { Turn::More };
                };
                // A number stands behind the topic when the message is to be acknowledged.
                let header = usize::from(topic) + if first & 0x06 == 0 { 2 } else { 4 };
                if header > length {
                    return Turn::Broken(DefectKind::Foreign);
                }
                if header > limits.line {
                    return too_long(Limit::Line, limits.line, header);
                }
                let size = head.saturating_add(header);
                if bytes.len() < size {
                    return Turn::More;
                }
                *self.left.of_mut(from) = length.saturating_sub(header);
                if length > header {
                    let start = notes.start(from).saturating_add(size);
                    *self.payload.of_mut(from) = Some((start, Ends::default()));
                    notes.begin(from, Scan::Text);
                }
                Turn::Used(size)
            }
            0 => Turn::Broken(DefectKind::Foreign),
            _ => {
                *self.left.of_mut(from) = length;
                Turn::Used(head)
            }
        }
    }

    fn rest(&mut self, from: Side, bytes: &[u8], notes: &mut Notes) -> Turn {
        let left = self.left.of_mut(from);
        let piece = bytes.get(..*left).unwrap_or(bytes);
        *left = left.saturating_sub(piece.len());
        let over = *left == 0;
        if let Some((start, ends)) = self.payload.of_mut(from) {
            ends.push(piece);
            notes.scan(from, "PUBLISH", 0, piece);
            if over {
                notes.end(from, "PUBLISH");
                notes.found_at(from, Content::Payload, "PUBLISH", *start, ends.masked());
                *self.payload.of_mut(from) = None;
            }
        }
        Turn::Used(piece.len())
    }
}

/// A length of one to four bytes, the lowest seven bits first (MQTT 5 1.5.5).
fn remaining(reader: &mut Reader<'_>) -> Option<Result<usize, DefectKind>> {
    let mut length = 0;
    for place in 0..4 {
        let byte = reader.u8().ok()?;
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(Ok(length));
        }
    }
    Some(Err(DefectKind::Foreign))
}

fn connect(mut reader: Reader<'_>, from: Side, notes: &mut Notes) -> Option<()> {
    reader.vector16().ok()?;
    let level = reader.u8().ok()?;
    // The upper bit is what a bridge of Mosquitto sets.
    let five = level & 0x7f == 5;
    notes.version(match level & 0x7f {
        3 => "3.1",
        4 => "3.1.1",
        5 => "5",
        _ => return None,
    });
    let flags = reader.u8().ok()?;
    reader.u16().ok()?;
    if five {
        properties(&mut reader, notes)?;
    }
    // Who the client says that it is.
    reader.vector16().ok()?;
    if flags & WILL != 0 {
        if five {
            let length = remaining(&mut reader)?.ok()?;
            reader.take(length).ok()?;
        }
        skip_text(&mut reader)?;
        skip_text(&mut reader)?;
    }
    let mut field = |here: bool| {
        if here { reader.vector16().ok().map(|mut value| (value.at(), value.rest())) } else { Some((0, &b""[..])) }
    };
    let (user, password) = (field(flags & USER != 0)?, field(flags & PASSWORD != 0)?);
    match (flags & USER != 0, flags & PASSWORD != 0) {
        (_, true) => notes.auth(b"user name and password"),
        (true, false) => notes.auth(b"user name"),
        _ => {}
    }
    notes.user(from, "CONNECT", user.0, user.1);
    notes.password(from, "CONNECT", password.0, password.1);
    Some(())
}

/// The properties of CONNECT, up to the one that is of interest (MQTT 5 2.2.2.2).
fn properties(reader: &mut Reader<'_>, notes: &mut Notes) -> Option<()> {
    let length = remaining(reader)?.ok()?;
    let mut list = Reader::new(reader.take(length).ok()?);
    while let Ok(kind) = list.u8() {
        match kind {
            AUTHENTICATION_METHOD => notes.auth(list.vector16().ok()?.rest()),
            0x11 | 0x27 => skip(&mut list, 4)?,
            0x21 | 0x22 => skip(&mut list, 2)?,
            0x17 | 0x19 => skip(&mut list, 1)?,
            0x16 => skip_text(&mut list)?,
            0x26 => {
                skip_text(&mut list)?;
                skip_text(&mut list)?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn skip(list: &mut Reader<'_>, count: usize) -> Option<()> {
    list.take(count).ok().map(|_| ())
}

fn skip_text(list: &mut Reader<'_>) -> Option<()> {
    list.vector16().ok().map(|_| ())
}
