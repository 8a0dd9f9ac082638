//! The signature of a ServerKeyExchange: what it covers and who must have made it, in a live handshake and in a recording.

use dengmi_crypto::{Hash, PublicKey, SignatureScheme, VerifyError, signature};
use dengmi_parse::tls::message::{ServerKeyExchange, TooLong};
use dengmi_parse::tls::{Dialect, Handshake};
use dengmi_parse::{Limits, Reading};

use super::identity::public_key;
use super::{scheme, tlcp};

/// What a check of a recorded key exchange found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyExchangeSignature {
    /// The key of the server's certificate made it, over this exchange and these randoms.
    Holds,
    /// That key did not make it.
    Wrong,
    /// The key or the scheme is not computed here: nothing is known.
    NotChecked,
    /// The exchange is not signed: anonymous, or the client encrypts a secret.
    Unsigned,
    /// Something that the signature covers was not seen, or the message itself.
    NotSeen,
}

/// What is signed: both randoms, then the parameters as they stand in the message, or in the suites of TLCP that have none
/// the encryption certificate (RFC 5246 7.4.3, RFC 8422 5.4, GB/T 38636-2020 6.4.5.4). `None`: a form without a signature.
///
/// # Errors
/// [`TooLong`] when a part does not fit its length field.
pub(super) fn text(
    exchange: &ServerKeyExchange<'_>,
    [client_random, server_random]: [&[u8; 32]; 2],
    encryption_certificate: &[u8],
) -> Result<Option<Vec<u8>>, TooLong> {
    let mut text = [*client_random, *server_random].concat();
    match exchange {
        ServerKeyExchange::Signed { parameters, .. } => parameters.write(&mut text)?,
        ServerKeyExchange::CertificateOnly(_) => text.extend(tlcp::with_length(encryption_certificate)?),
        ServerKeyExchange::Other(_) => return Ok(None),
    }
    Ok(Some(text))
}

/// Position of the certificate whose key encrypts or agrees: the second of a pair, else the only one.
pub(super) fn encryption_position(dialect: Dialect, certificates: usize) -> usize {
    usize::from(dialect.has_certificate_pair() && certificates > 1)
}

/// How a signature that names no scheme is made, by the key that made it: RFC 2246 7.4.3, RFC 8422 5.4; the RSA suites of TLCP
/// sign over SHA-256.
fn unnamed(dialect: Dialect, key: &PublicKey) -> Option<SignatureScheme<'static>> {
    match (key, dialect) {
        (PublicKey::Rsa { .. }, Dialect::Tlcp) => Some(SignatureScheme::RsaPkcs1(Hash::Sha256)),
        (PublicKey::Rsa { .. }, _) => Some(SignatureScheme::RsaMd5Sha1),
        (PublicKey::EllipticCurve { .. }, Dialect::Tlcp) => scheme::algorithm(scheme::unnamed(dialect)?, false),
        (PublicKey::EllipticCurve { .. }, _) => Some(SignatureScheme::Ecdsa(Hash::Sha1)),
        (PublicKey::Ed25519(_), _) => None,
    }
}

/// Checks the signature of a key exchange that somebody else recorded, with the key of the first certificate that the server
/// showed. Whose certificate that is is not asked.
pub fn key_exchange_signature(handshake: &Handshake, limits: &Limits) -> KeyExchangeSignature {
    use KeyExchangeSignature::{Holds, NotChecked, NotSeen, Unsigned, Wrong};
    let Some(Ok(Reading { value: exchange, .. })) = handshake.read_server_key_exchange(limits) else {
        return if handshake.server_hello_done { Unsigned } else { NotSeen };
    };
    let Some(signature) = exchange.signature() else {
        return if matches!(exchange, ServerKeyExchange::Other(_)) { NotChecked } else { Unsigned };
    };
    let (Some(client_random), Some(Ok(server_hello))) =
        (handshake.client_random(limits), handshake.read_server_hello(limits))
    else {
        return NotSeen;
    };
    let certificates = handshake.certificates.server.as_deref().unwrap_or_default();
    let version = server_hello.value.version;
    let (dialect, _) = Dialect::of(version).unwrap_or(Dialect::Tls).form(version);
    let encryption = certificates.get(encryption_position(dialect, certificates.len()));
    let (Some(signing), Some(encryption)) = (certificates.first(), encryption) else { return NotSeen };
    let Ok(key) = public_key(signing) else { return NotChecked };
    let algorithm = match signature.scheme {
        Some(named) => scheme::algorithm(named, false),
        None => unnamed(dialect, &key),
    };
    let text = text(&exchange, [&client_random, &server_hello.value.random], encryption);
    let (Some(algorithm), Ok(Some(text))) = (algorithm, text) else { return NotChecked };
    match signature::verify(&key, algorithm, &text, signature.bytes) {
        Ok(()) => Holds,
        // No key makes a malformed signature, and no signature is made by a malformed key.
        Err(VerifyError::Wrong | VerifyError::Malformed) => Wrong,
        Err(VerifyError::Unsupported) => NotChecked,
    }
}
