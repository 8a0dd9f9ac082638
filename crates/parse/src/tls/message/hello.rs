//! ClientHello and ServerHello of TLS and TLCP, and those of SSL 2.0.

use dengmi_core::{Group, Suite, Version};

use super::extension::Place;
use super::{Extensions, KeyShareEntry, TooLong, numbers, vector, vector_of, write_message};
use crate::reading::{Defect, DefectKind, Defects, Limits, Read, Reader};
use crate::tls::{Dialect, HandshakeType};

/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of that word (RFC 8446 4.1.3).
pub const HELLO_RETRY_REQUEST_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Longest session id (RFC 5246 7.4.1.2).
const SESSION_ID: usize = 32;

/// What a client offers (RFC 8446 4.1.2, GB/T 38636-2020 6.4.5.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// The version field; TLS 1.3 stands in supported_versions.
    pub version: Version,
    /// The client's random.
    pub random: [u8; 32],
    /// The session to resume, or empty.
    pub session_id: &'a [u8],
    /// DTLS only: what a HelloVerifyRequest gave, at first empty (RFC 6347 4.2.1).
    pub cookie: Option<&'a [u8]>,
    /// Suites in the client's order, signalling values included.
    pub suites: Vec<Suite>,
    /// Compression methods; 0 is none.
    pub compressions: &'a [u8],
    /// The extension block. `None`: there is none, which is not the same as an empty one.
    pub extensions: Option<Extensions<'a>>,
}

impl<'a> ClientHello<'a> {
    /// Reads a body. A list of suites that ends in half a suite, an overlong session id and everything wrong with the
    /// extension block are defects.
    ///
    /// # Errors
    /// The bytes end before the compression methods do.
    pub fn read(body: &'a [u8], limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        let version = Version(reader.u16()?);
        let random = reader.array()?;
        let session_id = session_id(&mut reader, &mut defects)?;
        let has_cookie = Dialect::of(version).is_some_and(Dialect::has_cookie);
        let cookie = has_cookie.then(|| reader.vector8()).transpose()?.map(|mut cookie| cookie.rest());
        let mut list = reader.vector16()?;
        if list.left() < 2 {
            defects.note(list.at(), DefectKind::Empty);
        }
        let (at, length) = (list.at(), list.left());
        let mut suites = Vec::with_capacity(length / 2);
        while let Ok(suite) = list.u16() {
            suites.push(Suite(suite));
        }
        if !list.is_empty() {
            defects.note(at, DefectKind::Uneven { length, element: 2 });
        }
        let mut compressions = reader.vector8()?;
        if compressions.is_empty() {
            defects.note(compressions.at(), DefectKind::Empty);
        }
        let compressions = compressions.rest();
        let extensions = extensions(&mut reader, Place::ClientHello, limits, &mut defects);
        let hello = ClientHello { version, random, session_id, cookie, suites, compressions, extensions };
        Ok(defects.whole(hello, &reader))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when a list does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::CLIENT_HELLO, |out| {
            out.extend(self.version.0.to_be_bytes());
            out.extend(self.random);
            vector_of::<1>(out, self.session_id)?;
            if let Some(cookie) = self.cookie {
                vector_of::<1>(out, cookie)?;
            }
            vector::<2>(out, |out| {
                numbers(out, self.suites.iter().map(|suite| suite.0));
                Ok(())
            })?;
            vector_of::<1>(out, self.compressions)?;
            self.extensions.as_ref().map_or(Ok(()), |extensions| extensions.write(out))
        })
    }

    /// The versions that are offered: supported_versions where it is there and can be read, else the version field
    /// alone, which offers everything below it too.
    pub fn versions(&self) -> Vec<Version> {
        let listed = self.extensions.as_ref().and_then(Extensions::supported_versions);
        listed.and_then(Result::ok).unwrap_or_else(|| vec![self.version])
    }

    /// The DNS name that is asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.extensions.as_ref()?.server_name()?.ok()?
    }
}

/// What a server of DTLS wants to see again before it keeps anything of a client (RFC 6347 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloVerifyRequest<'a> {
    /// A version that says nothing about the one that will be chosen.
    pub version: Version,
    /// The cookie.
    pub cookie: &'a [u8],
}

impl<'a> HelloVerifyRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The bytes end before the cookie does.
    pub fn read(body: &'a [u8], limits: &Limits) -> Read<Self> {
        let (mut reader, defects) = (Reader::new(body), Defects::new(limits));
        let version = Version(reader.u16()?);
        let cookie = reader.vector8()?.rest();
        Ok(defects.whole(HelloVerifyRequest { version, cookie }, &reader))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when the cookie has more than 255 bytes.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::HELLO_VERIFY_REQUEST, |out| {
            out.extend(self.version.0.to_be_bytes());
            vector_of::<1>(out, self.cookie)
        })
    }
}

/// What a server chooses (RFC 8446 4.1.3, GB/T 38636-2020 6.4.5.2.2). A HelloRetryRequest has the same form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// The version field; TLS 1.3 stands in supported_versions.
    pub version: Version,
    /// The server's random.
    pub random: [u8; 32],
    /// The session id that is given or echoed.
    pub session_id: &'a [u8],
    /// The chosen suite.
    pub suite: Suite,
    /// The chosen compression; 0 is none.
    pub compression: u8,
    /// The extension block. `None`: there is none.
    pub extensions: Option<Extensions<'a>>,
}

impl<'a> ServerHello<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The bytes end before the compression method.
    pub fn read(body: &'a [u8], limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        let version = Version(reader.u16()?);
        let random = reader.array()?;
        let session_id = session_id(&mut reader, &mut defects)?;
        let suite = Suite(reader.u16()?);
        let compression = reader.u8()?;
        let is_retry = random == HELLO_RETRY_REQUEST_RANDOM;
        let place = if is_retry { Place::HelloRetryRequest } else { Place::ServerHello };
        let extensions = extensions(&mut reader, place, limits, &mut defects);
        Ok(defects.whole(ServerHello { version, random, session_id, suite, compression, extensions }, &reader))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::SERVER_HELLO, |out| {
            out.extend(self.version.0.to_be_bytes());
            out.extend(self.random);
            vector_of::<1>(out, self.session_id)?;
            out.extend(self.suite.0.to_be_bytes());
            out.push(self.compression);
            self.extensions.as_ref().map_or(Ok(()), |extensions| extensions.write(out))
        })
    }

    /// Whether this is a HelloRetryRequest.
    pub fn is_retry(&self) -> bool {
        self.random == HELLO_RETRY_REQUEST_RANDOM
    }

    /// The chosen version: supported_versions where it is there and can be read, else the version field.
    pub fn selected_version(&self) -> Version {
        let selected = self.extensions.as_ref().and_then(Extensions::selected_version);
        selected.and_then(Result::ok).unwrap_or(self.version)
    }

    /// The server's share. `None` in a HelloRetryRequest, which has [`ServerHello::group`] only.
    pub fn key_share(&self) -> Option<KeyShareEntry<'_>> {
        if self.is_retry() { None } else { self.extensions.as_ref()?.key_share()?.ok() }
    }

    /// The chosen group, or the one that a HelloRetryRequest asks for.
    pub fn group(&self) -> Option<Group> {
        match self.is_retry() {
            true => self.extensions.as_ref()?.retry_group()?.ok(),
            false => self.key_share().map(|share| share.group),
        }
    }
}

fn session_id<'a>(reader: &mut Reader<'a>, defects: &mut Defects) -> Result<&'a [u8], Defect> {
    let mut id = reader.vector8()?;
    if id.left() > SESSION_ID {
        defects.note(id.at(), DefectKind::TooLong { found: id.left(), most: SESSION_ID });
    }
    Ok(id.rest())
}

fn extensions<'a>(
    reader: &mut Reader<'a>,
    place: Place,
    limits: &Limits,
    defects: &mut Defects,
) -> Option<Extensions<'a>> {
    (!reader.is_empty()).then(|| Extensions::read(reader, place, limits, defects))
}

/// A ClientHello in SSL 2.0's form; old clients offer SSL 3.0 and TLS with it too (RFC 5246 E.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssl2ClientHello<'a> {
    /// The highest version offered.
    pub version: Version,
    /// Cipher kinds of three bytes; one whose first byte is 0 is a suite of SSL 3.0 and later.
    pub kinds: Vec<u32>,
    /// The session to resume, or empty.
    pub session_id: &'a [u8],
    /// The client's random, 16 to 32 bytes.
    pub challenge: &'a [u8],
}

/// SSL 2.0's message types.
const SSL2_CLIENT_HELLO: u8 = 1;
const SSL2_SERVER_HELLO: u8 = 4;

impl<'a> Ssl2ClientHello<'a> {
    /// Reads a record's body, message type included.
    ///
    /// # Errors
    /// Not this message, or the bytes end before the challenge does.
    pub fn read(record: &'a [u8], limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(record), Defects::new(limits));
        ssl2_type(&mut reader, SSL2_CLIENT_HELLO)?;
        let version = Version(reader.u16()?);
        let lengths = [reader.u16()?, reader.u16()?, reader.u16()?];
        let [kinds, session_id, challenge] = lengths.map(usize::from);
        let kinds = ssl2_kinds(&mut reader, kinds, &mut defects)?;
        let session_id = reader.take(session_id)?;
        let challenge = reader.take(challenge)?;
        Ok(defects.whole(Ssl2ClientHello { version, kinds, session_id, challenge }, &reader))
    }

    /// Appends the record with its header of two bytes.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut body = vec![SSL2_CLIENT_HELLO];
        body.extend(self.version.0.to_be_bytes());
        for length in [self.kinds.len().saturating_mul(3), self.session_id.len(), self.challenge.len()] {
            body.extend(ssl2_length(length)?.to_be_bytes());
        }
        self.kinds.iter().for_each(|kind| body.extend(kind.to_be_bytes().iter().skip(1)));
        body.extend_from_slice(self.session_id);
        body.extend_from_slice(self.challenge);
        ssl2_record(out, &body)
    }

    /// The offered suites of SSL 3.0 and later.
    pub fn suites(&self) -> impl Iterator<Item = Suite> {
        self.kinds.iter().filter_map(|&kind| u16::try_from(kind).ok()).map(Suite)
    }
}

/// SSL 2.0's ServerHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssl2ServerHello<'a> {
    /// Whether the client's session is taken up again.
    pub session_id_hit: bool,
    /// 1 is X.509.
    pub certificate_type: u8,
    /// The version, 0002.
    pub version: Version,
    /// The server's certificate.
    pub certificate: &'a [u8],
    /// Cipher kinds of three bytes that the server supports; the client chooses.
    pub kinds: Vec<u32>,
    /// 16 to 32 bytes.
    pub connection_id: &'a [u8],
}

impl<'a> Ssl2ServerHello<'a> {
    /// Reads a record's body, message type included.
    ///
    /// # Errors
    /// Not this message, or the bytes end before the connection id does.
    pub fn read(record: &'a [u8], limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(record), Defects::new(limits));
        ssl2_type(&mut reader, SSL2_SERVER_HELLO)?;
        let session_id_hit = reader.u8()? != 0;
        let certificate_type = reader.u8()?;
        let version = Version(reader.u16()?);
        let lengths = [reader.u16()?, reader.u16()?, reader.u16()?];
        let [certificate, kinds, connection_id] = lengths.map(usize::from);
        let certificate = reader.take(certificate)?;
        let kinds = ssl2_kinds(&mut reader, kinds, &mut defects)?;
        let connection_id = reader.take(connection_id)?;
        let hello = Ssl2ServerHello { session_id_hit, certificate_type, version, certificate, kinds, connection_id };
        Ok(defects.whole(hello, &reader))
    }

    /// Appends the record with its header of two bytes.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut body = vec![SSL2_SERVER_HELLO, u8::from(self.session_id_hit), self.certificate_type];
        body.extend(self.version.0.to_be_bytes());
        for length in [self.certificate.len(), self.kinds.len().saturating_mul(3), self.connection_id.len()] {
            body.extend(ssl2_length(length)?.to_be_bytes());
        }
        body.extend_from_slice(self.certificate);
        self.kinds.iter().for_each(|kind| body.extend(kind.to_be_bytes().iter().skip(1)));
        body.extend_from_slice(self.connection_id);
        ssl2_record(out, &body)
    }
}

fn ssl2_type(reader: &mut Reader<'_>, expected: u8) -> Result<(), Defect> {
    let at = reader.at();
    let found = reader.u8()?;
    if found == expected { Ok(()) } else { Err(Defect { at, what: DefectKind::UnexpectedMessage(found) }) }
}

fn ssl2_kinds(reader: &mut Reader<'_>, length: usize, defects: &mut Defects) -> Result<Vec<u32>, Defect> {
    let at = reader.at();
    let mut list = Reader::starting(reader.take(length)?, at);
    let mut kinds = Vec::with_capacity(length / 3);
    while let Ok(kind) = list.u24() {
        kinds.push(kind);
    }
    if !list.is_empty() {
        defects.note(at, DefectKind::Uneven { length, element: 3 });
    }
    Ok(kinds)
}

fn ssl2_length(length: usize) -> Result<u16, TooLong> {
    u16::try_from(length).map_err(|_| TooLong { length, width: 2 })
}

fn ssl2_record(out: &mut Vec<u8>, body: &[u8]) -> Result<(), TooLong> {
    let length = ssl2_length(body.len())?;
    if length >= 0x8000 {
        return Err(TooLong { length: body.len(), width: 2 });
    }
    out.extend((length | 0x8000).to_be_bytes());
    out.extend_from_slice(body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::ExtensionType;
    use crate::tls::message::Extension;
    use dengmi_core::Scheme;

    const SM2: Group = Group(0x0029);

    fn client_hello(extensions: Option<Extensions<'_>>) -> ClientHello<'_> {
        ClientHello {
            version: Version::TLS_1_2,
            random: [7; 32],
            session_id: &[1, 2, 3],
            cookie: None,
            suites: vec![Suite(0x00c6), Suite(0xfafa), Suite(0x00ff)],
            compressions: &[0],
            extensions,
        }
    }

    fn rich() -> Extensions<'static> {
        let share = KeyShareEntry { group: SM2, key_exchange: &[4; 65] };
        Extensions(vec![
            Extension::server_name("peer.test").unwrap(),
            Extension::supported_groups(&[SM2, Group(0x1d)]).unwrap(),
            Extension::signature_algorithms(&[Scheme(0x0708)]).unwrap(),
            Extension::supported_versions(&[Version::TLS_1_3, Version::TLS_1_2]).unwrap(),
            Extension::key_shares(&[share]).unwrap(),
            Extension::application_protocols(&[b"h2", b"http/1.1"]).unwrap(),
            Extension::ec_point_formats(&[0]).unwrap(),
            Extension::session_ticket(b"ticket"),
            Extension::psk_key_exchange_modes(&[1]).unwrap(),
            Extension::new(ExtensionType(0x4a4a), &b"grease"[..]),
        ])
    }

    fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), TooLong>) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        out
    }

    #[test]
    fn a_client_hello_survives_writing_and_reading() {
        for extensions in [None, Some(Extensions::default()), Some(rich())] {
            let hello = client_hello(extensions);
            let bytes = written(|out| hello.write(out));
            let reading = ClientHello::read(&bytes[4..], &Limits::default()).unwrap();
            assert_eq!((reading.value, reading.defects, reading.rest), (hello, vec![], 0));
        }
    }

    #[test]
    fn every_view_of_the_extensions_gives_what_was_put_in() {
        let hello = client_hello(Some(rich()));
        assert_eq!(hello.server_name(), Some("peer.test"));
        assert_eq!(hello.versions(), [Version::TLS_1_3, Version::TLS_1_2]);
        let extensions = hello.extensions.unwrap();
        assert_eq!(extensions.supported_groups(), Some(Ok(vec![SM2, Group(0x1d)])));
        assert_eq!(extensions.signature_algorithms(), Some(Ok(vec![Scheme(0x0708)])));
        let shares = extensions.key_shares().unwrap().unwrap();
        assert_eq!(shares, [KeyShareEntry { group: SM2, key_exchange: &[4; 65] }]);
        assert_eq!(extensions.application_protocols(), Some(Ok(vec![&b"h2"[..], b"http/1.1"])));
        assert_eq!(extensions.ec_point_formats(), Some(Ok(&[0][..])));
        assert_eq!(extensions.session_ticket(), Some(&b"ticket"[..]));
        assert_eq!(extensions.find(ExtensionType(0x4a4a)), Some(&b"grease"[..]));
        assert_eq!(extensions.pre_shared_keys(), None);
    }

    #[test]
    fn a_view_of_a_malformed_extension_is_a_defect_and_not_an_absence() {
        for (kind, body) in [
            (ExtensionType::SUPPORTED_GROUPS, &[0, 3, 0, 41, 0][..]),
            (ExtensionType::SUPPORTED_GROUPS, &[0, 2, 0, 41, 0]),
            (ExtensionType::SUPPORTED_GROUPS, &[0, 4, 0, 41]),
        ] {
            let extensions = Extensions(vec![Extension::new(kind, body)]);
            assert!(matches!(extensions.supported_groups(), Some(Err(_))), "{body:?}");
        }
        let psk = Extension::new(ExtensionType::PRE_SHARED_KEY, &[0, 7, 0, 1, 9, 0, 0, 0, 0, 0, 2, 1, 5][..]);
        assert_eq!(Extensions(vec![psk]).pre_shared_keys(), Some(Ok(vec![&[9][..]])));
    }

    #[test]
    fn a_server_hello_survives_writing_and_reading() {
        let share = KeyShareEntry { group: SM2, key_exchange: &[4; 65] };
        let chosen =
            Extensions(vec![Extension::selected_version(Version::TLS_1_3), Extension::key_share(share).unwrap()]);
        let retry = Extensions(vec![Extension::selected_version(Version::TLS_1_3), Extension::retry_group(SM2)]);
        for (random, extensions, version, group, is_retry) in [
            ([1; 32], None, Version::TLS_1_2, None, false),
            ([1; 32], Some(chosen), Version::TLS_1_3, Some(SM2), false),
            (HELLO_RETRY_REQUEST_RANDOM, Some(retry), Version::TLS_1_3, Some(SM2), true),
        ] {
            let hello = ServerHello {
                version: Version::TLS_1_2,
                random,
                session_id: &[],
                suite: Suite(0x00c6),
                compression: 0,
                extensions,
            };
            let bytes = written(|out| hello.write(out));
            let reading = ServerHello::read(&bytes[4..], &Limits::default()).unwrap();
            assert_eq!((&reading.value, reading.rest), (&hello, 0));
            assert_eq!(reading.defects, []);
            assert_eq!((hello.selected_version(), hello.group(), hello.is_retry()), (version, group, is_retry));
        }
    }

    #[test]
    fn hellos_of_ssl_2_survive_writing_and_reading() {
        let client = Ssl2ClientHello {
            version: Version::TLS_1_0,
            kinds: vec![0x01_0080, 0x00_0005],
            session_id: &[],
            challenge: &[3; 16],
        };
        let bytes = written(|out| client.write(out));
        assert_eq!(bytes[..3], [0x80, 31, 1]);
        assert_eq!(Ssl2ClientHello::read(&bytes[2..], &Limits::default()).unwrap().value, client);
        assert_eq!(client.suites().collect::<Vec<_>>(), [Suite(5)]);
        let server = Ssl2ServerHello {
            session_id_hit: false,
            certificate_type: 1,
            version: Version::SSL_2_0,
            certificate: &[0x30, 0],
            kinds: vec![0x01_0080],
            connection_id: &[5; 16],
        };
        let bytes = written(|out| server.write(out));
        assert_eq!(Ssl2ServerHello::read(&bytes[2..], &Limits::default()).unwrap().value, server);
    }

    #[test]
    fn what_is_wrong_with_a_hello_stands_beside_it() {
        let bytes = written(|out| client_hello(Some(rich())).write(out));
        let body = &bytes[4..];
        let with = |at: usize, value: u8| {
            let mut changed = body.to_vec();
            changed[at] = value;
            let reading = ClientHello::read(&changed, &Limits::default()).unwrap();
            reading.defects.into_iter().map(|defect| defect.what).collect::<Vec<_>>()
        };
        // The block's length is at 2 + 32 + 4 + 8 + 2 = 48; the first extension's at 52, its type at 50.
        assert!(matches!(with(49, 3)[..], [DefectKind::Short { .. }, DefectKind::Trailing { .. }]));
        assert!(matches!(with(48, 3)[..], [DefectKind::Short { .. }]));
        assert_eq!(with(51, 10), [DefectKind::RepeatedExtension(10)]);
        // The name's list, one byte shorter than the name in it: counted from the start of the message.
        let mut short = body.to_vec();
        short[55] = 11;
        let defects = ClientHello::read(&short, &Limits::default()).unwrap().defects;
        assert_eq!(defects, [Defect { at: 59, what: DefectKind::Short { wanted: 9, left: 8 } }]);
        let mut long = body.to_vec();
        long.push(0);
        let defects = ClientHello::read(&long, &Limits::default()).unwrap().defects;
        assert_eq!(defects, [Defect { at: body.len(), what: DefectKind::Trailing { left: 1 } }]);
    }

    #[test]
    fn extensions_are_read_up_to_their_limit() {
        let bytes = written(|out| client_hello(Some(rich())).write(out));
        for (limit, defects) in [(10, 0), (9, 1)] {
            let limits = Limits { extensions: limit, ..Limits::default() };
            let reading = ClientHello::read(&bytes[4..], &limits).unwrap();
            assert_eq!(reading.value.extensions.unwrap().0.len(), limit);
            assert_eq!(reading.defects.len(), defects, "limit {limit}");
        }
    }
}
