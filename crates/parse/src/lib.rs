//! Hostile bytes to structures: TLS and TLCP records, messages and handshakes, SSH, IKE, QUIC, protocols in clear, DER and
//! X.509, capture files and the packets in them.
//!
//! A reader here reports, it does not reject: whatever can be read is given, what is wrong with it stands beside it as
//! [`Defect`]s, and unknown numbers survive. Nothing here computes a digest or checks a signature, and nothing does
//! IO: a reader that verifies is tempted to refuse what it should describe.
//!
//! Readers of a finished thing return [`Read`]; streams have [`tls::Watcher::feed`] and [`ssh::Watcher::feed`]. No input
//! may panic, and memory is bounded by [`Limits`].

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

pub mod capture;
pub mod certificate;
pub mod ike;
pub mod plain;
pub mod quic;
pub mod reading;
pub mod ssh;
pub mod tls;

pub use certificate::{Certificate, read_certificate};
pub use reading::{Defect, DefectKind, Limit, Limits, Read, Reader, Reading};
