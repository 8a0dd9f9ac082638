//! Artifacts (原始证据件): raw bytes, named by SHA-256, each once in a case.

use crate::{
    CaseError, NAME_LIMIT, Recorded,
    chain::{Content, check_length},
    disk::{beside, sync_folder},
    kind,
};
use dengmi_core::{EntryNumber, Sha256Digest, Sm3Digest, canonical};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sm3::Sm3;
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// Artifacts up to this size, in bytes, lie in the case itself; larger ones beside it in `NAME.files`.
pub const INSIDE_LIMIT: u64 = 16 << 20;
/// Bytes of one row of an artifact inside.
pub(crate) const CHUNK: usize = 256 << 10;
const PARTIAL: &str = ".partial-";

/// An artifact of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The entry that tells of it.
    pub entry: EntryNumber,
    /// Its name.
    pub sha256: Sha256Digest,
    /// Its digest in the national algorithm, GB/T 32905.
    pub sm3: Sm3Digest,
    /// Bytes.
    pub size: u64,
    /// What the first who brought it called it, such as `portal.pcap`.
    pub media: Box<str>,
    /// Whether it is a file beside the case.
    pub beside: bool,
}

/// The body of its entry.
#[derive(Serialize, Deserialize)]
struct Told {
    beside: bool,
    media: Box<str>,
    sha256: Sha256Digest,
    size: u64,
    sm3: Sm3Digest,
}

impl Artifact {
    /// The artifact that an entry of kind [`ARTIFACT`](crate::kind::ARTIFACT) tells of; `None` for any other entry.
    pub fn read(entry: &Recorded) -> Option<Artifact> {
        if entry.kind != kind::ARTIFACT {
            return None;
        }
        let Told { beside, media, sha256, size, sm3 } = serde_json::from_slice(&entry.body).ok()?;
        Some(Artifact { entry: entry.number, sha256, sm3, size, media, beside })
    }
}

/// Bytes on their way into a case: digested and, when they are large, already beside it.
pub(crate) struct Brought {
    pub(crate) digests: Digests,
    pub(crate) inside: Option<Vec<u8>>,
}

impl Brought {
    pub(crate) fn content(&self, media: &str) -> Result<Content, CaseError> {
        check_length("media name", media.len(), NAME_LIMIT)?;
        let Digests { sha256, sm3, size } = self.digests;
        let body = canonical::bytes(&Told { beside: self.inside.is_none(), media: media.into(), sha256, size, sm3 })?;
        Ok(Content { kind: kind::ARTIFACT, subject: hex::encode(sha256.0), fact: -1, body })
    }
}

/// What names bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) sha256: Sha256Digest,
    pub(crate) sm3: Sm3Digest,
    pub(crate) size: u64,
}

/// Both digests, incrementally.
#[derive(Default)]
pub(crate) struct Digesting {
    sha256: Sha256,
    sm3: Sm3,
    size: u64,
}

impl Digesting {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.sm3.update(bytes);
        self.size += bytes.len() as u64;
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            sha256: Sha256Digest(self.sha256.finalize().into()),
            sm3: Sm3Digest(self.sm3.finalize().into()),
            size: self.size,
        }
    }
}

/// Digests everything that `reader` gives and passes it on.
fn digest_into(mut reader: impl Read, mut to: impl Write) -> io::Result<Digests> {
    let mut digesting = Digesting::default();
    each_block(&mut reader, |block| {
        digesting.update(block);
        to.write_all(block)
    })?;
    to.flush()?;
    Ok(digesting.finish())
}

/// Digests a file that lies beside a case.
pub(crate) fn digest_file(path: &Path) -> Result<Digests, CaseError> {
    File::open(path).and_then(|file| digest_into(file, io::sink())).map_err(CaseError::disk(path))
}

/// Gives what `reader` has in blocks of 1 MiB; only the last one is shorter.
pub(crate) fn each_block(reader: &mut impl Read, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut block = Vec::with_capacity(1 << 20);
    loop {
        block.clear();
        reader.by_ref().take(1 << 20).read_to_end(&mut block)?;
        if block.is_empty() {
            return Ok(());
        }
        each(&block)?;
    }
}

/// Where an artifact beside the case lies.
pub(crate) fn path_beside(case: &Path, name: &Sha256Digest) -> PathBuf {
    beside(case, ".files").join(hex::encode(name.0))
}

/// Takes what `reader` gives; `name` is for messages.
pub(crate) fn bring(case: &Path, mut reader: impl Read, name: &Path) -> Result<Brought, CaseError> {
    let mut bytes = Vec::new();
    reader.by_ref().take(INSIDE_LIMIT + 1).read_to_end(&mut bytes).map_err(CaseError::disk(name))?;
    if bytes.len() as u64 <= INSIDE_LIMIT {
        let digests = digest_into(bytes.as_slice(), io::sink()).map_err(CaseError::disk(name))?;
        return Ok(Brought { digests, inside: Some(bytes) });
    }
    let partial = partial(case)?;
    let written = File::create_new(&partial).and_then(|file| digest_into(bytes.chain(reader), file));
    keep(case, &partial, written.map_err(CaseError::disk(&partial))?)
}

/// Takes a file: a large one by a second name for it where the disk can do that, otherwise by a copy.
pub(crate) fn bring_file(case: &Path, path: &Path) -> Result<Brought, CaseError> {
    let file = File::open(path).map_err(CaseError::disk(path))?;
    if file.metadata().map_err(CaseError::disk(path))?.len() <= INSIDE_LIMIT {
        return bring(case, file, path);
    }
    let partial = partial(case)?;
    // A second name for a symbolic link would be another link, so it is followed first.
    let linked = fs::canonicalize(path).and_then(|file| fs::hard_link(file, &partial));
    if linked.is_err() {
        fs::copy(path, &partial).map_err(CaseError::disk(&partial))?;
    }
    keep(case, &partial, digest_file(&partial)?)
}

fn partial(case: &Path) -> Result<PathBuf, CaseError> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let folder = beside(case, ".files");
    fs::create_dir_all(&folder).map_err(CaseError::disk(&folder))?;
    Ok(folder.join(format!("{PARTIAL}{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))))
}

/// Gives a finished file its name.
fn keep(case: &Path, partial: &Path, digests: Digests) -> Result<Brought, CaseError> {
    let path = path_beside(case, &digests.sha256);
    let kept = File::open(partial).and_then(|file| file.sync_all()).and_then(|()| match path.exists() {
        true => fs::remove_file(partial),
        false => fs::rename(partial, &path),
    });
    kept.map_err(CaseError::disk(&path))?;
    sync_folder(&path)?;
    Ok(Brought { digests, inside: None })
}

/// Removes what a crash left unfinished.
pub(crate) fn sweep(case: &Path) -> Result<(), CaseError> {
    let folder = beside(case, ".files");
    let Ok(files) = fs::read_dir(&folder) else { return Ok(()) };
    for file in files.flatten().filter(|file| file.file_name().to_string_lossy().starts_with(PARTIAL)) {
        fs::remove_file(file.path()).map_err(CaseError::disk(&file.path()))?;
    }
    Ok(())
}
