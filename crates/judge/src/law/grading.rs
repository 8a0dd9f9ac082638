//! `grading.toml`: from harmed object and degree to the level.

use super::datum::{Form, datum, some_day};
use dengmi_core::{Date, Text};
use serde::Deserialize;

datum! {
    /// 受侵害的客体 or 侵害程度.
    pub struct Answer {
        /// Such as `citizens` or `severe`.
        pub id: Box<str>,
    }
}

datum! {
    /// One cell of the matrix.
    pub struct Cell {
        /// 受侵害的客体.
        pub object: Box<str>,
        /// 侵害程度.
        pub degree: Box<str>,
        /// 等级, 1 to 5.
        pub level: u8,
        /// What a reader must know besides.
        #[serde(default)]
        pub note: Option<Text>,
    }
}

datum! {
    /// A cell that another document fills differently. It is shown, it never decides.
    pub struct Variant {
        /// The other document.
        pub id: Box<str>,
        /// 受侵害的客体.
        pub object: Box<str>,
        /// 侵害程度.
        pub degree: Box<str>,
        /// Its level.
        pub level: u8,
    }
}

datum! {
    /// How two grades make one level.
    pub struct FinalRule {
        /// How both are written together, such as `S{business}A{service}G{final}`.
        #[serde(default)]
        pub notation: Option<Box<str>>,
    }
}

datum! {
    /// The name of a level.
    pub struct LevelName {
        /// 1 to 5.
        pub level: u8,
    }
}

datum! {
    /// A step on the way to the final level, and who does it.
    pub struct Step {
        /// Its place, from 1.
        pub order: u8,
        /// Levels that need it.
        pub levels: Vec<u8>,
        /// Who does it.
        pub who: Text,
    }
}

datum! {
    /// What changed against an earlier edition.
    pub struct Difference {
        /// The earlier instrument.
        pub from_edition: Box<str>,
    }
}

/// 定级指南: one edition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grading {
    /// The form of the file.
    pub schema: Form,
    /// Its own first day, where it is not the instrument's.
    #[serde(default, deserialize_with = "some_day")]
    pub from: Option<Date>,
    /// Its own last day, where it is not the instrument's.
    #[serde(default, deserialize_with = "some_day")]
    pub to: Option<Date>,
    /// 受侵害的客体.
    pub object: Vec<Answer>,
    /// 侵害程度.
    pub degree: Vec<Answer>,
    /// The matrix.
    pub cell: Vec<Cell>,
    /// What others print.
    #[serde(default)]
    pub variant: Vec<Variant>,
    /// Two grades, one level.
    #[serde(rename = "final")]
    pub final_rule: FinalRule,
    /// Names of the levels.
    pub level: Vec<LevelName>,
    /// The way to the final level.
    pub step: Vec<Step>,
    /// What changed against an earlier edition.
    #[serde(default)]
    pub difference: Vec<Difference>,
}

impl Grading {
    /// The cell of one harmed object and degree.
    pub fn cell(&self, object: &str, degree: &str) -> Option<&Cell> {
        self.cell.iter().find(|cell| &*cell.object == object && &*cell.degree == degree)
    }
}
