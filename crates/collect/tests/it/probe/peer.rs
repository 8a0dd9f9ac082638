//! Servers that nobody here wrote, on loopback, ended with the test that started them.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a peer may take to start. Machines that test are busy.
const START: Duration = Duration::from_secs(30);

/// A running server.
pub struct Peer {
    pub child: Child,
    pub port: u16,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of loopback that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A file of `vectors/certificates`.
pub fn certificate(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("vectors/certificates"));
    let folder = path.into_iter().find(|folder| folder.is_dir()).expect("vectors/certificates is missing");
    let file = folder.join(name);
    assert!(file.is_file(), "{} is missing", file.display());
    file.to_str().unwrap().to_owned()
}

/// Programs of Debian: where they are, and the package that brings them.
pub const OPENSSL: (&str, &str) = ("/usr/bin/openssl", "openssl");
pub const NGINX: (&str, &str) = ("/usr/sbin/nginx", "nginx-light");

/// Whether a peer is not installed. On a user's machine its test proves nothing and says so; in CI it fails.
pub fn missing((path, package): (&str, &str)) -> bool {
    let missing = !Path::new(path).is_file();
    if missing {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let complaint =
            format!("NOT RUN: {test} needs {path} (apt-get install {package}); without it nothing is proved\n");
        assert!(std::env::var_os("CI").is_none(), "{complaint}");
        // Written past the capture of `cargo test`, which hides what passing tests print.
        let _ = std::io::stderr().write_all(complaint.as_bytes());
    }
    missing
}

impl Peer {
    /// `openssl s_server`, once it says that it accepts.
    pub fn s_server(openssl: &str, arguments: &[&str]) -> Peer {
        Peer::s_server_at(openssl, "127.0.0.1", arguments)
    }

    /// The same on another address of this machine.
    pub fn s_server_at(openssl: &str, address: &str, arguments: &[&str]) -> Peer {
        let port = free_port();
        let mut command = Command::new(openssl);
        command.args(["s_server", "-accept", &format!("{address}:{port}"), "-www"]).args(arguments);
        // The machine's own configuration would set versions and levels.
        command.env("OPENSSL_CONF", "/dev/null");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (said, hear) = mpsc::channel();
        for stream in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let said = said.clone();
            std::thread::spawn(move || {
                // Read to the end, or the server would wait for room in the pipe.
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = said.send(line);
                }
            });
        }
        drop(said);
        let peer = Peer { child, port };
        let mut lines = Vec::new();
        let deadline = Instant::now() + START;
        loop {
            match hear.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line.starts_with("ACCEPT") => break,
                Ok(line) => lines.push(line),
                Err(_) => panic!("s_server {arguments:?} does not accept: {lines:?}"),
            }
        }
        peer
    }

    /// nginx with these `server` blocks, in which `LISTEN` stands for address and port.
    pub fn nginx(folder: &Path, servers: &[&str]) -> (Peer, Vec<u16>) {
        let ports: Vec<u16> = servers.iter().map(|_| free_port()).collect();
        let blocks: String = servers
            .iter()
            .zip(&ports)
            .map(|(block, port)| format!("server {{ {} }}\n", block.replace("LISTEN", &format!("127.0.0.1:{port}"))))
            .collect();
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};", folder.join(kind).display()))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; pid {}; error_log stderr crit; events {{ worker_connections 256; }}\n\
             http {{ access_log off; {paths}\n{blocks} }}",
            folder.join("nginx.pid").display()
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let child = Command::new(NGINX.0)
            .args(["-p", folder.to_str().unwrap(), "-c", file.to_str().unwrap()])
            .env("OPENSSL_CONF", "/dev/null")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut peer = Peer { child, port: ports[0] };
        let deadline = Instant::now() + START;
        while ports.iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
            assert!(peer.child.try_wait().unwrap().is_none(), "nginx ended; its message stands above");
            assert!(Instant::now() < deadline, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        (peer, ports)
    }
}
