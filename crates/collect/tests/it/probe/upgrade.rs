//! Debian's vsftpd and OpenSSH in a whole run: named by a scheme, or told by what they greet with.

use super::peer::{certificate, free_port, missing};
use super::run::{Run, options, run};
use super::ssh::{SSHD, sshd_with_one_key};
use dengmi_core::{Fact, Field, Protocol, Reach, Upgraded, Version};
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const VSFTPD: (&str, &str) = ("/usr/sbin/vsftpd", "vsftpd");

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn vsftpd(folder: &Path, tls: &str) -> (Server, String) {
    let port = free_port();
    let (chain, key, own) = (certificate("rsa/rsa2048.crt"), certificate("rsa/rsa2048.key"), folder.display());
    let text = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nssl_enable={tls}\n\
         rsa_cert_file={chain}\nrsa_private_key_file={key}\nsecure_chroot_dir={own}\nrun_as_launching_user=YES\n\
         anonymous_enable=NO\nlocal_enable=YES\nseccomp_sandbox=NO\n"
    );
    let file = folder.join(format!("vsftpd.{port}.conf"));
    fs::write(&file, text).unwrap();
    let quiet = Stdio::null;
    let child = Command::new(VSFTPD.0).arg(file).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().unwrap();
    let server = Server(child);
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "vsftpd does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    (server, format!("127.0.0.1:{port}"))
}

fn upgraded(found: &Run) -> &Upgraded {
    let told = found.observations.iter().find_map(|one| match &one.fact {
        Fact::Upgraded(upgraded) => Some(&**upgraded),
        _ => None,
    });
    told.unwrap_or_else(|| panic!("{:?}", found.observations))
}

#[test]
fn a_server_that_greets_is_asked_for_tls_in_its_own_protocol() {
    if missing(VSFTPD) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_server, address) = vsftpd(folder.path(), "YES");
    for target in [format!("ftp://{address}"), address] {
        let found = run(std::slice::from_ref(&target), &options(), &[]);
        let told = upgraded(&found);
        assert_eq!((&*told.protocol, told.offered, told.injected), ("ftp", true, false), "{target}: {told:?}");
        assert!(told.software.as_deref().unwrap().contains("vsFTPd"), "{told:?}");
        let (reach, coverage) = found.coverage();
        assert_eq!((reach, coverage.complete), (Reach::Seen, true), "{target}: {coverage:?}");
        assert!(["TLS", "FTP"].iter().all(|word| coverage.speaks.iter().any(|spoken| &**spoken == *word)));
        let (reach, accepts) = found.accepts(Version::TLS_1_2);
        assert!(reach == Reach::Seen && !accepts.suites.is_empty(), "{target}: {accepts:?}");
        assert_eq!(found.certificates().len(), 1);
        assert!(!found.proofs().is_empty());
    }
}

#[test]
fn a_server_that_does_not_go_over_to_tls_is_seen_in_clear() {
    if missing(VSFTPD) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_server, address) = vsftpd(folder.path(), "NO");
    let found = run(&[format!("ftp://{address}")], &options(), &[]);
    let told = upgraded(&found);
    assert!(!told.offered && told.refusal.as_deref().unwrap().starts_with("530"), "{told:?}");
    let [(Protocol::Plain, session)] = found.sessions()[..] else { panic!("{:?}", found.sessions()) };
    assert_eq!((&session.encrypted, &session.app_protocol), (&Field::Seen(false), &Field::Seen("FTP".into())));
    let (reach, coverage) = found.coverage();
    assert_eq!((reach, coverage.complete, &coverage.speaks[..]), (Reach::Seen, true, &["FTP".into()][..]));
    assert!(found.reaches().is_empty(), "no version can be asked: {:?}", found.reaches());
}

#[test]
fn ssh_is_told_by_its_scheme_and_by_its_identification() {
    if missing(SSHD) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = sshd_with_one_key(folder.path());
    for target in [format!("ssh://{}", server.address), server.address.to_string()] {
        let found = run(std::slice::from_ref(&target), &options(), &[]);
        let accepts = found.observations.iter().find_map(|one| match &one.fact {
            Fact::SshAccepts(accepts) => Some(accepts),
            _ => None,
        });
        let accepts = accepts.unwrap_or_else(|| panic!("{target}: {:?}", found.observations));
        assert!(accepts.host_keys.iter().any(|key| key.proved), "{accepts:?}");
        let [(Protocol::Ssh, session)] = found.sessions()[..] else { panic!("{:?}", found.sessions()) };
        assert_eq!(session.encrypted, Field::Seen(true));
        let (reach, coverage) = found.coverage();
        assert_eq!((reach, coverage.complete, &coverage.speaks[..]), (Reach::Seen, true, &["SSH".into()][..]));
        assert!(coverage.connections <= 6, "{target}: {coverage:?}");
    }
}
