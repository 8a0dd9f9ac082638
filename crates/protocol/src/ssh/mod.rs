//! A prober's conversation with an SSH server (RFC 4253, RFC 4252), and what to ask in the next one. No socket, clock or
//! random source.
//!
//! One conversation gives the identification and all lists of the server, one host key with a checked signature over the
//! exchange hash, and under the new keys the ways to authenticate. The last comes from one request of the method `none`, which
//! shows nothing and is no attempt to log in; where a server lets it pass, that is a fact, and the connection ends at once.

mod algorithm;
mod conversation;
mod exchange;
mod plan;
mod protection;

pub use conversation::{Authentication, Conversation, Identification, Learned, Proved, ShownKey, Stop, Unsupported};
#[cfg(test)]
mod tests;

pub use plan::{Ask, Conversed, GroupSize, Plan, Scope, USER, Until};
