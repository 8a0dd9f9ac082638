//! The same chains given to `openssl verify` of Debian: it accepts what we accept, and nothing else.

use super::certify::{day, der, ders, folder, truth};
use super::peer::{OPENSSL, openssl_is_missing};
use dengmi_core::{Chain, date::date_text};
use dengmi_protocol::certify::{Asked, Certificates, Certified, Certifier, Layout, Limits, Problem, Purpose, read};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn openssl(arguments: &[&str]) -> Output {
    Command::new(OPENSSL).args(arguments).output().unwrap()
}

/// Runs `openssl` where it must succeed.
fn made(arguments: &[&str]) {
    let output = openssl(arguments);
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Whether `openssl verify` accepts the certificate at noon of the day, and what it says.
fn openssl_accepts(
    certificate: &Path,
    roots: &Path,
    between: Option<&Path>,
    on: &str,
    more: &[&str],
) -> (bool, String) {
    let noon = dengmi_core::date::read_instant(&format!("{on}T12:00:00Z")).unwrap().unix_timestamp().to_string();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    // Level 0: short keys and old hashes are problems of their own, not of the chain.
    let mut arguments = vec!["verify".to_owned(), "-auth_level".into(), "0".into(), "-attime".into(), noon];
    arguments.extend(["-no-CAfile", "-no-CApath", "-CAfile"].map(String::from));
    arguments.push(text(roots));
    if let Some(between) = between {
        arguments.extend(["-untrusted".to_owned(), text(between)]);
    }
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    arguments.push(text(certificate));
    let output = openssl(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// What a careful reader accepts: a trusted chain on a day of the validity, and nothing critical that is not
/// understood.
fn we_accept(certified: &Certified) -> bool {
    let checked = certified.certificate.checked.as_ref().unwrap();
    checked.chain == Chain::Trusted
        && checked.in_validity
        && !certified.problems.contains(&Problem::UnknownCriticalExtension)
}

fn certified(list: &[Vec<u8>], roots: &[Vec<u8>], on: &str) -> Certified {
    let mut given = Certificates::default();
    roots.iter().for_each(|root| given.add(root).unwrap());
    let mut certifier = Certifier::new(given, Certificates::default(), Vec::new(), Limits::default());
    let asked = Asked { on: day(on), name: None, layout: Layout::Chain, purpose: Purpose::Unstated };
    let list: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
    certifier.certify(&list, &asked).remove(0).unwrap()
}

/// A folder for what this run makes.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // What an earlier run left would be taken for this run's.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn openssl_agrees_on_every_certificate_of_the_vectors() {
    if openssl_is_missing() {
        return;
    }
    let scratch = scratch("certify-vectors");
    // OpenSSL 3.0 uses the SM2 identifier for the certificate at the end alone, so the authority above it must be
    // trusted.
    let roots = ["sm2/sub-ca.crt", "sm2/root-ca.crt", "rsa/root-ca.crt", "ec/root-ca.crt"];
    let bundle = scratch.join("roots.pem");
    let text: String = roots.iter().map(|root| fs::read_to_string(folder().join(root)).unwrap()).collect();
    fs::write(&bundle, text).unwrap();
    let roots = roots.map(der);
    let (mut accepted, mut refused) = (0, 0);
    for truth in truth() {
        let path = folder().join(&truth.file);
        for on in ["2026-11-25", "2021-04-01", "2060-06-01"] {
            let sm2 = ["-partial_chain", "-vfyopt", "distid:1234567812345678"];
            let more = if truth.file.starts_with("sm2/") { &sm2[..] } else { &[] };
            let (theirs, said) = openssl_accepts(&path, &bundle, None, on, more);
            let ours = certified(&[der(&truth.file)], &roots, on);
            assert_eq!(we_accept(&ours), theirs, "{} on {on}: {ours:?}\n{said}", truth.file);
            if theirs { accepted += 1 } else { refused += 1 }
        }
    }
    assert!(accepted > 30 && refused > 80, "{accepted} accepted and {refused} refused: too few to compare");
}

/// Makes certificates with OpenSSL, for keys of the vectors.
struct Maker {
    folder: PathBuf,
}

impl Maker {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.crt"))
    }

    fn key(key: &str) -> String {
        folder().join(format!("{key}.key")).to_str().unwrap().to_owned()
    }

    /// A certificate `name` for a key of the vectors, with these lines of extensions (none: version 1), from `issuer`
    /// and the key with which it signs; its own when `issuer` is `name`.
    fn make(&self, name: &str, key: &str, extensions: &[&str], issuer: (&str, &str), days: u32, more: &[&str]) {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let file = |ending: &str| text(self.folder.join(format!("{name}.{ending}")));
        let key = Maker::key(key);
        made(&["req", "-new", "-key", &key, "-subj", &format!("/CN={name}"), "-out", &file("csr")]);
        let (request, certificate, days) = (file("csr"), file("crt"), days.to_string());
        let mut arguments = vec!["x509", "-req", "-in", &request, "-out", &certificate, "-days", &days];
        let lines = file("ext");
        if !extensions.is_empty() {
            fs::write(&lines, extensions.join("\n")).unwrap();
            arguments.extend(["-extfile", &lines]);
        }
        let (issuer_path, issuer_key) = (text(self.path(issuer.0)), Maker::key(issuer.1));
        if issuer.0 == name {
            arguments.extend(["-signkey", &key]);
        } else {
            arguments.extend(["-CA", &issuer_path, "-CAkey", &issuer_key, "-CAcreateserial"]);
        }
        arguments.extend(more);
        made(&arguments);
    }
}

const CA: &[&str] = &["basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign", "subjectKeyIdentifier=hash"];
const LEAF: &[&str] = &["keyUsage=digitalSignature", "subjectAltName=DNS:peer.test"];

#[test]
fn openssl_agrees_on_chains_that_it_made() {
    if openssl_is_missing() {
        return;
    }
    let maker = Maker { folder: scratch("certify-chains") };
    maker.make("root", "rsa/rsa2048", CA, ("root", "rsa/rsa2048"), 400, &[]);
    maker.make("old-version", "rsa/rsa3072", &[], ("old-version", "rsa/rsa3072"), 400, &[]);
    let below = |name, key, extensions, issuer| maker.make(name, key, extensions, issuer, 300, &[]);
    let rsa = ("root", "rsa/rsa2048");
    let names_its_issuers_key = [CA, &["authorityKeyIdentifier=keyid:always"]].concat();
    below("sub-p256", "ec/p256", &names_its_issuers_key, rsa);
    below("sub-p384", "ec/p384", CA, rsa);
    below("sub-p521", "ec/p521", CA, rsa);
    below("sub-ed25519", "ec/ed25519", CA, rsa);
    below("sub-k256", "ec/k256", CA, rsa);
    below("of-old-version", "ec/p256", CA, ("old-version", "rsa/rsa3072"));
    below("version-1", "ec/p256", &[], rsa);
    maker.make(
        "pss",
        "ec/p256",
        CA,
        rsa,
        300,
        &["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:17", "-sha384"],
    );
    maker.make("short-lived", "ec/p256", CA, rsa, 3, &[]);
    below("no-authority", "ec/p256", &["basicConstraints=critical,CA:FALSE"], rsa);
    below("unstated", "ec/p256", &["keyUsage=keyCertSign"], rsa);
    below("does-not-sign", "ec/p256", &["basicConstraints=critical,CA:TRUE", "keyUsage=cRLSign"], rsa);
    below("critical", "ec/p256", &["basicConstraints=critical,CA:TRUE", "1.2.3.4=critical,DER:0500"], rsa);
    below("not-critical", "ec/p256", &["basicConstraints=critical,CA:TRUE", "1.2.3.4=DER:0500"], rsa);
    below("length-0", "ec/p256", &["basicConstraints=critical,CA:TRUE,pathlen:0"], rsa);
    below("length-1", "ec/p256", &["basicConstraints=critical,CA:TRUE,pathlen:1"], rsa);
    below("below-length-0", "ec/p384", CA, ("length-0", "ec/p256"));
    below("below-length-1", "ec/p384", CA, ("length-1", "ec/p256"));
    below(
        "named",
        "ec/p256",
        &["basicConstraints=critical,CA:TRUE", "nameConstraints=critical,permitted;DNS:peer.test"],
        rsa,
    );

    let leaf = |name: &str, issuer: (&str, &str)| maker.make(name, "rsa/rsa3072", LEAF, issuer, 300, &[]);
    let start = read(&ders(&maker.path("root"))[0]).unwrap().not_before;
    let today = day(&start[..10]);
    let later = |days: i32| dengmi_core::Date::from_julian_day(today.to_julian_day() + days).unwrap();
    let (tomorrow, next_week) = (date_text(later(1)), date_text(later(7)));
    let check = |between: &[&str], key: &str, roots: &[&str], on: &str, expected: bool| {
        let name = format!("leaf-of-{}-{on}", between.first().unwrap_or(&roots[0]));
        leaf(&name, (between.first().unwrap_or(&roots[0]), key));
        let paths = |names: &[&str]| names.iter().map(|name| maker.path(name)).collect::<Vec<_>>();
        let bundle = |ending: &str, names: &[&str]| {
            let path = maker.folder.join(format!("{name}.{ending}"));
            let text: String = paths(names).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
            fs::write(&path, text).unwrap();
            path
        };
        let untrusted = (!between.is_empty()).then(|| bundle("between", between));
        let (theirs, said) =
            openssl_accepts(&maker.path(&name), &bundle("roots", roots), untrusted.as_deref(), on, &[]);
        let list: Vec<Vec<u8>> =
            [&[&*name][..], between].concat().iter().flat_map(|name| ders(&maker.path(name))).collect();
        let given: Vec<Vec<u8>> = roots.iter().flat_map(|name| ders(&maker.path(name))).collect();
        let ours = certified(&list, &given, on);
        assert_eq!((we_accept(&ours), theirs), (expected, expected), "{name}: {ours:?}\n{said}");
        ours
    };
    let roots = &["root"];
    for (between, key, roots, on, expected) in [
        (&[][..], "rsa/rsa2048", &["root"][..], &tomorrow, true),
        (&["sub-p256"], "ec/p256", roots, &tomorrow, true),
        (&["sub-p384"], "ec/p384", roots, &tomorrow, true),
        (&["sub-p521"], "ec/p521", roots, &tomorrow, true),
        (&["sub-ed25519"], "ec/ed25519", roots, &tomorrow, true),
        (&["pss"], "ec/p256", roots, &tomorrow, true),
        (&["of-old-version"], "ec/p256", &["old-version"], &tomorrow, true),
        (&["of-old-version"], "ec/p256", roots, &tomorrow, false),
        (&["version-1"], "ec/p256", roots, &tomorrow, false),
        (&["short-lived"], "ec/p256", roots, &tomorrow, true),
        (&["short-lived"], "ec/p256", roots, &next_week, false),
        (&["no-authority"], "ec/p256", roots, &tomorrow, false),
        (&["unstated"], "ec/p256", roots, &tomorrow, false),
        (&["does-not-sign"], "ec/p256", roots, &tomorrow, false),
        (&["critical"], "ec/p256", roots, &tomorrow, false),
        (&["not-critical"], "ec/p256", roots, &tomorrow, true),
        (&["length-0"], "ec/p256", roots, &tomorrow, true),
        (&["below-length-0", "length-0"], "ec/p384", roots, &tomorrow, false),
        (&["below-length-1", "length-1"], "ec/p384", roots, &tomorrow, true),
        // an issuer is missing
        (&["below-length-1"], "ec/p384", roots, &tomorrow, false),
    ] {
        check(between, key, roots, on, expected);
    }
    // signed with another key than the one that the issuer of this name has
    leaf("forged", ("sub-p256", "ec/p256"));
    let mut forged = ders(&maker.path("forged")).remove(0);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged_path = maker.folder.join("forged.der");
    fs::write(&forged_path, &forged).unwrap();
    let (theirs, said) =
        openssl_accepts(&forged_path, &maker.path("root"), Some(&maker.path("sub-p256")), &tomorrow, &[]);
    let ours = certified(&[forged, ders(&maker.path("sub-p256")).remove(0)], &ders(&maker.path("root")), &tomorrow);
    assert!(!theirs, "{said}");
    assert_eq!(ours.certificate.checked.as_ref().unwrap().chain, Chain::Broken);

    // Where we say that nobody here can tell, OpenSSL can.
    for (between, key, problem) in [
        ("sub-k256", "ec/k256", Problem::SignatureNotChecked),
        ("named", "ec/p256", Problem::NameConstraintsNotChecked),
    ] {
        let name = format!("leaf-of-{between}");
        leaf(&name, (between, key));
        let (theirs, said) =
            openssl_accepts(&maker.path(&name), &maker.path("root"), Some(&maker.path(between)), &tomorrow, &[]);
        assert!(theirs, "{said}");
        let list = [&name, between].map(|name| ders(&maker.path(name)).remove(0));
        let ours = certified(&list, &ders(&maker.path("root")), &tomorrow);
        assert_eq!(ours.certificate.checked.as_ref().unwrap().chain, Chain::Incomplete, "{name}");
        assert_eq!(ours.problems, [problem], "{name}");
    }
}

/// Authorities of one name and one key lead to each other in every order: 9! ways up, were each tried.
#[test]
fn a_tangle_of_authorities_costs_no_more_than_its_links() {
    if openssl_is_missing() {
        return;
    }
    let maker = Maker { folder: scratch("certify-tangle") };
    let mut list = Vec::new();
    let subject = ["-subj", "/CN=tangle"];
    let key = Maker::key("ec/p256");
    for number in 0..9 {
        let path = maker.path(&format!("tangle-{number}"));
        let mut arguments = vec!["req", "-x509", "-new", "-key", &key, "-days", "100", "-out", path.to_str().unwrap()];
        arguments.extend(subject);
        made(&arguments);
        list.extend(ders(&path));
    }
    maker.make("leaf", "ec/p384", LEAF, ("tangle-0", "ec/p256"), 90, &[]);
    list.insert(0, ders(&maker.path("leaf")).remove(0));
    let on = read(&list[0]).unwrap().not_before[..10].to_owned();
    let ours = certified(&list, &[der("rsa/root-ca.crt")], &on);
    assert_eq!(ours.certificate.checked.as_ref().unwrap().chain, Chain::UnknownRoot, "{:?}", ours.problems);
    assert_eq!(ours.problems, []);
    assert_eq!(certified(&list, &list[5..6], &on).certificate.checked.unwrap().chain, Chain::Trusted);
}

#[test]
fn an_authority_of_the_same_name_is_told_from_the_issuer_by_its_key() {
    if openssl_is_missing() {
        return;
    }
    let maker = Maker { folder: scratch("certify-names") };
    let rolled = |name: &str, key: &str| {
        let (key, path) = (Maker::key(key), maker.path(name));
        made(&[
            "req",
            "-x509",
            "-new",
            "-key",
            &key,
            "-days",
            "100",
            "-subj",
            "/CN=rolled",
            "-out",
            path.to_str().unwrap(),
        ]);
        ders(&path).remove(0)
    };
    let (issuer, other) = (rolled("issuer", "ec/p256"), rolled("other", "ec/p384"));
    let names_the_key = [LEAF, &["authorityKeyIdentifier=keyid:always"]].concat();
    maker.make("naming", "rsa/rsa3072", &names_the_key, ("issuer", "ec/p256"), 90, &[]);
    // OpenSSL names the key unless it is told not to.
    let silent = [LEAF, &["authorityKeyIdentifier=none"]].concat();
    maker.make("silent", "rsa/rsa3072", &silent, ("issuer", "ec/p256"), 90, &[]);
    let (naming, silent) = (ders(&maker.path("naming")).remove(0), ders(&maker.path("silent")).remove(0));
    let on = read(&naming).unwrap().not_before[..10].to_owned();
    for (leaf, roots, expected, problems) in [
        (&naming, vec![issuer.clone()], Chain::Trusted, &[][..]),
        (&naming, vec![other.clone(), issuer.clone()], Chain::Trusted, &[]),
        (&silent, vec![other.clone(), issuer], Chain::Trusted, &[]),
        (&naming, vec![other.clone()], Chain::Incomplete, &[Problem::IssuerMissing]),
        (&silent, vec![other], Chain::Broken, &[Problem::SignatureWrong]),
    ] {
        let ours = certified(std::slice::from_ref(leaf), &roots, &on);
        assert_eq!((ours.certificate.checked.as_ref().unwrap().chain, &*ours.problems), (expected, problems));
    }
}
