//! One SSH server, one connection after the other: identification, lists, host keys, sizes of groups, ways to authenticate.
//!
//! Servers turn away who comes often without authenticating (OpenSSH since 9.8): connections are few, never side by side, each
//! ends in order, and where a server begins to turn them away nothing more is asked.

use super::Times;
use super::exchange::{Sent, connect, farewell, line};
use dengmi_core::{Session, SshAccepts};
use dengmi_protocol::handshake::Secrets;
use dengmi_protocol::plan::Loss;
use dengmi_protocol::ssh::{Ask, Conversation, Conversed, Learned, Plan, Scope, Stop};
use std::{fmt, future::Future, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout, timeout_at},
};

/// Bytes that are read at a time.
const PIECE: usize = 16 << 10;
/// Bytes of one dialogue that are kept as evidence.
const KEEP: usize = 64 << 10;

/// What was met at one SSH server. Usable at any time: what is not learned yet is told as not learned.
pub struct SshVisit {
    plan: Plan,
    address: SocketAddr,
    connections: u32,
    dialogues: Vec<String>,
}

/// Visits an SSH server on tokio's runtime with its time and IO drivers on.
pub async fn probe_ssh(address: SocketAddr, times: &Times, scope: Scope) -> SshVisit {
    let mut visit = SshVisit::new(address, scope);
    visit.walk(times, || async { connect(address, times).await.map(|stream| (stream, ())) }).await;
    visit
}

impl fmt::Debug for SshVisit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SshVisit of {} after {} connections", self.address, self.connections)
    }
}

impl SshVisit {
    /// A visit that has not begun.
    pub(super) fn new(address: SocketAddr, scope: Scope) -> SshVisit {
        SshVisit { plan: Plan::new(scope), address, connections: 0, dialogues: Vec::new() }
    }

    /// Asks everything that the plan wants to know. `dial` opens connections; what comes with one is held until that is closed.
    /// May be dropped at any point.
    pub(super) async fn walk<D, F, G>(&mut self, times: &Times, mut dial: D)
    where
        D: FnMut() -> F,
        F: Future<Output = Result<(TcpStream, G), Loss>>,
    {
        let mut wait = Duration::ZERO;
        while let Some(ask) = self.plan.ask() {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            self.connections = self.connections.saturating_add(1);
            let before = self.plan.lost();
            let conversed = match (dial().await, seed()) {
                (Err(loss), _) => Conversed::Lost(loss),
                (Ok(_), None) => Conversed::Lost(Loss::GivenUp),
                (Ok((stream, _held)), Some(seed)) => {
                    self.dialogues.push(String::new());
                    let dialogue = self.dialogues.last_mut();
                    let learned = converse(stream, ask.clone(), Secrets::from_seed(seed), times, dialogue).await;
                    Conversed::Learned(Box::new(learned))
                }
            };
            self.plan.learn(&ask, conversed);
            wait = if self.plan.lost() > before { times.back_off } else { Duration::ZERO };
        }
    }

    /// Ends it early, and says why: what was not asked is told with this reason.
    pub fn give_up(&mut self, why: &str) {
        self.plan.give_up(why);
    }

    /// Whether the port identified itself as SSH.
    pub fn speaks(&self) -> bool {
        self.plan.speaks()
    }

    /// Whether every question was answered.
    pub fn is_complete(&self) -> bool {
        self.plan.is_complete()
    }

    /// What the server accepts; `None` where it is none of SSH.
    pub fn accepts(&self) -> Option<SshAccepts> {
        self.plan.accepts()
    }

    /// The session that went furthest.
    pub fn session(&self) -> Option<Session> {
        let (server, server_port) = (Some(self.address.ip().to_string().into()), Some(self.address.port()));
        self.plan.session().map(|session| Session { server, server_port, ..session })
    }

    /// What was said in each connection, as lines of hexadecimal digits: `>` what was sent, `<` what came.
    pub fn dialogues(&self) -> &[String] {
        &self.dialogues
    }

    /// Connections made.
    pub fn connections(&self) -> u32 {
        self.connections
    }

    /// Connections whose answer was lost.
    pub fn lost(&self) -> u32 {
        self.plan.lost()
    }
}

/// Carries out one conversation within twice [`Times::answer`], and closes in order.
async fn converse(
    mut stream: TcpStream,
    ask: Ask,
    secrets: Secrets,
    times: &Times,
    mut dialogue: Option<&mut String>,
) -> Learned {
    let deadline = Instant::now() + times.answer.saturating_mul(2);
    let mut out = Vec::new();
    let mut conversation = Conversation::start(ask, secrets, &mut out);
    let mut piece = vec![0; PIECE];
    let mut note = |sent, bytes: &[u8]| {
        if let Some(text) = dialogue.as_deref_mut().filter(|text| text.len() < KEEP && !bytes.is_empty()) {
            line(text, sent, bytes);
        }
    };
    let because = loop {
        if !out.is_empty() {
            note(Sent::ByUs, &out);
            // A server that closed may still have left something to read: that a write fails says nothing.
            if timeout_at(deadline, stream.write_all(&out)).await.is_err() {
                break Stop::Silent;
            }
            out.clear();
        }
        let bytes = match timeout_at(deadline, stream.read(&mut piece)).await {
            Err(_) => break Stop::Silent,
            Ok(Ok(0) | Err(_)) => break Stop::Closed,
            Ok(Ok(count)) => piece.get(..count).unwrap_or_default(),
        };
        note(Sent::ByServer, bytes);
        if conversation.step(bytes, &mut out) {
            break Stop::Closed;
        }
    };
    note(Sent::ByUs, &out);
    let _ = timeout(times.farewell, farewell(&mut stream, &out, &mut Vec::new())).await;
    conversation.finish(because)
}

fn seed() -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).ok().map(|()| seed)
}
