//! Grading by its vectors, by date, and what a level brings.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use crate::law::law;
use dengmi_judge::{
    grade::{Answers, Filed, GradeError, Graded, Harm, grade},
    law::Confidence,
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeSet, fs, path::PathBuf};
use time::{Date, macros::date};

const TODAY: Date = date!(2026 - 11 - 22);

fn vectors<T: DeserializeOwned>(name: &str) -> Vec<T> {
    #[derive(Deserialize)]
    struct File<T> {
        vector: Vec<T>,
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/grading").join(name);
    let file: File<T> = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(!file.vector.is_empty(), "{name} is empty: a replay of nothing proves nothing");
    file.vector
}

fn harm((object, degree): (&str, &str)) -> Harm {
    Harm { object: object.into(), degree: degree.into() }
}

fn answers(business: &[(&str, &str)], service: &[(&str, &str)]) -> Answers {
    let harms = |side: &[(&str, &str)]| side.iter().copied().map(harm).collect();
    Answers { business: harms(business), service: harms(service), filed: None, cryptography: None }
}

fn topics(graded: &Graded) -> BTreeSet<&str> {
    graded.brings.iter().map(|brings| &*brings.topic).collect()
}

#[test]
fn all_nine_cells_in_every_edition() {
    #[derive(Deserialize)]
    struct Vector {
        object: String,
        degree: String,
        level: u8,
    }
    let law = law();
    let cells = vectors::<Vector>("cells.toml");
    assert_eq!(cells.iter().map(|cell| (&cell.object, &cell.degree)).collect::<BTreeSet<_>>().len(), 9);
    for on in [date!(2007 - 06 - 22), date!(2008 - 11 - 01), date!(2020 - 11 - 01), TODAY] {
        for cell in &cells {
            let one = [(&*cell.object, &*cell.degree)];
            let graded = grade(&law, on, &answers(&one, &one)).unwrap();
            let derived = graded.derived.unwrap();
            assert_eq!(
                (graded.level, derived.business.level),
                (cell.level, cell.level),
                "{} × {} on {on}",
                cell.object,
                cell.degree
            );
            assert!(derived.business.reasons[0].decides);
        }
    }
}

#[test]
fn both_sides_make_one_level() {
    #[derive(Deserialize)]
    struct Vector {
        id: String,
        business: Vec<Answer>,
        service: Vec<Answer>,
        business_level: u8,
        service_level: u8,
        level: u8,
        notation: String,
    }
    #[derive(Deserialize)]
    struct Answer {
        object: String,
        degree: String,
    }
    let law = law();
    for vector in vectors::<Vector>("pairs.toml") {
        let harms = |side: &[Answer]| side.iter().map(|answer| harm((&answer.object, &answer.degree))).collect();
        let given =
            Answers { business: harms(&vector.business), service: harms(&vector.service), ..Answers::default() };
        let graded = grade(&law, TODAY, &given).unwrap();
        let derived = graded.derived.unwrap();
        let found = (derived.business.level, derived.service.level, derived.level);
        assert_eq!(found, (vector.business_level, vector.service_level, vector.level), "{}", vector.id);
        assert_eq!(derived.notation.as_deref(), Some(&*vector.notation), "{}", vector.id);
        assert_eq!(derived.rule.confidence_by_field["notation"].as_ref(), "memory");
        for side in [&derived.business, &derived.service] {
            assert!(side.reasons.iter().all(|reason| reason.decides == (reason.level == side.level)), "{}", vector.id);
        }
    }
}

#[test]
fn the_edition_follows_the_day() {
    let law = law();
    let given = answers(&[("citizens", "especially-severe")], &[("public", "general")]);
    for (on, guide, notation, variants, steps) in [
        (date!(2008 - 10 - 31), "mlps-measures-2007", None, 0, 2),
        (date!(2008 - 11 - 01), "gb-t-22240-2008", Some("S2A2G2"), 0, 2),
        (date!(2020 - 10 - 31), "gb-t-22240-2008", Some("S2A2G2"), 0, 2),
        (date!(2020 - 11 - 01), "gb-t-22240-2020", Some("S2A2G2"), 1, 4),
    ] {
        let graded = grade(&law, on, &given).unwrap();
        let derived = graded.derived.unwrap();
        assert_eq!((&*graded.guide, derived.notation.as_deref()), (guide, notation), "{on}");
        let reason = &derived.business.reasons[0];
        assert_eq!((graded.confirms.len(), reason.variants.len()), (steps, variants), "{on}");
        assert!(reason.variants.iter().all(|other| other.level == 3 && &*other.document == "GA/T 1389-2017"));
    }
    assert_eq!(grade(&law, date!(2007 - 06 - 21), &given), Err(vec![GradeError::NoGuide(date!(2007 - 06 - 21))]));
}

#[test]
fn each_level_brings_its_filing_and_assessment() {
    let law = law();
    let filed = |level, on| grade(&law, on, &Answers { filed: Some(level), ..Answers::default() }).unwrap();
    let text = |graded: &Graded, topic: &str| {
        let brings = graded.brings.iter().find(|brings| &*brings.topic == topic).unwrap();
        (brings.settled, brings.cited.text.en.to_string())
    };
    let one = filed(1, TODAY);
    assert_eq!(topics(&one), BTreeSet::from(["filing", "assessment"]));
    assert_eq!(text(&one, "filing"), (true, "No filing is required.".into()));
    assert_eq!(one.confirms.len(), 1);
    let two = filed(2, TODAY);
    assert!(!text(&two, "assessment").0, "the two-year rule of level 2 is not settled");
    assert_eq!(two.confirms.iter().map(|step| step.order).collect::<Vec<_>>(), [2, 3, 4, 5]);
    assert!(two.confirms.iter().all(|step| step.cited.confidence == Confidence::Memory));
    let three = filed(3, TODAY);
    assert!(topics(&three).is_superset(&BTreeSet::from([
        "filing",
        "assessment",
        "protection-plan",
        "cryptography-assessment"
    ])));
    assert_eq!(text(&three, "assessment"), (true, "An assessment at least once a year (article 14).".into()));
    assert!(!text(&three, "conclusion").0);
    assert!(text(&filed(4, date!(2025 - 04 - 26)), "assessment").1.contains("half year"));
    assert!(text(&filed(4, TODAY), "assessment").1.contains("once a year"));
    assert!(text(&filed(5, TODAY), "filing").1.contains("provincial"));
    for level in 1..=5 {
        let graded = filed(level, TODAY);
        assert_eq!((graded.filed, graded.cryptography.has_units), (Filed::NoAnswers, level < 5), "level {level}");
        assert!(graded.name.is_some() && graded.brings.iter().all(|brings| !brings.cited.source.is_empty()));
    }
}

#[test]
fn the_filed_level_is_compared_and_the_cryptography_level_is_never_lower() {
    let law = law();
    let with = |filed, cryptography| Answers {
        filed,
        cryptography,
        ..answers(&[("public", "severe")], &[("public", "general")])
    };
    for (filed, expected, level) in [
        (None, Filed::NotFiled, 3),
        (Some(3), Filed::Agrees, 3),
        (Some(2), Filed::Below, 2),
        (Some(4), Filed::Above, 4),
    ] {
        let graded = grade(&law, TODAY, &with(filed, None)).unwrap();
        assert_eq!((graded.filed, graded.level, graded.cryptography.level), (expected, level, level), "{filed:?}");
    }
    let above = grade(&law, TODAY, &with(Some(3), Some(4))).unwrap();
    assert_eq!((above.level, above.cryptography.level), (3, 4));
    assert_eq!(above.cryptography.rule.unwrap().instrument.as_ref(), "assessment-faq-4");
    assert!(grade(&law, date!(2026 - 02 - 28), &with(Some(3), None)).unwrap().cryptography.rule.is_none());
    let below = grade(&law, TODAY, &with(Some(3), Some(2))).unwrap_err();
    assert_eq!(below, [GradeError::CryptographyBelow { cryptography: 2, level: 3 }]);
}

#[test]
fn what_is_not_understood_is_refused_with_the_words_that_are() {
    let law = law();
    for (given, expected) in [
        (answers(&[], &[]), "neither a filed level nor answers on impact"),
        (answers(&[("public", "severe")], &[]), "no answer for system service"),
        (answers(&[], &[("public", "severe")]), "no answer for business information"),
        (
            answers(&[("public", "severe"), ("people", "severe")], &[("public", "severe")]),
            "unknown object \"people\" for business information, answer 2; expected one of citizens, public, national",
        ),
        (
            answers(&[("public", "severe")], &[("public", "grave")]),
            "unknown degree \"grave\" for system service, answer 1; expected one of general, severe, especially-severe",
        ),
        (Answers { filed: Some(6), ..Answers::default() }, "filed level 6 is out of range; expected 1 to 5"),
        (
            Answers { filed: Some(3), cryptography: Some(9), ..Answers::default() },
            "cryptography level 9 is out of range",
        ),
    ] {
        let messages: Vec<String> = grade(&law, TODAY, &given).unwrap_err().iter().map(GradeError::to_string).collect();
        assert!(messages.iter().any(|message| message.contains(expected)), "expected {expected:?} in {messages:?}");
    }
}
