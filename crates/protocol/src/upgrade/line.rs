//! Lines, and the replies of mail, files and news, which begin with a number.

use super::part::{Fault, LINE, Part};

/// The next line, without its end. A bare LF ends a line too; a NUL is in none.
pub fn line(bytes: &[u8]) -> Part<&[u8]> {
    let within = bytes.get(..LINE).unwrap_or(bytes);
    let end = within.iter().position(|&byte| byte == b'\n');
    let text = end.and_then(|end| within.get(..end));
    match (text, end) {
        _ if text.unwrap_or(within).contains(&0) => Part::Broken(Fault::Foreign),
        (Some(text), Some(end)) => {
            Part::Whole { value: text.strip_suffix(b"\r").unwrap_or(text), used: end.saturating_add(1) }
        }
        _ if within.len() == LINE => Part::Broken(Fault::LongMessage),
        _ => Part::More,
    }
}

/// One line of a reply (RFC 5321 4.2, RFC 959 4.2, RFC 3977 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coded<'a> {
    /// The number.
    pub code: u16,
    /// Whether the reply ends here.
    pub last: bool,
    /// What stands behind the number.
    pub text: &'a [u8],
}

/// The next line of a reply. `open` is the number of the reply when its first line was read already: inside, FTP
/// allows lines without a number.
pub fn coded(bytes: &[u8], open: Option<u16>) -> Part<Coded<'_>> {
    line(bytes).then(|line| match (numbered(line), open) {
        (Some(reply), None) => Ok(reply),
        (Some(reply), Some(code)) if reply.code == code => Ok(reply),
        (_, Some(code)) => Ok(Coded { code, last: false, text: line }),
        (None, None) => Err(Fault::Foreign),
    })
}

fn numbered(line: &[u8]) -> Option<Coded<'_>> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code = number(digits)?;
    match rest.split_first() {
        None => Some(Coded { code, last: true, text: rest }),
        Some((b' ', text)) => Some(Coded { code, last: true, text }),
        Some((b'-', text)) => Some(Coded { code, last: false, text }),
        Some(_) => None,
    }
}

/// Decimal digits, and nothing else, as a number.
pub(super) fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    let text = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

/// The words of a line.
pub fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b' ' || *byte == b'\t').filter(|word| !word.is_empty())
}

/// What follows `prefix`, whatever the case of its letters.
pub(super) fn after<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = bytes.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], open: Option<u16>, code: u16, last: bool, text: &[u8]) {
        let value = Coded { code, last, text };
        assert_eq!(coded(bytes, open), Part::Whole { value, used: bytes.len() }, "{bytes:?}");
    }

    #[test]
    fn replies_are_read_line_by_line() {
        check(b"220 mail\r\n", None, 220, true, b"mail");
        check(b"220-mail\n", None, 220, false, b"mail");
        check(b"250\r\n", None, 250, true, b"");
        check(b"  files\r\n", Some(220), 220, false, b"  files");
        check(b"221 inside\r\n", Some(220), 220, false, b"221 inside");
        check(b"220 end\r\n", Some(220), 220, true, b"end");
        for foreign in [&b"22\r\n"[..], b"22x a\r\n", b"2200 a\r\n", b"+12 a\r\n", b"HTTP/1.1 400\r\n", b"\r\n"] {
            assert_eq!(coded(foreign, None), Part::Broken(Fault::Foreign), "{foreign:?}");
        }
        assert_eq!(coded(b"220 mail", None), Part::More);
    }

    #[test]
    fn a_line_is_bounded() {
        let most = [vec![b'a'; LINE - 1], vec![b'\n']].concat();
        assert_eq!(line(&most), Part::Whole { value: &most[..LINE - 1], used: LINE });
        assert_eq!(line(&most[..LINE - 1]), Part::More);
        let above = [vec![b'a'; LINE], vec![b'\n']].concat();
        assert_eq!(line(&above), Part::Broken(Fault::LongMessage));
        assert_eq!(line(b"a\0"), Part::Broken(Fault::Foreign), "without waiting for an end");
        assert_eq!(line(b"a\n\0"), Part::Whole { value: &b"a"[..], used: 2 }, "what comes later is not this line's");
    }
}
