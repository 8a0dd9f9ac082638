//! The made-up hospital of `examples/hospital`, with what a probe would find at its four ends: a portal that speaks TLCP
//! only, an old service with TLS 1.2 and RSA, a service with TLS 1.3, one in clear. No socket is opened.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test stops at what it did not expect")]

use crate::law::law;
use dengmi_core::system::{Stated, System, Vocabulary, read};
use dengmi_core::{
    Accepts, Asked, Certificate, Chain, Checked, Completion, Coverage, Date, EntryNumber, Fact, Field, KeyRole, Method,
    Observation, Order, Protocol, Reach, Session, StatedValue, Statement, Suite, UtcDateTime, Version, registry,
};
use dengmi_judge::assess::{Assessment, Determination, Evidence, assess};
use dengmi_judge::determine::Word;
use dengmi_judge::law::Law;
use std::sync::Arc;
use time::macros::date;

/// The day of judgement.
pub(crate) const TODAY: Date = date!(2026 - 11 - 22);
/// The portal: TLCP only.
pub(crate) const PORTAL: &str = "127.0.0.1:44301";
/// TLS 1.2 with RSA.
pub(crate) const LEGACY: &str = "127.0.0.1:44302";
/// TLS 1.3.
pub(crate) const MOBILE: &str = "127.0.0.1:44303";
/// In clear.
pub(crate) const LABORATORY: &str = "127.0.0.1:44304";

/// A description with its evidence, to be changed and assessed again.
#[derive(Clone)]
pub(crate) struct Hospital {
    pub(crate) system: System,
    pub(crate) observations: Vec<(EntryNumber, Observation)>,
}

/// The text of the description.
pub(crate) fn description() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/hospital/system.toml")).unwrap()
}

impl Hospital {
    /// As the example stands.
    pub(crate) fn new(law: &Law) -> Hospital {
        Hospital::described(law, &description())
    }

    /// Another description, with the same four services.
    pub(crate) fn described(law: &Law, text: &str) -> Hospital {
        let baseline = law.baseline(TODAY).unwrap();
        let indicators: Vec<_> = baseline.indicators.iter().map(|indicator| indicator.id.as_str()).collect();
        let facts: Vec<_> = Word::ALL.iter().map(|word| word.text()).collect();
        let items: Vec<_> = law.high_risk(TODAY).unwrap().item.iter().map(|item| item.id.as_str()).collect();
        let vocabulary = Vocabulary { indicators: &indicators, facts: &facts, items: &items };
        let system = read(text, &vocabulary, Some(TODAY)).unwrap();
        let mut facts: Vec<Observation> = system.statement.iter().map(stated).collect();
        facts.extend(portal());
        facts.extend(legacy());
        facts.extend(mobile());
        facts.extend(laboratory());
        let mut hospital = Hospital { system, observations: Vec::new() };
        for observation in facts {
            hospital.add(observation);
        }
        hospital
    }

    /// One observation more, as the last entry.
    pub(crate) fn add(&mut self, observation: Observation) {
        // The description is entry 1.
        let next = self.observations.iter().map(|(entry, _)| entry.0).max().unwrap_or(1) + 1;
        self.observations.push((EntryNumber(next), observation));
    }

    pub(crate) fn assess(&self, law: &Law, level: u8) -> Assessment {
        let evidence = Evidence::new(&self.system, Some(EntryNumber(1)), self.observations.iter().cloned());
        assess(law, &evidence, level, TODAY).unwrap()
    }

    /// The entries of one end.
    pub(crate) fn of<'a>(&'a self, end: &'a str) -> impl Iterator<Item = usize> + 'a {
        let ours =
            move |(_, (_, observation)): &(usize, &(EntryNumber, Observation))| observation.observed.as_str() == end;
        self.observations.iter().enumerate().filter(ours).map(|(index, _)| index)
    }
}

/// One determination.
pub(crate) fn find<'a>(assessment: &'a Assessment, indicator: &str, subject: &str) -> &'a Determination {
    let ours = |one: &&Determination| one.indicator.as_str() == indicator && one.subject.as_str() == subject;
    assessment.determinations().find(ours).unwrap_or_else(|| panic!("no determination of {indicator} on {subject}"))
}

/// An observation without a place.
pub(crate) fn observed(about: &str, reach: Reach, method: Method, fact: Fact) -> Observation {
    Observation {
        observed: about.into(),
        subject: None,
        reach,
        method,
        at: UtcDateTime::UNIX_EPOCH,
        tool: Arc::from("test"),
        place: None,
        fact,
    }
}

/// A statement.
pub(crate) fn says(about: &str, unit: &str, word: &str, value: StatedValue, method: Method) -> Observation {
    let fact = Statement {
        about: about.into(),
        unit: (!unit.is_empty()).then(|| unit.into()),
        kind: word.into(),
        value,
        by: "示例测评员".into(),
        on: TODAY,
    };
    observed(about, Reach::Seen, method, Fact::Statement(Box::new(fact)))
}

fn stated(stated: &Stated) -> Observation {
    let unit = stated.unit.as_ref().map_or("", |unit| unit.get_ref());
    says(stated.about.get_ref(), unit, stated.kind.get_ref(), stated.value.clone(), stated.method)
}

pub(crate) fn probed(end: &str, fact: Fact) -> Observation {
    observed(end, Reach::Seen, Method::ToolTest, fact)
}

/// What a version accepts.
pub(crate) fn accepts(end: &str, version: Version, suites: &[&str]) -> Observation {
    let codes: Vec<Suite> = suites
        .iter()
        .map(|name| registry::suite_named(name).unwrap_or_else(|| panic!("no suite {name}")).code)
        .map(|code| Suite(u16::try_from(code).unwrap()))
        .collect();
    let fact = Accepts {
        protocol: if version == Version::TLCP { Protocol::Tlcp } else { Protocol::Tls },
        version,
        suite_names: suites.iter().map(|name| Box::from(*name)).collect(),
        suites: codes,
        groups: vec![],
        schemes: vec![],
        asked: Asked::Registry,
        order: Order::Servers,
        ended_by: None,
    };
    let reach = if suites.is_empty() { Reach::Absent } else { Reach::Seen };
    observed(end, reach, Method::ToolTest, Fact::Accepts(Box::new(fact)))
}

/// A finished probe.
pub(crate) fn coverage(end: &str, speaks: &[&str]) -> Observation {
    let speaks = speaks.iter().map(|name| Box::from(*name)).collect();
    probed(end, Fact::Coverage(Box::new(Coverage { complete: true, speaks, connections: 60, lost: 0 })))
}

/// A certificate of a service, verified to a given root.
pub(crate) fn certificate(end: &str, key: (&str, u32), signed: &str, role: Option<KeyRole>) -> Observation {
    let certificate = Certificate {
        key_alg: key.0.into(),
        key_bits: key.1,
        sig_alg: signed.into(),
        position: if role.is_some() { None } else { Some(0) },
        role,
        sha256: format!("{end} {} {} {role:?}", key.0, key.1).into(),
        checked: Some(Checked {
            on: TODAY,
            chain: Chain::Trusted,
            in_validity: true,
            name_matches: Some(true),
            problems: vec![],
        }),
        ..Certificate::default()
    };
    probed(end, Fact::Certificate(Box::new(certificate)))
}

/// A completed handshake, as a probe tells it: the version without the protocol's name.
pub(crate) fn session(end: &str, protocol: Protocol, version: &str, suite: &str, client_auth: bool) -> Observation {
    let session = Session {
        version: Field::Seen(version.into()),
        cipher_suite: Field::Seen(suite.into()),
        client_auth: Field::Seen(client_auth),
        handshake: Completion::Complete,
        encrypted: Field::Seen(true),
        ..Session::default()
    };
    probed(end, Fact::Session(protocol, Box::new(session)))
}

/// Versions that a service rejects by an alert.
fn rejects(end: &str, versions: &[Version]) -> Vec<Observation> {
    versions.iter().map(|version| accepts(end, *version, &[])).collect()
}

fn portal() -> Vec<Observation> {
    let mut all = rejects(PORTAL, &[Version::TLS_1_0, Version::TLS_1_1, Version::TLS_1_2, Version::TLS_1_3]);
    all.push(accepts(PORTAL, Version::TLCP, &["ECC_SM4_GCM_SM3", "ECC_SM4_CBC_SM3"]));
    all.push(certificate(PORTAL, ("SM2", 256), "SM2-with-SM3", Some(KeyRole::Signing)));
    all.push(certificate(PORTAL, ("SM2", 256), "SM2-with-SM3", Some(KeyRole::Encryption)));
    all.push(session(PORTAL, Protocol::Tlcp, "1.1", "ECC_SM4_GCM_SM3", false));
    all.push(coverage(PORTAL, &["TLCP"]));
    all
}

fn legacy() -> Vec<Observation> {
    let mut all = rejects(LEGACY, &[Version::TLS_1_0, Version::TLS_1_1, Version::TLS_1_3, Version::TLCP]);
    all.push(accepts(
        LEGACY,
        Version::TLS_1_2,
        &["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"],
    ));
    all.push(certificate(LEGACY, ("RSA", 2048), "sha256WithRSAEncryption", None));
    all.push(session(LEGACY, Protocol::Tls, "1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", false));
    all.push(coverage(LEGACY, &["TLS"]));
    all
}

fn mobile() -> Vec<Observation> {
    let mut all = rejects(MOBILE, &[Version::TLS_1_0, Version::TLS_1_1, Version::TLS_1_2, Version::TLCP]);
    all.push(accepts(MOBILE, Version::TLS_1_3, &["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]));
    all.push(certificate(MOBILE, ("ECDSA", 256), "ecdsa-with-SHA256", None));
    all.push(session(MOBILE, Protocol::Tls, "1.3", "TLS_AES_128_GCM_SHA256", false));
    all.push(coverage(MOBILE, &["TLS"]));
    all
}

fn laboratory() -> Vec<Observation> {
    let versions = [Version::TLS_1_0, Version::TLS_1_1, Version::TLS_1_2, Version::TLS_1_3, Version::TLCP];
    let mut all = rejects(LABORATORY, &versions);
    let session = Session {
        protocol: Field::Seen("HTTP".into()),
        version: Field::Seen("1.1".into()),
        certificate: Field::Absent,
        client_auth: Field::Seen(false),
        encrypted: Field::Seen(false),
        app_protocol: Field::Seen("HTTP".into()),
        ..Session::default()
    };
    all.push(probed(LABORATORY, Fact::Session(Protocol::Plain, Box::new(session))));
    all.push(coverage(LABORATORY, &["HTTP"]));
    all
}

#[test]
fn every_probed_channel_is_judged_from_what_was_seen() {
    let law = law();
    let assessment = Hospital::new(&law).assess(&law, 3);
    for (channel, expected) in [
        ("patient-portal", ["conform", "conform", "conform"]),
        ("legacy-booking", ["partly", "partly", "partly"]),
        ("mobile", ["partly", "partly", "partly"]),
        ("laboratory", ["not-conform", "not-conform", "not-conform"]),
    ] {
        let outcome = |unit: &str| format!("{:?}", find(&assessment, unit, channel).counted.outcome);
        let got = ["NET-ID", "NET-INT", "NET-CONF"].map(outcome);
        let expected = expected.map(|word| match word {
            "conform" => "Conform",
            "partly" => "Partly",
            _ => "NotConform",
        });
        assert_eq!(got.each_ref().map(|word| &**word), expected, "{channel}");
    }
}
