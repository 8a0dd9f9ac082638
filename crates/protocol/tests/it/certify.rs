//! Certificates of `vectors/certificates` against their ground truth, and chains that OpenSSL made against its verdicts.

use dengmi_core::{Chain, Date, KeyRole, date::read_date};
use dengmi_protocol::certify::{
    Asked, Certificates, Certified, Certifier, Layout, Limits, Problem, Purpose, ServiceName, read,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const ON: &str = "2026-11-25";

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/certificates")
}

/// The certificates of a PEM file, by OpenSSL's own base64: the reader of PEM is another room's.
pub(super) fn ders(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found = Vec::new();
    for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let body = block.split("-----END CERTIFICATE-----").next().unwrap();
        found.push(base64(body));
    }
    assert!(!found.is_empty(), "{} holds no certificate", path.display());
    found
}

fn base64(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=')
        .map(|byte| {
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                .iter()
                .position(|digit| *digit == byte)
                .unwrap() as u32
        })
        .collect();
    digits
        .chunks(4)
        .flat_map(|four| {
            let bits = four.iter().enumerate().fold(0, |bits, (index, digit)| bits | digit << (18 - 6 * index));
            bits.to_be_bytes()[1..four.len()].to_vec()
        })
        .collect()
}

pub(super) fn der(file: &str) -> Vec<u8> {
    ders(&folder().join(file)).remove(0)
}

fn certifier(roots: &[&str], ids: &[&[u8]]) -> Certifier {
    let mut set = Certificates::default();
    for root in roots {
        set.add(&der(root)).unwrap();
    }
    Certifier::new(set, Certificates::default(), ids.iter().map(|id| (*id).into()).collect(), Limits::default())
}

const ROOTS: &[&str] = &["sm2/root-ca.crt", "rsa/root-ca.crt", "ec/root-ca.crt"];

fn asked(layout: Layout, purpose: Purpose) -> Asked<'static> {
    Asked { on: day(ON), name: None, layout, purpose }
}

pub(super) fn day(text: &str) -> Date {
    read_date(text).unwrap()
}

fn certify(certifier: &mut Certifier, files: &[&str], asked: &Asked<'_>) -> Vec<Certified> {
    let ders: Vec<Vec<u8>> = files.iter().map(|file| der(file)).collect();
    certify_ders(certifier, &ders, asked)
}

fn certify_ders(certifier: &mut Certifier, ders: &[Vec<u8>], asked: &Asked<'_>) -> Vec<Certified> {
    let list: Vec<&[u8]> = ders.iter().map(Vec::as_slice).collect();
    certifier.certify(&list, asked).into_iter().map(Result::unwrap).collect()
}

fn chain(certified: &Certified) -> Chain {
    certified.certificate.checked.as_ref().unwrap().chain
}

#[derive(serde::Deserialize)]
pub(super) struct Truth {
    certificate: Vec<True>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct True {
    pub(super) file: String,
    subject: String,
    issuer: String,
    serial: String,
    key_alg: String,
    #[serde(default)]
    curve: Option<String>,
    key_bits: u32,
    sig_alg: String,
    not_before: String,
    not_after: String,
    #[serde(default)]
    key_usage: String,
    #[serde(default)]
    ext_key_usage: String,
    #[serde(default)]
    san: String,
    is_ca: bool,
    sha256: String,
    problems: Vec<String>,
}

pub(super) fn truth() -> Vec<True> {
    let text = fs::read_to_string(folder().join("certs.toml")).unwrap();
    let truth: Truth = toml::from_str(&text).unwrap();
    assert!(truth.certificate.len() > 40, "the ground truth is cut short");
    truth.certificate
}

/// The words for a sentence of the ground truth.
fn words(sentence: &str) -> &'static [Problem] {
    use Problem as P;
    match sentence {
        "self-signed" => &[P::SelfSigned],
        "expired" => &[P::Expired],
        "not yet valid" => &[P::NotYetValid],
        "SHA-1 issuer signature" => &[P::SignatureHashSha1],
        "MD5 issuer signature" => &[P::SignatureHashMd5],
        "SM2 key under an RSA CA" => &[P::Sm2KeyUnderOtherIssuer],
        "RSA key under an SM2 CA" => &[P::OtherKeyUnderSm2Issuer],
        "issuer signature does not verify with the default SM2 ID" => &[P::SignatureWrong],
        "the sign and encrypt certificates hold the same key" => &[P::SameKeyInBoth],
        "encryption certificate whose key usage allows signing only" => &[P::KeyUsageDoesNotEncrypt],
        "signing certificate whose key usage allows encryption only" => &[P::KeyUsageDoesNotSign],
        "key usage and extended key usage do not fit a server" => &[P::KeyUsageUnfit, P::ExtendedKeyUsageNotServer],
        "RSA key of 1024 bits" | "DSA key of 1024 bits" | "curve of 224 bits" => &[P::KeyTooShort],
        "public exponent 3" => &[P::PublicExponentSmall],
        "no subject alternative name" => &[P::NoSubjectAlternativeName],
        other => panic!("the ground truth says something that this test does not know: {other}"),
    }
}

/// The list in which a server would send the certificate, and the place of the certificate in it.
fn list(file: &str) -> (Vec<String>, usize, Layout) {
    let above = match file.split_once('/') {
        Some(("sm2", _)) => vec!["sm2/sub-ca.crt".to_owned(), "sm2/root-ca.crt".to_owned()],
        Some((folder, _)) => vec![format!("{folder}/root-ca.crt")],
        None => panic!("{file} is in no folder"),
    };
    let (list, place, layout) = if let Some(name) = file.strip_suffix("-sign.crt") {
        (vec![file.to_owned(), format!("{name}-enc.crt")], 0, Layout::Pair)
    } else if let Some(name) = file.strip_suffix("-enc.crt") {
        (vec![format!("{name}-sign.crt"), file.to_owned()], 1, Layout::Pair)
    } else if file.ends_with("-ca.crt") {
        (vec![file.to_owned()], 0, Layout::Loose)
    } else {
        (vec![file.to_owned()], 0, Layout::Chain)
    };
    let above: Vec<String> = above.into_iter().filter(|above| !list.contains(above)).collect();
    ([list, above].concat(), place, layout)
}

#[test]
fn every_certificate_has_the_problems_of_the_ground_truth_and_no_others() {
    let mut certifier = certifier(ROOTS, &[]);
    for truth in truth() {
        let (files, place, layout) = list(&truth.file);
        let purpose = if truth.file.contains("client") { Purpose::Client } else { Purpose::Server };
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let certified = certify(&mut certifier, &files, &asked(layout, purpose)).remove(place);

        let expected: BTreeSet<Problem> = truth.problems.iter().flat_map(|sentence| words(sentence)).copied().collect();
        let found: BTreeSet<Problem> = certified.problems.iter().copied().collect();
        assert_eq!(found, expected, "{}: {:?}", truth.file, certified.defects);
        let expected = match &*truth.file {
            file if file.ends_with("selfsigned.crt") => Chain::SelfSigned,
            "sm2/other-distid.crt" => Chain::Broken,
            _ => Chain::Trusted,
        };
        assert_eq!(chain(&certified), expected, "{}", truth.file);
        let checked = certified.certificate.checked.unwrap();
        let in_validity = !truth.problems.iter().any(|sentence| sentence == "expired" || sentence == "not yet valid");
        assert_eq!((checked.in_validity, checked.on), (in_validity, day(ON)), "{}", truth.file);
        let words: Vec<&str> = certified.problems.iter().map(|problem| problem.word()).collect();
        assert_eq!(checked.problems.iter().map(|word| &**word).collect::<Vec<_>>(), words, "{}", truth.file);
    }
}

#[test]
fn every_certificate_is_mapped_as_the_ground_truth_has_it() {
    for truth in truth() {
        let found = read(&der(&truth.file)).unwrap();
        let file = &truth.file;
        assert_eq!(*found.subject, *truth.subject, "{file}");
        assert_eq!(*found.issuer, *truth.issuer, "{file}");
        assert_eq!(*found.serial, *truth.serial, "{file}");
        let (algorithm, bits) = match (&*truth.key_alg, truth.curve.as_deref()) {
            ("id-ecPublicKey", Some("SM2")) => ("SM2", truth.key_bits),
            ("id-ecPublicKey", _) => ("ECDSA", truth.key_bits),
            ("rsaEncryption", _) => ("RSA", truth.key_bits),
            ("dsaEncryption", _) => ("DSA", truth.key_bits),
            // OpenSSL's text gives no size for these two
            ("ED25519", _) => ("Ed25519", 256),
            ("ED448", _) => ("Ed448", 456),
            other => panic!("{file}: {other:?}"),
        };
        assert_eq!((&*found.key_alg, found.key_bits), (algorithm, bits), "{file}");
        let curve = truth.curve.as_deref().map(|curve| if curve == "prime256v1" { "secp256r1" } else { curve });
        assert_eq!(found.curve.as_deref(), curve, "{file}");
        assert_eq!(*found.sig_alg, *truth.sig_alg, "{file}");
        assert_eq!(found.is_ca, truth.is_ca, "{file}");
        assert_eq!(*found.sha256, *truth.sha256, "{file}");
        for (ours, theirs) in [(&found.not_before, &truth.not_before), (&found.not_after, &truth.not_after)] {
            assert_eq!(**ours, *instant(theirs), "{file}");
        }
        let usage: Vec<&str> = found.key_usage.iter().map(|word| &**word).collect();
        assert_eq!(usage, separate(&truth.key_usage).map(key_usage).collect::<Vec<_>>(), "{file}");
        let purposes: Vec<&str> = found.ext_key_usage.iter().map(|word| &**word).collect();
        assert_eq!(purposes, separate(&truth.ext_key_usage).map(purpose).collect::<Vec<_>>(), "{file}");
        let names: Vec<&str> = found.names.iter().map(|word| &**word).collect();
        let expected = separate(&truth.san).map(|name| {
            name.strip_prefix("DNS:").or(name.strip_prefix("IP Address:")).unwrap_or_else(|| panic!("{file}: {name}"))
        });
        assert_eq!(names, expected.collect::<Vec<_>>(), "{file}");
        assert_eq!((found.position, found.role, found.checked), (None, None, None));
    }
}

fn separate(text: &str) -> impl Iterator<Item = &str> {
    text.split(", ").filter(|word| !word.is_empty())
}

fn key_usage(words: &str) -> &'static str {
    match words {
        "Digital Signature" => "digitalSignature",
        "Non Repudiation" => "nonRepudiation",
        "Key Encipherment" => "keyEncipherment",
        "Data Encipherment" => "dataEncipherment",
        "Key Agreement" => "keyAgreement",
        "Certificate Sign" => "keyCertSign",
        "CRL Sign" => "cRLSign",
        other => panic!("{other}"),
    }
}

fn purpose(words: &str) -> &'static str {
    match words {
        "TLS Web Server Authentication" => "serverAuth",
        "TLS Web Client Authentication" => "clientAuth",
        other => panic!("{other}"),
    }
}

/// `Nov 22 18:49:37 2026 GMT` as `2026-11-22T18:49:37Z`.
fn instant(text: &str) -> String {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| *month == parts[0]).unwrap() + 1;
    format!("{}-{month:02}-{:0>2}T{}Z", parts[3], parts[1], parts[2])
}

#[test]
fn a_pair_has_its_roles_and_a_missing_or_swapped_half_is_said() {
    use Problem as P;
    let mut certifier = certifier(ROOTS, &[]);
    let pair = asked(Layout::Pair, Purpose::Server);
    let mut check = |files: &[&str], expected: &[&[Problem]]| {
        let found = certify(&mut certifier, files, &pair);
        let problems: Vec<&[Problem]> = found.iter().map(|one| &*one.problems).collect();
        assert_eq!(problems, expected, "{files:?}");
        found.iter().map(|one| one.certificate.role).collect::<Vec<_>>()
    };
    let (signing, encryption) = (Some(KeyRole::Signing), Some(KeyRole::Encryption));
    let above: [&[Problem]; 2] = [&[], &[]];
    let with = |first: &'static [Problem], second: &'static [Problem]| [&[first, second][..], &above].concat();

    let good = ["sm2/server-sign.crt", "sm2/server-enc.crt", "sm2/sub-ca.crt", "sm2/root-ca.crt"];
    assert_eq!(check(&good, &with(&[], &[])), [signing, encryption, None, None]);
    let swapped = ["sm2/server-enc.crt", "sm2/server-sign.crt", "sm2/sub-ca.crt", "sm2/root-ca.crt"];
    check(&swapped, &with(&[P::KeyUsageDoesNotSign], &[P::KeyUsageDoesNotEncrypt]));
    let alone = ["sm2/server-sign.crt", "sm2/sub-ca.crt", "sm2/root-ca.crt"];
    assert_eq!(check(&alone, &[&[P::EncryptionCertificateMissing], &[], &[]]), [signing, None, None]);
    let twice = ["sm2/server-sign.crt", "sm2/server-sign.crt", "sm2/sub-ca.crt", "sm2/root-ca.crt"];
    check(&twice, &with(&[P::SameKeyInBoth], &[P::KeyUsageDoesNotEncrypt, P::SameKeyInBoth]));
    let strangers = ["sm2/server-sign.crt", "sm2/zh-enc.crt", "sm2/sub-ca.crt", "sm2/root-ca.crt"];
    check(&strangers, &with(&[P::PairSubjectsDiffer], &[P::PairSubjectsDiffer]));
    let two_issuers = ["sm2/server-sign.crt", "rsa/rsa2048.crt", "sm2/sub-ca.crt", "sm2/root-ca.crt"];
    check(&two_issuers, &with(&[P::PairIssuersDiffer], &[P::PairIssuersDiffer]));
}

#[test]
fn the_order_of_a_list_never_decides_how_far_a_chain_reaches() {
    let files = ["sm2/single.crt", "sm2/sub-ca.crt", "sm2/root-ca.crt", "rsa/rsa2048.crt", "rsa/root-ca.crt"];
    let results = |files: &[&str], roots: &[&str]| {
        let found = certify(&mut certifier(roots, &[]), files, &asked(Layout::Loose, Purpose::Server));
        let mut found: Vec<_> = found
            .into_iter()
            .map(|one| (one.certificate.subject.clone(), chain(&one), one.problems, one.issuers))
            .collect();
        found.sort_by(|one, other| one.0.cmp(&other.0).then(one.3.len().cmp(&other.3.len())));
        found
    };
    for roots in [&[][..], &["sm2/root-ca.crt"], &["rsa/root-ca.crt"], ROOTS] {
        let expected = results(&files, roots);
        for turn in 1..files.len() {
            let turned = [&files[turn..], &files[..turn]].concat();
            assert_eq!(results(&turned, roots), expected, "{turned:?} against {roots:?}");
            let back: Vec<&str> = turned.into_iter().rev().collect();
            assert_eq!(results(&back, roots), expected, "{back:?} against {roots:?}");
        }
    }
}

#[test]
fn a_chain_reaches_as_far_as_what_is_there() {
    use Problem as P;
    let nobody: &[u8] = b"nobody";
    for (files, roots, ids, expected, problems) in [
        (&["sm2/single.crt", "sm2/sub-ca.crt"][..], ROOTS, &[][..], Chain::Trusted, &[][..]),
        // the root is not given, or given in the list only
        (&["sm2/single.crt", "sm2/sub-ca.crt", "sm2/root-ca.crt"], &["rsa/root-ca.crt"], &[], Chain::UnknownRoot, &[]),
        (&["sm2/single.crt", "sm2/sub-ca.crt"], &["rsa/root-ca.crt"], &[], Chain::Incomplete, &[P::IssuerMissing]),
        (&["sm2/single.crt"], ROOTS, &[], Chain::Incomplete, &[P::IssuerMissing]),
        // any given certificate ends a chain
        (&["sm2/single.crt"], &["sm2/sub-ca.crt"], &[], Chain::Trusted, &[]),
        (&["sm2/selfsigned.crt"], &["sm2/selfsigned.crt"], &[], Chain::Trusted, &[]),
        (&["sm2/selfsigned.crt"], ROOTS, &[], Chain::SelfSigned, &[P::SelfSigned]),
        // another SM2 identifier
        (&["sm2/other-distid.crt", "sm2/sub-ca.crt"], ROOTS, &[], Chain::Broken, &[P::SignatureWrong]),
        (&["sm2/other-distid.crt", "sm2/sub-ca.crt"], ROOTS, &[nobody], Chain::Broken, &[P::SignatureWrong]),
        (
            &["sm2/other-distid.crt", "sm2/sub-ca.crt"],
            ROOTS,
            &[nobody, OTHER_ID],
            Chain::Trusted,
            &[P::Sm2IdNotDefault],
        ),
        // mixed chains hold
        (&["rsa/sm2-by-rsa.crt"], ROOTS, &[], Chain::Trusted, &[P::Sm2KeyUnderOtherIssuer]),
        (&["sm2/rsa-by-sm2.crt", "sm2/sub-ca.crt"], ROOTS, &[], Chain::Trusted, &[P::OtherKeyUnderSm2Issuer]),
    ] {
        let mut certifier = certifier(roots, ids);
        let found = certify(&mut certifier, files, &asked(Layout::Chain, Purpose::Server)).remove(0);
        assert_eq!((chain(&found), &*found.problems), (expected, problems), "{files:?} against {roots:?}");
        let id = (problems == [P::Sm2IdNotDefault]).then_some(OTHER_ID);
        assert_eq!(found.sm2_id.as_deref(), id, "{files:?}");
    }
}

/// The identifier under which the issuer signed `sm2/other-distid.crt`.
const OTHER_ID: &[u8] = b"TLSv1.3+GM+Cipher+Suite";

#[test]
fn names_are_looked_for_in_the_certificates_at_the_end_only() {
    use Problem as P;
    let mut certifier = certifier(ROOTS, &[]);
    for (file, name, expected, problems) in [
        ("rsa/rsa2048.crt", "peer.test", true, &[][..]),
        ("rsa/rsa2048.crt", "192.0.2.20", true, &[]),
        ("rsa/rsa2048.crt", "192.0.2.21", false, &[P::NameNotInCertificate]),
        ("rsa/rsa2048.crt", "other.test", false, &[P::NameNotInCertificate]),
        // the subject is e3.test, the alternative names are not
        ("rsa/e3.crt", "e3.test", false, &[P::PublicExponentSmall, P::NameNotInCertificate]),
        ("rsa/no-san.crt", "peer.test", false, &[P::NameOnlyInCommonName, P::NoSubjectAlternativeName]),
        ("rsa/no-san.crt", "other.test", false, &[P::NameNotInCertificate, P::NoSubjectAlternativeName]),
    ] {
        let service: ServiceName = name.parse().unwrap();
        let asked = Asked { name: Some(&service), ..asked(Layout::Chain, Purpose::Server) };
        let found = certify(&mut certifier, &[file, "rsa/root-ca.crt"], &asked);
        assert_eq!(found[0].certificate.checked.as_ref().unwrap().name_matches, Some(expected), "{file} for {name}");
        assert_eq!(found[0].problems, problems, "{file} for {name}");
        assert_eq!(found[1].certificate.checked.as_ref().unwrap().name_matches, None);
    }
}

#[test]
fn a_day_counts_as_a_whole() {
    let mut certifier = certifier(ROOTS, &[]);
    // 2021-03-01T00:00:01Z to 2021-05-30T00:00:01Z under a root from 2026-11-22
    for (on, expected) in [
        ("2021-02-28", &[Problem::IssuerNotInValidity, Problem::NotYetValid][..]),
        ("2021-03-01", &[Problem::IssuerNotInValidity]),
        ("2021-05-30", &[Problem::IssuerNotInValidity]),
        ("2021-05-31", &[Problem::IssuerNotInValidity, Problem::Expired]),
        ("2026-11-22", &[Problem::Expired]),
    ] {
        let mut asked = asked(Layout::Chain, Purpose::Server);
        asked.on = day(on);
        let found = certify(&mut certifier, &["rsa/expired.crt"], &asked).remove(0);
        let expected_chain =
            if expected.contains(&Problem::IssuerNotInValidity) { Chain::Incomplete } else { Chain::Trusted };
        assert_eq!((&*found.problems, chain(&found)), (expected, expected_chain), "{on}");
    }
}

/// The offset of the signed part's contents and its length: the second element of the outer SEQUENCE.
fn signed_part(der: &[u8]) -> std::ops::Range<usize> {
    let header = |at: usize| match der[at + 1] {
        length if length < 0x80 => (at + 2, usize::from(length)),
        0x81 => (at + 3, usize::from(der[at + 2])),
        _ => (at + 4, usize::from(der[at + 2]) << 8 | usize::from(der[at + 3])),
    };
    let (outer, _) = header(0);
    let (inner, length) = header(outer);
    inner..inner + length
}

#[test]
fn no_changed_byte_is_ever_trusted() {
    let mut certifier = certifier(ROOTS, &[]);
    let (mut broken, mut tried) = (0, 0);
    for truth in truth() {
        let original = der(&truth.file);
        let signed = signed_part(&original);
        let (files, _, _) = list(&truth.file);
        // Every byte of one small certificate, a sample of the others: signatures are slow without optimisation.
        let step = if truth.file == "sm2/single.crt" { 1 } else { signed.len() / 8 };
        for at in signed.clone().step_by(step) {
            let mut changed = original.clone();
            changed[at] ^= 0x01;
            let mut ders: Vec<Vec<u8>> =
                files.iter().filter(|file| **file != truth.file).map(|file| der(file)).collect();
            ders.insert(0, changed);
            let list: Vec<&[u8]> = ders.iter().map(Vec::as_slice).collect();
            tried += 1;
            // What cannot be read any more is not trusted either.
            if let Ok(found) = &certifier.certify(&list, &asked(Layout::Loose, Purpose::Server))[0] {
                assert!(
                    !matches!(chain(found), Chain::Trusted | Chain::UnknownRoot | Chain::SelfSigned),
                    "{} with byte {at} changed: {:?}",
                    truth.file,
                    found
                );
                broken += usize::from(chain(found) == Chain::Broken);
            }
        }
    }
    assert!(broken * 10 > tried * 7, "only {broken} of {tried} changes end as a broken chain");
}

#[test]
fn work_is_bounded() {
    let sub = der("sm2/sub-ca.crt");
    let leaf = der("sm2/single.crt");
    let mut many = vec![leaf.as_slice()];
    many.resize(40, sub.as_slice());
    let limits = Limits { certificates: 32, ..Limits::default() };
    let mut roots = Certificates::default();
    roots.add(&der("sm2/root-ca.crt")).unwrap();
    let mut certifier = Certifier::new(roots, Certificates::default(), Vec::new(), limits);
    assert_eq!(certifier.certify(&many, &asked(Layout::Chain, Purpose::Server)).len(), 32);

    for (limits, expected) in [
        (Limits { depth: 1, ..limits }, Chain::Incomplete),
        (Limits { depth: 2, ..limits }, Chain::Trusted),
        (Limits { signatures: 1, ..limits }, Chain::Incomplete),
        (Limits { signatures: 2, ..limits }, Chain::Trusted),
        (Limits { looks: 1, ..limits }, Chain::Incomplete),
        (Limits { looks: 2, ..limits }, Chain::Trusted),
    ] {
        let mut roots = Certificates::default();
        roots.add(&der("sm2/root-ca.crt")).unwrap();
        let mut certifier = Certifier::new(roots, Certificates::default(), Vec::new(), limits);
        let found = certify_ders(&mut certifier, &[leaf.clone(), sub.clone()], &asked(Layout::Chain, Purpose::Server));
        assert_eq!(chain(&found[0]), expected, "{limits:?}");
        assert_eq!(
            found[0].problems.contains(&Problem::ChainLimitReached),
            expected == Chain::Incomplete,
            "{limits:?}"
        );
    }
}
