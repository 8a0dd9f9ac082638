//! One X.509 certificate, told as it is (RFC 5280; with SM2 keys GB/T 20518). Nothing is verified.

mod bundle;
mod der;
mod name;
mod time;

pub use bundle::{PemBlock, read_bundle, read_pem};
pub use der::Oid;
pub use name::{Attribute, GeneralName, Name, read_name};

use der::{Element, explicit, implicit};

use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader, bit_length, without_zeros};

/// A certificate. Byte fields are slices of what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The whole DER.
    pub raw: &'a [u8],
    /// The signed part with its header: what the issuer's signature is over.
    pub tbs: &'a [u8],
    /// 1, 2 or 3; what a wrong number on the wire would mean, if it is another.
    pub version: u16,
    /// The content of the serial number's INTEGER, leading zero included.
    pub serial: &'a [u8],
    /// The signature algorithm inside the signed part.
    pub inner_algorithm: Algorithm<'a>,
    /// The signature algorithm beside the signature.
    pub signature_algorithm: Algorithm<'a>,
    /// Who issued it.
    pub issuer: Name<'a>,
    /// Whom it is for.
    pub subject: Name<'a>,
    /// Start of the validity in seconds since 1970; `None` when it cannot be read.
    pub not_before: Option<i64>,
    /// End of the validity, itself inside.
    pub not_after: Option<i64>,
    /// The public key.
    pub key: PublicKey<'a>,
    /// basicConstraints.
    pub basic_constraints: Option<BasicConstraints>,
    /// keyUsage.
    pub key_usage: Option<KeyUsage>,
    /// extendedKeyUsage.
    pub extended_key_usage: Option<Vec<Oid<'a>>>,
    /// subjectAltName.
    pub subject_alternative_names: Option<Vec<GeneralName<'a>>>,
    /// subjectKeyIdentifier.
    pub subject_key_id: Option<&'a [u8]>,
    /// keyIdentifier of authorityKeyIdentifier.
    pub authority_key_id: Option<&'a [u8]>,
    /// URIs of cRLDistributionPoints.
    pub crl_uris: Vec<String>,
    /// URIs of authorityInfoAccess where OCSP answers.
    pub ocsp_uris: Vec<String>,
    /// URIs of authorityInfoAccess where the issuer's certificate is to be had.
    pub issuer_uris: Vec<String>,
    /// Extensions of TLS that the server promises to answer (RFC 7633), by number.
    pub tls_features: Vec<u16>,
    /// Every extension in the order of the DER, those above included.
    pub extensions: Vec<CertificateExtension<'a>>,
    /// The signature's bytes; for SM2 and ECDSA a DER sequence of r and s.
    pub signature: &'a [u8],
}

/// An algorithm and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm<'a> {
    /// The algorithm.
    pub oid: Oid<'a>,
    /// The DER of the parameters, empty when there are none.
    pub parameters: &'a [u8],
}

/// A public key (RFC 5280 4.1.2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey<'a> {
    /// The DER of the whole SubjectPublicKeyInfo.
    pub raw: &'a [u8],
    /// The key's algorithm.
    pub algorithm: Algorithm<'a>,
    /// The named curve of an elliptic-curve key.
    pub curve: Option<Oid<'a>>,
    /// Bits of the modulus, the prime or the curve's field. `None` where the algorithm alone says it (Ed25519) or the
    /// curve is not known.
    pub bits: Option<usize>,
    /// The key's own bytes: the point of an elliptic-curve key (04 x y), the DER of an RSA key.
    pub bytes: &'a [u8],
    /// The numbers of an RSA key.
    pub rsa: Option<RsaPublicKey<'a>>,
}

/// The numbers of an RSA key, big-endian, without leading zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RsaPublicKey<'a> {
    /// The modulus n.
    pub modulus: &'a [u8],
    /// The exponent e.
    pub exponent: &'a [u8],
}

/// Whether a certificate may issue others, and how many may follow below it (RFC 5280 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it is an authority's.
    pub ca: bool,
    /// Certificates of authorities that may stand between it and the end.
    pub path_length: Option<u32>,
}

/// The bits of keyUsage (RFC 5280 4.2.1.3): bit 0 of the standard is the highest here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature
    pub const DIGITAL_SIGNATURE: KeyUsage = KeyUsage(0x8000);
    /// nonRepudiation, contentCommitment in newer editions
    pub const NON_REPUDIATION: KeyUsage = KeyUsage(0x4000);
    /// keyEncipherment
    pub const KEY_ENCIPHERMENT: KeyUsage = KeyUsage(0x2000);
    /// dataEncipherment
    pub const DATA_ENCIPHERMENT: KeyUsage = KeyUsage(0x1000);
    /// keyAgreement
    pub const KEY_AGREEMENT: KeyUsage = KeyUsage(0x0800);
    /// keyCertSign
    pub const KEY_CERT_SIGN: KeyUsage = KeyUsage(0x0400);
    /// cRLSign
    pub const CRL_SIGN: KeyUsage = KeyUsage(0x0200);
    /// encipherOnly
    pub const ENCIPHER_ONLY: KeyUsage = KeyUsage(0x0100);
    /// decipherOnly
    pub const DECIPHER_ONLY: KeyUsage = KeyUsage(0x0080);

    const NAMES: [(KeyUsage, &'static str); 9] = [
        (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
        (KeyUsage::NON_REPUDIATION, "nonRepudiation"),
        (KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
        (KeyUsage::DATA_ENCIPHERMENT, "dataEncipherment"),
        (KeyUsage::KEY_AGREEMENT, "keyAgreement"),
        (KeyUsage::KEY_CERT_SIGN, "keyCertSign"),
        (KeyUsage::CRL_SIGN, "cRLSign"),
        (KeyUsage::ENCIPHER_ONLY, "encipherOnly"),
        (KeyUsage::DECIPHER_ONLY, "decipherOnly"),
    ];

    /// Whether any of these bits is set.
    pub fn allows(self, any: KeyUsage) -> bool {
        self.0 & any.0 != 0
    }

    /// The standard's words for the bits that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        KeyUsage::NAMES.into_iter().filter(move |(bit, _)| self.allows(*bit)).map(|(_, name)| name)
    }
}

/// One extension, its value unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateExtension<'a> {
    /// What it is.
    pub oid: Oid<'a>,
    /// Whether whoever does not know it must refuse the certificate.
    pub critical: bool,
    /// The DER inside its OCTET STRING.
    pub value: &'a [u8],
}

impl Certificate<'_> {
    /// The serial number in upper-case hexadecimal, without leading zero bytes; a negative one as its bytes are.
    pub fn serial_text(&self) -> String {
        let significant = without_zeros(self.serial);
        if significant.is_empty() {
            return "00".to_owned();
        }
        significant.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// Whether subject and issuer are the same, byte by byte. Only a check of the signature shows that it issued itself.
    pub fn is_self_issued(&self) -> bool {
        self.subject.raw == self.issuer.raw
    }

    /// Whether it is an authority's certificate.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|constraints| constraints.ca)
    }
}

/// Longest serial number (RFC 5280 4.1.2.2).
const SERIAL: usize = 20;

/// Reads the certificate at the front of `der`; bytes behind it are [`Reading::rest`](crate::Reading). Whatever is wrong
/// in it, while the frame of its fields can be told, is a defect.
///
/// # Errors
/// The bytes end inside the certificate, or its fields are not there in their order; more than
/// [`Limits::certificate`] bytes.
pub fn read_certificate<'a>(der: &'a [u8], limits: &Limits) -> Read<Certificate<'a>> {
    let (mut reader, mut defects) = (Reader::new(der), Defects::new(limits));
    let whole = Element::expect(&mut reader, der::SEQUENCE, &mut defects)?;
    if whole.raw.len() > limits.certificate {
        let found = whole.raw.len();
        return Err(Defect {
            at: 0,
            what: DefectKind::Limit { limit: Limit::Certificate, most: limits.certificate, found },
        });
    }
    let mut fields = whole.content.clone();
    let signed = Element::expect(&mut fields, der::SEQUENCE, &mut defects)?;
    let outer_at = fields.at();
    let signature_algorithm = algorithm(&mut fields, &mut defects)?;
    let signature = Element::expect(&mut fields, der::BIT_STRING, &mut defects)?.whole_bits(&mut defects)?.rest();
    trailing(&fields, &mut defects);

    let mut tbs = signed.content.clone();
    let version = version(&mut tbs, &mut defects)?;
    let serial = serial(&mut tbs, &mut defects)?;
    let inner_algorithm = algorithm(&mut tbs, &mut defects)?;
    if inner_algorithm != signature_algorithm {
        defects.note(outer_at, DefectKind::SignatureAlgorithmsDiffer);
    }
    let issuer = Name::read(&mut tbs, limits, &mut defects)?;
    let (not_before, not_after) = validity(&mut tbs, &mut defects)?;
    let subject = Name::read(&mut tbs, limits, &mut defects)?;
    let key = public_key(&mut tbs, &mut defects)?;
    let mut certificate = Certificate {
        raw: whole.raw,
        tbs: signed.raw,
        version,
        serial,
        inner_algorithm,
        signature_algorithm,
        issuer,
        subject,
        not_before,
        not_after,
        key,
        basic_constraints: None,
        key_usage: None,
        extended_key_usage: None,
        subject_alternative_names: None,
        subject_key_id: None,
        authority_key_id: None,
        crl_uris: Vec::new(),
        ocsp_uris: Vec::new(),
        issuer_uris: Vec::new(),
        tls_features: Vec::new(),
        extensions: Vec::new(),
        signature,
    };
    if let Err(defect) = rest_of_tbs(&mut tbs, &mut certificate, limits, &mut defects) {
        defects.push(defect);
    }
    Ok(defects.reading(certificate, &reader))
}

fn version(tbs: &mut Reader<'_>, defects: &mut Defects) -> Result<u16, Defect> {
    let Some(mut tagged) = Element::optional(tbs, explicit(0), defects)? else { return Ok(1) };
    let element = Element::expect(&mut tagged.content, der::INTEGER, defects)?;
    let bytes = element.integer(defects)?;
    let number = bytes.last().copied().unwrap_or_default();
    if bytes.len() != 1 || !(1..=2).contains(&number) {
        defects.note(element.at, DefectKind::CertificateVersion(number));
    }
    Ok(u16::from(number).saturating_add(1))
}

fn serial<'a>(tbs: &mut Reader<'a>, defects: &mut Defects) -> Result<&'a [u8], Defect> {
    let element = Element::expect(tbs, der::INTEGER, defects)?;
    let bytes = element.integer(defects)?;
    let significant = without_zeros(bytes);
    if significant.is_empty() || bytes.first().is_some_and(|first| first & 0x80 != 0) {
        defects.note(element.at, DefectKind::SerialNotPositive);
    }
    if bytes.len() > SERIAL {
        defects.note(element.at, DefectKind::TooLong { found: bytes.len(), most: SERIAL });
    }
    Ok(bytes)
}

fn algorithm<'a>(fields: &mut Reader<'a>, defects: &mut Defects) -> Result<Algorithm<'a>, Defect> {
    let mut content = Element::expect(fields, der::SEQUENCE, defects)?.content;
    let oid = Element::expect(&mut content, der::OID, defects)?.oid()?;
    Ok(Algorithm { oid, parameters: content.rest() })
}

fn validity(tbs: &mut Reader<'_>, defects: &mut Defects) -> Result<(Option<i64>, Option<i64>), Defect> {
    let element = Element::expect(tbs, der::SEQUENCE, defects)?;
    let mut content = element.content.clone();
    let mut one = |defects: &mut Defects| match time::read(&mut content, defects) {
        Ok(time) => Some(time),
        Err(defect) => {
            defects.push(defect);
            None
        }
    };
    let (not_before, not_after) = (one(defects), one(defects));
    if let (Some(start), Some(end)) = (not_before, not_after)
        && end < start
    {
        defects.note(element.at, DefectKind::ValidityReversed);
    }
    trailing(&content, defects);
    Ok((not_before, not_after))
}

const RSA: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
const RSA_PSS: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10]);
const DSA: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1]);
const EC: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);

/// Curves and the bits of their fields: SM2 (GM/T 0006), SEC 2 and RFC 5639.
const CURVES: [(Oid<'_>, usize); 10] = [
    (Oid(&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d]), 256),
    (Oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1]), 192),
    (Oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]), 256),
    (Oid(&[0x2b, 0x81, 4, 0, 33]), 224),
    (Oid(&[0x2b, 0x81, 4, 0, 34]), 384),
    (Oid(&[0x2b, 0x81, 4, 0, 35]), 521),
    (Oid(&[0x2b, 0x81, 4, 0, 10]), 256),
    (Oid(&[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7]), 256),
    (Oid(&[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11]), 384),
    (Oid(&[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13]), 512),
];

fn public_key<'a>(tbs: &mut Reader<'a>, defects: &mut Defects) -> Result<PublicKey<'a>, Defect> {
    let element = Element::expect(tbs, der::SEQUENCE, defects)?;
    let mut content = element.content.clone();
    let parameters_at = content.at();
    let algorithm = algorithm(&mut content, defects)?;
    let bits = Element::expect(&mut content, der::BIT_STRING, defects)?.whole_bits(defects)?;
    trailing(&content, defects);
    let bytes = bits.clone().rest();
    let mut key = PublicKey { raw: element.raw, algorithm, curve: None, bits: None, bytes, rsa: None };
    let mut parameters = Reader::starting(algorithm.parameters, parameters_at);
    let details = match algorithm.oid {
        RSA | RSA_PSS => rsa_public_key(bits, defects).map(|rsa| {
            key.bits = Some(bit_length(rsa.modulus));
            key.rsa = Some(rsa);
        }),
        DSA => dsa_prime(&mut parameters, defects).map(|bits| key.bits = bits),
        EC => Element::read(&mut parameters, defects).and_then(|parameters| {
            // Curves by their parameters instead of their name are told as a key without a known curve.
            key.curve = if parameters.tag == der::OID { Some(parameters.oid()?) } else { None };
            key.bits = CURVES.iter().find(|(curve, _)| Some(*curve) == key.curve).map(|(_, bits)| *bits);
            let coordinate = key.bits.map(|bits| bits.div_ceil(8));
            let fits = match (bytes.first(), coordinate) {
                (Some(4), Some(length)) => bytes.len() == 2 * length + 1,
                (Some(2 | 3), Some(length)) => bytes.len() == length + 1,
                (Some(2..=4), None) => true,
                _ => false,
            };
            if fits { Ok(()) } else { Err(Defect { at: bits.at(), what: DefectKind::PublicKey }) }
        }),
        _ => Ok(()),
    };
    if let Err(defect) = details {
        defects.push(defect);
    }
    Ok(key)
}

fn rsa_public_key<'a>(mut bits: Reader<'a>, defects: &mut Defects) -> Result<RsaPublicKey<'a>, Defect> {
    let mut numbers = Element::expect(&mut bits, der::SEQUENCE, defects)?.content;
    trailing(&bits, defects);
    let at = numbers.at();
    let modulus = without_zeros(Element::expect(&mut numbers, der::INTEGER, defects)?.integer(defects)?);
    let exponent = without_zeros(Element::expect(&mut numbers, der::INTEGER, defects)?.integer(defects)?);
    trailing(&numbers, defects);
    if modulus.is_empty() || exponent.is_empty() {
        return Err(Defect { at, what: DefectKind::PublicKey });
    }
    Ok(RsaPublicKey { modulus, exponent })
}

/// Bits of the prime in DSA's parameters; an issuer may leave them out.
fn dsa_prime(parameters: &mut Reader<'_>, defects: &mut Defects) -> Result<Option<usize>, Defect> {
    let Some(mut numbers) = Element::optional(parameters, der::SEQUENCE, defects)? else { return Ok(None) };
    let prime = Element::expect(&mut numbers.content, der::INTEGER, defects)?;
    Ok(Some(bit_length(prime.integer(defects)?)))
}

fn trailing(reader: &Reader<'_>, defects: &mut Defects) {
    if !reader.is_empty() {
        defects.note(reader.at(), DefectKind::Trailing { left: reader.left() });
    }
}

/// Unique identifiers, which nobody uses, and extensions.
fn rest_of_tbs<'a>(
    tbs: &mut Reader<'a>,
    certificate: &mut Certificate<'a>,
    limits: &Limits,
    defects: &mut Defects,
) -> Result<(), Defect> {
    for number in [1, 2] {
        Element::optional(tbs, implicit(number), defects)?;
    }
    if let Some(mut tagged) = Element::optional(tbs, explicit(3), defects)? {
        if certificate.version < 3 {
            defects.note(tagged.at, DefectKind::ExtensionsBeforeVersion3);
        }
        let mut list = Element::expect(&mut tagged.content, der::SEQUENCE, defects)?.content;
        while !list.is_empty() {
            if certificate.extensions.len() >= limits.extensions {
                let found = limits.extensions.saturating_add(1);
                let what = DefectKind::Limit { limit: Limit::Extensions, most: limits.extensions, found };
                return Err(Defect { at: list.at(), what });
            }
            let element = Element::expect(&mut list, der::SEQUENCE, defects)?;
            // An extension that cannot be read leaves the others.
            if let Err(defect) = extension(element, certificate, limits, defects) {
                defects.push(defect);
            }
        }
    }
    trailing(tbs, defects);
    Ok(())
}

/// Arcs of 2.5.29 that are read here.
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
const TLS_FEATURES: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 24];
const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1];
const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 2];

fn extension<'a>(
    element: Element<'a>,
    certificate: &mut Certificate<'a>,
    limits: &Limits,
    defects: &mut Defects,
) -> Result<(), Defect> {
    let at = element.at;
    let mut fields = element.content;
    let oid = Element::expect(&mut fields, der::OID, defects)?.oid()?;
    let critical = boolean(&mut fields, defects)?;
    let value = Element::expect(&mut fields, der::OCTET_STRING, defects)?;
    trailing(&fields, defects);
    if certificate.extensions.iter().any(|earlier| earlier.oid == oid) {
        defects.note(at, DefectKind::RepeatedCertificateExtension(oid.to_string().into()));
    }
    certificate.extensions.push(CertificateExtension { oid, critical, value: value.bytes() });
    let mut value = value.content;
    match oid.0 {
        SUBJECT_KEY_ID => {
            certificate.subject_key_id = Some(Element::expect(&mut value, der::OCTET_STRING, defects)?.bytes());
        }
        KEY_USAGE => certificate.key_usage = Some(key_usage(&mut value, defects)?),
        SUBJECT_ALTERNATIVE_NAME => {
            let mut list = Element::expect(&mut value, der::SEQUENCE, defects)?.content;
            certificate.subject_alternative_names = Some(GeneralName::read_list(&mut list, limits, defects)?);
        }
        BASIC_CONSTRAINTS => certificate.basic_constraints = Some(basic_constraints(&mut value, defects)?),
        TLS_FEATURES => {
            let mut list = Element::expect(&mut value, der::SEQUENCE, defects)?.content;
            while !list.is_empty() {
                let number = without_zeros(Element::expect(&mut list, der::INTEGER, defects)?.integer(defects)?);
                // One that does not fit is no extension of TLS.
                let number = match *number {
                    [low] => Some(u16::from(low)),
                    [high, low] => Some(u16::from_be_bytes([high, low])),
                    _ => None,
                };
                if certificate.tls_features.len() >= limits.elements {
                    return Err(name::too_many(list.at(), limits));
                }
                certificate.tls_features.extend(number);
            }
        }
        CRL_DISTRIBUTION_POINTS => crl_uris(&mut value, &mut certificate.crl_uris, limits, defects)?,
        AUTHORITY_KEY_ID => {
            let mut content = Element::expect(&mut value, der::SEQUENCE, defects)?.content;
            let id = Element::optional(&mut content, implicit(0), defects)?;
            certificate.authority_key_id = id.map(|id| id.bytes());
        }
        EXTENDED_KEY_USAGE => {
            let mut list = Element::expect(&mut value, der::SEQUENCE, defects)?.content;
            let usages = certificate.extended_key_usage.insert(Vec::new());
            while !list.is_empty() {
                if usages.len() >= limits.elements {
                    return Err(name::too_many(list.at(), limits));
                }
                usages.push(Element::expect(&mut list, der::OID, defects)?.oid()?);
            }
        }
        AUTHORITY_INFO_ACCESS => authority_info_access(&mut value, certificate, limits, defects)?,
        _ => {
            if critical {
                defects.note(at, DefectKind::UnknownCriticalExtension(oid.to_string().into()));
            }
            return Ok(());
        }
    }
    trailing(&value, defects);
    Ok(())
}

fn boolean(fields: &mut Reader<'_>, defects: &mut Defects) -> Result<bool, Defect> {
    let Some(element) = Element::optional(fields, der::BOOLEAN, defects)? else { return Ok(false) };
    match element.bytes() {
        [0] => Ok(false),
        [0xff] => Ok(true),
        &[other] => {
            defects.note(element.at, DefectKind::Boolean(other));
            Ok(true)
        }
        _ => Err(Defect { at: element.at, what: DefectKind::NotDer }),
    }
}

fn key_usage(value: &mut Reader<'_>, defects: &mut Defects) -> Result<KeyUsage, Defect> {
    let element = Element::expect(value, der::BIT_STRING, defects)?;
    let mut content = element.content.clone();
    let unused = content.u8()?;
    let bits = content.left().saturating_mul(8).checked_sub(usize::from(unused)).filter(|_| unused <= 7);
    let high = content.u8().unwrap_or_default();
    let low = content.u8().unwrap_or_default();
    trailing(&content, defects);
    let found = u16::from_be_bytes([high, low]);
    // Unused bits are not there, and are zero in DER (X.690 11.2.1).
    let gone = u32::try_from(bits.unwrap_or(0)).ok().and_then(|bits| u16::MAX.checked_shr(bits)).unwrap_or(0);
    if bits.is_none() || found & gone != 0 {
        defects.note(element.at, DefectKind::UnusedBits(unused));
    }
    Ok(KeyUsage(found & !gone))
}

fn basic_constraints(value: &mut Reader<'_>, defects: &mut Defects) -> Result<BasicConstraints, Defect> {
    let mut content = Element::expect(value, der::SEQUENCE, defects)?.content;
    let ca = boolean(&mut content, defects)?;
    let path_length = match Element::optional(&mut content, der::INTEGER, defects)? {
        Some(element) => {
            let bytes = element.integer(defects)?;
            let small = bytes.first().is_some_and(|first| first & 0x80 == 0) && without_zeros(bytes).len() <= 4;
            if !small {
                return Err(Defect { at: element.at, what: DefectKind::TooLong { found: bytes.len(), most: 4 } });
            }
            Some(bytes.iter().fold(0u32, |number, &byte| (number << 8) | u32::from(byte)))
        }
        None => None,
    };
    trailing(&content, defects);
    Ok(BasicConstraints { ca, path_length })
}

/// RFC 5280 4.2.1.13: SEQUENCE of points, each [0] { [0] { names } } and what we do not need.
fn crl_uris(
    value: &mut Reader<'_>,
    uris: &mut Vec<String>,
    limits: &Limits,
    defects: &mut Defects,
) -> Result<(), Defect> {
    let mut points = Element::expect(value, der::SEQUENCE, defects)?.content;
    while !points.is_empty() {
        let mut point = Element::expect(&mut points, der::SEQUENCE, defects)?.content;
        let Some(mut name) = Element::optional(&mut point, explicit(0), defects)? else { continue };
        let Some(mut full) = Element::optional(&mut name.content, explicit(0), defects)? else { continue };
        for name in GeneralName::read_list(&mut full.content, limits, defects)? {
            keep_uri(name, uris, points.at(), limits)?;
        }
    }
    Ok(())
}

fn authority_info_access<'a>(
    value: &mut Reader<'a>,
    certificate: &mut Certificate<'a>,
    limits: &Limits,
    defects: &mut Defects,
) -> Result<(), Defect> {
    let mut list = Element::expect(value, der::SEQUENCE, defects)?.content;
    while !list.is_empty() {
        let mut access = Element::expect(&mut list, der::SEQUENCE, defects)?.content;
        let method = Element::expect(&mut access, der::OID, defects)?.oid()?;
        let uris = match method.0 {
            OCSP => &mut certificate.ocsp_uris,
            CA_ISSUERS => &mut certificate.issuer_uris,
            _ => continue,
        };
        for name in GeneralName::read_list(&mut access, limits, defects)? {
            keep_uri(name, uris, list.at(), limits)?;
        }
    }
    Ok(())
}

fn keep_uri(name: GeneralName<'_>, uris: &mut Vec<String>, at: usize, limits: &Limits) -> Result<(), Defect> {
    let GeneralName::Uri(uri) = name else { return Ok(()) };
    if uris.len() >= limits.elements {
        return Err(name::too_many(at, limits));
    }
    uris.push(uri);
    Ok(())
}
