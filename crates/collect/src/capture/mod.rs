//! Captures: which cryptography the traffic really used, session by session.
//!
//! Packets are taken apart, each direction's bytes put into their order and followed until the keys are on; from there a
//! flow is a row of counters. Memory depends on how many flows there are at a
//! time, and not on the size of the file. Flows go on from one file to the next.
//!
//! What cannot be seen has no value and a reason; it is never "absent".

mod alike;
mod beside;
mod emit;
mod fingerprint;
mod flow;
mod ike;
mod input;
mod inside;
mod session;
mod talk;
mod weakest;

pub use crate::probe::Cancel;
pub use alike::Alike;
pub use beside::Tunnel;
pub use emit::Service;
pub use input::{Source, files};
pub use weakest::{KeyStrength, Numbers, Weakest, weakest};

use beside::Stations;
use dengmi_core::{Observation, Place, Sha256Digest, Where, WirelessNetwork};
use dengmi_parse::capture::wireless::{FrameType, Wai, WirelessFrame};
use dengmi_parse::capture::{
    Added, Address, Defragmenter, Dissected, Encapsulated, EtherType, Frame, Item, Label, Packet, PacketReader,
    dissect, wireless,
};
use dengmi_parse::tls::KeyLog;
use dengmi_parse::{Defect, Limits};
use dengmi_protocol::certify::Certifier;
use emit::Emitter;
use flow::{Flows, Ready};
use std::io::{self, Read};
use std::sync::Arc;

/// Packets whose flows are looked up together: their rows fit into the nearest cache.
const BATCH: usize = 32;

/// How captures are read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether each session becomes an observation; the summary is made in any case.
    pub sessions: bool,
    /// Whether the signature of every key exchange is checked, also for the summary alone; else those of the first three
    /// sessions of a server with a certificate, where sessions become observations.
    pub verify_all: bool,
    /// Secrets that the assessor's own client wrote down: sessions that are in it are opened, and no others.
    pub key_log: Option<Arc<KeyLog>>,
    /// Whether the end of the last file is waited for: it is still being written.
    pub follow: bool,
    /// This program and its version, for the observations.
    pub tool: Arc<str>,
}

/// What all files came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// What services were used for, in the order of their first session.
    pub services: Vec<Service>,
    /// Networks of 802.11.
    pub networks: Vec<WirelessNetwork>,
    /// Pairs of hosts between which ESP or AH went.
    pub tunnels: Vec<Tunnel>,
    /// Files that were read to their end.
    pub files: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes of packets as captured.
    pub bytes: u64,
    /// Packets that could not be taken apart.
    pub undecodable: u64,
    /// Packets of which the capture holds only a part.
    pub short: u64,
    /// Flows of TCP and UDP.
    pub flows: u64,
    /// Flows without payload.
    pub silent: u64,
    /// Sessions that were told.
    pub sessions: u64,
    /// Signatures of key exchanges that were checked and hold, and those that the key of the certificate did not make.
    pub signatures: [u64; 2],
    /// Sessions that the key log opened, and those that it names and did not open.
    pub opened: [u64; 2],
    /// Flows and datagrams that were given up because there were too many at a time.
    pub cut: u64,
    /// Flows in which bytes came a second time with other values.
    pub overlaps: u64,
    /// What was wrong with files, and with which.
    pub defects: Vec<(Box<str>, Defect)>,
    /// Secrets that files brought along, which are not used.
    pub secrets: u64,
    /// The run was ended early.
    pub cancelled: bool,
}

/// Why captures could not be read.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// A file cannot be opened or read.
    #[error("{file}: {error}")]
    Io {
        /// Which file.
        file: Box<str>,
        /// Why.
        error: io::Error,
    },
    /// A file is no capture.
    #[error("{file}: {defect}")]
    NotCapture {
        /// Which file.
        file: Box<str>,
        /// What is wrong at its start.
        defect: Defect,
    },
}

/// Reads all captures. `name` gives the digest of a file as an artifact, where it is one: observations then say in which
/// packet their session began.
///
/// # Errors
/// [`NotRead`] for a file that cannot be read, or is no capture from its start. What is wrong further on is in the summary.
pub fn capture(
    sources: &[Source],
    options: &Options,
    certifier: &mut Certifier,
    cancel: &Cancel,
    name: &mut dyn FnMut(&Source) -> Option<Sha256Digest>,
    out: &mut dyn FnMut(Observation),
) -> Result<Summary, NotRead> {
    let io = |file: &str, error| NotRead::Io { file: file.into(), error };
    let files = input::files(sources).map_err(|error| io(&text(sources.first()), error))?;
    let mut analyst = Analyst {
        flows: Flows::new(),
        fragments: Defragmenter::default(),
        stations: Stations::default(),
        labels: Vec::new(),
        limits: Limits::DEFAULT,
        time: 0,
        emitter: Emitter::new(options, certifier, out),
    };
    let count = files.len();
    let open = |number: usize, source| input::open(source, options.follow && number + 1 == count, cancel);
    let mut ahead = None;
    for (number, source) in files.iter().enumerate() {
        let file = text(Some(source));
        let artifact = name(source);
        analyst.emitter.place = artifact.map(|artifact| Place { artifact, what: Some(file.clone()), at: Where::Whole });
        let opened = ahead.take().map_or_else(|| open(number, source), Ok);
        // The next one is expanded while this one is analysed. What is wrong with it is told when its turn comes.
        ahead = files.get(number + 1).and_then(|next| open(number + 1, next).ok());
        let read = opened.and_then(|mut input| analyst.file(&mut *input, cancel));
        match read.map_err(|error| io(&file, error))? {
            None => {}
            Some(defect) if analyst.emitter.summary.packets == 0 && count == 1 => {
                return Err(NotRead::NotCapture { file, defect });
            }
            Some(defect) => analyst.emitter.summary.defects.push((file, defect)),
        }
        analyst.emitter.summary.files += 1;
        if cancel.is_cancelled() {
            analyst.emitter.summary.cancelled = true;
            break;
        }
    }
    let Analyst { mut flows, mut fragments, stations, mut emitter, .. } = analyst;
    stations.end().into_iter().for_each(|joined| emitter.wapi(joined));
    emitter.summary.cut += fragments.end() as u64;
    flows.end(&mut emitter);
    Ok(emitter.end())
}

fn text(source: Option<&Source>) -> Box<str> {
    match source {
        Some(Source::Path(path)) => path.display().to_string().into(),
        Some(Source::Stdin) => "-".into(),
        None => Box::default(),
    }
}

/// Whether a file is a capture, by its start.
///
/// # Errors
/// As [`capture`].
pub fn recognise(source: &Source, cancel: &Cancel) -> Result<(), NotRead> {
    let io = |error| NotRead::Io { file: text(Some(source)), error };
    let mut input = input::open(source, false, cancel).map_err(io)?;
    let (mut reader, mut bytes, mut wanted) = (PacketReader::default(), Vec::new(), input::BLOCK);
    loop {
        let before = bytes.len();
        (&mut input).take(wanted as u64).read_to_end(&mut bytes).map_err(io)?;
        match reader.next(&bytes, &Limits::DEFAULT) {
            Ok(Item::Need(more)) if bytes.len() > before => wanted = more,
            Ok(Item::Need(_)) => match reader.end(&bytes, &Limits::DEFAULT) {
                Some(defect) => return Err(NotRead::NotCapture { file: text(Some(source)), defect }),
                None => return Ok(()),
            },
            Ok(_) => return Ok(()),
            Err(defect) => return Err(NotRead::NotCapture { file: text(Some(source)), defect }),
        }
    }
}

/// Whoever takes packets apart.
struct Analyst<'a> {
    flows: Flows,
    fragments: Defragmenter,
    stations: Stations,
    labels: Vec<Label>,
    limits: Limits,
    time: u64,
    emitter: Emitter<'a>,
}

impl Analyst<'_> {
    /// Reads one file to its end; what is wrong with it.
    fn file(&mut self, input: &mut dyn Read, cancel: &Cancel) -> io::Result<Option<Defect>> {
        let mut reader = PacketReader::default();
        let mut buffer = vec![0; input::BLOCK];
        // What of it is filled and not done with, and where in the file that stands.
        let (mut start, mut end, mut offset) = (0_usize, 0_usize, 0_usize);
        let place = |defect: Defect, offset: usize| Defect { at: defect.at.saturating_add(offset), ..defect };
        loop {
            let (used, more) = self.block(&mut reader, buffer.get(start..end).unwrap_or_default());
            start = start.saturating_add(used);
            offset = offset.saturating_add(used);
            let needed = match more {
                Ok(more) => end.saturating_sub(start).saturating_add(more),
                Err(defect) => return Ok(Some(place(defect, offset))),
            };
            if cancel.is_cancelled() {
                return Ok(None);
            }
            buffer.copy_within(start..end, 0);
            (start, end) = (0, end.saturating_sub(start));
            if buffer.len() < needed {
                buffer.resize(needed, 0);
            }
            let count = match input.read(buffer.get_mut(end..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if count == 0 && cancel.is_cancelled() {
                return Ok(None);
            }
            if count == 0 {
                let left = buffer.get(..end).unwrap_or_default();
                return Ok(reader.end(left, &self.limits).map(|defect| place(defect, offset)));
            }
            end = end.saturating_add(count);
        }
    }

    /// Takes what is whole at the start of `bytes`: how much that is, and how much more the next packet needs.
    fn block(&mut self, reader: &mut PacketReader, bytes: &[u8]) -> (usize, Result<usize, Defect>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut used = 0_usize;
        let more = loop {
            match self.next(reader, bytes.get(used..).unwrap_or_default(), &mut batch) {
                Ok(Step::Took(size)) => used = used.saturating_add(size),
                Ok(Step::Need(more)) => break Ok(more),
                Err(defect) => break Err(defect),
            }
        };
        self.flows.take(&mut batch, &self.limits, &mut self.emitter);
        (used, more)
    }

    #[inline]
    fn next<'b>(
        &mut self,
        reader: &mut PacketReader,
        bytes: &'b [u8],
        batch: &mut Vec<Ready<'b>>,
    ) -> Result<Step, Defect> {
        let item = reader.next(bytes, &self.limits)?;
        let size = item.size();
        match item {
            Item::Packet(packet) => self.packet(&packet, batch),
            Item::Need(more) => return Ok(Step::Need(more)),
            Item::Secrets(_) => self.emitter.summary.secrets += 1,
            Item::Skip { .. } => {}
            Item::Wrong { .. } => self.emitter.summary.undecodable += 1,
        }
        Ok(Step::Took(size))
    }

    #[inline]
    fn packet<'b>(&mut self, packet: &Packet<'b>, batch: &mut Vec<Ready<'b>>) {
        let summary = &mut self.emitter.summary;
        summary.packets += 1;
        summary.bytes = summary.bytes.saturating_add(packet.captured.len() as u64);
        self.time = packet.time.unwrap_or(self.time);
        let mut labels = std::mem::take(&mut self.labels);
        match dissect(packet.link, packet.captured, &mut labels, &self.limits) {
            Ok(Dissected::Transport(transport)) => {
                summary.short += u64::from(transport.missing > 0);
                if !labels.is_empty() {
                    let length = transport.payload.len().saturating_add(transport.missing);
                    self.authenticated(&labels, [transport.source, transport.destination], length);
                }
                batch.push(self.flows.ready(transport, self.time, packet.number));
                if batch.len() >= BATCH {
                    self.flows.take(batch, &self.limits, &mut self.emitter);
                }
            }
            Ok(other) => {
                // What was told so far comes before what this tells.
                self.flows.take(batch, &self.limits, &mut self.emitter);
                self.other(other, &labels, packet.number);
            }
            Err(_) => summary.undecodable += 1,
        }
        self.labels = labels;
    }

    /// Counts what stands behind an authentication header, which does not hide it.
    fn authenticated(&mut self, labels: &[Label], ends: [Address; 2], length: usize) {
        if let Some(spi) =
            labels.iter().rev().find_map(|label| if let Label::Ah(spi) = label { Some(*spi) } else { None })
        {
            self.emitter.tunnel("AH", ends, spi, length, self.time);
        }
    }

    /// Everything that is not a segment or a datagram.
    #[cold]
    fn other(&mut self, dissected: Dissected<'_>, labels: &[Label], number: u64) {
        match dissected {
            Dissected::Fragment(fragment) => {
                let Added { whole, cut, defect } = self.fragments.add(&fragment, self.time, &self.limits);
                self.emitter.summary.cut += cut as u64;
                self.emitter.summary.overlaps += u64::from(defect.is_some());
                if let Some(datagram) = whole {
                    let mut labels = Vec::new();
                    if let Ok(Dissected::Transport(transport)) = datagram.dissect(&mut labels, &self.limits) {
                        let ready = self.flows.ready(transport, self.time, number);
                        self.flows.take(&mut vec![ready], &self.limits, &mut self.emitter);
                    }
                }
            }
            Dissected::Esp(esp) => {
                let ends = [esp.source, esp.destination];
                self.authenticated(labels, ends, esp.length);
                self.emitter.tunnel("ESP", ends, esp.spi, esp.length, self.time);
            }
            Dissected::Wireless(frame) => self.frame(&frame, number),
            Dissected::Frame(Frame { holds: Encapsulated::Ether(EtherType::WAI), stations: Some(ends), payload }) => {
                let access_point = labels.iter().rev().find_map(|label| match label {
                    Label::Wireless(bssid) => Some(*bssid),
                    _ => None,
                });
                if let Ok(reading) = Wai::read(payload, &self.limits) {
                    let known = self.stations.wai(ends, access_point, &reading.value, self.time, number);
                    self.emitter.summary.cut += u64::from(!known);
                }
            }
            Dissected::Frame(_) | Dissected::Ip(_) | Dissected::Transport(_) => {}
        }
    }
}

impl Analyst<'_> {
    /// A frame of 802.11 that carries nothing that could be taken apart.
    fn frame(&mut self, frame: &WirelessFrame<'_>, number: u64) {
        let Some(bssid) = frame.bssid else { return };
        if frame.is_data() && frame.is_protected() {
            let station = if frame.source == Some(bssid) { Some(frame.destination) } else { frame.source };
            if let Some(station) = station {
                self.stations.protected(station, bssid);
            }
            return;
        }
        let Some(Ok(reading)) = frame.network(&self.limits) else { return };
        if let (FrameType::ASSOCIATION_REQUEST | FrameType::REASSOCIATION_REQUEST, Some(suites), Some(station)) =
            (frame.kind, &reading.value.wapi, frame.source)
        {
            let known = self.stations.associates([station, bssid], suites, self.time, number);
            self.emitter.summary.cut += u64::from(!known);
        }
        self.emitter.network(network(bssid, &reading.value), self.time, number);
    }
}

enum Step {
    Took(usize),
    Need(usize),
}

/// A network of 802.11 in words.
fn network(bssid: [u8; 6], network: &wireless::Network<'_>) -> WirelessNetwork {
    let words = |list: Vec<String>| list.into_iter().map(Into::into).collect();
    let suites = network.wapi.as_ref().or(network.rsn.as_ref()).or(network.wpa.as_ref());
    WirelessNetwork {
        ssid: network.ssid.map(|ssid| String::from_utf8_lossy(ssid).into()),
        bssid: beside::text(bssid),
        protection: words(network.protections().iter().map(ToString::to_string).collect()),
        akm: words(suites.map(|suites| suites.akm.iter().map(ToString::to_string).collect()).unwrap_or_default()),
        unicast_cipher: words(
            suites.map(|suites| suites.unicast.iter().map(ToString::to_string).collect()).unwrap_or_default(),
        ),
        multicast_cipher: suites.and_then(|suites| suites.multicast).map(|cipher| cipher.to_string().into()),
    }
}
