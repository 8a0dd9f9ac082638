//! `probe` and `cert` alone.

use crate::peer::Peer;
use crate::{dengmi, expect, program};
use dengmi_core::{Observation, Reach};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

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
        ("probe 2001:db8::1", "HOST:PORT"),
        ("probe gopher://portal.example", "gopher"),
        ("probe 192.0.2.0/40", "192.0.2.0/40"),
        ("probe portal.example --ports 0", "--ports"),
        ("probe portal.example --resume", "--output"),
        ("probe --targets-from nowhere.txt", "nowhere.txt"),
        ("probe portal.example --identity nowhere.pem", "nowhere.pem"),
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

/// Lines of a file, by the endpoint that they are about.
fn told(file: &Path) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(file).unwrap();
    let mut told = BTreeMap::new();
    for line in text.lines() {
        let observation = Observation::read(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
        *told.entry(observation.observed.as_str().to_owned()).or_default() += 1;
    }
    told
}

#[test]
fn a_run_into_a_file_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let peers = [Peer::plain(), Peer::plain(), Peer::plain()];
    let addresses: Vec<String> = peers.iter().map(|peer| peer.address.to_string()).collect();
    let [first, second, third] = [0, 1, 2].map(|at| addresses[at].as_str());
    fs::write(folder.path().join("目标.txt"), format!("# two of three\n{first}\n\n  {second}  # the second\n"))
        .unwrap();
    let run = expect(folder.path(), "probe --targets-from 目标.txt --output 结果.jsonl", 0);
    assert!(run.out.is_empty(), "{run:?}");
    let file = folder.path().join("结果.jsonl");
    let whole = told(&file);
    assert_eq!(whole.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&addresses[0], &addresses[1]]));

    // Killed while it wrote: the second endpoint's lines end in the middle, and nothing of the third is there.
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|line| line.contains("probe.coverage")).unwrap();
    let done =
        Observation::read(lines[lines.iter().position(|line| line.contains("probe.coverage")).unwrap()].as_bytes())
            .unwrap();
    let cut = lines[..last].join("\n") + "\n" + &lines[last][..20];
    fs::write(&file, cut).unwrap();
    let asked = peers.each_ref().map(Peer::connections);
    let run = expect(folder.path(), &format!("probe {first} {second} {third} --output 结果.jsonl --resume"), 0);
    assert!(run.err.contains("endpoints 2"), "{run:?}");
    let again = told(&file);
    assert_eq!(again.keys().collect::<Vec<_>>().len(), 3);
    for (peer, before) in peers.iter().zip(asked) {
        let address = peer.address.to_string();
        let finished = address == done.observed.as_str();
        assert_eq!(peer.connections() > before, !finished, "{address}");
        assert!(again[&address] == *whole.get(&address).unwrap_or(&again[&address]), "{again:?}");
    }

    // Neither overwritten nor mixed unless asked for.
    let run = expect(folder.path(), &format!("probe {first} --output 结果.jsonl"), 2);
    assert!(run.err.contains("--resume") && run.err.contains("--force"), "{run:?}");
    expect(folder.path(), &format!("probe {first} --output 结果.jsonl --force"), 0);
    assert_eq!(told(&file).len(), 1);
}

#[test]
fn a_wrong_line_of_a_file_is_told_with_its_number_and_what_stood_before_it_is_probed() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::plain();
    let path = folder.path().join("t.txt");
    for (wrong, part) in [("portal.example:0", "t.txt:3"), (&*"x".repeat(2000), "t.txt:3"), ("http//x", "t.txt:3")] {
        fs::write(&path, format!("# targets\n{}\n{wrong}\nportal.example:1\n", peer.address)).unwrap();
        let run = expect(folder.path(), "probe --targets-from t.txt", 2);
        assert!(run.err.contains(part), "{run:?}");
        assert!(run.out.contains("HTTP"), "{run:?}");
    }
}

#[test]
fn a_pipe_that_never_ends_does_not_hold_up_what_it_gave() {
    let peer = Peer::plain();
    let mut command = program(Path::new("."), ["probe", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    writeln!(pipe, "{}", peer.address).unwrap();
    // The pipe stays open; the answer comes all the same.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let last = lines.by_ref().map_while(Result::ok).find(|line| line.contains("probe.coverage"));
    assert!(last.is_some());
    drop(pipe);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
