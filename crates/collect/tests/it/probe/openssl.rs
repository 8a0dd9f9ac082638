//! Debian's `openssl s_server` in many settings.

use super::peer::{OPENSSL, Peer, certificate, missing};
use super::run::{Run, options, run};
use dengmi_core::{Asked, Chain, Completion, Fact, Field, Group, KeyRole, Order, Protocol, Reach, Suite, Version};
use std::collections::BTreeSet;
use std::process::Command;

const VERSIONS: [(Version, &str); 4] = [
    (Version::TLS_1_0, "-tls1"),
    (Version::TLS_1_1, "-tls1_1"),
    (Version::TLS_1_2, "-tls1_2"),
    (Version::TLS_1_3, "-tls1_3"),
];

fn start(arguments: &[&str]) -> Peer {
    let (chain, key) = (certificate("rsa/rsa2048.crt"), certificate("rsa/rsa2048.key"));
    Peer::s_server(OPENSSL.0, &[&["-cert", &chain, "-key", &key], arguments].concat())
}

fn probe(peer: &Peer) -> Run {
    let roots = [certificate("rsa/root-ca.crt"), certificate("ec/root-ca.crt")];
    run(&[format!("127.0.0.1:{}", peer.port)], &options(), &roots)
}

/// What OpenSSL itself says that it would accept in a version with certificates of these kinds, in its order.
fn truth(version: &str, list: &str, authentications: &[&str]) -> Vec<Suite> {
    let output = Command::new(OPENSSL.0)
        .args(["ciphers", "-s", "-V", version, list])
        .env("OPENSSL_CONF", "/dev/null")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let fits = |line: &&str| authentications.iter().any(|kind| line.contains(&format!(" Au={kind} ")));
    let code = |line: &str| {
        let (high, low) = line.split_whitespace().next().unwrap().split_once(',').unwrap();
        let byte = |text: &str| u16::from_str_radix(text.trim_start_matches("0x"), 16).unwrap();
        Suite(byte(high) << 8 | byte(low))
    };
    let suites: Vec<Suite> = text.lines().filter(fits).map(code).collect();
    assert!(!suites.is_empty(), "openssl ciphers {version} {list} names nothing");
    suites
}

fn set<T: Copy + Ord>(list: &[T]) -> BTreeSet<T> {
    list.iter().copied().collect()
}

#[test]
fn suites_stand_in_the_order_of_the_server_and_groups_beside_them() {
    if missing(OPENSSL) {
        return;
    }
    let list = "ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA:AES256-SHA";
    let suites = [0xc030, 0x002f, 0xc02f, 0x0033, 0x0035].map(Suite);
    let groups = [Group::SECP256R1, Group::X25519, Group::SECP384R1];
    for (preference, order) in [(&["-serverpref"][..], Order::Servers), (&[], Order::Clients)] {
        let fixed = ["-tls1_2", "-cipher", list, "-groups", "P-256:X25519:P-384"];
        let found = probe(&start(&[&fixed, preference].concat()));
        let (reach, accepts) = found.accepts(Version::TLS_1_2);
        assert_eq!((reach, accepts.asked, accepts.order), (Reach::Seen, Asked::Registry, order), "{accepts:?}");
        if order == Order::Servers {
            assert_eq!(accepts.suites, suites);
        } else {
            assert!(accepts.suites.is_sorted());
            assert_eq!(set(&accepts.suites), set(&suites));
        }
        assert_eq!(set(&accepts.groups), set(&groups));
        assert_eq!(accepts.suite_names.len(), accepts.suites.len());
        assert_eq!(accepts.ended_by.as_deref(), Some("alert 40 handshake_failure"));
        // In TLS 1.2 each suite, group and scheme and a refusal of each list, and what compares suites of two runs; two for
        // TLS 1.3, two for TLCP, one for TLS 1.1, which rules out what is below, one for SSL 2.0; a handshake, and the
        // session offered again.
        let (coverage, schemes) = (found.coverage().1, u32::try_from(accepts.schemes.len()).unwrap());
        assert!(coverage.complete, "{coverage:?}");
        let bound = (5 + 1) + (3 + 1) + (schemes + 1) + 4 + (2 + 2 + 1 + 1) + 2;
        assert!(schemes >= 7 && coverage.connections <= bound, "{schemes} schemes: {coverage:?}");
    }
}

#[test]
fn hellos_and_answers_are_kept_as_evidence() {
    if missing(OPENSSL) {
        return;
    }
    let found = probe(&start(&["-tls1_2", "-cipher", "AES128-SHA:AES256-SHA"]));
    let of_version = |version| {
        let mut observations = found.observations.iter();
        let place = observations.find_map(|one| match &one.fact {
            Fact::Accepts(accepts) if accepts.version == version => one.place.clone(),
            _ => None,
        });
        String::from_utf8(found.artifacts[&place.unwrap().artifact].clone()).unwrap()
    };
    let dialogue = of_version(Version::TLS_1_2);
    let lines: Vec<&str> = dialogue.lines().collect();
    // Two suites, the refusal of all others, and the question whose order counts.
    assert_eq!(lines.len(), 2 * 4, "{dialogue}");
    assert!(lines.iter().step_by(2).all(|line| line.starts_with("> 160301")), "{dialogue}");
    assert!(lines[1].starts_with("< 160303") && lines[5] == "< 15030300020228", "{dialogue}");
    assert_eq!(of_version(Version::TLS_1_1).lines().nth(1), Some("< 15030200020246"));
}

#[test]
fn each_version_is_told_from_the_others() {
    if missing(OPENSSL) {
        return;
    }
    for (spoken, option) in VERSIONS {
        let found = probe(&start(&[option, "-cipher", "ALL:@SECLEVEL=0"]));
        for (version, reach) in found.reaches() {
            let context = format!("{version:?} of a server with {option}: {:?}", found.accepts(version).1);
            match version {
                // OpenSSL answers records of major version 1 with an alert or with a close, as its own version has it.
                Version::TLCP => assert!(matches!(reach, Reach::Absent | Reach::Refused), "{context}"),
                _ => assert_eq!(reach, if version == spoken { Reach::Seen } else { Reach::Absent }, "{context}"),
            }
        }
        let (reach, coverage) = found.coverage();
        assert_eq!((reach, coverage.complete, coverage.lost), (Reach::Seen, true, 0), "{option}");
        assert_eq!(coverage.speaks, [Box::from("TLS")]);
        assert_eq!(u64::from(coverage.connections), found.summary.connections);
    }
}

#[test]
fn everything_that_openssl_has_is_found_with_two_kinds_of_certificate() {
    if missing(OPENSSL) {
        return;
    }
    let (chain, key) = (certificate("ec/p256.crt"), certificate("ec/p256.key"));
    let list = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
    for preference in [&["-serverpref"][..], &[]] {
        let fixed = ["-cipher", list, "-dcert", &chain, "-dkey", &key];
        let found = probe(&start(&[&fixed, preference].concat()));
        let mut pairs = 0;
        for (version, option) in &VERSIONS[..3] {
            let expected = truth(option, list, &["RSA", "ECDSA", "None"]);
            let (reach, accepts) = found.accepts(*version);
            assert_eq!((reach, accepts.asked), (Reach::Seen, Asked::Registry), "{accepts:?}");
            assert_eq!(set(&accepts.suites), set(&expected), "{version:?}");
            if !preference.is_empty() {
                assert_eq!((accepts.order, &accepts.suites), (Order::Servers, &expected), "{version:?}");
            }
            pairs += expected.len();
        }
        let (_, tls13) = found.accepts(Version::TLS_1_3);
        assert_eq!(set(&tls13.suites), [0x1301, 0x1302, 0x1303].map(Suite).into());
        assert!(tls13.groups.len() >= 9, "curves and prime fields: {:?}", tls13.groups);
        let coverage = found.coverage().1;
        assert!(coverage.complete, "{coverage:?}");
        println!("{pairs} pairs in {coverage:?}");
        // Each pair once, then for the groups of TLS 1.3 and a few refusals; far from one connection a known suite.
        assert!((coverage.connections as usize) < pairs + 55, "{pairs} pairs: {coverage:?}");
        let keys: BTreeSet<&str> = found.certificates().iter().map(|certificate| &*certificate.key_alg).collect();
        assert_eq!(keys.len(), 2, "both certificates are met: {keys:?}");
    }
}

#[test]
fn a_complete_handshake_proves_the_key_and_the_chain_is_checked() {
    if missing(OPENSSL) {
        return;
    }
    for (version, option) in &VERSIONS[2..] {
        let found = probe(&start(&[option]));
        let [(Protocol::Tls, session)] = found.sessions()[..] else { panic!("{:?}", found.sessions()) };
        assert_eq!(session.handshake, Completion::Complete, "{session:?}");
        assert_eq!(session.client_auth, Field::Seen(false));
        assert_eq!(session.key_exchange, Field::Seen("ECDHE".into()));
        assert_eq!(
            session.version.seen().map(|text| &**text),
            Some(if *version == Version::TLS_1_2 { "1.2" } else { "1.3" })
        );
        let [proof] = found.proofs()[..] else { panic!("{:?}", found.proofs()) };
        assert_eq!((proof.key, proof.version), (KeyRole::Signing, *version));
        let leaf = found.certificates()[0];
        assert_eq!(proof.certificate.0.map(|byte| format!("{byte:02x}")).concat(), &*leaf.sha256);
        let checked = leaf.checked.as_ref().unwrap();
        assert_eq!((checked.chain, checked.in_validity, checked.name_matches), (Chain::Trusted, true, Some(true)));
        assert_eq!(found.summary.handshakes, 1);
    }
}

#[test]
fn a_server_of_tls_13_alone_shows_every_kind_of_certificate() {
    if missing(OPENSSL) {
        return;
    }
    let (chain, key) = (certificate("ec/p256.crt"), certificate("ec/p256.key"));
    let found = probe(&start(&["-tls1_3", "-dcert", &chain, "-dkey", &key]));
    let keys: BTreeSet<&str> = found.certificates().iter().map(|certificate| &*certificate.key_alg).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert_eq!(found.summary.handshakes, 2);
}

#[test]
fn a_request_for_a_client_certificate_is_seen_whether_it_is_optional_or_not() {
    if missing(OPENSSL) {
        return;
    }
    for (option, completion) in [("-verify", Completion::Complete), ("-Verify", Completion::Failed)] {
        let found = probe(&start(&["-tls1_2", option, "1"]));
        let [(_, session)] = found.sessions()[..] else { panic!("{:?}", found.sessions()) };
        assert_eq!((&session.client_auth, session.handshake), (&Field::Seen(true), completion), "{option}");
        // The key exchange was signed before the server could know that we have no certificate.
        assert_eq!(found.proofs().len(), 1, "{option}");
        assert!(found.coverage().1.complete);
    }
}

#[test]
fn a_name_and_an_address_of_ipv6_lead_to_the_server_too() {
    if missing(OPENSSL) {
        return;
    }
    let peer = start(&["-tls1_2"]);
    let found = run(&[format!("localhost:{}", peer.port)], &options(), &[certificate("rsa/root-ca.crt")]);
    assert_eq!(found.accepts(Version::TLS_1_2).0, Reach::Seen);
    assert_eq!(found.observations[0].observed.as_str(), format!("localhost:{}", peer.port));
    let (_, session) = found.sessions()[0];
    assert_eq!(session.sni, Field::Seen("localhost".into()));
    assert_eq!(found.certificates()[0].checked.as_ref().unwrap().name_matches, Some(true));

    let (chain, key) = (certificate("rsa/rsa2048.crt"), certificate("rsa/rsa2048.key"));
    let peer = Peer::s_server_at(OPENSSL.0, "[::1]", &["-cert", &chain, "-key", &key, "-tls1_2"]);
    let found = run(&[format!("[::1]:{}", peer.port)], &options(), &[]);
    assert_eq!(found.accepts(Version::TLS_1_2).0, Reach::Seen);
    assert_eq!(found.sessions()[0].1.server.as_deref(), Some("::1"));
}
