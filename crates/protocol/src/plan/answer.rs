//! What came back for one hello.

use dengmi_core::{Features, Group, Scheme, Suite, Version};
use dengmi_parse::tls::AlertDescription;
use std::fmt;

/// The answer to one hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A ServerHello or a HelloRetryRequest: the server chose.
    Chose(Box<Chosen>),
    /// An alert before any ServerHello.
    Refused(AlertDescription),
    /// The connection was closed or reset after our hello, without a byte.
    Closed,
    /// Bytes that are not of the TLS family.
    NotTls(Spoken),
    /// Bytes of the TLS family that cannot be read.
    Undecodable,
    /// No answer. It never shrinks a list.
    Lost(Loss),
}

/// What a server chose. Fields that the version hides or that did not arrive are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The version, from `supported_versions` where that extension is there.
    pub version: Version,
    /// The suite.
    pub suite: Suite,
    /// The group of an (EC)DHE exchange, where it has a name.
    pub group: Option<Group>,
    /// The scheme that signed the key exchange (TLS 1.2).
    pub scheme: Option<Scheme>,
    /// The certificate list as DER, in the server's order. Not in TLS 1.3, where it is encrypted.
    pub certificates: Vec<Vec<u8>>,
    /// Whether a client certificate was asked for; `None` when the messages that would say so did not arrive.
    pub client_certificate: Option<bool>,
    /// A HelloRetryRequest.
    pub retry: bool,
    /// What else the answer told.
    pub features: Features,
    /// SSL 2.0 has the client choose: the kinds that the server has.
    pub kinds: Vec<u32>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// No connection in time.
    NoConnection,
    /// The connection was refused.
    ConnectionRefused,
    /// A connection, and no complete answer in time.
    Silence,
    /// A limit of ours ended it: the budget of the endpoint, or a cancelled run.
    GivenUp,
}

/// What a port speaks that does not speak TLS, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spoken {
    /// HTTP/1.
    Http,
    /// An SSH banner.
    Ssh,
    /// A greeting or reply of mail, files or news: `220 `, `500 `, `+OK`, `* OK`.
    Greeting,
    /// Something else.
    Unknown,
}

impl Spoken {
    /// Tells by the first bytes.
    pub fn of(bytes: &[u8]) -> Spoken {
        const STARTS: [(&[u8], Spoken); 7] = [
            (b"HTTP/", Spoken::Http),
            (b"<html", Spoken::Http),
            (b"<!DOC", Spoken::Http),
            (b"SSH-", Spoken::Ssh),
            (b"CSSH-", Spoken::Ssh),
            (b"+OK", Spoken::Greeting),
            (b"* OK", Spoken::Greeting),
        ];
        let told = STARTS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, spoken)| *spoken);
        // Replies of mail, files and news: three digits, and whether more lines follow.
        let reply = matches!(bytes, [first, second, third, b' ' | b'-', ..]
            if [first, second, third].iter().all(|digit| digit.is_ascii_digit()));
        told.or(reply.then_some(Spoken::Greeting)).unwrap_or(Spoken::Unknown)
    }

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Spoken::Http => "HTTP",
            Spoken::Ssh => "SSH",
            Spoken::Greeting => "greeting",
            Spoken::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Loss::NoConnection => "no connection in time",
            Loss::ConnectionRefused => "connection refused",
            Loss::Silence => "no answer in time",
            Loss::GivenUp => "given up",
        })
    }
}
