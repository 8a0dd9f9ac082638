//! What TLCP has of its own: SM2 encryption of the pre-master secret, and the SM2 key exchange (GB/T 38636-2020
//! 6.4.5.8).

use dengmi_core::Group;
use dengmi_crypto::sm2::{DEFAULT_IDENTIFIER, Exchange, PublicKey, Role};
use dengmi_parse::tls::message::{ClientKeyExchange, CurvePoint, TooLong};

use super::classic::{Classic, Exchanged};
use super::client::Common;
use super::identity::Identity;
use super::secrets::Purpose;
use super::stop::{PeerMisbehaved, Stop, Unsupported};

/// Version bytes in front of the 46 random bytes of a pre-master secret.
pub(super) const PRE_MASTER_VERSION: [u8; 2] = [1, 1];

/// A certificate behind its length of three bytes, as the ServerKeyExchange of the ECC suites signs it.
pub(super) fn with_length(certificate: &[u8]) -> Result<Vec<u8>, TooLong> {
    let too_long = TooLong { length: certificate.len(), width: 3 };
    let length = u32::try_from(certificate.len()).map_err(|_| too_long)?;
    let [0, length @ ..] = length.to_be_bytes() else { return Err(too_long) };
    Ok([&length[..], certificate].concat())
}

/// ECC suites: a random secret under the key of the encryption certificate.
pub(super) fn encrypt(classic: &Classic, common: &mut Common) -> Result<Exchanged, Stop> {
    let key = encryption_key(classic, common)?;
    let pre_master = [&PRE_MASTER_VERSION[..], &common.secrets.array::<46>(Purpose::PreMasterSecret)].concat();
    let sealed = key.encrypt(&pre_master, &mut common.secrets.source(Purpose::Encryption))?;
    let mut message = Vec::new();
    ClientKeyExchange::Long(&sealed.to_der()).write(&mut message)?;
    Ok(Exchanged { pre_master, message })
}

/// ECDHE suites: the server is the initiator of the SM2 key exchange, the long-term keys are the encryption keys of
/// both sides.
pub(super) fn exchange(classic: &Classic, common: &mut Common, identity: &Identity) -> Result<Exchanged, Stop> {
    let private = identity.encryption.as_ref().and_then(|key| key.sm2()).ok_or(Stop::NeedsClientPair)?;
    let peer = encryption_key(classic, common)?;
    let (share, own) = classic.agreement(common)?;
    let ephemeral = own.sm2().ok_or(Stop::Unsupported(Unsupported::Group(share.group)))?;
    let peer_ephemeral = PublicKey::from_point(&share.point).map_err(|_| PeerMisbehaved::Share)?;
    let agreed = Exchange {
        role: Role::Responder,
        private,
        ephemeral,
        identifier: DEFAULT_IDENTIFIER,
        peer: &peer,
        peer_ephemeral: &peer_ephemeral,
        peer_identifier: DEFAULT_IDENTIFIER,
    }
    .agree(48)?;
    let curve = CurvePoint { group: Group::CURVE_SM2, point: &own.share() };
    let mut message = Vec::new();
    ClientKeyExchange::Parameters { wrapped: common.offer.forms.wrapped_share, curve }.write(&mut message)?;
    Ok(Exchanged { pre_master: agreed.key, message })
}

fn encryption_key(classic: &Classic, common: &mut Common) -> Result<PublicKey, Stop> {
    let position = classic.encryption_position(common);
    let key = common.key(position).and_then(|key| key.sm2().ok());
    key.ok_or(Stop::Unsupported(Unsupported::CertificateKey))
}
