//! From the scores of objects to the total, with the path that made each number.

use super::Range;
use crate::law::{Baseline, CompensationRule, Group, LayerId, Scoring};
use dengmi_core::{Decimal, Exact, IndicatorId, SubjectId, round_half_up};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// One object with its own score, before the whole-system step. A management unit is one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// 测评指标.
    pub indicator: IndicatorId,
    /// 测评对象.
    pub subject: SubjectId,
    /// Its own score; `None` is 不适用.
    pub own: Option<Range>,
    /// Whether it may still turn out not to apply.
    pub may_not_apply: bool,
}

/// 整体测评: the channels of one layer that carry what an object of the other layer protects, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compensation {
    /// The objects that compensate; the lowest counts.
    pub from: Vec<(IndicatorId, SubjectId)>,
    /// The object that is compensated.
    pub to: (IndicatorId, SubjectId),
}

/// The whole-system step of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompensationStep {
    /// The objects that compensate, with their own scores.
    pub from: Vec<(IndicatorId, SubjectId, Range)>,
    /// The lowest of them: one that protects nothing ends the compensation.
    pub lowest: Range,
    /// What the step offers: the rules' part of the lowest, rounded.
    pub offered: Range,
}

/// One object on the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectScore {
    /// 测评对象.
    pub subject: SubjectId,
    /// Its own score; `None` is 不适用.
    pub own: Option<Range>,
    /// Whether it may still turn out not to apply.
    #[serde(skip_serializing_if = "is_false")]
    pub may_not_apply: bool,
    /// What the whole-system step did to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensation: Option<CompensationStep>,
    /// What goes into the unit.
    pub counted: Option<Range>,
}

/// One unit on the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitScore {
    /// 安全层面.
    pub layer: LayerId,
    /// 指标权重 at the level.
    pub weight: Decimal,
    /// Its objects.
    pub objects: Vec<ObjectScore>,
    /// The mean over the objects that apply; `None` where none applies.
    pub score: Option<Range>,
    /// Whether all of it may still turn out not to apply.
    #[serde(skip_serializing_if = "is_false")]
    pub may_not_apply: bool,
}

/// What went into a mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The unit or layer.
    pub name: Box<str>,
    /// Its weight.
    pub weight: Decimal,
    /// Its score.
    pub score: Range,
}

/// One layer on the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerScore {
    /// The units that apply.
    pub parts: Vec<Part>,
    /// Their weighted mean; `None` where none applies.
    pub score: Option<Range>,
    /// Whether all of it may still turn out not to apply.
    #[serde(skip_serializing_if = "is_false")]
    pub may_not_apply: bool,
}

/// One group of layers on the path; an edition without shares has one group of all layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupScore {
    /// Technical or management; `None` is all layers together.
    #[serde(serialize_with = "group_name")]
    pub group: Option<Group>,
    /// Its marks.
    pub share: Decimal,
    /// The layers that apply.
    pub parts: Vec<Part>,
    /// What it adds to the total, before the total is rounded: lowest and highest, as fractions.
    #[serde(serialize_with = "fractions")]
    pub marks: (Exact, Exact),
    /// Whether all of it may still turn out not to apply. The interval holds for the case that it does apply.
    #[serde(skip_serializing_if = "is_false")]
    pub may_not_apply: bool,
}

/// The total with its whole path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Units by indicator.
    pub units: BTreeMap<IndicatorId, UnitScore>,
    /// Layers by id.
    pub layers: BTreeMap<LayerId, LayerScore>,
    /// Groups in the rules' order.
    pub groups: Vec<GroupScore>,
    /// 总分.
    pub total: Range,
}

/// Why there is no total.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The rules do not say what a group is worth in which nothing applies.
    #[error("{} has no unit that applies, and the rules do not say what such a group is worth; a person must decide", group_words(*.0))]
    GroupNotApplicable(Option<Group>),
    /// An object of an indicator that the level does not have.
    #[error("level {level} has no unit {indicator}; it must not be listed, not even as not applicable")]
    NoSuchUnit {
        /// The indicator.
        indicator: IndicatorId,
        /// 等级.
        level: u8,
    },
    /// A compensation that names an object that is not there or does not apply.
    #[error("the compensation of {} {} names {} {}, which is not among the objects that apply", .to.0, .to.1, .missing.0, .missing.1)]
    CompensationObject {
        /// The object that is compensated.
        to: (IndicatorId, SubjectId),
        /// The object that is missing.
        missing: (IndicatorId, SubjectId),
    },
    /// The edition has no figure for the whole-system step.
    #[error("edition {0} of the rules gives no figure for compensation")]
    NoCompensation(Box<str>),
}

fn group_words(group: Option<Group>) -> &'static str {
    match group {
        Some(Group::Technical) => "the technical group",
        Some(Group::Management) => "the management group",
        None => "the whole table",
    }
}

/// Scores a system. The order of objects and compensations never matters. Which objects the whole-system step may pair is
/// the caller's question (see [`table`](super::table)); here every compensation starts from the uncorrected scores.
///
/// # Errors
///
/// What the rules leave undefined, see [`Refusal`].
pub fn score(
    rules: &Scoring,
    baseline: &Baseline,
    level: u8,
    objects: &[Scored],
    compensations: &[Compensation],
) -> Result<Score, Refusal> {
    let own: BTreeMap<(&str, &str), &Scored> =
        objects.iter().map(|object| ((object.indicator.as_str(), object.subject.as_str()), object)).collect();
    let mut channels: BTreeMap<&(IndicatorId, SubjectId), Vec<&(IndicatorId, SubjectId)>> = BTreeMap::new();
    for compensation in compensations {
        channels.entry(&compensation.to).or_default().extend(&compensation.from);
    }
    let mut steps: BTreeMap<(&str, &str), CompensationStep> = BTreeMap::new();
    for (to, from) in channels {
        let rule = rules.compensation.as_ref().ok_or_else(|| Refusal::NoCompensation(rules.edition.clone()))?;
        steps.insert((to.0.as_str(), to.1.as_str()), compensation_step(rule, to, &from, &own)?);
    }

    let mut units: BTreeMap<IndicatorId, UnitScore> = BTreeMap::new();
    for object in objects {
        let no_such_unit = || Refusal::NoSuchUnit { indicator: object.indicator.clone(), level };
        let indicator = baseline.indicator(object.indicator.as_str()).ok_or_else(no_such_unit)?;
        let weight = indicator.weight_at(level).ok_or_else(no_such_unit)?;
        let compensation = steps.remove(&(object.indicator.as_str(), object.subject.as_str()));
        let counted = match (object.own, &compensation) {
            (Some(own), Some(step)) => {
                let greater = |own: Decimal, offered: Decimal| own.exact().max(offered.exact());
                let (low, high) = (greater(own.low, step.offered.low), greater(own.high, step.offered.high));
                Some(rounded(low, high, rules.object.places))
            }
            (own, _) => own,
        };
        let unit = units.entry(object.indicator.clone()).or_insert_with(|| UnitScore {
            layer: indicator.layer.clone(),
            weight,
            objects: Vec::new(),
            score: None,
            may_not_apply: true,
        });
        let subject = object.subject.clone();
        let may_not_apply = object.may_not_apply && object.own.is_some();
        unit.objects.push(ObjectScore { subject, own: object.own, may_not_apply, compensation, counted });
    }
    for unit in units.values_mut() {
        unit.objects.sort_by(|one, two| one.subject.cmp(&two.subject));
        let one = Exact::from_integer(1);
        let members = || {
            unit.objects.iter().filter_map(|object| {
                Some(Member { weight: one, score: object.counted?, may_leave: object.may_not_apply })
            })
        };
        unit.may_not_apply = members().all(|member| member.may_leave) && members().next().is_some();
        unit.score = mean(members()).map(|(low, high)| rounded(low, high, rules.unit.places));
    }

    let mut layers: BTreeMap<LayerId, LayerScore> = BTreeMap::new();
    for (id, unit) in &units {
        let layer = layers.entry(unit.layer.clone()).or_insert_with(|| LayerScore {
            parts: Vec::new(),
            score: None,
            may_not_apply: true,
        });
        if let Some(score) = unit.score {
            layer.parts.push(Part { name: id.as_str().into(), weight: unit.weight, score });
            layer.may_not_apply &= unit.may_not_apply;
        }
    }
    for layer in layers.values_mut() {
        let may_leave = |part: &Part| units.get(&*part.name).is_some_and(|unit| unit.may_not_apply);
        layer.may_not_apply &= !layer.parts.is_empty();
        layer.score = mean(layer.parts.iter().map(|part| Member::of(part, may_leave(part))))
            .map(|(low, high)| rounded(low, high, rules.layer.places));
    }
    let groups = groups(rules, baseline, &layers)?;
    let low = groups.iter().map(|group| group.marks.0).sum();
    let high = groups.iter().map(|group| group.marks.1).sum();
    Ok(Score { units, layers, groups, total: rounded(low, high, rules.total.places) })
}

fn groups(
    rules: &Scoring,
    baseline: &Baseline,
    layers: &BTreeMap<LayerId, LayerScore>,
) -> Result<Vec<GroupScore>, Refusal> {
    let shares = match (rules.total.technical_share, rules.total.management_share) {
        (Some(technical), Some(management)) => {
            vec![(Some(Group::Technical), technical), (Some(Group::Management), management)]
        }
        _ => vec![(None, rules.total.scale)],
    };
    shares
        .into_iter()
        .map(|(group, share)| {
            let in_group =
                |id: &str| group.is_none_or(|group| baseline.layer(id).is_some_and(|layer| layer.group == group));
            let parts: Vec<Part> = layers
                .iter()
                .filter(|(id, _)| in_group(id))
                .filter_map(|(id, layer)| {
                    Some(Part { name: id.clone(), weight: *rules.total.weight.get(id)?, score: layer.score? })
                })
                .collect();
            let may_leave = |part: &Part| layers.get(&part.name).is_some_and(|layer| layer.may_not_apply);
            let members = parts.iter().map(|part| Member::of(part, may_leave(part)));
            let (low, high) = mean(members).ok_or(Refusal::GroupNotApplicable(group))?;
            let may_not_apply = parts.iter().all(may_leave);
            let marks = (low * share.exact(), high * share.exact());
            Ok(GroupScore { group, share, marks, may_not_apply, parts })
        })
        .collect()
}

fn compensation_step(
    rule: &CompensationRule,
    to: &(IndicatorId, SubjectId),
    from: &[&(IndicatorId, SubjectId)],
    own: &BTreeMap<(&str, &str), &Scored>,
) -> Result<CompensationStep, Refusal> {
    let find = |name: &(IndicatorId, SubjectId)| {
        let missing = || Refusal::CompensationObject { to: to.clone(), missing: name.clone() };
        let object = own.get(&(name.0.as_str(), name.1.as_str())).ok_or_else(missing)?;
        Ok((*object, object.own.ok_or_else(missing)?))
    };
    find(to)?;
    let mut channels = from.iter().map(|name| find(name)).collect::<Result<Vec<_>, Refusal>>()?;
    channels.sort_by_key(|(object, _)| (&object.indicator, &object.subject));
    let nothing = round_half_up(Exact::from_integer(0), rule.places);
    let lows = channels.iter().map(|(_, own)| own.low).min_by_key(|low| low.exact());
    let sure = channels.iter().filter(|(object, _)| !object.may_not_apply).map(|(_, own)| own.high);
    let any = channels.iter().map(|(_, own)| own.high);
    let lowest = match sure.min_by_key(|high| high.exact()) {
        Some(high) => Range { low: lows.unwrap_or(nothing), high },
        // Every channel may turn out not to apply, and then nothing compensates.
        None => Range { low: nothing, high: any.max_by_key(|high| high.exact()).unwrap_or(nothing) },
    };
    let part = |score: Decimal| round_half_up(rule.factor.exact() * score.exact(), rule.places);
    let from = channels.iter().map(|(object, own)| (object.indicator.clone(), object.subject.clone(), *own));
    let offered = Range { low: part(lowest.low), high: part(lowest.high) };
    Ok(CompensationStep { from: from.collect(), lowest, offered })
}

fn rounded(low: Exact, high: Exact, places: u8) -> Range {
    Range { low: round_half_up(low, places), high: round_half_up(high, places) }
}

#[derive(Clone, Copy)]
struct Member {
    weight: Exact,
    score: Range,
    may_leave: bool,
}

impl Member {
    fn of(part: &Part, may_leave: bool) -> Member {
        Member { weight: part.weight.exact(), score: part.score, may_leave }
    }
}

/// The lowest and the highest weighted mean that can come out; `None` without members.
fn mean(members: impl Iterator<Item = Member>) -> Option<(Exact, Exact)> {
    let members: Vec<Member> = members.collect();
    Some((end_of_mean(&members, true)?, end_of_mean(&members, false)?))
}

/// One end of the mean. A member that may leave stays only where it pulls the mean towards that end: sorted from that end
/// on, each is better than all that follow, so the first that does not help ends the search.
fn end_of_mean(members: &[Member], lowest: bool) -> Option<Exact> {
    let value = |member: &Member| if lowest { member.score.low.exact() } else { member.score.high.exact() };
    let (mut optional, sure): (Vec<Member>, Vec<Member>) = members.iter().partition(|member| member.may_leave);
    let mut sum: Exact = sure.iter().map(|member| member.weight * value(member)).sum();
    let mut weight: Exact = sure.iter().map(|member| member.weight).sum();
    optional.sort_by_key(|member| value(member));
    if !lowest {
        optional.reverse();
    }
    for member in &optional {
        let here = value(member) * weight;
        let helps = if lowest { here < sum } else { here > sum };
        if weight > Exact::from_integer(0) && !helps {
            break;
        }
        sum += member.weight * value(member);
        weight += member.weight;
    }
    (weight > Exact::from_integer(0)).then(|| sum / weight)
}

fn is_false(value: &bool) -> bool {
    !value
}

fn group_name<S: Serializer>(group: &Option<Group>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match group {
        Some(Group::Technical) => "technical",
        Some(Group::Management) => "management",
        None => "all",
    })
}

fn fractions<S: Serializer>((low, high): &(Exact, Exact), serializer: S) -> Result<S::Ok, S::Error> {
    if low == high { serializer.collect_str(low) } else { (low.to_string(), high.to_string()).serialize(serializer) }
}
