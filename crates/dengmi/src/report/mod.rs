//! The report of an assessment: a page, canonical JSON, and the chain of reasons as text.
//!
//! Everything is rendered from values: no clock, no disk, no environment. A report adds no fact; it orders what the judge
//! found, says it in Chinese and English, and names the steps that mend it.

mod chart;
mod finding;
pub(crate) mod html;
mod json;
mod page;
mod say;
mod why;

pub(crate) use finding::problems;
pub(crate) use json::report_json;
pub(crate) use page::report_html;
pub(crate) use why::why_text;

use crate::texts::Texts;
use dengmi_core::system::System;
use dengmi_core::{EntryNumber, Observation, Sm3Digest, UtcDateTime};
use dengmi_judge::assess::Assessment;
use dengmi_judge::law::Law;
use std::collections::BTreeMap;

/// Everything that a report is made of.
pub(crate) struct Input<'a> {
    /// What the judge found.
    pub(crate) assessment: &'a Assessment,
    /// What was described.
    pub(crate) system: &'a System,
    /// The law that judged.
    pub(crate) law: &'a Law,
    /// The digest of the law's files, with the name of its algorithm: `sm3:…`.
    pub(crate) law_digest: &'a str,
    /// What the law asks of the system on the day; `None` where only determinations are told.
    pub(crate) duties: Option<&'a crate::duties::Memo<'a>>,
    /// The texts of both languages.
    pub(crate) texts: &'a Texts,
    /// The case that it stands on; `None` for a judgement without a case.
    pub(crate) case: Option<CaseHead>,
    /// The entries that verdicts cite ([`Assessment::entries`]) and every document that was handed in. Others may be left out.
    pub(crate) evidence: &'a BTreeMap<EntryNumber, Observation>,
    /// When the report is made.
    pub(crate) generated_at: UtcDateTime,
    /// Program and version: `dengmi 0.1.0`.
    pub(crate) tool: &'a str,
}

/// The head of a case: whoever holds it can tell whether entries were rewritten.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct CaseHead {
    /// The file's name, without its folder.
    pub(crate) file: Box<str>,
    /// How many entries.
    pub(crate) entries: u64,
    /// The link of the last.
    pub(crate) link: Sm3Digest,
    /// Whether a seal stands beside it.
    pub(crate) sealed: bool,
}

#[cfg(test)]
mod tests;
