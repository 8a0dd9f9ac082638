//! How a run can end. A finding is never a failure.

use crate::out::Voice;
use dengmi_casefile::CaseError;
use std::io;
use std::path::Path;

/// 0 done, 1 gate not met, 2 wrong usage, 3 could not finish, 4 seal broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    GateNotMet = 1,
    Usage = 2,
    NotFinished = 3,
    SealBroken = 4,
}

/// What stopped a command: how it exits, what was wrong, what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) problem: String,
    pub(crate) hint: Option<String>,
}

pub(crate) type Outcome<T = Exit> = Result<T, Failure>;

impl Failure {
    /// The user's words or files are wrong.
    pub(crate) fn usage(problem: impl ToString) -> Failure {
        Failure { exit: Exit::Usage, problem: problem.to_string(), hint: None }
    }

    /// The world did not play along.
    pub(crate) fn not_finished(problem: impl ToString) -> Failure {
        Failure { exit: Exit::NotFinished, problem: problem.to_string(), hint: None }
    }

    /// A file that the user named cannot be read or written.
    pub(crate) fn file(path: &Path, error: &io::Error, voice: &Voice) -> Failure {
        let file = path.display().to_string();
        let key = match error.kind() {
            io::ErrorKind::NotFound => "file-missing",
            io::ErrorKind::PermissionDenied => "file-forbidden",
            io::ErrorKind::IsADirectory => "file-is-folder",
            io::ErrorKind::NotADirectory => "file-is-no-folder",
            io::ErrorKind::InvalidData => "file-no-text",
            _ => return Failure::usage(format!("{file}: {error}")),
        };
        Failure::usage(voice.text(key, &[("file", &file)]))
    }

    /// A case cannot be used. Faults of its file are the user's to mend, everything else is the disk's.
    pub(crate) fn case(error: CaseError, voice: &Voice) -> Failure {
        let said = |key: &str, path: &Path| voice.text(key, &[("file", &path.display().to_string())]);
        match &error {
            CaseError::Exists(path) => Failure::usage(said("exists", path)).hint(voice.text("hint-resume", &[])),
            CaseError::NotACase(path) => Failure::usage(said("not-a-case", path)).hint(voice.text("hint-case", &[])),
            CaseError::Sealed(path) => Failure::usage(said("sealed-already", path)),
            CaseError::NotSealed(path) => {
                Failure::usage(said("not-sealed", path)).hint(voice.text("hint-not-sealed", &[]))
            }
            CaseError::InUse(path) => Failure::not_finished(said("case-in-use", path)),
            CaseError::Disk { path, source } if source.kind() != io::ErrorKind::StorageFull => {
                Failure::file(path, source, voice).hint(voice.text("hint-case", &[]))
            }
            _ => Failure::not_finished(error),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

impl From<io::Error> for Failure {
    /// Only stdout is written with `?`; everything else says which file.
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure { exit: Exit::Done, problem: String::new(), hint: None },
            _ => Failure::not_finished(format!("stdout: {error}")),
        }
    }
}

impl From<CaseError> for Failure {
    /// Once a case is open, what goes wrong is the disk's or ours.
    fn from(error: CaseError) -> Failure {
        Failure::not_finished(error)
    }
}
