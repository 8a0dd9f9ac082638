//! Exact numbers. Scores are rationals inside and rounded only where the quantification rules round.

use num_rational::Ratio;
use num_traits::Signed;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

/// A rational without loss: thirds happen, since a unit is a mean over its subjects.
pub type Exact = Ratio<i128>;

/// A decimal with a fixed number of places. Made by rounding or by parsing; it has no arithmetic, so nobody rounds twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    units: i64,
    places: u8,
}

/// Rounds half away from zero ("四舍五入") to `places` decimals. Values of a score are far from the limits of the type;
/// one that is not saturates.
pub fn round_half_up(value: Exact, places: u8) -> Decimal {
    let places = places.min(Decimal::MOST_PLACES);
    let scale = Exact::from_integer(10_i128.pow(u32::from(places)));
    let half = Ratio::new_raw(1, 2);
    let scaled = value * scale;
    let rounded = if scaled.is_negative() { (scaled - half).ceil() } else { (scaled + half).floor() };
    let limit = i128::from(i64::MAX);
    Decimal { units: i64::try_from(rounded.to_integer().clamp(-limit, limit)).unwrap_or(i64::MAX), places }
}

impl Decimal {
    /// More places than the rules ever ask for, and no overflow.
    pub const MOST_PLACES: u8 = 9;

    /// The same value as a rational.
    pub fn exact(self) -> Exact {
        Ratio::new(i128::from(self.units), 10_i128.pow(u32::from(self.places)))
    }

    /// How many digits stand behind the point.
    pub fn places(self) -> u8 {
        self.places
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let scale = 10_u64.pow(u32::from(self.places));
        let (whole, part) = (self.units.unsigned_abs() / scale, self.units.unsigned_abs() % scale);
        match self.places {
            0 => write!(formatter, "{sign}{whole}"),
            places => write!(formatter, "{sign}{whole}.{part:0width$}", width = usize::from(places)),
        }
    }
}

/// Not a plain decimal such as `0.25`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected a decimal such as \"0.25\" with at most 9 places, found {0:?}")]
pub struct DecimalText(Box<str>);

impl FromStr for Decimal {
    type Err = DecimalText;

    fn from_str(text: &str) -> Result<Self, DecimalText> {
        let wrong = || DecimalText(text.into());
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(part) || (part.is_empty() && digits.contains('.')) {
            return Err(wrong());
        }
        let places = u8::try_from(part.len()).ok().filter(|places| *places <= Self::MOST_PLACES).ok_or_else(wrong)?;
        let units: i64 = format!("{whole}{part}").parse().map_err(|_| wrong())?;
        Ok(Decimal { units: if text.starts_with('-') { -units } else { units }, places })
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up() {
        for (numerator, denominator, places, expected) in [
            (1, 3, 4, "0.3333"),
            (2, 3, 4, "0.6667"),
            (1, 8, 2, "0.13"),
            (-1, 8, 2, "-0.13"),
            (5, 1, 0, "5"),
            (1, 20000, 4, "0.0001"),
            (1, 20001, 4, "0.0000"),
            (100, 1, 2, "100.00"),
        ] {
            assert_eq!(round_half_up(Exact::new(numerator, denominator), places).to_string(), expected);
        }
    }

    #[test]
    fn text_is_read_exactly_or_refused() {
        for text in ["0", "1", "0.5", "0.2500", "-1.25", "100.00", "0.000000001"] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), text);
        }
        for wrong in ["", ".", ".5", "1.", "1e3", "0x1", "1,5", "0.0000000001", "９", "--1", "99999999999999999999"] {
            assert!(wrong.parse::<Decimal>().is_err(), "{wrong:?}");
        }
    }
}
