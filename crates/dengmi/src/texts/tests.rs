#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

use super::*;
use dengmi_core::system::SubjectKind;
use dengmi_core::{Method, Reach};
use dengmi_judge::determine::{Answerer, Bind, Doubt, Mark, Outcome, PREDICATES, RiskState, Truth, Word};
use std::collections::BTreeSet;
use std::path::Path;

fn texts() -> Texts {
    Texts::new()
}

/// Exactly these keys: none is missing and none is unused.
fn check<T>(table: &BTreeMap<Box<str>, T>, expected: impl IntoIterator<Item = String>) {
    let expected: BTreeSet<String> = expected.into_iter().collect();
    let found: BTreeSet<String> = table.keys().map(|key| key.to_string()).collect();
    assert_eq!(found, expected);
}

fn words<T: Serialize>(all: &[T]) -> Vec<String> {
    all.iter().map(word).collect()
}

#[test]
fn every_word_of_the_judge_has_a_text_and_no_text_is_without_a_word() {
    let judge = texts().judge;
    check(&judge.word, Word::ALL.iter().map(|word| word.text().into()));
    check(&judge.predicate, PREDICATES.iter().map(|predicate| predicate.name.into()));
    check(&judge.combination, ["all", "any", "none", "unless"].map(String::from));
    use Doubt::*;
    let doubts = [
        FormerPractice,
        OneWayAtLevel4,
        CertificateDoesNotHold,
        SignatureDoesNotHold,
        ProtocolOutsideStandards,
        AlgorithmOpen,
        TransparentEncryption,
        DiskEncryption,
        ElectronicCodebook,
        VerifiedOnceOnly,
        OwnDesignWithProof,
        ChainNotChecked,
        SignedForPersons,
        Conflict,
        NoStrengthInTheRules,
        PasswordHash,
        ManagementOfProduct,
        AssessedWithoutPassing,
    ];
    for doubt in doubts {
        // A new doubt does not compile here until it stands in the list above.
        match doubt {
            FormerPractice
            | OneWayAtLevel4
            | CertificateDoesNotHold
            | SignatureDoesNotHold
            | ProtocolOutsideStandards
            | AlgorithmOpen
            | TransparentEncryption
            | DiskEncryption
            | ElectronicCodebook
            | VerifiedOnceOnly
            | OwnDesignWithProof
            | ChainNotChecked
            | SignedForPersons
            | Conflict
            | NoStrengthInTheRules
            | PasswordHash
            | ManagementOfProduct
            | AssessedWithoutPassing => {}
        }
    }
    check(&judge.doubt, words(&doubts));
    check(&judge.bind, words(&[Bind::Confirm, Bind::Ruling]));
    let outcomes = [
        Outcome::Conform,
        Outcome::Partly,
        Outcome::NotConform,
        Outcome::NotApplicable,
        Outcome::Unassessed,
        Outcome::NeedsRuling,
        Outcome::NoSuchUnit,
    ];
    check(&judge.outcome, words(&outcomes));
    check(&judge.mark, words(&[Mark::Pass, Mark::Fail, Mark::Unknown, Mark::NotLookedAt]));
    check(&judge.truth, words(&[Truth::Yes, Truth::No, Truth::Unknown]));
    check(&judge.risk, words(&[RiskState::None, RiskState::Mitigated, RiskState::Candidate, RiskState::Open]));
    check(&judge.answerer, words(&[Answerer::Operator, Answerer::Assessor, Answerer::Vendor]));
    use dengmi_judge::assess::Severity;
    check(&judge.severity, words(&[Severity::Low, Severity::Medium, Severity::High]));
    check(&judge.modal, ["none", "may", "should", "shall"].map(String::from));
    check(&judge.group, ["technical", "management", "all"].map(String::from));
    check(&judge.confidence, ["confirmed", "single", "memory"].map(String::from));
    let applicability = ["applies", "no-such-unit", "excluded", "argued", "no-object", "reused", "open"];
    check(&judge.applicability, applicability.map(String::from));
    let methods = [
        Method::Interview,
        Method::DocumentReview,
        Method::SiteInspection,
        Method::ToolTest,
        Method::ConfigurationCheck,
        Method::CodeReview,
        Method::Trial,
        Method::TrackingTest,
        Method::ActiveAnalysis,
    ];
    check(&judge.method, words(&methods));
    let reaches = [
        Reach::Seen,
        Reach::Absent,
        Reach::Refused,
        Reach::Withheld,
        Reach::Unanswered,
        Reach::Undecodable,
        Reach::Cut,
        Reach::NotTried,
    ];
    check(&judge.reach, words(&reaches));
    let kinds = [
        SubjectKind::Room,
        SubjectKind::Channel,
        SubjectKind::Boundary,
        SubjectKind::AccessPath,
        SubjectKind::DeviceClass,
        SubjectKind::UserClass,
        SubjectKind::AccessControlInformation,
        SubjectKind::Label,
        SubjectKind::DataKind,
        SubjectKind::BusinessAct,
        SubjectKind::Management,
    ];
    check(&judge.subject, words(&kinds));
}

/// The words of the pack's rows are compared with the pack; those of the judge with its own lists.
#[test]
fn every_word_of_the_register_has_a_text() {
    use dengmi_judge::duties::{ChangeKind, Missing, Shown};
    use dengmi_judge::register::{Area, Certainty, FindingIs, Pull, Strength};
    let texts = texts();
    let register = crate::law::register().unwrap().0;
    let set = |name: &str, words: Vec<String>| check(texts.duties.sets().get(name).unwrap(), words);
    let named = |name: &str, word: String| {
        let table = texts.duties.sets().get(name).unwrap();
        assert!(table.contains_key(&*word), "[{name}] has no {word}");
    };
    set("area", words(&Area::ALL));
    set("pull", words(&Pull::ALL));
    set("strength", words(&[Strength::Must, Strength::Prohibited, Strength::Should, Strength::May]));
    set("certainty", words(&[Certainty::High, Certainty::Medium, Certainty::Low]));
    set("finding", words(&[FindingIs::Confirmed, FindingIs::Corrected, FindingIs::Context, FindingIs::Open]));
    set("shown", words(&[Shown::Shown, Shown::Contradicted, Shown::NotShown]));
    set("change", words(&[ChangeKind::Began, ChangeKind::Ended, ChangeKind::Renumbered, ChangeKind::FactsChanged]));
    set("jurisdiction", words(dengmi_core::system::Jurisdiction::ALL));
    use Missing::*;
    let questions = [
        CriticalInfrastructure,
        CryptographyRequired,
        Roles,
        Sectors,
        Data,
        PersonalInformationOf,
        AboveAuthorityThreshold,
        CrossBorder,
        Products,
        Uses,
        Jurisdictions,
        Level,
    ];
    set("question", words(&questions));
    for instrument in &register.instruments {
        named("kind", word(&instrument.kind));
        named("basis", word(&instrument.basis));
        named("jurisdiction", word(&instrument.jurisdiction));
        instrument.timeline.iter().for_each(|status| named("status", word(&status.status)));
        instrument.dates.keys().for_each(|kind| named("date", word(kind)));
    }
    register.duties.iter().for_each(|duty| named("observability", word(&duty.observability)));
}

/// Both languages are written: no English sentence is left in Chinese, none of the Chinese in English but names of bodies.
#[test]
fn both_languages_are_written() {
    for (file, text) in [
        ("judge", JUDGE),
        ("report", REPORT),
        ("risks", RISKS),
        ("remediation", REMEDIATION),
        ("duties", DUTIES),
        ("cli", CLI),
    ] {
        let value: toml::Value = toml::from_str::<toml::Table>(text).unwrap().into();
        let mut found = 0;
        walk(&value, &mut |zh, en| {
            found += 1;
            let chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
            let letters = |text: &str| fill_one(text, |_| Some("")).chars().any(|letter| letter.is_alphabetic());
            assert!(chinese(zh) || zh == en || !letters(en), "{file}: no Chinese in {zh:?}");
            let allowed = en.replace("密评", "").replace("商用密码检测认证中心", "");
            assert!(!chinese(&allowed), "{file}: Chinese in {en:?}");
            assert!(letters(en) || !chinese(zh), "{file}: no English for {zh:?}");
            assert_eq!(places(zh), places(en), "{file}: {zh:?} and {en:?} have different places");
        });
        assert!(found > 0 || file == "cli", "{file} has no text: a check of nothing proves nothing");
    }
}

fn walk(value: &toml::Value, see: &mut impl FnMut(&str, &str)) {
    match value {
        toml::Value::Table(table) => match (table.get("zh"), table.get("en")) {
            (Some(zh), Some(en)) => see(zh.as_str().unwrap(), en.as_str().unwrap()),
            (None, None) => table.values().for_each(|value| walk(value, see)),
            _ => panic!("one language only: {table:?}"),
        },
        toml::Value::Array(list) => list.iter().for_each(|value| walk(value, see)),
        _ => {}
    }
}

fn places(text: &str) -> BTreeSet<String> {
    let names = text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name);
    names.filter(|name| is_place(name)).map(String::from).collect()
}

#[test]
fn places_are_filled_once() {
    let text = pair("“{subject}” {x-y}", "{subject} { not } {unknown} {");
    let values = [("subject", same("{x-y}")), ("x-y", pair("甲", "one"))];
    assert_eq!(fill(&text, &values), pair("“{x-y}” 甲", "{x-y} { not } {unknown} {"));
}

#[test]
fn the_language_comes_from_the_flag_then_the_environment() {
    for (flag, environment, expected) in [
        (Some(Lang::En), [Some("zh_CN.UTF-8"), None], Lang::En),
        (None, [Some("zh_CN.UTF-8"), Some("en_US.UTF-8")], Lang::Zh),
        (None, [Some(""), Some("zh")], Lang::Zh),
        (None, [None, Some("de_DE.UTF-8")], Lang::En),
        (None, [None, None], Lang::En),
        (None, [Some("C"), Some("zh_CN")], Lang::En),
    ] {
        assert_eq!(Lang::choose(flag, environment), expected, "{flag:?} {environment:?}");
    }
}

/// A key of `cli.toml` that no source file asks for is dead, and one that is asked for and missing shows itself to users.
#[test]
fn the_texts_of_commands_are_used() {
    let mut sources = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let texts = texts();
    let whole: BTreeMap<Box<str>, Text> = toml::from_str(CLI).unwrap();
    check(&whole, texts.cli.keys().map(ToString::to_string));
    for (key, text) in &whole {
        assert_eq!(&texts.cli(key, &[]), text);
        assert!(sources.contains(&format!("\"{key}\"")), "cli.toml: nothing asks for {key:?}");
    }
}

fn read(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), sources);
        } else {
            sources.push_str(&std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}
