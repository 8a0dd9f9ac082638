//! Makes `seeds/` from `vectors/` and `examples/`: `cargo run --example seeds`. Names are made of contents, so that nothing is
//! written twice.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, mem};

use anyhow::{Context, Result, anyhow};
use dengmi_core::Version;
use dengmi_crypto::{Hash, PrivateKey};
use dengmi_fuzz::{SEED, tlcp_offer};
use dengmi_parse::Limits;
use dengmi_parse::certificate::read_pem;
use dengmi_parse::tls::HandshakeType;
use dengmi_protocol::handshake::suite::suites;
use dengmi_protocol::handshake::{
    Client, Identity, Offer, Preference, Secrets, Server, ServerConfig, ServerStep, Step, groups,
};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let vectors = root.join("vectors");
    for file in files(&vectors.join("handshakes"), "toml")? {
        recording(&fs::read_to_string(&file)?.parse()?).with_context(|| file.display().to_string())?;
    }
    for kind in ["sm2", "ec", "rsa"] {
        for file in files(&vectors.join("certificates").join(kind), "crt")? {
            for der in pem(&file)? {
                keep("certificate", &der)?;
            }
        }
    }
    for name in ["sm2/ca-bundle.pem", "sm2/dual-chain.pem", "ec/p256.key", "rsa/rsa1024.key", "sm2/server-sign.key"] {
        keep("bundle", &fs::read(vectors.join("certificates").join(name))?)?;
    }
    keep("bundle", &pem(&vectors.join("certificates/sm2/single.crt"))?.concat())?;

    for (which, words) in GREETINGS {
        keep("upgrade", &[&[*which], words.as_bytes()].concat())?;
    }
    for file in files(&vectors.join("captures"), "pcap")? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("ssh-") || name.starts_with("ike") || name.starts_with("quic") {
            payloads(&fs::read(&file)?, &name)?;
        }
    }

    for file in files(&vectors.join("quic"), "toml")? {
        quic(&fs::read_to_string(&file)?.parse()?).with_context(|| file.display().to_string())?;
    }
    quic_answers()?;
    for name in ["wapi-80211-handmade.pcap", "x-http-pcapng.pcapng", "x-redis-sll.pcap", "x-tls12-snaplen96.pcap"] {
        keep("capture", &fs::read(vectors.join("captures").join(name))?)?;
    }
    keep("capture", &encapsulated()?)?;
    keep("key_log", &fs::read(vectors.join("captures/tls-key-log.keys"))?)?;
    plain(&fs::read_to_string(vectors.join("plain/starts.toml"))?.parse()?)?;

    for seed in RANDOM_INPUTS {
        keep("random_input", seed)?;
    }
    for line in OBSERVATIONS {
        keep("observation", line.as_bytes())?;
    }
    keep("system", &fs::read(root.join("examples/hospital/system.toml"))?)?;

    // One handshake for each suite that the identity allows.
    for identity in ["rsa/rsa2048", "ec/p256"] {
        for (target, offer, version) in [
            ("client_tlcp", tlcp_offer as fn() -> Offer, Version::TLCP),
            ("client_tls12", Offer::tls12, Version::TLS_1_2),
            ("client_tls13", Offer::tls13, Version::TLS_1_3),
        ] {
            for suite in suites(version) {
                // The second group has no share in the hello: in TLS 1.3 it takes a HelloRetryRequest.
                for group in groups().take(2) {
                    let config = ServerConfig {
                        suites: vec![suite],
                        preference: Preference::Servers,
                        groups: vec![group],
                        tls: Some(tls_identity(&vectors, identity)?),
                        tlcp: Some(tlcp_identity(&vectors)?),
                        limits: Limits::default(),
                    };
                    if let Some(stream) = shake(offer(), config)? {
                        keep(target, &stream)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// What a server says in a whole handshake with the client of a target; `None` when it will not have it.
fn shake(offer: Offer, config: ServerConfig) -> Result<Option<Vec<u8>>> {
    let (mut to_server, mut stream) = (Vec::new(), vec![u8::MAX]);
    let mut client = Client::start(offer, Secrets::from_seed(SEED), &mut to_server)?;
    let mut server = Server::start(Arc::new(config), Secrets::from_seed([9; 32]));
    let mut connection = None;
    loop {
        let mut to_client = Vec::new();
        match server.step(&mem::take(&mut to_server), &mut to_client) {
            Ok(ServerStep::More(more)) => server = more,
            Ok(ServerStep::Done(served)) => {
                connection = Some(served.connection);
                server = Server::start(Arc::new(nobody()), Secrets::from_seed([9; 32]));
            }
            Err(_) => return Ok(None),
        }
        stream.extend_from_slice(&to_client);
        match client.step(&to_client, &mut to_server) {
            Ok(Step::More(more)) => client = more,
            Ok(Step::Done(_)) => break,
            Err(_) => return Ok(None),
        }
    }
    // TLS 1.3: the client is done first.
    if connection.is_none()
        && let Ok(ServerStep::Done(served)) = server.step(&to_server, &mut stream)
    {
        connection = Some(served.connection);
    }
    let mut connection = connection.context("the client is done and the server is not")?;
    connection.send(b"hello", &mut stream)?;
    connection.close(&mut stream)?;
    Ok(Some(stream))
}

/// A server that is never asked again.
fn nobody() -> ServerConfig {
    ServerConfig {
        suites: Vec::new(),
        preference: Preference::Servers,
        groups: Vec::new(),
        tls: None,
        tlcp: None,
        limits: Limits::default(),
    }
}

fn tls_identity(vectors: &Path, name: &str) -> Result<Identity> {
    let file = vectors.join("certificates").join(name);
    Ok(Identity {
        certificates: pem(&file.with_extension("crt"))?,
        signing: key(&file.with_extension("key"))?,
        encryption: None,
    })
}

fn tlcp_identity(vectors: &Path) -> Result<Identity> {
    let folder = vectors.join("certificates/sm2");
    Ok(Identity {
        certificates: [pem(&folder.join("server-sign.crt"))?, pem(&folder.join("server-enc.crt"))?].concat(),
        signing: key(&folder.join("server-sign.key"))?,
        encryption: Some(key(&folder.join("server-enc.key"))?),
    })
}

fn key(file: &Path) -> Result<PrivateKey> {
    let blocks = pem(file)?;
    let der = blocks.first().with_context(|| file.display().to_string())?;
    PrivateKey::from_pkcs8(der).with_context(|| file.display().to_string())
}

fn pem(file: &Path) -> Result<Vec<Vec<u8>>> {
    let blocks =
        read_pem(&fs::read(file)?, &Limits::default()).map_err(|defect| anyhow!("{}: {defect}", file.display()))?;
    Ok(blocks.value.into_iter().map(|block| block.bytes).collect())
}

/// A recording: its hellos and messages each for itself, both directions for the watcher, the server's side for a client.
fn recording(table: &toml::Table) -> Result<()> {
    let is_tls13 = text(table, "kind")?.starts_with("tls13");
    // Places of the versions in the target's list.
    let version = if is_tls13 { 5 } else { 0 };
    for row in rows(table, "message") {
        let message = hex::decode(text(row, "hex")?)?;
        let (Some(kind), Some(body)) = (message.first(), message.get(4..)) else { continue };
        let which = match HandshakeType(*kind) {
            HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO => {
                keep("hello", body)?;
                continue;
            }
            HandshakeType::CERTIFICATE => 0,
            HandshakeType::CERTIFICATE_REQUEST => 1,
            HandshakeType::SERVER_KEY_EXCHANGE => 2,
            HandshakeType::ENCRYPTED_EXTENSIONS => 3,
            HandshakeType::NEW_SESSION_TICKET => 4,
            HandshakeType::CERTIFICATE_VERIFY => 5,
            HandshakeType::FINISHED => 6,
            HandshakeType::CLIENT_KEY_EXCHANGE => 7,
            _ => 8,
        };
        keep("server_message", &[&[which, version], body].concat())?;
    }
    let (mut both, mut server) = (Vec::new(), vec![u8::MAX]);
    for row in rows(table, "record") {
        let record = hex::decode(text(row, "hex")?)?;
        let from_client = text(row, "from")? == "client";
        let length = u16::try_from(record.len())? | if from_client { 0 } else { 0x8000 };
        both.extend(length.to_be_bytes());
        both.extend_from_slice(&record);
        if !from_client {
            server.extend_from_slice(&record);
        }
    }
    keep("watcher", &both)?;
    let log = log(table, is_tls13)?;
    keep("key_log", log.as_bytes())?;
    keep("opener", &[&u16::try_from(log.len())?.to_be_bytes()[..], log.as_bytes(), &both].concat())?;
    // Places of the versions in the prober's scope.
    let which = if is_tls13 { 0 } else { 2 };
    keep("answer", &[&[which], server.get(1..).unwrap_or_default()].concat())?;
    keep(if is_tls13 { "client_tls13" } else { "client_tlcp" }, &server)
}

/// What the client of a recording would have logged.
fn log(table: &toml::Table, is_tls13: bool) -> Result<String> {
    let part = |name: &str| table.get(name).and_then(toml::Value::as_table);
    let random = text(part("random").context("no randoms")?, "client_random")?;
    let field = |name: &str| {
        let found = [part("derived"), part("session")].into_iter().flatten().find_map(|part| text(part, name).ok());
        found.with_context(|| format!("no {name}"))
    };
    if !is_tls13 {
        return Ok(format!("CLIENT_RANDOM {random} {}\n", field("master_secret")?));
    }
    let secrets = [
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"),
        ("CLIENT_TRAFFIC_SECRET_0", "client_application_traffic_secret_0"),
        ("SERVER_TRAFFIC_SECRET_0", "server_application_traffic_secret_0"),
    ];
    secrets.into_iter().map(|(label, name)| Ok(format!("{label} {random} {}\n", field(name)?))).collect()
}

/// The packets of a standard, and what is in them.
fn quic(table: &toml::Table) -> Result<()> {
    let part = |name: &str, field: &str| -> Result<Vec<u8>> {
        let part = table.get(name).and_then(toml::Value::as_table).with_context(|| format!("no part {name}"))?;
        Ok(hex::decode(text(part, field)?)?)
    };
    let (client, server, retry) = (part("client", "packet")?, part("server", "packet")?, part("retry", "packet")?);
    keep("quic", &[piece(false, &client)?, piece(true, &server)?].concat())?;
    keep("quic", &[piece(false, &client)?, piece(true, &retry)?].concat())?;
    keep("quic", &[piece(false, &part("client", "frames")?)?, piece(true, &part("server", "frames")?)?].concat())
}

/// What a server can say to the client of the target, which goes to the same connection id every time.
fn quic_answers() -> Result<()> {
    use dengmi_parse::quic::{
        Body, Close, Frame, FrameType, LongPacket, PacketType, QuicVersion, TransportErrorCode, TransportParameters,
        read_packet,
    };
    use dengmi_protocol::quic::{Client, Initial, InitialKeys, retry_tag, seal_initial};
    let (_, sent) = Client::start(dengmi_fuzz::QUIC_HELLO, QuicVersion::V1, SEED)?;
    let first = sent.first().context("no datagram")?;
    let packet = read_packet(first, &Limits::default()).map_err(|defect| anyhow!("{defect}"))?.value;
    let original = packet.long().context("no long packet")?.destination;
    let written = |first, version, source: &[u8], body| -> Result<Vec<u8>> {
        let mut out = Vec::new();
        LongPacket { first, version, destination: &[], source, body }.write(&mut out)?;
        Ok(out)
    };
    let source = [9; 8];
    let keys = InitialKeys::new(QuicVersion::V1, original).context("no keys")?;
    let sealed = |number, frames: &[Frame<'_>]| -> Result<Vec<u8>> {
        let mut payload = Vec::new();
        frames.iter().try_for_each(|frame| frame.write(&mut payload))?;
        let version = QuicVersion::V1;
        let initial = Initial { version, destination: &[], source: &source, token: &[], number, number_length: 2 };
        Ok(seal_initial(&initial, &payload, &keys.server)?)
    };
    let close = Close { error: TransportErrorCode(0x0128), frame_type: FrameType::CRYPTO, reason: b"no" };
    let pieces = [
        sealed(0, &[Frame::Crypto { offset: 3, data: b"lo!" }, Frame::Padding { length: 9 }])?,
        sealed(1, &[Frame::Crypto { offset: 0, data: b"hellO" }, Frame::Ping])?,
        sealed(2, &[Frame::ConnectionClose(close)])?,
    ];
    let pieces: Vec<_> = pieces.iter().map(|datagram| piece(true, datagram)).collect::<Result<_>>()?;
    keep("quic", &[piece(false, first)?, pieces.concat()].concat())?;
    let versions = Body::VersionNegotiation(vec![QuicVersion::V2, QuicVersion::RESERVED]);
    keep("quic", &piece(true, &written(0x80, QuicVersion::NEGOTIATION, original, versions)?)?)?;
    let first = PacketType::Retry.first(QuicVersion::V1, 1);
    let retry = |integrity_tag| Body::Retry { token: b"token", integrity_tag };
    let mut start = written(first, QuicVersion::V1, &source, retry([0; 16]))?;
    start.truncate(start.len().saturating_sub(16));
    let tag = retry_tag(QuicVersion::V1, original, &start).context("no tag")?;
    keep("quic", &piece(true, &written(first, QuicVersion::V1, &source, retry(tag))?)?)?;
    let mut parameters = Vec::new();
    TransportParameters::client(&source).write(&mut parameters)?;
    keep("quic", &piece(false, &parameters)?)
}

/// A datagram behind its side and length.
fn piece(from_server: bool, datagram: &[u8]) -> Result<Vec<u8>> {
    let length = u16::try_from(datagram.len())? | if from_server { 0x8000 } else { 0 };
    Ok([&length.to_be_bytes(), datagram].concat())
}

/// How conversations begin, and some that go on.
fn plain(table: &toml::Table) -> Result<()> {
    use dengmi_parse::plain::Spoken;
    for row in rows(table, "start") {
        let spoken =
            Spoken::ALL.iter().position(|spoken| text(row, "spoken").is_ok_and(|name| format!("{spoken:?}") == name));
        let which = u8::try_from(spoken.context("an unknown protocol")?)?;
        let (client, server) = (hex::decode(text(row, "client")?)?, hex::decode(text(row, "server")?)?);
        // Where the server speaks first it is heard first.
        let pieces = [piece(true, &server)?, piece(false, &client)?];
        keep("plain", &[vec![which], pieces.concat()].concat())?;
    }
    for (spoken, pieces) in CONVERSATIONS {
        let which = Spoken::ALL.iter().position(|known| known == spoken).context("an unknown protocol")?;
        let pieces: Vec<_> = pieces.iter().map(|(server, bytes)| piece(*server, bytes)).collect::<Result<_>>()?;
        keep("plain", &[vec![u8::try_from(which)?], pieces.concat()].concat())?;
    }
    Ok(())
}

/// What the server of a capture sent (pcap over Ethernet and IPv4, its packets in order): the stream of SSH, the datagrams of
/// IKE; those of QUIC from both sides.
fn payloads(file: &[u8], name: &str) -> Result<()> {
    let (mut stream, mut datagrams) = (Vec::new(), Vec::new());
    let mut left = file.get(24..).context("no pcap")?;
    while let Some(header) = left.first_chunk::<16>() {
        let length = usize::try_from(u32::from_le_bytes([header[8], header[9], header[10], header[11]]))?;
        let packet = left.get(16..16 + length).context("a packet is cut off")?;
        left = &left[16 + length..];
        let (Some(ip), Some(protocol)) = (packet.get(14..), packet.get(23)) else { continue };
        let Some(transport) = ip.get(20..) else { continue };
        let from = transport.first_chunk().map_or(0, |port| u16::from_be_bytes(*port));
        match protocol {
            6 if from < 1024 || name.contains("ssh") => {
                let offset = transport.get(12).map_or(20, |byte| usize::from(byte >> 4) * 4);
                stream.push((from, transport.get(offset..).unwrap_or_default().to_vec()));
            }
            17 => {
                let to = transport.get(2..).and_then(<[u8]>::first_chunk).map_or(0, |port| u16::from_be_bytes(*port));
                // Of IKE both ports are the same.
                datagrams.extend(piece(from < to, transport.get(8..).unwrap_or_default())?);
            }
            _ => {}
        }
    }
    // The server is the side with the lower port.
    let server = stream.iter().map(|(port, _)| *port).min();
    let stream: Vec<u8> =
        stream.into_iter().filter(|(port, _)| Some(*port) == server).flat_map(|(_, bytes)| bytes).collect();
    if !stream.is_empty() {
        keep("ssh", &stream)?;
    }
    let target = if name.starts_with("quic") { "quic" } else { "ike" };
    if datagrams.is_empty() { Ok(()) } else { keep(target, &datagrams) }
}

/// A file of pcapng with an interface for each packet.
fn encapsulated() -> Result<Vec<u8>> {
    let block = |kind: u32, body: &[u8]| -> Result<Vec<u8>> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = u32::try_from(body.len() + padding.len() + 12)?.to_le_bytes();
        Ok([&kind.to_le_bytes()[..], &length, body, &padding, &length].concat())
    };
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let mut file = block(0x0a0d_0d0a, &section)?;
    for (link, _) in ENCAPSULATED {
        file.extend(block(1, &[&link.to_le_bytes()[..], &[0; 6]].concat())?);
    }
    for (interface, (_, packet)) in (0_u32..).zip(ENCAPSULATED) {
        let packet = hex::decode(packet)?;
        let length = u32::try_from(packet.len())?;
        let header = [interface, 0, 0, length, length].map(u32::to_le_bytes).concat();
        file.extend(block(6, &[header, packet].concat())?);
    }
    Ok(file)
}

fn text<'a>(table: &'a toml::Table, field: &str) -> Result<&'a str> {
    table.get(field).and_then(toml::Value::as_str).with_context(|| format!("no field {field}"))
}

fn rows<'a>(table: &'a toml::Table, name: &str) -> impl Iterator<Item = &'a toml::Table> {
    table.get(name).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_table)
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries: Vec<_> =
        fs::read_dir(folder).with_context(|| folder.display().to_string())?.collect::<Result<_, _>>()?;
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

fn keep(target: &str, seed: &[u8]) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder)?;
    let name: String = hex::encode(&*Hash::Sha256.digest(seed)).chars().take(16).collect();
    Ok(fs::write(folder.join(name), seed)?)
}

/// Form and order, bits of a sample, bytes of a piece; then text or bytes.
const RANDOM_INPUTS: &[&[u8]] = &[
    b"\x00@\x07\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f !\x22#$%&'()*+,-./0123456789:;<=>?",
    b"\x01\x03\x02110 0110\x0a11",
    b"\x02\x0c\x01a5c3 FF0",
    b"\x06\x08\x09a5 g",
    b"\x00\x01\xffoverlapping_1,m=2",
    b"\x00\x09\xff{SM4}qUVw+2mZpD0cXr9GkA71sQ==",
    b"\x00\x09\xffnon_overlapping_template,m=9,template=1",
];

/// The place of a protocol in `Upgrade::ALL`, and what one of its servers says.
const GREETINGS: &[(u8, &str)] = &[
    (0, "220 mail.example ESMTP\r\n250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n220 go\r\n"),
    (2, "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\na OK begin\r\n"),
    (3, "+OK ready\r\n+OK\r\nSTLS\r\nUSER\r\n.\r\n+OK begin\r\n"),
    (4, "220 (vsFTPd 3.0.3)\r\n234 Proceed with negotiation.\r\n"),
    (
        6,
        "<stream:stream from='x' version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ),
    (8, "S"),
    (10, "\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\nOK\r\n"),
    (11, "200 news\r\n101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n382 go\r\n"),
];

/// Whether the server speaks, and what.
type Said = (bool, &'static [u8]);

/// Conversations in clear.
const CONVERSATIONS: &[(dengmi_parse::plain::Spoken, &[Said])] = {
    use dengmi_parse::plain::Spoken;
    &[
        (
            Spoken::Http,
            &[
                (false, b"POST /a?name=%E5%BC%A0%E4%B8%89 HTTP/1.1\r\nAuthorization: Basic YTpi\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 23\r\n\r\nusername=a&password=b%26"),
                (true, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n14\r\n{\"id\":\"11010519990101\r\n5\r\n1238\"\r\n0\r\n\r\n"),
            ],
        ),
        (
            Spoken::Smtp,
            &[
                (true, b"220 a\r\n"),
                (false, b"EHLO a\r\nAUTH LOGIN\r\nYWI=\r\nYWI=\r\nSTARTTLS\r\n"),
                (true, b"250-a\r\n250 STARTTLS\r\n334 a\r\n334 b\r\n235 c\r\n220 go\r\n"),
            ],
        ),
        (Spoken::Imap, &[(true, b"* OK a\r\n"), (false, b"a LOGIN \"b c\" d\r\nb STARTTLS\r\n"), (true, b"a NO\r\nb OK\r\n")]),
        (
            Spoken::Postgresql,
            &[
                (false, b"\0\0\0\x08\x04\xd2\x16\x2f"),
                (true, b"N"),
                (false, b"\0\0\0\x12\0\x03\0\0user\0app\0\0"),
                (true, b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"),
                (false, b"p\0\0\0\x16SCRAM-SHA-256\0\0\0\0\0Q\0\0\0\x0dselect 1\0"),
            ],
        ),
        (
            Spoken::Xmpp,
            &[
                (false, b"<?xml version='1.0'?><stream:stream version='1.0'><starttls/>"),
                (true, b"<stream:stream version='1.0'><features><starttls/></features><proceed/>"),
            ],
        ),
        (
            Spoken::Telnet,
            &[(true, b"\xff\xfd\x18login: "), (false, b"\xff\xfa\x18\0vt\xff\xf0a\r\0"), (true, b"password:"), (false, b"b\r\0")],
        ),
    ]
};

const OBSERVATIONS: &[&str] = &[
    r#"{"at":"2026-11-22T09:00:00Z","kind":"tls.session","method":"tool-test","observed":"192.0.2.20:443","place":{"artifact":"sha256:0101010101010101010101010101010101010101010101010101010101010101","what":"portal.pcap","where":"packet 4"},"reach":"seen","schema":1,"tool":"capture 0.1.0","value":{"cipher_suite_code":"0x1301","handshake":"complete","hidden":{"certificate":"encrypted"},"resumed":null}}"#,
    r#"{"at":"2026-11-22T09:00:00Z","kind":"tls.accepts","method":"tool-test","observed":"[::1]:443","reach":"absent","schema":1,"subject":"portal","tool":"probe","value":{"asked":"registry","groups":[],"order":"not-tried","protocol":"tlcp","schemes":[],"suite_names":[],"suites":[],"version":"0x0101"}}"#,
    r#"{"at":"2026-11-22T09:00:00Z","kind":"of.tomorrow","method":"interview","observed":"x","place":{"artifact":"sha256:0101010101010101010101010101010101010101010101010101010101010101","what":"x","where":"bytes 1+2"},"reach":"seen","schema":1,"tool":"t","value":{"a":[1,"二"]}}"#,
];

/// Packets of every encapsulation, with their link types.
const ENCAPSULATED: &[(u16, &str)] = &[
    (
        1,
        "02000000000202000000000188a800028100006408004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "0200000000020200000000018847000100400002014060000000001b064020010db800000000000000000000000120010db80000000000000000000000029c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "0200000000020200000000018847000201400000000002000000000202000000000108004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "020000000002020000000001886411000005003100214500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "02000000000202000000000108004500007500094000402f0000c000020ac0000214b000655800000000000000050000000102000000000202000000000186dd60000000001b064020010db800000000000000000000000120010db80000000000000000000000029c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "02000000000202000000000108004500006100094000402f0000c000020ac0000214100088be00000000000000000000000002000000000202000000000108004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "02000000000202000000000108004500005700094000402f0000c000020ac00002143081880b000700050000000100000001ff0300214500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "0200000000020200000000010800450000610009400040110000c000020ac00002149c4012b5004d0000080000000001020002000000000202000000000108004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "0200000000020200000000010800450000650009400040110000c000020ac00002149c4017c10051000001006558000102000000000002000000000202000000000108004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "0200000000020200000000010800450000570009400040290000c000020ac000021460000000001b064020010db800000000000000000000000120010db80000000000000000000000029c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        1,
        "0200000000020200000000010800450000470009400040330000c000020ac00002140604000000000102000000000000000000000000000000009c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (1, "02000000000202000000000108004500001c0009400040320000c000020ac00002140000010200000001"),
    (1, "02000000000202000000000108004500001c0009200040110000c000020ac00002149c4001f400100000"),
    (1, "02000000000202000000000108004500001c0009000140110000c000020ac00002143132333435363738"),
    (
        1,
        "0200000000020200000000010037aaaa0300000008004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        101,
        "600000000028004020010db800000000000000000000000120010db80000000000000000000000023c000000000000002c0000000000000006000001000000099c4001bb000000070000000850180101",
    ),
    (
        101,
        "6000000000132c4020010db800000000000000000000000120010db80000000000000000000000020600001000000009000000007061796c6f6164",
    ),
    (0, "020000004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164"),
    (
        108,
        "0000001e60000000001b064020010db800000000000000000000000120010db80000000000000000000000029c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        9,
        "ff03005760000000001b064020010db800000000000000000000000120010db80000000000000000000000029c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (50, "0f0008004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164"),
    (
        113,
        "000000000000000000000000000008004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        276,
        "86dd00000000000000000000000000000000000060000000001b064020010db800000000000000000000000120010db80000000000000000000000029c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        105,
        "080100000b0b0b0b0b0b0a0a0a0a0a0a0c0c0c0c0c0c0000aaaa0300000008004500002f0009400040060000c000020ac00002149c4001bb000000070000000850180101000000007061796c6f6164",
    ),
    (
        105,
        "080200000b0b0b0b0b0b0a0a0a0a0a0a0c0c0c0c0c0c0000aaaa03000000888e0203006302010a000000000000000000000101010101010101010101010101010101010101010101010101010101010101000000000000000000000000000000000000000000000000000000000000000007070707070707070707070707070707000430020100",
    ),
    (105, "084100000b0b0b0b0b0b0a0a0a0a0a0a0c0c0c0c0c0c000001020020000000000000000000000000"),
    (
        127,
        "000009000200000010080000000b0b0b0b0b0b0a0a0a0a0a0a0c0c0c0c0c0c0000aaaa0300000088b4000101040000000d000100009900000000",
    ),
    (
        192,
        "0000080069000000080100000b0b0b0b0b0b0a0a0a0a0a0a0c0c0c0c0c0c0000aaaa0300000086dd60000000001b064020010db800000000000000000000000120010db80000000000000000000000029c4001bb000000070000000850180101000000007061796c6f6164",
    ),
];
