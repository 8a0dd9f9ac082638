//! From a conversation in clear to TLS: what is said before the ClientHello, for the protocols that begin without it.
//!
//! [`Prologue`] is the client's side, without a socket: it never waits by itself, reads no more than its limits, and
//! stops exactly behind the server's go-ahead. On the way it keeps what the server says in clear that an assessment
//! needs ([`Greeted`]). The readers of single messages, of both sides, stand beside the machine (one module a protocol,
//! [`request`] for the client's side), so that a capture can be read with them.
//!
//! | protocol | asked with | source |
//! | --- | --- | --- |
//! | SMTP, LMTP | `EHLO` or `LHLO`, then `STARTTLS` | RFC 3207, RFC 5321, RFC 2033 |
//! | IMAP | `CAPABILITY` when the greeting does not offer it, then `STARTTLS` | RFC 9051 6.2.1, RFC 3501 6.2.1 |
//! | POP3 | `CAPA`, then `STLS` | RFC 2595 4, RFC 2449 |
//! | FTP | `AUTH TLS` | RFC 4217 4 |
//! | LDAP | ExtendedRequest 1.3.6.1.4.1.1466.20037 | RFC 4511 4.14 |
//! | XMPP | `<starttls/>` | RFC 6120 5 |
//! | PostgreSQL | SSLRequest | PostgreSQL documentation, "Message Formats" |
//! | MySQL | SSLRequest after a version 10 greeting | MySQL documentation, "Connection Phase" |
//! | Sieve | `STARTTLS` | RFC 5804 2.2 |
//! | NNTP | `CAPABILITIES`, then `STARTTLS` | RFC 4642 2.2 |
//! | RDP | X.224 Connection Request with RDP_NEG_REQ | MS-RDPBCGR 2.2.1.1 |

mod ftp;
mod greeting;
pub mod imap;
pub mod ldap;
pub mod line;
pub mod mysql;
pub mod nntp;
mod part;
pub mod pop3;
pub mod postgresql;
mod prologue;
pub mod rdp;
mod request;
pub mod sieve;
mod smtp;
#[cfg(test)]
mod tests;
pub mod xmpp;

pub use part::{Fault, LINE, MESSAGES, Part, TOTAL, shown};
pub use prologue::{Greeted, Prologue, Refusal, Step};
pub use request::request;

use std::fmt;
use std::str::FromStr;

/// A protocol that begins in clear and can go over to TLS on the same connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Upgrade {
    /// Mail between servers, and its submission.
    Smtp,
    /// Mail to its last server.
    Lmtp,
    /// Mailboxes.
    Imap,
    /// Mailboxes, the older way.
    Pop3,
    /// File transfer, its control connection.
    Ftp,
    /// Directories.
    Ldap,
    /// Messages, from client to server.
    Xmpp,
    /// Messages, between servers.
    XmppServer,
    /// PostgreSQL and what speaks like it.
    Postgresql,
    /// MySQL, MariaDB and what speaks like them.
    Mysql,
    /// Mail filters (ManageSieve).
    Sieve,
    /// Network news.
    Nntp,
    /// Remote desktops.
    Rdp,
}

impl Upgrade {
    /// All of them.
    pub const ALL: [Upgrade; 13] = [
        Upgrade::Smtp,
        Upgrade::Lmtp,
        Upgrade::Imap,
        Upgrade::Pop3,
        Upgrade::Ftp,
        Upgrade::Ldap,
        Upgrade::Xmpp,
        Upgrade::XmppServer,
        Upgrade::Postgresql,
        Upgrade::Mysql,
        Upgrade::Sieve,
        Upgrade::Nntp,
        Upgrade::Rdp,
    ];

    /// The word, which is also the scheme of its URLs.
    pub fn word(self) -> &'static str {
        match self {
            Upgrade::Smtp => "smtp",
            Upgrade::Lmtp => "lmtp",
            Upgrade::Imap => "imap",
            Upgrade::Pop3 => "pop3",
            Upgrade::Ftp => "ftp",
            Upgrade::Ldap => "ldap",
            Upgrade::Xmpp => "xmpp",
            Upgrade::XmppServer => "xmpp-server",
            Upgrade::Postgresql => "postgresql",
            Upgrade::Mysql => "mysql",
            Upgrade::Sieve => "sieve",
            Upgrade::Nntp => "nntp",
            Upgrade::Rdp => "rdp",
        }
    }

    /// The port it has when none is named: of the IANA registry of service names, but for LMTP, which has none (24 is
    /// what its servers use).
    pub fn default_port(self) -> u16 {
        match self {
            Upgrade::Smtp => 25,
            Upgrade::Lmtp => 24,
            Upgrade::Imap => 143,
            Upgrade::Pop3 => 110,
            Upgrade::Ftp => 21,
            Upgrade::Ldap => 389,
            Upgrade::Xmpp => 5222,
            Upgrade::XmppServer => 5269,
            Upgrade::Postgresql => 5432,
            Upgrade::Mysql => 3306,
            Upgrade::Sieve => 4190,
            Upgrade::Nntp => 119,
            Upgrade::Rdp => 3389,
        }
    }

    /// What usually listens on a port. A guess: the port of a service is its operator's choice.
    pub fn by_port(port: u16) -> Option<Upgrade> {
        match port {
            // Submission (RFC 6409).
            587 => Some(Upgrade::Smtp),
            // The global catalog of Active Directory.
            3268 => Some(Upgrade::Ldap),
            _ => Upgrade::ALL.into_iter().find(|upgrade| upgrade.default_port() == port),
        }
    }

    /// Tells a server that speaks first by the first bytes it sends, at least its first line. `None` when the greeting
    /// fits none, or more than one: `220 ready` may be mail or files.
    pub fn by_greeting(bytes: &[u8]) -> Option<Upgrade> {
        greeting::recognise(bytes)
    }

    /// Whether the server speaks first.
    pub fn server_first(self) -> bool {
        !matches!(self, Upgrade::Ldap | Upgrade::Xmpp | Upgrade::XmppServer | Upgrade::Postgresql | Upgrade::Rdp)
    }
}

impl fmt::Display for Upgrade {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A word that names no protocol of [`Upgrade`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is none of smtp, lmtp, imap, pop3, ftp, ldap, xmpp, xmpp-server, postgresql, mysql, sieve, nntp, rdp"
)]
pub struct UnknownUpgrade {
    found: Box<str>,
}

impl FromStr for Upgrade {
    type Err = UnknownUpgrade;

    /// Reads [`Upgrade::word`] and the other names that URLs and `openssl s_client -starttls` have for the same.
    fn from_str(word: &str) -> Result<Self, UnknownUpgrade> {
        match word {
            "submission" => Ok(Upgrade::Smtp),
            "pop" => Ok(Upgrade::Pop3),
            "xmpp-client" => Ok(Upgrade::Xmpp),
            "postgres" => Ok(Upgrade::Postgresql),
            "mariadb" => Ok(Upgrade::Mysql),
            "managesieve" => Ok(Upgrade::Sieve),
            "news" => Ok(Upgrade::Nntp),
            _ => {
                let known = Upgrade::ALL.into_iter().find(|upgrade| upgrade.word() == word);
                known.ok_or_else(|| UnknownUpgrade { found: word.into() })
            }
        }
    }
}
