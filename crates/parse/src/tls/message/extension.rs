//! Extensions: the raw list, and typed views of those that say what was offered and chosen.

use std::borrow::Cow;

use dengmi_core::{Group, Scheme, Version};

use super::{TooLong, numbers, vector, vector_of};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Reader};
use crate::tls::ExtensionType;

/// One extension, its body unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Its number.
    pub kind: ExtensionType,
    /// Its body without the length in front.
    pub body: Cow<'a, [u8]>,
}

/// One offered or chosen share of a key exchange (RFC 8446 4.2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShareEntry<'a> {
    /// The group.
    pub group: Group,
    /// The public value in the group's encoding; SM2 and NIST points are uncompressed.
    pub key_exchange: &'a [u8],
}

impl<'a> Extension<'a> {
    /// An extension of any number and body.
    pub fn new(kind: ExtensionType, body: impl Into<Cow<'a, [u8]>>) -> Self {
        Extension { kind, body: body.into() }
    }

    fn made(
        kind: ExtensionType,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), TooLong>,
    ) -> Result<Extension<'static>, TooLong> {
        let mut body = Vec::new();
        fill(&mut body)?;
        Ok(Extension::new(kind, body))
    }

    /// server_name with one DNS name (RFC 6066 3).
    ///
    /// # Errors
    /// [`TooLong`], as for all the following.
    pub fn server_name(name: &str) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::SERVER_NAME, |out| {
            vector::<2>(out, |out| {
                out.push(HOST_NAME);
                vector_of::<2>(out, name.as_bytes())
            })
        })
    }

    /// status_request for OCSP, with no responder named and no extensions (RFC 6066 8).
    pub fn status_request() -> Extension<'static> {
        Extension::new(ExtensionType::STATUS_REQUEST, &[1, 0, 0, 0, 0][..])
    }

    /// record_size_limit of 2^14 bytes (RFC 8449): whoever asks limits nothing.
    pub fn record_size_limit() -> Extension<'static> {
        Extension::new(ExtensionType::RECORD_SIZE_LIMIT, &[0x40, 0][..])
    }

    /// supported_groups (RFC 8446 4.2.7).
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn supported_groups(groups: &[Group]) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::SUPPORTED_GROUPS, |out| {
            vector::<2>(out, |out| {
                numbers(out, groups.iter().map(|group| group.0));
                Ok(())
            })
        })
    }

    /// signature_algorithms (RFC 8446 4.2.3).
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn signature_algorithms(schemes: &[Scheme]) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::SIGNATURE_ALGORITHMS, |out| {
            vector::<2>(out, |out| {
                numbers(out, schemes.iter().map(|scheme| scheme.0));
                Ok(())
            })
        })
    }

    /// supported_versions of a ClientHello (RFC 8446 4.2.1).
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn supported_versions(versions: &[Version]) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::SUPPORTED_VERSIONS, |out| {
            vector::<1>(out, |out| {
                numbers(out, versions.iter().map(|version| version.0));
                Ok(())
            })
        })
    }

    /// supported_versions of a ServerHello: the chosen one.
    pub fn selected_version(version: Version) -> Extension<'static> {
        Extension::new(ExtensionType::SUPPORTED_VERSIONS, version.0.to_be_bytes().to_vec())
    }

    /// key_share of a ClientHello; empty asks for a HelloRetryRequest (RFC 8446 4.2.8).
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn key_shares(shares: &[KeyShareEntry<'_>]) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::KEY_SHARE, |out| {
            vector::<2>(out, |out| shares.iter().try_for_each(|share| share.write(out)))
        })
    }

    /// key_share of a ServerHello.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn key_share(share: KeyShareEntry<'_>) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::KEY_SHARE, |out| share.write(out))
    }

    /// key_share of a HelloRetryRequest: the group that is wanted.
    pub fn retry_group(group: Group) -> Extension<'static> {
        Extension::new(ExtensionType::KEY_SHARE, group.0.to_be_bytes().to_vec())
    }

    /// application_layer_protocol_negotiation (RFC 7301 3.1).
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn application_protocols(names: &[&[u8]]) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, |out| {
            vector::<2>(out, |out| names.iter().try_for_each(|name| vector_of::<1>(out, name)))
        })
    }

    /// ec_point_formats (RFC 8422 5.1.2); 0 is uncompressed.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn ec_point_formats(formats: &[u8]) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::EC_POINT_FORMATS, |out| vector_of::<1>(out, formats))
    }

    /// session_ticket: a ticket, or empty to ask for one (RFC 5077 3.2).
    pub fn session_ticket(ticket: &'a [u8]) -> Self {
        Extension::new(ExtensionType::SESSION_TICKET, ticket)
    }

    /// psk_key_exchange_modes (RFC 8446 4.2.9); 1 is with (EC)DHE.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn psk_key_exchange_modes(modes: &[u8]) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::PSK_KEY_EXCHANGE_MODES, |out| vector_of::<1>(out, modes))
    }

    /// pre_shared_key of a ClientHello with one identity and its binder (RFC 8446 4.2.11): the last of all extensions.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn pre_shared_key(identity: &[u8], obfuscated_age: u32, binder: &[u8]) -> Result<Extension<'static>, TooLong> {
        Extension::made(ExtensionType::PRE_SHARED_KEY, |out| {
            vector::<2>(out, |out| {
                vector_of::<2>(out, identity)?;
                out.extend(obfuscated_age.to_be_bytes());
                Ok(())
            })?;
            vector::<2>(out, |out| vector_of::<1>(out, binder))
        })
    }
}

const HOST_NAME: u8 = 0;

impl<'a> KeyShareEntry<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Defect> {
        Ok(KeyShareEntry { group: Group(reader.u16()?), key_exchange: reader.vector16()?.rest() })
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        out.extend(self.group.0.to_be_bytes());
        vector_of::<2>(out, self.key_exchange)
    }
}

/// A list of extensions in the order of the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a>(pub Vec<Extension<'a>>);

impl<'a> Extensions<'a> {
    /// Reads the list with its length in front. What cannot be read ends the list and is a defect.
    pub(super) fn read(reader: &mut Reader<'a>, from: Place, limits: &Limits, defects: &mut Defects) -> Self {
        match reader.vector16() {
            Ok(list) => Extensions::read_list(list, from, limits, defects),
            Err(defect) => {
                // The announced length is wrong; the extensions that are there can still be told.
                defects.push(defect);
                let mut list = Reader::new(reader.rest());
                let _ = list.u16();
                Extensions::read_list(list, from, limits, &mut Defects::new(limits))
            }
        }
    }

    fn read_list(mut list: Reader<'a>, from: Place, limits: &Limits, defects: &mut Defects) -> Self {
        let mut extensions: Vec<Extension<'a>> = Vec::new();
        while !list.is_empty() {
            let at = list.at();
            if extensions.len() >= limits.extensions {
                let found = extensions.len().saturating_add(1);
                let what = DefectKind::Limit { limit: Limit::Extensions, most: limits.extensions, found };
                defects.note(at, what);
                break;
            }
            let read = list.u16().and_then(|kind| Ok((ExtensionType(kind), list.vector16()?)));
            match read {
                Ok((kind, mut body)) => {
                    if extensions.iter().any(|earlier| earlier.kind == kind) {
                        defects.note(at, DefectKind::RepeatedExtension(kind.0));
                    }
                    if let Err(defect) = check(kind, from, body.clone()) {
                        defects.push(defect);
                    }
                    extensions.push(Extension::new(kind, body.rest()));
                }
                Err(defect) => {
                    defects.push(defect);
                    break;
                }
            }
        }
        Extensions(extensions)
    }

    /// Appends the list with its length in front.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        vector::<2>(out, |out| {
            self.0.iter().try_for_each(|extension| {
                out.extend(extension.kind.0.to_be_bytes());
                vector_of::<2>(out, &extension.body)
            })
        })
    }

    /// The body of the first extension of this number.
    pub fn find(&self, kind: ExtensionType) -> Option<&[u8]> {
        self.0.iter().find(|extension| extension.kind == kind).map(|extension| &*extension.body)
    }

    fn view<'s, T>(
        &'s self,
        kind: ExtensionType,
        read: impl FnOnce(&mut Reader<'s>) -> Result<T, Defect>,
    ) -> Option<Result<T, Defect>> {
        Some(whole(Reader::new(self.find(kind)?), read))
    }

    /// The DNS name of server_name; an empty body, as a server sends it, holds none. So for all views: `None` when the
    /// extension is not there, a defect that counts from the start of its body when it cannot be read.
    pub fn server_name(&self) -> Option<Result<Option<&str>, Defect>> {
        self.view(ExtensionType::SERVER_NAME, server_name)
    }

    /// The groups of supported_groups.
    pub fn supported_groups(&self) -> Option<Result<Vec<Group>, Defect>> {
        self.view(ExtensionType::SUPPORTED_GROUPS, |reader| number_list(reader.vector16()?, Group))
    }

    /// The schemes of signature_algorithms.
    pub fn signature_algorithms(&self) -> Option<Result<Vec<Scheme>, Defect>> {
        self.view(ExtensionType::SIGNATURE_ALGORITHMS, |reader| number_list(reader.vector16()?, Scheme))
    }

    /// The schemes of signature_algorithms_cert.
    pub fn signature_algorithms_cert(&self) -> Option<Result<Vec<Scheme>, Defect>> {
        self.view(ExtensionType::SIGNATURE_ALGORITHMS_CERT, |reader| number_list(reader.vector16()?, Scheme))
    }

    /// The versions of a ClientHello's supported_versions.
    pub fn supported_versions(&self) -> Option<Result<Vec<Version>, Defect>> {
        self.view(ExtensionType::SUPPORTED_VERSIONS, |reader| number_list(reader.vector8()?, Version))
    }

    /// The version of a ServerHello's supported_versions.
    pub fn selected_version(&self) -> Option<Result<Version, Defect>> {
        self.view(ExtensionType::SUPPORTED_VERSIONS, |reader| reader.u16().map(Version))
    }

    /// The shares of a ClientHello's key_share.
    pub fn key_shares(&self) -> Option<Result<Vec<KeyShareEntry<'_>>, Defect>> {
        self.view(ExtensionType::KEY_SHARE, |reader| elements(reader.vector16()?, KeyShareEntry::read))
    }

    /// The share of a ServerHello's key_share.
    pub fn key_share(&self) -> Option<Result<KeyShareEntry<'_>, Defect>> {
        self.view(ExtensionType::KEY_SHARE, KeyShareEntry::read)
    }

    /// The group that a HelloRetryRequest's key_share asks for.
    pub fn retry_group(&self) -> Option<Result<Group, Defect>> {
        self.view(ExtensionType::KEY_SHARE, |reader| reader.u16().map(Group))
    }

    /// The names of application_layer_protocol_negotiation; a server sends exactly one.
    pub fn application_protocols(&self) -> Option<Result<Vec<&[u8]>, Defect>> {
        self.view(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, application_protocols)
    }

    /// The numbers of ec_point_formats.
    pub fn ec_point_formats(&self) -> Option<Result<&[u8], Defect>> {
        self.view(ExtensionType::EC_POINT_FORMATS, |reader| Ok(reader.vector8()?.rest()))
    }

    /// The ticket of session_ticket; empty asks for one.
    pub fn session_ticket(&self) -> Option<&[u8]> {
        self.find(ExtensionType::SESSION_TICKET)
    }

    /// The identities that a ClientHello's pre_shared_key offers.
    pub fn pre_shared_keys(&self) -> Option<Result<Vec<&[u8]>, Defect>> {
        self.view(ExtensionType::PRE_SHARED_KEY, pre_shared_keys)
    }

    /// The index that a ServerHello's pre_shared_key chooses.
    pub fn selected_pre_shared_key(&self) -> Option<Result<u16, Defect>> {
        self.view(ExtensionType::PRE_SHARED_KEY, Reader::u16)
    }

    /// The cookie of a HelloRetryRequest (RFC 8446 4.2.2).
    pub fn cookie(&self) -> Option<Result<&[u8], Defect>> {
        self.view(ExtensionType::COOKIE, |reader| Ok(reader.vector16()?.rest()))
    }
}

/// Where a list stands: the same extension has another body there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    Elsewhere,
}

/// Whether the body of an extension that is known here can be read.
fn check(kind: ExtensionType, from: Place, body: Reader<'_>) -> Result<(), Defect> {
    use ExtensionType as E;
    whole(body, |body| match (kind, from) {
        (E::SERVER_NAME, _) => server_name(body).map(drop),
        (E::SUPPORTED_GROUPS | E::SIGNATURE_ALGORITHMS | E::SIGNATURE_ALGORITHMS_CERT, _) => {
            number_list(body.vector16()?, Group).map(drop)
        }
        (E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, _) => application_protocols(body).map(drop),
        (E::EC_POINT_FORMATS, _) => body.vector8().map(drop),
        (E::COOKIE, _) => body.vector16().map(drop),
        (E::SUPPORTED_VERSIONS, Place::ClientHello) => number_list(body.vector8()?, Version).map(drop),
        (E::KEY_SHARE, Place::ClientHello) => elements(body.vector16()?, KeyShareEntry::read).map(drop),
        (E::KEY_SHARE, Place::ServerHello) => KeyShareEntry::read(body).map(drop),
        (E::PRE_SHARED_KEY, Place::ClientHello) => pre_shared_keys(body).map(drop),
        (E::SUPPORTED_VERSIONS | E::PRE_SHARED_KEY, Place::ServerHello)
        | (E::SUPPORTED_VERSIONS | E::KEY_SHARE, Place::HelloRetryRequest) => body.u16().map(drop),
        _ => {
            body.rest();
            Ok(())
        }
    })
}

fn whole<'a, T>(mut body: Reader<'a>, read: impl FnOnce(&mut Reader<'a>) -> Result<T, Defect>) -> Result<T, Defect> {
    let value = read(&mut body)?;
    match body.left() {
        0 => Ok(value),
        left => Err(Defect { at: body.at(), what: DefectKind::Trailing { left } }),
    }
}

fn elements<'a, T>(
    mut list: Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, Defect>,
) -> Result<Vec<T>, Defect> {
    let mut elements = Vec::new();
    while !list.is_empty() {
        elements.push(read(&mut list)?);
    }
    Ok(elements)
}

fn server_name<'a>(body: &mut Reader<'a>) -> Result<Option<&'a str>, Defect> {
    if body.is_empty() {
        return Ok(None);
    }
    let mut list = body.vector16()?;
    let mut host = None;
    while !list.is_empty() {
        let kind = list.u8()?;
        let mut name = list.vector16()?;
        let at = name.at();
        let text = std::str::from_utf8(name.rest()).map_err(|_| Defect { at, what: DefectKind::NotText })?;
        if kind == HOST_NAME {
            host.get_or_insert(text);
        }
    }
    Ok(host)
}

fn application_protocols<'a>(body: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, Defect> {
    elements(body.vector16()?, |list| Ok(list.vector8()?.rest()))
}

fn pre_shared_keys<'a>(body: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, Defect> {
    let identities = elements(body.vector16()?, |list| {
        let identity = list.vector16()?.rest();
        list.u32().map(|_age| identity)
    })?;
    body.vector16()?; // the binders
    Ok(identities)
}

/// Numbers of two bytes up to the end.
pub(super) fn number_list<T>(mut list: Reader<'_>, number: impl Fn(u16) -> T) -> Result<Vec<T>, Defect> {
    let (at, length) = (list.at(), list.left());
    let mut found = Vec::with_capacity(length / 2);
    while list.left() >= 2 {
        found.push(number(list.u16()?));
    }
    if !list.is_empty() {
        return Err(Defect { at, what: DefectKind::Uneven { length, element: 2 } });
    }
    Ok(found)
}
