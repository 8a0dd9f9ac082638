//! The short messages: ServerHelloDone, EncryptedExtensions, NewSessionTicket, Finished, and alerts.

use dengmi_core::Version;

use super::extension::Place;
use super::{Extensions, TooLong, vector_of, write_message};
use crate::reading::{DefectKind, Defects, Limits, Read, Reader};
use crate::tls::{AlertDescription, AlertLevel, Dialect, HandshakeType};

/// The end of a server's first flight, without a body (RFC 5246 7.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHelloDone;

impl ServerHelloDone {
    /// Reads a body; bytes in it are a defect.
    ///
    /// # Errors
    /// Never; the type is that of every message.
    pub fn read(body: &[u8], limits: &Limits) -> Read<Self> {
        Ok(Defects::new(limits).whole(ServerHelloDone, &Reader::new(body)))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// Never; the type is that of every message.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::SERVER_HELLO_DONE, |_| Ok(()))
    }
}

/// What a TLS 1.3 server says under the first keys (RFC 8446 4.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptedExtensions<'a>(pub Extensions<'a>);

impl<'a> EncryptedExtensions<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// Never; the type is that of every message.
    pub fn read(body: &'a [u8], limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        let extensions = Extensions::read(&mut reader, Place::Elsewhere, limits, &mut defects);
        Ok(defects.whole(EncryptedExtensions(extensions), &reader))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::ENCRYPTED_EXTENSIONS, |out| self.0.write(out))
    }
}

/// A ticket to resume with (RFC 5077 3.3, RFC 8446 4.6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// Seconds for which the ticket is good.
    pub lifetime: u32,
    /// What only TLS 1.3 has; the form depends on it.
    pub tls13: Option<TicketDetails<'a>>,
    /// The ticket, opaque to the client.
    pub ticket: &'a [u8],
}

/// What TLS 1.3 adds to a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketDetails<'a> {
    /// Added to the ticket's age to hide it.
    pub age_add: u32,
    /// Makes the ticket's key its own.
    pub nonce: &'a [u8],
    /// early_data and more.
    pub extensions: Extensions<'a>,
}

impl<'a> NewSessionTicket<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The bytes end before the ticket does.
    pub fn read(body: &'a [u8], dialect: Dialect, version: Version, limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        let lifetime = reader.u32()?;
        if !dialect.hides_after_server_hello(version) {
            let ticket = reader.vector16()?.rest();
            return Ok(defects.whole(NewSessionTicket { lifetime, tls13: None, ticket }, &reader));
        }
        let age_add = reader.u32()?;
        let nonce = reader.vector8()?.rest();
        let ticket = reader.vector16()?.rest();
        let extensions = Extensions::read(&mut reader, Place::Elsewhere, limits, &mut defects);
        let tls13 = Some(TicketDetails { age_add, nonce, extensions });
        Ok(defects.whole(NewSessionTicket { lifetime, tls13, ticket }, &reader))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] when a part does not fit its length field.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::NEW_SESSION_TICKET, |out| {
            out.extend(self.lifetime.to_be_bytes());
            let Some(details) = &self.tls13 else { return vector_of::<2>(out, self.ticket) };
            out.extend(details.age_add.to_be_bytes());
            vector_of::<1>(out, details.nonce)?;
            vector_of::<2>(out, self.ticket)?;
            details.extensions.write(out)
        })
    }
}

/// The proof that both sides saw the same handshake (RFC 5246 7.4.9, RFC 8446 4.4.4, GB/T 38636-2020 6.4.5.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished<'a>(pub &'a [u8]);

impl<'a> Finished<'a> {
    /// Reads a body; another length than the dialect's is a defect.
    ///
    /// # Errors
    /// Never; the type is that of every message.
    pub fn read(body: &'a [u8], dialect: Dialect, version: Version, limits: &Limits) -> Read<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        if let Some(wanted) = dialect.finished_length(version) {
            if reader.left() < wanted {
                defects.push(reader.short(wanted));
            } else if reader.left() > wanted {
                defects.note(wanted, DefectKind::Trailing { left: reader.left() - wanted });
            }
        }
        Ok(defects.reading(Finished(reader.rest()), &reader))
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// [`TooLong`] for more than 2^24 bytes.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        write_message(out, HandshakeType::FINISHED, |out| {
            out.extend_from_slice(self.0);
            Ok(())
        })
    }
}

/// An alert in clear: a record's fragment of two bytes (RFC 5246 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alert {
    /// How grave.
    pub level: AlertLevel,
    /// What it says.
    pub description: AlertDescription,
}

impl Alert {
    /// Reads a record's fragment.
    ///
    /// # Errors
    /// The fragment is shorter than two bytes.
    pub fn read(fragment: &[u8], limits: &Limits) -> Read<Self> {
        let mut reader = Reader::new(fragment);
        let alert = Alert { level: AlertLevel(reader.u8()?), description: AlertDescription(reader.u8()?) };
        Ok(Defects::new(limits).whole(alert, &reader))
    }

    /// Appends the fragment.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.level.0, self.description.0]);
    }

    /// Whether the connection ends with it: fatal level, or the closing alert. While the version is not known, or hides alerts.
    pub fn is_last(&self) -> bool {
        self.level == AlertLevel::FATAL || self.description == AlertDescription::CLOSE_NOTIFY
    }

    /// Whether a connection of this version ends with it. TLS 1.3 ignores the level: all but user_canceled end it (RFC 8446 6).
    pub fn ends(&self, version: Version) -> bool {
        if version == Version::TLS_1_3 { self.description != AlertDescription::USER_CANCELED } else { self.is_last() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Defect;

    fn body(write: impl FnOnce(&mut Vec<u8>) -> Result<(), TooLong>) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        out.split_off(4)
    }

    #[test]
    fn short_messages_survive_writing_and_reading() {
        let limits = Limits::default();
        let extensions = EncryptedExtensions::default();
        let bytes = body(|out| extensions.write(out));
        assert_eq!(EncryptedExtensions::read(&bytes, &limits).unwrap().value, extensions);
        let bytes = body(|out| ServerHelloDone.write(out));
        assert_eq!(ServerHelloDone::read(&bytes, &limits).unwrap().defects, []);
        assert_eq!(ServerHelloDone::read(&[1], &limits).unwrap().defects.len(), 1);
        let mut out = Vec::new();
        let alert = Alert { level: AlertLevel::FATAL, description: AlertDescription(205) };
        alert.write(&mut out);
        assert_eq!(Alert::read(&out, &limits).unwrap().value, alert);
        assert_eq!(Alert::read(&[2], &limits), Err(Defect { at: 1, what: DefectKind::Short { wanted: 1, left: 0 } }));
    }

    #[test]
    fn tickets_survive_writing_and_reading_in_both_forms() {
        let details = TicketDetails { age_add: 9, nonce: &[1], extensions: Extensions::default() };
        for (tls13, dialect, version) in [
            (None, Dialect::Tlcp, Version::TLCP),
            (None, Dialect::Tls, Version::TLS_1_2),
            (Some(details), Dialect::Tls, Version::TLS_1_3),
        ] {
            let ticket = NewSessionTicket { lifetime: 7200, tls13, ticket: &[5; 200] };
            let bytes = body(|out| ticket.write(out));
            let reading = NewSessionTicket::read(&bytes, dialect, version, &Limits::default()).unwrap();
            assert_eq!((reading.value, reading.defects), (ticket, vec![]));
        }
    }

    #[test]
    fn a_finished_of_another_length_is_a_defect() {
        for (length, defects) in [(11, 1), (12, 0), (13, 1)] {
            let bytes = body(|out| Finished(&vec![3; length]).write(out));
            let reading = Finished::read(&bytes, Dialect::Tlcp, Version::TLCP, &Limits::default()).unwrap();
            assert_eq!((reading.value.0.len(), reading.defects.len()), (length, defects));
        }
    }
}
