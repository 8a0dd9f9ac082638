//! What a handshake told about the server, and how much of it is proved.

use dengmi_core::{Features, Group, KeyProof, KeyRole, Scheme, Suite, Version};

use super::stop::Stop;
use crate::certify::sha256;

/// What the server has said so far. Fields that were not reached are empty; that is not the same as absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The version that the server chose.
    pub version: Option<Version>,
    /// The suite.
    pub suite: Option<Suite>,
    /// The group of the key agreement. After a HelloRetryRequest alone: the one that the server wants.
    pub group: Option<Group>,
    /// The scheme of the signature over the handshake; in TLCP always that of SM2.
    pub scheme: Option<Scheme>,
    /// The random of the ServerHello.
    pub server_random: Option<[u8; 32]>,
    /// The session id of the ServerHello: in versions before TLS 1.3 a sign that sessions are kept.
    pub session_id: Vec<u8>,
    /// Whether the server first sent a HelloRetryRequest.
    pub retried: bool,
    /// Certificates in DER, in the server's order; in TLCP the first signs and the second encrypts.
    pub certificates: Vec<Vec<u8>>,
    /// Whether a client certificate was asked for; `None` while that may still come.
    pub client_certificate_asked: Option<bool>,
    /// Names of authorities that the server accepts client certificates of, DER.
    pub client_authorities: Vec<Vec<u8>>,
    /// The session ticket, before TLS 1.3.
    pub ticket: Option<Vec<u8>>,
    /// What else was told, as far as the offer asked.
    pub features: Features,
    /// Which of the server's keys were proved, and by what.
    pub proofs: Vec<KeyProof>,
    /// What was odd without being wrong.
    pub notes: Vec<Note>,
}

/// Something odd that does not end a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The signature verifies under SM2's default identifier where RFC 8998 asks for its own.
    WrongIdentifier,
    /// The signature over the handshake could not be checked: the scheme or the key is not one that is computed here.
    SignatureNotChecked,
    /// The key of a certificate could not be read.
    UnreadableKey {
        /// Position of the certificate.
        position: usize,
    },
    /// TLCP: one certificate instead of a pair.
    SingleCertificate,
    /// A ServerKeyExchange of TLCP that names another curve than SM2's, with a point of SM2's.
    OtherCurveNumber(Group),
    /// An alert that does not end the connection, such as unrecognized_name as a warning.
    Warning(dengmi_parse::tls::AlertDescription),
    /// The ServerHello of TLS 1.3 does not echo the session id.
    SessionIdNotEchoed,
    /// A message had defects that did not keep it from being understood.
    Defect(dengmi_parse::tls::HandshakeType, dengmi_parse::Defect),
}

impl Learned {
    /// Of a handshake in this version nothing is known yet.
    pub(super) fn new(version: Version) -> Learned {
        Learned {
            version: None,
            suite: None,
            group: None,
            scheme: None,
            server_random: None,
            session_id: Vec::new(),
            retried: false,
            certificates: Vec::new(),
            client_certificate_asked: None,
            client_authorities: Vec::new(),
            ticket: None,
            features: Features::new(version),
            proofs: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds that `role`'s key of the certificate at `position` was proved by the message `by`.
    pub(crate) fn prove(&mut self, role: KeyRole, position: usize, by: &str, notes: &[&str]) {
        let (Some(version), Some(suite), Some(der)) = (self.version, self.suite, self.certificates.get(position))
        else {
            return;
        };
        self.proofs.push(KeyProof {
            key: role,
            by: by.into(),
            certificate: sha256(der),
            version,
            suite,
            notes: notes.iter().map(|note| (*note).into()).collect(),
        });
    }
}

/// A handshake that was finished: the server's Finished fitted. Made by [`super::Client`] only.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    learned: Learned,
    version: Version,
    suite: Suite,
}

impl Proof {
    pub(super) fn new(learned: Learned, version: Version, suite: Suite) -> Proof {
        Proof { learned, version, suite }
    }

    /// Everything that the server said.
    pub fn learned(&self) -> &Learned {
        &self.learned
    }

    /// The version that was really spoken.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The suite whose protection was really used.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Which keys were proved by what.
    pub fn proofs(&self) -> &[KeyProof] {
        &self.learned.proofs
    }
}

/// A handshake that ended early.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    /// Why.
    pub reason: Stop,
    /// What was learned until then.
    pub learned: Learned,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.reason.fmt(out)
    }
}

impl std::error::Error for Stopped {}
