//! Values that an offer holds: which there are, which are usual, and what they are called.

use dengmi_core::registry::{self, IkeClass, IkeEntry};
use dengmi_core::{IkeKind, IkeTransform};
use std::collections::BTreeMap;

/// One value of a kind: the number and, where it has several, the length of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Choice {
    /// The number on the wire.
    pub number: u16,
    /// The key length in bits.
    pub key_bits: Option<u16>,
}

/// One value of each kind.
pub type Combination = BTreeMap<IkeKind, Choice>;

/// Several values of each kind.
pub type Lists = BTreeMap<IkeKind, Vec<Choice>>;

/// Whose numbers are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// IKEv2.
    Version2,
    /// The profile of GM/T 0022 and GB/T 36968.
    Gmt0022,
    /// IKEv1.
    Version1,
}

impl Dialect {
    pub(super) fn class(self, kind: IkeKind) -> Option<IkeClass> {
        use IkeKind as K;
        Some(match (self, kind) {
            (_, K::Group) => IkeClass::KeyExchange,
            (Dialect::Version2, K::Encryption) => IkeClass::Encryption2,
            (Dialect::Version2, K::Prf) => IkeClass::Prf,
            (Dialect::Version2, K::Integrity) => IkeClass::Integrity,
            (Dialect::Version1, K::Encryption) => IkeClass::Encryption1,
            (Dialect::Version1, K::Hash) => IkeClass::Hash1,
            (Dialect::Version1, K::Authentication) => IkeClass::Authentication1,
            (Dialect::Gmt0022, K::Encryption) => IkeClass::EncryptionGmt0022,
            (Dialect::Gmt0022, K::Hash) => IkeClass::HashGmt0022,
            (Dialect::Gmt0022, K::Authentication) => IkeClass::AuthenticationGmt0022,
            (Dialect::Gmt0022, K::Asymmetric) => IkeClass::AsymmetricGmt0022,
            _ => return None,
        })
    }

    /// The value with its name.
    pub fn transform(self, kind: IkeKind, choice: Choice) -> IkeTransform {
        let entry = self.class(kind).and_then(|class| registry::ike(class, choice.number));
        let name = entry.map_or_else(|| choice.number.to_string().into(), |entry| entry.name.into());
        IkeTransform { number: choice.number, key_bits: choice.key_bits, name }
    }

    /// All values of a kind that the registry knows and that have a meaning here.
    pub(super) fn all(self, kind: IkeKind, keep: impl Fn(&IkeEntry) -> bool) -> Vec<Choice> {
        let fits = |entry: &&IkeEntry| match (kind, self) {
            (IkeKind::Group, Dialect::Version2) => !group::OLD_BINARY.contains(&entry.value),
            (IkeKind::Group, _) => entry.value <= group::LAST_OF_VERSION_1,
            _ => true,
        };
        let entries = self.class(kind).into_iter().flat_map(registry::ike_class).filter(fits);
        entries.filter(|entry| keep(entry)).flat_map(of_entry).collect()
    }
}

fn of_entry(entry: &IkeEntry) -> Vec<Choice> {
    match entry.key_bits {
        [] => vec![Choice { number: entry.value, key_bits: None }],
        lengths => lengths.iter().map(|bits| Choice { number: entry.value, key_bits: Some(*bits) }).collect(),
    }
}

/// Key exchange methods that are spoken of by number.
pub(super) mod group {
    pub(crate) const MODP_768: u16 = 1;
    pub(crate) const MODP_1024: u16 = 2;
    pub(crate) const MODP_1536: u16 = 5;
    pub(crate) const MODP_2048: u16 = 14;
    pub(crate) const MODP_3072: u16 = 15;
    pub(crate) const MODP_4096: u16 = 16;
    pub(crate) const MODP_6144: u16 = 17;
    pub(crate) const MODP_8192: u16 = 18;
    pub(crate) const P_256: u16 = 19;
    pub(crate) const P_384: u16 = 20;
    pub(crate) const P_521: u16 = 21;
    pub(crate) const MODP_1024_160: u16 = 22;
    pub(crate) const MODP_2048_224: u16 = 23;
    pub(crate) const MODP_2048_256: u16 = 24;
    pub(crate) const P_192: u16 = 25;
    pub(crate) const P_224: u16 = 26;
    pub(crate) const BRAINPOOL_224: u16 = 27;
    pub(crate) const BRAINPOOL_256: u16 = 28;
    pub(crate) const BRAINPOOL_384: u16 = 29;
    pub(crate) const BRAINPOOL_512: u16 = 30;
    pub(crate) const CURVE_25519: u16 = 31;
    pub(crate) const CURVE_448: u16 = 32;
    pub(crate) const GOST_256: u16 = 33;
    pub(crate) const GOST_512: u16 = 34;
    pub(crate) const ML_KEM_512: u16 = 35;
    pub(crate) const ML_KEM_768: u16 = 36;
    pub(crate) const ML_KEM_1024: u16 = 37;
    /// Groups over binary fields, which IKEv2 does not have (RFC 2409 6.3, 6.4).
    pub(crate) const OLD_BINARY: [u16; 2] = [3, 4];
    /// What was added later was added to IKEv2 alone.
    pub(crate) const LAST_OF_VERSION_1: u16 = 30;
}

/// Values of IKEv1 that real policies are made of. With each of the others, all of these are tried.
pub(super) fn usual(kind: IkeKind, choice: Choice) -> bool {
    // 3DES, DES and AES; MD5, SHA-1 and SHA2-256; pre-shared keys and RSA signatures.
    match kind {
        IkeKind::Encryption => matches!((choice.number, choice.key_bits), (1 | 5, _) | (7, Some(128 | 256))),
        IkeKind::Hash => matches!(choice.number, 1 | 2 | 4),
        IkeKind::Authentication => matches!(choice.number, 1 | 3),
        IkeKind::Group => {
            [group::MODP_768, group::MODP_1024, group::MODP_1536, group::MODP_2048].contains(&choice.number)
        }
        _ => true,
    }
}
