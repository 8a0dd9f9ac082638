//! `dengmi capture` beside the readers that are installed, on the same generated file.
//!
//! ```text
//! cargo build --release -p dengmi
//! cargo bench -p dengmi-benches --bench capture -- [--gib 1] [--interleave 1000] [--ipv6 20] [--certs 1000] [--downloads 33]
//! cargo bench -p dengmi-benches --bench capture -- --downloads 0             handshakes only
//! cargo bench -p dengmi-benches --bench capture -- --write FILE              only make the file
//! cargo bench -p dengmi-benches --bench capture -- --grow [--folder FOLDER] [--runs 3]
//! ```
//!
//! `--grow`: 0.1, 1 and 10 GiB with downloads, then 10^3, 10^4, 10^5 and 10^6 handshakes of which all are under way at a time. One file
//! is there at a time, the largest 10 GiB, in the folder of temporary files or the one that is named.
//!
//! Peers: `apt-get install time tshark libndpi-bin`. `DENGMI` names another program to measure than the one of the release profile.
//! Aims: with downloads ≥ 1.7 GiB a CPU second; handshakes only ≥ 110,000 a CPU second; ≤ 64 MiB.

use clap::Parser;
use generate::{Recipe, Written};
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

mod generate;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    recipe: Recipe,
    /// Make this file and measure nothing
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Measure sizes from 0.1 to 10 GiB and 10^3 to 10^6 flows at a time instead
    #[arg(long, conflicts_with = "write")]
    grow: bool,
    /// Where the files are made
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Runs of each reader
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only readers whose name begins so
    #[arg(long, default_value = "")]
    reader: String,
    /// Seconds after which a reader is given up
    #[arg(long, default_value_t = 900)]
    limit: u32,
    #[arg(long, hide = true)]
    bench: bool,
}

/// A reader and its arguments; `FILE` stands for the capture.
const READERS: [(&str, &[&str]); 5] = [
    ("dengmi capture", &["DENGMI", "capture", "FILE"]),
    ("dengmi capture --json", &["DENGMI", "capture", "--json", "FILE"]),
    ("ndpiReader", &["ndpiReader", "-q", "-i", "FILE"]),
    (
        "tshark",
        &[
            "tshark",
            "-n",
            "-r",
            "FILE",
            "-Y",
            "tls.handshake",
            "-T",
            "fields",
            "-e",
            "tls.handshake.version",
            "-e",
            "tls.handshake.ciphersuite",
            "-e",
            "tls.handshake.extensions_supported_group",
            "-e",
            "tls.handshake.extensions_server_name",
            "-e",
            "x509sat.uTF8String",
            "-e",
            "tls.handshake.ja3",
        ],
    ),
    ("cat", &["cat", "FILE"]),
];

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let folder = match &arguments.folder {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let file = arguments.write.clone().unwrap_or_else(|| folder.path().join("big.pcap"));
    let recipes = match arguments.grow {
        true => arguments.recipe.growing(),
        false => vec![arguments.recipe.clone()],
    };
    for recipe in recipes {
        let written = generate::write(&file, &recipe)?;
        let mut out = io::stdout().lock();
        let Written { bytes, packets, flows } = written;
        writeln!(out, "{bytes} bytes, {packets} packets, {flows} connections, {} at a time", recipe.interleave)?;
        if arguments.write.is_none() {
            measure(&arguments, &file, &written, &mut out)?;
        }
    }
    Ok(())
}

/// Runs every reader on this file and prints what it took.
fn measure(arguments: &Arguments, file: &Path, written: &Written, out: &mut impl Write) -> Outcome<()> {
    writeln!(out, "{:<24}{:>9}{:>9}{:>16}{:>16}{:>12}", "", "wall s", "CPU s", "GiB/CPU s", "flows/CPU s", "peak MiB")?;
    for (name, words) in READERS.iter().filter(|(name, _)| name.starts_with(&*arguments.reader)) {
        let words: Vec<String> = words
            .iter()
            .map(|word| match *word {
                "FILE" => file.display().to_string(),
                "DENGMI" => dengmi(),
                other => other.to_owned(),
            })
            .collect();
        let mut runs = Vec::new();
        for _ in 0..arguments.runs {
            match measured(&words, arguments.limit) {
                Ok(run) => runs.push(run),
                Err(error) => {
                    writeln!(out, "{name:<24}not run: {error}")?;
                    break;
                }
            }
            // A reader that takes minutes is not asked five times.
            if runs.last().is_some_and(|(wall, ..)| *wall > 60.0) {
                break;
            }
        }
        if runs.is_empty() {
            continue;
        }
        let median = |of: fn(&(f64, f64, i64)) -> f64| {
            let mut all: Vec<f64> = runs.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let (wall, cpu, peak) = (median(|run| run.0), median(|run| run.1), median(|run| run.2 as f64));
        let gib = written.bytes as f64 / f64::from(1 << 30) / cpu;
        let flows = written.flows as f64 / cpu;
        writeln!(out, "{name:<24}{wall:>9.2}{cpu:>9.2}{gib:>16.2}{flows:>16.0}{:>12.1}", peak / 1024.0)?;
        out.flush()?;
    }
    Ok(())
}

/// Our program: named by `DENGMI`, or the one of the release profile in the target folder that this program lies in.
fn dengmi() -> String {
    if let Ok(named) = std::env::var("DENGMI") {
        return named;
    }
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors().nth(3).map(|target| target.join("release/dengmi").display().to_string()).unwrap_or_default()
}

/// Wall seconds, processor seconds and peak KiB of one run.
fn measured(words: &[String], limit: u32) -> Outcome<(f64, f64, i64)> {
    /// What `timeout` ends with.
    const GIVEN_UP: i32 = 124;
    let program = words.first().ok_or("no program")?;
    let limit = limit.to_string();
    // By a process of its own, since the kernel tells only of the largest of all children.
    let time = ["/usr/bin/time", "-f", "%U %S %M", "timeout", &limit];
    let start = Instant::now();
    let output = Command::new(time[0])
        .args(&time[1..])
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    let wall = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(GIVEN_UP) {
        return Err(format!("not done after {limit} s").into());
    }
    if !output.status.success() {
        return Err(format!("{program}: {}", said.lines().next().unwrap_or_default()).into());
    }
    let last = said.lines().last().unwrap_or_default();
    let mut figures = last.split(' ').map(str::parse::<f64>);
    let mut figure = || figures.next().and_then(Result::ok).ok_or("time says nothing");
    let (user, system, peak) = (figure()?, figure()?, figure()?);
    Ok((wall, user + system, peak as i64))
}
