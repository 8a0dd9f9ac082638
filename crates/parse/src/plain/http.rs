//! HTTP/1.x (RFC 9110, RFC 9112), and SIP (RFC 3261) and RTSP (RFC 2326), which have its form.

use super::line::{after, base64, holds, line, number, too_long, words};
use super::scan::Scan;
use super::spoken::Spoken;
use super::told::{Content, Masked, Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits};
use crate::tls::{ContentType, Side, Sides};

/// Both sides of a connection.
#[derive(Clone, Debug)]
pub(super) struct Http {
    spoken: Spoken,
    sides: Sides<Message>,
    /// What the last request asks, which tells whether its response has a body.
    asked: Asked,
    /// The proxy said yes: whatever follows is somebody else's protocol.
    tunnel: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Other,
    Head,
    Connect,
}

/// The message that one side is at.
#[derive(Clone, Debug, Default)]
struct Message {
    phase: Phase,
    /// Bytes of its head so far.
    head: usize,
    status: usize,
    length: Option<usize>,
    chunked: bool,
    scan: Scan,
    /// Compressed, or no text: not to be read.
    encoded: bool,
    upgrade: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Start,
    Fields,
    Body(usize),
    /// Up to the end of the connection.
    Rest,
    ChunkSize,
    Chunk(usize),
    ChunkEnd,
    Trailer,
}

impl Http {
    pub(super) fn new(spoken: Spoken) -> Http {
        Http { spoken, sides: Sides::default(), asked: Asked::default(), tunnel: false }
    }

    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if self.tunnel {
            return tunnelled(from, bytes, notes);
        }
        let phase = self.sides.of(from).phase;
        match phase {
            Phase::Start | Phase::Fields | Phase::ChunkSize | Phase::ChunkEnd | Phase::Trailer => {}
            Phase::Body(left) => return self.body(from, bytes, left, notes, Phase::Body, Phase::Start),
            Phase::Chunk(left) => return self.body(from, bytes, left, notes, Phase::Chunk, Phase::ChunkEnd),
            Phase::Rest => return self.body(from, bytes, usize::MAX, notes, |_| Phase::Rest, Phase::Rest),
        }
        let room = limits.head.saturating_sub(self.sides.of(from).head);
        let (text, used) = match line(bytes, room, Limit::Head) {
            Ok(line) => line,
            Err(Turn::Broken(_)) => return too_long(Limit::Head, limits.head, usize::MAX),
            Err(turn) => return turn,
        };
        let message = self.sides.of_mut(from);
        message.head = message.head.saturating_add(used);
        match phase {
            Phase::ChunkSize => self.chunk(from, text, used, notes),
            Phase::ChunkEnd => {
                message.phase = Phase::ChunkSize;
                Turn::Used(used)
            }
            Phase::Trailer if text.is_empty() => self.over(from, used),
            Phase::Trailer => Turn::Used(used),
            Phase::Fields if text.is_empty() => self.bodied(from, used, notes),
            Phase::Fields => {
                self.field(from, text, notes);
                Turn::Used(used)
            }
            // Empty lines may stand before a message (RFC 9112 2.2).
            _ if text.is_empty() => Turn::Used(used),
            _ => self.start(from, text, used, notes),
        }
    }

    fn start(&mut self, from: Side, text: &[u8], used: usize, notes: &mut Notes) -> Turn {
        let family: &[u8] = match self.spoken {
            Spoken::Sip => b"SIP/",
            Spoken::Rtsp => b"RTSP/",
            _ => b"HTTP/",
        };
        let mut parts = words(text);
        let (Some((_, first)), Some((at, second))) = (parts.next(), parts.next()) else {
            return Turn::Broken(DefectKind::Foreign);
        };
        let message = self.sides.of_mut(from);
        *message = Message { phase: Phase::Fields, head: message.head, ..Message::default() };
        let version = if let Some(version) = after(first, family) {
            message.status = number(second).unwrap_or_default();
            version
        } else {
            let Some(version) = parts.last().and_then(|(_, last)| after(last, family)) else {
                return Turn::Broken(DefectKind::Foreign);
            };
            self.asked = match first {
                b"HEAD" => Asked::Head,
                b"CONNECT" => Asked::Connect,
                _ => Asked::Other,
            };
            if let Some(query) = second.iter().position(|&byte| byte == b'?') {
                let rest = second.get(query..).unwrap_or_default();
                notes.scan_whole(from, Scan::Form, "query", at.saturating_add(query), rest);
            }
            version
        };
        // The server's word counts.
        if from == Side::Server || notes.told.version.is_none() {
            notes.version(&String::from_utf8_lossy(version.get(..3).unwrap_or(version)));
        }
        Turn::Used(used)
    }

    fn field(&mut self, from: Side, text: &[u8], notes: &mut Notes) {
        let Some(colon) = text.iter().position(|&byte| byte == b':') else { return };
        let (name, value) = text.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        let blanks = value.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (at, value) = (colon.saturating_add(1).saturating_add(blanks), value.trim_ascii());
        let message = self.sides.of_mut(from);
        let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
        match from {
            _ if is("Content-Length") || is("l") && self.spoken == Spoken::Sip => message.length = number(value),
            _ if is("Transfer-Encoding") => message.chunked = holds(value, b"chunked"),
            _ if is("Content-Encoding") => message.encoded |= !value.eq_ignore_ascii_case(b"identity"),
            _ if is("Content-Type") => {
                message.scan = scan_of(value);
                // Nobody writes in them.
                message.encoded |=
                    [&b"image/"[..], b"video/", b"audio/", b"font/"].iter().any(|kind| after(value, kind).is_some());
            }
            _ if is("Upgrade") => message.upgrade = true,
            Side::Server if is("Server") => notes.software(value),
            _ if is("Authorization") || is("Proxy-Authorization") => authorization(from, at, value, notes),
            _ if is("Cookie") => cookies(from, at, value, true, notes),
            _ if is("Set-Cookie") => cookies(from, at, value, false, notes),
            _ => {}
        }
    }

    /// The head is over: how long the body is (RFC 9112 6.3).
    fn bodied(&mut self, from: Side, used: usize, notes: &mut Notes) -> Turn {
        let asked = if from == Side::Server { std::mem::take(&mut self.asked) } else { Asked::Other };
        let (spoken, message) = (self.spoken, self.sides.of_mut(from));
        let interim = (100..200).contains(&message.status);
        let yes = (200..300).contains(&message.status);
        if message.status == 101 && message.upgrade {
            return Turn::Enough(used);
        }
        if asked == Asked::Connect && yes {
            self.tunnel = true;
            return Turn::Used(used);
        }
        if interim {
            self.asked = asked;
        }
        let message = self.sides.of_mut(from);
        let response = message.status > 0;
        let empty = response && (interim || asked == Asked::Head || matches!(message.status, 204 | 304));
        let phase = match (message.chunked, message.length) {
            _ if empty => Phase::Start,
            (true, _) => Phase::ChunkSize,
            (_, Some(0)) => Phase::Start,
            (_, Some(length)) => Phase::Body(length),
            _ if response && spoken == Spoken::Http => Phase::Rest,
            _ => Phase::Start,
        };
        if phase == Phase::Start {
            return self.over(from, used);
        }
        message.phase = phase;
        message.head = 0;
        notes.begin(from, message.scan);
        Turn::Used(used)
    }

    fn body(
        &mut self,
        from: Side,
        bytes: &[u8],
        left: usize,
        notes: &mut Notes,
        on: fn(usize) -> Phase,
        next: Phase,
    ) -> Turn {
        let message = self.sides.of_mut(from);
        let piece = bytes.get(..left).unwrap_or(bytes);
        let place = place(message.scan);
        if !message.encoded {
            notes.scan(from, place, 0, piece);
        }
        let left = left.saturating_sub(piece.len());
        message.phase = if left == 0 { next } else { on(left) };
        if message.phase == Phase::Start {
            notes.end(from, place);
            message.head = 0;
        }
        Turn::Used(piece.len())
    }

    /// The size of a chunk (RFC 9112 7.1).
    fn chunk(&mut self, from: Side, text: &[u8], used: usize, notes: &mut Notes) -> Turn {
        let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let digits = text.get(..digits).unwrap_or_default();
        let size = str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let message = self.sides.of_mut(from);
        message.head = 0;
        match size {
            None => return Turn::Broken(DefectKind::Foreign),
            Some(0) => {
                notes.end(from, place(message.scan));
                message.phase = Phase::Trailer;
            }
            Some(size) => message.phase = Phase::Chunk(size),
        }
        Turn::Used(used)
    }

    fn over(&mut self, from: Side, used: usize) -> Turn {
        let message = self.sides.of_mut(from);
        (message.phase, message.head) = (Phase::Start, 0);
        Turn::Used(used)
    }
}

/// Behind the answer of a proxy: what the client begins with tells whether it is TLS.
fn tunnelled(from: Side, bytes: &[u8], notes: &mut Notes) -> Turn {
    match (from, bytes) {
        (Side::Client, [first, 3 | 1, ..]) if ContentType(*first) == ContentType::HANDSHAKE => {
            notes.starttls(StarttlsState::Agreed, "HTTP CONNECT, answered 2xx");
            Turn::Upgrade(0)
        }
        (Side::Client, [first]) if ContentType(*first) == ContentType::HANDSHAKE => Turn::More,
        _ => Turn::Enough(0),
    }
}

fn scan_of(kind: &[u8]) -> Scan {
    match () {
        () if holds(kind, b"x-www-form-urlencoded") => Scan::Form,
        () if holds(kind, b"html") => Scan::Page,
        () if holds(kind, b"json") || holds(kind, b"xml") => Scan::Data,
        () => Scan::Text,
    }
}

fn place(scan: Scan) -> &'static str {
    if scan == Scan::Form { "form" } else { "body" }
}

/// `Authorization` (RFC 9110 11.6.2): the scheme, and what of it can be read (RFC 7617, RFC 7616, RFC 6750).
fn authorization(from: Side, at: usize, value: &[u8], notes: &mut Notes) {
    let Some((_, scheme)) = words(value).next() else { return };
    let rest = value.get(scheme.len()..).unwrap_or_default();
    let credentials = rest.trim_ascii_start();
    let at = at.saturating_add(value.len()).saturating_sub(credentials.len());
    notes.auth(scheme);
    let is = |word: &str| scheme.eq_ignore_ascii_case(word.as_bytes());
    if is("Basic") {
        let Some(pair) = base64(credentials) else { return };
        let colon = pair.iter().position(|&byte| byte == b':').unwrap_or(pair.len());
        notes.user(from, "Authorization", at, pair.get(..colon).unwrap_or_default());
        notes.password(from, "Authorization", at, pair.get(colon.saturating_add(1)..).unwrap_or_default());
    } else if is("Bearer") && !credentials.is_empty() {
        notes.found(from, Content::AccessToken, "Authorization", at, Masked::of(credentials));
    } else if is("Digest") {
        let start = credentials.windows(10).position(|part| part.eq_ignore_ascii_case(b"username=\""));
        let Some(start) = start.map(|start| start.saturating_add(10)) else { return };
        let user = credentials.get(start..).unwrap_or_default().split(|&byte| byte == b'"').next().unwrap_or_default();
        notes.user(from, "Authorization", at.saturating_add(start), user);
    }
}

/// Cookies whose name says that they are a session (RFC 6265 4).
fn cookies(from: Side, at: usize, value: &[u8], all: bool, notes: &mut Notes) {
    const NAMES: [&[u8]; 6] = [b"sess", b"sid", b"token", b"auth", b"ticket", b"jwt"];
    let mut start = at;
    for cookie in value.split(|&byte| byte == b';').take(if all { usize::MAX } else { 1 }) {
        if let Some(equals) = cookie.iter().position(|&byte| byte == b'=') {
            let (name, rest) = cookie.split_at(equals);
            let content = rest.get(1..).unwrap_or_default().trim_ascii();
            if NAMES.iter().any(|part| holds(name, part)) && !content.is_empty() {
                let at = start.saturating_add(equals).saturating_add(1);
                notes.found(from, Content::SessionCookie, "cookie", at, Masked::of(content));
            }
        }
        start = start.saturating_add(cookie.len()).saturating_add(1);
    }
}
