//! Recorded sessions, opened with the secrets that a client would have logged, and the signatures in them.

use std::sync::Arc;

use dengmi_core::Version;
use dengmi_crypto::Hash;
use dengmi_crypto::block::BlockCipher;
use dengmi_parse::Limits;
use dengmi_parse::tls::{ContentType, Deframed, Deframer, KeyLog, Side, Watcher};
use dengmi_protocol::handshake::record::RecordKey;
use dengmi_protocol::handshake::suite::Protection;
use dengmi_protocol::handshake::{KeyExchangeSignature, NotOpened, Opener, Opening, key_exchange_signature};

use crate::recording::{self, Recording};

fn log_of(recording: &Recording, labels: &[&str]) -> KeyLog {
    let random = hex::encode(recording.value("random", "client_random"));
    let fields = [
        ("CLIENT_RANDOM", "master_secret"),
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"),
        ("CLIENT_TRAFFIC_SECRET_0", "client_application_traffic_secret_0"),
        ("SERVER_TRAFFIC_SECRET_0", "server_application_traffic_secret_0"),
    ];
    let mut text = String::new();
    for (label, field) in fields.into_iter().filter(|(label, _)| labels.contains(label)) {
        if let Some(secret) = recording.maybe("derived", field).or_else(|| recording.maybe("session", field)) {
            text += &format!("{label} {random} {}\n", hex::encode(secret));
        }
    }
    KeyLog::read(text.as_bytes()).unwrap()
}

/// What each side says, fed in pieces of so many bytes.
fn opened(recording: &Recording, log: KeyLog, piece: usize) -> (Opening, [Vec<u8>; 2]) {
    let mut opener = Opener::new(Arc::new(log));
    let mut data = [Vec::new(), Vec::new()];
    for record in recording.records() {
        let side = if record.from_client { Side::Client } else { Side::Server };
        for piece in record.bytes.chunks(piece) {
            opener.feed(side, piece, &Limits::DEFAULT, &mut |side, opened| {
                data[usize::from(side == Side::Server)].extend_from_slice(opened);
            });
        }
    }
    (opener.state(), data)
}

const TLCP: &[&str] = &["CLIENT_RANDOM"];
const TLS13: &[&str] = &[
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
];

#[test]
fn every_recorded_session_opens_with_what_its_client_would_have_logged() {
    for recording in recording::all() {
        let labels = if recording.is_tls13() { TLS13 } else { TLCP };
        for piece in [1, 7, 100_000] {
            let (state, [request, answer]) = opened(&recording, log_of(&recording, labels), piece);
            assert_eq!(state, Opening::Open, "{}", recording.name);
            assert_eq!(request, recording.value("application", "request_plain"), "{}", recording.name);
            let expected = recording.value("application", "response_plain");
            assert!(!expected.is_empty() && answer.starts_with(&expected), "{}", recording.name);
        }
    }
}

#[test]
fn what_the_log_does_not_name_or_names_wrongly_stays_closed() {
    for recording in recording::all() {
        let labels = if recording.is_tls13() { TLS13 } else { TLCP };
        let closed = |log, expected| {
            assert_eq!(opened(&recording, log, 100_000), (expected, [vec![], vec![]]), "{}", recording.name);
        };
        closed(KeyLog::default(), Opening::NotLogged);
        let random = hex::encode(recording.value("random", "client_random"));
        let unneeded = match recording.is_tls13() {
            true => format!("CLIENT_RANDOM {random} {}", "00".repeat(48)),
            false => format!("CLIENT_TRAFFIC_SECRET_0 {random} {}", "00".repeat(32)),
        };
        closed(KeyLog::read(unneeded.as_bytes()).unwrap(), Opening::Failed(NotOpened::SecretMissing));
        let zeros: String = labels
            .iter()
            .map(|label| format!("{label} {random} {}\n", "00".repeat(if recording.is_tls13() { 32 } else { 48 })))
            .collect();
        let (state, data) = opened(&recording, KeyLog::read(zeros.as_bytes()).unwrap(), 100_000);
        assert_eq!(data, [Vec::<u8>::new(), Vec::new()]);
        // In TLS 1.3 what does not open might be early data, until there is too much of it.
        let expected = if recording.is_tls13() { Opening::Open } else { Opening::Failed(NotOpened::NotAuthentic) };
        assert_eq!(state, expected, "{}", recording.name);
    }
}

#[test]
fn a_changed_byte_anywhere_opens_nothing_else() {
    for recording in recording::all() {
        let labels = if recording.is_tls13() { TLS13 } else { TLCP };
        let truth = opened(&recording, log_of(&recording, labels), 100_000).1;
        let records = recording.records();
        for (number, record) in records.iter().enumerate() {
            for at in (0..record.bytes.len()).step_by(11) {
                let mut opener = Opener::new(Arc::new(log_of(&recording, labels)));
                let mut data = [Vec::new(), Vec::new()];
                for (other, record) in records.iter().enumerate() {
                    let side = if record.from_client { Side::Client } else { Side::Server };
                    let mut bytes = record.bytes.clone();
                    if other == number {
                        bytes[at] ^= 0x41;
                    }
                    opener.feed(side, &bytes, &Limits::DEFAULT, &mut |side, opened| {
                        data[usize::from(side == Side::Server)].extend_from_slice(opened);
                    });
                }
                let kept = data.iter().zip(&truth).all(|(data, truth)| truth.starts_with(data));
                assert!(kept, "{}: byte {at} of record {number}", recording.name);
            }
        }
    }
}

#[test]
fn recorded_key_exchanges_are_signed_by_the_certificates_shown() {
    for recording in recording::all().into_iter().filter(|recording| !recording.is_tls13()) {
        let mut watcher = Watcher::new();
        for record in recording.records() {
            let side = if record.from_client { Side::Client } else { Side::Server };
            watcher.feed(side, &record.bytes, &Limits::DEFAULT);
        }
        let expected = match recording.kind() {
            // Nothing is signed when a session is taken up again.
            "tlcp-resumed" => KeyExchangeSignature::NotSeen,
            _ => KeyExchangeSignature::Holds,
        };
        assert_eq!(key_exchange_signature(watcher.handshake(), &Limits::DEFAULT), expected, "{}", recording.name);
    }
}

#[test]
fn encrypt_then_mac_opens_what_it_protected_and_nothing_that_was_changed() {
    let protection = Protection::Cbc { cipher: BlockCipher::Aes128, mac: Hash::Sha256 };
    let key = || RecordKey::new(Version::TLS_1_2, protection, &[3; 32], &[4; 16], &[]).unwrap();
    let text = b"GET / HTTP/1.1\r\n\r\n";
    let mut bytes = Vec::new();
    let mut writer = key().encrypt_then_mac();
    writer.protect(ContentType::APPLICATION_DATA, text, &[5; 16], &mut bytes).unwrap();
    let open = |bytes: &[u8], mut key: RecordKey| match Deframer::default().next(bytes, &Limits::DEFAULT) {
        Ok(Deframed::Record(record)) => key.open(&record).ok(),
        other => panic!("{other:?}"),
    };
    let expected = Some((ContentType::APPLICATION_DATA, text.to_vec()));
    assert_eq!(open(&bytes, key().encrypt_then_mac()), expected);
    assert_eq!(open(&bytes, key()), None);
    for at in 5..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_eq!(open(&changed, key().encrypt_then_mac()), None, "byte {at}");
    }
}
