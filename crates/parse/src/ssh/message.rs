//! Messages up to the keys, and the one behind them that tells how users may authenticate.

use super::code::{DisconnectReason, MessageNumber};
use super::key::{HostKey, KeySignature};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader, Reading, bit_length, without_zeros};
use crate::tls::Sides;
use memchr::memchr_iter;

/// Characters that a name may have (RFC 4251 6).
const LONGEST_NAME: usize = 64;

/// Bytes of a text for people that are kept.
const LONGEST_TEXT: usize = 1024;

/// What a side can do (RFC 4253 7.1). Names in the order of preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KexInit {
    /// The random cookie.
    pub cookie: [u8; 16],
    /// Key exchanges, and words that are none: `ext-info-s`, `kex-strict-s-v00@openssh.com`.
    pub key_exchange: Vec<Box<str>>,
    /// Host key algorithms.
    pub host_key: Vec<Box<str>>,
    /// Ciphers: of the side `client` those from client to server, of `server` those back. So for the next three.
    pub cipher: Sides<Vec<Box<str>>>,
    /// Message authentication codes.
    pub mac: Sides<Vec<Box<str>>>,
    /// Compressions.
    pub compression: Sides<Vec<Box<str>>>,
    /// Languages, mostly none.
    pub language: Sides<Vec<Box<str>>>,
    /// Whether a packet with a guessed key exchange follows at once.
    pub first_packet_follows: bool,
}

impl KexInit {
    /// Reads a payload. Names beyond [`Limits::names`] of a list are left out and noted.
    ///
    /// # Errors
    /// Another message, or bytes that are missing.
    pub fn read(payload: &[u8], limits: &Limits) -> Read<KexInit> {
        let Reading { value, defects, rest } = KexLists::read(payload, limits)?;
        let [
            key_exchange,
            host_key,
            cipher,
            back,
            mac,
            mac_back,
            compression,
            compression_back,
            language,
            language_back,
        ] = value.lists.map(|list| list.names().map(name).collect::<Vec<_>>());
        let value = KexInit {
            cookie: value.cookie,
            key_exchange,
            host_key,
            cipher: Sides { client: cipher, server: back },
            mac: Sides { client: mac, server: mac_back },
            compression: Sides { client: compression, server: compression_back },
            language: Sides { client: language, server: language_back },
            first_packet_follows: value.first_packet_follows,
        };
        Ok(Reading { value, defects, rest })
    }

    /// The payload.
    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![MessageNumber::KEXINIT.0];
        out.extend(self.cookie);
        self.lists().into_iter().for_each(|names| string(&mut out, names.join(",").as_bytes()));
        out.push(u8::from(self.first_packet_follows));
        out.extend([0; 4]);
        out
    }

    /// In the order of the wire.
    fn lists(&self) -> [&[Box<str>]; 10] {
        [
            &self.key_exchange,
            &self.host_key,
            &self.cipher.client,
            &self.cipher.server,
            &self.mac.client,
            &self.mac.server,
            &self.compression.client,
            &self.compression.server,
            &self.language.client,
            &self.language.server,
        ]
    }
}

/// A [`KexInit`] as it stands on the wire: looked through, and not copied name by name.
#[derive(Clone, Copy, Debug)]
pub struct KexLists<'a> {
    cookie: [u8; 16],
    /// In the order of the wire.
    lists: [NameList<'a>; 10],
    first_packet_follows: bool,
}

/// A `name-list` (RFC 4251 5), and how many of its names count.
#[derive(Clone, Copy, Debug, Default)]
struct NameList<'a> {
    bytes: &'a [u8],
    /// Where in the payload it begins.
    at: usize,
    most: usize,
}

impl<'a> KexLists<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// As [`KexInit::read`].
    pub fn read(payload: &'a [u8], limits: &Limits) -> Read<KexLists<'a>> {
        let mut defects = Defects::new(limits);
        let (value, reader) = KexLists::split(payload, limits)?;
        value.lists.iter().for_each(|list| list.check(&mut defects));
        Ok(defects.whole(value, &reader))
    }

    /// Where its lists stand, none of them looked at.
    pub(super) fn split(payload: &'a [u8], limits: &Limits) -> Result<(KexLists<'a>, Reader<'a>), Defect> {
        let mut reader = body(payload, MessageNumber::KEXINIT)?;
        let cookie = reader.array()?;
        let mut lists = [NameList::default(); 10];
        for list in &mut lists {
            *list = NameList::next(&mut reader, limits)?;
        }
        let value = KexLists { cookie, lists, first_packet_follows: reader.u8()? != 0 };
        // A reserved number, zero today.
        reader.u32()?;
        Ok((value, reader))
    }

    /// What these two agree on.
    pub fn agreed(client: &KexLists<'_>, server: &KexLists<'_>) -> Chosen {
        let mut theirs = Vec::new();
        Chosen::each(client.lists.iter().zip(&server.lists).map(|(client, server)| {
            theirs.clear();
            theirs.extend(server.names());
            client.names().find(|name| theirs.contains(name)).map(name)
        }))
    }
}

impl<'a> NameList<'a> {
    fn next(reader: &mut Reader<'a>, limits: &Limits) -> Result<NameList<'a>, Defect> {
        let mut list = reader.vector32()?;
        let at = list.at();
        Ok(NameList { bytes: list.rest(), at, most: limits.names })
    }

    /// Looks at each name.
    fn check(&self, defects: &mut Defects) {
        let found = if self.bytes.is_empty() { 0 } else { memchr_iter(b',', self.bytes).count().saturating_add(1) };
        if found > self.most {
            defects.note(self.at, DefectKind::Limit { limit: Limit::Names, most: self.most, found });
        }
        let is_text = self.bytes.iter().all(u8::is_ascii_graphic);
        let mut at = self.at;
        for name in self.names() {
            if name.is_empty() {
                defects.note(at, DefectKind::Empty);
            } else if !is_text && !name.iter().all(u8::is_ascii_graphic) {
                defects.note(at, DefectKind::NotText);
            }
            if name.len() > LONGEST_NAME {
                defects.note(at, DefectKind::TooLong { found: name.len(), most: LONGEST_NAME });
            }
            at = at.saturating_add(name.len()).saturating_add(1);
        }
    }

    fn names(self) -> impl Iterator<Item = &'a [u8]> {
        let count = if self.bytes.is_empty() { 0 } else { self.most };
        let mut start = 0_usize;
        let ends = memchr_iter(b',', self.bytes).chain([self.bytes.len()]);
        ends.take(count).map(move |end| {
            let name = self.bytes.get(start..end).unwrap_or_default();
            start = end.saturating_add(1);
            name
        })
    }
}

/// What two sides agree on: of each of the client's lists the first that the server has too (RFC 4253 7.1). `None`: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The key exchange.
    pub key_exchange: Option<Box<str>>,
    /// The host key algorithm.
    pub host_key: Option<Box<str>>,
    /// The cipher of each direction, by who sends.
    pub cipher: Sides<Option<Box<str>>>,
    /// The message authentication code; not used where [`Chosen::is_aead`].
    pub mac: Sides<Option<Box<str>>>,
    /// The compression.
    pub compression: Sides<Option<Box<str>>>,
}

impl Chosen {
    /// What these two agree on.
    pub fn of(client: &KexInit, server: &KexInit) -> Chosen {
        let lists = client.lists().into_iter().zip(server.lists());
        Chosen::each(lists.map(|(client, server)| client.iter().find(|name| server.contains(*name)).cloned()))
    }

    /// What was found of each list, in the order of the wire.
    fn each(mut found: impl Iterator<Item = Option<Box<str>>>) -> Chosen {
        let mut next = || found.next().flatten();
        Chosen {
            key_exchange: next(),
            host_key: next(),
            cipher: Sides { client: next(), server: next() },
            mac: Sides { client: next(), server: next() },
            compression: Sides { client: next(), server: next() },
        }
    }

    /// Whether a cipher authenticates by itself, so that no other code is used (RFC 5647 and the modes of OpenSSH).
    pub fn is_aead(cipher: &str) -> bool {
        let name = cipher.split('@').next().unwrap_or_default().to_ascii_lowercase();
        name.ends_with("-gcm") || name.ends_with("_gcm") || name == "chacha20-poly1305"
    }

    /// Whether the guess that a side sent with its lists was wrong, so that the packet behind them does not count.
    pub fn guessed_wrong(client: &KexInit, server: &KexInit) -> bool {
        client.key_exchange.first() != server.key_exchange.first() || client.host_key.first() != server.host_key.first()
    }
}

/// How the messages of a key exchange look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeForm {
    /// One message each way: 30 and 31, with numbers (RFC 4253 8) or points (RFC 5656 4) in strings of the same form.
    Plain,
    /// The server chooses the group first: 34, 31, 32, 33 (RFC 4419).
    GroupExchange,
}

impl ExchangeForm {
    /// By the name of the key exchange.
    pub fn of(key_exchange: &str) -> ExchangeForm {
        if key_exchange.starts_with("diffie-hellman-group-exchange-") {
            ExchangeForm::GroupExchange
        } else {
            ExchangeForm::Plain
        }
    }

    /// The number of the server's last message.
    pub fn reply(self) -> MessageNumber {
        match self {
            ExchangeForm::Plain => MessageNumber::KEX_REPLY,
            ExchangeForm::GroupExchange => MessageNumber::KEX_DH_GEX_REPLY,
        }
    }
}

/// The server's last message of a key exchange: its key, its share, its signature over the exchange hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeReply<'a> {
    /// The host key, see [`HostKey`].
    pub host_key: &'a [u8],
    /// The share: an integer, or a point.
    pub share: &'a [u8],
    /// The signature, see [`KeySignature`].
    pub signature: &'a [u8],
}

impl<'a> ExchangeReply<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// Another message than that of `form`, or bytes that are missing.
    pub fn read(payload: &'a [u8], form: ExchangeForm, limits: &Limits) -> Read<ExchangeReply<'a>> {
        let mut reader = body(payload, form.reply())?;
        let value = ExchangeReply {
            host_key: reader.vector32()?.rest(),
            share: reader.vector32()?.rest(),
            signature: reader.vector32()?.rest(),
        };
        Ok(Defects::new(limits).whole(value, &reader))
    }

    /// The host key, taken apart.
    ///
    /// # Errors
    /// As [`HostKey::read`].
    pub fn read_host_key(&self, limits: &Limits) -> Read<HostKey<'a>> {
        HostKey::read(self.host_key, limits)
    }

    /// The signature, taken apart.
    ///
    /// # Errors
    /// As [`KeySignature::read`].
    pub fn read_signature(&self, limits: &Limits) -> Read<KeySignature<'a>> {
        KeySignature::read(self.signature, limits)
    }
}

/// The group that a server chose in a group exchange (RFC 4419 3), big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeGroup<'a> {
    /// The prime, without a leading zero.
    pub prime: &'a [u8],
    /// The generator, without a leading zero.
    pub generator: &'a [u8],
}

impl<'a> ExchangeGroup<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// Another message, or bytes that are missing.
    pub fn read(payload: &'a [u8], limits: &Limits) -> Read<ExchangeGroup<'a>> {
        let mut reader = body(payload, MessageNumber::KEX_DH_GEX_GROUP)?;
        let mut defects = Defects::new(limits);
        let value = ExchangeGroup {
            prime: positive(&mut reader, &mut defects)?,
            generator: positive(&mut reader, &mut defects)?,
        };
        Ok(defects.whole(value, &reader))
    }

    /// Bits of the prime.
    pub fn bits(&self) -> usize {
        bit_length(self.prime)
    }
}

/// Which methods can go on, and whether the last one counted (RFC 4252 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserauthFailure {
    /// `publickey`, `password`, `keyboard-interactive`, `hostbased`, `gssapi-with-mic` …
    pub methods: Vec<Box<str>>,
    /// The method was accepted, and more are asked for.
    pub partial_success: bool,
}

impl UserauthFailure {
    /// Reads a payload.
    ///
    /// # Errors
    /// Another message, or bytes that are missing.
    pub fn read(payload: &[u8], limits: &Limits) -> Read<UserauthFailure> {
        let mut reader = body(payload, MessageNumber::USERAUTH_FAILURE)?;
        let mut defects = Defects::new(limits);
        let methods = NameList::next(&mut reader, limits)?;
        methods.check(&mut defects);
        let methods = methods.names().map(name).collect();
        let value = UserauthFailure { methods, partial_success: reader.u8()? != 0 };
        Ok(defects.whole(value, &reader))
    }
}

/// A side ends the connection (RFC 4253 11.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// Why.
    pub reason: DisconnectReason,
    /// The same for people, at most a kilobyte.
    pub description: Box<str>,
}

impl Disconnect {
    /// Reads a payload. Old servers leave the language out.
    ///
    /// # Errors
    /// Another message, or bytes that are missing.
    pub fn read(payload: &[u8], limits: &Limits) -> Read<Disconnect> {
        let mut reader = body(payload, MessageNumber::DISCONNECT)?;
        let mut defects = Defects::new(limits);
        let reason = DisconnectReason(reader.u32()?);
        let text = reader.vector32()?.rest();
        let description = String::from_utf8_lossy(text.get(..LONGEST_TEXT).unwrap_or(text)).into();
        if let Err(defect) = reader.vector32() {
            defects.push(defect);
            reader.rest();
        }
        Ok(defects.whole(Disconnect { reason, description }, &reader))
    }

    /// The payload.
    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![MessageNumber::DISCONNECT.0];
        out.extend(self.reason.0.to_be_bytes());
        string(&mut out, self.description.as_bytes());
        string(&mut out, b"");
        out
    }
}

/// Appends a `string` (RFC 4251 5). What a length of four bytes cannot hold is cut; nothing that is written is so long.
pub fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(bytes.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or(bytes));
}

/// Appends an `mpint` (RFC 4251 5) of a big-endian number that is not negative.
pub fn integer(out: &mut Vec<u8>, number: &[u8]) {
    let number = without_zeros(number);
    match number.first() {
        Some(first) if *first >= 0x80 => string(out, &[&[0], number].concat()),
        _ => string(out, number),
    }
}

/// What stands behind the number of a message.
fn body(payload: &[u8], number: MessageNumber) -> Result<Reader<'_>, Defect> {
    let mut reader = Reader::new(payload);
    match reader.u8()? {
        found if found == number.0 => Ok(reader),
        other => Err(Defect { at: 0, what: DefectKind::UnexpectedMessage(other) }),
    }
}

/// An `mpint` that must be positive, without leading zeros.
pub(super) fn positive<'a>(reader: &mut Reader<'a>, defects: &mut Defects) -> Result<&'a [u8], Defect> {
    let mut number = reader.vector32()?;
    let at = number.at();
    let bytes = number.rest();
    match bytes {
        [] => defects.note(at, DefectKind::PublicKey),
        [first, ..] if *first >= 0x80 => defects.note(at, DefectKind::PublicKey),
        [0] | [0, 0..=0x7f, ..] => defects.note(at, DefectKind::NotMinimal),
        _ => {}
    }
    Ok(without_zeros(bytes))
}

/// A name; what is no text is marked as such.
fn name(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}
