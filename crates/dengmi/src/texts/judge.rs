//! `judge.toml`: what the judge's words are called, asked and answered.

use super::{list, same, word};
use dengmi_core::{StatedValue, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fact: what it is called and how one asks for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WordText {
    /// A short name.
    pub(crate) label: Text,
    /// The question to whoever can answer.
    pub(crate) question: Text,
}

/// A predicate: what it asks and what each answer says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredicateText {
    /// The question.
    pub(crate) asks: Text,
    /// It holds.
    pub(crate) yes: Text,
    /// It does not.
    pub(crate) no: Text,
    /// Nobody knows.
    pub(crate) unknown: Text,
}

type Table = BTreeMap<Box<str>, Text>;

/// The texts by the judge's own words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JudgeTexts {
    /// Facts.
    pub(crate) word: BTreeMap<Box<str>, WordText>,
    /// Predicates.
    pub(crate) predicate: BTreeMap<Box<str>, PredicateText>,
    /// `all`, `any`, `none`, `unless`.
    pub(crate) combination: Table,
    /// What a person must look at.
    pub(crate) doubt: Table,
    /// How a doubt binds.
    pub(crate) bind: Table,
    /// Results.
    pub(crate) outcome: Table,
    /// D, A, K.
    pub(crate) mark: Table,
    /// Yes, no, unknown.
    pub(crate) truth: Table,
    /// 适用性.
    pub(crate) applicability: Table,
    /// 风险等级.
    pub(crate) severity: Table,
    /// States of a high-risk item.
    pub(crate) risk: Table,
    /// 可、宜、应.
    pub(crate) modal: Table,
    /// Who can answer.
    pub(crate) answerer: Table,
    /// 取证方式.
    pub(crate) method: Table,
    /// 观测范围.
    pub(crate) reach: Table,
    /// Kinds of subjects.
    pub(crate) subject: Table,
    /// Groups of layers.
    pub(crate) group: Table,
    /// How far a datum of the law is trusted.
    pub(crate) confidence: Table,
    /// Values of facts.
    value: Table,
}

/// The text of a word in a table; one that is missing shows itself.
pub(crate) fn of<T: Serialize>(table: &Table, value: &T) -> Text {
    let word = word(value);
    table.get(&*word).cloned().unwrap_or_else(|| same(&word))
}

impl JudgeTexts {
    /// What a fact's value is called: words that have a text get it, everything else stands as it is.
    pub(crate) fn value(&self, value: &StatedValue) -> Text {
        match value {
            StatedValue::Truth(true) => of(&self.truth, &"yes"),
            StatedValue::Truth(false) => of(&self.truth, &"no"),
            StatedValue::Number(number) => same(&number.to_string()),
            StatedValue::Word(word) => self.value_word(word),
            StatedValue::Words(words) => list(words.iter().map(|word| self.value_word(word))),
        }
    }

    fn value_word(&self, word: &str) -> Text {
        let found = [&self.value, &self.method, &self.reach].into_iter().find_map(|table| table.get(word));
        found.cloned().unwrap_or_else(|| same(word))
    }

    /// What a fact is called.
    pub(crate) fn label(&self, word: &str) -> Text {
        self.word.get(word).map_or_else(|| same(word), |text| text.label.clone())
    }
}
