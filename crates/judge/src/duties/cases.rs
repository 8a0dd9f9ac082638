//! Cases in words: a described system, a day, and the duties that must apply, depend on an answer, or not apply.

use super::facts::Facts;
use super::{applies, duties};
use crate::determine::{CaseFault, CaseResult};
use crate::register::Register;
use dengmi_core::system::{Jurisdiction, Vocabulary, read};
use dengmi_core::{Date, date};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    system: Vec<Described>,
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Described {
    id: Box<str>,
    /// A whole `system.toml`.
    description: Box<str>,
}

#[derive(Deserialize)]
struct Case {
    id: Box<str>,
    system: Box<str>,
    on: toml::value::Datetime,
    #[serde(default)]
    jurisdictions: Option<Vec<Jurisdiction>>,
    #[serde(default)]
    applies: Vec<Box<str>>,
    #[serde(default)]
    depends: Vec<Box<str>>,
    #[serde(default)]
    not: Vec<Box<str>>,
    /// The article that may be printed on that day; empty: none may.
    #[serde(default)]
    articles: BTreeMap<Box<str>, Box<str>>,
}

/// What came out of one case.
#[derive(Clone, Debug, Serialize)]
pub struct DutyCaseReport {
    /// The case.
    pub id: Box<str>,
    /// `right`, `wrong`, or `unassessed` where a duty depends on an answer that the case expects to be clear.
    pub result: CaseResult,
    /// What was found.
    pub got: DutiesGot,
    /// What differs: duty, expected, got.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<(Box<str>, &'static str, Box<str>)>,
}

/// How many duties apply, and how many depend on an answer.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DutiesGot {
    /// They apply.
    pub applies: usize,
    /// They depend.
    pub depends: usize,
}

/// Whether a file is one of duty cases.
pub fn is_duty_cases(text: &str) -> bool {
    toml::from_str::<toml::Table>(text).is_ok_and(|table| table.contains_key("system"))
}

/// Runs every case of a file.
///
/// # Errors
///
/// [`CaseFault`]: a file of another form, a description that cannot be read, a name that leads nowhere.
pub fn run_duty_cases(text: &str, register: &Register) -> Result<Vec<DutyCaseReport>, CaseFault> {
    let shape = |line, message: String| CaseFault::Shape { line, message };
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        shape(1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count(), error.message().into())
    })?;
    if file.case.is_empty() {
        return Err(CaseFault::Empty);
    }
    let mut systems = BTreeMap::new();
    for described in &file.system {
        let system = read(&described.description, &Vocabulary::default(), None)
            .map_err(|faults| shape(0, format!("system {}: {faults:?}", described.id)))?;
        systems.insert(&*described.id, system);
    }
    let mut reports = Vec::new();
    for case in &file.case {
        let system = systems
            .get(&*case.system)
            .ok_or_else(|| shape(0, format!("case {}: no system is called {:?}", case.id, case.system)))?;
        let on =
            date::read_date(&case.on.to_string()).map_err(|error| shape(0, format!("case {}: {error}", case.id)))?;
        let facts = Facts { system, level: system.grade.filed };
        reports.push(one(case, register, &facts, on)?);
    }
    Ok(reports)
}

fn one(case: &Case, register: &Register, facts: &Facts<'_>, on: Date) -> Result<DutyCaseReport, CaseFault> {
    let places = case.jurisdictions.clone().unwrap_or_else(|| facts.jurisdictions());
    let found = duties(register, facts, &places, on);
    let apply: BTreeSet<&str> = found.apply.iter().map(|duty| &*duty.id).collect();
    let depend: BTreeSet<&str> = found.depend.iter().map(|(duty, _)| &*duty.id).collect();
    let state = |id: &str| match (apply.contains(id), depend.contains(id)) {
        (true, _) => "applies",
        (_, true) => "depends",
        _ => "not",
    };
    let mut differs: Vec<(Box<str>, &'static str, Box<str>)> = Vec::new();
    let mut wrong = false;
    for (ids, expected) in [(&case.applies, "applies"), (&case.depends, "depends"), (&case.not, "not")] {
        for id in ids {
            let duty = register.duty(id).ok_or_else(|| CaseFault::Shape {
                line: 0,
                message: format!("case {}: no duty is called {id:?}", case.id),
            })?;
            let got = state(id);
            if got != expected {
                wrong |= got != "depends";
                let missing = applies(duty, facts, on).1;
                differs.push((id.clone(), expected, format!("{got} {missing:?}").into()));
            }
        }
    }
    for (id, expected) in &case.articles {
        let got = register.duty(id).and_then(|duty| duty.confirmed_article()).unwrap_or_default();
        if got != &**expected {
            wrong = true;
            differs.push((id.clone(), "article", format!("{expected:?} ≠ {got:?}").into()));
        }
    }
    let result = match (differs.is_empty(), wrong) {
        (true, _) => CaseResult::Right,
        (_, true) => CaseResult::Wrong,
        _ => CaseResult::Unassessed,
    };
    let got = DutiesGot { applies: apply.len(), depends: depend.len() };
    Ok(DutyCaseReport { id: case.id.clone(), result, got, differs })
}
