//! QUIC as far as it is in clear: the parts of a packet that no version changes (RFC 8999), the long packets of version 1
//! (RFC 9000 17.2) and version 2 (RFC 9369 3), and what an Initial holds once its protection is off.
//!
//! [`read_datagram`] gives the packets of one datagram. Opening an Initial takes digests, so it is done elsewhere; its
//! payload comes back here to [`Frame::read_all`], the pieces of handshake in it go into an [`Assembler`], and
//! [`crate::tls::message`] reads what that puts together. [`TransportParameters`] reads the extension that both hellos of
//! QUIC carry.

mod assembler;
pub mod code;
mod frame;
mod integer;
mod packet;
mod parameter;

pub use assembler::Assembler;
pub use code::{FrameType, QuicVersion, TransportErrorCode, TransportParameterId};
pub use frame::{Ack, Close, Frame};
pub use integer::{INTEGER_MOST, TooLarge, integer_length, read_integer, write_integer};
pub use packet::{
    Body, CONNECTION_ID_MOST, Form, LongPacket, Packet, PacketType, RETRY_TAG_LENGTH, read_datagram, read_packet,
};
pub use parameter::{TransportParameter, TransportParameters};
