//! Conversations in clear: captures, dialogues of real servers, any segmentation, each limit, hostile peers, damaged
//! bytes.

use dengmi_parse::plain::{Content, Recognised, Spoken, StarttlsState, Then, Told, Transport, Watcher, recognise};
use dengmi_parse::reading::Limit;
use dengmi_parse::tls::{Side, Sides};
use dengmi_parse::{DefectKind, Limits};
use proptest::prelude::*;

use crate::capture::{Conversation, whole};
use crate::recognise::samples;

const LIMITS: Limits = Limits::DEFAULT;

type Pieces = Vec<(Side, Vec<u8>)>;

/// What a watcher tells of the pieces, each cut into parts of the sizes; what it said last; and how many bytes of each
/// side were used then.
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
            kept.of_mut(*side).extend_from_slice(part);
            // What waited for the other side's word comes again, as long as one of them goes on.
            let mut idle = 0;
            for side in [Side::Client, Side::Server].into_iter().cycle().skip(usize::from(*side == Side::Server)) {
                let kept = kept.of_mut(side);
                let fed = watcher.feed(side, kept, limits);
                assert!(fed.used <= kept.len());
                kept.drain(..fed.used);
                *used.of_mut(side) += fed.used;
                then = fed.then;
                if then != Then::Need {
                    break 'pieces;
                }
                idle = if fed.used == 0 { idle + 1 } else { 0 };
                if idle == 2 {
                    break;
                }
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
    assert_eq!(seen, 13);
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

/// A dialogue in turns: `C` before what the client says, `S` before what the server does.
fn turns(dialogue: &[(char, &[u8])]) -> Pieces {
    let side = |mark| if mark == 'C' { Side::Client } else { Side::Server };
    dialogue.iter().map(|(mark, bytes)| (side(*mark), bytes.to_vec())).collect()
}

/// Watches a dialogue in pieces of several sizes, behind which TLS or nothing follows, and gives what is told.
fn dialogue(spoken: Spoken, pieces: &Pieces, expected: Then) -> Told {
    let (told, then, used) = watch(spoken, pieces, [], &LIMITS);
    assert_eq!(then, expected, "{told:?}");
    for size in [1, 2, 7] {
        let (again, then, _) = watch(spoken, pieces, std::iter::repeat(size), &LIMITS);
        assert_eq!((&again, then), (&told, expected), "in pieces of {size}");
    }
    if expected == Then::Upgrade {
        // What comes behind the last word is not read.
        let mut more = pieces.clone();
        let last = more.last_mut().unwrap();
        last.1.extend_from_slice(b"\x16\x03\x03");
        let (again, then, behind) = watch(spoken, &more, [], &LIMITS);
        assert_eq!((again, then, behind), (told.clone(), expected, used));
    }
    told
}

fn contained(told: &Told) -> Vec<(Content, Side, &str, &str)> {
    told.contains.iter().map(|it| (it.what, it.from, it.place, it.masked.as_str())).collect()
}

#[test]
fn every_way_to_tls_is_told_to_its_last_byte() {
    let upgrade = |spoken, dialogue_: &[(char, &[u8])], words: &str, software: Option<&str>| {
        let told = dialogue(spoken, &turns(dialogue_), Then::Upgrade);
        let starttls = told.starttls.as_ref().unwrap();
        assert_eq!((&*starttls.words, starttls.state), (words, StarttlsState::Agreed));
        assert_eq!((told.software.as_deref(), &told.defects[..]), (software, &[][..]), "{spoken}");
    };
    // Postfix 3.7.11.
    upgrade(
        Spoken::Smtp,
        &[
            ('S', b"220 mail.test ESMTP Postfix\r\n"),
            ('C', b"EHLO a.test\r\n"),
            ('S', b"250-mail.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 CHUNKING\r\n"),
            ('C', b"STARTTLS\r\n"),
            ('S', b"220 2.0.0 Ready to start TLS\r\n"),
        ],
        "SMTP STARTTLS, answered 220",
        Some("mail.test ESMTP Postfix"),
    );
    // A client that does not wait, and one whose answers are seen late.
    upgrade(
        Spoken::Smtp,
        &[('S', b"220 a\r\n"), ('C', b"EHLO a\r\nNOOP\r\nSTARTTLS\r\n"), ('S', b"250 a\r\n250 ok\r\n220 go\r\n")],
        "SMTP STARTTLS, answered 220",
        Some("a"),
    );
    // Greetings and replies of several lines, with other numbers inside.
    upgrade(
        Spoken::Ftp,
        &[
            ('S', b"220-a\r\n  b\r\n221 c\r\n220 d\r\n"),
            ('C', b"FEAT\r\nAUTH TLS\r\n"),
            ('S', b"211-Features:\r\n AUTH TLS\r\n234 no\r\n211 End\r\n234 go\r\n"),
        ],
        "FTP AUTH TLS, answered 234",
        Some("a"),
    );
    // A client that has one tag for all.
    upgrade(
        Spoken::Imap,
        &[
            ('S', b"* OK a\r\n"),
            ('C', b". CAPABILITY\r\n"),
            ('S', b"* CAPABILITY IMAP4rev1 STARTTLS\r\n. OK done\r\n"),
            ('C', b". STARTTLS\r\n"),
            ('S', b". OK go\r\n"),
        ],
        "IMAP STARTTLS, answered OK",
        Some("a"),
    );
    // Dovecot 2.3.19.
    upgrade(
        Spoken::Imap,
        &[
            ('S', b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] Dovecot (Debian) ready.\r\n"),
            ('C', b"a1 NOOP\r\na2 starttls\r\n"),
            ('S', b"a1 OK NOOP completed.\r\na2 OK Begin TLS negotiation now.\r\n"),
        ],
        "IMAP STARTTLS, answered OK",
        Some("[CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] Dovecot (Debian) ready."),
    );
    upgrade(
        Spoken::Pop3,
        &[
            ('S', b"+OK Dovecot (Debian) ready.\r\n"),
            ('C', b"CAPA\r\nSTLS\r\n"),
            ('S', b"+OK\r\nCAPA\r\nSTLS\r\nSASL PLAIN\r\n.\r\n+OK Begin TLS negotiation now.\r\n"),
        ],
        "POP3 STLS, answered +OK",
        Some("Dovecot (Debian) ready."),
    );
    // vsftpd 3.0.3.
    upgrade(
        Spoken::Ftp,
        &[('S', b"220 (vsFTPd 3.0.3)\r\n"), ('C', b"AUTH TLS\r\n"), ('S', b"234 Proceed with negotiation.\r\n")],
        "FTP AUTH TLS, answered 234",
        Some("(vsFTPd 3.0.3)"),
    );
    // nnrpd of INN 2.7.1.
    upgrade(
        Spoken::Nntp,
        &[
            ('S', b"200 news.test InterNetNews NNRP server INN 2.7.1 ready (posting ok)\r\n"),
            ('C', b"CAPABILITIES\r\n"),
            ('S', b"101 Capability list:\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"),
            ('C', b"STARTTLS\r\n"),
            ('S', b"382 Begin TLS negotiation now\r\n"),
        ],
        "NNTP STARTTLS, answered 382",
        Some("news.test InterNetNews NNRP server INN 2.7.1 ready (posting ok)"),
    );
    // Pigeonhole of Dovecot 2.3.19.
    upgrade(
        Spoken::Sieve,
        &[
            ('S', b"\"IMPLEMENTATION\" \"Dovecot (Debian) Pigeonhole\"\r\n\"STARTTLS\"\r\nOK \"Dovecot (Debian) ready.\"\r\n"),
            ('C', b"STARTTLS\r\n"),
            ('S', b"OK \"Begin TLS negotiation now.\"\r\n"),
        ],
        "ManageSieve STARTTLS, answered OK",
        Some("Dovecot (Debian) Pigeonhole"),
    );
    // OpenLDAP 2.5.13.
    upgrade(
        Spoken::Ldap,
        &[
            ('C', b"0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037"),
            ('S', b"0\x0c\x02\x01\x01x\x07\n\x01\x00\x04\x00\x04\x00"),
        ],
        "LDAP StartTLS, answered 0",
        None,
    );
    // Prosody 0.12.3.
    upgrade(
        Spoken::Xmpp,
        &[
            ('C', b"<?xml version='1.0'?><stream:stream to='peer.test' xmlns='jabber:client' version='1.0'>"),
            ('S', b"<?xml version='1.0'?><stream:stream id='1' version='1.0'><stream:features><starttls xmlns='t'/>"),
            ('S', b"<c ver=\"a>b\"/></stream:features>"),
            ('C', b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            ('S', b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        ],
        "XMPP starttls, answered proceed",
        None,
    );
    // xrdp 0.9.21.
    upgrade(
        Spoken::Rdp,
        &[
            ('C', b"\x03\0\0\x2c\x27\xe0\0\0\0\0\0Cookie: mstshash=eltons\r\n\x01\0\x08\0\x03\0\0\0"),
            ('S', b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\x01\x08\0\x01\0\0\0"),
        ],
        "RDP negotiation, answered TLS",
        None,
    );
    upgrade(
        Spoken::Http,
        &[
            ('C', b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"),
            ('S', b"HTTP/1.1 200 Connection established\r\n\r\n"),
            ('C', b"\x16\x03\x01"),
        ],
        "HTTP CONNECT, answered 2xx",
        None,
    );
}

#[test]
fn tls_that_was_refused_offered_or_hidden_is_told_as_that() {
    let state = |spoken, dialogue_: &[(char, &[u8])], then, words: &str, state| {
        let told = dialogue(spoken, &turns(dialogue_), then);
        let starttls = told.starttls.clone().unwrap();
        assert_eq!((&*starttls.words, starttls.state), (words, state), "{spoken}");
        told
    };
    use StarttlsState::{Agreed, Asked, Offered, Refused};
    let ehlo = b"250-a\r\n250 STARTTLS\r\n";
    state(
        Spoken::Smtp,
        &[('S', b"220 a\r\n"), ('C', b"EHLO a\r\n"), ('S', ehlo)],
        Then::Need,
        "SMTP STARTTLS, offered",
        Offered,
    );
    state(
        Spoken::Smtp,
        &[
            ('S', b"220 a\r\n"),
            ('C', b"EHLO a\r\nSTARTTLS\r\n"),
            ('S', ehlo),
            ('S', b"454 later\r\n"),
            ('C', b"QUIT\r\n"),
        ],
        Then::Need,
        "SMTP STARTTLS, answered 454",
        Refused,
    );
    state(
        Spoken::Imap,
        &[('S', b"* OK a\r\n"), ('C', b"b STARTTLS\r\n"), ('S', b"c OK\r\n")],
        Then::Need,
        "IMAP STARTTLS",
        Asked,
    );
    state(
        Spoken::Pop3,
        &[('S', b"+OK a\r\n"), ('C', b"STLS\r\n"), ('S', b"-ERR no\r\n")],
        Then::Need,
        "POP3 STLS, answered -ERR",
        Refused,
    );
    let told = state(
        Spoken::Postgresql,
        &[
            ('C', b"\0\0\0\x08\x04\xd2\x16\x2f"),
            ('S', b"N"),
            ('C', b"\0\0\0\x12\0\x03\0\0user\0app\0\0"),
            ('S', b"R\0\0\0\x08\0\0\0\x03"),
            ('C', b"p\0\0\0\x0csecret1\0"),
        ],
        Then::Need,
        "PostgreSQL SSLRequest, answered N",
        Refused,
    );
    assert_eq!(told.auth.as_deref(), Some("password"));
    assert!(contained(&told).contains(&(Content::Password, Side::Client, "PasswordMessage", "s***")));
    state(
        Spoken::Rdp,
        &[
            ('C', b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x01\0\0\0"),
            ('S', b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x03\0\x08\0\x02\0\0\0"),
        ],
        Then::Enough,
        "RDP negotiation, answered failure",
        Refused,
    );
    // TLS of TDS is inside its packets: the watcher of TLS cannot read on.
    let prelogin = |kind: u8, encryption: u8| {
        [
            &[kind, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 0x10, 0x85, 0, 0][..],
            &[encryption],
        ]
        .concat()
    };
    for (client, server, then, words, state_, protection) in [
        (0, 0, Then::Enough, "TDS PRELOGIN, TLS inside TDS packets", Agreed, "encryption of the log-in only"),
        (1, 1, Then::Enough, "TDS PRELOGIN, TLS inside TDS packets", Agreed, "encryption on"),
        (2, 2, Then::Need, "TDS PRELOGIN, no encryption", Refused, "no encryption"),
    ] {
        let told =
            state(Spoken::Tds, &[('C', &prelogin(0x12, client)), ('S', &prelogin(4, server))], then, words, state_);
        assert_eq!((told.protection.as_deref(), told.software.as_deref()), (Some(protection), Some("15.0.4229")));
    }
}

#[test]
fn log_ins_are_told_and_masked() {
    use Content::{AccessToken, Password, Payload, SessionCookie, UserName};
    use Side::{Client, Server};
    let check = |spoken, dialogue_: &[(char, &[u8])], auth: &str, expected: &[(Content, Side, &str, &str)]| {
        let told = dialogue(spoken, &turns(dialogue_), Then::Need);
        assert_eq!((told.auth.as_deref(), &told.defects[..]), (Some(auth), &[][..]), "{spoken}");
        assert_eq!(contained(&told), expected, "{spoken} {auth}");
    };
    let smtp = |lines: &[u8], auth: &str, expected: &[(Content, Side, &str, &str)]| {
        check(
            Spoken::Smtp,
            &[('S', b"220 a\r\n"), ('C', b"EHLO a\r\n"), ('S', b"250 a\r\n"), ('C', lines)],
            auth,
            expected,
        );
    };
    let both = [(UserName, Client, "AUTH", "z***n"), (Password, Client, "AUTH", "s***")];
    // "\0zhangsan\0secret", "zhangsan", "secret".
    smtp(b"AUTH PLAIN AHpoYW5nc2FuAHNlY3JldA==\r\n", "AUTH PLAIN", &both);
    smtp(b"AUTH PLAIN\r\nAHpoYW5nc2FuAHNlY3JldA==\r\n", "AUTH PLAIN", &both);
    smtp(b"AUTH LOGIN\r\nemhhbmdzYW4=\r\nc2VjcmV0\r\n", "AUTH LOGIN", &both);
    smtp(b"AUTH LOGIN emhhbmdzYW4=\r\nc2VjcmV0\r\n", "AUTH LOGIN", &both);
    smtp(b"AUTH CRAM-MD5\r\nemhhbmdzYW4gYWJj\r\n", "AUTH CRAM-MD5", &[]);
    check(
        Spoken::Imap,
        &[('S', b"* OK a\r\n"), ('C', b"a LOGIN \"zhang san\" secret12\r\n")],
        "LOGIN",
        &[(UserName, Client, "LOGIN", "z***n"), (Password, Client, "LOGIN", "s***2")],
    );
    check(
        Spoken::Imap,
        &[
            ('S', b"* OK a\r\n"),
            ('C', b"a AUTHENTICATE PLAIN\r\n"),
            ('S', b"+ \r\n"),
            ('C', b"AHpoYW5nc2FuAHNlY3JldA==\r\n"),
        ],
        "AUTH PLAIN",
        &both,
    );
    for (spoken, greeting) in [(Spoken::Pop3, &b"+OK a\r\n"[..]), (Spoken::Ftp, b"220 a\r\n")] {
        let expected = [(UserName, Client, "USER", "z***n"), (Password, Client, "PASS", "s***")];
        check(spoken, &[('S', greeting), ('C', b"USER zhangsan\r\nPASS secret\r\n")], "USER and PASS", &expected);
    }
    check(
        Spoken::Nntp,
        &[('S', b"200 a\r\n"), ('C', b"AUTHINFO USER zhangsan\r\nAUTHINFO PASS secret\r\n")],
        "AUTHINFO USER",
        &[(UserName, Client, "AUTHINFO", "z***n"), (Password, Client, "AUTHINFO", "s***")],
    );
    check(
        Spoken::Sieve,
        &[
            ('S', b"\"IMPLEMENTATION\" \"a\"\r\nOK\r\n"),
            ('C', b"AUTHENTICATE \"PLAIN\" {24+}\r\nAHpoYW5nc2FuAHNlY3JldA==\r\n"),
        ],
        "AUTH PLAIN",
        &both,
    );
    check(
        Spoken::Ldap,
        &[('C', b"0\x1c\x02\x01\x01\x60\x17\x02\x01\x03\x04\x0acn=admin,a\x80\x06secret")],
        "simple",
        &[(UserName, Client, "bind", "c***a"), (Password, Client, "bind", "s***")],
    );
    check(
        Spoken::Xmpp,
        &[('C', b"<stream:stream version='1.0'><auth xmlns='a' mechanism='PLAIN'>AHpoYW5nc2FuAHNlY3JldA==</auth>")],
        "PLAIN",
        &[(UserName, Client, "auth", "z***n"), (Password, Client, "auth", "s***")],
    );
    check(
        Spoken::Redis,
        &[('C', b"*3\r\n$4\r\nauth\r\n$3\r\napp\r\n$6\r\nsecret\r\nAUTH secret\r\n")],
        "AUTH",
        &[(UserName, Client, "AUTH", "a***"), (Password, Client, "AUTH", "s***")],
    );
    check(
        Spoken::Telnet,
        &[
            ('S', b"\xff\xfd\x18login: "),
            ('C', b"\xff\xfb\x18zhangsan\r\0"),
            ('S', b"zhangsan\r\nPassword: "),
            ('C', b"secret\r\0"),
        ],
        "login prompt",
        &[(UserName, Client, "terminal", "z***n"), (Password, Client, "terminal", "s***")],
    );
    let http = |field: &str, auth: &str, expected: &[(Content, Side, &str, &str)]| {
        let request = format!("GET /a HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
        check(Spoken::Http, &[('C', request.as_bytes())], auth, expected);
    };
    http(
        "Authorization: Basic emhhbmdzYW46c2VjcmV0",
        "Basic",
        &[(UserName, Client, "Authorization", "z***n"), (Password, Client, "Authorization", "s***")],
    );
    http("authorization: Bearer abcdefghij", "Bearer", &[(AccessToken, Client, "Authorization", "a***j")]);
    http(
        "Authorization: Digest realm=\"a\", username=\"zhangsan\"",
        "Digest",
        &[(UserName, Client, "Authorization", "z***n")],
    );
    http(
        "Authorization: Negotiate YII\r\nCookie: theme=dark; JSESSIONID=0123456789",
        "Negotiate",
        &[(SessionCookie, Client, "cookie", "0***9")],
    );
    check(
        Spoken::Sip,
        &[('C', b"REGISTER sip:a SIP/2.0\r\nAuthorization: Digest username=\"bobby\", realm=\"a\"\r\n\r\n")],
        "Digest",
        &[(UserName, Client, "Authorization", "b***")],
    );
    check(
        Spoken::Mqtt,
        &[
            ('C', b"\x10\x1c\0\x04MQTT\x05\xc0\0\x3c\x08\x15\0\x05KRB-5\0\0\0\x01a\0\x02bc"),
            ('S', b"\x30\x07\0\x01at\xc3\xa9x"),
        ],
        "user name and password",
        &[
            (UserName, Client, "CONNECT", "***"),
            (Password, Client, "CONNECT", "b***"),
            (Payload, Server, "PUBLISH", "t***"),
        ],
    );
}

/// A packet of MySQL.
fn mysql(number: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [&length[..3], &[number], body].concat()
}

#[test]
fn mysql_with_other_plugins() {
    let greeting = |plugin: &str| {
        let start = b"\x0a8.0.36\0\x01\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0";
        (Side::Server, mysql(0, &[start, plugin.as_bytes(), b"\0"].concat()))
    };
    let response = |flags: u32, secret: &[u8], plugin: &str| {
        let mut body = flags.to_le_bytes().to_vec();
        body.extend_from_slice(&[0; 28]);
        body.extend_from_slice(b"zhangsan\0");
        body.push(u8::try_from(secret.len()).unwrap());
        body.extend_from_slice(secret);
        body.extend_from_slice(plugin.as_bytes());
        body.push(0);
        (Side::Client, mysql(1, &body))
    };
    let flags = 0x8_8200;
    // The server wants another plugin, which sends the password as it is.
    let pieces = vec![
        greeting("caching_sha2_password"),
        response(flags, &[7; 32], "caching_sha2_password"),
        (Side::Server, mysql(2, b"\xfemysql_clear_password\0")),
        (Side::Client, mysql(3, b"secret12\0")),
        (Side::Server, mysql(4, b"\0\0\0\x02\0\0\0")),
        (Side::Client, mysql(0, b"\x03select 1")),
    ];
    let told = dialogue(Spoken::Mysql, &pieces, Then::Need);
    assert_eq!(told.auth.as_deref(), Some("mysql_clear_password"));
    assert_eq!(
        contained(&told),
        [
            (Content::UserName, Side::Client, "handshake", "z***n"),
            (Content::Password, Side::Client, "handshake", "s***2"),
            (Content::Sql, Side::Client, "statement", "s***1"),
        ]
    );
    assert_eq!(told.starttls.as_ref().map(|it| it.state), Some(StarttlsState::Offered));
    // Behind a log-in with compression nothing is in clear.
    let pieces = vec![
        greeting("mysql_native_password"),
        response(flags | 0x20, &[7; 20], "mysql_native_password"),
        (Side::Server, mysql(2, b"\0\0\0\x02\0\0\0")),
    ];
    dialogue(Spoken::Mysql, &pieces, Then::Enough);
    // A host that is turned away.
    dialogue(Spoken::Mysql, &vec![(Side::Server, mysql(0, b"\xff\x6a\x04Host is not allowed"))], Then::Need);
}

#[test]
fn bodies_of_http_are_as_long_as_their_heads_say() {
    let check = |pieces: &[(char, &[u8])], expected: &[(Content, &str)]| {
        let told = dialogue(Spoken::Http, &turns(pieces), Then::Need);
        let found: Vec<_> = told.contains.iter().map(|it| (it.what, it.masked.as_str())).collect();
        assert_eq!((&found[..], &told.defects[..]), (expected, &[][..]));
    };
    let mobile = (Content::MobileNumber, "1***0");
    let get = ('C', &b"GET / HTTP/1.1\r\n\r\n"[..]);
    check(&[get, ('S', b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6;a=b\r\n 13800\r\n7\r\n138000 \r\n0\r\nA: b\r\n\r\nHTTP/1.1 204 N\r\n\r\n")], &[mobile]);
    check(
        &[
            get,
            (
                'S',
                b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n13800138000HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n",
            ),
        ],
        &[mobile],
    );
    check(
        &[
            ('C', b"HEAD / HTTP/1.1\r\n\r\n"),
            ('S', b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nHTTP/1.1 200 OK\r\n"),
        ],
        &[],
    );
    check(&[get, ('S', b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n13800138000 ")], &[mobile]);
    // Compressed bodies are not read.
    check(&[get, ('S', b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n13800138000 ")], &[]);
    check(&[('C', b"GET /a?mobile=13800138000&pwd=abc HTTP/1.1\r\n\r\n")], &[mobile, (Content::Password, "a***")]);
    check(
        &[('C', b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"user\":\"ab\",\"pwd\":\"12345\"}")],
        &[(Content::UserName, "a***"), (Content::Password, "1***")],
    );
    dialogue(Spoken::Http, &turns(&[get, ('S', b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n")]), Then::Enough);
}

#[test]
fn datagrams_are_told_one_by_one() {
    let told = |of: &str| {
        let all = samples();
        let sample = all.iter().find(|sample| sample.of.starts_with(of)).unwrap_or_else(|| panic!("{of}"));
        let mut watcher = Watcher::new(sample.spoken);
        for (side, datagram) in [(Side::Client, &sample.client), (Side::Server, &sample.server)] {
            watcher.feed(side, datagram, &LIMITS);
        }
        watcher.into_told()
    };
    let brief = |told: &Told| {
        let first = told.contains.first().map(|it| (it.what, it.place, it.masked.to_string()));
        (told.version.clone(), told.auth.clone(), told.protection.clone(), first)
    };
    let check =
        |of: &str, version: &str, auth: &str, protection: &str, first: Option<(Content, &'static str, &str)>| {
            let some = |text: &str| Some(text).filter(|text| !text.is_empty()).map(Into::into);
            let told = told(of);
            let first = first.map(|(what, place, masked)| (what, place, masked.to_owned()));
            assert_eq!(brief(&told), (some(version), some(auth), some(protection), first), "{of}");
            assert_eq!(told.defects, [], "{of}");
        };
    use Content::{Password, Payload, UserName};
    check("pysnmp, v1", "1", "community", "", Some((Password, "community", "p***")));
    check("pysnmp, v2c", "2c", "community", "", Some((Password, "community", "p***")));
    check("pysnmp, v3", "3", "", "noAuthNoPriv", None);
    check("pyrad", "", "PAP", "Message-Authenticator", Some((UserName, "User-Name", "z***n")));
    check("ntplib", "2", "", "", None);
    check("logger 2.38, RFC 5424", "RFC 5424", "", "", Some((Payload, "message", "***")));
    check("logger 2.38, RFC 3164", "RFC 3164", "", "", Some((Payload, "message", "***")));
    check("binding request of RFC 5769", "", "short-term credential", "", Some((UserName, "USERNAME", "e***Y")));
    check("PUT with payload", "1", "", "", Some((Payload, "payload", "4***")));
    check("curl 7.88.1, SMB 1", "1", "", "", None);
    // SNMP v3 with a user, and both protections.
    let v3 = b"\x30\x30\x02\x01\x03\x30\x0d\x02\x01\x07\x02\x02\x05\xdc\x04\x01\x07\x02\x01\x03\x04\x19\x30\x17\x04\x05\x80\0\0\0\x01\x02\x01\x01\x02\x01\x02\x04\x05admin\x04\0\x04\x00\x04\x01\x00";
    let mut watcher = Watcher::new(Spoken::Snmp);
    watcher.feed(Side::Client, v3, &LIMITS);
    let told = watcher.into_told();
    assert_eq!((told.protection.as_deref(), told.login.map(|login| login.user_seen)), (Some("authPriv"), Some(true)));
    // DTLS behind STUN.
    let mut watcher = Watcher::new(Spoken::Stun);
    assert_eq!(watcher.feed(Side::Client, b"\x16\xfe\xfd\0\0", &LIMITS).then, Then::Upgrade);
}

#[test]
fn smb_tells_its_dialect_and_cipher() {
    let response = |dialect: u16, capabilities: u32, contexts: &[u8], count: u16| {
        let mut message = b"\xfeSMB\x40\0\0\0\0\0\0\0\0\0\x01\0\x01\0\0\0".to_vec();
        message.resize(64, 0);
        message.extend_from_slice(&[65, 0, 3, 0]);
        message.extend_from_slice(&dialect.to_le_bytes());
        message.extend_from_slice(&count.to_le_bytes());
        message.extend_from_slice(&[7; 16]);
        message.extend_from_slice(&capabilities.to_le_bytes());
        message.extend_from_slice(&[0; 32]);
        message.extend_from_slice(&128_u32.to_le_bytes());
        message.extend_from_slice(contexts);
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&length[..], &message].concat()
    };
    let integrity = b"\x01\0\x06\0\0\0\0\0\x01\0\x01\0\x01\0\0\0";
    let cipher = b"\x02\0\x04\0\0\0\0\0\x01\0\x04\0";
    for (message, version, protection) in [
        (response(0x0311, 0, &[&integrity[..], cipher].concat(), 2), "3.1.1", "AES-256-GCM, signing required"),
        (response(0x0311, 0, integrity, 1), "3.1.1", "no encryption, signing required"),
        (response(0x0302, 0x40, &[], 0), "3.0.2", "AES-128-CCM, signing required"),
        (response(0x0210, 0x40, &[], 0), "2.1", "no encryption, signing required"),
    ] {
        let told = dialogue(Spoken::Smb, &vec![(Side::Server, message)], Then::Enough);
        assert_eq!((told.version.as_deref(), told.protection.as_deref()), (Some(version), Some(protection)));
    }
}

#[test]
fn sides_are_looked_at_up_to_the_limit() {
    let limits = Limits { plain: 64, ..LIMITS };
    // The number ends with the byte behind it: at the limit it is seen, one above it is not.
    for (before, seen) in [(52, true), (53, false)] {
        let reply = [&vec![b' '; before][..], b"13800138000 "].concat();
        let (told, then, used) = watch(Spoken::Redis, &[(Side::Server, reply.clone())], [], &limits);
        assert_eq!((!told.contains.is_empty(), then, used.server), (seen, Then::Need, reply.len()));
        assert_eq!(told.looked_at.server, 64);
    }
    // Both sides are over, or one is long after it.
    let much = |side, count| (side, vec![b' '; count]);
    for (pieces, expected) in [
        (vec![much(Side::Server, 65)], Then::Need),
        (
            vec![much(Side::Server, 65), (Side::Client, [b"*1\r\n$99\r\n".to_vec(), vec![b'a'; 99]].concat())],
            Then::Enough,
        ),
        (vec![much(Side::Server, 255)], Then::Need),
        (vec![much(Side::Server, 256)], Then::Enough),
    ] {
        assert_eq!(watch(Spoken::Redis, &pieces, [], &limits).1, expected);
    }
    // A line that does not end before the limit is not looked at.
    let (told, then, _) = watch(Spoken::Smtp, &[(Side::Server, vec![b'a'; 65])], [], &limits);
    assert_eq!((told.looked_at.server, then, told.defects.len()), (64, Then::Need, 0));
}

#[test]
fn lines_packets_and_heads_up_to_their_limits_and_one_more() {
    let limits = Limits { line: 100, head: 200, ..LIMITS };
    let check = |spoken, side, fits: Vec<u8>, above: Vec<u8>, limit, most| {
        for size in [1, usize::MAX] {
            let (told, then, _) = watch(spoken, &[(side, fits.clone())], std::iter::repeat(size), &limits);
            assert_eq!((then, &told.defects[..]), (Then::Need, &[][..]), "{spoken}");
            let (told, then, _) = watch(spoken, &[(side, above.clone())], std::iter::repeat(size), &limits);
            let what: Vec<_> = told.defects.iter().map(|it| it.defect.what.clone()).collect();
            assert_eq!(
                (then, what),
                (Then::Enough, vec![DefectKind::Limit { limit, most, found: most + 1 }]),
                "{spoken}"
            );
        }
    };
    let line = |count: usize| [&b"220 "[..], &vec![b'a'; count - 5], b"\n"].concat();
    for spoken in [Spoken::Smtp, Spoken::Ftp, Spoken::Nntp] {
        check(spoken, Side::Server, line(100), line(101), Limit::Line, 100);
    }
    check(Spoken::Redis, Side::Client, [vec![b'a'; 99], vec![b'\n']].concat(), vec![b'a'; 101], Limit::Line, 100);
    let tag = |count: usize| [b"<".to_vec(), vec![b'a'; count - 2], b">".to_vec()].concat();
    check(Spoken::Xmpp, Side::Client, tag(100), tag(101), Limit::Line, 100);
    let head = |count: usize| [&b"GET / HTTP/1.1\r\nA: "[..], &vec![b'a'; count - 21], b"\r\n"].concat();
    check(Spoken::Http, Side::Client, head(200), head(201), Limit::Head, 200);
    // Many short fields are as long as one.
    let fields = |count: usize| [&b"GET / HTTP/1.1\r\n"[..], &b"A:b\n".repeat(count)].concat();
    check(Spoken::Http, Side::Client, fields(46), fields(47), Limit::Head, 200);
    let startup = |length: u8| [&[0, 0, 0, length, 0, 3, 0, 0][..], &vec![b'a'; usize::from(length) - 8]].concat();
    check(Spoken::Postgresql, Side::Client, startup(100), startup(101), Limit::Line, 100);
    let connect = |length: usize| {
        let filler = vec![b'a'; length - 12];
        [
            &[0x10, u8::try_from(length).unwrap()][..],
            b"\0\x04MQTT\x04\0\0\0\0",
            &[u8::try_from(filler.len()).unwrap()],
            &filler,
        ]
        .concat()
    };
    check(Spoken::Mqtt, Side::Client, connect(100), connect(101), Limit::Line, 100);
    let greeting = |count: usize| mysql(0, &[&b"\x0a1\0aaaaabbbbbbbb\0\0\0"[..], &vec![0; count - 19]].concat());
    check(Spoken::Mysql, Side::Server, greeting(100), greeting(101), Limit::Line, 100);
}

#[test]
fn peers_that_never_end_cost_little() {
    let check = |spoken, side, bytes: &[u8], expected: Option<Limit>| {
        let mut watcher = Watcher::new(spoken);
        let (mut kept, mut most, mut then) = (Vec::new(), 0, Then::Need);
        for part in bytes.chunks(1460) {
            kept.extend_from_slice(part);
            let fed = watcher.feed(side, &kept, &LIMITS);
            kept.drain(..fed.used);
            most = most.max(kept.len());
            then = fed.then;
            if then != Then::Need {
                break;
            }
        }
        assert_eq!(then, Then::Enough, "{spoken}");
        assert!(most <= LIMITS.head + 1460, "{spoken} keeps {most}");
        let told = watcher.into_told();
        let found = told.defects.first().map(|it| match it.defect.what {
            DefectKind::Limit { limit, .. } => limit,
            ref other => panic!("{spoken}: {other}"),
        });
        assert_eq!(found, expected, "{spoken}");
        assert!(format!("{told:?}").len() < 4096);
    };
    let mebibyte = vec![b'a'; 1 << 20];
    check(Spoken::Http, Side::Client, &[b"GET / HTTP/1.1\r\nA: ", &mebibyte[..]].concat(), Some(Limit::Head));
    for spoken in [Spoken::Smtp, Spoken::Imap, Spoken::Pop3, Spoken::Ftp, Spoken::Nntp, Spoken::Sieve] {
        check(spoken, Side::Server, &mebibyte, Some(Limit::Line));
        check(spoken, Side::Client, &mebibyte, Some(Limit::Line));
    }
    check(Spoken::Xmpp, Side::Client, &[b"<", &mebibyte[..]].concat(), Some(Limit::Line));
    check(Spoken::Xmpp, Side::Client, &mebibyte, None);
    check(Spoken::Telnet, Side::Client, &mebibyte, None);
    check(Spoken::Redis, Side::Client, &[b"*2\r\n$3\r\nset\r\n$9999999\r\n", &mebibyte[..]].concat(), None);
}

#[test]
fn lengths_that_lie_are_survived() {
    let check = |spoken, pieces: &[(char, &[u8])], then, what: Option<DefectKind>| {
        let (told, found, _) = watch(spoken, &turns(pieces), [], &LIMITS);
        let first = told.defects.first().map(|it| it.defect.what.clone());
        assert_eq!((found, first), (then, what), "{spoken}");
    };
    let foreign = Some(DefectKind::Foreign);
    // A MySQL packet of 16 MiB: too long for a greeting, passed by as a result.
    let line = |found: usize| {
        Some(DefectKind::Limit { limit: Limit::Line, most: LIMITS.line, found: found.min(LIMITS.line + 1) })
    };
    check(Spoken::Mysql, &[('S', b"\xff\xff\xff\0\x0a8")], Then::Enough, line(usize::MAX));
    // MQTT: a remaining length of five bytes, a name longer than the packet, a topic longer than it.
    check(Spoken::Mqtt, &[('C', b"\x10\xff\xff\xff\xff\x01")], Then::Enough, foreign.clone());
    check(Spoken::Mqtt, &[('C', b"\x10\x04\xff\xffab")], Then::Enough, foreign.clone());
    check(Spoken::Mqtt, &[('C', b"\x30\x04\xff\xffab")], Then::Enough, foreign.clone());
    check(Spoken::Mqtt, &[('C', b"\x30\xff\xff\xff\x7f\0\x01aab")], Then::Need, None);
    check(Spoken::Mqtt, &[('C', b"\x10\xff\xff\xff\x7f\0\x04MQTT")], Then::Enough, line(usize::MAX));
    check(Spoken::Postgresql, &[('C', b"\0\0\0\x03\0\x03\0\0")], Then::Enough, foreign.clone());
    check(Spoken::Postgresql, &[('S', b"R\0\0\0\x02")], Then::Enough, foreign.clone());
    check(Spoken::Ldap, &[('C', b"0\x84\xff\xff\xff\xff\x02")], Then::Enough, line(usize::MAX));
    check(Spoken::Ldap, &[('C', b"0\x05\x02\x01\x01\x60\x7f")], Then::Enough, foreign.clone());
    check(Spoken::Rdp, &[('C', b"\x03\0\0\x04")], Then::Enough, foreign.clone());
    check(Spoken::Tds, &[('C', b"\x12\x01\0\x04\0\0\0\0")], Then::Enough, foreign.clone());
    check(Spoken::Mongodb, &[('C', b"\x01\0\0\0")], Then::Enough, foreign.clone());
    check(
        Spoken::Http,
        &[('S', b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n")],
        Then::Enough,
        foreign.clone(),
    );
    check(
        Spoken::Http,
        &[('S', b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n")],
        Then::Need,
        None,
    );
    check(Spoken::Redis, &[('C', b"*99999999999999999999999999\r\n$99999999999999999999999999\r\n")], Then::Need, None);
    check(Spoken::Redis, &[('C', b"*1\r\nno\r\n")], Then::Enough, foreign);
}

/// Conversations over streams, to be cut and damaged.
fn seeds() -> Vec<(Spoken, Pieces)> {
    let mut seeds: Vec<_> = whole()
        .into_iter()
        .filter(|conversation| conversation.name.contains("plaintext") || conversation.name.contains("sql-tls"))
        .chain(captured("postgres-tls13"))
        .map(|conversation| (spoken(&conversation.pieces), conversation.pieces))
        .collect();
    for sample in samples().into_iter().filter(|it| it.over == Transport::Stream && !it.of.ends_with(".pcap")) {
        let mut pieces = vec![(Side::Client, sample.client), (Side::Server, sample.server)];
        pieces.iter_mut().for_each(|(_, bytes)| bytes.truncate(600));
        seeds.push((sample.spoken, pieces));
    }
    seeds
}

proptest! {
    #[test]
    fn any_segmentation_tells_the_same(
        sizes in prop::collection::vec(1_usize..90, 0..200),
        plain in prop_oneof![Just(65_536_usize), 1_usize..300],
        line in prop_oneof![Just(8192_usize), 20_usize..200],
    ) {
        let limits = Limits { plain, line, head: line * 2, ..LIMITS };
        for (spoken, pieces) in seeds() {
            let whole = watch(spoken, &pieces, [], &limits);
            let parts = watch(spoken, &pieces, sizes.iter().copied(), &limits);
            prop_assert_eq!(&whole.0, &parts.0, "{}", spoken);
            prop_assert_eq!(whole.1, parts.1, "{}", spoken);
        }
    }

    #[test]
    fn any_bytes_of_any_length_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        server in any::<bool>(),
        which in any::<prop::sample::Index>(),
    ) {
        let spoken = *which.get(Spoken::ALL);
        let side = if server { Side::Server } else { Side::Client };
        let (told, _, used) = watch(spoken, &[(side, bytes.clone())], [], &LIMITS);
        prop_assert!(told.defects.len() <= LIMITS.defects + 1 && *used.of(side) <= bytes.len());
    }
}

#[test]
fn conversations_cut_anywhere_or_changed_in_any_byte_are_watched_without_panic() {
    let mut different = 0;
    for (spoken, pieces) in seeds() {
        let whole = watch(spoken, &pieces, [], &LIMITS).0;
        for which in 0..pieces.len() {
            for at in 0..pieces[which].1.len().min(300) {
                for value in [!pieces[which].1[at], 0, 0xff, b'\n'] {
                    let mut changed = pieces.clone();
                    changed[which].1[at] = value;
                    different += usize::from(watch(spoken, &changed, [], &LIMITS).0 != whole);
                }
                let mut cut = pieces[..=which].to_vec();
                cut[which].1.truncate(at);
                let (told, ..) = watch(spoken, &cut, [], &LIMITS);
                assert_eq!(told.defects, [], "{spoken} cut at {at} of piece {which}");
            }
        }
    }
    assert!(different > 1000, "only {different} changes were seen");
    for sample in samples().iter().filter(|sample| sample.over == Transport::Datagrams) {
        for at in 0..sample.client.len().min(300) {
            let mut watcher = Watcher::new(sample.spoken);
            watcher.feed(Side::Client, &sample.client[..at], &LIMITS);
            for value in [!sample.client[at], 0, 0xff] {
                let mut changed = sample.client.clone();
                changed[at] = value;
                watcher.feed(Side::Client, &changed, &LIMITS);
            }
        }
    }
}

#[test]
fn what_follows_a_log_in_is_looked_at() {
    let check = |spoken, pieces: &[(char, &[u8])], then, expected: &[(Content, Side, &str, &str)]| {
        let told = dialogue(spoken, &turns(pieces), then);
        assert_eq!(contained(&told), expected, "{spoken}");
        assert_eq!(told.defects, [], "{spoken}");
        told
    };
    use Content::{ChineseText, MobileNumber, Password, Payload, Sql, UserName};
    use Side::{Client, Server};
    check(
        Spoken::Imap,
        &[
            ('S', b"* OK a\r\n"),
            ('C', b"a UID FETCH 1 (BODY[])\r\n"),
            ('S', &[b"* 1 FETCH (BODY[] {9999}\r\n", &[b'a'; 9000][..], b" 13800138000 "].concat()),
        ],
        Then::Need,
        &[(Payload, Server, "mail", "***"), (MobileNumber, Server, "mail", "1***0")],
    );
    check(
        Spoken::Smtp,
        &[
            ('S', b"220 a\r\n"),
            ('C', b"DATA\r\n"),
            ('S', b"354 go\r\n"),
            ('C', "Subject: 张三\r\n\r\n13800138000\r\n.\r\n".as_bytes()),
        ],
        Then::Need,
        &[
            (Payload, Client, "mail", "***"),
            (ChineseText, Client, "mail", "张***"),
            (MobileNumber, Client, "mail", "1***0"),
        ],
    );
    check(
        Spoken::Xmpp,
        &[('C', "<stream:stream><message><body>13800138000，张三</body></message>".as_bytes())],
        Then::Need,
        &[
            (Payload, Client, "stanza", "***"),
            (MobileNumber, Client, "stanza", "1***0"),
            (ChineseText, Client, "stanza", "张***"),
        ],
    );
    // A bind with a mechanism of protection, and then what is no LDAP any more.
    let told = check(
        Spoken::Ldap,
        &[
            ('C', b"0\x18\x02\x01\x01\x60\x13\x02\x01\x03\x04\0\xa3\x0c\x04\x06GSSAPI\x04\x02ab"),
            ('S', b"0\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0"),
            ('C', b"\0\0\0\x40\x05\x04"),
        ],
        Then::Enough,
        &[],
    );
    assert_eq!((told.auth.as_deref(), told.protection.as_deref()), (Some("SASL GSSAPI"), Some("SASL security layer")));
    // SQL Server without encryption: a log-in, and a statement behind its headers.
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let packet = |kind: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 8).unwrap().to_be_bytes();
        [&[kind, 1][..], &length, &[0, 0, 1, 0], body].concat()
    };
    let prelogin = |kind| packet(kind, &[1, 0, 6, 0, 1, 0xff, 2]);
    let mut login = vec![0; 94];
    login[40..44].copy_from_slice(&[94, 0, 8, 0]);
    login[44..48].copy_from_slice(&[110, 0, 6, 0]);
    login.extend_from_slice(&wide("zhangsan"));
    login.extend(wide("secret").iter().map(|byte| byte.rotate_left(4) ^ 0xa5));
    let batch = [
        &[22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0][..],
        &wide("select '赵六', '13800138000'"),
    ]
    .concat();
    check(
        Spoken::Tds,
        &[('C', &prelogin(0x12)), ('S', &prelogin(4)), ('C', &packet(0x10, &login)), ('C', &packet(1, &batch))],
        Then::Need,
        &[
            (UserName, Client, "LOGIN7", "z***n"),
            (Password, Client, "LOGIN7", "s***"),
            (Sql, Client, "statement", "s***'"),
            (ChineseText, Client, "statement", "赵***"),
            (MobileNumber, Client, "statement", "1***0"),
        ],
    );
    // MongoDB: a log-in ahead of its time, and one in the open.
    let message = |body: &[u8]| {
        let length = u32::try_from(body.len() + 16).unwrap().to_le_bytes();
        [&length[..], &[1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0], body].concat()
    };
    let scram = message(b"\0\0\0\0\0\x10saslStart\0\x01\0\0\0\x02mechanism\0\x0e\0\0\0SCRAM-SHA-256\0\x05payload\0\x10\0\0\0\0n,,n=zhangsan,r=x");
    let told = check(Spoken::Mongodb, &[('C', &scram)], Then::Need, &[(UserName, Client, "saslStart", "z***n")]);
    assert_eq!(told.auth.as_deref(), Some("SCRAM-SHA-256"));
    let plain = message(b"\0\0\0\0\0\x02mechanism\0\x06\0\0\0PLAIN\0\x05payload\0\x10\0\0\0\0\0zhangsan\0secret");
    check(
        Spoken::Mongodb,
        &[('C', &plain)],
        Then::Need,
        &[(UserName, Client, "saslStart", "z***n"), (Password, Client, "saslStart", "s***")],
    );
    check(
        Spoken::Telnet,
        &[('S', b"Password:"), ('C', b"secrex\x7ft12\r\n")],
        Then::Need,
        &[(Password, Client, "terminal", "s***2")],
    );
}
