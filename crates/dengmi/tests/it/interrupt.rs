//! Runs that end in the middle: by Ctrl-C, by the kernel. What is done stays done, and can be completed.

#![cfg(unix)]

use crate::peer::Peer;
use crate::{expect, finish, program};
use dengmi_core::Observation;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A description whose first service answers and whose second drips.
fn described(first: &Peer, second: &Peer) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[system]\nname = \"x\"\noperator = \"y\"\n[grade]\nfiled = 3\n\
         [[channel]]\nid = \"first\"\nends = [\"{}\"]\n[[channel]]\nid = \"second\"\nends = [\"{}\"]\n",
        first.address, second.address
    );
    fs::write(folder.path().join("system.toml"), text).unwrap();
    folder
}

fn start(folder: &Path, line: &str) -> Child {
    program(folder, line.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until a run of `collect` has finished the first service and is at the second; they are asked side by side.
fn halfway(child: &mut Child, first: &Peer, second: &Peer) {
    second.wait();
    let done = format!("{}: ", first.address);
    let said = child.stderr.as_mut().unwrap();
    let mut line = Vec::new();
    // Byte by byte, so that what comes behind is left to read.
    while !String::from_utf8_lossy(&line).contains(&done) {
        let mut byte = [0];
        assert_eq!(said.read(&mut byte).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&line));
        if line.last() == Some(&b'\n') {
            line.clear();
        }
        line.push(byte[0]);
    }
}

/// Waits for the end; what it said on both streams.
fn ended(mut child: Child) -> (Option<i32>, String, String) {
    let until = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (child.wait().unwrap().code(), out, err)
}

/// An open case that a second run completes without asking the first service again.
fn completes(folder: &Path, first: &Peer, second: &Peer) {
    assert!(!folder.join("a.case.seal").exists(), "nothing is sealed before it is whole");
    let run = expect(folder, "verify a.case", 4);
    assert!(run.err.contains("is not sealed"), "{run:?}");
    // It is a valid case: it can be judged as it stands.
    // What the score of the other channel changes stands behind the path of the score.
    let why = || {
        let said = expect(folder, "why a.case NET-CONF first", 0).out;
        said.split_once("Path of the score").unwrap().0.to_owned()
    };
    let judged = why();
    assert!(judged.contains("not conform"), "{judged}");
    expect(folder, "collect system.toml -c a.case", 2);

    let (asked, dripped) = (first.connections(), second.connections());
    second.recover();
    let run = expect(folder, "collect system.toml -c a.case --resume", 0);
    assert_eq!(first.connections(), asked, "what is done is not done again: {run:?}");
    assert!(second.connections() > dripped, "{run:?}");
    expect(folder, "verify a.case", 0);
    assert_eq!(why(), judged);
    assert!(expect(folder, "why a.case NET-CONF second", 0).out.contains("not conform"));
    expect(folder, "collect system.toml -c a.case --resume", 2);
}

#[test]
fn ctrl_c_leaves_an_open_case_that_can_be_completed() {
    let (first, second) = (Peer::plain(), Peer::dripping());
    let folder = described(&first, &second);
    let mut child = start(folder.path(), "collect system.toml -c a.case");
    halfway(&mut child, &first, &second);
    signal(&child, "-INT");
    let (exit, out, err) = ended(child);
    assert_eq!((exit, &*out), (Some(3), ""), "{err}");
    assert!(err.contains("broken off") && err.contains("hint: dengmi collect system.toml -c a.case --resume"), "{err}");
    completes(folder.path(), &first, &second);
}

#[test]
fn a_killed_run_can_be_completed() {
    let (first, second) = (Peer::plain(), Peer::dripping());
    let folder = described(&first, &second);
    let mut child = start(folder.path(), "collect system.toml -c a.case");
    halfway(&mut child, &first, &second);
    signal(&child, "-KILL");
    let (exit, _, _) = ended(child);
    assert_eq!(exit, None, "killed");
    completes(folder.path(), &first, &second);
}

#[test]
fn a_run_killed_at_any_moment_can_be_completed() {
    let peer = Peer::plain();
    let folder = described(&peer, &peer);
    let case = folder.path().join("a.case");
    let mut killed = 0;
    for step in 0..24 {
        let mut child = start(folder.path(), "collect system.toml -c a.case --resume");
        if step % 2 == 0 {
            // The moment at which the case appears.
            while !case.exists() && child.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_micros(200));
            }
        }
        thread::sleep(Duration::from_millis(step * 3 / 2));
        child.kill().unwrap();
        killed += usize::from(ended(child).0.is_none());
        if case.exists() {
            // Sealed: it was killed at its very end, or had ended.
            if folder.path().join("a.case.seal").exists() {
                expect(folder.path(), "verify a.case", 0);
            } else {
                expect(folder.path(), "collect system.toml -c a.case --resume --no-seal", 0);
            }
            expect(folder.path(), "why a.case NET-CONF first", 0);
            for name in ["a.case", "a.case-wal", "a.case-shm", "a.case.seal"] {
                let _ = fs::remove_file(folder.path().join(name));
            }
        }
    }
    assert!(killed > 0, "no run was ever killed: this proved nothing");
}

#[test]
fn a_case_is_completed_by_its_own_description_only() {
    let (first, second) = (Peer::plain(), Peer::dripping());
    let folder = described(&first, &second);
    let mut child = start(folder.path(), "collect system.toml -c a.case");
    halfway(&mut child, &first, &second);
    signal(&child, "-INT");
    ended(child);
    let path = folder.path().join("system.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("filed = 3", "filed = 2")).unwrap();
    let run = expect(folder.path(), "collect system.toml -c a.case --resume", 2);
    assert!(run.err.contains("was begun with another description"), "{run:?}");
    fs::write(&path, text).unwrap();
    completes(folder.path(), &first, &second);
}

#[test]
fn lines_of_a_probe_are_whole_also_when_it_is_interrupted() {
    let (first, second) = (Peer::plain(), Peer::dripping());
    let child = start(Path::new("."), &format!("probe --json {} {}", first.address, second.address));
    second.wait();
    thread::sleep(Duration::from_millis(700));
    signal(&child, "-INT");
    let (exit, out, err) = ended(child);
    assert_eq!(exit, Some(3), "{err}");
    assert!(err.contains("broken off"), "{err}");
    let read = |line: &str| Observation::read(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
    let observed: Vec<Observation> = out.lines().map(read).collect();
    for peer in [&first, &second] {
        let address = peer.address.to_string();
        assert!(
            observed.iter().any(|observation| observation.observed.as_str() == address),
            "nothing of {address}: {out}"
        );
    }
    assert!(out.ends_with('\n'));
}

#[test]
fn artifacts_are_called_as_the_description_calls_the_end() {
    let peer = Peer::plain();
    let folder = tempfile::tempdir().unwrap();
    let channel = |id: &str, name: &str| {
        format!("[[channel]]\nid = \"{id}\"\nends = [\"{}\"]\nserver_name = \"{name}\"\n", peer.address)
    };
    let (one, other) = (channel("one", "portal.test"), channel("other", "mail.test"));
    let text = format!("[system]\nname = \"x\"\noperator = \"y\"\n[grade]\nfiled = 3\n{one}{other}");
    fs::write(folder.path().join("system.toml"), text).unwrap();
    let run = expect(folder.path(), "collect system.toml -c a.case", 0);
    // Asked once for each name.
    assert_eq!(run.err.matches(&format!("probing {}", peer.address)).count(), 2, "{run:?}");
    let case = fs::read(folder.path().join("a.case")).unwrap();
    let count = |text: &str| case.windows(text.len()).filter(|window| *window == text.as_bytes()).count();
    assert!(count(&format!("{} answer to GET /", peer.address)) > 0);
    assert_eq!(count(&format!("portal.test@{}", peer.address)), 0);
    for name in ["portal.test", "mail.test"] {
        let hello: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(count(&hello) > 0, "nobody asked for {name}");
    }
    assert!(expect(folder.path(), "why a.case NET-CONF other", 0).out.contains("not conform"));
}

#[test]
fn one_process_at_a_time_writes_a_case() {
    let (first, second) = (Peer::plain(), Peer::dripping());
    let folder = described(&first, &second);
    let mut child = start(folder.path(), "collect system.toml -c a.case");
    halfway(&mut child, &first, &second);
    let run = finish(&mut program(folder.path(), ["collect", "system.toml", "-c", "a.case", "--resume"]));
    assert_eq!(run.exit, Some(3), "{run:?}");
    assert!(run.err.contains("a.case is being written by another process"), "{run:?}");
    signal(&child, "-INT");
    ended(child);
    completes(folder.path(), &first, &second);
}
