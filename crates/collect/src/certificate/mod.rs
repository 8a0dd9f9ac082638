//! Certificates from files and folders, checked and turned into observations.
//!
//! A file is PEM (any number of blocks, text between them), DER (one or several) or base64 without a frame. Each file
//! with a certificate is an artifact, each certificate an observation of kind `certificate` with its place in it. What
//! cannot be read is a row of its own, never the end of the work: only roots that cannot be read end it, since every
//! answer would hang on them.

mod identity;
mod piece;

pub use identity::{IdentityError, identity};
pub use piece::NotACertificate;

use dengmi_core::{
    Certificate, Date, Fact, Method, Observation, ObservedId, Place, Reach, Sha256Digest, UtcDateTime, Where,
};
use dengmi_parse::Defect;
use dengmi_protocol::certify::{
    Asked, Certificates, Certified, Certifier, Layout, Limits, Purpose, ServiceName, sha256, sha256_text,
};
use piece::Piece;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What `dengmi cert` asks.
#[derive(Clone, Debug)]
pub struct Request {
    /// Files, and folders of them, read to the bottom.
    pub paths: Vec<PathBuf>,
    /// Files and folders of certificates that are trusted. All of a file is, authorities only of a folder.
    pub roots: Vec<PathBuf>,
    /// Whether the roots of this machine are trusted too ([`SYSTEM_STORES`]).
    pub system_roots: bool,
    /// Files and folders of certificates that may stand between, beside those in the same file.
    pub between: Vec<PathBuf>,
    /// The name of the service, for the certificates that are no authorities.
    pub name: Option<ServiceName>,
    /// SM2 identifiers to try when `1234567812345678` does not fit.
    pub sm2_ids: Vec<Box<[u8]>>,
    /// What the order inside a file means. `None`: two certificates in front that are no authorities and have one
    /// subject and one issuer are the pair of TLCP, everything else has no order.
    pub layout: Option<Layout>,
    /// Whose the certificates are.
    pub purpose: Purpose,
    /// The day for which they are checked.
    pub on: Date,
    /// Now, for the observations.
    pub at: UtcDateTime,
    /// This program and its version, for the observations.
    pub tool: Arc<str>,
}

/// Where systems keep the certificates that they trust: the first that is there is taken.
pub const SYSTEM_STORES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
];

/// Bytes of a file that are read.
pub const FILE_LIMIT: u64 = 16 << 20;
/// Certificates of a file that are read.
pub const CERTIFICATES_LIMIT: usize = 4096;
/// Folders inside one another that are entered.
const DEPTH_LIMIT: usize = 16;

/// Why a file gave no certificate.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is larger than [`FILE_LIMIT`].
    #[error("has {0} bytes; certificates are read from files of at most {FILE_LIMIT}")]
    TooLarge(u64),
    /// Folders stand too deep inside one another.
    #[error("folders stand more than {DEPTH_LIMIT} deep inside one another")]
    TooDeep,
    /// More than [`CERTIFICATES_LIMIT`]; the first ones were read.
    #[error("holds more than {CERTIFICATES_LIMIT} certificates; those behind were not read")]
    TooMany,
    /// It is something else.
    #[error(transparent)]
    NotACertificate(#[from] NotACertificate),
    /// A block of PEM that is marked as a certificate cannot be read as one.
    #[error("holds a block that is marked as a certificate and is none: {0}")]
    Malformed(#[source] Defect),
}

/// Why nothing could be checked: the roots are not what the caller believes.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file that the caller named as root or as standing between.
    #[error("{path}: {problem}", path = path.display())]
    Given {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        problem: FileProblem,
    },
    /// A folder without a single certificate of an authority.
    #[error("{}: no certificate of an authority is in this folder", .0.display())]
    NoAuthority(PathBuf),
    /// None of [`SYSTEM_STORES`] is there.
    #[error("no trust store of the system is there: looked for {}", SYSTEM_STORES.join(", "))]
    NoSystemStore,
}

/// What was read.
#[derive(Debug)]
pub struct Collected {
    /// One row for each file, in the order of the request; files of a folder by name.
    pub files: Vec<FileRead>,
    /// Certificates that were trusted.
    pub roots: usize,
}

impl Collected {
    /// All observations, file by file.
    pub fn observations(&self) -> impl Iterator<Item = &Observation> {
        self.files.iter().flat_map(|file| &file.certificates).map(|found| &found.observation)
    }
}

/// One file.
#[derive(Debug)]
pub struct FileRead {
    /// Its path, as the caller gave it or as it follows from the folder that was given.
    pub path: PathBuf,
    /// Whether the caller named it. What a named folder holds beside certificates is seldom worth a word.
    pub named: bool,
    /// What the observations point into, for the case: the whole file; or each certificate by itself where a private key
    /// stands in the file too, for that goes nowhere. Empty when it holds no certificate.
    pub artifacts: Vec<Artifact>,
    /// The certificates in it, in their order.
    pub certificates: Vec<Found>,
    /// Why there is none, or why not all were read.
    pub problem: Option<FileProblem>,
    /// What the order was taken to mean.
    pub layout: Layout,
}

/// Bytes that a case keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// SHA-256 of the bytes.
    pub name: Sha256Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Artifact {
    fn of(bytes: Vec<u8>) -> Artifact {
        Artifact { name: sha256(&bytes), bytes }
    }
}

/// One certificate of a file.
#[derive(Debug)]
pub struct Found {
    /// The fact, ready for a case.
    pub observation: Observation,
    /// What the check found, or the defect for which it cannot be read.
    pub certified: Result<Certified, Defect>,
}

/// Reads and checks what the request names.
///
/// # Errors
/// [`CertificateError`]; what is wrong with a file of [`Request::paths`] stands in its row.
pub fn collect(request: &Request) -> Result<Collected, CertificateError> {
    let roots = trusted(&request.roots, request.system_roots)?;
    let mut between = Certificates::default();
    trust(&request.between, &mut between)?;
    let trusted = roots.len();
    let limits = Limits { certificates: CERTIFICATES_LIMIT, ..Limits::default() };
    let mut certifier = Certifier::new(roots, between, request.sm2_ids.clone(), limits);

    let mut files = Vec::new();
    for path in &request.paths {
        walk(path, &mut |path, named, bytes| files.push(file(path, named, bytes, request, &mut certifier)));
    }
    Ok(Collected { files, roots: trusted })
}

/// The certificates of files and folders that the caller trusts: all of a file, authorities only of a folder; with those of this
/// machine ([`SYSTEM_STORES`]) where they are wanted.
///
/// # Errors
/// [`CertificateError`]: a root that cannot be read would change every answer.
pub fn trusted(paths: &[PathBuf], system: bool) -> Result<Certificates, CertificateError> {
    let mut roots = Certificates::default();
    trust(paths, &mut roots)?;
    if system {
        let store = SYSTEM_STORES.iter().map(PathBuf::from).find(|store| store.exists());
        trust(&[store.ok_or(CertificateError::NoSystemStore)?], &mut roots)?;
    }
    Ok(roots)
}

/// Adds the certificates of files and folders to those that are given. In a folder, what is no certificate is passed over.
fn trust(paths: &[PathBuf], given: &mut Certificates) -> Result<(), CertificateError> {
    for path in paths {
        let before = given.len();
        let mut wrong = None;
        walk(path, &mut |path, named, bytes| {
            if let Err(problem) = bytes.and_then(|bytes| add(&bytes, named, given))
                && named
            {
                wrong = Some(CertificateError::Given { path: path.to_path_buf(), problem });
            }
        });
        match wrong {
            Some(wrong) => return Err(wrong),
            None if given.len() == before && path.is_dir() => return Err(CertificateError::NoAuthority(path.clone())),
            None => {}
        }
    }
    Ok(())
}

/// Adds the certificates of a file; of one that the caller did not name, authorities only, past what cannot be read.
fn add(bytes: &[u8], named: bool, given: &mut Certificates) -> Result<(), FileProblem> {
    let pieces = piece::pieces(bytes, CERTIFICATES_LIMIT)?;
    for piece in &pieces.certificates {
        if named {
            given.add(&piece.der).map_err(FileProblem::Malformed)?;
        } else {
            let _ = given.add_authority(&piece.der);
        }
    }
    if pieces.more { Err(FileProblem::TooMany) } else { Ok(()) }
}

/// What is done with a file: its path, whether the caller named it, and its bytes.
type Each<'a> = dyn FnMut(&Path, bool, Result<Vec<u8>, FileProblem>) + 'a;

/// Calls `each` with every file at and below `path`, in the order of names.
fn walk(path: &Path, each: &mut Each<'_>) {
    if path.is_dir() { enter(path, 0, each) } else { each(path, true, bytes(path)) }
}

fn enter(path: &Path, depth: usize, each: &mut Each<'_>) {
    if depth > DEPTH_LIMIT {
        return each(path, false, Err(FileProblem::TooDeep));
    }
    let names = fs::read_dir(path).and_then(|entries| {
        let mut names = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        Ok(names)
    });
    let names = match names {
        Ok(names) => names,
        Err(problem) => return each(path, depth == 0, Err(problem.into())),
    };
    for inner in names {
        match inner.metadata() {
            // Links to folders are followed only where the caller names them: below, they may lead round in a circle.
            Ok(about) if about.is_dir() && inner.is_symlink() => {}
            Ok(about) if about.is_dir() => enter(&inner, depth + 1, each),
            _ => each(&inner, false, bytes(&inner)),
        }
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, FileProblem> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        // A pipe or a device may never end.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file").into());
    }
    if about.len() > FILE_LIMIT {
        return Err(FileProblem::TooLarge(about.len()));
    }
    Ok(fs::read(path)?)
}

fn file(
    path: &Path,
    named: bool,
    bytes: Result<Vec<u8>, FileProblem>,
    request: &Request,
    certifier: &mut Certifier,
) -> FileRead {
    let mut row = FileRead {
        path: path.to_path_buf(),
        named,
        artifacts: Vec::new(),
        certificates: Vec::new(),
        problem: None,
        layout: request.layout.unwrap_or(Layout::Loose),
    };
    let read = bytes.and_then(|bytes| {
        let pieces = piece::pieces(&bytes, CERTIFICATES_LIMIT)?;
        Ok((bytes, pieces))
    });
    let (bytes, pieces) = match read {
        Ok(read) => read,
        Err(problem) => return FileRead { problem: Some(problem), ..row },
    };
    row.problem = pieces.more.then_some(FileProblem::TooMany);
    let ders: Vec<&[u8]> = pieces.certificates.iter().map(|piece| &*piece.der).collect();
    row.artifacts = if pieces.with_key {
        ders.iter().map(|der| Artifact::of(der.to_vec())).collect()
    } else {
        vec![Artifact::of(bytes)]
    };
    row.layout = request.layout.unwrap_or_else(|| Layout::of_file(&ders));
    let asked = Asked { on: request.on, name: request.name.as_ref(), layout: row.layout, purpose: request.purpose };
    let certified = certifier.certify(&ders, &asked);
    let observed = ObservedId::from(&*path.to_string_lossy());
    for (number, (piece, certified)) in pieces.certificates.iter().zip(certified).enumerate() {
        let (artifact, at) = match (pieces.with_key, row.artifacts.get(number), row.artifacts.first()) {
            (true, Some(own), _) => (own.name, Where::Whole),
            (_, _, Some(file)) => (file.name, piece.at),
            (_, _, None) => continue,
        };
        let place = Place { artifact, what: Some(path.to_string_lossy().into()), at };
        row.certificates.push(found(piece, number, certified, &observed, place, request));
    }
    row
}

fn found(
    piece: &Piece,
    number: usize,
    certified: Result<Certified, Defect>,
    observed: &ObservedId,
    place: Place,
    request: &Request,
) -> Found {
    let (reach, certificate) = match &certified {
        Ok(certified) => (Reach::Seen, certified.certificate.clone()),
        Err(_) => {
            let position = u32::try_from(number).ok();
            (Reach::Undecodable, Certificate { sha256: sha256_text(&piece.der), position, ..Certificate::default() })
        }
    };
    let observation = Observation {
        observed: observed.clone(),
        subject: None,
        reach,
        method: Method::ToolTest,
        at: request.at,
        tool: request.tool.clone(),
        place: Some(Box::new(place)),
        fact: Fact::Certificate(Box::new(certificate)),
    };
    Found { observation, certified }
}
