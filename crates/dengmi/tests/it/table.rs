//! `score --table`: the scorer alone.

use crate::{Run, expect};
use serde_json::{Value, json};
use std::fs;

fn scored(table: &Value, rest: &str, exit: i32) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("table.json"), table.to_string()).unwrap();
    expect(folder.path(), format!("score --table table.json {rest}").trim_end(), exit)
}

/// The table that stands in the description of the command.
fn example() -> Value {
    json!({
        "level": 3, "edition": "2023",
        "objects": [{"indicator": "NET-ID", "subject": "portal", "d": "pass", "a": "fail", "k": "pass", "ra": "0.5", "rk": "1", "na": false}],
        "management": [{"indicator": "POL-SYS", "result": "partly"}],
        "compensations": [{"from": [["NET-CONF", "portal"], ["NET-CONF", "branch"]], "to": ["APP-TCONF", "patient-identity"]}],
        "open_high_risks": 0
    })
}

#[test]
fn a_table_is_scored_with_the_path_of_each_number() {
    let mut document = scored(&example(), "--json", 0).json();
    let path = document.as_object_mut().unwrap().remove("path").unwrap();
    let warnings = document.as_object_mut().unwrap().remove("warnings").unwrap();
    assert_eq!(
        document,
        json!({
            "units": {"NET-ID": "0.2500", "POL-SYS": "0.5000"},
            "layers": {"network": "0.2500", "policy": "0.5000"},
            "total": "32.50",
            "conclusion": "不符合"
        })
    );
    assert_eq!(path["units"]["NET-ID"]["objects"][0]["own"], "0.2500");
    assert_eq!(path["layers"]["network"]["parts"][0], json!({"name": "NET-ID", "score": "0.2500", "weight": "1"}));
    assert_eq!(path["total"], "32.50");
    let warnings: Vec<&str> = warnings.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(warnings.iter().any(|warning| warning.starts_with("compensations[0]: ")), "{warnings:?}");

    let run = scored(&example(), "", 0);
    for part in ["NET-ID 0.2500 × 1", "total 32.50, non-compliant"] {
        assert!(run.out.contains(part), "no {part:?} in {}", run.out);
    }
    assert!(run.err.contains("warning: compensations[0]: "), "{run:?}");
    assert!(scored(&example(), "--lang zh", 0).out.ends_with("总分 32.50，不符合\n"));
}

#[test]
fn a_table_comes_from_stdin_too() {
    use std::io::Write;
    use std::process::Stdio;
    let mut command = crate::program(std::path::Path::new("."), ["score", "--table", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(example().to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["total"], "32.50");
}

/// What is changed in the example, and what the message must say beside the row.
#[test]
fn illegal_rows_are_named() {
    type Change = fn(&mut Value);
    let rows: [(&str, &str, Change); 14] = [
        ("objects[0]", "without ra", |table| drop(table["objects"][0].as_object_mut().unwrap().remove("ra"))),
        ("objects[0]", "without rk", |table| {
            table["objects"][0]["k"] = json!("fail");
            table["objects"][0].as_object_mut().unwrap().remove("rk");
        }),
        ("objects[0]", "ra", |table| table["objects"][0]["ra"] = json!("0.7")),
        ("objects[0]", "1.5", |table| {
            table["objects"][0]["k"] = json!("fail");
            table["objects"][0]["rk"] = json!("1.5");
        }),
        ("objects[0]", "1.2", |table| {
            table["level"] = json!(4);
            table["objects"][0]["k"] = json!("fail");
            table["objects"][0]["rk"] = json!("1.2");
        }),
        ("objects[0]", "k passes", |table| table["objects"][0]["rk"] = json!("1.2")),
        ("objects[0]", "did you mean NET-ID?", |table| table["objects"][0]["indicator"] = json!("NETID")),
        ("objects[0]", "technical", |table| table["objects"][0]["indicator"] = json!("POL-SYS")),
        ("objects[1]", "twice", |table| {
            let row = table["objects"][0].clone();
            table["objects"].as_array_mut().unwrap().push(row);
        }),
        ("objects[0]", "\"pass\" or \"fail\"", |table| drop(table["objects"][0].as_object_mut().unwrap().remove("d"))),
        ("compensations[1]", "chain", |table| {
            for (indicator, subject) in [("NET-CONF", "portal"), ("APP-TCONF", "patient-identity")] {
                let row = json!({"indicator": indicator, "subject": subject, "d": "fail"});
                table["objects"].as_array_mut().unwrap().push(row);
            }
            table["compensations"] = json!([
                {"from": [["NET-CONF", "portal"]], "to": ["APP-TCONF", "patient-identity"]},
                {"from": [["APP-TCONF", "patient-identity"]], "to": ["NET-CONF", "portal"]}
            ]);
        }),
        ("table", "edition", |table| table["edition"] = json!("2019")),
        ("table", "level 5", |table| table["level"] = json!(5)),
        ("table", "the technical group", |table| {
            table["objects"][0]["na"] = json!(true);
        }),
    ];
    for (row, part, change) in rows {
        let mut table = example();
        change(&mut table);
        for rest in ["", "--json"] {
            let run = scored(&table, rest, 2);
            assert!(run.out.is_empty(), "{row} {part}: {run:?}");
            assert!(
                run.err.contains(&format!("table.json: {row}: ")) && run.err.contains(part),
                "{row} {part}: {run:?}"
            );
        }
    }
}

#[test]
fn every_illegal_row_is_told_at_once_and_a_wrong_shape_where_it_stands() {
    let mut table = example();
    table["objects"][0].as_object_mut().unwrap().remove("ra");
    table["management"][0]["indicator"] = json!("POL-SIS");
    let run = scored(&table, "", 2);
    assert!(run.err.contains("objects[0]") && run.err.contains("management[0]"), "{run:?}");

    let folder = tempfile::tempdir().unwrap();
    for (text, part) in [
        ("{\"level\": 3,\n \"edition\": \"2023\",\n \"colour\": 1}", "table.json:3:"),
        ("{\"level\": 3,\n", "table.json:2:"),
        (
            "{\"level\": 3, \"edition\": \"2023\", \"objects\": [{\"indicator\": \"NET-ID\", \"subject\": \"a\", \"d\": \"yes\"}]}",
            "`yes`",
        ),
    ] {
        fs::write(folder.path().join("table.json"), text).unwrap();
        let run = expect(folder.path(), "score --table table.json", 2);
        assert!(run.err.contains(part), "{run:?}");
    }
    assert!(expect(folder.path(), "score --table none.json", 2).err.contains("none.json does not exist"));
    expect(folder.path(), "score", 2);
    expect(folder.path(), "score a.case --table table.json", 2);
}
