//! The order of suites that were met in two runs, each in the server's order.
//!
//! In the first run every hello left out the schemes seen before, so that suites of one kind of key after another may
//! have gone out of question unseen. A suite of the first run that was chosen at a step at which the key of a suite of the
//! second run was still in question stands before it; any other pair is asked.

use super::Met;
use dengmi_core::Suite;
use std::collections::VecDeque;

/// Two runs on the way into one list.
#[derive(Clone, Debug)]
pub(super) struct Merge {
    /// The rest of the first run, with the number of the step.
    first: VecDeque<(usize, Met)>,
    second: VecDeque<Met>,
    /// The steps of the first run at which a kind of key was met last, for every suite of the second.
    alive: Vec<(&'static str, usize)>,
    /// The step of the first scheme: up to it nothing was left out.
    free: usize,
    merged: Vec<Met>,
}

impl Merge {
    /// `accepted` holds the first run up to `run`, then the second; `always` are kinds of keys that were never out of question.
    pub(super) fn new(accepted: &[Met], run: usize, always: impl Iterator<Item = &'static str>) -> Merge {
        let (first, second) = accepted.split_at(run.min(accepted.len()));
        let mut alive: Vec<(&'static str, usize)> = Vec::new();
        for (step, met) in first.iter().enumerate() {
            if let Some(key) = met.key {
                alive.retain(|(known, _)| *known != key);
                alive.push((key, step));
            }
        }
        alive.extend(always.map(|key| (key, first.len())));
        let mut merge = Merge {
            first: first.iter().copied().enumerate().collect(),
            second: second.iter().copied().collect(),
            alive,
            free: first.iter().position(|met| met.key.is_some()).unwrap_or(first.len()),
            merged: Vec::with_capacity(accepted.len()),
        };
        merge.advance();
        merge
    }

    /// Takes over what needs no question.
    fn advance(&mut self) {
        while let (Some(&(step, met)), Some(other)) = (self.first.front(), self.second.front()) {
            // A suite without a signature was never out of question.
            let alive = |key| self.alive.iter().any(|(known, last)| *known == key && *last >= step);
            if step > self.free && !other.key.is_none_or(alive) {
                return;
            }
            self.merged.push(met);
            self.first.pop_front();
        }
        self.merged.extend(self.first.drain(..).map(|(_, met)| met));
        self.merged.extend(self.second.drain(..));
    }

    /// Which of two suites comes first? `None`: all is known.
    pub(super) fn question(&self) -> Option<[Suite; 2]> {
        let ((_, first), second) = (self.first.front()?, self.second.front()?);
        Some([second.suite, first.suite])
    }

    /// Takes the answer; false when it is neither of the two.
    pub(super) fn learn(&mut self, chosen: Suite) -> bool {
        let (Some(&(_, first)), Some(&second)) = (self.first.front(), self.second.front()) else { return false };
        if chosen == first.suite {
            self.first.pop_front();
            self.merged.push(first);
        } else if chosen == second.suite {
            self.second.pop_front();
            self.merged.push(second);
        } else {
            return false;
        }
        self.advance();
        true
    }

    /// The one list, when nothing is left to ask.
    pub(super) fn merged(&self) -> &[Met] {
        &self.merged
    }
}
