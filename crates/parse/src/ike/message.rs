//! One datagram: the header, the chain of payloads, and what UDP port 4500 puts before it.

use super::{ExchangeType, IkeVersion, PayloadType, length16};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader, Reading};
use crate::tls::message::TooLong;

/// Bytes of a header.
const HEADER: usize = 28;
/// Bytes before the body of a payload.
const PAYLOAD_HEADER: usize = 4;
/// The payload must be understood (RFC 7296 3.2).
const CRITICAL: u8 = 0x80;
/// The payloads are encrypted (RFC 2408 3.1).
const ENCRYPTED_1: u8 = 0x01;
/// IKEv2: sent by the side that began the IKE SA.
const INITIATOR: u8 = 0x08;
/// IKEv2: an answer.
const RESPONSE: u8 = 0x20;

/// The header of an IKE message (RFC 2408 3.1, RFC 7296 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The initiator's SPI; a cookie in the words of IKEv1.
    pub initiator: [u8; 8],
    /// The responder's SPI; zero before it has one.
    pub responder: [u8; 8],
    /// The version.
    pub version: IkeVersion,
    /// The exchange.
    pub exchange: ExchangeType,
    /// Flags as on the wire.
    pub flags: u8,
    /// The message id.
    pub message_id: u32,
}

impl Header {
    /// The header of a first message, without a responder's SPI.
    pub fn first(version: IkeVersion, exchange: ExchangeType, initiator: [u8; 8]) -> Header {
        let flags = if version.major() == 1 { 0 } else { INITIATOR };
        Header { initiator, responder: [0; 8], version, exchange, flags, message_id: 0 }
    }

    /// Whether an IKEv2 message is an answer. IKEv1 does not say.
    pub fn is_response(&self) -> bool {
        self.flags & RESPONSE != 0
    }

    /// Whether the payloads of an IKEv1 message are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.version.major() == 1 && self.flags & ENCRYPTED_1 != 0
    }
}

/// A payload in clear: its kind and its body. [`super::Notify`] and the others read the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// What it is.
    pub kind: PayloadType,
    /// Whether a receiver that does not know it must refuse the message.
    pub critical: bool,
    /// What stands behind its header.
    pub body: &'a [u8],
}

impl<'a> Payload<'a> {
    /// A payload that need not be understood.
    pub fn new(kind: PayloadType, body: &'a [u8]) -> Payload<'a> {
        Payload { kind, critical: false, body }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The header.
    pub header: Header,
    /// The payloads in clear, in their order. An encrypted payload of IKEv2 is the last one.
    pub payloads: Vec<Payload<'a>>,
    /// What the encryption of IKEv1 hides: everything behind the header.
    pub encrypted: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// Reads a datagram as it is on UDP port 500. A length field that differs from the datagram's, a payload that
    /// claims more than there is and whatever the chain of payloads leaves over are defects.
    ///
    /// # Errors
    /// Less than a header, or a version other than 1 and 2.
    pub fn read(datagram: &'a [u8], limits: &Limits) -> Read<Self> {
        Self::read_at(datagram, 0, limits)
    }

    fn read_at(datagram: &'a [u8], at: usize, limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::starting(datagram, at), Defects::new(limits));
        let (initiator, responder) = (reader.array()?, reader.array()?);
        let mut next = PayloadType(reader.u8()?);
        let version = IkeVersion(reader.u8()?);
        if !matches!(version.major(), 1 | 2) {
            return Err(Defect { at: at.saturating_add(17), what: DefectKind::IkeVersion(version.0) });
        }
        let (exchange, flags) = (ExchangeType(reader.u8()?), reader.u8()?);
        let (message_id, length) = (reader.u32()?, reader.u32()?);
        let header = Header { initiator, responder, version, exchange, flags, message_id };
        let body = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(HEADER);
        let mut chain = match reader.clone().take(body) {
            Ok(inside) => {
                let chain = Reader::starting(inside, reader.at());
                reader.take(body)?;
                chain
            }
            Err(short) => {
                defects.push(short);
                let start = reader.at();
                Reader::starting(reader.rest(), start)
            }
        };
        if usize::try_from(length).is_ok_and(|length| length < HEADER) {
            defects.note(at.saturating_add(24), DefectKind::MessageLength(length));
        }
        let mut message = Message { header, payloads: Vec::new(), encrypted: None };
        if header.is_encrypted() {
            message.encrypted = Some(chain.rest());
            return Ok(defects.whole(message, &reader));
        }
        while next != PayloadType::NONE {
            if message.payloads.len() == limits.payloads {
                let (most, found) = (limits.payloads, limits.payloads.saturating_add(1));
                defects.note(chain.at(), DefectKind::Limit { limit: Limit::Payloads, most, found });
                return Ok(defects.reading(message, &reader));
            }
            let kind = next;
            match payload(&mut chain, kind) {
                Ok((payload, behind)) => {
                    message.payloads.push(payload);
                    next = behind;
                }
                Err(defect) => {
                    defects.push(defect);
                    return Ok(defects.reading(message, &reader));
                }
            }
            // What stands in its header's place for the next one is the first payload inside.
            if matches!(kind, PayloadType::ENCRYPTED | PayloadType::ENCRYPTED_FRAGMENT) {
                break;
            }
        }
        if !chain.is_empty() {
            defects.note(chain.at(), DefectKind::Trailing { left: chain.left() });
        }
        Ok(defects.whole(message, &reader))
    }

    /// Appends the message. What is encrypted is appended as it is.
    ///
    /// # Errors
    /// [`TooLong`] when a payload or the message does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let start = out.len();
        let header = &self.header;
        out.extend(header.initiator);
        out.extend(header.responder);
        out.push(self.payloads.first().map_or(0, |first| first.kind.0));
        out.extend([header.version.0, header.exchange.0, header.flags]);
        out.extend(header.message_id.to_be_bytes());
        let length_at = out.len();
        out.extend([0; 4]);
        let kinds = self.payloads.iter().skip(1).map(|payload| payload.kind).chain([PayloadType::NONE]);
        for (payload, next) in self.payloads.iter().zip(kinds) {
            out.push(next.0);
            out.push(if payload.critical { CRITICAL } else { 0 });
            out.extend(length16(payload.body.len().saturating_add(PAYLOAD_HEADER))?.to_be_bytes());
            out.extend(payload.body);
        }
        out.extend(self.encrypted.unwrap_or_default());
        let length = out.len() - start;
        let number = u32::try_from(length).map_err(|_| TooLong { length, width: 4 })?;
        if let Some(field) = out.get_mut(length_at..length_at + 4) {
            field.copy_from_slice(&number.to_be_bytes());
        }
        Ok(())
    }

    /// The bodies of all payloads of a kind.
    pub fn bodies(&self, kind: PayloadType) -> impl Iterator<Item = &'a [u8]> {
        self.payloads.iter().filter(move |payload| payload.kind == kind).map(|payload| payload.body)
    }
}

/// One payload and the kind of the next.
fn payload<'a>(chain: &mut Reader<'a>, kind: PayloadType) -> Result<(Payload<'a>, PayloadType), Defect> {
    let mut ahead = chain.clone();
    let (next, flags) = (PayloadType(ahead.u8()?), ahead.u8()?);
    let at = ahead.at();
    let length = ahead.u16()?;
    let body = usize::from(length).checked_sub(PAYLOAD_HEADER);
    let body = ahead.take(body.ok_or(Defect { at, what: DefectKind::PayloadLength(length) })?)?;
    *chain = ahead;
    Ok((Payload { kind, critical: flags & CRITICAL != 0, body }, next))
}

/// What a datagram of UDP port 4500 holds (RFC 3948 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encapsulated<'a> {
    /// A message of IKE behind four bytes of zero.
    Ike(Message<'a>),
    /// A packet of ESP.
    Esp {
        /// Its SPI, never zero.
        spi: u32,
    },
    /// The one byte that keeps an address translation alive.
    KeepAlive,
}

impl<'a> Encapsulated<'a> {
    /// Bytes of zero where ESP has its SPI.
    pub const NON_ESP_MARKER: [u8; 4] = [0; 4];

    /// Reads a datagram of UDP port 4500.
    ///
    /// # Errors
    /// Less than four bytes; those of [`Message::read`].
    pub fn read(datagram: &'a [u8], limits: &Limits) -> Read<Self> {
        if datagram == [0xff] {
            return Ok(Reading { value: Encapsulated::KeepAlive, defects: Vec::new(), rest: 0 });
        }
        let mut reader = Reader::new(datagram);
        match reader.u32()? {
            0 => {
                let at = reader.at();
                Ok(Message::read_at(reader.rest(), at, limits)?.map(Encapsulated::Ike))
            }
            spi => Ok(Reading { value: Encapsulated::Esp { spi }, defects: Vec::new(), rest: reader.left() }),
        }
    }
}
