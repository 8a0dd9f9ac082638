//! A case in use: one thread owns the one connection, everybody else sends to it.

use crate::{
    Artifact, CaseError, Entry, Head, Recorded,
    artifact::{self, Brought, CHUNK},
    chain::{Content, check_length, check_name},
    disk::sync_folder,
    seal::seal_path,
    store::{Cursor, Mark, Select, Span, Store, Write},
};
use dengmi_core::{EntryNumber, Sha256Digest};
use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Seek, SeekFrom},
    mem,
    ops::{Deref, Range},
    path::{self, Path, PathBuf},
    sync::Arc,
    thread,
};

/// Requests that wait in front of the writer; who sends one more waits.
const CHANNEL: usize = 4096;
/// A transaction takes what is waiting, up to these two.
const TRANSACTION_ENTRIES: usize = 1000;
const TRANSACTION_BYTES: usize = 16 << 20;
/// What a unit holds in memory before it writes a batch.
const UNIT_BYTES: usize = 4 << 20;

type Answer<T> = flume::Sender<Result<T, CaseError>>;

enum Request {
    /// Answered with the number of the first entry, after COMMIT.
    Write(Write, Answer<u64>),
    Run(Box<dyn FnOnce(&mut Store) + Send>),
}

/// An open case, for reading. Cheap to clone; every call blocks until the answer is there.
#[derive(Clone, Debug)]
pub struct Case(Arc<Open>);

#[derive(Debug)]
struct Open {
    path: PathBuf,
    requests: Option<flume::Sender<Request>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// The last handle waits until all that was sent is written and the file is closed.
impl Drop for Open {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic over there was reported there; here is nothing left to save.
            let _ = thread.join();
        }
    }
}

impl Case {
    /// Makes a new case. `header` says what is assessed, by whom and with what; it is the start of the chain.
    ///
    /// Nothing is ever overwritten: [`CaseError::Exists`].
    pub fn create(path: &Path, header: &[u8]) -> Result<Appender, CaseError> {
        check_length("header", header.len(), crate::BODY_LIMIT)?;
        let path = &absolute(path)?;
        let seal = seal_path(path);
        if seal.exists() {
            return Err(CaseError::Exists(seal));
        }
        File::create_new(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => CaseError::Exists(path.clone()),
            _ => CaseError::disk(path)(error),
        })?;
        let made = Store::create(path, header).and_then(|store| sync_folder(path).map(|()| store));
        if made.is_err() {
            // The file is ours and empty; the first error is the one to tell.
            let _ = fs::remove_file(path);
        }
        Ok(Appender(Case::start(made?)?))
    }

    /// Opens an unsealed case, to read and to append. What a crash has left half done is declared void.
    ///
    /// [`CaseError::InUse`] when somebody else has it open, [`CaseError::Sealed`] when it is finished.
    pub fn open(path: &Path) -> Result<Appender, CaseError> {
        let path = &existing(path)?;
        if seal_path(path).exists() {
            return Err(CaseError::Sealed(path.clone()));
        }
        let store = Store::open(path)?;
        artifact::sweep(path)?;
        Ok(Appender(Case::start(store)?))
    }

    /// Opens a sealed case to read it. It is not checked here: that is [`verify`](crate::verify).
    pub fn open_read(path: &Path) -> Result<Case, CaseError> {
        let path = &existing(path)?;
        if !seal_path(path).exists() {
            return Err(CaseError::NotSealed(path.clone()));
        }
        Case::start(Store::open_sealed(path)?)
    }

    fn start(store: Store) -> Result<Case, CaseError> {
        let path = store.path().to_owned();
        let (requests, inbox) = flume::bounded(CHANNEL);
        let thread = thread::Builder::new().name("casefile".into()).spawn(move || serve(store, &inbox));
        let thread = Some(thread.map_err(CaseError::disk(&path))?);
        Ok(Case(Arc::new(Open { path, requests: Some(requests), thread })))
    }

    /// Where the case lies, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The end of the chain.
    pub fn head(&self) -> Result<Head, CaseError> {
        self.ask(|store| Ok(store.head))
    }

    /// What the case was created with.
    pub fn header(&self) -> Result<Box<[u8]>, CaseError> {
        let header = self.ask(|store| store.entry(0))?;
        Ok(header.ok_or_else(|| CaseError::damaged(self.path(), "it has no header"))?.body)
    }

    /// One entry, also one of a void range; `None` when there is no such number.
    pub fn entry(&self, number: EntryNumber) -> Result<Option<Recorded>, CaseError> {
        self.ask(move |store| store.entry(number.0))
    }

    /// All entries in order, the store's own among them; those of unfinished and void units are skipped.
    pub fn entries(&self) -> Entries {
        Entries::new(self, Select::All)
    }

    /// The entries of one kind, by fact number, then in order. Without `fact` all of them.
    pub fn of_kind(&self, kind: u16, fact: Option<u16>) -> Entries {
        let facts = fact.map_or(-1..=i32::from(u16::MAX), |fact| i32::from(fact)..=i32::from(fact));
        Entries::new(self, Select::Kind(kind, facts))
    }

    /// The callers' entries by subject (as bytes; those without one first), then by kind, then in order.
    pub fn by_subject(&self) -> Entries {
        Entries::new(self, Select::Subject)
    }

    /// Whether the unit of this key is done, in this run or in an earlier one.
    pub fn is_done(&self, key: &str) -> Result<bool, CaseError> {
        let key = key.to_owned();
        self.ask(move |store| store.is_done(&key))
    }

    /// The artifact of this name, if the case has it.
    pub fn artifact(&self, name: Sha256Digest) -> Result<Option<Artifact>, CaseError> {
        self.ask(move |store| store.artifact(&name))
    }

    /// Bytes `range` of an artifact, cut at its end. They are not checked here against its digest: that is [`verify`](crate::verify).
    pub fn artifact_bytes(&self, artifact: &Artifact, range: Range<u64>) -> Result<Vec<u8>, CaseError> {
        let range = range.start..range.end.min(artifact.size);
        if range.is_empty() {
            return Ok(Vec::new());
        }
        if artifact.beside {
            let path = artifact::path_beside(self.path(), &artifact.sha256);
            let mut bytes = Vec::new();
            let read = File::open(&path).and_then(|mut file| {
                file.seek(SeekFrom::Start(range.start))?;
                file.take(range.end - range.start).read_to_end(&mut bytes)
            });
            read.map_err(CaseError::disk(&path))?;
            return Ok(bytes);
        }
        let entry = artifact.entry.0;
        self.ask(move |store| {
            let chunk = CHUNK as u64;
            let first = range.start / chunk;
            let mut bytes = Vec::new();
            for part in first..=(range.end - 1) / chunk {
                bytes.extend(store.chunk(entry, part)?);
            }
            let within = |at: u64| usize::try_from(at - first * chunk).unwrap_or(usize::MAX);
            let wanted = bytes.get(within(range.start)..within(range.end));
            wanted
                .map(<[u8]>::to_vec)
                .ok_or_else(|| CaseError::damaged(store.path(), format!("artifact {entry} is cut")))
        })
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Store) -> Result<T, CaseError> + Send + 'static,
    ) -> Result<T, CaseError> {
        let (answer, answered) = flume::bounded(1);
        let run = Request::Run(Box::new(move |store| {
            // Who asked may have gone.
            let _ = answer.send(question(store));
        }));
        self.requests()?.send(run).map_err(|_| CaseError::Closed)?;
        answered.recv().map_err(|_| CaseError::Closed)?
    }

    fn requests(&self) -> Result<&flume::Sender<Request>, CaseError> {
        self.0.requests.as_ref().ok_or(CaseError::Closed)
    }
}

/// A case that takes entries. Clones send to the same writer; there is one writer a case.
///
/// What is sent by one task keeps its order. Nothing is acknowledged before it is on the disk (`COMMIT`, `synchronous=FULL`).
#[derive(Clone, Debug)]
pub struct Appender(Case);

impl Deref for Appender {
    type Target = Case;

    fn deref(&self) -> &Case {
        &self.0
    }
}

impl Appender {
    /// Appends one entry and gives its number.
    pub async fn append(&self, entry: Entry<'_>) -> Result<EntryNumber, CaseError> {
        let entries = vec![Content::from_caller(entry)?];
        Ok(EntryNumber(self.write(Write::Entries(entries, Mark::None)).await?))
    }

    /// Appends entries in one transaction, all or none, under numbers that follow each other; gives the first.
    /// Empty input appends nothing and gives the number that the next entry will have if nobody else comes first.
    pub async fn append_all(&self, entries: &[Entry<'_>]) -> Result<EntryNumber, CaseError> {
        let entries: Result<_, _> = entries.iter().copied().map(Content::from_caller).collect();
        Ok(EntryNumber(self.write(Write::Entries(entries?, Mark::None)).await?))
    }

    /// Takes raw bytes into the case, each content once. `media` says what they are, such as `portal.pcap`.
    ///
    /// Reads and digests in the caller's thread: SM3 costs 4 s for a gigabyte.
    pub async fn artifact(&self, bytes: impl Read, media: &str) -> Result<Artifact, CaseError> {
        let brought = artifact::bring(self.path(), bytes, Path::new(media))?;
        self.keep(brought, media).await
    }

    /// As [`artifact`](Appender::artifact), from a file. Above [`INSIDE_LIMIT`](crate::INSIDE_LIMIT) it gets a second name (hard link)
    /// in `NAME.files`, or is copied where that is impossible; who changes the file afterwards breaks the case, which `verify` finds.
    pub async fn artifact_file(&self, path: &Path, media: &str) -> Result<Artifact, CaseError> {
        let brought = artifact::bring_file(self.path(), path)?;
        self.keep(brought, media).await
    }

    async fn keep(&self, brought: Brought, media: &str) -> Result<Artifact, CaseError> {
        let content = brought.content(media)?;
        let number = self.write(Write::Artifact(content, brought.inside)).await?;
        let told = self.entry(EntryNumber(number))?;
        let artifact = told.as_ref().and_then(Artifact::read);
        artifact.ok_or_else(|| CaseError::damaged(self.path(), format!("entry {number} is no artifact")))
    }

    /// Begins a unit of work; `None` when it is done already. What an earlier try has left is declared void.
    ///
    /// `key` is made from the unit's content and the tool's version. One worker a key at a time: the one who began last wins, the other
    /// gets [`CaseError::UnitLost`] from [`Unit::done`].
    pub fn begin(&self, key: &str) -> Result<Option<Unit>, CaseError> {
        check_name("unit key", key)?;
        let name = key.to_owned();
        let done = self.ask(move |store| {
            let done = store.is_done(&name)?;
            if !done {
                store.void(&name)?;
            }
            Ok(done)
        })?;
        let unit =
            Unit { appender: self.clone(), key: key.into(), held: Vec::new(), held_bytes: 0, batches: Vec::new() };
        Ok((!done).then_some(unit))
    }

    async fn write(&self, write: Write) -> Result<u64, CaseError> {
        let (answer, answered) = flume::bounded(1);
        self.requests()?.send_async(Request::Write(write, answer)).await.map_err(|_| CaseError::Closed)?;
        answered.recv_async().await.map_err(|_| CaseError::Closed)?
    }
}

/// A unit of work under way. Dropped without [`done`](Unit::done) it never happened: readers skip what it wrote.
///
/// Up to 4 MiB of entries wait in memory and go to the disk together with the done mark, in one transaction; of a longer unit the
/// parts before are batches that stay hidden until the done mark is there.
#[derive(Debug)]
pub struct Unit {
    appender: Appender,
    key: Box<str>,
    held: Vec<Content>,
    held_bytes: usize,
    batches: Vec<Span>,
}

impl Unit {
    /// The key it was begun with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Adds an entry. It is on the disk when [`done`](Unit::done) has returned.
    pub async fn append(&mut self, entry: Entry<'_>) -> Result<(), CaseError> {
        let content = Content::from_caller(entry)?;
        self.held_bytes += content.size();
        self.held.push(content);
        if self.held_bytes < UNIT_BYTES {
            return Ok(());
        }
        let (count, entries) = (self.held.len() as u64, mem::take(&mut self.held));
        self.held_bytes = 0;
        // If this fails or is cancelled, the batch is lost and with it the unit: no batch begins at the header.
        self.batches.push((0, 0));
        let first = self.appender.write(Write::Entries(entries, Mark::Batch(self.key.clone()))).await?;
        self.batches.pop();
        self.batches.push((first, first + count - 1));
        Ok(())
    }

    /// Ends the unit: from now on its entries count, and [`Appender::begin`] refuses to do it again.
    pub async fn done(self) -> Result<(), CaseError> {
        let mark = Mark::Done(self.key, self.batches);
        self.appender.write(Write::Entries(self.held, mark)).await.map(drop)
    }

    /// Gives the unit up.
    pub fn void(self) -> Result<(), CaseError> {
        let key = self.key;
        self.appender.ask(move |store| store.void(&key))
    }
}

/// Entries of a case, read a page at a time: memory stays flat. What is appended meanwhile may or may not come.
#[derive(Debug)]
pub struct Entries {
    case: Case,
    select: Select,
    next: Option<Cursor>,
    page: std::vec::IntoIter<Recorded>,
}

impl Entries {
    fn new(case: &Case, select: Select) -> Self {
        Entries { case: case.clone(), next: Some(Cursor::start(&select)), select, page: Vec::new().into_iter() }
    }
}

/// Ends after the first error.
impl Iterator for Entries {
    type Item = Result<Recorded, CaseError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.page.next() {
                return Some(Ok(entry));
            }
            let (select, after) = (self.select.clone(), self.next.take()?);
            match self.case.ask(move |store| store.page(&select, &after)) {
                Ok((page, next)) => {
                    self.page = page.into_iter();
                    self.next = next;
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Serves until the last handle is gone. What waits goes into one transaction; nobody waits for others to come, so an entry that
/// comes alone is acknowledged after one COMMIT.
fn serve(mut store: Store, inbox: &flume::Receiver<Request>) {
    while let Ok(request) = inbox.recv() {
        let (mut writes, mut answers) = (Vec::new(), Vec::new());
        let (mut entries, mut bytes) = (0, 0);
        let mut next = Some(request);
        while let Some(Request::Write(write, answer)) = next {
            let size = write.size();
            (entries, bytes) = (entries + size.0, bytes + size.1);
            writes.push(write);
            answers.push(answer);
            let full = entries >= TRANSACTION_ENTRIES || bytes >= TRANSACTION_BYTES;
            next = if full { None } else { inbox.try_recv().ok() };
        }
        if !writes.is_empty() {
            for (answer, result) in answers.into_iter().zip(store.commit(writes)) {
                // Who asked may have gone.
                let _ = answer.send(result);
            }
        }
        if let Some(Request::Run(question)) = next {
            question(&mut store);
        }
    }
    // Everything acknowledged is on the disk already; the next opener writes the log back if this fails.
    let _ = store.close();
}

fn absolute(path: &Path) -> Result<PathBuf, CaseError> {
    path::absolute(path).map_err(CaseError::disk(path))
}

/// The absolute path of a file that is there.
fn existing(path: &Path) -> Result<PathBuf, CaseError> {
    fs::metadata(path).map_err(CaseError::disk(path))?;
    absolute(path)
}
