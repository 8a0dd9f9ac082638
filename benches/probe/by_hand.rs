//! One handshake that offers nothing but what is disputed: with Debian's OpenSSL, with Tongsuo's where that one cannot, and with
//! a bare hello where neither was answered. A program offers in its own way only: that it was refused is weaker than that the
//! server chose.

use crate::Outcome;
use crate::matrix::{Kind, is_curve};
use crate::server::certificate;
use crate::tool::{ANY_VERSION, Row};
use crate::wire::{self, extension, list, message, number, prefixed, take, vector};
use dengmi_core::registry::{self, Authentication, KeyExchange, SuiteEntry};
use dengmi_core::{Group, Scheme, Suite, Version};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a handshake made by hand says, and whose it was.
pub(crate) enum Settled {
    Chosen(&'static str),
    Refused(&'static str),
    NotAsked,
}

/// Asks for the row in each way there is, until the server chooses it.
pub(crate) fn settle(kind: Kind, (endpoint, version, code): Row) -> Settled {
    let versions = match version {
        ANY_VERSION => vec![Version::TLS_1_3, Version::TLS_1_2],
        version => vec![version],
    };
    let mut settled = Settled::NotAsked;
    for row in versions.into_iter().map(|version| (endpoint, version, code)) {
        let tongsuo = || std::env::var_os("TONGSUO_OPENSSL");
        let ways: [&dyn Fn() -> Settled; 3] = [
            &|| openssl(Path::new("openssl"), "openssl", kind, row),
            &|| tongsuo().map_or(Settled::NotAsked, |program| openssl(Path::new(&program), "tongsuo", kind, row)),
            &|| bare(kind, row).unwrap_or(Settled::NotAsked),
        ];
        for way in ways {
            match way() {
                Settled::NotAsked => {}
                chosen @ Settled::Chosen(_) => return chosen,
                refused => settled = refused,
            }
        }
    }
    settled
}

/// `s_client` of this program; `library` is whose names it knows.
fn openssl(program: &Path, library: &'static str, kind: Kind, (endpoint, version, code): Row) -> Settled {
    let option = match version {
        Version::TLCP if library == "tongsuo" => "-ntls",
        Version::TLS_1_0 => "-tls1",
        Version::TLS_1_1 => "-tls1_1",
        Version::TLS_1_2 => "-tls1_2",
        Version::TLS_1_3 => "-tls1_3",
        _ => return Settled::NotAsked,
    };
    let mut command = Command::new(program);
    command.args(["s_client", "-msg", "-connect", &endpoint.to_string()]);
    if version == Version::TLCP {
        command.arg("-enable_ntls");
        for (option, file) in [
            ("-sign_cert", "sm2/client-sign.crt"),
            ("-sign_key", "sm2/client-sign.key"),
            ("-enc_cert", "sm2/client-enc.crt"),
            ("-enc_key", "sm2/client-enc.key"),
        ] {
            command.arg(option).arg(certificate(file));
        }
    }
    command.arg(option);
    let newest = version == Version::TLS_1_3;
    // What is offered beside the row, and the message that shows the row chosen.
    let (suites, shown_by) = match kind {
        Kind::Suite => {
            let Some(entry) = registry::suite(Suite(code)) else { return Settled::NotAsked };
            match entry.name_in(library).or_else(|| newest.then_some(entry.name)) {
                Some(name) => (name, ", ServerHello"),
                None => return Settled::NotAsked,
            }
        }
        Kind::Group if !newest && !is_curve(code) => return Settled::NotAsked,
        Kind::Group => {
            command.args(["-groups", &Group(code).to_string()]);
            ("kECDHE", ", ServerHello")
        }
        Kind::Scheme => {
            command.args(["-sigalgs", &sigalg(code)]);
            ("kECDHE:kDHE:!aNULL", if newest { ", CertificateVerify" } else { ", ServerKeyExchange" })
        }
    };
    match (newest, kind) {
        (false, _) => drop(command.args(["-cipher", &format!("{suites}:@SECLEVEL=0")])),
        (true, Kind::Suite) => drop(command.args(["-ciphersuites", suites])),
        (true, _) => {}
    }
    command.env("OPENSSL_CONF", "/dev/null").stdin(Stdio::null());
    let Ok(output) = command.output() else { return Settled::NotAsked };
    let said = String::from_utf8_lossy(&output.stdout);
    let passed = |mark: &str, what: &str| said.lines().any(|line| line.starts_with(mark) && line.contains(what));
    match (passed("<<<", shown_by), passed(">>>", ", ClientHello")) {
        (true, _) => Settled::Chosen(library),
        (false, true) => Settled::Refused(library),
        (false, false) => Settled::NotAsked,
    }
}

/// OpenSSL's word for a scheme: `DSA+SHA1` and `ECDSA+SHA224` have no other one there.
fn sigalg(code: u16) -> String {
    let name = Scheme(code).to_string();
    match name.starts_with("dsa_sha") || name.starts_with("ecdsa_sha") {
        true => name.replace('_', "+").to_uppercase(),
        false => name,
    }
}

const BARE: &str = "a bare hello";

/// A hello written here and the first flight that comes back; needs no cryptography, so it can offer any number.
fn bare(kind: Kind, (endpoint, version, code): Row) -> Outcome<Settled> {
    let newest = version == Version::TLS_1_3;
    let offers = |wanted: &dyn Fn(&SuiteEntry) -> bool| -> Vec<u16> {
        let entries = registry::suites_of(version).filter(|entry| wanted(entry));
        entries.filter_map(|entry| u16::try_from(entry.code).ok()).collect()
    };
    use KeyExchange::{Dhe, EcdhAnonymous, Ecdhe, Sm2Exchange, Tls13};
    let suites = match kind {
        Kind::Suite => vec![code],
        Kind::Group => offers(&|entry| matches!(entry.key_exchange, Ecdhe | EcdhAnonymous | Sm2Exchange | Tls13)),
        Kind::Scheme if newest => return Ok(Settled::NotAsked),
        Kind::Scheme => offers(&|entry| {
            matches!(entry.key_exchange, Ecdhe | Dhe) && entry.authentication != Authentication::Anonymous
        }),
    };
    let only = |this: Kind, all: Vec<u16>| if kind == this { vec![code] } else { all };
    let groups = only(Kind::Group, registry::groups().iter().map(|entry| entry.code).collect());
    let schemes = only(Kind::Scheme, registry::schemes().iter().map(|entry| entry.code).collect());
    let mut extensions = vec![
        (wire::SUPPORTED_GROUPS, list(groups)?),
        (wire::POINT_FORMATS, vec![1, 0]),
        (wire::SIGNATURE_ALGORITHMS, list(schemes)?),
    ];
    if newest {
        // No share: the server answers with the group that it would take, before any cryptography.
        extensions.push((wire::SUPPORTED_VERSIONS, [&[2][..], &version.0.to_be_bytes()].concat()));
        extensions.push((wire::KEY_SHARE, list([])?));
    }
    let mut block = Vec::new();
    for (kind, body) in extensions {
        block.extend([&kind.to_be_bytes()[..], &prefixed(&body)?].concat());
    }
    let legacy = if newest { Version::TLS_1_2 } else { version };
    // Version, random, no session, suites, no compression, extensions.
    let hello = [&legacy.0.to_be_bytes()[..], &[0xa5; 32], &[0], &list(suites)?, &[1, 0], &prefixed(&block)?].concat();
    let hello = wire::record(wire::HANDSHAKE, legacy, &message(wire::CLIENT_HELLO, &hello))?;
    let last = if newest { wire::SERVER_HELLO } else { wire::SERVER_HELLO_DONE };
    let flight = first_flight(endpoint, &hello, last)?;
    let chosen = match kind {
        Kind::Suite => flight.get(&wire::SERVER_HELLO).and_then(|hello| suite_of(hello)?.0.into()),
        Kind::Group if newest => flight.get(&wire::SERVER_HELLO).and_then(|hello| {
            let mut share = extension(suite_of(hello)?.1.get(1..)?, wire::KEY_SHARE)?;
            number(&mut share)
        }),
        Kind::Group => flight.get(&wire::SERVER_KEY_EXCHANGE).and_then(|exchange| {
            let mut named = exchange.strip_prefix(&[NAMED_CURVE])?;
            number(&mut named)
        }),
        Kind::Scheme => scheme_of(&flight),
    };
    Ok(if chosen == Some(code) { Settled::Chosen(BARE) } else { Settled::Refused(BARE) })
}

/// The curve type of a ServerKeyExchange that is used.
const NAMED_CURVE: u8 = 3;

/// The suite of a ServerHello, and what follows it.
fn suite_of(mut hello: &[u8]) -> Option<(u16, &[u8])> {
    take(&mut hello, 34)?;
    let session = usize::from(*take(&mut hello, 1)?.first()?);
    take(&mut hello, session)?;
    Some((number(&mut hello)?, hello))
}

/// The scheme of the signature in a ServerKeyExchange of TLS 1.2.
fn scheme_of(flight: &BTreeMap<u8, Vec<u8>>) -> Option<u16> {
    let (suite, _) = suite_of(flight.get(&wire::SERVER_HELLO)?)?;
    let mut exchange = flight.get(&wire::SERVER_KEY_EXCHANGE)?.as_slice();
    if registry::suite(Suite(suite))?.key_exchange == KeyExchange::Ecdhe {
        take(&mut exchange, 3)?;
        let point = usize::from(*take(&mut exchange, 1)?.first()?);
        take(&mut exchange, point)?;
    } else {
        // Prime, generator, public value.
        (0..3).try_for_each(|_| vector(&mut exchange).map(drop))?;
    }
    number(&mut exchange)
}

/// The server's messages by their kind, up to the last one wanted or an alert.
fn first_flight(endpoint: SocketAddr, hello: &[u8], last: u8) -> Outcome<BTreeMap<u8, Vec<u8>>> {
    let mut stream = TcpStream::connect(endpoint)?;
    stream.set_read_timeout(Some(Duration::from_secs(3)))?;
    stream.write_all(hello)?;
    let (mut messages, mut found) = (Vec::new(), BTreeMap::new());
    let mut header = [0; 5];
    while !found.contains_key(&last) && stream.read_exact(&mut header).is_ok() {
        let [kind, _, _, size @ ..] = header;
        let mut body = vec![0; u16::from_be_bytes(size).into()];
        if kind != wire::HANDSHAKE || stream.read_exact(&mut body).is_err() {
            break;
        }
        messages.extend(body);
        let mut rest = messages.as_slice();
        while let Some([kind, high, middle, low]) = rest.first_chunk().copied() {
            let size = u32::from_be_bytes([0, high, middle, low]) as usize;
            let Some(body) = rest.get(4..4 + size) else { break };
            found.insert(kind, body.to_vec());
            rest = rest.get(4 + size..).unwrap_or_default();
        }
    }
    Ok(found)
}
