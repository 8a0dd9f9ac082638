//! One link of a chain: did the key of an issuer sign a certificate?

use super::entry::{Entry, KeyKind};
use dengmi_core::{Sha256Digest, registry};
use dengmi_crypto::{Hash, SignatureScheme, VerifyError, signature, sm2::DEFAULT_IDENTIFIER};
use dengmi_parse::certificate::Algorithm;
use std::collections::HashMap;

/// How a certificate says that it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// The kind of key that signed; `None` when the algorithm is not known.
    pub(super) by: Option<KeyKind>,
    /// What is known of the hash.
    pub(super) hash: Hashed,
    /// How it is checked.
    scheme: Scheme,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Plain(SignatureScheme<'static>),
    /// SM2 with SM3; the identifier of the signer is not in the certificate.
    Sm2,
    /// Not computed here.
    Unknown,
}

/// The hash under a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashed {
    Md2OrMd4,
    Md5,
    Sha1,
    /// Any other, or none that is known.
    Other,
}

/// What the algorithm beside a signature says.
pub(super) fn signed(algorithm: &Algorithm<'_>) -> Signed {
    let oid = algorithm.oid.to_string();
    let pss = (oid == "1.2.840.113549.1.1.10").then(|| pss_parameters(algorithm.parameters)).flatten();
    let named = registry::oid(&oid).map_or(&[][..], |row| row.algorithms);
    let has = |id: &str| named.contains(&id);
    let hash = match pss {
        Some((hash, _)) => Some(hash),
        None => HASHES.iter().find(|(id, _)| has(id)).map(|(_, hash)| *hash),
    };
    let kinds = [
        ("rsa", KeyKind::Rsa),
        ("dsa", KeyKind::Dsa),
        ("ecdsa", KeyKind::Ecdsa),
        ("sm2", KeyKind::Sm2),
        ("ed25519", KeyKind::Other),
        ("ed448", KeyKind::Other),
    ];
    let by = kinds.iter().find(|(id, _)| has(id)).map(|(_, kind)| *kind);
    let scheme = match (by, hash) {
        (Some(KeyKind::Rsa), Some(hash)) => match pss {
            Some((hash, salt_length)) => Scheme::Plain(SignatureScheme::RsaPss { hash, salt_length }),
            None => Scheme::Plain(SignatureScheme::RsaPkcs1(hash)),
        },
        (Some(KeyKind::Ecdsa), Some(hash)) => Scheme::Plain(SignatureScheme::Ecdsa(hash)),
        (Some(KeyKind::Sm2), Some(Hash::Sm3)) => Scheme::Sm2,
        _ if has("ed25519") => Scheme::Plain(SignatureScheme::Ed25519),
        _ => Scheme::Unknown,
    };
    let hash = match hash {
        Some(Hash::Md5) => Hashed::Md5,
        Some(Hash::Sha1) => Hashed::Sha1,
        _ if has("md2") || has("md4") => Hashed::Md2OrMd4,
        _ => Hashed::Other,
    };
    Signed { by, hash, scheme }
}

/// Hashes by their id in the registry.
const HASHES: &[(&str, Hash)] = &[
    ("md5", Hash::Md5),
    ("sha-1", Hash::Sha1),
    ("sha-256", Hash::Sha256),
    ("sha-384", Hash::Sha384),
    ("sha-512", Hash::Sha512),
    ("sm3", Hash::Sm3),
];

/// Hash and length of the salt from the parameters of RSASSA-PSS (RFC 8017 A.2.3). `None` when they cannot be read, or
/// when the mask is made with another hash: not computed here.
fn pss_parameters(der: &[u8]) -> Option<(Hash, usize)> {
    let (0x30, fields, []) = element(der)? else { return None };
    let (mut hash, mut mask_hash, mut salt_length) = (Hash::Sha1, Hash::Sha1, 20);
    let mut rest = fields;
    while !rest.is_empty() {
        let (tag, contents, behind) = element(rest)?;
        rest = behind;
        match tag {
            0xa0 => hash = hash_algorithm(contents)?,
            0xa1 => {
                let (0x30, fields, _) = element(contents)? else { return None };
                let (0x06, MGF1, parameters) = element(fields)? else { return None };
                mask_hash = hash_algorithm(parameters)?;
            }
            0xa2 => {
                let (0x02, number, _) = element(contents)? else { return None };
                salt_length = match number {
                    [one @ 0..0x80] => usize::from(*one),
                    [high @ 0..0x80, low] => usize::from(*high) << 8 | usize::from(*low),
                    _ => return None,
                };
            }
            0xa3 => {}
            _ => return None,
        }
    }
    (hash == mask_hash).then_some((hash, salt_length))
}

/// 1.2.840.113549.1.1.8
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];

fn hash_algorithm(der: &[u8]) -> Option<Hash> {
    let (0x30, fields, _) = element(der)? else { return None };
    let (0x06, oid, _) = element(fields)? else { return None };
    let named = registry::oid_der(oid)?.algorithms;
    HASHES.iter().find(|(id, _)| named == [*id]).map(|(_, hash)| *hash)
}

/// Tag and contents of the element at the start, and what stands behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    // Nothing in these parameters is longer than 127 bytes.
    let (&length @ 0..0x80, rest) = rest.split_first()? else { return None };
    let (contents, behind) = rest.split_at_checked(usize::from(length))?;
    Some((*tag, contents, behind))
}

/// What a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// The key made the signature.
    Holds,
    /// The key made it under the other SM2 identifier of this number.
    HoldsWithOther(usize),
    /// The key did not make it.
    Wrong,
    /// Nobody here can tell.
    NotChecked,
}

/// Checks links, each pair of certificate and key once.
#[derive(Debug)]
pub(super) struct Links {
    other_ids: Vec<Box<[u8]>>,
    known: HashMap<(Sha256Digest, Sha256Digest), Link>,
}

/// Links that are remembered; some 100 bytes each.
const REMEMBERED: usize = 16_384;

impl Links {
    pub(super) fn new(other_ids: Vec<Box<[u8]>>) -> Links {
        Links { other_ids, known: HashMap::new() }
    }

    pub(super) fn other_id(&self, number: usize) -> Option<&[u8]> {
        self.other_ids.get(number).map(|id| &**id)
    }

    /// The link from `below` to the key of `above`, or `None` when it is not known and `budget`, the checks that may
    /// still be made, is used up.
    pub(super) fn between(&mut self, below: &Entry, above: &Entry, budget: &mut usize) -> Option<Link> {
        let pair = (below.digest, above.key_digest);
        if let Some(link) = self.known.get(&pair) {
            return Some(*link);
        }
        *budget = budget.checked_sub(1)?;
        let link = self.check(below, above);
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(pair, link);
        Some(link)
    }

    fn check(&self, below: &Entry, above: &Entry) -> Link {
        let Some(key) = &above.key else { return Link::NotChecked };
        let verify = |scheme| signature::verify(key, scheme, &below.signed_part, &below.signature);
        match below.signed.scheme {
            // It is not the signature that the signed part names (RFC 5280 4.1.1.2).
            _ if below.signature_algorithms_differ => Link::Wrong,
            Scheme::Unknown => Link::NotChecked,
            Scheme::Plain(scheme) => judged(verify(scheme)),
            Scheme::Sm2 => {
                let with = |identifier| judged(verify(SignatureScheme::Sm2 { identifier }));
                match with(DEFAULT_IDENTIFIER) {
                    Link::Wrong => self
                        .other_ids
                        .iter()
                        .position(|id| with(id) == Link::Holds)
                        .map_or(Link::Wrong, Link::HoldsWithOther),
                    link => link,
                }
            }
        }
    }
}

fn judged(checked: Result<(), VerifyError>) -> Link {
    match checked {
        Ok(()) => Link::Holds,
        // No key makes a malformed signature, and no signature is made by a malformed key.
        Err(VerifyError::Wrong | VerifyError::Malformed) => Link::Wrong,
        Err(VerifyError::Unsupported) => Link::NotChecked,
    }
}
