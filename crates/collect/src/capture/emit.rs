//! What is told: a session for each flow that was understood, and at the end what each service was used for.

use super::beside::{Tunnels, WapiSession};
use super::flow::{Ends, Flow};
use super::ike::IkeSeen;
use super::session;
use super::talk::{Speaker, Talk};
use super::weakest::{self, KeyStrength, Numbers};
use super::{Options, Summary};
use dengmi_core::{
    Certificate, Completion, Date, Fact, Field, Method, Observation, ObservedId, Place, Protocol, Reach, Session,
    UtcDateTime, WirelessNetwork,
};
use dengmi_parse::Limits;
use dengmi_parse::capture::Address;
use dengmi_parse::ike::Encapsulated;
use dengmi_parse::plain::Spoken;
use dengmi_parse::tls::{End, Handshake, KeyLog, Side};
use dengmi_protocol::certify::{Asked, Certifier, Layout, Purpose, ServiceName};
use dengmi_protocol::handshake::{KeyExchangeSignature, key_exchange_signature};
use dengmi_randomness::Judgement;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::sync::Arc;

/// Different uses of services that are counted apart; what comes above is counted together.
const USES: usize = 1 << 16;
/// Different lists of certificates whose check is kept.
const LISTS: usize = 4096;
/// Sessions of a server with a certificate whose key exchange is checked, unless all are.
const CHECKED: u8 = 3;
/// Servers with a certificate for which that is counted.
const SERVERS: usize = 1 << 16;
/// Certificates whose key is kept.
const KEYS: usize = 1 << 14;
/// IKE conversations at a time.
const IKE: usize = 4096;
/// Networks of 802.11 that are kept.
const NETWORKS: usize = 4096;

/// A flow whose talk is over.
pub(super) struct Told<'f> {
    pub(super) flow: &'f mut Flow,
    pub(super) talk: Box<Talk>,
}

/// What a service was used for: one row of the summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The server. `None`: one of many more than can be counted apart.
    pub server: Option<SocketAddr>,
    /// Over UDP, not TCP.
    pub datagrams: bool,
    /// `TLS`, `HTTP`, `unknown` and so on.
    pub protocol: Box<str>,
    /// Its version, or nothing.
    pub version: Box<str>,
    /// Suite and group, or what stands for them.
    pub suite: Box<str>,
    /// What of it has numbers: the TLS family.
    pub numbers: Numbers,
    /// The weakest key of the certificates that servers showed for it.
    pub key: Option<KeyStrength>,
    /// Whether its payload is encrypted; `None`: cannot be told.
    pub encrypted: Option<bool>,
    /// Sessions.
    pub sessions: u64,
    /// Those whose handshake was complete.
    pub complete: u64,
    /// Bytes of payload of clients and servers.
    pub bytes: [u64; 2],
    /// The first and the last packet, in nanoseconds since 1970.
    pub seen: (u64, u64),
}

/// By what uses are told apart without making words.
#[derive(Clone, PartialEq, Eq, Hash)]
enum What {
    Tls {
        name: &'static str,
        numbers: Numbers,
        /// What a key log shows inside.
        inside: Option<&'static str>,
        encrypted: Option<bool>,
    },
    Words {
        protocol: Box<str>,
        version: Box<str>,
        suite: Box<str>,
        encrypted: Option<bool>,
    },
}

pub(super) struct Emitter<'a> {
    options: &'a Options,
    certifier: &'a mut Certifier,
    out: &'a mut dyn FnMut(Observation),
    limits: Limits,
    /// The file that is being read.
    pub(super) place: Option<Place>,
    pub(super) summary: Summary,
    uses: HashMap<Use, u32, foldhash::fast::RandomState>,
    lists: HashMap<ListKey, Vec<Certificate>, foldhash::fast::RandomState>,
    /// Keys of certificates, by the digest of the certificate.
    keys: HashMap<u64, Option<KeyStrength>, foldhash::fast::RandomState>,
    /// Checked key exchanges, by server and digest of the certificate.
    checked: HashMap<((Address, u16), u64), u8, foldhash::fast::RandomState>,
    ike: HashMap<[u8; 8], IkeSeen>,
    networks: BTreeMap<Box<str>, WirelessNetwork>,
    tunnels: Tunnels,
}

/// A server, whether over UDP, and what it was used for.
type Use = (Option<(Address, u16)>, bool, What);

/// A list of certificates, whose it is, and the name and day it was checked for.
type ListKey = (Vec<Box<[u8]>>, bool, Option<Box<str>>, Date);

impl<'a> Emitter<'a> {
    pub(super) fn new(
        options: &'a Options,
        certifier: &'a mut Certifier,
        out: &'a mut dyn FnMut(Observation),
    ) -> Emitter<'a> {
        Emitter {
            options,
            certifier,
            out,
            limits: Limits::DEFAULT,
            place: None,
            summary: Summary::default(),
            uses: HashMap::default(),
            lists: HashMap::default(),
            keys: HashMap::default(),
            checked: HashMap::default(),
            ike: HashMap::new(),
            networks: BTreeMap::new(),
            tunnels: Tunnels::default(),
        }
    }

    pub(super) fn key_log(&self) -> Option<&'a Arc<KeyLog>> {
        self.options.key_log.as_ref()
    }

    pub(super) fn began(&mut self) {
        self.summary.flows += 1;
    }

    /// So many flows or talks were given up.
    pub(super) fn cut(&mut self, count: u64) {
        self.summary.cut += count;
    }

    /// A flow is over.
    pub(super) fn over(&mut self, mut flow: Flow, how: End) {
        flow.finish(how, self);
        let (bytes, (_, last)) = (flow.bytes(), flow.times());
        match self.summary.services.get_mut(flow.service() as usize) {
            Some(service) => {
                for (sum, more) in service.bytes.iter_mut().zip(bytes) {
                    *sum = sum.saturating_add(more);
                }
                service.seen.1 = service.seen.1.max(last);
            }
            None => self.summary.silent += 1,
        }
    }

    /// Tells a session; gives the use that its bytes count for.
    pub(super) fn tell(&mut self, told: Told<'_>) -> u32 {
        let Told { flow, talk } = told;
        let ends = flow.ends();
        let (first, _) = flow.times();
        self.summary.overlaps += u64::from(talk.overlap);
        let before = talk.before.as_ref().map(|watcher| watcher.told());
        match &talk.speaker {
            Speaker::Tls(watcher) | Speaker::Dtls(watcher) => {
                let handshake = watcher.handshake();
                let complete = session::completion(handshake) == Completion::Complete;
                let encrypted = match complete {
                    true => {
                        handshake.suite.and_then(dengmi_core::registry::suite).map(|entry| entry.encryption.is_some())
                    }
                    false => handshake.midstream.then_some(true),
                };
                let what = What::Tls {
                    name: session::family_name(handshake),
                    numbers: Numbers {
                        version: handshake.version,
                        suite: handshake.suite,
                        group: handshake.group,
                        dh_bits: handshake.dh_bits.and_then(|bits| u16::try_from(bits).ok()),
                    },
                    inside: talk.inside.as_ref().and_then(|inside| inside.speaks()),
                    encrypted,
                };
                if let Some(opened) = talk.inside.as_ref().and_then(|inside| inside.opened()) {
                    let [yes, no] = &mut self.summary.opened;
                    *if opened { yes } else { no } += 1;
                }
                let signed = self.signed(handshake, &ends);
                if self.options.sessions {
                    let certificates = self.certificates(handshake, first);
                    let mut session = session::tls(handshake, certificates, signed, &self.limits);
                    if let Some(before) = before {
                        session.starttls = before.starttls.as_ref().map(|starttls| starttls.words.clone());
                        session.auth.clone_from(&before.auth);
                        session.app_protocol = Field::Seen(before.protocol.name().into());
                    }
                    if let Some(inside) = &talk.inside {
                        inside.tell(&mut session);
                    }
                    self.observe(session::family(handshake), session, &ends, first, talk.packet);
                }
                let key = self.key(handshake);
                let at = self.used(ends, what, complete, first);
                if let Some(service) = self.summary.services.get_mut(at as usize) {
                    service.key = match (service.key.take(), key) {
                        (Some(before), Some(key)) => Some(before.min(key)),
                        (before, key) => before.or(key),
                    };
                }
                at
            }
            Speaker::Ssh(watcher) => {
                let handshake = watcher.handshake();
                let session = session::ssh(handshake, &self.limits);
                let suite = [&session.key_exchange, &session.host_key_alg, &session.cipher];
                let what = What::of(&session, &suite.map(word), session.encrypted.seen().copied());
                self.finish(Protocol::Ssh, session, ends, what, first, talk.packet)
            }
            Speaker::Quic(watcher) => {
                let mut session = session::quic(watcher, &self.limits);
                if self.options.sessions {
                    session::quic_fingerprints(&mut session, watcher, &self.limits);
                }
                let encrypted = session.cipher_suite.seen().map(|_| true);
                let what = What::of(&session, &[word(&session.cipher_suite), word(&session.group)], encrypted);
                self.finish(Protocol::Quic, session, ends, what, first, talk.packet)
            }
            Speaker::Plain(watcher) => {
                let told = watcher.told();
                let what = What::Words {
                    protocol: told.protocol.name().into(),
                    version: told.version.clone().unwrap_or_default(),
                    suite: told.auth.clone().unwrap_or_default(),
                    encrypted: Some(false),
                };
                self.finish(Protocol::Plain, session::plain(told), ends, what, first, talk.packet)
            }
            Speaker::Named(spoken) => self.named(*spoken, ends, first, talk.packet),
            Speaker::Ike(initiator) => {
                let seen = initiator.and_then(|initiator| self.ike.get(&initiator)).map(IkeSeen::session);
                let Some(session) = seen else { return self.used(ends, words("IKE", None), false, first) };
                let suite = [
                    &session.ike_encryption,
                    &session.ike_integrity,
                    &session.ike_prf,
                    &session.ike_group,
                    &session.auth,
                ];
                let what = What::of(&session, &suite.map(Option::as_deref), session.encrypted.seen().copied());
                self.used(ends, what, session.handshake == Completion::Complete, first)
            }
            Speaker::Unknown => {
                let encrypted = looks_encrypted(&talk.sample(flow.client_end()));
                self.used(ends, words("unknown", encrypted), false, first)
            }
        }
    }

    fn named(&mut self, spoken: Spoken, ends: Ends, first: u64, packet: u64) -> u32 {
        // All that is only named is there to protect.
        let encrypted = Some(spoken.is_protection());
        let what = words(spoken.name(), encrypted);
        let session = session::named(spoken.name(), encrypted);
        self.finish(Protocol::Named, session, ends, what, first, packet)
    }

    fn finish(&mut self, protocol: Protocol, session: Session, ends: Ends, what: What, first: u64, packet: u64) -> u32 {
        let complete = session.handshake == Completion::Complete;
        if self.options.sessions {
            self.observe(protocol, session, &ends, first, packet);
        }
        self.used(ends, what, complete, first)
    }

    /// Counts a session for its service.
    fn used(&mut self, ends: Ends, what: What, complete: bool, first: u64) -> u32 {
        self.summary.sessions += 1;
        let services = &mut self.summary.services;
        let full = self.uses.len() >= USES;
        let mut key = (Some(ends.server), ends.datagrams, what);
        if full && !self.uses.contains_key(&key) {
            key.0 = None;
        }
        let at = *self.uses.entry(key).or_insert_with_key(|(server, datagrams, what)| {
            let (protocol, version, suite, encrypted) = what.words();
            services.push(Service {
                server: server.map(|(address, port)| SocketAddr::new(address.ip(), port)),
                datagrams: *datagrams,
                protocol,
                version,
                suite,
                numbers: if let What::Tls { numbers, .. } = what { *numbers } else { Numbers::default() },
                encrypted,
                seen: (first, first),
                ..Service::default()
            });
            u32::try_from(services.len().saturating_sub(1)).unwrap_or(super::flow::NO_SERVICE)
        });
        if let Some(service) = self.summary.services.get_mut(at as usize) {
            service.sessions += 1;
            service.complete += u64::from(complete);
            service.seen.0 = service.seen.0.min(first);
        }
        at
    }

    fn observe(&mut self, protocol: Protocol, mut session: Session, ends: &Ends, first: u64, packet: u64) {
        let (client, server) = (ends.client, ends.server);
        session.client = Some(client.0.to_string().into());
        session.client_port = Some(client.1);
        session.server = Some(server.0.to_string().into());
        session.server_port = Some(server.1);
        session.transport = Some(if ends.datagrams { "udp" } else { "tcp" }.into());
        let observed = SocketAddr::new(server.0.ip(), server.1).to_string();
        self.put(observed.as_str().into(), Fact::Session(protocol, Box::new(session)), first, packet);
    }

    fn put(&mut self, observed: ObservedId, fact: Fact, time: u64, packet: u64) {
        let place = self.place.clone().map(|place| Box::new(Place { at: dengmi_core::Where::Packet(packet), ..place }));
        (self.out)(Observation {
            observed,
            subject: None,
            reach: Reach::Seen,
            method: Method::ToolTest,
            at: instant(time),
            tool: self.options.tool.clone(),
            place,
            fact,
        });
    }

    /// The weakest key that the server showed: of its certificate, or of the pair of TLCP.
    fn key(&mut self, handshake: &Handshake) -> Option<KeyStrength> {
        let own = if session::family(handshake) == Protocol::Tlcp { 2 } else { 1 };
        let shown = handshake.certificates.server.as_deref().unwrap_or_default().iter().take(own);
        shown
            .filter_map(|der| {
                let digest = self.keys.hasher().hash_one(der);
                if let Some(known) = self.keys.get(&digest) {
                    return known.clone();
                }
                if self.keys.len() >= KEYS {
                    self.keys.clear();
                }
                let key = dengmi_protocol::certify::read(der).ok().as_ref().map(weakest::of_key);
                self.keys.insert(digest, key.clone());
                key
            })
            .min()
    }

    /// Checks the signature of a key exchange, unless enough of that server and certificate were.
    fn signed(&mut self, handshake: &Handshake, ends: &Ends) -> Option<KeyExchangeSignature> {
        let all = self.options.verify_all;
        if !all && !self.options.sessions {
            return None;
        }
        let certificate = handshake.certificates.server.as_ref().and_then(|list| list.first());
        if let Some(certificate) = certificate.filter(|_| !all && handshake.server_key_exchange.is_some()) {
            let key = (ends.server, self.checked.hasher().hash_one(certificate));
            if self.checked.len() >= SERVERS && !self.checked.contains_key(&key) {
                self.checked.clear();
            }
            let count = self.checked.entry(key).or_default();
            if *count >= CHECKED {
                return None;
            }
            *count += 1;
        }
        let signed = key_exchange_signature(handshake, &self.limits);
        let [hold, wrong] = &mut self.summary.signatures;
        *hold += u64::from(signed == KeyExchangeSignature::Holds);
        *wrong += u64::from(signed == KeyExchangeSignature::Wrong);
        Some(signed)
    }

    /// The certificates of both sides, checked for the day of the session.
    fn certificates(&mut self, handshake: &Handshake, time: u64) -> Vec<Certificate> {
        let mut certificates = Vec::new();
        for side in [Side::Server, Side::Client] {
            if let Some(list) = handshake.certificates.of(side).as_ref().filter(|list| !list.is_empty()) {
                let name = handshake.server_name.clone().filter(|_| side == Side::Server);
                let is_pair = session::family(handshake) == Protocol::Tlcp;
                certificates.extend(self.list(list, side, name, is_pair, instant(time).date()));
            }
        }
        certificates
    }

    fn list(
        &mut self,
        list: &[Box<[u8]>],
        side: Side,
        name: Option<Box<str>>,
        is_pair: bool,
        on: Date,
    ) -> Vec<Certificate> {
        let key = (list.to_vec(), side == Side::Server, name, on);
        if let Some(known) = self.lists.get(&key) {
            return known.clone();
        }
        let ders: Vec<&[u8]> = list.iter().map(|der| &**der).collect();
        let service: Option<ServiceName> = key.2.as_deref().and_then(|name| name.parse().ok());
        let (purpose, word) = match side {
            Side::Server => (Purpose::Server, "server"),
            Side::Client => (Purpose::Client, "client"),
        };
        let layout = if is_pair { Layout::Pair } else { Layout::Chain };
        let certified = self.certifier.certify(&ders, &Asked { on, name: service.as_ref(), layout, purpose });
        let told = certified.into_iter().zip(list).enumerate().map(|(position, (certified, der))| {
            let certificate = certified.map_or_else(
                |_| Certificate {
                    sha256: dengmi_protocol::certify::sha256_text(der),
                    position: u32::try_from(position).ok(),
                    ..Certificate::default()
                },
                |certified| certified.certificate,
            );
            Certificate { sent_by: Some(word.into()), ..certificate }
        });
        let told: Vec<Certificate> = told.collect();
        if self.lists.len() >= LISTS {
            self.lists.clear();
        }
        self.lists.insert(key, told.clone());
        told
    }

    /// A datagram of IKE, of the conversation that the flow began; `true` once its session is complete.
    pub(super) fn ike(
        &mut self,
        first: &mut Option<[u8; 8]>,
        flow: &Flow,
        side: Side,
        datagram: &[u8],
        packet: u64,
        limits: &Limits,
    ) -> bool {
        let Some(message) = super::ike::read(datagram, limits) else { return false };
        let initiator = message.header.initiator;
        first.get_or_insert(initiator);
        if self.ike.len() >= IKE && !self.ike.contains_key(&initiator) {
            self.summary.cut += 1;
            return true;
        }
        let seen = self.ike.entry(initiator).or_insert_with(|| IkeSeen::new(flow.ends(), (flow.times().1, packet)));
        seen.take(side, &message, limits);
        seen.is_complete()
    }

    /// A datagram of a flow that is over: on the way through an address translation it may be one of ESP.
    #[cold]
    pub(super) fn behind_translation(&mut self, flow: &Flow, sender: usize, datagram: &[u8], missing: usize) {
        let service = self.summary.services.get(flow.service() as usize);
        if service.is_some_and(|service| [Spoken::Ike.name(), Spoken::EspInUdp.name()].contains(&&*service.protocol)) {
            self.encapsulated(flow, sender, datagram, missing);
        }
    }

    /// Counts ESP in UDP (RFC 3948 2.1) as the bare one is counted, on the port that belongs to it.
    pub(super) fn encapsulated(&mut self, flow: &Flow, sender: usize, datagram: &[u8], missing: usize) {
        if let (true, Ok(Encapsulated::Esp { spi })) =
            (flow.passes_translation(), Encapsulated::read(datagram, &self.limits).map(|reading| reading.value))
        {
            let length = datagram.len().saturating_add(missing);
            self.tunnel(Spoken::EspInUdp.name(), flow.hosts(sender), spi, length, flow.times().1);
        }
    }

    /// A packet of ESP or AH was seen between two hosts.
    pub(super) fn tunnel(&mut self, protocol: &'static str, ends: [Address; 2], spi: u32, length: usize, time: u64) {
        if !self.tunnels.count(protocol, ends, spi, length, time) {
            self.summary.cut += 1;
        }
    }

    /// What was seen of a station of WAPI.
    pub(super) fn wapi(&mut self, joined: WapiSession) {
        self.summary.sessions += 1;
        if !self.options.sessions {
            return;
        }
        let WapiSession { ends: [station, access_point], began: (time, packet), mut session } = joined;
        session.client = Some(super::beside::text(station));
        session.server = Some(super::beside::text(access_point));
        session.transport = Some("802.11".into());
        let observed = format!("bssid:{}", super::beside::text(access_point));
        self.put(observed.as_str().into(), Fact::Session(Protocol::Wapi, Box::new(session)), time, packet);
    }

    /// A network of 802.11 said how it is protected.
    pub(super) fn network(&mut self, network: WirelessNetwork, time: u64, packet: u64) {
        if self.networks.len() >= NETWORKS || self.networks.get(&network.bssid) == Some(&network) {
            return;
        }
        self.networks.insert(network.bssid.clone(), network.clone());
        if self.options.sessions {
            let observed = format!("bssid:{}", network.bssid);
            self.put(observed.as_str().into(), Fact::WirelessNetwork(Box::new(network)), time, packet);
        }
    }

    /// Nothing more comes.
    pub(super) fn end(mut self) -> Summary {
        let mut left: Vec<IkeSeen> = self.ike.drain().map(|(_, seen)| seen).collect();
        left.sort_by_key(|seen| seen.began);
        let wanted = self.options.sessions;
        for seen in left.into_iter().filter(|_| wanted) {
            let (ends, (time, packet)) = (seen.ends, seen.began);
            self.observe(Protocol::Ike, seen.session(), &ends, time, packet);
        }
        self.summary.networks = self.networks.into_values().collect();
        self.summary.tunnels = self.tunnels.end();
        self.summary
    }
}

impl What {
    /// What a session says of itself; `suite` are the words that stand for a suite.
    fn of(session: &Session, suite: &[Option<&str>], encrypted: Option<bool>) -> What {
        let seen = |field: &Field<Box<str>>| field.seen().cloned().unwrap_or_default();
        let suite: Vec<&str> = suite.iter().copied().flatten().collect();
        What::Words {
            protocol: seen(&session.protocol),
            version: seen(&session.version),
            suite: suite.join(" ").into(),
            encrypted,
        }
    }

    fn words(&self) -> (Box<str>, Box<str>, Box<str>, Option<bool>) {
        match self {
            What::Tls { name, numbers: Numbers { version, suite, group, dh_bits }, inside, encrypted } => {
                let prime = dh_bits.map(|bits| format!("DHE {bits}"));
                let inside = inside.map(|inside| format!("[{inside}]"));
                let (suite, group) = (suite.map(|suite| suite.to_string()), group.map(|group| group.to_string()));
                let words = [suite, group.or(prime), inside];
                (
                    (*name).into(),
                    version.map(crate::names::version_number).unwrap_or_default().into(),
                    words.into_iter().flatten().collect::<Vec<_>>().join(" ").into(),
                    *encrypted,
                )
            }
            What::Words { protocol, version, suite, encrypted } => {
                (protocol.clone(), version.clone(), suite.clone(), *encrypted)
            }
        }
    }
}

fn word(field: &Field<Box<str>>) -> Option<&str> {
    field.seen().map(|word| &**word)
}

fn words(protocol: &str, encrypted: Option<bool>) -> What {
    What::Words { protocol: protocol.into(), version: Box::default(), suite: Box::default(), encrypted }
}

/// An instant of a capture. What cannot be one is 1970.
fn instant(nanoseconds: u64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds)).unwrap_or(UtcDateTime::UNIX_EPOCH)
}

/// From here on bytes that are no ciphertext show it, but for good compression without its head.
const SAID: usize = 256;

/// What the first bytes of a flow look like: ciphertext, text, or neither of them for sure.
fn looks_encrypted(samples: &[&[u8]; 2]) -> Option<bool> {
    let bytes = samples.iter().copied().max_by_key(|sample| sample.len())?;
    match dengmi_randomness::looks_encrypted(bytes) {
        Judgement::Encrypted if bytes.len() >= SAID => Some(true),
        Judgement::Text => Some(false),
        // Structures may hold ciphertext, and what is encoded may be some.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dengmi_crypto::Hash;

    #[test]
    fn unknown_traffic_is_told_from_text_and_from_what_says_nothing() {
        let ciphertext: Vec<u8> =
            (0_u32..32).flat_map(|number| Hash::Sm3.digest(&number.to_be_bytes()).to_vec()).collect();
        let chinese = "患者：李某，挂号成功。".repeat(4);
        let gb18030 = [0xbb, 0xbc, 0xd5, 0xdf, 0xa3, 0xba, 0xc0, 0xee].repeat(8);
        for (bytes, encrypted) in [
            (&ciphertext[..], Some(true)),
            (&ciphertext[..255], None),
            (chinese.as_bytes(), Some(false)),
            (&gb18030, Some(false)),
            (&[0; 1024], None),
            (&[1, 2, 3], None),
        ] {
            assert_eq!(looks_encrypted(&[bytes, b""]), encrypted, "{bytes:02x?}");
        }
    }
}
