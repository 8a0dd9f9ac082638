//! The rows of protocols over streams.

use super::super::spoken::Spoken;
use super::{Fit, Row, START, Start, begins, begins_any, client_first, never, row};
use crate::reading::{Limits, Reader};
use crate::tls::HandshakeType;

pub(super) const ROWS: &[Row] = &[
    row(Spoken::Tls, |start| tls(start, false)),
    row(Spoken::Tlcp, |start| tls(start, true)),
    row(Spoken::Ssl2, |start| client_first(start, ssl2, never)),
    row(Spoken::Ssh, ssh),
    row(Spoken::Http, |start| client_first(start, http_request, |server| begins(server, b"HTTP/1."))),
    row(Spoken::Http2, |start| client_first(start, |client| begins(client, HTTP2), never)),
    row(Spoken::Redis, redis),
    row(Spoken::Mqtt, |start| client_first(start, mqtt, never)),
    row(Spoken::Mysql, mysql),
    row(Spoken::Postgresql, |start| client_first(start, postgresql, never)),
    row(Spoken::Smtp, |start| {
        greeted(start, numbered(&[b"220", b"421", b"554"]), SMTP, &[b"SMTP", b"LMTP"], &[b"FTP"])
    }),
    row(Spoken::Ftp, |start| {
        greeted(start, numbered(&[b"220", b"421"]), FTP, &[b"FTP", b"FileZilla", b"File Transfer"], &[b"SMTP", b"LMTP"])
    }),
    row(Spoken::Nntp, |start| {
        greeted(start, numbered(&[b"200", b"201"]), NNTP, &[b"NNTP", b"InterNetNews", b"posting"], &[])
    }),
    row(Spoken::Imap, imap),
    row(Spoken::Pop3, pop3),
    row(Spoken::Sieve, sieve),
    row(Spoken::Ldap, |start| client_first(start, ldap, never)),
    row(Spoken::Xmpp, |start| client_first(start, xmpp, xmpp)),
    row(Spoken::Rdp, |start| client_first(start, rdp, never)),
    row(Spoken::Telnet, telnet),
    row(Spoken::Tds, |start| client_first(start, tds, never)),
    row(Spoken::Mongodb, mongodb),
    row(Spoken::Sip, |start| client_first(start, sip, sip)),
    row(Spoken::Rtsp, |start| client_first(start, rtsp, |server| begins(server, b"RTSP/1.0 "))),
    row(Spoken::Smb, |start| client_first(start, smb, smb)),
    row(Spoken::OpenVpn, openvpn),
    row(Spoken::Mtproto, |start| client_first(start, mtproto, never)),
    row(Spoken::WhatsApp, |start| client_first(start, whatsapp, never)),
    row(Spoken::Syslog, |start| client_first(start, syslog, never)),
    row(Spoken::Modbus, modbus),
];

fn tls(start: &Start<'_>, tlcp: bool) -> Fit {
    client_first(start, if tlcp { tlcp_record } else { tls_record }, if tlcp { tlcp_record } else { tls_record })
}

fn tls_record(bytes: &[u8]) -> Fit {
    record(bytes, |version| (0x0300..=0x0304).contains(&version))
}

fn tlcp_record(bytes: &[u8]) -> Fit {
    record(bytes, |version| version == 0x0101)
}

/// A record (RFC 5246 6.2.1, GB/T 38636-2020 6.3.3) that a capture may begin with: a hello, or in the middle of a
/// session one that holds what a record of its kind can.
fn record(bytes: &[u8], version: fn(u16) -> bool) -> Fit {
    let mut reader = Reader::new(bytes);
    // What is wrong is told as early as it can be.
    let wrong = !matches!(bytes.first(), None | Some(20..=23))
        || bytes.get(1).is_some_and(|&major| !version(u16::from(major) << 8 | u16::from(major == 1)));
    if wrong {
        return Fit::No;
    }
    Fit::read((|| {
        let content = reader.u8().ok()?;
        let (found, length) = (reader.u16().ok()?, usize::from(reader.u16().ok()?));
        if !version(found) || length > Limits::DEFAULT.record {
            return Some(false);
        }
        let next = reader.u8().ok()?;
        Some(match content {
            20 => length == 1 && next == 1,
            // In clear two bytes, the level first; else at least as long as a check value.
            21 => length == 2 && matches!(next, 1 | 2) || (16..=128).contains(&length),
            22 => {
                let hello = matches!(HandshakeType(next), HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO);
                // A record may hold a part of a hello, or several messages.
                hello && length >= 4 && reader.u8().ok()? == 0 || next == 0 && length == 4
            }
            _ => length >= 17,
        })
    })())
}

/// A hello in the form of SSL 2.0 (RFC 5246 E.2): its three lengths add up to that of the record.
fn ssl2(bytes: &[u8]) -> Fit {
    let mut reader = Reader::new(bytes);
    if bytes.first().is_some_and(|first| first & 0x80 == 0) || bytes.get(2).is_some_and(|&kind| kind != 1) {
        return Fit::No;
    }
    Fit::read((|| {
        let length = reader.u16().ok()? & 0x7fff;
        reader.u8().ok()?;
        let version = reader.u16().ok()?;
        let [ciphers, session, challenge] = [reader.u16().ok()?, reader.u16().ok()?, reader.u16().ok()?];
        let sum = [ciphers, session, challenge].iter().fold(9_u16, |sum, part| sum.saturating_add(*part));
        let parts =
            ciphers > 0 && ciphers.is_multiple_of(3) && matches!(session, 0 | 16) && (16..=32).contains(&challenge);
        Some(matches!(version, 0x0002 | 0x0300..=0x0304) && parts && sum == length)
    })())
}

fn ssh(start: &Start<'_>) -> Fit {
    // Either side may be the first; one that speaks something else is no SSH.
    let one = |bytes: &[u8]| begins_any(bytes, &[b"SSH-2.0-", b"SSH-1."]);
    match (one(start.client), one(start.server)) {
        (Fit::No, _) | (_, Fit::No) => Fit::No,
        (client, server) => client.or(server),
    }
}

/// RFC 9113 3.4.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Methods of the IANA registry of HTTP methods that clients use, and those of WebDAV.
const METHODS: &[&[u8]] = &[
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
    b"PROPFIND ",
    b"PROPPATCH ",
    b"MKCOL ",
    b"COPY ",
    b"MOVE ",
    b"LOCK ",
    b"UNLOCK ",
    b"REPORT ",
    b"SEARCH ",
];

/// What stands behind a method of the list; `Err` says whether one may still come.
fn behind<'a>(bytes: &'a [u8], methods: &[&[u8]]) -> Result<&'a [u8], Fit> {
    let method = methods.iter().find(|method| bytes.starts_with(method));
    // Methods are written in capitals.
    let cased = || methods.iter().any(|method| method.starts_with(bytes));
    match method.and_then(|method| bytes.get(method.len()..)) {
        Some(rest) => Ok(rest),
        None => Err(if cased() { Fit::More } else { Fit::No }),
    }
}

/// A request line: `rest` of it behind the method ends with a version, or goes on behind the [`START`] of the stream.
fn request_line(bytes: &[u8], rest: &[u8], versions: &[&[u8]]) -> Fit {
    let end = rest.iter().position(|&byte| byte == b'\n');
    let line = end.and_then(|end| rest.get(..end)).unwrap_or(rest).trim_ascii_end();
    let text = !line.iter().any(u8::is_ascii_control);
    match end {
        _ if !text => Fit::No,
        Some(_) => Fit::when(versions.iter().any(|version| line.ends_with(version))),
        None if bytes.len() < START => Fit::More,
        None => Fit::Yes,
    }
}

fn http_request(bytes: &[u8]) -> Fit {
    let rest = match behind(bytes, METHODS) {
        Ok(rest) => rest,
        Err(fit) => return fit,
    };
    let target = match bytes.starts_with(b"CONNECT ") {
        true => Fit::when(rest.first().is_none_or(|byte| byte.is_ascii_alphanumeric() || *byte == b'[')),
        false => begins_any(rest, &[b"/", b"http:", b"https:", b"* "]),
    };
    target.and(|| request_line(bytes, rest, &[b" HTTP/1.1", b" HTTP/1.0"]))
}

/// Methods of SIP (RFC 3261 and the IANA registry).
const SIP_METHODS: &[&[u8]] = &[
    b"INVITE ",
    b"ACK ",
    b"BYE ",
    b"CANCEL ",
    b"REGISTER ",
    b"OPTIONS ",
    b"PRACK ",
    b"SUBSCRIBE ",
    b"NOTIFY ",
    b"PUBLISH ",
    b"INFO ",
    b"REFER ",
    b"MESSAGE ",
    b"UPDATE ",
];

pub(super) fn sip(bytes: &[u8]) -> Fit {
    let response = begins(bytes, b"SIP/2.0 ");
    let request = match behind(bytes, SIP_METHODS) {
        Ok(rest) => begins_any(rest, &[b"sip:", b"sips:", b"tel:"]),
        Err(fit) => fit,
    };
    response.or(request)
}

/// Methods of RTSP (RFC 2326 10).
const RTSP_METHODS: &[&[u8]] = &[
    b"OPTIONS ",
    b"DESCRIBE ",
    b"ANNOUNCE ",
    b"SETUP ",
    b"PLAY ",
    b"PAUSE ",
    b"TEARDOWN ",
    b"GET_PARAMETER ",
    b"SET_PARAMETER ",
    b"RECORD ",
];

fn rtsp(bytes: &[u8]) -> Fit {
    match behind(bytes, RTSP_METHODS) {
        Ok(rest) => begins_any(rest, &[b"rtsp://", b"rtsps://", b"rtspu://", b"* RTSP/"]),
        Err(fit) => fit,
    }
}

/// Commands of Redis that a person or a simple program writes as a line.
const INLINE: &[&[u8]] = &[
    b"PING", b"AUTH", b"INFO", b"SELECT", b"GET", b"SET", b"HELLO", b"CLIENT", b"CONFIG", b"KEYS", b"COMMAND",
    b"DBSIZE", b"ECHO",
];

/// Mechanisms that stand behind `AUTH` in mail.
const MECHANISMS: &[&[u8]] = &[
    b"PLAIN",
    b"LOGIN",
    b"CRAM-MD5",
    b"DIGEST-MD5",
    b"NTLM",
    b"GSSAPI",
    b"SCRAM-",
    b"XOAUTH2",
    b"OAUTHBEARER",
    b"EXTERNAL",
    b"TLS",
    b"SSL",
    b"ANONYMOUS",
];

/// A command as array, which tells itself; one as line, which only its answer tells from other protocols.
fn redis(start: &Start<'_>) -> Fit {
    let client = start.client;
    if client.first().is_none_or(|&byte| byte == b'*') {
        return if client.is_empty() && !start.server.is_empty() { Fit::No } else { resp_array(client) };
    }
    let Some(end) = client.iter().position(|&byte| byte == b'\n') else {
        let word = client.split(|byte| *byte == b' ').next().unwrap_or_default();
        return Fit::when(client.len() < START).and(|| begins_any(word, INLINE)).and(|| Fit::More);
    };
    let line = client.get(..end).unwrap_or_default().trim_ascii_end();
    let (command, rest) = line.split_at(line.iter().position(|&byte| byte == b' ').unwrap_or(line.len()));
    let known = INLINE.iter().any(|name| name.eq_ignore_ascii_case(command));
    let word = rest.trim_ascii_start();
    let mail = command.eq_ignore_ascii_case(b"AUTH") && begins_any(word, MECHANISMS) == Fit::Yes;
    let http = word.windows(6).any(|part| part == b" HTTP/");
    match start.server {
        _ if !known || mail || http => Fit::No,
        [] => Fit::More,
        [b':' | b'$' | b'*' | b'%' | b'_', byte, ..] => {
            Fit::when(byte.is_ascii_digit() || matches!(byte, b'-' | b'\r'))
        }
        [b':' | b'$' | b'*' | b'%' | b'_'] => Fit::More,
        server => begins_any(server, &[b"+OK\r\n", b"+PONG\r\n", b"-ERR ", b"-NOAUTH ", b"-WRONGPASS ", b"-DENIED "]),
    }
}

/// `*2\r\n$4\r\n`: an array with a number of bulk strings.
fn resp_array(bytes: &[u8]) -> Fit {
    let line = |bytes: &[u8], mark: u8| -> Option<(bool, usize)> {
        let (first, rest) = bytes.split_first()?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = (1..=7).contains(&digits) && rest.first() != Some(&b'0');
        match rest.get(digits..).unwrap_or_default() {
            [] if *first == mark && digits <= 7 && rest.first() != Some(&b'0') => None,
            [b'\r'] if *first == mark && text => None,
            [b'\r', b'\n', ..] => Some((*first == mark && text, digits.saturating_add(3))),
            _ => Some((false, 0)),
        }
    };
    Fit::read((|| {
        let (array, used) = line(bytes, b'*')?;
        if !array {
            return Some(false);
        }
        Some(line(bytes.get(used..)?, b'$')?.0)
    })())
}

/// CONNECT: its type, its remaining length, the protocol's name and level (MQTT 3.1.1 3.1, MQTT 5 3.1).
fn mqtt(bytes: &[u8]) -> Fit {
    let mut reader = Reader::new(bytes);
    Fit::read((|| {
        if reader.u8().ok()? != 0x10 {
            return Some(false);
        }
        let mut length = 0;
        while reader.u8().ok()? & 0x80 != 0 {
            length += 1;
            if length == 4 {
                return Some(false);
            }
        }
        let name = reader.rest();
        // The upper bit of the level is what a bridge of Mosquitto sets.
        let level = |prefix: &[u8], levels: &[u8]| {
            begins(name, prefix).and(|| match name.get(prefix.len()) {
                None => Fit::More,
                Some(level) => Fit::when(levels.contains(&(level & 0x7f))),
            })
        };
        match level(b"\x00\x04MQTT", &[4, 5]).or(level(b"\x00\x06MQIsdp", &[3])) {
            Fit::Yes => Some(true),
            Fit::No => Some(false),
            Fit::More => None,
        }
    })())
}

/// The server's greeting of protocol version 10, or an error in its place (MySQL documentation, "Connection Phase").
fn mysql(start: &Start<'_>) -> Fit {
    // The client's packet is the second one.
    let client = match start.client {
        [_, _, _, number, ..] => *number == 1,
        client => client.len() < 4 && !client.iter().any(u8::is_ascii_alphabetic),
    };
    let Some(&low) = start.server.first() else {
        return if client && start.client.is_empty() { Fit::More } else { Fit::No };
    };
    let mut reader = Reader::new(start.server);
    let wrong = !client
        || start.server.get(1).is_some_and(|&middle| middle > 1 || middle == 0 && low < 9)
        || start.server.get(2..4).is_some_and(|rest| rest != [0, 0]);
    if wrong {
        return Fit::No;
    }
    Fit::read((|| {
        let [_, _, _, _, version] = reader.array().ok()?;
        if version == 0xff {
            // Too many connections; a host that is blocked or not allowed.
            let code = u16::from_le_bytes(reader.array().ok()?);
            return Some(matches!(code, 1040 | 1129 | 1130));
        }
        let text = reader.rest();
        let end = text.iter().position(|&byte| byte == 0);
        let software = end.and_then(|end| text.get(..end)).unwrap_or(text);
        let is_text = software.iter().all(|byte| matches!(byte, b' '..=b'~'));
        match end {
            _ if version != 10 || !is_text => Some(false),
            Some(end) => Some(end > 0),
            None if start.server.len() < START => None,
            None => Some(false),
        }
    })())
}

/// The numbers of requests that stand where a startup message has its version (PostgreSQL documentation, "Message
/// Formats").
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

fn postgresql(bytes: &[u8]) -> Fit {
    let mut reader = Reader::new(bytes);
    if bytes.get(..2).is_some_and(|high| high != [0, 0]) {
        return Fit::No;
    }
    Fit::read((|| {
        let (length, code) = (reader.u32().ok()?, reader.u32().ok()?);
        Some(match (length, code) {
            (8, SSL | GSS) | (16..=268, CANCEL) | (296, 0x0002_0000) => true,
            (9..=10_000, 0x0003_0000..=0x0003_ffff) => matches!(reader.u8().ok()?, 0 | b'_' | b'a'..=b'z'),
            _ => false,
        })
    })())
}

/// Commands with which a client begins.
const SMTP: &[&[u8]] = &[b"EHLO ", b"HELO ", b"LHLO "];
const FTP: &[&[u8]] = &[b"USER ", b"AUTH TLS", b"AUTH SSL", b"FEAT", b"SYST", b"HOST ", b"OPTS "];
const NNTP: &[&[u8]] = &[
    b"CAPABILITIES",
    b"MODE READER",
    b"MODE STREAM",
    b"GROUP ",
    b"LIST",
    b"AUTHINFO ",
    b"ARTICLE ",
    b"STARTTLS",
    b"IHAVE ",
];

/// Whether a greeting has one of the numbers.
fn numbered(numbers: &'static [&'static [u8]]) -> impl Fn(&[u8]) -> Fit {
    move |bytes| {
        begins_any(bytes, numbers)
            .and(|| bytes.get(3).map_or(Fit::More, |next| Fit::when(matches!(next, b' ' | b'-' | b'\r'))))
    }
}

/// Protocols whose server greets with a number that others greet with too: the client's first command tells, or a word
/// in the greeting (RFC 5321 4.2 shows it so) unless it has one of another protocol's too.
fn greeted(
    start: &Start<'_>,
    number: impl Fn(&[u8]) -> Fit,
    commands: &[&[u8]],
    words: &[&[u8]],
    others: &[&[u8]],
) -> Fit {
    let (greeting, command) = (number(start.server), begins_any(start.client, commands));
    let holds = |words: &[&[u8]]| {
        let line = start.server.split(|byte| *byte == b'\n').next().unwrap_or_default();
        words.iter().any(|word| line.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word)))
    };
    let ended = start.server.contains(&b'\n') || start.server.len() >= START;
    match (greeting, command) {
        (Fit::No, _) | (_, Fit::No) => Fit::No,
        (Fit::Yes, Fit::Yes) => Fit::Yes,
        // Only mail is greeted so by a client.
        (_, Fit::Yes) if commands == SMTP => Fit::Yes,
        (Fit::Yes, Fit::More) if start.client.is_empty() && ended && holds(words) && !holds(others) => Fit::Yes,
        _ => Fit::More,
    }
}

/// A command behind a tag (RFC 9051 2.2.1).
fn tagged(bytes: &[u8]) -> bool {
    let tag = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.').count();
    match bytes.get(tag..).unwrap_or_default() {
        [] => true,
        [b' ', rest @ ..] => tag > 0 && rest.first().is_none_or(u8::is_ascii_alphabetic),
        _ => false,
    }
}

fn imap(start: &Start<'_>) -> Fit {
    match start.server {
        [] => Fit::maybe(start.client.is_empty()),
        _ if !tagged(start.client) => Fit::No,
        server => begins_any(server, &[b"* OK ", b"* OK\r", b"* PREAUTH ", b"* BYE "]),
    }
}

/// Commands with which a client of POP3 begins (RFC 1939, RFC 2449, RFC 2595, RFC 5034).
const POP3: &[&[u8]] = &[b"USER ", b"CAPA", b"APOP ", b"STLS", b"QUIT"];

fn pop3(start: &Start<'_>) -> Fit {
    let command = begins_any(start.client, POP3).or(begins(start.client, b"AUTH").and(|| match start.client.get(4) {
        None => Fit::More,
        Some(b' ') => begins_any(start.client.get(5..).unwrap_or_default(), MECHANISMS),
        Some(_) => Fit::when(start.client.get(4) == Some(&b'\r')),
    }));
    let greeting = begins_any(start.server, &[b"+OK ", b"+OK\r\n"]);
    match (greeting, command) {
        (Fit::No, _) | (_, Fit::No) => Fit::No,
        (Fit::Yes, Fit::Yes) => Fit::Yes,
        // Redis answers with nothing behind it.
        (Fit::Yes, Fit::More) if start.client.is_empty() && start.server.starts_with(b"+OK ") => Fit::Yes,
        _ => Fit::More,
    }
}

fn sieve(start: &Start<'_>) -> Fit {
    let client = begins_any(start.client, &[b"STARTTLS", b"AUTHENTICATE ", b"CAPABILITY", b"LOGOUT", b"NOOP"]);
    match start.server {
        [] => Fit::maybe(start.client.is_empty()),
        _ if client == Fit::No => Fit::No,
        server => begins(server, b"\"IMPLEMENTATION\""),
    }
}

/// A length in BER (X.690 8.1.3), of at most four bytes.
pub(super) fn ber_length(reader: &mut Reader<'_>) -> Option<Option<u32>> {
    let first = reader.u8().ok()?;
    if first < 0x80 {
        return Some(Some(u32::from(first)));
    }
    let mut length = 0_u32;
    if !(0x81..=0x84).contains(&first) {
        return Some(None);
    }
    for _ in 0..first & 0x7f {
        length = length << 8 | u32::from(reader.u8().ok()?);
    }
    Some(Some(length))
}

/// A bind, a search or an extended request (RFC 4511 4.1.1).
fn ldap(bytes: &[u8]) -> Fit {
    let mut reader = Reader::new(bytes);
    let reader = &mut reader;
    Fit::read((|| {
        if reader.u8().ok()? != 0x30 || ber_length(reader)?.is_none_or(|length| length < 7) || reader.u8().ok()? != 0x02
        {
            return Some(false);
        }
        let size = reader.u8().ok()?;
        if !(1..=4).contains(&size) {
            return Some(false);
        }
        (0..size).try_for_each(|_| reader.u8().ok().map(|_| ()))?;
        let operation = reader.u8().ok()?;
        if !matches!(operation, 0x60 | 0x63 | 0x77) || ber_length(reader)?.is_none() {
            return Some(false);
        }
        let next = reader.u8().ok()?;
        Some(match operation {
            0x60 => next == 0x02 && reader.u8().ok()? == 1 && matches!(reader.u8().ok()?, 2 | 3),
            0x63 => next == 0x04,
            _ => next == 0x80 && reader.u8().ok()? > 3 && reader.u8().ok()?.is_ascii_digit(),
        })
    })())
}

fn xmpp(bytes: &[u8]) -> Fit {
    let stream = |bytes: &[u8]| begins(bytes, b"<stream:stream");
    stream(bytes).or(begins(bytes, b"<?xml ").and(|| {
        let end = bytes.windows(2).position(|pair| pair == b"?>").map(|end| end.saturating_add(2));
        match end.and_then(|end| bytes.get(end..)) {
            Some(rest) => stream(rest.trim_ascii_start()),
            None => Fit::maybe(bytes.len() < START),
        }
    }))
}

/// A Connection Request of X.224 in TPKT that holds what only those of RDP do (MS-RDPBCGR 2.2.1.1): a cookie, a routing
/// token or a negotiation.
fn rdp(bytes: &[u8]) -> Fit {
    let mut reader = Reader::new(bytes);
    begins(bytes, &[3, 0]).and(|| {
        Fit::read((|| {
            reader.u16().ok()?;
            let (length, header) = (reader.u16().ok()?, reader.u8().ok()?);
            let (kind, [_, _, _, _, class]) = (reader.u8().ok()?, reader.array().ok()?);
            if kind != 0xe0 || class != 0 || length != u16::from(header).saturating_add(5) {
                return Some(false);
            }
            match begins_any(reader.rest(), &[b"Cookie: msts", b"tsv://", b"\x01\x00\x08\x00", b"\x01\x01\x08\x00"]) {
                Fit::Yes => Some(true),
                Fit::No => Some(false),
                Fit::More if length == 11 => Some(false),
                Fit::More => None,
            }
        })())
    })
}

/// Commands of the option negotiation (RFC 855): two of them, or one and text behind it.
fn telnet(start: &Start<'_>) -> Fit {
    let one = |bytes: &[u8]| {
        let command = |bytes: &[u8]| match bytes {
            [0xff, 0xfb..=0xfe, option, ..] => Fit::when(*option < 50),
            [0xff, 0xfb..=0xfe] | [0xff] | [] => Fit::More,
            _ => Fit::No,
        };
        command(bytes).and(|| match bytes.get(3..).unwrap_or_default() {
            [0xff, 0xfa, ..] => Fit::Yes,
            [b' '..=b'~' | b'\r' | b'\n', ..] => Fit::Yes,
            rest => command(rest),
        })
    };
    match (one(start.client), one(start.server)) {
        // A client may answer with text.
        (Fit::No, Fit::Yes) => Fit::when(start.client.iter().all(|byte| byte.is_ascii() && *byte != 0)),
        (Fit::No, _) | (_, Fit::No) => Fit::No,
        (client, server) => client.or(server),
    }
}

/// PRELOGIN (MS-TDS 2.2.6.5): a packet header, then the option of the version before all others.
fn tds(bytes: &[u8]) -> Fit {
    let mut reader = Reader::new(bytes);
    if !matches!(bytes.first(), None | Some(0x12)) {
        return Fit::No;
    }
    Fit::read((|| {
        let [_, status] = reader.array().ok()?;
        let length = reader.u16().ok()?;
        let ([_, _, _, window], token) = (reader.array().ok()?, reader.u8().ok()?);
        let (offset, size) = (reader.u16().ok()?, reader.u16().ok()?);
        Some(
            status < 2
                && window == 0
                && token == 0
                && size == 6
                && (6..length).contains(&offset)
                && (20..4096).contains(&length),
        )
    })())
}

/// The header of a message: its length, a request that answers none, and an operation of today or of before (MongoDB
/// documentation, "Wire Protocol").
fn mongodb(start: &Start<'_>) -> Fit {
    /// Bytes of a header.
    const HEADER: usize = 16;
    let mut reader = Reader::new(start.client);
    // A header is not answered before it is whole.
    let short = start.client.len() < HEADER;
    if short && !start.server.is_empty() || start.client.get(2..4).is_some_and(|high| high != [0, 0]) {
        return Fit::No;
    }
    Fit::read((|| {
        let mut number = || reader.array().ok().map(u32::from_le_bytes);
        let (length, _, answers, operation) = (number()?, number()?, number()?, number()?);
        Some((26..=48_000).contains(&length) && answers == 0 && matches!(operation, 2004 | 2012 | 2013))
    })())
}

/// A message behind the header of NetBIOS sessions (MS-SMB2 2.1): SMB 2 and 3, one that is encrypted or compressed, and
/// the negotiation of SMB 1.
fn smb(bytes: &[u8]) -> Fit {
    let Some((first, rest)) = bytes.split_first() else { return Fit::More };
    let Some(message) = rest.get(3..) else { return Fit::maybe(*first == 0) };
    Fit::when(*first == 0).and(|| begins_any(message, &[b"\xfeSMB\x40\x00", b"\xfdSMB", b"\xfcSMB", b"\xffSMB\x72"]))
}

/// What a first packet of OpenVPN holds, given its length: the hard reset of a client, in clear, with a check value of
/// `tls-auth`, or under `tls-crypt` (OpenVPN's protocol, "P_CONTROL_HARD_RESET").
pub(super) fn hard_reset(packet: &[u8], length: usize) -> Fit {
    /// Bytes of check values.
    const CHECKS: [usize; 6] = [16, 20, 28, 32, 48, 64];
    let number = |at: usize| {
        let bytes = packet.get(at..)?.first_chunk().copied();
        bytes.map(u32::from_be_bytes)
    };
    // The first packet of a sender, and a clock that is set.
    let replay = |at: usize| match (number(at), number(at.saturating_add(4))) {
        (Some(1 | 0x0f00_0001), Some(time)) => Fit::when(time > 0x4000_0000),
        (Some(_), _) => Fit::No,
        (None, _) => Fit::More,
    };
    match (packet.first(), length) {
        (None, _) => Fit::More,
        (Some(0x38), 14) => match packet.get(9..14) {
            None => Fit::More,
            Some(rest) => Fit::when(rest == [0; 5]),
        },
        (Some(0x38), _) => {
            let check = length.checked_sub(22).filter(|check| CHECKS.contains(check));
            let crypt = if length == 54 { replay(9) } else { Fit::No };
            check.map_or(Fit::No, |check| replay(check.saturating_add(9))).or(crypt)
        }
        (Some(0x50), 55..) => replay(9),
        _ => Fit::No,
    }
}

fn openvpn(start: &Start<'_>) -> Fit {
    let Some((length, packet)) =
        start.client.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length), rest))
    else {
        return Fit::maybe(start.client.first().is_some_and(|&high| high < 6));
    };
    let fit = hard_reset(packet, usize::from(length));
    // What lies behind the start of a long check value only the answer can tell: a hard reset of the same form, which
    // holds the client's session too.
    match (fit, start.server) {
        (Fit::More, [high, low, 0x40, ..]) => Fit::when(u16::from_be_bytes([*high, *low]) == length.saturating_add(12)),
        (Fit::More, [_, _, _, ..]) => Fit::No,
        _ => fit,
    }
}

/// `<34>`, bare or behind the length of RFC 6587 3.4.1.
fn syslog(bytes: &[u8]) -> Fit {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match bytes.get(digits..).unwrap_or_default() {
        [] if digits < 6 => Fit::More,
        [b' ', rest @ ..] if (1..6).contains(&digits) && bytes.first() != Some(&b'0') => priority(rest),
        _ => priority(bytes),
    }
}

/// The priority with text behind it (RFC 5424 6.2.1).
pub(super) fn priority(bytes: &[u8]) -> Fit {
    let Some((b'<', rest)) = bytes.split_first() else { return Fit::maybe(bytes.is_empty()) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = rest
        .iter()
        .take(digits)
        .fold(0_u32, |value, digit| value.saturating_mul(10).saturating_add(u32::from(digit & 15)));
    match rest.get(digits..).unwrap_or_default() {
        [] if digits < 4 && value < 192 => Fit::More,
        [b'>'] if digits > 0 => Fit::maybe(value < 192),
        [b'>', next, ..] => Fit::when(
            (1..4).contains(&digits) && value < 192 && (next.is_ascii_graphic() || *next >= 0x80 || *next == b' '),
        ),
        _ => Fit::No,
    }
}

/// A request whose length is that of its function, and an answer to it (Modbus Messaging on TCP/IP 3.1.3): certain only
/// with both.
/// The abridged, the intermediate and the padded transport, each with a first message without a key: an identifier of zeros,
/// and a length that fits the frame's (core.telegram.org/mtproto/mtproto-transports, /mtproto/description: unencrypted
/// messages). One byte or four alone would not be sure.
fn mtproto(client: &[u8]) -> Fit {
    /// Identifier of the key, number of the message, its length.
    const HEADER: u32 = 8 + 8 + 4;
    let mut reader = Reader::new(client);
    Fit::read((|| {
        let first = reader.u8().ok()?;
        let (length, padding) = match first {
            0xef => (u32::from(reader.u8().ok()?) * 4, 0),
            0xee | 0xdd => {
                for _ in 0..3 {
                    if reader.u8().ok()? != first {
                        return Some(false);
                    }
                }
                (u32::from_le_bytes(reader.array().ok()?), if first == 0xdd { 15 } else { 0 })
            }
            _ => return Some(false),
        };
        for _ in 0..8 {
            if reader.u8().ok()? != 0 {
                return Some(false);
            }
        }
        let _number = reader.array::<8>().ok()?;
        let message = u32::from_le_bytes(reader.array().ok()?);
        let rest = length.checked_sub(HEADER).and_then(|length| length.checked_sub(message));
        Some(message > 0 && message.is_multiple_of(4) && rest.is_some_and(|rest| rest <= padding))
    })())
}

/// `WA`, two numbers of versions, and a frame of three bytes' length with the client's hello: its field 2 in the messages of
/// protocol buffers, in which field 1 is a key of 32 bytes. Nobody wrote it down officially; so say those who built clients
/// (consonance, whatsmeow).
fn whatsapp(client: &[u8]) -> Fit {
    const HELLO: u8 = 0x12;
    const KEY: [u8; 2] = [0x0a, 32];
    let mut reader = Reader::new(client);
    begins(client, b"WA").and(|| {
        Fit::read((|| {
            let [_, _, major, _minor] = reader.array::<4>().ok()?;
            if !(1..=31).contains(&major) || reader.u8().ok()? != 0 {
                return Some(false);
            }
            let frame = reader.u16().ok()?;
            if frame < 36 || reader.u8().ok()? != HELLO {
                return Some(false);
            }
            // A length of one byte or two.
            if reader.u8().ok()? & 0x80 != 0 && reader.u8().ok()? & 0x80 != 0 {
                return Some(false);
            }
            Some(reader.array::<2>().ok()? == KEY)
        })())
    })
}

fn modbus(start: &Start<'_>) -> Fit {
    let client = start.client;
    if client.is_empty()
        || client.get(2..4).is_some_and(|protocol| protocol != [0, 0])
        || client.get(4).is_some_and(|&high| high != 0)
    {
        return Fit::No;
    }
    let [first, second, _, _, _, length, unit, function, ..] = client else {
        let echo = start.server.iter().zip(client).take(2).all(|(answer, asked)| answer == asked);
        return Fit::maybe(client.len() < 8 && echo);
    };
    let fits = match function {
        1..=6 | 8 => *length == 6,
        7 | 11 | 12 | 17 => *length == 2,
        15 | 16 => client.get(12).is_none_or(|count| length.checked_sub(7) == Some(*count)),
        22 => *length == 8,
        43 => *length == 5,
        _ => false,
    };
    match start.server {
        _ if !fits => Fit::No,
        // One that was not answered is followed by no other.
        [] => Fit::maybe(client.len() <= usize::from(*length).saturating_add(6)),
        [a, b, 0, 0, 0, _, answering, answer, ..] => {
            Fit::when([a, b, answering] == [first, second, unit] && answer & 0x7f == *function)
        }
        server => {
            Fit::maybe(server.len() < 8 && [*first, *second, 0, 0, 0].starts_with(server.get(..5).unwrap_or(server)))
        }
    }
}
