//! What to ask a server next, and what its answers add up to. Pure: a run is a table in a test.
//!
//! A server with `k` kinds of host keys costs `k` connections; sizes of a group exchange are asked along with them and cost one
//! more each where there are not enough. OpenSSH with three kinds of keys and a group exchange costs four.

use super::algorithm::{self, key_format};
use super::conversation::{Authentication, Identification, Learned, ShownKey, Stop};
use crate::plan::Loss;
use dengmi_core::{Asked, Completion, Field, GroupExchange, Session, SshAccepts, SshDirections, SshHostKey, SshLists};
use dengmi_parse::ssh::{Chosen, ExchangeForm, KexInit};
use dengmi_parse::tls::Sides;
use std::collections::BTreeMap;

/// The user that is asked for: one that nobody has, so that a failed request is nobody's.
pub const USER: &str = "dengmi";

/// The word of a server that can do the strict key exchange.
const STRICT: &str = "kex-strict-s-v00@openssh.com";

/// Connections to one server, whatever it says.
const CONNECTIONS: u32 = 16;
/// Connections in a row that come to no lists, after which a server that had given them is left alone.
const TURNED_AWAY: u32 = 2;
/// Kinds of host keys that are asked for.
const KEYS: usize = 8;

/// What to ask of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The user for whom ways to authenticate are asked for. `None`: they are not.
    pub user: Option<Box<str>>,
    /// How often a question without an answer is asked, at least once.
    pub tries: u32,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope { user: Some(USER.into()), tries: 2 }
    }
}

/// What one connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Key exchanges to offer.
    pub key_exchange: Vec<Box<str>>,
    /// Host key algorithms to offer.
    pub host_key: Vec<Box<str>>,
    /// What to ask for in a group exchange.
    pub group: GroupSize,
    /// Where to stop.
    pub until: Until,
}

/// Bits of the prime that a group exchange asks for (RFC 4419 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSize {
    /// At least.
    pub least: u32,
    /// Best.
    pub wanted: u32,
    /// At most.
    pub most: u32,
}

impl GroupSize {
    const SMALLEST: GroupSize = GroupSize { least: 1024, wanted: 1024, most: 8192 };
    const LARGEST: GroupSize = GroupSize { least: 2048, wanted: 8192, most: 8192 };
    const SMALL_ONLY: GroupSize = GroupSize { least: 1024, wanted: 1024, most: 2047 };
    /// For who needs a key and no size.
    const ORDINARY: GroupSize = GroupSize { least: 2048, wanted: 3072, most: 8192 };
}

/// Where a conversation stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// At the size of the group.
    Group,
    /// At the host key and its signature.
    HostKey,
    /// At the ways to authenticate, for this user.
    Authentication(Box<str>),
}

/// What came of an [`Ask`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversed {
    /// A connection, and what it brought.
    Learned(Box<Learned>),
    /// No connection.
    Lost(Loss),
}

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question<T> {
    asked: u32,
    answer: Option<T>,
    /// Why there is no answer and will be none.
    why: Option<Box<str>>,
}

impl<T> Question<T> {
    const NEW: Self = Question { asked: 0, answer: None, why: None };

    fn is_open(&self) -> bool {
        self.answer.is_none() && self.why.is_none()
    }

    /// Counts a try without an answer. Only after silence another one is worth while.
    fn missed(&mut self, stop: Option<&Stop>, tries: u32) {
        self.asked = self.asked.saturating_add(1);
        if self.asked >= tries || stop != Some(&Stop::Silent) {
            self.why = Some(stop.map_or_else(|| "something else was answered".into(), |stop| stop.to_string().into()));
        }
    }
}

struct Key {
    algorithm: Box<str>,
    shown: Question<ShownKey>,
}

/// What a group exchange answered to a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Bits(u32),
    Refused,
}

/// Questions to one server, and its answers.
pub struct Plan {
    scope: Scope,
    asked: u32,
    /// Connections in a row that came to no lists.
    in_row: u32,
    identification: Option<Identification>,
    lists: Option<KexInit>,
    authentication: Question<Authentication>,
    keys: Vec<Key>,
    /// Kinds of keys beyond the limit.
    keys_left_out: usize,
    sizes: [(GroupSize, Question<Given>); 3],
    /// The conversation that went furthest.
    session: Option<Learned>,
    /// Why nothing more is asked.
    over: Option<Box<str>>,
    lost: u32,
}

impl Plan {
    /// A plan for a server of which nothing is known.
    pub fn new(scope: Scope) -> Plan {
        let sizes = [GroupSize::SMALLEST, GroupSize::LARGEST, GroupSize::SMALL_ONLY];
        Plan {
            scope,
            asked: 0,
            in_row: 0,
            identification: None,
            lists: None,
            authentication: Question::NEW,
            keys: Vec::new(),
            keys_left_out: 0,
            sizes: sizes.map(|size| (size, Question::NEW)),
            session: None,
            over: None,
            lost: 0,
        }
    }

    /// What the next connection is for. `None`: nothing is left to ask.
    pub fn ask(&mut self) -> Option<Ask> {
        if self.over.is_some() {
            return None;
        }
        let ask = self.next();
        if ask.is_some() && self.asked >= CONNECTIONS {
            self.over = Some(format!("more than {CONNECTIONS} connections would be needed").into());
            return None;
        }
        self.asked = self.asked.saturating_add(u32::from(ask.is_some()));
        ask
    }

    fn next(&self) -> Option<Ask> {
        let furthest = match &self.scope.user {
            Some(user) => Until::Authentication(user.clone()),
            None => Until::HostKey,
        };
        let ordinary = GroupSize::ORDINARY;
        let Some(lists) = &self.lists else {
            let names = |names: &mut dyn Iterator<Item = &'static str>| names.map(Box::from).collect();
            let key_exchange = names(&mut algorithm::exchanges());
            let host_key = names(&mut algorithm::HOST_KEYS.into_iter());
            return Some(Ask { key_exchange, host_key, group: ordinary, until: furthest });
        };
        let shared = |form: ExchangeForm| -> Vec<Box<str>> {
            let fits =
                |name: &&str| ExchangeForm::of(name) == form && lists.key_exchange.iter().any(|own| **own == **name);
            algorithm::exchanges().filter(fits).map(Box::from).collect()
        };
        let (plain, over_a_field) = (shared(ExchangeForm::Plain), shared(ExchangeForm::GroupExchange));
        let size = self.sizes.iter().find(|(size, given)| given.is_open() && self.wants(*size)).map(|(size, _)| *size);
        let size = size.filter(|_| !over_a_field.is_empty());
        let open = self.keys.iter().find(|key| key.shown.is_open());
        let host_key = open.or(self.keys.first()).map(|key| vec![key.algorithm.clone()])?;
        if self.scope.user.is_some() && self.authentication.is_open() {
            let key_exchange = plain.into_iter().chain(over_a_field).collect();
            return Some(Ask { key_exchange, host_key, group: ordinary, until: furthest });
        }
        // A request for nothing but small primes is mostly turned down, and would bring no key.
        let along = size.filter(|size| *size != GroupSize::SMALL_ONLY);
        match (open, along, size) {
            (Some(_), Some(group), _) => {
                Some(Ask { key_exchange: over_a_field, host_key, group, until: Until::HostKey })
            }
            (Some(_), None, _) => {
                let key_exchange = if plain.is_empty() { over_a_field } else { plain };
                Some(Ask { key_exchange, host_key, group: ordinary, until: Until::HostKey })
            }
            (None, _, Some(group)) => Some(Ask { key_exchange: over_a_field, host_key, group, until: Until::Group }),
            (None, _, None) => None,
        }
    }

    /// Whether a size has to be asked for: small primes alone only where the first answer did not give one already.
    fn wants(&self, size: GroupSize) -> bool {
        let [(_, smallest), ..] = &self.sizes;
        size != GroupSize::SMALL_ONLY
            || match smallest.answer {
                Some(Given::Bits(bits)) => bits >= GroupSize::LARGEST.least,
                Some(Given::Refused) => true,
                None => smallest.why.is_some(),
            }
    }

    /// Takes what came of an ask.
    pub fn learn(&mut self, ask: &Ask, conversed: Conversed) {
        let learned = match conversed {
            Conversed::Learned(learned) => *learned,
            Conversed::Lost(loss) => {
                self.missed(&loss.to_string());
                return;
            }
        };
        let came_to_lists = learned.lists.is_some();
        if self.identification.is_none() {
            self.identification.clone_from(&learned.identification);
        }
        if self.lists.is_none()
            && let Some(lists) = &learned.lists
        {
            self.lists = Some(lists.clone());
            self.keys = keys(lists);
            self.keys_left_out = self.keys.len().saturating_sub(KEYS);
            self.keys.truncate(KEYS);
        }
        if !came_to_lists {
            let stop = learned.stop.unwrap_or(Stop::Closed);
            match stop {
                Stop::Closed | Stop::Silent | Stop::Disconnected(_) => {}
                // Asked again it would say the same; a server that has talked sense before may say why it will not now.
                _ if self.lists.is_none() => self.over = Some(stop.to_string().into()),
                _ => {}
            }
            self.missed(&stop.to_string());
            return;
        }
        self.in_row = 0;
        self.answers(ask, &learned);
        let further =
            |before: &Learned| (learned.protected, learned.key.is_some()) > (before.protected, before.key.is_some());
        if self.session.as_ref().is_none_or(further) {
            self.session = Some(learned);
        }
    }

    fn answers(&mut self, ask: &Ask, learned: &Learned) {
        let stop = learned.stop.as_ref();
        if let Some(stop @ Stop::NothingInCommon(what)) = stop
            && *what != "host key algorithm"
        {
            self.over = Some(stop.to_string().into());
            return;
        }
        let tries = self.scope.tries.max(1);
        self.lost = self.lost.saturating_add(u32::from(stop == Some(&Stop::Silent)));
        if let Some(shown) = &learned.key
            && let Some(key) = self.keys.iter_mut().find(|key| *key_format(&key.algorithm) == *shown.format)
        {
            key.shown.answer.get_or_insert_with(|| shown.clone());
        }
        let in_field = ask.key_exchange.iter().all(|name| ExchangeForm::of(name) == ExchangeForm::GroupExchange);
        let size = self.sizes.iter_mut().find(|(size, given)| in_field && *size == ask.group && given.is_open());
        let mut asked_a_size = false;
        if let Some((_, given)) = size {
            asked_a_size = true;
            match learned.group_bits {
                Some(bits) => given.answer = Some(Given::Bits(bits)),
                None if stop.is_some_and(Stop::is_refusal) => given.answer = Some(Given::Refused),
                None => given.missed(stop, tries),
            }
        }
        match &ask.until {
            Until::Group => {}
            // It may have been the size that it would not have: the key is asked for again in another exchange.
            Until::HostKey if asked_a_size && learned.key.is_none() => {}
            Until::HostKey => self.key_missed(ask, stop, tries),
            Until::Authentication(_) => {
                match &learned.authentication {
                    Some(found) => self.authentication.answer = Some(found.clone()),
                    // The names of the first ask were ours; the next one's are the server's.
                    None if matches!(stop, Some(Stop::NothingInCommon(_))) && self.authentication.asked == 0 => {
                        self.authentication.asked = 1;
                    }
                    None => self.authentication.missed(stop, tries),
                }
                self.key_missed(ask, stop, tries);
            }
        }
    }

    /// Counts a try for the one kind of key that was asked for; the first ask offers all kinds, and is no question for any.
    fn key_missed(&mut self, ask: &Ask, stop: Option<&Stop>, tries: u32) {
        if let [algorithm] = &ask.host_key[..]
            && let Some(key) = self.keys.iter_mut().find(|key| key.algorithm == *algorithm && key.shown.is_open())
        {
            key.shown.missed(stop, tries);
        }
    }

    /// Counts a connection that came to nothing.
    fn missed(&mut self, why: &str) {
        self.lost = self.lost.saturating_add(1);
        self.in_row = self.in_row.saturating_add(1);
        let most = if self.lists.is_some() { TURNED_AWAY } else { self.scope.tries.max(1) };
        if self.in_row >= most && self.over.is_none() {
            let turned_away = self.lists.is_some();
            let why =
                if turned_away { format!("the server began to turn connections away: {why}") } else { why.into() };
            self.over = Some(why.into());
        }
    }

    /// Nothing more is asked: a limit of the caller's, or its wish.
    pub fn give_up(&mut self, why: &str) {
        if self.next().is_some() && self.over.is_none() {
            self.over = Some(why.into());
        }
    }

    /// Whether an identification of SSH came.
    pub fn speaks(&self) -> bool {
        self.identification.is_some()
    }

    /// Connections whose answer was lost.
    pub fn lost(&self) -> u32 {
        self.lost
    }

    /// Whether the lists came and every question was answered, a refusal being an answer.
    pub fn is_complete(&self) -> bool {
        let open =
            |size: GroupSize, given: &Question<Given>| self.has_field() && self.wants(size) && given.answer.is_none();
        self.lists.is_some()
            && self.keys_left_out == 0
            && self.keys.iter().all(|key| key.shown.answer.is_some())
            && self.authentication.answer.is_some()
            && !self.sizes.iter().any(|(size, given)| open(*size, given))
    }

    fn has_field(&self) -> bool {
        let is_one = |form| form == ExchangeForm::GroupExchange;
        self.lists
            .as_ref()
            .is_some_and(|lists| lists.key_exchange.iter().map(|name| ExchangeForm::of(name)).any(is_one))
    }

    /// What the server accepts; `None` where it is none of SSH.
    pub fn accepts(&self) -> Option<SshAccepts> {
        let identification = self.identification.clone()?;
        let mut hidden = BTreeMap::new();
        let over = || self.over.clone().unwrap_or_else(|| "not asked".into());
        if self.lists.is_none() {
            hidden.insert("lists".into(), over());
        }
        let mut missing: Vec<String> = Vec::new();
        for key in self.keys.iter().filter(|key| key.shown.answer.is_none()) {
            missing.push(format!("{}: {}", key.algorithm, key.shown.why.clone().unwrap_or_else(over)));
        }
        if self.keys_left_out > 0 {
            missing.push(format!("{} more kinds: not asked", self.keys_left_out));
        }
        if !missing.is_empty() {
            hidden.insert("host_keys".into(), missing.join("; ").into());
        }
        let group_exchange = self.group_exchange(&mut hidden, &over);
        let authentication = match (&self.authentication.answer, &self.authentication.why) {
            (Some(Authentication::Methods(methods)), _) => Field::Seen(methods.clone()),
            (Some(Authentication::None), _) => Field::Seen(vec!["none".into()]),
            (None, why) => {
                hidden.insert("authentication".into(), why.clone().unwrap_or_else(over));
                Field::Hidden
            }
        };
        Some(SshAccepts {
            banner: identification.line,
            version: identification.version,
            software: identification.software,
            national_profile: identification.national,
            lists: self.lists.as_ref().map(told),
            host_keys: self.keys.iter().filter_map(|key| key.shown.answer.as_ref()).map(host_key).collect(),
            group_exchange,
            authentication,
            asked: if self.is_complete() { Asked::Registry } else { Asked::Partly },
            hidden,
        })
    }

    fn group_exchange(
        &self,
        hidden: &mut BTreeMap<Box<str>, Box<str>>,
        over: &dyn Fn() -> Box<str>,
    ) -> Field<GroupExchange> {
        if self.lists.is_none() {
            return Field::Hidden;
        }
        if !self.has_field() {
            return Field::Absent;
        }
        let [(_, smallest), (_, largest), (_, small_only)] = &self.sizes;
        let lost = self.sizes.iter().find(|(size, given)| self.wants(*size) && given.answer.is_none());
        if let Some((size, given)) = lost {
            let why = given.why.clone().unwrap_or_else(over);
            hidden.insert("group_exchange".into(), format!("{} bits: {why}", size.wanted).into());
        }
        let bits = |given: &Question<Given>| match given.answer {
            Some(Given::Bits(bits)) => Some(bits),
            Some(Given::Refused) | None => None,
        };
        let below = |bits: u32| bits < GroupSize::LARGEST.least;
        let found = GroupExchange {
            smallest_bits: bits(smallest).into_iter().chain(bits(small_only)).min(),
            largest_bits: bits(largest),
            below_2048: match (bits(smallest), small_only.answer) {
                (Some(bits), _) if below(bits) => Some(true),
                (_, Some(Given::Bits(bits))) => Some(below(bits)),
                (_, Some(Given::Refused)) => Some(false),
                (_, None) => None,
            },
        };
        if found == GroupExchange::default() && lost.is_some() { Field::Hidden } else { Field::Seen(found) }
    }

    /// The session that went furthest; addresses are for the caller to add. `None` where no lists came.
    pub fn session(&self) -> Option<Session> {
        let learned = self.session.as_ref()?;
        let chosen = learned.chosen.clone().unwrap_or_default();
        let aead = chosen.cipher.server.as_deref().is_some_and(Chosen::is_aead);
        let mac = if aead { Some("implicit (AEAD)".into()) } else { chosen.mac.server };
        Some(Session {
            transport: Some("tcp".into()),
            protocol: Field::Seen("SSH".into()),
            version: Field::from(learned.identification.as_ref().map(|found| found.version.clone())),
            key_exchange: Field::from(chosen.key_exchange),
            host_key_alg: Field::from(chosen.host_key),
            cipher: Field::from(chosen.cipher.server),
            mac: Field::from(mac),
            compression: Field::from(chosen.compression.server),
            handshake: if learned.protected { Completion::Complete } else { Completion::Unfinished },
            encrypted: if learned.protected { Field::Seen(true) } else { Field::Hidden },
            app_protocol: Field::Seen("SSH".into()),
            ..Session::default()
        })
    }
}

/// One question for each kind of key that a server names, by the first of its algorithms that uses it.
fn keys(lists: &KexInit) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for algorithm in &lists.host_key {
        if !keys.iter().any(|key| key_format(&key.algorithm) == key_format(algorithm)) {
            keys.push(Key { algorithm: algorithm.clone(), shown: Question::NEW });
        }
    }
    keys
}

fn told(lists: &KexInit) -> SshLists {
    let both = |sides: &Sides<Vec<Box<str>>>| SshDirections {
        to_server: sides.client.clone(),
        to_client: sides.server.clone(),
    };
    SshLists {
        key_exchange: lists.key_exchange.clone(),
        host_key: lists.host_key.clone(),
        cipher: both(&lists.cipher),
        mac: both(&lists.mac),
        compression: both(&lists.compression),
        strict_kex: lists.key_exchange.iter().any(|name| &**name == STRICT),
    }
}

fn host_key(shown: &ShownKey) -> SshHostKey {
    SshHostKey {
        kind: shown.format.clone(),
        bits: shown.bits,
        sha256: shown.sha256,
        proved: shown.proof.is_ok(),
        signature: Some(shown.signature.clone()),
    }
}
