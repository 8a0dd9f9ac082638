//! Every text for people, in Chinese and English, from one TOML file a room under `texts/`.
//!
//! Rooms whose keys are fixed by the program (`report.toml`) are structs: a field nobody reads is a warning of the compiler, a
//! key that is no field is refused. Rooms whose keys are the judge's words are maps that a test compares with those words.
//! `cli.toml` is open for commands: [`Texts::cli`] looks up a key, which has a line to itself, and a test finds keys that no source
//! file asks for.

mod duties;
pub(crate) mod judge;
mod remediation;
mod report;

pub(crate) use duties::DutyTexts;
pub(crate) use judge::JudgeTexts;
pub(crate) use remediation::Remedy;
pub(crate) use report::{ReportTexts, RiskTexts};

use crate::failure::Exit;
use dengmi_core::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

/// The files, as they were when the program was built.
const JUDGE: &str = include_str!("../../texts/judge.toml");
const REPORT: &str = include_str!("../../texts/report.toml");
const RISKS: &str = include_str!("../../texts/risks.toml");
const REMEDIATION: &str = include_str!("../../texts/remediation.toml");
const DUTIES: &str = include_str!("../../texts/duties.toml");
const CLI: &str = include_str!("../../texts/cli.toml");

/// The language that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    /// 中文.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// A flag (`zh`, `en`) decides; else the first of `environment` that is set and not empty, which the caller gives in the
    /// order of POSIX: `LC_ALL`, `LC_MESSAGES`, `LANG`. Everything that does not say Chinese is English.
    pub(crate) fn choose<'v>(flag: Option<Lang>, environment: impl IntoIterator<Item = Option<&'v str>>) -> Lang {
        flag.unwrap_or_else(|| {
            let first = environment.into_iter().flatten().find(|value| !value.is_empty());
            if first.is_some_and(|value| value.to_ascii_lowercase().starts_with("zh")) { Lang::Zh } else { Lang::En }
        })
    }

    /// `zh` or `en`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }

    /// This language's half of a text.
    pub(crate) fn of(self, text: &Text) -> &str {
        match self {
            Lang::Zh => &text.zh,
            Lang::En => &text.en,
        }
    }
}

/// All rooms. Each is read when something of it is said first: most commands say little, and reading all of them takes longer
/// than probing a server.
#[derive(Debug)]
pub(crate) struct Texts {
    /// Words, predicates, outcomes.
    pub(crate) judge: LazyLock<JudgeTexts>,
    /// Headings and sentences of the report.
    pub(crate) report: LazyLock<ReportTexts>,
    /// States of high-risk items.
    pub(crate) risks: LazyLock<RiskTexts>,
    /// Steps that mend a finding, by the name of the remedy.
    pub(crate) remedies: LazyLock<BTreeMap<Box<str>, Remedy>>,
    /// Words of the register of law.
    pub(crate) duties: LazyLock<DutyTexts>,
    /// What stands behind each key of `cli.toml`, a line each.
    cli: LazyLock<BTreeMap<&'static str, &'static str>>,
}

impl Texts {
    /// The files that the program was built with.
    pub(crate) fn new() -> Texts {
        Texts {
            judge: LazyLock::new(|| read("judge.toml", JUDGE)),
            report: LazyLock::new(|| read("report.toml", REPORT)),
            risks: LazyLock::new(|| read("risks.toml", RISKS)),
            remedies: LazyLock::new(|| read("remediation.toml", REMEDIATION)),
            duties: LazyLock::new(|| read("duties.toml", DUTIES)),
            cli: LazyLock::new(|| CLI.lines().filter_map(|line| line.split_once(" = ")).collect()),
        }
    }

    /// A text of the commands with its places filled; an unknown key shows itself.
    pub(crate) fn cli(&self, key: &str, values: &[(&str, Text)]) -> Text {
        let text = self.cli.get(key).and_then(|value| {
            let value = toml::de::ValueDeserializer::parse(value).ok()?;
            Text::deserialize(value).ok()
        });
        text.map_or_else(|| same(key), |text| fill(&text, values))
    }
}

/// A file that the program was built with. A damaged one, which tests rule out, ends the program: nothing could be said.
pub(crate) fn read<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|fault| {
        let _ = writeln!(anstream::stderr(), "error: texts/{file}: {fault}");
        std::process::exit(Exit::NotFinished as i32)
    })
}

/// A text that is the same in both languages, such as a name.
pub(crate) fn same(text: &str) -> Text {
    Text { zh: text.into(), en: text.into() }
}

/// Two texts side by side.
pub(crate) fn pair(zh: impl Into<Box<str>>, en: impl Into<Box<str>>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

/// Joins texts as a list of each language: `甲、乙` and `one, two`.
pub(crate) fn list(texts: impl IntoIterator<Item = Text>) -> Text {
    join(texts, "、", ", ")
}

/// Joins texts with a separator of each language.
pub(crate) fn join(texts: impl IntoIterator<Item = Text>, zh: &str, en: &str) -> Text {
    let (all_zh, all_en): (Vec<Box<str>>, Vec<Box<str>>) = texts.into_iter().map(|text| (text.zh, text.en)).unzip();
    pair(all_zh.join(zh), all_en.join(en))
}

/// Puts values into the places of a text: `{subject}` becomes the value of that name. What was put in is not read again, so
/// that a hostile name cannot name a place.
pub(crate) fn fill(text: &Text, values: &[(&str, Text)]) -> Text {
    let zh = fill_one(&text.zh, |name| values.iter().find(|(key, _)| *key == name).map(|(_, value)| &*value.zh));
    let en = fill_one(&text.en, |name| values.iter().find(|(key, _)| *key == name).map(|(_, value)| &*value.en));
    pair(zh, en)
}

/// As [`fill`], for one language or for a text without any, such as a configuration.
pub(crate) fn fill_one<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let place = after.split_once('}').filter(|(name, _)| is_place(name));
        match place.and_then(|(name, after)| value(name).map(|value| (value, after))) {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_place(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// The word of a value as it stands in files: `not-conform`, `tool-test`.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
