//! DTLS: Debian's OpenSSL and GnuTLS; and ports that are closed, silent or wrong.

use super::peer::{OPENSSL, Peer, certificate, missing};
use super::run::{Run, options, run};
use dengmi_collect::probe::Options;
use dengmi_core::{Asked, Completion, Fact, Field, KeyRole, Protocol, Reach, Version};
use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const GNUTLS: (&str, &str) = ("/usr/bin/gnutls-serv", "gnutls-bin");

fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn probe(port: u16, options: &Options) -> Run {
    run(&[format!("dtls://127.0.0.1:{port}")], options, &[certificate("rsa/root-ca.crt")])
}

/// A server, once its port is taken.
fn start(mut command: Command, port: u16) -> Peer {
    command.env("OPENSSL_CONF", "/dev/null").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut peer = Peer { child: command.spawn().unwrap(), port };
    let deadline = Instant::now() + Duration::from_secs(30);
    while UdpSocket::bind(("127.0.0.1", port)).is_ok() {
        assert!(peer.child.try_wait().unwrap().is_none(), "{command:?} ended");
        assert!(Instant::now() < deadline, "{command:?} does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    peer
}

fn s_server(arguments: &[&str]) -> Peer {
    let port = free_udp_port();
    let mut command = Command::new(OPENSSL.0);
    command.args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")]).args(arguments);
    command.args(["-cert", &certificate("rsa/rsa2048.crt"), "-key", &certificate("rsa/rsa2048.key")]);
    start(command, port)
}

/// What OpenSSL itself says that it would accept with an RSA certificate.
fn truth(version: &str) -> BTreeSet<String> {
    let output = Command::new(OPENSSL.0)
        .args(["ciphers", "-s", "-stdname", version, "ALL:@SECLEVEL=0"])
        .env("OPENSSL_CONF", "/dev/null")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let fits = |line: &&str| ["RSA", "None"].iter().any(|kind| line.contains(&format!(" Au={kind} ")));
    text.lines().filter(fits).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn openssl_accepts_what_it_says_in_both_versions() {
    if missing(OPENSSL) {
        return;
    }
    // With a cookie from a server that keeps nothing before it has seen it, and without.
    for listen in [&[][..], &["-listen"]] {
        let found = probe(s_server(&[&["-dtls", "-cipher", "ALL:@SECLEVEL=0"], listen].concat()).port, &options());
        for (version, name) in [(Version::DTLS_1_2, "-tls1_2"), (Version::DTLS_1_0, "-tls1_1")] {
            let (reach, accepts) = found.accepts(version);
            assert_eq!((reach, accepts.asked), (Reach::Seen, Asked::Registry), "{accepts:?}");
            let names: BTreeSet<_> = accepts.suite_names.iter().map(|name| name.to_string()).collect();
            assert_eq!(names, truth(name), "{name}");
            assert!(accepts.groups.len() >= 5, "{accepts:?}");
        }
        let (_, coverage) = found.coverage();
        assert_eq!((coverage.complete, &*coverage.speaks), (true, &["DTLS".into()][..]), "{coverage:?}");
        let proofs = found.observations.iter().filter_map(|one| match &one.fact {
            Fact::KeyProof(proof) => Some((proof.key, proof.version)),
            _ => None,
        });
        assert_eq!(proofs.collect::<Vec<_>>(), [(KeyRole::Signing, Version::DTLS_1_2)]);
    }
}

#[test]
fn a_handshake_is_completed_with_every_kind_of_suite() {
    if missing(OPENSSL) {
        return;
    }
    for suite in [
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-RSA-AES128-SHA256",
        "AES256-SHA",
        "AES256-GCM-SHA384",
    ] {
        let peer = s_server(&["-dtls1_2", "-listen", "-cipher", suite, "-mtu", "400"]);
        let found = probe(peer.port, &options());
        let session = found.observations.iter().find_map(|one| match &one.fact {
            Fact::Session(Protocol::Tls, session) => Some(session),
            _ => None,
        });
        let session = session.unwrap_or_else(|| panic!("{suite}: {:?}", found.observations));
        let seen = (session.handshake, session.protocol.clone(), session.version.clone(), session.transport.as_deref());
        let word = |text: &str| Field::Seen(Box::from(text));
        assert_eq!(seen, (Completion::Complete, word("DTLS"), word("1.2"), Some("udp")), "{suite}");
        assert_eq!(session.certificate.seen().map(Vec::len), Some(1), "{suite}");
    }
}

#[test]
fn gnutls_refuses_by_silence_and_its_lists_say_so() {
    if missing(GNUTLS) {
        return;
    }
    let port = free_udp_port();
    let mut command = Command::new(GNUTLS.0);
    command.args(["--udp", "--echo", "-p", &port.to_string(), "--x509certfile", &certificate("rsa/rsa2048.crt")]);
    command.args(["--x509keyfile", &certificate("rsa/rsa2048.key")]);
    let peer = start(command, port);
    let mut options = Options { tries: 1, ..options() };
    options.times.answer = Duration::from_millis(700);
    let found = probe(peer.port, &options);
    let (reach, accepts) = found.accepts(Version::DTLS_1_2);
    assert_eq!((reach, accepts.asked), (Reach::Seen, Asked::Partly), "{accepts:?}");
    assert!(accepts.suite_names.iter().any(|name| &**name == "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"), "{accepts:?}");
    assert!(!found.coverage().1.complete);
    let proved = |one: &dengmi_core::Observation| matches!(one.fact, Fact::KeyProof(_));
    assert!(found.observations.iter().any(proved));
}

/// Answers every datagram with these, until dropped.
struct Answers(Arc<AtomicBool>);

impl Drop for Answers {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn answers(with: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> (u16, Answers) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    std::thread::spawn(move || {
        let mut piece = [0; 2048];
        while !stopped.load(Ordering::Relaxed) {
            if let Ok((count, from)) = socket.recv_from(&mut piece) {
                with(&piece[..count]).iter().for_each(|answer| drop(socket.send_to(answer, from)));
            }
        }
    });
    (port, Answers(stop))
}

#[test]
fn what_is_no_dtls_costs_its_time_and_is_told_as_what_it_is() {
    let hasty = || {
        let mut options = Options { tries: 1, ..options() };
        options.times.answer = Duration::from_millis(280);
        options
    };
    let cookie = || {
        let body = [3, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7, 0xfe, 0xff, 4, 1, 2, 3, 4];
        [&[22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 19][..], &body].concat()
    };
    type Answering = Box<dyn Fn(&[u8]) -> Vec<Vec<u8>> + Send>;
    let kinds: [(&str, Answering, &[Reach]); 5] = [
        ("silent", Box::new(|_| vec![]), &[Reach::Unanswered, Reach::NotTried]),
        ("echo", Box::new(|sent| vec![sent.to_vec()]), &[Reach::Unanswered, Reach::NotTried]),
        ("garbage", Box::new(|_| vec![vec![0xff; 99]]), &[Reach::Undecodable, Reach::NotTried]),
        ("always a cookie", Box::new(move |_| vec![cookie()]), &[Reach::Unanswered, Reach::NotTried]),
        ("a flood", Box::new(|_| vec![vec![22; 40]; 500]), &[Reach::Undecodable, Reach::NotTried]),
    ];
    for (kind, with, reaches) in kinds {
        let (port, _answers) = answers(with);
        let found = probe(port, &hasty());
        for version in [Version::DTLS_1_2, Version::DTLS_1_0] {
            let (reach, accepts) = found.accepts(version);
            assert!(reaches.contains(&reach) && accepts.suites.is_empty(), "{kind}: {reach:?} {accepts:?}");
        }
        assert!(!found.coverage().1.complete, "{kind}");
    }
    let closed = probe(free_udp_port(), &hasty());
    assert_eq!(closed.coverage().0, Reach::Refused);
}
