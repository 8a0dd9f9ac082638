//! Recorded traffic as tshark reads it, field by field beside ours.
//!
//! Nothing is compared that only one of the two tells. Where they disagree the reason stands in [`EXPLAINED`]; a row there
//! that explains nothing is a mistake too.

use crate::capture::{run, truths, value};
use crate::probe::peer::missing;
use dengmi_collect::capture::Source;
use dengmi_core::Fact;
use dengmi_core::registry::{self, IkeClass};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const TSHARK: (&str, &str) = ("/usr/bin/tshark", "tshark");

/// File, field, and why tshark 4.0 says something else. `*`: whichever file.
const EXPLAINED: [(&str, &str, &str); 3] = [
    ("ssh-curve25519-ed25519-chacha.pcap", "mac", AEAD),
    ("ssh-ecdh-p256-ecdsa-aes128gcm.pcap", "mac", AEAD),
    ("quic-v1-aes128.pcap", "wire_version", "ours has it as tls_version: the version on the wire is that of QUIC"),
];
const AEAD: &str = "the lists agree on a code that a cipher with its own does not use; ours says so";

/// The names that tshark has for what is asked of each packet; those of TLS once more for DTLS.
const OF_TLS: [&str; 10] = [
    "version",
    "ciphersuite",
    "extensions_server_name",
    "server_named_curve",
    "extensions_key_share_group",
    "extensions.supported_version",
    "extensions_alpn_str",
    "sig_hash_alg",
    "ja3",
    "ja3s",
];
const OTHERS: [&str; 19] = [
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "x509af.serialNumber",
    "ssh.protocol",
    "ssh.kex_algorithms",
    "ssh.server_host_key_algorithms",
    "ssh.encryption_algorithms_server_to_client",
    "ssh.mac_algorithms_server_to_client",
    "isakmp.tf.id.encr",
    "isakmp.ike2.attr.key_length",
    "isakmp.tf.id.prf",
    "isakmp.tf.id.integ",
    "isakmp.tf.id.dh",
];

/// What one side of a flow said, by field, in the order of the wire.
type Said = BTreeMap<String, Vec<String>>;

/// What was said, by who said it to whom.
type Sides = BTreeMap<[String; 2], Said>;
/// Networks of 802.11: their address and name.
type Networks = BTreeSet<(String, String)>;

/// What tshark tells of a file, and of how many packets.
fn told(file: &Path) -> (Sides, u64, Networks) {
    let fields: Vec<String> = OF_TLS
        .iter()
        .flat_map(|field| [format!("tls.handshake.{field}"), format!("dtls.handshake.{field}")])
        .chain(OTHERS.iter().map(|field| (*field).to_owned()))
        .chain(["wlan.bssid".to_owned(), "wlan.ssid".to_owned()])
        .collect();
    let mut command = Command::new(TSHARK.0);
    command.args(["-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-T", "fields", "-E", "separator=/t"]);
    command.args(["-E", "aggregator=;", "-r"]).arg(file).args(fields.iter().flat_map(|field| ["-e", field]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut sides = Sides::new();
    let (mut packets, mut networks) = (0, BTreeSet::new());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        packets += 1;
        let cells: BTreeMap<&str, &str> = fields.iter().map(String::as_str).zip(line.split('\t')).collect();
        let end = |address: [&str; 2], port: [&str; 2]| {
            let first = |names: [&str; 2]| names.map(|name| cells[name]).into_iter().find(|text| !text.is_empty());
            Some(format!("{} {}", first(address)?, first(port)?))
        };
        if !cells["wlan.ssid"].is_empty() {
            networks.insert((cells["wlan.bssid"].to_owned(), cells["wlan.ssid"].to_owned()));
        }
        let (Some(from), Some(to)) = (
            end(["ip.src", "ipv6.src"], ["tcp.srcport", "udp.srcport"]),
            end(["ip.dst", "ipv6.dst"], ["tcp.dstport", "udp.dstport"]),
        ) else {
            continue;
        };
        let said = sides.entry([from, to]).or_default();
        for (field, text) in cells.into_iter().filter(|(_, text)| !text.is_empty()) {
            let name = field.rsplit_once("handshake.").map_or(field, |(_, name)| name);
            said.entry(name.to_owned()).or_default().extend(text.split(';').map(str::to_owned));
        }
    }
    (sides, packets, networks)
}

/// The last value of a field: after a HelloRetryRequest the second ServerHello counts.
fn last(said: &Said, field: &str) -> Option<String> {
    said.get(field).and_then(|values| values.last()).cloned()
}

fn number(text: &str) -> u16 {
    let digits = text.trim_start_matches("0x");
    if digits.len() < text.len() { u16::from_str_radix(digits, 16) } else { text.parse() }.unwrap()
}

fn code(text: &str) -> Value {
    format!("0x{:04x}", number(text)).into()
}

/// A number as people write it: no zeros in front.
fn serial(text: &str) -> String {
    text.trim_start_matches("00").to_uppercase()
}

/// The first of the client's names that the server has too (RFC 4253 7.1).
fn agreed(client: &Said, server: &Said, field: &str) -> Option<Value> {
    let names = |said: &Said| last(said, field).map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>());
    let (offered, accepted) = (names(client)?, names(server)?);
    offered.into_iter().find(|name| accepted.contains(name)).map(Into::into)
}

/// Everything that tshark tells of a session, under our names.
fn fields(client: &Said, server: &Said) -> Vec<(&'static str, Option<Value>)> {
    let scheme = |text: String| registry::scheme(dengmi_core::Scheme(number(&text))).map(|entry| entry.name.into());
    let chosen = last(server, "extensions.supported_version").or_else(|| last(server, "version"));
    let group = last(server, "extensions_key_share_group").or_else(|| last(server, "server_named_curve"));
    let serials: Vec<Value> = [server, client]
        .into_iter()
        .flat_map(|said| said.get("x509af.serialNumber").cloned().unwrap_or_default())
        .map(|text| serial(&text).into())
        .collect();
    let ike = |class, field: &str, bits: Option<String>| {
        let name = registry::ike(class, number(&last(server, field)?))?.name;
        Some(bits.map_or_else(|| name.into(), |bits| format!("{name}-{bits}").into()))
    };
    let bits = last(server, "isakmp.ike2.attr.key_length");
    vec![
        ("sni", last(client, "extensions_server_name").map(Into::into)),
        ("cipher_suite_code", last(server, "ciphersuite").map(|text| code(&text))),
        ("wire_version", chosen.map(|text| code(&text))),
        ("group_code", group.map(|text| code(&text))),
        // Of the server's own signature, and not of the schemes that it takes from clients.
        ("signature", server.get("sig_hash_alg").and_then(|list| list.first()).cloned().and_then(scheme)),
        ("alpn", last(server, "extensions_alpn_str").map(Into::into)),
        (
            "certificates",
            Some(serials.into()).filter(|list: &Value| list.as_array().is_some_and(|list| !list.is_empty())),
        ),
        ("ja3", client.get("ja3").and_then(|list| list.first()).cloned().map(Into::into)),
        ("ja3s", last(server, "ja3s").map(Into::into)),
        ("version", last(server, "ssh.protocol").and_then(|text| Some(text.split('-').nth(1)?.to_owned().into()))),
        ("key_exchange", agreed(client, server, "ssh.kex_algorithms")),
        ("host_key_alg", agreed(client, server, "ssh.server_host_key_algorithms")),
        ("cipher", agreed(client, server, "ssh.encryption_algorithms_server_to_client")),
        ("mac", agreed(client, server, "ssh.mac_algorithms_server_to_client")),
        ("ike_encryption", ike(IkeClass::Encryption2, "isakmp.tf.id.encr", bits)),
        ("ike_prf", ike(IkeClass::Prf, "isakmp.tf.id.prf", None)),
        ("ike_integrity", ike(IkeClass::Integrity, "isakmp.tf.id.integ", None)),
        ("ike_group", ike(IkeClass::KeyExchange, "isakmp.tf.id.dh", None)),
    ]
}

fn ours(session: &Value, field: &str) -> Option<Value> {
    let told = match field {
        "certificates" => {
            let list = session["certificate"].as_array()?.iter().map(|one| one["serial"].clone());
            Value::from(list.collect::<Vec<_>>())
        }
        _ => session.get(field)?.clone(),
    };
    Some(told).filter(|told| !told.is_null())
}

#[test]
fn tshark_says_the_same_of_every_recorded_flow() {
    if missing(TSHARK) {
        return;
    }
    let (mut equal, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
    let (mut explained, mut ours_alone, mut theirs_alone) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (truth, table) in truths() {
        let name = table["capture"].as_str().unwrap();
        let file = truth.with_file_name(name);
        let (sides, packets, networks) = told(&file);
        let (found, summary) = run(&[Source::Path(file)]);
        assert_eq!(packets, summary.packets, "{name}");
        let ssids = |one: &dengmi_core::WirelessNetwork| {
            let ssid = one.ssid.as_deref().unwrap_or_default().bytes().map(|byte| format!("{byte:02x}")).collect();
            (one.bssid.to_string(), ssid)
        };
        assert_eq!(summary.networks.iter().map(ssids).collect::<BTreeSet<(String, String)>>(), networks, "{name}");
        *equal.entry("network").or_default() += networks.len();
        let none = Said::new();
        for session in found.iter().filter(|one| matches!(one.fact, Fact::Session(..))).map(value) {
            let end = |side: &str| format!("{} {}", session[side].as_str().unwrap(), session[format!("{side}_port")]);
            let ends = [end("client"), end("server")];
            let back = [ends[1].clone(), ends[0].clone()];
            let [client, server] = [&ends, &back].map(|ends| sides.get(ends).unwrap_or(&none));
            for (field, theirs) in fields(client, server) {
                let why = EXPLAINED.iter().position(|(of, key, _)| (*of == name || *of == "*") && *key == field);
                match (ours(&session, field), theirs) {
                    (Some(ours), Some(theirs)) if ours == theirs => *equal.entry(field).or_default() += 1,
                    (Some(ours), Some(theirs)) => match why {
                        Some(row) => drop(explained.insert(row)),
                        None => wrong.push(format!("{name}: {field} is {ours}, tshark says {theirs}")),
                    },
                    (Some(_), None) => drop(ours_alone.insert((field, name.to_owned()))),
                    (None, Some(theirs)) => match why {
                        Some(row) => drop(explained.insert(row)),
                        None => drop(theirs_alone.insert((field, name.to_owned(), theirs.to_string()))),
                    },
                    (None, None) => {}
                }
            }
        }
    }
    for (field, count) in &equal {
        println!("{field:<20}{count:>5} equal");
    }
    EXPLAINED.iter().for_each(|(file, field, why)| println!("explained: {file} {field}: {why}"));
    let alone: BTreeMap<&str, usize> = ours_alone.iter().fold(BTreeMap::new(), |mut counts, (field, _)| {
        *counts.entry(*field).or_default() += 1;
        counts
    });
    println!("told by us alone: {alone:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(theirs_alone.is_empty(), "told by tshark alone: {theirs_alone:?}");
    assert_eq!(explained.len(), EXPLAINED.len(), "a row explains nothing");
    assert!(equal.values().sum::<usize>() >= 200, "{equal:?}");
}
