//! The client's side of the conversation before TLS.

use super::line::{Coded, after};
use super::part::{Fault, LINE, MESSAGES, Part, TOTAL, shown};
use super::{Upgrade, ftp, imap, ldap, mysql, nntp, pop3, postgresql, rdp, sieve, smtp, xmpp};
use dengmi_parse::tls::ContentType;

/// Bytes of what cannot be read that are shown.
const START: usize = 64;
/// Mechanisms that are kept.
const MECHANISMS: usize = 64;

/// The conversation with one server, up to the point where the ClientHello is due.
#[derive(Clone, Debug)]
pub struct Prologue {
    upgrade: Upgrade,
    talk: Talk,
    /// Received and not read yet.
    kept: Vec<u8>,
    used: usize,
    messages: usize,
    over: Option<Step>,
}

/// Where the conversation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes of the server are needed.
    More,
    /// Now the ClientHello is due, behind what was written to `out`.
    Ready,
    /// There will be no TLS on this connection.
    Refused(Refusal),
}

/// Why there is no TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What the server says it can do does not include it. FTP and LDAP are not asked what they can do: there a server
    /// without TLS answers with a [`Refusal::Reply`].
    NotOffered,
    /// The server says so, or refuses the conversation: its reply, as [`shown`] gives it.
    Reply(Box<str>),
    /// What came cannot be read.
    Unreadable {
        /// Why.
        fault: Fault,
        /// How it starts, as [`shown`] gives it.
        start: Box<str>,
    },
}

/// What a server says in clear before TLS. `None` is what the protocol does not tell, or what was not said yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeted {
    /// The text of the greeting, where software names itself, as [`shown`] gives it.
    pub software: Option<Box<str>>,
    /// Whether a log-in is offered without TLS in which a password or token travels readable: `PLAIN`, `LOGIN`,
    /// `XOAUTH2`, `OAUTHBEARER`, or the protocol's own command for it. `None` also where only mechanisms are offered that
    /// are not known here.
    pub login_in_clear: Option<bool>,
    /// The SASL mechanisms that are offered without TLS; the authentication plugin of MySQL. At most 64.
    pub mechanisms: Vec<Box<str>>,
    /// Whether the server says that nothing but TLS is possible here: XMPP's `<required/>` or no other feature; in IMAP,
    /// POP3 and Sieve, which do nothing without a log-in, that no log-in is offered.
    pub tls_required: Option<bool>,
    /// What an RDP server chose.
    pub rdp: Option<rdp::Security>,
}

impl Prologue {
    /// Begins. `host` is the server's name, for protocols that address it (XMPP). `out` takes what is to be sent: nothing
    /// where the server speaks first.
    pub fn start(upgrade: Upgrade, host: &str, out: &mut Vec<u8>) -> Prologue {
        match upgrade {
            Upgrade::Ldap => ldap::ask(out),
            Upgrade::Xmpp | Upgrade::XmppServer => xmpp::open(upgrade, host, out),
            Upgrade::Postgresql => postgresql::ask(out),
            Upgrade::Rdp => rdp::ask(out),
            _ => {}
        }
        let (talk, kept) = (Talk::default(), Vec::new());
        Prologue { upgrade, talk, kept, used: 0, messages: 0, over: None }
    }

    /// Takes bytes of the server. What `out` holds afterwards is to be sent, with [`Step::Ready`] too. After any other
    /// step than [`Step::More`] nothing is read any more: see [`Prologue::rest`].
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Step {
        self.kept.extend_from_slice(bytes);
        while self.over.is_none() && !self.kept.is_empty() {
            if let Part::Whole { value, used } = self.hear(out) {
                self.kept.drain(..used.min(self.kept.len()));
                self.used = self.used.saturating_add(used);
                self.messages = self.messages.saturating_add(1);
                self.over = match value {
                    Turn::Stay => None,
                    Turn::Ready => Some(Step::Ready),
                    Turn::Refused(refusal) => Some(Step::Refused(refusal)),
                };
            } else {
                return Step::More;
            }
        }
        self.over.clone().unwrap_or(Step::More)
    }

    /// What the server has said so far.
    pub fn greeted(&self) -> &Greeted {
        &self.talk.greeted
    }

    /// Bytes behind the server's last word. With [`Step::Ready`] they came before our ClientHello.
    pub fn rest(&self) -> &[u8] {
        &self.kept
    }

    /// Whether bytes in clear came behind the go-ahead, in the same delivery: somebody on the way, or a server that mixes
    /// what came in clear with what came through TLS. A client that reads on would take them for protected (RFC 3207 4.2).
    pub fn injected(&self) -> bool {
        self.over == Some(Step::Ready) && !self.kept.is_empty()
    }

    fn hear(&mut self, out: &mut Vec<u8>) -> Part<Turn> {
        let left = TOTAL.saturating_sub(self.used);
        let within = self.kept.get(..left).unwrap_or(&self.kept);
        let fault = if self.messages == MESSAGES {
            Fault::ManyMessages
        } else if begins_tls(within) {
            Fault::Tls
        } else {
            match hear(self.upgrade, &mut self.talk, within, out) {
                Part::More if within.len() == left => Fault::LongPrologue,
                Part::Broken(fault) => fault,
                other => return other,
            }
        };
        let start = self.kept.get(..START).unwrap_or(&self.kept);
        let refusal = Refusal::Unreadable { fault, start: shown(start) };
        Part::Whole { value: Turn::Refused(refusal), used: 0 }
    }
}

fn hear(upgrade: Upgrade, talk: &mut Talk, bytes: &[u8], out: &mut Vec<u8>) -> Part<Turn> {
    match upgrade {
        Upgrade::Smtp => smtp::hear(talk, bytes, "EHLO", out),
        Upgrade::Lmtp => smtp::hear(talk, bytes, "LHLO", out),
        Upgrade::Imap => imap::hear(talk, bytes, out),
        Upgrade::Pop3 => pop3::hear(talk, bytes, out),
        Upgrade::Ftp => ftp::hear(talk, bytes, out),
        Upgrade::Ldap => ldap::hear(bytes),
        Upgrade::Xmpp | Upgrade::XmppServer => xmpp::hear(talk, bytes, out),
        Upgrade::Postgresql => postgresql::hear(bytes),
        Upgrade::Mysql => mysql::hear(talk, bytes, out),
        Upgrade::Sieve => sieve::hear(talk, bytes, out),
        Upgrade::Nntp => nntp::hear(talk, bytes, out),
        Upgrade::Rdp => rdp::hear(talk, bytes),
    }
}

/// Whether it is a record of TLS or TLCP. SSL 3.0 is left out: its version could be the length of a MySQL packet.
fn begins_tls(bytes: &[u8]) -> bool {
    let content = bytes.first().map(|&first| ContentType(first));
    let record = matches!(content, Some(ContentType::ALERT | ContentType::HANDSHAKE));
    record && matches!(bytes.get(1..3), Some([3, 1..=4] | [1, 1]))
}

/// What one message leads to.
#[derive(Debug)]
pub(super) enum Turn {
    Stay,
    Ready,
    Refused(Refusal),
}

impl Turn {
    /// Refused with this reply.
    pub(super) fn refused(reply: &[u8]) -> Turn {
        Turn::Refused(Refusal::Reply(shown(reply)))
    }
}

/// What is awaited, in the protocols that have more than one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Greeting,
    /// What the server can do.
    Capabilities,
    /// The answer to the request for TLS.
    Answer,
}

/// What the conversation knows between two messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Talk {
    pub(super) stage: Stage,
    /// The number of the reply that has begun and not ended; 0 for a list that has none.
    pub(super) open: Option<u16>,
    /// Text of that reply or error, bounded.
    said: Vec<u8>,
    /// Whether TLS is offered.
    pub(super) offered: bool,
    /// Whether there are features beside TLS (XMPP), or a mode that may offer more (NNTP).
    pub(super) others: bool,
    /// The protocol's own log-in, with a readable password.
    pub(super) own_login: bool,
    /// A mechanism with a readable password or token.
    readable: bool,
    /// A mechanism that is not known here, or more of them than are kept.
    unsure: bool,
    /// The elements that are open (XMPP).
    pub(super) path: Vec<Box<[u8]>>,
    pub(super) greeted: Greeted,
}

impl Talk {
    /// Goes on to the next stage with a line that is to be sent.
    pub(super) fn send(&mut self, line: &str, next: Stage, out: &mut Vec<u8>) -> Turn {
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
        self.stage = next;
        Turn::Stay
    }

    /// Takes a line of a numbered reply; when it is the last one, gives the whole text back.
    pub(super) fn take(&mut self, reply: &Coded<'_>) -> Option<Vec<u8>> {
        self.say(reply.text);
        self.open = (!reply.last).then_some(reply.code);
        reply.last.then(|| self.said())
    }

    /// Keeps text until it is complete.
    pub(super) fn say(&mut self, text: &[u8]) {
        if self.said.len() < LINE {
            if !self.said.is_empty() {
                self.said.push(b' ');
            }
            self.said.extend_from_slice(text);
        }
    }

    /// The text that was kept.
    pub(super) fn said(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.said)
    }

    /// A mechanism that is offered before TLS.
    pub(super) fn mechanism(&mut self, name: &[u8]) {
        if self.greeted.mechanisms.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name)) {
            return;
        }
        match readable(name) {
            Some(readable) => self.readable |= readable,
            None => self.unsure = true,
        }
        if self.greeted.mechanisms.len() < MECHANISMS {
            self.greeted.mechanisms.push(shown(name));
        } else {
            self.unsure = true;
        }
    }

    /// Draws the conclusion once everything that is offered before TLS was heard.
    pub(super) fn logins(&mut self) {
        self.greeted.login_in_clear = match self.own_login || self.readable {
            true => Some(true),
            false => (!self.unsure).then_some(false),
        };
    }

    /// The same for a protocol in which nothing happens without a log-in: a server that offers TLS and no log-in wants TLS
    /// first.
    pub(super) fn logins_only(&mut self) {
        self.logins();
        let any = self.own_login || !self.greeted.mechanisms.is_empty();
        self.greeted.tls_required = self.offered.then_some(!any);
    }
}

/// Whether a mechanism sends a password or token readable: PLAIN (RFC 4616), LOGIN, OAUTHBEARER (RFC 7628) and XOAUTH2 do;
/// challenges, tickets and what has no secret do not. `None` when it is not known here.
fn readable(mechanism: &[u8]) -> Option<bool> {
    const READABLE: [&str; 4] = ["PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"];
    const NOT: [&str; 11] = [
        "CRAM-MD5",
        "DIGEST-MD5",
        "APOP",
        "NTLM",
        "GSSAPI",
        "GSS-SPNEGO",
        "KERBEROS_V4",
        "OTP",
        "SKEY",
        "EXTERNAL",
        "ANONYMOUS",
    ];
    let is = |name: &&str| mechanism.eq_ignore_ascii_case(name.as_bytes());
    let family = |prefix: &[u8]| after(mechanism, prefix).is_some();
    match READABLE.iter().any(is) {
        true => Some(true),
        false => (NOT.iter().any(is) || family(b"SCRAM-") || family(b"GS2-")).then_some(false),
    }
}
