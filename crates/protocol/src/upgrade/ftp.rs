//! FTP, the control connection (RFC 4217).

use super::line::coded;
use super::part::{Part, shown};
use super::prologue::{Stage, Talk, Turn};

pub(super) fn hear(talk: &mut Talk, bytes: &[u8], out: &mut Vec<u8>) -> Part<Turn> {
    coded(bytes, talk.open).map(|reply| {
        let Some(text) = talk.take(&reply) else { return Turn::Stay };
        match (talk.stage, reply.code) {
            // Ready in some minutes; the greeting comes then (RFC 959 5.4).
            (Stage::Greeting, 120) => Turn::Stay,
            (Stage::Greeting, 220) => {
                talk.greeted.software = Some(shown(&text));
                talk.send("AUTH TLS", Stage::Answer, out)
            }
            // 334 belongs to mechanisms with a challenge (RFC 2228 3); old servers send it for TLS too and mean yes.
            (Stage::Answer, 234 | 334) => Turn::Ready,
            (_, code) => Turn::refused(&[code.to_string().as_bytes(), b" ", &text].concat()),
        }
    })
}
