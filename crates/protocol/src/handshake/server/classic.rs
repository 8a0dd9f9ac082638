//! The server's handshake of TLCP and TLS 1.2.

use dengmi_core::{Scheme, Version};
use dengmi_crypto::agreement::EphemeralKey;
use dengmi_crypto::sm2::Ciphertext;
use dengmi_parse::tls::message::{
    Certificates, ClientHello, ClientKeyExchange, CurvePoint, Finished, ServerHelloDone, ServerKeyExchange, Signature,
    SignedParameters,
};
use dengmi_parse::tls::{ContentType, Dialect, HandshakeType};

use super::{Common, State, schemes, server_hello, value};
use crate::handshake::client::{generate, sign};
use crate::handshake::record::RecordKey;
use crate::handshake::schedule::{FinishedBy, MasterSecret};
use crate::handshake::scheme;
use crate::handshake::secrets::Purpose;
use crate::handshake::stop::{PeerMisbehaved, Stop, Unsupported};
use crate::handshake::suite::{KeyExchange, SuiteParameters};
use crate::handshake::wire::{Event, parts};
use crate::handshake::{tlcp, tls12};

/// The state after ServerHelloDone.
pub(super) struct Classic {
    suite: SuiteParameters,
    version: Version,
    client_random: [u8; 32],
    server_random: [u8; 32],
    ephemeral: Option<EphemeralKey>,
    expect: Expect,
}

enum Expect {
    ClientKeyExchange,
    ChangeCipherSpec { master: MasterSecret, client: RecordKey, server: RecordKey },
    Finished { master: MasterSecret, server: RecordKey },
}

impl Classic {
    /// Sends ServerHello to ServerHelloDone.
    pub(super) fn answer(
        common: &mut Common,
        hello: &ClientHello<'_>,
        suite: SuiteParameters,
        out: &mut Vec<u8>,
    ) -> Result<Classic, Stop> {
        let version = if Dialect::of(hello.version) == Some(Dialect::Tlcp) { Version::TLCP } else { Version::TLS_1_2 };
        let server_random = common.random();
        let mut classic = Classic {
            suite,
            version,
            client_random: hello.random,
            server_random,
            ephemeral: None,
            expect: Expect::ClientKeyExchange,
        };
        let mut bytes = Vec::new();
        server_hello(hello, version, suite.suite, server_random).write(&mut bytes)?;
        common.send_message(&bytes, out)?;

        let config = common.config.clone();
        let identity = if version == Version::TLCP { &config.tlcp } else { &config.tls };
        let identity = identity.as_ref().ok_or(Stop::NothingInCommon)?;
        let mut bytes = Vec::new();
        Certificates::list(identity.certificates.iter().map(Vec::as_slice)).write(&mut bytes)?;
        common.send_message(&bytes, out)?;

        let mut text = [hello.random, server_random].concat();
        let key = identity.signing.public_key();
        match suite.key_exchange {
            KeyExchange::TlcpEcc => {
                let encryption = identity.certificates.get(1).map(Vec::as_slice).unwrap_or_default();
                text.extend(tlcp::with_length(encryption)?);
                let signature = sign(identity, Scheme::SM2SIG_SM3, version, &text, &mut common.secrets)?;
                common.accepted.scheme = Some(Scheme::SM2SIG_SM3);
                let signature = Signature { scheme: None, bytes: &signature };
                let mut bytes = Vec::new();
                ServerKeyExchange::CertificateOnly(signature).write(&mut bytes)?;
                common.send_message(&bytes, out)?;
            }
            KeyExchange::Ecdhe(_) => {
                let group = common.group(hello).ok_or(Stop::NothingInCommon)?;
                let chosen = scheme::choose(&key, &schemes(hello), false).ok_or(Stop::NothingInCommon)?;
                let ephemeral = generate(group, &mut common.secrets)?;
                let point = ephemeral.share();
                let curve = CurvePoint { group, point: &point };
                curve.write(&mut text)?;
                let signature = sign(identity, chosen, version, &text, &mut common.secrets)?;
                common.accepted.group = Some(group);
                common.accepted.scheme = Some(chosen);
                let mut bytes = Vec::new();
                ServerKeyExchange::Signed {
                    parameters: SignedParameters::Curve(curve),
                    signature: Some(Signature { scheme: Some(chosen), bytes: &signature }),
                }
                .write(&mut bytes)?;
                common.send_message(&bytes, out)?;
                classic.ephemeral = Some(ephemeral);
            }
            KeyExchange::Rsa => {}
            KeyExchange::TlcpEcdhe | KeyExchange::Tls13 => {
                return Err(Stop::Unsupported(Unsupported::Suite(suite.suite)));
            }
        }
        let mut bytes = Vec::new();
        ServerHelloDone.write(&mut bytes)?;
        common.send_message(&bytes, out)?;
        Ok(classic)
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        common: &mut Common,
        event: Event,
        out: &mut Vec<u8>,
    ) -> Result<State, Stop> {
        match (self.expect, event) {
            (Expect::ClientKeyExchange, Event::Message(message)) => {
                let (kind, body) = parts(&message);
                if kind != HandshakeType::CLIENT_KEY_EXCHANGE {
                    return Err(PeerMisbehaved::UnexpectedMessage(kind).into());
                }
                let dialect = Dialect::of(self.version).unwrap_or(Dialect::Tls);
                let exchange = value(kind, ClientKeyExchange::read(body, dialect, common.wire.limits()))?;
                let pre_master = pre_master(common, &self.suite, self.ephemeral.as_ref(), exchange)?;
                common.transcript.add(&message);
                let (client_random, server_random) = (&self.client_random, &self.server_random);
                let master = MasterSecret::new(self.suite.hash, &pre_master, client_random, server_random);
                let keys = master.keys(self.version, self.suite.protection, client_random, server_random)?;
                self.expect = Expect::ChangeCipherSpec { master, client: keys.client, server: keys.server };
            }
            (Expect::ChangeCipherSpec { master, client, server }, Event::ChangeCipherSpec) => {
                common.wire.read_with(client)?;
                self.expect = Expect::Finished { master, server };
            }
            (Expect::Finished { master, server }, Event::Message(message)) => {
                let (kind, body) = parts(&message);
                if kind != HandshakeType::FINISHED {
                    return Err(PeerMisbehaved::UnexpectedMessage(kind).into());
                }
                let hash = common.transcript.digest(self.suite.hash);
                if body != master.finished(FinishedBy::Client, &hash) {
                    return Err(PeerMisbehaved::Finished.into());
                }
                common.transcript.add(&message);
                common.wire.send_change_cipher_spec(out)?;
                common.wire.write_with(server);
                let hash = common.transcript.digest(self.suite.hash);
                let mut bytes = Vec::new();
                Finished(&master.finished(FinishedBy::Server, &hash)).write(&mut bytes)?;
                common.send_message(&bytes, out)?;
                return Ok(State::Done(super::Finished { version: self.version, suite: self.suite, traffic: None }));
            }
            (_, Event::Message(message)) => return Err(PeerMisbehaved::UnexpectedMessage(parts(&message).0).into()),
            (_, Event::Data(_)) => {
                return Err(PeerMisbehaved::UnexpectedRecord(ContentType::APPLICATION_DATA).into());
            }
            (_, Event::ChangeCipherSpec | Event::Alert(_)) => return Err(PeerMisbehaved::ChangeCipherSpec.into()),
        }
        Ok(State::Classic(self))
    }
}

fn pre_master(
    common: &mut Common,
    suite: &SuiteParameters,
    ephemeral: Option<&EphemeralKey>,
    exchange: ClientKeyExchange<'_>,
) -> Result<Vec<u8>, Stop> {
    let config = common.config.clone();
    match (suite.key_exchange, exchange) {
        (KeyExchange::TlcpEcc, ClientKeyExchange::Long(sealed)) => {
            let key = config.tlcp.as_ref().and_then(|identity| identity.encryption.as_ref()?.sm2());
            let key = key.ok_or(Stop::NothingInCommon)?;
            let opened = Ciphertext::from_der(sealed).and_then(|sealed| key.decrypt(&sealed));
            let pre_master = opened.map_err(|_| PeerMisbehaved::PreMasterSecret)?;
            if pre_master.len() != 48 || !pre_master.starts_with(&tlcp::PRE_MASTER_VERSION) {
                return Err(PeerMisbehaved::PreMasterSecret.into());
            }
            Ok(pre_master)
        }
        (KeyExchange::Rsa, ClientKeyExchange::Long(sealed)) => {
            let identity = config.tls.as_ref().ok_or(Stop::NothingInCommon)?;
            // Whatever is wrong inside must look like a wrong Finished (RFC 5246 7.4.7.1).
            let substitute =
                [&tls12::PRE_MASTER_VERSION[..], &common.secrets.array::<46>(Purpose::PreMasterSecret)].concat();
            let opened = identity.signing.decrypt_rsa(sealed, &mut common.secrets.source(Purpose::Encryption));
            let sound = |secret: &Vec<u8>| secret.len() == 48 && secret.starts_with(&tls12::PRE_MASTER_VERSION);
            Ok(opened.ok().filter(sound).unwrap_or(substitute))
        }
        (KeyExchange::Ecdhe(_), ClientKeyExchange::Point(point)) => {
            Ok(ephemeral.ok_or(PeerMisbehaved::Missing("key share"))?.agree(point)?)
        }
        _ => Err(PeerMisbehaved::PreMasterSecret.into()),
    }
}
