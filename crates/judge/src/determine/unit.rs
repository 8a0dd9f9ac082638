//! 判定: one unit on one subject. Applicability first, then D, A and K (or conformity), then the outcome that follows.

use super::judging::{Judging, Measure};
use super::look::Look;
use super::rules::Rules;
use super::scene::Scene;
use super::truth::{Bind, Doubt, Step, Truth};
use super::word::Word;
use crate::law::Modal;
use crate::score::{self, Range};
use dengmi_core::system::Ruled;
use dengmi_core::{Decimal, Exact, round_half_up};
use num_traits::One;
use serde::Serialize;

/// 判定结果.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// 符合.
    Conform,
    /// 部分符合.
    Partly,
    /// 不符合.
    NotConform,
    /// 不适用.
    NotApplicable,
    /// 未测评: facts are missing.
    Unassessed,
    /// 待裁定: reasonable assessors differ.
    NeedsRuling,
    /// The level has no such unit: it must not be listed at all.
    NoSuchUnit,
}

/// One of D, A and K.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// √
    Pass,
    /// ×
    Fail,
    /// Facts are missing, or a person must rule.
    Unknown,
    /// / : D failed.
    NotLookedAt,
}

impl From<Truth> for Mark {
    fn from(truth: Truth) -> Mark {
        match truth {
            Truth::Yes => Mark::Pass,
            Truth::No => Mark::Fail,
            Truth::Unknown => Mark::Unknown,
        }
    }
}

/// 适用性, decided before judging.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Applicability {
    /// 适用.
    Applies,
    /// The level has no such unit.
    NoSuchUnit,
    /// 可, and the owner leaves it out on paper.
    Excluded,
    /// 不适用, argued and accepted.
    Argued,
    /// 不适用: there is no such object.
    NoObject {
        /// Why.
        because: Step,
    },
    /// 结果复用.
    Reused,
    /// Nobody has decided, or the object's existence is not known.
    Open {
        /// Why, where a predicate was asked.
        because: Option<Step>,
    },
}

/// What was weighed, with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Weighed {
    /// Nothing: see the applicability.
    Nothing,
    /// D, A and K; A and K only when D did not fail.
    Technical {
        /// 密码使用有效性.
        d: Step,
        /// 密码算法/技术合规性.
        a: Option<Step>,
        /// 密钥管理安全性.
        k: Option<Step>,
    },
    /// Conformity.
    Management {
        /// Is it there at all?
        written: Step,
        /// Is it lived?
        lived: Step,
    },
}

/// The verdict on one unit and subject, computed from facts alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Before judging.
    pub applicability: Applicability,
    /// The reasons.
    pub weighed: Weighed,
    /// D.
    pub d: Mark,
    /// A.
    pub a: Mark,
    /// K.
    pub k: Mark,
    /// What follows from them.
    pub outcome: Outcome,
    /// Ra, lowest and highest; 1 where A passes. Where A is not looked at: what it would be, should a ruling fail A.
    #[serde(skip)]
    pub ra: (Exact, Exact),
    /// Rk, lowest and highest; 1 where K passes.
    #[serde(skip)]
    pub rk: (Exact, Exact),
    /// The object's score; `None` where it is not applicable.
    pub score: Option<Range>,
    /// Facts that would decide what is open.
    pub missing: Vec<Word>,
    /// What a person must look at.
    pub doubts: Vec<(Doubt, Bind)>,
}

/// Judges one unit on one subject.
pub fn judge(judging: &Judging, modal: Modal, level: u8, scene: &Scene, rules: &Rules) -> Verdict {
    let look = Look::new(scene, level, rules.on, judging.function, rules);
    let mut missing = Vec::new();
    let applicability = applicability(judging, modal, &look, &mut missing);
    match &applicability {
        Applicability::Applies => {}
        Applicability::Reused => return reused(&look),
        Applicability::Open { because } => {
            missing.extend(because.iter().flat_map(Step::open_questions));
            let doubts = because.iter().flat_map(Step::doubts).collect();
            return nothing(applicability, Outcome::Unassessed, missing, doubts, rules);
        }
        Applicability::NoSuchUnit => return nothing(applicability, Outcome::NoSuchUnit, missing, vec![], rules),
        Applicability::Excluded | Applicability::Argued | Applicability::NoObject { .. } => {
            return nothing(applicability, Outcome::NotApplicable, missing, vec![], rules);
        }
    }
    match &judging.measure {
        Measure::Technical { d, a, k } => {
            let d = d.hold(&look);
            let looked_at = d.truth != Truth::No;
            let (a, k) = (looked_at.then(|| a.hold(&look)), looked_at.then(|| k.hold(&look)));
            technical(&look, d, a, k)
        }
        Measure::Management { written, lived } => management(written.hold(&look), lived.hold(&look), rules),
    }
}

fn applicability(judging: &Judging, modal: Modal, look: &Look<'_>, missing: &mut Vec<Word>) -> Applicability {
    if modal == Modal::None {
        return Applicability::NoSuchUnit;
    }
    let open = |because| Applicability::Open { because };
    let never_out = judging.indicator.as_str().starts_with("EMG-") && look.rules.stance("emergency-units").is_some();
    match look.peek_word(Word::OwnerDecision) {
        Some("not-applicable") if !never_out => {
            let on_paper = look.peek_truth(Word::ArgumentArtifact) == Some(true);
            if on_paper && look.peek_truth(Word::AssessorAccepts) == Some(true) {
                return Applicability::Argued;
            }
            missing.push(if on_paper { Word::AssessorAccepts } else { Word::ArgumentArtifact });
            return open(None);
        }
        Some("excluded") if modal == Modal::May => {
            if look.peek_truth(Word::OwnerArtifact) == Some(true) {
                return Applicability::Excluded;
            }
            missing.push(Word::OwnerArtifact);
            return open(None);
        }
        Some("included") => {}
        _ if modal == Modal::May => {
            missing.push(Word::OwnerDecision);
            return open(None);
        }
        _ => {}
    }
    if look.peek_truth(Word::Reuse) == Some(true) {
        return reuse(look, missing);
    }
    let Some(absent_when) = &judging.absent_when else { return Applicability::Applies };
    let absent = absent_when.hold(look);
    match absent.truth {
        Truth::Yes => Applicability::NoObject { because: absent },
        Truth::No => Applicability::Applies,
        Truth::Unknown => open(Some(absent)),
    }
}

/// A platform's result counts when its level is not below ours, it passed, and its report is current.
fn reuse(look: &Look<'_>, missing: &mut Vec<Word>) -> Applicability {
    let conditions = [
        (Word::PlatformLevel, look.number(Word::PlatformLevel).map(|level| level >= i64::from(look.level))),
        (
            Word::PlatformConclusion,
            look.word(Word::PlatformConclusion).map(|word| ["compliant", "basically-compliant"].contains(&word)),
        ),
        (Word::PlatformReportCurrent, look.truth(Word::PlatformReportCurrent)),
        (Word::PlatformUnitOutcome, look.word(Word::PlatformUnitOutcome).map(|_| true)),
        (Word::ExtendedTestDone, Some(look.peek_truth(Word::ExtendedTestDone).unwrap_or(true))),
    ];
    if conditions.iter().any(|(_, holds)| *holds == Some(false)) {
        return Applicability::Applies;
    }
    missing.extend(conditions.iter().filter(|(_, holds)| holds.is_none()).map(|(word, _)| *word));
    if missing.is_empty() { Applicability::Reused } else { Applicability::Open { because: None } }
}

fn reused(look: &Look<'_>) -> Verdict {
    let (mark, outcome) = match look.word(Word::PlatformUnitOutcome) {
        Some("conform") => (Mark::Pass, Outcome::Conform),
        Some("not-conform") => (Mark::Fail, Outcome::NotConform),
        Some("not-applicable") => (Mark::NotLookedAt, Outcome::NotApplicable),
        // Partly is a figure between; which, stands in the platform's report.
        Some("partly") => (Mark::Unknown, Outcome::Partly),
        _ => (Mark::Unknown, Outcome::Unassessed),
    };
    let rest = if mark == Mark::Fail { Mark::NotLookedAt } else { mark };
    Verdict {
        applicability: Applicability::Reused,
        weighed: Weighed::Nothing,
        d: mark,
        a: rest,
        k: rest,
        outcome,
        ra: ONE,
        rk: ONE,
        score: (outcome != Outcome::NotApplicable).then(|| score_of([mark, rest, rest], ONE, ONE, look.rules)),
        missing: if outcome == Outcome::Unassessed { vec![Word::PlatformUnitOutcome] } else { vec![] },
        doubts: vec![],
    }
}

pub(super) const ONE: (Exact, Exact) = (Exact::new_raw(1, 1), Exact::new_raw(1, 1));

fn nothing(
    applicability: Applicability,
    outcome: Outcome,
    mut missing: Vec<Word>,
    doubts: Vec<(Doubt, Bind)>,
    rules: &Rules,
) -> Verdict {
    missing.sort_unstable();
    missing.dedup();
    let open = outcome == Outcome::Unassessed;
    let mark = if open { Mark::Unknown } else { Mark::NotLookedAt };
    Verdict {
        applicability,
        weighed: Weighed::Nothing,
        d: mark,
        a: mark,
        k: mark,
        outcome,
        ra: ONE,
        rk: ONE,
        score: open.then(|| score_of([Mark::Unknown; 3], ONE, ONE, rules)),
        missing,
        doubts,
    }
}

/// D, A and K to outcome and score.
fn technical(look: &Look<'_>, d: Step, a: Option<Step>, k: Option<Step>) -> Verdict {
    // While D is open A and K are not won; what is certain to fail is shown.
    let while_open = |truth: Truth| if d.truth == Truth::Yes || truth == Truth::No { truth } else { Truth::Unknown };
    let of = |step: &Option<Step>| step.as_ref().map_or(Mark::NotLookedAt, |step| while_open(step.truth).into());
    let marks = [d.truth.into(), of(&a), of(&k)];
    let rules = look.rules;
    let ra = if marks[1] == Mark::Pass { ONE } else { look.components().ra(rules) };
    let rk = k.as_ref().map_or(ONE, |k| rk(look, k));
    let mut missing: Vec<Word> = Vec::new();
    let mut doubts: Vec<(Doubt, Bind)> = Vec::new();
    for (step, mark) in [(Some(&d), marks[0]), (a.as_ref(), marks[1]), (k.as_ref(), marks[2])] {
        let Some(step) = step else { continue };
        if mark == Mark::Unknown {
            missing.extend(step.open_questions());
        }
        doubts.extend(step.doubts());
    }
    missing.sort_unstable();
    missing.dedup();
    doubts.sort_unstable();
    doubts.dedup();
    let ruling = |step: Option<&Step>| step.is_some_and(Step::waits);
    // An open D waits for its own ruling; of A and K only while they could still pass.
    let waits = match marks[0] {
        Mark::Fail => false,
        Mark::Unknown => ruling(Some(&d)),
        _ => (ruling(a.as_ref()) && marks[1] != Mark::Fail) || (ruling(k.as_ref()) && marks[2] != Mark::Fail),
    };
    let outcome = outcome_of(marks);
    let outcome = if waits && matches!(outcome, Outcome::Unassessed | Outcome::Conform | Outcome::Partly) {
        Outcome::NeedsRuling
    } else {
        outcome
    };
    Verdict {
        applicability: Applicability::Applies,
        weighed: Weighed::Technical { d, a, k },
        d: marks[0],
        a: marks[1],
        k: marks[2],
        outcome,
        ra,
        rk,
        score: Some(score_of(marks, ra, rk, rules)),
        missing,
        doubts,
    }
}

/// What the three marks leave open, as one outcome where they leave only one.
pub(super) fn outcome_of(marks: [Mark; 3]) -> Outcome {
    match marks {
        [Mark::Fail, ..] => Outcome::NotConform,
        [Mark::Pass, Mark::Pass, Mark::Pass] => Outcome::Conform,
        [Mark::Pass, a, k] if a == Mark::Fail || k == Mark::Fail => Outcome::Partly,
        _ => Outcome::Unassessed,
    }
}

/// The object's score over everything that the marks leave open.
pub(super) fn score_of(marks: [Mark; 3], ra: (Exact, Exact), rk: (Exact, Exact), rules: &Rules) -> Range {
    let passes = marks.map(|mark| match mark {
        Mark::Pass => Some(true),
        Mark::Fail => Some(false),
        Mark::Unknown | Mark::NotLookedAt => None,
    });
    score::object(&rules.scoring, passes, ra, rk)
}

/// What an assessor's marks make of a verdict: they stand in the place of the machine's, beside which they are printed.
pub fn resolve(verdict: &Verdict, ruled: [Option<Ruled>; 3], rules: &Rules) -> ([Mark; 3], Outcome, Option<Range>) {
    let mut marks = [verdict.d, verdict.a, verdict.k];
    for (mark, ruled) in marks.iter_mut().zip(ruled) {
        match ruled {
            Some(Ruled::Pass) => *mark = Mark::Pass,
            Some(Ruled::Fail) => *mark = Mark::Fail,
            None => {}
        }
    }
    if marks[0] != Mark::Fail {
        // What was not looked at because the machine's D failed is open now.
        for mark in marks.iter_mut().filter(|mark| **mark == Mark::NotLookedAt) {
            *mark = Mark::Unknown;
        }
    } else {
        marks = [Mark::Fail, Mark::NotLookedAt, Mark::NotLookedAt];
    }
    (marks, outcome_of(marks), Some(score_of(marks, verdict.ra, verdict.rk, rules)))
}

/// Rk is raised only if the grade is the sole failure of K, by exactly one grade.
fn rk(look: &Look<'_>, k: &Step) -> (Exact, Exact) {
    let raised = look.rules.scoring.rk(look.level).and_then(|rule| rule.raised).map(|raised| raised.exact());
    let (Some(raised), true) = (raised, k.truth != Truth::Yes) else { return ONE };
    let grade = k.truth_of("grade-sufficient");
    let others = least_but(k, "grade-sufficient");
    let needed = i64::from(super::predicate::needed_grade(look));
    let one_below = look.number(Word::ProductGrade).is_none_or(|grade| grade == needed - 1);
    match (grade, others) {
        (Some(Truth::No), Some(Truth::Yes)) if one_below => (raised, raised),
        (Some(Truth::No | Truth::Unknown), Some(Truth::Yes | Truth::Unknown)) if one_below => (Exact::one(), raised),
        _ => ONE,
    }
}

/// The least truth of all predicates of a tree but one.
fn least_but(step: &Step, rule: &str) -> Option<Truth> {
    match step.parts.is_empty() {
        true => (step.rule != rule).then_some(step.truth),
        false => step.parts.iter().filter_map(|part| least_but(part, rule)).min(),
    }
}

fn management(written: Step, lived: Step, rules: &Rules) -> Verdict {
    let unit = &rules.scoring.unit;
    let figure = |figure: Decimal| round_half_up(figure.exact(), unit.places);
    let range = |low, high| Range { low: figure(low), high: figure(high) };
    let (outcome, score) = match (written.truth, lived.truth) {
        (Truth::No, _) => (Outcome::NotConform, range(unit.not_conform, unit.not_conform)),
        (Truth::Yes, Truth::Yes) => (Outcome::Conform, range(unit.conform, unit.conform)),
        (Truth::Yes, Truth::No) => (Outcome::Partly, range(unit.partly, unit.partly)),
        (Truth::Yes, Truth::Unknown) => (Outcome::Unassessed, range(unit.partly, unit.conform)),
        (Truth::Unknown, Truth::No) => (Outcome::Unassessed, range(unit.not_conform, unit.partly)),
        (Truth::Unknown, _) => (Outcome::Unassessed, range(unit.not_conform, unit.conform)),
    };
    let mut missing = Vec::new();
    if outcome == Outcome::Unassessed {
        missing.extend(written.open_questions());
        missing.extend(lived.open_questions());
        missing.sort_unstable();
        missing.dedup();
    }
    let mut doubts = written.doubts();
    doubts.extend(lived.doubts());
    let waits = outcome == Outcome::Unassessed && doubts.iter().any(|(_, bind)| *bind == Bind::Ruling);
    let outcome = if waits { Outcome::NeedsRuling } else { outcome };
    Verdict {
        applicability: Applicability::Applies,
        weighed: Weighed::Management { written, lived },
        d: Mark::NotLookedAt,
        a: Mark::NotLookedAt,
        k: Mark::NotLookedAt,
        outcome,
        ra: ONE,
        rk: ONE,
        score: Some(score),
        missing,
        doubts,
    }
}
