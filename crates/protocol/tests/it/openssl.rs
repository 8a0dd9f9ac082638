//! OpenSSL's own programs as peers, on loopback: `openssl s_server` for our client, `openssl s_client` for our
//! server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dengmi_core::{Group, KeyRole, Scheme, Suite, Version};
use dengmi_parse::Limits;
use dengmi_parse::tls::AlertDescription;
use dengmi_protocol::handshake::suite::suites;
use dengmi_protocol::handshake::{
    Client, Done, Offer, Preference, Server, ServerConfig, ServerStep, Step, Stop, Stopped, groups,
};

use crate::identities::{file, identity, secrets};
use crate::peer::{OPENSSL, openssl_is_missing};

const PATIENCE: Duration = Duration::from_secs(60);

fn openssl(arguments: &[&str]) -> Command {
    let mut command = Command::new(OPENSSL);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(mut command: Command) -> Child {
    command.spawn().unwrap()
}

/// `openssl s_server` on a free port; ended when dropped.
struct Peer {
    child: Child,
    port: u16,
}

impl Peer {
    fn serve(who: &str, arguments: &[&str]) -> Peer {
        let (certificate, key) = (file(&format!("{who}.crt")), file(&format!("{who}.key")));
        let mut command = openssl(&["s_server", "-accept", "127.0.0.1:0", "-www", "-no_dhe"]);
        command.arg("-cert").arg(certificate).arg("-key").arg(key).args(arguments);
        let mut child = start(command);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = loop {
            let Some(Ok(line)) = lines.next() else {
                let mut said = String::new();
                child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                panic!("openssl s_server {arguments:?} did not start: {said}");
            };
            if let Some(address) = line.strip_prefix("ACCEPT ") {
                break address.rsplit(':').next().unwrap().parse().unwrap();
            }
        };
        // What it says further must be read, or it stops when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Peer { child, port }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A whole handshake over a socket.
fn connect(name: &str, peer: &Peer, offer: Offer) -> Result<(Done, TcpStream), Box<Stopped>> {
    let mut socket = TcpStream::connect(("127.0.0.1", peer.port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut out, mut buffer) = (Vec::new(), [0; 4096]);
    let mut client = Client::start(offer, secrets(name), &mut out).unwrap();
    loop {
        socket.write_all(&out).unwrap();
        out.clear();
        let length = socket.read(&mut buffer).unwrap_or_else(|error| panic!("{name}: {error}"));
        if length == 0 {
            return Err(client.closed());
        }
        match client.step(&buffer[..length], &mut out) {
            Ok(Step::More(more)) => client = more,
            Ok(Step::Done(done)) => {
                socket.write_all(&out).unwrap();
                return Ok((*done, socket));
            }
            Err(stopped) => {
                let _ = socket.write_all(&out);
                return Err(stopped);
            }
        }
    }
}

/// Asks for the status page of `s_server -www` and gives it back.
fn page(name: &str, done: &mut Done, socket: &mut TcpStream) -> String {
    let (mut out, mut page, mut buffer) = (Vec::new(), Vec::new(), [0; 4096]);
    done.connection.send(b"GET / HTTP/1.0\r\n\r\n", &mut out).unwrap();
    socket.write_all(&out).unwrap();
    out.clear();
    let mut length = 0;
    loop {
        let received =
            done.connection.receive(&buffer[..length], &mut out).unwrap_or_else(|stop| panic!("{name}: {stop}"));
        page.extend(received.data);
        if let Some(alert) = received.end {
            assert_eq!(alert.description, AlertDescription::CLOSE_NOTIFY, "{name}");
            break;
        }
        length = socket.read(&mut buffer).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_ne!(length, 0, "{name}: closed without close_notify");
    }
    done.connection.close(&mut out).unwrap();
    let _ = socket.write_all(&out);
    String::from_utf8(page).unwrap()
}

fn check_client(
    name: &str,
    who: &str,
    arguments: &[&str],
    offer: Offer,
    suite: u16,
    by: &[(KeyRole, &str)],
) -> (Done, String) {
    let peer = Peer::serve(who, arguments);
    let (mut done, mut socket) = connect(name, &peer, offer).unwrap_or_else(|stopped| panic!("{name}: {stopped}"));
    assert_eq!(done.proof.suite(), Suite(suite), "{name}");
    let proofs: Vec<_> = done.proof.proofs().iter().map(|proof| (proof.key, &*proof.by)).collect();
    assert_eq!(proofs, by, "{name}");
    assert_eq!(done.proof.learned().notes, [], "{name}");
    let page = page(name, &mut done, &mut socket);
    assert!(page.contains("HTTP/1.0 200 ok"), "{name}: {page}");
    (done, page)
}

const BY_EXCHANGE: &[(KeyRole, &str)] = &[(KeyRole::Signing, "server-key-exchange")];
const BY_VERIFY: &[(KeyRole, &str)] = &[(KeyRole::Signing, "certificate-verify")];
const BY_FINISHED: &[(KeyRole, &str)] = &[(KeyRole::Encryption, "finished")];

#[test]
fn our_client_completes_tls_1_2() {
    if openssl_is_missing() {
        return;
    }
    for (who, cipher, suite, by) in [
        ("rsa", "AES128-SHA", 0x002f, BY_FINISHED),
        ("rsa", "AES256-SHA256", 0x003d, BY_FINISHED),
        ("rsa", "AES256-GCM-SHA384", 0x009d, BY_FINISHED),
        ("rsa", "ECDHE-RSA-AES128-GCM-SHA256", 0xc02f, BY_EXCHANGE),
        ("rsa", "ECDHE-RSA-AES128-SHA", 0xc013, BY_EXCHANGE),
        ("rsa", "ECDHE-RSA-AES256-SHA384", 0xc028, BY_EXCHANGE),
        ("rsa", "ECDHE-RSA-CHACHA20-POLY1305", 0xcca8, BY_EXCHANGE),
        ("p256", "ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, BY_EXCHANGE),
        ("p256", "ECDHE-ECDSA-AES128-SHA256", 0xc023, BY_EXCHANGE),
        ("p384", "ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, BY_EXCHANGE),
        ("ed25519", "ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9, BY_EXCHANGE),
    ] {
        let arguments = ["-tls1_2", "-cipher", cipher];
        let (done, _) = check_client(cipher, who, &arguments, Offer::tls12(), suite, by);
        assert_eq!(done.proof.version(), Version::TLS_1_2);
    }
}

#[test]
fn our_client_completes_tls_1_2_in_every_group() {
    if openssl_is_missing() {
        return;
    }
    for (curve, group) in [("X25519", 0x001d), ("P-256", 0x0017), ("P-384", 0x0018), ("P-521", 0x0019)] {
        let arguments = ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-groups", curve];
        let (done, _) = check_client(curve, "rsa", &arguments, Offer::tls12(), 0xc02f, BY_EXCHANGE);
        assert_eq!(done.proof.learned().group, Some(Group(group)), "{curve}");
    }
}

#[test]
fn our_client_completes_tls_1_3() {
    if openssl_is_missing() {
        return;
    }
    for (who, cipher, suite, scheme) in [
        ("rsa", "TLS_AES_128_GCM_SHA256", 0x1301, 0x0804),
        ("p256", "TLS_AES_256_GCM_SHA384", 0x1302, 0x0403),
        ("p384", "TLS_CHACHA20_POLY1305_SHA256", 0x1303, 0x0503),
        ("ed25519", "TLS_AES_128_GCM_SHA256", 0x1301, 0x0807),
    ] {
        let arguments = ["-tls1_3", "-ciphersuites", cipher];
        let (done, _) = check_client(cipher, who, &arguments, Offer::tls13(), suite, BY_VERIFY);
        assert_eq!(done.proof.learned().scheme, Some(Scheme(scheme)), "{who}");
        assert_eq!(done.proof.learned().group, Some(Group(0x001d)), "{who}");
    }
    for compatible in [true, false] {
        for (curve, group) in [("P-256", 0x0017), ("P-384", 0x0018), ("P-521", 0x0019)] {
            let arguments = ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-groups", curve];
            let offer = Offer { compatible, ..Offer::tls13() };
            let (done, _) = check_client(curve, "p256", &arguments, offer, 0x1301, BY_VERIFY);
            assert_eq!(done.proof.learned().group, Some(Group(group)), "{curve}");
            assert!(done.proof.learned().retried, "{curve}");
        }
    }
}

#[test]
fn our_client_shows_its_certificate() {
    if openssl_is_missing() {
        return;
    }
    for (version, who) in [("-tls1_2", "rsa"), ("-tls1_2", "p256"), ("-tls1_3", "rsa"), ("-tls1_3", "ed25519")] {
        let base = if version == "-tls1_2" { Offer::tls12() } else { Offer::tls13() };
        let by = if version == "-tls1_2" { BY_EXCHANGE } else { BY_VERIFY };
        let suite = if version == "-tls1_2" { "ECDHE-RSA-AES128-GCM-SHA256" } else { "ALL" };
        let arguments = [version, "-Verify", "3", "-cipher", suite, "-ciphersuites", "TLS_AES_128_GCM_SHA256"];
        let number = if version == "-tls1_2" { 0xc02f } else { 0x1301 };
        let offer = Offer { identity: Some(Arc::new(identity(who))), ..base };
        let (done, page) = check_client(who, "rsa", &arguments, offer, number, by);
        assert_eq!(done.proof.learned().client_certificate_asked, Some(true));
        assert!(page.contains("Client certificate\n"), "{version} {who}: {page}");
    }
}

#[test]
fn a_missing_client_certificate_is_refused_where_the_version_has_it() {
    if openssl_is_missing() {
        return;
    }
    let peer = Peer::serve("rsa", &["-tls1_2", "-Verify", "3"]);
    let stopped = connect("none", &peer, Offer::tls12()).err().unwrap();
    assert!(matches!(stopped.reason, Stop::Alert(_)), "{stopped}");
    assert_eq!(stopped.learned.client_certificate_asked, Some(true));
    assert_eq!(stopped.learned.proofs.len(), 1, "the ServerKeyExchange was proof already");

    // TLS 1.3: the server says so only after our Finished.
    let peer = Peer::serve("rsa", &["-tls1_3", "-Verify", "3"]);
    let (mut done, mut socket) = connect("none", &peer, Offer::tls13()).unwrap();
    let (mut buffer, mut end) = ([0; 4096], None);
    while end.is_none() {
        let length = socket.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "closed without an alert");
        end = done.connection.receive(&buffer[..length], &mut Vec::new()).unwrap().end;
    }
    assert_eq!(end.map(|alert| alert.description), Some(AlertDescription::CERTIFICATE_REQUIRED));
}

#[test]
fn what_openssl_refuses_is_told() {
    if openssl_is_missing() {
        return;
    }
    let peer = Peer::serve("rsa", &["-tls1_3"]);
    let stopped = connect("old", &peer, Offer::tls12()).err().unwrap();
    let Stop::Alert(alert) = stopped.reason else { panic!("{stopped}") };
    assert_eq!(alert.description, AlertDescription::PROTOCOL_VERSION);
    // A server of TLS 1.3 alone closes without an alert when it hears TLCP.
    let stopped = connect("tlcp", &peer, Offer::tlcp()).err().unwrap();
    assert_eq!(stopped.reason, Stop::Closed);
}

/// Serves one connection of `openssl s_client` and gives back what that printed.
fn check_server(
    name: &str,
    who: &str,
    groups: Vec<Group>,
    arguments: &[&str],
) -> (dengmi_protocol::handshake::Accepted, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut command = openssl(&["s_client", "-connect", &address, "-servername", "peer.test", "-ign_eof"]);
    command.args(arguments);
    let mut child = start(command);
    child.stdin.as_mut().unwrap().write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();

    let config = ServerConfig {
        suites: [Version::TLS_1_3, Version::TLS_1_2].into_iter().flat_map(suites).collect(),
        preference: Preference::Clients,
        groups,
        tls: Some(identity(who)),
        tlcp: None,
        limits: Limits::default(),
    };
    let (mut socket, _) = listener.accept().unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut server = Server::start(Arc::new(config), secrets(name));
    let (mut out, mut buffer) = (Vec::new(), [0; 4096]);
    let mut served = loop {
        let length = socket.read(&mut buffer).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_ne!(length, 0, "{name}: closed in the middle of the handshake");
        match server.step(&buffer[..length], &mut out) {
            Ok(ServerStep::More(more)) => server = more,
            Ok(ServerStep::Done(served)) => break served,
            Err(stop) => panic!("{name}: {stop}"),
        }
        socket.write_all(&out).unwrap();
        out.clear();
    };
    let (mut request, mut length) = (Vec::new(), 0);
    while !request.ends_with(b"\r\n\r\n") {
        socket.write_all(&out).unwrap();
        out.clear();
        request.extend(served.connection.receive(&buffer[..length], &mut out).unwrap().data);
        if !request.ends_with(b"\r\n\r\n") {
            length = socket.read(&mut buffer).unwrap();
            assert_ne!(length, 0, "{name}: closed without a request");
        }
    }
    assert_eq!(request, b"GET / HTTP/1.0\r\n\r\n", "{name}");
    served.connection.send(b"HTTP/1.0 200 OK\r\n\r\na small page", &mut out).unwrap();
    served.connection.close(&mut out).unwrap();
    socket.write_all(&out).unwrap();
    let said = child.wait_with_output().unwrap();
    (served.accepted, String::from_utf8_lossy(&said.stdout).into_owned())
}

#[test]
fn our_server_completes_with_openssl() {
    if openssl_is_missing() {
        return;
    }
    for (who, arguments, group, scheme, expected) in [
        ("rsa", &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"][..], Some(0x001d), Some(0x0804), 0xc02f),
        ("rsa", &["-tls1_2", "-cipher", "AES128-SHA"], None, None, 0x002f),
        ("p256", &["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], Some(0x001d), Some(0x0403), 0xcca9),
        ("rsa", &["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], Some(0x001d), Some(0x0804), 0x1301),
        ("p256", &["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"], Some(0x001d), Some(0x0403), 0x1302),
        ("p384", &["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], Some(0x001d), Some(0x0503), 0x1303),
        ("ed25519", &[], Some(0x001d), Some(0x0807), 0x1302),
    ] {
        let name = format!("{who} {arguments:?}");
        let (accepted, said) = check_server(&name, who, groups().collect(), arguments);
        assert_eq!(accepted.suite, Some(Suite(expected)), "{name}");
        assert_eq!(accepted.group, group.map(Group), "{name}");
        assert_eq!(accepted.scheme, scheme.map(Scheme), "{name}");
        assert_eq!(accepted.server_name.as_deref(), Some("peer.test"), "{name}");
        assert!(said.contains("a small page"), "{name}: {said}");
    }
}

#[test]
fn our_server_asks_openssl_for_another_share() {
    if openssl_is_missing() {
        return;
    }
    let only = vec![Group(0x0018)];
    let (accepted, said) = check_server("retry", "p256", only, &["-tls1_3", "-groups", "X25519:P-384"]);
    assert!(accepted.retried);
    assert_eq!(accepted.group, Some(Group(0x0018)));
    assert!(said.contains("a small page"), "{said}");
}
