//! Tests on a sample: P and Q of each statistic, what several of them need counted once.

use crate::catalogue::{Edition, Kind, Test};
use crate::complexity::{Blocks, Profile};
use crate::counting::{self, Walk};
use crate::nist::{self, Excursions};
use crate::rank::SIDE;
use crate::sample::Sample;
use crate::simd::{self, Level};
use crate::special::{erfc, igamc, normal};
use crate::spectrum::Spectrum;
use crate::{pattern, universal};
use std::f64::consts::{LN_2, SQRT_2};
use thiserror::Error;

/// What a test makes of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// The probability that a perfect source gives a sample that is no better.
    pub p: f64,
    /// Of a statistic with two sides the probability of its upper side, whose uniformity is judged; otherwise the same as `p`.
    pub q: f64,
}

impl Value {
    fn one_sided(p: f64) -> Value {
        Value { p, q: p }
    }
}

/// Why a test says nothing about a sample.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unfit {
    /// The sample has fewer bits than the statistic needs to be defined.
    #[error("needs at least {least} bits")]
    TooShort {
        /// Bits that it needs.
        least: usize,
    },
    /// Too many bits for the counters.
    #[error("takes at most {most} bits")]
    TooLong {
        /// Bits that it takes.
        most: usize,
    },
    /// The walk returns to zero too seldom (SP 800-22 2.14.4).
    #[error("the sum returns to zero too seldom")]
    TooFewCycles,
}

/// Longest sample: counters of 32 bits stand behind it.
pub const LONGEST_SAMPLE: usize = 1 << 32;

/// Longest sample of a transform, which takes some 24 bytes of memory a bit; the longest of a standard has 10^8 bits.
pub const LONGEST_TRANSFORM: usize = 1 << 27;

/// Runs chosen tests on one sample after another, keeping tables and memory.
pub struct Laboratory {
    edition: Edition,
    tests: Vec<Test>,
    level: Level,
    /// The longest patterns that any test asks for.
    patterns: usize,
    /// Block lengths of the linear complexity, the longest first.
    blocks: Vec<usize>,
    spectrum: Option<(usize, Spectrum)>,
}

/// What has been counted of one sample.
struct Counted {
    ones: u64,
    patterns: Vec<Vec<u64>>,
    complexities: Vec<(usize, Profile)>,
    walk: Option<Walk>,
    bytes: Option<Vec<u64>>,
    excursions: Option<Excursions>,
    blocks: Vec<(usize, Vec<Vec<u32>>)>,
}

impl Laboratory {
    /// With the best instructions that this processor has.
    pub fn new(edition: Edition, tests: &[Test]) -> Laboratory {
        Laboratory::at_level(edition, tests, Level::best())
    }

    /// With chosen instructions; results do not depend on them.
    pub fn at_level(edition: Edition, tests: &[Test], level: Level) -> Laboratory {
        let longest = tests.iter().map(|test| match test.kind() {
            Kind::Overlapping1 | Kind::Overlapping2 => test.length(),
            Kind::ApproximateEntropy => test.length() + 1,
            _ => 0,
        });
        let patterns = longest.max().unwrap_or_default().min(pattern::LONGEST);
        let complexities = tests.iter().filter(|test| test.kind() == Kind::LinearComplexity);
        let mut blocks: Vec<usize> = complexities.map(Test::length).collect();
        blocks.sort_unstable_by(|one, other| other.cmp(one));
        blocks.dedup();
        Laboratory { edition, tests: tests.to_vec(), level, patterns, blocks, spectrum: None }
    }

    /// The tests.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// The value of each test, in their order.
    pub fn examine(&mut self, sample: &Sample) -> Vec<Result<Value, Unfit>> {
        let mut counted = Counted {
            ones: counting::ones_between(self.level, sample.words(), 0, sample.bits()),
            patterns: Vec::new(),
            complexities: Vec::new(),
            walk: None,
            bytes: None,
            excursions: None,
            blocks: Vec::new(),
        };
        let tests = self.tests.clone();
        tests.into_iter().map(|test| self.one(test, sample, &mut counted)).collect()
    }

    fn one(&mut self, test: Test, sample: &Sample, counted: &mut Counted) -> Result<Value, Unfit> {
        let bits = sample.bits();
        let n = bits as f64;
        let length = test.length();
        let at_least = |least: usize| if bits >= least { Ok(()) } else { Err(Unfit::TooShort { least }) };
        at_least(1)?;
        if bits > LONGEST_SAMPLE {
            return Err(Unfit::TooLong { most: LONGEST_SAMPLE });
        }
        if test.kind() == Kind::Dft && bits > LONGEST_TRANSFORM {
            return Err(Unfit::TooLong { most: LONGEST_TRANSFORM });
        }
        let gmt = self.edition != Edition::Nist;
        Ok(match test.kind() {
            Kind::Monobit => self.two_sided((2.0 * counted.ones as f64 - n) / n.sqrt()),
            Kind::BlockFrequency => {
                at_least(length)?;
                let blocks = bits / length;
                let sum: f64 = (0..blocks)
                    .map(|block| {
                        let from = block * length;
                        let ones = counting::ones_between(self.level, sample.words(), from, from + length);
                        let away = 2.0 * ones as f64 - length as f64;
                        away * away
                    })
                    .sum();
                chi_square(blocks as f64, sum / length as f64)
            }
            Kind::Poker => {
                at_least(length)?;
                let bytes = counted.bytes.get_or_insert_with(|| pattern::bytes(sample));
                let counts = pattern::disjoint(sample, length, bytes);
                let words = (bits / length) as f64;
                chi_square(counts.len() as f64 - 1.0, counts.len() as f64 / words * squares(&counts) - words)
            }
            Kind::Overlapping1 => {
                let difference = self.psi(length, sample, counted) - self.psi(length - 1, sample, counted);
                chi_square((1_u64 << (length - 1)) as f64, difference)
            }
            Kind::Overlapping2 => {
                let [whole, less, least] = [0, 1, 2].map(|shorter| self.psi(length - shorter, sample, counted));
                chi_square((1_u64 << (length - 2)) as f64, whole - 2.0 * less + least)
            }
            Kind::Runs => {
                let ones = counted.ones as f64 / n;
                // SP 800-22 2.3.4: without about as many ones as zeros the number of runs says nothing more.
                if !gmt && (ones - 0.5).abs() >= 2.0 / n.sqrt() {
                    return Ok(Value::one_sided(0.0));
                }
                let runs = 1 + simd::differences(self.level, sample.words(), bits, 1);
                let spread = ones * (1.0 - ones);
                if spread == 0.0 {
                    return Ok(Value { p: 0.0, q: 0.0 });
                }
                self.two_sided((runs as f64 - 2.0 * n * spread) / (2.0 * n.sqrt() * spread))
            }
            Kind::RunsDistribution => self.runs_distribution(sample)?,
            Kind::LongestRun1 | Kind::LongestRun0 => {
                at_least(length)?;
                let (first, parts) = longest_run_classes(self.edition, length);
                let mut classes = vec![0_u64; parts.len()];
                let polarity = test.kind() == Kind::LongestRun1;
                simd::longest_runs(self.level, sample.words(), bits, length, polarity, first, &mut classes);
                fit(&classes, parts)
            }
            Kind::BinaryDerivative => {
                at_least(length + 1)?;
                let left = (bits - length) as f64;
                let ones = counting::derivative_ones(self.level, sample, length) as f64;
                self.two_sided((2.0 * ones - left) / left.sqrt())
            }
            Kind::Autocorrelation => {
                at_least(length + 1)?;
                let left = (bits - length) as f64;
                let differences = simd::differences(self.level, sample.words(), bits, length) as f64;
                self.two_sided((2.0 * differences - left) / left.sqrt())
            }
            Kind::MatrixRank => {
                at_least(SIDE * SIDE)?;
                let classes = simd::ranks(self.level, sample.words(), bits / (SIDE * SIDE));
                fit(&classes, &[0.2888, 0.5776, 0.1336])
            }
            Kind::CusumForward => cusum(n, counted.walk(self.level, sample).forward() as f64),
            Kind::CusumBackward => cusum(n, counted.walk(self.level, sample).backward() as f64),
            Kind::ApproximateEntropy => {
                let entropy = self.phi(length, sample, counted) - self.phi(length + 1, sample, counted);
                chi_square((1_u64 << length) as f64, 2.0 * n * (LN_2 - entropy))
            }
            Kind::LinearComplexity => {
                at_least(length)?;
                self.complexity(length, sample, counted)
            }
            Kind::Maurer => {
                let first = usize::try_from(test.values()[1]).unwrap_or_default();
                at_least((first + 1).saturating_mul(length))?;
                let tested = bits / length - first;
                let mean = universal::sum_of_logarithms(sample, length, first, tested) / tested as f64;
                let (expected, variance) = maurer_expected(length);
                let (l, k) = (length as f64, tested as f64);
                let c = 0.7 - 0.8 / l + (4.0 + 32.0 / l) * k.powf(-3.0 / l) / 15.0;
                self.two_sided((mean - expected) / (c * (variance / k).sqrt()))
            }
            Kind::Dft => {
                at_least(2)?;
                let spectrum = match &mut self.spectrum {
                    Some((points, spectrum)) if *points == bits => spectrum,
                    other => {
                        // 2.995732274 is the standard's ln 20.
                        &mut other.insert((bits, Spectrum::new(bits, (2.995732274 * n).sqrt()))).1
                    }
                };
                let below = spectrum.below(self.level, sample) as f64;
                let divisor = if self.edition == Edition::Gmt2021 { 3.8 } else { 4.0 };
                self.two_sided((below - 0.95 * n / 2.0) / (0.95 * 0.05 * n / divisor).sqrt())
            }
            Kind::NonOverlappingTemplate => {
                at_least(8 * 2 * length)?;
                if !counted.blocks.iter().any(|(of, _)| *of == length) {
                    counted.blocks.push((length, nist::patterns_of_blocks(sample, length)));
                }
                let blocks = counted.blocks.iter().find(|(of, _)| *of == length);
                let template = usize::try_from(test.values()[1]).unwrap_or_default();
                let blocks = blocks.map(|(_, blocks)| &blocks[..]).unwrap_or_default();
                Value::one_sided(nist::non_overlapping(bits, blocks, length, template))
            }
            Kind::OverlappingTemplate => {
                Value::one_sided(nist::overlapping(sample, length).ok_or(Unfit::TooShort { least: 1032 })?)
            }
            Kind::RandomExcursions | Kind::RandomExcursionsVariant => {
                let excursions = counted.excursions.get_or_insert_with(|| Excursions::of(sample));
                if !excursions.enough(bits) {
                    return Err(Unfit::TooFewCycles);
                }
                let [state, _] = test.values();
                Value::one_sided(match test.kind() {
                    Kind::RandomExcursions => excursions.met(state),
                    _ => excursions.visited(state),
                })
            }
        })
    }

    /// Q belongs to the edition of 2021; before, and at NIST, there is P alone.
    fn two_sided(&self, v: f64) -> Value {
        let p = erfc(v.abs() / SQRT_2);
        let q = if self.edition == Edition::Gmt2021 { 0.5 * erfc(v / SQRT_2) } else { p };
        Value { p, q }
    }

    /// Counts of all cyclic patterns of a length.
    fn counts<'a>(&self, length: usize, sample: &Sample, counted: &'a mut Counted) -> &'a [u64] {
        if counted.patterns.is_empty() {
            let mut counts = pattern::cyclic(sample, self.patterns);
            for _ in 0..self.patterns {
                let shorter = pattern::shorter(&counts);
                counted.patterns.push(std::mem::replace(&mut counts, shorter));
            }
            counted.patterns.push(counts);
        }
        counted.patterns.get(self.patterns - length).map(|counts| &counts[..]).unwrap_or_default()
    }

    fn psi(&self, length: usize, sample: &Sample, counted: &mut Counted) -> f64 {
        let n = sample.bits() as f64;
        let counts = self.counts(length, sample, counted);
        counts.len() as f64 / n * squares(counts) - n
    }

    fn phi(&self, length: usize, sample: &Sample, counted: &mut Counted) -> f64 {
        let n = sample.bits() as f64;
        let share = |count: &u64| *count as f64 / n;
        self.counts(length, sample, counted).iter().map(share).filter(|share| *share > 0.0).map(|c| c * c.ln()).sum()
    }

    fn runs_distribution(&self, sample: &Sample) -> Result<Value, Unfit> {
        let bits = sample.bits();
        // The largest i with (n − i + 3) / 2^(i+2) ≥ 5.
        let longest = (1..40_usize).take_while(|i| bits + 3 >= i + (5 << (i + 2))).count();
        if longest < 2 {
            // (n − 2 + 3) / 16 ≥ 5.
            return Err(Unfit::TooShort { least: 79 });
        }
        let mut runs = vec![[0_u64; 2]; longest + 1];
        simd::runs_at_least(self.level, sample.words(), bits, &mut runs);
        let total = runs.first().map_or(0, |all| all.iter().sum::<u64>()) as f64;
        let mut sum = 0.0;
        for (i, pair) in (1..=longest).zip(runs.windows(2)) {
            let [here, longer] = pair else { continue };
            for (here, longer) in here.iter().zip(longer) {
                let (count, expected) = if self.edition == Edition::Gmt2021 {
                    let last = i == longest;
                    let power = if last { i } else { i + 1 };
                    (if last { *here } else { here - longer }, total / (1_u64 << power) as f64)
                } else {
                    (here - longer, (bits + 3 - i) as f64 / (1_u64 << (i + 2)) as f64)
                };
                let away = count as f64 - expected;
                sum += away * away / expected;
            }
        }
        Ok(chi_square(2.0 * (longest as f64 - 1.0), sum))
    }

    fn complexity(&self, length: usize, sample: &Sample, counted: &mut Counted) -> Value {
        let (words, bits) = (sample.words(), sample.bits());
        let run = |start: usize, stride: usize, count: usize| {
            simd::complexities(self.level, Blocks { words, length, start, stride, count })
        };
        for length in self.blocks.iter().filter(|other| **other >= length && bits >= **other) {
            if counted.complexities.iter().any(|(of, _)| of == length) {
                continue;
            }
            let count = bits / length;
            let double = counted.complexities.iter().find(|(of, _)| *of == 2 * length);
            let run = |start: usize, stride: usize, count: usize| {
                simd::complexities(self.level, Blocks { words, length: *length, start, stride, count })
            };
            let profile = match double {
                // What a block of twice the length has come to half-way is known already.
                Some((_, double)) => {
                    let pairs = count / 2;
                    let mut profile = run(*length, 2 * length, pairs);
                    profile.whole.extend(&double.half);
                    profile.whole.extend(run(2 * length * pairs, *length, count - 2 * pairs).whole);
                    profile.half.clear();
                    profile
                }
                None => run(0, *length, count),
            };
            counted.complexities.push((*length, profile));
        }
        let known = counted.complexities.iter().find(|(of, _)| *of == length);
        let own;
        let profile = match known {
            Some((_, profile)) => profile,
            None => {
                own = run(0, length, bits / length);
                &own
            }
        };
        let m = length as f64;
        let sign = if length.is_multiple_of(2) { 1.0 } else { -1.0 };
        // For long blocks 2^m is infinite, and the term nothing.
        let mean = m / 2.0 + (9.0 - sign) / 36.0 - (m / 3.0 + 2.0 / 9.0) / 2_f64.powf(m);
        let mut classes = [0_u64; 7];
        for complexity in &profile.whole {
            let t = sign * (f64::from(*complexity) - mean) + 2.0 / 9.0;
            let class = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5].iter().filter(|bound| t > **bound).count();
            if let Some(count) = classes.get_mut(class) {
                *count += 1;
            }
        }
        fit(&classes, &[0.010417, 0.03125, 0.125, 0.5, 0.25, 0.0625, 0.020833])
    }
}

impl Counted {
    fn walk(&mut self, level: Level, sample: &Sample) -> Walk {
        *self.walk.get_or_insert_with(|| simd::walk(level, sample.words(), sample.bits()))
    }
}

/// The upper tail of the χ² distribution.
fn chi_square(freedom: f64, v: f64) -> Value {
    Value::one_sided(igamc(freedom / 2.0, v / 2.0))
}

/// Counts of classes against their probabilities.
fn fit(classes: &[u64], parts: &[f64]) -> Value {
    let all = classes.iter().sum::<u64>() as f64;
    let away = |(count, part): (&u64, &f64)| (*count as f64 - all * part).powi(2) / (all * part);
    chi_square(parts.len() as f64 - 1.0, classes.iter().zip(parts).map(away).sum())
}

fn squares(counts: &[u64]) -> f64 {
    counts.iter().map(|count| u128::from(*count) * u128::from(*count)).sum::<u128>() as f64
}

/// P of the largest distance of the walk from its start (5.11; SP 800-22 2.13.4).
fn cusum(n: f64, z: f64) -> Value {
    let root = n.sqrt();
    let part = |from: f64, low: f64, high: f64| {
        // Beyond forty standard deviations all terms are zero.
        let far = (10.0 * root / z).ceil();
        let first = ((-n / z + from) / 4.0).floor().max(-far) as i64;
        let last = ((n / z - 1.0) / 4.0).floor().min(far) as i64;
        let at = |k: i64, offset: f64| normal((4.0 * k as f64 + offset) * z / root);
        (first..=last).map(|k| at(k, high) - at(k, low)).sum::<f64>()
    };
    Value::one_sided(1.0 - part(1.0, -1.0, 1.0) + part(-3.0, 1.0, 3.0))
}

/// Runs up to the first number are one class; the parts are probabilities of the classes.
fn longest_run_classes(edition: Edition, block: usize) -> (u32, &'static [f64]) {
    match block {
        8 => (1, &[0.2148, 0.3672, 0.2305, 0.1875]),
        128 => (4, &[0.1174, 0.2430, 0.2494, 0.1752, 0.1027, 0.1124]),
        _ if edition == Edition::Gmt2021 => {
            (10, &[0.086632, 0.208201, 0.248419, 0.193913, 0.121458, 0.068011, 0.073366])
        }
        _ => (10, &[0.0882, 0.2092, 0.2483, 0.1933, 0.1208, 0.0675, 0.0727]),
    }
}

/// Expected value and variance for word lengths from 6 (SP 800-22 2.9.4).
fn maurer_expected(length: usize) -> (f64, f64) {
    const EXPECTED: [(f64, f64); 11] = [
        (5.2177052, 2.954),
        (6.1962507, 3.125),
        (7.1836656, 3.238),
        (8.1764248, 3.311),
        (9.1723243, 3.356),
        (10.170032, 3.384),
        (11.168765, 3.401),
        (12.168070, 3.410),
        (13.167693, 3.416),
        (14.167488, 3.419),
        (15.167379, 3.421),
    ];
    EXPECTED.get(length.saturating_sub(6)).copied().unwrap_or_default()
}
