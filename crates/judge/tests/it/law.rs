//! The pack of the repository is clean, and every kind of damage is found with its file, line and clause.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

use dengmi_judge::determine::{ASKED_BY_THE_RISK_STEP, Judging, PREDICATES};
use dengmi_judge::law::{Compliant, Confidence, Coverage, Law, LawDefect, Modal, Pack, check};
use std::{
    fs,
    path::{Path, PathBuf},
};
use time::{Date, macros::date};

const TODAY: Date = date!(2026 - 11 - 22);

/// The repository's own law.
pub(crate) fn pack() -> Pack {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../law/assessment");
    let mut files = Vec::new();
    read(&root, "", &mut files);
    assert!(!files.is_empty(), "the law folder is empty: a check of nothing proves nothing");
    files.into_iter().collect()
}

pub(crate) fn read(folder: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{path}/"), files);
        } else {
            files.push((path, fs::read(entry.path()).unwrap()));
        }
    }
}

pub(crate) fn law() -> Law {
    Law::load(&pack()).unwrap_or_else(|defects| panic!("{}", listed(&defects)))
}

fn listed(defects: &[LawDefect]) -> String {
    defects.iter().map(|defect| format!("{defect}\n")).collect()
}

#[test]
fn the_pack_is_clean() {
    assert_eq!(listed(&check(&pack())), "");
}

/// The pack with one replacement in one file. The text to replace must be there, or the test would prove nothing.
fn damaged(file: &str, from: &str, to: &str) -> Pack {
    let mut pack = pack();
    let text = String::from_utf8(pack.file(file).unwrap_or_else(|| panic!("no {file}")).to_vec()).unwrap();
    assert!(text.contains(from), "{file} does not contain {from:?}");
    pack.insert(file, text.replacen(from, to, 1).as_bytes());
    pack
}

const NET_ID: &str = "gb-t-39786-2021/indicators/net-id.md";
const DEV_EXE: &str = "gb-t-39786-2021/indicators/dev-exe.md";
const OPS_PLAN: &str = "gb-t-39786-2021/indicators/ops-plan.md";
const STRUCTURE: &str = "gb-t-39786-2021/structure.toml";
const RULES_2021: &str = "quantification-rules-2021/instrument.toml";
const SCORING: &str = "quantification-rules-2023/scoring.toml";
const HIGH_RISK: &str = "high-risk-guide-2021/high-risk.toml";
const GRADING: &str = "gb-t-22240-2020/grading.toml";
const FAQ: &str = "assessment-faq-4/practice.toml";
const ALGORITHMS: &str = "cryptography-algorithms/algorithms.toml";
const OBLIGATIONS: &str = "mlps-2025/obligations.toml";

/// A replacement, and what must stand in one and the same message: file and line, clause or name, fault.
#[rustfmt::skip]
const DAMAGES: &[(&str, &str, &str, &[&str])] = &[
    // schema
    (NET_ID, "zh = \"身份鉴别\"\n", "", &["net-id.md:2: NET-ID 6.2 a), 7.2 a), 8.2 a), 9.2 a)", "missing field `zh`"]),
    (NET_ID, "weight = [\"0.4\", \"0.7\", \"1\", \"1\"]", "weight = [\"0.4\", \"0.7\", \"1\"]", &["net-id.md:9: NET-ID 6.2 a)", "length 3"]),
    (NET_ID, "confidence = \"confirmed\"", "confidence = \"certain\"", &["net-id.md:15: NET-ID", "unknown variant `certain`"]),
    (NET_ID, "confidence = \"confirmed\"\n", "", &["NET-ID 6.2 a)", "missing field `confidence`"]),
    (NET_ID, "source = [\"KGC\", \"CAA\", \"OFL\", \"MPC\"]\n", "", &["NET-ID 6.2 a)", "missing field `source`"]),
    (NET_ID, "order = 4", "order = four", &["net-id.md:3:"]),
    (NET_ID, "+++\nid", "id", &["net-id.md:1:", "two lines of +++"]),
    (NET_ID, "## English", "## Englisch", &["net-id.md:1:", "heading \"## English\""]),
    (HIGH_RISK, "clause = \"7.1\"\n", "clause = \"7.1\"\nseverity = 1\n", &["HR-7.1 7.1", "unknown field `severity`"]),
    (FAQ, "schema = 1", "schema = 2", &["practice.toml:3:", "expected schema = 1, found 2"]),
    ("gb-t-22239-2019/clauses.toml", "title = ", "heading = ", &["clauses.toml:", "8.1.2.2 a)", "unknown field `heading`"]),
    // languages and sources
    (FAQ, "en = \"Strength bands used for Ra.\"", "en = \" \"", &["FAQ-31", "\"en\" is empty or not in its language"]),
    (FAQ, "en = \"Strength bands used for Ra.\"", "en = \"给出强度分档\"", &["FAQ-31", "\"en\" is empty or not in its language"]),
    (NET_ID, "source = [\"KGC\", \"CAA\", \"OFL\", \"MPC\"]", "source = [\"KGC\", \"XYZ\"]", &["net-id.md:14: NET-ID 6.2 a)", "unknown source \"XYZ\""]),
    (NET_ID, "source = [\"KGC\", \"CAA\", \"OFL\", \"MPC\"]", "source = []", &["net-id.md:14: NET-ID 6.2 a)", "source is empty"]),
    // dates
    (RULES_2021, "to = 2023-08-01", "to = 2023-08-15", &["quantification-rules-2023/instrument.toml:10: quantification-rules-2023",
        "quantification-rules-2021 and quantification-rules-2023 are both in force on 2023-08-01"]),
    (RULES_2021, "to = 2023-08-01", "to = 2023-07-20", &["quantification-rules-2023/scoring.toml:1:",
        "nothing is in force from 2023-07-20 to 2023-08-01, between quantification-rules-2021 and quantification-rules-2023"]),
    (RULES_2021, "to = 2023-08-01", "to = 2023-07-20", &["quantification-rules-2021/instrument.toml:12:", "replaced by quantification-rules-2023, which begins on another day"]),
    (RULES_2021, "to = 2023-08-01", "to = 2021-09-30", &["instrument.toml:11: quantification-rules-2021", "from 2021-10-01 does not lie before to 2021-09-30"]),
    (RULES_2021, "to = 2023-08-01", "to = \"never\"", &["instrument.toml:11: quantification-rules-2021", "expected a date or \"open\""]),
    (RULES_2021, "from = 2021-10-01", "from = 0021-10-01", &["instrument.toml:10:", "from 1900 to 2199"]),
    (RULES_2021, "from = 2021-10-01", "from = 2021-13-01", &["instrument.toml:10:"]),
    (RULES_2021, "from = 2021-10-01", "from = 2021-10-01T00:00:00", &["instrument.toml:10: quantification-rules-2021", "expected a date such as"]),
    (RULES_2021, "replaced_by = \"quantification-rules-2023\"", "replaced_by = \"quantification-rules-2025\"", &["instrument.toml:12:", "no instrument is named \"quantification-rules-2025\""]),
    (RULES_2021, "id = \"quantification-rules-2021\"", "id = \"rules\"", &["instrument.toml:2: rules", "expected \"quantification-rules-2021\""]),
    (FAQ, "topic = \"bare-digest\"", "topic = \"ecb\"", &["practice.toml:", "FAQ-22.2", "FAQ-22.1 and FAQ-22.2 are both in force on 2026-03-01"]),
    (ALGORITHMS, "from = 2026-03-01", "from = 2026-03-02", &["hmac-sha-1", "nothing is in force from 2026-03-01 to 2026-03-02"]),
    (ALGORITHMS, "from = 2026-03-01", "from = 2020-03-01", &["hmac-sha-1", "outside the days of its instrument"]),
    (OBLIGATIONS, "levels = [4, 5]", "levels = [3, 4, 5]", &["MLPS25-ASSESS", "assessment at level 3: MLPS07-ASSESS-3 and MLPS25-ASSESS are both in force on 2025-04-27"]),
    (OBLIGATIONS, "levels = [4, 5]", "levels = [4, 6]", &["MLPS25-ASSESS", "level 6 is out of range"]),
    // references
    (HIGH_RISK, "indicators = [\"NET-ID\"]", "indicators = [\"NET-IDX\"]", &["HR-7.1 7.1", "no indicator is named \"NET-IDX\""]),
    (HIGH_RISK, "indicators = [\"NET-ID\"]", "indicators = [\"NET-INT\"]", &["net-id.md:13: NET-ID 6.2 a)", "no high-risk item is named \"HR-7.1\""]),
    (HIGH_RISK, "layer = \"network\"", "layer = \"device\"", &["HR-7.1 7.1", "in the item's layer"]),
    (HIGH_RISK, "levels = [4]", "levels = [2, 4]", &["HR-7.3 7.3", "at each of its levels"]),
    (HIGH_RISK, "covers = [\"absent\"]", "covers = [\"abscent\"]", &["HR-6.1 6.1", "no problem of this item is named \"abscent\""]),
    (HIGH_RISK, "mitigable = true", "mitigable = false", &["HR-6.1 6.1", "mitigable disagrees"]),
    (HIGH_RISK, "id = \"HR-5.2\"", "id = \"HR-5.1\"", &["HR-5.1 5.2", "\"HR-5.1\" is there twice"]),
    (HIGH_RISK, "problem = \"key-hazard\"", "problem = \"hazard\"", &["A-a1", "no problem is named \"hazard\""]),
    (NET_ID, "layer = \"network\"", "layer = \"net\"", &["net-id.md:4: NET-ID 6.2 a)", "no layer is named \"net\""]),
    (NET_ID, "order = 4", "order = 5", &["\"5\" is there twice"]),
    (NET_ID, "id = \"NET-ID\"", "id = \"NET-IDENTITY\"", &["net-id.md:2: NET-IDENTITY 6.2 a)", "expected \"NET-ID\""]),
    (SCORING, "application = \"APP-TCONF\"", "application = \"NET-CONF\"", &["scoring.toml:", "no indicator is named \"NET-CONF\"", "in the layer it is named for"]),
    (ALGORITHMS, "item = \"HR-5.1\"", "item = \"HR-5.9\"", &["algorithms.toml:", "md5", "no problem is named \"weak\""]),
    (ALGORITHMS, "\"LJ1\", \"FAQ4\", \"CAA\"]\nconfidence = \"confirmed\"", "\"LJ1\", \"FAQ4\", \"CAA\"]\nconfidence = \"memory\"", &["md5", "expected named = false"]),
    (ALGORITHMS, "band = \"below-80\"", "band = \"below-90\"", &["md5", "no band of strength is named \"below-90\""]),
    (ALGORITHMS, "key_bits = { at_least = 2048, below = 3072 }", "key_bits = { at_least = 2048, below = 3071 }", &["family rsa leaves a gap"]),
    (ALGORITHMS, "family = \"rsa\"\n", "", &["rsa-below-1024", "both or none"]),
    (GRADING, "from_edition = \"gb-t-22240-2008\"", "from_edition = \"gb-t-22240-1998\"", &["grading.toml:", "no instrument is named"]),
    // figures
    (SCORING, "emergency = \"6\"", "emergency = \"8\"", &["scoring.toml:", "the sum of the layers' weights is 102.0000; expected 100"]),
    (SCORING, "emergency = \"6\"", "emergency = \"8\"", &["the sum of the management weights is 32.0000; expected 30"]),
    (SCORING, "emergency = \"6\"", "urgency = \"6\"", &["no layer with a weight is named \"emergency\""]),
    (SCORING, "at_least = 80", "at_least = 90", &["scoring.toml:", "ra leaves a gap"]),
    (SCORING, "a_fails = \"0.5\"", "a_fails = \"1.5\"", &["scoring.toml:", "a score is 1.5; expected 0 to 1"]),
    (NET_ID, "weight = [\"0.4\"", "weight = [\"1.4\"", &["net-id.md:9: NET-ID 6.2 a)", "the weight is 1.4; expected 0 to 1"]),
    (DEV_EXE, "weight = [\"0\", \"0\", \"0.7\", \"1\"]", "weight = [\"0\", \"0\", \"0\", \"1\"]", &["dev-exe.md:8: DEV-EXE 8.3 f), 9.3 f)", "level 3: modal, weight and clause disagree"]),
    (DEV_EXE, "modal = [\"none\", \"none\", \"should\", \"shall\"]", "modal = [\"none\", \"none\", \"none\", \"shall\"]", &["structure.toml:6:", "level 3 has 40 indicators with a weight; expected 41"]),
    // how it is judged
    (NET_ID, "\"peer-authenticated\"", "\"peer-authentic\"", &["net-id.md:27: NET-ID 6.2 a)", "[judge] d: no predicate is called \"peer-authentic\""]),
    (NET_ID, "a = { all = [\"components-comply\"] }", "a = { all = [] }", &["net-id.md:28: NET-ID 6.2 a)", "a: an empty list"]),
    (NET_ID, "a = { all = [\"components-comply\"] }", "a = { some = [\"components-comply\"] }", &["net-id.md:28: NET-ID", "a: expected a predicate's name, or a table"]),
    (NET_ID, "a = { all = [\"components-comply\"] }\n", "", &["net-id.md:25: NET-ID", "[judge] a: missing"]),
    (NET_ID, "a = { all = [\"components-comply\"] }", "b = { all = [\"components-comply\"] }", &["net-id.md:25: NET-ID", "b: unknown key"]),
    (NET_ID, "function = \"identity\"", "function = \"identify\"", &["net-id.md:26: NET-ID", "expected identity, integrity"]),
    (NET_ID, "[judge]", "[judging]", &["net-id.md:25: NET-ID", "unknown field `judging`"]),
    (DEV_EXE, "instead = ", "otherwise = ", &["dev-exe.md:27: DEV-EXE", "d: expected a predicate's name, or a table"]),
    (OPS_PLAN, "mitigated = { clean = \"no-other-high-risk\" }", "mitigated = { clean = \"no-other-risk\" }", &["ops-plan.md:27: OPS-PLAN", "mitigated.clean: no predicate is called"]),
    (OPS_PLAN, "layer = \"operation\"", "layer = \"device\"", &["ops-plan.md:24: OPS-PLAN", "does not fit the layer"]),
    (NET_ID, "subject = \"channel\"", "subject = \"socket\"", &["net-id.md:12: NET-ID", "unknown variant `socket`"]),
    // coverage
    (STRUCTURE, "clause = \"8.2 f)\"", "clause = \"8.2 g)\"", &["structure.toml:", "clause 8.2 f) is covered by no indicator"]),
    (STRUCTURE, "clause = \"8.2 f)\"", "clause = \"8.2 g)\"", &["structure.toml:", "clause 8.2 g) is covered twice"]),
    (NET_ID, "\"8.2 a)\"", "\"8.2 z)\"", &["net-id.md:10: NET-ID 6.2 a), 7.2 a), 8.2 z)", "clause 8.2 z) is in no [[section]]"]),
    (STRUCTURE, "number = \"8.5\"\nitems = 6", "number = \"8.5\"\nitems = 7", &["clause 8.5 g) is covered by no indicator"]),
    (STRUCTURE, "level = 3\nlayer = \"policy\"", "level = 4\nlayer = \"policy\"", &["no single section of this level and layer is named \"3 policy\""]),
    (STRUCTURE, "level = 4\ngrade = 3", "level = 3\ngrade = 3", &["no product grade of level is named \"4\""]),
    // grading
    (GRADING, "object = \"public\"\ndegree = \"severe\"", "object = \"public\"\ndegree = \"general\"", &["grading.toml:", "the cell public × severe is there 0 times"]),
    (GRADING, "level = 5", "level = 6", &["grading.toml:", "level 6 is out of range; expected 1 to 5"]),
    (GRADING, "object = \"citizens\"\ndegree = \"general\"", "object = \"people\"\ndegree = \"general\"", &["no object and degree is named \"people × general\""]),
];

#[test]
fn every_damage_is_found_with_its_place() {
    for (file, from, to, expected) in DAMAGES {
        let messages = listed(&check(&damaged(file, from, to)));
        let found = messages.lines().any(|message| expected.iter().all(|part| message.contains(part)));
        assert!(found, "{file}: {from:?} -> {to:?}\nexpected {expected:?} in one of\n{messages}");
    }
}

#[test]
fn files_that_are_missing_or_strange_are_named() {
    let with = |change: &dyn Fn(&mut Pack)| {
        let mut pack = pack();
        change(&mut pack);
        listed(&check(&pack))
    };
    for (messages, expected) in [
        (
            with(&|pack| pack.insert("gb-t-22239-2019/notes.txt", b"")),
            "gb-t-22239-2019/notes.txt:1: no reader for this file",
        ),
        (
            with(&|pack| pack.insert("gb-t-99999-2030/clauses.toml", b"schema = 1\nclause = []\n")),
            "gb-t-99999-2030/instrument.toml:1: the folder has no readable instrument.toml",
        ),
        (
            with(&|pack| pack.insert("gb-t-22239-2019/clauses.toml", b"\xff")),
            "gb-t-22239-2019/clauses.toml:1: the file is not UTF-8 text",
        ),
        (without(DEV_EXE), "clause 8.3 f) is covered by no indicator"),
        (without(DEV_EXE), "level 4 has 40 indicators with a weight; expected 41"),
        (with(&|pack| pack.insert("notes.toml", b"")), "notes.toml:1: no reader for this file"),
        (without(STRUCTURE), "no file is named \"structure.toml\""),
        (
            without("mlps-measures-2007/instrument.toml"),
            "mlps-measures-2007/instrument.toml:1: the folder has no readable",
        ),
    ] {
        assert!(messages.contains(expected), "expected {expected:?} in\n{messages}");
    }
    assert_eq!(with(&|pack| pack.insert("README.md", b"what this folder is")), "");
}

fn without(file: &str) -> String {
    let whole = pack();
    assert!(whole.file(file).is_some(), "no {file}");
    listed(&check(&whole.files().filter(|(path, _)| *path != file).collect()))
}

#[test]
fn each_day_has_its_law() {
    let law = law();
    let edition = |on| law.scoring(on).map(|scoring| scoring.edition.to_string());
    for (on, expected) in [
        (date!(2021 - 09 - 30), None),
        (date!(2021 - 10 - 01), Some("2021")),
        (date!(2023 - 07 - 31), Some("2021")),
        (date!(2023 - 08 - 01), Some("2023")),
        (TODAY, Some("2023")),
    ] {
        assert_eq!(edition(on).as_deref(), expected, "{on}");
    }
    for (on, expected) in [
        (date!(2007 - 06 - 21), None),
        (date!(2007 - 06 - 22), Some("mlps-measures-2007")),
        (date!(2008 - 11 - 01), Some("gb-t-22240-2008")),
        (date!(2020 - 10 - 31), Some("gb-t-22240-2008")),
        (date!(2020 - 11 - 01), Some("gb-t-22240-2020")),
    ] {
        assert_eq!(law.grading(on).map(|grading| &*grading.instrument), expected, "{on}");
    }
    for (on, expected) in [
        (date!(2024 - 12 - 31), None),
        (date!(2025 - 10 - 15), Some("k-passes")),
        (date!(2026 - 02 - 28), Some("k-passes")),
        (date!(2026 - 03 - 01), Some("k-fails")),
    ] {
        assert_eq!(law.practice_on("certified-vpn-foreign-tls", on).map(|rule| &*rule.stance), expected, "{on}");
    }
    assert_eq!(law.algorithm("hmac-sha-1", date!(2026 - 02 - 28)).unwrap().compliant, Compliant::Ruling);
    assert_eq!(law.algorithm("hmac-sha-1", TODAY).unwrap().compliant, Compliant::No);
    assert!(law.high_risk(date!(2021 - 12 - 29)).is_none());
    assert_eq!(law.high_risk(TODAY).unwrap().item.len(), 16);
    assert_eq!(law.high_risk(TODAY).unwrap().key_hazard.len(), 17);
    let yearly =
        |on| law.obligations(4, on).find(|obligation| &*obligation.topic == "assessment").unwrap().id.to_string();
    assert_eq!(yearly(date!(2025 - 04 - 26)), "MLPS07-ASSESS-4");
    assert_eq!(yearly(TODAY), "MLPS25-ASSESS");
}

#[test]
fn each_level_has_its_indicators() {
    let law = law();
    for (level, expected) in [(0, 0), (1, 24), (2, 27), (3, 41), (4, 41), (5, 0), (255, 0)] {
        assert_eq!(law.indicators(level, TODAY).count(), expected, "level {level}");
        assert_eq!(law.indicators(level, date!(2021 - 09 - 30)).count(), 0);
    }
    let baseline = law.baseline(TODAY).unwrap();
    let access = baseline.indicator("NET-ACCESS").unwrap();
    assert_eq!((access.modal_at(2), access.modal_at(3), access.modal_at(4)), (Modal::None, Modal::May, Modal::Should));
    assert_eq!((access.weight_at(2), access.clause_at(2)), (None, None));
    assert_eq!((access.weight_at(4).unwrap().to_string().as_str(), access.clause_at(4)), ("0.7", Some("9.2 e)")));
    assert_eq!(baseline.product_grade(4).unwrap().grade, 3);
    for indicator in &baseline.indicators {
        assert!(
            indicator.asks.zh.contains("易混淆") && indicator.asks.en.contains("Often confused"),
            "{}",
            indicator.id
        );
    }
    assert!(baseline.structure.modal.iter().all(|rule| rule.confidence == Confidence::Memory));
}

#[test]
fn every_clause_is_an_indicators_or_unscored() {
    let law = law();
    let baseline = law.baseline(TODAY).unwrap();
    for (level, clauses, unscored) in [(1, 28, 4), (2, 35, 8), (3, 49, 8), (4, 49, 8), (5, 0, 0)] {
        let coverage = baseline.coverage(level);
        let is_unscored = |cover: &Option<Coverage<'_>>| matches!(cover, Some(Coverage::Unscored(_)));
        assert!(coverage.iter().all(|(_, cover)| cover.is_some()), "level {level}");
        assert_eq!(coverage.len(), clauses, "level {level}");
        assert_eq!(coverage.iter().filter(|(_, cover)| is_unscored(cover)).count(), unscored, "level {level}");
    }
}

/// Predicates that nothing asks.
fn unused(law: &Law) -> Vec<&'static str> {
    let indicators = law.baseline(TODAY).unwrap().indicators.iter();
    let asked: Vec<&str> = indicators
        .flat_map(|indicator| Judging::of(indicator).unwrap().predicates())
        .map(|predicate| predicate.name)
        .chain(ASKED_BY_THE_RISK_STEP.iter().copied())
        .collect();
    PREDICATES.iter().map(|predicate| predicate.name).filter(|name| !asked.contains(name)).collect()
}

#[test]
fn every_predicate_is_asked() {
    assert_eq!(unused(&law()), [""; 0]);
    let without = damaged(DEV_EXE, "\"verified-in-operation\", ", "");
    assert_eq!(unused(&Law::load(&without).unwrap()), ["verified-in-operation"]);
}

#[test]
fn key_lengths_choose_their_row() {
    let law = law();
    for (family, bits, expected) in [
        ("rsa", 512, Some("rsa-below-1024")),
        ("rsa", 1023, Some("rsa-below-1024")),
        ("rsa", 1024, Some("rsa-1024")),
        ("rsa", 2047, Some("rsa-1024")),
        ("rsa", 2048, Some("rsa-2048")),
        ("rsa", 4096, Some("rsa-3072")),
        ("elliptic-curve", 192, Some("ec-160")),
        ("elliptic-curve", 521, Some("ec-256")),
        ("sm2", 256, None),
    ] {
        assert_eq!(law.algorithm_of_size(family, bits, TODAY).map(|row| &*row.id), expected, "{family} {bits}");
    }
    let scoring = law.scoring(TODAY).unwrap();
    for (bits, expected) in [(0, "0.2"), (79, "0.2"), (80, "0.5"), (111, "0.5"), (112, "1"), (256, "1")] {
        assert_eq!(scoring.ra_of_bits(bits).unwrap().to_string(), expected, "{bits}");
    }
    let ra = |id| scoring.ra(law.algorithm(id, TODAY).unwrap().band.as_deref().unwrap()).unwrap().to_string();
    for (id, expected) in [
        ("des", "0.2"),
        ("rsa-1024", "0.5"),
        ("3des-2", "0.5"),
        ("aes-128", "1"),
        ("hmac-sha-1", "1"),
        ("sha-1", "0.2"),
    ] {
        assert_eq!(ra(id), expected, "{id}");
    }
}
