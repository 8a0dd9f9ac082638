//! The tests that only NIST SP 800-22 rev. 1a has.

use crate::sample::Sample;
use crate::special::{erfc, igamc};

/// Blocks of the non-overlapping template test.
const TEMPLATE_BLOCKS: usize = 8;
/// Block length, and probabilities of 0, 1, … occurrences, of the overlapping template test at m = 9 (section 3.8).
const OVERLAPPING_BLOCK: usize = 1032;
const OVERLAPPING: [f64; 6] = [0.364091, 0.185659, 0.139381, 0.100571, 0.0704323, 0.139865];
/// Fewer returns to zero make both excursion tests say nothing (section 2.14.4).
const LEAST_CYCLES: usize = 500;

/// Whether no occurrence of the template can overlap another one.
pub fn is_aperiodic(length: u32, template: u32) -> bool {
    let fits = (1..32).contains(&length) && template >> length == 0;
    // Shifted by any distance, its end must differ from its start.
    fits && (1..length).all(|shift| template & ((1 << (length - shift)) - 1) != template >> shift)
}

/// All aperiodic templates of a length, ascending; 148 of length 9.
pub fn aperiodic_templates(length: u32) -> impl Iterator<Item = u32> {
    (0..1_u32 << length.min(16)).filter(move |template| is_aperiodic(length, *template))
}

/// Of each block, how often each pattern of this length lies in it.
pub(crate) fn patterns_of_blocks(sample: &Sample, length: usize) -> Vec<Vec<u32>> {
    let block = sample.bits() / TEMPLATE_BLOCKS;
    let mask = (1_usize << length) - 1;
    (0..TEMPLATE_BLOCKS)
        .map(|number| {
            let mut counts = vec![0_u32; 1 << length];
            let mut pattern = 0;
            for at in 0..block {
                pattern = (pattern << 1 | (sample.word_at(number * block + at) >> 63) as usize) & mask;
                if at + 1 >= length
                    && let Some(count) = counts.get_mut(pattern)
                {
                    *count += 1;
                }
            }
            counts
        })
        .collect()
}

/// Section 2.7. A template that cannot overlap itself occurs as often as it is found.
pub(crate) fn non_overlapping(bits: usize, blocks: &[Vec<u32>], length: usize, template: usize) -> f64 {
    let block = (bits / TEMPLATE_BLOCKS) as f64;
    let all = (1_u64 << length) as f64;
    let mean = (block - length as f64 + 1.0) / all;
    let variance = block * (1.0 / all - (2 * length - 1) as f64 / (all * all));
    let found = blocks.iter().map(|counts| f64::from(counts.get(template).copied().unwrap_or(0)));
    let chi: f64 = found.map(|count| (count - mean) * (count - mean) / variance).sum();
    igamc(TEMPLATE_BLOCKS as f64 / 2.0, chi / 2.0)
}

/// Section 2.8; `None` when there is no block.
pub(crate) fn overlapping(sample: &Sample, length: usize) -> Option<f64> {
    let blocks = sample.bits() / OVERLAPPING_BLOCK;
    let mut classes = [0_u64; 6];
    for block in 0..blocks {
        let start = block * OVERLAPPING_BLOCK;
        let (mut run, mut found) = (0, 0);
        for at in start..start + OVERLAPPING_BLOCK {
            run = if sample.word_at(at) >> 63 == 1 { run + 1 } else { 0 };
            found += usize::from(run >= length);
        }
        if let Some(count) = classes.get_mut(found.min(5)) {
            *count += 1;
        }
    }
    let expected = OVERLAPPING.map(|part| part * blocks as f64);
    let chi: f64 = classes.iter().zip(expected).map(|(count, mean)| (*count as f64 - mean).powi(2) / mean).sum();
    (blocks > 0).then(|| igamc(2.5, chi / 2.0))
}

/// What both excursion tests look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Excursions {
    cycles: usize,
    /// Of the states −4 … −1, 1 … 4: in how many cycles they are met 0, 1, … 4, or more times.
    met: [[u64; 6]; 9],
    /// Visits of the states −9 … 9.
    visits: [u64; 19],
}

impl Excursions {
    pub(crate) fn of(sample: &Sample) -> Excursions {
        let mut all = Excursions::default();
        let mut at = 0_i64;
        let mut cycle = [0_usize; 9];
        let close = |cycle: &mut [usize; 9], all: &mut Excursions| {
            all.cycles += 1;
            for (count, met) in cycle.iter_mut().zip(&mut all.met) {
                if let Some(met) = met.get_mut((*count).min(5)) {
                    *met += 1;
                }
                *count = 0;
            }
        };
        for bit in 0..sample.bits() {
            at += if sample.word_at(bit) >> 63 == 1 { 1 } else { -1 };
            if at == 0 {
                close(&mut cycle, &mut all);
                continue;
            }
            if let Some(count) = usize::try_from(at + 4).ok().and_then(|at| cycle.get_mut(at)) {
                *count += 1;
            }
            if let Some(visits) = usize::try_from(at + 9).ok().and_then(|at| all.visits.get_mut(at)) {
                *visits += 1;
            }
        }
        if at != 0 {
            close(&mut cycle, &mut all);
        }
        all
    }

    /// Cycles that the sample must have.
    pub(crate) fn enough(&self, bits: usize) -> bool {
        self.cycles >= LEAST_CYCLES && self.cycles as f64 >= 0.005 * (bits as f64).sqrt()
    }

    /// Section 2.14.
    pub(crate) fn met(&self, state: i64) -> f64 {
        let away = 1.0 / (2.0 * state.unsigned_abs() as f64);
        let stay = 1.0 - away;
        let several = |times: i32| away * away * stay.powi(times - 1);
        let expected = [stay, several(1), several(2), several(3), several(4), away * stay.powi(4)];
        let found = usize::try_from(state + 4).ok().and_then(|at| self.met.get(at)).copied().unwrap_or_default();
        let cycles = self.cycles as f64;
        let chi: f64 = found
            .iter()
            .zip(expected)
            .map(|(count, part)| (*count as f64 - cycles * part).powi(2) / (cycles * part))
            .sum();
        igamc(2.5, chi / 2.0)
    }

    /// Section 2.15.
    pub(crate) fn visited(&self, state: i64) -> f64 {
        let found = usize::try_from(state + 9).ok().and_then(|at| self.visits.get(at)).copied().unwrap_or_default();
        let cycles = self.cycles as f64;
        erfc((found as f64 - cycles).abs() / (2.0 * cycles * (4.0 * state.unsigned_abs() as f64 - 2.0)).sqrt())
    }
}
