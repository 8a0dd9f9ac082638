//! The casefile (案卷): one assessment in one SQLite file, append-only, hash-chained and, at the end, sealed.
//!
//! The store does not know what its entries mean. An [`Entry`] has a kind, perhaps a subject and a fact number, and a body that others wrote.
//!
//! * [`Case::create`] and [`Case::open`] give an [`Appender`]: the only writer, to which any number of collectors send.
//!   What it has acknowledged is on the disk.
//! * [`Appender::begin`] opens a [`Unit`] of work: its entries and its done mark become visible together or not at all.
//! * [`Case::open_read`] reads a sealed case; every [`Appender`] is a [`Case`] too.
//! * [`seal`] ends a case; [`verify`] finds any byte that changed since.
//!
//! Reading blocks and writing is `async`, free of any runtime: [`wait`] serves callers that have none.
//!
//! Beside `NAME` stand `NAME.seal` and, for artifacts above [`INSIDE_LIMIT`], the folder `NAME.files`.
//!
//! The triggers guard against our own mistakes; the chain and the seal guard against others. A chain whose head nobody else holds
//! proves order, not the absence of a rewrite: print [`Head`], sign it, hand it out.

#![forbid(unsafe_code)]

mod artifact;
mod case;
mod chain;
mod diff;
mod disk;
mod error;
mod seal;
mod store;
mod verify;
mod wait;

pub use artifact::{Artifact, INSIDE_LIMIT};
pub use case::{Appender, Case, Entries, Unit};
pub use diff::{Difference, diff};
pub use error::CaseError;
pub use seal::{Algorithm, BLOCK, FileBeside, Seal, SealDamage, Sealed, Signature, Signer, seal, seal_path};
pub use verify::{Broken, Damage, Verdict, Verified, verify};
pub use wait::wait;

use dengmi_core::{EntryNumber, Sm3Digest};

/// Longest body of an entry, and of the header of a case, in bytes. What is larger is an artifact.
pub const BODY_LIMIT: usize = 1 << 20;
/// Longest subject, unit key or media name in bytes.
pub const NAME_LIMIT: usize = 4096;

/// Kinds that the store writes itself. Callers have the kinds below [`kind::RESERVED`].
pub mod kind {
    /// The first kind that callers may not use.
    pub const RESERVED: u16 = 0xff00;
    /// Entry 0: the body is the header that the case was created with.
    pub const HEADER: u16 = 0xff00;
    /// The next entries belong to an unfinished unit; subject: its key, body: `{"entries":[[first,last]]}`.
    pub const BATCH: u16 = 0xff01;
    /// A unit is done; subject: its key, body: all its entries as in [`BATCH`].
    pub const DONE: u16 = 0xff02;
    /// Entries of a unit that was given up or cut by a crash; subject: its key, body as in [`BATCH`]. Readers skip them.
    pub const VOID: u16 = 0xff03;
    /// An artifact came in; subject: its SHA-256 in hexadecimal digits, body: see [`Artifact`](crate::Artifact).
    pub const ARTIFACT: u16 = 0xff04;
}

/// What is appended. The store keeps it byte for byte.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Below [`kind::RESERVED`]; its meaning is the caller's.
    pub kind: u16,
    /// What the entry is about: not empty, at most [`NAME_LIMIT`] bytes.
    pub subject: Option<&'a str>,
    /// The caller's number for the kind of fact.
    pub fact: Option<u16>,
    /// At most [`BODY_LIMIT`] bytes.
    pub body: &'a [u8],
}

/// An entry as it stands in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place, counted from 1; 0 is the header.
    pub number: EntryNumber,
    /// The caller's kind, or one of [`kind`].
    pub kind: u16,
    /// What it is about.
    pub subject: Option<Box<str>>,
    /// The caller's number for the kind of fact.
    pub fact: Option<u16>,
    /// The bytes that were appended.
    pub body: Box<[u8]>,
    /// SM3 over the previous link and all of the above.
    pub link: Sm3Digest,
}

/// The end of the chain. Who holds it can tell whether anything before it was rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the last entry, which is how many there are; the header does not count.
    pub count: u64,
    /// Link of the last entry.
    pub link: Sm3Digest,
}
