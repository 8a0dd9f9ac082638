//! Watches the datagrams of both sides for their Initials.

use super::client::Closed;
use super::keys::{InitialKeys, retry_is_genuine};
use super::packet::open_initial;
use dengmi_parse::quic::{Assembler, Body, Frame, LongPacket, Packet, QuicVersion, read_datagram};
use dengmi_parse::tls::{Side, Sides};
use dengmi_parse::{Defect, Limits};

/// What was seen of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The version of the first packet that each side sent. A server that took up another one changed it (RFC 9368 2.3).
    pub version: Sides<Option<QuicVersion>>,
    /// The versions that the server has, when it did not want the client's.
    pub negotiation: Option<Vec<QuicVersion>>,
    /// The server wanted a token back first.
    pub retry: bool,
    /// Initials of each side that were opened.
    pub opened: Sides<u32>,
    /// Initials of each side that were not: the first packet of the client is missing, or they are not what they seem.
    pub unopened: Sides<u32>,
    /// Who closed the connection in an Initial, and why: the first.
    pub closed: Option<(Side, Closed)>,
    /// What was wrong with the packets, frames and pieces of each side. Places count in what was read: a datagram, a
    /// payload, a stream.
    pub defects: Vec<(Side, Defect)>,
}

/// Watches one connection. What it keeps is bounded by [`Limits::handshake`] in each direction.
#[derive(Clone, Debug, Default)]
pub struct Watcher {
    seen: Seen,
    /// What the keys are made of: where the client's first Initial went to.
    destination: Option<Vec<u8>>,
    keys: Option<(QuicVersion, InitialKeys)>,
    largest: Sides<Option<u64>>,
    crypto: Sides<Assembler>,
}

impl Watcher {
    /// A watcher of a connection of which nothing has been seen.
    pub fn new() -> Watcher {
        Watcher::default()
    }

    /// Takes a datagram. `true`: more of a handshake is there to read than before.
    pub fn hear(&mut self, from: Side, datagram: &[u8], limits: &Limits) -> bool {
        let before = self.crypto.of(from).bytes().len();
        match read_datagram(datagram, limits) {
            Ok(reading) => {
                reading.defects.into_iter().for_each(|defect| self.note(from, defect, limits));
                for packet in &reading.value {
                    if let Some(long) = packet.long() {
                        self.take(from, packet, long, limits);
                    }
                }
            }
            Err(defect) => self.note(from, defect, limits),
        }
        self.crypto.of(from).bytes().len() > before
    }

    /// What has been seen so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The start of the TLS handshake of one side: a hello, whole when its length says so. Nothing but hellos goes in
    /// Initials.
    pub fn handshake(&self, side: Side) -> &[u8] {
        self.crypto.of(side).bytes()
    }

    fn take(&mut self, from: Side, packet: &Packet<'_>, long: &LongPacket<'_>, limits: &Limits) {
        if long.version != QuicVersion::NEGOTIATION {
            self.seen.version.of_mut(from).get_or_insert(long.version);
        }
        match &long.body {
            Body::VersionNegotiation(versions)
                if from == Side::Server
                    && self.seen.opened.server == 0
                    && self.destination.as_deref() == Some(long.source) =>
            {
                self.seen.negotiation.get_or_insert_with(|| versions.clone());
                // The client begins anew with another version, and may do so with other connection ids and another hello.
                self.destination = None;
                self.seen.version.client = None;
                self.largest.client = None;
                self.crypto.client = Assembler::new();
            }
            Body::Retry { .. } if from == Side::Server && !self.seen.retry => {
                let original = self.destination.as_deref().unwrap_or_default();
                if retry_is_genuine(packet, original) {
                    self.seen.retry = true;
                    self.destination = Some(long.source.to_vec());
                    self.keys = None;
                }
            }
            Body::Initial { .. } => {
                if from == Side::Client && self.destination.is_none() {
                    self.destination = Some(long.destination.to_vec());
                    self.keys = None;
                }
                if self.open(from, packet, long, limits).is_none() {
                    let unopened = self.seen.unopened.of_mut(from);
                    *unopened = unopened.saturating_add(1);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, from: Side, packet: &Packet<'_>, long: &LongPacket<'_>, limits: &Limits) -> Option<()> {
        let destination = self.destination.as_deref()?;
        if self.keys.as_ref().is_none_or(|(version, _)| *version != long.version) {
            self.keys = Some((long.version, InitialKeys::new(long.version, destination)?));
        }
        let (_, keys) = self.keys.as_ref()?;
        let opened = open_initial(packet, keys.of(from), *self.largest.of(from)).ok()?;
        let largest = self.largest.of_mut(from);
        *largest = (*largest).max(Some(opened.number));
        let count = self.seen.opened.of_mut(from);
        *count = count.saturating_add(1);
        let frames = opened.frames(limits);
        frames.defects.into_iter().for_each(|defect| self.note(from, defect, limits));
        for frame in frames.value {
            match frame {
                Frame::Crypto { offset, data } => {
                    if let Err(defect) = self.crypto.of_mut(from).insert(offset, data, limits) {
                        self.note(from, defect, limits);
                    }
                }
                Frame::ConnectionClose(close) => {
                    self.seen.closed.get_or_insert_with(|| (from, Closed::new(&close)));
                }
                Frame::Padding { .. } | Frame::Ping | Frame::Ack(_) => {}
            }
        }
        Some(())
    }

    fn note(&mut self, from: Side, defect: Defect, limits: &Limits) {
        if self.seen.defects.len() < limits.defects {
            self.seen.defects.push((from, defect));
        }
    }
}
