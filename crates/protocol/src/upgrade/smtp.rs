//! SMTP (RFC 3207) and LMTP (RFC 2033), which differ in one word.

use super::line::{after, coded, words};
use super::part::{Part, shown};
use super::prologue::{Refusal, Stage, Talk, Turn};

/// The name that we give ourselves: one that can belong to nobody (RFC 2606).
const CLIENT: &str = "dengmi.invalid";

pub(super) fn hear(talk: &mut Talk, bytes: &[u8], hello: &str, out: &mut Vec<u8>) -> Part<Turn> {
    coded(bytes, talk.open).map(|reply| {
        // The first line of the answer to the hello holds the server's name, the others a keyword each (RFC 5321 4.1.1.1).
        if talk.stage == Stage::Capabilities && talk.open.is_some() {
            keyword(talk, reply.text);
        }
        let Some(text) = talk.take(&reply) else { return Turn::Stay };
        match (talk.stage, reply.code) {
            (Stage::Greeting, 220) => {
                talk.greeted.software = Some(shown(&text));
                talk.send(&format!("{hello} {CLIENT}"), Stage::Capabilities, out)
            }
            (Stage::Capabilities, 250) => {
                talk.logins();
                match talk.offered {
                    true => talk.send("STARTTLS", Stage::Answer, out),
                    false => Turn::Refused(Refusal::NotOffered),
                }
            }
            // A server without extensions (RFC 5321 3.2).
            (Stage::Capabilities, 500 | 502 | 504) => Turn::Refused(Refusal::NotOffered),
            (Stage::Answer, 220) => Turn::Ready,
            (_, code) => Turn::refused(&[code.to_string().as_bytes(), b" ", &text].concat()),
        }
    })
}

fn keyword(talk: &mut Talk, text: &[u8]) {
    let mut words = words(text);
    let keyword = words.next().unwrap_or_default();
    if keyword.eq_ignore_ascii_case(b"STARTTLS") {
        talk.offered = true;
    } else if keyword.eq_ignore_ascii_case(b"AUTH") {
        words.for_each(|name| talk.mechanism(name));
    } else if let Some(first) = after(keyword, b"AUTH=") {
        // How it was written before RFC 2554; servers that say both are still about.
        std::iter::once(first).chain(words).for_each(|name| talk.mechanism(name));
    }
}
