//! How a run can end. A finding is never a failure.

use std::io;

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

impl From<dengmi_casefile::CaseError> for Failure {
    fn from(error: dengmi_casefile::CaseError) -> Failure {
        use dengmi_casefile::CaseError::{Exists, NotACase, NotSealed, Sealed};
        match error {
            Exists(_) | NotACase(_) | NotSealed(_) | Sealed(_) => Failure::usage(error),
            _ => Failure::not_finished(error),
        }
    }
}
