//! The client: one hello, then step by step with what the server sends.

use std::sync::Arc;

use dengmi_core::{Group, KeyRole, Scheme, Suite, Version};
use dengmi_crypto::agreement::EphemeralKey;
use dengmi_crypto::{CryptoError, PublicKey, VerifyError, signature};
use dengmi_parse::tls::message::{
    Alert, CertificateRequest, Certificates, ClientHello, Extension, Extensions, HelloVerifyRequest, KeyShareEntry,
    ServerHello,
};
use dengmi_parse::tls::{AlertDescription, AlertLevel, ContentType, Dialect, ExtensionType, HandshakeType};
use dengmi_parse::{Limits, Read, Reading};

use super::classic::Classic;
use super::connection::Connection;
use super::features;
use super::identity::{Identity, public_key};
use super::learned::{Learned, Note, Proof, Stopped};
use super::scheme::{self, agreement_group, algorithm};
use super::secrets::{Purpose, Secrets};
use super::stop::{PeerMisbehaved, Stop, Unsupported};
use super::suite::{self, SuiteParameters};
use super::tls13::Tls13;
use super::transcript::Transcript;
use super::wire::{Event, Wire, parts, transcribed};

/// What a client asks for. An extension is sent when its list is not empty or its field is set; without any there is
/// no extension block, which is what plain TLCP wants.
#[derive(Clone)]
pub struct Offer {
    /// TLCP, TLS 1.2 or TLS 1.3: the only version with which this handshake can be completed.
    pub version: Version,
    /// Suites in the order of the offer.
    pub suites: Vec<Suite>,
    /// supported_groups.
    pub groups: Vec<Group>,
    /// signature_algorithms.
    pub schemes: Vec<Scheme>,
    /// TLS 1.3: groups for which a share is sent at once. With none of them the server answers with a
    /// HelloRetryRequest.
    pub shares: Vec<Group>,
    /// TLS 1.3: shares are the base points of their groups, whose secret is one ([`EphemeralKey::one`]). A signature proves the
    /// server's key all the same, since it is made over our random; nothing that only the keys of records vouch for may be
    /// taken from such a connection.
    pub open: bool,
    /// TLS 1.3: certificates whose key was proved before, DER. A signature by one of them only names its scheme: it is not
    /// checked, and the handshake ends there with [`Stop::Cancelled`].
    pub proved: Vec<Vec<u8>>,
    /// server_name.
    pub server_name: Option<Arc<str>>,
    /// DTLS instead of TLS: what goes in and out is whole records, which [`datagrams`](dengmi_parse::tls::datagram::datagrams)
    /// cuts into datagrams. TLS 1.2 only.
    pub datagrams: bool,
    /// TLS 1.3: send a session id and a ChangeCipherSpec, as middleboxes want (RFC 8446 D.4).
    pub compatible: bool,
    /// Ask for what a server tells only in a whole handshake: in TLS 1.3 ALPN, a stapled status and the like, before it
    /// a session ticket.
    pub features: bool,
    /// The client's own certificates and keys, used when the server asks.
    pub identity: Option<Arc<Identity>>,
    /// Where implementations of TLCP part.
    pub forms: TlcpForms,
    /// Bounds for what the server sends.
    pub limits: Limits,
}

/// Two places where implementations of TLCP part. The default is what Tongsuo takes; GmSSL takes the other form of
/// both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlcpForms {
    /// ClientKeyExchange of ECDHE with a two-byte length in front, as GB/T 38636-2020 6.4.5.8 has it.
    pub wrapped_share: bool,
    /// CertificateVerify over the messages themselves, not over their hash.
    pub verifies_messages: bool,
}

impl Offer {
    /// The version as it stands on the wire.
    fn on_wire(&self) -> Version {
        if self.datagrams { self.version.over_datagrams() } else { self.version }
    }

    fn plain(version: Version, suites: Vec<Suite>) -> Offer {
        Offer {
            version,
            suites,
            groups: Vec::new(),
            schemes: Vec::new(),
            shares: Vec::new(),
            open: false,
            proved: Vec::new(),
            server_name: None,
            datagrams: false,
            compatible: false,
            features: false,
            identity: None,
            forms: TlcpForms::default(),
            limits: Limits::default(),
        }
    }

    /// TLCP: ECC suites, no extension (GB/T 38636-2020). ECDHE needs an [`Identity`] with an encryption key, so it is
    /// not offered.
    pub fn tlcp() -> Offer {
        let suites = suite::suites(Version::TLCP);
        let without_pair = |suite: &Suite| {
            suite::parameters(Version::TLCP, *suite)
                .is_some_and(|found| found.key_exchange == suite::KeyExchange::TlcpEcc)
        };
        Offer::plain(Version::TLCP, suites.filter(without_pair).collect())
    }

    /// TLS 1.2 with everything that can be completed.
    pub fn tls12() -> Offer {
        Offer {
            groups: scheme::groups().filter(|group| *group != Group::CURVE_SM2).collect(),
            schemes: scheme::schemes().filter(|scheme| *scheme != Scheme::SM2SIG_SM3).collect(),
            ..Offer::plain(Version::TLS_1_2, suite::suites(Version::TLS_1_2).collect())
        }
    }

    /// TLS 1.3 with everything that can be completed, SM suites last, and a share of X25519.
    pub fn tls13() -> Offer {
        Offer {
            groups: scheme::groups().collect(),
            schemes: scheme::schemes().collect(),
            shares: scheme::groups().take(1).collect(),
            compatible: true,
            ..Offer::plain(Version::TLS_1_3, suite::suites(Version::TLS_1_3).collect())
        }
    }

    /// TLS 1.3 with the algorithms of RFC 8998 only.
    pub fn tls13_sm() -> Offer {
        Offer {
            groups: vec![Group::CURVE_SM2],
            schemes: vec![Scheme::SM2SIG_SM3],
            shares: vec![Group::CURVE_SM2],
            ..Offer::plain(Version::TLS_1_3, vec![Suite::TLS_SM4_GCM_SM3, Suite::TLS_SM4_CCM_SM3])
        }
    }
}

/// A handshake under way, seen from the client.
pub struct Client {
    common: Box<Common>,
    state: State,
}

/// What every state has.
pub(super) struct Common {
    pub(super) wire: Wire,
    pub(super) transcript: Transcript,
    pub(super) secrets: Secrets,
    pub(super) offer: Offer,
    pub(super) learned: Learned,
}

enum State {
    Hello(Hello),
    Classic(Box<Classic>),
    Tls13(Box<Tls13>),
}

/// What the hello gave away or must be matched with the answer.
pub(super) struct Hello {
    pub(super) random: [u8; 32],
    pub(super) session_id: Vec<u8>,
    pub(super) shares: Vec<(Group, EphemeralKey)>,
    /// The suite of a HelloRetryRequest, once there was one.
    pub(super) retried: Option<Suite>,
    /// DTLS: the cookie of a HelloVerifyRequest.
    pub(super) verified: Option<Vec<u8>>,
}

/// What follows a step.
pub enum Step {
    /// The server has more to say.
    More(Client),
    /// The handshake is finished.
    Done(Box<Done>),
}

/// A finished handshake.
pub struct Done {
    /// What it proved.
    pub proof: Proof,
    /// The protected connection.
    pub connection: Connection,
}

/// What a state became.
pub(super) enum Next {
    Classic(Box<Classic>),
    Tls13(Box<Tls13>),
    Hello(Hello),
    Done(Finished),
}

/// What a finished state leaves for the [`Connection`].
pub(super) struct Finished {
    pub(super) version: Version,
    pub(super) suite: SuiteParameters,
    pub(super) traffic: Option<super::connection::Traffic>,
}

impl Client {
    /// Writes the ClientHello to `out`.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] for a version or group that cannot be completed here, [`Stop::TooLong`] for lists that
    /// no hello can hold.
    pub fn start(offer: Offer, mut secrets: Secrets, out: &mut Vec<u8>) -> Result<Client, Stop> {
        let dialect = match offer.version {
            Version::TLCP if !offer.datagrams => Dialect::Tlcp,
            Version::TLS_1_2 if offer.datagrams => Dialect::Dtls,
            Version::TLS_1_2 | Version::TLS_1_3 if !offer.datagrams => Dialect::Tls,
            other => return Err(Stop::Unsupported(Unsupported::Version(other))),
        };
        let random = secrets.array(Purpose::HelloRandom);
        let session_id = if offer.version == Version::TLS_1_3 && offer.compatible {
            secrets.array::<32>(Purpose::SessionId).to_vec()
        } else {
            Vec::new()
        };
        let mut shares = Vec::new();
        for group in &offer.shares {
            shares.push((*group, share(*group, offer.open, &mut secrets)?));
        }
        let version = dialect.first_record_version(offer.version);
        let wire = match offer.datagrams {
            true => Wire::of_datagrams(version, offer.limits),
            false => Wire::new(version, offer.limits),
        };
        let learned = Learned::new(offer.version);
        let mut common = Common { wire, transcript: Transcript::default(), secrets, offer, learned };
        let hello = Hello { random, session_id, shares, retried: None, verified: None };
        common.send_hello(&hello, None, out)?;
        Ok(Client { common: Box::new(common), state: State::Hello(hello) })
    }

    /// Takes what the server sent, in pieces of any size, and appends the answer to `out`.
    ///
    /// # Errors
    /// [`Stopped`], with what was learned; an alert that says why stands in `out`, if one is due.
    pub fn step(mut self, incoming: &[u8], out: &mut Vec<u8>) -> Result<Step, Box<Stopped>> {
        self.common.wire.feed(incoming);
        loop {
            let event = match self.common.wire.next() {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(Step::More(self)),
                Err(peer) => return Err(self.common.stop(peer.into(), out)),
            };
            match self.common.handle(self.state, event, out) {
                Ok(Next::Hello(hello)) => self.state = State::Hello(hello),
                Ok(Next::Classic(classic)) => self.state = State::Classic(classic),
                Ok(Next::Tls13(tls13)) => self.state = State::Tls13(tls13),
                Ok(Next::Done(finished)) => return Ok(Step::Done(Box::new(self.common.done(finished)))),
                Err(reason) => return Err(self.common.stop(reason, out)),
            }
        }
    }

    /// Ends the handshake politely: user_canceled and close_notify as warnings, under the keys that are on. After a
    /// HelloRetryRequest or before any answer just close the connection instead.
    pub fn cancel(self, out: &mut Vec<u8>) -> Box<Stopped> {
        self.common.stop(Stop::Cancelled, out)
    }

    /// Ends the handshake because the connection has ended.
    pub fn closed(self) -> Box<Stopped> {
        self.common.stop(Stop::Closed, &mut Vec::new())
    }

    /// What was learned so far.
    pub fn learned(&self) -> &Learned {
        &self.common.learned
    }
}

pub(super) fn generate(group: Group, secrets: &mut Secrets) -> Result<EphemeralKey, Stop> {
    let known = agreement_group(group).ok_or(Stop::Unsupported(Unsupported::Group(group)))?;
    Ok(EphemeralKey::generate(known, &mut secrets.source(Purpose::Share))?)
}

/// A key for a share of TLS 1.3.
fn share(group: Group, open: bool, secrets: &mut Secrets) -> Result<EphemeralKey, Stop> {
    match agreement_group(group) {
        Some(known) if open => Ok(EphemeralKey::one(known)),
        _ => generate(group, secrets),
    }
}

impl Common {
    pub(super) fn send_hello(&mut self, hello: &Hello, cookie: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), Stop> {
        let offer = &self.offer;
        let is_tls13 = offer.version == Version::TLS_1_3;
        let version = offer.on_wire();
        let mut extensions = Vec::new();
        if let Some(name) = &offer.server_name {
            extensions.push(Extension::server_name(name)?);
        }
        if is_tls13 {
            extensions.push(Extension::supported_versions(&[Version::TLS_1_3])?);
        }
        if !offer.groups.is_empty() {
            extensions.push(Extension::supported_groups(&offer.groups)?);
            if offer.version == Version::TLS_1_2 {
                extensions.push(Extension::ec_point_formats(&[0])?);
            }
        }
        if !offer.schemes.is_empty() {
            extensions.push(Extension::signature_algorithms(&offer.schemes)?);
        }
        if offer.features && offer.version == Version::TLS_1_2 {
            extensions.push(Extension::session_ticket(&[]));
        }
        if offer.features && is_tls13 {
            features::ask(&mut extensions)?;
        }
        if is_tls13 {
            let shares: Vec<(Group, Vec<u8>)> = hello.shares.iter().map(|(group, key)| (*group, key.share())).collect();
            let entries: Vec<KeyShareEntry<'_>> =
                shares.iter().map(|(group, share)| KeyShareEntry { group: *group, key_exchange: share }).collect();
            extensions.push(Extension::key_shares(&entries)?);
        }
        if let Some(cookie) = cookie {
            extensions.push(Extension::new(ExtensionType::COOKIE, cookie));
        }
        let message = ClientHello {
            version: Dialect::of(version).map_or(version, |dialect| dialect.hello_version(version)),
            random: hello.random,
            session_id: &hello.session_id,
            cookie: offer.datagrams.then(|| hello.verified.as_deref().unwrap_or_default()),
            suites: offer.suites.clone(),
            compressions: &[0],
            extensions: (!extensions.is_empty()).then_some(Extensions(extensions)),
        };
        let mut bytes = Vec::new();
        message.write(&mut bytes)?;
        self.send_message(&bytes, out)
    }

    /// Adds a message to the transcript and sends it.
    pub(super) fn send_message(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        self.transcribe(message, self.wire.next_sent())?;
        self.wire.send(ContentType::HANDSHAKE, message, &mut self.secrets, out)
    }

    /// Adds a message that came to the transcript.
    pub(super) fn transcribe_received(&mut self, message: &[u8]) -> Result<(), Stop> {
        self.transcribe(message, self.wire.last_received())
    }

    fn transcribe(&mut self, message: &[u8], sequence: Option<u16>) -> Result<(), Stop> {
        match sequence {
            Some(sequence) => self.transcript.add(&transcribed(message, sequence)?),
            None => self.transcript.add(message),
        }
        Ok(())
    }

    fn handle(&mut self, state: State, event: Event, out: &mut Vec<u8>) -> Result<Next, Stop> {
        if let Event::Alert(alert) = event {
            self.alert(alert)?;
            return Ok(match state {
                State::Hello(hello) => Next::Hello(hello),
                State::Classic(classic) => Next::Classic(classic),
                State::Tls13(tls13) => Next::Tls13(tls13),
            });
        }
        match (state, event) {
            (State::Hello(hello), Event::Message(message)) => self.server_hello(hello, &message, out),
            (State::Classic(classic), event) => classic.handle(self, event, out),
            (State::Tls13(tls13), Event::Message(message)) => tls13.handle(self, &message, out),
            (_, Event::Data(_)) => Err(PeerMisbehaved::UnexpectedRecord(ContentType::APPLICATION_DATA).into()),
            (_, _) => Err(PeerMisbehaved::ChangeCipherSpec.into()),
        }
    }

    fn alert(&mut self, alert: Alert) -> Result<(), Stop> {
        if alert.ends(self.learned.version.unwrap_or(Version::TLS_1_2)) {
            return Err(Stop::Alert(alert));
        }
        let warnings = self.learned.notes.iter().filter(|note| matches!(note, Note::Warning(_))).count();
        if warnings >= self.offer.limits.alerts {
            return Err(PeerMisbehaved::TooManyAlerts.into());
        }
        self.learned.notes.push(Note::Warning(alert.description));
        Ok(())
    }

    fn server_hello(&mut self, hello: Hello, message: &[u8], out: &mut Vec<u8>) -> Result<Next, Stop> {
        let (kind, body) = parts(message);
        if kind == HandshakeType::HELLO_REQUEST {
            return Ok(Next::Hello(hello));
        }
        if kind == HandshakeType::HELLO_VERIFY_REQUEST && self.offer.datagrams && hello.verified.is_none() {
            return self.verify(hello, body, out);
        }
        if kind != HandshakeType::SERVER_HELLO {
            return Err(PeerMisbehaved::UnexpectedMessage(kind).into());
        }
        let limits = *self.wire.limits();
        let answer = self.note_defects(kind, ServerHello::read(body, &limits))?;
        let on_wire = answer.selected_version();
        let version = on_wire.over_streams();
        self.learned.version = Some(version);
        self.learned.suite = Some(answer.suite);
        if !answer.is_retry() {
            self.learned.server_random = Some(answer.random);
            self.learned.session_id = answer.session_id.to_vec();
        }
        if on_wire != self.offer.on_wire() {
            // A lower version of TLS was offered too, unless the hello had supported_versions.
            let lower = self.offer.version == Version::TLS_1_2
                && version < Version::TLS_1_2
                && Dialect::of(on_wire) == Dialect::of(self.offer.on_wire());
            return Err(match lower {
                true => Stop::Unsupported(Unsupported::Version(version)),
                false => PeerMisbehaved::VersionNotOffered(version).into(),
            });
        }
        if !self.offer.suites.contains(&answer.suite) {
            return Err(PeerMisbehaved::SuiteNotOffered(answer.suite).into());
        }
        if answer.compression != 0 {
            return Err(PeerMisbehaved::Compression(answer.compression).into());
        }
        let unsupported = Stop::Unsupported(Unsupported::Suite(answer.suite));
        let suite = suite::parameters(version, answer.suite).ok_or(unsupported)?;
        if version != Version::TLS_1_3 {
            self.transcribe_received(message)?;
            self.wire.set_version(on_wire);
            return Ok(Next::Classic(Box::new(Classic::new(suite, hello.random, answer.random))));
        }
        if answer.session_id != hello.session_id {
            self.learned.notes.push(Note::SessionIdNotEchoed);
        }
        self.wire.set_version(Version::TLS_1_2);
        self.wire.ignore_change_cipher_spec();
        if answer.is_retry() {
            return self.retry(hello, &answer, suite, message, out);
        }
        if hello.retried.is_some_and(|earlier| earlier != answer.suite) {
            return Err(PeerMisbehaved::SuiteNotOffered(answer.suite).into());
        }
        let share = answer.key_share().ok_or(PeerMisbehaved::Missing("key share"))?;
        self.learned.group = Some(share.group);
        let own = hello.shares.iter().find(|(group, _)| *group == share.group);
        let (_, own) = own.ok_or(PeerMisbehaved::GroupNotOffered(share.group))?;
        let shared = own.agree(share.key_exchange)?;
        self.transcript.add(message);
        Ok(Next::Tls13(Box::new(Tls13::new(self, suite, &shared, !hello.session_id.is_empty())?)))
    }

    /// A HelloVerifyRequest (RFC 6347 4.2.1): the same hello once more with the cookie, and what was said before counts as
    /// not said.
    fn verify(&mut self, mut hello: Hello, body: &[u8], out: &mut Vec<u8>) -> Result<Next, Stop> {
        let limits = *self.wire.limits();
        let kind = HandshakeType::HELLO_VERIFY_REQUEST;
        let request = self.note_defects(kind, HelloVerifyRequest::read(body, &limits))?;
        hello.verified = Some(request.cookie.to_vec());
        self.transcript = Transcript::default();
        self.send_hello(&hello, None, out)?;
        Ok(Next::Hello(hello))
    }

    /// A HelloRetryRequest (RFC 8446 4.1.4): the same hello once more with the share that the server wants.
    fn retry(
        &mut self,
        mut hello: Hello,
        answer: &ServerHello<'_>,
        suite: SuiteParameters,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Next, Stop> {
        self.learned.retried = true;
        self.learned.group = answer.group();
        let cookie = answer.extensions.as_ref().and_then(|extensions| extensions.find(ExtensionType::COOKIE));
        match answer.group() {
            Some(group) => {
                let offered = self.offer.groups.contains(&group);
                let given = hello.shares.iter().any(|(own, _)| *own == group);
                if !offered || given || hello.retried.is_some() {
                    return Err(PeerMisbehaved::GroupNotOffered(group).into());
                }
                hello.shares = vec![(group, share(group, self.offer.open, &mut self.secrets)?)];
            }
            None if cookie.is_some() && hello.retried.is_none() => {}
            None => return Err(PeerMisbehaved::Missing("change in a HelloRetryRequest").into()),
        }
        hello.retried = Some(suite.suite);
        self.transcript.restart(suite.hash);
        self.transcript.add(message);
        self.send_hello(&hello, cookie, out)?;
        Ok(Next::Hello(hello))
    }

    /// The value of a reading; small defects become notes, what cannot be read at all is misbehaviour.
    pub(super) fn note_defects<T>(&mut self, kind: HandshakeType, read: Read<T>) -> Result<T, Stop> {
        let Reading { value, defects, .. } = read.map_err(|defect| PeerMisbehaved::Malformed { kind, defect })?;
        self.learned.notes.extend(defects.into_iter().map(|defect| Note::Defect(kind, defect)));
        Ok(value)
    }

    /// The server's certificates.
    pub(super) fn certificates(&mut self, version: Version, body: &[u8]) -> Result<(), Stop> {
        let limits = *self.wire.limits();
        let dialect = Dialect::of(version).unwrap_or(Dialect::Tls);
        let read = Certificates::read(body, dialect, version, &limits);
        let list = self.note_defects(HandshakeType::CERTIFICATE, read)?;
        self.learned.certificates = list.entries.iter().map(|entry| entry.der.to_vec()).collect();
        if let (true, Version::TLS_1_3, Some(entry)) = (self.offer.features, version, list.entries.first()) {
            features::of_certificate(&entry.extensions, &mut self.learned.features);
        }
        if self.learned.certificates.is_empty() {
            return Err(PeerMisbehaved::Missing("certificate").into());
        }
        Ok(())
    }

    /// What the server wants a client to prove itself with: accepted schemes, where it names them.
    pub(super) fn certificate_request(&mut self, version: Version, body: &[u8]) -> Result<Asked, Stop> {
        let limits = *self.wire.limits();
        let dialect = Dialect::of(version).unwrap_or(Dialect::Tls);
        let kind = HandshakeType::CERTIFICATE_REQUEST;
        let request = self.note_defects(kind, CertificateRequest::read(body, dialect, version, &limits))?;
        self.learned.client_certificate_asked = Some(true);
        let malformed = |defect| PeerMisbehaved::Malformed { kind, defect };
        Ok(match request {
            CertificateRequest::Types { schemes, authorities, .. } => {
                self.learned.client_authorities = authorities.into_iter().map(<[u8]>::to_vec).collect();
                Asked { context: Vec::new(), schemes }
            }
            CertificateRequest::Extensions { context, extensions } => {
                let names = extensions.find(ExtensionType::CERTIFICATE_AUTHORITIES);
                self.learned.client_authorities = names.map(authorities).unwrap_or_default();
                let schemes = extensions.signature_algorithms().transpose().map_err(malformed)?;
                Asked { context: context.to_vec(), schemes }
            }
        })
    }

    /// The key of the certificate at `position`, if it can be read; that it cannot is a note.
    pub(super) fn key(&mut self, position: usize) -> Option<PublicKey> {
        let key = public_key(self.learned.certificates.get(position)?).ok();
        if key.is_none() {
            self.learned.notes.push(Note::UnreadableKey { position });
        }
        key
    }

    /// Checks the server's signature over `text` with its signing key, and notes what that proves. A signature that
    /// cannot be checked proves nothing and stops nothing; a wrong one stops.
    pub(super) fn check_signature(
        &mut self,
        scheme: Scheme,
        text: &[u8],
        signature: &[u8],
        by: &str,
    ) -> Result<(), Stop> {
        self.learned.scheme = Some(scheme);
        let is_tls13 = self.learned.version == Some(Version::TLS_1_3);
        let (Some(key), Some(algorithm)) = (self.key(0), algorithm(scheme, is_tls13)) else {
            self.learned.notes.push(Note::SignatureNotChecked);
            return Ok(());
        };
        let verified = signature::verify(&key, algorithm, text, signature);
        match verified {
            Ok(()) => self.learned.prove(KeyRole::Signing, 0, by, &[]),
            Err(VerifyError::Unsupported) => self.learned.notes.push(Note::SignatureNotChecked),
            // At least one code base signs with the identifier of certificates where RFC 8998 has its own.
            Err(VerifyError::Wrong)
                if is_tls13 && self::algorithm(scheme, false) != Some(algorithm) && {
                    let default = self::algorithm(scheme, false).unwrap_or(algorithm);
                    signature::verify(&key, default, text, signature).is_ok()
                } =>
            {
                self.learned.notes.push(Note::WrongIdentifier);
                self.learned.prove(KeyRole::Signing, 0, by, &["wrong-identifier"]);
            }
            Err(error) => return Err(PeerMisbehaved::Signature(error).into()),
        }
        Ok(())
    }

    fn done(mut self, finished: Finished) -> Done {
        if self.learned.client_certificate_asked.is_none() {
            self.learned.client_certificate_asked = Some(false);
        }
        let proof = Proof::new(self.learned, finished.version, finished.suite.suite);
        let connection = Connection::new(self.wire, self.secrets, finished.version, finished.suite, finished.traffic);
        Done { proof, connection }
    }

    fn stop(mut self, reason: Stop, out: &mut Vec<u8>) -> Box<Stopped> {
        let (wire, secrets) = (&mut self.wire, &mut self.secrets);
        // Writing two bytes fails only when the keys are spent; then there is no way to say anything.
        let _ = match reason.alert() {
            None => Ok(()),
            Some(AlertDescription::USER_CANCELED) => wire
                .send_alert(AlertLevel::WARNING, AlertDescription::USER_CANCELED, secrets, out)
                .and_then(|()| wire.send_alert(AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY, secrets, out)),
            Some(description) => wire.send_alert(AlertLevel::FATAL, description, secrets, out),
        };
        Box::new(Stopped { reason, learned: self.learned })
    }
}

/// What a CertificateRequest said.
pub(super) struct Asked {
    /// What the answer must repeat (TLS 1.3).
    pub(super) context: Vec<u8>,
    /// Accepted schemes, where the version names them.
    pub(super) schemes: Option<Vec<Scheme>>,
}

impl Asked {
    /// The scheme to answer with.
    pub(super) fn scheme(&self, identity: &Identity, version: Version) -> Option<Scheme> {
        let key = identity.signing.public_key();
        match (&self.schemes, Dialect::of(version).and_then(scheme::unnamed)) {
            (Some(accepted), _) => scheme::choose(&key, accepted, version == Version::TLS_1_3),
            (None, unnamed) => unnamed,
        }
    }
}

/// Signs `text` with the identity's signing key.
pub(super) fn sign(
    identity: &Identity,
    scheme: Scheme,
    version: Version,
    text: &[u8],
    secrets: &mut Secrets,
) -> Result<Vec<u8>, Stop> {
    let algorithm = algorithm(scheme, version == Version::TLS_1_3).ok_or(CryptoError::Unsupported)?;
    Ok(identity.signing.sign(algorithm, text, &mut secrets.source(Purpose::Signature))?)
}

/// The names in a certificate_authorities extension (RFC 8446 4.2.4), as many as can be read.
fn authorities(body: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    if let Ok(mut list) = dengmi_parse::Reader::new(body).vector16() {
        while let Ok(mut name) = list.vector16() {
            names.push(name.rest().to_vec());
        }
    }
    names
}
