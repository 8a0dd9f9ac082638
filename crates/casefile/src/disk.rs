//! The files around a case.

use crate::CaseError;
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

/// `NAME` and a suffix, such as `NAME.seal`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes a new or renamed name in the folder of `path` outlive a power cut.
pub(crate) fn sync_folder(path: &Path) -> Result<(), CaseError> {
    // Elsewhere a folder cannot be opened as a file, and names are durable without it.
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(CaseError::disk(folder))?;
    }
    Ok(())
}

/// Writes a file that is there in whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CaseError> {
    let partial = beside(path, ".partial");
    let mut file = File::create(&partial).map_err(CaseError::disk(&partial))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(CaseError::disk(&partial))?;
    fs::rename(&partial, path).map_err(CaseError::disk(path))?;
    sync_folder(path)
}
