//! Fingerprints of hellos, which name the software that sent them: JA3 and JA3S (MD5 over lists in the order of the wire), JA4
//! (counts, and SHA-256 over sorted lists). They are for recognising, never for protecting.

use dengmi_core::registry::is_grease;
use dengmi_core::{Group, Suite, Version};
use dengmi_crypto::Hash;
use dengmi_parse::tls::ExtensionType;
use dengmi_parse::tls::message::{ClientHello, Extensions, ServerHello};

/// What carries a hello.
#[derive(Clone, Copy)]
pub(super) enum Carrier {
    Tcp,
    Quic,
    Dtls,
}

/// JA3: version, suites, extensions, groups and point formats as decimal numbers, without GREASE.
pub(super) fn ja3(hello: &ClientHello<'_>) -> Box<str> {
    hash(Hash::Md5, &ja3_text(hello), 32)
}

fn ja3_text(hello: &ClientHello<'_>) -> String {
    let extensions = hello.extensions.as_ref();
    let groups: Vec<Group> = extensions.and_then(|list| list.supported_groups()?.ok()).unwrap_or_default();
    let formats = extensions.and_then(|list| list.ec_point_formats()?.ok()).unwrap_or_default();
    let lists = [
        decimal(hello.suites.iter().map(|suite| suite.0)),
        decimal(kinds(extensions)),
        decimal(groups.iter().map(|group| group.0)),
        decimal(formats.iter().map(|format| u16::from(*format))),
    ];
    format!("{},{}", hello.version.0, lists.join(","))
}

/// JA3S: version, suite and extensions of the answer.
pub(super) fn ja3s(hello: &ServerHello<'_>) -> Box<str> {
    let Suite(suite) = hello.suite;
    let text = format!("{},{suite},{}", hello.version.0, decimal(kinds(hello.extensions.as_ref())));
    hash(Hash::Md5, &text, 32)
}

/// JA4 of FoxIO, the client's alone: its form a_b_c.
pub(super) fn ja4(hello: &ClientHello<'_>, carrier: Carrier) -> Box<str> {
    let (start, suites, extensions) = ja4_parts(hello, carrier);
    let part = |text: &str| if text.is_empty() { "0".repeat(12).into() } else { hash(Hash::Sha256, text, 12) };
    format!("{start}_{}_{}", part(&suites), part(&extensions)).into()
}

fn ja4_parts(hello: &ClientHello<'_>, carrier: Carrier) -> (String, String, String) {
    let extensions = hello.extensions.as_ref();
    let mut suites: Vec<u16> = hello.suites.iter().map(|suite| suite.0).filter(|code| !is_grease(*code)).collect();
    let mut numbers: Vec<u16> = kinds(extensions).filter(|code| !is_grease(*code)).collect();
    let has = |kind: ExtensionType| numbers.contains(&kind.0);
    let start = format!(
        "{}{}{}{:02}{:02}{}",
        match carrier {
            Carrier::Tcp => 't',
            Carrier::Quic => 'q',
            Carrier::Dtls => 'd',
        },
        version(hello),
        if has(ExtensionType::SERVER_NAME) { 'd' } else { 'i' },
        suites.len().min(99),
        numbers.len().min(99),
        protocol(extensions),
    );
    suites.sort_unstable();
    let left_out = [ExtensionType::SERVER_NAME, ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION];
    numbers.retain(|code| !left_out.contains(&ExtensionType(*code)));
    numbers.sort_unstable();
    let schemes = extensions.and_then(|list| list.signature_algorithms()?.ok()).unwrap_or_default();
    let schemes = hexadecimal(schemes.iter().map(|scheme| scheme.0));
    let mut numbers = hexadecimal(numbers.into_iter());
    if !schemes.is_empty() {
        numbers = format!("{numbers}_{schemes}");
    }
    (start, hexadecimal(suites.into_iter()), numbers)
}

/// The highest version that is offered, in two characters.
fn version(hello: &ClientHello<'_>) -> &'static str {
    let listed = hello.extensions.as_ref().and_then(|list| list.supported_versions()?.ok());
    let highest = listed.and_then(|list| list.into_iter().filter(|version| !is_grease(version.0)).max_by_key(rank));
    match highest.unwrap_or(hello.version) {
        Version::TLS_1_3 => "13",
        Version::TLS_1_2 => "12",
        Version::TLS_1_1 => "11",
        Version::TLS_1_0 => "10",
        Version::SSL_3_0 => "s3",
        Version::SSL_2_0 => "s2",
        Version::DTLS_1_0 => "d1",
        Version::DTLS_1_2 => "d2",
        Version::DTLS_1_3 => "d3",
        _ => "00",
    }
}

/// Versions of DTLS count downwards.
fn rank(version: &Version) -> Version {
    version.over_streams()
}

/// The first and the last character of the first protocol offered by ALPN.
fn protocol(extensions: Option<&Extensions<'_>>) -> String {
    let names = extensions.and_then(|list| list.application_protocols()?.ok()).unwrap_or_default();
    match names.first().map(|name| (name.first().copied(), name.last().copied())) {
        Some((Some(first), Some(last))) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
            [first, last].map(char::from).iter().collect()
        }
        Some((Some(first), Some(last))) => {
            let digits = [first >> 4, last & 15];
            digits.iter().map(|digit| format!("{digit:x}")).collect()
        }
        _ => "00".into(),
    }
}

fn kinds(extensions: Option<&Extensions<'_>>) -> impl Iterator<Item = u16> {
    extensions.into_iter().flat_map(|list| &list.0).map(|extension| extension.kind.0)
}

fn decimal(codes: impl Iterator<Item = u16>) -> String {
    codes.filter(|code| !is_grease(*code)).map(|code| code.to_string()).collect::<Vec<_>>().join("-")
}

fn hexadecimal(codes: impl Iterator<Item = u16>) -> String {
    codes.filter(|code| !is_grease(*code)).map(|code| format!("{code:04x}")).collect::<Vec<_>>().join(",")
}

/// The first `digits` of a digest.
fn hash(hash: Hash, text: &str, digits: usize) -> Box<str> {
    let digest = hash.digest(text.as_bytes());
    let all: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    all.get(..digits).unwrap_or(&all).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dengmi_core::Scheme;
    use dengmi_parse::tls::message::Extension;

    fn list<const N: usize>(numbers: &[u16]) -> Vec<u8> {
        let body: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[4 - N..], &body].concat()
    }

    fn hello(suites: &str, extensions: Vec<Extension<'static>>, version: Version) -> ClientHello<'static> {
        ClientHello {
            version,
            random: [7; 32],
            session_id: &[],
            cookie: None,
            suites: suites.split('-').map(|suite| Suite(suite.parse().unwrap())).collect(),
            compressions: &[0],
            extensions: (!extensions.is_empty()).then_some(Extensions(extensions)),
        }
    }

    /// The two examples in the README of salesforce/ja3.
    #[test]
    fn the_examples_of_those_who_made_ja3() {
        let extension = |kind, body| Extension::new(ExtensionType(kind), body);
        let extensions = vec![extension(0, vec![]), extension(10, list::<2>(&[23, 24, 25])), extension(11, vec![1, 0])];
        let first = hello("47-53-5-10-49161-49162-49171-49172-50-56-19-4", extensions, Version::TLS_1_0);
        assert_eq!(ja3_text(&first), "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
        assert_eq!(&*ja3(&first), "ada70206e40642a3e4461f35503241d5");
        let bare = hello("4-5-10-9-100-98-3-6-19-18-99", Vec::new(), Version::TLS_1_0);
        assert_eq!(ja3_text(&bare), "769,4-5-10-9-100-98-3-6-19-18-99,,,");
        assert_eq!(&*ja3(&bare), "de350869b8c85de67a350c8d186f11e6");
        assert_eq!(
            &*ja4(&bare, Carrier::Tcp),
            &format!("t10i110000_{}_000000000000", &ja4(&bare, Carrier::Tcp)[11..23])
        );
    }

    /// One browser as a public service that tells visitors their own fingerprints reported it, both kinds at once. GREASE is
    /// put where such browsers put it.
    #[test]
    fn a_browser_as_it_was_published() {
        const GREASE: u16 = 0x3a3a;
        let schemes = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
        let order = [45, 51, 16, 65037, 23, 17613, 0, 11, 10, 43, 65281, 35, 18, 5, 13, 27];
        let body = |kind| match kind {
            16 => vec![0, 12, 2, b'h', b'2', 8, b'h', b't', b't', b'p', b'/', b'1', b'.', b'1'],
            11 => vec![1, 0],
            10 => list::<2>(&[GREASE, 4588, 29, 23, 24]),
            43 => list::<1>(&[GREASE, 0x0304, 0x0303]),
            13 => list::<2>(&schemes),
            _ => vec![],
        };
        let mut extensions: Vec<_> =
            order.iter().map(|kind| Extension::new(ExtensionType(*kind), body(*kind))).collect();
        extensions.insert(0, Extension::new(ExtensionType(GREASE), vec![]));
        extensions.push(Extension::new(ExtensionType(0xdada), vec![0]));
        let suites = "14906-4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53";
        let mut hello = hello(suites, extensions, Version::TLS_1_2);
        assert_eq!(hello.extensions.as_ref().unwrap().signature_algorithms().unwrap().unwrap()[0], Scheme(0x0403));
        let (start, ciphers, rest) = ja4_parts(&hello, Carrier::Tcp);
        assert_eq!(
            format!("{start}_{ciphers}_{rest}"),
            "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,\
             0012,0017,001b,0023,002b,002d,0033,44cd,fe0d,ff01_0403,0804,0401,0503,0805,0501,0806,0601"
        );
        assert_eq!(&*ja4(&hello, Carrier::Tcp), "t13d1516h2_8daaf6152771_d8a2da3f94cd");
        assert_eq!(&*ja3(&hello), "98487aa16281980e7d1120d399efb6a4");
        assert!(ja4(&hello, Carrier::Quic).starts_with("q13d1516h2_8daa"));
        // The order of the extensions, which such browsers draw anew each time, changes JA3 alone.
        hello.extensions.as_mut().unwrap().0.reverse();
        assert_eq!(&*ja4(&hello, Carrier::Tcp), "t13d1516h2_8daaf6152771_d8a2da3f94cd");
        assert_ne!(&*ja3(&hello), "98487aa16281980e7d1120d399efb6a4");
    }

    #[test]
    fn names_that_are_no_text_and_versions_that_are_others() {
        let with = |name: &[u8], version| {
            let mut body = vec![0, u8::try_from(name.len()).unwrap() + 1, u8::try_from(name.len()).unwrap()];
            body.extend_from_slice(name);
            let alpn = ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
            ja4(&hello("47", vec![Extension::new(alpn, body)], version), Carrier::Dtls)[..10].to_owned()
        };
        for (name, version, expected) in [
            (&b"h"[..], Version::DTLS_1_2, "dd2i0101hh"),
            (&[0xab, b'x', 0xcd], Version::TLCP, "d00i0101ad"),
            (b"http/1.1", Version::SSL_3_0, "ds3i0101h1"),
        ] {
            assert_eq!(with(name, version), expected);
        }
    }
}
