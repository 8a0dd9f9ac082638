//! What the readers of single messages share: an answer that may be "not yet", the limits, and text that is safe to show.

use std::fmt;

/// Bytes of one line, element or packet, its end included.
pub const LINE: usize = 8192;
/// Messages (lines, elements, packets) of one prologue.
pub const MESSAGES: usize = 512;
/// Bytes of one prologue.
pub const TOTAL: usize = 1 << 16;

/// Bytes of a server's text that are kept.
const SHOWN: usize = 512;

/// The next message at the start of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<T> {
    /// Not all of it is there.
    More,
    /// It is there.
    Whole {
        /// What it says.
        value: T,
        /// How many bytes it takes.
        used: usize,
    },
    /// It can never become a message of this protocol.
    Broken(Fault),
}

impl<T> Part<T> {
    /// The same with what the value leads to.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Part<U> {
        self.then(|value| Ok(change(value)))
    }

    /// The same with what the value leads to, which may be nothing.
    pub(super) fn then<U>(self, change: impl FnOnce(T) -> Result<U, Fault>) -> Part<U> {
        match self {
            Part::More => Part::More,
            Part::Whole { value, used } => match change(value) {
                Ok(value) => Part::Whole { value, used },
                Err(fault) => Part::Broken(fault),
            },
            Part::Broken(fault) => Part::Broken(fault),
        }
    }
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Another protocol, or none.
    Foreign,
    /// A record of the TLS family where clear text is due: the port speaks TLS at once.
    Tls,
    /// A line, element or packet above [`LINE`].
    LongMessage,
    /// More than [`MESSAGES`].
    ManyMessages,
    /// More than [`TOTAL`] bytes.
    LongPrologue,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Foreign => out.write_str("not this protocol"),
            Fault::Tls => out.write_str("TLS at once"),
            Fault::LongMessage => write!(out, "a message of more than {LINE} bytes"),
            Fault::ManyMessages => write!(out, "more than {MESSAGES} messages"),
            Fault::LongPrologue => write!(out, "more than {TOTAL} bytes"),
        }
    }
}

/// Text of a server for people: at most 512 of its bytes, nothing in it that could steer a terminal, bytes that are no
/// text as `\xNN`. What was left off is marked with `…`.
pub fn shown(bytes: &[u8]) -> Box<str> {
    let kept = bytes.get(..SHOWN).unwrap_or(bytes);
    let mut text = String::with_capacity(kept.len());
    for chunk in kept.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '"' | '\'' => text.push(letter),
                _ => text.extend(letter.escape_debug()),
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    if kept.len() < bytes.len() {
        text.push('…');
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_server_cannot_steer_a_terminal() {
        for (bytes, expected) in [
            (&b"mail \"one\" (it's)"[..], "mail \"one\" (it's)"),
            ("邮件系统".as_bytes(), "邮件系统"),
            (b"a\x1b[2Jb\r\nc\0", "a\\u{1b}[2Jb\\r\\nc\\0"),
            ("\u{202e}gnp".as_bytes(), "\\u{202e}gnp"),
            (b"\xff\xc3(", "\\xff\\xc3("),
            (b"c:\\x41", "c:\\\\x41"),
        ] {
            assert_eq!(&*shown(bytes), expected);
        }
    }

    #[test]
    fn text_of_a_server_is_bounded() {
        assert_eq!(&*shown(&[b'a'; SHOWN]), "a".repeat(SHOWN));
        assert_eq!(&*shown(&[b'a'; SHOWN + 1]), "a".repeat(SHOWN) + "…");
        // Cut inside a letter: its first byte is shown as what it is.
        let cut = [vec![b'a'; SHOWN - 1], "等".into()].concat();
        assert_eq!(&*shown(&cut), "a".repeat(SHOWN - 1) + "\\xe7…");
    }
}
