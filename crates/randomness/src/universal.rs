//! Maurer's universal test: how far back each word was seen last.

use crate::sample::Sample;

/// Gaps up to this are counted; the few longer ones are added one by one.
const COUNTED: usize = 4096;

/// Σ log2 of the distance to the last occurrence, over the `tested` words of `length` bits that follow the first `first` ones.
///
/// Gaps are counted before logarithms are taken: the sum does not depend on the order of the words.
pub(crate) fn sum_of_logarithms(sample: &Sample, length: usize, first: usize, tested: usize) -> f64 {
    let mut last = vec![0_u32; 1 << length];
    let mut gaps = vec![0_u32; COUNTED];
    let mut long = Vec::new();
    let mut meet = |number: usize, word: u64| {
        let Some(seen) = last.get_mut(word as usize) else { return };
        let gap = number - *seen as usize;
        *seen = number as u32;
        if number > first {
            match gaps.get_mut(gap) {
                Some(count) => *count = count.wrapping_add(1),
                None => long.push(gap),
            }
        }
    };
    let words = first + tested;
    if length == 7 {
        // Eight words are seven bytes.
        let mut number = 0;
        for chunk in sample.bytes().as_chunks::<7>().0.iter().take(words / 8) {
            let [a, b, c, d, e, f, g] = *chunk;
            let bits = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
            for shift in [49, 42, 35, 28, 21, 14, 7, 0] {
                number += 1;
                meet(number, bits >> shift & 0x7f);
            }
        }
        for number in number + 1..=words {
            meet(number, sample.word_at((number - 1) * length) >> (64 - length));
        }
    } else {
        for number in 1..=words {
            meet(number, sample.word_at((number - 1) * length) >> (64 - length));
        }
    }
    long.sort_unstable();
    let counted = gaps.iter().enumerate().filter(|(_, count)| **count > 0);
    counted.map(|(gap, count)| f64::from(*count) * (gap as f64).log2()).sum::<f64>()
        + long.iter().map(|gap| (*gap as f64).log2()).sum::<f64>()
}
