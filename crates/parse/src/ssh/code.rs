//! Numbers of messages and of reasons to disconnect. Unknown numbers survive.

use std::fmt;

use crate::tls::code::codes;

codes! {
    /// What a message is (RFC 4250 4.1.2). 30 to 49 mean what the key exchange says; named here as in RFC 4253 and RFC 5656,
    /// those of RFC 4419 below.
    MessageNumber(u8) {
        DISCONNECT = 1 "disconnect"
        IGNORE = 2 "ignore"
        UNIMPLEMENTED = 3 "unimplemented"
        DEBUG = 4 "debug"
        SERVICE_REQUEST = 5 "service_request"
        SERVICE_ACCEPT = 6 "service_accept"
        EXT_INFO = 7 "ext_info"
        KEXINIT = 20 "kexinit"
        NEWKEYS = 21 "newkeys"
        KEX_INIT = 30 "kexdh_init"
        KEX_REPLY = 31 "kexdh_reply"
        KEX_DH_GEX_INIT = 32 "kex_dh_gex_init"
        KEX_DH_GEX_REPLY = 33 "kex_dh_gex_reply"
        KEX_DH_GEX_REQUEST = 34 "kex_dh_gex_request"
        USERAUTH_REQUEST = 50 "userauth_request"
        USERAUTH_FAILURE = 51 "userauth_failure"
        USERAUTH_SUCCESS = 52 "userauth_success"
        USERAUTH_BANNER = 53 "userauth_banner"
    }

    /// Why a side disconnects (RFC 4250 4.2.2).
    DisconnectReason(u32) {
        HOST_NOT_ALLOWED_TO_CONNECT = 1 "host_not_allowed_to_connect"
        PROTOCOL_ERROR = 2 "protocol_error"
        KEY_EXCHANGE_FAILED = 3 "key_exchange_failed"
        RESERVED = 4 "reserved"
        MAC_ERROR = 5 "mac_error"
        COMPRESSION_ERROR = 6 "compression_error"
        SERVICE_NOT_AVAILABLE = 7 "service_not_available"
        PROTOCOL_VERSION_NOT_SUPPORTED = 8 "protocol_version_not_supported"
        HOST_KEY_NOT_VERIFIABLE = 9 "host_key_not_verifiable"
        CONNECTION_LOST = 10 "connection_lost"
        BY_APPLICATION = 11 "by_application"
        TOO_MANY_CONNECTIONS = 12 "too_many_connections"
        AUTH_CANCELLED_BY_USER = 13 "auth_cancelled_by_user"
        NO_MORE_AUTH_METHODS_AVAILABLE = 14 "no_more_auth_methods_available"
        ILLEGAL_USER_NAME = 15 "illegal_user_name"
    }
}

impl MessageNumber {
    /// What 31 is in a group exchange (RFC 4419 5).
    pub const KEX_DH_GEX_GROUP: MessageNumber = MessageNumber::KEX_REPLY;
}
