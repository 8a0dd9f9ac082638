//! The readers of IKE: a recorded exchange, what is written is read again, each limit, damaged bytes.

use dengmi_parse::capture::{Dissected, dissect};
use dengmi_parse::ike::{
    Attribute, AttributeType, Certificate, CertificateEncoding, Encapsulated, ExchangeType, Fragment, Header,
    Identification, IkeVersion, KeyExchange, Message, Notify, NotifyType, Payload, PayloadType, Proposal,
    ProtocolIdentifier, SecurityAssociation, Transform, TransformType, Value,
};
use dengmi_parse::reading::Limit;
use dengmi_parse::{DefectKind, Limits};
use proptest::prelude::*;

use crate::capture::vectors;
use crate::packets::read;

/// The datagrams of the recorded exchange, with their destination ports.
fn datagrams() -> Vec<(u16, Vec<u8>)> {
    let file = std::fs::read(vectors("captures").join("ikev2-psk-aes256-sha256-modp2048.pcap")).unwrap();
    let (limits, mut labels) = (Limits::default(), Vec::new());
    let mut found = Vec::new();
    for packet in read(&file, [], &limits).packets {
        if let Ok(Dissected::Transport(datagram)) = dissect(packet.0, &packet.3, &mut labels, &limits)
            && matches!(datagram.destination_port, 500 | 4500)
        {
            found.push((datagram.destination_port, datagram.payload.to_vec()));
        }
    }
    found
}

#[test]
fn a_recorded_exchange_is_read_as_it_was() {
    let limits = Limits::default();
    let datagrams = datagrams();
    assert!(datagrams.len() >= 4, "{} datagrams: a replay of nothing proves nothing", datagrams.len());
    let mut kinds = Vec::new();
    for (port, bytes) in &datagrams {
        let reading = if *port == 4500 {
            Encapsulated::read(bytes, &limits).unwrap()
        } else {
            Message::read(bytes, &limits).unwrap().map(Encapsulated::Ike)
        };
        assert_eq!((reading.defects, reading.rest), (vec![], 0));
        let Encapsulated::Ike(message) = reading.value else { panic!("no message") };
        kinds.push((message.header.exchange, message.header.is_response(), message.payloads.len()));
        assert_eq!(message.header.version, IkeVersion::V2_0);
        let mut written = if *port == 4500 { Encapsulated::NON_ESP_MARKER.to_vec() } else { Vec::new() };
        message.write(&mut written).unwrap();
        // The one thing that a payload that is encrypted does not keep: which payload is the first inside.
        let same = written.iter().zip(bytes).filter(|(left, right)| left == right).count();
        assert!(written.len() == bytes.len() && same + 1 >= bytes.len(), "{message:?}");
    }
    assert_eq!(
        kinds[..2],
        [(ExchangeType::IKE_SA_INIT, false, kinds[0].2), (ExchangeType::IKE_SA_INIT, true, kinds[1].2)]
    );
    assert!(kinds.iter().any(|(exchange, _, _)| *exchange == ExchangeType::IKE_AUTH));

    let answer = Message::read(&datagrams[1].1, &limits).unwrap().value;
    let chosen = answer.bodies(PayloadType::SECURITY_ASSOCIATION).next().unwrap();
    let chosen = SecurityAssociation::read(chosen, IkeVersion::V2_0, &limits).unwrap();
    assert_eq!(chosen.defects, []);
    let [proposal] = &chosen.value.proposals[..] else { panic!("{chosen:?}") };
    let told: Vec<_> = proposal.transforms.iter().map(|transform| (transform.kind(), transform.identifier)).collect();
    // AES-CBC, HMAC-SHA2-256-128, PRF HMAC-SHA2-256, MODP-2048, as the text beside the capture says.
    let mut expected = [
        (TransformType::ENCRYPTION, 12),
        (TransformType::INTEGRITY, 12),
        (TransformType::PSEUDORANDOM_FUNCTION, 5),
        (TransformType::KEY_EXCHANGE_METHOD, 14),
    ];
    let mut sorted = told.clone();
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    let encryption = proposal.transforms.iter().find(|transform| transform.kind() == TransformType::ENCRYPTION);
    assert_eq!(encryption.unwrap().attribute(AttributeType::KEY_LENGTH), Some(256));
    let share = answer.bodies(PayloadType::KEY_EXCHANGE).next().unwrap();
    let share = KeyExchange::read(share, IkeVersion::V2_0, &limits).unwrap().value;
    assert_eq!((share.method, share.data.len()), (Some(14), 256));
    let notified: Vec<_> = answer
        .bodies(PayloadType::NOTIFY)
        .map(|body| Notify::read(body, IkeVersion::V2_0, &limits).unwrap().value.kind)
        .collect();
    assert!(notified.contains(&NotifyType::NAT_DETECTION_SOURCE_IP), "{notified:?}");
}

fn transform(number: u8, identifier: u16, attributes: &[Attribute<'static>]) -> Transform<'static> {
    Transform { number, identifier, attributes: attributes.to_vec() }
}

fn offer(transforms: Vec<Transform<'static>>) -> SecurityAssociation<'static> {
    let proposal = Proposal { number: 1, protocol: ProtocolIdentifier::IKE, spi: &[], transforms };
    SecurityAssociation { proposals: vec![proposal.clone(), Proposal { number: 2, spi: &[1, 2, 3, 4], ..proposal }] }
}

#[test]
fn what_is_written_is_read_again() {
    let limits = Limits::default();
    let key_length = Attribute::short(AttributeType::KEY_LENGTH, 256);
    let long = Attribute { kind: AttributeType::LIFE_DURATION, value: Value::Long(&[0, 0, 0x70, 0x80]) };
    for version in [IkeVersion::V1_0, IkeVersion::V1_1, IkeVersion::V2_0] {
        let association = offer(vec![transform(1, 12, &[key_length]), transform(2, 5, &[]), transform(3, 1, &[long])]);
        let mut body = Vec::new();
        association.write(version, &mut body).unwrap();
        let reading = SecurityAssociation::read(&body, version, &limits).unwrap();
        assert_eq!((reading.value, reading.defects, reading.rest), (association, vec![], 0), "{version}");

        let mut notification = Vec::new();
        let spi = [7; 8];
        let said = Notify { protocol: ProtocolIdentifier::IKE, spi: &spi, kind: NotifyType::COOKIE, data: &[1, 2] };
        said.write(version, &mut notification).unwrap();
        assert_eq!(Notify::read(&notification, version, &limits).unwrap().value, said);

        let mut share = Vec::new();
        let method = (version == IkeVersion::V2_0).then_some(31);
        let sent = KeyExchange { method, data: &[9; 32] };
        sent.write(&mut share);
        assert_eq!(KeyExchange::read(&share, version, &limits).unwrap().value, sent);

        let header = Header::first(version, ExchangeType::IKE_SA_INIT, [3; 8]);
        let critical = Payload { critical: true, ..Payload::new(PayloadType::NONCE, &[5; 16]) };
        let payloads = vec![Payload::new(PayloadType::SECURITY_ASSOCIATION, &body), critical];
        let message = Message { header, payloads, encrypted: None };
        let mut datagram = Vec::new();
        message.write(&mut datagram).unwrap();
        let reading = Message::read(&datagram, &limits).unwrap();
        assert_eq!((reading.value, reading.defects, reading.rest), (message, vec![], 0));
    }
    let mut body = Vec::new();
    let named = Identification { kind: Identification::DOMAIN_NAME, data: b"gate.example" };
    named.write(&mut body);
    assert_eq!(Identification::read(&body, &limits).unwrap().value, named);
    let many: Vec<_> = (0..256).map(|_| transform(1, 1, &[])).collect();
    assert!(offer(many).write(IkeVersion::V2_0, &mut Vec::new()).is_err());
}

#[test]
fn pieces_certificates_and_what_port_4500_carries_are_told_apart() {
    let limits = Limits::default();
    let piece = |body: &[u8], kind| Fragment::read(body, kind, &limits).unwrap().value.number;
    assert_eq!(piece(&[0, 2, 0, 5, 1], PayloadType::ENCRYPTED_FRAGMENT), 2);
    let last = Fragment::read(&[0, 1, 3, 1, 9, 9], PayloadType::FRAGMENT_1, &limits).unwrap().value;
    assert_eq!((last.number, last.total, last.data), (3, Some(3), &[9, 9][..]));
    assert_eq!(Fragment::read(&[0, 1, 2, 0, 9], PayloadType::FRAGMENT_1, &limits).unwrap().value.total, None);
    let certificate = Certificate::read(&[4, 0x30, 0x03], &limits).unwrap().value;
    assert_eq!((certificate.encoding, certificate.data), (CertificateEncoding::X509_SIGNATURE, &[0x30, 0x03][..]));
    assert_eq!(Encapsulated::read(&[0xff], &limits).unwrap().value, Encapsulated::KeepAlive);
    assert_eq!(Encapsulated::read(&[0, 0, 1, 0, 9], &limits).unwrap().value, Encapsulated::Esp { spi: 256 });
    assert!(Encapsulated::read(&[0, 0, 0], &limits).is_err());
    assert!(Encapsulated::read(&[0, 0, 0, 0, 1], &limits).is_err());
}

/// A message with these bytes behind a header that announces them.
fn framed(next: u8, version: u8, flags: u8, behind: &[u8]) -> Vec<u8> {
    let length = u32::try_from(28 + behind.len()).unwrap().to_be_bytes();
    [&[1; 8][..], &[0; 8], &[next, version, 34, flags], &[0; 4], &length, behind].concat()
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let limits = Limits::default();
    let defects = |bytes: &[u8]| match Message::read(bytes, &limits) {
        Ok(reading) => reading.defects.into_iter().map(|defect| (defect.at, defect.what)).collect(),
        Err(defect) => vec![(defect.at, defect.what)],
    };
    let short = |wanted, left| DefectKind::Short { wanted, left };
    for (bytes, expected) in [
        (framed(40, 0x20, 8, &[0, 0, 0, 6, 1, 2]), vec![]),
        (framed(40, 0x20, 8, &[0, 0, 0, 3, 1, 2]), vec![(30, DefectKind::PayloadLength(3))]),
        (framed(40, 0x20, 8, &[0, 0, 0, 9, 1, 2]), vec![(32, short(5, 2))]),
        (framed(40, 0x20, 8, &[0, 0, 0, 4, 1, 2]), vec![(32, DefectKind::Trailing { left: 2 })]),
        (framed(40, 0x20, 8, &[40, 0, 0, 4]), vec![(32, short(1, 0))]),
        (framed(40, 0x30, 8, &[0, 0, 0, 4]), vec![(17, DefectKind::IkeVersion(0x30))]),
        (framed(40, 0x20, 8, &[0, 0, 0, 4])[..27].to_vec(), vec![(24, short(4, 3))]),
        ([framed(40, 0x20, 8, &[0, 0, 0, 4]), vec![7]].concat(), vec![(32, DefectKind::Trailing { left: 1 })]),
        (framed(40, 0x20, 8, &[0, 0, 0, 4])[..31].to_vec(), vec![(28, short(4, 3)), (30, short(2, 1))]),
    ] {
        assert_eq!(defects(&bytes), expected, "{bytes:02x?}");
    }
    let encrypted = framed(5, 0x10, 1, &[1, 2, 3, 4, 5]);
    let reading = Message::read(&encrypted, &limits).unwrap();
    assert_eq!((reading.value.payloads.len(), reading.value.encrypted), (0, Some(&[1, 2, 3, 4, 5][..])));

    let association = |body: &[u8]| {
        let reading = SecurityAssociation::read(body, IkeVersion::V2_0, &limits).unwrap();
        reading.defects.into_iter().map(|defect| (defect.at, defect.what)).collect::<Vec<_>>()
    };
    let alone = [0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 2, 0, 0, 5];
    assert_eq!(association(&alone), []);
    for (at, value, expected) in [
        (0, 2, vec![(0, DefectKind::Sequel(2))]),
        (8, 3, vec![(8, DefectKind::Sequel(3))]),
        (7, 9, vec![(7, DefectKind::Counted { announced: 9, found: 1 })]),
        (3, 3, vec![(2, DefectKind::PayloadLength(3)), (0, DefectKind::Empty)]),
        (11, 9, vec![(12, short(5, 4)), (7, DefectKind::Counted { announced: 1, found: 0 })]),
    ] {
        let mut bytes = alone.to_vec();
        bytes[at] = value;
        assert_eq!(association(&bytes), expected, "{at} {value}");
    }
    assert_eq!(association(&[]), [(0, DefectKind::Empty)]);
}

#[test]
fn every_limit_holds_at_its_value_and_not_one_above() {
    type Found = Vec<DefectKind>;
    fn check(limit: Limit, most: usize, found: impl Fn(usize) -> Found) {
        assert_eq!(found(most), vec![], "{limit}");
        assert_eq!(found(most + 1), vec![DefectKind::Limit { limit, most, found: most + 1 }], "{limit}");
    }
    let limits =
        Limits { payloads: 3, proposals: 2, transforms: 4, attributes: 2, certificate: 5, ..Limits::default() };
    let kinds = |defects: Vec<dengmi_parse::Defect>| defects.into_iter().map(|defect| defect.what).collect::<Found>();
    check(Limit::Payloads, 3, |count| {
        let header = Header::first(IkeVersion::V2_0, ExchangeType::IKE_SA_INIT, [1; 8]);
        let message =
            Message { header, payloads: vec![Payload::new(PayloadType::NONCE, &[1]); count], encrypted: None };
        let mut bytes = Vec::new();
        message.write(&mut bytes).unwrap();
        kinds(Message::read(&bytes, &limits).unwrap().defects)
    });
    let read = |association: &SecurityAssociation<'_>| {
        let mut bytes = Vec::new();
        association.write(IkeVersion::V2_0, &mut bytes).unwrap();
        let read = SecurityAssociation::read(&bytes, IkeVersion::V2_0, &limits).unwrap();
        // A list that was cut is also shorter than announced.
        kinds(read.defects).into_iter().filter(|what| !matches!(what, DefectKind::Counted { .. })).collect::<Found>()
    };
    let proposal = |transforms| Proposal { number: 1, protocol: ProtocolIdentifier::IKE, spi: &[], transforms };
    check(Limit::Proposals, 2, |count| read(&SecurityAssociation { proposals: vec![proposal(vec![]); count] }));
    check(Limit::Transforms, 4, |count| {
        let transforms = (0..count).map(|_| transform(1, 1, &[])).collect();
        read(&SecurityAssociation { proposals: vec![proposal(transforms)] })
    });
    check(Limit::Attributes, 2, |count| {
        let attributes = vec![Attribute::short(AttributeType::KEY_LENGTH, 128); count];
        read(&SecurityAssociation { proposals: vec![proposal(vec![transform(1, 1, &attributes)])] })
    });
    check(Limit::Certificate, 5, |count| match Certificate::read(&vec![4; count + 1], &limits) {
        Ok(reading) => kinds(reading.defects),
        Err(defect) => vec![defect.what],
    });
}

/// Reads `bytes` as a message and every payload of it, and `bytes` themselves, as everything they could be.
fn read_as_everything(bytes: &[u8]) {
    let limits = Limits::default();
    let mut bodies = vec![bytes];
    if let Ok(reading) = Message::read(bytes, &limits) {
        assert!(reading.value.payloads.len() <= limits.payloads && reading.defects.len() <= limits.defects + 1);
        bodies.extend(reading.value.payloads.iter().map(|payload| payload.body));
    }
    let _ = Encapsulated::read(bytes, &limits);
    for body in bodies {
        for version in [IkeVersion::V1_0, IkeVersion::V2_0] {
            if let Ok(reading) = SecurityAssociation::read(body, version, &limits) {
                let transforms = reading.value.proposals.iter().flat_map(|proposal| &proposal.transforms);
                let attributes: usize = transforms.map(|transform| transform.attributes.len()).sum();
                assert!(attributes <= body.len() / 4);
            }
            let _ = (KeyExchange::read(body, version, &limits), Notify::read(body, version, &limits));
        }
        for kind in [PayloadType::FRAGMENT_1, PayloadType::ENCRYPTED_FRAGMENT] {
            let _ = Fragment::read(body, kind, &limits);
        }
        let _ = (Certificate::read(body, &limits), Identification::read(body, &limits));
    }
}

#[test]
fn datagrams_cut_anywhere_or_changed_in_any_byte_are_read_without_panic() {
    for (_, bytes) in datagrams() {
        (0..=bytes.len()).for_each(|end| read_as_everything(&bytes[..end]));
        let mut changed = bytes.clone();
        for at in 0..bytes.len() {
            for value in [!bytes[at], 0, 1, 0xff] {
                changed[at] = value;
                read_as_everything(&changed);
            }
            changed[at] = bytes[at];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), next in any::<u8>()) {
        read_as_everything(&bytes);
        read_as_everything(&framed(next, 0x10, 0, &bytes));
        read_as_everything(&framed(33, 0x20, 8, &bytes));
    }
}
