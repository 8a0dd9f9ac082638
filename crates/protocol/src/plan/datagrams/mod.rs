//! A hello and its answer in datagrams: DTLS, and the Initials of QUIC.

mod dtls;
mod quic;

use super::{Answer, Offer, Stopped};
use crate::quic::NotStarted;
use dengmi_parse::Limits;
use dengmi_parse::quic::QuicVersion;
use dengmi_parse::tls::message::TooLong;

/// One hello on its way, sent again as often as its sender likes, until the server has said all that it says in clear.
#[derive(Clone, Debug)]
pub enum Exchange {
    /// Over DTLS.
    Dtls(Box<dtls::Exchange>),
    /// Over QUIC.
    Quic(Box<quic::Exchange>),
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
    /// A hello over DTLS, of an offer whose version is that of TLS: 1.2 for DTLS 1.2.
    ///
    /// # Errors
    /// [`TooLong`] when a list of the offer does not fit its length field.
    pub fn dtls(offer: Offer, random: [u8; 32], limits: Limits) -> Result<Exchange, TooLong> {
        Ok(Exchange::Dtls(Box::new(dtls::Exchange::new(offer, random, limits)?)))
    }

    /// A hello over this version of QUIC, of an offer of TLS 1.3. `random` is its random and, behind a function that
    /// cannot be turned round, the connection id.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub fn quic(offer: &Offer, version: QuicVersion, random: [u8; 32], limits: Limits) -> Result<Exchange, NotStarted> {
        Ok(Exchange::Quic(Box::new(quic::Exchange::new(offer, version, random, limits)?)))
    }

    /// What is to be sent: first, and again when no answer comes.
    pub fn datagrams(&mut self) -> Vec<Vec<u8>> {
        match self {
            Exchange::Dtls(exchange) => exchange.datagrams(),
            Exchange::Quic(exchange) => exchange.datagrams(),
        }
    }

    /// Takes a datagram of the server.
    pub fn hear(&mut self, datagram: &[u8]) -> Heard {
        match self {
            Exchange::Dtls(exchange) => exchange.hear(datagram),
            Exchange::Quic(exchange) => exchange.hear(datagram),
        }
    }

    /// Tells a server that has answered that nothing more will come; it would send its flight again and again.
    pub fn farewell(&mut self) -> Option<Vec<u8>> {
        match self {
            Exchange::Dtls(exchange) => exchange.farewell(),
            Exchange::Quic(exchange) => exchange.farewell(),
        }
    }

    /// The answer, once there is [`Heard::Enough`], or when time is up.
    pub fn answer(self, stopped: Option<Stopped>) -> Answer {
        match self {
            Exchange::Dtls(exchange) => exchange.answer(stopped),
            Exchange::Quic(exchange) => exchange.answer(stopped),
        }
    }

    /// QUIC: the versions that a server named instead of an answer, and whether it wanted a token back first.
    pub fn negotiated(&self) -> (&[QuicVersion], bool) {
        match self {
            Exchange::Dtls(_) => (&[], false),
            Exchange::Quic(exchange) => exchange.negotiated(),
        }
    }
}
