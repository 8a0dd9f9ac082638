//! What a site keeps: the keys that it trusts and the register that it installed.
//!
//! | file | what it holds |
//! |---|---|
//! | `keys/FINGERPRINT.pem` | a trusted public key |
//! | `register/SM3.pack`, `register/SM3.pack.sig` | a pack and its signatures, byte for byte as they came, named by the pack's SM3 |
//! | `register/current` | which of them is in use |
//!
//! Only the last is ever replaced, by a rename: a run that is killed leaves the register of before or the new one, never a pack
//! with the signatures of another.

use super::key::Key;
use super::signed::{Signed, digits, read_at_most, signature_path};
use super::sm3;
use crate::failure::{Failure, Outcome};
use crate::out::Voice;
use dengmi_core::Sm3Digest;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A key or the name of a pack: far more than any takes.
const SMALL: usize = 64 << 10;

/// The folder.
pub(crate) struct Home(PathBuf);

impl Home {
    /// `DENGMI_HOME`; else `dengmi` where the system keeps data of programs. `None` where it names no such place.
    pub(crate) fn find() -> Option<Home> {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(own) = named("DENGMI_HOME") {
            return Some(Home(own));
        }
        let data = if cfg!(windows) {
            named("APPDATA")
        } else {
            // Relative paths in it are to be ignored (XDG Base Directory Specification).
            let data = named("XDG_DATA_HOME").filter(|path| path.is_absolute());
            data.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
        };
        data.map(|data| Home(data.join("dengmi")))
    }

    fn key_path(&self, fingerprint: &Sm3Digest) -> PathBuf {
        self.0.join("keys").join(format!("{}.pem", digits(fingerprint)))
    }

    /// The trusted key of this name.
    pub(crate) fn key(&self, fingerprint: &Sm3Digest, voice: &Voice) -> Outcome<Option<Key>> {
        let path = self.key_path(fingerprint);
        if !is_there(&path, voice)? {
            return Ok(None);
        }
        match Key::read(&read_at_most(&path, SMALL, voice)?) {
            Ok(key) if key.fingerprint == *fingerprint => Ok(Some(key)),
            _ => Err(Failure::not_finished(voice.text("key-damaged", &[("file", &path.display().to_string())]))),
        }
    }

    /// All trusted keys in the order of their names.
    pub(crate) fn keys(&self, voice: &Voice) -> Outcome<Vec<Key>> {
        let folder = self.0.join("keys");
        if !is_there(&folder, voice)? {
            return Ok(Vec::new());
        }
        let fault = |error: io::Error| Failure::file(&folder, &error, voice);
        let mut names: Vec<Sm3Digest> = Vec::new();
        for entry in fs::read_dir(&folder).map_err(fault)? {
            let name = entry.map_err(fault)?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".pem"));
            names.extend(name.and_then(|name| name.parse::<Sm3Digest>().ok()));
        }
        names.sort();
        let keys: Vec<_> = names.iter().map(|name| self.key(name, voice)).collect::<Outcome<_>>()?;
        Ok(keys.into_iter().flatten().collect())
    }

    /// Trusts a key from now on.
    pub(crate) fn trust(&self, key: &Key, voice: &Voice) -> Outcome<PathBuf> {
        let path = self.key_path(&key.fingerprint);
        write_whole(&path, key.pem().map_err(Failure::not_finished)?.as_bytes(), voice)?;
        Ok(path)
    }

    /// Trusts it no more. `false`: it was not trusted.
    pub(crate) fn remove_key(&self, fingerprint: &Sm3Digest, voice: &Voice) -> Outcome<bool> {
        let path = self.key_path(fingerprint);
        if !is_there(&path, voice)? {
            return Ok(false);
        }
        fs::remove_file(&path)
            .and_then(|()| sync_folder(&path))
            .map_err(|error| Failure::file(&path, &error, voice))?;
        Ok(true)
    }

    fn current(&self) -> PathBuf {
        self.0.join("register").join("current")
    }

    fn pack_path(&self, name: &Sm3Digest) -> PathBuf {
        self.0.join("register").join(format!("{}.pack", digits(name)))
    }

    /// The installed register, unchecked.
    pub(crate) fn installed(&self, voice: &Voice) -> Outcome<Option<Signed>> {
        let current = self.current();
        if !is_there(&current, voice)? {
            return Ok(None);
        }
        let name = String::from_utf8_lossy(&read_at_most(&current, SMALL, voice)?).trim_end().parse::<Sm3Digest>();
        let name = name.map_err(|error| Failure::not_finished(format!("{}: {error}", current.display())))?;
        Signed::read(&self.pack_path(&name), voice).map(Some)
    }

    /// Uses this register from now on.
    pub(crate) fn install(&self, signed: &Signed, voice: &Voice) -> Outcome<()> {
        let name = sm3(&signed.pack)?;
        let path = self.pack_path(&name);
        write_whole(&signature_path(&path), &signed.signatures, voice)?;
        write_whole(&path, &signed.pack, voice)?;
        write_whole(&self.current(), format!("{}\n", digits(&name)).as_bytes(), voice)
    }

    /// Uses the register of the program from now on, and forgets every other.
    pub(crate) fn reset(&self, voice: &Voice) -> Outcome<()> {
        let current = self.current();
        let Some(folder) = current.parent().filter(|folder| folder.is_dir()) else { return Ok(()) };
        let gone = |error: io::Error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) };
        let removed = fs::remove_file(&current).or_else(gone).and_then(|()| fs::remove_dir_all(folder));
        removed.map_err(|error| Failure::file(folder, &error, voice))
    }
}

/// Whether something is there; that nobody may look is not that nothing is there.
fn is_there(path: &Path, voice: &Voice) -> Outcome<bool> {
    match path.metadata() {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(Failure::file(path, &error, voice)),
    }
}

/// Writes a file that is there in whole or not at all, and its folder before.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], voice: &Voice) -> Outcome<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.partial", std::process::id()));
    let aside = PathBuf::from(aside);
    let write = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        sync_folder(path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&aside);
        Failure::file(path, &error, voice)
    })
}

/// Makes a new, renamed or removed name in the folder of `path` outlive a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file.
    match path.parent().filter(|folder| cfg!(unix) && !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
