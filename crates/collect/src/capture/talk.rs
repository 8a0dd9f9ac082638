//! What is said in one flow: recognised by its first bytes, then followed until nothing more can be learned.

use super::emit::Emitter;
use super::flow::Flow;
use super::inside::Inside;
use dengmi_parse::Limits;
use dengmi_parse::plain::{self, Recognised, Spoken, Transport};
use dengmi_parse::ssh;
use dengmi_parse::tls::{self, End, Fed, KeyLog, Side, Sides, Then};
use dengmi_protocol::quic;
use std::sync::Arc;

/// Bytes of a direction that may wait for the rest of their record or line.
const REST: usize = 96 << 10;
/// Bytes of each direction of something unknown by which it is judged.
const SAMPLE: usize = 1024;
/// Datagrams of something unknown that are looked at.
const DATAGRAMS: u32 = 8;
/// What the watchers hold is bounded by twice this.
const WATCHED: usize = Limits::DEFAULT.handshake;

/// Whether a talk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It does.
    Need,
    /// All is known that can be.
    Enough,
}

/// One direction.
#[derive(Default)]
struct Stream {
    /// Taken and not used yet.
    rest: Vec<u8>,
    /// Segments that came too early.
    late: Vec<(u32, Vec<u8>)>,
    late_bytes: usize,
    /// Bytes are missing: nothing behind them can be understood.
    lost: bool,
}

/// What somebody who knows the language follows it with.
pub(super) enum Speaker {
    /// Not recognised yet.
    Unknown,
    Tls(Box<tls::Watcher>),
    Dtls(Box<tls::Watcher>),
    Ssh(Box<ssh::Watcher>),
    Quic(Box<quic::Watcher>),
    Ike(Option<[u8; 8]>),
    Plain(Box<plain::Watcher>),
    /// Recognised, and its start says all: WireGuard and the like.
    Named(Spoken),
}

/// The talk of one flow.
pub(super) struct Talk {
    streams: [Stream; 2],
    pub(super) speaker: Speaker,
    /// What went before TLS.
    pub(super) before: Option<Box<plain::Watcher>>,
    /// What a key log opens of TLS.
    pub(super) inside: Option<Box<Inside>>,
    /// The handshake has been seen; only what is inside is followed.
    handshake_seen: bool,
    /// The first packet with something in it.
    pub(super) packet: u64,
    fed: usize,
    datagrams: u32,
    /// How each direction ended, as far as told.
    pub(super) ended: Sides<Option<End>>,
    /// Bytes came a second time with other values.
    pub(super) overlap: bool,
}

impl Talk {
    pub(super) fn new(packet: u64, log: Option<&Arc<KeyLog>>) -> Talk {
        Talk {
            streams: Default::default(),
            speaker: Speaker::Unknown,
            before: None,
            inside: log.map(|log| Box::new(Inside::new(Arc::clone(log), packet))),
            handshake_seen: false,
            packet,
            fed: 0,
            datagrams: 0,
            ended: Sides::default(),
            overlap: false,
        }
    }

    /// Bytes that it holds, at most.
    pub(super) fn held(&self) -> usize {
        let streams: usize = self.streams.iter().map(|stream| stream.rest.capacity() + stream.late_bytes).sum();
        let inside = self.inside.as_ref().map_or(0, |inside| inside.held());
        size_of::<Talk>() + size_of::<tls::Watcher>() + streams + inside + self.fed.min(2 * WATCHED)
    }

    /// The bytes that come next from this end.
    pub(super) fn feed(&mut self, end: usize, bytes: &[u8], flow: &mut Flow, limits: &Limits) -> Outcome {
        let Some(stream) = self.streams.get_mut(end) else { return Outcome::Need };
        if stream.lost {
            return Outcome::Need;
        }
        if matches!(self.speaker, Speaker::Unknown) {
            return self.recognise(end, bytes, flow, limits);
        }
        self.follow(end, bytes, flow, limits)
    }

    /// Keeps a segment that came too early. `false`: there is no room for it.
    pub(super) fn keep(&mut self, end: usize, sequence: u32, bytes: &[u8], most: usize, most_bytes: usize) -> bool {
        let Some(stream) = self.streams.get_mut(end) else { return false };
        if stream.lost || stream.late.iter().any(|(kept, other)| *kept == sequence && other.len() >= bytes.len()) {
            return true;
        }
        let size = stream.late_bytes.saturating_add(bytes.len());
        if stream.late.len() >= most || size > most_bytes {
            return false;
        }
        stream.late_bytes = size;
        stream.late.push((sequence, bytes.to_vec()));
        true
    }

    /// What came early and is due now, without what came before.
    pub(super) fn late(&mut self, end: usize, next: u32) -> Option<Vec<u8>> {
        let stream = self.streams.get_mut(end)?;
        while let Some(at) = stream.late.iter().position(|(sequence, _)| next.wrapping_sub(*sequence) < u32::MAX / 2) {
            let (sequence, mut bytes) = stream.late.swap_remove(at);
            stream.late_bytes = stream.late_bytes.saturating_sub(bytes.len());
            let old = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
            if old < bytes.len() {
                bytes.drain(..old);
                return Some(bytes);
            }
        }
        None
    }

    /// Compares what came again with what is still there of the first copy, which wins.
    pub(super) fn compare(&mut self, end: usize, old: usize, again: &[u8]) {
        let Some(stream) = self.streams.get(end) else { return };
        let known = stream.rest.len().min(old);
        let first = stream.rest.get(stream.rest.len().saturating_sub(known)..).unwrap_or_default();
        let again = again.get(old.saturating_sub(known)..).unwrap_or_default();
        self.overlap |= first.iter().zip(again).any(|(one, other)| one != other);
    }

    /// Nothing behind a gap can be understood.
    pub(super) fn lose(&mut self, end: usize) {
        if let Some(stream) = self.streams.get_mut(end) {
            *stream = Stream { lost: true, ..Stream::default() };
        }
    }

    /// A direction ended.
    pub(super) fn end(&mut self, side: Side, how: End) {
        if let Speaker::Tls(watcher) | Speaker::Dtls(watcher) = &mut self.speaker {
            watcher.end(side, how);
        }
        self.ended.of_mut(side).get_or_insert(how);
    }

    /// The first bytes of something unknown, of client and server, for a judgement.
    pub(super) fn sample(&self, client: usize) -> [&[u8]; 2] {
        [client, 1 - client.min(1)].map(|end| self.streams.get(end).map_or(&[][..], |stream| &stream.rest))
    }

    fn recognise(&mut self, end: usize, bytes: &[u8], flow: &mut Flow, limits: &Limits) -> Outcome {
        // Most are recognised by the first segment, which then need not be kept.
        let is_first = self.streams.iter().all(|stream| stream.rest.is_empty());
        if !is_first && let Some(stream) = self.streams.get_mut(end) {
            stream.rest.extend_from_slice(bytes);
        }
        match self.look(flow, is_first.then_some((end, bytes)), Transport::Stream) {
            Recognised::Is(spoken) => {
                flow.client_was_seen();
                self.speak(spoken);
                match is_first && !matches!(self.speaker, Speaker::Named(_)) {
                    true => self.follow(end, bytes, flow, limits),
                    false => self.follow_rests(flow, limits),
                }
            }
            told => {
                if is_first && let Some(stream) = self.streams.get_mut(end) {
                    stream.rest.extend_from_slice(bytes);
                }
                let held = |most: usize| self.streams.iter().any(|stream| stream.rest.len() >= most);
                let most = if told == Recognised::More { REST } else { SAMPLE };
                if held(most) { Outcome::Enough } else { Outcome::Need }
            }
        }
    }

    /// What is spoken; where nobody saw who began, with either end as the client.
    fn look(&self, flow: &mut Flow, new: Option<(usize, &[u8])>, over: Transport) -> Recognised {
        let first = |end: usize| match new {
            Some((of, bytes)) if of == end => bytes,
            _ => self.streams.get(end).map_or(&[][..], |stream| &stream.rest),
        };
        let recognise =
            |client: usize| plain::recognise(&Sides { client: first(client), server: first(1 - client.min(1)) }, over);
        let client = flow.client_end();
        let told = recognise(client);
        if flow.client_is_known() || matches!(told, Recognised::Is(_)) {
            return told;
        }
        match recognise(1 - client.min(1)) {
            Recognised::Is(spoken) => {
                flow.turn_round();
                Recognised::Is(spoken)
            }
            _ => told,
        }
    }

    fn speak(&mut self, spoken: Spoken) {
        self.speaker = match spoken {
            Spoken::Tls | Spoken::Tlcp | Spoken::Ssl2 => Speaker::Tls(Box::default()),
            Spoken::Dtls => Speaker::Dtls(Box::default()),
            Spoken::Ssh => Speaker::Ssh(Box::default()),
            Spoken::Quic => Speaker::Quic(Box::default()),
            Spoken::Ike => Speaker::Ike(None),
            other if other.is_protection() => Speaker::Named(other),
            other => Speaker::Plain(Box::new(plain::Watcher::new(other))),
        };
    }

    /// Gives what was kept to whoever understands it: the client's first.
    fn follow_rests(&mut self, flow: &mut Flow, limits: &Limits) -> Outcome {
        if let Speaker::Named(_) = self.speaker {
            return Outcome::Enough;
        }
        let client = flow.client_end();
        for end in [client, 1 - client.min(1)] {
            let rest = self.streams.get_mut(end).map(|stream| std::mem::take(&mut stream.rest)).unwrap_or_default();
            if !rest.is_empty() && self.follow(end, &rest, flow, limits) == Outcome::Enough {
                return Outcome::Enough;
            }
        }
        Outcome::Need
    }

    fn follow(&mut self, end: usize, bytes: &[u8], flow: &mut Flow, limits: &Limits) -> Outcome {
        let side = if end == flow.client_end() { Side::Client } else { Side::Server };
        self.fed = self.fed.saturating_add(bytes.len());
        let inside = match (&self.speaker, &mut self.inside) {
            (Speaker::Tls(_), Some(inside)) => inside.feed(end, bytes, flow, limits),
            _ => Outcome::Enough,
        };
        if self.handshake_seen {
            return inside;
        }
        let Some(stream) = self.streams.get_mut(end) else { return Outcome::Need };
        let (fed, left) = if stream.rest.is_empty() {
            let fed = feed(&mut self.speaker, side, bytes, limits);
            stream.rest.extend_from_slice(bytes.get(fed.used()..).unwrap_or_default());
            (fed, stream.rest.len())
        } else {
            stream.rest.extend_from_slice(bytes);
            let fed = feed(&mut self.speaker, side, &stream.rest, limits);
            stream.rest.drain(..fed.used().min(stream.rest.len()));
            (fed, stream.rest.len())
        };
        match fed {
            Followed::Tls(fed) if fed.then == Then::Enough => {
                self.handshake_seen = true;
                return inside;
            }
            Followed::Plain(fed) => match fed.then {
                plain::Then::Need => {
                    if self.follow_other(1 - end.min(1), flow, limits) == Outcome::Enough {
                        return Outcome::Enough;
                    }
                }
                plain::Then::Enough => return Outcome::Enough,
                plain::Then::Upgrade => return self.upgrade(flow, limits),
            },
            Followed::Tls(_) => {}
        }
        if left > REST {
            self.end(side, End::Cut);
            self.lose(end);
        }
        Outcome::Need
    }

    /// What the other side said may have waited for this.
    fn follow_other(&mut self, end: usize, flow: &mut Flow, limits: &Limits) -> Outcome {
        let side = if end == flow.client_end() { Side::Client } else { Side::Server };
        let Some(stream) = self.streams.get_mut(end).filter(|stream| !stream.rest.is_empty()) else {
            return Outcome::Need;
        };
        let fed = feed(&mut self.speaker, side, &stream.rest, limits);
        stream.rest.drain(..fed.used().min(stream.rest.len()));
        match fed {
            Followed::Plain(plain::Fed { then: plain::Then::Enough, .. }) => Outcome::Enough,
            Followed::Plain(plain::Fed { then: plain::Then::Upgrade, .. }) => self.upgrade(flow, limits),
            _ => Outcome::Need,
        }
    }

    /// TLS begins behind what was used of each side.
    fn upgrade(&mut self, flow: &mut Flow, limits: &Limits) -> Outcome {
        if let Speaker::Plain(before) = std::mem::replace(&mut self.speaker, Speaker::Tls(Box::default())) {
            self.before = Some(before);
        }
        self.follow_rests(flow, limits)
    }

    /// A datagram.
    pub(super) fn datagram(
        &mut self,
        end: usize,
        bytes: &[u8],
        flow: &mut Flow,
        limits: &Limits,
        emitter: &mut Emitter<'_>,
    ) -> Outcome {
        self.datagrams = self.datagrams.saturating_add(1);
        if matches!(self.speaker, Speaker::Unknown) {
            if let Some(stream) = self.streams.get_mut(end) {
                stream.rest.clear();
                stream.rest.extend_from_slice(bytes);
            }
            match self.look(flow, None, Transport::Datagrams) {
                Recognised::Is(spoken) => {
                    self.speak(spoken);
                    let streams = std::mem::take(&mut self.streams);
                    if spoken == Spoken::EspInUdp {
                        // One of each end had to come.
                        for (end, stream) in streams.iter().enumerate() {
                            emitter.encapsulated(flow, end, &stream.rest, 0);
                        }
                    }
                }
                _ if self.datagrams >= DATAGRAMS => return Outcome::Enough,
                _ => return Outcome::Need,
            }
        }
        let side = if end == flow.client_end() { Side::Client } else { Side::Server };
        self.fed = self.fed.saturating_add(bytes.len());
        let enough = match &mut self.speaker {
            Speaker::Dtls(watcher) => watcher.feed_datagram(side, bytes, limits) == Then::Enough,
            Speaker::Quic(watcher) => {
                watcher.hear(side, bytes, limits);
                quic_is_answered(watcher) || self.datagrams > DATAGRAMS * 4
            }
            Speaker::Ike(initiator) => emitter.ike(initiator, flow, side, bytes, self.packet, limits),
            Speaker::Plain(watcher) => watcher.feed(side, bytes, limits).then != plain::Then::Need,
            Speaker::Unknown | Speaker::Named(_) | Speaker::Tls(_) | Speaker::Ssh(_) => true,
        };
        if enough { Outcome::Enough } else { Outcome::Need }
    }
}

/// What a watcher says, of whichever kind.
enum Followed {
    Tls(Fed),
    Plain(plain::Fed),
}

impl Followed {
    fn used(&self) -> usize {
        match self {
            Followed::Tls(fed) => fed.used,
            Followed::Plain(fed) => fed.used,
        }
    }
}

fn feed(speaker: &mut Speaker, side: Side, bytes: &[u8], limits: &Limits) -> Followed {
    match speaker {
        Speaker::Tls(watcher) => Followed::Tls(watcher.feed(side, bytes, limits)),
        Speaker::Ssh(watcher) => Followed::Tls(watcher.feed(side, bytes, limits)),
        Speaker::Plain(watcher) => Followed::Plain(watcher.feed(side, bytes, limits)),
        _ => Followed::Tls(Fed { used: bytes.len(), then: Then::Enough }),
    }
}

/// Whether the server's hello is whole: a message header and what it announces.
fn quic_is_answered(watcher: &quic::Watcher) -> bool {
    let hello = watcher.handshake(Side::Server);
    let length = hello.get(1..4).and_then(|bytes| <[u8; 3]>::try_from(bytes).ok());
    let whole = length.map(|[high, middle, low]| usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low));
    whole.is_some_and(|length| hello.len() >= length + 4) || watcher.seen().closed.is_some()
}
