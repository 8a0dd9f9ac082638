//! Telnet (RFC 854): what is typed behind a question for a user or a password.

use super::told::{Content, Ends, Notes};
use super::watch::Turn;
use crate::tls::{Side, Sides};

/// The byte before a command, and commands (RFC 854, RFC 855).
const COMMAND: u8 = 0xff;
const BEGIN: u8 = 0xfa;
const END: u8 = 0xf0;

/// How much of the server's text is kept to see a question in.
const QUESTION: usize = 12;

/// Both sides of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Telnet {
    states: Sides<State>,
    /// The last letters of the server, in small ones.
    question: [u8; QUESTION],
    asks: Option<Content>,
    /// What the client types, and where it began.
    typed: Option<(usize, Ends)>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Text,
    Command,
    Option,
    Negotiation,
    NegotiationCommand,
}

impl Telnet {
    pub(super) fn take(&mut self, from: Side, bytes: &[u8], notes: &mut Notes) -> Turn {
        for (at, &byte) in bytes.iter().enumerate() {
            let state = self.states.of_mut(from);
            let (next, text) = match (*state, byte) {
                (State::Text, COMMAND) => (State::Command, false),
                (State::Text, _) => (State::Text, true),
                (State::Command, BEGIN) => (State::Negotiation, false),
                (State::Command, 0xfb..=0xfe) => (State::Option, false),
                (State::Command | State::Option, _) => (State::Text, false),
                (State::Negotiation, COMMAND) => (State::NegotiationCommand, false),
                (State::NegotiationCommand, END) => (State::Text, false),
                (State::Negotiation | State::NegotiationCommand, _) => (State::Negotiation, false),
            };
            *state = next;
            match from {
                _ if !text => {}
                Side::Server => self.heard(byte),
                Side::Client => self.typed(byte, at, notes),
            }
        }
        notes.scan(from, "terminal", 0, bytes);
        Turn::Used(bytes.len())
    }

    fn heard(&mut self, byte: u8) {
        if byte == b' ' || byte == 0 {
            return;
        }
        self.question.rotate_left(1);
        self.question[QUESTION - 1] = byte.to_ascii_lowercase();
        if self.question.ends_with(b"login:") || self.question.ends_with(b"username:") {
            self.asks = Some(Content::UserName);
        } else if self.question.ends_with(b"password:") {
            self.asks = Some(Content::Password);
        }
    }

    fn typed(&mut self, byte: u8, at: usize, notes: &mut Notes) {
        // Corrections are typed within a line.
        if matches!(byte, 0x08 | 0x7f) {
            return;
        }
        if byte.is_ascii_control() {
            let Some((start, ends)) = self.typed.take() else { return };
            if let Some(what) = self.asks.take() {
                let login = notes.told.login.get_or_insert_default();
                login.user_seen |= what == Content::UserName;
                login.password_seen |= what == Content::Password;
                notes.auth(b"login prompt");
                notes.found_at(Side::Client, what, "terminal", start, ends.masked());
            }
            return;
        }
        let start = notes.start(Side::Client).saturating_add(at);
        self.typed.get_or_insert((start, Ends::default())).1.push(&[byte]);
    }
}
