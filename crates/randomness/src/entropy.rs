//! Estimates of the min-entropy of a noise source (NIST SP 800-90B, 6.3.1 to 6.3.4), in bits a value; the smallest one counts.
//!
//! Values are given one a byte. The estimates for bits take 0 and 1. They look at what a source gave and know nothing of how it
//! works: they can show that it is weak, never that it is strong.

/// z of the 99 % bound.
const Z: f64 = 2.575_829_303_548_901;

/// 6.3.1, of values of any kind: how often the most common one comes. `None` for fewer than two values.
pub fn most_common_value(values: &[u8]) -> Option<f64> {
    let mut counts = [0_u64; 256];
    for value in values {
        counts.iter_mut().skip(usize::from(*value)).take(1).for_each(|count| *count += 1);
    }
    let n = values.len() as f64;
    let share = *counts.iter().max()? as f64 / n;
    (values.len() > 1).then(|| -upper(share, n).log2())
}

fn upper(share: f64, n: f64) -> f64 {
    (share + Z * (share * (1.0 - share) / (n - 1.0)).sqrt()).min(1.0)
}

/// 6.3.2, of bits: how soon a value comes again. A bit does so after two or three draws: their mean is 2 + 2p(1 − p).
pub fn collision(bits: &[u8]) -> Option<f64> {
    let mut rest = bits;
    let (mut times, mut sum, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
    loop {
        let (time, left) = match rest {
            [one, other, left @ ..] if one == other => (2.0, left),
            [_, _, _, left @ ..] => (3.0, left),
            _ => break,
        };
        times += 1.0;
        sum += time;
        squares += time * time;
        rest = left;
    }
    if times < 2.0 {
        return None;
    }
    let mean = sum / times;
    let deviation = ((squares - times * mean * mean).max(0.0) / (times - 1.0)).sqrt();
    let lower = mean - Z * deviation / f64::sqrt(times);
    let p = 0.5 + 0.5 * (1.0 - 2.0 * (lower - 2.0)).clamp(0.0, 1.0).sqrt();
    Some(-p.log2())
}

/// 6.3.3, of bits: the most probable sequence of 128 bits when each depends on the one before.
pub fn markov(bits: &[u8]) -> Option<f64> {
    let mut pairs = [[0.0_f64; 2]; 2];
    for pair in bits.windows(2) {
        let [one, other] = pair else { continue };
        let row = pairs.get_mut(usize::from(*one & 1));
        row.into_iter().flat_map(|row| row.get_mut(usize::from(*other & 1))).for_each(|count| *count += 1.0);
    }
    if bits.len() < 2 {
        return None;
    }
    let ones = bits.iter().filter(|bit| **bit & 1 == 1).count() as f64 / bits.len() as f64;
    let [[zero_zero, zero_one], [one_zero, one_one]] = pairs.map(|[to_zero, to_one]| {
        let all = to_zero + to_one;
        if all == 0.0 { [0.0, 0.0] } else { [to_zero / all, to_one / all] }
    });
    let zeros = 1.0 - ones;
    let log = |start: f64, steps: &[(f64, f64)]| {
        start.log2() + steps.iter().filter(|(times, _)| *times > 0.0).map(|(times, p)| times * p.log2()).sum::<f64>()
    };
    let most = [
        log(zeros, &[(127.0, zero_zero)]),
        log(zeros, &[(64.0, zero_one), (63.0, one_zero)]),
        log(zeros, &[(1.0, zero_one), (126.0, one_one)]),
        log(ones, &[(1.0, one_zero), (126.0, zero_zero)]),
        log(ones, &[(64.0, one_zero), (63.0, zero_one)]),
        log(ones, &[(127.0, one_one)]),
    ];
    Some((-most.iter().copied().fold(f64::NEG_INFINITY, f64::max) / 128.0).clamp(0.0, 1.0))
}

/// Bits of a word, and words that only fill the table, of the compression estimate.
const WORD: usize = 6;
const FILL: usize = 1000;

/// 6.3.4, of bits: how well Maurer's statistic says that they could be compressed. `None` below 6 × 1002 bits.
pub fn compression(bits: &[u8]) -> Option<f64> {
    let words: Vec<usize> =
        bits.chunks_exact(WORD).map(|word| word.iter().fold(0, |all, bit| all << 1 | usize::from(bit & 1))).collect();
    let tested = words.len().checked_sub(FILL).filter(|tested| *tested > 1)? as f64;
    let mut last = [0_usize; 1 << WORD];
    let (mut sum, mut squares) = (0.0_f64, 0.0_f64);
    for (number, word) in (1..).zip(&words) {
        let Some(seen) = last.get_mut(*word) else { continue };
        let distance = ((number - *seen) as f64).log2();
        *seen = number;
        if number > FILL {
            sum += distance;
            squares += distance * distance;
        }
    }
    let mean = sum / tested;
    let deviation = 0.5907 * ((squares - tested * mean * mean).max(0.0) / (tested - 1.0)).sqrt();
    let lower = mean - Z * deviation / tested.sqrt();
    let others = f64::from((1_u32 << WORD) - 1);
    let expected = |p: f64| logarithms(p, words.len()) + others * logarithms((1.0 - p) / others, words.len());
    let (mut low, mut high) = (1.0 / (others + 1.0), 1.0);
    if expected(low) <= lower {
        return Some(1.0);
    }
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        // The more probable the most common word, the shorter the distances.
        if expected(middle) > lower { low = middle } else { high = middle }
    }
    Some(-high.log2() / WORD as f64)
}

/// G(z) of step 7: what words of this probability add to the mean of the logarithms.
fn logarithms(z: f64, words: usize) -> f64 {
    let (mut before, mut power, mut sum) = (0.0, 1.0, 0.0);
    for t in 1..=words {
        let log = (t as f64).log2();
        if t > FILL {
            sum += z * z * before + z * log * power;
        }
        before += log * power;
        power *= 1.0 - z;
    }
    sum / (words - FILL) as f64
}
