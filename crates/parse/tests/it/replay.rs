//! What the watcher tells of each recorded connection against what is known of it.

use dengmi_core::{Group, Scheme, Suite, Version};
use dengmi_parse::tls::message::{CertificateVerify, ClientKeyExchange, ServerHello, ServerKeyExchange};
use dengmi_parse::tls::{Dialect, End, Handshake, Side};
use dengmi_parse::{Limits, read_certificate};
use proptest::prelude::*;

use crate::capture::{Conversation, conversations, named, watch, watch_datagrams};

#[test]
fn every_recorded_connection_is_told_as_it_was() {
    let conversations = conversations();
    assert!(conversations.len() >= 30, "{} captures: a replay of nothing proves nothing", conversations.len());
    conversations.iter().for_each(|conversation| {
        check(conversation, &watch(conversation, []));
    });
}

fn check(conversation: &Conversation, handshake: &Handshake) {
    let name = &conversation.name;
    let truth = |key: &str| conversation.truth.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    let is = |key: &str| conversation.truth.get(key).and_then(toml::Value::as_bool);
    let number = |text: &str| u16::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap();

    let outcome = truth("handshake");
    assert_eq!(handshake.completed, outcome == "complete", "{name}: {outcome}");
    match outcome {
        "complete" => assert_eq!(handshake.defects, [], "{name}"),
        "failed" => {
            let refused = handshake.alerts.iter().any(|sent| sent.from == Side::Server);
            assert!(refused || handshake.ended.server == Some(End::Closed), "{name}");
        }
        "not captured" => {
            assert!(handshake.midstream, "{name}");
            assert_eq!(handshake.record_version.client, Some(Version::TLCP), "{name}");
        }
        "client side only" => {
            assert_eq!((handshake.version, handshake.suite), (None, None), "{name}");
            let hello = handshake.read_client_hello(&Limits::default()).unwrap().unwrap().value;
            assert_eq!((hello.suites[0], hello.versions()), (Suite(0x1301), vec![Version::TLS_1_3]), "{name}");
        }
        cut => {
            assert!(cut.contains("snap length"), "{name}: {cut}");
            assert_eq!((handshake.suite, handshake.ended.server), (None, Some(End::Cut)), "{name}");
        }
    }
    let dialect = match truth("protocol").split(' ').next().unwrap() {
        "TLCP" => Dialect::Tlcp,
        "DTLS" => Dialect::Dtls,
        _ => Dialect::Tls,
    };
    if outcome == "failed" {
        let first = handshake.record_version.client.unwrap();
        assert_eq!(Dialect::of(first), Some(dialect), "{name}");
        assert!(handshake.is_answered() && handshake.server_hello.is_none(), "{name}");
    }
    if outcome != "complete" {
        return;
    }
    assert_eq!(handshake.dialect, Some(dialect), "{name}");
    assert_eq!(handshake.version, Some(Version(number(truth("wire_version")))), "{name}");
    assert_eq!(handshake.suite, Some(Suite(number(truth("cipher_suite_code")))), "{name}");
    let (group, dh_bits) = match truth("group") {
        "" => (None, None),
        "x25519" | "X25519" => (Some(0x001d), None),
        "secp256r1" | "P-256" => (Some(0x0017), None),
        "secp384r1" => (Some(0x0018), None),
        "curveSM2" => (Some(0x0029), None),
        "X25519MLKEM768" => (Some(0x11ec), None),
        "finite-field DH, 2048-bit prime" => (None, Some(2048)),
        other => panic!("{name}: group {other}"),
    };
    assert_eq!((handshake.group, handshake.dh_bits), (group.map(Group), dh_bits), "{name}");
    let scheme = match truth("signature") {
        "rsa_pss_rsae_sha256" => Some(0x0804),
        "ecdsa_secp256r1_sha256" => Some(0x0403),
        hidden if hidden.ends_with("(encrypted)") || hidden.contains("inside encrypted") => None,
        implied if implied == "SM2-SM3" || implied.contains("implied by") => {
            let message = handshake.read_server_key_exchange(&Limits::default()).unwrap().unwrap().value;
            assert!(message.signature().is_some(), "{name}: signed, and the scheme not named");
            None
        }
        "" => None,
        other => panic!("{name}: signature {other}"),
    };
    assert_eq!(handshake.scheme, scheme.map(Scheme), "{name}");
    assert_eq!(handshake.retry.is_some(), is("hello_retry_request").unwrap_or(false), "{name}");
    assert_eq!(handshake.server_name.as_deref().unwrap_or_default(), truth("sni"), "{name}");
    let in_clear = is("certificates_visible").unwrap();
    assert_eq!(handshake.client_auth, if in_clear { is("client_auth") } else { None }, "{name}");
    assert_eq!(handshake.resumed, Some(is("resumed").unwrap_or(false)), "{name}");
    certificates(conversation, handshake);
}

fn certificates(conversation: &Conversation, handshake: &Handshake) {
    let name = &conversation.name;
    let empty = vec![];
    let truth = conversation.truth.get("certificate").and_then(toml::Value::as_array).unwrap_or(&empty);
    for (side, word) in [(Side::Client, "client"), (Side::Server, "server")] {
        let expected: Vec<_> = truth.iter().filter(|entry| entry["sent_by"].as_str() == Some(word)).collect();
        let found = handshake.certificates.of(side).as_deref().unwrap_or_default();
        assert_eq!(found.len(), expected.len(), "{name}: certificates of the {word}");
        for (der, truth) in found.iter().zip(expected) {
            let reading = read_certificate(der, &Limits::DEFAULT).unwrap();
            crate::certificates::check(truth.as_table().unwrap(), &reading.value, name);
        }
    }
}

#[test]
fn every_message_in_clear_is_written_again_byte_by_byte() {
    let limits = Limits::default();
    let mut written = std::collections::BTreeMap::<&str, usize>::new();
    for conversation in conversations() {
        let handshake = watch(&conversation, []);
        let mut same = |kind, body: &Option<Box<[u8]>>, write: &dyn Fn(&mut Vec<u8>)| {
            let Some(body) = body else { return };
            let mut out = Vec::new();
            write(&mut out);
            assert_eq!(&out[4..], &**body, "{}: {kind}", conversation.name);
            *written.entry(kind).or_default() += 1;
        };
        same("client hello", &handshake.client_hello, &|out| {
            handshake.read_client_hello(&limits).unwrap().unwrap().value.write(out).unwrap();
        });
        same("server hello", &handshake.server_hello, &|out| {
            handshake.read_server_hello(&limits).unwrap().unwrap().value.write(out).unwrap();
        });
        same("retry", &handshake.retry, &|out| {
            ServerHello::read(handshake.retry.as_deref().unwrap(), &limits).unwrap().value.write(out).unwrap();
        });
        same("server key exchange", &handshake.server_key_exchange, &|out| {
            handshake.read_server_key_exchange(&limits).unwrap().unwrap().value.write(out).unwrap();
        });
        same("certificate request", &handshake.certificate_request, &|out| {
            handshake.read_certificate_request(&limits).unwrap().unwrap().value.write(out).unwrap();
        });
        same("client key exchange", &handshake.client_key_exchange, &|out| {
            handshake.read_client_key_exchange(&limits).unwrap().unwrap().value.write(out).unwrap();
        });
        same("certificate verify", &handshake.certificate_verify, &|out| {
            let (dialect, version) = (handshake.dialect.unwrap(), handshake.version.unwrap());
            let body = handshake.certificate_verify.as_deref().unwrap();
            CertificateVerify::read(body, dialect, version, &limits).unwrap().value.write(out).unwrap();
        });
    }
    let kinds = ["certificate request", "certificate verify", "client hello", "client key exchange", "retry"];
    assert!(kinds.iter().all(|kind| written[kind] > 0) && written.len() == 7, "{written:?}");
}

#[test]
fn key_exchanges_have_the_form_of_their_dialect() {
    for conversation in conversations() {
        let handshake = watch(&conversation, []);
        let Some(server) = handshake.read_server_key_exchange(&Limits::DEFAULT) else { continue };
        let client = handshake.read_client_key_exchange(&Limits::DEFAULT).unwrap().unwrap().value;
        let key_exchange = conversation.truth["key_exchange"].as_str().unwrap();
        let fits = match (key_exchange, server.unwrap().value, client) {
            ("ECC-SM2", ServerKeyExchange::CertificateOnly(_), ClientKeyExchange::Long(secret)) => secret[0] == 0x30,
            ("ECDHE-SM2", ServerKeyExchange::Signed { .. }, ClientKeyExchange::Parameters { curve, .. }) => {
                curve.group == Group(0x0029) && curve.point.len() == 65
            }
            ("ECDHE", ServerKeyExchange::Signed { .. }, ClientKeyExchange::Point(_)) => true,
            ("DHE", ServerKeyExchange::Signed { .. }, ClientKeyExchange::Long(public)) => public.len() == 256,
            _ => false,
        };
        assert!(fits, "{}: {key_exchange}, {client:?}", conversation.name);
    }
}

#[test]
fn a_drip_of_single_bytes_tells_the_same() {
    for conversation in conversations() {
        let single = watch(&conversation, std::iter::repeat(1));
        assert_eq!(single, watch(&conversation, []), "{}", conversation.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_segmentation_tells_the_same(which in any::<prop::sample::Index>(), sizes in prop::collection::vec(1usize..700, 1..60)) {
        let conversations = conversations();
        let conversation = which.get(&conversations);
        prop_assert_eq!(watch(conversation, sizes), watch(conversation, []), "{}", conversation.name);
    }
}

#[test]
fn datagrams_that_are_lost_doubled_or_late_change_nothing_that_was_seen() {
    let recorded = named(|name| name.starts_with("dtls"));
    assert_eq!(recorded.len(), 2);
    for Conversation { name, pieces, .. } in &recorded {
        let told = watch_datagrams(pieces);
        let facts = |handshake: &Handshake| {
            (handshake.version, handshake.suite, handshake.group, handshake.certificates.clone(), handshake.completed)
        };
        let doubled: Vec<_> = pieces.iter().flat_map(|piece| [piece, piece]).collect();
        assert_eq!(facts(&watch_datagrams(doubled)), facts(&told), "{name}");
        // Flights stay in order, what lies inside one comes backwards.
        let flights: Vec<_> = pieces.chunk_by(|one, other| one.0 == other.0).collect();
        let backwards: Vec<_> = flights.iter().take(4).flat_map(|flight| flight.iter().rev()).collect();
        let seen = watch_datagrams(backwards);
        assert_eq!((seen.suite, seen.certificates), (told.suite, told.certificates.clone()), "{name}");
        for lost in 0..pieces.len() {
            let rest: Vec<_> =
                pieces.iter().enumerate().filter(|(at, _)| *at != lost).map(|(_, piece)| piece).collect();
            let seen = watch_datagrams(rest);
            let same = |found: Option<Suite>| found.is_none() || found == told.suite;
            assert!(same(seen.suite) && seen.defects.is_empty(), "{name} without datagram {lost}: {:?}", seen.defects);
        }
    }
}
