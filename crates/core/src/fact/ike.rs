//! What an IKE responder accepts.

use super::Asked;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a transform or an attribute chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IkeKind {
    /// The asymmetric algorithm of the profile of GM/T 0022.
    Asymmetric,
    /// IKEv1: how the sides prove who they are. IKEv2 does not negotiate it.
    Authentication,
    /// Encryption, with its key length where it has several.
    Encryption,
    /// The key exchange method, a group of Diffie-Hellman in most cases.
    Group,
    /// IKEv1: the hash, for pseudorandom function and integrity too.
    Hash,
    /// IKEv2: integrity; none beside an AEAD.
    Integrity,
    /// IKEv2: the pseudorandom function.
    Prf,
}

/// One value of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IkeTransform {
    /// The number on the wire.
    pub number: u16,
    /// The key length in bits, where an attribute chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_bits: Option<u16>,
    /// The registry's name, or the number: for readers without a registry.
    pub name: Box<str>,
}

/// A vendor id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IkeVendor {
    /// Its bytes in lower-case hexadecimal, at most the first 64 of them.
    pub hex: Box<str>,
    /// Who uses it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
}

/// What an IKE responder accepts in one version, and how far it was asked. One fact, however long the lists.
/// Reach [`Absent`](crate::Reach::Absent) means that it refused everything that was offered by a positive sign.
///
/// A value stands in `transforms` when it was part of something that the responder accepted: the responder may refuse it
/// with other values of other kinds, and in IKEv1 some look at the way of authentication only later and take any at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IkeAccepts {
    /// The major version: 1 or 2.
    pub version: u8,
    /// The minor version on the wire: 1 in the profile of GM/T 0022, else 0.
    pub minor: u8,
    /// `GM/T 0022` where the numbers are those of that profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Box<str>>,
    /// Accepted values of each kind, in the order of their numbers. A kind of which none was accepted has an empty list.
    pub transforms: BTreeMap<IkeKind, Vec<IkeTransform>>,
    /// What the responder chose as a whole, in the order of asking.
    #[serde(default)]
    pub chosen: Vec<BTreeMap<IkeKind, IkeTransform>>,
    /// How far values were asked. IKEv2: each by itself. IKEv1, which accepts combinations only: each together with the
    /// usual values and with the accepted values of the other kinds.
    pub asked: Asked,
    /// Vendor ids, in the order of meeting.
    #[serde(default)]
    pub vendor_ids: Vec<IkeVendor>,
    /// What else the responder announced, in the words of the standard.
    #[serde(default)]
    pub announced: Vec<Box<str>>,
    /// Whether it demanded that a cookie be returned (RFC 7296 2.6).
    pub cookie: bool,
    /// Whether it takes part in NAT traversal.
    pub nat_traversal: bool,
    /// Whether it answers the aggressive mode of IKEv1; no key: not asked, or not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggressive: Option<bool>,
    /// Datagrams that were sent, repetitions included.
    pub datagrams: u32,
    /// What refused the rest, in the words of the standard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Box<str>>,
}
