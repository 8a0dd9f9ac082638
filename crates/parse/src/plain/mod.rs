//! What a flow speaks, told by its content and never by its port, and the protocols that are spoken in clear.
//!
//! [`recognise`] looks at the first bytes of both sides. The TLS family, SSH, IKE and QUIC have watchers of their own;
//! [`Watcher`] is for the others: it looks at the start of a conversation and tells which software speaks, how a log-in
//! is made, which kinds of things could be read, and where TLS begins when both sides agree on it. No value that it
//! finds is kept: what leaves it is masked ([`Masked`]).

mod datagram;
mod http;
mod ldap;
mod line;
mod mail;
mod mongodb;
mod mqtt;
mod mysql;
mod number;
mod postgresql;
mod rdp;
mod recognise;
mod redis;
mod scan;
mod smb;
mod spoken;
mod tds;
mod telnet;
mod told;
mod watch;
mod xmpp;

pub use recognise::{Recognised, START, recognise};
pub use spoken::{Spoken, Transport};
pub use told::{Contained, Content, FoundDefect, Login, Masked, Starttls, StarttlsState, Told};
pub use watch::{Fed, Then, Watcher};
