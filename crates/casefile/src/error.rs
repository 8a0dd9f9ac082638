use dengmi_core::canonical::NotCanonical;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why a case could not be used. Damage to a sealed case is no error but an answer: [`Broken`](crate::Broken).
#[derive(Clone, Debug, thiserror::Error)]
pub enum CaseError {
    /// Evidence is never overwritten.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// No SQLite file, or one that another program made.
    #[error("{0} is not a case")]
    NotACase(PathBuf),
    /// Written by a newer version of this program.
    #[error("{path} has case format {found}, this program knows {known}")]
    NewerFormat {
        /// The case.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program reads.
        known: i64,
    },
    /// Another process, or another handle of this one, has the case open for writing.
    #[error("{0} is being written by someone else")]
    InUse(PathBuf),
    /// A sealed case takes no more entries.
    #[error("{0} is sealed")]
    Sealed(PathBuf),
    /// Only sealed cases can be opened for reading alone.
    #[error("{0} is not sealed")]
    NotSealed(PathBuf),
    /// The kind belongs to the store.
    #[error("kind {0:#06x} is reserved")]
    ReservedKind(u16),
    /// A name that is present but empty could not be told from a missing one.
    #[error("an empty {0}")]
    Empty(&'static str),
    /// A limit of this crate.
    #[error("{what} of {found} bytes, at most {limit} are allowed")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// How long it may be.
        limit: usize,
        /// How long it is.
        found: usize,
    },
    /// The unit was begun again elsewhere, so this one was voided.
    #[error("unit {0:?} was begun again elsewhere")]
    UnitLost(Box<str>),
    /// Something that the case promises is not in it.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The case or the file beside it.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The disk.
    #[error("{path}: {source}")]
    Disk {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// SQLite.
    #[error("{path}: {source}")]
    Store {
        /// The case.
        path: PathBuf,
        /// The cause.
        source: Arc<sqlx::Error>,
    },
    /// What the store itself writes has no canonical form; a fault of this program.
    #[error("cannot be written: {0}")]
    Canonical(Arc<NotCanonical>),
    /// A signing key refused.
    #[error("the signing key refused")]
    Signing,
    /// The writer has ended; only after a panic.
    #[error("the case is closed")]
    Closed,
}

impl CaseError {
    pub(crate) fn disk(path: &Path) -> impl FnOnce(io::Error) -> CaseError + '_ {
        move |source| CaseError::Disk { path: path.into(), source: Arc::new(source) }
    }

    pub(crate) fn store(path: &Path) -> impl FnOnce(sqlx::Error) -> CaseError + '_ {
        move |source| match result_code(&source) {
            Some(BUSY) => CaseError::InUse(path.into()),
            Some(NOT_A_DATABASE) => CaseError::NotACase(path.into()),
            _ => CaseError::Store { path: path.into(), source: Arc::new(source) },
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> CaseError {
        CaseError::Damaged { path: path.into(), what: what.into() }
    }
}

impl From<NotCanonical> for CaseError {
    fn from(error: NotCanonical) -> Self {
        CaseError::Canonical(Arc::new(error))
    }
}

const BUSY: i32 = 5;
const NOT_A_DATABASE: i32 = 26;

/// SQLite's primary result code: the low byte of the extended one.
fn result_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
