//! PostgreSQL (documentation, "Message Flow", "SSL Session Encryption").

use super::part::{Fault, LINE, Part};
use super::prologue::{Refusal, Turn};
use dengmi_parse::Reader;

/// Its length, and the number in place of a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The answer to an SSLRequest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `S`: TLS comes next.
    Willing,
    /// `N`: without TLS only.
    Unwilling,
    /// `E`: an error, with its severity, code and message.
    Error(Vec<u8>),
}

/// Reads the answer.
pub fn answer(bytes: &[u8]) -> Part<Answer> {
    match bytes.split_first() {
        None => Part::More,
        // The greeting of another server, which begins with the same letter.
        Some((b'S', rest)) if rest.starts_with(b"SH-") => Part::Broken(Fault::Foreign),
        Some((b'S', _)) => Part::Whole { value: Answer::Willing, used: 1 },
        Some((b'N', _)) => Part::Whole { value: Answer::Unwilling, used: 1 },
        Some((b'E', rest)) => error(rest).map(Answer::Error),
        Some(_) => Part::Broken(Fault::Foreign),
    }
}

/// An ErrorResponse: a length, then fields of a letter and text up to a zero. Before version 3 of the protocol it was
/// text alone, up to a zero.
fn error(bytes: &[u8]) -> Part<Vec<u8>> {
    let mut reader = Reader::new(bytes);
    let Ok(length) = reader.u32() else { return Part::More };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > LINE {
        let within = bytes.get(..LINE).unwrap_or(bytes);
        return match within.iter().position(|&byte| byte == 0) {
            Some(end) => Part::Whole {
                value: within.get(..end).unwrap_or_default().trim_ascii().to_vec(),
                used: end.saturating_add(2),
            },
            None if within.len() == LINE => Part::Broken(Fault::LongMessage),
            None => Part::More,
        };
    }
    let Some(body) = length.checked_sub(4) else { return Part::Broken(Fault::Foreign) };
    let Ok(body) = reader.take(body) else { return Part::More };
    let fields = body.split(|&byte| byte == 0).filter_map(|field| field.split_first());
    let told = fields.filter(|(kind, _)| matches!(kind, b'S' | b'C' | b'M')).map(|(_, text)| text);
    Part::Whole { value: told.collect::<Vec<_>>().join(&b' '), used: length.saturating_add(1) }
}

/// Whether the client's first message is an SSLRequest.
pub(super) fn request(bytes: &[u8]) -> Part<bool> {
    let mut reader = Reader::new(bytes);
    let Ok(length) = reader.u32() else { return Part::More };
    match usize::try_from(length) {
        Ok(length) if (8..=LINE).contains(&length) && bytes.len() >= length => {
            Part::Whole { value: bytes.get(..length) == Some(&SSL_REQUEST), used: length }
        }
        Ok(8..=LINE) => Part::More,
        _ => Part::Broken(Fault::Foreign),
    }
}

pub(super) fn ask(out: &mut Vec<u8>) {
    out.extend_from_slice(&SSL_REQUEST);
}

pub(super) fn hear(bytes: &[u8]) -> Part<Turn> {
    answer(bytes).map(|answer| match answer {
        Answer::Willing => Turn::Ready,
        Answer::Unwilling => Turn::Refused(Refusal::NotOffered),
        Answer::Error(text) => Turn::refused(&text),
    })
}
