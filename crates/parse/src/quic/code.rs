//! Numbers of QUIC. Unknown numbers survive.

use std::fmt;

use crate::tls::AlertDescription;
use crate::tls::code::codes;

codes! {
    /// What a frame is (RFC 9000 19, RFC 9221 4).
    FrameType(u64) {
        PADDING = 0x00 "PADDING"
        PING = 0x01 "PING"
        ACK = 0x02 "ACK"
        ACK_ECN = 0x03 "ACK_ECN"
        RESET_STREAM = 0x04 "RESET_STREAM"
        STOP_SENDING = 0x05 "STOP_SENDING"
        CRYPTO = 0x06 "CRYPTO"
        NEW_TOKEN = 0x07 "NEW_TOKEN"
        STREAM = 0x08 "STREAM"
        MAX_DATA = 0x10 "MAX_DATA"
        MAX_STREAM_DATA = 0x11 "MAX_STREAM_DATA"
        MAX_STREAMS_BIDIRECTIONAL = 0x12 "MAX_STREAMS (bidirectional)"
        MAX_STREAMS_UNIDIRECTIONAL = 0x13 "MAX_STREAMS (unidirectional)"
        DATA_BLOCKED = 0x14 "DATA_BLOCKED"
        STREAM_DATA_BLOCKED = 0x15 "STREAM_DATA_BLOCKED"
        STREAMS_BLOCKED_BIDIRECTIONAL = 0x16 "STREAMS_BLOCKED (bidirectional)"
        STREAMS_BLOCKED_UNIDIRECTIONAL = 0x17 "STREAMS_BLOCKED (unidirectional)"
        NEW_CONNECTION_ID = 0x18 "NEW_CONNECTION_ID"
        RETIRE_CONNECTION_ID = 0x19 "RETIRE_CONNECTION_ID"
        PATH_CHALLENGE = 0x1a "PATH_CHALLENGE"
        PATH_RESPONSE = 0x1b "PATH_RESPONSE"
        CONNECTION_CLOSE = 0x1c "CONNECTION_CLOSE"
        CONNECTION_CLOSE_APPLICATION = 0x1d "CONNECTION_CLOSE (application)"
        HANDSHAKE_DONE = 0x1e "HANDSHAKE_DONE"
        DATAGRAM = 0x30 "DATAGRAM"
    }

    /// Why a connection was closed (RFC 9000 20.1; 17 is RFC 9368's).
    TransportErrorCode(u64) {
        NO_ERROR = 0x00 "NO_ERROR"
        INTERNAL_ERROR = 0x01 "INTERNAL_ERROR"
        CONNECTION_REFUSED = 0x02 "CONNECTION_REFUSED"
        FLOW_CONTROL_ERROR = 0x03 "FLOW_CONTROL_ERROR"
        STREAM_LIMIT_ERROR = 0x04 "STREAM_LIMIT_ERROR"
        STREAM_STATE_ERROR = 0x05 "STREAM_STATE_ERROR"
        FINAL_SIZE_ERROR = 0x06 "FINAL_SIZE_ERROR"
        FRAME_ENCODING_ERROR = 0x07 "FRAME_ENCODING_ERROR"
        TRANSPORT_PARAMETER_ERROR = 0x08 "TRANSPORT_PARAMETER_ERROR"
        CONNECTION_ID_LIMIT_ERROR = 0x09 "CONNECTION_ID_LIMIT_ERROR"
        PROTOCOL_VIOLATION = 0x0a "PROTOCOL_VIOLATION"
        INVALID_TOKEN = 0x0b "INVALID_TOKEN"
        APPLICATION_ERROR = 0x0c "APPLICATION_ERROR"
        CRYPTO_BUFFER_EXCEEDED = 0x0d "CRYPTO_BUFFER_EXCEEDED"
        KEY_UPDATE_ERROR = 0x0e "KEY_UPDATE_ERROR"
        AEAD_LIMIT_REACHED = 0x0f "AEAD_LIMIT_REACHED"
        NO_VIABLE_PATH = 0x10 "NO_VIABLE_PATH"
        VERSION_NEGOTIATION_ERROR = 0x11 "VERSION_NEGOTIATION_ERROR"
    }

    /// What a transport parameter is (RFC 9000 18.2, RFC 9368 3, RFC 9221 3, RFC 9287 3).
    TransportParameterId(u64) {
        ORIGINAL_DESTINATION_CONNECTION_ID = 0x00 "original_destination_connection_id"
        MAX_IDLE_TIMEOUT = 0x01 "max_idle_timeout"
        STATELESS_RESET_TOKEN = 0x02 "stateless_reset_token"
        MAX_UDP_PAYLOAD_SIZE = 0x03 "max_udp_payload_size"
        INITIAL_MAX_DATA = 0x04 "initial_max_data"
        INITIAL_MAX_STREAM_DATA_BIDI_LOCAL = 0x05 "initial_max_stream_data_bidi_local"
        INITIAL_MAX_STREAM_DATA_BIDI_REMOTE = 0x06 "initial_max_stream_data_bidi_remote"
        INITIAL_MAX_STREAM_DATA_UNI = 0x07 "initial_max_stream_data_uni"
        INITIAL_MAX_STREAMS_BIDI = 0x08 "initial_max_streams_bidi"
        INITIAL_MAX_STREAMS_UNI = 0x09 "initial_max_streams_uni"
        ACK_DELAY_EXPONENT = 0x0a "ack_delay_exponent"
        MAX_ACK_DELAY = 0x0b "max_ack_delay"
        DISABLE_ACTIVE_MIGRATION = 0x0c "disable_active_migration"
        PREFERRED_ADDRESS = 0x0d "preferred_address"
        ACTIVE_CONNECTION_ID_LIMIT = 0x0e "active_connection_id_limit"
        INITIAL_SOURCE_CONNECTION_ID = 0x0f "initial_source_connection_id"
        RETRY_SOURCE_CONNECTION_ID = 0x10 "retry_source_connection_id"
        VERSION_INFORMATION = 0x11 "version_information"
        MAX_DATAGRAM_FRAME_SIZE = 0x20 "max_datagram_frame_size"
        GREASE_QUIC_BIT = 0x2ab2 "grease_quic_bit"
    }
}

impl TransportErrorCode {
    /// What the first 256 codes above this stand for: the alert of TLS (RFC 9000 20.1, RFC 9001 4.8).
    const CRYPTO_ERROR: u64 = 0x0100;

    /// The code that stands for an alert of TLS.
    pub fn of_alert(alert: AlertDescription) -> TransportErrorCode {
        TransportErrorCode(Self::CRYPTO_ERROR | u64::from(alert.0))
    }

    /// The alert of TLS that a CRYPTO_ERROR stands for.
    pub fn alert(self) -> Option<AlertDescription> {
        let alert = self.0.checked_sub(Self::CRYPTO_ERROR)?;
        u8::try_from(alert).ok().map(AlertDescription)
    }

    /// The standard's word for the code, a CRYPTO_ERROR with its alert, or the number.
    pub fn word(self) -> String {
        match self.alert() {
            Some(alert) => format!("CRYPTO_ERROR {alert}"),
            None => self.to_string(),
        }
    }
}

impl TransportParameterId {
    /// Whether it is one of those that mean nothing and are sent so that nobody relies on knowing all: 31 N + 27
    /// (RFC 9000 18.1).
    pub fn is_reserved(self) -> bool {
        self.0 % 31 == 27
    }
}

/// The version field of a long packet (RFC 8999 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuicVersion(pub u32);

impl QuicVersion {
    /// No version: marks a Version Negotiation packet (RFC 8999 6).
    pub const NEGOTIATION: QuicVersion = QuicVersion(0);
    /// Version 1 (RFC 9000 15).
    pub const V1: QuicVersion = QuicVersion(1);
    /// Version 2 (RFC 9369 3.1).
    pub const V2: QuicVersion = QuicVersion(0x6b33_43cf);
    /// One of those that nobody has: whoever sends it is answered with what there is (RFC 9000 6.3).
    pub const RESERVED: QuicVersion = QuicVersion(0x1a2a_3a4a);

    /// Whether it follows the pattern ?a?a?a?a of those that nobody has (RFC 9000 15).
    pub fn is_reserved(self) -> bool {
        self.0 & 0x0f0f_0f0f == 0x0a0a_0a0a
    }

    /// The number of the draft of RFC 9000 that it stands for (RFC 9000 15 of its drafts: 0xff0000 and the number).
    pub fn draft(self) -> Option<u8> {
        let [0xff, 0, 0, number] = self.0.to_be_bytes() else { return None };
        Some(number)
    }
}

impl fmt::Display for QuicVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, self.draft()) {
            (QuicVersion::V1, _) => out.write_str("1"),
            (QuicVersion::V2, _) => out.write_str("2"),
            (_, Some(number)) => write!(out, "draft-{number:02}"),
            (QuicVersion(number), None) => write!(out, "{number:#010x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_words_and_unknown_ones_survive() {
        for (found, expected) in [
            (QuicVersion(1).to_string(), "1"),
            (QuicVersion(0x6b33_43cf).to_string(), "2"),
            (QuicVersion(0xff00_001d).to_string(), "draft-29"),
            (QuicVersion(0x5130_3436).to_string(), "0x51303436"),
            (QuicVersion(0).to_string(), "0x00000000"),
            (FrameType(0x06).to_string(), "CRYPTO"),
            (FrameType(0x4001).to_string(), "16385"),
            (TransportErrorCode(0x0a).word(), "PROTOCOL_VIOLATION"),
            (TransportErrorCode(0x0128).word(), "CRYPTO_ERROR handshake_failure"),
            (TransportErrorCode(0x01fe).word(), "CRYPTO_ERROR 254"),
            (TransportErrorCode(0x0200).word(), "512"),
            (TransportParameterId(0x0f).to_string(), "initial_source_connection_id"),
        ] {
            assert_eq!(found, expected);
        }
        assert!(QuicVersion::RESERVED.is_reserved() && QuicVersion(0xfafa_fafa).is_reserved());
        assert!(!QuicVersion::V1.is_reserved() && !QuicVersion::V2.is_reserved());
        assert!(TransportParameterId(27).is_reserved() && TransportParameterId(31 * 1000 + 27).is_reserved());
        assert!(!TransportParameterId::MAX_IDLE_TIMEOUT.is_reserved());
        let alert = AlertDescription::NO_APPLICATION_PROTOCOL;
        assert_eq!(TransportErrorCode::of_alert(alert), TransportErrorCode(0x0178));
        assert_eq!(TransportErrorCode(0x0178).alert(), Some(alert));
    }
}
