//! Watches both directions of a connection until its keys are on, and tells what was offered, chosen and shown.
//!
//! A capture feeds both sides, a prober its own hello and what came back, a server the other way round. Nothing is
//! computed from what is seen: no digest, no signature check.

use dengmi_core::{Group, Scheme, Suite, Version};

use super::datagram::{DatagramRecord, Fragment, FragmentAssembler};
use super::message::{
    Alert, CertificateRequest, Certificates, ClientHello, ClientKeyExchange, HelloVerifyRequest, ServerHello,
    ServerHelloDone, ServerKeyExchange, Ssl2ClientHello, Ssl2ServerHello,
};
use super::record::{Deframed, Deframer, Message, MessageAssembler, Record};
use super::{ContentType, Dialect, ExtensionType, HandshakeType};
use crate::reading::{Defect, DefectKind, Limit, Limits, Read, Reader, keep_defect};

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Whoever opened the connection.
    Client,
    /// Whoever was connected to.
    Server,
}

/// One of something for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> Sides<T> {
    /// That of one side.
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// That of one side, to change it.
    pub fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Closed in order.
    Closed,
    /// Reset.
    Reset,
    /// Bytes are missing: a short capture, a lost segment, a limit.
    Cut,
    /// Nothing came in the time allowed.
    Silent,
}

/// An answer to [`Watcher::feed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// Bytes from the front that are done with; the caller keeps the others.
    pub used: usize,
    /// What to do next.
    pub then: Then,
}

/// Whether a watcher wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Call again with what was not used and more behind it.
    Need,
    /// All has been seen that can be: bytes may only be counted from here.
    Enough,
}

/// An alert that was sent in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAlert {
    /// Who sent it.
    pub from: Side,
    /// What it says.
    pub alert: Alert,
}

/// Something wrong on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDefect {
    /// Who sent it.
    pub from: Side,
    /// The message whose body [`Defect::at`] counts from; `None`: it counts from the start of the direction.
    pub message: Option<HandshakeType>,
    /// What is wrong.
    pub defect: Defect,
}

/// What was seen of a handshake. `None` is "not seen": hidden by protection, not captured, or not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The server's dialect, or while it has not spoken the client's.
    pub dialect: Option<Dialect>,
    /// The chosen version. `None` while no ServerHello has been seen, whatever the client offers.
    pub version: Option<Version>,
    /// The chosen suite.
    pub suite: Option<Suite>,
    /// The group of the key exchange: from key_share, HelloRetryRequest or ServerKeyExchange.
    pub group: Option<Group>,
    /// Bits of the prime where the key exchange is DHE.
    pub dh_bits: Option<usize>,
    /// The scheme of the signature in ServerKeyExchange, where it is named: TLS 1.2.
    pub scheme: Option<Scheme>,
    /// The name that the client asked for.
    pub server_name: Option<Box<str>>,
    /// Certificates in clear as DER, in the order of the wire; an empty list is a message that holds none.
    pub certificates: Sides<Option<Vec<Box<[u8]>>>>,
    /// Whether the server asked for the client's certificate; not seen where that is protected or resumed.
    pub client_auth: Option<bool>,
    /// Whether an earlier session was taken up: in TLS 1.3, whether a pre-shared key was chosen.
    pub resumed: Option<bool>,
    /// Whether both sides protected records in a way that shows their Finished was sent. Not known with early data.
    pub completed: bool,
    /// Whether the first thing seen was already protected.
    pub midstream: bool,
    /// Whether a CertificateStatus was seen (RFC 6066 8).
    pub stapled_status: bool,
    /// Whether the server's ServerHelloDone was seen.
    pub server_hello_done: bool,
    /// Alerts in clear, in order.
    pub alerts: Vec<SentAlert>,
    /// Whether a side sent an alert under keys before the handshake was complete.
    pub protected_alert: Sides<bool>,
    /// The error with which an SSL 2.0 server refused.
    pub ssl2_error: Option<u16>,
    /// The version of each side's first record.
    pub record_version: Sides<Option<Version>>,
    /// How each direction ended, as far as the watcher was told.
    pub ended: Sides<Option<End>>,
    /// Body of the (first) ClientHello.
    pub client_hello: Option<Box<[u8]>>,
    /// A first hello in the form of SSL 2.0: its record's body.
    pub ssl2_client_hello: Option<Box<[u8]>>,
    /// The cookie of a HelloVerifyRequest: DTLS. The ClientHello is then the one that came back with it.
    pub cookie: Option<Box<[u8]>>,
    /// Body of the HelloRetryRequest.
    pub retry: Option<Box<[u8]>>,
    /// Body of the ServerHello.
    pub server_hello: Option<Box<[u8]>>,
    /// SSL 2.0's ServerHello: its record's body.
    pub ssl2_server_hello: Option<Box<[u8]>>,
    /// Body of the ServerKeyExchange.
    pub server_key_exchange: Option<Box<[u8]>>,
    /// Body of the CertificateRequest.
    pub certificate_request: Option<Box<[u8]>>,
    /// Body of the ClientKeyExchange.
    pub client_key_exchange: Option<Box<[u8]>>,
    /// Body of the client's CertificateVerify.
    pub certificate_verify: Option<Box<[u8]>>,
    /// What was wrong, in order.
    pub defects: Vec<FoundDefect>,
}

impl Handshake {
    /// The ClientHello, read again. Its defects are among [`Handshake::defects`] already; so for the others.
    pub fn read_client_hello(&self, limits: &Limits) -> Option<Read<ClientHello<'_>>> {
        self.client_hello.as_deref().map(|body| ClientHello::read(body, limits))
    }

    /// The client's random; of a hello in the form of SSL 2.0 its challenge, filled up in front (RFC 5246 E.2).
    pub fn client_random(&self, limits: &Limits) -> Option<[u8; 32]> {
        if let Some(hello) = self.read_client_hello(limits) {
            return hello.ok().map(|reading| reading.value.random);
        }
        let hello = Ssl2ClientHello::read(self.ssl2_client_hello.as_deref()?, limits).ok()?.value;
        let mut random = [0; 32];
        random.iter_mut().rev().zip(hello.challenge.iter().rev()).for_each(|(to, from)| *to = *from);
        Some(random)
    }

    /// The ServerHello, read again.
    pub fn read_server_hello(&self, limits: &Limits) -> Option<Read<ServerHello<'_>>> {
        self.server_hello.as_deref().map(|body| ServerHello::read(body, limits))
    }

    /// The ServerKeyExchange, read again.
    pub fn read_server_key_exchange(&self, limits: &Limits) -> Option<Read<ServerKeyExchange<'_>>> {
        let (dialect, version) = self.form();
        let suite = self.suite.unwrap_or(Suite(0));
        let body = self.server_key_exchange.as_deref()?;
        Some(ServerKeyExchange::read(body, dialect, version, suite, limits))
    }

    /// The CertificateRequest, read again.
    pub fn read_certificate_request(&self, limits: &Limits) -> Option<Read<CertificateRequest<'_>>> {
        let (dialect, version) = self.form();
        self.certificate_request.as_deref().map(|body| CertificateRequest::read(body, dialect, version, limits))
    }

    /// The ClientKeyExchange, read again.
    pub fn read_client_key_exchange(&self, limits: &Limits) -> Option<Read<ClientKeyExchange<'_>>> {
        let (dialect, _) = self.form();
        self.client_key_exchange.as_deref().map(|body| ClientKeyExchange::read(body, dialect, limits))
    }

    /// Whether the server has said all it says in clear before the client answers, or will say nothing more: a prober
    /// may stop here. A HelloRetryRequest is such an answer; who sends a second hello waits for `server_hello`.
    pub fn is_answered(&self) -> bool {
        let hidden = self.retry.is_some() || (self.server_hello.is_some() && self.hides());
        let refused = self.alerts.iter().any(|sent| sent.from == Side::Server && sent.alert.is_last());
        let ssl2 = self.ssl2_server_hello.is_some() || self.ssl2_error.is_some();
        let over = self.ended.server.is_some();
        self.server_hello_done || hidden || refused || ssl2 || over || self.resumed == Some(true)
    }

    /// Whether the chosen version hides everything behind ServerHello.
    fn hides(&self) -> bool {
        let (dialect, version) = self.form();
        dialect.hides_after_server_hello(version)
    }

    /// Dialect and version that decide the form of messages; where no hello was seen, as the records say.
    fn form(&self) -> (Dialect, Version) {
        let recorded = self.record_version.server.or(self.record_version.client);
        let version = self.version.or(recorded).unwrap_or(Version::TLS_1_2);
        self.dialect.or_else(|| Dialect::of(version)).unwrap_or(Dialect::Tls).form(version)
    }
}

#[derive(Clone, Debug, Default)]
struct Direction {
    deframer: Deframer,
    assembler: MessageAssembler,
    fragments: FragmentAssembler,
    /// Bytes of this direction that are done with.
    taken: usize,
    handshake_bytes: usize,
    /// Handshake records are protected from here.
    keys_on: bool,
    /// Nothing more is to be seen in this direction.
    finished: bool,
}

/// Watches one connection. What it keeps is bounded for each side by [`Limits::handshake`] and one record of SSL 2.0.
#[derive(Clone, Debug, Default)]
pub struct Watcher {
    handshake: Handshake,
    directions: Sides<Direction>,
    /// Both sides' Finished went by, as far as that can be told.
    complete: Sides<bool>,
    enough: bool,
}

impl Watcher {
    /// A watcher of a connection of which nothing has been seen.
    pub fn new() -> Self {
        Watcher::default()
    }

    /// Takes what is next in this direction: bytes that an earlier call did not use, and more behind them.
    pub fn feed(&mut self, from: Side, bytes: &[u8], limits: &Limits) -> Fed {
        let mut used = 0;
        while !self.enough {
            let direction = self.directions.of_mut(from);
            if direction.finished {
                return Fed { used: bytes.len(), then: Then::Need };
            }
            let deframed = direction.deframer.next(bytes.get(used..).unwrap_or_default(), limits);
            let size = deframed.as_ref().map_or(0, Deframed::size);
            let seen = match deframed {
                Ok(Deframed::Need(_)) => break,
                Ok(Deframed::Record(record)) => self.record(from, record, limits),
                Ok(Deframed::Ssl2(body)) => self.ssl2(from, body, limits),
                Err(defect) => Err(defect),
            };
            if let Err(defect) = seen {
                // Where the next record or message starts is lost.
                self.note_in_stream(from, defect, limits);
                self.enough = true;
            }
            used = used.saturating_add(size);
            let direction = self.directions.of_mut(from);
            direction.taken = direction.taken.saturating_add(size);
            self.close_if_finished();
        }
        Fed { used, then: if self.enough { Then::Enough } else { Then::Need } }
    }

    /// Takes a datagram of DTLS. One that cannot be read is a defect and hinders none of the others.
    pub fn feed_datagram(&mut self, from: Side, datagram: &[u8], limits: &Limits) -> Then {
        let mut reader = Reader::new(datagram);
        while !self.enough && !reader.is_empty() && !self.directions.of(from).finished {
            let taken = DatagramRecord::read(&mut reader, limits).and_then(|record| {
                let dropped = self.datagram_record(from, &record, limits);
                dropped.map_err(|defect| Defect { at: defect.at.saturating_add(reader.at()), ..defect })
            });
            if let Err(defect) = taken {
                self.note_in_stream(from, defect, limits);
                break;
            }
            self.close_if_finished();
        }
        let direction = self.directions.of_mut(from);
        direction.taken = direction.taken.saturating_add(datagram.len());
        if self.enough { Then::Enough } else { Then::Need }
    }

    fn datagram_record(&mut self, from: Side, record: &DatagramRecord<'_>, limits: &Limits) -> Result<(), Defect> {
        self.handshake.record_version.of_mut(from).get_or_insert(record.version);
        self.handshake.dialect.get_or_insert(Dialect::Dtls);
        if record.epoch > 0 {
            // Whether or not a ChangeCipherSpec came by.
            self.directions.of_mut(from).keys_on = true;
        }
        match record.content {
            ContentType::HANDSHAKE if record.epoch > 0 => {
                self.directions.of_mut(from).finished = true;
                *self.complete.of_mut(from) = true;
            }
            ContentType::HANDSHAKE => self.fragments(from, record.fragment, limits)?,
            ContentType::CHANGE_CIPHER_SPEC => self.change_cipher_spec(from, record.fragment, limits),
            ContentType::ALERT => self.alert(from, record.fragment, limits)?,
            ContentType::APPLICATION_DATA => self.application_data(from, record.fragment, limits),
            _ => {}
        }
        Ok(())
    }

    fn fragments(&mut self, from: Side, fragments: &[u8], limits: &Limits) -> Result<(), Defect> {
        let mut reader = Reader::new(fragments);
        while !reader.is_empty() {
            let fragment = Fragment::read(&mut reader, limits)?;
            let taken = self.directions.of_mut(from).fragments.take(&fragment, limits);
            // Whole messages behind it are not lost with what was wrong with it.
            while let Some(message) = self.directions.of_mut(from).fragments.take_message() {
                self.count_handshake(from, message.bytes.len(), limits)?;
                self.message(from, &message, limits);
            }
            taken?;
        }
        Ok(())
    }

    fn count_handshake(&mut self, from: Side, bytes: usize, limits: &Limits) -> Result<(), Defect> {
        let direction = self.directions.of_mut(from);
        direction.handshake_bytes = direction.handshake_bytes.saturating_add(bytes);
        let found = direction.handshake_bytes;
        if found > limits.handshake {
            let what = DefectKind::Limit { limit: Limit::Handshake, most: limits.handshake, found };
            return Err(Defect { at: 0, what });
        }
        Ok(())
    }

    fn close_if_finished(&mut self) {
        if self.directions.client.finished && self.directions.server.finished {
            self.handshake.completed = self.complete.client && self.complete.server;
            self.enough = true;
        }
    }

    /// Tells that a direction ended, and how.
    pub fn end(&mut self, from: Side, how: End) {
        self.handshake.ended.of_mut(from).get_or_insert(how);
    }

    /// What has been seen so far.
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// What has been seen, without the watcher.
    pub fn into_handshake(self) -> Handshake {
        self.handshake
    }

    /// Takes a record. A defect that is returned ends the watching.
    fn record(&mut self, from: Side, record: Record<'_>, limits: &Limits) -> Result<(), Defect> {
        let first = *self.handshake.record_version.of_mut(from).get_or_insert(record.version);
        if Dialect::of(first) != Dialect::of(record.version) {
            self.note_in_record(from, 1, DefectKind::RecordVersion(record.version.0), limits);
        }
        if self.handshake.dialect.is_none() {
            self.handshake.dialect = Dialect::of(record.version);
        }
        match record.content {
            ContentType::HANDSHAKE => self.messages(from, record.fragment, limits)?,
            ContentType::CHANGE_CIPHER_SPEC => self.change_cipher_spec(from, record.fragment, limits),
            ContentType::ALERT => self.alert(from, record.fragment, limits)?,
            ContentType::APPLICATION_DATA => self.application_data(from, record.fragment, limits),
            _ => {}
        }
        Ok(())
    }

    fn messages(&mut self, from: Side, mut fragment: &[u8], limits: &Limits) -> Result<(), Defect> {
        let direction = self.directions.of_mut(from);
        if direction.keys_on {
            direction.finished = true;
            *self.complete.of_mut(from) = true;
            return Ok(());
        }
        if fragment.is_empty() {
            self.note_in_record(from, 3, DefectKind::RecordLength(0), limits);
        }
        self.count_handshake(from, fragment.len(), limits)?;
        while let Some(message) = self.directions.of_mut(from).assembler.next(&mut fragment, limits)? {
            self.message(from, &message, limits);
        }
        Ok(())
    }

    fn message(&mut self, from: Side, message: &Message<'_>, limits: &Limits) {
        let body = message.body();
        let (dialect, version) = self.handshake.form();
        let seen = match (from, message.kind) {
            (Side::Client, HandshakeType::CLIENT_HELLO) => self.client_hello(body, limits),
            (Side::Server, HandshakeType::SERVER_HELLO) => self.server_hello(body, limits),
            (Side::Server, HandshakeType::HELLO_VERIFY_REQUEST) => {
                HelloVerifyRequest::read(body, limits).map(|reading| {
                    self.handshake.cookie = Some(reading.value.cookie.into());
                    reading.defects
                })
            }
            (_, HandshakeType::CERTIFICATE) => Certificates::read(body, dialect, version, limits).map(|reading| {
                let certificates = reading.value.entries.iter().map(|entry| entry.der.into()).collect();
                self.handshake.certificates.of_mut(from).get_or_insert(certificates);
                reading.defects
            }),
            (Side::Server, HandshakeType::SERVER_KEY_EXCHANGE) => self.server_key_exchange(body, limits),
            (Side::Server, HandshakeType::CERTIFICATE_REQUEST) => {
                self.handshake.client_auth = Some(true);
                self.handshake.certificate_request.get_or_insert_with(|| body.into());
                CertificateRequest::read(body, dialect, version, limits).map(|reading| reading.defects)
            }
            (Side::Server, HandshakeType::SERVER_HELLO_DONE) => {
                self.handshake.server_hello_done = true;
                self.handshake.client_auth.get_or_insert(false);
                self.handshake.resumed.get_or_insert(false);
                ServerHelloDone::read(body, limits).map(|reading| reading.defects)
            }
            (Side::Client, HandshakeType::CLIENT_KEY_EXCHANGE) => {
                self.handshake.client_key_exchange.get_or_insert_with(|| body.into());
                ClientKeyExchange::read(body, dialect, limits).map(|reading| reading.defects)
            }
            (Side::Client, HandshakeType::CERTIFICATE_VERIFY) => {
                self.handshake.certificate_verify.get_or_insert_with(|| body.into());
                Ok(Vec::new())
            }
            (Side::Server, HandshakeType::CERTIFICATE_STATUS) => {
                self.handshake.stapled_status = true;
                Ok(Vec::new())
            }
            (
                Side::Server,
                HandshakeType::HELLO_REQUEST | HandshakeType::NEW_SESSION_TICKET | HandshakeType::SUPPLEMENTAL_DATA,
            )
            | (Side::Client, HandshakeType::SUPPLEMENTAL_DATA | HandshakeType::CERTIFICATE_URL) => Ok(Vec::new()),
            (_, HandshakeType(number)) => Err(Defect { at: 0, what: DefectKind::UnexpectedMessage(number) }),
        };
        let defects = seen.unwrap_or_else(|defect| vec![defect]);
        defects.into_iter().for_each(|defect| self.note(from, Some(message.kind), defect, limits));
    }

    fn client_hello(&mut self, body: &[u8], limits: &Limits) -> Result<Vec<Defect>, Defect> {
        let handshake = &mut self.handshake;
        // With the cookie, whose HelloVerifyRequest may not have been caught.
        let verified = handshake.dialect == Some(Dialect::Dtls) && handshake.server_hello.is_none();
        if handshake.client_hello.is_some() && !verified {
            let after_retry = handshake.retry.is_some() && handshake.server_hello.is_none();
            let what = DefectKind::UnexpectedMessage(HandshakeType::CLIENT_HELLO.0);
            return if after_retry { Ok(Vec::new()) } else { Err(Defect { at: 0, what }) };
        }
        handshake.client_hello = Some(body.into());
        let reading = ClientHello::read(body, limits)?;
        if handshake.server_hello.is_none() {
            handshake.dialect = Dialect::of(reading.value.version).or(handshake.dialect);
        }
        handshake.server_name = reading.value.server_name().map(Into::into);
        Ok(reading.defects)
    }

    fn server_hello(&mut self, body: &[u8], limits: &Limits) -> Result<Vec<Defect>, Defect> {
        let reading = ServerHello::read(body, limits)?;
        let hello = &reading.value;
        let handshake = &mut self.handshake;
        let slot = if hello.is_retry() { &mut handshake.retry } else { &mut handshake.server_hello };
        if slot.is_some() {
            return Err(Defect { at: 0, what: DefectKind::UnexpectedMessage(HandshakeType::SERVER_HELLO.0) });
        }
        *slot = Some(body.into());
        let version = hello.selected_version();
        handshake.dialect = Dialect::of(version).or(handshake.dialect);
        handshake.version = Some(version);
        handshake.suite = Some(hello.suite);
        handshake.group = hello.group().or(handshake.group);
        if !hello.is_retry() && handshake.hides() {
            let chosen = hello.extensions.as_ref().and_then(|list| list.find(ExtensionType::PRE_SHARED_KEY));
            handshake.resumed = Some(chosen.is_some());
        }
        Ok(reading.defects)
    }

    fn server_key_exchange(&mut self, body: &[u8], limits: &Limits) -> Result<Vec<Defect>, Defect> {
        let handshake = &mut self.handshake;
        if handshake.server_key_exchange.is_some() {
            return Err(Defect { at: 0, what: DefectKind::UnexpectedMessage(HandshakeType::SERVER_KEY_EXCHANGE.0) });
        }
        let (dialect, version) = handshake.form();
        let suite = handshake.suite.unwrap_or(Suite(0));
        let reading = ServerKeyExchange::read(body, dialect, version, suite, limits)?;
        handshake.group = reading.value.group().or(handshake.group);
        handshake.dh_bits = reading.value.dh_bits();
        handshake.scheme = reading.value.signature().and_then(|signature| signature.scheme);
        handshake.server_key_exchange = Some(body.into());
        Ok(reading.defects)
    }

    fn change_cipher_spec(&mut self, from: Side, fragment: &[u8], limits: &Limits) {
        if fragment.len() != 1 {
            self.note_in_record(from, 3, DefectKind::RecordLength(fragment.len()), limits);
        }
        if self.handshake.hides() && self.handshake.version.is_some() {
            return; // TLS 1.3 sends it for the sake of middleboxes and means nothing by it (RFC 8446 D.4).
        }
        if !self.directions.of(from).assembler.is_between() {
            self.note_in_record(from, 0, DefectKind::KeysInsideMessage, limits);
        }
        self.directions.of_mut(from).keys_on = true;
        if from == Side::Server && self.handshake.server_hello.is_some() {
            // Only a resumed handshake leaves ServerHelloDone out.
            self.handshake.resumed.get_or_insert(true);
        }
    }

    fn alert(&mut self, from: Side, fragment: &[u8], limits: &Limits) -> Result<(), Defect> {
        if self.directions.of(from).keys_on {
            *self.handshake.protected_alert.of_mut(from) = true;
            return Ok(());
        }
        if self.handshake.alerts.len() >= limits.alerts {
            let found = self.handshake.alerts.len().saturating_add(1);
            return Err(Defect { at: 0, what: DefectKind::Limit { limit: Limit::Alerts, most: limits.alerts, found } });
        }
        match Alert::read(fragment, limits) {
            Ok(reading) => {
                self.handshake.alerts.push(SentAlert { from, alert: reading.value });
                self.enough = reading.value.is_last();
                reading.defects.into_iter().for_each(|defect| self.note_in_record(from, 5, defect.what, limits));
            }
            Err(_) => self.note_in_record(from, 3, DefectKind::RecordLength(fragment.len()), limits),
        }
        Ok(())
    }

    fn application_data(&mut self, from: Side, fragment: &[u8], limits: &Limits) {
        let handshake = &mut self.handshake;
        let hellos = Sides {
            client: handshake.client_hello.is_some() || handshake.ssl2_client_hello.is_some(),
            server: handshake.server_hello.is_some(),
        };
        if !hellos.client && !hellos.server {
            handshake.midstream = true;
            self.enough = true;
            return;
        }
        let direction = self.directions.of_mut(from);
        let complete = if !hellos.server || !handshake.hides() {
            // Before a ServerHello only early data looks so; a client seen alone may have sent anything.
            if hellos.server && !direction.keys_on {
                self.note_in_record(from, 0, DefectKind::UnexpectedRecord(ContentType::APPLICATION_DATA.0), limits);
                return;
            }
            direction.keys_on && hellos.server
        } else {
            match from {
                Side::Server => true,
                Side::Client if fragment.len() >= SHORTEST_FINISHED => !offers_early_data(handshake, limits),
                Side::Client => {
                    // Too short for a Finished: an alert.
                    *handshake.protected_alert.of_mut(from) = true;
                    return;
                }
            }
        };
        let direction = self.directions.of_mut(from);
        direction.keys_on = true;
        direction.finished = true;
        *self.complete.of_mut(from) = complete;
    }

    fn ssl2(&mut self, from: Side, body: &[u8], limits: &Limits) -> Result<(), Defect> {
        let handshake = &mut self.handshake;
        let defects = match (from, body) {
            (Side::Client, [1, ..]) => {
                handshake.ssl2_client_hello = Some(body.into());
                handshake.dialect.get_or_insert(Dialect::Ssl2);
                Ssl2ClientHello::read(body, limits)?.defects
            }
            (Side::Server, [4, ..]) => {
                self.enough = true;
                handshake.ssl2_server_hello = Some(body.into());
                handshake.dialect = Some(Dialect::Ssl2);
                let reading = Ssl2ServerHello::read(body, limits)?;
                handshake.version = Some(reading.value.version);
                handshake.certificates.server = Some(vec![reading.value.certificate.into()]);
                reading.defects
            }
            (Side::Server, &[0, high, low]) => {
                self.enough = true;
                handshake.ssl2_error = Some(u16::from_be_bytes([high, low]));
                Vec::new()
            }
            (_, body) => {
                let number = body.first().copied().unwrap_or_default();
                return Err(Defect { at: 2, what: DefectKind::UnexpectedMessage(number) });
            }
        };
        defects
            .into_iter()
            .for_each(|defect| self.note_in_record(from, defect.at.saturating_add(2), defect.what, limits));
        Ok(())
    }

    fn note(&mut self, from: Side, message: Option<HandshakeType>, defect: Defect, limits: &Limits) {
        let at = defect.at;
        keep_defect(&mut self.handshake.defects, FoundDefect { from, message, defect }, limits.defects, |most| {
            let what = DefectKind::Limit { limit: Limit::Defects, most, found: most.saturating_add(1) };
            FoundDefect { from, message, defect: Defect { at, what } }
        });
    }

    /// Notes a defect whose place counts from the start of the record that is being taken.
    fn note_in_record(&mut self, from: Side, at: usize, what: DefectKind, limits: &Limits) {
        self.note_in_stream(from, Defect { at, what }, limits);
    }

    fn note_in_stream(&mut self, from: Side, mut defect: Defect, limits: &Limits) {
        defect.at = defect.at.saturating_add(self.directions.of(from).taken);
        self.note(from, None, defect, limits);
    }
}

/// A protected Finished of TLS 1.3 has at least a header, 32 bytes, the inner type and a tag of 8 (RFC 8446 4.4.4, 5.2).
const SHORTEST_FINISHED: usize = 4 + 32 + 1 + 8;

fn offers_early_data(handshake: &Handshake, limits: &Limits) -> bool {
    let hello = handshake.read_client_hello(limits).and_then(Result::ok);
    let extensions = hello.and_then(|reading| reading.value.extensions);
    extensions.is_some_and(|list| list.find(ExtensionType::EARLY_DATA).is_some())
}
