//! DTLS (RFC 6347).

use super::Heard;
use crate::plan::hello::message;
use crate::plan::{Answer, Listener, Offer, Stopped};
use dengmi_parse::tls::message::{Alert, TooLong};
use dengmi_parse::tls::{AlertDescription, AlertLevel, ContentType, DatagramRecord, Dialect, Fragment, HandshakeType};
use dengmi_parse::{Limits, tls::record::MESSAGE_HEADER};

/// Bytes of a hello that go in one datagram. Servers that keep nothing before they have seen their cookie take no hello in
/// pieces, so only a hello that no network carries whole is cut.
const WHOLE: usize = 1400;
/// Bytes of the pieces of a longer one.
const PIECE: usize = 1200;

/// One hello, first without a cookie and then with the server's.
#[derive(Clone, Debug)]
pub struct Exchange {
    offer: Offer,
    random: [u8; 32],
    hello: Vec<u8>,
    listener: Listener,
    /// Number of the next record.
    record: u64,
    /// Number of the hello: 1 for the one with the cookie.
    number: u16,
}

impl Exchange {
    pub(super) fn new(offer: Offer, random: [u8; 32], limits: Limits) -> Result<Exchange, TooLong> {
        let hello = message(&offer, random, Dialect::Dtls, &[], Vec::new())?;
        Ok(Exchange { offer, random, hello, listener: Listener::of_datagrams(limits), record: 0, number: 0 })
    }

    pub(super) fn datagrams(&mut self) -> Vec<Vec<u8>> {
        let body = self.hello.get(MESSAGE_HEADER..).unwrap_or_default();
        let (length, sequence) = (body.len(), self.number);
        let size = if length <= WHOLE { WHOLE } else { PIECE };
        let mut datagrams = Vec::new();
        for (piece, bytes) in body.chunks(size).enumerate() {
            let mut fragment = Vec::new();
            let offset = piece.saturating_mul(size);
            let kind = HandshakeType::CLIENT_HELLO;
            let written = Fragment { kind, length, sequence, offset, bytes }.write(&mut fragment);
            // What could be written as a message fits into fragments.
            let Ok(datagram) =
                written.and_then(|()| record(&self.offer, ContentType::HANDSHAKE, &mut self.record, &fragment))
            else {
                continue;
            };
            self.listener.sent(&datagram);
            datagrams.push(datagram);
        }
        datagrams
    }

    pub(super) fn hear(&mut self, datagram: &[u8]) -> Heard {
        if self.listener.feed_datagram(datagram) {
            return Heard::Enough;
        }
        let with_cookie = self
            .listener
            .cookie()
            .filter(|_| self.number == 0)
            .and_then(|cookie| message(&self.offer, self.random, Dialect::Dtls, cookie, Vec::new()).ok());
        let Some(hello) = with_cookie else { return Heard::More };
        (self.hello, self.number) = (hello, 1);
        Heard::Send
    }

    pub(super) fn farewell(&mut self) -> Option<Vec<u8>> {
        let mut alert = Vec::new();
        Alert { level: AlertLevel::FATAL, description: AlertDescription::USER_CANCELED }.write(&mut alert);
        record(&self.offer, ContentType::ALERT, &mut self.record, &alert).ok()
    }

    pub(super) fn answer(self, stopped: Option<Stopped>) -> Answer {
        self.listener.answer(stopped)
    }
}

/// One record in clear.
fn record(offer: &Offer, content: ContentType, number: &mut u64, fragment: &[u8]) -> Result<Vec<u8>, TooLong> {
    let version = Dialect::Dtls.first_record_version(offer.version.over_datagrams());
    let sequence = *number;
    *number = number.saturating_add(1);
    let mut datagram = Vec::new();
    DatagramRecord { content, version, epoch: 0, sequence, fragment }.write(&mut datagram)?;
    Ok(datagram)
}
