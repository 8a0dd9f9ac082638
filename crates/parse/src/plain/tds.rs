//! Microsoft SQL Server (MS-TDS): packets, the negotiation of encryption in PRELOGIN, and what follows without it.

use super::line::too_long;
use super::scan::Scan;
use super::told::{Content, Masked, Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits, Reader};
use crate::tls::Side;

/// Types of packets (MS-TDS 2.2.3.1.1).
const BATCH: u8 = 0x01;
const RESULT: u8 = 0x04;
const LOGIN7: u8 = 0x10;
const PRELOGIN: u8 = 0x12;

/// Options of PRELOGIN (MS-TDS 2.2.6.5) and values of the second.
const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const OFF: u8 = 0;
const NOT_SUPPORTED: u8 = 2;

const HEADER: usize = 8;

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Tds {
    /// What the client says of encryption.
    client: Option<u8>,
    /// The server answered, and it goes on without.
    clear: bool,
}

impl Tds {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if from == Side::Client && self.client.is_some() && !self.clear {
            return Turn::Wait;
        }
        let mut reader = Reader::new(bytes);
        let (Ok(kind), Ok(_), Ok(length)) = (reader.u8(), reader.u8(), reader.u16()) else { return Turn::More };
        let length = usize::from(length);
        if length < HEADER {
            return Turn::Broken(DefectKind::Foreign);
        }
        if length > limits.line {
            return too_long(Limit::Line, limits.line, length);
        }
        let Some(body) = bytes.get(HEADER..length) else { return Turn::More };
        match (from, kind) {
            (Side::Client, PRELOGIN) => {
                self.client =
                    Some(option(body, ENCRYPTION).and_then(|value| value.first().copied()).unwrap_or(NOT_SUPPORTED));
            }
            (Side::Server, RESULT) if !self.clear => {
                if let Some([major, minor, high, low, ..]) = option(body, VERSION) {
                    notes.software(format!("{major}.{minor}.{}", u16::from_be_bytes([*high, *low])).as_bytes());
                }
                let server = option(body, ENCRYPTION).and_then(|value| value.first().copied()).unwrap_or(NOT_SUPPORTED);
                if server != NOT_SUPPORTED && self.client != Some(NOT_SUPPORTED) {
                    let login = server == OFF && self.client == Some(OFF);
                    notes.protection(if login { "encryption of the log-in only" } else { "encryption on" });
                    notes.starttls(StarttlsState::Agreed, "TDS PRELOGIN, TLS inside TDS packets");
                    return Turn::Enough(length);
                }
                notes.protection("no encryption");
                notes.starttls(StarttlsState::Refused, "TDS PRELOGIN, no encryption");
                self.clear = true;
            }
            (Side::Client, LOGIN7) => login(body, notes),
            (Side::Client, BATCH) => {
                let headers = headers(body);
                let body = body.get(headers..).unwrap_or_default();
                let units =
                    body.chunks_exact(2).map(|pair| pair.first_chunk().map_or(0, |pair| u16::from_le_bytes(*pair)));
                let text: Vec<u16> = units.collect();
                let text = String::from_utf16_lossy(&text);
                notes.found(from, Content::Sql, "statement", HEADER, Masked::of(text.as_bytes()));
                // Places inside count the bytes of UTF-8: what is told is near enough.
                notes.scan_whole(from, Scan::Text, "statement", HEADER, text.as_bytes());
            }
            _ => {}
        }
        Turn::Used(length)
    }
}

/// Bytes of the headers before a statement (MS-TDS 2.2.5.3), which versions before 7.2 do not have.
fn headers(body: &[u8]) -> usize {
    let number = |at: usize| body.get(at..).and_then(<[u8]>::first_chunk).map(|bytes| u32::from_le_bytes(*bytes));
    let total = number(0).and_then(|total| usize::try_from(total).ok()).filter(|total| *total <= body.len());
    // The first of them is as long as what is left of the total, or shorter.
    let first = number(4).and_then(|first| usize::try_from(first).ok());
    match (total, first) {
        (Some(total), Some(first)) if first >= 6 && first.saturating_add(4) <= total => total,
        _ => 0,
    }
}

/// An option of PRELOGIN: token, offset and length in a list that 255 ends.
fn option(body: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    loop {
        let token = reader.u8().ok()?;
        if token == 0xff {
            return None;
        }
        let (offset, length) = (usize::from(reader.u16().ok()?), usize::from(reader.u16().ok()?));
        if token == wanted {
            return body.get(offset..offset.saturating_add(length));
        }
    }
}

/// LOGIN7 (MS-TDS 2.2.6.4): the password is hidden by swapped bits alone, which hide it from nobody.
fn login(body: &[u8], notes: &mut Notes) {
    /// Places of offset and count of the user and the password.
    const USER: usize = 40;
    const PASSWORD: usize = 44;
    let field = |at: usize| {
        let mut reader = Reader::new(body.get(at..)?);
        let [offset, count] = [(); 2].map(|()| reader.array().map(u16::from_le_bytes));
        let (offset, count) = (usize::from(offset.ok()?), usize::from(count.ok()?));
        Some((offset.saturating_add(HEADER), body.get(offset..offset.saturating_add(count.saturating_mul(2)))?))
    };
    let narrow = |text: &[u8], open: fn(u8) -> u8| -> String {
        let units: Vec<u16> = text
            .chunks_exact(2)
            .map(|pair| pair.first_chunk().map_or(0, |[low, high]| u16::from_le_bytes([open(*low), open(*high)])))
            .collect();
        String::from_utf16_lossy(&units)
    };
    if let Some((at, user)) = field(USER) {
        notes.user(Side::Client, "LOGIN7", at, narrow(user, |byte| byte).as_bytes());
    }
    if let Some((at, password)) = field(PASSWORD) {
        notes.password(Side::Client, "LOGIN7", at, narrow(password, |byte| (byte ^ 0xa5).rotate_left(4)).as_bytes());
    }
    notes.auth(b"SQL Server login");
}
