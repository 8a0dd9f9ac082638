//! Watches both directions of a connection until its keys are on.

use super::code::MessageNumber;
use super::message::{Chosen, Disconnect, ExchangeForm, ExchangeGroup, ExchangeReply, KexInit, KexLists};
use super::{Banner, Packet};
use crate::reading::{Defect, DefectKind, Limit, Limits, Read, keep_defect};
use crate::tls::{Fed, Side, Sides, Then};

/// Something wrong on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDefect {
    /// Who sent it.
    pub from: Side,
    /// The message whose payload [`Defect::at`] counts from; `None`: it counts from the start of the direction.
    pub message: Option<MessageNumber>,
    /// What is wrong.
    pub defect: Defect,
}

/// What was seen of a key exchange. `None` is "not seen". Messages are whole payloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The identification of each side, without the end of its line.
    pub banner: Sides<Option<Box<[u8]>>>,
    /// What each side can do.
    pub kexinit: Sides<Option<Box<[u8]>>>,
    /// The group of a group exchange.
    pub group: Option<Box<[u8]>>,
    /// The server's last message of the exchange.
    pub reply: Option<Box<[u8]>>,
    /// Who turned the keys on.
    pub new_keys: Sides<bool>,
    /// Who ended it, and how.
    pub disconnect: Option<(Side, Box<[u8]>)>,
    /// Protocol 1 only, of which nothing more is read.
    pub version_1: bool,
    /// What was wrong, in order.
    pub defects: Vec<FoundDefect>,
    /// What the first two lists agree on.
    chosen: Option<Box<Chosen>>,
}

impl Handshake {
    /// The identification of one side, read again. Its defects are among [`Handshake::defects`]; so for the others.
    pub fn read_banner(&self, side: Side, limits: &Limits) -> Option<Read<Banner<'_>>> {
        let line = self.banner.of(side).as_deref()?;
        Some(Banner::read(line, &[], limits))
    }

    /// What one side can do, read again.
    pub fn read_kexinit(&self, side: Side, limits: &Limits) -> Option<Read<KexInit>> {
        self.kexinit.of(side).as_deref().map(|payload| KexInit::read(payload, limits))
    }

    /// What both agree on; `None` until both lists were seen.
    pub fn chosen(&self) -> Option<&Chosen> {
        self.chosen.as_deref()
    }

    fn choose(&self, limits: &Limits) -> Option<Box<Chosen>> {
        let lists = |side| KexLists::split(self.kexinit.of(side).as_deref()?, limits).ok();
        Some(Box::new(KexLists::agreed(&lists(Side::Client)?.0, &lists(Side::Server)?.0)))
    }

    /// The server's last message of the exchange, read again.
    pub fn read_reply(&self, limits: &Limits) -> Option<Read<ExchangeReply<'_>>> {
        let chosen = self.chosen().and_then(|chosen| chosen.key_exchange.as_deref()).unwrap_or_default();
        self.reply.as_deref().map(|payload| ExchangeReply::read(payload, ExchangeForm::of(chosen), limits))
    }

    /// The group of a group exchange, read again.
    pub fn read_group(&self, limits: &Limits) -> Option<Read<ExchangeGroup<'_>>> {
        self.group.as_deref().map(|payload| ExchangeGroup::read(payload, limits))
    }

    /// Whether both sides turned their keys on.
    pub fn is_complete(&self) -> bool {
        self.new_keys.client && self.new_keys.server
    }
}

/// Watches one connection. What it keeps is a few payloads of each side, none longer than [`Limits::message`]; what it takes
/// before the keys is bounded by [`Limits::handshake`].
#[derive(Clone, Debug, Default)]
pub struct Watcher {
    handshake: Handshake,
    /// Bytes of each direction that are done with.
    taken: Sides<usize>,
    enough: bool,
}

impl Watcher {
    /// A watcher of a connection of which nothing has been seen.
    pub fn new() -> Watcher {
        Watcher::default()
    }

    /// Takes what is next in this direction: bytes that an earlier call did not use, and more behind them.
    pub fn feed(&mut self, from: Side, bytes: &[u8], limits: &Limits) -> Fed {
        let mut used = 0_usize;
        while !self.enough {
            if *self.handshake.new_keys.of(from) {
                return Fed { used: bytes.len(), then: Then::Need };
            }
            let left = bytes.get(used..).unwrap_or_default();
            match self.take(from, left, limits) {
                Ok(None) => break,
                Ok(Some(size)) => {
                    used = used.saturating_add(size);
                    let taken = self.taken.of_mut(from);
                    *taken = taken.saturating_add(size);
                }
                Err(mut defect) => {
                    // Where the next packet starts is lost.
                    defect.at = defect.at.saturating_add(*self.taken.of(from));
                    self.note(from, None, defect, limits);
                    self.enough = true;
                }
            }
        }
        Fed { used, then: if self.enough { Then::Enough } else { Then::Need } }
    }

    /// What has been seen so far.
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// What has been seen, without the watcher.
    pub fn into_handshake(self) -> Handshake {
        self.handshake
    }

    /// Takes a line or a packet and gives its size; a defect that is returned ends the watching.
    fn take(&mut self, from: Side, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Defect> {
        if self.handshake.banner.of(from).is_none() {
            let Some(reading) = Banner::next(bytes, from == Side::Server, limits)? else { return Ok(None) };
            let banner = reading.value;
            *self.handshake.banner.of_mut(from) = Some(banner.line.into());
            self.handshake.version_1 |= !banner.is_version_2();
            self.enough |= !banner.is_version_2();
            reading.defects.into_iter().for_each(|defect| self.note(from, None, defect, limits));
            return Ok(Some(banner.size()));
        }
        let Some(packet) = Packet::next(bytes, limits)? else { return Ok(None) };
        let taken = *self.taken.of(from);
        if taken.saturating_add(packet.size()) > limits.handshake {
            let found = taken.saturating_add(packet.size());
            let what = DefectKind::Limit { limit: Limit::Handshake, most: limits.handshake, found };
            return Err(Defect { at: 0, what });
        }
        self.message(from, packet.payload, limits);
        Ok(Some(packet.size()))
    }

    fn message(&mut self, from: Side, payload: &[u8], limits: &Limits) {
        let number = MessageNumber(payload.first().copied().unwrap_or_default());
        let read = match (number, from) {
            (MessageNumber::KEXINIT, _) => self.kexinit(from, payload, limits),
            (MessageNumber::NEWKEYS, _) => {
                *self.handshake.new_keys.of_mut(from) = true;
                self.enough = self.handshake.is_complete();
                Ok(Vec::new())
            }
            (MessageNumber::DISCONNECT, _) => {
                self.handshake.disconnect = Some((from, payload.into()));
                self.enough = true;
                Disconnect::read(payload, limits).map(|reading| reading.defects)
            }
            (MessageNumber::IGNORE | MessageNumber::DEBUG | MessageNumber::UNIMPLEMENTED, _) => Ok(Vec::new()),
            (_, Side::Server) if self.handshake.kexinit.server.is_some() => self.answer(number, payload, limits),
            // What a client sends in an exchange depends on it, and nothing of it is of use to who watches.
            (MessageNumber(30..=49), Side::Client) if self.handshake.kexinit.client.is_some() => Ok(Vec::new()),
            _ => Err(Defect { at: 0, what: DefectKind::UnexpectedMessage(number.0) }),
        };
        let defects = read.unwrap_or_else(|defect| vec![defect]);
        defects.into_iter().for_each(|defect| self.note(from, Some(number), defect, limits));
    }

    fn kexinit(&mut self, from: Side, payload: &[u8], limits: &Limits) -> Result<Vec<Defect>, Defect> {
        if self.handshake.kexinit.of(from).is_some() {
            return Err(Defect { at: 0, what: DefectKind::UnexpectedMessage(MessageNumber::KEXINIT.0) });
        }
        *self.handshake.kexinit.of_mut(from) = Some(payload.into());
        let reading = KexLists::read(payload, limits)?;
        self.handshake.chosen = self.handshake.choose(limits);
        Ok(reading.defects)
    }

    fn answer(&mut self, number: MessageNumber, payload: &[u8], limits: &Limits) -> Result<Vec<Defect>, Defect> {
        let chosen = self.handshake.chosen().and_then(|chosen| chosen.key_exchange.as_deref());
        let form = match (chosen, number) {
            (Some(name), _) => ExchangeForm::of(name),
            // Of a server that is heard alone the message says which it is: only a group exchange has the number 33.
            (None, MessageNumber::KEX_DH_GEX_REPLY) => ExchangeForm::GroupExchange,
            (None, _) => ExchangeForm::Plain,
        };
        if form == ExchangeForm::GroupExchange && number == MessageNumber::KEX_DH_GEX_GROUP {
            self.handshake.group = Some(payload.into());
            return ExchangeGroup::read(payload, limits).map(|reading| reading.defects);
        }
        if number != form.reply() || self.handshake.reply.is_some() {
            return Err(Defect { at: 0, what: DefectKind::UnexpectedMessage(number.0) });
        }
        self.handshake.reply = Some(payload.into());
        let reading = ExchangeReply::read(payload, form, limits)?;
        let mut defects = reading.defects;
        defects.extend(reading.value.read_host_key(limits)?.defects);
        Ok(defects)
    }

    fn note(&mut self, from: Side, message: Option<MessageNumber>, defect: Defect, limits: &Limits) {
        let at = defect.at;
        keep_defect(&mut self.handshake.defects, FoundDefect { from, message, defect }, limits.defects, |most| {
            let what = DefectKind::Limit { limit: Limit::Defects, most, found: most.saturating_add(1) };
            FoundDefect { from, message, defect: Defect { at, what } }
        });
    }
}
