//! What the tools say about the same endpoints, and who is right where they differ.

use crate::by_hand::{Settled, settle};
use crate::run::run;
use crate::server::{Servers, Service, Speaks};
use crate::tool::{ANY_VERSION, Found, Installed, Lists, Row, TOOLS, Tool};
use crate::{Arguments, Outcome, say};
use dengmi_core::registry::{self, GroupKind};
use dengmi_core::{Group, Scheme, Suite, Version};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// What is listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
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

pub(crate) fn is_curve(code: u16) -> bool {
    registry::group(Group(code)).is_some_and(|entry| entry.kind == GroupKind::Ecdh)
}

/// Whether a tool lists the row; `None` when it has no list in which it would stand.
fn lists(tool: &Tool, found: &Found, kind: Kind, row: Row) -> Option<bool> {
    let (endpoint, version, code) = row;
    let (rows, versionless) = (kind.of(found), version == ANY_VERSION);
    if tool.name == TOOLS[0].name {
        // Ours are looked at with the eyes of whoever differed.
        let anywhere = || rows.iter().any(|(at, _, listed)| (*at, *listed) == (endpoint, code));
        return Some(rows.contains(&row) || versionless && anywhere());
    }
    let some_version = if versionless { Version::TLS_1_3 } else { version };
    let would_stand = seen_by(kind.lists(tool), (endpoint, some_version, code)) == Some(row);
    would_stand.then(|| rows.contains(&row))
}

/// One line: who lists the row, who does not, what a handshake says, who is wrong.
fn dispute(service: &Service, kind: Kind, row: Row, found: &[(&Tool, Found)]) -> String {
    let (endpoint, version, code) = row;
    let names = |listed: bool| {
        let names = found.iter().filter(|(tool, found)| lists(tool, found, kind, row) == Some(listed));
        let names: Vec<&str> = names.map(|(tool, _)| tool.name).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    let (answer, wrong) = match settle(kind, row) {
        Settled::Chosen(by) => (format!("chosen for {by}"), format!("wrong: {}", names(false))),
        Settled::Refused(by) => (format!("refused to {by}"), format!("wrong: {}", names(true))),
        Settled::NotAsked => ("not to be asked".to_owned(), "undecided".to_owned()),
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
