//! A hello and its answer in datagrams: DTLS (RFC 6347).

use super::hello::message;
use super::listen::Listener;
use super::{Answer, Offer, Stopped};
use dengmi_parse::tls::message::{Alert, TooLong};
use dengmi_parse::tls::{AlertDescription, AlertLevel, ContentType, DatagramRecord, Dialect, Fragment, HandshakeType};
use dengmi_parse::{Limits, tls::record::MESSAGE_HEADER};

/// Bytes of a hello that go in one datagram. Servers that keep nothing before they have seen their cookie take no hello in
/// pieces, so only a hello that no network carries whole is cut.
const WHOLE: usize = 1400;
/// Bytes of the pieces of a longer one.
const PIECE: usize = 1200;

/// One hello on its way, sent again as often as its sender likes, until the server has said all that it says in clear.
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

/// What a datagram came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// More is to come.
    More,
    /// The hello is due again, with what the server wants to see in it: [`Exchange::datagrams`].
    Send,
    /// The answer is there.
    Enough,
}

impl Exchange {
    /// The hello of `offer`, whose version is that of TLS: 1.2 for DTLS 1.2.
    ///
    /// # Errors
    /// [`TooLong`] when a list of the offer does not fit its length field.
    pub fn new(offer: Offer, random: [u8; 32], limits: Limits) -> Result<Exchange, TooLong> {
        let hello = message(&offer, random, Dialect::Dtls, &[])?;
        Ok(Exchange { offer, random, hello, listener: Listener::of_datagrams(limits), record: 0, number: 0 })
    }

    /// What is to be sent: first, and again when no answer comes.
    ///
    /// # Errors
    /// [`TooLong`] never happens with a hello that could be written.
    pub fn datagrams(&mut self) -> Result<Vec<Vec<u8>>, TooLong> {
        let body = self.hello.get(MESSAGE_HEADER..).unwrap_or_default();
        let (length, sequence) = (body.len(), self.number);
        let size = if length <= WHOLE { WHOLE } else { PIECE };
        let mut datagrams = Vec::new();
        for (piece, bytes) in body.chunks(size).enumerate() {
            let mut fragment = Vec::new();
            let offset = piece.saturating_mul(size);
            let kind = HandshakeType::CLIENT_HELLO;
            Fragment { kind, length, sequence, offset, bytes }.write(&mut fragment)?;
            let datagram = record(&self.offer, ContentType::HANDSHAKE, &mut self.record, &fragment)?;
            self.listener.sent(&datagram);
            datagrams.push(datagram);
        }
        Ok(datagrams)
    }

    /// Takes a datagram of the server.
    ///
    /// # Errors
    /// [`TooLong`] when the hello with the cookie does not fit.
    pub fn hear(&mut self, datagram: &[u8]) -> Result<Heard, TooLong> {
        let enough = self.listener.feed_datagram(datagram);
        if enough {
            return Ok(Heard::Enough);
        }
        match self.listener.cookie() {
            Some(cookie) if self.number == 0 => {
                self.hello = message(&self.offer, self.random, Dialect::Dtls, cookie)?;
                self.number = 1;
                Ok(Heard::Send)
            }
            _ => Ok(Heard::More),
        }
    }

    /// Tells a server that has answered that nothing more will come; it would send its flight again and again.
    ///
    /// # Errors
    /// [`TooLong`] never happens with an alert.
    pub fn farewell(&mut self) -> Result<Vec<u8>, TooLong> {
        let mut alert = Vec::new();
        Alert { level: AlertLevel::FATAL, description: AlertDescription::USER_CANCELED }.write(&mut alert);
        record(&self.offer, ContentType::ALERT, &mut self.record, &alert)
    }

    /// The answer, once there is [`Heard::Enough`], or when time is up.
    pub fn answer(self, stopped: Option<Stopped>) -> Answer {
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
