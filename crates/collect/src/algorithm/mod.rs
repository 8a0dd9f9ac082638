//! Algorithm testing: vectors, long chains and timing against whatever answers the line protocol
//! (`docs/line-protocol.md`). The program that is tested is a child process; nothing is linked.

mod chain;
mod line;
mod reference;
mod run;
mod target;
mod timing;
mod vector;

pub use crate::probe::Cancel;
pub use chain::chain;
pub use line::{Answer, Fields, Request};
pub use reference::answer;
pub use run::{Failure, Found, Report, Row, vectors};
pub use target::{Stop, Target, Trouble};
pub use timing::{Timing, Verdict, timing};
pub use vector::{Expected, Note, Test, Vectors};

/// Whether one of the words of `--only` means an operation: `sm4` and `sm4-gcm` mean `sm4-gcm-encrypt`. No words mean all.
pub fn selected(only: &[String], operation: &str) -> bool {
    let means = |word: &String| {
        operation.strip_prefix(word.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    only.is_empty() || only.iter().any(means)
}
