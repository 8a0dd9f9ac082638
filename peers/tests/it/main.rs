//! The prober against Tongsuo: TLCP, RFC 8998, and both families on one port; and against quinn.

// Clippy's settings for tests reach `#[test]` functions only, not the functions beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(dead_code, reason = "peer and run serve Debian's peers too")]

#[path = "../../../crates/collect/tests/it/probe/peer.rs"]
#[allow(unreachable_pub, reason = "shared with the tests of the prober")]
mod peer;
#[path = "../../../crates/collect/tests/it/probe/run.rs"]
#[allow(unreachable_pub, reason = "shared with the tests of the prober")]
mod run;

mod quic;

use dengmi_core::{
    Accepts, Asked, Chain, Completion, Field, Group, KeyProof, KeyRole, Order, Protocol, Reach, Scheme, Session, Suite,
    Version,
};
use dengmi_peers::TONGSUO;
use peer::{Peer, certificate};
use run::{Run, options, run};
use std::collections::BTreeSet;

fn start(arguments: &[&str]) -> Peer {
    Peer::s_server(TONGSUO, arguments)
}

fn probe(peer: &Peer) -> Run {
    let roots = [certificate("sm2/root-ca.crt"), certificate("rsa/root-ca.crt")];
    run(&[format!("127.0.0.1:{}", peer.port)], &options(), &roots)
}

/// A TLCP server with the dual certificate.
fn tlcp(arguments: &[&str]) -> Peer {
    let files = ["server-sign.crt", "server-sign.key", "server-enc.crt", "server-enc.key", "ca-bundle.pem"];
    let [sign, sign_key, enc, enc_key, authorities] = files.map(|name| certificate(&format!("sm2/{name}")));
    let fixed = [
        "-bugs",
        "-enable_ntls",
        "-sign_cert",
        &sign,
        "-sign_key",
        &sign_key,
        "-enc_cert",
        &enc,
        "-enc_key",
        &enc_key,
        "-CAfile",
        &authorities,
    ];
    start(&[&fixed, arguments].concat())
}

fn accepted(found: &Run, version: Version) -> &Accepts {
    let (reach, accepts) = found.accepts(version);
    assert_eq!((reach, accepts.asked), (Reach::Seen, Asked::Registry), "{accepts:?}");
    accepts
}

fn session(found: &Run, suite: Suite) -> &Session {
    let of_suite = |(_, session): &(Protocol, &Session)| session.cipher_suite_code == Field::Seen(suite);
    found.sessions().into_iter().find(of_suite).unwrap_or_else(|| panic!("no session with {suite}")).1
}

/// Which keys a session with this suite proved, and by what.
fn proved(found: &Run, suite: Suite) -> BTreeSet<(KeyRole, String)> {
    let of_suite = |proof: &&KeyProof| proof.suite == suite && proof.notes.is_empty();
    found.proofs().into_iter().filter(of_suite).map(|proof| (proof.key, proof.by.to_string())).collect()
}

const ECC: [Suite; 2] = [Suite::ECC_SM4_CBC_SM3, Suite::ECC_SM4_GCM_SM3];

#[test]
fn tlcp_suites_stand_in_the_order_of_the_server() {
    let list = "ECC-SM2-SM4-GCM-SM3:ECDHE-SM2-SM4-CBC-SM3:ECC-SM2-SM4-CBC-SM3:ECDHE-SM2-SM4-GCM-SM3:@SECLEVEL=0";
    let names = [Suite::ECC_SM4_GCM_SM3, Suite::ECDHE_SM4_CBC_SM3, Suite::ECC_SM4_CBC_SM3, Suite::ECDHE_SM4_GCM_SM3];
    for (preference, order) in [(&["-serverpref"][..], Order::Servers), (&[], Order::Clients)] {
        let found = probe(&tlcp(&[&["-cipher", list][..], preference].concat()));
        let accepts = accepted(&found, Version::TLCP);
        assert_eq!((accepts.protocol, accepts.order), (Protocol::Tlcp, order), "{accepts:?}");
        if order == Order::Servers {
            assert_eq!(accepts.suites, names);
            assert_eq!(&*accepts.suite_names[0], "ECC_SM4_GCM_SM3");
        } else {
            assert_eq!(accepts.suites.iter().collect::<BTreeSet<_>>(), names.iter().collect());
        }
        let coverage = found.coverage().1;
        assert!(coverage.complete, "{coverage:?}");
        assert_eq!(coverage.speaks, [Box::from("TLCP")]);
        // Four suites, three more hellos, at most two for each version of TLS, two handshakes.
        assert!(coverage.connections <= 4 + 3 + 2 * 5 + 2, "{coverage:?}");
    }
}

#[test]
fn tlcp_handshakes_prove_both_keys_and_the_pair_is_verified() {
    let found = probe(&tlcp(&["-cipher", "ALL:@SECLEVEL=0"]));
    for suite in ECC {
        let session = session(&found, suite);
        assert_eq!(
            (session.handshake, &session.client_auth),
            (Completion::Complete, &Field::Seen(false)),
            "{session:?}"
        );
        assert_eq!(session.cipher_suite, Field::Seen(suite.to_string().into()));
        let expected = [(KeyRole::Signing, "server-key-exchange"), (KeyRole::Encryption, "finished")];
        assert_eq!(proved(&found, suite), expected.map(|(key, by)| (key, by.to_owned())).into());
        for proof in found.proofs().iter().filter(|proof| proof.suite == suite) {
            let name = proof.certificate.0.map(|byte| format!("{byte:02x}")).concat();
            let holder = found.certificates().into_iter().find(|certificate| *certificate.sha256 == name).unwrap();
            assert_eq!(holder.role, Some(proof.key));
        }
    }
    assert_eq!(found.summary.handshakes, 2);
    let leaves: Vec<_> = found.certificates().into_iter().filter(|certificate| certificate.role.is_some()).collect();
    assert_eq!(
        leaves.iter().map(|leaf| leaf.role.unwrap()).collect::<Vec<_>>(),
        [KeyRole::Signing, KeyRole::Encryption]
    );
    for leaf in leaves {
        let checked = leaf.checked.as_ref().unwrap();
        assert_eq!((checked.chain, checked.in_validity, checked.name_matches), (Chain::Trusted, true, Some(true)));
        assert_eq!(checked.problems, Vec::<Box<str>>::new());
    }
}

#[test]
fn one_port_can_speak_tlcp_and_tls() {
    let (chain, key) = (certificate("rsa/rsa2048.crt"), certificate("rsa/rsa2048.key"));
    let found = probe(&tlcp(&["-cert", &chain, "-key", &key, "-cipher", "ALL:@SECLEVEL=0"]));
    let tlcp = accepted(&found, Version::TLCP);
    assert!(ECC.iter().all(|suite| tlcp.suites.contains(suite)), "{tlcp:?}");
    let tls12 = accepted(&found, Version::TLS_1_2);
    assert!(tls12.suites.contains(&Suite(0xc02f)), "{tls12:?}");
    assert!(accepted(&found, Version::TLS_1_3).suites.contains(&Suite::TLS_AES_128_GCM_SHA256));
    let coverage = found.coverage().1;
    assert_eq!(coverage.speaks.iter().map(|word| &**word).collect::<BTreeSet<_>>(), ["TLCP", "TLS"].into());
    assert!(coverage.complete, "{coverage:?}");
    let protocols: Vec<Protocol> = found.sessions().iter().map(|(protocol, _)| *protocol).collect();
    assert!(protocols.contains(&Protocol::Tls) && protocols.contains(&Protocol::Tlcp));
    assert!(found.sessions().iter().all(|(_, session)| session.handshake == Completion::Complete));
    // Tongsuo takes SM4 with an RSA certificate unless it is told to be strict: the mix is met and can be seen.
    let mixed = session(&found, Suite::TLS_SM4_GCM_SM3);
    assert_eq!(mixed.signature, Field::Seen(Scheme::RSA_PSS_RSAE_SHA256.to_string().into()));
    for certificate in found.certificates().iter().filter(|certificate| !certificate.is_ca) {
        assert_eq!(certificate.checked.as_ref().unwrap().chain, Chain::Trusted, "{certificate:?}");
    }
}

#[test]
fn rfc_8998_is_enumerated_and_completed() {
    let (chain, key) = (certificate("sm2/single-chain.pem"), certificate("sm2/single.key"));
    let suites = [Suite::TLS_SM4_CCM_SM3, Suite::TLS_SM4_GCM_SM3];
    let found = probe(&start(&[
        "-cert",
        &chain,
        "-cert_chain",
        &chain,
        "-key",
        &key,
        "-tls1_3",
        "-enable_sm_tls13_strict",
        "-serverpref",
        "-ciphersuites",
        "TLS_SM4_CCM_SM3:TLS_SM4_GCM_SM3",
    ]));
    let accepts = accepted(&found, Version::TLS_1_3);
    assert_eq!((accepts.order, &accepts.suites[..]), (Order::Servers, &suites[..]), "{accepts:?}");
    assert!(accepts.groups.contains(&Group::CURVE_SM2), "{accepts:?}");
    let [(Protocol::Tls, session)] = found.sessions()[..] else { panic!("{:?}", found.sessions()) };
    assert_eq!(session.handshake, Completion::Complete, "{session:?}");
    assert_eq!(session.cipher_suite_code, Field::Seen(Suite::TLS_SM4_CCM_SM3));
    assert_eq!(
        (&session.group, &session.signature),
        (&Field::Seen(Group::CURVE_SM2.to_string().into()), &Field::Seen(Scheme::SM2SIG_SM3.to_string().into()),)
    );
    assert_eq!(proved(&found, Suite::TLS_SM4_CCM_SM3), [(KeyRole::Signing, "certificate-verify".to_owned())].into());
    let checked = found.certificates()[0].checked.as_ref().unwrap();
    assert_eq!((checked.chain, checked.in_validity, checked.name_matches), (Chain::Trusted, true, Some(true)));
    assert!(found.coverage().1.complete, "{:?}", found.coverage());
}

#[test]
fn rfc_8998_with_gcm_is_completed_beside_the_suites_of_others() {
    let (chain, key) = (certificate("sm2/single-chain.pem"), certificate("sm2/single.key"));
    let (rsa, rsa_key) = (certificate("rsa/rsa2048.crt"), certificate("rsa/rsa2048.key"));
    let found = probe(&start(&[
        "-cert",
        &rsa,
        "-key",
        &rsa_key,
        "-dcert",
        &chain,
        "-dcert_chain",
        &chain,
        "-dkey",
        &key,
        "-tls1_3",
        "-ciphersuites",
        "TLS_AES_128_GCM_SHA256:TLS_SM4_GCM_SM3",
    ]));
    let accepts = accepted(&found, Version::TLS_1_3);
    let suites = [Suite::TLS_AES_128_GCM_SHA256, Suite::TLS_SM4_GCM_SM3];
    assert_eq!(accepts.suites.iter().collect::<BTreeSet<_>>(), suites.iter().collect());
    for suite in suites {
        assert_eq!(session(&found, suite).handshake, Completion::Complete);
        assert_eq!(proved(&found, suite), [(KeyRole::Signing, "certificate-verify".to_owned())].into());
    }
    assert_eq!(session(&found, Suite::TLS_SM4_GCM_SM3).signature, Field::Seen(Scheme::SM2SIG_SM3.to_string().into()));
}
