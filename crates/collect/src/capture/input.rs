//! Where packets come from: files, folders, standard input, compressed or not, read on a thread of its own.

use super::Cancel;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::sleep;
use std::time::Duration;

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 20;
/// Blocks on their way.
const AHEAD: usize = 4;
/// A compressed file may expand to so many times its size, and so many bytes beside. Captures of zeros do not.
const EXPANSION: u64 = 1000;
const EXPANSION_FREE: u64 = 64 << 20;
/// How often a growing file is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// A capture, or a folder of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file or a folder; of a folder all files, in the order of their names.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// Blocks of one file.
pub(super) struct Blocks {
    full: Receiver<io::Result<Vec<u8>>>,
    empty: SyncSender<Vec<u8>>,
}

impl Blocks {
    /// The next block. `None`: the end, or the run was cancelled.
    pub(super) fn next(&self, cancel: &Cancel) -> Option<io::Result<Vec<u8>>> {
        loop {
            match self.full.recv_timeout(LOOK) {
                Ok(block) => return Some(block),
                Err(RecvTimeoutError::Timeout) if !cancel.is_cancelled() => {}
                Err(_) => return None,
            }
        }
    }

    /// Gives a block back to be filled again.
    pub(super) fn give_back(&self, block: Vec<u8>) {
        // A reader that has ended needs it no more.
        let _ = self.empty.try_send(block);
    }
}

/// The files of these sources, in order.
///
/// # Errors
/// A folder that cannot be listed.
pub(super) fn files(sources: &[Source]) -> io::Result<Vec<Source>> {
    let mut files = Vec::new();
    for source in sources {
        match source {
            Source::Path(path) if path.is_dir() => {
                let mut paths: Vec<PathBuf> =
                    std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
                paths.retain(|path| path.is_file());
                paths.sort();
                files.extend(paths.into_iter().map(Source::Path));
            }
            other => files.push(other.clone()),
        }
    }
    Ok(files)
}

/// Starts reading a file. With `follow` its end is waited for until the run is cancelled. The thread that reads is not waited
/// for: it may hang on a pipe into which nobody writes.
///
/// # Errors
/// The file cannot be opened.
pub(super) fn read(source: &Source, follow: bool, cancel: &Cancel) -> io::Result<Blocks> {
    let (full, blocks) = sync_channel(AHEAD);
    let (empty, spare) = sync_channel::<Vec<u8>>(AHEAD);
    let cancel = cancel.clone();
    let raw: Box<dyn Read + Send> = match source {
        Source::Stdin => Box::new(io::stdin()),
        Source::Path(path) => Box::new(open(path)?),
    };
    std::thread::spawn(move || {
        let raw: Box<dyn Read + Send> =
            if follow { Box::new(Growing { inner: raw, cancel: cancel.clone() }) } else { raw };
        let mut reader = match expanded(raw) {
            Ok(reader) => reader,
            Err(error) => {
                let _ = full.send(Err(error));
                return;
            }
        };
        loop {
            let mut block = spare.try_recv().unwrap_or_default();
            block.resize(BLOCK, 0);
            let filled = if follow { reader.read(&mut block) } else { fill(&mut *reader, &mut block) };
            let sent = match filled {
                Ok(0) => return,
                Ok(count) => {
                    block.truncate(count);
                    full.send(Ok(block))
                }
                Err(error) => {
                    let _ = full.send(Err(error));
                    return;
                }
            };
            if sent.is_err() || cancel.is_cancelled() {
                return;
            }
        }
    });
    Ok(Blocks { full: blocks, empty })
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

/// Reads until the block is full or nothing more comes.
fn fill(reader: &mut dyn Read, block: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while let Some(rest) = block.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What was read before is still good; the next call meets the error again.
            Err(_) if count > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// A file that is still being written: its end is no end.
struct Growing {
    inner: Box<dyn Read + Send>,
    cancel: Cancel,
}

impl Read for Growing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(into)? {
                0 if !self.cancel.is_cancelled() => sleep(LOOK),
                count => return Ok(count),
            }
        }
    }
}

/// Takes compression off, told by the first bytes: gzip (RFC 1952) and zstd (RFC 8878).
fn expanded(mut raw: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut start = [0; 4];
    let mut count = 0;
    while let Some(rest) = start.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match raw.read(rest)? {
            0 => break,
            more => count += more,
        }
    }
    let begun = io::Cursor::new(start.get(..count).unwrap_or_default().to_vec()).chain(raw);
    let counted = Counted { inner: begun, count: std::sync::Arc::default() };
    let count = counted.count.clone();
    let bounded = |inner: Box<dyn Read + Send>| Bounded { inner, compressed: count, expanded: 0 };
    match start {
        [0x1f, 0x8b, ..] => Ok(Box::new(bounded(Box::new(flate2::read::MultiGzDecoder::new(counted))))),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(counted).map_err(io::Error::other)?;
            Ok(Box::new(bounded(Box::new(decoder))))
        }
        _ => Ok(Box::new(counted.inner)),
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.count.fetch_add(count as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(count)
    }
}

/// Ends what expands beyond measure.
struct Bounded {
    inner: Box<dyn Read + Send>,
    compressed: std::sync::Arc<std::sync::atomic::AtomicU64>,
    expanded: u64,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let compressed = self.compressed.load(std::sync::atomic::Ordering::Relaxed);
        if self.expanded > compressed.saturating_mul(EXPANSION).saturating_add(EXPANSION_FREE) {
            return Err(io::Error::other("expands to more than a thousand times its size"));
        }
        let count = self.inner.read(into)?;
        self.expanded = self.expanded.saturating_add(count as u64);
        Ok(count)
    }
}
