//! Components by function. One session gives three different A: identity is certificate and signature, integrity is MAC or
//! AEAD, confidentiality is the cipher. Nothing here looks at a whole suite.

use super::rules::{Rules, Verdict};
use super::scene::Scene;
use super::word::Word;
use crate::law::{Compliant, Function};
use dengmi_core::registry::{self, IkeClass};
use dengmi_core::{Exact, StatedValue, Version};
use num_traits::{One, Zero};

/// One part that serves the function, and what the law says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// As it was named: `RSA-2048`, `TLS 1.0`, `HMAC-SHA-1`.
    pub name: Box<str>,
    /// A protocol has no strength of its own.
    pub is_protocol: bool,
    /// The law's row; `None`: the table does not know it.
    pub verdict: Option<Verdict>,
}

/// All parts that serve one function on one scene.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Components {
    /// The parts.
    pub parts: Vec<Component>,
    /// Something that ought to be known is not: no suites, or a certificate whose key was not seen.
    pub incomplete: Vec<Word>,
    /// The function is not served at all by something that is accepted: a suite without encryption, an anonymous one.
    pub unserved: Vec<Box<str>>,
    /// Suites and names that no table knows: they may serve the function or not.
    pub unknown: Vec<Box<str>>,
    /// Only IKE was seen, which agrees on keys: what protects the records (ESP, RFC 4303) is agreed inside it, out of sight. Or
    /// only the name of what protects them was.
    pub records_unseen: bool,
}

/// The families of protocols, by how their security is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ProtocolKind {
    Plain,
    Unknown,
    /// TLS and TLCP: the suites tell.
    Suites,
    /// SSH, IPsec: the list of algorithms tells.
    Algorithms,
}

pub(super) fn protocol_kind(name: &str) -> ProtocolKind {
    let lower = name.to_ascii_lowercase();
    if lower == "unknown" {
        ProtocolKind::Unknown
    } else if ["ssh", "cssh", "ipsec", "ike", "wapi"].iter().any(|start| lower.starts_with(start)) || is_named(&lower) {
        ProtocolKind::Algorithms
    } else if ["tls", "ssl", "tlcp", "dtls"].iter().any(|start| lower.starts_with(start)) {
        ProtocolKind::Suites
    } else {
        ProtocolKind::Plain
    }
}

/// Whether a capture tells this protocol by its name alone.
fn is_named(lower: &str) -> bool {
    ["wireguard", "openvpn", "esp in udp", "mtproto", "whatsapp"].contains(&lower)
}

/// The law's id of a protocol.
fn protocol_id(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    // DTLS is the TLS that it carries (RFC 6347 1); the law's rows name that.
    if let Some(entry) = registry::version_named(name).filter(|_| lower.starts_with("dtls")) {
        let carried = Version(entry.code).over_streams();
        return registry::version(carried).map_or(lower, |entry| entry.name.to_ascii_lowercase().replace(' ', "-"));
    }
    if lower.starts_with("tlcp") {
        "tlcp".into()
    } else if lower.contains("gm/t 0022") || lower.contains("gb/t 36968") {
        "ipsec-gm".into()
    } else if lower.starts_with("cssh") {
        "cssh".into()
    } else {
        let id = lower.replace([' ', 'v'], "-").replace("--", "-");
        // Protocol 1 of SSH called itself 1.3 and 1.5; 1.99 says that protocol 2 is there beside it (RFC 4253 5.1).
        if id.starts_with("ssh-1.") && id != "ssh-1.99" {
            return "ssh-1".into();
        }
        // The law's rows of these carry the major number alone.
        let major = ["ssl-", "ssh-"].iter().any(|family| id.starts_with(family));
        id.strip_suffix(".0").filter(|_| major).unwrap_or(&id).into()
    }
}

impl Components {
    /// The parts of one function.
    pub(super) fn of(scene: &Scene, function: Function, rules: &Rules) -> Components {
        let list = |word| list_of(scene, word);
        let (protocols, suites) = (list(Word::Protocol), list(Word::Suites));
        let mut all = Components::default();
        let functions = match function {
            Function::Channel => &[Function::Identity, Function::Integrity, Function::Confidentiality][..],
            _ => std::slice::from_ref(&function),
        };
        for protocol in &protocols {
            all.protocol(protocol, &suites, rules);
        }
        let speaks = |kind| protocols.iter().any(|protocol| protocol_kind(protocol) == kind);
        if speaks(ProtocolKind::Suites) {
            if suites.is_empty() && list(Word::Algorithm).is_empty() {
                all.incomplete.push(Word::Suites);
            }
            for suite in &suites {
                for function in functions {
                    all.suite(suite, *function, &list(Word::CertificateKey), rules);
                }
            }
        }
        let serves_identity = functions.contains(&Function::Identity);
        if serves_identity && speaks(ProtocolKind::Suites) && scene.is_said_unknown(Word::CertificateKey) {
            all.incomplete.push(Word::CertificateKey);
        }
        if serves_identity {
            for key in list(Word::CertificateKey) {
                all.algorithm(key, rules);
            }
            for hash in list(Word::CertificateHash) {
                all.algorithm(hash, rules);
            }
        }
        for algorithm in list(Word::Algorithm) {
            all.algorithm(algorithm, rules);
        }
        if speaks(ProtocolKind::Algorithms) {
            all.negotiated(scene, functions, rules);
        }
        if speaks(ProtocolKind::Suites) && functions.contains(&Function::Confidentiality) {
            // The suite names the kind of key exchange; how large the field of DHE is, only an answer tells.
            for size in list(Word::KeyExchange).iter().filter(|name| registry_family(name) == Some("finite-field-dh")) {
                all.algorithm(size, rules);
            }
            if scene.is_said_unknown(Word::KeyExchange) {
                all.misses(Word::KeyExchange);
            }
        }
        all
    }

    /// What SSH and IKE accept, part by part; else what somebody states as a whole.
    fn negotiated(&mut self, scene: &Scene, functions: &[Function], rules: &Rules) {
        let list = |word| list_of(scene, word);
        let stated = !list(Word::Algorithm).is_empty();
        let parts = |function: &Function| match function {
            Function::Identity => &[Word::ProofOfIdentity][..],
            Function::Integrity => &[Word::MessageAuthentication],
            Function::Confidentiality => &[Word::Cipher, Word::KeyExchange],
            Function::NonRepudiation | Function::Channel => &[],
        };
        let told = [Word::ProofOfIdentity, Word::MessageAuthentication, Word::Cipher, Word::KeyExchange]
            .iter()
            .any(|word| !list(*word).is_empty());
        if !stated && !told {
            self.misses(Word::Algorithm);
        }
        for word in functions.iter().flat_map(parts) {
            let names = list(*word);
            if (told && !stated && names.is_empty()) || scene.is_said_unknown(*word) {
                self.misses(*word);
            }
            for name in names {
                self.name(*word, name, scene, rules);
            }
        }
        if functions.contains(&Function::Identity) {
            for key in list(Word::HostKey) {
                self.algorithm(key, rules);
            }
            if scene.is_said_unknown(Word::HostKey) {
                self.misses(Word::HostKey);
            }
        }
        let of_records = |function: &Function| [Function::Integrity, Function::Confidentiality].contains(function);
        let agrees = |name: &&str| name.to_ascii_lowercase().starts_with("ike");
        let hides = |name: &&str| is_named(&name.to_ascii_lowercase());
        let protocols = list(Word::Protocol);
        let unseen = protocols.iter().any(hides) || protocols.iter().any(agrees) && functions.iter().any(of_records);
        if !stated && unseen {
            self.records_unseen = true;
            self.misses(Word::Algorithm);
        }
    }

    /// A name of SSH or IKE: the algorithms that it stands for. The hash inside the name of a key exchange is no part: no rule
    /// rates it, and the name is shown.
    fn name(&mut self, word: Word, name: &str, scene: &Scene, rules: &Rules) {
        // RFC 4253 6.3 and 6.4; `null` is the host key algorithm of a server that has none (RFC 4462 5).
        if (word != Word::ProofOfIdentity && name == "none") || (word == Word::ProofOfIdentity && name == "null") {
            return self.unserved.push(name.into());
        }
        let Some(named) = named(word, name) else {
            // A key exchange that nobody knows leaves open how strong the channel is, not whether it encrypts.
            if word != Word::KeyExchange && rules.verdict(name).is_none() && registry::algorithm(name).is_none() {
                self.unknown.push(name.into());
            }
            return self.algorithm(name, rules);
        };
        if named.algorithms.is_empty() && !named.ike {
            // A code that the registry knows by its name only: `umac-64-etm@openssh.com`.
            let stem = name.split('@').next().unwrap_or(name);
            return self.algorithm(stem.strip_suffix("-etm").unwrap_or(stem), rules);
        }
        let entries = || named.algorithms.iter().filter_map(|id| registry::algorithm(id));
        for entry in entries() {
            if word == Word::KeyExchange && entry.kind == "hash" {
                continue;
            }
            let is_family =
                rules.verdict(entry.id).is_none() && SIZED.contains(&entry.family) && entry.key_bits.is_none();
            if !is_family {
                self.algorithm(entry.id, rules);
            } else if !entries().any(|other| other.family == entry.family && other.key_bits.is_some()) {
                // The size is told elsewhere, and is a part of its own there.
                let place = match word {
                    Word::ProofOfIdentity if named.ike => Word::CertificateKey,
                    Word::ProofOfIdentity => Word::HostKey,
                    word => word,
                };
                let told = [place, Word::CertificateKey, Word::Algorithm]
                    .into_iter()
                    .flat_map(|word| list_of(scene, word))
                    .any(|size| size != name && registry_family(size) == Some(entry.family));
                if !told {
                    self.misses(place);
                }
            }
        }
    }

    fn misses(&mut self, word: Word) {
        if !self.incomplete.contains(&word) {
            self.incomplete.push(word);
        }
    }

    fn protocol(&mut self, name: &str, suites: &[&str], rules: &Rules) {
        match protocol_kind(name) {
            ProtocolKind::Plain => self.unserved.push(name.into()),
            ProtocolKind::Unknown => self.incomplete.push(Word::Protocol),
            ProtocolKind::Algorithms if protocol_id(name) == "ipsec-gm" => {}
            ProtocolKind::Suites | ProtocolKind::Algorithms => {
                // RFC 8998: the protocol is judged by its own row as soon as every suite that is accepted is an SM one.
                let sm_only =
                    |suite: &&str| registry::suite_named(suite).is_some_and(|entry| entry.encryption == Some("sm4"));
                let tls13_suites: Vec<_> = suites.iter().filter(|suite| is_tls13(suite)).collect();
                let id =
                    if name == "TLS 1.3" && !tls13_suites.is_empty() && tls13_suites.iter().all(|suite| sm_only(suite))
                    {
                        "tls-1.3-sm".into()
                    } else {
                        protocol_id(name)
                    };
                self.parts.push(Component { name: name.into(), is_protocol: true, verdict: rules.verdict(&id) });
            }
        }
    }

    fn suite(&mut self, name: &str, function: Function, certificate_keys: &[&str], rules: &Rules) {
        let Some(entry) = registry::suite_named(name) else {
            self.unknown.push(name.into());
            self.parts.push(Component { name: name.into(), is_protocol: false, verdict: None });
            return;
        };
        match function {
            Function::Confidentiality => match entry.encryption {
                Some(id) => self.algorithm(id, rules),
                None => self.unserved.push(name.into()),
            },
            Function::Integrity => match entry.integrity() {
                Some(id) => self.algorithm(id, rules),
                None => self.unserved.push(name.into()),
            },
            Function::Identity => match entry.authentication {
                registry::Authentication::Anonymous => self.unserved.push(name.into()),
                authentication => {
                    // The size of an RSA or elliptic-curve key stands in the certificate, which is a component of its own.
                    let sized = authentication.algorithm().filter(|id| ["sm2", "sm9"].contains(id));
                    if let Some(id) = sized {
                        self.algorithm(id, rules);
                    } else if certificate_keys.is_empty() {
                        self.incomplete.push(Word::CertificateKey);
                    }
                }
            },
            Function::NonRepudiation | Function::Channel => {}
        }
    }

    fn algorithm(&mut self, name: &str, rules: &Rules) {
        if self.parts.iter().all(|part| &*part.name != name) {
            // Of some families the law has one row for all sizes.
            let family = registry::algorithm(name).and_then(|entry| registry::algorithm(entry.family));
            let family = family.filter(|family| family.key_bits.is_none()).map(|family| family.id);
            let verdict = rules.verdict(name).or_else(|| rules.verdict(family?));
            self.parts.push(Component { name: name.into(), is_protocol: false, verdict });
        }
    }

    /// The lowest Ra among the parts that do not comply: lowest and highest value it can have.
    pub fn ra(&self, rules: &Rules) -> (Exact, Exact) {
        let least = rules.scoring.ra.iter().map(|band| band.value.exact()).min().unwrap_or_else(Exact::one);
        let (mut low, mut high) = (Exact::one(), Exact::one());
        for part in &self.parts {
            match &part.verdict {
                Some(verdict) if verdict.compliant == Compliant::Yes => {}
                // The rules give no strength for a protocol; of a flawed one the least is possible.
                Some(verdict) if part.is_protocol => {
                    if verdict.risk.as_ref().is_some_and(|(_, named)| *named) {
                        low = low.min(least);
                    }
                }
                Some(Verdict { ra: Some(ra), .. }) => {
                    low = low.min(*ra);
                    high = high.min(*ra);
                }
                Some(Verdict { ra: None, .. }) | None => low = low.min(least),
            }
        }
        if !self.incomplete.is_empty() || self.parts.is_empty() {
            low = low.min(least);
        }
        debug_assert!(low > Exact::zero());
        (low, high)
    }
}

fn is_tls13(suite: &str) -> bool {
    registry::suite_named(suite).is_some_and(|entry| entry.family == registry::Family::Tls13)
}

/// Families of which the size decides.
const SIZED: [&str; 4] = ["rsa", "dsa", "elliptic-curve", "finite-field-dh"];

fn list_of(scene: &Scene, word: Word) -> Vec<&str> {
    match scene.get(word).and_then(|known| known.value.as_ref()) {
        Some(StatedValue::Words(list)) => list.iter().map(|name| &**name).collect(),
        Some(StatedValue::Word(name)) => vec![name],
        _ => Vec::new(),
    }
}

/// The family of an algorithm of some size, also of one that has no row of its own: `DH-1023`, `RSA-3000`.
fn registry_family(name: &str) -> Option<&'static str> {
    let family = |name| registry::algorithm(name).map(|entry| entry.family);
    family(name).or_else(|| {
        name.rsplit_once('-').filter(|(_, bits)| bits.parse::<u32>().is_ok()).and_then(|(stem, _)| family(stem))
    })
}

/// What the registry has under a name.
struct Named {
    algorithms: &'static [&'static str],
    ike: bool,
}

/// A name of SSH, or of a way in which IKE authenticates; everything else of IKE stands by its algorithms' own names.
fn named(word: Word, name: &str) -> Option<Named> {
    let kinds: &[&'static str] = match word {
        Word::KeyExchange => &["kex"],
        Word::ProofOfIdentity => &["host key"],
        Word::Cipher => &["cipher"],
        // A cipher that authenticates by itself serves integrity.
        Word::MessageAuthentication => &["mac", "cipher"],
        _ => return None,
    };
    if let Some(entry) = kinds.iter().find_map(|kind| registry::ssh_name(kind, name)) {
        return Some(Named { algorithms: entry.algorithms, ike: false });
    }
    let ways = [IkeClass::Authentication1, IkeClass::AuthenticationGmt0022];
    let mut ways = ways.into_iter().filter(|_| word == Word::ProofOfIdentity).flat_map(registry::ike_class);
    ways.find(|entry| entry.name == name).map(|entry| Named { algorithms: entry.algorithms, ike: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_find_their_rows() {
        for (name, id) in [
            ("TLS 1.2", "tls-1.2"),
            ("DTLS 1.2", "tls-1.2"),
            ("DTLS 1.0", "tls-1.1"),
            ("SSL 3.0", "ssl-3"),
            ("TLCP 1.1", "tlcp"),
            ("IKEv1 (GM/T 0022)", "ipsec-gm"),
            ("SSH 1.5", "ssh-1"),
            ("SSH 1.99", "ssh-1.99"),
        ] {
            assert_eq!(protocol_id(name), id, "{name}");
        }
    }
}
