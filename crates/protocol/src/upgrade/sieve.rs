//! ManageSieve (RFC 5804).

use super::line::{after, line, number};
use super::part::{Fault, LINE, Part, shown};
use super::prologue::{Refusal, Stage, Talk, Turn};

/// A response: a line, and the literals in it with the lines that go on behind them (RFC 5804 1.2, 4).
pub fn response(bytes: &[u8]) -> Part<&[u8]> {
    let mut used = 0usize;
    loop {
        let next = match line(bytes.get(used..).unwrap_or_default()) {
            Part::Whole { value, used } => (value, used),
            Part::More => return if used > LINE { Part::Broken(Fault::LongMessage) } else { Part::More },
            Part::Broken(fault) => return Part::Broken(fault),
        };
        used = used.saturating_add(next.1);
        let literal = literal(next.0).map(|length| used.saturating_add(length));
        match literal {
            _ if used > LINE || literal > Some(LINE) => return Part::Broken(Fault::LongMessage),
            None => return Part::Whole { value: bytes.get(..used).unwrap_or_default().trim_ascii_end(), used },
            Some(end) if bytes.len() < end => return Part::More,
            Some(end) => used = end,
        }
    }
}

/// The length of the literal that a line announces at its end: `{11}`, `{11+}`.
fn literal(line: &[u8]) -> Option<usize> {
    let start = line.iter().rposition(|&byte| byte == b'{')?;
    let digits = line.get(start..)?.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    let announced = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    announced.then(|| number(digits).unwrap_or(usize::MAX))
}

/// A capability and its value, when the response is no `OK`, `NO` or `BYE`.
pub fn capability(response: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = string(response)?;
    Some((name, string(rest.trim_ascii()).map_or(b"", |(value, _)| value)))
}

/// A string, quoted or as literal, and what follows.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(quoted) = bytes.strip_prefix(b"\"") else {
        let Part::Whole { value, used } = line(bytes) else { return None };
        return bytes.get(used..)?.split_at_checked(literal(value).filter(|_| value.starts_with(b"{"))?);
    };
    let mut escaped = false;
    let end = quoted.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((quoted.get(..end)?, quoted.get(end.saturating_add(1)..)?))
}

pub(super) fn hear(talk: &mut Talk, bytes: &[u8], out: &mut Vec<u8>) -> Part<Turn> {
    response(bytes).then(|response| {
        let named = |word: &[u8]| {
            let rest = after(response, word)?;
            matches!(rest.first(), None | Some(b' ' | b'(')).then_some(rest)
        };
        let (ok, refused) = (named(b"OK").is_some(), named(b"NO").or(named(b"BYE")).is_some());
        match (talk.stage, capability(response)) {
            (Stage::Answer, None) if ok => Ok(Turn::Ready),
            (_, None) if ok => {
                talk.logins_only();
                Ok(match talk.offered {
                    true => talk.send("STARTTLS", Stage::Answer, out),
                    false => Turn::Refused(Refusal::NotOffered),
                })
            }
            (_, None) if refused => Ok(Turn::refused(response)),
            (Stage::Greeting, Some((name, value))) => {
                match &*name.to_ascii_uppercase() {
                    b"IMPLEMENTATION" => talk.greeted.software = Some(shown(value)),
                    b"STARTTLS" => talk.offered = true,
                    b"SASL" => super::line::words(value).for_each(|name| talk.mechanism(name)),
                    _ => {}
                }
                Ok(Turn::Stay)
            }
            _ => Err(Fault::Foreign),
        }
    })
}
