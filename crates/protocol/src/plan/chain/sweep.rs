//! Every code point there is, in blocks: the report then says "none exist", not "none that we know".

use crate::plan::Lists;
use dengmi_core::{Group, Suite, Version, registry};
use std::collections::VecDeque;

/// Code points of a block: 16,000 bytes of a hello, which stays inside one record of 2^14.
const BLOCK: usize = 8_000;

/// What is offered next.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A block with a suite known to be accepted: does the server answer hellos of this length at all?
    Tolerance(Vec<Suite>),
    /// Suites that the registry does not know for this version.
    Suites(Vec<Suite>),
    /// Groups that the registry does not know, with suites known to be accepted.
    Groups(Vec<Group>),
}

/// The blocks for a version.
pub(super) fn blocks(lists: &Lists, grouped: bool) -> VecDeque<Block> {
    // Signals are no suites (RFC 5746, RFC 7507), and GREASE is never chosen (RFC 8701).
    let signals = [Suite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV, Suite::TLS_FALLBACK_SCSV];
    let unknown = |code: &u16| !registry::is_grease(*code);
    let suites: Vec<Suite> = (1..=u16::MAX)
        .filter(unknown)
        .map(Suite)
        .filter(|suite| !lists.suites.contains(suite) && !signals.contains(suite))
        .collect();
    let groups: Vec<Group> =
        (1..=u16::MAX).filter(unknown).map(Group).filter(|group| !lists.groups.contains(group)).collect();
    let mut blocks: VecDeque<Block> =
        suites.first_chunk::<BLOCK>().map(|first| Block::Tolerance(first.to_vec())).into_iter().collect();
    blocks.extend(suites.chunks(BLOCK).map(|block| Block::Suites(block.to_vec())));
    if grouped && lists.version != Version::TLCP {
        blocks.extend(groups.chunks(BLOCK).map(|block| Block::Groups(block.to_vec())));
    }
    blocks
}
