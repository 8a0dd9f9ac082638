//! `new`: the files of a new indicator, instrument, collector or code point, empty where a person must say something.
//! What is left empty is a complaint of `gen` or `check law`, with its line. Nothing is ever overwritten.

use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Makes what was asked for and answers where.
pub(crate) fn new(root: &Path, what: &str, arguments: &[&str]) -> Result<PathBuf> {
    match (what, arguments) {
        ("indicator", [id, "--instrument", instrument, "--layer", layer]) => indicator(root, id, instrument, layer),
        ("instrument", [id, "--kind", kind, "--from", day]) => self::instrument(root, id, kind, day),
        ("collector", [name]) => collector(root, name),
        ("code-point", [table, code, name]) => code_point(root, table, code, name),
        _ => bail!("cannot make {what:?} of {arguments:?}"),
    }
}

fn indicator(root: &Path, id: &str, instrument: &str, layer: &str) -> Result<PathBuf> {
    let plain = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '-';
    if id.is_empty() || !id.chars().all(plain) {
        bail!("{id:?}: expected an id such as NET-ID");
    }
    let folder = root.join("law/assessment").join(instrument);
    if !folder.join("instrument.toml").is_file() {
        bail!("no law/assessment/{instrument}/instrument.toml: make the instrument first");
    }
    let folder = folder.join("indicators");
    let order = fs::read_dir(&folder).map_or(0, Iterator::count) + 1;
    let text = format!(
        r#"+++
id = "{id}"
order = {order}
layer = "{layer}"
zh = ""
en = ""
property = []
modal = ["none", "none", "none", "none"]
weight = ["0", "0", "0", "0"]
clause = ["", "", "", ""]
unit = ""
subject = ""
high_risk = []
source = []
confidence = "memory"
+++

## 中文

## English
"#
    );
    create(&folder.join(format!("{}.md", id.to_lowercase())), &text)
}

fn instrument(root: &Path, id: &str, kind: &str, day: &str) -> Result<PathBuf> {
    name(id, '-')?;
    let digits =
        |at: std::ops::Range<usize>| day.get(at).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if day.len() != 10 || !digits(0..4) || !digits(5..7) || !digits(8..10) {
        bail!("{day:?}: expected a day such as 2021-10-01");
    }
    let text = format!(
        r#"schema = 1
id = "{id}"
number = ""
kind = "{kind}"
series = ""
zh = ""
en = ""
issuer = {{ zh = "", en = "" }}
published = {day}
from = {day}
to = "open"
last_checked = {day}
source = []
confidence = "memory"

[sources]
MEM = "a contributor's memory"
"#
    );
    create(&root.join("law/assessment").join(id).join("instrument.toml"), &text)
}

fn collector(root: &Path, module: &str) -> Result<PathBuf> {
    name(module, '_')?;
    let text = "//! Asks: what it wants to know, in one sentence.\n//!\n//! Touches: what it opens, how often, and that it changes nothing.\n//!\n//! Makes: the kinds of observation.\n";
    // One line more: `mod NAME;` in lib.rs.
    create(&root.join("crates/collect/src").join(module).join("mod.rs"), text)
}

fn code_point(root: &Path, table: &str, code: &str, called: &str) -> Result<PathBuf> {
    let (header, to_fill) = match table {
        "suites" => (
            "suite",
            "family = \"\"\nkey_exchange = \"\"\nauthentication = \"\"\nencryption = \"\"\nkey_bits = 128\nmode = \"\"\nmac = \"\"\nprf_hash = \"\"\nstandard = \"\"\n",
        ),
        "groups" => ("group", "kind = \"\"\nalgorithms = []\nbits = 256\nstrength = 128\nstandard = \"\"\n"),
        "schemes" => ("scheme", "key = \"\"\nhash = \"\"\nstandard = \"\"\n"),
        "versions" => ("version", "family = \"\"\nstandard = \"\"\n"),
        _ => bail!("{table:?}: expected suites, groups, schemes or versions"),
    };
    let digits = code.strip_prefix("0x").unwrap_or_default();
    if digits.len() != 4 || !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        bail!("{code:?}: expected a number such as 0xe013, in lower case");
    }
    if called.is_empty() || called.contains(['"', '\\', '\n']) {
        bail!("{called:?}: expected the standard's own name");
    }
    let path = root.join("registry").join(table).with_extension("toml");
    let mut text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    if text.contains(&format!("code = \"{code}\"")) {
        bail!("{} has {code} already", path.display());
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // The order of rows is gen's business.
    text.push_str(&format!(
        "\n[[{header}]]\ncode = \"{code}\"\nname = \"{called}\"\n{to_fill}source = []\nconfidence = \"memory\"\n"
    ));
    let aside = path.with_extension("toml.new");
    fs::write(&aside, text).with_context(|| aside.display().to_string())?;
    fs::rename(&aside, &path).with_context(|| path.display().to_string())?;
    Ok(path)
}

fn name(text: &str, between: char) -> Result<()> {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == between;
    if !text.starts_with(|letter: char| letter.is_ascii_lowercase()) || !text.chars().all(plain) {
        bail!("{text:?}: expected lower-case letters and digits, with {between:?} between words");
    }
    Ok(())
}

/// Writes a file that was not there.
fn create(path: &Path, text: &str) -> Result<PathBuf> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let mut file = fs::File::create_new(path).with_context(|| path.display().to_string())?;
    file.write_all(text.as_bytes()).with_context(|| path.display().to_string())?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> tempfile::TempDir {
        let house = tempfile::tempdir().unwrap();
        fs::create_dir_all(house.path().join("law/assessment/a-rule")).unwrap();
        fs::write(house.path().join("law/assessment/a-rule/instrument.toml"), "").unwrap();
        fs::create_dir(house.path().join("registry")).unwrap();
        fs::write(house.path().join("registry/groups.toml"), "[[group]]\ncode = \"0x0001\"\n").unwrap();
        house
    }

    #[test]
    fn each_kind_is_made_once() {
        let house = house();
        for (arguments, file, holds) in [
            (
                &["indicator", "NET-ID", "--instrument", "a-rule", "--layer", "network"][..],
                "law/assessment/a-rule/indicators/net-id.md",
                "id = \"NET-ID\"\norder = 1\nlayer = \"network\"",
            ),
            (
                &["indicator", "NET-INT", "--instrument", "a-rule", "--layer", "network"],
                "law/assessment/a-rule/indicators/net-int.md",
                "order = 2",
            ),
            (
                &["instrument", "b-rule", "--kind", "policy", "--from", "2026-01-01"],
                "law/assessment/b-rule/instrument.toml",
                "from = 2026-01-01\nto = \"open\"",
            ),
            (&["collector", "wifi_survey"], "crates/collect/src/wifi_survey/mod.rs", "//! Asks: "),
            (
                &["code-point", "groups", "0x0002", "second"],
                "registry/groups.toml",
                "[[group]]\ncode = \"0x0001\"\n\n[[group]]\ncode = \"0x0002\"\nname = \"second\"\n",
            ),
        ] {
            let make = || new(house.path(), arguments[0], &arguments[1..]);
            let path = make().unwrap();
            assert_eq!(path, house.path().join(file));
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(holds), "{text}");
            make().unwrap_err();
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "a second call changed {file}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_made() {
        let house = house();
        for (arguments, expected) in [
            (&["indicator", "net-id", "--instrument", "a-rule", "--layer", "network"][..], "such as NET-ID"),
            (&["indicator", "NET-ID", "--instrument", "no-rule", "--layer", "network"], "make the instrument first"),
            (&["instrument", "../b", "--kind", "policy", "--from", "2026-01-01"], "expected lower-case letters"),
            (&["instrument", "b", "--kind", "policy", "--from", "soon"], "expected a day"),
            (&["collector", "Wifi"], "expected lower-case letters"),
            (&["code-point", "groups", "0x0001", "first"], "has 0x0001 already"),
            (&["code-point", "groups", "0x01", "first"], "such as 0xe013"),
            (&["code-point", "colours", "0x0001", "red"], "expected suites, groups"),
            (&["code-point", "groups", "0x0003", "a\"b"], "own name"),
            (&["house"], "cannot make"),
        ] {
            let message = new(house.path(), arguments[0], &arguments[1..]).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(!house.path().join("crates").exists());
    }

    #[test]
    fn an_empty_place_is_a_complaint_with_its_line() {
        let house = tempfile::tempdir().unwrap();
        fs::create_dir(house.path().join("registry")).unwrap();
        for entry in fs::read_dir(crate::root().join("registry")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), house.path().join("registry").join(entry.file_name())).unwrap();
        }
        for table in ["suites", "groups", "schemes", "versions"] {
            let path = new(house.path(), "code-point", &[table, "0xfe01", "new-one"]).unwrap();
            let message = crate::generate::write(house.path()).unwrap_err().to_string();
            assert!(message.starts_with(&format!("registry/{table}.toml:")), "{message}");
            fs::copy(crate::root().join("registry").join(table).with_extension("toml"), path).unwrap();
        }
    }
}
