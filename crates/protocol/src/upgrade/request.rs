//! The client's side of the conversation, as a capture shows it.

use super::line::{line, words};
use super::part::Part;
use super::{Upgrade, ldap, mysql, postgresql, rdp, xmpp};

/// Reads the client's next message (line, element or packet): whether it asks for TLS.
pub fn request(upgrade: Upgrade, bytes: &[u8]) -> Part<bool> {
    match upgrade {
        Upgrade::Smtp | Upgrade::Lmtp | Upgrade::Sieve | Upgrade::Nntp => command(bytes, b"STARTTLS"),
        Upgrade::Pop3 => command(bytes, b"STLS"),
        Upgrade::Imap => line(bytes).map(|line| words(line).nth(1).is_some_and(|word| is(word, b"STARTTLS"))),
        // The names of RFC 4217 4 and of the drafts before it.
        Upgrade::Ftp => line(bytes).map(|line| {
            let mut words = words(line);
            let asks = words.next().is_some_and(|word| is(word, b"AUTH"));
            let way = words.next().unwrap_or_default();
            asks && [&b"TLS"[..], b"TLS-C", b"SSL", b"TLS-P"].iter().any(|known| is(way, known))
        }),
        Upgrade::Ldap => ldap::request(bytes),
        Upgrade::Xmpp | Upgrade::XmppServer => xmpp::request(bytes),
        Upgrade::Postgresql => postgresql::request(bytes),
        Upgrade::Mysql => mysql::request(bytes),
        Upgrade::Rdp => rdp::request(bytes),
    }
}

fn command(bytes: &[u8], name: &[u8]) -> Part<bool> {
    line(bytes).map(|line| words(line).next().is_some_and(|word| is(word, name)))
}

fn is(word: &[u8], name: &[u8]) -> bool {
    word.eq_ignore_ascii_case(name)
}
