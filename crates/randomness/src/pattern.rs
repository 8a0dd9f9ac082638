//! How often each pattern of bits occurs: one pass serves all tests that ask so.

use crate::sample::{Sample, funnel};

/// Longest pattern that is counted.
pub(crate) const LONGEST: usize = 20;
/// Longest pattern whose occurrences at eight neighbouring places lie in one window of 16 bits.
const LONGEST_IN_WINDOW: usize = 9;

/// How often each of the 2^`length` patterns begins at each of the bits, with the end joined to the start.
pub(crate) fn cyclic(sample: &Sample, length: usize) -> Vec<u64> {
    match Windows::new(sample, length) {
        Some(windows) => windows.cyclic(sample),
        None => by_bits(sample, length, 0, sample.bits()),
    }
}

/// Counts of patterns one bit shorter.
pub(crate) fn shorter(counts: &[u64]) -> Vec<u64> {
    counts.as_chunks::<2>().0.iter().map(|[first, second]| first + second).collect()
}

/// How often each window of `length` + 7 bits begins at a byte: from that the patterns at all eight places are read off.
pub(crate) struct Windows {
    length: usize,
    counts: Vec<u32>,
    /// Bits whose windows are counted, a multiple of 64.
    counted: usize,
}

impl Windows {
    /// `None` when a window is longer than 16 bits.
    pub(crate) fn new(sample: &Sample, length: usize) -> Option<Windows> {
        let width = length + 7;
        if length > LONGEST_IN_WINDOW {
            return None;
        }
        let mut counts = vec![0_u32; 1 << width];
        // A window of the last byte of a word reaches into the next one.
        let whole = (sample.bits() / 64).saturating_sub(1);
        let next = sample.words().get(1..).unwrap_or_default();
        for (here, next) in sample.words().iter().zip(next).take(whole) {
            for shift in (0..64).step_by(8) {
                let window = funnel(*here, *next, shift) >> (64 - width);
                if let Some(count) = counts.get_mut(window as usize) {
                    // A sample has fewer than 2^32 bytes.
                    *count = count.wrapping_add(1);
                }
            }
        }
        Some(Windows { length, counts, counted: 64 * whole })
    }

    fn cyclic(&self, sample: &Sample) -> Vec<u64> {
        let mut sums = by_bits(sample, self.length, self.counted, sample.bits());
        // Without their last bit, windows have the next place at their end.
        let mut windows: Vec<u64> = self.counts.iter().map(|count| u64::from(*count)).collect();
        for place in 0..8 {
            for part in windows.chunks_exact(1 << self.length) {
                sums.iter_mut().zip(part).for_each(|(sum, count)| *sum = sum.wrapping_add(*count));
            }
            if place < 7 {
                windows = shorter(&windows);
            }
        }
        sums
    }
}

/// Bit by bit, from one start to another.
fn by_bits(sample: &Sample, length: usize, from: usize, to: usize) -> Vec<u64> {
    let mut counts = vec![0_u64; 1 << length];
    let bits = sample.bits();
    let mask = (1_usize << length) - 1;
    let mut next = if length == 0 { 0 } else { from + length - 1 } % bits;
    let mut pattern = (0..length.saturating_sub(1))
        .fold(0, |pattern, at| pattern << 1 | (sample.word_at((from + at) % bits) >> 63) as usize);
    for _ in from..to {
        pattern = (pattern << 1 | (sample.word_at(next) >> 63) as usize) & mask;
        next = if next + 1 == bits { 0 } else { next + 1 };
        if let Some(count) = counts.get_mut(pattern) {
            *count += 1;
        }
    }
    counts
}

/// How often each value of a byte is one of the whole bytes.
pub(crate) fn bytes(sample: &Sample) -> Vec<u64> {
    let mut counts = [[0_u32; 256]; 2];
    let whole = sample.bits() / 64;
    for word in sample.words().iter().take(whole) {
        let [even, odd] = &mut counts;
        for pair in word.to_be_bytes().as_chunks::<2>().0 {
            let [first, second] = *pair;
            // Neighbours that are equal do not wait for each other.
            for (counts, byte) in [(&mut *even, first), (&mut *odd, second)] {
                if let Some(count) = counts.get_mut(usize::from(byte)) {
                    *count = count.wrapping_add(1);
                }
            }
        }
    }
    let [even, odd] = counts;
    let mut sums: Vec<u64> = even.iter().zip(odd).map(|(even, odd)| u64::from(*even) + u64::from(odd)).collect();
    for byte in 8 * whole..sample.bits() / 8 {
        if let Some(count) = sums.get_mut((sample.word_at(8 * byte) >> 56) as usize) {
            *count += 1;
        }
    }
    sums
}

/// How often each of the 2^`length` patterns is one of the ⌊n/length⌋ words that the sample is cut into; `bytes` are the counts
/// of its bytes.
pub(crate) fn disjoint(sample: &Sample, length: usize, bytes: &[u64]) -> Vec<u64> {
    let mut counts = vec![0_u64; 1 << length];
    let words = sample.bits() / length;
    let mut done = 0;
    if 8 % length == 0 {
        for (byte, count) in bytes.iter().enumerate() {
            for place in (0..8).step_by(length) {
                if let Some(sum) = counts.get_mut(byte >> place & ((1 << length) - 1)) {
                    *sum += count;
                }
            }
        }
        done = sample.bits() / 8 * (8 / length);
    }
    for word in done..words {
        let pattern = sample.word_at(word * length) >> (64 - length);
        if let Some(count) = counts.get_mut(pattern as usize) {
            *count += 1;
        }
    }
    counts
}
