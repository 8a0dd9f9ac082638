//! The payloads that hold something besides proposals. Nonces and vendor ids are their bodies.

use super::{CertificateEncoding, IkeVersion, NotifyType, PayloadType, ProtocolIdentifier, length8};
use crate::reading::{Defect, Defects, Limits, Read, Reader};
use crate::tls::message::TooLong;

/// The domain of interpretation of IPsec (RFC 2407 4.2).
const IPSEC_DOI: u32 = 1;

/// A KE payload (RFC 2408 3.7, RFC 7296 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyExchange<'a> {
    /// IKEv2: the key exchange method. IKEv1 has chosen it before.
    pub method: Option<u16>,
    /// The public value.
    pub data: &'a [u8],
}

impl<'a> KeyExchange<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// IKEv2: less than four bytes.
    pub fn read(body: &'a [u8], version: IkeVersion, limits: &Limits) -> Read<Self> {
        let mut reader = Reader::new(body);
        let mut method = None;
        if version.major() != 1 {
            method = Some(reader.u16()?);
            reader.u16()?;
        }
        let data = reader.rest();
        Ok(Defects::new(limits).reading(KeyExchange { method, data }, &reader))
    }

    /// Appends the body: with a method that of IKEv2, without one that of IKEv1.
    pub fn write(&self, out: &mut Vec<u8>) {
        if let Some(method) = self.method {
            out.extend(method.to_be_bytes());
            out.extend([0; 2]);
        }
        out.extend(self.data);
    }
}

/// A notification (RFC 2408 3.14, RFC 7296 3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notify<'a> {
    /// Which protocol it is about.
    pub protocol: ProtocolIdentifier,
    /// Which SA it is about; often empty.
    pub spi: &'a [u8],
    /// What it says.
    pub kind: NotifyType,
    /// What goes with it.
    pub data: &'a [u8],
}

impl<'a> Notify<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The bytes end before the type, or inside the SPI.
    pub fn read(body: &'a [u8], version: IkeVersion, limits: &Limits) -> Read<Self> {
        let mut reader = Reader::new(body);
        if version.major() == 1 {
            reader.u32()?;
        }
        let protocol = ProtocolIdentifier(reader.u8()?);
        let spi = usize::from(reader.u8()?);
        let kind = NotifyType(reader.u16()?);
        let spi = reader.take(spi)?;
        let data = reader.rest();
        Ok(Defects::new(limits).reading(Notify { protocol, spi, kind, data }, &reader))
    }

    /// Appends the body.
    ///
    /// # Errors
    /// [`TooLong`] when the SPI has more than 255 bytes.
    pub fn write(&self, version: IkeVersion, out: &mut Vec<u8>) -> Result<(), TooLong> {
        if version.major() == 1 {
            out.extend(IPSEC_DOI.to_be_bytes());
        }
        out.extend([self.protocol.0, length8(self.spi.len())?]);
        out.extend(self.kind.0.to_be_bytes());
        out.extend(self.spi);
        out.extend(self.data);
        Ok(())
    }

    /// The method that INVALID_KE_PAYLOAD asks for (RFC 7296 1.3).
    pub fn wanted_method(&self) -> Option<u16> {
        let data = <[u8; 2]>::try_from(self.data).ok()?;
        (self.kind == NotifyType::INVALID_KE_PAYLOAD).then_some(u16::from_be_bytes(data))
    }
}

/// A certificate payload (RFC 2408 3.9, RFC 7296 3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// What `data` is.
    pub encoding: CertificateEncoding,
    /// The certificate, for most encodings as DER.
    pub data: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// No byte, or more of them than [`Limits::certificate`].
    pub fn read(body: &'a [u8], limits: &Limits) -> Read<Self> {
        use crate::reading::{DefectKind, Limit};
        let mut reader = Reader::new(body);
        let encoding = CertificateEncoding(reader.u8()?);
        if reader.left() > limits.certificate {
            let (most, found) = (limits.certificate, reader.left());
            let what = DefectKind::Limit { limit: Limit::Certificate, most, found };
            return Err(Defect { at: reader.at(), what });
        }
        let data = reader.rest();
        Ok(Defects::new(limits).reading(Certificate { encoding, data }, &reader))
    }
}

/// An identification payload (RFC 2407 4.6.2, RFC 7296 3.5). In clear in the aggressive mode of IKEv1 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identification<'a> {
    /// The kind of name: 1 an address of IPv4, 2 a domain name, 3 a user's name, 9 a distinguished name, …
    pub kind: u8,
    /// The name.
    pub data: &'a [u8],
}

impl<'a> Identification<'a> {
    /// A domain name.
    pub const DOMAIN_NAME: u8 = 2;

    /// Reads a body.
    ///
    /// # Errors
    /// Less than four bytes.
    pub fn read(body: &'a [u8], limits: &Limits) -> Read<Self> {
        let mut reader = Reader::new(body);
        let kind = reader.u8()?;
        reader.u24()?;
        let data = reader.rest();
        Ok(Defects::new(limits).reading(Identification { kind, data }, &reader))
    }

    /// Appends the body.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.kind, 0, 0, 0]);
        out.extend(self.data);
    }
}

/// A piece of a message that was too large for a datagram: of an encrypted one (RFC 7383 2.5), or of any in the older
/// way of IKEv1 that vendors share. Pieces are named, never put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Which piece, from 1.
    pub number: u16,
    /// How many there are. IKEv1: known with the last piece only.
    pub total: Option<u16>,
    /// The piece.
    pub data: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// Reads the body of a payload that is [`PayloadType::ENCRYPTED_FRAGMENT`] or [`PayloadType::FRAGMENT_1`].
    ///
    /// # Errors
    /// Less than four bytes.
    pub fn read(body: &'a [u8], kind: PayloadType, limits: &Limits) -> Read<Self> {
        let mut reader = Reader::new(body);
        let (number, total) = if kind == PayloadType::FRAGMENT_1 {
            // Which message the piece belongs to.
            reader.u16()?;
            let number = u16::from(reader.u8()?);
            (number, (reader.u8()? != 0).then_some(number))
        } else {
            (reader.u16()?, Some(reader.u16()?))
        };
        let data = reader.rest();
        Ok(Defects::new(limits).reading(Fragment { number, total, data }, &reader))
    }
}
