//! `dengmi capture FILE…`: which cryptography the traffic in captures really used.

use super::judge::width;
use crate::TOOL;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use clap::Args;
use dengmi_collect::capture::{Cancel, NotRead, Options, Service, Source, Summary, capture, weakest};
use dengmi_collect::certificate::trusted;
use dengmi_core::{UtcDateTime, date::instant_text};
use dengmi_parse::tls::{Digits, KeyLog, KeyLogPart};
use dengmi_protocol::certify::Certifier;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a key log: some 250,000 sessions of TLS 1.3.
const KEY_LOG: u64 = 256 << 20;

#[derive(Args)]
pub(crate) struct CaptureArgs {
    /// Captures (pcap or pcapng, also compressed with gzip or zstd) or folders of them; `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Wait for more at the end of the last file, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Check the signature of every key exchange, not only of the first three sessions of a server and certificate with --json
    #[arg(long)]
    verify_all: bool,
    /// Secrets that your own test client wrote (SSLKEYLOGFILE): shows what is inside its sessions, and of no others
    #[arg(long, value_name = "FILE")]
    key_log: Option<PathBuf>,
    /// Trusted roots: a file or folder; repeatable
    #[arg(long, value_name = "FILE")]
    roots: Vec<PathBuf>,
    /// One observation a line (JSON Lines)
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &CaptureArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let roots =
        trusted(&args.roots, false).map_err(|error| Failure::usage(error).hint(voice.text("hint-roots", &[])))?;
    let mut certifier = Certifier::new(roots, Default::default(), Vec::new(), Default::default());
    let key_log = args.key_log.as_deref().map(|file| key_log(file, voice)).transpose()?;
    let options =
        Options { sessions: args.json, verify_all: args.verify_all, key_log, follow: args.follow, tool: TOOL.into() };
    let sources: Vec<Source> = args.files.iter().map(|file| source(file.as_path())).collect();
    let cancel = Cancel::default();
    super::listen(&cancel)?;
    let mut failure = None;
    let mut tell = |observation: dengmi_core::Observation| {
        let mut told = || -> Outcome<()> {
            out.bytes(&observation.line().map_err(Failure::not_finished)?)?;
            Ok(out.line("")?)
        };
        if failure.is_none()
            && let Err(error) = told()
        {
            failure = Some(error);
            cancel.cancel();
        }
    };
    let summary = capture(&sources, &options, &mut certifier, &cancel, &mut |_| None, &mut tell);
    if let Some(failure) = failure {
        return Err(failure);
    }
    let summary = summary.map_err(|error| not_read(&error, voice))?;
    if !args.json {
        print(&summary, voice, out)?;
    }
    said(&summary, voice);
    if summary.cancelled && !args.follow {
        return Err(Failure::not_finished(voice.text("broken-off", &[])));
    }
    Ok(Exit::Done)
}

/// The secrets that a client under test wrote down.
fn key_log(file: &Path, voice: &Voice) -> Outcome<Arc<KeyLog>> {
    let io = |error| Failure::file(file, &error, voice);
    let mut text = Vec::new();
    File::open(file).and_then(|file| file.take(KEY_LOG + 1).read_to_end(&mut text)).map_err(io)?;
    let name = file.display().to_string();
    let hint = || voice.text("hint-key-log", &[]);
    if text.len() as u64 > KEY_LOG {
        let most = (KEY_LOG >> 20).to_string();
        return Err(Failure::usage(voice.text("key-log-long", &[("file", &name), ("most", &most)])).hint(hint()));
    }
    let log = KeyLog::read(&text).map_err(|fault| {
        let expected = match fault.expected {
            KeyLogPart::Label => "key-log-label",
            KeyLogPart::Space => "key-log-space",
            KeyLogPart::ClientRandom => "key-log-random",
            KeyLogPart::Secret(Digits::Master) => "key-log-master",
            KeyLogPart::Secret(Digits::Hash) => "key-log-secret",
        };
        let (line, column) = (fault.line.to_string(), fault.column.to_string());
        let expected = voice.text(expected, &[]);
        let values = [("file", &*name), ("line", &line), ("column", &column), ("expected", &expected)];
        Failure::usage(voice.text("key-log-fault", &values)).hint(hint())
    })?;
    if log.is_empty() {
        return Err(Failure::usage(voice.text("key-log-empty", &[("file", &name)])).hint(hint()));
    }
    Ok(Arc::new(log))
}

fn source(file: &Path) -> Source {
    if file.as_os_str() == "-" { Source::Stdin } else { Source::Path(file.into()) }
}

pub(super) fn not_read(error: &NotRead, voice: &Voice) -> Failure {
    match error {
        NotRead::Io { file, error } => Failure::file(file.as_ref().as_ref(), error, voice),
        NotRead::NotCapture { file, defect } => {
            let values = [("file", &**file), ("defect", &defect.to_string())];
            Failure::usage(voice.text("not-capture", &values)).hint(voice.text("hint-capture", &[]))
        }
    }
}

/// Each service with what it was used for.
fn print(summary: &Summary, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let mut services: Vec<&Service> = summary.services.iter().collect();
    services.sort_by_key(|service| (service.server, service.datagrams, service.seen));
    let key = |service: &Service| (service.server, service.datagrams);
    for uses in services.chunk_by(|one, other| key(one) == key(other)) {
        let Some(first) = uses.first() else { continue };
        let name = first.server.map_or_else(|| voice.text("capture-others", &[]), |server| server.to_string());
        let udp = if first.datagrams { " udp" } else { "" };
        out.line(format!("{name}{udp}  {}", whole(uses, voice)))?;
        uses.iter().try_for_each(|service| row(service, voice, out))?;
    }
    for tunnel in &summary.tunnels {
        let [first, second] = tunnel.ends.map(|end| end.to_string());
        let [packets, bytes] = [tunnel.packets, tunnel.bytes].map(|counts| counts.map(|count| count.to_string()));
        let (from, until) = (instant(tunnel.seen.0), instant(tunnel.seen.1));
        let associations = tunnel.associations.to_string();
        let values = [
            ("sent", &*packets[0]),
            ("received", &packets[1]),
            ("bytes-sent", &bytes[0]),
            ("bytes-received", &bytes[1]),
            ("associations", &associations),
            ("first", &from),
            ("last", &until),
        ];
        out.line(format!("{first} – {second}  {}  {}", tunnel.protocol, voice.text("capture-tunnel", &values)))?;
    }
    for network in &summary.networks {
        let name = network.ssid.as_deref().unwrap_or("-");
        let ciphers = [&network.akm[..], &network.unicast_cipher].concat().join(" ");
        out.line(format!("{name} ({})  {}  {ciphers}", network.bssid, network.protection.join(" ")))?;
    }
    Ok(())
}

/// All that a service was used for, in one line: how much, how much of it in clear, when, and the weakest of what was used.
fn whole(uses: &[&Service], voice: &Voice) -> String {
    let bytes = |service: &Service| service.bytes.iter().fold(0_u128, |sum, bytes| sum + u128::from(*bytes));
    let sum = |encrypted: Option<Option<bool>>| -> u128 {
        uses.iter().filter(|one| encrypted.is_none_or(|is| one.encrypted == is)).map(|one| bytes(one)).sum()
    };
    let all = sum(None);
    // Rounded up: what is not nothing is not told as nothing.
    let share = |part: u128| {
        let tenths = (part * 1000).div_ceil(all.max(1));
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let (clear, untold) = (share(sum(Some(Some(false)))), share(sum(Some(None))));
    let first = instant(uses.iter().map(|service| service.seen.0).min().unwrap_or_default());
    let last = instant(uses.iter().map(|service| service.seen.1).max().unwrap_or_default());
    let total = all.to_string();
    let values = [("bytes", &*total), ("clear", &clear), ("untold", &untold), ("first", &first), ("last", &last)];
    let weakest = weakest(uses.iter().copied());
    let version = weakest.version.map(|version| version.to_string().into_boxed_str());
    let suite = weakest.suite.map(|suite| suite.to_string().into_boxed_str());
    let list: Vec<Box<str>> = [version, suite, weakest.group, weakest.key].into_iter().flatten().collect();
    let mut text = voice.text("capture-service", &values);
    if !list.is_empty() {
        text += &voice.text("capture-weakest", &[("list", &list.join(", "))]);
    }
    text
}

/// One use of a service.
fn row(service: &Service, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let mark = voice.text(
        match service.encrypted {
            Some(true) => "capture-encrypted",
            Some(false) => "capture-clear",
            None => "capture-untold",
        },
        &[],
    );
    let name = format!("{} {}", service.protocol, service.version);
    let mut suite = if service.suite.is_empty() { String::new() } else { format!("{}  ", service.suite) };
    if let Some(key) = &service.key {
        suite += &format!("{}  ", key.name);
    }
    let [client, server] = service.bytes;
    let (sessions, complete) = (service.sessions.to_string(), service.complete.to_string());
    let bytes = client.saturating_add(server).to_string();
    let (first, until) = (instant(service.seen.0), instant(service.seen.1));
    let values =
        [("sessions", &*sessions), ("complete", &complete), ("bytes", &bytes), ("first", &first), ("last", &until)];
    let pad = " ".repeat(14_usize.saturating_sub(width(name.trim())).max(2));
    out.line(format!("    {}{pad}{suite}{mark}  {}", name.trim(), voice.text("capture-counts", &values)))?;
    Ok(())
}

fn instant(nanoseconds: u64) -> String {
    UtcDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds)).map(instant_text).unwrap_or_default()
}

/// What the run came to, and what was wrong.
fn said(summary: &Summary, voice: &Voice) {
    let figures = [
        ("files", summary.files),
        ("packets", summary.packets),
        ("flows", summary.flows),
        ("sessions", summary.sessions),
        ("undecodable", summary.undecodable),
        ("cut", summary.cut),
    ]
    .map(|(name, figure)| (name, figure.to_string()));
    voice.say("captured-all", &figures.each_ref().map(|(name, figure)| (*name, figure.as_str())));
    let [held, _] = summary.signatures;
    if held > 0 {
        voice.say("capture-signatures", &[("held", &held.to_string())]);
    }
    let [opened, closed] = summary.opened.map(|count| count.to_string());
    if summary.opened != [0, 0] {
        voice.say("capture-opened", &[("opened", &opened), ("closed", &closed)]);
    }
    warnings(summary, voice);
}

/// What was wrong.
pub(super) fn warnings(summary: &Summary, voice: &Voice) {
    let [_, wrong] = summary.signatures;
    for (key, count) in [
        ("capture-short", summary.short),
        ("capture-overlaps", summary.overlaps),
        ("capture-secrets", summary.secrets),
        ("capture-forged", wrong),
    ] {
        if count > 0 {
            voice.warn(&voice.text(key, &[("count", &count.to_string())]));
        }
    }
    for (file, defect) in &summary.defects {
        voice.warn(&voice.text("capture-defect", &[("file", file), ("defect", &defect.to_string())]));
    }
}
