//! Names as types, so that a subject is never taken for an indicator.

use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt, sync::Arc};

macro_rules! names { ($($(#[$doc:meta])* $name:ident)*) => { $(
    $(#[$doc])*
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(from = "Box<str>", into = "Box<str>")]
    pub struct $name(Arc<str>);

    impl $name {
        /// The name as text.
        pub fn as_str(&self) -> &str {
            &self.0
        }
    }

    impl From<&str> for $name {
        fn from(text: &str) -> Self {
            $name(text.into())
        }
    }

    impl From<Box<str>> for $name {
        fn from(text: Box<str>) -> Self {
            $name(text.into())
        }
    }

    impl From<$name> for Box<str> {
        fn from(name: $name) -> Self {
            (&*name.0).into()
        }
    }

    impl Borrow<str> for $name {
        fn borrow(&self) -> &str {
            &self.0
        }
    }

    impl fmt::Display for $name {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.pad(&self.0)
        }
    }

    impl fmt::Debug for $name {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(&self.0, formatter)
        }
    }
)* } }

names! {
    /// 测评指标: an indicator such as `NET-ID`.
    IndicatorId
    /// 测评对象: a subject such as `patient-portal`, unique in one `system.toml`.
    SubjectId
    /// 被测观测物: something that was observed, such as `192.0.2.20:443`.
    ObservedId
    /// A high-risk item such as `HR-7.1`.
    ItemId
}

/// The place of an entry in its case, counted from 1. Evidence is cited by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryNumber(pub u64);

impl fmt::Display for EntryNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.0)
    }
}

/// A text of the law in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// 中文.
    pub zh: Box<str>,
    /// English.
    pub en: Box<str>,
}
