//! Packets under keys (RFC 4253 6, RFC 4344, RFC 5647 as OpenSSH runs it), and in clear before them.

use super::algorithm::{self, Cipher, Mac};
use super::exchange::Agreed;
use dengmi_crypto::CryptoError;
use dengmi_crypto::aead::{Aead, NONCE_LENGTH, TAG_LENGTH};
use dengmi_crypto::block::{BlockCipher, CounterStream};
use dengmi_parse::ssh::{Chosen, Packet};
use dengmi_parse::{Defect, DefectKind, Limit, Limits};

/// Bytes of the length field.
const LENGTH: usize = 4;
/// Bytes that a packet is a multiple of where the cipher has no blocks (RFC 4253 6).
const LEAST_BLOCK: usize = 8;

/// Why a packet does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// Its bytes are none of a packet.
    #[error("{0}")]
    Unreadable(#[from] Defect),
    /// Its authentication code or tag does not fit.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
}

/// Which way a direction goes, with the letters of its keys (RFC 4253 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ToServer,
    ToClient,
}

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Direction {
    sequence: u32,
    protection: Protection,
    /// The first block of a packet whose length is encrypted, opened.
    head: Vec<u8>,
}

#[derive(Default)]
enum Protection {
    #[default]
    Clear,
    Coded {
        mode: Mode,
        mac: Mac,
        key: Vec<u8>,
    },
    Gcm {
        aead: Box<Aead>,
        nonce: [u8; NONCE_LENGTH],
    },
}

enum Mode {
    Counter(CounterStream),
    Cbc { cipher: BlockCipher, key: Vec<u8>, vector: Vec<u8> },
}

impl Mode {
    fn encrypt(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        match self {
            Mode::Counter(stream) => stream.apply(data),
            Mode::Cbc { cipher, key, vector } => {
                cipher.encrypt_cbc(key, vector, data)?;
                chain(vector, data);
                Ok(())
            }
        }
    }

    fn decrypt(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        match self {
            Mode::Counter(stream) => stream.apply(data),
            Mode::Cbc { cipher, key, vector } => {
                let mut next = vector.clone();
                chain(&mut next, data);
                cipher.decrypt_cbc(key, vector, data)?;
                *vector = next;
                Ok(())
            }
        }
    }

    fn block(&self) -> usize {
        match self {
            // A counter has the blocks of AES and SM4, which padding follows too.
            Mode::Counter(_) => 16,
            Mode::Cbc { cipher, .. } => cipher.block_length(),
        }
    }
}

/// The last block of a ciphertext is the vector of the next packet.
fn chain(vector: &mut Vec<u8>, ciphertext: &[u8]) {
    if let Some(last) = ciphertext.len().checked_sub(vector.len()).and_then(|start| ciphertext.get(start..)) {
        *vector = last.to_vec();
    }
}

impl Direction {
    /// Turns the keys on.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] where [`algorithm::not_run`] names something.
    pub(super) fn protect(&mut self, way: Way, chosen: &Chosen, agreed: &Agreed) -> Result<(), CryptoError> {
        let (cipher, mac, [vector, key, integrity]) = match way {
            Way::ToServer => (&chosen.cipher.client, &chosen.mac.client, *b"ACE"),
            Way::ToClient => (&chosen.cipher.server, &chosen.mac.server, *b"BDF"),
        };
        let cipher = cipher.as_deref().and_then(algorithm::cipher).ok_or(CryptoError::Unsupported)?;
        let block = |cipher: BlockCipher| {
            (agreed.derive(key, cipher.key_length()), agreed.derive(vector, cipher.block_length()))
        };
        let mode = match cipher {
            Cipher::Gcm(algorithm) => {
                let aead = Box::new(Aead::new(algorithm, &agreed.derive(key, algorithm.key_length()))?);
                let nonce = agreed.derive(vector, NONCE_LENGTH).try_into().map_err(|_| CryptoError::Length)?;
                self.protection = Protection::Gcm { aead, nonce };
                return Ok(());
            }
            Cipher::Counter(cipher) => {
                let (key, start) = block(cipher);
                Mode::Counter(cipher.counter_stream(&key, &start)?)
            }
            Cipher::Cbc(cipher) => {
                let (key, vector) = block(cipher);
                Mode::Cbc { cipher, key, vector }
            }
        };
        let mac = mac.as_deref().and_then(algorithm::mac).ok_or(CryptoError::Unsupported)?;
        let key = agreed.derive(integrity, mac.hash.length());
        self.protection = Protection::Coded { mode, mac, key };
        Ok(())
    }

    /// Appends a packet; `pad` fills its padding.
    pub(super) fn seal(
        &mut self,
        payload: &[u8],
        mut pad: impl FnMut(&mut [u8]),
        out: &mut Vec<u8>,
    ) -> Result<(), CryptoError> {
        let (block, counted) = match &self.protection {
            Protection::Clear => (LEAST_BLOCK, LENGTH),
            Protection::Coded { mode, mac, .. } => (mode.block(), if mac.after_encryption { 0 } else { LENGTH }),
            Protection::Gcm { .. } => (16, 0),
        };
        let unpadded = counted + 1 + payload.len();
        let mut padding = block - unpadded % block;
        if padding < 4 {
            padding += block;
        }
        let mut filling = vec![0; padding];
        pad(&mut filling);
        let length = u32::try_from(1 + payload.len() + padding).map_err(|_| CryptoError::Length)?.to_be_bytes();
        let padding = u8::try_from(padding).map_err(|_| CryptoError::Length)?;
        let mut inside = [&[padding][..], payload, &filling].concat();
        let sequence = self.sequence.to_be_bytes();
        self.sequence = self.sequence.wrapping_add(1);
        match &mut self.protection {
            Protection::Clear => {
                out.extend(length);
                out.extend(inside);
            }
            Protection::Coded { mode, mac, key } if mac.after_encryption => {
                mode.encrypt(&mut inside)?;
                let code = mac.hash.hmac(key, &[&sequence, &length, &inside]);
                out.extend(length);
                out.extend(inside);
                out.extend(code.iter().take(mac.length));
            }
            Protection::Coded { mode, mac, key } => {
                let mut whole = [&length[..], &inside].concat();
                let code = mac.hash.hmac(key, &[&sequence, &whole]);
                mode.encrypt(&mut whole)?;
                out.extend(whole);
                out.extend(code.iter().take(mac.length));
            }
            Protection::Gcm { aead, nonce } => {
                let sealed = aead.seal(nonce, &length, &inside)?;
                count(nonce);
                out.extend(length);
                out.extend(sealed);
            }
        }
        Ok(())
    }

    /// Takes the payload of the packet at the start of `bytes` away. `None`: it is not all there.
    ///
    /// # Errors
    /// [`NotOpened`]; the direction is of no use then.
    pub(super) fn open(&mut self, bytes: &mut Vec<u8>, limits: &Limits) -> Result<Option<Vec<u8>>, NotOpened> {
        let sequence = self.sequence.to_be_bytes();
        let (size, inside) = match &mut self.protection {
            Protection::Clear => match Packet::next(bytes, limits)? {
                None => return Ok(None),
                Some(packet) => {
                    let (size, payload) = (packet.size(), packet.payload.to_vec());
                    return Ok(Some(self.taken(bytes, size, payload)));
                }
            },
            Protection::Coded { mode, mac, key } if mac.after_encryption => {
                let Some((head, body, code)) = split(bytes, mac.length, limits)? else { return Ok(None) };
                if !mac.hash.hmac_matches(key, &[&sequence, head, body], code) {
                    return Err(CryptoError::NotAuthentic.into());
                }
                let mut inside = body.to_vec();
                mode.decrypt(&mut inside)?;
                (LENGTH + body.len() + code.len(), inside)
            }
            Protection::Coded { mode, mac, key } => {
                let block = mode.block();
                if self.head.is_empty() {
                    let Some(first) = bytes.get(..block) else { return Ok(None) };
                    let mut head = first.to_vec();
                    mode.decrypt(&mut head)?;
                    self.head = head;
                }
                let length = announced(&self.head, limits)?;
                let Some(rest) = (LENGTH + length).checked_sub(block) else {
                    return Err(unreadable(DefectKind::PacketLength(u32::try_from(length).unwrap_or_default())));
                };
                let end = block + rest;
                let Some((coded, code)) = bytes.get(block..end + mac.length).map(|tail| tail.split_at(rest)) else {
                    return Ok(None);
                };
                let mut tail = coded.to_vec();
                mode.decrypt(&mut tail)?;
                let whole = [&std::mem::take(&mut self.head)[..], &tail].concat();
                if !mac.hash.hmac_matches(key, &[&sequence, &whole], code) {
                    return Err(CryptoError::NotAuthentic.into());
                }
                (end + mac.length, whole.get(LENGTH..).unwrap_or_default().to_vec())
            }
            Protection::Gcm { aead, nonce } => {
                let Some((head, body, tag)) = split(bytes, TAG_LENGTH, limits)? else { return Ok(None) };
                let inside = aead.open(nonce, head, &[body, tag].concat())?;
                count(nonce);
                (LENGTH + body.len() + tag.len(), inside)
            }
        };
        let Some(packet) = Packet::read(&inside) else {
            return Err(unreadable(DefectKind::PacketLength(u32::try_from(inside.len()).unwrap_or_default())));
        };
        let payload = packet.payload.to_vec();
        Ok(Some(self.taken(bytes, size, payload)))
    }

    fn taken(&mut self, bytes: &mut Vec<u8>, size: usize, payload: Vec<u8>) -> Vec<u8> {
        bytes.drain(..size.min(bytes.len()));
        self.sequence = self.sequence.wrapping_add(1);
        payload
    }
}

/// Length, body and code of a packet whose length is in clear.
type Split<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fn split<'a>(bytes: &'a [u8], code: usize, limits: &Limits) -> Result<Option<Split<'a>>, NotOpened> {
    let Some((head, rest)) = bytes.split_at_checked(LENGTH) else { return Ok(None) };
    let length = announced(head, limits)?;
    let body_and_code = rest.split_at_checked(length);
    Ok(body_and_code.and_then(|(body, rest)| Some((head, body, rest.get(..code)?))))
}

/// The length that a packet announces, within the limit.
fn announced(head: &[u8], limits: &Limits) -> Result<usize, NotOpened> {
    let length = head.first_chunk::<LENGTH>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > limits.message {
        let what = DefectKind::Limit { limit: Limit::Message, most: limits.message, found: length };
        return Err(unreadable(what));
    }
    Ok(length)
}

fn unreadable(what: DefectKind) -> NotOpened {
    NotOpened::Unreadable(Defect { at: 0, what })
}

/// The last eight bytes of a nonce count packets (RFC 5647 7.1).
fn count(nonce: &mut [u8; NONCE_LENGTH]) {
    if let Some(counter) = nonce.last_chunk_mut::<8>() {
        *counter = u64::from_be_bytes(*counter).wrapping_add(1).to_be_bytes();
    }
}
