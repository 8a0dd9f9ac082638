//! MySQL and MariaDB (documentation, "Connection Phase"): numbers are little-endian.

use super::part::{Fault, LINE, Part, shown};
use super::prologue::{Refusal, Talk, Turn};
use dengmi_parse::{Defect, Reader};

/// The version of the protocol whose greeting can offer TLS.
const VERSION_10: u8 = 10;
/// The first byte of an error in place of a greeting.
const ERROR: u8 = 0xff;

/// Capabilities.
const PROTOCOL_41: u32 = 0x200;
const SSL: u32 = 0x800;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x8_0000;

/// utf8mb4, whose number every server of today has.
const UTF8MB4: u8 = 45;
/// Bytes of an SSLRequest.
const SSL_REQUEST: u8 = 32;

/// What a server says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting<'a> {
    /// A greeting of protocol version 10.
    Version10 {
        /// The version of the software.
        software: &'a [u8],
        /// What the server can do, as it is on the wire.
        capabilities: u32,
        /// The authentication plugin that it begins with.
        plugin: Option<&'a [u8]>,
    },
    /// A greeting of another protocol version, none of which has TLS.
    Other {
        /// The version of the protocol.
        version: u8,
        /// The version of the software.
        software: &'a [u8],
    },
    /// The server will not talk to us.
    Error {
        /// The number of the error.
        code: u16,
        /// Its text.
        text: &'a [u8],
    },
}

impl Greeting<'_> {
    /// Whether TLS is offered.
    pub fn offers_tls(&self) -> bool {
        matches!(self, Greeting::Version10 { capabilities, .. } if capabilities & SSL != 0)
    }
}

/// Reads the greeting.
pub fn greeting(bytes: &[u8]) -> Part<Greeting<'_>> {
    packet(bytes, 0).then(|packet| read_greeting(packet).map_err(|_| Fault::Foreign))
}

/// A packet with this number: three bytes of length, one of number, the rest.
fn packet(bytes: &[u8], sequence: u8) -> Part<Reader<'_>> {
    let mut reader = Reader::new(bytes);
    let Ok([first, second, third, number]) = reader.array() else { return Part::More };
    let length = usize::from(first) | usize::from(second) << 8 | usize::from(third) << 16;
    match reader.take(length) {
        _ if number != sequence || length == 0 => Part::Broken(Fault::Foreign),
        _ if length > LINE - 4 => Part::Broken(Fault::LongMessage),
        Ok(inside) => Part::Whole { value: Reader::new(inside), used: length.saturating_add(4) },
        Err(_) => Part::More,
    }
}

fn read_greeting(mut packet: Reader<'_>) -> Result<Greeting<'_>, Defect> {
    let version = packet.u8()?;
    if version == ERROR {
        let code = u16::from_le_bytes(packet.array()?);
        let text = packet.rest();
        // From version 4.1 on a state of five characters may stand before the text.
        let text = text.strip_prefix(b"#").and_then(|text| text.get(5..)).unwrap_or(text);
        return Ok(Greeting::Error { code, text });
    }
    let software = text(&mut packet).ok_or(packet.short(1))?;
    if software.is_empty() || !software.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(packet.short(1));
    }
    if version != VERSION_10 {
        return Ok(Greeting::Other { version, software });
    }
    // The connection's number, eight bytes of challenge and a filler.
    packet.take(4 + 8 + 1)?;
    let low = u32::from(u16::from_le_bytes(packet.array()?));
    let upper = |packet: &mut Reader<'_>| -> Result<(u32, u8), Defect> {
        // Character set and status.
        packet.take(1 + 2)?;
        let high = u32::from(u16::from_le_bytes(packet.array()?));
        Ok((low | high << 16, packet.u8()?))
    };
    // Servers before 4.1 end here.
    let Ok((capabilities, challenge)) = upper(&mut packet) else {
        return Ok(Greeting::Version10 { software, capabilities: low, plugin: None });
    };
    // Ten bytes reserved, then the rest of the challenge, which has at least 13.
    let rest = usize::from(challenge).saturating_sub(8).max(13);
    let plugin = packet.take(10usize.saturating_add(rest)).ok().filter(|_| capabilities & PLUGIN_AUTH != 0);
    let plugin = plugin.map(|_| text(&mut packet).unwrap_or_else(|| packet.rest())).filter(|name| !name.is_empty());
    Ok(Greeting::Version10 { software, capabilities, plugin })
}

/// Text up to a zero; `None` without one.
fn text<'a>(packet: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut ahead = packet.clone();
    let length = ahead.rest().iter().position(|&byte| byte == 0)?;
    let text = packet.take(length).ok();
    packet.u8().ok()?;
    text
}

/// Whether the client's next message is an SSLRequest: the start of a handshake response and nothing more.
pub(super) fn request(bytes: &[u8]) -> Part<bool> {
    packet(bytes, 1).map(|mut packet| {
        let short = packet.left() == usize::from(SSL_REQUEST);
        short && packet.array().is_ok_and(|flags| u32::from_le_bytes(flags) & SSL != 0)
    })
}

pub(super) fn hear(talk: &mut Talk, bytes: &[u8], out: &mut Vec<u8>) -> Part<Turn> {
    greeting(bytes).map(|greeting| match greeting {
        Greeting::Version10 { software, plugin, .. } => {
            talk.greeted.software = Some(shown(software));
            plugin.into_iter().for_each(|name| talk.mechanism(name));
            if !greeting.offers_tls() {
                return Turn::Refused(Refusal::NotOffered);
            }
            let flags = PROTOCOL_41 | SSL | SECURE_CONNECTION | PLUGIN_AUTH;
            out.extend_from_slice(&[SSL_REQUEST, 0, 0, 1]);
            out.extend_from_slice(&flags.to_le_bytes());
            // The largest packet that we take: 16 MiB.
            out.extend_from_slice(&[0, 0, 0, 1, UTF8MB4]);
            out.extend_from_slice(&[0; 23]);
            Turn::Ready
        }
        Greeting::Other { software, .. } => {
            talk.greeted.software = Some(shown(software));
            Turn::Refused(Refusal::NotOffered)
        }
        Greeting::Error { code, text } => {
            Turn::refused(&[b"error ", code.to_string().as_bytes(), b": ", text].concat())
        }
    })
}
