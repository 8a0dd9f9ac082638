//! A line on the terminal for runs of more than a second.

use crate::out::Voice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// How far a run is. On anything but a terminal it shows nothing.
pub(super) struct Progress {
    bar: ProgressBar,
    shown: bool,
}

impl Progress {
    /// Of `total` endpoints, where that is known.
    pub(super) fn new(total: Option<u64>, done: u64, voice: &Voice) -> Progress {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let form = match total {
            Some(_) => "{wide_bar} {pos}/{len}  {per_sec}  {eta}",
            None => "{spinner} {pos}  {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        bar.set_position(done);
        bar.reset_eta();
        Progress { bar, shown: voice.quiet }
    }

    /// An endpoint is finished.
    pub(super) fn step(&mut self) {
        self.bar.inc(1);
        if !self.shown && self.bar.elapsed() > Duration::from_secs(1) {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the line away while something else is printed.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Takes the line away for good.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
