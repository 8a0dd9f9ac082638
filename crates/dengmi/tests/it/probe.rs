//! `probe` and `cert` alone.

use crate::peer::Peer;
use crate::{dengmi, expect};
use dengmi_core::{Observation, Reach};
use std::net::TcpListener;
use std::path::Path;

#[test]
fn a_closed_port_is_refused_and_the_run_not_finished() {
    // Taken and given back: nobody listens there now.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (lang, said) in [("en", "connection refused (closed port)"), ("zh", "连接被拒绝（端口关闭）")] {
        let run = expect(Path::new("."), &format!("--lang {lang} probe {closed}"), 3);
        assert_eq!(run.out, format!("{closed}  {said}\n"));
    }
    let run = expect(Path::new("."), &format!("probe {closed} --json"), 3);
    let observation = Observation::read(run.out.trim_end().as_bytes()).unwrap();
    assert_eq!((observation.observed.as_str(), observation.reach), (&*closed.to_string(), Reach::Refused));

    // One that can be reached is enough.
    let open = Peer::plain();
    let run = expect(Path::new("."), &format!("probe {closed} {}", open.address), 0);
    assert!(run.out.contains("refused") && run.out.contains("HTTP"), "{run:?}");
}

#[test]
fn observations_are_lines_of_json() {
    let peer = Peer::plain();
    let run = expect(Path::new("."), &format!("probe {} --json", peer.address), 0);
    let read = |line: &str| Observation::read(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
    let observations: Vec<Observation> = run.out.lines().map(read).collect();
    assert!(observations.iter().any(|observation| observation.fact.kind() == "plain.session"), "{}", run.out);
    assert!(observations.iter().all(|observation| observation.observed.as_str() == peer.address.to_string()));
}

#[test]
fn wrong_words_are_usage() {
    for (line, part) in [
        ("probe", "TARGETS"),
        ("probe portal.example", "HOST:PORT"),
        ("probe portal.example:0", "HOST:PORT"),
        ("probe portal.example:443 --timeout 0", "--timeout"),
        ("probe portal.example:443 --on yesterday", "--on"),
        ("probe 127.0.0.1:9 --roots nowhere.crt", "nowhere.crt"),
        ("cert", "FILES"),
        ("cert nowhere.crt", "nowhere.crt"),
        ("demo --lang fr", "fr"),
        ("frobnicate", "frobnicate"),
    ] {
        let run = dengmi(Path::new("."), line);
        assert_eq!(run.exit, Some(2), "dengmi {line}: {run:?}");
        assert!(run.err.contains(part) && run.out.is_empty(), "dengmi {line}: {run:?}");
    }
}

#[test]
fn certificates_are_read_with_their_problems() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/certificates/sm2");
    let run = expect(
        &folder,
        "cert server-sign.crt --roots root-ca.crt --between sub-ca.crt --name peer.test --on 2027-01-01",
        0,
    );
    assert!(
        run.out.contains("SM2-with-SM3") && run.out.contains("trusted") && !run.out.contains("problems"),
        "{run:?}"
    );
    let run = expect(&folder, "cert server-sign.crt --name other.test --on 2027-01-01 --lang zh", 0);
    assert!(run.out.contains("签名算法") && run.out.contains("问题") && run.out.contains("name"), "{run:?}");
    let run = expect(&folder, "cert server-sign.crt --json", 0);
    let observation = Observation::read(run.out.trim_end().as_bytes()).unwrap();
    assert_eq!(observation.fact.kind(), "certificate");
}
