use serde::{Deserialize, Serialize};

/// What a server of QUIC says before its TLS: its versions, and whether it wants to see a token first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuicAccepts {
    /// The versions that it names when asked in one that nobody has (RFC 9000 6.1): `1`, `2`, or the number. Empty: it
    /// names none.
    pub versions: Vec<Box<str>>,
    /// The version in which it was asked, where one of its versions can be spoken here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Box<str>>,
    /// Whether it answered with a Retry (RFC 9000 8.1.2): it keeps nothing of a client that may not be where it says.
    pub retry: bool,
}
