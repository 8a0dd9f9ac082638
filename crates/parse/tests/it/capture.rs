//! What two programs once said to each other, out of a capture: just enough of TCP to give it to a watcher.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dengmi_parse::Limits;
use dengmi_parse::capture::{Dissected, dissect};
use dengmi_parse::tls::{End, Handshake, Side, Then, Watcher};

use crate::packets::read;

/// Bytes and who sent them.
type Pieces = Vec<(Side, Vec<u8>)>;

/// What was sent, in the order in which it could be delivered.
pub(crate) struct Conversation {
    pub(crate) name: String,
    pub(crate) truth: toml::Table,
    pub(crate) pieces: Pieces,
    pub(crate) ended: Vec<(Side, End)>,
}

pub(crate) fn vectors(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(folder)
}

/// Every capture of the TLS family, each with its one flow.
pub(crate) fn conversations() -> Vec<Conversation> {
    named(|name| name.starts_with("ssl3") || name.contains("tls") || name.contains("tlcp"))
}

/// Every capture whose file has such a name.
pub(crate) fn named(wanted: impl Fn(&str) -> bool) -> Vec<Conversation> {
    let folder = vectors("captures");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    names.retain(|path| wanted(path.file_name().unwrap().to_str().unwrap()));
    names.sort();
    let mut found: Vec<_> = names.iter().flat_map(|path| flows(path)).collect();
    for conversation in &mut found {
        let starttls = conversation.truth.get("starttls").and_then(toml::Value::as_str);
        for (side, count) in before_tls(starttls, &conversation.pieces) {
            skip(&mut conversation.pieces, side, count);
        }
    }
    found
}

/// Every flow of every capture, from its first byte.
pub(crate) fn whole() -> Vec<Conversation> {
    let folder = vectors("captures");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    names.sort();
    names.iter().flat_map(|path| flows(path)).collect()
}

/// The flows of a capture.
fn flows(truth: &Path) -> Vec<Conversation> {
    let table: toml::Table = std::fs::read_to_string(truth).unwrap().parse().unwrap();
    let file = std::fs::read(truth.with_file_name(table["capture"].as_str().unwrap())).unwrap();
    let flow = |flow: &toml::Value| {
        let truth = flow.as_table().unwrap().clone();
        let port = |key: &str| u16::try_from(truth[key].as_integer().unwrap()).unwrap();
        let ports = (port("client_port"), port("server_port"));
        let (pieces, ended) = deliver(&file, ports.0, ports.1);
        Conversation { name: table["capture"].as_str().unwrap().to_owned(), truth, pieces, ended }
    };
    table.get("flow").and_then(toml::Value::as_array).into_iter().flatten().map(flow).collect()
}

/// One direction: the next sequence number, what came too early, and whether bytes were lost.
#[derive(Default)]
struct Stream {
    next: Option<u32>,
    early: BTreeMap<u32, Vec<u8>>,
    cut: bool,
}

fn deliver(file: &[u8], client: u16, server: u16) -> (Pieces, Vec<(Side, End)>) {
    let mut pieces = Vec::new();
    let mut ended = Vec::new();
    let mut streams = [Stream::default(), Stream::default()];
    let (limits, mut labels) = (Limits::default(), Vec::new());
    for packet in read(file, [], &limits).packets {
        let Ok(Dissected::Transport(found)) = dissect(packet.0, &packet.3, &mut labels, &limits) else { continue };
        let side = match (found.source_port, found.destination_port) {
            ends if ends == (client, server) => Side::Client,
            ends if ends == (server, client) => Side::Server,
            _ => continue,
        };
        let Some(segment) = found.segment else {
            pieces.push((side, found.payload.to_vec()));
            continue;
        };
        let stream = &mut streams[usize::from(side == Side::Server)];
        if stream.cut {
            continue;
        }
        let start = segment.sequence.wrapping_add(u32::from(segment.flags.syn()));
        let next = *stream.next.get_or_insert(start);
        if start.wrapping_sub(next) < 1 << 31 && !found.payload.is_empty() {
            stream.early.entry(start).or_insert(found.payload.to_vec());
        }
        while let Some(bytes) = stream.early.remove(&stream.next.unwrap()) {
            stream.next = Some(stream.next.unwrap().wrapping_add(u32::try_from(bytes.len()).unwrap()));
            pieces.push((side, bytes));
        }
        let end = match segment.flags {
            _ if found.missing > 0 => Some(End::Cut),
            flags if flags.rst() => Some(End::Reset),
            flags if flags.fin() => Some(End::Closed),
            _ => None,
        };
        stream.cut = found.missing > 0;
        ended.extend(end.map(|end| (side, end)));
    }
    (pieces, ended)
}

/// What two protocols say before they go over to TLS.
fn before_tls(starttls: Option<&str>, pieces: &[(Side, Vec<u8>)]) -> Vec<(Side, usize)> {
    let first = |side: Side| &pieces.iter().find(|(from, _)| *from == side).unwrap().1;
    let mysql_packet = |bytes: &[u8]| 4 + usize::from(bytes[0]) + (usize::from(bytes[1]) << 8);
    match starttls {
        None => vec![],
        Some(text) if text.starts_with("PostgreSQL") => vec![(Side::Client, 8), (Side::Server, 1)],
        Some(text) if text.starts_with("MySQL") => {
            [Side::Client, Side::Server].map(|side| (side, mysql_packet(first(side)))).to_vec()
        }
        Some(other) => panic!("{other} is not known"),
    }
}

fn skip(pieces: &mut Pieces, side: Side, mut count: usize) {
    for (_, bytes) in pieces.iter_mut().filter(|(from, _)| *from == side) {
        let now = count.min(bytes.len());
        bytes.drain(..now);
        count -= now;
    }
    pieces.retain(|(_, bytes)| !bytes.is_empty());
}

/// Watches the conversation with every piece cut into parts of the sizes that `sizes` gives.
pub(crate) fn watch(conversation: &Conversation, sizes: impl IntoIterator<Item = usize>) -> Handshake {
    let limits = Limits::default();
    if conversation.truth["transport"].as_str() == Some("udp") {
        return watch_datagrams(&conversation.pieces);
    }
    let mut sizes = sizes.into_iter();
    let mut watcher = Watcher::new();
    let mut kept = [Vec::new(), Vec::new()];
    'pieces: for (side, piece) in &conversation.pieces {
        let mut piece = &piece[..];
        while !piece.is_empty() {
            let (part, behind) = piece.split_at(sizes.next().unwrap_or(usize::MAX).clamp(1, piece.len()));
            piece = behind;
            let kept = &mut kept[usize::from(*side == Side::Server)];
            kept.extend_from_slice(part);
            let fed = watcher.feed(*side, kept, &limits);
            kept.drain(..fed.used);
            if fed.then == Then::Enough {
                break 'pieces;
            }
        }
    }
    conversation.ended.iter().for_each(|&(side, end)| watcher.end(side, end));
    watcher.into_handshake()
}

/// Watches datagrams in this order.
pub(crate) fn watch_datagrams<'a>(datagrams: impl IntoIterator<Item = &'a (Side, Vec<u8>)>) -> Handshake {
    let mut watcher = Watcher::new();
    for (side, datagram) in datagrams {
        watcher.feed_datagram(*side, datagram, &Limits::DEFAULT);
    }
    watcher.into_handshake()
}
