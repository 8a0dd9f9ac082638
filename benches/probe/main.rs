//! `dengmi probe` beside every prober that is installed.
//!
//! ```text
//! cargo build --release -p dengmi
//! cargo bench -p dengmi-benches --bench probe -- [--python-tools DIR]     connections, CPU, memory of each on the same servers
//! cargo bench -p dengmi-benches --bench probe -- --matrix                 what they say, and who is right where they differ
//! cargo bench -p dengmi-benches --bench probe -- --simulated 100000       a sweep, killed half-way and resumed
//! ```
//!
//! Peers: `apt-get install nginx-light openssl sslscan nmap testssl.sh openssh-server ssh-audit iproute2`, and
//! `python3 -m venv DIR && DIR/bin/pip install sslyze cryptolyzer` outside the repository, named by `--python-tools DIR/bin`.
//! `TONGSUO_OPENSSL` names Tongsuo's openssl program for the TLCP server, `DENGMI` another program to measure than
//! `dengmi` of the target folder's release profile. Whatever is missing is named and left out.
//!
//! All of it runs in a network namespace of its own, so that counts hold nothing but the run and ports are free; that needs
//! `unshare`, `setpriv` and `ip`, and to be root or to be allowed user namespaces. Aims: *rich* ≤ 190 connections and ≤ 0.03 CPU s;
//! 200 endpoints ≤ 11,000 connections, ≤ 0.8 CPU s, ≤ 40 MiB.

use clap::Parser;
use std::error::Error;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

mod by_hand;
mod compare;
mod matrix;
mod run;
mod server;
mod simulated;
mod tool;
mod wire;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Set in the namespace, so that it is entered once.
const INSIDE: &str = "DENGMI_BENCH_INSIDE";

#[derive(Parser)]
pub(crate) struct Arguments {
    /// Compare what the tools say instead of what they cost
    #[arg(long)]
    matrix: bool,
    /// Probe so many simulated endpoints, kill the run half-way and resume it
    #[arg(long, value_name = "ENDPOINTS", num_args = 0..=1, default_missing_value = "100000")]
    simulated: Option<u32>,
    /// Endpoints in flight in the simulated sweep, where the program has the option
    #[arg(long, default_value_t = 500)]
    endpoints: u32,
    /// Folder of programs that pip installed: sslyze, cryptolyze
    #[arg(long, value_name = "DIR")]
    python_tools: Option<PathBuf>,
    /// Runs of each tool on each service
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Seconds after which a run is broken off, and a tool not run again on this service
    #[arg(long, default_value_t = 300)]
    limit: u64,
    /// Only services whose name begins so
    #[arg(long, default_value = "")]
    service: String,
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    if std::env::args_os().nth(1).is_some_and(|first| first == run::WAITING) {
        return run::wait(std::env::args_os().skip(2));
    }
    let arguments = Arguments::parse();
    if std::env::var_os(INSIDE).is_none() {
        return Err(enter_namespace()?);
    }
    let installed = tool::Installed { dengmi: dengmi()?, python_tools: arguments.python_tools.clone() };
    match arguments.simulated {
        Some(count) => simulated::sweep(&installed.dengmi, count, arguments.endpoints),
        None if arguments.matrix => matrix::print(&installed, &arguments),
        None => compare::print(&installed, &arguments),
    }
}

/// Becomes the same program in new namespaces: the network has a loopback and nothing else, and `/run` has the folder that
/// sshd asks for. Returns only when that fails.
fn enter_namespace() -> Outcome<Box<dyn Error>> {
    let user: &[&str] = if nix::unistd::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
    let prepare = "ip link set lo up && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd";
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(user).args(["--net", "--mount", "sh", "-c"]);
        command
    };
    let tried = unshare().arg(prepare).status();
    if !tried.is_ok_and(|status| status.success()) {
        return Err(
            "no network namespace: needs unshare, ip, and root or user namespaces; see the message above".into()
        );
    }
    let mut command = unshare();
    command
        .arg(format!(r#"{prepare} && exec "$0" "$@""#))
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1));
    Ok(command.env(INSIDE, "1").exec().into())
}

/// Our program: named by `DENGMI`, or the one of the release profile in the target folder that this program lies in.
fn dengmi() -> Outcome<PathBuf> {
    let (program, how) = match std::env::var_os("DENGMI") {
        Some(named) => (PathBuf::from(named), "named by DENGMI"),
        None => {
            let own = std::env::current_exe()?;
            let target = own.ancestors().nth(3).ok_or("this program lies in no target folder")?;
            (target.join("release/dengmi"), "the release profile's beside this program")
        }
    };
    if !program.is_file() {
        return Err(format!(
            "{} is missing: cargo build --release -p dengmi, or name one in DENGMI",
            program.display()
        )
        .into());
    }
    say(&format!("measured: {} ({how})", program.display()));
    Ok(program)
}

/// Talk, apart from results.
pub(crate) fn say(line: &str) {
    // Nobody reads any more: no reason to stop measuring.
    let _ = writeln!(io::stderr(), "{line}");
}

/// The middle one; of an even number the lower middle.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// As many digits as are worth printing.
pub(crate) fn thousandths(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
