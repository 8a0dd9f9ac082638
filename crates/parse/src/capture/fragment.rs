//! Datagrams of IP out of their fragments: few, bounded, and never on the road of the others.

use std::collections::{BTreeMap, HashMap};
use std::mem;

use super::IpProtocol;
use super::link::{Address, Dissected, Fragment, Label, datagram};
use crate::reading::{Defect, DefectKind, Limits};

/// How long a datagram waits for the rest of it, in nanoseconds of packet time: 30 seconds, as Linux does. A packet from
/// far in the future waits no longer, once time is back.
const PATIENCE: u64 = 30_000_000_000;
/// What a fragment costs beside its bytes. An attacker sends the shortest ones.
const OVERHEAD: usize = 64;
/// The most bytes that a datagram can have (RFC 791 3.1, RFC 8200 4.5).
const LONGEST: usize = 65_535;

/// A datagram that is whole again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub source: Address,
    /// To whom.
    pub destination: Address,
    /// What it holds.
    pub protocol: IpProtocol,
    /// What was in the fragments.
    pub bytes: Vec<u8>,
}

impl Datagram {
    /// Takes it apart as [`super::dissect`] does. `labels` are those of its last fragment, and are added to.
    ///
    /// # Errors
    /// As [`super::dissect`].
    pub fn dissect(&self, labels: &mut Vec<Label>, limits: &Limits) -> Result<Dissected<'_>, Defect> {
        datagram((self.source, self.destination), self.protocol, &self.bytes, labels, limits)
    }
}

/// What came of a fragment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// The datagram, if this was all that it waited for.
    pub whole: Option<Datagram>,
    /// Datagrams that were given up before they were whole: too old, or older than others when there were too many.
    pub cut: usize,
    /// What is wrong with the fragment: of what overlaps, the first copy holds; what cannot be is not kept.
    pub defect: Option<Defect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: Address,
    destination: Address,
    identification: u32,
    protocol: IpProtocol,
}

/// The fragments of one datagram: by their offset, none over another.
#[derive(Clone, Debug)]
struct Open {
    number: u64,
    since: u64,
    pieces: BTreeMap<usize, Box<[u8]>>,
    /// Bytes in the pieces.
    held: usize,
    /// Bytes of the whole, once its end is known.
    total: Option<usize>,
}

/// Puts datagrams together, as many at a time as [`Limits::datagrams`] and [`Limits::fragments`] allow.
#[derive(Clone, Debug, Default)]
pub struct Defragmenter {
    open: HashMap<Key, Open>,
    /// The keys by age.
    ages: BTreeMap<u64, Key>,
    started: u64,
    /// Bytes of all, with what keeping them costs.
    cost: usize,
}

impl Defragmenter {
    /// Takes a fragment of a packet that was captured at `time`, in nanoseconds.
    pub fn add(&mut self, fragment: &Fragment<'_>, time: u64, limits: &Limits) -> Added {
        let mut added = Added { cut: self.expire(time), ..Added::default() };
        let Fragment { source, destination, identification, protocol, .. } = *fragment;
        let key = Key { source, destination, identification, protocol };
        let offset = usize::from(fragment.offset);
        let length = fragment.payload.len().saturating_add(fragment.missing);
        let end = offset.saturating_add(length);
        let total = self.open.get(&key).and_then(|open| open.total);
        let misplaced = end > LONGEST
            || length == 0
            || fragment.more && !length.is_multiple_of(8)
            || total.is_some_and(|total| end > total || !fragment.more && end < total);
        if misplaced {
            added.defect = Some(Defect { at: 0, what: DefectKind::FragmentPlace { offset, length } });
            return added;
        }
        let number = self.started;
        let open = self.open.entry(key).or_insert_with(|| Open {
            number,
            since: time,
            pieces: BTreeMap::new(),
            held: 0,
            total: None,
        });
        if open.number == number {
            self.ages.insert(number, key);
            self.started += 1;
            self.cost += OVERHEAD;
        }
        if !fragment.more {
            open.total = Some(end);
        }
        let before = open.cost();
        if let Some(offset) = open.insert(offset, fragment.payload) {
            added.defect = Some(Defect { at: 0, what: DefectKind::FragmentsDiffer { offset } });
        }
        self.cost += open.cost() - before;
        if open.total == Some(open.held) {
            let number = open.number;
            let pieces = self.remove(number).map(|open| open.pieces).unwrap_or_default();
            let bytes = pieces.into_values().collect::<Vec<_>>().concat();
            added.whole = Some(Datagram { source, destination, protocol, bytes });
        }
        while self.open.len() > limits.datagrams || self.cost > limits.fragments {
            added.cut += self.drop_oldest();
        }
        added
    }

    /// Gives up all datagrams, and says how many: none of them was whole.
    pub fn end(&mut self) -> usize {
        mem::take(self).open.len()
    }

    fn expire(&mut self, now: u64) -> usize {
        let mut cut = 0;
        while let Some(since) =
            self.ages.first_key_value().and_then(|(_, key)| self.open.get(key)).map(|open| open.since)
            && now.abs_diff(since) > PATIENCE
        {
            cut += self.drop_oldest();
        }
        cut
    }

    fn drop_oldest(&mut self) -> usize {
        let oldest = self.ages.first_key_value().map(|(number, _)| *number);
        usize::from(oldest.and_then(|number| self.remove(number)).is_some())
    }

    fn remove(&mut self, number: u64) -> Option<Open> {
        let open = self.open.remove(&self.ages.remove(&number)?)?;
        self.cost -= open.cost() + OVERHEAD;
        Some(open)
    }
}

impl Open {
    fn cost(&self) -> usize {
        self.held + self.pieces.len() * OVERHEAD
    }

    /// Keeps what is new in `bytes`, and tells where they differ from what was there.
    fn insert(&mut self, offset: usize, bytes: &[u8]) -> Option<usize> {
        let end = offset.saturating_add(bytes.len());
        let part = |from: usize, to: usize| bytes.get(from - offset..to - offset).unwrap_or_default();
        let first = self.pieces.range(..=offset).next_back().map_or(offset, |(start, _)| *start);
        let (mut at, mut new, mut differs) = (offset, Vec::new(), None);
        for (&start, held) in self.pieces.range(first..end) {
            let stop = start + held.len();
            if stop <= at {
                continue;
            }
            if start > at {
                new.push((at, part(at, start)));
                at = start;
            }
            let to = stop.min(end);
            let (ours, theirs) = (held.get(at - start..to - start).unwrap_or_default(), part(at, to));
            let other = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
            differs = differs.or(other.map(|other| at + other));
            at = to;
        }
        if at < end {
            new.push((at, part(at, end)));
        }
        for (start, bytes) in new {
            self.held += bytes.len();
            self.pieces.insert(start, bytes.into());
        }
        differs
    }
}
