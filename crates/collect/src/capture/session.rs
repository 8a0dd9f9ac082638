//! What was seen of a flow as the session of an observation.

use super::fingerprint::{self, Carrier};
use crate::names::{exchange, version_number};
use dengmi_core::registry::{self, Authentication, GroupKind, KeyExchange, Mode, SuiteEntry};
use dengmi_core::{Certificate, Completion, Field, Group, Protocol, Session, Version};
use dengmi_parse::Limits;
use dengmi_parse::plain;
use dengmi_parse::tls::message::{ClientHello, ServerHello};
use dengmi_parse::tls::{Dialect, End, Handshake, Side};
use dengmi_parse::{Reading, ssh};
use dengmi_protocol::handshake::KeyExchangeSignature;
use dengmi_protocol::quic;
use std::collections::BTreeMap;

/// Reasons why a field has no value.
const NOT_CAPTURED: &str = "not in the capture";
const ENCRYPTED: &str = "sent encrypted";
const NOT_NAMED: &str = "not named before TLS 1.2";
const SAMPLED: &str = "not tried: sampled";
const NOT_COMPUTED: &str = "not tried: key or scheme not computed here";

/// A session, and what is hidden in it.
#[derive(Default)]
struct Draft {
    session: Session,
}

impl Draft {
    fn hide(&mut self, field: &str, because: &str) {
        self.session.hidden.insert(field.into(), because.into());
    }

    fn word<T: ToString>(&mut self, field: &str, value: Option<T>, because: &str) -> Field<Box<str>> {
        match value {
            Some(value) => Field::Seen(value.to_string().into()),
            None => {
                self.hide(field, because);
                Field::Hidden
            }
        }
    }
}

/// Which kind of session a handshake of the TLS family is.
pub(super) fn family(handshake: &Handshake) -> Protocol {
    if handshake.dialect == Some(Dialect::Tlcp) { Protocol::Tlcp } else { Protocol::Tls }
}

/// `TLS`, `TLCP`, `SSL`, `DTLS`.
pub(super) fn family_name(handshake: &Handshake) -> &'static str {
    match handshake.dialect {
        Some(Dialect::Tlcp) => "TLCP",
        Some(Dialect::Dtls) => "DTLS",
        Some(Dialect::Ssl2) => "SSL",
        _ if handshake.version.is_some_and(|version| version <= Version::SSL_3_0) => "SSL",
        _ => "TLS",
    }
}

/// How the handshake ended. A side that said so, or closed before its keys, broke it off.
pub(super) fn completion(handshake: &Handshake) -> Completion {
    let over = |end: Option<End>| matches!(end, Some(End::Closed | End::Reset));
    let refused = handshake.alerts.iter().any(|sent| sent.alert.is_last()) || handshake.ssl2_error.is_some();
    match handshake.completed {
        true => Completion::Complete,
        _ if refused || handshake.protected_alert.client || handshake.protected_alert.server => Completion::Failed,
        // Whether the end came before the keys cannot be told where one side was not seen, or bytes are missing.
        _ if !handshake.midstream
            && over(handshake.ended.server)
            && over(handshake.ended.client)
            && handshake.client_hello.is_some()
            && handshake.record_version.server.is_some() =>
        {
            Completion::Failed
        }
        _ if over(handshake.ended.server)
            && handshake.record_version.server.is_none()
            && handshake.server_hello.is_none() =>
        {
            Completion::Failed
        }
        _ => Completion::Unfinished,
    }
}

/// A session of the TLS family. `signed`: what a check of the key exchange found; `None`: it was spared.
pub(super) fn tls(
    handshake: &Handshake,
    certificates: Vec<Certificate>,
    signed: Option<KeyExchangeSignature>,
    limits: &Limits,
) -> Session {
    let mut draft = Draft::default();
    let client = handshake.read_client_hello(limits).and_then(Result::ok).map(|reading| reading.value);
    let server = handshake.read_server_hello(limits).and_then(Result::ok).map(|reading| reading.value);
    let completion = completion(handshake);
    let version = handshake.version;
    let hides = version.is_some_and(|version| version.over_streams() >= Version::TLS_1_3);
    let suite = handshake.suite.and_then(registry::suite);
    let offered = client.as_ref().and_then(|hello| hello.versions().into_iter().filter(is_version).max());
    let recorded = handshake.record_version.server.or(handshake.record_version.client);
    let is_tlcp = handshake.dialect == Some(Dialect::Tlcp);
    // Protected records of TLS say 1.2 in 1.3 too; those of TLCP leave no choice.
    let known = version.or(recorded.filter(|_| is_tlcp && handshake.midstream));

    let number = draft.word("version", known.map(version_number), NOT_CAPTURED);
    draft.session.protocol = Field::Seen(family_name(handshake).into());
    draft.session.version = number;
    draft.session.wire_version = Field::from(version.or(offered).or(recorded));
    draft.session.offered_version = offered.filter(|_| version.is_none());
    draft.session.cipher_suite = draft.word("cipher_suite", handshake.suite, NOT_CAPTURED);
    draft.session.cipher_suite_code = Field::from(handshake.suite);
    draft.session.key_exchange = Field::from(suite.map(|entry| exchange(entry, handshake.group).into()));
    let exchanges = suite.is_some_and(agrees);
    draft.session.group = match handshake.group {
        Some(group) => Field::Seen(group.to_string().into()),
        None if handshake.dh_bits.is_some() || (suite.is_some() && !exchanges) => Field::Absent,
        None => draft.word("group", None::<&str>, NOT_CAPTURED),
    };
    draft.session.group_code = Field::from(handshake.group);
    draft.session.dh_bits = handshake.dh_bits.and_then(|bits| u32::try_from(bits).ok());
    draft.session.post_quantum = handshake.group.map(is_post_quantum).filter(|&is| is);
    draft.session.forward_secret = Field::from(suite.and_then(|entry| match entry.key_exchange {
        // With a pre-shared key alone there is no share.
        KeyExchange::Tls13 => Some(handshake.group.is_some()),
        other => other.forward_secret(),
    }));
    draft.session.hello_retry_request = handshake.retry.as_ref().map(|_| true);
    draft.session.signature = signature(handshake, suite, hides, limits, &mut draft);
    draft.session.signature_holds = match signed {
        Some(KeyExchangeSignature::Holds) => Field::Seen(true),
        Some(KeyExchangeSignature::Wrong) => Field::Seen(false),
        Some(KeyExchangeSignature::Unsigned) if !hides => Field::Absent,
        other => {
            let why = match other {
                _ if hides => ENCRYPTED,
                None => SAMPLED,
                Some(KeyExchangeSignature::NotChecked) => NOT_COMPUTED,
                Some(_) => NOT_CAPTURED,
            };
            draft.hide("signature_holds", why);
            Field::Hidden
        }
    };
    if let Some(entry) = suite {
        let (cipher, mac) = protection(entry);
        (draft.session.cipher, draft.session.mac) = (cipher.into(), mac.into());
    }
    draft.session.certificate = match certificates.is_empty() {
        false => Field::Seen(certificates),
        true if handshake.certificates.server.is_some() => Field::Absent,
        true => {
            draft.hide("certificate", if hides { ENCRYPTED } else { NOT_CAPTURED });
            Field::Hidden
        }
    };
    draft.session.certificates_visible = known.map(|_| !hides && !handshake.midstream);
    draft.session.client_auth = Field::from(handshake.client_auth);
    if handshake.client_auth.is_none() {
        draft.hide("client_auth", if hides { ENCRYPTED } else { NOT_CAPTURED });
    }
    draft.session.resumed = Field::from(handshake.resumed);
    draft.session.handshake = completion;
    draft.session.encrypted = match (completion, suite) {
        (Completion::Complete, Some(entry)) => Field::Seen(entry.encryption.is_some()),
        _ if handshake.midstream => Field::Seen(true),
        // Nothing was sent.
        (Completion::Failed, _) => Field::Absent,
        _ => Field::Hidden,
    };
    draft.session.sni = match (&client, &handshake.server_name) {
        (_, Some(name)) => Field::Seen(name.clone()),
        (Some(_), None) => Field::Absent,
        (None, None) => Field::Hidden,
    };
    draft.session.alpn = alpn(client.as_ref(), server.as_ref(), hides, &mut draft);
    let carrier = if handshake.dialect == Some(Dialect::Dtls) { Carrier::Dtls } else { Carrier::Tcp };
    fingerprints(&mut draft.session, client.as_ref(), server.as_ref(), carrier);
    draft.session
}

fn fingerprints(
    session: &mut Session,
    client: Option<&ClientHello<'_>>,
    server: Option<&ServerHello<'_>>,
    carrier: Carrier,
) {
    session.ja3 = client.map(fingerprint::ja3);
    session.ja3s = server.map(fingerprint::ja3s);
    session.ja4 = client.map(|hello| fingerprint::ja4(hello, carrier));
}

/// Adds the fingerprints of QUIC's hellos.
pub(super) fn quic_fingerprints(session: &mut Session, watcher: &quic::Watcher, limits: &Limits) {
    let client = body(watcher.handshake(Side::Client)).and_then(|body| ClientHello::read(body, limits).ok()).map(value);
    let server = body(watcher.handshake(Side::Server)).and_then(|body| ServerHello::read(body, limits).ok()).map(value);
    fingerprints(session, client.as_ref(), server.as_ref(), Carrier::Quic);
}

fn is_version(version: &Version) -> bool {
    registry::version(*version).is_some()
}

/// Whether both sides agree on a fresh secret in a group.
fn agrees(entry: &SuiteEntry) -> bool {
    use KeyExchange as K;
    matches!(
        entry.key_exchange,
        K::Dhe | K::DhAnonymous | K::Ecdhe | K::EcdhAnonymous | K::DhePsk | K::EcdhePsk | K::Sm2Exchange | K::Tls13
    )
}

fn is_post_quantum(group: Group) -> bool {
    registry::group(group).is_some_and(|entry| matches!(entry.kind, GroupKind::Kem | GroupKind::Hybrid))
}

/// Cipher with its mode, and code.
fn protection(entry: &SuiteEntry) -> (Option<Box<str>>, Option<Box<str>>) {
    let mode = match entry.mode {
        Mode::None | Mode::Stream | Mode::Poly1305 | Mode::Aegis => String::new(),
        Mode::Ccm8 => "-CCM-8".into(),
        other => format!("-{other:?}").to_uppercase(),
    };
    let cipher = entry.encryption.map(|id| format!("{}{mode}", id.to_uppercase()).into());
    let mac = match entry.mac {
        _ if entry.mode.is_aead() => Some("AEAD".into()),
        mac => mac.map(|id| id.to_uppercase().into()),
    };
    (cipher, mac)
}

fn signature(
    handshake: &Handshake,
    suite: Option<&SuiteEntry>,
    hides: bool,
    limits: &Limits,
    draft: &mut Draft,
) -> Field<Box<str>> {
    if let Some(scheme) = handshake.scheme {
        return Field::Seen(scheme.to_string().into());
    }
    let exchange = handshake.read_server_key_exchange(limits).and_then(Result::ok).map(|reading| reading.value);
    let signed = exchange.as_ref().is_some_and(|exchange| exchange.signature().is_some());
    let implied = match (handshake.dialect, suite.map(|entry| entry.authentication)) {
        (Some(Dialect::Tlcp), _) => Some("SM2-SM3"),
        // RFC 2246 7.4.3: MD5 and SHA-1 side by side.
        (_, Some(Authentication::Rsa)) => Some("rsa_pkcs1_md5_sha1"),
        (_, Some(Authentication::Ecdsa)) => Some("ecdsa_sha1"),
        (_, Some(Authentication::Dss)) => Some("dsa_sha1"),
        _ => None,
    };
    match implied {
        Some(implied) if signed => Field::Seen(implied.into()),
        _ if hides => draft.word("signature", None::<&str>, ENCRYPTED),
        _ if signed => draft.word("signature", None::<&str>, NOT_NAMED),
        _ if handshake.server_hello_done => Field::Absent,
        _ => draft.word("signature", None::<&str>, NOT_CAPTURED),
    }
}

fn alpn(
    client: Option<&ClientHello<'_>>,
    server: Option<&ServerHello<'_>>,
    hides: bool,
    draft: &mut Draft,
) -> Field<Box<str>> {
    let offered = client.and_then(|hello| hello.extensions.as_ref()?.application_protocols()?.ok());
    let chosen = server.and_then(|hello| hello.extensions.as_ref()?.application_protocols()?.ok());
    match (offered, chosen.as_ref().and_then(|list| list.first())) {
        (_, Some(name)) => Field::Seen(String::from_utf8_lossy(name).into()),
        (None, None) if client.is_some() => Field::Absent,
        (Some(_), None) if hides => draft.word("alpn", None::<&str>, ENCRYPTED),
        (Some(_), None) if server.is_some() => Field::Absent,
        _ => Field::Hidden,
    }
}

/// A session of SSH.
pub(super) fn ssh(handshake: &ssh::Handshake, limits: &Limits) -> Session {
    let mut draft = Draft::default();
    let banner = handshake.read_banner(Side::Server, limits).or_else(|| handshake.read_banner(Side::Client, limits));
    let version = banner.and_then(Result::ok).map(|reading| reading.value.version.to_string());
    draft.session.protocol = Field::Seen("SSH".into());
    draft.session.version = draft.word("version", version, NOT_CAPTURED);
    let chosen = handshake.chosen().cloned().unwrap_or_default();
    draft.session.key_exchange = draft.word("key_exchange", chosen.key_exchange.as_deref(), NOT_CAPTURED);
    draft.session.host_key_alg = draft.word("host_key_alg", chosen.host_key.as_deref(), NOT_CAPTURED);
    draft.session.cipher = draft.word("cipher", chosen.cipher.server.as_deref(), NOT_CAPTURED);
    draft.session.mac = match chosen.cipher.server.as_deref().is_some_and(ssh::Chosen::is_aead) {
        true => Field::Seen("implicit (AEAD)".into()),
        false => draft.word("mac", chosen.mac.server.as_deref(), NOT_CAPTURED),
    };
    draft.session.compression = draft.word("compression", chosen.compression.server.as_deref(), NOT_CAPTURED);
    draft.session.handshake = match handshake.is_complete() {
        true => Completion::Complete,
        false if handshake.disconnect.is_some() => Completion::Failed,
        false => Completion::Unfinished,
    };
    let encrypts = chosen.cipher.server.as_deref().map(|cipher| cipher != "none");
    draft.session.encrypted = Field::from(encrypts.filter(|_| handshake.is_complete()));
    draft.session.app_protocol = Field::Seen("SSH".into());
    draft.session
}

/// A session of QUIC, whose Initials hold both hellos.
pub(super) fn quic(watcher: &quic::Watcher, limits: &Limits) -> Session {
    let mut draft = Draft::default();
    let seen = watcher.seen();
    let version = seen.version.server.or(seen.version.client);
    draft.session.protocol = Field::Seen("QUIC".into());
    draft.session.version = draft.word("version", version, NOT_CAPTURED);
    let client = body(watcher.handshake(Side::Client)).and_then(|body| ClientHello::read(body, limits).ok());
    let server = body(watcher.handshake(Side::Server)).and_then(|body| ServerHello::read(body, limits).ok());
    let (client, server) = (client.map(value), server.map(value));
    let suite = server.as_ref().map(|hello| hello.suite);
    let group = server.as_ref().and_then(ServerHello::group);
    let entry = suite.and_then(registry::suite);
    draft.session.tls_version = server.as_ref().map(|hello| version_number(hello.selected_version()).into());
    draft.session.cipher_suite = draft.word("cipher_suite", suite, NOT_CAPTURED);
    draft.session.cipher_suite_code = Field::from(suite);
    draft.session.key_exchange = Field::from(entry.map(|entry| exchange(entry, group).into()));
    draft.session.group = draft.word("group", group, NOT_CAPTURED);
    draft.session.group_code = Field::from(group);
    draft.session.post_quantum = group.map(is_post_quantum).filter(|&is| is);
    draft.session.forward_secret = Field::from(server.as_ref().map(|_| group.is_some()));
    ["certificate", "client_auth", "signature"].into_iter().for_each(|field| draft.hide(field, ENCRYPTED));
    draft.session.certificates_visible = Some(false);
    // Both hellos, and packets under keys behind them: what QUIC shows of a handshake that went well.
    draft.session.handshake = match (&server, &seen.closed) {
        (_, Some(_)) => Completion::Failed,
        (Some(_), None) => Completion::Complete,
        (None, None) => Completion::Unfinished,
    };
    draft.session.encrypted = Field::from(entry.map(|entry| entry.encryption.is_some()));
    draft.session.sni = match &client {
        Some(hello) => hello.server_name().map_or(Field::Absent, |name| Field::Seen(name.into())),
        None => Field::Hidden,
    };
    let offered = client.as_ref().and_then(|hello| hello.extensions.as_ref()?.application_protocols()?.ok());
    draft.session.alpn = match offered.as_deref() {
        // Of one that is offered alone no other can be chosen.
        Some([only]) => Field::Seen(String::from_utf8_lossy(only).into()),
        Some(_) => draft.word("alpn", None::<&str>, ENCRYPTED),
        None => Field::Hidden,
    };
    draft.session
}

fn value<T>(reading: Reading<T>) -> T {
    reading.value
}

/// The body of the first message, where it is whole.
fn body(handshake: &[u8]) -> Option<&[u8]> {
    let [_, high, middle, low] = *handshake.first_chunk()?;
    let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
    handshake.get(4..)?.get(..length)
}

/// A session in clear.
pub(super) fn plain(told: &plain::Told) -> Session {
    Session {
        protocol: Field::Seen(told.protocol.name().into()),
        version: told.version.as_deref().map_or(Field::Hidden, |version| Field::Seen(version.into())),
        auth: told.auth.clone(),
        contains: told
            .contains
            .iter()
            .map(|one| format!("{} in {}: {}", one.what, one.place, one.masked).into())
            .collect(),
        certificate: Field::Absent,
        client_auth: Field::Seen(false),
        handshake: Completion::None,
        starttls: told.starttls.as_ref().map(|starttls| starttls.words.clone()),
        mac: told.protection.as_deref().map_or(Field::Hidden, |protection| Field::Seen(protection.into())),
        encrypted: Field::Seen(false),
        app_protocol: Field::Seen(told.protocol.name().into()),
        ..Session::default()
    }
}

/// A session of something that is only named.
pub(super) fn named(name: &str, encrypted: Option<bool>) -> Session {
    Session {
        protocol: Field::Seen(name.into()),
        encrypted: Field::from(encrypted),
        hidden: BTreeMap::from([("cipher_suite".into(), "not looked at beyond its first packets".into())]),
        ..Session::default()
    }
}
