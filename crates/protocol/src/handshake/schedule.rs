//! From a shared secret to the keys of records: TLCP and TLS 1.2 with their PRF, TLS 1.3 with HKDF.

use dengmi_core::Version;
use dengmi_crypto::prf::{hkdf_expand_label, hkdf_extract, prf};
use dengmi_crypto::{CryptoError, Hash};

use super::record::{RecordError, RecordKey};
use super::suite::{Protection, SuiteParameters};

/// The master secret of TLCP (GB/T 38636-2020 6.5.1) or TLS 1.2 (RFC 5246 8.1).
pub struct MasterSecret {
    secret: Vec<u8>,
    hash: Hash,
}

/// The keys of both directions.
pub struct RecordKeys {
    /// Of what the client sends.
    pub client: RecordKey,
    /// Of what the server sends.
    pub server: RecordKey,
}

impl MasterSecret {
    /// From a pre-master secret. The seed is client_random | server_random.
    pub fn new(hash: Hash, pre_master: &[u8], client_random: &[u8; 32], server_random: &[u8; 32]) -> MasterSecret {
        MasterSecret { secret: prf(hash, pre_master, b"master secret", &[client_random, server_random], 48), hash }
    }

    /// From the master secret of an earlier handshake.
    pub fn resumed(hash: Hash, secret: [u8; 48]) -> MasterSecret {
        MasterSecret { secret: secret.to_vec(), hash }
    }

    /// The 48 bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.secret
    }

    /// `length` bytes of key block. The seed is server_random | client_random, the other way round.
    pub fn key_block(&self, client_random: &[u8; 32], server_random: &[u8; 32], length: usize) -> Vec<u8> {
        prf(self.hash, &self.secret, b"key expansion", &[server_random, client_random], length)
    }

    /// The keys of records, cut in the order client MAC, server MAC, client key, server key, client vector, server
    /// vector.
    ///
    /// # Errors
    /// [`RecordError::Crypto`], for a suite whose lengths do not fit its cipher.
    pub fn keys(
        &self,
        version: Version,
        protection: Protection,
        client_random: &[u8; 32],
        server_random: &[u8; 32],
    ) -> Result<RecordKeys, RecordError> {
        let (mac, key, vector) = protection.lengths();
        let block = self.key_block(client_random, server_random, (mac + key + vector) * 2);
        let mut left = &block[..];
        let mut cut = |length| -> Result<&[u8], RecordError> {
            let (part, rest) = left.split_at_checked(length).ok_or(CryptoError::Length)?;
            left = rest;
            Ok(part)
        };
        let (client_mac, server_mac) = (cut(mac)?, cut(mac)?);
        let (client_key, server_key) = (cut(key)?, cut(key)?);
        let (client_vector, server_vector) = (cut(vector)?, cut(vector)?);
        Ok(RecordKeys {
            client: RecordKey::new(version, protection, client_mac, client_key, client_vector)?,
            server: RecordKey::new(version, protection, server_mac, server_key, server_vector)?,
        })
    }

    /// The 12 bytes of a Finished over the hash of the transcript so far.
    pub fn finished(&self, side: FinishedBy, transcript_hash: &[u8]) -> Vec<u8> {
        let label: &[u8] = match side {
            FinishedBy::Client => b"client finished",
            FinishedBy::Server => b"server finished",
        };
        prf(self.hash, &self.secret, label, &[transcript_hash], 12)
    }
}

/// Whose Finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishedBy {
    /// The client's.
    Client,
    /// The server's.
    Server,
}

/// The key schedule of TLS 1.3 (RFC 8446 7.1); with SM3 that of RFC 8998.
pub struct Schedule {
    hash: Hash,
    secret: Vec<u8>,
}

impl Schedule {
    /// The early secret without a pre-shared key.
    pub fn early(hash: Hash) -> Schedule {
        Schedule::resumed(hash, &vec![0; hash.length()])
    }

    /// The early secret of a pre-shared key.
    pub fn resumed(hash: Hash, key: &[u8]) -> Schedule {
        Schedule { hash, secret: hkdf_extract(hash, &vec![0; hash.length()], key).to_vec() }
    }

    /// The handshake secret, from the (EC)DHE secret.
    ///
    /// # Errors
    /// Never with the hashes here; the type is that of HKDF.
    pub fn handshake(self, shared: &[u8]) -> Result<Schedule, CryptoError> {
        self.next(shared)
    }

    /// The master secret.
    ///
    /// # Errors
    /// As [`Schedule::handshake`].
    pub fn master(self) -> Result<Schedule, CryptoError> {
        let zeros = vec![0; self.hash.length()];
        self.next(&zeros)
    }

    fn next(self, input: &[u8]) -> Result<Schedule, CryptoError> {
        let salt = self.derived()?;
        Ok(Schedule { hash: self.hash, secret: hkdf_extract(self.hash, &salt, input).to_vec() })
    }

    /// The secret that this stage holds.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The salt of the next stage.
    ///
    /// # Errors
    /// As [`Schedule::handshake`].
    pub fn derived(&self) -> Result<Vec<u8>, CryptoError> {
        self.derive(b"derived", &self.hash.digest(&[]))
    }

    /// Derive-Secret with a label such as `c hs traffic` over a transcript hash.
    ///
    /// # Errors
    /// As [`Schedule::handshake`].
    pub fn derive(&self, label: &[u8], transcript_hash: &[u8]) -> Result<Vec<u8>, CryptoError> {
        hkdf_expand_label(self.hash, &self.secret, label, transcript_hash, self.hash.length())
    }
}

/// The secret that protects one direction in TLS 1.3 (RFC 8446 7.1): `… traffic`.
#[derive(Clone)]
pub struct TrafficSecret {
    hash: Hash,
    secret: Vec<u8>,
}

impl TrafficSecret {
    /// From a derived secret.
    pub fn new(hash: Hash, secret: Vec<u8>) -> TrafficSecret {
        TrafficSecret { hash, secret }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.secret
    }

    /// Key and vector of `length` and 12 bytes (RFC 8446 7.3).
    ///
    /// # Errors
    /// As [`Schedule::handshake`].
    pub fn key_and_vector(&self, length: usize) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        let expand = |label: &[u8], length| hkdf_expand_label(self.hash, &self.secret, label, &[], length);
        Ok((expand(b"key", length)?, expand(b"iv", 12)?))
    }

    /// The keys of records under a suite of TLS 1.3.
    ///
    /// # Errors
    /// [`RecordError::Crypto`] for a suite that is not one of TLS 1.3.
    pub fn record_key(&self, suite: &SuiteParameters) -> Result<RecordKey, RecordError> {
        let Protection::XoredNonce(algorithm) = suite.protection else { return Err(CryptoError::Unsupported.into()) };
        let (key, vector) = self.key_and_vector(algorithm.key_length())?;
        RecordKey::tls13(algorithm, &key, &vector)
    }

    /// The key of this side's Finished (RFC 8446 4.4.4).
    ///
    /// # Errors
    /// As [`Schedule::handshake`].
    pub fn finished_key(&self) -> Result<Vec<u8>, CryptoError> {
        hkdf_expand_label(self.hash, &self.secret, b"finished", &[], self.hash.length())
    }

    /// The Finished over the hash of the transcript so far.
    ///
    /// # Errors
    /// As [`Schedule::handshake`].
    pub fn finished(&self, transcript_hash: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(self.hash.hmac(&self.finished_key()?, &[transcript_hash]).to_vec())
    }

    /// Of the resumption master secret: the key of the ticket with this nonce (RFC 8446 4.6.1).
    ///
    /// # Errors
    /// As [`Schedule::handshake`].
    pub fn of_ticket(&self, nonce: &[u8]) -> Result<Vec<u8>, CryptoError> {
        hkdf_expand_label(self.hash, &self.secret, b"resumption", nonce, self.hash.length())
    }

    /// The secret after a KeyUpdate (RFC 8446 7.2).
    ///
    /// # Errors
    /// As [`Schedule::handshake`].
    pub fn updated(&self) -> Result<TrafficSecret, CryptoError> {
        let secret = hkdf_expand_label(self.hash, &self.secret, b"traffic upd", &[], self.hash.length())?;
        Ok(TrafficSecret { hash: self.hash, secret })
    }
}

/// What a CertificateVerify of TLS 1.3 signs (RFC 8446 4.4.3).
pub fn certificate_verify_text(side: FinishedBy, transcript_hash: &[u8]) -> Vec<u8> {
    let context: &[u8] = match side {
        FinishedBy::Client => b"TLS 1.3, client CertificateVerify\0",
        FinishedBy::Server => b"TLS 1.3, server CertificateVerify\0",
    };
    [&[0x20; 64], context, transcript_hash].concat()
}
