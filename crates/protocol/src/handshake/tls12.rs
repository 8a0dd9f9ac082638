//! What TLS 1.2 has of its own, also over datagrams: RSA encryption of the pre-master secret (RFC 5246 7.4.7.1) and ECDHE (RFC 8422 5.7).

use dengmi_core::Version;
use dengmi_crypto::{CryptoError, PublicKey};
use dengmi_parse::tls::message::ClientKeyExchange;

use super::classic::{Classic, Exchanged};
use super::client::Common;
use super::secrets::Purpose;
use super::stop::{Stop, Unsupported};

/// Version bytes in front of the 46 random bytes of a pre-master secret: those of the ClientHello.
pub(super) const PRE_MASTER_VERSION: [u8; 2] = [3, 3];

/// RSA suites: a random secret under the key of the certificate.
pub(super) fn encrypt(common: &mut Common) -> Result<Exchanged, Stop> {
    let unsupported = Stop::Unsupported(Unsupported::CertificateKey);
    let Some(key @ PublicKey::Rsa { .. }) = common.key(0) else { return Err(unsupported) };
    let version = if common.offer.datagrams { Version::DTLS_1_2.0.to_be_bytes() } else { PRE_MASTER_VERSION };
    let pre_master = [&version[..], &common.secrets.array::<46>(Purpose::PreMasterSecret)].concat();
    let sealed =
        key.encrypt_rsa(&pre_master, &mut common.secrets.source(Purpose::Encryption)).map_err(|error| match error {
            CryptoError::Randomness => Stop::OurSide(error),
            _ => unsupported,
        })?;
    let mut message = Vec::new();
    ClientKeyExchange::Long(&sealed).write(&mut message)?;
    Ok(Exchanged { pre_master, message })
}

/// ECDHE suites.
pub(super) fn agree(classic: &Classic, common: &mut Common) -> Result<Exchanged, Stop> {
    let (share, own) = classic.agreement(common)?;
    let pre_master = own.agree(&share.point)?;
    let mut message = Vec::new();
    ClientKeyExchange::Point(&own.share()).write(&mut message)?;
    Ok(Exchanged { pre_master, message })
}
