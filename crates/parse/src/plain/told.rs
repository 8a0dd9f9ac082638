//! What a watcher tells: kinds of things that were readable, each masked as it is found.

use std::fmt;

use super::scan::{Scan, Scanner};
use super::spoken::Spoken;
use crate::reading::{Defect, DefectKind, Limit, Limits, keep_defect};
use crate::tls::{Side, Sides};

/// What was seen of a conversation in clear. `None` is "not seen".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is spoken.
    pub protocol: Spoken,
    /// Its version, in its own words.
    pub version: Option<Box<str>>,
    /// The server's software, in its own words.
    pub software: Option<Box<str>>,
    /// How the client logs in: the mechanism, in the protocol's words. The last one that was used.
    pub auth: Option<Box<str>>,
    /// What of a log-in could be read.
    pub login: Option<Login>,
    /// What could be read in clear.
    pub contains: Vec<Contained>,
    /// Whether TLS was offered, asked for and agreed on.
    pub starttls: Option<Starttls>,
    /// What the protocol has of its own against reading and forging, in its words: the option of TDS, the cipher of
    /// SMB, the security level of SNMP.
    pub protection: Option<Box<str>>,
    /// How many bytes of each side were looked at.
    pub looked_at: Sides<usize>,
    /// What was wrong, in order.
    pub defects: Vec<FoundDefect>,
}

/// What of a log-in could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// Who logs in.
    pub user_seen: bool,
    /// With what.
    pub password_seen: bool,
}

/// How far the way to TLS was gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starttls {
    /// In words: `PostgreSQL SSLRequest, answered S`.
    pub words: Box<str>,
    /// How far.
    pub state: StarttlsState,
}

/// Steps on the way to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StarttlsState {
    /// The server can; nobody asked.
    Offered,
    /// The client asked.
    Asked,
    /// The server said no.
    Refused,
    /// TLS begins.
    Agreed,
}

/// Something wrong on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDefect {
    /// Who sent it.
    pub from: Side,
    /// What is wrong; its place counts from the start of the direction.
    pub defect: Defect,
}

/// One kind of thing that could be read, where it was first, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contained {
    /// What it is.
    pub what: Content,
    /// Who sent it.
    pub from: Side,
    /// In what: `form`, `AUTH`, `result`.
    pub place: &'static str,
    /// Offset of the first one in its direction.
    pub at: usize,
    /// The first one, masked.
    pub masked: Masked,
    /// How many there were.
    pub times: usize,
}

/// Kinds of things that somebody on the way can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// Who logs in.
    UserName,
    /// A password or a shared word that stands for one.
    Password,
    /// A cookie by whose name a session can be taken over.
    SessionCookie,
    /// A token that opens what it is shown to.
    AccessToken,
    /// A page that asks for a password.
    LoginForm,
    /// A statement of SQL.
    Sql,
    /// What the protocol carries for others.
    Payload,
    /// A resident identity number with a valid check digit (GB 11643-1999), region and date.
    IdentityNumber,
    /// A mobile number of mainland China.
    MobileNumber,
    /// A number of 16 to 19 digits that begins as bank cards do and has a valid check digit (ISO/IEC 7812-1).
    BankCard,
    /// A Chinese name in a field that is called so.
    ChineseName,
    /// Chinese text in UTF-8.
    ChineseText,
}

impl Content {
    /// The name in words.
    pub fn name(self) -> &'static str {
        match self {
            Content::UserName => "user name",
            Content::Password => "password",
            Content::SessionCookie => "session cookie",
            Content::AccessToken => "access token",
            Content::LoginForm => "login form",
            Content::Sql => "SQL text",
            Content::Payload => "payload",
            Content::IdentityNumber => "resident identity number",
            Content::MobileNumber => "mobile number",
            Content::BankCard => "bank card number",
            Content::ChineseName => "Chinese name",
            Content::ChineseText => "Chinese text",
        }
    }

    /// Whether it is data of a person.
    pub fn is_personal(self) -> bool {
        use Content::{BankCard, ChineseName, IdentityNumber, MobileNumber};
        matches!(self, IdentityNumber | MobileNumber | BankCard | ChineseName)
    }
}

impl fmt::Display for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What is left of a value: its first and its last character. It can be made in no other way, so that nothing that is
/// told holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Masked(Box<str>);

/// Characters from which on the last one is shown too.
const BOTH_ENDS: usize = 8;

impl Masked {
    /// Of a value with these ends: short ones show the first character only, one of a single character none.
    pub(super) fn ends(first: char, last: char, count: usize) -> Masked {
        let shown = |letter: char| if letter.is_alphanumeric() || letter.is_ascii_graphic() { letter } else { '?' };
        Masked(match count {
            0 | 1 => "***".into(),
            2..BOTH_ENDS => format!("{}***", shown(first)).into(),
            _ => format!("{}***{}", shown(first), shown(last)).into(),
        })
    }

    /// Of a value that is there whole.
    pub(super) fn of(value: &[u8]) -> Masked {
        let mut ends = Ends::default();
        ends.push(value);
        ends.masked()
    }

    /// What may be shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The first and last bytes of a value that goes by in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    first: [u8; 4],
    last: [u8; 4],
    count: usize,
}

impl Ends {
    pub(super) fn push(&mut self, piece: &[u8]) {
        for (place, byte) in self.first.iter_mut().skip(self.count).zip(piece) {
            *place = *byte;
        }
        for &byte in piece.get(piece.len().saturating_sub(4)..).unwrap_or_default() {
            self.last.rotate_left(1);
            self.last[3] = byte;
        }
        self.count = self.count.saturating_add(piece.len());
    }

    pub(super) fn masked(&self) -> Masked {
        let kept = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let count = self.count.min(4);
        let first = kept(self.first.get(..count).unwrap_or_default());
        let last = kept(self.last.get(4 - count..).unwrap_or_default());
        let ends = (first.chars().next().unwrap_or('?'), last.chars().next_back().unwrap_or('?'));
        // Bytes of short text are more than its characters.
        let count = if self.count <= 4 { first.chars().count() } else { self.count };
        Masked::ends(ends.0, ends.1, count)
    }
}

/// What is told, while it is put together.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    pub(super) told: Told,
    scanners: Sides<Scanner>,
}

impl Notes {
    pub(super) fn new(protocol: Spoken) -> Notes {
        let told = Told {
            protocol,
            version: None,
            software: None,
            auth: None,
            login: None,
            contains: Vec::new(),
            starttls: None,
            protection: None,
            looked_at: Sides::default(),
            defects: Vec::new(),
        };
        Notes { told, scanners: Sides::default() }
    }

    /// Where the bytes that are looked at now begin.
    pub(super) fn start(&self, from: Side) -> usize {
        *self.told.looked_at.of(from)
    }

    /// A thing at an offset from [`Notes::start`].
    pub(super) fn found(&mut self, from: Side, what: Content, place: &'static str, at: usize, masked: Masked) {
        let at = self.start(from).saturating_add(at);
        note(&mut self.told.contains, Contained { what, from, place, at, masked, times: 1 });
    }

    /// A thing at an offset of its direction.
    pub(super) fn found_at(&mut self, from: Side, what: Content, place: &'static str, at: usize, masked: Masked) {
        note(&mut self.told.contains, Contained { what, from, place, at, masked, times: 1 });
    }

    pub(super) fn user(&mut self, from: Side, place: &'static str, at: usize, value: &[u8]) {
        if !value.is_empty() {
            self.told.login.get_or_insert_default().user_seen = true;
            self.found(from, Content::UserName, place, at, Masked::of(value));
        }
    }

    pub(super) fn password(&mut self, from: Side, place: &'static str, at: usize, value: &[u8]) {
        if !value.is_empty() {
            self.told.login.get_or_insert_default().password_seen = true;
            self.found(from, Content::Password, place, at, Masked::of(value));
        }
    }

    pub(super) fn auth(&mut self, words: &[u8]) {
        self.told.auth = text(words);
    }

    pub(super) fn version(&mut self, words: &str) {
        self.told.version = Some(words.into());
    }

    pub(super) fn software(&mut self, words: &[u8]) {
        self.told.software = text(words);
    }

    pub(super) fn protection(&mut self, words: &str) {
        self.told.protection = Some(words.into());
    }

    /// A step on the way to TLS; never back.
    pub(super) fn starttls(&mut self, state: StarttlsState, words: &str) {
        if self.told.starttls.as_ref().is_none_or(|known| known.state < state) {
            self.told.starttls = Some(Starttls { words: words.into(), state });
        }
    }

    /// The kind of what this side sends from here.
    pub(super) fn begin(&mut self, from: Side, scan: Scan) {
        *self.scanners.of_mut(from) = Scanner::new(scan);
    }

    /// Looks for personal data and the like in what this side sends, `at` from the start.
    pub(super) fn scan(&mut self, from: Side, place: &'static str, at: usize, bytes: &[u8]) {
        let base = self.start(from).saturating_add(at);
        let (told, scanner) = (&mut self.told, self.scanners.of_mut(from));
        scanner.feed(bytes, base, &mut |what, at, masked| keep(told, from, what, place, at, masked));
    }

    /// What was scanned ends here.
    pub(super) fn end(&mut self, from: Side, place: &'static str) {
        let (told, scanner) = (&mut self.told, self.scanners.of_mut(from));
        scanner.end(&mut |what, at, masked| keep(told, from, what, place, at, masked));
    }

    /// A short text that is there whole.
    pub(super) fn scan_whole(&mut self, from: Side, scan: Scan, place: &'static str, at: usize, bytes: &[u8]) {
        self.begin(from, scan);
        self.scan(from, place, at, bytes);
        self.end(from, place);
    }

    pub(super) fn defect(&mut self, from: Side, what: DefectKind, limits: &Limits) {
        let at = self.start(from);
        let found = FoundDefect { from, defect: Defect { at, what } };
        keep_defect(&mut self.told.defects, found, limits.defects, |most| {
            let what = DefectKind::Limit { limit: Limit::Defects, most, found: most.saturating_add(1) };
            FoundDefect { from, defect: Defect { at, what } }
        });
    }
}

fn keep(told: &mut Told, from: Side, what: Content, place: &'static str, at: usize, masked: Masked) {
    if from == Side::Client && matches!(what, Content::UserName | Content::Password) {
        let login = told.login.get_or_insert_default();
        login.user_seen |= what == Content::UserName;
        login.password_seen |= what == Content::Password;
        if what == Content::Password {
            told.auth.get_or_insert(if place == "query" { place } else { "form" }.into());
        }
    }
    note(&mut told.contains, Contained { what, from, place, at, masked, times: 1 });
}

/// One entry for each kind, side and place: there are few of all three.
fn note(contains: &mut Vec<Contained>, new: Contained) {
    let same = |known: &&mut Contained| (known.what, known.from, known.place) == (new.what, new.from, new.place);
    match contains.iter_mut().find(same) {
        Some(known) => known.times = known.times.saturating_add(1),
        None => contains.push(new),
    }
}

/// Text of a peer, made safe to show and short.
fn text(bytes: &[u8]) -> Option<Box<str>> {
    /// Bytes that are kept.
    const KEPT: usize = 256;
    let bytes = bytes.trim_ascii();
    let kept = bytes.get(..KEPT).unwrap_or(bytes);
    let shown: String = String::from_utf8_lossy(kept)
        .chars()
        .map(|letter| if letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter) { '?' } else { letter })
        .collect();
    (!shown.is_empty()).then(|| shown.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_the_ends_of_long_values_only() {
        for (value, expected) in [
            ("", "***"),
            ("a", "***"),
            ("等", "***"),
            ("张三", "张***"),
            ("secret1", "s***"),
            ("secret12", "s***2"),
            ("110105199901011238", "1***8"),
            ("\u{1b}234567\n", "?***?"),
        ] {
            assert_eq!(Masked::of(value.as_bytes()).as_str(), expected, "{value}");
            let mut ends = Ends::default();
            value.as_bytes().chunks(1).for_each(|piece| ends.push(piece));
            assert_eq!(ends.masked(), Masked::of(value.as_bytes()));
        }
    }

    #[test]
    fn text_of_a_peer_is_short_and_cannot_steer_a_terminal() {
        assert_eq!(text(b" a\x1b[2J\r\n").as_deref(), Some("a?[2J"));
        assert_eq!(text(&[b'a'; 256]).map(|text| text.len()), Some(256));
        assert_eq!(text(&[b'a'; 257]).map(|text| text.len()), Some(256));
        assert_eq!(text(b" \r\n"), None);
    }
}
