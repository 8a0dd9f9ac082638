//! What to ask one endpoint, and what its answers add up to. Pure: the same answers lead to the same offers, so a run
//! is a table in a test and needs no socket.
//!
//! Every version is asked by a chain of hellos of its own; chains may run side by side, but that of a lower version waits
//! for the first answer to a higher one, which may rule it out. With `k` accepted suites, `g` groups and `s` schemes a
//! version costs at most `k + 1` hellos for suites, `max(g, s) + 3` for what the same hellos did not tell of the lists, one
//! for whose order counts, and a few that compare two suites. A server that takes groups in the client's order tells them
//! with its suites. One with an order of its own does not: a group that it prefers hides the others, and leaving it
//! out can take away the curve of an ECDSA certificate or the exchange of the ECDHE suites, so it is left out only
//! once the suites are known. A version that is refused costs one hello, or none.
//!
//! One thing cannot be seen: before TLS 1.3 a server with an order of its own and certificates on elliptic curves only
//! never names a group that it likes less than the curve of its certificate.

mod answer;
mod chain;
mod datagrams;
mod hello;
mod listen;
mod offer;

pub use answer::{Answer, Chosen, Loss, Spoken};
pub use datagrams::{Exchange, Heard};
pub(crate) use hello::PROTOCOLS;
pub use hello::hello;
pub use listen::{Listener, Stopped, authority};
pub use offer::{Offer, Session, Style};

use chain::{Chain, Ending, legacy};
use dengmi_core::registry::{self, GroupKind};
use dengmi_core::{Accepts, Features, Group, Reach, Scheme, Suite, Version};
use dengmi_parse::tls::AlertDescription;
use std::sync::Arc;

/// Losses in a row, on an endpoint that has never answered, after which it is left alone.
const LOST_AT_FIRST: u32 = 4;
/// Losses in a row, on an endpoint that has answered, after which it is left alone.
const LOST_LATER: u32 = 12;

/// What is offered in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lists {
    /// The version.
    pub version: Version,
    /// Suites, in the order of the first hello.
    pub suites: Vec<Suite>,
    /// Named groups, in the order of the first hello.
    pub groups: Vec<Group>,
    /// Signature schemes.
    pub schemes: Vec<Scheme>,
}

/// What to ask of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// One entry a version, in the order of asking.
    pub versions: Vec<Arc<Lists>>,
    /// The name to ask for.
    pub server_name: Option<Arc<str>>,
    /// How often a question without an answer is asked, at least once.
    pub tries: u32,
    /// Whether every code point is tried that the registry does not know.
    pub sweep: bool,
}

impl Scope {
    /// Everything that the registry knows, in TLS 1.3, 1.2, TLCP, TLS 1.1, 1.0, SSL 3.0 and 2.0.
    pub fn registry(server_name: Option<Arc<str>>) -> Scope {
        let versions = [
            Version::TLS_1_3,
            Version::TLS_1_2,
            Version::TLCP,
            Version::TLS_1_1,
            Version::TLS_1_0,
            Version::SSL_3_0,
            Version::SSL_2_0,
        ];
        Scope::of(&versions, server_name)
    }

    /// Everything that the registry knows, in DTLS 1.2 and 1.0, which stand here as TLS 1.2 and 1.1.
    pub fn datagrams(server_name: Option<Arc<str>>) -> Scope {
        Scope::of(&[Version::TLS_1_2, Version::TLS_1_1], server_name)
    }

    /// Everything that the registry knows, over QUIC, which has TLS 1.3 inside.
    pub fn quic(server_name: Option<Arc<str>>) -> Scope {
        Scope::of(&[Version::TLS_1_3], server_name)
    }

    fn of(versions: &[Version], server_name: Option<Arc<str>>) -> Scope {
        let versions = versions.iter().map(|&version| Arc::new(Lists::registry(version))).collect();
        Scope { versions, server_name, tries: 3, sweep: false }
    }
}

impl Lists {
    /// What the registry knows for a version.
    pub fn registry(version: Version) -> Lists {
        // The suites that TLCP servers have come first, since they are tried alone when all together fail.
        const FIRST: [Suite; 4] =
            [Suite::ECC_SM4_CBC_SM3, Suite::ECC_SM4_GCM_SM3, Suite::ECDHE_SM4_CBC_SM3, Suite::ECDHE_SM4_GCM_SM3];
        let known = registry::suites_of(version).filter_map(|entry| u16::try_from(entry.code).ok()).map(Suite);
        let kinds = registry::ssl2_kinds().iter().map(|entry| hello::ssl2_suite(entry.code));
        let mut suites: Vec<Suite> = if version == Version::SSL_2_0 { kinds.collect() } else { known.collect() };
        suites.sort_by_key(|suite| FIRST.iter().position(|first| first == suite).unwrap_or(FIRST.len()));
        // RFC 7919: a server that shares none of the prime fields on offer must not choose DHE at all before TLS 1.3.
        let usable = |kind: GroupKind| version == Version::TLS_1_3 || kind == GroupKind::Ecdh;
        let groups = match version {
            Version::SSL_2_0 | Version::SSL_3_0 => Vec::new(),
            Version::TLCP => vec![Group::CURVE_SM2],
            _ => registry::groups().iter().filter(|entry| usable(entry.kind)).map(|entry| Group(entry.code)).collect(),
        };
        let schemes = match version {
            Version::TLS_1_2 | Version::TLS_1_3 => {
                let offered = registry::schemes().iter().filter(|entry| entry.key.is_some());
                offered.map(|entry| Scheme(entry.code)).collect()
            }
            Version::TLCP => vec![Scheme::SM2SIG_SM3],
            _ => Vec::new(),
        };
        Lists { version, suites, groups, schemes }
    }
}

/// Something about an endpoint that is no list: worth a line in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// A suite was chosen that the hello had not offered.
    UnaskedSuite {
        /// In which version.
        version: Version,
        /// The suite.
        suite: Suite,
    },
    /// A group was used that the hello had not offered.
    UnaskedGroup {
        /// In which version.
        version: Version,
        /// The group.
        group: Group,
    },
    /// A hello that offered one version was answered in another.
    OtherVersion {
        /// The version of the hello.
        asked: Version,
        /// The version of the answer.
        chosen: Version,
    },
    /// The usual hello of this version had no good answer and was followed by one of this style.
    Intolerant {
        /// The version.
        version: Version,
        /// The style that came next.
        style: Style,
    },
    /// The same question was answered in one way and then in another.
    Unsteady {
        /// The version.
        version: Version,
    },
    /// A hello of 16,000 bytes has no answer, so that not every code point could be tried.
    LongHello {
        /// The version.
        version: Version,
    },
}

/// Names a question, so that its answer finds the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(usize);

impl Ticket {
    /// Which of the scope's versions it asks about, counted from 0.
    pub fn chain(self) -> usize {
        self.0
    }
}

/// What was met in one version, and how far it was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// [`Reach::Absent`] where the version itself was rejected.
    pub reach: Reach,
    /// The lists.
    pub accepts: Accepts,
    /// What else its answers told.
    pub features: Features,
    /// Nothing of this version is left to ask, and nothing was lost.
    pub complete: bool,
    /// Hellos that were sent.
    pub hellos: u32,
}

/// A list of certificates that a server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetCertificates {
    /// The version of the hello that met it first.
    pub version: Version,
    /// The suite of that hello's answer.
    pub suite: Suite,
    /// DER, in the server's order.
    pub list: Vec<Vec<u8>>,
}

/// Most different certificate lists that are kept of one endpoint.
const CERTIFICATE_LISTS: usize = 16;

/// The questions to one endpoint.
#[derive(Clone, Debug)]
pub struct Plan {
    chains: Vec<Chain>,
    /// The question that is on its way, one a chain.
    asked: Vec<Option<Offer>>,
    turn: usize,
    answered: bool,
    answered_in_tls: bool,
    lost_in_row: u32,
    certificates: Vec<MetCertificates>,
    client_certificate: bool,
    spoken: Vec<Spoken>,
    asked_for_fallback: bool,
}

impl Plan {
    /// A plan that has asked nothing yet.
    pub fn new(scope: &Scope) -> Plan {
        let chain =
            |lists: &Arc<Lists>| Chain::new(Arc::clone(lists), scope.server_name.clone(), scope.tries, scope.sweep);
        let chains: Vec<Chain> = scope.versions.iter().map(chain).collect();
        Plan {
            asked: vec![None; chains.len()],
            chains,
            turn: 0,
            answered: false,
            answered_in_tls: false,
            lost_in_row: 0,
            certificates: Vec::new(),
            client_certificate: false,
            spoken: Vec::new(),
            asked_for_fallback: false,
        }
    }

    /// The next question. `None`: none can be asked before an answer comes, or [`Plan::done`].
    pub fn ask(&mut self) -> Option<(Ticket, Offer)> {
        let count = self.chains.len();
        for step in 0..count {
            let at = (self.turn + step) % count;
            if self.waits(at) {
                continue;
            }
            let (Some(chain), Some(asked)) = (self.chains.get(at), self.asked.get_mut(at)) else { continue };
            if asked.is_none()
                && let Some(offer) = chain.question()
            {
                *asked = Some(offer.clone());
                self.turn = at + 1;
                return Some((Ticket(at), offer));
            }
        }
        None
    }

    /// Whether the answer to a higher version may still rule this one out.
    fn waits(&self, at: usize) -> bool {
        let Some(chain) = self.chains.get(at) else { return false };
        legacy(chain.version())
            && chain.hellos == 0
            && self.chains.iter().any(|other| {
                legacy(other.version()) && other.version() > chain.version() && other.hellos == 0 && !other.done()
            })
    }

    /// Asks a version below the highest whether a client can be pressed down to it unnoticed (RFC 7507).
    fn ask_for_fallback(&mut self) {
        if self.asked_for_fallback || !self.chains.iter().all(Chain::done) {
            return;
        }
        self.asked_for_fallback = true;
        let spoken = self.chains.iter().filter(|chain| chain.spoken()).map(Chain::version);
        let mut versions: Vec<Version> = spoken.filter(|&version| version >= Version::SSL_3_0).collect();
        versions.sort_unstable();
        if let [.., below, _] = versions.as_slice()
            && let Some(chain) = self.chains.iter_mut().find(|chain| chain.version() == *below)
        {
            chain.ask_for_fallback();
        }
    }

    /// Whether a whole handshake of TLS 1.3 would answer this question too, and show a signature, which hellos do not.
    pub fn asks_groups_of_tls13(&self, ticket: Ticket) -> bool {
        self.chains.get(ticket.0).is_some_and(Chain::asks_groups_of_tls13)
    }

    /// The question was not put: it comes once more.
    pub fn again(&mut self, ticket: Ticket) {
        if let Some(asked) = self.asked.get_mut(ticket.0) {
            *asked = None;
        }
    }

    /// Takes the answer to a question. One that was not asked, or was answered already, is ignored.
    pub fn learn(&mut self, ticket: Ticket, answer: Answer) {
        let (Some(chain), Some(asked)) = (self.chains.get_mut(ticket.0), self.asked.get_mut(ticket.0)) else { return };
        let Some(offer) = asked.take() else { return };
        chain.learn(&offer, &answer);
        let version = chain.version();
        self.rule_out(version, &offer, &answer);
        match answer {
            Answer::Lost(_) => self.lost_in_row = self.lost_in_row.saturating_add(1),
            Answer::Chose(chosen) => {
                self.heard();
                self.answered_in_tls = true;
                self.chains.iter_mut().for_each(|chain| chain.elsewhere = true);
                self.client_certificate |= chosen.client_certificate == Some(true);
                let known = |met: &MetCertificates| met.list == chosen.certificates;
                if !chosen.certificates.is_empty()
                    && self.certificates.len() < CERTIFICATE_LISTS
                    && !self.certificates.iter().any(known)
                {
                    let (version, suite) = (chosen.version, chosen.suite);
                    self.certificates.push(MetCertificates { version, suite, list: chosen.certificates });
                }
            }
            Answer::NotTls(spoken) => {
                self.heard();
                if !self.spoken.contains(&spoken) {
                    self.spoken.push(spoken);
                }
            }
            Answer::Refused(_) => {
                self.heard();
                self.answered_in_tls = true;
            }
            Answer::Closed | Answer::Undecodable => self.heard(),
        }
        let most = if self.answered { LOST_LATER } else { LOST_AT_FIRST };
        if self.lost_in_row >= most {
            self.give_up();
        }
        self.ask_for_fallback();
    }

    /// What the answer to a hello up to `version` says about lower ones.
    fn rule_out(&mut self, version: Version, offer: &Offer, answer: &Answer) {
        if let Answer::NotTls(spoken) = answer
            && *spoken != Spoken::Unknown
            && !self.answered_in_tls
        {
            // A protocol that names itself is none of these in any version.
            let waiting = self.chains.iter_mut().zip(&self.asked).filter(|(_, asked)| asked.is_none());
            return waiting.for_each(|(chain, _)| chain.rule_out(Ending::Spoke(*spoken)));
        }
        if !legacy(version) || offer.style != Style::Full {
            return;
        }
        let (above, ending) = match answer {
            Answer::Refused(AlertDescription::PROTOCOL_VERSION) => (Version::SSL_2_0, Ending::RuledOut(version)),
            Answer::Chose(chosen) if chosen.version < version => (chosen.version, Ending::OtherVersion(chosen.version)),
            _ => return,
        };
        let between =
            |chain: &&mut Chain| legacy(chain.version()) && chain.version() < version && chain.version() > above;
        self.chains.iter_mut().filter(between).for_each(|chain| chain.rule_out(ending));
    }

    fn heard(&mut self) {
        self.answered = true;
        self.lost_in_row = 0;
    }

    /// Asks nothing more. What is known stays known, and is marked as a part.
    pub fn give_up(&mut self) {
        self.asked_for_fallback = true;
        self.chains.iter_mut().for_each(Chain::give_up);
    }

    /// Whether every question has its answer.
    pub fn done(&self) -> bool {
        self.chains.iter().all(Chain::done)
    }

    /// What is known of each version, also half-way: what was not finished says so.
    pub fn known(&self) -> impl Iterator<Item = Known> {
        self.chains.iter().map(|chain| {
            let (reach, accepts) = chain.accepts();
            // A close proves a refusal only where the server has shown that it talks at all.
            let complete = chain.complete() && (reach != Reach::Refused || self.speaks());
            Known { reach, accepts, features: chain.features.clone(), complete, hellos: chain.hellos }
        })
    }

    /// Whether any version was chosen by the server.
    pub fn speaks(&self) -> bool {
        self.chains.iter().any(Chain::spoken)
    }

    /// Whether any hello had any answer at all.
    pub fn answered(&self) -> bool {
        self.answered
    }

    /// Whether any hello had an answer of the TLS family, be it an alert.
    pub fn answered_in_tls(&self) -> bool {
        self.answered_in_tls
    }

    /// What the port speaks instead, by what came back.
    pub fn spoken(&self) -> &[Spoken] {
        &self.spoken
    }

    /// The different lists of certificates that were met, in the order of meeting.
    pub fn certificates(&self) -> &[MetCertificates] {
        &self.certificates
    }

    /// Whether a client certificate was asked for in any version that shows it.
    pub fn client_certificate(&self) -> bool {
        self.client_certificate
    }

    /// What was odd, without repetition.
    pub fn findings(&self) -> Vec<Finding> {
        let of = |chain: &Chain| {
            // A version that is not spoken in any form does not fail at the usual form of the hello.
            let spoken = chain.spoken();
            let told = move |finding: &Finding| spoken || !matches!(finding, Finding::Intolerant { .. });
            chain.findings.iter().copied().filter(told).collect::<Vec<_>>()
        };
        let mut findings: Vec<_> = self.chains.iter().flat_map(of).collect();
        findings.sort_unstable();
        findings.dedup();
        findings
    }

    /// Answers that did not come.
    pub fn lost(&self) -> u32 {
        self.chains.iter().fold(0, |sum, chain| sum.saturating_add(chain.lost))
    }
}

/// The standard's name of a suite, or its number.
pub fn suite_name(suite: Suite) -> Box<str> {
    suite.to_string().into()
}

/// The name of an SSL 2.0 kind, or its number.
fn kind_name(kind: u32) -> Box<str> {
    registry::ssl2_kind(kind).map_or_else(|| format!("{kind:#08x}").into(), |entry| entry.name.into())
}

#[cfg(test)]
mod tests;
