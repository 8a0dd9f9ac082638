//! What every piece of law carries: both languages, its sources, and how far to trust it.

use dengmi_core::Date;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::fmt;

/// 可信度: how far a datum may be trusted. What is not `Confirmed` never silently decides a high risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// A contributor's recollection only.
    Memory,
    /// One source.
    Single,
    /// Two or more independent sources.
    Confirmed,
}

/// The form of a file: `schema = 1`.
#[derive(Clone, Copy, Debug)]
pub struct Form;

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            1 => Ok(Form),
            other => Err(D::Error::custom(format_args!("expected schema = 1, found {other}"))),
        }
    }
}

/// The days on which something is in force. The last day itself is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The first day.
    pub from: Date,
    /// The first day on which it is in force no more; `None` is open.
    pub to: Option<Date>,
}

impl InForce {
    /// Whether it is in force on this day.
    pub fn covers(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }
}

/// Something with its instrument and its days.
#[derive(Clone, Debug)]
pub struct Dated<T> {
    /// The instrument it stands in: the name of its folder.
    pub instrument: Box<str>,
    /// Its own days, which are the instrument's unless it says otherwise.
    pub in_force: InForce,
    /// The thing itself.
    pub value: T,
}

impl<T> std::ops::Deref for Dated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A struct of the law: its own fields, and `zh`, `en`, `source`, `confidence`, `confidence_by_field`.
macro_rules! datum {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// 中文.
            pub zh: Box<str>,
            /// English.
            pub en: Box<str>,
            /// Where it comes from: keys of the instrument's `[sources]`.
            pub source: Vec<Box<str>>,
            /// How far to trust it.
            pub confidence: $crate::law::Confidence,
            /// Fields that are trusted differently, in words.
            #[serde(default)]
            pub confidence_by_field: std::collections::BTreeMap<Box<str>, Box<str>>,
        }

        impl $name {
            /// Both languages.
            pub fn text(&self) -> dengmi_core::Text {
                dengmi_core::Text { zh: self.zh.clone(), en: self.en.clone() }
            }
        }
    };
}
pub(super) use datum;

/// Reads a TOML date without a time of day.
pub(crate) fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    date_of(toml::value::Datetime::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Reads a TOML date that may be left out (`#[serde(default)]` beside it).
pub(crate) fn some_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    day(deserializer).map(Some)
}

/// Reads a last day: a TOML date, or the word `open`.
pub(super) fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum End {
        Day(toml::value::Datetime),
        Word(Box<str>),
    }
    match End::deserialize(deserializer)? {
        End::Day(day) => date_of(day).map(Some).map_err(D::Error::custom),
        End::Word(word) if &*word == "open" => Ok(None),
        End::Word(word) => Err(D::Error::custom(format_args!("expected a date or \"open\", found {word:?}"))),
    }
}

fn date_of(datetime: toml::value::Datetime) -> Result<Date, NotADay> {
    let wrong = || NotADay(datetime);
    if datetime.time.is_some() || datetime.offset.is_some() {
        return Err(wrong());
    }
    let date = datetime.date.ok_or_else(wrong)?;
    // Chains are walked day by day; a year that is a misprint must not cost an hour.
    if !(1900..2200).contains(&date.year) {
        return Err(wrong());
    }
    let month = time::Month::try_from(date.month).map_err(|_| wrong())?;
    Date::from_calendar_date(i32::from(date.year), month, date.day).map_err(|_| wrong())
}

struct NotADay(toml::value::Datetime);

impl fmt::Display for NotADay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "expected a date such as 2026-11-22, from 1900 to 2199, found {}", self.0)
    }
}
