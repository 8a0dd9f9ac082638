//! 高风险: which listed problems are met, and what state that leaves. The general items 5.1 to 5.3 sharpen a unit only if that
//! unit could be high-risk without cryptography too (FAQ 35).

use super::judging::Judging;
use super::look::Look;
use super::predicate::find;
use super::rules::Rules;
use super::scene::Scene;
use super::truth::{Doubt, Step, Truth};
use super::unit::{Mark, Outcome, Verdict, Weighed};
use super::word::Word;
use dengmi_core::ItemId;
use serde::Serialize;

/// 高风险状态.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RiskState {
    /// 无.
    None,
    /// 已缓解: a tested fact covers the problem. The score stays.
    Mitigated,
    /// 待定: a trigger is met that a person must decide. Keeps the conclusion open.
    Candidate,
    /// 高风险.
    Open,
}

/// One item that a subject meets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RiskFinding {
    /// The item.
    pub item: ItemId,
    /// The listed problem: `absent`, `weak`, `uncertified` …
    pub problem: Box<str>,
    /// Its state.
    pub state: RiskState,
    /// The mitigation that covers it, by its name in the guide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mitigation: Option<Box<str>>,
    /// The assessor who decided the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruled_by: Option<Box<str>>,
    /// What shows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Step>,
}

/// Every item that the verdict meets.
pub fn risks(judging: &Judging, level: u8, scene: &Scene, rules: &Rules, verdict: &Verdict) -> Vec<RiskFinding> {
    let own = rules
        .high_risk
        .item
        .iter()
        .find(|item| !item.indicators.is_empty() && item.concerns(judging.indicator.as_str(), level));
    let Some(own) = own else { return Vec::new() };
    let look = Look::new(scene, level, rules.on, judging.function, rules);
    let mut found = Vec::new();
    let mut find_risk = |item: &str, problem: &str, state, mitigation, because| {
        found.push(RiskFinding {
            item: item.into(),
            problem: problem.into(),
            state,
            mitigation,
            ruled_by: None,
            because,
        });
    };
    match &verdict.weighed {
        Weighed::Nothing => return found,
        Weighed::Management { written, lived } => {
            let because = vec![written.clone(), lived.clone()];
            match verdict.outcome {
                Outcome::NotConform => {
                    let (state, name) = mitigation(judging, own, "absent", &look, RiskState::Open);
                    find_risk(own.id.as_str(), "absent", state, name, because);
                }
                // A plan that did not pass its review is listed too.
                Outcome::Partly if lived.truth_of("plan-passed") == Some(Truth::No) && own.mitigable => {
                    find_risk(own.id.as_str(), "absent", RiskState::Candidate, None, because);
                }
                _ => {}
            }
        }
        Weighed::Technical { d, .. } => {
            let by_ruling = d.waits();
            match verdict.d {
                Mark::Fail => {
                    let mechanism = d.walk().into_iter().any(|step| step.truth == Truth::No && says_absent(step.rule));
                    let problem = if mechanism { "absent" } else { "ineffective" };
                    let decided = d.doubts().iter().all(|(doubt, _)| *doubt != Doubt::OneWayAtLevel4);
                    let open_at_once =
                        judging.open_when.as_ref().is_none_or(|when| when.hold(&look).truth == Truth::Yes);
                    let otherwise = if decided && open_at_once { RiskState::Open } else { RiskState::Candidate };
                    let (state, name) = mitigation(judging, own, problem, &look, otherwise);
                    find_risk(own.id.as_str(), problem, state, name, failing(d));
                }
                Mark::Unknown if by_ruling => {
                    find_risk(own.id.as_str(), "ineffective", RiskState::Candidate, None, vec![d.clone()])
                }
                Mark::Unknown | Mark::Pass | Mark::NotLookedAt => {}
            }
            if verdict.d != Mark::Fail
                && verdict.d != Mark::Unknown
                && own.problem.iter().any(|problem| &*problem.id == "uncertified")
                && let Some(step) = find("uncertified").map(|predicate| look.ask(predicate))
                && step.truth == Truth::Yes
            {
                find_risk(own.id.as_str(), "uncertified", RiskState::Candidate, None, vec![step]);
            }
            general(&look, verdict, &mut find_risk);
        }
    }
    found.sort_by(|left, right| right.state.cmp(&left.state).then_with(|| left.item.cmp(&right.item)));
    found
}

fn says_absent(rule: &str) -> bool {
    rule.ends_with("by-cryptography")
        || [
            "peer-authenticated",
            "records-are-encrypted",
            "records-have-integrity",
            "management-is-protected",
            "signed-by-the-signer",
        ]
        .contains(&rule)
}

/// The failing leaves: what a reader wants to see first.
fn failing(step: &Step) -> Vec<Step> {
    step.walk().into_iter().filter(|step| step.parts.is_empty() && step.truth == Truth::No).cloned().collect()
}

/// The state of a problem and the mitigation that covers it. While it is open whether one does, a person decides.
fn mitigation(
    judging: &Judging,
    item: &crate::law::HighRiskItem,
    problem: &str,
    look: &Look<'_>,
    otherwise: RiskState,
) -> (RiskState, Option<Box<str>>) {
    let mut state = otherwise;
    for (name, shown) in judging.mitigated.iter().filter(|_| item.mitigable) {
        // One entry of ours may rest on practice that the guide does not list by name.
        let covers = item.mitigation.iter().find(|rule| rule.id == *name).and_then(|rule| rule.covers.as_ref());
        if covers.is_some_and(|covers| !covers.iter().any(|covered| &**covered == problem)) {
            continue;
        }
        match shown.hold(look).truth {
            Truth::Yes => return (RiskState::Mitigated, Some(name.clone())),
            Truth::Unknown => state = RiskState::Candidate,
            Truth::No => {}
        }
    }
    (state, None)
}

/// Items 5.1 to 5.3.
fn general(
    look: &Look<'_>,
    verdict: &Verdict,
    find_risk: &mut impl FnMut(&str, &str, RiskState, Option<Box<str>>, Vec<Step>),
) {
    let serves = verdict.d != Mark::Fail;
    if serves {
        for part in &look.components().parts {
            if let Some((item, named)) = part.verdict.as_ref().and_then(|verdict| verdict.risk.as_ref()) {
                let problem = if part.is_protocol { "flawed" } else { "weak" };
                let state = if *named { RiskState::Open } else { RiskState::Candidate };
                find_risk(
                    item,
                    problem,
                    state,
                    None,
                    find("components-comply").map(|predicate| look.ask(predicate)).into_iter().collect(),
                );
            }
        }
        if verdict.doubts.iter().any(|(doubt, _)| *doubt == Doubt::ElectronicCodebook) {
            find_risk("HR-5.1", "weak", RiskState::Candidate, None, vec![]);
        }
    }
    if look.peek_word(Word::Implementation) == Some("self-made") && look.peek_truth(Word::SecurityProof) == Some(false)
    {
        let step = find("not-self-made-without-proof").map(|predicate| look.ask(predicate));
        find_risk("HR-5.3", "self-made", RiskState::Open, None, step.into_iter().collect());
    }
    let hazard = find("no-key-hazard").map(|predicate| look.ask(predicate));
    let exposed = matches!(look.peek_word(Word::KeyPlace), Some("configuration-file" | "source-code"));
    if serves && (exposed || hazard.as_ref().is_some_and(|step| step.truth == Truth::No)) {
        find_risk("HR-5.3", "key-hazard", RiskState::Candidate, None, hazard.into_iter().collect());
    }
}
