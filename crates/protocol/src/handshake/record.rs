//! Protection of records: TLCP, TLS 1.2, also over datagrams, and TLS 1.3.
//!
//! The CBC check gives one error for padding and MAC, but it does not take the same time for both: this is made for
//! probing, for replaying recordings and for a demonstration on loopback, not for serving hostile clients.

use dengmi_core::Version;
use dengmi_crypto::aead::{Aead, AeadAlgorithm, NONCE_LENGTH, TAG_LENGTH};
use dengmi_crypto::block::BlockCipher;
use dengmi_crypto::{CryptoError, Hash};
use dengmi_parse::tls::message::TooLong;
use dengmi_parse::tls::{ContentType, DatagramRecord, Record};

use super::suite::Protection;

/// Longest content of a record (RFC 5246 6.2.1, RFC 8446 5.1, GB/T 38636-2020 6.3.3.2).
pub const MOST_CONTENT: usize = 1 << 14;

/// Why a record cannot be protected or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// MAC, tag or padding are wrong, or there is not even room for them.
    #[error("the record is not authentic")]
    NotAuthentic,
    /// More content than a record may have.
    #[error("the record holds {0} bytes, more than 2^14")]
    TooMuch(usize),
    /// A TLS 1.3 record of zeros only: it has no content type.
    #[error("the record has no content type")]
    NoContentType,
    /// 2^64 records were sent or received: the keys are spent.
    #[error("the sequence numbers are spent")]
    Spent,
    /// A key or a vector has another length than the suite says.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A length does not fit.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// The keys of one direction, and how many records they have protected.
pub struct RecordKey {
    version: Version,
    kind: Kind,
    sequence: u64,
    /// DTLS: the upper 16 bits of `sequence` are the epoch (RFC 6347 4.1.2.1).
    datagrams: bool,
}

/// Bits of the number of a record of DTLS in its epoch.
const NUMBER_BITS: u32 = 48;

enum Kind {
    Cbc {
        cipher: BlockCipher,
        key: Vec<u8>,
        mac: Hash,
        mac_key: Vec<u8>,
        /// The MAC is over the ciphertext and stands behind it (RFC 7366).
        encrypts_first: bool,
    },
    ExplicitNonce {
        aead: Aead,
        salt: [u8; 4],
    },
    XoredNonce {
        aead: Aead,
        vector: [u8; NONCE_LENGTH],
    },
    /// As before, and the content type is inside (RFC 8446 5.2).
    Hidden {
        aead: Aead,
        vector: [u8; NONCE_LENGTH],
    },
}

impl RecordKey {
    /// The keys of one side as they are cut from a key block (RFC 5246 6.3, GB/T 38636-2020 6.5.2); `version` stands
    /// in each record. `mac_key` is empty for an AEAD, `vector` for CBC.
    ///
    /// # Errors
    /// [`RecordError::Crypto`] for wrong lengths.
    pub fn new(
        version: Version,
        protection: Protection,
        mac_key: &[u8],
        key: &[u8],
        vector: &[u8],
    ) -> Result<RecordKey, RecordError> {
        let kind = match protection {
            Protection::Cbc { cipher, mac } => {
                let (key, mac_key) = (key.to_vec(), mac_key.to_vec());
                Kind::Cbc { cipher, key, mac, mac_key, encrypts_first: false }
            }
            Protection::ExplicitNonce(algorithm) => Kind::ExplicitNonce {
                aead: Aead::new(algorithm, key)?,
                salt: vector.try_into().map_err(|_| CryptoError::Length)?,
            },
            Protection::XoredNonce(algorithm) => Kind::XoredNonce {
                aead: Aead::new(algorithm, key)?,
                vector: vector.try_into().map_err(|_| CryptoError::Length)?,
            },
        };
        Ok(RecordKey { version, kind, sequence: 0, datagrams: false })
    }

    /// The keys of one side in TLS 1.3 (RFC 8446 7.3).
    ///
    /// # Errors
    /// [`RecordError::Crypto`] for wrong lengths.
    pub fn tls13(algorithm: AeadAlgorithm, key: &[u8], vector: &[u8]) -> Result<RecordKey, RecordError> {
        let aead = Aead::new(algorithm, key)?;
        let vector = vector.try_into().map_err(|_| CryptoError::Length)?;
        Ok(RecordKey { version: Version::TLS_1_2, kind: Kind::Hidden { aead, vector }, sequence: 0, datagrams: false })
    }

    /// The same keys where both sides agreed on encrypt-then-MAC (RFC 7366), which concerns CBC only.
    #[must_use]
    pub fn encrypt_then_mac(mut self) -> RecordKey {
        if let Kind::Cbc { encrypts_first, .. } = &mut self.kind {
            *encrypts_first = true;
        }
        self
    }

    /// The same keys for DTLS 1.2, in its first epoch under keys.
    pub fn over_datagrams(self) -> RecordKey {
        RecordKey { version: Version::DTLS_1_2, sequence: 1 << NUMBER_BITS, datagrams: true, ..self }
    }

    /// Bytes that stand in clear in front of each record's ciphertext: the vector of CBC, eight bytes of a nonce, or
    /// none.
    pub fn explicit_length(&self) -> usize {
        match &self.kind {
            Kind::Cbc { cipher, .. } => cipher.block_length(),
            Kind::ExplicitNonce { .. } => 8,
            Kind::XoredNonce { .. } | Kind::Hidden { .. } => 0,
        }
    }

    /// Whether the explicit bytes must be unpredictable (CBC) and not only new each time.
    pub fn explicit_is_random(&self) -> bool {
        matches!(self.kind, Kind::Cbc { .. })
    }

    /// The number of the next record.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Appends the protected record. `explicit` has [`RecordKey::explicit_length`] bytes. CBC padding is the
    /// shortest.
    ///
    /// # Errors
    /// [`RecordError`]; nothing usable is appended then.
    pub fn protect(
        &mut self,
        content: ContentType,
        plain: &[u8],
        explicit: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        if plain.len() > MOST_CONTENT {
            return Err(RecordError::TooMuch(plain.len()));
        }
        if explicit.len() != self.explicit_length() {
            return Err(CryptoError::Length.into());
        }
        let (sequence, version) = (self.take_sequence()?, self.version);
        let header = header(sequence, content, version, plain.len())?;
        let (content, fragment) = match &self.kind {
            Kind::Cbc { cipher, key, mac, mac_key, encrypts_first } => {
                let mut padded = plain.to_vec();
                if !encrypts_first {
                    padded.extend(mac.hmac(mac_key, &[&header, plain]).iter());
                }
                let block = cipher.block_length();
                let length = (padded.len() + 1).next_multiple_of(block);
                // At most a block less one, which is below 256.
                let padding = u8::try_from(length - padded.len() - 1).unwrap_or(u8::MAX);
                padded.resize(length, padding);
                cipher.encrypt_cbc(key, explicit, &mut padded)?;
                let mut fragment = [explicit, &padded].concat();
                if *encrypts_first {
                    let header = self::header(sequence, content, version, fragment.len())?;
                    fragment.extend(mac.hmac(mac_key, &[&header, &fragment]).iter());
                }
                (content, fragment)
            }
            Kind::ExplicitNonce { aead, salt } => {
                let sealed = aead.seal(&salted(salt, explicit), &header, plain)?;
                (content, [explicit, &sealed].concat())
            }
            Kind::XoredNonce { aead, vector } => (content, aead.seal(&numbered(vector, sequence), &header, plain)?),
            Kind::Hidden { aead, vector } => {
                let inner = [plain, &[content.0]].concat();
                let outer = outer_header(ContentType::APPLICATION_DATA, version, inner.len() + TAG_LENGTH)?;
                let sealed = aead.seal(&numbered(vector, sequence), &outer, &inner)?;
                (ContentType::APPLICATION_DATA, sealed)
            }
        };
        if self.datagrams {
            let epoch = u16::try_from(sequence >> NUMBER_BITS).unwrap_or(u16::MAX);
            let sequence = sequence & ((1 << NUMBER_BITS) - 1);
            DatagramRecord { content, version, epoch, sequence, fragment: &fragment }.write(out)?;
        } else {
            Record { content, version, fragment: &fragment }.write(out)?;
        }
        Ok(())
    }

    /// Content and its type of a record of DTLS, which says its number itself.
    ///
    /// # Errors
    /// [`RecordError`]; the next record may be good again.
    pub fn open_datagram(&mut self, record: &DatagramRecord<'_>) -> Result<(ContentType, Vec<u8>), RecordError> {
        self.sequence = (u64::from(record.epoch) << NUMBER_BITS) | record.sequence;
        self.open(&Record { content: record.content, version: record.version, fragment: record.fragment })
    }

    /// Content and its type.
    ///
    /// # Errors
    /// [`RecordError`]; the connection cannot go on.
    pub fn open(&mut self, record: &Record<'_>) -> Result<(ContentType, Vec<u8>), RecordError> {
        let sequence = self.take_sequence()?;
        let (content, version, fragment) = (record.content, self.version, record.fragment);
        let (content, plain) = match &self.kind {
            Kind::Cbc { cipher, key, mac, mac_key, encrypts_first } => {
                let matches = |text: &[u8], tag: &[u8]| {
                    header(sequence, content, version, text.len())
                        .is_ok_and(|header| mac.hmac_matches(mac_key, &[&header, text], tag))
                };
                let cut = |text: &[u8]| text.len().checked_sub(mac.length()).ok_or(RecordError::NotAuthentic);
                let plain = if *encrypts_first {
                    let (sealed, tag) = fragment.split_at_checked(cut(fragment)?).ok_or(RecordError::NotAuthentic)?;
                    if !matches(sealed, tag) {
                        return Err(RecordError::NotAuthentic);
                    }
                    decrypt_cbc(*cipher, key, sealed)?
                } else {
                    let mut plain = decrypt_cbc(*cipher, key, fragment)?;
                    let length = cut(&plain)?;
                    let (text, tag) = plain.split_at_checked(length).ok_or(RecordError::NotAuthentic)?;
                    if !matches(text, tag) {
                        return Err(RecordError::NotAuthentic);
                    }
                    plain.truncate(length);
                    plain
                };
                (content, plain)
            }
            Kind::ExplicitNonce { aead, salt } => {
                let (explicit, sealed) = fragment.split_at_checked(8).ok_or(RecordError::NotAuthentic)?;
                let length = sealed.len().checked_sub(TAG_LENGTH).ok_or(RecordError::NotAuthentic)?;
                let header = header(sequence, content, version, length)?;
                (content, authentic(aead.open(&salted(salt, explicit), &header, sealed))?)
            }
            Kind::XoredNonce { aead, vector } => {
                let length = fragment.len().checked_sub(TAG_LENGTH).ok_or(RecordError::NotAuthentic)?;
                let header = header(sequence, content, version, length)?;
                (content, authentic(aead.open(&numbered(vector, sequence), &header, fragment))?)
            }
            Kind::Hidden { aead, vector } => {
                let outer = outer_header(content, record.version, fragment.len())?;
                let mut inner = authentic(aead.open(&numbered(vector, sequence), &outer, fragment))?;
                let last = inner.iter().rposition(|byte| *byte != 0).ok_or(RecordError::NoContentType)?;
                inner.truncate(last + 1);
                let content = ContentType(inner.pop().ok_or(RecordError::NoContentType)?);
                (content, inner)
            }
        };
        if plain.len() > MOST_CONTENT {
            return Err(RecordError::TooMuch(plain.len()));
        }
        Ok((content, plain))
    }

    fn take_sequence(&mut self) -> Result<u64, RecordError> {
        let sequence = self.sequence;
        self.sequence = sequence.checked_add(1).ok_or(RecordError::Spent)?;
        Ok(sequence)
    }
}

/// What MAC and AEAD authenticate besides the content: number, type, version, length of the content (RFC 5246
/// 6.2.3.1, 6.2.3.3).
fn header(sequence: u64, content: ContentType, version: Version, length: usize) -> Result<Vec<u8>, TooLong> {
    let length = u16::try_from(length).map_err(|_| TooLong { length, width: 2 })?;
    let mut header = sequence.to_be_bytes().to_vec();
    header.push(content.0);
    header.extend(version.0.to_be_bytes());
    header.extend(length.to_be_bytes());
    Ok(header)
}

/// In TLS 1.3 the record's own header is authenticated, as it stands there (RFC 8446 5.2).
fn outer_header(content: ContentType, version: Version, length: usize) -> Result<Vec<u8>, TooLong> {
    let length = u16::try_from(length).map_err(|_| TooLong { length, width: 2 })?;
    let mut header = vec![content.0];
    header.extend(version.0.to_be_bytes());
    header.extend(length.to_be_bytes());
    Ok(header)
}

fn salted(salt: &[u8; 4], explicit: &[u8]) -> [u8; NONCE_LENGTH] {
    let mut nonce = [0; NONCE_LENGTH];
    nonce.iter_mut().zip(salt.iter().chain(explicit)).for_each(|(to, from)| *to = *from);
    nonce
}

fn numbered(vector: &[u8; NONCE_LENGTH], sequence: u64) -> [u8; NONCE_LENGTH] {
    let mut nonce = *vector;
    nonce.iter_mut().skip(4).zip(sequence.to_be_bytes()).for_each(|(to, from)| *to ^= from);
    nonce
}

fn authentic(opened: Result<Vec<u8>, CryptoError>) -> Result<Vec<u8>, RecordError> {
    opened.map_err(|_| RecordError::NotAuthentic)
}

/// Decrypts, checks every byte of padding and takes it off.
fn decrypt_cbc(cipher: BlockCipher, key: &[u8], fragment: &[u8]) -> Result<Vec<u8>, RecordError> {
    let (vector, sealed) = fragment.split_at_checked(cipher.block_length()).ok_or(RecordError::NotAuthentic)?;
    let mut padded = sealed.to_vec();
    cipher.decrypt_cbc(key, vector, &mut padded).map_err(|_| RecordError::NotAuthentic)?;
    let padding = *padded.last().ok_or(RecordError::NotAuthentic)?;
    let end = padded.len().checked_sub(usize::from(padding) + 1).ok_or(RecordError::NotAuthentic)?;
    let sound = padded.get(end..).is_some_and(|bytes| bytes.iter().all(|byte| *byte == padding));
    if !sound {
        return Err(RecordError::NotAuthentic);
    }
    padded.truncate(end);
    Ok(padded)
}
