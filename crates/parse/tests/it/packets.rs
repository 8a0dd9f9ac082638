//! Files of pcap and pcapng: recorded ones against what is known of them, built ones of every form, wrong ones.

use std::collections::BTreeSet;
use std::path::PathBuf;

use dengmi_parse::capture::{
    BlockType, Defragmenter, Dissected, Item, Label, LinkType, Packet, PacketReader, SecretsType, Transport, dissect,
};
use dengmi_parse::reading::Limit;
use dengmi_parse::{Defect, DefectKind, Limits};
use proptest::prelude::*;

use crate::capture::vectors;

/// A packet by link, time, number, bytes, length and interface.
type Seen = (LinkType, Option<u64>, u64, Vec<u8>, u32, u32);

/// Whatever a file gave: its packets, and all else by its name.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) packets: Vec<Seen>,
    pub(crate) skipped: Vec<BlockType>,
    pub(crate) secrets: Vec<(SecretsType, Vec<u8>)>,
    pub(crate) wrong: Vec<DefectKind>,
    pub(crate) end: Option<DefectKind>,
}

/// Reads a file in pieces of the sizes that `sizes` gives.
pub(crate) fn read(file: &[u8], sizes: impl IntoIterator<Item = usize>, limits: &Limits) -> Told {
    let (mut told, mut reader, mut sizes) = (Told::default(), PacketReader::default(), sizes.into_iter());
    let (mut kept, mut behind) = (Vec::new(), file);
    loop {
        let item = match reader.next(&kept, limits) {
            Ok(item) => item,
            Err(defect) => {
                told.end = Some(defect.what);
                return told;
            }
        };
        let size = item.size();
        assert!(size <= kept.len());
        match item {
            Item::Packet(packet) => {
                let Packet { link, time, number, captured, length, interface, .. } = packet;
                told.packets.push((link, time, number, captured.to_vec(), length, interface));
            }
            Item::Skip { kind, .. } => told.skipped.push(kind),
            Item::Secrets(secrets) => told.secrets.push((secrets.kind, secrets.data.to_vec())),
            Item::Wrong { defect, .. } => told.wrong.push(defect.what),
            Item::Need(more) => {
                assert!(more > 0);
                if behind.is_empty() {
                    told.end = reader.end(&kept, limits).map(|defect| defect.what);
                    return told;
                }
                let count = sizes.next().unwrap_or(usize::MAX).clamp(1, behind.len());
                kept.extend_from_slice(&behind[..count]);
                behind = &behind[count..];
            }
        }
        kept.drain(..size);
    }
}

pub(crate) fn samples() -> Vec<(PathBuf, Vec<u8>, toml::Table)> {
    let paths = std::fs::read_dir(vectors("captures")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "toml")).collect();
    paths.sort();
    assert!(paths.len() >= 40, "{} captures: a replay of nothing proves nothing", paths.len());
    let sample = |path: PathBuf| {
        let truth: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let file = std::fs::read(path.with_file_name(truth["capture"].as_str().unwrap())).unwrap();
        (path, file, truth)
    };
    paths.into_iter().map(sample).collect()
}

#[test]
fn every_recorded_capture_is_told_as_it_was() {
    let limits = Limits::default();
    for (path, file, truth) in samples() {
        let told = read(&file, [], &limits);
        assert_eq!((&told.wrong, &told.end), (&vec![], &None), "{path:?}");
        assert_eq!(told.packets.len(), usize::try_from(truth["packets"].as_integer().unwrap()).unwrap(), "{path:?}");
        let link = match truth["link_type"].as_str().unwrap() {
            "Ethernet" | "ether" => LinkType::ETHERNET,
            "linux-sll" => LinkType::LINUX_SLL,
            "IEEE 802.11 plus radiotap radio header" => LinkType::IEEE802_11_RADIOTAP,
            other => panic!("{path:?}: {other}"),
        };
        let mut flows = BTreeSet::new();
        let mut labels = Vec::new();
        let mut before = 0;
        for (at, (of, time, number, captured, length, interface)) in told.packets.iter().enumerate() {
            assert_eq!((*of, *number, *interface), (link, at as u64 + 1, 0), "{path:?}");
            assert!(*length as usize >= captured.len());
            // Made between 2020 and 2100; the packets of one file are minutes apart.
            let time = time.unwrap();
            assert!((1_577_836_800_000_000_000..4_102_444_800_000_000_000).contains(&time), "{path:?}");
            assert!(before == 0 || time.abs_diff(before) < 600_000_000_000, "{path:?}");
            before = time;
            let dissected = dissect(*of, captured, &mut labels, &limits).unwrap();
            if link != LinkType::IEEE802_11_RADIOTAP {
                let is_vlan = path.to_string_lossy().contains("vlan");
                assert_eq!(labels, is_vlan.then_some(Label::Vlan(100)).into_iter().collect::<Vec<_>>(), "{path:?}");
            }
            if let Dissected::Transport(found) = dissected {
                let whole = found.payload.len() + found.missing;
                assert_eq!(found.missing > 0, *length as usize > captured.len() && whole > 0, "{path:?}");
                let kind = if found.segment.is_some() { "tcp" } else { "udp" };
                let ends = [(found.source, found.source_port), (found.destination, found.destination_port)];
                let [from, to] = ends.map(|(address, port)| (address.to_string(), port));
                flows.insert((kind.to_owned(), from, to));
            }
        }
        let none = vec![];
        for flow in truth.get("flow").and_then(toml::Value::as_array).unwrap_or(&none) {
            let text = |key: &str| flow[key].as_str().unwrap().to_owned();
            let port = |key: &str| u16::try_from(flow[key].as_integer().unwrap()).unwrap();
            let client = (text("client"), port("client_port"));
            let server = (text("server"), port("server_port"));
            let (there, back) =
                ((text("transport"), client.clone(), server.clone()), (text("transport"), server, client));
            assert!(flows.contains(&there), "{path:?}: {there:?} is not in {flows:?}");
            let one_way = path.to_string_lossy().contains("client-side-only");
            assert_eq!(flows.contains(&back), !one_way, "{path:?}: {back:?}");
        }
    }
}

/// A file of pcap: its magic number and version, the word with the link type, packets with seconds, fraction and length.
struct File {
    magic: u32,
    version: (u16, u16),
    link: u32,
    big: bool,
}

impl File {
    const PLAIN: File = File { magic: 0xa1b2_c3d4, version: (2, 4), link: 1, big: false };

    fn u32(&self, number: u32) -> [u8; 4] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u16(&self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn header(&self) -> Vec<u8> {
        let version = [self.u16(self.version.0), self.u16(self.version.1)].concat();
        [&self.u32(self.magic)[..], &version, &[0; 8], &self.u32(65_535), &self.u32(self.link)].concat()
    }

    fn packet(&self, seconds: u32, fraction: u32, lengths: [u32; 2], bytes: &[u8]) -> Vec<u8> {
        let words = [seconds, fraction, lengths[0], lengths[1]].map(|word| self.u32(word)).concat();
        let more: &[u8] = if self.magic == 0xa1b2_cd34 { &[0, 0, 0, 1, 0, 8, 0, 0] } else { &[] };
        [&words, more, bytes].concat()
    }
}

#[test]
fn every_form_of_pcap_gives_the_same_packets() {
    let limits = Limits::default();
    let check = |file: File, lengths: [u32; 2], nanoseconds: u64, captured: &[u8]| {
        let File { magic, version, big, .. } = file;
        let bytes = [file.header(), file.packet(1_700_000_000, 5, lengths, b"packet"), file.packet(1, 2, [0, 0], b"")];
        let told = read(&bytes.concat(), [], &limits);
        let time = Some(1_700_000_000_000_000_000 + nanoseconds);
        let first = (LinkType::ETHERNET, time, 1, captured.to_vec(), 9, 0);
        assert_eq!(told.packets.first(), Some(&first), "{magic:x} {version:?} {big}");
        assert_eq!((told.packets.len(), told.end), (2, None), "{magic:x} {version:?} {big}");
        assert_eq!(told.skipped, [BlockType(magic)]);
    };
    for big in [false, true] {
        for (magic, nanoseconds) in [(0xa1b2_c3d4, 5000), (0xa1b2_3c4d, 5), (0xa1b2_cd34, 5000)] {
            check(File { magic, big, ..File::PLAIN }, [6, 9], nanoseconds, b"packet");
        }
        for (version, lengths) in
            [((2, 2), [9, 6]), ((2, 3), [6, 9]), ((2, 3), [9, 6]), ((543, 0), [9, 6]), ((2, 9), [6, 9])]
        {
            check(File { version, big, ..File::PLAIN }, lengths, 5000, b"packet");
        }
        // Four bytes of check sequence, of which the snap length left one.
        check(File { link: 0x2400_0001, big, ..File::PLAIN }, [6, 9], 5000, b"packe");
    }
}

#[test]
fn what_is_wrong_with_a_pcap_is_named() {
    let limits = Limits { packet: 6, ..Limits::default() };
    let file = File::PLAIN;
    let one = |lengths, bytes: &[u8]| [file.header(), file.packet(1, 2, lengths, bytes)].concat();
    let check = |bytes: &[u8], packets: usize, end: Option<DefectKind>| {
        let told = read(bytes, [], &limits);
        assert_eq!((told.packets.len(), told.end), (packets, end), "{bytes:02x?}");
    };
    check(&one([6, 6], b"packet"), 1, None);
    check(&one([7, 7], b"packets"), 0, Some(DefectKind::Limit { limit: Limit::Packet, most: 6, found: 7 }));
    check(&one([6, 6], b"pack"), 0, Some(DefectKind::Short { wanted: 22, left: 20 }));
    check(&[one([6, 6], b"packet"), vec![0; 15]].concat(), 1, Some(DefectKind::Short { wanted: 16, left: 15 }));
    check(b"", 0, Some(DefectKind::Short { wanted: 24, left: 0 }));
    check(b"\xd4\xc3\xb2\xa1", 0, Some(DefectKind::Short { wanted: 24, left: 4 }));
    check(b"GET / HTTP/1.1", 0, Some(DefectKind::NotCapture(*b"GET ")));
    check(&File { version: (3, 0), ..File::PLAIN }.header(), 0, Some(DefectKind::CaptureVersion(3)));
    // More microseconds than a second has are no time, and no reason not to read on.
    for (fraction, is_time) in [(999_999, true), (1_000_000, false), (u32::MAX, false)] {
        let told = read(&[file.header(), file.packet(u32::MAX, fraction, [6, 6], b"packet")].concat(), [], &limits);
        assert_eq!(told.packets[0].1.is_some(), is_time);
    }
}

/// Blocks of pcapng in one byte order.
#[derive(Clone, Copy)]
struct Blocks(bool);

impl Blocks {
    fn u32(self, number: u32) -> [u8; 4] {
        if self.0 { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u16(self, number: u16) -> [u8; 2] {
        if self.0 { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = self.u32(u32::try_from(padded + 12).unwrap());
        [&self.u32(kind)[..], &length, body, &vec![0; padded - body.len()], &length].concat()
    }

    fn section(self) -> Vec<u8> {
        let body = [&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    fn option(self, kind: u16, value: &[u8]) -> Vec<u8> {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        [&self.u16(kind)[..], &self.u16(u16::try_from(value.len()).unwrap()), value, &padding].concat()
    }

    fn interface(self, link: u16, snap: u32, options: &[Vec<u8>]) -> Vec<u8> {
        self.block(1, &[&self.u16(link)[..], &[0, 0], &self.u32(snap), &options.concat()].concat())
    }

    fn enhanced(self, interface: u32, ticks: u64, length: u32, bytes: &[u8]) -> Vec<u8> {
        let [high, low] = [ticks >> 32, ticks & 0xffff_ffff].map(|half| self.u32(u32::try_from(half).unwrap()));
        let stored = self.u32(u32::try_from(bytes.len()).unwrap());
        let padded = [bytes, &vec![0; bytes.len().next_multiple_of(4) - bytes.len()]].concat();
        self.block(6, &[&self.u32(interface)[..], &high, &low, &stored, &self.u32(length), &padded].concat())
    }
}

#[test]
fn every_block_of_pcapng_is_read_or_skipped() {
    let limits = Limits::default();
    for (first, second) in [(false, true), (true, false)].map(|(first, second)| (Blocks(first), Blocks(second))) {
        let old =
            [&first.u16(0)[..], &[0xff, 0xff], &first.u32(0), &first.u32(7), &first.u32(3), &first.u32(9)].concat();
        let secrets = [&first.u32(0x544c_534b)[..], &first.u32(5), b"CLIEN"].concat();
        let file = [
            first.section(),
            first.interface(1, 4, &[first.option(2, b"eth0"), first.option(0, b"")]),
            first.interface(113, 0, &[first.option(9, &[9])]),
            first.enhanced(0, 5, 6, b"packet"),
            first.enhanced(1, 5, 60, b"cooked!"),
            first.block(3, &[&first.u32(6)[..], b"pack"].concat()),
            first.block(2, &[&old[..], b"old"].concat()),
            first.block(10, &secrets),
            first.block(4, b""),
            first.block(5, &[0; 12]),
            first.block(0x0000_0bad, &[0; 5]),
            first.block(0x8000_0001, b"not known"),
            second.section(),
            second.interface(101, 0, &[]),
            second.enhanced(0, 1, 1, b"E"),
        ];
        let told = read(&file.concat(), [], &limits);
        let ethernet = LinkType::ETHERNET;
        let expected = [
            (ethernet, Some(5000), 1, b"packet".to_vec(), 6, 0),
            (LinkType::LINUX_SLL, Some(5), 2, b"cooked!".to_vec(), 60, 1),
            (ethernet, None, 3, b"pack".to_vec(), 6, 0),
            (ethernet, Some(7000), 4, b"old".to_vec(), 9, 0),
            (LinkType::RAW, Some(1000), 5, b"E".to_vec(), 1, 0),
        ];
        assert_eq!(told.packets, expected);
        assert_eq!(told.secrets, [(SecretsType::TLS_KEY_LOG, b"CLIEN".to_vec())]);
        let skipped = [0x0a0d_0d0a, 1, 1, 4, 5, 0x0bad, 0x8000_0001, 0x0a0d_0d0a, 1].map(BlockType);
        assert_eq!((told.skipped, told.wrong, told.end), (skipped.to_vec(), vec![], None));
    }
}

#[test]
fn times_of_any_resolution_become_nanoseconds() {
    let limits = Limits::default();
    let little = Blocks(false);
    let check = |resolution: Option<u8>, offset: i64, ticks: u64, time: Option<u64>| {
        let mut options = vec![little.option(14, &offset.to_le_bytes())];
        options.extend(resolution.map(|value| little.option(9, &[value])));
        let file = [little.section(), little.interface(1, 0, &options), little.enhanced(0, ticks, 1, b"x")].concat();
        let told = read(&file, [], &limits);
        assert_eq!(told.packets[0].1, time, "{resolution:?} {offset} {ticks}");
    };
    for (resolution, offset, ticks, time) in [
        (None, 0, 3, Some(3000)),
        (Some(6), 0, 3, Some(3000)),
        (Some(9), 0, 3, Some(3)),
        (Some(0), 0, 3, Some(3_000_000_000)),
        (Some(12), 0, 3999, Some(3)),
        (Some(0x80), 0, 3, Some(3_000_000_000)),
        (Some(0x80 | 10), 0, 512, Some(500_000_000)),
        (Some(0x80 | 127), 0, u64::MAX, Some(0)),
        (Some(127), 0, u64::MAX, Some(0)),
        (Some(38), 0, u64::MAX, Some(0)),
        (Some(6), 2, 3, Some(2_000_003_000)),
        (Some(6), -2, 3_000_000, Some(1_000_000_000)),
        (Some(6), -4, 3_000_000, None),
        (Some(6), i64::MIN, u64::MAX, None),
        (Some(6), i64::MAX, 0, None),
        (Some(9), 0, u64::MAX, Some(u64::MAX)),
        (Some(6), 0, u64::MAX, None),
        (Some(0), 0, u64::MAX, None),
    ] {
        check(resolution, offset, ticks, time);
    }
}

#[test]
fn check_sequences_are_cut_and_never_the_packet_before_them() {
    let little = Blocks(false);
    for (announced, length, expected) in
        [(4, 9, &b"packe"[..]), (32, 9, b"packe"), (0, 9, b"packet"), (4, 10, b"packet"), (4, 6, b"pa"), (4, 3, b"")]
    {
        let file = [
            little.section(),
            little.interface(1, 0, &[little.option(13, &[announced])]),
            little.enhanced(0, 0, length, b"packet"),
        ];
        assert_eq!(read(&file.concat(), [], &Limits::default()).packets[0].3, expected, "{announced} {length}");
    }
}

#[test]
fn what_is_wrong_with_a_pcapng_is_named_and_the_rest_is_read() {
    let limits = Limits { packet: 8, block: 64, interfaces: 2, ..Limits::default() };
    let blocks = Blocks(false);
    let check = |middle: &[u8], wrong: Vec<DefectKind>, end: Option<DefectKind>| {
        let file = [&blocks.section(), &blocks.interface(1, 0, &[])[..], middle, &blocks.enhanced(0, 1, 4, b"last")];
        let told = read(&file.concat(), [], &limits);
        assert_eq!((&told.wrong, &told.end), (&wrong, &end), "{middle:02x?}");
        let last = told.packets.last().map(|packet| packet.3.clone());
        assert_eq!(last, end.is_none().then(|| b"last".to_vec()), "{middle:02x?}");
    };
    let replaced = |mut block: Vec<u8>, at: usize, number: u32| {
        block[at..at + 4].copy_from_slice(&number.to_le_bytes());
        block
    };
    let short = |wanted, left| DefectKind::Short { wanted, left };
    let limit = |limit, most| DefectKind::Limit { limit, most, found: most + 1 };
    let packet = |bytes: &[u8]| blocks.enhanced(0, 1, 9, bytes);

    check(&packet(b"eight by"), vec![], None);
    check(&packet(b"nine byte"), vec![limit(Limit::Packet, 8)], None);
    check(&blocks.block(4, &[0; 52]), vec![], None);
    let what = DefectKind::Limit { limit: Limit::Block, most: 64, found: 68 };
    check(&blocks.block(4, &[0; 56]), vec![], Some(what));
    let interface = |count: usize| vec![blocks.interface(1, 0, &[]); count].concat();
    check(&interface(1), vec![], None);
    check(&interface(2), vec![limit(Limit::Interfaces, 2)], None);
    check(&blocks.enhanced(1, 1, 4, b"none"), vec![DefectKind::Interface(1)], None);
    check(&blocks.enhanced(u32::MAX, 1, 4, b"none"), vec![DefectKind::Interface(u32::MAX)], None);
    check(&replaced(packet(b"packet"), 20, 8), vec![], None);
    check(&replaced(packet(b"abc"), 20, 5), vec![short(5, 4)], None);
    check(&replaced(packet(b"four"), 32, 44), vec![DefectKind::BlockEnd { start: 36, end: 44 }], None);
    check(&replaced(blocks.block(4, b""), 4, 8), vec![], Some(DefectKind::BlockLength(8)));
    check(&replaced(blocks.block(4, b""), 4, 14), vec![], Some(DefectKind::BlockLength(14)));
    check(&blocks.block(6, &[0; 16]), vec![short(20, 16)], None);
    check(&blocks.block(2, &[0; 16]), vec![short(20, 16)], None);
    check(&blocks.block(3, b""), vec![short(4, 0)], None);
    check(&blocks.block(1, &[0; 4]), vec![short(4, 0)], None);
    check(&blocks.block(10, &[0; 4]), vec![short(8, 4)], None);
    check(&blocks.block(10, &[0, 0, 0, 0, 9, 0, 0, 0, 1]), vec![short(9, 4)], None);
    check(&blocks.interface(1, 0, &[vec![9, 0, 5, 0, 1]]), vec![short(5, 4)], None);

    let ends = |file: &[u8], end| assert_eq!(read(file, [], &limits).end, Some(end), "{file:02x?}");
    ends(&replaced(blocks.section(), 8, 0x1a2b_3c4e), DefectKind::ByteOrder([0x4e, 0x3c, 0x2b, 0x1a]));
    ends(&replaced(blocks.section(), 12, 2), DefectKind::CaptureVersion(2));
    ends(&blocks.section()[..20], short(28, 20));
    ends(&[blocks.section(), vec![6, 0, 0]].concat(), short(12, 3));
    // A section whose end is wrong still says in which order the rest is.
    let wrong_end = [replaced(blocks.section(), 24, 32), blocks.interface(1, 0, &[]), packet(b"last")].concat();
    let told = read(&wrong_end, [], &limits);
    assert_eq!((told.packets.len(), told.wrong), (1, vec![DefectKind::BlockEnd { start: 28, end: 32 }]));
    // Interfaces are those of their section.
    let twice = [blocks.section(), blocks.interface(1, 0, &[]), blocks.section(), packet(b"none")].concat();
    assert_eq!(read(&twice, [], &limits).wrong, [DefectKind::Interface(0)]);
}

/// Everything that this crate makes of a file, with nothing to compare: it ends, and does not panic.
fn take_apart(file: &[u8], limits: &Limits) -> usize {
    let (mut labels, mut fragments) = (Vec::new(), Defragmenter::default());
    let told = read(file, [], limits);
    for (link, time, _, captured, _, _) in &told.packets {
        match dissect(*link, captured, &mut labels, limits) {
            Ok(Dissected::Fragment(fragment)) => {
                if let Some(datagram) = fragments.add(&fragment, time.unwrap_or_default(), limits).whole {
                    let _ = datagram.dissect(&mut labels, limits);
                }
            }
            Ok(Dissected::Transport(Transport { payload, .. })) => assert!(payload.len() <= captured.len()),
            Ok(Dissected::Wireless(frame)) => crate::wireless::look(&frame, limits),
            Ok(Dissected::Frame(frame)) => crate::wireless::look_inside(&frame, limits),
            Ok(_) | Err(Defect { .. }) => {}
        }
        assert!(labels.len() <= 2 * limits.nesting + 1);
    }
    told.packets.len()
}

#[test]
fn files_cut_anywhere_or_changed_in_any_byte_are_read_without_panic() {
    let limits = Limits::default();
    for (path, file, _) in samples() {
        // Long ones only at their start: the rest is payload, which nothing here looks at.
        let most = file.len().min(3000);
        let whole = take_apart(&file, &limits);
        let mut packets = 0;
        for end in 0..most {
            let told = read(&file[..end], [], &limits);
            assert!(told.packets.len() >= packets && told.packets.len() <= whole, "{path:?} {end}");
            packets = told.packets.len();
        }
        let mut changed = file[..most].to_vec();
        for at in 0..most {
            for value in [!file[at], 0, 0xff] {
                changed[at] = value;
                take_apart(&changed, &limits);
            }
            changed[at] = file[at];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_do_not_change_what_is_read(
        which in 0_usize..1000, sizes in prop::collection::vec(1_usize..3000, 1..60),
    ) {
        let samples = samples();
        let (_, file, _) = &samples[which % samples.len()];
        let limits = Limits::default();
        prop_assert_eq!(read(file, sizes.into_iter().cycle(), &limits), read(file, [], &limits));
        prop_assert_eq!(read(file, std::iter::repeat(1), &limits), read(file, [], &limits));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), link in 0_u32..300) {
        let limits = Limits::default();
        take_apart(&bytes, &limits);
        let file = File { link, ..File::PLAIN };
        let length = u32::try_from(bytes.len()).unwrap();
        take_apart(&[file.header(), file.packet(1, 1, [length, length], &bytes)].concat(), &limits);
        take_apart(&[Blocks(false).section(), bytes].concat(), &limits);
    }
}
