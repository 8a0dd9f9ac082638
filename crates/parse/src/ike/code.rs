//! Numbers of IKE messages. Unknown numbers survive. Those of algorithms stand in [`dengmi_core::registry`].

use std::fmt;

use crate::tls::code::codes;

codes! {
    /// What a payload is (RFC 2408 3.1, RFC 3947 3, RFC 7296 3.2; 128 is GM/T 0022's). IKEv1 and IKEv2 share no number.
    PayloadType(u8) {
        NONE = 0 "none"
        SECURITY_ASSOCIATION_1 = 1 "SA"
        KEY_EXCHANGE_1 = 4 "KE"
        IDENTIFICATION_1 = 5 "ID"
        CERTIFICATE_1 = 6 "CERT"
        CERTIFICATE_REQUEST_1 = 7 "CR"
        HASH_1 = 8 "HASH"
        SIGNATURE_1 = 9 "SIG"
        NONCE_1 = 10 "NONCE"
        NOTIFY_1 = 11 "N"
        DELETE_1 = 12 "D"
        VENDOR_ID_1 = 13 "VID"
        NAT_DISCOVERY_1 = 20 "NAT-D"
        NAT_ORIGINAL_ADDRESS_1 = 21 "NAT-OA"
        SECURITY_ASSOCIATION = 33 "SA"
        KEY_EXCHANGE = 34 "KE"
        IDENTIFICATION_INITIATOR = 35 "IDi"
        IDENTIFICATION_RESPONDER = 36 "IDr"
        CERTIFICATE = 37 "CERT"
        CERTIFICATE_REQUEST = 38 "CERTREQ"
        AUTHENTICATION = 39 "AUTH"
        NONCE = 40 "Nonce"
        NOTIFY = 41 "N"
        DELETE = 42 "D"
        VENDOR_ID = 43 "V"
        TRAFFIC_SELECTOR_INITIATOR = 44 "TSi"
        TRAFFIC_SELECTOR_RESPONDER = 45 "TSr"
        ENCRYPTED = 46 "SK"
        CONFIGURATION = 47 "CP"
        EXTENSIBLE_AUTHENTICATION = 48 "EAP"
        ENCRYPTED_FRAGMENT = 53 "SKF"
        SYMMETRIC_KEY_1 = 128 "SK"
        NAT_DISCOVERY_DRAFT = 130 "NAT-D (draft)"
        FRAGMENT_1 = 132 "FRAG"
    }

    /// What an exchange is (RFC 2408 3.1, RFC 2409 5, RFC 7296 3.1).
    ExchangeType(u8) {
        BASE = 1 "Base"
        IDENTITY_PROTECTION = 2 "Identity Protection"
        AUTHENTICATION_ONLY = 3 "Authentication Only"
        AGGRESSIVE = 4 "Aggressive"
        INFORMATIONAL_1 = 5 "Informational"
        QUICK_MODE = 32 "Quick Mode"
        NEW_GROUP_MODE = 33 "New Group Mode"
        IKE_SA_INIT = 34 "IKE_SA_INIT"
        IKE_AUTH = 35 "IKE_AUTH"
        CREATE_CHILD_SA = 36 "CREATE_CHILD_SA"
        INFORMATIONAL = 37 "INFORMATIONAL"
        IKE_SESSION_RESUME = 38 "IKE_SESSION_RESUME"
        IKE_INTERMEDIATE = 43 "IKE_INTERMEDIATE"
    }

    /// What a transform of IKEv2 chooses (RFC 7296 3.3.2).
    TransformType(u8) {
        ENCRYPTION = 1 "ENCR"
        PSEUDORANDOM_FUNCTION = 2 "PRF"
        INTEGRITY = 3 "INTEG"
        KEY_EXCHANGE_METHOD = 4 "KE"
        SEQUENCE_NUMBERS = 5 "ESN"
    }

    /// What an attribute is: those of IKEv1 (RFC 2409 appendix A), of which IKEv2 kept 14; 20 is GM/T 0022's.
    AttributeType(u16) {
        ENCRYPTION_ALGORITHM = 1 "Encryption Algorithm"
        HASH_ALGORITHM = 2 "Hash Algorithm"
        AUTHENTICATION_METHOD = 3 "Authentication Method"
        GROUP_DESCRIPTION = 4 "Group Description"
        GROUP_TYPE = 5 "Group Type"
        LIFE_TYPE = 11 "Life Type"
        LIFE_DURATION = 12 "Life Duration"
        PSEUDORANDOM_FUNCTION = 13 "PRF"
        KEY_LENGTH = 14 "Key Length"
        FIELD_SIZE = 15 "Field Size"
        GROUP_ORDER = 16 "Group Order"
        ASYMMETRIC_ALGORITHM = 20 "Asymmetric Algorithm"
    }

    /// What a proposal protects (RFC 7296 3.3.1, RFC 2407 4.4.1).
    ProtocolIdentifier(u8) {
        IKE = 1 "IKE"
        AUTHENTICATION_HEADER = 2 "AH"
        ENCAPSULATING_SECURITY_PAYLOAD = 3 "ESP"
        IPCOMP = 4 "IPCOMP"
    }

    /// What a certificate payload holds (RFC 2408 3.9, RFC 7296 3.6). In the profile of GM/T 0022, 4 is the certificate
    /// that signs and 5 the one that encrypts.
    CertificateEncoding(u8) {
        PKCS_7 = 1 "PKCS #7 wrapped X.509 certificate"
        X509_SIGNATURE = 4 "X.509 Certificate - Signature"
        X509_KEY_EXCHANGE = 5 "X.509 Certificate - Key Exchange"
        REVOCATION_LIST = 7 "Certificate Revocation List"
    }

    /// What a notification of IKEv2 says (RFC 7296 3.10.1 and later documents).
    NotifyType(u16) {
        UNSUPPORTED_CRITICAL_PAYLOAD = 1 "UNSUPPORTED_CRITICAL_PAYLOAD"
        INVALID_IKE_SPI = 4 "INVALID_IKE_SPI"
        INVALID_MAJOR_VERSION = 5 "INVALID_MAJOR_VERSION"
        INVALID_SYNTAX = 7 "INVALID_SYNTAX"
        INVALID_MESSAGE_ID = 9 "INVALID_MESSAGE_ID"
        INVALID_SPI = 11 "INVALID_SPI"
        NO_PROPOSAL_CHOSEN = 14 "NO_PROPOSAL_CHOSEN"
        INVALID_KE_PAYLOAD = 17 "INVALID_KE_PAYLOAD"
        AUTHENTICATION_FAILED = 24 "AUTHENTICATION_FAILED"
        TEMPORARY_FAILURE = 43 "TEMPORARY_FAILURE"
        INITIAL_CONTACT = 16384 "INITIAL_CONTACT"
        NAT_DETECTION_SOURCE_IP = 16388 "NAT_DETECTION_SOURCE_IP"
        NAT_DETECTION_DESTINATION_IP = 16389 "NAT_DETECTION_DESTINATION_IP"
        COOKIE = 16390 "COOKIE"
        HTTP_CERT_LOOKUP_SUPPORTED = 16392 "HTTP_CERT_LOOKUP_SUPPORTED"
        MULTIPLE_AUTH_SUPPORTED = 16404 "MULTIPLE_AUTH_SUPPORTED"
        REDIRECT_SUPPORTED = 16406 "REDIRECT_SUPPORTED"
        REDIRECT = 16407 "REDIRECT"
        CHILDLESS_IKEV2_SUPPORTED = 16418 "CHILDLESS_IKEV2_SUPPORTED"
        IKEV2_FRAGMENTATION_SUPPORTED = 16430 "IKEV2_FRAGMENTATION_SUPPORTED"
        SIGNATURE_HASH_ALGORITHMS = 16431 "SIGNATURE_HASH_ALGORITHMS"
        PUZZLE = 16434 "PUZZLE"
        USE_PPK = 16435 "USE_PPK"
        INTERMEDIATE_EXCHANGE_SUPPORTED = 16438 "INTERMEDIATE_EXCHANGE_SUPPORTED"
    }

    /// What a notification of IKEv1 says (RFC 2408 3.14.1).
    NotifyType1(u16) {
        INVALID_PAYLOAD_TYPE = 1 "INVALID-PAYLOAD-TYPE"
        DOI_NOT_SUPPORTED = 2 "DOI-NOT-SUPPORTED"
        SITUATION_NOT_SUPPORTED = 3 "SITUATION-NOT-SUPPORTED"
        INVALID_COOKIE = 4 "INVALID-COOKIE"
        INVALID_MAJOR_VERSION = 5 "INVALID-MAJOR-VERSION"
        INVALID_MINOR_VERSION = 6 "INVALID-MINOR-VERSION"
        INVALID_EXCHANGE_TYPE = 7 "INVALID-EXCHANGE-TYPE"
        INVALID_FLAGS = 8 "INVALID-FLAGS"
        INVALID_MESSAGE_ID = 9 "INVALID-MESSAGE-ID"
        INVALID_PROTOCOL_ID = 10 "INVALID-PROTOCOL-ID"
        INVALID_SPI = 11 "INVALID-SPI"
        INVALID_TRANSFORM_ID = 12 "INVALID-TRANSFORM-ID"
        ATTRIBUTES_NOT_SUPPORTED = 13 "ATTRIBUTES-NOT-SUPPORTED"
        NO_PROPOSAL_CHOSEN = 14 "NO-PROPOSAL-CHOSEN"
        BAD_PROPOSAL_SYNTAX = 15 "BAD-PROPOSAL-SYNTAX"
        PAYLOAD_MALFORMED = 16 "PAYLOAD-MALFORMED"
        INVALID_KEY_INFORMATION = 17 "INVALID-KEY-INFORMATION"
        INVALID_ID_INFORMATION = 18 "INVALID-ID-INFORMATION"
        AUTHENTICATION_FAILED = 24 "AUTHENTICATION-FAILED"
        UNSUPPORTED_EXCHANGE_TYPE = 29 "UNSUPPORTED-EXCHANGE-TYPE"
        UNEQUAL_PAYLOAD_LENGTHS = 30 "UNEQUAL-PAYLOAD-LENGTHS"
    }
}

/// The version byte of a header: major in the high half, minor in the low one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IkeVersion(pub u8);

impl IkeVersion {
    /// IKEv1 (RFC 2408).
    pub const V1_0: IkeVersion = IkeVersion(0x10);
    /// The profile of GM/T 0022 and GB/T 36968.
    pub const V1_1: IkeVersion = IkeVersion(0x11);
    /// IKEv2 (RFC 7296).
    pub const V2_0: IkeVersion = IkeVersion(0x20);

    /// The major version, which decides how payloads are read.
    pub fn major(self) -> u8 {
        self.0 >> 4
    }
}

impl fmt::Display for IkeVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major(), self.0 & 0x0f)
    }
}

impl NotifyType {
    /// Whether it reports an error (RFC 7296 3.10.1, RFC 2408 3.14.1): those below are, those from 16384 report a state.
    pub fn is_error(self) -> bool {
        self.0 < Self::INITIAL_CONTACT.0
    }

    /// The standard's word for the number in a message of this version, or the number.
    pub fn word(self, version: IkeVersion) -> String {
        if version.major() == 1 { NotifyType1(self.0).to_string() } else { self.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_words_of_their_version_and_unknown_ones_survive() {
        for (found, expected) in [
            (NotifyType(17).word(IkeVersion::V2_0), "INVALID_KE_PAYLOAD"),
            (NotifyType(17).word(IkeVersion::V1_1), "INVALID-KEY-INFORMATION"),
            (NotifyType(9999).word(IkeVersion::V2_0), "9999"),
            (PayloadType(33).to_string(), "SA"),
            (PayloadType(200).to_string(), "200"),
            (IkeVersion(0x11).to_string(), "1.1"),
            (ExchangeType(34).to_string(), "IKE_SA_INIT"),
        ] {
            assert_eq!(found, expected);
        }
        assert!(NotifyType(16383).is_error() && !NotifyType(16384).is_error());
    }
}
