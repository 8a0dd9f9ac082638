//! What the code points of groups and signature schemes mean to the room `crypto`.

use dengmi_core::{Group, Scheme};
use dengmi_crypto::agreement::AgreementGroup;
use dengmi_crypto::sm2::{DEFAULT_IDENTIFIER, TLS13_IDENTIFIER};
use dengmi_crypto::{Curve, Hash, PublicKey, SignatureScheme};
use dengmi_parse::tls::Dialect;

/// curveSM2, RFC 8998 and GB/T 38636-2020.
pub const CURVE_SM2: Group = Group(0x0029);

/// sm2sig_sm3, RFC 8998.
pub const SM2SIG_SM3: Scheme = Scheme(0x0708);

const GROUPS: [(Group, AgreementGroup); 5] = [
    (Group(0x001d), AgreementGroup::X25519),
    (Group(0x0017), AgreementGroup::P256),
    (Group(0x0018), AgreementGroup::P384),
    (Group(0x0019), AgreementGroup::P521),
    (CURVE_SM2, AgreementGroup::Sm2),
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

const SCHEMES: &[(u16, Meaning)] = {
    use Hash::{Sha1, Sha256, Sha384, Sha512};
    use Meaning::{Signs, Sm2};
    use SignatureScheme::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    &[
        (0x0708, Sm2),
        (0x0403, Signs(Ecdsa(Sha256))),
        (0x0503, Signs(Ecdsa(Sha384))),
        (0x0603, Signs(Ecdsa(Sha512))),
        (0x0807, Signs(Ed25519)),
        (0x0804, Signs(RsaPss { hash: Sha256, salt_length: 32 })),
        (0x0805, Signs(RsaPss { hash: Sha384, salt_length: 48 })),
        (0x0806, Signs(RsaPss { hash: Sha512, salt_length: 64 })),
        (0x0809, Signs(RsaPss { hash: Sha256, salt_length: 32 })),
        (0x080a, Signs(RsaPss { hash: Sha384, salt_length: 48 })),
        (0x080b, Signs(RsaPss { hash: Sha512, salt_length: 64 })),
        (0x0401, Signs(RsaPkcs1(Sha256))),
        (0x0501, Signs(RsaPkcs1(Sha384))),
        (0x0601, Signs(RsaPkcs1(Sha512))),
        (0x0203, Signs(Ecdsa(Sha1))),
        (0x0201, Signs(RsaPkcs1(Sha1))),
        (0x0101, Signs(RsaPkcs1(Hash::Md5))),
    ]
};

/// The schemes whose signatures can be checked, stronger ones first, without MD5.
pub fn schemes() -> impl Iterator<Item = Scheme> {
    SCHEMES.iter().map(|(code, _)| Scheme(*code)).filter(|scheme| scheme.0 != 0x0101)
}

/// How `scheme` signs the handshake of TLS 1.3 (`tls13`) or of an earlier version; `None` for schemes that are not
/// computed here.
pub(crate) fn algorithm(scheme: Scheme, tls13: bool) -> Option<SignatureScheme<'static>> {
    let identifier = if tls13 { TLS13_IDENTIFIER } else { DEFAULT_IDENTIFIER };
    SCHEMES.iter().find(|(code, _)| *code == scheme.0).map(|(_, meaning)| match meaning {
        Meaning::Signs(algorithm) => *algorithm,
        Meaning::Sm2 => SignatureScheme::Sm2 { identifier },
    })
}

/// The first of the peer's schemes that `key` can sign with. TLS 1.3 binds ECDSA to the curve and forbids PKCS#1 v1.5
/// and SHA-1 (RFC 8446 4.2.3).
pub(crate) fn choose(key: &PublicKey, accepted: &[Scheme], tls13: bool) -> Option<Scheme> {
    accepted.iter().copied().find(|scheme| match (key, algorithm(*scheme, tls13)) {
        (PublicKey::Rsa { .. }, Some(SignatureScheme::RsaPss { .. })) => scheme.0 < 0x0809,
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
    (dialect == Dialect::Tlcp).then_some(SM2SIG_SM3)
}
