//! Live services: which of SSL, TLS, DTLS, TLCP and QUIC a port speaks, the suites and groups that each version accepts, the
//! certificates that are shown, and one complete handshake for each family, which proves that the server holds its keys.
//!
//! Hellos are asked as [`dengmi_protocol::plan`] wants them, and nothing is asked twice. A server that lies, drips, never
//! ends or speaks another protocol costs at most its time-out; whatever was learned until then is told, and marked as a
//! part. The only application data is one `GET /`: inside the first complete handshake, or to a port that speaks nothing of the
//! TLS family.
//!
//! Targets come from an iterator and observations leave as each endpoint is finished: memory depends on how many are in
//! flight, not on how many there are.

mod exchange;
mod ike;
mod pace;
mod report;
mod ssh;
mod target;
mod visit;
mod web;

pub use ike::{IkeOptions, IkeVisit, probe_ike};
pub use ssh::{SshVisit, probe_ssh};
pub use target::{Approach, Host, Target, TargetText, Targets};

use dengmi_core::{Date, Observation, Sha256Digest, UtcDateTime};
use dengmi_protocol::certify::Certifier;
use dengmi_protocol::handshake::Identity;
use dengmi_protocol::plan::{Finding, Scope};
use futures_util::{Stream, StreamExt};
use pace::Pace;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet};

/// How a run is carried out.
#[derive(Clone)]
pub struct Options {
    /// The name to ask every server for. `None`: the host's name, where the target has one.
    pub server_name: Option<Arc<str>>,
    /// Which addresses of a name are used.
    pub addresses: AddressFamily,
    /// How long single steps may take.
    pub times: Times,
    /// How long one endpoint may take in all.
    pub budget: Duration,
    /// Endpoints in flight.
    pub endpoints: usize,
    /// Connections open at a time, in all.
    pub connections: usize,
    /// Connections open at a time, to one address.
    pub per_host: usize,
    /// Time between the starts of two connections to one address.
    pub pause: Duration,
    /// Connections begun in a second, in all. `None`: as many as there are slots for.
    pub rate: Option<u32>,
    /// Whether every code point is tried, not only those that the registry knows.
    pub sweep: bool,
    /// Certificates and keys of our own, for servers that ask, and for TLCP's ECDHE.
    pub identity: Option<Arc<Identity>>,
    /// How often a question without an answer is asked.
    pub tries: u32,
    /// Whether HTTP is asked for: inside TLS, and of a port that speaks nothing of that family.
    pub web: bool,
    /// The day for which certificates are checked.
    pub on: Date,
    /// The clock of the observations.
    pub clock: fn() -> UtcDateTime,
    /// This program and its version, for the observations.
    pub tool: Arc<str>,
}

/// How long single steps may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// A look-up or a connection.
    pub connect: Duration,
    /// An answer, from the hello to its last byte; a complete handshake may take twice as long.
    pub answer: Duration,
    /// Closing a complete handshake in order.
    pub farewell: Duration,
    /// Added before each try while a server turns connections away.
    pub back_off: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(5),
            farewell: Duration::from_millis(500),
            back_off: Duration::from_millis(250),
        }
    }
}

impl Options {
    /// Two connections at a time to an address, 64 in all, two minutes for an endpoint.
    pub fn new(on: Date, clock: fn() -> UtcDateTime, tool: Arc<str>) -> Options {
        Options {
            server_name: None,
            addresses: AddressFamily::Any,
            times: Times::default(),
            budget: Duration::from_secs(120),
            endpoints: 64,
            connections: 64,
            per_host: 2,
            pause: Duration::ZERO,
            rate: None,
            sweep: false,
            identity: None,
            tries: 3,
            web: true,
            on,
            clock,
            tool,
        }
    }
}

/// Which addresses of a name are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFamily {
    /// All, in the order of the look-up, until one can be connected to.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Ends a run early: what is known of the endpoints in flight is told, nothing new is asked.
#[derive(Clone, Debug)]
pub struct Cancel {
    told: Arc<watch::Sender<bool>>,
    heard: watch::Receiver<bool>,
}

impl Default for Cancel {
    fn default() -> Cancel {
        let (told, heard) = watch::channel(false);
        Cancel { told: Arc::new(told), heard }
    }
}

impl Cancel {
    /// Ends the run; may be called from a signal handler's thread.
    pub fn cancel(&self) {
        self.told.send_replace(true);
    }

    /// Whether the run was ended.
    pub fn is_cancelled(&self) -> bool {
        *self.heard.borrow()
    }

    async fn cancelled(&mut self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.heard.wait_for(|cancelled| *cancelled).await;
    }
}

/// Why nothing could be asked of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The name has no address of the wanted kind.
    NoAddress,
    /// Every address turned the connection away.
    Refused,
    /// No address took the connection in time.
    NoAnswer,
}

/// What a run gives, piece by piece.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Raw bytes that observations behind it have their place in. The same bytes may come more than once.
    Artifact {
        /// SHA-256 of the bytes.
        name: Sha256Digest,
        /// What people call it.
        what: Box<str>,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A fact.
    Observation(Box<Observation>),
    /// An endpoint is finished; nothing more comes from it.
    Finished(Finished),
}

/// How one endpoint went, for people to read.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The endpoint.
    pub target: Target,
    /// Why nothing could be asked.
    pub unreachable: Option<Unreachable>,
    /// What was odd.
    pub findings: Vec<Finding>,
    /// For a port that speaks HTTP in clear: whether it leads to TLS.
    pub leads_to_tls: Option<bool>,
    /// Connections made.
    pub connections: u32,
    /// A time-out of the whole, or a cancellation, ended it early.
    pub cut: bool,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Endpoints that were visited.
    pub endpoints: u64,
    /// Those that could not be connected to.
    pub unreachable: u64,
    /// Those whose lists are all finished.
    pub complete: u64,
    /// Connections made.
    pub connections: u64,
    /// Handshakes that were completed.
    pub handshakes: u64,
    /// Answers that did not come.
    pub lost: u64,
    /// The run was ended early.
    pub cancelled: bool,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} endpoints, {} of them complete, {} unreachable; {} connections, {} complete handshakes, {} answers lost",
            self.endpoints, self.complete, self.unreachable, self.connections, self.handshakes, self.lost
        )?;
        if self.cancelled { out.write_str("; ended early") } else { Ok(()) }
    }
}

/// Probes every target, as it comes. Works on tokio's current-thread runtime with its time and IO drivers on. The soft
/// limit of open files is the caller's to raise ([`raise_file_limit`]).
pub async fn probe(
    targets: impl Stream<Item = Target>,
    options: &Options,
    certifier: &mut Certifier,
    cancel: &Cancel,
    out: &mut impl FnMut(Output),
) -> Summary {
    let scope = Arc::new(Scope { tries: options.tries, sweep: options.sweep, ..Scope::registry(None) });
    let options = Arc::new(options.clone());
    let pace = Arc::new(Pace::new(&options));
    let mut targets = std::pin::pin!(targets.fuse());
    let mut visits = JoinSet::new();
    let mut summary = Summary::default();
    let mut cancelled = cancel.clone();
    loop {
        let room = visits.len() < options.endpoints.max(1) && !cancel.is_cancelled() && !targets.is_done();
        if !room && visits.is_empty() {
            break;
        }
        tokio::select! {
            target = targets.next(), if room => {
                if let Some(target) = target {
                    let (scope, options, pace) = (Arc::clone(&scope), Arc::clone(&options), Arc::clone(&pace));
                    visits.spawn(visit::visit(target, scope, options, pace, cancel.clone()));
                }
            }
            Some(visit) = visits.join_next(), if !visits.is_empty() => {
                // Only a bug of ours ends a visit otherwise; the endpoint then counts as not visited.
                if let Ok(visit) = visit {
                    report::tell(&visit, &options, certifier, &mut summary, out);
                }
            }
            // Who waits for targets that do not come is woken.
            () = cancelled.cancelled(), if room => {}
        }
    }
    summary.cancelled = cancel.is_cancelled();
    summary
}

/// Raises the soft limit of open files as far as it goes, up to `wanted`; gives what it is then.
///
/// # Errors
/// The system refuses to tell or to change it.
pub fn raise_file_limit(wanted: u64) -> std::io::Result<u64> {
    rlimit::increase_nofile_limit(wanted)
}
