//! DER as far as certificates and keys need it, with a tolerance for what is encoded badly but clearly (X.690).

use std::fmt;

use crate::reading::{Defect, DefectKind, Defects, Reader};

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const TELETEX_STRING: u8 = 0x14;
pub(super) const IA5_STRING: u8 = 0x16;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const UNIVERSAL_STRING: u8 = 0x1c;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// `[number]` around something else.
pub(super) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

/// `[number]` instead of a primitive's own tag.
pub(super) const fn implicit(number: u8) -> u8 {
    0x80 | number
}

/// One element.
#[derive(Clone, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    /// Offset of the tag.
    pub(super) at: usize,
    /// Tag, length and content.
    pub(super) raw: &'a [u8],
    pub(super) content: Reader<'a>,
}

impl<'a> Element<'a> {
    /// The next element, whatever it is.
    pub(super) fn read(reader: &mut Reader<'a>, defects: &mut Defects) -> Result<Self, Defect> {
        let at = reader.at();
        let mut ahead = reader.clone();
        let not_der = Defect { at, what: DefectKind::NotDer };
        let tag = ahead.u8()?;
        if tag & 0x1f == 0x1f {
            return Err(not_der);
        }
        let first = ahead.u8()?;
        let length = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x84 => {
                let bytes = ahead.take(usize::from(first & 0x7f))?;
                let length = bytes.iter().fold(0u32, |length, &byte| (length << 8) | u32::from(byte));
                if length < 0x80 || bytes.first() == Some(&0) {
                    defects.note(at, DefectKind::NotMinimal);
                }
                usize::try_from(length).unwrap_or(usize::MAX)
            }
            _ => return Err(not_der),
        };
        let start = ahead.at();
        let content = Reader::starting(ahead.take(length)?, start);
        let raw = reader.take(ahead.at().saturating_sub(at))?;
        Ok(Element { tag, at, raw, content })
    }

    /// The next element, which must have this tag.
    pub(super) fn expect(reader: &mut Reader<'a>, tag: u8, defects: &mut Defects) -> Result<Self, Defect> {
        let element = Element::read(reader, defects)?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(Defect { at: element.at, what: DefectKind::Tag { wanted: tag, found: element.tag } })
        }
    }

    /// The next element if it has this tag; else nothing is taken.
    pub(super) fn optional(reader: &mut Reader<'a>, tag: u8, defects: &mut Defects) -> Result<Option<Self>, Defect> {
        if reader.peek() == Some(tag) { Element::read(reader, defects).map(Some) } else { Ok(None) }
    }

    /// All content bytes.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.content.clone().rest()
    }

    /// Content of an INTEGER, one byte at least; superfluous leading bytes are a defect.
    pub(super) fn integer(&self, defects: &mut Defects) -> Result<&'a [u8], Defect> {
        let bytes = self.bytes();
        match bytes {
            [] => return Err(Defect { at: self.at, what: DefectKind::Empty }),
            [0, next, ..] if next & 0x80 == 0 => defects.note(self.at, DefectKind::NotMinimal),
            [0xff, next, ..] if next & 0x80 != 0 => defects.note(self.at, DefectKind::NotMinimal),
            _ => {}
        }
        Ok(bytes)
    }

    /// Content of a BIT STRING that holds whole bytes.
    pub(super) fn whole_bits(&self, defects: &mut Defects) -> Result<Reader<'a>, Defect> {
        let mut content = self.content.clone();
        let unused = content.u8()?;
        if unused != 0 {
            defects.note(self.at, DefectKind::UnusedBits(unused));
        }
        Ok(content)
    }

    /// Content of an OBJECT IDENTIFIER.
    pub(super) fn oid(&self) -> Result<Oid<'a>, Defect> {
        match self.bytes() {
            [] => Err(Defect { at: self.at, what: DefectKind::Empty }),
            bytes => Ok(Oid(bytes)),
        }
    }
}

/// An object identifier: the content bytes of its DER. Printed with dots; bytes that encode none are printed in
/// hexadecimal behind `#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid<'a>(pub &'a [u8]);

impl Oid<'_> {
    fn arcs(self) -> Option<Vec<u128>> {
        let (last, before) = self.0.split_last()?;
        if last & 0x80 != 0 {
            return None;
        }
        let mut arcs = Vec::new();
        let mut arc = 0u128;
        let mut first = true;
        for byte in before.iter().chain([last]) {
            // An arc with zeros in front is no encoding of it (X.690 8.19.2).
            if first && *byte == 0x80 {
                return None;
            }
            first = byte & 0x80 == 0;
            arc = arc.checked_mul(128)?.checked_add(u128::from(byte & 0x7f))?;
            if byte & 0x80 == 0 {
                if arcs.is_empty() {
                    let root = (arc / 40).min(2);
                    arcs.push(root);
                    arc = arc.checked_sub(root * 40)?;
                }
                arcs.push(arc);
                arc = 0;
            }
        }
        Some(arcs)
    }
}

impl fmt::Display for Oid<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.arcs() {
            Some(arcs) => arcs.iter().enumerate().try_for_each(|(index, arc)| {
                let dot = if index == 0 { "" } else { "." };
                write!(out, "{dot}{arc}")
            }),
            None => {
                out.write_str("#")?;
                self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn object_identifiers_are_printed_with_dots_or_not_at_all() {
        for (bytes, text) in [
            (&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d][..], "1.2.156.10197.1.301"),
            (&[0x55, 0x04, 0x03], "2.5.4.3"),
            (&[0x88, 0x37, 0x03], "2.999.3"),
            (&[0x00], "0.0"),
            (&[0x2a, 0x81], "#2a81"),
            (&[0x55, 0x80, 0x04, 0x03], "#55800403"),
            (&[0x55, 0x81, 0x80, 0x04], "2.5.16388"),
            (&[0xff; 20], "#ffffffffffffffffffffffffffffffffffffffff"),
            (&[], "#"),
        ] {
            assert_eq!(Oid(bytes).to_string(), text);
        }
    }

    #[test]
    fn elements_are_read_with_tolerance_for_long_lengths_only() {
        let limits = Limits::default();
        let long = |length: u8| [&[0x04, 0x81, length][..], &vec![7; usize::from(length)]].concat();
        for (bytes, content, defects) in [
            (&[0x04, 2, 7, 8][..], Some(2), 0),
            (&[0x04, 0x81, 2, 7, 8], Some(2), 1),
            (&long(127), Some(127), 1),
            (&long(128), Some(128), 0),
            (&[0x04, 0x84, 0, 0, 0, 2, 7, 8], Some(2), 1),
            (&[0x04, 0x80, 7, 8, 0, 0], None, 0),
            (&[0x04, 0x85, 0, 0, 0, 0, 2, 7, 8], None, 0),
            (&[0x1f, 2, 7, 8], None, 0),
            (&[0x04, 3, 7, 8], None, 0),
            (&[0x04], None, 0),
        ] {
            let mut noted = Defects::new(&limits);
            let mut reader = Reader::new(bytes);
            let element = Element::read(&mut reader, &mut noted);
            assert_eq!(element.ok().map(|element| element.bytes().len()), content, "{bytes:?}");
            assert_eq!(noted.reading((), &Reader::new(&[])).defects.len(), defects, "{bytes:?}");
        }
    }
}
