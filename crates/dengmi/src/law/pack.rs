//! A pack as one file: canonical JSON of paths and texts.

use crate::out::Voice;
use dengmi_core::canonical::{self, NotCanonical};
use dengmi_judge::law::Pack;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bytes of a file at most.
pub(crate) const MOST_BYTES: usize = 16 << 20;
/// Files in a pack at most.
pub(crate) const MOST_FILES: usize = 2000;
const SCHEMA: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u32,
    files: BTreeMap<String, String>,
}

/// Why something is no pack.
#[derive(Debug)]
pub(crate) enum NotAPack {
    /// More bytes than [`MOST_BYTES`].
    TooLarge,
    /// More files than [`MOST_FILES`].
    TooMany(usize),
    /// Not the JSON of a pack, with the line and column.
    Shape(usize, usize),
    /// A form that this program does not know.
    Schema(u32),
    /// The same content has another form: spaces, an order, a key twice.
    NotCanonical,
    /// A path that leaves its folder or is none.
    Path(String),
    /// A file that is not UTF-8.
    NotText(String),
}

impl NotAPack {
    /// What is wrong, in the user's language.
    pub(crate) fn said(&self, voice: &Voice) -> String {
        // A path comes from outside: control characters in it must not reach a terminal.
        match self {
            NotAPack::TooLarge => voice.text("pack-too-large", &[("most", &(MOST_BYTES >> 20).to_string())]),
            NotAPack::TooMany(count) => {
                voice.text("pack-too-many", &[("count", &count.to_string()), ("most", &MOST_FILES.to_string())])
            }
            NotAPack::Shape(line, column) => {
                voice.text("pack-shape", &[("line", &line.to_string()), ("column", &column.to_string())])
            }
            NotAPack::Schema(schema) => voice.text("pack-schema", &[("schema", &schema.to_string())]),
            NotAPack::NotCanonical => voice.text("pack-not-canonical", &[]),
            NotAPack::Path(path) => voice.text("pack-path", &[("path", &path.escape_debug().to_string())]),
            NotAPack::NotText(path) => voice.text("file-no-text", &[("file", &path.escape_debug().to_string())]),
        }
    }
}

impl From<NotCanonical> for NotAPack {
    fn from(_: NotCanonical) -> NotAPack {
        NotAPack::NotCanonical
    }
}

/// Reads the bytes of a file.
pub(crate) fn read(bytes: &[u8]) -> Result<Pack, NotAPack> {
    if bytes.len() > MOST_BYTES {
        return Err(NotAPack::TooLarge);
    }
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| NotAPack::Shape(error.line(), error.column()))?;
    if document.schema != SCHEMA {
        return Err(NotAPack::Schema(document.schema));
    }
    check(&document.files)?;
    if canonical::bytes(&document)? != bytes {
        return Err(NotAPack::NotCanonical);
    }
    Ok(document.files.into_iter().collect())
}

/// The bytes of a file.
pub(crate) fn write(pack: &Pack) -> Result<Vec<u8>, NotAPack> {
    let text = |(path, bytes): (&str, &[u8])| match std::str::from_utf8(bytes) {
        Ok(text) => Ok((path.to_owned(), text.to_owned())),
        Err(_) => Err(NotAPack::NotText(path.into())),
    };
    let files = pack.files().map(text).collect::<Result<_, _>>()?;
    check(&files)?;
    let bytes = canonical::bytes(&Document { schema: SCHEMA, files })?;
    if bytes.len() > MOST_BYTES { Err(NotAPack::TooLarge) } else { Ok(bytes) }
}

fn check(files: &BTreeMap<String, String>) -> Result<(), NotAPack> {
    if files.len() > MOST_FILES {
        return Err(NotAPack::TooMany(files.len()));
    }
    match files.keys().find(|path| !is_inside(path)) {
        Some(path) => Err(NotAPack::Path(path.clone())),
        None => Ok(()),
    }
}

/// Whether a path stays below its folder on every system.
fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !path.contains(|letter: char| matches!(letter, '\\' | ':') || letter.is_control())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let pack: Pack = [("a/b.toml", "密 = \"\\\"\n\""), ("c.toml", "")].into_iter().collect();
        let bytes = write(&pack).unwrap();
        assert_eq!(bytes, r#"{"files":{"a/b.toml":"密 = \"\\\"\n\"","c.toml":""},"schema":1}"#.as_bytes());
        assert_eq!(read(&bytes).unwrap().files().collect::<Vec<_>>(), pack.files().collect::<Vec<_>>());
    }

    #[test]
    fn hostile_files_are_refused() {
        let with = |path: &str| format!(r#"{{"files":{{{path:?}:""}},"schema":1}}"#);
        let many = |count: usize| {
            let files: BTreeMap<String, String> = (0..count).map(|at| (format!("f{at}"), String::new())).collect();
            canonical::bytes(&Document { schema: 1, files }).unwrap()
        };
        let long = |length: usize| {
            let files = [("a".to_owned(), "x".repeat(length))].into();
            canonical::bytes(&Document { schema: 1, files }).unwrap()
        };
        let around = long(0).len();
        assert!(read(&many(MOST_FILES)).is_ok() && read(&long(MOST_BYTES - around)).is_ok());
        for (bytes, expected) in [
            (many(MOST_FILES + 1), "TooMany(2001)"),
            (long(MOST_BYTES - around + 1), "TooLarge"),
            (with("../a").into(), r#"Path("../a")"#),
            (with("a/../b").into(), r#"Path("a/../b")"#),
            (with("a/./b").into(), r#"Path("a/./b")"#),
            (with("a//b").into(), r#"Path("a//b")"#),
            (with("/etc/passwd").into(), r#"Path("/etc/passwd")"#),
            (with("").into(), r#"Path("")"#),
            (with("C:/a").into(), r#"Path("C:/a")"#),
            (with(r"a\b").into(), r#"Path("a\\b")"#),
            (br#"{"files":{"a\u001b[2J":""},"schema":1}"#.to_vec(), r#"Path("a\u{1b}[2J")"#),
            (br#"{"files":{},"schema":2}"#.to_vec(), "Schema(2)"),
            (br#"{"schema":1,"files":{}}"#.to_vec(), "NotCanonical"),
            (b"{\"files\":{},\"schema\":1}\n".to_vec(), "NotCanonical"),
            (br#"{"files":{"a":"1","a":"2"},"schema":1}"#.to_vec(), "NotCanonical"),
            (br#"{"files":{},"more":1,"schema":1}"#.to_vec(), "Shape(1, 18)"),
            (br#"{"files":{"a":1},"schema":1}"#.to_vec(), "Shape(1, 15)"),
            (b"{\"files\":{\"a\":\"\xff\"},\"schema\":1}".to_vec(), "Shape(1, 16)"),
            (b"[".repeat(100_000), "Shape(1, 1)"),
            (Vec::new(), "Shape(1, 0)"),
        ] {
            let found = read(&bytes).map(|_| ()).unwrap_err();
            assert_eq!(format!("{found:?}"), expected);
        }
        let pack: Pack = [("a.toml", &b"\xff"[..])].into_iter().collect();
        assert!(matches!(write(&pack), Err(NotAPack::NotText(_))));
    }
}
