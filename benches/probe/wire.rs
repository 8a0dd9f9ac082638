//! As much of the wire of TLS as a bare hello and a simulated server need; apart from the readers that are measured.

use crate::Outcome;
use dengmi_core::Version;
use std::collections::BTreeSet;

pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;

pub(crate) const CLIENT_HELLO: u8 = 1;
pub(crate) const SERVER_HELLO: u8 = 2;
pub(crate) const CERTIFICATE: u8 = 11;
pub(crate) const SERVER_KEY_EXCHANGE: u8 = 12;
pub(crate) const SERVER_HELLO_DONE: u8 = 14;

pub(crate) const SUPPORTED_GROUPS: u16 = 10;
pub(crate) const POINT_FORMATS: u16 = 11;
pub(crate) const SIGNATURE_ALGORITHMS: u16 = 13;
pub(crate) const SUPPORTED_VERSIONS: u16 = 43;
pub(crate) const KEY_SHARE: u16 = 51;

pub(crate) const HANDSHAKE_FAILURE: u8 = 40;
pub(crate) const PROTOCOL_VERSION: u8 = 70;

/// What is looked at in a ClientHello.
pub(crate) struct Hello {
    pub(crate) versions: BTreeSet<Version>,
    pub(crate) suites: BTreeSet<u16>,
}

impl Hello {
    /// Reads a record that holds a ClientHello and nothing else.
    pub(crate) fn read(record: &[u8]) -> Option<Hello> {
        let mut rest = record.strip_prefix(&[HANDSHAKE])?.get(4..)?.strip_prefix(&[CLIENT_HELLO])?.get(3..)?;
        let version = number(&mut rest)?;
        take(&mut rest, 32)?;
        let session = usize::from(*take(&mut rest, 1)?.first()?);
        take(&mut rest, session)?;
        let suites = numbers(vector(&mut rest)?).collect();
        let compressions = usize::from(*take(&mut rest, 1)?.first()?);
        take(&mut rest, compressions)?;
        // SSL 3.0 and TLCP hellos may have no extensions.
        let mut versions = BTreeSet::from([Version(version)]);
        if let Some(body) = extension(rest, SUPPORTED_VERSIONS) {
            versions = numbers(body.get(1..)?).map(Version).collect();
        }
        Some(Hello { versions, suites })
    }
}

/// The body of an extension in a block with its length before it.
pub(crate) fn extension(mut block: &[u8], kind: u16) -> Option<&[u8]> {
    let mut rest = vector(&mut block)?;
    while let Some(this) = number(&mut rest) {
        let body = vector(&mut rest)?;
        if this == kind {
            return Some(body);
        }
    }
    None
}

pub(crate) fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(size)?;
    *rest = left;
    Some(taken)
}

pub(crate) fn number(rest: &mut &[u8]) -> Option<u16> {
    numbers(take(rest, 2)?).next()
}

/// Bytes behind two bytes of their length.
pub(crate) fn vector<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = usize::from(number(rest)?);
    take(rest, size)
}

pub(crate) fn numbers(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair))
}

/// Three bytes of length.
pub(crate) fn length(size: usize) -> [u8; 3] {
    let [.., high, middle, low] = size.to_be_bytes();
    [high, middle, low]
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &length(body.len()), body].concat()
}

/// Two bytes of length, then the numbers.
pub(crate) fn list(items: impl IntoIterator<Item = u16>) -> Outcome<Vec<u8>> {
    prefixed(&items.into_iter().flat_map(u16::to_be_bytes).collect::<Vec<u8>>())
}

/// Two bytes of length, then the bytes.
pub(crate) fn prefixed(bytes: &[u8]) -> Outcome<Vec<u8>> {
    Ok([&u16::try_from(bytes.len())?.to_be_bytes()[..], bytes].concat())
}

pub(crate) fn record(kind: u8, version: Version, body: &[u8]) -> Outcome<Vec<u8>> {
    Ok([&[kind][..], &version.0.to_be_bytes(), &prefixed(body)?].concat())
}
