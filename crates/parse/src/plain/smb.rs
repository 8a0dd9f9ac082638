//! SMB (MS-SMB2, MS-SMB): the dialect and the ciphers of a negotiation.

use super::line::too_long;
use super::told::Notes;
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits, Reader};
use crate::tls::Side;

/// Bytes of NetBIOS's header, and of SMB 2's.
const SESSION: usize = 4;
const HEADER: usize = 64;

/// The server can encrypt (MS-SMB2 2.2.4), in the dialects that have one cipher.
const CAN_ENCRYPT: u32 = 0x40;
/// The context that names a cipher (MS-SMB2 2.2.3.1.2).
const ENCRYPTION_CAPABILITIES: u16 = 2;
/// The server wants signatures.
const SIGNING_REQUIRED: u16 = 2;

pub(super) fn take(from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
    let Some(&[kind, a, b, c]) = bytes.first_chunk::<SESSION>() else { return Turn::More };
    let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
    if kind != 0 {
        return Turn::Broken(DefectKind::Foreign);
    }
    if length > limits.line {
        return too_long(Limit::Line, limits.line, length);
    }
    let size = SESSION.saturating_add(length);
    let Some(message) = bytes.get(SESSION..size) else { return Turn::More };
    match (from, message.first_chunk()) {
        (_, Some(b"\xfdSMB")) => {
            notes.protection("encrypted");
            Turn::Enough(size)
        }
        (_, Some(b"\xffSMB")) => {
            notes.version("1");
            if from == Side::Client { Turn::Used(size) } else { Turn::Enough(size) }
        }
        (Side::Server, Some(b"\xfeSMB")) => {
            // An answer of another command than the negotiation tells nothing more.
            let _ = negotiated(message, notes);
            Turn::Enough(size)
        }
        (Side::Client, Some(b"\xfeSMB")) => Turn::Used(size),
        _ => Turn::Broken(DefectKind::Foreign),
    }
}

/// The response to a negotiation (MS-SMB2 2.2.4): numbers are little-endian.
fn negotiated(message: &[u8], notes: &mut Notes) -> Option<()> {
    if message.get(12..14) != Some(&[0, 0]) {
        return None;
    }
    let mut reader = Reader::new(message.get(HEADER..)?);
    let short = |reader: &mut Reader<'_>| reader.array().ok().map(u16::from_le_bytes);
    let (_size, mode) = (short(&mut reader)?, short(&mut reader)?);
    let (dialect, contexts) = (short(&mut reader)?, short(&mut reader)?);
    reader.take(16).ok()?;
    let capabilities = u32::from_le_bytes(reader.array().ok()?);
    // Three sizes, two times, place and length of a token.
    reader.take(12 + 16 + 4).ok()?;
    let place = u32::from_le_bytes(reader.array().ok()?);
    let version = match dialect {
        0x0202 => "2.0.2",
        0x0210 => "2.1",
        0x0300 => "3.0",
        0x0302 => "3.0.2",
        0x0311 => "3.1.1",
        _ => "2",
    };
    notes.version(version);
    let cipher = match dialect {
        0x0300 | 0x0302 => (capabilities & CAN_ENCRYPT != 0).then_some("AES-128-CCM"),
        0x0311 => usize::try_from(place).ok().and_then(|place| cipher(message, place, contexts)),
        _ => None,
    };
    let signing = if mode & SIGNING_REQUIRED != 0 { "signing required" } else { "signing not required" };
    notes.protection(&format!("{}, {signing}", cipher.unwrap_or("no encryption")));
    Some(())
}

/// The cipher that the contexts name.
fn cipher(message: &[u8], place: usize, contexts: u16) -> Option<&'static str> {
    let mut reader = Reader::starting(message.get(place..)?, place);
    for _ in 0..contexts {
        // Each begins at a multiple of eight.
        reader.take(reader.at().wrapping_neg() % 8).ok()?;
        let [kind, length] = [(); 2].map(|()| reader.array().map(u16::from_le_bytes));
        let (kind, length) = (kind.ok()?, length.ok()?);
        reader.take(4).ok()?;
        let body = reader.take(usize::from(length)).ok()?;
        if kind == ENCRYPTION_CAPABILITIES {
            return match body.get(2..4) {
                Some([1, 0]) => Some("AES-128-CCM"),
                Some([2, 0]) => Some("AES-128-GCM"),
                Some([3, 0]) => Some("AES-256-CCM"),
                Some([4, 0]) => Some("AES-256-GCM"),
                _ => None,
            };
        }
    }
    None
}
