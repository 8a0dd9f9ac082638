//! What is counted word by word: ones, changes, runs, walks.

use crate::sample::{Sample, funnel, top};
use crate::simd::{self, Level};

/// Ones in the words.
#[inline(always)]
pub(crate) fn ones(words: &[u64]) -> u64 {
    words.iter().fold(0_u64, |sum, word| sum.wrapping_add(u64::from(word.count_ones())))
}

/// Ones among the bits from `from` to `to`, the last one out.
pub(crate) fn ones_between(level: Level, words: &[u64], from: usize, to: usize) -> u64 {
    let word = |at: usize| words.get(at).copied().unwrap_or(0);
    let (first, last) = (from / 64, to / 64);
    let head = !top(from % 64);
    let tail = top(to % 64);
    if first == last {
        return u64::from((word(first) & head & tail).count_ones());
    }
    let inside = words.get(first + 1..last).unwrap_or_default();
    let ends = (word(first) & head).count_ones() + (word(last) & tail).count_ones();
    u64::from(ends) + if inside.len() < 4 { ones(inside) } else { simd::ones(level, inside) }
}

/// Positions below `bits − distance` whose bit differs from the one `distance` further on; the words need one spare behind.
#[inline(always)]
pub(crate) fn differences(words: &[u64], bits: usize, distance: usize) -> u64 {
    let compared = bits.saturating_sub(distance);
    let (skip, shift) = (distance / 64, (distance % 64) as u32);
    let behind = words.get(skip..).unwrap_or_default();
    let next = behind.get(1..).unwrap_or_default();
    let differ = |((word, first), second): ((&u64, &u64), &u64)| word ^ funnel(*first, *second, shift);
    let mut pairs = words.iter().zip(behind).zip(next);
    let sum = pairs
        .by_ref()
        .take(compared / 64)
        .fold(0_u64, |sum, pair| sum.wrapping_add(u64::from(differ(pair).count_ones())));
    let last = pairs.next().map_or(0, |pair| differ(pair) & top(compared % 64));
    sum + u64::from(last.count_ones())
}

/// Every bit becomes its sum with the one `distance` further on.
#[inline(always)]
pub(crate) fn fold(words: &mut [u64], distance: usize) {
    let (skip, shift) = (distance / 64, (distance % 64) as u32);
    let behind = words.get(skip..).unwrap_or_default();
    let next = behind.get(1..).unwrap_or_default();
    let shifted: Vec<u64> = behind.iter().zip(next).map(|(first, second)| funnel(*first, *second, shift)).collect();
    words.iter_mut().zip(shifted).for_each(|(word, shifted)| *word ^= shifted);
}

/// Ones of the `order`-th binary derivative, which is `order` bits shorter.
///
/// Applying ε_i ← ε_i ⊕ ε_{i+1} 2^j times is ε_i ← ε_i ⊕ ε_{i+2^j}: one step for each one in the binary form of the order.
pub(crate) fn derivative_ones(level: Level, sample: &Sample, order: usize) -> u64 {
    let left = sample.bits().saturating_sub(order);
    if order < 64 {
        return simd::derivative(level, sample.words(), left, order as u32);
    }
    let mut words = sample.words().to_vec();
    for bit in (0..usize::BITS).filter(|bit| order >> bit & 1 == 1) {
        simd::fold(level, &mut words, 1 << bit);
    }
    ones_between(level, &words, 0, left)
}

/// Ones among the first `bits` of the derivative of an order below 64, of which two words always hold one.
#[inline(always)]
pub(crate) fn derivative(words: &[u64], bits: usize, order: u32) -> u64 {
    const AT_ONCE: usize = 8;
    let step = |here: &[u64; AT_ONCE], next: &[u64; AT_ONCE]| {
        let (mut here, mut next) = (*here, *next);
        for shift in (0..6).map(|bit| 1 << bit).filter(|shift| order & shift != 0) {
            for (here, next) in here.iter_mut().zip(&mut next) {
                *here ^= funnel(*here, *next, shift);
                *next ^= *next << shift;
            }
        }
        here
    };
    let (whole, _) = words.get(..bits / 64).unwrap_or_default().as_chunks::<AT_ONCE>();
    let (behind, _) = words.get(1..).unwrap_or_default().as_chunks::<AT_ONCE>();
    let sum = whole.iter().zip(behind).fold(0, |sum: u64, (here, next)| sum.wrapping_add(ones(&step(here, next))));
    let done = whole.len() * AT_ONCE;
    (done..bits.div_ceil(64)).fold(sum, |sum, at| {
        let word = |at: usize| [words.get(at).copied().unwrap_or(0); AT_ONCE];
        let [derived, ..] = step(&word(at), &word(at + 1));
        sum + u64::from((derived & top(bits - 64 * at)).count_ones())
    })
}

/// Adds to `at_least[i]` how many runs of zeros and of ones are longer than `i`; at most 64 lengths.
#[inline(always)]
pub(crate) fn runs_at_least(words: &[u64], bits: usize, at_least: &mut [[u64; 2]]) {
    const AT_ONCE: usize = 8;
    // A bit marks where a run begins. Behind the end each bit does: no run goes on there, and all of them have length 1.
    let chunks = bits.div_ceil(64 * AT_ONCE);
    let mut marks = Vec::with_capacity(AT_ONCE * chunks + 1);
    let mut before = !words.first().copied().unwrap_or(0) >> 63;
    marks.extend(words.iter().take(bits.div_ceil(64)).map(|word| {
        let mark = word ^ (word >> 1 | before << 63);
        before = *word;
        mark
    }));
    if let (Some(last), 1..) = (marks.last_mut(), bits % 64) {
        *last |= !top(bits % 64);
    }
    marks.resize(AT_ONCE * chunks + 1, u64::MAX);
    let mut add = |here: &[u64; AT_ONCE], next: &[u64; AT_ONCE], words: &[u64; AT_ONCE]| {
        let mut begun = *here;
        for (shift, counts) in (0_u32..).zip(at_least.iter_mut()) {
            if shift > 0 {
                for ((begun, here), next) in begun.iter_mut().zip(here).zip(next) {
                    *begun &= !funnel(*here, *next, shift);
                }
                if shift % 4 == 0 && begun.iter().fold(0, |all, word| all | word) == 0 {
                    break;
                }
            }
            let (mut all, mut set) = (0_u64, 0_u64);
            for (begun, word) in begun.iter().zip(words) {
                all = all.wrapping_add(u64::from(begun.count_ones()));
                set = set.wrapping_add(u64::from((begun & word).count_ones()));
            }
            let [zeros, ones] = counts;
            *zeros = zeros.wrapping_add(all.wrapping_sub(set));
            *ones = ones.wrapping_add(set);
        }
    };
    let (whole, _) = words.get(..bits / 64).unwrap_or_default().as_chunks::<AT_ONCE>();
    let (here, next) = (marks.as_chunks::<AT_ONCE>().0, marks.get(1..).unwrap_or_default().as_chunks::<AT_ONCE>().0);
    let pairs = || here.iter().zip(next);
    pairs().zip(whole).for_each(|((here, next), words)| add(here, next, words));
    let mut last = [0; AT_ONCE];
    last.iter_mut().zip(words.get(whole.len() * AT_ONCE..).unwrap_or_default()).for_each(|(to, word)| *to = *word);
    pairs().skip(whole.len()).for_each(|(here, next)| add(here, next, &last));
    if let Some([zeros, _]) = at_least.first_mut() {
        *zeros = zeros.wrapping_sub((64 * AT_ONCE * chunks - bits) as u64);
    }
}

/// Counts blocks by their longest run of this polarity: up to `first` into class 0, each length more into the next one, all
/// that are longer into the last.
#[inline(always)]
pub(crate) fn longest_runs(
    words: &[u64],
    bits: usize,
    block: usize,
    polarity: bool,
    first: u32,
    classes: &mut [u64],
) {
    let used = block.div_ceil(64);
    let (mut runs, mut next) = (vec![0_u64; used + 1], vec![0_u64; used + 1]);
    let last_class = classes.len().saturating_sub(1);
    for at in 0..bits / block {
        let from = at * block;
        let shift = (from % 64) as u32;
        let here = words.get(from / 64..).unwrap_or_default();
        for ((run, word), behind) in runs.iter_mut().take(used).zip(here).zip(here.get(1..).unwrap_or_default()) {
            let word = funnel(*word, *behind, shift);
            *run = if polarity { word } else { !word };
        }
        if let (Some(last), 1..) = (runs.get_mut(used - 1), block % 64) {
            *last &= top(block % 64);
        }
        let (mut length, mut class) = (1, 0);
        while class < last_class {
            let wanted = first + 1 + class as u32;
            while length < wanted {
                let step = length.min(wanted - length).min(63);
                for ((next, run), behind) in next.iter_mut().zip(&runs).zip(runs.get(1..).unwrap_or_default()) {
                    *next = run & funnel(*run, *behind, step);
                }
                std::mem::swap(&mut runs, &mut next);
                length += step;
            }
            if runs.iter().take(used).fold(0, |all, run| all | run) == 0 {
                break;
            }
            class += 1;
        }
        if let Some(count) = classes.get_mut(class) {
            *count += 1;
        }
        // The spare word behind stays zero.
        if let (Some(one), Some(other)) = (runs.get_mut(used), next.get_mut(used)) {
            (*one, *other) = (0, 0);
        }
    }
}

/// The walk of ±1 along the bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Walk {
    /// Where it ends.
    pub(crate) end: i64,
    /// Its lowest and highest point, the start among them.
    pub(crate) lowest: i64,
    pub(crate) highest: i64,
}

impl Walk {
    /// max |S_k|.
    pub(crate) fn forward(self) -> i64 {
        self.highest.max(-self.lowest)
    }

    /// max |S_k| of the reversed walk: its points are the end less the points of this one.
    pub(crate) fn backward(self) -> i64 {
        (self.end - self.lowest).max(self.highest - self.end)
    }

    #[inline(always)]
    fn then(&mut self, end: i64, lowest: i64, highest: i64) {
        self.lowest = self.lowest.min(self.end + lowest);
        self.highest = self.highest.max(self.end + highest);
        self.end += end;
    }
}

/// The walk along the sample.
pub(crate) fn walk(sample: &Sample) -> Walk {
    let whole = sample.bits() / 8;
    let (bytes, rest) = sample.bytes().split_at_checked(whole).unwrap_or_default();
    let mut walk = Walk::default();
    for byte in bytes {
        let [end, lowest, highest] = *STEPS.get(usize::from(*byte)).unwrap_or(&[0; 3]);
        walk.then(end.into(), lowest.into(), highest.into());
    }
    for at in 0..sample.bits() % 8 {
        let step = if rest.first().is_some_and(|byte| byte >> (7 - at) & 1 == 1) { 1 } else { -1 };
        walk.then(step, step, step);
    }
    walk
}

/// Of each byte: where eight steps end, their lowest and highest point.
static STEPS: [[i8; 3]; 256] = {
    let mut steps = [[0_i8; 3]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut at, mut lowest, mut highest, mut bit) = (0, 8, -8, 0);
        while bit < 8 {
            at += if byte >> (7 - bit) & 1 == 1 { 1 } else { -1 };
            if at < lowest {
                lowest = at;
            }
            if at > highest {
                highest = at;
            }
            bit += 1;
        }
        steps[byte] = [at, lowest, highest];
        byte += 1;
    }
    steps
};
