//! The server's handshake of TLS 1.3.

use dengmi_core::{Group, Suite, Version};
use dengmi_parse::tls::HandshakeType;
use dengmi_parse::tls::message::{
    CertificateEntry, CertificateVerify, Certificates, ClientHello, EncryptedExtensions, Extension, Extensions,
    Finished, HELLO_RETRY_REQUEST_RANDOM, KeyShareEntry, ServerHello, Signature,
};

use super::{Common, State, schemes};
use crate::handshake::client::{generate, sign};
use crate::handshake::connection::Traffic;
use crate::handshake::schedule::{FinishedBy, Schedule, TrafficSecret, certificate_verify_text};
use crate::handshake::scheme;
use crate::handshake::stop::{PeerMisbehaved, Stop};
use crate::handshake::suite::SuiteParameters;
use crate::handshake::tls13::{APPLICATION, HANDSHAKE, traffic_secrets};
use crate::handshake::wire::parts;

/// What a HelloRetryRequest asked for.
pub(super) struct Retried {
    suite: Suite,
    group: Group,
}

/// The state after the server's Finished.
pub(super) struct Tls13 {
    suite: SuiteParameters,
    /// Of the client's Finished.
    handshake: TrafficSecret,
    client: TrafficSecret,
    server: TrafficSecret,
}

/// Answers a hello: with a HelloRetryRequest, or with everything up to Finished.
pub(super) fn answer(
    common: &mut Common,
    retried: Option<Retried>,
    hello: &ClientHello<'_>,
    suite: SuiteParameters,
    message: &[u8],
    out: &mut Vec<u8>,
) -> Result<State, Stop> {
    if retried.as_ref().is_some_and(|earlier| earlier.suite != suite.suite) {
        return Err(PeerMisbehaved::SuiteNotOffered(suite.suite).into());
    }
    common.wire.ignore_change_cipher_spec();
    common.transcript.add(message);
    let shares = hello.extensions.as_ref().and_then(Extensions::key_shares).and_then(Result::ok);
    let shares = shares.ok_or(PeerMisbehaved::Missing("key share"))?;
    let wanted = |group: &&Group| shares.iter().any(|share| share.group == **group);
    // A group that the client has a share for saves a round trip.
    let group = match &retried {
        Some(earlier) => Some(earlier.group),
        None => common.config.groups.iter().find(wanted).copied().or_else(|| common.group(hello)),
    };
    let group = group.ok_or(Stop::NothingInCommon)?;
    common.accepted.group = Some(group);
    let Some(share) = shares.iter().find(|share| share.group == group) else {
        return retry(common, retried, hello, suite, group, out);
    };

    let ephemeral = generate(group, &mut common.secrets)?;
    let shared = ephemeral.agree(share.key_exchange)?;
    let own = ephemeral.share();
    let random = common.random();
    let extensions = Extensions(vec![
        Extension::selected_version(Version::TLS_1_3),
        Extension::key_share(KeyShareEntry { group, key_exchange: &own })?,
    ]);
    let mut bytes = Vec::new();
    server_hello(hello, suite.suite, random, extensions).write(&mut bytes)?;
    common.send_message(&bytes, out)?;
    if !hello.session_id.is_empty() && retried.is_none() {
        common.wire.send_change_cipher_spec(out)?;
    }
    flight(common, hello, suite, &shared, out)
}

fn server_hello<'a>(
    hello: &ClientHello<'a>,
    suite: Suite,
    random: [u8; 32],
    extensions: Extensions<'a>,
) -> ServerHello<'a> {
    ServerHello {
        version: Version::TLS_1_2,
        random,
        session_id: hello.session_id,
        suite,
        compression: 0,
        extensions: Some(extensions),
    }
}

fn retry(
    common: &mut Common,
    retried: Option<Retried>,
    hello: &ClientHello<'_>,
    suite: SuiteParameters,
    group: Group,
    out: &mut Vec<u8>,
) -> Result<State, Stop> {
    if retried.is_some() {
        return Err(PeerMisbehaved::GroupNotOffered(group).into());
    }
    common.accepted.retried = true;
    common.transcript.restart(suite.hash);
    let extensions = Extensions(vec![Extension::selected_version(Version::TLS_1_3), Extension::retry_group(group)]);
    let mut bytes = Vec::new();
    server_hello(hello, suite.suite, HELLO_RETRY_REQUEST_RANDOM, extensions).write(&mut bytes)?;
    common.send_message(&bytes, out)?;
    if !hello.session_id.is_empty() {
        common.wire.send_change_cipher_spec(out)?;
    }
    Ok(State::Hello(Some(Retried { suite: suite.suite, group })))
}

/// EncryptedExtensions to Finished.
fn flight(
    common: &mut Common,
    hello: &ClientHello<'_>,
    suite: SuiteParameters,
    shared: &[u8],
    out: &mut Vec<u8>,
) -> Result<State, Stop> {
    let schedule = Schedule::early(suite.hash).handshake(shared)?;
    let hash = common.transcript.digest(suite.hash);
    let [client_handshake, server_handshake] = traffic_secrets(&schedule, &suite, HANDSHAKE, &hash)?;
    common.wire.read_with(client_handshake.record_key(&suite)?)?;
    common.wire.write_with(server_handshake.record_key(&suite)?);

    let config = common.config.clone();
    let identity = config.tls.as_ref().ok_or(Stop::NothingInCommon)?;
    let mut bytes = Vec::new();
    EncryptedExtensions::default().write(&mut bytes)?;
    common.send_message(&bytes, out)?;

    let entry = |der| CertificateEntry { der, extensions: Extensions::default() };
    let entries = identity.certificates.iter().map(Vec::as_slice).map(entry).collect();
    let mut bytes = Vec::new();
    Certificates { context: Some(&[]), entries }.write(&mut bytes)?;
    common.send_message(&bytes, out)?;

    let chosen = scheme::choose(&identity.signing.public_key(), &schemes(hello), true).ok_or(Stop::NothingInCommon)?;
    common.accepted.scheme = Some(chosen);
    let text = certificate_verify_text(FinishedBy::Server, &common.transcript.digest(suite.hash));
    let signature = sign(identity, chosen, Version::TLS_1_3, &text, &mut common.secrets)?;
    let mut bytes = Vec::new();
    CertificateVerify(Signature { scheme: Some(chosen), bytes: &signature }).write(&mut bytes)?;
    common.send_message(&bytes, out)?;

    let mut bytes = Vec::new();
    Finished(&server_handshake.finished(&common.transcript.digest(suite.hash))?).write(&mut bytes)?;
    common.send_message(&bytes, out)?;

    let hash = common.transcript.digest(suite.hash);
    let [client, server] = traffic_secrets(&schedule.master()?, &suite, APPLICATION, &hash)?;
    common.wire.write_with(server.record_key(&suite)?);
    Ok(State::Tls13(Box::new(Tls13 { suite, handshake: client_handshake, client, server })))
}

impl Tls13 {
    pub(super) fn handle(self, common: &mut Common, message: &[u8]) -> Result<State, Stop> {
        let (kind, body) = parts(message);
        if kind != HandshakeType::FINISHED {
            return Err(PeerMisbehaved::UnexpectedMessage(kind).into());
        }
        let hash = common.transcript.digest(self.suite.hash);
        if body != self.handshake.finished(&hash)? {
            return Err(PeerMisbehaved::Finished.into());
        }
        common.wire.read_with(self.client.record_key(&self.suite)?)?;
        let traffic = Some(Traffic { own: self.server, peer: self.client, resumption: None });
        Ok(State::Done(super::Finished { version: Version::TLS_1_3, suite: self.suite, traffic }))
    }
}
