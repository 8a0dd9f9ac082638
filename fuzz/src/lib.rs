//! One function for each public reader of hostile bytes. None may panic; what each must hold beside that is asserted in it.
//!
//! `fuzz_targets/` hands them to libFuzzer, `tests/replay.rs` runs them over `seeds/` with the stable toolchain.

use std::sync::{Arc, OnceLock};

use dengmi_core::date::read_date;
use dengmi_core::system::{self, Vocabulary};
use dengmi_core::{Fact, Observation, Suite, Version, registry};
use dengmi_crypto::PrivateKey;
use dengmi_parse::capture::wireless::{Eapol, Wai};
use dengmi_parse::capture::{Defragmenter, Dissected, Item, PacketReader, dissect};
use dengmi_parse::certificate::{read_bundle, read_pem};
use dengmi_parse::plain::{self, Spoken, Told, Transport, recognise};
use dengmi_parse::quic::{Form, Frame, QuicVersion, TransportParameters, read_datagram};
use dengmi_parse::tls::message::{
    Alert, CertificateRequest, CertificateVerify, Certificates, ClientHello, ClientKeyExchange, EncryptedExtensions,
    Extensions, Finished, NewSessionTicket, ServerHello, ServerHelloDone, ServerKeyExchange, Ssl2ClientHello,
    Ssl2ServerHello, TooLong,
};
use dengmi_parse::tls::record::MESSAGE_HEADER;
use dengmi_parse::tls::{Dialect, Handshake, KeyLog, Side, Sides, Then, Watcher};
use dengmi_parse::{Limits, Read, read_certificate};
use dengmi_protocol::certify::{Asked, Certificates as Roots, Certifier, Layout, Limits as ChainLimits, Purpose};
use dengmi_protocol::handshake::suite::suites;
use dengmi_protocol::handshake::{Client, Identity, Offer, Opener, Opening, Secrets, Step, key_exchange_signature};
use dengmi_protocol::plan::{self, Listener, Stopped};
use dengmi_protocol::upgrade::{self, Prologue, Upgrade};
use dengmi_randomness::input::{self, Decoder, Order};
use dengmi_randomness::{Test, looks_encrypted};

/// What the clients here draw their secrets from: seeds of whole handshakes are made for it.
pub const SEED: [u8; 32] = [7; 32];

/// The day on which certificates and descriptions are looked at.
const DAY: &str = "2026-11-22";

/// A target: its name in `fuzz_targets/` and `seeds/`, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("hello", hello),
    ("watcher", watcher),
    ("key_log", key_log),
    ("opener", opener),
    ("server_message", server_message),
    ("certificate", certificate),
    ("bundle", bundle),
    ("client_tlcp", client_tlcp),
    ("client_tls12", client_tls12),
    ("client_tls13", client_tls13),
    ("answer", answer),
    ("upgrade", upgrade),
    ("ssh", ssh),
    ("ike", ike),
    ("quic", quic),
    ("capture", capture),
    ("plain", plain),
    ("observation", observation),
    ("system", system),
    ("random_input", random_input),
];

/// The hellos of TLS, TLCP and SSL 2.0, and every typed view of their extensions.
pub fn hello(data: &[u8]) {
    let limits = Limits::default();
    let read = ClientHello::read(data, &limits);
    if let Ok(reading) = &read {
        let _ = (reading.value.versions(), reading.value.server_name());
        reading.value.extensions.iter().for_each(views);
    }
    written_again(data, read, MESSAGE_HEADER, |hello, out| hello.write(out));

    let read = ServerHello::read(data, &limits);
    if let Ok(reading) = &read {
        let _ = (reading.value.selected_version(), reading.value.key_share(), reading.value.group());
        reading.value.extensions.iter().for_each(views);
    }
    written_again(data, read, MESSAGE_HEADER, |hello, out| hello.write(out));

    let read = Ssl2ClientHello::read(data, &limits);
    if let Ok(reading) = &read {
        let _ = reading.value.suites().count();
    }
    written_again(data, read, 2, |hello, out| hello.write(out));
    // Any byte but 0 says that a session was taken up, so that only 1 is written again as it was.
    let is_plain = data.get(1).is_some_and(|hit| *hit < 2);
    let read = Ssl2ServerHello::read(data, &limits);
    if is_plain {
        written_again(data, read, 2, |hello, out| hello.write(out));
    }
}

fn views(extensions: &Extensions<'_>) {
    let _ = extensions.server_name();
    let _ = extensions.supported_groups();
    let _ = extensions.signature_algorithms();
    let _ = extensions.signature_algorithms_cert();
    let _ = extensions.supported_versions();
    let _ = extensions.selected_version();
    let _ = extensions.key_shares();
    let _ = extensions.key_share();
    let _ = extensions.retry_group();
    let _ = extensions.application_protocols();
    let _ = extensions.ec_point_formats();
    let _ = extensions.session_ticket();
    let _ = extensions.pre_shared_keys();
    let _ = extensions.selected_pre_shared_key();
    let _ = extensions.cookie();
}

/// What was read without a defect is written as the same bytes, behind a header of `header` bytes.
fn written_again<T>(
    data: &[u8],
    read: Read<T>,
    header: usize,
    write: impl FnOnce(&T, &mut Vec<u8>) -> Result<(), TooLong>,
) {
    let Ok(reading) = read else { return };
    assert!(reading.rest <= data.len(), "more bytes left than there were");
    if !reading.defects.is_empty() {
        return;
    }
    let mut out = Vec::new();
    // An SSL 2.0 record is shorter than what its parts may add up to.
    if write(&reading.value, &mut out).is_ok() {
        assert_eq!(out.get(header..), Some(data), "another message than the one that was read");
    }
}

/// Deframer and watcher over both directions: pieces of `side and length (2) | bytes`. Byte by byte they must see the
/// same.
pub fn watcher(data: &[u8]) {
    let limits = Limits { record: 4096, ..Limits::default() };
    let seen = |most: usize| -> Handshake {
        let mut watcher = Watcher::new();
        let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
        let mut left = data;
        while let Some(([high, low], rest)) = left.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([high & 0x7f, *low]));
            let (piece, rest) = rest.split_at(length.min(rest.len()));
            left = rest;
            let (side, kept) = match high & 0x80 {
                0 => (Side::Client, &mut from_client),
                _ => (Side::Server, &mut from_server),
            };
            for part in piece.chunks(most) {
                kept.extend_from_slice(part);
                let fed = watcher.feed(side, kept, &limits);
                assert!(fed.used <= kept.len(), "more bytes used than there were");
                kept.drain(..fed.used);
                if fed.then == Then::Enough {
                    return watcher.into_handshake();
                }
            }
        }
        watcher.into_handshake()
    };
    let whole = seen(usize::MAX);
    let _ = (whole.is_answered(), whole.read_client_hello(&limits), whole.read_server_hello(&limits));
    let _ = (whole.read_server_key_exchange(&limits), whole.read_certificate_request(&limits));
    let _ = whole.read_client_key_exchange(&limits);
    let _ = key_exchange_signature(&whole, &limits);
    assert_eq!(whole, seen(1), "pieces change what is seen");
}

/// A key log: a fault has its place in the text.
pub fn key_log(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    match KeyLog::read(data) {
        Ok(log) => assert!(log.len() + log.passed_over <= lines.len(), "more than there are lines"),
        Err(fault) => {
            let line = lines.get(fault.line - 1).expect("the line is there");
            assert!(fault.column <= line.len() + 1, "the column is in the line");
        }
    }
}

/// A recorded session that a key log opens: `length (2) | key log`, then pieces of `side and length (2) | bytes`. Byte by byte
/// the same must come out.
pub fn opener(data: &[u8]) {
    let Some(([high, low], rest)) = data.split_first_chunk() else { return };
    let (log, pieces) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(rest.len()));
    let Ok(log) = KeyLog::read(log).map(Arc::new) else { return };
    let limits = Limits::default();
    let opened = |most: usize| {
        let mut opener = Opener::new(Arc::clone(&log));
        let mut data = Sides::<Vec<u8>>::default();
        let mut left = pieces;
        while let Some(([high, low], rest)) = left.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([high & 0x7f, *low]));
            let (piece, rest) = rest.split_at(length.min(rest.len()));
            left = rest;
            let side = if high & 0x80 == 0 { Side::Client } else { Side::Server };
            for part in piece.chunks(most) {
                opener.feed(side, part, &limits, &mut |side, opened| data.of_mut(side).extend_from_slice(opened));
                assert!(opener.held() <= (128 << 10) + (1 << 16), "it holds more than it may");
            }
        }
        (opener.state(), data)
    };
    let whole = opened(usize::MAX);
    // What comes first of both sides decides when too much has come: pieces of another size may fail elsewhere.
    if matches!(whole.0, Opening::Open | Opening::NotLogged) {
        assert_eq!(whole, opened(1), "pieces change what is opened");
    }
}

/// What is spoken, and its watcher: `which protocol | pieces of side and length (2) | bytes`. Byte by byte it must tell the
/// same, but of datagrams.
pub fn plain(data: &[u8]) {
    const DATAGRAMS: [Spoken; 7] =
        [Spoken::Snmp, Spoken::Radius, Spoken::Ntp, Spoken::Stun, Spoken::Coap, Spoken::Tftp, Spoken::Dns];
    let Some((which, data)) = data.split_first() else { return };
    let Some(&spoken) = Spoken::ALL.get(usize::from(*which) % Spoken::ALL.len()) else { return };
    let limits = Limits { plain: 4096, line: 512, head: 1024, ..Limits::default() };
    let mut first: Sides<&[u8]> = Sides::default();
    let mut pieces = Vec::new();
    let mut left = data;
    while let Some(([high, low], rest)) = left.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high & 0x7f, *low]));
        let (piece, rest) = rest.split_at(length.min(rest.len()));
        left = rest;
        let side = if high & 0x80 == 0 { Side::Client } else { Side::Server };
        if first.of(side).is_empty() {
            *first.of_mut(side) = piece;
        }
        pieces.push((side, piece));
    }
    let _ = (recognise(&first, Transport::Stream), recognise(&first, Transport::Datagrams));
    let told = |most: usize| -> Told {
        let mut watcher = plain::Watcher::new(spoken);
        let mut kept: Sides<Vec<u8>> = Sides::default();
        for (side, piece) in &pieces {
            for part in piece.chunks(most) {
                let kept = kept.of_mut(*side);
                kept.extend_from_slice(part);
                let fed = watcher.feed(*side, kept, &limits);
                assert!(fed.used <= kept.len(), "more bytes used than there were");
                kept.drain(..fed.used);
                if fed.then != plain::Then::Need {
                    return watcher.into_told();
                }
                assert!(kept.len() <= limits.head.max(limits.line) + part.len(), "too much is kept");
            }
        }
        watcher.into_told()
    };
    let whole = told(usize::MAX);
    assert!(whole.looked_at.client <= limits.plain && whole.looked_at.server <= limits.plain, "looked too far");
    assert!(whole.contains.len() < 64 && whole.defects.len() <= limits.defects, "more than can be");
    if !DATAGRAMS.contains(&spoken) {
        assert_eq!(whole, told(1), "pieces change what is told");
    }
}

/// What comes back for a hello of the prober: `which version | bytes`. Byte by byte it must be the same answer.
pub fn answer(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else { return };
    let scope = plan::Scope::registry(None);
    let Some(lists) = scope.versions.get(usize::from(*which) % scope.versions.len()) else { return };
    let one = plan::Scope { versions: vec![Arc::clone(lists)], ..scope };
    let Some((_, offer)) = plan::Plan::new(&one).ask() else { return };
    let Ok(hello) = plan::hello(&offer, SEED) else { return };
    let heard = |most: usize| {
        let mut listener = Listener::new(&hello, Limits { record: 4096, ..Limits::default() });
        let enough = bytes.chunks(most).any(|part| listener.feed(part));
        listener.answer((!enough).then_some(Stopped::Closed))
    };
    // What stands behind the end of an answer may be in the same piece, and is then seen too.
    let kind = |most| std::mem::discriminant(&heard(most));
    assert_eq!(kind(usize::MAX), kind(1), "pieces change the answer");
}

/// What a server says before TLS: `which protocol | bytes`. Byte by byte it must come to the same end.
pub fn upgrade(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else { return };
    let Some(&to) = Upgrade::ALL.get(usize::from(*which) % Upgrade::ALL.len()) else { return };
    let ended = |most: usize| {
        let mut out = Vec::new();
        let mut prologue = Prologue::start(to, "mail.example", &mut out);
        for part in bytes.chunks(most) {
            let step = prologue.feed(part, &mut out);
            if step != upgrade::Step::More {
                return (step, prologue.greeted().clone());
            }
        }
        (upgrade::Step::More, prologue.greeted().clone())
    };
    let (whole, pieces) = (ended(usize::MAX), ended(1));
    // What cannot be read may be told earlier, and of how much it begins with depends on what had come.
    let unreadable = |step: &upgrade::Step| matches!(step, upgrade::Step::Refused(upgrade::Refusal::Unreadable { .. }));
    if !unreadable(&whole.0) && !unreadable(&pieces.0) {
        assert_eq!(whole, pieces, "pieces change what was said");
    }
    let _ = Upgrade::by_greeting(bytes);
}

/// What an SSH server sends to the prober's first question.
pub fn ssh(data: &[u8]) {
    let Some(ask) = dengmi_protocol::ssh::Plan::new(dengmi_protocol::ssh::Scope::default()).ask() else { return };
    let mut out = Vec::new();
    let mut conversation = dengmi_protocol::ssh::Conversation::start(ask.clone(), Secrets::from_seed(SEED), &mut out);
    for part in data.chunks(1 << 10) {
        if conversation.step(part, &mut out) {
            break;
        }
    }
    let learned = conversation.finish(dengmi_protocol::ssh::Stop::Closed);
    let mut plan = dengmi_protocol::ssh::Plan::new(dengmi_protocol::ssh::Scope::default());
    plan.learn(&ask, dengmi_protocol::ssh::Conversed::Learned(Box::new(learned)));
    let _ = (plan.accepts(), plan.session());
}

/// Datagrams that an IKE responder sends to the prober's first question: `length (2) | bytes`.
pub fn ike(data: &[u8]) {
    let mut plan = dengmi_protocol::ike::Plan::new(&dengmi_protocol::ike::Scope::default());
    let Some(offer) = plan.ask() else { return };
    let Ok(mut exchange) = dengmi_protocol::ike::Exchange::new(offer, SEED, false) else { return };
    let mut left = data;
    while let Some(([high, low], rest)) = left.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (datagram, rest) = rest.split_at(length);
        left = rest;
        let _ = exchange.hear(datagram, &Limits::default());
        let _ = dengmi_parse::ike::Message::read(datagram, &Limits::default());
    }
}

/// What the client of [`quic`] asks with: the header of a ClientHello, and little more.
pub const QUIC_HELLO: &[u8] = b"\x01\x00\x00\x05hello";

/// Datagrams of both sides of QUIC, for the watcher, for a client, and each as what an opened packet may hold: pieces of
/// `side and length (2) | bytes`.
pub fn quic(data: &[u8]) {
    use dengmi_protocol::quic::{Client, Watcher};
    let limits = Limits { handshake: 4096, ..Limits::default() };
    let started = Client::start(QUIC_HELLO, QuicVersion::V1, SEED);
    assert!(started.is_ok(), "our own hello");
    let Ok((mut client, _)) = started else { return };
    let mut watcher = Watcher::new();
    let mut left = data;
    while let Some(([high, low], rest)) = left.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high & 0x7f, *low]));
        let (piece, rest) = rest.split_at(length.min(rest.len()));
        left = rest;
        let side = if high & 0x80 == 0 { Side::Client } else { Side::Server };
        watcher.hear(side, piece, &limits);
        if side == Side::Server {
            let before = client.handshake().len();
            let more = client.hear(piece, &limits) == dengmi_protocol::quic::Heard::Crypto;
            assert!(!more || client.handshake().len() > before, "nothing more to read");
        }
        quic_readers(piece, &limits);
    }
    for side in [Side::Client, Side::Server] {
        assert!(watcher.handshake(side).len() <= limits.handshake, "more handshake than the limit");
    }
    assert!(watcher.seen().defects.len() <= limits.defects, "more defects than the limit");
    assert!(client.repeat().iter().chain(&client.farewell()).all(|datagram| (1200..1372).contains(&datagram.len())));
}

fn quic_readers(bytes: &[u8], limits: &Limits) {
    if let Ok(reading) = read_datagram(bytes, limits) {
        let used: usize = reading.value.iter().map(|packet| packet.raw.len()).sum();
        assert_eq!(used + reading.rest, bytes.len(), "bytes that are neither read nor left");
        for packet in reading.value.iter().filter(|_| reading.defects.is_empty()) {
            let (Form::Long(long), mut out) = (&packet.form, Vec::new()) else { continue };
            if long.write(&mut out).is_ok() {
                let again = read_datagram(&out, limits).ok().and_then(|again| again.value.into_iter().next());
                assert_eq!(again.map(|packet| packet.form), Some(packet.form.clone()));
            }
        }
    }
    let reading = Frame::read_all(bytes, limits);
    let mut out = Vec::new();
    if reading.defects.is_empty() && reading.value.iter().all(|frame| frame.write(&mut out).is_ok()) {
        assert_eq!(Frame::read_all(&out, limits).value, reading.value);
    }
    let reading = TransportParameters::read(bytes, limits);
    let mut out = Vec::new();
    if reading.value.write(&mut out).is_ok() {
        assert_eq!(TransportParameters::read(&out, limits).value, reading.value);
    }
}

/// A file of captured packets, and everything in them. Byte by byte it must hold the same.
pub fn capture(data: &[u8]) {
    let limits = Limits { packet: 4096, datagrams: 4, fragments: 4096, ..Limits::default() };
    let (mut reader, mut dripped, mut at) = (PacketReader::default(), PacketReader::default(), 0);
    let (mut labels, mut fragments) = (Vec::new(), Defragmenter::default());
    loop {
        let bytes = data.get(at..).unwrap_or_default();
        let item = reader.next(bytes, &limits);
        let (mut had, mut drip) = (0, dripped.next(&[], &limits));
        while let Ok(Item::Need(_)) = drip
            && had < bytes.len()
        {
            had += 1;
            drip = dripped.next(bytes.get(..had).unwrap_or_default(), &limits);
        }
        match (&item, &drip) {
            (Ok(whole), Ok(drip)) => assert_eq!(whole, drip, "pieces change what is read"),
            _ => assert!(item.is_err() && drip.is_err(), "pieces change whether it is read"),
        }
        let Ok(item) = item else { return };
        at += item.size();
        match item {
            Item::Need(_) => break,
            Item::Packet(packet) => {
                let mut dissected = dissect(packet.link, packet.captured, &mut labels, &limits);
                let whole = match &dissected {
                    Ok(Dissected::Fragment(fragment)) => {
                        fragments.add(fragment, packet.time.unwrap_or_default(), &limits).whole
                    }
                    _ => None,
                };
                if let Some(datagram) = &whole {
                    dissected = datagram.dissect(&mut labels, &limits);
                }
                look(dissected, packet.captured.len().max(1 << 16), &limits);
            }
            _ => {}
        }
    }
    assert!(fragments.end() <= limits.datagrams, "more datagrams than the limit");
    let _ = reader.end(data.get(at..).unwrap_or_default(), &limits);
}

fn look<E>(dissected: Result<Dissected<'_>, E>, most: usize, limits: &Limits) {
    match dissected {
        Ok(Dissected::Transport(found)) => assert!(found.payload.len() + found.missing <= most, "more than there is"),
        Ok(Dissected::Wireless(frame)) => {
            if let Some(Ok(reading)) = frame.network(limits) {
                assert!(!reading.value.protections().is_empty(), "no protection is one too");
            }
            let held: usize = frame.aggregate().map(<[u8]>::len).sum();
            assert!(held <= frame.body.len(), "more in the frame than it has");
            let _ = frame.encapsulation();
        }
        Ok(Dissected::Frame(frame)) => {
            if let Ok(Some(key)) = Eapol::read(frame.payload, limits).map(|reading| reading.value.key) {
                let _ = (key.message(), key.chosen(limits));
            }
            let _ = Wai::read(frame.payload, limits);
        }
        _ => {}
    }
}

/// What a server sends behind its hello: `which message | which version | body`.
pub fn server_message(data: &[u8]) {
    const VERSIONS: [Version; 6] =
        [Version::TLCP, Version::SSL_3_0, Version::TLS_1_0, Version::TLS_1_1, Version::TLS_1_2, Version::TLS_1_3];
    let Some(([which, version], body)) = data.split_first_chunk() else { return };
    let version = VERSIONS.get(usize::from(*version) % VERSIONS.len()).copied().unwrap_or(Version::TLCP);
    let dialect = Dialect::of(version).unwrap_or(Dialect::Tls);
    let limits = Limits::default();
    let at = MESSAGE_HEADER;
    match which % 10 {
        0 => written_again(body, Certificates::read(body, dialect, version, &limits), at, |read, out| read.write(out)),
        1 => {
            let read = CertificateRequest::read(body, dialect, version, &limits);
            written_again(body, read, at, |read, out| read.write(out));
        }
        2 => {
            // A suite of RSA with an export key, and one of DHE.
            let suites = ["TLS_RSA_EXPORT_WITH_RC4_40_MD5", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"];
            let codes =
                suites.into_iter().filter_map(registry::suite_named).filter_map(|entry| u16::try_from(entry.code).ok());
            for suite in codes.map(Suite) {
                let read = ServerKeyExchange::read(body, dialect, version, suite, &limits);
                let details =
                    read.as_ref().map(|read| (read.value.group(), read.value.dh_bits(), read.value.signature()));
                assert!(details.is_ok(), "every form is one, if only as it is");
                written_again(body, read, at, |read, out| read.write(out));
            }
        }
        3 => written_again(body, EncryptedExtensions::read(body, &limits), at, |read, out| read.write(out)),
        4 => {
            let read = NewSessionTicket::read(body, dialect, version, &limits);
            written_again(body, read, at, |read, out| read.write(out));
        }
        5 => {
            let read = CertificateVerify::read(body, dialect, version, &limits);
            written_again(body, read, at, |read, out| read.write(out));
        }
        6 => written_again(body, Finished::read(body, dialect, version, &limits), at, |read, out| read.write(out)),
        7 => {
            let read = ClientKeyExchange::read(body, dialect, &limits);
            written_again(body, read, at, |read, out| read.write(out));
        }
        8 => written_again(body, ServerHelloDone::read(body, &limits), at, |read, out| read.write(out)),
        _ => written_again(body, Alert::read(body, &limits), 0, |read, out| {
            read.write(out);
            Ok(())
        }),
    }
}

/// One certificate: read, and checked in a chain that holds nothing else.
pub fn certificate(data: &[u8]) {
    let Ok(reading) = read_certificate(data, &Limits::default()) else { return };
    assert!(reading.value.raw.len() + reading.rest == data.len(), "bytes that are neither read nor left");
    assert!(reading.defects.len() <= Limits::DEFAULT.defects + 1, "more defects than the limit");
    let _ = (reading.value.subject.to_string(), reading.value.serial_text());
    let _ = reading.value.key_usage.map(|usage| usage.names().count());

    let Ok(on) = read_date(DAY) else { return };
    for layout in [Layout::Chain, Layout::Pair, Layout::Loose] {
        let mut certifier = Certifier::new(Roots::default(), Roots::default(), Vec::new(), ChainLimits::default());
        let asked = Asked { on, name: None, layout, purpose: Purpose::Server };
        assert_eq!(certifier.certify(&[data, data], &asked).len(), 2, "one answer for each certificate");
    }
}

/// Files of certificates and keys, PEM and DER.
pub fn bundle(data: &[u8]) {
    let limits = Limits { bundle: 16, ..Limits::default() };
    if let Ok(reading) = read_bundle(data, &limits) {
        assert!(reading.value.len() <= limits.bundle, "more certificates than the limit");
    }
    if let Ok(reading) = read_pem(data, &limits) {
        assert!(reading.value.len() <= limits.bundle, "more blocks than the limit");
    }
    let _ = PrivateKey::from_pkcs8(data);
}

/// The offer of [`client_tlcp`]: every suite, with a pair of the client's own (test keys of `vectors/`).
pub fn tlcp_offer() -> Offer {
    static IDENTITY: OnceLock<Option<Arc<Identity>>> = OnceLock::new();
    let identity = IDENTITY.get_or_init(|| {
        let block = |file: &[u8]| {
            let blocks = read_pem(file, &Limits::default()).ok()?.value;
            blocks.into_iter().next().map(|block| block.bytes)
        };
        let key = |file| PrivateKey::from_pkcs8(&block(file)?).ok();
        Some(Arc::new(Identity {
            certificates: vec![
                block(include_bytes!("../../vectors/certificates/sm2/client-sign.crt"))?,
                block(include_bytes!("../../vectors/certificates/sm2/client-enc.crt"))?,
            ],
            signing: key(include_bytes!("../../vectors/certificates/sm2/client-sign.key"))?,
            encryption: Some(key(include_bytes!("../../vectors/certificates/sm2/client-enc.key"))?),
        }))
    });
    assert!(identity.is_some(), "the test identity cannot be read");
    Offer { suites: suites(Version::TLCP).collect(), identity: identity.clone(), ..Offer::tlcp() }
}

/// The client's handshake of TLCP: `size of pieces | what the server sends`. So the next two.
pub fn client_tlcp(data: &[u8]) {
    client(tlcp_offer(), data);
}

/// The client's handshake of TLS 1.2.
pub fn client_tls12(data: &[u8]) {
    client(Offer::tls12(), data);
}

/// The client's handshake of TLS 1.3.
pub fn client_tls13(data: &[u8]) {
    client(Offer::tls13(), data);
}

fn client(offer: Offer, data: &[u8]) {
    let Some((size, stream)) = data.split_first() else { return };
    let mut out = Vec::new();
    let started = Client::start(offer, Secrets::from_seed(SEED), &mut out);
    assert!(started.is_ok(), "our own offer");
    let Ok(mut client) = started else { return };
    let mut pieces = stream.chunks(usize::from(*size) * 64 + 1);
    while let Some(piece) = pieces.next() {
        client = match client.step(piece, &mut out) {
            Ok(Step::More(client)) => client,
            Ok(Step::Done(done)) => {
                assert!(!done.proof.learned().certificates.is_empty(), "a proof without a certificate");
                let mut connection = done.connection;
                for piece in std::iter::once(&[][..]).chain(pieces) {
                    if connection.receive(piece, &mut out).is_err() {
                        break;
                    }
                }
                return;
            }
            Err(stopped) => {
                let _ = stopped.to_string();
                return;
            }
        };
    }
    client.cancel(&mut out);
}

/// One line of observations; what was read is written as a line that reads the same.
pub fn observation(data: &[u8]) {
    let Ok(read) = Observation::read(data) else { return };
    // A number may have no canonical form.
    let Ok(line) = read.line() else { return };
    let again = Observation::read(&line).ok();
    let text = String::from_utf8_lossy(&line);
    assert_eq!(again.as_ref().and_then(|again| again.line().ok()).as_ref(), Some(&line), "{text}");
    // What this version does not know is kept as it was written, whatever the order of its keys.
    if !matches!(read.fact, Fact::Foreign(..)) {
        assert_eq!(again.as_ref(), Some(&read), "{text}");
    }
}

/// Bits as people hand them in, names of tests, and what bytes look like. The first byte chooses form and order, the second the
/// length of samples, the third that of the pieces.
pub fn random_input(data: &[u8]) {
    let [form, bits, piece, rest @ ..] = data else { return };
    let order = if form & 4 == 0 { Order::MostFirst } else { Order::LeastFirst };
    let form = [input::Form::Raw, input::Form::Bits, input::Form::Hex, input::Form::Hex][usize::from(form & 3)];
    let mut decoder = Decoder::new(form, order);
    let mut taken = 0;
    for piece in rest.chunks(usize::from(*piece).max(1)) {
        let fed = decoder.feed(piece);
        while let Some(sample) = decoder.take(usize::from(*bits)) {
            assert_eq!(sample.bits(), usize::from(*bits));
            taken += sample.bits();
        }
        if fed.is_err() {
            break;
        }
    }
    assert!(taken + decoder.finish() <= 8 * rest.len(), "more bits than there were");
    if let Ok(test) = String::from_utf8_lossy(rest).parse::<Test>() {
        assert_eq!(test.to_string().parse(), Ok(test));
    }
    let _ = looks_encrypted(rest);
}

/// A description of a system.
pub fn system(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let today = read_date(DAY).ok();
    if let Err(faults) = system::read(text, &Vocabulary::default(), today) {
        assert!(!faults.is_empty(), "refused without a fault");
    }
}
