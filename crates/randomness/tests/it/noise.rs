//! Health tests and entropy estimates.

use crate::Stream;
use dengmi_randomness::entropy::{collision, compression, markov, most_common_value};
use dengmi_randomness::health::{AdaptiveProportion, RepetitionCount};

#[test]
fn cutoffs_are_those_of_the_publication() {
    for (entropy, cutoff) in [(1.0, 21), (2.0, 11), (4.0, 6), (8.0, 4), (0.5, 41)] {
        assert_eq!(RepetitionCount::new(entropy, 20).cutoff(), cutoff, "{entropy}");
    }
    // Table 2 of 4.4.2, for α = 2^−20.
    assert_eq!(AdaptiveProportion::new(1.0, 20, true).cutoff(), 589);
    for (entropy, cutoff) in [(0.5, 410), (1.0, 311), (2.0, 177), (4.0, 62), (8.0, 13)] {
        assert_eq!(AdaptiveProportion::new(entropy, 20, false).cutoff(), cutoff, "{entropy}");
    }
}

#[test]
fn alarms_at_the_cutoff_and_not_before() {
    let mut repetition = RepetitionCount::new(1.0, 20);
    assert!((0..20).all(|_| repetition.holds(1)));
    assert!(!repetition.holds(1));
    assert!(repetition.holds(0));
    let mut proportion = AdaptiveProportion::new(1.0, 20, true);
    let held = (0..1024_u32).filter(|at| proportion.holds(u8::from(*at >= 588))).count();
    assert_eq!(held, 1024);
    let held = (0..1024_u32).take_while(|at| proportion.holds(u8::from(*at >= 589))).count();
    assert_eq!(held, 588);
    let noise = Stream(1).bytes(1 << 20);
    let mut repetition = RepetitionCount::new(8.0, 40);
    let mut proportion = AdaptiveProportion::new(8.0, 40, false);
    assert!(noise.iter().all(|byte| repetition.holds(*byte) && proportion.holds(*byte)));
}

#[test]
fn a_biased_source_has_the_entropy_that_it_has() {
    let mut stream = Stream(9);
    let fair: Vec<u8> = stream.bytes(200_000).iter().map(|byte| byte & 1).collect();
    let biased: Vec<u8> = stream.bytes(200_000).iter().map(|byte| u8::from(*byte < 64)).collect();
    // Each bit is that of before three times out of four.
    let mut last = 0;
    let sticky: Vec<u8> = stream
        .bytes(200_000)
        .iter()
        .map(|byte| {
            last ^= u8::from(*byte < 64);
            last
        })
        .collect();
    let entropy = -0.75_f64.log2();
    // The compression estimate is far below: it takes all words but one for equally frequent.
    for (name, of) in [
        ("most common value", most_common_value as fn(&[u8]) -> Option<f64>),
        ("collision", collision),
        ("markov", markov),
        ("compression", compression),
    ] {
        let (fair, biased) = (of(&fair).unwrap(), of(&biased).unwrap());
        assert!((0.75..=1.0).contains(&fair), "{name}: {fair}");
        assert!((0.5 * entropy..=1.02 * entropy).contains(&biased), "{name}: {biased} of {entropy}");
        assert!(of(&[1]).is_none(), "{name}");
    }
    let found = markov(&sticky).unwrap();
    assert!((found - entropy).abs() < 0.02, "{found}");
    assert!(most_common_value(&sticky).unwrap() > 0.95, "single values show nothing of it");
    assert_eq!(most_common_value(&[7; 100]), Some(0.0));
    assert_eq!(markov(&[1; 100]), Some(0.0));
    assert_eq!(collision(&[1; 100]), Some(0.0));
}
