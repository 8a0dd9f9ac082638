//! `dengmi probe HOST[:PORT]…`: what live services speak, accept and prove.

mod print;
mod progress;
mod sink;
mod source;

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, TOOL, now};
use clap::Args;
use dengmi_collect::certificate::{identity, trusted};
use dengmi_collect::probe::{AddressFamily, Cancel, Options, Output, Summary, Unreachable, probe, raise_file_limit};
use dengmi_protocol::certify::Certifier;
use futures_util::StreamExt;
use progress::Progress;
use sink::Sink;
use source::Source;
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct ProbeArgs {
    #[arg(
        help = "HOST, HOST:PORT, SCHEME://HOST, NAME@ADDRESS:PORT, NETWORK/BITS; `-` reads them from stdin, one a line"
    )]
    #[arg(required_unless_present = "targets_from")]
    targets: Vec<String>,
    /// More of them from a file, one a line; repeatable
    #[arg(long, value_name = "FILE")]
    targets_from: Vec<PathBuf>,
    /// Ports of targets that name none
    #[arg(long, value_name = "PORT,…", value_delimiter = ',', default_value = "443")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    ports: Vec<u16>,
    /// Use only IPv4 addresses of a name
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Use only IPv6 addresses of a name
    #[arg(short = '6', long)]
    ipv6: bool,
    /// The name to ask for and to find in certificates
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Trusted roots: a file or folder; repeatable
    #[arg(long, value_name = "FILE")]
    roots: Vec<PathBuf>,
    /// Trust what this machine trusts as well
    #[arg(long)]
    system_roots: bool,
    /// Try all 65,536 suites and groups, not only those that are registered
    #[arg(long)]
    sweep: bool,
    /// Certificates and private key of a client, PEM; with a second key, TLCP's pair: signing first, then encryption
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Seconds for each connection and answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Endpoints at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    endpoints: u32,
    /// Connections at a time to one address
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    per_host: u32,
    /// Milliseconds between two connections to one address
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pause: u64,
    /// Connections begun in a second, in all
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Write the observations to a file instead, one a line
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on with that file: what it has finished is not asked again
    #[arg(long, requires = "output")]
    resume: bool,
    /// Replace that file
    #[arg(long, requires = "output", conflicts_with = "resume")]
    force: bool,
    #[command(flatten)]
    on: On,
    /// One observation a line (JSON Lines)
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ProbeArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let mut source = Source::new(&args.targets, &args.targets_from, &args.ports, voice)?;
    let options = options(args, voice)?;
    let roots = trusted(&args.roots, args.system_roots)
        .map_err(|error| Failure::usage(error).hint(voice.text("hint-roots", &[])))?;
    let mut certifier = Certifier::new(roots, Default::default(), Vec::new(), Default::default());
    let sink = args.output.as_ref().map(|path| Sink::open(path, args.resume, args.force, voice)).transpose()?;
    // More descriptors than the default are a comfort, not a need.
    let _ = raise_file_limit(u64::from(args.endpoints).saturating_mul(u64::from(args.per_host)).saturating_add(1024));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::not_finished(format!("no runtime for sockets: {error}")))?;
    let cancel = Cancel::default();
    let finished = sink.as_ref().map_or(0, Sink::finished);
    let progress = RefCell::new(Progress::new(source.count(), finished, voice));
    let sink = RefCell::new(sink);
    let mut failure = None;
    let targets = source.stream();
    super::listen(&cancel)?;
    let summary = runtime.block_on(async {
        let mut tell = |output: Output| {
            let is_last = matches!(output, Output::Finished(_));
            let mut told = || match &mut *sink.borrow_mut() {
                Some(sink) => kept(&output, sink, &cancel),
                None => progress.borrow().aside(|| told(&output, args.json, voice, out)),
            };
            if failure.is_none()
                && let Err(error) = told()
            {
                // Nobody reads any more, or something broke: no reason to go on knocking at doors.
                failure = Some(error);
                cancel.cancel();
            }
            if is_last {
                progress.borrow_mut().step();
            }
        };
        let left = targets.filter(|target| {
            let done = sink.borrow().as_ref().is_some_and(|sink| sink.has(target));
            std::future::ready(!done)
        });
        probe(left, &options, &mut certifier, &cancel, &mut tell).await
    });
    progress.borrow().end();
    if let Some(failure) = failure {
        return Err(failure);
    }
    voice.say("probed-all", &[("summary", &summary_text(&summary, voice))]);
    if summary.cancelled {
        let failure = Failure::not_finished(voice.text("broken-off", &[]));
        return Err(if args.output.is_some() { failure.hint(voice.text("hint-probe-resume", &[])) } else { failure });
    }
    if let Some(failure) = source.wrong(voice) {
        return Err(failure);
    }
    Ok(if summary.unreachable == summary.endpoints && summary.endpoints > 0 { Exit::NotFinished } else { Exit::Done })
}

fn options(args: &ProbeArgs, voice: &Voice) -> Outcome<Options> {
    let mut options = Options::new(args.on.day(now().date(), voice)?, now, TOOL.into());
    options.server_name = args.server_name.as_deref().map(Arc::from);
    options.addresses = match (args.ipv4, args.ipv6) {
        (true, _) => AddressFamily::V4,
        (_, true) => AddressFamily::V6,
        _ => AddressFamily::Any,
    };
    options.times.connect = Duration::from_secs(args.timeout);
    options.times.answer = Duration::from_secs(args.timeout);
    options.endpoints = usize::try_from(args.endpoints).unwrap_or(usize::MAX);
    options.per_host = usize::try_from(args.per_host).unwrap_or(usize::MAX);
    options.connections = options.endpoints.saturating_mul(options.per_host);
    options.pause = Duration::from_millis(args.pause);
    options.rate = args.rate;
    options.sweep = args.sweep;
    if let Some(path) = &args.identity {
        let shown = path.display().to_string();
        let identity = identity(path)
            .map_err(|error| Failure::usage(format!("{shown}: {error}")).hint(voice.text("hint-identity", &[])))?;
        options.identity = Some(Arc::new(identity));
    }
    Ok(options)
}

fn kept(output: &Output, sink: &mut Sink, cancel: &Cancel) -> Outcome<()> {
    match output {
        Output::Artifact { .. } => Ok(()),
        Output::Observation(observation) => sink.keep(observation),
        // What was cut off by the user is asked again when the run is resumed.
        Output::Finished(finished) => {
            sink.finish(!(finished.cut && cancel.is_cancelled())).map_err(Failure::not_finished)
        }
    }
}

fn told(output: &Output, json: bool, voice: &Voice, out: &mut Out) -> Outcome<()> {
    match output {
        Output::Artifact { .. } => {}
        Output::Observation(observation) if json => {
            out.bytes(&observation.line().map_err(Failure::not_finished)?)?;
            out.line("")?;
        }
        Output::Observation(observation) => print::print(observation, voice, out)?,
        Output::Finished(finished) => {
            if let (Some(why), false) = (finished.unreachable, json) {
                let key = match why {
                    Unreachable::NoAddress => "no-address",
                    Unreachable::Refused => "refused",
                    Unreachable::NoAnswer => "no-answer",
                };
                out.line(format!("{}  {}", finished.target, voice.text(key, &[])))?;
            }
            for finding in finished.findings.iter().filter(|_| !json) {
                out.line(format!("{}  ! {}", finished.target, print::finding(finding, voice)))?;
            }
            out.flush()?;
        }
    }
    Ok(())
}

/// What a run came to.
pub(crate) fn summary_text(summary: &Summary, voice: &Voice) -> String {
    let figures = [
        ("endpoints", summary.endpoints),
        ("complete", summary.complete),
        ("unreachable", summary.unreachable),
        ("connections", summary.connections),
        ("handshakes", summary.handshakes),
        ("lost", summary.lost),
    ]
    .map(|(name, figure)| (name, figure.to_string()));
    voice.text("summary", &figures.each_ref().map(|(name, figure)| (*name, figure.as_str())))
}
