//! One endpoint from the first connection to the last: what goes over the wire, and nothing about how it is told.

use super::exchange::{self, Sent, Shaken};
use super::pace::{HostPace, Pace};
use super::target::{Host, Target};
use super::web::{self, Head};
use super::{AddressFamily, Cancel, Options, Unreachable};
use dengmi_core::registry;
use dengmi_core::{Group, Scheme, Suite, Version};
use dengmi_parse::Limits;
use dengmi_protocol::handshake::{Offer as HandshakeOffer, Secrets, groups, schemes, suite::suites};
use dengmi_protocol::plan::{self, Answer, Loss, Plan, Scope, Spoken, Ticket};
use std::{fmt::Write, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

/// Bytes of one answer that are kept as evidence.
const KEEP: usize = 256;
/// Bytes of one version's dialogue that are kept.
const DIALOGUE: usize = 64 << 10;
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
    pub(super) handshakes: Vec<Handshake>,
    pub(super) web: Option<(Option<Head>, Vec<u8>)>,
    pub(super) connections: u32,
    /// A budget or a cancellation ended it early.
    pub(super) cut: bool,
}

/// One complete handshake, or the attempt.
pub(super) struct Handshake {
    pub(super) version: Version,
    pub(super) result: Result<dengmi_protocol::handshake::Proof, Box<dengmi_protocol::handshake::Stopped>>,
    pub(super) loss: Option<Loss>,
    pub(super) dialogue: String,
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} {:?}", self.version, self.result)
    }
}

/// What every step of a visit needs.
struct Road {
    options: Arc<Options>,
    pace: Arc<Pace>,
    host: Arc<HostPace>,
    address: SocketAddr,
    deadline: Instant,
}

/// Visits an endpoint. Nothing a server does keeps it longer than [`Options::budget`] and one farewell.
pub(super) async fn visit(target: Target, options: Arc<Options>, pace: Arc<Pace>, mut cancel: Cancel) -> Visit {
    let deadline = Instant::now() + options.budget;
    let server_name = options.server_name.clone().or_else(|| match &target.host {
        Host::Name(name) => Some(Arc::from(&**name)),
        Host::Address(_) => None,
    });
    let scope = Scope { tries: options.tries, ..Scope::registry(server_name.clone()) };
    let dialogues = scope.versions.iter().map(|lists| (lists.version, String::new())).collect();
    let mut visit = Visit {
        server_name,
        address: None,
        unreachable: None,
        plan: Plan::new(&scope),
        dialogues,
        handshakes: Vec::new(),
        web: None,
        connections: 0,
        cut: false,
        target,
    };
    tokio::select! {
        // What was learned so far stays in `visit` when this is dropped at any point.
        () = visit.walk(&options, &pace, deadline) => {}
        () = sleep_until(deadline) => visit.cut = true,
        () = cancel.cancelled() => visit.cut = true,
    }
    visit.cut &= visit.unreachable.is_none();
    visit.plan.give_up();
    visit
}

impl Visit {
    async fn walk(&mut self, options: &Arc<Options>, pace: &Arc<Pace>, deadline: Instant) {
        let addresses = match addresses(&self.target, options).await {
            Ok(addresses) => addresses,
            Err(unreachable) => {
                self.unreachable = Some(unreachable);
                return;
            }
        };
        let (options, pace) = (Arc::clone(options), Arc::clone(pace));
        let Some((address, first)) = self.reach(&addresses, &options, &pace).await else { return };
        self.address = Some(address);
        let host = pace.host(address.ip());
        let road = Arc::new(Road { options, pace, host, address, deadline });
        self.ask(&road, first).await;
        if self.plan.speaks() {
            self.shake_all(&road).await;
        } else if road.options.web && self.may_speak_http() {
            self.look_for_web(&road).await;
        }
    }

    /// Whether one request in clear can tell something: a port that greets, or answers with alerts, is no web server.
    fn may_speak_http(&self) -> bool {
        let other = |spoken: &Spoken| matches!(spoken, Spoken::Ssh | Spoken::Greeting);
        !self.plan.answered_in_tls() && !self.plan.spoken().iter().any(other)
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
    async fn ask(&mut self, road: &Arc<Road>, first: Dialed) {
        let mut first = Some(first);
        let mut asked: JoinSet<(Ticket, Vec<u8>, Option<exchange::Exchanged>)> = JoinSet::new();
        let mut lost_in_row = 0_u32;
        loop {
            while asked.len() < road.options.per_host.max(1)
                && let Some((ticket, offer)) = self.plan.ask()
            {
                let Some(hello) = hello(&offer) else {
                    self.plan.learn(ticket, Answer::Lost(Loss::GivenUp));
                    continue;
                };
                if first.is_none() {
                    self.connections = self.connections.saturating_add(1);
                }
                let (road, first) = (Arc::clone(road), first.take());
                // Waiting longer and longer is for servers that turn connections away for a while.
                let wait = road.options.times.back_off.saturating_mul(lost_in_row.min(8));
                asked.spawn(async move {
                    let exchanged = road.exchange(first, &hello, wait).await;
                    (ticket, hello, exchanged)
                });
            }
            let Some(joined) = asked.join_next().await else { break };
            // A question whose task died stays open; giving up marks what it left.
            let Ok((ticket, hello, exchanged)) = joined else { break };
            let (answer, received) = match exchanged {
                Some(exchanged) => (exchanged.answer, exchanged.received),
                None => (Answer::Lost(Loss::GivenUp), Vec::new()),
            };
            let turned_away = matches!(answer, Answer::Lost(Loss::ConnectionRefused | Loss::NoConnection));
            lost_in_row = if turned_away { lost_in_row.saturating_add(1) } else { 0 };
            self.note(ticket, &hello, &received);
            self.plan.learn(ticket, answer);
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
        for forms in offers(&known) {
            for (number, offer) in forms.iter().enumerate() {
                self.shake(road, offer.clone()).await;
                if number + 1 < forms.len() && !self.drop_refusal() {
                    break;
                }
            }
        }
        self.shake_for_other_certificates(road, &known).await;
    }

    /// TLS 1.3 hides its certificates: where no other version showed them, the kinds of key that the first handshake did
    /// not meet are asked for alone.
    async fn shake_for_other_certificates(&mut self, road: &Arc<Road>, known: &[plan::Known]) {
        if !self.plan.certificates().is_empty() {
            return;
        }
        let Some(first) = self.handshakes.iter().find(|handshake| handshake.version == Version::TLS_1_3) else {
            return;
        };
        let Some(met) = first.result.as_ref().ok().and_then(|proof| proof.learned().scheme) else { return };
        let kind = |scheme: Scheme| registry::scheme(scheme).and_then(|entry| entry.key);
        let first = offers(known).into_iter().flatten().find(|offer| offer.version == Version::TLS_1_3);
        if let Some(mut offer) = first {
            offer.schemes.retain(|&scheme| kind(scheme) != kind(met));
            if !offer.schemes.is_empty() {
                self.shake(road, offer).await;
                // It would say only that there is no other certificate.
                self.drop_refusal();
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
        self.connections = self.connections.saturating_add(1);
        let Some(Shaken { result, loss, dialogue }) = road.shake(offer).await else { return };
        let mut text = String::new();
        dialogue.iter().for_each(|(sent, bytes)| line(&mut text, *sent, bytes));
        let result = result.map(|done| done.proof);
        self.handshakes.push(Handshake { version, result, loss, dialogue: text });
    }

    async fn look_for_web(&mut self, road: &Arc<Road>) {
        let host = self.server_name.as_deref().map_or_else(|| self.target.host.to_string(), String::from);
        self.connections = self.connections.saturating_add(1);
        let Some(dialed) = road.dial().await else { return };
        self.web = Some(web::ask(dialed.stream, &host, road.address, &road.options.times).await);
    }
}

/// A connection and the right to it.
struct Dialed {
    stream: TcpStream,
    slot: super::pace::Slot,
}

impl Road {
    async fn dial(&self) -> Option<Dialed> {
        let slot = self.pace.slot(&self.host).await?;
        let stream = exchange::connect(self.address, &self.options.times).await.ok()?;
        Some(Dialed { stream, slot })
    }

    async fn exchange(&self, first: Option<Dialed>, hello: &[u8], wait: Duration) -> Option<exchange::Exchanged> {
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let Dialed { stream, slot: _slot } = match first {
            Some(dialed) => dialed,
            None => {
                let slot = self.pace.slot(&self.host).await?;
                match exchange::connect(self.address, &self.options.times).await {
                    Ok(stream) => Dialed { stream, slot },
                    Err(loss) => return Some(exchange::Exchanged { answer: Answer::Lost(loss), received: Vec::new() }),
                }
            }
        };
        Some(exchange::ask(stream, hello, &self.options.times, &Limits::default(), KEEP).await)
    }

    async fn shake(&self, offer: HandshakeOffer) -> Option<Shaken> {
        if Instant::now() >= self.deadline {
            return None;
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).ok()?;
        let Dialed { stream, slot: _slot } = self.dial().await?;
        exchange::shake(stream, offer, Secrets::from_seed(seed), &self.options.times).await.ok()
    }
}

/// The handshakes that this program can complete with what the server was found to accept: TLS 1.3, else TLS 1.2; TLCP
/// with CBC and with GCM; TLS 1.3 with the suites of RFC 8998. Of each, the forms that are tried until one is taken up.
fn offers(known: &[plan::Known]) -> Vec<Vec<HandshakeOffer>> {
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
        offers.push(vec![HandshakeOffer { suites, shares, groups, ..HandshakeOffer::tls13() }]);
    } else if let Some((suites, _)) = of(Version::TLS_1_2, &|_| true) {
        offers.push(vec![HandshakeOffer { suites, ..HandshakeOffer::tls12() }]);
    }
    for suite in [Suite::ECC_SM4_CBC_SM3, Suite::ECC_SM4_GCM_SM3] {
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

fn hello(offer: &plan::Offer) -> Option<Vec<u8>> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).ok()?;
    plan::hello(offer, random).ok()
}

/// One line of a dialogue: `>` what was sent, `<` the start of what came.
fn line(text: &mut String, sent: Sent, bytes: &[u8]) {
    text.push(if sent == Sent::ByUs { '>' } else { '<' });
    text.push(' ');
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
}
