//! The client over the recordings: it is fed what the server sent, draws what the script drew, and must send the same
//! bytes.

use std::sync::Arc;

use dengmi_core::{Group, KeyRole, Scheme, Version};
use dengmi_crypto::PrivateKey;
use dengmi_crypto::sm2;
use dengmi_parse::tls::AlertDescription;
use dengmi_protocol::handshake::suite::{KeyExchange, Protection};
use dengmi_protocol::handshake::{
    Client, Done, Identity, Offer, PeerMisbehaved, Purpose, Secrets, Step, Stop, Stopped, TlcpForms,
};

use crate::recording::{Recording, all};

/// How the server's bytes reach the client.
#[derive(Clone, Copy, Debug)]
enum Delivery {
    Records,
    Bytes,
}

fn offer(recording: &Recording) -> Offer {
    let suite = recording.suite();
    let hrr = recording.kind() == "tls13-hrr";
    let base = if recording.is_tls13() { Offer::tls13_sm() } else { Offer::tlcp() };
    Offer {
        suites: vec![suite.suite],
        shares: if recording.is_tls13() && !hrr { vec![Group::CURVE_SM2] } else { vec![] },
        compatible: recording.maybe("random", "legacy_session_id").is_some_and(|id| !id.is_empty()),
        identity: recording.has_client_certificate().then(|| Arc::new(identity(recording))),
        ..base
    }
}

fn identity(recording: &Recording) -> Identity {
    let key = |usage| {
        let bytes = recording.certificate("client", usage, "private_key");
        PrivateKey::Sm2(sm2::PrivateKey::from_bytes(&bytes).unwrap())
    };
    Identity {
        certificates: recording.certificates("client"),
        signing: key("sign"),
        encryption: (!recording.is_tls13()).then(|| key("encrypt")),
    }
}

/// Everything that the recorded client drew, the vectors of its CBC records included.
fn secrets(recording: &Recording) -> Secrets {
    let mut secrets =
        Secrets::from_seed([0x5e; 32]).given(Purpose::HelloRandom, &recording.value("random", "client_random"));
    for (purpose, part, field) in [
        (Purpose::SessionId, "random", "legacy_session_id"),
        (Purpose::Share, "client_secret", "client_ephemeral_private"),
        (Purpose::Encryption, "client_secret", "sm2_encrypt_k"),
        (Purpose::Signature, "client_secret", "certificate_verify_k"),
        (Purpose::Signature, "client_secret", "client_cv_k"),
    ] {
        if let Some(value) = recording.maybe(part, field) {
            secrets = secrets.given(purpose, &value);
        }
    }
    if let Some(pre_master) = recording.maybe("client_secret", "pre_master_secret") {
        secrets = secrets.given(Purpose::PreMasterSecret, &pre_master[2..]);
    }
    if matches!(recording.suite().protection, Protection::Cbc { .. }) {
        for record in recording.records().iter().filter(|record| record.from_client && record.plain().is_some()) {
            secrets = secrets.given(Purpose::RecordVector, &record.bytes[5..21]);
        }
    }
    secrets
}

fn replayed() -> impl Iterator<Item = Recording> {
    all().into_iter().filter(|recording| recording.kind() != "tlcp-resumed")
}

/// Runs the client to the end of the handshake; what it sent up to there is in `sent`, and how many records were used
/// is returned.
fn run(recording: &Recording, delivery: Delivery, sent: &mut Vec<u8>) -> (Done, usize) {
    let mut client = Client::start(offer(recording), secrets(recording), sent).unwrap();
    for (number, record) in recording.records().iter().enumerate().filter(|(_, record)| !record.from_client) {
        let pieces: Vec<&[u8]> = match delivery {
            Delivery::Records => vec![&record.bytes],
            Delivery::Bytes => record.bytes.chunks(1).collect(),
        };
        for piece in pieces {
            match client.step(piece, sent) {
                Ok(Step::More(more)) => client = more,
                Ok(Step::Done(done)) => return (*done, number + 1),
                Err(stopped) => panic!("{}: {stopped}", recording.name),
            }
        }
    }
    panic!("{}: not finished", recording.name)
}

#[test]
fn the_client_sends_what_was_recorded() {
    let mut replays = 0;
    for recording in replayed() {
        for delivery in [Delivery::Records, Delivery::Bytes] {
            let mut sent = Vec::new();
            let (mut done, used) = run(&recording, delivery, &mut sent);

            // Then the application: request, answer, and both sides' close_notify.
            let connection = &mut done.connection;
            connection.send(&recording.value("application", "request_plain"), &mut sent).unwrap();
            let (mut data, mut closed) = (Vec::new(), false);
            for record in recording.records()[used..].iter().filter(|record| !record.from_client) {
                let received = connection.receive(&record.bytes, &mut sent).unwrap();
                data.extend(received.data);
                closed |= received.end.is_some_and(|alert| alert.description == AlertDescription::CLOSE_NOTIFY);
            }
            assert_eq!(data, recording.value("application", "response_plain"), "{}", recording.name);
            assert!(closed, "{}", recording.name);
            connection.close(&mut sent).unwrap();

            let recorded: Vec<u8> = recording
                .records()
                .into_iter()
                .filter(|record| record.from_client)
                .flat_map(|record| record.bytes)
                .collect();
            assert_eq!(hex::encode(sent), hex::encode(recorded), "{} {delivery:?}", recording.name);
            check_proof(&recording, &done);
            replays += 1;
        }
    }
    assert_eq!(replays, 16);
}

fn check_proof(recording: &Recording, done: &Done) {
    let proof = &done.proof;
    let learned = proof.learned();
    assert_eq!(proof.suite(), recording.suite().suite, "{}", recording.name);
    assert_eq!(learned.certificates, recording.certificates("server"), "{}", recording.name);
    assert_eq!(learned.client_certificate_asked, Some(recording.has_client_certificate()), "{}", recording.name);
    assert_eq!(learned.client_authorities.is_empty(), !recording.has_client_certificate(), "{}", recording.name);
    assert_eq!(learned.scheme, Some(Scheme::SM2SIG_SM3), "{}", recording.name);
    assert_eq!(learned.retried, recording.kind() == "tls13-hrr", "{}", recording.name);
    assert_eq!(learned.notes, [], "{}", recording.name);
    let expected_group = (recording.suite().key_exchange != KeyExchange::TlcpEcc).then_some(Group::CURVE_SM2);
    assert_eq!(learned.group, expected_group, "{}", recording.name);
    let proofs: Vec<(KeyRole, &str)> = proof.proofs().iter().map(|proof| (proof.key, &*proof.by)).collect();
    let expected: &[(KeyRole, &str)] = if recording.is_tls13() {
        assert_eq!(proof.version(), Version::TLS_1_3);
        &[(KeyRole::Signing, "certificate-verify")]
    } else {
        assert_eq!(proof.version(), Version::TLCP);
        assert_ne!(proof.proofs()[0].certificate, proof.proofs()[1].certificate);
        &[(KeyRole::Signing, "server-key-exchange"), (KeyRole::Encryption, "finished")]
    };
    assert_eq!(proofs, expected, "{}", recording.name);
}

/// Feeds the server's records with one altered, and gives where it stopped. `None`: the handshake was finished all
/// the same.
fn stopped(recording: &Recording, offer: Offer, alter: impl Fn(usize, &mut Vec<u8>)) -> Option<Box<Stopped>> {
    let mut sent = Vec::new();
    let mut client = Client::start(offer, secrets(recording), &mut sent).unwrap();
    for (number, record) in recording.records().into_iter().filter(|record| !record.from_client).enumerate() {
        let mut bytes = record.bytes;
        alter(number, &mut bytes);
        match client.step(&bytes, &mut sent) {
            Ok(Step::More(more)) => client = more,
            Ok(Step::Done(_)) => return None,
            Err(stopped) => return Some(stopped),
        }
    }
    Some(client.cancel(&mut sent))
}

#[test]
fn a_flip_in_any_record_of_the_server_never_leads_to_a_proof() {
    for recording in replayed() {
        let records: Vec<Vec<u8>> =
            recording.records().into_iter().filter(|record| !record.from_client).map(|record| record.bytes).collect();
        // The records of the handshake: in TLCP up to the server's Finished, in TLS 1.3 likewise; tickets and data
        // follow.
        let handshake = records.iter().position(|bytes| bytes[0] == 23 && !recording.is_tls13()).unwrap_or_else(|| {
            records.iter().position(|bytes| bytes[0] == 23).unwrap()
                + 4
                + usize::from(recording.has_client_certificate())
        });
        for (number, record) in records.iter().enumerate().take(handshake) {
            // Every byte of short records, a sample of the long ones; the version in a record's header is not
            // authenticated in clear.
            for at in (5..record.len()).step_by(record.len().div_ceil(40)) {
                if recording.is_tls13() && record[0] == 20 {
                    continue;
                }
                let stopped = stopped(&recording, offer(&recording), |which, bytes| {
                    if which == number {
                        bytes[at] ^= 1;
                    }
                });
                assert!(stopped.is_some(), "{}: record {number} byte {at}", recording.name);
            }
        }
    }
}

/// Form B of ClientKeyExchange, and the CertificateVerify over the messages themselves (GmSSL takes both, Tongsuo
/// neither of them).
#[test]
fn the_other_forms_of_tlcp_differ_only_where_they_should() {
    let recording = replayed().find(|recording| recording.kind() == "tlcp-ecdhe").unwrap();
    let forms = TlcpForms { wrapped_share: true, verifies_messages: true };
    let mut sent = Vec::new();
    let mut client = Client::start(Offer { forms, ..offer(&recording) }, secrets(&recording), &mut sent).unwrap();
    for record in recording.records().iter().filter(|record| !record.from_client).take(5) {
        client = match client.step(&record.bytes, &mut sent) {
            Ok(Step::More(client)) => client,
            _ => panic!("the server's first flight has five records"),
        };
    }
    let mut messages = Vec::new();
    let mut left = &sent[..];
    while let [22, 1, 1, high, low, rest @ ..] = left {
        let (message, next) = rest.split_at(usize::from(*high) * 256 + usize::from(*low));
        messages.push(message);
        left = next;
    }
    let [hello, certificate, exchange, verify] = messages[..] else { panic!("{} messages", messages.len()) };
    let recorded = recording.messages();
    let of = |from: &str, name: &str| {
        let mut found = recorded.iter().filter(|message| (message.0, message.1) == (from, name));
        found.next().unwrap_or_else(|| panic!("no {name}")).2.clone()
    };
    assert_eq!((hello, certificate), (&of("client", "client_hello")[..], &of("client", "certificate")[..]));
    let plain = of("client", "client_key_exchange");
    assert_eq!(exchange, [&[16, 0, 0, 71, 0, 69][..], &plain[4..]].concat());

    let flight: Vec<u8> = recorded
        .iter()
        .filter(|message| message.0 == "server" && message.1 != "finished")
        .flat_map(|message| message.2.clone())
        .collect();
    let text = [hello, &flight, certificate, exchange].concat();
    let key = sm2::PublicKey::from_point(&recording.certificate("client", "sign", "public_key")).unwrap();
    let signature = sm2::Signature::from_der(&verify[6..]).unwrap();
    assert_eq!(key.verify(sm2::DEFAULT_IDENTIFIER, &text, &signature), Ok(()));
}

#[test]
fn ecdhe_without_a_client_pair_stops_with_everything_that_the_server_said() {
    let recording = replayed().find(|recording| recording.kind() == "tlcp-ecdhe").unwrap();
    let mut sent = Vec::new();
    let offer = Offer { identity: None, ..offer(&recording) };
    let mut client = Client::start(offer, secrets(&recording), &mut sent).unwrap();
    let hello = sent.len();
    let mut end = None;
    for record in recording.records().iter().filter(|record| !record.from_client) {
        match client.step(&record.bytes, &mut sent) {
            Ok(Step::More(more)) => client = more,
            Ok(Step::Done(_)) => panic!("finished without a pair"),
            Err(stopped) => {
                end = Some(stopped);
                break;
            }
        }
    }
    let Stopped { reason, learned } = *end.unwrap();
    assert_eq!(reason, Stop::NeedsClientPair);
    assert_eq!(learned.client_certificate_asked, Some(true));
    assert_eq!(learned.group, Some(Group::CURVE_SM2));
    assert_eq!(learned.proofs.len(), 1, "the signing key only");
    assert_eq!(learned.proofs[0].key, KeyRole::Signing);
    // user_canceled, then close_notify, as warnings and in clear.
    assert_eq!(hex::encode(&sent[hello..]), "1501010002015a15010100020100");
}

#[test]
fn every_way_to_stop_says_why() {
    let tlcp = replayed().find(|recording| recording.kind() == "tlcp-ecc").unwrap();
    let tls13 = replayed().find(|recording| recording.kind() == "tls13").unwrap();
    let check = |recording: &Recording, offer: Offer, at: usize, replacement: &str, expected: Stop| {
        let stopped = stopped(recording, offer, |which, bytes| {
            if which == at && !replacement.is_empty() {
                *bytes = hex::decode(replacement).unwrap();
            }
        });
        assert_eq!(stopped.map(|stopped| stopped.reason), Some(expected), "{replacement}");
    };
    let alert = |level: u8, description: u8| {
        Stop::Alert(dengmi_parse::tls::message::Alert {
            level: dengmi_parse::tls::AlertLevel(level),
            description: AlertDescription(description),
        })
    };
    check(&tlcp, offer(&tlcp), 0, "15010100020228", alert(2, 40));
    check(&tlcp, offer(&tlcp), 0, "15010100020100", alert(1, 0));
    check(&tls13, offer(&tls13), 0, "15030300020246", alert(2, 70));
    check(&tlcp, offer(&tlcp), 0, "140101000101", PeerMisbehaved::ChangeCipherSpec.into());
    check(
        &tlcp,
        offer(&tlcp),
        0,
        "16010100040e000000",
        PeerMisbehaved::UnexpectedMessage(dengmi_parse::tls::HandshakeType(14)).into(),
    );
    check(&tlcp, offer(&tlcp), 0, "1601010000", PeerMisbehaved::EmptyRecord.into());
    let hello = |version: &str, suite: &str| format!("160101002a02000026{version}{}00{suite}00", "11".repeat(32));
    check(&tlcp, offer(&tlcp), 0, &hello("0303", "e013"), PeerMisbehaved::VersionNotOffered(Version::TLS_1_2).into());
    check(
        &tlcp,
        offer(&tlcp),
        0,
        &hello("0101", "e053"),
        PeerMisbehaved::SuiteNotOffered(dengmi_core::Suite(0xe053)).into(),
    );
}
