//! Captures: packets out of files, and what is in packets, down to the payload of TCP and UDP.
//!
//! [`PacketReader`] takes a file of pcap or pcapng apart, [`dissect`] a packet, [`Defragmenter`] puts datagrams of IP
//! together again. None of them copies or allocates for a packet of the common shape: what they give are slices of the
//! caller's block. Checksums are not verified, since most captures of a sending host hold none (offloading).
//!
//! [`wireless`] reads what 802.11 says of its protection: beacons, EAPOL keys and WAI.

pub mod code;
mod format;
mod fragment;
mod link;
pub mod wireless;

pub use code::{BlockType, EtherType, IpProtocol, LinkType, SecretsType};
pub use format::{Item, Packet, PacketReader, Secrets};
pub use fragment::{Added, Datagram, Defragmenter};
pub use link::{
    Address, Dissected, Encapsulated, Esp, Fragment, Frame, Ip, Label, Segment, TcpFlags, Transport, dissect,
};
