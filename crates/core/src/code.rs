//! Code points of the TLS family. Unknown numbers survive: they are kept and printed as numbers.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

macro_rules! code_points { ($($(#[$doc:meta])* $name:ident)*) => { $(
    $(#[$doc])*
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct $name(pub u16);

    impl $name {
        /// The number as it is written in the standards: `0xe013`.
        pub fn number(self) -> String {
            format!("0x{:04x}", self.0)
        }
    }

    impl Serialize for $name {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&self.number())
        }
    }

    impl<'de> Deserialize<'de> for $name {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            text.strip_prefix("0x")
                .and_then(|digits| u16::from_str_radix(digits, 16).ok())
                .map($name)
                .ok_or_else(|| D::Error::custom(format!("expected a code point such as 0xe013, found {text:?}")))
        }
    }
)* } }

code_points! {
    /// A cipher suite: two bytes in a hello (RFC 8446 4.1.2, GB/T 38636-2020 6.4.5.2.1). SSL 2.0 kinds keep their low two bytes.
    Suite
    /// A named group (RFC 8446 4.2.7; curveSM2 is 0x0029, RFC 8998).
    Group
    /// A signature scheme (RFC 8446 4.2.3; sm2sig_sm3 is 0x0708, RFC 8998).
    Scheme
    /// A protocol version as it stands on the wire: 0x0304 is TLS 1.3, 0x0101 is TLCP.
    Version
}

impl Version {
    /// SSL 2.0.
    pub const SSL_2_0: Version = Version(0x0002);
    /// SSL 3.0 (RFC 6101).
    pub const SSL_3_0: Version = Version(0x0300);
    /// TLS 1.0 (RFC 2246).
    pub const TLS_1_0: Version = Version(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const TLS_1_1: Version = Version(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const TLS_1_2: Version = Version(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const TLS_1_3: Version = Version(0x0304);
    /// TLCP (GB/T 38636-2020).
    pub const TLCP: Version = Version(0x0101);
    /// DTLS 1.0 (RFC 4347).
    pub const DTLS_1_0: Version = Version(0xfeff);
    /// DTLS 1.2 (RFC 6347).
    pub const DTLS_1_2: Version = Version(0xfefd);
    /// DTLS 1.3 (RFC 9147).
    pub const DTLS_1_3: Version = Version(0xfefc);

    /// Each version of DTLS with the one over streams whose messages it carries (RFC 4347 1, RFC 6347 1, RFC 9147 1).
    const CARRIED: [(Version, Version); 3] = [
        (Version::DTLS_1_0, Version::TLS_1_1),
        (Version::DTLS_1_2, Version::TLS_1_2),
        (Version::DTLS_1_3, Version::TLS_1_3),
    ];

    /// For DTLS the version over streams whose messages it carries; every other version as it is. The numbers of DTLS
    /// fall as versions rise, so only what this gives can be compared.
    pub fn over_streams(self) -> Version {
        Version::CARRIED.iter().find(|(datagrams, _)| *datagrams == self).map_or(self, |(_, streams)| *streams)
    }

    /// The version of DTLS that carries this one; where there is none, this one.
    pub fn over_datagrams(self) -> Version {
        Version::CARRIED.iter().find(|(_, streams)| *streams == self).map_or(self, |(datagrams, _)| *datagrams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_datagrams_and_streams_find_each_other() {
        for (datagrams, streams) in Version::CARRIED {
            assert_eq!((datagrams.over_streams(), streams.over_datagrams()), (streams, datagrams));
            assert_eq!((streams.over_streams(), datagrams.over_datagrams()), (streams, datagrams));
        }
        assert_eq!(
            (Version::TLCP.over_streams(), Version::TLS_1_0.over_datagrams()),
            (Version::TLCP, Version::TLS_1_0)
        );
    }

    #[test]
    fn numbers_survive_the_way_there_and_back() {
        for number in [0, 0x1301, 0xe013, 0xfafa, 0xffff] {
            let text = serde_json::to_string(&Suite(number)).unwrap();
            assert_eq!(text, format!("\"0x{number:04x}\""));
            assert_eq!(serde_json::from_str::<Suite>(&text).unwrap(), Suite(number));
        }
        for wrong in ["\"e013\"", "\"0x1e013\"", "57363", "\"0x\""] {
            assert!(serde_json::from_str::<Suite>(wrong).is_err(), "{wrong}");
        }
    }
}
