//! The hospital of `examples/hospital` from description and probes to every verdict, as `expected.toml` has it in words.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test stops at what it did not expect")]

use crate::hospital::{Hospital, TODAY, find};
use crate::law::law;
use dengmi_judge::assess::Assessment;
use dengmi_judge::determine::RiskState;
use dengmi_judge::score::Score;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u8,
    on: toml::value::Datetime,
    level: u8,
    expect: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    unit: String,
    subject: String,
    outcome: String,
    score: Option<String>,
    corrected: Option<String>,
    risk: Option<String>,
    state: Option<String>,
    why: String,
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// The object's score after the whole-system step.
fn corrected(score: &Score, unit: &str, subject: &str) -> Option<String> {
    let (_, unit) = score.units.iter().find(|(indicator, _)| indicator.as_str() == unit)?;
    let object = unit.objects.iter().find(|object| object.subject.as_str() == subject)?;
    object.counted?.settled().map(|score| score.to_string())
}

fn differences(assessment: &Assessment, expected: &[Expected]) -> Vec<String> {
    let mut differences = Vec::new();
    let score = assessment.score.as_ref().unwrap();
    for expect in expected {
        let one = find(assessment, &expect.unit, &expect.subject);
        let mut differs = |what: &str, wanted: Option<&str>, got: Option<&str>| {
            if wanted != got {
                differences.push(format!(
                    "{} {}: {what}: expected {wanted:?} ({}), got {got:?}",
                    expect.unit, expect.subject, expect.why
                ));
            }
        };
        differs("outcome", Some(&expect.outcome), Some(&word(&one.counted.outcome)));
        let own = one.counted.score.and_then(|range| range.settled()).map(|score| score.to_string());
        differs("score", expect.score.as_deref(), own.as_deref());
        if expect.corrected.is_some() {
            differs(
                "corrected",
                expect.corrected.as_deref(),
                corrected(score, &expect.unit, &expect.subject).as_deref(),
            );
        }
        let worst = one.risks.iter().filter(|risk| risk.state > RiskState::None).max_by_key(|risk| risk.state);
        differs("risk", expect.risk.as_deref(), worst.map(|risk| risk.item.as_str()));
        differs("state", expect.state.as_deref(), worst.map(|risk| word(&risk.state)).as_deref());
    }
    differences
}

#[test]
fn the_hospital_is_judged_as_an_assessor_expects() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/hospital/expected.toml")).unwrap();
    let mut file: File = toml::from_str(&text).unwrap();
    assert_eq!((file.schema, file.on.to_string()), (1, TODAY.to_string()));
    let law = law();
    let assessment = Hospital::new(&law).assess(&law, file.level);
    let differences_found = differences(&assessment, &file.expect);
    assert!(differences_found.is_empty(), "\n{}", differences_found.join("\n"));

    // Every determination is expected, and nothing else.
    let named = |unit: &str, subject: &str| format!("{unit} {subject}");
    let expected: BTreeSet<String> = file.expect.iter().map(|one| named(&one.unit, &one.subject)).collect();
    assert_eq!(expected.len(), file.expect.len(), "one is expected twice");
    let judged: BTreeSet<String> =
        assessment.determinations().map(|one| named(one.indicator.as_str(), one.subject.as_str())).collect();
    assert_eq!(expected, judged);

    // A wrong expectation is found.
    file.expect[0].outcome = "conform".into();
    file.expect[1].state = Some("open".into());
    assert_eq!(differences(&assessment, &file.expect).len(), 2);
}
