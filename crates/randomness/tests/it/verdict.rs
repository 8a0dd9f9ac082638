//! Verdicts over many samples: bounds of the vectors, false alarms counted out, the rules as data.

use crate::{number, table};
use dengmi_randomness::rules::{BUILT_IN, Read, Rules};
use dengmi_randomness::verdict::{BINS, Tally, bins_probability, false_alarm, false_alarm_at, least_passing};
use dengmi_randomness::{Kind, NoTest, Test, Value};

#[test]
fn bounds_of_the_vectors() {
    let table = table("cases.toml");
    let bounds = table["pass_threshold"].as_array().unwrap();
    assert!(bounds.len() >= 8);
    for bound in bounds {
        assert_eq!(least_passing(number(&bound["s"]) as u64, 0.01), number(&bound["min_pass"]) as u64, "{bound}");
    }
    let spreads = table["uniformity"].as_array().unwrap();
    assert!(spreads.len() >= 5);
    for spread in spreads {
        let mut bins = [0; BINS];
        bins.iter_mut().zip(spread["hist"].as_array().unwrap()).for_each(|(to, from)| *to = number(from) as u64);
        let (found, expected) = (bins_probability(&bins), number(&spread["pt"]));
        assert!((found - expected).abs() <= 1e-9 * expected, "{found} {spread}");
        assert_eq!(found >= 0.0001, spread["uniform"].as_bool().unwrap(), "{spread}");
    }
}

#[test]
fn both_conditions_must_hold() {
    let even = |samples: u64, failed: u64| {
        let mut tally = Tally::default();
        for at in 0..samples {
            let p = if at < failed { 0.001 } else { 0.5 };
            tally.add(Value { p, q: at as f64 / samples as f64 }, 0.01);
        }
        tally.judge(0.01, Some(0.0001))
    };
    assert!(even(1000, 19).passes() && !even(1000, 20).passes());
    assert!(even(20, 1).passes() && !even(20, 2).passes());
    let mut tally = Tally::default();
    (0..1000).for_each(|_| tally.add(Value { p: 0.5, q: 1.0 }, 0.01));
    let judged = tally.judge(0.01, Some(0.0001));
    assert!(judged.enough && !judged.uniform && !judged.passes(), "all Q-values are 1: {judged:?}");
    assert_eq!(tally.bins[9], 1000);
    assert!(tally.judge(0.01, None).passes());
}

/// Binomial sums, by plain multiplication.
#[test]
fn false_alarms_are_counted_out() {
    let plain = |n: u64, from: u64| -> f64 {
        let choose = |k: u64| (0..k).fold(1.0, |all, i| all * (n - i) as f64 / (i + 1) as f64);
        (from..=n.min(from + 60)).map(|k| choose(k) * 0.01_f64.powi(k as i32) * 0.99_f64.powi((n - k) as i32)).sum()
    };
    for (samples, least) in [(20, 19), (50, 48), (1000, 981)] {
        let found = false_alarm(samples, 1, 0.01, None).passing;
        let expected = plain(samples, samples - least + 1);
        assert!((found - expected).abs() < 1e-12 * samples as f64, "{samples}: {found} {expected}");
    }
    let usual = false_alarm(1000, 27, 0.01, Some(0.0001));
    assert!((usual.passing - 0.0033).abs() < 0.0001 && (usual.whole - 0.087).abs() < 0.002, "{usual:?}");
    assert!((false_alarm(50, 15, 0.01, None).whole - 0.19).abs() < 0.005);
    assert!((false_alarm(20, 15, 0.01, None).whole - 0.225).abs() < 0.005);
    // Two of twenty groups.
    assert!((false_alarm_at(20, 2, 1, 0.01).whole - plain(20, 2)).abs() < 1e-12);
    assert_eq!(false_alarm_at(5, 6, 1, 0.01).whole, 0.0);
}

#[test]
fn the_rules_are_sound() {
    let rules = Rules::read(BUILT_IN).unwrap();
    let counts: Vec<usize> =
        rules.suites.iter().flat_map(|suite| &suite.lengths).map(|length| length.tests().len()).collect();
    assert_eq!(counts, [22, 27, 30, 25, 14 + 148 + 8 + 18]);
    let keys = |source: &[String]| assert!(source.iter().all(|key| rules.sources.contains_key(key)), "{source:?}");
    for suite in &rules.suites {
        assert!(rules.text(&suite.text).is_some(), "{}", suite.id);
        assert!(suite.lengths.is_sorted_by_key(|length| length.bits));
        keys(&suite.source);
        suite.lengths.iter().for_each(|length| keys(&length.source));
    }
    rules.texts.iter().for_each(|text| keys(&text.source));
    for product in &rules.products {
        keys(&product.source);
        let suite = rules.suite("2021").unwrap();
        assert!(product.tests.is_some() || suite.length(product.bits).is_some(), "{:?}", product.stage);
    }
    let suite = rules.suite("2021").unwrap();
    assert!(suite.length(19_999).is_none());
    assert_eq!(suite.length(999_999).unwrap().bits, 20_000);
    assert!(Rules::read(&BUILT_IN.replace("poker,m=8", "poker,m=21")).is_err());
    assert!(Rules::read(&BUILT_IN.replace("alarm = 2", "alarms = 2")).is_err());
}

#[test]
fn a_text_is_in_force_from_its_first_day_to_the_day_before_its_last() {
    let rules = Rules::read(BUILT_IN).unwrap();
    let in_force = |id: &str, day: &str| rules.text(id).unwrap().in_force(day);
    for (day, old, new) in [("2026-11-30", true, false), ("2026-12-01", false, true), ("2030-01-01", false, true)] {
        assert_eq!((in_force("gb-t-32915-2016", day), in_force("gb-t-32915-2026", day)), (old, new), "{day}");
    }
    assert_eq!((in_force("gm-t-0005-2012", "2022-04-30"), in_force("gm-t-0005-2021", "2022-04-30")), (true, false));
    assert_eq!(rules.text("gb-t-32915-2026").unwrap().read, Read::NotRead);
}

#[test]
fn tests_are_read_as_they_are_written() {
    for (text, expected) in [
        ("overlapping_1,m=2", "overlapping_1,m=2"),
        (" poker , m = 4", "poker,m=4"),
        ("matrix_rank", "matrix_rank,M=32,Q=32"),
        ("maurer", "maurer,L=7,Q=1280"),
        ("maurer,L=8", "maurer,L=8,Q=2560"),
        ("random_excursions,x=-4", "random_excursions,x=-4"),
        ("non_overlapping_template,m=9,template=1", "non_overlapping_template,m=9,template=1"),
    ] {
        assert_eq!(text.parse::<Test>().unwrap().to_string(), expected, "{text}");
    }
    let wrong = |text: &str| text.parse::<Test>().unwrap_err();
    assert_eq!(wrong("rums"), NoTest::Unknown("rums".to_owned()));
    assert_eq!(wrong("runs,m=1"), NoTest::NoParameter { name: "runs", found: "m".to_owned() });
    assert_eq!(wrong("poker"), NoTest::Missing { name: "poker", parameter: "m" });
    for text in [
        "poker,m=0",
        "poker,m=21",
        "poker,m=x",
        "poker,m",
        "poker,m=99999999999999999999",
        "longest_run_1,m=9",
        "matrix_rank,M=31",
        "maurer,L=17",
        "random_excursions,x=0",
        "linear_complexity,m=65535",
        "non_overlapping_template,m=9,template=511",
    ] {
        assert!(matches!(wrong(text), NoTest::Value { .. }), "{text}");
    }
    assert!(Test::new(Kind::Runs, &[1]).is_err() && Test::new(Kind::Poker, &[]).is_err());
}
