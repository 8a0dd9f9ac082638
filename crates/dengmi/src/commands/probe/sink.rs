//! Where observations go: lines on stdout, or a file that a later run can go on with.

use crate::failure::{Failure, Outcome};
use crate::out::Voice;
use dengmi_collect::probe::Target;
use dengmi_core::Observation;
use serde::Deserialize;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

/// A file of JSON Lines. The lines of an endpoint go out together, its coverage last: an endpoint is finished when its
/// coverage is there, and what a killed run left behind the last one is voided.
pub(super) struct Sink {
    file: BufWriter<File>,
    /// Lines of the endpoint that is being told.
    lines: Vec<u8>,
    finished: Finished,
}

/// Endpoints that are finished, by two keyed hashes each: names of a million would not fit a small memory.
struct Finished {
    keys: [RandomState; 2],
    seen: HashSet<(u64, u64)>,
}

/// What tells a finished endpoint.
const COVERAGE: &str = "probe.coverage";

#[derive(Deserialize)]
struct Line {
    kind: Box<str>,
    observed: Box<str>,
}

impl Sink {
    /// Opens the file: a new one, or one to go on with.
    pub(super) fn open(path: &Path, resume: bool, force: bool, voice: &Voice) -> Outcome<Sink> {
        let failed = |error: std::io::Error| Failure::file(path, &error, voice);
        let mut finished = Finished { keys: [RandomState::new(), RandomState::new()], seen: HashSet::new() };
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        if resume && path.exists() {
            let mut file = options.open(path).map_err(failed)?;
            let kept = whole(&mut file, &mut finished).map_err(failed)?;
            file.set_len(kept).map_err(failed)?;
            file.seek(SeekFrom::End(0)).map_err(failed)?;
            return Ok(Sink { file: BufWriter::new(file), lines: Vec::new(), finished });
        }
        if path.exists() && !force {
            let problem = voice.text("exists", &[("file", &path.display().to_string())]);
            return Err(Failure::usage(problem).hint(voice.text("hint-probe-output", &[])));
        }
        let file = options.create(true).truncate(true).open(path).map_err(failed)?;
        Ok(Sink { file: BufWriter::new(file), lines: Vec::new(), finished })
    }

    /// Endpoints that an earlier run finished.
    pub(super) fn finished(&self) -> u64 {
        self.finished.seen.len().try_into().unwrap_or(u64::MAX)
    }

    /// Whether a target is finished already.
    pub(super) fn has(&self, target: &Target) -> bool {
        self.finished.seen.contains(&self.finished.key(&target.to_string()))
    }

    /// Keeps an observation until its endpoint is finished.
    pub(super) fn keep(&mut self, observation: &Observation) -> Outcome<()> {
        self.lines.extend(observation.line().map_err(Failure::not_finished)?);
        self.lines.push(b'\n');
        Ok(())
    }

    /// Writes what was kept; or forgets it, where the run was ended in the middle of the endpoint.
    pub(super) fn finish(&mut self, whole: bool) -> std::io::Result<()> {
        if whole {
            self.file.write_all(&self.lines)?;
            self.file.flush()?;
        }
        self.lines.clear();
        Ok(())
    }
}

impl Finished {
    fn key(&self, target: &str) -> (u64, u64) {
        let [first, second] = &self.keys;
        (first.hash_one(target), second.hash_one(target))
    }
}

/// Bytes up to the end of the last finished endpoint.
fn whole(file: &mut File, finished: &mut Finished) -> std::io::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut at, mut kept) = (0_u64, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = reader.read_until(b'\n', &mut line)?;
        if count == 0 || line.last() != Some(&b'\n') {
            return Ok(kept);
        }
        at = at.saturating_add(count.try_into().unwrap_or(u64::MAX));
        // Not every line is worth reading: the word stands in that of a coverage.
        if memmem(&line, COVERAGE.as_bytes())
            && let Ok(Line { kind, observed }) = serde_json::from_slice(&line)
            && &*kind == COVERAGE
        {
            finished.seen.insert(finished.key(&observed));
            kept = at;
        }
    }
}

fn memmem(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, observed: &str) -> String {
        format!("{{\"kind\":\"{kind}\",\"observed\":\"{observed}\",\"value\":{{}}}}\n")
    }

    #[test]
    fn what_is_finished_is_told_by_its_coverage_and_the_rest_is_voided() {
        let done = line("tls.accepts", "a.example:443") + &line(COVERAGE, "a.example:443");
        let half = line("tls.accepts", "b.example:443");
        for (text, kept, names) in [
            (String::new(), 0, vec![]),
            (done.clone(), done.len(), vec!["a.example:443"]),
            (done.clone() + &half, done.len(), vec!["a.example:443"]),
            (done.clone() + "{\"kind\":\"probe.coverage\",\"obs", done.len(), vec!["a.example:443"]),
            (half.clone() + &line("note", COVERAGE), 0, vec![]),
            ("not JSON probe.coverage\n".into(), 0, vec![]),
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.rewind().unwrap();
            let mut finished = Finished { keys: [RandomState::new(), RandomState::new()], seen: HashSet::new() };
            assert_eq!(whole(&mut file, &mut finished).unwrap(), kept as u64, "{text}");
            assert_eq!(finished.seen.len(), names.len());
            assert!(names.iter().all(|name| finished.seen.contains(&finished.key(name))), "{text}");
        }
    }
}
