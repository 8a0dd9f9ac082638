//! `check law`: what the judge's own reader finds wrong with `law/`.

use anyhow::{Context, Result, bail};
use dengmi_judge::law::{self, LawDefect, Pack};
use dengmi_judge::register;
use std::{fs, path::Path};

/// Every defect, as `law/PACK/FILE:LINE: clause: what is wrong`.
pub(crate) fn defects(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (name, check) in [("assessment", law::check as fn(&Pack) -> Vec<LawDefect>), ("register", register::check)] {
        let pack = pack(&root.join("law").join(name))?;
        found.extend(check(&pack).iter().map(|defect| format!("law/{name}/{defect}")));
    }
    Ok(found)
}

fn pack(folder: &Path) -> Result<Pack> {
    let mut pack = Pack::default();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            pack.insert(&name, &fs::read(&path).with_context(|| path.display().to_string())?);
        }
    }
    if pack.files().next().is_none() {
        bail!("{} is empty: a check of nothing proves nothing", folder.display());
    }
    Ok(pack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_of_the_repository_is_sound() {
        let found = defects(&crate::root()).unwrap();
        assert!(found.is_empty(), "\n{}", found.join("\n"));
    }

    #[test]
    fn a_broken_law_is_named_by_file_and_line() {
        let house = tempfile::tempdir().unwrap();
        fs::create_dir_all(house.path().join("law/assessment/a-rule")).unwrap();
        assert!(defects(house.path()).unwrap_err().to_string().contains("a check of nothing"));
        crate::scaffold::new(house.path(), "instrument", &["b-rule", "--kind", "policy", "--from", "2026-01-01"])
            .unwrap();
        fs::create_dir_all(house.path().join("law/register/c-rule")).unwrap();
        fs::write(house.path().join("law/register/c-rule/duties.toml"), "schema = 2\nduty = []\n").unwrap();
        let found = defects(house.path()).unwrap();
        let of = |file: &str| found.iter().filter(|defect| defect.starts_with(file)).count();
        let (one, two) = (of("law/assessment/b-rule/instrument.toml:"), of("law/register/"));
        assert!(one > 0 && two > 1 && one + two == found.len(), "{found:?}");
    }
}
