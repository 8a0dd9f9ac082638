//! 法规登记册: instruments with their days and the duties in them, whichever system they may bind.
//!
//! A pack has one folder an instrument and files for the whole beside them. Forms:
//!
//! | file | what it holds |
//! |---|---|
//! | `register.toml` | version, day of the last check, who enforces |
//! | `bodies.toml`, `events.toml`, `sectors.toml`, `findings.toml`, `contradictions.toml` | what surrounds the law |
//! | `ID/instrument.toml` | titles, dates, status by day, sources |
//! | `ID/duties.toml` | what it asks of whom, under which condition |
//! | `ID/renumbering.toml` | where the articles of the text before it stand now |
//!
//! Two things are kept apart everywhere: a draft decides nothing, and a duty whose first day is unknown is in force on no day.

mod condition;
mod load;
mod rows;

pub use condition::{Atom, NotACondition, Term};
pub use rows::{
    Area, ArticleBasis, Basis, Body, Certainty, Contradiction, DateKind, Duty, Event, Finding, FindingIs, Head,
    Instrument, InstrumentKind, Observability, Pull, Renumbered, Renumbering, SectorNote, ShownBy, Status, StatusFrom,
    Strength,
};

use crate::law::{LawDefect, Pack};
use dengmi_core::Date;
use dengmi_core::system::Jurisdiction;
use std::collections::BTreeMap;

/// A word of a closed set as files write it, such as `in-force`.
pub fn word_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A checked register.
#[derive(Clone, Debug)]
pub struct Register {
    /// What holds for all folders.
    pub head: Head,
    /// In the order of their ids.
    pub instruments: Vec<Instrument>,
    /// In the order of their instruments, then of the file.
    pub duties: Vec<Duty>,
    /// 机构.
    pub bodies: Vec<Body>,
    /// In the order of the file.
    pub events: Vec<Event>,
    /// By sector.
    pub sectors: Vec<SectorNote>,
    /// What became of the claims of the article of 2019-05-30.
    pub findings: Vec<Finding>,
    /// Duties of different jurisdictions that cannot both be met.
    pub contradictions: Vec<Contradiction>,
    /// By the instrument that renumbers.
    pub renumbering: BTreeMap<Box<str>, Renumbering>,
}

/// Everything that is wrong with a pack: an empty list is a clean one.
pub fn check(pack: &Pack) -> Vec<LawDefect> {
    Register::load(pack).err().unwrap_or_default()
}

impl Register {
    /// Reads and checks a pack.
    ///
    /// # Errors
    ///
    /// Every defect of the pack, in the order of its files.
    pub fn load(pack: &Pack) -> Result<Register, Vec<LawDefect>> {
        load::load(pack)
    }

    /// One instrument.
    pub fn instrument(&self, id: &str) -> Option<&Instrument> {
        let found = self.instruments.binary_search_by(|instrument| (*instrument.id).cmp(id)).ok()?;
        self.instruments.get(found)
    }

    /// One duty.
    pub fn duty(&self, id: &str) -> Option<&Duty> {
        self.duties.iter().find(|duty| &*duty.id == id)
    }

    /// Whether a duty stands in the law of one of these places.
    pub fn is_of(&self, duty: &Duty, jurisdictions: &[Jurisdiction]) -> bool {
        self.instrument(&duty.instrument).is_some_and(|instrument| jurisdictions.contains(&instrument.jurisdiction))
    }

    /// The duties in force on a day, drafts and undated ones not among them.
    pub fn duties_on(&self, day: Date) -> impl Iterator<Item = &Duty> {
        self.duties.iter().filter(move |duty| duty.in_force(day))
    }

    /// Drafts that were on the table on a day: never law. A draft duty has no days of its own, its instrument's status tells.
    pub fn drafts_on(&self, day: Date) -> impl Iterator<Item = &Duty> {
        self.duties.iter().filter(move |duty| {
            duty.draft
                && self
                    .instrument(&duty.instrument)
                    .and_then(|instrument| instrument.status(day))
                    .is_some_and(|status| status == Status::Draft)
        })
    }

    /// Duties whose first day nobody knows: listed apart, in force on no day.
    pub fn undated(&self) -> impl Iterator<Item = &Duty> {
        self.duties.iter().filter(|duty| duty.from.is_none() && !duty.draft)
    }

    /// The duty that this one continues in an earlier text, or the one that continues it.
    pub fn same_duty(&self, duty: &Duty) -> Option<&Duty> {
        duty.successor
            .as_deref()
            .and_then(|successor| self.duty(successor))
            .or_else(|| self.duties.iter().find(|other| other.successor.as_deref() == Some(&*duty.id)))
    }
}
