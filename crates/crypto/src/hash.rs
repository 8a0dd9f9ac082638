//! Digests and HMAC behind one enum, so that a suite or a certificate can name its hash at run time.

use core::fmt;
use core::ops::Deref;

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha2::Digest as _;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hash {
    /// MD5, RFC 1321. Broken; needed to check what old servers sign.
    Md5,
    /// SHA-1, FIPS 180-4. Broken; needed to check what old servers sign.
    Sha1,
    /// SHA-256, FIPS 180-4.
    Sha256,
    /// SHA-384, FIPS 180-4.
    Sha384,
    /// SHA-512, FIPS 180-4.
    Sha512,
    /// SM3, GB/T 32905-2016.
    Sm3,
}

/// Runs `$body` with `$D` standing for the RustCrypto type of `$hash`.
macro_rules! with_hash {
    ($hash:expr, $D:ident => $body:expr) => {
        match $hash {
            $crate::hash::Hash::Md5 => {
                type $D = md5::Md5;
                $body
            }
            $crate::hash::Hash::Sha1 => {
                type $D = sha1::Sha1;
                $body
            }
            $crate::hash::Hash::Sha256 => {
                type $D = sha2::Sha256;
                $body
            }
            $crate::hash::Hash::Sha384 => {
                type $D = sha2::Sha384;
                $body
            }
            $crate::hash::Hash::Sha512 => {
                type $D = sha2::Sha512;
                $body
            }
            $crate::hash::Hash::Sm3 => {
                type $D = sm3::Sm3;
                $body
            }
        }
    };
}
pub(crate) use with_hash;

impl Hash {
    /// Length of a digest in bytes.
    pub fn length(self) -> usize {
        with_hash!(self, D => <D as sha2::Digest>::output_size())
    }

    /// Digest of one piece.
    pub fn digest(self, message: &[u8]) -> Digest {
        with_hash!(self, D => Digest::new(&D::digest(message)))
    }

    /// An empty [`Hasher`].
    pub fn hasher(self) -> Hasher {
        Hasher(match self {
            Hash::Md5 => State::Md5(md5::Md5::new()),
            Hash::Sha1 => State::Sha1(sha1::Sha1::new()),
            Hash::Sha256 => State::Sha256(sha2::Sha256::new()),
            Hash::Sha384 => State::Sha384(sha2::Sha384::new()),
            Hash::Sha512 => State::Sha512(sha2::Sha512::new()),
            Hash::Sm3 => State::Sm3(sm3::Sm3::new()),
        })
    }

    /// HMAC (RFC 2104; with SM3 also GB/T 15852.2) over the pieces of `message` in order.
    pub fn hmac(self, key: &[u8], message: &[&[u8]]) -> Digest {
        with_hash!(self, D => hmac::<D>(key, message))
    }

    /// Is `tag` the first bytes of the HMAC of `message`? In constant time; an empty tag never is.
    pub fn hmac_matches(self, key: &[u8], message: &[&[u8]], tag: &[u8]) -> bool {
        let expected = self.hmac(key, message);
        match expected.get(..tag.len()) {
            Some(start) if !tag.is_empty() => subtle::ConstantTimeEq::ct_eq(start, tag).into(),
            _ => false,
        }
    }
}

fn hmac<D: EagerHash>(key: &[u8], message: &[&[u8]]) -> Digest {
    // HMAC takes a key of any length, so this is never the empty digest.
    let Ok(mut mac) = <Hmac<D> as KeyInit>::new_from_slice(key) else {
        return Digest::new(&[]);
    };
    for piece in message {
        mac.update(piece);
    }
    Digest::new(&mac.finalize().into_bytes())
}

/// Takes a message in pieces. Cloning keeps what was taken so far: a transcript hash is a clone that is finished.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Sm3(sm3::Sm3),
}

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            State::Md5(state) => state.update(piece),
            State::Sha1(state) => state.update(piece),
            State::Sha256(state) => state.update(piece),
            State::Sha384(state) => state.update(piece),
            State::Sha512(state) => state.update(piece),
            State::Sm3(state) => state.update(piece),
        }
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Md5(state) => Digest::new(&state.finalize()),
            State::Sha1(state) => Digest::new(&state.finalize()),
            State::Sha256(state) => Digest::new(&state.finalize()),
            State::Sha384(state) => Digest::new(&state.finalize()),
            State::Sha512(state) => Digest::new(&state.finalize()),
            State::Sm3(state) => Digest::new(&state.finalize()),
        }
    }
}

/// The output of a [`Hash`](enum@Hash), 16 to 64 bytes, without an allocation. Reads as a slice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    bytes: [u8; 64],
    length: usize,
}

impl Digest {
    fn new(output: &[u8]) -> Digest {
        let mut bytes = [0; 64];
        for (to, from) in bytes.iter_mut().zip(output) {
            *to = *from;
        }
        Digest { bytes, length: output.len().min(64) }
    }
}

impl Deref for Digest {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
