//! `new`.
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
pub(crate) fn new(_root: &Path, _what: &str, _rest: &[&str]) -> Result<PathBuf> {
    bail!("soon")
}
