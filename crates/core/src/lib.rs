//! The words of an assessment: ids, dates, exact decimals, canonical JSON, observations and the described system.
//!
//! No clock, no disk, no environment, no sockets: everything here is a value.

#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic)]

pub mod canonical;
mod code;
pub mod date;
mod digest;
mod exact;
mod fact;
mod id;
mod observation;
pub mod registry;
pub mod system;

pub use code::{Group, Scheme, Suite, Version};
pub use date::{Date, UtcDateTime};
pub use digest::{DigestText, Sha256Digest, Sm3Digest};
pub use exact::{Decimal, DecimalText, Exact, round_half_up};
pub use fact::{
    Accepts, Asked, Certificate, Chain, Checked, Completion, Coverage, Described, Event, Fact, Features, Field,
    GroupExchange, HandedIn, IkeAccepts, IkeKind, IkeTransform, IkeVendor, KeyProof, KeyRole, Order, Protocol,
    QuicAccepts, RandomBytes, RandomStatistic, RandomTests, RawText, Session, SshAccepts, SshDirections, SshHostKey,
    SshLists, StatedValue, Statement, Upgraded, WebPage, WirelessNetwork, method_word,
};
pub use id::{EntryNumber, IndicatorId, ItemId, ObservedId, SubjectId, Text};
pub use observation::{Method, MethodClass, NotAnObservation, Observation, Place, Reach, Where};
