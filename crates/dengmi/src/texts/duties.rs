//! `duties.toml`: what the register's words are called.

use super::{same, word};
use dengmi_core::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

type Table = BTreeMap<Box<str>, Text>;

/// The texts by the register's own words.
#[derive(Debug, Deserialize)]
pub(crate) struct DutyTexts(BTreeMap<Box<str>, Table>);

impl DutyTexts {
    /// The text of a word of a set; one that is missing shows itself.
    pub(crate) fn of<T: Serialize>(&self, set: &str, value: &T) -> Text {
        let word = word(value);
        self.0.get(set).and_then(|table| table.get(&*word)).cloned().unwrap_or_else(|| same(&word))
    }

    #[cfg(test)]
    pub(super) fn sets(&self) -> &BTreeMap<Box<str>, Table> {
        &self.0
    }
}
