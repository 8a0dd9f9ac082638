//! `remediation.toml`: steps that mend a finding.

use dengmi_core::Text;
use serde::Deserialize;

/// What mends one kind of finding. Places such as `{subject}` are filled by the report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remedy {
    /// What is wrong, in a line.
    pub(crate) problem: Text,
    /// What to do, in a line.
    pub(crate) fix: Text,
    /// What to do, step by step.
    pub(crate) steps: Vec<Text>,
    /// A configuration that does it, with places.
    #[serde(default)]
    pub(crate) example: Option<Box<str>>,
}
