//! What the values of many samples come to (GM/T 0005-2021 6; SP 800-22 4.2).

use crate::laboratory::Value;
use crate::special::igamc;

/// Bins of the values whose uniformity is judged.
pub const BINS: usize = 10;

/// The values of one statistic over a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Samples that have a value.
    pub samples: u64,
    /// Of them, those with P ≥ α.
    pub passed: u64,
    /// Q-values in ten equal bins, the last one closed.
    pub bins: [u64; BINS],
}

/// What a statistic comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Samples that must pass.
    pub needed: u64,
    /// Enough did.
    pub enough: bool,
    /// The probability of bins that differ so much; absent when it is not judged.
    pub uniformity: Option<f64>,
    /// It is not too small.
    pub uniform: bool,
}

impl Judged {
    /// Both.
    pub fn passes(&self) -> bool {
        self.enough && self.uniform
    }
}

impl Tally {
    /// Counts a value in.
    pub fn add(&mut self, value: Value, alpha: f64) {
        self.samples += 1;
        self.passed += u64::from(value.p >= alpha);
        let bin = ((value.q * BINS as f64) as usize).min(BINS - 1);
        if let Some(count) = self.bins.get_mut(bin) {
            *count += 1;
        }
    }

    /// The verdict on this statistic. `uniformity` is the least probability of the bins.
    pub fn judge(&self, alpha: f64, uniformity: Option<f64>) -> Judged {
        let needed = least_passing(self.samples, alpha);
        let probability = uniformity.map(|_| bins_probability(&self.bins));
        let uniform = uniformity.zip(probability).is_none_or(|(least, probability)| probability >= least);
        Judged { needed, enough: self.passed >= needed, uniformity: probability, uniform }
    }
}

/// Of so many samples how many must have P ≥ α: s (1 − α − 3 √(α (1 − α) / s)), rounded up.
pub fn least_passing(samples: u64, alpha: f64) -> u64 {
    let s = samples as f64;
    (s * (1.0 - alpha) - 3.0 * (alpha * (1.0 - alpha) * s).sqrt()).max(0.0).ceil() as u64
}

/// The probability that values of a perfect source are spread over the bins no better than these.
pub fn bins_probability(bins: &[u64; BINS]) -> f64 {
    let expected = bins.iter().sum::<u64>() as f64 / BINS as f64;
    if expected == 0.0 {
        return 1.0;
    }
    let v: f64 = bins.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    igamc((BINS as f64 - 1.0) / 2.0, v / 2.0)
}

/// How often a perfect source fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FalseAlarm {
    /// One statistic, for too few passing samples: exact (binomial).
    pub passing: f64,
    /// One statistic, for its bins: the bound itself.
    pub uniformity: f64,
    /// The whole verdict, the statistics taken as independent.
    pub whole: f64,
}

/// For a group of so many samples, judged by so many statistics.
pub fn false_alarm(samples: u64, statistics: usize, alpha: f64, uniformity: Option<f64>) -> FalseAlarm {
    let allowed = samples.saturating_sub(least_passing(samples, alpha));
    all_alarms(samples, allowed + 1, statistics, alpha, uniformity.unwrap_or(0.0))
}

/// When so many failed samples of any statistic raise the alarm.
pub fn false_alarm_at(samples: u64, failures: u64, statistics: usize, alpha: f64) -> FalseAlarm {
    all_alarms(samples, failures, statistics, alpha, 0.0)
}

fn all_alarms(samples: u64, failures: u64, statistics: usize, alpha: f64, uniformity: f64) -> FalseAlarm {
    let passing = at_least(samples, failures, alpha);
    let one = (-passing).ln_1p() + (-uniformity).ln_1p();
    FalseAlarm { passing, uniformity, whole: -(statistics as f64 * one).exp_m1() }
}

/// The probability of at least `count` among `of`, each with probability `each`.
fn at_least(of: u64, count: u64, each: f64) -> f64 {
    let (n, odds) = (of as f64, each / (1.0 - each));
    let first = count as f64;
    let choose = libm::lgamma(n + 1.0) - libm::lgamma(first + 1.0) - libm::lgamma(n - first + 1.0);
    let mut term = if count > of { 0.0 } else { (choose + first * each.ln() + (n - first) * (-each).ln_1p()).exp() };
    let mut sum = 0.0;
    for k in count..=of {
        sum += term;
        term *= (n - k as f64) / (k as f64 + 1.0) * odds;
    }
    sum
}
