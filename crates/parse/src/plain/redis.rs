//! Redis (documentation, "Redis serialization protocol specification"): commands are arrays of strings, or lines.

use super::line::{line, number, words};
use super::scan::Scan;
use super::told::Notes;
use super::watch::Turn;
use crate::reading::{DefectKind, Limit, Limits};
use crate::tls::Side;

/// Bytes up to which an argument is read whole.
const WHOLE: usize = 512;

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Redis {
    /// Arguments of the command that goes by, and which is next.
    arguments: usize,
    next: usize,
    command: Command,
    /// Bytes that are left of a long argument.
    left: usize,
    /// A line end is due behind it.
    ends: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Command {
    #[default]
    Other,
    Auth,
    Hello,
    /// The user and the password of `HELLO` follow, from this argument on.
    HelloAuth(usize),
}

impl Redis {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes, limits: &Limits) -> Turn {
        if from == Side::Server {
            notes.scan(from, "reply", 0, bytes);
            return Turn::Used(bytes.len());
        }
        if self.left > 0 {
            let piece = bytes.get(..self.left).unwrap_or(bytes);
            notes.scan(from, "command", 0, piece);
            self.left = self.left.saturating_sub(piece.len());
            if self.left == 0 {
                notes.end(from, "command");
                self.ends = true;
            }
            return Turn::Used(piece.len());
        }
        let (text, used) = match line(bytes, limits.line, Limit::Line) {
            Ok(line) => line,
            Err(turn) => return turn,
        };
        if std::mem::take(&mut self.ends) {
            return if text.is_empty() { Turn::Used(used) } else { Turn::Broken(DefectKind::Foreign) };
        }
        let count = text.get(1..).and_then(number);
        match (text.first(), count) {
            (Some(b'*'), Some(count)) if self.next == self.arguments => {
                *self = Redis { arguments: count, ..Redis::default() };
                Turn::Used(used)
            }
            (Some(b'$'), Some(length)) if self.next < self.arguments => self.argument(length, used, bytes, notes),
            _ if self.next < self.arguments => Turn::Broken(DefectKind::Foreign),
            _ => {
                let all = words(text);
                *self = Redis { arguments: words(text).count(), ..Redis::default() };
                all.for_each(|(at, word)| self.read(at, word, notes));
                Turn::Used(used)
            }
        }
    }

    fn argument(&mut self, length: usize, start: usize, bytes: &[u8], notes: &mut Notes) -> Turn {
        if length > WHOLE {
            self.left = length;
            self.next = self.next.saturating_add(1);
            notes.begin(Side::Client, Scan::Text);
            return Turn::Used(start);
        }
        let end = start.saturating_add(length);
        let size = end.saturating_add(2);
        match (bytes.get(start..end), bytes.get(end..size)) {
            (Some(value), Some(b"\r\n")) => {
                self.read(start, value, notes);
                Turn::Used(size)
            }
            (_, Some(_)) => Turn::Broken(DefectKind::Foreign),
            _ => Turn::More,
        }
    }

    fn read(&mut self, at: usize, value: &[u8], notes: &mut Notes) {
        let next = self.next;
        self.next = next.saturating_add(1);
        let is = |word: &str| value.eq_ignore_ascii_case(word.as_bytes());
        match (self.command, next) {
            (_, 0) if is("AUTH") => {
                self.command = Command::Auth;
                notes.auth(b"AUTH");
            }
            (_, 0) if is("HELLO") => self.command = Command::Hello,
            (_, 0) => {}
            (Command::Auth, 1) if self.arguments > 2 => notes.user(Side::Client, "AUTH", at, value),
            (Command::Auth, _) => notes.password(Side::Client, "AUTH", at, value),
            (Command::Hello, 1) => notes.version(if value == b"3" { "RESP3" } else { "RESP2" }),
            (Command::Hello, _) if is("AUTH") => {
                self.command = Command::HelloAuth(next.saturating_add(1));
                notes.auth(b"HELLO AUTH");
            }
            (Command::HelloAuth(user), _) if user == next => notes.user(Side::Client, "AUTH", at, value),
            (Command::HelloAuth(user), _) if user.saturating_add(1) == next => {
                notes.password(Side::Client, "AUTH", at, value);
            }
            _ => notes.scan_whole(Side::Client, Scan::Text, "command", at, value),
        }
    }
}
