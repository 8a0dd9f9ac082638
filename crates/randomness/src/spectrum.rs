//! How many of the first ⌊n/2⌋ values of the discrete Fourier transform of the ±1 sequence lie below a threshold.
//!
//! The transform has exactly n points: filling up to a power of two changes the values. It is done in single precision; the few
//! powers so near the threshold that rounding could decide are computed again, one by one, in double precision.

use crate::sample::Sample;
use crate::simd::{self, Level};
use realfft::num_complex::Complex;
use realfft::{FftNum, RealFftPlanner, RealToComplex};
use std::array::from_fn;
use std::f64::consts::TAU;
use std::sync::Arc;

/// Longest transform in single precision: beyond, too many values come near the threshold.
const LONGEST_SINGLE: usize = 1 << 22;
/// Values nearer to the threshold than this part of it are computed again: some ten times the largest error that the test below
/// finds on noise.
const NEAR: f64 = 5e-6;
/// Rounding follows the largest value: of a sequence with a strong line it is larger.
const NEAR_LARGEST: f64 = 1e-6;
/// More values than this are not computed again one by one.
const FEW: u64 = 64;

/// The transform of one length, with its memory.
pub(crate) struct Spectrum {
    points: usize,
    threshold: f64,
    single: Option<Transform<f32>>,
    double: Option<Transform<f64>>,
}

struct Transform<F> {
    plan: Arc<dyn RealToComplex<F>>,
    input: Vec<F>,
    output: Vec<Complex<F>>,
    scratch: Vec<Complex<F>>,
}

impl<F: FftNum> Transform<F> {
    fn new(points: usize) -> Transform<F> {
        let plan = RealFftPlanner::new().plan_fft_forward(points);
        Transform {
            input: plan.make_input_vec(),
            output: plan.make_output_vec(),
            scratch: plan.make_scratch_vec(),
            plan,
        }
    }

    /// The transform of the sample; its first half.
    fn of(&mut self, sample: &Sample, signs: &[[F; 8]; 256]) -> &[Complex<F>] {
        for (chunk, word) in self.input.chunks_mut(64).zip(sample.words()) {
            for (chunk, byte) in chunk.chunks_mut(8).zip(word.to_be_bytes()) {
                if let Some(signs) = signs.get(usize::from(byte)) {
                    match chunk.first_chunk_mut() {
                        Some(whole) => *whole = *signs,
                        None => chunk.iter_mut().zip(signs).for_each(|(to, sign)| *to = *sign),
                    }
                }
            }
        }
        // The lengths are those that the plan gave; there is no other error.
        let done = self.plan.process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        debug_assert!(done.is_ok());
        self.output.get(..sample.bits() / 2).unwrap_or_default()
    }
}

/// The eight signs of each byte.
fn signs<F: FftNum>() -> [[F; 8]; 256] {
    let mut signs = [[F::one(); 8]; 256];
    for (byte, signs) in signs.iter_mut().enumerate() {
        for (place, sign) in signs.iter_mut().rev().enumerate() {
            if byte >> place & 1 == 0 {
                *sign = F::zero() - F::one();
            }
        }
    }
    signs
}

impl Spectrum {
    /// A transform of so many points; `threshold` is that of the magnitude.
    pub(crate) fn new(points: usize, threshold: f64) -> Spectrum {
        Spectrum { points, threshold, single: None, double: None }
    }

    /// How many values lie below the threshold.
    pub(crate) fn below(&mut self, level: Level, sample: &Sample) -> u64 {
        debug_assert_eq!(self.points, sample.bits());
        if self.points > LONGEST_SINGLE {
            return self.below_in_double(sample);
        }
        let values = self.single.get_or_insert_with(|| Transform::new(self.points)).of(sample, &signs());
        let near = |largest: f64| (NEAR * self.threshold).max(NEAR_LARGEST * largest);
        let margin = near(0.0);
        let bounds = |margin: f64| {
            let square = |value: f64| (value * value) as f32;
            (square((self.threshold - margin).max(0.0)), square(self.threshold + margin))
        };
        let (mut low, mut high) = bounds(margin);
        let mut powers = simd::powers(level, values, low, high);
        let wider = near(f64::from(powers.largest).sqrt());
        if wider > margin {
            (low, high) = bounds(wider);
            powers = simd::powers(level, values, low, high);
        }
        if powers.doubtful > FEW {
            return self.below_in_double(sample);
        }
        let square = self.threshold * self.threshold;
        let again = values.iter().enumerate().filter(|(_, value)| (low..high).contains(&value.norm_sqr()));
        powers.below + again.filter(|(at, _)| power(sample, *at) < square).count() as u64
    }

    fn below_in_double(&mut self, sample: &Sample) -> u64 {
        let square = self.threshold * self.threshold;
        let values = self.double.get_or_insert_with(|| Transform::new(self.points)).of(sample, &signs());
        values.iter().filter(|value| value.norm_sqr() < square).count() as u64
    }
}

/// What a pass over the spectrum finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Powers {
    /// How many lie below the lower bound.
    pub(crate) below: u64,
    /// How many lie from there to below the upper bound.
    pub(crate) doubtful: u64,
    /// The largest.
    pub(crate) largest: f32,
}

/// Counts powers by two bounds.
#[inline(always)]
pub(crate) fn powers(spectrum: &[Complex<f32>], low: f32, high: f32) -> Powers {
    const AT_ONCE: usize = 16;
    let (chunks, rest) = spectrum.as_chunks::<AT_ONCE>();
    let (mut below, mut doubtful, mut largest) = ([0_u32; AT_ONCE], [0_u32; AT_ONCE], [0_f32; AT_ONCE]);
    let mut count = |values: &[Complex<f32>]| {
        for (((value, below), doubtful), largest) in values.iter().zip(&mut below).zip(&mut doubtful).zip(&mut largest)
        {
            let power = value.re * value.re + value.im * value.im;
            *below = below.wrapping_add(u32::from(power < low));
            *doubtful = doubtful.wrapping_add(u32::from(power < high));
            *largest = if power > *largest { power } else { *largest };
        }
    };
    chunks.iter().for_each(|chunk| count(chunk));
    count(rest);
    let sum = |counts: [u32; AT_ONCE]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
    let below = sum(below);
    Powers { below, doubtful: sum(doubtful) - below, largest: largest.iter().fold(0.0, |all, one| all.max(*one)) }
}

/// Words of the sample between two computed turns.
const WORDS: usize = 16;

/// |f_k|² in double precision, eight bits of the sample at a time.
fn power(sample: &Sample, k: usize) -> f64 {
    let points = sample.bits();
    let turn = |steps: usize| {
        let part = (k as u128 * steps as u128 % points as u128) as f64 / points as f64;
        Complex::from_polar(1.0, -TAU * part)
    };
    let places: Vec<Complex<f64>> = (0..8).map(turn).collect();
    let mut bytes = [Complex::new(0.0, 0.0); 256];
    for (byte, sum) in bytes.iter_mut().enumerate() {
        let signed = |(at, place): (usize, &Complex<f64>)| if byte >> (7 - at) & 1 == 1 { *place } else { -place };
        *sum = places.iter().enumerate().map(signed).sum();
    }
    // Bytes of sixteen words at a time, each turned to its place; then the sixteen words.
    let turns: [[Complex<f64>; 8]; WORDS] = from_fn(|word| from_fn(|byte| turn(64 * word + 8 * byte)));
    let whole = points / 64;
    let mut sum = Complex::new(0.0, 0.0);
    for (block, words) in sample.words().get(..whole).unwrap_or_default().chunks(WORDS).enumerate() {
        let mut inner = [Complex::new(0.0, 0.0); 8];
        for (word, turns) in words.iter().zip(&turns) {
            for ((inner, byte), turn) in inner.iter_mut().zip(word.to_be_bytes()).zip(turns) {
                *inner += bytes.get(usize::from(byte)).copied().unwrap_or_default() * turn;
            }
        }
        sum += inner.iter().sum::<Complex<f64>>() * turn(64 * WORDS * block);
    }
    for at in 64 * whole..points {
        let sign = if sample.word_at(at) >> 63 == 1 { 1.0 } else { -1.0 };
        sum += turn(at) * sign;
    }
    sum.norm_sqr()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Single precision must err by less than what is computed again, on noise and on strong lines.
    #[test]
    fn values_near_the_threshold_are_near_enough() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut noise = || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()
        };
        for points in [1_000_000_usize, 1_048_576, 999_983] {
            let threshold = (2.995732274 * points as f64).sqrt();
            let (mut single, mut double) = (Transform::<f32>::new(points), Transform::<f64>::new(points));
            let bytes: Vec<u8> = (0..points / 64 + 1).flat_map(|_| noise()).collect();
            let line: Vec<u8> = (0..=points / 8).map(|at| if at % 7 == 0 { 0xf0 } else { 0x0f }).collect();
            let mixed: Vec<u8> = bytes.iter().zip(&line).map(|(one, other)| one | other).collect();
            for (name, bytes) in [("noise", bytes), ("line", line), ("both", mixed)] {
                let sample = Sample::new(&bytes, points);
                let exact = double.of(&sample, &signs());
                let rough = single.of(&sample, &signs());
                assert_eq!((exact.len(), rough.len()), (points / 2, points / 2));
                let magnitude = |value: &Complex<f32>| f64::from(value.re).hypot(f64::from(value.im));
                let pairs = || exact.iter().map(|value| value.norm()).zip(rough.iter().map(magnitude));
                let error = pairs().map(|(exact, rough)| (exact - rough).abs()).fold(0.0, f64::max);
                let largest = pairs().map(|(exact, _)| exact).fold(0.0, f64::max);
                let near = (NEAR * threshold).max(NEAR_LARGEST * largest);
                println!("{points} {name}: error {error:.1e}, computed again within {near:.1e}");
                assert!(error < near / 2.0, "{points} {name}: {error:e} of {near:e}");
                let square = threshold * threshold;
                let counted = exact.iter().filter(|value| value.norm_sqr() < square).count() as u64;
                assert_eq!(Spectrum::new(points, threshold).below(Level::best(), &sample), counted, "{points} {name}");
                for at in [0, 1, points / 7, points / 2 - 1] {
                    let (found, expected) = (power(&sample, at), exact[at].norm_sqr());
                    assert!((found - expected).abs() < 1e-6 * square, "{points} {name} {at}: {found} {expected}");
                }
            }
        }
    }
}
