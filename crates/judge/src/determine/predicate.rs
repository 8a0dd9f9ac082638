//! The named predicates. Each is one question with three answers; its doc comment is its manual.

use super::component::{ProtocolKind, protocol_kind};
use super::look::Look;
use super::truth::{Bind, Doubt, Truth};
use super::word::Word;
use crate::law::{Compliant, Function};
use dengmi_core::{Date, Exact};
use num_traits::Zero;
use time::macros::date;

/// A named predicate.
#[derive(Debug)]
pub struct Predicate {
    /// Its name in indicator files.
    pub name: &'static str,
    /// What it asks.
    pub asks: &'static str,
    pub(super) holds: fn(&Look<'_>) -> Truth,
}

/// The predicate of this name.
pub(super) fn find(name: &str) -> Option<&'static Predicate> {
    ALL.iter().find(|predicate| predicate.name == name)
}

/// Predicates that no indicator file needs to name: the risk step asks them of every unit.
pub const ASKED_BY_THE_RISK_STEP: &[&str] = &["uncertified"];

macro_rules! predicates { ($($(#[doc = $doc:literal])* $name:literal $function:ident)*) => {
    /// Every predicate.
    pub static ALL: &[Predicate] = &[$(Predicate { name: $name, asks: concat!($($doc),*), holds: $function },)*];
} }

predicates! {
    // ---------------------------------------------------------------- is there such a thing at all
    /// Labels are not in use.
    "no-security-labels" no_security_labels
    /// There is no remote management, and the ports were seen closed.
    "no-remote-management" no_remote_management
    /// No legal liability can arise: argued on paper and accepted by the assessor.
    "no-legal-liability" no_legal_liability
    /// The system went live before the duty of an assessment before launch began, and was not relaunched since.
    "live-before-duty" live_before_duty

    // ---------------------------------------------------------------- D on channels
    /// Everything was asked that the channel could accept.
    "enumeration-finished" enumeration_finished
    /// The look at the channel was not broken off.
    "enumeration-not-broken-off" enumeration_not_broken_off
    /// The ends are authenticated with cryptography, whatever is negotiated.
    "peer-authenticated" peer_authenticated
    /// At level 4: in both directions.
    "mutual-at-level-4" mutual_at_level_4
    /// The certificates hold on the day.
    "certificate-holds" certificate_holds
    /// Records carry a MAC or an AEAD tag, whatever is negotiated.
    "records-have-integrity" channel_serves
    /// Records are encrypted, whatever is negotiated.
    "records-are-encrypted" channel_serves
    /// The management channel is protected by cryptography.
    "management-is-protected" channel_serves

    // ---------------------------------------------------------------- D elsewhere
    /// People or devices are authenticated with a cryptographic mechanism.
    "identity-by-cryptography" identity_by_cryptography
    /// Integrity rests on a MAC, a signature or authenticated encryption.
    "integrity-by-cryptography" integrity_by_cryptography
    /// The datum is encrypted.
    "confidentiality-by-cryptography" confidentiality_by_cryptography
    /// The act is signed with a key that the signer alone controls.
    "signed-by-the-signer" signed_by_the_signer
    /// A key takes part, and it is secret.
    "secret-key-takes-part" secret_key_takes_part
    /// A change is noticed.
    "change-is-noticed" change_is_noticed
    /// Executables are verified in operation, not at installation only.
    "verified-in-operation" verified_in_operation
    /// It is not of own making without a proof of security.
    "not-self-made-without-proof" not_self_made_without_proof
    /// Encryption answers the real threat where it is done.
    "encrypted-at-a-fitting-layer" encrypted_at_a_fitting_layer
    /// Somebody looked: words and papers alone show no effect.
    "more-than-words" more_than_words
    /// The device is itself a certified product; the rule for whole machines covers its own data.
    "device-is-certified-product" device_is_certified_product

    // ---------------------------------------------------------------- A
    /// Every part that serves the function complies.
    "components-comply" components_comply

    // ---------------------------------------------------------------- K
    /// The keys of our side sit in a product whose certificate was valid on the day of the purchase contract, from an accepted issuer.
    "product-compliant" product_compliant
    /// Where the client keeps a key: in a compliant product too.
    "client-product-compliant" client_product_compliant
    /// The deployed version and boundary are the tested ones.
    "version-as-tested" version_as_tested
    /// The function that is used was part of the test.
    "function-tested" function_tested
    /// The product is deployed by its security policy.
    "policy-followed" policy_followed
    /// The grade is what the level asks.
    "grade-sufficient" grade_sufficient
    /// Keys sit in the product and are managed as planned, or were analysed and found sound.
    "key-management-sound" key_management_sound
    /// No hazard of Annex A.
    "no-key-hazard" no_key_hazard
    /// A password is kept as a salted hash: there is no key to keep.
    "password-hash" password_hash
    /// Salt, rounds and module of a password hash are sound.
    "password-derivation-sound" password_derivation_sound

    // ---------------------------------------------------------------- management
    /// It is written.
    "documents-exist" documents_exist
    /// It is approved and published.
    "published" published
    /// It is practised.
    "practised" practised
    /// There are records.
    "recorded" recorded
    /// No incident happened, and forms for the report are ready.
    "reporting-prepared" reporting_prepared
    /// There is a plan, whatever its state.
    "plan-exists" plan_exists
    /// The plan passed its review or assessment.
    "plan-passed" plan_passed
    /// It was assessed before it went live, or live again.
    "assessed-before-operation" assessed_before_operation
    /// That assessment was passed, where the level asks for it.
    "assessment-passed" assessment_passed
    /// It is in trial operation, and the policy demands what comes later.
    "trial-and-ruled" trial_and_ruled

    // ---------------------------------------------------------------- risk
    /// No product certificate where one applies.
    "uncertified" uncertified
    /// Biometrics or a device fingerprint establish the person.
    "biometrics-establish" biometrics_establish
    /// The entrance is staffed, kept in a register and watched.
    "entrance-guarded" entrance_guarded
    /// The application encrypts everything important that travels here.
    "application-encrypts-all" application_encrypts_all
    /// Management runs on a protected network of its own.
    "management-out-of-band" management_out_of_band
    /// Management runs through a compliant VPN gateway.
    "management-through-vpn" management_through_vpn
    /// A bastion with a sound log-in stands before the device and cannot be walked around.
    "bastion-stands-before" bastion_stands_before
    /// A third party establishes the person.
    "third-party-establishes" third_party_establishes
    /// The identity of the network layer stands for the person.
    "network-identity-stands" network_identity_stands
    /// Every channel of the datum complies and is free of high risk.
    "channels-comply" channels_comply
    /// A channel of the datum protects nothing.
    "a-channel-is-bare" a_channel_is_bare
    /// Compliant log-in and regular backups, both.
    "access-and-backup" access_and_backup
    /// No other high risk is open in the system.
    "no-other-high-risk" no_other_high_risk
}

// -------------------------------------------------------------------- is there such a thing at all

fn no_security_labels(look: &Look<'_>) -> Truth {
    Truth::from(look.truth(Word::LabelsUsed)).negated()
}

fn no_remote_management(look: &Look<'_>) -> Truth {
    let protocols = look.peek_words(Word::Protocol).unwrap_or_default();
    if protocols.iter().any(|protocol| protocol_kind(protocol) != ProtocolKind::Unknown) {
        return Truth::No;
    }
    match look.value(Word::RemoteManagement) {
        Some(dengmi_core::StatedValue::Truth(false)) => match look.truth(Word::RemotePortsVerifiedClosed) {
            Some(true) => Truth::Yes,
            _ => Truth::Unknown,
        },
        Some(dengmi_core::StatedValue::Truth(true)) => Truth::No,
        // "Nobody manages it remotely" is said, not shown.
        Some(_) => {
            look.question(Word::RemotePortsVerifiedClosed);
            Truth::Unknown
        }
        None => Truth::Unknown,
    }
}

fn no_legal_liability(look: &Look<'_>) -> Truth {
    match look.truth(Word::LegalLiability) {
        Some(true) => Truth::No,
        Some(false) => [look.truth(Word::ArgumentArtifact), look.truth(Word::AssessorAccepts)]
            .into_iter()
            .map(|part| if part == Some(true) { Truth::Yes } else { Truth::Unknown })
            .min()
            .unwrap_or(Truth::Unknown),
        None => Truth::Unknown,
    }
}

fn duty_begins(look: &Look<'_>) -> Date {
    look.rules.stance("pre-launch-assessment").and_then(|rule| rule.date).unwrap_or(date!(2020 - 01 - 01))
}

fn live_before_duty(look: &Look<'_>) -> Truth {
    let begins = duty_begins(look);
    if look.peek_date(Word::Relaunched).is_some_and(|day| day >= begins) {
        return Truth::No;
    }
    look.date(Word::LiveSince).map_or(Truth::Unknown, |day| (day < begins).into())
}

// -------------------------------------------------------------------- D on channels

fn enumeration_finished(look: &Look<'_>) -> Truth {
    if look.truth(Word::EnumerationComplete) == Some(true) {
        Truth::Yes
    } else {
        look.peek(Word::Reach);
        look.question(Word::EnumerationComplete);
        Truth::Unknown
    }
}

fn enumeration_not_broken_off(look: &Look<'_>) -> Truth {
    if look.peek_truth(Word::EnumerationComplete) == Some(false) {
        look.question(Word::EnumerationComplete);
        Truth::Unknown
    } else {
        Truth::Yes
    }
}

/// What every protocol and suite that is accepted does for the function: the weakest counts.
fn channel_serves(look: &Look<'_>) -> Truth {
    let Some(protocols) = look.words(Word::Protocol) else { return Truth::Unknown };
    if !look.components().unserved.is_empty() {
        return Truth::No;
    }
    if protocols.is_empty() || protocols.iter().any(|protocol| protocol_kind(protocol) == ProtocolKind::Unknown) {
        look.question(Word::Protocol);
        return Truth::Unknown;
    }
    // Somebody looked, and there may be further ones.
    if look.is_open(Word::Protocol) {
        return Truth::Unknown;
    }
    if look.components().records_unseen {
        look.question(Word::Algorithm);
        return Truth::Unknown;
    }
    if !look.components().unknown.is_empty() {
        return look.ruling(Doubt::AlgorithmOpen);
    }
    Truth::Yes
}

fn peer_authenticated(look: &Look<'_>) -> Truth {
    match (look.peek_truth(Word::SignatureHolds), channel_serves(look)) {
        (_, Truth::No) => Truth::No,
        // Somebody between, a broken server or a damaged capture: which of them, a person must find out.
        (Some(false), _) => look.ruling(Doubt::SignatureDoesNotHold),
        (_, serves) => serves,
    }
}

fn mutual_at_level_4(look: &Look<'_>) -> Truth {
    if look.level < 4 {
        return Truth::Yes;
    }
    match look.word(Word::Authentication) {
        Some("mutual") => Truth::Yes,
        Some("one-way") => {
            look.doubt(Doubt::OneWayAtLevel4, Bind::Confirm);
            Truth::No
        }
        _ => Truth::Unknown,
    }
}

fn certificate_holds(look: &Look<'_>) -> Truth {
    match look.peek_truth(Word::CertificateValid) {
        Some(false) => look.ruling(Doubt::CertificateDoesNotHold),
        None if look.is_open(Word::CertificateValid) => Truth::Unknown,
        Some(true) | None => Truth::Yes,
    }
}

// -------------------------------------------------------------------- D elsewhere

/// The mechanism; of a class whose members differ, that of the weakest.
fn mechanism<'a>(look: &Look<'a>) -> Option<&'a str> {
    match look.word(Word::Mechanism)? {
        "mixed" => look.word(Word::WeakestMember),
        mechanism => Some(mechanism),
    }
}

fn identity_by_cryptography(look: &Look<'_>) -> Truth {
    // Which ways are open is shown; which one is taken, and whether it is cryptography, somebody must see.
    look.peek(Word::LoginMethods);
    match mechanism(look) {
        Some(
            "challenge-response-mac"
            | "challenge-response-signature"
            | "one-time-password"
            | "certificate"
            | "ic-card"
            | "mac"
            | "signature",
        ) => Truth::Yes,
        Some(_) => Truth::No,
        None => Truth::Unknown,
    }
}

fn is_authenticated_encryption(look: &Look<'_>) -> bool {
    let algorithms = look.peek_words(Word::Algorithm).unwrap_or_default();
    let aead = |name: &&str| ["-gcm", "-ccm", "poly1305"].iter().any(|mode| name.to_ascii_lowercase().ends_with(mode));
    !algorithms.is_empty() && algorithms.iter().any(aead)
}

fn integrity_by_cryptography(look: &Look<'_>) -> Truth {
    match mechanism(look) {
        Some("mac" | "signature") => Truth::Yes,
        Some("encryption") => {
            let gives = look.peek_truth(Word::ProvidesIntegrity).unwrap_or_else(|| is_authenticated_encryption(look));
            gives.into()
        }
        Some("proprietary") => proprietary(look),
        Some(_) => Truth::No,
        None => Truth::Unknown,
    }
}

/// Own design: without proof it counts for nothing, with one a person reads it.
fn proprietary(look: &Look<'_>) -> Truth {
    match look.truth(Word::SecurityProof) {
        Some(false) => Truth::No,
        Some(true) => look.ruling(Doubt::OwnDesignWithProof),
        None => Truth::Unknown,
    }
}

fn confidentiality_by_cryptography(look: &Look<'_>) -> Truth {
    match mechanism(look) {
        Some("encryption") => Truth::Yes,
        Some("salted-hash") => password_hash(look),
        Some("proprietary") => proprietary(look),
        Some(_) => Truth::No,
        None => Truth::Unknown,
    }
}

fn signed_by_the_signer(look: &Look<'_>) -> Truth {
    match mechanism(look) {
        Some("signature") => {
            let controls = look.truth(Word::SignerControlsKey);
            if controls == Some(false) {
                look.doubt(Doubt::SignedForPersons, Bind::Confirm);
            }
            controls.into()
        }
        Some(_) => Truth::No,
        None => Truth::Unknown,
    }
}

fn secret_key_takes_part(look: &Look<'_>) -> Truth {
    let keyed = look.peek_truth(Word::Keyed).unwrap_or(true);
    let public = look.peek_truth(Word::KeyPublic).unwrap_or(false);
    (keyed && !public).into()
}

fn change_is_noticed(look: &Look<'_>) -> Truth {
    match look.peek_word(Word::TamperTest) {
        Some("detected") => Truth::Yes,
        Some("unnoticed") => Truth::No,
        _ => {
            look.question(Word::TamperTest);
            Truth::Unknown
        }
    }
}

fn verified_in_operation(look: &Look<'_>) -> Truth {
    match look.word(Word::VerifiedWhen) {
        Some("installation") => look.ruling(Doubt::VerifiedOnceOnly),
        Some(_) => Truth::Yes,
        None => Truth::Unknown,
    }
}

fn not_self_made_without_proof(look: &Look<'_>) -> Truth {
    match look.peek_word(Word::Implementation) {
        Some("self-made") => proprietary(look),
        _ => Truth::Yes,
    }
}

fn encrypted_at_a_fitting_layer(look: &Look<'_>) -> Truth {
    match look.peek_word(Word::LayerOfEncryption) {
        Some("disk") => look.ruling(Doubt::DiskEncryption),
        Some("database-transparent") => match look.truth(Word::FineAccessControl) {
            Some(true) => {
                look.doubt(Doubt::TransparentEncryption, Bind::Confirm);
                Truth::Yes
            }
            _ => look.ruling(Doubt::TransparentEncryption),
        },
        _ => Truth::Yes,
    }
}

fn more_than_words(look: &Look<'_>) -> Truth {
    match look.peek_words(Word::Evidence) {
        Some(methods) if methods.iter().all(|method| ["interview", "document-review"].contains(method)) => {
            look.question(Word::Evidence);
            Truth::Unknown
        }
        _ => Truth::Yes,
    }
}

fn device_is_certified_product(look: &Look<'_>) -> Truth {
    match look.peek_truth(Word::DeviceIsCertifiedProduct) {
        Some(true) => match look.peek_word(Word::ProductCertificate) {
            Some("none") => Truth::No,
            _ => Truth::Yes,
        },
        Some(false) | None => Truth::No,
    }
}

// -------------------------------------------------------------------- A

fn components_comply(look: &Look<'_>) -> Truth {
    let components = look.components();
    for word in &components.incomplete {
        look.question(*word);
    }
    let mut least = if components.incomplete.is_empty() { Truth::Yes } else { Truth::Unknown };
    if components.parts.is_empty() && components.incomplete.is_empty() {
        if look
            .peek_words(Word::Protocol)
            .unwrap_or_default()
            .iter()
            .any(|protocol| protocol.to_ascii_lowercase().starts_with("ipsec"))
        {
            return Truth::Unknown;
        }
        look.question(Word::Algorithm);
        return Truth::Unknown;
    }
    for part in &components.parts {
        let truth = match &part.verdict {
            None => {
                look.doubt(Doubt::AlgorithmOpen, Bind::Ruling);
                Truth::Unknown
            }
            Some(verdict) => match verdict.compliant {
                Compliant::Yes => Truth::Yes,
                Compliant::No => Truth::No,
                Compliant::Ruling => {
                    look.doubt(
                        if part.is_protocol { Doubt::ProtocolOutsideStandards } else { Doubt::AlgorithmOpen },
                        Bind::Ruling,
                    );
                    Truth::Unknown
                }
            },
        };
        if part.is_protocol
            && part.verdict.as_ref().is_some_and(|verdict| verdict.risk.as_ref().is_some_and(|(_, named)| *named))
        {
            look.doubt(Doubt::NoStrengthInTheRules, Bind::Confirm);
        }
        look.weighed(&part.name, truth);
        least = least.min(truth);
    }
    // ECB over more than one block: the algorithm complies, equal inputs give equal outputs.
    let ecb = look
        .peek_words(Word::Algorithm)
        .unwrap_or_default()
        .iter()
        .any(|name| name.to_ascii_lowercase().ends_with("-ecb"));
    if ecb && blocks_per_value(look) > 1 {
        look.doubt(Doubt::ElectronicCodebook, Bind::Ruling);
    }
    least
}

/// How many blocks one value takes; not knowing counts as several.
fn blocks_per_value(look: &Look<'_>) -> i64 {
    look.number(Word::BlocksPerValue).unwrap_or(2)
}

// -------------------------------------------------------------------- K

fn certificate_word(word: Option<&str>) -> Truth {
    match word {
        Some("valid-at-purchase") => Truth::Yes,
        Some(_) => Truth::No,
        None => Truth::Unknown,
    }
}

fn product_compliant(look: &Look<'_>) -> Truth {
    if look.peek(Word::ProductCertificate).is_none()
        && look.scene.get(Word::ProductCertificate).is_none()
        && !look.scene.is_said_unknown(Word::ProductCertificate)
        && look.peek_word(Word::Mechanism).is_some()
        && function_of_foreign_algorithm(look)
    {
        // No product is stated, and a certificate covers only functions that were tested with national algorithms.
        return Truth::No;
    }
    certificate_word(look.word(Word::ProductCertificate))
}

/// Every algorithm that was seen is a foreign one, and practice of the day gives no K to what was never tested.
fn function_of_foreign_algorithm(look: &Look<'_>) -> bool {
    let foreign = |part: &super::component::Component| {
        part.verdict.as_ref().is_some_and(|verdict| verdict.compliant == Compliant::No)
    };
    let components = look.components();
    !components.parts.is_empty() && components.parts.iter().all(foreign) && untested_fails(look)
}

/// Since the fourth FAQ a product's certificate gives no K for a function that was not tested.
fn untested_fails(look: &Look<'_>) -> bool {
    look.rules.stance("certified-vpn-foreign-tls").is_none_or(|rule| &*rule.stance != "k-passes")
}

fn client_product_compliant(look: &Look<'_>) -> Truth {
    let protocols = look.peek_words(Word::Protocol).unwrap_or_default();
    if !protocols.iter().any(|protocol| protocol_kind(protocol) == ProtocolKind::Suites) {
        return Truth::Yes;
    }
    match look.peek_word(Word::Authentication) {
        // Now the client keeps a key too.
        Some("mutual") => certificate_word(look.word(Word::ClientProductCertificate)),
        None if look.is_open(Word::Authentication) => Truth::Unknown,
        Some(_) | None => Truth::Yes,
    }
}

fn version_as_tested(look: &Look<'_>) -> Truth {
    look.truth(Word::ProductVersionMatches).into()
}

fn function_tested(look: &Look<'_>) -> Truth {
    match look.truth(Word::ProductFunctionTested) {
        Some(false) if !untested_fails(look) => {
            look.doubt(Doubt::FormerPractice, Bind::Confirm);
            Truth::Yes
        }
        tested => tested.into(),
    }
}

fn policy_followed(look: &Look<'_>) -> Truth {
    look.truth(Word::ProductPolicyFollowed).into()
}

/// The grade that the level asks for; 0 where none is stated.
pub(super) fn needed_grade(look: &Look<'_>) -> u8 {
    usize::from(look.level).checked_sub(1).and_then(|place| look.rules.product_grade.get(place)).copied().unwrap_or(0)
}

fn grade_sufficient(look: &Look<'_>) -> Truth {
    let needed = needed_grade(look);
    if needed == 0 {
        return Truth::Yes;
    }
    look.number(Word::ProductGrade).map_or(Truth::Unknown, |grade| (grade >= i64::from(needed)).into())
}

fn key_management_sound(look: &Look<'_>) -> Truth {
    let place = match look.word(Word::KeyPlace) {
        Some("certified-product") => Truth::Yes,
        Some(_) => Truth::No,
        None => Truth::Unknown,
    };
    let as_planned: Truth = match look.peek_word(Word::Plan) {
        Some("reviewed-consistent") => Truth::Yes,
        _ => Truth::Unknown,
    };
    let analysed: Truth = match look.peek_word(Word::KeyLifeCycle) {
        Some("sound") => Truth::Yes,
        Some(_) => Truth::No,
        None => Truth::Unknown,
    };
    let managed = as_planned.max(analysed);
    if managed == Truth::Unknown {
        look.question(Word::KeyLifeCycle);
    }
    place.min(managed)
}

fn no_key_hazard(look: &Look<'_>) -> Truth {
    let mut found = !look.peek_words(Word::KeyHazards).unwrap_or_default().is_empty();
    if look.function == Function::Identity && look.peek_truth(Word::ChainChecked) == Some(false) {
        look.doubt(Doubt::ChainNotChecked, Bind::Confirm);
        found = true;
    }
    Truth::from(found).negated()
}

fn password_hash(look: &Look<'_>) -> Truth {
    let is_password = look.peek_word(Word::DataKind) == Some("password");
    let salted = look.peek_word(Word::Mechanism) == Some("salted-hash");
    (is_password && salted && look.peek_truth(Word::SaltPerUser) != Some(false)).into()
}

fn password_derivation_sound(look: &Look<'_>) -> Truth {
    look.doubt(Doubt::PasswordHash, Bind::Confirm);
    [Word::SaltPerUser, Word::IterationsMeetGmt0091]
        .into_iter()
        .map(|word| look.truth(word).into())
        .min()
        .unwrap_or(Truth::Unknown)
}

// -------------------------------------------------------------------- management

fn documents_exist(look: &Look<'_>) -> Truth {
    look.truth(Word::Documents).into()
}

fn published(look: &Look<'_>) -> Truth {
    look.truth(Word::Published).into()
}

fn practised(look: &Look<'_>) -> Truth {
    look.truth(Word::Practised).into()
}

fn recorded(look: &Look<'_>) -> Truth {
    look.truth(Word::Records).into()
}

fn reporting_prepared(look: &Look<'_>) -> Truth {
    match look.truth(Word::IncidentHappened) {
        Some(false) => look.truth(Word::RecordTemplate).into(),
        Some(true) => Truth::No,
        None => Truth::Unknown,
    }
}

fn plan_exists(look: &Look<'_>) -> Truth {
    match look.word(Word::Plan) {
        Some("none") => Truth::No,
        Some(_) => Truth::Yes,
        None => Truth::Unknown,
    }
}

fn plan_passed(look: &Look<'_>) -> Truth {
    match look.word(Word::Plan) {
        Some("reviewed-consistent" | "reviewed" | "assessed") => Truth::Yes,
        Some("renovation") => look.truth(Word::PlanAssessed).into(),
        Some(_) => Truth::No,
        None => Truth::Unknown,
    }
}

/// Whether the last launch came with an assessment.
fn assessed_before_operation(look: &Look<'_>) -> Truth {
    if look.peek(Word::Relaunched).is_some() {
        return look.truth(Word::AssessedBeforeRelaunch).into();
    }
    look.truth(Word::AssessedBeforeLaunch).into()
}

fn assessment_passed(look: &Look<'_>) -> Truth {
    if look.level < 3 {
        return Truth::Yes;
    }
    match look.word(Word::AssessmentConclusion) {
        Some("compliant" | "basically-compliant") => Truth::Yes,
        Some(_) => {
            look.doubt(Doubt::AssessedWithoutPassing, Bind::Confirm);
            Truth::No
        }
        None => Truth::Unknown,
    }
}

fn trial_and_ruled(look: &Look<'_>) -> Truth {
    let trial: Truth = look.peek_truth(Word::TrialOperation).unwrap_or(false).into();
    if trial == Truth::No { trial } else { trial.min(look.truth(Word::PolicyDemands).into()) }
}

// -------------------------------------------------------------------- risk

fn uncertified(look: &Look<'_>) -> Truth {
    if password_hash(look) == Truth::Yes {
        return Truth::No;
    }
    let certificate =
        look.peek_word(Word::ProductCertificate).map_or(Truth::Unknown, |word| (word != "valid-at-purchase").into());
    let tested = match look.peek_truth(Word::ProductFunctionTested) {
        Some(tested) => (!tested && untested_fails(look)).into(),
        None => Truth::Unknown,
    };
    certificate.max(tested).max(client_product_compliant(look).negated())
}

fn stated(look: &Look<'_>, word: Word) -> Truth {
    // A mitigation is a tested fact; what nobody showed lowers nothing, what is still open may.
    match look.peek_truth(word) {
        Some(truth) => truth.into(),
        None if look.is_open(word) => Truth::Unknown,
        None => Truth::No,
    }
}

fn biometrics_establish(look: &Look<'_>) -> Truth {
    stated(look, Word::Biometric)
}

fn entrance_guarded(look: &Look<'_>) -> Truth {
    stated(look, Word::GuardedEntrance)
}

fn application_encrypts_all(look: &Look<'_>) -> Truth {
    stated(look, Word::ApplicationEncryptsAll)
}

fn management_out_of_band(look: &Look<'_>) -> Truth {
    stated(look, Word::OutOfBand)
}

fn management_through_vpn(look: &Look<'_>) -> Truth {
    stated(look, Word::ManagementThroughVpn)
}

fn bastion_stands_before(look: &Look<'_>) -> Truth {
    let sound = look.peek_truth(Word::BastionLoginHighRisk) == Some(false)
        && look.peek_truth(Word::BypassPossible) == Some(false);
    stated(look, Word::ViaBastion).min(sound.into())
}

fn third_party_establishes(look: &Look<'_>) -> Truth {
    stated(look, Word::ThirdPartyIdentification)
}

fn network_identity_stands(look: &Look<'_>) -> Truth {
    stated(look, Word::NetworkIdentityTrusted).min(stated(look, Word::NetworkIdentityRepresentsUser))
}

fn channels_comply(look: &Look<'_>) -> Truth {
    stated(look, Word::ChannelCompliant)
}

fn a_channel_is_bare(look: &Look<'_>) -> Truth {
    let is_zero =
        |score: &&str| score.parse::<dengmi_core::Decimal>().is_ok_and(|score| score.exact() == Exact::zero());
    match look.peek_words(Word::ChannelScores) {
        Some(scores) if scores.iter().any(is_zero) => Truth::Yes,
        Some(_) if !look.is_open(Word::ChannelScores) => Truth::No,
        Some(_) | None => Truth::Unknown,
    }
}

fn access_and_backup(look: &Look<'_>) -> Truth {
    stated(look, Word::CompliantAuthentication).min(stated(look, Word::RegularBackup))
}

fn no_other_high_risk(look: &Look<'_>) -> Truth {
    match look.peek_truth(Word::OtherHighRisk) {
        Some(other) => Truth::from(other).negated(),
        None if look.is_open(Word::OtherHighRisk) => Truth::Unknown,
        None => Truth::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, predicate) in ALL.iter().enumerate() {
            assert!(ALL.iter().skip(index + 1).all(|other| other.name != predicate.name), "{}", predicate.name);
            assert!(!predicate.asks.is_empty(), "{}", predicate.name);
        }
    }
}
