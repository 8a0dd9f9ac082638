//! Our client against our server, in memory: what no foreign peer here can do, and how each side takes the other's
//! faults.

use std::sync::Arc;

use dengmi_core::{Group, KeyRole, Scheme, Suite, Version};
use dengmi_crypto::VerifyError;
use dengmi_parse::Limits;
use dengmi_parse::tls::message::Alert;
use dengmi_parse::tls::{AlertDescription, AlertLevel};
use dengmi_protocol::handshake::suite::suites;
use dengmi_protocol::handshake::{
    Client, Done, Offer, PeerMisbehaved, Preference, Served, Server, ServerConfig, ServerStep, Step, Stop, groups,
};

use crate::identities::{identity, secrets, sm2_server};

fn config(tls: &str) -> ServerConfig {
    ServerConfig {
        suites: [Version::TLCP, Version::TLS_1_3, Version::TLS_1_2].into_iter().flat_map(suites).collect(),
        preference: Preference::Clients,
        groups: groups().collect(),
        tls: Some(match tls {
            "sm2" => sm2_server("tls13-sm4-gcm-sm3"),
            name => identity(name),
        }),
        tlcp: Some(sm2_server("tlcp-ecc-sm4-gcm-sm3")),
        limits: Limits::default(),
    }
}

/// How a handshake ended on both sides; an error of one leaves the other waiting.
struct Ended {
    client: Option<Result<Done, Stop>>,
    server: Option<Result<Served, Stop>>,
}

/// Carries bytes between both until nothing moves, in pieces of `size` bytes.
fn shake(offer: Offer, config: ServerConfig, size: usize) -> Ended {
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let mut client = Some(Client::start(offer, secrets("client"), &mut to_server).unwrap());
    let mut server = Some(Server::start(Arc::new(config), secrets("server")));
    let mut ended = Ended { client: None, server: None };
    while !to_server.is_empty() || !to_client.is_empty() {
        for piece in std::mem::take(&mut to_server).chunks(size) {
            server = match server.take().map(|server| server.step(piece, &mut to_client)) {
                Some(Ok(ServerStep::More(server))) => Some(server),
                Some(Ok(ServerStep::Done(served))) => {
                    ended.server = Some(Ok(*served));
                    None
                }
                Some(Err(stop)) => {
                    ended.server = Some(Err(stop));
                    None
                }
                None => None,
            };
        }
        for piece in std::mem::take(&mut to_client).chunks(size) {
            client = match client.take().map(|client| client.step(piece, &mut to_server)) {
                Some(Ok(Step::More(client))) => Some(client),
                Some(Ok(Step::Done(done))) => {
                    ended.client = Some(Ok(*done));
                    None
                }
                Some(Err(stopped)) => {
                    ended.client = Some(Err(stopped.reason));
                    None
                }
                None => None,
            };
        }
    }
    ended
}

/// Both sides finish, agree on what they did, and talk.
fn check(name: &str, offer: Offer, config: ServerConfig, version: Version, suite: Suite) -> (Done, Served) {
    let ended = shake(offer, config, usize::MAX);
    let (Some(Ok(mut done)), Some(Ok(mut served))) = (ended.client, ended.server) else {
        panic!("{name}: not finished")
    };
    assert_eq!((done.proof.version(), done.proof.suite()), (version, suite), "{name}");
    assert_eq!((served.accepted.version, served.accepted.suite), (Some(version), Some(suite)), "{name}");
    assert_eq!(served.accepted.group, done.proof.learned().group, "{name}");

    let long: Vec<u8> = (0..40_000u32).map(|number| number.to_le_bytes()[0]).collect();
    for data in [&b"GET / HTTP/1.0\r\n\r\n"[..], &long, b""] {
        let (mut there, mut back, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        done.connection.send(data, &mut there).unwrap();
        assert_eq!(served.connection.receive(&there, &mut answers).unwrap().data, data, "{name}");
        served.connection.send(data, &mut back).unwrap();
        assert_eq!(done.connection.receive(&back, &mut answers).unwrap().data, data, "{name}");
        assert!(answers.is_empty(), "{name}");
    }
    let mut last = Vec::new();
    done.connection.close(&mut last).unwrap();
    let end = served.connection.receive(&last, &mut Vec::new()).unwrap().end;
    assert_eq!(end, Some(Alert { level: AlertLevel::WARNING, description: AlertDescription::CLOSE_NOTIFY }), "{name}");
    (done, served)
}

#[test]
fn every_suite_of_every_version() {
    let mut tried = 0;
    for version in [Version::TLCP, Version::TLS_1_2, Version::TLS_1_3] {
        for suite in suites(version) {
            // These need a client pair, which our server does not ask for.
            if [0xe011, 0xe051].contains(&suite.0) {
                continue;
            }
            let base = match version {
                Version::TLCP => Offer::tlcp(),
                Version::TLS_1_2 => Offer::tls12(),
                _ => Offer::tls13(),
            };
            let offer = Offer { suites: vec![suite], ..base };
            let ecdsa = [0xc02c, 0xcca9, 0xc02b, 0xc024, 0xc023, 0xc00a, 0xc009, 0xc008].contains(&suite.0);
            let who = if ecdsa { "p256" } else { "rsa" };
            check(&suite.number(), offer, config(who), version, suite);
            tried += 1;
        }
    }
    assert_eq!(tried, 2 + 23 + 5);
}

#[test]
fn every_group_and_every_kind_of_key() {
    for group in groups() {
        for who in ["rsa", "p256", "p384", "ed25519", "sm2"] {
            let offer = Offer { groups: vec![group], shares: vec![group], ..Offer::tls13() };
            let (done, served) = check(who, offer, config(who), Version::TLS_1_3, Suite(0x1302));
            assert_eq!(served.accepted.group, Some(group));
            assert_eq!(done.proof.proofs().len(), 1, "{who}");
            assert_eq!(done.proof.learned().notes, [], "{who}");
        }
        let offer = Offer { groups: vec![group], suites: vec![Suite(0xc02f)], ..Offer::tls12() };
        let (done, _) = check("tls 1.2", offer, config("rsa"), Version::TLS_1_2, Suite(0xc02f));
        assert_eq!(done.proof.learned().group, Some(group));
    }
    let offer = Offer::tls13_sm();
    let (done, served) = check("RFC 8998", offer, config("sm2"), Version::TLS_1_3, Suite(0x00c6));
    assert_eq!((served.accepted.scheme, done.proof.learned().scheme), (Some(Scheme(0x0708)), Some(Scheme(0x0708))));
}

#[test]
fn a_retry_leads_to_the_servers_group() {
    for compatible in [false, true] {
        let offer = Offer { shares: vec![], compatible, ..Offer::tls13() };
        let (done, served) = check("no share", offer, config("p256"), Version::TLS_1_3, Suite(0x1302));
        assert!(done.proof.learned().retried && served.accepted.retried);
        let only_p384 = ServerConfig { groups: vec![Group(0x0018)], ..config("p256") };
        let offer = Offer { compatible, ..Offer::tls13() };
        let (done, served) = check("other share", offer, only_p384, Version::TLS_1_3, Suite(0x1302));
        assert_eq!(done.proof.learned().group, Some(Group(0x0018)));
        assert!(served.accepted.retried);
    }
}

#[test]
fn bytes_may_come_in_any_pieces() {
    for size in [1, 2, 3, 5, 7, 1000] {
        for offer in [Offer::tlcp(), Offer::tls12(), Offer::tls13()] {
            let ended = shake(offer, config("rsa"), size);
            assert!(matches!((ended.client, ended.server), (Some(Ok(_)), Some(Ok(_)))), "{size}");
        }
    }
}

#[test]
fn the_preferred_order_decides() {
    let (weak, strong) = (Suite(0xe013), Suite(0xe053));
    for (preference, chosen) in [(Preference::Clients, strong), (Preference::Servers, weak)] {
        let offer = Offer { suites: vec![strong, weak], ..Offer::tlcp() };
        let config = ServerConfig { suites: vec![weak, strong], preference, ..config("rsa") };
        let (done, _) = check("order", offer, config, Version::TLCP, chosen);
        let proofs: Vec<_> = done.proof.proofs().iter().map(|proof| (proof.key, &*proof.by)).collect();
        assert_eq!(proofs, [(KeyRole::Signing, "server-key-exchange"), (KeyRole::Encryption, "finished")]);
    }
}

fn fatal(description: AlertDescription) -> Stop {
    Stop::Alert(Alert { level: AlertLevel::FATAL, description })
}

#[test]
fn what_cannot_work_is_refused_with_the_alert_that_says_why() {
    let no_tlcp = ServerConfig { tlcp: None, ..config("rsa") };
    let only_gcm = ServerConfig { suites: vec![Suite(0xe053), Suite(0xc02f)], ..config("rsa") };
    let cbc = Offer { suites: vec![Suite(0xe013)], ..Offer::tlcp() };
    let other_group = Offer { groups: vec![Group(0x0100)], ..Offer::tls12() };
    let only_ecdhe = ServerConfig { suites: vec![Suite(0xc02f)], ..config("rsa") };
    for (name, offer, config, alert) in [
        ("no identity", Offer::tlcp(), no_tlcp, AlertDescription::HANDSHAKE_FAILURE),
        ("no suite", cbc, only_gcm, AlertDescription::HANDSHAKE_FAILURE),
        ("no group", other_group, only_ecdhe, AlertDescription::HANDSHAKE_FAILURE),
        (
            "no version",
            Offer::tls13(),
            ServerConfig { suites: vec![Suite(0xc02f)], ..config("rsa") },
            AlertDescription::PROTOCOL_VERSION,
        ),
    ] {
        let ended = shake(offer, config, usize::MAX);
        assert_eq!(ended.client.map(Result::err), Some(Some(fatal(alert))), "{name}");
        assert!(matches!(ended.server, Some(Err(_))), "{name}");
    }
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_found_out() {
    // Signing: another key of the same kind.
    let wrong = |config: &mut ServerConfig| {
        let own = config.tls.take().unwrap();
        let other = sm2_server("tlcp-ecc-sm4-gcm-sm3");
        config.tls = Some(dengmi_protocol::handshake::Identity { signing: other.signing, ..own });
    };
    let mut tls = config("sm2");
    wrong(&mut tls);
    let ended = shake(Offer::tls13_sm(), tls, usize::MAX);
    let expected = Stop::Misbehaved(PeerMisbehaved::Signature(VerifyError::Wrong));
    assert_eq!(ended.client.map(Result::err), Some(Some(expected.clone())));
    assert_eq!(ended.server.map(Result::err), Some(Some(fatal(AlertDescription::DECRYPT_ERROR))));

    let mut tlcp = config("rsa");
    let pair = tlcp.tlcp.take().unwrap();
    let swapped = pair.encryption.unwrap();
    tlcp.tlcp = Some(dengmi_protocol::handshake::Identity { signing: swapped, encryption: Some(pair.signing), ..pair });
    let ended = shake(Offer::tlcp(), tlcp, usize::MAX);
    assert_eq!(ended.client.map(Result::err), Some(Some(expected)));

    // Encryption: the right signature, but what the client encrypts cannot be read.
    let mut tlcp = config("rsa");
    let pair = tlcp.tlcp.take().unwrap();
    let other = sm2_server("tls13-sm4-gcm-sm3").signing;
    tlcp.tlcp = Some(dengmi_protocol::handshake::Identity { encryption: Some(other), ..pair });
    let ended = shake(Offer::tlcp(), tlcp, usize::MAX);
    assert_eq!(ended.client.map(Result::err), Some(Some(fatal(AlertDescription::DECRYPT_ERROR))));
}
