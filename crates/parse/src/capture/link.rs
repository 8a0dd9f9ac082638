//! One packet: from its link to the payload of its transport, through whatever tags and tunnels stand between.
//!
//! The road of nearly all packets is straight: Ethernet, IP, TCP or UDP. Everything else is set aside from it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::wireless::WirelessFrame;
use super::{EtherType, IpProtocol, LinkType};
use crate::reading::{Defect, DefectKind, Limit, Limits, Reader};

/// The first number that is a type and no length (IEEE 802.3 3.2.6).
const FIRST_TYPE: u16 = 0x0600;
/// The port of VXLAN (RFC 7348 5).
const VXLAN: u16 = 4789;
/// The port of Geneve (RFC 8926 3.3).
const GENEVE: u16 = 6081;

/// An address of IP in 16 bytes; one of IPv4 as `::ffff:a.b.c.d` (RFC 4291 2.5.5.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 16]);

impl Address {
    /// The address of IPv4.
    #[inline]
    pub fn v4(bytes: [u8; 4]) -> Address {
        // Whole words: single bytes put together again wait for each other.
        Address((0xffff_0000_0000 | u128::from(u32::from_be_bytes(bytes))).to_be_bytes())
    }

    /// The address of either version.
    pub fn ip(self) -> IpAddr {
        match self.0 {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => Ipv4Addr::new(a, b, c, d).into(),
            bytes => Ipv6Addr::from(bytes).into(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(out)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(out)
    }
}

/// What a packet is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dissected<'a> {
    /// A segment of TCP or a datagram of UDP.
    Transport(Transport<'a>),
    /// Encrypted by IPsec.
    Esp(Esp),
    /// A part of a datagram, for [`super::Defragmenter`].
    Fragment(Fragment<'a>),
    /// Something else in IP: ICMP and all the others.
    Ip(Ip<'a>),
    /// Something else than IP.
    Frame(Frame<'a>),
    /// A frame of 802.11 that carries nothing in clear: management, control, and protected data.
    Wireless(WirelessFrame<'a>),
}

/// A segment of TCP (RFC 9293 3.1) or a datagram of UDP (RFC 768).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport<'a> {
    /// Who sent it.
    pub source: Address,
    /// To whom.
    pub destination: Address,
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// What only TCP says; `None`: UDP.
    pub segment: Option<Segment>,
    /// What was captured of the payload, without the padding of a frame.
    pub payload: &'a [u8],
    /// Bytes of payload that the packet has by its own length fields and the capture has not.
    pub missing: usize,
}

/// What only TCP says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The sequence number of the first byte, or of the SYN.
    pub sequence: u32,
    /// The flags.
    pub flags: TcpFlags,
}

/// The flags of a segment (RFC 9293 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// The sender has no more to say.
    #[inline]
    pub fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// A connection begins.
    #[inline]
    pub fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// A connection is broken off.
    #[inline]
    pub fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// An acknowledgment is in it: all but the first segment.
    #[inline]
    pub fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// A packet of ESP (RFC 4303 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Esp {
    /// Who sent it.
    pub source: Address,
    /// To whom.
    pub destination: Address,
    /// Its security association.
    pub spi: u32,
    /// Bytes behind the network's header, captured or not.
    pub length: usize,
}

/// A part of a datagram of IPv4 (RFC 791 3.2) or IPv6 (RFC 8200 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Who sent it.
    pub source: Address,
    /// To whom.
    pub destination: Address,
    /// What the parts of a datagram have in common; 16 bits in IPv4.
    pub identification: u32,
    /// What the datagram holds.
    pub protocol: IpProtocol,
    /// Where in the datagram it belongs, in bytes.
    pub offset: u16,
    /// Whether others follow.
    pub more: bool,
    /// What was captured of it.
    pub payload: &'a [u8],
    /// Bytes that it has beside those.
    pub missing: usize,
}

/// A packet of IP that holds neither TCP nor UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ip<'a> {
    /// Who sent it.
    pub source: Address,
    /// To whom.
    pub destination: Address,
    /// What it holds.
    pub protocol: IpProtocol,
    /// What was captured of that.
    pub payload: &'a [u8],
}

/// A frame that holds no IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it holds.
    pub holds: Encapsulated,
    /// The hardware addresses of sender and receiver, where the link has them.
    pub stations: Option<[[u8; 6]; 2]>,
    /// What was captured of it. A short one may have padding behind it.
    pub payload: &'a [u8],
}

/// How a frame names what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encapsulated {
    /// By a type: ARP, EAPOL, WAI, MACsec and others.
    Ether(EtherType),
    /// By the access point of LLC that it goes to (IEEE 802.2): spanning tree and others.
    Llc(u8),
    /// By a number of PPP (RFC 1661 2): LCP, CHAP and others.
    Ppp(u16),
}

/// What stands between the link and the network, from outside to inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// A VLAN's number (IEEE 802.1Q 9.6), or the provider's.
    Vlan(u16),
    /// A label of MPLS (RFC 3032 2.1).
    Mpls(u32),
    /// A session of PPPoE (RFC 2516 4).
    Pppoe(u16),
    /// The network of 802.11 that carried it, by its BSSID.
    Wireless([u8; 6]),
    /// A tunnel over IP begins: its two ends.
    Tunnel {
        /// Who sent it.
        source: Address,
        /// To whom.
        destination: Address,
    },
    /// That tunnel is GRE (RFC 2784), with its key if it has one (RFC 2890).
    Gre(Option<u32>),
    /// That tunnel is VXLAN: its network (RFC 7348 5).
    Vxlan(u32),
    /// That tunnel is Geneve: its network (RFC 8926 3.4).
    Geneve(u32),
    /// An authentication header and its SPI (RFC 4302): what follows is in clear, and cannot be changed.
    Ah(u32),
}

/// Takes a packet apart. `labels` is emptied, and gets what stood before the network; the caller uses it again.
///
/// # Errors
/// What cannot be read, with its place: [`DefectKind::Short`] for a header that the snap length cut, others for headers
/// that contradict themselves, [`DefectKind::LinkType`], [`DefectKind::Limit`].
pub fn dissect<'a>(
    link: LinkType,
    captured: &'a [u8],
    labels: &mut Vec<Label>,
    limits: &Limits,
) -> Result<Dissected<'a>, Defect> {
    labels.clear();
    let mut road = Road { labels, limits, depth: 0, stations: None };
    if link == LinkType::ETHERNET {
        return ethernet(Reader::new(captured), &mut road);
    }
    by_link(link, Reader::new(captured), &mut road)
}

/// What a datagram holds that was put together from fragments.
pub(super) fn datagram<'a>(
    (source, destination): (Address, Address),
    protocol: IpProtocol,
    bytes: &'a [u8],
    labels: &mut Vec<Label>,
    limits: &Limits,
) -> Result<Dissected<'a>, Defect> {
    let depth = labels.len();
    let mut road = Road { labels, limits, depth, stations: None };
    let body = Body { bytes: Reader::new(bytes), promised: bytes.len() };
    set_aside(Ends { source, destination }, protocol, body, &mut road)
}

/// What is carried along while a packet is taken apart.
struct Road<'r> {
    labels: &'r mut Vec<Label>,
    limits: &'r Limits,
    depth: usize,
    stations: Option<[[u8; 6]; 2]>,
}

impl Road<'_> {
    /// One more header inside another. Every way that comes round again goes through here.
    fn deeper(&mut self, at: usize) -> Result<(), Defect> {
        let most = self.limits.nesting;
        if self.depth >= most {
            let what = DefectKind::Limit { limit: Limit::Nesting, most, found: most.saturating_add(1) };
            return Err(Defect { at, what });
        }
        self.depth += 1;
        Ok(())
    }

    fn tunnel(&mut self, ends: &Ends, at: usize) -> Result<(), Defect> {
        self.deeper(at)?;
        self.labels.push(Label::Tunnel { source: ends.source, destination: ends.destination });
        self.stations = None;
        Ok(())
    }

    fn frame<'a>(&self, holds: Encapsulated, mut reader: Reader<'a>) -> Dissected<'a> {
        Dissected::Frame(Frame { holds, stations: self.stations, payload: reader.rest() })
    }
}

#[derive(Clone, Copy)]
struct Ends {
    source: Address,
    destination: Address,
}

/// What is behind a header: the captured bytes, never more than what the header promises.
struct Body<'a> {
    bytes: Reader<'a>,
    promised: usize,
}

impl<'a> Body<'a> {
    /// What is behind a header that promises so much, without the padding behind that.
    #[inline]
    fn new(mut bytes: Reader<'a>, promised: usize) -> Body<'a> {
        let at = bytes.at();
        let all = bytes.rest();
        Body { bytes: Reader::starting(all.get(..promised).unwrap_or(all), at), promised }
    }

    /// The captured bytes behind the first `header`, and how many are missing at their end.
    #[inline]
    fn behind(mut self, header: usize) -> Result<(&'a [u8], usize), Defect> {
        let Some(length) = self.promised.checked_sub(header) else {
            return Err(Defect { at: self.bytes.at(), what: DefectKind::HeaderLength(header) });
        };
        let payload = self.bytes.rest().get(header..).unwrap_or_default();
        Ok((payload, length - payload.len()))
    }
}

/// The next words of four bytes.
#[inline]
fn words<const N: usize>(reader: &mut Reader<'_>) -> Result<[[u8; 4]; N], Defect> {
    let before = reader.clone();
    let bytes = reader.take(N * 4)?;
    bytes.as_chunks().0.try_into().map_err(|_| before.short(N * 4))
}

#[inline(always)]
fn ethernet<'a>(mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    let [to @ .., f0, f1, f2, f3, f4, f5, k0, k1] = reader.array::<14>()?;
    match EtherType(u16::from_be_bytes([k0, k1])) {
        EtherType::IPV4 => ipv4(reader, road),
        EtherType::IPV6 => ipv6(reader, road),
        kind => {
            road.stations = Some([[f0, f1, f2, f3, f4, f5], to]);
            by_type(kind, reader, road)
        }
    }
}

/// RFC 791 3.1.
#[inline(always)]
fn ipv4<'a>(mut packet: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    let at = packet.at();
    let [[first, _, total @ ..], [i0, i1, place @ ..], [_, protocol, ..], from, to] = words(&mut packet)?;
    let total = usize::from(u16::from_be_bytes(total));
    let mut header = 20;
    if first != 0x45 {
        header = ipv4_options(first, &mut packet, at)?;
    }
    let promised = match total.checked_sub(header) {
        Some(promised) => promised,
        // Left at zero for the network card to fill in: all that is there.
        None if total == 0 => packet.left(),
        None => return Err(Defect { at: at.saturating_add(2), what: DefectKind::TotalLength(total) }),
    };
    let body = Body::new(packet, promised);
    let ends = || Ends { source: Address::v4(from), destination: Address::v4(to) };
    let (protocol, place) = (IpProtocol(protocol), u16::from_be_bytes(place));
    // Others follow, or others came before.
    if place & 0x3fff != 0 {
        let identification = u32::from(u16::from_be_bytes([i0, i1]));
        return fragment(ends(), identification, protocol, ((place & 0x1fff) << 3, place & 0x2000 != 0), body);
    }
    inside(ends, protocol, body, road)
}

/// Bytes of a header with options, which are taken.
#[cold]
fn ipv4_options(first: u8, packet: &mut Reader<'_>, at: usize) -> Result<usize, Defect> {
    if first >> 4 != 4 {
        return Err(Defect { at, what: DefectKind::HeaderVersion(first >> 4) });
    }
    let header = usize::from(first & 0x0f) * 4;
    let options = header.checked_sub(20).ok_or(Defect { at, what: DefectKind::HeaderLength(header) })?;
    packet.take(options)?;
    Ok(header)
}

/// RFC 8200 3.
#[inline(always)]
fn ipv6<'a>(mut packet: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    let at = packet.at();
    let [[first, ..], [l0, l1, next, _]] = words(&mut packet)?;
    if first >> 4 != 6 {
        return Err(Defect { at, what: DefectKind::HeaderVersion(first >> 4) });
    }
    let (from, to) = (packet.array()?, packet.array()?);
    let ends = || Ends { source: Address(from), destination: Address(to) };
    let promised = match usize::from(u16::from_be_bytes([l0, l1])) {
        // Longer than the field (RFC 2675), or left for the network card to fill in.
        0 if next != IpProtocol::IPV6_NO_NEXT.0 => packet.left(),
        length => length,
    };
    inside(ends, IpProtocol(next), Body::new(packet, promised), road)
}

#[cold]
fn fragment<'a>(
    ends: Ends,
    identification: u32,
    protocol: IpProtocol,
    (offset, more): (u16, bool),
    body: Body<'a>,
) -> Result<Dissected<'a>, Defect> {
    let Ends { source, destination } = ends;
    let (payload, missing) = body.behind(0)?;
    Ok(Dissected::Fragment(Fragment { source, destination, identification, protocol, offset, more, payload, missing }))
}

/// What a packet of IP holds. Its ends are made where they are needed: what the straight road writes twice costs more than
/// all else on it.
#[inline(always)]
fn inside<'a>(
    ends: impl Fn() -> Ends,
    protocol: IpProtocol,
    body: Body<'a>,
    road: &mut Road<'_>,
) -> Result<Dissected<'a>, Defect> {
    match protocol {
        IpProtocol::TCP => tcp(ends, body),
        IpProtocol::UDP => udp(ends, body, road),
        protocol => by_protocol(ends(), protocol, body, road),
    }
}

#[inline(always)]
fn tcp<'a>(ends: impl Fn() -> Ends, body: Body<'a>) -> Result<Dissected<'a>, Defect> {
    let [[s0, s1, port @ ..], sequence, _, [offset, flags, ..]] = words(&mut body.bytes.clone())?;
    let header = usize::from(offset >> 4) * 4;
    if header < 20 {
        let at = body.bytes.at().saturating_add(12);
        return Err(Defect { at, what: DefectKind::HeaderLength(header) });
    }
    let (payload, missing) = body.behind(header)?;
    let Ends { source, destination } = ends();
    Ok(Dissected::Transport(Transport {
        source,
        destination,
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes(port),
        segment: Some(Segment { sequence: u32::from_be_bytes(sequence), flags: TcpFlags(flags) }),
        payload,
        missing,
    }))
}

#[inline(always)]
fn udp<'a>(ends: impl Fn() -> Ends, body: Body<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    let at = body.bytes.at();
    let mut reader = body.bytes;
    let [[s0, s1, port @ ..], [l0, l1, ..]] = words(&mut reader)?;
    let promised = match usize::from(u16::from_be_bytes([l0, l1])) {
        0 => body.promised.saturating_sub(8),
        length @ 1..8 => return Err(Defect { at: at.saturating_add(4), what: DefectKind::TotalLength(length) }),
        length => length.min(body.promised).saturating_sub(8),
    };
    let destination_port = u16::from_be_bytes(port);
    let mut body = Body::new(reader, promised);
    if matches!(destination_port, VXLAN | GENEVE)
        && let Some(carried) = overlay(&ends(), destination_port, &body, road)
    {
        return Ok(carried);
    }
    let payload = body.bytes.rest();
    let Ends { source, destination } = ends();
    Ok(Dissected::Transport(Transport {
        source,
        destination,
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port,
        segment: None,
        payload,
        missing: promised - payload.len(),
    }))
}

/// A network inside another, or on a link that is not Ethernet.
#[cold]
fn network<'a>(kind: EtherType, reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    if kind == EtherType::IPV6 { ipv6(reader, road) } else { ipv4(reader, road) }
}

/// Ethernet inside a network.
#[cold]
fn bridged<'a>(reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    ethernet(reader, road)
}

/// What is behind an extension header.
#[cold]
fn set_aside<'a>(
    ends: Ends,
    protocol: IpProtocol,
    body: Body<'a>,
    road: &mut Road<'_>,
) -> Result<Dissected<'a>, Defect> {
    inside(|| ends, protocol, body, road)
}

/// What a datagram to the port of an overlay carries; `None`: it is no overlay's.
#[cold]
fn overlay<'a>(ends: &Ends, port: u16, body: &Body<'a>, road: &mut Road<'_>) -> Option<Dissected<'a>> {
    let mut reader = body.bytes.clone();
    let (labels, depth, stations) = (road.labels.len(), road.depth, road.stations);
    let carried = || {
        road.tunnel(ends, reader.at())?;
        if port == VXLAN { vxlan(reader, road) } else { geneve(&mut reader, road) }
    };
    let carried = carried().ok();
    if carried.is_none() {
        road.labels.truncate(labels);
        (road.depth, road.stations) = (depth, stations);
    }
    carried
}

/// RFC 7348 5: bits that it does not know are not looked at, but for the one of the Generic Protocol Extension
/// (draft-ietf-nvo3-vxlan-gpe 3.1), which puts other things there than Ethernet.
fn vxlan<'a>(mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    const NETWORK: u8 = 0x08;
    const NEXT: u8 = 0x04;
    let at = reader.at();
    let [[flags, _, _, next], [n0, n1, n2, _]] = words(&mut reader)?;
    if flags & NETWORK == 0 {
        return Err(Defect { at, what: DefectKind::HeaderVersion(flags) });
    }
    road.labels.push(Label::Vxlan(u32::from_be_bytes([0, n0, n1, n2])));
    match (flags & NEXT, next) {
        (NEXT, 1) => network(EtherType::IPV4, reader, road),
        (NEXT, 2) => network(EtherType::IPV6, reader, road),
        _ => bridged(reader, road),
    }
}

/// RFC 8926 3.4.
fn geneve<'a>(reader: &mut Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    let at = reader.at();
    let [first, _, k0, k1, n0, n1, n2, _] = reader.array::<8>()?;
    if first >> 6 != 0 {
        return Err(Defect { at, what: DefectKind::HeaderVersion(first >> 6) });
    }
    reader.take(usize::from(first & 0x3f) * 4)?;
    road.labels.push(Label::Geneve(u32::from_be_bytes([0, n0, n1, n2])));
    by_type(EtherType(u16::from_be_bytes([k0, k1])), reader.clone(), road)
}

/// Everything in IP but TCP and UDP.
#[cold]
fn by_protocol<'a>(
    ends: Ends,
    protocol: IpProtocol,
    mut body: Body<'a>,
    road: &mut Road<'_>,
) -> Result<Dissected<'a>, Defect> {
    let at = body.bytes.at();
    match protocol {
        IpProtocol::HOP_BY_HOP | IpProtocol::IPV6_ROUTE | IpProtocol::IPV6_OPTIONS => {
            road.deeper(at)?;
            let [next, length] = body.bytes.clone().array::<2>()?;
            // RFC 8200 4.3: in units of eight bytes, without the first.
            let body = behind(body, (usize::from(length) + 1) * 8)?;
            set_aside(ends, IpProtocol(next), body, road)
        }
        IpProtocol::IPV6_FRAGMENT => {
            road.deeper(at)?;
            let [next, _, p0, p1, identification @ ..] = body.bytes.clone().array::<8>()?;
            let (place, body) = (u16::from_be_bytes([p0, p1]), behind(body, 8)?);
            // A whole datagram behind the header of a fragment (RFC 6946).
            if place & 0xfff9 == 0 {
                return set_aside(ends, IpProtocol(next), body, road);
            }
            let identification = u32::from_be_bytes(identification);
            fragment(ends, identification, IpProtocol(next), (place & 0xfff8, place & 1 != 0), body)
        }
        IpProtocol::AH => {
            road.deeper(at)?;
            let [next, length, _, _, spi @ ..] = body.bytes.clone().array::<8>()?;
            road.labels.push(Label::Ah(u32::from_be_bytes(spi)));
            // RFC 4302 2.2: in units of four bytes, without the first two.
            let body = behind(body, (usize::from(length) + 2) * 4)?;
            set_aside(ends, IpProtocol(next), body, road)
        }
        IpProtocol::ESP => {
            let Ends { source, destination } = ends;
            let length = body.promised;
            Ok(Dissected::Esp(Esp { source, destination, spi: body.bytes.u32()?, length }))
        }
        IpProtocol::IPV4 => {
            road.tunnel(&ends, at)?;
            network(EtherType::IPV4, body.bytes, road)
        }
        IpProtocol::IPV6 => {
            road.tunnel(&ends, at)?;
            network(EtherType::IPV6, body.bytes, road)
        }
        IpProtocol::MPLS_IN_IP => {
            road.tunnel(&ends, at)?;
            mpls(body.bytes, road)
        }
        IpProtocol::GRE => {
            let (labels, depth, stations) = (road.labels.len(), road.depth, road.stations);
            road.tunnel(&ends, at)?;
            match gre(body.bytes.clone(), road)? {
                Some(carried) => Ok(carried),
                None => {
                    road.labels.truncate(labels);
                    (road.depth, road.stations) = (depth, stations);
                    Ok(other(ends, protocol, body))
                }
            }
        }
        protocol => Ok(other(ends, protocol, body)),
    }
}

fn other<'a>(ends: Ends, protocol: IpProtocol, mut body: Body<'a>) -> Dissected<'a> {
    let Ends { source, destination } = ends;
    Dissected::Ip(Ip { source, destination, protocol, payload: body.bytes.rest() })
}

/// What is behind an extension header of `header` bytes.
fn behind(mut body: Body<'_>, header: usize) -> Result<Body<'_>, Defect> {
    let promised = body.promised.checked_sub(header);
    let promised = promised.ok_or(Defect { at: body.bytes.at(), what: DefectKind::HeaderLength(header) })?;
    body.bytes.take(header)?;
    Ok(Body { bytes: body.bytes, promised })
}

/// RFC 2784 with RFC 2890, and the version of PPTP (RFC 2637 4.1). `None`: source routing, which nobody uses, or a
/// version that does not exist.
fn gre<'a>(mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Option<Dissected<'a>>, Defect> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGMENT: u16 = 0x0080;
    let (flags, kind) = (reader.u16()?, EtherType(reader.u16()?));
    let version = flags & 7;
    if flags & ROUTING != 0 || version > 1 {
        return Ok(None);
    }
    if flags & CHECKSUM != 0 {
        reader.take(4)?;
    }
    let key = if flags & KEY != 0 { Some(reader.u32()?) } else { None };
    if flags & SEQUENCE != 0 {
        reader.take(4)?;
    }
    if version == 1 && flags & ACKNOWLEDGMENT != 0 {
        reader.take(4)?;
    }
    road.labels.push(Label::Gre(key));
    if kind == EtherType::ERSPAN {
        // Only its second type is numbered, and has a header.
        reader.take(if flags & SEQUENCE != 0 { 8 } else { 0 })?;
        return bridged(reader, road).map(Some);
    }
    by_type(kind, reader, road).map(Some)
}

/// What is behind an Ethernet type or length.
#[cold]
fn by_type<'a>(kind: EtherType, mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    match kind {
        EtherType::IPV4 | EtherType::IPV6 => network(kind, reader, road),
        EtherType::VLAN | EtherType::PROVIDER_BRIDGING | EtherType::VLAN_DOUBLE => {
            road.deeper(reader.at())?;
            road.labels.push(Label::Vlan(reader.u16()? & 0x0fff));
            let kind = EtherType(reader.u16()?);
            by_type(kind, reader, road)
        }
        EtherType::MPLS | EtherType::MPLS_UPSTREAM => mpls(reader, road),
        EtherType::PPPOE_SESSION => pppoe(reader, road),
        EtherType::PPP => ppp(reader, road),
        EtherType::TRANSPARENT_ETHERNET => {
            road.deeper(reader.at())?;
            bridged(reader, road)
        }
        EtherType(length) if length < FIRST_TYPE => {
            let Body { bytes, .. } = Body::new(reader, usize::from(length));
            llc(bytes, road)
        }
        kind => Ok(road.frame(Encapsulated::Ether(kind), reader)),
    }
}

/// IEEE 802.2, with the types of Ethernet behind it (RFC 1042).
fn llc<'a>(mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    let mut ahead = reader.clone();
    if let Ok([0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, k0, k1]) = ahead.array::<8>() {
        let kind = EtherType(u16::from_be_bytes([k0, k1]));
        // A length again would be a way round in a circle.
        if kind.0 >= FIRST_TYPE {
            return by_type(kind, ahead, road);
        }
    }
    let to = reader.u8()?;
    Ok(road.frame(Encapsulated::Llc(to), reader))
}

/// RFC 3032 2.1. What is behind the last label is not said: IP by its version, or Ethernet behind a control word (RFC
/// 4448 4.6).
fn mpls<'a>(mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    loop {
        road.deeper(reader.at())?;
        let entry = reader.u32()?;
        road.labels.push(Label::Mpls(entry >> 12));
        if entry & 0x100 != 0 {
            break;
        }
    }
    match reader.peek().map(|first| first >> 4) {
        Some(4) => network(EtherType::IPV4, reader, road),
        Some(6) => network(EtherType::IPV6, reader, road),
        Some(0) => {
            reader.take(4)?;
            bridged(reader, road)
        }
        Some(version) => Err(Defect { at: reader.at(), what: DefectKind::HeaderVersion(version) }),
        None => Err(reader.short(1)),
    }
}

/// RFC 2516 4.
fn pppoe<'a>(mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    let at = reader.at();
    road.deeper(at)?;
    let [version, _, session @ .., l0, l1] = reader.array::<6>()?;
    if version != 0x11 {
        return Err(Defect { at, what: DefectKind::HeaderVersion(version) });
    }
    road.labels.push(Label::Pppoe(u16::from_be_bytes(session)));
    let Body { bytes, .. } = Body::new(reader, usize::from(u16::from_be_bytes([l0, l1])));
    ppp(bytes, road)
}

/// RFC 1661 2, with the address and control of RFC 1662 3.1 if they are there, and fields compressed or not.
fn ppp<'a>(mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    const IPV4: u16 = 0x0021;
    const IPV6: u16 = 0x0057;
    const MPLS: u16 = 0x0281;
    let mut ahead = reader.clone();
    if ahead.u16() == Ok(0xff03) {
        reader = ahead;
    }
    // The first byte of a number of two is even.
    let number =
        if reader.peek().is_some_and(|first| first & 1 != 0) { u16::from(reader.u8()?) } else { reader.u16()? };
    match number {
        IPV4 => network(EtherType::IPV4, reader, road),
        IPV6 => network(EtherType::IPV6, reader, road),
        MPLS => mpls(reader, road),
        number => Ok(road.frame(Encapsulated::Ppp(number), reader)),
    }
}

/// Every link but plain Ethernet.
#[cold]
fn by_link<'a>(link: LinkType, mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    match link {
        LinkType::ETHERNET => bridged(reader, road),
        LinkType::RAW | LinkType::RAW_12 | LinkType::RAW_14 | LinkType::IPV4 | LinkType::IPV6 => raw(reader, road),
        LinkType::NULL | LinkType::LOOP => {
            let family: [u8; 4] = reader.array()?;
            loopback(family, reader, road)
        }
        LinkType::LINUX_SLL => {
            let [.., k0, k1] = reader.array::<16>()?;
            cooked(u16::from_be_bytes([k0, k1]), reader, road)
        }
        LinkType::LINUX_SLL2 => {
            let [k0, k1, ..] = reader.array::<20>()?;
            cooked(u16::from_be_bytes([k0, k1]), reader, road)
        }
        LinkType::PPP => ppp(reader, road),
        LinkType::PPP_HDLC | LinkType::C_HDLC => {
            let mut ahead = reader.clone();
            // Cisco's framing has a type of Ethernet where PPP has its number (RFC 1547 4.3.1).
            match ahead.array::<4>()? {
                [0x0f | 0x8f, 0, k0, k1] => by_type(EtherType(u16::from_be_bytes([k0, k1])), ahead, road),
                _ => ppp(reader, road),
            }
        }
        LinkType::PPP_ETHER => pppoe(reader, road),
        LinkType::IEEE802_11 => wireless(reader, false, road),
        LinkType::IEEE802_11_RADIOTAP => radiotap(reader, road),
        LinkType::PPI => {
            // Version, flags, length and link type, all in little-endian order.
            let [_, _, l0, l1, link @ ..] = reader.array::<8>()?;
            let length = usize::from(u16::from_le_bytes([l0, l1]));
            let fields = length.checked_sub(8);
            reader.take(fields.ok_or(Defect { at: 2, what: DefectKind::HeaderLength(length) })?)?;
            road.deeper(reader.at())?;
            by_link(LinkType(u16::try_from(u32::from_le_bytes(link)).unwrap_or(u16::MAX)), reader, road)
        }
        LinkType(other) => Err(Defect { at: 0, what: DefectKind::LinkType(other) }),
    }
}

/// IP of either version.
fn raw<'a>(reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    match reader.peek().map(|first| first >> 4) {
        Some(6) => network(EtherType::IPV6, reader, road),
        _ => network(EtherType::IPV4, reader, road),
    }
}

/// An address family in the byte order of the host that captured, or in that of the network.
fn loopback<'a>(family: [u8; 4], reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    match u32::from_le_bytes(family).min(u32::from_be_bytes(family)) {
        2 => network(EtherType::IPV4, reader, road),
        // Linux, NetBSD and OpenBSD, FreeBSD, macOS.
        10 | 24 | 28 | 30 => network(EtherType::IPV6, reader, road),
        other => Err(Defect { at: 0, what: DefectKind::AddressFamily(other) }),
    }
}

/// A type of Ethernet, or what Linux puts there for frames without one (`ETH_P_802_2`).
fn cooked<'a>(kind: u16, reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    match kind {
        4 => llc(reader, road),
        kind if kind < FIRST_TYPE => Ok(road.frame(Encapsulated::Ether(EtherType(kind)), reader)),
        kind => by_type(EtherType(kind), reader, road),
    }
}

/// The header of a radio (radiotap.org): its length, and of its fields the flags, which are the second.
fn radiotap<'a>(mut reader: Reader<'a>, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    const TIMER: u32 = 1;
    const FLAGS: u32 = 2;
    const MORE: u32 = 0x8000_0000;
    const CHECK_AT_END: u8 = 0x10;
    const PADDED: u8 = 0x20;
    const DAMAGED: u8 = 0x40;
    let mut header = reader.clone();
    let [version, _, length @ ..] = reader.array::<4>()?;
    if version != 0 {
        return Err(Defect { at: 0, what: DefectKind::HeaderVersion(version) });
    }
    let length = usize::from(u16::from_le_bytes(length));
    reader.take(length.checked_sub(4).ok_or(Defect { at: 2, what: DefectKind::HeaderLength(length) })?)?;
    let mut header = Reader::new(header.take(length)?);
    header.take(4)?;
    let present = u32::from_le_bytes(header.array()?);
    let mut word = present;
    while word & MORE != 0 {
        word = u32::from_le_bytes(header.array()?);
    }
    let mut flags = 0;
    if present & FLAGS != 0 {
        if present & TIMER != 0 {
            // A number of eight bytes stands at a multiple of eight.
            header.take(header.at() % 8)?;
            header.take(8)?;
        }
        flags = header.u8()?;
    }
    if flags & DAMAGED != 0 {
        return Err(Defect { at: reader.at(), what: DefectKind::CheckSequence });
    }
    if flags & CHECK_AT_END != 0 {
        let promised = reader.left().saturating_sub(4);
        reader = Body::new(reader, promised).bytes;
    }
    wireless(reader, flags & PADDED != 0, road)
}

/// A frame of 802.11: data in clear goes on.
fn wireless<'a>(reader: Reader<'a>, padded: bool, road: &mut Road<'_>) -> Result<Dissected<'a>, Defect> {
    let (frame, body) = WirelessFrame::read(reader, padded)?;
    if !frame.carries_llc() {
        return Ok(Dissected::Wireless(frame));
    }
    road.stations = frame.source.map(|source| [source, frame.destination]);
    if let Some(bssid) = frame.bssid {
        road.labels.push(Label::Wireless(bssid));
    }
    llc(body, road)
}
