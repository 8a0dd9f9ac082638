//! The suites that a handshake here can be completed with. Offering others is the business of probing plans.

use dengmi_core::{Suite, Version};
use dengmi_crypto::Hash;
use dengmi_crypto::aead::AeadAlgorithm;
use dengmi_crypto::block::BlockCipher;

/// How the keys come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyExchange {
    /// The client encrypts a secret with the RSA key of the certificate (RFC 5246 7.4.7.1).
    Rsa,
    /// Ephemeral ECDH, signed by a key of this kind (RFC 8422).
    Ecdhe(Signer),
    /// The client encrypts a secret with the SM2 key of the encryption certificate (GB/T 38636-2020, ECC suites).
    TlcpEcc,
    /// The SM2 key exchange with both sides' encryption keys (GB/T 38636-2020, ECDHE suites).
    TlcpEcdhe,
    /// TLS 1.3: group and signature are negotiated apart from the suite.
    Tls13,
}

/// The kind of key that an ECDHE suite wants in the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// RSA.
    Rsa,
    /// ECDSA, or EdDSA (RFC 8422 5.4).
    Ecdsa,
}

/// How records are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// MAC, then encrypt in CBC with an explicit vector (RFC 5246 6.2.3.2, GB/T 38636-2020 6.3.3.4).
    Cbc {
        /// The cipher.
        cipher: BlockCipher,
        /// The hash of the HMAC.
        mac: Hash,
    },
    /// GCM with four secret and eight explicit bytes of nonce (RFC 5288; GB/T 38636-2020).
    ExplicitNonce(AeadAlgorithm),
    /// The nonce is a secret vector xor the sequence number (RFC 7905, RFC 8446 5.3).
    XoredNonce(AeadAlgorithm),
}

/// What a suite means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteParameters {
    /// Its code point.
    pub suite: Suite,
    /// How the keys come about.
    pub key_exchange: KeyExchange,
    /// Hash of PRF, HKDF, Finished and transcript.
    pub hash: Hash,
    /// How records are protected.
    pub protection: Protection,
}

/// What `suite` means in `version`; `None` when a handshake with it cannot be completed here.
pub fn parameters(version: Version, suite: Suite) -> Option<SuiteParameters> {
    TABLE.iter().find(|(of, code, ..)| *of == version && *code == suite.0).map(
        |&(_, code, key_exchange, hash, protection)| SuiteParameters {
            suite: Suite(code),
            key_exchange,
            hash,
            protection,
        },
    )
}

/// Every suite that can be completed in `version`, stronger ones first.
pub fn suites(version: Version) -> impl Iterator<Item = Suite> {
    TABLE.iter().filter(move |(of, ..)| *of == version).map(|(_, code, ..)| Suite(*code))
}

const TABLE: &[(Version, u16, KeyExchange, Hash, Protection)] = {
    use AeadAlgorithm::{Aes128Gcm, Aes256Gcm, ChaCha20Poly1305, Sm4Ccm, Sm4Gcm};
    use BlockCipher::{Aes128, Aes256, Sm4, TripleDes};
    use Hash::{Sha1, Sha256, Sha384, Sm3};
    use KeyExchange::{Rsa, TlcpEcc, TlcpEcdhe, Tls13};
    use Protection::{Cbc, ExplicitNonce, XoredNonce};
    const ECDHE_ECDSA: KeyExchange = KeyExchange::Ecdhe(Signer::Ecdsa);
    const ECDHE_RSA: KeyExchange = KeyExchange::Ecdhe(Signer::Rsa);
    &[
        (Version::TLCP, 0xe053, TlcpEcc, Sm3, ExplicitNonce(Sm4Gcm)),
        (Version::TLCP, 0xe051, TlcpEcdhe, Sm3, ExplicitNonce(Sm4Gcm)),
        (Version::TLCP, 0xe013, TlcpEcc, Sm3, Cbc { cipher: Sm4, mac: Sm3 }),
        (Version::TLCP, 0xe011, TlcpEcdhe, Sm3, Cbc { cipher: Sm4, mac: Sm3 }),
        (Version::TLS_1_3, 0x1302, Tls13, Sha384, XoredNonce(Aes256Gcm)),
        (Version::TLS_1_3, 0x1303, Tls13, Sha256, XoredNonce(ChaCha20Poly1305)),
        (Version::TLS_1_3, 0x1301, Tls13, Sha256, XoredNonce(Aes128Gcm)),
        (Version::TLS_1_3, 0x00c6, Tls13, Sm3, XoredNonce(Sm4Gcm)),
        (Version::TLS_1_3, 0x00c7, Tls13, Sm3, XoredNonce(Sm4Ccm)),
        (Version::TLS_1_2, 0xc02c, ECDHE_ECDSA, Sha384, ExplicitNonce(Aes256Gcm)),
        (Version::TLS_1_2, 0xc030, ECDHE_RSA, Sha384, ExplicitNonce(Aes256Gcm)),
        (Version::TLS_1_2, 0xcca9, ECDHE_ECDSA, Sha256, XoredNonce(ChaCha20Poly1305)),
        (Version::TLS_1_2, 0xcca8, ECDHE_RSA, Sha256, XoredNonce(ChaCha20Poly1305)),
        (Version::TLS_1_2, 0xc02b, ECDHE_ECDSA, Sha256, ExplicitNonce(Aes128Gcm)),
        (Version::TLS_1_2, 0xc02f, ECDHE_RSA, Sha256, ExplicitNonce(Aes128Gcm)),
        (Version::TLS_1_2, 0xc024, ECDHE_ECDSA, Sha384, Cbc { cipher: Aes256, mac: Sha384 }),
        (Version::TLS_1_2, 0xc028, ECDHE_RSA, Sha384, Cbc { cipher: Aes256, mac: Sha384 }),
        (Version::TLS_1_2, 0xc023, ECDHE_ECDSA, Sha256, Cbc { cipher: Aes128, mac: Sha256 }),
        (Version::TLS_1_2, 0xc027, ECDHE_RSA, Sha256, Cbc { cipher: Aes128, mac: Sha256 }),
        (Version::TLS_1_2, 0xc00a, ECDHE_ECDSA, Sha256, Cbc { cipher: Aes256, mac: Sha1 }),
        (Version::TLS_1_2, 0xc014, ECDHE_RSA, Sha256, Cbc { cipher: Aes256, mac: Sha1 }),
        (Version::TLS_1_2, 0xc009, ECDHE_ECDSA, Sha256, Cbc { cipher: Aes128, mac: Sha1 }),
        (Version::TLS_1_2, 0xc013, ECDHE_RSA, Sha256, Cbc { cipher: Aes128, mac: Sha1 }),
        (Version::TLS_1_2, 0x009d, Rsa, Sha384, ExplicitNonce(Aes256Gcm)),
        (Version::TLS_1_2, 0x009c, Rsa, Sha256, ExplicitNonce(Aes128Gcm)),
        (Version::TLS_1_2, 0x003d, Rsa, Sha256, Cbc { cipher: Aes256, mac: Sha256 }),
        (Version::TLS_1_2, 0x003c, Rsa, Sha256, Cbc { cipher: Aes128, mac: Sha256 }),
        (Version::TLS_1_2, 0x0035, Rsa, Sha256, Cbc { cipher: Aes256, mac: Sha1 }),
        (Version::TLS_1_2, 0x002f, Rsa, Sha256, Cbc { cipher: Aes128, mac: Sha1 }),
        (Version::TLS_1_2, 0xc008, ECDHE_ECDSA, Sha256, Cbc { cipher: TripleDes, mac: Sha1 }),
        (Version::TLS_1_2, 0xc012, ECDHE_RSA, Sha256, Cbc { cipher: TripleDes, mac: Sha1 }),
        (Version::TLS_1_2, 0x000a, Rsa, Sha256, Cbc { cipher: TripleDes, mac: Sha1 }),
    ]
};

impl Protection {
    /// Bytes of the MAC key, the cipher key and the secret part of the nonce in a key block, for one side (RFC 5246
    /// 6.3). In CBC the standard of TLCP cuts vectors too, which nobody uses.
    pub(crate) fn lengths(self) -> (usize, usize, usize) {
        match self {
            Protection::Cbc { cipher, mac } => (mac.length(), cipher.key_length(), 0),
            Protection::ExplicitNonce(algorithm) => (0, algorithm.key_length(), 4),
            Protection::XoredNonce(algorithm) => (0, algorithm.key_length(), 12),
        }
    }
}
