//! Random sources: samples out of files, folders, pipes, devices, the system's generator and programs, and the tests on them.
//!
//! It touches what it is told to read, and starts a program only when one is named. A thread reads and cuts samples, one a core
//! tests them, the caller hears of them in order. A few samples are in memory at a time, however many there are.

mod input;

pub use crate::probe::Cancel;
pub use input::{NotRead, Source};

use dengmi_core::Sha256Digest;
use dengmi_randomness::input::{Form, Order};
use dengmi_randomness::{Edition, Laboratory, Sample, Test, Unfit, Value};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Samples that wait for each core.
const WAITING: usize = 2;
/// How often a cancelled run is noticed.
const LOOK: Duration = Duration::from_millis(200);

/// How a source is cut into samples.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Bits of a sample; without it a file is one sample.
    pub bits: Option<usize>,
    /// At most so many samples; without it all that the source has.
    pub samples: Option<usize>,
    /// How bits are written.
    pub form: Form,
    /// Which bit of a byte is the first.
    pub order: Order,
    /// Keep what was read as long as all of it has at most so many bytes; without it nothing is kept and no digest is made.
    pub keep: Option<usize>,
}

/// What was read of one file, or of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file's path, or the name of the source.
    pub name: Box<str>,
    /// Bytes.
    pub size: u64,
    /// Their digest.
    pub sha256: Sha256Digest,
    /// The bytes.
    pub bytes: Option<Vec<u8>>,
}

/// A sample with its values.
#[derive(Debug)]
pub struct Examined {
    /// From 1.
    pub number: usize,
    /// Bits.
    pub bits: usize,
    /// One a test, in their order.
    pub values: Vec<Result<Value, Unfit>>,
    /// The bits themselves.
    pub sample: Sample,
}

/// What a source came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Samples that were tested.
    pub samples: usize,
    /// Files that were read.
    pub files: usize,
    /// Bits at the ends of files that make no whole sample.
    pub left_over: usize,
    /// The run was ended early.
    pub cancelled: bool,
    /// What was read, if it was to be kept.
    pub read: Vec<Piece>,
}

/// What the reading thread says at its end.
type Ended = Result<Summary, NotRead>;

/// Tests all samples of a source.
///
/// # Errors
/// [`NotRead`] for what cannot be read; samples before it have been told.
pub fn examine(
    source: &Source,
    cut: Cut,
    edition: Edition,
    tests: &[Test],
    cancel: &Cancel,
    tell: &mut dyn FnMut(Examined),
) -> Result<Summary, NotRead> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (samples, taken) = sync_channel::<(usize, Sample)>(WAITING * cores);
    let (ended, end) = channel::<Ended>();
    // The reader is not waited for: it may hang on a pipe into which nobody writes.
    let reading = source.clone();
    std::thread::spawn(move || drop(ended.send(input::read(&reading, cut, &samples))));
    let (examined, results) = sync_channel::<Examined>(WAITING * cores);
    let taken = Arc::new(Mutex::new(taken));
    for _ in 0..cores {
        let (taken, examined, tests) = (Arc::clone(&taken), examined.clone(), tests.to_vec());
        std::thread::spawn(move || work(&taken, &examined, edition, &tests));
    }
    drop((taken, examined));
    let mut waiting = BTreeMap::new();
    let mut told = 0;
    loop {
        match results.recv_timeout(LOOK) {
            Ok(done) => {
                waiting.insert(done.number, done);
            }
            Err(RecvTimeoutError::Timeout) => {}
            // All cores have ended, since no more samples come.
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(next) = waiting.remove(&(told + 1)) {
            told += 1;
            tell(next);
        }
        if cancel.is_cancelled() {
            return Ok(Summary { samples: told, cancelled: true, ..Summary::default() });
        }
    }
    let ended = end.recv().unwrap_or_else(|_| Ok(Summary::default()))?;
    Ok(Summary { samples: told, ..ended })
}

fn work(taken: &Mutex<Receiver<(usize, Sample)>>, examined: &SyncSender<Examined>, edition: Edition, tests: &[Test]) {
    let mut laboratory = Laboratory::new(edition, tests);
    loop {
        let next = taken.lock().map(|taken| taken.recv());
        let Ok(Ok((number, sample))) = next else { return };
        let values = laboratory.examine(&sample);
        if examined.send(Examined { number, bits: sample.bits(), values, sample }).is_err() {
            return;
        }
    }
}
