//! Where targets come from: the command line, files and stdin, read as they are needed.

use crate::failure::{Failure, Outcome};
use crate::out::Voice;
use crate::wrong_value;
use dengmi_collect::probe::{Target, Targets};
use futures_util::{Stream, stream};
use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Targets that are read ahead of the run.
const AHEAD: usize = 256;
/// Bytes of the longest line that can be a target.
const LINE: usize = 1024;

/// What is to be probed, in the order of the command line.
pub(super) struct Source {
    words: Vec<Targets>,
    files: Vec<Option<PathBuf>>,
    ports: Arc<[u16]>,
    wrong: Arc<Mutex<Option<Wrong>>>,
}

/// A line that is no target, or a file that cannot be read.
enum Wrong {
    Line { file: String, line: u64, text: String, problem: String },
    File { path: PathBuf, error: std::io::Error },
}

impl Source {
    /// Words of the command line are read at once, so that a wrong one is told before anything is asked. `-` is stdin.
    pub(super) fn new(words: &[String], files: &[PathBuf], ports: &[u16], voice: &Voice) -> Outcome<Source> {
        let ports: Arc<[u16]> = Arc::from(ports);
        let mut source =
            Source { words: Vec::new(), files: Vec::new(), ports: Arc::clone(&ports), wrong: Arc::default() };
        for word in words {
            if word == "-" {
                source.files.push(None);
                continue;
            }
            let targets = Targets::read(word, &ports).map_err(|error| {
                let failure = wrong_value("TARGETS", "expected-endpoint", word, voice);
                Failure { problem: format!("{}: {error}", failure.problem), ..failure }
            })?;
            source.words.push(targets);
        }
        for file in files {
            if file.as_os_str() == "-" {
                source.files.push(None);
                continue;
            }
            File::open(file).map_err(|error| Failure::file(file, &error, voice))?;
            source.files.push(Some(file.clone()));
        }
        Ok(source)
    }

    /// How many there are, where no file has to be read to know.
    pub(super) fn count(&self) -> Option<u64> {
        let sum = self.words.iter().try_fold(0_u64, |sum, targets| sum.checked_add(targets.count()?));
        sum.filter(|_| self.files.is_empty())
    }

    /// What was wrong in a file; the run that was under way took what stood before it.
    pub(super) fn wrong(&self, voice: &Voice) -> Option<Failure> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(match wrong {
            Wrong::Line { file, line, text, problem } => {
                let failure = wrong_value(&format!("{file}:{line}"), "expected-endpoint", &text, voice);
                Failure { problem: format!("{}: {problem}", failure.problem), ..failure }
            }
            Wrong::File { path, error } => Failure::file(&path, &error, voice),
        })
    }

    /// Each target, as fast as the run takes them.
    pub(super) fn stream(&mut self) -> impl Stream<Item = Target> + use<> {
        let words = std::mem::take(&mut self.words);
        let files = std::mem::take(&mut self.files);
        let (send, mut receive) = mpsc::channel(AHEAD);
        let (ports, wrong) = (Arc::clone(&self.ports), Arc::clone(&self.wrong));
        // Reading may wait for a slow pipe, which must not hold up the run.
        std::thread::spawn(move || {
            // It ends early when nobody wants more, or with a complaint that is kept.
            let _ = files.into_iter().try_for_each(|file| lines(file, &ports, &send, &wrong));
        });
        let words = stream::iter(words.into_iter().flat_map(Targets::each));
        futures_util::StreamExt::chain(words, stream::poll_fn(move |context| receive.poll_recv(context)))
    }
}

/// Sends the targets of a file; `Err` when nobody wants more or something is wrong.
fn lines(
    file: Option<PathBuf>,
    ports: &Arc<[u16]>,
    send: &mpsc::Sender<Target>,
    wrong: &Mutex<Option<Wrong>>,
) -> Result<(), ()> {
    let is_wrong = |found: Wrong| {
        *wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    };
    let name = file.as_ref().map_or_else(|| "stdin".to_owned(), |file| file.display().to_string());
    let unreadable = |error| Wrong::File { path: file.clone().unwrap_or_else(|| "stdin".into()), error };
    let mut reader: Box<dyn BufRead> = match &file {
        Some(path) => Box::new(BufReader::new(File::open(path).map_err(|error| is_wrong(unreadable(error)))?)),
        None => Box::new(BufReader::new(stdin())),
    };
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let limit = u64::try_from(LINE).unwrap_or(u64::MAX).saturating_add(1);
        let read = std::io::Read::take(&mut reader, limit).read_until(b'\n', &mut bytes);
        if read.map_err(|error| is_wrong(unreadable(error)))? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&bytes);
        // What stands behind a # is for people.
        let word = text.split('#').next().unwrap_or_default().trim();
        let shown: String = word.chars().take(80).collect();
        if bytes.len() > LINE {
            is_wrong(Wrong::Line { file: name, line, text: shown, problem: format!("> {LINE} B") });
            return Err(());
        }
        if word.is_empty() {
            continue;
        }
        match Targets::read(word, ports) {
            Ok(targets) => targets.each().try_for_each(|target| send.blocking_send(target).map_err(|_| ()))?,
            Err(error) => {
                is_wrong(Wrong::Line { file: name, line, text: shown, problem: error.to_string() });
                return Err(());
            }
        }
    }
    Ok(())
}
