//! Handshakes against recordings, against OpenSSL's programs, and client against server.

// Clippy's settings for tests reach `#[test]` functions only, not the functions beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod certify;
mod certify_peer;
mod hostile;
mod identities;
mod odd;
mod opener;
mod openssl;
mod own;
mod peer;
mod recording;
mod replay;
mod upgrade;
mod values;
