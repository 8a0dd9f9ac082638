//! What people call the parts of a session, whoever saw it: a capture or the prober.

use dengmi_core::registry::{self, GroupKind, KeyExchange, SuiteEntry};
use dengmi_core::{Group, Version};

/// `1.2` of `TLS 1.2`.
pub(crate) fn version_number(version: Version) -> String {
    let name = registry::version(version).map_or_else(|| version.number(), |entry| entry.name.into());
    name.rsplit(' ').next().unwrap_or_default().into()
}

/// The words that people use for the key exchange of a suite, which in TLS 1.3 the group decides: without one it was a
/// pre-shared key alone.
pub(crate) fn exchange(entry: &SuiteEntry, group: Option<Group>) -> String {
    let kind = group.and_then(registry::group).map(|entry| entry.kind);
    match (entry.key_exchange, kind) {
        (KeyExchange::Tls13, Some(GroupKind::Hybrid)) => "hybrid ECDHE+ML-KEM".into(),
        (KeyExchange::Tls13, Some(GroupKind::Kem)) => "ML-KEM".into(),
        (KeyExchange::Tls13, Some(GroupKind::Ffdh)) => "DHE".into(),
        (KeyExchange::Tls13, Some(GroupKind::Ecdh)) => "ECDHE".into(),
        (KeyExchange::Tls13, None) => group.map_or_else(|| "PSK".into(), |unknown| unknown.to_string()),
        (KeyExchange::Sm2Encryption, _) => "ECC-SM2".into(),
        (KeyExchange::Sm2Exchange, _) => "ECDHE-SM2".into(),
        (KeyExchange::Sm9Encryption, _) => "IBC-SM9".into(),
        (KeyExchange::Sm9Exchange, _) => "IBSDH-SM9".into(),
        (KeyExchange::DhAnonymous, _) => "DHE-anonymous".into(),
        (KeyExchange::EcdhAnonymous, _) => "ECDHE-anonymous".into(),
        (other, _) => format!("{other:?}").to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_tls_1_3_the_group_names_the_exchange() {
        let told = |suite: &str, group| exchange(registry::suite_named(suite).unwrap(), group);
        let named = |name: &str| registry::group_named(name).map(|entry| Group(entry.code));
        let modern = "TLS_AES_128_GCM_SHA256";
        assert_eq!(told(modern, named("x25519")), "ECDHE");
        assert_eq!(told(modern, named("X25519MLKEM768")), "hybrid ECDHE+ML-KEM");
        assert_eq!(told(modern, None), "PSK");
        assert_eq!(told(modern, Some(Group(u16::MAX))), Group(u16::MAX).to_string());
        assert_eq!(told("ECC_SM4_CBC_SM3", None), "ECC-SM2");
    }
}
