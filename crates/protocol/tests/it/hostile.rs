//! Peers that send anything: no panic, no proof, and no more than the limits allow.

use std::sync::Arc;

use dengmi_core::Version;
use dengmi_crypto::sm2::kdf;
use dengmi_parse::Limits;
use dengmi_protocol::handshake::suite::suites;
use dengmi_protocol::handshake::{
    Client, Note, Offer, PeerMisbehaved, Preference, Server, ServerConfig, ServerStep, Step, Stop, groups,
};

use crate::identities::{identity, secrets, sm2_server};

fn config() -> Arc<ServerConfig> {
    Arc::new(ServerConfig {
        suites: [Version::TLCP, Version::TLS_1_3, Version::TLS_1_2].into_iter().flat_map(suites).collect(),
        preference: Preference::Clients,
        groups: groups().collect(),
        tls: Some(identity("p256")),
        tlcp: Some(sm2_server("tlcp-ecc-sm4-gcm-sm3")),
        limits: Limits::default(),
    })
}

fn offers() -> [Offer; 3] {
    [Offer::tlcp(), Offer::tls12(), Offer::tls13()]
}

/// The client's hello and what our server answers to it.
fn dialogue(offer: Offer) -> (Vec<u8>, Vec<u8>) {
    let (mut hello, mut flight) = (Vec::new(), Vec::new());
    Client::start(offer, secrets("client"), &mut hello).unwrap();
    assert!(Server::start(config(), secrets("server")).step(&hello, &mut flight).is_ok());
    (hello, flight)
}

#[test]
fn every_changed_byte_of_a_hello_is_survived() {
    for offer in offers() {
        let (hello, _) = dialogue(offer);
        for at in 0..hello.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut altered = hello.clone();
                altered[at] ^= change;
                let step = Server::start(config(), secrets("server")).step(&altered, &mut Vec::new());
                assert!(!matches!(step, Ok(ServerStep::Done(_))), "byte {at}");
            }
            let cut = Server::start(config(), secrets("server")).step(&hello[..at], &mut Vec::new());
            assert!(matches!(cut, Ok(ServerStep::More(_))), "cut at {at}");
        }
    }
}

/// Where the versions in the headers of records stand: those of records in clear, which TLS 1.3 passes over (RFC 8446
/// 5.1), and those of protected ones, which it authenticates (5.2).
fn version_bytes(flight: &[u8]) -> [Vec<usize>; 2] {
    let (mut at, mut found) = (0, [vec![], vec![]]);
    while let Some([content, _, _, high, low, ..]) = flight.get(at..) {
        found[usize::from(*content == 23)].extend([at + 1, at + 2]);
        at += 5 + usize::from(*high) * 256 + usize::from(*low);
    }
    found
}

#[test]
fn no_changed_byte_of_a_servers_flight_leads_to_a_proof() {
    for offer in offers() {
        let (_, flight) = dialogue(offer.clone());
        let [in_clear, protected] = version_bytes(&flight);
        for at in (0..flight.len()).step_by(3).chain(in_clear.clone()).chain(protected) {
            let mut altered = flight.clone();
            altered[at] ^= 0xff;
            let client = Client::start(offer.clone(), secrets("client"), &mut Vec::new()).unwrap();
            // TLCP and TLS 1.2 wait for the server's Finished in any case; TLS 1.3 would be done here.
            let step = client.step(&altered, &mut Vec::new());
            assert!(!matches!(step, Ok(Step::Done(_))) || in_clear.contains(&at), "byte {at}");
        }
    }
}

#[test]
fn noise_never_panics_and_never_proves() {
    let headers: [&[u8]; 6] = [
        &[],
        &[22, 1, 1, 0, 60],
        &[22, 3, 3, 0, 60, 2, 0, 0, 56, 3, 3],
        &[22, 3, 3, 1, 0],
        &[21, 3, 3, 0, 2],
        &[20, 1, 1, 0, 1],
    ];
    for seed in 0..300u32 {
        for header in headers {
            let noise = [header, &kdf(&[&seed.to_be_bytes()], 300)].concat();
            for offer in offers() {
                let client = Client::start(offer, secrets("client"), &mut Vec::new()).unwrap();
                assert!(!matches!(client.step(&noise, &mut Vec::new()), Ok(Step::Done(_))));
            }
            let server = Server::start(config(), secrets("server"));
            assert!(!matches!(server.step(&noise, &mut Vec::new()), Ok(ServerStep::Done(_))));
        }
    }
}

/// The server's handshake bytes in clear: what [`Limits::handshake`] counts before protection starts.
fn handshake_bytes(flight: &[u8]) -> usize {
    let (mut left, mut sum) = (flight, 0);
    while let [22, _, _, high, low, rest @ ..] = left {
        let length = usize::from(*high) * 256 + usize::from(*low);
        sum += length;
        left = &rest[length..];
    }
    sum
}

#[test]
fn handshake_bytes_are_taken_up_to_the_limit() {
    let (_, flight) = dialogue(Offer::tlcp());
    let all = handshake_bytes(&flight);
    for (handshake, passes) in [(all, true), (all - 1, false)] {
        let offer = Offer { limits: Limits { handshake, ..Limits::default() }, ..Offer::tlcp() };
        let client = Client::start(offer, secrets("client"), &mut Vec::new()).unwrap();
        match client.step(&flight, &mut Vec::new()) {
            Ok(Step::More(_)) => assert!(passes),
            Err(stopped) => {
                assert!(!passes);
                assert_eq!(stopped.reason, Stop::Misbehaved(PeerMisbehaved::TooManyHandshakeBytes));
                assert_eq!(stopped.learned.certificates.len(), 4, "what was learned before stays");
            }
            Ok(Step::Done(_)) => panic!("done without a Finished"),
        }
    }
}

#[test]
fn warnings_are_noted_up_to_the_limit() {
    const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 1, 112];
    for (count, passes) in [(3, true), (4, false)] {
        let offer = Offer { limits: Limits { alerts: 3, ..Limits::default() }, ..Offer::tls12() };
        let client = Client::start(offer, secrets("client"), &mut Vec::new()).unwrap();
        match client.step(&UNRECOGNIZED_NAME.repeat(count), &mut Vec::new()) {
            Ok(Step::More(client)) => {
                assert!(passes);
                let warning = Note::Warning(dengmi_parse::tls::AlertDescription::UNRECOGNIZED_NAME);
                assert_eq!(client.learned().notes, vec![warning; 3]);
            }
            Err(stopped) => {
                assert_eq!((passes, stopped.reason), (false, Stop::Misbehaved(PeerMisbehaved::TooManyAlerts)))
            }
            Ok(Step::Done(_)) => panic!("done without a handshake"),
        }
    }
}
