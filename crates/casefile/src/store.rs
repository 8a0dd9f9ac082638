//! The one connection to the file, and everything that is SQL.

use crate::{Artifact, CaseError, Head, Recorded, artifact::CHUNK, chain::Content, kind, wait::wait};
use dengmi_core::{Sha256Digest, Sm3Digest};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteRow, SqliteSynchronous},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    mem,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

/// "DMCF" in the file's header.
const APPLICATION: i64 = 0x444d_4346;
const FORMAT: i64 = 1;
/// Rows of one statement: a round trip to SQLite's thread costs more than the row.
const ROWS: usize = 500;
/// Rows and bytes of one page of reading, so that memory stays flat.
const PAGE_ROWS: i64 = 1000;
const PAGE_BYTES: usize = 1 << 20;

/// No subject is the empty one and no fact is -1, so that every column can be compared and ordered.
pub(crate) const SCHEMA: [&str; 9] = [
    "CREATE TABLE entry (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, subject TEXT NOT NULL, fact INTEGER NOT NULL, \
     body BLOB NOT NULL, link BLOB NOT NULL CHECK (length(link) = 32)) STRICT",
    "CREATE TABLE chunk (artifact INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (artifact, part)) STRICT",
    // The store's own entries, found by unit key or artifact name. 65280 is `kind::RESERVED`.
    "CREATE INDEX entry_own ON entry (kind, subject) WHERE kind >= 65280",
    "CREATE TRIGGER entry_kept BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER entry_stays BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    // INSERT OR REPLACE walks past the two above.
    "CREATE TRIGGER entry_next BEFORE INSERT ON entry WHEN NEW.number IS NOT (SELECT coalesce(max(number), -1) + 1 FROM entry) \
     BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER chunk_kept BEFORE UPDATE ON chunk BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER chunk_stays BEFORE DELETE ON chunk BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER chunk_single BEFORE INSERT ON chunk \
     WHEN EXISTS (SELECT 1 FROM chunk WHERE artifact = NEW.artifact AND part = NEW.part) \
     BEGIN SELECT RAISE(ABORT, 'append-only'); END",
];

/// The orders of reading, made when they are first asked for and at the latest by the seal: kept up while a million observations come in
/// by random subject, the first costs five times as much as the rows themselves. Like every index they are derived, outside the chain;
/// `PRAGMA integrity_check` compares them with the rows.
pub(crate) const BY_SUBJECT: &str = "CREATE INDEX entry_subject ON entry (subject, kind)";
pub(crate) const BY_KIND: &str = "CREATE INDEX entry_kind ON entry (kind, fact)";

/// A query for whole entries, as [`read_row`] takes them.
macro_rules! entries {
    ($which:literal) => {
        concat!("SELECT number, kind, subject, fact, body, link FROM entry ", $which)
    };
}
pub(crate) use entries;

/// First and last number of entries that follow each other.
pub(crate) type Span = (u64, u64);

/// The body of the three marks of a unit.
#[derive(Serialize, Deserialize)]
pub(crate) struct Marked {
    pub(crate) entries: Vec<Span>,
}

/// What becomes of the entries of a write.
#[derive(Debug)]
pub(crate) enum Mark {
    /// They stand for themselves.
    None,
    /// They belong to this unit, which goes on.
    Batch(Box<str>),
    /// With them this unit is done; the batches it has written before.
    Done(Box<str>, Vec<Span>),
    /// These batches of this unit will never be done.
    Void(Box<str>, Vec<Span>),
}

/// What is appended as a whole or not at all.
#[derive(Debug)]
pub(crate) enum Write {
    Entries(Vec<Content>, Mark),
    /// An artifact's entry, and its bytes when they do not lie beside the case already.
    Artifact(Content, Option<Vec<u8>>),
}

impl Write {
    /// Entries and about how many bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Write::Entries(entries, _) => (entries.len(), entries.iter().map(Content::size).sum()),
            Write::Artifact(content, bytes) => (1, content.size() + bytes.as_ref().map_or(0, Vec::len)),
        }
    }
}

/// Which entries, in which order.
#[derive(Clone, Debug)]
pub(crate) enum Select {
    All,
    Kind(u16, RangeInclusive<i32>),
    Subject,
}

/// The last entry that was read.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    number: i64,
    kind: i64,
    subject: String,
    fact: i64,
}

impl Cursor {
    pub(crate) fn start(select: &Select) -> Self {
        let fact = if let Select::Kind(_, facts) = select { i64::from(*facts.start()) } else { -1 };
        Cursor { number: 0, kind: -1, subject: String::new(), fact }
    }
}

/// Entries that readers skip: of a unit that is not done, or of one that never will be.
#[derive(Debug)]
struct Aside {
    last: u64,
    open: Option<Box<str>>,
}

#[derive(Debug)]
pub(crate) struct Store {
    connection: SqliteConnection,
    path: PathBuf,
    pub(crate) head: Head,
    aside: BTreeMap<u64, Aside>,
    sealed: bool,
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .disable_statement_logging()
        .busy_timeout(Duration::from_secs(1))
        .pragma("trusted_schema", "OFF")
        // Rows in flight between the two threads: with the default of 50 they mostly wait for each other.
        .row_buffer_size(256)
        // 16 MiB: reading by subject goes through the whole file in no order.
        .pragma("cache_size", "-16384")
}

fn writing_options(path: &Path) -> SqliteConnectOptions {
    options(path).locking_mode(SqliteLockingMode::Exclusive)
}

fn sealed_options(path: &Path) -> SqliteConnectOptions {
    options(path).read_only(true).immutable(true)
}

impl Store {
    /// Makes a case in a new file. The caller has made sure that it is new.
    pub(crate) fn create(path: &Path, header: &[u8]) -> Result<Self, CaseError> {
        let writing = writing_options(path)
            .page_size(4096)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let header = Content { kind: kind::HEADER, subject: String::new(), fact: -1, body: header.into() };
        let link = header.link(&Sm3Digest([0; 32]), 0);
        let connection = wait(async {
            let mut connection = writing.connect().await?;
            let mut transaction = connection.begin().await?;
            let schema = SCHEMA.join(";");
            let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}");
            sqlx::raw_sql(AssertSqlSafe(format!("{marks}; {schema}"))).execute(&mut *transaction).await?;
            insert(&mut transaction, vec![(0, header, link)]).await?;
            transaction.commit().await?;
            Ok(connection)
        })
        .map_err(CaseError::store(path))?;
        Ok(Store {
            connection,
            path: path.into(),
            head: Head { count: 0, link },
            aside: BTreeMap::new(),
            sealed: false,
        })
    }

    /// Opens an unsealed case for writing and declares void what a crash has cut.
    pub(crate) fn open(path: &Path) -> Result<Self, CaseError> {
        let mut connection = connect(path, writing_options(path))?;
        // Only now: a file that is no case must stay as it is.
        wait(sqlx::raw_sql("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").execute(&mut connection))
            .map_err(CaseError::store(path))?;
        let mut store = Store::load(path, connection)?;
        let cut: BTreeSet<_> = store.aside.values().filter_map(|aside| aside.open.clone()).collect();
        for unit in cut {
            store.void(&unit)?;
        }
        Ok(store)
    }

    /// Opens a sealed case: nothing is locked, nothing can be written, a log beside it is ignored.
    pub(crate) fn open_sealed(path: &Path) -> Result<Self, CaseError> {
        let mut store = Store::load(path, connect(path, sealed_options(path))?)?;
        store.sealed = true;
        Ok(store)
    }

    fn load(path: &Path, connection: SqliteConnection) -> Result<Self, CaseError> {
        let head = Head { count: 0, link: Sm3Digest([0; 32]) };
        let mut store = Store { connection, path: path.into(), head, aside: BTreeMap::new(), sealed: false };
        store.head = store.read_head()?;
        store.read_aside()?;
        Ok(store)
    }

    fn read_head(&mut self) -> Result<Head, CaseError> {
        let rows = wait(sqlx::query(entries!("ORDER BY number DESC LIMIT 1")).fetch_all(&mut self.connection))
            .map_err(CaseError::store(&self.path))?;
        let row = rows.first().ok_or_else(|| CaseError::damaged(&self.path, "it has no header"))?;
        let (number, _, link) = read_row(row).map_err(CaseError::store(&self.path))?;
        Ok(Head { count: number, link })
    }

    /// Reads which entries are hidden, from the marks of units that wrote batches; a unit done in one piece hides nothing.
    fn read_aside(&mut self) -> Result<(), CaseError> {
        let rows = wait(
            sqlx::query(entries!("WHERE kind >= 65280 AND kind IN (?1, ?2) \
                 OR kind >= 65280 AND kind = ?3 AND subject IN (SELECT subject FROM entry WHERE kind >= 65280 AND kind = ?1) \
                 ORDER BY number"))
            .bind(i64::from(kind::BATCH))
            .bind(i64::from(kind::VOID))
            .bind(i64::from(kind::DONE))
            .fetch_all(&mut self.connection),
        )
        .map_err(CaseError::store(&self.path))?;
        for row in &rows {
            let (number, mark, _) = read_row(row).map_err(CaseError::store(&self.path))?;
            let marked: Marked = serde_json::from_slice(&mark.body)
                .map_err(|_| CaseError::damaged(&self.path, format!("entry {number} is no mark of a unit")))?;
            for (first, last) in marked.entries {
                match mark.kind {
                    kind::BATCH => self.aside.insert(first, Aside { last, open: Some(mark.subject.as_str().into()) }),
                    kind::VOID => self.aside.insert(first, Aside { last, open: None }),
                    _ => self.aside.remove(&first),
                };
            }
        }
        Ok(())
    }

    /// Appends all in one transaction and gives the number of the first entry of each write. One answer each: only a unit that was
    /// begun again elsewhere fails alone.
    pub(crate) fn commit(&mut self, writes: Vec<Write>) -> Vec<Result<u64, CaseError>> {
        let count = writes.len();
        let mut draft = Draft { head: self.head, rows: Vec::new(), artifacts: HashMap::new(), aside: Vec::new() };
        let mut answers = Vec::with_capacity(count);
        let done = wait(async {
            let mut transaction = self.connection.begin().await.map_err(CaseError::store(&self.path))?;
            for write in writes {
                answers.push(match write {
                    Write::Entries(entries, mark) => draft.entries(entries, mark, &self.aside),
                    Write::Artifact(content, bytes) => {
                        let number = draft.artifact(&mut transaction, content, bytes).await;
                        Ok(number.map_err(CaseError::store(&self.path))?)
                    }
                });
            }
            insert(&mut transaction, mem::take(&mut draft.rows)).await.map_err(CaseError::store(&self.path))?;
            transaction.commit().await.map_err(CaseError::store(&self.path))
        });
        match done {
            Ok(()) => {
                self.head = draft.head;
                for (first, aside) in draft.aside {
                    match aside {
                        Some(aside) => self.aside.insert(first, aside),
                        None => self.aside.remove(&first),
                    };
                }
                answers
            }
            Err(error) => {
                // Whether a failed COMMIT has reached the disk, only the disk knows.
                if let Ok(head) = self.read_head() {
                    self.head = head;
                }
                vec![Err(error); count]
            }
        }
    }

    /// Whether this unit has its done mark.
    pub(crate) fn is_done(&mut self, unit: &str) -> Result<bool, CaseError> {
        Ok(self.named(unit, kind::DONE)?.is_some())
    }

    /// Declares void what this unit has written so far.
    pub(crate) fn void(&mut self, unit: &str) -> Result<(), CaseError> {
        let open = self.aside.iter().filter(|(_, aside)| aside.open.as_deref() == Some(unit));
        let spans: Vec<_> = open.map(|(first, aside)| (*first, aside.last)).collect();
        if spans.is_empty() {
            return Ok(());
        }
        let write = Write::Entries(Vec::new(), Mark::Void(unit.into(), spans));
        self.commit(vec![write]).pop().ok_or(CaseError::Closed)?.map(drop)
    }

    /// The first entry of the store's own `kind` about `subject`.
    fn named(&mut self, subject: &str, kind: u16) -> Result<Option<Recorded>, CaseError> {
        let row = wait(
            sqlx::query(entries!("WHERE kind >= 65280 AND kind = ?2 AND subject = ?1 ORDER BY number"))
                .bind(subject)
                .bind(i64::from(kind))
                .fetch_optional(&mut self.connection),
        );
        self.recorded(row)
    }

    /// One entry, or the header, whoever wrote it.
    pub(crate) fn entry(&mut self, number: u64) -> Result<Option<Recorded>, CaseError> {
        let Ok(number) = i64::try_from(number) else { return Ok(None) };
        let row = wait(sqlx::query(entries!("WHERE number = ?1")).bind(number).fetch_optional(&mut self.connection));
        self.recorded(row)
    }

    fn recorded(&self, row: sqlx::Result<Option<SqliteRow>>) -> Result<Option<Recorded>, CaseError> {
        let row = row.map_err(CaseError::store(&self.path))?;
        let read = row.map(|row| read_row(&row)).transpose().map_err(CaseError::store(&self.path))?;
        Ok(read.map(|(number, content, link)| content.recorded(number, link)))
    }

    /// The entries after `after`, at most a page of them, and where to go on; `None` at the end.
    pub(crate) fn page(
        &mut self,
        select: &Select,
        after: &Cursor,
    ) -> Result<(Vec<Recorded>, Option<Cursor>), CaseError> {
        if after.number == 0 && !self.sealed {
            match select {
                Select::All => {}
                Select::Kind(..) => self.index(BY_KIND)?,
                Select::Subject => self.index(BY_SUBJECT)?,
            }
        }
        // The rest of the group that `after` stands in, then the groups behind it: SQLite cannot seek in an index for a tuple that ends
        // with the number, and would walk over the whole group for every page of it.
        let (rest, further) = match select {
            Select::All => {
                let all = entries!("WHERE number > ?2 ORDER BY number LIMIT ?1");
                (sqlx::query(all).bind(PAGE_ROWS).bind(after.number), None)
            }
            Select::Kind(kind, facts) => {
                let rest = entries!("WHERE kind = ?2 AND fact = ?3 AND number > ?4 ORDER BY number LIMIT ?1");
                let further = entries!("WHERE kind = ?2 AND fact > ?3 AND fact <= ?4 ORDER BY fact, number LIMIT ?1");
                let bound = |text| sqlx::query(text).bind(PAGE_ROWS).bind(i64::from(*kind)).bind(after.fact);
                (bound(rest).bind(after.number), Some(bound(further).bind(i64::from(*facts.end()))))
            }
            Select::Subject => {
                let rest = entries!("WHERE subject = ?2 AND kind = ?3 AND number > ?4 ORDER BY number LIMIT ?1");
                let further =
                    entries!("WHERE (subject, kind) > (?2, ?3) AND kind < ?4 ORDER BY subject, kind, number LIMIT ?1");
                let bound = |text| sqlx::query(text).bind(PAGE_ROWS).bind(&after.subject).bind(after.kind);
                (bound(rest).bind(after.number), Some(bound(further).bind(i64::from(kind::RESERVED))))
            }
        };
        let mut page = Page::default();
        wait(async {
            for query in std::iter::once(rest).chain(further) {
                let mut rows = query.fetch(&mut self.connection);
                while !page.full()
                    && let Some(row) = rows.try_next().await?
                {
                    page.add(&row, &self.aside)?;
                }
            }
            Ok(())
        })
        .map_err(CaseError::store(&self.path))?;
        Ok(if page.full() { (page.entries, page.last) } else { (page.entries, None) })
    }

    /// Makes an order of reading if it is not there.
    pub(crate) fn index(&mut self, index: &'static str) -> Result<(), CaseError> {
        let text = index.replace("INDEX", "INDEX IF NOT EXISTS");
        wait(sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut self.connection)).map_err(CaseError::store(&self.path))?;
        Ok(())
    }

    /// The artifact of this name.
    pub(crate) fn artifact(&mut self, name: &Sha256Digest) -> Result<Option<Artifact>, CaseError> {
        let Some(entry) = self.named(&hex::encode(name.0), kind::ARTIFACT)? else { return Ok(None) };
        let artifact = Artifact::read(&entry);
        artifact
            .map(Some)
            .ok_or_else(|| CaseError::damaged(&self.path, format!("entry {} is no artifact", entry.number)))
    }

    /// All artifacts that lie beside the case.
    pub(crate) fn artifacts_beside(&mut self) -> Result<Vec<Artifact>, CaseError> {
        let select = Select::Kind(kind::ARTIFACT, -1..=-1);
        let (mut beside, mut next) = (Vec::new(), Some(Cursor::start(&select)));
        while let Some(after) = next {
            let (page, further) = self.page(&select, &after)?;
            beside.extend(page.iter().filter_map(Artifact::read).filter(|artifact| artifact.beside));
            next = further;
        }
        Ok(beside)
    }

    /// One chunk of an artifact inside.
    pub(crate) fn chunk(&mut self, artifact: u64, part: u64) -> Result<Vec<u8>, CaseError> {
        let row = wait(
            sqlx::query("SELECT bytes FROM chunk WHERE artifact = ?1 AND part = ?2")
                .bind(i64::try_from(artifact).unwrap_or(i64::MAX))
                .bind(i64::try_from(part).unwrap_or(i64::MAX))
                .fetch_optional(&mut self.connection),
        )
        .map_err(CaseError::store(&self.path))?;
        let row =
            row.ok_or_else(|| CaseError::damaged(&self.path, format!("artifact {artifact} lacks part {part}")))?;
        row.try_get(0).map_err(CaseError::store(&self.path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the file; the log is written back and removed.
    pub(crate) fn close(self) -> Result<(), CaseError> {
        wait(self.connection.close()).map_err(CaseError::store(&self.path))
    }

    /// Closes the file as one that stands alone, without a log.
    pub(crate) fn close_for_good(mut self) -> Result<(), CaseError> {
        let mode: String = wait(async {
            sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.connection).await?;
            sqlx::query_scalar("PRAGMA journal_mode = DELETE").fetch_one(&mut self.connection).await
        })
        .map_err(CaseError::store(&self.path))?;
        if mode != "delete" {
            return Err(CaseError::damaged(&self.path, format!("SQLite leaves it in journal mode {mode}")));
        }
        self.close()
    }
}

/// Connects to a file that is to be a case of a known format.
fn connect(path: &Path, options: SqliteConnectOptions) -> Result<SqliteConnection, CaseError> {
    let marks = wait(async {
        let mut connection = options.connect().await?;
        let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut connection).await?;
        let format: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await?;
        Ok((connection, application, format))
    });
    match marks.map_err(CaseError::store(path))? {
        (connection, APPLICATION, FORMAT) => Ok(connection),
        (_, APPLICATION, found) if found > FORMAT => {
            Err(CaseError::NewerFormat { path: path.into(), found, known: FORMAT })
        }
        _ => Err(CaseError::NotACase(path.into())),
    }
}

/// Connects without changing anything that an opener would not change too.
pub(crate) fn connect_to_check(path: &Path, sealed: bool) -> Result<SqliteConnection, CaseError> {
    let options = if sealed { sealed_options(path) } else { writing_options(path) };
    connect(path, options.pragma("cell_size_check", "ON"))
}

/// Reads a row of [`entries!`].
pub(crate) fn read_row(row: &SqliteRow) -> sqlx::Result<(u64, Content, Sm3Digest)> {
    let number = whole(row, 0)?;
    let link: &[u8] = row.try_get(5)?;
    let link = Sm3Digest(link.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?);
    let content =
        Content { kind: whole(row, 1)?, subject: row.try_get(2)?, fact: whole(row, 3)?, body: row.try_get(4)? };
    Ok((number, content, link))
}

fn whole<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>>(
    row: &SqliteRow,
    column: usize,
) -> sqlx::Result<T> {
    row.try_get::<i64, _>(column)?.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Writes rows, five hundred in a statement.
async fn insert(connection: &mut SqliteConnection, rows: Vec<(u64, Content, Sm3Digest)>) -> sqlx::Result<()> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let count = rows.len().min(ROWS);
        let text = format!("INSERT INTO entry VALUES (?,?,?,?,?,?){}", ",(?,?,?,?,?,?)".repeat(count - 1));
        // Only the two lengths that come again and again stay prepared.
        let mut query = sqlx::query(AssertSqlSafe(text)).persistent(count == ROWS || count == 1);
        for (number, content, link) in rows.by_ref().take(count) {
            query = query
                .bind(i64::try_from(number).map_err(|error| sqlx::Error::Encode(Box::new(error)))?)
                .bind(i64::from(content.kind))
                .bind(content.subject)
                .bind(content.fact)
                .bind(content.body)
                .bind(link.0.to_vec());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Entries while a page of them is read.
#[derive(Default)]
struct Page {
    entries: Vec<Recorded>,
    /// With those that are skipped.
    rows: i64,
    bytes: usize,
    last: Option<Cursor>,
}

impl Page {
    fn full(&self) -> bool {
        self.rows >= PAGE_ROWS || self.bytes >= PAGE_BYTES
    }

    fn add(&mut self, row: &SqliteRow, aside: &BTreeMap<u64, Aside>) -> sqlx::Result<()> {
        let (number, content, link) = read_row(row)?;
        self.rows += 1;
        self.bytes += content.body.len();
        self.last = Some(Cursor {
            number: row.try_get(0)?,
            kind: i64::from(content.kind),
            subject: content.subject.clone(),
            fact: i64::from(content.fact),
        });
        let before = aside.range(..=number).next_back();
        if before.is_none_or(|(_, aside)| number > aside.last) {
            self.entries.push(content.recorded(number, link));
        }
        Ok(())
    }
}

/// A transaction while it is put together.
struct Draft {
    head: Head,
    rows: Vec<(u64, Content, Sm3Digest)>,
    /// Those that are new in this transaction, by subject.
    artifacts: HashMap<String, u64>,
    aside: Vec<(u64, Option<Aside>)>,
}

impl Draft {
    fn push(&mut self, content: Content) -> u64 {
        let number = self.head.count + 1;
        let link = content.link(&self.head.link, number);
        self.head = Head { count: number, link };
        self.rows.push((number, content, link));
        number
    }

    fn mark(&mut self, kind: u16, unit: Box<str>, entries: Vec<Span>) {
        let spans: Vec<_> = entries.iter().map(|(first, last)| format!("[{first},{last}]")).collect();
        let body = format!("{{\"entries\":[{}]}}", spans.join(",")).into_bytes();
        self.push(Content { kind, subject: unit.into(), fact: -1, body });
    }

    fn entries(&mut self, entries: Vec<Content>, mark: Mark, aside: &BTreeMap<u64, Aside>) -> Result<u64, CaseError> {
        let after = |number: u64| (number + 1, number + entries.len() as u64);
        let span = after(self.head.count);
        match mark {
            Mark::None => self.all(entries),
            Mark::Batch(unit) => {
                let span = after(self.head.count + 1);
                self.aside.push((span.0, Some(Aside { last: span.1, open: Some(unit.clone()) })));
                self.mark(kind::BATCH, unit, vec![span]);
                self.all(entries);
                return Ok(span.0);
            }
            Mark::Done(unit, mut spans) => {
                let ours = |span: &Span| aside.get(&span.0).is_some_and(|aside| aside.open.as_ref() == Some(&unit));
                if !spans.iter().all(ours) {
                    return Err(CaseError::UnitLost(unit));
                }
                self.aside.extend(spans.iter().map(|span| (span.0, None)));
                if !entries.is_empty() {
                    spans.push(span);
                }
                self.all(entries);
                self.mark(kind::DONE, unit, spans);
            }
            Mark::Void(unit, spans) => {
                self.aside.extend(spans.iter().map(|span| (span.0, Some(Aside { last: span.1, open: None }))));
                self.mark(kind::VOID, unit, spans);
            }
        }
        Ok(span.0)
    }

    fn all(&mut self, entries: Vec<Content>) {
        for content in entries {
            self.push(content);
        }
    }

    async fn artifact(
        &mut self,
        connection: &mut SqliteConnection,
        content: Content,
        bytes: Option<Vec<u8>>,
    ) -> sqlx::Result<u64> {
        if let Some(number) = self.artifacts.get(&content.subject) {
            return Ok(*number);
        }
        let known = sqlx::query(
            "SELECT number FROM entry WHERE kind >= 65280 AND kind = ?2 AND subject = ?1 ORDER BY number LIMIT 1",
        )
        .bind(&content.subject)
        .bind(i64::from(content.kind))
        .fetch_optional(&mut *connection)
        .await?;
        if let Some(known) = known {
            return whole(&known, 0);
        }
        let subject = content.subject.clone();
        let number = self.push(content);
        self.artifacts.insert(subject, number);
        for (part, chunk) in bytes.unwrap_or_default().chunks(CHUNK).enumerate() {
            sqlx::query("INSERT INTO chunk VALUES (?1, ?2, ?3)")
                .bind(i64::try_from(number).map_err(|error| sqlx::Error::Encode(Box::new(error)))?)
                .bind(i64::try_from(part).map_err(|error| sqlx::Error::Encode(Box::new(error)))?)
                .bind(chunk.to_vec())
                .execute(&mut *connection)
                .await?;
        }
        Ok(number)
    }
}
