//! What must hold of every assessment, whatever the evidence: order, irrelevance, losses, removals, rulings, contradictions.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test stops at what it did not expect")]

use crate::hospital::{
    Hospital, LABORATORY, LEGACY, MOBILE, PORTAL, accepts, coverage, description, find, observed, probed, says, session,
};
use crate::law::law;
use crate::negotiated::{self, BRANCH, HOST, MAIL, TRANSFER};
use dengmi_core::{
    Asked, Coverage, EntryNumber, Fact, Field, Method, Observation, Protocol, Reach, Session, StatedValue, Version,
    canonical,
};
use dengmi_judge::assess::{Assessment, Determination};
use dengmi_judge::determine::{Doubt, Mark, Outcome, RiskState};
use dengmi_judge::law::Law;
use dengmi_judge::score::Range;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::collections::BTreeSet;

/// Runs a property over many assessments without a file of past failures: the repository stays as it is.
fn holds<S: Strategy>(cases: u32, strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&strategy, property).unwrap();
}

// -------------------------------------------------------------------- evidence at random

/// Facts that people could bring to the hospital, right or wrong.
#[rustfmt::skip]
const STATEMENTS: &[(&str, &str, &str, &[&str])] = &[
    ("room-a", "PHY-ID", "mechanism", &["uid-card", "challenge-response-mac", "none", "unknown"]),
    ("room-a", "PHY-LOG", "mechanism", &["mac", "digest", "permission-only"]),
    ("room-a", "PHY-LOG", "tamper_test", &["detected", "unnoticed"]),
    ("room-a", "PHY-CCTV", "mechanism", &["mac", "signature", "permission-only", "proprietary"]),
    ("patient-portal", "", "authentication", &["one-way", "mutual"]),
    ("patient-portal", "NET-ID", "certificate_valid", &["yes", "no"]),
    ("patient-portal", "", "client_product_certificate", &["valid-at-purchase", "none"]),
    ("legacy-booking", "", "product_certificate", &["valid-at-purchase", "none", "unknown"]),
    ("mobile", "NET-ID", "certificate_valid", &["yes", "no"]),
    ("app-server", "DEV-ID", "mechanism", &["password", "challenge-response-signature"]),
    ("app-server", "DEV-LOG", "mechanism", &["mac", "digest"]),
    ("vpn-gw", "DEV-ID", "mechanism", &["password", "challenge-response-signature"]),
    ("vpn-gw", "", "labels_used", &["yes", "no"]),
    ("hsm-x", "", "product_policy_followed", &["yes", "no"]),
    ("hsm-x", "", "key_life_cycle", &["sound", "flawed"]),
    ("booking.doctors", "", "mechanism", &["challenge-response-signature", "password"]),
    ("booking.doctors", "", "algorithm", &["SM2", "RSA-2048", "MD5"]),
    ("booking.doctors", "", "chain_checked", &["yes", "no"]),
    ("booking.patients", "", "mechanism", &["sms-code", "one-time-password"]),
    ("booking", "APP-ACL", "tamper_test", &["detected", "unnoticed"]),
    ("patient-identity", "APP-TCONF", "mechanism", &["encryption", "none"]),
    ("patient-identity", "APP-SCONF", "algorithm", &["SM4-CBC", "SM4-ECB", "AES-128", "DES"]),
    ("patient-identity", "APP-SCONF", "layer_of_encryption", &["application", "disk", "database-transparent"]),
    ("patient-identity", "APP-SINT", "keyed", &["yes", "no"]),
    ("laboratory-result", "APP-TCONF", "mechanism", &["encryption", "none"]),
    ("laboratory-result", "APP-SINT", "regular_backup", &["yes", "no"]),
    ("consent", "", "mechanism", &["signature", "none"]),
    ("consent", "", "signer_controls_key", &["yes", "no"]),
    ("management", "POL-REV", "practised", &["yes", "no"]),
    ("management", "OPS-PRE", "assessment_conclusion", &["compliant", "non-compliant"]),
];

const METHODS: &[Method] =
    &[Method::Interview, Method::DocumentReview, Method::ToolTest, Method::CodeReview, Method::ActiveAnalysis];

/// What a version of one end could accept.
#[rustfmt::skip]
const LISTS: &[(Version, &[&str])] = &[
    (Version::TLS_1_0, &["TLS_RSA_WITH_AES_128_CBC_SHA"]),
    (Version::TLS_1_1, &["TLS_RSA_WITH_DES_CBC_SHA"]),
    (Version::TLS_1_2, &["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]),
    (Version::TLS_1_2, &["TLS_DH_anon_WITH_AES_128_CBC_SHA"]),
    (Version::TLS_1_2, &["TLS_RSA_WITH_NULL_SHA256"]),
    (Version::TLS_1_2, &[]),
    (Version::TLS_1_3, &["TLS_SM4_GCM_SM3"]),
    (Version::TLS_1_3, &["TLS_AES_128_GCM_SHA256", "TLS_SM4_GCM_SM3"]),
    (Version::TLCP, &["ECC_SM4_CBC_SM3"]),
    (Version::TLCP, &["ECC_SM4_CBC_SM3", "RSA_SM4_CBC_SM3"]),
    (Version::TLCP, &[]),
];

const ENDS: &[&str] = &[PORTAL, LEGACY, MOBILE, LABORATORY];

/// One difference from the example.
#[derive(Clone, Debug)]
enum Change {
    /// Somebody says something more.
    Say(usize, Index, Method),
    /// Something was not observed at all.
    Forget(Index),
    /// A version of an end accepts something else.
    Accept(&'static str, usize),
    /// An end asks its clients for certificates.
    AskClients(&'static str),
    /// A certificate does not hold.
    Expire(Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let say = (0..STATEMENTS.len(), any::<Index>(), select(METHODS))
        .prop_map(|(which, value, method)| Change::Say(which, value, method));
    let change = prop_oneof![
        4 => say,
        2 => any::<Index>().prop_map(Change::Forget),
        3 => (select(ENDS), 0..LISTS.len()).prop_map(|(end, list)| Change::Accept(end, list)),
        1 => select(ENDS).prop_map(Change::AskClients),
        1 => any::<Index>().prop_map(Change::Expire),
    ];
    prop::collection::vec(change, 0..14)
}

fn stated_value(word: &str, text: &str) -> StatedValue {
    match (word, text) {
        (_, "yes") => StatedValue::Truth(true),
        (_, "no") => StatedValue::Truth(false),
        ("algorithm", _) => StatedValue::Words(vec![text.into()]),
        _ => StatedValue::Word(text.into()),
    }
}

fn changed(example: &Hospital, changes: &[Change]) -> Hospital {
    let mut hospital = example.clone();
    for change in changes {
        match change {
            Change::Say(which, value, method) => {
                let (about, unit, word, values) = STATEMENTS[*which];
                hospital.add(says(about, unit, word, stated_value(word, value.get::<&str>(values)), *method));
            }
            Change::Forget(which) => {
                let which = which.index(hospital.observations.len());
                hospital.observations.remove(which);
            }
            Change::Accept(end, list) => {
                let (version, suites) = LISTS[*list];
                let same = |observation: &Observation| {
                    observation.observed.as_str() == *end
                        && matches!(&observation.fact, Fact::Accepts(accepts) if accepts.version == version)
                };
                hospital.observations.retain(|(_, observation)| !same(observation));
                hospital.add(accepts(end, version, suites));
            }
            Change::AskClients(end) => {
                for (_, observation) in &mut hospital.observations {
                    if let (true, Fact::Session(_, session)) =
                        (observation.observed.as_str() == *end, &mut observation.fact)
                    {
                        session.client_auth = Field::Seen(true);
                    }
                }
            }
            Change::Expire(which) => {
                let certificates =
                    hospital.observations.iter_mut().filter_map(|(_, observation)| match &mut observation.fact {
                        Fact::Certificate(certificate) => certificate.checked.as_mut(),
                        _ => None,
                    });
                let mut certificates: Vec<_> = certificates.collect();
                if !certificates.is_empty() {
                    let which = which.index(certificates.len());
                    certificates[which].in_validity = false;
                }
            }
        }
    }
    hospital
}

fn bytes(assessment: &Assessment) -> String {
    canonical::text(assessment).unwrap()
}

// -------------------------------------------------------------------- (a) order

#[test]
fn order_of_evidence_never_matters() {
    let law = law();
    let example = Hospital::new(&law);
    let negotiated = negotiated::probed_hospital(&law);
    holds(48, (changes(), any::<u64>()), |(changes, seed)| {
        let hospital = changed(if seed % 2 == 0 { &example } else { &negotiated }, &changes);
        let mut shuffled = hospital.clone();
        // Entry numbers travel with what they number.
        let mut next = seed | 1;
        shuffled.observations.sort_by_cached_key(|_| {
            next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            next >> 33
        });
        prop_assert_eq!(bytes(&hospital.assess(&law, 3)), bytes(&shuffled.assess(&law, 3)));
        Ok(())
    });
}

// -------------------------------------------------------------------- (b) irrelevance

#[test]
fn irrelevant_evidence_changes_nothing() {
    let law = law();
    let example = Hospital::new(&law);
    let noise = [
        probed(
            "198.51.100.7:443",
            Fact::Coverage(Box::new(Coverage { complete: true, speaks: vec!["HTTP".into()], connections: 1, lost: 0 })),
        ),
        accepts("198.51.100.7:443", Version::TLS_1_0, &["TLS_RSA_WITH_DES_CBC_SHA"]),
        session("127.0.0.1:44305", Protocol::Tls, "1.0", "TLS_RSA_WITH_DES_CBC_SHA", true),
        says("room-b", "PHY-ID", "mechanism", StatedValue::Word("none".into()), Method::ActiveAnalysis),
        says("room-a", "PHY-IDX", "mechanism", StatedValue::Word("mac".into()), Method::ActiveAnalysis),
        says("room-a", "", "colour", StatedValue::Word("green".into()), Method::SiteInspection),
        says("ca", "", "mechanism", StatedValue::Word("none".into()), Method::ActiveAnalysis),
        observed("x", Reach::Seen, Method::ToolTest, Fact::read("of.tomorrow", &raw("{}")).unwrap()),
        observed(PORTAL, Reach::Seen, Method::ToolTest, Fact::read("of.tomorrow", &raw("{\"a\":1}")).unwrap()),
        observed(
            "room-a",
            Reach::Withheld,
            Method::SiteInspection,
            says("room-a", "PHY-ID", "mechanism", StatedValue::Word("mac".into()), Method::Interview).fact,
        ),
    ];
    holds(32, (changes(), prop::collection::vec(0..noise.len(), 1..6)), |(changes, which)| {
        let mut hospital = changed(&example, &changes);
        let before = hospital.assess(&law, 3);
        for index in which {
            hospital.add(noise[index].clone());
        }
        let after = hospital.assess(&law, 3);
        prop_assert_eq!(canonical::text(&before.units).unwrap(), canonical::text(&after.units).unwrap());
        prop_assert_eq!(before.conclusion, after.conclusion);
        prop_assert_eq!(before.questions, after.questions);
        Ok(())
    });
}

fn raw(text: &str) -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::from_string(text.into()).unwrap()
}

#[test]
fn what_is_said_of_one_subject_moves_no_verdict_on_another() {
    let law = law();
    let example = Hospital::new(&law);
    // Products and keys are not subjects: what is said of them holds for everything that rests on them.
    let subjects: Vec<usize> = (0..STATEMENTS.len()).filter(|which| STATEMENTS[*which].0 != "hsm-x").collect();
    holds(32, (changes(), select(subjects), any::<Index>(), select(METHODS)), |(changes, which, value, method)| {
        let mut hospital = changed(&example, &changes);
        let before = hospital.assess(&law, 3);
        let (about, unit, word, values) = STATEMENTS[which];
        hospital.add(says(about, unit, word, stated_value(word, value.get::<&str>(values)), method));
        let after = hospital.assess(&law, 3);
        for (before, after) in before.determinations().zip(after.determinations()) {
            let ours = before.subject.as_str() == about && (unit.is_empty() || before.indicator.as_str() == unit);
            if !ours {
                prop_assert_eq!(&before.verdict, &after.verdict, "{} {}", before.indicator, before.subject);
            }
        }
        Ok(())
    });
}

// -------------------------------------------------------------------- (c) losses

fn contains(outer: Range, inner: Range) -> bool {
    outer.low.exact() <= inner.low.exact() && inner.high.exact() <= outer.high.exact()
}

/// Nothing became more definite, and every interval still holds what it held.
fn only_opens(before: &Assessment, after: &Assessment, what: &str) -> Result<(), TestCaseError> {
    for (before, after) in before.determinations().zip(after.determinations()) {
        let name = format!("{what}: {} {}", before.indicator, before.subject);
        prop_assert_eq!(&before.subject, &after.subject);
        let open = matches!(after.counted.outcome, Outcome::Unassessed | Outcome::NeedsRuling);
        prop_assert!(
            open || after.counted.outcome == before.counted.outcome,
            "{}: {:?} became {:?}",
            name,
            before.counted,
            after.counted
        );
        match (before.counted.score, after.counted.score) {
            (Some(before), Some(after)) => prop_assert!(contains(after, before), "{name}: {before:?} became {after:?}"),
            (before, after) => prop_assert_eq!(before, after, "{}", name),
        }
    }
    match (&before.score, &after.score) {
        (Ok(before), Ok(after)) => {
            prop_assert!(
                contains(after.total, before.total),
                "{what}: total {:?} became {:?}",
                before.total,
                after.total
            );
        }
        (before, after) => prop_assert_eq!(before.is_err(), after.is_err(), "{}", what),
    }
    let words = |assessment: &Assessment| assessment.conclusion.iter().copied().collect::<BTreeSet<_>>();
    prop_assert!(
        words(after).is_superset(&words(before)),
        "{what}: conclusion {:?} became {:?}",
        before.conclusion,
        after.conclusion
    );
    Ok(())
}

/// The ways to lose a probe's answer; none for what is no probe's.
fn losses(observation: &Observation) -> Vec<Observation> {
    let without_answer =
        |fact: Fact| {
            [Reach::Unanswered, Reach::Refused, Reach::Undecodable, Reach::Cut, Reach::NotTried]
                .map(|reach| Observation { reach, fact: fact.clone(), ..observation.clone() })
        };
    match &observation.fact {
        Fact::Accepts(accepts) => {
            let mut nothing = accepts.clone();
            nothing.suites.clear();
            nothing.suite_names.clear();
            nothing.asked = Asked::Partly;
            // Half of the list came before the answers stopped.
            let mut half = accepts.clone();
            half.asked = Asked::Partly;
            half.suites.truncate(accepts.suites.len() / 2);
            half.suite_names.truncate(accepts.suites.len() / 2);
            let half = Observation { fact: Fact::Accepts(half), ..observation.clone() };
            without_answer(Fact::Accepts(nothing)).into_iter().chain([half]).collect()
        }
        Fact::Coverage(coverage) => {
            let mut partly = coverage.clone();
            partly.complete = false;
            partly.lost = 3;
            let lost = Observation { fact: Fact::Coverage(partly.clone()), ..observation.clone() };
            without_answer(Fact::Coverage(partly)).into_iter().chain([lost]).collect()
        }
        Fact::SshAccepts(accepts) => {
            let mut nothing = accepts.clone();
            nothing.lists = None;
            nothing.host_keys.clear();
            nothing.group_exchange = Field::Hidden;
            nothing.authentication = Field::Hidden;
            nothing.asked = Asked::Partly;
            // It began to turn connections away behind the lists, or behind the first key.
            let turned_away = |fields: &[&str], keys: usize| {
                let mut some = accepts.clone();
                some.host_keys.truncate(keys);
                some.group_exchange = Field::Hidden;
                some.asked = Asked::Partly;
                some.hidden = fields.iter().map(|field| (Box::from(*field), Box::from("turned away"))).collect();
                Observation { fact: Fact::SshAccepts(some), ..observation.clone() }
            };
            let partly = [0, 1].map(|keys| turned_away(&["host_keys", "group_exchange"], keys));
            let no_lists = Observation { fact: Fact::SshAccepts(nothing.clone()), ..observation.clone() };
            without_answer(Fact::SshAccepts(nothing)).into_iter().chain(partly).chain([no_lists]).collect()
        }
        Fact::IkeAccepts(accepts) => {
            let mut nothing = accepts.clone();
            nothing.transforms.clear();
            nothing.asked = Asked::Partly;
            let mut half = accepts.clone();
            half.asked = Asked::Partly;
            half.transforms.values_mut().for_each(|list| list.truncate(list.len() / 2));
            let half = Observation { fact: Fact::IkeAccepts(half), ..observation.clone() };
            without_answer(Fact::IkeAccepts(nothing)).into_iter().chain([half]).collect()
        }
        Fact::Certificate(_) | Fact::Session(..) | Fact::KeyProof(_) | Fact::Features(_) | Fact::Upgraded(_) => {
            without_answer(observation.fact.clone()).to_vec()
        }
        _ => vec![],
    }
}

fn check_losses(
    hospital: &Hospital,
    law: &Law,
    level: u8,
    which: impl Iterator<Item = usize>,
) -> Result<usize, TestCaseError> {
    let before = hospital.assess(law, level);
    let mut checked = 0;
    for index in which {
        for lost in losses(&hospital.observations[index].1) {
            let what = format!("{} {:?} {:?}", lost.observed.as_str(), lost.reach, lost.fact);
            let mut after = hospital.clone();
            after.observations[index].1 = lost;
            only_opens(&before, &after.assess(law, level), &what)?;
            checked += 1;
        }
    }
    Ok(checked)
}

#[test]
fn every_loss_in_the_example_only_opens() {
    let law = law();
    let example = Hospital::new(&law);
    for level in [2, 4] {
        let probed = ENDS.iter().flat_map(|end| example.of(end)).collect::<Vec<_>>();
        let checked = check_losses(&example, &law, level, probed.into_iter()).unwrap();
        assert!(checked > 100, "only {checked} losses");
    }
}

#[test]
fn losses_only_open_whatever_the_evidence() {
    let law = law();
    let example = Hospital::new(&law);
    holds(48, (changes(), any::<Index>(), select(vec![3, 4])), |(changes, which, level)| {
        let hospital = changed(&example, &changes);
        let probed: Vec<usize> = ENDS.iter().flat_map(|end| hospital.of(end)).collect();
        prop_assume!(!probed.is_empty());
        check_losses(&hospital, &law, level, [probed[which.index(probed.len())]].into_iter())?;
        Ok(())
    });
}

#[test]
fn every_loss_of_what_is_negotiated_only_opens() {
    let law = law();
    for hospital in negotiated::hospitals(&law) {
        let of = |end| hospital.of(end).collect::<Vec<_>>();
        let probed = [HOST, TRANSFER, BRANCH, MAIL, LEGACY].map(of).concat();
        let checked = check_losses(&hospital, &law, 4, probed.into_iter()).unwrap();
        assert!(checked > 80, "only {checked} losses");
    }
}

#[test]
fn another_look_that_was_answered_heals_a_loss() {
    let law = law();
    let mut hospital = Hospital::new(&law);
    let before = hospital.assess(&law, 3);
    for index in hospital.of(PORTAL).collect::<Vec<_>>() {
        if let Some(lost) = losses(&hospital.observations[index].1).pop() {
            hospital.add(lost);
        }
    }
    let after = hospital.assess(&law, 3);
    for unit in ["NET-ID", "NET-INT", "NET-CONF"] {
        let outcome = |assessment| find(assessment, unit, "patient-portal").counted;
        assert_eq!(outcome(&before), outcome(&after), "{unit}");
    }
    for hospital in negotiated::hospitals(&law) {
        let before = hospital.assess(&law, 3);
        let mut healed = hospital.clone();
        for index in [HOST, TRANSFER, BRANCH, MAIL].into_iter().flat_map(|end| hospital.of(end).collect::<Vec<_>>()) {
            if let Some(lost) = losses(&hospital.observations[index].1).pop() {
                healed.add(lost);
            }
        }
        let after = healed.assess(&law, 3);
        for (before, after) in before.determinations().zip(after.determinations()) {
            assert_eq!(before.counted, after.counted, "{} {}", before.indicator, before.subject);
        }
    }
}

// -------------------------------------------------------------------- (d) removals

fn cited(determination: &Determination) -> BTreeSet<EntryNumber> {
    let used = determination.steps().into_iter().flat_map(|step| step.used.iter());
    let entries = used.flat_map(|used| used.sources.iter().filter_map(|source| source.entry));
    entries.filter(|entry| entry.0 > 1).collect()
}

#[test]
fn what_a_conform_verdict_cites_can_only_be_missed() {
    let law = law();
    let example = Hospital::new(&law);
    let mut seen = 0;
    let whole = example.assess(&law, 3);
    for conform in whole.determinations().filter(|one| one.counted.outcome == Outcome::Conform) {
        let entries = cited(conform);
        // What the description alone says is not evidence that can be taken away.
        if entries.is_empty() {
            continue;
        }
        seen += 1;
        let (unit, subject) = (conform.indicator.as_str(), conform.subject.as_str());
        for entry in &entries {
            let mut without = example.clone();
            without.observations.retain(|(number, _)| number != entry);
            let outcome = find(&without.assess(&law, 3), unit, subject).counted.outcome;
            assert_ne!(outcome, Outcome::NotConform, "{unit} {subject} without {entry:?}");
        }
        let mut without = example.clone();
        without.observations.retain(|(number, _)| !entries.contains(number));
        let left = without.assess(&law, 3);
        assert_eq!(
            find(&left, unit, subject).counted.outcome,
            Outcome::Unassessed,
            "{unit} {subject} without {entries:?}"
        );
    }
    assert!(seen >= 6, "only {seen} conform verdicts stand on evidence");
}

#[test]
fn without_any_evidence_nothing_that_evidence_must_show_is_settled() {
    let law = law();
    let mut hospital = Hospital::new(&law);
    hospital.observations.clear();
    let assessment = hospital.assess(&law, 3);
    for one in assessment.determinations() {
        assert!(cited(one).is_empty(), "{} {}", one.indicator, one.subject);
    }
    for unit in ["NET-ID", "NET-INT", "NET-CONF"] {
        for channel in ["patient-portal", "legacy-booking", "mobile", "laboratory"] {
            let one = find(&assessment, unit, channel);
            assert_eq!((one.counted.outcome, one.counted.d), (Outcome::Unassessed, Mark::Unknown), "{unit} {channel}");
        }
    }
}

// -------------------------------------------------------------------- (e) rulings

/// Marks of every technical unit and subject, two bits each for fail, pass and no ruling.
fn with_rulings(text: &str, subjects: &[(String, String)], marks: &[[u8; 3]]) -> String {
    let mut text = text.to_owned();
    for ((unit, subject), marks) in subjects.iter().zip(marks) {
        let named = ["d", "a", "k"].iter().zip(marks).filter_map(|(name, mark)| match mark {
            0 => Some(format!("{name} = \"fail\"\n")),
            1 => Some(format!("{name} = \"pass\"\n")),
            _ => None,
        });
        let named: String = named.collect();
        if !named.is_empty() {
            text += &format!(
                "\n[[ruling]]\nunit = \"{unit}\"\nsubject = \"{subject}\"\n{named}reason = \"test\"\nby = \"示例测评师\"\non = 2026-11-22\n"
            );
        }
    }
    text
}

#[test]
fn raising_a_mark_never_lowers_the_total() {
    let law = law();
    let text = description();
    let subjects: Vec<(String, String)> = Hospital::described(&law, &text)
        .assess(&law, 3)
        .units
        .iter()
        .filter(|unit| unit.technical)
        .flat_map(|unit| &unit.subjects)
        // Neither a stand-in nor what does not apply can be ruled on.
        .filter(|one| one.subject.as_str() != "none-listed" && one.counted.score.is_some())
        .map(|one| (one.indicator.to_string(), one.subject.to_string()))
        .collect();
    assert!(subjects.len() > 50, "only {} subjects", subjects.len());
    let marks = prop::collection::vec([0u8..3, 0u8..3, 0u8..3], subjects.len());
    holds(40, (marks, any::<Index>(), 0usize..3), |(mut marks, which, part)| {
        let which = which.index(marks.len());
        let total = |marks: &[[u8; 3]]| {
            let score = Hospital::described(&law, &with_rulings(&text, &subjects, marks)).assess(&law, 3).score;
            score.map(|score| score.total).map_err(|refusal| TestCaseError::fail(refusal.to_string()))
        };
        marks[which][part] = 0;
        let before = total(&marks)?;
        marks[which][part] = 1;
        let after = total(&marks)?;
        let (unit, subject) = &subjects[which];
        prop_assert!(after.low.exact() >= before.low.exact(), "{unit} {subject} {part}: {before:?} became {after:?}");
        prop_assert!(after.high.exact() >= before.high.exact(), "{unit} {subject} {part}: {before:?} became {after:?}");
        Ok(())
    });
}

// -------------------------------------------------------------------- (f) contradictions

#[test]
fn a_tie_waits_for_a_person_and_a_higher_class_decides() {
    let law = law();
    let word = |text: &str| StatedValue::Word(text.into());
    let truth = StatedValue::Truth;
    #[rustfmt::skip]
    let table = [
        // What the example says by code review or tool test, said otherwise by each class.
        ("APP-ID", "booking.doctors", "mechanism", word("password"), Method::Interview, Outcome::Conform),
        ("APP-ID", "booking.doctors", "mechanism", word("password"), Method::Trial, Outcome::NeedsRuling),
        ("APP-ID", "booking.doctors", "mechanism", word("password"), Method::TrackingTest, Outcome::NotConform),
        ("APP-SINT", "patient-identity", "mechanism", word("digest"), Method::DocumentReview, Outcome::Conform),
        ("APP-SINT", "patient-identity", "mechanism", word("digest"), Method::CodeReview, Outcome::NeedsRuling),
        ("APP-SINT", "patient-identity", "mechanism", word("digest"), Method::ActiveAnalysis, Outcome::NotConform),
        ("APP-SINT", "patient-identity", "tamper_test", word("unnoticed"), Method::ToolTest, Outcome::Conform),
        ("APP-SINT", "patient-identity", "tamper_test", word("unnoticed"), Method::ActiveAnalysis, Outcome::NeedsRuling),
        ("PHY-ID", "room-a", "mechanism", word("challenge-response-mac"), Method::SiteInspection, Outcome::NeedsRuling),
        // A fact whose silence is no question is one all the same when sources disagree on it.
        ("NET-ID", "patient-portal", "certificate_valid", truth(false), Method::Interview, Outcome::Conform),
        ("NET-ID", "patient-portal", "certificate_valid", truth(false), Method::ConfigurationCheck, Outcome::NeedsRuling),
        ("NET-ID", "patient-portal", "certificate_valid", truth(false), Method::ActiveAnalysis, Outcome::NeedsRuling),
        ("NET-INT", "patient-portal", "authentication", word("mutual"), Method::ToolTest, Outcome::NeedsRuling),
        ("APP-ID", "booking.doctors", "chain_checked", truth(false), Method::ToolTest, Outcome::NeedsRuling),
        ("POL-SYS", "management", "practised", truth(false), Method::Interview, Outcome::NeedsRuling),
        ("POL-SYS", "management", "practised", truth(false), Method::Trial, Outcome::Partly),
    ];
    for (unit, subject, kind, value, method, expected) in table {
        let mut hospital = Hospital::new(&law);
        hospital.add(says(subject, unit, kind, value.clone(), method));
        let entry = hospital.observations.last().unwrap().0;
        let assessment = hospital.assess(&law, 3);
        let one = find(&assessment, unit, subject);
        let name = format!("{unit} {subject} {kind} by {method:?}");
        assert_eq!(one.counted.outcome, expected, "{name}");
        // Both are printed, whichever decides.
        let used: Vec<_> =
            one.steps().into_iter().flat_map(|step| step.used.iter().filter(|used| used.word == kind)).collect();
        let sources: BTreeSet<_> =
            used.iter().flat_map(|used| used.sources.iter().filter_map(|source| source.entry)).collect();
        assert!(sources.len() > 1 && sources.contains(&entry), "{name}: {sources:?}");
        let tie = one.verdict.doubts.iter().any(|(doubt, _)| *doubt == Doubt::Conflict);
        assert_eq!(tie, used.iter().any(|used| used.value.is_none()), "{name}: {:?}", one.verdict.doubts);
    }
}

/// One session in which somebody could not prove to hold the key of the certificate keeps D of identity open, whatever
/// else held; it stands beside the other units of the channel, and decides nothing there.
#[test]
fn a_key_exchange_that_the_certificates_key_did_not_sign_waits_for_a_ruling() {
    let law = law();
    let with = |signatures: &[bool]| {
        let mut hospital = Hospital::new(&law);
        for holds in signatures {
            let mut one = session(PORTAL, Protocol::Tlcp, "1.1", "ECC_SM4_GCM_SM3", false);
            if let Fact::Session(_, session) = &mut one.fact {
                session.signature_holds = Field::Seen(*holds);
            }
            hospital.add(one);
        }
        let entries: Vec<_> = hospital.observations.iter().map(|(entry, _)| *entry).collect();
        (hospital.assess(&law, 3), entries)
    };
    let (assessment, _) = with(&[true]);
    assert_eq!(find(&assessment, "NET-ID", "patient-portal").counted.outcome, Outcome::Conform);
    for signatures in [&[false][..], &[true, false, true]] {
        let (assessment, entries) = with(signatures);
        let forged = entries[entries.len() - signatures.len() + signatures.iter().position(|holds| !holds).unwrap()];
        let one = find(&assessment, "NET-ID", "patient-portal");
        assert_eq!((one.counted.outcome, one.counted.d), (Outcome::NeedsRuling, Mark::Unknown));
        assert!(one.verdict.doubts.iter().any(|(doubt, _)| *doubt == Doubt::SignatureDoesNotHold));
        let used: Vec<_> = one.steps().into_iter().flat_map(|step| &step.used).collect();
        let why = used.iter().find(|used| used.word == "signature_holds").unwrap();
        assert_eq!(why.sources.iter().filter_map(|source| source.entry).collect::<Vec<_>>(), [forged]);
        let other = find(&assessment, "NET-CONF", "patient-portal");
        assert_eq!(other.counted.outcome, Outcome::Conform);
        let beside = other.beside.iter().find(|beside| beside.source.entry == Some(forged)).unwrap();
        assert!(beside.told.contains(&("signature of the key exchange holds".into(), "no".into())));
        assert_eq!(other.beside.iter().filter(|beside| &*beside.kind == "tlcp.session").count(), 1);
    }
}

#[test]
fn what_is_told_by_its_name_alone_is_neither_encrypted_nor_in_clear() {
    let law = law();
    for name in ["WireGuard", "OpenVPN", "ESP in UDP", "MTProto", "WhatsApp"] {
        let mut hospital = Hospital::new(&law);
        let mut one = session(PORTAL, Protocol::Named, "", "", false);
        if let Fact::Session(_, session) = &mut one.fact {
            **session = Session { protocol: Field::Seen(name.into()), ..Session::default() };
        }
        hospital.add(one);
        let assessment = hospital.assess(&law, 3);
        let one = find(&assessment, "NET-CONF", "patient-portal");
        assert_eq!(one.counted.d, Mark::Unknown, "{name}");
    }
}

#[test]
fn sessions_that_differ_do_not_conflict() {
    let law = law();
    let mut hospital = Hospital::new(&law);
    hospital.add(session(PORTAL, Protocol::Tls, "1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", false));
    let assessment = hospital.assess(&law, 3);
    let one = find(&assessment, "NET-CONF", "patient-portal");
    assert_eq!((one.counted.d, one.counted.a), (Mark::Pass, Mark::Fail));
    assert_eq!(one.counted.outcome, Outcome::Partly);
    let mut speaks = Hospital::new(&law);
    speaks.add(coverage(PORTAL, &["TLCP", "HTTP"]));
    assert_eq!(find(&speaks.assess(&law, 3), "NET-CONF", "patient-portal").counted.outcome, Outcome::NotConform);
}

#[test]
fn a_ruling_on_the_risk_leaves_an_earlier_one_on_the_marks() {
    let law = law();
    let ruling = |what: &str| {
        format!(
            "\n[[ruling]]\nunit = \"NET-ID\"\nsubject = \"mobile\"\n{what}\nreason = \"test\"\nby = \"示例测评师\"\non = 2026-11-22\n"
        )
    };
    let text = description() + &ruling("d = \"fail\"") + &ruling("item = \"HR-7.1\"\nrisk = \"none\"");
    let assessment = Hospital::described(&law, &text).assess(&law, 3);
    let one = find(&assessment, "NET-ID", "mobile");
    assert_eq!(one.counted.d, Mark::Fail);
    assert!(one.risks.iter().all(|risk| risk.state == RiskState::None && risk.ruled_by.is_some()), "{:?}", one.risks);
    // The machine's own marks stand beside it.
    assert_eq!(one.verdict.d, Mark::Pass);
}
