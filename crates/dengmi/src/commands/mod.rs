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
use std::io;
use tokio::signal::ctrl_c;
#[cfg(unix)]
use tokio::signal::unix;

/// Ends the run at Ctrl-C or SIGTERM: what is known until then is told, and what was started is ended. SIGHUP stays as it was:
/// `nohup` makes a run outlive its terminal.
fn listen(cancel: &Cancel) -> Outcome<()> {
    let interrupted = cancel.clone();
    let no_runtime = |error| Failure::not_finished(format!("no runtime for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    std::thread::spawn(move || {
        if runtime.block_on(told_to_end()).is_ok() {
            interrupted.cancel();
        }
    });
    Ok(())
}

#[cfg(unix)]
async fn told_to_end() -> io::Result<()> {
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    tokio::select! {
        told = ctrl_c() => told,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> io::Result<()> {
    ctrl_c().await
}
