//! 义务: what the law of a day asks of a described system. Which duties apply, which depend on an answer, what changed between
//! two days, how far evidence shows them met, and how they pull.
//!
//! Three-valued: a fact that the description does not state makes a duty depend on a question, never on a guess.

mod cases;
mod compare;
mod facts;
mod proof;
mod tension;

pub use cases::{DutiesGot, DutyCaseReport, is_duty_cases, run_duty_cases};
pub use compare::{Cause, Change, ChangeKind, compare};
pub use facts::{Facts, Missing};
pub use proof::{Because, Proof, Shown, proof};
pub use tension::{DataTension, Holder, KeyFact, Place, Share, share_over_time, tension};

use crate::determine::Truth;
use crate::register::{Duty, Register, Term};
use dengmi_core::Date;
use dengmi_core::system::Jurisdiction;
use std::collections::{BTreeMap, BTreeSet};

/// The duties of a system on a day.
#[derive(Clone, Debug)]
pub struct Duties<'r> {
    /// The day.
    pub on: Date,
    /// They apply.
    pub apply: Vec<&'r Duty>,
    /// They are in force, and whether they apply depends on what is missing.
    pub depend: Vec<(&'r Duty, Vec<Missing>)>,
    /// In force that day, and not for this system.
    pub others: usize,
    /// Their first day is not known: whether they are in force cannot be said.
    pub undated: Vec<&'r Duty>,
}

/// What applies to a system on a day, in the law of these jurisdictions.
pub fn duties<'r>(register: &'r Register, facts: &Facts<'_>, jurisdictions: &[Jurisdiction], on: Date) -> Duties<'r> {
    let mut found = Duties { on, apply: Vec::new(), depend: Vec::new(), others: 0, undated: Vec::new() };
    let asked = |duty: &Duty| register.is_of(duty, jurisdictions);
    for duty in register.duties_on(on).filter(|duty| asked(duty)) {
        match applies(duty, facts, on) {
            (Truth::Yes, _) => found.apply.push(duty),
            (Truth::No, _) => found.others += 1,
            (Truth::Unknown, missing) => found.depend.push((duty, missing)),
        }
    }
    found.undated = register.undated().filter(|duty| asked(duty) && applies(duty, facts, on).0 != Truth::No).collect();
    found
}

/// Whether a duty's conditions hold, and what is missing where nobody can tell.
pub fn applies(duty: &Duty, facts: &Facts<'_>, on: Date) -> (Truth, Vec<Missing>) {
    let holds = |term: &Term| term.0.iter().map(|atom| facts.truth(*atom, on)).max().unwrap_or(Truth::No);
    let truth = duty.applies_when.iter().map(holds).min().unwrap_or(Truth::Yes);
    if truth != Truth::Unknown {
        return (truth, Vec::new());
    }
    let open = duty.applies_when.iter().filter(|term| holds(term) == Truth::Unknown).flat_map(|term| &term.0);
    let unknown = open.filter(|atom| facts.truth(**atom, on) == Truth::Unknown);
    let missing: BTreeSet<Missing> = unknown.map(|atom| Missing::of(*atom)).collect();
    (truth, missing.into_iter().collect())
}

impl<'r> Duties<'r> {
    /// The questions, with the duties that wait for each; the one that settles most comes first.
    pub fn questions(&self) -> Vec<(Missing, Vec<&'r Duty>)> {
        let mut waiting: BTreeMap<Missing, Vec<&'r Duty>> = BTreeMap::new();
        for (duty, missing) in &self.depend {
            for missing in missing {
                waiting.entry(*missing).or_default().push(duty);
            }
        }
        let mut questions: Vec<_> = waiting.into_iter().collect();
        questions.sort_by_key(|(missing, duties)| (std::cmp::Reverse(duties.len()), *missing));
        questions
    }
}
