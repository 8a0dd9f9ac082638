//! Debian's OpenSSH and Dropbear, and servers of SSH that are wrong.

use super::peer::{free_port, missing};
use super::run::options;
use dengmi_collect::probe::{SshVisit, probe_ssh};
use dengmi_core::{Asked, Completion, Field, GroupExchange, SshAccepts, SshHostKey};
use dengmi_protocol::ssh::Scope;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Programs of Debian: where they are, and the package that brings them.
pub const SSHD: (&str, &str) = ("/usr/sbin/sshd", "openssh-server");
const KEYGEN: (&str, &str) = ("/usr/bin/ssh-keygen", "openssh-client");
const DROPBEAR: (&str, &str) = ("/usr/sbin/dropbear", "dropbear-bin");

/// A running server, ended with the test that started it.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a program that listens on the address it is given.
    fn start(command: impl FnOnce(SocketAddr) -> Command) -> Server {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut command = command(address);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Server { child: command.spawn().unwrap(), address };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "{command:?} ended");
            assert!(Instant::now() < deadline, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// OpenSSH with these settings.
    fn sshd(folder: &Path, settings: &str) -> Server {
        // It wants this directory when root runs it; Debian's service makes it.
        let _ = std::fs::create_dir_all("/run/sshd");
        Server::start(|address| {
            let file = folder.join(format!("sshd_config.{}", address.port()));
            let listen = format!("ListenAddress 127.0.0.1:{}\nPidFile none\nUsePAM no\n", address.port());
            std::fs::write(&file, listen + settings).unwrap();
            let mut command = Command::new(SSHD.0);
            command.args(["-D", "-e", "-f"]).arg(file);
            command
        })
    }

    fn probe(&self) -> SshVisit {
        probe(self.address, Scope::default())
    }
}

fn probe(address: SocketAddr, scope: Scope) -> SshVisit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(probe_ssh(address, &options().times, scope))
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes host keys, and gives the settings that name them.
fn keys(folder: &Path, kinds: &[(&str, &str)]) -> String {
    let mut settings = String::new();
    for (kind, bits) in kinds {
        let file = folder.join(format!("{kind}{bits}"));
        output(Command::new(KEYGEN.0).args(["-q", "-t", kind, "-b", bits, "-N", "", "-f"]).arg(&file));
        settings += &format!("HostKey {}\n", file.display());
    }
    settings
}

/// Bits, fingerprint and kind as `ssh-keygen -l` tells them.
fn told(file: &Path) -> (u32, String) {
    let line = output(Command::new(KEYGEN.0).arg("-lf").arg(file));
    let mut words = line.split(' ');
    (words.next().unwrap().parse().unwrap(), words.next().unwrap().to_owned())
}

fn key<'a>(accepts: &'a SshAccepts, kind: &str) -> &'a SshHostKey {
    accepts.host_keys.iter().find(|key| &*key.kind == kind).unwrap_or_else(|| panic!("no {kind}: {accepts:?}"))
}

fn names(list: &[&str]) -> Vec<Box<str>> {
    list.iter().map(|name| Box::from(*name)).collect()
}

/// OpenSSH with one host key.
pub fn sshd_with_one_key(folder: &Path) -> Server {
    let settings = keys(folder, &[("ed25519", "256")]);
    Server::sshd(folder, &settings)
}

#[test]
fn openssh_costs_four_connections_and_tells_everything() {
    if missing(SSHD) || missing(KEYGEN) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = keys(folder.path(), &[("ed25519", "256"), ("rsa", "3072"), ("ecdsa", "384")])
        + "PasswordAuthentication yes\nKbdInteractiveAuthentication no\n";
    let server = Server::sshd(folder.path(), &settings);
    let visit = server.probe();
    let accepts = visit.accepts().unwrap();
    assert!(visit.is_complete(), "{accepts:?}");
    assert_eq!((visit.connections(), visit.lost(), visit.dialogues().len()), (4, 0, 4));
    assert_eq!((accepts.asked, accepts.hidden.len()), (Asked::Registry, 0), "{accepts:?}");
    assert!(accepts.software.starts_with("OpenSSH_") && accepts.banner.contains(&*accepts.software));
    assert_eq!((&*accepts.version, accepts.national_profile), ("2.0", false));

    let configured = output(
        Command::new(SSHD.0)
            .arg("-T")
            .arg("-f")
            .arg(folder.path().join(format!("sshd_config.{}", server.address.port()))),
    );
    let list = |name: &str| -> Vec<Box<str>> {
        let line = configured.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap();
        line.split(',').map(Box::from).collect()
    };
    let lists = accepts.lists.clone().unwrap();
    assert_eq!((&lists.cipher.to_server, &lists.cipher.to_client), (&list("ciphers"), &list("ciphers")));
    assert_eq!((&lists.mac.to_server, &lists.mac.to_client), (&list("macs"), &list("macs")));
    let words = ["kex-strict-s-v00@openssh.com", "ext-info-s"];
    let exchanges: Vec<Box<str>> =
        lists.key_exchange.iter().filter(|name| !words.contains(&&***name)).cloned().collect();
    assert_eq!(exchanges, list("kexalgorithms"));
    assert!(lists.strict_kex && !lists.may_be_truncated() && lists.national().is_empty());

    for (file, kind) in [("ed25519256", "ssh-ed25519"), ("rsa3072", "ssh-rsa"), ("ecdsa384", "ecdsa-sha2-nistp384")] {
        let key = key(&accepts, kind);
        let (bits, fingerprint) = told(&folder.path().join(file));
        assert_eq!((key.bits, key.fingerprint(), key.proved), (Some(bits), fingerprint, true));
    }
    let sizes = GroupExchange { smallest_bits: Some(2048), largest_bits: Some(8192), below_2048: Some(false) };
    assert_eq!(accepts.group_exchange, Field::Seen(sizes));
    assert_eq!(accepts.authentication, Field::Seen(names(&["publickey", "password"])));

    let session = visit.session().unwrap();
    assert_eq!((session.handshake, session.encrypted), (Completion::Complete, Field::Seen(true)));
    assert_eq!(session.host_key_alg, Field::Seen("ssh-ed25519".into()));
    assert_eq!(session.mac, Field::Seen("implicit (AEAD)".into()));
    assert_eq!(session.server_port, Some(server.address.port()));
}

#[test]
fn every_exchange_cipher_and_code_is_completed_with_openssh() {
    if missing(SSHD) || missing(KEYGEN) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(folder.path(), &[("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "521")]);
    let (rsa, ecdsa) = keys.split_once('\n').unwrap();
    let exchanges = [
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group14-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group-exchange-sha1",
    ];
    let protections = [
        ("aes256-gcm@openssh.com", "hmac-sha1"),
        ("aes128-gcm@openssh.com", "hmac-sha1"),
        ("aes256-ctr", "hmac-sha2-256-etm@openssh.com"),
        ("aes192-ctr", "hmac-sha2-512"),
        ("aes128-ctr", "hmac-sha1-96"),
        ("aes256-cbc", "hmac-sha2-512-etm@openssh.com"),
        ("aes192-cbc", "hmac-sha1-etm@openssh.com"),
        ("aes128-cbc", "hmac-sha2-256"),
        ("3des-cbc", "hmac-md5"),
        ("aes128-ctr", "hmac-md5-96-etm@openssh.com"),
    ];
    let host_keys = ["ssh-rsa", "rsa-sha2-256", "rsa-sha2-512", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521"];
    for (number, exchange) in exchanges.iter().enumerate() {
        let (cipher, mac) = protections[number % protections.len()];
        let host_key = host_keys[number % host_keys.len()];
        let ecdsa: Vec<&str> = ecdsa.lines().collect();
        let file = match host_key {
            "ecdsa-sha2-nistp256" => ecdsa[0],
            "ecdsa-sha2-nistp521" => ecdsa[1],
            _ => rsa,
        };
        let settings = format!(
            "{file}\nKexAlgorithms {exchange}\nCiphers {cipher}\nMACs {mac}\nHostKeyAlgorithms {host_key}\nPubkeyAuthentication no\n"
        );
        let server = Server::sshd(folder.path(), &settings);
        let visit = server.probe();
        let accepts = visit.accepts().unwrap();
        let what = format!("{exchange} {cipher} {mac} {host_key}: {accepts:?}");
        assert!(visit.is_complete() && visit.connections() <= 4, "{} {what}", visit.connections());
        let [key] = &accepts.host_keys[..] else { panic!("{what}") };
        assert_eq!((key.proved, key.signature.as_deref()), (true, Some(host_key)), "{what}");
        let session = visit.session().unwrap();
        assert_eq!((session.handshake, session.cipher), (Completion::Complete, Field::Seen(cipher.into())), "{what}");
        assert_eq!(session.key_exchange, Field::Seen((*exchange).into()));
        assert_eq!(accepts.group_exchange.seen().is_some(), exchange.contains("exchange"), "{what}");
    }
}

#[test]
fn what_cannot_be_completed_is_told_with_its_reason() {
    if missing(SSHD) || missing(KEYGEN) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(folder.path(), &[("ed25519", "256"), ("rsa", "2048")]);
    for (settings, proved, field, reason) in [
        (
            "Ciphers chacha20-poly1305@openssh.com",
            true,
            "authentication",
            "chacha20-poly1305@openssh.com is not run here",
        ),
        ("Ciphers aes128-ctr\nMACs umac-64@openssh.com", true, "authentication", "umac-64@openssh.com is not run here"),
        ("KexAlgorithms sntrup761x25519-sha512@openssh.com", false, "host_keys", "no key exchange in common"),
    ] {
        let server = Server::sshd(folder.path(), &format!("{keys}{settings}\n"));
        let visit = server.probe();
        let accepts = visit.accepts().unwrap();
        assert!(!visit.is_complete() && visit.connections() <= 4, "{accepts:?}");
        assert!(accepts.hidden[field].contains(reason), "{accepts:?}");
        assert_eq!(
            accepts.host_keys.iter().filter(|key| key.proved).count(),
            if proved { 2 } else { 0 },
            "{accepts:?}"
        );
        assert!(!accepts.lists.unwrap().key_exchange.is_empty());
    }
}

#[test]
fn ways_to_authenticate_are_only_asked_for_when_wanted() {
    if missing(SSHD) || missing(KEYGEN) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = keys(folder.path(), &[("ed25519", "256")]) + "KexAlgorithms curve25519-sha256\n";
    let server = Server::sshd(folder.path(), &settings);
    let visit = probe(server.address, Scope { user: None, ..Scope::default() });
    let accepts = visit.accepts().unwrap();
    assert_eq!((visit.connections(), &accepts.authentication), (1, &Field::Hidden));
    assert_eq!(&*accepts.hidden["authentication"], "not asked");
    assert_eq!((accepts.host_keys.len(), accepts.host_keys[0].proved), (1, true));
}

#[test]
fn dropbear_is_told_too() {
    if missing(DROPBEAR) || missing(KEYGEN) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let kinds = [("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256")];
    let made: Vec<_> = kinds.map(|(kind, bits)| (kind, bits, folder.path().join(kind))).into();
    for (kind, bits, file) in &made {
        let mut command = Command::new("/usr/bin/dropbearkey");
        command.args(["-t", kind]);
        if *kind != "ed25519" {
            command.args(["-s", bits]);
        }
        output(command.arg("-f").arg(file));
    }
    let server = Server::start(|address| {
        let mut command = Command::new(DROPBEAR.0);
        command.args(["-F", "-E", "-p", &address.to_string(), "-P"]).arg(folder.path().join("pid"));
        made.iter().for_each(|(_, _, file)| {
            command.arg("-r").arg(file);
        });
        command
    });
    let visit = server.probe();
    let accepts = visit.accepts().unwrap();
    assert!(visit.is_complete() && visit.connections() == 3, "{} {accepts:?}", visit.connections());
    assert!(accepts.software.starts_with("dropbear_"));
    assert_eq!(accepts.group_exchange, Field::Absent);
    for (kind, bits) in [("ssh-ed25519", 256), ("ssh-rsa", 2048), ("ecdsa-sha2-nistp256", 256)] {
        let key = key(&accepts, kind);
        assert_eq!((key.bits, key.proved), (Some(bits), true), "{accepts:?}");
    }
    assert_eq!(visit.session().unwrap().handshake, Completion::Complete);
}

/// A server that says these bytes to everyone, then closes or, with `silent`, does nothing more.
fn saying(words: &'static [u8], silent: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut stream = stream;
                let _ = stream.write_all(words);
                let mut rest = [0; 1024];
                while silent && stream.read(&mut rest).is_ok_and(|count| count > 0) {}
            });
        }
    });
    address
}

#[test]
fn servers_that_are_wrong_cost_no_more_than_their_time() {
    let flood: &[u8] = Box::leak(
        [&b"SSH-2.0-flood\r\n"[..], &b"\0\0\0\x0c\x0a\x02\0\0\0\0\0\0\0\0\0\0".repeat(20_000)].concat().into(),
    );
    for (words, silent, speaks, reason) in [
        (&b""[..], false, false, ""),
        (b"220 mail.example ESMTP\r\n", true, false, ""),
        (b"\x15\x03\x01\0\x02\x02\x28", false, false, ""),
        (b"SSH-1.5-old\r\n", true, true, "the server speaks protocol 1.5 only"),
        (b"SSH-2.0-shut\r\n", false, true, "the server closed the connection"),
        (b"CSSH-1.0-shut\r\n", false, true, "the server closed the connection"),
        (b"SSH-2.0-mute\r\n", true, true, "no answer in time"),
        (b"SSH-2.0-lies\r\n\xff\xff\xff\xff", true, true, "bytes of a handshake message"),
        (flood, true, true, "handshake bytes of one direction"),
    ] {
        let mut options = options();
        options.times.answer = Duration::from_millis(400);
        let address = saying(words, silent);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = Instant::now();
        // A run visits endpoints as tasks: the future must be one that can be spawned.
        let times = options.times;
        let visit = runtime.block_on(async move {
            tokio::spawn(async move { probe_ssh(address, &times, Scope::default()).await }).await.unwrap()
        });
        let text = String::from_utf8_lossy(&words[..words.len().min(40)]).into_owned();
        assert!(start.elapsed() < Duration::from_secs(8), "{text:?} took {:?}", start.elapsed());
        assert!(visit.connections() <= 2 && !visit.is_complete() && visit.speaks() == speaks, "{text:?}");
        match visit.accepts() {
            None => assert!(!speaks, "{text:?}"),
            Some(accepts) => {
                assert!(accepts.lists.is_none() && accepts.asked == Asked::Partly, "{accepts:?}");
                assert!(accepts.hidden["lists"].contains(reason), "{text:?}: {:?}", accepts.hidden);
                assert_eq!(accepts.national_profile, words.starts_with(b"CSSH"));
            }
        }
    }
}
