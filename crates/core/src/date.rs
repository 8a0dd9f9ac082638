//! Law has dates, evidence has instants in UTC. Nobody here reads a clock.

pub use time::{Date, UtcDateTime};

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use time::{format_description::BorrowedFormatItem, macros::format_description};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const INSTANT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// Not a date of the form `2026-11-22` or an instant of the form `2026-11-22T09:00:00Z`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected {expected}, found {found:?}")]
pub struct DateText {
    expected: &'static str,
    found: Box<str>,
}

/// Reads `2026-11-22`.
pub fn read_date(text: &str) -> Result<Date, DateText> {
    Date::parse(text, DAY).map_err(|_| DateText { expected: "a date such as 2026-11-22", found: text.into() })
}

/// Writes `2026-11-22`.
pub fn date_text(date: Date) -> String {
    date.format(DAY).unwrap_or_default()
}

/// Reads `2026-11-22T09:00:00Z`.
pub fn read_instant(text: &str) -> Result<UtcDateTime, DateText> {
    UtcDateTime::parse(text, INSTANT)
        .map_err(|_| DateText { expected: "an instant in UTC such as 2026-11-22T09:00:00Z", found: text.into() })
}

/// Writes `2026-11-22T09:00:00Z`; fractions of a second are dropped.
pub fn instant_text(instant: UtcDateTime) -> String {
    instant.format(INSTANT).unwrap_or_default()
}

/// For `#[serde(with = "…")]` on a [`Date`].
pub mod as_date {
    use super::*;

    /// Writes the date as text.
    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&date_text(*date))
    }

    /// Reads the date from text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        read_date(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// For `#[serde(with = "…")]` on a [`UtcDateTime`].
pub mod as_instant {
    use super::*;

    /// Writes the instant as text.
    pub fn serialize<S: Serializer>(instant: &UtcDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&instant_text(*instant))
    }

    /// Reads the instant from text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UtcDateTime, D::Error> {
        read_instant(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
