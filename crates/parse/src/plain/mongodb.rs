//! MongoDB (documentation, "Wire Protocol"): messages of documents in BSON, of which a few fields are looked for.

use super::scan::Scan;
use super::told::{Content, Masked, Notes};
use super::watch::Turn;
use crate::reading::{DefectKind, Limits, Reader};
use crate::tls::{Side, Sides};

const HEADER: usize = 16;

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Mongodb {
    left: Sides<usize>,
}

impl Mongodb {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if *self.left.of(from) > 0 {
            let left = self.left.of_mut(from);
            let piece = bytes.get(..*left).unwrap_or(bytes);
            *left = left.saturating_sub(piece.len());
            let over = *left == 0;
            notes.scan(from, "document", 0, piece);
            if over {
                notes.end(from, "document");
            }
            return Turn::Used(piece.len());
        }
        let Some(length) = bytes.first_chunk().map(|length| u32::from_le_bytes(*length)) else { return Turn::More };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length < HEADER {
            return Turn::Broken(DefectKind::Foreign);
        }
        if bytes.len() < HEADER {
            return Turn::More;
        }
        if length > limits.line {
            *self.left.of_mut(from) = length.saturating_sub(HEADER);
            notes.begin(from, Scan::Text);
            return Turn::Used(HEADER);
        }
        let Some(body) = bytes.get(HEADER..length) else { return Turn::More };
        if from == Side::Client {
            log_in(body, notes);
        }
        let known =
            [&b"\x02insert\0"[..], b"\x02update\0", b"\x02find\0"].iter().any(|name| position(body, name).is_some());
        if known {
            notes.found(from, Content::Payload, "document", HEADER, Masked::of(b""));
        }
        notes.scan_whole(from, Scan::Text, "document", HEADER, body);
        Turn::Used(length)
    }
}

/// `saslStart` and what a client sends ahead of it: the mechanism, and of its first message the user (RFC 5802 7, RFC
/// 4616).
fn log_in(body: &[u8], notes: &mut Notes) {
    let Some(mechanism) = position(body, b"\x02mechanism\0") else { return };
    let mut reader = Reader::new(body.get(mechanism..).unwrap_or_default());
    let Ok(length) = reader.array().map(u32::from_le_bytes) else { return };
    let name = usize::try_from(length).ok().and_then(|length| reader.take(length).ok()).unwrap_or_default();
    let name = name.strip_suffix(&[0]).unwrap_or(name);
    notes.auth(name);
    let Some(start) = position(body, b"\x05payload\0") else { return };
    let at = start.saturating_add(5);
    let mut reader = Reader::new(body.get(start..).unwrap_or_default());
    let Ok(length) = reader.array().map(u32::from_le_bytes) else { return };
    let (Ok(_), Ok(length)) = (reader.u8(), usize::try_from(length)) else { return };
    let payload = reader.take(length).unwrap_or_default();
    let place = HEADER.saturating_add(at);
    if name == b"PLAIN" {
        let mut parts = payload.split(|byte| *byte == 0).skip(1);
        notes.user(Side::Client, "saslStart", place, parts.next().unwrap_or_default());
        notes.password(Side::Client, "saslStart", place, parts.next().unwrap_or_default());
    } else if let Some(user) = payload.split(|byte| *byte == b',').find_map(|part| part.strip_prefix(b"n=")) {
        notes.user(Side::Client, "saslStart", place, user);
    }
}

/// Where what follows these bytes begins.
fn position(bytes: &[u8], name: &[u8]) -> Option<usize> {
    bytes.windows(name.len()).position(|part| part == name).map(|at| at.saturating_add(name.len()))
}
