//! `dengmi probe HOST:PORT…`: what live services speak, accept and prove.

use super::judge::width;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, TOOL, now, wrong_value};
use clap::Args;
use dengmi_collect::certificate::trusted;
use dengmi_collect::probe::{Cancel, Options, Output, Summary, Target, Unreachable, probe, raise_file_limit};
use dengmi_core::{Asked, Fact, Observation, Order, Protocol, Reach, registry};
use dengmi_protocol::certify::Certifier;
use dengmi_protocol::plan::Finding;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct ProbeArgs {
    #[arg(help = "HOST:PORT, [ADDRESS]:PORT; `-` reads them from stdin, one a line")]
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
        targets.push(text.parse().map_err(|_| wrong_value("TARGETS", "expected-endpoint", text, voice))?);
        Ok(())
    };
    for text in &args.targets {
        if text == "-" {
            let lines =
                std::io::read_to_string(std::io::stdin()).map_err(|error| Failure::usage(format!("stdin: {error}")))?;
            lines
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .try_for_each(&mut add)?;
        } else {
            add(text)?;
        }
    }
    let roots = trusted(&args.roots).map_err(|error| Failure::usage(error).hint(voice.text("hint-roots", &[])))?;
    let mut certifier = Certifier::new(roots, Default::default(), Vec::new(), Default::default());
    let mut options = Options::new(args.on.day(now().date(), voice)?, now, TOOL.into());
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
    voice.say("probed-all", &[("summary", &summary_text(&summary, voice))]);
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
        Output::Observation(observation) => print(observation, voice, out)?,
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

/// One observation for people: a label, then what was seen.
fn print(observation: &Observation, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let said = |key: &str| voice.text(key, &[]);
    let reach = || voice.lang.of(&crate::texts::judge::of(&voice.texts.judge.reach, &observation.reach)).to_owned();
    let (label, text) = match &observation.fact {
        Fact::Accepts(accepts) => {
            let version = match accepts.protocol {
                Protocol::Tlcp => "TLCP".to_string(),
                _ => registry::version(accepts.version)
                    .map_or_else(|| accepts.version.number(), |entry| entry.name.into()),
            };
            if accepts.suites.is_empty() {
                (version, reach())
            } else {
                let order = said(match accepts.order {
                    Order::Servers => "order-servers",
                    Order::Clients => "order-clients",
                    Order::NotTried => "order-not-asked",
                });
                let partly = if accepts.asked == Asked::Partly { said("asked-partly") } else { String::new() };
                (version, format!("{}  [{order}{partly}]", accepts.suite_names.join(" ")))
            }
        }
        Fact::Certificate(certificate) => {
            let role = certificate.role.map(|role| format!("  {}", crate::texts::word(&role))).unwrap_or_default();
            let problems = certificate.checked.as_ref().map(|checked| checked.problems.join(", ")).unwrap_or_default();
            let problems = if problems.is_empty() { problems } else { format!("  ! {problems}") };
            let (from, to) = (&certificate.not_before, &certificate.not_after);
            (
                said("probe-certificate"),
                format!("{}  {}{role}  {from} – {to}{problems}", certificate.subject, certificate.key_alg),
            )
        }
        Fact::KeyProof(proof) => (
            said("probe-proof"),
            voice.text("probe-proved", &[("key", &crate::texts::word(&proof.key)), ("by", &proof.by)]),
        ),
        // What could not be reached is told once, with its cause.
        Fact::Coverage(_) if observation.reach != Reach::Seen => return Ok(()),
        Fact::Coverage(coverage) => {
            let speaks = if coverage.speaks.is_empty() { said("speaks-nothing") } else { coverage.speaks.join(", ") };
            let whole = said(if coverage.complete { "all-asked" } else { "not-all-asked" });
            (said("probe-speaks"), format!("{speaks}  [{whole}]"))
        }
        Fact::Session(Protocol::Plain, session) => {
            let name = session.app_protocol.seen().map_or("", |name| &**name);
            (said("probe-clear"), name.to_owned())
        }
        _ if observation.reach == Reach::Seen => return Ok(()),
        _ => (observation.fact.kind().to_string(), reach()),
    };
    let pad = " ".repeat(12_usize.saturating_sub(width(&label)));
    out.line(format!("{}  {label}{pad} {text}", observation.observed))?;
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
        Finding::Unsteady { version } => voice.text("finding-unsteady", &[("version", &version.to_string())]),
        Finding::LongHello { version } => voice.text("finding-long", &[("version", &version.to_string())]),
        Finding::Intolerant { version, .. } => voice.text("finding-intolerant", &[("version", &version.to_string())]),
    }
}
