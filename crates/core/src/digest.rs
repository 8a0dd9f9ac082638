//! Digests as names. Nothing here computes them: that is the room `crypto`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

macro_rules! digests { ($($(#[$doc:meta])* $name:ident $prefix:literal)*) => { $(
    $(#[$doc])*
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct $name(pub [u8; 32]);

    impl fmt::Display for $name {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(formatter, concat!($prefix, ":{}"), hex::encode(self.0))
        }
    }

    impl fmt::Debug for $name {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Display::fmt(self, formatter)
        }
    }

    impl FromStr for $name {
        type Err = DigestText;

        fn from_str(text: &str) -> Result<Self, DigestText> {
            let mut bytes = [0; 32];
            let digits = text.strip_prefix(concat!($prefix, ":")).unwrap_or(text);
            hex::decode_to_slice(digits, &mut bytes).map_err(|_| DigestText { algorithm: $prefix, found: text.into() })?;
            Ok($name(bytes))
        }
    }

    impl Serialize for $name {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> Deserialize<'de> for $name {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        }
    }
)* } }

digests! {
    /// SM3 (GB/T 32905): the links of a case and the second name of an artifact.
    Sm3Digest "sm3"
    /// SHA-256 (FIPS 180-4): the name of an artifact in a [`Place`](crate::Place).
    Sha256Digest "sha256"
}

/// Not 64 hexadecimal digits behind an optional `sm3:` or `sha256:`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected {algorithm}: and 64 hexadecimal digits, found {found:?}")]
pub struct DigestText {
    algorithm: &'static str,
    found: Box<str>,
}
