//! `dengmi duties` and the register's commands.

use crate::{expect, finish, program};
use serde_json::Value;
use std::fs;
use std::path::Path;

const HOSPITAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/hospital/system.toml");

fn json(line: &str) -> Value {
    let run = finish(&mut program(Path::new("."), line.split(' ')));
    assert_eq!(run.exit, Some(0), "{line}: {run:?}");
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{line}: {error}: {}", run.out))
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|duty| duty["id"].as_str().unwrap()).collect()
}

#[test]
fn the_numbers_of_articles_depend_on_the_day() {
    for (day, id, citation) in [
        ("2025-12-31", "csl16-logs", "《网络安全法（2016）》第21条(3)"),
        ("2026-01-01", "csl25-logs", "《网络安全法（2025修正）》第23条(3)"),
    ] {
        let found = json(&format!("--lang zh duties {HOSPITAL} --on {day} --json"));
        let duty = found["duties"].as_array().unwrap().iter().find(|duty| duty["id"] == id);
        assert_eq!(duty.unwrap_or_else(|| panic!("no {id} on {day}"))["citation"], citation);
        assert_eq!(ids(&found["duties"]).iter().filter(|id| id.ends_with("-logs") && id.starts_with("csl")).count(), 1);
    }
    // A number that is only recalled is not printed.
    let run = expect(Path::new("."), "law show cn-sca-o3-2023", 0);
    assert!(run.out.contains("article not confirmed"), "{}", run.out);
}

#[test]
fn what_changed_has_its_reason() {
    let found = json(&format!("--lang en duties {HOSPITAL} --on 2019-05-30 --compare 2026-11-22 --json"));
    let changes = found["compared"]["changes"].as_array().unwrap();
    let of = |id: &str| changes.iter().find(|change| change["id"] == id).unwrap_or_else(|| panic!("no change of {id}"));
    assert_eq!(of("cl-8")["change"], "began");
    assert_eq!(of("cl-8")["reason"]["en"], "Cryptography Law (Encryption Law) came into force on 2020-01-01");
    assert_eq!(of("pis17-63")["change"], "ended");
    assert!(of("pis17-63")["reason"]["zh"].as_str().unwrap().contains("接替"), "{}", of("pis17-63"));
    assert_eq!(of("csl25-logs")["change"], "renumbered");
    assert!(changes.iter().all(|change| change["id"] != "csl16-logs"), "one duty, one change");
    // The same the other way round.
    let back = json(&format!("--lang en duties {HOSPITAL} --on 2026-11-22 --compare 2019-05-30 --json"));
    assert_eq!(back["compared"]["changes"], found["compared"]["changes"]);
}

#[test]
fn a_silent_description_gets_questions_and_no_guess() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), "[system]\nname = \"甲\"\noperator = \"乙\"\n").unwrap();
    let run = expect(folder.path(), "--lang en duties s.toml --on 2026-11-22 --json", 0);
    let found: Value = serde_json::from_str(&run.out).unwrap();
    let asked: Vec<&str> =
        found["questions"].as_array().unwrap().iter().map(|one| one["missing"].as_str().unwrap()).collect();
    assert!(asked.contains(&"critical-infrastructure") && asked.contains(&"level"), "{asked:?}");
    let depend = ids(&found["depend"]);
    assert!(depend.contains(&"o5-products") && !ids(&found["duties"]).contains(&"o5-products"));
    let said = expect(folder.path(), "--lang en duties s.toml --on 2026-11-22", 0).out;
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("Decided by whom, since when?"), "{said}");
    // Everybody and every operator is bound whatever else holds.
    assert!(ids(&found["duties"]).contains(&"csl25-logs"));
}

#[test]
fn a_memo_fits_its_width() {
    use unicode_width::UnicodeWidthStr;
    for (lang, width) in [("en", 80), ("zh", 80), ("en", 120), ("zh", 120), ("zh", 40)] {
        let words = ["--lang", lang, "duties", HOSPITAL, "--on", "2019-05-30", "--compare", "2026-11-22"];
        let run = finish(program(Path::new("."), words).env("COLUMNS", width.to_string()));
        assert_eq!(run.exit, Some(0), "{run:?}");
        let wide: Vec<&str> = run.out.lines().filter(|line| line.width() > width).collect();
        // What cannot be broken: a digest.
        assert!(wide.iter().all(|line| line.contains("sm3:")), "{lang} {width}: {wide:?}");
        assert!(run.out.lines().count() > 200);
    }
}

#[test]
fn every_duty_of_a_day_is_a_line_and_drafts_are_apart() {
    let lines = |line: &str| -> Vec<Value> {
        let run = expect(Path::new("."), line, 0);
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let plain = lines("--lang en law duties --on 2015-06-01 --json");
    let with = lines("--lang en law duties --on 2015-06-01 --drafts --json");
    assert_eq!(with.len(), plain.len() + 2);
    assert!(plain.iter().all(|duty| duty["draft"] == false));
    for duty in &with {
        for key in ["id", "citation", "area", "strength", "pull"] {
            assert!(duty[key].is_string(), "no {key} in {duty}");
        }
    }
    let china = lines("law duties --on 2019-05-30 --jurisdiction CN --json");
    let all = lines("law duties --on 2019-05-30 --json");
    assert!(china.len() < all.len());
    assert!(china.iter().all(|duty| duty["jurisdiction"] == "CN"));
}

#[test]
fn the_counts_are_those_of_the_sources() {
    let stats = json("law list --stats --json");
    assert_eq!((&stats["instruments"]["total"], &stats["duties"]["total"]), (&121.into(), &258.into()));
    let pulls = serde_json::json!({"protection": 157, "access": 59, "mixed": 19, "industrial": 23});
    assert_eq!(stats["duties"]["by_pull"], pulls);
    assert_eq!(stats["duties"]["by_confidence"], serde_json::json!({"high": 193, "medium": 60, "low": 5}));
    let areas = stats["duties"]["by_area"].as_object().unwrap();
    assert_eq!((areas.len(), areas.values().map(|count| count.as_u64().unwrap()).sum::<u64>()), (17, 258));
}

#[test]
fn other_jurisdictions_stand_beside_with_what_contradicts() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[system]\nname = \"云\"\noperator = \"示例\"\n[conditions]\njurisdictions = [\"CN\", \"AU\"]\n";
    fs::write(folder.path().join("s.toml"), text).unwrap();
    let run = expect(folder.path(), "duties s.toml --on 2026-11-22 --json", 0);
    let found: Value = serde_json::from_str(&run.out).unwrap();
    assert!(ids(&found["duties"]).contains(&"au-tcn") && ids(&found["duties"]).contains(&"dsl-36"));
    assert!(ids(&found["contradictions"]).contains(&"hand-over-abroad"), "{}", found["contradictions"]);
    let only = expect(folder.path(), "duties s.toml --on 2026-11-22 --jurisdiction AU --json", 0);
    let only: Value = serde_json::from_str(&only.out).unwrap();
    assert!(ids(&only["duties"]).iter().all(|id| id.starts_with("au-")));
}

#[test]
fn the_register_is_shown_searched_and_explained() {
    for (line, parts) in [
        (
            "--lang en law show cn-csl-2025",
            &["网络安全法（2025修正）", "Wangluo Anquan Fa", "2026-01-01  in force", "21→23"][..],
        ),
        ("--lang zh law show cn-csl-2016 --on 2026-01-01", &["修正文本施行", "由其接替"]),
        ("--lang en law search log retention", &["hits"]),
        ("--lang zh law search 日志 六个月", &["csl16-logs", "csl25-logs"]),
        ("--lang en explain csl25-logs", &["the same duty in another text", "csl16-logs", "applies when"]),
        ("--lang en explain s02", &["the article of 2019-05-30", "found:"]),
        ("--lang zh explain sca", &["国家密码管理局"]),
        ("--lang en explain ctldraft-backdoor", &["never law"]),
        ("--lang zh law timeline", &["2020-01-01", "密码法"]),
    ] {
        let run = expect(Path::new("."), line, 0);
        for part in parts {
            assert!(run.out.contains(part), "{line}: no {part:?} in {}", run.out);
        }
    }
    for lang in ["zh", "en"] {
        let picture = expect(Path::new("."), &format!("--lang {lang} law timeline --svg"), 0).out;
        assert!(picture.starts_with("<svg xmlns=") && picture.trim_end().ends_with("</svg>"));
        assert_eq!(picture.matches("<rect").count(), picture.matches("</rect>").count());
    }
    for (line, part) in [
        ("--lang en law show cn-csl-2030", "no instrument called cn-csl-2030"),
        ("--lang en explain no-such-thing", "law search"),
        ("--lang en law duties --on 2019-13-30", "--on: expected a day"),
        ("--lang en law duties --jurisdiction XX", "XX"),
    ] {
        let run = expect(Path::new("."), line, 2);
        assert!(run.err.contains(part), "{line}: {}", run.err);
    }
    let run = finish(&mut program(Path::new("."), ["duties", HOSPITAL, "--area", "sorage"]));
    assert_eq!(run.exit, Some(2));
    assert!(run.err.contains("storage-encryption"), "{}", run.err);
}

#[test]
fn a_wrong_condition_is_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    for (text, parts) in [
        ("[conditions]\nroles = [\"telecom\"]\n", &["s.toml:5:10", "telecom-operator"][..]),
        ("[conditions]\nsector = [\"finance\"]\n", &["s.toml:5:1", "sectors"]),
        ("[conditions]\ncritical_infrastructure = { designated = true, since = \"2022\" }\n", &["s.toml:5:"]),
        ("[records]\nlogs_kept_months = -1\n", &["s.toml:5:"]),
        ("[records]\nfiled_on = 2100-01-01\n", &["s.toml:4:1", "not after the day of the assessment"]),
        (
            "[records]\ncryptography_assessments = [{ on = 2025-05-01, filed_on = 2025-04-01 }]\n",
            &["s.toml:4:1", "the first is not after the last"],
        ),
    ] {
        let text = format!("[system]\nname = \"a\"\noperator = \"b\"\n{text}");
        fs::write(folder.path().join("s.toml"), text).unwrap();
        let run = expect(folder.path(), "--lang en duties s.toml", 2);
        for part in parts {
            assert!(run.err.contains(part), "no {part:?} in {}", run.err);
        }
    }
}
