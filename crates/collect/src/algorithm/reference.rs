//! The reference adapter: our own crypto behind the line protocol.

use super::{Answer, Fields, Request};
use dengmi_crypto::aead::{Aead, AeadAlgorithm, NONCE_LENGTH, TAG_LENGTH};
use dengmi_crypto::block::BlockCipher;
use dengmi_crypto::rand_core::{TryCryptoRng, TryRng, UnwrapErr};
use dengmi_crypto::sm2::{Ciphertext, Exchange, PrivateKey, PublicKey, Role, Signature, kdf};
use dengmi_crypto::sm4::{self, Direction, TweakRule};
use dengmi_crypto::{CryptoError, CryptoRng, Hash};
use std::convert::Infallible;

/// The longest output that is made on request, in bytes.
const LONGEST: usize = 1 << 16;

/// Why there is nothing to give back.
enum Refusal {
    Invalid,
    Unsupported,
}

impl From<CryptoError> for Refusal {
    fn from(_: CryptoError) -> Refusal {
        Refusal::Invalid
    }
}

/// Answers as `dengmi algorithm serve` does. Signing and encrypting draw from the operating system.
pub fn answer(request: &Request) -> Answer {
    let fields = &request.fields;
    match operation(&request.operation, fields) {
        Ok(answer) => answer,
        Err(Refusal::Invalid) => Answer::Invalid,
        Err(Refusal::Unsupported) => Answer::Unsupported,
    }
}

fn operation(name: &str, fields: &Fields) -> Result<Answer, Refusal> {
    let get = |name: &str| fields.get(name).map(Vec::as_slice).ok_or(Refusal::Invalid);
    if let Some(rest) = name.strip_prefix("sm4-") {
        return block(rest, fields);
    }
    if name.starts_with("zuc-") || name.starts_with("sm9-") {
        return Err(Refusal::Unsupported);
    }
    let public = |name: &str| get(name).and_then(|bytes| Ok(PublicKey::from_point(bytes)?));
    let private = |name: &str| get(name).and_then(|bytes| Ok(PrivateKey::from_bytes(bytes)?));
    let signature = || Ok::<_, Refusal>(Signature { r: fixed(get("r")?)?, s: fixed(get("s")?)? });
    let signed = |k: &mut dyn CryptoRng| {
        let signature = private("private")?.sign(get("id")?, get("message")?, k)?;
        Ok(named([("r", signature.r.to_vec()), ("s", signature.s.to_vec())]))
    };
    let encrypted = |k: &mut dyn CryptoRng| Ok(output(public("public")?.encrypt(get("message")?, k)?.to_bytes()));
    let valid = |good: bool| if good { Answer::Valid } else { Answer::Invalid };
    match name {
        "sm3-hash" => Ok(output(Hash::Sm3.digest(get("input")?).to_vec())),
        "sm3-hmac" => Ok(output(Hash::Sm3.hmac(get("key")?, &[get("input")?]).to_vec())),
        "sm3-kdf" => Ok(output(kdf(&[get("input")?], length(get("length")?)?))),
        "sm2-z" => Ok(output(public("public")?.identity_hash(get("id")?)?.to_vec())),
        "sm2-public-key" => Ok(valid(public("public").is_ok())),
        "sm2-verify" => {
            let (public, signature) = (public("public")?, signature()?);
            Ok(valid(public.verify(get("id")?, get("message")?, &signature).is_ok()))
        }
        "sm2-verify-der" => {
            let signature = Signature::from_der(get("signature")?).map_err(|_| Refusal::Invalid)?;
            Ok(valid(public("public")?.verify(get("id")?, get("message")?, &signature).is_ok()))
        }
        "sm2-verify-digest" => {
            let digest = fixed(get("digest")?)?;
            Ok(valid(public("public")?.verify_digest(&digest, &signature()?).is_ok()))
        }
        "sm2-sign" => signed(&mut system()?),
        "sm2-sign-given-k" => signed(&mut Given(fixed(get("k")?)?)),
        "sm2-encrypt" => encrypted(&mut system()?),
        "sm2-encrypt-given-k" => encrypted(&mut Given(fixed(get("k")?)?)),
        "sm2-decrypt" => Ok(output(private("private")?.decrypt(&Ciphertext::from_bytes(get("input")?)?)?)),
        "sm2-decrypt-der" => Ok(output(private("private")?.decrypt(&Ciphertext::from_der(get("input")?)?)?)),
        "sm2-exchange" => {
            let exchange = Exchange {
                role: if get("role")? == [0] { Role::Initiator } else { Role::Responder },
                private: &private("private")?,
                ephemeral: &private("ephemeral")?,
                identifier: get("id")?,
                peer: &public("peer")?,
                peer_ephemeral: &public("peer-ephemeral")?,
                peer_identifier: get("peer-id")?,
            };
            let agreed = exchange.agree(length(get("length")?)?)?;
            let (s1, s2) = (agreed.responder_confirmation.to_vec(), agreed.initiator_confirmation.to_vec());
            Ok(named([("key", agreed.key), ("s1", s1), ("s2", s2)]))
        }
        _ => Err(Refusal::Unsupported),
    }
}

/// Operations of SM4, without their prefix.
fn block(name: &str, fields: &Fields) -> Result<Answer, Refusal> {
    let get = |name: &str| fields.get(name).map(Vec::as_slice).ok_or(Refusal::Invalid);
    let (key, input) = (get("key")?, get("input")?);
    let (mode, direction) = match name.rsplit_once('-') {
        Some((mode, "encrypt")) => (mode, Direction::Encrypt),
        Some((mode, "decrypt")) => (mode, Direction::Decrypt),
        _ => (name, Direction::Encrypt),
    };
    let mut data = input.to_vec();
    match mode {
        "cmac" => return Ok(output(sm4::cmac(key, input)?.to_vec())),
        "cbc-mac" => return Ok(output(sm4::cbc_mac(key, input)?)),
        "ecb" => sm4::ecb(direction, key, &mut data)?,
        "cbc" | "cbc-pkcs7" => {
            let padded = mode == "cbc-pkcs7";
            if padded && direction == Direction::Encrypt {
                let more = 16 - data.len() % 16;
                data.resize(data.len() + more, u8::try_from(more).unwrap_or_default());
            }
            match direction {
                Direction::Encrypt => BlockCipher::Sm4.encrypt_cbc(key, get("iv")?, &mut data)?,
                Direction::Decrypt => BlockCipher::Sm4.decrypt_cbc(key, get("iv")?, &mut data)?,
            }
            if padded && direction == Direction::Decrypt {
                let last = data.last().copied().filter(|last| (1..=16).contains(last)).ok_or(Refusal::Invalid)?;
                let padding = data.split_off(data.len().saturating_sub(last.into()));
                if padding.len() != usize::from(last) || padding.iter().any(|byte| *byte != last) {
                    return Err(Refusal::Invalid);
                }
            }
        }
        "cfb" => sm4::cfb(direction, key, get("iv")?, &mut data)?,
        "ofb" => sm4::ofb(key, get("iv")?, &mut data)?,
        "ctr" => BlockCipher::Sm4.counter_stream(key, get("iv")?)?.apply(&mut data)?,
        "xts-gb" => data = sm4::xts(direction, TweakRule::Gb, key, get("iv")?, input)?,
        "xts-ieee" => data = sm4::xts(direction, TweakRule::Ieee, key, get("iv")?, input)?,
        "gcm" | "ccm" => {
            let algorithm = if mode == "gcm" { AeadAlgorithm::Sm4Gcm } else { AeadAlgorithm::Sm4Ccm };
            let (iv, aad) = (get("iv")?, get("aad")?);
            if iv.is_empty() {
                return Err(Refusal::Invalid);
            }
            // Other lengths are other types in the library; records have none.
            let iv = <[u8; NONCE_LENGTH]>::try_from(iv).map_err(|_| Refusal::Unsupported)?;
            let aead = Aead::new(algorithm, key)?;
            match direction {
                Direction::Encrypt if length(get("length")?)? == TAG_LENGTH => {
                    let mut sealed = aead.seal(&iv, aad, input)?;
                    let tag = sealed.split_off(input.len());
                    return Ok(named([("output", sealed), ("tag", tag)]));
                }
                Direction::Encrypt => return Err(Refusal::Unsupported),
                Direction::Decrypt if get("tag")?.len() == TAG_LENGTH => {
                    data = aead.open(&iv, aad, &[input, get("tag")?].concat())?;
                }
                Direction::Decrypt => return Err(Refusal::Invalid),
            }
        }
        _ => return Err(Refusal::Unsupported),
    }
    Ok(output(data))
}

fn named<const N: usize>(fields: [(&str, Vec<u8>); N]) -> Answer {
    Answer::Ok(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn output(bytes: Vec<u8>) -> Answer {
    named([("output", bytes)])
}

fn fixed(bytes: &[u8]) -> Result<[u8; 32], Refusal> {
    bytes.try_into().map_err(|_| Refusal::Invalid)
}

/// A number of bytes: four bytes, the highest first.
fn length(bytes: &[u8]) -> Result<usize, Refusal> {
    let number = u32::from_be_bytes(bytes.try_into().map_err(|_| Refusal::Invalid)?);
    usize::try_from(number).ok().filter(|length| *length <= LONGEST).ok_or(Refusal::Unsupported)
}

fn system() -> Result<impl CryptoRng, Refusal> {
    // Asked first, because a source that cannot fail is what `dengmi-crypto` takes.
    getrandom::fill(&mut [0]).map_err(|_| Refusal::Unsupported)?;
    Ok(UnwrapErr(getrandom::SysRng))
}

/// The same bytes at each draw: a k from outside.
struct Given([u8; 32]);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.iter_mut().zip(self.0.iter().cycle()).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

impl TryCryptoRng for Given {}
