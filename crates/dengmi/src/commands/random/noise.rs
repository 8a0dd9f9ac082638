//! What NIST SP 800-90B asks of a noise source, as far as it is done here: four of its ten estimates, and its two health tests.

use crate::failure::Outcome;
use crate::out::{Out, Voice};
use dengmi_randomness::Sample;
use dengmi_randomness::entropy::{collision, compression, markov, most_common_value};
use dengmi_randomness::health::{AdaptiveProportion, RepetitionCount};
use serde_json::{Value, json};

/// False alarms: one in 2^20 values, as 4.4 has it at least.
const ALPHA: u32 = 20;

/// Estimates of the min-entropy of a sample.
pub(super) struct Estimates {
    /// Of its bits, by the estimate's clause: bits a bit.
    bits: [(&'static str, Option<f64>); 4],
    /// Of its bytes, 6.3.1: bits a byte.
    bytes: Option<f64>,
}

impl Estimates {
    pub(super) fn of(sample: &Sample) -> Estimates {
        let bits = sample.bit_values();
        Estimates {
            bits: [
                ("most-common-value", most_common_value(&bits)),
                ("collision", collision(&bits)),
                ("markov", markov(&bits)),
                ("compression", compression(&bits)),
            ],
            bytes: most_common_value(&sample.bytes()),
        }
    }

    /// The smallest one counts (SP 800-90B 3.1.3): of the bits, and of the bytes as far as 6.3.1 goes.
    fn least(&self) -> Option<f64> {
        let of_bits = self.bits.iter().filter_map(|(_, estimate)| *estimate);
        of_bits.chain(self.bytes.map(|estimate| estimate / 8.0)).reduce(f64::min)
    }

    pub(super) fn json(&self) -> Value {
        let bits: serde_json::Map<String, Value> =
            self.bits.iter().map(|(name, estimate)| ((*name).to_owned(), (*estimate).into())).collect();
        json!({
            "per_bit": bits,
            "per_byte": { "most-common-value": self.bytes },
            "least_per_bit": self.least(),
            "clauses": "SP 800-90B 6.3.1-6.3.4",
        })
    }

    pub(super) fn page(&self, voice: &Voice, out: &mut Out) -> Outcome<()> {
        let figure = |estimate: Option<f64>| estimate.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let told: Vec<String> = self.bits.iter().map(|(name, value)| format!("{name} {}", figure(*value))).collect();
        let values = [("bits", &*told.join("  ")), ("bytes", &figure(self.bytes)), ("least", &figure(self.least()))];
        Ok(out.line(voice.text("random-estimates", &values))?)
    }
}

/// The two health tests over the bytes of samples in their order.
pub(super) struct Health {
    claimed: f64,
    repetition: RepetitionCount,
    proportion: AdaptiveProportion,
    bytes: u64,
    alarms: [u64; 2],
}

impl Health {
    pub(super) fn new(claimed: f64) -> Health {
        Health {
            claimed,
            repetition: RepetitionCount::new(claimed, ALPHA),
            proportion: AdaptiveProportion::new(claimed, ALPHA, false),
            bytes: 0,
            alarms: [0; 2],
        }
    }

    pub(super) fn take(&mut self, sample: &Sample) {
        for byte in sample.bytes() {
            let [repetition, proportion] = &mut self.alarms;
            self.bytes += 1;
            *repetition += u64::from(!self.repetition.holds(byte));
            *proportion += u64::from(!self.proportion.holds(byte));
        }
    }

    pub(super) fn json(&self) -> Value {
        let [repetition, proportion] = self.alarms;
        json!({
            "claimed_per_byte": self.claimed,
            "bytes": self.bytes,
            "repetition_count": { "cutoff": self.repetition.cutoff(), "alarms": repetition },
            "adaptive_proportion": { "cutoff": self.proportion.cutoff(), "alarms": proportion },
            "clauses": "SP 800-90B 4.4.1-4.4.2",
        })
    }

    pub(super) fn page(&self, voice: &Voice, out: &mut Out) -> Outcome<()> {
        let [repetition, proportion] = self.alarms.map(|alarms| alarms.to_string());
        let cutoffs = [self.repetition.cutoff(), self.proportion.cutoff()].map(|cutoff| cutoff.to_string());
        let [first, second] = &cutoffs;
        let (claimed, bytes) = (self.claimed.to_string(), self.bytes.to_string());
        let values = [
            ("claimed", &*claimed),
            ("bytes", &bytes),
            ("repetition", &repetition),
            ("first", first),
            ("proportion", &proportion),
            ("second", second),
        ];
        Ok(out.line(voice.text("random-health", &values))?)
    }
}
