//! All handshake messages of a connection in order, headers included.

use dengmi_crypto::{Digest, Hash};
use dengmi_parse::tls::HandshakeType;

/// The messages so far. They are kept, not only hashed: the hash is known after ServerHello, and TLS 1.2 and one form
/// of TLCP sign the messages themselves. [`dengmi_parse::Limits::handshake`] bounds them.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Vec<u8>);

impl Transcript {
    /// Adds a whole message.
    pub fn add(&mut self, message: &[u8]) {
        self.0.extend_from_slice(message);
    }

    /// The messages.
    pub fn messages(&self) -> &[u8] {
        &self.0
    }

    /// The hash of the messages.
    pub fn digest(&self, hash: Hash) -> Digest {
        hash.digest(&self.0)
    }

    /// After a HelloRetryRequest a message of type message_hash stands for the first ClientHello (RFC 8446 4.4.1).
    pub fn restart(&mut self, hash: Hash) {
        let digest = self.digest(hash);
        // A digest has at most 64 bytes.
        let length = u8::try_from(digest.len()).unwrap_or(u8::MAX);
        self.0 = vec![HandshakeType::MESSAGE_HASH.0, 0, 0, length];
        self.0.extend_from_slice(&digest);
    }
}
