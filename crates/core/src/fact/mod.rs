//! What an observation can say. Closed, so that a new kind asks every predicate a question.

mod features;
mod ike;
mod quic;
mod random;
mod ssh;
mod upgraded;
mod web;
mod wireless;

pub use features::Features;
pub use ike::{IkeAccepts, IkeKind, IkeTransform, IkeVendor};
pub use quic::QuicAccepts;
pub use random::{RandomBytes, RandomStatistic, RandomTests};
pub use ssh::{GroupExchange, SshAccepts, SshDirections, SshHostKey, SshLists};
pub use upgraded::Upgraded;
pub use web::WebPage;
pub use wireless::WirelessNetwork;

use crate::{Date, Group, IndicatorId, Method, Scheme, Sha256Digest, Suite, UtcDateTime, Version, canonical, date};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A field of a session: seen, positively absent (`null`), or hidden (no key; the reason stands in `hidden`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// The value was on the wire.
    Seen(T),
    /// The wire says that there is none.
    Absent,
    /// It cannot be seen from here.
    #[default]
    Hidden,
}

impl<T> Field<T> {
    /// The value, when it was seen.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Field::Seen(value) => Some(value),
            Field::Absent | Field::Hidden => None,
        }
    }

    /// Whether nothing is known about it.
    pub fn is_hidden(&self) -> bool {
        matches!(self, Field::Hidden)
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Field::Hidden, Field::Seen)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.seen().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Field::Absent, Field::Seen))
    }
}

/// Which family a session belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// SSL 2.0 to TLS 1.3.
    Tls,
    /// TLCP (GB/T 38636-2020).
    Tlcp,
    /// SSH 1 and 2.
    Ssh,
    /// IKEv1 and IKEv2.
    Ike,
    /// QUIC.
    Quic,
    /// WAPI (GB 15629.11).
    Wapi,
    /// Something that is there to protect what it carries, told by its name alone: WireGuard, OpenVPN, ESP in UDP and others.
    Named,
    /// Something in clear.
    Plain,
}

/// How a handshake ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completion {
    /// Both Finished were seen, or their protected records.
    Complete,
    /// It was broken off, by whichever side.
    Failed,
    /// There is none: a protocol in clear.
    None,
    /// The observation ends before the handshake does.
    #[default]
    Unfinished,
}

/// One session as it was on the wire. The keys are those of the session kinds of an observation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is the wire's own word; the struct says the rest")]
pub struct Session {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Box<str>>,
    /// TLS, TLCP, SSH, HTTP …: the name people use.
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub protocol: Field<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub version: Field<Box<str>>,
    /// The version of the first record that the server sent, or the client where only that was seen; TLS 1.3 as chosen.
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub wire_version: Field<Version>,
    /// The highest version that was offered, where none was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered_version: Option<Version>,
    /// QUIC: the version of TLS inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_version: Option<Box<str>>,
    /// What went before TLS on the same connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starttls: Option<Box<str>>,
    /// The standard's name of the suite.
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub cipher_suite: Field<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub cipher_suite_code: Field<Suite>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub key_exchange: Field<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub group: Field<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub group_code: Field<Group>,
    /// Bits of the prime of a DHE exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dh_bits: Option<u32>,
    /// Whether the group resists quantum computers, alone or beside another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_quantum: Option<bool>,
    /// Whether recorded traffic stays closed when a long-term key is lost.
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub forward_secret: Field<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hello_retry_request: Option<bool>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub signature: Field<Box<str>>,
    /// Whether the server's key made the signature of the key exchange over this very exchange; `null`: it is not signed.
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub signature_holds: Field<bool>,
    /// SSH: the algorithm that signed the key exchange. So for the next three, of the server's direction.
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub host_key_alg: Field<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub cipher: Field<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub mac: Field<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub compression: Field<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub certificate: Field<Vec<Certificate>>,
    /// Whether the protocol sends certificates where they can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates_visible: Option<bool>,
    /// How whoever logged in proved who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub client_auth: Field<bool>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub resumed: Field<bool>,
    pub handshake: Completion,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub encrypted: Field<bool>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub sni: Field<Box<str>>,
    /// The protocol chosen by ALPN.
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub alpn: Field<Box<str>>,
    /// Fingerprint of the client's hello: MD5 of what it offers, in its order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ja3: Option<Box<str>>,
    /// The same of the server's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ja3s: Option<Box<str>>,
    /// Fingerprint of the client's hello that does not depend on the order of what it offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ja4: Option<Box<str>>,
    #[serde(skip_serializing_if = "Field::is_hidden")]
    pub app_protocol: Field<Box<str>>,
    /// `key log`: application data was opened with secrets that the client under test wrote down. What is said of it was
    /// encrypted on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_with: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ike_encryption: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ike_prf: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ike_integrity: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ike_group: Option<Box<str>>,
    /// What could be read in clear, or of what was opened, by kind, personal data masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contains: Vec<Box<str>>,
    /// How many sessions of a capture differ in nothing but the client and the time, where this one stands for them; it was
    /// the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alike: Option<u64>,
    /// Why a field has no key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hidden: BTreeMap<Box<str>, Box<str>>,
}

/// How far "not in the list" means "not accepted".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// Some members were never asked, or an answer was lost.
    Partly,
    /// Every code point that the registry knows for this version.
    Registry,
    /// All 65,536.
    EveryCodePoint,
}

/// Whose order of preference a server follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The server's own: the list stands in that order.
    Servers,
    /// The client's: the order of the list is that of the offer.
    Clients,
    /// Not asked.
    NotTried,
}

/// What one version of one endpoint accepts, and how far it was asked. One fact, however long the lists.
/// Reach [`Absent`](crate::Reach::Absent) means that the version itself is rejected by a positive sign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepts {
    /// TLS or TLCP.
    pub protocol: Protocol,
    /// The version on the wire.
    pub version: Version,
    /// Suites, in the server's order where `order` says so.
    pub suites: Vec<Suite>,
    /// Their standard's names, in the same order, for readers without a registry.
    pub suite_names: Vec<Box<str>>,
    /// Named groups.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Signature schemes.
    #[serde(default)]
    pub schemes: Vec<Scheme>,
    /// How far suites were asked.
    pub asked: Asked,
    /// Whose order it is.
    pub order: Order,
    /// The alert or ending that rejected what was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Box<str>>,
}

/// What a probe asked of one endpoint in all. `complete` says that "the weakest it accepts" can be told from the lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Every version was asked and every list was finished.
    pub complete: bool,
    /// What the port speaks: `TLS`, `TLCP`, `SSH`, `IKE`, `SMTP`, `HTTP`, `unknown` and so on.
    pub speaks: Vec<Box<str>>,
    /// Connections made; where there are none, datagrams sent.
    pub connections: u32,
    /// Questions whose answer was lost after all tries.
    pub lost: u32,
}

/// Which key a handshake proved, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyProof {
    /// `signing` or `encryption`.
    pub key: KeyRole,
    /// `server-key-exchange`, `certificate-verify`, `finished`.
    pub by: Box<str>,
    /// The certificate that holds the key.
    pub certificate: Sha256Digest,
    /// The version of the session.
    pub version: Version,
    /// The suite of the session.
    pub suite: Suite,
    /// Oddities, such as a wrong distinguishing identifier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Box<str>>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRole {
    /// Signs.
    Signing,
    /// Encrypts, or agrees on keys.
    Encryption,
}

/// A certificate as it was read, with what a check against roots, day and name found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is a word of RFC 5280; the others are documented")]
pub struct Certificate {
    pub subject: Box<str>,
    pub issuer: Box<str>,
    /// Hexadecimal, upper case, without a leading 00.
    pub serial: Box<str>,
    pub key_alg: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<Box<str>>,
    pub key_bits: u32,
    pub sig_alg: Box<str>,
    /// RFC 3339, UTC.
    pub not_before: Box<str>,
    /// RFC 3339, UTC.
    pub not_after: Box<str>,
    pub key_usage: Vec<Box<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ext_key_usage: Vec<Box<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Box<str>>,
    pub is_ca: bool,
    /// Where revocation lists are to be had (cRLDistributionPoints, RFC 5280 4.2.1.13). Nothing is fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crl_uris: Vec<Box<str>>,
    /// Where OCSP answers (authorityInfoAccess, RFC 5280 4.2.2.1). Nobody is asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ocsp_uris: Vec<Box<str>>,
    /// It promises that an OCSP answer comes stapled (RFC 7633).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub must_staple: bool,
    /// Lower-case hexadecimal digest of the DER bytes.
    pub sha256: Box<str>,
    /// `server` or `client`, where both may send one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<Box<str>>,
    /// Where in the sender's list it stood, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// In TLCP: what it is for, by position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<KeyRole>,
    /// What a check found. `None`: nobody checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
}

impl Certificate {
    /// How it can be told whether it was revoked, by the standards' own names; empty: in no way.
    pub fn revocation(&self) -> String {
        let places = |name: &str, uris: &[Box<str>]| (!uris.is_empty()).then(|| format!("{name} {}", uris.join(" ")));
        let stapled = self.must_staple.then(|| "must-staple".to_owned());
        let all = [places("CRL", &self.crl_uris), places("OCSP", &self.ocsp_uris), stapled];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// What a check of a certificate found, each part on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// The day for which it was checked.
    #[serde(with = "date::as_date")]
    pub on: Date,
    /// Does the chain end at a given root?
    pub chain: Chain,
    /// Is the day inside the validity?
    pub in_validity: bool,
    /// Does a given name stand in it? `None`: no name was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_matches: Option<bool>,
    /// Everything that is wrong with it, as words: `signature-wrong`, `key-usage-does-not-sign`, `same-key-in-both` …
    #[serde(default)]
    pub problems: Vec<Box<str>>,
}

/// How far a chain reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chain {
    /// To a given root, each signature verified.
    Trusted,
    /// To a root that was not given, each signature verified.
    UnknownRoot,
    /// It is its own issuer and was not given as a root.
    SelfSigned,
    /// An issuer is missing.
    Incomplete,
    /// A signature is wrong.
    Broken,
}

/// 陈述: a fact that a person brings. Never a D, A or K.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The subject it is about.
    pub about: Box<str>,
    /// The indicator it is meant for, where a subject serves several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<IndicatorId>,
    /// Which fact: a word of the judge's vocabulary, such as `mechanism`.
    pub kind: Box<str>,
    /// Its value.
    pub value: StatedValue,
    /// Who says so.
    pub by: Box<str>,
    /// When it was said or seen.
    #[serde(with = "date::as_date")]
    pub on: Date,
}

/// The value of a statement: a truth, a whole number, a word or several words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StatedValue {
    /// Yes or no.
    Truth(bool),
    /// A whole number.
    Number(i64),
    /// A word, or a decimal as text.
    Word(Box<str>),
    /// Several words; all that were seen.
    Words(Vec<Box<str>>),
}

/// The `system.toml` that everything else is about, as it was when the case was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    /// The file as an artifact of the case.
    pub artifact: Sha256Digest,
    /// The system's name.
    pub name: Box<str>,
}

/// A document, picture or record that a person handed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedIn {
    /// The path in `system.toml`, as written there.
    pub path: Box<str>,
    /// The artifact; `None` when the file was named and could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Sha256Digest>,
    /// Its size in bytes.
    pub size: u64,
}

macro_rules! facts { ($($(#[$doc:meta])* $name:ident($type:ty) $kind:literal)*) => {
    /// 观测内容: what an observation says.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Fact {
        /// A session; its protocol chooses the kind.
        Session(Protocol, Box<Session>),
        $($(#[$doc])* $name(Box<$type>),)*
        /// A kind that is not known here, kept and exported byte for byte. No predicate can see it.
        Foreign(Box<str>, Box<RawText>),
    }

    impl Fact {
        /// The `kind` of the observation.
        pub fn kind(&self) -> &str {
            match self {
                Fact::Session(Protocol::Tls, _) => "tls.session",
                Fact::Session(Protocol::Tlcp, _) => "tlcp.session",
                Fact::Session(Protocol::Ssh, _) => "ssh.session",
                Fact::Session(Protocol::Ike, _) => "ike.session",
                Fact::Session(Protocol::Quic, _) => "quic.session",
                Fact::Session(Protocol::Wapi, _) => "wapi.session",
                Fact::Session(Protocol::Named, _) => "named.session",
                Fact::Session(Protocol::Plain, _) => "plain.session",
                $(Fact::$name(_) => $kind,)*
                Fact::Foreign(kind, _) => kind,
            }
        }

        /// Reads the `value` of an observation of this kind.
        pub fn read(kind: &str, value: &RawValue) -> Result<Fact, serde_json::Error> {
            let session = |protocol| serde_json::from_str(value.get()).map(|session| Fact::Session(protocol, Box::new(session)));
            match kind {
                "tls.session" => session(Protocol::Tls),
                "tlcp.session" => session(Protocol::Tlcp),
                "ssh.session" => session(Protocol::Ssh),
                "ike.session" => session(Protocol::Ike),
                "quic.session" => session(Protocol::Quic),
                "wapi.session" => session(Protocol::Wapi),
                "named.session" => session(Protocol::Named),
                "plain.session" => session(Protocol::Plain),
                $($kind => serde_json::from_str(value.get()).map(|fact| Fact::$name(Box::new(fact))),)*
                _ => Ok(Fact::Foreign(kind.into(), Box::new(RawText(value.get().into())))),
            }
        }
    }

    impl Serialize for Fact {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Fact::Session(_, session) => session.serialize(serializer),
                $(Fact::$name(fact) => fact.serialize(serializer),)*
                Fact::Foreign(_, text) => text.serialize(serializer),
            }
        }
    }
} }

facts! {
    /// What a version accepts.
    Accepts(Accepts) "tls.accepts"
    /// What a version does beside its lists.
    Features(Features) "tls.features"
    /// What is said in clear before TLS.
    Upgraded(Upgraded) "tls.upgrade"
    /// How far a probe of one endpoint got.
    Coverage(Coverage) "probe.coverage"
    /// A certificate.
    Certificate(Certificate) "certificate"
    /// What an SSH server accepts.
    SshAccepts(SshAccepts) "ssh.accepts"
    /// What an IKE responder accepts.
    IkeAccepts(IkeAccepts) "ike.accepts"
    /// What a QUIC server says before its TLS.
    QuicAccepts(QuicAccepts) "quic.accepts"
    /// What a web server answers to a request for its first page.
    WebPage(WebPage) "web.page"
    /// How a network of 802.11 is protected.
    WirelessNetwork(WirelessNetwork) "wireless.network"
    /// What the randomness tests made of a source.
    RandomTests(RandomTests) "random.tests"
    /// A key that was proved to be held.
    KeyProof(KeyProof) "key.proof"
    /// A person's statement.
    Statement(Statement) "statement"
    /// The described system.
    Described(Described) "system.described"
    /// A document.
    HandedIn(HandedIn) "document"
}

/// JSON text of a foreign kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawText(Box<str>);

impl Serialize for RawText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value: serde_json::Value = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        value.serialize(serializer)
    }
}

impl RawText {
    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An entry of a case that is no observation: what the program did, or what a person decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A phase of the assessment began.
    Phase {
        /// `collect`, `judge`, `report`.
        phase: Box<str>,
        /// When.
        #[serde(with = "date::as_instant")]
        at: UtcDateTime,
        /// Program and version.
        tool: Box<str>,
    },
}

impl Event {
    /// The canonical bytes for the case.
    pub fn bytes(&self) -> Result<Vec<u8>, canonical::NotCanonical> {
        canonical::bytes(self)
    }
}

/// The word of a method, as it stands in files.
pub fn method_word(method: Method) -> String {
    serde_json::to_value(method).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}
