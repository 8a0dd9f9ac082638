//! The readers on recorded connections, real certificates and damaged bytes.

// Helpers of tests are tests to us, but not to clippy.
#![allow(clippy::unwrap_used, clippy::panic)]

mod capture;
mod certificates;
mod fragment;
mod hostile;
mod ike;
mod link;
mod packets;
mod plain;
mod quic;
mod recognise;
mod replay;
mod ssh;
mod watcher;
mod wireless;
