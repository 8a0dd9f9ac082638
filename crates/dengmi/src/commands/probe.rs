//! `dengmi probe HOST:PORT…`: what live services speak, accept and prove.

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, TOOL, now};
use clap::Args;
use dengmi_collect::certificate::trusted;
use dengmi_collect::probe::{Cancel, Options, Output, Target, Unreachable, probe, raise_file_limit};
use dengmi_core::{Asked, Fact, Observation, Order, Protocol, Reach, registry};
use dengmi_protocol::certify::Certifier;
use dengmi_protocol::plan::Finding;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct ProbeArgs {
    /// HOST:PORT, [ADDRESS]:PORT; `-` reads them from stdin, one a line
    #[arg(required = true)]
    targets: Vec<String>,
    /// The name to ask for and to find in certificates
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Trusted roots: a file or folder; repeatable
    #[arg(long, value_name = "FILE")]
    roots: Vec<PathBuf>,
    /// Seconds for each connection and answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    #[command(flatten)]
    on: On,
    /// One observation a line (JSON Lines)
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ProbeArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let mut targets: Vec<Target> = Vec::new();
    let mut add = |text: &str| -> Outcome<()> {
        targets.push(text.parse().map_err(|error| Failure::usage(format!("{text}: {error}")))?);
        Ok(())
    };
    for text in &args.targets {
        if text == "-" {
            let lines = std::io::read_to_string(std::io::stdin()).map_err(|error| Failure::usage(format!("stdin: {error}")))?;
            lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).try_for_each(&mut add)?;
        } else {
            add(text)?;
        }
    }
    let roots = trusted(&args.roots).map_err(|error| Failure::usage(error).hint(voice.text("hint-roots", &[])))?;
    let mut certifier = Certifier::new(roots, Default::default(), Vec::new(), Default::default());
    let mut options = Options::new(args.on.day(now().date())?, now, TOOL.into());
    options.server_name = args.server_name.as_deref().map(Arc::from);
    options.times.connect = Duration::from_secs(args.timeout);
    options.times.answer = Duration::from_secs(args.timeout);
    // More descriptors than the default are a comfort, not a need.
    let _ = raise_file_limit(4096);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::not_finished(format!("no runtime for sockets: {error}")))?;
    let cancel = Cancel::default();
    let mut failure = None;
    let summary = runtime.block_on(async {
        let interrupted = cancel.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupted.cancel();
            }
        });
        let mut tell = |output: Output| {
            if failure.is_none()
                && let Err(error) = told(&output, args.json, voice, out)
            {
                // Nobody reads any more, or something broke: no reason to go on knocking at doors.
                failure = Some(error);
                cancel.cancel();
            }
        };
        probe(targets, &options, &mut certifier, &cancel, &mut tell).await
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    voice.say("probed-all", &[("summary", &summary.to_string())]);
    if summary.cancelled {
        return Err(Failure::not_finished(voice.text("broken-off", &[])));
    }
    Ok(if summary.unreachable == summary.endpoints && summary.endpoints > 0 { Exit::NotFinished } else { Exit::Done })
}

fn told(output: &Output, json: bool, voice: &Voice, out: &mut Out) -> Outcome<()> {
    match output {
        Output::Artifact { .. } => {}
        Output::Observation(observation) if json => {
            out.bytes(&observation.line().map_err(Failure::not_finished)?)?;
            out.line("")?;
            out.flush()?;
        }
        Output::Observation(observation) => print(observation, out)?,
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
                out.line(format!("{}  ! {}", finished.target, finding_text(finding, voice)))?;
            }
            out.flush()?;
        }
    }
    Ok(())
}

/// One observation for people.
fn print(observation: &Observation, out: &mut Out) -> Outcome<()> {
    let observed = &observation.observed;
    let line = match &observation.fact {
        Fact::Accepts(accepts) => {
            let version = match accepts.protocol {
                Protocol::Tlcp => "TLCP".to_string(),
                _ => registry::version(accepts.version).map_or_else(|| accepts.version.number(), |entry| entry.name.into()),
            };
            if accepts.suites.is_empty() {
                format!("{version:<8} {}", crate::texts::word(&observation.reach))
            } else {
                let order = match accepts.order {
                    Order::Servers => "server's order",
                    Order::Clients => "client's order",
                    Order::NotTried => "order not asked",
                };
                let asked = if accepts.asked == Asked::Partly { ", partly asked" } else { "" };
                format!("{version:<8} {}  ({order}{asked})", accepts.suite_names.join(" "))
            }
        }
        Fact::Certificate(certificate) => {
            let role = certificate.role.map(|role| crate::texts::word(&role)).unwrap_or_default();
            let problems = certificate.checked.as_ref().map(|checked| checked.problems.join(", ")).unwrap_or_default();
            format!("cert     {} {} {}  {} – {}  {problems}", certificate.subject, certificate.key_alg, role, certificate.not_before, certificate.not_after)
        }
        Fact::KeyProof(proof) => format!("proof    {} key by {}", crate::texts::word(&proof.key), proof.by),
        Fact::Coverage(coverage) => {
            format!("speaks   {}  ({} connections{})", coverage.speaks.join(", "), coverage.connections, if coverage.complete { ", complete" } else { ", not complete" })
        }
        Fact::Session(Protocol::Plain, session) => format!("clear    {}", session.app_protocol.seen().map_or("", |name| &**name)),
        _ if observation.reach == Reach::Seen => return Ok(()),
        _ => format!("{}  {}", observation.fact.kind(), crate::texts::word(&observation.reach)),
    };
    out.line(format!("{observed}  {line}"))?;
    Ok(())
}

/// What was odd about an endpoint.
fn finding_text(finding: &Finding, voice: &Voice) -> String {
    match finding {
        Finding::UnaskedSuite { version, suite } => {
            voice.text("finding-suite", &[("version", &version.to_string()), ("suite", &suite.to_string())])
        }
        Finding::UnaskedGroup { version, group } => {
            voice.text("finding-group", &[("version", &version.to_string()), ("group", &group.to_string())])
        }
        Finding::OtherVersion { asked, chosen } => {
            voice.text("finding-version", &[("asked", &asked.to_string()), ("chosen", &chosen.to_string())])
        }
        Finding::Intolerant { version, .. } => voice.text("finding-intolerant", &[("version", &version.to_string())]),
    }
}
