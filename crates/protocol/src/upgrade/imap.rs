//! IMAP (RFC 3501, RFC 9051).

use super::line::{after, line, words};
use super::part::{Fault, Part, shown};
use super::prologue::{Refusal, Stage, Talk, Turn};

/// A line of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// `*`, `+`, or the tag of the command that this answers.
    pub tag: &'a [u8],
    /// What follows: `OK`, `NO`, `BAD`, `BYE`, `PREAUTH`, or the name of data.
    pub word: &'a [u8],
    /// The rest.
    pub text: &'a [u8],
}

impl<'a> Response<'a> {
    /// The capabilities, when this line lists them: as data, or as the code of a greeting or an answer.
    pub fn capabilities(&self) -> Option<&'a [u8]> {
        if self.tag == b"*" && self.word.eq_ignore_ascii_case(b"CAPABILITY") {
            return Some(self.text);
        }
        let code = after(self.text, b"[CAPABILITY ")?;
        code.split(|&byte| byte == b']').next()
    }

    /// The text for people, without a code in brackets.
    fn plain(&self) -> &'a [u8] {
        let end = self.text.iter().position(|&byte| byte == b']').filter(|_| self.text.starts_with(b"["));
        end.and_then(|end| self.text.get(end.saturating_add(1)..)).unwrap_or(self.text).trim_ascii()
    }
}

/// The next line of the server.
pub fn response(bytes: &[u8]) -> Part<Response<'_>> {
    line(bytes).then(|line| {
        let mut parts = line.splitn(3, |&byte| byte == b' ');
        match (parts.next(), parts.next()) {
            (Some(tag), Some(word)) if !tag.is_empty() && !word.is_empty() => {
                Ok(Response { tag, word, text: parts.next().unwrap_or_default() })
            }
            _ => Err(Fault::Foreign),
        }
    })
}

pub(super) fn hear(talk: &mut Talk, bytes: &[u8], out: &mut Vec<u8>) -> Part<Turn> {
    response(bytes).then(|response| {
        if let Some(list) = response.capabilities().filter(|_| talk.stage != Stage::Answer) {
            // Unless LOGINDISABLED follows, a server must take LOGIN (RFC 9051 6.2.3).
            talk.own_login = true;
            words(list).for_each(|capability| self::capability(talk, capability));
            talk.open = Some(0);
        }
        let word = response.word.to_ascii_uppercase();
        match (talk.stage, response.tag, &*word) {
            (Stage::Greeting, b"*", b"OK") => {
                talk.greeted.software = Some(shown(response.plain()));
                // A greeting may tell a part only, so one without TLS is not believed.
                Ok(match talk.offered {
                    true => capable(talk, out),
                    false => talk.send("a CAPABILITY", Stage::Capabilities, out),
                })
            }
            (_, b"*", b"BYE" | b"PREAUTH") => Ok(Turn::refused(&[b"* ", response.word, b" ", response.text].concat())),
            (Stage::Greeting, ..) => Err(Fault::Foreign),
            (_, b"*", _) => Ok(Turn::Stay),
            (Stage::Capabilities, b"a", b"OK") if talk.open.is_some() => Ok(capable(talk, out)),
            // It tells nothing of what it can do: it may still know the command.
            (Stage::Capabilities, b"a", b"OK" | b"NO" | b"BAD") => Ok(talk.send(STARTTLS, Stage::Answer, out)),
            (Stage::Answer, b"b", b"OK") => Ok(Turn::Ready),
            (Stage::Answer, b"b", b"NO" | b"BAD") => Ok(Turn::refused(&[response.word, b" ", response.text].concat())),
            _ => Err(Fault::Foreign),
        }
    })
}

const STARTTLS: &str = "b STARTTLS";

fn capability(talk: &mut Talk, name: &[u8]) {
    if name.eq_ignore_ascii_case(b"STARTTLS") {
        talk.offered = true;
    } else if name.eq_ignore_ascii_case(b"LOGINDISABLED") {
        talk.own_login = false;
    } else if let Some(mechanism) = after(name, b"AUTH=") {
        talk.mechanism(mechanism);
    }
}

/// Everything that is offered is known.
fn capable(talk: &mut Talk, out: &mut Vec<u8>) -> Turn {
    talk.logins_only();
    match talk.offered {
        true => talk.send(STARTTLS, Stage::Answer, out),
        false => Turn::Refused(Refusal::NotOffered),
    }
}
