//! POP3 (RFC 1939, RFC 2449, RFC 2595).

use super::line::{after, line, words};
use super::part::{Fault, Part, shown};
use super::prologue::{Refusal, Stage, Talk, Turn};

/// The first line of a reply (RFC 1939 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// `+OK`, not `-ERR`.
    pub ok: bool,
    /// What stands behind it.
    pub text: &'a [u8],
}

/// The next line, which must begin a reply.
pub fn reply(bytes: &[u8]) -> Part<Reply<'_>> {
    line(bytes).then(|line| {
        let ok = after(line, b"+OK").map(|text| Reply { ok: true, text });
        let reply = ok.or_else(|| after(line, b"-ERR").map(|text| Reply { ok: false, text }));
        let reply = reply.filter(|reply| matches!(reply.text.first(), None | Some(b' ' | b'\t')));
        reply.map(|reply| Reply { text: reply.text.trim_ascii(), ..reply }).ok_or(Fault::Foreign)
    })
}

pub(super) fn hear(talk: &mut Talk, bytes: &[u8], out: &mut Vec<u8>) -> Part<Turn> {
    if talk.open.is_some() {
        return line(bytes).map(|line| capability(talk, line, out));
    }
    reply(bytes).map(|reply| match (talk.stage, reply.ok) {
        (Stage::Greeting, true) => {
            talk.greeted.software = Some(shown(reply.text));
            // A time-stamp in angle brackets offers a log-in with a digest (RFC 1939 7).
            if words(reply.text).any(|word| word.first() == Some(&b'<') && word.contains(&b'@')) {
                talk.mechanism(b"APOP");
            }
            talk.send("CAPA", Stage::Capabilities, out)
        }
        (Stage::Capabilities, true) => {
            talk.open = Some(0);
            Turn::Stay
        }
        // A server older than RFC 2449: it may still know the command.
        (Stage::Capabilities, false) => talk.send("STLS", Stage::Answer, out),
        (Stage::Answer, true) => Turn::Ready,
        (Stage::Greeting | Stage::Answer, false) => Turn::refused(&[b"-ERR ", reply.text].concat()),
    })
}

fn capability(talk: &mut Talk, line: &[u8], out: &mut Vec<u8>) -> Turn {
    if line != b"." {
        let mut words = words(line);
        let name = words.next().unwrap_or_default().to_ascii_uppercase();
        match &*name {
            b"STLS" => talk.offered = true,
            b"USER" => talk.own_login = true,
            b"SASL" => words.for_each(|name| talk.mechanism(name)),
            _ => {}
        }
        return Turn::Stay;
    }
    talk.open = None;
    talk.logins_only();
    match talk.offered {
        true => talk.send("STLS", Stage::Answer, out),
        false => Turn::Refused(Refusal::NotOffered),
    }
}
