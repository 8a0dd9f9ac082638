//! PostgreSQL (documentation, "Message Formats", "Message Flow").

use super::line::too_long;
use super::scan::Scan;
use super::told::{Content, Ends, Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits, Reader};
use crate::tls::{Side, Sides};

/// What stands where a startup message has its version.
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// Bytes before a message's body: its type and its length.
const HEADER: usize = 5;

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Postgresql {
    /// The request for protection that is not answered yet, and whether its answer is.
    asked: Option<u32>,
    started: bool,
    /// The password comes as it is; it was asked for at all.
    clear: bool,
    challenged: bool,
    mechanism: bool,
    left: Sides<usize>,
    /// Whether the body that goes by is read.
    statement: Option<(usize, Ends)>,
}

impl Postgresql {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if *self.left.of(from) > 0 {
            return self.rest(from, bytes, notes);
        }
        match (from, self.asked) {
            (Side::Client, Some(_)) => Turn::Wait,
            (Side::Client, None) if !self.started => self.startup(bytes, notes, limits),
            (Side::Server, Some(code)) => self.answer(code, bytes, notes),
            _ => self.message(from, bytes, notes, limits),
        }
    }

    fn startup(&mut self, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        let mut reader = Reader::new(bytes);
        let (Ok(length), Ok(code)) = (reader.u32(), reader.u32()) else { return Turn::More };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > limits.line {
            return too_long(Limit::Line, limits.line, length);
        }
        let Some(body) = length.checked_sub(8) else { return Turn::Broken(DefectKind::Foreign) };
        let Ok(body) = reader.take(body) else { return Turn::More };
        match code {
            CANCEL => return Turn::Enough(length),
            SSL | GSS => {
                self.asked = Some(code);
                if code == SSL {
                    notes.starttls(StarttlsState::Asked, "PostgreSQL SSLRequest");
                }
            }
            _ => {
                self.started = true;
                notes.version(&format!("{}.{}", code >> 16, code & 0xffff));
                let (mut at, mut name) = (8_usize, None::<&[u8]>);
                for part in body.split(|byte| *byte == 0) {
                    match name.take() {
                        Some(b"user") => notes.user(Side::Client, "startup", at, part),
                        Some(_) => {}
                        None => name = Some(part),
                    }
                    at = at.saturating_add(part.len()).saturating_add(1);
                }
            }
        }
        Turn::Used(length)
    }

    /// One byte answers a request for protection; a server of long ago sends an error.
    fn answer(&mut self, code: u32, bytes: &[u8], notes: &mut Notes) -> Turn {
        self.asked = None;
        match (bytes.first(), code) {
            (Some(b'S'), SSL) => {
                notes.starttls(StarttlsState::Agreed, "PostgreSQL SSLRequest, answered S");
                Turn::Upgrade(1)
            }
            (Some(b'G'), GSS) => {
                notes.protection("GSSAPI encryption");
                Turn::Enough(1)
            }
            (Some(b'N'), _) => {
                if code == SSL {
                    notes.starttls(StarttlsState::Refused, "PostgreSQL SSLRequest, answered N");
                }
                Turn::Used(1)
            }
            (Some(b'E'), _) => Turn::Enough(0),
            _ => Turn::Broken(DefectKind::Foreign),
        }
    }

    fn message(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        let mut reader = Reader::new(bytes);
        let (Ok(kind), Ok(length)) = (reader.u8(), reader.u32()) else { return Turn::More };
        let length = usize::try_from(length).ok().and_then(|length| length.checked_sub(4));
        let Some(length) = length.filter(|_| kind.is_ascii_alphanumeric()) else {
            return Turn::Broken(DefectKind::Foreign);
        };
        let whole = matches!((from, kind), (Side::Client, b'p') | (Side::Server, b'R' | b'S'));
        if !whole {
            *self.left.of_mut(from) = length;
            notes.begin(from, Scan::Text);
            if from == Side::Client && matches!(kind, b'Q' | b'P') {
                self.statement = Some((notes.start(from).saturating_add(HEADER), Ends::default()));
            }
            return Turn::Used(HEADER);
        }
        if length > limits.line {
            return too_long(Limit::Line, limits.line, length);
        }
        let Ok(body) = reader.take(length) else { return Turn::More };
        match kind {
            b'p' => self.password(body, notes),
            b'R' => self.request(body, notes),
            _ => {
                let mut parts = body.split(|byte| *byte == 0);
                if parts.next() == Some(b"server_version") {
                    notes.software(&[b"PostgreSQL ", parts.next().unwrap_or_default()].concat());
                }
            }
        }
        Turn::Used(length.saturating_add(HEADER))
    }

    /// How the server wants a log-in, in the words of its configuration (pg_hba.conf).
    fn request(&mut self, body: &[u8], notes: &mut Notes) {
        let mut reader = Reader::new(body);
        let Ok(kind) = reader.u32() else { return };
        let words: &[u8] = match kind {
            0 if !self.challenged => b"trust",
            3 => b"password",
            5 => b"md5",
            7 => b"gss",
            9 => b"sspi",
            10 => {
                self.mechanism = true;
                let name = reader.rest().split(|byte| *byte == 0).next().unwrap_or_default();
                notes.auth(&name.to_ascii_lowercase());
                b""
            }
            _ => b"",
        };
        if !words.is_empty() {
            notes.auth(words);
        }
        self.clear = kind == 3;
        self.challenged = true;
    }

    fn password(&mut self, body: &[u8], notes: &mut Notes) {
        if self.clear {
            notes.password(Side::Client, "PasswordMessage", HEADER, body.strip_suffix(&[0]).unwrap_or(body));
        } else if std::mem::take(&mut self.mechanism) {
            // The one that the client takes.
            let name = body.split(|byte| *byte == 0).next().unwrap_or_default();
            notes.auth(&name.to_ascii_lowercase());
        }
    }

    fn rest(&mut self, from: Side, bytes: &[u8], notes: &mut Notes) -> Turn {
        let left = self.left.of_mut(from);
        let piece = bytes.get(..*left).unwrap_or(bytes);
        *left = left.saturating_sub(piece.len());
        let over = *left == 0;
        let place = if from == Side::Client { "statement" } else { "result" };
        notes.scan(from, place, 0, piece);
        if let (Side::Client, Some((_, ends))) = (from, &mut self.statement) {
            // The zero at its end is none of it.
            ends.push(if over { piece.strip_suffix(&[0]).unwrap_or(piece) } else { piece });
        }
        if over {
            notes.end(from, place);
            if let (Side::Client, Some((start, ends))) = (from, self.statement.take()) {
                notes.found_at(from, Content::Sql, place, start, ends.masked());
            }
        }
        Turn::Used(piece.len())
    }
}
