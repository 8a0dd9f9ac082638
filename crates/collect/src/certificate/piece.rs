//! The certificates inside the bytes of a file: PEM (RFC 7468), DER, or base64 without its frame.

use dengmi_core::Where;
use dengmi_parse::{
    Defect, Limits,
    certificate::{PemBlock, read_pem},
    read_certificate,
};

/// The bytes of one certificate, and where in the file they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) at: Where,
    pub(super) der: Vec<u8>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    /// In the order in which they stand, one at least.
    pub(super) certificates: Vec<Piece>,
    /// Whether more certificates stand behind them.
    pub(super) more: bool,
    /// Whether a private key stands beside them: such bytes are kept nowhere.
    pub(super) with_key: bool,
}

impl Pieces {
    fn one(at: Where, der: Vec<u8>) -> Pieces {
        Pieces { certificates: vec![Piece { at, der }], more: false, with_key: false }
    }
}

/// Why the bytes of a file hold no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACertificate {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// A private key.
    #[error("the file holds a private key, not a certificate; keep it where it is and give the certificate")]
    PrivateKey,
    /// A PKCS #12 store, whose certificates are encrypted.
    #[error("the file is a PKCS #12 store; take the certificate out first: openssl pkcs12 -in FILE -nokeys")]
    Pkcs12,
    /// A PEM block of another kind.
    #[error("the file holds no certificate, but {0}")]
    OtherPem(Box<str>),
    /// A block that is marked as a certificate and is no base64, or has no end.
    #[error("the block at byte {0} is marked as a certificate, and is not base64 or has no end")]
    Damaged(usize),
    /// What begins like a certificate cannot be read as one.
    #[error("the file holds DER that is no certificate: {0}")]
    Malformed(Defect),
    /// Neither PEM nor DER nor base64.
    #[error("the file is neither PEM nor DER")]
    Unknown,
}

/// Takes the certificates out of the bytes of a file, at most `most`.
pub(super) fn pieces(bytes: &[u8], most: usize) -> Result<Pieces, NotACertificate> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(NotACertificate::Empty);
    }
    if find(bytes, BEGIN, 0).is_some() {
        return framed(bytes, most);
    }
    if bytes.first() == Some(&SEQUENCE) {
        return concatenated(bytes, most);
    }
    let frame = [b"-----BEGIN CERTIFICATE-----\n", bytes, b"\n-----END CERTIFICATE-----"].concat();
    match block(&frame) {
        Some(PemBlock { bytes: der, .. }) if der.first() == Some(&SEQUENCE) => {
            length(&der)?;
            Ok(Pieces::one(Where::Whole, der))
        }
        _ => Err(NotACertificate::Unknown),
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const SEQUENCE: u8 = 0x30;

fn framed(bytes: &[u8], most: usize) -> Result<Pieces, NotACertificate> {
    let mut found = Pieces { certificates: Vec::new(), more: false, with_key: false };
    let mut other = None;
    let mut next = find(bytes, BEGIN, 0);
    while let Some(start) = next {
        let behind = start.saturating_add(BEGIN.len());
        // The block ends behind the line of its end, which holds no byte but those of its label and dashes.
        let end = find(bytes, END, behind).and_then(|end| find(bytes, b"-----", end.saturating_add(END.len())));
        let end = end.map_or(bytes.len(), |end| end.saturating_add(5));
        next = find(bytes, BEGIN, behind);
        let whole = bytes.get(start..end.min(next.unwrap_or(end))).unwrap_or_default();
        match block(whole) {
            None if whole.get(BEGIN.len()..).is_some_and(|label| label.starts_with(b"CERTIFICATE-")) => {
                other = other.or(Some(NotACertificate::Damaged(start)));
            }
            None => {}
            Some(block) => match &*block.label {
                "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" if found.certificates.len() == most => {
                    found.more = true;
                }
                "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                    found.certificates.push(Piece { at: place(start, whole.len()), der: block.bytes });
                }
                label if label.ends_with("PRIVATE KEY") => {
                    found.with_key = true;
                    other = Some(NotACertificate::PrivateKey);
                }
                label => other = other.or_else(|| Some(NotACertificate::OtherPem(label.chars().take(64).collect()))),
            },
        }
    }
    if found.certificates.is_empty() { Err(other.unwrap_or(NotACertificate::Unknown)) } else { Ok(found) }
}

/// The one PEM block in these bytes, when it is whole.
fn block(bytes: &[u8]) -> Option<PemBlock> {
    read_pem(bytes, &Limits::default()).ok()?.value.pop()
}

/// One certificate in DER behind another. What cannot be read behind the first is one piece with all that follows.
fn concatenated(bytes: &[u8], most: usize) -> Result<Pieces, NotACertificate> {
    let first = length(bytes)?;
    if first == bytes.len() {
        return Ok(Pieces::one(Where::Whole, bytes.to_vec()));
    }
    let mut certificates = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() && certificates.len() < most {
        let from = bytes.len().saturating_sub(rest.len());
        let (der, behind) = rest.split_at_checked(length(rest).unwrap_or(rest.len())).unwrap_or((rest, &[]));
        certificates.push(Piece { at: place(from, der.len()), der: der.to_vec() });
        rest = behind;
    }
    Ok(Pieces { certificates, more: !rest.is_empty(), with_key: false })
}

/// The length of the certificate in DER at the start.
fn length(der: &[u8]) -> Result<usize, NotACertificate> {
    match (read_certificate(der, &Limits::default()), something_else(der)) {
        (Ok(read), _) => Ok(read.value.raw.len()),
        (Err(_), Some(wrong)) => Err(wrong),
        (Err(defect), None) => Err(NotACertificate::Malformed(defect)),
    }
}

fn place(from: usize, length: usize) -> Where {
    Where::Bytes(u64::try_from(from).unwrap_or(u64::MAX), u32::try_from(length).unwrap_or(u32::MAX))
}

/// What else a SEQUENCE may be, told by its first elements: an INTEGER stands where a certificate has its SEQUENCE.
fn something_else(der: &[u8]) -> Option<NotACertificate> {
    let header = match der.get(1)? {
        0..0x80 => 2,
        long => usize::from(long & 0x7f).checked_add(2)?,
    };
    match der.get(header..)? {
        // PFX, version 3 (RFC 7292 4)
        [2, 1, 3, SEQUENCE, ..] => Some(NotACertificate::Pkcs12),
        // PrivateKeyInfo (RFC 5958 2), RSAPrivateKey (RFC 8017 A.1.2), ECPrivateKey (RFC 5915 3)
        [2, 1, 0 | 1, SEQUENCE | 2 | 4, ..] => Some(NotACertificate::PrivateKey),
        _ => None,
    }
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    Some(rest.windows(what.len()).position(|window| window == what)?.saturating_add(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a certificate, but the frame of one: PEM says that it is one, and what it is shows later.
    const FRAME: &[u8] = &[0x30, 0x06, 0x30, 0x00, 0x30, 0x00, 0x03, 0x00];
    const TEXT: &str = "MAYwADAAAwA=";

    fn check(bytes: &[u8], expected: Result<&[Where], NotACertificate>) {
        let found = pieces(bytes, 8).map(|found| {
            assert!(!found.more);
            assert!(found.certificates.iter().all(|piece| piece.der == FRAME));
            assert_eq!(found.with_key, String::from_utf8_lossy(bytes).contains("PRIVATE KEY"));
            found.certificates.iter().map(|piece| piece.at).collect::<Vec<_>>()
        });
        assert_eq!(found, expected.map(<[Where]>::to_vec), "{}", String::from_utf8_lossy(bytes));
    }

    fn pem(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----")
    }

    #[test]
    fn every_block_of_pem_gives_its_bytes_and_their_place() {
        let block = pem("CERTIFICATE", TEXT);
        let length = block.len() as u32;
        let text = format!("subject: somebody\n{block}\nthen\n{block}\n");
        let second = 18 + u64::from(length) + 6;
        check(text.as_bytes(), Ok(&[Where::Bytes(18, length), Where::Bytes(second, length)]));
        let key = pem("PRIVATE KEY", TEXT);
        let mixed = format!("{key}\n{}", pem("TRUSTED CERTIFICATE", TEXT));
        check(mixed.as_bytes(), Ok(&[Where::Bytes(key.len() as u64 + 1, length + 16)]));
        // a block without its end is passed over, not mixed up with the next one
        let cut = format!("-----BEGIN CERTIFICATE-----\nMAYw\n{block}");
        check(cut.as_bytes(), Ok(&[Where::Bytes(33, length)]));
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        use NotACertificate as N;
        let short = read_certificate(FRAME, &Limits::default()).unwrap_err();
        for (bytes, expected) in [
            (&b""[..], N::Empty),
            (b" \r\n", N::Empty),
            (pem("PRIVATE KEY", TEXT).as_bytes(), N::PrivateKey),
            ((pem("EC PARAMETERS", TEXT) + &pem("EC PRIVATE KEY", TEXT)).as_bytes(), N::PrivateKey),
            (pem("X509 CRL", TEXT).as_bytes(), N::OtherPem("X509 CRL".into())),
            (pem("CERTIFICATE", "M*Yw").as_bytes(), N::Damaged(0)),
            (b"-----BEGIN CERTIFICATE-----\nMAYwADAAAwA=", N::Damaged(0)),
            (b"-----BEGIN CERT", N::Unknown),
            (&[0x30, 0x07, 2, 1, 0, 0x30, 2, 6, 0], N::PrivateKey),
            (&[0x30, 0x81, 0x07, 2, 1, 1, 4, 2, 6, 0], N::PrivateKey),
            (&[0x30, 0x82, 0, 7, 2, 1, 3, 0x30, 2, 6, 0], N::Pkcs12),
            (b"MAcCAQAwAgYA", N::PrivateKey),
            (FRAME, N::Malformed(short.clone())),
            (TEXT.as_bytes(), N::Malformed(short)),
            (b"a certificate, they said", N::Unknown),
            (&[0x7f, b'E', b'L', b'F', 0], N::Unknown),
        ] {
            check(bytes, Err(expected));
        }
    }

    #[test]
    fn the_number_of_pieces_is_bounded() {
        let many = pem("CERTIFICATE", TEXT).repeat(3);
        for (most, expected) in [(3, (3, false)), (2, (2, true))] {
            let found = pieces(many.as_bytes(), most).unwrap();
            assert_eq!((found.certificates.len(), found.more), expected);
        }
    }
}
