//! Asks a server with a ClientHello and reads what its Initials answer.

use std::collections::BTreeSet;

use super::keys::{InitialKeys, retry_is_genuine};
use super::packet::{Initial, NotSealed, open_initial, seal_initial};
use crate::handshake::{Purpose, Secrets};
use dengmi_parse::quic::{
    Ack, Assembler, Body, CONNECTION_ID_MOST, Close, Frame, FrameType, LongPacket, Packet, QuicVersion,
    TransportErrorCode, integer_length, read_datagram,
};
use dengmi_parse::{Defect, DefectKind, Limits};

/// Bytes of the smallest datagram in which a client may send an Initial (RFC 9000 14.1). Larger ones may not get through.
pub const DATAGRAM_LEAST: usize = 1200;
/// Bytes of the longest ClientHello that is sent: more datagrams than its fourteen would be a burst.
const HELLO_MOST: usize = 1 << 14;
/// Bytes of the longest token that is brought back. It goes into every datagram, beside a piece of the hello.
const TOKEN_MOST: usize = 1024;
/// Bytes of the smallest piece of a hello in a datagram, be the token as long as it may.
const PIECE_LEAST: usize = 256;
/// Bytes of the connection id that the first Initial goes to: as few as allowed (RFC 9000 7.2).
const DESTINATION: usize = 8;
/// A client without a connection id of its own, which one socket for one connection does not need (RFC 9000 5.1).
const SOURCE: &[u8] = &[];
/// Bytes of every packet number.
const NUMBER_LENGTH: u8 = 4;
/// Packet numbers that are remembered for acknowledgements.
const REMEMBERED: usize = 32;
/// Bytes of a reason that are kept.
const REASON_MOST: usize = 256;

/// Why a connection was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The reason; [`TransportErrorCode::alert`] when it came from TLS.
    pub error: TransportErrorCode,
    /// The kind of frame that was the reason.
    pub frame_type: FrameType,
    /// Words for people, cut to 256 bytes.
    pub reason: Vec<u8>,
}

impl Closed {
    pub(super) fn new(close: &Close<'_>) -> Closed {
        let reason = close.reason.iter().copied().take(REASON_MOST).collect();
        Closed { error: close.error, frame_type: close.frame_type, reason }
    }
}

/// What a datagram was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing that could be opened, or that may be believed. Keep listening.
    NotOurs,
    /// The server's, and no more of its handshake to read than before. Keep listening.
    More,
    /// More of the server's handshake than before: [`Client::handshake`].
    Crypto,
    /// The server wants its token back first: send these. At most once.
    Retry(Vec<Vec<u8>>),
    /// The server has these versions, and not the one that was asked. The end.
    Versions(Vec<QuicVersion>),
    /// The server closed the connection. The end.
    Closed(Closed),
}

/// Why a client does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStarted {
    /// The version's keys are not known here.
    #[error("no keys are known for version {0}")]
    Version(QuicVersion),
    /// No ClientHello, or one that is longer than 2^14 bytes.
    #[error("a hello of {0} bytes")]
    Hello(usize),
    /// An Initial cannot be made.
    #[error(transparent)]
    NotSealed(#[from] NotSealed),
}

/// A client that exchanges Initials and nothing more. The same seed gives the same datagrams. It acknowledges what came
/// with whatever it sends next; a server's hello fits into what the server may send before that.
#[derive(Clone, Debug)]
pub struct Client {
    version: QuicVersion,
    hello: Vec<u8>,
    /// Where the first Initial went to.
    original: Vec<u8>,
    /// Where the next one goes to.
    destination: Vec<u8>,
    token: Vec<u8>,
    keys: InitialKeys,
    /// The next packet number.
    next: u64,
    received: BTreeSet<u64>,
    /// The server's connection id, once an Initial of it was opened.
    server: Option<Vec<u8>>,
    crypto: Assembler,
    retried: bool,
    over: bool,
    defects: Vec<Defect>,
}

impl Client {
    /// Starts with a whole ClientHello, its header of four bytes before it, and gives the datagrams to send. `seed` comes
    /// from the operating system's random source and is used once.
    ///
    /// The hello must offer TLS 1.3 only, with an empty legacy session id (RFC 9001 8.4), at least one protocol in
    /// application_layer_protocol_negotiation (RFC 9001 8.1), and quic_transport_parameters, extension 0x0039
    /// (RFC 9001 8.2), with an empty initial_source_connection_id, since packets of this client have no source:
    /// [`dengmi_parse::quic::TransportParameters::client`] of nothing. A version_information there must not offer
    /// other versions than `version`, as answers in another one are not opened.
    ///
    /// With a version that nobody has, such as [`QuicVersion::RESERVED`], a server can answer with its versions only.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub fn start(
        handshake_message: &[u8],
        version: QuicVersion,
        seed: [u8; 32],
    ) -> Result<(Client, Vec<Vec<u8>>), NotStarted> {
        if !(1..=HELLO_MOST).contains(&handshake_message.len()) {
            return Err(NotStarted::Hello(handshake_message.len()));
        }
        let original = Secrets::from_seed(seed).array::<DESTINATION>(Purpose::SessionId).to_vec();
        // Nobody opens a packet of a version that nobody has.
        let keys_of = if version.is_reserved() { QuicVersion::V1 } else { version };
        let mut client = Client {
            version,
            hello: handshake_message.to_vec(),
            keys: InitialKeys::new(keys_of, &original).ok_or(NotStarted::Version(version))?,
            destination: original.clone(),
            original,
            token: Vec::new(),
            next: 0,
            received: BTreeSet::new(),
            server: None,
            crypto: Assembler::new(),
            retried: false,
            over: false,
            defects: Vec::new(),
        };
        let datagrams = client.flight()?;
        Ok((client, datagrams))
    }

    /// The version that was asked.
    pub fn version(&self) -> QuicVersion {
        self.version
    }

    /// What has come of the server's handshake, from its start to the first gap: a ServerHello or HelloRetryRequest with
    /// its header of four bytes, whole when that says so.
    pub fn handshake(&self) -> &[u8] {
        self.crypto.bytes()
    }

    /// Whether the server wanted a token back first.
    pub fn retried(&self) -> bool {
        self.retried
    }

    /// Whether an Initial of the server could be opened.
    pub fn answered(&self) -> bool {
        self.server.is_some()
    }

    /// What was wrong with what the server sent. Places count in what was read: a datagram, a payload, a stream.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// Takes a datagram from the server's address.
    pub fn hear(&mut self, datagram: &[u8], limits: &Limits) -> Heard {
        let Ok(reading) = read_datagram(datagram, limits) else { return Heard::NotOurs };
        if self.over {
            return Heard::NotOurs;
        }
        let (mut ours, before) = (false, self.crypto.bytes().len());
        for packet in &reading.value {
            let Some(long) = packet.long().filter(|long| long.destination == SOURCE) else { continue };
            match &long.body {
                Body::VersionNegotiation(versions) if self.may_negotiate(long, versions) => {
                    self.over = true;
                    return Heard::Versions(versions.clone());
                }
                Body::Retry { token, .. } if self.may_retry(packet, long) => {
                    if token.len() > TOKEN_MOST {
                        let what = DefectKind::TooLong { found: token.len(), most: TOKEN_MOST };
                        self.note(Defect { at: 0, what }, limits);
                        continue;
                    }
                    let Some(keys) = InitialKeys::new(self.version, long.source) else { continue };
                    (self.keys, self.retried) = (keys, true);
                    (self.destination, self.token) = (long.source.to_vec(), token.to_vec());
                    return Heard::Retry(self.repeat());
                }
                Body::Initial { token, .. } if token.is_empty() && long.version == self.version => {
                    match self.take(packet, long, limits) {
                        Some(Some(closed)) => {
                            self.over = true;
                            return Heard::Closed(closed);
                        }
                        Some(None) => ours = true,
                        None => {}
                    }
                }
                _ => {}
            }
        }
        if ours {
            reading.defects.into_iter().for_each(|defect| self.note(defect, limits));
        }
        match ours {
            _ if self.crypto.bytes().len() > before => Heard::Crypto,
            true => Heard::More,
            false => Heard::NotOurs,
        }
    }

    /// The datagrams to send when no answer came in time: the whole hello again, in new packets. None when it is over.
    pub fn repeat(&mut self) -> Vec<Vec<u8>> {
        if self.over {
            return Vec::new();
        }
        // What could be sealed at the start can be sealed again.
        self.flight().unwrap_or_default()
    }

    /// The datagram that lets the server forget this client: a CONNECTION_CLOSE without an error. None when it is over.
    pub fn farewell(&mut self) -> Option<Vec<u8>> {
        if self.over {
            return None;
        }
        self.over = true;
        let (error, frame_type) = (TransportErrorCode::NO_ERROR, FrameType::PADDING);
        self.datagram(&Frame::ConnectionClose(Close { error, frame_type, reason: &[] })).ok()
    }

    /// RFC 9000 6.2, RFC 8999 6: before anything else was believed, with the connection ids of our packet turned round,
    /// and without the version that we asked.
    fn may_negotiate(&self, long: &LongPacket<'_>, versions: &[QuicVersion]) -> bool {
        let lists_ours = versions.contains(&self.version) && !self.version.is_reserved();
        self.server.is_none() && !self.retried && long.source == self.original && !lists_ours && !versions.is_empty()
    }

    /// RFC 9000 17.2.5.2: once, before any Initial, from who saw our packet, to another connection id.
    fn may_retry(&self, packet: &Packet<'_>, long: &LongPacket<'_>) -> bool {
        let Body::Retry { token, .. } = &long.body else { return false };
        let is_first = self.server.is_none() && !self.retried && long.version == self.version;
        let is_whole = !token.is_empty() && long.source != self.original && long.source.len() <= CONNECTION_ID_MOST;
        is_first && is_whole && retry_is_genuine(packet, &self.original)
    }

    /// Takes an Initial. `None`: it is not the server's; else the reason, if it closes the connection.
    fn take(&mut self, packet: &Packet<'_>, long: &LongPacket<'_>, limits: &Limits) -> Option<Option<Closed>> {
        let is_other = self.server.as_deref().is_some_and(|server| server != long.source);
        if is_other || long.source.len() > CONNECTION_ID_MOST {
            return None;
        }
        let opened = open_initial(packet, &self.keys.server, self.received.last().copied()).ok()?;
        if self.server.is_none() {
            self.server = Some(long.source.to_vec());
            self.destination = long.source.to_vec();
        }
        self.received.insert(opened.number);
        if self.received.len() > REMEMBERED {
            self.received.pop_first();
        }
        let frames = opened.frames(limits);
        frames.defects.into_iter().for_each(|defect| self.note(defect, limits));
        let mut closed = None;
        for frame in frames.value {
            match frame {
                Frame::Crypto { offset, data } => {
                    if let Err(defect) = self.crypto.insert(offset, data, limits) {
                        self.note(defect, limits);
                    }
                }
                Frame::ConnectionClose(close) => closed = closed.or_else(|| Some(Closed::new(&close))),
                Frame::Padding { .. } | Frame::Ping | Frame::Ack(_) => {}
            }
        }
        Some(closed)
    }

    /// The hello in as few datagrams as it needs.
    fn flight(&mut self) -> Result<Vec<Vec<u8>>, NotSealed> {
        let (hello, mut offset, mut datagrams) = (self.hello.clone(), 0_usize, Vec::new());
        while let Some(left) = hello.get(offset..).filter(|left| !left.is_empty()) {
            let place = u64::try_from(offset).unwrap_or(u64::MAX);
            // Type and length of the frame take three bytes.
            let room = self.room()?.saturating_sub(3 + integer_length(place));
            let (data, _) = left.split_at_checked(room).unwrap_or((left, &[]));
            datagrams.push(self.datagram(&Frame::Crypto { offset: place, data })?);
            offset = offset.saturating_add(data.len().max(1));
        }
        Ok(datagrams)
    }

    /// Bytes that a frame has in the next datagram.
    fn room(&self) -> Result<usize, NotSealed> {
        let mut acknowledgement = Vec::new();
        self.acknowledge(&mut acknowledgement)?;
        let beside = self.header().beside_payload().saturating_add(acknowledgement.len());
        Ok(DATAGRAM_LEAST.saturating_sub(beside).max(PIECE_LEAST))
    }

    /// The next packet with a frame, what there is to acknowledge, and padding.
    fn datagram(&mut self, frame: &Frame<'_>) -> Result<Vec<u8>, NotSealed> {
        let mut payload = Vec::new();
        self.acknowledge(&mut payload)?;
        frame.write(&mut payload)?;
        let header = self.header();
        let length = DATAGRAM_LEAST.saturating_sub(header.beside_payload()).saturating_sub(payload.len());
        Frame::Padding { length }.write(&mut payload)?;
        let datagram = seal_initial(&header, &payload, &self.keys.client)?;
        self.next = self.next.saturating_add(1);
        Ok(datagram)
    }

    fn header(&self) -> Initial<'_> {
        Initial {
            version: self.version,
            destination: &self.destination,
            source: SOURCE,
            token: &self.token,
            number: self.next,
            number_length: NUMBER_LENGTH,
        }
    }

    /// Appends what has come, if anything has.
    fn acknowledge(&self, payload: &mut Vec<u8>) -> Result<(), NotSealed> {
        let mut ranges: Vec<std::ops::RangeInclusive<u64>> = Vec::new();
        for number in self.received.iter().rev() {
            match ranges.last_mut() {
                Some(last) if last.start().checked_sub(1) == Some(*number) => *last = *number..=*last.end(),
                _ => ranges.push(*number..=*number),
            }
        }
        if !ranges.is_empty() {
            Frame::Ack(Ack { ranges, delay: 0, ecn: None }).write(payload)?;
        }
        Ok(())
    }

    fn note(&mut self, defect: Defect, limits: &Limits) {
        if self.defects.len() < limits.defects {
            self.defects.push(defect);
        }
    }
}
