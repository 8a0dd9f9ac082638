//! `gen`: the tables of `registry/*.toml` as sorted constants of `dengmi-core`.

use crate::registry::{self, Files, Known, Origin, Row};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

const TARGET: &str = "crates/core/src/registry/generated.rs";

/// Writes the tables; leaves a file that is current alone.
pub(crate) fn write(root: &Path) -> Result<PathBuf> {
    let path = root.join(TARGET);
    let rendered = render(&registry::read(root)?)?;
    if fs::read_to_string(&path).is_ok_and(|present| present == rendered) {
        return Ok(path);
    }
    let aside = path.with_extension("rs.new");
    fs::write(&aside, rendered).with_context(|| aside.display().to_string())?;
    fs::rename(&aside, &path).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// Fails when the checked-in tables are not those of `registry/`.
pub(crate) fn check(root: &Path) -> Result<()> {
    let path = root.join(TARGET);
    let present = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    match difference(&present, &render(&registry::read(root)?)?) {
        None => Ok(()),
        Some(hint) => bail!("{TARGET} is not what registry/*.toml gives; run `cargo xtask gen`\n{hint}"),
    }
}

/// The first line that differs.
fn difference(present: &str, rendered: &str) -> Option<String> {
    if present == rendered {
        return None;
    }
    let mut present = present.lines();
    let mut rendered = rendered.lines();
    for number in 1.. {
        let (has, wants) = (present.next(), rendered.next());
        if has != wants {
            return Some(format!(
                "line {number}:\n- {}\n+ {}",
                has.unwrap_or("(the file ends)"),
                wants.unwrap_or("(the file ends)")
            ));
        }
        if has.is_none() {
            break;
        }
    }
    Some("only the end of a line differs".to_owned())
}

fn render(files: &Files) -> Result<String> {
    let known = registry::known(files)?;
    let mut out = String::from(
        "// Made by `cargo xtask gen` from registry/*.toml. Change those, not this.\n\nuse super::{\n    AlgorithmEntry, Alias, Authentication, Confidence, Family, GroupEntry, GroupKind, IkeClass, IkeEntry, IkeVendorEntry, KeyExchange, LibraryEntry, Mode, OidEntry, Origin,\n    RatedStrength, SchemeEntry, SgdEntry, SshEntry, Strength, SuiteEntry, VersionEntry,\n};\n",
    );
    let mut sources = Lines::default();
    for (key, text) in &known.sources {
        sources.add(key.clone(), format!("({key:?}, {text:?})"), "sources.toml")?;
    }
    sources.write(&mut out, "SOURCES", "(&str, &str)")?;

    let suites = lines(files, &known, "suites", "suite", |row, known| suite(row, 4, known))?;
    let kinds = lines(files, &known, "suites", "ssl2_kind", |row, known| suite(row, 6, known))?;
    let mut names = Names::default();
    names.add_all(&suites, 0)?;
    names.add_all(&kinds, suites.rows.len())?;
    suites.write(&mut out, "SUITES", "SuiteEntry")?;
    kinds.write(&mut out, "SSL2_KINDS", "SuiteEntry")?;
    names.write(&mut out, "SUITE_NAMES")?;

    for (stem, header, read, constant, kind) in [
        ("groups", "group", group as Read, "GROUP", "GroupEntry"),
        ("schemes", "scheme", scheme, "SCHEME", "SchemeEntry"),
        ("versions", "version", version, "VERSION", "VersionEntry"),
        ("algorithms", "algorithm", algorithm, "ALGORITHM", "AlgorithmEntry"),
    ] {
        let found = lines(files, &known, stem, header, read)?;
        let mut names = Names::default();
        names.add_all(&found, 0)?;
        found.write(&mut out, &format!("{constant}S"), kind)?;
        names.write(&mut out, &format!("{constant}_NAMES"))?;
    }
    for (stem, header, read, constant, kind) in [
        ("oids", "oid", oid as Read, "OIDS", "OidEntry"),
        ("sgd", "sgd", sgd, "SGD", "SgdEntry"),
        ("libraries", "name", library, "LIBRARY_NAMES", "LibraryEntry"),
        ("ssh", "ssh", ssh, "SSH_NAMES", "SshEntry"),
        ("ike", "attribute", ike, "IKE_ATTRIBUTES", "IkeEntry"),
        ("ike", "vendor", ike_vendor, "IKE_VENDORS", "IkeVendorEntry"),
    ] {
        lines(files, &known, stem, header, read)?.write(&mut out, constant, kind)?;
    }
    Ok(out)
}

/// One row made ready: its place in the order, its Rust, its names.
struct Line {
    key: String,
    rust: String,
    names: Vec<String>,
}

type Read = fn(Row, &Known) -> Result<Line>;

/// Rows in the order that a binary search asks for.
#[derive(Default)]
struct Lines {
    rows: BTreeMap<String, (String, Vec<String>)>,
}

impl Lines {
    fn add(&mut self, key: String, rust: String, place: &str) -> Result<()> {
        self.add_named(Line { key, rust, names: Vec::new() }, place)
    }

    fn add_named(&mut self, line: Line, place: &str) -> Result<()> {
        match self.rows.insert(line.key.clone(), (line.rust, line.names)) {
            None => Ok(()),
            Some(_) => bail!("registry/{place}: a second row for {}", line.key),
        }
    }

    fn write(&self, out: &mut String, constant: &str, kind: &str) -> Result<()> {
        writeln!(out, "\npub(super) const {constant}: &[{kind}] = &[")?;
        for (rust, _) in self.rows.values() {
            writeln!(out, "    {rust},")?;
        }
        Ok(writeln!(out, "];")?)
    }
}

fn lines(
    files: &Files,
    known: &Known,
    stem: &str,
    header: &str,
    read: impl Fn(Row, &Known) -> Result<Line>,
) -> Result<Lines> {
    let mut lines = Lines::default();
    for row in registry::rows(files, stem, header)? {
        lines.add_named(read(row, known)?, &format!("{stem}.toml"))?;
    }
    Ok(lines)
}

/// Names in the order of their lower-case text, each with the row that it stands for. One name, one thing.
#[derive(Default)]
struct Names {
    rows: BTreeMap<String, usize>,
}

impl Names {
    fn add_all(&mut self, lines: &Lines, offset: usize) -> Result<()> {
        for (number, (key, (_, names))) in lines.rows.iter().enumerate() {
            let row = number + offset;
            for name in names {
                match self.rows.insert(name.to_lowercase(), row) {
                    Some(other) if other != row => {
                        bail!(
                            "registry: the name {name:?} of {key} stands for another row too: a name must find one thing"
                        )
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn write(&self, out: &mut String, constant: &str) -> Result<()> {
        writeln!(out, "\npub(super) const {constant}: &[(&str, usize)] = &[")?;
        for (name, row) in &self.rows {
            writeln!(out, "    ({name:?}, {row}),")?;
        }
        Ok(writeln!(out, "];")?)
    }
}

const FAMILIES: &[(&str, &str)] = &[
    ("ssl2", "Ssl2"),
    ("tls", "Tls"),
    ("tls13", "Tls13"),
    ("tlcp", "Tlcp"),
    ("gmt-0024", "Gmt0024"),
    ("pre-standard", "PreStandard"),
    ("private", "Private"),
    ("signal", "Signal"),
];

const KEY_EXCHANGES: &[(&str, &str)] = &[
    ("NONE", "None"),
    ("RSA", "Rsa"),
    ("DH", "Dh"),
    ("DHE", "Dhe"),
    ("DH-ANON", "DhAnonymous"),
    ("ECDH", "Ecdh"),
    ("ECDHE", "Ecdhe"),
    ("ECDH-ANON", "EcdhAnonymous"),
    ("PSK", "Psk"),
    ("RSA-PSK", "RsaPsk"),
    ("DHE-PSK", "DhePsk"),
    ("ECDHE-PSK", "EcdhePsk"),
    ("SRP", "Srp"),
    ("KRB5", "Kerberos"),
    ("FORTEZZA", "Fortezza"),
    ("GOST", "Gost"),
    ("ECCPWD", "EccPwd"),
    ("ECJPAKE", "EcJpake"),
    ("CECPQ1", "Cecpq1"),
    ("SM2-ENCRYPTION", "Sm2Encryption"),
    ("SM2-EXCHANGE", "Sm2Exchange"),
    ("SM9-ENCRYPTION", "Sm9Encryption"),
    ("SM9-EXCHANGE", "Sm9Exchange"),
    ("TLS13", "Tls13"),
];

const AUTHENTICATIONS: &[(&str, &str)] = &[
    ("ANONYMOUS", "Anonymous"),
    ("RSA", "Rsa"),
    ("DSS", "Dss"),
    ("ECDSA", "Ecdsa"),
    ("SM2", "Sm2"),
    ("SM9", "Sm9"),
    ("PSK", "Psk"),
    ("SRP", "Srp"),
    ("KRB5", "Kerberos"),
    ("FORTEZZA", "Fortezza"),
    ("GOST", "Gost"),
    ("PASSWORD", "Password"),
    ("TLS13", "Tls13"),
];

const MODES: &[(&str, &str)] = &[
    ("NONE", "None"),
    ("STREAM", "Stream"),
    ("CBC", "Cbc"),
    ("CFB", "Cfb"),
    ("CTR", "Ctr"),
    ("CNT", "Cnt"),
    ("GCM", "Gcm"),
    ("CCM", "Ccm"),
    ("CCM-8", "Ccm8"),
    ("POLY1305", "Poly1305"),
    ("MGM", "Mgm"),
    ("AEGIS", "Aegis"),
];

const AEAD_MODES: [&str; 6] = ["Gcm", "Ccm", "Ccm8", "Poly1305", "Mgm", "Aegis"];

fn suite(mut row: Row, digits: usize, known: &Known) -> Result<Line> {
    let code = row.code("code", digits)?;
    let name = row.text("name")?;
    let aliases = row.aliases()?;
    let family = row.word("family", FAMILIES)?;
    let key_exchange = row.word("key_exchange", KEY_EXCHANGES)?;
    let authentication = row.word("authentication", AUTHENTICATIONS)?;
    let export = row.flag("export")?;
    let encryption = row.maybe_algorithm("encryption", known)?;
    let key_bits = row.maybe_number("key_bits")?;
    let mode = row.word("mode", MODES)?;
    let mac = row.maybe_algorithm("mac", known)?;
    let prf_hash = row.maybe_algorithm("prf_hash", known)?;
    let standard = row.maybe_text("standard")?.unwrap_or_default();
    if encryption.is_some() != key_bits.is_some() || encryption.is_some() == (mode == "None") {
        return Err(row.wrong("encryption, key_bits and a mode other than NONE go together".to_owned()));
    }
    if AEAD_MODES.contains(&mode) && mac.is_some() {
        return Err(row.wrong("an AEAD mode guards integrity itself: no mac".to_owned()));
    }
    let origin = origin(&row.origin(known)?);
    Ok(Line {
        key: format!("{code:06x}"),
        rust: format!(
            "SuiteEntry {{ code: 0x{code:0digits$x}, name: {name:?}, aliases: {}, family: Family::{family}, key_exchange: KeyExchange::{key_exchange}, authentication: Authentication::{authentication}, export: {export}, encryption: {encryption:?}, key_bits: {}, mode: Mode::{mode}, mac: {mac:?}, prf_hash: {prf_hash:?}, standard: {standard:?}, origin: {origin} }}",
            alias_list(&aliases),
            key_bits.unwrap_or_default(),
        ),
        names: all_names(name, &aliases),
    })
}

fn group(mut row: Row, known: &Known) -> Result<Line> {
    let code = row.code("code", 4)?;
    let name = row.text("name")?;
    let aliases = row.aliases()?;
    let kind = row.word("kind", &[("ecdh", "Ecdh"), ("ffdh", "Ffdh"), ("kem", "Kem"), ("hybrid", "Hybrid")])?;
    let algorithms = row.algorithms(known)?;
    let bits = row.maybe_number("bits")?;
    let strength = row.maybe_number("strength")?;
    let standard = row.text("standard")?;
    let origin = origin(&row.origin(known)?);
    Ok(Line {
        key: format!("{code:04x}"),
        rust: format!(
            "GroupEntry {{ code: 0x{code:04x}, name: {name:?}, aliases: {}, kind: GroupKind::{kind}, algorithms: &{algorithms:?}, bits: {bits:?}, strength: {strength:?}, standard: {standard:?}, origin: {origin} }}",
            alias_list(&aliases),
        ),
        names: all_names(name, &aliases),
    })
}

fn scheme(mut row: Row, known: &Known) -> Result<Line> {
    let code = row.code("code", 4)?;
    let name = row.text("name")?;
    let aliases = row.aliases()?;
    let key = row.maybe_algorithm("key", known)?;
    let hash = row.maybe_algorithm("hash", known)?;
    let padding = row.maybe_text("padding")?.unwrap_or_default();
    let curve = row.maybe_text("curve")?.unwrap_or_default();
    let standard = row.text("standard")?;
    let origin = origin(&row.origin(known)?);
    Ok(Line {
        key: format!("{code:04x}"),
        rust: format!(
            "SchemeEntry {{ code: 0x{code:04x}, name: {name:?}, aliases: {}, key: {key:?}, hash: {hash:?}, padding: {padding:?}, curve: {curve:?}, standard: {standard:?}, origin: {origin} }}",
            alias_list(&aliases),
        ),
        names: all_names(name, &aliases),
    })
}

fn version(mut row: Row, known: &Known) -> Result<Line> {
    let code = row.code("code", 4)?;
    let name = row.text("name")?;
    let aliases = row.aliases()?;
    let family = row.word("family", &[("ssl", "ssl"), ("tls", "tls"), ("dtls", "dtls"), ("tlcp", "tlcp")])?;
    let standard = row.maybe_text("standard")?.unwrap_or_default();
    let origin = origin(&row.origin(known)?);
    Ok(Line {
        key: format!("{code:04x}"),
        rust: format!(
            "VersionEntry {{ code: 0x{code:04x}, name: {name:?}, aliases: {}, family: {family:?}, standard: {standard:?}, origin: {origin} }}",
            alias_list(&aliases),
        ),
        names: all_names(name, &aliases),
    })
}

fn algorithm(mut row: Row, known: &Known) -> Result<Line> {
    let id = row.text("id")?;
    let name = row.text("name")?;
    let aliases = row.aliases()?;
    let kind = row.text("kind")?;
    let family = row.text("family")?;
    let key_bits = row.maybe_number("key_bits")?;
    let strength = match row.table("strength")? {
        None => "None".to_owned(),
        Some(mut strength) => {
            let bounds = [
                ("Bits", strength.maybe_number("bits")?),
                ("Below", strength.maybe_number("below")?),
                ("AtLeast", strength.maybe_number("at_least")?),
            ];
            let mut given = bounds.iter().filter_map(|(word, bits)| Some((word, (*bits)?)));
            let (Some((word, bits)), None) = (given.next(), given.next()) else {
                return Err(strength.wrong("expected one of bits, below and at_least".to_owned()));
            };
            let origin = origin(&strength.origin(known)?);
            format!("Some(RatedStrength {{ strength: Strength::{word}({bits}), origin: {origin} }})")
        }
    };
    let standard = row.maybe_text("standard")?.unwrap_or_default();
    let domestic = row.flag("domestic")?;
    let origin = origin(&row.origin(known)?);
    let mut names = all_names(name.clone(), &aliases);
    names.push(id.clone());
    Ok(Line {
        rust: format!(
            "AlgorithmEntry {{ id: {id:?}, name: {name:?}, aliases: {}, kind: {kind:?}, family: {family:?}, key_bits: {key_bits:?}, strength: {strength}, domestic: {domestic}, standard: {standard:?}, origin: {origin} }}",
            alias_list(&aliases),
        ),
        key: id,
        names,
    })
}

fn oid(mut row: Row, known: &Known) -> Result<Line> {
    let oid = row.text("oid")?;
    let arcs: Option<Vec<u64>> = oid.split('.').map(|arc| arc.parse().ok()).collect();
    if arcs.is_none_or(|arcs| arcs.len() < 2) {
        return Err(row.wrong(format!("oid {oid:?}: expected numbers with dots between")));
    }
    let name = row.text("name")?;
    let kind = row.text("kind")?;
    let algorithms = row.algorithms(known)?;
    let bits = row.maybe_number("bits")?;
    let conflict = row.flag("conflict")?;
    let standard = row.maybe_text("standard")?.unwrap_or_default();
    let place = row.wrong("conflict = true asks for a note that says who disagrees".to_owned());
    let from = row.origin(known)?;
    if conflict && from.note.is_empty() {
        return Err(place);
    }
    Ok(Line {
        rust: format!(
            "OidEntry {{ oid: {oid:?}, name: {name:?}, kind: {kind:?}, algorithms: &{algorithms:?}, bits: {bits:?}, conflict: {conflict}, standard: {standard:?}, origin: {} }}",
            origin(&from),
        ),
        key: oid,
        names: Vec::new(),
    })
}

fn sgd(mut row: Row, known: &Known) -> Result<Line> {
    let value = row.code("value", 8)?;
    let name = row.text("name")?;
    let kind = row.text("kind")?;
    let algorithms = row.algorithms(known)?;
    let conflict = row.flag("conflict")?;
    let origin = origin(&row.origin(known)?);
    Ok(Line {
        key: format!("{value:08x}"),
        rust: format!(
            "SgdEntry {{ value: 0x{value:08x}, name: {name:?}, kind: {kind:?}, algorithms: &{algorithms:?}, conflict: {conflict}, origin: {origin} }}"
        ),
        names: Vec::new(),
    })
}

fn library(mut row: Row, known: &Known) -> Result<Line> {
    let library = row.text("library")?;
    let name = row.text("name")?;
    let kind = row.text("kind")?;
    let value = row.maybe_code("value", 8)?;
    let algorithms = row.algorithms(known)?;
    let origin = origin(&row.origin(known)?);
    Ok(Line {
        key: format!("{library}\u{1f}{}\u{1f}{kind}", name.to_lowercase()),
        rust: format!(
            "LibraryEntry {{ library: {library:?}, name: {name:?}, kind: {kind:?}, value: {value:?}, algorithms: &{algorithms:?}, origin: {origin} }}"
        ),
        names: Vec::new(),
    })
}

fn ssh(mut row: Row, known: &Known) -> Result<Line> {
    let name = row.text("name")?;
    let kind = row.word("kind", &[("kex", "kex"), ("host key", "host key"), ("cipher", "cipher"), ("mac", "mac")])?;
    let algorithms = row.algorithms(known)?;
    let false_friend = row.flag("false_friend")?;
    let origin = origin(&row.origin(known)?);
    Ok(Line {
        key: format!("{name}\u{1f}{kind}"),
        rust: format!(
            "SshEntry {{ name: {name:?}, kind: {kind:?}, algorithms: &{algorithms:?}, false_friend: {false_friend}, origin: {origin} }}"
        ),
        names: Vec::new(),
    })
}

const IKE_CLASSES: &[(&str, &str)] = &[
    ("ikev2 encryption", "Encryption2"),
    ("ikev2 prf", "Prf"),
    ("ikev2 integrity", "Integrity"),
    ("key exchange method", "KeyExchange"),
    ("ikev1 encryption", "Encryption1"),
    ("ikev1 hash", "Hash1"),
    ("ikev1 authentication", "Authentication1"),
    ("gmt0022 encryption", "EncryptionGmt0022"),
    ("gmt0022 hash", "HashGmt0022"),
    ("gmt0022 authentication", "AuthenticationGmt0022"),
    ("gmt0022 asymmetric", "AsymmetricGmt0022"),
];

fn ike(mut row: Row, known: &Known) -> Result<Line> {
    let class = row.word("class", IKE_CLASSES)?;
    let value = row.maybe_number("value")?.ok_or_else(|| row.wrong("no value".to_owned()))?;
    let name = row.text("name")?;
    let algorithms = row.algorithms(known)?;
    let key_bits = row.numbers("key_bits")?;
    let aead = row.flag("aead")?;
    if !key_bits.is_empty() && !algorithms.is_empty() && key_bits.len() != algorithms.len() {
        return Err(row.wrong("key_bits and algorithms: expected as many of one as of the other".to_owned()));
    }
    let origin = origin(&row.origin(known)?);
    // The order of the classes is that of the enum, which the look-up relies on.
    let place = IKE_CLASSES.iter().position(|(_, rust)| *rust == class).unwrap_or_default();
    Ok(Line {
        key: format!("{place:02}\u{1f}{value:05}"),
        rust: format!(
            "IkeEntry {{ class: IkeClass::{class}, value: {value}, name: {name:?}, algorithms: &{algorithms:?}, key_bits: &{key_bits:?}, aead: {aead}, origin: {origin} }}"
        ),
        names: Vec::new(),
    })
}

fn ike_vendor(mut row: Row, known: &Known) -> Result<Line> {
    let prefix = row.text("prefix")?;
    if prefix.len() % 2 != 0 || !prefix.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(row.wrong(format!("prefix {prefix:?}: expected bytes in lower-case hexadecimal digits")));
    }
    let name = row.text("name")?;
    let origin = origin(&row.origin(known)?);
    Ok(Line {
        rust: format!("IkeVendorEntry {{ prefix: {prefix:?}, name: {name:?}, origin: {origin} }}"),
        key: prefix,
        names: Vec::new(),
    })
}

fn all_names(name: String, aliases: &[(String, String)]) -> Vec<String> {
    std::iter::once(name).chain(aliases.iter().map(|(_, alias)| alias.clone())).collect()
}

fn alias_list(aliases: &[(String, String)]) -> String {
    let items: Vec<_> =
        aliases.iter().map(|(library, name)| format!("Alias {{ library: {library:?}, name: {name:?} }}")).collect();
    format!("&[{}]", items.join(", "))
}

fn origin(origin: &Origin) -> String {
    format!(
        "Origin {{ source: &{:?}, confidence: Confidence::{}, note: {:?} }}",
        origin.source, origin.confidence, origin.note
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_tables_are_current() {
        check(&crate::root()).unwrap();
    }

    #[test]
    fn a_stale_table_is_named_by_its_first_line() {
        assert_eq!(difference("one\ntwo\n", "one\ntwo\n"), None);
        for (present, rendered, expected) in [
            ("one\ntwo\n", "one\nthree\n", "line 2:\n- two\n+ three"),
            ("one\n", "one\ntwo\n", "line 2:\n- (the file ends)\n+ two"),
            ("one\ntwo\n", "one\n", "line 2:\n- two\n+ (the file ends)"),
            ("one", "one\n", "only the end of a line differs"),
        ] {
            assert_eq!(difference(present, rendered).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_wrong_row_is_refused_with_its_place() {
        let files = registry::read(&crate::root()).unwrap();
        render(&files).unwrap();
        #[rustfmt::skip]
        let cases = [
            ("suites", "code = \"0xe013\"", "code = \"0xe011\"", "a second row for 00e011"),
            ("suites", "code = \"0xe013\"", "code = \"0xE013\"", "4 hexadecimal digits in lower case"),
            ("suites", "encryption = \"sm4\"", "encryption = \"sm44\"", "no algorithm \"sm44\""),
            ("suites", "key_exchange = \"SM2-ENCRYPTION\"", "key_exchange = \"ECC\"", "expected one of NONE, RSA"),
            ("suites", "mode = \"GCM\"", "mode = \"GCM\"\nmac = \"hmac-sm3\"", "guards integrity itself"),
            ("suites", "mode = \"CBC\"\n", "mode = \"NONE\"\n", "go together"),
            ("suites", "confidence = \"confirmed\"", "confidence = \"sure\"", "expected one of confirmed, single, memory"),
            ("suites", "family = \"tlcp\"", "family = \"tlcp\"\ncolour = \"red\"", "unknown key \"colour\""),
            ("groups", "name = \"curveSM2\"", "name = \"x25519\"", "must find one thing"),
            ("groups", "source = [\"RFC8998\"", "source = [\"NOBODY\"", "no source \"NOBODY\""),
            ("groups", "source = [\"CDH\"]\nconfidence = \"single\"", "source = [\"CDH\"]\nconfidence = \"confirmed\"", "Confirmed by 1 sources"),
            ("schemes", "code = \"0x0708\"\n", "", "no code"),
            ("algorithms", "strength = { bits = 112", "strength = { bits = 112, below = 3", "expected one of bits, below and at_least"),
            ("algorithms", "id = \"sm4\"", "id = \"SM4\"", "not in lower case"),
            ("oids", "oid = \"1.2.156.10197.1.501\"", "oid = \"1.2.x\"", "numbers with dots"),
            ("oids", "conflict = true\nnote = ", "conflict = true\nstandard_note = ", "unknown key"),
            ("ike", "key_bits = [128, 192, 256]", "key_bits = [128]", "as many of one as of the other"),
            ("ike", "prefix = \"4a13", "prefix = \"4A13", "lower-case hexadecimal"),
            ("ike", "class = \"ikev2 prf\"", "class = \"prf\"", "expected one of ikev2 encryption"),
            ("sgd", "[[sgd]]", "[[sdg]]", "registry/sgd.toml: unknown heading \"sdg\""),
            ("sources", "[sources]", "[origins]", "unknown heading"),
        ];
        for (stem, find, put, expected) in cases {
            let mut broken = files.clone();
            let text = broken.get_mut(stem).unwrap();
            assert!(text.contains(find), "{stem} has no {find:?}");
            *text = text.replacen(find, put, 1);
            let message =
                render(&broken).map_or_else(|error| format!("{error:#}"), |_| format!("{stem}: {put} passes"));
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_complaint_has_the_line_of_its_row() {
        let mut files = registry::read(&crate::root()).unwrap();
        let text = files.get_mut("versions").unwrap();
        *text = "\n\n[[version]]\ncode = \"0x0001\"\nname = \"one\"\nfamily = \"tls\"\nsource = [\"WS\"]\nconfidence = \"single\"\n[[version]]\nname = \"two\"\n".to_owned();
        assert_eq!(
            render(&files).err().map(|error| error.to_string()).as_deref(),
            Some("registry/versions.toml:9: no code")
        );
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let files = registry::read(&crate::root()).unwrap();
        let mut turned = files.clone();
        let text = turned.get_mut("groups").unwrap();
        let (head, rows) = text.split_once("[[group]]").unwrap();
        let mut rows: Vec<_> = rows.split("[[group]]").map(|row| format!("{}\n", row.trim_end())).collect();
        rows.reverse();
        *text = format!("{head}[[group]]{}", rows.join("[[group]]"));
        assert_eq!(render(&files).unwrap(), render(&turned).unwrap());
    }
}
