//! Why a handshake ends before it is finished.

use dengmi_core::{Group, Scheme, Suite, Version};
use dengmi_crypto::{CryptoError, VerifyError};
use dengmi_parse::Defect;
use dengmi_parse::tls::message::{Alert, TooLong};
use dengmi_parse::tls::{AlertDescription, ContentType, HandshakeType};

use super::record::RecordError;

/// Why a handshake stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The peer sent an alert that ends the connection.
    #[error("the peer ended the handshake: {}", .0.description)]
    Alert(Alert),
    /// The peer did what no peer may do; who says so has sent it an alert.
    #[error("the peer misbehaved: {0}")]
    Misbehaved(#[from] PeerMisbehaved),
    /// The peer chose what was asked, but it cannot be completed here.
    #[error("a handshake cannot be completed with {0}")]
    Unsupported(Unsupported),
    /// The suite needs an encryption certificate of the client, and there is none.
    #[error("the suite needs a client certificate for encryption")]
    NeedsClientPair,
    /// Nothing that both sides can do (server only).
    #[error("the client offers nothing that this server accepts")]
    NothingInCommon,
    /// The peer closed the connection without a word: an answer too.
    #[error("the peer closed the connection")]
    Closed,
    /// We ended it ourselves.
    #[error("cancelled")]
    Cancelled,
    /// Our own keys or values could not be used: a mistake on our side.
    #[error("our own side failed: {0}")]
    OurSide(CryptoError),
    /// Something of ours does not fit its length field.
    #[error("our own side failed: {0}")]
    TooLong(#[from] TooLong),
}

impl From<CryptoError> for Stop {
    fn from(error: CryptoError) -> Stop {
        match error {
            CryptoError::Share => PeerMisbehaved::Share.into(),
            other => Stop::OurSide(other),
        }
    }
}

impl From<RecordError> for Stop {
    fn from(error: RecordError) -> Stop {
        match error {
            RecordError::Crypto(error) => Stop::OurSide(error),
            RecordError::TooLong(error) => Stop::TooLong(error),
            other => PeerMisbehaved::Record(other).into(),
        }
    }
}

/// What cannot be completed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// A version.
    #[error("version {:#06x}", .0.0)]
    Version(Version),
    /// A suite.
    #[error("suite {:#06x}", .0.0)]
    Suite(Suite),
    /// A group.
    #[error("group {:#06x}", .0.0)]
    Group(Group),
    /// The key of the server's certificate.
    #[error("the key of the certificate")]
    CertificateKey,
    /// The form of the ServerKeyExchange.
    #[error("this form of ServerKeyExchange")]
    KeyExchange,
}

/// What a peer did against the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerMisbehaved {
    /// Bytes that cannot be read.
    #[error("unreadable: {0}")]
    Unreadable(Defect),
    /// A message that can be read only in part, or with bytes left over.
    #[error("{kind}: {defect}")]
    Malformed {
        /// Which message.
        kind: HandshakeType,
        /// What is wrong with it.
        defect: Defect,
    },
    /// A message out of place.
    #[error("{0} out of place")]
    UnexpectedMessage(HandshakeType),
    /// A record out of place.
    #[error("a record of type {0} out of place")]
    UnexpectedRecord(ContentType),
    /// A record of SSL 2.0.
    #[error("a record of SSL 2.0")]
    Ssl2,
    /// A handshake record without content.
    #[error("an empty handshake record")]
    EmptyRecord,
    /// A record in clear with more than 2^14 bytes.
    #[error("a record of {0} bytes in clear")]
    RecordTooLong(usize),
    /// More handshake bytes than the limit allows.
    #[error("too many handshake bytes")]
    TooManyHandshakeBytes,
    /// More alerts that end nothing than the limit allows.
    #[error("too many alerts")]
    TooManyAlerts,
    /// A protected record that does not open.
    #[error("{0}")]
    Record(RecordError),
    /// ChangeCipherSpec with another content than one byte 1, or out of place.
    #[error("a wrong ChangeCipherSpec")]
    ChangeCipherSpec,
    /// A handshake message lies across a change of keys.
    #[error("keys change inside a message")]
    KeysChangeInsideMessage,
    /// A version that was not offered.
    #[error("version {:#06x} was not offered", .0.0)]
    VersionNotOffered(Version),
    /// A suite that was not offered.
    #[error("suite {:#06x} was not offered", .0.0)]
    SuiteNotOffered(Suite),
    /// A group that was not offered, or one that needs no retry, or the second retry.
    #[error("group {:#06x} was not offered or already given", .0.0)]
    GroupNotOffered(Group),
    /// A scheme that was not offered.
    #[error("scheme {:#06x} was not offered", .0.0)]
    SchemeNotOffered(Scheme),
    /// A compression method other than none.
    #[error("compression {0}")]
    Compression(u8),
    /// Something that must be there is missing: a share, a certificate, a signature.
    #[error("no {0}")]
    Missing(&'static str),
    /// A share that is no point of its group.
    #[error("a key share that is not valid")]
    Share,
    /// The signature over the handshake is not one of the certificate's key.
    #[error("signature over the handshake: {0}")]
    Signature(VerifyError),
    /// The Finished does not fit.
    #[error("a wrong Finished")]
    Finished,
    /// What was encrypted for us cannot be read (server only).
    #[error("a pre-master secret that cannot be read")]
    PreMasterSecret,
}

impl Stop {
    /// The alert to send before closing, if any: none in answer to an alert.
    pub(crate) fn alert(&self) -> Option<AlertDescription> {
        match self {
            Stop::Alert(_) | Stop::Closed => None,
            Stop::Misbehaved(peer) => Some(peer.alert()),
            Stop::NothingInCommon => Some(AlertDescription::HANDSHAKE_FAILURE),
            Stop::Unsupported(Unsupported::Version(_)) => Some(AlertDescription::PROTOCOL_VERSION),
            Stop::Unsupported(_) | Stop::NeedsClientPair | Stop::Cancelled => Some(AlertDescription::USER_CANCELED),
            Stop::OurSide(_) | Stop::TooLong(_) => Some(AlertDescription::INTERNAL_ERROR),
        }
    }
}

impl PeerMisbehaved {
    fn alert(&self) -> AlertDescription {
        use PeerMisbehaved as P;
        match self {
            P::Unreadable(_) | P::Malformed { .. } => AlertDescription::DECODE_ERROR,
            P::UnexpectedMessage(_)
            | P::UnexpectedRecord(_)
            | P::Ssl2
            | P::EmptyRecord
            | P::ChangeCipherSpec
            | P::KeysChangeInsideMessage => AlertDescription::UNEXPECTED_MESSAGE,
            P::RecordTooLong(_) | P::Record(RecordError::TooMuch(_)) => AlertDescription::RECORD_OVERFLOW,
            P::Record(_) => AlertDescription::BAD_RECORD_MAC,
            P::VersionNotOffered(_) => AlertDescription::PROTOCOL_VERSION,
            P::TooManyHandshakeBytes
            | P::TooManyAlerts
            | P::SuiteNotOffered(_)
            | P::GroupNotOffered(_)
            | P::SchemeNotOffered(_)
            | P::Compression(_)
            | P::Missing(_)
            | P::Share => AlertDescription::ILLEGAL_PARAMETER,
            P::Signature(_) | P::Finished | P::PreMasterSecret => AlertDescription::DECRYPT_ERROR,
        }
    }
}
