//! The rules as data: texts with their days, suites of tests by the length of a sample, what products do at a stage.

use crate::catalogue::{Edition, Kind, Test};
use crate::nist::aperiodic_templates;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The rules that this library was built with: `law/randomness/rules.toml`.
pub const BUILT_IN: &str = include_str!("../../../law/randomness/rules.toml");

/// All rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Form of the file: 1.
    pub schema: u32,
    /// What keys of `source` stand for.
    pub sources: BTreeMap<String, String>,
    /// Standards.
    #[serde(rename = "text")]
    pub texts: Vec<Standard>,
    /// Suites of tests.
    #[serde(rename = "suite")]
    pub suites: Vec<Suite>,
    /// Stages of products.
    #[serde(rename = "product")]
    pub products: Vec<Product>,
}

/// Two languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// How well a datum is known; `law/README.md`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Two or more independent sources.
    Confirmed,
    /// One source.
    Single,
    /// A recollection.
    Memory,
}

impl Confidence {
    /// The word of the file.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Confirmed => "confirmed",
            Confidence::Single => "single",
            Confidence::Memory => "memory",
        }
    }
}

/// How a text is known.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Read {
    /// The text itself.
    Read,
    /// Through those who implement it.
    ThroughImplementations,
    /// Not at all.
    NotRead,
}

/// A standard and its days.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Its name here.
    pub id: String,
    /// Its number.
    pub number: String,
    /// Title in Chinese.
    pub zh: String,
    /// Title in English.
    pub en: String,
    /// First day; absent when it is not known.
    pub from: Option<toml::value::Datetime>,
    /// First day on which it is in force no more, or `"open"`.
    pub to: toml::Value,
    /// What took its place.
    pub replaced_by: Option<String>,
    /// How its text is known.
    pub read: Read,
    /// Keys of the sources.
    pub source: Vec<String>,
    /// How well this is known.
    pub confidence: Confidence,
    /// What a reader should know.
    pub note: Option<Note>,
}

impl Standard {
    /// Whether it is in force on a day, written `2026-11-30`. An unknown first day lies before all days.
    pub fn in_force(&self, day: &str) -> bool {
        let begun = self.from.is_none_or(|from| from.to_string().as_str() <= day);
        begun && self.to.as_datetime().is_none_or(|to| day < to.to_string().as_str())
    }
}

/// Tests and bounds of one text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Its name on the command line.
    pub id: String,
    /// The text that it follows.
    pub text: String,
    /// Formulas.
    pub formulas: Edition,
    /// Samples of a whole group.
    pub group: usize,
    /// A sample passes a statistic when P is at least this.
    pub alpha: f64,
    /// The group passes a statistic when the uniformity of its Q-values has at least this probability; absent: not judged.
    pub uniformity: Option<f64>,
    /// Where the text says so.
    #[serde(default)]
    pub clauses: Clauses,
    /// Keys of the sources.
    pub source: Vec<String>,
    /// How well this is known.
    pub confidence: Confidence,
    /// By the length of samples, ascending.
    #[serde(rename = "length")]
    pub lengths: Vec<Length>,
}

/// Clauses of the verdict; empty when they are not known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clauses {
    /// How many samples must pass.
    pub passing: String,
    /// Uniformity.
    pub uniformity: String,
}

/// Tests for samples of a length.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Length {
    /// Bits of a sample.
    pub bits: usize,
    tests: Vec<Test>,
    all_templates: Option<u32>,
    #[serde(default)]
    all_states: bool,
    /// Keys of the sources.
    pub source: Vec<String>,
    /// How well this is known.
    pub confidence: Confidence,
    /// What a reader should know.
    pub note: Option<Note>,
}

impl Length {
    /// The statistics, in order.
    pub fn tests(&self) -> Vec<Test> {
        let templates = self.all_templates.map(|length| {
            aperiodic_templates(length).filter_map(move |template| {
                Test::new(Kind::NonOverlappingTemplate, &[length.into(), template.into()]).ok()
            })
        });
        let states = |kind: Kind, most: i64| (-most..=most).filter_map(move |state| Test::new(kind, &[state]).ok());
        let excursions = states(Kind::RandomExcursions, 4).chain(states(Kind::RandomExcursionsVariant, 9));
        let excursions = excursions.filter(|_| self.all_states);
        self.tests.iter().copied().chain(templates.into_iter().flatten()).chain(excursions).collect()
    }
}

/// What products of a class do at a stage.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Classes A to E.
    pub classes: Vec<String>,
    /// The stage.
    pub stage: Stage,
    /// Samples of a group.
    pub samples: usize,
    /// Bits of a sample.
    pub bits: usize,
    /// Instead of all tests for that length.
    pub tests: Option<Vec<Test>>,
    /// So many failed samples raise the alarm; absent: judged as the suite says.
    pub alarm: Option<usize>,
    /// Keys of the sources.
    pub source: Vec<String>,
    /// How well this is known.
    pub confidence: Confidence,
    /// Which field is known otherwise.
    #[serde(default)]
    pub confidence_by_field: BTreeMap<String, Confidence>,
    /// What a reader should know.
    pub note: Option<Note>,
}

/// When a product tests itself, or is tested.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// 送样 a sample for the centre.
    Sample,
    /// 出厂 at delivery.
    Delivery,
    /// 上电 at power-on.
    PowerOn,
    /// 使用 in use, from time to time.
    Periodic,
    /// 使用 each use.
    SingleUse,
}

impl Rules {
    /// Reads rules.
    ///
    /// # Errors
    /// What is wrong in the file, with its line.
    pub fn read(text: &str) -> Result<Rules, toml::de::Error> {
        toml::from_str(text)
    }

    /// A suite by its name.
    pub fn suite(&self, id: &str) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.id == id)
    }

    /// A text by its name.
    pub fn text(&self, id: &str) -> Option<&Standard> {
        self.texts.iter().find(|text| text.id == id)
    }
}

impl Suite {
    /// The tests for samples of so many bits: those of the longest length that is not longer.
    pub fn length(&self, bits: usize) -> Option<&Length> {
        self.lengths.iter().rev().find(|length| length.bits <= bits)
    }
}
