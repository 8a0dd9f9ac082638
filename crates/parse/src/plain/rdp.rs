//! RDP (MS-RDPBCGR 2.2.1): a request and a confirmation of X.224, with a negotiation of what protects the rest.

use super::line::too_long;
use super::told::{Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits, Reader};
use crate::tls::Side;

/// What an X.224 message holds behind its references, class and options (MS-RDPBCGR 2.2.1.1, 2.2.1.2).
const COOKIE: &[u8] = b"Cookie: mstshash=";
const RESPONSE: u8 = 2;

pub(super) fn take(from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
    if from == Side::Client && notes.start(from) > 0 {
        return Turn::Wait;
    }
    let mut reader = Reader::new(bytes);
    let (Ok(kind), Ok(length)) = (reader.u16(), reader.u16()) else { return Turn::More };
    let length = usize::from(length);
    if kind != 0x0300 || length < 11 {
        return Turn::Broken(DefectKind::Foreign);
    }
    if length > limits.line {
        return too_long(Limit::Line, limits.line, length);
    }
    let Some(body) = bytes.get(11..length) else { return Turn::More };
    match from {
        Side::Client => {
            if let Some(rest) = body.strip_prefix(COOKIE) {
                let user = rest.split(|byte| *byte == b'\r').next().unwrap_or_default();
                notes.user(from, "cookie", 11 + COOKIE.len(), user);
            }
            Turn::Used(length)
        }
        Side::Server => {
            let mut reader = Reader::new(body);
            let number = reader.array().map(|[kind, _, _, _, a, b, c, d]| (kind, u32::from_le_bytes([a, b, c, d])));
            let words = match number {
                Ok((RESPONSE, 1)) => "TLS",
                Ok((RESPONSE, 2 | 8)) => "CredSSP",
                Ok((RESPONSE, 4)) => "RDSTLS",
                Ok((RESPONSE, 0)) | Err(_) => {
                    notes.protection("standard RDP security");
                    return Turn::Enough(length);
                }
                Ok(_) => {
                    notes.starttls(StarttlsState::Refused, "RDP negotiation, answered failure");
                    return Turn::Enough(length);
                }
            };
            notes.starttls(StarttlsState::Agreed, &format!("RDP negotiation, answered {words}"));
            notes.protection(words);
            Turn::Upgrade(length)
        }
    }
}
