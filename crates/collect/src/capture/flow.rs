//! The table of flows: who talks to whom, how much, and the bytes of each direction in their order.
//!
//! A flow that is understood is a row of counters. Only while something can still be learned from its bytes it has a
//! [`Talk`], and what all talks hold is bounded: then the oldest are cut.

use super::emit::{Emitter, Told};
use super::talk::{Outcome, Talk};
use dengmi_parse::Limits;
use dengmi_parse::capture::{Address, Transport};
use dengmi_parse::tls::{End, Side};
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Flows at a time. At this number those that were silent longest are cut.
const FLOWS: usize = 1_000_000;
/// Bytes that all talks may hold: 20,000 handshakes at a time of 2 KiB each are followed to their end.
const HELD: usize = 44 << 20;
/// Nanoseconds after which a silent flow is over.
const IDLE: u64 = 300 * 1_000_000_000;
/// Nanoseconds between two looks for flows that are over.
const SWEEP: u64 = 60 * 1_000_000_000;
/// Bytes of a direction that wait for what lies before them.
const LATE_BYTES: usize = 64 << 10;
/// Segments of a direction that wait for what lies before them.
const LATE_SEGMENTS: usize = 64;
/// Flows whose rows lie in one block.
const ROWS: usize = 4096;
/// The port of IPsec behind an address translation (RFC 3947 4).
const NAT_TRAVERSAL: u32 = 4500;
/// A flow has no service yet.
pub(super) const NO_SERVICE: u32 = u32::MAX;

/// Both ends of a flow, the lower first, so that both directions are one flow.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    low: u128,
    high: u128,
    ports: u32,
    datagrams: bool,
}

/// One flow. Of most packets only the first 64 of its 96 bytes are looked at: there are a million of these rows, and each
/// line of the cache counts.
#[repr(C)]
pub(super) struct Flow {
    /// The addresses of its key, each as two words: as one they would be aligned to 16 bytes.
    low: [u64; 2],
    high: [u64; 2],
    ports: u32,
    datagrams: bool,
    /// Something may still be learned from its bytes.
    open: bool,
    /// Which end is the client.
    client: u8,
    /// Whether that is known, or guessed from the ports.
    client_is_known: bool,
    /// Bytes of payload, by end: sent by the lower, by the higher.
    bytes: [u64; 2],
    last: u64,
    first: u64,
    talk: Option<Box<Talk>>,
    /// TCP: the number of the next byte of each end, once known.
    next: [u32; 2],
    /// The use of a service that its bytes count for.
    service: u32,
    started: [bool; 2],
    finished: [bool; 2],
}

/// One end of a flow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) client: (Address, u16),
    pub(super) server: (Address, u16),
    pub(super) datagrams: bool,
}

/// A packet on its way to its flow.
pub(super) struct Ready<'p> {
    packet: Transport<'p>,
    time: u64,
    number: u64,
    key: Key,
    sender: usize,
    hash: u64,
    /// Where its flow was when the batch was looked up.
    slot: Option<u32>,
}

impl Key {
    /// No flow's: its lower end is not the lower.
    const NOBODY: Key = Key { low: u128::MAX, high: 0, ports: 0, datagrams: false };

    /// The key of a packet, and which end sent it.
    fn of(packet: &Transport<'_>) -> (Key, usize) {
        let source = (u128::from_be_bytes(packet.source.0), packet.source_port);
        let destination = (u128::from_be_bytes(packet.destination.0), packet.destination_port);
        let sender = usize::from(source > destination);
        let (low, high) = if sender == 0 { (source, destination) } else { (destination, source) };
        let ports = (u32::from(low.1) << 16) | u32::from(high.1);
        (Key { low: low.0, high: high.0, ports, datagrams: packet.segment.is_none() }, sender)
    }

    fn end(&self, end: usize) -> (Address, u16) {
        let [high, low, last, port] = self.ports.to_be_bytes();
        match end {
            0 => (Address(self.low.to_be_bytes()), u16::from_be_bytes([high, low])),
            _ => (Address(self.high.to_be_bytes()), u16::from_be_bytes([last, port])),
        }
    }
}

impl Flow {
    fn new(key: Key, time: u64) -> Flow {
        let words = |address: u128| [(address >> 64) as u64, address as u64];
        Flow {
            low: words(key.low),
            high: words(key.high),
            ports: key.ports,
            datagrams: key.datagrams,
            open: true,
            client: 0,
            client_is_known: false,
            bytes: [0; 2],
            last: time,
            first: time,
            talk: None,
            next: [0; 2],
            service: NO_SERVICE,
            started: [false; 2],
            finished: [false; 2],
        }
    }

    #[inline]
    fn key(&self) -> Key {
        let address = |[high, low]: [u64; 2]| (u128::from(high) << 64) | u128::from(low);
        Key { low: address(self.low), high: address(self.high), ports: self.ports, datagrams: self.datagrams }
    }

    fn side(&self, end: usize) -> Side {
        if end == usize::from(self.client) { Side::Client } else { Side::Server }
    }

    /// Who is the client and who the server.
    pub(super) fn ends(&self) -> Ends {
        let client = usize::from(self.client);
        Ends { client: self.key().end(client), server: self.key().end(1 - client), datagrams: self.datagrams }
    }

    /// Whether one of its ports is that of IPsec through an address translation (RFC 3948 2).
    pub(super) fn passes_translation(&self) -> bool {
        self.datagrams && [self.ports >> 16, self.ports & 0xffff].contains(&NAT_TRAVERSAL)
    }

    /// Both hosts, this end's first.
    pub(super) fn hosts(&self, end: usize) -> [Address; 2] {
        [end, 1 - end.min(1)].map(|end| self.key().end(end).0)
    }

    /// Bytes of payload that client and server sent.
    pub(super) fn bytes(&self) -> [u64; 2] {
        let [low, high] = self.bytes;
        if self.client == 0 { [low, high] } else { [high, low] }
    }

    pub(super) fn times(&self) -> (u64, u64) {
        (self.first, self.last)
    }

    pub(super) fn service(&self) -> u32 {
        self.service
    }

    /// The ends where nobody saw the connection begin: whoever has the lower port is the server; with equal ones whoever
    /// was heard first is the client.
    fn guess_client(&mut self, sender: usize) {
        let (low, high) = (self.key().end(0).1, self.key().end(1).1);
        let client = match low.cmp(&high) {
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Greater => 0,
            std::cmp::Ordering::Equal => sender,
        };
        self.client = u8::from(client == 1);
    }
}

/// The rows of all flows, in blocks: one piece would be moved to grow, and be there twice meanwhile.
#[derive(Default)]
struct Rows(Vec<Vec<Flow>>);

impl Rows {
    #[inline]
    fn get(&self, slot: u32) -> Option<&Flow> {
        self.0.get(slot as usize / ROWS)?.get(slot as usize % ROWS)
    }

    #[inline]
    fn get_mut(&mut self, slot: u32) -> Option<&mut Flow> {
        self.0.get_mut(slot as usize / ROWS)?.get_mut(slot as usize % ROWS)
    }

    /// Adds a row; where it is.
    fn push(&mut self, flow: Flow) -> Option<u32> {
        if self.0.last().is_none_or(|block| block.len() >= ROWS) {
            self.0.push(Vec::with_capacity(ROWS));
        }
        let before = self.0.len().saturating_sub(1).saturating_mul(ROWS);
        let block = self.0.last_mut()?;
        let slot = u32::try_from(before.saturating_add(block.len())).ok()?;
        block.push(flow);
        Some(slot)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

/// All flows that are not over.
pub(super) struct Flows {
    index: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    flows: Rows,
    free: Vec<u32>,
    /// Bytes that talks hold.
    held: usize,
    swept: u64,
    most: usize,
    most_held: usize,
}

impl Flows {
    pub(super) fn new() -> Flows {
        Flows::bounded(FLOWS, HELD)
    }

    fn bounded(most: usize, most_held: usize) -> Flows {
        Flows {
            index: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            flows: Rows::default(),
            free: Vec::new(),
            held: 0,
            swept: 0,
            most: most.max(16),
            most_held,
        }
    }

    /// A packet for [`Flows::take`].
    #[inline]
    pub(super) fn ready<'p>(&self, packet: Transport<'p>, time: u64, number: u64) -> Ready<'p> {
        let (key, sender) = Key::of(&packet);
        Ready { packet, time, number, key, sender, hash: self.hasher.hash_one(key), slot: None }
    }

    /// Takes packets in their order. All are looked up before the first is acted on: a flow's row is rarely in the
    /// processor's cache, and so it waits for many rows at a time.
    pub(super) fn take(&mut self, batch: &mut Vec<Ready<'_>>, limits: &Limits, emitter: &mut Emitter<'_>) {
        for ready in &mut *batch {
            ready.slot = self.find(&ready.key, ready.hash);
        }
        for ready in batch.drain(..) {
            self.act(&ready, limits, emitter);
        }
    }

    #[inline]
    fn find(&self, key: &Key, hash: u64) -> Option<u32> {
        self.index.find(hash, |&slot| self.is_of(slot, key)).copied()
    }

    #[inline]
    fn is_of(&self, slot: u32, key: &Key) -> bool {
        self.flows.get(slot).is_some_and(|flow| flow.key() == *key)
    }

    #[inline]
    fn act(&mut self, ready: &Ready<'_>, limits: &Limits, emitter: &mut Emitter<'_>) {
        let Ready { ref packet, time, number, key, sender, hash, slot } = *ready;
        // A packet before it in the batch may have begun its flow, or ended it.
        let known = slot.filter(|&slot| self.is_of(slot, &key)).or_else(|| self.find(&key, hash));
        let Some(slot) = known.or_else(|| self.begin(key, hash, sender, packet, time, emitter)) else { return };
        let Some(flow) = self.flows.get_mut(slot) else { return };
        flow.last = flow.last.max(time);
        if let Some(sent) = flow.bytes.get_mut(sender) {
            *sent = sent.saturating_add(packet.payload.len().saturating_add(packet.missing) as u64);
        }
        let over = match &packet.segment {
            Some(segment) => {
                let flags = segment.flags;
                if flags.syn() {
                    if flow.begins_anew(sender, segment.sequence, flags.ack()) {
                        let ended = std::mem::replace(flow, Flow::new(key, time));
                        self.held = self.held.saturating_sub(ended.held());
                        emitter.over(ended, End::Cut);
                    }
                    flow.syn(sender, segment.sequence, flags.ack());
                }
                if flow.open && (!packet.payload.is_empty() || packet.missing > 0) {
                    let before = flow.held();
                    let sequence = segment.sequence.wrapping_add(u32::from(flags.syn()));
                    flow.segment(sender, sequence, packet, number, limits, emitter);
                    self.held = self.held.saturating_sub(before).saturating_add(flow.held());
                }
                if flags.fin()
                    && let Some(finished) = flow.finished.get_mut(sender)
                {
                    *finished = true;
                }
                flags.rst() || flow.finished == [true, true]
            }
            None => {
                if flow.open {
                    let before = flow.held();
                    flow.datagram(sender, packet, number, limits, emitter);
                    self.held = self.held.saturating_sub(before).saturating_add(flow.held());
                } else if flow.passes_translation() {
                    emitter.behind_translation(flow, sender, packet.payload, packet.missing);
                }
                false
            }
        };
        if over {
            let how = if packet.segment.is_some_and(|segment| segment.flags.rst()) { End::Reset } else { End::Closed };
            self.remove(slot, hash, how, emitter);
        }
        if self.held > self.most_held {
            self.cut_talks(emitter);
        }
        if time.saturating_sub(self.swept) > SWEEP {
            self.sweep(time, emitter);
        }
    }

    /// A packet of no known flow begins one, unless it says nothing.
    fn begin(
        &mut self,
        key: Key,
        hash: u64,
        sender: usize,
        packet: &Transport<'_>,
        time: u64,
        emitter: &mut Emitter<'_>,
    ) -> Option<u32> {
        let syn = packet.segment.is_some_and(|segment| segment.flags.syn());
        if packet.payload.is_empty() && packet.missing == 0 && !syn {
            return None;
        }
        if self.index.len() >= self.most {
            self.make_room(emitter);
        }
        let mut flow = Flow::new(key, time);
        flow.guess_client(sender);
        let slot = match self.free.pop() {
            Some(slot) => {
                *self.flows.get_mut(slot)? = flow;
                slot
            }
            None => self.flows.push(flow)?,
        };
        let (flows, hasher) = (&self.flows, &self.hasher);
        self.index.insert_unique(hash, slot, |&slot| flows.get(slot).map_or(0, |flow| hasher.hash_one(flow.key())));
        emitter.began();
        Some(slot)
    }

    fn remove(&mut self, slot: u32, hash: u64, how: End, emitter: &mut Emitter<'_>) {
        if let Ok(entry) = self.index.find_entry(hash, |&other| other == slot) {
            entry.remove();
        }
        if let Some(flow) = self.flows.get_mut(slot) {
            let ended = std::mem::replace(flow, Flow::new(Key::NOBODY, 0));
            self.held = self.held.saturating_sub(ended.held());
            self.free.push(slot);
            emitter.over(ended, how);
        }
    }

    /// Ends what has been silent for long.
    #[cold]
    fn sweep(&mut self, time: u64, emitter: &mut Emitter<'_>) {
        self.swept = time;
        let silent = self.last_heard().into_iter().filter(|(last, _)| time.saturating_sub(*last) > IDLE);
        self.remove_all(silent.map(|(_, slot)| slot).collect(), End::Silent, emitter);
    }

    /// Ends the sixteenth of all flows that was silent longest.
    #[cold]
    fn make_room(&mut self, emitter: &mut Emitter<'_>) {
        let mut all = self.last_heard();
        let at = all.len() / 16;
        if at < all.len() {
            all.select_nth_unstable(at);
            all.truncate(at.saturating_add(1));
            emitter.cut(all.len() as u64);
            self.remove_all(all.into_iter().map(|(_, slot)| slot).collect(), End::Cut, emitter);
        }
    }

    /// When each flow was heard last, and its row.
    fn last_heard(&self) -> Vec<(u64, u32)> {
        self.index.iter().filter_map(|&slot| Some((self.flows.get(slot)?.last, slot))).collect()
    }

    /// Ends these flows in the order of their beginning: that of the index is another in each run.
    fn remove_all(&mut self, mut slots: Vec<u32>, how: End, emitter: &mut Emitter<'_>) {
        slots.sort_unstable_by_key(|&slot| (self.flows.get(slot).map(|flow| flow.first), slot));
        for slot in slots {
            let Some(flow) = self.flows.get(slot) else { continue };
            let hash = self.hasher.hash_one(flow.key());
            self.remove(slot, hash, how, emitter);
        }
    }

    /// Ends the older half of all talks; their flows stay as counters.
    #[cold]
    fn cut_talks(&mut self, emitter: &mut Emitter<'_>) {
        let mut talking: Vec<(u64, u32)> = self
            .index
            .iter()
            .filter_map(|&slot| {
                let flow = self.flows.get(slot)?;
                flow.talk.as_ref().map(|_| (flow.last, slot))
            })
            .collect();
        talking.sort_unstable();
        let half = talking.len().div_ceil(2);
        for &(_, slot) in talking.iter().take(half) {
            if let Some(flow) = self.flows.get_mut(slot) {
                self.held = self.held.saturating_sub(flow.held());
                flow.cut(emitter);
                emitter.cut(1);
            }
        }
    }

    /// Nothing more comes: every flow is over.
    pub(super) fn end(&mut self, emitter: &mut Emitter<'_>) {
        self.remove_all(self.index.iter().copied().collect(), End::Cut, emitter);
    }
}

impl Flow {
    /// Bytes that its talk holds.
    fn held(&self) -> usize {
        self.talk.as_ref().map_or(0, |talk| talk.held())
    }

    /// Whether a SYN belongs to a new connection on the same ports.
    fn begins_anew(&self, sender: usize, sequence: u32, answers: bool) -> bool {
        let started = self.started.get(sender).copied().unwrap_or_default();
        let next = self.next.get(sender).copied().unwrap_or_default();
        !answers && started && next != sequence.wrapping_add(1) && self.bytes != [0, 0]
    }

    fn syn(&mut self, sender: usize, sequence: u32, answers: bool) {
        if !self.started.get(sender).copied().unwrap_or_default() {
            self.start(sender, sequence.wrapping_add(1));
        }
        self.client = u8::from((sender == 1) != answers);
        self.client_is_known = true;
    }

    fn start(&mut self, sender: usize, next: u32) {
        if let (Some(started), Some(number)) = (self.started.get_mut(sender), self.next.get_mut(sender)) {
            (*started, *number) = (true, next);
        }
    }

    /// A segment with payload: what is next goes on, what is early waits, what is old is passed over.
    fn segment(
        &mut self,
        sender: usize,
        sequence: u32,
        packet: &Transport<'_>,
        number: u64,
        limits: &Limits,
        emitter: &mut Emitter<'_>,
    ) {
        if !self.started.get(sender).copied().unwrap_or_default() {
            self.start(sender, sequence);
        }
        let mut next = self.next.get(sender).copied().unwrap_or_default();
        let mut talk = self.talk.take().unwrap_or_else(|| Box::new(Talk::new(number, emitter.key_log())));
        let mut payload = packet.payload;
        let ahead = sequence.wrapping_sub(next);
        let mut outcome = Outcome::Need;
        if ahead == 0 || ahead > u32::MAX / 2 {
            let old = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
            if old > 0 {
                talk.compare(sender, old, payload);
            }
            payload = payload.get(old..).unwrap_or_default();
            if !payload.is_empty() {
                next = next.wrapping_add(u32::try_from(payload.len()).unwrap_or_default());
                outcome = talk.feed(sender, payload, self, limits);
            }
            while outcome == Outcome::Need
                && let Some(late) = talk.late(sender, next)
            {
                next = next.wrapping_add(u32::try_from(late.len()).unwrap_or_default());
                outcome = talk.feed(sender, &late, self, limits);
            }
            if packet.missing > 0 && outcome == Outcome::Need {
                talk.end(self.side(sender), End::Cut);
                talk.lose(sender);
            }
        } else if !talk.keep(sender, sequence, payload, LATE_SEGMENTS, LATE_BYTES) {
            // What is missing does not come any more.
            talk.end(self.side(sender), End::Cut);
            talk.lose(sender);
        }
        if let Some(kept) = self.next.get_mut(sender) {
            *kept = next;
        }
        self.conclude(talk, outcome, emitter);
    }

    fn datagram(
        &mut self,
        sender: usize,
        packet: &Transport<'_>,
        number: u64,
        limits: &Limits,
        emitter: &mut Emitter<'_>,
    ) {
        if packet.payload.is_empty() {
            return;
        }
        let mut talk = self.talk.take().unwrap_or_else(|| Box::new(Talk::new(number, emitter.key_log())));
        let outcome = talk.datagram(sender, packet.payload, self, limits, emitter);
        self.conclude(talk, outcome, emitter);
    }

    fn conclude(&mut self, talk: Box<Talk>, outcome: Outcome, emitter: &mut Emitter<'_>) {
        match outcome {
            Outcome::Need => self.talk = Some(talk),
            Outcome::Enough => {
                self.open = false;
                self.service = emitter.tell(Told { flow: self, talk });
            }
        }
    }

    /// Which end is the client, for the talk to ask.
    pub(super) fn client_end(&self) -> usize {
        usize::from(self.client)
    }

    pub(super) fn client_is_known(&self) -> bool {
        self.client_is_known
    }

    /// The guess was wrong.
    pub(super) fn turn_round(&mut self) {
        self.client = 1 - self.client.min(1);
        self.client_is_known = true;
    }

    pub(super) fn client_was_seen(&mut self) {
        self.client_is_known = true;
    }

    /// Its talk ends here; its bytes are counted on.
    fn cut(&mut self, emitter: &mut Emitter<'_>) {
        self.open = false;
        if let Some(mut talk) = self.talk.take() {
            [Side::Client, Side::Server].into_iter().for_each(|side| talk.end(side, End::Cut));
            self.service = emitter.tell(Told { flow: self, talk });
        }
    }

    /// What is told of a flow that is over, if nothing was told before.
    pub(super) fn finish(&mut self, how: End, emitter: &mut Emitter<'_>) {
        if let Some(mut talk) = self.talk.take() {
            for (end, finished) in self.finished.into_iter().enumerate() {
                let how = if finished { End::Closed } else { how };
                talk.end(self.side(end), how);
            }
            self.service = emitter.tell(Told { flow: self, talk });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Options, Summary};
    use dengmi_parse::capture::{Segment, TcpFlags};
    use dengmi_protocol::certify::{Certificates, Certifier};

    const SECOND: u64 = 1_000_000_000;

    /// Runs `feed` over flows with these bounds; what it came to, and the most flows and bytes at a time.
    fn run(flows: Flows, feed: impl Fn(u32) -> Option<(Transport<'static>, u64)>) -> (Summary, usize, usize) {
        run_by(1, flows, feed)
    }

    /// The same, so many packets at a time.
    fn run_by(
        size: usize,
        mut flows: Flows,
        feed: impl Fn(u32) -> Option<(Transport<'static>, u64)>,
    ) -> (Summary, usize, usize) {
        let options = Options { sessions: false, verify_all: false, key_log: None, follow: false, tool: "test".into() };
        let mut certifier = Certifier::new(Certificates::default(), Default::default(), Vec::new(), Default::default());
        let mut out = |_| {};
        let mut emitter = Emitter::new(&options, &mut certifier, &mut out);
        let (mut most, mut most_held) = (0, 0);
        let mut batch = Vec::new();
        let mut packets = (0..).map_while(feed).zip(1..).peekable();
        while let Some(((packet, time), number)) = packets.next() {
            batch.push(flows.ready(packet, time, number));
            if batch.len() >= size || packets.peek().is_none() {
                flows.take(&mut batch, &Limits::DEFAULT, &mut emitter);
            }
            most = most.max(flows.index.len());
            most_held = most_held.max(flows.held);
        }
        flows.end(&mut emitter);
        assert_eq!((flows.index.len(), flows.held, flows.free.len()), (0, 0, flows.flows.len()));
        (emitter.end(), most, most_held)
    }

    fn packet(client: u32, flags: u8, payload: &'static [u8]) -> Transport<'static> {
        let [a, b, c, d] = client.to_be_bytes();
        Transport {
            source: Address::v4([10, b | a, c, d]),
            destination: Address::v4([192, 0, 2, 20]),
            source_port: 40_000,
            destination_port: 443,
            segment: Some(Segment { sequence: 1, flags: TcpFlags(flags) }),
            payload,
            missing: 0,
        }
    }

    /// Flows begin, end and leave their rows to others between the look at a batch and its last packet.
    #[test]
    fn packets_of_a_batch_do_what_they_do_one_by_one() {
        const SAID: [&[u8]; 3] = [b"GET / HTTP/1.1\r\n\r\n", &[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7], b""];
        // Begins, speaks, acknowledges, ends, breaks off.
        const FLAGS: [u8; 8] = [2, 0x18, 0x18, 0x18, 0x10, 0x11, 0x11, 0x04];
        let feed = |number: u32| {
            let lot = number.wrapping_mul(0x9e37_79b9).rotate_left(13).wrapping_mul(0x85eb_ca6b);
            let [client, flags, said, back] = lot.to_be_bytes().map(usize::from);
            let mut one = packet((client % 24) as u32, FLAGS[flags % 8], SAID[said % 3]);
            one.segment = one.segment.map(|segment| Segment { sequence: number * 40, ..segment });
            if back % 2 == 0 {
                std::mem::swap(&mut one.source, &mut one.destination);
                std::mem::swap(&mut one.source_port, &mut one.destination_port);
            }
            (number < 20_000).then_some((one, u64::from(number) * SECOND / 10))
        };
        let (one_by_one, ..) = run(Flows::bounded(20, HELD), feed);
        assert!(one_by_one.flows > 1000 && one_by_one.sessions > 1000 && one_by_one.cut > 100);
        for size in [2, 7, 32, 1000] {
            assert!(run_by(size, Flows::bounded(20, HELD), feed).0 == one_by_one, "{size} at a time");
        }
    }

    #[test]
    fn at_the_limit_those_that_were_silent_longest_are_cut_and_counted() {
        let feed = |number: u32| (number < 200).then(|| (packet(number, 2, b""), u64::from(number)));
        let (at_limit, most, _) = run(Flows::bounded(200, HELD), feed);
        assert_eq!((at_limit.flows, at_limit.silent, at_limit.cut, most), (200, 200, 0, 200));
        let (above, most, _) = run(Flows::bounded(199, HELD), feed);
        assert_eq!((above.flows, above.silent, above.cut, most), (200, 200, 13, 199));
    }

    #[test]
    fn what_talks_hold_is_bounded_and_their_flows_are_counted_on() {
        // A record that announces more than comes.
        const START: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7];
        let feed = |number: u32| (number < 100).then(|| (packet(number, 0x18, START), u64::from(number)));
        let (all, _, held) = run(Flows::bounded(1000, HELD), feed);
        assert_eq!((all.sessions, all.cut), (100, 0));
        let (some, most, most_held) = run(Flows::bounded(1000, held / 2), feed);
        assert_eq!((some.sessions, most), (100, 100), "{some:?}");
        assert!(some.cut >= 25 && most_held <= held / 2 + held / 100, "{} {most_held} of {held}", some.cut);
        let bytes: u64 = some.services.iter().flat_map(|service| service.bytes).sum();
        assert_eq!(bytes, 100 * START.len() as u64);
    }

    #[test]
    fn a_flow_that_is_silent_for_five_minutes_is_over() {
        let feed = |number: u32| match number {
            0 => Some((packet(0, 0x18, b"GET / HTTP/1.1\r\n"), 0)),
            1 => Some((packet(1, 2, b""), IDLE)),
            2 => Some((packet(1, 2, b""), IDLE + SWEEP + SECOND)),
            // Whoever comes back is another flow.
            3 => Some((packet(0, 0x18, b"GET / HTTP/1.1\r\n"), IDLE + SWEEP + 2 * SECOND)),
            _ => None,
        };
        assert_eq!(run(Flows::new(), feed).0.flows, 3);
    }
}
