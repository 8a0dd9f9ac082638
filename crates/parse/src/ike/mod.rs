//! ISAKMP and IKEv1 (RFC 2408, RFC 2409), its profile in GM/T 0022, and IKEv2 (RFC 7296) as far as they are in clear:
//! headers, payloads, and what payloads hold. One definition for captures, probes and the fuzzer.
//!
//! A message is read once, into payloads that borrow from the datagram; each kind of payload has a reader of its own,
//! which needs the version where both versions have the kind. Nothing is decrypted and nothing is put together from
//! fragments: what is encrypted or in pieces is named and kept as bytes.

mod association;
pub mod code;
mod message;
mod payload;

pub use association::{Attribute, Proposal, SecurityAssociation, Transform, Value};
pub use code::{
    AttributeType, CertificateEncoding, ExchangeType, IkeVersion, NotifyType, NotifyType1, PayloadType,
    ProtocolIdentifier, TransformType,
};
pub use message::{Encapsulated, Header, Message, Payload};
pub use payload::{Certificate, Fragment, Identification, KeyExchange, Notify};

use crate::tls::message::TooLong;

/// The number for a length field of two bytes.
fn length16(length: usize) -> Result<u16, TooLong> {
    u16::try_from(length).map_err(|_| TooLong { length, width: 2 })
}

/// The number for a length field of one byte.
fn length8(length: usize) -> Result<u8, TooLong> {
    u8::try_from(length).map_err(|_| TooLong { length, width: 1 })
}
