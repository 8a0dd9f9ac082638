//! Health tests of a noise source at power-on and while it runs (NIST SP 800-90B, 4.4).

/// 4.4.1: the same value too often in a row.
#[derive(Clone, Debug)]
pub struct RepetitionCount {
    cutoff: u32,
    last: Option<u8>,
    count: u32,
}

impl RepetitionCount {
    /// For a source of so much min-entropy a value (above 0), with a false alarm every 2^`alpha` values.
    pub fn new(entropy: f64, alpha: u32) -> RepetitionCount {
        RepetitionCount { cutoff: 1 + (f64::from(alpha) / entropy).ceil() as u32, last: None, count: 0 }
    }

    /// So many equal values raise the alarm.
    pub fn cutoff(&self) -> u32 {
        self.cutoff
    }

    /// Takes the next value; false: alarm.
    pub fn holds(&mut self, value: u8) -> bool {
        self.count = if self.last == Some(value) { self.count.saturating_add(1) } else { 1 };
        self.last = Some(value);
        self.count < self.cutoff
    }
}

/// 4.4.2: the first value of a window too often in it.
#[derive(Clone, Debug)]
pub struct AdaptiveProportion {
    cutoff: u32,
    window: u32,
    first: u8,
    seen: u32,
    count: u32,
}

impl AdaptiveProportion {
    /// For a source of so much min-entropy a value, with a false alarm in one of 2^`alpha` windows: 1024 values of a binary
    /// source, 512 of another one.
    pub fn new(entropy: f64, alpha: u32, binary: bool) -> AdaptiveProportion {
        let window = if binary { 1024 } else { 512 };
        let cutoff = 1 + critical_binomial(window, (-entropy).exp2(), (-f64::from(alpha)).exp2());
        AdaptiveProportion { cutoff, window, first: 0, seen: 0, count: 0 }
    }

    /// So many occurrences in a window raise the alarm.
    pub fn cutoff(&self) -> u32 {
        self.cutoff
    }

    /// Takes the next value; false: alarm.
    pub fn holds(&mut self, value: u8) -> bool {
        if self.seen == 0 {
            (self.first, self.count) = (value, 0);
        }
        self.count += u32::from(value == self.first);
        self.seen = (self.seen + 1) % self.window;
        self.count < self.cutoff
    }
}

/// The smallest k for which a binomial variable is above k with a probability of at most `alpha`.
fn critical_binomial(n: u32, p: f64, alpha: f64) -> u32 {
    if p >= 1.0 {
        return n;
    }
    let term = |k: u32| {
        let (n, k) = (f64::from(n), f64::from(k));
        let choose = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
        (choose + k * p.ln() + (n - k) * (-p).ln_1p()).exp()
    };
    let mut tail = 0.0;
    (0..=n)
        .rev()
        .find(|k| {
            tail += term(*k);
            tail > alpha
        })
        .unwrap_or(0)
}
