//! What SSH servers, IKE responders and services before TLS accept: each server with the verdict, the risk and the entry that
//! the reason points at. Added to the made-up hospital are a host managed by SSH, and channels over SSH, IPsec and IMAP.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test stops at what it did not expect")]

use crate::hospital::{Hospital, LEGACY, accepts, certificate, coverage, description, find, probed, says, session};
use crate::law::law;
use dengmi_core::{
    Asked, EntryNumber, Fact, Features, Field, GroupExchange, IkeAccepts, IkeKind, IkeTransform, Method, Observation,
    Protocol, Reach, Session, Sha256Digest, SshAccepts, SshDirections, SshHostKey, SshLists, StatedValue, Upgraded,
    Version,
};
use dengmi_judge::assess::{Assessment, Determination};
use dengmi_judge::determine::{Mark, Outcome, RiskState, Word};
use dengmi_judge::law::Law;
use std::collections::{BTreeMap, BTreeSet};

/// A host that is managed by SSH.
pub(crate) const HOST: &str = "ssh://10.0.1.30:22";
/// A channel over SSH.
pub(crate) const TRANSFER: &str = "192.0.2.26:22";
/// A channel over IPsec.
pub(crate) const BRANCH: &str = "ike://198.51.100.9:500";
/// A channel that begins in clear.
pub(crate) const MAIL: &str = "imap://192.0.2.25:143";

const MORE: &str = r#"
[[device]]
id = "jump-host"
kind = "general-server"
members = ["10.0.1.30"]
room = "room-a"
login = ["password"]
management = ["administrator>device ssh"]
management_ends = ["ssh://10.0.1.30:22"]
labels = false

[[channel]]
id = "transfer"
population = "insurer"
ends = ["192.0.2.26:22"]
carries = ["appointment"]
peer_owner = "other"

[[channel]]
id = "branch"
population = "branch hospital"
ends = ["ike://198.51.100.9:500"]
carries = ["appointment"]
peer_owner = "own"

[[channel]]
id = "mail"
population = "staff"
ends = ["imap://192.0.2.25:143"]
carries = ["appointment"]
peer_owner = "own"
"#;

/// The hospital with these four, of which nothing was observed yet.
pub(crate) fn bare(law: &Law) -> Hospital {
    Hospital::described(law, &(description() + MORE))
}

/// The hospital with these four as a probe finds them in an ordinary house.
pub(crate) fn probed_hospital(law: &Law) -> Hospital {
    let mut hospital = bare(law);
    for end in [HOST, TRANSFER] {
        hospital.add(ssh(end, modern()));
        hospital.add(ssh_session(end));
        hospital.add(coverage(end, &["SSH"]));
    }
    hospital.add(ike(BRANCH, national()));
    hospital.add(ike(BRANCH, modp1024()));
    hospital.add(coverage(BRANCH, &["IKE"]));
    for observation in mail(Upgraded { tls_required: Some(true), login_in_clear: Some(false), ..imap() }) {
        hospital.add(observation);
    }
    hospital.add(features(LEGACY, |features| features.dh_bits = vec![1024, 2048]));
    hospital
}

/// The same, with other servers behind the four ends.
pub(crate) fn hospitals(law: &Law) -> Vec<Hospital> {
    let ordinary = probed_hospital(law);
    let with = |servers: Vec<Observation>| {
        let mut hospital = bare(law);
        servers.into_iter().for_each(|observation| hospital.add(observation));
        for (end, speaks) in [(HOST, "SSH"), (TRANSFER, "SSH"), (BRANCH, "IKE")] {
            hospital.add(coverage(end, &[speaks]));
        }
        hospital
    };
    let exchange = |lists: &mut SshLists| lists.key_exchange.push("diffie-hellman-group-exchange-sha1".into());
    let given = GroupExchange { smallest_bits: Some(1024), largest_bits: Some(8192), below_2048: Some(true) };
    let old = SshAccepts {
        host_keys: vec![key("ssh-rsa", 1024), key("ssh-dss", 1024)],
        group_exchange: Field::Seen(given),
        ..lists(exchange)
    };
    let broken = lists(|lists| lists.cipher = both(&["none", "arcfour", "whirl@example"]));
    let in_clear = Upgraded { login_in_clear: Some(true), tls_required: Some(false), ..imap() };
    let national =
        [vec![ssh(HOST, secure_shell()), ssh(TRANSFER, secure_shell()), ike(BRANCH, national())], mail(imap())];
    let weak = [vec![ssh(HOST, old), ssh(TRANSFER, broken), ike(BRANCH, modp1024())], mail(in_clear)];
    vec![ordinary, with(national.concat()), with(weak.concat())]
}

fn list(names: &[&str]) -> Vec<Box<str>> {
    names.iter().map(|name| Box::from(*name)).collect()
}

fn both(names: &[&str]) -> SshDirections {
    SshDirections { to_server: list(names), to_client: list(names) }
}

fn key(kind: &str, bits: u32) -> SshHostKey {
    SshHostKey { kind: kind.into(), bits: Some(bits), sha256: Sha256Digest([7; 32]), proved: true, signature: None }
}

/// A server as distributions of today ship it.
fn modern() -> SshAccepts {
    SshAccepts {
        banner: "SSH-2.0-OpenSSH_9.9".into(),
        version: "2.0".into(),
        software: "OpenSSH_9.9".into(),
        national_profile: false,
        lists: Some(SshLists {
            key_exchange: list(&[
                "curve25519-sha256",
                "mlkem768x25519-sha256",
                "ext-info-s",
                "kex-strict-s-v00@openssh.com",
            ]),
            host_key: list(&["rsa-sha2-512", "rsa-sha2-256", "ecdsa-sha2-nistp256", "ssh-ed25519"]),
            cipher: both(&["chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-gcm@openssh.com"]),
            mac: both(&["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512"]),
            compression: both(&["none"]),
            strict_kex: true,
        }),
        host_keys: vec![key("ssh-rsa", 3072), key("ecdsa-sha2-nistp256", 256), key("ssh-ed25519", 256)],
        group_exchange: Field::Absent,
        authentication: Field::Seen(list(&["password"])),
        asked: Asked::Registry,
        hidden: BTreeMap::new(),
    }
}

fn lists(change: impl Fn(&mut SshLists)) -> SshAccepts {
    let mut accepts = modern();
    change(accepts.lists.as_mut().unwrap());
    accepts
}

/// The national profile with nothing but national algorithms.
fn secure_shell() -> SshAccepts {
    SshAccepts {
        version: "1.0".into(),
        national_profile: true,
        lists: Some(SshLists {
            key_exchange: list(&["sm2-sm3"]),
            host_key: list(&["ssh-sm2"]),
            cipher: both(&["sm4-ctr"]),
            mac: both(&["hmac-sm3"]),
            ..SshLists::default()
        }),
        host_keys: vec![key("ssh-sm2", 256)],
        ..modern()
    }
}

fn ssh(end: &str, accepts: SshAccepts) -> Observation {
    probed(end, Fact::SshAccepts(Box::new(accepts)))
}

fn ssh_session(end: &str) -> Observation {
    let session = Session {
        version: Field::Seen("2.0".into()),
        key_exchange: Field::Seen("curve25519-sha256".into()),
        host_key_alg: Field::Seen("ssh-ed25519".into()),
        cipher: Field::Seen("aes256-gcm@openssh.com".into()),
        mac: Field::Seen("implicit (AEAD)".into()),
        ..Session::default()
    };
    probed(end, Fact::Session(Protocol::Ssh, Box::new(session)))
}

fn transform(number: u16, key_bits: Option<u16>) -> IkeTransform {
    IkeTransform { number, key_bits, name: number.to_string().into() }
}

fn ike_of(version: u8, profile: Option<&str>, transforms: &[(IkeKind, &[(u16, u16)])]) -> IkeAccepts {
    let one = |(number, bits): &(u16, u16)| transform(*number, (*bits > 0).then_some(*bits));
    IkeAccepts {
        version,
        minor: u8::from(profile.is_some()),
        profile: profile.map(Box::from),
        transforms: transforms.iter().map(|(kind, list)| (*kind, list.iter().map(one).collect())).collect(),
        chosen: vec![],
        asked: Asked::Registry,
        vendor_ids: vec![],
        announced: vec![],
        cookie: false,
        nat_traversal: false,
        aggressive: Some(true),
        datagrams: 9,
        ended_by: None,
    }
}

/// GM/T 0022: SM4, SM3, SM2, digital envelope.
fn national() -> IkeAccepts {
    ike_of(
        1,
        Some("GM/T 0022"),
        &[
            (IkeKind::Asymmetric, &[(2, 0)]),
            (IkeKind::Authentication, &[(10, 0)]),
            (IkeKind::Encryption, &[(129, 0)]),
            (IkeKind::Hash, &[(20, 0)]),
        ],
    )
}

/// IKEv1 with a pre-shared key, 3DES, HMAC-SHA-1 and the 1024-bit group.
fn modp1024() -> IkeAccepts {
    ike_of(
        1,
        None,
        &[
            (IkeKind::Authentication, &[(1, 0)]),
            (IkeKind::Encryption, &[(5, 0), (7, 128)]),
            (IkeKind::Group, &[(2, 0), (14, 0)]),
            (IkeKind::Hash, &[(2, 0)]),
        ],
    )
}

fn ike(end: &str, accepts: IkeAccepts) -> Observation {
    probed(end, Fact::IkeAccepts(Box::new(accepts)))
}

fn imap() -> Upgraded {
    Upgraded { protocol: "imap".into(), offered: true, ..Upgraded::default() }
}

/// A mail service with TLCP behind what it says in clear.
fn mail(upgraded: Upgraded) -> Vec<Observation> {
    vec![
        probed(MAIL, Fact::Upgraded(Box::new(upgraded))),
        accepts(MAIL, Version::TLCP, &["ECC_SM4_CBC_SM3"]),
        certificate(MAIL, ("SM2", 256), "SM2-with-SM3", None),
        session(MAIL, Protocol::Tlcp, "1.1", "ECC_SM4_CBC_SM3", false),
        coverage(MAIL, &["TLCP", "IMAP"]),
    ]
}

fn features(end: &str, change: impl Fn(&mut Features)) -> Observation {
    let mut features = Features::new(Version::TLS_1_2);
    change(&mut features);
    probed(end, Fact::Features(Box::new(features)))
}

/// `fail`, `partly 0.2500`, `HR-5.1 open`: what came out, in few words.
fn said(assessment: &Assessment, unit: &str, subject: &str) -> String {
    let found = find(assessment, unit, subject);
    let mark = |mark| match mark {
        Mark::Pass => '√',
        Mark::Fail => '×',
        Mark::Unknown => '?',
        Mark::NotLookedAt => '/',
    };
    let marks: String = [found.counted.d, found.counted.a, found.counted.k].map(mark).iter().collect();
    let range = found.counted.score.unwrap();
    let score = match range.low == range.high {
        true => range.low.to_string(),
        false => format!("{}-{}", range.low, range.high),
    };
    // Whether the product is certified is another question.
    let risks = found.risks.iter().filter(|risk| &*risk.problem != "uncertified");
    let risks: String = risks.map(|risk| format!(" {} {:?}", risk.item, risk.state)).collect();
    format!("{marks} {score}{risks}")
}

/// The entries that the reasons give for a value of a fact.
fn sources(found: &Determination, word: Word) -> BTreeSet<EntryNumber> {
    let used = found.steps().into_iter().flat_map(|step| &step.used).filter(|used| used.word == word.text());
    used.flat_map(|used| used.sources.iter().filter_map(|source| source.entry)).collect()
}

fn components(found: &Determination) -> BTreeSet<&str> {
    found.steps().into_iter().flat_map(|step| &step.components).map(|(name, _)| &**name).collect()
}

fn last(hospital: &Hospital) -> EntryNumber {
    hospital.observations.last().unwrap().0
}

#[test]
fn the_worst_that_a_management_service_accepts_decides() {
    let law = law();
    let weak = |change: fn(&mut SshLists)| lists(change);
    let table: Vec<(&str, SshAccepts, &str, &str)> = vec![
        ("modern", modern(), "√×× 0.2500", "aes-128"),
        ("3DES beside", weak(|lists| lists.cipher.to_client.push("3des-cbc".into())), "√×× 0.2500", "3des-3"),
        ("DES", weak(|lists| lists.cipher = both(&["des-cbc"])), "√×× 0.0500 HR-5.1 Open", "des"),
        ("arcfour", weak(|lists| lists.cipher.to_server.push("arcfour".into())), "√×× 0.0500 HR-5.1 Candidate", "rc4"),
        ("no encryption", weak(|lists| lists.cipher.to_client.push("none".into())), "×// 0.0000 HR-8.2 Open", ""),
        ("no code", weak(|lists| lists.mac.to_client.push("none".into())), "×// 0.0000 HR-8.2 Open", ""),
        (
            "HMAC-MD5",
            weak(|lists| lists.mac.to_server.push("hmac-md5-96".into())),
            "√×× 0.0500-0.2500 HR-5.1 Candidate",
            "hmac-md5",
        ),
        (
            "UMAC",
            weak(|lists| lists.mac.to_server.push("umac-64-etm@openssh.com".into())),
            "√×× 0.0500-0.2500",
            "umac-64",
        ),
        (
            "group 1",
            weak(|lists| lists.key_exchange.push("diffie-hellman-group1-sha1".into())),
            "√×× 0.1250",
            "dh-1024",
        ),
        ("SHA-1 in signatures", weak(|lists| lists.host_key.push("ssh-rsa".into())), "√×× 0.0500 HR-5.1 Open", "sha-1"),
        (
            "DSA",
            SshAccepts { host_keys: vec![key("ssh-dss", 1024)], ..weak(|lists| lists.host_key = list(&["ssh-dss"])) },
            "√×× 0.0500 HR-5.1 Open",
            "DSA-1024",
        ),
        (
            "RSA-1024",
            SshAccepts { host_keys: vec![key("ssh-rsa", 1024)], ..modern() },
            "√×× 0.1250 HR-5.1 Open",
            "RSA-1024",
        ),
        (
            "an unknown cipher",
            weak(|lists| lists.cipher.to_server.push("whirl@example".into())),
            "?×× 0.0000-0.2500 HR-8.2 Candidate",
            "whirl@example",
        ),
        (
            "an unknown key exchange",
            weak(|lists| lists.key_exchange.push("gss-whirl".into())),
            "√×× 0.0500-0.2500",
            "gss-whirl",
        ),
        (
            "SSH 1 announced",
            SshAccepts { version: "1.99".into(), ..modern() },
            "√×× 0.2500 HR-5.2 Candidate",
            "SSH 1.99",
        ),
        (
            "SSH 1 only",
            SshAccepts { version: "1.5".into(), lists: None, host_keys: vec![], ..modern() },
            "√×× 0.0500-0.2500 HR-5.2 Open",
            "SSH 1.5",
        ),
        ("the national profile", secure_shell(), "√√× 0.5000", "sm4"),
        (
            "the national profile with AES",
            {
                let mut accepts = secure_shell();
                accepts.lists.as_mut().unwrap().cipher = both(&["sm4-ctr", "aes128-ctr"]);
                accepts
            },
            "√×× 0.2500",
            "aes-128",
        ),
        (
            "national names in SSH 2",
            SshAccepts { version: "2.0".into(), national_profile: false, ..secure_shell() },
            "√×× 0.2500",
            "SSH 2.0",
        ),
        (
            "a field of 1024 bits",
            SshAccepts {
                group_exchange: Field::Seen(GroupExchange { smallest_bits: Some(1024), ..GroupExchange::default() }),
                ..weak(|lists| lists.key_exchange.push("diffie-hellman-group-exchange-sha256".into()))
            },
            "√×× 0.1250",
            "DH-1024",
        ),
        (
            "a field whose size is hidden",
            SshAccepts {
                group_exchange: Field::Hidden,
                ..weak(|lists| lists.key_exchange.push("diffie-hellman-group-exchange-sha256".into()))
            },
            "√×× 0.0500-0.2500",
            "SSH 2.0",
        ),
    ];
    for (name, accepts, expected, component) in table {
        let mut hospital = bare(&law);
        hospital.add(ssh_session(HOST));
        hospital.add(coverage(HOST, &["SSH"]));
        hospital.add(ssh(HOST, accepts));
        let entry = last(&hospital);
        let mut assessment = hospital.assess(&law, 3);
        // The session is one of those that are accepted, and says no more than the lists.
        if ["SSH 1 only", "the national profile", "the national profile with AES", "DES"].contains(&name) {
            hospital.observations.retain(|(_, one)| !matches!(one.fact, Fact::Session(Protocol::Ssh, _)));
            assessment = hospital.assess(&law, 3);
        }
        assert_eq!(said(&assessment, "DEV-CHAN", "jump-host"), expected, "{name}");
        let found = find(&assessment, "DEV-CHAN", "jump-host");
        if !component.is_empty() {
            assert!(components(found).contains(component), "{name}: {:?}", components(found));
        }
        let word = if name == "SSH 1 only" { Word::Protocol } else { Word::Cipher };
        assert!(sources(found, word).contains(&entry), "{name}: {:?}", sources(found, word));
        // The log-in is one factor: shown where identity is judged, and no verdict.
        let login = find(&assessment, "DEV-ID", "jump-host");
        assert_eq!(sources(login, Word::LoginMethods), BTreeSet::from([entry]), "{name}");
    }
}

#[test]
fn ways_to_log_in_decide_nothing() {
    let law = law();
    let before = said(&bare(&law).assess(&law, 3), "DEV-ID", "jump-host");
    for methods in [&["password"][..], &["publickey"], &["none"], &["publickey", "password", "whirl"]] {
        let mut hospital = bare(&law);
        hospital.add(ssh(HOST, SshAccepts { authentication: Field::Seen(list(methods)), ..modern() }));
        assert_eq!(said(&hospital.assess(&law, 3), "DEV-ID", "jump-host"), before, "{methods:?}");
    }
}

#[test]
fn a_channel_over_ssh_is_judged_by_function() {
    let law = law();
    let check = |accepts: SshAccepts, expected: [&str; 3]| {
        let mut hospital = bare(&law);
        hospital.add(ssh(TRANSFER, accepts));
        hospital.add(coverage(TRANSFER, &["SSH"]));
        let assessment = hospital.assess(&law, 3);
        let got = ["NET-ID", "NET-INT", "NET-CONF"].map(|unit| said(&assessment, unit, "transfer"));
        assert_eq!(got.each_ref().map(|text| &**text), expected);
    };
    check(modern(), ["√×× 0.2500", "√×× 0.2500", "√×× 0.2500"]);
    // A broken cipher says nothing of identity, and a signature over SHA-1 nothing of confidentiality.
    check(lists(|lists| lists.cipher = both(&["des-cbc"])), ["√×× 0.2500", "√×× 0.2500", "√×× 0.0500 HR-5.1 Open"]);
    check(lists(|lists| lists.host_key = list(&["ssh-rsa"])), ["√×× 0.0500 HR-5.1 Open", "√×× 0.2500", "√×× 0.2500"]);
    // With ciphers that authenticate no code is used, whatever stands in its list.
    let aead = |lists: &mut SshLists| {
        lists.cipher = both(&["aes256-gcm@openssh.com"]);
        lists.mac = both(&["hmac-md5", "none"]);
    };
    check(lists(aead), ["√×× 0.2500", "√×× 0.2500", "√×× 0.2500"]);
    check(lists(|lists| lists.mac = both(&["none"])), ["√×× 0.2500", "×// 0.0000", "√×× 0.2500"]);
    check(secure_shell(), ["√√× 0.5000", "√√× 0.5000", "√√× 0.5000"]);
}

#[test]
fn what_was_asked_in_part_proves_no_absence() {
    let law = law();
    let check = |accepts: SshAccepts, expected: [&str; 3]| {
        let mut hospital = bare(&law);
        hospital.add(ssh(TRANSFER, accepts));
        let coverage = Observation { reach: Reach::Unanswered, ..coverage(TRANSFER, &["SSH"]) };
        hospital.add(coverage);
        let assessment = hospital.assess(&law, 3);
        let got = ["NET-ID", "NET-INT", "NET-CONF"].map(|unit| said(&assessment, unit, "transfer"));
        assert_eq!(got.each_ref().map(|text| &**text), expected);
    };
    let partly = |field: &str| SshAccepts {
        asked: Asked::Partly,
        hidden: [(Box::from(field), Box::from("turned away"))].into(),
        ..secure_shell()
    };
    // Its lists are whole: which keys there are besides is all that stays open.
    check(partly("host_keys"), ["√?× 0.0500-0.5000", "√√× 0.5000", "√√× 0.5000"]);
    check(partly("group_exchange"), ["√√× 0.5000", "√√× 0.5000", "√?× 0.0500-0.5000"]);
    check(partly("authentication"), ["√√× 0.5000", "√√× 0.5000", "√√× 0.5000"]);
    let nothing = SshAccepts { lists: None, host_keys: vec![], ..partly("lists") };
    // Of a version that nobody knows nothing else is known either.
    let tomorrow = SshAccepts { version: "2.5".into(), national_profile: false, ..nothing.clone() };
    check(tomorrow, ["??× 0.0000-0.5000", "??× 0.0000-0.5000", "??× 0.0000-0.5000"]);
    check(nothing, ["??× 0.0000-0.5000", "??× 0.0000-0.5000", "??× 0.0000-0.5000"]);
    // A responder of IKE tells one value at a time: a list that is not finished is no list.
    let mut hospital = bare(&law);
    hospital.add(ike(BRANCH, IkeAccepts { asked: Asked::Partly, ..national() }));
    hospital.add(coverage(BRANCH, &["IKE"]));
    assert_eq!(said(&hospital.assess(&law, 3), "NET-ID", "branch"), "??× 0.0000-0.5000");
}

#[test]
fn ike_shows_who_talks_and_not_what_protects_the_records() {
    let law = law();
    let check = |accepts: Vec<IkeAccepts>, stated: &[&str], expected: [&str; 3]| -> Vec<BTreeSet<String>> {
        let mut hospital = bare(&law);
        hospital.add(coverage(BRANCH, &["IKE"]));
        for accepts in accepts {
            hospital.add(ike(BRANCH, accepts));
        }
        let entry = last(&hospital);
        if !stated.is_empty() {
            let algorithms = StatedValue::Words(list(stated));
            hospital.add(says("branch", "", "algorithm", algorithms, Method::ConfigurationCheck));
        }
        let assessment = hospital.assess(&law, 3);
        let units = ["NET-ID", "NET-INT", "NET-CONF"];
        let got = units.map(|unit| said(&assessment, unit, "branch"));
        assert_eq!(got.each_ref().map(|text| &**text), expected);
        assert!(sources(find(&assessment, "NET-CONF", "branch"), Word::Cipher).contains(&entry));
        let named = |unit| components(find(&assessment, unit, "branch")).into_iter().map(String::from).collect();
        units.map(named).into()
    };
    let found = check(vec![national()], &[], ["√√× 0.5000", "??× 0.0000-0.5000", "??× 0.0000-0.5000"]);
    assert!(
        found[0].contains("SM2")
            && found[1].contains("HMAC-SM3")
            && found[2].contains("SM4")
            && found[2].contains("SM2"),
        "{found:?}"
    );
    // Somebody looked into the configuration of ESP.
    check(vec![national()], &["SM4", "SM3"], ["√√× 0.5000", "√√× 0.5000", "√√× 0.5000"]);
    check(vec![national()], &["AES-128"], ["√×× 0.2500", "√×× 0.2500", "√×× 0.2500"]);
    // The 1024-bit group and a pre-shared key: the strength of the group is that of the channel's keys.
    let found = check(vec![modp1024()], &[], ["√×× 0.2500", "?×× 0.0000-0.2500", "?×× 0.0000-0.1250"]);
    assert!(found[2].contains("DH-1024") && found[2].contains("3DES") && found[2].contains("AES-128"), "{found:?}");
    // The worst of both counts where a gateway speaks both.
    check(vec![national(), modp1024()], &["SM4", "SM3"], ["√×× 0.2500", "√×× 0.2500", "√×× 0.1250"]);
    let modp768 = ike_of(1, None, &[(IkeKind::Group, &[(1, 0)]), (IkeKind::Encryption, &[(7, 128)])]);
    check(vec![modp768], &["SM4"], ["√?× 0.2500-0.5000", "√?× 0.2500-0.5000", "√×× 0.0500 HR-5.1 Candidate"]);
    // IKEv2 does not negotiate who proves what: that, somebody else must see.
    let version2 = ike_of(
        2,
        None,
        &[(IkeKind::Encryption, &[(20, 256)]), (IkeKind::Group, &[(31, 0)]), (IkeKind::Prf, &[(5, 0)])],
    );
    check(vec![version2], &[], ["√?× 0.0500-0.5000", "?×× 0.0000-0.2500", "?×× 0.0000-0.2500"]);
    // A number that nobody knows is unknown, not weak.
    let unknown =
        ike_of(1, Some("GM/T 0022"), &[(IkeKind::Encryption, &[(65_000, 0)]), (IkeKind::Asymmetric, &[(2, 0)])]);
    check(vec![unknown], &["SM4"], ["√√× 0.5000", "√√× 0.5000", "??× 0.0000-0.5000 HR-7.2 Candidate"]);
}

#[test]
fn what_can_be_done_in_clear_before_tls_counts() {
    let law = law();
    let bare_channel = "×// 0.0000 HR-7.2 Open";
    for (upgraded, expected) in [
        (Upgraded { tls_required: Some(true), login_in_clear: Some(false), ..imap() }, "√√× 0.5000"),
        (Upgraded { tls_required: Some(false), login_in_clear: Some(true), ..imap() }, bare_channel),
        // A log-in that hides its password, and everything behind it in clear.
        (Upgraded { tls_required: Some(false), login_in_clear: Some(false), ..imap() }, bare_channel),
        (Upgraded { tls_required: None, login_in_clear: Some(true), ..imap() }, bare_channel),
        (Upgraded { offered: false, refusal: Some("not offered".into()), ..imap() }, bare_channel),
        // The protocol does not say; what was not understood says nothing either.
        (imap(), "??× 0.0000-0.5000"),
        (Upgraded { tls_required: None, login_in_clear: Some(false), ..imap() }, "??× 0.0000-0.5000"),
        (Upgraded { offered: false, refusal: Some("unreadable: 00".into()), ..imap() }, "??× 0.0000-0.5000"),
    ] {
        let mut hospital = bare(&law);
        let name = format!("{upgraded:?}");
        mail(upgraded).into_iter().for_each(|observation| hospital.add(observation));
        let entry = EntryNumber(last(&hospital).0 - 4);
        let assessment = hospital.assess(&law, 3);
        assert_eq!(said(&assessment, "NET-CONF", "mail"), expected, "{name}");
        let found = find(&assessment, "NET-CONF", "mail");
        let clear = sources(found, Word::Protocol).contains(&entry);
        assert_eq!(clear, expected == bare_channel, "{name}");
        assert_eq!(found.verdict.missing.contains(&Word::Protocol), expected.starts_with('?'), "{name}");
    }
    // It goes over to TLS, and nobody kept what it said before.
    let mut hospital = bare(&law);
    mail(imap()).into_iter().skip(1).for_each(|observation| hospital.add(observation));
    assert_eq!(said(&hospital.assess(&law, 3), "NET-CONF", "mail"), "??× 0.0000-0.5000");
}

#[test]
fn sizes_of_fields_and_asked_clients_come_from_the_features() {
    let law = law();
    let check = |change: fn(&mut Features), unit: &str, level: u8, expected: &str| {
        let mut hospital = Hospital::new(&law);
        hospital.add(features(LEGACY, change));
        let entry = last(&hospital);
        let assessment = hospital.assess(&law, level);
        assert_eq!(said(&assessment, unit, "legacy-booking"), expected);
        (sources(find(&assessment, unit, "legacy-booking"), Word::KeyExchange), entry)
    };
    check(|_| {}, "NET-CONF", 3, "√×× 0.2500");
    check(|features| features.dh_bits = vec![2048], "NET-CONF", 3, "√×× 0.2500");
    let (told, entry) = check(|features| features.dh_bits = vec![1024, 2048], "NET-CONF", 3, "√×× 0.1250");
    assert_eq!(told, BTreeSet::from([entry]));
    check(|features| features.dh_bits = vec![768], "NET-CONF", 3, "√×× 0.0500 HR-5.1 Candidate");
    check(|features| features.dh_bits = vec![1024], "NET-INT", 3, "√×× 0.2500");
    // What no rule speaks of moves nothing.
    let others = |features: &mut Features| {
        features.compression = Some(true);
        features.secure_renegotiation = Some(false);
        features.extended_master_secret = Some(false);
        features.encrypt_then_mac = Some(false);
        features.heartbeat = Some(true);
        features.session_ticket = Some(true);
    };
    for unit in ["NET-ID", "NET-INT", "NET-CONF"] {
        check(others, unit, 3, "√×× 0.2500");
    }
    // Who is asked for a certificate in one version and not in another can choose.
    let mut hospital = Hospital::new(&law);
    hospital.observations.retain(|(_, one)| one.observed.as_str() != LEGACY || !matches!(one.fact, Fact::Session(..)));
    let authentication = |hospital: &Hospital| {
        let assessment = hospital.assess(&law, 4);
        find(&assessment, "NET-ID", "legacy-booking").counted.d
    };
    assert_eq!(authentication(&hospital), Mark::Unknown);
    hospital.add(features(LEGACY, |features| features.client_certificate = Some(true)));
    assert_eq!(authentication(&hospital), Mark::Pass);
    hospital.add(features(LEGACY, |features| {
        features.version = Version::TLS_1_0;
        features.client_certificate = Some(false);
    }));
    assert_eq!(authentication(&hospital), Mark::Fail);
}

#[test]
fn a_name_in_the_coverage_is_no_fact_where_another_says_more() {
    let law = law();
    let hospital = probed_hospital(&law);
    let assessment = hospital.assess(&law, 3);
    for (unit, subject, protocols) in [
        ("DEV-CHAN", "jump-host", &["SSH 2.0"][..]),
        ("NET-CONF", "branch", &["IKEv1", "IKEv1 (GM/T 0022)"]),
        ("NET-CONF", "mail", &["TLCP"]),
    ] {
        let found = find(&assessment, unit, subject);
        let used = found.steps().into_iter().flat_map(|step| &step.used).find(|used| used.word == "protocol").unwrap();
        assert_eq!(used.value, Some(StatedValue::Words(list(protocols))), "{subject}");
    }
    // Nobody saw more than that SSH answers there: that is remote management, of unknown strength.
    let mut hospital = bare(&law);
    hospital.add(coverage(HOST, &["SSH"]));
    let assessment = hospital.assess(&law, 3);
    assert_eq!(said(&assessment, "DEV-CHAN", "jump-host"), "√?× 0.0500-0.5000");
    assert_eq!(find(&assessment, "DEV-CHAN", "jump-host").counted.outcome, Outcome::NeedsRuling);
    assert!(find(&assessment, "DEV-CHAN", "jump-host").risks.iter().all(|risk| risk.state != RiskState::Open));
}

#[test]
fn what_is_shown_beside_has_an_entry_whatever_is_weighed() {
    let law = law();
    let hospital = probed_hospital(&law);
    // At level 1 nothing of the network is weighed until the owner decides.
    for level in [1, 3] {
        let assessment = hospital.assess(&law, level);
        let entries = assessment.entries();
        let beside: Vec<_> = assessment.determinations().flat_map(|found| &found.beside).collect();
        let kinds: BTreeSet<&str> = beside.iter().map(|one| &*one.kind).collect();
        assert_eq!(kinds, BTreeSet::from(["ike.accepts", "ssh.accepts", "tls.features", "tls.upgrade"]));
        assert!(beside.iter().all(|one| entries.contains(&one.source.entry.unwrap())), "level {level}");
        let told = |kind: &str, name: &str| {
            let of = beside.iter().filter(|one| &*one.kind == kind).flat_map(|one| &one.told);
            of.filter(|(known, _)| &**known == name).map(|(_, value)| value.to_string()).collect::<BTreeSet<_>>()
        };
        assert_eq!(told("ike.accepts", "aggressive mode"), BTreeSet::from(["yes".into()]));
        assert_eq!(told("ssh.accepts", "authentication methods"), BTreeSet::from(["password".into()]));
        assert_eq!(told("tls.upgrade", "TLS required"), BTreeSet::from(["yes".into()]));
        assert_eq!(told("tls.features", "version"), BTreeSet::from(["TLS 1.2".into()]));
    }
}
