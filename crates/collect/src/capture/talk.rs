//! What is said in one flow: recognised by its first bytes, then followed until nothing more can be learned.

use super::emit::Emitter;
use super::flow::Flow;
use dengmi_parse::Limits;
use dengmi_parse::plain::{self, Recognised, Spoken, Transport};
use dengmi_parse::ssh;
use dengmi_parse::tls::{self, End, Fed, Side, Sides, Then};
use dengmi_protocol::quic;

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
    Ike,
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
    pub(super) fn new(packet: u64) -> Talk {
        Talk {
            streams: Default::default(),
            speaker: Speaker::Unknown,
            before: None,
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
        size_of::<Talk>() + size_of::<tls::Watcher>() + streams + self.fed.min(2 * WATCHED)
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

    #[cold]
    fn recognise(&mut self, end: usize, bytes: &[u8], flow: &mut Flow, limits: &Limits) -> Outcome {
        if let Some(stream) = self.streams.get_mut(end) {
            stream.rest.extend_from_slice(bytes);
        }
        match self.look(flow, Transport::Stream) {
            Recognised::Is(spoken) => {
                flow.client_was_seen();
                self.speak(spoken);
                self.follow_rests(flow, limits)
            }
            Recognised::More if self.streams.iter().all(|stream| stream.rest.len() < REST) => Outcome::Need,
            _ => match self.streams.iter().any(|stream| stream.rest.len() >= SAMPLE) {
                true => Outcome::Enough,
                false => Outcome::Need,
            },
        }
    }

    /// What is spoken; where nobody saw who began, with either end as the client.
    fn look(&self, flow: &mut Flow, over: Transport) -> Recognised {
        let first = |end: usize| self.streams.get(end).map_or(&[][..], |stream| &stream.rest);
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
            Spoken::Ike => Speaker::Ike,
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
            Followed::Tls(fed) if fed.then == Then::Enough => return Outcome::Enough,
            Followed::Plain(fed) => match fed.then {
                plain::Then::Need => {}
                plain::Then::Enough => return Outcome::Enough,
                plain::Then::Upgrade => {
                    if let Speaker::Plain(before) = std::mem::replace(&mut self.speaker, Speaker::Tls(Box::default())) {
                        self.before = Some(before);
                    }
                    return self.follow_rests(flow, limits);
                }
            },
            Followed::Tls(_) => {}
        }
        if left > REST {
            self.end(side, End::Cut);
            self.lose(end);
        }
        Outcome::Need
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
            match self.look(flow, Transport::Datagrams) {
                Recognised::Is(spoken) => {
                    self.speak(spoken);
                    self.streams = Default::default();
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
            Speaker::Ike => emitter.ike(flow, side, bytes, self.packet, limits),
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
