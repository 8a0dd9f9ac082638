//! Packets out of a file: pcap in all its byte orders and pcapng with any number of sections.

use super::{BlockType, LinkType, SecretsType};
use crate::reading::{Defect, DefectKind, Limit, Limits, Reader};

/// Bytes of the header of a pcap file.
const FILE_HEADER: usize = 24;
/// Bytes before a packet of pcap.
const PACKET_HEADER: usize = 16;
/// Bytes that the patched libpcap of Red Hat Linux 6 put behind those: interface, protocol and packet type.
const MODIFIED_PACKET_HEADER: usize = 24;
/// Bytes of a block of pcapng without a body: type, length, and the length again.
const EMPTY_BLOCK: usize = 12;
/// Bytes of type and length in front of a block.
const BLOCK_HEADER: usize = 8;
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// One packet as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What its first bytes are.
    pub link: LinkType,
    /// When it was captured, in nanoseconds since 1970 in UTC. `None`: the block has no time, or one that is none (more
    /// microseconds than a second has, later than the year 2554, before 1970).
    pub time: Option<u64>,
    /// Its number in the file, from 1, as other readers of captures count.
    pub number: u64,
    /// Its captured bytes, without the check sequence that a file may announce behind each packet.
    pub captured: &'a [u8],
    /// Bytes that it had on the wire.
    pub length: u32,
    /// The number of its interface in its section; zero in pcap.
    pub interface: u32,
    size: usize,
}

/// Secrets that a file brings along: of the one who captured, never of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secrets<'a> {
    /// What they are.
    pub kind: SecretsType,
    /// The secrets: text for the key logs.
    pub data: &'a [u8],
    size: usize,
}

/// What stands at the front of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// Secrets (pcapng).
    Secrets(Secrets<'a>),
    /// Something without packets: a header, or a block that is not read.
    Skip {
        /// What it is.
        kind: BlockType,
        /// Its bytes.
        size: usize,
    },
    /// A block that is wrong. The next one can be read.
    Wrong {
        /// What is wrong.
        defect: Defect,
        /// Its bytes.
        size: usize,
    },
    /// It is not whole yet: at least this many bytes more.
    Need(usize),
}

impl Item<'_> {
    /// Bytes of the file that this used.
    #[inline]
    pub fn size(&self) -> usize {
        match self {
            Item::Packet(packet) => packet.size,
            Item::Secrets(secrets) => secrets.size,
            Item::Skip { size, .. } | Item::Wrong { size, .. } => *size,
            Item::Need(_) => 0,
        }
    }
}

/// Takes a file apart. The caller keeps the bytes: it calls [`PacketReader::next`] with what it has, drops
/// [`Item::size`] bytes, and adds more when it got [`Item::Need`].
#[derive(Clone, Debug, Default)]
pub struct PacketReader {
    format: Format,
    packets: u64,
}

#[derive(Clone, Debug, Default)]
enum Format {
    #[default]
    Unknown,
    Pcap(Pcap),
    Pcapng(Section),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl Order {
    #[inline]
    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        }
    }

    fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Order::Little => u16::from_le_bytes(bytes),
            Order::Big => u16::from_be_bytes(bytes),
        }
    }
}

impl PacketReader {
    /// The packet or block at the front of `bytes`.
    ///
    /// # Errors
    /// [`DefectKind::NotCapture`], [`DefectKind::CaptureVersion`], [`DefectKind::ByteOrder`],
    /// [`DefectKind::BlockLength`] or [`DefectKind::Limit`]. The file cannot be read on then: where the next packet
    /// would start is unknown. What was read before stays read.
    #[inline]
    pub fn next<'a>(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<Item<'a>, Defect> {
        match &self.format {
            Format::Pcap(file) => file.next(bytes, &mut self.packets, limits),
            _ => self.block(bytes, limits),
        }
    }

    #[inline(never)]
    fn block<'a>(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<Item<'a>, Defect> {
        match &mut self.format {
            Format::Pcapng(section) => section.next(bytes, &mut self.packets, limits),
            _ => self.start(bytes, limits),
        }
    }

    /// What is wrong with the end of a file of which `left` is left: bytes of a packet that is not whole, or no header.
    pub fn end(mut self, left: &[u8], limits: &Limits) -> Option<Defect> {
        if left.is_empty() && !matches!(self.format, Format::Unknown) {
            return None;
        }
        match self.next(left, limits) {
            Ok(Item::Need(more)) => {
                let wanted = left.len().saturating_add(more);
                Some(Defect { at: 0, what: DefectKind::Short { wanted, left: left.len() } })
            }
            Ok(_) => Some(Defect { at: 0, what: DefectKind::Trailing { left: left.len() } }),
            Err(defect) => Some(defect),
        }
    }

    #[cold]
    fn start<'a>(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<Item<'a>, Defect> {
        let Some((magic, _)) = bytes.split_first_chunk() else { return Ok(need(bytes, FILE_HEADER)) };
        if u32::from_be_bytes(*magic) == BlockType::SECTION_HEADER.0 {
            let mut section = Section { order: Order::Little, interfaces: Vec::new() };
            let item = section.next(bytes, &mut self.packets, limits)?;
            if !matches!(item, Item::Need(_)) {
                self.format = Format::Pcapng(section);
            }
            return Ok(item);
        }
        let known = [Order::Little, Order::Big].map(|order| (order, BlockType(order.u32(*magic)))).into_iter().find(
            |(_, magic)| {
                matches!(*magic, BlockType::FILE_MICROSECONDS | BlockType::FILE_NANOSECONDS | BlockType::FILE_MODIFIED)
            },
        );
        let Some((order, kind)) = known else { return Err(Defect { at: 0, what: DefectKind::NotCapture(*magic) }) };
        let Some((header, _)) = bytes.split_first_chunk::<FILE_HEADER>() else { return Ok(need(bytes, FILE_HEADER)) };
        self.format = Format::Pcap(Pcap::new(order, kind, header)?);
        Ok(Item::Skip { kind, size: FILE_HEADER })
    }
}

fn need(bytes: &[u8], wanted: usize) -> Item<'static> {
    Item::Need(wanted.saturating_sub(bytes.len()))
}

#[cold]
fn beyond(limit: Limit, most: usize, found: usize, at: usize) -> Defect {
    Defect { at, what: DefectKind::Limit { limit, most, found } }
}

/// Bytes of a packet without its check sequence, of which a snap length may have cut a part or all.
#[cold]
fn without_check(captured: &[u8], length: u32, check: u32) -> &[u8] {
    let length = usize::try_from(length.saturating_sub(check)).unwrap_or(usize::MAX);
    captured.get(..length).unwrap_or(captured)
}

/// Which of the two lengths before a packet comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    /// Version 2.3: writers did not agree.
    SmallerCaptured,
    /// Older ones, and DG/UX, which calls its version 543.
    CapturedLast,
}

#[derive(Clone, Copy, Debug)]
struct Pcap {
    order: Order,
    link: LinkType,
    /// Nanoseconds of the smaller unit of time.
    unit: u32,
    /// Bytes before a packet.
    header: usize,
    lengths: Lengths,
    /// Bytes of the check sequence behind each packet.
    check: u32,
}

impl Pcap {
    /// Reads the header of a file (draft-ietf-opsawg-pcap, "General File Structure").
    fn new(order: Order, kind: BlockType, header: &[u8; FILE_HEADER]) -> Result<Pcap, Defect> {
        let [_, _, _, _, major @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *header;
        let [.., minor_first, minor_last, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *header;
        let [.., network_0, network_1, network_2, network_3] = *header;
        let lengths = match (order.u16(major), order.u16([minor_first, minor_last])) {
            (2, 0..3) | (543, _) => Lengths::CapturedLast,
            (2, 3) => Lengths::SmallerCaptured,
            (2, _) => Lengths::CapturedFirst,
            (other, _) => return Err(Defect { at: 4, what: DefectKind::CaptureVersion(other) }),
        };
        let network = order.u32([network_0, network_1, network_2, network_3]);
        // The upper bits: how many pairs of bytes the check sequence has, and whether that was said.
        let check = if network & 0x0400_0000 != 0 { (network >> 28) * 2 } else { 0 };
        Ok(Pcap {
            order,
            link: LinkType(u16::try_from(network & 0xffff).unwrap_or_default()),
            unit: if kind == BlockType::FILE_NANOSECONDS { 1 } else { 1000 },
            header: if kind == BlockType::FILE_MODIFIED { MODIFIED_PACKET_HEADER } else { PACKET_HEADER },
            lengths,
            check,
        })
    }

    #[inline]
    fn next<'a>(&self, bytes: &'a [u8], packets: &mut u64, limits: &Limits) -> Result<Item<'a>, Defect> {
        let Some((header, _)) = bytes.split_first_chunk::<PACKET_HEADER>() else {
            return Ok(need(bytes, self.header));
        };
        let [seconds, fraction, mut stored, mut length] = words(header, self.order);
        if self.lengths != Lengths::CapturedFirst {
            (stored, length) = self.swapped(stored, length);
        }
        let stored = usize::try_from(stored).unwrap_or(usize::MAX);
        if stored > limits.packet {
            return Err(beyond(Limit::Packet, limits.packet, stored, 8));
        }
        let size = self.header.saturating_add(stored);
        let Some(mut captured) = bytes.get(self.header..size) else { return Ok(need(bytes, size)) };
        if self.check != 0 {
            captured = without_check(captured, length, self.check);
        }
        *packets += 1;
        let fraction = u64::from(fraction) * u64::from(self.unit);
        let time = (fraction < SECOND).then_some(u64::from(seconds) * SECOND + fraction);
        Ok(Item::Packet(Packet { link: self.link, time, number: *packets, captured, length, interface: 0, size }))
    }

    #[cold]
    fn swapped(&self, first: u32, last: u32) -> (u32, u32) {
        match self.lengths {
            Lengths::SmallerCaptured => (first.min(last), first.max(last)),
            Lengths::CapturedLast => (last, first),
            Lengths::CapturedFirst => (first, last),
        }
    }
}

/// `N` numbers of four bytes each.
#[inline]
fn words<const M: usize, const N: usize>(bytes: &[u8; M], order: Order) -> [u32; N] {
    let mut words = [0; N];
    for (word, four) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = order.u32(*four);
    }
    words
}

/// What is known of a section of pcapng.
#[derive(Clone, Debug)]
struct Section {
    order: Order,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    /// The most bytes that are captured of a packet; zero: all.
    snap: u32,
    /// Bytes of the check sequence behind each packet.
    check: u32,
    clock: Clock,
}

/// How the numbers of an interface become times.
#[derive(Clone, Copy, Debug)]
enum Clock {
    /// So many nanoseconds a unit, from 1970 on: nearly all.
    Nanoseconds(u64),
    /// The value of `if_tsresol` and seconds to add.
    Other(u8, i64),
}

impl Clock {
    fn new(resolution: u8, offset: i64) -> Clock {
        match (resolution, offset) {
            (0..=9, 0) => Clock::Nanoseconds(10_u64.pow(u32::from(9 - resolution))),
            _ => Clock::Other(resolution, offset),
        }
    }

    #[inline]
    fn time(self, ticks: u64) -> Option<u64> {
        match self {
            Clock::Nanoseconds(unit) => ticks.checked_mul(unit),
            Clock::Other(resolution, offset) => time(ticks, resolution, offset),
        }
    }
}

/// A power of two or of ten as the unit (draft-ietf-opsawg-pcapng, `if_tsresol`).
#[cold]
fn time(ticks: u64, resolution: u8, offset: i64) -> Option<u64> {
    let nanoseconds = u128::from(ticks) * u128::from(SECOND);
    let exponent = u32::from(resolution & 0x7f);
    let nanoseconds = if resolution & 0x80 != 0 {
        nanoseconds >> exponent
    } else {
        // A unit so small that no power of ten holds it leaves nothing of any number of them.
        10_u128.checked_pow(exponent).map_or(0, |unit| nanoseconds / unit)
    };
    let since = i128::try_from(nanoseconds).ok()?.checked_add(i128::from(offset) * i128::from(SECOND))?;
    u64::try_from(since).ok()
}

/// A whole block whose lengths agree.
struct Block<'a> {
    kind: BlockType,
    body: &'a [u8],
    size: usize,
}

impl<'a> Block<'a> {
    #[cold]
    fn wrong(&self, at: usize, what: DefectKind) -> Item<'a> {
        Item::Wrong { defect: Defect { at: BLOCK_HEADER.saturating_add(at), what }, size: self.size }
    }
}

impl Section {
    #[inline]
    fn next<'a>(&mut self, bytes: &'a [u8], packets: &mut u64, limits: &Limits) -> Result<Item<'a>, Defect> {
        let Some((header, _)) = bytes.split_first_chunk::<BLOCK_HEADER>() else { return Ok(need(bytes, EMPTY_BLOCK)) };
        let [kind, length] = words(header, self.order);
        // It reads the same in both byte orders, unlike the length behind it.
        if kind == BlockType::SECTION_HEADER.0 {
            return self.start(bytes, limits);
        }
        let Some(block) = whole(bytes, kind, length, self.order, limits) else {
            return broken(bytes, length, self.order, limits);
        };
        if block.kind == BlockType::ENHANCED_PACKET {
            return Ok(self.enhanced(&block, packets, limits));
        }
        Ok(self.other(&block, packets, limits))
    }

    /// A header: a new byte order, and no interface yet (draft-ietf-opsawg-pcapng, "Section Header Block").
    #[cold]
    fn start<'a>(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<Item<'a>, Defect> {
        let Some((header, _)) = bytes.split_first_chunk::<EMPTY_BLOCK>() else {
            return Ok(need(bytes, EMPTY_BLOCK.saturating_add(16)));
        };
        let [_, _, _, _, length_0, length_1, length_2, length_3, magic @ ..] = *header;
        let order = match magic {
            [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
            [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
            other => return Err(Defect { at: BLOCK_HEADER, what: DefectKind::ByteOrder(other) }),
        };
        let length = order.u32([length_0, length_1, length_2, length_3]);
        let Some(block) = whole(bytes, BlockType::SECTION_HEADER.0, length, order, limits) else {
            let item = broken(bytes, length, order, limits)?;
            // Nothing behind a header can be read without it: what its end says is not worth the file.
            if matches!(item, Item::Wrong { .. }) {
                *self = Section { order, interfaces: Vec::new() };
            }
            return Ok(item);
        };
        let mut body = Reader::starting(block.body, BLOCK_HEADER);
        let [_, _, _, _, major @ .., _, _] = body.array::<8>()?;
        match order.u16(major) {
            1 => *self = Section { order, interfaces: Vec::new() },
            other => return Err(Defect { at: EMPTY_BLOCK, what: DefectKind::CaptureVersion(other) }),
        }
        Ok(Item::Skip { kind: block.kind, size: block.size })
    }

    #[inline]
    fn enhanced<'a>(&self, block: &Block<'a>, packets: &mut u64, limits: &Limits) -> Item<'a> {
        *packets += 1;
        let Some((header, data)) = block.body.split_first_chunk::<20>() else {
            return block.wrong(0, DefectKind::Short { wanted: 20, left: block.body.len() });
        };
        let [interface, high, low, stored, length] = words(header, self.order);
        let ticks = (u64::from(high) << 32) | u64::from(low);
        self.packet(block, Found { interface, ticks: Some(ticks), stored, length, data, at: 12 }, *packets, limits)
    }

    #[inline]
    fn packet<'a>(&self, block: &Block<'a>, found: Found<'a>, number: u64, limits: &Limits) -> Item<'a> {
        let Found { interface, ticks, stored, length, data, at } = found;
        let known = usize::try_from(interface).ok().and_then(|number| self.interfaces.get(number));
        let Some(known) = known else { return block.wrong(0, DefectKind::Interface(interface)) };
        let stored = usize::try_from(stored).unwrap_or(usize::MAX);
        if stored > limits.packet {
            let Defect { at, what } = beyond(Limit::Packet, limits.packet, stored, at);
            return block.wrong(at, what);
        }
        let Some(mut captured) = data.get(..stored) else {
            return block.wrong(at, DefectKind::Short { wanted: stored, left: data.len() });
        };
        if known.check != 0 {
            captured = without_check(captured, length, known.check);
        }
        let time = ticks.and_then(|ticks| known.clock.time(ticks));
        Item::Packet(Packet { link: known.link, time, number, captured, length, interface, size: block.size })
    }

    #[cold]
    fn other<'a>(&mut self, block: &Block<'a>, packets: &mut u64, limits: &Limits) -> Item<'a> {
        let order = self.order;
        let short = |wanted| block.wrong(0, DefectKind::Short { wanted, left: block.body.len() });
        match block.kind {
            BlockType::PACKET => {
                *packets += 1;
                let Some((header, data)) = block.body.split_first_chunk::<20>() else { return short(20) };
                let [interface_0, interface_1, ..] = *header;
                let interface = u32::from(order.u16([interface_0, interface_1]));
                let [_, high, low, stored, length] = words(header, order);
                let ticks = (u64::from(high) << 32) | u64::from(low);
                self.packet(
                    block,
                    Found { interface, ticks: Some(ticks), stored, length, data, at: 12 },
                    *packets,
                    limits,
                )
            }
            BlockType::SIMPLE_PACKET => {
                *packets += 1;
                let Some((length, data)) = block.body.split_first_chunk() else { return short(4) };
                let length = order.u32(*length);
                let snap = self.interfaces.first().map_or(0, |interface| interface.snap);
                let stored = if snap == 0 { length } else { length.min(snap) };
                self.packet(block, Found { interface: 0, ticks: None, stored, length, data, at: 0 }, *packets, limits)
            }
            BlockType::INTERFACE_DESCRIPTION => {
                if self.interfaces.len() == limits.interfaces {
                    let Defect { at, what } =
                        beyond(Limit::Interfaces, limits.interfaces, limits.interfaces.saturating_add(1), 0);
                    return block.wrong(at, what);
                }
                match Interface::read(block.body, order) {
                    Ok((interface, defect)) => {
                        self.interfaces.push(interface);
                        match defect {
                            Some(defect) => block.wrong(defect.at, defect.what),
                            None => Item::Skip { kind: block.kind, size: block.size },
                        }
                    }
                    Err(defect) => block.wrong(defect.at, defect.what),
                }
            }
            BlockType::DECRYPTION_SECRETS => {
                let Some((header, data)) = block.body.split_first_chunk::<8>() else { return short(8) };
                let [kind, length] = words(header, order);
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let Some(secrets) = data.get(..length) else {
                    return block.wrong(4, DefectKind::Short { wanted: length, left: data.len() });
                };
                Item::Secrets(Secrets { kind: SecretsType(kind), data: secrets, size: block.size })
            }
            kind => Item::Skip { kind, size: block.size },
        }
    }
}

/// What a packet block says.
struct Found<'a> {
    interface: u32,
    ticks: Option<u64>,
    stored: u32,
    length: u32,
    data: &'a [u8],
    /// Where in the body the stored length is.
    at: usize,
}

/// The block at the front, if it is all there and says the same of its length at both ends.
#[inline]
fn whole<'a>(bytes: &'a [u8], kind: u32, length: u32, order: Order, limits: &Limits) -> Option<Block<'a>> {
    let size = usize::try_from(length).ok()?;
    let (front, end) = bytes.get(..size)?.split_last_chunk()?;
    let body = front.get(BLOCK_HEADER..)?;
    let is_sound = size.is_multiple_of(4) && size <= limits.block && order.u32(*end) == length;
    is_sound.then_some(Block { kind: BlockType(kind), body, size })
}

/// Why the block at the front is none.
#[cold]
fn broken<'a>(bytes: &'a [u8], length: u32, order: Order, limits: &Limits) -> Result<Item<'a>, Defect> {
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    if size < EMPTY_BLOCK || !size.is_multiple_of(4) {
        return Err(Defect { at: 4, what: DefectKind::BlockLength(length) });
    }
    if size > limits.block {
        return Err(beyond(Limit::Block, limits.block, size, 4));
    }
    let Some((front, end)) = bytes.get(..size).and_then(|block| block.split_last_chunk()) else {
        return Ok(need(bytes, size));
    };
    let what = DefectKind::BlockEnd { start: length, end: order.u32(*end) };
    Ok(Item::Wrong { defect: Defect { at: front.len(), what }, size })
}

impl Interface {
    /// Options of an interface that are read (draft-ietf-opsawg-pcapng, "Interface Description Block").
    const END: u16 = 0;
    const RESOLUTION: u16 = 9;
    const CHECK_LENGTH: u16 = 13;
    const TIME_OFFSET: u16 = 14;
    /// Microseconds, when nothing is said.
    const DEFAULT_RESOLUTION: u8 = 6;

    /// The interface, and what is wrong with its options, of which those before it hold.
    fn read(body: &[u8], order: Order) -> Result<(Interface, Option<Defect>), Defect> {
        let mut reader = Reader::new(body);
        let link = LinkType(order.u16(reader.array()?));
        reader.take(2)?;
        let snap = order.u32(reader.array()?);
        let (mut resolution, mut offset, mut check) = (Self::DEFAULT_RESOLUTION, 0, 0);
        let mut defect = None;
        while !reader.is_empty() {
            match option(&mut reader, order) {
                Ok((Self::END, _)) => break,
                Ok((Self::RESOLUTION, [value])) => resolution = *value,
                // In bits, says the text, and "4" its example: both are written.
                Ok((Self::CHECK_LENGTH, [value])) => check = u32::from(if *value < 8 { *value } else { *value / 8 }),
                Ok((Self::TIME_OFFSET, value)) => {
                    offset = value.try_into().map_or(0, |bytes| match order {
                        Order::Little => i64::from_le_bytes(bytes),
                        Order::Big => i64::from_be_bytes(bytes),
                    });
                }
                Ok(_) => {}
                Err(short) => {
                    defect = Some(short);
                    break;
                }
            }
        }
        Ok((Interface { link, snap, check, clock: Clock::new(resolution, offset) }, defect))
    }
}

/// One option: its number and value; the padding behind it may be missing at the end.
fn option<'a>(reader: &mut Reader<'a>, order: Order) -> Result<(u16, &'a [u8]), Defect> {
    let (kind, length) = (order.u16(reader.array()?), usize::from(order.u16(reader.array()?)));
    let value = reader.take(length)?;
    let padding = (4 - length % 4) % 4;
    reader.take(padding.min(reader.left()))?;
    Ok((kind, value))
}
