//! `system.toml` from the disk, with every fault pointed at.

use crate::failure::{Failure, Outcome};
use crate::out::Voice;
use dengmi_core::Date;
use dengmi_core::system::{Expected, Fault, FaultKind, System, Thing, Vocabulary, read};
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

    /// Its folder with links resolved: nothing that a description names is read outside of it.
    pub(crate) fn real_folder(&self, voice: &Voice) -> Outcome<PathBuf> {
        fs::canonicalize(self.folder()).map_err(|error| Failure::file(self.folder(), &error, voice))
    }

    /// What people call the file.
    pub(crate) fn file_name(&self) -> String {
        self.path.file_name().map_or_else(|| "system.toml".into(), |name| name.to_string_lossy().into_owned())
    }
}

/// Reads a file.
pub(crate) fn open(path: &Path, law: &Law, on: Date, voice: &Voice) -> Outcome<Description> {
    let bytes =
        fs::read(path).map_err(|error| Failure::file(path, &error, voice).hint(voice.text("hint-system-toml", &[])))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to().to_string();
        Failure::usage(voice.text("not-utf-8", &[("file", &path.display().to_string()), ("at", &at)]))
    })?;
    let system = parse(&text, law, on).map_err(|faults| {
        let name = path.display().to_string();
        let lines: Vec<String> = faults.iter().map(|fault| fault_text(&name, fault, voice)).collect();
        Failure::usage(lines.join("\n")).hint(voice.text("hint-faults", &[]))
    })?;
    Ok(Description { path: path.into(), text, system })
}

/// Parses a description against the names that the law of that day knows.
pub(crate) fn parse(text: &str, law: &Law, on: Date) -> Result<System, Vec<Fault>> {
    let indicators: Vec<&str> = law
        .baseline(on)
        .map(|baseline| baseline.indicators.iter().map(|indicator| indicator.id.as_str()).collect())
        .unwrap_or_default();
    let items: Vec<&str> =
        law.high_risk(on).map(|guide| guide.item.iter().map(|item| item.id.as_str()).collect()).unwrap_or_default();
    let facts: Vec<&str> = Word::ALL.iter().map(|word| word.text()).collect();
    read(text, &Vocabulary { indicators: &indicators, facts: &facts, items: &items }, Some(on))
}

fn fault_text(file: &str, fault: &Fault, voice: &Voice) -> String {
    let place = format!("{file}:{}:{}", fault.line, fault.column);
    let hint = |nearest: &Option<Box<str>>, known: &[Box<str>]| match nearest {
        Some(near) => voice.text("fault-nearest", &[("name", near)]),
        None => {
            let more = if known.len() > SHOWN { " …" } else { "" };
            let names = known.iter().take(SHOWN).map(|name| &**name).collect::<Vec<_>>().join(", ");
            voice.text("fault-known", &[("names", &(names + more))])
        }
    };
    let what = match &fault.kind {
        FaultKind::Shape(message) => voice.text("fault-shape", &[("message", message)]),
        FaultKind::UnknownKey { name, nearest, known } => {
            format!("{}{}", voice.text("fault-unknown-key", &[("name", name)]), hint(nearest, known))
        }
        FaultKind::MissingKey(name) => voice.text("fault-missing-key", &[("name", name)]),
        FaultKind::Twice { name, first } => voice.text("fault-twice", &[("name", name), ("line", &first.to_string())]),
        FaultKind::Unknown { what, name, nearest, known } => {
            let what = thing(*what, voice);
            if known.is_empty() {
                voice.text("fault-none-known", &[("what", &what), ("name", name)])
            } else {
                let said = voice.text("fault-unknown", &[("what", &what), ("name", name)]);
                format!("{said}{}", hint(nearest, known))
            }
        }
        FaultKind::Range { expected: wanted, found } => {
            voice.text("fault-range", &[("expected", &expected(*wanted, voice)), ("found", found)])
        }
    };
    format!("{place}: {what}")
}

/// How many of the known names a message shows.
const SHOWN: usize = 12;

fn thing(what: Thing, voice: &Voice) -> String {
    let key = match what {
        Thing::Application => "thing-application",
        Thing::Data => "thing-data",
        Thing::Device => "thing-device",
        Thing::End => "thing-end",
        Thing::Fact => "thing-fact",
        Thing::HighRiskItem => "thing-high-risk-item",
        Thing::Indicator => "thing-indicator",
        Thing::Product => "thing-product",
        Thing::ProductOrPlace => "thing-product-or-place",
        Thing::Reuse => "thing-reuse",
        Thing::Room => "thing-room",
        Thing::Subject => "thing-subject",
        Thing::SubjectProductOrKey => "thing-subject-product-or-key",
    };
    voice.text(key, &[])
}

fn expected(expected: Expected, voice: &Voice) -> String {
    let key = match expected {
        Expected::IndicatorAndSubject => "expected-indicator-and-subject",
        Expected::HarmedObject => "expected-harmed-object",
        Expected::Degree => "expected-degree",
        Expected::Level => "expected-level",
        Expected::NotBelowFiled => "expected-not-below-filed",
        Expected::ProductGrade => "expected-product-grade",
        Expected::OrderedDays => "expected-ordered-days",
        Expected::NotInTheFuture => "expected-not-in-the-future",
        Expected::Address => "expected-address",
        Expected::Endpoint => "expected-endpoint",
        Expected::PathInside => "expected-path-inside",
        Expected::RandomSource => "expected-random-source",
    };
    voice.text(key, &[])
}
