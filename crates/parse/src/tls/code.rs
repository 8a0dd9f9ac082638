//! Numbers of records, messages, extensions and alerts. Unknown numbers survive: they are kept and printed as numbers.
//!
//! Suites, groups, schemes and versions are [`dengmi_core`]'s.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident($number:ty) { $($constant:ident = $value:literal $text:literal)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $number);

        impl $name {
            $(#[doc = concat!("`", $text, "`, ", stringify!($value))] pub const $constant: $name = $name($value);)*

            /// The standard's word for the number, if it has one.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => out.write_str(name),
                    None => write!(out, "{}", self.0),
                }
            }
        }
    )* }
}

codes! {
    /// What a record holds (RFC 8446 5.1, GB/T 38636-2020 6.3).
    ContentType(u8) {
        CHANGE_CIPHER_SPEC = 20 "change_cipher_spec"
        ALERT = 21 "alert"
        HANDSHAKE = 22 "handshake"
        APPLICATION_DATA = 23 "application_data"
        HEARTBEAT = 24 "heartbeat"
        SITE_TO_SITE = 80 "site2site"
    }

    /// What a handshake message is (RFC 5246 7.4, RFC 8446 4, GB/T 38636-2020 6.4).
    HandshakeType(u8) {
        HELLO_REQUEST = 0 "hello_request"
        CLIENT_HELLO = 1 "client_hello"
        SERVER_HELLO = 2 "server_hello"
        HELLO_VERIFY_REQUEST = 3 "hello_verify_request"
        NEW_SESSION_TICKET = 4 "new_session_ticket"
        END_OF_EARLY_DATA = 5 "end_of_early_data"
        ENCRYPTED_EXTENSIONS = 8 "encrypted_extensions"
        CERTIFICATE = 11 "certificate"
        SERVER_KEY_EXCHANGE = 12 "server_key_exchange"
        CERTIFICATE_REQUEST = 13 "certificate_request"
        SERVER_HELLO_DONE = 14 "server_hello_done"
        CERTIFICATE_VERIFY = 15 "certificate_verify"
        CLIENT_KEY_EXCHANGE = 16 "client_key_exchange"
        FINISHED = 20 "finished"
        CERTIFICATE_URL = 21 "certificate_url"
        CERTIFICATE_STATUS = 22 "certificate_status"
        SUPPLEMENTAL_DATA = 23 "supplemental_data"
        KEY_UPDATE = 24 "key_update"
        COMPRESSED_CERTIFICATE = 25 "compressed_certificate"
        NEXT_PROTOCOL = 67 "next_protocol"
        MESSAGE_HASH = 254 "message_hash"
    }

    /// What an extension is (IANA "TLS ExtensionType Values").
    ExtensionType(u16) {
        SERVER_NAME = 0 "server_name"
        MAX_FRAGMENT_LENGTH = 1 "max_fragment_length"
        TRUSTED_CA_KEYS = 3 "trusted_ca_keys"
        STATUS_REQUEST = 5 "status_request"
        SUPPORTED_GROUPS = 10 "supported_groups"
        EC_POINT_FORMATS = 11 "ec_point_formats"
        SIGNATURE_ALGORITHMS = 13 "signature_algorithms"
        HEARTBEAT = 15 "heartbeat"
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16 "application_layer_protocol_negotiation"
        SIGNED_CERTIFICATE_TIMESTAMP = 18 "signed_certificate_timestamp"
        PADDING = 21 "padding"
        ENCRYPT_THEN_MAC = 22 "encrypt_then_mac"
        EXTENDED_MASTER_SECRET = 23 "extended_master_secret"
        COMPRESS_CERTIFICATE = 27 "compress_certificate"
        RECORD_SIZE_LIMIT = 28 "record_size_limit"
        SESSION_TICKET = 35 "session_ticket"
        PRE_SHARED_KEY = 41 "pre_shared_key"
        EARLY_DATA = 42 "early_data"
        SUPPORTED_VERSIONS = 43 "supported_versions"
        COOKIE = 44 "cookie"
        PSK_KEY_EXCHANGE_MODES = 45 "psk_key_exchange_modes"
        CERTIFICATE_AUTHORITIES = 47 "certificate_authorities"
        POST_HANDSHAKE_AUTH = 49 "post_handshake_auth"
        SIGNATURE_ALGORITHMS_CERT = 50 "signature_algorithms_cert"
        KEY_SHARE = 51 "key_share"
        QUIC_TRANSPORT_PARAMETERS = 57 "quic_transport_parameters"
        CLIENT_ID = 66 "client_id"
        ENCRYPTED_CLIENT_HELLO = 0xfe0d "encrypted_client_hello"
        RENEGOTIATION_INFO = 0xff01 "renegotiation_info"
    }

    /// How grave an alert is (RFC 5246 7.2).
    AlertLevel(u8) {
        WARNING = 1 "warning"
        FATAL = 2 "fatal"
    }

    /// What an alert says (IANA "TLS Alerts"; 200 to 205 are TLCP's and GM/T 0024's).
    AlertDescription(u8) {
        CLOSE_NOTIFY = 0 "close_notify"
        UNEXPECTED_MESSAGE = 10 "unexpected_message"
        BAD_RECORD_MAC = 20 "bad_record_mac"
        DECRYPTION_FAILED = 21 "decryption_failed"
        RECORD_OVERFLOW = 22 "record_overflow"
        DECOMPRESSION_FAILURE = 30 "decompression_failure"
        HANDSHAKE_FAILURE = 40 "handshake_failure"
        NO_CERTIFICATE = 41 "no_certificate"
        BAD_CERTIFICATE = 42 "bad_certificate"
        UNSUPPORTED_CERTIFICATE = 43 "unsupported_certificate"
        CERTIFICATE_REVOKED = 44 "certificate_revoked"
        CERTIFICATE_EXPIRED = 45 "certificate_expired"
        CERTIFICATE_UNKNOWN = 46 "certificate_unknown"
        ILLEGAL_PARAMETER = 47 "illegal_parameter"
        UNKNOWN_CA = 48 "unknown_ca"
        ACCESS_DENIED = 49 "access_denied"
        DECODE_ERROR = 50 "decode_error"
        DECRYPT_ERROR = 51 "decrypt_error"
        EXPORT_RESTRICTION = 60 "export_restriction"
        PROTOCOL_VERSION = 70 "protocol_version"
        INSUFFICIENT_SECURITY = 71 "insufficient_security"
        INTERNAL_ERROR = 80 "internal_error"
        INAPPROPRIATE_FALLBACK = 86 "inappropriate_fallback"
        USER_CANCELED = 90 "user_canceled"
        NO_RENEGOTIATION = 100 "no_renegotiation"
        MISSING_EXTENSION = 109 "missing_extension"
        UNSUPPORTED_EXTENSION = 110 "unsupported_extension"
        CERTIFICATE_UNOBTAINABLE = 111 "certificate_unobtainable"
        UNRECOGNIZED_NAME = 112 "unrecognized_name"
        BAD_CERTIFICATE_STATUS_RESPONSE = 113 "bad_certificate_status_response"
        BAD_CERTIFICATE_HASH_VALUE = 114 "bad_certificate_hash_value"
        UNKNOWN_PSK_IDENTITY = 115 "unknown_psk_identity"
        CERTIFICATE_REQUIRED = 116 "certificate_required"
        NO_APPLICATION_PROTOCOL = 120 "no_application_protocol"
        UNSUPPORTED_SITE2SITE = 200 "unsupported_site2site"
        NO_AREA = 201 "no_area"
        UNSUPPORTED_AREATYPE = 202 "unsupported_areatype"
        BAD_IBCPARAM = 203 "bad_ibcparam"
        UNSUPPORTED_IBCPARAM = 204 "unsupported_ibcparam"
        IDENTITY_NEED = 205 "identity_need"
    }
}

pub(crate) use codes;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_have_names_and_unknown_ones_survive() {
        for (found, expected) in [
            (AlertDescription(205).to_string(), "identity_need"),
            (AlertDescription(40).to_string(), "handshake_failure"),
            (AlertDescription(199).to_string(), "199"),
            (ExtensionType(0xff01).to_string(), "renegotiation_info"),
            (ExtensionType(0x0a0a).to_string(), "2570"),
            (HandshakeType::SERVER_KEY_EXCHANGE.to_string(), "server_key_exchange"),
            (ContentType(19).to_string(), "19"),
        ] {
            assert_eq!(found, expected);
        }
    }
}
