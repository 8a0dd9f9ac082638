//! The vectors of the standards, a recorded connection, and a client against a small server that reads and writes real
//! packets.

use std::path::{Path, PathBuf};

use super::*;
use dengmi_core::{Group, Suite, Version};
use dengmi_parse::quic::{
    Assembler, Body, Close, Form, Frame, FrameType, LongPacket, PacketType, QuicVersion, TransportErrorCode,
    TransportParameterId, TransportParameters, read_datagram, read_packet,
};
use dengmi_parse::tls::message::{ClientHello, Extension, ServerHello};
use dengmi_parse::tls::{AlertDescription, ExtensionType, Side};
use dengmi_parse::{DefectKind, Limits};

const LIMITS: Limits = Limits::DEFAULT;
const SEED: [u8; 32] = [5; 32];
const VERSIONS: [QuicVersion; 2] = [QuicVersion::V1, QuicVersion::V2];

fn vectors(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(folder)
}

fn samples() -> [(QuicVersion, toml::Table); 2] {
    let table = |name| std::fs::read_to_string(vectors("quic").join(name)).unwrap().parse().unwrap();
    [(QuicVersion::V1, table("version1.toml")), (QuicVersion::V2, table("version2.toml"))]
}

fn sample(table: &toml::Table, part: &str, field: &str) -> Vec<u8> {
    hex::decode(table[part][field].as_str().unwrap()).unwrap()
}

#[test]
fn keys_and_packets_are_those_of_the_standards() {
    for (version, table) in samples() {
        let destination = hex::decode(table["destination"].as_str().unwrap()).unwrap();
        let keys = InitialKeys::new(version, &destination).unwrap();
        for (part, side) in [("client", Side::Client), ("server", Side::Server)] {
            let of = keys.of(side);
            for (field, found) in [("key", &of.key[..]), ("iv", &of.iv), ("header", &of.header)] {
                assert_eq!(found, sample(&table, part, field), "{version} {part} {field}");
            }
            let mut frames = sample(&table, part, "frames");
            if side == Side::Client {
                frames.resize(1162, 0);
            }
            let number = u64::try_from(table[part]["number"].as_integer().unwrap()).unwrap();
            let raw = sample(&table, part, "packet");
            let packet = read_packet(&raw, &LIMITS).unwrap().value;
            let opened = open_initial(&packet, of, None).unwrap();
            assert_eq!(
                (opened.number, opened.reserved_bits, &opened.payload),
                (number, 0, &frames),
                "{version} {part}"
            );
            assert_eq!(opened.frames(&LIMITS).defects, []);

            let source = if side == Side::Client { vec![] } else { sample(&table, part, "source") };
            let initial = Initial {
                version,
                destination: if side == Side::Client { &destination } else { &[] },
                source: &source,
                token: &[],
                number,
                number_length: u8::try_from(table[part]["number_length"].as_integer().unwrap()).unwrap(),
            };
            assert_eq!(seal_initial(&initial, &frames, of).unwrap(), raw, "{version} {part}");
            let other = keys.of(if side == Side::Client { Side::Server } else { Side::Client });
            assert_eq!(open_initial(&packet, other, None), Err(NotOpened::NotAuthentic));
        }
        let raw = sample(&table, "retry", "packet");
        let packet = read_packet(&raw, &LIMITS).unwrap().value;
        assert!(retry_is_genuine(&packet, &destination) && !retry_is_genuine(&packet, &destination[1..]));
        let (start, tag) = raw.split_at(raw.len() - 16);
        assert_eq!(retry_tag(version, &destination, start).unwrap()[..], *tag);
        assert_eq!(open_initial(&packet, &keys.client, None), Err(NotOpened::NotInitial));
    }
    assert_eq!(InitialKeys::new(QuicVersion::RESERVED, &[1; 8]), None);
    assert_eq!(InitialKeys::new(QuicVersion(0xff00_001d), &[1; 8]), None);
}

#[test]
fn packets_cut_anywhere_or_changed_in_any_bit_are_not_opened() {
    for (version, table) in samples() {
        let destination = hex::decode(table["destination"].as_str().unwrap()).unwrap();
        let keys = InitialKeys::new(version, &destination).unwrap();
        let mut watcher = Watcher::new();
        assert!(watcher.hear(Side::Client, &sample(&table, "client", "packet"), &LIMITS));
        let opens = |raw: &[u8]| {
            watcher.clone().hear(Side::Server, raw, &LIMITS);
            read_packet(raw, &LIMITS).is_ok_and(|packet| open_initial(&packet.value, &keys.server, None).is_ok())
        };
        let mut raw = sample(&table, "server", "packet");
        assert!(opens(&raw));
        (0..raw.len()).for_each(|end| assert!(!opens(&raw[..end]), "{end}"));
        for at in 0..raw.len() {
            for bit in 0..8 {
                raw[at] ^= 1 << bit;
                assert!(!opens(&raw), "{at} {bit}");
                raw[at] ^= 1 << bit;
            }
        }
        let mut raw = sample(&table, "retry", "packet");
        for at in 0..raw.len() {
            raw[at] ^= 1;
            assert!(!read_packet(&raw, &LIMITS).is_ok_and(|packet| retry_is_genuine(&packet.value, &destination)));
            raw[at] ^= 1;
        }
    }
}

#[test]
fn a_recorded_connection_is_opened_on_both_sides() {
    let name = vectors("captures").join("quic-v1-aes128");
    let truth: toml::Table = std::fs::read_to_string(name.with_extension("toml")).unwrap().parse().unwrap();
    let flow = &truth["flow"][0];
    let text = |key: &str| flow[key].as_str().unwrap();
    let code = |key: &str| u16::from_str_radix(text(key).strip_prefix("0x").unwrap(), 16).unwrap();
    let mut watcher = Watcher::new();
    let file = std::fs::read(name.with_extension("pcap")).unwrap();
    let mut left = &file[24..];
    while !left.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(left[8..12].try_into().unwrap())).unwrap();
        let (packet, behind) = left[16..].split_at(length);
        left = behind;
        let number = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
        let from_server = i64::from(number(34)) == flow["server_port"].as_integer().unwrap();
        let from = if from_server { Side::Server } else { Side::Client };
        watcher.hear(from, &packet[42..34 + usize::from(number(38))], &LIMITS);
    }
    let seen = watcher.seen();
    assert_eq!((seen.opened.client, seen.opened.server, seen.unopened.client, seen.unopened.server), (2, 1, 0, 0));
    assert_eq!((seen.version.client, seen.version.server), (Some(QuicVersion::V1), Some(QuicVersion::V1)));
    assert_eq!((seen.retry, &seen.closed, &seen.negotiation), (false, &None, &None));
    assert_eq!(QuicVersion::V1.to_string(), text("version"));

    let hello = ClientHello::read(&watcher.handshake(Side::Client)[4..], &LIMITS).unwrap().value;
    assert_eq!(hello.server_name(), Some(text("sni")));
    let extensions = hello.extensions.as_ref().unwrap();
    let protocols = extensions.application_protocols().unwrap().unwrap();
    assert_eq!(protocols, [text("alpn").as_bytes()]);
    assert_eq!(hello.session_id, b"");
    let body = extensions.find(ExtensionType::QUIC_TRANSPORT_PARAMETERS).unwrap();
    let parameters = TransportParameters::read(body, &LIMITS);
    assert_eq!(parameters.defects, []);
    assert_eq!(parameters.value.find(TransportParameterId::INITIAL_SOURCE_CONNECTION_ID).unwrap().len(), 8);

    let answer = ServerHello::read(&watcher.handshake(Side::Server)[4..], &LIMITS).unwrap();
    assert_eq!((answer.defects, answer.rest), (vec![], 0));
    assert_eq!(answer.value.suite, Suite(code("cipher_suite_code")));
    assert_eq!(answer.value.group(), Some(Group(code("group_code"))));
    assert_eq!(answer.value.selected_version(), Version::TLS_1_3);
}

/// A ClientHello, and some `more` bytes that make it large, as shares of new groups do.
fn hello(more: usize) -> Vec<u8> {
    let (_, table) = &samples()[0];
    let frames = sample(table, "client", "frames");
    let [Frame::Crypto { data, .. }] = Frame::read_all(&frames, &LIMITS).value[..] else { panic!("no CRYPTO") };
    let mut read = ClientHello::read(&data[4..], &LIMITS).unwrap().value;
    let padding = Extension::new(ExtensionType::PADDING, vec![0; more]);
    read.extensions.as_mut().unwrap().0.push(padding);
    let mut out = Vec::new();
    read.write(&mut out).unwrap();
    out
}

/// What a server does with the first hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Answers,
    /// With its hello in packets of so many bytes of it, last first.
    Pieces(usize),
    Closes(AlertDescription),
}

const SERVER: &[u8] = b"\xf0\x67\xa5\x50\x2a\x42\x62\xb5";
const TOKEN: &[u8] = b"come back with this";

/// A server that has one version and may want a token first.
struct Server {
    version: QuicVersion,
    retries: bool,
    manner: Manner,
    keys: Option<InitialKeys>,
    crypto: Assembler,
    numbers: Vec<u64>,
    next: u64,
    acknowledged: Vec<u64>,
    closed: bool,
}

impl Server {
    fn new(version: QuicVersion, retries: bool, manner: Manner) -> Server {
        Server {
            version,
            retries,
            manner,
            keys: None,
            crypto: Assembler::new(),
            numbers: vec![],
            next: 0,
            acknowledged: vec![],
            closed: false,
        }
    }

    fn hear(&mut self, datagram: &[u8]) -> Vec<Vec<u8>> {
        assert!(datagram.len() >= DATAGRAM_LEAST, "{} bytes", datagram.len());
        let reading = read_datagram(datagram, &LIMITS).unwrap();
        assert_eq!((reading.defects, reading.value.len()), (vec![], 1));
        let packet = &reading.value[0];
        let long = packet.long().unwrap();
        if long.version != self.version {
            let versions = Body::VersionNegotiation(vec![QuicVersion(0xdada_dada), self.version]);
            return vec![written(0x80, QuicVersion::NEGOTIATION, long.source, long.destination, versions)];
        }
        let Body::Initial { token, .. } = &long.body else { panic!("{long:?}") };
        if self.retries && token.is_empty() {
            return vec![retry(self.version, long.destination, SERVER, TOKEN)];
        }
        assert_eq!(*token, if self.retries { TOKEN } else { b"" });
        let keys = self.keys.get_or_insert_with(|| InitialKeys::new(self.version, long.destination).unwrap()).clone();
        let opened = open_initial(packet, &keys.client, self.numbers.last().copied()).unwrap();
        assert!(self.numbers.last().is_none_or(|last| *last < opened.number), "a packet number twice");
        self.numbers.push(opened.number);
        let frames = opened.frames(&LIMITS);
        assert_eq!((frames.defects, frames.rest), (vec![], 0));
        let before = self.crypto.bytes().len();
        for frame in frames.value {
            match frame {
                Frame::Crypto { offset, data } => self.crypto.insert(offset, data, &LIMITS).unwrap(),
                Frame::Ack(ack) => self.acknowledged = ack.ranges.into_iter().flatten().collect(),
                Frame::ConnectionClose(close) => self.closed = close.error == TransportErrorCode::NO_ERROR,
                Frame::Padding { .. } | Frame::Ping => {}
            }
        }
        let bytes = self.crypto.bytes();
        let whole = bytes.len() >= 4 && bytes.len() == 4 + usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        if self.closed || !whole || bytes.len() == before {
            return vec![];
        }
        self.answer(&keys)
    }

    fn answer(&mut self, keys: &InitialKeys) -> Vec<Vec<u8>> {
        let hello = server_hello();
        let payloads = match self.manner {
            Manner::Answers => vec![payload(&[
                Frame::Ack(dengmi_parse::quic::Ack { ranges: vec![0..=0], delay: 0, ecn: None }),
                Frame::Crypto { offset: 0, data: &hello },
            ])],
            Manner::Pieces(size) => {
                let places = (0..).step_by(size).map(|place| u64::try_from(place).unwrap());
                let pieces = hello.chunks(size).zip(places);
                let mut payloads: Vec<_> =
                    pieces.map(|(data, offset)| payload(&[Frame::Ping, Frame::Crypto { offset, data }])).collect();
                payloads.reverse();
                payloads
            }
            Manner::Closes(alert) => {
                let error = TransportErrorCode::of_alert(alert);
                let reason = [b'x'; 300];
                let close = Close { error, frame_type: FrameType::CRYPTO, reason: &reason };
                vec![payload(&[Frame::ConnectionClose(close)])]
            }
        };
        payloads
            .iter()
            .map(|payload| {
                let mut datagram = sealed(self.version, self.next, payload, keys);
                self.next += 1;
                // What follows the hello, in a packet that nobody can open with these keys.
                datagram.extend(written(
                    PacketType::Handshake.first(self.version, 1),
                    self.version,
                    &[],
                    SERVER,
                    Body::Handshake { protected: &[9; 40] },
                ));
                datagram
            })
            .collect()
    }
}

fn server_hello() -> Vec<u8> {
    let (_, table) = &samples()[0];
    let frames = sample(table, "server", "frames");
    let reading = Frame::read_all(&frames, &LIMITS);
    let [_, Frame::Crypto { data, .. }] = reading.value[..] else { panic!("no CRYPTO") };
    data.to_vec()
}

fn payload(frames: &[Frame<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    frames.iter().for_each(|frame| frame.write(&mut out).unwrap());
    out
}

fn sealed(version: QuicVersion, number: u64, payload: &[u8], keys: &InitialKeys) -> Vec<u8> {
    let initial = Initial { version, destination: &[], source: SERVER, token: &[], number, number_length: 4 };
    seal_initial(&initial, payload, &keys.server).unwrap()
}

fn written(first: u8, version: QuicVersion, destination: &[u8], source: &[u8], body: Body<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    LongPacket { first, version, destination, source, body }.write(&mut out).unwrap();
    out
}

fn retry(version: QuicVersion, original: &[u8], source: &[u8], token: &[u8]) -> Vec<u8> {
    let first = PacketType::Retry.first(version, 1);
    let body = |integrity_tag| Body::Retry { token, integrity_tag };
    let without_tag = written(first, version, &[], source, body([0; 16]));
    let tag = retry_tag(version, original, &without_tag[..without_tag.len() - 16]).unwrap();
    written(first, version, &[], source, body(tag))
}

/// Brings datagrams to and fro until the server has no more to say.
fn exchange(client: &mut Client, server: &mut Server, mut to_server: Vec<Vec<u8>>) -> Vec<Heard> {
    let mut heard = Vec::new();
    while !to_server.is_empty() {
        let to_client: Vec<_> = to_server.iter().flat_map(|datagram| server.hear(datagram)).collect();
        to_server.clear();
        for datagram in to_client {
            let what = client.hear(&datagram, &LIMITS);
            if let Heard::Retry(datagrams) = &what {
                to_server.extend(datagrams.iter().cloned());
            }
            heard.push(what);
        }
    }
    heard
}

#[test]
fn a_client_hears_the_hello_of_a_server() {
    for version in VERSIONS {
        for more in [0, 600, 900, 1500, 8000] {
            for retries in [false, true] {
                for manner in [Manner::Answers, Manner::Pieces(7), Manner::Pieces(50)] {
                    let hello = hello(more);
                    let (mut client, datagrams) = Client::start(&hello, version, SEED).unwrap();
                    assert!(datagrams.iter().all(|datagram| datagram.len() == DATAGRAM_LEAST));
                    let mut server = Server::new(version, retries, manner);
                    // Only the first packet is answered with a Retry, so that it is one.
                    let first = if retries { datagrams[..1].to_vec() } else { datagrams };
                    let heard = exchange(&mut client, &mut server, first);
                    let name = format!("{version} {more} {retries} {manner:?}");
                    assert_eq!(server.crypto.bytes(), hello, "{name}");
                    assert_eq!(client.handshake(), server_hello(), "{name}");
                    assert_eq!((heard.last(), client.defects()), (Some(&Heard::Crypto), &[][..]), "{name}");
                    assert_eq!((client.retried(), client.answered()), (retries, true));

                    // What is sent again has new numbers and tells what came; the farewell ends it.
                    for datagram in client.repeat() {
                        assert_eq!(server.hear(&datagram), Vec::<Vec<u8>>::new());
                    }
                    let answered: Vec<_> = (0..server.next).rev().take(32).collect();
                    assert!(server.acknowledged.iter().all(|number| answered.contains(number)));
                    assert_eq!(server.acknowledged.len(), answered.len(), "{name}");
                    server.hear(&client.farewell().unwrap());
                    assert!(server.closed, "{name}");
                    assert_eq!((client.farewell(), client.repeat()), (None, vec![]));
                }
            }
        }
    }
}

#[test]
fn a_hello_takes_as_few_datagrams_as_it_needs() {
    let count = |length: usize| Client::start(&vec![1; length], QuicVersion::V1, SEED).unwrap().1.len();
    // 38 bytes beside the payload, 16 of them its tag; a CRYPTO frame takes 4, with an offset of two bytes 5.
    let (first, second) = (1200 - 38 - 4, 1200 - 38 - 5);
    for (length, expected) in [(1, 1), (first, 1), (first + 1, 2), (first + second, 2), (first + second + 1, 3)] {
        assert_eq!(count(length), expected, "{length}");
    }
    let refused = |length: usize| Client::start(&vec![1; length], QuicVersion::V1, SEED).err();
    assert_eq!(refused(1 << 14), None);
    assert_eq!(refused((1 << 14) + 1), Some(NotStarted::Hello((1 << 14) + 1)));
    assert_eq!(refused(0), Some(NotStarted::Hello(0)));
    let draft = QuicVersion(0xff00_001d);
    assert_eq!(Client::start(&[1], draft, SEED).err(), Some(NotStarted::Version(draft)));
    // The same seed gives the same datagrams, another one others.
    let start = |seed| Client::start(&[1; 300], QuicVersion::V1, seed).unwrap().1;
    assert_eq!(start(SEED), start(SEED));
    assert_ne!(start(SEED), start([6; 32]));
}

#[test]
fn a_server_that_closes_says_why() {
    let mut server = Server::new(QuicVersion::V1, false, Manner::Closes(AlertDescription::NO_APPLICATION_PROTOCOL));
    let (mut client, datagrams) = Client::start(&hello(0), QuicVersion::V1, SEED).unwrap();
    let heard = exchange(&mut client, &mut server, datagrams);
    let [Heard::Closed(closed)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(closed.error.alert(), Some(AlertDescription::NO_APPLICATION_PROTOCOL));
    assert_eq!((closed.frame_type, closed.reason.len()), (FrameType::CRYPTO, 256));
    assert_eq!((client.repeat(), client.farewell()), (vec![], None));
}

#[test]
fn versions_are_believed_only_from_who_saw_the_first_packet() {
    for (asked, has) in [
        (QuicVersion::V2, QuicVersion::V1),
        (QuicVersion::V1, QuicVersion::V2),
        (QuicVersion::RESERVED, QuicVersion::V1),
    ] {
        let mut server = Server::new(has, false, Manner::Answers);
        let (mut client, datagrams) = Client::start(&hello(0), asked, SEED).unwrap();
        let heard = exchange(&mut client, &mut server, datagrams);
        assert_eq!(heard, [Heard::Versions(vec![QuicVersion(0xdada_dada), has])], "{asked}");
    }
    let (client, datagrams) = Client::start(&hello(0), QuicVersion::V1, SEED).unwrap();
    let ours = read_packet(&datagrams[0], &LIMITS).unwrap().value;
    let original = ours.long().unwrap().destination;
    let negotiation = |destination: &[u8], source: &[u8], versions: &[QuicVersion]| {
        let body = Body::VersionNegotiation(versions.to_vec());
        written(0xb5, QuicVersion::NEGOTIATION, destination, source, body)
    };
    for (datagram, believed) in [
        (negotiation(&[], original, &[QuicVersion::V2]), true),
        (negotiation(&[], original, &[QuicVersion::V2, QuicVersion::V1]), false),
        (negotiation(&[], original, &[]), false),
        (negotiation(&[], &original[1..], &[QuicVersion::V2]), false),
        (negotiation(&[1], original, &[QuicVersion::V2]), false),
    ] {
        let heard = client.clone().hear(&datagram, &LIMITS);
        assert_eq!(heard != Heard::NotOurs, believed, "{datagram:02x?}");
    }
    // Too late.
    let mut client = client;
    let keys = InitialKeys::new(QuicVersion::V1, original).unwrap();
    assert_eq!(client.hear(&sealed(QuicVersion::V1, 0, &[1], &keys), &LIMITS), Heard::More);
    assert_eq!(client.hear(&negotiation(&[], original, &[QuicVersion::V2]), &LIMITS), Heard::NotOurs);
}

#[test]
fn a_retry_is_obeyed_once_and_only_with_its_tag() {
    let (client, datagrams) = Client::start(&hello(0), QuicVersion::V1, SEED).unwrap();
    let ours = read_packet(&datagrams[0], &LIMITS).unwrap().value;
    let original = ours.long().unwrap().destination;
    let good = retry(QuicVersion::V1, original, SERVER, TOKEN);
    let mut other_tag = good.clone();
    *other_tag.last_mut().unwrap() ^= 1;
    for (datagram, obeyed) in [
        (good.clone(), true),
        (other_tag, false),
        (retry(QuicVersion::V2, original, SERVER, TOKEN), false),
        (retry(QuicVersion::V1, SERVER, SERVER, TOKEN), false),
        (retry(QuicVersion::V1, original, original, TOKEN), false),
        (retry(QuicVersion::V1, original, SERVER, b""), false),
        (retry(QuicVersion::V1, original, &[7; 20], TOKEN), true),
        (retry(QuicVersion::V1, original, &[7; 21], TOKEN), false),
        (retry(QuicVersion::V1, original, &[], TOKEN), true),
        (retry(QuicVersion::V1, original, SERVER, &[8; 1024]), true),
        (retry(QuicVersion::V1, original, SERVER, &[8; 1025]), false),
    ] {
        let mut client = client.clone();
        let heard = client.hear(&datagram, &LIMITS);
        let Heard::Retry(datagrams) = heard else {
            assert_eq!((heard, obeyed, client.retried()), (Heard::NotOurs, false, false));
            continue;
        };
        assert!(obeyed && client.retried());
        // A token leaves room for a piece of the hello, and a datagram goes through where 1500 bytes do.
        assert!(datagrams.iter().all(|datagram| (DATAGRAM_LEAST..1372).contains(&datagram.len())));
        assert_eq!(client.hear(&datagram, &LIMITS), Heard::NotOurs, "once");
    }
    // What comes behind an Initial is no Retry.
    let mut client = client;
    let keys = InitialKeys::new(QuicVersion::V1, original).unwrap();
    assert_eq!(client.hear(&sealed(QuicVersion::V1, 0, &[1], &keys), &LIMITS), Heard::More);
    assert_eq!(client.hear(&good, &LIMITS), Heard::NotOurs);
}

#[test]
fn hostile_answers_are_bounded_and_named() {
    let start = || {
        let (client, datagrams) = Client::start(&hello(0), QuicVersion::V1, SEED).unwrap();
        let ours = read_packet(&datagrams[0], &LIMITS).unwrap().value;
        let keys = InitialKeys::new(QuicVersion::V1, ours.long().unwrap().destination).unwrap();
        (client, keys)
    };
    let crypto = |offset, data: &[u8]| payload(&[Frame::Crypto { offset, data }]);
    let mut number = 0;
    let mut hears = |client: &mut Client, keys: &InitialKeys, payload: &[u8]| {
        number += 1;
        client.hear(&sealed(QuicVersion::V1, number, payload, keys), &LIMITS)
    };
    let defects = |client: &Client| client.defects().iter().map(|defect| defect.what.clone()).collect::<Vec<_>>();

    // A gap that is never filled; a stream of another version of itself; places where no stream reaches.
    let (mut client, keys) = start();
    assert_eq!(hears(&mut client, &keys, &crypto(5, b"later")), Heard::More);
    assert!(client.handshake().is_empty() && client.answered());
    assert_eq!(hears(&mut client, &keys, &crypto(0, b"start")), Heard::Crypto);
    assert_eq!(hears(&mut client, &keys, &crypto(3, b"RTLA")), Heard::More);
    assert_eq!((client.handshake(), defects(&client)), (&b"startlater"[..], vec![DefectKind::CopiesDiffer]));
    let far = [&[0x06][..], &[0xff; 8], &[1, 1]].concat();
    assert_eq!(hears(&mut client, &keys, &far), Heard::More);
    assert!(defects(&client).contains(&DefectKind::BeyondStream));
    assert_eq!(hears(&mut client, &keys, &[0x08, 1]), Heard::More);
    assert!(defects(&client).contains(&DefectKind::UnexpectedFrame(8)));

    // A mebibyte, and a storm of defects.
    let (mut client, keys) = start();
    for piece in 0..1024 {
        hears(&mut client, &keys, &crypto(piece * 1024, &[7; 1024]));
        hears(&mut client, &keys, &[0x1e]);
    }
    assert_eq!((client.handshake().len(), client.defects().len()), (LIMITS.handshake, LIMITS.defects));
    let (mut client, keys) = start();
    for piece in 0..5000 {
        hears(&mut client, &keys, &crypto(9000 - piece, &[7]));
    }
    assert!(client.handshake().is_empty() && client.defects().len() <= LIMITS.defects);
    // Whatever came, what goes out stays a datagram.
    assert!(client.repeat().iter().all(|datagram| datagram.len() == DATAGRAM_LEAST));

    // Packets of another connection id than the first, with a token, to somebody else, of another version, with other
    // keys, our own, and damaged ones.
    let (mut client, keys) = start();
    let server =
        Initial { version: QuicVersion::V1, destination: &[], source: SERVER, token: &[], number: 0, number_length: 4 };
    let seal = |initial: &Initial<'_>, keys| seal_initial(initial, &[1, 0, 0, 0], keys).unwrap();
    let good = seal(&server, &keys.server);
    let empty = seal_initial(&Initial { number: 2, ..server }, &[], &keys.server).unwrap();
    for (datagram, expected) in [
        (seal(&Initial { token: &[1], ..server }, &keys.server), Heard::NotOurs),
        (seal(&Initial { destination: &[1], ..server }, &keys.server), Heard::NotOurs),
        (seal(&Initial { version: QuicVersion::V2, ..server }, &keys.server), Heard::NotOurs),
        (seal(&Initial { source: &[1; 21], ..server }, &keys.server), Heard::NotOurs),
        (seal(&server, &keys.client), Heard::NotOurs),
        (good[..good.len() - 1].to_vec(), Heard::NotOurs),
        (vec![], Heard::NotOurs),
        (vec![0x40; 30], Heard::NotOurs),
        (good.clone(), Heard::More),
        (good.clone(), Heard::More),
        (seal(&Initial { source: &[], number: 1, ..server }, &keys.server), Heard::NotOurs),
        (seal(&Initial { source: b"other", number: 1, ..server }, &keys.server), Heard::NotOurs),
        (empty, Heard::More),
    ] {
        assert_eq!(client.hear(&datagram, &LIMITS), expected, "{datagram:02x?}");
    }
    assert_eq!(defects(&client), [DefectKind::Empty]);
    for datagram in client.clone().repeat() {
        assert_eq!(client.hear(&datagram, &LIMITS), Heard::NotOurs, "an echo");
    }
    let opened = Opened { number: 0, reserved_bits: 0x0c, payload: vec![1] };
    assert_eq!(opened.frames(&LIMITS).defects[0].what, DefectKind::ReservedBits(0x0c));
    let short = Initial { number_length: 1, ..server };
    assert_eq!(seal_initial(&short, &[1, 0], &keys.server), Err(NotSealed::Short));
    assert!(seal_initial(&short, &[1, 0, 0], &keys.server).is_ok());
    for number_length in [0, 5, 9] {
        assert_eq!(seal_initial(&Initial { number_length, ..server }, &[1; 9], &keys.server), Err(NotSealed::Short));
    }
}

#[test]
fn a_watcher_follows_retry_versions_and_closes() {
    // As a capture has it: all datagrams in their order.
    let mut watcher = Watcher::new();
    let mut server = Server::new(QuicVersion::V2, true, Manner::Answers);
    for version in VERSIONS {
        let (mut client, mut to_server) = Client::start(&hello(40), version, SEED).unwrap();
        while !to_server.is_empty() {
            let mut next = Vec::new();
            for datagram in &to_server {
                watcher.hear(Side::Client, datagram, &LIMITS);
                for answer in server.hear(datagram) {
                    watcher.hear(Side::Server, &answer, &LIMITS);
                    if let Heard::Retry(datagrams) = client.hear(&answer, &LIMITS) {
                        next = datagrams;
                    }
                }
            }
            to_server = next;
        }
        if let Some(datagram) = client.farewell() {
            watcher.hear(Side::Client, &datagram, &LIMITS);
        }
    }
    let seen = watcher.seen();
    assert_eq!((seen.version.client, seen.retry), (Some(QuicVersion::V2), true));
    assert_eq!(seen.negotiation, Some(vec![QuicVersion(0xdada_dada), QuicVersion::V2]));
    assert_eq!((seen.opened.client, seen.opened.server), (4, 1));
    assert_eq!((seen.unopened.client, seen.unopened.server), (0, 0));
    assert_eq!(
        (watcher.handshake(Side::Client), watcher.handshake(Side::Server)),
        (&hello(40)[..], &server_hello()[..])
    );
    let closed = seen.closed.as_ref().map(|(side, closed)| (*side, closed.error));
    assert_eq!(closed, Some((Side::Client, TransportErrorCode::NO_ERROR)));
    assert_eq!(seen.defects, []);

    // A side alone, and a capture that begins later.
    let (_, datagrams) = Client::start(&hello(1500), QuicVersion::V1, SEED).unwrap();
    let mut alone = Watcher::new();
    for datagram in datagrams.iter().rev() {
        alone.hear(Side::Client, datagram, &LIMITS);
    }
    assert_eq!(alone.handshake(Side::Client), hello(1500));
    let mut late = Watcher::new();
    let raw = sample(&samples()[0].1, "server", "packet");
    assert!(!late.hear(Side::Server, &raw, &LIMITS));
    assert_eq!((late.seen().opened.server, late.seen().unopened.server), (0, 1));
    let short = read_datagram(&[0x43; 20], &LIMITS).unwrap().value;
    assert_eq!(
        (short[0].form.clone(), open_initial(&short[0], &keys(), None)),
        (Form::Short, Err(NotOpened::NotInitial))
    );
}

fn keys() -> PacketKeys {
    InitialKeys::new(QuicVersion::V1, &[1; 8]).unwrap().client
}
