//! LDAP (RFC 4511), in BER.

use super::line::too_long;
use super::scan::Scan;
use super::told::{Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits, Reader};
use crate::tls::{Side, Sides};

/// The name of the operation that goes over to TLS (RFC 4511 4.14).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
const OCTET_STRING: u8 = 0x04;
const BIND_REQUEST: u8 = 0x60;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const REQUEST_NAME: u8 = 0x80;
const SIMPLE: u8 = 0x80;
const SASL: u8 = 0xa3;

/// Bytes of a tag and the longest length.
const HEADER: usize = 6;

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Ldap {
    /// The message that asks for TLS, by its number.
    asked: Option<Box<[u8]>>,
    /// A mechanism may have turned protection on (RFC 4513 5.2.1.7).
    layered: bool,
    /// Bytes that are left of a long message.
    left: Sides<usize>,
}

impl Ldap {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if *self.left.of(from) > 0 {
            let left = self.left.of_mut(from);
            let piece = bytes.get(..*left).unwrap_or(bytes);
            *left = left.saturating_sub(piece.len());
            let over = *left == 0;
            notes.scan(from, "message", 0, piece);
            if over {
                notes.end(from, "message");
            }
            return Turn::Used(piece.len());
        }
        if from == Side::Client && self.asked.is_some() {
            return Turn::Wait;
        }
        let mut reader = Reader::new(bytes);
        if reader.peek().is_some_and(|tag| tag != SEQUENCE) {
            if self.layered {
                notes.protection("SASL security layer");
                return Turn::Enough(0);
            }
            return Turn::Broken(DefectKind::Foreign);
        }
        let length = reader.u8().ok().and_then(|_| length(&mut reader));
        let Some(length) = length else {
            return if bytes.len() < HEADER { Turn::More } else { Turn::Broken(DefectKind::Foreign) };
        };
        let head = reader.at();
        if length > limits.line {
            // A long entry; a request for TLS is short, and so is a log-in.
            if notes.start(from) == 0 {
                return too_long(Limit::Line, limits.line, length);
            }
            *self.left.of_mut(from) = length;
            notes.begin(from, Scan::Text);
            return Turn::Used(head);
        }
        let Ok(body) = reader.take(length) else { return Turn::More };
        let size = head.saturating_add(length);
        match self.message(from, Reader::starting(body, head), notes) {
            None => Turn::Broken(DefectKind::Foreign),
            Some(true) => Turn::Upgrade(size),
            Some(false) => Turn::Used(size),
        }
    }

    /// Whether TLS begins behind it.
    fn message(&mut self, from: Side, mut message: Reader<'_>, notes: &mut Notes) -> Option<bool> {
        let number = element(&mut message, INTEGER)?.rest();
        let operation = message.peek()?;
        let mut body = element(&mut message, operation)?;
        match (from, operation) {
            (Side::Client, BIND_REQUEST) => {
                let version = element(&mut body, INTEGER)?.rest();
                notes.version(&version.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)).to_string());
                let mut name = element(&mut body, OCTET_STRING)?;
                let (at, name) = (name.at(), name.rest());
                let kind = body.peek()?;
                let mut credentials = element(&mut body, kind)?;
                match kind {
                    SIMPLE => {
                        let (start, password) = (credentials.at(), credentials.rest());
                        // Without a password the server does not look at the name (RFC 4513 5.1.2).
                        notes.auth(if password.is_empty() { b"anonymous" } else { b"simple" });
                        notes.user(from, "bind", at, name);
                        notes.password(from, "bind", start, password);
                    }
                    SASL => {
                        let mechanism = element(&mut credentials, OCTET_STRING)?.rest();
                        notes.auth(&[b"SASL ", mechanism].concat());
                        self.layered = true;
                        if mechanism == b"PLAIN" && !credentials.is_empty() {
                            let mut value = element(&mut credentials, OCTET_STRING)?;
                            let at = value.at();
                            let mut parts = value.rest().split(|byte| *byte == 0).skip(1);
                            notes.user(from, "bind", at, parts.next().unwrap_or_default());
                            notes.password(from, "bind", at, parts.next().unwrap_or_default());
                        }
                    }
                    _ => {}
                }
            }
            (Side::Client, EXTENDED_REQUEST) if element(&mut body, REQUEST_NAME)?.rest() == START_TLS => {
                notes.starttls(StarttlsState::Asked, "LDAP StartTLS");
                self.asked = Some(number.into());
            }
            (Side::Server, EXTENDED_RESPONSE) if self.asked.as_deref() == Some(number) => {
                let result = element(&mut body, ENUMERATED)?.rest();
                let result = result.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
                let state = if result == 0 { StarttlsState::Agreed } else { StarttlsState::Refused };
                notes.starttls(state, &format!("LDAP StartTLS, answered {result}"));
                self.asked = None;
                return Some(result == 0);
            }
            _ => {
                let at = body.at();
                notes.scan_whole(from, Scan::Text, "message", at, body.rest());
            }
        }
        Some(false)
    }
}

/// A definite length (X.690 8.1.3) of at most four bytes.
fn length(reader: &mut Reader<'_>) -> Option<usize> {
    let first = reader.u8().ok()?;
    match first {
        0..=0x7f => Some(usize::from(first)),
        0x81..=0x84 => {
            let bytes = reader.take(usize::from(first & 0x7f)).ok()?;
            Some(bytes.iter().fold(0_usize, |value, byte| value << 8 | usize::from(*byte)))
        }
        _ => None,
    }
}

/// The inside of the next element, when it has this tag.
pub(super) fn element<'a>(reader: &mut Reader<'a>, tag: u8) -> Option<Reader<'a>> {
    if reader.u8().ok()? != tag {
        return None;
    }
    let length = length(reader)?;
    let at = reader.at();
    Some(Reader::starting(reader.take(length).ok()?, at))
}
