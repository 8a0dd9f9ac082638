//! `law test`, `law list`: the pack's own cases, and a file of the same form.

use crate::expect;
use serde_json::Value;
use std::fs;
use std::path::Path;

const FILE: &str = r#"
schema = 1
[sources]
OWN = "made up for a test"
[[case]]
id = "ROOM-01"
level = 3
indicator = "PHY-CCTV"
on = 2026-11-22
title = "permissions alone"
why = "permissions are no cryptography"
source = ["OWN"]
confidence = "single"
[case.facts]
subject = "room"
mechanism = "permission-only"
evidence = ["site-inspection", "configuration-check"]
[case.expect]
d = "fail"
outcome = "RESULT"
score = "0.0000"
"#;

#[test]
fn the_packs_own_cases_are_a_line_of_json_each_and_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    let run = expect(folder.path(), "law test --json", 0);
    let mut lines = run.lines();
    let summary = lines.pop().unwrap();
    assert!(lines.len() > 100);
    assert_eq!(summary["summary"]["cases"], lines.len());
    assert_eq!(summary["summary"]["wrong"], 0);
    for line in &lines {
        assert!(line["id"].is_string() && line["got"].is_object(), "{line}");
        // Cases of judging, then cases of duties.
        let of_duties = line["got"].get("applies").is_some();
        let keys = if of_duties {
            &["applies", "depends"][..]
        } else {
            &["d", "a", "k", "outcome", "score", "high_risk_state"]
        };
        for key in keys {
            assert!(line["got"].get(key).is_some(), "no {key} in {line}");
        }
    }
    let right = lines.iter().filter(|line| line["result"] == "right").count();
    assert_eq!(summary["summary"]["right"], right);

    let said = expect(folder.path(), "law test", 0);
    let (cases, last) = said.out.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(cases, run.out.trim_end().rsplit_once('\n').unwrap().0);
    assert!(last.starts_with(&format!("{} cases: {right} right, 0 wrong", lines.len())), "{last}");
}

#[test]
fn a_wrong_case_of_ones_own_is_told_and_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    for (expected, result, exit) in [("not-conform", "right", 0), ("conform", "wrong", 1)] {
        fs::write(folder.path().join("cases.toml"), FILE.replace("RESULT", expected)).unwrap();
        let run = expect(folder.path(), "law test cases.toml --json", exit);
        let lines = run.lines();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[0]["id"], &lines[0]["result"]), (&Value::from("ROOM-01"), &Value::from(result)));
        assert_eq!(lines[0]["got"]["outcome"], "not-conform");
        assert_eq!(run.err.contains("outcome: conform ≠ not-conform"), exit == 1, "{run:?}");
    }
}

#[test]
fn a_file_that_is_none_of_cases_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (text, part) in [
        ("schema = 1\n", "no case in it"),
        ("schema = 1\n[[case]\n", "cases.toml:2:"),
        (&FILE.replace("PHY-CCTV", "PHY-FOO"), "PHY-FOO"),
    ] {
        fs::write(folder.path().join("cases.toml"), text).unwrap();
        let run = expect(folder.path(), "law test cases.toml", 2);
        assert!(run.err.contains(part) && run.out.is_empty(), "{run:?}");
    }
    assert!(expect(folder.path(), "law test none.toml", 2).err.contains("none.toml does not exist"));
}

#[test]
fn instruments_have_their_days() {
    let run = expect(Path::new("."), "law list --json", 0);
    let lines = run.lines();
    let rules = lines.iter().find(|line| line["id"] == "quantification-rules-2021").unwrap();
    assert_eq!((&rules["from"], &rules["to"]), (&Value::from("2021-10-01"), &Value::from("2023-08-01")));
    let listed = |lang: &str| expect(Path::new("."), &format!("--lang {lang} law list"), 0).out;
    let (zh, en) = (listed("zh"), listed("en"));
    for line in &lines {
        assert!(zh.contains(line["zh"].as_str().unwrap()) && en.contains(line["en"].as_str().unwrap()), "{line}");
    }
    // The digest that reports print.
    assert!(en.lines().last().unwrap().contains("sm3:"), "{en}");
}
