//! What one hello of a probe offers.

use crate::handshake::PreSharedKey;
use dengmi_core::{Group, Scheme, Suite, Version};
use std::sync::Arc;

/// A hello to be sent. It never leads to a complete handshake, so it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The highest version that is offered; in TLS 1.3 and TLCP the only one.
    pub version: Version,
    /// Suites, in the order of the offer. SSL 2.0 offers all its kinds whatever stands here.
    pub suites: Vec<Suite>,
    /// Named groups, in the order of the offer. Not sent in [`Style::Plain`] and [`Style::Named`].
    pub groups: Vec<Group>,
    /// Signature schemes, in the order of the offer.
    pub schemes: Vec<Scheme>,
    /// Schemes in which certificates may be signed, where `schemes` leaves some of them out: without them a server may
    /// take its certificate for one that the client cannot check (RFC 8446 4.2.3).
    pub certificate_schemes: Vec<Scheme>,
    /// Which extensions go with it.
    pub style: Style,
    /// In [`Style::Full`]: with every extension, and the compression, that a server answers in clear.
    pub features: bool,
    /// The name of the server, for the styles that send one.
    pub server_name: Option<Arc<str>>,
    /// A session to be taken up again. In TLS 1.3 only [`Style::Shares`] is answered with whether it is.
    pub session: Option<Arc<Session>>,
}

/// What a server gave to take up a session by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session id; beside a ticket one of our own, whose echo tells that the ticket was taken (RFC 5077 3.4).
    pub id: Vec<u8>,
    /// The ticket (RFC 5077 3.3), or nothing.
    pub ticket: Vec<u8>,
    /// In TLS 1.3 that and the id are nothing, and this is all.
    pub key: Option<PreSharedKey>,
}

/// How much a hello says beside its suites. The later ones are for servers that fail at the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Style {
    /// Every extension that fits the version. In TLS 1.3 with an empty `key_share`: the server answers with a
    /// HelloRetryRequest and spends neither a key exchange nor a signature (RFC 8446 4.1.4).
    Full,
    /// Only what the choice of suite and group depends on.
    Lean,
    /// TLS 1.3 with key shares, for servers that refuse an empty `key_share`.
    Shares,
    /// No extension block at all, as in SSL 3.0 and GB/T 38636-2020.
    Plain,
    /// Only `server_name`: for TLCP servers that choose by name (GM/T 0024-2023).
    Named,
    /// Only `supported_groups` and `signature_algorithms`: for TLCP servers that want them for ECDHE.
    Grouped,
}

impl Style {
    /// Whether groups and schemes go with it.
    pub(super) fn sends_lists(self) -> bool {
        matches!(self, Style::Full | Style::Lean | Style::Shares | Style::Grouped)
    }
}
