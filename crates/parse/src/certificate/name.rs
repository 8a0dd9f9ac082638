//! Names of subjects and issuers, and the names that a certificate is for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::der::{self, Element, Oid, implicit};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader};

/// A distinguished name (RFC 5280 4.1.2.4). Printed as RFC 4514 has it: last part first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The DER of the whole name.
    pub raw: &'a [u8],
    /// Its parts in the order of the DER.
    pub attributes: Vec<Attribute<'a>>,
}

/// One part of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// What the part is.
    pub kind: Oid<'a>,
    /// Its text; `None` where the value is no string.
    pub text: Option<String>,
    /// The DER of the value.
    pub raw: &'a [u8],
    /// Whether it belongs to the same level of the tree as the part before it.
    pub joined: bool,
}

/// Short names of RFC 4514 3 and of the LDAP registry, and of what is usual beside them.
const SHORT: [(&[u8], &str); 15] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 42], "GN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 12], "title"),
    (&[0x55, 4, 97], "organizationIdentifier"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

/// Reads a distinguished name that stands alone, as in the list of authorities of a CertificateRequest.
///
/// # Errors
/// Not the DER of a name.
pub fn read_name<'a>(der: &'a [u8], limits: &Limits) -> Read<Name<'a>> {
    let (mut reader, mut defects) = (Reader::new(der), Defects::new(limits));
    let name = Name::read(&mut reader, limits, &mut defects)?;
    Ok(defects.whole(name, &reader))
}

impl<'a> Name<'a> {
    /// The next element as a name.
    pub(super) fn read(reader: &mut Reader<'a>, limits: &Limits, defects: &mut Defects) -> Result<Self, Defect> {
        let name = Element::expect(reader, der::SEQUENCE, defects)?;
        let mut attributes = Vec::new();
        let mut levels = name.content.clone();
        // A part that cannot be read leaves those before it, and the raw name.
        let parts = (|| {
            while !levels.is_empty() {
                let mut level = Element::expect(&mut levels, der::SET, defects)?.content;
                let mut joined = false;
                while !level.is_empty() {
                    if attributes.len() >= limits.elements {
                        return Err(too_many(level.at(), limits));
                    }
                    let mut part = Element::expect(&mut level, der::SEQUENCE, defects)?.content;
                    let kind = Element::expect(&mut part, der::OID, defects)?.oid()?;
                    let value = Element::read(&mut part, defects)?;
                    attributes.push(Attribute { kind, text: text(&value, defects), raw: value.raw, joined });
                    joined = true;
                }
            }
            Ok(())
        })();
        if let Err(defect) = parts {
            defects.push(defect);
        }
        Ok(Name { raw: name.raw, attributes })
    }

    /// The text of the first part of this kind, by its short name: `CN`, `O`, `OU` and so on.
    pub fn part(&self, short: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute.short() == Some(short));
        found.and_then(|attribute| attribute.text.as_deref())
    }
}

impl Attribute<'_> {
    /// The usual short name of the kind.
    pub fn short(&self) -> Option<&'static str> {
        SHORT.iter().find(|(oid, _)| *oid == self.kind.0).map(|(_, short)| *short)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        // Levels are printed from the last to the first, the parts of one level in their order.
        let mut left = self.attributes.as_slice();
        while let Some(start) = left.iter().rposition(|attribute| !attribute.joined) {
            let (before, level) = left.split_at(start);
            for attribute in level {
                out.write_str(if attribute.joined { "+" } else { separator })?;
                write!(out, "{attribute}")?;
            }
            separator = ",";
            left = before;
        }
        Ok(())
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.short(), &self.text) {
            (Some(short), Some(text)) => {
                write!(out, "{short}=")?;
                escaped(text, out)
            }
            (short, _) => {
                match short {
                    Some(short) => out.write_str(short)?,
                    None => write!(out, "{}", self.kind)?,
                }
                out.write_str("=#")?;
                self.raw.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
        }
    }
}

/// RFC 4514 2.4; control characters are written as bytes too, so that a name cannot steer a terminal.
fn escaped(text: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    text.chars().enumerate().try_for_each(|(index, character)| match character {
        '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(out, "\\{character}"),
        '#' if index == 0 => out.write_str("\\#"),
        ' ' if index == 0 || index == last => out.write_str("\\ "),
        _ if character.is_control() => {
            character.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| write!(out, "\\{byte:02x}"))
        }
        _ => write!(out, "{character}"),
    })
}

/// The text of a string element; `None` when it is no string. Bytes that are no text of their type are a defect, and
/// what can be read of them is given.
pub(super) fn text(element: &Element<'_>, defects: &mut Defects) -> Option<String> {
    let bytes = element.bytes();
    let mut not_text = || defects.note(element.at, DefectKind::NotText);
    let wide = |text: String, size: usize, not_text: &mut dyn FnMut()| {
        if !bytes.len().is_multiple_of(size) || text.contains(char::REPLACEMENT_CHARACTER) {
            not_text();
        }
        text
    };
    match element.tag {
        der::UTF8_STRING => Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                not_text();
                String::from_utf8_lossy(bytes).into_owned()
            }
        }),
        der::PRINTABLE_STRING | der::IA5_STRING | der::TELETEX_STRING | 0x12 | 0x1a => {
            // Issuers put UTF-8 into every one of these; what is not UTF-8 either is taken as Latin-1.
            if !bytes.is_ascii() && element.tag != der::TELETEX_STRING {
                not_text();
            }
            let latin = |_| bytes.iter().map(|&byte| char::from(byte)).collect();
            Some(std::str::from_utf8(bytes).map_or_else(latin, str::to_owned))
        }
        der::BMP_STRING => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_be_bytes).collect();
            Some(wide(String::from_utf16_lossy(&units), 2, &mut not_text))
        }
        der::UNIVERSAL_STRING => {
            let units = bytes.chunks_exact(4).filter_map(|four| four.try_into().ok()).map(u32::from_be_bytes);
            let text = units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            Some(wide(text, 4, &mut not_text))
        }
        _ => None,
    }
}

/// One thing that a certificate is for, or where something is to be had (RFC 5280 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName<'a> {
    /// A DNS name.
    Dns(String),
    /// A mailbox.
    Email(String),
    /// A URI.
    Uri(String),
    /// An address.
    Ip(IpAddr),
    /// A distinguished name.
    Directory(Name<'a>),
    /// Any other form, or an address of another length: its tag and content.
    Other {
        /// The DER tag.
        tag: u8,
        /// The content.
        bytes: &'a [u8],
    },
}

impl<'a> GeneralName<'a> {
    /// The elements of a list as names, up to the limit.
    pub(super) fn read_list(
        list: &mut Reader<'a>,
        limits: &Limits,
        defects: &mut Defects,
    ) -> Result<Vec<Self>, Defect> {
        let mut names = Vec::new();
        while !list.is_empty() {
            if names.len() >= limits.elements {
                defects.push(too_many(list.at(), limits));
                break;
            }
            let element = Element::read(list, defects)?;
            names.push(GeneralName::from(element, limits, defects)?);
        }
        Ok(names)
    }

    fn from(element: Element<'a>, limits: &Limits, defects: &mut Defects) -> Result<Self, Defect> {
        const EMAIL: u8 = implicit(1);
        const DNS: u8 = implicit(2);
        const DIRECTORY: u8 = der::explicit(4);
        const URI: u8 = implicit(6);
        const IP: u8 = implicit(7);
        let Element { tag, at, .. } = element;
        let bytes = element.bytes();
        let text = |defects: &mut Defects| {
            text(&Element { tag: der::IA5_STRING, ..element.clone() }, defects).unwrap_or_default()
        };
        let address = <[u8; 4]>::try_from(bytes).map(|four| IpAddr::V4(Ipv4Addr::from(four)));
        let address =
            address.or_else(|_| <[u8; 16]>::try_from(bytes).map(|sixteen| IpAddr::V6(Ipv6Addr::from(sixteen))));
        Ok(match (tag, address) {
            (EMAIL, _) => GeneralName::Email(text(defects)),
            (DNS, _) => GeneralName::Dns(text(defects)),
            (URI, _) => GeneralName::Uri(text(defects)),
            (IP, Ok(address)) => GeneralName::Ip(address),
            (IP, Err(_)) => {
                defects.note(at, DefectKind::Uneven { length: bytes.len(), element: 4 });
                GeneralName::Other { tag, bytes }
            }
            (DIRECTORY, _) => GeneralName::Directory(Name::read(&mut element.content.clone(), limits, defects)?),
            _ => GeneralName::Other { tag, bytes },
        })
    }
}

pub(super) fn too_many(at: usize, limits: &Limits) -> Defect {
    let what =
        DefectKind::Limit { limit: Limit::Elements, most: limits.elements, found: limits.elements.saturating_add(1) };
    Defect { at, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: &'static [u8], text: &str, joined: bool) -> Attribute<'static> {
        Attribute { kind: Oid(kind), text: Some(text.to_owned()), raw: &[5, 0], joined }
    }

    #[test]
    fn a_name_is_printed_last_part_first_and_cannot_steer_a_terminal() {
        let (country, common, unit) = (&[0x55, 4, 6], &[0x55, 4, 3], &[0x55, 4, 11]);
        for (attributes, text) in [
            (vec![], ""),
            (vec![attribute(country, "CN", false), attribute(common, "测试", false)], "CN=测试,C=CN"),
            (
                vec![attribute(country, "CN", false), attribute(unit, "a", false), attribute(common, "b", true)],
                "OU=a+CN=b,C=CN",
            ),
            (vec![attribute(common, " #a,b+\"c\\ ", false)], "CN=\\ #a\\,b\\+\\\"c\\\\\\ "),
            (vec![attribute(common, "#\u{1b}[2J\u{9b}", false)], "CN=\\#\\1b[2J\\c2\\9b"),
            (vec![attribute(&[0x2a, 3], "x", false)], "1.2.3=#0500"),
        ] {
            assert_eq!(Name { raw: &[], attributes }.to_string(), text);
        }
    }

    #[test]
    fn every_string_type_gives_text() {
        for (tag, bytes, expected, defects) in [
            (der::UTF8_STRING, "测试".as_bytes(), Some("测试"), 0),
            (der::UTF8_STRING, &[b'a', 0xff], Some("a\u{fffd}"), 1),
            (der::PRINTABLE_STRING, b"Test", Some("Test"), 0),
            (der::PRINTABLE_STRING, "测".as_bytes(), Some("测"), 1),
            (der::TELETEX_STRING, &[b'M', 0xfc], Some("Mü"), 0),
            (der::BMP_STRING, &[0x6d, 0x4b], Some("测"), 0),
            (der::BMP_STRING, &[0x6d, 0x4b, 0], Some("测"), 1),
            (der::BMP_STRING, &[0xd8, 0], Some("\u{fffd}"), 1),
            (der::UNIVERSAL_STRING, &[0, 1, 0xf6, 0], Some("😀"), 0),
            (der::INTEGER, &[1], None, 0),
        ] {
            let element = Element { tag, at: 0, raw: bytes, content: Reader::new(bytes) };
            let mut noted = Defects::new(&Limits::DEFAULT);
            assert_eq!(text(&element, &mut noted).as_deref(), expected);
            assert_eq!(noted.reading((), &Reader::new(&[])).defects.len(), defects, "{expected:?}");
        }
    }
}
