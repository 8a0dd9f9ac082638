//! News (RFC 3977, RFC 4642, RFC 4643).

use super::line::{coded, line, words};
use super::part::{Fault, Part, shown};
use super::prologue::{Refusal, Stage, Talk, Turn};

/// The number of the reply that a list follows, up to a line with a dot (RFC 3977 5.2).
const LIST: u16 = 101;

pub(super) fn hear(talk: &mut Talk, bytes: &[u8], out: &mut Vec<u8>) -> Part<Turn> {
    if talk.open == Some(LIST) {
        return line(bytes).map(|line| capability(talk, line, out));
    }
    // Its replies have one line, so `last` is always due.
    let reply = coded(bytes, None).then(|reply| if reply.last { Ok(reply) } else { Err(Fault::Foreign) });
    reply.map(|reply| match (talk.stage, reply.code) {
        (Stage::Greeting, 200 | 201) => {
            talk.greeted.software.get_or_insert_with(|| shown(reply.text));
            talk.send("CAPABILITIES", Stage::Capabilities, out)
        }
        (Stage::Capabilities, LIST) => {
            talk.open = Some(LIST);
            Turn::Stay
        }
        // A server older than RFC 3977, or one that tells nothing before a log-in: it may still know the command.
        (Stage::Capabilities, 480 | 500) => talk.send("STARTTLS", Stage::Answer, out),
        (Stage::Answer, 382) => Turn::Ready,
        (_, code) => Turn::refused(&[code.to_string().as_bytes(), b" ", reply.text].concat()),
    })
}

fn capability(talk: &mut Talk, line: &[u8], out: &mut Vec<u8>) -> Turn {
    if line != b"." {
        let mut words = words(line);
        let label = words.next().unwrap_or_default().to_ascii_uppercase();
        match &*label {
            b"STARTTLS" => talk.offered = true,
            b"MODE-READER" => talk.others = true,
            b"AUTHINFO" => talk.own_login |= words.any(|way| way.eq_ignore_ascii_case(b"USER")),
            b"SASL" => words.for_each(|name| talk.mechanism(name)),
            _ => {}
        }
        return Turn::Stay;
    }
    talk.open = None;
    talk.logins();
    if talk.offered {
        talk.send("STARTTLS", Stage::Answer, out)
    } else if std::mem::take(&mut talk.others) {
        // The part of the server that feeds other servers; the one for readers answers as at the start (RFC 3977 3.4.2).
        talk.send("MODE READER", Stage::Greeting, out)
    } else {
        Turn::Refused(Refusal::NotOffered)
    }
}
