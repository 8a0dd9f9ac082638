//! Conversations in clear: captures, dialogues of real servers, any segmentation, each limit, hostile peers, damaged bytes.

use dengmi_parse::plain::{Content, Recognised, Spoken, StarttlsState, Then, Told, Transport, Watcher, recognise};
use dengmi_parse::reading::Limit;
use dengmi_parse::tls::{Side, Sides};
use dengmi_parse::{DefectKind, Limits};
use proptest::prelude::*;

use crate::capture::{Conversation, whole};
use crate::recognise::samples;

const LIMITS: Limits = Limits::DEFAULT;

type Pieces = Vec<(Side, Vec<u8>)>;

/// What a watcher tells of the pieces, each cut into parts of the sizes; what it said last; and how many bytes of each side
/// were used then.
fn watch(
    spoken: Spoken,
    pieces: &[(Side, Vec<u8>)],
    sizes: impl IntoIterator<Item = usize>,
    limits: &Limits,
) -> (Told, Then, Sides<usize>) {
    let mut sizes = sizes.into_iter();
    let mut watcher = Watcher::new(spoken);
    let mut kept: Sides<Vec<u8>> = Sides { client: Vec::new(), server: Vec::new() };
    let mut used = Sides::default();
    let mut then = Then::Need;
    'pieces: for (side, piece) in pieces {
        let mut piece = &piece[..];
        while !piece.is_empty() {
            let (part, behind) = piece.split_at(sizes.next().unwrap_or(usize::MAX).clamp(1, piece.len()));
            piece = behind;
            let kept = kept.of_mut(*side);
            kept.extend_from_slice(part);
            let fed = watcher.feed(*side, kept, limits);
            assert!(fed.used <= kept.len());
            kept.drain(..fed.used);
            *used.of_mut(*side) += fed.used;
            then = fed.then;
            if then != Then::Need {
                break 'pieces;
            }
        }
    }
    (watcher.into_told(), then, used)
}

fn captured(name: &str) -> Vec<Conversation> {
    let found: Vec<_> = whole().into_iter().filter(|conversation| conversation.name.starts_with(name)).collect();
    assert!(!found.is_empty(), "no capture {name}");
    found
}

fn spoken(pieces: &Pieces) -> Spoken {
    let side = |side| -> Vec<u8> {
        pieces.iter().filter(|(from, _)| *from == side).flat_map(|(_, bytes)| bytes.clone()).collect()
    };
    let first = Sides { client: &side(Side::Client)[..], server: &side(Side::Server)[..] };
    match recognise(&first, Transport::Stream) {
        Recognised::Is(spoken) => spoken,
        other => panic!("{other:?}"),
    }
}

/// What the words of a truth are in ours.
fn meant(words: &str) -> &'static [(Content, Option<&'static str>)] {
    match words {
        "login page" => &[(Content::LoginForm, Some("body"))],
        "username" => &[(Content::UserName, Some("form"))],
        "password in a form body" => &[(Content::Password, Some("form"))],
        "Chinese name (UTF-8)" => &[(Content::ChineseName, Some("body"))],
        "resident identity number (valid check digit, made up)" => &[(Content::IdentityNumber, Some("body"))],
        "mobile number" => &[(Content::MobileNumber, Some("body"))],
        "bank card number (Luhn valid, made up)" => &[(Content::BankCard, Some("body"))],
        "session cookie" => &[(Content::SessionCookie, Some("cookie"))],
        "user name" => &[(Content::UserName, Some("CONNECT"))],
        "password" => &[(Content::Password, Some("CONNECT"))],
        "payload" => &[(Content::Payload, Some("PUBLISH"))],
        "SQL text" => &[(Content::Sql, Some("statement"))],
        "AUTH password" => &[(Content::Password, Some("AUTH"))],
        "UTF-8 personal data" => &[(Content::ChineseText, None), (Content::MobileNumber, None)],
        "UTF-8 personal data in a result row" => {
            &[(Content::ChineseText, Some("result")), (Content::MobileNumber, Some("result"))]
        }
        other => panic!("{other} is not known"),
    }
}

#[test]
fn captures_in_clear_tell_what_is_known_of_them() {
    let mut seen = 0;
    for conversation in whole() {
        let truth = |key: &str| conversation.truth.get(key).and_then(toml::Value::as_str);
        let Some(contains) = conversation.truth.get("contains").and_then(toml::Value::as_array) else { continue };
        let name = &conversation.name;
        seen += 1;
        let spoken = spoken(&conversation.pieces);
        let (told, _, _) = watch(spoken, &conversation.pieces, [], &LIMITS);
        assert_eq!(Some(told.protocol.name()), truth("protocol"), "{name}");
        assert_eq!(told.version.as_deref(), truth("version"), "{name}");
        for words in contains.iter().map(|words| words.as_str().unwrap()) {
            for (what, place) in meant(words) {
                let there =
                    told.contains.iter().any(|it| it.what == *what && place.is_none_or(|place| place == it.place));
                assert!(there, "{name}: no {words} in {:#?}", told.contains);
            }
        }
        if let Some(auth) = truth("auth") {
            assert_eq!(told.auth.as_deref(), Some(auth), "{name}");
        }
        assert_eq!(told.defects, [], "{name}");
        assert!(told.starttls.as_ref().is_none_or(|it| it.state != StarttlsState::Agreed), "{name}");
    }
    assert_eq!(seen, 8);
}

#[test]
fn what_else_the_captures_show() {
    let told = |name, which: usize| {
        let conversation = &captured(name)[which];
        watch(spoken(&conversation.pieces), &conversation.pieces, [], &LIMITS).0
    };
    let login = |told: &Told| told.login.map(|login| (login.user_seen, login.password_seen));
    let mysql = told("mysql-plaintext", 0);
    assert_eq!(mysql.software.as_deref(), Some("5.5.5-10.11.19-MariaDB-0+deb12u1"));
    assert_eq!(login(&mysql), Some((true, false)));
    // The server could have gone over to TLS if the capture's says so, and the client did not ask.
    let postgres = told("postgres-plaintext", 0);
    assert_eq!(postgres.software.as_deref(), Some("PostgreSQL 15.18 (Debian 15.18-0+deb12u1)"));
    assert_eq!(login(&postgres), Some((true, false)));
    assert_eq!(login(&told("redis-plaintext", 0)), Some((false, true)));
    assert_eq!(login(&told("mqtt-plaintext", 0)), Some((true, true)));
    let form = told("http-plaintext", 1);
    assert_eq!((login(&form), form.auth.as_deref()), (Some((true, true)), Some("form")));
    assert_eq!(form.software.as_deref(), Some("BaseHTTP/0.6 Python/3.11.7"));
    let password = form.contains.iter().find(|it| it.what == Content::Password).unwrap();
    assert_eq!((password.masked.as_str(), password.from, password.times), ("D***!", Side::Client, 1));
    let sql = mysql.contains.iter().find(|it| it.what == Content::Sql).unwrap();
    assert_eq!((sql.masked.as_str(), sql.from), ("s***e", Side::Client));
    // Places are those of the first byte.
    for name in ["http-plaintext", "mysql-plaintext", "postgres-plaintext", "redis-plaintext", "mqtt-plaintext"] {
        for conversation in captured(name) {
            let (told, ..) = watch(spoken(&conversation.pieces), &conversation.pieces, [], &LIMITS);
            for it in
                told.contains.iter().filter(|it| it.what == Content::MobileNumber || it.what == Content::IdentityNumber)
            {
                let bytes: Vec<u8> = conversation
                    .pieces
                    .iter()
                    .filter(|(from, _)| *from == it.from)
                    .flat_map(|(_, bytes)| bytes.clone())
                    .collect();
                let number = &bytes[it.at..it.at + 11];
                assert!(
                    number.iter().all(u8::is_ascii_digit) && number[0] == b'1' && !bytes[it.at - 1].is_ascii_digit()
                );
            }
            // No whole value is anywhere in what is told.
            let text = format!("{told:?}");
            for secret in [
                "Dengmi@2026",
                "zhangsan",
                "dengmi-secret",
                "metersecret",
                "0f3a9c5e7b2d",
                "13800138000",
                "110105199901011238",
            ] {
                assert!(!text.contains(secret), "{name}: {secret}");
            }
        }
    }
}

#[test]
fn captures_that_go_over_to_tls_end_where_it_begins() {
    for (name, client, server) in [("postgres-tls13", 8, 1), ("mysql-tls13", 36, 0)] {
        for conversation in captured(name) {
            let (told, then, used) = watch(spoken(&conversation.pieces), &conversation.pieces, [], &LIMITS);
            let starttls = told.starttls.unwrap();
            assert_eq!((then, starttls.state), (Then::Upgrade, StarttlsState::Agreed));
            assert_eq!(Some(&*starttls.words), conversation.truth["starttls"].as_str());
            assert_eq!(used.client, client, "{name}");
            if server > 0 {
                assert_eq!(used.server, server, "{name}");
            }
            for side in [Side::Client, Side::Server] {
                let bytes: Vec<u8> = conversation
                    .pieces
                    .iter()
                    .filter(|(from, _)| *from == side)
                    .flat_map(|(_, bytes)| bytes.clone())
                    .collect();
                assert_eq!(bytes[*used.of(side)..][..2], [22, 3], "{name}");
            }
        }
    }
}
