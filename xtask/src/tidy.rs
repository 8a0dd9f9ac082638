//! `tidy`.
use anyhow::Result;
use std::path::Path;
pub(crate) struct Report {
    pub(crate) complaints: Vec<String>,
    pub(crate) warnings: Vec<String>,
}
pub(crate) fn look(_root: &Path) -> Result<Report> {
    Ok(Report { complaints: Vec::new(), warnings: Vec::new() })
}
