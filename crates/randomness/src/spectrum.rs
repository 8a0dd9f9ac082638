//! How many of the first ⌊n/2⌋ values of the discrete Fourier transform of the ±1 sequence lie below a threshold.
//!
//! The transform has exactly n points: filling up to a power of two changes the values. Lengths such as 10^6 are done in single
//! precision; the few powers so near the threshold that rounding could decide are computed again, one by one, in double precision.

use crate::fourier::Grid;
use crate::sample::Sample;
use crate::simd::{self, Level};
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::array::from_fn;
use std::f64::consts::TAU;
use std::sync::Arc;

/// Values nearer to the threshold than this part of it are computed again.
///
/// Let u = 2^−24. A stage errs by less than 10 u of the length of the vector that it turns, so all eight or so, the parting of two
/// columns and the turns between by less than 100 u; the vector of all values is n long (Parseval), so that √n · 100 u bounds the
/// mean square of their errors whatever the sequence: as T = 1.73 √n, that is 3.5e-6 T. Roundings do not all point one way; the
/// test below finds less than 3 u √n, or 1e-7 T, at each length. Twenty times that is what is computed again: with roundings
/// that do not depend on each other no single value errs by so much.
const NEAR: f64 = 2e-6;
/// Near a strong line roundings follow its size instead: in part of the largest value, ten times what the test below finds.
const NEAR_LARGEST: f64 = 2.5e-7;
/// More values than this are not computed again one by one.
const FEW: usize = 256;

/// The transform of one length, with its memory.
pub(crate) struct Spectrum {
    points: usize,
    threshold: f64,
    single: Option<Grid>,
    double: Option<Double>,
}

/// In double precision, of any length.
struct Double {
    plan: Arc<dyn RealToComplex<f64>>,
    input: Vec<f64>,
    output: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Double {
    fn new(points: usize) -> Double {
        let plan = RealFftPlanner::new().plan_fft_forward(points);
        Double { input: plan.make_input_vec(), output: plan.make_output_vec(), scratch: plan.make_scratch_vec(), plan }
    }

    /// The transform of the sample; its first half.
    fn of(&mut self, sample: &Sample) -> &[Complex<f64>] {
        for (chunk, word) in self.input.chunks_mut(64).zip(sample.words()) {
            for (at, value) in (0..).zip(chunk) {
                *value = if word << at >> 63 == 1 { 1.0 } else { -1.0 };
            }
        }
        // The lengths are those that the plan gave; there is no other error.
        let done = self.plan.process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        debug_assert!(done.is_ok());
        self.output.get(..sample.bits() / 2).unwrap_or_default()
    }
}

impl Spectrum {
    /// A transform of so many points; `threshold` is that of the magnitude.
    pub(crate) fn new(points: usize, threshold: f64) -> Spectrum {
        Spectrum { points, threshold, single: Grid::new(points), double: None }
    }

    /// How many values lie below the threshold.
    pub(crate) fn below(&mut self, level: Level, sample: &Sample) -> u64 {
        debug_assert_eq!(self.points, sample.bits());
        let Some(grid) = &mut self.single else { return self.below_in_double(sample) };
        simd::columns(level, grid, sample.words());
        let near = |largest: f64| (NEAR * self.threshold).max(NEAR_LARGEST * largest);
        let mut count = |margin: f64| {
            let square = |value: f64| (value * value) as f32;
            simd::powers(level, grid, square((self.threshold - margin).max(0.0)), square(self.threshold + margin), FEW)
        };
        let mut powers = count(near(0.0));
        let wider = near(f64::from(powers.largest).sqrt());
        if wider > near(0.0) {
            powers = count(wider);
        }
        if powers.doubtful.len() == FEW {
            return self.below_in_double(sample);
        }
        let square = self.threshold * self.threshold;
        powers.below + powers.doubtful.iter().filter(|at| power(sample, **at) < square).count() as u64
    }

    fn below_in_double(&mut self, sample: &Sample) -> u64 {
        let square = self.threshold * self.threshold;
        let values = self.double.get_or_insert_with(|| Double::new(self.points)).of(sample);
        values.iter().filter(|value| value.norm_sqr() < square).count() as u64
    }
}

/// Words of the sample between two computed turns.
const WORDS: usize = 128;

/// |f_k|² in double precision.
fn power(sample: &Sample, k: usize) -> f64 {
    let points = sample.bits();
    let turn = |steps: usize| {
        let part = (k as u128 * steps as u128 % points as u128) as f64 / points as f64;
        Complex::from_polar(1.0, -TAU * part)
    };
    // What each value of each byte of a word adds.
    let places: [Complex<f64>; 64] = from_fn(turn);
    let mut bytes = vec![[Complex::new(0.0, 0.0); 256]; 8];
    for (bytes, places) in bytes.iter_mut().zip(places.as_chunks::<8>().0) {
        for (byte, sum) in bytes.iter_mut().enumerate() {
            let signed = |(at, place): (usize, &Complex<f64>)| if byte >> (7 - at) & 1 == 1 { *place } else { -place };
            *sum = places.iter().enumerate().map(signed).sum();
        }
    }
    // Words are turned to their place in a block, and blocks to theirs.
    let turns: [Complex<f64>; WORDS] = from_fn(|word| turn(64 * word));
    let whole = points / 64;
    let mut sum = Complex::new(0.0, 0.0);
    for (block, words) in sample.words().get(..whole).unwrap_or_default().chunks(WORDS).enumerate() {
        let mut inner = Complex::new(0.0, 0.0);
        for (word, turn) in words.iter().zip(&turns) {
            let mut value = Complex::new(0.0, 0.0);
            for (byte, bytes) in word.to_be_bytes().into_iter().zip(&bytes) {
                value += bytes.get(usize::from(byte)).copied().unwrap_or_default();
            }
            inner += value * turn;
        }
        sum += inner * turn(64 * WORDS * block);
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

    fn noise(words: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()
        };
        (0..words).flat_map(|_| next()).collect()
    }

    /// What single precision counts is what double precision counts, at all levels and lengths; and it errs by much less than
    /// what is computed again.
    #[test]
    fn values_near_the_threshold_are_near_enough() {
        for points in [1_000_000_usize, 20_000, 5_000, 1 << 20, 31_250, 1_250_000, 999_983, 100_000, 1_000] {
            let threshold = (2.995732274 * points as f64).sqrt();
            let bytes = noise(points / 64 + 1);
            let line: Vec<u8> = (0..=points / 8).map(|at| if at % 7 == 0 { 0xf0 } else { 0x0f }).collect();
            let mixed: Vec<u8> = bytes.iter().zip(&line).map(|(one, other)| one | other).collect();
            for (name, bytes) in [("noise", bytes), ("line", line), ("both", mixed)] {
                let sample = Sample::new(&bytes, points);
                let mut spectrum = Spectrum::new(points, threshold);
                let exact: Vec<f64> = Double::new(points).of(&sample).iter().map(Complex::norm_sqr).collect();
                let square = threshold * threshold;
                let counted = exact.iter().filter(|power| **power < square).count() as u64;
                for level in Level::all() {
                    assert_eq!(spectrum.below(level, &sample), counted, "{points} {name} {level:?}");
                }
                if let Some(grid) = &mut spectrum.single {
                    let rough = crate::fourier::magnitudes(grid, sample.words());
                    let pairs = exact.iter().zip(rough).map(|(exact, rough)| (exact.sqrt() - f64::from(rough)).abs());
                    let (mut error, mut squares) = (0.0_f64, 0.0);
                    pairs.for_each(|away| (error, squares) = (error.max(away), squares + away * away));
                    let rms = (squares / exact.len() as f64).sqrt() / (points as f64).sqrt();
                    let largest = exact.iter().fold(0.0, |all: f64, one| all.max(*one)).sqrt();
                    let near = (NEAR * threshold).max(NEAR_LARGEST * largest);
                    println!("{points} {name}: error {error:.1e} of {near:.1e}, {:.2} roundings", rms * 2_f64.powi(24));
                    assert!(error < near / 2.0 && rms < 3.0 / 2_f64.powi(24), "{points} {name}: {error:e} of {near:e}");
                }
                for at in [0, 1, points / 7, points / 2 - 1] {
                    let (found, expected) = (power(&sample, at), exact[at]);
                    assert!((found - expected).abs() < 1e-6 * square, "{points} {name} {at}: {found} {expected}");
                }
            }
        }
    }
}
