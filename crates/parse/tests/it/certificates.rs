//! Every test certificate against what OpenSSL says of it, then damaged ones, bundles and keys.

use std::collections::BTreeSet;

use dengmi_parse::certificate::{BasicConstraints, Certificate, GeneralName, read_bundle, read_pem};
use dengmi_parse::{Defect, DefectKind, Limit, Limits, read_certificate};
use proptest::prelude::*;

use crate::capture::vectors;

/// OpenSSL's names for what is told by object identifiers here.
const NAMES: [(&str, &str); 25] = [
    ("1.2.840.10045.2.1", "id-ecPublicKey"),
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.10040.4.1", "dsaEncryption"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
    ("1.2.156.10197.1.301", "SM2"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.2.840.10045.3.1.7", "prime256v1"),
    ("1.3.132.0.33", "secp224r1"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.132.0.34", "secp384r1"),
    ("1.3.132.0.35", "secp521r1"),
    ("1.2.156.10197.1.501", "SM2-with-SM3"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.3.6.1.5.5.7.3.1", "TLS Web Server Authentication"),
    ("1.3.6.1.5.5.7.3.2", "TLS Web Client Authentication"),
    ("nonRepudiation", "Non Repudiation"),
    ("keyCertSign", "Certificate Sign"),
];

/// The words of keyUsage as OpenSSL prints them.
const USAGES: [(&str, &str); 5] = [
    ("digitalSignature", "Digital Signature"),
    ("keyEncipherment", "Key Encipherment"),
    ("dataEncipherment", "Data Encipherment"),
    ("keyAgreement", "Key Agreement"),
    ("cRLSign", "CRL Sign"),
];

fn openssl(name: &str) -> &str {
    let found = NAMES.iter().chain(&USAGES).find(|(ours, _)| *ours == name);
    found.unwrap_or_else(|| panic!("no name for {name}")).1
}

/// `Nov 17 18:50:07 2046 GMT` as seconds since 1970.
fn seconds(text: &str) -> i64 {
    let [month, day, clock, year, "GMT"] = text.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
    let month = "JanFebMarAprMayJunJulAugSepOctNovDec".find(month).unwrap() / 3;
    let number = |text: &str| text.parse::<i64>().unwrap();
    let [hour, minute, second] = clock.split(':').map(number).collect::<Vec<_>>()[..] else { panic!("{text}") };
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let year = number(year);
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let mut lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    lengths[1] += i64::from(leap(year));
    let days = years + lengths[..month].iter().sum::<i64>() + number(day) - 1;
    ((days * 24 + hour) * 60 + minute) * 60 + second
}

/// Checks the fields that truth files have in common: those of certs.toml and those of captures.
pub(crate) fn check(truth: &toml::Table, certificate: &Certificate<'_>, name: &str) {
    let text = |key: &str| truth.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    assert_eq!(certificate.subject.to_string(), text("subject"), "{name}");
    assert_eq!(certificate.issuer.to_string(), text("issuer"), "{name}");
    assert_eq!(certificate.serial_text(), text("serial"), "{name}");
    assert_eq!(openssl(&certificate.key.algorithm.oid.to_string()), text("key_alg"), "{name}");
    let curve = certificate.key.curve.map(|curve| curve.to_string());
    assert_eq!(curve.as_deref().map(openssl).unwrap_or_default(), text("curve"), "{name}");
    let bits = i64::try_from(certificate.key.bits.unwrap_or(0)).unwrap();
    assert_eq!(Some(bits), truth["key_bits"].as_integer(), "{name}");
    assert_eq!(openssl(&certificate.signature_algorithm.oid.to_string()), text("sig_alg"), "{name}");
    assert_eq!(certificate.not_after, Some(seconds(text("not_after"))), "{name}");
    let usage: Vec<_> = certificate.key_usage.iter().flat_map(|usage| usage.names()).map(openssl).collect();
    assert_eq!(usage.join(", "), text("key_usage"), "{name}");
    assert_eq!(certificate.is_ca(), truth["is_ca"].as_bool().unwrap(), "{name}");
}

fn truth() -> Vec<toml::Table> {
    let text = std::fs::read_to_string(vectors("certificates").join("certs.toml")).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    let toml::Value::Array(entries) = table.remove("certificate").unwrap() else { panic!("no certificates") };
    entries.into_iter().map(|entry| entry.as_table().unwrap().clone()).collect()
}

fn der(file: &str) -> Vec<u8> {
    let pem = std::fs::read(vectors("certificates").join(file)).unwrap();
    let [der] = &read_bundle(&pem, &Limits::DEFAULT).unwrap().value[..] else { panic!("{file} holds several") };
    der.clone()
}

#[test]
fn every_certificate_is_told_as_openssl_tells_it() {
    let truth = truth();
    assert_eq!(truth.len(), 45);
    for entry in &truth {
        let file = entry["file"].as_str().unwrap();
        let der = der(file);
        let reading = read_certificate(&der, &Limits::DEFAULT).unwrap();
        assert_eq!((&reading.defects[..], reading.rest), (&[][..], 0), "{file}");
        let certificate = reading.value;
        check(entry, &certificate, file);
        let text = |key: &str| entry.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        assert_eq!(certificate.not_before, Some(seconds(text("not_before"))), "{file}");
        let usages = certificate.extended_key_usage.unwrap_or_default();
        let usages: Vec<_> = usages.iter().map(|oid| openssl(&oid.to_string()).to_owned()).collect();
        assert_eq!(usages.join(", "), text("ext_key_usage"), "{file}");
        let names = certificate.subject_alternative_names.unwrap_or_default();
        let names = names.iter().map(|name| match name {
            GeneralName::Dns(name) => format!("DNS:{name}"),
            GeneralName::Ip(address) => format!("IP Address:{address}"),
            other => panic!("{file}: {other:?}"),
        });
        assert_eq!(names.collect::<Vec<_>>().join(", "), text("san"), "{file}");
        assert_eq!(certificate.version, 3, "{file}");
        assert_eq!(certificate.raw, der, "{file}");
        assert!(!certificate.signature.is_empty() && der[4..].starts_with(certificate.tbs), "{file}");
    }
}

#[test]
fn what_the_truth_file_does_not_name_is_told_too() {
    let root = der("sm2/sub-ca.crt");
    let root = read_certificate(&root, &Limits::DEFAULT).unwrap().value;
    let server = der("sm2/zh-sign.crt");
    let server = read_certificate(&server, &Limits::DEFAULT).unwrap().value;
    assert_eq!(server.authority_key_id, root.subject_key_id);
    assert!(root.subject_key_id.is_some() && !server.is_self_issued());
    assert_eq!((server.subject.part("CN"), server.subject.part("OU")), (Some("测试服务器"), None));
    assert_eq!(root.basic_constraints.map(|constraints| constraints.ca), Some(true));
    assert_eq!((server.key.bytes.len(), server.key.bytes[0]), (65, 4));
    let e3 = der("rsa/e3.crt");
    let rsa = read_certificate(&e3, &Limits::DEFAULT).unwrap().value.key.rsa.unwrap();
    assert_eq!((rsa.exponent, rsa.modulus.len()), (&[3][..], 256));
}

#[test]
fn bundles_hold_their_certificates_in_order() {
    for (file, subjects) in [
        ("sm2/dual-chain.pem", &["peer.test", "peer.test", "Test SM2 Sub CA", "Test SM2 Root CA"][..]),
        ("sm2/ca-bundle.pem", &["Test SM2 Root CA", "Test SM2 Sub CA"]),
    ] {
        let pem = std::fs::read(vectors("certificates").join(file)).unwrap();
        let bundle = read_bundle(&pem, &Limits::DEFAULT).unwrap();
        let one_behind_the_other = bundle.value.concat();
        assert_eq!(read_bundle(&one_behind_the_other, &Limits::DEFAULT).unwrap().value, bundle.value, "{file}");
        let found: BTreeSet<String> = bundle.value.iter().map(|der| common_name(der)).collect();
        assert_eq!(found, subjects.iter().map(|&name| name.to_owned()).collect(), "{file}");
        assert_eq!((bundle.value.len(), bundle.defects), (subjects.len(), vec![]), "{file}");
    }
}

fn common_name(der: &[u8]) -> String {
    read_certificate(der, &Limits::DEFAULT).unwrap().value.subject.part("CN").unwrap().to_owned()
}

/// A certificate put together here, so that any part of it can be wrong.
#[derive(Clone)]
struct Parts {
    version: Vec<u8>,
    serial: Vec<u8>,
    inner: Vec<u8>,
    outer: Vec<u8>,
    validity: Vec<u8>,
    key: Vec<u8>,
    extensions: Vec<Vec<u8>>,
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [header, content.to_vec()].concat()
}

const SM2_WITH_SM3: &[u8] = &[0x06, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75];

impl Parts {
    fn sound() -> Parts {
        let times = [tlv(0x17, b"260101000000Z"), tlv(0x18, b"20600101000000Z")].concat();
        let curve = [
            &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1][..],
            &[0x06, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d],
        ]
        .concat();
        Parts {
            version: vec![0xa0, 3, 2, 1, 2],
            serial: tlv(2, &[0x12, 0x34]),
            inner: tlv(0x30, SM2_WITH_SM3),
            outer: tlv(0x30, SM2_WITH_SM3),
            validity: tlv(0x30, &times),
            key: tlv(0x30, &[tlv(0x30, &curve), tlv(3, &[&[0, 4][..], &[9; 64]].concat())].concat()),
            extensions: vec![],
        }
    }

    fn der(&self) -> Vec<u8> {
        let name = tlv(0x30, &tlv(0x31, &tlv(0x30, &[&[0x06, 3, 0x55, 4, 3][..], &tlv(0x0c, b"x")].concat())));
        let mut tbs = [&self.version[..], &self.serial, &self.inner, &name, &self.validity, &name, &self.key].concat();
        if !self.extensions.is_empty() {
            tbs.extend(tlv(0xa3, &tlv(0x30, &self.extensions.concat())));
        }
        tlv(0x30, &[tlv(0x30, &tbs), self.outer.clone(), tlv(3, &[0, 1, 2])].concat())
    }
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { &[1, 1, 0xff][..] } else { &[] };
    tlv(0x30, &[&tlv(6, oid), critical, &tlv(4, value)].concat())
}

fn key_usage(bits: &[u8]) -> Vec<u8> {
    extension(&[0x55, 0x1d, 15], true, &tlv(3, bits))
}

fn defects_of(change: impl Fn(&mut Parts)) -> Vec<DefectKind> {
    let mut parts = Parts::sound();
    change(&mut parts);
    let der = parts.der();
    let reading = read_certificate(&der, &Limits::DEFAULT).unwrap();
    reading.defects.into_iter().map(|defect| defect.what).collect()
}

#[test]
fn what_is_wrong_with_a_certificate_is_named() {
    type Change = fn(&mut Parts);
    let cases: [(Change, DefectKind); 18] = [
        (|parts| parts.version = vec![0xa0, 3, 2, 1, 7], DefectKind::CertificateVersion(7)),
        (|parts| parts.version = vec![0xa0, 4, 2, 2, 1, 2], DefectKind::CertificateVersion(2)),
        (|parts| parts.serial = tlv(2, &[0]), DefectKind::SerialNotPositive),
        (|parts| parts.serial = tlv(2, &[0x80]), DefectKind::SerialNotPositive),
        (|parts| parts.serial = tlv(2, &[1; 21]), DefectKind::TooLong { found: 21, most: 20 }),
        (|parts| parts.serial = tlv(2, &[0, 1]), DefectKind::NotMinimal),
        (|parts| parts.outer = tlv(0x30, &[SM2_WITH_SM3, &[5, 0]].concat()), DefectKind::SignatureAlgorithmsDiffer),
        (
            |parts| {
                parts.validity = tlv(0x30, &[tlv(0x17, b"270101000000Z"), tlv(0x17, b"260101000000Z")].concat());
            },
            DefectKind::ValidityReversed,
        ),
        (
            |parts| {
                parts.validity = tlv(0x30, &[tlv(0x17, b"261301000000Z"), tlv(0x17, b"270101000000Z")].concat());
            },
            DefectKind::NotTime,
        ),
        (|parts| *parts.key.last_chunk_mut::<65>().unwrap() = [5; 65], DefectKind::PublicKey),
        (
            |parts| parts.extensions = vec![extension(&[0x2a, 3], true, &[5, 0])],
            DefectKind::UnknownCriticalExtension("1.2.3".into()),
        ),
        (
            |parts| parts.extensions = vec![extension(&[0x2a, 3], false, &[5, 0]); 2],
            DefectKind::RepeatedCertificateExtension("1.2.3".into()),
        ),
        (
            |parts| {
                parts.version = vec![];
                parts.extensions = vec![extension(&[0x2a, 3], false, &[5, 0])];
            },
            DefectKind::ExtensionsBeforeVersion3,
        ),
        (
            |parts| parts.extensions = vec![extension(&[0x55, 0x1d, 15], true, &[4, 1, 0])],
            DefectKind::Tag { wanted: 3, found: 4 },
        ),
        (|parts| parts.extensions = vec![key_usage(&[8, 0x80])], DefectKind::UnusedBits(8)),
        (|parts| parts.extensions = vec![key_usage(&[7])], DefectKind::UnusedBits(7)),
        (|parts| parts.extensions = vec![key_usage(&[7, 0xff])], DefectKind::UnusedBits(7)),
        (
            |parts| parts.extensions = vec![extension(&[0x55, 0x1d, 19], true, &[0x30, 3, 1, 1, 1])],
            DefectKind::Boolean(1),
        ),
    ];
    assert_eq!(defects_of(|_| ()), []);
    for (change, expected) in cases {
        assert_eq!(defects_of(change), [expected]);
    }
}

#[test]
fn only_bits_that_are_there_are_usages() {
    for (bits, usage) in [
        (&[0, 0xff, 0x80][..], 0xff80),
        (&[7, 0xff, 0x80], 0xff80),
        (&[7, 0xff], 0x8000),
        (&[3, 0xff], 0xf800),
        (&[0], 0),
        (&[9, 0xff], 0),
    ] {
        let mut parts = Parts::sound();
        parts.extensions = vec![key_usage(bits)];
        let der = parts.der();
        let found = read_certificate(&der, &Limits::DEFAULT).unwrap().value.key_usage;
        assert_eq!(found.map(|found| found.0), Some(usage), "{bits:?}");
    }
}

#[test]
fn extensions_that_the_test_certificates_lack_are_read() {
    let mut parts = Parts::sound();
    let uri = |uri: &[u8]| tlv(0x86, uri);
    let points = tlv(0x30, &tlv(0x30, &tlv(0xa0, &tlv(0xa0, &uri(b"http://crl.test/a")))));
    let access =
        |last: u8, address: &[u8]| tlv(0x30, &[tlv(6, &[0x2b, 6, 1, 5, 5, 7, 48, last]), uri(address)].concat());
    let accesses = tlv(0x30, &[access(1, b"http://ocsp.test"), access(2, b"http://ca.test")].concat());
    let names = [
        tlv(0x81, b"a@peer.test"),
        uri(b"https://peer.test"),
        tlv(0x87, &[0; 16]),
        tlv(0xa4, &tlv(0x30, &[])),
        tlv(0x88, &[0x2a, 3]),
        tlv(0x87, &[0; 5]),
    ];
    parts.extensions = vec![
        extension(&[0x55, 0x1d, 31], false, &points),
        extension(&[0x2b, 6, 1, 5, 5, 7, 1, 1], false, &accesses),
        extension(&[0x55, 0x1d, 17], false, &tlv(0x30, &names.concat())),
        extension(&[0x55, 0x1d, 19], true, &[0x30, 6, 1, 1, 0xff, 2, 1, 3]),
    ];
    let der = parts.der();
    let reading = read_certificate(&der, &Limits::DEFAULT).unwrap();
    let certificate = reading.value;
    assert_eq!(certificate.crl_uris, ["http://crl.test/a"]);
    assert_eq!(
        (certificate.ocsp_uris, certificate.issuer_uris),
        (vec!["http://ocsp.test".into()], vec!["http://ca.test".into()])
    );
    assert_eq!(certificate.basic_constraints, Some(BasicConstraints { ca: true, path_length: Some(3) }));
    let names = certificate.subject_alternative_names.unwrap();
    assert_eq!(
        names[..3],
        [
            GeneralName::Email("a@peer.test".into()),
            GeneralName::Uri("https://peer.test".into()),
            GeneralName::Ip(std::net::Ipv6Addr::UNSPECIFIED.into()),
        ]
    );
    assert!(matches!(&names[3], GeneralName::Directory(name) if name.attributes.is_empty()));
    assert_eq!(
        names[4..],
        [GeneralName::Other { tag: 0x88, bytes: &[0x2a, 3] }, GeneralName::Other { tag: 0x87, bytes: &[0; 5] },]
    );
    let found: Vec<_> = reading.defects.into_iter().map(|defect| defect.what).collect();
    assert_eq!(found, [DefectKind::Uneven { length: 5, element: 4 }]);
}

#[test]
fn certificates_are_read_up_to_each_limit() {
    let mut parts = Parts::sound();
    let names = tlv(0x30, &[tlv(0x82, b"a"), tlv(0x82, b"b")].concat());
    parts.extensions = vec![extension(&[0x55, 0x1d, 17], false, &names), extension(&[0x2a, 3], false, &[])];
    let der = parts.der();
    let size = der.len();
    let limited = |limits: Limits| {
        read_certificate(&der, &limits).map(|reading| (reading.value.extensions.len(), reading.defects))
    };
    assert_eq!(limited(Limits { certificate: size, ..Limits::DEFAULT }), Ok((2, vec![])));
    let what = DefectKind::Limit { limit: Limit::Certificate, most: size - 1, found: size };
    assert_eq!(limited(Limits { certificate: size - 1, ..Limits::DEFAULT }), Err(Defect { at: 0, what }));
    for (limit, with) in [
        (Limit::Extensions, (|extensions| Limits { extensions, ..Limits::DEFAULT }) as fn(usize) -> Limits),
        (Limit::Elements, |elements| Limits { elements, ..Limits::DEFAULT }),
    ] {
        assert_eq!(limited(with(2)), Ok((2, vec![])), "{limit}");
        let (_, defects) = limited(with(1)).unwrap();
        assert!(
            matches!(defects[..], [Defect { what: DefectKind::Limit { limit: found, most: 1, found: 2 }, .. }] if found == limit)
        );
    }
}

#[test]
fn certificates_cut_anywhere_or_changed_in_any_byte_are_read_without_panic() {
    for file in ["sm2/zh-sign.crt", "rsa/pss.crt", "ec/dsa1024.crt", "ec/p521.crt", "sm2/sub-ca.crt"] {
        let der = der(file);
        for end in 0..der.len() {
            assert!(read_certificate(&der[..end], &Limits::DEFAULT).is_err(), "{file} cut at {end}");
        }
        let mut changed = der.clone();
        for at in 0..der.len() {
            for value in [!der[at], 0, 0xff, 0x80, 0x84, der[at].wrapping_add(1), der[at] ^ 0x20] {
                changed[at] = value;
                if let Ok(reading) = read_certificate(&changed, &Limits::DEFAULT) {
                    let certificate = reading.value;
                    let _ =
                        (certificate.subject.to_string(), certificate.issuer.to_string(), certificate.serial_text());
                    assert!(reading.defects.len() <= Limits::DEFAULT.defects + 1);
                    reading.defects.iter().for_each(|defect| assert!(defect.at <= der.len(), "{file}: {defect}"));
                }
            }
            changed[at] = der[at];
        }
    }
}

#[test]
fn files_cut_anywhere_or_changed_in_any_byte_are_read_without_panic() {
    for file in ["sm2/server-sign.key", "rsa/rsa1024.key", "ec/ed25519.key"] {
        let pem = std::fs::read(vectors("certificates").join(file)).unwrap();
        (0..pem.len()).for_each(|end| {
            let _ = read_pem(&pem[..end], &Limits::DEFAULT);
        });
        let mut changed = pem.clone();
        for at in 0..pem.len() {
            for value in [!pem[at], b'A', b'/', b'-', b'\n'] {
                changed[at] = value;
                let _ = (read_pem(&changed, &Limits::DEFAULT), read_bundle(&changed, &Limits::DEFAULT));
            }
            changed[at] = pem[at];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (read_certificate(&bytes, &Limits::DEFAULT), read_bundle(&bytes, &Limits::DEFAULT));
        let _ = read_pem(&bytes, &Limits::DEFAULT);
        let wrapped = tlv(0x30, &[tlv(0x30, &bytes), tlv(0x30, SM2_WITH_SM3), vec![3, 1, 0]].concat());
        let _ = read_certificate(&wrapped, &Limits::DEFAULT);
    }
}
