//! How often each pattern of bits occurs: one pass serves all tests that ask so.

use crate::sample::Sample;

/// Longest pattern that is counted.
pub(crate) const LONGEST: usize = 20;
/// Longest pattern whose occurrences at eight neighbouring places lie in one window of 16 bits.
const LONGEST_IN_WINDOW: usize = 9;

/// How often each of the 2^`length` patterns begins at each of the bits, with the end joined to the start.
pub(crate) fn cyclic(sample: &Sample, length: usize) -> Vec<u64> {
    if length <= LONGEST_IN_WINDOW { by_windows(sample, length) } else { by_bits(sample, length, 0, sample.bits()) }
}

/// Counts of patterns one bit shorter.
pub(crate) fn shorter(counts: &[u64]) -> Vec<u64> {
    counts.as_chunks::<2>().0.iter().map(|[first, second]| first + second).collect()
}

/// Windows of `length` + 7 bits at every byte, from which all eight places are read off.
fn by_windows(sample: &Sample, length: usize) -> Vec<u64> {
    let window = length + 7;
    let whole = (sample.bits() + 1).saturating_sub(window).div_ceil(8).min(sample.bytes().len().saturating_sub(1));
    let mut windows = vec![0_u32; 1 << window];
    let bytes = sample.bytes();
    for (first, second) in bytes.iter().zip(bytes.get(1..).unwrap_or_default()).take(whole) {
        let both = u16::from_be_bytes([*first, *second]);
        if let Some(count) = windows.get_mut(usize::from(both >> (16 - window))) {
            // A sample has fewer than 2^32 bytes.
            *count = count.wrapping_add(1);
        }
    }
    let mut counts = vec![0_u64; 1 << length];
    for (value, count) in windows.iter().enumerate().filter(|(_, count)| **count > 0) {
        for place in 0..8 {
            if let Some(sum) = counts.get_mut(value >> place & ((1 << length) - 1)) {
                *sum += u64::from(*count);
            }
        }
    }
    let rest = by_bits(sample, length, whole * 8, sample.bits());
    counts.iter_mut().zip(rest).for_each(|(count, rest)| *count += rest);
    counts
}

/// Bit by bit, from one start to another.
fn by_bits(sample: &Sample, length: usize, from: usize, to: usize) -> Vec<u64> {
    let mut counts = vec![0_u64; 1 << length];
    let bit = |at: usize| sample.word_at(at % sample.bits()) >> 63;
    let mask = (1_usize << length) - 1;
    let mut pattern = (0..length.saturating_sub(1)).fold(0, |pattern, at| pattern << 1 | bit(from + at) as usize);
    for at in from..to {
        pattern = (pattern << 1 | bit(at + length - 1) as usize) & mask;
        if let Some(count) = counts.get_mut(pattern) {
            *count += 1;
        }
    }
    counts
}

/// How often each of the 2^`length` patterns is one of the ⌊n/length⌋ words that the sample is cut into.
pub(crate) fn disjoint(sample: &Sample, length: usize) -> Vec<u64> {
    let mut counts = vec![0_u64; 1 << length];
    let words = sample.bits() / length;
    if 8 % length == 0 {
        let mut bytes = [0_u32; 256];
        let whole = words * length / 8;
        let (used, _) = sample.bytes().split_at_checked(whole).unwrap_or_default();
        for byte in used {
            if let Some(count) = bytes.get_mut(usize::from(*byte)) {
                *count = count.wrapping_add(1);
            }
        }
        for (byte, count) in bytes.iter().enumerate() {
            for place in (0..8).step_by(length) {
                if let Some(sum) = counts.get_mut(byte >> place & ((1 << length) - 1)) {
                    *sum += u64::from(*count);
                }
            }
        }
    }
    let done = if 8 % length == 0 { words * length / 8 * 8 / length } else { 0 };
    for word in done..words {
        let pattern = sample.word_at(word * length) >> (64 - length);
        if let Some(count) = counts.get_mut(pattern as usize) {
            *count += 1;
        }
    }
    counts
}
