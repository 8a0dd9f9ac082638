//! 义务: a system under the law of a day, for people and for programs. Every word of law comes from the register.

mod json;
mod picture;
mod print;
mod say;

pub(crate) use json::{Document, DutyLine, document, duty_line};
pub(crate) use picture::{shares_picture, timeline_picture};
pub(crate) use print::{Page, memo};
pub(crate) use say::{because, citation, days, enforcers, named_sources, reason};

use crate::failure::Outcome;
use crate::law;
use crate::out::Voice;
use dengmi_core::system::{Jurisdiction, System};
use dengmi_core::{Date, Sm3Digest};
use dengmi_judge::assess::Assessment;
use dengmi_judge::duties::{Change, DataTension, Duties, Facts, Proof, compare, duties, proof, tension};
use dengmi_judge::law::Law;
use dengmi_judge::register::{Area, Contradiction, Duty, Pull, Register};

/// The register and its digest.
pub(crate) struct Source {
    pub(crate) register: Register,
    pub(crate) digest: Sm3Digest,
}

impl Source {
    /// What was installed (`dengmi law update`), else what the program was built with.
    pub(crate) fn load(voice: &Voice) -> Outcome<Source> {
        let (register, digest) = law::register_in_use(voice)?;
        Ok(Source { register, digest })
    }

    /// What the program was built with: tests must not depend on what is installed.
    #[cfg(test)]
    pub(crate) fn built_in() -> Outcome<Source> {
        let (register, digest) = law::register()?;
        Ok(Source { register, digest })
    }
}

/// What is asked for.
pub(crate) struct Ask {
    pub(crate) on: Date,
    pub(crate) compare: Option<Date>,
    pub(crate) areas: Vec<Area>,
    pub(crate) pulls: Vec<Pull>,
    pub(crate) jurisdictions: Vec<Jurisdiction>,
}

impl Ask {
    /// Everything about one day.
    pub(crate) fn on(on: Date) -> Ask {
        Ask { on, compare: None, areas: Vec::new(), pulls: Vec::new(), jurisdictions: Vec::new() }
    }
}

/// A system under the law of a day.
pub(crate) struct Memo<'a> {
    pub(crate) source: &'a Source,
    pub(crate) system: &'a System,
    pub(crate) facts: Facts<'a>,
    pub(crate) jurisdictions: Vec<Jurisdiction>,
    pub(crate) duties: Duties<'a>,
    /// The duties of the other day, and the changes from the earlier to the later.
    pub(crate) compared: Option<(Duties<'a>, Vec<Change<'a>>)>,
    pub(crate) tension: Vec<DataTension<'a, 'a>>,
    pub(crate) contradictions: Vec<&'a Contradiction>,
    pub(crate) assessment: Option<&'a Assessment>,
}

impl<'a> Memo<'a> {
    pub(crate) fn new(
        source: &'a Source,
        law: &Law,
        system: &'a System,
        assessment: Option<&'a Assessment>,
        ask: &Ask,
    ) -> Memo<'a> {
        let register = &source.register;
        let graded = || dengmi_judge::grade::grade(law, ask.on, &crate::commands::grade::answers(system)).ok();
        let level = system.grade.filed.or_else(|| graded().map(|graded| graded.level));
        let facts = Facts { system, level };
        let jurisdictions =
            if ask.jurisdictions.is_empty() { facts.jurisdictions() } else { ask.jurisdictions.clone() };
        let mut all = duties(register, &facts, &jurisdictions, ask.on);
        let tension = tension(&all, system);
        let contradictions = contradictions(register, &all);
        let asked = |duty: &Duty| {
            (ask.areas.is_empty() || ask.areas.contains(&duty.area))
                && (ask.pulls.is_empty() || ask.pulls.contains(&duty.pull))
        };
        let narrow = |found: &mut Duties<'a>| {
            found.apply.retain(|duty| asked(duty));
            found.depend.retain(|(duty, _)| asked(duty));
            found.undated.retain(|duty| asked(duty));
        };
        narrow(&mut all);
        let compared = ask.compare.map(|other| {
            let (before, after, mut changes) = compare(register, &facts, &jurisdictions, [ask.on, other]);
            changes.retain(|change| asked(change.duty));
            let mut theirs = if before.on == ask.on { after } else { before };
            narrow(&mut theirs);
            (theirs, changes)
        });
        Memo { source, system, facts, jurisdictions, duties: all, compared, tension, contradictions, assessment }
    }

    /// Whose law a duty is, where there is more than one.
    pub(crate) fn place(&self, duty: &Duty) -> Option<Jurisdiction> {
        let of = self.source.register.instrument(&duty.instrument)?.jurisdiction;
        (self.jurisdictions.len() > 1).then_some(of)
    }

    /// How far one duty is shown.
    pub(crate) fn proof(&self, duty: &Duty) -> Proof {
        proof(duty, self.system, self.assessment, self.duties.on)
    }
}

/// The contradictions of which both sides apply.
fn contradictions<'r>(register: &'r Register, duties: &Duties<'_>) -> Vec<&'r Contradiction> {
    let applies = |id: &str| duties.apply.iter().any(|duty| &*duty.id == id);
    // A duty that was renumbered is meant under each of its numbers.
    let is_meant = |id: &str| {
        applies(id)
            || register.duty(id).and_then(|duty| register.same_duty(duty)).is_some_and(|other| applies(&other.id))
    };
    register
        .contradictions
        .iter()
        .filter(|row| is_meant(&row.one) && row.others.iter().any(|id| is_meant(id)))
        .collect()
}
