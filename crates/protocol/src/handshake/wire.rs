//! One connection's bytes: records in both directions, with keys once they are on. Shared by client, server and what
//! comes after the handshake.

use dengmi_core::Version;
use dengmi_parse::Limits;
use dengmi_parse::tls::message::Alert;
use dengmi_parse::tls::{
    AlertDescription, AlertLevel, ContentType, Deframed, Deframer, HandshakeType, MessageAssembler, Record,
};

use super::record::{MOST_CONTENT, RecordKey};
use super::secrets::{Purpose, Secrets};
use super::stop::{PeerMisbehaved, Stop};

/// What came next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A whole handshake message, header included.
    Message(Vec<u8>),
    ChangeCipherSpec,
    Alert(Alert),
    Data(Vec<u8>),
}

pub(crate) struct Wire {
    limits: Limits,
    /// What stands in the header of records sent.
    version: Version,
    /// What came, and how much of it was used: moved only when more is fed, or many small records would cost their
    /// square.
    incoming: Vec<u8>,
    used: usize,
    deframer: Deframer,
    assembler: MessageAssembler,
    /// Content of the handshake record at hand that no message was made of yet.
    content: Vec<u8>,
    content_used: usize,
    /// Handshake bytes received.
    received: usize,
    read: Option<RecordKey>,
    write: Option<RecordKey>,
    /// TLS 1.3: a ChangeCipherSpec means nothing (RFC 8446 5).
    ignores_change_cipher_spec: bool,
}

impl Wire {
    pub(crate) fn new(version: Version, limits: Limits) -> Wire {
        Wire {
            limits,
            version,
            incoming: Vec::new(),
            used: 0,
            deframer: Deframer::default(),
            assembler: MessageAssembler::default(),
            content: Vec::new(),
            content_used: 0,
            received: 0,
            read: None,
            write: None,
            ignores_change_cipher_spec: false,
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    pub(crate) fn ignore_change_cipher_spec(&mut self) {
        self.ignores_change_cipher_spec = true;
    }

    /// Handshakes are over: the bound on handshake bytes starts anew for what may still come, such as tickets.
    pub(crate) fn start_counting_anew(&mut self) {
        self.received = 0;
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.incoming.drain(..self.used);
        self.used = 0;
        self.incoming.extend_from_slice(bytes);
    }

    /// The next event; `None` until more bytes come.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, PeerMisbehaved> {
        loop {
            if let Some(message) = self.message()? {
                return Ok(Some(Event::Message(message)));
            }
            let Some((content, plain)) = self.record()? else { return Ok(None) };
            match content {
                ContentType::HANDSHAKE => {
                    if plain.is_empty() {
                        return Err(PeerMisbehaved::EmptyRecord);
                    }
                    self.received = self.received.saturating_add(plain.len());
                    if self.received > self.limits.handshake {
                        return Err(PeerMisbehaved::TooManyHandshakeBytes);
                    }
                    self.content = plain;
                    self.content_used = 0;
                }
                ContentType::CHANGE_CIPHER_SPEC if plain != [1] => return Err(PeerMisbehaved::ChangeCipherSpec),
                ContentType::CHANGE_CIPHER_SPEC if self.ignores_change_cipher_spec => {}
                ContentType::CHANGE_CIPHER_SPEC => {
                    // Keys change here: no message may lie across.
                    self.between_messages()?;
                    return Ok(Some(Event::ChangeCipherSpec));
                }
                ContentType::ALERT => {
                    let alert = Alert::read(&plain, &self.limits).map_err(PeerMisbehaved::Unreadable)?;
                    return Ok(Some(Event::Alert(alert.value)));
                }
                ContentType::APPLICATION_DATA if self.read.is_some() => return Ok(Some(Event::Data(plain))),
                other => return Err(PeerMisbehaved::UnexpectedRecord(other)),
            }
        }
    }

    fn message(&mut self) -> Result<Option<Vec<u8>>, PeerMisbehaved> {
        let mut left = self.content.get(self.content_used..).unwrap_or_default();
        let message = self.assembler.next(&mut left, &self.limits).map_err(PeerMisbehaved::Unreadable)?;
        let message = message.map(|message| message.bytes.into_owned());
        self.content_used = self.content.len() - left.len();
        Ok(message)
    }

    fn record(&mut self) -> Result<Option<(ContentType, Vec<u8>)>, PeerMisbehaved> {
        let left = self.incoming.get(self.used..).unwrap_or_default();
        let deframed = self.deframer.next(left, &self.limits).map_err(PeerMisbehaved::Unreadable)?;
        let size = deframed.size();
        let record = match deframed {
            Deframed::Need(_) => return Ok(None),
            Deframed::Ssl2(_) => return Err(PeerMisbehaved::Ssl2),
            Deframed::Record(record) => record,
        };
        let in_clear = record.content == ContentType::CHANGE_CIPHER_SPEC && self.ignores_change_cipher_spec;
        let opened = match &mut self.read {
            Some(key) if !in_clear => {
                let (content, plain) = key.open(&record).map_err(PeerMisbehaved::Record)?;
                // What means nothing is sent in clear only (RFC 8446 5).
                if content == ContentType::CHANGE_CIPHER_SPEC && self.ignores_change_cipher_spec {
                    return Err(PeerMisbehaved::UnexpectedRecord(content));
                }
                (content, plain)
            }
            _ if record.fragment.len() > MOST_CONTENT => {
                return Err(PeerMisbehaved::RecordTooLong(record.fragment.len()));
            }
            _ => (record.content, record.fragment.to_vec()),
        };
        self.used += size;
        Ok(Some(opened))
    }

    fn between_messages(&self) -> Result<(), PeerMisbehaved> {
        if self.content_used == self.content.len() && self.assembler.is_between() {
            Ok(())
        } else {
            Err(PeerMisbehaved::KeysChangeInsideMessage)
        }
    }

    /// What comes from now on is protected with `key`.
    pub(crate) fn read_with(&mut self, key: RecordKey) -> Result<(), PeerMisbehaved> {
        self.between_messages()?;
        self.read = Some(key);
        Ok(())
    }

    /// What is sent from now on is protected with `key`.
    pub(crate) fn write_with(&mut self, key: RecordKey) {
        self.write = Some(key);
    }

    /// Sends content as one record, or as several when it is longer than one may be. Peers exist that want each
    /// message whole in a record of its own.
    pub(crate) fn send(
        &mut self,
        content: ContentType,
        bytes: &[u8],
        secrets: &mut Secrets,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let mut left = bytes;
        loop {
            let (plain, rest) = left.split_at(left.len().min(MOST_CONTENT));
            match &mut self.write {
                Some(key) => {
                    let mut explicit = vec![0; key.explicit_length()];
                    if key.explicit_is_random() {
                        secrets.fill(Purpose::RecordVector, &mut explicit);
                    } else {
                        // The sequence number is new each time and is what the other clients send.
                        explicit.iter_mut().zip(key.sequence().to_be_bytes()).for_each(|(to, from)| *to = from);
                    }
                    key.protect(content, plain, &explicit, out)?;
                }
                None => Record { content, version: self.version, fragment: plain }.write(out)?,
            }
            left = rest;
            if left.is_empty() {
                return Ok(());
            }
        }
    }

    /// ChangeCipherSpec is never protected when it is sent: in TLS 1.3 it is for middleboxes, before that it comes
    /// first.
    pub(crate) fn send_change_cipher_spec(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        Record { content: ContentType::CHANGE_CIPHER_SPEC, version: self.version, fragment: &[1] }.write(out)?;
        Ok(())
    }

    pub(crate) fn send_alert(
        &mut self,
        level: AlertLevel,
        description: AlertDescription,
        secrets: &mut Secrets,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        Alert { level, description }.write(&mut bytes);
        self.send(ContentType::ALERT, &bytes, secrets, out)
    }
}

/// The type of a whole message and its body.
pub(crate) fn parts(message: &[u8]) -> (HandshakeType, &[u8]) {
    let kind = HandshakeType(message.first().copied().unwrap_or_default());
    (kind, message.get(dengmi_parse::tls::record::MESSAGE_HEADER..).unwrap_or_default())
}
