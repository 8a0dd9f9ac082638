//! The places where SSL 2.0, TLS, DTLS and TLCP differ, each a method; nothing else asks.

use dengmi_core::Version;

/// A family of versions that share their layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// SSL 2.0: its own records and messages.
    Ssl2,
    /// SSL 3.0 to TLS 1.3 (RFC 6101, 2246, 4346, 5246, 8446).
    Tls,
    /// TLCP (GB/T 38636-2020) and the SSL of GM/T 0024.
    Tlcp,
    /// DTLS 1.0 to 1.3 (RFC 4347, 6347, 9147): the messages of TLS, in records and fragments of its own.
    Dtls,
}

impl Dialect {
    /// The dialect that a version belongs to, by its major number.
    pub fn of(version: Version) -> Option<Dialect> {
        match version.0 >> 8 {
            0 if version == Version::SSL_2_0 => Some(Dialect::Ssl2),
            1 => Some(Dialect::Tlcp),
            3 => Some(Dialect::Tls),
            0xfe => Some(Dialect::Dtls),
            _ => None,
        }
    }

    /// Dialect and version whose messages have the same form: DTLS has those of TLS, but for its ClientHello.
    pub fn form(self, version: Version) -> (Dialect, Version) {
        match self {
            Dialect::Dtls => (Dialect::Tls, version.over_streams()),
            _ => (self, version),
        }
    }

    /// Whether a ClientHello holds a cookie behind its session id (RFC 6347 4.2.1).
    pub fn has_cookie(self) -> bool {
        self == Dialect::Dtls
    }

    /// The version in the header of the first record, whatever the hello inside offers. TLCP servers refuse any other;
    /// TLS servers take every minor number, and 0301 is what old ones expect (RFC 8446 5.1).
    pub fn first_record_version(self, highest: Version) -> Version {
        match self {
            Dialect::Ssl2 => Version::SSL_2_0,
            Dialect::Tls => highest.min(Version::TLS_1_0),
            Dialect::Tlcp => Version::TLCP,
            Dialect::Dtls => Version::DTLS_1_0,
        }
    }

    /// The version field of a ClientHello that offers up to `highest`: TLS 1.3 hides in an extension (RFC 8446 4.1.2).
    pub fn hello_version(self, highest: Version) -> Version {
        match self {
            Dialect::Ssl2 => Version::SSL_2_0,
            Dialect::Tls => highest.min(Version::TLS_1_2),
            Dialect::Tlcp => Version::TLCP,
            Dialect::Dtls => highest.over_streams().min(Version::TLS_1_2).over_datagrams(),
        }
    }

    fn is_tls_since(self, version: Version, first: Version) -> bool {
        let (dialect, version) = self.form(version);
        dialect == Dialect::Tls && version >= first
    }

    /// Whether signatures in ServerKeyExchange and CertificateVerify name their scheme: since TLS 1.2, never in TLCP.
    pub fn names_scheme(self, version: Version) -> bool {
        self.is_tls_since(version, Version::TLS_1_2)
    }

    /// Whether Certificate and CertificateRequest carry a context and extensions (RFC 8446 4.3.2, 4.4.2).
    pub fn has_certificate_context(self, version: Version) -> bool {
        self.is_tls_since(version, Version::TLS_1_3)
    }

    /// Whether everything after ServerHello is protected (RFC 8446 2).
    pub fn hides_after_server_hello(self, version: Version) -> bool {
        self.is_tls_since(version, Version::TLS_1_3)
    }

    /// Whether the list of certificates starts with a signing and an encryption certificate (GB/T 38636-2020 6.4.5.3).
    pub fn has_certificate_pair(self) -> bool {
        self == Dialect::Tlcp
    }

    /// Whether a ServerKeyExchange may hold a signature and nothing else: the ECC, RSA and IBC suites of TLCP sign the
    /// encryption certificate (GB/T 38636-2020 6.4.5.4).
    pub fn may_sign_certificate_only(self) -> bool {
        self == Dialect::Tlcp
    }

    /// Length of a Finished body, where it does not depend on the suite: SSL 3.0 sends MD5 and SHA-1, TLS 1.3 a whole hash.
    pub fn finished_length(self, version: Version) -> Option<usize> {
        match self.form(version) {
            (Dialect::Ssl2, _) => None,
            (Dialect::Tlcp | Dialect::Dtls, _) => Some(12),
            (Dialect::Tls, Version::SSL_3_0) => Some(36),
            (Dialect::Tls, version) => (version < Version::TLS_1_3).then_some(12),
        }
    }

    /// Bytes that protection may add to the 2^14 of a record's fragment (RFC 5246 6.2.3, RFC 8446 5.2).
    pub fn protection_overhead(self, version: Version) -> usize {
        if self.hides_after_server_hello(version) { 256 } else { 2048 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_a_dialect_and_a_place_on_the_wire() {
        for (version, dialect, record, hello, scheme) in [
            (Version::SSL_2_0, Some(Dialect::Ssl2), Version::SSL_2_0, Version::SSL_2_0, false),
            (Version::TLCP, Some(Dialect::Tlcp), Version::TLCP, Version::TLCP, false),
            (Version::SSL_3_0, Some(Dialect::Tls), Version::SSL_3_0, Version::SSL_3_0, false),
            (Version::TLS_1_1, Some(Dialect::Tls), Version::TLS_1_0, Version::TLS_1_1, false),
            (Version::TLS_1_2, Some(Dialect::Tls), Version::TLS_1_0, Version::TLS_1_2, true),
            (Version::TLS_1_3, Some(Dialect::Tls), Version::TLS_1_0, Version::TLS_1_2, true),
            (Version::DTLS_1_0, Some(Dialect::Dtls), Version::DTLS_1_0, Version::DTLS_1_0, false),
            (Version::DTLS_1_2, Some(Dialect::Dtls), Version::DTLS_1_0, Version::DTLS_1_2, true),
            (Version::DTLS_1_3, Some(Dialect::Dtls), Version::DTLS_1_0, Version::DTLS_1_2, true),
        ] {
            assert_eq!(Dialect::of(version), dialect);
            let dialect = dialect.unwrap();
            assert_eq!(dialect.first_record_version(version), record, "{version:?}");
            assert_eq!(dialect.hello_version(version), hello, "{version:?}");
            assert_eq!(dialect.names_scheme(version), scheme, "{version:?}");
        }
        assert_eq!((Dialect::of(Version(0x0200)), Dialect::of(Version(0x0003))), (None, None));
    }
}
