//! Files of certificates: PEM with text around it, or DER one behind the other.

use std::fmt;

use super::der::{self, Element};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader};

/// What stands between the lines of a PEM block (RFC 7468). Its `Debug` shows how many bytes there are and not which:
/// they may be a private key.
#[derive(Clone, PartialEq, Eq)]
pub struct PemBlock {
    /// The words behind `BEGIN`.
    pub label: String,
    /// The decoded bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for PemBlock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PemBlock {:?} of {} bytes", self.label, self.bytes.len())
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The DER of every certificate in a file, in its order. Keys and other blocks of PEM are passed over.
///
/// # Errors
/// [`DefectKind::NothingFound`] when the file is neither.
pub fn read_bundle(file: &[u8], limits: &Limits) -> Read<Vec<Vec<u8>>> {
    // A certificate may hold any text, a begin line too; a text does not start as a long SEQUENCE does.
    let is_der = matches!(file, [der::SEQUENCE, 0x81..=0x84, ..]);
    if !is_der && find(file, BEGIN).is_some() {
        let mut reading = read_pem(file, limits)?.map(|blocks| {
            let certificates = blocks.into_iter().filter(|block| {
                matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
            });
            certificates.map(|block| block.bytes).collect::<Vec<_>>()
        });
        if reading.value.is_empty() {
            reading.defects.push(Defect { at: 0, what: DefectKind::NothingFound });
        }
        return Ok(reading);
    }
    let (mut reader, mut defects) = (Reader::new(file), Defects::new(limits));
    let mut certificates = Vec::new();
    while !reader.is_empty() {
        match Element::expect(&mut reader, der::SEQUENCE, &mut defects) {
            Ok(_) if certificates.len() >= limits.bundle => {
                defects.push(too_many(reader.at(), limits));
                break;
            }
            Ok(element) => certificates.push(element.raw.to_vec()),
            Err(_) if certificates.is_empty() => return Err(Defect { at: 0, what: DefectKind::NothingFound }),
            Err(defect) => {
                defects.push(defect);
                break;
            }
        }
    }
    if certificates.is_empty() {
        return Err(Defect { at: 0, what: DefectKind::NothingFound });
    }
    Ok(defects.reading(certificates, &reader))
}

/// Every PEM block of a file; text between blocks and header lines inside them are passed over. A block that is not
/// base64 or has no end is a defect.
///
/// # Errors
/// [`DefectKind::NothingFound`] when there is no begin line.
pub fn read_pem(file: &[u8], limits: &Limits) -> Read<Vec<PemBlock>> {
    let mut defects = Defects::new(limits);
    let mut blocks = Vec::new();
    let mut at = find(file, BEGIN).ok_or(Defect { at: 0, what: DefectKind::NothingFound })?;
    // A block ends before the next one begins, so that a file full of begin lines is still read in one pass.
    while let Some(behind) = file.get(at.saturating_add(BEGIN.len())..) {
        let length = find(behind, BEGIN).unwrap_or(behind.len());
        let block = behind.get(..length).unwrap_or_default();
        match label_and_body(block).map(|(label, body)| (label, base64(body))) {
            None => defects.note(at, DefectKind::PemEnd),
            Some((_, None)) => defects.note(at, DefectKind::NotBase64),
            Some(_) if blocks.len() >= limits.bundle => {
                defects.push(too_many(at, limits));
                break;
            }
            Some((label, Some(bytes))) => {
                blocks.push(PemBlock { label: String::from_utf8_lossy(label).into_owned(), bytes });
            }
        }
        if length == behind.len() {
            break;
        }
        at = at.saturating_add(BEGIN.len()).saturating_add(length);
    }
    Ok(defects.reading(blocks, &Reader::new(&[])))
}

fn label_and_body(block: &[u8]) -> Option<(&[u8], &[u8])> {
    let (label, behind) = block.split_at_checked(find(block, DASHES)?)?;
    let body = behind.get(DASHES.len()..)?;
    Some((label, body.get(..find(body, END)?)?))
}

fn too_many(at: usize, limits: &Limits) -> Defect {
    let what = DefectKind::Limit { limit: Limit::Bundle, most: limits.bundle, found: limits.bundle.saturating_add(1) };
    Defect { at, what }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Base64 with any white space; lines with a colon are headers (RFC 1421 4.4).
fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let lines = body.split(|&byte| byte == b'\n').filter(|line| !line.contains(&b':'));
    let digits: Vec<u8> = lines.flatten().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let padding = digits.iter().rev().take_while(|&&digit| digit == b'=').count();
    let digits = digits.get(..digits.len().saturating_sub(padding))?;
    if padding > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut number = 0u32;
        for &digit in group {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            number = (number << 6) | u32::from(value);
        }
        number <<= 6 * (4 - group.len());
        let [_, decoded @ ..] = number.to_be_bytes();
        bytes.extend(decoded.iter().take(group.len() - 1));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    #[test]
    fn base64_gives_bytes_or_nothing() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("Zg==", Some(b"f")),
            ("Zm8=", Some(b"fo")),
            ("Zm9v\r\nYg==", Some(b"foob")),
            ("Proc-Type: 4\nZm9v", Some(b"foo")),
            ("Zg", Some(b"f")),
            ("+/+/", Some(&[0xfb, 0xff, 0xbf])),
            ("Z", None),
            ("Z===", None),
            ("Zm=v", None),
            ("Zm-v", None),
        ] {
            assert_eq!(base64(text.as_bytes()).as_deref(), bytes, "{text:?}");
        }
    }

    #[test]
    fn certificates_come_out_of_pem_with_text_around_it_and_out_of_der() {
        let pem = format!(
            "subject=x\n{}{}\ntext\n{}",
            block("CERTIFICATE", "MAA="),
            block("PRIVATE KEY", "MAA="),
            block("X509 CERTIFICATE", "MAEA")
        );
        let text = block("CERTIFICATE", "MAA=").repeat(3);
        let hiding = [&[0x30, 0x81, u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat();
        for (file, expected, defects) in [
            (pem.as_bytes(), &[&[0x30, 0][..], &[0x30, 1, 0]][..], 0),
            (&[0x30, 0, 0x30, 1, 0], &[&[0x30, 0], &[0x30, 1, 0]], 0),
            (&[0x30, 0, 0x30, 9, 0], &[&[0x30, 0]], 1),
            (&hiding, &[&hiding], 0),
            (block("PRIVATE KEY", "MAA=").as_bytes(), &[], 1),
            (b"-----BEGIN CERTIFICATE-----\nMAA=", &[], 2),
            (format!("-----BEGIN X\n{}", block("CERTIFICATE", "MAA=")).as_bytes(), &[&[0x30, 0]], 1),
            ((block("CERTIFICATE", "?") + &block("CERTIFICATE", "MAA=")).as_bytes(), &[&[0x30, 0]], 1),
        ] {
            let reading = read_bundle(file, &Limits::DEFAULT).unwrap();
            assert_eq!(reading.value, expected, "{}", String::from_utf8_lossy(file));
            assert_eq!(reading.defects.len(), defects, "{:?}", reading.defects);
        }
        for file in [&b""[..], b"text", &[0x31, 0]] {
            assert_eq!(read_bundle(file, &Limits::DEFAULT), Err(Defect { at: 0, what: DefectKind::NothingFound }));
        }
    }

    #[test]
    fn a_block_shown_for_a_look_keeps_its_bytes() {
        let blocks = read_pem(block("PRIVATE KEY", "c2VjcmV0").as_bytes(), &Limits::DEFAULT).unwrap().value;
        assert_eq!(format!("{blocks:?}"), r#"[PemBlock "PRIVATE KEY" of 6 bytes]"#);
    }

    #[test]
    fn a_bundle_is_read_up_to_its_limit() {
        let pem = block("CERTIFICATE", "MAA=").repeat(3);
        let der = [0x30, 0].repeat(3);
        for file in [pem.as_bytes(), &der] {
            for (bundle, defects) in [(3, 0), (2, 1)] {
                let reading = read_bundle(file, &Limits { bundle, ..Limits::DEFAULT }).unwrap();
                assert_eq!((reading.value.len(), reading.defects.len()), (bundle, defects));
            }
        }
    }
}
