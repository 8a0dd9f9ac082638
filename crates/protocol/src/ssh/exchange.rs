//! The secret of a key exchange, its hash, the check of its signature, and the keys that come of it.

use super::algorithm::{self, Agreement};
use super::plan::GroupSize;
use dengmi_crypto::agreement::EphemeralKey;
use dengmi_crypto::modp::ModpKey;
use dengmi_crypto::{CryptoError, CryptoRng, Curve, Digest, Hash, PublicKey, VerifyError, signature};
use dengmi_parse::Limits;
use dengmi_parse::ssh::{HostKey, KeyMaterial, KeySignature, integer, string};

/// Our half of an exchange.
pub(super) enum OwnShare {
    Curve(EphemeralKey),
    Field(Box<ModpKey>),
}

impl OwnShare {
    /// Draws one; `None` while the server's field is not known.
    pub(super) fn draw(agreement: Agreement, rng: &mut dyn CryptoRng) -> Result<Option<OwnShare>, CryptoError> {
        Ok(match agreement {
            Agreement::Curve(group) => Some(OwnShare::Curve(EphemeralKey::generate(group, rng)?)),
            Agreement::Field(group) => Some(OwnShare::over(&group.prime(), &group.generator(), rng)?),
            Agreement::ServersField => None,
        })
    }

    /// Draws one over a field.
    pub(super) fn over(prime: &[u8], generator: &[u8], rng: &mut dyn CryptoRng) -> Result<OwnShare, CryptoError> {
        Ok(OwnShare::Field(Box::new(ModpKey::generate(prime, generator, rng)?)))
    }

    /// Appends the share as it stands in a message and in the hash.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            OwnShare::Curve(key) => string(out, &key.share()),
            OwnShare::Field(key) => integer(out, key.share()),
        }
    }

    /// The shared secret, big-endian.
    pub(super) fn agree(&self, share: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match self {
            OwnShare::Curve(key) => key.agree(share),
            OwnShare::Field(key) => key.agree(share),
        }
    }
}

/// What both sides said, for the exchange hash (RFC 4253 8, RFC 4419 3, RFC 5656 4).
pub(super) struct Said<'a> {
    pub(super) banners: [&'a [u8]; 2],
    pub(super) kexinits: [&'a [u8]; 2],
    pub(super) host_key: &'a [u8],
    /// Of a group exchange: what was asked for, and prime and generator that came.
    pub(super) field: Option<(GroupSize, &'a [u8], &'a [u8])>,
    pub(super) own: &'a OwnShare,
    pub(super) share: &'a [u8],
}

/// Hash and secret of an exchange.
pub(super) struct Agreed {
    pub(super) hash: Hash,
    pub(super) digest: Digest,
    /// The secret as an `mpint`.
    pub(super) secret: Vec<u8>,
}

impl Agreed {
    /// Computes both.
    pub(super) fn compute(hash: Hash, said: &Said<'_>) -> Result<Agreed, CryptoError> {
        let mut secret = Vec::new();
        integer(&mut secret, &said.own.agree(said.share)?);
        let mut text = Vec::new();
        said.banners.iter().chain(&said.kexinits).for_each(|bytes| string(&mut text, bytes));
        string(&mut text, said.host_key);
        if let Some((size, prime, generator)) = &said.field {
            size.write(&mut text);
            integer(&mut text, prime);
            integer(&mut text, generator);
        }
        said.own.write(&mut text);
        // The bytes of the message, also where an integer has a zero too many: both sides hash what was sent.
        string(&mut text, said.share);
        text.extend_from_slice(&secret);
        Ok(Agreed { hash, digest: hash.digest(&text), secret })
    }

    /// Key material for one letter, of any length (RFC 4253 7.2). The hash is that of the first exchange, which is the only one.
    pub(super) fn derive(&self, letter: u8, length: usize) -> Vec<u8> {
        let first = [&self.secret[..], &self.digest, &[letter], &self.digest].concat();
        let mut key = self.hash.digest(&first).to_vec();
        while key.len() < length {
            let more = self.hash.digest(&[&self.secret[..], &self.digest, &key].concat());
            key.extend_from_slice(&more);
        }
        key.truncate(length);
        key
    }
}

/// Checks a signature of a host key over the exchange hash.
///
/// # Errors
/// [`VerifyError::Unsupported`] where keys or algorithms of this kind are not computed here.
pub(super) fn verify(key: &HostKey<'_>, signed: &KeySignature<'_>, digest: &[u8]) -> Result<(), VerifyError> {
    let scheme = algorithm::signature(&signed.algorithm).ok_or(VerifyError::Unsupported)?;
    let (key, bytes) = match key.key {
        KeyMaterial::Rsa { exponent, modulus } => {
            // Some servers leave leading zeros out.
            let padding = modulus.len().saturating_sub(signed.bytes.len());
            let bytes = [&vec![0; padding], signed.bytes].concat();
            (PublicKey::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() }, bytes)
        }
        KeyMaterial::Ecdsa { curve, point } => {
            let (named, curve) = match curve {
                "nistp256" => ("ecdsa-sha2-nistp256", Curve::P256),
                "nistp384" => ("ecdsa-sha2-nistp384", Curve::P384),
                "nistp521" => ("ecdsa-sha2-nistp521", Curve::P521),
                _ => return Err(VerifyError::Unsupported),
            };
            if &*signed.algorithm != named {
                return Err(VerifyError::Malformed);
            }
            let numbers = signed.read_ecdsa(&Limits::DEFAULT).map_err(|_| VerifyError::Malformed)?.value;
            (PublicKey::EllipticCurve { curve, point: point.to_vec() }, ecdsa_der(numbers.0, numbers.1)?)
        }
        KeyMaterial::Ed25519(point) => (PublicKey::Ed25519(point.to_vec()), signed.bytes.to_vec()),
        KeyMaterial::Dsa { .. } | KeyMaterial::Ed448(_) | KeyMaterial::Other(_) => {
            return Err(VerifyError::Unsupported);
        }
    };
    signature::verify(&key, scheme, digest, &bytes)
}

/// Two numbers as the DER that signatures on elliptic curves have elsewhere (RFC 3279 2.2.3).
fn ecdsa_der(r: &[u8], s: &[u8]) -> Result<Vec<u8>, VerifyError> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    fn element(tag: u8, contents: &[u8]) -> Result<Vec<u8>, VerifyError> {
        let length = u8::try_from(contents.len()).map_err(|_| VerifyError::Malformed)?;
        let head = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
        Ok([&head[..], contents].concat())
    }
    let number = |bytes: &[u8]| match bytes.first() {
        None => Err(VerifyError::Malformed),
        Some(first) if *first >= 0x80 => element(INTEGER, &[&[0], bytes].concat()),
        Some(_) => element(INTEGER, bytes),
    };
    element(SEQUENCE, &[number(r)?, number(s)?].concat())
}
