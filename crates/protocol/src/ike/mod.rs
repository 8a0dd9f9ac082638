//! What to ask an IKE responder, and what its answers add up to. Pure: the same answers lead to the same offers.
//!
//! IKEv2 is asked twice, with encryption that needs integrity beside it and with encryption that guards it itself, since no
//! proposal may mix them. IKEv1 is asked in the profile of GM/T 0022 and as IANA numbers it. One question is on its way at a
//! time, and every answer settles something, so no responder can keep a plan going: [`Plan::questions_at_most`] says how long
//! it can get.
//!
//! A plan gives an [`Offer`]; an [`Exchange`] makes datagrams of it, returns cookies, and reads what comes back.

mod choice;
mod exchange;
mod share;
mod version1;
mod version2;

pub use choice::{Choice, Combination, Dialect, Lists};
pub use exchange::{Answer, Exchange, Heard, NotWritten, Offer, Signs};

use choice::group;
use dengmi_core::registry::{IkeClass, ike_class, ike_vendor};
use dengmi_core::{Asked, IkeAccepts, IkeKind, IkeTransform, IkeVendor, Reach};
use dengmi_parse::ike::{CertificateEncoding, IkeVersion};
use std::collections::BTreeMap;

/// Different vendor ids, announcements and certificates that are kept of one version.
const KEPT: usize = 64;

/// What to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// IKEv2.
    pub version2: bool,
    /// The profile of GM/T 0022, as version 1.1 and as 1.0.
    pub gmt0022: bool,
    /// IKEv1.
    pub version1: bool,
    /// Whether IKEv1's aggressive mode is answered. The answer carries what a pre-shared key can be guessed from, so it is
    /// asked for on demand only, and kept of it is that it came.
    pub aggressive: bool,
}

impl Default for Scope {
    /// All but the aggressive mode.
    fn default() -> Scope {
        Scope { version2: true, gmt0022: true, version1: true, aggressive: false }
    }
}

/// How a list of questions ended.
#[derive(Clone, Debug, Default)]
struct Ending {
    answered: bool,
    refused: bool,
    undecodable: bool,
    /// Something was chosen or wanted that had not been offered.
    unasked: bool,
    lost: u32,
    by: Option<String>,
}

impl Ending {
    fn note(&mut self, answer: &Answer) {
        match answer {
            Answer::Lost => {
                self.lost = self.lost.saturating_add(1);
                return;
            }
            Answer::Refused { notification, version } => {
                self.refused = true;
                self.by = Some(notification.word(*version));
            }
            Answer::Undecodable => self.undecodable = true,
            Answer::Chose(_) | Answer::WantsGroup(_) => {}
        }
        self.answered = true;
    }
}

/// What is known of one kind.
struct Resolved<'a> {
    kind: IkeKind,
    accepted: &'a [Choice],
    complete: bool,
}

/// One list of questions.
#[derive(Clone, Debug)]
enum Part {
    Two(version2::Set),
    One(version1::Set),
    /// The aggressive mode: one question.
    Aggressive {
        done: bool,
    },
}

impl Part {
    fn done(&self) -> bool {
        match self {
            Part::Two(set) => set.done(),
            Part::One(set) => set.done(),
            Part::Aggressive { done } => *done,
        }
    }

    fn is_dead(&self) -> bool {
        match self {
            Part::Two(set) => set.is_dead(),
            Part::One(set) => set.is_dead(),
            Part::Aggressive { .. } => false,
        }
    }

    fn give_up(&mut self) {
        match self {
            Part::Two(set) => set.give_up(),
            Part::One(set) => set.give_up(),
            Part::Aggressive { done } => *done = true,
        }
    }
}

/// What goes with the lists of one dialect.
#[derive(Clone, Debug, Default)]
struct Beside {
    signs: Signs,
    aggressive: Option<bool>,
    datagrams: u32,
    minor: u8,
}

/// The questions to one responder.
#[derive(Clone, Debug)]
pub struct Plan {
    parts: Vec<(Dialect, Part)>,
    beside: BTreeMap<Dialect, Beside>,
    asked: Option<(usize, Offer)>,
    habits: version2::Habits,
}

/// What was met in one dialect, and how far it was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Whose numbers.
    pub dialect: Dialect,
    /// [`Reach::Absent`] where everything was refused.
    pub reach: Reach,
    /// The lists.
    pub accepts: IkeAccepts,
    /// Nothing is left to ask, and nothing was lost.
    pub complete: bool,
    /// Questions without an answer.
    pub lost: u32,
    /// The responder chose or wanted what had not been offered.
    pub unasked: bool,
    /// Its first choice.
    pub first_choice: Option<Combination>,
}

impl Plan {
    /// A plan that has asked nothing yet.
    pub fn new(scope: &Scope) -> Plan {
        let mut parts = Vec::new();
        if scope.version2 {
            parts.extend([false, true].map(|aead| (Dialect::Version2, Part::Two(version2::Set::new(aead)))));
        }
        if scope.gmt0022 {
            for version in [IkeVersion::V1_1, IkeVersion::V1_0] {
                let set = |envelope| Part::One(version1::Set::gmt0022(version, envelope));
                parts.extend([true, false].map(|envelope| (Dialect::Gmt0022, set(envelope))));
            }
        }
        if scope.version1 {
            parts.push((Dialect::Version1, Part::One(version1::Set::ietf())));
        }
        if scope.aggressive {
            parts.push((Dialect::Version1, Part::Aggressive { done: false }));
        }
        let beside = parts.iter().map(|(dialect, _)| (*dialect, Beside::default())).collect();
        Plan { parts, beside, asked: None, habits: version2::Habits::default() }
    }

    /// The next question. `None`: one is on its way, or [`Plan::done`].
    pub fn ask(&mut self) -> Option<Offer> {
        if self.asked.is_some() {
            return None;
        }
        for at in 0..self.parts.len() {
            if self.needless(at)
                && let Some((_, part)) = self.parts.get_mut(at)
            {
                part.give_up();
            }
            let aggressive = self.aggressive_offer();
            let Some((_, part)) = self.parts.get_mut(at) else { break };
            let offer = match part {
                Part::Two(set) => set.question(self.habits),
                Part::One(set) => set.question(),
                Part::Aggressive { done } => (!*done).then_some(aggressive),
            };
            if let Some(offer) = offer {
                self.asked = Some((at, offer.clone()));
                return Some(offer);
            }
        }
        None
    }

    /// The dialect of the question that is on its way.
    pub fn asking(&self) -> Option<Dialect> {
        self.asked.as_ref().and_then(|(at, _)| self.parts.get(*at)).map(|(dialect, _)| *dialect)
    }

    /// Whether a part would tell nothing: silence met it before, or the profile was taken in its own version.
    fn needless(&self, at: usize) -> bool {
        let Some((dialect, part)) = self.parts.get(at) else { return true };
        if part.done() {
            return false;
        }
        let before = || self.parts.iter().take(at).filter(|(other, _)| other == dialect).map(|(_, part)| part);
        match part {
            Part::Two(_) => before().any(Part::is_dead),
            // 1.0 is asked when 1.1 met silence; pre-shared keys are not where the envelope met it in the same version.
            Part::One(set) => {
                let same = |part: &&Part| matches!(part, Part::One(other) if other.version() == set.version());
                let taken = |part: &Part| matches!(part, Part::One(other) if other.version() != set.version() && !other.chosen.is_empty());
                before().any(taken) || before().filter(same).any(Part::is_dead)
            }
            Part::Aggressive { .. } => before().any(Part::is_dead),
        }
    }

    /// What a responder takes in main mode, else the usual, with one group for all, as the mode demands.
    fn aggressive_offer(&self) -> Offer {
        let main = self.parts.iter().find_map(|(dialect, part)| match part {
            Part::One(set) if *dialect == Dialect::Version1 => Some(set.chosen.as_slice()),
            _ => None,
        });
        let chosen = main.unwrap_or_default();
        let of = |combination: &Combination| combination.get(&IkeKind::Group).map(|group| group.number);
        // A public value goes with this mode, and there is none for groups over binary fields.
        let usable = |method: &u16| !group::OLD_BINARY.contains(method);
        let method = chosen.iter().filter_map(of).find(usable).unwrap_or(group::MODP_1024);
        let mut transforms: Vec<_> = chosen.iter().filter(|one| of(one) == Some(method)).cloned().collect();
        if transforms.is_empty() {
            transforms = version1::usual_with(method);
        }
        Offer::Main { version: IkeVersion::V1_0, transforms, aggressive: Some(method) }
    }

    /// Takes the answer to the question that is on its way, what else it told, and how many datagrams it took.
    pub fn learn(&mut self, answer: &Answer, signs: &Signs, datagrams: u32) {
        let Some((at, offer)) = self.asked.take() else { return };
        let Some((dialect, part)) = self.parts.get_mut(at) else { return };
        let beside = self.beside.entry(*dialect).or_default();
        beside.datagrams = beside.datagrams.saturating_add(datagrams);
        merge(&mut beside.signs, signs);
        match (part, &offer) {
            (Part::Two(set), Offer::Init { lists, share }) => set.learn(lists, *share, answer, &mut self.habits),
            (Part::One(set), Offer::Main { version, .. }) => {
                let before = set.chosen.len();
                set.learn(answer);
                if set.chosen.len() > before {
                    beside.minor = version.0 & 0x0f;
                }
            }
            (Part::Aggressive { done }, _) => {
                *done = true;
                beside.aggressive = match answer {
                    Answer::Chose(_) => Some(true),
                    Answer::Refused { .. } => Some(false),
                    _ => None,
                };
            }
            _ => {}
        }
    }

    /// Asks nothing more. What is known stays known, and is marked as a part.
    pub fn give_up(&mut self) {
        self.asked = None;
        self.parts.iter_mut().filter(|(_, part)| !part.done()).for_each(|(_, part)| part.give_up());
    }

    /// Whether every question has its answer.
    pub fn done(&self) -> bool {
        self.asked.is_none() && self.parts.iter().all(|(_, part)| part.done())
    }

    /// Certificates that came in clear, in the order of meeting.
    pub fn certificates(&self) -> impl Iterator<Item = &(CertificateEncoding, Vec<u8>)> {
        self.beside.values().flat_map(|beside| &beside.signs.certificates)
    }

    /// What is known in each dialect that was in scope, also half-way: what was not finished says so.
    pub fn known(&self) -> Vec<Known> {
        self.beside.iter().map(|(dialect, beside)| self.known_in(*dialect, beside)).collect()
    }

    fn known_in(&self, dialect: Dialect, beside: &Beside) -> Known {
        let mut accepted: BTreeMap<IkeKind, Vec<Choice>> = BTreeMap::new();
        let (mut complete, mut chosen, mut ending) = (true, Vec::new(), Ending::default());
        let mut add = |resolved: Resolved<'_>| {
            complete &= resolved.complete;
            accepted.entry(resolved.kind).or_default().extend(resolved.accepted);
        };
        let taken = beside.minor == 1;
        for part in self.parts.iter().filter(|(of, _)| *of == dialect).map(|(_, part)| part) {
            let (of, list) = match part {
                Part::Two(set) => {
                    set.resolved().for_each(&mut add);
                    (&set.ending, &set.chosen)
                }
                // A profile that was taken as 1.1 is not asked as 1.0, and nothing is missing.
                Part::One(set) if taken && set.version() != IkeVersion::V1_1 => (&set.ending, &set.chosen),
                Part::One(set) => {
                    let lists: Vec<_> = set.accepted().collect();
                    set.resolved(&lists).for_each(&mut add);
                    (&set.ending, &set.chosen)
                }
                Part::Aggressive { .. } => continue,
            };
            chosen.extend(list.iter().cloned());
            ending.answered |= of.answered;
            ending.refused |= of.refused;
            ending.undecodable |= of.undecodable;
            ending.unasked |= of.unasked;
            ending.lost = ending.lost.saturating_add(of.lost);
            ending.by = of.by.clone().or(ending.by);
        }
        let transforms: BTreeMap<IkeKind, Vec<IkeTransform>> = accepted
            .into_iter()
            .map(|(kind, mut choices)| {
                choices.sort_unstable();
                choices.dedup();
                (kind, choices.into_iter().map(|choice| dialect.transform(kind, choice)).collect())
            })
            .collect();
        let named = |combination: &Combination| {
            combination.iter().map(|(kind, choice)| (*kind, dialect.transform(*kind, *choice))).collect()
        };
        let seen = transforms.values().any(|list| !list.is_empty());
        let reach = match () {
            () if seen => Reach::Seen,
            () if ending.refused && complete => Reach::Absent,
            () if ending.undecodable => Reach::Undecodable,
            () if ending.refused => Reach::Refused,
            () if ending.lost > 0 => Reach::Unanswered,
            () => Reach::NotTried,
        };
        let accepts = IkeAccepts {
            version: if dialect == Dialect::Version2 { 2 } else { 1 },
            minor: beside.minor,
            profile: (dialect == Dialect::Gmt0022).then(|| "GM/T 0022".into()),
            transforms,
            chosen: chosen.iter().map(named).collect(),
            asked: if complete { Asked::Registry } else { Asked::Partly },
            vendor_ids: beside.signs.vendor_ids.iter().map(|id| vendor(id)).collect(),
            announced: beside.signs.announced.iter().map(|word| word.as_str().into()).collect(),
            cookie: beside.signs.cookie,
            nat_traversal: beside.signs.nat_traversal,
            aggressive: beside.aggressive,
            datagrams: beside.datagrams,
            ended_by: ending.by.map(Into::into),
        };
        let first_choice = chosen.first().cloned();
        Known { dialect, reach, accepts, complete, lost: ending.lost, unasked: ending.unasked, first_choice }
    }

    /// More questions than any answers can lead to.
    pub fn questions_at_most() -> usize {
        // IKEv2: a value costs at most two questions, in two sets of at most all values. IKEv1: a question settles one
        // combination at least, and a choice makes one more value accepted; refusals settle a whole batch.
        let count = |class| ike_class(class).map(|entry| entry.key_bits.len().max(1)).sum::<usize>();
        let version2 = [IkeClass::Encryption2, IkeClass::Prf, IkeClass::Integrity, IkeClass::KeyExchange].map(count);
        let version1 =
            [IkeClass::Encryption1, IkeClass::Hash1, IkeClass::Authentication1, IkeClass::KeyExchange].map(count);
        let combinations = version1.iter().product::<usize>();
        4 * version2.iter().sum::<usize>() + combinations / version1::BATCH + 4 * version1.iter().sum::<usize>() + 64
    }
}

fn vendor(id: &[u8]) -> IkeVendor {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = ike_vendor(&hex).map(|entry| entry.name.into());
    IkeVendor { hex: hex.into(), name }
}

fn merge(known: &mut Signs, more: &Signs) {
    known.cookie |= more.cookie;
    known.nat_traversal |= more.nat_traversal;
    add_new(&mut known.vendor_ids, &more.vendor_ids);
    add_new(&mut known.announced, &more.announced);
    add_new(&mut known.certificates, &more.certificates);
}

fn add_new<T: Clone + PartialEq>(known: &mut Vec<T>, more: &[T]) {
    for item in more {
        if known.len() < KEPT && !known.contains(item) {
            known.push(item.clone());
        }
    }
}

#[cfg(test)]
mod tests;
