//! The facts of a case as the judge reads them: the described system, and observations by what they are about.

use super::index::Index;
use dengmi_core::system::System;
use dengmi_core::{EntryNumber, Fact, Method, Observation, Statement};
use std::collections::BTreeMap;

/// Everything that a judgement stands on.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// The description.
    pub system: &'a System,
    /// The entry that holds it.
    pub described: Option<EntryNumber>,
    pub(super) index: Index<'a>,
    observed: BTreeMap<Box<str>, Vec<(EntryNumber, Observation)>>,
    statements: BTreeMap<Box<str>, Vec<Said>>,
}

/// A statement with its entry and how it was obtained.
#[derive(Clone, Debug)]
pub struct Said {
    /// Where it stands.
    pub entry: EntryNumber,
    /// How the person came to it.
    pub method: Method,
    /// What it says.
    pub statement: Statement,
}

impl<'a> Evidence<'a> {
    /// Sorts observations. Their order does not matter; entries keep their numbers.
    pub fn new(
        system: &'a System,
        described: Option<EntryNumber>,
        observations: impl IntoIterator<Item = (EntryNumber, Observation)>,
    ) -> Evidence<'a> {
        let index = Index::of(system);
        let mut evidence =
            Evidence { system, described, index, observed: BTreeMap::new(), statements: BTreeMap::new() };
        for (entry, observation) in observations {
            match observation.fact {
                Fact::Statement(statement) => {
                    // A person who denies access has said nothing.
                    if observation.reach.supports_a_verdict() {
                        let said = Said { entry, method: observation.method, statement: *statement };
                        evidence.statements.entry(said.statement.about.clone()).or_default().push(said);
                    }
                }
                Fact::Session(..)
                | Fact::Accepts(_)
                | Fact::Coverage(_)
                | Fact::Certificate(_)
                | Fact::KeyProof(_)
                | Fact::SshAccepts(_)
                | Fact::IkeAccepts(_)
                | Fact::Features(_)
                | Fact::Upgraded(_)
                | Fact::WebPage(_)
                | Fact::RandomTests(_) => {
                    let list = evidence.observed.entry(observation.observed.as_str().into()).or_default();
                    list.push((entry, observation));
                }
                Fact::Described(_)
                | Fact::HandedIn(_)
                | Fact::QuicAccepts(_)
                | Fact::WirelessNetwork(_)
                | Fact::Foreign(..) => {}
            }
        }
        for list in evidence.observed.values_mut() {
            list.sort_by_key(|(entry, _)| *entry);
        }
        for list in evidence.statements.values_mut() {
            list.sort_by_key(|said| said.entry);
        }
        evidence
    }

    /// What was observed of one thing, such as `192.0.2.20:443`.
    pub fn of(&self, observed: &str) -> &[(EntryNumber, Observation)] {
        self.observed.get(observed).map_or(&[], Vec::as_slice)
    }

    /// What was said about one thing.
    pub fn said_about(&self, about: &str) -> &[Said] {
        self.statements.get(about).map_or(&[], Vec::as_slice)
    }

    /// Everything that was observed.
    pub fn observed(&self) -> impl Iterator<Item = &str> {
        self.observed.keys().map(|name| &**name)
    }
}
