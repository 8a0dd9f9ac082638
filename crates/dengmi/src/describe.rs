//! `system.toml` from the disk, with every fault pointed at.

use crate::failure::{Failure, Outcome};
use crate::out::Voice;
use dengmi_core::Date;
use dengmi_core::system::{Fault, FaultKind, System, Vocabulary, read};
use dengmi_judge::determine::Word;
use dengmi_judge::law::Law;
use std::fs;
use std::path::{Path, PathBuf};

/// A description and where it came from.
pub(crate) struct Description {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) system: System,
}

impl Description {
    /// The folder that paths in the file are relative to.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// What people call the file.
    pub(crate) fn file_name(&self) -> String {
        self.path.file_name().map_or_else(|| "system.toml".into(), |name| name.to_string_lossy().into_owned())
    }
}

/// Reads a file.
pub(crate) fn open(path: &Path, law: &Law, on: Date, voice: &Voice) -> Outcome<Description> {
    let bytes = fs::read(path).map_err(|error| {
        Failure::usage(format!("{}: {error}", path.display())).hint(voice.text("hint-system-toml", &[]))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Failure::usage(voice.text("not-utf-8", &[("file", &path.display().to_string()), ("at", &error.utf8_error().valid_up_to().to_string())])))?;
    let system = parse(&text, law, on).map_err(|faults| {
        let name = path.display().to_string();
        let lines: Vec<String> = faults.iter().map(|fault| fault_text(&name, fault, voice)).collect();
        Failure::usage(lines.join("\n"))
    })?;
    Ok(Description { path: path.into(), text, system })
}

/// Parses a description against the names that the law of that day knows.
pub(crate) fn parse(text: &str, law: &Law, on: Date) -> Result<System, Vec<Fault>> {
    let indicators: Vec<&str> =
        law.baseline(on).map(|baseline| baseline.indicators.iter().map(|indicator| indicator.id.as_str()).collect()).unwrap_or_default();
    let items: Vec<&str> = law.high_risk(on).map(|guide| guide.item.iter().map(|item| item.id.as_str()).collect()).unwrap_or_default();
    let facts: Vec<&str> = Word::ALL.iter().map(|word| word.text()).collect();
    read(text, &Vocabulary { indicators: &indicators, facts: &facts, items: &items }, Some(on))
}

fn fault_text(file: &str, fault: &Fault, voice: &Voice) -> String {
    let place = format!("{file}:{}:{}", fault.line, fault.column);
    let what = match &fault.kind {
        FaultKind::Shape(message) => message.to_string(),
        FaultKind::Twice { name, first } => voice.text("fault-twice", &[("name", name), ("line", &first.to_string())]),
        FaultKind::Unknown { what, name, nearest, known } => {
            let known = known.iter().take(12).map(|name| &**name).collect::<Vec<_>>().join(", ");
            let said = voice.text("fault-unknown", &[("what", what), ("name", name)]);
            let hint = match nearest {
                Some(near) => voice.text("fault-nearest", &[("name", near)]),
                None if known.is_empty() => voice.text("fault-none-known", &[("what", what)]),
                None => voice.text("fault-known", &[("names", &known)]),
            };
            format!("{said}; {hint}")
        }
        FaultKind::Range { expected, found } => voice.text("fault-range", &[("expected", expected), ("found", found)]),
    };
    format!("{place}: {what}")
}
