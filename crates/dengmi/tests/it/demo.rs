//! The whole road on the made-up hospital, then every command on its case.

use crate::{copy_of_case, demonstration, dengmi, expect};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const CASE: &str = "dengmi-demo/assessment.case";

/// `examples/hospital/expected.toml`: what an assessor expects.
#[derive(Deserialize)]
struct Expected {
    level: u8,
    expect: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    unit: String,
    subject: String,
    outcome: String,
    #[serde(default)]
    score: Option<String>,
    #[serde(default)]
    corrected: Option<String>,
    #[serde(default)]
    risk: Option<String>,
    #[serde(default)]
    state: Option<String>,
}

/// Each determination by indicator and subject.
fn determinations(judgement: &Value) -> BTreeMap<(String, String), Value> {
    let mut all = BTreeMap::new();
    for unit in judgement["units"].as_array().unwrap() {
        for subject in unit["subjects"].as_array().unwrap() {
            let word = |key: &str| subject[key].as_str().unwrap().to_owned();
            all.insert((word("indicator"), word("subject")), subject.clone());
        }
    }
    all
}

#[test]
fn the_demonstration_finds_what_an_assessor_expects() {
    let (folder, run) = demonstration();
    for name in ["report.html", "report.json", "assessment.case", "assessment.case.seal", "system.toml", "docs/plan.md"]
    {
        assert!(folder.join("dengmi-demo").join(name).is_file(), "{name} is missing");
    }
    // Before anything: what is touched. On stdout only results: the worst problems, where the report is, what to run next.
    assert!(run.err.starts_with("starting four made-up services on loopback"), "{}", run.err);
    assert_eq!(run.err.matches("127.0.0.1:").count(), 4 + 2 * 4, "four addresses, each probed: {}", run.err);
    for part in ["3. [", "dengmi why dengmi-demo/assessment.case ", "dengmi-demo/report.html"] {
        assert!(run.out.contains(part), "{part:?}: {}", run.out);
    }
    assert!(run.out.lines().count() < 24, "a short summary: {}", run.out);

    let expected =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hospital/expected.toml"));
    let expected: Expected = toml::from_str(&expected.unwrap()).unwrap();
    let judgement = expect(folder, &format!("judge {CASE} --json"), 0).json();
    assert_eq!(judgement["level"], expected.level);
    let mut found = determinations(&judgement);
    assert!(expected.expect.len() > 50, "the table of what is expected is nearly empty");
    let mut wrong = Vec::new();
    for row in &expected.expect {
        let Some(determination) = found.remove(&(row.unit.clone(), row.subject.clone())) else {
            wrong.push(format!("{} {}: not judged", row.unit, row.subject));
            continue;
        };
        let counted = &determination["counted"];
        let mut check = |what: &str, expected: &str, found: &Value| {
            if found.as_str() != Some(expected) {
                wrong.push(format!("{} {}: {what} {found}, expected {expected}", row.unit, row.subject));
            }
        };
        check("outcome", &row.outcome, &counted["outcome"]);
        if let Some(score) = &row.score {
            check("score", score, &counted["score"]);
        }
        if let Some(corrected) = &row.corrected {
            let objects = judgement["score"]["units"][&row.unit]["objects"].as_array().unwrap();
            let object = objects.iter().find(|object| object["subject"] == *row.subject).unwrap();
            check("corrected", corrected, &object["counted"]);
        }
        let risks = determination["risks"].as_array().unwrap();
        let risks: Vec<String> =
            risks.iter().map(|risk| format!("{} {}", risk["item"], risk["state"]).replace('"', "")).collect();
        let expected_risk: Vec<String> =
            row.risk.iter().zip(&row.state).map(|(item, state)| format!("{item} {state}")).collect();
        if risks != expected_risk {
            wrong.push(format!("{} {}: risks {risks:?}, expected {expected_risk:?}", row.unit, row.subject));
        }
    }
    wrong.extend(found.keys().map(|(unit, subject)| format!("{unit} {subject}: not expected")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_second_demonstration_takes_a_free_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/mine.txt"), "mine").unwrap();
    let run = expect(folder.path(), "demo -o out --json", 0);
    assert!(determinations(&run.json()).len() > 50);
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
    assert!(folder.path().join("out-2/report.html").is_file());
}

#[test]
fn the_seal_holds_and_a_changed_byte_is_named() {
    let folder = copy_of_case();
    let folder = folder.path();
    let intact = expect(folder, "verify assessment.case --json", 0).json();
    assert_eq!(intact["intact"], true);
    assert!(intact["entries"].as_u64().unwrap() > 100 && intact["head"].as_str().unwrap().starts_with("sm3:"));
    assert!(expect(folder, "verify assessment.case", 0).out.contains(intact["head"].as_str().unwrap()));

    let path = folder.join("assessment.case");
    let whole = fs::read(&path).unwrap();
    // The bytes of a statement in the middle of the case, and the first and the last byte of the file.
    let inside = whole.windows(9).position(|bytes| bytes == b"salted-ha").unwrap();
    for (at, named) in [(inside, "entry #"), (0, "entry #0"), (whole.len() - 1, "block ")] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let run = expect(folder, "verify assessment.case", 4);
        assert!(run.err.contains("the seal of assessment.case is broken") && run.err.contains(named), "{at}: {run:?}");
        assert!(run.out.is_empty(), "{run:?}");
        let report = expect(folder, "verify assessment.case --json", 4).json();
        assert_eq!(report["intact"], false);
        assert!(!report["damage"].as_array().unwrap().is_empty());
        assert_eq!(named != "block ", !report["broken_entries"].as_array().unwrap().is_empty(), "{report}");
        // Nothing is concluded from evidence that changed.
        for line in ["judge", "score", "report -o out", "why NET-ID", "gate --fail-on high-risk"] {
            let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
            let run = expect(folder, format!("{command} assessment.case {rest}").trim_end(), 4);
            assert!(run.out.is_empty(), "{run:?}");
        }
    }
    fs::write(&path, &whole).unwrap();
    expect(folder, "verify assessment.case", 0);
    fs::remove_file(folder.join("assessment.case.seal")).unwrap();
    let run = expect(folder, "verify assessment.case", 4);
    assert!(run.err.contains("assessment.case is not sealed"), "{run:?}");
}

#[test]
fn every_command_reads_the_case_and_prints_json_where_it_says_so() {
    let (folder, _) = demonstration();
    let text = |line: &str, part: &str| {
        let run = expect(folder, line, 0);
        assert!(run.out.contains(part), "dengmi {line}: no {part:?} in {}", run.out);
        assert!(run.err.is_empty(), "dengmi {line}: {}", run.err);
    };
    text(&format!("judge {CASE}"), "NET-CONF    laboratory");
    text(&format!("score {CASE}"), "NET-CONF 0.3750 × 1");
    text(&format!("why {CASE} net-conf laboratory"), "HR-7.2 open");
    text(&format!("why {CASE} NET-CONF --lang zh"), "HR-7.2");
    text("explain NET-CONF", "level 3: 8.2 c), shall, weight 1");
    text("explain NET-CONF --lang zh", "第 3 级：8.2 c)，应，权重 1");
    text("explain HR-7.2", "HR-7.2");
    text("explain ecc_sm4_cbc_sm3", "0xe013");
    text("explain SM4", "SM4");
    text("law list", "gb-t-39786-2021");
    text("grade dengmi-demo/system.toml", "S3A2G3");

    let score = expect(folder, &format!("score {CASE} --json"), 0).json();
    assert_eq!(score["units"]["NET-CONF"]["score"], "0.3750");
    assert!(score["total"]["low"].is_string() && score["total"]["high"].is_string(), "an interval: {score}");
    let why = expect(folder, &format!("why {CASE} NET-CONF laboratory --json"), 0).json();
    assert_eq!(why[0]["subject"], "laboratory");
    assert_eq!(why.as_array().unwrap().len(), 1);
    let grade = expect(folder, "grade dengmi-demo/system.toml --json", 0).json();
    assert_eq!(grade["level"], 3);
    let difference = expect(folder, &format!("diff {CASE} {CASE} --json"), 0).json();
    assert_eq!(difference, serde_json::json!({"only_first": [], "only_second": []}));
    assert!(expect(folder, &format!("diff {CASE} {CASE}"), 0).err.contains("the same"));

    for (line, part) in [("why NET-FOO", "NET-CONF"), ("why NET-CONF nobody", "laboratory")] {
        let (command, rest) = line.split_once(' ').unwrap();
        let run = expect(folder, &format!("{command} {CASE} {rest}"), 2);
        assert!(run.err.contains(part) && run.out.is_empty(), "{run:?}");
    }
    let run = expect(folder, "explain nothing-of-ours", 2);
    assert!(run.err.contains("nothing-of-ours") && run.err.contains("hint: "), "{run:?}");
}

#[test]
fn two_runs_differ_in_facts_and_not_in_their_instants() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let describe = |algorithm: &str| {
        let text = format!(
            "[system]\nname = \"x\"\noperator = \"y\"\n[grade]\nfiled = 3\n[[room]]\nid = \"a\"\n\
             [[statement]]\nabout = \"a\"\nunit = \"PHY-LOG\"\nkind = \"algorithm\"\nvalue = [\"{algorithm}\"]\n\
             method = \"interview\"\nby = \"z\"\non = 2026-01-01\n\
             [[statement]]\nabout = \"a\"\nunit = \"PHY-LOG\"\nkind = \"mechanism\"\nvalue = \"mac\"\n\
             method = \"interview\"\nby = \"z\"\non = 2026-01-01\n"
        );
        fs::write(folder.join("system.toml"), text).unwrap();
    };
    describe("HMAC-SM3");
    expect(folder, "collect system.toml -c first.case", 0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    expect(folder, "collect system.toml -c second.case", 0);
    assert_eq!(expect(folder, "diff first.case second.case", 0).out, "", "only instants differ");
    describe("HMAC-SHA-1");
    expect(folder, "collect system.toml -c third.case", 0);
    let run = expect(folder, "diff first.case third.case", 0);
    let lines: Vec<&str> = run.out.lines().filter(|line| line.contains(" statement ")).collect();
    assert_eq!(lines.len(), 2, "the other statement is the same: {run:?}");
    assert!(lines[0].starts_with("- #") && lines[0].contains("HMAC-SM3"), "{run:?}");
    assert!(lines[1].starts_with("+ #") && lines[1].contains("HMAC-SHA-1"), "{run:?}");
    let json = expect(folder, "diff first.case third.case --json", 0).json();
    let count = |key: &str| json[key].as_array().unwrap().len();
    assert_eq!(count("only_first") + count("only_second"), run.out.lines().count());
}

#[test]
fn a_gate_turns_findings_into_an_exit() {
    let (folder, _) = demonstration();
    for (gate, exit, said, count) in [
        ("--fail-on high-risk", 1, "8 determinations", Some(8)),
        ("--fail-on candidate", 1, "14 determinations", Some(14)),
        ("--fail-on not-conform", 1, "determinations", None),
        ("--fail-on unassessed --fail-on high-risk", 1, "19 determinations", Some(19)),
        ("--below 60", 1, "the total can be as low as 51.43, below 60", Some(0)),
        ("--below 51.43", 0, "the gate is met", Some(0)),
        ("--below 60 --fail-on high-risk", 1, "below 60", Some(8)),
    ] {
        let run = expect(folder, &format!("gate {CASE} {gate}"), exit);
        assert!(run.err.contains(said), "{gate}: {run:?}");
        assert_eq!(run.err.contains("hint: dengmi "), exit == 1, "{gate}: {run:?}");
        let json = expect(folder, &format!("gate {CASE} {gate} --json"), exit).json();
        assert_eq!(json["met"], exit == 0, "{gate}: {json}");
        let failed = json["failed"].as_array().unwrap().len();
        assert_eq!(failed, run.out.lines().count(), "{gate}: {run:?}");
        assert!(count.is_none_or(|count| count == failed), "{gate}: {failed}");
    }
    let zh = expect(folder, &format!("gate {CASE} --fail-on high-risk --lang zh"), 1);
    assert!(zh.out.contains("HR-7.1 高风险") && zh.err.contains("错误: 未达到门槛：8 个判定"), "{zh:?}");
    expect(folder, &format!("gate {CASE}"), 2);
    expect(folder, &format!("gate {CASE} --below sixty"), 2);
}

#[test]
fn reports_of_one_instant_are_equal_and_nothing_is_replaced_unasked() {
    let folder = copy_of_case();
    let folder = folder.path();
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let at = "--at 2026-11-22T09:00:00Z";
    let run = expect(folder, &format!("report assessment.case -o one {at}"), 0);
    assert_eq!(run.out, "one/report.html\none/report.json\n");
    expect(folder, &format!("report assessment.case -o two {at}"), 0);
    for name in ["report.html", "report.json"] {
        assert!(read(&format!("one/{name}")) == read(&format!("two/{name}")), "{name} differs");
    }
    expect(folder, "report assessment.case -o three --form json --at 2026-11-22T09:00:01Z", 0);
    assert!(read("three/report.json") != read("one/report.json"), "another instant is another report");
    assert!(!folder.join("three/report.html").exists());

    // One of the two is in the way: neither is written.
    let run = expect(folder, "report assessment.case -o three", 2);
    assert!(run.err.contains("three/report.json exists already") && run.err.contains("--force"), "{run:?}");
    assert!(!folder.join("three/report.html").exists());
    expect(folder, &format!("report assessment.case -o three --force {at}"), 0);
    assert!(read("three/report.json") == read("one/report.json"));
    let left: Vec<String> = fs::read_dir(folder.join("three"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left.len(), 2, "nothing half written is left: {left:?}");
    expect(folder, "report assessment.case -o four --at yesterday", 2);
    assert!(!folder.join("four").exists());
}

#[test]
fn evidence_is_never_replaced() {
    let (folder, _) = demonstration();
    let before = fs::read(folder.join(CASE)).unwrap();
    for (line, part) in [
        (format!("collect dengmi-demo/system.toml -c {CASE}"), "evidence is never overwritten"),
        (format!("collect dengmi-demo/system.toml -c {CASE} --resume"), "is sealed and takes no more entries"),
        ("assess dengmi-demo/system.toml -o dengmi-demo".into(), "report.html exists already"),
        ("assess dengmi-demo/system.toml -o dengmi-demo --force".into(), "evidence is never overwritten"),
    ] {
        let run = expect(folder, &line, 2);
        assert!(run.err.contains(part) && run.out.is_empty(), "dengmi {line}: {run:?}");
    }
    assert!(fs::read(folder.join(CASE)).unwrap() == before);
}

#[test]
fn what_is_no_case_is_said_to_be_none() {
    let (folder, _) = demonstration();
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("text.case"), "no case at all").unwrap();
    fs::write(other.path().join("empty.case"), "").unwrap();
    let other = other.path().display();
    for (path, en, zh) in [
        (format!("{other}/nothing.case"), "does not exist", "不存在"),
        (format!("{other}/text.case"), "is not a case", "不是案卷"),
        (format!("{other}/empty.case"), "is not a case", "不是案卷"),
        (format!("{other}"), "is not a case", "不是案卷"),
    ] {
        for line in
            ["judge X", "score X", "verify X", "report X -o out", "why X NET-ID", "gate X --fail-on partly", "diff X X"]
        {
            let line = line.replace('X', &path);
            let run = expect(folder, &line, 2);
            assert!(
                run.err.contains(en) && run.err.contains(&path) && run.err.contains("hint: "),
                "dengmi {line}: {run:?}"
            );
            let run = dengmi(folder, &format!("--lang zh {line}"));
            assert!(run.err.starts_with("错误: ") && run.err.contains(zh) && run.err.contains("提示: "), "{run:?}");
        }
    }
}
