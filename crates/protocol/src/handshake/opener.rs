//! Opens the application data of a recorded session whose own client logged its secrets. Nothing is broken and nothing is
//! guessed: a session that the log does not name stays closed.

use std::collections::VecDeque;
use std::sync::Arc;

use dengmi_core::{Suite, Version};
use dengmi_parse::tls::message::{ClientHello, ServerHello};
use dengmi_parse::tls::{
    ContentType, Deframed, Deframer, ExtensionType, HandshakeType, KeyLog, LoggedSecrets, MessageAssembler, Record,
    Side, Sides,
};
use dengmi_parse::{DefectKind, Limit, Limits};

use super::record::RecordKey;
use super::schedule::{MasterSecret, TrafficSecret};
use super::suite::{SuiteParameters, parameters};

/// How far an [`Opener`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The hellos have not both been seen.
    Waiting,
    /// Records are opened.
    Open,
    /// The log has no secrets of this session.
    NotLogged,
    /// It has; they do not open it.
    Failed(NotOpened),
}

/// Why a session that is in the log is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// The log has secrets of it, and not those that its version needs.
    #[error("the key log lacks the secrets that this version needs")]
    SecretMissing,
    /// Records of this version and suite are not computed here.
    #[error("records of {0} under {1} are not opened here")]
    Suite(Version, Suite),
    /// A record is not authentic under the logged secrets: they are others', or bytes are missing.
    #[error("a record does not open with the logged secrets")]
    NotAuthentic,
    /// These are no records, or a hello cannot be read.
    #[error("what was captured cannot be read as records")]
    Unreadable,
    /// One side said too much before the other was heard.
    #[error("the other side's hello is missing")]
    HelloMissing,
}

/// Bytes of a direction that wait for the hello of the other.
const WAITING: usize = 128 << 10;
/// Records of a direction that are passed over before the first one opens: early data, and a handshake without secrets.
const PASSED_OVER: u32 = 64;

/// One connection over a stream.
pub struct Opener {
    log: Arc<KeyLog>,
    state: Opening,
    client_random: Option<[u8; 32]>,
    directions: Sides<Direction>,
}

#[derive(Default)]
struct Direction {
    incoming: Vec<u8>,
    deframer: Deframer,
    assembler: MessageAssembler,
    keys: Keys,
}

/// How a direction is protected.
#[derive(Default)]
enum Keys {
    #[default]
    Clear,
    /// These keys are on after a ChangeCipherSpec.
    Announced(RecordKey),
    On(RecordKey),
    Tls13(Box<Traffic>),
}

/// TLS 1.3: each secret follows the one before without a word that could be seen.
struct Traffic {
    suite: SuiteParameters,
    current: TrafficSecret,
    key: RecordKey,
    next: VecDeque<TrafficSecret>,
    /// Records that did not open before the first that did; `None`: one did.
    passed_over: Option<u32>,
}

impl Opener {
    /// Of a connection of which nothing has been seen.
    pub fn new(log: Arc<KeyLog>) -> Opener {
        Opener { log, state: Opening::Waiting, client_random: None, directions: Sides::default() }
    }

    /// How far it got.
    pub fn state(&self) -> Opening {
        self.state
    }

    /// Bytes that it holds.
    pub fn held(&self) -> usize {
        self.directions.client.incoming.len().saturating_add(self.directions.server.incoming.len())
    }

    /// Takes what is next in this direction; `out` gets application data of either.
    pub fn feed(&mut self, from: Side, bytes: &[u8], limits: &Limits, out: &mut dyn FnMut(Side, &[u8])) {
        if matches!(self.state, Opening::NotLogged | Opening::Failed(_)) {
            return;
        }
        self.directions.of_mut(from).incoming.extend_from_slice(bytes);
        let fed =
            [Side::Client, Side::Server, Side::Client].into_iter().try_for_each(|side| self.take(side, limits, out));
        match fed {
            Ok(()) if self.held() > WAITING => self.state = Opening::Failed(NotOpened::HelloMissing),
            Ok(()) => {}
            Err(reason) => self.state = Opening::Failed(reason),
        }
        if matches!(self.state, Opening::NotLogged | Opening::Failed(_)) {
            self.directions = Sides::default();
        }
    }

    fn take(&mut self, side: Side, limits: &Limits, out: &mut dyn FnMut(Side, &[u8])) -> Result<(), NotOpened> {
        let mut direction = std::mem::take(self.directions.of_mut(side));
        let mut used = 0_usize;
        let taken = loop {
            // The client's records behind its hello wait for the server's choice, the server's for the client's hello.
            let is_due = match (side, self.state) {
                (_, Opening::Open) => true,
                (Side::Client, Opening::Waiting) => self.client_random.is_none(),
                (Side::Server, Opening::Waiting) => self.client_random.is_some(),
                _ => false,
            };
            if !is_due {
                break Ok(());
            }
            let deframed = direction.deframer.next(direction.incoming.get(used..).unwrap_or_default(), limits);
            let record = match deframed {
                Ok(Deframed::Need(_)) => break Ok(()),
                Ok(Deframed::Record(record)) => record,
                Ok(Deframed::Ssl2(_)) => break Err(NotOpened::Unreadable),
                Err(defect) if matches!(defect.what, DefectKind::Limit { limit: Limit::Record, .. }) => {
                    break Err(NotOpened::NotAuthentic);
                }
                Err(_) => break Err(NotOpened::Unreadable),
            };
            used = used.saturating_add(record.size());
            let taken = match &mut direction.keys {
                Keys::Clear | Keys::Announced(_) if record.content == ContentType::HANDSHAKE => {
                    let mut assembler = std::mem::take(&mut direction.assembler);
                    let taken = self.messages(side, &mut assembler, record.fragment, limits);
                    direction.assembler = assembler;
                    // What the hello decided for this side waits in its place.
                    if let Keys::Clear = direction.keys {
                        direction.keys = std::mem::take(&mut self.directions.of_mut(side).keys);
                    }
                    taken
                }
                keys => open(keys, &record).map(|data| {
                    if let Some(data) = data.filter(|data| !data.is_empty()) {
                        out(side, &data);
                    }
                }),
            };
            if taken.is_err() {
                break taken;
            }
        };
        direction.incoming.drain(..used.min(direction.incoming.len()));
        *self.directions.of_mut(side) = direction;
        taken
    }

    fn messages(
        &mut self,
        side: Side,
        assembler: &mut MessageAssembler,
        mut fragment: &[u8],
        limits: &Limits,
    ) -> Result<(), NotOpened> {
        while let Some(message) = assembler.next(&mut fragment, limits).map_err(|_| NotOpened::Unreadable)? {
            match (side, message.kind) {
                (Side::Client, HandshakeType::CLIENT_HELLO) if self.client_random.is_none() => {
                    let hello = ClientHello::read(message.body(), limits).map_err(|_| NotOpened::Unreadable)?;
                    let random = hello.value.random;
                    self.client_random = Some(random);
                    if self.log.of(&random).is_none() {
                        self.state = Opening::NotLogged;
                    }
                }
                (Side::Server, HandshakeType::SERVER_HELLO) if self.state == Opening::Waiting => {
                    let hello = ServerHello::read(message.body(), limits).map_err(|_| NotOpened::Unreadable)?.value;
                    if !hello.is_retry() {
                        self.chosen(&hello)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The server has chosen: both sides' keys.
    fn chosen(&mut self, hello: &ServerHello<'_>) -> Result<(), NotOpened> {
        let (log, random) = (Arc::clone(&self.log), self.client_random.unwrap_or_default());
        let secrets = log.of(&random).ok_or(NotOpened::SecretMissing)?;
        let version = hello.selected_version();
        let suite = parameters(version, hello.suite).ok_or(NotOpened::Suite(version, hello.suite))?;
        self.state = Opening::Open;
        if version == Version::TLS_1_3 {
            for side in [Side::Client, Side::Server] {
                let traffic = Traffic::new(suite, secrets, side)?;
                self.directions.of_mut(side).keys = Keys::Tls13(Box::new(traffic));
            }
            return Ok(());
        }
        let master = MasterSecret::resumed(suite.hash, secrets.master.ok_or(NotOpened::SecretMissing)?);
        let keys = master
            .keys(version, suite.protection, &random, &hello.random)
            .map_err(|_| NotOpened::Suite(version, hello.suite))?;
        let encrypts_first =
            hello.extensions.as_ref().is_some_and(|list| list.find(ExtensionType::ENCRYPT_THEN_MAC).is_some());
        let carried = |key: RecordKey| Keys::Announced(if encrypts_first { key.encrypt_then_mac() } else { key });
        self.directions.client.keys = carried(keys.client);
        self.directions.server.keys = carried(keys.server);
        Ok(())
    }
}

/// The application data of a record, if it has any.
fn open(keys: &mut Keys, record: &Record<'_>) -> Result<Option<Vec<u8>>, NotOpened> {
    let is_change = record.content == ContentType::CHANGE_CIPHER_SPEC;
    let (content, plain) = match keys {
        Keys::Announced(_) if is_change => {
            if let Keys::Announced(key) = std::mem::take(keys) {
                *keys = Keys::On(key);
            }
            return Ok(None);
        }
        // Alerts in clear, and what means nothing.
        Keys::Clear | Keys::Announced(_) => return Ok(None),
        Keys::On(key) => key.open(record).map_err(|_| NotOpened::NotAuthentic)?,
        Keys::Tls13(_) if is_change => return Ok(None),
        Keys::Tls13(traffic) => match traffic.open(record)? {
            Some(opened) => opened,
            None => return Ok(None),
        },
    };
    Ok((content == ContentType::APPLICATION_DATA).then_some(plain))
}

impl Traffic {
    fn new(suite: SuiteParameters, secrets: &LoggedSecrets, side: Side) -> Result<Traffic, NotOpened> {
        let early = secrets.early.as_deref().filter(|_| side == Side::Client);
        let in_order = [early, secrets.handshake.of(side).as_deref(), secrets.traffic.of(side).as_deref()];
        let fits = |secret: &&[u8]| secret.len() == suite.hash.length();
        let mut next: VecDeque<TrafficSecret> = in_order
            .into_iter()
            .flatten()
            .filter(fits)
            .map(|secret| TrafficSecret::new(suite.hash, secret.to_vec()))
            .collect();
        let current = next.pop_front().ok_or(NotOpened::SecretMissing)?;
        let key = record_key(&current, &suite)?;
        Ok(Traffic { suite, current, key, next, passed_over: Some(0) })
    }

    /// Opens a record with the secret that is on, or with whichever of the later ones it changed to.
    fn open(&mut self, record: &Record<'_>) -> Result<Option<(ContentType, Vec<u8>)>, NotOpened> {
        if let Ok(opened) = self.key.open(record) {
            self.passed_over = None;
            return Ok(Some(opened));
        }
        // RFC 8446 7.2: behind the last logged secret only an update can come.
        let updated = self.current.updated().ok().filter(|_| self.next.is_empty());
        let later = self.next.iter().cloned().chain(updated).enumerate();
        for (skipped, secret) in later {
            let mut key = record_key(&secret, &self.suite)?;
            if let Ok(opened) = key.open(record) {
                self.next.drain(..skipped.saturating_add(1).min(self.next.len()));
                (self.current, self.key, self.passed_over) = (secret, key, None);
                return Ok(Some(opened));
            }
        }
        let passed_over = self.passed_over.filter(|count| *count < PASSED_OVER).ok_or(NotOpened::NotAuthentic)?;
        self.passed_over = Some(passed_over.saturating_add(1));
        self.key = record_key(&self.current, &self.suite)?;
        Ok(None)
    }
}

fn record_key(secret: &TrafficSecret, suite: &SuiteParameters) -> Result<RecordKey, NotOpened> {
    secret.record_key(suite).map_err(|_| NotOpened::Suite(Version::TLS_1_3, suite.suite))
}
