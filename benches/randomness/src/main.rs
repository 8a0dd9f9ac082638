//! The 27 statistics of GM/T 0005-2021 at 10^6 bits beside the crate opengm_rts, in one run.
//!
//! ```text
//! export RUSTC_BOOTSTRAP=1                       # opengm_rts asks for features of the nightly compiler
//! cd benches/randomness
//! cargo run --release                            # each test and all, one core and two
//! cargo run --release -- --samples 1000          # as many samples as the standard's group has
//! cargo run --release -- --agree 1000            # the largest difference of P and Q, random and biased samples; who counted
//!                                                # rightly where the transforms differ
//! cargo run --release -- --grow                  # from 10^6 to 10^9 bits (of 10^9 without the transform), 0.9 GB of memory
//! RUSTFLAGS="-C target-cpu=native" cargo run --release      # the peer with the instructions of this processor
//! ```
//!
//! Aims: ≤ 4.5 ms a sample on one core, 1000 samples in ≤ 2.5 s on two.

use clap::Parser;
use dengmi_randomness::{Edition, Laboratory, Level, Sample, Test};
use opengm_rts::{Sample as Peer, TestFuncs, TestResult};
use realfft::RealFftPlanner;
use std::collections::BTreeMap;
use std::error::Error;
use std::f64::consts::{SQRT_2, TAU};
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const BITS: usize = 1_000_000;

/// A test by our name, and what the peer calls it.
const TESTS: [(&str, TestFuncs, i32); 27] = [
    ("monobit", TestFuncs::Frequency, 0),
    ("block_frequency,m=10000", TestFuncs::BlockFrequency, 10_000),
    ("poker,m=4", TestFuncs::Poker, 4),
    ("poker,m=8", TestFuncs::Poker, 8),
    ("overlapping_1,m=3", TestFuncs::Serial1, 3),
    ("overlapping_2,m=3", TestFuncs::Serial2, 3),
    ("overlapping_1,m=5", TestFuncs::Serial1, 5),
    ("overlapping_2,m=5", TestFuncs::Serial2, 5),
    ("runs", TestFuncs::Runs, 0),
    ("runs_distribution", TestFuncs::RunsDistribution, 0),
    ("longest_run_1,m=10000", TestFuncs::LongestRun1, 0),
    ("longest_run_0,m=10000", TestFuncs::LongestRun0, 0),
    ("binary_derivative,k=3", TestFuncs::BinaryDerivative, 3),
    ("binary_derivative,k=7", TestFuncs::BinaryDerivative, 7),
    ("autocorrelation,d=1", TestFuncs::Autocorrelation, 1),
    ("autocorrelation,d=2", TestFuncs::Autocorrelation, 2),
    ("autocorrelation,d=8", TestFuncs::Autocorrelation, 8),
    ("autocorrelation,d=16", TestFuncs::Autocorrelation, 16),
    ("matrix_rank", TestFuncs::Rank, 0),
    ("cusum_forward", TestFuncs::CumulativeSumsForward, 0),
    ("cusum_backward", TestFuncs::CumulativeSumsBackward, 0),
    ("approximate_entropy,m=2", TestFuncs::ApproximateEntropy, 2),
    ("approximate_entropy,m=5", TestFuncs::ApproximateEntropy, 5),
    ("linear_complexity,m=500", TestFuncs::LinearComplexity, 500),
    ("linear_complexity,m=1000", TestFuncs::LinearComplexity, 1000),
    ("maurer", TestFuncs::Universal, 0),
    ("dft", TestFuncs::DiscreteFourier, 0),
];

#[derive(Parser)]
struct Arguments {
    /// Samples of 10^6 bits
    #[arg(long, default_value_t = 200)]
    samples: usize,
    /// Compare values on so many random and so many biased samples instead of time
    #[arg(long, value_name = "COUNT")]
    agree: Option<usize>,
    /// Ours alone, from 10^6 to 10^9 bits
    #[arg(long)]
    grow: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    writeln!(out, "instructions: {:?}", Level::best())?;
    match arguments {
        Arguments { agree: Some(count), .. } => agree(count, &mut out),
        Arguments { grow: true, .. } => grow(&mut out),
        Arguments { samples, .. } => speed(samples, &mut out),
    }
}

fn ours() -> Result<Vec<Test>, Box<dyn Error>> {
    Ok(TESTS.iter().map(|(name, ..)| name.parse()).collect::<Result<_, _>>()?)
}

/// Milliseconds of processor time a sample on this thread: the least of five runs over the same samples, each of them long enough for
/// the clock of the scheduler. Work of other threads does not count.
fn least(count: usize, mut run: impl FnMut()) -> f64 {
    let mut once = || {
        let (start, cpu) = (Instant::now(), cpu_milliseconds());
        let mut done = 0;
        while done == 0 || start.elapsed().as_secs_f64() < 0.3 {
            run();
            done += count;
        }
        let wall = start.elapsed().as_secs_f64() * 1e3;
        let spent = cpu_milliseconds().zip(cpu).map_or(wall, |(now, then)| now - then);
        spent / done as f64
    };
    (0..5).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// Processor time of this thread; `None` where there is no `/proc`.
fn cpu_milliseconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(stat.split(' ').next()?.parse::<f64>().ok()? / 1e6)
}

/// Wall milliseconds a sample, the least of three runs.
fn wall(count: usize, mut run: impl FnMut()) -> f64 {
    let mut once = || {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e3 / count as f64
    };
    (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn speed(count: usize, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let data: Vec<Vec<u8>> = (1..=count as u64).map(|seed| random(seed, BITS / 8)).collect();
    writeln!(
        out,
        "{:<28}{:>12}{:>14}{:>8}   processor milliseconds a sample, one core",
        "", "dengmi", "opengm_rts", "times"
    )?;
    let few = &data[..count.min(20)];
    let samples: Vec<Sample> = few.iter().map(|bytes| Sample::whole(bytes)).collect();
    let packed = least(few.len(), || few.iter().for_each(|bytes| drop(Sample::whole(bytes))));
    let peer_packed = least(few.len(), || few.iter().for_each(|bytes| drop(Peer::from(&bytes[..]))));
    let row = |out: &mut dyn Write, name: &str, one: f64, other: f64| {
        writeln!(out, "{name:<28}{one:>12.4}{other:>14.4}{:>8.1}", other / one)
    };
    row(out, "(taking the bytes)", packed, peer_packed)?;
    for ((name, peer, parameter), test) in TESTS.iter().zip(ours()?) {
        let mut laboratory = Laboratory::new(Edition::Gmt2021, &[test]);
        let one = least(few.len(), || samples.iter().for_each(|sample| drop(laboratory.examine(sample))));
        // The peer keeps counts in the sample: each run takes a new one.
        let other = least(few.len(), || {
            few.iter().for_each(|bytes| drop(ask(&Peer::from(&bytes[..]), *peer, *parameter)));
        }) - peer_packed;
        row(out, name, one, other)?;
    }
    let mut laboratory = Laboratory::new(Edition::Gmt2021, &ours()?);
    let one = least(few.len(), || few.iter().for_each(|bytes| drop(laboratory.examine(&Sample::whole(bytes)))));
    let all = |bytes: &[u8]| {
        let sample = Peer::from(bytes);
        TESTS.iter().for_each(|(_, peer, parameter)| drop(ask(&sample, *peer, *parameter)));
    };
    let other = least(few.len(), || few.iter().for_each(|bytes| all(bytes)));
    row(out, "all 27", one, other)?;
    writeln!(out, "\n{count} samples, wall milliseconds a sample (as seconds for 1000)")?;
    let tests = ours()?;
    for cores in [1, 2] {
        let one = wall(count, || {
            each(
                cores,
                count,
                || Laboratory::new(Edition::Gmt2021, &tests),
                |laboratory, at| {
                    laboratory.examine(&Sample::whole(&data[at]));
                },
            );
        });
        let other = wall(count, || each(cores, count, || (), |(), at| all(&data[at])));
        row(out, &format!("all 27, {cores} core{}", if cores == 1 { "" } else { "s" }), one, other)?;
    }
    Ok(())
}

/// Runs pieces of work on so many cores.
fn each<S>(cores: usize, count: usize, start: impl Fn() -> S + Sync, run: impl Fn(&mut S, usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut state = start();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    run(&mut state, at);
                }
            });
        }
    });
}

fn ask(sample: &Peer, test: TestFuncs, parameter: i32) -> TestResult {
    match test {
        TestFuncs::Frequency => sample.frequency(),
        TestFuncs::BlockFrequency => sample.block_frequency(parameter),
        TestFuncs::Poker => sample.poker(parameter),
        TestFuncs::Serial1 => sample.serial1(parameter),
        TestFuncs::Serial2 => sample.serial2(parameter),
        TestFuncs::Runs => sample.runs(),
        TestFuncs::RunsDistribution => sample.runs_distribution(),
        TestFuncs::LongestRun0 => sample.longest_run0(),
        TestFuncs::LongestRun1 => sample.longest_run1(),
        TestFuncs::BinaryDerivative => sample.binary_derivative(parameter),
        TestFuncs::Autocorrelation => sample.autocorrelation(parameter),
        TestFuncs::Rank => sample.rank(),
        TestFuncs::CumulativeSumsForward => sample.cumulative_sums_forward(),
        TestFuncs::CumulativeSumsBackward => sample.cumulative_sums_backward(),
        TestFuncs::ApproximateEntropy => sample.approximate_entropy(parameter),
        TestFuncs::LinearComplexity => sample.linear_complexity(parameter),
        TestFuncs::Universal => sample.universal(),
        TestFuncs::DiscreteFourier => sample.discrete_fourier(),
    }
}

/// The largest differences, and on which sample.
fn agree(count: usize, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let tests = ours()?;
    let mut laboratory = Laboratory::new(Edition::Gmt2021, &tests);
    for biased in [false, true] {
        let mut worst = BTreeMap::new();
        for seed in 1..=count as u64 {
            let mut bytes = random(seed, BITS / 8);
            if biased {
                bend(&mut bytes, seed);
            }
            let values = laboratory.examine(&Sample::whole(&bytes));
            let sample = Peer::from(&bytes[..]);
            for (at, ((_, peer, parameter), value)) in TESTS.iter().zip(values).enumerate() {
                let other = ask(&sample, *peer, *parameter);
                let value = value?;
                let difference = (value.p - other.pv).abs().max((value.q - other.qv).abs());
                let entry = worst.entry(at).or_insert((0.0, 0, 0, (0.0, 0.0)));
                if difference > 1e-6 || difference.is_nan() {
                    entry.2 += 1;
                    if *peer == TestFuncs::DiscreteFourier {
                        decide(&bytes, seed, value.q, other.qv, out)?;
                    }
                }
                if !(difference <= entry.0) {
                    (entry.0, entry.1, entry.3) = (difference, seed, (value.p, other.pv));
                }
            }
        }
        writeln!(
            out,
            "{count} {} samples: largest difference of P or Q from opengm_rts",
            if biased { "biased" } else { "random" }
        )?;
        for (at, (difference, seed, apart, (p, peer))) in worst {
            writeln!(
                out,
                "{:<28}{difference:>10.1e}  sample {seed:<6} P {p:.9} and {peer:.9}; {apart} above 1e-6",
                TESTS[at].0
            )?;
        }
    }
    Ok(())
}

/// Which of two counts of values below the threshold is right: all values in double precision, and the ones next to the threshold by
/// a plain sum that loses nothing but the last digit of each sine and cosine.
fn decide(bytes: &[u8], seed: u64, ours: f64, peer: f64, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let n = BITS as f64;
    let square = 2.995732274 * n;
    let sign = |at: usize| if bytes[at / 8] >> (7 - at % 8) & 1 == 1 { 1.0 } else { -1.0 };
    let mut signs: Vec<f64> = (0..BITS).map(sign).collect();
    let plan = RealFftPlanner::new().plan_fft_forward(BITS);
    let mut values = plan.make_output_vec();
    plan.process(&mut signs, &mut values)?;
    values.truncate(BITS / 2);
    let mut near: Vec<(usize, f64)> = values.iter().map(|value| value.norm_sqr() - square).enumerate().collect();
    let sure = near.iter().filter(|(_, away)| *away < -4.0).count();
    near.retain(|(_, away)| away.abs() <= 4.0);
    for (k, away) in &mut near {
        let turned = |at: usize| TAU * ((at * *k) % BITS) as f64 / n;
        let [re, im] = [f64::cos, f64::sin].map(|part| exact_sum((0..BITS).map(|at| sign(at) * part(turned(at)))));
        *away = re * re + im * im - square;
    }
    near.sort_by(|one, other| one.1.abs().total_cmp(&other.1.abs()));
    let right = sure + near.iter().filter(|(_, away)| *away < 0.0).count();
    // Q says how many were counted.
    let counted = |q: f64| {
        let away = |count: usize| {
            let v = (count as f64 - 0.95 * n / 2.0) / (0.95 * 0.05 * n / 3.8).sqrt();
            (libm::erfc(v / SQRT_2) / 2.0 - q).abs()
        };
        (right - 20..right + 20).min_by(|one, other| away(*one).total_cmp(&away(*other))).unwrap_or_default()
    };
    let nearest: Vec<String> = near.iter().take(2).map(|(k, away)| format!("{away:+.6} at k = {k}")).collect();
    writeln!(
        out,
        "  sample {seed}: {right} values lie below; dengmi counts {}, opengm_rts {}; |X_k|² − T² = {}",
        counted(ours),
        counted(peer),
        nearest.join(", ")
    )?;
    Ok(())
}

/// With the error of each addition carried along.
fn exact_sum(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, lost) = values.fold((0.0, 0.0), |(sum, lost), value| {
        let next = sum + value;
        let part = next - sum;
        (next, lost + ((sum - (next - part)) + (value - part)))
    });
    sum + lost
}

/// Small faults of many kinds: ones a little too often, words that come again, a period.
fn bend(bytes: &mut [u8], seed: u64) {
    let other = random(seed ^ 0xb1a5, bytes.len());
    let third = random(seed ^ 0x7419, bytes.len());
    match seed % 4 {
        0 => bytes.iter_mut().zip(other.iter().zip(&third)).enumerate().for_each(|(at, (byte, (one, two)))| {
            if at % 16 == 0 {
                *byte |= one & two;
            }
        }),
        1 => (1..bytes.len())
            .filter(|at| other[*at] < 2)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|at| bytes[at] = bytes[at - 1]),
        2 => (125..bytes.len())
            .filter(|at| other[*at] < 8)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|at| bytes[at] = bytes[at - 125]),
        _ => bytes.iter_mut().zip(&other).for_each(|(byte, other)| {
            if *other == 0 {
                *byte = 0xff << (other & 7);
            }
        }),
    }
}

fn grow(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let short = ours()?;
    let long = [
        "monobit",
        "block_frequency,m=100000",
        "poker,m=4",
        "poker,m=8",
        "overlapping_1,m=3",
        "overlapping_2,m=3",
        "overlapping_1,m=5",
        "overlapping_2,m=5",
        "overlapping_1,m=7",
        "overlapping_2,m=7",
        "runs",
        "runs_distribution",
        "longest_run_1,m=10000",
        "longest_run_0,m=10000",
        "binary_derivative,k=3",
        "binary_derivative,k=7",
        "binary_derivative,k=15",
        "autocorrelation,d=1",
        "autocorrelation,d=2",
        "autocorrelation,d=8",
        "autocorrelation,d=16",
        "autocorrelation,d=32",
        "matrix_rank",
        "cusum_forward",
        "cusum_backward",
        "approximate_entropy,m=5",
        "approximate_entropy,m=7",
        "linear_complexity,m=5000",
        "maurer",
        "dft",
    ];
    let long = long.iter().map(|test| test.parse()).collect::<Result<Vec<Test>, _>>()?;
    for bits in [1_000_000, 10_000_000, 100_000_000, 1_000_000_000] {
        let sample = Sample::whole(&random(1, bits / 8));
        let tests = if bits < 100_000_000 { &short } else { &long };
        let mut laboratory = Laboratory::new(Edition::Gmt2021, tests);
        let start = Instant::now();
        laboratory.examine(&sample);
        writeln!(out, "{bits:>12} bits, {} statistics: {:.3} s", tests.len(), start.elapsed().as_secs_f64())?;
        for test in tests {
            let start = Instant::now();
            Laboratory::new(Edition::Gmt2021, &[*test]).examine(&sample);
            writeln!(out, "    {test:<30}{:>10.4} s", start.elapsed().as_secs_f64())?;
        }
    }
    Ok(())
}

/// xorshift64*: the same samples in each run.
fn random(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut all = Vec::with_capacity(bytes + 8);
    while all.len() < bytes {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        all.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes());
    }
    all.truncate(bytes);
    all
}
