//! The server, for the demonstration and as the other end in tests: it chooses in the order it is told to, and asks
//! no client certificate.

mod classic;
mod tls13;

use std::sync::Arc;

use dengmi_core::{Group, Scheme, Suite, Version};
use dengmi_crypto::{Curve, PublicKey};
use dengmi_parse::tls::message::{ClientHello, Extension, Extensions, ServerHello};
use dengmi_parse::tls::{AlertLevel, ContentType, Dialect, ExtensionType, HandshakeType};
use dengmi_parse::{Limits, Read};

use self::classic::Classic;
use self::tls13::{Retried, Tls13};
use super::connection::{Connection, Traffic};
use super::identity::Identity;
use super::scheme::{self, agreement_group};
use super::secrets::{Purpose, Secrets};
use super::stop::{PeerMisbehaved, Stop, Unsupported};
use super::suite::{self, KeyExchange, Signer, SuiteParameters};
use super::transcript::Transcript;
use super::wire::{Event, Wire, parts};

/// What a server accepts and who it is.
pub struct ServerConfig {
    /// Accepted suites of all versions, in the server's order. A version without a suite here is not spoken.
    pub suites: Vec<Suite>,
    /// Whose order decides.
    pub preference: Preference,
    /// Accepted groups, in the server's order.
    pub groups: Vec<Group>,
    /// Certificates and key for TLS 1.2 and 1.3.
    pub tls: Option<Identity>,
    /// Certificates and both keys for TLCP.
    pub tlcp: Option<Identity>,
    /// Bounds for what clients send.
    pub limits: Limits,
}

/// Whose order of suites decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The server's.
    Servers,
    /// The client's.
    Clients,
}

/// A handshake under way, seen from the server.
pub struct Server {
    common: Box<Common>,
    state: State,
}

/// What every state has.
struct Common {
    wire: Wire,
    transcript: Transcript,
    secrets: Secrets,
    config: Arc<ServerConfig>,
    accepted: Accepted,
}

enum State {
    Hello(Option<Retried>),
    Classic(Box<Classic>),
    Tls13(Box<Tls13>),
    Done(Finished),
}

/// What a finished state leaves for the [`Connection`].
struct Finished {
    version: Version,
    suite: SuiteParameters,
    traffic: Option<Traffic>,
}

/// What follows a step.
pub enum ServerStep {
    /// The client has more to say.
    More(Server),
    /// The handshake is finished.
    Done(Box<Served>),
}

/// A finished handshake.
pub struct Served {
    /// What was agreed on.
    pub accepted: Accepted,
    /// The protected connection.
    pub connection: Connection,
}

/// What was agreed on with a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The version.
    pub version: Option<Version>,
    /// The suite.
    pub suite: Option<Suite>,
    /// The group, unless the suite has none.
    pub group: Option<Group>,
    /// The scheme of the server's signature, unless there was none.
    pub scheme: Option<Scheme>,
    /// The name that the client asked for.
    pub server_name: Option<String>,
    /// Whether a HelloRetryRequest was needed.
    pub retried: bool,
}

impl Server {
    /// Waits for a ClientHello.
    pub fn start(config: Arc<ServerConfig>, secrets: Secrets) -> Server {
        // Until the client has shown its dialect an alert goes out under the version that TLS clients understand.
        let wire = Wire::new(Version::TLS_1_2, config.limits);
        let common = Common { wire, transcript: Transcript::default(), secrets, config, accepted: Accepted::default() };
        Server { common: Box::new(common), state: State::Hello(None) }
    }

    /// Takes what the client sent, in pieces of any size, and appends the answer to `out`.
    ///
    /// # Errors
    /// [`Stop`]; an alert that says why stands in `out`, if one is due.
    pub fn step(mut self, incoming: &[u8], out: &mut Vec<u8>) -> Result<ServerStep, Stop> {
        self.common.wire.feed(incoming);
        loop {
            let event = match self.common.wire.next() {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(ServerStep::More(self)),
                Err(peer) => return Err(self.common.stop(peer.into(), out)),
            };
            match self.common.handle(self.state, event, out) {
                Ok(State::Done(finished)) => return Ok(ServerStep::Done(Box::new(self.common.done(finished)))),
                Ok(state) => self.state = state,
                Err(reason) => return Err(self.common.stop(reason, out)),
            }
        }
    }
}

impl Common {
    fn handle(&mut self, state: State, event: Event, out: &mut Vec<u8>) -> Result<State, Stop> {
        match (state, event) {
            (_, Event::Alert(alert)) if alert.is_last() => Err(Stop::Alert(alert)),
            (state, Event::Alert(_)) => Ok(state),
            (State::Hello(retried), Event::Message(message)) => self.client_hello(retried, &message, out),
            (State::Classic(classic), event) => classic.handle(self, event, out),
            (State::Tls13(tls13), Event::Message(message)) => (*tls13).handle(self, &message),
            (_, Event::Data(_)) => Err(PeerMisbehaved::UnexpectedRecord(ContentType::APPLICATION_DATA).into()),
            (_, _) => Err(PeerMisbehaved::ChangeCipherSpec.into()),
        }
    }

    fn client_hello(&mut self, retried: Option<Retried>, message: &[u8], out: &mut Vec<u8>) -> Result<State, Stop> {
        let (kind, body) = parts(message);
        if kind != HandshakeType::CLIENT_HELLO {
            return Err(PeerMisbehaved::UnexpectedMessage(kind).into());
        }
        let hello = value(kind, ClientHello::read(body, self.wire.limits()))?;
        self.accepted.server_name = hello.server_name().map(str::to_owned);
        if Dialect::of(hello.version) == Some(Dialect::Tlcp) {
            self.wire.set_version(Version::TLCP);
        }
        let (version, suite) = self.choose(&hello)?;
        self.accepted.version = Some(version);
        self.accepted.suite = Some(suite.suite);
        if version == Version::TLS_1_3 {
            return tls13::answer(self, retried, &hello, suite, message, out);
        }
        if retried.is_some() {
            return Err(PeerMisbehaved::VersionNotOffered(version).into());
        }
        self.wire.set_version(version);
        self.transcript.add(message);
        Ok(State::Classic(Box::new(Classic::answer(self, &hello, suite, out)?)))
    }

    /// The highest version that both sides have a suite for, and the first suite by preference.
    fn choose(&self, hello: &ClientHello<'_>) -> Result<(Version, SuiteParameters), Stop> {
        let offered = hello.versions();
        let versions: &[Version] = match Dialect::of(hello.version) {
            Some(Dialect::Tlcp) if hello.version == Version::TLCP => &[Version::TLCP],
            Some(Dialect::Tls) => &[Version::TLS_1_3, Version::TLS_1_2],
            _ => &[],
        };
        let listed = |version: &Version| match hello.version >= Version::TLS_1_2 && offered == [hello.version] {
            // Without the extension the field offers everything up to its value, but not TLS 1.3.
            true => *version <= Version::TLS_1_2,
            false => offered.contains(version),
        };
        let mut spoken = versions
            .iter()
            .copied()
            .filter(listed)
            .filter(|version| self.config.suites.iter().any(|suite| suite::parameters(*version, *suite).is_some()));
        let first = spoken.next().ok_or(Stop::Unsupported(Unsupported::Version(hello.version)))?;
        let (ordered, other) = match self.config.preference {
            Preference::Servers => (&self.config.suites, &hello.suites),
            Preference::Clients => (&hello.suites, &self.config.suites),
        };
        for version in std::iter::once(first).chain(spoken) {
            let mut common = ordered.iter().filter(|suite| other.contains(suite));
            let found = common
                .find_map(|suite| suite::parameters(version, *suite).filter(|suite| self.can(version, suite, hello)));
            if let Some(suite) = found {
                return Ok((version, suite));
            }
        }
        Err(Stop::NothingInCommon)
    }

    /// Whether the identity, the groups and the schemes allow this suite.
    fn can(&self, version: Version, suite: &SuiteParameters, hello: &ClientHello<'_>) -> bool {
        let Some(identity) = self.identity(version) else { return false };
        let key = identity.signing.public_key();
        match suite.key_exchange {
            KeyExchange::TlcpEcc => identity.encryption.is_some(),
            // The client's pair would have to be asked for.
            KeyExchange::TlcpEcdhe => false,
            KeyExchange::Rsa => matches!(key, PublicKey::Rsa { .. }),
            KeyExchange::Ecdhe(Signer::Rsa) => {
                matches!(key, PublicKey::Rsa { .. })
                    && self.group(hello).is_some()
                    && scheme::choose(&key, &schemes(hello), false).is_some()
            }
            KeyExchange::Ecdhe(Signer::Ecdsa) => {
                !matches!(key, PublicKey::Rsa { .. } | PublicKey::EllipticCurve { curve: Curve::Sm2, .. })
                    && self.group(hello).is_some()
                    && scheme::choose(&key, &schemes(hello), false).is_some()
            }
            KeyExchange::Tls13 => self.group(hello).is_some() && scheme::choose(&key, &schemes(hello), true).is_some(),
        }
    }

    fn identity(&self, version: Version) -> Option<&Identity> {
        if version == Version::TLCP { self.config.tlcp.as_ref() } else { self.config.tls.as_ref() }
    }

    /// The first of our groups that the client has too; a client that names none takes any (RFC 8422 4).
    fn group(&self, hello: &ClientHello<'_>) -> Option<Group> {
        let offered = hello.extensions.as_ref().and_then(Extensions::supported_groups).and_then(Result::ok);
        let known = |group: &&Group| {
            agreement_group(**group).is_some() && offered.as_ref().is_none_or(|offered| offered.contains(group))
        };
        self.config.groups.iter().find(known).copied()
    }

    /// Adds a message to the transcript and sends it.
    fn send_message(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        self.transcript.add(message);
        self.wire.send(ContentType::HANDSHAKE, message, &mut self.secrets, out)
    }

    fn random(&mut self) -> [u8; 32] {
        self.secrets.array(Purpose::HelloRandom)
    }

    fn done(self, finished: Finished) -> Served {
        let Finished { version, suite, traffic } = finished;
        let connection = Connection::new(self.wire, self.secrets, version, suite, traffic);
        Served { accepted: self.accepted, connection }
    }

    fn stop(mut self, reason: Stop, out: &mut Vec<u8>) -> Stop {
        if let Some(description) = reason.alert() {
            // Writing two bytes fails only when the keys are spent; then there is no way to say anything.
            let _ = self.wire.send_alert(AlertLevel::FATAL, description, &mut self.secrets, out);
        }
        reason
    }
}

/// The value of a reading. The demonstration's server is not a judge: small defects are passed over.
fn value<T>(kind: HandshakeType, read: Read<T>) -> Result<T, Stop> {
    let reading = read.map_err(|defect| PeerMisbehaved::Malformed { kind, defect })?;
    Ok(reading.value)
}

/// The client's schemes; without the extension those of RFC 5246 7.4.1.4.1.
fn schemes(hello: &ClientHello<'_>) -> Vec<Scheme> {
    let named = hello.extensions.as_ref().and_then(Extensions::signature_algorithms).and_then(Result::ok);
    named.unwrap_or_else(|| vec![Scheme::RSA_PKCS1_SHA1, Scheme::ECDSA_SHA1])
}

/// The ServerHello of TLS 1.2 and TLCP. renegotiation_info is answered since current clients insist on it (RFC 5746
/// 3.6).
fn server_hello(hello: &ClientHello<'_>, version: Version, suite: Suite, random: [u8; 32]) -> ServerHello<'static> {
    let asks = hello.suites.contains(&Suite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV)
        || hello.extensions.as_ref().is_some_and(|list| list.find(ExtensionType::RENEGOTIATION_INFO).is_some());
    let extensions = (asks && version != Version::TLCP)
        .then(|| Extensions(vec![Extension::new(ExtensionType::RENEGOTIATION_INFO, &[0][..])]));
    ServerHello { version, random, session_id: &[], suite, compression: 0, extensions }
}
