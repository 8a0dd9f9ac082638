//! ServerKeyExchange, ClientKeyExchange and CertificateVerify.
//!
//! Their forms depend on the suite, and a hostile server need not keep to its suite: the form is told from the bytes,
//! which fit exactly one of those that the dialect knows. What fits none is kept as it is.

use dengmi_core::{Group, Scheme, Suite, Version};

use super::{TooLong, vector_of, write_message};
use crate::reading::{Defect, DefectKind, Defects, Limits, Read, Reader, bit_length};
use crate::tls::{Dialect, HandshakeType};

/// The only description of a curve in use: by its number (RFC 8422 5.4).
const NAMED_CURVE: u8 = 3;

/// Suites of RSA with an export key; their parameters look like those of anonymous DH (RFC 2246 7.4.3).
const RSA_EXPORT: [Suite; 5] = [Suite(0x0003), Suite(0x0006), Suite(0x0008), Suite(0x0062), Suite(0x0064)];

/// What a server adds for the key exchange (RFC 5246 7.4.3, RFC 8422 5.4, GB/T 38636-2020 6.4.5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerKeyExchange<'a> {
    /// Public parameters, signed unless the suite is anonymous.
    Signed {
        /// What is signed, behind both randoms.
        parameters: SignedParameters<'a>,
        /// `None` in an anonymous suite.
        signature: Option<Signature<'a>>,
    },
    /// TLCP's ECC, RSA and IBC suites: a signature over both randoms and the encryption certificate.
    CertificateOnly(Signature<'a>),
    /// Any other form, as it is.
    Other(&'a [u8]),
}

/// The public parameters of a ServerKeyExchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedParameters<'a> {
    /// (EC)DHE over a named curve.
    Curve(CurvePoint<'a>),
    /// DHE over a prime field.
    Dh(DhParameters<'a>),
    /// An RSA export key.
    RsaExport {
        /// Big-endian modulus.
        modulus: &'a [u8],
        /// Big-endian exponent.
        exponent: &'a [u8],
    },
}

/// A named curve and a point on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurvePoint<'a> {
    /// The curve.
    pub group: Group,
    /// The point in the curve's encoding; 04 x y for SM2 and the NIST curves.
    pub point: &'a [u8],
}

/// A prime field and a public value in it, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DhParameters<'a> {
    /// The prime p.
    pub prime: &'a [u8],
    /// The generator g.
    pub generator: &'a [u8],
    /// The public value.
    pub public: &'a [u8],
}

/// A signature and, where the dialect and version have it, its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The scheme; `None` before TLS 1.2 and in TLCP.
    pub scheme: Option<Scheme>,
    /// The signature, unread; DER for ECDSA and SM2.
    pub bytes: &'a [u8],
}

impl<'a> CurvePoint<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Defect> {
        let at = reader.at();
        match reader.u8()? {
            NAMED_CURVE => Ok(CurvePoint { group: Group(reader.u16()?), point: reader.vector8()?.rest() }),
            other => Err(Defect { at, what: DefectKind::CurveType(other) }),
        }
    }

    /// Appends type, number and point: what is signed in a ServerKeyExchange.
    ///
    /// # Errors
    /// [`TooLong`] when the point has more than 255 bytes.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        out.push(NAMED_CURVE);
        out.extend(self.group.0.to_be_bytes());
        vector_of::<1>(out, self.point)
    }
}

impl DhParameters<'_> {
    /// Bits of the prime.
    pub fn bits(&self) -> usize {
        bit_length(self.prime)
    }
}

impl<'a> SignedParameters<'a> {
    /// Appends the parameters exactly as they stand in the message: what is signed, behind both randoms.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut vectors = |parts: &[&[u8]]| parts.iter().try_for_each(|part| vector_of::<2>(out, part));
        match self {
            SignedParameters::Curve(curve) => curve.write(out),
            SignedParameters::Dh(dh) => vectors(&[dh.prime, dh.generator, dh.public]),
            SignedParameters::RsaExport { modulus, exponent } => vectors(&[modulus, exponent]),
        }
    }

    fn curve(reader: &mut Reader<'a>) -> Result<Self, Defect> {
        CurvePoint::read(reader).map(SignedParameters::Curve)
    }

    fn dh(reader: &mut Reader<'a>) -> Result<Self, Defect> {
        Ok(SignedParameters::Dh(DhParameters {
            prime: reader.vector16()?.rest(),
            generator: reader.vector16()?.rest(),
            public: reader.vector16()?.rest(),
        }))
    }

    fn rsa_export(reader: &mut Reader<'a>) -> Result<Self, Defect> {
        Ok(SignedParameters::RsaExport { modulus: reader.vector16()?.rest(), exponent: reader.vector16()?.rest() })
    }
}

impl<'a> Signature<'a> {
    fn read(reader: &mut Reader<'a>, names_scheme: bool) -> Result<Self, Defect> {
        let scheme = if names_scheme { Some(Scheme(reader.u16()?)) } else { None };
        Ok(Signature { scheme, bytes: reader.vector16()?.rest() })
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        out.extend(self.scheme.iter().flat_map(|scheme| scheme.0.to_be_bytes()));
        vector_of::<2>(out, self.bytes)
    }
}

impl<'a> ServerKeyExchange<'a> {
    /// Reads a body. A form that is not known is [`ServerKeyExchange::Other`] with the defect that kept it from being
    /// the elliptic-curve one.
    ///
    /// # Errors
    /// Never; the type is that of every message.
    pub fn read(body: &'a [u8], dialect: Dialect, version: Version, suite: Suite, limits: &Limits) -> Read<Self> {
        let names_scheme = dialect.names_scheme(version);
        if dialect.may_sign_certificate_only()
            && let Ok(signature) = whole(body, |reader| Signature::read(reader, names_scheme))
        {
            return Ok(sound(ServerKeyExchange::CertificateOnly(signature)));
        }
        let signed = |parameters: fn(&mut Reader<'a>) -> Result<SignedParameters<'a>, Defect>| {
            whole(body, |reader| {
                let parameters = parameters(reader)?;
                let signature = if reader.is_empty() { None } else { Some(Signature::read(reader, names_scheme)?) };
                Ok(ServerKeyExchange::Signed { parameters, signature })
            })
        };
        let curve = signed(SignedParameters::curve);
        let read = match &curve {
            Ok(_) => curve,
            Err(_) if dialect == Dialect::Tls && RSA_EXPORT.contains(&suite) => signed(SignedParameters::rsa_export),
            Err(_) if dialect == Dialect::Tls => signed(SignedParameters::dh).or(curve),
            Err(_) => curve,
        };
        Ok(read.map_or_else(
            |defect| {
                let mut defects = Defects::new(limits);
                defects.push(defect);
                defects.reading(ServerKeyExchange::Other(body), &Reader::new(&[]))
            },
            sound,
        ))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::SERVER_KEY_EXCHANGE, |out| match self {
            ServerKeyExchange::Signed { parameters, signature } => {
                parameters.write(out)?;
                signature.map_or(Ok(()), |signature| signature.write(out))
            }
            ServerKeyExchange::CertificateOnly(signature) => signature.write(out),
            ServerKeyExchange::Other(body) => {
                out.extend_from_slice(body);
                Ok(())
            }
        })
    }

    /// The signature, if there is one.
    pub fn signature(&self) -> Option<Signature<'a>> {
        match *self {
            ServerKeyExchange::Signed { signature, .. } => signature,
            ServerKeyExchange::CertificateOnly(signature) => Some(signature),
            ServerKeyExchange::Other(_) => None,
        }
    }

    /// The curve, if there is one.
    pub fn group(&self) -> Option<Group> {
        match self {
            ServerKeyExchange::Signed { parameters: SignedParameters::Curve(curve), .. } => Some(curve.group),
            _ => None,
        }
    }

    /// Bits of the prime, if there is one.
    pub fn dh_bits(&self) -> Option<usize> {
        match self {
            ServerKeyExchange::Signed { parameters: SignedParameters::Dh(dh), .. } => Some(dh.bits()),
            _ => None,
        }
    }
}

/// Reads with `read`, which must use every byte.
fn whole<'a, T>(body: &'a [u8], read: impl FnOnce(&mut Reader<'a>) -> Result<T, Defect>) -> Result<T, Defect> {
    let mut reader = Reader::new(body);
    let value = read(&mut reader)?;
    match reader.left() {
        0 => Ok(value),
        left => Err(Defect { at: reader.at(), what: DefectKind::Trailing { left } }),
    }
}

fn sound<T>(value: T) -> crate::Reading<T> {
    crate::Reading { value, defects: Vec::new(), rest: 0 }
}

/// What a client adds for the key exchange (RFC 5246 7.4.7, RFC 8422 5.7, GB/T 38636-2020 6.4.5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKeyExchange<'a> {
    /// Behind a length of two bytes: the pre-master secret encrypted with RSA or, in TLCP, SM2 (DER); or DHE's public value.
    Long(&'a [u8]),
    /// Behind a length of one byte: ECDHE's public point.
    Point(&'a [u8]),
    /// TLCP's ECDHE: curve and point, in one of two forms that implementations differ on.
    Parameters {
        /// Whether a length of two bytes stands in front, as GB/T 38636-2020 6.4.5.8 has it.
        wrapped: bool,
        /// The client's ephemeral point.
        curve: CurvePoint<'a>,
    },
    /// Any other form, as it is; SSL 3.0 encrypts with RSA and writes no length.
    Other(&'a [u8]),
}

impl<'a> ClientKeyExchange<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// Never; the type is that of every message.
    pub fn read(body: &'a [u8], dialect: Dialect, _limits: &Limits) -> Read<Self> {
        let long = whole(body, |reader| Ok(reader.vector16()?.rest()));
        let value = match (dialect, long) {
            (Dialect::Tlcp, Ok(inner)) => match whole(inner, CurvePoint::read) {
                Ok(curve) => ClientKeyExchange::Parameters { wrapped: true, curve },
                Err(_) => ClientKeyExchange::Long(inner),
            },
            (Dialect::Tlcp, Err(_)) => whole(body, CurvePoint::read).map_or(ClientKeyExchange::Other(body), |curve| {
                ClientKeyExchange::Parameters { wrapped: false, curve }
            }),
            (_, Ok(inner)) => ClientKeyExchange::Long(inner),
            (_, Err(_)) => whole(body, |reader| Ok(reader.vector8()?.rest()))
                .map_or(ClientKeyExchange::Other(body), ClientKeyExchange::Point),
        };
        Ok(sound(value))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::CLIENT_KEY_EXCHANGE, |out| match self {
            ClientKeyExchange::Long(inner) => vector_of::<2>(out, inner),
            ClientKeyExchange::Point(point) => vector_of::<1>(out, point),
            ClientKeyExchange::Parameters { wrapped: true, curve } => super::vector::<2>(out, |out| curve.write(out)),
            ClientKeyExchange::Parameters { wrapped: false, curve } => curve.write(out),
            ClientKeyExchange::Other(body) => {
                out.extend_from_slice(body);
                Ok(())
            }
        })
    }
}

/// The proof that a side holds the key of its certificate (RFC 5246 7.4.8, RFC 8446 4.4.3, GB/T 38636-2020 6.4.5.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateVerify<'a>(pub Signature<'a>);

impl<'a> CertificateVerify<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The bytes end before the signature does.
    pub fn read(body: &'a [u8], dialect: Dialect, version: Version, limits: &Limits) -> Read<Self> {
        let mut reader = Reader::new(body);
        let signature = Signature::read(&mut reader, dialect.names_scheme(version))?;
        Ok(Defects::new(limits).whole(CertificateVerify(signature), &reader))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when the signature does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::CERTIFICATE_VERIFY, |out| self.0.write(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: Suite = Suite(0x002f);
    const POINT: CurvePoint<'_> = CurvePoint { group: Group(0x0029), point: &[4; 65] };
    const PLAIN: Signature<'_> = Signature { scheme: None, bytes: &[0x30; 70] };
    const NAMED: Signature<'_> = Signature { scheme: Some(Scheme(0x0804)), bytes: &[1; 256] };

    #[test]
    fn server_key_exchanges_survive_writing_and_reading() {
        let curve = SignedParameters::Curve(POINT);
        let dh = SignedParameters::Dh(DhParameters { prime: &[0x81; 256], generator: &[2], public: &[9; 256] });
        // The first byte of a 6144-bit prime's length is the one that marks a named curve.
        let long_dh = SignedParameters::Dh(DhParameters { prime: &[0x81; 768], generator: &[2], public: &[9; 768] });
        let export = SignedParameters::RsaExport { modulus: &[0x81; 64], exponent: &[3] };
        for (parameters, signature, dialect, version, suite) in [
            (Some(curve), Some(NAMED), Dialect::Tls, Version::TLS_1_2, SUITE),
            (Some(curve), Some(PLAIN), Dialect::Tls, Version::TLS_1_1, SUITE),
            (Some(curve), None, Dialect::Tls, Version::TLS_1_2, SUITE),
            (Some(curve), Some(PLAIN), Dialect::Tlcp, Version::TLCP, SUITE),
            (None, Some(PLAIN), Dialect::Tlcp, Version::TLCP, SUITE),
            (Some(dh), Some(NAMED), Dialect::Tls, Version::TLS_1_2, SUITE),
            (Some(long_dh), Some(NAMED), Dialect::Tls, Version::TLS_1_2, SUITE),
            (Some(dh), None, Dialect::Tls, Version::TLS_1_0, SUITE),
            (Some(export), Some(PLAIN), Dialect::Tls, Version::SSL_3_0, Suite(0x0003)),
        ] {
            let message = match (parameters, signature) {
                (Some(parameters), signature) => ServerKeyExchange::Signed { parameters, signature },
                (None, Some(signature)) => ServerKeyExchange::CertificateOnly(signature),
                (None, None) => panic!("nothing to send"),
            };
            let mut bytes = Vec::new();
            message.write(&mut bytes).unwrap();
            let reading = ServerKeyExchange::read(&bytes[4..], dialect, version, suite, &Limits::default()).unwrap();
            assert_eq!((reading.value, reading.defects), (message, vec![]));
        }
    }

    #[test]
    fn bits_of_a_prime_leave_out_leading_zeros() {
        for (prime, bits) in [(&[0x80, 0][..], 16), (&[0, 0x7f], 7), (&[0, 0], 0), (&[], 0)] {
            assert_eq!(DhParameters { prime, generator: &[], public: &[] }.bits(), bits);
        }
    }

    #[test]
    fn an_unknown_form_is_kept_with_the_reason() {
        for (body, what) in
            [(&[1, 0, 0][..], DefectKind::CurveType(1)), (&[], DefectKind::Short { wanted: 1, left: 0 })]
        {
            let limits = Limits::default();
            let reading = ServerKeyExchange::read(body, Dialect::Tls, Version::TLS_1_2, SUITE, &limits).unwrap();
            assert_eq!(reading.value, ServerKeyExchange::Other(body));
            assert_eq!(reading.defects, [Defect { at: 0, what }]);
        }
    }

    #[test]
    fn client_key_exchanges_survive_writing_and_reading() {
        for (message, dialect, length) in [
            (ClientKeyExchange::Long(&[0x30; 155]), Dialect::Tlcp, 157),
            (ClientKeyExchange::Parameters { wrapped: false, curve: POINT }, Dialect::Tlcp, 69),
            (ClientKeyExchange::Parameters { wrapped: true, curve: POINT }, Dialect::Tlcp, 71),
            (ClientKeyExchange::Long(&[1; 256]), Dialect::Tls, 258),
            (ClientKeyExchange::Point(&[4; 65]), Dialect::Tls, 66),
            (ClientKeyExchange::Point(&[4; 32]), Dialect::Tls, 33),
            (ClientKeyExchange::Other(&[0xff; 128]), Dialect::Tls, 128),
        ] {
            let mut bytes = Vec::new();
            message.write(&mut bytes).unwrap();
            assert_eq!(bytes.len() - 4, length);
            assert_eq!(ClientKeyExchange::read(&bytes[4..], dialect, &Limits::default()).unwrap().value, message);
        }
    }

    #[test]
    fn certificate_verify_survives_writing_and_reading() {
        for (signature, dialect, version) in [
            (PLAIN, Dialect::Tlcp, Version::TLCP),
            (PLAIN, Dialect::Tls, Version::TLS_1_0),
            (NAMED, Dialect::Tls, Version::TLS_1_3),
        ] {
            let mut bytes = Vec::new();
            CertificateVerify(signature).write(&mut bytes).unwrap();
            let reading = CertificateVerify::read(&bytes[4..], dialect, version, &Limits::default()).unwrap();
            assert_eq!((reading.value, reading.defects), (CertificateVerify(signature), vec![]));
        }
    }
}
