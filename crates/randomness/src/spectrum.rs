//! How many of the first ⌊n/2⌋ values of the discrete Fourier transform of the ±1 sequence lie below a threshold.
//!
//! The transform has exactly n points: filling up to a power of two changes the values. It is done in single precision; the few
//! powers so near the threshold that rounding could decide are computed again, one by one, in double precision.

use crate::sample::Sample;
use crate::simd::{self, Level};
use realfft::num_complex::Complex;
use realfft::{FftNum, RealFftPlanner, RealToComplex};
use std::f64::consts::TAU;
use std::sync::Arc;

/// Longest transform in single precision: beyond, too many values come near the threshold.
const LONGEST_SINGLE: usize = 1 << 22;
/// Values nearer to the threshold than this part of it are computed again. The largest error of a magnitude that was seen in
/// 1000 transforms of 10^6 random bits is a twentieth of that.
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
        Transform { input: plan.make_input_vec(), output: plan.make_output_vec(), scratch: plan.make_scratch_vec(), plan }
    }

    /// The transform of the sample; its first half.
    fn of(&mut self, sample: &Sample, signs: &[[F; 8]; 256]) -> &[Complex<F>] {
        let mut chunks = self.input.chunks_mut(8);
        for (chunk, byte) in chunks.by_ref().zip(sample.bytes()) {
            if let Some(signs) = signs.get(usize::from(*byte)) {
                chunk.iter_mut().zip(signs).for_each(|(to, sign)| *to = *sign);
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
        let (mut sure, mut doubtful) = simd::powers(level, values, low, high);
        let largest = largest(values);
        if near(largest) > margin {
            (low, high) = bounds(near(largest));
            (sure, doubtful) = simd::powers(level, values, low, high);
        }
        if doubtful > FEW {
            return self.below_in_double(sample);
        }
        let square = self.threshold * self.threshold;
        let again = values.iter().enumerate().filter(|(_, value)| (low..high).contains(&value.norm_sqr()));
        sure + again.filter(|(at, _)| power(sample, *at) < square).count() as u64
    }

    fn below_in_double(&mut self, sample: &Sample) -> u64 {
        let square = self.threshold * self.threshold;
        let values = self.double.get_or_insert_with(|| Transform::new(self.points)).of(sample, &signs());
        values.iter().filter(|value| value.norm_sqr() < square).count() as u64
    }
}

/// How many powers lie below `low`, and how many from there to below `high`.
#[inline(always)]
pub(crate) fn powers(spectrum: &[Complex<f32>], low: f32, high: f32) -> (u64, u64) {
    let (chunks, rest) = spectrum.as_chunks::<16>();
    let (mut below, mut doubtful) = ([0_u32; 16], [0_u32; 16]);
    let count = |value: &Complex<f32>, below: &mut u32, doubtful: &mut u32| {
        let power = value.re * value.re + value.im * value.im;
        *below = below.wrapping_add(u32::from(power < low));
        *doubtful = doubtful.wrapping_add(u32::from(power < high));
    };
    for chunk in chunks {
        for ((value, below), doubtful) in chunk.iter().zip(&mut below).zip(&mut doubtful) {
            count(value, below, doubtful);
        }
    }
    let (mut last_below, mut last_doubtful) = (0, 0);
    rest.iter().for_each(|value| count(value, &mut last_below, &mut last_doubtful));
    let sum = |counts: [u32; 16], last: u32| counts.iter().fold(u64::from(last), |sum, count| sum + u64::from(*count));
    let (below, to_high) = (sum(below, last_below), sum(doubtful, last_doubtful));
    (below, to_high - below)
}

fn largest(values: &[Complex<f32>]) -> f64 {
    f64::from(values.iter().fold(0.0_f32, |largest, value| largest.max(value.re.abs()).max(value.im.abs())))
        * std::f64::consts::SQRT_2
}

/// |f_k|² in double precision, eight bits of the sample at a time.
fn power(sample: &Sample, k: usize) -> f64 {
    const AT_ONCE: usize = 64;
    let points = sample.bits();
    let turn = |steps: usize| {
        let part = (k as u128 * steps as u128 % points as u128) as f64 / points as f64;
        Complex::from_polar(1.0, -TAU * part)
    };
    let places: Vec<Complex<f64>> = (0..8).map(turn).collect();
    let bytes: Vec<Complex<f64>> = (0..256_usize)
        .map(|byte| {
            let signed = |(at, place): (usize, &Complex<f64>)| if byte >> (7 - at) & 1 == 1 { *place } else { -place };
            places.iter().enumerate().map(signed).sum()
        })
        .collect();
    let steps: Vec<Complex<f64>> = (0..AT_ONCE).map(|byte| turn(8 * byte)).collect();
    let whole = points / 8;
    let mut sum = Complex::new(0.0, 0.0);
    for (block, chunk) in sample.bytes().get(..whole).unwrap_or_default().chunks(AT_ONCE).enumerate() {
        let mut inner = Complex::new(0.0, 0.0);
        for (byte, step) in chunk.iter().zip(&steps) {
            inner += bytes.get(usize::from(*byte)).copied().unwrap_or_default() * step;
        }
        sum += inner * turn(8 * AT_ONCE * block);
    }
    for at in 8 * whole..points {
        let sign = if sample.word_at(at) >> 63 == 1 { 1.0 } else { -1.0 };
        sum += turn(at) * sign;
    }
    sum.norm_sqr()
}
