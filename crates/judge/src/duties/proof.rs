//! How far what is known shows a duty met: shown, contradicted, not shown. Three words, no score.

use crate::assess::{Assessment, Determination};
use crate::determine::{Mark, Outcome};
use crate::register::{Duty, Observability, ShownBy};
use dengmi_core::system::{Assessed, Jurisdiction, PlanState, System};
use dengmi_core::{Date, IndicatorId, SubjectId};
use serde::Serialize;

/// The three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// 已证实.
    Shown,
    /// 相反.
    Contradicted,
    /// 未证实.
    NotShown,
}

/// On what the word stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// The outcome of a management unit.
    Outcome(IndicatorId, SubjectId, Outcome),
    /// D or A of a determination: does cryptography work, do its algorithms comply.
    Mark(IndicatorId, SubjectId, char, Mark),
    /// A key of `[records]` or of the description, with its value.
    Record(&'static str, String),
    /// A key that is missing there.
    Missing(&'static str),
    /// No case was given: units were not judged.
    NoCase,
    /// Nothing that this program collects can show it; a person must.
    Nothing,
    /// A penalty, a definition, a power: no evidence is asked of the operator.
    NotAsked,
}

/// A duty's word and its grounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The word.
    pub shown: Shown,
    /// The grounds that decided, or what is missing.
    pub because: Vec<Because>,
}

/// What is known about one duty on a day. Records are what the operator states; determinations rest on evidence.
pub fn proof(duty: &Duty, system: &System, assessment: Option<&Assessment>, on: Date) -> Proof {
    let records = &system.records;
    match &duty.shown_by {
        None if duty.observability == Observability::NotNeeded => {
            Proof { shown: Shown::NotShown, because: vec![Because::NotAsked] }
        }
        None => Proof { shown: Shown::NotShown, because: vec![Because::Nothing] },
        Some(ShownBy::Units(units)) => units_shown(assessment, |indicator| units.contains(indicator), outcome_shows),
        Some(ShownBy::Algorithms) => units_shown(assessment, |_| true, algorithm_shows),
        Some(ShownBy::ProductsCertified) => products(system, None),
        Some(ShownBy::ProductGrade(grade)) => products(system, Some(*grade)),
        Some(ShownBy::LogsKept(months)) => at_least("records.logs_kept_months", records.logs_kept_months, *months),
        Some(ShownBy::TransactionsKept(months)) => {
            at_least("records.transactions_kept_months", records.transactions_kept_months, *months)
        }
        Some(ShownBy::StoredIn(place)) => stored(records.stored_in.as_deref(), *place),
        Some(ShownBy::Graded) => match (system.grade.filed, system.grade.business_information.is_empty()) {
            (Some(level), _) => record(Shown::Shown, "grade.filed", level),
            (None, false) => record(Shown::Shown, "grade.business_information", "…"),
            (None, true) => missing("grade.filed"),
        },
        Some(ShownBy::Filed) => match records.filed_on {
            Some(day) if day <= on => record(Shown::Shown, "records.filed_on", day),
            Some(day) => record(Shown::NotShown, "records.filed_on", day),
            None => missing("records.filed_on"),
        },
        Some(ShownBy::GradedAssessmentWithin(months)) => {
            // 信息安全等级保护管理办法: level 4 is assessed each half year.
            let months = if system.grade.filed >= Some(4) { (*months).min(6) } else { *months };
            within("records.graded_assessments", records.graded_assessments.as_deref(), months, on)
        }
        Some(ShownBy::CryptographyAssessmentWithin(months)) => {
            within("records.cryptography_assessments", records.cryptography_assessments.as_deref(), *months, on)
        }
        Some(ShownBy::CryptographyAssessmentBeforeLaunch) => before_launch(system),
        Some(ShownBy::CryptographyAssessmentFiled(days)) => filed(system, *days, on),
        Some(ShownBy::PlanAssessed) => match system.plan.state {
            Some(PlanState::Assessed | PlanState::Renovation) => record(Shown::Shown, "plan.state", "assessed"),
            Some(PlanState::None) => record(Shown::Contradicted, "plan.state", "none"),
            Some(PlanState::Draft) => record(Shown::Contradicted, "plan.state", "draft"),
            Some(PlanState::Reviewed) => record(Shown::NotShown, "plan.state", "reviewed"),
            None => missing("plan.state"),
        },
    }
}

fn record(shown: Shown, key: &'static str, value: impl ToString) -> Proof {
    Proof { shown, because: vec![Because::Record(key, value.to_string())] }
}

fn missing(key: &'static str) -> Proof {
    Proof { shown: Shown::NotShown, because: vec![Because::Missing(key)] }
}

fn at_least(key: &'static str, months: Option<u32>, least: u32) -> Proof {
    match months {
        None => missing(key),
        Some(months) if least <= months => record(Shown::Shown, key, months),
        Some(months) => record(Shown::Contradicted, key, months),
    }
}

fn stored(places: Option<&[Jurisdiction]>, place: Jurisdiction) -> Proof {
    const KEY: &str = "records.stored_in";
    let words = |places: &[Jurisdiction]| places.iter().map(crate::register::word_of).collect::<Vec<_>>().join(", ");
    match places {
        None | Some([]) => missing(KEY),
        Some(places) if places.iter().all(|one| *one == place) => record(Shown::Shown, KEY, words(places)),
        Some(places) if places.contains(&place) => record(Shown::NotShown, KEY, words(places)),
        Some(places) => record(Shown::Contradicted, KEY, words(places)),
    }
}

/// The day that lies so many months after another; at the end of a shorter month, its last day.
fn months_after(day: Date, months: u32) -> Option<Date> {
    let whole = u32::from(u8::from(day.month())) - 1 + months;
    let year = day.year().checked_add(i32::try_from(whole / 12).ok()?)?;
    let month = time::Month::try_from(u8::try_from(whole % 12).ok()? + 1).ok()?;
    Date::from_calendar_date(year, month, day.day().min(month.length(year))).ok()
}

fn within(key: &'static str, assessments: Option<&[Assessed]>, months: u32, on: Date) -> Proof {
    let Some(assessments) = assessments else { return missing(key) };
    // A report from after the day says nothing about the day.
    match assessments.iter().map(|one| one.on).filter(|day| *day <= on).max() {
        None => record(Shown::Contradicted, key, "[]"),
        Some(last) if months_after(last, months).is_none_or(|end| on <= end) => record(Shown::Shown, key, last),
        Some(last) => record(Shown::Contradicted, key, last),
    }
}

fn before_launch(system: &System) -> Proof {
    const KEY: &str = "records.cryptography_assessments";
    let (Some(assessments), Some(launch)) = (&system.records.cryptography_assessments, system.system.live_since) else {
        let key = if system.system.live_since.is_none() { "system.live_since" } else { KEY };
        return missing(key);
    };
    match assessments.iter().map(|one| one.on).min() {
        Some(first) if first <= launch => record(Shown::Shown, KEY, first),
        Some(first) => record(Shown::Contradicted, KEY, first),
        None => record(Shown::Contradicted, KEY, "[]"),
    }
}

fn filed(system: &System, days: Option<u32>, on: Date) -> Proof {
    const KEY: &str = "records.cryptography_assessments";
    let Some(assessments) = &system.records.cryptography_assessments else { return missing(KEY) };
    let Some(last) = assessments.iter().filter(|one| one.on <= on).max_by_key(|one| one.on) else {
        return record(Shown::NotShown, KEY, "[]");
    };
    let end = days.map(|days| last.on.saturating_add(time::Duration::days(i64::from(days))));
    match last.filed_on {
        Some(day) if end.is_none_or(|end| day <= end) => record(Shown::Shown, "filed_on", day),
        Some(day) => record(Shown::Contradicted, "filed_on", day),
        // There is still time.
        None if end.is_none_or(|end| on <= end) => missing("filed_on"),
        None => Proof { shown: Shown::Contradicted, because: vec![Because::Missing("filed_on")] },
    }
}

/// Each product that the description names has a certificate that holds on the day of its contract. None named shows nothing.
fn products(system: &System, least: Option<u8>) -> Proof {
    if system.product.is_empty() {
        return missing("product");
    }
    let mut because = Vec::new();
    let mut word = Shown::Shown;
    for product in &system.product {
        let id = product.id.get_ref();
        let (shown, key, value) = if product.certificate.is_none() {
            (Shown::Contradicted, "product.certificate", id.to_string())
        } else if let Some(least) = least {
            match product.grade {
                Some(grade) if grade >= least => continue,
                Some(grade) => (Shown::Contradicted, "product.grade", format!("{id}: {grade}")),
                None => (Shown::NotShown, "product.grade", id.to_string()),
            }
        } else {
            match (product.valid, product.contract) {
                (Some([from, to]), Some(contract)) if from <= contract && contract <= to => continue,
                (Some(_), Some(contract)) => (Shown::Contradicted, "product.valid", format!("{id}: {contract}")),
                _ => (Shown::NotShown, "product.contract", id.to_string()),
            }
        };
        word = worst(word, shown);
        because.push(Because::Record(key, value));
    }
    if because.is_empty() {
        because.push(Because::Record("product", system.product.len().to_string()));
    }
    Proof { shown: word, because }
}

/// One contradiction is enough; otherwise one gap is.
fn worst(one: Shown, two: Shown) -> Shown {
    match (one, two) {
        (Shown::Contradicted, _) | (_, Shown::Contradicted) => Shown::Contradicted,
        (Shown::NotShown, _) | (_, Shown::NotShown) => Shown::NotShown,
        _ => Shown::Shown,
    }
}

/// The word over the determinations of some units. `None` of one: it does not matter here.
fn units_shown(
    assessment: Option<&Assessment>,
    is_asked: impl Fn(&IndicatorId) -> bool,
    shows: fn(&Determination, bool) -> Option<(Shown, Because)>,
) -> Proof {
    let Some(assessment) = assessment else {
        return Proof { shown: Shown::NotShown, because: vec![Because::NoCase] };
    };
    let asked = assessment.units.iter().filter(|unit| is_asked(&unit.indicator));
    let said: Vec<_> = asked
        .flat_map(|unit| unit.subjects.iter().map(move |one| (unit.technical, one)))
        .filter_map(|(technical, one)| shows(one, technical))
        .collect();
    let Some(word) = said.iter().map(|(shown, _)| *shown).reduce(worst) else {
        return Proof { shown: Shown::NotShown, because: vec![Because::Nothing] };
    };
    let because = said.into_iter().filter(|(shown, _)| *shown == word).map(|(_, because)| because).collect();
    Proof { shown: word, because }
}

/// Cryptography is used and works (D), or the management unit conforms. Whether algorithm and keys comply are other duties.
fn outcome_shows(one: &Determination, technical: bool) -> Option<(Shown, Because)> {
    let (indicator, subject, outcome) = (one.indicator.clone(), one.subject.clone(), one.counted.outcome);
    if matches!(outcome, Outcome::NotApplicable | Outcome::NoSuchUnit) {
        return None;
    }
    if technical {
        return Some((mark_shows(one.counted.d), Because::Mark(indicator, subject, 'D', one.counted.d)));
    }
    let shown = match outcome {
        Outcome::Conform => Shown::Shown,
        Outcome::NotConform => Shown::Contradicted,
        _ => Shown::NotShown,
    };
    Some((shown, Because::Outcome(indicator, subject, outcome)))
}

/// A of the technical units, and D where no cryptography is used at all.
fn algorithm_shows(one: &Determination, technical: bool) -> Option<(Shown, Because)> {
    if !technical || matches!(one.counted.outcome, Outcome::NotApplicable | Outcome::NoSuchUnit) {
        return None;
    }
    let (letter, mark) = if one.counted.d == Mark::Pass { ('A', one.counted.a) } else { ('D', one.counted.d) };
    Some((mark_shows(mark), Because::Mark(one.indicator.clone(), one.subject.clone(), letter, mark)))
}

fn mark_shows(mark: Mark) -> Shown {
    match mark {
        Mark::Pass => Shown::Shown,
        Mark::Fail => Shown::Contradicted,
        Mark::Unknown | Mark::NotLookedAt => Shown::NotShown,
    }
}
