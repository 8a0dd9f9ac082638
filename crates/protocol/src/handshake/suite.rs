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
    let (suite, key_exchange, hash, protection) = *rows(version).iter().find(|(code, ..)| *code == suite)?;
    Some(SuiteParameters { suite, key_exchange, hash, protection })
}

/// Every suite that can be completed in `version`, stronger ones first.
pub fn suites(version: Version) -> impl Iterator<Item = Suite> {
    rows(version).iter().map(|(suite, ..)| *suite)
}

/// One row: suite, key exchange, hash of PRF or HKDF, protection.
type Row = (Suite, KeyExchange, Hash, Protection);

/// The suites of `version`, stronger ones first.
fn rows(version: Version) -> &'static [Row] {
    match version {
        Version::TLCP => TLCP,
        Version::TLS_1_3 => TLS_1_3,
        Version::TLS_1_2 => TLS_1_2,
        _ => &[],
    }
}

const TLCP: &[Row] = {
    use KeyExchange::{TlcpEcc, TlcpEcdhe};
    use Protection::{Cbc, ExplicitNonce};
    use {AeadAlgorithm::Sm4Gcm, BlockCipher::Sm4, Hash::Sm3};
    &[
        (Suite::ECC_SM4_GCM_SM3, TlcpEcc, Sm3, ExplicitNonce(Sm4Gcm)),
        (Suite::ECDHE_SM4_GCM_SM3, TlcpEcdhe, Sm3, ExplicitNonce(Sm4Gcm)),
        (Suite::ECC_SM4_CBC_SM3, TlcpEcc, Sm3, Cbc { cipher: Sm4, mac: Sm3 }),
        (Suite::ECDHE_SM4_CBC_SM3, TlcpEcdhe, Sm3, Cbc { cipher: Sm4, mac: Sm3 }),
    ]
};

const TLS_1_3: &[Row] = {
    use AeadAlgorithm::{Aes128Gcm, Aes256Gcm, ChaCha20Poly1305, Sm4Ccm, Sm4Gcm};
    use Hash::{Sha256, Sha384, Sm3};
    use KeyExchange::Tls13;
    use Protection::XoredNonce;
    &[
        (Suite::TLS_AES_256_GCM_SHA384, Tls13, Sha384, XoredNonce(Aes256Gcm)),
        (Suite::TLS_CHACHA20_POLY1305_SHA256, Tls13, Sha256, XoredNonce(ChaCha20Poly1305)),
        (Suite::TLS_AES_128_GCM_SHA256, Tls13, Sha256, XoredNonce(Aes128Gcm)),
        (Suite::TLS_SM4_GCM_SM3, Tls13, Sm3, XoredNonce(Sm4Gcm)),
        (Suite::TLS_SM4_CCM_SM3, Tls13, Sm3, XoredNonce(Sm4Ccm)),
    ]
};

const TLS_1_2: &[Row] = {
    use AeadAlgorithm::{Aes128Gcm, Aes256Gcm, ChaCha20Poly1305};
    use BlockCipher::{Aes128, Aes256, TripleDes};
    use Hash::{Sha1, Sha256, Sha384};
    use KeyExchange::Rsa;
    use Protection::{Cbc, ExplicitNonce, XoredNonce};
    const ECDHE_ECDSA: KeyExchange = KeyExchange::Ecdhe(Signer::Ecdsa);
    const ECDHE_RSA: KeyExchange = KeyExchange::Ecdhe(Signer::Rsa);
    &[
        (Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, ECDHE_ECDSA, Sha384, ExplicitNonce(Aes256Gcm)),
        (Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, ECDHE_RSA, Sha384, ExplicitNonce(Aes256Gcm)),
        (Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, ECDHE_ECDSA, Sha256, XoredNonce(ChaCha20Poly1305)),
        (Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, ECDHE_RSA, Sha256, XoredNonce(ChaCha20Poly1305)),
        (Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ECDHE_ECDSA, Sha256, ExplicitNonce(Aes128Gcm)),
        (Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, ECDHE_RSA, Sha256, ExplicitNonce(Aes128Gcm)),
        (Suite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, ECDHE_ECDSA, Sha384, Cbc { cipher: Aes256, mac: Sha384 }),
        (Suite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, ECDHE_RSA, Sha384, Cbc { cipher: Aes256, mac: Sha384 }),
        (Suite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, ECDHE_ECDSA, Sha256, Cbc { cipher: Aes128, mac: Sha256 }),
        (Suite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, ECDHE_RSA, Sha256, Cbc { cipher: Aes128, mac: Sha256 }),
        (Suite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, ECDHE_ECDSA, Sha256, Cbc { cipher: Aes256, mac: Sha1 }),
        (Suite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, ECDHE_RSA, Sha256, Cbc { cipher: Aes256, mac: Sha1 }),
        (Suite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, ECDHE_ECDSA, Sha256, Cbc { cipher: Aes128, mac: Sha1 }),
        (Suite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, ECDHE_RSA, Sha256, Cbc { cipher: Aes128, mac: Sha1 }),
        (Suite::TLS_RSA_WITH_AES_256_GCM_SHA384, Rsa, Sha384, ExplicitNonce(Aes256Gcm)),
        (Suite::TLS_RSA_WITH_AES_128_GCM_SHA256, Rsa, Sha256, ExplicitNonce(Aes128Gcm)),
        (Suite::TLS_RSA_WITH_AES_256_CBC_SHA256, Rsa, Sha256, Cbc { cipher: Aes256, mac: Sha256 }),
        (Suite::TLS_RSA_WITH_AES_128_CBC_SHA256, Rsa, Sha256, Cbc { cipher: Aes128, mac: Sha256 }),
        (Suite::TLS_RSA_WITH_AES_256_CBC_SHA, Rsa, Sha256, Cbc { cipher: Aes256, mac: Sha1 }),
        (Suite::TLS_RSA_WITH_AES_128_CBC_SHA, Rsa, Sha256, Cbc { cipher: Aes128, mac: Sha1 }),
        (Suite::TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA, ECDHE_ECDSA, Sha256, Cbc { cipher: TripleDes, mac: Sha1 }),
        (Suite::TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, ECDHE_RSA, Sha256, Cbc { cipher: TripleDes, mac: Sha1 }),
        (Suite::TLS_RSA_WITH_3DES_EDE_CBC_SHA, Rsa, Sha256, Cbc { cipher: TripleDes, mac: Sha1 }),
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
