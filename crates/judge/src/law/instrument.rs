//! `instrument.toml`: what an instrument is and when it is in force.

use super::datum::{Form, InForce, datum, day, end};
use dengmi_core::{Date, Text};
use std::collections::BTreeMap;

/// 文件种类.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstrumentKind {
    /// 国家标准.
    NationalStandard,
    /// 部门规章、规范性文件.
    DepartmentalRule,
    /// 政策文件、函.
    Policy,
    /// 密评联委会文件.
    CommitteeRule,
    /// 测评实践 (FAQ editions, public records).
    Practice,
    /// A table that this project made from other sources.
    Table,
}

datum! {
    /// 法规、标准、规则或实践: one folder under `law/`.
    pub struct Instrument {
        /// The form of the file.
        pub schema: Form,
        /// The folder's name.
        pub id: Box<str>,
        /// The official number, or the title where there is none.
        pub number: Box<str>,
        /// What kind of document it is.
        pub kind: InstrumentKind,
        /// The chain of editions it belongs to.
        pub series: Box<str>,
        /// 发布单位.
        pub issuer: Text,
        /// 发布日期.
        #[serde(deserialize_with = "day")]
        pub published: Date,
        /// 施行日期.
        #[serde(deserialize_with = "day")]
        pub from: Date,
        /// The first day on which it is in force no more; `None` is open.
        #[serde(deserialize_with = "end")]
        pub to: Option<Date>,
        /// The instrument that took its place on `to`.
        #[serde(default)]
        pub replaced_by: Option<Box<str>>,
        /// When somebody last looked whether it is still in force.
        #[serde(deserialize_with = "day")]
        pub last_checked: Date,
        /// What a reader must know besides.
        #[serde(default)]
        pub note: Option<Text>,
        /// Source keys and what they stand for.
        pub sources: BTreeMap<Box<str>, Box<str>>,
    }
}

impl Instrument {
    /// Its days.
    pub fn in_force(&self) -> InForce {
        InForce { from: self.from, to: self.to }
    }
}
