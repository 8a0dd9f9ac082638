//! What is wrong with a certificate in its place, whoever issued it.

use super::{
    Asked, Layout, Problem, Purpose, ServiceName,
    entry::{Entry, KeyKind},
    signature::Hashed,
};
use dengmi_core::KeyRole;

/// Where a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At the end: a server or a client holds its key. In a pair, for one purpose only.
    End(Option<KeyRole>),
    /// Above others.
    Above,
}

impl Place {
    pub(super) fn role(self) -> Option<KeyRole> {
        match self {
            Place::End(role) => role,
            Place::Above => None,
        }
    }

    /// The place of `entry` at `position` of a list whose first is `first`.
    pub(super) fn of(entry: &Entry, position: usize, first: Option<&Entry>, layout: Layout) -> Place {
        match (layout, position) {
            (Layout::Chain, 0) => Place::End(None),
            (Layout::Pair, 0) => Place::End(Some(KeyRole::Signing)),
            // Self-made pairs often say that they are authorities; the name tells them from the next certificate up.
            (Layout::Pair, 1) if !entry.is_authority || first.is_some_and(|first| first.subject == entry.subject) => {
                Place::End(Some(KeyRole::Encryption))
            }
            (Layout::Loose, _) if !entry.is_authority => Place::End(None),
            _ => Place::Above,
        }
    }
}

/// What is wrong with the two certificates of a pair together (GB/T 38636).
pub(super) fn pair(signing: &Entry, encryption: &Entry) -> Vec<Problem> {
    let found = [
        (signing.key_digest == encryption.key_digest, Problem::SameKeyInBoth),
        (signing.subject != encryption.subject, Problem::PairSubjectsDiffer),
        (signing.issuer != encryption.issuer, Problem::PairIssuersDiffer),
    ];
    those(&found)
}

/// What is wrong with a certificate by itself. The result has no order.
pub(super) fn own(entry: &Entry, place: Place, asked: &Asked<'_>) -> Vec<Problem> {
    let mut found = validity(entry, asked);
    found.extend(key(entry));
    found.extend(those(&[
        (entry.has_unknown_critical_extension, Problem::UnknownCriticalExtension),
        (entry.is_defective(), Problem::EncodingDefective),
        (entry.signature_algorithms_differ, Problem::SignatureAlgorithmsDiffer),
    ]));
    if let Some(signer) = entry.signed.by {
        found.extend(those(&[
            (entry.key_kind == KeyKind::Sm2 && signer != KeyKind::Sm2, Problem::Sm2KeyUnderOtherIssuer),
            (entry.key_kind != KeyKind::Sm2 && signer == KeyKind::Sm2, Problem::OtherKeyUnderSm2Issuer),
        ]));
    }
    if let Place::End(role) = place {
        found.extend(usage(entry, role));
        found.extend(purpose(entry, asked.purpose));
        found.extend(name(entry, asked));
    }
    found
}

/// What is weak about the hash that was signed. Nobody relies on the signature of a given root.
pub(super) fn hash(entry: &Entry) -> Option<Problem> {
    match entry.signed.hash {
        Hashed::Md2OrMd4 => Some(Problem::SignatureHashBroken),
        Hashed::Md5 => Some(Problem::SignatureHashMd5),
        Hashed::Sha1 => Some(Problem::SignatureHashSha1),
        Hashed::Other => None,
    }
}

/// Whether the name that was asked for stands in the certificate.
pub(super) fn is_named(entry: &Entry, name: &ServiceName) -> bool {
    entry.dns_names.iter().any(|presented| name.is_named_by_dns(presented))
        || entry.addresses.iter().any(|presented| name.is_named_by_address(*presented))
}

fn those(table: &[(bool, Problem)]) -> Vec<Problem> {
    table.iter().filter(|(found, _)| *found).map(|(_, problem)| *problem).collect()
}

fn validity(entry: &Entry, asked: &Asked<'_>) -> Vec<Problem> {
    let (Some(from), Some(to)) = (entry.not_before, entry.not_after) else {
        return vec![Problem::ValidityUnreadable];
    };
    those(&[
        (to.date() < asked.on, Problem::Expired),
        (from.date() > asked.on, Problem::NotYetValid),
        (to < from, Problem::ValidityReversed),
    ])
}

fn key(entry: &Entry) -> Vec<Problem> {
    let least = match entry.key_kind {
        KeyKind::Rsa | KeyKind::Dsa => 2048,
        KeyKind::Ecdsa | KeyKind::Sm2 => 256,
        KeyKind::Other => 0,
    };
    let mut found = those(&[
        (entry.key_unreadable, Problem::KeyUnreadable),
        (!entry.key_unreadable && (1..least).contains(&entry.words.key_bits), Problem::KeyTooShort),
    ]);
    if let Some(exponent) = &entry.rsa_exponent {
        let leading_zeros = exponent.iter().take_while(|byte| **byte == 0).count();
        found.extend(match exponent.get(leading_zeros..).unwrap_or_default() {
            [] | [1] => Some(Problem::PublicExponentInvalid),
            [.., last] if last % 2 == 0 => Some(Problem::PublicExponentInvalid),
            // Odd numbers of three bytes begin with 65537.
            [_] | [_, _] => Some(Problem::PublicExponentSmall),
            _ => None,
        });
    }
    found
}

fn usage(entry: &Entry, role: Option<KeyRole>) -> Option<Problem> {
    let Some(usage) = &entry.usage else { return role.map(|_| Problem::KeyUsageMissing) };
    match role {
        Some(KeyRole::Signing) => (!usage.signs).then_some(Problem::KeyUsageDoesNotSign),
        Some(KeyRole::Encryption) => (!usage.encrypts).then_some(Problem::KeyUsageDoesNotEncrypt),
        None => (!usage.signs && !usage.encrypts).then_some(Problem::KeyUsageUnfit),
    }
}

fn purpose(entry: &Entry, purpose: Purpose) -> Option<Problem> {
    let purposes = entry.purposes.as_ref()?;
    match purpose {
        Purpose::Server => (!purposes.server).then_some(Problem::ExtendedKeyUsageNotServer),
        Purpose::Client => (!purposes.client).then_some(Problem::ExtendedKeyUsageNotClient),
        Purpose::Unstated => None,
    }
}

fn name(entry: &Entry, asked: &Asked<'_>) -> Vec<Problem> {
    let serves = entry.purposes.as_ref().is_none_or(|purposes| purposes.server);
    let mut found = those(&[(
        serves && asked.purpose != Purpose::Client && !entry.has_alternative_name,
        Problem::NoSubjectAlternativeName,
    )]);
    if let Some(name) = asked.name
        && !is_named(entry, name)
    {
        let in_common_name = !entry.has_alternative_name
            && entry.common_names.iter().any(|common| match name {
                ServiceName::Dns(_) => name.is_named_by_dns(common),
                ServiceName::Ip(address) => common.parse() == Ok(*address),
            });
        found.push(if in_common_name { Problem::NameOnlyInCommonName } else { Problem::NameNotInCertificate });
    }
    found
}
