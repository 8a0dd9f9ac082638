use serde::{Deserialize, Serialize};

/// What a service says in clear before it goes over to TLS on the same connection, and whether it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgraded {
    /// `smtp`, `imap`, `ldap` and so on.
    pub protocol: Box<str>,
    /// It goes over to TLS when asked.
    pub offered: bool,
    /// Why not, where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Box<str>>,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<Box<str>>,
    /// Whether a log-in is offered before TLS. `None`: the protocol does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_in_clear: Option<bool>,
    /// The ways to log in that it offers before TLS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mechanisms: Vec<Box<str>>,
    /// Whether nothing is done without TLS. `None`: the protocol does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_required: Option<bool>,
    /// Bytes came behind the go-ahead in clear: what was put there would be taken for protected.
    pub injected: bool,
}
