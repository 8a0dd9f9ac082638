//! Certificate and CertificateRequest in the forms of TLS up to 1.2, TLS 1.3 and TLCP.

use dengmi_core::{Scheme, Version};

use super::extension::{Place, number_list};
use super::{Extensions, TooLong, numbers, vector, vector_of, write_message};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Read, Reader};
use crate::tls::{Dialect, HandshakeType};

/// The certificates of one side, in the order of the wire (RFC 5246 7.4.2, RFC 8446 4.4.2, GB/T 38636-2020 6.4.5.3).
/// TLCP: position 0 signs, position 1 encrypts, the rest are authorities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates<'a> {
    /// The request that this answers; only TLS 1.3 has it, and its form depends on it.
    pub context: Option<&'a [u8]>,
    /// The certificates.
    pub entries: Vec<CertificateEntry<'a>>,
}

/// One certificate and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateEntry<'a> {
    /// DER, unread.
    pub der: &'a [u8],
    /// TLS 1.3's extensions of the entry; not written in other forms.
    pub extensions: Extensions<'a>,
}

impl<'a> Certificates<'a> {
    /// A list without context or extensions: the form of TLS up to 1.2 and of TLCP.
    pub fn list(certificates: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let entry = |der| CertificateEntry { der, extensions: Extensions::default() };
        Certificates { context: None, entries: certificates.into_iter().map(entry).collect() }
    }

    /// Reads a body. A certificate that is cut off ends the list and is a defect.
    ///
    /// # Errors
    /// The bytes end before the list starts.
    pub fn read(body: &'a [u8], dialect: Dialect, version: Version, limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        let has_context = dialect.has_certificate_context(version);
        let context = if has_context { Some(reader.vector8()?.rest()) } else { None };
        let mut list = reader.vector24()?;
        let mut entries = Vec::new();
        while !list.is_empty() {
            if entries.len() >= limits.certificates {
                let found = entries.len().saturating_add(1);
                let what = DefectKind::Limit { limit: Limit::Certificates, most: limits.certificates, found };
                defects.note(list.at(), what);
                break;
            }
            match list.vector24() {
                Ok(mut der) => {
                    let der = der.rest();
                    let extensions = if has_context {
                        Extensions::read(&mut list, Place::Elsewhere, limits, &mut defects)
                    } else {
                        Extensions::default()
                    };
                    entries.push(CertificateEntry { der, extensions });
                }
                Err(defect) => {
                    defects.push(defect);
                    break;
                }
            }
        }
        Ok(defects.whole(Certificates { context, entries }, &reader))
    }

    /// Appends the whole message, in the form of TLS 1.3 where there is a context.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::CERTIFICATE, |out| {
            self.context.map_or(Ok(()), |context| vector_of::<1>(out, context))?;
            vector::<3>(out, |out| {
                self.entries.iter().try_for_each(|entry| {
                    vector_of::<3>(out, entry.der)?;
                    if self.context.is_some() { entry.extensions.write(out) } else { Ok(()) }
                })
            })
        })
    }
}

/// What a server wants a client to prove itself with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateRequest<'a> {
    /// TLS up to 1.2 and TLCP (RFC 5246 7.4.4, GB/T 38636-2020 6.4.5.5).
    Types {
        /// Certificate types: 1 rsa_sign, 64 ecdsa_sign, in TLCP also 80 ibc_params.
        types: &'a [u8],
        /// Accepted schemes; only TLS 1.2 has them.
        schemes: Option<Vec<Scheme>>,
        /// Accepted authorities, each a DER name.
        authorities: Vec<&'a [u8]>,
    },
    /// TLS 1.3 (RFC 8446 4.3.2).
    Extensions {
        /// What the answer has to repeat.
        context: &'a [u8],
        /// signature_algorithms and more.
        extensions: Extensions<'a>,
    },
}

impl<'a> CertificateRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The bytes end before the names of authorities, or the list of schemes ends in half a scheme.
    pub fn read(body: &'a [u8], dialect: Dialect, version: Version, limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        if dialect.has_certificate_context(version) {
            let context = reader.vector8()?.rest();
            let extensions = Extensions::read(&mut reader, Place::Elsewhere, limits, &mut defects);
            return Ok(defects.whole(CertificateRequest::Extensions { context, extensions }, &reader));
        }
        let types = reader.vector8()?.rest();
        let has_schemes = dialect.names_scheme(version);
        let schemes = if has_schemes { Some(number_list(reader.vector16()?, Scheme)?) } else { None };
        let authorities = authorities(reader.vector16()?, limits, &mut defects);
        Ok(defects.whole(CertificateRequest::Types { types, schemes, authorities }, &reader))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::CERTIFICATE_REQUEST, |out| match self {
            CertificateRequest::Types { types, schemes, authorities } => {
                vector_of::<1>(out, types)?;
                if let Some(schemes) = schemes {
                    vector::<2>(out, |out| {
                        numbers(out, schemes.iter().map(|scheme| scheme.0));
                        Ok(())
                    })?;
                }
                vector::<2>(out, |out| authorities.iter().try_for_each(|name| vector_of::<2>(out, name)))
            }
            CertificateRequest::Extensions { context, extensions } => {
                vector_of::<1>(out, context)?;
                extensions.write(out)
            }
        })
    }
}

fn authorities<'a>(mut list: Reader<'a>, limits: &Limits, defects: &mut Defects) -> Vec<&'a [u8]> {
    let mut authorities = Vec::new();
    while !list.is_empty() {
        if authorities.len() >= limits.authorities {
            let found = authorities.len().saturating_add(1);
            let what = DefectKind::Limit { limit: Limit::Authorities, most: limits.authorities, found };
            defects.push(Defect { at: list.at(), what });
            break;
        }
        match list.vector16() {
            Ok(mut name) => authorities.push(name.rest()),
            Err(defect) => {
                defects.push(defect);
                break;
            }
        }
    }
    authorities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::message::Extension;

    #[test]
    fn certificates_survive_writing_and_reading_in_both_forms() {
        let with_extension =
            CertificateEntry { der: &[0x30, 1, 2], extensions: Extensions(vec![Extension::session_ticket(&[5])]) };
        let tls13 = Certificates { context: Some(&[]), entries: vec![with_extension] };
        let pair = Certificates::list([&[0x30, 0][..], &[0x30, 1, 9]]);
        for (certificates, dialect, version) in [
            (Certificates::default(), Dialect::Tlcp, Version::TLCP),
            (pair.clone(), Dialect::Tlcp, Version::TLCP),
            (pair, Dialect::Tls, Version::TLS_1_2),
            (tls13, Dialect::Tls, Version::TLS_1_3),
        ] {
            let mut bytes = Vec::new();
            certificates.write(&mut bytes).unwrap();
            let reading = Certificates::read(&bytes[4..], dialect, version, &Limits::default()).unwrap();
            assert_eq!((reading.value, reading.defects), (certificates, vec![]));
        }
    }

    #[test]
    fn requests_survive_writing_and_reading_in_three_forms() {
        let names = vec![&[0x30, 0][..]];
        let extensions = Extensions(vec![Extension::signature_algorithms(&[Scheme(0x0708)]).unwrap()]);
        for (request, dialect, version) in [
            (
                CertificateRequest::Types { types: &[1, 64], schemes: None, authorities: names.clone() },
                Dialect::Tlcp,
                Version::TLCP,
            ),
            (
                CertificateRequest::Types { types: &[64], schemes: Some(vec![Scheme(0x0403)]), authorities: names },
                Dialect::Tls,
                Version::TLS_1_2,
            ),
            (CertificateRequest::Extensions { context: &[7], extensions }, Dialect::Tls, Version::TLS_1_3),
        ] {
            let mut bytes = Vec::new();
            request.write(&mut bytes).unwrap();
            let reading = CertificateRequest::read(&bytes[4..], dialect, version, &Limits::default()).unwrap();
            assert_eq!((reading.value, reading.defects), (request, vec![]));
        }
    }

    #[test]
    fn lists_are_read_up_to_their_limits() {
        let mut bytes = Vec::new();
        Certificates::list([&[1][..]; 3]).write(&mut bytes).unwrap();
        let mut request = Vec::new();
        let names = vec![&[1][..]; 3];
        CertificateRequest::Types { types: &[1], schemes: None, authorities: names }.write(&mut request).unwrap();
        for (limit, defects) in [(3, 0), (2, 1)] {
            let limits = Limits { certificates: limit, authorities: limit, ..Limits::default() };
            let reading = Certificates::read(&bytes[4..], Dialect::Tls, Version::TLS_1_2, &limits).unwrap();
            assert_eq!((reading.value.entries.len(), reading.defects.len()), (limit, defects));
            let reading = CertificateRequest::read(&request[4..], Dialect::Tlcp, Version::TLCP, &limits).unwrap();
            let CertificateRequest::Types { authorities, .. } = reading.value else { panic!("form") };
            assert_eq!((authorities.len(), reading.defects.len()), (limit, defects));
        }
    }

    #[test]
    fn a_certificate_that_is_cut_off_leaves_those_before_it() {
        let body = [0, 0, 9, 0, 0, 1, 5, 0, 0, 3, 1, 2];
        let reading = Certificates::read(&body, Dialect::Tls, Version::TLS_1_2, &Limits::default()).unwrap();
        assert_eq!(reading.value, Certificates::list([&[5][..]]));
        assert_eq!(reading.defects, [Defect { at: 10, what: DefectKind::Short { wanted: 3, left: 2 } }]);
    }
}
