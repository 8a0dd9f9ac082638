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
    type Words = [u64; AT_ONCE];
    // A bit marks where a run begins.
    let marks = |before: &Words, here: &Words| {
        let mut marks = *here;
        for (mark, before) in marks.iter_mut().zip(before) {
            *mark ^= *mark >> 1 | before << 63;
        }
        marks
    };
    let mut add = |here: &Words, next: &Words, words: &Words| {
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
    // Chunks whose words, and the next one, are whole, but for the first chunk: it has no word before.
    let whole = (bits / 64).saturating_sub(1) / AT_ONCE;
    let chunks = |skip: usize| words.get(skip..).unwrap_or_default().as_chunks::<AT_ONCE>().0.iter();
    let here = chunks(AT_ONCE).zip(chunks(AT_ONCE - 1)).zip(chunks(AT_ONCE + 1));
    for ((here, before), next) in here.take(whole.saturating_sub(1)) {
        add(&marks(before, here), &marks(here, next), here);
    }
    // Behind the end each bit is marked: no run goes on there, and all of them have length 1.
    let mark = |at: usize| {
        let word = |at: usize| words.get(at).copied().unwrap_or(0);
        let before = if at == 0 { !word(0) >> 63 } else { word(at - 1) };
        let used = top(bits.saturating_sub(64 * at));
        word(at) ^ (word(at) >> 1 | before << 63) | !used
    };
    let last = bits.div_ceil(64 * AT_ONCE);
    for chunk in (0..1.min(last)).chain(whole.max(1)..last) {
        let of = |from: usize, value: &dyn Fn(usize) -> u64| {
            let mut all = [0; AT_ONCE];
            all.iter_mut().zip(from..).for_each(|(to, at)| *to = value(at));
            all
        };
        let from = chunk * AT_ONCE;
        add(&of(from, &mark), &of(from + 1, &mark), &of(from, &|at| words.get(at).copied().unwrap_or(0)));
    }
    if let Some([zeros, _]) = at_least.first_mut() {
        *zeros = zeros.wrapping_sub((64 * AT_ONCE * last - bits) as u64);
    }
}

/// Counts blocks by their longest run of this polarity: up to `first` into class 0, each length more into the next one, all
/// that are longer into the last.
#[inline(always)]
pub(crate) fn longest_runs(words: &[u64], bits: usize, block: usize, polarity: bool, first: u32, classes: &mut [u64]) {
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
}

/// The walk along the sample.
#[inline(always)]
pub(crate) fn walk(words: &[u64], bits: usize) -> Walk {
    let mut walk = Walk::default();
    let mut left = bits;
    for word in words.iter().take(bits.div_ceil(64)) {
        let steps = left.min(64) as u32;
        let ones = word.count_ones();
        // Only a word from which a new extreme can be reached is walked through.
        let inside = walk.end.wrapping_add(ones.into()) <= walk.highest
            && walk.end.wrapping_sub((steps - ones).into()) >= walk.lowest;
        if inside {
            walk.end = walk.end.wrapping_add(2 * i64::from(ones) - i64::from(steps));
        } else {
            for at in 0..steps {
                walk.end += if word << at >> 63 == 1 { 1 } else { -1 };
                walk.lowest = walk.lowest.min(walk.end);
                walk.highest = walk.highest.max(walk.end);
            }
        }
        left -= steps as usize;
    }
    walk
}
