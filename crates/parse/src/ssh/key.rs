//! Host keys, their certificates, and signatures: strings inside a key exchange (RFC 4253 6.6, RFC 5656 3.1, RFC 8709).

use super::message::positive;
use crate::reading::{Defect, DefectKind, Defects, Limits, Read, Reader, bit_length};

/// What the algorithm of a certificate ends with (PROTOCOL.certkeys of OpenSSH).
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// The certificate type of a host.
const HOST: u32 = 2;

/// A server's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey<'a> {
    /// The format's name, which stands first in it: `ssh-rsa` for every RSA key, `ssh-rsa-cert-v01@openssh.com`.
    pub format: Box<str>,
    /// The key itself.
    pub key: KeyMaterial<'a>,
    /// What certifies it, where the format is that of a certificate.
    pub certificate: Option<HostCertificate<'a>>,
}

/// The numbers of a key, big-endian and without leading zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMaterial<'a> {
    /// RSA.
    Rsa {
        /// e.
        exponent: &'a [u8],
        /// n.
        modulus: &'a [u8],
    },
    /// DSA.
    Dsa {
        /// p.
        prime: &'a [u8],
        /// q.
        order: &'a [u8],
        /// g.
        generator: &'a [u8],
        /// y.
        public: &'a [u8],
    },
    /// ECDSA over a named curve.
    Ecdsa {
        /// `nistp256`, `nistp384`, `nistp521`, or an object identifier.
        curve: &'a str,
        /// A point in SEC 1 form.
        point: &'a [u8],
    },
    /// Ed25519, 32 bytes.
    Ed25519(&'a [u8]),
    /// Ed448, 57 bytes.
    Ed448(&'a [u8]),
    /// Any other: what stands behind the name.
    Other(&'a [u8]),
}

/// What a certificate says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCertificate<'a> {
    /// Chosen by the issuer.
    pub serial: u64,
    /// Whether it is one for hosts.
    pub is_for_hosts: bool,
    /// Names of the host.
    pub principals: Vec<Box<str>>,
    /// Seconds since 1970.
    pub valid_after: u64,
    /// Seconds since 1970; all ones: for ever.
    pub valid_before: u64,
    /// The issuer's key, a string that [`HostKey::read`] reads.
    pub issuer: &'a [u8],
}

impl<'a> HostKey<'a> {
    /// Reads a key.
    ///
    /// # Errors
    /// Bytes that are missing.
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Read<HostKey<'a>> {
        let mut reader = Reader::new(bytes);
        let mut defects = Defects::new(limits);
        let format: Box<str> = String::from_utf8_lossy(reader.vector32()?.rest()).into();
        let certified = format.strip_suffix(CERTIFICATE);
        if certified.is_some() {
            // The nonce.
            reader.vector32()?;
        }
        let key = KeyMaterial::read(certified.unwrap_or(&format), &mut reader, &mut defects)?;
        let certificate = match key {
            // Where the key ends is not known.
            KeyMaterial::Other(_) => None,
            _ => certified.map(|_| HostCertificate::read(&mut reader, &mut defects, limits)).transpose()?,
        };
        Ok(defects.whole(HostKey { format, key, certificate }, &reader))
    }

    /// Bits of the key, by its kind: of the modulus, the prime or the curve. `None` where that is not known.
    pub fn bits(&self) -> Option<usize> {
        match self.key {
            KeyMaterial::Rsa { modulus, .. } => Some(bit_length(modulus)),
            KeyMaterial::Dsa { prime, .. } => Some(bit_length(prime)),
            KeyMaterial::Ecdsa { curve, .. } => curve.strip_prefix("nistp").and_then(|bits| bits.parse().ok()),
            KeyMaterial::Ed25519(_) => Some(256),
            KeyMaterial::Ed448(_) => Some(456),
            KeyMaterial::Other(_) => None,
        }
    }
}

impl<'a> KeyMaterial<'a> {
    fn read(format: &str, reader: &mut Reader<'a>, defects: &mut Defects) -> Result<Self, Defect> {
        let fixed = |reader: &mut Reader<'a>, defects: &mut Defects, length| {
            let mut inner = reader.vector32()?;
            if inner.left() != length {
                defects.note(inner.at(), DefectKind::PublicKey);
            }
            Ok(inner.rest())
        };
        Ok(match format {
            "ssh-rsa" => KeyMaterial::Rsa { exponent: positive(reader, defects)?, modulus: positive(reader, defects)? },
            "ssh-dss" => KeyMaterial::Dsa {
                prime: positive(reader, defects)?,
                order: positive(reader, defects)?,
                generator: positive(reader, defects)?,
                public: positive(reader, defects)?,
            },
            "ssh-ed25519" => KeyMaterial::Ed25519(fixed(reader, defects, 32)?),
            "ssh-ed448" => KeyMaterial::Ed448(fixed(reader, defects, 57)?),
            _ => match format.strip_prefix("ecdsa-sha2-") {
                None => KeyMaterial::Other(reader.rest()),
                Some(named) => {
                    let mut inner = reader.vector32()?;
                    let at = inner.at();
                    let curve = str::from_utf8(inner.rest()).unwrap_or_default();
                    if curve != named {
                        defects.note(at, DefectKind::PublicKey);
                    }
                    KeyMaterial::Ecdsa { curve, point: reader.vector32()?.rest() }
                }
            },
        })
    }
}

impl<'a> HostCertificate<'a> {
    fn read(reader: &mut Reader<'a>, defects: &mut Defects, limits: &Limits) -> Result<Self, Defect> {
        let serial = u64::from_be_bytes(reader.array()?);
        let is_for_hosts = reader.u32()? == HOST;
        // The issuer's name for it, for people.
        reader.vector32()?;
        let mut list = reader.vector32()?;
        let mut principals = Vec::new();
        while !list.is_empty() && principals.len() < limits.names {
            principals.push(String::from_utf8_lossy(list.vector32()?.rest()).into());
        }
        if !list.is_empty() {
            let found = principals.len().saturating_add(1);
            let limit = crate::Limit::Names;
            defects.note(list.at(), DefectKind::Limit { limit, most: limits.names, found });
        }
        let valid_after = u64::from_be_bytes(reader.array()?);
        let valid_before = u64::from_be_bytes(reader.array()?);
        if valid_before < valid_after {
            defects.note(reader.at(), DefectKind::ValidityReversed);
        }
        // Critical options, extensions, reserved.
        for _ in 0..3 {
            reader.vector32()?;
        }
        let issuer = reader.vector32()?.rest();
        // The issuer's signature.
        reader.vector32()?;
        Ok(HostCertificate { serial, is_for_hosts, principals, valid_after, valid_before, issuer })
    }
}

/// A signature with the name of how it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySignature<'a> {
    /// `rsa-sha2-512`, `ecdsa-sha2-nistp256` …; never the name of a certificate.
    pub algorithm: Box<str>,
    /// The signature in the form of its algorithm.
    pub bytes: &'a [u8],
}

impl<'a> KeySignature<'a> {
    /// Reads a signature.
    ///
    /// # Errors
    /// Bytes that are missing.
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Read<KeySignature<'a>> {
        let mut reader = Reader::new(bytes);
        let algorithm = String::from_utf8_lossy(reader.vector32()?.rest()).into();
        let value = KeySignature { algorithm, bytes: reader.vector32()?.rest() };
        Ok(Defects::new(limits).whole(value, &reader))
    }

    /// The two numbers of an ECDSA signature (RFC 5656 3.1.2), big-endian and without leading zeros.
    ///
    /// # Errors
    /// Bytes that are missing.
    pub fn read_ecdsa(&self, limits: &Limits) -> Read<(&'a [u8], &'a [u8])> {
        let mut reader = Reader::new(self.bytes);
        let mut defects = Defects::new(limits);
        let numbers = (positive(&mut reader, &mut defects)?, positive(&mut reader, &mut defects)?);
        Ok(defects.whole(numbers, &reader))
    }
}
