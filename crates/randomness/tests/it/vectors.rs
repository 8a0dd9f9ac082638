//! All cases of `vectors/randomness/cases.toml`.

use crate::{file, number, sm3_counter, table};
use dengmi_randomness::laboratory::LONGEST_TRANSFORM;
use dengmi_randomness::{Edition, Kind, Laboratory, Sample, Test, Unfit};

fn input(name: &str, row: &toml::Value) -> Sample {
    let bits = row["bits"].as_integer().unwrap() as usize;
    let bytes = match row["kind"].as_str().unwrap() {
        "hex" => {
            let digits = row["hex"].as_str().unwrap();
            (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
        }
        "constant" => std::fs::read(file(row["file"].as_str().unwrap())).unwrap(),
        "sm3_counter" => sm3_counter(row["first"].as_integer().unwrap() as u32, bits),
        other => panic!("{other}"),
    };
    if let Some(first) = row.get("first8") {
        let found: String = bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, first.as_str().unwrap(), "{name}");
    }
    Sample::new(&bytes, bits)
}

fn test(case: &toml::Value) -> Test {
    let kind = Kind::ALL.iter().find(|kind| kind.name() == case["test"].as_str().unwrap()).copied().unwrap();
    let value = |name: &str| case.get(name).map_or(32, |value| value.as_integer().unwrap());
    let values: Vec<i64> = kind.parameters().iter().map(|parameter| value(parameter.name)).collect();
    Test::new(kind, &values).unwrap()
}

fn check(which: impl Fn(usize) -> bool, least: usize) {
    let table = table("cases.toml");
    let cases = table["case"].as_array().unwrap();
    let mut seen = 0;
    for (name, row) in table["input"].as_table().unwrap() {
        let mine: Vec<&toml::Value> = cases.iter().filter(|case| case["input"].as_str() == Some(name)).collect();
        if !which(row["bits"].as_integer().unwrap() as usize) {
            continue;
        }
        let sample = input(name, row);
        let tests: Vec<Test> = mine.iter().map(|case| test(case)).collect();
        let values = Laboratory::new(Edition::Gmt2021, &tests).examine(&sample);
        for (case, value) in mine.iter().zip(values) {
            let value = value.unwrap_or_else(|error| panic!("{}: {error}", case["id"]));
            let near = if case["src"].as_str().unwrap().contains("2e-6") { 2e-6 } else { 1.5e-6 };
            assert!((value.p - number(&case["p"])).abs() < near, "{}: {value:?} against {case}", case["id"]);
            assert!((value.q - number(&case["q"])).abs() < near, "{}: {value:?} against {case}", case["id"]);
            seen += 1;
        }
    }
    assert!(seen >= least, "{seen} cases");
}

#[test]
fn up_to_a_million_bits() {
    check(|bits| bits <= 1_000_000, 185);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: cargo test --release")]
fn a_hundred_million_bits() {
    check(|bits| bits > 1_000_000, 23);
}

#[test]
fn a_transform_of_more_bits_than_memory_holds_is_refused_and_other_tests_are_not() {
    let tests: Vec<Test> = ["dft", "monobit"].iter().map(|name| name.parse().unwrap()).collect();
    let bytes = vec![0x55; LONGEST_TRANSFORM / 8 + 1];
    let sample = Sample::new(&bytes, LONGEST_TRANSFORM + 1);
    let values = Laboratory::new(Edition::Gmt2021, &tests).examine(&sample);
    assert_eq!(values[0].err(), Some(Unfit::TooLong { most: LONGEST_TRANSFORM }));
    assert!(values[1].is_ok());
}
