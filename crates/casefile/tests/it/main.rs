//! Cases on a real disk.

// The helpers of tests are not `#[test]` functions themselves, which clippy.toml lets unwrap.
#![allow(clippy::unwrap_used, clippy::panic)]

mod artifacts;
mod diff;
mod kill;
mod log;
mod open;
mod read;
mod seal;
mod triggers;
mod units;

use dengmi_casefile::{Appender, Case, CaseError, Entry, Recorded, Verdict, verify, wait};
use dengmi_core::EntryNumber;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder that goes away, and a case in it.
fn fresh() -> (TempDir, PathBuf, Appender) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portal.case");
    let case = Case::create(&path, br#"{"system":"portal"}"#).unwrap();
    (folder, path, case)
}

fn entry(subject: &str, body: &'static str) -> Entry<'static> {
    let subject = (!subject.is_empty()).then(|| &*subject.to_owned().leak());
    Entry { kind: 7, subject, fact: Some(3), body: body.as_bytes() }
}

fn append(case: &Appender, subject: &str, body: &str) -> EntryNumber {
    wait(case.append(Entry { kind: 7, subject: Some(subject), fact: Some(3), body: body.as_bytes() })).unwrap()
}

fn bodies(entries: impl Iterator<Item = Result<Recorded, CaseError>>) -> Vec<String> {
    entries.map(|entry| String::from_utf8(entry.unwrap().body.into()).unwrap()).collect()
}

/// The callers' entries, in order.
fn ours(case: &Case) -> Vec<String> {
    bodies(case.entries().filter(|entry| entry.as_ref().unwrap().kind < dengmi_casefile::kind::RESERVED))
}

/// An unsealed case whose chain, artifacts and structure are whole.
fn assert_whole(path: &Path) {
    match verify(path).unwrap() {
        Verdict::Broken(broken) => assert!(broken.is_only_unsealed(), "{broken}"),
        Verdict::Verified(_) => panic!("it was not to be sealed"),
    }
}

/// Statements past the store, as a careless program or a stranger would send them.
fn sql(path: &Path, statement: &str) -> Result<(), String> {
    use sqlx::{ConnectOptions, Connection};
    wait(async {
        let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await;
        connection.close().await?;
        done.map(drop)
    })
    .map_err(|error: sqlx::Error| error.to_string())
}
