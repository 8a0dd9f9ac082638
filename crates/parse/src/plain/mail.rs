//! Mail, news, files and filters: commands and replies in lines.

use super::line::{after, base64, holds, line, number, words};
use super::scan::Scan;
use super::spoken::Spoken;
use super::told::{Content, Masked, Notes, StarttlsState};
use super::watch::Turn;
use crate::reading::{Limit, Limits};
use crate::tls::{Side, Sides};

/// Both sides of a connection of SMTP, IMAP, POP3, FTP, NNTP or ManageSieve.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    spoken: Spoken,
    /// The client's lines that are answered, and the answers to them.
    commands: usize,
    replies: usize,
    greeted: bool,
    /// The number of the reply of which lines are to come.
    open: Option<[u8; 3]>,
    /// Whether the last answer was a yes, and its first word.
    last: (bool, Box<[u8]>),
    /// The command that asked for TLS, by its number or its tag.
    asked: Option<(usize, Box<[u8]>)>,
    awaits: Awaits,
    /// The side sends mail or news from here on.
    content: Sides<bool>,
}

/// What the client's next line is in a log-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Awaits {
    #[default]
    Command,
    /// A user, then a password, each in base64 (the mechanism LOGIN).
    User,
    Password,
    /// Both in one (RFC 4616).
    Plain,
    /// A line of another mechanism.
    Other,
}

impl Mail {
    pub(super) fn new(spoken: Spoken) -> Mail {
        let last = (false, Box::default());
        let (asked, awaits) = (None, Awaits::Command);
        let content = Sides::default();
        Mail { spoken, commands: 0, replies: 0, greeted: false, open: None, last, asked, awaits, content }
    }

    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if from == Side::Client && self.asked.is_some() {
            return Turn::Wait;
        }
        if *self.content.of(from) {
            notes.scan(from, "mail", 0, bytes);
            return Turn::Used(bytes.len());
        }
        let (text, used) = match line(bytes, limits.line, Limit::Line) {
            Ok(line) => line,
            Err(turn) => return turn,
        };
        let agreed = match from {
            Side::Client => self.command(text, notes),
            Side::Server => self.reply(text, notes),
        };
        if agreed { Turn::Upgrade(used) } else { Turn::Used(used) }
    }

    /// The words in which TLS is asked for.
    fn request(&self) -> &'static str {
        match self.spoken {
            Spoken::Smtp => "SMTP STARTTLS",
            Spoken::Imap => "IMAP STARTTLS",
            Spoken::Pop3 => "POP3 STLS",
            Spoken::Ftp => "FTP AUTH TLS",
            Spoken::Nntp => "NNTP STARTTLS",
            _ => "ManageSieve STARTTLS",
        }
    }

    fn command(&mut self, text: &[u8], notes: &mut Notes) -> bool {
        let awaits = std::mem::take(&mut self.awaits);
        self.commands = self.commands.saturating_add(1);
        if awaits != Awaits::Command {
            self.respond(awaits, 0, text, notes);
            return false;
        }
        let mut parts = words(text);
        let tag = if self.spoken == Spoken::Imap { parts.next().map(|(_, tag)| tag) } else { None };
        let Some((_, verb)) = parts.next() else { return false };
        let first = parts.next();
        let rest = first.and_then(|(at, _)| text.get(at..)).unwrap_or_default();
        let at = first.map_or(0, |(at, _)| at);
        use Spoken as S;
        match (self.spoken, verb.to_ascii_uppercase().as_slice()) {
            (S::Smtp | S::Imap | S::Nntp | S::Sieve, b"STARTTLS") | (S::Pop3, b"STLS") => return self.ask(tag, notes),
            (S::Ftp, b"AUTH") => return self.ask(tag, notes),
            (S::Imap, b"LOGIN") => {
                notes.auth(b"LOGIN");
                let ((user, behind), start) = (string(rest), at);
                notes.user(Side::Client, "LOGIN", start, user);
                let password = rest.get(behind..).unwrap_or_default();
                let blanks = password.len().saturating_sub(password.trim_ascii_start().len());
                let at = start.saturating_add(behind).saturating_add(blanks);
                notes.password(Side::Client, "LOGIN", at, string(password.trim_ascii_start()).0);
            }
            (S::Pop3 | S::Ftp, b"USER") => {
                notes.auth(b"USER and PASS");
                notes.user(Side::Client, "USER", at, rest);
            }
            (S::Pop3 | S::Ftp, b"PASS") => notes.password(Side::Client, "PASS", at, rest),
            (S::Pop3, b"APOP") => {
                notes.auth(b"APOP");
                notes.user(Side::Client, "APOP", at, first.map_or(b"", |(_, word)| word));
            }
            (S::Nntp, b"AUTHINFO") => {
                let (word, value) =
                    first.map_or((&b""[..], &b""[..]), |(_, word)| (word, rest.get(word.len()..).unwrap_or_default()));
                let at = at.saturating_add(word.len()).saturating_add(1);
                match word.to_ascii_uppercase().as_slice() {
                    b"USER" => {
                        notes.auth(b"AUTHINFO USER");
                        notes.user(Side::Client, "AUTHINFO", at, value.trim_ascii());
                    }
                    b"PASS" => notes.password(Side::Client, "AUTHINFO", at, value.trim_ascii()),
                    b"SASL" => self.mechanism(at, value.trim_ascii(), notes),
                    _ => {}
                }
            }
            (S::Smtp | S::Pop3, b"AUTH") | (S::Imap | S::Sieve, b"AUTHENTICATE") => self.mechanism(at, rest, notes),
            (S::Smtp, b"DATA" | b"BDAT") => {
                notes.found(Side::Client, Content::Payload, "mail", 0, Masked::of(b""));
                notes.begin(Side::Client, Scan::Text);
                self.content.client = true;
            }
            (S::Pop3, b"RETR" | b"TOP") | (S::Imap, b"FETCH") | (S::Nntp, b"ARTICLE" | b"BODY") => self.fetch(notes),
            (S::Imap, b"UID") if first.is_some_and(|(_, word)| word.eq_ignore_ascii_case(b"FETCH")) => {
                self.fetch(notes)
            }
            _ => {}
        }
        false
    }

    /// The server sends mail or news next, after which nobody asks for TLS.
    fn fetch(&mut self, notes: &mut Notes) {
        notes.found(Side::Server, Content::Payload, "mail", 0, Masked::of(b""));
        notes.begin(Side::Server, Scan::Text);
        self.content.server = true;
    }

    /// The client asks for TLS and says nothing more before the answer, which may have been seen already when the two
    /// directions come out of step.
    fn ask(&mut self, tag: Option<&[u8]>, notes: &mut Notes) -> bool {
        notes.starttls(StarttlsState::Asked, self.request());
        let tag = tag.unwrap_or_default();
        // The answer to a command has its tag, or its place among all answers.
        let tagged = self.spoken != Spoken::Imap || *tag == *self.last.1;
        if self.replies >= self.commands && tagged {
            let (yes, word) = self.last.clone();
            let word = match self.spoken {
                Spoken::Imap if yes => b"OK",
                Spoken::Imap => b"NO",
                _ => &*word,
            };
            return self.answered(yes, word, notes);
        }
        self.asked = Some((self.commands, tag.into()));
        false
    }

    fn answered(&mut self, yes: bool, word: &[u8], notes: &mut Notes) -> bool {
        self.asked = None;
        let state = if yes { StarttlsState::Agreed } else { StarttlsState::Refused };
        notes.starttls(state, &format!("{}, answered {}", self.request(), String::from_utf8_lossy(word)));
        yes
    }

    /// A mechanism of SASL, with or without a first response.
    fn mechanism(&mut self, at: usize, rest: &[u8], notes: &mut Notes) {
        let (name, behind) = string(rest);
        let response = rest.get(behind..).unwrap_or_default();
        let start = at.saturating_add(rest.len()).saturating_sub(response.trim_ascii_start().len());
        let name = name.to_ascii_uppercase();
        notes.auth(&[b"AUTH ", &*name].concat());
        self.awaits = match &*name {
            b"PLAIN" => Awaits::Plain,
            b"LOGIN" => Awaits::User,
            // Its lines go on until the server says yes or no; only those that begin with a command are read again.
            _ => Awaits::Other,
        };
        let response = response.trim_ascii();
        // A literal has its bytes in the next line.
        if !response.is_empty() && !response.starts_with(b"{") {
            let awaits = std::mem::take(&mut self.awaits);
            self.respond(awaits, start, string(response).0, notes);
        }
    }

    fn respond(&mut self, awaits: Awaits, at: usize, text: &[u8], notes: &mut Notes) {
        let (text, _) = string(text.trim_ascii());
        let Some(bytes) = base64(text) else { return };
        match awaits {
            Awaits::User => {
                notes.user(Side::Client, "AUTH", at, &bytes);
                self.awaits = Awaits::Password;
            }
            Awaits::Password => notes.password(Side::Client, "AUTH", at, &bytes),
            Awaits::Plain => {
                let mut parts = bytes.split(|&byte| byte == 0).skip(1);
                notes.user(Side::Client, "AUTH", at, parts.next().unwrap_or_default());
                notes.password(Side::Client, "AUTH", at, parts.next().unwrap_or_default());
            }
            Awaits::Command | Awaits::Other => {}
        }
    }

    fn reply(&mut self, text: &[u8], notes: &mut Notes) -> bool {
        notes.scan_whole(Side::Server, Scan::Text, "reply", 0, text);
        let keyword: &[u8] = if self.spoken == Spoken::Pop3 { b"STLS" } else { b"STARTTLS" };
        let offers = words(text).any(|(_, word)| {
            let word = word.get(4..).filter(|_| word.get(3) == Some(&b'-')).unwrap_or(word);
            word.strip_suffix(b"]").unwrap_or(word).eq_ignore_ascii_case(keyword)
                || self.spoken == Spoken::Sieve && holds(word, b"\"STARTTLS\"")
        });
        let files = self.spoken == Spoken::Ftp && after(text.trim_ascii(), b"AUTH TLS").is_some();
        if (offers || files) && self.asked.is_none() {
            notes.starttls(StarttlsState::Offered, &format!("{}, offered", self.request()));
        }
        if let (Spoken::Sieve, Some(rest)) = (self.spoken, after(text, b"\"IMPLEMENTATION\"")) {
            notes.software(string(rest.trim_ascii_start()).0);
        }
        let Some((yes, word)) = self.status(text) else { return false };
        let last = self.ends(text, word);
        if !self.greeted {
            let behind = text.get(word.len()..).unwrap_or_default();
            if self.spoken != Spoken::Sieve && notes.told.software.is_none() {
                notes.software(behind.strip_prefix(b"-").unwrap_or(behind));
            }
            self.greeted = last;
            return false;
        }
        if !last {
            return false;
        }
        let tag = words(text).next().map_or(&b""[..], |(_, tag)| tag);
        self.replies = self.replies.saturating_add(1);
        self.last = (yes, if self.spoken == Spoken::Imap { tag } else { word }.into());
        // A log-in goes on while the server asks for more.
        let goes_on = matches!(word, b"334" | b"383" | b"+");
        if !goes_on && self.awaits != Awaits::Command {
            self.awaits = Awaits::Command;
        }
        match &self.asked {
            Some((_, asked)) if self.spoken == Spoken::Imap && **asked != *tag => false,
            Some((number, _)) if self.spoken != Spoken::Imap && self.replies < *number => false,
            Some(_) => self.answered(yes, word, notes),
            None => false,
        }
    }

    /// Whether a line with a status is the last one of its reply.
    fn ends(&mut self, text: &[u8], word: &[u8]) -> bool {
        let numbered = matches!(self.spoken, Spoken::Smtp | Spoken::Ftp | Spoken::Nntp);
        let goes_on = numbered && text.get(3) == Some(&b'-');
        self.open = if goes_on { word.first_chunk().copied() } else { None };
        !goes_on
    }

    /// Whether a line has the status of a reply, and then whether that says yes to TLS, and its word.
    fn status<'a>(&self, text: &'a [u8]) -> Option<(bool, &'a [u8])> {
        let (first, second) = {
            let mut parts = words(text).map(|(_, word)| word);
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        };
        let yes: &[&[u8]] = match self.spoken {
            Spoken::Smtp => &[b"220"],
            // 334 is what servers of before RFC 4217 say.
            Spoken::Ftp => &[b"234", b"334"],
            Spoken::Nntp => &[b"382"],
            Spoken::Pop3 => {
                let ok = first.eq_ignore_ascii_case(b"+OK");
                return (ok || first.eq_ignore_ascii_case(b"-ERR") || first == b"+").then_some((ok, first));
            }
            Spoken::Imap => {
                if first == b"+" || !self.greeted {
                    return Some((
                        false,
                        if self.greeted { first } else { text.get(..first.len() + 1 + second.len())? },
                    ));
                }
                let ok = second.eq_ignore_ascii_case(b"OK");
                return (first != b"*").then_some((ok, second));
            }
            _ => {
                let word = first.split(|byte| *byte == b'(').next().unwrap_or_default();
                let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
                return (is(b"OK") || is(b"NO") || is(b"BYE")).then_some((is(b"OK"), word));
            }
        };
        // What FTP says in between ends nothing (RFC 959 4.2).
        let least = if self.spoken == Spoken::Ftp { 200 } else { 100 };
        let code = text.get(..3).filter(|code| number(code).is_some_and(|code| code >= least))?;
        let form = matches!(text.get(3), None | Some(b' ' | b'-'));
        let inside = self.open.is_some_and(|open| open != *code);
        (form && !inside).then_some((yes.contains(&code), code))
    }
}

/// An atom, or a quoted string without its quotes, and where it ends.
fn string(text: &[u8]) -> (&[u8], usize) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
        return (text.get(..end).unwrap_or_default(), end);
    };
    let mut escaped = false;
    let end = quoted.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    let end = end.unwrap_or(quoted.len());
    (quoted.get(..end).unwrap_or_default(), end.saturating_add(2).min(text.len()))
}
