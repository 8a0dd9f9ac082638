//! The client's handshake of TLS 1.3 after ServerHello (RFC 8446 4.3 and 4.4), with the algorithms of RFC 8998 too.

use dengmi_core::Version;
use dengmi_parse::tls::message::{
    CertificateEntry, CertificateVerify, Certificates, EncryptedExtensions, Extensions, Finished, Signature,
};
use dengmi_parse::tls::{Dialect, HandshakeType};

use super::client::{self, Asked, Common, Next, sign};
use super::connection::Traffic;
use super::features;
use super::schedule::{FinishedBy, Schedule, TrafficSecret, certificate_verify_text};
use super::stop::{PeerMisbehaved, Stop};
use super::suite::SuiteParameters;
use super::wire::parts;

/// The state after ServerHello.
pub(super) struct Tls13 {
    suite: SuiteParameters,
    schedule: Schedule,
    client: TrafficSecret,
    server: TrafficSecret,
    expect: Expect,
    asked: Option<Asked>,
    /// A ChangeCipherSpec goes before our flight (RFC 8446 D.4).
    compatible: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    EncryptedExtensions,
    RequestOrCertificate,
    Certificate,
    CertificateVerify,
    Finished,
}

/// The two secrets of a stage.
pub(super) fn traffic_secrets(
    schedule: &Schedule,
    suite: &SuiteParameters,
    labels: [&[u8]; 2],
    transcript_hash: &[u8],
) -> Result<[TrafficSecret; 2], Stop> {
    let [client, server] = labels;
    Ok([
        TrafficSecret::new(suite.hash, schedule.derive(client, transcript_hash)?),
        TrafficSecret::new(suite.hash, schedule.derive(server, transcript_hash)?),
    ])
}

/// The labels of the handshake's secrets.
pub(super) const HANDSHAKE: [&[u8]; 2] = [b"c hs traffic", b"s hs traffic"];

/// The labels of the application's first secrets.
pub(super) const APPLICATION: [&[u8]; 2] = [b"c ap traffic", b"s ap traffic"];

impl Tls13 {
    pub(super) fn new(
        common: &mut Common,
        suite: SuiteParameters,
        shared: &[u8],
        compatible: bool,
    ) -> Result<Tls13, Stop> {
        let schedule = Schedule::early(suite.hash).handshake(shared)?;
        let hash = common.transcript.digest(suite.hash);
        let [client, server] = traffic_secrets(&schedule, &suite, HANDSHAKE, &hash)?;
        common.wire.read_with(server.record_key(&suite)?)?;
        common.wire.write_with(client.record_key(&suite)?);
        Ok(Tls13 { suite, schedule, client, server, expect: Expect::EncryptedExtensions, asked: None, compatible })
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        common: &mut Common,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Next, Stop> {
        let (kind, body) = parts(message);
        let limits = *common.wire.limits();
        match (self.expect, kind) {
            (Expect::EncryptedExtensions, HandshakeType::ENCRYPTED_EXTENSIONS) => {
                let EncryptedExtensions(extensions) =
                    common.note_defects(kind, EncryptedExtensions::read(body, &limits))?;
                if common.offer.features {
                    features::of_encrypted_extensions(&extensions, &mut common.learned.features);
                }
                self.expect = Expect::RequestOrCertificate;
            }
            (Expect::RequestOrCertificate, HandshakeType::CERTIFICATE_REQUEST) => {
                self.asked = Some(common.certificate_request(Version::TLS_1_3, body)?);
                self.expect = Expect::Certificate;
            }
            (Expect::RequestOrCertificate | Expect::Certificate, HandshakeType::CERTIFICATE) => {
                common.learned.client_certificate_asked = Some(self.asked.is_some());
                common.certificates(Version::TLS_1_3, body)?;
                self.expect = Expect::CertificateVerify;
            }
            (Expect::CertificateVerify, HandshakeType::CERTIFICATE_VERIFY) => {
                let read = CertificateVerify::read(body, Dialect::Tls, Version::TLS_1_3, &limits);
                let CertificateVerify(Signature { scheme, bytes }) = common.note_defects(kind, read)?;
                let scheme = scheme.ok_or(PeerMisbehaved::Missing("signature scheme"))?;
                if !common.offer.schemes.contains(&scheme) {
                    return Err(PeerMisbehaved::SchemeNotOffered(scheme).into());
                }
                let leaf = common.learned.certificates.first();
                if leaf.is_some_and(|leaf| common.offer.proved.contains(leaf)) {
                    common.learned.scheme = Some(scheme);
                    return Err(Stop::Cancelled);
                }
                let hash = common.transcript.digest(self.suite.hash);
                let text = certificate_verify_text(FinishedBy::Server, &hash);
                common.check_signature(scheme, &text, bytes, "certificate-verify")?;
                self.expect = Expect::Finished;
            }
            (Expect::Finished, HandshakeType::FINISHED) => {
                let hash = common.transcript.digest(self.suite.hash);
                if body != self.server.finished(&hash)? {
                    return Err(PeerMisbehaved::Finished.into());
                }
                common.transcript.add(message);
                return (*self).answer(common, out);
            }
            _ => return Err(PeerMisbehaved::UnexpectedMessage(kind).into()),
        }
        common.transcript.add(message);
        Ok(Next::Tls13(self))
    }

    /// The client's second flight, and the keys of the application.
    fn answer(self, common: &mut Common, out: &mut Vec<u8>) -> Result<Next, Stop> {
        let schedule = self.schedule.master()?;
        let hash = common.transcript.digest(self.suite.hash);
        let [client, server] = traffic_secrets(&schedule, &self.suite, APPLICATION, &hash)?;
        if self.compatible {
            common.wire.send_change_cipher_spec(out)?;
        }
        if let Some(asked) = &self.asked {
            certify(common, asked, &self.suite, out)?;
        }
        let hash = common.transcript.digest(self.suite.hash);
        let mut bytes = Vec::new();
        Finished(&self.client.finished(&hash)?).write(&mut bytes)?;
        common.send_message(&bytes, out)?;

        common.wire.read_with(server.record_key(&self.suite)?)?;
        common.wire.write_with(client.record_key(&self.suite)?);
        let hash = common.transcript.digest(self.suite.hash);
        let resumption = TrafficSecret::new(self.suite.hash, schedule.derive(b"res master", &hash)?);
        let traffic = Some(Traffic { own: client, peer: server, resumption: Some(resumption) });
        Ok(Next::Done(client::Finished { version: Version::TLS_1_3, suite: self.suite, traffic }))
    }
}

/// Certificate and, unless that is empty, CertificateVerify.
fn certify(common: &mut Common, asked: &Asked, suite: &SuiteParameters, out: &mut Vec<u8>) -> Result<(), Stop> {
    let identity = common.offer.identity.clone();
    let certified =
        identity.as_deref().and_then(|identity| Some((identity, asked.scheme(identity, Version::TLS_1_3)?)));
    let list = certified.map(|(identity, _)| identity.certificates.as_slice()).unwrap_or_default();
    let entries = list.iter().map(|der| CertificateEntry { der, extensions: Extensions::default() }).collect();
    let mut bytes = Vec::new();
    Certificates { context: Some(&asked.context), entries }.write(&mut bytes)?;
    common.send_message(&bytes, out)?;
    if let Some((identity, scheme)) = certified {
        let hash = common.transcript.digest(suite.hash);
        let text = certificate_verify_text(FinishedBy::Client, &hash);
        let signature = sign(identity, scheme, Version::TLS_1_3, &text, &mut common.secrets)?;
        let mut bytes = Vec::new();
        CertificateVerify(Signature { scheme: Some(scheme), bytes: &signature }).write(&mut bytes)?;
        common.send_message(&bytes, out)?;
    }
    Ok(())
}
