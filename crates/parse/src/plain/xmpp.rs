//! XMPP (RFC 6120): its streams are XML without comments and types, so that tags and the text between them are all.

use super::line::{base64, too_long};
use super::told::{Content, Masked, Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits};
use crate::tls::Side;

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Xmpp {
    asked: bool,
    /// The client's text up to the next tag is what PLAIN sends (RFC 4616).
    plain: bool,
}

impl Xmpp {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if from == Side::Client && self.asked {
            return Turn::Wait;
        }
        if let Some(text) = self.text(from, bytes, notes) {
            return Turn::Used(text);
        }
        let within = bytes.get(..limits.line).unwrap_or(bytes);
        let (mut quote, mut open, mut end) = (None, None, None);
        for (at, &byte) in within.iter().enumerate() {
            match (open, quote, byte) {
                (None, _, b'<') => open = Some(at),
                (Some(_), None, b'"' | b'\'') => quote = Some(byte),
                (Some(_), Some(mark), _) if mark == byte => quote = None,
                (Some(_), None, b'>') => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let Some((open, end)) = open.zip(end) else {
            let long = bytes.len() > limits.line;
            return if long { too_long(Limit::Line, limits.line, bytes.len()) } else { Turn::More };
        };
        let inside = open.saturating_add(1)..end;
        let (text, tag) = (bytes.get(..open).unwrap_or_default(), bytes.get(inside).unwrap_or_default());
        let size = end.saturating_add(1);
        if from == Side::Client && std::mem::take(&mut self.plain) {
            let bytes = base64(text.trim_ascii()).unwrap_or_default();
            let mut parts = bytes.split(|byte| *byte == 0).skip(1);
            notes.user(from, "auth", 0, parts.next().unwrap_or_default());
            notes.password(from, "auth", 0, parts.next().unwrap_or_default());
        }
        notes.end(from, "stanza");
        match self.tag(from, tag, notes) {
            None => Turn::Broken(DefectKind::Foreign),
            Some(true) => Turn::Upgrade(size),
            Some(false) => Turn::Used(size),
        }
    }

    /// Text before the next tag, unless it is what a client logs in with.
    fn text(&self, from: Side, bytes: &[u8], notes: &mut Notes) -> Option<usize> {
        let count = bytes.iter().position(|&byte| byte == b'<').unwrap_or(bytes.len());
        let text = bytes.get(..count).filter(|text| !text.is_empty())?;
        if from == Side::Client && self.plain {
            return None;
        }
        notes.scan(from, "stanza", 0, text);
        Some(text.len())
    }

    /// Whether TLS begins behind it.
    fn tag(&mut self, from: Side, tag: &[u8], notes: &mut Notes) -> Option<bool> {
        let close = tag.starts_with(b"/");
        let tag = tag.strip_prefix(b"/").unwrap_or(tag);
        let end = tag.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'/').unwrap_or(tag.len());
        let name = tag.get(..end).unwrap_or_default();
        let name = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
        let empty = tag.ends_with(b"/");
        match (from, name) {
            (_, [] | [b'!', ..]) => return None,
            (_, b"stream") if !close => {
                if let Some(version) = attribute(tag, b"version") {
                    notes.version(&String::from_utf8_lossy(version.get(..8).unwrap_or(version)));
                }
            }
            (Side::Client, b"starttls") if close || empty => {
                notes.starttls(StarttlsState::Asked, "XMPP starttls");
                self.asked = true;
            }
            (Side::Client, b"auth") if !close => {
                let mechanism = attribute(tag, b"mechanism").unwrap_or_default();
                notes.auth(mechanism);
                self.plain = mechanism == b"PLAIN" && !empty;
            }
            (Side::Server, b"starttls") if !close => notes.starttls(StarttlsState::Offered, "XMPP starttls, offered"),
            (Side::Server, b"proceed") if self.asked && (close || empty) => {
                notes.starttls(StarttlsState::Agreed, "XMPP starttls, answered proceed");
                return Some(true);
            }
            (Side::Server, b"failure") if self.asked && !close => {
                notes.starttls(StarttlsState::Refused, "XMPP starttls, answered failure");
                self.asked = false;
            }
            (_, b"message") if !close => notes.found(from, Content::Payload, "stanza", 0, Masked::of(b"")),
            _ => {}
        }
        Some(false)
    }
}

/// The value of an attribute.
fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = tag;
    while let Some(equals) = rest.iter().position(|&byte| byte == b'=') {
        let (before, behind) = rest.split_at(equals);
        let (quote, behind) = behind.get(1..)?.trim_ascii_start().split_first()?;
        let end = behind.iter().position(|byte| byte == quote)?;
        let (value, next) = behind.split_at(end);
        let word = before.trim_ascii().rsplit(|byte| byte.is_ascii_whitespace()).next();
        if word == Some(name) {
            return Some(value);
        }
        rest = next.get(1..)?;
    }
    None
}
