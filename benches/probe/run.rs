//! One measured run of a program.
//!
//! The program is started by a process of its own that only waits for it: what the kernel then tells of that process's children
//! is the processor time of the program with all that it started and waited for, and the most memory that one of these
//! processes had resident. That figure is never below the few MiB of the waiting process itself.

use crate::Outcome;
use nix::sys::{resource, signal, time::TimeValLike};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The first argument by which this program knows that it is the one that waits.
pub(crate) const WAITING: &str = "--measured";

/// What is to be run.
pub(crate) struct Invocation {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    pub(crate) stdin: Option<PathBuf>,
}

/// What a run cost.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// TCP connections that were accepted on this side of the loopback.
    pub(crate) connections: u64,
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds, user and system.
    pub(crate) cpu: f64,
    /// KiB.
    pub(crate) peak: u64,
    /// Whether it ended before the limit.
    pub(crate) finished: bool,
}

/// Runs it once with `folder` as its own; what it prints is in `stdout` and `stderr` there.
pub(crate) fn run(invocation: &Invocation, folder: &Path, limit: Duration) -> Outcome<Cost> {
    let told = folder.join("cost.json");
    let before = accepted()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(WAITING).arg(&told).arg(limit.as_secs().to_string()).arg(&invocation.program);
    command.args(&invocation.arguments).envs(invocation.environment.iter().map(|(name, value)| (name, value)));
    command.current_dir(folder);
    command.stdin(match &invocation.stdin {
        Some(file) => File::open(file)?.into(),
        None => Stdio::null(),
    });
    command.stdout(File::create(folder.join("stdout"))?).stderr(File::create(folder.join("stderr"))?);
    if !command.status()?.success() {
        return Err(format!("{}: cannot be started", invocation.program.display()).into());
    }
    let connections = accepted()? - before;
    let told: Value = serde_json::from_slice(&fs::read(&told)?)?;
    let seconds = |key: &str| told[key].as_f64().unwrap_or_default();
    Ok(Cost {
        connections,
        wall: seconds("wall"),
        cpu: seconds("cpu"),
        peak: told["peak"].as_u64().unwrap_or_default(),
        finished: told["finished"] == json!(true),
    })
}

/// The waiting process: FILE SECONDS PROGRAM ARGUMENTS…
pub(crate) fn wait(mut arguments: impl Iterator<Item = OsString>) -> Outcome<()> {
    let told = arguments.next().ok_or("no file")?;
    let limit = arguments.next().and_then(|seconds| seconds.to_str()?.parse().ok()).ok_or("no limit")?;
    let limit = Duration::from_secs(limit);
    let start = Instant::now();
    let mut command = Command::new(arguments.next().ok_or("no program")?);
    // A group of its own, so that all of it can be ended.
    let mut child = command.args(arguments).process_group(0).spawn()?;
    let group = Pid::from_raw(child.id().try_into()?);
    thread::spawn(move || {
        thread::sleep(limit);
        let _ = signal::killpg(group, signal::Signal::SIGKILL);
    });
    child.wait()?;
    let wall = start.elapsed();
    let (cpu, peak) = children()?;
    let cost = json!({ "wall": wall.as_secs_f64(), "cpu": cpu, "peak": peak, "finished": wall < limit });
    fs::write(told, cost.to_string())?;
    Ok(())
}

/// Processor seconds and largest resident KiB of the children that were waited for.
pub(crate) fn children() -> Outcome<(f64, i64)> {
    let usage = resource::getrusage(resource::UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok((micros as f64 / 1e6, usage.max_rss()))
}

/// TCP connections that listeners of this network namespace have accepted so far.
pub(crate) fn accepted() -> Outcome<u64> {
    let text = fs::read_to_string("/proc/net/snmp")?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp:")).map(str::split_whitespace);
    let (names, figures) = (lines.next().ok_or("no Tcp line")?, lines.next().ok_or("no Tcp figures")?);
    let figure = names.zip(figures).find(|(name, _)| *name == "PassiveOpens").ok_or("no PassiveOpens")?.1;
    Ok(figure.parse()?)
}

/// Where a program of this name is, in the folders of `PATH` and of the administrator.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Runs a small program to its end and gives what it printed.
pub(crate) fn output<A: AsRef<OsStr>>(program: &str, arguments: &[A]) -> Outcome<Vec<u8>> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(output.stdout)
}
