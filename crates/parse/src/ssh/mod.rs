//! SSH on the wire up to its keys (RFC 4253, RFC 4419, RFC 5656, GM/T 0129 as implementations write it): for captures and
//! the prober.
//!
//! `read` takes a whole payload with its message number, since that is what the exchange hash is made of.

mod banner;
pub mod code;
mod key;
mod message;
mod packet;
mod watch;

pub use banner::Banner;
pub use code::{DisconnectReason, MessageNumber};
pub use key::{HostCertificate, HostKey, KeyMaterial, KeySignature};
pub use message::{
    Chosen, Disconnect, ExchangeForm, ExchangeGroup, ExchangeReply, KexInit, KexLists, UserauthFailure, integer, string,
};
pub use packet::Packet;
pub use watch::{FoundDefect, Handshake, Watcher};
