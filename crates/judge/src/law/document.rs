//! One TOML text of a pack, with places.

use super::{LawDefect, defect::Fault};
use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A step from a table or list to what is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Key(&'static str),
    Nth(usize),
}

pub(crate) struct Document<'p> {
    pub(crate) file: &'p str,
    text: &'p str,
    /// Lines of the file before the text.
    lines_before: u32,
    tree: Spanned<DeTable<'p>>,
}

impl<'p> Document<'p> {
    pub(crate) fn parse(file: &'p str, text: &'p str, lines_before: u32) -> Result<Self, LawDefect> {
        match DeTable::parse(text) {
            Ok(tree) => Ok(Document { file, text, lines_before, tree }),
            Err(error) => Err(LawDefect {
                file: file.into(),
                line: lines_before + line_of(text, error.span().map_or(0, |span| span.start)),
                clause: "".into(),
                fault: Fault::Shape(error.message().into()),
            }),
        }
    }

    /// The text as a `T`; a wrong key, type or missing field is a defect of the nearest datum.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, LawDefect> {
        toml::from_str(self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let mut names = Vec::new();
            name_at(self.tree.get_ref(), offset, &mut names);
            self.at(offset, &names, Fault::Shape(error.message().into()))
        })
    }

    /// A defect at the end of this path, or as near to it as the text goes.
    pub(crate) fn defect(&self, path: &[Step], fault: Fault) -> LawDefect {
        let mut offset = self.tree.span().start;
        let mut names = Vec::new();
        let mut table = Some(self.tree.get_ref());
        let mut value: Option<&Spanned<DeValue<'_>>> = None;
        names.extend(table.and_then(name_of));
        for step in path {
            let next = match step {
                Step::Key(key) => table.and_then(|table| table.get(*key)),
                Step::Nth(number) => value.and_then(|value| value.get_ref().get(*number)),
            };
            let Some(next) = next else { break };
            offset = next.span().start;
            value = Some(next);
            table = next.get_ref().as_table();
            names.extend(table.and_then(name_of));
        }
        self.at(offset, &names, fault)
    }

    fn at(&self, offset: usize, names: &[String], fault: Fault) -> LawDefect {
        LawDefect {
            file: self.file.into(),
            line: self.lines_before + line_of(self.text, offset),
            clause: names.join(" / ").into(),
            fault,
        }
    }

    /// Checks what every datum of every file owes, wherever it stands: both languages written, sources that resolve.
    pub(crate) fn check_data(&self, sources: &dyn Fn(&str) -> bool, defects: &mut Vec<LawDefect>) {
        let mut names = Vec::new();
        self.check_table(self.tree.get_ref(), sources, &mut names, defects);
    }

    fn check_table(
        &self,
        table: &DeTable<'_>,
        sources: &dyn Fn(&str) -> bool,
        names: &mut Vec<String>,
        defects: &mut Vec<LawDefect>,
    ) {
        let depth = names.len();
        names.extend(name_of(table));
        for (key, value) in table {
            let offset = value.span().start;
            match (&**key.get_ref(), value.get_ref()) {
                (language @ ("zh" | "en"), DeValue::String(text)) => {
                    let chinese = text.chars().any(|letter| matches!(letter, '\u{4e00}'..='\u{9fff}'));
                    let latin = text.chars().any(|letter| letter.is_ascii_alphabetic());
                    // A Chinese name may be all Latin letters (`TLS 1.2`), an English text has no Chinese sentence in it.
                    let written = if language == "zh" { chinese || latin } else { latin && !chinese };
                    if text.trim().is_empty() || !written {
                        defects.push(self.at(offset, names, Fault::Language(language.into())));
                    }
                }
                ("source", DeValue::Array(keys)) => {
                    if keys.is_empty() {
                        defects.push(self.at(offset, names, Fault::NoSource));
                    }
                    for key in keys.iter() {
                        if let Some(name) = key.get_ref().as_str().filter(|name| !sources(name)) {
                            defects.push(self.at(key.span().start, names, Fault::UnknownSource(name.into())));
                        }
                    }
                }
                (_, value) => self.check_value(value, sources, names, defects),
            }
        }
        names.truncate(depth);
    }

    fn check_value(
        &self,
        value: &DeValue<'_>,
        sources: &dyn Fn(&str) -> bool,
        names: &mut Vec<String>,
        defects: &mut Vec<LawDefect>,
    ) {
        match value {
            DeValue::Table(table) => self.check_table(table, sources, names, defects),
            DeValue::Array(list) => {
                for value in list.iter() {
                    self.check_value(value.get_ref(), sources, names, defects);
                }
            }
            _ => {}
        }
    }
}

/// The name of a datum: its `id` and its `clause` numbers, whichever it has.
fn name_of(table: &DeTable<'_>) -> Option<String> {
    let id = table.get("id").and_then(|id| id.get_ref().as_str());
    let clause = table.get("clause").map(|clause| match clause.get_ref() {
        DeValue::Array(list) => {
            let numbers: Vec<&str> = list
                .iter()
                .filter_map(|number| number.get_ref().as_str())
                .filter(|number| !number.is_empty())
                .collect();
            numbers.join(", ")
        }
        clause => clause.as_str().unwrap_or_default().into(),
    });
    match (id, clause) {
        (Some(id), Some(clause)) if !clause.is_empty() => Some(format!("{id} {clause}")),
        (Some(id), _) => Some(id.into()),
        (None, clause) => clause.filter(|clause| !clause.is_empty()),
    }
}

/// Names of the tables that hold this byte, from the outside in: of all inner tables, the last that begins before it.
fn name_at(table: &DeTable<'_>, offset: usize, names: &mut Vec<String>) {
    names.extend(name_of(table));
    let inner = table
        .values()
        .flat_map(|value| match value.get_ref() {
            DeValue::Array(list) => list.iter().collect(),
            _ => vec![value],
        })
        .filter(|value| value.span().start <= offset)
        .filter_map(|value| Some((value.span().start, value.get_ref().as_table()?)))
        .max_by_key(|(start, _)| *start);
    if let Some((_, table)) = inner {
        name_at(table, offset, names);
    }
}

fn line_of(text: &str, offset: usize) -> u32 {
    let lines = text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
}
