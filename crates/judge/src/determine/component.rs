//! Components by function. One session gives three different A: identity is certificate and signature, integrity is MAC or
//! AEAD, confidentiality is the cipher. Nothing here looks at a whole suite.

use super::rules::{Rules, Verdict};
use super::scene::Scene;
use super::word::Word;
use crate::law::{Compliant, Function};
use dengmi_core::{Exact, StatedValue, registry};
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
    /// Suites that no table knows: they may serve the function or not.
    pub unknown: Vec<Box<str>>,
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
    } else if ["ssh", "ipsec", "ike", "wapi", "wireguard"].iter().any(|start| lower.starts_with(start)) {
        ProtocolKind::Algorithms
    } else if ["tls", "ssl", "tlcp", "dtls"].iter().any(|start| lower.starts_with(start)) {
        ProtocolKind::Suites
    } else {
        ProtocolKind::Plain
    }
}

/// The law's id of a protocol.
fn protocol_id(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("tlcp") {
        "tlcp".into()
    } else if lower.contains("gm/t 0022") || lower.contains("gb/t 36968") {
        "ipsec-gm".into()
    } else {
        let id = lower.replace([' ', 'v'], "-").replace("--", "-");
        // The law's rows of these carry the major number alone.
        let major = ["ssl-", "ssh-"].iter().any(|family| id.starts_with(family));
        id.strip_suffix(".0").filter(|_| major).unwrap_or(&id).into()
    }
}

impl Components {
    /// The parts of one function.
    pub(super) fn of(scene: &Scene, function: Function, rules: &Rules) -> Components {
        let list = |word| match scene.get(word).and_then(|known| known.value.as_ref()) {
            Some(StatedValue::Words(list)) => list.iter().map(|name| &**name).collect::<Vec<_>>(),
            Some(StatedValue::Word(name)) => vec![&**name],
            _ => Vec::new(),
        };
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
        if speaks(ProtocolKind::Algorithms) && list(Word::Algorithm).is_empty() {
            all.incomplete.push(Word::Algorithm);
        }
        all
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
            self.parts.push(Component { name: name.into(), is_protocol: false, verdict: rules.verdict(name) });
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
