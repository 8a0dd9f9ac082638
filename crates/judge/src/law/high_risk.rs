//! `high-risk.toml`: the items of the high-risk guide.

use super::{
    LayerId,
    datum::{Form, datum},
};
use dengmi_core::{IndicatorId, ItemId, Text};
use serde::Deserialize;

datum! {
    /// A rule over all items.
    pub struct HighRiskRule {
        /// Its name.
        pub id: Box<str>,
    }
}

datum! {
    /// 安全问题: a state that makes the finding high-risk unless it is mitigated.
    pub struct Problem {
        /// Its name, unique in its item.
        pub id: Box<str>,
    }
}

datum! {
    /// 可能的缓解措施.
    pub struct MitigationRule {
        /// Its name, unique in its item.
        pub id: Box<str>,
        /// The problems it covers; `None` where the source does not say.
        #[serde(default)]
        pub covers: Option<Vec<Box<str>>>,
    }
}

datum! {
    /// 高风险条目.
    pub struct HighRiskItem {
        /// Such as `HR-7.1`.
        pub id: ItemId,
        /// Its clause in the guide.
        pub clause: Box<str>,
        /// 安全层面, or `general` for every indicator.
        pub layer: LayerId,
        /// The indicators it names; empty means every indicator.
        pub indicators: Vec<IndicatorId>,
        /// Levels it applies to.
        pub levels: Vec<u8>,
        /// Whether the guide knows a mitigation.
        pub mitigable: bool,
        /// What a reader must know besides.
        #[serde(default)]
        pub note: Option<Text>,
        /// Its problems.
        pub problem: Vec<Problem>,
        /// Its mitigations.
        #[serde(default)]
        pub mitigation: Vec<MitigationRule>,
    }
}

impl HighRiskItem {
    /// Whether it can concern this indicator at this level.
    pub fn concerns(&self, indicator: &str, level: u8) -> bool {
        self.levels.contains(&level)
            && (self.indicators.is_empty() || self.indicators.iter().any(|named| named.as_str() == indicator))
    }
}

/// An item and one of its problems.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProblemOf {
    /// The item.
    pub item: ItemId,
    /// The problem in it.
    pub problem: Box<str>,
}

datum! {
    /// 密钥管理隐患 of Annex A.
    pub struct KeyHazard {
        /// Such as `A-c1`.
        pub id: Box<str>,
        /// The stage of a key's life.
        pub stage: Text,
        /// What it brings.
        pub triggers: ProblemOf,
    }
}

/// 高风险判定指引: one edition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HighRisk {
    /// The form of the file.
    pub schema: Form,
    /// Rules over all items.
    pub rule: Vec<HighRiskRule>,
    /// The items.
    pub item: Vec<HighRiskItem>,
    /// Annex A.
    pub key_hazard: Vec<KeyHazard>,
}

impl HighRisk {
    /// One item.
    pub fn item(&self, id: &str) -> Option<&HighRiskItem> {
        self.item.iter().find(|item| item.id.as_str() == id)
    }

    /// One hazard of Annex A.
    pub fn key_hazard(&self, id: &str) -> Option<&KeyHazard> {
        self.key_hazard.iter().find(|hazard| &*hazard.id == id)
    }
}
