//! What a flow speaks, told by its content and never by its port, and the protocols that are spoken in clear.
//!
//! [`recognise`] looks at the first bytes of both sides. The TLS family, SSH, IKE and QUIC have watchers of their own;
//! [`Watcher`] is for the others: it looks at the start of a conversation and tells which software speaks, how a log-in is
//! made, which kinds of things could be read, and where TLS begins when both sides agree on it. No value that it finds is
//! kept: what leaves it is masked ([`Masked`]).

mod recognise;
mod spoken;

pub use recognise::{Recognised, START, recognise};
pub use spoken::{Spoken, Transport};
