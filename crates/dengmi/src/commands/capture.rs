//! `dengmi capture FILE…`: which cryptography the traffic in captures really used.

use super::judge::width;
use crate::TOOL;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use clap::Args;
use dengmi_collect::capture::{Cancel, NotRead, Options, Service, Source, Summary, capture};
use dengmi_collect::certificate::trusted;
use dengmi_core::{UtcDateTime, date::instant_text};
use dengmi_protocol::certify::Certifier;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct CaptureArgs {
    /// Captures (pcap or pcapng, also compressed with gzip or zstd) or folders of them; `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Wait for more at the end of the last file, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Trusted roots: a file or folder; repeatable
    #[arg(long, value_name = "FILE")]
    roots: Vec<PathBuf>,
    /// One observation a line (JSON Lines)
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &CaptureArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let roots = trusted(&args.roots).map_err(|error| Failure::usage(error).hint(voice.text("hint-roots", &[])))?;
    let mut certifier = Certifier::new(roots, Default::default(), Vec::new(), Default::default());
    let options = Options { sessions: args.json, follow: args.follow, tool: TOOL.into() };
    let sources: Vec<Source> = args.files.iter().map(|file| source(file.as_path())).collect();
    let cancel = Cancel::default();
    listen(&cancel)?;
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

fn source(file: &Path) -> Source {
    if file.as_os_str() == "-" { Source::Stdin } else { Source::Path(file.into()) }
}

/// Ends the run at Ctrl-C; what was read until then is told.
pub(super) fn listen(cancel: &Cancel) -> Outcome<()> {
    let interrupted = cancel.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::not_finished(format!("no runtime for signals: {error}")))?;
    std::thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            interrupted.cancel();
        }
    });
    Ok(())
}

fn not_read(error: &NotRead, voice: &Voice) -> Failure {
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
    let mut last = None;
    for service in services {
        let server = (service.server, service.datagrams);
        if last != Some(server) {
            last = Some(server);
            let name = service.server.map_or_else(|| voice.text("capture-others", &[]), |server| server.to_string());
            out.line(format!("{name}{}", if service.datagrams { " udp" } else { "" }))?;
        }
        let mark = voice.text(
            match service.encrypted {
                Some(true) => "capture-encrypted",
                Some(false) => "capture-clear",
                None => "capture-untold",
            },
            &[],
        );
        let name = format!("{} {}", service.protocol, service.version);
        let suite = if service.suite.is_empty() { String::new() } else { format!("{}  ", service.suite) };
        let [client, server] = service.bytes;
        let (sessions, complete) = (service.sessions.to_string(), service.complete.to_string());
        let bytes = client.saturating_add(server).to_string();
        let (first, until) = (instant(service.seen.0), instant(service.seen.1));
        let values =
            [("sessions", &*sessions), ("complete", &complete), ("bytes", &bytes), ("first", &first), ("last", &until)];
        let pad = " ".repeat(14_usize.saturating_sub(width(name.trim())).max(2));
        out.line(format!("    {}{pad}{suite}{mark}  {}", name.trim(), voice.text("capture-counts", &values)))?;
    }
    for network in &summary.networks {
        let name = network.ssid.as_deref().unwrap_or("-");
        let ciphers = [&network.akm[..], &network.unicast_cipher].concat().join(" ");
        out.line(format!("{name} ({})  {}  {ciphers}", network.bssid, network.protection.join(" ")))?;
    }
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
    for (key, count) in
        [("capture-short", summary.short), ("capture-overlaps", summary.overlaps), ("capture-secrets", summary.secrets)]
    {
        if count > 0 {
            voice.warn(&voice.text(key, &[("count", &count.to_string())]));
        }
    }
    for (file, defect) in &summary.defects {
        voice.warn(&voice.text("capture-defect", &[("file", file), ("defect", &defect.to_string())]));
    }
}
