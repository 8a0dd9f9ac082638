//! What the captures do not show: resumption, SSL 2.0, other protocols, misplaced messages, and the limits of watching.

use dengmi_core::{Suite, Version};
use dengmi_parse::tls::message::{
    Alert, Certificates, ClientHello, Extension, Extensions, ServerHello, Ssl2ClientHello, Ssl2ServerHello,
};
use dengmi_parse::tls::{
    AlertDescription, AlertLevel, ContentType, Dialect, End, ExtensionType, HandshakeType, Record, Side, Then, Watcher,
};
use dengmi_parse::{DefectKind, Limit, Limits};

const TLS12: Version = Version::TLS_1_2;

fn record(content: ContentType, version: Version, fragment: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Record { content, version, fragment }.write(&mut out).unwrap();
    out
}

fn handshake(version: Version, write: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut message = Vec::new();
    write(&mut message);
    record(ContentType::HANDSHAKE, version, &message)
}

fn client_hello(version: Version) -> Vec<u8> {
    let hello = ClientHello {
        version,
        random: [1; 32],
        session_id: &[5; 32],
        cookie: None,
        suites: vec![Suite(0xe013)],
        compressions: &[0],
        extensions: None,
    };
    handshake(version, |out| hello.write(out).unwrap())
}

fn server_hello(version: Version) -> Vec<u8> {
    let suite = Suite(0xe013);
    let hello = ServerHello { version, random: [2; 32], session_id: &[5; 32], suite, compression: 0, extensions: None };
    handshake(version, |out| hello.write(out).unwrap())
}

fn keys(version: Version) -> Vec<u8> {
    record(ContentType::CHANGE_CIPHER_SPEC, version, &[1])
}

fn protected(content: ContentType, version: Version) -> Vec<u8> {
    record(content, version, &[0xa5; 80])
}

fn alert(level: AlertLevel, description: AlertDescription) -> Vec<u8> {
    let mut fragment = Vec::new();
    Alert { level, description }.write(&mut fragment);
    record(ContentType::ALERT, TLS12, &fragment)
}

fn watch(limits: &Limits, pieces: &[(Side, Vec<u8>)]) -> (Watcher, Then) {
    let mut watcher = Watcher::new();
    let mut then = Then::Need;
    for (from, bytes) in pieces {
        then = watcher.feed(*from, bytes, limits).then;
    }
    (watcher, then)
}

use Side::{Client, Server};

#[test]
fn a_resumed_handshake_leaves_the_certificate_out() {
    for version in [Version::TLCP, TLS12] {
        let pieces = [
            (Client, client_hello(version)),
            (Server, server_hello(version)),
            (Server, keys(version)),
            (Server, protected(ContentType::HANDSHAKE, version)),
            (Client, keys(version)),
            (Client, protected(ContentType::HANDSHAKE, version)),
        ];
        let (watcher, then) = watch(&Limits::DEFAULT, &pieces);
        let seen = watcher.handshake();
        assert_eq!((then, seen.resumed, seen.completed, seen.client_auth), (Then::Enough, Some(true), true, None));
        assert_eq!((seen.version, seen.dialect), (Some(version), Dialect::of(version)));
        assert!(seen.is_answered());
    }
}

#[test]
fn an_alert_under_keys_is_not_a_completed_handshake() {
    let pieces = [
        (Client, client_hello(TLS12)),
        (Server, server_hello(TLS12)),
        (Client, keys(TLS12)),
        (Client, protected(ContentType::HANDSHAKE, TLS12)),
        (Server, keys(TLS12)),
        (Server, protected(ContentType::ALERT, TLS12)),
    ];
    let (watcher, then) = watch(&Limits::DEFAULT, &pieces);
    let seen = watcher.handshake();
    assert_eq!((then, seen.completed, seen.protected_alert.server), (Then::Need, false, true));
}

/// Hellos of TLS 1.3; with `early` the client announces early data.
fn hellos_of_tls13(early: bool) -> [(Side, Vec<u8>); 2] {
    let mut offered = vec![Extension::supported_versions(&[Version::TLS_1_3]).unwrap()];
    if early {
        offered.push(Extension::new(ExtensionType::EARLY_DATA, &[][..]));
    }
    let client = ClientHello {
        version: TLS12,
        random: [1; 32],
        session_id: &[],
        cookie: None,
        suites: vec![Suite(0x00c6)],
        compressions: &[0],
        extensions: Some(Extensions(offered)),
    };
    let chosen =
        vec![Extension::selected_version(Version::TLS_1_3), Extension::new(ExtensionType::PRE_SHARED_KEY, &[0, 0][..])];
    let server = ServerHello {
        version: TLS12,
        random: [2; 32],
        session_id: &[],
        suite: Suite(0x00c6),
        compression: 0,
        extensions: Some(Extensions(chosen)),
    };
    [
        (Client, handshake(TLS12, |out| client.write(out).unwrap())),
        (Server, handshake(TLS12, |out| server.write(out).unwrap())),
    ]
}

#[test]
fn a_finished_of_tls_1_3_is_told_from_an_alert_and_not_from_early_data() {
    let flight = record(ContentType::APPLICATION_DATA, TLS12, &[0xa5; 800]);
    for (early, length, then, completed, alert) in [
        (false, 53, Then::Enough, true, false),
        (false, 45, Then::Enough, true, false),
        (false, 44, Then::Need, false, true),
        (false, 19, Then::Need, false, true),
        (true, 53, Then::Enough, false, false),
    ] {
        let [client, server] = hellos_of_tls13(early);
        let last = record(ContentType::APPLICATION_DATA, TLS12, &vec![0xa5; length]);
        let pieces =
            [client, server, (Server, keys(TLS12)), (Server, flight.clone()), (Client, keys(TLS12)), (Client, last)];
        let (watcher, found) = watch(&Limits::DEFAULT, &pieces);
        let seen = watcher.handshake();
        assert_eq!((found, seen.completed, seen.protected_alert.client), (then, completed, alert), "{early} {length}");
        assert_eq!((seen.version, seen.resumed, seen.client_auth), (Some(Version::TLS_1_3), Some(true), None));
        assert!(seen.is_answered() && seen.defects.is_empty());
    }
}

#[test]
fn a_refusal_ends_the_watching_and_a_warning_does_not() {
    for (level, description, then) in [
        (AlertLevel::FATAL, AlertDescription::HANDSHAKE_FAILURE, Then::Enough),
        (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY, Then::Enough),
        (AlertLevel::WARNING, AlertDescription::UNRECOGNIZED_NAME, Then::Need),
    ] {
        let pieces = [(Client, client_hello(TLS12)), (Server, alert(level, description))];
        let (watcher, found) = watch(&Limits::DEFAULT, &pieces);
        assert_eq!(found, then, "{description}");
        assert_eq!(watcher.handshake().is_answered(), then == Then::Enough, "{description}");
        assert_eq!(watcher.handshake().alerts[0].alert, Alert { level, description });
    }
}

#[test]
fn ssl_2_is_told_from_what_only_looks_like_it() {
    let mut hello = Vec::new();
    let kinds = vec![0x01_0080, 0x00_0004];
    Ssl2ClientHello { version: Version::SSL_2_0, kinds: kinds.clone(), session_id: &[], challenge: &[3; 16] }
        .write(&mut hello)
        .unwrap();
    let mut answer = Vec::new();
    let server = Ssl2ServerHello {
        session_id_hit: false,
        certificate_type: 1,
        version: Version::SSL_2_0,
        certificate: &[0x30, 0],
        kinds,
        connection_id: &[4; 16],
    };
    server.write(&mut answer).unwrap();

    let (watcher, then) = watch(&Limits::DEFAULT, &[(Client, hello.clone()), (Server, answer)]);
    let seen = watcher.handshake();
    assert_eq!((then, seen.dialect, seen.version), (Then::Enough, Some(Dialect::Ssl2), Some(Version::SSL_2_0)));
    assert_eq!(seen.certificates.server.as_deref(), Some(&[Box::from(&[0x30, 0][..])][..]));

    let (watcher, _) = watch(&Limits::DEFAULT, &[(Client, hello.clone()), (Server, server_hello(TLS12))]);
    assert_eq!((watcher.handshake().dialect, watcher.handshake().version), (Some(Dialect::Tls), Some(TLS12)));

    let (watcher, then) = watch(&Limits::DEFAULT, &[(Client, hello), (Server, vec![0x80, 3, 0, 0, 1])]);
    assert_eq!((then, watcher.handshake().ssl2_error), (Then::Enough, Some(1)));
}

#[test]
fn another_protocol_is_a_defect_at_its_first_byte() {
    let pieces = [(Client, client_hello(TLS12)), (Server, b"HTTP/1.1 400 Bad Request\r\n".to_vec())];
    let (watcher, then) = watch(&Limits::DEFAULT, &pieces);
    let [found] = &watcher.handshake().defects[..] else { panic!("one defect") };
    assert_eq!((then, found.from, &found.defect.what), (Then::Enough, Server, &DefectKind::NotTls { first: b'H' }));
    assert_eq!(watcher.handshake().version, None);
}

#[test]
fn messages_out_of_place_are_defects_and_the_rest_is_still_read() {
    let certificate = handshake(TLS12, |out| Certificates::list([&[0x30, 0][..]]).write(out).unwrap());
    let pieces = [
        (Client, client_hello(TLS12)),
        (Client, client_hello(TLS12)),
        (Server, server_hello(TLS12)),
        (Server, server_hello(TLS12)),
        (Server, record(ContentType::APPLICATION_DATA, TLS12, &[1])),
        (Server, certificate),
        (Server, record(ContentType::HANDSHAKE, TLS12, &[])),
        (Server, record(ContentType::HANDSHAKE, Version::TLCP, &[HandshakeType::SERVER_HELLO_DONE.0, 0, 0, 0])),
    ];
    let (watcher, then) = watch(&Limits::DEFAULT, &pieces);
    let seen = watcher.handshake();
    assert_eq!((then, seen.server_hello_done, seen.client_auth), (Then::Need, true, Some(false)));
    assert_eq!(seen.certificates.server.as_ref().map(Vec::len), Some(1));
    let found: Vec<_> = seen.defects.iter().map(|found| (found.from, found.defect.what.clone())).collect();
    assert_eq!(
        found,
        [
            (Client, DefectKind::UnexpectedMessage(1)),
            (Server, DefectKind::UnexpectedMessage(2)),
            (Server, DefectKind::UnexpectedRecord(23)),
            (Server, DefectKind::RecordLength(0)),
            (Server, DefectKind::RecordVersion(0x0101)),
        ]
    );
}

#[test]
fn an_end_is_kept_as_it_was_told_first() {
    let mut watcher = Watcher::new();
    watcher.end(Server, End::Silent);
    watcher.end(Server, End::Closed);
    assert_eq!((watcher.handshake().ended.server, watcher.handshake().ended.client), (Some(End::Silent), None));
    assert!(watcher.handshake().is_answered());
}

#[test]
fn watching_stops_above_each_limit_and_not_at_it() {
    let hello = client_hello(TLS12);
    let body = hello.len() - 5 - 4;
    let warning = alert(AlertLevel::WARNING, AlertDescription::NO_RENEGOTIATION);
    let misplaced = record(ContentType::HANDSHAKE, TLS12, &[99, 0, 0, 0]);
    type With = fn(usize) -> Limits;
    let cases: [(Limit, With, usize, Vec<u8>); 4] = [
        (Limit::Record, |record| Limits { record, ..Limits::DEFAULT }, body + 4, hello.clone()),
        (Limit::Message, |message| Limits { message, ..Limits::DEFAULT }, body, hello.clone()),
        (Limit::Handshake, |handshake| Limits { handshake, ..Limits::DEFAULT }, body + 4, hello),
        (Limit::Alerts, |alerts| Limits { alerts, ..Limits::DEFAULT }, 3, warning.repeat(3)),
    ];
    for (limit, with, at, bytes) in cases {
        for (most, expected) in [(at, Then::Need), (at - 1, Then::Enough)] {
            let (watcher, then) = watch(&with(most), &[(Client, bytes.clone())]);
            let defects: Vec<_> = watcher.handshake().defects.iter().map(|found| &found.defect.what).collect();
            assert_eq!(then, expected, "{limit} {most}: {defects:?}");
            let named = matches!(defects[..], [DefectKind::Limit { limit: found, .. }] if *found == limit);
            assert_eq!(named, then == Then::Enough, "{limit} {most}: {defects:?}");
        }
    }
    let limits = Limits { defects: 3, ..Limits::DEFAULT };
    for (count, kept) in [(3, 3), (4, 4), (50, 4)] {
        let (watcher, _) = watch(&limits, &[(Server, misplaced.repeat(count))]);
        assert_eq!(watcher.handshake().defects.len(), kept, "{count}");
    }
}

#[test]
fn nothing_is_touched_after_enough() {
    let refusal = alert(AlertLevel::FATAL, AlertDescription::PROTOCOL_VERSION);
    let (mut watcher, _) = watch(&Limits::DEFAULT, &[(Client, client_hello(TLS12)), (Server, refusal)]);
    let before = watcher.handshake().clone();
    let fed = watcher.feed(Server, &server_hello(TLS12), &Limits::DEFAULT);
    assert_eq!((fed.used, fed.then, watcher.handshake()), (0, Then::Enough, &before));
}
