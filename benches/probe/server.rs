//! Servers of Debian, and Tongsuo's, on the loopback of this network namespace; ended with the value that holds them.

use crate::run::{on_path, output};
use crate::{Outcome, say};
use nix::sys::signal;
use nix::unistd::Pid;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to start. Machines that measure are busy.
const START: Duration = Duration::from_secs(30);
/// Addresses of the farm, 127.0.1.1 and up.
const FARM: u8 = 200;
/// Ports of each of these addresses.
const FARM_PORTS: std::ops::Range<u16> = 10_000..10_010;

/// One endpoint of each configuration of the farm, for the matrix.
pub(crate) const FARM_OF_FIVE: &str = "farm of 5";

const RICH: u16 = 8443;
const MODERN: u16 = 8444;
const TLCP: u16 = 8445;
/// Its usual port: nmap asks no other for SSH.
const SSH: u16 = 22;

/// What protocol a service speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    Tls,
    Tlcp,
    Ssh,
}

/// Endpoints that are probed in one run.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) speaks: Speaks,
    pub(crate) endpoints: Vec<SocketAddr>,
}

impl Service {
    fn one(name: &'static str, speaks: Speaks, port: u16) -> Service {
        Service { name, speaks, endpoints: vec![(Ipv4Addr::LOCALHOST, port).into()] }
    }
}

/// What runs; dropping it ends them by their ids.
pub(crate) struct Servers {
    children: Vec<Child>,
    pub(crate) services: Vec<Service>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            if let Ok(id) = child.id().try_into() {
                // Asked, not killed: nginx takes its workers with it.
                let _ = signal::kill(Pid::from_raw(id), signal::Signal::SIGTERM);
            }
            let _ = child.wait();
        }
    }
}

impl Servers {
    /// Starts what is installed and says what is not.
    pub(crate) fn start(folder: &Path) -> Outcome<Servers> {
        let nginx = on_path("nginx").ok_or("nginx is missing: apt-get install nginx-light")?;
        let farm = |ports: std::ops::Range<u16>, addresses: u8| {
            let ports = ports.flat_map(|port| (1..=addresses).map(move |last| (Ipv4Addr::new(127, 0, 1, last), port)));
            ports.map(SocketAddr::from).collect::<Vec<_>>()
        };
        let first = FARM_PORTS.start..FARM_PORTS.start + 1;
        let tls = |name, endpoints| Service { name, speaks: Speaks::Tls, endpoints };
        let mut servers = Servers {
            children: Vec::new(),
            services: vec![
                Service::one("rich", Speaks::Tls, RICH),
                Service::one("modern", Speaks::Tls, MODERN),
                tls(FARM_OF_FIVE, farm(first.clone(), ROTATION.len().try_into()?)),
                tls("farm of 200", farm(first, FARM)),
                tls("farm of 2000", farm(FARM_PORTS, FARM)),
            ],
        };
        let file = folder.join("nginx.conf");
        fs::write(&file, nginx_configuration(folder)?)?;
        // Two thousand listeners are more than the usual limit of open files.
        let mut command = ending_with_us(Path::new("sh"));
        command.args(["-c", r#"ulimit -n "$(ulimit -H -n)"; exec "$0" "$@""#]).arg(nginx);
        command.arg("-p").arg(folder).arg("-c").arg(&file);
        servers.spawn(&mut command, folder, "nginx")?;
        for port in [RICH, MODERN, FARM_PORTS.end - 1] {
            servers.await_port(port, folder, "nginx")?;
        }
        match std::env::var_os("TONGSUO_OPENSSL") {
            None => say(
                "NOT MEASURED: TLCP; name Tongsuo's openssl program in TONGSUO_OPENSSL (cargo test -p dengmi-peers builds one)",
            ),
            Some(program) => {
                servers.spawn(&mut tongsuo(Path::new(&program)), folder, "tongsuo")?;
                servers.await_port(TLCP, folder, "tongsuo")?;
                servers.services.push(Service::one("TLCP", Speaks::Tlcp, TLCP));
            }
        }
        match on_path("sshd") {
            None => say("NOT MEASURED: SSH; sshd is missing: apt-get install openssh-server"),
            Some(program) => {
                let file = folder.join("sshd_config");
                fs::write(&file, sshd_configuration(folder)?)?;
                servers.spawn(ending_with_us(&program).args(["-D", "-e", "-f"]).arg(file), folder, "sshd")?;
                match servers.await_port(SSH, folder, "sshd") {
                    Ok(()) => servers.services.push(Service::one("SSH", Speaks::Ssh, SSH)),
                    Err(error) => say(&format!("NOT MEASURED: SSH; {error}")),
                }
            }
        }
        Ok(servers)
    }

    fn spawn(&mut self, command: &mut Command, folder: &Path, name: &str) -> Outcome<()> {
        let said = File::create(folder.join(format!("{name}.log")))?;
        // The machine's own configuration would set versions and levels.
        command.env("OPENSSL_CONF", "/dev/null").stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        self.children.push(command.spawn().map_err(|error| format!("{name}: {error}"))?);
        Ok(())
    }

    /// Waits until the server started last listens.
    fn await_port(&mut self, port: u16, folder: &Path, name: &str) -> Outcome<()> {
        let deadline = Instant::now() + START;
        let address = if FARM_PORTS.contains(&port) { Ipv4Addr::new(127, 0, 1, FARM) } else { Ipv4Addr::LOCALHOST };
        while TcpStream::connect((address, port)).is_err() {
            let ended = self.children.last_mut().map(Child::try_wait).transpose()?.flatten().is_some();
            if ended || Instant::now() > deadline {
                let said = fs::read_to_string(folder.join(format!("{name}.log")))?;
                return Err(format!("{name} does not listen on {port}: {said}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// A program that is asked to end when this one is killed.
fn ending_with_us(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// A file of `vectors/certificates`.
pub(crate) fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/certificates").join(name)
}

const SIX: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                   ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// Versions and suites of the farm's addresses, in rotation.
const ROTATION: [(&str, &str); 5] = [
    ("TLSv1.2 TLSv1.3", SIX),
    ("TLSv1.2", "HIGH"),
    ("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "DEFAULT:@SECLEVEL=0"),
    ("TLSv1.3", "DEFAULT"),
    ("TLSv1.2 TLSv1.3", "HIGH"),
];

fn nginx_configuration(folder: &Path) -> Outcome<String> {
    let parameters = folder.join("dh.pem");
    let generate = ["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048"];
    fs::write(&parameters, output("openssl", &generate)?)?;
    let keys = |names: &[&str]| -> String {
        let file = |name: &str, ending| certificate(&format!("{name}.{ending}")).display().to_string();
        let pair =
            |name: &&str| format!("ssl_certificate {}; ssl_certificate_key {};", file(name, "crt"), file(name, "key"));
        names.iter().map(pair).collect()
    };
    let server = |listen: &str, keys: &str, versions: &str, suites: &str, more: &str| {
        format!(
            "server {{ {listen} {keys} ssl_protocols {versions}; ssl_ciphers {suites}; ssl_prefer_server_ciphers on; {more} }}\n"
        )
    };
    let listen = |address: Ipv4Addr, port: u16| format!("listen {address}:{port} ssl;");
    let two = keys(&["rsa/rsa2048", "ec/p256"]);
    let mut servers = server(
        &listen(Ipv4Addr::LOCALHOST, RICH),
        &keys(&["rsa/rsa2048", "ec/p256", "ec/dsa1024"]),
        "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
        "ALL:eNULL:COMPLEMENTOFALL:@SECLEVEL=0",
        &format!("ssl_dhparam {};", parameters.display()),
    );
    servers += &server(&listen(Ipv4Addr::LOCALHOST, MODERN), &two, "TLSv1.2 TLSv1.3", SIX, "");
    for (place, (versions, suites)) in ROTATION.iter().enumerate() {
        let own = (1..=FARM).skip(place).step_by(ROTATION.len()).map(|last| Ipv4Addr::new(127, 0, 1, last));
        let listens: String = own.flat_map(|address| FARM_PORTS.map(move |port| listen(address, port))).collect();
        servers += &server(&listens, &two, versions, suites, "");
    }
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};", folder.join(kind).display()))
        .concat();
    Ok(format!(
        "daemon off; user root; worker_processes 2; worker_rlimit_nofile 16384; pid {}; error_log stderr crit;\n\
         events {{ worker_connections 8192; }}\nhttp {{ access_log off; {paths}\n{servers} }}",
        folder.join("nginx.pid").display()
    ))
}

/// `-bugs` keeps this version from an empty record that it has no room for.
fn tongsuo(program: &Path) -> Command {
    let mut command = ending_with_us(program);
    command.args(["s_server", "-bugs", "-enable_ntls", "-www", "-cipher", "ALL:@SECLEVEL=0"]);
    command.args(["-accept", &format!("127.0.0.1:{TLCP}")]);
    for (option, file) in [
        ("-sign_cert", "sm2/server-sign.crt"),
        ("-sign_key", "sm2/server-sign.key"),
        ("-enc_cert", "sm2/server-enc.crt"),
        ("-enc_key", "sm2/server-enc.key"),
        ("-CAfile", "sm2/ca-bundle.pem"),
    ] {
        command.arg(option).arg(certificate(file));
    }
    command
}

fn sshd_configuration(folder: &Path) -> Outcome<String> {
    let mut text = format!("Port {SSH}\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nMaxStartups 1000\n");
    for kind in ["rsa", "ecdsa", "ed25519"] {
        let key = folder.join(format!("host-{kind}"));
        let file = key.display().to_string();
        output("ssh-keygen", &["-q", "-t", kind, "-N", "", "-f", &file])?;
        text += &format!("HostKey {file}\n");
    }
    Ok(text)
}
