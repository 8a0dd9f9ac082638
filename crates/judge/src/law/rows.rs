//! Lists whose rows have days of their own: practice, algorithms, obligations, clauses.

use super::{
    datum::{Form, datum, some_day},
    high_risk::ProblemOf,
};
use dengmi_core::{Date, ItemId, Text};
use serde::{Deserialize, Serialize};

datum! {
    /// 测评实践 (FAQ): one rule.
    pub struct PracticeRule {
        /// Such as `FAQ-13.2`.
        pub id: Box<str>,
        /// What it is about; rules of one topic follow each other in time.
        pub topic: Box<str>,
        /// What it says, as a name.
        pub stance: Box<str>,
        /// A day that the rule itself names.
        #[serde(default, deserialize_with = "some_day")]
        pub date: Option<Date>,
        /// Its own first day.
        #[serde(default, deserialize_with = "some_day")]
        pub from: Option<Date>,
        /// Its own last day.
        #[serde(default, deserialize_with = "some_day")]
        pub to: Option<Date>,
    }
}

/// 密码功能: what cryptography is asked for by an indicator, and what a component may serve. Components are judged per
/// function, never per suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// 真实性.
    Identity,
    /// 完整性.
    Integrity,
    /// 机密性.
    Confidentiality,
    /// 远程管理通道: all three at once.
    Channel,
    /// 不可否认性.
    NonRepudiation,
}

/// Whether an algorithm or technique can pass A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compliant {
    /// A can pass.
    Yes,
    /// A fails.
    No,
    /// A person decides.
    Ruling,
}

/// Key sizes in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyBits {
    /// Included.
    pub at_least: u32,
    /// Not included; `None` is no upper bound.
    #[serde(default)]
    pub below: Option<u32>,
}

/// How the high-risk guide stands to an algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedRisk {
    /// The item.
    pub item: ItemId,
    /// The problem in it.
    pub problem: Box<str>,
    /// Whether the guide names it; otherwise a person decides.
    pub named: bool,
}

impl NamedRisk {
    /// Item and problem.
    pub fn problem(&self) -> ProblemOf {
        ProblemOf { item: self.item.clone(), problem: self.problem.clone() }
    }
}

datum! {
    /// 密码算法或技术 and whether it complies.
    pub struct Algorithm {
        /// Such as `sm4` or `rsa-2048`; rows of one id follow each other in time.
        pub id: Box<str>,
        /// `block-cipher`, `stream-cipher`, `hash`, `mac`, `public-key`, `key-exchange`, `mode`, `protocol` or `algorithm`.
        pub kind: Box<str>,
        /// Rows that a key length chooses between.
        #[serde(default)]
        pub family: Option<Box<str>>,
        /// The key lengths of this row.
        #[serde(default)]
        pub key_bits: Option<KeyBits>,
        /// The functions it may serve.
        pub functions: Vec<Function>,
        /// Whether A can pass.
        pub compliant: Compliant,
        /// The band of strength that Ra is taken from, where A fails.
        #[serde(default)]
        pub band: Option<Box<str>>,
        /// The strength as the source gives it.
        #[serde(default)]
        pub bits: Option<Box<str>>,
        /// What the high-risk guide says.
        #[serde(default)]
        pub high_risk: Option<NamedRisk>,
        /// Why.
        pub why: Text,
        /// What a person must look at besides.
        #[serde(default)]
        pub caution: Option<Text>,
        /// Where sources disagree.
        #[serde(default)]
        pub conflict: Option<Text>,
        /// Its own first day.
        #[serde(default, deserialize_with = "some_day")]
        pub from: Option<Date>,
        /// Its own last day.
        #[serde(default, deserialize_with = "some_day")]
        pub to: Option<Date>,
    }
}

datum! {
    /// What a level brings: filing, assessment and what goes with them.
    pub struct Obligation {
        /// Its name.
        pub id: Box<str>,
        /// `filing`, `assessment` …; entries of one topic and level follow each other in time.
        pub topic: Box<str>,
        /// Levels it binds.
        pub levels: Vec<u8>,
        /// `false`: no national rule that could be confirmed fixes it.
        pub settled: bool,
        /// Its own first day.
        #[serde(default, deserialize_with = "some_day")]
        pub from: Option<Date>,
        /// Its own last day.
        #[serde(default, deserialize_with = "some_day")]
        pub to: Option<Date>,
    }
}

datum! {
    /// A clause of another baseline that touches cryptography.
    pub struct Clause {
        /// Its number.
        pub id: Box<str>,
        /// What it is about.
        pub topic: Box<str>,
        /// 等级.
        pub level: u8,
        /// 控制点.
        pub title: Box<str>,
        /// What lower levels ask.
        #[serde(default)]
        pub lower: Option<Text>,
        /// What higher levels ask.
        #[serde(default)]
        pub higher: Option<Text>,
    }
}

/// `practice.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PracticeFile {
    #[expect(dead_code, reason = "checked by being read")]
    schema: Form,
    pub(super) rule: Vec<PracticeRule>,
}

/// `algorithms.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlgorithmFile {
    #[expect(dead_code, reason = "checked by being read")]
    schema: Form,
    pub(super) algorithm: Vec<Algorithm>,
}

/// `obligations.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObligationFile {
    #[expect(dead_code, reason = "checked by being read")]
    schema: Form,
    pub(super) obligation: Vec<Obligation>,
}

/// `clauses.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClauseFile {
    #[expect(dead_code, reason = "checked by being read")]
    schema: Form,
    pub(super) clause: Vec<Clause>,
}
