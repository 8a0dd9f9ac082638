//! Damaged bytes: no reader may panic, loop or keep more than it was given.

use dengmi_core::{Suite, Version};
use dengmi_parse::tls::message::{
    Alert, CertificateRequest, CertificateVerify, Certificates, ClientHello, ClientKeyExchange, EncryptedExtensions,
    Finished, NewSessionTicket, ServerHello, ServerHelloDone, ServerKeyExchange, Ssl2ClientHello, Ssl2ServerHello,
};
use dengmi_parse::tls::{
    Deframed, Deframer, Dialect, ExtensionType, HandshakeType, MessageAssembler, Side, Then, Watcher,
};
use dengmi_parse::{Limits, Reading};
use proptest::prelude::*;

use crate::capture::conversations;

/// Every form that the readers of messages know.
const FORMS: [(Dialect, Version); 5] = [
    (Dialect::Tlcp, Version::TLCP),
    (Dialect::Tls, Version::SSL_3_0),
    (Dialect::Tls, Version::TLS_1_1),
    (Dialect::Tls, Version::TLS_1_2),
    (Dialect::Tls, Version::TLS_1_3),
];

/// Reads `body` as everything it could be, in every form, and looks into every view.
fn read_as_everything(body: &[u8], limits: &Limits) {
    if let Ok(Reading { value, defects, .. }) = ClientHello::read(body, limits) {
        assert!(defects.len() <= limits.defects + 1);
        assert!(value.suites.len() <= body.len() / 2);
        let _ = (value.server_name(), value.versions());
        if let Some(list) = value.extensions {
            assert!(list.0.len() <= limits.extensions);
            let _ = (list.supported_groups(), list.signature_algorithms(), list.signature_algorithms_cert());
            let _ = (list.key_shares(), list.key_share(), list.retry_group(), list.cookie());
            let _ = (list.application_protocols(), list.ec_point_formats(), list.session_ticket());
            let _ = (list.pre_shared_keys(), list.selected_pre_shared_key(), list.find(ExtensionType::KEY_SHARE));
        }
    }
    if let Ok(Reading { value, .. }) = ServerHello::read(body, limits) {
        let _ = (value.selected_version(), value.group(), value.key_share(), value.is_retry());
    }
    for (dialect, version) in FORMS {
        if let Ok(reading) = Certificates::read(body, dialect, version, limits) {
            assert!(reading.value.entries.len() <= limits.certificates);
        }
        let _ = CertificateRequest::read(body, dialect, version, limits);
        let _ = CertificateVerify::read(body, dialect, version, limits);
        let _ = NewSessionTicket::read(body, dialect, version, limits);
        let _ = Finished::read(body, dialect, version, limits);
        let _ = ClientKeyExchange::read(body, dialect, limits);
        for suite in [Suite(0x0003), Suite(0xe013)] {
            let message = ServerKeyExchange::read(body, dialect, version, suite, limits).unwrap().value;
            let _ = (message.group(), message.dh_bits(), message.signature());
        }
    }
    let _ = (EncryptedExtensions::read(body, limits), ServerHelloDone::read(body, limits), Alert::read(body, limits));
    let _ = (Ssl2ClientHello::read(body, limits), Ssl2ServerHello::read(body, limits));
}

/// The handshake messages in clear of all captures, one of each kind and capture.
fn seeds() -> Vec<Vec<u8>> {
    let limits = Limits::default();
    let mut seeds = Vec::new();
    for conversation in conversations() {
        for side in [Side::Client, Side::Server] {
            let pieces = conversation.pieces.iter().filter(|(from, _)| *from == side);
            let stream: Vec<u8> = pieces.flat_map(|(_, bytes)| bytes.clone()).collect();
            let (mut deframer, mut assembler, mut left) =
                (Deframer::default(), MessageAssembler::default(), &stream[..]);
            while let Ok(Deframed::Record(record)) = deframer.next(left, &limits) {
                left = &left[record.size()..];
                let mut fragment = record.fragment;
                match record.content.0 {
                    22 => {}
                    20 | 23 => break,
                    _ => continue,
                }
                while let Ok(Some(message)) = assembler.next(&mut fragment, &limits) {
                    seeds.push(message.bytes.into_owned());
                }
            }
        }
    }
    seeds.sort();
    seeds.dedup_by_key(|message| (message[0], message.len() / 512));
    seeds
}

#[test]
fn messages_cut_anywhere_or_changed_in_any_byte_are_read_without_panic() {
    let seeds = seeds();
    let kinds: std::collections::BTreeSet<_> = seeds.iter().map(|message| HandshakeType(message[0])).collect();
    assert!(kinds.len() >= 9, "only {kinds:?} among the seeds");
    for seed in &seeds {
        let body = &seed[4..];
        (0..=body.len()).for_each(|end| read_as_everything(&body[..end], &Limits::DEFAULT));
        let mut changed = body.to_vec();
        for at in 0..body.len() {
            for value in [!body[at], 0, 0xff] {
                changed[at] = value;
                read_as_everything(&changed, &Limits::DEFAULT);
            }
            changed[at] = body[at];
        }
    }
}

#[test]
fn connections_cut_anywhere_or_changed_in_any_byte_are_watched_without_panic() {
    let limits = Limits::default();
    for conversation in conversations() {
        let whole: Vec<(Side, &[u8])> = conversation.pieces.iter().map(|(side, bytes)| (*side, &bytes[..])).collect();
        for which in 0..whole.len().min(6) {
            let (side, bytes) = whole[which];
            for at in 0..bytes.len().min(160) {
                for value in [!bytes[at], 0, 0xff] {
                    let mut changed = bytes.to_vec();
                    changed[at] = value;
                    let mut watcher = Watcher::new();
                    for (index, (from, bytes)) in whole.iter().enumerate() {
                        let fed = watcher.feed(*from, if index == which { &changed } else { bytes }, &limits);
                        assert!(fed.used <= bytes.len());
                        if fed.then == Then::Enough {
                            break;
                        }
                    }
                    assert!(watcher.handshake().defects.len() <= limits.defects + 1);
                }
                let mut watcher = Watcher::new();
                whole[..which].iter().for_each(|(from, bytes)| {
                    watcher.feed(*from, bytes, &limits);
                });
                watcher.feed(side, &bytes[..at], &limits);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_bytes_are_read_and_watched_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_as_everything(&bytes, &Limits::DEFAULT);
        let mut watcher = Watcher::new();
        watcher.feed(Side::Client, &bytes, &Limits::DEFAULT);
        let framed = [&[22, 3, 3, u8::try_from(bytes.len() >> 8).unwrap(), u8::try_from(bytes.len() & 255).unwrap()], &bytes[..]].concat();
        watcher.feed(Side::Server, &framed, &Limits::DEFAULT);
    }
}
