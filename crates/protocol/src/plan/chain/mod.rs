//! One version's chain of hellos: each one leaves out what was already chosen, until the server refuses the rest.
//!
//! Groups are told by the same hellos as suites. Those already seen move to the end of the list and never leave it, so
//! that no suite loses the group that it needs: not an ECDHE suite its exchange, not an ECDSA certificate its curve. A
//! server that follows the client's order of groups then names a new one each time. One that has an order of its own, or
//! has its groups in classes as OpenSSL 3.5 does, sooner or later names one again, and its other groups are asked
//! afterwards, without those seen.

use super::{Answer, Chosen, Finding, Lists, Loss, Offer, Spoken, Style};
use dengmi_core::{Accepts, Asked, Group, Order, Protocol, Reach, Scheme, Suite, Version};
use dengmi_parse::tls::AlertDescription;
use std::{collections::VecDeque, sync::Arc};

/// Hellos of up to this many suites stay below 256 bytes when they carry no extensions: some servers drop longer ones.
const SHORT: usize = 100;
/// TLCP suites that are tried alone before a server that closes every time is left alone.
const SINGLE: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Suites, and groups beside them.
    Suites,
    /// Groups that are left, with suites that are known to be accepted, in reverse order.
    Groups,
    /// The accepted suites of several blocks once more in one hello, for their order.
    Sequence,
    /// The accepted suites in reverse order: whose order counts?
    Order,
    Done,
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

/// Why a chain, or its list of suites, came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Alert(AlertDescription),
    Closed,
    Lost(Loss),
    Spoke(Spoken),
    Undecodable,
    OtherVersion(Version),
    Unasked(Suite),
    AllAccepted,
}

/// A suite that was chosen, and whether a named group came with it.
#[derive(Clone, Copy, Debug)]
struct Met {
    suite: Suite,
    grouped: bool,
}

/// The questions to one server in one version. Same answers in, same offers out.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    lists: Arc<Lists>,
    server_name: Option<Arc<str>>,
    tries: u32,

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
    /// How often the current question had no answer, and how often it was closed.
    failures: u32,
    closes: u32,

    accepted: Vec<Met>,
    sequence: Vec<Suite>,
    groups: Vec<Group>,
    schemes: Vec<Scheme>,
    order: Order,
    /// Something was asked and never answered: absence from the list proves nothing.
    partly: bool,
    groups_partly: bool,
    /// The end of the list was told by a close and no later answer has shown yet that the server still talks to us.
    unconfirmed_close: bool,
    ended_by: Option<Ending>,
    /// While a TLCP server is asked once more with [`Style::Grouped`]: what to go back to when that brings nothing.
    before: Option<(Style, Ending)>,
    asked_again: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) hellos: u32,
    pub(super) lost: u32,
}

impl Chain {
    pub(super) fn new(lists: Arc<Lists>, server_name: Option<Arc<str>>, tries: u32) -> Chain {
        let style = match lists.version {
            Version::TLCP | Version::SSL_2_0 | Version::SSL_3_0 => Style::Plain,
            _ => Style::Full,
        };
        let mut chain = Chain {
            server_name,
            tries: tries.max(1),
            phase: Phase::Suites,
            style,
            grouping: Grouping::Beside,
            left: lists.suites.clone(),
            blocks: VecDeque::new(),
            in_blocks: false,
            unseen: lists.groups.clone(),
            failures: 0,
            closes: 0,
            accepted: Vec::new(),
            sequence: Vec::new(),
            groups: Vec::new(),
            schemes: Vec::new(),
            order: Order::NotTried,
            partly: false,
            groups_partly: false,
            unconfirmed_close: false,
            ended_by: None,
            before: None,
            asked_again: false,
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

    pub(super) fn done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Whether the server has chosen something in this version.
    pub(super) fn spoken(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// The next hello; `None` when nothing is left to ask. Asking twice without an answer gives the same hello.
    pub(super) fn question(&self) -> Option<Offer> {
        let (suites, groups) = match self.phase {
            Phase::Suites | Phase::Sequence => (self.left.clone(), self.all_groups()),
            Phase::Groups => {
                let grouped = self.accepted.iter().rev().filter(|met| met.grouped).map(|met| met.suite).collect();
                let apart = self.grouping == Grouping::Apart;
                (grouped, if apart { self.unseen.clone() } else { self.all_groups() })
            }
            Phase::Order => (self.accepted.iter().rev().map(|met| met.suite).collect(), self.all_groups()),
            Phase::Done => return None,
        };
        Some(Offer {
            version: self.lists.version,
            suites,
            groups,
            schemes: self.lists.schemes.clone(),
            style: self.style,
            server_name: self.server_name.clone(),
        })
    }

    /// New ones first, seen ones last.
    fn all_groups(&self) -> Vec<Group> {
        let seen = self.groups.iter().filter(|group| self.lists.groups.contains(group));
        self.unseen.iter().chain(seen).copied().collect()
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
        if self.phase != Phase::Done {
            if self.phase == Phase::Suites {
                self.partly = true;
                self.ended_by = Some(Ending::Lost(Loss::GivenUp));
            }
            self.partly |= self.unconfirmed_close;
            self.groups_partly = true;
            self.phase = Phase::Done;
        }
    }

    fn chose(&mut self, offer: &Offer, chosen: &Chosen) {
        if let Some(scheme) = chosen.scheme.filter(|scheme| !self.schemes.contains(scheme)) {
            self.schemes.push(scheme);
        }
        if chosen.version != self.lists.version {
            self.findings.push(Finding::OtherVersion { asked: self.lists.version, chosen: chosen.version });
            return self.refused(Ending::OtherVersion(chosen.version));
        }
        if !offer.suites.contains(&chosen.suite) {
            self.findings.push(Finding::UnaskedSuite { version: chosen.version, suite: chosen.suite });
            return self.refused(Ending::Unasked(chosen.suite));
        }
        (self.failures, self.closes) = (0, 0);
        match self.phase {
            Phase::Suites => {
                self.accepted.push(Met { suite: chosen.suite, grouped: chosen.group.is_some() });
                self.left.retain(|&suite| suite != chosen.suite);
                self.before = None;
                self.group(chosen.group);
                if self.left.is_empty() {
                    self.end_of_block(Ending::AllAccepted);
                }
            }
            Phase::Groups => {
                self.unconfirmed_close = false;
                // Without the groups seen before, a suite of another kind of certificate may be out of the question.
                if self.grouping != Grouping::Apart || self.lists.version == Version::TLS_1_3 {
                    self.order_by(offer, chosen.suite);
                }
                match chosen.group {
                    Some(_) => self.group(chosen.group),
                    None => (self.groups_partly, self.grouping) = (true, Grouping::Ended),
                }
                if self.grouping == Grouping::Ended {
                    self.after_groups();
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
                    self.after_groups();
                }
            }
            Phase::Order => {
                self.unconfirmed_close = false;
                self.order_by(offer, chosen.suite);
                self.phase = Phase::Done;
            }
            Phase::Done => {}
        }
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
        self.grouping = match (self.grouping, self.phase) {
            // Only unseen ones were offered, and it chose another all the same: it does not look at the list.
            (Grouping::Apart, Phase::Groups) => Grouping::Ended,
            (Grouping::Beside | Grouping::Apart, _) => Grouping::Apart,
            (Grouping::Ended, _) => Grouping::Ended,
        };
    }

    /// A hello with accepted suites in reverse was answered: a server that follows the client takes the first.
    fn order_by(&mut self, offer: &Offer, chosen: Suite) {
        if self.order != Order::NotTried || offer.suites.len() < 2 {
            return;
        }
        if offer.suites.first() == Some(&chosen) {
            self.order = Order::Clients;
        } else if offer.suites.last() == Some(&chosen) {
            self.order = Order::Servers;
        }
    }

    fn refused(&mut self, ending: Ending) {
        (self.failures, self.closes) = (0, 0);
        match self.phase {
            Phase::Suites => self.end_or_other_style(ending),
            Phase::Groups => {
                // In the other groupings the suite and its group had been accepted together before.
                self.groups_partly |= self.grouping != Grouping::Apart;
                self.grouping = Grouping::Ended;
                self.after_groups();
            }
            Phase::Sequence | Phase::Order => self.unordered(),
            Phase::Done => {}
        }
    }

    fn closed(&mut self) {
        self.closes = self.closes.saturating_add(1);
        match self.phase {
            // Every further style is another try.
            Phase::Suites if self.accepted.is_empty() => self.end_or_other_style(Ending::Closed),
            // A single close can be an accident; the same twice is how some servers refuse.
            _ if self.closes < 2 => {}
            Phase::Suites | Phase::Groups => {
                self.unconfirmed_close = self.before.is_none();
                self.refused(Ending::Closed);
            }
            Phase::Sequence | Phase::Order => self.unordered(),
            Phase::Done => {}
        }
    }

    /// Bytes that are no answer of this family.
    fn strange(&mut self, ending: Ending) {
        if self.phase == Phase::Suites && self.accepted.is_empty() {
            self.ended_by = Some(ending);
            self.phase = Phase::Done;
        } else {
            self.lost(Loss::Silence);
        }
    }

    fn lost(&mut self, loss: Loss) {
        self.lost = self.lost.saturating_add(1);
        self.failures = self.failures.saturating_add(1);
        if self.failures < self.tries && self.phase != Phase::Done {
            return;
        }
        self.failures = 0;
        match self.phase {
            Phase::Suites => {
                self.partly = true;
                self.end_or_other_style(Ending::Lost(loss));
            }
            Phase::Groups => {
                self.groups_partly = true;
                self.grouping = Grouping::Ended;
                self.after_groups();
            }
            Phase::Sequence | Phase::Order => self.unordered(),
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
        let malformed =
            matches!(ending, Ending::Alert(Alert::UNEXPECTED_MESSAGE | Alert::DECODE_ERROR | Alert::ILLEGAL_PARAMETER));
        let dumb = matches!(ending, Ending::Closed | Ending::Lost(_));
        let style = match (self.lists.version, self.style) {
            (Version::TLS_1_3, Style::Full) if spoken || dumb => Style::Shares,
            (Version::TLCP, _) if dumb || malformed => {
                let singles = self.lists.suites.iter().map(|&suite| vec![suite]).collect();
                return self.split(Style::Plain, singles);
            }
            (Version::TLCP, Style::Plain) if spoken && self.server_name.is_some() => Style::Named,
            (Version::TLCP, Style::Plain | Style::Named) if spoken => Style::Grouped,
            (Version::TLS_1_0 | Version::TLS_1_1 | Version::TLS_1_2, Style::Full) if malformed || dumb => Style::Plain,
            (Version::TLS_1_0 | Version::TLS_1_1 | Version::TLS_1_2 | Version::SSL_3_0, Style::Plain) if dumb => {
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
        let sends_groups = matches!(style, Style::Full | Style::Shares) && !self.unseen.is_empty();
        if !sends_groups {
            self.grouping = Grouping::Ended;
        }
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
            let hopeless = dumb && self.accepted.is_empty() && self.lists.version == Version::TLCP && asked >= SINGLE;
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
        let grouped = self.accepted.iter().any(|met| met.grouped);
        if self.grouping != Grouping::Ended && grouped {
            self.phase = Phase::Groups;
            return;
        }
        self.after_groups();
    }

    fn after_groups(&mut self) {
        if self.in_blocks && self.accepted.len() > 1 {
            self.phase = Phase::Sequence;
            self.left = self.accepted.iter().map(|met| met.suite).collect();
            return;
        }
        let place = |met: &Met| self.lists.suites.iter().position(|&suite| suite == met.suite);
        if !self.accepted.is_sorted_by_key(place) && self.order == Order::NotTried {
            // A server that follows the client would have taken the first of ours each time.
            self.order = Order::Servers;
        }
        let unordered = self.order == Order::NotTried && self.accepted.len() > 1;
        self.phase = if unordered || self.unconfirmed_close { Phase::Order } else { Phase::Done };
    }

    fn unordered(&mut self) {
        self.partly |= self.unconfirmed_close;
        self.phase = Phase::Done;
    }

    /// Every question of this version had an answer.
    pub(super) fn complete(&self) -> bool {
        match self.reach() {
            Reach::Seen => self.done() && self.sure() && !self.groups_partly,
            Reach::Absent | Reach::Refused => self.done(),
            _ => false,
        }
    }

    /// Whether a suite that is not in the list is not accepted.
    fn sure(&self) -> bool {
        let whole = self.phase != Phase::Suites && self.ended_by.is_some();
        // Without extensions a server may refuse what it accepts with them.
        let weak = self.spoken()
            && self.style == Style::Plain
            && (Version::TLS_1_0..=Version::TLS_1_2).contains(&self.lists.version);
        let unasked = matches!(self.ended_by, Some(Ending::Unasked(_))) && !self.spoken();
        whole && !(self.partly || self.unconfirmed_close || unasked || weak)
    }

    /// What is known of this version.
    pub(super) fn accepts(&self, name: fn(Suite) -> Box<str>) -> (Reach, Accepts) {
        let suites: Vec<Suite> = self.accepted.iter().map(|met| met.suite).collect();
        let tlcp = self.lists.version == Version::TLCP;
        let reach = self.reach();
        let sure = matches!(reach, Reach::Seen | Reach::Absent) && self.sure();
        let accepts = Accepts {
            protocol: if tlcp { Protocol::Tlcp } else { Protocol::Tls },
            version: self.lists.version,
            suite_names: suites.iter().map(|&suite| name(suite)).collect(),
            suites,
            groups: self.groups.clone(),
            schemes: self.schemes.clone(),
            asked: if sure { Asked::Registry } else { Asked::Partly },
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
            Some(Ending::Unasked(_)) => Reach::Seen,
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

impl Ending {
    /// The words that stand in the observation.
    fn words(self) -> Box<str> {
        match self {
            Ending::Alert(alert) => format!("alert {} {alert}", alert.0).into(),
            Ending::Closed => "closed without an alert".into(),
            Ending::Lost(loss) => loss.to_string().into(),
            Ending::Spoke(spoken) => format!("the server speaks: {}", spoken.word()).into(),
            Ending::Undecodable => "unreadable answer".into(),
            Ending::OtherVersion(version) => format!("chose version {}", version.number()).into(),
            Ending::Unasked(suite) => format!("chose {}, which was not offered", suite.number()).into(),
            Ending::AllAccepted => "every suite that was offered".into(),
        }
    }
}
