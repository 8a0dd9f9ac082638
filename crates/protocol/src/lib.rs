//! Handshakes, probing plans and certificate checks, sans-IO: no socket, clock or random source. The same machines
//! run against live services, on captures, in the demonstration and under the fuzzer.

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

pub mod certify;
pub mod handshake;
pub mod ike;
pub mod plan;
pub mod quic;
pub mod ssh;
pub mod upgrade;
