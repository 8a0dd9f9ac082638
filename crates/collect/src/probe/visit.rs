//! One endpoint from the first connection to the last: what goes over the wire, and nothing about how it is told.

use super::exchange::{self, Channel, Said, Sent, Shaken, line};
use super::ike::{IkeOptions, IkeVisit};
use super::pace::{HostPace, Pace};
use super::ssh::SshVisit;
use super::target::{Approach, Host, Target};
use super::web;
use super::{AddressFamily, Cancel, Options, Times, Unreachable};
use dengmi_core::registry;
use dengmi_core::{Features, Group, KeyRole, QuicAccepts, Scheme, Suite, Version};
use dengmi_parse::{Limits, quic::QuicVersion};
use dengmi_protocol::handshake::{
    Done, Identity, Learned, Offer as HandshakeOffer, PreSharedKey, Proof, Secrets, Stop, Stopped, groups, schemes,
    suite::suites,
};
use dengmi_protocol::plan::{self, Answer, Chosen, Exchange, Loss, Plan, Scope, Spoken, Ticket};
use dengmi_protocol::upgrade::Upgrade;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

/// Bytes of one answer that are kept as evidence.
const KEEP: usize = 256;
/// Bytes of one version's dialogue that are kept.
const DIALOGUE: usize = 64 << 10;
/// The port of IKE (RFC 7296 2); on others it shares the port with ESP.
const IKE_PORT: u16 = 500;
/// Addresses of a name that are tried.
const ADDRESSES: usize = 8;

/// What was met at one endpoint.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) target: Target,
    pub(super) server_name: Option<Arc<str>>,
    pub(super) address: Option<SocketAddr>,
    /// Why nothing could be asked.
    pub(super) unreachable: Option<Unreachable>,
    pub(super) plan: Plan,
    /// In the order of the plan's versions: hellos and the starts of their answers.
    pub(super) dialogues: Vec<(Version, String)>,
    /// The conversation before TLS, the first time.
    pub(super) said: Option<(Upgrade, Said)>,
    pub(super) handshakes: Vec<Handshake>,
    /// What handshakes told beside their keys.
    pub(super) features: Vec<Features>,
    /// Schemes that signed in TLS 1.3, which hides them from hellos.
    pub(super) schemes: Vec<Scheme>,
    /// Those that may be seen yet; `None`: no handshake was tried.
    hidden: Option<Hidden>,
    /// What a request for `/` brought, in clear or inside TLS.
    pub(super) web: Option<web::Answer>,
    asked_for_web: bool,
    pub(super) ssh: Option<SshVisit>,
    pub(super) ike: Option<IkeVisit>,
    pub(super) quic: Option<QuicAccepts>,
    connections: u32,
    /// The system said at least once that nothing listens there.
    refused: bool,
    /// A budget or a cancellation ended it early.
    pub(super) cut: bool,
}

/// One complete handshake, or the attempt.
pub(super) struct Handshake {
    pub(super) version: Version,
    pub(super) result: Result<Proof, Box<Stopped>>,
    pub(super) loss: Option<Loss>,
    pub(super) dialogue: String,
    /// What the session can be taken up by, in TLS 1.3.
    key: Option<PreSharedKey>,
}

/// Schemes of TLS 1.3, which hides its signatures: each costs a whole handshake. One that takes the place of a hello for groups tells a
/// group as well and so costs nothing.
#[derive(Debug, Default)]
struct Hidden {
    /// Schemes that no signature showed yet.
    left: Vec<Scheme>,
    beside: Beside,
}

/// Whether handshakes take the place of hellos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Beside {
    Groups,
    /// A handshake was refused. The same question as a hello, with all schemes, tells whether it was for want of a scheme.
    Doubted(Ticket),
    /// No more.
    #[default]
    Over,
    /// What is left was refused, for no other reason.
    Whole,
}

impl Handshake {
    fn new(
        version: Version,
        result: Result<Box<Done>, Box<Stopped>>,
        loss: Option<Loss>,
        dialogue: &[(Sent, Vec<u8>)],
        key: Option<PreSharedKey>,
    ) -> Handshake {
        let mut text = String::new();
        dialogue.iter().for_each(|(sent, bytes)| line(&mut text, *sent, bytes));
        Handshake { version, result: result.map(|done| done.proof), loss, dialogue: text, key }
    }

    pub(super) fn learned(&self) -> &Learned {
        match &self.result {
            Ok(proof) => proof.learned(),
            Err(stopped) => &stopped.learned,
        }
    }
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} {:?}", self.version, self.result)
    }
}

/// What every step of a visit needs.
#[derive(Clone)]
struct Road {
    scope: Arc<Scope>,
    options: Arc<Options>,
    pace: Arc<Pace>,
    host: Arc<HostPace>,
    address: SocketAddr,
    deadline: Instant,
    /// What is said before TLS, and the name it is said to.
    upgrade: Option<(Upgrade, Arc<str>)>,
    carrier: Carrier,
    /// Milliseconds of the slowest answer in datagrams so far; 0: none came.
    slowest: Arc<AtomicU32>,
}

/// What carries hellos and handshakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    /// A connection for each.
    Stream,
    /// DTLS.
    Dtls,
    /// QUIC of this version.
    Quic(QuicVersion),
}

/// Visits an endpoint. Nothing a server does keeps it longer than [`Options::budget`] and one farewell.
pub(super) async fn visit(
    target: Target,
    scope: Arc<Scope>,
    options: Arc<Options>,
    pace: Arc<Pace>,
    mut cancel: Cancel,
) -> Visit {
    let deadline = Instant::now() + options.budget;
    let server_name =
        options.server_name.clone().or_else(|| target.server_name.clone()).or_else(|| match &target.host {
            Host::Name(name) => Some(Arc::from(&**name)),
            Host::Address(_) => None,
        });
    let dialogues = scope.versions.iter().map(|lists| (lists.version, String::new())).collect();
    let mut visit = Visit {
        plan: plan(&scope, &server_name),
        server_name,
        address: None,
        unreachable: None,
        dialogues,
        said: None,
        handshakes: Vec::new(),
        features: Vec::new(),
        schemes: Vec::new(),
        hidden: None,
        web: None,
        asked_for_web: false,
        ssh: None,
        ike: None,
        quic: None,
        connections: 0,
        refused: false,
        cut: false,
        target,
    };
    tokio::select! {
        // What was learned so far stays in `visit` when this is dropped at any point.
        () = visit.walk(&scope, &options, &pace, deadline) => {}
        () = sleep_until(deadline) => visit.cut = true,
        () = cancel.cancelled() => visit.cut = true,
    }
    visit.cut &= visit.unreachable.is_none();
    visit.plan.give_up();
    if let Some(ike) = &mut visit.ike {
        ike.give_up();
    }
    if let Some(ssh) = &mut visit.ssh {
        ssh.give_up("the run was cut off");
    }
    visit
}

impl Visit {
    async fn walk(&mut self, scope: &Arc<Scope>, options: &Arc<Options>, pace: &Arc<Pace>, deadline: Instant) {
        let addresses = match addresses(&self.target, options).await {
            Ok(addresses) => addresses,
            Err(unreachable) => {
                self.unreachable = Some(unreachable);
                return;
            }
        };
        if self.target.approach() == Approach::Ike {
            return self.ike(&addresses, options, pace).await;
        }
        let (scope, options, pace) = (Arc::clone(scope), Arc::clone(options), Arc::clone(pace));
        if self.target.approach().is_over_datagrams() {
            return self.datagrams(&addresses, options, pace, deadline).await;
        }
        let Some((address, first)) = self.reach(&addresses, &options, &pace).await else { return };
        self.address = Some(address);
        let host = pace.host(address.ip());
        let carrier = Carrier::Stream;
        let slowest = Arc::default();
        let road = Road { scope, options, pace, host, address, deadline, upgrade: None, carrier, slowest };
        let spoke = match self.target.approach() {
            Approach::Upgrade(upgrade) => self.upgrade(road.clone(), upgrade, Some(first)).await,
            Approach::Ssh => self.ssh(&road, Some(first)).await,
            Approach::Tls | Approach::Ike | Approach::Dtls | Approach::Quic => {
                self.talk(&Arc::new(road.clone()), Some(first)).await;
                true
            }
        };
        if !spoke && self.target.scheme.is_none() {
            // The port suggested it, and it was not so.
            (self.said, self.ssh) = (None, None);
            self.talk(&Arc::new(road), None).await;
        }
    }

    /// Everything about DTLS or QUIC, of the first address.
    async fn datagrams(&mut self, addresses: &[SocketAddr], options: Arc<Options>, pace: Arc<Pace>, deadline: Instant) {
        let Some(&address) = addresses.first() else { return };
        self.address = Some(address);
        let host = pace.host(address.ip());
        // A server that answers several at a time over one port is not the rule.
        let options = Arc::new(Options { per_host: 1, ..(*options).clone() });
        let (own, carrier) = match self.target.approach() {
            Approach::Quic => (Scope::quic(None), Carrier::Quic(QuicVersion::RESERVED)),
            _ => (Scope::datagrams(None), Carrier::Dtls),
        };
        self.dialogues = own.versions.iter().map(|lists| (lists.version, String::new())).collect();
        let scope = Arc::new(Scope { tries: options.tries, sweep: options.sweep, ..own });
        self.plan = plan(&scope, &self.server_name);
        let slowest = Arc::default();
        let mut road = Road { scope, options, pace, host, address, deadline, upgrade: None, carrier, slowest };
        if carrier != Carrier::Dtls {
            match self.quic_version(&road).await {
                Some(version) => road.carrier = Carrier::Quic(version),
                // None that could be asked; what it has instead was told.
                None => self.plan.give_up(),
            }
        }
        let road = Arc::new(road);
        self.ask(&road, None).await;
        if self.plan.speaks() && road.carrier == Carrier::Dtls {
            self.shake_all(&road).await;
        } else if !self.plan.answered() && self.refused {
            self.unreachable = Some(Unreachable::Refused);
        }
    }

    /// Asks in a version that nobody has, so that the server names its own (RFC 9000 6.1); the one to go on in. A server
    /// that names none is asked in version 1.
    async fn quic_version(&mut self, road: &Road) -> Option<QuicVersion> {
        // Whatever the offer is, nobody can read it.
        let (_, offer) = self.plan.clone().ask()?;
        let (_, exchanged) = road.question(None, offer, Duration::ZERO).await;
        self.connections = self.connections.saturating_add(exchanged.datagrams);
        self.refused |= exchanged.answer == Answer::Lost(Loss::ConnectionRefused);
        let spoken = [QuicVersion::V1, QuicVersion::V2].into_iter();
        let asked = match exchanged.versions.is_empty() {
            true => Some(QuicVersion::V1),
            false => spoken.into_iter().find(|version| exchanged.versions.contains(version)),
        };
        let versions = exchanged.versions.iter().filter(|version| !version.is_reserved());
        let versions = versions.map(|version| version.to_string().into()).collect();
        self.quic =
            Some(QuicAccepts { versions, asked: asked.map(|version| version.to_string().into()), retry: false });
        asked
    }

    /// Everything about TLS and TLCP, and what the port speaks where it is neither.
    async fn talk(&mut self, road: &Arc<Road>, first: Option<Dialed>) {
        self.ask(road, first).await;
        if self.plan.speaks() {
            self.shake_all(road).await;
        } else if road.upgrade.is_none() && !self.plan.answered_in_tls() {
            self.look_for_others(road).await;
        }
    }

    /// The conversation in clear once, and then TLS behind it; false where the server speaks nothing of it.
    async fn upgrade(&mut self, mut road: Road, to: Upgrade, first: Option<Dialed>) -> bool {
        let name = self.server_name.as_deref().map_or_else(|| self.target.host.to_string(), String::from);
        let first = match first {
            Some(dialed) => Some(dialed),
            None => self.open(&road).await,
        };
        let Some(mut dialed) = first else { return false };
        let Ok(said) = exchange::upgrade(&mut dialed.stream, to, &name, &road.options.times).await else {
            return false;
        };
        let (offered, readable) = (said.refusal.is_none(), said.is_readable());
        self.said = Some((to, said));
        if offered {
            road.upgrade = Some((to, Arc::from(name)));
            Box::pin(self.talk(&Arc::new(road), Some(dialed))).await;
        }
        readable
    }

    /// Everything about SSH; false where the server speaks nothing of it.
    async fn ssh(&mut self, road: &Road, mut first: Option<Dialed>) -> bool {
        // The visit counts its connections itself.
        self.connections = self.connections.saturating_sub(u32::from(first.is_some()));
        let scope = dengmi_protocol::ssh::Scope::default();
        let ssh = self.ssh.insert(SshVisit::new(road.address, scope));
        let dial = move || {
            let first = first.take();
            async move {
                let Dialed { stream, slot } = match first {
                    Some(dialed) => dialed,
                    None => road.open().await?,
                };
                Ok((stream, slot))
            }
        };
        ssh.walk(&road.options.times, dial).await;
        let speaks = ssh.speaks();
        if !speaks {
            self.connections = self.connections.saturating_add(ssh.connections());
        }
        speaks
    }

    /// Everything about IKE, of the first address.
    async fn ike(&mut self, addresses: &[SocketAddr], options: &Options, pace: &Pace) {
        let Some(&address) = addresses.first() else { return };
        self.address = Some(address);
        let Some(_slot) = pace.slot(&pace.host(address.ip())).await else { return };
        // Only on its own port IKE stands without a marker (RFC 3948 2.2).
        let encapsulated = address.port() != IKE_PORT;
        let asked = IkeOptions { encapsulated, tries: options.tries, pause: options.pause, ..IkeOptions::default() };
        let ike = self.ike.insert(IkeVisit::new(address, &asked.scope));
        ike.walk(&options.times, &asked).await;
        if ike.is_closed() {
            self.unreachable = Some(Unreachable::Refused);
        }
    }

    /// Connections made, or datagrams sent.
    pub(super) fn connections(&self) -> u32 {
        let ssh = self.ssh.as_ref().filter(|ssh| ssh.speaks()).map_or(0, SshVisit::connections);
        let ike = self.ike.as_ref().map_or(0, IkeVisit::datagrams);
        self.connections.saturating_add(ssh).saturating_add(ike)
    }

    /// Questions whose answer was lost.
    pub(super) fn lost(&self) -> u32 {
        let ssh = self.ssh.as_ref().map_or(0, SshVisit::lost);
        let ike = self.ike.as_ref().map_or(0, IkeVisit::lost);
        self.plan.lost().saturating_add(ssh).saturating_add(ike)
    }

    /// A connection on which nothing was said yet.
    async fn open(&mut self, road: &Road) -> Option<Dialed> {
        self.connections = self.connections.saturating_add(1);
        road.open().await.ok()
    }

    /// A port that speaks nothing of the TLS family: HTTP, or a server that greets.
    async fn look_for_others(&mut self, road: &Arc<Road>) {
        let greets = |spoken: &Spoken| matches!(spoken, Spoken::Ssh | Spoken::Greeting);
        let greets = self.plan.spoken().iter().any(greets);
        if road.options.web && !greets {
            self.look_for_web(road).await;
        }
        let web = self.web.as_ref().is_some_and(|answer| answer.page.is_some());
        if web || self.target.scheme.is_some() || self.plan.spoken().is_empty() {
            return;
        }
        if self.plan.spoken().contains(&Spoken::Ssh) {
            self.ssh(road, None).await;
            return;
        }
        let Some(mut dialed) = self.open(road).await else { return };
        let greeting = exchange::greeting(&mut dialed.stream, &road.options.times).await;
        drop(dialed);
        if let Some(upgrade) = Upgrade::by_greeting(&greeting) {
            // The hellos so far were no part of this conversation.
            self.plan = plan(&road.scope, &self.server_name);
            self.upgrade((**road).clone(), upgrade, None).await;
        }
    }

    /// The first address that can be connected to, with that connection.
    async fn reach(
        &mut self,
        addresses: &[SocketAddr],
        options: &Options,
        pace: &Pace,
    ) -> Option<(SocketAddr, Dialed)> {
        let mut unreachable = Unreachable::NoAnswer;
        for &address in addresses {
            let slot = pace.slot(&pace.host(address.ip())).await?;
            self.connections = self.connections.saturating_add(1);
            match exchange::connect(address, &options.times).await {
                Ok(stream) => return Some((address, Dialed { stream, slot })),
                Err(Loss::ConnectionRefused) => unreachable = Unreachable::Refused,
                Err(_) => {}
            }
        }
        self.unreachable = Some(unreachable);
        None
    }

    /// Asks everything that the plan wants to know, a few questions at a time.
    async fn ask(&mut self, road: &Arc<Road>, mut first: Option<Dialed>) {
        let mut asked: JoinSet<(Ticket, Asked)> = JoinSet::new();
        let mut lost_in_row = 0_u32;
        loop {
            while asked.len() < road.options.per_host.max(1)
                && let Some((ticket, offer)) = self.plan.ask()
            {
                let whole = self.instead_of_hello(road, ticket, &offer).await;
                if (first.is_none() || whole.is_some()) && road.carrier == Carrier::Stream {
                    self.connections = self.connections.saturating_add(1);
                }
                let road = Arc::clone(road);
                if let Some(offer) = whole {
                    asked.spawn(async move { (ticket, Asked::Whole(road.shake(offer, None).await)) });
                    continue;
                }
                let first = first.take();
                // Waiting longer and longer is for servers that turn connections away for a while.
                let wait = road.options.times.back_off.saturating_mul(lost_in_row.min(8));
                asked.spawn(async move {
                    let (hello, exchanged) = road.question(first, offer, wait).await;
                    (ticket, Asked::Hello(hello, exchanged))
                });
            }
            let Some(joined) = asked.join_next().await else { break };
            // A question whose task died stays open; giving up marks what it left.
            let Ok((ticket, asked)) = joined else { break };
            let (hello, exchanged) = match asked {
                Asked::Hello(hello, exchanged) => (hello, exchanged),
                Asked::Whole(shaken) => {
                    match self.take_instead_of_hello(ticket, shaken) {
                        Some(answer) => self.plan.learn(ticket, answer),
                        None => self.plan.again(ticket),
                    }
                    continue;
                }
            };
            if let Some(hidden) = self.hidden.as_mut().filter(|hidden| hidden.beside == Beside::Doubted(ticket)) {
                let chosen = matches!(exchanged.answer, Answer::Chose(_));
                hidden.beside = if chosen { Beside::Whole } else { Beside::Over };
            }
            let exchange::Exchanged { answer, received, datagrams, retried, .. } = exchanged;
            if let Some(quic) = &mut self.quic {
                quic.retry |= retried;
            }
            self.connections = self.connections.saturating_add(datagrams);
            self.refused |= answer == Answer::Lost(Loss::ConnectionRefused);
            let turned_away = matches!(answer, Answer::Lost(Loss::ConnectionRefused | Loss::NoConnection));
            lost_in_row = if turned_away { lost_in_row.saturating_add(1) } else { 0 };
            self.note(ticket, &hello, &received);
            self.plan.learn(ticket, answer);
        }
    }

    /// The handshake that takes the place of a hello for groups: it tells a signature scheme as well.
    async fn instead_of_hello(
        &mut self,
        road: &Arc<Road>,
        ticket: Ticket,
        offer: &plan::Offer,
    ) -> Option<HandshakeOffer> {
        if road.carrier != Carrier::Stream || !self.plan.asks_groups_of_tls13(ticket) {
            return None;
        }
        if self.hidden.is_none() {
            self.hidden = Some(Hidden::default());
            let known: Vec<plan::Known> = self.plan.known().collect();
            // The proof comes first: it shows the scheme that the server likes best.
            let proof = offers(&known, None).into_iter().flatten().next()?;
            if proof.version == Version::TLS_1_3 {
                self.shake(road, proof).await;
                self.hidden = self.signed().first().map(|seen| Hidden {
                    left: hidden_schemes().filter(|scheme| scheme != seen).collect(),
                    beside: Beside::Groups,
                });
                self.hidden.get_or_insert_default();
            }
        }
        let hidden =
            self.hidden.as_ref().filter(|hidden| hidden.beside == Beside::Groups && !hidden.left.is_empty())?;
        let completed = |suite: &Suite| suites(Version::TLS_1_3).any(|known| known == *suite);
        offer.suites.iter().all(completed).then(|| {
            let offer = HandshakeOffer {
                suites: offer.suites.clone(),
                groups: offer.groups.clone(),
                // With no share the server names its group, as it does to a hello.
                shares: Vec::new(),
                ..HandshakeOffer::tls13()
            };
            self.look(road, offer, hidden.left.clone())
        })
    }

    /// The schemes by which completed handshakes of TLS 1.3 were signed.
    fn signed(&self) -> Vec<Scheme> {
        let of_version = |handshake: &&Handshake| handshake.version == Version::TLS_1_3 && handshake.result.is_ok();
        self.handshakes.iter().filter(of_version).filter_map(|handshake| handshake.learned().scheme).collect()
    }

    /// A handshake that only looks which of these schemes signs, and with which certificate.
    fn look(&self, road: &Road, offer: HandshakeOffer, schemes: Vec<Scheme>) -> HandshakeOffer {
        let leaf = |handshake: &Handshake| {
            let proved = handshake.learned().proofs.iter().any(|proof| proof.key == KeyRole::Signing);
            handshake.learned().certificates.first().filter(|_| proved).cloned()
        };
        HandshakeOffer {
            schemes,
            open: true,
            proved: self.handshakes.iter().filter_map(leaf).collect(),
            features: false,
            server_name: self.server_name.clone(),
            identity: road.options.identity.clone(),
            ..offer
        }
    }

    /// The answer to a question that was put by a whole handshake. `None`: it was refused, perhaps for want of a scheme, so
    /// that the hello has to be asked after all.
    fn take_instead_of_hello(&mut self, ticket: Ticket, shaken: Option<Shaken>) -> Option<Answer> {
        let mut hidden = self.hidden.take().unwrap_or_default();
        let Some(Shaken { result, loss, dialogue, .. }) = shaken else {
            hidden.beside = Beside::Over;
            self.hidden = Some(hidden);
            return Some(Answer::Lost(Loss::NoConnection));
        };
        let unsupported = matches!(&result, Err(stopped) if matches!(stopped.reason, Stop::Unsupported(_)));
        let handshake = Handshake::new(Version::TLS_1_3, result, loss, &dialogue, None);
        let learned = handshake.learned();
        let answer = match (learned.suite, learned.group) {
            (Some(suite), Some(group)) => {
                match learned.scheme.filter(|scheme| hidden.left.contains(scheme)) {
                    Some(scheme) => {
                        hidden.left.retain(|&left| left != scheme);
                        self.schemes.push(scheme);
                    }
                    // A group that nothing can be agreed on in here tells itself, and no scheme.
                    None if unsupported => {}
                    None => hidden.beside = Beside::Over,
                }
                Some(Answer::Chose(Box::new(Chosen {
                    version: learned.version.unwrap_or(Version::TLS_1_3),
                    suite,
                    group: Some(group),
                    scheme: None,
                    certificates: learned.certificates.clone(),
                    client_certificate: learned.client_certificate_asked,
                    retry: learned.server_random.is_none(),
                    features: Features::new(Version::TLS_1_3),
                    kinds: Vec::new(),
                })))
            }
            _ => match handshake.loss {
                Some(loss) => {
                    hidden.beside = Beside::Over;
                    Some(Answer::Lost(loss))
                }
                None => {
                    hidden.beside = Beside::Doubted(ticket);
                    None
                }
            },
        };
        if let Some((_, text)) = self.dialogues.get_mut(ticket.chain())
            && text.len() < DIALOGUE
        {
            text.push_str(&handshake.dialogue);
        }
        self.hidden = Some(hidden);
        self.keep_if_new(handshake);
        answer
    }

    /// Keeps a handshake that shows a certificate for the first time.
    fn keep_if_new(&mut self, handshake: Handshake) {
        let leaf = |handshake: &Handshake| handshake.learned().certificates.first().cloned();
        if leaf(&handshake).is_some_and(|new| !self.handshakes.iter().any(|one| leaf(one).as_ref() == Some(&new))) {
            self.handshakes.push(handshake);
        }
    }

    fn note(&mut self, ticket: Ticket, hello: &[u8], received: &[u8]) {
        if let Some((_, dialogue)) = self.dialogues.get_mut(ticket.chain())
            && dialogue.len() < DIALOGUE
        {
            line(dialogue, Sent::ByUs, hello);
            line(dialogue, Sent::ByServer, received);
        }
    }

    /// One complete handshake for each family that the server speaks and this program can complete.
    async fn shake_all(&mut self, road: &Arc<Road>) {
        let known: Vec<plan::Known> = self.plan.known().collect();
        let begun = usize::from(self.handshakes.iter().any(|handshake| handshake.version == Version::TLS_1_3));
        for forms in offers(&known, road.options.identity.as_deref()).into_iter().skip(begun) {
            for (number, offer) in forms.iter().enumerate() {
                self.shake(road, offer.clone()).await;
                if number + 1 < forms.len() && !self.drop_refusal() {
                    break;
                }
            }
        }
        self.peel_schemes(road, &known).await;
        self.ask_without_choice(road, &known).await;
        self.resume(road, &known).await;
    }

    /// A server that chose HTTP/2 for every handshake so far is asked for its page without a choice.
    async fn ask_without_choice(&mut self, road: &Arc<Road>, known: &[plan::Known]) {
        let chose = |handshake: &Handshake| handshake.learned().features.application_protocol.as_deref() == Some("h2");
        if !self.asked_for_web && road.options.web && self.handshakes.iter().any(chose) {
            let offer = offers(known, None).into_iter().flatten().next();
            let before = self.handshakes.len();
            if let Some(offer) = offer {
                self.shake(road, HandshakeOffer { features: false, ..offer }).await;
            }
            self.handshakes.truncate(before);
        }
    }

    /// The schemes of TLS 1.3 that no handshake showed beside groups, until the rest is refused. Certificates of each kind of key
    /// come with them.
    async fn peel_schemes(&mut self, road: &Arc<Road>, known: &[plan::Known]) {
        let hidden = self.hidden.take().unwrap_or_default();
        self.schemes.extend(self.signed());
        self.schemes.sort_unstable_by_key(|scheme| hidden_schemes().position(|known| known == *scheme));
        self.schemes.dedup();
        let first = offers(known, None).into_iter().flatten().find(|offer| offer.version == Version::TLS_1_3);
        let Some(offer) = first.filter(|_| !self.schemes.is_empty() && hidden.beside != Beside::Whole) else { return };
        let mut left: Vec<Scheme> = hidden_schemes().filter(|scheme| !self.schemes.contains(scheme)).collect();
        while !left.is_empty() {
            self.connections = self.connections.saturating_add(1);
            let look = self.look(road, offer.clone(), left.clone());
            let Some(Shaken { result, loss, dialogue, .. }) = road.shake(look, None).await else { break };
            let handshake = Handshake::new(Version::TLS_1_3, result, loss, &dialogue, None);
            let scheme = handshake.learned().scheme.filter(|scheme| left.contains(scheme));
            self.keep_if_new(handshake);
            let Some(scheme) = scheme else { break };
            self.schemes.push(scheme);
            left.retain(|&other| other != scheme);
        }
    }

    /// Offers a session again that a handshake was given: whether it is taken up.
    async fn resume(&mut self, road: &Arc<Road>, known: &[plan::Known]) {
        let mut offers = Vec::new();
        for handshake in &self.handshakes {
            let learned = handshake.learned();
            let ticket = learned.ticket.clone().unwrap_or_default();
            let (id, style) = match handshake.version {
                Version::TLS_1_3 => (Vec::new(), plan::Style::Shares),
                // Beside a ticket the id is our own: its echo says that the ticket was taken.
                version if !ticket.is_empty() => (vec![0x5a; 32], session_style(version)),
                version => (learned.session_id.clone(), session_style(version)),
            };
            let accepts = known.iter().find(|known| known.accepts.version == handshake.version);
            let (Ok(_), Some(suite), Some(known)) = (&handshake.result, learned.suite, accepts) else { continue };
            let session = plan::Session { id, ticket, key: handshake.key.clone() };
            if (session.id.is_empty() && session.key.is_none())
                || offers.iter().any(|offer: &plan::Offer| offer.version == handshake.version)
            {
                continue;
            }
            offers.push(plan::Offer {
                version: handshake.version,
                suites: vec![suite],
                // In TLS 1.3 a group without a share would bring a HelloRetryRequest, which does not say.
                groups: learned
                    .group
                    .filter(|_| session.key.is_some())
                    .map_or(known.accepts.groups.clone(), |group| vec![group]),
                schemes: schemes().collect(),
                certificate_schemes: Vec::new(),
                style,
                features: false,
                server_name: self.server_name.clone(),
                session: Some(Arc::new(session)),
            });
        }
        for offer in offers {
            let version = offer.version;
            let (_, exchanged) = road.question(None, offer, Duration::ZERO).await;
            let made = if road.carrier == Carrier::Stream { 1 } else { exchanged.datagrams };
            self.connections = self.connections.saturating_add(made);
            if let Answer::Chose(chosen) = exchanged.answer {
                self.features.push(Features { resumed: chosen.features.resumed, ..Features::new(version) });
            }
        }
    }

    /// Takes back the latest handshake when it was refused before anything was learned; says whether it was.
    fn drop_refusal(&mut self) -> bool {
        let refused = |handshake: &mut Handshake| match &handshake.result {
            Ok(_) => false,
            Err(stopped) => handshake.loss.is_none() && stopped.learned.certificates.is_empty(),
        };
        self.handshakes.pop_if(refused).is_some()
    }

    async fn shake(&mut self, road: &Arc<Road>, mut offer: HandshakeOffer) {
        let version = offer.version;
        offer.server_name = self.server_name.clone().filter(|_| version != Version::TLCP);
        offer.identity.clone_from(&road.options.identity);
        offer.datagrams = road.carrier == Carrier::Dtls;
        self.connections = self.connections.saturating_add(1);
        let asked = offer.features;
        // Once is enough, and who does not answer is not waited for again.
        let request = (self.may_be_web(road) && !self.asked_for_web).then(|| self.request(road));
        let Some(Shaken { result, loss, dialogue, tickets, page }) = road.shake(offer, request.as_deref()).await else {
            return;
        };
        self.asked_for_web |= page.is_some();
        self.web = page.map(|page| web::Answer::new(page, true)).or(self.web.take());
        let key = tickets.first().map(|ticket| ticket.key.clone());
        let handshake = Handshake::new(version, result, loss, &dialogue, key);
        if asked && handshake.result.is_ok() {
            self.features.push(features(&handshake, &tickets));
        }
        self.handshakes.push(handshake);
    }

    async fn look_for_web(&mut self, road: &Arc<Road>) {
        let Some(dialed) = self.open(road).await else { return };
        self.web = Some(web::ask(dialed.stream, &self.request(road), &road.options.times).await);
    }

    /// Whether HTTP may be spoken inside TLS.
    fn may_be_web(&self, road: &Road) -> bool {
        road.options.web && road.carrier == Carrier::Stream && road.upgrade.is_none() && self.target.may_be_web()
    }

    fn request(&self, road: &Road) -> Vec<u8> {
        let host = self.server_name.as_deref().map_or_else(|| self.target.host.to_string(), String::from);
        web::request(&host, road.address.port())
    }
}

/// A question that was put.
enum Asked {
    Hello(Vec<u8>, exchange::Exchanged),
    /// By a whole handshake.
    Whole(Option<Shaken>),
}

/// The schemes that are offered in TLS 1.3.
fn hidden_schemes() -> impl Iterator<Item = Scheme> {
    registry::schemes().iter().filter(|entry| entry.key.is_some()).map(|entry| Scheme(entry.code))
}

/// A plan for an endpoint of this name.
fn plan(scope: &Scope, server_name: &Option<Arc<str>>) -> Plan {
    Plan::new(&Scope { server_name: server_name.clone(), ..scope.clone() })
}

/// How a session before TLS 1.3 is offered again.
fn session_style(version: Version) -> plan::Style {
    if version == Version::TLCP { plan::Style::Plain } else { plan::Style::Lean }
}

/// What a whole handshake told beside its keys.
fn features(handshake: &Handshake, tickets: &[dengmi_protocol::handshake::Ticket]) -> Features {
    let learned = handshake.learned();
    let mut features = learned.features.clone();
    if handshake.version == Version::TLS_1_3 {
        features.session_ticket = Some(!tickets.is_empty());
        features.ticket_lifetime = tickets.iter().map(|ticket| ticket.lifetime).max();
        features.early_data = tickets.iter().map(|ticket| ticket.early_data).max();
    }
    features.client_certificate = learned.client_certificate_asked;
    features.client_authorities = learned.client_authorities.iter().map(|name| plan::authority(name)).collect();
    features
}

/// A connection and the right to it.
struct Dialed {
    stream: TcpStream,
    slot: super::pace::Slot,
}

impl Road {
    /// A connection on which nothing was said yet.
    async fn open(&self) -> Result<Dialed, Loss> {
        let slot = self.pace.slot(&self.host).await.ok_or(Loss::GivenUp)?;
        let stream = exchange::connect(self.address, &self.options.times).await?;
        Ok(Dialed { stream, slot })
    }

    /// A connection on which the ClientHello is due.
    async fn dial(&self) -> Result<Dialed, Loss> {
        let mut dialed = self.open().await?;
        if let Some((to, name)) = &self.upgrade {
            let said = exchange::upgrade(&mut dialed.stream, *to, name, &self.options.times).await?;
            if said.refusal.is_some() {
                // It was offered before: a server that wants no more connections.
                return Err(Loss::Silence);
            }
        }
        Ok(dialed)
    }

    /// The hello of an offer and what came back for it.
    async fn question(
        &self,
        first: Option<Dialed>,
        offer: plan::Offer,
        wait: Duration,
    ) -> (Vec<u8>, exchange::Exchanged) {
        let lost = |loss| (Vec::new(), exchange::Exchanged::lost(loss));
        let mut random = [0; 32];
        if getrandom::fill(&mut random).is_err() {
            return lost(Loss::GivenUp);
        }
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let (times, limits) = (&self.options.times, Limits::default());
        if self.carrier != Carrier::Stream {
            let exchange = match self.carrier {
                Carrier::Quic(version) => Exchange::quic(&offer, version, random, limits).ok(),
                _ => Exchange::dtls(offer, random, limits).ok(),
            };
            let Some(exchange) = exchange else { return lost(Loss::GivenUp) };
            let Some(_slot) = self.pace.slot(&self.host).await else { return lost(Loss::GivenUp) };
            let Ok(socket) = exchange::socket(self.address).await else { return lost(Loss::NoConnection) };
            let times = Times { answer: self.patience(), ..*times };
            let begun = Instant::now();
            let asked = exchange::ask_datagrams(&socket, exchange, &times, KEEP).await;
            if !matches!(asked.1.answer, Answer::Lost(_)) {
                let took = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
                self.slowest.fetch_max(took.max(1), Ordering::Relaxed);
            }
            return asked;
        }
        let Ok(hello) = plan::hello(&offer, random) else { return lost(Loss::GivenUp) };
        let Dialed { stream, slot: _slot } = match first {
            Some(dialed) => dialed,
            None => match self.dial().await {
                Ok(dialed) => dialed,
                Err(loss) => return (hello, exchange::Exchanged::lost(loss)),
            },
        };
        let exchanged = exchange::ask(stream, &hello, times, &limits, KEEP).await;
        (hello, exchanged)
    }

    /// How long an answer in datagrams is waited for. Some servers refuse by silence: one that has answered before is given
    /// many times what its slowest answer took. Silence stays silence: it is asked again as often, and no fact comes of it.
    fn patience(&self) -> Duration {
        let whole = self.options.times.answer;
        match self.slowest.load(Ordering::Relaxed) {
            0 => whole,
            slowest => Duration::from_millis(slowest.into()).saturating_mul(32).clamp(whole / 8, whole),
        }
    }

    async fn shake(&self, offer: HandshakeOffer, request: Option<&[u8]>) -> Option<Shaken> {
        if Instant::now() >= self.deadline {
            return None;
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).ok()?;
        let (channel, _slot) = match self.carrier {
            Carrier::Stream => {
                let Dialed { stream, slot } = self.dial().await.ok()?;
                (Channel::Stream(stream), slot)
            }
            Carrier::Dtls | Carrier::Quic(_) => {
                let slot = self.pace.slot(&self.host).await?;
                (Channel::Datagrams(exchange::socket(self.address).await.ok()?), slot)
            }
        };
        exchange::shake(channel, offer, Secrets::from_seed(seed), request, &self.options.times).await.ok()
    }
}

/// The handshakes that this program can complete with what the server was found to accept: TLS 1.3, else TLS 1.2; TLCP
/// with CBC and with GCM; TLS 1.3 with the suites of RFC 8998. Of each, the forms that are tried until one is taken up.
fn offers(known: &[plan::Known], identity: Option<&Identity>) -> Vec<Vec<HandshakeOffer>> {
    let national = [Suite::TLS_SM4_GCM_SM3, Suite::TLS_SM4_CCM_SM3];
    let of = |version: Version, usable: &dyn Fn(Suite) -> bool| -> Option<(Vec<Suite>, Vec<Group>)> {
        let accepts = &known.iter().find(|known| known.accepts.version == version)?.accepts;
        // In our own order, which starts with suites that agree on a fresh key and so prove the signing key.
        let suites: Vec<Suite> =
            suites(version).filter(|suite| accepts.suites.contains(suite) && usable(*suite)).collect();
        let shared: Vec<Group> = groups().filter(|group| accepts.groups.contains(group)).collect();
        (!suites.is_empty()).then_some((suites, shared))
    };
    let mut offers = Vec::new();
    let tls13 = of(Version::TLS_1_3, &|suite| !national.contains(&suite)).filter(|(_, groups)| !groups.is_empty());
    if let Some((suites, groups)) = tls13 {
        let shares = groups.iter().take(1).copied().collect();
        offers.push(vec![HandshakeOffer { suites, shares, groups, features: true, ..HandshakeOffer::tls13() }]);
    } else if let Some((suites, _)) = of(Version::TLS_1_2, &|_| true) {
        offers.push(vec![HandshakeOffer { suites, features: true, ..HandshakeOffer::tls12() }]);
    }
    // ECDHE of TLCP needs a certificate of ours to encrypt under.
    let pair = identity.is_some_and(|identity| identity.encryption.is_some());
    let exchange = [Suite::ECDHE_SM4_CBC_SM3, Suite::ECDHE_SM4_GCM_SM3].into_iter().filter(|_| pair);
    for suite in [Suite::ECC_SM4_CBC_SM3, Suite::ECC_SM4_GCM_SM3].into_iter().chain(exchange) {
        if let Some((suites, _)) = of(Version::TLCP, &|accepted| accepted == suite) {
            offers.push(vec![HandshakeOffer { suites, ..HandshakeOffer::tlcp() }]);
        }
    }
    let sm = of(Version::TLS_1_3, &|suite| national.contains(&suite)).filter(|(_, groups)| !groups.is_empty());
    if let Some((suites, groups)) = sm {
        let sm = HandshakeOffer { suites, ..HandshakeOffer::tls13_sm() };
        // RFC 8998 wants curveSM2 and an SM2 certificate; a server that mixes is met with what it has.
        let strict = groups.contains(&Group::CURVE_SM2).then(|| sm.clone());
        let shares = groups.iter().take(1).copied().collect();
        let mixed = HandshakeOffer { shares, groups, schemes: schemes().collect(), ..sm };
        offers.push(strict.into_iter().chain([mixed]).collect());
    }
    offers
}

async fn addresses(target: &Target, options: &Options) -> Result<Vec<SocketAddr>, Unreachable> {
    let fits = |address: &SocketAddr| match options.addresses {
        AddressFamily::Any => true,
        AddressFamily::V4 => address.is_ipv4(),
        AddressFamily::V6 => address.is_ipv6(),
    };
    let mut found: Vec<SocketAddr> = match &target.host {
        Host::Address(address) => vec![SocketAddr::new(*address, target.port)],
        Host::Name(name) => match timeout(options.times.connect, lookup_host((&**name, target.port))).await {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(_)) | Err(_) => return Err(Unreachable::NoAddress),
        },
    };
    found.retain(fits);
    found.dedup();
    found.truncate(ADDRESSES);
    if found.is_empty() { Err(Unreachable::NoAddress) } else { Ok(found) }
}
