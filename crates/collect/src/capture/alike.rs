//! Sessions that differ in nothing but who came and when: in a case one stands for them all.

use dengmi_core::{Fact, Field, Observation, UtcDateTime};
use std::collections::HashMap;

/// Sessions that are kept apart; what comes above is only counted.
const KINDS: usize = 10_000;

/// Observations of a capture, each kind of session once.
#[derive(Debug, Default)]
pub struct Alike {
    at: HashMap<Box<[u8]>, usize>,
    told: Vec<Observation>,
    left_out: u64,
}

impl Alike {
    /// Takes an observation. Of sessions that are alike the first stays, and knows their number.
    pub fn take(&mut self, observation: Observation) {
        let Fact::Session(protocol, session) = &observation.fact else { return self.told.push(observation) };
        let mut common = session.clone();
        (common.client, common.client_port, common.alike) = (None, None, None);
        // Fingerprints are the client's, and of signatures that hold only the first were tried; one that is wrong is a thing of its
        // own.
        (common.ja3, common.ja3s, common.ja4) = (None, None, None);
        if common.signature_holds != Field::Seen(false) {
            common.signature_holds = Field::Hidden;
            common.hidden.remove("signature_holds");
        }
        let common = Observation {
            at: UtcDateTime::UNIX_EPOCH,
            place: None,
            fact: Fact::Session(*protocol, common),
            ..observation.clone()
        };
        // What cannot be written is told by whoever writes it.
        let Ok(key) = common.line() else { return self.told.push(observation) };
        let known = self.at.get(&*key).copied();
        match known.and_then(|at| self.told.get_mut(at)) {
            Some(Observation { fact: Fact::Session(_, first), .. }) => {
                first.alike = Some(first.alike.unwrap_or(1).saturating_add(1));
            }
            _ if self.at.len() >= KINDS => self.left_out = self.left_out.saturating_add(1),
            _ => {
                self.at.insert(key.into(), self.told.len());
                self.told.push(observation);
            }
        }
    }

    /// What was told, in the order of the first of each kind, and how many sessions of further kinds were left out.
    pub fn end(self) -> (Vec<Observation>, u64) {
        (self.told, self.left_out)
    }
}
