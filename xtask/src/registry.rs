//! Reads `registry/*.toml`. Every complaint names file and line, and what would be accepted.

use anyhow::{Context, Result, anyhow, bail};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use toml::{Table, Value};

/// The files of `registry/`, by stem.
pub(crate) type Files = BTreeMap<String, String>;

/// The files that there must be, and what their rows are headed.
const FILES: [(&str, &[&str]); 11] = [
    ("algorithms", &["algorithm"]),
    ("groups", &["group"]),
    ("ike", &["attribute", "vendor"]),
    ("libraries", &["name"]),
    ("oids", &["oid"]),
    ("schemes", &["scheme"]),
    ("sgd", &["sgd"]),
    ("sources", &["sources"]),
    ("ssh", &["ssh"]),
    ("suites", &["suite", "ssl2_kind"]),
    ("versions", &["version"]),
];

pub(crate) fn read(root: &Path) -> Result<Files> {
    FILES
        .into_iter()
        .map(|(stem, _)| {
            let path = root.join("registry").join(stem).with_extension("toml");
            Ok((stem.to_owned(), fs::read_to_string(&path).with_context(|| path.display().to_string())?))
        })
        .collect()
}

/// What rows refer to.
pub(crate) struct Known {
    pub(crate) sources: BTreeMap<String, String>,
    pub(crate) algorithms: BTreeSet<String>,
}

/// Sources and algorithm ids, that the other files are held against.
pub(crate) fn known(files: &Files) -> Result<Known> {
    let mut sources = BTreeMap::new();
    for (key, text) in parse(files, "sources")?.remove("sources").and_then(into_table).unwrap_or_default() {
        let text = text.as_str().ok_or_else(|| anyhow!("registry/sources.toml: {key}: not a text"))?.to_owned();
        sources.insert(key, text);
    }
    if sources.is_empty() {
        bail!("registry/sources.toml: no [sources]");
    }
    let mut algorithms = BTreeSet::new();
    for mut row in rows(files, "algorithms", "algorithm")? {
        let id = row.text("id")?;
        if id != id.to_lowercase() {
            return Err(row.wrong(format!("id {id:?} is not in lower case")));
        }
        if !algorithms.insert(id.clone()) {
            return Err(row.wrong(format!("a second algorithm {id:?}")));
        }
    }
    Ok(Known { sources, algorithms })
}

/// The rows `[[header]]` of a file, in their order.
pub(crate) fn rows(files: &Files, stem: &str, header: &str) -> Result<Vec<Row>> {
    let mut file = parse(files, stem)?;
    let lines = files.get(stem).map(String::as_str).unwrap_or_default().lines().enumerate();
    let heading = format!("[[{header}]]");
    let mut starts = lines.filter(|(_, line)| line.trim() == heading).map(|(number, _)| number + 1);
    let Some(Value::Array(found)) = file.remove(header) else {
        bail!("registry/{stem}.toml: no {heading}");
    };
    found
        .into_iter()
        .map(|row| {
            let place = format!("registry/{stem}.toml:{}", starts.next().unwrap_or_default());
            let left = into_table(row).ok_or_else(|| anyhow!("{place}: not a table"))?;
            Ok(Row { place, left })
        })
        .collect()
}

/// A row that is being read: each key is taken once, and none may be left.
pub(crate) struct Row {
    place: String,
    left: Table,
}

/// Where a row comes from.
pub(crate) struct Origin {
    pub(crate) source: Vec<String>,
    pub(crate) confidence: &'static str,
    pub(crate) note: String,
}

impl Row {
    pub(crate) fn wrong(&self, what: String) -> anyhow::Error {
        anyhow!("{}: {what}", self.place)
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<String> {
        self.maybe_text(key)?.ok_or_else(|| self.wrong(format!("no {key}")))
    }

    pub(crate) fn maybe_text(&mut self, key: &str) -> Result<Option<String>> {
        match self.left.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(format!("{key} is no text, or an empty one: leave the key out"))),
        }
    }

    pub(crate) fn texts(&mut self, key: &str) -> Result<Vec<String>> {
        let Some(value) = self.left.remove(key) else {
            return Ok(Vec::new());
        };
        texts(value).ok_or_else(|| self.wrong(format!("{key} is no list of texts")))
    }

    pub(crate) fn flag(&mut self, key: &str) -> Result<bool> {
        match self.left.remove(key) {
            None => Ok(false),
            Some(Value::Boolean(flag)) => Ok(flag),
            Some(_) => Err(self.wrong(format!("{key} is neither true nor false"))),
        }
    }

    /// A plain number.
    pub(crate) fn maybe_number(&mut self, key: &str) -> Result<Option<u16>> {
        match self.left.remove(key) {
            None => Ok(None),
            Some(value) => value
                .as_integer()
                .and_then(|number| u16::try_from(number).ok())
                .map(Some)
                .ok_or_else(|| self.wrong(format!("{key} is no number up to 65535"))),
        }
    }

    /// Plain numbers.
    pub(crate) fn numbers(&mut self, key: &str) -> Result<Vec<u16>> {
        let Some(value) = self.left.remove(key) else {
            return Ok(Vec::new());
        };
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let numbers: Vec<u16> =
            items.iter().filter_map(|item| item.as_integer().and_then(|number| u16::try_from(number).ok())).collect();
        let all = !numbers.is_empty() && numbers.len() == items.len();
        all.then_some(numbers).ok_or_else(|| self.wrong(format!("{key} is no list of numbers up to 65535")))
    }

    /// A code point as the standards write it: so many hexadecimal digits after `0x`.
    pub(crate) fn code(&mut self, key: &str, digits: usize) -> Result<u32> {
        let text = self.text(key)?;
        text.strip_prefix("0x")
            .filter(|number| number.len() == digits && *number == number.to_lowercase())
            .and_then(|number| u32::from_str_radix(number, 16).ok())
            .ok_or_else(|| {
                self.wrong(format!("{key} {text:?}: expected 0x and {digits} hexadecimal digits in lower case"))
            })
    }

    /// The same, where there may be none.
    pub(crate) fn maybe_code(&mut self, key: &str, digits: usize) -> Result<Option<u32>> {
        if self.left.contains_key(key) { self.code(key, digits).map(Some) } else { Ok(None) }
    }

    /// One of a few words; answers the Rust name beside it.
    pub(crate) fn word(&mut self, key: &str, words: &[(&str, &'static str)]) -> Result<&'static str> {
        let text = self.text(key)?;
        words.iter().find(|(word, _)| *word == text).map(|(_, rust)| *rust).ok_or_else(|| {
            let accepted: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(format!("{key} {text:?}: expected one of {}", accepted.join(", ")))
        })
    }

    /// An algorithm id.
    pub(crate) fn maybe_algorithm(&mut self, key: &str, known: &Known) -> Result<Option<String>> {
        let id = self.maybe_text(key)?;
        self.all_known(key, id.as_slice(), known)?;
        Ok(id)
    }

    /// Algorithm ids.
    pub(crate) fn algorithms(&mut self, known: &Known) -> Result<Vec<String>> {
        let ids = self.texts("algorithms")?;
        self.all_known("algorithms", &ids, known)?;
        Ok(ids)
    }

    fn all_known(&self, key: &str, ids: &[String], known: &Known) -> Result<()> {
        match ids.iter().find(|id| !known.algorithms.contains(*id)) {
            None => Ok(()),
            Some(id) => Err(self.wrong(format!("{key}: no algorithm {id:?} in registry/algorithms.toml"))),
        }
    }

    /// Names in libraries and in general use, as (library, name).
    pub(crate) fn aliases(&mut self) -> Result<Vec<(String, String)>> {
        let mut aliases = Vec::new();
        match self.left.remove("names") {
            None => {}
            Some(Value::Table(names)) => {
                for (library, name) in names {
                    let name = name.as_str().ok_or_else(|| self.wrong(format!("names.{library} is no text")))?;
                    aliases.push((library, name.to_owned()));
                }
            }
            Some(_) => return Err(self.wrong("names is no table of library = name".to_owned())),
        }
        aliases.extend(self.texts("aliases")?.into_iter().map(|name| (String::new(), name)));
        Ok(aliases)
    }

    pub(crate) fn table(&mut self, key: &str) -> Result<Option<Row>> {
        match self.left.remove(key) {
            None => Ok(None),
            Some(Value::Table(left)) => Ok(Some(Row { place: format!("{}: {key}", self.place), left })),
            Some(_) => Err(self.wrong(format!("{key} is no table"))),
        }
    }

    /// The end of a row: where it comes from, and nothing left.
    pub(crate) fn origin(mut self, known: &Known) -> Result<Origin> {
        let source = self.texts("source")?;
        let confidence =
            self.word("confidence", &[("confirmed", "Confirmed"), ("single", "Single"), ("memory", "Memory")])?;
        let note = self.maybe_text("note")?.unwrap_or_default();
        if let Some(key) = source.iter().find(|key| !known.sources.contains_key(*key)) {
            return Err(self.wrong(format!("no source {key:?} in registry/sources.toml")));
        }
        let distinct: BTreeSet<_> = source.iter().filter(|key| *key != "MEM").collect();
        let most = match (source.len(), distinct.len()) {
            (0, _) => return Err(self.wrong("no source".to_owned())),
            (_, 0) => "Memory",
            (_, 1) => "Single",
            _ => "Confirmed",
        };
        let rank = |word| ["Memory", "Single", "Confirmed"].iter().position(|known| *known == word);
        if rank(confidence) > rank(most) {
            return Err(self.wrong(format!("{confidence} by {} sources besides memory", distinct.len())));
        }
        if let Some(key) = self.left.keys().next() {
            return Err(self.wrong(format!("unknown key {key:?}")));
        }
        Ok(Origin { source, confidence, note })
    }
}

fn parse(files: &Files, stem: &str) -> Result<Table> {
    let text = files.get(stem).ok_or_else(|| anyhow!("no registry/{stem}.toml"))?;
    let file = text.parse::<Table>().with_context(|| format!("registry/{stem}.toml"))?;
    let headers = FILES.iter().find(|(known, _)| *known == stem).map(|(_, headers)| *headers).unwrap_or_default();
    match file.keys().find(|key| !headers.contains(&key.as_str())) {
        None => Ok(file),
        Some(key) => bail!("registry/{stem}.toml: unknown heading {key:?}: expected {}", headers.join(", ")),
    }
}

fn into_table(value: Value) -> Option<Table> {
    match value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}
