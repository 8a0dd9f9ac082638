//! 量化评分: object, unit, whole-system step, layer, total, conclusion. Exact rationals, rounded half up only where the
//! quantification rules round.
//!
//! One scorer does both: a finished assessment, where lowest and highest value of every object are the same, and one with
//! open questions, where the total is the interval that it can still reach. All steps are monotone, so nothing lies outside
//! the interval, and its ends are reached unless a channel that compensates may itself turn out not to apply.

mod system;
mod table;

pub use system::{
    Compensation, CompensationStep, GroupScore, LayerScore, ObjectScore, Part, Refusal, Score, Scored, UnitScore, score,
};
pub use table::{
    Answer, CompensationRow, ManagementResult, ManagementRow, Mark, ObjectRow, Row, Table, TableError, TableFault,
    Warning, table,
};

use crate::law::{ConclusionRule, Scoring};
use dengmi_core::{Decimal, Exact, Text, round_half_up};
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;

/// The lowest and the highest value that a score can still take; both are the same where nothing is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Lowest.
    pub low: Decimal,
    /// Highest.
    pub high: Decimal,
}

impl Range {
    /// A value that is settled.
    pub fn point(value: Decimal) -> Range {
        Range { low: value, high: value }
    }

    /// The value, where it is settled.
    pub fn settled(self) -> Option<Decimal> {
        (self.low == self.high).then_some(self.low)
    }
}

impl Serialize for Range {
    /// A settled value is a decimal string, an open one `{"low":…,"high":…}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Open {
            low: Decimal,
            high: Decimal,
        }
        match self.settled() {
            Some(value) => value.serialize(serializer),
            None => Open { low: self.low, high: self.high }.serialize(serializer),
        }
    }
}

/// Whether one of D, A and K passes; `None` is not known.
pub type Passes = Option<bool>;

/// 测评对象得分: the score of one object. `ra` and `rk` are the lowest and the highest that they can be; an edition without
/// correction parameters takes neither.
pub fn object(rules: &Scoring, [d, a, k]: [Passes; 3], ra: (Exact, Exact), rk: (Exact, Exact)) -> Range {
    let one = Exact::from_integer(1);
    let ra = if rules.ra.is_empty() { (one, one) } else { ra };
    let rk = if rules.rk.is_empty() { (one, one) } else { rk };
    let ends = |(low, high): (Exact, Exact)| std::iter::once(low).chain((low != high).then_some(high));
    let figures = &rules.object;
    let can_be =
        |passes: Passes| [true, false].into_iter().filter(move |wanted| passes.is_none_or(|known| known == *wanted));
    let mut scores = Vec::new();
    for d in can_be(d) {
        if !d {
            scores.push(figures.d_fails.exact());
            continue;
        }
        for (a, k) in can_be(a).flat_map(|a| can_be(k).map(move |k| (a, k))) {
            for (ra, rk) in ends(ra).flat_map(|ra| ends(rk).map(move |rk| (ra, rk))) {
                scores.push(match (a, k) {
                    (true, true) => figures.all_pass.exact(),
                    (false, true) => figures.a_fails.exact() * ra,
                    (true, false) => figures.k_fails.exact() * rk,
                    (false, false) => figures.both_fail.exact() * ra * rk,
                });
            }
        }
    }
    let low = scores.iter().min().copied().unwrap_or_default();
    let high = scores.iter().max().copied().unwrap_or_default();
    Range { low: round_half_up(low, figures.places), high: round_half_up(high, figures.places) }
}

/// 测评结论. What the evidence would give: only a qualified body concludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// 不符合.
    NotConform,
    /// 基本符合.
    Basically,
    /// 符合.
    Conform,
}

impl Conclusion {
    /// From a total and whether a high risk is left open.
    pub fn of(rules: &ConclusionRule, total: Decimal, open_high_risk: bool) -> Conclusion {
        if open_high_risk || total.exact() < rules.threshold.exact() {
            Conclusion::NotConform
        } else if total.exact() < rules.full.exact() {
            Conclusion::Basically
        } else {
            Conclusion::Conform
        }
    }

    /// Every word that can still come out. A candidate, or a total with open questions, keeps the conclusion open.
    pub fn possible(rules: &ConclusionRule, total: Range, open: usize, candidates: usize) -> BTreeSet<Conclusion> {
        let (low, high) = (Self::of(rules, total.low, open > 0), Self::of(rules, total.high, open > 0));
        let risk = (candidates > 0).then_some(Conclusion::NotConform);
        let reached = [Conclusion::NotConform, Conclusion::Basically, Conclusion::Conform];
        reached.into_iter().filter(|word| low <= *word && *word <= high).chain(risk).collect()
    }

    /// The word of the rules, in both languages.
    pub fn word(self, rules: &ConclusionRule) -> &Text {
        match self {
            Conclusion::NotConform => &rules.not_conform,
            Conclusion::Basically => &rules.basically,
            Conclusion::Conform => &rules.conform,
        }
    }
}
