//! Which server has spoken.

use super::line::after;
use super::part::Part;
use super::{Upgrade, mysql};

pub(super) fn recognise(bytes: &[u8]) -> Option<Upgrade> {
    match mysql::greeting(bytes) {
        Part::Whole { value: mysql::Greeting::Error { code, .. }, .. } if !REFUSALS.contains(&code) => {}
        Part::Whole { .. } => return Some(Upgrade::Mysql),
        Part::More | Part::Broken(_) => {}
    }
    const STARTS: [(&[u8], Upgrade); 7] = [
        (b"* OK", Upgrade::Imap),
        (b"* PREAUTH", Upgrade::Imap),
        (b"* BYE", Upgrade::Imap),
        (b"+OK", Upgrade::Pop3),
        (b"\"IMPLEMENTATION\"", Upgrade::Sieve),
        (b"200 ", Upgrade::Nntp),
        (b"201 ", Upgrade::Nntp),
    ];
    let start = STARTS.iter().find(|(start, _)| after(bytes, start).is_some());
    start.map(|(_, upgrade)| *upgrade).or_else(|| by_words(bytes))
}

/// Errors with which a MySQL server turns a client away before any greeting: too many connections; a host that is
/// blocked, or not allowed.
const REFUSALS: [u16; 3] = [1040, 1129, 1130];

/// Mail and files both greet with 220. The text is free, but names its protocol with most servers (RFC 5321 4.2 shows it
/// so), or the software.
fn by_words(bytes: &[u8]) -> Option<Upgrade> {
    const WORDS: [(&str, Upgrade); 5] = [
        ("SMTP", Upgrade::Smtp),
        ("LMTP", Upgrade::Lmtp),
        ("FTP", Upgrade::Ftp),
        ("FILEZILLA", Upgrade::Ftp),
        ("FILE TRANSFER", Upgrade::Ftp),
    ];
    let text = after(bytes, b"220").filter(|text| matches!(text.first(), Some(b' ' | b'-')))?;
    let text = String::from_utf8_lossy(text).to_uppercase();
    let mut named = WORDS.into_iter().filter(|(word, _)| text.contains(word)).map(|(_, upgrade)| upgrade);
    let first = named.next()?;
    named.all(|upgrade| upgrade == first).then_some(first)
}
