//! Remote desktops (MS-RDPBCGR 2.2.1.1, 2.2.1.2): one X.224 request in a TPKT, one confirmation.

use super::part::{Fault, LINE, Part};
use super::prologue::{Refusal, Talk, Turn};
use dengmi_parse::{Defect, Reader};
use std::fmt;

/// TPKT (RFC 1006 6).
const TPKT: u8 = 3;
/// X.224 Connection Request and Connection Confirm, without their credit.
const REQUEST: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
/// What may follow them.
const NEGOTIATION_REQUEST: u8 = 1;
const NEGOTIATION_RESPONSE: u8 = 2;
const NEGOTIATION_FAILURE: u8 = 3;

/// The `failureCode` of a server that has standard RDP security only.
const SSL_NOT_ALLOWED: u32 = 2;

/// What protects the connection, as the server chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Security(pub u32);

impl Security {
    /// Standard RDP security: RC4 or 3DES under keys of its own, no TLS.
    pub const STANDARD: Security = Security(0);
    /// TLS.
    pub const TLS: Security = Security(1);
    /// CredSSP (network level authentication), in TLS.
    pub const HYBRID: Security = Security(2);
    /// RDSTLS, in TLS.
    pub const RDSTLS: Security = Security(4);
    /// CredSSP with an early answer about the user's rights, in TLS.
    pub const HYBRID_EX: Security = Security(8);
}

impl fmt::Display for Security {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Security::STANDARD => out.write_str("standard RDP security"),
            Security::TLS => out.write_str("TLS"),
            Security::HYBRID => out.write_str("CredSSP"),
            Security::RDSTLS => out.write_str("RDSTLS"),
            Security::HYBRID_EX => out.write_str("CredSSP with early user authorization"),
            Security(number) => write!(out, "{number:#x}"),
        }
    }
}

/// The server's confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// It chose. A server that knows no negotiation has [`Security::STANDARD`] only.
    Chose(Security),
    /// It refuses what was asked for, with this `failureCode`.
    Failure(u32),
}

/// Reads the confirmation.
pub fn confirm(bytes: &[u8]) -> Part<Confirm> {
    packet(bytes).then(|packet| match negotiation(packet, CONFIRM) {
        Ok(Some((NEGOTIATION_RESPONSE, number))) => Ok(Confirm::Chose(Security(number))),
        Ok(Some((NEGOTIATION_FAILURE, number))) => Ok(Confirm::Failure(number)),
        Ok(None) => Ok(Confirm::Chose(Security::STANDARD)),
        Ok(Some(_)) | Err(_) => Err(Fault::Foreign),
    })
}

/// The inside of a TPKT.
fn packet(bytes: &[u8]) -> Part<Reader<'_>> {
    let mut reader = Reader::new(bytes);
    if reader.peek().is_some_and(|version| version != TPKT) {
        return Part::Broken(Fault::Foreign);
    }
    let Ok([_, _, high, low]) = reader.array() else { return Part::More };
    let used = usize::from(u16::from_be_bytes([high, low]));
    match used.checked_sub(4).map(|length| reader.take(length)) {
        None => Part::Broken(Fault::Foreign),
        Some(_) if used > LINE => Part::Broken(Fault::LongMessage),
        Some(Ok(inside)) => Part::Whole { value: Reader::new(inside), used },
        Some(Err(_)) => Part::More,
    }
}

/// The kind and the number of the negotiation that follows an X.224 message of type `kind`.
fn negotiation(mut packet: Reader<'_>, kind: u8) -> Result<Option<(u8, u32)>, Defect> {
    let mut message = packet.vector8()?;
    if message.u8()? & 0xf0 != kind {
        return Err(message.short(1));
    }
    // References of both sides, class and options.
    message.take(5)?;
    if kind == REQUEST && message.peek() != Some(NEGOTIATION_REQUEST) {
        // A client's cookie or routing token is a line before it.
        let line = message.clone().rest().iter().position(|&byte| byte == b'\n').map(|end| end.saturating_add(1));
        message.take(line.unwrap_or(message.left()))?;
    }
    if message.is_empty() {
        return Ok(None);
    }
    let [kind, _flags, _length, _] = message.array()?;
    Ok(Some((kind, u32::from_le_bytes(message.array()?))))
}

/// Whether the client's next message asks for TLS, bare or below CredSSP.
pub(super) fn request(bytes: &[u8]) -> Part<bool> {
    packet(bytes).map(|packet| match negotiation(packet, REQUEST) {
        Ok(Some((NEGOTIATION_REQUEST, number))) => Security(number) != Security::STANDARD,
        _ => false,
    })
}

pub(super) fn ask(out: &mut Vec<u8>) {
    out.extend_from_slice(&[TPKT, 0, 0, 19, 14, REQUEST, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&[NEGOTIATION_REQUEST, 0, 8, 0]);
    out.extend_from_slice(&(Security::TLS.0 | Security::HYBRID.0).to_le_bytes());
}

pub(super) fn hear(talk: &mut Talk, bytes: &[u8]) -> Part<Turn> {
    confirm(bytes).map(|confirm| match confirm {
        Confirm::Chose(security) => {
            talk.greeted.rdp = Some(security);
            match security {
                Security::STANDARD => Turn::Refused(Refusal::NotOffered),
                _ => Turn::Ready,
            }
        }
        Confirm::Failure(SSL_NOT_ALLOWED) => {
            talk.greeted.rdp = Some(Security::STANDARD);
            Turn::Refused(Refusal::NotOffered)
        }
        Confirm::Failure(code) => Turn::refused(failure(code).as_bytes()),
    })
}

/// The standard's words for the other values of `failureCode` (MS-RDPBCGR 2.2.1.2.2).
fn failure(code: u32) -> String {
    match code {
        1 => "SSL_REQUIRED_BY_SERVER".into(),
        3 => "SSL_CERT_NOT_ON_SERVER".into(),
        4 => "INCONSISTENT_FLAGS".into(),
        5 => "HYBRID_REQUIRED_BY_SERVER".into(),
        6 => "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER".into(),
        _ => format!("failure {code}"),
    }
}
