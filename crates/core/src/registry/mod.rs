//! What things are: suites, groups, signature schemes, versions, object identifiers, algorithms and the names that
//! libraries give them. Dateless: whether law allows a thing is asked elsewhere.
//!
//! The tables stand in `registry/*.toml` at the root of the repository; `cargo xtask gen` makes `generated.rs` of them.
//! Every row carries its sources and how sure we are. Ids of algorithms (`sm4`, `hmac-sm3`, `rsa-2048`) are those that
//! the law's table of algorithms uses; where law judges by size, it goes by [`AlgorithmEntry::family`] and a key length.

mod constant;
#[rustfmt::skip]
mod generated;

use crate::code::{Group, Scheme, Suite, Version};
use std::{cmp::Ordering, fmt};

/// How sure a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Nobody but the author's memory stands for it: it may never decide anything silently.
    Memory,
    /// One source.
    Single,
    /// Two sources or more that agree.
    Confirmed,
}

impl Confidence {
    /// The word in the data files.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Memory => "memory",
            Confidence::Single => "single",
            Confidence::Confirmed => "confirmed",
        }
    }
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Keys of sources, to be spelled out by [`source`].
    pub source: &'static [&'static str],
    /// How sure the row is.
    pub confidence: Confidence,
    /// A remark, or nothing.
    pub note: &'static str,
}

/// A name under which something is known besides its standard's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The library that uses it (`openssl`, `gnutls`, `tongsuo`, `gmssl`), or nothing for a name in general use.
    pub library: &'static str,
    /// The name.
    pub name: &'static str,
}

/// The protocol that a cipher suite belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// SSL 2.0, with kinds of three bytes.
    Ssl2,
    /// SSL 3.0 to TLS 1.2.
    Tls,
    /// TLS 1.3, where group and signature are chosen apart.
    Tls13,
    /// TLCP (GB/T 38636-2020).
    Tlcp,
    /// Suites of GM/T 0024-2014 that GB/T 38636 dropped: SM1, and SM4 with SHA-1.
    Gmt0024,
    /// Numbers of GmSSL 2 from before the standard.
    PreStandard,
    /// Private numbers, drafts and experiments.
    Private,
    /// A signal in the list of a hello; never chosen.
    Signal,
}

/// How the two sides of a suite come to a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the standards' own words; the others are explained")]
pub enum KeyExchange {
    None,
    /// The secret is encrypted under the server's RSA key.
    Rsa,
    /// Static keys in certificates.
    Dh,
    Dhe,
    DhAnonymous,
    /// Static keys in certificates.
    Ecdh,
    Ecdhe,
    EcdhAnonymous,
    Psk,
    RsaPsk,
    DhePsk,
    EcdhePsk,
    Srp,
    Kerberos,
    Fortezza,
    Gost,
    EccPwd,
    EcJpake,
    /// X25519 with NewHope, an experiment.
    Cecpq1,
    /// ECC of TLCP: the secret is encrypted under the server's SM2 encryption key.
    Sm2Encryption,
    /// ECDHE of TLCP: the SM2 key exchange of GB/T 32918.3.
    Sm2Exchange,
    /// IBC of TLCP: encryption under SM9.
    Sm9Encryption,
    /// IBSDH of TLCP: the SM9 key exchange.
    Sm9Exchange,
    /// TLS 1.3: the suite does not say; the group does.
    Tls13,
}

impl KeyExchange {
    /// Whether yesterday's traffic stays closed when a long-term key is lost; `None` when the suite alone does not tell.
    pub fn forward_secret(self) -> Option<bool> {
        use KeyExchange::*;
        match self {
            Dhe | DhAnonymous | Ecdhe | EcdhAnonymous | DhePsk | EcdhePsk | Srp | EccPwd | EcJpake | Cecpq1
            | Sm2Exchange | Sm9Exchange => Some(true),
            None | Rsa | Dh | Ecdh | Psk | RsaPsk | Kerberos | Fortezza | Sm2Encryption | Sm9Encryption => Some(false),
            Gost | Tls13 => Option::None,
        }
    }

    /// The algorithm that carries it; for most a family whose size the handshake tells. `None` where the suite names none.
    pub fn algorithm(self) -> Option<&'static str> {
        use KeyExchange::*;
        match self {
            Rsa | RsaPsk => Some("rsa"),
            Dh | Dhe | DhAnonymous | DhePsk => Some("dh"),
            Ecdh | Ecdhe | EcdhAnonymous | EcdhePsk => Some("ecdh"),
            Sm2Encryption | Sm2Exchange => Some("sm2"),
            Sm9Encryption | Sm9Exchange => Some("sm9"),
            Gost => Some("gost-r-34.10"),
            Cecpq1 => Some("x25519"),
            None | Psk | Srp | Kerberos | Fortezza | EccPwd | EcJpake | Tls13 => Option::None,
        }
    }
}

/// By what the server of a suite proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the standards' own words; the others are explained")]
pub enum Authentication {
    /// By nothing.
    Anonymous,
    Rsa,
    Dss,
    /// An elliptic-curve certificate, Edwards curves included.
    Ecdsa,
    Sm2,
    Sm9,
    Psk,
    /// SRP without a certificate.
    Srp,
    Kerberos,
    Fortezza,
    Gost,
    Password,
    /// TLS 1.3: the suite does not say; certificate and scheme do.
    Tls13,
}

impl Authentication {
    /// The algorithm that carries it, a family whose size the certificate tells. `None` where the suite names none.
    pub fn algorithm(self) -> Option<&'static str> {
        use Authentication::*;
        match self {
            Rsa => Some("rsa"),
            Dss => Some("dsa"),
            Ecdsa => Some("ecdsa"),
            Sm2 => Some("sm2"),
            Sm9 => Some("sm9"),
            Gost => Some("gost-r-34.10"),
            Anonymous | Psk | Srp | Kerberos | Fortezza | Password | Tls13 => None,
        }
    }
}

/// How a cipher is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the standards' own words; the others are explained")]
pub enum Mode {
    /// No encryption.
    None,
    Stream,
    Cbc,
    Cfb,
    /// Counter mode.
    Ctr,
    /// The counter mode of GOST 28147-89.
    Cnt,
    Gcm,
    Ccm,
    /// CCM with a tag of eight bytes.
    Ccm8,
    /// ChaCha20 with Poly1305.
    Poly1305,
    /// Multilinear Galois mode (RFC 9058).
    Mgm,
    Aegis,
}

impl Mode {
    /// Whether the mode guards integrity too.
    pub fn is_aead(self) -> bool {
        use Mode::*;
        matches!(self, Gcm | Ccm | Ccm8 | Poly1305 | Mgm | Aegis)
    }
}

/// A cipher suite, taken apart by function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteEntry {
    /// The number: two bytes, or the three of an SSL 2.0 kind.
    pub code: u32,
    /// The name in its standard.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [Alias],
    /// The protocol it belongs to.
    pub family: Family,
    /// How the secret is made.
    pub key_exchange: KeyExchange,
    /// How the server is authenticated.
    pub authentication: Authentication,
    /// Whether its keys were weakened for export (RSA and DH of 512 or 1024 bits).
    pub export: bool,
    /// Algorithm id of the cipher; `None`: nothing is encrypted.
    pub encryption: Option<&'static str>,
    /// Bits of the cipher's key.
    pub key_bits: u16,
    /// How the cipher is run.
    pub mode: Mode,
    /// Algorithm id of a separate code for integrity; `None` with an AEAD, or when nothing is guarded.
    pub mac: Option<&'static str>,
    /// Algorithm id of the hash of the key derivation; `None`: that of the protocol version.
    pub prf_hash: Option<&'static str>,
    /// The standards that the registry of numbers names for it: those that define it, or the one that ended it.
    pub standard: &'static str,
    /// Where the row comes from.
    pub origin: Origin,
}

impl SuiteEntry {
    /// The algorithm id that guards integrity: the code's, or the cipher's own with an AEAD.
    pub fn integrity(&self) -> Option<&'static str> {
        if self.mode.is_aead() { self.encryption } else { self.mac }
    }

    /// The name that a library gives it.
    pub fn name_in(&self, library: &str) -> Option<&'static str> {
        self.aliases.iter().find(|alias| alias.library == library).map(|alias| alias.name)
    }
}

/// What a named group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// Diffie-Hellman on an elliptic curve.
    Ecdh,
    /// Diffie-Hellman in a finite field.
    Ffdh,
    /// A key encapsulation alone.
    Kem,
    /// A curve and a key encapsulation together.
    Hybrid,
}

/// A named group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupEntry {
    /// The number.
    pub code: u16,
    /// The name in its standard.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [Alias],
    /// What it is.
    pub kind: GroupKind,
    /// Algorithm ids inside: one, or two of a hybrid. `ecdh` and `dh` are sized by `bits`.
    pub algorithms: &'static [&'static str],
    /// Bits of the field or modulus.
    pub bits: Option<u16>,
    /// Strength in bits; of a hybrid, that of its classical part.
    pub strength: Option<u16>,
    /// The standard that defines it.
    pub standard: &'static str,
    /// Where the row comes from.
    pub origin: Origin,
}

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemeEntry {
    /// The number.
    pub code: u16,
    /// The name in its standard.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [Alias],
    /// Algorithm id of the key: a family whose size the certificate tells. `None`: anonymous.
    pub key: Option<&'static str>,
    /// Algorithm id of the hash; `None`: it is inside the signature, or not named.
    pub hash: Option<&'static str>,
    /// `PKCS1`, `PSS` or nothing.
    pub padding: &'static str,
    /// The group that the scheme binds, or nothing.
    pub curve: &'static str,
    /// The standard that defines it.
    pub standard: &'static str,
    /// Where the row comes from.
    pub origin: Origin,
}

/// A protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionEntry {
    /// The number on the wire.
    pub code: u16,
    /// `TLS 1.2`, `TLCP 1.1`.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [Alias],
    /// `ssl`, `tls`, `dtls` or `tlcp`.
    pub family: &'static str,
    /// The standard that defines it.
    pub standard: &'static str,
    /// Where the row comes from.
    pub origin: Origin,
}

/// What an object identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OidEntry {
    /// In dots.
    pub oid: &'static str,
    /// A short name; two identifiers may share one.
    pub name: &'static str,
    /// `key`, `signature`, `curve`, `hash`, `cipher`, `mac`, `extension`, `purpose`, `attribute`, …
    pub kind: &'static str,
    /// Algorithm ids; none where it names no algorithm, or where sources disagree which.
    pub algorithms: &'static [&'static str],
    /// Bits of a curve's field.
    pub bits: Option<u16>,
    /// Whether public implementations disagree; the note says how. Report it, never choose silently.
    pub conflict: bool,
    /// The standard that defines it.
    pub standard: &'static str,
    /// Where the row comes from.
    pub origin: Origin,
}

/// A strength in bits, as exact as the sources are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A figure.
    Bits(u16),
    /// Less than this.
    Below(u16),
    /// This or more.
    AtLeast(u16),
}

impl Strength {
    /// Whether the strength reaches so many bits; `None` when the bound does not tell.
    pub fn reaches(self, bits: u16) -> Option<bool> {
        match self {
            Strength::Bits(has) => Some(has >= bits),
            Strength::Below(bound) => (bits >= bound).then_some(false),
            Strength::AtLeast(bound) => (bits <= bound).then_some(true),
        }
    }
}

/// A strength and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatedStrength {
    /// The strength.
    pub strength: Strength,
    /// Where it comes from; rows that are sure of a name may be less sure of a strength.
    pub origin: Origin,
}

/// An algorithm, one of its sizes, or a family of sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmEntry {
    /// The id that law and the other tables use: `aes-128`, `hmac-sm3`, `rsa-2048`.
    pub id: &'static str,
    /// The name to print: `AES-128`.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [Alias],
    /// `block cipher`, `stream cipher`, `aead`, `hash`, `mac`, `public key` or `password based`.
    pub kind: &'static str,
    /// What its sizes have in common: `aes`, `rsa`, `elliptic-curve`, `finite-field-dh`, `dsa`.
    pub family: &'static str,
    /// Bits of its key; `None` for a hash or a family.
    pub key_bits: Option<u16>,
    /// Its strength, where a source rates it.
    pub strength: Option<RatedStrength>,
    /// Whether it is an algorithm of Chinese commercial cryptography.
    pub domestic: bool,
    /// The standard that defines it.
    pub standard: &'static str,
    /// Where the row comes from.
    pub origin: Origin,
}

/// A number of GM/T 0006, as the device interfaces of GM/T 0016 and GM/T 0018 use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SgdEntry {
    /// The number.
    pub value: u32,
    /// `SGD_SM4_CBC`.
    pub name: &'static str,
    /// What it numbers.
    pub kind: &'static str,
    /// Algorithm ids.
    pub algorithms: &'static [&'static str],
    /// Whether public implementations disagree; the note says how.
    pub conflict: bool,
    /// Where the row comes from.
    pub origin: Origin,
}

/// A name that a library gives to an SM algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LibraryEntry {
    /// `jca`, `openssl` or `pkcs11`.
    pub library: &'static str,
    /// The name; matched without regard to case.
    pub name: &'static str,
    /// The service, or what it is.
    pub kind: &'static str,
    /// The number, where the name stands for one.
    pub value: Option<u32>,
    /// Algorithm ids.
    pub algorithms: &'static [&'static str],
    /// Where the row comes from.
    pub origin: Origin,
}

/// An SSH algorithm name: those of RFC 4250 and its successors, of OpenSSH, and of GM/T 0129-2023.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshEntry {
    /// The name in a KEXINIT.
    pub name: &'static str,
    /// `kex`, `host key`, `cipher` or `mac`.
    pub kind: &'static str,
    /// Algorithm ids.
    pub algorithms: &'static [&'static str],
    /// Whether the name suggests an SM algorithm and the thing is none.
    pub false_friend: bool,
    /// Where the row comes from.
    pub origin: Origin,
}

/// What a number of IKE numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IkeClass {
    /// IKEv2 transform type 1.
    Encryption2,
    /// IKEv2 transform type 2.
    Prf,
    /// IKEv2 transform type 3.
    Integrity,
    /// IKEv2 transform type 4 and IKEv1 attribute 4.
    KeyExchange,
    /// IKEv1 attribute 1.
    Encryption1,
    /// IKEv1 attribute 2.
    Hash1,
    /// IKEv1 attribute 3.
    Authentication1,
    /// Attribute 1 in the profile of GM/T 0022.
    EncryptionGmt0022,
    /// Attribute 2 in the profile of GM/T 0022.
    HashGmt0022,
    /// Attribute 3 in the profile of GM/T 0022: 10 is not what it is in IKEv1.
    AuthenticationGmt0022,
    /// The asymmetric algorithm of the profile of GM/T 0022.
    AsymmetricGmt0022,
}

impl SshEntry {
    /// Whether it names an algorithm of Chinese commercial cryptography.
    pub fn is_national(&self) -> bool {
        let domestic = |id: &&str| algorithm(id).is_some_and(|entry| entry.domestic);
        !self.false_friend && self.algorithms.iter().any(domestic)
    }
}

/// A value of an IKE attribute or transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IkeEntry {
    /// What it is a number of.
    pub class: IkeClass,
    /// The value.
    pub value: u16,
    /// What it names.
    pub name: &'static str,
    /// Algorithm ids: one for each of `key_bits`, where there are any.
    pub algorithms: &'static [&'static str],
    /// The lengths that a key length attribute may choose; none where there is no such attribute.
    pub key_bits: &'static [u16],
    /// Whether it guards integrity itself.
    pub aead: bool,
    /// Where the row comes from.
    pub origin: Origin,
}

/// Who uses a vendor id of IKE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IkeVendorEntry {
    /// Its first bytes, in lower-case hexadecimal.
    pub prefix: &'static str,
    /// The product, or the document that defines it.
    pub name: &'static str,
    /// Where the row comes from.
    pub origin: Origin,
}

/// The suite of this number.
pub fn suite(suite: Suite) -> Option<&'static SuiteEntry> {
    by_key(generated::SUITES, &u32::from(suite.0), |entry| entry.code)
}

/// The SSL 2.0 kind of this number of three bytes: `0x010080`.
pub fn ssl2_kind(code: u32) -> Option<&'static SuiteEntry> {
    by_key(generated::SSL2_KINDS, &code, |entry| entry.code)
}

/// The suite or SSL 2.0 kind of this name, in whatever library's words, without regard to case.
pub fn suite_named(name: &str) -> Option<&'static SuiteEntry> {
    let row = named(generated::SUITE_NAMES, name)?;
    generated::SUITES.get(row).or_else(|| generated::SSL2_KINDS.get(row.checked_sub(generated::SUITES.len())?))
}

/// All suites, by number.
pub fn suites() -> &'static [SuiteEntry] {
    generated::SUITES
}

/// The suites that a hello of this version may offer, by number, private and early ones with them. None for SSL 2.0, which
/// has [`ssl2_kinds`].
pub fn suites_of(version: Version) -> impl Iterator<Item = &'static SuiteEntry> {
    let families: &[Family] = match version {
        Version::TLCP => &[Family::Tlcp, Family::Gmt0024],
        Version::TLS_1_3 => &[Family::Tls13],
        Version::SSL_3_0 | Version::TLS_1_0 | Version::TLS_1_1 | Version::TLS_1_2 => {
            &[Family::Tls, Family::PreStandard, Family::Private]
        }
        _ => &[],
    };
    generated::SUITES.iter().filter(move |entry| families.contains(&entry.family))
}

/// All kinds of SSL 2.0, by number.
pub fn ssl2_kinds() -> &'static [SuiteEntry] {
    generated::SSL2_KINDS
}

/// The group of this number.
pub fn group(group: Group) -> Option<&'static GroupEntry> {
    by_key(generated::GROUPS, &group.0, |entry| entry.code)
}

/// The group of this name, without regard to case: `secp256r1`, `P-256`, `sm2p256v1`.
pub fn group_named(name: &str) -> Option<&'static GroupEntry> {
    generated::GROUPS.get(named(generated::GROUP_NAMES, name)?)
}

/// All groups, by number.
pub fn groups() -> &'static [GroupEntry] {
    generated::GROUPS
}

/// The signature scheme of this number.
pub fn scheme(scheme: Scheme) -> Option<&'static SchemeEntry> {
    by_key(generated::SCHEMES, &scheme.0, |entry| entry.code)
}

/// The signature scheme of this name, without regard to case.
pub fn scheme_named(name: &str) -> Option<&'static SchemeEntry> {
    generated::SCHEMES.get(named(generated::SCHEME_NAMES, name)?)
}

/// All signature schemes, by number.
pub fn schemes() -> &'static [SchemeEntry] {
    generated::SCHEMES
}

/// The version of this number.
pub fn version(version: Version) -> Option<&'static VersionEntry> {
    by_key(generated::VERSIONS, &version.0, |entry| entry.code)
}

/// The version of this name, without regard to case: `TLS 1.2`, `TLSv1.2`, `NTLS`.
pub fn version_named(name: &str) -> Option<&'static VersionEntry> {
    generated::VERSIONS.get(named(generated::VERSION_NAMES, name)?)
}

/// All versions, by number.
pub fn versions() -> &'static [VersionEntry] {
    generated::VERSIONS
}

/// What an object identifier in dots names.
pub fn oid(dotted: &str) -> Option<&'static OidEntry> {
    by_key(generated::OIDS, &dotted, |entry| entry.oid)
}

/// What an object identifier names, from the contents of its DER (without tag and length).
pub fn oid_der(contents: &[u8]) -> Option<&'static OidEntry> {
    oid(&dotted(contents)?)
}

/// All object identifiers of this name: usually one, two where numbers conflict.
pub fn oids_named(name: &str) -> impl Iterator<Item = &'static OidEntry> {
    generated::OIDS.iter().filter(move |entry| entry.name.eq_ignore_ascii_case(name))
}

/// All object identifiers, in the order of their text.
pub fn oids() -> &'static [OidEntry] {
    generated::OIDS
}

/// An object identifier in dots, from the contents of its DER (X.690 8.19). `None` for contents that are none: empty, cut
/// short, padded, or with a number above 64 bits.
pub fn dotted(contents: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut number: Option<u64> = None;
    for byte in contents {
        // A first byte of 0x80 pads: DER forbids it.
        let before = match number {
            None if *byte == 0x80 => return None,
            None => 0,
            Some(before) => before,
        };
        let next = before.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 != 0 {
            number = Some(next);
            continue;
        }
        number = None;
        if text.is_empty() {
            let first = (next / 40).min(2);
            text = format!("{first}.{}", next - first * 40);
        } else {
            text.push('.');
            text.push_str(&next.to_string());
        }
    }
    (number.is_none() && !text.is_empty()).then_some(text)
}

/// The algorithm of this id or name, without regard to case: `aes-128`, `AES-128`, `ECDSA-P-256`, `SHA1`.
pub fn algorithm(name: &str) -> Option<&'static AlgorithmEntry> {
    generated::ALGORITHMS.get(named(generated::ALGORITHM_NAMES, name)?)
}

/// The size of a family that a key of so many bits counts as: the greatest that is not greater; `None` below them all.
///
/// Families are those of [`AlgorithmEntry::family`]: `rsa`, `dsa`, `finite-field-dh`, `elliptic-curve`.
pub fn sized(family: &str, key_bits: u32) -> Option<&'static AlgorithmEntry> {
    generated::ALGORITHMS
        .iter()
        .filter(|entry| entry.family == family && entry.key_bits.is_some_and(|bits| u32::from(bits) <= key_bits))
        .max_by_key(|entry| entry.key_bits)
}

/// All algorithms, by id.
pub fn algorithms() -> &'static [AlgorithmEntry] {
    generated::ALGORITHMS
}

/// What an SGD number names.
pub fn sgd(value: u32) -> Option<&'static SgdEntry> {
    by_key(generated::SGD, &value, |entry| entry.value)
}

/// The SGD number of this name.
pub fn sgd_named(name: &str) -> Option<&'static SgdEntry> {
    generated::SGD.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// What a library's name stands for: one row for each library and service that uses it.
pub fn library_names(name: &str) -> impl Iterator<Item = &'static LibraryEntry> {
    generated::LIBRARY_NAMES.iter().filter(move |entry| entry.name.eq_ignore_ascii_case(name))
}

/// What an SSH algorithm name stands for; `kind` as in [`SshEntry::kind`].
pub fn ssh_name(kind: &str, name: &str) -> Option<&'static SshEntry> {
    generated::SSH_NAMES.iter().find(|entry| entry.kind == kind && entry.name == name)
}

/// What a number of IKE names.
pub fn ike(class: IkeClass, value: u16) -> Option<&'static IkeEntry> {
    by_key(generated::IKE_ATTRIBUTES, &(class, value), |entry| (entry.class, entry.value))
}

/// All numbers of a class, in their order.
pub fn ike_class(class: IkeClass) -> impl Iterator<Item = &'static IkeEntry> {
    generated::IKE_ATTRIBUTES.iter().filter(move |entry| entry.class == class)
}

/// Who uses a vendor id, given in lower-case hexadecimal.
pub fn ike_vendor(hex: &str) -> Option<&'static IkeVendorEntry> {
    generated::IKE_VENDORS.iter().find(|entry| hex.starts_with(entry.prefix))
}

/// A source spelled out, by the key that [`Origin::source`] has.
pub fn source(key: &str) -> Option<&'static str> {
    by_key(generated::SOURCES, &key, |entry| entry.0).map(|entry| entry.1)
}

/// Whether a number is one of the sixteen that clients send to keep servers tolerant (GREASE, RFC 8701).
pub fn is_grease(code: u16) -> bool {
    let [high, low] = code.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

impl fmt::Display for Suite {
    /// The standard's name, or the number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(formatter, suite(*self).map(|entry| entry.name), self.0)
    }
}

impl fmt::Display for Group {
    /// The standard's name, or the number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(formatter, group(*self).map(|entry| entry.name), self.0)
    }
}

impl fmt::Display for Scheme {
    /// The standard's name, or the number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(formatter, scheme(*self).map(|entry| entry.name), self.0)
    }
}

impl fmt::Display for Version {
    /// The standard's name, or the number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(formatter, version(*self).map(|entry| entry.name), self.0)
    }
}

fn write_name(formatter: &mut fmt::Formatter<'_>, name: Option<&str>, code: u16) -> fmt::Result {
    match name {
        Some(name) => formatter.pad(name),
        None => formatter.pad(&format!("0x{code:04x}")),
    }
}

fn by_key<T, K: Ord>(table: &'static [T], key: &K, of: impl Fn(&'static T) -> K) -> Option<&'static T> {
    table.get(table.binary_search_by(|entry| of(entry).cmp(key)).ok()?)
}

/// The row that a name stands for. Names are kept in the order of their lower-case text.
fn named(table: &'static [(&'static str, usize)], name: &str) -> Option<usize> {
    let found = table.binary_search_by(|(entry, _)| without_case(entry, name)).ok()?;
    table.get(found).map(|(_, row)| *row)
}

fn without_case(left: &str, right: &str) -> Ordering {
    left.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(right.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests;
