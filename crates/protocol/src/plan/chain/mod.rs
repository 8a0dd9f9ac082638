//! One version's chain of hellos: each one leaves out what was already chosen, until the server refuses the rest.
//!
//! Groups are told by the same hellos as suites. Those already seen move to the end of the list and never leave it, so
//! that no suite loses the group that it needs: not an ECDHE suite its exchange, not an ECDSA certificate its curve. A
//! server that follows the client's order of groups then names a new one each time. One that has an order of its own, or
//! has its groups in classes as OpenSSL 3.5 does, sooner or later names one again, and its other groups are asked
//! afterwards, without those seen.
//!
//! Signature schemes are left out as they are seen, at the cost of none while suites last: of two that a server has, the
//! one it likes less would never be named beside the other. A kind of key that runs out of schemes takes its suites out of
//! question, unseen, which must be mended by asking pairs: so all its schemes come back after the first few. What is left of the lists
//! is asked once the suites are known, groups and schemes together where both may have more, and each list is proved
//! whole with the other complete. The suites of a key that did run out come later, and [`merge`] puts both runs in order.

mod ending;
mod merge;
mod sweep;

pub(super) use ending::Ending;

use super::hello::ssl2_suite;
use super::{Answer, Chosen, Finding, Lists, Loss, Offer, Spoken, Style, kind_name, suite_name};
use dengmi_core::{Accepts, Asked, Features, Group, Order, Protocol, Reach, Scheme, Suite, Version, registry};
use dengmi_parse::tls::AlertDescription;
use merge::Merge;
use std::{collections::VecDeque, sync::Arc};
use sweep::Block;

/// Hellos of up to this many suites stay below 256 bytes when they carry no extensions: some servers drop longer ones.
const SHORT: usize = 100;
/// TLCP suites that are tried alone before a server that closes every time is left alone; half of them where it speaks
/// another version.
const SINGLE: usize = 2;

/// Schemes of one kind of key that are told beside suites. OpenSSL, whose lists of suites are the longest, has as many for each kind,
/// and so does not run out.
const BESIDE_SUITES: usize = 4;

#[derive(Clone, Debug)]
enum Phase {
    /// Suites, and groups and schemes beside them.
    Suites,
    /// Groups and schemes that are left, with suites that are known to be accepted, in reverse order.
    Lists(Left),
    /// The accepted suites of several blocks once more in one hello, for their order.
    Sequence,
    /// The accepted suites in reverse order: whose order counts?
    Order,
    /// Two suites of two runs: which comes first?
    Merge(Merge),
    /// Every code point that the registry does not know.
    Sweep,
    /// Whether the fallback signal is heeded.
    Fallback,
    Done,
}

/// Which lists are asked apart from suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Both,
    Groups,
    /// Those of one kind of key: a server may choose a suite by its key and fail for want of a scheme, instead of
    /// choosing a suite of another key.
    Schemes(&'static str),
}

/// How the groups are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grouping {
    /// New ones first, seen ones last: while the server names new ones.
    Beside,
    /// The server named a seen one: it has no other, or likes that one better. Only new ones, once the suites are known.
    Apart,
    /// Nothing is left to ask.
    Ended,
}

/// A suite that was chosen, and what came with it.
#[derive(Clone, Copy, Debug)]
struct Met {
    suite: Suite,
    /// A named group.
    grouped: bool,
    /// The kind of key that signed.
    key: Option<&'static str>,
}

/// The questions to one server in one version. Same answers in, same offers out.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    lists: Arc<Lists>,
    server_name: Option<Arc<str>>,
    tries: u32,
    sweeps: bool,

    phase: Phase,
    style: Style,
    grouping: Grouping,
    /// Suites that the current hello offers in [`Phase::Suites`] and [`Phase::Sequence`].
    left: Vec<Suite>,
    /// Blocks of suites still to be offered, when one hello cannot hold them all.
    blocks: VecDeque<Vec<Suite>>,
    in_blocks: bool,
    /// Groups that no answer named yet.
    unseen: Vec<Group>,
    /// Schemes that no answer named yet.
    unseen_schemes: Vec<Scheme>,
    /// Schemes are left out as they are seen.
    signing: bool,
    /// How many of `accepted` were met while they were, and how many of `schemes`.
    run: usize,
    run_schemes: usize,
    /// How often the current question had no answer, and how often it was closed.
    failures: u32,
    closes: u32,

    accepted: Vec<Met>,
    sequence: Vec<Suite>,
    /// What an SSL 2.0 server has.
    kinds: Option<Vec<u32>>,
    groups: Vec<Group>,
    schemes: Vec<Scheme>,
    order: Order,
    pub(super) features: Features,
    /// What a sweep has still to offer, and whether every block of suites had its answer.
    sweep: VecDeque<Block>,
    swept: Option<bool>,
    /// Something was asked and never answered: absence from the list proves nothing.
    partly: bool,
    /// The same of groups and schemes.
    lists_partly: bool,
    /// The end of the list was told by a close and no later answer has shown yet that the server still talks to us.
    unconfirmed_close: bool,
    ended_by: Option<Ending>,
    /// While a TLCP server is asked once more with [`Style::Grouped`]: what to go back to when that brings nothing.
    before: Option<(Style, Ending)>,
    asked_again: bool,
    /// The server speaks in another version.
    pub(super) elsewhere: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) hellos: u32,
    pub(super) lost: u32,
}

/// The kind of key of schemes that no one knows.
const UNKNOWN: &str = "unknown";

/// The kind of key that signs so.
fn key_of(scheme: Scheme) -> Option<&'static str> {
    registry::scheme(scheme).map(|entry| entry.key.unwrap_or_default())
}

/// How many of these a kind of key signs by.
fn of_key(schemes: &[Scheme], key: &str) -> usize {
    schemes.iter().filter(|&&scheme| key_of(scheme) == Some(key)).count()
}

/// Versions whose hello offers everything below them too (RFC 5246 E.1).
pub(super) fn legacy(version: Version) -> bool {
    (Version::SSL_3_0..=Version::TLS_1_2).contains(&version)
}

impl Chain {
    pub(super) fn new(lists: Arc<Lists>, server_name: Option<Arc<str>>, tries: u32, sweeps: bool) -> Chain {
        let style = match lists.version {
            Version::TLCP | Version::SSL_2_0 | Version::SSL_3_0 => Style::Plain,
            _ => Style::Full,
        };
        let mut chain = Chain {
            server_name,
            tries: tries.max(1),
            sweeps,
            phase: Phase::Suites,
            style,
            grouping: Grouping::Beside,
            left: lists.suites.clone(),
            blocks: VecDeque::new(),
            in_blocks: false,
            unseen: lists.groups.clone(),
            unseen_schemes: lists.schemes.clone(),
            // TLS 1.3 hides its signatures, and before TLS 1.2 they name no scheme.
            signing: lists.version == Version::TLS_1_2,
            run: 0,
            run_schemes: 0,
            failures: 0,
            closes: 0,
            accepted: Vec::new(),
            sequence: Vec::new(),
            kinds: None,
            groups: Vec::new(),
            schemes: Vec::new(),
            order: Order::NotTried,
            features: Features::new(lists.version),
            sweep: VecDeque::new(),
            swept: None,
            partly: false,
            lists_partly: false,
            unconfirmed_close: false,
            ended_by: None,
            before: None,
            asked_again: false,
            elsewhere: false,
            findings: Vec::new(),
            hellos: 0,
            lost: 0,
            lists,
        };
        chain.restyle(style);
        if chain.left.is_empty() {
            chain.phase = Phase::Done;
        }
        chain
    }

    pub(super) fn version(&self) -> Version {
        self.lists.version
    }

    pub(super) fn done(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    /// Whether the next hello asks for groups in TLS 1.3.
    pub(super) fn asks_groups_of_tls13(&self) -> bool {
        self.lists.version == Version::TLS_1_3
            && self.style == Style::Full
            && matches!(self.phase, Phase::Lists(Left::Groups))
    }

    /// Whether the server has chosen something in this version.
    pub(super) fn spoken(&self) -> bool {
        !self.accepted.is_empty() || self.kinds.is_some()
    }

    /// The next hello; `None` when nothing is left to ask. Asking twice without an answer gives the same hello.
    pub(super) fn question(&self) -> Option<Offer> {
        let mut groups = self.all_groups();
        let mut schemes = self.lists.schemes.clone();
        let suites = match &self.phase {
            Phase::Suites => {
                let left_out = self.left_out();
                schemes.retain(|scheme| !left_out.contains(scheme));
                self.left.clone()
            }
            Phase::Sequence => self.left.clone(),
            Phase::Lists(left) => {
                if !matches!(left, Left::Schemes(_)) && self.grouping == Grouping::Apart {
                    groups.clone_from(&self.unseen);
                }
                if *left != Left::Groups {
                    schemes.clone_from(&self.unseen_schemes);
                }
                self.suites_for(*left)
            }
            Phase::Order => self.backwards(),
            Phase::Merge(merge) => merge.question()?.to_vec(),
            Phase::Sweep => match self.sweep.front()? {
                Block::Tolerance(suites) => {
                    suites.iter().copied().chain(self.accepted.first().map(|met| met.suite)).collect()
                }
                Block::Suites(suites) => suites.clone(),
                Block::Groups(block) => {
                    groups.clone_from(block);
                    self.suites_for(Left::Groups)
                }
            },
            Phase::Fallback => self.accepted.iter().map(|met| met.suite).chain([Suite::TLS_FALLBACK_SCSV]).collect(),
            Phase::Done => return None,
        };
        let restricted = schemes.len() < self.lists.schemes.len();
        Some(Offer {
            version: self.lists.version,
            suites,
            groups,
            certificate_schemes: if restricted { self.lists.schemes.clone() } else { Vec::new() },
            schemes,
            style: self.style,
            // Once they are answered, asking again only makes the answers longer.
            features: self.accepted.is_empty(),
            server_name: self.server_name.clone(),
            session: None,
        })
    }

    /// New ones first, seen ones last.
    fn all_groups(&self) -> Vec<Group> {
        let seen = self.groups.iter().filter(|group| self.lists.groups.contains(group));
        self.unseen.iter().chain(seen).copied().collect()
    }

    /// Accepted suites that tell something about these lists, the latest first.
    fn suites_for(&self, left: Left) -> Vec<Suite> {
        let tells = |met: &&Met| match left {
            Left::Both => met.grouped || met.key.is_some(),
            Left::Groups => met.grouped,
            Left::Schemes(key) => met.key == Some(key),
        };
        self.accepted.iter().rev().filter(tells).map(|met| met.suite).collect()
    }

    /// Accepted suites against the order in which they were offered.
    fn backwards(&self) -> Vec<Suite> {
        let mut suites: Vec<Suite> = self.accepted.iter().map(|met| met.suite).collect();
        suites.sort_by_key(|&suite| std::cmp::Reverse(self.place(suite)));
        suites
    }

    fn place(&self, suite: Suite) -> Option<usize> {
        self.lists.suites.iter().position(|&offered| offered == suite)
    }

    /// Takes the answer to `offer`, which was this chain's latest.
    pub(super) fn learn(&mut self, offer: &Offer, answer: &Answer) {
        self.hellos = self.hellos.saturating_add(1);
        match answer {
            Answer::Chose(chosen) => self.chose(offer, chosen),
            Answer::Refused(alert) => self.refused(Ending::Alert(*alert)),
            Answer::Closed => self.closed(),
            Answer::NotTls(spoken) => self.strange(Ending::Spoke(*spoken)),
            Answer::Undecodable => self.strange(Ending::Undecodable),
            Answer::Lost(loss) => self.lost(*loss),
        }
    }

    /// Stops here: what is known stays known, and is only a part.
    pub(super) fn give_up(&mut self) {
        match self.phase {
            Phase::Done => return,
            Phase::Suites => {
                self.partly = true;
                self.ended_by = Some(Ending::Lost(Loss::GivenUp));
            }
            Phase::Merge(_) => self.order = Order::NotTried,
            Phase::Sweep => self.swept = Some(false),
            _ => {}
        }
        self.partly |= self.unconfirmed_close;
        self.lists_partly |= !matches!(self.phase, Phase::Fallback | Phase::Sweep);
        self.phase = Phase::Done;
    }

    /// The answer to a hello of a higher version says that this one is not spoken.
    pub(super) fn rule_out(&mut self, by: Ending) {
        if self.hellos == 0 && !self.done() {
            self.ended_by = Some(by);
            self.phase = Phase::Done;
        }
    }

    /// Asks whether the fallback signal is heeded, once all else is known.
    pub(super) fn ask_for_fallback(&mut self) {
        if self.done() && self.spoken() && self.style != Style::Plain {
            (self.failures, self.closes) = (0, 0);
            self.phase = Phase::Fallback;
        }
    }

    fn chose(&mut self, offer: &Offer, chosen: &Chosen) {
        if matches!(self.phase, Phase::Fallback) {
            self.features.fallback_signal = Some(false);
            self.phase = Phase::Done;
            return;
        }
        let new_scheme = chosen.scheme.is_some_and(|scheme| self.scheme(scheme));
        if chosen.version != self.lists.version {
            if !(legacy(chosen.version) && chosen.version < self.lists.version) {
                self.findings.push(Finding::OtherVersion { asked: self.lists.version, chosen: chosen.version });
            }
            return self.refused(Ending::OtherVersion(chosen.version));
        }
        self.features.learn(chosen.features.clone());
        if chosen.version == Version::SSL_2_0 {
            self.kinds = Some(chosen.kinds.clone());
            self.ended_by = Some(Ending::Told);
            self.phase = Phase::Done;
            return;
        }
        if !offer.suites.contains(&chosen.suite) {
            self.findings.push(Finding::UnaskedSuite { version: chosen.version, suite: chosen.suite });
            return self.refused(Ending::Unasked(chosen.suite));
        }
        (self.failures, self.closes) = (0, 0);
        match &mut self.phase {
            Phase::Suites => {
                self.accept(chosen);
                self.left.retain(|&suite| suite != chosen.suite);
                self.before = None;
                self.group(chosen.group);
                let restricted = offer.schemes.len() < self.lists.schemes.len();
                let spared = chosen.scheme.and_then(key_of).is_some_and(|key| self.has_told(key));
                if self.signing && !new_scheme && restricted && !spared {
                    self.end_run();
                }
                if self.left.is_empty() {
                    self.end_of_block(Ending::AllAccepted);
                }
            }
            Phase::Lists(left) => {
                self.unconfirmed_close = false;
                let left = *left;
                // Without the groups or schemes seen before, a suite of another kind of certificate may be out of the
                // question.
                let whole = left == Left::Groups && self.grouping != Grouping::Apart;
                if whole || self.lists.version == Version::TLS_1_3 {
                    self.order_by(offer, chosen.suite);
                }
                let more = match left {
                    Left::Both => {
                        let before = self.groups.len();
                        self.group(chosen.group.filter(|group| self.unseen.contains(group)));
                        new_scheme || self.groups.len() > before
                    }
                    Left::Groups => {
                        if chosen.group.is_none() {
                            (self.lists_partly, self.grouping) = (true, Grouping::Ended);
                        }
                        self.group(chosen.group);
                        self.grouping != Grouping::Ended
                    }
                    Left::Schemes(_) => new_scheme,
                };
                // Where the last scheme is seen there is no other list of schemes to ask.
                if !more || (left != Left::Groups && self.unseen_schemes.is_empty()) {
                    self.after_list(left);
                }
            }
            Phase::Sequence => {
                self.sequence.push(chosen.suite);
                self.left.retain(|&suite| suite != chosen.suite);
                if self.left.len() == 1 {
                    self.sequence.append(&mut self.left);
                    let place = |met: &Met| self.sequence.iter().position(|&suite| suite == met.suite);
                    self.accepted.sort_by_key(place);
                    self.in_blocks = false;
                    self.after_lists();
                }
            }
            Phase::Order => {
                self.unconfirmed_close = false;
                if self.order == Order::NotTried {
                    // Who follows the client takes the first.
                    let first = offer.suites.first() == Some(&chosen.suite);
                    self.order = if first { Order::Clients } else { Order::Servers };
                }
                self.in_order();
            }
            Phase::Merge(merge) => {
                if !merge.learn(chosen.suite) {
                    return self.unordered();
                }
                self.merged();
            }
            Phase::Sweep => self.swept(chosen),
            Phase::Fallback | Phase::Done => {}
        }
    }

    fn accept(&mut self, chosen: &Chosen) {
        // A scheme that no one knows still has a key of some kind.
        let key = chosen.scheme.map(|scheme| key_of(scheme).unwrap_or(UNKNOWN));
        self.accepted.push(Met { suite: chosen.suite, grouped: chosen.group.is_some(), key });
    }

    /// Takes the scheme of an answer; true when it is a new one of those asked for.
    fn scheme(&mut self, scheme: Scheme) -> bool {
        if !self.schemes.contains(&scheme) {
            self.schemes.push(scheme);
        }
        let before = self.unseen_schemes.len();
        self.unseen_schemes.retain(|&unseen| unseen != scheme);
        self.unseen_schemes.len() < before
    }

    /// From here all schemes go with every hello again.
    fn end_run(&mut self) {
        self.signing = false;
        self.run = self.accepted.len();
        self.run_schemes = self.schemes.len();
    }

    /// Schemes that a hello for suites leaves out.
    fn left_out(&self) -> Vec<Scheme> {
        let seen = self.schemes.iter().copied().filter(|_| self.signing);
        seen.filter(|&scheme| !key_of(scheme).is_some_and(|key| self.has_told(key))).collect()
    }

    /// Whether enough schemes of this kind of key are told beside suites.
    fn has_told(&self, key: &str) -> bool {
        of_key(&self.schemes, key) >= BESIDE_SUITES
    }

    /// Whether this kind of key may have had no scheme left while suites were asked.
    fn may_have_run_out(&self, key: &str) -> bool {
        let in_run = of_key(self.schemes.get(..self.run_schemes).unwrap_or_default(), key);
        // One that shows more of them later had some left.
        in_run < BESIDE_SUITES && (in_run > 0 || key == UNKNOWN) && of_key(&self.schemes, key) == in_run
    }

    /// Takes the group of an answer, and what it says about the server's way to choose.
    fn group(&mut self, group: Option<Group>) {
        let Some(group) = group else { return };
        if let Some(at) = self.unseen.iter().position(|&unseen| unseen == group) {
            self.unseen.remove(at);
            self.groups.push(group);
            if self.unseen.is_empty() {
                self.grouping = Grouping::Ended;
            }
            return;
        }
        if !self.groups.contains(&group) {
            if !self.lists.groups.is_empty() {
                self.findings.push(Finding::UnaskedGroup { version: self.lists.version, group });
            }
            self.groups.push(group);
        }
        self.grouping = match (self.grouping, &self.phase) {
            // Only unseen ones were offered, and it chose another all the same: it does not look at the list.
            (Grouping::Apart, Phase::Lists(_)) => Grouping::Ended,
            (Grouping::Beside | Grouping::Apart, _) => Grouping::Apart,
            (Grouping::Ended, _) => Grouping::Ended,
        };
    }

    /// A hello with accepted suites in reverse was answered: a server that follows the client takes the first.
    fn order_by(&mut self, offer: &Offer, chosen: Suite) {
        let reversed = offer.suites.iter().rev().map(|&suite| self.place(suite)).is_sorted();
        if self.order != Order::NotTried || offer.suites.len() < 2 || !reversed {
            return;
        }
        if offer.suites.first() == Some(&chosen) {
            self.order = Order::Clients;
        } else if offer.suites.last() == Some(&chosen) {
            self.order = Order::Servers;
        }
    }

    /// Suites are asked with some schemes left out, so that a refusal says nothing yet.
    fn restricted(&self) -> bool {
        matches!(self.phase, Phase::Suites) && !self.left_out().is_empty()
    }

    fn refused(&mut self, ending: Ending) {
        (self.failures, self.closes) = (0, 0);
        if self.restricted() && !matches!(ending, Ending::Unasked(_)) {
            return self.end_run();
        }
        match self.phase {
            Phase::Suites => self.end_or_other_style(ending),
            Phase::Lists(left) => {
                if left == Left::Groups {
                    // In the other groupings the suite and its group had been accepted together before.
                    self.lists_partly |= self.grouping != Grouping::Apart;
                }
                self.after_list(left);
            }
            Phase::Sequence | Phase::Order | Phase::Merge(_) => {
                // The same suites with the same lists had been accepted before.
                self.findings.push(Finding::Unsteady { version: self.lists.version });
                self.unordered();
            }
            Phase::Sweep => self.block_refused(),
            Phase::Fallback => {
                if let Ending::Alert(alert) = ending {
                    self.features.fallback_signal = Some(alert == AlertDescription::INAPPROPRIATE_FALLBACK);
                }
                self.phase = Phase::Done;
            }
            Phase::Done => {}
        }
    }

    fn closed(&mut self) {
        if self.restricted() {
            return self.end_run();
        }
        self.closes = self.closes.saturating_add(1);
        match self.phase {
            // Every further style is another try.
            Phase::Suites if self.accepted.is_empty() => self.end_or_other_style(Ending::Closed),
            // A single close can be an accident; the same twice is how some servers refuse.
            _ if self.closes < 2 => {}
            Phase::Suites | Phase::Lists(_) => {
                self.unconfirmed_close = self.before.is_none();
                self.refused(Ending::Closed);
            }
            Phase::Sweep => self.block_refused(),
            Phase::Sequence | Phase::Order | Phase::Merge(_) | Phase::Fallback => self.unordered(),
            Phase::Done => {}
        }
    }

    /// Bytes that are no answer of this family.
    fn strange(&mut self, ending: Ending) {
        if matches!(self.phase, Phase::Suites) && self.accepted.is_empty() {
            self.ended_by = Some(ending);
            self.phase = Phase::Done;
        } else {
            self.lost(Loss::Silence);
        }
    }

    fn lost(&mut self, loss: Loss) {
        self.lost = self.lost.saturating_add(1);
        self.failures = self.failures.saturating_add(1);
        if self.failures < self.tries && !self.done() {
            return;
        }
        self.failures = 0;
        if self.restricted() {
            return self.end_run();
        }
        match self.phase {
            Phase::Suites => {
                self.partly = true;
                self.end_or_other_style(Ending::Lost(loss));
            }
            Phase::Lists(left) => {
                self.lists_partly |= left != Left::Both;
                self.after_list(left);
            }
            Phase::Sweep => self.next_of_sweep(false),
            Phase::Sequence | Phase::Order | Phase::Merge(_) | Phase::Fallback => self.unordered(),
            Phase::Done => {}
        }
    }

    fn end_or_other_style(&mut self, ending: Ending) {
        if !self.accepted.is_empty() || !self.other_style(ending) {
            self.end_of_block(ending);
        }
    }

    /// Goes on to the next kind of hello for a server that has accepted none yet; false when there is none for this
    /// way to fail.
    fn other_style(&mut self, ending: Ending) -> bool {
        use AlertDescription as Alert;
        if self.in_blocks {
            return false;
        }
        // "Protocol version" is a plain answer; other alerts may be about the form of the hello.
        let spoken = matches!(ending, Ending::Alert(alert) if alert != Alert::PROTOCOL_VERSION);
        let malformed = matches!(
            ending,
            Ending::Alert(
                Alert::UNEXPECTED_MESSAGE
                    | Alert::DECODE_ERROR
                    | Alert::ILLEGAL_PARAMETER
                    | Alert::UNSUPPORTED_EXTENSION
                    | Alert::NO_APPLICATION_PROTOCOL
            )
        );
        let dumb = matches!(ending, Ending::Closed | Ending::Lost(_));
        let legacy = legacy(self.lists.version) && self.lists.version != Version::SSL_3_0;
        let style = match (self.lists.version, self.style) {
            (Version::TLS_1_3, Style::Full) if spoken || dumb => Style::Shares,
            (Version::TLCP, _) if dumb || malformed => {
                let singles = self.lists.suites.iter().map(|&suite| vec![suite]).collect();
                return self.split(Style::Plain, singles);
            }
            (Version::TLCP, Style::Plain) if spoken && self.server_name.is_some() => Style::Named,
            (Version::TLCP, Style::Plain | Style::Named) if spoken => Style::Grouped,
            (_, Style::Full) if legacy && (malformed || dumb) => Style::Lean,
            (_, Style::Lean) if legacy && (malformed || dumb) => Style::Plain,
            (_, Style::Plain) if dumb && (legacy || self.lists.version == Version::SSL_3_0) => {
                return self.split(Style::Plain, self.lists.suites.chunks(SHORT).map(<[Suite]>::to_vec).collect());
            }
            _ => return false,
        };
        // Nothing was said about the usual hello, and a plain one may be refused where that would not be.
        self.partly = dumb && style == Style::Plain;
        self.ended_by = Some(ending);
        self.restyle(style);
        self.findings.push(Finding::Intolerant { version: self.lists.version, style });
        true
    }

    fn restyle(&mut self, style: Style) {
        self.style = style;
        if !style.sends_lists() || style == Style::Grouped || self.unseen.is_empty() {
            self.grouping = Grouping::Ended;
        }
        self.signing &= style.sends_lists() && !self.unseen_schemes.is_empty();
        (self.failures, self.closes) = (0, 0);
    }

    fn split(&mut self, style: Style, blocks: VecDeque<Vec<Suite>>) -> bool {
        // Nothing is left out by a plain hello in SSL 3.0 and TLCP, nor in blocks.
        self.partly &= !matches!(self.lists.version, Version::SSL_3_0 | Version::TLCP);
        self.findings.push(Finding::Intolerant { version: self.lists.version, style });
        self.in_blocks = true;
        self.ended_by = None;
        self.blocks = blocks;
        self.left = self.blocks.pop_front().unwrap_or_default();
        self.restyle(style);
        !self.left.is_empty()
    }

    /// The suites of this hello, or of this block, are known.
    fn end_of_block(&mut self, ending: Ending) {
        match self.before.take() {
            Some((style, ended_by)) => {
                self.restyle(style);
                self.ended_by = Some(ended_by);
            }
            // The weakest ending of several blocks counts: silence, then a close, then an alert.
            None if self.in_blocks && matches!(self.ended_by, Some(Ending::Lost(_))) => {}
            None if self.in_blocks && self.ended_by == Some(Ending::Closed) && !matches!(ending, Ending::Lost(_)) => {}
            None => self.ended_by = Some(ending),
        }
        if self.in_blocks {
            (self.failures, self.closes) = (0, 0);
            let asked = self.lists.suites.len().saturating_sub(self.blocks.len());
            let dumb = matches!(self.ended_by, Some(Ending::Closed | Ending::Lost(_)));
            let hopeless = dumb
                && self.accepted.is_empty()
                && self.lists.version == Version::TLCP
                && asked >= if self.elsewhere { SINGLE / 2 } else { SINGLE };
            if let Some(block) = self.blocks.pop_front().filter(|_| !hopeless) {
                self.left = block;
                return;
            }
        }
        // A server of TLCP may want to see curveSM2 before it takes an ECDHE suite.
        let asks_again = self.lists.version == Version::TLCP
            && matches!(self.style, Style::Plain | Style::Named)
            && matches!(ending, Ending::Alert(_))
            && self.spoken()
            && !self.in_blocks
            && !self.asked_again;
        if asks_again {
            self.asked_again = true;
            self.before = Some((self.style, ending));
            return self.restyle(Style::Grouped);
        }
        self.after_suites();
    }

    fn after_suites(&mut self) {
        if self.accepted.is_empty() {
            self.phase = Phase::Done;
            return;
        }
        if self.signing {
            self.end_run();
        }
        let groups = self.asks_groups();
        // Signed suites that came only with all schemes: those of the first run had run out.
        let ran_out = |met: &Met| met.key.is_some_and(|key| self.may_have_run_out(key));
        let more = !self.accepted.iter().skip(self.run).any(ran_out)
            || self.accepted.iter().any(|met| met.key.is_some() && !ran_out(met));
        let both = groups && self.grouping == Grouping::Apart && more && self.key_after(None).is_some();
        self.ask_lists(if both { Some(Left::Both) } else { groups.then_some(Left::Groups) });
    }

    /// Goes on behind a list that tells no more.
    fn after_list(&mut self, left: Left) {
        match left {
            Left::Both => self.ask_lists(self.asks_groups().then_some(Left::Groups)),
            Left::Groups => {
                self.grouping = Grouping::Ended;
                self.ask_lists(None);
            }
            Left::Schemes(key) => match self.key_after(Some(key)) {
                Some(key) => self.phase = Phase::Lists(Left::Schemes(key)),
                None => self.after_lists(),
            },
        }
    }

    /// Asks these, or else the schemes of the first key.
    fn ask_lists(&mut self, left: Option<Left>) {
        match left.or(self.key_after(None).map(Left::Schemes)) {
            Some(left) => self.phase = Phase::Lists(left),
            None => self.after_lists(),
        }
    }

    fn asks_groups(&self) -> bool {
        self.grouping != Grouping::Ended && self.accepted.iter().any(|met| met.grouped)
    }

    /// The kind of key whose schemes are asked after those of `key`.
    fn key_after(&self, key: Option<&str>) -> Option<&'static str> {
        let asked =
            self.lists.version == Version::TLS_1_2 && self.style.sends_lists() && !self.unseen_schemes.is_empty();
        let mut keys: Vec<&'static str> = Vec::new();
        for found in self.accepted.iter().filter_map(|met| met.key).filter(|_| asked) {
            if !keys.contains(&found) {
                keys.push(found);
            }
        }
        let next = key.map_or(Some(0), |key| keys.iter().position(|&found| found == key).map(|at| at + 1));
        next.and_then(|at| keys.get(at)).copied()
    }

    fn after_lists(&mut self) {
        if self.in_blocks && self.accepted.len() > 1 {
            self.phase = Phase::Sequence;
            self.left = self.accepted.iter().map(|met| met.suite).collect();
            return;
        }
        let (first, second) = self.accepted.split_at(self.run.min(self.accepted.len()));
        let sorted = |run: &[Met]| run.is_sorted_by_key(|met| self.place(met.suite));
        // The very first hello left nothing out.
        let first_of_all = self.accepted.iter().map(|met| self.place(met.suite)).min();
        let starts = self.accepted.first().is_none_or(|met| Some(self.place(met.suite)) == first_of_all);
        if self.order == Order::NotTried && !(starts && sorted(first) && sorted(second)) {
            // A server that follows the client would have taken the first of ours each time.
            self.order = Order::Servers;
        }
        let unordered = self.order == Order::NotTried && self.accepted.len() > 1;
        if unordered || self.unconfirmed_close {
            self.phase = Phase::Order;
        } else {
            self.in_order();
        }
    }

    /// It is known whose order counts.
    fn in_order(&mut self) {
        match self.order {
            Order::Servers if self.run > 0 && self.run < self.accepted.len() => {
                let keys = self.accepted.iter().filter_map(|met| met.key).filter(|key| !self.may_have_run_out(key));
                self.phase = Phase::Merge(Merge::new(&self.accepted, self.run, keys));
                self.merged();
            }
            Order::Clients => {
                let lists = Arc::clone(&self.lists);
                self.accepted.sort_by_key(|met| lists.suites.iter().position(|&suite| suite == met.suite));
                self.finish();
            }
            Order::Servers | Order::NotTried => self.finish(),
        }
    }

    fn merged(&mut self) {
        if let Phase::Merge(merge) = &self.phase
            && merge.question().is_none()
        {
            self.accepted = merge.merged().to_vec();
            self.finish();
        }
    }

    fn unordered(&mut self) {
        if matches!(self.phase, Phase::Fallback) {
            self.phase = Phase::Done;
            return;
        }
        if matches!(self.phase, Phase::Merge(_)) {
            self.order = Order::NotTried;
        }
        self.partly |= self.unconfirmed_close;
        self.finish();
    }

    /// All that the registry knows is asked.
    fn finish(&mut self) {
        self.phase = Phase::Done;
        if self.sweeps && self.swept.is_none() && self.spoken() && !self.in_blocks {
            (self.failures, self.closes) = (0, 0);
            self.swept = Some(true);
            self.sweep = sweep::blocks(&self.lists, self.accepted.iter().any(|met| met.grouped));
            self.phase = if self.sweep.is_empty() { Phase::Done } else { Phase::Sweep };
        }
    }

    /// Takes what was chosen out of a block.
    fn swept(&mut self, chosen: &Chosen) {
        let known = self.accepted.iter().any(|met| met.suite == chosen.suite);
        match self.sweep.front_mut() {
            Some(Block::Suites(suites)) if suites.contains(&chosen.suite) => {
                suites.retain(|&suite| suite != chosen.suite);
                // Groups were not asked where no suite used one.
                self.lists_partly |= chosen.group.is_some() && !self.accepted.iter().any(|met| met.grouped);
                self.accept(chosen);
                // Where it stands among the others was not asked.
                self.order = Order::NotTried;
            }
            Some(Block::Groups(groups)) if chosen.group.is_some_and(|group| groups.contains(&group)) => {
                groups.retain(|&group| Some(group) != chosen.group);
                self.groups.extend(chosen.group);
            }
            Some(Block::Tolerance(_)) => {
                if !known {
                    self.accept(chosen);
                    self.order = Order::NotTried;
                    if let Some(Block::Suites(suites)) = self.sweep.get_mut(1) {
                        suites.retain(|&suite| suite != chosen.suite);
                    }
                }
                self.next_of_sweep(true);
            }
            _ => self.next_of_sweep(false),
        }
    }

    /// Nothing of a block is accepted, unless a suite of it is known to be.
    fn block_refused(&mut self) {
        self.next_of_sweep(!matches!(self.sweep.front(), Some(Block::Tolerance(_))));
    }

    /// Goes on to the next block; `answered` says whether this one had its answer.
    fn next_of_sweep(&mut self, answered: bool) {
        (self.failures, self.closes) = (0, 0);
        let block = self.sweep.pop_front();
        if !answered {
            match block {
                Some(Block::Groups(_)) => self.lists_partly = true,
                _ => self.swept = Some(false),
            }
            if let Some(Block::Tolerance(_)) = block {
                self.findings.push(Finding::LongHello { version: self.lists.version });
                self.sweep.clear();
            }
        }
        if self.sweep.is_empty() {
            self.phase = Phase::Done;
        }
    }

    /// Every question of this version had an answer.
    pub(super) fn complete(&self) -> bool {
        match self.reach() {
            Reach::Seen => self.done() && self.sure() && !self.lists_partly,
            Reach::Absent | Reach::Refused => self.done(),
            _ => false,
        }
    }

    /// Whether a suite that is not in the list is not accepted.
    fn sure(&self) -> bool {
        let whole = !matches!(self.phase, Phase::Suites) && self.ended_by.is_some();
        // Without extensions a server may refuse what it accepts with them.
        let weak = self.spoken()
            && self.style == Style::Plain
            && (Version::TLS_1_0..=Version::TLS_1_2).contains(&self.lists.version);
        let unasked = matches!(self.ended_by, Some(Ending::Unasked(_))) && !self.spoken();
        whole && !(self.partly || self.unconfirmed_close || unasked || weak)
    }

    /// What is known of this version.
    pub(super) fn accepts(&self) -> (Reach, Accepts) {
        let met = || self.accepted.iter().map(|met| met.suite);
        let kinds = || self.kinds.iter().flatten().copied();
        let suites: Vec<Suite> = met().chain(kinds().map(ssl2_suite)).collect();
        let tlcp = self.lists.version == Version::TLCP;
        let reach = self.reach();
        let sure = matches!(reach, Reach::Seen | Reach::Absent) && self.sure();
        let accepts = Accepts {
            protocol: if tlcp { Protocol::Tlcp } else { Protocol::Tls },
            version: self.lists.version,
            suite_names: met().map(suite_name).chain(kinds().map(kind_name)).collect(),
            suites,
            groups: self.groups.clone(),
            schemes: self.schemes.clone(),
            asked: match self.swept {
                _ if !sure => Asked::Partly,
                Some(true) if self.done() => Asked::EveryCodePoint,
                _ => Asked::Registry,
            },
            order: self.order,
            ended_by: self.ended_by.map(|ending| ending.words()),
        };
        (reach, accepts)
    }

    fn reach(&self) -> Reach {
        if self.spoken() {
            return Reach::Seen;
        }
        match self.ended_by {
            Some(Ending::Unasked(_) | Ending::Told) => Reach::Seen,
            Some(Ending::RuledOut(_)) => Reach::Absent,
            Some(Ending::Lost(Loss::GivenUp)) if self.hellos == 0 => Reach::NotTried,
            Some(Ending::Lost(_)) => Reach::Unanswered,
            None if self.hellos == 0 => Reach::NotTried,
            Some(Ending::Alert(AlertDescription::PROTOCOL_VERSION) | Ending::OtherVersion(_)) if self.done() => {
                Reach::Absent
            }
            Some(Ending::Closed) if self.done() => Reach::Refused,
            _ if self.partly || !self.done() => Reach::Unanswered,
            Some(Ending::Undecodable | Ending::Spoke(Spoken::Unknown)) => Reach::Undecodable,
            Some(Ending::Alert(_) | Ending::OtherVersion(_) | Ending::Spoke(_)) => Reach::Absent,
            Some(Ending::Closed | Ending::AllAccepted) | None => Reach::Unanswered,
        }
    }
}
