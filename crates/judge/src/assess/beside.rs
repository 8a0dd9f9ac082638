//! What was seen at the ends of a channel and decides nothing: no rule of the law or of practice speaks of it. It is shown beside
//! the verdict, with its entry, so that a person can weigh it.

use super::evidence::Evidence;
use crate::determine::Source;
use dengmi_core::{
    Fact, Features, Field, IkeAccepts, IkeKind, ObservedId, RandomTests, Reach, Session, SshAccepts, Upgraded, WebPage,
    registry,
};
use serde::Serialize;

/// One observation that is shown and not weighed, or not in all its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// What was observed.
    pub observed: ObservedId,
    /// The kind of the observation: `tls.features`.
    pub kind: Box<str>,
    /// What it tells: names in the standards' own words, and values.
    pub told: Vec<(Box<str>, Box<str>)>,
    /// Where it stands.
    pub source: Source,
}

/// Of each end, and of the subject, its product and its keys by their names; in the order of the description and of the entries.
pub(super) fn beside(evidence: &Evidence<'_>, things: &[&str]) -> Vec<Beside> {
    let mut all = Vec::new();
    for thing in things {
        for (entry, observation) in evidence.of(thing).iter().filter(|(_, one)| one.reach == Reach::Seen) {
            let told = match &observation.fact {
                Fact::Features(features) => of_features(features),
                Fact::Upgraded(upgraded) => of_upgraded(upgraded),
                Fact::SshAccepts(accepts) => of_ssh(accepts),
                Fact::IkeAccepts(accepts) => of_ike(accepts),
                Fact::WebPage(page) => of_web(page),
                Fact::Session(_, session) if session.signature_holds == Field::Seen(false) => of_forged(session),
                Fact::RandomTests(tests) => of_random(tests),
                _ => continue,
            };
            let kind = observation.fact.kind().into();
            let source = Source { entry: Some(*entry), line: None, method: observation.method };
            all.push(Beside { observed: observation.observed.clone(), kind, told, source });
        }
    }
    all
}

/// Pairs of a name and a value that may not be known.
#[derive(Default)]
struct Told(Vec<(Box<str>, Box<str>)>);

impl Told {
    fn say(&mut self, name: &str, value: &str) {
        self.0.push((name.into(), value.into()));
    }

    fn truth(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.say(name, if value { "yes" } else { "no" });
        }
    }

    fn list(&mut self, name: &str, values: &[Box<str>]) {
        if !values.is_empty() {
            self.say(name, &values.join(", "));
        }
    }
}

fn of_features(features: &Features) -> Vec<(Box<str>, Box<str>)> {
    let mut told = Told::default();
    let version = registry::version(features.version);
    told.say("version", &version.map_or_else(|| features.version.number(), |entry| entry.name.into()));
    // Sizes of fields and asked clients are facts of their own.
    let others = features.told().into_iter().filter(|(name, _)| !["DH", "client_certificate"].contains(name));
    others.for_each(|(name, value)| told.say(name, &value));
    told.0
}

fn of_upgraded(upgraded: &Upgraded) -> Vec<(Box<str>, Box<str>)> {
    let mut told = Told::default();
    told.say("protocol", &upgraded.protocol);
    told.truth("TLS offered", Some(upgraded.offered));
    if let Some(refusal) = &upgraded.refusal {
        told.say("refusal", refusal);
    }
    told.truth("TLS required", upgraded.tls_required);
    told.truth("password in clear offered", upgraded.login_in_clear);
    told.list("mechanisms before TLS", &upgraded.mechanisms);
    told.truth("bytes behind the go-ahead", Some(upgraded.injected));
    told.0
}

/// Of sessions only what is wrong with one: the others are weighed, and there may be thousands.
fn of_forged(session: &Session) -> Vec<(Box<str>, Box<str>)> {
    let mut told = Told::default();
    let words = [("version", &session.version), ("suite", &session.cipher_suite), ("signature", &session.signature)];
    words
        .into_iter()
        .filter_map(|(name, field)| Some((name, field.seen()?)))
        .for_each(|(name, word)| told.say(name, word));
    if let Some(client) = &session.client {
        told.say("client", client);
    }
    told.truth("signature of the key exchange holds", Some(false));
    told.0
}

fn of_web(page: &WebPage) -> Vec<(Box<str>, Box<str>)> {
    let mut told = Told::default();
    told.truth("inside TLS", Some(page.encrypted));
    told.say("status", &page.status.to_string());
    if let Some(location) = &page.location {
        told.say("location", location);
    }
    if let Some(header) = &page.strict_transport {
        told.say("Strict-Transport-Security", header);
    }
    told.truth("form with a password", Some(page.login_form));
    told.truth("password in clear", page.login_form.then_some(page.login_in_clear));
    told.0
}

fn of_random(tests: &RandomTests) -> Vec<(Box<str>, Box<str>)> {
    let mut told = Told::default();
    told.say("random source", &tests.source);
    told.say("tests", &tests.text);
    told.say("samples", &format!("{} × {} bit", tests.samples, tests.bits));
    if tests.samples < tests.group {
        told.say("samples of a whole group", &tests.group.to_string());
    }
    let failing = tests.failing();
    told.say("statistics that pass", &format!("{}/{}", tests.statistics.len() - failing.len(), tests.statistics.len()));
    if !failing.is_empty() {
        told.say("statistics that fail", &failing.join(" "));
        told.say("part of perfect sources that would not pass", &tests.false_alarm);
    }
    told.0
}

fn of_ssh(accepts: &SshAccepts) -> Vec<(Box<str>, Box<str>)> {
    let mut told = Told::default();
    told.say("identification", &accepts.banner);
    if let Some(lists) = &accepts.lists {
        let mut compression = [&lists.compression.to_server[..], &lists.compression.to_client].concat();
        compression.sort_unstable();
        compression.dedup();
        told.list("compression", &compression);
        told.truth("strict key exchange", Some(lists.strict_kex));
        told.truth("may be truncated (CVE-2023-48795)", Some(lists.may_be_truncated()));
    }
    let proved = |key: &dengmi_core::SshHostKey| -> Box<str> {
        let bits = key.bits.map_or_else(String::new, |bits| format!(" {bits}"));
        format!("{}{bits} {}", key.kind, if key.proved { "yes" } else { "no" }).into()
    };
    told.list("possession of host key proved", &accepts.host_keys.iter().map(proved).collect::<Vec<_>>());
    if let Field::Seen(methods) = &accepts.authentication {
        told.list("authentication methods", methods);
    }
    told.0
}

fn of_ike(accepts: &IkeAccepts) -> Vec<(Box<str>, Box<str>)> {
    let mut told = Told::default();
    told.say("version", &format!("{}.{}", accepts.version, accepts.minor));
    if let Some(profile) = &accepts.profile {
        told.say("profile", profile);
    }
    let names = accepts.transforms.get(&IkeKind::Prf).into_iter().flatten().map(|one| one.name.clone());
    told.list("pseudorandom function", &names.collect::<Vec<_>>());
    told.truth("aggressive mode", accepts.aggressive);
    told.truth("cookie", Some(accepts.cookie));
    told.truth("NAT traversal", Some(accepts.nat_traversal));
    told.list("announced", &accepts.announced);
    let vendors = accepts.vendor_ids.iter().map(|vendor| vendor.name.clone().unwrap_or_else(|| vendor.hex.clone()));
    told.list("vendor id", &vendors.collect::<Vec<_>>());
    told.0
}
