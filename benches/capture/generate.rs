//! Large captures out of the small recorded ones, always the same for the same arguments.
//!
//! Each copy of a connection gets addresses, a client port and certificates of its own; copies run beside each other, so that
//! no packet of a flow follows another of the same flow, and no cache of the last flow or certificate wins anything.

use crate::Outcome;
use clap::Args;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

#[derive(Args, Clone)]
pub(crate) struct Recipe {
    /// GiB of the file
    #[arg(long, default_value_t = 1.0)]
    gib: f64,
    /// Connections that run beside each other
    #[arg(long, default_value_t = 1000)]
    pub(crate) interleave: usize,
    /// Per cent of the connections over IPv6
    #[arg(long, default_value_t = 20)]
    ipv6: u32,
    /// Different certificates of each recorded connection that shows one
    #[arg(long, default_value_t = 1000)]
    certs: u32,
    /// Per cent of the connections with a download of 50,000 bytes; 0: handshakes only
    #[arg(long, default_value_t = 33)]
    downloads: u32,
}

impl Recipe {
    /// Files that grow in bytes, then in handshakes of which all are under way at a time.
    pub(crate) fn growing(&self) -> Vec<Recipe> {
        let larger = [0.1, 1.0, 10.0].map(|gib| Recipe { gib, ..self.clone() });
        // Full before the first packet: only those are written that begin together.
        let more = [1_000, 10_000, 100_000, 1_000_000].map(|interleave| Recipe {
            gib: 0.0,
            interleave,
            downloads: 0,
            ..self.clone()
        });
        larger.into_iter().chain(more).collect()
    }
}

/// What was written.
pub(crate) struct Written {
    pub(crate) packets: u64,
    pub(crate) flows: u64,
    pub(crate) bytes: u64,
}

/// One recorded packet: what Ethernet holds.
#[derive(Clone)]
struct Packet {
    from_client: bool,
    /// TCP header and payload.
    segment: Vec<u8>,
}

/// One recorded connection.
struct Template {
    packets: Vec<Packet>,
    /// Where certificates have their serial numbers: packet, first byte, length.
    serials: Vec<(usize, usize, usize)>,
}

/// Bytes of a download's segments, and how many of them.
const SEGMENT: usize = 1448;
const SEGMENTS: usize = 35;

/// Servers.
const SERVERS: u64 = 256;

/// A copy that is being written.
struct Copy {
    template: usize,
    next: usize,
    addresses: [u32; 2],
    port: u16,
    is_ipv6: bool,
    variant: u32,
    /// Segments of its download that are left, and how many were sent.
    download: usize,
    sent: u32,
}

/// The splitmix generator: no more is asked of it than to be the same everywhere.
struct Lots(u64);

impl Lots {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }
}

pub(crate) fn write(file: &Path, recipe: &Recipe) -> Outcome<Written> {
    let templates = templates()?;
    let mut lots = Lots(1);
    let body: Vec<u8> = (0..1 << 17).flat_map(|_| lots.next().to_le_bytes()).collect();
    let mut out = BufWriter::with_capacity(1 << 22, File::create(file)?);
    let mut header = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    header.extend([2, 0, 4, 0]);
    header.extend([0; 8]);
    header.extend(262_144_u32.to_le_bytes());
    header.extend(1_u32.to_le_bytes());
    out.write_all(&header)?;
    let mut written = Written { packets: 0, flows: 0, bytes: header.len() as u64 };
    let wanted = (recipe.gib * f64::from(1 << 30)) as u64;
    let mut copies: Vec<Copy> = Vec::new();
    let mut time = 1_700_000_000_000_000_u64;
    let mut frame = Vec::with_capacity(2048);
    loop {
        let full = written.flows > 0 && written.bytes >= wanted;
        while !full && copies.len() < recipe.interleave.max(1) {
            copies.push(Copy::new(&templates, recipe, &mut lots));
            written.flows += 1;
        }
        if copies.is_empty() {
            break;
        }
        let at = usize::try_from(lots.below(copies.len() as u64))?;
        let copy = &mut copies[at];
        copy.packet(&templates, &body, &mut lots, &mut frame);
        time += 10;
        let length = u32::try_from(frame.len())?.to_le_bytes();
        let seconds = u32::try_from(time / 1_000_000)?.to_le_bytes();
        let micros = u32::try_from(time % 1_000_000)?.to_le_bytes();
        for field in [seconds, micros, length, length] {
            out.write_all(&field)?;
        }
        out.write_all(&frame)?;
        written.packets += 1;
        written.bytes += 16 + frame.len() as u64;
        if copies[at].is_over(&templates) {
            copies.swap_remove(at);
        }
    }
    out.flush()?;
    Ok(written)
}

impl Copy {
    fn new(templates: &[Template], recipe: &Recipe, lots: &mut Lots) -> Copy {
        let template = lots.below(templates.len() as u64) as usize;
        Copy {
            template,
            next: 0,
            addresses: [lots.next() as u32 & 0xff_ffff, lots.below(SERVERS) as u32],
            port: 1024 + lots.below(60_000) as u16,
            is_ipv6: lots.below(100) < u64::from(recipe.ipv6),
            variant: lots.below(u64::from(recipe.certs)) as u32,
            download: if lots.below(100) < u64::from(recipe.downloads) { SEGMENTS } else { 0 },
            sent: 0,
        }
    }

    fn is_over(&self, templates: &[Template]) -> bool {
        self.next >= templates[self.template].packets.len()
    }

    /// The next packet: one of the template, or of the download, which goes in front of the first FIN.
    fn packet(&mut self, templates: &[Template], body: &[u8], lots: &mut Lots, frame: &mut Vec<u8>) {
        let template = &templates[self.template];
        let packet = &template.packets[self.next];
        let ends = packet.segment[13] & 1 != 0;
        if ends && self.download > 0 {
            let server = template.packets[..self.next].iter().rev().find(|packet| !packet.from_client);
            if let Some(last) = server {
                let mut segment = last.segment[..20].to_vec();
                segment[12] = 0x50;
                segment[13] = 0x10;
                let behind = u32::try_from(last.segment.len() - header(&last.segment)).unwrap_or_default();
                shift(&mut segment, behind.wrapping_add(self.sent));
                let start = lots.below((body.len() - SEGMENT) as u64) as usize;
                segment.extend_from_slice(&body[start..start + SEGMENT]);
                self.frame(false, segment, frame);
                self.sent += SEGMENT as u32;
                self.download -= 1;
                return;
            }
        }
        let mut segment = packet.segment.clone();
        for (at, first, length) in &template.serials {
            if *at == self.next {
                let end = first + length;
                let variant = self.variant.to_be_bytes();
                segment[end - 4..end].iter_mut().zip(variant).for_each(|(byte, other)| *byte ^= other);
            }
        }
        if !packet.from_client {
            shift(&mut segment, self.sent);
        }
        let from_client = packet.from_client;
        self.next += 1;
        self.frame(from_client, segment, frame);
    }

    /// Ethernet and IP around a segment. Checksums stay zero: they are not looked at.
    fn frame(&self, from_client: bool, mut segment: Vec<u8>, frame: &mut Vec<u8>) {
        let port = self.port.to_be_bytes();
        let at = if from_client { 0 } else { 2 };
        segment[at..at + 2].copy_from_slice(&port);
        let [client, server] = self.addresses;
        frame.clear();
        frame.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
        let length = segment.len() as u16;
        if self.is_ipv6 {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend(length.to_be_bytes());
            frame.extend([6, 64]);
            let wide = |number: u32, kind: u8| {
                let mut bytes = [0x20, 1, 0x0d, 0xb8, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                bytes[12..].copy_from_slice(&number.to_be_bytes());
                bytes
            };
            let (client, server) = (wide(client, 1), wide(server, 2));
            let (source, destination) = if from_client { (client, server) } else { (server, client) };
            frame.extend(source);
            frame.extend(destination);
        } else {
            frame.extend([8, 0, 0x45, 0]);
            frame.extend((length + 20).to_be_bytes());
            frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
            let client = (0x0a00_0000 | client).to_be_bytes();
            let server = (0xac10_0000 | server).to_be_bytes();
            let (source, destination) = if from_client { (client, server) } else { (server, client) };
            frame.extend(source);
            frame.extend(destination);
        }
        frame.extend(segment);
    }
}

/// Length of the TCP header.
fn header(segment: &[u8]) -> usize {
    usize::from(segment[12] >> 4) * 4
}

/// Adds to the sequence number.
fn shift(segment: &mut [u8], by: u32) {
    let sequence = u32::from_be_bytes([segment[4], segment[5], segment[6], segment[7]]).wrapping_add(by);
    segment[4..8].copy_from_slice(&sequence.to_be_bytes());
}

/// Every recorded connection of TLS, TLCP and SSH over TCP and IPv4 that is whole.
fn templates() -> Outcome<Vec<Template>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/captures");
    let mut files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let wanted =
        |name: &str| ["tls1", "tlcp-ec", "ssh-"].iter().any(|start| name.starts_with(start)) && name.ends_with(".pcap");
    files.retain(|file| file.file_name().is_some_and(|name| wanted(&name.to_string_lossy())));
    let mut templates = Vec::new();
    for file in files {
        let truth: toml::Table = fs::read_to_string(file.with_extension("toml"))?.parse()?;
        let flow = &truth["flow"][0];
        let server = flow["server_port"].as_integer().ok_or("no port")? as u16;
        let mut packets = Vec::new();
        let bytes = fs::read(&file)?;
        let mut left = &bytes[24..];
        while left.len() > 16 {
            let length = u32::from_le_bytes(left[8..12].try_into()?) as usize;
            let frame = &left[16..16 + length];
            left = &left[16 + length..];
            if frame[12..14] != [8, 0] || frame[23] != 6 {
                continue;
            }
            let ip = usize::from(frame[14] & 15) * 4;
            let total = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
            let segment = frame[14 + ip..14 + total].to_vec();
            let from_client = u16::from_be_bytes([segment[2], segment[3]]) == server;
            packets.push(Packet { from_client, segment });
        }
        let serials = flow.get("certificate").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let serials = serials.iter().filter_map(|certificate| {
            let serial = hex(certificate.get("serial")?.as_str()?)?;
            packets.iter().enumerate().find_map(|(at, packet)| {
                let first = packet.segment.windows(serial.len()).position(|window| window == serial)?;
                Some((at, first, serial.len()))
            })
        });
        let serials = serials.collect();
        templates.push(Template { packets, serials });
    }
    if templates.is_empty() { Err("no recorded connections in vectors/captures".into()) } else { Ok(templates) }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
