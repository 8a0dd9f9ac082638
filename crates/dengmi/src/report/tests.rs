#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

use super::*;
use crate::texts::{Lang, Texts};
use dengmi_core::date::read_instant;
use dengmi_core::system::{Vocabulary, read as read_system};
use dengmi_core::{
    Accepts, Asked, Certificate, Chain, Checked, Coverage, Fact, HandedIn, Method, Order, Place, Protocol, Reach,
    Session, Sha256Digest, Statement, Suite, Version, Where, registry,
};
use dengmi_judge::assess::{Evidence, assess};
use dengmi_judge::determine::{Mark, Outcome, Word};
use dengmi_judge::law::Pack;
use std::fs;
use std::path::Path;
use time::macros::date;

/// The hospital of `examples/`, with what a probe would have seen of its four services.
pub(super) struct Sample {
    law: Law,
    system: System,
    texts: Texts,
    assessment: Assessment,
    evidence: BTreeMap<EntryNumber, Observation>,
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn law() -> Law {
    fn read(folder: &Path, prefix: &str, pack: &mut Pack) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                read(&entry.path(), &format!("{path}/"), pack);
            } else {
                pack.insert(&path, &fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut pack = Pack::default();
    read(&Path::new(ROOT).join("law"), "", &mut pack);
    Law::load(&pack).unwrap()
}

impl Sample {
    /// The example, with its text changed.
    fn of(change: impl Fn(String) -> String) -> Sample {
        let law = law();
        let on = date!(2026 - 11 - 22);
        let text = fs::read_to_string(Path::new(ROOT).join("examples/hospital/system.toml")).unwrap();
        let text = change(text);
        let indicators: Vec<&str> =
            law.baseline(on).unwrap().indicators.iter().map(|indicator| indicator.id.as_str()).collect();
        let facts: Vec<&str> = Word::ALL.iter().map(|word| word.text()).collect();
        let items: Vec<&str> = law.high_risk(on).unwrap().item.iter().map(|item| item.id.as_str()).collect();
        let vocabulary = Vocabulary { indicators: &indicators, facts: &facts, items: &items };
        let system = read_system(&text, &vocabulary, Some(on)).unwrap_or_else(|faults| panic!("{faults:?}"));
        let mut all = Vec::new();
        for document in system.documents() {
            let fact = HandedIn { path: document.get_ref().clone(), artifact: Some(Sha256Digest([7; 32])), size: 12 };
            all.push(observation(document.get_ref(), Method::DocumentReview, Fact::HandedIn(Box::new(fact))));
        }
        for stated in &system.statement {
            let fact = Statement {
                about: stated.about.get_ref().clone(),
                unit: stated.unit.as_ref().map(|unit| (&**unit.get_ref()).into()),
                kind: stated.kind.get_ref().clone(),
                value: stated.value.clone(),
                by: stated.by.clone(),
                on: stated.on,
            };
            all.push(observation(stated.about.get_ref(), stated.method, Fact::Statement(Box::new(fact))));
        }
        for (channel, service) in system.channel.iter().zip([tlcp(), legacy(), modern(), plain()]) {
            let end = channel.ends.first().unwrap().get_ref();
            all.extend(service.into_iter().map(|fact| observation(end, Method::ToolTest, fact)));
        }
        all.push(observation("127.0.0.1:9", Method::ToolTest, coverage(&["unknown"])));
        let numbered: Vec<(EntryNumber, Observation)> =
            all.into_iter().enumerate().map(|(at, one)| (EntryNumber(u64::try_from(at).unwrap() + 2), one)).collect();
        let evidence = Evidence::new(&system, Some(EntryNumber(1)), numbered.clone());
        let level = system.stated_level().unwrap();
        let assessment = assess(&law, &evidence, level, on).unwrap();
        let cited = assessment.entries();
        let kept = |(entry, one): &(EntryNumber, Observation)| {
            cited.contains(entry) || matches!(one.fact, Fact::HandedIn(_))
        };
        let evidence = numbered.into_iter().filter(kept).collect();
        Sample { law, system, texts: Texts::load().unwrap(), assessment, evidence }
    }

    fn plain() -> Sample {
        Sample::of(|text| text)
    }

    fn input(&self) -> Input<'_> {
        Input {
            assessment: &self.assessment,
            system: &self.system,
            law: &self.law,
            law_digest: "sm3:1111111111111111111111111111111111111111111111111111111111111111",
            texts: &self.texts,
            case: Some(CaseHead { file: "hospital.case".into(), entries: 412, link: Sm3Digest([2; 32]), sealed: true }),
            evidence: &self.evidence,
            generated_at: read_instant("2026-11-22T09:00:00Z").unwrap(),
            tool: "dengmi 0.1.0",
        }
    }

    fn page(&self) -> String {
        report_html(&self.input(), Lang::Zh)
    }
}

fn observation(observed: &str, method: Method, fact: Fact) -> Observation {
    let place = matches!(method, Method::ToolTest).then(|| {
        Box::new(Place { artifact: Sha256Digest([9; 32]), what: Some("probe.bin".into()), at: Where::Bytes(0, 57) })
    });
    Observation {
        observed: observed.into(),
        subject: None,
        reach: Reach::Seen,
        method,
        at: read_instant("2026-11-22T08:00:00Z").unwrap(),
        tool: "probe 0.1.0".into(),
        place,
        fact,
    }
}

fn coverage(speaks: &[&str]) -> Fact {
    let speaks = speaks.iter().map(|name| Box::from(*name)).collect();
    Fact::Coverage(Box::new(Coverage { complete: true, speaks, connections: 40, lost: 0 }))
}

fn accepts(version: &str, names: &[&str]) -> Fact {
    let entry = registry::version_named(version).unwrap();
    let suites: Vec<Suite> =
        names.iter().map(|name| Suite(u16::try_from(registry::suite_named(name).unwrap().code).unwrap())).collect();
    Fact::Accepts(Box::new(Accepts {
        protocol: if version == "TLCP" { Protocol::Tlcp } else { Protocol::Tls },
        version: Version(entry.code),
        suites,
        suite_names: names.iter().map(|name| Box::from(*name)).collect(),
        groups: vec![],
        schemes: vec![],
        asked: Asked::Registry,
        order: Order::Servers,
        ended_by: None,
    }))
}

fn certificate(key: &str, bits: u32, signature: &str) -> Fact {
    let checked = Checked {
        on: date!(2026 - 11 - 22),
        chain: Chain::Trusted,
        in_validity: true,
        name_matches: Some(true),
        problems: vec![],
    };
    Fact::Certificate(Box::new(Certificate {
        subject: "CN=peer.test<script>".into(),
        key_alg: key.into(),
        key_bits: bits,
        sig_alg: signature.into(),
        not_after: "2027-11-22T00:00:00Z".into(),
        position: Some(0),
        checked: Some(checked),
        ..Certificate::default()
    }))
}

fn session(protocol: Protocol, version: &str, suite: &str) -> Fact {
    let session = Session {
        version: Some(Box::from(version)).into(),
        cipher_suite: Some(Box::from(suite)).into(),
        client_auth: Some(false).into(),
        ..Session::default()
    };
    Fact::Session(protocol, Box::new(session))
}

fn tlcp() -> Vec<Fact> {
    vec![
        coverage(&["TLCP"]),
        accepts("TLCP", &["ECC_SM4_GCM_SM3", "ECC_SM4_CBC_SM3"]),
        certificate("SM2", 256, "SM2-with-SM3"),
        session(Protocol::Tlcp, "TLCP", "ECC_SM4_GCM_SM3"),
    ]
}

fn legacy() -> Vec<Fact> {
    vec![
        coverage(&["TLS"]),
        accepts("TLS 1.0", &["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_DES_CBC_SHA"]),
        accepts("TLS 1.2", &["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]),
        certificate("RSA", 2048, "sha256WithRSAEncryption"),
    ]
}

fn modern() -> Vec<Fact> {
    vec![
        coverage(&["TLS"]),
        accepts("TLS 1.3", &["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]),
        certificate("ECDSA", 256, "ecdsa-with-SHA256"),
    ]
}

fn plain() -> Vec<Fact> {
    vec![coverage(&["HTTP"])]
}

/// For looking at it: `DENGMI_REPORT_SAMPLE=/tmp/x.html cargo test -p dengmi report_sample`.
#[test]
fn report_sample() {
    let sample = Sample::plain();
    assert!(sample.page().len() > 50_000);
    if let Some(path) = std::env::var_os("DENGMI_REPORT_SAMPLE") {
        fs::write(&path, sample.page()).unwrap();
        fs::write(Path::new(&path).with_extension("json"), report_json(&sample.input()).unwrap()).unwrap();
        let why = why_text(&sample.input(), "NET-CONF", None, Lang::Zh).unwrap();
        fs::write(Path::new(&path).with_extension("txt"), why).unwrap();
    }
}
