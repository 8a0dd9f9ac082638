//! Special functions against values of high precision.

use crate::{number, table};
use dengmi_randomness::special::{erfc, igamc, normal};

#[test]
fn twelve_significant_digits() {
    let table = table("special-functions.toml");
    for (name, least) in [("igamc", 350), ("erfc", 100), ("normal", 150)] {
        let rows = table[name].as_array().unwrap();
        assert!(rows.len() >= least, "{name}: {}", rows.len());
        let (mut worst, mut at) = (0.0_f64, String::new());
        for row in rows {
            let expected = number(&row["value"]);
            let x = number(&row["x"]);
            let found = match name {
                "igamc" => igamc(number(&row["a"]), x),
                "erfc" => erfc(x),
                _ => normal(x),
            };
            let error = ((found - expected) / expected).abs();
            assert!(!error.is_nan(), "{name} {row}");
            // What is not a normal number has fewer digits by itself.
            if error > worst && expected > 1e-300 {
                (worst, at) = (error, format!("{row}: {found:e}"));
            }
        }
        println!("{name}: {} values, largest relative error {worst:.2e} at {at}", rows.len());
        assert!(worst < 1e-12, "{name}: {worst:e} at {at}");
    }
}

#[test]
fn the_ends_of_the_range() {
    assert_eq!((igamc(3.0, 0.0), igamc(3.0, -1.0), igamc(3.0, f64::INFINITY)), (1.0, 1.0, 0.0));
    assert!(igamc(0.0, 1.0).is_nan() && igamc(-1.0, 1.0).is_nan() && igamc(1.0, f64::NAN).is_nan());
    assert_eq!(igamc(1e9, 1e12), 0.0);
    assert_eq!(igamc(1e9, 1.0), 1.0);
}
