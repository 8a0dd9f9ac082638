//! Where samples come from.

use super::{Cut, Piece, Summary};
use dengmi_core::Sha256Digest;
use dengmi_crypto::{Hash, Hasher};
use dengmi_randomness::Sample;
use dengmi_randomness::input::{Decoder, Wrong};
use dengmi_randomness::laboratory::LONGEST_SAMPLE;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::SyncSender;

/// Bytes that are read at a time.
const BLOCK: usize = 64 << 10;

/// A source of random bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, a device, or a folder whose files are read in the order of their names.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// The generator of the operating system.
    System,
    /// What a line of the shell writes to its standard output.
    Command(String),
}

impl Source {
    /// The files of a folder that is read, in their order; nothing of other sources.
    ///
    /// # Errors
    /// That of reading the folder.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        match self {
            Source::Path(path) if path.is_dir() => files(path),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether it never ends by itself, as far as that can be known.
    pub fn is_endless(&self) -> bool {
        match self {
            Source::Path(path) => is_device(path),
            Source::Stdin => false,
            Source::System | Source::Command(_) => true,
        }
    }
}

#[cfg(unix)]
fn is_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_device(_: &Path) -> bool {
    false
}

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// It cannot be opened or read.
    #[error("{name}: {error}")]
    Io {
        /// What.
        name: Box<str>,
        /// Why.
        error: io::Error,
    },
    /// A letter that is no bit or digit.
    #[error("{name}: {wrong}")]
    Wrong {
        /// What.
        name: Box<str>,
        /// Where, and what was expected.
        wrong: Wrong,
    },
    /// The program ended with an error.
    #[error("{name}: {status}")]
    Command {
        /// The line.
        name: Box<str>,
        /// How it ended.
        status: String,
    },
    /// A sample has more bits than can be tested.
    #[error("{name}: more than {most} bits in one sample")]
    TooLong {
        /// What.
        name: Box<str>,
        /// Bits of the longest sample.
        most: usize,
    },
}

/// Reads a source, and gives its samples with their numbers until nobody takes them.
pub(super) fn read(source: &Source, cut: Cut, out: &SyncSender<(usize, Sample)>) -> Result<Summary, NotRead> {
    let mut cutter = Cutter { cut, out, summary: Summary::default() };
    match source {
        Source::Stdin => drop(cutter.file("-", io::stdin())?),
        Source::System => drop(cutter.file("getrandom", System)?),
        Source::Command(line) => cutter.command(line)?,
        Source::Path(path) => {
            let name = path.display().to_string();
            let of = |error| NotRead::Io { name: name.as_str().into(), error };
            if path.is_dir() {
                for file in files(path).map_err(of)? {
                    let name = file.display().to_string();
                    let opened =
                        File::open(&file).map_err(|error| NotRead::Io { name: name.as_str().into(), error })?;
                    if !cutter.file(&name, opened)? {
                        break;
                    }
                }
            } else {
                cutter.file(&name, File::open(path).map_err(of)?)?;
            }
        }
    }
    Ok(cutter.summary)
}

/// The files of a folder by their names, hidden ones left out.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    files.retain(|path| path.is_file() && !hidden(path));
    files.sort();
    Ok(files)
}

struct Cutter<'a> {
    cut: Cut,
    out: &'a SyncSender<(usize, Sample)>,
    summary: Summary,
}

impl Cutter<'_> {
    /// Whether more samples are wanted.
    fn wants(&self) -> bool {
        self.cut.samples.is_none_or(|most| self.summary.samples < most)
    }

    /// All samples of one file. Whether more are wanted.
    fn file(&mut self, name: &str, reader: impl Read) -> Result<bool, NotRead> {
        let Some(keep) = self.cut.keep else { return self.samples(name, reader) };
        let kept: usize = self.summary.read.iter().filter_map(|piece| piece.bytes.as_ref()).map(Vec::len).sum();
        // What no longer fits is kept in no part: half of a source is no evidence.
        let room = keep.saturating_sub(kept);
        let mut kept = Kept { reader, hasher: Hash::Sha256.hasher(), size: 0, room, bytes: Some(Vec::new()) };
        let more = self.samples(name, &mut kept);
        let mut sha256 = [0; 32];
        sha256.iter_mut().zip(&*kept.hasher.finish()).for_each(|(to, from)| *to = *from);
        let piece = Piece { name: name.into(), size: kept.size, sha256: Sha256Digest(sha256), bytes: kept.bytes };
        self.summary.read.push(piece);
        if self.summary.read.iter().any(|piece| piece.bytes.is_none()) {
            self.summary.read.iter_mut().for_each(|piece| piece.bytes = None);
        }
        more
    }

    fn samples(&mut self, name: &str, mut reader: impl Read) -> Result<bool, NotRead> {
        let mut decoder = Decoder::new(self.cut.form, self.cut.order);
        let mut block = vec![0; BLOCK];
        loop {
            let read = match reader.read(&mut block) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(NotRead::Io { name: name.into(), error }),
            };
            let bits = if read == 0 { decoder.finish() } else { 0 };
            if read == 0 {
                self.summary.files += 1;
                if self.cut.bits.is_none() {
                    return Ok(decoder.take(bits).is_none_or(|sample| self.send(sample)));
                }
                self.summary.left_over = self.summary.left_over.saturating_add(bits);
                return Ok(self.wants());
            }
            let piece = block.get(..read).unwrap_or_default();
            decoder.feed(piece).map_err(|wrong| NotRead::Wrong { name: name.into(), wrong })?;
            if decoder.bits() > LONGEST_SAMPLE {
                return Err(NotRead::TooLong { name: name.into(), most: LONGEST_SAMPLE });
            }
            while let Some(sample) = self.cut.bits.and_then(|bits| decoder.take(bits)) {
                if !self.send(sample) {
                    return Ok(false);
                }
            }
        }
    }

    fn send(&mut self, sample: Sample) -> bool {
        self.summary.samples += 1;
        self.out.send((self.summary.samples, sample)).is_ok() && self.wants()
    }

    /// What a program writes; it is ended when enough samples are there.
    fn command(&mut self, line: &str) -> Result<(), NotRead> {
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let of = |error| NotRead::Io { name: line.into(), error };
        let child = Command::new(shell).args([flag, line]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = Ended(child.map_err(of)?);
        let Some(output) = child.0.stdout.take() else { return Ok(()) };
        let more = self.file(line, output)?;
        if more {
            let status = child.0.wait().map_err(of)?;
            if !status.success() {
                return Err(NotRead::Command { name: line.into(), status: status.to_string() });
            }
        }
        Ok(())
    }
}

/// A reader that keeps what it reads.
struct Kept<R> {
    reader: R,
    hasher: Hasher,
    size: u64,
    room: usize,
    bytes: Option<Vec<u8>>,
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        let piece = into.get(..read).unwrap_or_default();
        self.hasher.update(piece);
        self.size += read as u64;
        self.bytes.take_if(|bytes| bytes.len() + read > self.room);
        if let Some(bytes) = &mut self.bytes {
            bytes.extend_from_slice(piece);
        }
        Ok(read)
    }
}

/// A child that does not outlive its reader.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // One that has ended cannot be killed, which is well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The generator of the operating system.
struct System;

impl Read for System {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        getrandom::fill(into).map_err(io::Error::other)?;
        Ok(into.len())
    }
}
