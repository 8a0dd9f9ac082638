//! Cases in words: facts and what an assessor concludes. The judge's specification, and a test that a user can extend.

use super::judging::{Judging, Measure, NotAJudging};
use super::risk::{RiskState, risks};
use super::rules::Rules;
use super::scene::{Scene, Source};
use super::unit::{Mark, Outcome, Verdict, judge};
use super::word::Word;
use crate::law::Law;
use crate::score::Range;
use dengmi_core::{Date, Decimal, Exact, IndicatorId, Method, StatedValue, date, round_half_up};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A file of cases that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CaseFault {
    /// It has not the form of a file of cases.
    #[error("{message}")]
    Shape {
        /// Counted from 1.
        line: usize,
        /// The reader's words.
        message: String,
    },
    /// There is nothing in it.
    #[error("no case in it: a test of nothing proves nothing")]
    Empty,
    /// A case names an indicator that the law of its day does not have.
    #[error("case {case}: no indicator {indicator} in force on {on}")]
    Indicator {
        /// The case.
        case: Box<str>,
        /// The indicator.
        indicator: IndicatorId,
        /// The day.
        on: Date,
    },
    /// A fact that is not in the vocabulary.
    #[error("case {case}: no fact is called {fact:?}")]
    Fact {
        /// The case.
        case: Box<str>,
        /// The word.
        fact: Box<str>,
    },
    /// The indicator's file does not say how to judge.
    #[error(transparent)]
    Judging(#[from] NotAJudging),
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: Box<str>,
    level: u8,
    indicator: IndicatorId,
    on: toml::value::Datetime,
    #[serde(default)]
    facts: BTreeMap<Box<str>, StatedValue>,
    expect: Expected,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Expected {
    d: Option<Box<str>>,
    a: Option<Box<str>>,
    k: Option<Box<str>>,
    outcome: Option<Box<str>>,
    ra: Option<Decimal>,
    rk: Option<Decimal>,
    score: Option<Decimal>,
    score_low: Option<Decimal>,
    score_high: Option<Decimal>,
    corrected: Option<Decimal>,
    high_risk: Option<Box<str>>,
    high_risk_state: Option<Box<str>>,
}

/// How a case came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseResult {
    /// Everything that the case expects.
    Right,
    /// A value that differs from the one expected.
    Wrong,
    /// Unknown where the case expects a value.
    Unassessed,
    /// Left to a person where the case expects a value.
    NeedsRuling,
}

/// What came out of one case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport {
    /// The case.
    pub id: Box<str>,
    /// How it came out.
    pub result: CaseResult,
    /// What was judged.
    pub got: Got,
    /// What differs: field, expected, got.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<(&'static str, Box<str>, Box<str>)>,
}

/// What was judged, in the words of the cases.
#[derive(Clone, Debug, Serialize)]
pub struct Got {
    /// `pass`, `fail`, `not-looked-at`, `unknown`; `None` for a management unit or where nothing was weighed.
    pub d: Option<&'static str>,
    /// As `d`.
    pub a: Option<&'static str>,
    /// As `d`.
    pub k: Option<&'static str>,
    /// `conform`, `partly`, `not-conform`, `not-applicable`, `unassessed`, `ruling`, `no-such-unit`.
    pub outcome: &'static str,
    /// The score, when it is one figure.
    pub score: Option<Decimal>,
    /// Lowest and highest, when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// After the whole-system step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Decimal>,
    /// The items that are met.
    pub high_risk: Vec<Box<str>>,
    /// The worst state among them.
    pub high_risk_state: &'static str,
}

/// Runs every case of a file.
pub fn run(text: &str, law: &Law) -> Result<Vec<CaseReport>, CaseFault> {
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        CaseFault::Shape { line, message: error.message().into() }
    })?;
    if file.case.is_empty() {
        return Err(CaseFault::Empty);
    }
    let mut days: BTreeMap<Date, Option<Rules>> = BTreeMap::new();
    file.case
        .iter()
        .map(|case| {
            let on = day(case)?;
            let none = || CaseFault::Indicator { case: case.id.clone(), indicator: case.indicator.clone(), on };
            let rules = days.entry(on).or_insert_with(|| Rules::of(law, on)).as_ref().ok_or_else(none)?;
            let indicator =
                law.baseline(on).and_then(|baseline| baseline.indicator(case.indicator.as_str())).ok_or_else(none)?;
            one(case, indicator, rules)
        })
        .collect()
}

fn day(case: &Case) -> Result<Date, CaseFault> {
    let text = case.on.to_string();
    date::read_date(&text).map_err(|error| CaseFault::Shape { line: 0, message: format!("case {}: {error}", case.id) })
}

fn one(case: &Case, indicator: &crate::law::Indicator, rules: &Rules) -> Result<CaseReport, CaseFault> {
    let mut scene = Scene::default();
    for (fact, value) in &case.facts {
        let word = Word::read(fact).ok_or_else(|| CaseFault::Fact { case: case.id.clone(), fact: fact.clone() })?;
        scene.add(word, value.clone(), Source { entry: None, line: None, method: Method::ToolTest });
    }
    let judging = Judging::of(indicator)?;
    let verdict = judge(&judging, indicator.modal_at(case.level), case.level, &scene, rules);
    let risks = risks(&judging, case.level, &scene, rules, &verdict);
    let state = risks.iter().map(|risk| risk.state).max().unwrap_or(RiskState::None);
    let one_figure = verdict.score.filter(|range| range.low == range.high).map(|range| range.low);
    let technical = matches!(judging.measure, Measure::Technical { .. }) && verdict.score.is_some();
    let mark = |mark| technical.then(|| mark_word(mark));
    let got = Got {
        d: mark(verdict.d),
        a: mark(verdict.a),
        k: mark(verdict.k),
        outcome: outcome_word(verdict.outcome),
        score: one_figure,
        range: verdict.score.filter(|range| range.low != range.high),
        corrected: corrected(&scene, &verdict, indicator.id.as_str(), rules),
        high_risk: risks.iter().map(|risk| risk.item.as_str().into()).collect(),
        high_risk_state: state_word(state),
    };
    Ok(compare(case, &verdict, got))
}

/// The whole-system step of a case that states the other layer's scores.
fn corrected(scene: &Scene, verdict: &Verdict, indicator: &str, rules: &Rules) -> Option<Decimal> {
    let rule = rules.scoring.compensation.as_ref()?;
    if !rule.pair.iter().any(|pair| pair.network.as_str() == indicator || pair.application.as_str() == indicator) {
        return None;
    }
    let own = verdict.score.filter(|range| range.low == range.high)?.low.exact();
    let decimals = |word| match scene.get(word)?.value.as_ref()? {
        StatedValue::Words(list) => {
            list.iter().map(|text| text.parse::<Decimal>().ok().map(Decimal::exact)).collect::<Option<Vec<_>>>()
        }
        StatedValue::Word(text) => text.parse::<Decimal>().ok().map(|score| vec![score.exact()]),
        _ => None,
    };
    let others = decimals(Word::ChannelScores).or_else(|| decimals(Word::ApplicationUnitScore))?;
    let lowest = others.into_iter().min()?;
    Some(round_half_up(own.max(rule.factor.exact() * lowest), rule.places))
}

fn compare(case: &Case, verdict: &Verdict, got: Got) -> CaseReport {
    let expect = &case.expect;
    let mut differs: Vec<(&'static str, Box<str>, Box<str>)> = Vec::new();
    let mut open = false;
    let mut ruling = false;
    let mut words = |field, expected: &Option<Box<str>>, got: Option<&str>| {
        let Some(expected) = expected else { return };
        let got = got.unwrap_or("none");
        if &**expected != got {
            match got {
                "unknown" | "unassessed" | "candidate" => open = true,
                "ruling" => ruling = true,
                _ => differs.push((field, expected.clone(), got.into())),
            }
        }
    };
    words("d", &expect.d, got.d);
    words("a", &expect.a, got.a);
    words("k", &expect.k, got.k);
    words("outcome", &expect.outcome, Some(got.outcome));
    words("high_risk_state", &expect.high_risk_state, Some(got.high_risk_state));
    let mut figures = |field, expected: Option<Decimal>, got: Option<Exact>| {
        let Some(expected) = expected else { return };
        match got {
            Some(got) if got == expected.exact() => {}
            Some(got) => differs.push((field, expected.to_string().into(), round_half_up(got, 4).to_string().into())),
            None => open = true,
        }
    };
    let settled = |(low, high): (Exact, Exact)| (low == high).then_some(low);
    figures("ra", expect.ra, settled(verdict.ra));
    figures("rk", expect.rk, settled(verdict.rk));
    figures("score", expect.score, got.score.map(Decimal::exact));
    figures("corrected", expect.corrected, got.corrected.map(Decimal::exact));
    if got.outcome != "ruling" || expect.d.as_deref() != Some("unknown") {
        let low = verdict.score.map(|range| range.low.exact());
        let high = verdict.score.map(|range| range.high.exact());
        figures("score_low", expect.score_low, low);
        figures("score_high", expect.score_high, high);
    }
    if let Some(item) = &expect.high_risk
        && !got.high_risk.contains(item)
    {
        differs.push(("high_risk", item.clone(), got.high_risk.join(" ").into()));
    }
    let result = match (differs.is_empty(), open, ruling) {
        (false, ..) => CaseResult::Wrong,
        (true, _, true) => CaseResult::NeedsRuling,
        (true, true, false) => CaseResult::Unassessed,
        (true, false, false) => CaseResult::Right,
    };
    CaseReport { id: case.id.clone(), result, got, differs }
}

fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Pass => "pass",
        Mark::Fail => "fail",
        Mark::Unknown => "unknown",
        Mark::NotLookedAt => "not-looked-at",
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Conform => "conform",
        Outcome::Partly => "partly",
        Outcome::NotConform => "not-conform",
        Outcome::NotApplicable => "not-applicable",
        Outcome::Unassessed => "unassessed",
        Outcome::NeedsRuling => "ruling",
        Outcome::NoSuchUnit => "no-such-unit",
    }
}

fn state_word(state: RiskState) -> &'static str {
    match state {
        RiskState::None => "none",
        RiskState::Mitigated => "mitigated",
        RiskState::Candidate => "candidate",
        RiskState::Open => "open",
    }
}
