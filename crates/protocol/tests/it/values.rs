//! Every value of the recordings, computed anew; every protected record, opened and protected again to the same
//! bytes.

use std::collections::HashMap;

use dengmi_core::Version;
use dengmi_crypto::sm2::{
    Ciphertext, DEFAULT_IDENTIFIER, Exchange, PrivateKey, PublicKey, Role, Signature, TLS13_IDENTIFIER,
};
use dengmi_crypto::{Hash, VerifyError};
use dengmi_parse::Limits;
use dengmi_parse::tls::{ContentType, Deframed, Deframer, Record};
use dengmi_protocol::handshake::Transcript;
use dengmi_protocol::handshake::record::{RecordError, RecordKey};
use dengmi_protocol::handshake::schedule::{
    FinishedBy, MasterSecret, Schedule, TrafficSecret, certificate_verify_text,
};
use dengmi_protocol::handshake::suite::{KeyExchange, Protection};

use crate::recording::{Recorded, Recording, all};

/// Compares a computed value with one of `[derived]`.
struct Derived<'a>(&'a Recording);

impl Derived<'_> {
    fn equals(&self, field: &str, computed: &[u8]) {
        let recorded = hex::encode(self.0.value("derived", field));
        assert_eq!(hex::encode(computed), recorded, "{}: {field}", self.0.name);
    }
}

#[test]
fn tlcp() {
    let recordings: Vec<Recording> = all().into_iter().filter(|recording| !recording.is_tls13()).collect();
    assert_eq!(recordings.len(), 5);
    for recording in &recordings {
        let derived = Derived(recording);
        let suite = recording.suite();
        let (client_random, server_random) =
            (recording.array("random", "client_random"), recording.array("random", "server_random"));
        let master = if recording.kind() == "tlcp-resumed" {
            MasterSecret::resumed(Hash::Sm3, recording.array("session", "master_secret"))
        } else {
            check_server_signature(recording, &client_random, &server_random);
            let pre_master = pre_master(recording);
            MasterSecret::new(suite.hash, &pre_master, &client_random, &server_random)
        };
        derived.equals("master_secret", master.bytes());
        check_key_block(recording, &master, &client_random, &server_random);

        let mut transcript = Transcript::default();
        for (from, name, message) in recording.messages() {
            if name == "finished" {
                let side = if from == "client" { FinishedBy::Client } else { FinishedBy::Server };
                let hash = transcript.digest(Hash::Sm3);
                derived.equals(&format!("{from}_finished_hash"), &hash);
                let verify_data = master.finished(side, &hash);
                derived.equals(&format!("{from}_finished"), &verify_data);
                assert_eq!(message[4..], verify_data, "{}", recording.name);
            }
            if name == "certificate_verify" {
                check_client_signature(recording, &transcript, &message);
            }
            transcript.add(&message);
        }

        let keys = || master.keys(Version::TLCP, suite.protection, &client_random, &server_random).unwrap();
        let (open, protect) = (keys(), keys());
        let (mut open, mut protect) = ([open.client, open.server], [protect.client, protect.server]);
        let mut protected = 0;
        for record in recording.records().iter().filter(|record| record.plain().is_some()) {
            let side = usize::from(!record.from_client);
            check_record(recording, record, &mut open[side], &mut protect[side]);
            protected += 1;
        }
        assert!(protected >= 5, "{}: {protected} protected records", recording.name);
    }
}

fn check_server_signature(recording: &Recording, client_random: &[u8; 32], server_random: &[u8; 32]) {
    let derived = Derived(recording);
    let exchange = recording.messages().into_iter().find(|(_, name, _)| *name == "server_key_exchange").unwrap().2;
    let signed = match recording.suite().key_exchange {
        KeyExchange::TlcpEcc => {
            let certificate = recording.certificate("server", "encrypt", "der");
            [&u32::try_from(certificate.len()).unwrap().to_be_bytes()[1..], &certificate].concat()
        }
        _ => exchange[4..4 + 69].to_vec(),
    };
    let text = [&client_random[..], server_random, &signed].concat();
    derived.equals("ske_signed", &text);
    let key = PublicKey::from_point(&recording.certificate("server", "sign", "public_key")).unwrap();
    let z = key.identity_hash(DEFAULT_IDENTIFIER).unwrap();
    derived.equals("ske_za", &z);
    derived.equals("ske_e", &Hash::Sm3.digest(&[&z[..], &text].concat()));
    let signature = Signature::from_der(&recording.value("derived", "ske_signature")).unwrap();
    assert_eq!(key.verify(DEFAULT_IDENTIFIER, &text, &signature), Ok(()), "{}", recording.name);
    let other = key.verify(TLS13_IDENTIFIER, &text, &signature);
    assert_eq!(other, Err(VerifyError::Wrong), "{}: another identifier", recording.name);
}

fn check_client_signature(recording: &Recording, transcript: &Transcript, message: &[u8]) {
    let derived = Derived(recording);
    let hash = transcript.digest(Hash::Sm3);
    derived.equals("certificate_verify_hash", &hash);
    derived.equals("certificate_verify_signed", &hash);
    let key = PublicKey::from_point(&recording.certificate("client", "sign", "public_key")).unwrap();
    derived.equals("certificate_verify_za", &key.identity_hash(DEFAULT_IDENTIFIER).unwrap());
    derived.equals("certificate_verify_signature", &message[6..]);
    let signature = Signature::from_der(&message[6..]).unwrap();
    assert_eq!(key.verify(DEFAULT_IDENTIFIER, &hash, &signature), Ok(()), "{}", recording.name);
}

/// As the server comes to it, with the server's private key where there is one, and as the client does.
fn pre_master(recording: &Recording) -> Vec<u8> {
    if recording.suite().key_exchange == KeyExchange::TlcpEcc {
        let key = PrivateKey::from_bytes(&recording.certificate("server", "encrypt", "private_key")).unwrap();
        let sealed = Ciphertext::from_der(&recording.value("derived", "sm2_ciphertext")).unwrap();
        let pre_master = key.decrypt(&sealed).unwrap();
        assert_eq!(pre_master, recording.value("client_secret", "pre_master_secret"), "{}", recording.name);
        return pre_master;
    }
    let key = |bytes: &[u8]| PrivateKey::from_bytes(bytes).unwrap();
    let point = |bytes: &[u8]| PublicKey::from_point(bytes).unwrap();
    let derived = Derived(recording);
    let private = key(&recording.certificate("client", "encrypt", "private_key"));
    let ephemeral = key(&recording.value("client_secret", "client_ephemeral_private"));
    derived.equals("client_ephemeral_public", &ephemeral.public_key().point());
    let peer = point(&recording.certificate("server", "encrypt", "public_key"));
    derived.equals("sm2_kex_za_server", &peer.identity_hash(DEFAULT_IDENTIFIER).unwrap());
    derived.equals("sm2_kex_zb_client", &private.public_key().identity_hash(DEFAULT_IDENTIFIER).unwrap());
    let agreed = Exchange {
        role: Role::Responder,
        private: &private,
        ephemeral: &ephemeral,
        identifier: DEFAULT_IDENTIFIER,
        peer: &peer,
        peer_ephemeral: &point(&recording.value("derived", "server_ephemeral_public")),
        peer_identifier: DEFAULT_IDENTIFIER,
    };
    let pre_master = agreed.agree(48).unwrap().key;
    derived.equals("pre_master_secret", &pre_master);
    pre_master
}

fn check_key_block(recording: &Recording, master: &MasterSecret, client_random: &[u8; 32], server_random: &[u8; 32]) {
    let derived = Derived(recording);
    let recorded = recording.value("derived", "key_block");
    let block = master.key_block(client_random, server_random, recorded.len());
    derived.equals("key_block", &block);
    let (mac, vector) = match recording.suite().protection {
        Protection::Cbc { .. } => (32, 16),
        _ => (0, 4),
    };
    let mut left = &block[..];
    for (field, length) in [("mac_key", mac), ("key", 16), ("iv", vector)] {
        for side in ["client", "server"] {
            let (part, rest) = left.split_at(length);
            left = rest;
            if length > 0 {
                derived.equals(&format!("{side}_{field}"), part);
            }
        }
    }
    assert!(left.is_empty());
}

#[test]
fn tls13() {
    let recordings: Vec<Recording> = all().into_iter().filter(Recording::is_tls13).collect();
    assert_eq!(recordings.len(), 4);
    for recording in &recordings {
        check_tls13(recording);
    }
}

fn check_tls13(recording: &Recording) {
    let derived = Derived(recording);
    let suite = recording.suite();
    let hash = suite.hash;
    let ephemeral = PrivateKey::from_bytes(&recording.value("client_secret", "client_ephemeral_private")).unwrap();
    derived.equals("client_ephemeral_public", &ephemeral.public_key().point());
    let peer = PublicKey::from_point(&recording.value("derived", "server_ephemeral_public")).unwrap();
    let shared = ephemeral.agree(&peer);
    derived.equals("shared_secret", &shared);

    let early = Schedule::early(hash);
    derived.equals("early_secret", early.secret());
    derived.equals("derived_for_handshake", &early.derived().unwrap());
    let handshake = early.handshake(&shared).unwrap();
    derived.equals("handshake_secret", handshake.secret());
    derived.equals("derived_for_master", &handshake.derived().unwrap());

    let mut transcript = Transcript::default();
    let mut stages: HashMap<String, TrafficSecret> = HashMap::new();
    let mut stage = |name: &str, secret: Vec<u8>| {
        let secret = TrafficSecret::new(hash, secret);
        let (key, vector) = secret.key_and_vector(16).unwrap();
        derived.equals(&format!("{name}_key"), &key);
        derived.equals(&format!("{name}_iv"), &vector);
        stages.insert(name.to_owned(), secret);
    };
    let mut hellos = 0;
    for (from, name, message) in recording.messages() {
        match (from, name) {
            ("server", "certificate_verify") => check_certificate_verify(recording, "server", &transcript, &message),
            ("client", "certificate_verify") => check_certificate_verify(recording, "client", &transcript, &message),
            (_, "finished") => {
                let before = transcript.digest(hash);
                let secret = recording.value("derived", &format!("{from}_handshake_traffic_secret"));
                let secret = TrafficSecret::new(hash, secret);
                derived.equals(&format!("{from}_finished_hash"), &before);
                derived.equals(&format!("{from}_finished_key"), &secret.finished_key().unwrap());
                derived.equals(&format!("{from}_finished"), &secret.finished(&before).unwrap());
                assert_eq!(message[4..], secret.finished(&before).unwrap());
            }
            _ => {}
        }
        if name == "server_hello" && recording.kind() == "tls13-hrr" && hellos == 0 {
            derived.equals("hello_retry_request", &message);
            transcript.restart(hash);
        }
        transcript.add(&message);
        let so_far = transcript.digest(hash);
        match (from, name) {
            ("server", "server_hello") => {
                hellos += 1;
                if recording.kind() == "tls13-hrr" && hellos == 1 {
                    continue;
                }
                derived.equals("hash_to_server_hello", &so_far);
                for (side, label) in [("client", &b"c hs traffic"[..]), ("server", b"s hs traffic")] {
                    let secret = handshake.derive(label, &so_far).unwrap();
                    derived.equals(&format!("{side}_handshake_traffic_secret"), &secret);
                    stage(&format!("{side}_handshake"), secret);
                }
            }
            ("server", "certificate") => derived.equals("hash_to_certificate", &so_far),
            _ => {}
        }
        if (from, name) == ("server", "finished") {
            let master = Schedule::early(hash).handshake(&shared).unwrap().master().unwrap();
            derived.equals("master_secret", master.secret());
            derived.equals("hash_to_server_finished", &so_far);
            for (side, label) in [("client", &b"c ap traffic"[..]), ("server", b"s ap traffic")] {
                let secret = master.derive(label, &so_far).unwrap();
                derived.equals(&format!("{side}_application_traffic_secret_0"), &secret);
                stage(&format!("{side}_application"), secret);
            }
            derived.equals("exporter_master_secret", &master.derive(b"exp master", &so_far).unwrap());
        }
        if (from, name) == ("client", "finished") {
            let master = Schedule::early(hash).handshake(&shared).unwrap().master().unwrap();
            derived.equals("hash_to_client_finished", &so_far);
            derived.equals("resumption_master_secret", &master.derive(b"res master", &so_far).unwrap());
        }
    }

    let mut keys: HashMap<String, [RecordKey; 2]> = stages
        .into_iter()
        .map(|(name, secret)| (name, [secret.record_key(&suite).unwrap(), secret.record_key(&suite).unwrap()]))
        .collect();
    let mut protected = 0;
    for record in recording.records().iter().filter(|record| record.plain().is_some()) {
        let [open, protect] = keys.get_mut(record.key()).unwrap();
        check_record(recording, record, open, protect);
        protected += 1;
    }
    assert!(protected >= 9, "{}: {protected} protected records", recording.name);
}

fn check_certificate_verify(recording: &Recording, side: &str, transcript: &Transcript, message: &[u8]) {
    let derived = Derived(recording);
    let by = if side == "server" { FinishedBy::Server } else { FinishedBy::Client };
    let text = certificate_verify_text(by, &transcript.digest(Hash::Sm3));
    derived.equals(&format!("{side}_cv_signed"), &text);
    derived.equals(&format!("{side}_cv_signature"), &message[8..]);
    let key = PublicKey::from_point(&recording.certificate(side, "sign", "public_key")).unwrap();
    let z = key.identity_hash(TLS13_IDENTIFIER).unwrap();
    if side == "server" {
        derived.equals("server_cv_za", &z);
        derived.equals("server_cv_e", &Hash::Sm3.digest(&[&z[..], &text].concat()));
    }
    let signature = Signature::from_der(&message[8..]).unwrap();
    assert_eq!(key.verify(TLS13_IDENTIFIER, &text, &signature), Ok(()), "{}", recording.name);
    assert_eq!(key.verify(DEFAULT_IDENTIFIER, &text, &signature), Err(VerifyError::Wrong), "{}", recording.name);
}

fn check_record(recording: &Recording, recorded: &Recorded, open: &mut RecordKey, protect: &mut RecordKey) {
    let content = match recorded.content() {
        "handshake" => ContentType::HANDSHAKE,
        "application_data" => ContentType::APPLICATION_DATA,
        "alert" => ContentType::ALERT,
        other => panic!("{}: content {other}", recording.name),
    };
    let plain = recorded.plain().unwrap();
    assert_eq!(open.sequence(), recorded.sequence(), "{}", recording.name);
    let limits = Limits::default();
    let mut deframer = Deframer::default();
    let Ok(Deframed::Record(record)) = deframer.next(&recorded.bytes, &limits) else { panic!("no record") };
    assert_eq!(open.open(&record), Ok((content, plain.clone())), "{}", recording.name);

    let explicit = &record.fragment[..protect.explicit_length()];
    let mut again = Vec::new();
    protect.protect(content, &plain, explicit, &mut again).unwrap();
    assert_eq!(hex::encode(again), hex::encode(&recorded.bytes), "{}", recording.name);
}

/// One flipped bit anywhere in a protected record is noticed, under the right sequence number.
#[test]
fn every_flip_of_a_record_is_noticed() {
    for recording in all().iter().filter(|recording| recording.kind() == "tlcp-ecc") {
        let randoms = (recording.array("random", "client_random"), recording.array("random", "server_random"));
        let master = MasterSecret::resumed(Hash::Sm3, recording.array("derived", "master_secret"));
        let records = recording.records();
        let first = records.iter().find(|record| record.from_client && record.plain().is_some()).unwrap();
        let fragment = &first.bytes[5..];
        for at in 0..fragment.len() {
            let mut altered = fragment.to_vec();
            altered[at] ^= 0x10;
            let record = Record { content: ContentType::HANDSHAKE, version: Version::TLCP, fragment: &altered };
            let keys = master.keys(Version::TLCP, recording.suite().protection, &randoms.0, &randoms.1).unwrap();
            let mut key = keys.client;
            assert_eq!(key.open(&record), Err(RecordError::NotAuthentic), "{} byte {at}", recording.name);
        }
        for length in 0..fragment.len() {
            let cut = Record { content: ContentType::HANDSHAKE, version: Version::TLCP, fragment: &fragment[..length] };
            let keys = master.keys(Version::TLCP, recording.suite().protection, &randoms.0, &randoms.1).unwrap();
            let mut key = keys.client;
            assert_eq!(key.open(&cut), Err(RecordError::NotAuthentic), "{} cut at {length}", recording.name);
        }
    }
}
