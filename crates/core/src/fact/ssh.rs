//! What an SSH server says of itself and was seen to do.

use super::{Asked, Field};
use crate::Sha256Digest;
use crate::registry::{self, SshEntry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one SSH server accepts, and how far it was asked. Its lists are whole, since it sends them; keys, groups and ways to
/// authenticate come from questions, and `asked` speaks of those.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshAccepts {
    /// The identification, without the end of its line: `SSH-2.0-OpenSSH_9.2p1 Debian-2`.
    pub banner: Box<str>,
    /// `2.0`; `1.99` offers protocol 1 as well, `1.5` nothing else.
    pub version: Box<str>,
    /// `OpenSSH_9.2p1`.
    pub software: Box<str>,
    /// Whether it identifies itself as `CSSH`, the national profile (GM/T 0129-2023).
    pub national_profile: bool,
    /// What it can do. `None`: it was not learned, and `hidden` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists: Option<SshLists>,
    /// Its host keys, one of each kind.
    pub host_keys: Vec<SshHostKey>,
    /// What it gives in a group exchange; absent where it offers none.
    #[serde(default, skip_serializing_if = "Field::is_hidden")]
    pub group_exchange: Field<GroupExchange>,
    /// Ways to authenticate that are open to a user who has shown nothing yet (RFC 4252 5.1). `none` alone: no proof at all is
    /// asked for.
    #[serde(default, skip_serializing_if = "Field::is_hidden")]
    pub authentication: Field<Vec<Box<str>>>,
    /// Whether all was asked that this program knows to ask.
    pub asked: Asked,
    /// Why something is not known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hidden: BTreeMap<Box<str>, Box<str>>,
}

/// The lists of a server, in its order (RFC 4253 7.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshLists {
    /// Key exchanges, with the words among them that are none.
    pub key_exchange: Vec<Box<str>>,
    /// Host key algorithms.
    pub host_key: Vec<Box<str>>,
    /// Ciphers.
    pub cipher: SshDirections,
    /// Message authentication codes; not used with a cipher that authenticates.
    pub mac: SshDirections,
    /// Compressions.
    pub compression: SshDirections,
    /// Whether it can do the strict key exchange that keeps messages from being cut out before the keys (CVE-2023-48795).
    pub strict_kex: bool,
}

/// A list for each direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshDirections {
    /// For what the client sends.
    pub to_server: Vec<Box<str>>,
    /// For what the server sends.
    pub to_client: Vec<Box<str>>,
}

/// A host key that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshHostKey {
    /// The name of its format: `ssh-rsa` for every RSA key, or that of a certificate.
    pub kind: Box<str>,
    /// Its size; absent where the kind is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
    /// Whether it signed a key exchange of ours, and the signature was checked: the server holds it.
    pub proved: bool,
    /// By which algorithm it signed: `rsa-sha2-512`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Box<str>>,
}

/// Sizes of primes that a server gives in a group exchange (RFC 4419).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupExchange {
    /// The smallest that was given, when 1024 bits were asked for and anything from there allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_bits: Option<u32>,
    /// The largest that was given, when 8192 bits were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_bits: Option<u32>,
    /// Whether a prime below 2048 bits is given to who takes nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below_2048: Option<bool>,
}

impl SshLists {
    /// The names of national algorithms in the lists, as the registry knows them.
    pub fn national(&self) -> Vec<&'static SshEntry> {
        let of = |kind: &'static str, names: &[Box<str>]| -> Vec<&'static SshEntry> {
            names.iter().filter_map(|name| registry::ssh_name(kind, name)).filter(|entry| entry.is_national()).collect()
        };
        let mut found = of("kex", &self.key_exchange);
        found.extend(of("host key", &self.host_key));
        for (kind, lists) in [("cipher", &self.cipher), ("mac", &self.mac)] {
            found.extend(of(kind, &lists.to_server));
            found.extend(of(kind, &lists.to_client));
        }
        found.sort_by_key(|entry| (entry.kind, entry.name));
        found.dedup();
        found
    }

    /// Whether a connection to this server may lose messages unnoticed (CVE-2023-48795): it offers ChaCha20-Poly1305, or CBC
    /// with a code over the ciphertext, and no strict key exchange.
    pub fn may_be_truncated(&self) -> bool {
        let direction = |ciphers: &[Box<str>], macs: &[Box<str>]| {
            let chacha = ciphers.iter().any(|name| name.starts_with("chacha20-poly1305"));
            let cbc = ciphers.iter().any(|name| name.split('@').next().is_some_and(|name| name.ends_with("-cbc")));
            chacha || (cbc && macs.iter().any(|name| name.ends_with("-etm@openssh.com")))
        };
        !self.strict_kex
            && (direction(&self.cipher.to_server, &self.mac.to_server)
                || direction(&self.cipher.to_client, &self.mac.to_client))
    }
}

impl SshHostKey {
    /// The fingerprint in the form that `ssh-keygen -l` prints, for people who compare: `SHA256:` and base64 without padding.
    pub fn fingerprint(&self) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::from("SHA256:");
        for group in self.sha256.0.chunks(3) {
            let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            for place in 0..=group.len() {
                let digit = bits >> (18 - 6 * place) & 0x3f;
                text.push(DIGITS.get(digit as usize).copied().map_or('=', char::from));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fact;

    fn list(names: &[&str]) -> Vec<Box<str>> {
        names.iter().map(|name| Box::from(*name)).collect()
    }

    fn both(names: &[&str]) -> SshDirections {
        SshDirections { to_server: list(names), to_client: list(names) }
    }

    #[test]
    fn facts_survive_the_way_there_and_back() {
        let accepts = SshAccepts {
            banner: "SSH-2.0-a".into(),
            version: "2.0".into(),
            software: "a".into(),
            national_profile: false,
            lists: Some(SshLists { key_exchange: list(&["x"]), mac: both(&["hmac-sm3"]), ..SshLists::default() }),
            host_keys: vec![SshHostKey {
                kind: "ssh-rsa".into(),
                bits: Some(2048),
                sha256: Sha256Digest([7; 32]),
                proved: true,
                signature: None,
            }],
            group_exchange: Field::Absent,
            authentication: Field::Hidden,
            asked: Asked::Partly,
            hidden: [("authentication".into(), "no answer".into())].into(),
        };
        let fact = Fact::SshAccepts(Box::new(accepts));
        let text = serde_json::to_string(&fact).unwrap();
        assert!(text.contains("\"group_exchange\":null") && !text.contains("\"authentication\":["), "{text}");
        let raw = serde_json::value::RawValue::from_string(text.clone()).unwrap();
        assert_eq!(Fact::read(fact.kind(), &raw).unwrap(), fact);
        assert_eq!(fact.kind(), "ssh.accepts");
        let extra = serde_json::value::RawValue::from_string(text.replacen('{', "{\"more\":1,", 1)).unwrap();
        assert!(Fact::read("ssh.accepts", &extra).is_err());
    }

    #[test]
    fn national_names_are_told_and_false_friends_are_not() {
        let lists = SshLists {
            key_exchange: list(&["sm2-sm3", "sm2kep-sha2-nistp256", "curve25519-sha256"]),
            host_key: list(&["ssh-sm2", "ssh-ed25519"]),
            cipher: both(&["sm4-ctr", "aes128-ctr"]),
            mac: SshDirections { to_server: list(&["hmac-sha2-256"]), to_client: list(&["hmac-sm3"]) },
            ..SshLists::default()
        };
        let found: Vec<(&str, &str)> = lists.national().iter().map(|entry| (entry.kind, entry.name)).collect();
        assert_eq!(found, [("cipher", "sm4-ctr"), ("host key", "ssh-sm2"), ("kex", "sm2-sm3"), ("mac", "hmac-sm3")]);
    }

    #[test]
    fn truncation_needs_a_mode_that_allows_it_and_no_strict_exchange() {
        for (ciphers, macs, strict, expected) in [
            (&["chacha20-poly1305@openssh.com"][..], &["hmac-sha1"][..], false, true),
            (&["chacha20-poly1305@openssh.com"], &["hmac-sha1"], true, false),
            (&["aes128-cbc", "aes128-ctr"], &["hmac-sha1"], false, false),
            (&["aes128-cbc"], &["hmac-sha1-etm@openssh.com"], false, true),
            (&["rijndael-cbc@lysator.liu.se"], &["hmac-sha1-etm@openssh.com"], false, true),
            (&["aes128-ctr"], &["hmac-sha1-etm@openssh.com"], false, false),
            (&["aes128-gcm@openssh.com"], &[], false, false),
        ] {
            let (cipher, mac) = (both(ciphers), both(macs));
            let lists = SshLists { cipher, mac, strict_kex: strict, ..SshLists::default() };
            assert_eq!(lists.may_be_truncated(), expected, "{ciphers:?} {macs:?} {strict}");
        }
    }

    #[test]
    fn fingerprints_are_written_as_ssh_keygen_does() {
        let key = |first| SshHostKey {
            kind: "ssh-ed25519".into(),
            bits: Some(256),
            sha256: Sha256Digest(core::array::from_fn(|place| if place == 0 { first } else { 0xff })),
            proved: true,
            signature: None,
        };
        assert_eq!(key(0xff).fingerprint(), format!("SHA256:{}8", "/".repeat(42)));
        assert_eq!(key(0).fingerprint(), format!("SHA256:AP{}8", "/".repeat(40)));
    }
}
