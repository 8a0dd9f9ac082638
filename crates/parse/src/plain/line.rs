//! Lines, words and base64.

use super::watch::Turn;
use crate::reading::{DefectKind, Limit};

/// The next line without its end, and its bytes with it. `Err` when it is not there yet, or longer than `most`.
pub(super) fn line(bytes: &[u8], most: usize, limit: Limit) -> Result<(&[u8], usize), Turn> {
    let within = bytes.get(..most).unwrap_or(bytes);
    match within.iter().position(|&byte| byte == b'\n') {
        Some(end) => {
            let text = within.get(..end).unwrap_or_default();
            Ok((text.strip_suffix(b"\r").unwrap_or(text), end.saturating_add(1)))
        }
        None if bytes.len() > most => Err(too_long(limit, most, bytes.len())),
        None => Err(Turn::More),
    }
}

/// Something that is longer than a limit allows.
pub(super) fn too_long(limit: Limit, most: usize, found: usize) -> Turn {
    // Of a thing that has not ended, only that it is longer is known, in however many pieces it came.
    let found = found.min(most.saturating_add(1));
    Turn::Broken(DefectKind::Limit { limit, most, found })
}

/// The words of a line, each with its place.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0_usize;
    let parts = line.split(|byte| *byte == b' ' || *byte == b'\t').map(move |word| {
        let start = at;
        at = at.saturating_add(word.len()).saturating_add(1);
        (start, word)
    });
    parts.filter(|(_, word)| !word.is_empty())
}

/// What follows `prefix`, whatever the case of its letters.
pub(super) fn after<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = bytes.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Whether `part` is somewhere in `bytes`, whatever the case of its letters.
pub(super) fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

/// Decimal digits, and nothing else, as a number; one that is too large is the largest.
pub(super) fn number(digits: &[u8]) -> Option<usize> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all.then(|| {
        digits.iter().fold(0, |value: usize, digit| value.saturating_mul(10).saturating_add(usize::from(digit & 15)))
    })
}

/// Base64 (RFC 4648 4) up to its padding. `None` when it is none.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut has) = (Vec::new(), 0_u32, 0_u32);
    for &letter in text.iter().take_while(|letter| **letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        has += 6;
        if has >= 8 {
            has -= 8;
            out.push(u8::try_from(bits >> has & 0xff).unwrap_or_default());
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read() {
        for (text, expected) in [
            ("", Some(&b""[..])),
            ("Zg==", Some(b"f")),
            ("Zm8=", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("AGFiAGNk", Some(b"\0ab\0cd")),
            ("/+8=", Some(b"\xff\xef")),
            ("a b", None),
            ("等", None),
        ] {
            assert_eq!(base64(text.as_bytes()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn words_have_their_places() {
        let found: Vec<_> = words(b" AUTH  PLAIN\tx").collect();
        assert_eq!(found, [(1, &b"AUTH"[..]), (7, b"PLAIN"), (13, b"x")]);
        assert_eq!(
            (number(b"12"), number(b""), number(b"1a"), number(&[b'9'; 99])),
            (Some(12), None, None, Some(usize::MAX))
        );
    }
}
