//! Debian's nginx: several workers' worth of settings in one program.

use super::peer::{NGINX, Peer, certificate, missing};
use super::run::{options, run};
use dengmi_collect::probe::Options;
use dengmi_core::{Asked, Field, Group, Order, Protocol, Reach, Suite, Version};
use std::collections::BTreeSet;

fn tls(settings: &str) -> String {
    let line = |kind: &str, name: &str| format!("{kind} {};", certificate(name));
    [
        "listen LISTEN ssl;".to_owned(),
        line("ssl_certificate", "rsa/rsa2048.crt"),
        line("ssl_certificate_key", "rsa/rsa2048.key"),
        line("ssl_certificate", "ec/p256.crt"),
        line("ssl_certificate_key", "ec/p256.key"),
        settings.to_owned(),
    ]
    .concat()
}

#[test]
fn a_modern_server_costs_few_connections_and_tells_everything() {
    if missing(NGINX) {
        return;
    }
    let list = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
    let codes = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8].map(Suite);
    let folder = tempfile::tempdir().unwrap();
    let servers = ["on", "off"].map(|own| {
        tls(&format!("ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {list}; ssl_prefer_server_ciphers {own};"))
    });
    let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
    let (_peer, ports) = Peer::nginx(folder.path(), &servers);
    for (port, order) in ports.iter().zip([Order::Servers, Order::Clients]) {
        let found = run(&[format!("127.0.0.1:{port}")], &options(), &[]);
        let (reach, accepts) = found.accepts(Version::TLS_1_2);
        assert_eq!((reach, accepts.asked, accepts.order), (Reach::Seen, Asked::Registry, order), "{accepts:?}");
        let sorted: BTreeSet<Suite> = codes.into();
        assert_eq!(accepts.suites.iter().copied().collect::<BTreeSet<_>>(), sorted);
        if order == Order::Servers {
            assert_eq!(accepts.suites, codes);
        }
        let groups = [Group::SECP256R1, Group::SECP384R1, Group::SECP521R1, Group::X25519, Group::X448];
        assert_eq!(accepts.groups.iter().copied().collect::<BTreeSet<_>>(), groups.into());
        let (_, tls13) = found.accepts(Version::TLS_1_3);
        assert_eq!((tls13.suites.len(), tls13.groups.len()), (3, 10), "{tls13:?}");
        let coverage = found.coverage().1;
        assert_eq!((tls13.schemes.len(), accepts.schemes.len()), (4, 11), "{tls13:?} {accepts:?}");
        // 9 suites, 15 groups, 15 schemes and what refuses them; SSL 2.0, TLCP, the fallback signal, resumption. Schemes of
        // TLS 1.3 cost nothing beside groups, but for what refuses them and the one complete handshake.
        assert!(coverage.complete && coverage.connections <= 40, "{coverage:?}");
        let certificates: BTreeSet<&str> = found.certificates().iter().map(|one| &*one.key_alg).collect();
        assert_eq!(certificates, BTreeSet::from(["ECDSA", "RSA"]));
        let proved: BTreeSet<_> = found.proofs().iter().map(|proof| proof.certificate).collect();
        assert_eq!(proved.len(), 2, "the key of each certificate is proved");
        assert_eq!(
            found.summary.to_string(),
            format!(
                "1 endpoints, 1 of them complete, 0 unreachable; {} connections, 2 complete handshakes, 0 answers lost",
                coverage.connections
            )
        );
    }
}

#[test]
fn plain_http_is_told_apart_and_a_redirect_is_noted() {
    if missing(NGINX) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let servers = [
        "listen LISTEN; return 301 https://peer.test$request_uri;",
        "listen LISTEN; return 200 'welcome';",
        "listen LISTEN; return 302 /login;",
    ];
    let (_peer, ports) = Peer::nginx(folder.path(), &servers);
    for (port, leads_to_tls) in ports.iter().zip([true, false, false]) {
        let found = run(&[format!("127.0.0.1:{port}")], &options(), &[]);
        let (reach, coverage) = found.coverage();
        assert_eq!((reach, &coverage.speaks[..]), (Reach::Seen, &["HTTP".into()][..]), "{coverage:?}");
        let [(Protocol::Plain, session)] = found.sessions()[..] else { panic!("{:?}", found.sessions()) };
        assert_eq!((&session.encrypted, &session.certificate), (&Field::Seen(false), &Field::Absent));
        assert_eq!(found.finished[0].leads_to_tls, Some(leads_to_tls));
        assert!(found.reaches().iter().all(|(_, reach)| *reach == Reach::Absent), "{:?}", found.reaches());
        let place = found.observations.iter().find(|one| one.fact.kind() == "plain.session").unwrap().place.clone();
        assert!(found.artifacts[&place.unwrap().artifact].starts_with(b"HTTP/1.1 "));
    }
}

#[test]
fn a_page_inside_tls_tells_strict_transport_and_forms() {
    if missing(NGINX) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let form = r#"<form action=/in><input name=p type="password"></form>"#;
    let servers = [
        tls(&format!(
            "ssl_protocols TLSv1.3; add_header Strict-Transport-Security 'max-age=600'; return 200 '{form}';"
        )),
        tls("ssl_protocols TLSv1.2; return 302 http://peer.test/;"),
        format!("listen LISTEN; return 200 '{form}';"),
        // Takes HTTP/2 wherever it is offered.
        tls(&format!("ssl_protocols TLSv1.2 TLSv1.3; return 200 '{form}';")).replace(" ssl;", " ssl http2;"),
    ];
    let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
    let (_peer, ports) = Peer::nginx(folder.path(), &servers);
    let expected = [
        (true, 200, Some(600), true, false),
        (true, 302, None, false, false),
        (false, 200, None, true, true),
        (true, 200, None, true, false),
    ];
    for (port, expected) in ports.iter().zip(expected) {
        let found = run(&[format!("127.0.0.1:{port}")], &options(), &[]);
        let (page, bytes) = found.page().expect("a page");
        let told = (page.encrypted, page.status, page.strict_seconds(), page.login_form, page.login_in_clear);
        assert_eq!((told, page.cut), (expected, false), "{page:?}");
        assert!(bytes.starts_with(b"HTTP/1.1 "), "kept in clear");
        assert_eq!(found.coverage().1.speaks[..], [if page.encrypted { "TLS" } else { "HTTP" }.into()]);
    }
    // Who does not want it is not asked.
    let found = run(&[format!("127.0.0.1:{}", ports[0])], &Options { web: false, ..options() }, &[]);
    assert_eq!(found.page(), None);
}

#[test]
fn a_session_is_taken_up_again_where_tickets_are_given() {
    if missing(NGINX) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "ssl_protocols TLSv1.3; ssl_early_data on;",
        "ssl_protocols TLSv1.3; ssl_ciphers DEFAULT; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;",
        "ssl_protocols TLSv1.3; ssl_conf_command Options -SessionTicket; ssl_conf_command NumTickets 0;",
        "ssl_protocols TLSv1.2;",
    ];
    let servers = settings.map(tls);
    let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
    let (_peer, ports) = Peer::nginx(folder.path(), &servers[..]);
    let version = [Version::TLS_1_3, Version::TLS_1_3, Version::TLS_1_3, Version::TLS_1_2];
    let expected = [
        (Some(true), Some(true), Some(16_384)),
        (Some(true), Some(true), Some(0)),
        (Some(false), None, None),
        (Some(true), Some(true), None),
    ];
    for ((port, version), expected) in ports.iter().zip(version).zip(expected) {
        let found = run(&[format!("127.0.0.1:{port}")], &options(), &[]);
        let features = found.features(version);
        assert_eq!((features.session_ticket, features.resumed, features.early_data), expected, "{features:?}");
    }
}

#[test]
fn many_endpoints_share_one_run() {
    if missing(NGINX) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "ssl_protocols TLSv1.2 TLSv1.3;",
        "ssl_protocols TLSv1.3;",
        "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT:@SECLEVEL=0;",
        "ssl_protocols TLSv1.2; ssl_ciphers HIGH;",
    ];
    let servers: Vec<String> = (0..12).map(|number| tls(settings[number % settings.len()])).collect();
    let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
    let (_peer, ports) = Peer::nginx(folder.path(), &servers);
    let targets: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let mut options = options();
    options.per_host = 4;
    let found = run(&targets, &options, &[]);
    assert_eq!((found.summary.endpoints, found.summary.complete, found.summary.lost), (12, 12, 0), "{}", found.summary);
    let mut seen: Vec<String> = found.finished.iter().map(|finished| finished.target.to_string()).collect();
    let mut expected = targets.clone();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}
