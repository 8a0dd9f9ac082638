//! What a client under test writes down about its own secrets: SSLKEYLOGFILE (RFC 9850).
//!
//! A line is a label, the client's random and a secret, both in hexadecimal, with one space between. The file is the user's,
//! so a wrong line is a fault with its place; labels that are not needed to open application data are passed over.

use std::collections::HashMap;

use super::{Side, Sides};

/// Secrets by the random of the client whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLog {
    sessions: HashMap<[u8; RANDOM], LoggedSecrets>,
    /// Lines with another label than those that are used.
    pub passed_over: usize,
}

/// The secrets of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggedSecrets {
    /// The master secret: TLCP, and TLS before 1.3.
    pub master: Option<[u8; 48]>,
    /// TLS 1.3: what protects early data.
    pub early: Option<Box<[u8]>>,
    /// TLS 1.3: what protects the rest of the handshake.
    pub handshake: Sides<Option<Box<[u8]>>>,
    /// TLS 1.3: what protects application data.
    pub traffic: Sides<Option<Box<[u8]>>>,
}

/// One fault of a key log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}")]
pub struct KeyLogFault {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in bytes: all that is allowed is ASCII.
    pub column: usize,
    /// What should stand there.
    pub expected: KeyLogPart,
}

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyLogPart {
    /// The label.
    #[error("a label in capital letters, such as CLIENT_RANDOM")]
    Label,
    /// One space.
    #[error("one space")]
    Space,
    /// The client's random.
    #[error("the client's random, 64 hexadecimal digits")]
    ClientRandom,
    /// A secret of so many bytes, or of those and sixteen more.
    #[error("a secret of {0} hexadecimal digits")]
    Secret(Digits),
}

/// How many digits a secret has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// A master secret: 96.
    Master,
    /// As many as a hash has: 64 or 96.
    Hash,
}

impl std::fmt::Display for Digits {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(if *self == Digits::Master { "96" } else { "64 or 96" })
    }
}

/// Bytes of a client's random.
const RANDOM: usize = 32;

/// What a label's secret is for.
#[derive(Clone, Copy)]
enum For {
    Master,
    Early,
    Handshake(Side),
    Traffic(Side),
}

const LABELS: [(&[u8], For); 6] = [
    (b"CLIENT_RANDOM", For::Master),
    (b"CLIENT_EARLY_TRAFFIC_SECRET", For::Early),
    (b"CLIENT_HANDSHAKE_TRAFFIC_SECRET", For::Handshake(Side::Client)),
    (b"SERVER_HANDSHAKE_TRAFFIC_SECRET", For::Handshake(Side::Server)),
    (b"CLIENT_TRAFFIC_SECRET_0", For::Traffic(Side::Client)),
    (b"SERVER_TRAFFIC_SECRET_0", For::Traffic(Side::Server)),
];

impl KeyLog {
    /// Reads a whole file. Lines end with LF or CR LF; empty ones and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn read(text: &[u8]) -> Result<KeyLog, KeyLogFault> {
        let mut log = KeyLog::default();
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            log.line(line).map_err(|(at, expected)| KeyLogFault {
                line: number.saturating_add(1),
                column: at.saturating_add(1),
                expected,
            })?;
        }
        Ok(log)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), (usize, KeyLogPart)> {
        let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        let end = line.iter().position(|byte| !is_label(byte)).unwrap_or(line.len());
        let (label, rest) = line.split_at_checked(end).unwrap_or_default();
        if label.is_empty() {
            return Err((0, KeyLogPart::Label));
        }
        let Some(rest) = rest.strip_prefix(b" ") else { return Err((end, KeyLogPart::Space)) };
        let Some((_, meaning)) = LABELS.iter().find(|(known, _)| *known == label) else {
            self.passed_over = self.passed_over.saturating_add(1);
            return Ok(());
        };
        let at = end.saturating_add(1);
        let (random, rest) = digits(rest);
        let wrong = (at.saturating_add(random.len().min(2 * RANDOM)), KeyLogPart::ClientRandom);
        let random: [u8; RANDOM] = bytes(random).and_then(|bytes| bytes.try_into().ok()).ok_or(wrong)?;
        let at = at.saturating_add(2 * RANDOM);
        let Some(rest) = rest.strip_prefix(b" ") else { return Err((at, KeyLogPart::Space)) };
        let at = at.saturating_add(1);
        let (secret, rest) = digits(rest);
        let length = if matches!(meaning, For::Master) { Digits::Master } else { Digits::Hash };
        let wrong = (at.saturating_add(secret.len().min(96)), KeyLogPart::Secret(length));
        let secret = bytes(secret).filter(|_| rest.is_empty()).ok_or(wrong)?;
        let hash = || matches!(secret.len(), 32 | 48).then(|| secret.clone().into_boxed_slice()).ok_or(wrong);
        let session = self.sessions.entry(random).or_default();
        match meaning {
            For::Master => session.master = Some(secret.as_slice().try_into().map_err(|_| wrong)?),
            For::Early => session.early = Some(hash()?),
            For::Handshake(side) => *session.handshake.of_mut(*side) = Some(hash()?),
            For::Traffic(side) => *session.traffic.of_mut(*side) = Some(hash()?),
        }
        Ok(())
    }

    /// The secrets of the session whose client drew this random.
    pub fn of(&self, client_random: &[u8; RANDOM]) -> Option<&LoggedSecrets> {
        self.sessions.get(client_random)
    }

    /// How many sessions it has secrets of.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

/// The hexadecimal digits in front, and what stands behind.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or_default()
}

fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(value(high)? << 4 | value(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<KeyLog, KeyLogFault> {
        KeyLog::read(text.as_bytes())
    }

    #[test]
    fn secrets_are_kept_by_session_whatever_the_line_ends_and_the_letters() {
        let (random, other) = ("Ab".repeat(32), "01".repeat(32));
        let text = format!(
            "# made by a test\r\n\nCLIENT_RANDOM {random} {}\r\nSERVER_TRAFFIC_SECRET_0 {other} {}\n\
             CLIENT_HANDSHAKE_TRAFFIC_SECRET {other} {}\nEXPORTER_SECRET {other} 00\nRSA 0102 03\n\
             CLIENT_TRAFFIC_SECRET_0 {other} {}",
            "1f".repeat(48),
            "2E".repeat(32),
            "3d".repeat(48),
            "4c".repeat(32),
        );
        let log = read(&text).unwrap();
        assert_eq!((log.len(), log.passed_over, log.is_empty()), (2, 2, false));
        let master = log.of(&[0xab; 32]).unwrap();
        assert_eq!((master.master, &master.traffic.client), (Some([0x1f; 48]), &None));
        let other = log.of(&[1; 32]).unwrap();
        assert_eq!(other.traffic.server.as_deref(), Some(&[0x2e; 32][..]));
        assert_eq!(other.handshake.client.as_deref(), Some(&[0x3d; 48][..]));
        assert_eq!((other.traffic.client.as_deref(), other.master), (Some(&[0x4c; 32][..]), None));
        assert_eq!(log.of(&[2; 32]), None);
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn a_wrong_line_is_told_with_its_place_and_what_was_expected() {
        let random = "ab".repeat(32);
        let secret = "cd".repeat(48);
        for (line, column, expected) in [
            ("client_random 00 00".into(), 1, KeyLogPart::Label),
            (" CLIENT_RANDOM".into(), 1, KeyLogPart::Label),
            ("CLIENT_RANDOM".into(), 14, KeyLogPart::Space),
            ("-----BEGIN PRIVATE KEY-----".into(), 1, KeyLogPart::Label),
            (format!("CLIENT_RANDOM\t{random} {secret}"), 14, KeyLogPart::Space),
            (format!("CLIENT_RANDOM  {random} {secret}"), 15, KeyLogPart::ClientRandom),
            (format!("CLIENT_RANDOM {} {secret}", &random[..63]), 78, KeyLogPart::ClientRandom),
            (format!("CLIENT_RANDOM {random}00 {secret}"), 79, KeyLogPart::ClientRandom),
            (format!("CLIENT_RANDOM {}xx {secret}", &random[..62]), 77, KeyLogPart::ClientRandom),
            (format!("CLIENT_RANDOM {random}"), 79, KeyLogPart::Space),
            (format!("CLIENT_RANDOM {random} "), 80, KeyLogPart::Secret(Digits::Master)),
            (format!("CLIENT_RANDOM {random} {}", &secret[..64]), 144, KeyLogPart::Secret(Digits::Master)),
            (format!("CLIENT_RANDOM {random} {secret} "), 176, KeyLogPart::Secret(Digits::Master)),
            (format!("CLIENT_TRAFFIC_SECRET_0 {random} {}", &secret[..62]), 152, KeyLogPart::Secret(Digits::Hash)),
        ] {
            let text = format!("# first\nEXPORTER_SECRET x\n{line}\n");
            assert_eq!(read(&text), Err(KeyLogFault { line: 3, column, expected }), "{line}");
        }
    }
}
