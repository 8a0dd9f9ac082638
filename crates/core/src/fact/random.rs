use crate::Sha256Digest;
use serde::{Deserialize, Serialize};

/// What the randomness tests made of a source. They can show that a source is bad, never that it is good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomTests {
    /// As the description spells it.
    pub source: Box<str>,
    /// The text whose tests these are: `GM/T 0005-2021`.
    pub text: Box<str>,
    /// The level of significance, as it is written.
    pub alpha: Box<str>,
    /// Bits of a sample.
    pub bits: u64,
    /// Samples that were tested.
    pub samples: u64,
    /// Samples of the text's group. Of fewer the verdict is weak.
    pub group: u64,
    /// Bits at the ends of files that make no whole sample.
    pub left_over: u64,
    /// `raw`, `bits` or `hex`.
    pub form: Box<str>,
    /// `msb` or `lsb`.
    pub order: Box<str>,
    /// One a statistic.
    pub statistics: Vec<RandomStatistic>,
    /// Whether all statistics pass.
    pub passes: bool,
    /// How often a perfect source would not pass as many samples and statistics, as a part of 1 with four digits.
    pub false_alarm: Box<str>,
    /// What was read: one a file.
    pub read: Vec<RandomBytes>,
}

/// One statistic over all samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomStatistic {
    /// `overlapping_1,m=3`
    pub name: Box<str>,
    /// Samples that passed.
    pub passed: u64,
    /// Samples that must.
    pub needed: u64,
    /// How many Q-values lie in each tenth from 0 to 1.
    pub q: Vec<u64>,
    /// P of a single sample, with six digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<Box<str>>,
    /// P of their uniformity, with six digits; none of a few samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uniformity: Option<Box<str>>,
    /// Whether it passes.
    pub passes: bool,
}

/// Bytes that were read of one file or device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomBytes {
    /// The file's name, or the source.
    pub name: Box<str>,
    /// How many.
    pub size: u64,
    /// Their digest.
    pub sha256: Sha256Digest,
    /// Whether they are kept in the case. More than 16 MiB of a source are not: the digest tells whether bytes are the same.
    pub kept: bool,
}

impl RandomTests {
    /// Statistics that fail.
    pub fn failing(&self) -> Vec<&str> {
        self.statistics.iter().filter(|one| !one.passes).map(|one| &*one.name).collect()
    }
}
