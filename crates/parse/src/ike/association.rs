//! The SA payload: proposals of transforms with attributes (RFC 2408 3.4 to 3.6, RFC 7296 3.3).

use super::{AttributeType, IkeVersion, ProtocolIdentifier, TransformType, length8, length16};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader};
use crate::tls::message::TooLong;

/// The domain of interpretation of IPsec (RFC 2407 4.2) and its usual situation, "identity only".
const IPSEC_DOI: u32 = 1;
const IDENTITY_ONLY: u32 = 1;
/// Bytes of DOI and situation.
const SITUATION: usize = 8;
/// "Another follows" of a proposal and of a transform.
const MORE_PROPOSALS: u8 = 2;
const MORE_TRANSFORMS: u8 = 3;
/// The value stands in the place of the length (RFC 2408 3.3).
const SHORT_FORM: u16 = 0x8000;

/// A list of proposals: an offer, or the one that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityAssociation<'a> {
    /// The proposals in their order.
    pub proposals: Vec<Proposal<'a>>,
}

/// Transforms that go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal<'a> {
    /// Its number in the offer.
    pub number: u8,
    /// What it protects.
    pub protocol: ProtocolIdentifier,
    /// The SPI of the sender; empty in the first exchange of IKE.
    pub spi: &'a [u8],
    /// The transforms. IKEv2: some of every type; IKEv1: each stands for itself.
    pub transforms: Vec<Transform<'a>>,
}

/// One transform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transform<'a> {
    /// IKEv2: its type. IKEv1: its number in the proposal.
    pub number: u8,
    /// IKEv2: the algorithm. IKEv1: 1, KEY_IKE, in the first phase; its attributes tell the algorithms.
    pub identifier: u16,
    /// The attributes in their order.
    pub attributes: Vec<Attribute<'a>>,
}

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// What it is.
    pub kind: AttributeType,
    /// Its value.
    pub value: Value<'a>,
}

/// The value of an attribute in either of its forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Two bytes in the place of the length.
    Short(u16),
    /// Bytes behind their length.
    Long(&'a [u8]),
}

impl Value<'_> {
    /// The value as a number, when it is one of up to 16 bits.
    pub fn number(self) -> Option<u16> {
        match self {
            Value::Short(number) => Some(number),
            Value::Long(bytes) => match crate::reading::without_zeros(bytes) {
                [] => Some(0),
                [low] => Some(u16::from(*low)),
                [high, low] => Some(u16::from_be_bytes([*high, *low])),
                _ => None,
            },
        }
    }
}

impl<'a> Attribute<'a> {
    /// An attribute in the short form.
    pub fn short(kind: AttributeType, value: u16) -> Attribute<'a> {
        Attribute { kind, value: Value::Short(value) }
    }
}

impl Transform<'_> {
    /// The type of an IKEv2 transform.
    pub fn kind(&self) -> TransformType {
        TransformType(self.number)
    }

    /// The first attribute of a kind as a number.
    pub fn attribute(&self, kind: AttributeType) -> Option<u16> {
        self.attributes.iter().find(|attribute| attribute.kind == kind)?.value.number()
    }
}

impl<'a> SecurityAssociation<'a> {
    /// Reads the body of an SA payload.
    ///
    /// # Errors
    /// IKEv1: the bytes end before the situation does. Everything behind that is a defect.
    pub fn read(body: &'a [u8], version: IkeVersion, limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        if version.major() == 1 {
            reader.take(SITUATION)?;
        }
        let mut association = SecurityAssociation { proposals: Vec::new() };
        let mut transforms = limits.transforms;
        while !reader.is_empty() {
            if association.proposals.len() == limits.proposals {
                let (most, found) = (limits.proposals, limits.proposals.saturating_add(1));
                defects.note(reader.at(), DefectKind::Limit { limit: Limit::Proposals, most, found });
                return Ok(defects.reading(association, &reader));
            }
            match proposal(&mut reader, version, &mut transforms, limits, &mut defects) {
                Ok(proposal) => association.proposals.push(proposal),
                Err(defect) => {
                    defects.push(defect);
                    break;
                }
            }
        }
        if association.proposals.is_empty() {
            defects.note(reader.at(), DefectKind::Empty);
        }
        Ok(defects.reading(association, &reader))
    }

    /// Appends the body of an SA payload.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, version: IkeVersion, out: &mut Vec<u8>) -> Result<(), TooLong> {
        if version.major() == 1 {
            out.extend(IPSEC_DOI.to_be_bytes());
            out.extend(IDENTITY_ONLY.to_be_bytes());
        }
        let last = self.proposals.len().saturating_sub(1);
        for (at, proposal) in self.proposals.iter().enumerate() {
            substructure(out, if at == last { 0 } else { MORE_PROPOSALS }, |out| {
                out.extend([proposal.number, proposal.protocol.0]);
                out.extend([length8(proposal.spi.len())?, length8(proposal.transforms.len())?]);
                out.extend(proposal.spi);
                let last = proposal.transforms.len().saturating_sub(1);
                for (at, transform) in proposal.transforms.iter().enumerate() {
                    let more = if at == last { 0 } else { MORE_TRANSFORMS };
                    substructure(out, more, |out| transform.write(version, out))?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Transform<'_> {
    fn write(&self, version: IkeVersion, out: &mut Vec<u8>) -> Result<(), TooLong> {
        out.push(self.number);
        if version.major() == 1 {
            out.extend([length8(usize::from(self.identifier))?, 0, 0]);
        } else {
            out.push(0);
            out.extend(self.identifier.to_be_bytes());
        }
        for attribute in &self.attributes {
            match attribute.value {
                Value::Short(number) => {
                    out.extend((attribute.kind.0 | SHORT_FORM).to_be_bytes());
                    out.extend(number.to_be_bytes());
                }
                Value::Long(bytes) => {
                    out.extend((attribute.kind.0 & !SHORT_FORM).to_be_bytes());
                    out.extend(length16(bytes.len())?.to_be_bytes());
                    out.extend(bytes);
                }
            }
        }
        Ok(())
    }
}

/// Appends a proposal or a transform: whether another follows, and its length over everything.
fn substructure(
    out: &mut Vec<u8>,
    more: u8,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), TooLong>,
) -> Result<(), TooLong> {
    let start = out.len();
    out.extend([more, 0, 0, 0]);
    fill(out)?;
    let length = length16(out.len() - start)?;
    if let Some(field) = out.get_mut(start + 2..start + 4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// The inside of a proposal or a transform; whether another follows is held against what is left.
fn inside<'a>(reader: &mut Reader<'a>, more: u8, defects: &mut Defects) -> Result<Reader<'a>, Defect> {
    let mut ahead = reader.clone();
    let (marker, _) = (ahead.u8()?, ahead.u8()?);
    let at = ahead.at();
    let length = ahead.u16()?;
    let body = usize::from(length).checked_sub(4).ok_or(Defect { at, what: DefectKind::PayloadLength(length) })?;
    let start = ahead.at();
    let inside = Reader::starting(ahead.take(body)?, start);
    if marker != if ahead.is_empty() { 0 } else { more } {
        defects.note(reader.at(), DefectKind::Sequel(marker));
    }
    *reader = ahead;
    Ok(inside)
}

fn proposal<'a>(
    reader: &mut Reader<'a>,
    version: IkeVersion,
    left: &mut usize,
    limits: &Limits,
    defects: &mut Defects,
) -> Result<Proposal<'a>, Defect> {
    let mut inside = inside(reader, MORE_PROPOSALS, defects)?;
    let (number, protocol) = (inside.u8()?, ProtocolIdentifier(inside.u8()?));
    let spi = usize::from(inside.u8()?);
    let (at, announced) = (inside.at(), usize::from(inside.u8()?));
    let spi = inside.take(spi)?;
    let mut transforms = Vec::new();
    while !inside.is_empty() {
        let Some(fewer) = left.checked_sub(1) else {
            let (most, found) = (limits.transforms, limits.transforms.saturating_add(1));
            defects.note(inside.at(), DefectKind::Limit { limit: Limit::Transforms, most, found });
            break;
        };
        *left = fewer;
        match transform(&mut inside, version, limits, defects) {
            Ok(transform) => transforms.push(transform),
            Err(defect) => {
                defects.push(defect);
                break;
            }
        }
    }
    if transforms.len() != announced {
        defects.note(at, DefectKind::Counted { announced, found: transforms.len() });
    }
    Ok(Proposal { number, protocol, spi, transforms })
}

fn transform<'a>(
    reader: &mut Reader<'a>,
    version: IkeVersion,
    limits: &Limits,
    defects: &mut Defects,
) -> Result<Transform<'a>, Defect> {
    let mut inside = inside(reader, MORE_TRANSFORMS, defects)?;
    let number = inside.u8()?;
    let identifier = if version.major() == 1 {
        let identifier = u16::from(inside.u8()?);
        inside.u16()?;
        identifier
    } else {
        inside.u8()?;
        inside.u16()?
    };
    let mut attributes = Vec::new();
    while !inside.is_empty() {
        if attributes.len() == limits.attributes {
            let (most, found) = (limits.attributes, limits.attributes.saturating_add(1));
            defects.note(inside.at(), DefectKind::Limit { limit: Limit::Attributes, most, found });
            break;
        }
        match attribute(&mut inside) {
            Ok(attribute) => attributes.push(attribute),
            Err(defect) => {
                defects.push(defect);
                break;
            }
        }
    }
    Ok(Transform { number, identifier, attributes })
}

fn attribute<'a>(reader: &mut Reader<'a>) -> Result<Attribute<'a>, Defect> {
    let kind = reader.u16()?;
    let value =
        if kind & SHORT_FORM != 0 { Value::Short(reader.u16()?) } else { Value::Long(reader.vector16()?.rest()) };
    Ok(Attribute { kind: AttributeType(kind & !SHORT_FORM), value })
}
