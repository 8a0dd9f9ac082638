//! Equal results of all instructions.

use crate::Stream;
use dengmi_randomness::{Edition, Laboratory, Level, Sample, Test};

#[test]
fn all_instructions_give_the_same() {
    let tests: Vec<Test> = [
        "monobit",
        "block_frequency,m=100",
        "block_frequency,m=10000",
        "poker,m=4",
        "overlapping_1,m=5",
        "runs",
        "runs_distribution",
        "longest_run_1,m=8",
        "longest_run_0,m=128",
        "longest_run_1,m=10000",
        "binary_derivative,k=7",
        "autocorrelation,d=1",
        "autocorrelation,d=130",
        "matrix_rank",
        "cusum_backward",
        "approximate_entropy,m=5",
        "linear_complexity,m=500",
        "linear_complexity,m=1000",
        "linear_complexity,m=77",
        "maurer",
        "dft",
    ]
    .iter()
    .map(|test| test.parse().unwrap())
    .collect();
    let levels = Level::all();
    println!("{levels:?}");
    let mut stream = Stream(7);
    for bits in [100, 1023, 1024, 20_000, 33_333, 200_003, 1_000_000] {
        let mut bytes = stream.bytes(bits / 8 + 1);
        if bits % 2 == 1 {
            // One in four bits is set.
            let other = stream.bytes(bytes.len());
            bytes.iter_mut().zip(other).for_each(|(byte, other)| *byte &= other);
        }
        let sample = Sample::new(&bytes, bits);
        let values = |level| Laboratory::at_level(Edition::Gmt2021, &tests, level).examine(&sample);
        let portable = values(levels[0]);
        assert!(portable.iter().filter(|value| value.is_ok()).count() >= 10, "{bits}: {portable:?}");
        for level in &levels[1..] {
            assert_eq!(values(*level), portable, "{bits} bits, {level:?}");
        }
    }
}
