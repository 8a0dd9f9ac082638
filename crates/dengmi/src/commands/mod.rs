//! One module a command: its arguments and what it does.

pub(crate) mod algorithm;
pub(crate) mod assess;
pub(crate) mod capture;
pub(crate) mod cert;
pub(crate) mod collect;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod duties;
pub(crate) mod explain;
pub(crate) mod gate;
pub(crate) mod grade;
pub(crate) mod judge;
pub(crate) mod law;
pub(crate) mod probe;
pub(crate) mod random;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod verify;
pub(crate) mod why;

use crate::failure::{Failure, Outcome};
use dengmi_collect::probe::Cancel;

/// Ends the run at Ctrl-C; what is known until then is told.
fn listen(cancel: &Cancel) -> Outcome<()> {
    let interrupted = cancel.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::not_finished(format!("no runtime for signals: {error}")))?;
    std::thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            interrupted.cancel();
        }
    });
    Ok(())
}
