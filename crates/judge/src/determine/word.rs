//! The vocabulary of facts. A predicate can ask for these words and no others; a statement can state them.

use crate::law::Function;
use serde::{Deserialize, Serialize};

/// Who can usually answer when a fact is missing. Questions are grouped by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answerer {
    /// 运营者: states what is there.
    Operator,
    /// 密评人员: tests, or decides.
    Assessor,
    /// 产品厂商: says what was certified and tested.
    Vendor,
}

macro_rules! words { ($($(#[$doc:meta])* $name:ident $text:literal $who:ident)*) => {
    /// 事实: one word of the vocabulary.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Word { $($(#[$doc])* $name,)* }

    impl Word {
        /// Every word.
        pub const ALL: &'static [Word] = &[$(Word::$name,)*];

        /// The word as it stands in files.
        pub fn text(self) -> &'static str {
            match self { $(Word::$name => $text,)* }
        }

        /// Who can usually answer.
        pub fn answerer(self) -> Answerer {
            match self { $(Word::$name => Answerer::$who,)* }
        }

        /// The word of this text.
        pub fn read(text: &str) -> Option<Word> {
            Some(match text { $($text => Word::$name,)* _ => return None })
        }
    }
} }

words! {
    /// How the function is achieved: `mac`, `signature`, `encryption`, `password` …
    Mechanism "mechanism" Assessor
    /// Algorithms in use for it, all that were seen.
    Algorithm "algorithm" Assessor
    /// Does a key take part?
    Keyed "keyed" Assessor
    /// Is the key known to everybody, such as one in a script that visitors receive?
    KeyPublic "key_public" Assessor
    /// What happened when something was changed on a copy: `detected`, `unnoticed`.
    TamperTest "tamper_test" Assessor
    /// When a signature of an executable is verified: `installation`, `start`.
    VerifiedWhen "verified_when" Assessor
    /// Does the mechanism give integrity?
    ProvidesIntegrity "provides_integrity" Assessor
    /// `self-made`, or the name of the library.
    Implementation "implementation" Operator
    /// Is there a proof of security for what was made without a standard?
    SecurityProof "security_proof" Operator
    /// Is the library in long and wide use?
    LibraryLongUsed "library_long_used" Assessor
    /// Is the certificate chain of the user checked at log-in?
    ChainChecked "chain_checked" Assessor
    /// The weakest log-in of any member of a class.
    WeakestMember "weakest_member" Assessor
    /// How many members.
    Members "members" Operator
    /// What sort of device.
    Device "device" Operator
    /// Is the device itself a certified product?
    DeviceIsCertifiedProduct "device_is_certified_product" Operator
    /// Which methods were used.
    Evidence "evidence" Assessor
    /// How far the look reached, where it did not reach.
    Reach "reach" Assessor

    /// Protocols that the channel accepts or uses.
    Protocol "protocol" Assessor
    /// Suites that the channel accepts.
    Suites "suites" Assessor
    /// How the channel agrees on keys: key exchanges of SSH, groups of IKE, sizes of the fields of DHE, all that it accepts.
    KeyExchange "key_exchange" Assessor
    /// By which algorithms an end of SSH or IKE proves who it is, all that it accepts.
    ProofOfIdentity "proof_of_identity" Assessor
    /// The host keys of an SSH server: `RSA-3072`, `Ed25519`.
    HostKey "host_key" Assessor
    /// Ciphers that SSH or IKE accepts.
    Cipher "cipher" Assessor
    /// Message authentication codes that SSH or IKE accepts, and ciphers that authenticate by themselves.
    MessageAuthentication "message_authentication" Assessor
    /// Ways to log in that a service offers. That a password is among them is one factor, and no verdict.
    LoginMethods "login_methods" Assessor
    /// Was everything asked that the channel could accept?
    EnumerationComplete "enumeration_complete" Assessor
    /// The keys of the server's certificates: `SM2`, `RSA-2048`.
    CertificateKey "certificate_key" Assessor
    /// Hashes in the certificates' signatures.
    CertificateHash "certificate_hash" Assessor
    /// Do the certificates hold on the day?
    CertificateValid "certificate_valid" Assessor
    /// Did the key of the server's certificate make the signatures of its key exchanges?
    SignatureHolds "signature_holds" Assessor
    /// `one-way`, `mutual`.
    Authentication "authentication" Assessor
    /// Is it technically sure that no other client can use the channel?
    ClientsLimited "clients_limited" Operator
    /// Do others use another channel over TLS?
    OtherPopulationOnTls "other_population_on_tls" Operator
    /// The certificate of the product that keeps the client's key.
    ClientProductCertificate "client_product_certificate" Operator
    /// Does the channel carry important data?
    CarriesImportantData "carries_important_data" Operator
    /// Does the application encrypt everything important that travels on it?
    ApplicationEncryptsAll "application_encrypts_all" Assessor
    /// The score of the application's unit that protects the same data.
    ApplicationUnitScore "application_unit_score" Assessor
    /// Whose the other end is.
    PeerOwnedBy "peer_owned_by" Operator
    /// Access was denied by the other side.
    NoPermission "no_permission" Assessor

    /// Is there remote management?
    RemoteManagement "remote_management" Operator
    /// Were all remote ports seen closed?
    RemotePortsVerifiedClosed "remote_ports_verified_closed" Assessor
    /// Is management on a network of its own?
    OutOfBand "out_of_band" Assessor
    /// Does management pass a compliant VPN gateway?
    ManagementThroughVpn "management_through_vpn" Assessor
    /// Does a bastion host fill in the log-in?
    ViaBastion "via_bastion" Operator
    /// Is the bastion's own log-in a high risk?
    BastionLoginHighRisk "bastion_login_high_risk" Assessor
    /// Can the bastion be walked around?
    BypassPossible "bypass_possible" Assessor

    /// `valid-at-purchase`, `expired-at-purchase`, `issuer-not-accepted`, `none`.
    ProductCertificate "product_certificate" Operator
    /// The grade on the certificate.
    ProductGrade "product_grade" Vendor
    /// Was the function that is used part of the test?
    ProductFunctionTested "product_function_tested" Vendor
    /// Is the deployed version the tested one?
    ProductVersionMatches "product_version_matches" Operator
    /// Is the product deployed by its security policy?
    ProductPolicyFollowed "product_policy_followed" Assessor
    /// A test result after GM/T 0036 alone.
    Gmt0036Result "gmt0036_result" Operator
    /// Where the key lies: `certified-product`, `software-keystore`, `configuration-file`, `source-code`, `database`.
    KeyPlace "key_place" Operator
    /// `sound` when its whole life was analysed and found sound.
    KeyLifeCycle "key_life_cycle" Assessor
    /// Hazards of Annex A of the high-risk guide that were found.
    KeyHazards "key_hazards" Assessor
    /// `reviewed-consistent`, `silent`, `none`, `draft`, `renovation`.
    Plan "plan" Operator
    /// Did the plan pass its assessment?
    PlanAssessed "plan_assessed" Operator

    /// Does an entrance have staff, a register and live video?
    GuardedEntrance "guarded_entrance" Assessor
    /// Do biometrics establish the person?
    Biometric "biometric" Assessor
    /// Does a third party establish the person?
    ThirdPartyIdentification "third_party_identification" Assessor
    /// Does the application rely on the identity that the network established?
    NetworkIdentityTrusted "network_identity_trusted" Assessor
    /// Does that identity stand for the person?
    NetworkIdentityRepresentsUser "network_identity_represents_user" Assessor
    /// Are security labels in use?
    LabelsUsed "labels_used" Operator

    /// What sort of datum: `password`.
    DataKind "data_kind" Operator
    /// The channels that carry the datum.
    Channels "channels" Operator
    /// Their scores.
    ChannelScores "channel_scores" Assessor
    /// Do all of them comply, free of high risk?
    ChannelCompliant "channel_compliant" Assessor
    /// Who encrypts: `application`, `database-transparent`, `disk`.
    LayerOfEncryption "layer_of_encryption" Assessor
    /// Is fine access control shown to work with transparent encryption?
    FineAccessControl "fine_access_control" Assessor
    /// Blocks per value under ECB.
    BlocksPerValue "blocks_per_value" Assessor
    /// Is there a salt for each user?
    SaltPerUser "salt_per_user" Assessor
    /// Is the account locked after wrong tries?
    Lockout "lockout" Assessor
    /// Is there a rule for strong passwords?
    StrengthRule "strength_rule" Operator
    /// Do length of salt and rounds meet GM/T 0091?
    IterationsMeetGmt0091 "iterations_meet_gmt0091" Assessor
    /// Does compliant log-in limit who reaches the data?
    CompliantAuthentication "compliant_authentication" Assessor
    /// Is it backed up regularly?
    RegularBackup "regular_backup" Assessor

    /// Can legal liability arise?
    LegalLiability "legal_liability" Operator
    /// Is there a written argument?
    ArgumentArtifact "argument_artifact" Operator
    /// Does the assessor accept it?
    AssessorAccepts "assessor_accepts" Assessor
    /// Does the signer alone control the key?
    SignerControlsKey "signer_controls_key" Assessor
    /// `licensed`, or what else.
    CertificationAuthority "ca" Operator
    /// Is there a trusted time stamp?
    TimeStamp "timestamp" Assessor

    /// `may`, `should`, `shall` as a case states it; the law's own word decides.
    Modal "modal" Assessor
    /// The owner's decision on a "可" unit: `included`, `excluded`.
    OwnerDecision "owner_decision" Operator
    /// Is it on paper?
    OwnerArtifact "owner_artifact" Operator
    /// Whose the room is.
    OwnedBy "owned_by" Operator
    /// Is a platform's result taken over?
    Reuse "reuse" Operator
    /// The platform's level.
    PlatformLevel "platform_level" Operator
    /// The platform's conclusion.
    PlatformConclusion "platform_conclusion" Operator
    /// Is its report current?
    PlatformReportCurrent "platform_report_current" Operator
    /// The result of the unit in that report.
    PlatformUnitOutcome "platform_unit_outcome" Operator
    /// Was the part that is ours tested as well?
    ExtendedTestDone "extended_test_done" Assessor

    /// Is it written?
    Documents "documents" Operator
    /// Is it approved and published?
    Published "published" Operator
    /// Is it practised?
    Practised "practised" Assessor
    /// Are there records?
    Records "records" Operator
    /// Is there a form for the report of an incident?
    RecordTemplate "record_template" Operator
    /// Did an incident ever happen?
    IncidentHappened "incident_happened" Operator
    /// The day the system went live.
    LiveSince "live_since" Operator
    /// The day it went live again after a renovation.
    Relaunched "relaunched" Operator
    /// Was it assessed before it went live?
    AssessedBeforeLaunch "assessed_before_launch" Operator
    /// Was it assessed before it went live again?
    AssessedBeforeRelaunch "assessed_before_relaunch" Operator
    /// What that assessment concluded.
    AssessmentConclusion "assessment_conclusion" Operator
    /// Is it in trial operation?
    TrialOperation "trial_operation" Operator
    /// Does the policy demand it?
    PolicyDemands "policy_demands" Operator
    /// Is any other high risk open in the system?
    OtherHighRisk "other_high_risk" Assessor
    /// The kind of the subject, as a case states it.
    Subject "subject" Operator
}

impl Word {
    /// Whether the fact is one of a product or a key, so that it holds for every subject that rests on it.
    pub fn is_of_a_product(self) -> bool {
        matches!(
            self,
            Word::ProductCertificate
                | Word::ProductGrade
                | Word::ProductFunctionTested
                | Word::ProductVersionMatches
                | Word::ProductPolicyFollowed
                | Word::Gmt0036Result
                | Word::KeyPlace
                | Word::KeyLifeCycle
                | Word::KeyHazards
                | Word::Implementation
                | Word::SecurityProof
                | Word::LibraryLongUsed
        )
    }

    /// Whether the fact is a list: what several observations say of it is put together.
    pub fn is_a_list(self) -> bool {
        Word::OF_A_CHANNEL.contains(&self)
            || matches!(
                self,
                Word::LoginMethods | Word::KeyHazards | Word::Channels | Word::ChannelScores | Word::Evidence
            )
    }

    /// What the parts of a channel's protection are told by.
    pub const OF_A_CHANNEL: [Word; 10] = [
        Word::Protocol,
        Word::Suites,
        Word::KeyExchange,
        Word::ProofOfIdentity,
        Word::HostKey,
        Word::Cipher,
        Word::MessageAuthentication,
        Word::CertificateKey,
        Word::CertificateHash,
        Word::Algorithm,
    ];

    /// Whether a part of a channel that is negotiated by itself serves a function; all else may.
    pub fn may_serve(self, function: Function) -> bool {
        let of = match self {
            Word::ProofOfIdentity | Word::HostKey => Function::Identity,
            Word::MessageAuthentication => Function::Integrity,
            Word::Cipher | Word::KeyExchange => Function::Confidentiality,
            _ => return true,
        };
        [of, Function::Channel].contains(&function)
    }

    /// Whether the fact shows a mechanism at work, so that its method can be more than words for D.
    pub fn shows_effect(self) -> bool {
        matches!(
            self,
            Word::Mechanism
                | Word::Protocol
                | Word::Suites
                | Word::KeyExchange
                | Word::ProofOfIdentity
                | Word::Cipher
                | Word::MessageAuthentication
                | Word::TamperTest
                | Word::VerifiedWhen
                | Word::SignerControlsKey
                | Word::WeakestMember
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for word in Word::ALL {
            assert_eq!(Word::read(word.text()), Some(*word));
        }
    }
}
