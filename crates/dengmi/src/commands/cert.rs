//! `dengmi cert FILE…`: a reading of certificates with everything that is wrong with them.

use super::judge::width;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, TOOL, now};
use clap::{Args, ValueEnum};
use dengmi_collect::certificate::{Collected, Found, Request, collect};
use dengmi_protocol::certify::Purpose;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct CertArgs {
    /// Files or folders, PEM or DER
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Trusted roots: a file or folder; repeatable
    #[arg(long, value_name = "FILE")]
    roots: Vec<PathBuf>,
    /// Trust what this machine trusts as well
    #[arg(long)]
    system_roots: bool,
    /// Certificates that may stand between; repeatable
    #[arg(long, value_name = "FILE")]
    between: Vec<PathBuf>,
    /// The name that must stand in the certificate
    #[arg(long)]
    name: Option<String>,
    /// A further SM2 distinguishing identifier to try
    #[arg(long, value_name = "ID")]
    id: Vec<String>,
    /// Whose certificates they are
    #[arg(long, value_enum, default_value = "unstated")]
    purpose: PurposeArg,
    #[command(flatten)]
    on: On,
    /// One observation a line (JSON Lines)
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum PurposeArg {
    Server,
    Client,
    Unstated,
}

pub(crate) fn run(args: &CertArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let at = now();
    let name = match &args.name {
        Some(name) => Some(name.parse().map_err(|error| Failure::usage(format!("--name: {error}")))?),
        None => None,
    };
    let request = Request {
        paths: args.files.clone(),
        roots: args.roots.clone(),
        system_roots: args.system_roots,
        between: args.between.clone(),
        name,
        sm2_ids: args.id.iter().map(|id| id.as_bytes().into()).collect(),
        layout: None,
        purpose: match args.purpose {
            PurposeArg::Server => Purpose::Server,
            PurposeArg::Client => Purpose::Client,
            PurposeArg::Unstated => Purpose::Unstated,
        },
        on: args.on.day(at.date(), voice)?,
        at,
        tool: TOOL.into(),
    };
    let collected = collect(&request).map_err(|error| Failure::usage(error).hint(voice.text("hint-roots", &[])))?;
    if args.json {
        for observation in collected.observations() {
            out.bytes(&observation.line().map_err(Failure::not_finished)?)?;
            out.line("")?;
        }
    } else {
        print(&collected, voice, out)?;
    }
    let mut failed = false;
    for file in collected.files.iter().filter(|file| file.named || !file.certificates.is_empty()) {
        if let Some(problem) = &file.problem {
            voice.complain(&format!("{}: {problem}", file.path.display()), None);
            failed |= file.certificates.is_empty() && file.named;
        }
    }
    Ok(if failed { Exit::Usage } else { Exit::Done })
}

fn print(collected: &Collected, voice: &Voice, out: &mut Out) -> Outcome<()> {
    for file in &collected.files {
        for found in &file.certificates {
            out.line(format!("{}", file.path.display()))?;
            certificate(found, voice, out)?;
        }
    }
    Ok(())
}

fn certificate(found: &Found, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let mut row = |key: &str, value: &str| -> Outcome<()> {
        if !value.is_empty() {
            let label = voice.text(key, &[]);
            let pad = " ".repeat(16_usize.saturating_sub(width(&label)));
            out.line(format!("  {label}{pad}{value}"))?;
        }
        Ok(())
    };
    let certified = match &found.certified {
        Ok(certified) => certified,
        Err(defect) => return row("cert-unreadable", &defect.to_string()),
    };
    let read = &certified.certificate;
    row("cert-subject", &read.subject)?;
    row("cert-issuer", &read.issuer)?;
    row("cert-serial", &read.serial)?;
    row("cert-validity", &format!("{} – {}", read.not_before, read.not_after))?;
    let curve = read.curve.as_deref().map(|curve| format!(" {curve}")).unwrap_or_default();
    row("cert-key", &format!("{} {}{curve}", read.key_alg, read.key_bits))?;
    row("cert-signature", &read.sig_alg)?;
    row("cert-usage", &read.key_usage.join(", "))?;
    row("cert-names", &read.names.join(", "))?;
    row("cert-revocation", &read.revocation())?;
    row("cert-sha256", &read.sha256)?;
    if let Some(checked) = &read.checked {
        row("cert-chain", &crate::texts::word(&checked.chain))?;
    }
    let problems: Vec<String> = certified.problems.iter().map(ToString::to_string).collect();
    row("cert-problems", &problems.join(", "))?;
    let defects: Vec<String> = certified.defects.iter().map(ToString::to_string).collect();
    row("cert-defects", &defects.join("; "))?;
    if let Some(id) = &certified.sm2_id {
        row("cert-sm2-id", &String::from_utf8_lossy(id))?;
    }
    Ok(())
}
