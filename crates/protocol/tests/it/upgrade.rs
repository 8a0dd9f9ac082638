//! Servers of Debian that begin in clear, each on a free port of loopback with its own folder. Our prologue gets to
//! their TLS where `openssl s_client -starttls` does, and to the same certificate.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dengmi_core::Version;
use dengmi_parse::Limits;
use dengmi_parse::certificate::read_pem;
use dengmi_protocol::plan::{Answer, Listener, Lists, Offer, Style, hello};
use dengmi_protocol::upgrade::{Greeted, Prologue, Refusal, Step, Upgrade, rdp::Security};
use tempfile::TempDir;

use crate::identities::file;
use crate::peer::{OPENSSL, missing, openssl_is_missing};

/// Where the servers listen. Not 127.0.0.1, from which the tests speak: Dovecot takes a client with its own address for
/// secure.
const LOOPBACK: &str = "127.0.0.2";
/// Machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(30);
const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

/// A server that runs until it is dropped.
struct Server {
    child: Child,
    folder: TempDir,
}

impl Server {
    /// Starts it in `folder` and waits until it listens on all `ports`.
    fn start(mut command: Command, folder: TempDir, ports: &[u16]) -> Server {
        let log = File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).current_dir(folder.path());
        let mut server = Server { child: command.spawn().unwrap(), folder };
        let begun = Instant::now();
        while ports.iter().any(|&port| TcpStream::connect((LOOPBACK, port)).is_err()) {
            let log = || fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "{command:?} does not listen: {}", log());
            assert_eq!(server.child.try_wait().unwrap(), None, "{command:?} ended: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Ends it, and gives its folder back.
    fn stop(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }

    /// Asks it to end, so that it ends its children.
    fn end(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
            let _ = std::io::stderr().write_all(&log);
        }
        self.end();
    }
}

fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    // All are held until all are known, or the same one could come twice.
    let held = [(); COUNT].map(|()| TcpListener::bind((LOOPBACK, 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

fn id(arguments: &[&str]) -> String {
    let output = Command::new("id").args(arguments).output().unwrap();
    assert!(output.status.success(), "id {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn is_root() -> bool {
    id(&["-u"]) == "0"
}

/// A folder with `name` in it that holds `text`, in which FOLDER, CERTIFICATE and KEY stand for the paths.
fn folder(name: &str, text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), filled(text, folder.path())).unwrap();
    folder
}

fn filled(text: &str, folder: &Path) -> String {
    let path = |path: &Path| path.canonicalize().unwrap().to_str().unwrap().to_owned();
    text.replace("FOLDER", &path(folder))
        .replace("CERTIFICATE", &path(&file("rsa.crt")))
        .replace("KEY", &path(&file("rsa.key")))
}

fn certificate() -> Vec<u8> {
    let pem = fs::read(file("rsa.crt")).unwrap();
    read_pem(&pem, &Limits::default()).unwrap().value.remove(0).bytes
}

/// The prologue over a socket.
fn talk(upgrade: Upgrade, host: &str, port: u16) -> (Step, Greeted, TcpStream) {
    let mut socket = TcpStream::connect((LOOPBACK, port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut out, mut buffer) = (Vec::new(), [0; 4096]);
    let mut prologue = Prologue::start(upgrade, host, &mut out);
    loop {
        socket.write_all(&out).unwrap();
        out.clear();
        let length = socket.read(&mut buffer).unwrap_or_else(|error| panic!("{upgrade}: {error}"));
        assert_ne!(length, 0, "{upgrade}: closed in clear, after {:?}", prologue.greeted());
        let step = prologue.feed(&buffer[..length], &mut out);
        if step != Step::More {
            assert!(!prologue.injected(), "{upgrade}");
            socket.write_all(&out).unwrap();
            return (step, prologue.greeted().clone(), socket);
        }
    }
}

/// Our way to TLS, and OpenSSL's: both end at the certificate that the server was given.
fn check(upgrade: Upgrade, port: u16, expected: Greeted) {
    check_host(upgrade, "peer.test", port, expected);
}

fn check_host(upgrade: Upgrade, host: &str, port: u16, expected: Greeted) {
    let (step, greeted, mut socket) = talk(upgrade, host, port);
    assert_eq!((step, greeted), (Step::Ready, expected), "{upgrade}");
    let Lists { version, suites, groups, schemes } = Lists::registry(Version::TLS_1_2);
    let offer = Offer {
        version,
        suites,
        groups,
        schemes,
        certificate_schemes: Vec::new(),
        style: Style::Full,
        features: true,
        server_name: Some(Arc::from(host)),
        session: None,
    };
    let hello = hello(&offer, [7; 32]).unwrap();
    socket.write_all(&hello).unwrap();
    let (mut listener, mut buffer) = (Listener::new(&hello, Limits::default()), [0; 4096]);
    loop {
        let length = socket.read(&mut buffer).unwrap_or_else(|error| panic!("{upgrade}: {error}"));
        assert_ne!(length, 0, "{upgrade}: closed instead of a ServerHello");
        if listener.feed(&buffer[..length]) {
            break;
        }
    }
    let answer = listener.answer(None);
    let Answer::Chose(chosen) = answer else { panic!("{upgrade}: {answer:?}") };
    assert_eq!(chosen.certificates.first(), Some(&certificate()), "{upgrade}");

    let word = match upgrade {
        // It knows no RDP.
        Upgrade::Rdp => return,
        Upgrade::Postgresql => "postgres",
        _ => upgrade.word(),
    };
    let mut command = Command::new(OPENSSL);
    command.args(["s_client", "-connect", &format!("{LOOPBACK}:{port}"), "-starttls", word]);
    if matches!(upgrade, Upgrade::Xmpp | Upgrade::XmppServer) {
        command.args(["-name", host]);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let shown = read_pem(&output.stdout, &Limits::default()).map(|reading| reading.value);
    let first = shown.ok().and_then(|blocks| blocks.into_iter().next()).map(|block| block.bytes);
    assert_eq!(first, Some(certificate()), "openssl, {upgrade}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A server that goes on in clear only.
fn check_refused(upgrade: Upgrade, host: &str, port: u16, expected: Refusal) -> Greeted {
    let (step, greeted, _) = talk(upgrade, host, port);
    assert_eq!(step, Step::Refused(expected), "{upgrade}");
    greeted
}

fn greeted(software: &str, login: Option<bool>, mechanisms: &[&str], required: Option<bool>) -> Greeted {
    Greeted {
        software: Some(software).filter(|text| !text.is_empty()).map(Into::into),
        login_in_clear: login,
        mechanisms: mechanisms.iter().map(|&name| name.into()).collect(),
        tls_required: required,
        rdp: None,
    }
}

fn reply(text: &str) -> Refusal {
    Refusal::Reply(text.into())
}

/// Dovecot with the ports of IMAP, POP3, ManageSieve, submission and LMTP; `no_login`: without TLS.
fn dovecot(tls: &str, no_login: &str) -> (Server, [u16; 5]) {
    let ports: [u16; 5] = free_ports();
    let services = [("imap-login", "imap"), ("pop3-login", "pop3"), ("managesieve-login", "sieve")];
    let services = services.into_iter().chain([("submission-login", "submission"), ("lmtp", "lmtp")]).zip(ports);
    let services: String = services
        .map(|((service, listener), port)| {
            format!("service {service} {{\n chroot =\n inet_listener {listener} {{\n port = {port}\n }}\n}}\n")
        })
        .collect();
    let unused: String = [("imap-login", "imaps"), ("pop3-login", "pop3s"), ("submission-login", "submissions")]
        .map(|(service, listener)| format!("service {service} {{\n inet_listener {listener} {{\n port = 0\n }}\n}}\n"))
        .concat();
    // Without the users that the package makes, everything runs as who started it.
    let users = if is_root() {
        String::new()
    } else {
        let (user, group) = (id(&["-un"]), id(&["-gn"]));
        format!(
            "default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n\
             service anvil {{\n chroot =\n}}\n"
        )
    };
    let text = format!(
        "base_dir = FOLDER/run\nstate_dir = FOLDER/state\nlog_path = /dev/stderr\nlisten = {LOOPBACK}\n\
         protocols = imap pop3 sieve submission lmtp\nhostname = mail.test\nsubmission_relay_host = 127.0.0.1\n\
         ssl = {tls}\ndisable_plaintext_auth = {no_login}\nssl_cert = <CERTIFICATE\nssl_key = <KEY\nssl_dh = </usr/share/dovecot/dh.pem\n\
         passdb {{\n driver = static\n args = nopassword=y\n}}\n\
         userdb {{\n driver = static\n args = uid=65534 gid=65534 home=FOLDER\n}}\n{services}{unused}{users}"
    );
    let folder = folder("dovecot.conf", &text);
    let mut command = Command::new("/usr/sbin/dovecot");
    command.arg("-F").arg("-c").arg(folder.path().join("dovecot.conf"));
    (Server::start(command, folder, &ports), ports)
}

fn dovecot_is_missing() -> bool {
    // All programs are looked for, so that each that is not there is named.
    let programs = ["imap", "pop3", "managesieve", "submission", "lmtp"].map(|name| {
        let package = match name {
            "managesieve" => "managesieved",
            "submission" => "submissiond",
            "lmtp" => "lmtpd",
            "imap" => "imapd",
            _ => "pop3d",
        };
        missing(&format!("/usr/lib/dovecot/{name}"), &format!("dovecot-{package}"))
    });
    programs.contains(&true) || openssl_is_missing()
}

#[test]
fn dovecot_goes_over_to_tls() {
    if dovecot_is_missing() {
        return;
    }
    let ready = "Dovecot (Debian) ready.";
    let mail = "mail.test Dovecot (Debian) ready.";
    let filters = "Dovecot (Debian) Pigeonhole";
    let (server, [imap, pop3, sieve, submission, lmtp]) = dovecot("yes", "no");
    check(Upgrade::Imap, imap, greeted(ready, YES, &["PLAIN"], NO));
    check(Upgrade::Pop3, pop3, greeted(ready, YES, &["PLAIN"], NO));
    check(Upgrade::Sieve, sieve, greeted(filters, YES, &["PLAIN"], NO));
    check(Upgrade::Smtp, submission, greeted(mail, YES, &["PLAIN"], None));
    check(Upgrade::Lmtp, lmtp, greeted(mail, NO, &[], None));
    drop(server);
    let (_server, [imap, pop3, sieve, submission, _]) = dovecot("yes", "yes");
    check(Upgrade::Imap, imap, greeted(ready, NO, &[], YES));
    check(Upgrade::Pop3, pop3, greeted(ready, NO, &[], YES));
    check(Upgrade::Sieve, sieve, greeted(filters, NO, &[], YES));
    check(Upgrade::Smtp, submission, greeted(mail, NO, &[], None));
}

#[test]
fn dovecot_without_tls_says_so() {
    if dovecot_is_missing() {
        return;
    }
    let (_server, [imap, pop3, sieve, submission, lmtp]) = dovecot("no", "no");
    for (upgrade, port, login) in [
        (Upgrade::Imap, imap, YES),
        (Upgrade::Pop3, pop3, YES),
        (Upgrade::Sieve, sieve, YES),
        (Upgrade::Smtp, submission, YES),
        (Upgrade::Lmtp, lmtp, NO),
    ] {
        let greeted = check_refused(upgrade, "peer.test", port, Refusal::NotOffered);
        assert_eq!((greeted.login_in_clear, greeted.tls_required), (login, None), "{upgrade}");
    }
}

#[test]
fn prosody_goes_over_to_tls() {
    if missing("/usr/bin/prosody", "prosody") || openssl_is_missing() {
        return;
    }
    let [clients, servers] = free_ports();
    let text = format!(
        "run_as_root = true\ndata_path = \"FOLDER\"\ninterfaces = {{ \"{LOOPBACK}\" }}\n\
         c2s_ports = {{ {clients} }}\ns2s_ports = {{ {servers} }}\nmodules_enabled = {{ \"saslauth\", \"tls\", \"dialback\" }}\n\
         modules_disabled = {{ \"posix\" }}\nssl = {{ certificate = \"CERTIFICATE\", key = \"KEY\" }}\n\
         log = {{ info = \"*console\" }}\nVirtualHost \"peer.test\"\n c2s_require_encryption = false\n\
         s2s_require_encryption = false\nVirtualHost \"strict.test\"\n c2s_require_encryption = true\n"
    );
    let folder = folder("prosody.cfg.lua", &text);
    let mut command = Command::new("/usr/bin/prosody");
    command.arg("--config").arg(folder.path().join("prosody.cfg.lua")).arg("-F");
    let _server = Server::start(command, folder, &[clients, servers]);
    check(Upgrade::Xmpp, clients, greeted("", NO, &["SCRAM-SHA-1"], NO));
    check_host(Upgrade::Xmpp, "strict.test", clients, greeted("", NO, &[], YES));
    check(Upgrade::XmppServer, servers, greeted("", NO, &[], NO));
    let unknown = reply("error host-unknown This server does not serve other.test");
    check_refused(Upgrade::Xmpp, "other.test", clients, unknown);
}

#[test]
fn openldap_goes_over_to_tls() {
    if missing("/usr/sbin/slapd", "slapd") || openssl_is_missing() {
        return;
    }
    let slapd = |tls: &str| {
        let [port] = free_ports();
        let text = format!(
            "include /etc/ldap/schema/core.schema\n{tls}pidfile FOLDER/pid\ndatabase ldif\ndirectory FOLDER\n\
             suffix \"o=test\"\n"
        );
        let folder = folder("slapd.conf", &text);
        let mut command = Command::new("/usr/sbin/slapd");
        command.arg("-f").arg(folder.path().join("slapd.conf"));
        command.args(["-h", &format!("ldap://{LOOPBACK}:{port}/"), "-d", "0"]);
        (Server::start(command, folder, &[port]), port)
    };
    let (server, port) = slapd("TLSCertificateFile CERTIFICATE\nTLSCertificateKeyFile KEY\n");
    check(Upgrade::Ldap, port, Greeted::default());
    drop(server);
    let (_server, port) = slapd("");
    check_refused(Upgrade::Ldap, "peer.test", port, reply("result 2: unsupported extended operation"));
}

#[test]
fn vsftpd_goes_over_to_tls() {
    if missing("/usr/sbin/vsftpd", "vsftpd") || openssl_is_missing() {
        return;
    }
    let vsftpd = |tls: &str| {
        let [port] = free_ports();
        let text = format!(
            "listen=YES\nlisten_address={LOOPBACK}\nlisten_port={port}\nbackground=NO\nssl_enable={tls}\n\
             rsa_cert_file=CERTIFICATE\nrsa_private_key_file=KEY\nsecure_chroot_dir=FOLDER\nrun_as_launching_user=YES\n\
             anonymous_enable=NO\nlocal_enable=YES\nseccomp_sandbox=NO\n"
        );
        let folder = folder("vsftpd.conf", &text);
        let mut command = Command::new("/usr/sbin/vsftpd");
        command.arg(folder.path().join("vsftpd.conf"));
        (Server::start(command, folder, &[port]), port)
    };
    let (server, port) = vsftpd("YES");
    check(Upgrade::Ftp, port, greeted("(vsFTPd 3.0.3)", None, &[], None));
    drop(server);
    let (_server, port) = vsftpd("NO");
    check_refused(Upgrade::Ftp, "peer.test", port, reply("530 Please login with USER and PASS."));
}

#[test]
fn mariadb_goes_over_to_tls() {
    if missing("/usr/sbin/mariadbd", "mariadb-server-core") || openssl_is_missing() {
        return;
    }
    let mariadb = |tls: &[&str]| {
        let [port] = free_ports();
        let folder = folder("none", "");
        let mut command = Command::new("/usr/sbin/mariadbd");
        // Neither tables nor rights: it only has to greet.
        command.args(["--no-defaults", "--skip-grant-tables", "--skip-innodb", "--default-storage-engine=Aria"]);
        command
            .args([&format!("--bind-address={LOOPBACK}"), &format!("--port={port}")])
            .args(is_root().then_some("--user=root"));
        let paths = ["--datadir=FOLDER", "--socket=FOLDER/socket", "--pid-file=FOLDER/pid"];
        command.args(paths.iter().chain(tls).map(|argument| filled(argument, folder.path())));
        (Server::start(command, folder, &[port]), port)
    };
    let (server, port) = mariadb(&["--ssl-cert=CERTIFICATE", "--ssl-key=KEY"]);
    let software = talk(Upgrade::Mysql, "peer.test", port).1.software.unwrap();
    assert!(software.contains("MariaDB"), "{software}");
    check(Upgrade::Mysql, port, greeted(&software, None, &["mysql_native_password"], None));
    drop(server);
    let (_server, port) = mariadb(&["--skip-ssl"]);
    check_refused(Upgrade::Mysql, "peer.test", port, Refusal::NotOffered);
}

/// The folder of PostgreSQL's programs, which has the version in its name.
fn postgresql_programs() -> String {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let newest = versions.map(|entry| entry.path().join("bin")).filter(|path| path.join("initdb").is_file()).max();
    newest.map_or("/usr/lib/postgresql".into(), |path| path.to_str().unwrap().to_owned())
}

#[test]
fn postgresql_goes_over_to_tls() {
    let programs = postgresql_programs();
    if missing(&format!("{programs}/initdb"), "postgresql") || openssl_is_missing() {
        return;
    }
    // It does not run as root.
    let user = is_root().then(|| (id(&["-u", "postgres"]).parse().unwrap(), id(&["-g", "postgres"]).parse().unwrap()));
    let owned = |path: &Path| {
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
        }
    };
    let program = |name: &str| {
        let mut command = Command::new(format!("{programs}/{name}"));
        if let Some((user, group)) = user {
            command.gid(group).uid(user);
        }
        command
    };
    let mut place = folder("none", "");
    owned(place.path());
    // A key that others may read is refused.
    let key = place.path().join("key");
    fs::copy(file("rsa.key"), &key).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    owned(&key);
    let mut initdb = program("initdb");
    initdb.arg("-D").arg(place.path().join("data")).args(["-N", "-A", "trust", "--no-locale", "-E", "UTF8"]);
    let output = initdb.current_dir(place.path()).output().unwrap();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
    for tls in [true, false] {
        let [port] = free_ports();
        let mut command = program("postgres");
        command.arg("-D").arg(place.path().join("data"));
        for setting in [
            format!("listen_addresses={LOOPBACK}").as_str(),
            "unix_socket_directories=",
            "shared_buffers=1MB",
            &format!("port={port}"),
            if tls { "ssl=on" } else { "ssl=off" },
            "ssl_cert_file=CERTIFICATE",
            "ssl_key_file=FOLDER/key",
        ] {
            command.arg("-c").arg(filled(setting, place.path()));
        }
        let server = Server::start(command, place, &[port]);
        if tls {
            check(Upgrade::Postgresql, port, Greeted::default());
        } else {
            check_refused(Upgrade::Postgresql, "peer.test", port, Refusal::NotOffered);
        }
        place = server.stop();
    }
}

#[test]
fn xrdp_goes_over_to_tls() {
    if missing("/usr/sbin/xrdp", "xrdp") || openssl_is_missing() {
        return;
    }
    let xrdp = |security: &str| {
        let [port] = free_ports();
        let text = format!(
            "[Globals]\nini_version=1\nfork=false\nport=tcp://{LOOPBACK}:{port}\nsecurity_layer={security}\n\
             certificate=CERTIFICATE\nkey_file=KEY\nssl_protocols=TLSv1.2, TLSv1.3\n\
             [Logging]\nLogFile=FOLDER/xrdp.log\nLogLevel=INFO\nEnableSyslog=false\n"
        );
        let folder = folder("xrdp.ini", &text);
        let mut command = Command::new("/usr/sbin/xrdp");
        command.arg("--nodaemon").arg("--config").arg(folder.path().join("xrdp.ini"));
        (Server::start(command, folder, &[port]), port)
    };
    let (server, port) = xrdp("negotiate");
    check(Upgrade::Rdp, port, Greeted { rdp: Some(Security::TLS), ..Greeted::default() });
    drop(server);
    let (_server, port) = xrdp("rdp");
    let greeted = check_refused(Upgrade::Rdp, "peer.test", port, Refusal::NotOffered);
    assert_eq!(greeted.rdp, Some(Security::STANDARD));
}

/// What tells a server that speaks first apart, from its own mouth.
#[test]
fn real_greetings_are_told_apart() {
    if dovecot_is_missing() {
        return;
    }
    let (_server, [imap, pop3, sieve, submission, _]) = dovecot("yes", "no");
    for (port, expected) in [
        (imap, Some(Upgrade::Imap)),
        (pop3, Some(Upgrade::Pop3)),
        (sieve, Some(Upgrade::Sieve)),
        // "220 mail.test Dovecot (Debian) ready." may be mail or files.
        (submission, None),
    ] {
        let mut socket = TcpStream::connect((LOOPBACK, port)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
        while !said.contains(&b'\n') {
            match socket.read(&mut buffer) {
                Ok(length) => said.extend(&buffer[..length]),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted, "{expected:?}"),
            }
        }
        assert_eq!(Upgrade::by_greeting(&said), expected);
    }
}
