//! One run of the prober, and its observations by kind.

use dengmi_collect::probe::{Cancel, Finished, Options, Output, Summary, Target, Times, probe};
use dengmi_core::{
    Accepts, Certificate, Coverage, Fact, Features, KeyProof, Observation, Protocol, Reach, Session, Sha256Digest,
    Version, WebPage, date,
};
use dengmi_protocol::certify::{Certificates, Certifier, Limits, sha256};
use futures_util::stream;
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything that a run gave.
pub struct Run {
    pub observations: Vec<Observation>,
    pub artifacts: BTreeMap<Sha256Digest, Vec<u8>>,
    pub finished: Vec<Finished>,
    pub summary: Summary,
}

/// Time-outs long enough for a busy machine.
pub fn options() -> Options {
    let day = date::read_date("2026-11-23").unwrap();
    let clock = || date::read_instant("2026-11-23T08:00:00Z").unwrap();
    let times = Times { answer: Duration::from_secs(20), ..Times::default() };
    Options { times, ..Options::new(day, clock, "probe in a test".into()) }
}

/// Probes `targets`; `roots` are files with one certificate each.
pub fn run(targets: &[String], options: &Options, roots: &[String]) -> Run {
    run_until(targets, options, roots, &Cancel::default())
}

pub fn run_until(targets: &[String], options: &Options, roots: &[String], cancel: &Cancel) -> Run {
    let mut trusted = Certificates::default();
    roots.iter().for_each(|path| trusted.add(&der(&std::fs::read_to_string(path).unwrap())).unwrap());
    let mut certifier = Certifier::new(trusted, Certificates::default(), Vec::new(), Limits::default());
    let targets: Vec<Target> = targets.iter().map(|text| text.parse().unwrap()).collect();
    let mut run =
        Run { observations: Vec::new(), artifacts: BTreeMap::new(), finished: Vec::new(), summary: Summary::default() };
    let mut out = |output| match output {
        Output::Artifact { name, bytes, .. } => {
            assert_eq!(name, sha256(&bytes));
            run.artifacts.insert(name, bytes);
        }
        Output::Observation(observation) => {
            if let Some(place) = &observation.place {
                assert!(run.artifacts.contains_key(&place.artifact), "the artifact comes first");
            }
            run.observations.push(*observation);
        }
        Output::Finished(finished) => run.finished.push(finished),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let summary = runtime.block_on(probe(stream::iter(targets), options, &mut certifier, cancel, &mut out));
    run.summary = summary;
    let told: u32 = run.finished.iter().map(|finished| finished.connections).sum();
    assert_eq!(run.summary.connections, u64::from(told));
    run
}

/// The first certificate of a PEM file.
pub fn der(pem: &str) -> Vec<u8> {
    let body = pem.split("-----BEGIN CERTIFICATE-----").nth(1).unwrap().split("-----END").next().unwrap();
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for character in body.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        (bits, held) = (bits << 6 | u32::from(value), held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

impl Run {
    fn facts<'a, T>(&'a self, pick: impl Fn(&'a Fact) -> Option<T> + 'a) -> Vec<(Reach, T)> {
        let of = |observation: &'a Observation| pick(&observation.fact).map(|fact| (observation.reach, fact));
        self.observations.iter().filter_map(of).collect()
    }

    /// What one version accepts; there is one observation of it.
    pub fn accepts(&self, version: Version) -> (Reach, &Accepts) {
        let mut found = self.facts(move |fact| match fact {
            Fact::Accepts(accepts) if accepts.version == version => Some(&**accepts),
            _ => None,
        });
        assert_eq!(found.len(), 1, "{version:?}");
        found.remove(0)
    }

    pub fn coverage(&self) -> (Reach, &Coverage) {
        let mut found = self.facts(|fact| match fact {
            Fact::Coverage(coverage) => Some(&**coverage),
            _ => None,
        });
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    pub fn certificates(&self) -> Vec<&Certificate> {
        let found = self.facts(|fact| match fact {
            Fact::Certificate(certificate) => Some(&**certificate),
            _ => None,
        });
        found.into_iter().map(|(_, certificate)| certificate).collect()
    }

    pub fn proofs(&self) -> Vec<&KeyProof> {
        let found = self.facts(|fact| match fact {
            Fact::KeyProof(proof) => Some(&**proof),
            _ => None,
        });
        found.into_iter().map(|(_, proof)| proof).collect()
    }

    pub fn sessions(&self) -> Vec<(Protocol, &Session)> {
        let found = self.facts(|fact| match fact {
            Fact::Session(protocol, session) => Some((*protocol, &**session)),
            _ => None,
        });
        found.into_iter().map(|(_, session)| session).collect()
    }

    /// What one version does beside its lists.
    pub fn features(&self, version: Version) -> &Features {
        let mut found = self.facts(move |fact| match fact {
            Fact::Features(features) if features.version == version => Some(&**features),
            _ => None,
        });
        assert_eq!(found.len(), 1, "{version:?}");
        found.remove(0).1
    }

    /// The page that was asked for, and its bytes.
    pub fn page(&self) -> Option<(&WebPage, &[u8])> {
        self.observations.iter().find_map(|observation| match &observation.fact {
            Fact::WebPage(page) => Some((&**page, &*self.artifacts[&observation.place.as_ref()?.artifact])),
            _ => None,
        })
    }

    /// The reach of each version, in the order of asking.
    pub fn reaches(&self) -> Vec<(Version, Reach)> {
        let found = self.facts(|fact| match fact {
            Fact::Accepts(accepts) => Some(accepts.version),
            _ => None,
        });
        found.into_iter().map(|(reach, version)| (version, reach)).collect()
    }
}
