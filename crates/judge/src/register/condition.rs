//! When a duty applies: terms over the facts of a description. A closed set.

use super::word_of;
use dengmi_core::system::{DataCategory, Jurisdiction, ProductCategory, Role, Sector, Technique};
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer, de::Error};
use std::fmt;

/// One condition; any of its atoms is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term(pub Vec<Atom>);

/// One fact that a condition asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// `any`: every person and organisation.
    Any,
    /// `any-system`: every operator of an information system.
    AnySystem,
    /// `role:…`
    Role(Role),
    /// `sector:…`
    Sector(Sector),
    /// `data:…`
    Data(DataCategory),
    /// `product:…`
    Product(ProductCategory),
    /// `uses:…`
    Uses(Technique),
    /// `level:3`: the graded level is at least this.
    Level(u8),
    /// `critical-infrastructure`: designated on the day.
    CriticalInfrastructure,
    /// `cryptography-required`: a law or state rule asks for commercial cryptography.
    CryptographyRequired,
    /// `personal-information-of:1000000`: of at least so many people.
    PersonalInformationOf(u64),
    /// `above-authority-threshold`: of as many as the authority sets.
    AboveAuthorityThreshold,
    /// `cross-border`: data go abroad.
    CrossBorder,
    /// `jurisdiction:AU`: the operator is under this law.
    Jurisdiction(Jurisdiction),
}

/// A condition that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no condition; expected any, any-system, critical-infrastructure, cryptography-required, cross-border, \
     above-authority-threshold, or role:, sector:, data:, product:, uses:, jurisdiction:, level: or \
     personal-information-of: with a word of its set"
)]
pub struct NotACondition(Box<str>);

/// A word of a closed set, as it is written in descriptions.
pub(super) fn word<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
    T::deserialize(StrDeserializer::<serde::de::value::Error>::new(text)).ok()
}

impl std::str::FromStr for Atom {
    type Err = NotACondition;

    fn from_str(text: &str) -> Result<Self, NotACondition> {
        let (kind, value) = text.split_once(':').unwrap_or((text, ""));
        let atom = match (kind, value) {
            ("any", "") => Some(Atom::Any),
            ("any-system", "") => Some(Atom::AnySystem),
            ("critical-infrastructure", "") => Some(Atom::CriticalInfrastructure),
            ("cryptography-required", "") => Some(Atom::CryptographyRequired),
            ("above-authority-threshold", "") => Some(Atom::AboveAuthorityThreshold),
            ("cross-border", "") => Some(Atom::CrossBorder),
            ("role", value) => word(value).map(Atom::Role),
            ("sector", value) => word(value).map(Atom::Sector),
            ("data", value) => word(value).map(Atom::Data),
            ("product", value) => word(value).map(Atom::Product),
            ("uses", value) => word(value).map(Atom::Uses),
            ("jurisdiction", value) => word(value).map(Atom::Jurisdiction),
            ("level", value) => value.parse().ok().filter(|level| (1..=5).contains(level)).map(Atom::Level),
            ("personal-information-of", value) => value.parse().ok().map(Atom::PersonalInformationOf),
            _ => None,
        };
        atom.ok_or_else(|| NotACondition(text.into()))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, atom) in self.0.iter().enumerate() {
            let or = if number > 0 { " | " } else { "" };
            write!(formatter, "{or}{atom}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Any => formatter.write_str("any"),
            Atom::AnySystem => formatter.write_str("any-system"),
            Atom::CriticalInfrastructure => formatter.write_str("critical-infrastructure"),
            Atom::CryptographyRequired => formatter.write_str("cryptography-required"),
            Atom::AboveAuthorityThreshold => formatter.write_str("above-authority-threshold"),
            Atom::CrossBorder => formatter.write_str("cross-border"),
            Atom::Role(role) => write!(formatter, "role:{}", word_of(role)),
            Atom::Sector(sector) => write!(formatter, "sector:{}", word_of(sector)),
            Atom::Data(category) => write!(formatter, "data:{}", word_of(category)),
            Atom::Product(product) => write!(formatter, "product:{}", word_of(product)),
            Atom::Uses(technique) => write!(formatter, "uses:{}", word_of(technique)),
            Atom::Jurisdiction(place) => write!(formatter, "jurisdiction:{}", word_of(place)),
            Atom::Level(level) => write!(formatter, "level:{level}"),
            Atom::PersonalInformationOf(people) => write!(formatter, "personal-information-of:{people}"),
        }
    }
}

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        text.split(" | ").map(str::parse).collect::<Result<_, _>>().map(Term).map_err(D::Error::custom)
    }
}
