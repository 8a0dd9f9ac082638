//! QUIC as far as its keys are no secret: Initials, which anyone can open who sees the client's first packet, and Retry.
//!
//! [`Watcher`] opens what both sides of a recorded connection sent; [`Client`] asks a server and reads the start of its
//! answer. Both give the bytes of the TLS handshake, for [`dengmi_parse::tls::message`] to read. What Handshake packets and
//! later ones hold is not opened.

mod client;
mod keys;
mod packet;
mod watch;

pub use client::{Client, Closed, DATAGRAM_LEAST, Heard, NotStarted};
pub use keys::{InitialKeys, PacketKeys, retry_is_genuine, retry_tag};
pub use packet::{Initial, NotOpened, NotSealed, Opened, open_initial, seal_initial};
pub use watch::{Seen, Watcher};

#[cfg(test)]
mod tests;
