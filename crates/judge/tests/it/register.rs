//! The register is sound on every day, and every kind of damage is found with its file and line.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

use dengmi_judge::law::{LawDefect, Pack};
use dengmi_judge::register::{Area, Certainty, Pull, Register, check};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use time::{Date, macros::date};

pub(crate) fn pack() -> Pack {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../law/register");
    let mut files = Vec::new();
    crate::law::read(&root, "", &mut files);
    assert!(!files.is_empty(), "the register is empty: a check of nothing proves nothing");
    files.into_iter().collect()
}

fn listed(defects: &[LawDefect]) -> String {
    defects.iter().map(|defect| format!("{defect}\n")).collect()
}

pub(crate) fn register() -> Register {
    Register::load(&pack()).unwrap_or_else(|defects| panic!("{}", listed(&defects)))
}

#[test]
fn the_register_is_clean() {
    assert_eq!(listed(&check(&pack())), "");
}

fn damaged(file: &str, from: &str, to: &str) -> Pack {
    let mut pack = pack();
    let text = String::from_utf8(pack.file(file).unwrap_or_else(|| panic!("no {file}")).to_vec()).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}: this test would prove nothing");
    pack.insert(file, text.replacen(from, to, 1).as_bytes());
    pack
}

#[test]
fn every_kind_of_damage_is_found_where_it_is() {
    const CSL: &str = "cn-csl-2016/duties.toml";
    for (file, from, to, expected) in [
        (CSL, "area = \"log-retention\"", "area = \"logs\"", "cn-csl-2016/duties.toml:"),
        (CSL, "enforcers = [\"MPS\"", "enforcers = [\"FBI\"", "no enforcer is named \"FBI\""),
        (CSL, "successor = \"csl25-logs\"", "successor = \"csl26-logs\"", "csl26-logs"),
        (CSL, "from = 2017-06-01", "from = 2016-06-01", "in force on 2016-06-01"),
        (CSL, "to = 2026-01-01", "to = 2017-01-01", "does not lie before"),
        (CSL, "to = 2026-01-01", "to = 2026-01-02", "in force on 2026-01-01"),
        (CSL, "article_basis = \"source\"", "article_basis = \"unknown\"", "article and article_basis disagree"),
        (CSL, "applies_when = [\"any-system\"]", "applies_when = [\"some-system\"]", "\"some-system\" is no condition"),
        (CSL, "shown_by = \"logs-kept:6\"", "shown_by = \"logs-kept:six\"", "no evidence predicate is written"),
        (CSL, "source = [\"lrb\"", "source = [\"hearsay\"", "unknown source \"hearsay\""),
        (CSL, "id = \"csl16-logs\"", "id = \"csl16-mlps\"", "\"csl16-mlps\" is there twice"),
        (
            "cn-csl-2016/instrument.toml",
            "superseded_by = \"cn-csl-2025\"",
            "superseded_by = \"cn-csl-2030\"",
            "cn-csl-2030",
        ),
        ("cn-csl-2016/instrument.toml", "from = 2016-11-07", "from = 2018-11-07", "in the order of its days"),
        ("cn-csl-2016/instrument.toml", "id = \"cn-csl-2016\"", "id = \"cn-csl-2017\"", "expected \"cn-csl-2016\""),
        ("cn-ctl-draft-2014/duties.toml", "binding = false", "binding = true", "a draft is never law"),
        ("findings.toml", "duties = [\"ctl-18\"", "duties = [\"ctl-99\"", "no duty is named \"ctl-99\""),
        ("contradictions.toml", "one = \"dsl-36\"", "one = \"dsl-99\"", "no duty is named \"dsl-99\""),
        (
            "cn-csl-2025/renumbering.toml",
            "predecessor = \"cn-csl-2016\"",
            "predecessor = \"x\"",
            "no instrument is named \"x\"",
        ),
    ] {
        let found = listed(&check(&damaged(file, from, to)));
        assert!(found.contains(expected), "{file} {from} → {to}: {found}");
    }
    let mut pack = pack();
    pack.insert("cn-csl-2016/notes.txt", b"");
    pack.insert("no-folder/duties.toml", b"schema = 1\nduty = []\n");
    let found = listed(&check(&pack));
    assert!(found.contains("cn-csl-2016/notes.txt:1: no reader"), "{found}");
    assert!(found.contains("no-folder/instrument.toml:1: the folder has no readable instrument.toml"), "{found}");
}

/// What the sources of the register count: 121 instruments, 258 duties.
#[test]
fn nothing_of_the_sources_is_lost() {
    let register = register();
    assert_eq!((register.instruments.len(), register.duties.len()), (121, 258));
    assert_eq!((register.bodies.len(), register.events.len(), register.findings.len()), (21, 27, 64));
    assert_eq!(register.renumbering["cn-csl-2025"].article.len(), 79);
    let count =
        |of: &dyn Fn(&dengmi_judge::register::Duty) -> bool| register.duties.iter().filter(|duty| of(duty)).count();
    let areas: BTreeMap<Area, usize> =
        Area::ALL.iter().map(|area| (*area, count(&|duty| duty.area == *area))).collect();
    for (area, expected) in [
        (Area::Assessment, 43),
        (Area::Algorithm, 23),
        (Area::ProductCertification, 23),
        (Area::StorageEncryption, 23),
        (Area::Disclosure, 22),
        (Area::Governance, 20),
        (Area::TechnicalAssistance, 19),
        (Area::Filing, 11),
        (Area::Localization, 11),
        (Area::ImportExport, 10),
        (Area::Integrity, 10),
        (Area::LogRetention, 10),
        (Area::KeyCustody, 10),
        (Area::UserRights, 8),
        (Area::ProcurementReview, 7),
        (Area::TransportEncryption, 5),
        (Area::Identity, 3),
    ] {
        assert_eq!(areas[&area], expected, "{area:?}");
    }
    let pulls = Pull::ALL.map(|pull| count(&|duty| duty.pull == pull));
    assert_eq!(pulls, [157, 59, 19, 23]);
    let certain = [Certainty::High, Certainty::Medium, Certainty::Low].map(|of| count(&|duty| duty.confidence == of));
    assert_eq!(certain, [193, 60, 5]);
}

/// Every day from 1999 to the end of 2026: no duty twice, no duty beside the one that continues it, every citation resolves.
#[test]
fn every_day_is_sound() {
    let register = register();
    let mut day = date!(1999 - 01 - 01);
    let mut changes: BTreeSet<Date> = register.duties.iter().flat_map(|duty| [duty.from, duty.to]).flatten().collect();
    changes.insert(day);
    let mut most = 0;
    while day <= date!(2026 - 12 - 31) {
        let mut ids = BTreeSet::new();
        for duty in register.duties_on(day) {
            assert!(ids.insert(&*duty.id), "{} twice on {day}", duty.id);
            let instrument = register.instrument(&duty.instrument).unwrap();
            assert!(instrument.status(day).unwrap().is_in_force(), "{} on {day}", duty.id);
            assert!(
                duty.article_basis == dengmi_judge::register::ArticleBasis::Source
                    || duty.confirmed_article().is_none()
            );
        }
        for duty in register.duties_on(day) {
            let other = register.same_duty(duty).map(|other| &*other.id);
            assert!(other.is_none_or(|other| !ids.contains(other)), "{} and {other:?} on {day}", duty.id);
        }
        most = most.max(ids.len());
        day = day.next_day().unwrap();
    }
    assert!(most > 200, "{most}");
    for duty in register.undated().chain(register.duties.iter().filter(|duty| duty.draft)) {
        assert!(changes.iter().all(|day| !duty.in_force(*day)), "{}", duty.id);
    }
    let undated: Vec<&str> = register.undated().map(|duty| &*duty.id).collect();
    assert_eq!(undated, ["moe-plan", "us-5a002"]);
    assert_eq!(register.drafts_on(date!(2015 - 06 - 01)).count(), 2);
}

#[test]
fn every_case_of_duties_comes_out_as_its_words_say() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases/duties.toml")).unwrap();
    let reports = dengmi_judge::duties::run_duty_cases(&text, &register()).unwrap();
    assert!(reports.len() > 40, "{}", reports.len());
    let wrong: Vec<_> = reports.iter().filter(|report| !report.differs.is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Stating one more fact never makes a clear answer unclear, and nothing is guessed while everything is silent.
#[test]
fn more_facts_only_settle() {
    use dengmi_core::system::{Vocabulary, read};
    use dengmi_judge::duties::{Facts, duties};
    let register = register();
    let lines = [
        "roles = [\"internet-service-provider\", \"exporter\"]",
        "sectors = [\"finance\"]",
        "data = [\"sensitive-personal-information\"]",
        "personal_information_of = 2000000",
        "above_authority_threshold = true",
        "critical_infrastructure = { designated = true, since = 2020-01-01 }",
        "cryptography_required = true",
        "products = [\"vehicle\"]",
        "uses = [\"cryptography\", \"tlcp\"]",
        "cross_border = false",
    ];
    let found = |mask: u32| {
        let said: Vec<&str> = (0..).zip(lines).filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, line)| line).collect();
        let text = format!(
            "[system]\nname = \"a\"\noperator = \"b\"\n[grade]\nfiled = 3\n[conditions]\n{}\n",
            said.join("\n")
        );
        let system = read(&text, &Vocabulary::default(), None).unwrap();
        let facts = Facts { system: &system, level: system.grade.filed };
        let found = duties(&register, &facts, &facts.jurisdictions(), date!(2026 - 11 - 22));
        let ids =
            |list: &[&dengmi_judge::register::Duty]| list.iter().map(|duty| duty.id.clone()).collect::<BTreeSet<_>>();
        let open: Vec<_> = found.depend.iter().map(|(duty, _)| *duty).collect();
        assert!(found.depend.iter().all(|(_, missing)| !missing.is_empty()), "a duty that depends on nothing");
        (ids(&found.apply), ids(&open))
    };
    for mask in 0..200 {
        let (apply, open) = found(mask);
        for bit in 0..lines.len() {
            let (more, still) = found(mask | 1 << bit);
            assert!(apply.is_subset(&more), "{mask:b} + {bit}: {:?}", apply.difference(&more));
            assert!(still.is_subset(&open), "{mask:b} + {bit}: {:?}", still.difference(&open));
        }
    }
    assert_eq!(found((1 << lines.len()) - 1).1.len(), 0, "everything is said, nothing is open");
}
