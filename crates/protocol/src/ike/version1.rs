//! The first phase of IKEv1: a responder chooses a transform whole, so its policy is a list of combinations.
//!
//! All combinations of all values are ten thousands. Asked is every value with the usual values of the other kinds and
//! with those that were found to be accepted; a combination in which every value is known to be accepted is not asked.
//! All transforms of one question have one way of authentication: strongSwan reads it from the first of them alone.

use super::choice::{Choice, Combination, Dialect, usual};
use super::exchange::{Answer, Offer};
use super::{Ending, Resolved};
use dengmi_core::IkeKind;
use dengmi_parse::ike::{IkeVersion, NotifyType1};
use std::collections::BTreeSet;

/// Transforms in one question: with its headers it stays below what any path carries in one piece.
pub(super) const BATCH: usize = 32;
/// Questions in a row without a usable answer after which the rest is left.
const LOST_IN_ROW: u32 = 2;
/// Kinds that a transform has.
const KINDS: usize = 4;

/// Of these the first is the way of authentication.
type Place = [usize; KINDS];

/// One kind: its values, in the order of asking, with what is known of them.
#[derive(Clone, Debug)]
struct Kind {
    kind: IkeKind,
    values: Vec<Value>,
}

#[derive(Clone, Copy, Debug)]
struct Value {
    choice: Choice,
    usual: bool,
    accepted: bool,
}

/// One list of combinations in one version.
#[derive(Clone, Debug)]
pub(super) struct Set {
    version: IkeVersion,
    kinds: [Kind; KINDS],
    /// Refused, chosen, or without a usable answer.
    settled: BTreeSet<Place>,
    /// Places of the transforms on their way.
    batch: Vec<Place>,
    lost_in_row: u32,
    unresolved: bool,
    finished: bool,
    pub(super) chosen: Vec<Combination>,
    pub(super) ending: Ending,
}

impl Set {
    /// IKEv1 as IANA numbers it.
    pub(super) fn ietf() -> Set {
        let kind = |kind| (kind, Dialect::Version1.all(kind, |_| true));
        Set::new(
            IkeVersion::V1_0,
            usual,
            [IkeKind::Authentication, IkeKind::Group, IkeKind::Hash, IkeKind::Encryption].map(kind),
        )
    }

    /// The profile of GM/T 0022: with its digital envelope, which needs no group, or with pre-shared keys, as products have it.
    pub(super) fn gmt0022(version: IkeVersion, envelope: bool) -> Set {
        let all = |kind| Dialect::Gmt0022.all(kind, |_| true);
        let last = if envelope { IkeKind::Asymmetric } else { IkeKind::Group };
        let mut other = all(last);
        other.retain(|choice| last != IkeKind::Group || usual(last, *choice));
        let mut authentication = all(IkeKind::Authentication);
        // 1 is the pre-shared key, here as in IKEv1.
        authentication.retain(|choice| (choice.number != 1) == envelope);
        let (hash, encryption) = (all(IkeKind::Hash), all(IkeKind::Encryption));
        let kinds = [
            (IkeKind::Authentication, authentication),
            (last, other),
            (IkeKind::Hash, hash),
            (IkeKind::Encryption, encryption),
        ];
        Set::new(version, |_, _| true, kinds)
    }

    fn new(
        version: IkeVersion,
        is_usual: impl Fn(IkeKind, Choice) -> bool,
        kinds: [(IkeKind, Vec<Choice>); KINDS],
    ) -> Set {
        let kinds = kinds.map(|(kind, choices)| {
            let value = |choice| Value { choice, usual: is_usual(kind, choice), accepted: false };
            Kind { kind, values: choices.into_iter().map(value).collect() }
        });
        Set {
            version,
            kinds,
            settled: BTreeSet::new(),
            batch: Vec::new(),
            lost_in_row: 0,
            unresolved: false,
            finished: false,
            chosen: Vec::new(),
            ending: Ending::default(),
        }
    }

    pub(super) fn version(&self) -> IkeVersion {
        self.version
    }

    pub(super) fn done(&self) -> bool {
        self.finished
    }

    /// The next question.
    pub(super) fn question(&mut self) -> Option<Offer> {
        if self.finished {
            return None;
        }
        self.batch = self.next();
        if self.batch.is_empty() {
            self.finished = true;
            return None;
        }
        let transforms = self.batch.iter().map(|place| self.combination(*place)).collect();
        Some(Offer::Main { version: self.version, transforms, aggressive: None })
    }

    /// The next combinations: of usual and accepted values, then of those with one other value each.
    fn next(&self) -> Vec<Place> {
        let places = |kind: &Kind, known: bool| -> Vec<usize> {
            let fits = |value: &Value| (value.usual || value.accepted) == known;
            kind.values.iter().enumerate().filter(|(_, value)| fits(value)).map(|(at, _)| at).collect()
        };
        let mut known = self.kinds.each_ref().map(|kind| places(kind, true));
        // Some responders look at the way of authentication later only and take any: one of them stands for all.
        let [authentication, ..] = &self.kinds;
        let [ways, ..] = &mut known;
        let is = |at: &usize, what: fn(&Value) -> bool| authentication.values.get(*at).is_some_and(what);
        let any_usual = ways.iter().any(|at| is(at, |value| value.usual && value.accepted));
        let mut unusual = usize::from(!any_usual);
        ways.retain(|at| is(at, |value| value.usual) || std::mem::replace(&mut unusual, 0) == 1);
        let mut pools = vec![known.clone()];
        for (at, kind) in self.kinds.iter().enumerate() {
            for other in places(kind, false) {
                let mut pool = known.clone();
                if let Some(values) = pool.get_mut(at) {
                    *values = vec![other];
                }
                pools.push(pool);
            }
        }
        let mut batch: Vec<Place> = Vec::new();
        for [first, second, third, fourth] in &pools {
            for &a in first {
                for &b in second {
                    for &c in third {
                        for &d in fourth {
                            let place = [a, b, c, d];
                            // Where every value is accepted there is nothing to learn.
                            let teaches = self.values(place).any(|value| !value.accepted);
                            let other = batch.first().is_some_and(|[authentication, ..]| *authentication != a);
                            if teaches && !other && !self.settled.contains(&place) {
                                batch.push(place);
                                if batch.len() == BATCH {
                                    return batch;
                                }
                            }
                        }
                    }
                }
            }
        }
        batch
    }

    fn values(&self, place: Place) -> impl Iterator<Item = &Value> {
        self.kinds.iter().zip(place).filter_map(|(kind, at)| kind.values.get(at))
    }

    fn combination(&self, place: Place) -> Combination {
        let kinds = self.kinds.iter().map(|kind| kind.kind);
        kinds.zip(self.values(place)).map(|(kind, value)| (kind, value.choice)).collect()
    }

    /// Takes the answer to the offer that [`Set::question`] gave last.
    pub(super) fn learn(&mut self, answer: &Answer) {
        self.ending.note(answer);
        let batch = std::mem::take(&mut self.batch);
        match answer {
            Answer::Chose(combination) => {
                let chosen = batch.iter().copied().find(|place| self.combination(*place) == *combination);
                if let Some(place) = chosen {
                    self.lost_in_row = 0;
                    self.settled.insert(place);
                    for (kind, at) in self.kinds.iter_mut().zip(place) {
                        if let Some(value) = kind.values.get_mut(at) {
                            value.accepted = true;
                        }
                    }
                    self.chosen.push(combination.clone());
                    return;
                }
                self.ending.unasked = true;
                // strongSwan puts a way of its own in the place of one that it does not know: that one is refused.
                let way = combination.get(&IkeKind::Authentication).copied();
                let but_for_the_way = |place: &Place| {
                    let mut offered = self.combination(*place);
                    offered.extend(way.map(|way| (IkeKind::Authentication, way)));
                    offered == *combination
                };
                if batch.iter().any(but_for_the_way) {
                    self.lost_in_row = 0;
                    self.settled.extend(batch);
                    return;
                }
            }
            Answer::Refused { notification, .. } if is_no(notification.0) => {
                self.lost_in_row = 0;
                self.settled.extend(batch);
                return;
            }
            Answer::Refused { notification, .. } if is_never(notification.0) => {
                self.settled.extend(batch);
                self.finished = true;
                return;
            }
            Answer::Refused { .. } | Answer::WantsGroup(_) | Answer::Undecodable | Answer::Lost => {}
        }
        self.settled.extend(batch);
        self.unresolved = true;
        self.lost_in_row = self.lost_in_row.saturating_add(1);
        // Silence on the first question of all is silence on all.
        if self.lost_in_row >= LOST_IN_ROW || !self.ending.answered {
            self.finished = true;
        }
    }

    pub(super) fn give_up(&mut self) {
        if !self.finished {
            self.unresolved = true;
            self.finished = true;
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.finished && self.ending.lost > 0 && !self.ending.answered
    }

    pub(super) fn accepted(&self) -> impl Iterator<Item = (IkeKind, Vec<Choice>)> {
        self.kinds.iter().map(|kind| {
            let accepted = kind.values.iter().filter(|value| value.accepted);
            (kind.kind, accepted.map(|value| value.choice).collect())
        })
    }

    /// Whether everything that there is to ask was asked and answered.
    pub(super) fn complete(&self) -> bool {
        self.finished && !self.unresolved
    }

    pub(super) fn resolved<'a>(&self, lists: &'a [(IkeKind, Vec<Choice>)]) -> impl Iterator<Item = Resolved<'a>> {
        let complete = self.complete();
        lists.iter().map(move |(kind, accepted)| Resolved { kind: *kind, accepted, complete })
    }
}

/// The usual transforms with one group.
pub(super) fn usual_with(method: u16) -> Vec<Combination> {
    let values = |kind| {
        let all = Dialect::Version1.all(kind, |_| true).into_iter();
        all.filter(move |choice| usual(kind, *choice)).collect::<Vec<_>>()
    };
    let mut transforms = Vec::new();
    for authentication in values(IkeKind::Authentication) {
        for hash in values(IkeKind::Hash) {
            for encryption in values(IkeKind::Encryption) {
                let group = Choice { number: method, key_bits: None };
                transforms.push(Combination::from([
                    (IkeKind::Encryption, encryption),
                    (IkeKind::Hash, hash),
                    (IkeKind::Authentication, authentication),
                    (IkeKind::Group, group),
                ]));
            }
        }
    }
    transforms.truncate(BATCH);
    transforms
}

/// The transforms are not taken; others may be.
fn is_no(notification: u16) -> bool {
    matches!(
        NotifyType1(notification),
        NotifyType1::NO_PROPOSAL_CHOSEN
            | NotifyType1::ATTRIBUTES_NOT_SUPPORTED
            | NotifyType1::INVALID_TRANSFORM_ID
            | NotifyType1::BAD_PROPOSAL_SYNTAX
    )
}

/// The version or the exchange is not taken, whatever it offers.
fn is_never(notification: u16) -> bool {
    matches!(
        NotifyType1(notification),
        NotifyType1::INVALID_MAJOR_VERSION
            | NotifyType1::INVALID_MINOR_VERSION
            | NotifyType1::INVALID_EXCHANGE_TYPE
            | NotifyType1::UNSUPPORTED_EXCHANGE_TYPE
    )
}
