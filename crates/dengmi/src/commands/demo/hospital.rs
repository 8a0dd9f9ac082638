//! The services of the made-up hospital. They speak through the same machines as the prober; no test has only them as peer.

use dengmi_core::{Group, Suite, registry};
use dengmi_crypto::PrivateKey;
use dengmi_parse::Limits;
use dengmi_parse::certificate::{read_bundle, read_pem};
use dengmi_protocol::handshake::{Connection, Identity, Preference, Secrets, Server, ServerConfig, ServerStep};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Everything that runs while the demonstration does.
pub(super) struct Hospital {
    pub(super) services: Vec<Service>,
    closing: Arc<AtomicBool>,
}

/// One service on loopback.
pub(super) struct Service {
    /// What it is: a key of the texts.
    pub(super) what: &'static str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// The port that stands for it in the example's description.
    written: u16,
    thread: JoinHandle<()>,
}

/// Public test keys, made for this project: worthless outside of it.
macro_rules! test_file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../../vectors/certificates/", $name))
    };
}

impl Hospital {
    /// Starts the four services on free ports.
    pub(super) fn open() -> Result<Hospital, String> {
        let closing = Arc::new(AtomicBool::new(false));
        let portal = config(
            &["ECC_SM4_GCM_SM3", "ECC_SM4_CBC_SM3"],
            &[],
            None,
            Some(identity(
                &[test_file!("sm2/server-sign.crt"), test_file!("sm2/server-enc.crt"), test_file!("sm2/sub-ca.crt")],
                test_file!("sm2/server-sign.key"),
                Some(test_file!("sm2/server-enc.key")),
            )?),
        )?;
        let legacy = config(
            &["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"],
            &["secp256r1"],
            Some(identity(&[test_file!("rsa/rsa2048.crt")], test_file!("rsa/rsa2048.key"), None)?),
            None,
        )?;
        let modern = config(
            &["TLS_AES_128_GCM_SHA256"],
            &["x25519", "secp256r1"],
            Some(identity(&[test_file!("ec/p256.crt")], test_file!("ec/p256.key"), None)?),
            None,
        )?;
        let mut hospital = Hospital { services: Vec::new(), closing };
        for (what, written, config) in [
            ("demo-portal", 44301, Some(portal)),
            ("demo-legacy", 44302, Some(legacy)),
            ("demo-mobile", 44303, Some(modern)),
            ("demo-laboratory", 44304, None),
        ] {
            let service = hospital.start(what, written, config.map(Arc::new));
            match service {
                Ok(service) => hospital.services.push(service),
                Err(error) => {
                    hospital.close();
                    return Err(error.to_string());
                }
            }
        }
        Ok(hospital)
    }

    fn start(&self, what: &'static str, written: u16, config: Option<Arc<ServerConfig>>) -> std::io::Result<Service> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let closing = self.closing.clone();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if closing.load(Ordering::Relaxed) {
                    break;
                }
                let (Ok(stream), config) = (stream, config.clone()) else { continue };
                // Whoever connects is served apart; a client that goes away ends only its own thread.
                thread::spawn(move || {
                    let _ = match config {
                        Some(config) => serve(stream, config),
                        None => serve_plain(stream),
                    };
                });
            }
        });
        Ok(Service { what, address, written, thread })
    }

    /// The example's description with the real ports.
    pub(super) fn with_ports(&self, text: &str) -> String {
        const HOST: &str = "127.0.0.1:";
        // In one go: a real port may be one that stands for another service.
        let mut parts = text.split(HOST);
        let mut written = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let known = self.services.iter().find_map(|service| {
                Some((service.address.to_string(), part.strip_prefix(&service.written.to_string())?))
            });
            let (address, rest) = known.unwrap_or_else(|| (HOST.into(), part));
            written += &address;
            written += rest;
        }
        written
    }

    /// Ends every service.
    pub(super) fn close(self) {
        self.closing.store(true, Ordering::Relaxed);
        for service in self.services {
            // A connection wakes the listener, which then sees that it is over.
            drop(TcpStream::connect(service.address));
            let _ = service.thread.join();
        }
    }
}

fn identity(certificates: &[&[u8]], signing: &[u8], encryption: Option<&[u8]>) -> Result<Identity, String> {
    let limits = Limits::default();
    let mut list = Vec::new();
    for file in certificates {
        list.extend(read_bundle(file, &limits).map_err(|defect| defect.to_string())?.value);
    }
    let key = |file: &[u8]| {
        let blocks = read_pem(file, &limits).map_err(|defect| defect.to_string())?.value;
        let block = blocks.into_iter().next().ok_or("no private key in the file")?;
        PrivateKey::from_pkcs8(&block.bytes).map_err(|error| error.to_string())
    };
    Ok(Identity { certificates: list, signing: key(signing)?, encryption: encryption.map(key).transpose()? })
}

fn config(
    suites: &[&str],
    groups: &[&str],
    tls: Option<Identity>,
    tlcp: Option<Identity>,
) -> Result<ServerConfig, String> {
    let suite = |name: &&str| {
        let entry = registry::suite_named(name).ok_or_else(|| format!("no suite {name}"))?;
        u16::try_from(entry.code).map(Suite).map_err(|error| error.to_string())
    };
    let group = |name: &&str| {
        registry::group_named(name).map(|entry| Group(entry.code)).ok_or_else(|| format!("no group {name}"))
    };
    Ok(ServerConfig {
        suites: suites.iter().map(suite).collect::<Result<_, _>>()?,
        preference: Preference::Servers,
        groups: groups.iter().map(group).collect::<Result<_, _>>()?,
        tls,
        tlcp,
        limits: Limits::default(),
    })
}

const PATIENCE: Duration = Duration::from_secs(10);
const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 19\r\nConnection: close\r\n\r\nA made-up hospital\n";

fn serve(mut stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(std::io::Error::other)?;
    let mut server = Some(Server::start(config, Secrets::from_seed(seed)));
    let (mut bytes, mut out) = (vec![0; 16 << 10], Vec::new());
    let mut connection: Option<Connection> = None;
    loop {
        let count = stream.read(&mut bytes)?;
        let mut incoming = bytes.get(..count).unwrap_or_default();
        if incoming.is_empty() {
            return Ok(());
        }
        if let Some(handshake) = server.take() {
            match handshake.step(incoming, &mut out) {
                Ok(ServerStep::More(next)) => server = Some(next),
                Ok(ServerStep::Done(served)) => connection = Some(served.connection),
                Err(_) => return stream.write_all(&out),
            }
            incoming = &[];
        }
        // What came together with the last flight waits inside the connection.
        if let Some(connection) = &mut connection {
            let Ok(received) = connection.receive(incoming, &mut out) else { return stream.write_all(&out) };
            if !received.data.is_empty() && connection.send(PAGE, &mut out).is_ok() {
                let _ = connection.close(&mut out);
                return stream.write_all(&out);
            }
        }
        stream.write_all(&out)?;
        out.clear();
    }
}

fn serve_plain(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut bytes = [0; 4096];
    let count = stream.read(&mut bytes)?;
    let page: &[u8] = match bytes.get(..count) {
        Some(request) if request.starts_with(b"GET ") || request.starts_with(b"HEAD ") => PAGE,
        _ => b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    };
    stream.write_all(page)
}
