//! QUIC: quinn with rustls.

use crate::peer::certificate;
use crate::run::{options, run};
use dengmi_core::{Asked, Fact, Group, Order, Protocol, QuicAccepts, Reach, Suite, Version};
use quinn::crypto::rustls::QuicServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use std::time::Duration;

/// A server on a free port of loopback, on a thread that ends with the tests.
fn start(protocol: &'static [u8], retry: bool) -> u16 {
    let (told, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(serve(protocol, retry, told));
    });
    heard.recv_timeout(Duration::from_secs(30)).unwrap()
}

async fn serve(protocol: &[u8], retry: bool, told: std::sync::mpsc::Sender<u16>) {
    let certificates = CertificateDer::pem_file_iter(certificate("rsa/rsa2048.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificate("rsa/rsa2048.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates.collect::<Result<_, _>>().unwrap(), key)
        .unwrap();
    tls.alpn_protocols = vec![protocol.to_vec()];
    let configuration = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
    let endpoint = quinn::Endpoint::server(configuration, ([127, 0, 0, 1], 0).into()).unwrap();
    told.send(endpoint.local_addr().unwrap().port()).unwrap();
    while let Some(incoming) = endpoint.accept().await {
        if retry && !incoming.remote_address_validated() {
            incoming.retry().unwrap();
        } else if let Ok(connecting) = incoming.accept() {
            tokio::spawn(connecting);
        }
    }
}

#[test]
fn versions_suites_and_groups_of_quinn_are_found_by_initials() {
    for retry in [false, true] {
        let port = start(b"h3", retry);
        let found = run(&[format!("quic://127.0.0.1:{port}")], &options(), &[]);
        let said = found.observations.iter().find_map(|one| match &one.fact {
            Fact::QuicAccepts(accepts) => Some(&**accepts),
            _ => None,
        });
        let QuicAccepts { versions, asked, retry: retried } = said.unwrap();
        assert!(versions.iter().any(|version| &**version == "1"), "{versions:?}");
        assert_eq!((asked.as_deref(), *retried), (Some("1"), retry));
        let (reach, accepts) = found.accepts(Version::TLS_1_3);
        assert_eq!((reach, accepts.asked, accepts.protocol), (Reach::Seen, Asked::Registry, Protocol::Quic));
        let mut suites = accepts.suites.clone();
        suites.sort();
        assert_eq!(suites, [0x1301, 0x1302, 0x1303].map(Suite), "{accepts:?}");
        let mut groups = accepts.groups.clone();
        groups.sort();
        assert_eq!(groups, [Group::SECP256R1, Group::SECP384R1, Group::X25519], "{accepts:?}");
        assert_ne!(accepts.order, Order::NotTried);
        let (reach, coverage) = found.coverage();
        assert_eq!((reach, &*coverage.speaks, coverage.complete), (Reach::Seen, &["QUIC".into()][..], true));
    }
}

#[test]
fn a_server_of_another_protocol_inside_refuses_with_its_alert() {
    let port = start(b"of-our-own", false);
    let found = run(&[format!("quic://127.0.0.1:{port}")], &options(), &[]);
    let (reach, accepts) = found.accepts(Version::TLS_1_3);
    // It chooses before it looks at protocols, or refuses for want of one: never silence.
    assert!(matches!(reach, Reach::Seen | Reach::Refused | Reach::Absent), "{reach:?} {accepts:?}");
    assert_eq!(&*found.coverage().1.speaks, &["QUIC".into()][..]);
}
