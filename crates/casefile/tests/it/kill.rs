//! `kill -9` in the middle of appends.

use crate::{append, assert_whole, entry, ours};
use dengmi_casefile::{Case, Entry, kind, wait};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

const PLACE: &str = "CASEFILE_KILLED_WRITER";
static BODY: [u8; 50_000] = [b'.'; 50_000];

/// Not a test of its own: the process that [`a_killed_writer_leaves_a_valid_case`] kills. It never ends by itself.
#[test]
#[ignore = "started by another test, which kills it"]
fn writer() {
    let path = env::var(PLACE).unwrap();
    let case = Case::create(Path::new(&path), b"{}").unwrap();
    let mut unit = case.begin("short").unwrap().unwrap();
    wait(unit.append(entry("unit", "done"))).unwrap();
    wait(unit.done()).unwrap();
    let mut unit = case.begin("long").unwrap().unwrap();
    for turn in 0_u64.. {
        let number = append(&case, "writer", &format!("turn {turn}"));
        wait(unit.append(Entry { kind: 7, subject: Some("unit"), fact: None, body: &BODY })).unwrap();
        // Past the test harness, which keeps what goes through `println!`.
        writeln!(std::io::stdout(), "acknowledged {} {turn}", number.0).unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_a_valid_case() {
    let folder = tempfile::tempdir().unwrap();
    for turns in [0_u64, 1, 100, 333] {
        let path = folder.path().join(format!("{turns}.case"));
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "kill::writer", "--ignored", "--nocapture", "--test-threads=1"])
            .env(PLACE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acknowledged = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let Some((number, turn)) = line.strip_prefix("acknowledged ").and_then(|line| line.split_once(' ')) else {
                continue;
            };
            acknowledged = number.parse().unwrap();
            if turn.parse::<u64>().unwrap() >= turns {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(acknowledged > turns, "the writer came to nothing");

        let case = Case::open(&path).unwrap();
        assert!(case.head().unwrap().count >= acknowledged, "{turns}");
        let found = ours(&case);
        assert_eq!(found[0], "done");
        let wanted: Vec<_> = (0..found.len() - 1).map(|turn| format!("turn {turn}")).collect();
        assert_eq!(found[1..], wanted, "{turns}: a prefix, without the unfinished unit");
        assert!(found.len() as u64 > turns, "{turns}");
        assert_eq!(case.of_kind(kind::VOID, None).count() > 0, case.of_kind(kind::BATCH, None).count() > 0);

        // Resume: what is done stays done, what is not is done again.
        assert!(case.begin("short").unwrap().is_none());
        let mut unit = case.begin("long").unwrap().unwrap();
        wait(unit.append(entry("unit", "resumed"))).unwrap();
        wait(unit.done()).unwrap();
        assert_eq!(ours(&case).last().unwrap(), "resumed");
        drop(case);
        assert_whole(&path);
    }
}
