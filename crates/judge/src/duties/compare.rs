//! What began, ended and changed between two days, and why.

use super::facts::Facts;
use super::{Duties, applies, duties};
use crate::determine::Truth;
use crate::register::{Duty, Register, Status};
use dengmi_core::Date;
use dengmi_core::system::Jurisdiction;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It was not there on the first day.
    Began,
    /// It is not there on the second.
    Ended,
    /// The same duty stands in another text, under another number.
    Renumbered,
    /// It was there on both days, and only a fact about the system decides differently.
    FactsChanged,
}

/// Why.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'r> {
    /// The instrument came into force.
    InstrumentBegan(Date),
    /// The duty came later than its instrument, by its own day or by an amendment.
    DutyBegan(Date),
    /// The instrument changed its status on that day, at the end of the duty.
    InstrumentChanged(Date, Status, Option<&'r str>),
    /// The duty ended by itself.
    DutyEnded(Date),
    /// The same duty, from the first to the second.
    Continues(&'r Duty, &'r Duty),
    /// The level, a role or a designation is another on that day.
    Facts,
}

/// One change.
#[derive(Clone, Copy, Debug)]
pub struct Change<'r> {
    /// What.
    pub kind: ChangeKind,
    /// The duty: the later one where it was renumbered.
    pub duty: &'r Duty,
    /// Why.
    pub cause: Cause<'r>,
    /// Does it apply, or may it, until a question is answered?
    pub open: bool,
}

/// The changes for a system from the earlier to the later of two days. Duties that surely do not apply are left out.
pub fn compare<'r>(
    register: &'r Register,
    facts: &Facts<'_>,
    jurisdictions: &[Jurisdiction],
    days: [Date; 2],
) -> (Duties<'r>, Duties<'r>, Vec<Change<'r>>) {
    let [first, second] = if days.is_sorted() { days } else { [days[1], days[0]] };
    let (before, after) =
        (duties(register, facts, jurisdictions, first), duties(register, facts, jurisdictions, second));
    let ids = |of: &Duties<'r>| -> BTreeMap<&'r str, &'r Duty> {
        let open = of.depend.iter().map(|(duty, _)| *duty);
        of.apply.iter().copied().chain(open).map(|duty| (&*duty.id, duty)).collect()
    };
    let (old, new) = (ids(&before), ids(&after));
    let mut continued = BTreeSet::new();
    let mut changes = Vec::new();
    let is_open = |duty: &Duty, on| applies(duty, facts, on).0 == Truth::Unknown;
    for duty in old.values() {
        if let Some(then) = duty.successor.as_deref().and_then(|successor| new.get(successor)) {
            continued.insert(&*then.id);
            let cause = Cause::Continues(duty, then);
            changes.push(Change { kind: ChangeKind::Renumbered, duty: then, cause, open: is_open(then, second) });
        } else if !new.contains_key(&*duty.id) {
            let (kind, cause) = if duty.in_force(second) {
                (ChangeKind::FactsChanged, Cause::Facts)
            } else {
                (ChangeKind::Ended, ended(register, duty))
            };
            changes.push(Change { kind, duty, cause, open: is_open(duty, first) });
        }
    }
    for duty in new.values().filter(|duty| !old.contains_key(&*duty.id) && !continued.contains(&*duty.id)) {
        let (kind, cause) = if duty.in_force(first) {
            (ChangeKind::FactsChanged, Cause::Facts)
        } else {
            (ChangeKind::Began, began(register, duty))
        };
        changes.push(Change { kind, duty, cause, open: is_open(duty, second) });
    }
    let day = |change: &Change<'_>| match change.kind {
        ChangeKind::Ended => change.duty.to,
        _ => change.duty.from,
    };
    changes.sort_by(|one, two| {
        (one.kind, day(one), &one.duty.instrument, &one.duty.id).cmp(&(
            two.kind,
            day(two),
            &two.duty.instrument,
            &two.duty.id,
        ))
    });
    (before, after, changes)
}

fn began<'r>(register: &Register, duty: &Duty) -> Cause<'r> {
    let instrument = register.instrument(&duty.instrument);
    let first = instrument
        .and_then(|instrument| instrument.timeline.iter().find(|status| status.status.is_in_force()))
        .map(|status| status.from);
    let day = duty.from.unwrap_or(Date::MIN);
    if first == Some(day) { Cause::InstrumentBegan(day) } else { Cause::DutyBegan(day) }
}

fn ended<'r>(register: &'r Register, duty: &Duty) -> Cause<'r> {
    let day = duty.to.unwrap_or(Date::MAX);
    register
        .instrument(&duty.instrument)
        .and_then(|instrument| {
            let status = instrument.timeline.iter().find(|status| status.from == day)?;
            let replaced = matches!(status.status, Status::Superseded | Status::AmendedVersionApplies);
            let by = instrument.superseded_by.as_deref().filter(|_| replaced);
            Some(Cause::InstrumentChanged(day, status.status, by))
        })
        .unwrap_or(Cause::DutyEnded(day))
}
