//! What the code points of groups and signature schemes mean to the room `crypto`.

use dengmi_core::{Group, Scheme};
use dengmi_crypto::agreement::AgreementGroup;
use dengmi_crypto::sm2::{DEFAULT_IDENTIFIER, TLS13_IDENTIFIER};
use dengmi_crypto::{Curve, Hash, PublicKey, SignatureScheme};
use dengmi_parse::tls::Dialect;

const GROUPS: [(Group, AgreementGroup); 5] = [
    (Group::X25519, AgreementGroup::X25519),
    (Group::SECP256R1, AgreementGroup::P256),
    (Group::SECP384R1, AgreementGroup::P384),
    (Group::SECP521R1, AgreementGroup::P521),
    (Group::CURVE_SM2, AgreementGroup::Sm2),
];

/// The groups that a key can be agreed on in, as RFC 8446 4.2.7 and RFC 8998 number them.
pub fn groups() -> impl Iterator<Item = Group> {
    GROUPS.iter().map(|(group, _)| *group)
}

pub(crate) fn agreement_group(group: Group) -> Option<AgreementGroup> {
    GROUPS.iter().find(|(code, _)| *code == group).map(|(_, group)| *group)
}

/// Which key a scheme needs, and how it signs; RFC 8446 4.2.3. SM2 has no identifier here: it depends on the
/// protocol.
#[derive(Clone, Copy)]
enum Meaning {
    Signs(SignatureScheme<'static>),
    Sm2,
}

const SCHEMES: &[(Scheme, Meaning)] = {
    use Hash::{Sha1, Sha256, Sha384, Sha512};
    use Meaning::{Signs, Sm2};
    use SignatureScheme::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    &[
        (Scheme::SM2SIG_SM3, Sm2),
        (Scheme::ECDSA_SECP256R1_SHA256, Signs(Ecdsa(Sha256))),
        (Scheme::ECDSA_SECP384R1_SHA384, Signs(Ecdsa(Sha384))),
        (Scheme::ECDSA_SECP521R1_SHA512, Signs(Ecdsa(Sha512))),
        (Scheme::ED25519, Signs(Ed25519)),
        (Scheme::RSA_PSS_RSAE_SHA256, Signs(RsaPss { hash: Sha256, salt_length: 32 })),
        (Scheme::RSA_PSS_RSAE_SHA384, Signs(RsaPss { hash: Sha384, salt_length: 48 })),
        (Scheme::RSA_PSS_RSAE_SHA512, Signs(RsaPss { hash: Sha512, salt_length: 64 })),
        (Scheme::RSA_PSS_PSS_SHA256, Signs(RsaPss { hash: Sha256, salt_length: 32 })),
        (Scheme::RSA_PSS_PSS_SHA384, Signs(RsaPss { hash: Sha384, salt_length: 48 })),
        (Scheme::RSA_PSS_PSS_SHA512, Signs(RsaPss { hash: Sha512, salt_length: 64 })),
        (Scheme::RSA_PKCS1_SHA256, Signs(RsaPkcs1(Sha256))),
        (Scheme::RSA_PKCS1_SHA384, Signs(RsaPkcs1(Sha384))),
        (Scheme::RSA_PKCS1_SHA512, Signs(RsaPkcs1(Sha512))),
        (Scheme::ECDSA_SHA1, Signs(Ecdsa(Sha1))),
        (Scheme::RSA_PKCS1_SHA1, Signs(RsaPkcs1(Sha1))),
        (Scheme::RSA_MD5, Signs(RsaPkcs1(Hash::Md5))),
    ]
};

/// The schemes whose signatures can be checked, stronger ones first, without MD5.
pub fn schemes() -> impl Iterator<Item = Scheme> {
    SCHEMES.iter().map(|(scheme, _)| *scheme).filter(|scheme| *scheme != Scheme::RSA_MD5)
}

/// How `scheme` signs the handshake of TLS 1.3 (`tls13`) or of an earlier version; `None` for schemes that are not
/// computed here.
pub(crate) fn algorithm(scheme: Scheme, tls13: bool) -> Option<SignatureScheme<'static>> {
    let identifier = if tls13 { TLS13_IDENTIFIER } else { DEFAULT_IDENTIFIER };
    SCHEMES.iter().find(|(code, _)| *code == scheme).map(|(_, meaning)| match meaning {
        Meaning::Signs(algorithm) => *algorithm,
        Meaning::Sm2 => SignatureScheme::Sm2 { identifier },
    })
}

/// The first of the peer's schemes that `key` can sign with. TLS 1.3 binds ECDSA to the curve and forbids PKCS#1 v1.5
/// and SHA-1 (RFC 8446 4.2.3).
pub(crate) fn choose(key: &PublicKey, accepted: &[Scheme], tls13: bool) -> Option<Scheme> {
    accepted.iter().copied().find(|scheme| match (key, algorithm(*scheme, tls13)) {
        (PublicKey::Rsa { .. }, Some(SignatureScheme::RsaPss { .. })) => *scheme < Scheme::RSA_PSS_PSS_SHA256,
        (PublicKey::Rsa { .. }, Some(SignatureScheme::RsaPkcs1(hash))) => !tls13 && hash != Hash::Md5,
        (PublicKey::EllipticCurve { curve: Curve::Sm2, .. }, Some(SignatureScheme::Sm2 { .. })) => true,
        (PublicKey::EllipticCurve { curve, .. }, Some(SignatureScheme::Ecdsa(hash))) => match (curve, hash) {
            (Curve::P256, Hash::Sha256) | (Curve::P384, Hash::Sha384) | (Curve::P521, Hash::Sha512) => true,
            (Curve::P256 | Curve::P384 | Curve::P521, _) => !tls13,
            _ => false,
        },
        (PublicKey::Ed25519(_), Some(SignatureScheme::Ed25519)) => true,
        _ => false,
    })
}

/// The scheme that ServerKeyExchange and CertificateVerify of a dialect use when they name none.
pub(crate) fn unnamed(dialect: Dialect) -> Option<Scheme> {
    (dialect == Dialect::Tlcp).then_some(Scheme::SM2SIG_SM3)
}
