//! MySQL and MariaDB (documentation, "Connection Phase", "Command Phase"): numbers are little-endian.

use super::line::too_long;
use super::scan::Scan;
use super::told::{Content, Ends, Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits, Reader};
use crate::tls::{Side, Sides};

/// Capabilities.
const WITH_DATABASE: u32 = 0x8;
const COMPRESS: u32 = 0x20;
const PROTOCOL_41: u32 = 0x200;
const SSL: u32 = 0x800;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x8_0000;
const LONG_AUTH: u32 = 0x20_0000;

/// Bytes of a packet's header, and of an SSLRequest behind it.
const HEADER: usize = 4;
const SSL_REQUEST: usize = 32;

/// Commands that hold a statement: COM_QUERY and COM_STMT_PREPARE.
const STATEMENTS: [u8; 2] = [0x03, 0x16];

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Mysql {
    phase: Phase,
    /// What the server can do.
    capabilities: u32,
    compress: bool,
    /// The plugin in use sends the password as it is.
    clear: bool,
    /// Bytes that are left of each side's packet.
    left: Sides<usize>,
    /// The statement that goes by.
    statement: Option<(usize, Ends)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Greeting,
    Response,
    Auth,
    Commands,
}

impl Mysql {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if *self.left.of(from) > 0 {
            return self.rest(from, bytes, notes);
        }
        let Some(&[a, b, c, sequence]) = bytes.first_chunk::<HEADER>() else { return Turn::More };
        let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
        // A client's packet depends on the greeting; a command is one whose number starts again.
        let command = from == Side::Client && sequence == 0 && self.phase != Phase::Greeting;
        match (self.phase, from) {
            (Phase::Greeting, Side::Client) | (Phase::Response, Side::Server) => return Turn::Wait,
            _ if command => return self.command(length, bytes, notes),
            // Results; of a client the lines of a file that the server asked for.
            (Phase::Commands, _) => {
                *self.left.of_mut(from) = length;
                return Turn::Used(HEADER);
            }
            _ => {}
        }
        let size = HEADER.saturating_add(length);
        let Some(packet) = bytes.get(HEADER..size) else {
            let long = length > limits.line;
            return if long { too_long(Limit::Line, limits.line, length) } else { Turn::More };
        };
        if length > limits.line {
            return too_long(Limit::Line, limits.line, length);
        }
        let read = match (self.phase, from) {
            (Phase::Greeting, _) => self.greeting(packet, notes),
            (Phase::Response, Side::Client) => {
                let flags = packet.first_chunk().map_or(0, |flags| u32::from_le_bytes(*flags));
                if length == SSL_REQUEST && flags & SSL != 0 {
                    notes.starttls(StarttlsState::Agreed, REQUEST);
                    return Turn::Upgrade(size);
                }
                self.response(packet, notes)
            }
            (_, Side::Client) => {
                if self.clear {
                    let password = packet.strip_suffix(&[0]).unwrap_or(packet);
                    notes.password(from, "handshake", HEADER, password);
                }
                Some(())
            }
            (_, Side::Server) => {
                self.answer(packet, notes);
                if self.phase == Phase::Commands && self.compress {
                    return Turn::Enough(size);
                }
                Some(())
            }
        };
        if read.is_some() { Turn::Used(size) } else { Turn::Broken(DefectKind::Foreign) }
    }

    fn greeting(&mut self, packet: &[u8], notes: &mut Notes) -> Option<()> {
        let mut reader = Reader::new(packet);
        let version = reader.u8().ok()?;
        if version == 0xff {
            // Turned away.
            self.phase = Phase::Commands;
            return Some(());
        }
        notes.version(&format!("{version} (handshake protocol)"));
        notes.software(text(&mut reader)?);
        self.phase = Phase::Response;
        // The connection's number, eight bytes of challenge and a filler.
        reader.take(4 + 8 + 1).ok()?;
        let low = u32::from(u16::from_le_bytes(reader.array().ok()?));
        self.capabilities = low;
        if let Ok([_, _, _, high, higher, challenge]) = reader.array() {
            self.capabilities |= u32::from(u16::from_le_bytes([high, higher])) << 16;
            let rest = usize::from(challenge).saturating_sub(8).max(13).saturating_add(10);
            if reader.take(rest).is_ok() && self.capabilities & PLUGIN_AUTH != 0 {
                let name = text(&mut reader).unwrap_or_else(|| reader.rest());
                self.plugin(name, notes);
            }
        }
        if self.capabilities & SSL != 0 {
            notes.starttls(StarttlsState::Offered, OFFERED);
        }
        Some(())
    }

    fn plugin(&mut self, name: &[u8], notes: &mut Notes) {
        if !name.is_empty() {
            notes.auth(name);
            // `dialog` is PAM with questions.
            self.clear = name == b"mysql_clear_password" || name == b"dialog";
        }
    }

    /// What the client logs in with (HandshakeResponse41, and 320 before it).
    fn response(&mut self, packet: &[u8], notes: &mut Notes) -> Option<()> {
        self.phase = Phase::Auth;
        let mut reader = Reader::starting(packet, HEADER);
        let low = u16::from_le_bytes(reader.array().ok()?);
        if u32::from(low) & PROTOCOL_41 == 0 {
            reader.take(3).ok()?;
            let at = reader.at();
            notes.user(Side::Client, "handshake", at, text(&mut reader)?);
            return Some(());
        }
        let high = u16::from_le_bytes(reader.array().ok()?);
        let flags = (u32::from(low) | u32::from(high) << 16) & self.capabilities;
        // The largest packet, the character set, and what is reserved.
        reader.take(4 + 1 + 23).ok()?;
        let at = reader.at();
        notes.user(Side::Client, "handshake", at, text(&mut reader)?);
        let at = reader.at();
        let secret = match flags {
            _ if flags & LONG_AUTH != 0 => long(&mut reader)?,
            _ if flags & SECURE_CONNECTION != 0 => reader.vector8().ok()?.rest(),
            _ => text(&mut reader)?,
        };
        if flags & WITH_DATABASE != 0 {
            text(&mut reader)?;
        }
        if flags & PLUGIN_AUTH != 0 {
            let name = text(&mut reader).unwrap_or_default();
            self.plugin(name, notes);
        }
        if self.clear {
            notes.password(Side::Client, "handshake", at, secret.strip_suffix(&[0]).unwrap_or(secret));
        }
        self.compress = flags & COMPRESS != 0;
        Some(())
    }

    /// What the server says of a log-in: yes, no, another plugin, or more of the same.
    fn answer(&mut self, packet: &[u8], notes: &mut Notes) {
        match packet.split_first() {
            Some((0 | 0xff, _)) => self.phase = Phase::Commands,
            Some((0xfe, rest)) => {
                let name = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                self.plugin(name, notes);
            }
            _ => {}
        }
    }

    fn command(&mut self, length: usize, bytes: &[u8], notes: &mut Notes) -> Turn {
        let Some(&kind) = bytes.get(HEADER).filter(|_| length > 0) else {
            return if length == 0 { Turn::Used(HEADER) } else { Turn::More };
        };
        self.phase = Phase::Commands;
        notes.begin(Side::Client, Scan::Text);
        let left = length.saturating_sub(1);
        self.left.client = left;
        if STATEMENTS.contains(&kind) && left > 0 {
            self.statement = Some((notes.start(Side::Client).saturating_add(HEADER + 1), Ends::default()));
        }
        Turn::Used(HEADER + 1)
    }

    /// What is left of a packet.
    fn rest(&mut self, from: Side, bytes: &[u8], notes: &mut Notes) -> Turn {
        let left = self.left.of_mut(from);
        let piece = bytes.get(..*left).unwrap_or(bytes);
        *left = left.saturating_sub(piece.len());
        let over = *left == 0;
        let place = if from == Side::Client { "statement" } else { "result" };
        notes.scan(from, place, 0, piece);
        if let (Side::Client, Some((_, ends))) = (from, &mut self.statement) {
            ends.push(piece);
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

/// How TLS is asked for, and offered.
const REQUEST: &str = "MySQL capability flag CLIENT_SSL";
const OFFERED: &str = "MySQL capability flag CLIENT_SSL, offered";

/// Text up to a zero; `None` without one.
fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.clone().rest().iter().position(|&byte| byte == 0)?;
    let text = reader.take(length).ok();
    reader.u8().ok()?;
    text
}

/// A string behind a length of one, three, four or nine bytes.
fn long<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = match reader.u8().ok()? {
        short @ 0..=0xfa => u32::from(short),
        0xfc => u32::from(u16::from_le_bytes(reader.array().ok()?)),
        _ => return None,
    };
    reader.take(usize::try_from(length).ok()?).ok()
}
