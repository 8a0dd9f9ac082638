//! Complete handshakes without a socket: TLCP (GB/T 38636-2020), TLS 1.2 (RFC 5246) and TLS 1.3 (RFC 8446, RFC 8998),
//! as client and as server.
//!
//! Bytes go in as they come and go out as they are due; randomness is in [`Secrets`]. The same machine runs against a
//! live service, in the demonstration, under the fuzzer, and over recordings, where every byte that is sent must
//! equal the recorded one.
//!
//! A finished handshake gives a [`Proof`], which nothing else can make; one that ends early gives a [`Stopped`] with
//! what was [`Learned`]. Certificates are not judged here, their chains, dates and names are for others: what is
//! proved is that the server holds the keys.
//!
//! Not done: resumption (a hello tells whether a session is taken up), early data, client certificates on the server's side, versions before TLS 1.2.

mod classic;
mod client;
mod connection;
mod features;
pub(crate) mod identity;
mod learned;
mod opener;
pub mod record;
pub mod schedule;
mod scheme;
mod secrets;
mod server;
mod signed;
mod stop;
pub mod suite;
mod tlcp;
mod tls12;
mod tls13;
mod transcript;
mod wire;

pub use client::{Client, Done, Offer, Step, TlcpForms};
pub use connection::{Connection, PreSharedKey, Received, Ticket};
pub use identity::{Identity, public_key};
pub use learned::{Learned, Note, Proof, Stopped};
pub use opener::{NotOpened, Opener, Opening};
pub use scheme::{groups, schemes};
pub use secrets::{Purpose, Secrets};
pub use server::{Accepted, Preference, Served, Server, ServerConfig, ServerStep};
pub use signed::{KeyExchangeSignature, key_exchange_signature};
pub use stop::{PeerMisbehaved, Stop, Unsupported};
pub use transcript::Transcript;
