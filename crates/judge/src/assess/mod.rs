//! 测评: from the law of a day, a described system and what was observed to every determination, the score and the conclusion.
//!
//! One order: applicability → subjects → D, A, K → unit → whole-system step → layers → total → risk → conclusion.

mod beside;
mod evidence;
mod gather;
mod index;

pub use beside::Beside;
pub use evidence::{Evidence, Said};

use crate::determine::{
    Answerer, Applicability, Bind, Judging, Mark, NotAJudging, Outcome, RiskFinding, RiskState, Rules, Scene, Source,
    Verdict, Word, judge, resolve, risks,
};
use crate::law::{Baseline, Group, Indicator, Law, LayerId, Modal};
use crate::score::{Compensation, Conclusion, Range, Refusal, Score, Scored, score};
use dengmi_core::system::{MANAGEMENT, Named, RuledRisk, Ruling, ScopeDecision, SubjectKind};
use dengmi_core::{Date, EntryNumber, IndicatorId, Method, ObservedId, StatedValue, SubjectId};
use gather::{Gather, IssuerRule};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The subject of a unit for which the description names none.
pub const NONE_LISTED: &str = "none-listed";

/// Why there is no assessment.
#[derive(Debug, thiserror::Error)]
pub enum NotAssessable {
    /// The baseline has chapters for levels 1 to 4 only.
    #[error("level {0} has no units of its own: the standard's chapters go from level 1 to level 4")]
    Level(u8),
    /// One of the instruments was not in force.
    #[error("no complete law is in force on {0}: baseline, quantification rules and high-risk guide are needed")]
    Law(Date),
    /// An indicator file does not say how to judge.
    #[error(transparent)]
    Judging(#[from] NotAJudging),
}

/// 测评结果.
#[derive(Clone, Debug, Serialize)]
pub struct Assessment {
    /// The day of judgement.
    #[serde(with = "dengmi_core::date::as_date")]
    pub on: Date,
    /// 密码应用等级.
    pub level: u8,
    /// The edition of the quantification rules.
    pub edition: Box<str>,
    /// Every unit of the level, in the standard's order.
    pub units: Vec<Unit>,
    /// The score, or why the rules give none.
    #[serde(serialize_with = "score_or_refusal")]
    pub score: Result<Score, Refusal>,
    /// What the evidence would give.
    pub conclusion: Vec<Conclusion>,
    /// Why the conclusion is not settled, when it is not.
    pub open: Openness,
    /// What somebody must answer, by who can.
    pub questions: Vec<Question>,
    /// Things observed that belong to no subject.
    pub unlisted: Vec<ObservedId>,
    /// Who confirmed the list of subjects; `None`: provisional.
    pub confirmed: Option<Box<str>>,
}

/// 测评单元.
#[derive(Clone, Debug, Serialize)]
pub struct Unit {
    /// 测评指标.
    pub indicator: IndicatorId,
    /// 安全层面.
    pub layer: LayerId,
    /// Technical or management.
    pub technical: bool,
    /// 条款 at the level.
    pub clause: Box<str>,
    /// 可、宜、应.
    #[serde(serialize_with = "modal_word")]
    pub modal: Modal,
    /// Its subjects.
    pub subjects: Vec<Determination>,
    /// 符合, 部分符合 …: over all subjects that apply.
    pub outcome: Outcome,
}

/// 判定: one unit on one subject.
#[derive(Clone, Debug, Serialize)]
pub struct Determination {
    /// 测评指标.
    pub indicator: IndicatorId,
    /// 测评对象.
    pub subject: SubjectId,
    /// The line of `system.toml` that names the subject.
    pub line: Option<u32>,
    /// What the facts give.
    pub verdict: Verdict,
    /// What an assessor ruled, beside it.
    pub ruling: Option<Ruled>,
    /// D, A, K and outcome that count: the ruling's where there is one.
    pub counted: Counted,
    /// High-risk items that are met.
    pub risks: Vec<RiskFinding>,
    /// What it is as a finding; `None`: nothing to find.
    pub severity: Option<Severity>,
    /// What was observed of it.
    pub observed: Vec<ObservedId>,
    /// What was seen there and decides nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
}

/// The marks that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// D.
    pub d: Mark,
    /// A.
    pub a: Mark,
    /// K.
    pub k: Mark,
    /// The outcome.
    pub outcome: Outcome,
    /// The object's own score.
    pub score: Option<Range>,
}

/// 人工裁定 as it counts.
#[derive(Clone, Debug, Serialize)]
pub struct Ruled {
    /// The assessor.
    pub by: Box<str>,
    /// When.
    #[serde(with = "dengmi_core::date::as_date")]
    pub on: Date,
    /// Why.
    pub reason: Box<str>,
    /// Where it stands.
    pub source: Source,
}

/// 风险等级 of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// 低.
    Low,
    /// 中.
    Medium,
    /// 高.
    High,
}

/// Why the conclusion is open.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Openness {
    /// Determinations without an outcome.
    pub unassessed: usize,
    /// Determinations that wait for a ruling.
    pub rulings: usize,
    /// High-risk candidates that a person must decide.
    pub candidates: usize,
    /// High risks that are open.
    pub open_high_risks: usize,
    /// Values that a person must confirm before a final report.
    pub confirmations: usize,
    /// Is the list of subjects confirmed?
    pub subjects_confirmed: bool,
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Question {
    /// Who can usually answer.
    pub answerer: Answerer,
    /// Which fact.
    pub word: Word,
    /// For what.
    pub about: Vec<(IndicatorId, SubjectId)>,
}

/// Assesses a system.
///
/// # Errors
///
/// [`NotAssessable`]: a level or a day for which there is no law, or a pack that does not say how to judge.
pub fn assess(law: &Law, evidence: &Evidence<'_>, level: u8, on: Date) -> Result<Assessment, NotAssessable> {
    if !(1..=4).contains(&level) {
        return Err(NotAssessable::Level(level));
    }
    let rules = Rules::of(law, on).ok_or(NotAssessable::Law(on))?;
    let baseline = law.baseline(on).ok_or(NotAssessable::Law(on))?;
    let issuer = rules.stance("product-issuer").and_then(|rule| rule.date);
    let judged = baseline
        .indicators_at(level)
        .map(|indicator| Ok((indicator, Judging::of(indicator)?)))
        .collect::<Result<Vec<_>, _>>();
    let judged: Vec<(&Indicator, Judging)> = judged.map_err(NotAssessable::Judging)?;
    let mut work = Vec::new();
    let all = evidence.system.subjects();
    for (indicator, judging) in &judged {
        for named in subjects(indicator, evidence, &all) {
            let (kind, subject) = (named.kind, named.id.as_str());
            let gather = Gather {
                evidence,
                issuer: IssuerRule { from: issuer },
                indicator: indicator.id.as_str(),
                subject,
                line: (named.line > 0).then_some(named.line),
                scene: Scene::default(),
            };
            let scene = gather.scene(kind);
            let verdict = judge(judging, indicator.modal_at(level), level, &scene, &rules);
            work.push(Work { indicator, judging, named, scene, verdict, counted: None, risks: Vec::new() });
        }
    }
    for item in &mut work {
        item.count(evidence, &rules);
    }
    across_subjects(&mut work, evidence, level, &rules);
    Ok(conclude(work, evidence, baseline, level, &rules))
}

/// One unit on one subject, while it is worked on.
struct Work<'a> {
    indicator: &'a Indicator,
    judging: &'a Judging,
    named: Named,
    scene: Scene,
    verdict: Verdict,
    counted: Option<Counted>,
    risks: Vec<RiskFinding>,
}

/// The subjects of an indicator, those left out by decision not among them. One without any has a stand-in.
fn subjects(indicator: &Indicator, evidence: &Evidence<'_>, all: &[Named]) -> Vec<Named> {
    let kind = indicator.subject;
    let needs = |named: &Named| {
        kind != SubjectKind::DataKind
            || evidence
                .index
                .data
                .get(named.id.as_str())
                .is_some_and(|data| data.needs.iter().any(|need| need.indicator() == indicator.id.as_str()))
    };
    let left_out = |named: &Named| {
        evidence.system.scope.iter().any(|scope| {
            scope.decision == ScopeDecision::NotASubject
                && **scope.unit.get_ref() == *indicator.id.as_str()
                && scope.subject.as_ref().is_some_and(|subject| **subject.get_ref() == *named.id.as_str())
        })
    };
    let found: Vec<Named> =
        all.iter().filter(|named| named.kind == kind && needs(named) && !left_out(named)).cloned().collect();
    if found.is_empty() { vec![Named { id: NONE_LISTED.into(), kind, line: 0 }] } else { found }
}

impl Work<'_> {
    fn id(&self) -> &str {
        self.indicator.id.as_str()
    }

    fn subject(&self) -> &str {
        self.named.id.as_str()
    }

    /// The marks that count: the machine's, or an assessor's where one ruled. Of several rulings the last on a mark counts.
    fn count(&mut self, evidence: &Evidence<'_>, rules: &Rules) {
        let verdict = &self.verdict;
        let own = Counted { d: verdict.d, a: verdict.a, k: verdict.k, outcome: verdict.outcome, score: verdict.score };
        let mut ruled = [None; 3];
        for ruling in self.rulings(evidence) {
            for (mark, said) in ruled.iter_mut().zip([ruling.d, ruling.a, ruling.k]) {
                *mark = said.or(*mark);
            }
        }
        self.counted = Some(match ruled {
            [None, None, None] => own,
            _ => {
                let ([d, a, k], outcome, score) = resolve(verdict, ruled, rules);
                Counted { d, a, k, outcome, score }
            }
        });
    }

    fn rulings<'e>(&self, evidence: &'e Evidence<'_>) -> &'e [&'e Ruling] {
        evidence.index.rulings(self.id(), self.subject())
    }

    fn outcome(&self) -> Outcome {
        self.counted.map_or(self.verdict.outcome, |counted| counted.outcome)
    }

    fn state(&self) -> RiskState {
        self.risks.iter().map(|risk| risk.state).max().unwrap_or(RiskState::None)
    }

    /// A candidate where the outcome is open and an item of the guide names the unit: nobody can say yet that it is none.
    fn may_become(&self, level: u8, rules: &Rules) -> RiskState {
        let named = |item: &crate::law::HighRiskItem| !item.indicators.is_empty() && item.concerns(self.id(), level);
        match self.outcome() {
            Outcome::Unassessed | Outcome::NeedsRuling if rules.high_risk.item.iter().any(named) => {
                RiskState::Candidate
            }
            _ => RiskState::None,
        }
    }
}

/// Facts that follow from other verdicts of this case: what channels give to data, what data give to channels, and whether
/// anything else is high. Only D, A and K of others are used, so nothing goes in a circle.
fn across_subjects(work: &mut [Work<'_>], evidence: &Evidence<'_>, level: u8, rules: &Rules) {
    let derived = |method| Source { entry: evidence.described, line: None, method };
    let scores: BTreeMap<_, _> = work
        .iter()
        .map(|item| {
            let score = item.counted.and_then(|counted| counted.score);
            ((item.indicator.id.as_str(), item.named.id.clone()), (score, item.outcome()))
        })
        .collect();
    let of = |indicator: &'static str, subject: &str| scores.get(&(indicator, SubjectId::from(subject)));
    for item in work.iter_mut() {
        match item.id() {
            "APP-TCONF" | "APP-TINT" => {
                let network = if item.id() == "APP-TCONF" { "NET-CONF" } else { "NET-INT" };
                let channels = evidence.index.carrying(item.subject());
                let found: Vec<_> = channels.iter().filter_map(|channel| of(network, channel)).collect();
                if found.is_empty() {
                    continue;
                }
                let settled: Vec<_> = found.iter().filter_map(|(score, _)| score.and_then(Range::settled)).collect();
                if settled.len() < found.len() {
                    item.scene.add(Word::ChannelScores, unknown(), derived(Method::ToolTest));
                }
                let list = settled.iter().map(|score| score.to_string().into()).collect();
                item.scene.add(Word::ChannelScores, StatedValue::Words(list), derived(Method::ToolTest));
                let comply = all_conform(found.iter().map(|(_, outcome)| *outcome));
                item.scene.add(Word::ChannelCompliant, comply, derived(Method::ToolTest));
            }
            "NET-CONF" => {
                let data = evidence.index.carried(item.subject());
                let found: Option<Vec<_>> =
                    data.map(|data| of("APP-TCONF", data).map(|(_, outcome)| *outcome)).collect();
                if let Some(found) = found.filter(|found| !found.is_empty()) {
                    let encrypts = all_conform(found.into_iter());
                    item.scene.add(Word::ApplicationEncryptsAll, encrypts, derived(Method::ToolTest));
                }
            }
            _ => {}
        }
    }
    for item in work.iter_mut() {
        item.risks = risks(item.judging, level, &item.scene, rules, &item.verdict);
        item.ruled_risks(evidence);
    }
    // The one mitigation that looks at the whole result.
    let other = |item: &&Work<'_>| item.id() != "OPS-PLAN";
    let other = match work.iter().filter(other).map(|item| item.state().max(item.may_become(level, rules))).max() {
        Some(RiskState::Open) => StatedValue::Truth(true),
        Some(RiskState::Candidate) => unknown(),
        _ => StatedValue::Truth(false),
    };
    for item in work.iter_mut().filter(|item| item.id() == "OPS-PLAN") {
        item.scene.add(Word::OtherHighRisk, other.clone(), derived(Method::DocumentReview));
        item.risks = risks(item.judging, level, &item.scene, rules, &item.verdict);
        item.ruled_risks(evidence);
    }
}

fn unknown() -> StatedValue {
    StatedValue::Word("unknown".into())
}

/// Whether all conform, as a fact: one that does not decides, one that is open leaves it open.
fn all_conform(outcomes: impl Iterator<Item = Outcome> + Clone) -> StatedValue {
    let mut open = outcomes.clone().filter(|outcome| matches!(outcome, Outcome::Unassessed | Outcome::NeedsRuling));
    let mut settled = outcomes.filter(|outcome| !matches!(outcome, Outcome::Unassessed | Outcome::NeedsRuling));
    match (settled.all(|outcome| outcome == Outcome::Conform), open.next()) {
        (false, _) => StatedValue::Truth(false),
        (true, Some(_)) => unknown(),
        (true, None) => StatedValue::Truth(true),
    }
}

impl Work<'_> {
    /// A person may decide the state of an item; the finding stays with its problem.
    fn ruled_risks(&mut self, evidence: &Evidence<'_>) {
        for ruling in self.rulings(evidence) {
            let (Some(item), Some(state)) = (&ruling.item, ruling.risk) else { continue };
            for risk in self.risks.iter_mut().filter(|risk| *risk.item.as_str() == **item.get_ref()) {
                risk.state = match state {
                    RuledRisk::None => RiskState::None,
                    RuledRisk::Open => RiskState::Open,
                    RuledRisk::Mitigated => RiskState::Mitigated,
                };
                risk.ruled_by = Some(ruling.by.clone());
            }
        }
    }
}

fn conclude(work: Vec<Work<'_>>, evidence: &Evidence<'_>, baseline: &Baseline, level: u8, rules: &Rules) -> Assessment {
    let system = evidence.system;
    let objects: Vec<Scored> = work
        .iter()
        .map(|item| Scored {
            indicator: item.indicator.id.clone(),
            subject: item.named.id.clone(),
            own: item.counted.and_then(|counted| counted.score),
            may_not_apply: matches!(item.verdict.applicability, Applicability::Open { .. }),
        })
        .collect();
    let scored = objects.iter().filter(|object| object.own.is_some());
    let scored: BTreeSet<(&str, &str)> =
        scored.map(|object| (object.indicator.as_str(), object.subject.as_str())).collect();
    let applies = |indicator: &str, subject: &str| scored.contains(&(indicator, subject));
    let mut compensations = Vec::new();
    for pair in rules.scoring.compensation.iter().flat_map(|rule| &rule.pair) {
        let (network, application) = (pair.network.as_str(), pair.application.as_str());
        for item in work.iter().filter(|item| item.id() == application && applies(application, item.subject())) {
            // All channels that carry the datum; one that is missing among the subjects ends the step.
            let channels = evidence.index.carrying(item.subject());
            if !channels.is_empty() && channels.iter().all(|channel| applies(network, channel)) {
                let from = channels.iter().map(|channel| (pair.network.clone(), SubjectId::from(*channel))).collect();
                compensations.push(Compensation { from, to: (pair.application.clone(), item.named.id.clone()) });
            }
        }
        for item in work.iter().filter(|item| item.id() == network && applies(network, item.subject())) {
            let data: Vec<&str> = evidence.index.carried(item.subject()).collect();
            if !data.is_empty() && data.iter().all(|data| applies(application, data)) {
                let from = data.iter().map(|data| (pair.application.clone(), SubjectId::from(*data))).collect();
                compensations.push(Compensation { from, to: (pair.network.clone(), item.named.id.clone()) });
            }
        }
    }
    let score = score(&rules.scoring, baseline, level, &objects, &compensations);

    let states = |state| work.iter().filter(move |item| item.state() == state).count();
    let outcomes = |outcome| work.iter().filter(move |item| item.outcome() == outcome).count();
    let confirm = |item: &&Work<'_>| {
        item.rulings(evidence).is_empty() && item.verdict.doubts.iter().any(|(_, bind)| *bind == Bind::Confirm)
    };
    let open = Openness {
        unassessed: outcomes(Outcome::Unassessed),
        rulings: outcomes(Outcome::NeedsRuling),
        candidates: states(RiskState::Candidate),
        open_high_risks: states(RiskState::Open),
        confirmations: work.iter().filter(confirm).count(),
        subjects_confirmed: system.subjects.confirmed_by.is_some(),
    };
    let may_become = work.iter().filter(|item| item.may_become(level, rules) == RiskState::Candidate).count();
    let conclusion = match &score {
        Ok(score) => {
            let candidates = open.candidates + may_become;
            Conclusion::possible(&rules.scoring.conclusion, score.total, open.open_high_risks, candidates)
                .into_iter()
                .collect()
        }
        // An open high risk decides whatever the total would be.
        Err(_) if open.open_high_risks > 0 => vec![Conclusion::NotConform],
        Err(_) => vec![Conclusion::NotConform, Conclusion::Basically, Conclusion::Conform],
    };
    Assessment {
        on: rules.on,
        level,
        edition: rules.scoring.edition.clone(),
        conclusion,
        questions: questions(&work),
        unlisted: unlisted(evidence),
        confirmed: system.subjects.confirmed_by.clone(),
        open,
        score,
        units: units(work, evidence, baseline, level),
    }
}

fn questions(work: &[Work<'_>]) -> Vec<Question> {
    let mut asked: BTreeMap<(Answerer, Word), Vec<(IndicatorId, SubjectId)>> = BTreeMap::new();
    for item in work {
        if !matches!(item.outcome(), Outcome::Unassessed | Outcome::NeedsRuling | Outcome::Partly) {
            continue;
        }
        for word in &item.verdict.missing {
            let about = (item.indicator.id.clone(), item.named.id.clone());
            asked.entry((word.answerer(), *word)).or_default().push(about);
        }
    }
    asked.into_iter().map(|((answerer, word), about)| Question { answerer, word, about }).collect()
}

/// Things that were observed and belong to no subject: in the list, part of one, or out of scope? A person says.
fn unlisted(evidence: &Evidence<'_>) -> Vec<ObservedId> {
    let system = evidence.system;
    let ends = system.channel.iter().flat_map(|channel| &channel.ends);
    let listed: BTreeSet<&str> = ends
        .chain(system.device.iter().flat_map(|device| &device.management_ends))
        .map(|spot| &**spot.get_ref())
        .collect();
    evidence.observed().filter(|observed| !listed.contains(observed)).map(ObservedId::from).collect()
}

fn units(work: Vec<Work<'_>>, evidence: &Evidence<'_>, baseline: &Baseline, level: u8) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for item in work {
        let indicator = item.indicator;
        let determination = determination(item, evidence);
        match units.last_mut().filter(|unit| unit.indicator == indicator.id) {
            Some(unit) => unit.subjects.push(determination),
            None => units.push(Unit {
                indicator: indicator.id.clone(),
                layer: indicator.layer.clone(),
                technical: baseline.layer(&indicator.layer).is_some_and(|layer| layer.group == Group::Technical),
                clause: indicator.clause_at(level).unwrap_or_default().into(),
                modal: indicator.modal_at(level),
                subjects: vec![determination],
                outcome: Outcome::Unassessed,
            }),
        }
    }
    for unit in &mut units {
        unit.outcome = over_subjects(unit.subjects.iter().map(|subject| subject.counted.outcome));
    }
    units
}

/// 测评单元的结果: n/a subjects are left aside first; the verdict is taken over the rest.
fn over_subjects(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let rest: BTreeSet<Outcome> = outcomes.filter(|outcome| *outcome != Outcome::NotApplicable).collect();
    let only = |outcome| rest.len() == 1 && rest.contains(&outcome);
    if rest.is_empty() {
        Outcome::NotApplicable
    } else if rest.contains(&Outcome::Unassessed) {
        Outcome::Unassessed
    } else if rest.contains(&Outcome::NeedsRuling) {
        Outcome::NeedsRuling
    } else if only(Outcome::Conform) {
        Outcome::Conform
    } else if only(Outcome::NotConform) {
        Outcome::NotConform
    } else {
        Outcome::Partly
    }
}

fn determination(item: Work<'_>, evidence: &Evidence<'_>) -> Determination {
    let system = evidence.system;
    let ruling = item.rulings(evidence).last().map(|ruling| Ruled {
        by: ruling.by.clone(),
        on: ruling.on,
        reason: ruling.reason.clone(),
        source: Source {
            entry: evidence.described,
            line: Some(system.line(&ruling.unit)),
            method: Method::DocumentReview,
        },
    });
    let verdict = &item.verdict;
    let counted = item.counted.unwrap_or(Counted {
        d: verdict.d,
        a: verdict.a,
        k: verdict.k,
        outcome: verdict.outcome,
        score: verdict.score,
    });
    let severity = match (item.state(), counted.outcome) {
        (RiskState::Open, _) => Some(Severity::High),
        (RiskState::Candidate | RiskState::Mitigated, _) | (_, Outcome::NotConform) => Some(Severity::Medium),
        (_, Outcome::Partly) => Some(Severity::Low),
        _ => None,
    };
    let channel = evidence.index.channels.get(item.subject());
    let device = evidence.index.devices.get(item.subject());
    let ends = match item.named.kind {
        SubjectKind::Channel => channel.map_or(&[][..], |channel| &channel.ends),
        SubjectKind::DeviceClass if item.id() == "DEV-CHAN" => device.map_or(&[][..], |device| &device.management_ends),
        _ => &[],
    };
    let index = &evidence.index;
    let (subject, keys) = (item.subject(), index.keys(item.id(), item.subject()));
    let products = [
        channel.and_then(|channel| channel.product.as_ref()),
        device.and_then(|device| device.product.as_ref()),
        index.data.get(subject).and_then(|data| data.product.as_ref()),
        index.users.get(subject).and_then(|user| user.product.as_ref()),
        index.actions.get(subject).and_then(|action| action.product.as_ref()),
    ];
    let of_keys = keys.iter().flat_map(|key| [Some(&key.id), key.made_in.as_ref(), key.kept_in.as_ref()]);
    let named = products.into_iter().chain(of_keys).flatten().map(|name| &**name.get_ref());
    let mut things: Vec<&str> = Vec::new();
    for thing in ends.iter().map(|end| &**end.get_ref()).chain([subject]).chain(named) {
        if !things.contains(&thing) {
            things.push(thing);
        }
    }
    let beside = beside::beside(evidence, &things);
    Determination {
        indicator: item.indicator.id.clone(),
        line: (item.named.line > 0 && item.subject() != MANAGEMENT).then_some(item.named.line),
        subject: item.named.id,
        verdict: item.verdict,
        ruling,
        counted,
        risks: item.risks,
        severity,
        observed: ends.iter().map(|end| ObservedId::from(&**end.get_ref())).collect(),
        beside,
    }
}

impl Assessment {
    /// Every determination.
    pub fn determinations(&self) -> impl Iterator<Item = &Determination> {
        self.units.iter().flat_map(|unit| &unit.subjects)
    }

    /// Every entry of the case that something here stands on, or shows beside a verdict.
    pub fn entries(&self) -> BTreeSet<EntryNumber> {
        let steps = self.determinations().flat_map(|determination| determination.steps());
        let used = steps.flat_map(|step| &step.used).flat_map(|used| &used.sources);
        let beside = self.determinations().flat_map(|determination| &determination.beside).map(|one| &one.source);
        used.chain(beside).filter_map(|source| source.entry).collect()
    }
}

impl Determination {
    /// Every step of its reasons.
    pub fn steps(&self) -> Vec<&crate::determine::Step> {
        use crate::determine::Weighed;
        let trees: Vec<_> = match &self.verdict.weighed {
            Weighed::Nothing => vec![],
            Weighed::Technical { d, a, k } => std::iter::once(d).chain(a).chain(k).collect(),
            Weighed::Management { written, lived } => vec![written, lived],
        };
        let because = match &self.verdict.applicability {
            Applicability::NoObject { because } | Applicability::Open { because: Some(because) } => Some(because),
            _ => None,
        };
        let risks = self.risks.iter().flat_map(|risk| &risk.because);
        trees.into_iter().chain(because).chain(risks).flat_map(|tree| tree.walk()).collect()
    }
}

fn modal_word<S: serde::Serializer>(modal: &Modal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match modal {
        Modal::None => "none",
        Modal::May => "may",
        Modal::Should => "should",
        Modal::Shall => "shall",
    })
}

fn score_or_refusal<S: serde::Serializer>(score: &Result<Score, Refusal>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Refused {
        refused: String,
    }
    match score {
        Ok(score) => score.serialize(serializer),
        Err(refusal) => Refused { refused: refusal.to_string() }.serialize(serializer),
    }
}
