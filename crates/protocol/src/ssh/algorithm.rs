//! Names that can be completed here, in the order in which they are offered; behind them such as are only recognised, so that a
//! server that has nothing else still shows its lists and keys.

use dengmi_crypto::agreement::AgreementGroup;
use dengmi_crypto::block::BlockCipher;
use dengmi_crypto::modp::ModpGroup;
use dengmi_crypto::{Hash, SignatureScheme, aead::AeadAlgorithm};
use dengmi_parse::ssh::Chosen;

/// How a key exchange agrees on its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    Curve(AgreementGroup),
    Field(ModpGroup),
    /// Over a field that the server chooses (RFC 4419).
    ServersField,
}

/// Key exchanges (RFC 4253 8, RFC 4419, RFC 5656, RFC 8268, RFC 8731).
const EXCHANGES: [(&str, Agreement, Hash); 12] = [
    ("curve25519-sha256", Agreement::Curve(AgreementGroup::X25519), Hash::Sha256),
    ("curve25519-sha256@libssh.org", Agreement::Curve(AgreementGroup::X25519), Hash::Sha256),
    ("ecdh-sha2-nistp256", Agreement::Curve(AgreementGroup::P256), Hash::Sha256),
    ("ecdh-sha2-nistp384", Agreement::Curve(AgreementGroup::P384), Hash::Sha384),
    ("ecdh-sha2-nistp521", Agreement::Curve(AgreementGroup::P521), Hash::Sha512),
    ("diffie-hellman-group14-sha256", Agreement::Field(ModpGroup::Bits2048), Hash::Sha256),
    ("diffie-hellman-group16-sha512", Agreement::Field(ModpGroup::Bits4096), Hash::Sha512),
    ("diffie-hellman-group18-sha512", Agreement::Field(ModpGroup::Bits8192), Hash::Sha512),
    ("diffie-hellman-group14-sha1", Agreement::Field(ModpGroup::Bits2048), Hash::Sha1),
    ("diffie-hellman-group1-sha1", Agreement::Field(ModpGroup::Bits1024), Hash::Sha1),
    ("diffie-hellman-group-exchange-sha256", Agreement::ServersField, Hash::Sha256),
    ("diffie-hellman-group-exchange-sha1", Agreement::ServersField, Hash::Sha1),
];

/// Names of key exchanges, those over a server's own field last.
pub(super) fn exchanges() -> impl Iterator<Item = &'static str> {
    EXCHANGES.iter().map(|(name, _, _)| *name)
}

/// What a key exchange of this name computes.
pub(super) fn exchange(name: &str) -> Option<(Agreement, Hash)> {
    EXCHANGES.iter().find(|(known, _, _)| *known == name).map(|(_, agreement, hash)| (*agreement, *hash))
}

/// Host key algorithms that a first conversation offers. Not every signature can be checked: DSA, Ed448 and SM2 keys are read
/// and reported as not proved.
pub(super) const HOST_KEYS: [&str; 19] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-dss",
    "ssh-dss-cert-v01@openssh.com",
    "ssh-ed448",
    "ssh-sm2",
    "sm2",
];

/// The format of the key that an algorithm uses: the three of RSA share one.
pub(super) fn key_format(algorithm: &str) -> &str {
    match algorithm {
        "rsa-sha2-512" | "rsa-sha2-256" => "ssh-rsa",
        "rsa-sha2-512-cert-v01@openssh.com" | "rsa-sha2-256-cert-v01@openssh.com" => "ssh-rsa-cert-v01@openssh.com",
        other => other,
    }
}

/// How a signature of this algorithm is checked.
pub(super) fn signature(algorithm: &str) -> Option<SignatureScheme<'static>> {
    Some(match algorithm {
        "ssh-ed25519" => SignatureScheme::Ed25519,
        "ecdsa-sha2-nistp256" => SignatureScheme::Ecdsa(Hash::Sha256),
        "ecdsa-sha2-nistp384" => SignatureScheme::Ecdsa(Hash::Sha384),
        "ecdsa-sha2-nistp521" => SignatureScheme::Ecdsa(Hash::Sha512),
        "rsa-sha2-512" => SignatureScheme::RsaPkcs1(Hash::Sha512),
        "rsa-sha2-256" => SignatureScheme::RsaPkcs1(Hash::Sha256),
        "ssh-rsa" => SignatureScheme::RsaPkcs1(Hash::Sha1),
        _ => return None,
    })
}

/// How a cipher is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Counter(BlockCipher),
    Cbc(BlockCipher),
    Gcm(AeadAlgorithm),
}

const CIPHERS: [(&str, Cipher); 10] = [
    ("aes256-gcm@openssh.com", Cipher::Gcm(AeadAlgorithm::Aes256Gcm)),
    ("aes128-gcm@openssh.com", Cipher::Gcm(AeadAlgorithm::Aes128Gcm)),
    ("aes256-ctr", Cipher::Counter(BlockCipher::Aes256)),
    ("aes192-ctr", Cipher::Counter(BlockCipher::Aes192)),
    ("aes128-ctr", Cipher::Counter(BlockCipher::Aes128)),
    ("sm4-ctr", Cipher::Counter(BlockCipher::Sm4)),
    ("aes256-cbc", Cipher::Cbc(BlockCipher::Aes256)),
    ("aes192-cbc", Cipher::Cbc(BlockCipher::Aes192)),
    ("aes128-cbc", Cipher::Cbc(BlockCipher::Aes128)),
    ("3des-cbc", Cipher::Cbc(BlockCipher::TripleDes)),
];

/// Recognised, not run.
const OTHER_CIPHERS: [&str; 8] = [
    "chacha20-poly1305@openssh.com",
    "sm4-gcm",
    "sm4-cbc",
    "arcfour256",
    "arcfour128",
    "arcfour",
    "blowfish-cbc",
    "cast128-cbc",
];

/// All names of ciphers that are offered.
pub(super) fn ciphers() -> impl Iterator<Item = &'static str> {
    CIPHERS.iter().map(|(name, _)| *name).chain(OTHER_CIPHERS)
}

/// The cipher of this name.
pub(super) fn cipher(name: &str) -> Option<Cipher> {
    CIPHERS.iter().find(|(known, _)| *known == name).map(|(_, cipher)| *cipher)
}

/// A message authentication code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mac {
    pub(super) hash: Hash,
    /// Bytes that are sent.
    pub(super) length: usize,
    /// Over the ciphertext, with the length of the packet in clear.
    pub(super) after_encryption: bool,
}

/// Name, hash, bytes sent.
const MACS: [(&str, Hash, usize); 7] = [
    ("hmac-sha2-256", Hash::Sha256, 32),
    ("hmac-sha2-512", Hash::Sha512, 64),
    ("hmac-sm3", Hash::Sm3, 32),
    ("hmac-sha1", Hash::Sha1, 20),
    ("hmac-sha1-96", Hash::Sha1, 12),
    ("hmac-md5", Hash::Md5, 16),
    ("hmac-md5-96", Hash::Md5, 12),
];

/// Recognised, not computed.
const OTHER_MACS: [&str; 4] =
    ["umac-128-etm@openssh.com", "umac-64-etm@openssh.com", "umac-128@openssh.com", "umac-64@openssh.com"];

/// What a name ends with that means "over the ciphertext".
const AFTER_ENCRYPTION: &str = "-etm@openssh.com";

/// All names of codes that are offered.
pub(super) fn macs() -> impl Iterator<Item = String> {
    // Nobody was seen to do so with SM3.
    let international = MACS.iter().filter(|(_, hash, _)| *hash != Hash::Sm3);
    let after = international.map(|(name, _, _)| format!("{name}{AFTER_ENCRYPTION}"));
    after.chain(MACS.iter().map(|(name, _, _)| (*name).to_owned())).chain(OTHER_MACS.map(String::from))
}

/// The code of this name.
pub(super) fn mac(name: &str) -> Option<Mac> {
    let plain = name.strip_suffix(AFTER_ENCRYPTION);
    let wanted = plain.unwrap_or(name);
    MACS.iter().find(|(known, _, _)| *known == wanted).map(|(_, hash, length)| Mac {
        hash: *hash,
        length: *length,
        after_encryption: plain.is_some(),
    })
}

/// The first of the chosen ciphers and codes that is not run here.
pub(super) fn not_run(chosen: &Chosen) -> Option<&str> {
    [(&chosen.cipher.client, &chosen.mac.client), (&chosen.cipher.server, &chosen.mac.server)].into_iter().find_map(
        |(name, code)| match (cipher(name.as_deref()?), code.as_deref()) {
            (None, _) => name.as_deref(),
            (Some(Cipher::Gcm(_)), _) => None,
            (Some(_), code) => code.filter(|code| mac(code).is_none()),
        },
    )
}
