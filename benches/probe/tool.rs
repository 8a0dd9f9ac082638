//! The programs that are compared: how each is called, and what its answer says.

use crate::run::{Invocation, on_path};
use crate::server::{Service, Speaks};
use crate::{Outcome, say};
use dengmi_core::{Version, registry};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// An endpoint, a version, and the number of what it accepts.
pub(crate) type Row = (SocketAddr, Version, u16);

/// What a tool says that endpoints accept.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) suites: BTreeSet<Row>,
    pub(crate) groups: BTreeSet<Row>,
    pub(crate) schemes: BTreeSet<Row>,
    /// Algorithm names of SSH, all lists together.
    pub(crate) ssh: BTreeSet<String>,
    /// Names that the registry does not know.
    pub(crate) unknown: BTreeSet<String>,
}

/// For tools that say which groups they saw, not in which version.
pub(crate) const ANY_VERSION: Version = Version(0);

/// What of groups or of schemes a tool lists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    Nothing,
    /// Per version.
    All,
    /// Without saying in which version.
    Versionless,
    /// Elliptic curves only, without saying in which version.
    Curves,
    /// Of TLS 1.2 only.
    Tls12,
    /// Of TLS 1.2 and 1.3.
    FromTls12,
}

pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// V versions, S suites, G groups, A signature algorithms, C certificates, X more.
    pub(crate) scope: &'static str,
    program: &'static str,
    package: &'static str,
    pub(crate) speaks: &'static [Speaks],
    /// Endpoints that it bears in one run: more take too long.
    bears: usize,
    pub(crate) groups: Lists,
    pub(crate) schemes: Lists,
    /// Arguments for a service; `targets` is a file with one HOST:PORT a line.
    arguments: fn(&Service) -> Vec<String>,
    read: fn(&Path) -> Outcome<Found>,
}

/// The file in a run's folder with one endpoint a line.
const TARGETS: &str = "targets";
/// The file in a run's folder that a tool is asked to write to.
const ANSWER: &str = "answer";
/// What a run prints.
const STDOUT: &str = "stdout";

/// Ours first: the others are compared with it.
pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        name: "dengmi probe",
        scope: "all it can tell",
        program: "dengmi",
        package: "cargo build --release -p dengmi",
        speaks: &[Speaks::Tls, Speaks::Tlcp, Speaks::Ssh],
        bears: usize::MAX,
        groups: Lists::All,
        schemes: Lists::All,
        arguments: |_| words("probe --json -"),
        read: read_ours,
    },
    Tool {
        name: "sslscan",
        scope: "V S G A C, 5 checks",
        program: "sslscan",
        package: "apt-get install sslscan",
        speaks: &[Speaks::Tls, Speaks::Tlcp],
        bears: 200,
        groups: Lists::FromTls12,
        schemes: Lists::FromTls12,
        arguments: |_| words("--show-sigs --no-colour --xml=answer --targets=targets"),
        read: read_sslscan,
    },
    Tool {
        name: "nmap ssl-enum-ciphers",
        scope: "V S, order, grade",
        program: "nmap",
        package: "apt-get install nmap",
        speaks: &[Speaks::Tls, Speaks::Tlcp],
        bears: 200,
        groups: Lists::Nothing,
        schemes: Lists::Nothing,
        arguments: |service| nmap(service, "ssl-enum-ciphers"),
        read: read_nmap,
    },
    Tool {
        name: "sslyze",
        scope: "V S G",
        program: "sslyze",
        package: "pip install sslyze, --python-tools",
        speaks: &[Speaks::Tls, Speaks::Tlcp],
        bears: 200,
        groups: Lists::Curves,
        schemes: Lists::Nothing,
        arguments: |_| {
            words(
                "--mozilla_config disable --sslv2 --sslv3 --tlsv1 --tlsv1_1 --tlsv1_2 --tlsv1_3 --elliptic_curves \
                 --json_out answer --quiet --targets_in targets",
            )
        },
        read: read_sslyze,
    },
    Tool {
        name: "CryptoLyzer tls all",
        scope: "V S G A C X",
        program: "cryptolyze",
        package: "pip install cryptolyzer, --python-tools",
        speaks: &[Speaks::Tls, Speaks::Tlcp],
        bears: 5,
        groups: Lists::Versionless,
        schemes: Lists::Tls12,
        arguments: |service| [words("--output-format json tls all"), endpoints(service)].concat(),
        read: read_cryptolyzer,
    },
    Tool {
        name: "testssl.sh -p -E -f",
        scope: "V S G",
        program: "testssl",
        package: "apt-get install testssl.sh",
        speaks: &[Speaks::Tls],
        bears: 1,
        groups: Lists::Versionless,
        schemes: Lists::Nothing,
        arguments: |service| {
            let fixed = "--color 0 --warnings batch --ip one -p -E -f --jsonfile answer";
            [words(fixed), endpoints(service)].concat()
        },
        read: read_testssl,
    },
    Tool {
        name: "ssh-audit",
        scope: "lists, key sizes, rate test",
        program: "ssh-audit",
        package: "pip install ssh-audit, --python-tools, or apt-get install ssh-audit",
        speaks: &[Speaks::Ssh],
        bears: 1,
        groups: Lists::Nothing,
        schemes: Lists::Nothing,
        arguments: |service| [words("-j"), endpoints(service)].concat(),
        read: read_ssh_audit,
    },
    Tool {
        name: "nmap ssh2-enum-algos",
        scope: "lists",
        program: "nmap",
        package: "apt-get install nmap",
        speaks: &[Speaks::Ssh],
        bears: 1,
        groups: Lists::Nothing,
        schemes: Lists::Nothing,
        arguments: |service| nmap(service, "ssh2-enum-algos"),
        read: read_nmap,
    },
];

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn endpoints(service: &Service) -> Vec<String> {
    service.endpoints.iter().map(SocketAddr::to_string).collect()
}

/// Full connections, so that they are counted like everybody's.
fn nmap(service: &Service, script: &str) -> Vec<String> {
    let ports: BTreeSet<String> = service.endpoints.iter().map(|endpoint| endpoint.port().to_string()).collect();
    let ports = ports.into_iter().collect::<Vec<_>>().join(",");
    let addresses: BTreeSet<String> = service.endpoints.iter().map(|endpoint| endpoint.ip().to_string()).collect();
    [words(&format!("-sT -Pn -n -p {ports} --script {script} -oX answer")), addresses.into_iter().collect()].concat()
}

/// Where things are on this machine.
pub(crate) struct Installed {
    /// Our program, and how it was found.
    pub(crate) dengmi: PathBuf,
    /// The `bin` folder of a Python virtual environment.
    pub(crate) python_tools: Option<PathBuf>,
}

impl Installed {
    fn program(&self, tool: &Tool) -> Option<PathBuf> {
        if tool.name == TOOLS[0].name {
            return Some(self.dengmi.clone());
        }
        let mut in_environment = self.python_tools.iter().map(|folder| folder.join(tool.program));
        in_environment.find(|file| file.is_file()).or_else(|| on_path(tool.program))
    }

    /// The tools that are there; the others are named on stderr.
    pub(crate) fn tools(&self) -> Vec<&'static Tool> {
        let there = |tool: &&Tool| {
            let there = self.program(tool).is_some();
            if !there {
                say(&format!("NOT MEASURED: {}; it is missing: {}", tool.name, tool.package));
            }
            there
        };
        TOOLS.iter().filter(there).collect()
    }

    /// How to run a tool on a service; `folder` is the run's own.
    pub(crate) fn invocation(&self, tool: &Tool, service: &Service, folder: &Path) -> Outcome<Invocation> {
        let _ = fs::remove_file(folder.join(ANSWER));
        let targets = folder.join(TARGETS);
        fs::write(&targets, endpoints(service).join("\n") + "\n")?;
        let program = self.program(tool).ok_or_else(|| format!("{} is missing", tool.name))?;
        let arguments = (tool.arguments)(service).into_iter().map(OsString::from).collect();
        let mut environment = vec![];
        if tool.program == "cryptolyze" {
            fs::write(folder.join("sitecustomize.py"), TWO_DIGITS)?;
            environment.push(("PYTHONPATH", folder.into()));
        }
        Ok(Invocation { program, arguments, environment, stdin: Some(targets) })
    }
}

impl Tool {
    /// Whether a run over this service ends in bearable time.
    pub(crate) fn bears(&self, service: &Service) -> bool {
        service.endpoints.len() <= self.bears
    }

    /// What the run in this folder found.
    pub(crate) fn read(&self, folder: &Path) -> Outcome<Found> {
        (self.read)(folder).map_err(|error| {
            let said = fs::read_to_string(folder.join("stderr")).unwrap_or_default();
            let said = said.lines().last().unwrap_or_default();
            format!("{}: its answer cannot be read: {error} {said}", self.name).into()
        })
    }
}

/// CryptoLyzer does not start on Debian 12: oscrypto looks for an OpenSSL version of one digit a part, and 3.0.19 has two.
const TWO_DIGITS: &str = r"import re
_search = re.search
def search(pattern, string, flags=0):
    if pattern == r'\b(\d\.\d\.\d[a-z]*)\b':
        pattern = r'\b(\d\.\d\.\d+[a-z]*)\b'
    return _search(pattern, string, flags)
re.search = search
";

impl Found {
    fn suite(&mut self, endpoint: SocketAddr, version: Version, name: &str) {
        // nmap writes the suites of TLS 1.3 in a way of its own.
        let standard = name.replace("TLS_AKE_WITH_", "TLS_");
        match registry::suite_named(&standard).and_then(|entry| u16::try_from(entry.code).ok()) {
            Some(code) => drop(self.suites.insert((endpoint, version, code))),
            None => drop(self.unknown.insert(name.to_owned())),
        }
    }

    fn group(&mut self, endpoint: SocketAddr, version: Version, name: &str) {
        let name = name.to_lowercase();
        let standard = if name == "prime256v1" { "secp256r1" } else { &name };
        match registry::group_named(standard) {
            Some(entry) => drop(self.groups.insert((endpoint, version, entry.code))),
            None => drop(self.unknown.insert(name)),
        }
    }

    fn scheme(&mut self, endpoint: SocketAddr, version: Version, name: &str) {
        match scheme_named(name) {
            Some(code) => drop(self.schemes.insert((endpoint, version, code))),
            None => drop(self.unknown.insert(name.to_owned())),
        }
    }
}

/// CryptoLyzer has `RSA_SHA256`; the registry's names are those of RFC 8446 where it has one.
fn scheme_named(name: &str) -> Option<u16> {
    let name = name.to_lowercase();
    let standard = match name.as_str() {
        "ecdsa_sha256" => "ecdsa_secp256r1_sha256".to_owned(),
        "ecdsa_sha384" => "ecdsa_secp384r1_sha384".to_owned(),
        "ecdsa_sha512" => "ecdsa_secp521r1_sha512".to_owned(),
        _ => name.strip_prefix("rsa_sha").map_or(name.clone(), |hash| format!("rsa_pkcs1_sha{hash}")),
    };
    registry::scheme_named(&standard).map(|entry| entry.code)
}

/// `tls1_2` of sslyze, testssl.sh and CryptoLyzer, `TLSv1.2` of sslscan and nmap.
fn version_named(name: &str) -> Option<Version> {
    Some(match name.to_lowercase().replace(['v', '_', '.'], "").as_str() {
        "ssl3" | "ssl30" => Version::SSL_3_0,
        "tls1" | "tls10" => Version::TLS_1_0,
        "tls11" => Version::TLS_1_1,
        "tls12" => Version::TLS_1_2,
        "tls13" => Version::TLS_1_3,
        _ => return None,
    })
}

/// `0xc030`, `xc030`.
fn number(text: &str) -> Option<u16> {
    u16::from_str_radix(text.trim_start_matches('0').trim_start_matches('x'), 16).ok()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn read_ours(folder: &Path) -> Outcome<Found> {
    ours(&fs::read_to_string(folder.join(STDOUT))?)
}

/// Observations, one a line.
pub(crate) fn ours(lines: &str) -> Outcome<Found> {
    let mut found = Found::default();
    for line in lines.lines() {
        let observation: Value = serde_json::from_str(line)?;
        let (kind, value) = (observation["kind"].as_str().unwrap_or_default(), &observation["value"]);
        if kind == "ssh.accepts" {
            gather_strings(&value["lists"], &mut found.ssh);
        }
        if kind != "tls.accepts" {
            continue;
        }
        let endpoint: SocketAddr = observation["observed"].as_str().unwrap_or_default().parse()?;
        let version = Version(value["version"].as_str().and_then(number).ok_or("no version")?);
        let rows = |key: &str| strings(&value[key]).filter_map(number).map(|code| (endpoint, version, code)).collect();
        let (mut suites, mut groups, mut schemes): (BTreeSet<Row>, BTreeSet<Row>, BTreeSet<Row>) =
            (rows("suites"), rows("groups"), rows("schemes"));
        found.suites.append(&mut suites);
        found.groups.append(&mut groups);
        found.schemes.append(&mut schemes);
    }
    Ok(found)
}

/// Names in lists, however deep.
fn gather_strings(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => {
            names.extend(strings(value).map(str::to_owned));
            items.iter().for_each(|item| gather_strings(item, names));
        }
        Value::Object(fields) => fields.values().for_each(|field| gather_strings(field, names)),
        _ => {}
    }
}

/// A document with a DTD, as nmap writes it.
fn xml<'a>(text: &'a str) -> Outcome<Document<'a>> {
    Ok(Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() })?)
}

fn read_sslscan(folder: &Path) -> Outcome<Found> {
    let text = fs::read_to_string(folder.join(ANSWER))?;
    let (document, mut found) = (xml(&text)?, Found::default());
    for test in document.descendants().filter(|node| node.has_tag_name("ssltest")) {
        let of = |name| test.attribute(name).unwrap_or_default();
        let endpoint: SocketAddr = format!("{}:{}", of("host"), of("port")).parse()?;
        for node in test.descendants() {
            let (version, code) = (node.attribute("sslversion"), node.attribute("id").and_then(number));
            let (Some(version), Some(code)) = (version.and_then(version_named), code) else { continue };
            let rows = match node.tag_name().name() {
                "cipher" => &mut found.suites,
                "group" => &mut found.groups,
                "connection-signature-algorithm" => &mut found.schemes,
                _ => continue,
            };
            rows.insert((endpoint, version, code));
        }
    }
    Ok(found)
}

fn read_nmap(folder: &Path) -> Outcome<Found> {
    let text = fs::read_to_string(folder.join(ANSWER))?;
    let (document, mut found) = (xml(&text)?, Found::default());
    let key = |node: &Node<'_, '_>| node.attribute("key").unwrap_or_default().to_owned();
    for script in document.descendants().filter(|node| node.has_tag_name("script")) {
        let tables = script.children().filter(|node| node.has_tag_name("table"));
        if script.attribute("id") == Some("ssh2-enum-algos") {
            let names = tables.flat_map(|table| table.children()).filter_map(|elem| elem.text());
            found.ssh.extend(names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
            continue;
        }
        let port = script.ancestors().find_map(|node| node.attribute("portid")).unwrap_or_default();
        let host = script.ancestors().find(|node| node.has_tag_name("host"));
        let address = host.and_then(|host| host.children().find_map(|node| node.attribute("addr"))).unwrap_or_default();
        let endpoint: SocketAddr = format!("{address}:{port}").parse()?;
        for table in tables {
            let Some(version) = version_named(&key(&table)) else { continue };
            let lists = table.children().filter(|node| key(node) == "ciphers");
            let names = lists.flat_map(|list| list.descendants()).filter(|node| key(node) == "name");
            names.filter_map(|node| node.text()).for_each(|name| found.suite(endpoint, version, name));
        }
    }
    Ok(found)
}

fn read_sslyze(folder: &Path) -> Outcome<Found> {
    let answer: Value = serde_json::from_slice(&fs::read(folder.join(ANSWER))?)?;
    let mut found = Found::default();
    for scanned in list(&answer["server_scan_results"]) {
        let place = &scanned["server_location"];
        let endpoint = format!("{}:{}", place["ip_address"].as_str().unwrap_or_default(), place["port"]).parse()?;
        for (command, told) in scanned["scan_result"].as_object().into_iter().flatten() {
            let told = &told["result"];
            if command == "elliptic_curves" {
                let curves = list(&told["supported_curves"]).filter_map(|curve| curve["name"].as_str());
                curves.for_each(|name| found.group(endpoint, ANY_VERSION, name));
            }
            let Some(version) = command.strip_suffix("_cipher_suites").and_then(version_named) else { continue };
            let suites =
                list(&told["accepted_cipher_suites"]).filter_map(|suite| suite["cipher_suite"]["name"].as_str());
            suites.for_each(|name| found.suite(endpoint, version, name));
        }
    }
    Ok(found)
}

fn read_cryptolyzer(folder: &Path) -> Outcome<Found> {
    let (text, mut found) = (fs::read_to_string(folder.join(STDOUT))?, Found::default());
    for answer in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let answer = answer?;
        let place = &answer["target"];
        let endpoint = format!("{}:{}", place["ip"].as_str().unwrap_or_default(), place["port"]).parse()?;
        for told in list(&answer["ciphers"]) {
            let version = told["target"]["proto_version"].as_str().and_then(version_named);
            let Some(version) = version else { continue };
            strings(&told["cipher_suites"]).for_each(|name| found.suite(endpoint, version, name));
        }
        let groups = strings(&answer["curves"]["curves"]).chain(strings(&answer["dhparams"]["groups"]));
        groups.for_each(|name| found.group(endpoint, ANY_VERSION, name));
        strings(&answer["sigalgos"]["sig_algos"]).for_each(|name| found.scheme(endpoint, Version::TLS_1_2, name));
    }
    Ok(found)
}

fn read_testssl(folder: &Path) -> Outcome<Found> {
    let answer: Value = serde_json::from_slice(&fs::read(folder.join(ANSWER))?)?;
    let mut found = Found::default();
    for row in list(&answer) {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        let (id, ip) = (text("id"), text("ip").rsplit('/').next().unwrap_or_default());
        let Ok(endpoint) = format!("{ip}:{}", text("port")).parse() else { continue };
        if let Some((version, code)) = id.strip_prefix("cipher-").and_then(|id| id.rsplit_once('_'))
            && let (Some(version), Some(code)) = (version_named(version), number(code))
        {
            found.suites.insert((endpoint, version, code));
        } else if id.ends_with("FS_ECDHE_curves") || id == "DH_groups" {
            text("finding").split_whitespace().for_each(|name| found.group(endpoint, ANY_VERSION, name));
        }
    }
    Ok(found)
}

fn read_ssh_audit(folder: &Path) -> Outcome<Found> {
    let answer: Value = serde_json::from_slice(&fs::read(folder.join(STDOUT))?)?;
    let mut found = Found::default();
    for key in ["kex", "key", "enc", "mac"] {
        found.ssh.extend(list(&answer[key]).filter_map(|row| row["algorithm"].as_str()).map(str::to_owned));
    }
    found.ssh.extend(strings(&answer["compression"]).map(str::to_owned));
    Ok(found)
}
