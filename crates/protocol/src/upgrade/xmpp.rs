//! XMPP (RFC 6120 4, 5), of clients and between servers. Its streams are XML without comments, types and references to
//! entities of their own (RFC 6120 11.1), so tags and the text between them are all there is to read.

use super::Upgrade;
use super::part::{Fault, LINE, Part};
use super::prologue::{Refusal, Stage, Talk, Turn};

/// How deep elements of a stream's start may lie in each other.
const DEPTH: usize = 16;

/// A tag and the text before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// What stands between the tag before and this one, as written.
    pub before: &'a [u8],
    /// Which kind.
    pub kind: TagKind,
    /// The name, without its prefix.
    pub name: &'a [u8],
    /// The attributes, as written.
    pub attributes: &'a [u8],
}

/// Kinds of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// `<name>`
    Open,
    /// `</name>`
    Close,
    /// `<name/>`
    Empty,
    /// `<?xml …?>`
    Declaration,
}

impl Tag<'_> {
    /// Whether it has an attribute of this name.
    fn has(&self, attribute: &[u8]) -> bool {
        let mut words = self.attributes.split(u8::is_ascii_whitespace);
        words.any(|word| word.strip_prefix(attribute).is_some_and(|rest| matches!(rest.first(), None | Some(b'='))))
    }
}

/// The next tag.
pub fn tag(bytes: &[u8]) -> Part<Tag<'_>> {
    let within = bytes.get(..LINE).unwrap_or(bytes);
    let missing = if within.len() == LINE { Part::Broken(Fault::LongMessage) } else { Part::More };
    let start = within.iter().position(|&byte| byte == b'<');
    let before = within.get(..start.unwrap_or(within.len())).unwrap_or_default();
    if before.contains(&0) {
        return Part::Broken(Fault::Foreign);
    }
    let Some((b'<', after)) = within.get(before.len()..).and_then(<[u8]>::split_first) else { return missing };
    if after.starts_with(b"!") {
        return Part::Broken(Fault::Foreign);
    }
    let mut quote = None;
    let end = after.iter().position(|&byte| {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        byte == b'>' && quote.is_none()
    });
    let Some((end, inside)) = end.and_then(|end| Some((end, after.get(..end)?))) else { return missing };
    let used = before.len().saturating_add(end).saturating_add(2);
    let (kind, inside) = match (inside.strip_prefix(b"/"), inside.strip_suffix(b"/"), inside.strip_prefix(b"?")) {
        (_, _, Some(inside)) => (TagKind::Declaration, inside),
        (Some(inside), ..) => (TagKind::Close, inside),
        (_, Some(inside), _) => (TagKind::Empty, inside),
        _ => (TagKind::Open, inside),
    };
    let length = inside.iter().position(u8::is_ascii_whitespace).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at_checked(length).unwrap_or((inside, b""));
    let name = name.rsplit(|&byte| byte == b':').next().unwrap_or(name);
    match name {
        [] => Part::Broken(Fault::Foreign),
        _ => Part::Whole { value: Tag { before, kind, name, attributes: attributes.trim_ascii() }, used },
    }
}

/// Whether the client's next tag asks for TLS.
pub(super) fn request(bytes: &[u8]) -> Part<bool> {
    tag(bytes).map(|tag| tag.name == b"starttls" && matches!(tag.kind, TagKind::Empty | TagKind::Close))
}

pub(super) fn open(upgrade: Upgrade, host: &str, out: &mut Vec<u8>) {
    let space = if upgrade == Upgrade::XmppServer { "jabber:server" } else { "jabber:client" };
    let mut to = String::with_capacity(host.len());
    for letter in host.chars() {
        match letter {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '\'' => to.push_str("&apos;"),
            _ => to.push(letter),
        }
    }
    let stream = format!(
        "<?xml version='1.0'?><stream:stream xmlns='{space}' xmlns:stream='http://etherx.jabber.org/streams' \
         to='{to}' version='1.0'>"
    );
    out.extend_from_slice(stream.as_bytes());
}

pub(super) fn hear(talk: &mut Talk, bytes: &[u8], out: &mut Vec<u8>) -> Part<Turn> {
    tag(bytes).then(|tag| match tag.kind {
        TagKind::Declaration if talk.path.is_empty() => Ok(Turn::Stay),
        TagKind::Declaration => Err(Fault::Foreign),
        TagKind::Open => begin(talk, &tag),
        TagKind::Close => end(talk, &tag, out),
        TagKind::Empty => match begin(talk, &tag)? {
            Turn::Stay => end(talk, &Tag { before: b"", ..tag }, out),
            over => Ok(over),
        },
    })
}

fn begin(talk: &mut Talk, tag: &Tag<'_>) -> Result<Turn, Fault> {
    let parent = talk.path.last().cloned();
    match (talk.path.len(), parent.as_deref(), tag.name) {
        (DEPTH, ..) => return Err(Fault::Foreign),
        // A server of before version 1.0 sends no features, and knows none (RFC 6120 4.7.5).
        (0, _, b"stream") if !tag.has(b"version") => return Ok(Turn::Refused(Refusal::NotOffered)),
        (0, _, b"stream") => {}
        (0, ..) => return Err(Fault::Foreign),
        (2, Some(b"features"), b"starttls") => talk.offered = true,
        (2, Some(b"features"), name) => {
            talk.others = true;
            // A log-in of before SASL, with a password or a digest of it (XEP-0078).
            talk.own_login |= name == b"auth";
        }
        (3, Some(b"starttls"), b"required") => talk.greeted.tls_required = Some(true),
        (2, Some(b"error"), condition) if condition != b"text" => talk.say(condition),
        _ => {}
    }
    talk.path.push(tag.name.into());
    Ok(Turn::Stay)
}

fn end(talk: &mut Talk, tag: &Tag<'_>, out: &mut Vec<u8>) -> Result<Turn, Fault> {
    if talk.path.pop().as_deref() != Some(tag.name) {
        return Err(Fault::Foreign);
    }
    match (talk.path.len(), tag.name, talk.stage) {
        (0, ..) => Ok(Turn::refused(b"</stream>")),
        (1, b"features", Stage::Greeting) => Ok(featured(talk, out)),
        (1, b"proceed", Stage::Answer) => Ok(Turn::Ready),
        (1, b"failure", Stage::Answer) => Ok(Turn::refused(b"failure")),
        (1, b"error", _) => Ok(Turn::refused(&[b"error ", &*talk.said()].concat())),
        (2, b"text", _) if talk.path.last().is_some_and(|parent| **parent == *b"error") => {
            talk.say(tag.before.trim_ascii());
            Ok(Turn::Stay)
        }
        (3, b"mechanism", Stage::Greeting) => {
            talk.mechanism(tag.before.trim_ascii());
            Ok(Turn::Stay)
        }
        _ => Ok(Turn::Stay),
    }
}

/// All features are known.
fn featured(talk: &mut Talk, out: &mut Vec<u8>) -> Turn {
    talk.logins();
    if !talk.offered {
        return Turn::Refused(Refusal::NotOffered);
    }
    // A server that offers nothing else wants it as much as one that says so (RFC 6120 5.3.1).
    talk.greeted.tls_required.get_or_insert(!talk.others);
    out.extend_from_slice(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    talk.stage = Stage::Answer;
    Turn::Stay
}
