//! Maurer's universal test: how far back each word was seen last.

use crate::sample::Sample;

/// Gaps below this are counted; the few longer ones are added one by one.
const COUNTED: usize = 4096;

/// Σ log2 of the distance to the last occurrence, over the `tested` words of `length` bits that follow the first `first` ones.
///
/// Gaps are counted before logarithms are taken: the sum does not depend on the order of the words.
pub(crate) fn sum_of_logarithms(sample: &Sample, length: usize, first: usize, tested: usize) -> f64 {
    let mut table = Table { last: vec![0; 1 << length], gaps: vec![0; COUNTED], long: Vec::new() };
    let word = |number: usize| (sample.word_at((number - 1) * length) >> (64 - length)) as usize;
    for number in 1..=first {
        table.meet(number, word(number));
    }
    table.gaps.fill(0);
    table.long.clear();
    // As many words at a time as one of 64 bits holds.
    let at_once = 64 / length;
    let mut number = first;
    while number + at_once <= first + tested {
        let mut bits = sample.word_at(number * length);
        for _ in 0..at_once {
            number += 1;
            table.meet(number, (bits >> (64 - length)) as usize);
            bits <<= length;
        }
    }
    for number in number + 1..=first + tested {
        table.meet(number, word(number));
    }
    table.sum()
}

struct Table {
    /// Where each word was seen last.
    last: Vec<u32>,
    gaps: Vec<u32>,
    long: Vec<usize>,
}

impl Table {
    #[inline(always)]
    fn meet(&mut self, number: usize, word: usize) {
        let Some(seen) = self.last.get_mut(word) else { return };
        let gap = number.wrapping_sub(*seen as usize);
        *seen = number as u32;
        match self.gaps.get_mut(gap) {
            Some(count) => *count = count.wrapping_add(1),
            None => self.long.push(gap),
        }
    }

    fn sum(&mut self) -> f64 {
        self.long.sort_unstable();
        let counted = self.gaps.iter().enumerate().filter(|(_, count)| **count > 0);
        counted.map(|(gap, count)| f64::from(*count) * (gap as f64).log2()).sum::<f64>()
            + self.long.iter().map(|gap| (*gap as f64).log2()).sum::<f64>()
    }
}
