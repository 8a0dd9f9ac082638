//! A smoke test for timing leaks, in the manner of dudect (Reparaz, Balasch, Verbauwhede, 2017): one class of questions holds one
//! fixed secret, the other a new secret each time; Welch's t compares the two. It sees large differences of local
//! targets through a pipe. It cannot show that there is no leak.

use super::{Answer, Request, Stop, Target, selected};
use dengmi_crypto::rand_core::UnwrapErr;
use dengmi_crypto::sm2::{DEFAULT_IDENTIFIER, PrivateKey};
use std::io;
use std::time::{Duration, Instant};

/// Measurements of an operation at most, both classes together.
const MOST: usize = 20_000;
/// The time for an operation at most.
const BUDGET: Duration = Duration::from_secs(20);
/// Fewer of a class than this show no small difference.
const ENOUGH: usize = 500;
/// Fewer of a class than this show nothing.
const LEAST: usize = 100;
/// The first answers warm caches and are not counted.
const WARM_UP: usize = 50;
/// Measurements above these shares of all are left out, one after the other: interruptions hide small differences.
const CROPS: &[usize] = &[100, 99, 95, 90, 75, 50];
/// From here on a difference is called one (dudect's bound for "probably not constant time").
const DIFFERS: f64 = 10.0;
/// From here on it is not settled; 4.5 is the bound of leakage tests in the laboratory (ISO/IEC 17825).
const UNCLEAR: f64 = 4.5;

/// Operations with a secret key.
const MEASURED: &[&str] = &["sm2-sign", "sm2-decrypt", "sm4-ecb-encrypt", "sm3-hmac"];

/// What was measured of an operation.
#[derive(Debug)]
pub struct Timing {
    /// Its name.
    pub operation: String,
    /// Measurements with the fixed and with random secrets.
    pub count: [usize; 2],
    /// The median of each class.
    pub median: [Duration; 2],
    /// The greatest |t| over all crops.
    pub t: f64,
    /// What that says.
    pub verdict: Verdict,
}

/// What a t says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No difference was seen; there may be one.
    NotSeen,
    /// Measure again, longer and on a quiet machine.
    Unclear,
    /// The time depends on the secret, as far as a smoke test can tell.
    Differs,
    /// Not enough measurements.
    TooFew,
}

/// Measures each selected operation that the target has.
///
/// # Errors
/// When the target cannot be started or the system has no randomness. One that stops answering ends the measurement.
pub fn timing(target: &mut Target, only: &[String]) -> io::Result<Vec<Timing>> {
    let mut found = Vec::new();
    for operation in MEASURED.iter().filter(|operation| selected(only, operation)) {
        let mut samples = [Vec::new(), Vec::new()];
        let began = Instant::now();
        for count in 0..MOST + WARM_UP {
            let (class, request) = question(operation)?;
            let (answer, taken) = match target.ask(&request) {
                Ok(told) => told,
                Err(Stop::NotStarted(error)) => return Err(error),
                Err(Stop::Trouble(_) | Stop::Cancelled) => break,
            };
            if !matches!(answer, Answer::Ok(_)) || began.elapsed() > BUDGET {
                break;
            }
            if count >= WARM_UP
                && let Some(samples) = samples.get_mut(class)
            {
                samples.push(taken.as_nanos() as f64);
            }
        }
        if samples.iter().any(|samples| !samples.is_empty()) {
            found.push(told(operation, samples));
        }
    }
    Ok(found)
}

/// A class by chance, and a question of it. Everything but the secret key is as random in one class as in the other.
fn question(operation: &str) -> io::Result<(usize, Request)> {
    let class = usize::from(random::<1>()?[0] & 1);
    let message = random::<32>()?.to_vec();
    let fields = if operation.starts_with("sm2-") {
        let (secret, private) = loop {
            let secret: [u8; 32] = if class == 0 { few_bits() } else { random()? };
            if let Ok(private) = PrivateKey::from_bytes(&secret) {
                break (secret, private);
            }
        };
        let secret = ("private", secret.to_vec());
        if operation == "sm2-decrypt" {
            let sealed = private.public_key().encrypt(&message, &mut UnwrapErr(getrandom::SysRng));
            vec![secret, ("input", sealed.map_err(io::Error::other)?.to_bytes())]
        } else {
            vec![secret, ("id", DEFAULT_IDENTIFIER.to_vec()), ("message", message)]
        }
    } else {
        let secret: [u8; 16] = if class == 0 { few_bits() } else { random()? };
        vec![("key", secret.to_vec()), ("input", message)]
    };
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok((class, Request { operation: operation.into(), fields }))
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// The fixed secret: only its first and last bit are set, so that work which follows the bits shows itself.
fn few_bits<const N: usize>() -> [u8; N] {
    std::array::from_fn(|at| match at {
        0 => 0x80,
        _ if at + 1 == N => 1,
        _ => 0,
    })
}

fn told(operation: &str, mut samples: [Vec<f64>; 2]) -> Timing {
    for samples in &mut samples {
        samples.sort_unstable_by(f64::total_cmp);
    }
    let count = samples.each_ref().map(Vec::len);
    let median = samples
        .each_ref()
        .map(|samples| Duration::from_nanos(samples.get(samples.len() / 2).copied().unwrap_or_default() as u64));
    let t = greatest_t(&samples);
    let [fixed, random] = count;
    let fewer = fixed.min(random);
    let verdict = if t >= DIFFERS && fewer >= LEAST {
        Verdict::Differs
    } else if fewer < ENOUGH {
        Verdict::TooFew
    } else if t >= UNCLEAR {
        Verdict::Unclear
    } else {
        Verdict::NotSeen
    };
    Timing { operation: operation.into(), count, median, t, verdict }
}

/// The greatest |t| when the slowest of both classes together are left out, crop by crop.
fn greatest_t(samples: &[Vec<f64>; 2]) -> f64 {
    let mut all = samples.concat();
    all.sort_unstable_by(f64::total_cmp);
    let crops = CROPS.iter().filter_map(|percent| {
        let most = *all.get((all.len() * percent / 100).checked_sub(1)?)?;
        let [first, second] =
            samples.each_ref().map(|samples| Moments::of(samples.iter().copied().filter(|one| *one <= most)));
        first.t(&second)
    });
    crops.fold(0.0, f64::max)
}

/// Count, mean and variance.
struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(samples: impl Iterator<Item = f64>) -> Moments {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for sample in samples {
            count += 1.0;
            let off = sample - mean;
            mean += off / count;
            squares += off * (sample - mean);
        }
        Moments { count, mean, variance: squares / (count - 1.0) }
    }

    /// |t| of Welch; `None` where a class has no two measurements or nothing varies.
    fn t(&self, other: &Moments) -> Option<f64> {
        let spread = (self.variance / self.count + other.variance / other.count).sqrt();
        (self.count > 1.0 && other.count > 1.0 && spread > 0.0).then(|| ((self.mean - other.mean) / spread).abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between 0 and 1 that are the same in each run.
    fn numbers(seed: u8) -> Vec<f64> {
        dengmi_crypto::sm2::kdf(&[&[seed]], 4000)
            .chunks(2)
            .map(|pair| f64::from(pair[0]) / 256.0 + f64::from(pair[1]) / 65536.0)
            .collect()
    }

    #[test]
    fn welch_as_computed_by_hand() {
        // Means 3 and 6, variances 2.5 and 10, five of each: |t| = 3 / sqrt(0.5 + 2).
        let (one, two) =
            (Moments::of([1.0, 2.0, 3.0, 4.0, 5.0].into_iter()), Moments::of([2.0, 4.0, 6.0, 8.0, 10.0].into_iter()));
        let t = one.t(&two).unwrap();
        assert!((t - 1.897_366_596_101_027_5).abs() < 1e-12, "{t}");
        assert_eq!(Moments::of([1.0].into_iter()).t(&two), None);
        assert_eq!(Moments::of([1.0, 1.0].into_iter()).t(&Moments::of([1.0, 1.0].into_iter())), None);
    }

    #[test]
    fn a_difference_is_seen_below_interruptions_and_no_difference_is_not() {
        let same = told("x", [numbers(1), numbers(2)]);
        assert_eq!((same.verdict, same.count), (Verdict::NotSeen, [2000, 2000]), "{}", same.t);
        // A tenth of the range more, beneath one measurement in fifty that takes a thousand times as long.
        let disturb = |(at, one): (usize, f64)| {
            if at % 50 == 0 { one + 1000.0 * f64::from(u8::from(at % 100 == 0)) } else { one }
        };
        let slower = numbers(2).into_iter().map(|one| one + 0.15).enumerate().map(disturb).collect();
        let different = told("x", [numbers(1).into_iter().enumerate().map(disturb).collect(), slower]);
        assert_eq!(different.verdict, Verdict::Differs, "{}", different.t);
        let first =
            |seed: u8, add: f64, count: usize| numbers(seed).into_iter().take(count).map(|one| one + add).collect();
        for (add, count, verdict) in [
            (5.0, 99, Verdict::TooFew),
            (5.0, 100, Verdict::Differs),
            (0.0, 499, Verdict::TooFew),
            (0.0, 500, Verdict::NotSeen),
        ] {
            assert_eq!(told("x", [first(1, 0.0, count), first(2, add, count)]).verdict, verdict, "{add} {count}");
        }
    }

    #[test]
    fn classes_differ_in_the_secret_only() {
        for operation in MEASURED {
            let mut seen = [false; 2];
            while seen.contains(&false) {
                let (class, request) = question(operation).unwrap();
                seen[class] = true;
                let secret = request.fields.get("private").or(request.fields.get("key")).unwrap();
                assert_eq!(*secret == few_bits::<32>() || *secret == few_bits::<16>(), class == 0);
                assert!(matches!(super::super::answer(&request), Answer::Ok(_)), "{request}");
            }
        }
    }
}
