//! strongSwan, with ike-scan as a second opinion on IKEv1; and responders that are silent, closed or wrong.

use super::peer::missing;
use dengmi_collect::probe::{IkeOptions, IkeVisit, Times, probe_ike};
use dengmi_core::{Asked, Completion, IkeAccepts, IkeKind, Reach};
use dengmi_protocol::ike::Scope;
use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Programs of Debian: where they are, and the package that brings them.
const CHARON: (&str, &str) = ("/usr/lib/ipsec/charon", "strongswan-charon");
const SWANCTL: (&str, &str) = ("/usr/sbin/swanctl", "strongswan-swanctl");
const IKE_SCAN: (&str, &str) = ("/usr/bin/ike-scan", "ike-scan");
/// More groups, CCM and the like: a plugin of this package is looked for.
const PLUGINS: (&str, &str) = ("/usr/lib/ipsec/plugins/libstrongswan-openssl.so", "libstrongswan-standard-plugins");

/// strongSwan needs the rights of root for its sockets. Elsewhere its tests prove nothing and say so; in CI they fail.
fn cannot_run(programs: &[(&str, &str)]) -> bool {
    if programs.iter().any(|program| missing(*program)) {
        return true;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let root = status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"));
    if !root {
        let complaint = format!("NOT RUN: {:?} needs root to start charon\n", std::thread::current().name());
        assert!(std::env::var_os("CI").is_none(), "{complaint}");
        let _ = std::io::stderr().write_all(complaint.as_bytes());
    }
    !root
}

/// A running charon, ended with the test that started it.
struct Charon {
    child: Child,
    address: SocketAddr,
    vici: String,
    _folder: tempfile::TempDir,
}

impl Drop for Charon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Charon {
    /// charon on ports of its own, with these settings and these connections.
    fn start(settings: &str, connections: &str) -> Charon {
        let folder = tempfile::tempdir().unwrap();
        let (port, other) = (free_udp_port(), free_udp_port());
        let vici = format!("unix://{}/vici", folder.path().display());
        let configuration = format!(
            "charon {{\n port = {port}\n port_nat_t = {other}\n install_routes = no\n {settings}\n\
             load = random nonce openssl gmp aes sha1 sha2 md5 hmac xcbc cmac kdf ccm gcm ctr socket-default kernel-netlink vici\n\
             plugins {{\n vici {{\n socket = {vici}\n }}\n }}\n}}\n"
        );
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let main = file("strongswan.conf", &configuration);
        let loaded = file("swanctl.conf", &format!("connections {{\n{connections}\n}}\n"));
        let child = Command::new(CHARON.0)
            .env("STRONGSWAN_CONF", &main)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut charon = Charon { child, address, vici, _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !charon
            .swanctl(&["--load-all", "--file", loaded.to_str().unwrap()], &main)
            .contains("successfully loaded")
        {
            assert!(charon.child.try_wait().unwrap().is_none(), "charon ended");
            assert!(Instant::now() < deadline, "charon takes no configuration");
            std::thread::sleep(Duration::from_millis(50));
        }
        charon
    }

    fn swanctl(&self, arguments: &[&str], configuration: &Path) -> String {
        let mut command = Command::new(SWANCTL.0);
        command.args(arguments).args(["--uri", &self.vici]).env("STRONGSWAN_CONF", configuration);
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    }
}

fn connection(name: &str, version: u8, proposals: &str) -> String {
    format!(
        "{name} {{\n version = {version}\n local_addrs = 127.0.0.1\n proposals = {proposals}\n local {{\n auth = psk\n }}\n\
         remote {{\n auth = psk\n }}\n children {{\n net {{\n }}\n }}\n }}\n"
    )
}

fn visit(address: SocketAddr, times: &Times, options: &IkeOptions) -> IkeVisit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (times, options) = (*times, *options);
    // Spawned, as a run of many endpoints does it.
    runtime.block_on(async { tokio::spawn(async move { probe_ike(address, &times, &options).await }).await.unwrap() })
}

/// On ports that are not 500, strongSwan speaks as on port 4500.
fn encapsulated() -> IkeOptions {
    IkeOptions { encapsulated: true, ..IkeOptions::default() }
}

/// The facts: IKEv2, the profile of GM/T 0022, IKEv1.
fn facts(visit: &IkeVisit) -> Vec<(Reach, IkeAccepts)> {
    let facts: Vec<_> = visit.accepts().map(|(reach, accepts, _)| (reach, accepts)).collect();
    assert_eq!(facts.len(), 3);
    facts
}

fn check(accepts: &IkeAccepts, kind: IkeKind, expected: &[(u16, u16)]) {
    let found: Vec<_> =
        accepts.transforms[&kind].iter().map(|one| (one.number, one.key_bits.unwrap_or_default())).collect();
    assert_eq!(found, expected, "{kind:?}");
}

#[test]
fn strongswan_is_found_as_it_is_configured() {
    if cannot_run(&[CHARON, SWANCTL, PLUGINS, IKE_SCAN]) {
        return;
    }
    let proposals =
        "aes256-sha256-modp2048,aes128-sha1-ecp256,3des-sha1-modp1024,aes256gcm16-prfsha384-ecp384-curve25519";
    let old = "aes256-sha1-modp1024,3des-md5-modp1536";
    let charon = Charon::start("", &(connection("new", 2, proposals) + &connection("old", 1, old)));
    let visit = visit(charon.address, &Times::default(), &encapsulated());
    let facts = facts(&visit);
    let [(reach, accepts), (profile_reach, _), (old_reach, old)] = &facts[..] else { panic!() };
    // Whether it demands a cookie depends on how many half-open ones it counts at the moment.
    assert_eq!((*reach, accepts.asked, accepts.version), (Reach::Seen, Asked::Registry, 2));
    check(accepts, IkeKind::Encryption, &[(3, 0), (12, 128), (12, 256), (20, 256)]);
    check(accepts, IkeKind::Prf, &[(2, 0), (5, 0), (6, 0)]);
    check(accepts, IkeKind::Integrity, &[(2, 0), (12, 0)]);
    check(accepts, IkeKind::Group, &[(2, 0), (14, 0), (19, 0), (20, 0), (31, 0)]);
    assert_eq!(accepts.ended_by.as_deref(), Some("NO_PROPOSAL_CHOSEN"));
    assert!(accepts.nat_traversal && accepts.announced.contains(&"IKEV2_FRAGMENTATION_SUPPORTED".into()));
    assert!(accepts.datagrams <= 40, "{} datagrams", accepts.datagrams);
    assert_eq!(accepts.chosen.len(), 2, "one with integrity of its own, one without: {:?}", accepts.chosen);

    assert_eq!(*profile_reach, Reach::Absent);
    assert_eq!((*old_reach, old.asked, old.version), (Reach::Seen, Asked::Registry, 1));
    check(old, IkeKind::Encryption, &[(5, 0), (7, 256)]);
    check(old, IkeKind::Hash, &[(1, 0), (2, 0)]);
    check(old, IkeKind::Group, &[(2, 0), (5, 0)]);
    assert!(old.transforms[&IkeKind::Authentication].iter().any(|one| &*one.name == "pre-shared key"));
    assert!(
        old.vendor_ids.iter().any(|vendor| vendor.name.as_deref() == Some("RFC 3947 NAT-T")),
        "{:?}",
        old.vendor_ids
    );
    assert!(visit.datagrams() <= 110 && visit.lost() == 0, "{} datagrams, {} lost", visit.datagrams(), visit.lost());

    let sessions: Vec<_> = visit.sessions().collect();
    let [session, _] = &sessions[..] else { panic!("{sessions:?}") };
    assert_eq!(session.cipher_suite.seen().map(|suite| suite.contains("ENCR_AES_CBC-256")), Some(true));
    assert_eq!((session.handshake, session.transport.as_deref()), (Completion::Unfinished, Some("udp")));
    // The dialogue is there for whoever wants to check: as many lines of ours as datagrams.
    let lines: usize = visit
        .accepts()
        .map(|(_, _, dialogue)| dialogue.unwrap_or_default().lines().filter(|line| line.starts_with('>')).count())
        .sum();
    assert_eq!(lines, usize::try_from(visit.datagrams()).unwrap());

    // ike-scan has the same opinion of IKEv1: encryption/bits, hash, authentication, group.
    for (transform, taken) in [("7/256,2,1,2", true), ("5,1,1,5", true), ("7/256,1,1,2", false), ("7/128,2,1,2", false)]
    {
        let mut command = Command::new(IKE_SCAN.0);
        let port = charon.address.port().to_string();
        command.args(["--nat-t", "--sport=0", "--dport", &port, "--trans", transform, "127.0.0.1"]);
        let said = String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned();
        assert_eq!(said.contains("Main Mode Handshake returned"), taken, "{transform}: {said}");
    }
}

#[test]
fn strongswan_with_its_defaults_and_cookies_is_enumerated_before_it_falls_silent() {
    if cannot_run(&[CHARON, SWANCTL, PLUGINS]) {
        return;
    }
    // The default allows five half-open connections from one address; a second one is asked for a cookie here.
    let charon = Charon::start("cookie_threshold_ip = 1", &connection("any", 2, "default"));
    let scope = Scope { gmt0022: false, version1: false, ..Scope::default() };
    let visit = visit(charon.address, &Times::default(), &IkeOptions { scope, ..encapsulated() });
    let facts: Vec<_> = visit.accepts().map(|(reach, accepts, _)| (reach, accepts)).collect();
    let [(reach, accepts)] = &facts[..] else { panic!() };
    assert_eq!((*reach, accepts.asked, accepts.cookie, visit.lost()), (Reach::Seen, Asked::Registry, true, 0));
    let has = |kind, number, key_bits| {
        accepts.transforms[&kind].iter().any(|one| (one.number, one.key_bits) == (number, key_bits))
    };
    for bits in [128, 192, 256] {
        assert!(has(IkeKind::Encryption, 12, Some(bits)) && has(IkeKind::Encryption, 20, Some(bits)), "{accepts:?}");
    }
    assert!(has(IkeKind::Group, 14, None) && has(IkeKind::Prf, 5, None) && has(IkeKind::Integrity, 12, None));
    // DES and the group of 768 bits are not among its defaults.
    assert!(!has(IkeKind::Encryption, 2, None) && !has(IkeKind::Group, 1, None));
    assert!(visit.datagrams() < 400, "{} datagrams", visit.datagrams());
}

/// A responder of ours that answers each datagram with what `answer` gives, until the test ends.
struct Wrong {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Drop for Wrong {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn wrong(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Wrong {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let (address, stop) = (socket.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_535];
        while !stopped.load(Ordering::Relaxed) {
            let Ok((count, from)) = socket.recv_from(&mut buffer) else { continue };
            for datagram in answer(&buffer[..count]) {
                let _ = socket.send_to(&datagram, from);
            }
        }
    });
    Wrong { address, stop }
}

#[test]
fn silent_closed_and_wrong_responders_cost_a_few_time_outs_and_prove_nothing() {
    let times = Times { answer: Duration::from_millis(140), ..Times::default() };
    let wrong_mark = |datagram: &[u8]| {
        let mut other = datagram.to_vec();
        other[0] ^= 1;
        vec![other]
    };
    type Answer = Box<dyn Fn(&[u8]) -> Vec<Vec<u8>> + Send>;
    let responders: [(&str, Answer, Reach); 5] = [
        ("silence", Box::new(|_| vec![]), Reach::Unanswered),
        ("its echo", Box::new(|datagram| vec![datagram.to_vec()]), Reach::Undecodable),
        ("another protocol", Box::new(|_| vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]), Reach::Undecodable),
        ("another exchange", Box::new(wrong_mark), Reach::Undecodable),
        ("a flood", Box::new(|_| vec![vec![0x55; 1200]; 200]), Reach::Undecodable),
    ];
    for (name, answer, expected) in responders {
        let responder = wrong(answer);
        let begun = Instant::now();
        let visit = visit(responder.address, &times, &IkeOptions::default());
        for (reach, accepts) in facts(&visit) {
            assert_eq!((reach, accepts.asked), (expected, Asked::Partly), "{name}");
            assert!(accepts.transforms.values().all(Vec::is_empty), "{name}");
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}: {:?}", begun.elapsed());
        assert!(visit.datagrams() <= 24, "{name}: {} datagrams", visit.datagrams());
        assert!(!visit.is_closed() && !visit.is_cut(), "{name}");
    }
    let visit = visit(SocketAddr::from(([127, 0, 0, 1], free_udp_port())), &times, &IkeOptions::default());
    assert!(visit.is_closed() && visit.datagrams() == 3, "{visit:?}");
    assert!(facts(&visit).iter().all(|(reach, _)| *reach == Reach::Refused));
}

#[test]
fn a_budget_ends_a_visit_and_what_is_known_stays() {
    let responder = wrong(|_| vec![]);
    let times = Times { answer: Duration::from_secs(30), ..Times::default() };
    let begun = Instant::now();
    let visit =
        visit(responder.address, &times, &IkeOptions { budget: Duration::from_millis(200), ..IkeOptions::default() });
    assert!(begun.elapsed() < Duration::from_secs(5) && visit.is_cut());
    assert!(facts(&visit).iter().all(|(reach, accepts)| *reach == Reach::NotTried && accepts.asked == Asked::Partly));
}
