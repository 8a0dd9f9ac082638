//! Servers that lie, drip, never end or speak something else. Each costs at most its time-out.

use super::peer::{OPENSSL, Peer, certificate, free_port, missing};
use super::run::{Run, options, run, run_until};
use dengmi_collect::probe::{AddressFamily, Cancel, Options, Times, Unreachable};
use dengmi_core::{Completion, Fact, Field, Protocol, Reach, Suite, Version};
use dengmi_parse::tls::message::{Certificates, ClientHello, ServerHello, ServerHelloDone};
use dengmi_parse::tls::{ContentType, Record};
use dengmi_protocol::plan::Finding;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// A listener that hands every connection to `serve`, each in a thread of its own, until the test program ends.
fn listen(serve: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            // An error is the prober hanging up.
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn quick() -> Options {
    let times = Times {
        connect: Duration::from_millis(400),
        answer: Duration::from_millis(400),
        farewell: Duration::from_millis(100),
        back_off: Duration::from_millis(10),
    };
    Options { times, tries: 2, ..options() }
}

/// Probes within a bound that is far above the time-outs and far below for ever.
fn probe(address: &str, options: &Options) -> Run {
    let started = Instant::now();
    let found = run(&[address.to_owned()], options, &[]);
    assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
    found
}

fn all(found: &Run, expected: Reach) {
    for (version, reach) in found.reaches() {
        assert_eq!(reach, expected, "{version:?}: {:?}", found.accepts(version).1);
    }
}

fn speaks(found: &Run) -> Vec<&str> {
    found.coverage().1.speaks.iter().map(|word| &**word).collect()
}

fn record(version: Version, fragment: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Record { content: ContentType::HANDSHAKE, version, fragment }.write(&mut out).unwrap();
    out
}

/// Reads one hello: what it offers; nothing of SSL 2.0.
fn offered(stream: &mut TcpStream) -> std::io::Result<Option<(Version, Vec<Suite>)>> {
    let mut header = [0; 5];
    stream.read_exact(&mut header)?;
    let ssl2 = header[0] & 0x80 != 0;
    let length = if ssl2 { u16::from(header[1]) - 3 } else { u16::from_be_bytes([header[3], header[4]]) };
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message)?;
    if ssl2 {
        return Ok(None);
    }
    let hello = ClientHello::read(&message[4..], &dengmi_parse::Limits::default()).unwrap().value;
    Ok(Some((hello.versions()[0], hello.suites)))
}

/// The same of a server that refuses SSL 2.0.
fn hello(stream: &mut TcpStream) -> std::io::Result<(Version, Vec<Suite>)> {
    match offered(stream)? {
        Some(offered) => Ok(offered),
        None => {
            stream.write_all(&ALERT)?;
            Err(std::io::Error::other("SSL 2.0"))
        }
    }
}

/// The flight of a server that chose `suite`.
fn flight(version: Version, suite: Suite, certificate: &[u8]) -> Vec<u8> {
    let mut messages = Vec::new();
    ServerHello { version, random: [7; 32], session_id: &[], suite, compression: 0, extensions: None }
        .write(&mut messages)
        .unwrap();
    Certificates::list([certificate]).write(&mut messages).unwrap();
    ServerHelloDone.write(&mut messages).unwrap();
    messages.chunks(1 << 14).flat_map(|part| record(version, part)).collect()
}

const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

/// Passes on what a server says record by record; with `forges` the last bit of each ServerKeyExchange is turned.
fn between(port: u16, forges: bool) -> String {
    const SERVER_KEY_EXCHANGE: u8 = 12;
    listen(move |mut client| {
        let mut server = TcpStream::connect(("127.0.0.1", port))?;
        let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            to.shutdown(Shutdown::Both)
        });
        let mut header = [0; 5];
        while server.read_exact(&mut header).is_ok() {
            let mut fragment = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
            server.read_exact(&mut fragment)?;
            if forges && header[0] == ContentType::HANDSHAKE.0 && fragment[0] == SERVER_KEY_EXCHANGE {
                *fragment.last_mut().unwrap() ^= 1;
            }
            client.write_all(&[&header[..], &fragment].concat())?;
        }
        client.shutdown(Shutdown::Both)
    })
}

#[test]
fn it_shows_the_certificate_of_another_and_cannot_sign_for_it() {
    if missing(OPENSSL) {
        return;
    }
    let (chain, key) = (certificate("rsa/rsa2048.crt"), certificate("rsa/rsa2048.key"));
    let arguments = ["-cert", &*chain, "-key", &*key, "-tls1_2", "-cipher", "ECDHE"];
    let peer = Peer::s_server(OPENSSL.0, &arguments);
    for (forges, expected) in
        [(false, (Completion::Complete, Field::Hidden)), (true, (Completion::Failed, Field::Seen(false)))]
    {
        let found = run(&[between(peer.port, forges)], &options(), &[]);
        let sessions = found.sessions();
        assert!(!sessions.is_empty());
        for (protocol, session) in sessions {
            let told = (session.handshake, session.signature_holds);
            assert_eq!((protocol, &told), (Protocol::Tls, &expected), "{session:?}");
        }
        assert_eq!(found.proofs().is_empty(), forges);
    }
}

#[test]
fn it_speaks_http() {
    let address = listen(|mut stream| {
        let mut first = [0; 512];
        let _ = stream.read(&mut first)?;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\nConnection: close\r\n\r\n")
    });
    let found = probe(&address, &options());
    all(&found, Reach::Absent);
    assert_eq!(speaks(&found), ["HTTP"]);
    assert_eq!(found.sessions().len(), 1);
}

#[test]
fn it_speaks_ssh() {
    let address = listen(|mut stream| {
        stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")?;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).map(drop)
    });
    let found = probe(&address, &quick());
    assert!(found.reaches().is_empty(), "no version of TLS is in question: {:?}", found.reaches());
    assert_eq!(speaks(&found), ["SSH"]);
    let (reach, coverage) = found.coverage();
    assert_eq!((reach, coverage.complete), (Reach::Seen, false), "its lists never came");
    let accepts = found.observations.iter().find_map(|one| match &one.fact {
        Fact::SshAccepts(accepts) => Some(accepts),
        _ => None,
    });
    assert_eq!(accepts.map(|accepts| &*accepts.software), Some("OpenSSH_9.2p1"));
}

#[test]
fn it_drips_a_byte_at_a_time() {
    let address = listen(|mut stream| {
        let (version, suites) = offered(&mut stream)?.unwrap_or((Version::TLS_1_0, vec![Suite(5)]));
        for byte in flight(version, suites[0], &[0x30; 4000]) {
            stream.write_all(&[byte])?;
            thread::sleep(Duration::from_millis(60));
        }
        Ok(())
    });
    let found = probe(&address, &quick());
    assert!(found.reaches().iter().all(|(_, reach)| matches!(reach, Reach::Unanswered | Reach::NotTried)));
    let (reach, coverage) = found.coverage();
    assert_eq!((reach, coverage.complete), (Reach::Unanswered, false), "{coverage:?}");
}

#[test]
fn it_never_says_a_word() {
    let address = listen(|mut stream| {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).map(drop)
    });
    let found = probe(&address, &quick());
    assert!(found.reaches().iter().all(|(_, reach)| matches!(reach, Reach::Unanswered | Reach::NotTried)));
    assert_eq!(found.coverage().0, Reach::Unanswered);
    assert!(found.coverage().1.connections <= 6, "left alone early: {:?}", found.coverage());
}

#[test]
fn it_closes_at_once() {
    let address = listen(|_| Ok(()));
    let found = probe(&address, &options());
    all(&found, Reach::Refused);
    assert_eq!((found.coverage().0, found.coverage().1.complete), (Reach::Seen, false));
    assert_eq!(speaks(&found), ["unknown"]);
}

#[test]
fn it_sends_garbage_without_end() {
    for garbage in [vec![0xa5; 1 << 16], [&[22, 3, 3, 0x40, 0][..], &[0xff; 1 << 14]].concat()] {
        let address = listen(move |mut stream| {
            loop {
                stream.write_all(&garbage)?;
            }
        });
        let found = probe(&address, &options());
        all(&found, Reach::Undecodable);
        assert!(!found.coverage().1.complete);
        let kept: usize = found.artifacts.values().map(Vec::len).sum();
        assert!(kept < 1 << 18, "{kept} bytes of evidence");
    }
}

#[test]
fn its_certificate_has_sixteen_mebibytes() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let address = listen(move |mut stream| {
        let (version, suites) = hello(&mut stream)?;
        if version != Version::TLS_1_2 || !suites.contains(&Suite(0x009c)) {
            return stream.write_all(&ALERT);
        }
        for part in flight(version, Suite(0x009c), &vec![0x30; (1 << 24) - 16]).chunks(1 << 12) {
            stream.write_all(part)?;
            count.fetch_add(part.len(), Ordering::Relaxed);
        }
        Ok(())
    });
    let found = probe(&address, &options());
    let (reach, accepts) = found.accepts(Version::TLS_1_2);
    assert_eq!((reach, &accepts.suites[..]), (Reach::Seen, &[Suite(0x009c)][..]));
    assert!(found.certificates().is_empty());
    assert_eq!(found.summary.handshakes, 0);
    // What the sockets' buffers take, and no more: nobody reads it.
    assert!(sent.load(Ordering::Relaxed) < 1 << 25, "{sent:?}");
}

#[test]
fn it_answers_tlcp_with_tls() {
    let address = listen(|mut stream| {
        let (version, suites) = hello(&mut stream)?;
        match version {
            Version::TLCP => stream.write_all(&flight(Version::TLS_1_2, suites[0], &[0x30, 0])),
            _ => stream.write_all(&ALERT),
        }
    });
    let found = probe(&address, &options());
    all(&found, Reach::Absent);
    let (_, accepts) = found.accepts(Version::TLCP);
    assert_eq!(accepts.ended_by.as_deref(), Some("chose version 0x0303"));
    let finding = Finding::OtherVersion { asked: Version::TLCP, chosen: Version::TLS_1_2 };
    assert!(found.finished[0].findings.contains(&finding), "{:?}", found.finished);
}

#[test]
fn it_stops_answering_half_way() {
    let left = AtomicUsize::new(9);
    let address = listen(move |mut stream| {
        let (version, suites) = hello(&mut stream)?;
        let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match (version, before) {
            (Version::TLS_1_2, Ok(_)) => stream.write_all(&flight(version, suites[0], &[0x30, 0])),
            (_, Ok(_)) => stream.write_all(&ALERT),
            (_, Err(_)) => stream.read_to_end(&mut Vec::new()).map(drop),
        }
    });
    let found = probe(&address, &quick());
    let (reach, accepts) = found.accepts(Version::TLS_1_2);
    assert_eq!((reach, accepts.asked), (Reach::Seen, dengmi_core::Asked::Partly), "{accepts:?}");
    assert!(!accepts.suites.is_empty());
    assert!(!found.coverage().1.complete);
}

#[test]
fn its_port_is_closed() {
    let found = probe(&format!("127.0.0.1:{}", free_port()), &options());
    assert_eq!(found.coverage().0, Reach::Refused);
    assert_eq!(found.finished[0].unreachable, Some(Unreachable::Refused));
    assert_eq!((found.observations.len(), found.summary.unreachable), (1, 1));
}

#[test]
fn it_has_no_address() {
    let found = probe("no-such-host.invalid:443", &quick());
    assert_eq!(found.coverage().0, Reach::Unanswered);
    assert_eq!(found.finished[0].unreachable, Some(Unreachable::NoAddress));
}

#[test]
fn it_has_no_address_of_the_wanted_kind() {
    let options = Options { addresses: AddressFamily::V6, ..quick() };
    let found = probe("127.0.0.1:443", &options);
    assert_eq!(found.finished[0].unreachable, Some(Unreachable::NoAddress));
}

#[test]
fn connections_to_one_address_start_no_sooner_than_allowed() {
    let address = listen(|mut stream| hello(&mut stream).and_then(|_| stream.write_all(&ALERT)));
    let pause = Duration::from_millis(40);
    let started = Instant::now();
    let found = probe(&address, &Options { pause, ..options() });
    let starts = found.coverage().1.connections;
    assert!(starts > 5 && started.elapsed() >= pause * (starts - 1), "{starts} in {:?}", started.elapsed());
}

#[test]
fn the_budget_of_an_endpoint_holds_and_what_was_learned_is_told() {
    let address = listen(|mut stream| {
        let (version, suites) = hello(&mut stream)?;
        thread::sleep(Duration::from_millis(30));
        stream.write_all(&flight(version, suites[0], &[0x30, 0]))
    });
    let options = Options { budget: Duration::from_secs(2), ..options() };
    let started = Instant::now();
    let found = run(&[address], &options, &[]);
    assert!(started.elapsed() < Duration::from_secs(10), "took {:?}", started.elapsed());
    assert!(found.finished[0].cut);
    assert!(!found.coverage().1.complete);
    let (reach, accepts) = found.accepts(Version::TLS_1_2);
    assert_eq!((reach, accepts.asked), (Reach::Seen, dengmi_core::Asked::Partly));
}

#[test]
fn a_cancelled_run_ends_at_once_and_starts_nothing_new() {
    let reached = Arc::new(Barrier::new(2));
    let first = Arc::clone(&reached);
    let once = AtomicUsize::new(0);
    let address = listen(move |mut stream| {
        if once.fetch_add(1, Ordering::SeqCst) == 0 {
            first.wait();
        }
        stream.read_to_end(&mut Vec::new()).map(drop)
    });
    let cancel = Cancel::default();
    let token = cancel.clone();
    thread::spawn(move || {
        reached.wait();
        token.cancel();
    });
    let options = Options { endpoints: 1, ..options() };
    let started = Instant::now();
    let found = run_until(&[address.clone(), address], &options, &[], &cancel);
    assert!(started.elapsed() < Duration::from_secs(10), "took {:?}", started.elapsed());
    assert!(found.summary.cancelled && found.finished[0].cut);
    assert_eq!(found.summary.endpoints, 1);
    assert!(found.reaches().iter().all(|(_, reach)| matches!(reach, Reach::Unanswered | Reach::NotTried)));
}

#[test]
fn no_more_connections_are_open_to_one_address_than_allowed() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, highest) = (Arc::clone(&open), Arc::clone(&most));
    let address = listen(move |mut stream| {
        highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let offered = offered(&mut stream);
        thread::sleep(Duration::from_millis(5));
        // Counted as closed before the prober can know that it may open the next.
        now.fetch_sub(1, Ordering::SeqCst);
        offered.and_then(|_| stream.write_all(&ALERT))
    });
    for (per_host, connections) in [(1, 64), (3, 64), (64, 2)] {
        most.store(0, Ordering::SeqCst);
        let options = Options { per_host, connections, web: false, ..options() };
        let targets = vec![address.clone(); 4];
        let found = run(&targets, &options, &[]);
        assert_eq!(found.summary.endpoints, 4);
        let allowed = per_host.min(connections);
        assert!(most.load(Ordering::SeqCst) <= allowed, "{most:?} of {allowed}");
    }
}
