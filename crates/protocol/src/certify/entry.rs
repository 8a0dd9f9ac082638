//! A certificate as checks need it, and its words for an observation.

use super::{
    sha256, sha256_text,
    signature::{Signed, signed},
};
use crate::handshake::identity::{SM2, key_of};
use dengmi_core::{Certificate, Date, Sha256Digest, UtcDateTime, date::instant_text, registry};
use dengmi_crypto::{CryptoError, PublicKey};
use dengmi_parse::{
    Defect, DefectKind, Limits, certificate,
    certificate::{GeneralName, KeyUsage, Name, Oid},
    read_certificate,
    tls::ExtensionType,
};
use std::net::IpAddr;

/// A name in the form in which names are compared: without regard to case, to runs of spaces and to the kind of string
/// (RFC 5280 7.1).
pub(super) type NameKey = Box<[u8]>;

/// The kind of a key, as `Certificate::key_alg` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// `RSA`
    Rsa,
    /// `DSA`
    Dsa,
    /// `ECDSA`: any elliptic curve but those below.
    Ecdsa,
    /// `SM2`
    Sm2,
    /// `Ed25519`, `Ed448`, and whatever else the registry names.
    Other,
}

/// What the key may be used for at the end of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) signs: bool,
    pub(super) encrypts: bool,
}

/// For whom its key serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purposes {
    pub(super) server: bool,
    pub(super) client: bool,
}

/// One certificate that could be read.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) digest: Sha256Digest,
    /// The fact without position, role and check.
    pub(super) words: Certificate,
    pub(super) defects: Vec<Defect>,
    pub(super) version: u16,
    pub(super) subject: NameKey,
    pub(super) issuer: NameKey,
    pub(super) common_names: Vec<Box<str>>,
    pub(super) not_before: Option<UtcDateTime>,
    pub(super) not_after: Option<UtcDateTime>,

    pub(super) key_kind: KeyKind,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub(super) key_digest: Sha256Digest,
    /// The key, where one of its kind is computed with here.
    pub(super) key: Option<PublicKey>,
    pub(super) key_unreadable: bool,
    pub(super) rsa_exponent: Option<Box<[u8]>>,

    pub(super) signed_part: Box<[u8]>,
    pub(super) signature: Box<[u8]>,
    pub(super) signed: Signed,
    pub(super) signature_algorithms_differ: bool,

    pub(super) is_authority: bool,
    pub(super) path_length: Option<u32>,
    pub(super) signs_certificates: bool,
    pub(super) constrains_names: bool,
    pub(super) has_unknown_critical_extension: bool,
    /// Whether a part was not read: what stands there nobody knows.
    pub(super) is_read_in_part: bool,
    pub(super) usage: Option<Usage>,
    pub(super) purposes: Option<Purposes>,
    pub(super) has_alternative_name: bool,
    pub(super) dns_names: Vec<Box<str>>,
    pub(super) addresses: Vec<IpAddr>,
    subject_key_id: Option<Box<[u8]>>,
    authority_key_id: Option<Box<[u8]>>,
}

const KEY_USAGE: &str = "2.5.29.15";
const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
const NAME_CONSTRAINTS: &str = "2.5.29.30";
/// Critical extensions that are understood. Of the policies nothing is asked, so that they exclude nothing; the names of
/// the issuer, the places of revocation lists and what is promised to be stapled say nothing that a check here uses.
const UNDERSTOOD: &[&str] = &[
    "2.5.29.14",
    KEY_USAGE,
    SUBJECT_ALTERNATIVE_NAME,
    "2.5.29.18",
    "2.5.29.19",
    NAME_CONSTRAINTS,
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.35",
    "2.5.29.37",
    "1.3.6.1.5.5.7.1.1",
    "1.3.6.1.5.5.7.1.24",
];
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
const ANY_PURPOSE: &str = "2.5.29.37.0";

impl Entry {
    pub(super) fn read(der: &[u8]) -> Result<Entry, Defect> {
        let mut reading = read_certificate(der, &Limits::default())?;
        if reading.rest > 0 {
            let at = der.len().saturating_sub(reading.rest);
            reading.defects.push(Defect { at, what: DefectKind::Trailing { left: reading.rest } });
        }
        let (read, defects) = (reading.value, reading.defects);
        let digest = sha256(read.raw);
        let has = |oid: &str| read.extensions.iter().any(|extension| extension.oid.to_string() == oid);
        // Two of one kind say two things: such an authority is none (RFC 5280 4.2).
        let repeats = defects.iter().any(|defect| matches!(defect.what, DefectKind::RepeatedCertificateExtension(_)));
        // One that is there and cannot be read allows nothing.
        let key_usage = read.key_usage.or(has(KEY_USAGE).then_some(KeyUsage(0)));
        let purposes = read.extended_key_usage.as_ref().map(|usages| {
            let names = |wanted| usages.iter().any(|usage| [wanted, ANY_PURPOSE].contains(&&*usage.to_string()));
            Purposes { server: names(SERVER_AUTH), client: names(CLIENT_AUTH) }
        });
        let names = read.subject_alternative_names.as_deref().unwrap_or_default();
        let key = Key::of(&read.key);
        Ok(Entry {
            digest,
            version: read.version,
            subject: name_key(&read.subject),
            issuer: name_key(&read.issuer),
            common_names: common_names(&read.subject),
            not_before: instant(read.not_before),
            not_after: instant(read.not_after),
            key_kind: key.kind,
            key_digest: sha256(read.key.raw),
            key_unreadable: key.unreadable || defects.iter().any(|defect| defect.what == DefectKind::PublicKey),
            rsa_exponent: read.key.rsa.map(|rsa| rsa.exponent.into()),
            signed_part: read.tbs.into(),
            signature: read.signature.into(),
            signed: signed(&read.signature_algorithm),
            signature_algorithms_differ: read.inner_algorithm != read.signature_algorithm,
            is_authority: read.is_ca() && !repeats,
            path_length: read.basic_constraints.and_then(|constraints| constraints.path_length),
            signs_certificates: key_usage.is_none_or(|usage| usage.allows(KeyUsage::KEY_CERT_SIGN)),
            constrains_names: has(NAME_CONSTRAINTS),
            has_unknown_critical_extension: read
                .extensions
                .iter()
                .any(|extension| extension.critical && !UNDERSTOOD.contains(&&*extension.oid.to_string())),
            is_read_in_part: defects.iter().any(leaves_a_part_unread),
            usage: key_usage.map(|usage| Usage {
                signs: usage.allows(KeyUsage::DIGITAL_SIGNATURE),
                encrypts: usage.allows(KeyUsage(
                    KeyUsage::KEY_ENCIPHERMENT.0 | KeyUsage::DATA_ENCIPHERMENT.0 | KeyUsage::KEY_AGREEMENT.0,
                )),
            }),
            purposes,
            has_alternative_name: has(SUBJECT_ALTERNATIVE_NAME),
            dns_names: names.iter().filter_map(dns_name).collect(),
            addresses: names.iter().filter_map(address).collect(),
            subject_key_id: read.subject_key_id.map(Into::into),
            authority_key_id: read.authority_key_id.map(Into::into),
            words: words(&read, &key),
            key: key.key,
            defects,
        })
    }

    /// Whether the day holds a second of its validity.
    pub(super) fn is_valid(&self, on: Date) -> bool {
        matches!((self.not_before, self.not_after), (Some(from), Some(to)) if from.date() <= on && on <= to.date() && from <= to)
    }

    /// Whether the key that it says it was signed with is the one of `above`. `None` where one of them does not say.
    pub(super) fn names_key_of(&self, above: &Entry) -> Option<bool> {
        Some(self.authority_key_id.as_ref()? == above.subject_key_id.as_ref()?)
    }

    /// Whether a defect has no word of its own among the problems.
    pub(super) fn is_defective(&self) -> bool {
        self.defects.iter().any(|defect| {
            !matches!(
                defect.what,
                DefectKind::SignatureAlgorithmsDiffer
                    | DefectKind::UnknownCriticalExtension(_)
                    | DefectKind::ValidityReversed
                    | DefectKind::NotTime
                    | DefectKind::PublicKey
            )
        })
    }
}

fn leaves_a_part_unread(defect: &Defect) -> bool {
    matches!(
        defect.what,
        DefectKind::Short { .. }
            | DefectKind::Trailing { .. }
            | DefectKind::Limit { .. }
            | DefectKind::Tag { .. }
            | DefectKind::NotDer
            | DefectKind::Empty
    )
}

/// The key of a certificate: its kind, its words, and itself.
struct Key {
    kind: KeyKind,
    algorithm: Box<str>,
    curve: Option<Box<str>>,
    bits: u32,
    key: Option<PublicKey>,
    unreadable: bool,
}

impl Key {
    fn of(read: &certificate::PublicKey<'_>) -> Key {
        let algorithm = read.algorithm.oid.to_string();
        let curve = if algorithm == SM2 { Some(algorithm.clone()) } else { read.curve.map(|oid| oid.to_string()) };
        let row = curve.as_deref().and_then(registry::oid);
        let bits = read.bits.and_then(|bits| u32::try_from(bits).ok());
        let bits = bits.or(row.and_then(|row| row.bits).map(u32::from)).unwrap_or(0);
        let key = key_of(read);
        let plain = |kind, algorithm: &str, bits| Key {
            kind,
            algorithm: algorithm.into(),
            curve: None,
            bits,
            unreadable: key == Err(CryptoError::Key),
            key: key.clone().ok(),
        };
        match &*algorithm {
            "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => plain(KeyKind::Rsa, "RSA", bits),
            "1.2.840.10045.2.1" | SM2 => {
                let is_sm2 = curve.as_deref() == Some(SM2);
                Key {
                    curve: match (is_sm2, row, curve) {
                        (true, _, _) => Some("SM2".into()),
                        (_, Some(row), _) => Some(row.name.into()),
                        (_, None, curve) => curve.map(Into::into),
                    },
                    unreadable: is_sm2 && key.as_ref().is_ok_and(|key| key.sm2().is_err()),
                    ..if is_sm2 { plain(KeyKind::Sm2, "SM2", bits) } else { plain(KeyKind::Ecdsa, "ECDSA", bits) }
                }
            }
            "1.3.101.112" => Key { unreadable: read.bytes.len() != 32, ..plain(KeyKind::Other, "Ed25519", 256) },
            "1.3.101.113" => plain(KeyKind::Other, "Ed448", 456),
            "1.2.840.10040.4.1" => plain(KeyKind::Dsa, "DSA", bits),
            other => plain(KeyKind::Other, registry::oid(other).map_or(other, |row| row.name), bits),
        }
    }
}

fn words(read: &certificate::Certificate<'_>, key: &Key) -> Certificate {
    let text = |at: Option<UtcDateTime>| at.map(instant_text).unwrap_or_default().into();
    let names = read.subject_alternative_names.as_deref().unwrap_or_default();
    let purposes = read.extended_key_usage.as_deref().unwrap_or_default();
    Certificate {
        subject: read.subject.to_string().into(),
        issuer: read.issuer.to_string().into(),
        serial: read.serial_text().into(),
        key_alg: key.algorithm.clone(),
        curve: key.curve.clone(),
        key_bits: key.bits,
        sig_alg: signature_name(read.signature_algorithm.oid),
        not_before: text(instant(read.not_before)),
        not_after: text(instant(read.not_after)),
        key_usage: read.key_usage.iter().flat_map(|usage| usage.names()).map(Into::into).collect(),
        ext_key_usage: purposes.iter().map(|oid| registered(*oid)).collect(),
        names: names.iter().filter_map(name_text).collect(),
        is_ca: read.is_ca(),
        crl_uris: read.crl_uris.iter().map(|uri| uri.as_str().into()).collect(),
        ocsp_uris: read.ocsp_uris.iter().map(|uri| uri.as_str().into()).collect(),
        must_staple: read.tls_features.contains(&ExtensionType::STATUS_REQUEST.0),
        sha256: sha256_text(read.raw),
        position: None,
        sent_by: None,
        role: None,
        checked: None,
    }
}

/// The names that the standards give to signature algorithms where the registry has others: RFC 5758, RFC 3279, RFC 8410, and
/// GM/T 0006 as OpenSSL and its descendants write it.
const SIGNATURE_NAMES: &[(&str, &str)] = &[
    ("1.2.156.10197.1.501", "SM2-with-SM3"),
    ("1.2.156.10197.1.504", "RSA-with-SM3"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.2.840.10040.4.3", "dsa-with-SHA1"),
    ("2.16.840.1.101.3.4.3.1", "dsa-with-SHA224"),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-SHA256"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
];

fn signature_name(oid: Oid<'_>) -> Box<str> {
    let dotted = oid.to_string();
    let own = SIGNATURE_NAMES.iter().find(|(known, _)| *known == dotted).map(|(_, name)| (*name).into());
    own.unwrap_or_else(|| registered(oid))
}

/// The registry's name of an object identifier, or its dots.
fn registered(oid: Oid<'_>) -> Box<str> {
    let dotted = oid.to_string();
    registry::oid(&dotted).map_or_else(|| dotted.as_str().into(), |row| row.name.into())
}

fn instant(seconds: Option<i64>) -> Option<UtcDateTime> {
    UtcDateTime::from_unix_timestamp(seconds?).ok()
}

fn dns_name(name: &GeneralName<'_>) -> Option<Box<str>> {
    match name {
        GeneralName::Dns(text) => Some(text.as_str().into()),
        _ => None,
    }
}

fn address(name: &GeneralName<'_>) -> Option<IpAddr> {
    match name {
        GeneralName::Ip(address) => Some(*address),
        _ => None,
    }
}

fn name_text(name: &GeneralName<'_>) -> Option<Box<str>> {
    match name {
        GeneralName::Dns(text) | GeneralName::Email(text) | GeneralName::Uri(text) => Some(text.as_str().into()),
        GeneralName::Ip(address) => Some(address.to_string().into()),
        GeneralName::Directory(name) => Some(name.to_string().into()),
        GeneralName::Other { .. } => None,
    }
}

fn common_names(name: &Name<'_>) -> Vec<Box<str>> {
    let parts = name.attributes.iter().filter(|attribute| attribute.short() == Some("CN"));
    parts.filter_map(|attribute| attribute.text.as_deref().map(Into::into)).collect()
}

fn name_key(name: &Name<'_>) -> NameKey {
    let mut key = Vec::with_capacity(name.raw.len());
    for attribute in &name.attributes {
        let folded = attribute.text.as_ref().map(|text| {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ").to_lowercase().into_bytes()
        });
        let value = folded.as_deref().unwrap_or(attribute.raw);
        // Lengths before contents, so that no two names run into the same bytes.
        for part in [attribute.kind.0, value] {
            key.extend_from_slice(&part.len().to_be_bytes());
            key.extend_from_slice(part);
        }
        key.push(u8::from(attribute.joined));
        key.push(u8::from(folded.is_some()));
    }
    key.into()
}
