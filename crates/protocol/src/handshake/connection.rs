//! A connection whose handshake is finished, seen from either side.

use dengmi_core::Version;
use dengmi_crypto::{CryptoError, Hash};
use dengmi_parse::tls::message::{Alert, NewSessionTicket, write_message};
use dengmi_parse::tls::{AlertDescription, AlertLevel, ContentType, Dialect, ExtensionType, HandshakeType};

use super::schedule::{Schedule, TrafficSecret};
use super::secrets::Secrets;
use super::stop::{PeerMisbehaved, Stop};
use super::suite::SuiteParameters;
use super::wire::{Event, Wire, parts};

/// A protected connection.
pub struct Connection {
    wire: Wire,
    secrets: Secrets,
    version: Version,
    suite: SuiteParameters,
    traffic: Option<Traffic>,
}

/// TLS 1.3: what new keys are made from.
pub(super) struct Traffic {
    pub(super) own: TrafficSecret,
    pub(super) peer: TrafficSecret,
    /// The resumption master secret (RFC 8446 7.1), on the side that is given tickets.
    pub(super) resumption: Option<TrafficSecret>,
}

/// What came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Application data; may be empty although records came.
    pub data: Vec<u8>,
    /// Session tickets that came, of TLS 1.3.
    pub tickets: Vec<Ticket>,
    /// The alert that ended the connection, close_notify included. Nothing is read behind it. A TLS 1.3 server that
    /// wants a client certificate refuses its absence here, after the handshake.
    pub end: Option<Alert>,
}

/// What a ticket of TLS 1.3 allows (RFC 8446 4.6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Seconds for which it may be used.
    pub lifetime: u32,
    /// Bytes of early data that it allows; 0 is none.
    pub early_data: u32,
    /// What the session is taken up by.
    pub key: PreSharedKey,
}

/// What a session of TLS 1.3 is taken up by (RFC 8446 4.2.11).
#[derive(Clone, PartialEq, Eq)]
pub struct PreSharedKey {
    pub(crate) identity: Vec<u8>,
    /// As it is sent for a ticket of no age.
    pub(crate) obfuscated_age: u32,
    hash: Hash,
    key: Vec<u8>,
}

impl std::fmt::Debug for PreSharedKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PreSharedKey({} bytes)", self.identity.len())
    }
}

impl PreSharedKey {
    /// Bytes of a binder.
    pub(crate) fn binder_length(&self) -> usize {
        self.hash.length()
    }

    /// The proof that the key is held, over a ClientHello up to its binders (RFC 8446 4.2.11.2).
    pub(crate) fn binder(&self, truncated: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let key = Schedule::resumed(self.hash, &self.key).derive(b"res binder", &self.hash.digest(&[]))?;
        TrafficSecret::new(self.hash, key).finished(&self.hash.digest(truncated))
    }
}

impl Connection {
    pub(super) fn new(
        mut wire: Wire,
        secrets: Secrets,
        version: Version,
        suite: SuiteParameters,
        traffic: Option<Traffic>,
    ) -> Connection {
        wire.start_counting_anew();
        Connection { wire, secrets, version, suite, traffic }
    }

    /// The version of the protection.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Appends application data in protected records.
    ///
    /// # Errors
    /// [`Stop`] when the keys are spent.
    pub fn send(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        self.wire.send(ContentType::APPLICATION_DATA, data, &mut self.secrets, out)
    }

    /// Appends a close_notify.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn close(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        let (level, description) = (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
        self.wire.send_alert(level, description, &mut self.secrets, out)
    }

    /// Opens what the peer sent; `incoming` may be empty, to read what came together with the end of the handshake.
    /// Answers that the protocol itself wants are appended to `out`.
    ///
    /// # Errors
    /// [`Stop::Misbehaved`]; the connection is of no use then.
    pub fn receive(&mut self, incoming: &[u8], out: &mut Vec<u8>) -> Result<Received, Stop> {
        self.wire.feed(incoming);
        let mut received = Received::default();
        while received.end.is_none() {
            match self.wire.next()? {
                None => break,
                Some(Event::Data(data)) => received.data.extend(data),
                Some(Event::Alert(alert)) if alert.ends(self.version) => received.end = Some(alert),
                Some(Event::Alert(_)) => {}
                Some(Event::Message(message)) => self.message(&message, &mut received, out)?,
                Some(Event::ChangeCipherSpec) => return Err(PeerMisbehaved::ChangeCipherSpec.into()),
            }
        }
        Ok(received)
    }

    fn message(&mut self, message: &[u8], received: &mut Received, out: &mut Vec<u8>) -> Result<(), Stop> {
        let (kind, body) = parts(message);
        match (kind, &mut self.traffic) {
            (HandshakeType::NEW_SESSION_TICKET, Some(traffic)) => {
                let limits = *self.wire.limits();
                let malformed = |defect| PeerMisbehaved::Malformed { kind, defect };
                let read = NewSessionTicket::read(body, Dialect::Tls, self.version, &limits).map_err(malformed)?;
                let details = read.value.tls13.as_ref();
                let early = details.and_then(|details| details.extensions.find(ExtensionType::EARLY_DATA));
                let early_data = early.and_then(|body| body.try_into().ok()).map_or(0, u32::from_be_bytes);
                // A server that is sent a ticket has no secret to take it up by.
                let Some(resumption) = &traffic.resumption else {
                    return Err(PeerMisbehaved::UnexpectedMessage(kind).into());
                };
                let nonce = details.map(|details| details.nonce).unwrap_or_default();
                let key = PreSharedKey {
                    identity: read.value.ticket.to_vec(),
                    obfuscated_age: details.map_or(0, |details| details.age_add),
                    hash: self.suite.hash,
                    key: resumption.of_ticket(nonce)?,
                };
                received.tickets.push(Ticket { lifetime: read.value.lifetime, early_data, key });
            }
            (HandshakeType::KEY_UPDATE, Some(traffic)) if matches!(body, [0 | 1]) => {
                traffic.peer = traffic.peer.updated()?;
                self.wire.read_with(traffic.peer.record_key(&self.suite)?)?;
                // RFC 8446 4.6.3: 1 asks for an update in return, which still goes under the old key.
                if body == [1] {
                    traffic.own = traffic.own.updated()?;
                    let key = traffic.own.record_key(&self.suite)?;
                    let mut answer = Vec::new();
                    write_message(&mut answer, HandshakeType::KEY_UPDATE, |out| {
                        out.push(0);
                        Ok(())
                    })?;
                    self.wire.send(ContentType::HANDSHAKE, &answer, &mut self.secrets, out)?;
                    self.wire.write_with(key);
                }
            }
            // A wish to negotiate again may be passed over (RFC 5246 7.4.1.1).
            (HandshakeType::HELLO_REQUEST, None) => {}
            (HandshakeType::CLIENT_HELLO, None) => {
                let (level, description) = (AlertLevel::WARNING, AlertDescription::NO_RENEGOTIATION);
                self.wire.send_alert(level, description, &mut self.secrets, out)?;
            }
            _ => return Err(PeerMisbehaved::UnexpectedMessage(kind).into()),
        }
        Ok(())
    }
}
