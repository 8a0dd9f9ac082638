//! The readers of SSH on recorded connections and on bytes that are wrong.

use dengmi_parse::ssh::{
    Banner, Chosen, Disconnect, DisconnectReason, ExchangeForm, ExchangeGroup, ExchangeReply, Handshake, HostKey,
    KexInit, KeyMaterial, KeySignature, MessageNumber, Packet, UserauthFailure, Watcher, integer, string,
};
use dengmi_parse::tls::{Side, Then};
use dengmi_parse::{DefectKind, Limit, Limits};

use crate::capture::{Conversation, named};

const LIMITS: Limits = Limits::DEFAULT;

/// Watches pieces, each cut into parts of `size` bytes.
fn watch(pieces: &[(Side, Vec<u8>)], size: usize, limits: &Limits) -> (Handshake, Then) {
    let mut watcher = Watcher::new();
    let mut kept = [Vec::new(), Vec::new()];
    let mut then = Then::Need;
    for (side, piece) in pieces {
        for part in piece.chunks(size) {
            let kept = &mut kept[usize::from(*side == Side::Server)];
            kept.extend_from_slice(part);
            let fed = watcher.feed(*side, kept, limits);
            kept.drain(..fed.used);
            then = fed.then;
        }
    }
    (watcher.into_handshake(), then)
}

fn captures() -> Vec<Conversation> {
    let found = named(|name| name.starts_with("ssh-"));
    assert!(found.len() >= 3, "{} captures: a replay of nothing proves nothing", found.len());
    found
}

#[test]
fn recorded_connections_say_what_was_chosen_however_they_are_cut() {
    for Conversation { name, truth, pieces, .. } in captures() {
        let (handshake, then) = watch(&pieces, usize::MAX, &LIMITS);
        assert_eq!((then, &handshake.defects[..]), (Then::Enough, &[][..]), "{name}");
        assert!(handshake.is_complete(), "{name}");
        for side in [Side::Client, Side::Server] {
            let banner = handshake.read_banner(side, &LIMITS).unwrap().unwrap().value;
            assert_eq!((&*banner.version, banner.national), (truth["version"].as_str().unwrap(), false), "{name}");
            assert!(banner.software.starts_with("OpenSSH_9.2p1"), "{banner:?}");
        }
        let chosen = handshake.chosen().unwrap();
        let lists = |side| handshake.read_kexinit(side, &LIMITS).unwrap().unwrap().value;
        assert_eq!(*chosen, Chosen::of(&lists(Side::Client), &lists(Side::Server)));
        let cipher = chosen.cipher.server.as_deref().unwrap();
        let mac = chosen.mac.server.as_deref().filter(|_| !Chosen::is_aead(cipher)).unwrap_or("implicit (AEAD)");
        for (key, found) in [
            ("key_exchange", chosen.key_exchange.as_deref().unwrap()),
            ("host_key_alg", chosen.host_key.as_deref().unwrap()),
            ("cipher", cipher),
            ("mac", mac),
            ("compression", chosen.compression.server.as_deref().unwrap()),
        ] {
            assert_eq!(Some(found), truth[key].as_str(), "{name}: {key}");
        }
        let reply = handshake.read_reply(&LIMITS).unwrap().unwrap().value;
        let key = reply.read_host_key(&LIMITS).unwrap().value;
        let signature = reply.read_signature(&LIMITS).unwrap().value;
        assert_eq!(&*signature.algorithm, chosen.host_key.as_deref().unwrap(), "{name}");
        let (format, bits) = match truth["host_key_alg"].as_str().unwrap() {
            "ssh-rsa" => ("ssh-rsa", 3072),
            "ecdsa-sha2-nistp256" => ("ecdsa-sha2-nistp256", 256),
            _ => ("ssh-ed25519", 256),
        };
        assert_eq!((&*key.format, key.bits()), (format, Some(bits)), "{name}");
        if format.starts_with("ecdsa") {
            let numbers = signature.read_ecdsa(&LIMITS).unwrap();
            assert!(numbers.defects.is_empty() && numbers.value.0.len() <= 32, "{numbers:?}");
        }
        assert_eq!(watch(&pieces, 1, &LIMITS).0, handshake, "{name} in single bytes");
        assert_eq!(watch(&pieces, 7, &LIMITS).0, handshake, "{name} in pieces");
    }
}

#[test]
fn one_side_alone_tells_its_half() {
    for Conversation { name, mut pieces, .. } in captures() {
        pieces.retain(|(side, _)| *side == Side::Server);
        let (handshake, _) = watch(&pieces, usize::MAX, &LIMITS);
        let reply = handshake.read_reply(&LIMITS).unwrap().unwrap().value;
        assert!(reply.read_host_key(&LIMITS).unwrap().value.bits().is_some(), "{name}");
        assert!(handshake.kexinit.client.is_none() && !handshake.is_complete());
    }
}

/// A packet in clear.
fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 8 - (payload.len() + 5) % 8 + 4;
    let length = u32::try_from(payload.len() + padding + 1).unwrap();
    [&length.to_be_bytes()[..], &[u8::try_from(padding).unwrap()], payload, &vec![0; padding]].concat()
}

fn names(list: &[&str]) -> Vec<Box<str>> {
    list.iter().map(|name| Box::from(*name)).collect()
}

#[test]
fn banners_of_every_kind() {
    let long = format!("SSH-2.0-{}", "x".repeat(245));
    for (bytes, from_server, expected) in [
        ("SSH-2.0-dropbear_2022.83\r\n", true, Ok("2.0 dropbear_2022.83 - true")),
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\n", true, Ok("2.0 OpenSSH_9.2p1 Debian-2+deb12u3 true LineEnd")),
        ("SSH-1.99-Cisco-1.25\r\n", true, Ok("1.99 Cisco-1.25 - true")),
        ("SSH-1.5-OldServer\r\n", true, Ok("1.5 OldServer - false")),
        ("CSSH-1.0-gateway\r\n", true, Ok("1.0 gateway - true national")),
        ("welcome\r\n\nto the house\r\nSSH-2.0-a\r\n", true, Ok("2.0 a - true")),
        ("SSH-2.0-a\u{7}\r\n", true, Ok("2.0 a\u{7} - true NotText")),
        ("SSH-2.0-half", true, Err("more")),
        ("", true, Err("more")),
        ("SS", false, Err("more")),
        ("hello\r\n", false, Err("not an identification of SSH")),
        ("GET / HTTP/1.1\r\n", false, Err("not an identification of SSH")),
        ("\u{16}\u{3}\u{1}", true, Err("not an identification of SSH")),
        ("SSH-2.0\r\n", true, Err("not an identification of SSH")),
        (&format!("{long}\r\n"), true, Ok("2.0 ")),
        (&format!("{long}x\r\n"), true, Err("256 bytes where at most 255 are allowed")),
    ] {
        let found = match Banner::next(bytes.as_bytes(), from_server, &LIMITS) {
            Ok(None) => Err("more".to_owned()),
            Err(defect) => Err(defect.what.to_string()),
            Ok(Some(reading)) => {
                let banner = reading.value;
                assert_eq!(banner.size(), bytes.len());
                let comments = banner.comments.as_deref().unwrap_or("-");
                let mut text = format!("{} {} {comments} {}", banner.version, banner.software, banner.is_version_2());
                text.push_str(if banner.national { " national" } else { "" });
                reading.defects.iter().for_each(|defect| text.push_str(&format!(" {:?}", defect.what)));
                Ok(text)
            }
        };
        match expected {
            Ok(text) if text.len() < 5 => assert!(found.unwrap().starts_with(text), "{bytes}"),
            Ok(text) => assert_eq!(found.as_deref(), Ok(text), "{bytes:?}"),
            Err(text) => assert_eq!(found, Err(text.to_owned()), "{bytes:?}"),
        }
    }
    let (most, next) = ("\n".repeat((8 << 10) - 1), "x".repeat(8 << 10));
    assert_eq!(Banner::next(most.as_bytes(), true, &LIMITS), Ok(None));
    assert!(Banner::next(next.as_bytes(), true, &LIMITS).is_err(), "talk without an end");
}

#[test]
fn packets_with_lengths_that_lie() {
    let length = |announced: u32| [&announced.to_be_bytes()[..], &[4, 2, 0, 0, 0, 0]].concat();
    let most = u32::try_from(LIMITS.message).unwrap();
    for (bytes, expected) in [
        (packet(&[2, 1]), Ok(Some(2))),
        (packet(&[2])[..11].to_vec(), Ok(None)),
        (vec![0, 0, 0], Ok(None)),
        (length(6), Ok(Some(1))),
        (length(5), Err(DefectKind::PacketLength(5))),
        (length(1), Err(DefectKind::PacketLength(1))),
        (length(0), Err(DefectKind::PacketLength(0))),
        (vec![0, 0, 0, 4, 2, 9, 0, 0], Err(DefectKind::Padding(2))),
        (length(most), Ok(None)),
        (
            length(most + 1),
            Err(DefectKind::Limit { limit: Limit::Message, most: LIMITS.message, found: LIMITS.message + 1 }),
        ),
        (length(u32::MAX), Err(DefectKind::Limit { limit: Limit::Message, most: LIMITS.message, found: 0xffff_ffff })),
    ] {
        let found = Packet::next(&bytes, &LIMITS).map(|packet| packet.map(|packet| packet.payload.len()));
        assert_eq!(found.map_err(|defect| defect.what), expected, "{bytes:?}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let mut lists = KexInit { cookie: [7; 16], key_exchange: names(&["a", "b@c"]), ..KexInit::default() };
    lists.cipher.client = names(&["x"]);
    lists.language.server = names(&["zh"]);
    lists.first_packet_follows = true;
    let reading = KexInit::read(&lists.write(), &LIMITS).unwrap();
    assert_eq!((reading.value, reading.defects.len()), (lists, 0));
    let last = Disconnect { reason: DisconnectReason::TOO_MANY_CONNECTIONS, description: "full".into() };
    assert_eq!(Disconnect::read(&last.write(), &LIMITS).unwrap().value, last);
    assert_eq!(last.reason.to_string(), "too_many_connections");
    for (number, expected) in [
        (&[][..], &[0, 0, 0, 0][..]),
        (&[0, 0], &[0, 0, 0, 0]),
        (&[0x7f], &[0, 0, 0, 1, 0x7f]),
        (&[0x80], &[0, 0, 0, 2, 0, 0x80]),
        (&[0, 9, 0], &[0, 0, 0, 2, 9, 0]),
    ] {
        let mut out = Vec::new();
        integer(&mut out, number);
        assert_eq!(out, expected);
    }
}

#[test]
fn names_up_to_the_limit_and_one_more() {
    for (count, complaint) in [
        (LIMITS.names, None),
        (
            LIMITS.names + 1,
            Some(DefectKind::Limit { limit: Limit::Names, most: LIMITS.names, found: LIMITS.names + 1 }),
        ),
    ] {
        let lists = KexInit { host_key: vec!["n".into(); count], ..KexInit::default() };
        let reading = KexInit::read(&lists.write(), &LIMITS).unwrap();
        assert_eq!(reading.value.host_key.len(), LIMITS.names);
        assert_eq!(reading.defects.first().map(|defect| defect.what.clone()), complaint);
    }
    let lists = KexInit { host_key: names(&["", "a b", &"n".repeat(65), &"n".repeat(64)]), ..KexInit::default() };
    let reading = KexInit::read(&lists.write(), &LIMITS).unwrap();
    let found: Vec<DefectKind> = reading.defects.into_iter().map(|defect| defect.what).collect();
    assert_eq!(found, [DefectKind::Empty, DefectKind::NotText, DefectKind::TooLong { found: 65, most: 64 }]);
    assert_eq!(reading.value, lists);
}

/// A key of a format with these strings.
fn key(format: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    string(&mut out, format.as_bytes());
    parts.iter().for_each(|part| string(&mut out, part));
    out
}

#[test]
fn keys_of_every_kind_tell_their_size() {
    let big = |bytes: usize| [&[0, 0x80][..], &vec![1; bytes - 1]].concat();
    let point = [&[4][..], &[9; 64]].concat();
    for (bytes, bits, defects) in [
        (key("ssh-rsa", &[&[1, 0, 1], &big(256)]), Some(2048), 0),
        (key("ssh-rsa", &[&[1, 0, 1], &[0x80, 1]]), Some(16), 1),
        (key("ssh-rsa", &[&[1, 0, 1], &[0, 1, 1]]), Some(9), 1),
        (key("ssh-rsa", &[&[], &[]]), Some(0), 2),
        (key("ssh-dss", &[&big(128), &big(20), &[2], &[3]]), Some(1024), 0),
        (key("ecdsa-sha2-nistp256", &[b"nistp256", &point]), Some(256), 0),
        (key("ecdsa-sha2-nistp521", &[b"nistp256", &point]), Some(256), 1),
        (key("ssh-ed25519", &[&[1; 32]]), Some(256), 0),
        (key("ssh-ed25519", &[&[1; 31]]), Some(256), 1),
        (key("ssh-ed448", &[&[1; 57]]), Some(456), 0),
        (key("ssh-sm2", &[b"sm2p256v1", &point]), None, 0),
        ([&key("ssh-ed25519", &[&[1; 32]])[..], &[0]].concat(), Some(256), 1),
    ] {
        let reading = HostKey::read(&bytes, &LIMITS).unwrap();
        assert_eq!((reading.value.bits(), reading.defects.len()), (bits, defects), "{reading:?}");
    }
    assert!(HostKey::read(&[0, 0, 0, 9, 1], &LIMITS).is_err());
}

/// A certificate with this many principals.
fn certificate(principals: usize, after: u64, before: u64) -> Vec<u8> {
    let mut names = Vec::new();
    (0..principals).for_each(|_| string(&mut names, b"host"));
    let mut out = key("ssh-ed25519-cert-v01@openssh.com", &[&[0; 32], &[1; 32]]);
    out.extend(5_u64.to_be_bytes());
    out.extend(2_u32.to_be_bytes());
    string(&mut out, b"id");
    string(&mut out, &names);
    out.extend(after.to_be_bytes());
    out.extend(before.to_be_bytes());
    (0..3).for_each(|_| string(&mut out, b""));
    string(&mut out, b"issuer");
    string(&mut out, b"signature");
    out
}

#[test]
fn certificates_of_hosts_are_taken_apart() {
    let bytes = certificate(2, 10, u64::MAX);
    let reading = HostKey::read(&bytes, &LIMITS).unwrap();
    assert_eq!((reading.value.bits(), &reading.defects[..]), (Some(256), &[][..]));
    assert!(matches!(reading.value.key, KeyMaterial::Ed25519(bytes) if bytes == [1; 32]));
    let found = reading.value.certificate.unwrap();
    assert_eq!((found.serial, found.is_for_hosts, &found.principals[..]), (5, true, &names(&["host", "host"])[..]));
    assert_eq!((found.valid_after, found.valid_before, found.issuer), (10, u64::MAX, &b"issuer"[..]));
    for (bytes, expected) in [
        (certificate(1, 2, 1), vec![DefectKind::ValidityReversed]),
        (certificate(LIMITS.names, 1, 2), vec![]),
        (
            certificate(LIMITS.names + 1, 1, 2),
            vec![DefectKind::Limit { limit: Limit::Names, most: LIMITS.names, found: LIMITS.names + 1 }],
        ),
    ] {
        let reading = HostKey::read(&bytes, &LIMITS).unwrap();
        let found: Vec<DefectKind> = reading.defects.into_iter().map(|defect| defect.what).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_group_exchange_is_watched_and_a_refusal_is_kept() {
    let client = KexInit { key_exchange: names(&["diffie-hellman-group-exchange-sha256"]), ..KexInit::default() };
    let mut group = vec![MessageNumber::KEX_DH_GEX_GROUP.0];
    integer(&mut group, &[0xff; 128]);
    integer(&mut group, &[2]);
    let mut reply = vec![MessageNumber::KEX_DH_GEX_REPLY.0];
    [&key("ssh-ed25519", &[&[1; 32]])[..], &[5], &key("ssh-ed25519", &[&[1; 64]])]
        .iter()
        .for_each(|part| string(&mut reply, part));
    let banner = |side| (side, b"SSH-2.0-test\r\n".to_vec());
    let mut pieces = vec![banner(Side::Client), banner(Side::Server)];
    pieces.extend([Side::Client, Side::Server].map(|side| (side, packet(&client.write()))));
    pieces.push((Side::Client, packet(&[MessageNumber::KEX_DH_GEX_REQUEST.0])));
    pieces.extend([&group, &reply].map(|payload| (Side::Server, packet(payload))));
    let (handshake, then) = watch(&pieces, usize::MAX, &LIMITS);
    assert_eq!((then, &handshake.defects[..]), (Then::Need, &[][..]));
    assert_eq!(handshake.read_group(&LIMITS).unwrap().unwrap().value.bits(), 1024);
    assert!(handshake.read_reply(&LIMITS).unwrap().is_ok());

    let last = Disconnect { reason: DisconnectReason::PROTOCOL_ERROR, description: "no".into() };
    pieces.truncate(4);
    pieces.push((Side::Server, packet(&last.write())));
    let (handshake, then) = watch(&pieces, usize::MAX, &LIMITS);
    let (side, payload) = handshake.disconnect.as_ref().unwrap();
    assert_eq!((then, *side), (Then::Enough, Side::Server));
    assert_eq!(Disconnect::read(payload, &LIMITS).unwrap().value, last);

    let old = [(Side::Server, b"SSH-1.5-old\r\nanything".to_vec())];
    let (handshake, then) = watch(&old, usize::MAX, &LIMITS);
    assert!(handshake.version_1 && then == Then::Enough);
}

#[test]
fn a_server_that_never_comes_to_its_keys_is_watched_up_to_the_limit() {
    let limits = Limits { handshake: 4096, ..LIMITS };
    let noise = packet(&[MessageNumber::IGNORE.0; 100]);
    let fits = (limits.handshake - b"SSH-2.0-a\r\n".len()) / noise.len();
    for (count, expected) in [(fits, Then::Need), (fits + 1, Then::Enough)] {
        let stream = [&b"SSH-2.0-a\r\n"[..], &noise.repeat(count)].concat();
        let (handshake, then) = watch(&[(Side::Server, stream)], usize::MAX, &limits);
        assert_eq!((then, handshake.defects.len()), (expected, usize::from(expected == Then::Enough)));
    }
}

/// Reads bytes as everything they could be.
fn read_as_everything(bytes: &[u8]) {
    let _ = (Banner::next(bytes, true, &LIMITS), Packet::next(bytes, &LIMITS), KexInit::read(bytes, &LIMITS));
    let _ = (ExchangeGroup::read(bytes, &LIMITS), UserauthFailure::read(bytes, &LIMITS));
    let _ = Disconnect::read(bytes, &LIMITS);
    let _ = HostKey::read(bytes, &LIMITS).map(|reading| reading.value.bits());
    let _ = KeySignature::read(bytes, &LIMITS).map(|reading| reading.value.read_ecdsa(&LIMITS));
    for form in [ExchangeForm::Plain, ExchangeForm::GroupExchange] {
        if let Ok(reading) = ExchangeReply::read(bytes, form, &LIMITS) {
            let _ = (reading.value.read_host_key(&LIMITS), reading.value.read_signature(&LIMITS));
        }
    }
}

#[test]
fn anything_cut_anywhere_or_changed_in_any_byte_is_read_without_panic() {
    let mut seeds = vec![certificate(3, 1, 2)];
    for Conversation { pieces, .. } in captures() {
        let handshake = watch(&pieces, usize::MAX, &LIMITS).0;
        seeds.extend([handshake.kexinit.server, handshake.reply].map(|payload| payload.unwrap().into_vec()));
    }
    let mut failure = vec![MessageNumber::USERAUTH_FAILURE.0];
    string(&mut failure, b"publickey,password");
    failure.push(0);
    let read = UserauthFailure::read(&failure, &LIMITS).unwrap();
    assert_eq!((read.value.methods, read.defects.len()), (names(&["publickey", "password"]), 0));
    seeds.push(failure);
    for seed in &seeds {
        (0..=seed.len()).for_each(|end| read_as_everything(&seed[..end]));
        let mut changed = seed.clone();
        for at in 0..seed.len() {
            for value in [!seed[at], 0, 0xff] {
                changed[at] = value;
                read_as_everything(&changed);
            }
            changed[at] = seed[at];
        }
    }
}

#[test]
fn connections_cut_anywhere_or_changed_in_any_byte_are_watched_without_panic() {
    for Conversation { name, pieces, .. } in captures() {
        let whole = watch(&pieces, usize::MAX, &LIMITS).0;
        let flat: Vec<(Side, u8)> =
            pieces.iter().flat_map(|(side, bytes)| bytes.iter().map(|byte| (*side, *byte))).collect();
        // Behind the keys every byte is skipped: the first 6000 hold all that is read.
        let flat = &flat[..flat.len().min(6000)];
        let regroup = |bytes: &[(Side, u8)]| -> Vec<(Side, Vec<u8>)> {
            bytes
                .chunk_by(|one, next| one.0 == next.0)
                .map(|run| (run[0].0, run.iter().map(|one| one.1).collect()))
                .collect()
        };
        for end in (0..flat.len()).step_by(7) {
            let (handshake, _) = watch(&regroup(&flat[..end]), usize::MAX, &LIMITS);
            assert_eq!(handshake.defects, [], "{name} cut at {end}");
        }
        let mut different = 0;
        for at in (0..flat.len()).step_by(3) {
            let mut changed = flat.to_vec();
            changed[at].1 ^= 0x55;
            let (handshake, _) = watch(&regroup(&changed), usize::MAX, &LIMITS);
            assert!(handshake.defects.len() <= LIMITS.defects + 1);
            let _ = (handshake.chosen(), handshake.read_reply(&LIMITS));
            different += usize::from(handshake != whole);
        }
        assert!(different > 500, "{name}: only {different} changes were seen");
    }
}
