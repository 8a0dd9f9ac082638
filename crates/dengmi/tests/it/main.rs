//! The program as people and scripts meet it: arguments, files, streams, exit codes, signals.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

mod algorithm;
mod capture;
mod demo;
mod description;
mod duties;
mod interrupt;
mod law;
mod law_update;
mod peer;
mod probe;
mod random;
mod table;
mod terminal;

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// How a run ended and what it said.
#[derive(Debug)]
struct Run {
    exit: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    /// The one JSON document on stdout.
    fn json(&self) -> Value {
        assert_eq!(self.out.matches('\n').count(), 1, "one line of JSON: {self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A line of JSON each.
    fn lines(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(read).collect()
    }
}

/// The program in a folder, with an environment that says nothing about languages or terminals, and without what this machine's
/// user trusts or installed.
fn program(folder: &Path, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dengmi"));
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("DENGMI_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-home"));
    command.current_dir(folder).args(words).stdin(Stdio::null());
    command
}

fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { exit: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs a line of words that hold no space.
fn dengmi(folder: &Path, line: &str) -> Run {
    finish(&mut program(folder, line.split(' ')))
}

/// Runs a line, which must end so; what it said is looked at by the caller.
fn expect(folder: &Path, line: &str, exit: i32) -> Run {
    let run = dengmi(folder, line);
    assert_eq!(run.exit, Some(exit), "dengmi {line}: {run:?}");
    run
}

/// A folder with a demonstration in `dengmi-demo`, made once. It lies in the build's folder for tests, where it may stay.
fn demonstration() -> &'static (PathBuf, Run) {
    static MADE: OnceLock<(PathBuf, Run)> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        let run = dengmi(&folder, "demo --on 2026-11-22");
        assert_eq!(run.exit, Some(0), "{run:?}");
        (folder, run)
    })
}

/// A copy of the sealed case of the demonstration, to be damaged or written beside.
fn copy_of_case() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["assessment.case", "assessment.case.seal"] {
        std::fs::copy(demonstration().0.join("dengmi-demo").join(name), folder.path().join(name)).unwrap();
    }
    folder
}
