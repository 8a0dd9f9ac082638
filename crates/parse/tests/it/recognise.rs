//! Which protocol a flow speaks: first messages of real programs, each against all rows, and captures.

use dengmi_parse::plain::{Recognised, START, Spoken, Transport, recognise};
use dengmi_parse::tls::{Side, Sides};
use proptest::prelude::*;

use crate::capture::{vectors, whole};

/// How a conversation begins, and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) spoken: Spoken,
    pub(crate) of: String,
    pub(crate) over: Transport,
    pub(crate) client: Vec<u8>,
    pub(crate) server: Vec<u8>,
}

impl Sample {
    fn recognised(&self) -> Recognised {
        recognise(&Sides { client: &self.client, server: &self.server }, self.over)
    }
}

/// Those of `vectors/plain/starts.toml`, and the captures'.
pub(crate) fn samples() -> Vec<Sample> {
    let table: toml::Table = std::fs::read_to_string(vectors("plain").join("starts.toml")).unwrap().parse().unwrap();
    let written = table["start"].as_array().unwrap().iter().map(|row| {
        let text = |key: &str| row[key].as_str().unwrap();
        let bytes = |key| {
            let hex = text(key);
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        };
        let spoken = Spoken::ALL.iter().find(|spoken| format!("{spoken:?}") == text("spoken")).unwrap();
        let over = if text("over") == "stream" { Transport::Stream } else { Transport::Datagrams };
        Sample { spoken: *spoken, of: text("of").into(), over, client: bytes("client"), server: bytes("server") }
    });
    let recorded = whole().into_iter().map(|conversation| {
        let datagrams = conversation.truth["transport"].as_str() == Some("udp");
        let side = |side| {
            let mut pieces =
                conversation.pieces.iter().filter(|(from, _)| *from == side).map(|(_, bytes)| bytes.clone());
            if datagrams { pieces.next().unwrap_or_default() } else { pieces.collect::<Vec<_>>().concat() }
        };
        Sample {
            spoken: match conversation.truth["protocol"].as_str() {
                Some("HTTP") => Spoken::Http,
                _ => spoken_in(&conversation.name),
            },
            over: if datagrams { Transport::Datagrams } else { Transport::Stream },
            client: side(Side::Client),
            server: side(Side::Server),
            of: conversation.name,
        }
    });
    written.chain(recorded).collect()
}

/// What a capture speaks first, by its name.
fn spoken_in(name: &str) -> Spoken {
    let known = [
        ("dtls", Spoken::Dtls),
        ("ssh-", Spoken::Ssh),
        ("ike", Spoken::Ike),
        ("quic", Spoken::Quic),
        ("mqtt", Spoken::Mqtt),
        ("mysql", Spoken::Mysql),
        ("postgres", Spoken::Postgresql),
        ("redis", Spoken::Redis),
        ("tlcp", Spoken::Tlcp),
        ("x-tlcp", Spoken::Tlcp),
        ("x-redis", Spoken::Redis),
        ("x-http", Spoken::Http),
        ("http", Spoken::Http),
    ];
    known.iter().find(|(start, _)| name.starts_with(start)).map_or(Spoken::Tls, |(_, spoken)| *spoken)
}

#[test]
fn every_protocol_is_recognised_and_taken_for_no_other() {
    let samples = samples();
    for sample in &samples {
        assert_eq!(sample.recognised(), Recognised::Is(sample.spoken), "{sample:x?}");
    }
    for spoken in Spoken::ALL {
        assert!(samples.iter().any(|sample| sample.spoken == *spoken), "no start of {spoken}");
    }
}

#[test]
fn a_start_that_is_not_whole_is_not_known_yet_or_known_rightly() {
    for sample in samples().iter().filter(|sample| sample.over == Transport::Stream) {
        let most = |bytes: &[u8]| bytes.len().min(START + 2);
        let mut told = 0;
        for client in 0..=most(&sample.client) {
            for server in 0..=most(&sample.server) {
                let first = Sides { client: &sample.client[..client], server: &sample.server[..server] };
                match recognise(&first, sample.over) {
                    Recognised::More => {}
                    Recognised::Is(spoken) if spoken == sample.spoken => told += 1,
                    // Of what only one side tells, or only both.
                    Recognised::Unknown if (client == 0) != (server == 0) => {}
                    other => panic!("{other:?} of {client} and {server} bytes: {sample:x?}"),
                }
            }
        }
        assert!(told > 0, "{}", sample.of);
    }
}

#[test]
fn what_nobody_speaks_is_unknown() {
    let check = |client: &[u8], server: &[u8], over, expected| {
        assert_eq!(recognise(&Sides { client, server }, over), expected, "{client:x?} {server:x?} {over:?}");
    };
    use Recognised::{More, Unknown};
    use Transport::{Datagrams, Stream};
    for over in [Stream, Datagrams] {
        check(b"", b"", over, More);
        check(&[0; 64], b"", over, Unknown);
        check(&[0xff; 64], b"", over, Unknown);
        check(b"hello, who is there? nobody but us, and all of us are in a text\r\n", b"", over, Unknown);
        // Memcached, IRC, Kerberos over TCP, VNC, AMQP, BitTorrent, SOCKS, Kafka.
        check(b"get key\r\n", b"END\r\n", over, Unknown);
        check(b"NICK a\r\nUSER a 0 * :a\r\n", b":irc.test NOTICE * :*** Looking up\r\n", over, Unknown);
        check(b"\x00\x00\x00\xb0\x6a\x81\xad\x30\x81\xaa\xa1\x03\x02\x01\x05\xa2", b"", over, Unknown);
        check(b"", b"RFB 003.008\n", over, Unknown);
        check(b"AMQP\x00\x00\x09\x01", b"", over, Unknown);
        check(b"\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x05", b"", over, Unknown);
        check(b"\x05\x01\x00", b"\x05\x00", over, Unknown);
        check(b"\x00\x00\x00\x23\x00\x12\x00\x03\x00\x00\x00\x01\x00\x07rdkafka", b"", over, Unknown);
        // S7comm in the same frame as RDP; a bare Connection Request, which several protocols have.
        check(
            b"\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02",
            b"",
            over,
            Unknown,
        );
        check(b"\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00", b"", over, Unknown);
    }
    // MTProto with a key that is known already, one that is a byte too long, and obfuscated; a word that begins like WhatsApp.
    check(b"\xef\x0a\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04", b"", Stream, Unknown);
    let longer = b"\xef\x0b\0\0\0\0\0\0\0\0\x01\x23\x45\x67\x89\xab\x65\x00\x14\0\0\0\xf1\x8e\x7e\xbe";
    check(longer, b"", Stream, Unknown);
    check(b"\xee\xee\xee\x3e\x28\0\0\0", b"", Stream, Unknown);
    check(b"WAIT\r\n", b"", Stream, Unknown);
    // HTTP/0.9 and a command of Redis look the same.
    check(b"GET /\r\n", b"<html>", Stream, Unknown);
    // Greetings that fit two protocols wait for a client.
    check(b"", b"220 ready\r\n", Stream, More);
    check(b"", b"200 ready\r\n", Stream, More);
    check(b"", b"+OK\r\n", Stream, More);
    check(b"", b"220 this SMTP server is an FTP server too\r\n", Stream, More);
    check(b"QUIT\r\n", b"220 ready\r\n", Stream, Unknown);
    // TLS on a port that greets.
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    check(hello, b"220 mail ESMTP\r\n", Stream, Recognised::Is(Spoken::Tls));
    check(hello, b"HTTP/1.1 400 Bad Request\r\n", Stream, Recognised::Is(Spoken::Tls));
    // A modbus request without an answer, with one of another unit.
    let request = b"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x02";
    check(request, b"", Stream, More);
    check(request, b"\x00\x01\x00\x00\x00\x07\x02\x03\x04\x12\x34\xab\xcd", Stream, Unknown);
    // A client's Initial that is too short; a version that nobody has.
    let mut initial = [&b"\xc0\x00\x00\x00\x01\x08\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00"[..], &[7; 1184]].concat();
    check(&initial, b"", Datagrams, Recognised::Is(Spoken::Quic));
    check(&initial[..1199], b"", Datagrams, Unknown);
    initial[4] = 9;
    check(&initial, b"", Datagrams, Unknown);
    // Lengths that are one off.
    check(&[&b"\x01\0\0\0"[..], &[7; 143]].concat(), b"", Datagrams, Unknown);
    // NetBIOS names.
    let netbios =
        b"\x12\x34\x01\x10\x00\x01\x00\x00\x00\x00\x00\x00\x20FHEPFCELEHFCEPFFFACACACACACACABN\x00\x00\x20\x00\x01";
    check(netbios, b"", Datagrams, Unknown);
    // One side of ESP is not enough.
    check(&[&b"\xc1\xa2\xb3\xd4\x00\x00\x00\x01"[..], &[7; 64]].concat(), b"", Datagrams, More);
}

fn sides() -> impl Strategy<Value = (Sample, prop::sample::Index, u8, bool)> {
    let samples = samples();
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>())
        .prop_map(move |(which, at, value, client)| (which.get(&samples).clone(), at, value, client))
}

proptest! {
    #[test]
    fn a_changed_byte_never_panics((mut sample, at, value, client) in sides()) {
        let bytes = if client { &mut sample.client } else { &mut sample.server };
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = value;
            let _ = sample.recognised();
            sample.client.truncate(at);
            let _ = sample.recognised();
        }
    }

    #[test]
    fn noise_is_not_taken_for_a_protocol(client in prop::collection::vec(any::<u8>(), 64..65), datagram in any::<bool>()) {
        let over = if datagram { Transport::Datagrams } else { Transport::Stream };
        let found = recognise(&Sides { client: &client, server: &[] }, over);
        prop_assert!(!matches!(found, Recognised::Is(_)), "{found:?}");
    }

    #[test]
    fn more_bytes_never_lead_to_another_protocol(
        client in prop::collection::vec(any::<u8>(), 0..20),
        server in prop::collection::vec(any::<u8>(), 0..20),
        (sample, at, _, _) in sides(),
    ) {
        let cut = |bytes: &[u8], more: &[u8]| {
            let end = if bytes.is_empty() { 0 } else { at.index(bytes.len()) };
            (bytes[..end].to_vec(), [&bytes[..end], more].concat())
        };
        let (client, longer_client) = cut(&sample.client, &client);
        let (server, longer_server) = cut(&sample.server, &server);
        if sample.over == Transport::Stream && !client.is_empty()
            && let Recognised::Is(spoken) = recognise(&Sides { client: &client, server: &server }, sample.over) {
            let later = recognise(&Sides { client: &longer_client, server: &longer_server }, sample.over);
            prop_assert!(!matches!(later, Recognised::Is(other) if other != spoken), "{later:?}");
        }
    }
}
