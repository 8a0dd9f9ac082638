//! What each tool costs on the same servers.

use crate::run::{Cost, run};
use crate::server::{FARM_OF_FIVE, Servers, Service};
use crate::tool::{Found, Installed, Tool};
use crate::{Arguments, Outcome, median, say, thousandths};
use serde_json::json;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// All runs of one tool on one service.
struct Runs {
    tool: &'static Tool,
    costs: Vec<Cost>,
    found: Option<Found>,
    over: bool,
}

/// Measures and prints service by service: a table, then one JSON line a row.
pub(crate) fn print(installed: &Installed, arguments: &Arguments) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let servers = Servers::start(folder.path())?;
    let tools = installed.tools();
    let mut lines = Vec::new();
    let mut out = io::stdout();
    writeln!(
        out,
        "connections: accepted on the servers' side. CPU: the tool and its children. RSS: its largest process. Medians of the runs."
    )?;
    let asked = |service: &&Service| service.name != FARM_OF_FIVE && service.name.starts_with(&arguments.service);
    for service in servers.services.iter().filter(asked) {
        writeln!(
            out,
            "\n{:<24}{:<27}{:>12}{:>9}{:>9}{:>9}{:>8}{:>8}{:>9}{:>6}",
            service.name, "scope", "connections", "CPU s", "wall s", "RSS MiB", "suites", "groups", "schemes", "runs"
        )?;
        for runs in measure(installed, &tools, service, folder.path(), arguments)? {
            writeln!(out, "{}", runs.row(arguments.limit))?;
            lines.push(runs.json(service));
        }
    }
    writeln!(out)?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}

/// Round by round, each tool once a round: what else the machine does hits all alike.
fn measure(
    installed: &Installed,
    tools: &[&'static Tool],
    service: &Service,
    folder: &Path,
    arguments: &Arguments,
) -> Outcome<Vec<Runs>> {
    let fits = tools.iter().filter(|tool| tool.speaks.contains(&service.speaks));
    let (asked, left_out): (Vec<&Tool>, Vec<&Tool>) = fits.partition(|tool| tool.bears(service));
    for tool in left_out {
        say(&format!(
            "left out: {} on {}, which takes it too long; its row on fewer endpoints tells",
            tool.name, service.name
        ));
    }
    let mut all: Vec<Runs> =
        asked.into_iter().map(|tool| Runs { tool, costs: Vec::new(), found: None, over: false }).collect();
    for round in 0..arguments.runs {
        for runs in all.iter_mut().filter(|runs| !runs.over) {
            let folder = folder.join("run");
            fs::create_dir_all(&folder)?;
            let invocation = installed.invocation(runs.tool, service, &folder)?;
            let cost = run(&invocation, &folder, Duration::from_secs(arguments.limit))?;
            say(&format!("{} on {}, run {}: {:.1} s", runs.tool.name, service.name, round + 1, cost.wall));
            runs.costs.push(cost);
            let spent: f64 = runs.costs.iter().map(|cost| cost.wall).sum();
            runs.over = spent >= arguments.limit as f64;
            if cost.finished {
                match runs.tool.read(&folder) {
                    Ok(found) => runs.found = Some(found),
                    Err(error) => say(&error.to_string()),
                }
            }
        }
    }
    Ok(all)
}

impl Runs {
    fn median(&self, figure: impl Fn(&Cost) -> f64) -> f64 {
        median(self.costs.iter().map(figure))
    }

    fn finished(&self) -> bool {
        self.costs.iter().all(|cost| cost.finished)
    }

    /// Suites, groups and signature schemes, or the algorithm names of SSH; `None` where the answer could not be read.
    fn found(&self) -> Option<[usize; 3]> {
        let found = self.found.as_ref()?;
        Some([found.suites.len().max(found.ssh.len()), found.groups.len(), found.schemes.len()])
    }

    fn row(&self, limit: u64) -> String {
        let connections = self.median(|cost| cost.connections as f64);
        let (cpu, wall) = (self.median(|cost| cost.cpu), self.median(|cost| cost.wall));
        let peak = self.median(|cost| cost.peak as f64 / 1024.0);
        let found = match (self.finished(), self.found()) {
            (false, _) => format!("   not finished in {limit} s"),
            (true, None) => "         answer unreadable".to_owned(),
            (true, Some([suites, groups, schemes])) => format!("{suites:>8}{groups:>8}{schemes:>9}"),
        };
        let (name, scope, runs) = (self.tool.name, self.tool.scope, self.costs.len());
        format!("{name:<24}{scope:<27}{connections:>12}{cpu:>9.3}{wall:>9.2}{peak:>9.1}{found:<25}{runs:>6}")
    }

    fn json(&self, service: &Service) -> String {
        let [suites, groups, schemes] = self.found().unwrap_or_default();
        json!({
            "service": service.name,
            "endpoints": service.endpoints.len(),
            "tool": self.tool.name,
            "scope": self.tool.scope,
            "runs": self.costs.len(),
            "finished": self.finished(),
            "connections": self.median(|cost| cost.connections as f64) as u64,
            "cpu_s": thousandths(self.median(|cost| cost.cpu)),
            "wall_s": thousandths(self.median(|cost| cost.wall)),
            "peak_kib": self.median(|cost| cost.peak as f64) as u64,
            "suites": suites,
            "groups": groups,
            "schemes": schemes,
        })
        .to_string()
    }
}
