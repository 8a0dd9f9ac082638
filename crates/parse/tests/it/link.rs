//! Packets of every link and encapsulation, built here, come out as the same segment.

use dengmi_parse::capture::{
    Address, Dissected, Encapsulated, Esp, EtherType, Fragment, IpProtocol, Label, LinkType, Segment, TcpFlags,
    Transport, dissect,
};
use dengmi_parse::reading::Limit;
use dengmi_parse::{Defect, DefectKind, Limits};

const CLIENT: [u8; 4] = [192, 0, 2, 10];
const SERVER: [u8; 4] = [192, 0, 2, 20];
const CLIENT_6: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const SERVER_6: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
const OUTER: [[u8; 4]; 2] = [[203, 0, 113, 1], [203, 0, 113, 2]];
const PAYLOAD: &[u8] = b"payload";

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap().to_be_bytes()
}

fn tcp() -> Vec<u8> {
    let ports = [&40_000_u16.to_be_bytes()[..], &443_u16.to_be_bytes()].concat();
    [&ports[..], &[0, 0, 0, 7, 0, 0, 0, 8, 0x50, 0x18, 1, 1, 0, 0, 0, 0], PAYLOAD].concat()
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let ports = [40_000_u16.to_be_bytes(), port.to_be_bytes()].concat();
    [&ports[..], &length(payload.len() + 8), &[0, 0], payload].concat()
}

fn ipv4_between([from, to]: [[u8; 4]; 2], protocol: u8, place: u16, body: &[u8]) -> Vec<u8> {
    let place = place.to_be_bytes();
    let head = [&[0x45, 0][..], &length(body.len() + 20), &[0, 9], &place, &[64, protocol, 0, 0], &from, &to];
    [&head.concat(), body].concat()
}

fn ipv4(protocol: u8, body: &[u8]) -> Vec<u8> {
    ipv4_between([CLIENT, SERVER], protocol, 0x4000, body)
}

fn outer(protocol: u8, body: &[u8]) -> Vec<u8> {
    ipv4_between(OUTER, protocol, 0, body)
}

fn ipv6(next: u8, body: &[u8]) -> Vec<u8> {
    [&[0x60, 0, 0, 0][..], &length(body.len()), &[next, 64], &CLIENT_6, &SERVER_6, body].concat()
}

fn ethernet(kind: u16, body: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &kind.to_be_bytes()[..], body].concat()
}

fn wireless(flags: u8, header: &[u8], body: &[u8]) -> Vec<u8> {
    let kind = if header.is_empty() { 0x08 } else { 0x88 };
    let addresses = [[0xb; 6], [0xa; 6], [0xc; 6]].concat();
    [&[kind, flags, 0, 0], &addresses[..], &[0, 0], header, body].concat()
}

fn snap(kind: u16, body: &[u8]) -> Vec<u8> {
    [&[0xaa, 0xaa, 3, 0, 0, 0], &kind.to_be_bytes()[..], body].concat()
}

fn found(link: LinkType, bytes: &[u8]) -> (Result<Dissected<'_>, Defect>, Vec<Label>) {
    let mut labels = vec![Label::Vlan(7); 3];
    let dissected = dissect(link, bytes, &mut labels, &Limits::default());
    (dissected, labels)
}

fn tunnel() -> Label {
    let [source, destination] = OUTER.map(Address::v4);
    Label::Tunnel { source, destination }
}

/// The segment of [`tcp`], between those of the version of IP that it came in.
fn segment(payload: &[u8], missing: usize, is_6: bool) -> Transport<'_> {
    let ends = if is_6 { [CLIENT_6, SERVER_6].map(Address) } else { [CLIENT, SERVER].map(Address::v4) };
    Transport {
        source: ends[0],
        destination: ends[1],
        source_port: 40_000,
        destination_port: 443,
        segment: Some(Segment { sequence: 7, flags: TcpFlags(0x18) }),
        payload,
        missing,
    }
}

fn check(link: LinkType, bytes: &[u8], labels: &[Label]) {
    let (dissected, found) = found(link, bytes);
    let dissected = dissected.unwrap_or_else(|defect| panic!("{link} {labels:?}: {defect} {bytes:02x?}"));
    let Dissected::Transport(transport) = dissected else { panic!("{link} {labels:?}: {dissected:?}") };
    let is_6 = transport.source == Address(CLIENT_6);
    assert_eq!(transport, segment(PAYLOAD, 0, is_6), "{link} {labels:?}");
    assert_eq!(found, labels, "{link}");
}

#[test]
fn every_link_leads_to_the_same_segment() {
    let (four, six) = (ipv4(6, &tcp()), ipv6(6, &tcp()));
    for (kind, packet, families) in [(0x0800_u16, &four, &[2][..]), (0x86dd, &six, &[10, 24, 28, 30])] {
        let joined = |head: &[u8]| [head, &packet[..]].concat();
        let number = kind.to_be_bytes();
        check(LinkType::ETHERNET, &ethernet(kind, packet), &[]);
        // 802.3: a length, LLC and SNAP, and padding behind it.
        let inner = snap(kind, packet);
        let length = u16::try_from(inner.len()).unwrap();
        check(LinkType::ETHERNET, &[ethernet(length, &inner), vec![0xee; 9]].concat(), &[]);
        for link in [LinkType::RAW, LinkType::RAW_12, LinkType::RAW_14, LinkType::IPV4, LinkType::IPV6] {
            check(link, packet, &[]);
        }
        for family in families {
            for order in [u32::to_be_bytes, u32::to_le_bytes] {
                check(LinkType::NULL, &joined(&order(*family)), &[]);
                check(LinkType::LOOP, &joined(&order(*family)), &[]);
            }
        }
        check(LinkType::LINUX_SLL, &joined(&[&[0; 14][..], &number].concat()), &[]);
        check(LinkType::LINUX_SLL, &[&[0; 14][..], &[0, 4], &snap(kind, packet)].concat(), &[]);
        check(LinkType::LINUX_SLL2, &joined(&[&number[..], &[0; 18]].concat()), &[]);
        let numbers: &[&[u8]] = if kind == 0x0800 { &[&[0, 0x21], &[0x21]] } else { &[&[0, 0x57], &[0x57]] };
        for number in numbers {
            check(LinkType::PPP, &joined(number), &[]);
            check(LinkType::PPP_HDLC, &joined(&[&[0xff, 3], *number].concat()), &[]);
            let pppoe = [&[0x11, 0, 0, 5][..], &u16::try_from(packet.len() + number.len()).unwrap().to_be_bytes()];
            let pppoe = [&pppoe.concat()[..], *number, packet, &[0; 3]].concat();
            check(LinkType::PPP_ETHER, &pppoe, &[Label::Pppoe(5)]);
            check(LinkType::ETHERNET, &ethernet(0x8864, &pppoe), &[Label::Pppoe(5)]);
        }
        check(LinkType::C_HDLC, &joined(&[&[0x0f, 0][..], &number].concat()), &[]);
        check(LinkType::PPP_HDLC, &joined(&[&[0x8f, 0][..], &number].concat()), &[]);

        let inner = snap(kind, packet);
        for (flags, bssid) in [(0, [0xc; 6]), (1, [0xb; 6]), (2, [0xa; 6])] {
            check(LinkType::IEEE802_11, &wireless(flags, &[], &inner), &[Label::Wireless(bssid)]);
            check(LinkType::IEEE802_11, &wireless(flags, &[0, 0], &inner), &[Label::Wireless(bssid)]);
            check(LinkType::IEEE802_11, &wireless(flags | 0x80, &[0; 6], &inner), &[Label::Wireless(bssid)]);
        }
        check(LinkType::IEEE802_11, &wireless(3, &[], &[&[0xd; 6], &inner[..]].concat()), &[]);
        let bssid = [Label::Wireless([0xc; 6])];
        let plain = wireless(0, &[], &inner);
        // Nothing; flags with a check sequence behind; a timer before them; two words of fields; padding; PPI before it.
        check(LinkType::IEEE802_11_RADIOTAP, &[&[0, 0, 8, 0, 0, 0, 0, 0], &plain[..]].concat(), &bssid);
        let head = [0, 0, 9, 0, 2, 0, 0, 0, 0x10];
        check(LinkType::IEEE802_11_RADIOTAP, &[&head[..], &plain, &[9; 4]].concat(), &bssid);
        let head = [&[0, 0, 17, 0, 3, 0, 0, 0][..], &[7; 8], &[0x10]].concat();
        check(LinkType::IEEE802_11_RADIOTAP, &[&head[..], &plain, &[9; 4]].concat(), &bssid);
        let head = [&[0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 7, 7, 7, 7][..], &[7; 8], &[0x10]].concat();
        check(LinkType::IEEE802_11_RADIOTAP, &[&head[..], &plain, &[9; 4]].concat(), &bssid);
        let padded = wireless(0, &[0, 0], &[&[0, 0], &inner[..]].concat());
        check(LinkType::IEEE802_11_RADIOTAP, &[&[0, 0, 9, 0, 2, 0, 0, 0, 0x20], &padded[..]].concat(), &bssid);
        check(LinkType::PPI, &[&[0, 0, 12, 0, 105, 0, 0, 0, 9, 9, 9, 9], &plain[..]].concat(), &bssid);
    }
}

#[test]
fn every_encapsulation_leads_to_the_same_segment() {
    let overlay = |port, head: &[u8], inner: &[u8]| outer(17, &udp(port, &[head, inner].concat()));
    let gre = |flags: u16, kind: u16, fields: &[u8], inner: &[u8]| {
        outer(47, &[&flags.to_be_bytes()[..], &kind.to_be_bytes(), fields, inner].concat())
    };
    for (kind, packet) in [(0x0800, ipv4(6, &tcp())), (0x86dd, ipv6(6, &tcp()))] {
        let check = |kind, body: &[u8], labels: &[Label]| check(LinkType::ETHERNET, &ethernet(kind, body), labels);
        let tag = |number: u16, kind: u16, body: &[u8]| [&number.to_be_bytes(), &kind.to_be_bytes(), body].concat();
        let frame = ethernet(kind, &packet);
        check(0x8100, &tag(0xe064, kind, &packet), &[Label::Vlan(100)]);
        for outside in [0x8100, 0x88a8, 0x9100] {
            check(outside, &tag(2, 0x8100, &tag(100, kind, &packet)), &[Label::Vlan(2), Label::Vlan(100)]);
        }
        let stack = [0, 1, 0, 64, 0, 2, 1, 64];
        check(0x8847, &[&stack[..], &packet].concat(), &[Label::Mpls(16), Label::Mpls(32)]);
        check(0x8848, &[&stack[4..], &[0; 4], &frame].concat(), &[Label::Mpls(32)]);

        let check = |packet: &[u8], labels: &[Label]| {
            check(0x0800, packet, &[&[tunnel()], labels].concat());
        };
        check(&outer(if kind == 0x0800 { 4 } else { 41 }, &packet), &[]);
        check(&outer(137, &[&stack[4..], &packet].concat()), &[Label::Mpls(32)]);
        check(&gre(0, kind, &[], &packet), &[Label::Gre(None)]);
        check(&gre(0x2000, kind, &[0, 0, 0, 5], &packet), &[Label::Gre(Some(5))]);
        check(&gre(0xb000, kind, &[0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1], &packet), &[Label::Gre(Some(5))]);
        check(&gre(0, 0x6558, &[], &frame), &[Label::Gre(None)]);
        check(&gre(0, 0x88be, &[], &frame), &[Label::Gre(None)]);
        check(&gre(0x1000, 0x88be, &[0; 12], &frame), &[Label::Gre(None)]);
        let number = if kind == 0x0800 { 0x21 } else { 0x57 };
        let pptp = [0, 7, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, number];
        check(&gre(0x3081, 0x880b, &pptp, &packet), &[Label::Gre(Some(0x0007_0005))]);
        for head in [[8, 0, 0, 0], [0x88, 8, 0, 1], [0x0c, 0, 0, 3]] {
            check(&overlay(4789, &[&head[..], &[0, 1, 2, 0]].concat(), &frame), &[Label::Vxlan(258)]);
        }
        let next = if kind == 0x0800 { 1 } else { 2 };
        check(&overlay(4789, &[0x0c, 0, 0, next, 0, 1, 2, 0], &packet), &[Label::Vxlan(258)]);
        check(&overlay(6081, &[1, 0, 0x65, 0x58, 0, 1, 2, 0, 9, 9, 9, 9], &frame), &[Label::Geneve(258)]);
        let [high, low] = u16::to_be_bytes(kind);
        check(&overlay(6081, &[0, 0, high, low, 0, 1, 2, 0], &packet), &[Label::Geneve(258)]);
    }
}

#[test]
fn headers_with_options_and_extensions_lead_to_the_same_segment() {
    let check = |packet: Vec<u8>, labels: &[Label]| check(LinkType::RAW, &packet, labels);
    let mut options = ipv4(6, &[&[1; 8], &tcp()[..]].concat());
    options[0] = 0x47;
    check(options, &[]);
    let mut offset = tcp();
    offset[12] = 0x60;
    offset.splice(20..20, [1; 4]);
    check(ipv4(6, &offset), &[]);
    let extension = |next: u8, body: &[u8]| [&[next, 1][..], &[0; 14], body].concat();
    for kind in [0, 43, 60] {
        check(ipv6(kind, &extension(6, &tcp())), &[]);
    }
    check(ipv6(0, &extension(60, &extension(43, &extension(6, &tcp())))), &[]);
    let whole = [&[6, 0, 0, 0, 0, 0, 0, 9], &tcp()[..]].concat();
    check(ipv6(44, &whole), &[]);
    let ah = [&[6, 4, 0, 0, 0, 0, 1, 2][..], &[0; 16], &tcp()].concat();
    check(ipv6(51, &ah), &[Label::Ah(258)]);
    check(ipv4(51, &ah), &[Label::Ah(258)]);
}

/// What a packet is, in words.
fn told(packet: &Dissected<'_>) -> String {
    match packet {
        Dissected::Esp(Esp { spi, .. }) => format!("ESP {spi}"),
        Dissected::Ip(ip) => format!("{} of {}", ip.protocol, ip.payload.len()),
        Dissected::Fragment(Fragment { identification, protocol, offset, more, .. }) => {
            format!("{identification} {protocol} {offset} {more}")
        }
        Dissected::Frame(frame) => format!("{:?} of {}", frame.holds, frame.payload.len()),
        Dissected::Wireless(frame) => format!("{} {:?}", frame.kind, frame.encapsulation()),
        Dissected::Transport(Transport { destination_port, payload, missing, .. }) => {
            format!("UDP {destination_port} of {} without {missing}", payload.len())
        }
    }
}

#[test]
fn what_is_no_segment_is_named() {
    let check = |link, bytes: &[u8], expected: &str| {
        assert_eq!(told(&found(link, bytes).0.unwrap()), expected, "{bytes:02x?}");
    };
    let raw = LinkType::RAW;
    check(raw, &ipv4(17, &udp(53, PAYLOAD)), "UDP 53 of 7 without 0");
    check(raw, &ipv4(17, &[&[0, 1, 0, 53, 0, 0, 0, 0], PAYLOAD].concat()), "UDP 53 of 7 without 0");
    check(raw, &ipv4(17, &[&[0, 1, 0, 53, 0, 10, 0, 0], PAYLOAD].concat()), "UDP 53 of 2 without 0");
    check(raw, &ipv4(17, &[&[0, 1, 0, 53, 0, 99, 0, 0], PAYLOAD].concat()), "UDP 53 of 7 without 0");
    // A port of an overlay, and none in it.
    check(raw, &ipv4(17, &udp(4789, PAYLOAD)), "UDP 4789 of 7 without 0");
    check(raw, &ipv4(17, &udp(6081, &[0xff; 20])), "UDP 6081 of 20 without 0");
    check(raw, &ipv4(50, &[0, 0, 1, 2, 0, 0, 0, 1, 9]), "ESP 258");
    check(raw, &ipv6(50, &[0, 0, 1, 2, 0, 0, 0, 1, 9]), "ESP 258");
    check(raw, &ipv4(1, PAYLOAD), "ICMP of 7");
    check(raw, &ipv6(58, PAYLOAD), "IPv6-ICMP of 7");
    check(raw, &ipv6(59, &[]), "IPv6-NoNxt of 0");
    check(raw, &ipv4(253, PAYLOAD), "253 of 7");
    // Source routing in GRE, and a version that does not exist.
    check(raw, &ipv4(47, &[0x40, 0, 8, 0, 1]), "GRE of 5");
    check(raw, &ipv4(47, &[0, 2, 8, 0, 1]), "GRE of 5");
    check(raw, &ipv4_between(OUTER, 6, 0x2000, &tcp()), "9 TCP 0 true");
    check(raw, &ipv4_between(OUTER, 17, 0x0002, PAYLOAD), "9 UDP 16 false");
    check(raw, &ipv6(44, &[&[17, 0, 0, 0x11, 0, 1, 0, 0], PAYLOAD].concat()), "65536 UDP 16 true");
    let ether = |kind: u16| ethernet(kind, PAYLOAD);
    for (kind, text) in [(0x0806, "Ether(EtherType(2054)) of 7"), (0x88b4, "Ether(EtherType(34996)) of 7")] {
        check(LinkType::ETHERNET, &ether(kind), text);
    }
    check(LinkType::ETHERNET, &ethernet(5, &[0x42, 0x42, 3, 1, 2, 0, 0]), "Llc(66) of 4");
    check(LinkType::ETHERNET, &ethernet(9, &snap(0x0400, &[1])), "Llc(170) of 8");
    check(LinkType::PPP, &[0xc0, 0x21, 1, 2], "Ppp(49185) of 2");
    for (head, text) in [
        ([1, 2, 3, 0], "data Some(WepOrWpi)"),
        ([1, 0x21, 3, 0x20], "data Some(Tkip)"),
        ([1, 2, 0, 0x20], "data Some(CcmpOrGcmp)"),
        ([1, 2, 3, 0x20], "data Some(Unknown)"),
    ] {
        check(LinkType::IEEE802_11, &wireless(0x40, &[], &head), text);
    }
    check(LinkType::IEEE802_11, &[0xd4, 0, 0, 0, 1, 2, 3, 4, 5, 6], "212 None");
    check(LinkType::IEEE802_11, &wireless(0, &[0x80, 0], PAYLOAD), "QoS data None");
    check(LinkType::IEEE802_11, &wireless(4, &[], PAYLOAD), "data None");
    let eapol = ether(0x888e);
    let frame = found(LinkType::ETHERNET, &eapol).0;
    let Ok(Dissected::Frame(frame)) = frame else { panic!("{frame:?}") };
    assert_eq!(frame.holds, Encapsulated::Ether(EtherType::EAPOL));
    assert_eq!(frame.stations, Some([[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]]));
    assert_eq!(IpProtocol(6).to_string(), "TCP");
}

#[test]
fn a_snap_length_is_told_from_padding() {
    for packet in [ipv4(6, &tcp()), ipv6(6, &tcp())] {
        let is_6 = packet[0] == 0x60;
        let frame = ethernet(if is_6 { 0x86dd } else { 0x0800 }, &packet);
        let check = |bytes: &[u8], payload: &[u8], missing| {
            let (dissected, _) = found(LinkType::ETHERNET, bytes);
            assert_eq!(dissected, Ok(Dissected::Transport(segment(payload, missing, is_6))));
        };
        check(&[&frame[..], &[0; 20]].concat(), PAYLOAD, 0);
        let whole = frame.len();
        check(&frame[..whole - 2], &PAYLOAD[..5], 2);
        check(&frame[..whole - 7], b"", 7);
        // The last bytes of the header, without which the rest is still known.
        check(&frame[..whole - 11], b"", 7);
        let at = whole - 27;
        let short = Defect { at, what: DefectKind::Short { wanted: 16, left: 15 } };
        assert_eq!(found(LinkType::ETHERNET, &frame[..at + 15]).0, Err(short));
    }
    // Left to the network card: all that is there.
    let mut offloaded = ipv4(6, &tcp());
    offloaded[2..4].fill(0);
    assert_eq!(found(LinkType::RAW, &offloaded).0, Ok(Dissected::Transport(segment(PAYLOAD, 0, false))));
    let mut offloaded = ipv6(6, &tcp());
    offloaded[4..6].fill(0);
    assert_eq!(found(LinkType::RAW, &offloaded).0, Ok(Dissected::Transport(segment(PAYLOAD, 0, true))));
    let cut = ipv4_between(OUTER, 17, 0x2000, &[0; 24]);
    let Ok(Dissected::Fragment(fragment)) = found(LinkType::RAW, &cut[..34]).0 else { panic!("no fragment") };
    assert_eq!((fragment.payload.len(), fragment.missing), (14, 10));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let with = |mut packet: Vec<u8>, at: usize, value: u8| {
        packet[at] = value;
        packet
    };
    let check =
        |link, bytes: &[u8], at, what| assert_eq!(found(link, bytes).0, Err(Defect { at, what }), "{bytes:02x?}");
    let (raw, four, six) = (LinkType::RAW, ipv4(6, &tcp()), ipv6(6, &tcp()));
    check(raw, &with(four.clone(), 0, 0x44), 0, DefectKind::HeaderLength(16));
    check(raw, &with(four.clone(), 0, 0x55), 0, DefectKind::HeaderVersion(5));
    check(LinkType::ETHERNET, &ethernet(0x86dd, &four), 14, DefectKind::HeaderVersion(4));
    check(raw, &with(four.clone(), 3, 19), 2, DefectKind::TotalLength(19));
    check(raw, &with(four.clone(), 32, 0x40), 32, DefectKind::HeaderLength(16));
    check(raw, &with(four.clone(), 32, 0xf0), 20, DefectKind::HeaderLength(60));
    check(raw, &with(ipv4(17, &udp(53, b"")), 25, 7), 24, DefectKind::TotalLength(7));
    check(raw, &with(ipv6(60, &[6, 9, 0, 0, 0, 0, 0, 0]), 41, 9), 40, DefectKind::HeaderLength(80));
    check(raw, &six[..39], 24, DefectKind::Short { wanted: 16, left: 15 });
    check(raw, &[], 0, DefectKind::Short { wanted: 20, left: 0 });
    check(LinkType(147), &four, 0, DefectKind::LinkType(147));
    check(LinkType::NULL, &[0, 0, 0, 7, 0x45], 0, DefectKind::AddressFamily(7));
    check(LinkType::ETHERNET, &ethernet(0x8847, &[0, 0, 1, 0, 0x50]), 18, DefectKind::HeaderVersion(5));
    check(LinkType::PPP_ETHER, &[0x21, 0, 0, 0, 0, 0], 0, DefectKind::HeaderVersion(0x21));
    check(LinkType::IEEE802_11, &[9, 0, 0, 0], 0, DefectKind::HeaderVersion(1));
    check(LinkType::IEEE802_11_RADIOTAP, &[1, 0, 8, 0], 0, DefectKind::HeaderVersion(1));
    check(LinkType::IEEE802_11_RADIOTAP, &[0, 0, 3, 0], 2, DefectKind::HeaderLength(3));
    check(LinkType::IEEE802_11_RADIOTAP, &[0, 0, 9, 0, 2, 0, 0, 0, 0x40], 9, DefectKind::CheckSequence);
    check(LinkType::PPI, &[0, 0, 7, 0, 105, 0, 0, 0], 2, DefectKind::HeaderLength(7));
}

#[test]
fn headers_nest_up_to_the_limit_and_no_further() {
    let most = Limits::DEFAULT.nesting;
    let limit = DefectKind::Limit { limit: Limit::Nesting, most, found: most + 1 };
    let nested =
        |count: usize, wrap: &dyn Fn(Vec<u8>) -> Vec<u8>| (0..count).fold(ipv4(6, &tcp()), |inner, _| wrap(inner));
    let check = |name: &str, wrap: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        for (count, expected) in [(most, None), (most + 1, Some(&limit)), (2000, Some(&limit))] {
            let packet = nested(count, wrap);
            let (dissected, labels) = found(LinkType::RAW, &packet);
            assert_eq!(dissected.as_ref().err().map(|defect| &defect.what), expected, "{name} {count}");
            assert!(labels.len() <= 2 * most);
        }
    };
    check("IP in IP", &|inner| outer(4, &inner));
    let gre = |kind: u16, inner: &[u8]| outer(47, &[&[0, 0], &kind.to_be_bytes()[..], inner].concat());
    check("GRE", &|inner| gre(0x0800, &inner));
    let tags = |count: usize| {
        let start = (0..count).fold(ipv4(6, &tcp()), |inner, at| {
            [&[0, 1][..], if at == 0 { &[8, 0] } else { &[0x81, 0] }, &inner].concat()
        });
        ethernet(0x8100, &start)
    };
    assert!(found(LinkType::ETHERNET, &tags(most)).0.is_ok());
    assert_eq!(found(LinkType::ETHERNET, &tags(most + 1)).0.unwrap_err().what, limit);
    let extensions = |count: usize| {
        let body =
            (0..count).fold(tcp(), |inner, at| [&[if at == 0 { 6 } else { 60 }, 0], &[0; 6][..], &inner].concat());
        ipv6(60, &body)
    };
    assert!(found(LinkType::RAW, &extensions(most)).0.is_ok());
    assert_eq!(found(LinkType::RAW, &extensions(most + 1)).0.unwrap_err().what, limit);
    let stack = |count: usize| {
        let inner = ipv4(6, &tcp());
        ethernet(0x8847, &[&[0, 0, 0, 1].repeat(count - 1)[..], &[0, 0, 1, 1], &inner].concat())
    };
    assert!(found(LinkType::ETHERNET, &stack(most)).0.is_ok());
    assert_eq!(found(LinkType::ETHERNET, &stack(most + 1)).0.unwrap_err().what, limit);
    // An overlay too deep inside is a datagram again.
    let overlaid = (0..=most).fold(ethernet(0x0800, &ipv4(6, &tcp())), |inner, _| {
        ethernet(0x0800, &outer(17, &udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0], &inner[..]].concat())))
    });
    let (dissected, labels) = found(LinkType::ETHERNET, &overlaid);
    let Ok(Dissected::Transport(transport)) = dissected else { panic!("{dissected:?}") };
    assert_eq!((transport.destination_port, labels.len()), (4789, 2 * most));
}
