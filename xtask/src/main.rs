//! Chores that keep the house. `gen` and `tidy` run inside `cargo test`; see `CONTRIBUTING.md`.

#[cfg(feature = "law")]
mod check_law;
mod generate;
mod registry;
mod scaffold;
mod tidy;

use anyhow::{Context, Result, bail};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "\
cargo xtask gen [--check]        make crates/core/src/registry/generated.rs from registry/*.toml, or say whether it is current
cargo xtask tidy                 the rules of the house that the compiler does not know
cargo xtask check law            whether law/ is sound: schema, sources, languages, dates, references
cargo xtask new indicator ID     one Markdown file: --instrument FOLDER --layer LAYER
cargo xtask new instrument ID    one folder under law/: --kind KIND --from DAY
cargo xtask new collector NAME   one folder in crates/collect/src
cargo xtask new code-point TABLE CODE NAME    one row in registry/TABLE.toml: suites, groups, schemes or versions";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&root(), &arguments, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, arguments: &[&str], out: &mut dyn Write) -> Result<()> {
    match arguments {
        ["gen"] => {
            let path = generate::write(root)?;
            writeln!(out, "{} is current", path.display())?;
        }
        ["gen", "--check"] => generate::check(root)?,
        ["tidy"] => {
            let report = tidy::look(root)?;
            for warning in &report.warnings {
                writeln!(out, "warning: {warning}")?;
            }
            for complaint in &report.complaints {
                writeln!(out, "{complaint}")?;
            }
            if !report.complaints.is_empty() {
                bail!("{} complaints", report.complaints.len());
            }
        }
        #[cfg(feature = "law")]
        ["check", "law"] => {
            let defects = check_law::defects(root)?;
            for defect in &defects {
                writeln!(out, "{defect}")?;
            }
            if !defects.is_empty() {
                bail!("{} defects in law/", defects.len());
            }
        }
        ["new", what, rest @ ..] => {
            let path = scaffold::new(root, what, rest).with_context(|| format!("usage:\n{USAGE}"))?;
            writeln!(out, "{}", path.display())?;
        }
        _ => bail!("usage:\n{USAGE}"),
    }
    Ok(())
}

/// The root of the repository: the folder above this crate's.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
