//! Files of vectors: `vectors/algorithms/*.json`, whose form is `schema.json` beside them.

use super::Fields;
use dengmi_core::Text;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Tests, and what their flags mean.
#[derive(Debug, Default)]
pub struct Vectors {
    /// Each operation with its tests, in the order of the files.
    pub groups: Vec<(String, Vec<Test>)>,
    /// Flags by name.
    pub notes: BTreeMap<String, Note>,
}

/// One question and what is right to answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Test {
    /// The number in its file.
    pub tc_id: u64,
    /// What is special, in a few words.
    pub comment: String,
    /// Names of notes.
    pub flags: Vec<String>,
    /// The values to ask with.
    #[serde(deserialize_with = "fields")]
    pub input: Fields,
    /// What comes out; for `sm2-sign` and `sm2-encrypt` the key that checks it.
    #[serde(default, deserialize_with = "fields")]
    pub output: Fields,
    /// Which answer is right.
    pub result: Expected,
    /// Where the numbers come from.
    pub source: String,
    /// How far to trust them.
    pub confidence: String,
}

/// Which answer is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// It must be computed, or taken.
    Valid,
    /// It must be refused.
    Invalid,
    /// Either will do; what is computed must be right.
    Acceptable,
}

/// What a flag means.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Note {
    /// The kind of fault, in the words of Wycheproof.
    pub bug_type: String,
    /// The danger when the test fails.
    pub description: Text,
    /// The clause that asks for it, or `-`.
    pub source: String,
    /// How far to trust that.
    pub confidence: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    #[serde(rename = "algorithm")]
    _algorithm: String,
    #[serde(rename = "schema")]
    _schema: String,
    #[serde(rename = "numberOfTests")]
    _number_of_tests: u64,
    notes: BTreeMap<String, Note>,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    operation: String,
    tests: Vec<Test>,
}

impl Vectors {
    /// Adds a file.
    ///
    /// # Errors
    /// With line and column, when the text does not have the form.
    pub fn read(&mut self, text: &str) -> Result<(), serde_json::Error> {
        let file: File = serde_json::from_str(text)?;
        self.notes.extend(file.notes);
        self.groups.extend(file.test_groups.into_iter().map(|group| (group.operation, group.tests)));
        Ok(())
    }
}

fn fields<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
    let read = |(name, value): (String, String)| match hex::decode(&value) {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => Err(serde::de::Error::custom(format!("{name}: expected hexadecimal digits: {error}"))),
    };
    texts.into_iter().map(read).collect()
}
