//! The scorer against its vectors, against an oracle in plain integers, and against its own laws.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use crate::law::law;
use dengmi_core::{Decimal, Exact, IndicatorId, SubjectId};
use dengmi_judge::{
    law::{Baseline, Dated, Group, Law, Scoring},
    score::{
        Answer, Compensation, Conclusion, Range, Refusal, Row, Score, Scored, Table, TableError, Warning, object,
        score, table,
    },
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::PathBuf};
use time::macros::date;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn rules<'l>(law: &'l Law, edition: &str) -> &'l Dated<Scoring> {
    law.scoring_edition(edition).unwrap()
}

fn baseline(law: &Law) -> &Baseline {
    law.baseline(date!(2026 - 11 - 22)).unwrap()
}

fn vectors<T: DeserializeOwned>(name: &str) -> Vec<T> {
    #[derive(Deserialize)]
    struct File<T> {
        vector: Vec<T>,
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/scoring").join(name);
    let file: File<T> = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(!file.vector.is_empty(), "{name} is empty: a replay of nothing proves nothing");
    file.vector
}

fn scored(indicator: &str, subject: &str, own: Option<&str>) -> Scored {
    Scored {
        indicator: indicator.into(),
        subject: subject.into(),
        own: own.map(|own| Range::point(decimal(own))),
        may_not_apply: false,
    }
}

/// One object in a management unit, so that both groups have something that applies.
fn beside(mut objects: Vec<Scored>) -> Vec<Scored> {
    objects.push(scored("POL-SYS", "POL-SYS", Some("1")));
    objects
}

fn settled(range: Option<Range>) -> String {
    range.unwrap().settled().unwrap().to_string()
}

#[test]
fn objects() {
    #[derive(Deserialize)]
    #[allow(non_snake_case, reason = "the words of the rules")]
    struct Vector {
        id: String,
        level: u8,
        D: bool,
        A: bool,
        K: bool,
        Ra: Decimal,
        Rk: Decimal,
        expect: String,
    }
    let law = law();
    for vector in vectors::<Vector>("object.toml") {
        let (ra, rk) = (vector.Ra.exact(), vector.Rk.exact());
        let marks = [Some(vector.D), Some(vector.A), Some(vector.K)];
        let range = object(rules(&law, "2023"), marks, (ra, ra), (rk, rk));
        assert_eq!(settled(Some(range)), vector.expect, "{}", vector.id);
        let rule = rules(&law, "2023").rk(vector.level).unwrap();
        assert!([Some(rule.default), rule.raised].contains(&Some(vector.Rk)), "{}: Rk is not of its level", vector.id);
        // The edition of 2021 has no correction parameters.
        let range = object(rules(&law, "2021"), marks, (ra, ra), (rk, rk));
        let expected = match (vector.D, vector.A, vector.K) {
            (false, ..) => "0.0000",
            (true, true, true) => "1.0000",
            (true, false, false) => "0.2500",
            _ => "0.5000",
        };
        assert_eq!(settled(Some(range)), expected, "{} in 2021", vector.id);
    }
}

#[test]
fn units() {
    #[derive(Deserialize)]
    struct Vector {
        id: String,
        objects: Vec<String>,
        not_applicable_objects: usize,
        expect: String,
    }
    let law = law();
    for vector in vectors::<Vector>("unit.toml") {
        let applicable = vector.objects.iter().map(Some).chain(vec![None; vector.not_applicable_objects]);
        let objects = applicable
            .enumerate()
            .map(|(number, own)| scored("DEV-LOG", &format!("class-{number}"), own.map(String::as_str)));
        let result = score(rules(&law, "2023"), baseline(&law), 3, &beside(objects.collect()), &[]).unwrap();
        assert_eq!(settled(result.units["DEV-LOG"].score), vector.expect, "{}", vector.id);
    }
}

#[test]
fn layers() {
    #[derive(Deserialize)]
    struct Vector {
        id: String,
        units: Vec<String>,
        weights: Vec<Decimal>,
        expect: String,
    }
    let law = law();
    let network = ["NET-ID", "NET-INT", "NET-CONF", "NET-ACL", "NET-ACCESS"];
    for vector in vectors::<Vector>("layer.toml") {
        let mut baseline = baseline(&law).clone();
        for (id, weight) in network.iter().zip(&vector.weights) {
            let indicator = baseline.indicators.iter_mut().find(|indicator| indicator.id.as_str() == *id).unwrap();
            indicator.weight[2] = *weight;
        }
        let objects = network.iter().zip(&vector.units).map(|(id, own)| scored(id, "channel", Some(own)));
        let result = score(rules(&law, "2023"), &baseline, 3, &beside(objects.collect()), &[]).unwrap();
        assert_eq!(settled(result.layers["network"].score), vector.expect, "{}", vector.id);
    }
}

/// One unit in each layer, with the layer's score as its own.
fn layered(layers: &BTreeMap<String, String>) -> Vec<Scored> {
    let units = [
        ("physical", "PHY-ID"),
        ("network", "NET-ID"),
        ("device", "DEV-ID"),
        ("application", "APP-ID"),
        ("policy", "POL-SYS"),
        ("personnel", "PER-LAW"),
        ("operation", "OPS-PLAN"),
        ("emergency", "EMG-PLAN"),
    ];
    assert_eq!(layers.len(), units.len());
    let own = |layer: &str| Some(layers[layer].as_str()).filter(|own| *own != "n/a");
    units.iter().map(|(layer, unit)| scored(unit, unit, own(layer))).collect()
}

#[test]
fn totals() {
    #[derive(Deserialize)]
    struct Vector {
        id: String,
        about: String,
        layers: BTreeMap<String, String>,
        expect_2023: String,
        expect_2021: String,
    }
    let law = law();
    for vector in vectors::<Vector>("total.toml") {
        for (edition, expected) in [("2023", &vector.expect_2023), ("2021", &vector.expect_2021)] {
            let result = score(rules(&law, edition), baseline(&law), 3, &layered(&vector.layers), &[]).unwrap();
            assert_eq!(settled(Some(result.total)), *expected, "{} {edition}: {}", vector.id, vector.about);
        }
    }
}

#[test]
fn compensations() {
    #[derive(Deserialize)]
    struct Vector {
        id: String,
        compensating: String,
        own: String,
        expect: String,
    }
    let law = law();
    for vector in vectors::<Vector>("compensation.toml") {
        for (from, to) in [("NET-CONF", "APP-TCONF"), ("APP-TINT", "NET-INT")] {
            let objects =
                beside(vec![scored(from, "a", Some(&vector.compensating)), scored(to, "b", Some(&vector.own))]);
            let compensation = Compensation { from: vec![(from.into(), "a".into())], to: (to.into(), "b".into()) };
            let result = score(rules(&law, "2023"), baseline(&law), 3, &objects, &[compensation]).unwrap();
            assert_eq!(settled(result.units[to].objects[0].counted), vector.expect, "{}", vector.id);
            assert_eq!(result.units[from].objects[0].counted, objects[0].own, "{}: others do not change", vector.id);
        }
    }
}

#[test]
fn conclusions() {
    #[derive(Deserialize)]
    struct Vector {
        id: String,
        total: Decimal,
        open_high_risks: usize,
        expect_zh: String,
    }
    let law = law();
    for vector in vectors::<Vector>("conclusion.toml") {
        for edition in ["2021", "2023"] {
            let rules = &rules(&law, edition).conclusion;
            let word = Conclusion::of(rules, vector.total, vector.open_high_risks > 0);
            assert_eq!(&*word.word(rules).zh, vector.expect_zh, "{}", vector.id);
        }
    }
    use Conclusion::{Basically, Conform, NotConform};
    let rules = &rules(&law, "2023").conclusion;
    for (low, high, open, candidates, expected) in [
        ("59.99", "100.00", 0, 0, vec![NotConform, Basically, Conform]),
        ("60.00", "99.99", 0, 0, vec![Basically]),
        ("60.00", "99.99", 0, 1, vec![NotConform, Basically]),
        ("100.00", "100.00", 1, 0, vec![NotConform]),
        ("0.00", "59.99", 0, 3, vec![NotConform]),
    ] {
        let total = Range { low: decimal(low), high: decimal(high) };
        let words: Vec<Conclusion> = Conclusion::possible(rules, total, open, candidates).into_iter().collect();
        assert_eq!(words, expected, "{low}..{high}, {open} open, {candidates} candidates");
    }
}

#[test]
fn known_defects_of_calculators_do_not_come_back() {
    #[derive(Deserialize)]
    struct Vector {
        id: String,
        #[serde(default)]
        layers: BTreeMap<String, String>,
        #[serde(default)]
        units: BTreeMap<String, String>,
        right_total: Option<String>,
        wrong_total: Option<String>,
        right_layer: Option<String>,
        wrong_layer: Option<String>,
        indicator: Option<String>,
        right_weight: Decimal,
    }
    let law = law();
    for vector in vectors::<Vector>("known-defects.toml") {
        let (found, right, wrong) = match &vector.indicator {
            None => {
                let result = score(rules(&law, "2023"), baseline(&law), 3, &layered(&vector.layers), &[]).unwrap();
                assert_eq!(rules(&law, "2023").total.weight["emergency"], vector.right_weight, "{}", vector.id);
                (settled(Some(result.total)), vector.right_total, vector.wrong_total)
            }
            Some(id) => {
                let objects = vector.units.iter().map(|(unit, own)| scored(unit, "one", Some(own)));
                let result = score(rules(&law, "2023"), baseline(&law), 3, &beside(objects.collect()), &[]).unwrap();
                let indicator = baseline(&law).indicator(id).unwrap();
                assert_eq!(indicator.weight_at(3), Some(vector.right_weight), "{}", vector.id);
                (settled(result.layers[&indicator.layer].score), vector.right_layer, vector.wrong_layer)
            }
        };
        assert_eq!(Some(&found), right.as_ref(), "{}", vector.id);
        assert_ne!(Some(&found), wrong.as_ref(), "{}", vector.id);
    }
}

// ---------------------------------------------------------------- the table

fn example() -> Value {
    json!({
        "level": 3, "edition": "2023",
        "objects": [{"indicator": "NET-ID", "subject": "portal", "d": "pass", "a": "fail", "k": "pass", "ra": "0.5", "rk": "1", "na": false}],
        "management": [{"indicator": "POL-SYS", "result": "partly"}],
        "compensations": [{"from": [["NET-CONF", "portal"], ["NET-CONF", "branch"]], "to": ["APP-TCONF", "patient-identity"]}],
        "open_high_risks": 0
    })
}

fn answer(table_json: &Value) -> Result<Answer, Vec<TableError>> {
    table(&law(), &serde_json::from_value(table_json.clone()).unwrap())
}

#[test]
fn the_example_gives_its_figures() {
    let found = answer(&example()).unwrap();
    assert_eq!(
        serde_json::to_string(&found).unwrap(),
        r#"{"units":{"NET-ID":"0.2500","POL-SYS":"0.5000"},"layers":{"network":"0.2500","policy":"0.5000"},"total":"32.50","conclusion":"不符合"}"#
    );
    assert!(found.warnings.contains(&Warning::Elsewhere(Row::Compensation(0))));
    let path = serde_json::to_value(&found.path).unwrap();
    assert_eq!(
        path["units"]["NET-ID"],
        json!({"layer": "network", "weight": "1", "score": "0.2500",
        "objects": [{"subject": "portal", "own": "0.2500", "counted": "0.2500"}]})
    );
    assert_eq!(
        path["layers"]["policy"],
        json!({"parts": [{"name": "POL-SYS", "weight": "1", "score": "0.5000"}], "score": "0.5000"})
    );
    assert_eq!(
        path["groups"][0],
        json!({"group": "technical", "share": "70", "marks": "35/2",
        "parts": [{"name": "network", "weight": "20", "score": "0.2500"}]})
    );
}

/// Changes to the example, and what the message must contain.
#[test]
fn illegal_rows_are_named() {
    let object = |fields: Value| {
        let mut row = json!({"indicator": "NET-ID", "subject": "portal", "d": "pass", "a": "pass", "k": "pass"});
        for (key, value) in fields.as_object().unwrap() {
            row[key] = value.clone();
        }
        row
    };
    let with = |level: u8, rows: Value| json!({"level": level, "edition": "2023", "objects": rows, "management": [{"indicator": "POL-SYS", "result": "conform"}]});
    let compensated = |compensations: Value| {
        let row = |indicator: &str, subject: &str, d: &str| {
            object(json!({"indicator": indicator, "subject": subject, "d": d}))
        };
        let mut table = with(
            3,
            json!([
                row("NET-CONF", "portal", "pass"),
                row("NET-CONF", "branch", "fail"),
                row("APP-TCONF", "record", "fail"),
                row("NET-INT", "portal", "pass"),
                object(json!({"indicator": "NET-CONF", "subject": "old", "na": true, "reason": "dismantled"}))
            ]),
        );
        table["compensations"] = compensations;
        table
    };
    for (table, expected) in [
        (
            with(3, json!([object(json!({})), object(json!({"subject": "branch", "a": "fail"}))])),
            r#"objects[1]: a is "fail" without ra; expected ra to be "0.2" or "0.5" or "1""#,
        ),
        (
            with(3, json!([object(json!({"k": "fail"}))])),
            r#"objects[0]: k is "fail" without rk; expected rk to be "1" or "1.2""#,
        ),
        (
            with(4, json!([object(json!({"k": "fail", "rk": "1.2"}))])),
            r#"objects[0]: rk is 1.2 at level 4; expected "1" or "1.5""#,
        ),
        (
            with(2, json!([object(json!({"k": "fail", "rk": "1.2"}))])),
            r#"objects[0]: rk is 1.2 at level 2; expected "1""#,
        ),
        (
            with(3, json!([object(json!({"k": "fail", "rk": "1.5"}))])),
            r#"objects[0]: rk is 1.5 at level 3; expected "1" or "1.2""#,
        ),
        (with(3, json!([object(json!({"rk": "1.2"}))])), "objects[0]: rk is 1.2 though k passes"),
        (with(3, json!([object(json!({"a": "fail", "ra": "0.3"}))])), "objects[0]: ra is 0.3 at level 3"),
        (with(3, json!([object(json!({"a": "not-looked-at"}))])), "objects[0]: a is not looked at though d passes"),
        (with(3, json!([object(json!({"k": null}))])), "objects[0]: k is missing"),
        (with(3, json!([object(json!({"d": null}))])), "objects[0]: d is missing"),
        (with(3, json!([object(json!({})), object(json!({}))])), "objects[1]: NET-ID portal is there twice"),
        (
            with(3, json!([object(json!({"indicator": "NET-IDD"}))])),
            r#"objects[0]: unknown indicator "NET-IDD"; did you mean NET-ID?"#,
        ),
        (with(3, json!([object(json!({"indicator": "网络"}))])), r#"objects[0]: unknown indicator "网络""#),
        (with(2, json!([object(json!({"indicator": "PHY-CCTV"}))])), "objects[0]: level 2 has no unit PHY-CCTV"),
        (
            with(3, json!([object(json!({"indicator": "POL-KEY"}))])),
            "objects[0]: POL-KEY is not an indicator of this group",
        ),
        (with(5, json!([])), "table: level 5 has no indicators; expected 1 to 4"),
        (json!({"level": 3, "edition": "2024"}), r#"table: unknown edition "2024"; expected one of "2021", "2023""#),
        (with(3, json!([])), "table: the technical group has no unit that applies"),
        (with(3, json!([object(json!({"na": true}))])), "table: the technical group has no unit that applies"),
        (
            json!({"level": 3, "edition": "2023", "objects": [object(json!({}))]}),
            "table: the management group has no unit that applies",
        ),
        (json!({"level": 3, "edition": "2021"}), "table: the whole table has no unit that applies"),
        (
            json!({"level": 3, "edition": "2023", "objects": [object(json!({}))], "management": [
            {"indicator": "POL-SYS", "result": "partly"}, {"indicator": "POL-SYS", "result": "conform"}]}),
            "management[1]: POL-SYS is there twice",
        ),
        (
            json!({"level": 1, "edition": "2023", "objects": [object(json!({}))], "management": [{"indicator": "POL-REV", "result": "partly"}]}),
            "management[0]: level 1 has no unit POL-REV",
        ),
        (
            compensated(json!([{"from": [["NET-INT", "portal"]], "to": ["APP-TCONF", "record"]}])),
            "compensations[0]: NET-INT does not compensate APP-TCONF",
        ),
        (
            compensated(json!([{"from": [["APP-TCONF", "record"]], "to": ["APP-TCONF", "record"]}])),
            "compensations[0]: APP-TCONF does not compensate APP-TCONF",
        ),
        (
            compensated(
                json!([{"from": [["NET-CONF", "portal"], ["NET-CONF", "lost"]], "to": ["APP-TCONF", "record"]}]),
            ),
            "compensations[0]: NET-CONF lost is not among the objects of the table that apply",
        ),
        (
            compensated(json!([{"from": [["NET-CONF", "old"]], "to": ["APP-TCONF", "record"]}])),
            "compensations[0]: NET-CONF old is not among",
        ),
        (compensated(json!([{"from": [], "to": ["APP-TCONF", "record"]}])), "compensations[0]: from is empty"),
        (
            compensated(
                json!([{"from": [["NET-CONF", "portal"]], "to": ["APP-TCONF", "record"]}, {"from": [["NET-CONF", "branch"]], "to": ["APP-TCONF", "record"]}]),
            ),
            "compensations[0]: the compensation of APP-TCONF record is there twice",
        ),
        (
            compensated(
                json!([{"from": [["NET-CONF", "portal"]], "to": ["APP-TCONF", "record"]}, {"from": [["APP-TCONF", "record"]], "to": ["NET-CONF", "branch"]}]),
            ),
            "compensations[1]: APP-TCONF record is compensated by compensations[0] and compensates here",
        ),
    ] {
        let messages: Vec<String> = answer(&table)
            .expect_err(&format!("expected {expected:?} for {table}"))
            .iter()
            .map(|error| error.to_string())
            .collect();
        assert!(
            messages.iter().any(|message| message.contains(expected)),
            "expected {expected:?} in {messages:#?} for {table}"
        );
    }
    let mut old = compensated(json!([{"from": [["NET-CONF", "portal"]], "to": ["APP-TCONF", "record"]}]));
    old["edition"] = json!("2021");
    assert_eq!(
        answer(&old).unwrap_err()[0].to_string(),
        "compensations[0]: edition 2021 gives no figure for compensation; expected none"
    );
    assert!(serde_json::from_value::<Table>(json!({"level": 3, "edition": "2023", "objekts": []})).is_err());
}

#[test]
fn what_is_allowed_but_strange_is_a_warning() {
    let found = answer(&json!({"level": 3, "edition": "2023",
        "objects": [
            {"indicator": "NET-ID", "subject": "a", "d": "fail"},
            {"indicator": "NET-ID", "subject": "b", "na": true},
            {"indicator": "NET-ID", "subject": "c", "na": true, "reason": "there is no such channel"},
            {"indicator": "NET-ID", "subject": "d", "d": "pass", "a": "pass", "k": "pass", "ra": "0.2", "rk": "1"}],
        "management": [{"indicator": "POL-SYS", "result": "conform"}, {"indicator": "OPS-PRE", "result": "not-applicable"}]}))
    .unwrap();
    let texts: Vec<String> = found.warnings.iter().map(Warning::to_string).collect();
    assert_eq!(texts[0], "objects[1]: not applicable without a reason; an assessment must argue it");
    assert_eq!(texts[1], "objects[3]: ra has no effect here");
    assert_eq!(texts[2], "management[1]: not applicable without a reason; an assessment must argue it");
    assert!(texts[3].starts_with("38 units of this level are not in the table"), "{}", texts[3]);
    assert_eq!(texts.len(), 4);
    assert_eq!(found.units["NET-ID"].to_string(), "0.5000");
    assert!(!found.units.contains_key("OPS-PRE"));
}

#[test]
fn the_lowest_of_several_channels_counts_and_a_bare_one_ends_it() {
    let pass = |indicator: &str, subject: &str| json!({"indicator": indicator, "subject": subject, "d": "pass", "a": "pass", "k": "pass"});
    let fail = |indicator: &str, subject: &str| json!({"indicator": indicator, "subject": subject, "d": "fail"});
    let half = |indicator: &str, subject: &str| json!({"indicator": indicator, "subject": subject, "d": "pass", "a": "fail", "ra": "1", "k": "pass"});
    for (channels, expected) in [
        (vec![pass("NET-CONF", "one")], "0.5000"),
        (vec![pass("NET-CONF", "one"), half("NET-CONF", "two")], "0.2500"),
        (vec![pass("NET-CONF", "one"), fail("NET-CONF", "bare")], "0.0000"),
    ] {
        let from: Vec<Value> = channels.iter().map(|row| json!([row["indicator"], row["subject"]])).collect();
        let mut objects = channels;
        objects.push(fail("APP-TCONF", "record"));
        let found = answer(&json!({"level": 3, "edition": "2023", "objects": objects,
            "management": [{"indicator": "POL-SYS", "result": "conform"}],
            "compensations": [{"from": from, "to": ["APP-TCONF", "record"]}]}))
        .unwrap();
        assert_eq!(found.units["APP-TCONF"].to_string(), expected);
    }
}

// ---------------------------------------------------------------- laws, on random systems

/// SplitMix64: the same systems in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn one_in(&mut self, end: usize) -> bool {
        self.below(end) == 0
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

/// A legal table of a random system. Some groups are wholly n/a.
fn random(law: &Law, dice: &mut Dice) -> Value {
    let level = u8::try_from(1 + dice.below(4)).unwrap();
    let edition = if dice.one_in(4) { "2021" } else { "2023" };
    let (mut objects, mut management) = (Vec::new(), Vec::new());
    let na_in = [1, 2, 2, 8, 8, 20, 20, 20, 20, 20][dice.below(10)];
    for indicator in baseline(law).indicators_at(level) {
        if dice.one_in(6) {
            continue;
        }
        if baseline(law).layer(&indicator.layer).unwrap().group == Group::Management {
            let kinds = if dice.one_in(na_in) { 4 } else { 3 };
            let result = ["conform", "partly", "not-conform", "not-applicable"][dice.below(kinds)];
            management.push(json!({"indicator": indicator.id, "result": result, "reason": "said"}));
            continue;
        }
        for number in 0..1 + dice.below(7) {
            let mut row = json!({"indicator": indicator.id, "subject": format!("s{number}"), "na": dice.one_in(na_in), "reason": "said"});
            for mark in ["d", "a", "k"] {
                row[mark] = json!(if dice.one_in(3) { "fail" } else { "pass" });
            }
            if row["a"] == "fail" {
                row["ra"] = json!(["0.2", "0.5", "1"][dice.below(3)]);
            }
            if row["k"] == "fail" {
                row["rk"] = json!(["1", ["1", "1", "1.2", "1.5"][usize::from(level) - 1]][dice.below(2)]);
            }
            objects.push(row);
        }
    }
    let mut compensations = Vec::new();
    if edition == "2023" {
        for (network, application) in [("NET-CONF", "APP-TCONF"), ("NET-INT", "APP-TINT")] {
            let (from, to) = if dice.one_in(2) { (network, application) } else { (application, network) };
            let applying = |id: &str| -> Vec<Value> {
                let rows = objects.iter().filter(|row| row["indicator"] == id && row["na"] == false);
                rows.map(|row| json!([row["indicator"], row["subject"]])).collect()
            };
            let mut channels = applying(from);
            for to in applying(to) {
                dice.shuffle(&mut channels);
                let some: Vec<Value> = channels.iter().take(dice.below(4)).cloned().collect();
                if !some.is_empty() {
                    compensations.push(json!({"from": some, "to": to}));
                }
            }
        }
    }
    json!({"level": level, "edition": edition, "objects": objects, "management": management,
        "compensations": compensations, "open_high_risks": dice.below(3) / 2})
}

/// Half up on integers.
fn half_up(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator).div_euclid(2 * denominator)
}

/// The rules again, in ten-thousandths and with nothing of the scorer: only the indicators' weights come from the law.
fn oracle(law: &Law, table: &Value) -> Option<(BTreeMap<String, i128>, i128, &'static str)> {
    let tenths = |text: &str| {
        let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
        10 * whole.parse::<i128>().unwrap() + tenth.parse::<i128>().unwrap()
    };
    let level = u8::try_from(table["level"].as_u64().unwrap()).unwrap();
    let split = table["edition"] == "2023";
    let parameter = |row: &Value, name: &str| if split { row[name].as_str().map_or(10, tenths) } else { 10 };
    let mut own: BTreeMap<(String, String), i128> = BTreeMap::new();
    for row in table["objects"].as_array().unwrap().iter().filter(|row| row["na"] == false) {
        let passes = |mark: &str| row[mark] == "pass";
        let value = match (passes("d"), passes("a"), passes("k")) {
            (false, ..) => 0,
            (true, true, true) => 10_000,
            (true, false, true) => 500 * parameter(row, "ra"),
            (true, true, false) => 500 * parameter(row, "rk"),
            (true, false, false) => 25 * parameter(row, "ra") * parameter(row, "rk"),
        };
        own.insert((row["indicator"].as_str().unwrap().into(), row["subject"].as_str().unwrap().into()), value);
    }
    let mut corrected = own.clone();
    for row in table["compensations"].as_array().unwrap() {
        let name = |pair: &Value| (pair[0].as_str().unwrap().to_string(), pair[1].as_str().unwrap().to_string());
        let lowest = row["from"].as_array().unwrap().iter().map(|pair| own[&name(pair)]).min().unwrap();
        let value = corrected.get_mut(&name(&row["to"])).unwrap();
        *value = (*value).max(half_up(lowest, 2));
    }
    for row in table["management"].as_array().unwrap() {
        let value = match row["result"].as_str().unwrap() {
            "conform" => 10_000,
            "partly" => 5_000,
            "not-conform" => 0,
            _ => continue,
        };
        corrected.insert((row["indicator"].as_str().unwrap().into(), String::new()), value);
    }
    let mut units: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for ((indicator, _), value) in corrected {
        let unit = units.entry(indicator).or_default();
        *unit = (unit.0 + value, unit.1 + 1);
    }
    let units: BTreeMap<String, i128> = units.into_iter().map(|(id, (sum, count))| (id, half_up(sum, count))).collect();
    let layers = [("PHY", 10), ("NET", 20), ("DEV", 10), ("APP", 30), ("POL", 8), ("PER", 8), ("OPS", 8), ("EMG", 6)];
    let mut groups = [(0, 0), (0, 0)];
    for (place, (prefix, layer_weight)) in layers.into_iter().enumerate() {
        let (mut sum, mut weights) = (0, 0);
        for (id, value) in units.iter().filter(|(id, _)| id.starts_with(prefix)) {
            let indicator = baseline(law).indicator(id).unwrap();
            let weight = tenths(&indicator.weight[usize::from(level) - 1].to_string());
            sum += weight * value;
            weights += weight;
        }
        if weights > 0 {
            let group = &mut groups[usize::from(split && place >= 4)];
            *group = (group.0 + layer_weight * half_up(sum, weights), group.1 + layer_weight);
        }
    }
    let hundredths = match (split, groups) {
        (true, [(technical, t), (management, m)]) if t > 0 && m > 0 => {
            half_up(70 * technical * m + 30 * management * t, 100 * t * m)
        }
        (false, [(all, weights), _]) if weights > 0 => half_up(100 * all, 100 * weights),
        _ => return None,
    };
    let open = table["open_high_risks"].as_u64().unwrap() > 0;
    let word = match hundredths {
        _ if open => "不符合",
        10_000 => "符合",
        6_000.. => "基本符合",
        _ => "不符合",
    };
    Some((units, hundredths, word))
}

fn in_units(value: Decimal, per_one: i128) -> i128 {
    let scaled = value.exact() * Exact::from_integer(per_one);
    assert!(scaled.is_integer(), "{value} has more places than the rules give it");
    scaled.to_integer()
}

#[test]
fn an_oracle_in_plain_integers_agrees() {
    let law = law();
    let mut dice = Dice(2023);
    let (mut scored, mut refused) = (0, 0);
    for round in 0..1_000 {
        let json = random(&law, &mut dice);
        let found = table(&law, &serde_json::from_value(json.clone()).unwrap());
        match (oracle(&law, &json), found) {
            (Some((units, total, word)), Ok(found)) => {
                let own: BTreeMap<String, i128> =
                    found.units.iter().map(|(id, value)| (id.to_string(), in_units(*value, 10_000))).collect();
                assert_eq!(
                    (own, in_units(found.total, 100), &*found.conclusion),
                    (units, total, word),
                    "round {round}: {json}"
                );
                scored += 1;
            }
            (None, Err(errors)) if errors.iter().all(|error| error.row == Row::Table) => refused += 1,
            (expected, found) => panic!("round {round}: {expected:?} against {found:?} for {json}"),
        }
    }
    assert!(scored > 900 && refused > 0, "{scored} scored, {refused} refused: the systems are not varied enough");
}

#[test]
fn order_never_matters() {
    let law = law();
    let mut dice = Dice(7);
    for _ in 0..200 {
        let mut json = random(&law, &mut dice);
        let before = table(&law, &serde_json::from_value(json.clone()).unwrap());
        for list in ["objects", "management", "compensations"] {
            dice.shuffle(json[list].as_array_mut().unwrap());
        }
        for row in json["compensations"].as_array_mut().unwrap() {
            dice.shuffle(row["from"].as_array_mut().unwrap());
        }
        let after = table(&law, &serde_json::from_value(json.clone()).unwrap());
        let path = |answer: Result<Answer, Vec<TableError>>| answer.map(|answer| (answer.path, answer.conclusion)).ok();
        assert_eq!(path(before), path(after), "{json}");
    }
}

#[test]
fn raising_a_mark_never_lowers_the_total() {
    let law = law();
    let mut dice = Dice(11);
    let mut raised = 0;
    for _ in 0..150 {
        let json = random(&law, &mut dice);
        let Ok(before) = table(&law, &serde_json::from_value(json.clone()).unwrap()) else { continue };
        for _ in 0..6 {
            let mut better = json.clone();
            let rows = better["objects"].as_array_mut().unwrap();
            let place = dice.below(rows.len());
            let mark = ["d", "a", "k"][dice.below(3)];
            if rows[place]["na"] == true || rows[place][mark] == "pass" {
                continue;
            }
            rows[place][mark] = json!("pass");
            if mark == "k" {
                rows[place]["rk"] = json!("1");
            }
            let after = table(&law, &serde_json::from_value(better).unwrap()).unwrap();
            assert!(
                after.total.exact() >= before.total.exact(),
                "{mark} of row {place}: {} -> {}\n{json}",
                before.total,
                after.total
            );
            raised += 1;
        }
    }
    assert!(raised > 200, "only {raised} marks were raised");
}

// ---------------------------------------------------------------- open questions

#[test]
fn an_object_with_open_marks_is_an_interval() {
    let law = law();
    let rules = rules(&law, "2023");
    let [one, fifth] = ["1", "0.2"].map(|text| decimal(text).exact());
    for (marks, ra, expected) in [
        ([Some(true), Some(false), None], (one, one), ("0.2500", "0.5000")),
        ([Some(true), Some(false), Some(false)], (fifth, one), ("0.0500", "0.2500")),
        ([None, None, None], (fifth, one), ("0.0000", "1.0000")),
        ([Some(true), None, None], (fifth, one), ("0.0500", "1.0000")),
        ([None, Some(true), Some(true)], (one, one), ("0.0000", "1.0000")),
        ([Some(false), None, None], (fifth, one), ("0.0000", "0.0000")),
    ] {
        let range = object(rules, marks, ra, (one, one));
        assert_eq!((range.low.to_string().as_str(), range.high.to_string().as_str()), expected, "{marks:?}");
    }
}

/// Every way in which the open questions of a system can end.
fn endings(objects: &[Scored]) -> Vec<Vec<Scored>> {
    let mut all: Vec<Vec<Scored>> = vec![Vec::new()];
    for object in objects {
        let mut owns: Vec<Option<Range>> = match object.own {
            Some(own) if own.low == own.high => vec![Some(own)],
            Some(own) => vec![Some(Range::point(own.low)), Some(Range::point(own.high))],
            None => vec![None],
        };
        if object.may_not_apply {
            owns.push(None);
        }
        let ended = |own: &Option<Range>| Scored { own: *own, may_not_apply: false, ..object.clone() };
        all = all
            .iter()
            .flat_map(|begun| owns.iter().map(move |own| begun.iter().cloned().chain([ended(own)]).collect()))
            .collect();
    }
    all
}

#[test]
fn the_interval_is_what_every_ending_can_reach() {
    let law = law();
    let rules = rules(&law, "2023");
    let mut dice = Dice(5);
    let figures = ["0", "0.05", "0.25", "0.3", "0.5", "0.6", "1"].map(decimal);
    let mut wide = 0;
    for round in 0..60 {
        let units = ["NET-CONF", "NET-ID", "APP-TCONF", "DEV-LOG", "POL-SYS", "PER-LAW"];
        let mut objects = vec![scored("EMG-PLAN", "EMG-PLAN", Some("0.5")), scored("DEV-ID", "s", Some("0.25"))];
        let mut open = 0;
        for number in 0..8 {
            let [low, high] = [dice.below(figures.len()), dice.below(figures.len())];
            let is_open = open < 5 && dice.one_in(2);
            let own = Range {
                low: figures[low.min(high)],
                high: figures[if is_open { low.max(high) } else { low.min(high) }],
            };
            let may_not_apply = open < 5 && dice.one_in(4);
            open += usize::from(is_open) + usize::from(may_not_apply);
            objects.push(Scored {
                indicator: units[dice.below(units.len())].into(),
                subject: SubjectId::from(format!("s{number}").as_str()),
                own: Some(own),
                may_not_apply,
            });
        }
        let find = |id: &str, sure: bool| {
            let fits = |object: &&Scored| object.indicator.as_str() == id && !(sure && object.may_not_apply);
            objects.iter().filter(fits).map(|object| (object.indicator.clone(), object.subject.clone())).collect::<Vec<(
                IndicatorId,
                SubjectId,
            )>>(
            )
        };
        let (from, to) = (find("NET-CONF", true), find("APP-TCONF", true));
        let compensations: Vec<Compensation> = if from.is_empty() {
            Vec::new()
        } else {
            to.into_iter().map(|to| Compensation { from: from.clone(), to }).collect()
        };
        let run = |objects: &[Scored]| score(rules, baseline(&law), 3, objects, &compensations);
        let interval = run(&objects).unwrap().total;
        let totals: Vec<Exact> = endings(&objects).iter().map(|ending| settled_total(&run(ending).unwrap())).collect();
        let (lowest, highest) = (totals.iter().min().unwrap(), totals.iter().max().unwrap());
        assert_eq!((interval.low.exact(), interval.high.exact()), (*lowest, *highest), "round {round}: {objects:#?}");
        wide += usize::from(interval.low != interval.high);
    }
    assert!(wide > 30, "only {wide} systems had open questions");
}

fn settled_total(score: &Score) -> Exact {
    score.total.settled().unwrap().exact()
}

#[test]
fn a_group_that_may_not_apply_is_said_and_one_that_does_not_is_refused() {
    let law = law();
    let rules = rules(&law, "2023");
    let mut objects = beside(vec![scored("NET-ID", "portal", Some("0.5"))]);
    objects[0].may_not_apply = true;
    let open = score(rules, baseline(&law), 3, &objects, &[]).unwrap();
    assert_eq!(open.groups.iter().map(|group| group.may_not_apply).collect::<Vec<_>>(), [true, false]);
    objects[0] = scored("NET-ID", "portal", None);
    assert_eq!(
        score(rules, baseline(&law), 3, &objects, &[]),
        Err(Refusal::GroupNotApplicable(Some(Group::Technical)))
    );
    let unknown = [scored("NET-XX", "portal", Some("1"))];
    assert!(matches!(score(rules, baseline(&law), 3, &unknown, &[]), Err(Refusal::NoSuchUnit { level: 3, .. })));
}
