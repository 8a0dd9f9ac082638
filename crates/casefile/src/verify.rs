//! Whether a case is still what was sealed, and if not, where it differs.

use crate::{
    Artifact, Case, CaseError, Head, Seal, SealDamage,
    artifact::{CHUNK, Digesting, Digests, digest_file, path_beside},
    kind,
    seal::digest_blocks,
    store::{BY_KIND, BY_SUBJECT, SCHEMA, connect_to_check, entries, read_row},
};
use dengmi_core::{EntryNumber, Sha256Digest, Sm3Digest};
use futures_util::TryStreamExt;
use sqlx::{Connection, Row, SqliteConnection};
use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, absolute},
};

/// Proof that every byte of a case is the sealed one and that its chain holds. Only [`verify`] makes it.
#[derive(Debug)]
pub struct Verified {
    case: Case,
    seal: Seal,
}

impl Verified {
    /// The case, open for reading.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// Its seal. All signatures in it hold; whose keys they are is for the reader to know.
    pub fn seal(&self) -> &Seal {
        &self.seal
    }
}

/// The answer of [`verify`].
#[derive(Debug)]
pub enum Verdict {
    /// Every byte is as it was sealed.
    Verified(Box<Verified>),
    /// Something differs, or there is no seal.
    Broken(Broken),
}

/// What differs; at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// In the order of the checks: seal, blocks, files beside, entries, artifacts, the rest.
    pub damage: Vec<Damage>,
}

impl Broken {
    /// The entries that differ, or whose artifact does.
    pub fn entries(&self) -> impl Iterator<Item = EntryNumber> + '_ {
        self.damage.iter().filter_map(|damage| match damage {
            Damage::Entry(entry) | Damage::Unreadable { entry, .. } | Damage::Artifact { entry, .. } => Some(*entry),
            _ => None,
        })
    }

    /// Whether nothing is wrong but that nobody has sealed the case yet.
    pub fn is_only_unsealed(&self) -> bool {
        self.damage == [Damage::Seal(SealDamage::Missing)]
    }
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The seal itself.
    #[error("seal: {0}")]
    Seal(SealDamage),
    /// The file is longer or shorter than the sealed one.
    #[error("{found} bytes, {sealed} were sealed")]
    Size {
        /// Bytes when it was sealed.
        sealed: u64,
        /// Bytes now.
        found: u64,
    },
    /// A block of [`BLOCK`](crate::BLOCK) bytes, counted from 0.
    #[error("block {0}")]
    Block(u64),
    /// An artifact beside the case is missing or not what was sealed.
    #[error("file beside the case {0}")]
    File(Sha256Digest),
    /// An entry whose link does not fit, or that is missing from its place.
    #[error("entry {0}")]
    Entry(EntryNumber),
    /// From this entry on SQLite cannot read the file.
    #[error("entry {entry} and what follows cannot be read: {why}")]
    Unreadable {
        /// The first one.
        entry: EntryNumber,
        /// In SQLite's words.
        why: String,
    },
    /// The chain holds but ends elsewhere.
    #[error("the chain ends at entry {}, sealed at {}", found.count, sealed.count)]
    Head {
        /// When it was sealed.
        sealed: Head,
        /// Now.
        found: Head,
    },
    /// The bytes of an artifact inside the case.
    #[error("artifact {sha256} of entry {entry}")]
    Artifact {
        /// The entry that tells of it.
        entry: EntryNumber,
        /// Its name.
        sha256: Sha256Digest,
    },
    /// Bytes that belong to no artifact.
    #[error("bytes of an artifact that no entry {0} tells of")]
    Stray(i64),
    /// Tables, indexes or triggers are not those of a case.
    #[error("the tables, indexes or triggers are not those of a case")]
    Schema,
    /// An index is not what a rebuild would give, or the file's structure is wrong.
    #[error("structure: {0}")]
    Structure(String),
}

/// For people: the entries, and the blocks where no entry lies.
impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outside = self.entries().next().is_none();
        for (index, damage) in self.damage.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            let place = if outside && matches!(damage, Damage::Block(_)) { ", outside any entry" } else { "" };
            write!(formatter, "{between}{damage}{place}")?;
        }
        Ok(())
    }
}

/// Checks a case against its seal: first every block, which needs no database, then the chain, to name the entry.
///
/// An unsealed case is [`Verdict::Broken`] too; its chain is checked all the same ([`Broken::is_only_unsealed`]).
/// Errors are left for what says nothing about the case: no such file, not a case at all, being written by somebody else.
pub fn verify(path: &Path) -> Result<Verdict, CaseError> {
    let path = &absolute(path).map_err(CaseError::disk(path))?;
    std::fs::metadata(path).map_err(CaseError::disk(path))?;
    let mut damage = Vec::new();
    let seal = Seal::read(path)?.map_err(|fault| damage.push(Damage::Seal(fault))).ok();
    if let Some(seal) = &seal {
        check_bytes(path, seal, &mut damage)?;
    }
    let sealed = damage != [Damage::Seal(SealDamage::Missing)];
    match connect_to_check(path, sealed) {
        Ok(mut connection) => {
            crate::wait(check_rows(&mut connection, path, seal.as_ref(), &mut damage));
            // Read-only: closing cannot lose anything.
            let _ = crate::wait(connection.close());
        }
        // A sealed file was a case once.
        Err(error) if sealed => damage.push(Damage::Unreadable { entry: EntryNumber(0), why: error.to_string() }),
        Err(error) => return Err(error),
    }
    match seal {
        Some(seal) if damage.is_empty() => {
            Ok(Verdict::Verified(Box::new(Verified { case: Case::open_read(path)?, seal })))
        }
        _ => Ok(Verdict::Broken(Broken { damage })),
    }
}

/// The case as bytes, and the files beside it.
fn check_bytes(path: &Path, seal: &Seal, damage: &mut Vec<Damage>) -> Result<(), CaseError> {
    let sealed = &seal.sealed;
    let found = digest_blocks(path)?;
    if found.size != sealed.size {
        damage.push(Damage::Size { sealed: sealed.size, found: found.size });
    }
    let pairs = (0..).zip(sealed.blocks.iter().zip(&found.blocks));
    damage.extend(pairs.filter(|(_, (sealed, found))| sealed != found).map(|(block, _)| Damage::Block(block)));
    if damage.is_empty() && found.sha256 != sealed.sha256 {
        damage.push(Damage::Seal(SealDamage::Blocks));
    }
    for file in &sealed.files {
        let found = digest_file(&path_beside(path, &file.sha256));
        if found.is_ok_and(|found| (found.sha256, found.size) == (file.sha256, file.size)) {
            continue;
        }
        damage.push(Damage::File(file.sha256));
    }
    Ok(())
}

/// What SQLite gives: entries, artifacts and, where nothing was wrong so far, the structure.
async fn check_rows(connection: &mut SqliteConnection, path: &Path, seal: Option<&Seal>, damage: &mut Vec<Damage>) {
    let unharmed = |damage: &[Damage]| damage.iter().all(|damage| *damage == Damage::Seal(SealDamage::Missing));
    let Some((found, artifacts)) = walk(connection, damage).await else { return };
    if let Some(Seal { sealed, .. }) = seal {
        let sealed = Head { count: sealed.entries, link: sealed.head };
        if damage.is_empty() && found != sealed {
            damage.push(Damage::Head { sealed, found });
        }
    }
    let (beside, inside): (Vec<_>, Vec<_>) = artifacts.into_iter().partition(|artifact| artifact.beside);
    for artifact in beside {
        // Those in the seal were read a moment ago.
        let sealed = seal.is_some_and(|seal| seal.sealed.files.iter().any(|file| file.sha256 == artifact.sha256));
        if !sealed && !digest_file(&path_beside(path, &artifact.sha256)).is_ok_and(|found| fits(&artifact, &found)) {
            damage.push(Damage::Artifact { entry: artifact.entry, sha256: artifact.sha256 });
        }
    }
    check_chunks(connection, &inside, damage).await;
    if unharmed(damage) {
        check_structure(connection, damage).await;
    }
}

/// Follows the chain and names each entry that does not fit. `None` when it cannot be followed to its end.
async fn walk(connection: &mut SqliteConnection, damage: &mut Vec<Damage>) -> Option<(Head, Vec<Artifact>)> {
    let mut rows = sqlx::query(entries!("ORDER BY number")).fetch(connection);
    let mut artifacts = Vec::new();
    let mut last = None;
    // The link before, as it stands and as it should be: a wrong link must not be held against the next entry.
    let mut previous = vec![Sm3Digest([0; 32])];
    loop {
        let expected = last.map_or(0, |head: Head| head.count + 1);
        let entry = EntryNumber(expected);
        let row = match rows.try_next().await {
            Ok(Some(row)) => row,
            Ok(None) if last.is_none() => {
                damage.push(Damage::Entry(entry));
                return None;
            }
            Ok(None) => return last.map(|head| (head, artifacts)),
            Err(error) => {
                damage.push(Damage::Unreadable { entry, why: error.to_string() });
                return None;
            }
        };
        if row.try_get::<i64, _>(0).ok().and_then(|number| u64::try_from(number).ok()) != Some(expected) {
            damage.push(Damage::Entry(entry));
            return None;
        }
        let Ok((_, content, link)) = read_row(&row) else {
            damage.push(Damage::Entry(entry));
            previous.clear();
            last = Some(Head { count: expected, link: Sm3Digest([0; 32]) });
            continue;
        };
        let should: Vec<_> = previous.iter().map(|previous| content.link(previous, expected)).collect();
        let unlinked = !should.is_empty() && !should.contains(&link);
        previous = if unlinked { should } else { Vec::new() };
        previous.push(link);
        last = Some(Head { count: expected, link });
        let bare = content.kind == kind::HEADER && content.subject.is_empty() && content.fact == -1;
        let is_artifact = content.kind == kind::ARTIFACT;
        let artifact = Artifact::read(&content.recorded(expected, link));
        if unlinked || expected == 0 && !bare || is_artifact && artifact.is_none() {
            damage.push(Damage::Entry(entry));
        }
        artifacts.extend(artifact);
    }
}

/// Compares the bytes inside with the artifacts that entries tell of; both come in the order of the entries.
async fn check_chunks(connection: &mut SqliteConnection, artifacts: &[Artifact], damage: &mut Vec<Damage>) {
    let mut rows = sqlx::query("SELECT artifact, part, bytes FROM chunk ORDER BY artifact, part").fetch(connection);
    let mut artifacts = artifacts.iter();
    let mut current = artifacts.next().map(Pieces::new);
    loop {
        let row = match rows.try_next().await {
            Ok(row) => row,
            Err(error) => {
                damage.extend(current.map(|pieces| pieces.damage()));
                damage.push(Damage::Structure(error.to_string()));
                return;
            }
        };
        let piece = row.as_ref().map(|row| {
            let piece = (row.try_get::<i64, _>(0), row.try_get::<i64, _>(1), row.try_get::<&[u8], _>(2));
            if let (Ok(artifact), Ok(part), Ok(bytes)) = piece { (artifact, part, bytes) } else { (-1, -1, &[][..]) }
        });
        while let Some(pieces) = &mut current
            && piece.is_none_or(|(artifact, ..)| {
                u64::try_from(artifact).is_ok_and(|artifact| artifact > pieces.artifact.entry.0)
            })
        {
            damage.extend(current.and_then(Pieces::finish));
            current = artifacts.next().map(Pieces::new);
        }
        match (piece, &mut current) {
            (None, _) => return,
            (Some((artifact, part, bytes)), Some(pieces)) if u64::try_from(artifact) == Ok(pieces.artifact.entry.0) => {
                pieces.add(part, bytes);
            }
            (Some((artifact, ..)), _) => damage.push(Damage::Stray(artifact)),
        }
    }
}

/// The bytes of one artifact while they are put together.
struct Pieces<'a> {
    artifact: &'a Artifact,
    digesting: Digesting,
    next: i64,
    sound: bool,
    ended: bool,
}

impl<'a> Pieces<'a> {
    fn new(artifact: &'a Artifact) -> Self {
        Pieces { artifact, digesting: Digesting::default(), next: 0, sound: true, ended: false }
    }

    fn add(&mut self, part: i64, bytes: &[u8]) {
        // Only the last piece may be short.
        self.sound &= part == self.next && !self.ended;
        self.ended = bytes.len() != CHUNK;
        self.next += 1;
        self.digesting.update(bytes);
    }

    fn finish(self) -> Option<Damage> {
        let damage = self.damage();
        (!self.sound || !fits(self.artifact, &self.digesting.finish())).then_some(damage)
    }

    fn damage(&self) -> Damage {
        Damage::Artifact { entry: self.artifact.entry, sha256: self.artifact.sha256 }
    }
}

fn fits(artifact: &Artifact, found: &Digests) -> bool {
    (artifact.sha256, artifact.sm3, artifact.size) == (found.sha256, found.sm3, found.size)
}

/// The schema is ours, and SQLite's own check, which compares every index with its table.
async fn check_structure(connection: &mut SqliteConnection, damage: &mut Vec<Damage>) {
    let schema = sqlx::query_scalar::<_, String>("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
        .fetch_all(&mut *connection)
        .await;
    let schema: BTreeSet<_> = schema.unwrap_or_default().into_iter().collect();
    let is = |wanted: &str| schema.contains(wanted);
    let known = |sql: &String| SCHEMA.iter().chain(&[BY_KIND, BY_SUBJECT]).any(|wanted| sql == wanted);
    if !SCHEMA.iter().all(|sql| is(sql)) || !schema.iter().all(known) {
        damage.push(Damage::Schema);
    }
    match sqlx::query_scalar::<_, String>("PRAGMA integrity_check(10)").fetch_all(connection).await {
        Ok(findings) => damage.extend(findings.into_iter().filter(|text| text != "ok").map(Damage::Structure)),
        Err(error) => damage.push(Damage::Structure(error.to_string())),
    }
}
