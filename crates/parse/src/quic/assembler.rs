//! Pieces of a handshake's stream, put in order.

use std::collections::BTreeMap;

use super::INTEGER_MOST;
use super::integer::wide;
use crate::reading::{Defect, DefectKind, Limit, Limits};

/// Puts the pieces of CRYPTO frames of one direction in order. Of a byte that comes twice the first copy counts. It keeps
/// what came, up to [`Limits::handshake`] bytes in at most [`Limits::pieces`] pieces that wait for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembler {
    /// From the start on, without a gap.
    bytes: Vec<u8>,
    /// What waits behind a gap, by its offset. Pieces do not overlap; they may touch.
    early: BTreeMap<usize, Vec<u8>>,
}

impl Assembler {
    /// Of a stream of which nothing has come.
    pub fn new() -> Assembler {
        Assembler::default()
    }

    /// What has come, from the start of the stream to the first gap.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether something waits behind a gap.
    pub fn has_gap(&self) -> bool {
        !self.early.is_empty()
    }

    /// Takes a piece: those of its bytes that have not come before.
    ///
    /// # Errors
    /// What is wrong with it, [`Defect::at`] in the stream: [`DefectKind::CopiesDiffer`] where a byte differs from its
    /// first copy, all others being taken; [`DefectKind::BeyondStream`] and [`DefectKind::Limit`] for what lies too far
    /// on or makes too many pieces, which is not taken.
    pub fn insert(&mut self, offset: u64, data: &[u8], limits: &Limits) -> Result<(), Defect> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(data.len());
        if offset.saturating_add(wide(data.len())) > INTEGER_MOST {
            return Err(Defect { at: start, what: DefectKind::BeyondStream });
        }
        if end > limits.handshake {
            let what = DefectKind::Limit { limit: Limit::Handshake, most: limits.handshake, found: end };
            return Err(Defect { at: start, what });
        }
        let mut wrong = None;
        let mut compare = |at: usize, old: &[u8], new: &[u8]| {
            let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
            if same < old.len().min(new.len()) && wrong.is_none() {
                wrong = Some(Defect { at: at.saturating_add(same), what: DefectKind::CopiesDiffer });
            }
        };
        let (mut at, mut left) = (start, data);
        if let Some(known) = self.bytes.get(at..).filter(|known| !known.is_empty()) {
            compare(at, known, left);
            (at, left) = behind(at, left, known.len());
        }
        // Pieces do not overlap, so only the last one that begins before this one can reach into it.
        if let Some((begin, piece)) = self.early.range(..at).next_back()
            && let Some(known) = piece.get(at.saturating_sub(*begin)..).filter(|known| !known.is_empty())
        {
            compare(at, known, left);
            (at, left) = behind(at, left, known.len());
        }
        let mut gaps = Vec::new();
        for (begin, piece) in self.early.range(at..end.max(at)) {
            let (gap, known) = left.split_at_checked(begin.saturating_sub(at)).unwrap_or((left, &[]));
            gaps.push((at, gap));
            compare(*begin, piece, known);
            (at, left) = behind(*begin, known, piece.len());
        }
        gaps.push((at, left));
        for (at, gap) in gaps {
            if gap.is_empty() {
                continue;
            }
            if at == self.bytes.len() {
                self.bytes.extend_from_slice(gap);
                self.join();
                continue;
            }
            if self.early.len() == limits.pieces {
                let (most, found) = (limits.pieces, limits.pieces.saturating_add(1));
                return Err(Defect { at, what: DefectKind::Limit { limit: Limit::Pieces, most, found } });
            }
            self.early.insert(at, gap.to_vec());
        }
        wrong.map_or(Ok(()), Err)
    }

    /// Takes what waits right behind the last byte.
    fn join(&mut self) {
        while let Some(piece) = self.early.remove(&self.bytes.len()) {
            self.bytes.extend_from_slice(&piece);
        }
    }
}

/// What is left of `bytes`, which begin at `at`, behind the first `count`.
fn behind(at: usize, bytes: &[u8], count: usize) -> (usize, &[u8]) {
    let count = count.min(bytes.len());
    (at.saturating_add(count), bytes.get(count..).unwrap_or_default())
}
