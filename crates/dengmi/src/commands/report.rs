//! `dengmi report CASE -o DIR`: the page and the canonical JSON of a case.

use super::judge::{Judged, judged};
use crate::duties::{Ask, Memo, Source};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::report::{CaseHead, Input, report_html, report_json};
use crate::{On, TOOL, now, writable, wrong_value};
use clap::{Args, ValueEnum};
use dengmi_core::{UtcDateTime, date};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct ReportArgs {
    /// The case
    case: PathBuf,
    /// The folder for the report
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Which forms
    #[arg(long, value_enum, value_delimiter = ',', default_value = "html,json")]
    form: Vec<Form>,
    /// Replace a report that is there
    #[arg(long)]
    force: bool,
    /// The instant that the report names as its making; for byte-equal reports (2026-11-22T09:00:00Z)
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    #[command(flatten)]
    on: On,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Html,
    Json,
}

impl Form {
    fn file(self) -> &'static str {
        match self {
            Form::Html => "report.html",
            Form::Json => "report.json",
        }
    }
}

pub(crate) fn run(args: &ReportArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let at = match &args.at {
        Some(text) => date::read_instant(text).map_err(|_| wrong_value("--at", "expected-instant", text, voice))?,
        None => now(),
    };
    for form in &args.form {
        writable(&args.out.join(form.file()), args.force, voice)?;
    }
    let judged = judged(&args.case, &args.on, voice)?;
    let source = Source::load(voice)?;
    fs::create_dir_all(&args.out).map_err(|error| Failure::file(&args.out, &error, voice))?;
    for form in &args.form {
        out.line(write_form(&judged, &source, &args.out, *form, args.force, at, voice)?.display().to_string())?;
    }
    Ok(Exit::Done)
}

/// Both forms into a folder.
pub(crate) fn write(judged: &Judged, folder: &Path, force: bool, at: UtcDateTime, voice: &Voice) -> Outcome<()> {
    let source = Source::load(voice)?;
    for form in [Form::Html, Form::Json] {
        write_form(judged, &source, folder, form, force, at, voice)?;
    }
    Ok(())
}

fn write_form(
    judged: &Judged,
    source: &Source,
    folder: &Path,
    form: Form,
    force: bool,
    at: UtcDateTime,
    voice: &Voice,
) -> Outcome<PathBuf> {
    let head = case_head(judged)?;
    let law_digest = judged.law_digest.to_string();
    let ask = Ask::on(judged.assessment.on);
    let memo = Memo::new(source, &judged.law, &judged.system, Some(&judged.assessment), &ask);
    let input = Input { duties: Some(&memo), ..input(judged, &law_digest, head, at, voice) };
    let bytes = match form {
        Form::Html => report_html(&input, voice.lang).into_bytes(),
        Form::Json => report_json(&input).map_err(Failure::not_finished)?,
    };
    let path = writable(&folder.join(form.file()), force, voice)?;
    put(&path, &bytes)?;
    Ok(path)
}

/// What the report is made of.
pub(crate) fn input<'a>(
    judged: &'a Judged,
    law_digest: &'a str,
    head: CaseHead,
    at: UtcDateTime,
    voice: &'a Voice,
) -> Input<'a> {
    Input {
        assessment: &judged.assessment,
        system: &judged.system,
        law: &judged.law,
        law_digest,
        duties: None,
        texts: &voice.texts,
        case: Some(head),
        evidence: &judged.observations,
        generated_at: at,
        tool: TOOL,
    }
}

/// The head of the case as the report prints it.
pub(crate) fn case_head(judged: &Judged) -> Outcome<CaseHead> {
    let head = judged.case.head()?;
    let file = judged.case.path().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(CaseHead { file: file.into(), entries: head.count, link: head.link, sealed: judged.sealed })
}

/// Written aside, then renamed: a reader never sees half a report.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let aside = path.with_extension("partial");
    fs::write(&aside, bytes)
        .and_then(|()| fs::rename(&aside, path))
        .map_err(|error| Failure::not_finished(format!("{}: {error}", path.display())))
}
