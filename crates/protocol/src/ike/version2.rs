//! IKE_SA_INIT: which values of each kind a responder takes in a proposal of otherwise everything.
//!
//! A responder picks one value of each kind, so a value that was picked is left out and the rest asked again, kind by kind,
//! until it refuses. Each choice leaves the responder with half a connection for a while, and many of those make it fall
//! silent. So once it is known to refuse in words, questions carry a public value for a group that it does not take:
//! it then answers "another group" where it would have chosen, keeps nothing, and a list of several is halved until each
//! value is known. A responder that never answers so is asked with groups that it takes, and for each group alone.

use super::choice::{Choice, Combination, Dialect, Lists, group};
use super::exchange::{Answer, Offer};
use super::{Ending, Resolved};
use dengmi_core::IkeKind;
use dengmi_core::registry::{self, IkeClass};
use dengmi_parse::ike::NotifyType;

/// Questions in a row without a usable answer after which the rest is left.
const LOST_IN_ROW: u32 = 2;
/// The order of asking: groups first, since an answer that wants one tells it.
const ORDER: [IkeKind; 4] = [IkeKind::Group, IkeKind::Encryption, IkeKind::Prf, IkeKind::Integrity];

/// Values that are not known yet, and what is known of them together.
#[derive(Clone, Debug)]
struct Open {
    members: Vec<Choice>,
    /// At least one of them is accepted.
    positive: bool,
    /// If none of them is accepted, one of those below is.
    twin: bool,
}

#[derive(Clone, Debug)]
struct Kind {
    kind: IkeKind,
    accepted: Vec<Choice>,
    rejected: Vec<Choice>,
    /// Asked, and not told.
    unresolved: Vec<Choice>,
    open: Vec<Open>,
}

impl Kind {
    fn new(kind: IkeKind, members: Vec<Choice>) -> Kind {
        let open = vec![Open { members, positive: false, twin: false }];
        Kind { kind, accepted: Vec::new(), rejected: Vec::new(), unresolved: Vec::new(), open }
    }

    /// Everything that may still be accepted, in the order of numbers.
    fn offered(&self) -> Vec<Choice> {
        let open = self.open.iter().flat_map(|open| &open.members);
        let mut offered: Vec<_> = self.accepted.iter().chain(open).chain(&self.unresolved).copied().collect();
        offered.sort_unstable();
        offered
    }

    fn accept(&mut self, choice: Choice) {
        if self.accepted.contains(&choice) {
            return;
        }
        for list in self.open.iter_mut().map(|open| &mut open.members).chain([&mut self.rejected, &mut self.unresolved])
        {
            list.retain(|other| *other != choice);
        }
        self.open.retain(|open| !open.members.is_empty());
        // What was concluded from an earlier answer may have been about this one.
        self.open.iter_mut().for_each(|open| (open.positive, open.twin) = (false, false));
        self.accepted.push(choice);
    }

    fn reject(&mut self, open: Open) {
        if open.positive {
            self.unresolved.extend(open.members);
            return;
        }
        self.rejected.extend(open.members);
        if open.twin
            && let Some(below) = self.open.last_mut()
        {
            below.positive = true;
        }
        self.conclude();
    }

    /// Takes in what needs no question: the one member of a list in which one is accepted.
    fn conclude(&mut self) {
        if let Some(Open { members, positive: true, .. }) = self.open.last()
            && let [only] = members.as_slice()
        {
            self.accept(*only);
        }
    }

    /// One of the last list is accepted; it is not known which.
    fn split(&mut self) {
        let Some(mut left) = self.open.pop() else { return };
        let right = left.members.split_off(left.members.len().div_ceil(2));
        let is_split = !right.is_empty();
        if is_split {
            self.open.push(Open { members: right, positive: false, twin: false });
        }
        self.open.push(Open { members: left.members, positive: !is_split, twin: is_split });
        self.conclude();
    }

    /// Each value is asked alone.
    fn separate(&mut self) {
        let alone = |member| Open { members: vec![member], positive: false, twin: false };
        let open = std::mem::take(&mut self.open);
        self.open = open.into_iter().flat_map(|open| open.members).map(alone).collect();
    }

    fn give_up(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.unresolved.extend(open.into_iter().flat_map(|open| open.members));
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Everything is offered; the first choice is wanted whole.
    Opening {
        share: u16,
        adopted: bool,
    },
    /// Everything is offered with a public value for a group that was not chosen: does it ask for another?
    Trying {
        share: u16,
    },
    /// The next kind with something open is asked.
    Asking,
    Done,
}

/// What a responder is known to do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// Refuses in words.
    pub(super) refuses: bool,
    /// Asks for another group when the public value is for the wrong one.
    pub(super) asks_for_groups: bool,
}

/// One proposal's worth of questions: encryption with separate integrity, or encryption that guards it itself.
#[derive(Clone, Debug)]
pub(super) struct Set {
    kinds: Vec<Kind>,
    phase: Phase,
    lost_in_row: u32,
    /// The group that the responder used or asked for last.
    liked: Option<u16>,
    pub(super) chosen: Vec<Combination>,
    pub(super) ending: Ending,
}

impl Set {
    pub(super) fn new(aead: bool) -> Set {
        let mut kinds = Vec::new();
        for kind in ORDER.into_iter().filter(|kind| *kind != IkeKind::Integrity || !aead) {
            let members = Dialect::Version2.all(kind, |entry| kind != IkeKind::Encryption || entry.aead == aead);
            kinds.push(Kind::new(kind, members));
        }
        let phase = Phase::Opening { share: group::P_256, adopted: false };
        Set { kinds, phase, lost_in_row: 0, liked: None, chosen: Vec::new(), ending: Ending::default() }
    }

    pub(super) fn done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// The next question.
    pub(super) fn question(&self, habits: Habits) -> Option<Offer> {
        let mut lists: Lists = self.kinds.iter().map(|kind| (kind.kind, kind.offered())).collect();
        match self.phase {
            Phase::Done => None,
            Phase::Opening { share, .. } | Phase::Trying { share } => Some(Offer::Init { lists, share }),
            Phase::Asking => {
                let asked = self.asked()?;
                let members = asked.open.last()?.members.clone();
                lists.insert(asked.kind, members.clone());
                let groups = self.kinds.iter().find(|kind| kind.kind == IkeKind::Group)?;
                let may_mislead = habits.refuses && habits.asks_for_groups;
                let refused = groups.rejected.iter().find(|choice| drawn(choice.number));
                let share = match refused.filter(|_| may_mislead) {
                    Some(decoy) => {
                        // A public value must be for a group on offer (RFC 7296 1.2).
                        lists.entry(IkeKind::Group).or_default().push(*decoy);
                        decoy.number
                    }
                    // The last ones are the least common: an answer then tells one of the others, and leaves nothing behind.
                    None if asked.kind == IkeKind::Group => uncommon(&members)?,
                    None => self.liked.or_else(|| groups.offered().first().map(|choice| choice.number))?,
                };
                Some(Offer::Init { lists, share })
            }
        }
    }

    fn asked(&self) -> Option<&Kind> {
        self.kinds.iter().find(|kind| !kind.open.is_empty())
    }

    /// Takes the answer to the offer that [`Set::question`] gave last.
    pub(super) fn learn(&mut self, lists: &Lists, share: u16, answer: &Answer, habits: &mut Habits) {
        self.ending.note(answer);
        let was_offered = |kind: IkeKind, choice: &Choice| lists.get(&kind).is_some_and(|list| list.contains(choice));
        let wanted = |number: u16| {
            let choice = Choice { number, key_bits: None };
            (number != share && was_offered(IkeKind::Group, &choice)).then_some(choice)
        };
        let breach = match answer {
            // Kinds that were offered and not answered count, too.
            Answer::Chose(combination) => {
                combination.iter().any(|(kind, choice)| !was_offered(*kind, choice))
                    || lists.keys().any(|kind| !combination.contains_key(kind))
            }
            Answer::WantsGroup(number) => wanted(*number).is_none(),
            _ => false,
        };
        self.ending.unasked |= breach;
        // Of what was not offered nothing is believed.
        let answer = if breach { &Answer::Undecodable } else { answer };
        match answer {
            Answer::Refused { notification: NotifyType::NO_PROPOSAL_CHOSEN, .. } => habits.refuses = true,
            Answer::WantsGroup(_) => habits.asks_for_groups = true,
            _ => {}
        }
        match (&self.phase, answer) {
            (Phase::Done, _) => {}
            (Phase::Opening { .. }, Answer::Chose(combination)) => {
                self.take(combination);
                let groups = self.kinds.iter().find(|kind| kind.kind == IkeKind::Group);
                let open: Vec<_> =
                    groups.into_iter().flat_map(|kind| &kind.open).flat_map(|open| &open.members).copied().collect();
                self.phase = match uncommon(&open) {
                    Some(share) if !habits.asks_for_groups => Phase::Trying { share },
                    _ => Phase::Asking,
                };
            }
            (Phase::Trying { .. }, _) => {
                match answer {
                    Answer::Chose(combination) => self.take(combination),
                    Answer::WantsGroup(number) => {
                        self.accept(IkeKind::Group, Choice { number: *number, key_bits: None })
                    }
                    _ => {}
                }
                if !habits.asks_for_groups
                    && let Some(groups) = self.kind_mut(IkeKind::Group)
                {
                    groups.separate();
                }
                self.phase = Phase::Asking;
            }
            (Phase::Opening { adopted, .. }, Answer::WantsGroup(number)) => {
                let adopted = *adopted;
                self.phase = Phase::Asking;
                if let Some(choice) = wanted(*number) {
                    self.accept(IkeKind::Group, choice);
                    if !adopted {
                        self.phase = Phase::Opening { share: *number, adopted: true };
                    }
                }
            }
            (
                Phase::Opening { .. },
                Answer::Refused {
                    notification: NotifyType::NO_PROPOSAL_CHOSEN | NotifyType::INVALID_MAJOR_VERSION,
                    ..
                },
            ) => {
                for kind in &mut self.kinds {
                    let open = std::mem::take(&mut kind.open);
                    kind.rejected.extend(open.into_iter().flat_map(|open| open.members));
                }
                self.phase = Phase::Done;
            }
            (Phase::Opening { .. }, Answer::Refused { .. } | Answer::Undecodable | Answer::Lost) => {
                self.give_up();
            }
            (Phase::Asking, _) => self.learn_asked(wanted, answer),
        }
        if self.phase == Phase::Asking && self.asked().is_none() {
            self.phase = Phase::Done;
        }
    }

    fn learn_asked(&mut self, wanted: impl Fn(u16) -> Option<Choice>, answer: &Answer) {
        let Some(asked) = self.asked().map(|kind| kind.kind) else { return };
        let before = self.open_of(asked);
        match answer {
            Answer::Chose(combination) => self.take(combination),
            Answer::WantsGroup(number) => {
                if let Some(choice) = wanted(*number) {
                    self.accept(IkeKind::Group, choice);
                }
                if asked != IkeKind::Group
                    && let Some(kind) = self.kind_mut(asked)
                {
                    kind.split();
                }
            }
            Answer::Refused { notification: NotifyType::NO_PROPOSAL_CHOSEN, .. } => {
                if let Some(kind) = self.kind_mut(asked)
                    && let Some(open) = kind.open.pop()
                {
                    kind.reject(open);
                }
            }
            Answer::Refused { .. } | Answer::Undecodable | Answer::Lost => {}
        }
        if self.open_of(asked) != before {
            self.lost_in_row = 0;
            return;
        }
        // Nothing was told about what was asked: it stays open for good, so that no answer can keep us asking.
        if let Some(kind) = self.kind_mut(asked)
            && let Some(open) = kind.open.pop()
        {
            kind.unresolved.extend(open.members);
        }
        self.lost_in_row = self.lost_in_row.saturating_add(1);
        if self.lost_in_row >= LOST_IN_ROW {
            self.give_up();
        }
    }

    /// What is open of a kind, as lists: each useful answer changes it, and none can change it for ever.
    fn open_of(&self, kind: IkeKind) -> Vec<Vec<Choice>> {
        let kind = self.kinds.iter().find(|known| known.kind == kind);
        kind.map(|kind| kind.open.iter().map(|open| open.members.clone()).collect()).unwrap_or_default()
    }

    fn kind_mut(&mut self, kind: IkeKind) -> Option<&mut Kind> {
        self.kinds.iter_mut().find(|known| known.kind == kind)
    }

    fn accept(&mut self, kind: IkeKind, choice: Choice) {
        if kind == IkeKind::Group {
            self.liked = Some(choice.number);
        }
        if let Some(known) = self.kind_mut(kind) {
            known.accept(choice);
        }
    }

    fn take(&mut self, combination: &Combination) {
        for (kind, choice) in combination {
            self.accept(*kind, *choice);
        }
        if !self.chosen.contains(combination) {
            self.chosen.push(combination.clone());
        }
    }

    pub(super) fn give_up(&mut self) {
        self.kinds.iter_mut().for_each(Kind::give_up);
        self.phase = Phase::Done;
    }

    /// Whether the first question had no answer at all.
    pub(super) fn is_dead(&self) -> bool {
        self.done() && self.ending.lost > 0 && !self.ending.answered
    }

    pub(super) fn resolved(&self) -> impl Iterator<Item = Resolved<'_>> {
        self.kinds.iter().map(|kind| Resolved {
            kind: kind.kind,
            accepted: &kind.accepted,
            complete: kind.unresolved.is_empty() && kind.open.is_empty(),
        })
    }
}

/// The last method of a list whose public value is small, else the last.
fn uncommon(members: &[Choice]) -> Option<u16> {
    let small = members.iter().rev().find(|choice| drawn(choice.number));
    small.or(members.last()).map(|choice| choice.number)
}

/// Whether a public value of the method costs us nothing and is small.
fn drawn(method: u16) -> bool {
    registry::ike(IkeClass::KeyExchange, method).is_some()
        && !matches!(
            method,
            group::ML_KEM_512 | group::ML_KEM_768 | group::ML_KEM_1024 | group::MODP_6144 | group::MODP_8192
        )
}
