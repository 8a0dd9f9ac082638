//! Watches the start of a conversation in clear.

use super::mail::Mail;
use super::spoken::Spoken;
use super::told::{Notes, Told};
use super::{
    datagram, http::Http, ldap::Ldap, mongodb::Mongodb, mqtt::Mqtt, mysql::Mysql, postgresql::Postgresql, rdp,
};
use super::{redis::Redis, smb, tds::Tds, telnet::Telnet, xmpp::Xmpp};
use crate::reading::{DefectKind, Limits};
use crate::tls::{Side, Sides};

/// An answer to [`Watcher::feed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// Bytes from the front that are done with; the caller keeps the others.
    pub used: usize,
    /// What to do next.
    pub then: Then,
}

/// What a watcher wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Call again with what was not used and more behind it.
    Need,
    /// All has been seen that is looked for: bytes may only be counted from here.
    Enough,
    /// Both sides agreed on TLS: it begins in both directions behind what was used of each.
    Upgrade,
}

/// What one look at the front of a direction leads to.
#[derive(Debug)]
pub(super) enum Turn {
    /// Not all of it is there.
    More,
    /// The other side is to speak first.
    Wait,
    /// So many bytes are done with.
    Used(usize),
    /// TLS begins behind so many.
    Upgrade(usize),
    /// Nothing more is to be seen behind so many.
    Enough(usize),
    /// It is no message of the protocol, and where the next one begins is lost.
    Broken(DefectKind),
}

/// How many times [`Limits::plain`] may go by in all before a watcher ends that waits for a silent side.
const PATIENCE: usize = 4;

/// Watches one conversation. What the caller keeps for it is bounded by [`Limits::head`] and [`Limits::line`].
#[derive(Clone, Debug)]
pub struct Watcher {
    machine: Machine,
    notes: Notes,
    /// Bytes that went by behind those that were looked at.
    passed: Sides<usize>,
    over: Then,
}

/// What reads a protocol.
#[derive(Clone, Debug)]
enum Machine {
    /// Nothing to be seen in clear.
    None,
    Http(Http),
    Mail(Mail),
    Mysql(Mysql),
    Postgresql(Postgresql),
    Redis(Redis),
    Mqtt(Mqtt),
    Ldap(Ldap),
    Xmpp(Xmpp),
    Rdp,
    Tds(Tds),
    Mongodb(Mongodb),
    Telnet(Telnet),
    Smb,
    Datagram,
}

impl Watcher {
    /// A watcher of a conversation of which nothing has been seen but what is spoken.
    pub fn new(spoken: Spoken) -> Watcher {
        use Spoken as S;
        let machine = match spoken {
            S::Http | S::Sip | S::Rtsp => Machine::Http(Http::new(spoken)),
            S::Smtp | S::Imap | S::Pop3 | S::Ftp | S::Nntp | S::Sieve => Machine::Mail(Mail::new(spoken)),
            S::Mysql => Machine::Mysql(Mysql::default()),
            S::Postgresql => Machine::Postgresql(Postgresql::default()),
            S::Redis => Machine::Redis(Redis::default()),
            S::Mqtt => Machine::Mqtt(Mqtt::default()),
            S::Ldap => Machine::Ldap(Ldap::default()),
            S::Xmpp => Machine::Xmpp(Xmpp::default()),
            S::Rdp => Machine::Rdp,
            S::Tds => Machine::Tds(Tds::default()),
            S::Mongodb => Machine::Mongodb(Mongodb::default()),
            S::Telnet => Machine::Telnet(Telnet::default()),
            S::Smb => Machine::Smb,
            S::Snmp | S::Radius | S::Ntp | S::Syslog | S::Stun | S::Coap | S::Tftp | S::Dns => Machine::Datagram,
            _ => Machine::None,
        };
        let over = if matches!(machine, Machine::None) { Then::Enough } else { Then::Need };
        let mut notes = Notes::new(spoken);
        if spoken == Spoken::Http2 {
            notes.version("2");
        }
        Watcher { machine, notes, passed: Sides::default(), over }
    }

    /// Takes what is next in this direction: bytes that an earlier call did not use, and more behind them. Of
    /// datagrams, one at a time.
    ///
    /// What depends on the other side's word is not used before that came. Where a capture has the two out of step,
    /// what was kept of a side is to be given again after something of the other one was used.
    pub fn feed(&mut self, from: Side, bytes: &[u8], limits: &Limits) -> Fed {
        let mut used = 0_usize;
        while self.over == Then::Need {
            let Some(left) = bytes.get(used..).filter(|left| !left.is_empty()) else { break };
            let looked = *self.notes.told.looked_at.of(from);
            let room = limits.plain.saturating_sub(looked);
            if room == 0 {
                used = bytes.len();
                self.pass(from, left.len(), limits);
                break;
            }
            let within = left.get(..room).unwrap_or(left);
            let (size, over) = match self.take(from, within, limits) {
                // What does not fit is not looked at.
                Turn::More if within.len() == room => (room, Then::Need),
                Turn::Wait if within.len() > limits.line => (0, Then::Enough),
                Turn::More | Turn::Wait => break,
                Turn::Used(size) => (size.clamp(1, within.len()), Then::Need),
                Turn::Upgrade(size) => (size, Then::Upgrade),
                Turn::Enough(size) => (size, Then::Enough),
                Turn::Broken(what) => {
                    self.notes.defect(from, what, limits);
                    (0, Then::Enough)
                }
            };
            used = used.saturating_add(size);
            *self.notes.told.looked_at.of_mut(from) = looked.saturating_add(size);
            self.over = over;
        }
        Fed { used, then: self.over }
    }

    /// What has been seen so far.
    pub fn told(&self) -> &Told {
        &self.notes.told
    }

    /// What has been seen, without the watcher.
    pub fn into_told(self) -> Told {
        self.notes.told
    }

    fn pass(&mut self, from: Side, count: usize, limits: &Limits) {
        let passed = self.passed.of_mut(from);
        *passed = passed.saturating_add(count);
        let seen = &self.notes.told.looked_at;
        let both = seen.client >= limits.plain && seen.server >= limits.plain;
        let all = [self.passed.client, self.passed.server, seen.client, seen.server];
        let all = all.iter().fold(0_usize, |sum, part| sum.saturating_add(*part));
        if both || all >= limits.plain.saturating_mul(PATIENCE) {
            self.over = Then::Enough;
        }
    }

    fn take(&mut self, from: Side, bytes: &[u8], limits: &Limits) -> Turn {
        let notes = &mut self.notes;
        match &mut self.machine {
            Machine::None => Turn::Enough(0),
            Machine::Http(http) => http.take(from, bytes, notes, limits),
            Machine::Mail(mail) => mail.take(from, bytes, notes, limits),
            Machine::Mysql(mysql) => mysql.take(from, bytes, notes, limits),
            Machine::Postgresql(postgresql) => postgresql.take(from, bytes, notes, limits),
            Machine::Redis(redis) => redis.take(from, bytes, notes, limits),
            Machine::Mqtt(mqtt) => mqtt.take(from, bytes, notes, limits),
            Machine::Ldap(ldap) => ldap.take(from, bytes, notes, limits),
            Machine::Xmpp(xmpp) => xmpp.take(from, bytes, notes, limits),
            Machine::Rdp => rdp::take(from, bytes, notes, limits),
            Machine::Tds(tds) => tds.take(from, bytes, notes, limits),
            Machine::Mongodb(mongodb) => mongodb.take(from, bytes, notes, limits),
            Machine::Telnet(telnet) => telnet.take(from, bytes, notes),
            Machine::Smb => smb::take(from, bytes, notes, limits),
            Machine::Datagram => datagram::take(from, bytes, notes),
        }
    }
}
