//! Recorded traffic against what is known of it, field by field.

use dengmi_collect::capture::{Cancel, Options, Source, Summary, capture};
use dengmi_core::{Fact, Observation, WirelessNetwork};
use dengmi_parse::tls::KeyLog;
use dengmi_protocol::certify::{Certificates, Certifier};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/captures")
}

pub(crate) fn run(sources: &[Source]) -> (Vec<Observation>, Summary) {
    run_with(sources, false, None)
}

fn run_with(sources: &[Source], verify_all: bool, key_log: Option<KeyLog>) -> (Vec<Observation>, Summary) {
    let key_log = key_log.map(Arc::new);
    let options = Options { sessions: true, verify_all, key_log, follow: false, tool: "capture in a test".into() };
    let mut certifier = Certifier::new(Certificates::default(), Default::default(), Vec::new(), Default::default());
    let mut found = Vec::new();
    let summary = capture(sources, &options, &mut certifier, &Cancel::default(), &mut |_| None, &mut |observation| {
        found.push(observation);
    });
    (found, summary.unwrap())
}

pub(crate) fn truths() -> Vec<(PathBuf, toml::Table)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(vectors()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(&file).unwrap().parse().unwrap())).collect()
}

/// What is to be told for a value of the truth.
enum Expected {
    Is(Value),
    /// True of the connection, and not to be seen in the capture.
    Hidden,
    /// The key, or its value, is about something that no observation says; why.
    NotAField(&'static str),
}

/// The truth's words beside ours, where they are others.
const WORDS: [(&str, &str, &str); 23] = [
    ("protocol", "TLCP offered, not accepted", "TLCP"),
    ("protocol", "TLS offered, not accepted", "TLS"),
    ("group", "X25519", "x25519"),
    ("group", "P-256", "secp256r1"),
    ("signature", "rsa_pkcs1_md5_sha1 (implied by TLS 1.0)", "rsa_pkcs1_md5_sha1"),
    ("handshake", "not captured", "unfinished"),
    ("handshake", "client side only", "unfinished"),
    (
        "handshake",
        "complete, but cut by a snap length of 96 bytes: the cipher suite in ServerHello is out of reach",
        "unfinished",
    ),
    ("cipher_suite", "SSL_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_RC4_128_SHA"),
    ("app_protocol", "Redis", "Redis (RESP)"),
    ("key_alg", "id-ecPublicKey", "ECDSA"),
    ("key_alg", "rsaEncryption", "RSA"),
    ("key_usage", "Digital Signature", "digitalSignature"),
    ("key_usage", "Non Repudiation", "nonRepudiation"),
    ("key_usage", "Key Encipherment", "keyEncipherment"),
    ("key_usage", "Data Encipherment", "dataEncipherment"),
    ("key_usage", "Key Agreement", "keyAgreement"),
    ("key_usage", "Certificate Sign", "keyCertSign"),
    ("key_usage", "CRL Sign", "cRLSign"),
    ("ike_encryption", "AES-CBC-256", "ENCR_AES_CBC-256"),
    ("ike_group", "MODP-2048 (14)", "2048-bit MODP Group"),
    ("ike_prf", "HMAC-SHA2-256", "PRF_HMAC_SHA2_256"),
    ("ike_integrity", "HMAC-SHA2-256-128", "AUTH_HMAC_SHA2_256_128"),
];

fn ours(key: &str, truth: &str) -> String {
    let word = WORDS.iter().find(|(of, theirs, _)| *of == key && *theirs == truth);
    word.map_or(truth, |(_, _, ours)| ours).to_owned()
}

fn expected(key: &str, truth: &toml::Value, flow: &toml::Table) -> Expected {
    let word = |name: &str| flow.get(name).and_then(toml::Value::as_str).unwrap_or_default();
    let partial =
        ["not captured", "client side only"].contains(&word("handshake")) || word("handshake").contains("snap");
    let failed = word("handshake") == "failed";
    match (key, truth) {
        ("esp", _) => Expected::NotAField("said by the sessions of ESP, of which there is none"),
        ("contains", _) => Expected::NotAField("compared on its own"),
        ("auth", toml::Value::String(text)) if text == "pre-shared key" => {
            Expected::NotAField("IKEv2 sends it encrypted")
        }
        (_, toml::Value::String(text)) if text.starts_with("unknown") => Expected::Hidden,
        (_, toml::Value::String(text)) if text.contains("(encrypted)") || text.contains("inside encrypted") => {
            Expected::Hidden
        }
        ("app_protocol", toml::Value::String(text)) if text.ends_with("(inside)") && flow.get("starttls").is_none() => {
            Expected::Hidden
        }
        ("app_protocol", toml::Value::String(text)) if text.is_empty() => Expected::Hidden,
        ("app_protocol", toml::Value::String(text)) => {
            Expected::Is(ours(key, text.trim_end_matches(" (inside)")).into())
        }
        ("group", toml::Value::String(text)) if text == "finite-field DH, 2048-bit prime" => Expected::Is(Value::Null),
        ("group" | "signature", toml::Value::String(text)) if text.is_empty() => match partial {
            true => Expected::Hidden,
            false => Expected::Is(Value::Null),
        },
        ("client_auth" | "resumed", _) if partial => Expected::Hidden,
        ("client_auth", _) if word("version") == "1.3" => Expected::Hidden,
        // What only the end of the handshake, or the side that is missing, would tell.
        (
            "key_exchange"
            | "version"
            | "group"
            | "group_code"
            | "forward_secret"
            | "encrypted"
            | "post_quantum"
            | "certificates_visible",
            _,
        ) if partial && word("handshake") != "not captured" => Expected::Hidden,
        // Thirty bytes of a ClientHello do not reach so far.
        ("sni" | "wire_version", _) if word("handshake").contains("snap") => Expected::Hidden,
        ("forward_secret", _) if partial => Expected::Hidden,
        ("encrypted", _) if failed => Expected::Is(Value::Null),
        ("certificates_visible", _) if failed => Expected::Hidden,
        (_, toml::Value::String(text)) => Expected::Is(ours(key, text).into()),
        (_, toml::Value::Integer(number)) => Expected::Is((*number).into()),
        (_, toml::Value::Boolean(truth)) => Expected::Is((*truth).into()),
        _ => panic!("{key} = {truth:?} is no value of the truth"),
    }
}

#[derive(Default)]
struct Table {
    compared: BTreeMap<String, usize>,
    hidden: BTreeMap<String, usize>,
    left_out: BTreeSet<(String, &'static str)>,
    wrong: Vec<String>,
}

impl Table {
    fn check(&mut self, file: &str, key: &str, truth: &toml::Value, flow: &toml::Table, told: &Value) {
        let found = told.get(key);
        match expected(key, truth, flow) {
            Expected::Is(expected) => {
                *self.compared.entry(key.into()).or_default() += 1;
                if found != Some(&expected) {
                    self.wrong.push(format!("{file}: {key} is {expected}, told {found:?}"));
                }
            }
            Expected::Hidden => {
                *self.hidden.entry(key.into()).or_default() += 1;
                if found.is_some() {
                    self.wrong.push(format!("{file}: {key} cannot be seen, told {found:?}"));
                }
            }
            Expected::NotAField(why) => drop(self.left_out.insert((key.into(), why))),
        }
    }

    fn certificate(&mut self, file: &str, truth: &toml::Table, told: &Value) {
        for (key, value) in truth {
            let found = told.get(key);
            let expected: Value = match (key.as_str(), value) {
                ("key_usage", toml::Value::String(text)) => {
                    text.split(", ").map(|usage| ours(key, usage)).collect::<Vec<_>>().into()
                }
                ("key_alg", toml::Value::String(_))
                    if truth.get("curve").and_then(|curve| curve.as_str()) == Some("SM2") =>
                {
                    "SM2".into()
                }
                ("not_after", toml::Value::String(text)) => instant(text).into(),
                ("curve", toml::Value::String(text)) => match text.as_str() {
                    "P-256" | "prime256v1" => "secp256r1".into(),
                    other => other.into(),
                },
                (_, toml::Value::String(text)) => ours(key, text).into(),
                (_, toml::Value::Integer(number)) => (*number).into(),
                (_, toml::Value::Boolean(truth)) => (*truth).into(),
                other => panic!("{other:?}"),
            };
            *self.compared.entry(format!("certificate.{key}")).or_default() += 1;
            if found != Some(&expected) {
                self.wrong.push(format!("{file}: certificate {key} is {expected}, told {found:?}"));
            }
        }
    }
}

/// `Nov 17 18:49:23 2046 GMT` as RFC 3339 has it.
fn instant(text: &str) -> String {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| *month == parts[0]).unwrap() + 1;
    format!("{}-{month:02}-{:0>2}T{}Z", parts[3], parts[1], parts[2])
}

/// The kinds of things that a truth says can be read, as ours.
fn contained(truth: &str) -> &'static [&'static str] {
    match truth {
        "login page" => &["login form"],
        "username" | "user name" => &["user name"],
        "password in a form body" | "password" | "AUTH password" => &["password"],
        "Chinese name (UTF-8)" => &["Chinese name"],
        "resident identity number (valid check digit, made up)" => &["resident identity number"],
        "mobile number" => &["mobile number"],
        "bank card number (Luhn valid, made up)" => &["bank card number"],
        "session cookie" => &["session cookie"],
        "payload" => &["payload"],
        "SQL text" => &["SQL text"],
        // Text of Chinese characters, or a number or name of a person in it.
        "UTF-8 personal data" | "UTF-8 personal data in a result row" => {
            &["Chinese text", "Chinese name", "mobile number", "resident identity number"]
        }
        other => panic!("{other:?} is not known"),
    }
}

#[test]
fn every_field_of_every_recorded_flow_is_told_as_it_was() {
    let mut table = Table::default();
    let mut flows = 0;
    for (file, truth) in truths() {
        let name = truth["capture"].as_str().unwrap();
        let (found, summary) = run(&[Source::Path(file.with_file_name(name))]);
        assert_eq!(summary.packets, u64::try_from(truth["packets"].as_integer().unwrap()).unwrap(), "{name}");
        assert_eq!((summary.undecodable, &summary.defects), (0, &Vec::new()), "{name}");
        let sessions: Vec<Value> =
            found.iter().filter(|one| matches!(one.fact, Fact::Session(..))).map(value).collect();
        let networks: Vec<Value> =
            found.iter().filter(|one| matches!(one.fact, Fact::WirelessNetwork(_))).map(value).collect();
        let list = |key: &str| truth.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
        for flow in list("flow") {
            flows += 1;
            let flow = flow.as_table().unwrap();
            let ends = ["client", "client_port", "server", "server_port", "transport"];
            let same = |told: &&Value| ends.iter().all(|key| expected_of(&flow[*key]) == told[*key]);
            let matching: Vec<&Value> = sessions.iter().filter(same).collect();
            let [told] = matching[..] else {
                panic!("{name}: {} sessions for {flow:?} among {sessions:?}", matching.len());
            };
            for (key, value) in flow.iter().filter(|(key, _)| *key != "certificate") {
                table.check(name, key, value, flow, told);
            }
            let certificates = told["certificate"].as_array().cloned().unwrap_or_default();
            let truths = flow.get("certificate").and_then(toml::Value::as_array).cloned().unwrap_or_default();
            assert_eq!(certificates.len(), truths.len(), "{name}");
            truths.iter().zip(&certificates).for_each(|(truth, told)| {
                table.certificate(name, truth.as_table().unwrap(), told);
            });
            let readable: Vec<&str> =
                told["contains"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            for word in flow.get("contains").and_then(toml::Value::as_array).into_iter().flatten() {
                let kinds = contained(word.as_str().unwrap());
                *table.compared.entry("contains".into()).or_default() += 1;
                if !readable.iter().any(|told| kinds.iter().any(|kind| told.starts_with(kind))) {
                    table.wrong.push(format!("{name}: {word} is not told: {readable:?}"));
                }
            }
        }
        for network in list("network") {
            let network = network.as_table().unwrap();
            let told = networks.iter().find(|told| told["bssid"] == expected_of(&network["bssid"]));
            let told = told.unwrap_or_else(|| panic!("{name}: no {network:?} among {networks:?}"));
            for (key, truth) in network {
                let expected = match (key.as_str(), truth) {
                    ("protection", truth) => Value::from(vec![expected_of(truth)]),
                    (_, toml::Value::Array(list)) if list.is_empty() => Value::Null,
                    (_, toml::Value::String(text)) if text.is_empty() => Value::Null,
                    (_, toml::Value::Array(list)) => list.iter().map(expected_of).collect::<Vec<_>>().into(),
                    (_, other) => expected_of(other),
                };
                *table.compared.entry(format!("network.{key}")).or_default() += 1;
                if told[key] != expected {
                    table.wrong.push(format!("{name}: network {key} is {expected}, told {}", told[key]));
                }
            }
        }
    }
    let mut text = String::new();
    let keys: BTreeSet<&String> = table.compared.keys().chain(table.hidden.keys()).collect();
    for key in keys {
        let count = |of: &BTreeMap<String, usize>| of.get(key).copied().unwrap_or_default();
        writeln!(text, "{key:<28}{:>6} equal{:>6} hidden", count(&table.compared), count(&table.hidden)).unwrap();
    }
    let sum = |of: &BTreeMap<String, usize>| of.values().sum::<usize>();
    writeln!(
        text,
        "{flows} flows: {} fields equal, {} hidden as they must be",
        sum(&table.compared),
        sum(&table.hidden)
    )
    .unwrap();
    table.left_out.iter().for_each(|(key, why)| writeln!(text, "left out: {key}: {why}").unwrap());
    println!("{text}");
    assert!(table.wrong.is_empty(), "{}\n{text}", table.wrong.join("\n"));
    assert!(flows >= 49 && sum(&table.compared) >= 1000, "{text}");
}

fn expected_of(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn value(observation: &Observation) -> Value {
    let line: Value = serde_json::from_slice(&observation.line().unwrap()).unwrap();
    line["value"].clone()
}

#[test]
fn a_folder_is_read_as_one_run_and_compressed_files_as_the_others() {
    let (found, summary) = run(&[Source::Path(vectors())]);
    assert!(summary.sessions as usize >= found.iter().filter(|one| matches!(one.fact, Fact::Session(..))).count());
    // The truths, the README and the key log are no captures, and that is said of each.
    assert_eq!(summary.defects.len(), truths().len() + 2);
    let networks: &[WirelessNetwork] = &summary.networks;
    assert_eq!(networks.len(), 4);
}

/// A capture with these packets out of another: number, and what is done to its bytes.
fn rewritten(name: &str, change: impl Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>) -> Vec<u8> {
    let bytes = std::fs::read(vectors().join(name)).unwrap();
    let (header, mut left) = bytes.split_at(24);
    let mut packets = Vec::new();
    while !left.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(left[8..12].try_into().unwrap())).unwrap();
        packets.push(left[..16 + length].to_vec());
        left = &left[16 + length..];
    }
    [header.to_vec(), change(packets).concat()].concat()
}

/// The session of the one flow of a capture with these bytes.
fn one(bytes: &[u8]) -> (Value, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("抓包.pcap");
    std::fs::write(&file, bytes).unwrap();
    let (found, summary) = run(&[Source::Path(file)]);
    let [one] = &found[..] else { panic!("{found:?}") };
    (value(one), summary)
}

const TLCP: &str = "tlcp-ecc-sm4-gcm-sm3.pcap";

#[test]
fn packets_that_are_late_doubled_or_forged_change_nothing_that_came_first() {
    let (told, _) = one(&rewritten(TLCP, |packets| packets));
    let doubled = |packets: Vec<Vec<u8>>| packets.into_iter().flat_map(|packet| [packet.clone(), packet]).collect();
    let (found, summary) = one(&rewritten(TLCP, doubled));
    assert_eq!((found, summary.overlaps), (told.clone(), 0));
    // Each packet a second time, with another last byte: an attempt to show somebody else another conversation.
    let forged = |packets: Vec<Vec<u8>>| {
        let again = |packet: Vec<u8>| {
            let mut other = packet.clone();
            *other.last_mut().unwrap() ^= 0xff;
            [packet, other]
        };
        packets.into_iter().flat_map(again).collect()
    };
    assert_eq!(one(&rewritten(TLCP, forged)).0, told);
    // The first data segment of the server goes behind the second.
    let late = |mut packets: Vec<Vec<u8>>| {
        let server: Vec<usize> = (0..packets.len()).filter(|&at| packets[at].len() > 500).collect();
        packets.swap(server[0], server[1]);
        packets
    };
    assert_eq!(one(&rewritten(TLCP, late)).0["cipher_suite"], told["cipher_suite"]);
}

#[test]
fn what_is_lost_is_hidden_and_never_absent() {
    let whole = one(&rewritten(TLCP, |packets| packets)).0;
    let count = rewritten(TLCP, |packets| vec![vec![0; packets.len()]]).len() - 24;
    for lost in 0..count {
        let without = |mut packets: Vec<Vec<u8>>| {
            packets.remove(lost);
            packets
        };
        let (told, summary) = one(&rewritten(TLCP, without));
        assert!(summary.defects.is_empty());
        for key in ["version", "cipher_suite", "certificate", "group"] {
            let same = told.get(key).is_none() || told[key] == whole[key];
            assert!(same, "without packet {lost}: {key} is {:?}", told[key]);
        }
    }
}

#[test]
fn a_connection_on_the_same_ports_is_another_session() {
    let again = |packets: Vec<Vec<u8>>| {
        // Another one begins before the first has ended: no FIN, new numbers.
        let open: Vec<_> = packets.iter().take(packets.len() - 6).cloned().collect();
        let moved = packets.into_iter().map(|mut packet| {
            packet[16 + 34 + 4] ^= 0x40;
            packet
        });
        open.into_iter().chain(moved).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twice.pcap");
    std::fs::write(&file, rewritten(TLCP, again)).unwrap();
    let (found, summary) = run(&[Source::Path(file)]);
    assert_eq!((found.len(), summary.services.len(), summary.services[0].sessions), (2, 1, 2), "{summary:?}");
}

#[test]
fn files_that_are_cut_foreign_empty_or_compressed_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(vectors().join(TLCP)).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Source::Path(path)
    };
    let (_, summary) = run(&[file("cut.pcap", &whole[..whole.len() - 5])]);
    assert_eq!((summary.sessions, summary.defects.len()), (1, 1));
    let (told, _) = run(&[file("whole.pcap", &whole)]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &whole).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(&whole[..], ruzstd::encoding::CompressionLevel::Fastest);
    for (name, bytes) in [("a.pcap.gz", &gzip), ("a.pcap.zst", &zstd)] {
        let (found, summary) = run(&[file(name, bytes)]);
        assert_eq!((found, summary.defects), (told.clone(), vec![]), "{name}");
    }
    let options = Options { sessions: true, verify_all: false, key_log: None, follow: false, tool: "test".into() };
    let mut certifier = Certifier::new(Certificates::default(), Default::default(), Vec::new(), Default::default());
    for (name, bytes) in
        [("text.pcap", &b"no capture at all, but text"[..]), ("empty.pcap", b""), ("short.pcap", &whole[..20])]
    {
        let source = file(name, bytes);
        let read = capture(&[source], &options, &mut certifier, &Cancel::default(), &mut |_| None, &mut |_| {});
        assert!(read.is_err(), "{name}");
    }
    // A file of zeros that expands without end is ended.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &whole[..24]).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..200).for_each(|_| std::io::Write::write_all(&mut bomb, &zeros).unwrap());
    let source = file("bomb.pcap.gz", &bomb.finish().unwrap());
    let read = capture(&[source], &options, &mut certifier, &Cancel::default(), &mut |_| None, &mut |_| {});
    assert!(read.is_err_and(|error| error.to_string().contains("two hundred times")));
}

#[test]
fn signatures_of_recorded_key_exchanges_hold_and_say_why_not() {
    let mut seen = BTreeMap::<String, usize>::new();
    for (file, truth) in truths() {
        let name = truth["capture"].as_str().unwrap();
        let (found, summary) = run(&[Source::Path(file.with_file_name(name))]);
        assert_eq!(summary.signatures[1], 0, "{name}");
        for told in found.iter().filter(|one| ["tls.session", "tlcp.session"].contains(&one.fact.kind())).map(value) {
            let exchange = told["key_exchange"].as_str().unwrap_or_default();
            let why = told["hidden"]["signature_holds"].as_str();
            let (expected, reason): (Option<Value>, Option<&str>) = match (told["handshake"].as_str(), exchange) {
                (Some("complete"), "RSA") => (Some(Value::Null), None),
                (Some("complete"), _) if told["version"] == "1.3" => (None, Some("sent encrypted")),
                (Some("complete"), _) => (Some(true.into()), None),
                _ if told["version"] == "1.3" => (None, Some("sent encrypted")),
                _ => (None, Some("not in the capture")),
            };
            assert_eq!((told.get("signature_holds"), why), (expected.as_ref(), reason), "{name}: {told}");
            *seen.entry(format!("{} {}: {expected:?}", told["protocol"], told["version"])).or_default() += 1;
        }
    }
    let holding: Vec<&String> = seen.keys().filter(|key| key.ends_with("Some(Bool(true))")).collect();
    assert_eq!(holding.len(), 4, "TLCP, TLS 1.0 and 1.2, DTLS 1.2: {seen:?}");
}

/// Where `part` stands in a packet of the capture, from behind the packet's own header of 16 bytes.
fn place(packets: &[Vec<u8>], part: &[u8]) -> (usize, usize) {
    let at = |packet: &Vec<u8>| packet.windows(part.len()).position(|window| window == part);
    let found: Vec<(usize, usize)> =
        packets.iter().enumerate().filter_map(|(number, packet)| at(packet).map(|at| (number, at))).collect();
    let [one] = found[..] else { panic!("{} places", found.len()) };
    one
}

#[test]
fn a_forged_key_exchange_is_found_whichever_part_was_changed() {
    // The first bytes of a ServerKeyExchange with its record: type, version, a length, type, a length.
    let starts: [(&str, &[u8]); 5] = [
        ("tlcp-ecc-sm4-gcm-sm3.pcap", &[0x16, 1, 1]),
        ("tlcp-ecdhe-sm4-cbc-sm3-mutual.pcap", &[0x16, 1, 1]),
        ("tls12-ecdhe-rsa-aes128-gcm.pcap", &[0x16, 3, 3]),
        ("tls12-ecdhe-ecdsa-chacha.pcap", &[0x16, 3, 3]),
        ("tls10-ecdhe-rsa-aes128-cbc.pcap", &[0x16, 3, 1]),
    ];
    for (name, start) in starts {
        let find = |packets: &[Vec<u8>], kind: u8| {
            // A ClientHello's record may say another version.
            let start = if kind == 1 { &start[..2] } else { start };
            let fits = |window: &[u8]| window.starts_with(start) && window[5] == kind;
            packets
                .iter()
                .enumerate()
                .find_map(|(number, packet)| packet.windows(6).position(fits).map(|at| (number, at)))
                .unwrap()
        };
        let changed = |kind: u8, offset: isize| {
            one(&rewritten(name, |mut packets| {
                let (number, at) = find(&packets, kind);
                let length = isize::from(packets[number][at + 4]) + 256 * isize::from(packets[number][at + 3]);
                let at = if offset < 0 { at as isize + 5 + length + offset } else { at as isize + offset };
                let (mut at, mut number) = (at as usize, number);
                // What does not fit goes on in the next packet from the same port, behind its headers.
                while at >= packets[number].len() {
                    at -= packets[number].len();
                    let port = packets[number][16 + 34..16 + 36].to_vec();
                    number = (number + 1..).find(|&next| packets[next][16 + 34..16 + 36] == port[..]).unwrap();
                    at += 16 + 34 + 4 * usize::from(packets[number][16 + 34 + 12] >> 4);
                }
                packets[number][at] ^= 1;
                packets
            }))
        };
        let (told, summary) = one(&rewritten(name, |packets| packets));
        assert_eq!((&told["signature_holds"], summary.signatures), (&Value::Bool(true), [1, 0]), "{name}");
        // The last byte of the signature, one in the middle of it, one of each random.
        for (kind, offset) in [(12, -1), (12, -30), (2, 20), (1, 20)] {
            let (told, summary) = changed(kind, offset);
            assert_eq!((&told["signature_holds"], summary.signatures), (&Value::Bool(false), [0, 1]), "{name} {kind}");
        }
    }
    // What ECC of TLCP signs is the certificate that encrypts; its last byte is no key, and the reading does not mind it.
    let (told, _) = one(&rewritten(TLCP, |mut packets| {
        let serial = [0xA3, 0x2F, 0x42, 0xC7, 0x49, 0xD1, 0xCC, 0x12];
        let (number, at) = place(&packets, &serial);
        packets[number][at] ^= 1;
        packets
    }));
    assert_eq!(told["signature_holds"], Value::Bool(false));
}

#[test]
fn three_sessions_of_a_server_and_certificate_are_checked_unless_all_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("five.pcap");
    let five = rewritten(TLCP, |packets| {
        let client_port = packets[0][16 + 34..16 + 36].to_vec();
        let moved = |packet: &Vec<u8>, number: u8| {
            let mut packet = packet.clone();
            let at = if packet[16 + 34..16 + 36] == client_port[..] { 16 + 34 } else { 16 + 36 };
            packet[at] ^= number;
            packet
        };
        (0..5).flat_map(|number| packets.iter().map(move |packet| moved(packet, number)).collect::<Vec<_>>()).collect()
    });
    std::fs::write(&file, five).unwrap();
    let source = [Source::Path(file)];
    let states = |found: &[Observation]| -> Vec<(Value, Value)> {
        let told = found.iter().map(value);
        told.map(|told| (told["signature_holds"].clone(), told["hidden"]["signature_holds"].clone())).collect()
    };
    let (found, summary) = run(&source);
    let (held, spared) = ((Value::Bool(true), Value::Null), (Value::Null, "not tried: sampled".into()));
    assert_eq!(
        states(&found),
        [[held.clone(), held.clone()].as_slice(), &[held.clone(), spared.clone(), spared]].concat()
    );
    assert_eq!(summary.signatures, [3, 0]);
    let (found, summary) = run_with(&source, true, None);
    assert_eq!((states(&found), summary.signatures), (vec![held; 5], [5, 0]));
}

const KEY_LOG: &str = "tls-key-log.pcap";

fn key_log(change: impl Fn(String) -> String) -> KeyLog {
    let text = std::fs::read_to_string(vectors().join("tls-key-log.keys")).unwrap();
    KeyLog::read(change(text).as_bytes()).unwrap()
}

fn opened(log: KeyLog) -> (Vec<Value>, Summary) {
    let (found, summary) = run_with(&[Source::Path(vectors().join(KEY_LOG))], false, Some(log));
    (found.iter().map(value).collect(), summary)
}

#[test]
fn a_key_log_opens_the_sessions_of_its_client_and_no_others() {
    let (told, summary) = opened(key_log(|text| text));
    assert_eq!(summary.opened, [3, 0]);
    let contains = |told: &Value| -> Vec<String> {
        told["contains"].as_array().into_iter().flatten().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let [tls13, cbc, chacha, closed] = &told[..] else { panic!("{told:?}") };
    for one in [tls13, cbc, chacha] {
        assert_eq!((&one["app_protocol"], &one["opened_with"]), (&"HTTP".into(), &"key log".into()), "{one}");
        assert_eq!((&one["encrypted"], &one["handshake"]), (&true.into(), &"complete".into()));
    }
    for one in [tls13, cbc] {
        let found = contains(one).join("; ");
        assert!(found.contains("password") && found.contains("user name"), "{found}");
        assert!(!found.contains("Spring"), "{found}");
    }
    let found = contains(chacha).join("; ");
    assert!(found.contains("mobile number") && found.contains("resident identity number"), "{found}");
    assert!(!found.contains("13800138000") && !found.contains("11010519491231002X"), "{found}");
    assert_eq!((closed.get("opened_with"), closed.get("contains"), closed.get("app_protocol")), (None, None, None));
    // Nothing else is told otherwise for it.
    let (without, _) = run(&[Source::Path(vectors().join(KEY_LOG))]);
    assert_eq!(&value(&without[3]), closed);
    for (one, with) in without.iter().map(value).zip(&told) {
        for (key, told) in one.as_object().unwrap() {
            assert_eq!(told, &with[key], "{key}");
        }
    }
}

#[test]
fn secrets_that_do_not_fit_open_nothing_and_that_is_said() {
    let lines = |keep: fn(&str) -> bool| {
        key_log(|text| text.lines().filter(|line| keep(line)).map(|line| format!("{line}\n")).collect())
    };
    // The handshake's secrets are not needed: what does not open before the first that does is passed over.
    let (told, summary) = opened(lines(|line| !line.contains("HANDSHAKE")));
    assert_eq!((summary.opened, &told[0]["app_protocol"]), ([3, 0], &"HTTP".into()));
    // One direction alone is not enough to follow a conversation.
    let (told, summary) = opened(lines(|line| !line.starts_with("SERVER_")));
    assert_eq!(summary.opened, [2, 1]);
    assert_eq!(told[0]["hidden"]["app_protocol"], "the key log lacks the secrets that this version needs");
    // Another secret under the same random.
    let other = |text: String| {
        let ends = |line: &str| format!("{}{}\n", &line[..line.len() - 1], if line.ends_with('0') { '1' } else { '0' });
        text.lines().filter(|line| !line.starts_with('#')).map(ends).collect()
    };
    let (told, summary) = opened(key_log(other));
    assert_eq!(summary.opened, [0, 3]);
    for one in &told[..3] {
        assert_eq!((one.get("app_protocol"), one.get("opened_with")), (None, None), "{one}");
        assert_eq!(one["handshake"], "complete");
    }
    assert_eq!(told[1]["hidden"]["app_protocol"], "a record does not open with the logged secrets");
    // A changed byte of the ciphertext ends it there, and what was opened before stays.
    let changed = rewritten(KEY_LOG, |mut packets| {
        let last = packets.iter().rposition(|packet| packet.len() > 300).unwrap();
        let end = packets[last].len() - 1;
        packets[last][end] ^= 1;
        packets
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changed.pcap");
    std::fs::write(&file, changed).unwrap();
    let (_, summary) = run_with(&[Source::Path(file)], false, Some(key_log(|text| text)));
    assert_eq!(summary.opened.iter().sum::<u64>(), 3);
}

#[test]
fn a_station_of_wapi_is_a_session_as_far_as_its_frames_go() {
    let (found, _) = run(&[Source::Path(vectors().join("wapi-80211-handmade.pcap"))]);
    let sessions: Vec<&Observation> = found.iter().filter(|one| one.fact.kind() == "wapi.session").collect();
    let [one] = sessions[..] else { panic!("{found:?}") };
    assert_eq!(&*one.observed.to_string(), "bssid:02:00:00:00:00:01");
    let told = value(one);
    for (key, expected) in [
        ("client", Value::from("02:00:00:00:00:02")),
        ("server", "02:00:00:00:00:01".into()),
        ("transport", "802.11".into()),
        ("protocol", "WAPI".into()),
        ("version", "1".into()),
        ("auth", "WAI certificate".into()),
        ("cipher", "WPI-SM4".into()),
        // The file holds the first step of WAI alone.
        ("handshake", "unfinished".into()),
        ("encrypted", true.into()),
    ] {
        assert_eq!(told[key], expected, "{key}");
    }
}

/// A host of 10.0.0.0/24 and a port.
type End = (u8, u16);

/// Datagrams of UDP in a capture of raw IP: from, to, payload.
fn datagrams(all: &[(End, End, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101, 0, 0, 0];
    for (second, ((from, source), (to, destination), payload)) in (1_u32..).zip(all) {
        let length = u16::try_from(28 + payload.len()).unwrap();
        let [l0, l1] = length.to_be_bytes();
        let mut packet = vec![0x45, 0, l0, l1, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, *from, 10, 0, 0, *to];
        [*source, *destination, length - 20, 0].iter().for_each(|field| packet.extend(field.to_be_bytes()));
        packet.extend(payload);
        let length = u32::from(length);
        [second, 0, length, length].iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
        bytes.extend(packet);
    }
    bytes
}

fn read_bytes(bytes: &[u8]) -> (Vec<Observation>, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.pcap");
    std::fs::write(&file, bytes).unwrap();
    run(&[Source::Path(file)])
}

#[test]
fn esp_in_udp_is_counted_by_pairs_and_nothing_that_is_named_is_said_to_be_in_clear() {
    let esp =
        |spi: u8, number: u8, length: usize| [&[1, 0, 0, spi, 0, 0, 0, number][..], &vec![0x5a; length - 8]].concat();
    let (near, far) = ((1, 40_000), (2, 4500));
    let wireguard = |kind: u8, length: usize| [&[kind, 0, 0, 0][..], &vec![0x5a; length - 4]].concat();
    let capture = datagrams(&[
        (near, far, esp(3, 1, 100)),
        (far, near, esp(4, 1, 60)),
        (near, far, vec![0xff]),
        (near, far, esp(3, 2, 40)),
        // An INFORMATIONAL of IKE among them is none of ESP.
        (near, far, [&[0; 4][..], &[7; 16], &[46, 0x20, 37, 8, 0, 0, 0, 1, 0, 0, 0, 60], &[0; 32]].concat()),
        (far, near, esp(4, 2, 80)),
        ((3, 51_820), (4, 51_820), wireguard(1, 148)),
        ((4, 51_820), (3, 51_820), wireguard(2, 92)),
        // The same form on another port is told by name, and its packets are its flow's.
        ((5, 40_000), (6, 4501), esp(5, 1, 100)),
        ((6, 4501), (5, 40_000), esp(6, 1, 100)),
    ]);
    let (found, summary) = read_bytes(&capture);
    let told: Vec<_> = summary
        .tunnels
        .iter()
        .map(|tunnel| (tunnel.protocol, tunnel.ends[0].to_string(), tunnel.packets, tunnel.bytes, tunnel.associations))
        .collect();
    assert_eq!(told, [("ESP in UDP", "10.0.0.1".into(), [2, 2], [140, 140], 2)]);
    let kinds: Vec<_> = found.iter().map(|one| one.fact.kind()).collect();
    assert_eq!(kinds, ["named.session"; 3]);
    let names = found.iter().map(|one| match &one.fact {
        Fact::Session(_, session) => session.protocol.seen().unwrap().to_string(),
        other => panic!("{other:?}"),
    });
    let names: BTreeSet<String> = names.collect();
    assert_eq!(names, ["ESP in UDP".to_owned(), "WireGuard".to_owned()].into());
}

#[test]
fn packets_of_esp_and_ah_are_counted_for_each_pair_of_hosts() {
    let packet = |from: u8, to: u8, protocol: u8, payload: &[u8]| {
        let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
        let header = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
        [&header[..], payload].concat()
    };
    let esp = |spi: u8, length: usize| [&[0, 0, 0, spi][..], &vec![0x5a; length - 4]].concat();
    // An authentication header of 24 bytes before a datagram of UDP.
    let ah = [&[17, 4, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1][..], &[7; 12], &[0, 53, 0, 53, 0, 12, 0, 0], b"said"].concat();
    let packets = [
        packet(1, 2, 50, &esp(3, 100)),
        packet(2, 1, 50, &esp(4, 60)),
        packet(1, 2, 50, &esp(3, 40)),
        packet(1, 9, 50, &esp(7, 50)),
        packet(2, 1, 51, &ah),
    ];
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101, 0, 0, 0];
    for (second, packet) in (1_u32..).zip(&packets) {
        let length = u32::try_from(packet.len()).unwrap();
        [second, 0, length, length].iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
        bytes.extend_from_slice(packet);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("esp.pcap");
    std::fs::write(&file, bytes).unwrap();
    let (_, summary) = run(&[Source::Path(file)]);
    let told: Vec<_> = summary
        .tunnels
        .iter()
        .map(|one| (one.protocol, one.ends.map(|end| end.to_string()), one.packets, one.bytes, one.associations))
        .collect();
    let host = |number: u8| format!("10.0.0.{number}");
    assert_eq!(
        told,
        [
            ("AH", [host(2), host(1)], [1, 0], [4, 0], 1),
            ("ESP", [host(1), host(2)], [2, 1], [140, 60], 2),
            ("ESP", [host(1), host(9)], [1, 0], [50, 0], 1),
        ]
    );
    assert_eq!(summary.tunnels[1].seen, (1_000_000_000, 3_000_000_000));
    assert_eq!((summary.flows, summary.undecodable), (1, 0));
}

#[test]
fn a_use_of_ike_names_what_was_agreed_on() {
    let (_, summary) = run(&[Source::Path(vectors().join("ikev2-psk-aes256-sha256-modp2048.pcap"))]);
    let told = |port| {
        let mut services = summary.services.iter();
        let service = services.find(|service| service.server.is_some_and(|server| server.port() == port)).unwrap();
        (&*service.protocol, &*service.version, &*service.suite, service.encrypted, service.complete)
    };
    let suite = "ENCR_AES_CBC-256 AUTH_HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 2048-bit MODP Group";
    // The conversation begins at one port and goes over to the other.
    assert_eq!([told(500), told(4500)], [("IKE", "2.0", suite, Some(true), 1); 2]);
}

#[test]
fn a_use_knows_the_weakest_key_that_was_shown() {
    for (name, key) in [
        (TLCP, Some("SM2")),
        ("tls12-ecdhe-ecdsa-chacha.pcap", Some("ECDSA secp256r1")),
        ("tls12-ecdhe-rsa-aes128-gcm.pcap", Some("RSA 2048")),
        ("tls13-aes256-x25519-rsa.pcap", None),
    ] {
        let (_, summary) = run(&[Source::Path(vectors().join(name))]);
        let [service] = &summary.services[..] else { panic!("{name}") };
        assert_eq!(service.key.as_ref().map(|key| &*key.name), key, "{name}");
        assert_eq!(service.numbers.suite.map(|suite| suite.to_string()).as_deref(), service.suite.split(' ').next());
    }
}
