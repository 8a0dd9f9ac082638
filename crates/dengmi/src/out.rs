//! The program's one writer on stdout and its one voice on stderr.

use crate::texts::{Lang, Texts, word};
use dengmi_core::Text;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, StdoutLock, Write};

/// Results go here, buffered. A reader that closes the pipe has seen enough: the run ends quietly.
pub(crate) struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    pub(crate) fn new() -> Out {
        Out(BufWriter::new(io::stdout().lock()))
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.0.write_all(text.as_ref().as_bytes())?;
        self.0.write_all(b"\n")
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Everything must have gone out before the program says that it is done.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Talk and progress: stderr, in the user's language. Nobody listening is no failure.
pub(crate) struct Voice {
    pub(crate) lang: Lang,
    pub(crate) texts: Texts,
    /// Say only what is wrong.
    pub(crate) quiet: bool,
}

impl Voice {
    /// A text of `texts/cli.toml` in the user's language.
    pub(crate) fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<(&str, Text)> = values.iter().map(|(name, value)| (*name, crate::texts::same(value))).collect();
        self.lang.of(&self.texts.cli(key, &values)).into()
    }

    /// What an outcome is called.
    pub(crate) fn outcome(&self, outcome: dengmi_judge::determine::Outcome) -> String {
        self.called(&self.texts.judge.outcome, &word(&outcome))
    }

    /// What a state of a high-risk item is called.
    pub(crate) fn risk(&self, state: dengmi_judge::determine::RiskState) -> String {
        self.called(&self.texts.judge.risk, &word(&state))
    }

    fn called(&self, table: &BTreeMap<Box<str>, Text>, word: &str) -> String {
        table.get(word).map_or(word, |text| self.lang.of(text)).into()
    }

    /// Progress.
    pub(crate) fn say(&self, key: &str, values: &[(&str, &str)]) {
        if !self.quiet {
            self.raw(&self.text(key, values));
        }
    }

    /// Something that the user should look at; said also when quiet.
    pub(crate) fn warn(&self, what: &str) {
        self.raw(&self.text("warning", &[("what", what)]));
    }

    /// Something wrong, with what to do next.
    pub(crate) fn complain(&self, problem: &str, hint: Option<&str>) {
        self.raw(&format!("{}: {problem}", self.text("error", &[])));
        if let Some(hint) = hint {
            self.raw(&format!("{}: {hint}", self.text("hint", &[])));
        }
    }

    pub(crate) fn raw(&self, line: &str) {
        let _ = writeln!(anstream::stderr(), "{line}");
    }
}
