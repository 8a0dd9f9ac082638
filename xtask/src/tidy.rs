//! `tidy`: rules of the house that the compiler does not know. Each is a function of texts, so that a test can break it.

mod dependency;
mod law;
mod source;

use anyhow::{Context, Result, bail};
use std::{fs, path::Path, process::Command};

pub(crate) use source::Source;

/// What the rules found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Broken rules, with their places.
    pub(crate) complaints: Vec<String>,
    /// What a reader should look at now and then.
    pub(crate) warnings: Vec<String>,
}

/// Holds the repository against all rules.
pub(crate) fn look(root: &Path) -> Result<Report> {
    let metadata = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("cargo metadata")?;
    if !metadata.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&metadata.stderr).trim());
    }
    let packages = dependency::packages(&serde_json::from_slice(&metadata.stdout)?)?;
    let lock = text(&root.join("Cargo.lock"))?;

    let mut manifests = Vec::new();
    let mut sources = Vec::new();
    let mut law_files = Vec::new();
    for path in files(root)? {
        let place = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        match (place.split('/').next(), path.extension().and_then(|extension| extension.to_str())) {
            (_, Some("rs")) => sources.push(Source::new(&place, &text(&path)?)),
            (_, Some("toml")) if place.ends_with("/Cargo.toml") => manifests.push((place, text(&path)?)),
            (Some("law"), Some("toml" | "md")) => law_files.push((place, text(&path)?)),
            _ => {}
        }
    }

    let mut complaints = dependency::rooms(&packages);
    complaints.extend(dependency::one_generation(&lock)?);
    complaints.extend(dependency::lints(&manifests)?);
    complaints.extend(source::names(&sources));
    complaints.extend(source::no_stub(&sources));
    complaints.extend(source::code_points(&sources));
    complaints.extend(source::no_io(&sources));
    complaints.extend(source::no_unsafe(&sources));
    complaints.extend(law::both_languages(&law_files)?);
    let warnings = source::lonely_traits(&sources);
    Ok(Report { complaints, warnings })
}

/// All files of the repository, without what is built or hidden.
fn files(root: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let report = super::look(&crate::root()).unwrap();
        assert!(report.complaints.is_empty(), "\n{}", report.complaints.join("\n"));
    }
}
