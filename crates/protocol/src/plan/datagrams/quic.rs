//! QUIC: the Initials of one connection (RFC 9000, RFC 9001), which hold both hellos and nothing else.

use super::Heard;
use crate::plan::hello::message;
use crate::plan::{Answer, Listener, Offer, Stopped};
use crate::quic::{self, Client, Closed, NotStarted};
use dengmi_parse::Limits;
use dengmi_parse::quic::{QuicVersion, TransportParameters};
use dengmi_parse::tls::message::{Extension, TooLong};
use dengmi_parse::tls::{ContentType, Dialect, ExtensionType, Record};

/// Protocols offered by ALPN, without which no server of QUIC answers: HTTP/3, names, files, and what tests speak (IANA "TLS
/// ALPN Protocol IDs").
const PROTOCOLS: [&[u8]; 6] = [b"h3", b"h3-29", b"hq-interop", b"hq-29", b"doq", b"smb"];

/// One connection.
#[derive(Clone, Debug)]
pub struct Exchange {
    client: Client,
    /// What is to be sent next, where that is not a repetition.
    due: Option<Vec<Vec<u8>>>,
    listener: Listener,
    /// Bytes of the server's handshake that the listener has.
    fed: usize,
    closed: Option<Closed>,
    versions: Vec<QuicVersion>,
}

impl Exchange {
    pub(super) fn new(
        offer: &Offer,
        version: QuicVersion,
        random: [u8; 32],
        limits: Limits,
    ) -> Result<Exchange, NotStarted> {
        let hello = hello(offer, random).map_err(|error| NotStarted::Hello(error.length))?;
        let (client, datagrams) = Client::start(&hello, version, random)?;
        let listener = Listener::new(&record(&hello), limits);
        Ok(Exchange { client, due: Some(datagrams), listener, fed: 0, closed: None, versions: Vec::new() })
    }

    pub(super) fn datagrams(&mut self) -> Vec<Vec<u8>> {
        self.due.take().unwrap_or_else(|| self.client.repeat())
    }

    pub(super) fn hear(&mut self, datagram: &[u8]) -> Heard {
        match self.client.hear(datagram, &Limits::DEFAULT) {
            quic::Heard::NotOurs | quic::Heard::More => Heard::More,
            quic::Heard::Crypto => {
                let bytes = self.client.handshake();
                let new = bytes.get(self.fed..).unwrap_or_default();
                self.fed = bytes.len();
                if self.listener.feed(&record(new)) { Heard::Enough } else { Heard::More }
            }
            quic::Heard::Retry(datagrams) => {
                self.due = Some(datagrams);
                Heard::Send
            }
            quic::Heard::Versions(versions) => {
                self.versions = versions;
                Heard::Enough
            }
            quic::Heard::Closed(closed) => {
                self.closed = Some(closed);
                Heard::Enough
            }
        }
    }

    pub(super) fn farewell(&mut self) -> Option<Vec<u8>> {
        self.client.farewell()
    }

    /// A server that closes with an alert of TLS refuses as one over TCP does; any other close is one.
    pub(super) fn answer(self, stopped: Option<Stopped>) -> Answer {
        let alert = self.closed.as_ref().map(|closed| closed.error.alert());
        match alert {
            Some(Some(alert)) => Answer::Refused(alert),
            Some(None) => Answer::Closed,
            None if !self.versions.is_empty() => Answer::Closed,
            None => self.listener.answer(stopped),
        }
    }

    pub(super) fn negotiated(&self) -> (&[QuicVersion], bool) {
        (&self.versions, self.client.retried())
    }
}

/// The ClientHello with what QUIC wants in it (RFC 9001 8).
fn hello(offer: &Offer, random: [u8; 32]) -> Result<Vec<u8>, TooLong> {
    let mut parameters = Vec::new();
    let too_large = |_| TooLong { length: usize::MAX, width: 8 };
    TransportParameters::client(&[]).write(&mut parameters).map_err(too_large)?;
    let extensions = vec![
        Extension::application_protocols(&PROTOCOLS)?,
        Extension::new(ExtensionType::QUIC_TRANSPORT_PARAMETERS, parameters),
    ];
    message(offer, random, Dialect::Tls, &[], extensions)
}

/// Handshake bytes as the listener takes them: QUIC has them without records.
fn record(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let version = Dialect::Tls.first_record_version(dengmi_core::Version::TLS_1_3);
    for fragment in bytes.chunks(1 << 14) {
        // A piece of this size always fits.
        let _ = Record { content: ContentType::HANDSHAKE, version, fragment }.write(&mut out);
    }
    out
}
