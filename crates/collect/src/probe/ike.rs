//! One IKE responder: one datagram on its way at a time, repeated until an answer comes or the time of a question is over.
//!
//! A responder that falls silent costs the time of a few questions; one that floods, lies or answers in another protocol
//! costs no more. No pre-shared key is tried and nothing is authenticated.

use super::Times;
use super::exchange::{DATAGRAM, Sent, line, socket};
use dengmi_core::{Completion, Field, IkeAccepts, IkeKind, Reach, Session};
use dengmi_parse::Limits;
use dengmi_parse::ike::CertificateEncoding;
use dengmi_protocol::ike::{Answer, Dialect, Exchange, Heard, Known, Offer, Plan, Scope, Signs};
use std::{collections::BTreeMap, io, net::SocketAddr, time::Duration};
use tokio::{
    net::UdpSocket,
    time::{Instant, sleep, timeout_at},
};

/// Datagrams that are looked at while one answer is waited for.
const HEARD: u32 = 64;
/// Bytes of the dialogue of one dialect that are kept as evidence.
const DIALOGUE: usize = 256 << 10;

/// How one responder is visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IkeOptions {
    /// What is asked.
    pub scope: Scope,
    /// The port is that of NAT traversal (UDP 4500), where IKE shares it with ESP (RFC 3948).
    pub encapsulated: bool,
    /// How often a datagram is sent before its question counts as lost.
    pub tries: u32,
    /// Time between an answer and the next question.
    pub pause: Duration,
    /// How long the responder may take in all.
    pub budget: Duration,
}

impl Default for IkeOptions {
    /// Everything but the aggressive mode, on UDP port 500, three tries, no pause, two minutes.
    fn default() -> IkeOptions {
        IkeOptions {
            scope: Scope::default(),
            encapsulated: false,
            tries: 3,
            pause: Duration::ZERO,
            budget: Duration::from_secs(120),
        }
    }
}

/// What was met at one responder. Usable at any time: what is not learned yet is told as not learned.
#[derive(Debug)]
pub struct IkeVisit {
    plan: Plan,
    address: SocketAddr,
    dialogues: BTreeMap<Dialect, String>,
    datagrams: u32,
    /// The system says that nothing listens there.
    closed: bool,
    cut: bool,
}

/// Visits an IKE responder on tokio's runtime with its time and IO drivers on. Of `times`, [`Times::answer`] is the time
/// of one question with its repetitions.
pub async fn probe_ike(address: SocketAddr, times: &Times, options: &IkeOptions) -> IkeVisit {
    let mut visit = IkeVisit::new(address, &options.scope);
    let deadline = Instant::now() + options.budget;
    if timeout_at(deadline, visit.walk(times, options)).await.is_err() {
        visit.give_up();
    }
    visit
}

impl IkeVisit {
    /// A visit that has not begun.
    pub(super) fn new(address: SocketAddr, scope: &Scope) -> IkeVisit {
        let plan = Plan::new(scope);
        IkeVisit { plan, address, dialogues: BTreeMap::new(), datagrams: 0, closed: false, cut: false }
    }

    /// Asks everything that the plan wants to know. May be dropped at any point.
    pub(super) async fn walk(&mut self, times: &Times, options: &IkeOptions) {
        let Ok(socket) = socket(self.address).await else {
            self.give_up();
            return;
        };
        let mut buffer = vec![0; DATAGRAM];
        while let Some((dialect, offer)) = self.plan.ask().map(|offer| (self.plan.asking(), offer)) {
            let before = self.datagrams;
            let (answer, signs) = match self.question(&socket, &mut buffer, dialect, offer, times, options).await {
                Some(heard) => heard,
                None => (Answer::Lost, Signs::default()),
            };
            self.plan.learn(&answer, &signs, self.datagrams.saturating_sub(before));
            if self.closed {
                self.plan.give_up();
            } else if !options.pause.is_zero() {
                sleep(options.pause).await;
            }
        }
    }

    /// One question to its end. `None`: it was lost, or could not be written.
    async fn question(
        &mut self,
        socket: &UdpSocket,
        buffer: &mut [u8],
        dialect: Option<Dialect>,
        offer: Offer,
        times: &Times,
        options: &IkeOptions,
    ) -> Option<(Answer, Signs)> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).ok()?;
        let mut exchange = Exchange::new(offer, seed, options.encapsulated).ok()?;
        let tries = options.tries.clamp(1, 8);
        // Each wait is twice the one before; all together are the time of an answer.
        let unit = times.answer / 2_u32.saturating_pow(tries).saturating_sub(1);
        let (mut heard, mut other) = (0, false);
        let mut refused = 0;
        let mut sent = 0;
        'send: while sent < tries {
            let end = Instant::now() + unit.saturating_mul(2_u32.saturating_pow(sent));
            sent = sent.saturating_add(1);
            self.send(socket, dialect, exchange.datagram()).await;
            loop {
                let count = match timeout_at(end, socket.recv(buffer)).await {
                    Err(_) => continue 'send,
                    Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                        refused += 1;
                        tokio::time::sleep_until(end).await;
                        continue 'send;
                    }
                    Ok(Err(_)) => return None,
                    Ok(Ok(count)) => count,
                };
                let datagram = buffer.get(..count).unwrap_or_default();
                self.note(dialect, Sent::ByServer, datagram);
                heard += 1;
                if heard > HEARD {
                    break 'send;
                }
                match exchange.hear(datagram, &Limits::DEFAULT) {
                    Heard::NotOurs => other = true,
                    Heard::Repeat => {
                        // A new datagram, which has all its tries.
                        sent = 0;
                        continue 'send;
                    }
                    Heard::Answered(answer, signs) => {
                        if let Some(farewell) = exchange.farewell() {
                            self.send(socket, dialect, &farewell).await;
                        }
                        return Some((answer, signs));
                    }
                }
            }
        }
        self.closed = refused == tries && !other;
        // Something answers there, and not to what was asked.
        other.then_some((Answer::Undecodable, Signs::default()))
    }

    async fn send(&mut self, socket: &UdpSocket, dialect: Option<Dialect>, datagram: &[u8]) {
        self.datagrams = self.datagrams.saturating_add(1);
        self.note(dialect, Sent::ByUs, datagram);
        // What cannot be sent is not answered: that is told either way.
        let _ = socket.send(datagram).await;
    }

    fn note(&mut self, dialect: Option<Dialect>, sent: Sent, bytes: &[u8]) {
        let Some(text) = dialect.map(|dialect| self.dialogues.entry(dialect).or_default()) else { return };
        if text.len() < DIALOGUE {
            line(text, sent, bytes);
        }
    }

    /// Ends it early: what was not asked is told as such.
    pub fn give_up(&mut self) {
        self.cut |= !self.plan.done();
        self.plan.give_up();
    }

    /// Whether it was ended early, by its budget or by [`IkeVisit::give_up`].
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether the system says that nothing listens on the port.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What is known of each dialect in scope. Where nothing listens its reach is [`Reach::Refused`].
    pub fn known(&self) -> Vec<Known> {
        let mut known = self.plan.known();
        for one in known.iter_mut().filter(|one| self.closed && one.reach != Reach::Seen) {
            one.reach = Reach::Refused;
            one.complete = false;
        }
        known
    }

    /// The facts: each with its reach and the dialogue that shows it, as lines of hexadecimal digits, `>` for what was sent
    /// and `<` for what came.
    pub fn accepts(&self) -> impl Iterator<Item = (Reach, IkeAccepts, Option<&str>)> {
        let told = |dialect| self.dialogues.get(&dialect).map(String::as_str);
        self.known().into_iter().map(move |known| (known.reach, known.accepts, told(known.dialect)))
    }

    /// The first choice of each dialect as a session, which ends there.
    pub fn sessions(&self) -> impl Iterator<Item = Session> {
        self.known().into_iter().filter_map(|known| self.session(&known))
    }

    fn session(&self, known: &Known) -> Option<Session> {
        let chosen = known.accepts.chosen.first()?;
        let word = |kind: IkeKind| {
            chosen.get(&kind).map(|one| match one.key_bits {
                Some(bits) => format!("{}-{bits}", one.name),
                None => one.name.to_string(),
            })
        };
        let suite = [IkeKind::Encryption, IkeKind::Integrity, IkeKind::Prf, IkeKind::Hash].into_iter().filter_map(word);
        let suite = suite.collect::<Vec<_>>().join(", ");
        let because = |field: &str, why: &str| (Box::from(field), Box::from(why));
        let mut hidden = BTreeMap::from([because("handshake", "broken off after the first answer")]);
        let envelope = known.dialect == Dialect::Gmt0022;
        if !envelope {
            hidden.extend([because("certificate", "sent encrypted, after the first answer")]);
        }
        Some(Session {
            server: Some(self.address.ip().to_string().into()),
            server_port: Some(self.address.port()),
            transport: Some("udp".into()),
            protocol: Field::Seen("IKE".into()),
            version: Field::Seen(format!("{}.{}", known.accepts.version, known.accepts.minor).into()),
            cipher_suite: Field::Seen(suite.into()),
            key_exchange: word(IkeKind::Asymmetric)
                .or_else(|| word(IkeKind::Group).map(|_| "DH".into()))
                .map(Box::from)
                .into(),
            group: word(IkeKind::Group).map(Box::from).into(),
            signature: word(IkeKind::Authentication).map(Box::from).into(),
            handshake: Completion::Unfinished,
            encrypted: Field::Seen(false),
            hidden,
            ..Session::default()
        })
    }

    /// Certificates that came in clear: the responder's two in the profile of GM/T 0022, as DER.
    pub fn certificates(&self) -> impl Iterator<Item = &(CertificateEncoding, Vec<u8>)> {
        self.plan.certificates()
    }

    /// Datagrams that were sent.
    pub fn datagrams(&self) -> u32 {
        self.datagrams
    }

    /// Questions whose answer was lost.
    pub fn lost(&self) -> u32 {
        self.known().iter().fold(0, |sum, known| sum.saturating_add(known.lost))
    }
}
