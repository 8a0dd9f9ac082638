//! Messages up to the keys, and the one behind them that tells how users may authenticate.

use super::code::{DisconnectReason, MessageNumber};
use super::key::{HostKey, KeySignature};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader, bit_length, without_zeros};
use crate::tls::Sides;

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
        let mut reader = body(payload, MessageNumber::KEXINIT)?;
        let mut defects = Defects::new(limits);
        let cookie = reader.array()?;
        let mut list = || names(&mut reader, &mut defects, limits);
        let value = KexInit {
            cookie,
            key_exchange: list()?,
            host_key: list()?,
            cipher: Sides { client: list()?, server: list()? },
            mac: Sides { client: list()?, server: list()? },
            compression: Sides { client: list()?, server: list()? },
            language: Sides { client: list()?, server: list()? },
            first_packet_follows: false,
        };
        let value = KexInit { first_packet_follows: reader.u8()? != 0, ..value };
        // A reserved number, zero today.
        reader.u32()?;
        Ok(defects.whole(value, &reader))
    }

    /// The payload.
    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![MessageNumber::KEXINIT.0];
        out.extend(self.cookie);
        let lists = [
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
        ];
        lists.into_iter().for_each(|names| string(&mut out, names.join(",").as_bytes()));
        out.push(u8::from(self.first_packet_follows));
        out.extend([0; 4]);
        out
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
        let first =
            |client: &[Box<str>], server: &[Box<str>]| client.iter().find(|name| server.contains(*name)).cloned();
        let both = |client: &Sides<Vec<Box<str>>>, server: &Sides<Vec<Box<str>>>| Sides {
            client: first(&client.client, &server.client),
            server: first(&client.server, &server.server),
        };
        Chosen {
            key_exchange: first(&client.key_exchange, &server.key_exchange),
            host_key: first(&client.host_key, &server.host_key),
            cipher: both(&client.cipher, &server.cipher),
            mac: both(&client.mac, &server.mac),
            compression: both(&client.compression, &server.compression),
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
        let methods = names(&mut reader, &mut defects, limits)?;
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

/// A `name-list` (RFC 4251 5).
fn names(reader: &mut Reader<'_>, defects: &mut Defects, limits: &Limits) -> Result<Vec<Box<str>>, Defect> {
    let mut list = reader.vector32()?;
    let mut at = list.at();
    let bytes = list.rest();
    let mut names = Vec::new();
    if bytes.is_empty() {
        return Ok(names);
    }
    let count = bytes.iter().filter(|&&byte| byte == b',').count().saturating_add(1);
    if count > limits.names {
        defects.note(at, DefectKind::Limit { limit: Limit::Names, most: limits.names, found: count });
    }
    let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.iter().all(u8::is_ascii_graphic));
    names.reserve(count.min(limits.names));
    for name in bytes.split(|&byte| byte == b',').take(limits.names) {
        if name.is_empty() {
            defects.note(at, DefectKind::Empty);
        } else if text.is_none() && !name.iter().all(u8::is_ascii_graphic) {
            defects.note(at, DefectKind::NotText);
        }
        if name.len() > LONGEST_NAME {
            defects.note(at, DefectKind::TooLong { found: name.len(), most: LONGEST_NAME });
        }
        names.push(match text.and_then(|_| std::str::from_utf8(name).ok()) {
            Some(name) => name.into(),
            None => String::from_utf8_lossy(name).into(),
        });
        at = at.saturating_add(name.len()).saturating_add(1);
    }
    Ok(names)
}
