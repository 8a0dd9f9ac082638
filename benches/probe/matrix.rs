//! What the tools say about the same endpoints, and who is right where they differ.

use crate::run::run;
use crate::server::{Servers, Service, Speaks, certificate};
use crate::tool::{ANY_VERSION, Found, Installed, Lists, Row, TOOLS, Tool};
use crate::{Arguments, Outcome, say};
use dengmi_core::registry::{self, GroupKind};
use dengmi_core::{Group, Scheme, Suite, Version};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What is listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Suite,
    Group,
    Scheme,
}

const KINDS: [Kind; 3] = [Kind::Suite, Kind::Group, Kind::Scheme];

/// Counts of agreement, then each disagreement with what a handshake made by hand says.
pub(crate) fn print(installed: &Installed, arguments: &Arguments) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let servers = Servers::start(folder.path())?;
    let tools = installed.tools();
    let few = |service: &&Service| service.endpoints.len() <= 5 && service.speaks != Speaks::Ssh;
    let (mut counts, mut lines) = (Vec::new(), Vec::new());
    for service in servers.services.iter().filter(few).filter(|service| service.name.starts_with(&arguments.service)) {
        let found = ask(installed, &tools, service, folder.path(), Duration::from_secs(arguments.limit))?;
        let Some(((_, ours), others)) = found.split_first() else { continue };
        let mut disputed = BTreeSet::new();
        for (tool, theirs) in others {
            for kind in KINDS {
                let Some((ours, theirs)) = kind.comparable(ours, tool, theirs) else { continue };
                let only_ours: BTreeSet<Row> = ours.difference(&theirs).copied().collect();
                let only_theirs: BTreeSet<Row> = theirs.difference(&ours).copied().collect();
                let agreed = ours.intersection(&theirs).count();
                counts.push((service.name, tool.name, kind, agreed, only_ours.len(), only_theirs.len()));
                disputed.extend(only_ours.into_iter().chain(only_theirs).map(|row| (kind, row)));
            }
        }
        for (kind, row) in disputed {
            lines.push(dispute(service, kind, row, &found));
        }
    }
    let mut out = io::stdout();
    writeln!(
        out,
        "{:<14}{:<26}{:<10}{:>8}{:>11}{:>13}",
        "", "compared with", "of", "agreed", "only ours", "only theirs"
    )?;
    for (service, tool, kind, agreed, ours, theirs) in &counts {
        writeln!(out, "{service:<14}{tool:<26}{:<10}{agreed:>8}{ours:>11}{theirs:>13}", kind.word())?;
    }
    writeln!(out)?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(out)?;
    for (service, tool, kind, agreed, ours, theirs) in counts {
        let of = kind.word();
        let row = json!({ "service": service, "tool": tool, "of": of, "agreed": agreed, "only_ours": ours, "only_theirs": theirs });
        writeln!(out, "{row}")?;
    }
    Ok(())
}

/// Each tool once; ours is first.
fn ask(
    installed: &Installed,
    tools: &[&'static Tool],
    service: &Service,
    folder: &Path,
    limit: Duration,
) -> Outcome<Vec<(&'static Tool, Found)>> {
    let mut all = Vec::new();
    for tool in tools.iter().filter(|tool| tool.speaks.contains(&service.speaks) && tool.bears(service)) {
        let folder = folder.join("run");
        fs::create_dir_all(&folder)?;
        let invocation = installed.invocation(tool, service, &folder)?;
        if !run(&invocation, &folder, limit)?.finished {
            say(&format!("{} on {}: not finished in {} s", tool.name, service.name, limit.as_secs()));
            continue;
        }
        match tool.read(&folder) {
            Ok(found) => {
                for name in &found.unknown {
                    say(&format!("{} on {}: the registry has no {name}", tool.name, service.name));
                }
                all.push((*tool, found));
            }
            Err(error) if tool.name == TOOLS[0].name => return Err(error),
            Err(error) => say(&format!("{}: {error}", service.name)),
        }
    }
    Ok(all)
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Suite => "suites",
            Kind::Group => "groups",
            Kind::Scheme => "schemes",
        }
    }

    fn of(self, found: &Found) -> &BTreeSet<Row> {
        match self {
            Kind::Suite => &found.suites,
            Kind::Group => &found.groups,
            Kind::Scheme => &found.schemes,
        }
    }

    fn lists(self, tool: &Tool) -> Lists {
        match self {
            Kind::Suite => Lists::All,
            Kind::Group => tool.groups,
            Kind::Scheme => tool.schemes,
        }
    }

    /// Our rows and theirs in the words of a tool that may say less; `None` when it lists nothing of the kind.
    fn comparable(self, ours: &Found, tool: &Tool, theirs: &Found) -> Option<(BTreeSet<Row>, BTreeSet<Row>)> {
        let lists = self.lists(tool);
        if lists == Lists::Nothing {
            return None;
        }
        let ours = self.of(ours).iter().filter_map(|row| seen_by(lists, *row)).collect();
        Some((ours, self.of(theirs).clone()))
    }

    fn name(self, code: u16) -> String {
        let name = match self {
            Kind::Suite => Suite(code).to_string(),
            Kind::Group => Group(code).to_string(),
            Kind::Scheme => Scheme(code).to_string(),
        };
        format!("{name} ({code:#06x})")
    }
}

/// How a row would stand in the answer of a tool with such lists; `None` when it would not.
fn seen_by(lists: Lists, row: Row) -> Option<Row> {
    let (endpoint, version, code) = row;
    let versionless = (endpoint, ANY_VERSION, code);
    match lists {
        Lists::Nothing => None,
        Lists::All => Some(row),
        Lists::FromTls12 => (version >= Version::TLS_1_2).then_some(row),
        Lists::Tls12 => (version == Version::TLS_1_2).then_some(row),
        Lists::Versionless => Some(versionless),
        Lists::Curves => is_curve(code).then_some(versionless),
    }
}

fn is_curve(code: u16) -> bool {
    registry::group(Group(code)).is_some_and(|entry| entry.kind == GroupKind::Ecdh)
}

/// One line: who lists the row, who does not, what a handshake says, who is wrong.
fn dispute(service: &Service, kind: Kind, row: Row, found: &[(&Tool, Found)]) -> String {
    let (endpoint, version, code) = row;
    let mut says: BTreeMap<bool, Vec<&str>> = BTreeMap::new();
    for (tool, found) in found {
        // Our own rows are looked at with the eyes of whoever differed.
        let lists = if tool.name == TOOLS[0].name { None } else { Some(kind.lists(tool)) };
        let could = match lists {
            None => true,
            Some(lists) => {
                seen_by(lists, (endpoint, if version == ANY_VERSION { Version::TLS_1_3 } else { version }, code))
                    .is_some_and(|seen| seen.1 == version)
            }
        };
        let rows = kind.of(found);
        let lists_it = rows.contains(&row)
            || version == ANY_VERSION
                && lists.is_none()
                && rows.iter().any(|(at, _, listed)| (*at, *listed) == (endpoint, code));
        if could {
            says.entry(lists_it).or_default().push(tool.name);
        }
    }
    let names = |listed: bool| says.get(&listed).map_or("nobody".to_owned(), |names| names.join(", "));
    let (answer, wrong) = match settle(service, kind, row) {
        Settled::Chosen => ("the server chose it", format!("wrong: {}", names(false))),
        Settled::Refused => ("the server refused it", format!("wrong: {}", names(true))),
        Settled::NotAsked(why) => (why, "undecided".to_owned()),
    };
    let version = if version == ANY_VERSION { "any version".to_owned() } else { version.to_string() };
    format!(
        "{} {endpoint} {version} {}: listed by {}; not by {}. By hand: {answer}; {wrong}",
        service.name,
        kind.name(code),
        names(true),
        names(false)
    )
}

/// What a handshake made by hand says. It asks in one way only: a refusal is weaker than a choice.
enum Settled {
    Chosen,
    Refused,
    NotAsked(&'static str),
}

/// Offers nothing but the row: with Debian's OpenSSL, or with Tongsuo's where that one cannot.
fn settle(service: &Service, kind: Kind, (endpoint, version, code): Row) -> Settled {
    if version == ANY_VERSION {
        let tried =
            [Version::TLS_1_3, Version::TLS_1_2].map(|version| settle(service, kind, (endpoint, version, code)));
        let rank = |settled: &Settled| match settled {
            Settled::Chosen => 2,
            Settled::Refused => 1,
            Settled::NotAsked(_) => 0,
        };
        return tried.into_iter().max_by_key(rank).unwrap_or(Settled::NotAsked("no version"));
    }
    let settled = match version {
        Version::TLCP => Settled::NotAsked("TLCP needs Tongsuo's openssl in TONGSUO_OPENSSL"),
        _ => offer(Path::new("openssl"), "openssl", kind, (endpoint, version, code)),
    };
    match (settled, std::env::var_os("TONGSUO_OPENSSL")) {
        (Settled::NotAsked(_), Some(program)) => offer(Path::new(&program), "tongsuo", kind, (endpoint, version, code)),
        (settled, _) => settled,
    }
}

/// One handshake of this program that offers nothing but the row; `library` is whose names it knows.
fn offer(program: &Path, library: &str, kind: Kind, (endpoint, version, code): Row) -> Settled {
    let option = match version {
        Version::TLCP => "-ntls",
        Version::TLS_1_0 => "-tls1",
        Version::TLS_1_1 => "-tls1_1",
        Version::TLS_1_2 => "-tls1_2",
        Version::TLS_1_3 => "-tls1_3",
        _ => return Settled::NotAsked("no OpenSSL here speaks the version"),
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
            let name = registry::suite(Suite(code))
                .and_then(|entry| entry.name_in(library).or_else(|| newest.then_some(entry.name)));
            let Some(name) = name else { return Settled::NotAsked("no OpenSSL here has a name for it") };
            (name, ", ServerHello")
        }
        Kind::Group if !newest && !is_curve(code) => {
            return Settled::NotAsked("OpenSSL asks for such groups in TLS 1.3 only");
        }
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
    let Ok(output) = command.output() else { return Settled::NotAsked("openssl cannot be started") };
    let said = String::from_utf8_lossy(&output.stdout);
    let passed = |mark: &str, what: &str| said.lines().any(|line| line.starts_with(mark) && line.contains(what));
    match (passed("<<<", shown_by), passed(">>>", ", ClientHello")) {
        (true, _) => Settled::Chosen,
        (false, true) => Settled::Refused,
        (false, false) => Settled::NotAsked("no OpenSSL here can offer it"),
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
