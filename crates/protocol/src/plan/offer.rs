//! What one hello of a probe offers.

use dengmi_core::{Group, Scheme, Suite, Version};
use std::sync::Arc;

/// A hello to be sent. It never leads to a complete handshake, so it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The highest version that is offered; in TLS 1.3 and TLCP the only one.
    pub version: Version,
    /// Suites, in the order of the offer.
    pub suites: Vec<Suite>,
    /// Named groups, in the order of the offer. Not sent in [`Style::Plain`] and [`Style::Named`].
    pub groups: Vec<Group>,
    /// Signature schemes, in the order of the offer.
    pub schemes: Vec<Scheme>,
    /// Which extensions go with it.
    pub style: Style,
    /// The name of the server, for the styles that send one.
    pub server_name: Option<Arc<str>>,
}

/// How much a hello says beside its suites. The later ones are for servers that fail at the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Style {
    /// Every extension that fits the version. In TLS 1.3 with an empty `key_share`: the server answers with a
    /// HelloRetryRequest and spends neither a key exchange nor a signature (RFC 8446 4.1.4).
    Full,
    /// TLS 1.3 with key shares, for servers that refuse an empty `key_share`.
    Shares,
    /// No extension block at all, as in SSL 3.0 and GB/T 38636-2020.
    Plain,
    /// Only `server_name`: for TLCP servers that choose by name (GM/T 0024-2023).
    Named,
    /// Only `supported_groups` and `signature_algorithms`: for TLCP servers that want them for ECDHE.
    Grouped,
}
