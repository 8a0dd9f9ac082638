//! `scoring.toml`: the figures of one edition of the quantification rules.

use super::{
    LayerId,
    datum::{Form, datum},
};
use dengmi_core::{Decimal, IndicatorId, Text};
use serde::Deserialize;
use std::collections::BTreeMap;

datum! {
    /// 测评对象得分: one figure for each outcome of D, A and K.
    pub struct ObjectRule {
        /// Decimals after rounding.
        pub places: u8,
        /// D, A and K pass.
        pub all_pass: Decimal,
        /// Only A fails; times Ra.
        pub a_fails: Decimal,
        /// Only K fails; times Rk.
        pub k_fails: Decimal,
        /// A and K fail; times Ra and Rk.
        pub both_fail: Decimal,
        /// D fails; A and K are not looked at.
        pub d_fails: Decimal,
    }
}

datum! {
    /// Ra of one band of strength.
    pub struct RaBand {
        /// Its name.
        pub band: Box<str>,
        /// Bits, included.
        pub at_least: u16,
        /// Bits, not included; `None` is no upper bound.
        #[serde(default)]
        pub below: Option<u16>,
        /// Ra.
        pub value: Decimal,
    }
}

datum! {
    /// Rk of one level.
    pub struct RkRule {
        /// 等级.
        pub level: u8,
        /// Rk where nothing raises it.
        pub default: Decimal,
        /// Rk where a module one grade too low is the sole failure.
        #[serde(default)]
        pub raised: Option<Decimal>,
    }
}

datum! {
    /// 测评单元得分.
    pub struct UnitRule {
        /// Decimals after rounding.
        pub places: u8,
        /// 符合 of a management unit.
        pub conform: Decimal,
        /// 部分符合.
        pub partly: Decimal,
        /// 不符合.
        pub not_conform: Decimal,
    }
}

datum! {
    /// 安全层面得分.
    pub struct LayerRule {
        /// Decimals after rounding.
        pub places: u8,
    }
}

datum! {
    /// 整体得分.
    pub struct TotalRule {
        /// Decimals after rounding.
        pub places: u8,
        /// Full marks.
        pub scale: Decimal,
        /// Marks of the technical group; without shares all layers are weighted together.
        #[serde(default)]
        pub technical_share: Option<Decimal>,
        /// Marks of the management group.
        #[serde(default)]
        pub management_share: Option<Decimal>,
        /// 层面权重.
        pub weight: BTreeMap<LayerId, Decimal>,
    }
}

datum! {
    /// Two indicators that compensate each other, either way.
    pub struct CompensationPair {
        /// Of the network layer.
        pub network: IndicatorId,
        /// Of the application layer.
        pub application: IndicatorId,
    }
}

datum! {
    /// 整体测评的结果修正.
    pub struct CompensationRule {
        /// What part of the other layer's score counts.
        pub factor: Decimal,
        /// Decimals after rounding.
        pub places: u8,
        /// Which indicators.
        pub pair: Vec<CompensationPair>,
    }
}

datum! {
    /// 测评结论.
    pub struct ConclusionRule {
        /// The lowest total of 基本符合.
        pub threshold: Decimal,
        /// The total of 符合.
        pub full: Decimal,
        /// 符合.
        pub conform: Text,
        /// 基本符合.
        pub basically: Text,
        /// 不符合.
        pub not_conform: Text,
    }
}

/// 量化评估规则: one edition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// The form of the file.
    pub schema: Form,
    /// The year it is called by.
    pub edition: Box<str>,
    /// 测评对象.
    pub object: ObjectRule,
    /// Ra by strength; empty in an edition without correction parameters.
    #[serde(default)]
    pub ra: Vec<RaBand>,
    /// Rk by level; empty in an edition without correction parameters.
    #[serde(default)]
    pub rk: Vec<RkRule>,
    /// 测评单元.
    pub unit: UnitRule,
    /// 安全层面.
    pub layer: LayerRule,
    /// 总分.
    pub total: TotalRule,
    /// 整体测评; an edition may give no figure for it.
    #[serde(default)]
    pub compensation: Option<CompensationRule>,
    /// 结论.
    pub conclusion: ConclusionRule,
}

impl Scoring {
    /// Ra of a band of strength.
    pub fn ra(&self, band: &str) -> Option<Decimal> {
        self.ra.iter().find(|entry| &*entry.band == band).map(|entry| entry.value)
    }

    /// Ra of a strength in bits.
    pub fn ra_of_bits(&self, bits: u16) -> Option<Decimal> {
        let holds = |entry: &&RaBand| entry.at_least <= bits && entry.below.is_none_or(|below| bits < below);
        self.ra.iter().find(holds).map(|entry| entry.value)
    }

    /// The Rk rule of a level.
    pub fn rk(&self, level: u8) -> Option<&RkRule> {
        self.rk.iter().find(|rule| rule.level == level)
    }
}
