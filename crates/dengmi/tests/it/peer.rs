//! Services on loopback that the program meets in these tests. They speak HTTP, TLCP, or nothing that is worth an answer.

use dengmi_core::{Suite, registry};
use dengmi_crypto::PrivateKey;
use dengmi_parse::Limits;
use dengmi_parse::certificate::{read_bundle, read_pem};
use dengmi_protocol::handshake::{Identity, Preference, Secrets, Server, ServerConfig, ServerStep};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A service that runs until the tests end.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    dripping: Arc<AtomicBool>,
}

impl Peer {
    /// A web server without TLS.
    pub(crate) fn plain() -> Peer {
        Peer::start(false)
    }

    /// Answers a byte a second, and never anything whole, until [`Peer::recover`].
    pub(crate) fn dripping() -> Peer {
        Peer::start(true)
    }

    fn start(drips: bool) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, dripping) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(drips)));
        let peer = Peer { address, connections: Arc::clone(&connections), dripping: Arc::clone(&dripping) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                connections.fetch_add(1, Ordering::SeqCst);
                let dripping = Arc::clone(&dripping);
                thread::spawn(move || serve(stream, &dripping));
            }
        });
        peer
    }

    /// From now on a web server.
    pub(crate) fn recover(&self) {
        self.dripping.store(false, Ordering::SeqCst);
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until somebody has connected.
    pub(crate) fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.connections() == 0 {
            assert!(Instant::now() < until, "nobody connects to {}", self.address);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A client that goes away ends only its own connection.
fn serve(mut stream: TcpStream, dripping: &AtomicBool) {
    let mut bytes = [0; 4096];
    let Ok(count) = stream.read(&mut bytes) else { return };
    // The head of a TLS record that promises more than ever comes.
    for byte in [0x16_u8, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(0)) {
        if !dripping.load(Ordering::SeqCst) {
            break;
        }
        if stream.write_all(&[byte]).is_err() {
            return;
        }
        thread::sleep(Duration::from_secs(1));
    }
    let answer: &[u8] = match bytes.get(..count) {
        Some(request) if request.starts_with(b"GET ") => {
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        }
        _ => b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    };
    let _ = stream.write_all(answer);
}

macro_rules! test_file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../vectors/certificates/", $name))
    };
}

/// A portal that takes TLCP and nothing else, until the tests end. It speaks through this project's own machine.
pub(crate) fn tlcp() -> SocketAddr {
    let limits = Limits::default();
    let key = |file: &[u8]| PrivateKey::from_pkcs8(&read_pem(file, &limits).unwrap().value[0].bytes).unwrap();
    let files: [&[u8]; 3] =
        [test_file!("sm2/server-sign.crt"), test_file!("sm2/server-enc.crt"), test_file!("sm2/sub-ca.crt")];
    let identity = Identity {
        certificates: files.iter().flat_map(|file| read_bundle(file, &limits).unwrap().value).collect(),
        signing: key(test_file!("sm2/server-sign.key")),
        encryption: Some(key(test_file!("sm2/server-enc.key"))),
    };
    let suite = registry::suite_named("ECC_SM4_GCM_SM3").unwrap();
    let config = Arc::new(ServerConfig {
        suites: vec![Suite(u16::try_from(suite.code).unwrap())],
        preference: Preference::Servers,
        groups: Vec::new(),
        tls: None,
        tlcp: Some(identity),
        limits,
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), config) = (stream, Arc::clone(&config)) else { continue };
            thread::spawn(move || shake_hands(stream, config));
        }
    });
    address
}

fn shake_hands(mut stream: TcpStream, config: Arc<ServerConfig>) {
    let mut server = Server::start(config, Secrets::from_seed([7; 32]));
    let (mut bytes, mut out) = ([0; 16 << 10], Vec::new());
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        let step = server.step(&bytes[..count], &mut out);
        if stream.write_all(&out).is_err() {
            return;
        }
        out.clear();
        match step {
            Ok(ServerStep::More(next)) => server = next,
            _ => return,
        }
    }
}
