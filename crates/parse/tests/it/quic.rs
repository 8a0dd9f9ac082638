//! The readers of QUIC: packets of the standards and of a recording, what is written is read again, each limit, pieces in any
//! order, damaged bytes.

use std::ops::RangeInclusive;

use dengmi_parse::quic::{
    Ack, Assembler, Body, Close, Form, Frame, FrameType, INTEGER_MOST, LongPacket, PacketType, QuicVersion,
    TransportErrorCode, TransportParameter, TransportParameterId, TransportParameters, read_datagram, read_packet,
};
use dengmi_parse::reading::Limit;
use dengmi_parse::tls::ExtensionType;
use dengmi_parse::tls::message::ClientHello;
use dengmi_parse::{DefectKind, Limits};
use proptest::prelude::*;

use crate::capture::vectors;

const LIMITS: Limits = Limits::DEFAULT;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The vectors of the standards, one for each version.
fn samples() -> [toml::Table; 2] {
    ["version1.toml", "version2.toml"]
        .map(|name| std::fs::read_to_string(vectors("quic").join(name)).unwrap().parse().unwrap())
}

fn sample(table: &toml::Table, part: &str, field: &str) -> Vec<u8> {
    bytes(table[part][field].as_str().unwrap())
}

/// The datagrams of the recorded connection, and whether each is the server's.
fn datagrams() -> Vec<(bool, Vec<u8>)> {
    let file = std::fs::read(vectors("captures").join("quic-v1-aes128.pcap")).unwrap();
    let mut left = &file[24..];
    let mut found = Vec::new();
    while !left.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(left[8..12].try_into().unwrap())).unwrap();
        let (packet, behind) = left[16..].split_at(length);
        left = behind;
        let number = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
        if packet[23] == 17 {
            found.push((number(34) == 4433, packet[42..34 + usize::from(number(38))].to_vec()));
        }
    }
    found
}

#[test]
fn a_recorded_connection_has_the_packets_that_it_had() {
    let datagrams = datagrams();
    assert_eq!(datagrams.len(), 7, "a replay of nothing proves nothing");
    let kinds: Vec<Vec<_>> = datagrams
        .iter()
        .map(|(_, datagram)| {
            let reading = read_datagram(datagram, &LIMITS).unwrap();
            let used: usize = reading.value.iter().map(|packet| packet.raw.len()).sum();
            assert_eq!(used + reading.rest, datagram.len());
            // This client fills its datagrams with zeros behind the packet.
            let trailing = |what: &DefectKind| matches!(what, DefectKind::Trailing { .. });
            assert!(reading.defects.iter().all(|defect| trailing(&defect.what)), "{:?}", reading.defects);
            let packets = reading.value.iter().map(|packet| match &packet.form {
                Form::Short => None,
                Form::Long(long) => {
                    assert_eq!((long.version, long.destination.len(), long.source.len()), (QuicVersion::V1, 8, 8));
                    PacketType::of(long.version, long.first)
                }
            });
            packets.collect()
        })
        .collect();
    use PacketType::{Handshake, Initial};
    let (short, initial, handshake) = (None, Some(Initial), Some(Handshake));
    assert_eq!(kinds[0], [initial]);
    assert_eq!(kinds[1], [initial, handshake]);
    assert_eq!(kinds[2][0], initial);
    assert!(kinds[3..].iter().all(|kinds| *kinds == [short]), "{kinds:?}");
}

#[test]
fn packets_of_the_standards_are_read_and_written_again() {
    for (table, version) in samples().iter().zip([QuicVersion::V1, QuicVersion::V2]) {
        for (part, kind) in
            [("client", PacketType::Initial), ("server", PacketType::Initial), ("retry", PacketType::Retry)]
        {
            let raw = sample(table, part, "packet");
            let reading = read_packet(&raw, &LIMITS).unwrap();
            assert_eq!((reading.defects, reading.rest), (vec![], 0));
            let long = reading.value.long().unwrap();
            assert_eq!((reading.value.raw, long.version), (&raw[..], version));
            assert_eq!(PacketType::of(version, long.first), Some(kind));
            let mut written = Vec::new();
            long.write(&mut written).unwrap();
            assert_eq!(written, raw, "{part}");
            match &long.body {
                Body::Retry { token, integrity_tag } => {
                    assert_eq!(*token, b"token");
                    assert_eq!((long.destination.len(), long.source), (0, &raw[7..15]));
                    assert_eq!(integrity_tag[..], raw[raw.len() - 16..]);
                }
                Body::Initial { token, protected } => assert_eq!((token.len(), protected.len() + 18), (0, raw.len())),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn long(version: QuicVersion, body: Body<'_>) -> LongPacket<'_> {
    LongPacket { first: 0xc0, version, destination: &[1; 8], source: &[], body }
}

fn written(packet: &LongPacket<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    packet.write(&mut out).unwrap();
    out
}

#[test]
fn every_form_is_written_and_read_again() {
    let protected: &[u8] = &[7; 100];
    for version in [QuicVersion::V1, QuicVersion::V2] {
        for (kind, body) in [
            (PacketType::Initial, Body::Initial { token: &[3; 70], protected }),
            (PacketType::ZeroRtt, Body::ZeroRtt { protected }),
            (PacketType::Handshake, Body::Handshake { protected: &[8; 20_000] }),
            (PacketType::Retry, Body::Retry { token: &[5; 9], integrity_tag: [6; 16] }),
        ] {
            let packet = LongPacket { first: kind.first(version, 4), ..long(version, body) };
            let raw = written(&packet);
            let reading = read_packet(&raw, &LIMITS).unwrap();
            assert_eq!((reading.value.form, reading.defects, reading.rest), (Form::Long(packet), vec![], 0));
        }
    }
    for packet in [
        long(QuicVersion::NEGOTIATION, Body::VersionNegotiation(vec![QuicVersion::V1, QuicVersion::RESERVED])),
        long(QuicVersion(0xff00_001d), Body::Unknown(&[1, 2, 3])),
        LongPacket {
            destination: &[2; 255],
            source: &[3; 255],
            ..long(QuicVersion::NEGOTIATION, Body::VersionNegotiation(vec![QuicVersion::V2]))
        },
    ] {
        let raw = written(&packet);
        let reading = read_packet(&raw, &LIMITS).unwrap();
        assert_eq!((reading.value.form, reading.defects, reading.rest), (Form::Long(packet), vec![], 0));
    }
    let too_long = LongPacket { source: &[0; 256], ..long(QuicVersion::V1, Body::Unknown(&[])) };
    assert!(too_long.write(&mut Vec::new()).is_err());
    // The numbers of version 2 are those of version 1, turned on (RFC 9369 3.2).
    assert_eq!(PacketType::Initial.first(QuicVersion::V1, 4), 0xc3);
    assert_eq!(PacketType::Initial.first(QuicVersion::V2, 1), 0xd0);
    assert_eq!(PacketType::Retry.first(QuicVersion::V2, 1), 0xc0);
    assert_eq!(PacketType::Initial.first(QuicVersion::RESERVED, 4), 0xc3);
    assert_eq!(PacketType::of(QuicVersion::RESERVED, 0xc3), None);
}

#[test]
fn what_is_wrong_with_a_datagram_is_named_with_its_place() {
    let defects = |datagram: &[u8]| match read_datagram(datagram, &LIMITS) {
        Ok(reading) => reading.defects.into_iter().map(|defect| (defect.at, defect.what)).collect(),
        Err(defect) => vec![(defect.at, defect.what)],
    };
    let short = |wanted, left| DefectKind::Short { wanted, left };
    let initial = |id: &[u8], protected: &[u8]| {
        let body = Body::Initial { token: &[], protected };
        written(&LongPacket { destination: id, ..long(QuicVersion::V1, body) })
    };
    let plain = initial(&[1; 8], &[9; 20]);
    let negotiation = |behind: &[u8]| [&[0x80, 0, 0, 0, 0, 0, 0][..], behind].concat();
    for (datagram, expected) in [
        (plain.clone(), vec![]),
        (vec![], vec![(0, short(1, 0))]),
        (vec![0x41, 2, 3], vec![]),
        (vec![0x01, 2, 3], vec![(0, DefectKind::FixedBit)]),
        ([&[0x80], &plain[1..]].concat(), vec![(0, DefectKind::FixedBit)]),
        (plain[..4].to_vec(), vec![(1, short(4, 3))]),
        (plain[..10].to_vec(), vec![(6, short(8, 4))]),
        (plain[..37].to_vec(), vec![(18, short(20, 19))]),
        (plain[..15].to_vec(), vec![(15, short(1, 0))]),
        ([&plain[..], &[0, 0, 0]].concat(), vec![(38, DefectKind::Trailing { left: 3 })]),
        ([&plain[..], &plain].concat(), vec![]),
        ([&plain[..], &[0xc0, 0]].concat(), vec![(39, short(4, 1))]),
        ([&plain[..], &initial(&[2; 8], &[9; 20])].concat(), vec![(38, DefectKind::ConnectionIdsDiffer)]),
        (initial(&[1; 20], &[9; 20]), vec![]),
        (initial(&[1; 21], &[9; 20]), vec![(5, DefectKind::TooLong { found: 21, most: 20 })]),
        (initial(&[], &[9; 20]), vec![]),
        (negotiation(&[0, 0, 0, 1]), vec![]),
        (negotiation(&[]), vec![(7, DefectKind::Empty)]),
        (negotiation(&[0, 0, 0, 1, 5]), vec![(7, DefectKind::Uneven { length: 5, element: 4 })]),
        ([&[0xf0, 0, 0, 0, 1, 0, 0][..], &[4; 15]].concat(), vec![(7, short(16, 15))]),
        ([&[0xf0, 0, 0, 0, 1, 0, 0][..], &[4; 16]].concat(), vec![(7, DefectKind::Empty)]),
    ] {
        assert_eq!(defects(&datagram), expected, "{datagram:02x?}");
    }
    // Whatever is wrong behind the connection ids leaves them to be read.
    let reading = read_datagram(&plain[..15], &LIMITS).unwrap().value;
    assert_eq!(
        reading[0].long().map(|packet| (packet.destination, &packet.body)),
        Some((&[1; 8][..], &Body::Unknown(&[])))
    );
}

fn frames() -> Vec<Frame<'static>> {
    let ack = |ranges: &[RangeInclusive<u64>], ecn| Frame::Ack(Ack { ranges: ranges.to_vec(), delay: 9, ecn });
    vec![
        ack(&[0..=0], None),
        ack(&[100..=200, 97..=98, 0..=3], Some([1, 2, INTEGER_MOST])),
        Frame::Ping,
        Frame::Padding { length: 5 },
        Frame::Crypto { offset: 70_000, data: b"hello" },
        Frame::Crypto { offset: 0, data: &[] },
        Frame::ConnectionClose(Close {
            error: TransportErrorCode(0x0178),
            frame_type: FrameType::CRYPTO,
            reason: b"no application protocol",
        }),
    ]
}

fn payload(frames: &[Frame<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    frames.iter().for_each(|frame| frame.write(&mut out).unwrap());
    out
}

#[test]
fn frames_are_written_and_read_again_and_what_is_wrong_is_named() {
    let written = payload(&frames());
    let reading = Frame::read_all(&written, &LIMITS);
    assert_eq!((reading.value, reading.defects, reading.rest), (frames(), vec![], 0));

    let short = |wanted, left| DefectKind::Short { wanted, left };
    for (bytes, kept, expected) in [
        (&[][..], 0, vec![(0, DefectKind::Empty)]),
        // STREAM, the close of an application, and a number that nobody has.
        (&[1, 0x08, 1], 1, vec![(1, DefectKind::UnexpectedFrame(0x08))]),
        (&[1, 0x1d, 0, 0], 1, vec![(1, DefectKind::UnexpectedFrame(0x1d))]),
        (&[0x7f, 0xff], 0, vec![(0, DefectKind::UnexpectedFrame(0x3fff))]),
        (&[0x40, 0x01], 1, vec![(0, DefectKind::NotMinimal)]),
        (&[0x06, 0, 5, 1, 2], 0, vec![(3, short(5, 2))]),
        (&[0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1], 1, vec![(1, DefectKind::BeyondStream)]),
        (&[0x02, 5, 0, 0, 6], 0, vec![(4, DefectKind::AckRange)]),
        (&[0x02, 5, 0, 0, 5], 1, vec![]),
        (&[0x02, 5, 0, 1, 2, 2, 0], 0, vec![(5, DefectKind::AckRange)]),
        (&[0x02, 5, 0, 1, 2, 1, 0], 1, vec![]),
        (&[0x03, 5, 0, 0, 5, 1, 1], 0, vec![(7, short(1, 0))]),
        (&[0x1c, 0, 0, 9], 0, vec![(4, short(9, 0))]),
    ] {
        let reading = Frame::read_all(bytes, &LIMITS);
        let defects: Vec<_> = reading.defects.into_iter().map(|defect| (defect.at, defect.what)).collect();
        assert_eq!((reading.value.len(), defects), (kept, expected), "{bytes:02x?}");
    }
    for ranges in [vec![], vec![5..=6, 4..=4], vec![1..=2, 5..=6], vec![RangeInclusive::new(3, 2)]] {
        assert!(Frame::Ack(Ack { ranges, delay: 0, ecn: None }).write(&mut Vec::new()).is_err());
    }
}

#[test]
fn transport_parameters_survive_also_those_that_nobody_knows() {
    let frames = sample(&samples()[0], "client", "frames");
    let [Frame::Crypto { data, .. }] = Frame::read_all(&frames, &LIMITS).value[..] else { panic!("no CRYPTO") };
    let hello = ClientHello::read(&data[4..], &LIMITS).unwrap().value;
    assert_eq!(hello.server_name(), Some("example.com"));
    let body = hello.extensions.unwrap().find(ExtensionType::QUIC_TRANSPORT_PARAMETERS).unwrap().to_vec();
    let reading = TransportParameters::read(&body, &LIMITS);
    assert_eq!((reading.defects, reading.rest), (vec![], 0));
    let parameters = reading.value;
    assert_eq!(parameters.0.len(), 8);
    assert_eq!(parameters.integer(TransportParameterId::INITIAL_MAX_DATA), Some(INTEGER_MOST));
    assert_eq!(parameters.integer(TransportParameterId::MAX_IDLE_TIMEOUT), Some(30_000));
    let id = parameters.find(TransportParameterId::INITIAL_SOURCE_CONNECTION_ID);
    assert_eq!(id, Some(&bytes("8394c8f03e515708")[..]));
    let mut written = Vec::new();
    parameters.write(&mut written).unwrap();
    assert_eq!(written, body);

    let other = |id, value: &'static [u8]| TransportParameter { id: TransportParameterId(id), value: value.into() };
    let mut ours = TransportParameters::client(&[]);
    assert_eq!(ours.find(TransportParameterId::INITIAL_SOURCE_CONNECTION_ID), Some(&[][..]));
    ours.0.push(other(31 * 99 + 27, b"grease"));
    ours.0.push(other(INTEGER_MOST, &[]));
    ours.0.push(other(0x11, &[0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1]));
    let mut written = Vec::new();
    ours.write(&mut written).unwrap();
    let reading = TransportParameters::read(&written, &LIMITS);
    assert_eq!((&reading.value, reading.defects), (&ours, vec![]));
    assert!(reading.value.0.iter().any(|parameter| parameter.id.is_reserved() && &*parameter.value == b"grease"));
    assert_eq!(reading.value.versions(), Some((QuicVersion::V1, vec![QuicVersion::V2, QuicVersion::V1])));
    assert_eq!(reading.value.integer(TransportParameterId::VERSION_INFORMATION), None);

    let defects = |body: &[u8]| {
        let reading = TransportParameters::read(body, &LIMITS);
        (reading.value.0.len(), reading.defects.into_iter().map(|defect| (defect.at, defect.what)).collect::<Vec<_>>())
    };
    assert_eq!(defects(&[]), (0, vec![]));
    assert_eq!(defects(&[1, 0, 1, 0]), (2, vec![(2, DefectKind::RepeatedParameter(1))]));
    assert_eq!(defects(&[1, 0, 4, 9, 1]), (1, vec![(4, DefectKind::Short { wanted: 9, left: 1 })]));
}

#[test]
fn every_limit_holds_at_its_value_and_not_one_above() {
    fn check(limit: Limit, most: usize, found: impl Fn(usize) -> Vec<DefectKind>) {
        assert_eq!(found(most), vec![], "{limit}");
        assert_eq!(found(most + 1), vec![DefectKind::Limit { limit, most, found: most + 1 }], "{limit}");
    }
    let limits = Limits {
        packets: 3,
        versions: 4,
        frames: 5,
        ranges: 6,
        parameters: 7,
        pieces: 8,
        handshake: 900,
        ..Limits::DEFAULT
    };
    let kinds = |defects: Vec<dengmi_parse::Defect>| defects.into_iter().map(|defect| defect.what).collect::<Vec<_>>();
    check(Limit::Packets, 3, |count| {
        let one = written(&long(QuicVersion::V1, Body::Initial { token: &[], protected: &[1; 4] }));
        kinds(read_datagram(&one.repeat(count), &limits).unwrap().defects)
    });
    check(Limit::Versions, 4, |count| {
        let packet = long(QuicVersion::NEGOTIATION, Body::VersionNegotiation(vec![QuicVersion::V1; count]));
        kinds(read_datagram(&written(&packet), &limits).unwrap().defects)
    });
    check(Limit::Frames, 5, |count| kinds(Frame::read_all(&vec![1; count], &limits).defects));
    check(Limit::Ranges, 6, |count| {
        let ranges = (0..u64::try_from(count).unwrap()).rev().map(|place| place * 9..=place * 9 + 2).collect();
        kinds(Frame::read_all(&payload(&[Frame::Ack(Ack { ranges, delay: 0, ecn: None })]), &limits).defects)
    });
    check(Limit::Parameters, 7, |count| {
        let body: Vec<_> = (0..u8::try_from(count).unwrap()).flat_map(|id| [id, 0]).collect();
        kinds(TransportParameters::read(&body, &limits).defects)
    });
    check(Limit::Pieces, 8, |count| {
        let mut assembler = Assembler::new();
        let places = (0..u64::try_from(count).unwrap()).map(|place| 2 + place * 2);
        places.filter_map(|place| assembler.insert(place, &[1], &limits).err()).map(|defect| defect.what).collect()
    });
    check(Limit::Handshake, 900, |count| {
        let mut assembler = Assembler::new();
        assembler.insert(0, &vec![1; count], &limits).err().map(|defect| defect.what).into_iter().collect()
    });
    // What is full of pieces still takes what closes the gap.
    let mut assembler = Assembler::new();
    (1..=8).for_each(|place| assembler.insert(place * 2, &[1], &limits).unwrap());
    assert!(assembler.insert(0, &[1; 17], &limits).is_ok() && assembler.bytes() == [1; 17] && !assembler.has_gap());
}

#[test]
fn hostile_pieces_cost_no_more_than_they_bring() {
    let limits = Limits::DEFAULT;
    let mut assembler = Assembler::new();
    // A gap that is never filled, and places where no stream reaches.
    assert_eq!(assembler.insert(1, b"ello", &limits), Ok(()));
    assert!(assembler.bytes().is_empty() && assembler.has_gap());
    let what = |assembler: &mut Assembler, offset, data: &[u8]| {
        assembler.insert(offset, data, &limits).err().map(|defect| (defect.at, defect.what))
    };
    for offset in [INTEGER_MOST, INTEGER_MOST + 1, u64::MAX] {
        assert!(matches!(what(&mut assembler, offset, b"x"), Some((_, DefectKind::BeyondStream))), "{offset}");
    }
    let far = what(&mut assembler, 1 << 61, b"x");
    assert!(matches!(far, Some((_, DefectKind::Limit { limit: Limit::Handshake, .. }))), "{far:?}");
    // The first copy counts, and what is new of a piece is taken.
    assert_eq!(what(&mut assembler, 0, b"hELlo!"), Some((1, DefectKind::CopiesDiffer)));
    assert_eq!(assembler.bytes(), b"hello!");
    assert_eq!(what(&mut assembler, 4, b"o? you"), Some((5, DefectKind::CopiesDiffer)));
    assert_eq!(assembler.bytes(), b"hello! you");
    // Thousands of single bytes from the end on, then a mebibyte.
    let mut assembler = Assembler::new();
    let refused = (1..5000).rev().filter(|place| assembler.insert(place * 2, &[7], &limits).is_err()).count();
    assert_eq!(refused, 4999 - limits.pieces);
    let mut assembler = Assembler::new();
    let mebibyte = vec![3; 1 << 20];
    let refused =
        mebibyte.chunks(1000).zip(0..).filter(|(piece, place)| assembler.insert(place * 1000, piece, &limits).is_err());
    assert!(refused.count() > 900 && assembler.bytes().len() <= limits.handshake);
}

/// Reads `bytes` as everything they could be.
fn read_as_everything(bytes: &[u8]) {
    if let Ok(reading) = read_datagram(bytes, &LIMITS) {
        let used: usize = reading.value.iter().map(|packet| packet.raw.len()).sum();
        assert_eq!(used + reading.rest, bytes.len(), "bytes that are neither read nor left");
        assert!(reading.value.len() <= LIMITS.packets && reading.defects.len() <= LIMITS.defects + 1);
        for long in reading.value.iter().filter_map(|packet| packet.long()) {
            let again = written(long);
            let form = read_packet(&again, &LIMITS).map(|reading| reading.value.form);
            // The types of a version whose list was cut, or of which a length is missing, are not told twice.
            if reading.defects.is_empty() {
                assert_eq!(form, Ok(Form::Long(long.clone())));
            }
        }
    }
    let reading = Frame::read_all(bytes, &LIMITS);
    assert!(reading.value.len() <= LIMITS.frames && reading.rest <= bytes.len());
    let mut assembler = Assembler::new();
    for frame in &reading.value {
        if let Frame::Crypto { offset, data } = frame {
            let _ = assembler.insert(*offset, data, &LIMITS);
        }
    }
    if reading.defects.is_empty() {
        let again = payload(&reading.value);
        assert_eq!(Frame::read_all(&again, &LIMITS).value, reading.value);
    }
    let reading = TransportParameters::read(bytes, &LIMITS);
    let _ = reading.value.versions();
    let mut again = Vec::new();
    reading.value.write(&mut again).unwrap();
    assert_eq!(TransportParameters::read(&again, &LIMITS).value, reading.value);
}

#[test]
fn packets_cut_anywhere_or_changed_in_any_byte_are_read_without_panic() {
    let mut all: Vec<_> = datagrams().into_iter().map(|(_, datagram)| datagram).collect();
    for table in &samples() {
        for (part, field) in [("server", "packet"), ("retry", "packet"), ("client", "frames"), ("server", "frames")] {
            all.push(sample(table, part, field));
        }
    }
    all.push(payload(&frames()));
    for bytes in &mut all {
        // Behind its first bytes a packet is protected, and one byte is like another.
        let most = bytes.len().min(400);
        (0..=most).for_each(|end| read_as_everything(&bytes[..end]));
        for at in 0..most {
            let before = bytes[at];
            for value in [!before, before ^ 1, before ^ 0x80, 0, 0xff] {
                bytes[at] = value;
                read_as_everything(bytes);
            }
            bytes[at] = before;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_as_everything(&bytes);
        read_as_everything(&[&[0xc3, 0, 0, 0, 1], &bytes[..]].concat());
        read_as_everything(&[&[0x80, 0, 0, 0, 0], &bytes[..]].concat());
        read_as_everything(&[&[0x02], &bytes[..]].concat());
    }

    #[test]
    fn any_order_repetition_and_cut_of_pieces_gives_the_same_stream(
        stream in prop::collection::vec(any::<u8>(), 1..400),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..60),
        seed in any::<u64>(),
    ) {
        // Pieces that overlap at will, and a set that covers all, in one mixed order.
        let mut pieces: Vec<_> = cuts
            .iter()
            .map(|(from, to)| (from.index(stream.len()), to.index(stream.len() + 1)))
            .map(|(from, to)| (from.min(to), from.max(to)))
            .collect();
        let step = 1 + usize::try_from(seed % 37).unwrap();
        pieces.extend((0..stream.len()).step_by(step).map(|from| (from, stream.len().min(from + step))));
        let mut state = seed | 1;
        for last in (1..pieces.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            pieces.swap(last, usize::try_from(state >> 33).unwrap() % (last + 1));
        }
        let mut assembler = Assembler::new();
        for (from, to) in pieces {
            let before = assembler.bytes().len();
            prop_assert_eq!(assembler.insert(u64::try_from(from).unwrap(), &stream[from..to], &LIMITS), Ok(()));
            prop_assert!(assembler.bytes().len() >= before && stream.starts_with(assembler.bytes()));
        }
        prop_assert!(assembler.bytes() == stream && !assembler.has_gap());
    }
}
