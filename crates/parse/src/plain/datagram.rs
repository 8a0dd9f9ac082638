//! Protocols of which every datagram stands for itself.

use super::ldap::element;
use super::scan::Scan;
use super::spoken::Spoken;
use super::told::{Content, Masked, Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{DefectKind, Reader};
use crate::tls::Side;

pub(super) fn take(from: Side, datagram: &[u8], notes: &mut Notes) -> Turn {
    let read = match notes.told.protocol {
        Spoken::Snmp => snmp(from, datagram, notes),
        Spoken::Radius => radius(from, datagram, notes),
        Spoken::Ntp => ntp(datagram, notes),
        Spoken::Syslog => return syslog(from, datagram, notes),
        Spoken::Stun => return stun(from, datagram, notes),
        Spoken::Coap => coap(from, datagram, notes),
        Spoken::Tftp => {
            notes.found(from, Content::Payload, "file", 0, Masked::of(b""));
            return Turn::Enough(datagram.len());
        }
        _ => return Turn::Enough(datagram.len()),
    };
    if read.is_none() {
        return Turn::Broken(DefectKind::Foreign);
    }
    Turn::Used(datagram.len())
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;

/// A community (RFC 1157 4, RFC 1901 3), or the user and the level of the user-based model (RFC 3412 6, RFC 3414 2.4).
fn snmp(from: Side, datagram: &[u8], notes: &mut Notes) -> Option<()> {
    let mut message = element(&mut Reader::new(datagram), SEQUENCE)?;
    let version = element(&mut message, INTEGER)?.rest();
    if version != [3] {
        notes.version(if version == [0] { "1" } else { "2c" });
        notes.auth(b"community");
        let mut community = element(&mut message, OCTET_STRING)?;
        let at = community.at();
        notes.password(from, "community", at, community.rest());
        return Some(());
    }
    notes.version("3");
    let mut header = element(&mut message, SEQUENCE)?;
    element(&mut header, INTEGER)?;
    element(&mut header, INTEGER)?;
    let flags = element(&mut header, OCTET_STRING)?.u8().ok()?;
    let level = match flags & 3 {
        0 => "noAuthNoPriv",
        1 => "authNoPriv",
        3 => "authPriv",
        _ => "privNoAuth",
    };
    // A request that asks for the engine's name has the lowest level whatever follows.
    let mut parameters = element(&mut element(&mut message, OCTET_STRING)?, SEQUENCE)?;
    let engine = element(&mut parameters, OCTET_STRING)?.rest();
    element(&mut parameters, INTEGER)?;
    element(&mut parameters, INTEGER)?;
    let mut user = element(&mut parameters, OCTET_STRING)?;
    let at = user.at();
    let user = user.rest();
    if !engine.is_empty() && !user.is_empty() {
        notes.protection(level);
        notes.auth(b"user-based security model");
        notes.user(from, "msgUserName", at, user);
    } else if notes.told.protection.is_none() {
        notes.protection(level);
    }
    Some(())
}

/// Attributes of a request (RFC 2865 5, RFC 3579 3).
fn radius(from: Side, datagram: &[u8], notes: &mut Notes) -> Option<()> {
    let mut reader = Reader::new(datagram);
    reader.take(20).ok()?;
    while let Ok(kind) = reader.u8() {
        let length = usize::from(reader.u8().ok()?).checked_sub(2)?;
        let at = reader.at();
        let value = reader.take(length).ok()?;
        match kind {
            1 => notes.user(from, "User-Name", at, value),
            // Hidden with the shared secret and MD5, not readable as it is.
            2 => notes.auth(b"PAP"),
            3 => notes.auth(b"CHAP"),
            79 => notes.auth(b"EAP"),
            26 if value.starts_with(&[0, 0, 1, 0x37]) => notes.auth(b"MS-CHAP"),
            80 => notes.protection("Message-Authenticator"),
            _ => {}
        }
    }
    Some(())
}

/// The version, and whether a check value or NTS stands behind the header (RFC 5905 7.3, RFC 8915 5).
fn ntp(datagram: &[u8], notes: &mut Notes) -> Option<()> {
    let first = datagram.first()?;
    notes.version(&(first >> 3 & 7).to_string());
    let mut rest = Reader::new(datagram.get(48..)?);
    while rest.left() > 24 {
        let (kind, length) = (rest.u16().ok()?, usize::from(rest.u16().ok()?));
        rest.take(length.checked_sub(4)?).ok()?;
        if kind == 0x0404 {
            notes.protection("NTS");
        }
    }
    if matches!(rest.left(), 20 | 24) {
        notes.protection("symmetric key");
    }
    Some(())
}

/// A message is text (RFC 5424 6, RFC 3164 4).
fn syslog(from: Side, bytes: &[u8], notes: &mut Notes) -> Turn {
    if notes.start(from) == 0 && from == Side::Client {
        // The longest length and priority, and what follows them.
        if bytes.len() < 16 {
            return Turn::More;
        }
        let close = bytes.iter().take(12).position(|&byte| byte == b'>');
        let behind = close.and_then(|close| bytes.get(close.saturating_add(1)..)).unwrap_or_default();
        notes.version(if behind.starts_with(b"1 ") { "RFC 5424" } else { "RFC 3164" });
        notes.found(from, Content::Payload, "message", 0, Masked::of(b""));
    }
    notes.scan(from, "message", 0, bytes);
    Turn::Used(bytes.len())
}

/// Attributes of STUN (RFC 8489 14).
const USERNAME: u16 = 0x0006;
const REALM: u16 = 0x0014;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const MESSAGE_INTEGRITY_SHA256: u16 = 0x001c;
const SOFTWARE: u16 = 0x8022;

/// What shares a flow with STUN is told by the first byte (RFC 7983 7).
fn stun(from: Side, datagram: &[u8], notes: &mut Notes) -> Turn {
    match datagram.first() {
        Some(0..=3) => {}
        Some(20..=63) => {
            notes.starttls(StarttlsState::Agreed, "DTLS behind STUN");
            return Turn::Upgrade(0);
        }
        // RTP, whose protection cannot be seen; channels of TURN.
        _ => return Turn::Enough(0),
    }
    let mut reader = Reader::new(datagram);
    let _ = reader.take(20);
    let mut realm = false;
    while let (Ok(kind), Ok(length)) = (reader.u16(), reader.u16()) {
        let at = reader.at();
        let Ok(value) = reader.take(usize::from(length)) else { return Turn::Broken(DefectKind::Foreign) };
        let _ = reader.take(usize::from(length).wrapping_neg() % 4);
        match kind {
            USERNAME => notes.user(from, "USERNAME", at, value),
            REALM => realm = true,
            MESSAGE_INTEGRITY | MESSAGE_INTEGRITY_SHA256 => {
                notes.auth(if realm { b"long-term credential" } else { b"short-term credential" });
            }
            SOFTWARE if from == Side::Server => notes.software(value),
            _ => {}
        }
    }
    Turn::Used(datagram.len())
}

/// The payload of a message (RFC 7252 3).
fn coap(from: Side, datagram: &[u8], notes: &mut Notes) -> Option<()> {
    let mut reader = Reader::new(datagram);
    let token = usize::from(reader.u8().ok()? & 15);
    notes.version("1");
    reader.take(3_usize.saturating_add(token)).ok()?;
    while let Ok(head) = reader.u8() {
        if head == 0xff {
            let at = reader.at();
            let payload = reader.rest();
            notes.found(from, Content::Payload, "payload", at, Masked::of(payload));
            notes.scan_whole(from, Scan::Text, "payload", at, payload);
            break;
        }
        let extended = |nibble: u8, reader: &mut Reader<'_>| match nibble {
            13 => reader.u8().ok().map(|byte| usize::from(byte).saturating_add(13)),
            14 => reader.u16().ok().map(|number| usize::from(number).saturating_add(269)),
            15 => None,
            _ => Some(usize::from(nibble)),
        };
        extended(head >> 4, &mut reader)?;
        let length = extended(head & 15, &mut reader)?;
        reader.take(length).ok()?;
    }
    Some(())
}
