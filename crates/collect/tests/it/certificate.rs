//! `dengmi_collect::certificate` on the files of `vectors/certificates` and on what people give by mistake.

use crate::probe::peer::{OPENSSL, missing};
use dengmi_collect::certificate::{
    CertificateError, Collected, FileProblem, FileRead, NotACertificate, Request, collect, trusted,
};
use dengmi_core::{
    Chain, Fact, KeyRole, Observation, Reach, Where,
    date::{read_date, read_instant},
};
use dengmi_parse::{Limits, certificate::read_bundle};
use dengmi_protocol::certify::{Layout, Problem, Purpose, sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn vectors(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/certificates").join(file)
}

/// A folder for what one test makes.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // What an earlier run left would be taken for this run's.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn request(paths: &[PathBuf]) -> Request {
    Request {
        paths: paths.to_vec(),
        roots: ["sm2", "rsa", "ec"].map(|kind| vectors(kind).join("root-ca.crt")).to_vec(),
        system_roots: false,
        between: vec![vectors("sm2/sub-ca.crt")],
        name: None,
        sm2_ids: Vec::new(),
        layout: None,
        purpose: Purpose::Server,
        on: read_date("2026-11-25").unwrap(),
        at: read_instant("2026-11-25T09:00:00Z").unwrap(),
        tool: "certificate 0.1.0".into(),
    }
}

fn one(paths: &[PathBuf]) -> FileRead {
    let Collected { mut files, .. } = collect(&request(paths)).unwrap();
    assert_eq!(files.len(), 1);
    files.remove(0)
}

fn problems(file: &FileRead) -> Vec<&[Problem]> {
    file.certificates.iter().map(|found| &*found.certified.as_ref().unwrap().problems).collect()
}

fn der(file: &str) -> Vec<u8> {
    read_bundle(&fs::read(vectors(file)).unwrap(), &Limits::default()).unwrap().value.remove(0)
}

#[test]
fn where_revocation_can_be_asked_is_told_and_not_asked() {
    if missing(OPENSSL) {
        return;
    }
    let folder = scratch("revocation");
    for (name, extensions) in [
        (
            "all",
            &[
                "tlsfeature=status_request",
                "crlDistributionPoints=URI:http://crl.test/a",
                "authorityInfoAccess=OCSP;URI:http://ocsp.test/",
            ][..],
        ),
        ("other", &["tlsfeature=status_request_v2"]),
        ("none", &[]),
    ] {
        let file = folder.join(format!("{name}.crt"));
        let mut command = Command::new(OPENSSL.0);
        command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=revoked.test", "-days", "9"]);
        command.args(extensions.iter().flat_map(|extension| ["-addext", extension]));
        command.arg("-keyout").arg(folder.join("key.pem")).arg("-out").arg(&file);
        assert!(command.output().unwrap().status.success(), "{name}");
        let found = one(&[file]);
        let Ok(certified) = &found.certificates[0].certified else { panic!("{name}") };
        let expected = if name == "all" { "CRL http://crl.test/a, OCSP http://ocsp.test/, must-staple" } else { "" };
        assert_eq!(certified.certificate.revocation(), expected, "{name}");
    }
}

#[test]
fn a_pair_in_a_bundle_is_found_and_each_observation_points_at_its_bytes() {
    let path = vectors("sm2/dual-chain.pem");
    let file = one(std::slice::from_ref(&path));
    assert_eq!((file.layout, file.named, file.problem.is_none()), (Layout::Pair, true, true));
    assert_eq!(problems(&file), [&[][..]; 4]);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(file.artifacts.len(), 1);
    assert_eq!((file.artifacts[0].name, &file.artifacts[0].bytes), (sha256(&bytes), &bytes));

    let roles = [Some(KeyRole::Signing), Some(KeyRole::Encryption), None, None];
    for (number, found) in file.certificates.iter().enumerate() {
        let observation = &found.observation;
        let Fact::Certificate(certificate) = &observation.fact else { panic!("{:?}", observation.fact) };
        assert_eq!(certificate.position, Some(number as u32));
        assert_eq!(certificate.role, roles[number]);
        assert_eq!(certificate.checked.as_ref().unwrap().chain, Chain::Trusted);
        assert_eq!(observation.reach, Reach::Seen);
        // The line of an exchange file reads back to the same.
        assert_eq!(&Observation::read(&observation.line().unwrap()).unwrap(), observation);

        let place = observation.place.as_ref().unwrap();
        assert_eq!(place.artifact, file.artifacts[0].name);
        let Where::Bytes(from, length) = place.at else { panic!("{}", place.at) };
        let block = &bytes[from as usize..from as usize + length as usize];
        let inside = read_bundle(block, &Limits::default()).unwrap().value;
        assert_eq!(inside.len(), 1);
        assert_eq!(sha256(&inside[0]).to_string(), format!("sha256:{}", certificate.sha256));
    }
}

#[test]
fn every_form_of_a_file_gives_the_same_certificate() {
    let folder = scratch("certificate-forms");
    let (first, second) = (der("rsa/rsa2048.crt"), der("ec/p256.crt"));
    let pem = fs::read_to_string(vectors("rsa/rsa2048.crt")).unwrap();
    let bare: String = pem.lines().filter(|line| !line.starts_with("-----")).collect::<Vec<_>>().join("\r\n");
    let whole = [Where::Whole];
    let behind = [Where::Bytes(0, first.len() as u32), Where::Bytes(first.len() as u64, second.len() as u32)];
    let cut_off = [Where::Bytes(0, first.len() as u32), Where::Bytes(first.len() as u64, 9)];
    for (name, bytes, places, unreadable) in [
        ("one.der", first.clone(), &whole[..], 0),
        ("bare.txt", bare.into_bytes(), &whole, 0),
        ("two.der", [&*first, &second].concat(), &behind, 0),
        // the second one is cut off: a row of its own
        ("cut.der", [&*first, &second[..9]].concat(), &cut_off, 1),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let file = one(&[path]);
        let found: Vec<Where> =
            file.certificates.iter().map(|found| found.observation.place.as_ref().unwrap().at).collect();
        assert_eq!(found, places, "{name}");
        let certified = file.certificates[0].certified.as_ref().unwrap();
        assert_eq!(*certified.certificate.sha256, sha256(&first).to_string()["sha256:".len()..], "{name}");
        let lost: Vec<Reach> = file
            .certificates
            .iter()
            .filter(|found| found.certified.is_err())
            .map(|found| found.observation.reach)
            .collect();
        assert_eq!(lost, vec![Reach::Undecodable; unreadable], "{name}");
    }
}

#[test]
fn what_is_given_by_mistake_is_named() {
    use NotACertificate as N;
    let folder = scratch("certificate-mistakes");
    let written = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let large = folder.join("large");
    fs::File::create(&large).unwrap().set_len(dengmi_collect::certificate::FILE_LIMIT + 1).unwrap();
    let largest = folder.join("largest");
    fs::File::create(&largest).unwrap().set_len(dengmi_collect::certificate::FILE_LIMIT).unwrap();
    for (path, expected) in [
        (written("empty", b""), N::Empty.to_string()),
        (written("text", b"a certificate, they said"), N::Unknown.to_string()),
        (largest, N::Unknown.to_string()),
        (vectors("rsa/rsa2048.key"), N::PrivateKey.to_string()),
        (vectors("certs.toml"), N::Unknown.to_string()),
        (large, format!("has {} bytes", (16 << 20) + 1)),
        (folder.join("absent"), "cannot be read: No such file".to_owned()),
        (PathBuf::from("/dev/zero"), "it is no regular file".to_owned()),
        (written("other.der", &[0x30, 0x03, 0x30, 0x01, 0x00]), "DER that is no certificate: byte".to_owned()),
    ] {
        let file = one(std::slice::from_ref(&path));
        let problem = file.problem.unwrap().to_string();
        assert!(problem.contains(&expected), "{}: {problem}", path.display());
        assert!(file.certificates.is_empty() && file.artifacts.is_empty() && file.named, "{}", path.display());
    }
}

#[test]
fn a_private_key_beside_a_certificate_is_kept_nowhere() {
    let path = scratch("certificate-with-key").join("both.pem");
    let texts = ["rsa/rsa2048.key", "rsa/rsa2048.crt"].map(|file| fs::read_to_string(vectors(file)).unwrap());
    fs::write(&path, texts.concat()).unwrap();
    let file = one(&[path]);
    let der = der("rsa/rsa2048.crt");
    assert_eq!(file.artifacts.len(), 1);
    assert_eq!(file.artifacts[0].bytes, der);
    let place = file.certificates[0].observation.place.as_ref().unwrap();
    assert_eq!((place.artifact, place.at), (sha256(&der), Where::Whole));
}

#[test]
fn a_folder_is_read_to_the_bottom_and_keys_in_it_are_no_end() {
    let Collected { files, roots } = collect(&request(&[vectors("")])).unwrap();
    assert_eq!(roots, 3);
    assert!(files.iter().all(|file| !file.named));
    let mut paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let count =
        |ending: &str| paths.iter().filter(|path| path.extension().is_some_and(|found| found == ending)).count();
    let (certificates, keys) = (count("crt"), count("key"));
    assert!(certificates > 40 && keys > 40, "{certificates} certificates and {keys} keys");
    for file in &files {
        let is_key = file.path.extension().is_some_and(|found| found == "key");
        let is_named_key = matches!(&file.problem, Some(FileProblem::NotACertificate(NotACertificate::PrivateKey)));
        assert_eq!(is_key, is_named_key, "{}", file.path.display());
        assert_eq!(file.artifacts.is_empty(), file.certificates.is_empty(), "{}", file.path.display());
    }
    let sorted = paths.clone();
    paths.sort();
    assert_eq!(paths, sorted, "the order of a folder is that of names");
}

#[test]
fn roots_decide_and_roots_that_cannot_be_read_end_the_work() {
    let path = [vectors("rsa/rsa2048.crt")];
    let chain = |roots: &[PathBuf]| {
        let file = collect(&Request { roots: roots.to_vec(), ..request(&path) }).unwrap().files.remove(0);
        file.certificates[0].certified.as_ref().unwrap().certificate.checked.as_ref().unwrap().chain
    };
    assert_eq!(chain(&[]), Chain::Incomplete);
    assert_eq!(chain(&[vectors("rsa/root-ca.crt")]), Chain::Trusted);
    // a folder of everything: its authorities are trusted, its leaves are not
    assert_eq!(chain(&[vectors("rsa")]), Chain::Trusted);
    assert_eq!(trusted(&[vectors("rsa")], false).unwrap().len(), 1);
    assert_eq!(chain(&[vectors("ec")]), Chain::Incomplete);
    // a file that is named is trusted, whatever it is
    assert_eq!(chain(&[vectors("rsa/rsa2048.crt")]), Chain::Trusted);

    let empty = scratch("certificate-no-roots");
    for (root, expected) in [
        (vectors("rsa/rsa2048.key"), "private key"),
        (empty.join("absent"), "No such file"),
        (empty, "no certificate of an authority"),
    ] {
        let error = collect(&Request { roots: vec![root], ..request(&path) }).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!matches!(error, CertificateError::NoSystemStore));
    }
}

#[test]
fn another_sm2_identifier_and_another_layout_are_passed_on() {
    let path = [vectors("sm2/other-distid.crt")];
    let mut asked = request(&path);
    assert_eq!(problems(&collect(&asked).unwrap().files[0]), [[Problem::SignatureWrong]]);
    asked.sm2_ids = vec![b"TLSv1.3+GM+Cipher+Suite"[..].into()];
    assert_eq!(problems(&collect(&asked).unwrap().files[0]), [[Problem::Sm2IdNotDefault]]);
    asked.layout = Some(Layout::Pair);
    let expected = [[Problem::Sm2IdNotDefault, Problem::EncryptionCertificateMissing]];
    assert_eq!(problems(&collect(&asked).unwrap().files[0]), expected);
    asked.layout = None;
    asked.name = Some("nobody.test".parse().unwrap());
    assert_eq!(
        problems(&collect(&asked).unwrap().files[0]),
        [[Problem::Sm2IdNotDefault, Problem::NameNotInCertificate]]
    );
}
