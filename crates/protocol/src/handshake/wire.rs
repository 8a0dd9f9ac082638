//! One connection's bytes: records in both directions, with keys once they are on. Shared by client, server and what
//! comes after the handshake.

use dengmi_core::Version;
use dengmi_parse::tls::message::Alert;
use dengmi_parse::tls::{
    AlertDescription, AlertLevel, ContentType, DatagramRecord, Deframed, Deframer, Fragment, FragmentAssembler,
    HandshakeType, MessageAssembler, Record,
};
use dengmi_parse::{DefectKind, Limits, Reader};

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

/// Bytes of a message in one record of DTLS: with headers and protection it fits the datagrams of any network.
const MOST_FRAGMENT: usize = 1200;

/// What DTLS counts beside TLS.
#[derive(Default)]
struct Datagrams {
    fragments: FragmentAssembler,
    /// Number of the next record in clear.
    record: u64,
    /// Number of the next message that is sent.
    message: u16,
}

/// A handshake message as a transcript of DTLS has it: as if it had come in one fragment (RFC 6347 4.2.6).
pub(crate) fn transcribed(message: &[u8], sequence: u16) -> Result<Vec<u8>, Stop> {
    let (kind, body) = parts(message);
    let mut bytes = Vec::with_capacity(message.len().saturating_add(8));
    Fragment { kind, length: body.len(), sequence, offset: 0, bytes: body }.write(&mut bytes)?;
    Ok(bytes)
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
    /// DTLS.
    datagrams: Option<Datagrams>,
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
            datagrams: None,
        }
    }

    /// A wire of DTLS: what is fed and what is sent are whole records, in datagrams of whatever size.
    pub(crate) fn of_datagrams(version: Version, limits: Limits) -> Wire {
        Wire { datagrams: Some(Datagrams::default()), ..Wire::new(version, limits) }
    }

    /// In DTLS, the number that the next message to be sent will have.
    pub(crate) fn next_sent(&self) -> Option<u16> {
        self.datagrams.as_ref().map(|datagrams| datagrams.message)
    }

    /// In DTLS, the number of the message that came last.
    pub(crate) fn last_received(&self) -> Option<u16> {
        self.datagrams.as_ref().and_then(|datagrams| datagrams.fragments.last())
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
                    self.take_fragments()?;
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

    /// In DTLS, moves the fragments of a record to where messages are put together.
    fn take_fragments(&mut self) -> Result<(), PeerMisbehaved> {
        let Some(datagrams) = &mut self.datagrams else { return Ok(()) };
        let mut reader = Reader::new(&self.content);
        while !reader.is_empty() {
            let fragment = Fragment::read(&mut reader, &self.limits).map_err(PeerMisbehaved::Unreadable)?;
            datagrams.fragments.take(&fragment, &self.limits).map_err(PeerMisbehaved::Unreadable)?;
        }
        self.content.clear();
        Ok(())
    }

    fn message(&mut self) -> Result<Option<Vec<u8>>, PeerMisbehaved> {
        if let Some(datagrams) = &mut self.datagrams {
            return Ok(datagrams.fragments.take_message().map(|message| message.bytes.into_owned()));
        }
        let mut left = self.content.get(self.content_used..).unwrap_or_default();
        let message = self.assembler.next(&mut left, &self.limits).map_err(PeerMisbehaved::Unreadable)?;
        let message = message.map(|message| message.bytes.into_owned());
        self.content_used = self.content.len() - left.len();
        Ok(message)
    }

    /// In DTLS, the next record that is of use: what comes again or too early is passed over, as if it had been lost.
    fn datagram_record(&mut self) -> Result<Option<(ContentType, Vec<u8>)>, PeerMisbehaved> {
        loop {
            let left = self.incoming.get(self.used..).unwrap_or_default();
            let mut reader = Reader::new(left);
            let record = match DatagramRecord::read(&mut reader, &self.limits) {
                Ok(record) => record,
                Err(defect) if matches!(defect.what, DefectKind::Short { .. }) => return Ok(None),
                Err(defect) => return Err(PeerMisbehaved::Unreadable(defect)),
            };
            let opened = match (&mut self.read, record.epoch) {
                (None, 0) if record.fragment.len() > MOST_CONTENT => {
                    return Err(PeerMisbehaved::RecordTooLong(record.fragment.len()));
                }
                (None, 0) => Some((record.content, record.fragment.to_vec())),
                // What is not authentic is passed over (RFC 6347 4.1.2.7).
                (Some(key), 1) => key.open_datagram(&record).ok(),
                _ => None,
            };
            self.used = self.used.saturating_add(reader.at());
            if opened.is_some() {
                return Ok(opened);
            }
        }
    }

    fn record(&mut self) -> Result<Option<(ContentType, Vec<u8>)>, PeerMisbehaved> {
        if self.datagrams.is_some() {
            return self.datagram_record();
        }
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
        if let Some(datagrams) = &self.datagrams {
            let between = datagrams.fragments.is_between();
            return if between { Ok(()) } else { Err(PeerMisbehaved::KeysChangeInsideMessage) };
        }
        if self.content_used == self.content.len() && self.assembler.is_between() {
            Ok(())
        } else {
            Err(PeerMisbehaved::KeysChangeInsideMessage)
        }
    }

    /// What comes from now on is protected with `key`.
    pub(crate) fn read_with(&mut self, key: RecordKey) -> Result<(), PeerMisbehaved> {
        self.between_messages()?;
        self.read = Some(self.carried(key));
        Ok(())
    }

    /// What is sent from now on is protected with `key`.
    pub(crate) fn write_with(&mut self, key: RecordKey) {
        self.write = Some(self.carried(key));
    }

    fn carried(&self, key: RecordKey) -> RecordKey {
        if self.datagrams.is_some() { key.over_datagrams() } else { key }
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
        if let Some(datagrams) = &mut self.datagrams
            && content == ContentType::HANDSHAKE
        {
            let (kind, body) = parts(bytes);
            let (length, sequence) = (body.len(), datagrams.message);
            datagrams.message = sequence.wrapping_add(1);
            let mut offset = 0;
            loop {
                let piece = body.get(offset..).unwrap_or_default();
                let piece = piece.get(..MOST_FRAGMENT).unwrap_or(piece);
                let mut fragment = Vec::new();
                Fragment { kind, length, sequence, offset, bytes: piece }.write(&mut fragment)?;
                self.send_content(content, &fragment, secrets, out)?;
                offset = offset.saturating_add(piece.len());
                if offset >= length {
                    return Ok(());
                }
            }
        }
        self.send_content(content, bytes, secrets, out)
    }

    fn send_content(
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
                None => self.write_in_clear(content, plain, out)?,
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
        self.write_in_clear(ContentType::CHANGE_CIPHER_SPEC, &[1], out)
    }

    fn write_in_clear(&mut self, content: ContentType, fragment: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let version = self.version;
        match &mut self.datagrams {
            Some(datagrams) => {
                let sequence = datagrams.record;
                datagrams.record = sequence.wrapping_add(1);
                DatagramRecord { content, version, epoch: 0, sequence, fragment }.write(out)?;
            }
            None => Record { content, version, fragment }.write(out)?,
        }
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
