//! One datagram: its packets, as far as they are not protected.

use super::QuicVersion;
use super::integer::{TooLarge, read_integer, read_vector, wide, write_vector, write_wide};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader};

/// A long packet (RFC 8999 5.1).
const LONG: u8 = 0x80;
/// One in every packet of versions 1 and 2 (RFC 9000 17.2), but where both sides agreed that it need not be (RFC 9287).
const FIXED: u8 = 0x40;
/// The longest connection id of versions 1 and 2 (RFC 9000 17.2). Others may have 255 bytes.
pub const CONNECTION_ID_MOST: usize = 20;
/// Bytes of the tag behind a Retry (RFC 9001 5.8).
pub const RETRY_TAG_LENGTH: usize = 16;

/// What a long packet of versions 1 and 2 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketType {
    /// Carries the hellos.
    Initial,
    /// Data that a client sends with its hello.
    ZeroRtt,
    /// Carries the rest of the handshake.
    Handshake,
    /// The server wants its token back first.
    Retry,
}

impl PacketType {
    /// The types in the order of their numbers: RFC 9000 17.2, RFC 9369 3.2.
    fn numbered(version: QuicVersion) -> Option<[PacketType; 4]> {
        use PacketType::{Handshake, Initial, Retry, ZeroRtt};
        match version {
            QuicVersion::V1 => Some([Initial, ZeroRtt, Handshake, Retry]),
            QuicVersion::V2 => Some([Retry, Initial, ZeroRtt, Handshake]),
            _ => None,
        }
    }

    /// What the first byte of a long packet says in this version. `None`: its types are not known here.
    pub fn of(version: QuicVersion, first: u8) -> Option<PacketType> {
        Self::numbered(version)?.get(usize::from(first >> 4 & 3)).copied()
    }

    /// The first byte of a packet of this type with a packet number of `number_length` bytes, 1 to 4. A version whose
    /// types are not known here is taken for version 1, so that a server can be asked what it has.
    pub fn first(self, version: QuicVersion, number_length: u8) -> u8 {
        let numbered = Self::numbered(version).or_else(|| Self::numbered(QuicVersion::V1)).unwrap_or([self; 4]);
        let mut numbers = (0_u8..).zip(numbered);
        let number = numbers.find(|(_, kind)| *kind == self).map_or(0, |(number, _)| number);
        LONG | FIXED | number << 4 | number_length.wrapping_sub(1) & 3
    }
}

/// A packet and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// All its bytes.
    pub raw: &'a [u8],
    /// What they are.
    pub form: Form<'a>,
}

impl<'a> Packet<'a> {
    /// The packet, if it is a long one.
    pub fn long(&self) -> Option<&LongPacket<'a>> {
        match &self.form {
            Form::Long(packet) => Some(packet),
            Form::Short => None,
        }
    }
}

/// The two forms of packets (RFC 8999 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// Before the keys of the connection are on.
    Long(LongPacket<'a>),
    /// Afterwards. How long the connection id behind the first byte is, only its receiver knows. It ends the datagram.
    Short,
}

/// A long packet (RFC 8999 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongPacket<'a> {
    /// The first byte as on the wire; the low four bits of a protected packet are protected.
    pub first: u8,
    /// The version.
    pub version: QuicVersion,
    /// The connection id of the receiver.
    pub destination: &'a [u8],
    /// The connection id of the sender.
    pub source: &'a [u8],
    /// What follows in this version.
    pub body: Body<'a>,
}

/// What follows the connection ids. `protected` is a packet number and a payload with its tag, as its length says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// The versions that a server has (RFC 8999 6).
    VersionNegotiation(Vec<QuicVersion>),
    /// RFC 9000 17.2.2.
    Initial {
        /// From an earlier Retry or NEW_TOKEN; always empty from a server.
        token: &'a [u8],
        /// Packet number and payload.
        protected: &'a [u8],
    },
    /// RFC 9000 17.2.3.
    ZeroRtt {
        /// Packet number and payload.
        protected: &'a [u8],
    },
    /// RFC 9000 17.2.4.
    Handshake {
        /// Packet number and payload.
        protected: &'a [u8],
    },
    /// RFC 9000 17.2.5.
    Retry {
        /// What the client must bring in its next Initial.
        token: &'a [u8],
        /// Over the packet and the connection id that the client had chosen (RFC 9001 5.8).
        integrity_tag: [u8; RETRY_TAG_LENGTH],
    },
    /// All that is left, of another version or damaged.
    Unknown(&'a [u8]),
}

/// Reads the packet at the start of a datagram; [`crate::Reading::rest`] is what stands behind it.
///
/// # Errors
/// The bytes end before the connection ids do.
pub fn read_packet<'a>(datagram: &'a [u8], limits: &Limits) -> Read<Packet<'a>> {
    read_packet_at(datagram, 0, limits)
}

fn read_packet_at<'a>(bytes: &'a [u8], at: usize, limits: &Limits) -> Read<Packet<'a>> {
    let (mut reader, mut defects) = (Reader::starting(bytes, at), Defects::new(limits));
    let first = reader.u8()?;
    if first & LONG == 0 {
        if first & FIXED == 0 {
            defects.note(at, DefectKind::FixedBit);
        }
        reader.rest();
        return Ok(defects.reading(Packet { raw: bytes, form: Form::Short }, &reader));
    }
    let version = QuicVersion(reader.u32()?);
    let is_known = PacketType::of(version, first);
    let mut connection_id = || {
        let start = reader.at();
        let id = reader.vector8()?.rest();
        if is_known.is_some() && id.len() > CONNECTION_ID_MOST {
            defects.note(start, DefectKind::TooLong { found: id.len(), most: CONNECTION_ID_MOST });
        }
        Ok(id)
    };
    let (destination, source) = (connection_id()?, connection_id()?);
    let body = match is_known {
        _ if version == QuicVersion::NEGOTIATION => {
            Body::VersionNegotiation(versions(&mut reader, &mut defects, limits))
        }
        None => Body::Unknown(reader.rest()),
        Some(kind) => {
            if first & FIXED == 0 {
                defects.note(at, DefectKind::FixedBit);
            }
            let mut ahead = reader.clone();
            match body(kind, &mut ahead, &mut defects) {
                Ok(body) => {
                    reader = ahead;
                    body
                }
                Err(defect) => {
                    defects.push(defect);
                    Body::Unknown(reader.rest())
                }
            }
        }
    };
    let raw = bytes.get(..bytes.len().saturating_sub(reader.left())).unwrap_or_default();
    let form = Form::Long(LongPacket { first, version, destination, source, body });
    Ok(defects.reading(Packet { raw, form }, &reader))
}

fn versions(reader: &mut Reader<'_>, defects: &mut Defects, limits: &Limits) -> Vec<QuicVersion> {
    const ELEMENT: usize = 4;
    let (at, length) = (reader.at(), reader.left());
    let mut found = Vec::new();
    while let Ok(number) = reader.u32() {
        if found.len() == limits.versions {
            let what = DefectKind::Limit { limit: Limit::Versions, most: limits.versions, found: length / ELEMENT };
            defects.note(at, what);
            break;
        }
        found.push(QuicVersion(number));
    }
    reader.rest();
    if length % ELEMENT != 0 {
        defects.note(at, DefectKind::Uneven { length, element: ELEMENT });
    }
    if found.is_empty() {
        defects.note(at, DefectKind::Empty);
    }
    found
}

fn body<'a>(kind: PacketType, reader: &mut Reader<'a>, defects: &mut Defects) -> Result<Body<'a>, Defect> {
    if kind == PacketType::Retry {
        let at = reader.at();
        let token = reader.left().checked_sub(RETRY_TAG_LENGTH).ok_or_else(|| reader.short(RETRY_TAG_LENGTH))?;
        let (token, integrity_tag) = (reader.take(token)?, reader.array()?);
        if token.is_empty() {
            defects.note(at, DefectKind::Empty);
        }
        return Ok(Body::Retry { token, integrity_tag });
    }
    let token = if kind == PacketType::Initial { read_vector(reader)? } else { &[] };
    let length = read_integer(reader)?;
    let protected = match reader.take(usize::try_from(length).unwrap_or(usize::MAX)) {
        Ok(protected) => protected,
        Err(short) => {
            defects.push(short);
            reader.rest()
        }
    };
    Ok(match kind {
        PacketType::ZeroRtt => Body::ZeroRtt { protected },
        PacketType::Handshake => Body::Handshake { protected },
        _ => Body::Initial { token, protected },
    })
}

/// Reads all packets of a datagram (RFC 9000 12.2). Packets of different connections, and zeros behind the last packet,
/// are defects.
///
/// # Errors
/// Those of [`read_packet`] for the first one. A later one that cannot be read ends the list.
pub fn read_datagram<'a>(datagram: &'a [u8], limits: &Limits) -> Read<Vec<Packet<'a>>> {
    let (mut reader, mut defects) = (Reader::new(datagram), Defects::new(limits));
    let first = read_packet(datagram, limits)?;
    let destination = first.value.long().map(|packet| packet.destination);
    reader.take(first.value.raw.len())?;
    first.defects.into_iter().for_each(|defect| defects.push(defect));
    let mut packets = vec![first.value];
    while !reader.is_empty() {
        let (at, left) = (reader.at(), reader.clone().rest());
        if left.iter().all(|byte| *byte == 0) {
            break;
        }
        if packets.len() == limits.packets {
            let (most, found) = (limits.packets, limits.packets.saturating_add(1));
            defects.note(at, DefectKind::Limit { limit: Limit::Packets, most, found });
            return Ok(defects.reading(packets, &reader));
        }
        match read_packet_at(left, at, limits) {
            Ok(next) => {
                reader.take(next.value.raw.len())?;
                next.defects.into_iter().for_each(|defect| defects.push(defect));
                if next.value.long().is_some_and(|packet| Some(packet.destination) != destination) {
                    defects.note(at, DefectKind::ConnectionIdsDiffer);
                }
                packets.push(next.value);
            }
            Err(defect) => {
                defects.push(defect);
                return Ok(defects.reading(packets, &reader));
            }
        }
    }
    Ok(defects.whole(packets, &reader))
}

impl LongPacket<'_> {
    /// Appends the packet. What is protected is appended as it is. A length takes two bytes where it fits.
    ///
    /// # Errors
    /// [`TooLarge`] for a connection id of more than 255 bytes, or a length that cannot be written.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLarge> {
        out.push(self.first);
        out.extend(self.version.0.to_be_bytes());
        for id in [self.destination, self.source] {
            let too_large = TooLarge { value: wide(id.len()), most: u8::MAX.into() };
            out.push(u8::try_from(id.len()).map_err(|_| too_large)?);
            out.extend_from_slice(id);
        }
        match &self.body {
            Body::VersionNegotiation(versions) => {
                versions.iter().for_each(|version| out.extend(version.0.to_be_bytes()));
            }
            Body::Initial { token, protected } => {
                write_vector(out, token)?;
                write_protected(out, protected)?;
            }
            Body::ZeroRtt { protected } | Body::Handshake { protected } => write_protected(out, protected)?,
            Body::Retry { token, integrity_tag } => {
                out.extend_from_slice(token);
                out.extend(integrity_tag);
            }
            Body::Unknown(rest) => out.extend_from_slice(rest),
        }
        Ok(())
    }
}

fn write_protected(out: &mut Vec<u8>, protected: &[u8]) -> Result<(), TooLarge> {
    write_wide(out, wide(protected.len()))?;
    out.extend_from_slice(protected);
    Ok(())
}
