//! What comes back for a hello, byte by byte, as an [`Answer`].

use super::hello::ssl2_suite;
use super::{Answer, Chosen, Loss, Spoken};
use dengmi_core::registry::Mode;
use dengmi_core::{Features, Suite, Version, registry};
use dengmi_parse::certificate::read_name;
use dengmi_parse::tls::message::{CertificateRequest, ClientHello, Extensions, Ssl2ServerHello};
use dengmi_parse::tls::{AlertDescription, ExtensionType, FoundDefect, Handshake, Side, Then, Watcher};
use dengmi_parse::{DefectKind, Limit, Limits, Reading};

/// First bytes that are waited for to tell a foreign protocol by.
const FIRST: usize = 8;

/// Reads what a server sends after one hello, up to the point where it has said all that it says in clear.
#[derive(Clone, Debug)]
pub struct Listener {
    watcher: Watcher,
    limits: Limits,
    kept: Vec<u8>,
    first: Vec<u8>,
    enough: bool,
}

/// How listening ended, when not by [`Listener::feed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The server closed or reset the connection.
    Closed,
    /// Time is up.
    Silent,
}

impl Listener {
    /// Listens for the answer to `hello`, a record with a ClientHello.
    pub fn new(hello: &[u8], limits: Limits) -> Listener {
        let mut watcher = Watcher::new();
        watcher.feed(Side::Client, hello, &limits);
        Listener { watcher, limits, kept: Vec::new(), first: Vec::new(), enough: false }
    }

    /// Listens for what comes in datagrams of DTLS. What is sent goes through [`Listener::sent`].
    pub(super) fn of_datagrams(limits: Limits) -> Listener {
        Listener { watcher: Watcher::new(), limits, kept: Vec::new(), first: Vec::new(), enough: false }
    }

    /// Takes a datagram of our own.
    pub(super) fn sent(&mut self, datagram: &[u8]) {
        self.watcher.feed_datagram(Side::Client, datagram, &self.limits);
    }

    /// Takes a datagram of DTLS; true when no more are needed.
    pub(super) fn feed_datagram(&mut self, datagram: &[u8]) -> bool {
        if self.first.is_empty() {
            self.first.extend(datagram.iter().take(FIRST));
        }
        let then = self.watcher.feed_datagram(Side::Server, datagram, &self.limits);
        let handshake = self.watcher.handshake();
        self.enough |= then == Then::Enough || handshake.is_answered() || handshake.retry.is_some();
        self.enough
    }

    /// The cookie that a server of DTLS wants to see.
    pub(super) fn cookie(&self) -> Option<&[u8]> {
        self.watcher.handshake().cookie.as_deref()
    }

    /// Takes the next bytes; true when no more are needed.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        if self.enough {
            return true;
        }
        let missing = FIRST.saturating_sub(self.first.len());
        self.first.extend(bytes.iter().take(missing));
        self.kept.extend_from_slice(bytes);
        let fed = self.watcher.feed(Side::Server, &self.kept, &self.limits);
        self.kept.drain(..fed.used.min(self.kept.len()));
        let handshake = self.watcher.handshake();
        let unknown = handshake.record_version.server.is_none() && self.first.len() < FIRST;
        let over = fed.then == Then::Enough && !unknown;
        self.enough = over || handshake.is_answered() || handshake.retry.is_some();
        self.enough
    }

    /// The answer, once [`Listener::feed`] said that it has enough, or when no more will come.
    pub fn answer(self, stopped: Option<Stopped>) -> Answer {
        let handshake = self.watcher.into_handshake();
        if let Some(body) = &handshake.ssl2_server_hello
            && let Ok(Reading { value: hello, .. }) = Ssl2ServerHello::read(body, &self.limits)
        {
            return Answer::Chose(Box::new(ssl2(&hello)));
        }
        if handshake.ssl2_error.is_some() {
            return Answer::Refused(AlertDescription::HANDSHAKE_FAILURE);
        }
        if let (Some(version), Some(suite)) = (handshake.version.map(Version::over_streams), handshake.suite) {
            let certificates = handshake.certificates.server.iter().flatten().map(|der| der.to_vec()).collect();
            return Answer::Chose(Box::new(Chosen {
                version,
                suite,
                group: handshake.group,
                scheme: handshake.scheme,
                certificates,
                client_certificate: handshake.client_auth,
                retry: handshake.retry.is_some() && handshake.server_hello.is_none(),
                features: features(&handshake, version, suite, &self.limits),
                kinds: Vec::new(),
            }));
        }
        if let Some(alert) = fatal(&handshake) {
            return alert;
        }
        // Nothing wrong, as far as it came.
        let begun = handshake.record_version.server.is_some() || handshake.defects.is_empty();
        match stopped {
            Some(Stopped::Closed) if self.first.is_empty() => Answer::Closed,
            Some(Stopped::Silent) if begun => Answer::Lost(Loss::Silence),
            _ if begun => Answer::Undecodable,
            _ => Answer::NotTls(Spoken::of(&self.first)),
        }
    }
}

fn ssl2(hello: &Ssl2ServerHello<'_>) -> Chosen {
    Chosen {
        version: hello.version,
        suite: ssl2_suite(hello.kinds.first().copied().unwrap_or_default()),
        group: None,
        scheme: None,
        certificates: (!hello.certificate.is_empty()).then(|| hello.certificate.to_vec()).into_iter().collect(),
        client_certificate: None,
        retry: false,
        features: Features::new(hello.version),
        kinds: hello.kinds.clone(),
    }
}

/// Most names of authorities that are kept.
const AUTHORITIES: usize = 64;

/// The name of an authority for people: RFC 4514, or the DER where it cannot be read.
pub fn authority(name: &[u8]) -> Box<str> {
    match read_name(name, &Limits::default()) {
        Ok(read) => read.value.to_string().into(),
        Err(_) => name.iter().take(128).map(|byte| format!("{byte:02x}")).collect::<String>().into(),
    }
}

/// What an answer in clear tells beside its choice, as far as the hello asked.
fn features(handshake: &Handshake, version: Version, suite: Suite, limits: &Limits) -> Features {
    let mut features = Features::new(version);
    if version >= Version::TLS_1_3 {
        let offered = handshake.read_client_hello(limits).and_then(Result::ok);
        let offers = |hello: &ClientHello<'_>| {
            hello.extensions.as_ref().is_some_and(|list| list.find(ExtensionType::PRE_SHARED_KEY).is_some())
        };
        features.resumed = handshake.resumed.filter(|_| offered.is_some_and(|hello| offers(&hello.value)));
        return features;
    }
    let (Some(Ok(asked)), Some(Ok(answer))) =
        (handshake.read_client_hello(limits), handshake.read_server_hello(limits))
    else {
        return features;
    };
    let (asked, answer) = (asked.value, answer.value);
    let none = Extensions::default();
    let (offered, answered) = (asked.extensions.as_ref().unwrap_or(&none), answer.extensions.as_ref().unwrap_or(&none));
    let told = |kind| offered.find(kind).map(|_| answered.find(kind).is_some());
    features.extended_master_secret = told(ExtensionType::EXTENDED_MASTER_SECRET);
    let cbc = registry::suite(suite).is_some_and(|entry| entry.mode == Mode::Cbc);
    features.encrypt_then_mac = told(ExtensionType::ENCRYPT_THEN_MAC).filter(|_| cbc);
    features.secure_renegotiation = told(ExtensionType::RENEGOTIATION_INFO);
    features.heartbeat = told(ExtensionType::HEARTBEAT);
    features.session_ticket = told(ExtensionType::SESSION_TICKET);
    features.certificate_timestamps = told(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP);
    // A status is promised by the extension and kept by a message of its own.
    features.stapled_status = told(ExtensionType::STATUS_REQUEST).map(|_| handshake.stapled_status);
    features.compression = (asked.compressions.len() > 1).then_some(answer.compression != 0);
    features.session_id = Some(!answer.session_id.is_empty() && answer.session_id != asked.session_id);
    features.resumed = (!asked.session_id.is_empty()).then_some(handshake.resumed == Some(true));
    features.record_size_limit = offered.find(ExtensionType::RECORD_SIZE_LIMIT).map(|_| {
        let body = answered.find(ExtensionType::RECORD_SIZE_LIMIT).and_then(|body| body.try_into().ok());
        body.map_or(0, u16::from_be_bytes)
    });
    let protocol = |extensions: &Extensions<'_>| {
        let named = extensions.application_protocols().and_then(Result::ok).unwrap_or_default();
        named.first().map(|name| String::from_utf8_lossy(name).into()).unwrap_or_default()
    };
    features.application_protocol =
        told(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION).map(|_| protocol(answered));
    features.point_formats = answered.ec_point_formats().and_then(Result::ok).unwrap_or_default().to_vec();
    features.dh_bits = handshake.dh_bits.and_then(|bits| u32::try_from(bits).ok()).into_iter().collect();
    features.client_certificate = handshake.client_auth;
    if let Some(Ok(Reading { value: CertificateRequest::Types { authorities, .. }, .. })) =
        handshake.read_certificate_request(limits)
    {
        features.client_authorities = authorities.iter().take(AUTHORITIES).map(|name| authority(name)).collect();
    }
    features
}

/// The alert that ended it: the last one, a warning too when nothing else came. Warnings without end are no answer.
fn fatal(handshake: &Handshake) -> Option<Answer> {
    let sent = handshake.alerts.iter().rev().find(|sent| sent.from == Side::Server)?;
    let storm = |found: &FoundDefect| matches!(found.defect.what, DefectKind::Limit { limit: Limit::Alerts, .. });
    if handshake.defects.iter().any(storm) {
        return Some(Answer::Undecodable);
    }
    Some(Answer::Refused(sent.alert.description))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Offer, Style, hello};
    use dengmi_core::{Group, Suite, Version};
    use dengmi_parse::tls::message::{Certificates, ServerHello, ServerHelloDone};
    use dengmi_parse::tls::{AlertDescription, ContentType, Record};

    fn record(content: ContentType, version: Version, fragment: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Record { content, version, fragment }.write(&mut out).unwrap();
        out
    }

    fn flight(certificate: &[u8]) -> Vec<u8> {
        let mut messages = Vec::new();
        let hello = ServerHello {
            version: Version::TLS_1_2,
            random: [1; 32],
            session_id: &[],
            suite: Suite(0x009c),
            compression: 0,
            extensions: None,
        };
        hello.write(&mut messages).unwrap();
        Certificates::list([certificate]).write(&mut messages).unwrap();
        ServerHelloDone.write(&mut messages).unwrap();
        messages.chunks(1 << 14).flat_map(|part| record(ContentType::HANDSHAKE, Version::TLS_1_2, part)).collect()
    }

    fn listener() -> Listener {
        let offer = Offer {
            version: Version::TLS_1_2,
            suites: vec![Suite(0x009c)],
            groups: vec![Group(0x0017)],
            schemes: vec![],
            certificate_schemes: vec![],
            style: Style::Full,
            features: false,
            server_name: None,
            session: None,
        };
        Listener::new(&hello(&offer, [0; 32]).unwrap(), Limits::default())
    }

    fn check(bytes: &[u8], stopped: Option<Stopped>, expected: &Answer) {
        for size in [1, 7, 1 << 20] {
            let mut listener = listener();
            let enough = bytes.chunks(size).any(|part| listener.feed(part));
            assert_eq!(enough, stopped.is_none(), "{bytes:02x?}");
            assert_eq!(listener.answer(stopped), *expected);
        }
    }

    fn chosen(certificates: &[&[u8]], client_certificate: Option<bool>) -> Answer {
        let features = Features { session_id: Some(false), client_certificate, ..Features::new(Version::TLS_1_2) };
        Answer::Chose(Box::new(Chosen {
            version: Version::TLS_1_2,
            suite: Suite(0x009c),
            group: None,
            scheme: None,
            certificates: certificates.iter().map(|der| der.to_vec()).collect(),
            client_certificate,
            retry: false,
            features,
            kinds: Vec::new(),
        }))
    }

    #[test]
    fn every_way_to_answer_is_told_apart() {
        let whole = flight(&[0x30, 0]);
        check(&whole, None, &chosen(&[&[0x30, 0]], Some(false)));
        let cut = whole.len() - 1;
        check(&whole[..cut], Some(Stopped::Closed), &Answer::Undecodable);
        let alert = record(ContentType::ALERT, Version::TLS_1_2, &[2, 70]);
        check(&alert, None, &Answer::Refused(AlertDescription::PROTOCOL_VERSION));
        check(&alert[..6], Some(Stopped::Closed), &Answer::Undecodable);
        check(&alert[..6], Some(Stopped::Silent), &Answer::Lost(Loss::Silence));
        let warning = record(ContentType::ALERT, Version::TLS_1_2, &[1, 112]);
        check(&[&warning[..], &whole].concat(), None, &chosen(&[&[0x30, 0]], Some(false)));
        check(&warning, Some(Stopped::Closed), &Answer::Refused(AlertDescription::UNRECOGNIZED_NAME));
        check(b"", Some(Stopped::Closed), &Answer::Closed);
        check(b"", Some(Stopped::Silent), &Answer::Lost(Loss::Silence));
        check(b"HTTP/1.1 400 Bad Request\r\n", None, &Answer::NotTls(Spoken::Http));
        check(b"SSH-2.0-OpenSSH_9.2\r\n", None, &Answer::NotTls(Spoken::Ssh));
        check(&[0xff; 64], None, &Answer::NotTls(Spoken::Unknown));
        check(&[0x16, 0xff, 1, 2, 3], Some(Stopped::Silent), &Answer::NotTls(Spoken::Unknown));
        check(b"SSH", Some(Stopped::Closed), &Answer::NotTls(Spoken::Unknown));
    }

    #[test]
    fn a_certificate_of_sixteen_mebibytes_ends_the_listening_and_hides_nothing_before_it() {
        let mut listener = listener();
        let huge = flight(&vec![0x30; (1 << 24) - 16]);
        let fed = huge.chunks(1 << 12).take_while(|part| !listener.feed(part)).count();
        assert!(fed < 16, "stops at the message's header, after {fed} parts");
        assert_eq!(listener.answer(None), chosen(&[], None));
    }
}
