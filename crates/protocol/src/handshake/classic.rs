//! The client's handshake of TLCP (GB/T 38636-2020 6.4) and TLS 1.2 (RFC 5246 7.3). They share their order of
//! messages and their key schedule; what differs stands in [`super::tlcp`] and [`super::tls12`].

use dengmi_core::{Group, KeyRole, Scheme, Version};
use dengmi_crypto::agreement::EphemeralKey;
use dengmi_parse::tls::message::{
    CertificateVerify, Certificates, Finished, NewSessionTicket, ServerHelloDone, ServerKeyExchange, Signature,
    SignedParameters,
};
use dengmi_parse::tls::{ContentType, Dialect, HandshakeType};

use super::client::{self, Asked, Common, Next, generate, sign};
use super::identity::Identity;
use super::learned::Note;
use super::record::RecordKey;
use super::schedule::{FinishedBy, MasterSecret};
use super::stop::{PeerMisbehaved, Stop, Unsupported};
use super::suite::{KeyExchange, SuiteParameters};
use super::wire::{Event, parts};
use super::{scheme, signed, tlcp, tls12};

/// The state after ServerHello.
pub(super) struct Classic {
    pub(super) suite: SuiteParameters,
    client_random: [u8; 32],
    server_random: [u8; 32],
    expect: Expect,
    server_share: Option<ServerShare>,
    asked: Option<Asked>,
    keys: Option<Keys>,
}

/// What the server agrees keys with.
pub(super) struct ServerShare {
    pub(super) group: Group,
    pub(super) point: Vec<u8>,
}

struct Keys {
    master: MasterSecret,
    /// Until the server's ChangeCipherSpec.
    server: Option<RecordKey>,
}

/// The pre-master secret and the ClientKeyExchange that tells it to the server.
pub(super) struct Exchanged {
    pub(super) pre_master: Vec<u8>,
    pub(super) message: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Certificate,
    ServerKeyExchange,
    RequestOrDone,
    Done,
    ChangeCipherSpec,
    Finished,
}

impl Classic {
    pub(super) fn new(suite: SuiteParameters, client_random: [u8; 32], server_random: [u8; 32]) -> Classic {
        Classic {
            suite,
            client_random,
            server_random,
            expect: Expect::Certificate,
            server_share: None,
            asked: None,
            keys: None,
        }
    }

    fn dialect(&self) -> Dialect {
        match self.suite.key_exchange {
            KeyExchange::TlcpEcc | KeyExchange::TlcpEcdhe => Dialect::Tlcp,
            KeyExchange::Rsa | KeyExchange::Ecdhe(_) | KeyExchange::Tls13 => Dialect::Tls,
        }
    }

    fn version(&self) -> Version {
        if self.dialect() == Dialect::Tlcp { Version::TLCP } else { Version::TLS_1_2 }
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        common: &mut Common,
        event: Event,
        out: &mut Vec<u8>,
    ) -> Result<Next, Stop> {
        let message = match event {
            Event::Message(message) => message,
            Event::ChangeCipherSpec => {
                let due = self.keys.as_mut().filter(|_| self.expect == Expect::ChangeCipherSpec);
                let key = due.and_then(|keys| keys.server.take()).ok_or(PeerMisbehaved::ChangeCipherSpec)?;
                common.wire.read_with(key)?;
                self.expect = Expect::Finished;
                return Ok(Next::Classic(self));
            }
            Event::Data(_) | Event::Alert(_) => {
                return Err(PeerMisbehaved::UnexpectedRecord(ContentType::APPLICATION_DATA).into());
            }
        };
        let (kind, body) = parts(&message);
        match (self.expect, kind) {
            // Not part of the transcript, and nothing to do during a handshake (RFC 5246 7.4.1.1).
            (_, HandshakeType::HELLO_REQUEST) => return Ok(Next::Classic(self)),
            (Expect::Certificate, HandshakeType::CERTIFICATE) => self.certificate(common, body)?,
            (Expect::ServerKeyExchange, HandshakeType::SERVER_KEY_EXCHANGE) => {
                self.server_key_exchange(common, body)?
            }
            (Expect::RequestOrDone, HandshakeType::CERTIFICATE_REQUEST) => {
                self.asked = Some(common.certificate_request(self.version(), body)?);
                self.expect = Expect::Done;
            }
            (Expect::RequestOrDone | Expect::Done, HandshakeType::SERVER_HELLO_DONE) => {
                let limits = *common.wire.limits();
                common.note_defects(kind, ServerHelloDone::read(body, &limits))?;
                common.learned.client_certificate_asked = Some(self.asked.is_some());
                common.transcribe_received(&message)?;
                self.answer(common, out)?;
                return Ok(Next::Classic(self));
            }
            (Expect::ChangeCipherSpec, HandshakeType::NEW_SESSION_TICKET) => {
                let limits = *common.wire.limits();
                let read = NewSessionTicket::read(body, self.dialect(), self.version(), &limits);
                let ticket = common.note_defects(kind, read)?;
                common.learned.ticket = Some(ticket.ticket.to_vec());
                let features = &mut common.learned.features;
                features.session_ticket = Some(true);
                features.ticket_lifetime = Some(ticket.lifetime);
            }
            (Expect::Finished, HandshakeType::FINISHED) => return self.finished(common, body),
            _ => return Err(PeerMisbehaved::UnexpectedMessage(kind).into()),
        }
        common.transcribe_received(&message)?;
        Ok(Next::Classic(self))
    }

    fn certificate(&mut self, common: &mut Common, body: &[u8]) -> Result<(), Stop> {
        common.certificates(self.version(), body)?;
        if self.dialect().has_certificate_pair() && common.learned.certificates.len() == 1 {
            common.learned.notes.push(Note::SingleCertificate);
        }
        self.expect = match self.suite.key_exchange {
            KeyExchange::Rsa => Expect::RequestOrDone,
            _ => Expect::ServerKeyExchange,
        };
        Ok(())
    }

    pub(super) fn encryption_position(&self, common: &Common) -> usize {
        signed::encryption_position(self.dialect(), common.learned.certificates.len())
    }

    fn server_key_exchange(&mut self, common: &mut Common, body: &[u8]) -> Result<(), Stop> {
        let limits = *common.wire.limits();
        let read = ServerKeyExchange::read(body, self.dialect(), self.version(), self.suite.suite, &limits);
        let exchange = common.note_defects(HandshakeType::SERVER_KEY_EXCHANGE, read)?;
        let certificate = common.learned.certificates.get(self.encryption_position(common));
        let certificate = certificate.map(Vec::as_slice).unwrap_or_default();
        let text = signed::text(&exchange, [&self.client_random, &self.server_random], certificate)?;
        let text = text.ok_or(Stop::Unsupported(Unsupported::KeyExchange))?;
        let (share, signature) = match (self.suite.key_exchange, exchange) {
            (KeyExchange::TlcpEcc, ServerKeyExchange::CertificateOnly(signature)) => (None, Some(signature)),
            (
                KeyExchange::Ecdhe(_) | KeyExchange::TlcpEcdhe,
                ServerKeyExchange::Signed { parameters: SignedParameters::Curve(curve), signature },
            ) => (Some(ServerShare { group: curve.group, point: curve.point.to_vec() }), signature),
            _ => return Err(Stop::Unsupported(Unsupported::KeyExchange)),
        };
        let Signature { scheme: named, bytes } = signature.ok_or(PeerMisbehaved::Missing("signature"))?;
        let scheme = named.or(scheme::unnamed(self.dialect())).ok_or(PeerMisbehaved::Missing("signature scheme"))?;
        if named.is_some() && !common.offer.schemes.is_empty() && !common.offer.schemes.contains(&scheme) {
            return Err(PeerMisbehaved::SchemeNotOffered(scheme).into());
        }
        common.check_signature(scheme, &text, bytes, "server-key-exchange")?;
        if let Some(share) = share {
            self.server_share = Some(self.checked(common, share)?);
        }
        self.expect = Expect::RequestOrDone;
        Ok(())
    }

    /// The standard lets a receiver of TLCP pass over the number of the curve: with SM2 there is only one.
    fn checked(&self, common: &mut Common, share: ServerShare) -> Result<ServerShare, Stop> {
        common.learned.group = Some(share.group);
        if self.dialect() == Dialect::Tlcp {
            if share.group != Group::CURVE_SM2 {
                common.learned.notes.push(Note::OtherCurveNumber(share.group));
            }
            return Ok(ServerShare { group: Group::CURVE_SM2, ..share });
        }
        if !common.offer.groups.is_empty() && !common.offer.groups.contains(&share.group) {
            return Err(PeerMisbehaved::GroupNotOffered(share.group).into());
        }
        Ok(share)
    }

    /// The server's ephemeral point and a key of our own in its group.
    pub(super) fn agreement(&self, common: &mut Common) -> Result<(&ServerShare, EphemeralKey), Stop> {
        let share = self.server_share.as_ref().ok_or(PeerMisbehaved::Missing("key share"))?;
        Ok((share, generate(share.group, &mut common.secrets)?))
    }

    /// The client's second flight.
    fn answer(&mut self, common: &mut Common, out: &mut Vec<u8>) -> Result<(), Stop> {
        let identity = common.offer.identity.clone();
        let version = self.version();
        let certified = self.asked.as_ref().and_then(|asked| {
            let identity = identity.as_deref()?;
            Some((identity, asked.scheme(identity, version)?))
        });
        let Exchanged { pre_master, message } = match self.suite.key_exchange {
            KeyExchange::TlcpEcc => tlcp::encrypt(self, common)?,
            KeyExchange::TlcpEcdhe => {
                // Without a request there is no way to show the certificate that the exchange needs.
                let (identity, _) = certified.ok_or(Stop::NeedsClientPair)?;
                tlcp::exchange(self, common, identity)?
            }
            KeyExchange::Rsa => tls12::encrypt(common)?,
            KeyExchange::Ecdhe(_) => tls12::agree(self, common)?,
            KeyExchange::Tls13 => return Err(Stop::Unsupported(Unsupported::Suite(self.suite.suite))),
        };
        if self.asked.is_some() {
            let list = certified.map(|(identity, _)| identity.certificates.as_slice()).unwrap_or_default();
            let mut bytes = Vec::new();
            Certificates::list(list.iter().map(Vec::as_slice)).write(&mut bytes)?;
            common.send_message(&bytes, out)?;
        }
        common.send_message(&message, out)?;
        if let Some((identity, scheme)) = certified {
            self.certificate_verify(common, identity, scheme, out)?;
        }

        let master = MasterSecret::new(self.suite.hash, &pre_master, &self.client_random, &self.server_random);
        let keys = master.keys(version, self.suite.protection, &self.client_random, &self.server_random)?;
        common.wire.send_change_cipher_spec(out)?;
        common.wire.write_with(keys.client);
        let verify_data = master.finished(FinishedBy::Client, &common.transcript.digest(self.suite.hash));
        let mut bytes = Vec::new();
        Finished(&verify_data).write(&mut bytes)?;
        common.send_message(&bytes, out)?;
        self.keys = Some(Keys { master, server: Some(keys.server) });
        self.expect = Expect::ChangeCipherSpec;
        Ok(())
    }

    fn certificate_verify(
        &self,
        common: &mut Common,
        identity: &Identity,
        scheme: Scheme,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let hashed = self.dialect() == Dialect::Tlcp && !common.offer.forms.verifies_messages;
        let text = match hashed {
            true => common.transcript.digest(self.suite.hash).to_vec(),
            false => common.transcript.messages().to_vec(),
        };
        let signature = sign(identity, scheme, self.version(), &text, &mut common.secrets)?;
        let named = self.dialect().names_scheme(self.version()).then_some(scheme);
        let mut bytes = Vec::new();
        CertificateVerify(Signature { scheme: named, bytes: &signature }).write(&mut bytes)?;
        common.send_message(&bytes, out)
    }

    fn finished(self: Box<Self>, common: &mut Common, body: &[u8]) -> Result<Next, Stop> {
        let keys = self.keys.as_ref().ok_or(PeerMisbehaved::Finished)?;
        let expected = keys.master.finished(FinishedBy::Server, &common.transcript.digest(self.suite.hash));
        if body != expected {
            return Err(PeerMisbehaved::Finished.into());
        }
        // The server could not have come to the same keys without the private key of this certificate.
        if !matches!(self.suite.key_exchange, KeyExchange::Ecdhe(_)) {
            let position = self.encryption_position(common);
            common.learned.prove(KeyRole::Encryption, position, "finished", &[]);
        }
        Ok(Next::Done(client::Finished { version: self.version(), suite: self.suite, traffic: None }))
    }
}
