//! Where packets come from: files, folders, standard input, compressed or not.
//!
//! A plain file is read by whoever takes it apart, in pieces that stay in the processor's cache: handing them over from another
//! thread costs three times as much. Whatever must be expanded or waited for comes from a thread of its own.

use super::Cancel;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::sleep;
use std::time::Duration;

/// Bytes that are read at a time.
pub(super) const BLOCK: usize = 64 << 10;
/// Blocks on their way from another thread: 1 MiB of the file that is analysed, and as much of the next one.
const AHEAD: usize = 16;
/// A compressed file may expand to so many times its size, and so many bytes beside. Captures of zeros do not.
const EXPANSION: u64 = 200;
const EXPANSION_FREE: u64 = 64 << 20;
/// How often a growing file is looked at, and whether a run was cancelled.
const LOOK: Duration = Duration::from_millis(200);

/// A capture, or a folder of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file or a folder; of a folder all files, in the order of their names.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// The files of these sources, in order.
///
/// # Errors
/// A folder that cannot be listed.
pub fn files(sources: &[Source]) -> io::Result<Vec<Source>> {
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

/// Opens a file. With `follow` its end is waited for until the run is cancelled.
///
/// # Errors
/// The file cannot be opened, or is a folder.
pub(super) fn open(source: &Source, follow: bool, cancel: &Cancel) -> io::Result<Box<dyn Read + Send>> {
    let (raw, waits): (Box<dyn Read + Send>, bool) = match source {
        Source::Stdin => (Box::new(io::stdin()), true),
        Source::Path(path) => (Box::new(file(path)?), follow),
    };
    let raw = if follow { Box::new(Growing { inner: raw, cancel: cancel.clone() }) } else { raw };
    if waits {
        // Also its first bytes may be long in coming.
        return Ok(Box::new(Beside::new(move || expanded(raw).map(|(reader, _)| reader), cancel.clone())));
    }
    let (reader, compressed) = expanded(raw)?;
    Ok(if compressed { Box::new(Beside::new(move || Ok(reader), cancel.clone())) } else { reader })
}

fn file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

/// What another thread reads. That thread is not waited for: it may hang on a pipe into which nobody writes.
struct Beside {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    at: usize,
    cancel: Cancel,
}

impl Beside {
    fn new(open: impl FnOnce() -> io::Result<Box<dyn Read + Send>> + Send + 'static, cancel: Cancel) -> Beside {
        let (full, blocks) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            let mut reader = match open() {
                Ok(reader) => reader,
                Err(error) => return drop(full.send(Err(error))),
            };
            loop {
                let mut block = vec![0; BLOCK];
                let read = reader.read(&mut block);
                let over = !matches!(&read, Ok(count) if *count > 0);
                let told = read.map(|count| {
                    block.truncate(count);
                    block
                });
                // Nobody listens any more, or nothing more comes.
                if full.send(told).is_err() || over {
                    return;
                }
            }
        });
        Beside { blocks, block: Vec::new(), at: 0, cancel }
    }
}

impl Read for Beside {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.block.len() {
            match self.blocks.recv_timeout(LOOK) {
                Ok(block) => (self.block, self.at) = (block?, 0),
                Err(RecvTimeoutError::Timeout) if !self.cancel.is_cancelled() => continue,
                Err(_) => return Ok(0),
            }
            if self.block.is_empty() {
                return Ok(0);
            }
        }
        let left = self.block.get(self.at..).unwrap_or_default();
        let count = left.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), left.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
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

/// Takes compression off, told by the first bytes: gzip (RFC 1952) and zstd (RFC 8878). Says whether there was any.
fn expanded(mut raw: Box<dyn Read + Send>) -> io::Result<(Box<dyn Read + Send>, bool)> {
    let mut start = [0; 4];
    let mut count = 0;
    while let Some(rest) = start.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match raw.read(rest)? {
            0 => break,
            more => count += more,
        }
    }
    let begun = io::Cursor::new(start.get(..count).unwrap_or_default().to_vec()).chain(raw);
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: begun, count: Arc::clone(&read) };
    let bounded = |inner: Box<dyn Read + Send>| Box::new(Bounded { inner, compressed: read, expanded: 0 });
    match start {
        [0x1f, 0x8b, ..] => Ok((bounded(Box::new(flate2::read::MultiGzDecoder::new(counted))), true)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(counted).map_err(io::Error::other)?;
            Ok((bounded(Box::new(decoder)), true))
        }
        _ => Ok((Box::new(counted.inner), false)),
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Ends what expands beyond measure.
struct Bounded {
    inner: Box<dyn Read + Send>,
    compressed: Arc<AtomicU64>,
    expanded: u64,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = self.compressed.load(Ordering::Relaxed).saturating_mul(EXPANSION).saturating_add(EXPANSION_FREE);
        if self.expanded > most {
            return Err(io::Error::other("expands to more than two hundred times its size"));
        }
        let count = self.inner.read(into)?;
        self.expanded = self.expanded.saturating_add(count as u64);
        Ok(count)
    }
}
