//! Three-valued logic, and the tree that says why.

use super::scene::Source;
use super::word::Word;
use dengmi_core::StatedValue;
use serde::Serialize;

/// Strong Kleene logic: `all` takes the least, `any` the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// 否.
    No,
    /// 未知.
    Unknown,
    /// 是.
    Yes,
}

impl Truth {
    /// The other way round; unknown stays unknown.
    pub fn negated(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
            Truth::Yes => Truth::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Truth {
        if truth { Truth::Yes } else { Truth::No }
    }
}

impl From<Option<bool>> for Truth {
    fn from(truth: Option<bool>) -> Truth {
        truth.map_or(Truth::Unknown, Truth::from)
    }
}

/// Why a person must look at a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// Judged by a practice that has been replaced since.
    FormerPractice,
    /// One-way authentication at level 4.
    OneWayAtLevel4,
    /// A certificate that does not hold on the day.
    CertificateDoesNotHold,
    /// A key exchange that the key of the shown certificate did not sign.
    SignatureDoesNotHold,
    /// TLS 1.3 with SM suites: the algorithms comply, the protocol is no national standard that we know.
    ProtocolOutsideStandards,
    /// An algorithm whose verdict practice leaves open.
    AlgorithmOpen,
    /// Transparent database encryption.
    TransparentEncryption,
    /// Encryption of the disk only.
    DiskEncryption,
    /// More than one block under ECB.
    ElectronicCodebook,
    /// A signature that is verified at installation only.
    VerifiedOnceOnly,
    /// Our own design with a proof that a person must read.
    OwnDesignWithProof,
    /// A log-in that accepts any certificate.
    ChainNotChecked,
    /// A server signs for persons.
    SignedForPersons,
    /// Sources of the same class disagree.
    Conflict,
    /// A protocol for whose weakness the rules give no strength.
    NoStrengthInTheRules,
    /// A password kept as a salted hash.
    PasswordHash,
    /// The management page of a certified product.
    ManagementOfProduct,
    /// Assessed before launch without passing.
    AssessedWithoutPassing,
}

/// How a doubt binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bind {
    /// The value stands; a person confirms it before a final report.
    Confirm,
    /// Reasonable assessors differ: the outcome waits for a ruling.
    Ruling,
}

/// A fact that a predicate looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Used {
    /// Which.
    pub word: &'static str,
    /// Its value; `None`: unknown.
    pub value: Option<StatedValue>,
    /// What says so.
    pub sources: Vec<Source>,
}

/// One step of the reason: a predicate with the facts it looked at, or a combination with its parts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The predicate's name, or `all`, `any`, `none`, `unless`.
    pub rule: &'static str,
    /// What it came to.
    pub truth: Truth,
    /// The facts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<Used>,
    /// The components of the function that it weighed, each with whether it complies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<(Box<str>, Truth)>,
    /// Facts that would decide it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Word>,
    /// What a person must look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<(Doubt, Bind)>,
    /// The parts of a combination.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Step>,
}

impl Step {
    /// Every step of the tree, this one first.
    pub fn walk(&self) -> Vec<&Step> {
        let mut all = vec![self];
        all.extend(self.parts.iter().flat_map(Step::walk));
        all
    }

    /// The truth of the named predicate in this tree.
    pub fn truth_of(&self, rule: &str) -> Option<Truth> {
        let own = (self.rule == rule).then_some(self.truth);
        own.or_else(|| self.parts.iter().find_map(|part| part.truth_of(rule)))
    }

    /// The facts that would decide an unknown.
    pub fn open_questions(&self) -> Vec<Word> {
        if self.truth != Truth::Unknown {
            return Vec::new();
        }
        let mut words: Vec<Word> =
            self.missing.iter().copied().chain(self.parts.iter().flat_map(Step::open_questions)).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// What a person must look at, anywhere in the tree.
    pub fn doubts(&self) -> Vec<(Doubt, Bind)> {
        let mut doubts = Vec::new();
        self.gather_doubts(&mut doubts);
        doubts.sort_unstable();
        doubts.dedup();
        doubts
    }

    fn gather_doubts(&self, doubts: &mut Vec<(Doubt, Bind)>) {
        doubts.extend_from_slice(&self.doubts);
        self.parts.iter().for_each(|part| part.gather_doubts(doubts));
    }

    /// Whether anything in the tree waits for a ruling.
    pub fn waits(&self) -> bool {
        self.doubts.iter().any(|(_, bind)| *bind == Bind::Ruling) || self.parts.iter().any(Step::waits)
    }
}

impl Serialize for Word {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}
