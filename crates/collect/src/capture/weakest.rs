//! The weakest of what a service used, by the strengths that the registry has: what things are, never what a law thinks of
//! them.

use super::emit::Service;
use dengmi_core::registry::{self, AlgorithmEntry, Strength};
use dengmi_core::{Certificate, Group, Suite, Version};

/// What a use of the TLS family had, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Numbers {
    /// The version.
    pub version: Option<Version>,
    /// The suite.
    pub suite: Option<Suite>,
    /// The group.
    pub group: Option<Group>,
    /// Bits of the prime of DHE.
    pub dh_bits: Option<u16>,
}

/// The key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyStrength {
    /// In bits of a symmetric key; 0 where nobody rates it.
    pub bits: u16,
    /// `RSA 2048`, `ECDSA secp256r1`, `SM2`.
    pub name: Box<str>,
}

/// The weakest version, suite, group and key of a certificate; of each, whatever else came with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weakest {
    /// The version.
    pub version: Option<Version>,
    /// The suite.
    pub suite: Option<Suite>,
    /// The group, or the prime of DHE by its bits.
    pub group: Option<Box<str>>,
    /// The key of a certificate that a server showed.
    pub key: Option<Box<str>>,
}

/// The weakest of these uses, which are those of one service.
pub fn weakest<'s>(uses: impl Iterator<Item = &'s Service> + Clone) -> Weakest {
    let numbers = uses.clone().map(|service| service.numbers);
    let group = |numbers: Numbers| match (numbers.group, numbers.dh_bits) {
        (Some(group), _) => Some((of_group(group), group.to_string().into())),
        (None, Some(bits)) => Some((sized("finite-field-dh", bits.into()), format!("DHE {bits}").into())),
        (None, None) => None,
    };
    Weakest {
        version: numbers.clone().filter_map(|numbers| numbers.version).min_by_key(|version| order(*version)),
        suite: numbers.clone().filter_map(|numbers| numbers.suite).min_by_key(|suite| of_suite(*suite)),
        group: numbers.filter_map(group).min().map(|(_, name): (_, Box<str>)| name),
        key: uses.filter_map(|service| service.key.as_ref()).min().map(|key| key.name.clone()),
    }
}

/// TLCP has one version, which is younger than all of TLS it stands beside.
fn order(version: Version) -> Version {
    if version == Version::TLCP { Version::TLS_1_2 } else { version.over_streams() }
}

/// Strength of the encryption; then whether lost keys open it, and whether the mode guards integrity.
fn of_suite(suite: Suite) -> (u16, bool, bool, Suite) {
    let Some(entry) = registry::suite(suite) else { return (u16::MAX, true, true, suite) };
    let encryption = entry.encryption.map_or(0, |id| registry::algorithm(id).map_or(u16::MAX, strength));
    (encryption, entry.key_exchange.forward_secret().unwrap_or(true), entry.mode.is_aead(), suite)
}

fn of_group(group: Group) -> u16 {
    registry::group(group).and_then(|entry| entry.strength.or(entry.bits)).unwrap_or(u16::MAX)
}

/// A strength as a number; where nobody rates an algorithm, the bits of its key.
fn strength(entry: &AlgorithmEntry) -> u16 {
    match entry.strength.map(|rated| rated.strength) {
        Some(Strength::Bits(bits) | Strength::AtLeast(bits)) => bits,
        Some(Strength::Below(bits)) => bits.saturating_sub(1),
        None => entry.key_bits.unwrap_or(u16::MAX),
    }
}

fn sized(family: &str, bits: u32) -> u16 {
    // Below the smallest size that is rated a key counts by itself.
    registry::sized(family, bits).map_or(0, strength)
}

/// The strength of a certificate's key.
pub(super) fn of_key(certificate: &Certificate) -> KeyStrength {
    let (algorithm, bits) = (&*certificate.key_alg, certificate.key_bits);
    let rated = match (algorithm, &certificate.curve) {
        ("RSA", _) => sized("rsa", bits),
        ("DSA", _) => sized("dsa", bits),
        (_, Some(curve)) => {
            registry::group_named(curve).and_then(|group| group.strength).unwrap_or(bits_of_curve(bits))
        }
        (_, None) => bits_of_curve(bits),
    };
    let name = match (algorithm, &certificate.curve) {
        ("SM2", _) => "SM2".into(),
        (_, Some(curve)) => format!("{algorithm} {curve}").into(),
        ("RSA" | "DSA", None) => format!("{algorithm} {bits}").into(),
        (_, None) => algorithm.into(),
    };
    KeyStrength { bits: rated, name }
}

/// Curves are half as strong as they are long (NIST SP 800-57 part 1, 5.6.1.1).
fn bits_of_curve(bits: u32) -> u16 {
    u16::try_from(bits / 2).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(
        version: Version,
        suite: Suite,
        group: Option<Group>,
        dh_bits: Option<u16>,
        key: &[(&str, u32)],
    ) -> Service {
        let keys = key.iter().map(|(algorithm, bits)| {
            let curve = (*algorithm == "ECDSA").then(|| "secp256r1".into());
            of_key(&Certificate { key_alg: (*algorithm).into(), key_bits: *bits, curve, ..Certificate::default() })
        });
        Service {
            numbers: Numbers { version: Some(version), suite: Some(suite), group, dh_bits },
            key: keys.min(),
            ..Service::default()
        }
    }

    #[test]
    fn the_weakest_of_each_kind_counts_wherever_it_was_used() {
        let uses = [
            service(Version::TLS_1_3, Suite::TLS_AES_256_GCM_SHA384, Some(Group::X25519), None, &[("ECDSA", 256)]),
            service(Version::TLCP, Suite::ECC_SM4_GCM_SM3, None, None, &[("SM2", 256), ("RSA", 2048)]),
            service(Version::TLS_1_0, Suite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, Some(Group::SECP384R1), None, &[]),
            service(Version::TLS_1_2, Suite::TLS_RSA_WITH_3DES_EDE_CBC_SHA, None, None, &[("RSA", 3072)]),
        ];
        let all = weakest(uses.iter());
        assert_eq!((all.version, all.suite), (Some(Version::TLS_1_0), Some(Suite::TLS_RSA_WITH_3DES_EDE_CBC_SHA)));
        assert_eq!((all.group.as_deref(), all.key.as_deref()), (Some("x25519"), Some("RSA 2048")));
        let prime = service(Version::TLS_1_2, Suite(0x0033), None, Some(1024), &[("RSA", 1024)]);
        let all = weakest(uses.iter().chain([&prime]));
        assert_eq!((all.group.as_deref(), all.key.as_deref()), (Some("DHE 1024"), Some("RSA 1024")));
        // No encryption is the weakest, an unknown number never is.
        let plain = service(Version::TLS_1_2, Suite(0x003b), None, None, &[]);
        let unknown = service(Version::TLS_1_2, Suite(0xfafa), None, None, &[]);
        assert_eq!(weakest([&unknown, &uses[1], &plain].into_iter()).suite, Some(Suite(0x003b)));
        assert_eq!(weakest([&unknown, &uses[1]].into_iter()).suite, Some(Suite::ECC_SM4_GCM_SM3));
        assert_eq!(weakest([&uses[1]].into_iter()).version, Some(Version::TLCP));
        assert_eq!(weakest([].into_iter()), Weakest::default());
    }
}
