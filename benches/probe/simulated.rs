//! A sweep over more endpoints than one machine could serve for real, killed half-way and resumed.
//!
//! Every address of 127.0.0.0/8 is this namespace's own, so one listener on one port is as many endpoints as are wanted. It
//! speaks TLS 1.2 with three suites of RSA key exchange: an answer is a copy of bytes, without cryptography. Who completes a
//! handshake learns that nothing stands behind it: the connection ends with an alert.

use crate::run::{children, output};
use crate::server::certificate;
use crate::wire::{
    ALERT, CERTIFICATE, HANDSHAKE, HANDSHAKE_FAILURE, Hello, PROTOCOL_VERSION, SERVER_HELLO, SERVER_HELLO_DONE, length,
    message, record,
};
use crate::{Outcome, say, thousandths};
use dengmi_core::Version;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const PORT: u16 = 8443;
/// The address of endpoint 0; the next ones follow.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 16, 0, 1);
/// How often memory is looked at.
const SAMPLE: Duration = Duration::from_millis(50);
/// How long a client may hold a connection.
const PATIENCE: Duration = Duration::from_secs(20);
/// Lines of memory over time that are printed of a run.
const LINES: usize = 12;

/// What the listener saw.
struct Seen {
    /// Connections of each endpoint.
    connections: Vec<AtomicU32>,
    all: AtomicU64,
}

impl Seen {
    fn of(&self, index: usize) -> u32 {
        self.connections.get(index).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

/// What one run of the program came to.
struct Run {
    wall: f64,
    cpu: f64,
    /// Seconds since the start, KiB resident, connections so far.
    samples: Vec<(f64, u64, u64)>,
    connections: u64,
    killed: bool,
}

/// Probes `count` endpoints, prints rate and memory, then kills a second run half-way and resumes it.
pub(crate) fn sweep(dengmi: &Path, count: u32, in_flight: u32) -> Outcome<()> {
    let seen = Arc::new(Seen { connections: (0..count).map(|_| AtomicU32::new(0)).collect(), all: AtomicU64::new(0) });
    listen(Arc::clone(&seen))?;
    let help = String::from_utf8(output(&dengmi.display().to_string(), &["probe", "--help"])?)?;
    let can = |option: &str| help.split_whitespace().any(|word| word == option);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("observations.jsonl");
    let mut arguments = vec!["probe".to_owned(), "--quiet".to_owned()];
    if can("--endpoints") {
        arguments.extend(["--endpoints".to_owned(), in_flight.to_string()]);
    }
    let keeps = can("--output");
    match keeps {
        true => arguments.extend(["--output".to_owned(), file.display().to_string()]),
        false => arguments.push("--json".to_owned()),
    }
    let whole = run(dengmi, &arguments, &file, keeps, count, &seen, u64::MAX)?;
    whole.print("whole sweep", count)?;
    let finished = finished(&file)?;
    let mut out = io::stdout();
    writeln!(
        out,
        "{} of {count} endpoints finished, {} bytes of observations",
        finished.len(),
        fs::metadata(&file)?.len()
    )?;
    if !(keeps && can("--resume")) {
        say("NOT MEASURED: killing and resuming; the program has no --output and --resume");
        return Ok(());
    }
    fs::remove_file(&file)?;
    let half = seen.all.load(Ordering::Relaxed) / 2;
    resume(dengmi, arguments, &file, count, &seen, half)
}

/// A run is killed after so many connections; the next one must not ask a finished endpoint again.
fn resume(
    dengmi: &Path,
    mut arguments: Vec<String>,
    file: &Path,
    count: u32,
    seen: &Arc<Seen>,
    half: u64,
) -> Outcome<()> {
    let counts = || -> Vec<u32> { (0..count as usize).map(|index| seen.of(index)).collect() };
    let at_first = counts();
    let killed = run(dengmi, &arguments, file, true, count, seen, half)?;
    killed.print("killed half-way", count)?;
    if !killed.killed {
        return Err("the run ended before it could be killed: more endpoints are needed".into());
    }
    let before = finished(file)?;
    let connections = counts();
    arguments.push("--resume".to_owned());
    let resumed = run(dengmi, &arguments, file, true, count, seen, u64::MAX)?;
    resumed.print("resumed", count)?;
    let again = |index: &usize| seen.of(*index) != connections.get(*index).copied().unwrap_or_default();
    let asked_again = before.keys().filter(|index| again(index)).count();
    let asked = at_first.iter().zip(&connections).enumerate().filter(|(_, (first, now))| now > first);
    let cut_off = asked.filter(|(index, _)| !before.contains_key(index)).count();
    let after = finished(file)?;
    let twice = after.values().filter(|times| **times > 1).count();
    let missing = count as usize - after.len();
    writeln!(
        io::stdout(),
        "killed with {} endpoints finished and {cut_off} begun; of the finished ones asked again: {asked_again}; \
         finished in the end: {} of {count}, twice: {twice}\n{}",
        before.len(),
        after.len(),
        json!({ "what": "resume", "finished_before": before.len(), "begun_before": cut_off, "asked_again": asked_again,
                "finished_after": after.len(), "twice": twice })
    )?;
    match asked_again + twice + missing {
        0 => Ok(()),
        _ => Err("resuming lost endpoints or asked them again".into()),
    }
}

/// Runs the program over all endpoints until it ends, or kills it after so many connections.
fn run(
    dengmi: &Path,
    arguments: &[String],
    file: &Path,
    keeps: bool,
    count: u32,
    seen: &Seen,
    kill_after: u64,
) -> Outcome<Run> {
    let (begun, start, (cpu, _)) = (seen.all.load(Ordering::Relaxed), Instant::now(), children()?);
    let mut command = Command::new(dengmi);
    command.args(arguments).arg("-").stdin(Stdio::piped());
    // It makes its own file, and refuses one that is there.
    command.stdout(if keeps { Stdio::null() } else { File::create(file)?.into() });
    let mut child = command.spawn()?;
    let stdin = child.stdin.take().ok_or("no stdin")?;
    let feeder = thread::spawn(move || feed(stdin, count));
    let (mut samples, mut killed) = (Vec::new(), false);
    while child.try_wait()?.is_none() {
        let connections = seen.all.load(Ordering::Relaxed) - begun;
        if connections >= kill_after && !killed {
            child.kill()?;
            killed = true;
        }
        samples.extend(resident(&child).map(|kib| (start.elapsed().as_secs_f64(), kib, connections)));
        thread::sleep(SAMPLE);
    }
    let wall = start.elapsed().as_secs_f64();
    let status = child.wait()?;
    // A program that was killed reads no more.
    let fed = feeder.join().map_err(|_| "the feeding thread broke")?;
    if !killed {
        if !status.success() {
            return Err(format!("dengmi probe ended with {status}").into());
        }
        fed?;
    }
    let connections = seen.all.load(Ordering::Relaxed) - begun;
    Ok(Run { wall, cpu: children()?.0 - cpu, samples, connections, killed })
}

/// The endpoints, one a line, as fast as they are read.
fn feed(stdin: ChildStdin, count: u32) -> io::Result<()> {
    let mut lines = BufWriter::new(stdin);
    (0..count).try_for_each(|index| writeln!(lines, "{}:{PORT}", Ipv4Addr::from_bits(FIRST.to_bits() + index)))
}

/// KiB of this process that are resident now.
fn resident(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").parse().ok()
}

impl Run {
    fn print(&self, what: &str, count: u32) -> Outcome<()> {
        let Run { wall, cpu, connections, samples, .. } = self;
        let peak = samples.iter().map(|sample| sample.1).max().unwrap_or_default();
        let mut out = io::stdout();
        writeln!(out, "\n{what}: {:>8}{:>16}{:>10}", "s", "connections", "RSS MiB")?;
        let step = samples.len().div_ceil(LINES).max(1);
        for (at, kib, so_far) in samples.iter().step_by(step).chain(samples.last()) {
            writeln!(out, "{:>width$.1}{so_far:>16}{:>10.1}", at, *kib as f64 / 1024.0, width = what.len() + 10)?;
        }
        let rate = *connections as f64 / wall;
        writeln!(
            out,
            "{connections} connections in {wall:.1} s ({rate:.0}/s), {cpu:.1} CPU s ({:.0} µs each), peak {:.1} MiB",
            cpu * 1e6 / *connections.max(&1) as f64,
            peak as f64 / 1024.0
        )?;
        let row = json!({ "what": what, "endpoints": count, "connections": connections, "wall_s": thousandths(*wall), "cpu_s": thousandths(*cpu), "peak_kib": peak });
        Ok(writeln!(out, "{row}")?)
    }
}

/// Endpoints that have a coverage observation, with how many. The last line of a killed run may be torn.
fn finished(file: &Path) -> Outcome<BTreeMap<usize, u32>> {
    let mut finished = BTreeMap::new();
    for line in BufReader::new(File::open(file)?).lines() {
        let line = line?;
        // Parsing every line of a long sweep takes longer than the sweep.
        if !line.contains(r#""probe.coverage""#) {
            continue;
        }
        let Ok(observation) = serde_json::from_str::<Value>(&line) else { continue };
        let endpoint: SocketAddr = observation["observed"].as_str().unwrap_or_default().parse()?;
        let SocketAddr::V4(endpoint) = endpoint else { continue };
        *finished.entry((endpoint.ip().to_bits() - FIRST.to_bits()) as usize).or_default() += 1;
    }
    Ok(finished)
}

/// Suites of RSA key exchange, in the server's order.
const SUITES: [&str; 3] =
    ["TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA"];

/// What the server has ready.
struct Answers {
    /// A flight for each suite that it accepts.
    flights: Vec<(u16, Vec<u8>)>,
}

/// Starts the listener in a thread of its own; it ends with this program.
fn listen(seen: Arc<Seen>) -> Outcome<()> {
    let answers = Arc::new(Answers::new()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _entered = runtime.enter();
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::UNSPECIFIED, PORT).into())?;
        socket.listen(4096)?
    };
    thread::spawn(move || {
        runtime.block_on(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let Ok(SocketAddr::V4(own)) = stream.local_addr() else { continue };
                let index = own.ip().to_bits().checked_sub(FIRST.to_bits()).map(|index| index as usize);
                let Some(count) = index.and_then(|index| seen.connections.get(index)) else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                seen.all.fetch_add(1, Ordering::Relaxed);
                let answers = Arc::clone(&answers);
                tokio::spawn(async move { tokio::time::timeout(PATIENCE, answers.serve(stream)).await });
            }
        });
    });
    Ok(())
}

impl Answers {
    fn new() -> Outcome<Answers> {
        let file = certificate("rsa/rsa2048.crt").display().to_string();
        let certificate = output("openssl", &["x509", "-in", &file, "-outform", "DER"])?;
        let suites = SUITES.iter().map(|name| dengmi_core::registry::suite_named(name).ok_or("no such suite"));
        let flight = |suite: u16| -> Outcome<Vec<u8>> {
            // Version, random, no session, suite, no compression.
            let hello = [&Version::TLS_1_2.0.to_be_bytes()[..], &[0x5a; 32], &[0], &suite.to_be_bytes(), &[0]].concat();
            let list = [&length(certificate.len() + 3)[..], &length(certificate.len()), &certificate].concat();
            let messages =
                [message(SERVER_HELLO, &hello), message(CERTIFICATE, &list), message(SERVER_HELLO_DONE, &[])].concat();
            record(HANDSHAKE, Version::TLS_1_2, &messages)
        };
        let flights = suites.map(|entry| {
            let code = u16::try_from(entry?.code)?;
            Ok((code, flight(code)?))
        });
        Ok(Answers { flights: flights.collect::<Outcome<_>>()? })
    }

    /// One connection: a hello, its answer, and an alert on whatever follows that is no alert itself.
    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut record = Vec::new();
        if !next_record(&mut stream, &mut record).await? {
            return Ok(());
        }
        match self.answer(&record) {
            Ok(flight) => stream.write_all(flight).await?,
            Err(alert) => return refuse(&mut stream, alert).await,
        }
        while next_record(&mut stream, &mut record).await? {
            if record.first() != Some(&ALERT) {
                return refuse(&mut stream, HANDSHAKE_FAILURE).await;
            }
        }
        Ok(())
    }

    /// The flight for the first of the server's suites that the hello offers, or the alert.
    fn answer(&self, record: &[u8]) -> Result<&[u8], u8> {
        let hello = Hello::read(record).ok_or(HANDSHAKE_FAILURE)?;
        if !hello.versions.contains(&Version::TLS_1_2) {
            return Err(PROTOCOL_VERSION);
        }
        let chosen = self.flights.iter().find(|(suite, _)| hello.suites.contains(suite));
        chosen.map(|(_, flight)| flight.as_slice()).ok_or(HANDSHAKE_FAILURE)
    }
}

/// A fatal alert, and then no more.
async fn refuse(stream: &mut TcpStream, alert: u8) -> io::Result<()> {
    let [major, minor] = Version::TLS_1_2.0.to_be_bytes();
    stream.write_all(&[ALERT, major, minor, 0, 2, 2, alert]).await?;
    stream.shutdown().await
}

/// Reads a record with its header; `false` at the end of the stream.
async fn next_record(stream: &mut TcpStream, record: &mut Vec<u8>) -> io::Result<bool> {
    record.resize(5, 0);
    match stream.read_exact(record).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        other => drop(other?),
    }
    let size = record.last_chunk().map_or(0, |size: &[u8; 2]| u16::from_be_bytes(*size));
    record.resize(5 + usize::from(size), 0);
    if let Some(body) = record.get_mut(5..) {
        stream.read_exact(body).await?;
    }
    Ok(true)
}
