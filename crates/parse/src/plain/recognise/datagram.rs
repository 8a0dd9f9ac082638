//! The rows of protocols over datagrams. Each side's first datagram is whole.

use super::super::spoken::Spoken;
use super::stream::{ber_length, hard_reset, priority, sip};
use super::{Fit, Row, Start, client_first, row};
use crate::ike::IkeVersion;
use crate::quic::QuicVersion;
use crate::reading::Reader;

pub(super) const ROWS: &[Row] = &[
    row(Spoken::Dtls, |start| either(start, dtls)),
    row(Spoken::Quic, |start| {
        client_first(start, |client| whole(quic(client, true)), |server| whole(quic(server, false)))
    }),
    row(Spoken::Ike, |start| either(start, ike)),
    row(Spoken::WireGuard, |start| either(start, wireguard)),
    row(Spoken::OpenVpn, |start| {
        client_first(start, |client| final_fit(hard_reset(client, client.len())), |_| Fit::No)
    }),
    row(Spoken::Dns, |start| either(start, dns)),
    row(Spoken::Snmp, |start| either(start, snmp)),
    row(Spoken::Radius, |start| either(start, radius)),
    row(Spoken::Ntp, ntp),
    row(Spoken::Syslog, |start| either(start, |datagram| final_fit(priority(datagram)))),
    row(Spoken::Sip, |start| either(start, |datagram| final_fit(sip(datagram)))),
    row(Spoken::Stun, |start| either(start, stun)),
    row(Spoken::Coap, |start| client_first(start, |client| whole(coap(client)), |_| Fit::No)),
    row(Spoken::Tftp, |start| client_first(start, |client| whole(tftp(client)), |_| Fit::No)),
    Row { spoken: Spoken::EspInUdp, fits: esp, weak: true },
];

/// The client's datagram decides, or the server's where the client was not heard: both are of one form.
fn either(start: &Start<'_>, one: fn(&[u8]) -> Fit) -> Fit {
    client_first(start, one, one)
}

/// A datagram has no more bytes to come: what misses some is none.
fn final_fit(fit: Fit) -> Fit {
    Fit::when(fit == Fit::Yes)
}

fn whole(test: Option<bool>) -> Fit {
    Fit::when(test == Some(true))
}

/// A record of DTLS (RFC 6347 4.1): the first epoch holds a handshake or an alert, a later one anything.
fn dtls(datagram: &[u8]) -> Fit {
    let mut reader = Reader::new(datagram);
    whole((|| {
        let (content, version) = (reader.u8().ok()?, reader.u16().ok()?);
        let (epoch, [high, ..]) = (reader.u16().ok()?, reader.array::<6>().ok()?);
        let length = reader.vector16().ok()?.left();
        let place = match epoch {
            0 => matches!((content, length), (20, 1) | (21, 2) | (22, 12..)),
            1..=8 => (20..=26).contains(&content) && length >= 8,
            _ => false,
        };
        Some(matches!(version, 0xfeff | 0xfefd | 0xfefc) && place && high == 0)
    })())
}

/// A packet with a long header of a version that is known (RFC 9000 17.2), in a datagram that is as long as a client's
/// first must be (14.1), or a negotiation of versions.
fn quic(datagram: &[u8], from_client: bool) -> Option<bool> {
    const INITIAL_DATAGRAM: usize = 1200;
    let mut reader = Reader::new(datagram);
    let first = reader.u8().ok()?;
    let version = QuicVersion(reader.u32().ok()?);
    for _ in 0..2 {
        if reader.vector8().ok()?.left() > 20 {
            return Some(false);
        }
    }
    if version.0 == 0 {
        let list = reader.rest();
        return Some(
            first & 0x80 != 0 && !from_client && !list.is_empty() && list.len().is_multiple_of(4) && datagram.len() > 8,
        );
    }
    let known = matches!(version, QuicVersion::V1 | QuicVersion::V2) || version.draft().is_some();
    // The type of an Initial: 0, and 1 in version 2 (RFC 9369 3.2).
    let initial = first >> 4 & 3 == u8::from(version == QuicVersion::V2);
    Some(
        first & 0xc0 == 0xc0
            && known
            && (datagram.len() >= INITIAL_DATAGRAM || !(from_client && initial))
            && !reader.is_empty(),
    )
}

/// The header of IKE, whose length is the datagram's (RFC 7296 3.1), with the four zeros that tell it from ESP on a
/// port of its own (RFC 3948 2.2).
fn ike(datagram: &[u8]) -> Fit {
    let bare = datagram.strip_prefix(&[0; 4]).unwrap_or(datagram);
    let mut reader = Reader::new(bare);
    whole((|| {
        let (initiator, _responder) = (reader.array::<8>().ok()?, reader.array::<8>().ok()?);
        let (_payload, version) = (reader.u8().ok()?, IkeVersion(reader.u8().ok()?));
        let (exchange, flags) = (reader.u8().ok()?, reader.u8().ok()?);
        let (_message, length) = (reader.u32().ok()?, reader.u32().ok()?);
        let form = match version {
            IkeVersion::V2_0 => (34..=44).contains(&exchange) && flags & !0x38 == 0,
            IkeVersion::V1_0 | IkeVersion::V1_1 => matches!(exchange, 0..=6 | 32..=33) && flags & !0x07 == 0,
            _ => false,
        };
        Some(form && initiator != [0; 8] && usize::try_from(length) == Ok(bare.len()))
    })())
}

/// The four messages, by type and length (WireGuard, "Protocol & Cryptography").
fn wireguard(datagram: &[u8]) -> Fit {
    let Some((&[kind, 0, 0, 0], rest)) = datagram.split_first_chunk() else { return Fit::No };
    Fit::when(match (kind, datagram.len()) {
        (1, 148) | (2, 92) | (3, 64) => true,
        // A counter of eight bytes, little-endian, that no session brings to its upper half.
        (4, 32..) => datagram.len().is_multiple_of(16) && rest.get(8..12) == Some(&[0; 4]),
        _ => false,
    })
}

/// A header and its first question, well-formed (RFC 1035 4.1).
fn dns(datagram: &[u8]) -> Fit {
    /// Types of NetBIOS names, which look like DNS (RFC 1002 4.2.1.2).
    const NETBIOS: [u16; 2] = [0x20, 0x21];
    let mut reader = Reader::new(datagram);
    whole((|| {
        let [_id, flags, questions, answers, authority, additional] = {
            let mut next = || reader.u16().ok();
            [next()?, next()?, next()?, next()?, next()?, next()?]
        };
        let is_response = flags & 0x8000 != 0;
        let operation = flags >> 11 & 15;
        let counts = if is_response { answers.max(authority) <= 512 } else { answers.max(authority) <= 16 };
        if !matches!(operation, 0 | 4 | 5) || flags & 0x40 != 0 || questions != 1 || !counts || additional > 64 {
            return Some(false);
        }
        // A query says nothing of a result.
        if !is_response && operation == 0 && (flags & 0x048f != 0 || answers != 0) {
            return Some(false);
        }
        let start = reader.at();
        loop {
            let label = reader.vector8().ok()?;
            match label.left() {
                0 => break,
                1..=63 if reader.at().saturating_sub(start) <= 255 => {}
                _ => return Some(false),
            }
        }
        let (kind, class) = (reader.u16().ok()?, reader.u16().ok()?);
        let behind = reader.is_empty() == (answers == 0 && authority == 0 && additional == 0);
        Some(matches!(class, 1 | 3 | 4 | 254 | 255) && kind != 0 && !NETBIOS.contains(&kind) && behind)
    })())
}

/// A message of v1 and v2c has a community and a PDU, one of v3 its header (RFC 1157 4, RFC 1901 3, RFC 3412 6).
fn snmp(datagram: &[u8]) -> Fit {
    let mut reader = Reader::new(datagram);
    let reader = &mut reader;
    whole((|| {
        let sequence = reader.u8().ok()? == 0x30;
        let length = ber_length(reader)??;
        let fits = usize::try_from(length) == Ok(reader.left());
        let version = reader.array::<3>().ok()?;
        let kind = reader.u8().ok()?;
        let inner = ber_length(reader)??;
        let inner = usize::try_from(inner).ok().and_then(|inner| reader.take(inner).ok())?;
        Some(
            sequence
                && fits
                && match (version, kind) {
                    ([2, 1, 0 | 1], 4) => matches!(reader.u8().ok()?, 0xa0..=0xa8),
                    ([2, 1, 3], 0x30) => inner.first() == Some(&2) && reader.u8().ok()? == 4,
                    _ => false,
                },
        )
    })())
}

/// A code, the datagram's length, and attributes that fill it (RFC 2865 3, 5).
fn radius(datagram: &[u8]) -> Fit {
    let mut reader = Reader::new(datagram);
    whole((|| {
        let (code, _id, length) = (reader.u8().ok()?, reader.u8().ok()?, usize::from(reader.u16().ok()?));
        reader.take(16).ok()?;
        let mut attributes = 0;
        while !reader.is_empty() {
            let (kind, length) = (reader.u8().ok()?, reader.u8().ok()?);
            // An attribute has a value, and a type of the IANA registry.
            if length < 3 || !matches!(kind, 1..=191 | 241..=246) {
                return Some(false);
            }
            reader.take(usize::from(length).saturating_sub(2)).ok()?;
            attributes += 1;
        }
        // What says yes or no may have none.
        let form = match code {
            1 | 4 | 11 | 12 | 40 | 43 => attributes > 0,
            2 | 3 | 5 | 13 | 41 | 42 | 44 | 45 => true,
            _ => false,
        };
        Some(form && length == datagram.len() && length <= 4096)
    })())
}

/// The mode and version of a message of NTP with its header (RFC 5905 7.3).
fn ntp_mode(datagram: &[u8]) -> Option<(u8, u8)> {
    let (&[first, stratum, ..], length) = (datagram.first_chunk::<48>()?, datagram.len());
    let version = first >> 3 & 7;
    let size = matches!(length, 48 | 52 | 68 | 72) || length > 72 && length.is_multiple_of(4);
    (size && (1..=4).contains(&version) && stratum <= 16).then_some((first & 7, version))
}

/// A request and the answer that repeats its time; without it, a request that gives nothing but its time.
fn ntp(start: &Start<'_>) -> Fit {
    let silent = start.client.is_empty();
    let Some((3, version)) = ntp_mode(start.client) else {
        return Fit::maybe(silent && (start.server.is_empty() || matches!(ntp_mode(start.server), Some((4, _)))));
    };
    let part = |bytes: &[u8], at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk::<8>().copied());
    let bare =
        start.client.len() == 48 && start.client.get(4..40).is_some_and(|fields| fields.iter().all(|&byte| byte == 0));
    match ntp_mode(start.server) {
        _ if bare => Fit::Yes,
        None if start.server.is_empty() => Fit::More,
        Some((4, answered)) => Fit::when(version == answered && part(start.server, 24) == part(start.client, 40)),
        _ => Fit::No,
    }
}

/// The magic cookie, and the datagram's length (RFC 8489 5).
fn stun(datagram: &[u8]) -> Fit {
    let mut reader = Reader::new(datagram);
    whole((|| {
        let (kind, length, cookie) = (reader.u16().ok()?, reader.u16().ok()?, reader.u32().ok()?);
        let fits = usize::from(length).saturating_add(20) == datagram.len() && length.is_multiple_of(4);
        Some(kind & 0xc000 == 0 && cookie == 0x2112_a442 && fits)
    })())
}

/// A request whose options are all well-formed and name what is asked for (RFC 7252 3, 5.10).
fn coap(datagram: &[u8]) -> Option<bool> {
    /// Uri-Host and Uri-Path.
    const NAMES: [u16; 2] = [3, 11];
    let mut reader = Reader::new(datagram);
    let (first, code) = (reader.u8().ok()?, reader.u8().ok()?);
    // Version 1; a request is confirmable or not (types 0 and 1).
    if first & 0xe0 != 0x40 || first & 15 > 8 || !(1..=7).contains(&code) {
        return Some(false);
    }
    reader.take(2 + usize::from(first & 15)).ok()?;
    let (mut option, mut named) = (0_u16, false);
    while let Some(head) = reader.peek() {
        if head == 0xff {
            return Some(named && reader.left() > 1);
        }
        reader.u8().ok()?;
        let mut number = |nibble: u8| match nibble {
            0..=12 => Some(u16::from(nibble)),
            13 => Some(u16::from(reader.u8().ok()?).saturating_add(13)),
            14 => Some(reader.u16().ok()?.saturating_add(269)),
            _ => None,
        };
        let (delta, length) = (number(head >> 4)?, number(head & 15)?);
        let value = reader.take(usize::from(length)).ok()?;
        option = option.checked_add(delta)?;
        let text = str::from_utf8(value).is_ok_and(|text| !text.contains(char::is_control));
        match option {
            _ if NAMES.contains(&option) && !text => return Some(false),
            _ if NAMES.contains(&option) => named |= !value.is_empty(),
            // Those of the IANA registry below 300, and of private use above.
            1 | 4..=9 | 12..=17 | 19..=21 | 23 | 27 | 28 | 35 | 39 | 60 | 252 | 258 | 292 | 2048.. => {}
            _ => return Some(false),
        }
    }
    Some(named)
}

/// A request: a file and a mode, both of text (RFC 1350 5).
fn tftp(datagram: &[u8]) -> Option<bool> {
    let (operation, rest) = datagram.split_first_chunk::<2>()?;
    let mut parts = rest.split(|byte| *byte == 0);
    let (file, mode) = (parts.next()?, parts.next()?);
    let mode = [&b"octet"[..], b"netascii", b"mail"].iter().any(|known| known.eq_ignore_ascii_case(mode));
    let text = !file.is_empty() && !file.iter().any(u8::is_ascii_control);
    Some(matches!(operation, [0, 1 | 2]) && text && mode && rest.last() == Some(&0))
}

/// ESP has no mark: an SPI and a number that counts from 1 on (RFC 4303 2). Certain only when both sides begin so, and
/// none of the others fits.
fn esp(start: &Start<'_>) -> Fit {
    let spi = |datagram: &[u8]| {
        let mut reader = Reader::new(datagram);
        let (spi, number) = (reader.u32().ok()?, reader.u32().ok()?);
        // Header, an initialisation vector, a block and a check value.
        let form = spi > 255 && (1..256).contains(&number) && datagram.len() >= 32 && datagram.len().is_multiple_of(4);
        form.then_some(spi)
    };
    match (spi(start.client), spi(start.server)) {
        (Some(one), Some(other)) => Fit::when(one != other),
        (Some(_), None) => Fit::maybe(start.server.is_empty()),
        (None, Some(_)) => Fit::maybe(start.client.is_empty()),
        (None, None) => Fit::maybe(start.client.is_empty() && start.server.is_empty()),
    }
}
