//! `dengmi algorithm test`: vectors, chains and a timing smoke test against anything that answers the line protocol;
//! `dengmi algorithm serve`: our own crypto behind it.

use super::judge::width;
use super::listen;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{TOOL, wrong_value};
use clap::{Args, Subcommand};
use dengmi_collect::algorithm::{
    Answer, Cancel, Failure as Failed, Found, Report, Request, Target, Timing, Trouble, Vectors, Verdict, answer,
    chain, selected, timing, vectors,
};
use dengmi_core::{Text, canonical};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::path::PathBuf;
use std::time::Duration;

/// The vectors, as they were when the program was built.
const FILES: [&str; 5] = [
    include_str!("../../../../vectors/algorithms/sm2.json"),
    include_str!("../../../../vectors/algorithms/sm3.json"),
    include_str!("../../../../vectors/algorithms/sm4.json"),
    include_str!("../../../../vectors/algorithms/sm9.json"),
    include_str!("../../../../vectors/algorithms/zuc.json"),
];

/// The longest line that `serve` reads, in bytes.
const LONGEST: u64 = 16 << 20;

/// The longest piece of an answer that a line for people shows, in characters.
const SHOWN: usize = 100;

#[derive(Args)]
pub(crate) struct AlgorithmArgs {
    #[command(subcommand)]
    command: AlgorithmCommand,
}

#[derive(Subcommand)]
enum AlgorithmCommand {
    /// Ask a product vectors, malformed inputs and long chains; exit 1 when an answer is wrong
    Test(TestArgs),
    /// Answer the line protocol with Dengmi's own crypto: the reference adapter
    Serve,
}

#[derive(Args)]
struct TestArgs {
    /// The command that answers the line protocol (docs/line-protocol.md), in one word; self: Dengmi's own crypto
    #[arg(long, value_name = "COMMAND", default_value = "self")]
    target: String,
    /// Only these operations or families of them (sm2,sm4-gcm)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Files of vectors in place of the built-in ones; repeatable
    #[arg(long, value_name = "FILE")]
    vectors: Vec<PathBuf>,
    /// Steps of each Monte Carlo chain; 0 for none
    #[arg(long, value_name = "STEPS", default_value_t = 1000)]
    chain: u64,
    /// Also a smoke test for timing leaks; up to 20 seconds an operation
    #[arg(long)]
    timing: bool,
    /// Seconds for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &AlgorithmArgs, voice: &Voice, out: &mut Out) -> Outcome {
    match &args.command {
        AlgorithmCommand::Test(args) => test(args, voice, out),
        AlgorithmCommand::Serve => serve(out),
    }
}

fn serve(out: &mut Out) -> Outcome {
    let mut stdin = std::io::stdin().lock();
    let mut line = Vec::new();
    while stdin.by_ref().take(LONGEST).read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let text = std::str::from_utf8(&line).unwrap_or_default();
        let request = Request::read(text.trim_end_matches(['\n', '\r']));
        out.line(request.map_or(Answer::Unsupported, |request| answer(&request)).to_string())?;
        out.flush()?;
        line.clear();
    }
    Ok(Exit::Done)
}

fn test(args: &TestArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let asked = questions(args, voice)?;
    if let Some(word) = args
        .only
        .iter()
        .find(|word| !asked.groups.iter().any(|(operation, _)| selected(std::slice::from_ref(word), operation)))
    {
        let names: Vec<&str> = asked.groups.iter().map(|(operation, _)| operation.as_str()).collect();
        return Err(wrong_value("--only", "expected-operation", word, voice).hint(names.join(", ")));
    }
    let command = command(&args.target, voice)?;
    let program = command.first().cloned().unwrap_or_default();
    let not_started = |error: std::io::Error| {
        let why = error.to_string();
        Failure::usage(voice.text("algorithm-not-started", &[("program", &program), ("why", &why)]))
            .hint(voice.text("hint-algorithm-not-started", &[]))
    };
    let cancel = Cancel::default();
    listen(&cancel)?;
    let mut target = Target::new(command, Duration::from_secs(args.timeout), cancel);
    let mut report = vectors(&mut target, &asked, &args.only).map_err(not_started)?;
    chain(&mut target, &mut report, args.chain, &args.only).map_err(not_started)?;
    let times = if args.timing && !report.cancelled && !report.gave_up {
        timing(&mut target, &args.only).map_err(Failure::not_finished)?
    } else {
        Vec::new()
    };
    if args.json {
        out.bytes(&canonical::bytes(&document(args, &asked, &report, &times)).map_err(Failure::not_finished)?)?;
        out.line("")?;
    } else {
        table(&report, voice, out)?;
        failures(&asked, &report, voice, out)?;
        times.iter().try_for_each(|timing| out.line(measured(timing, voice)))?;
        if args.timing {
            out.line(voice.text("timing-smoke-test", &[]))?;
        }
    }
    let sum = |count: fn(&dengmi_collect::algorithm::Row) -> u32| report.rows.iter().map(count).sum::<u32>();
    let (passed, failed) = (sum(|row| row.passed), sum(|row| row.failed));
    let counts = [passed, failed, sum(|row| row.unsupported), sum(|row| row.not_asked)].map(|count| count.to_string());
    let [passed_text, failed_text, unsupported, not_asked] = counts.each_ref().map(String::as_str);
    let values =
        [("passed", passed_text), ("failed", failed_text), ("unsupported", unsupported), ("not-asked", not_asked)];
    voice.say("algorithm-counts", &values);
    if report.cancelled {
        return Err(Failure::not_finished(voice.text("broken-off", &[])));
    }
    if report.gave_up {
        voice.warn(&voice.text("algorithm-gave-up", &[("count", not_asked)]));
    }
    if failed > 0 {
        return Ok(Exit::GateNotMet);
    }
    if passed == 0 {
        return Err(Failure::not_finished(voice.text("algorithm-nothing", &[])));
    }
    Ok(Exit::Done)
}

/// The vectors of the user, or the built-in ones.
fn questions(args: &TestArgs, voice: &Voice) -> Outcome<Vectors> {
    let mut asked = Vectors::default();
    if args.vectors.is_empty() {
        FILES.iter().try_for_each(|text| asked.read(text)).map_err(Failure::not_finished)?;
    }
    for file in &args.vectors {
        let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, &error, voice))?;
        let wrong = |error| Failure::usage(format!("{}: {error}", file.display()));
        asked.read(&text).map_err(|error| wrong(error).hint(voice.text("hint-vectors", &[])))?;
    }
    Ok(asked)
}

/// The words of a command, as a shell would part them.
fn command(target: &str, voice: &Voice) -> Outcome<Vec<String>> {
    if target == "self" {
        let own = std::env::current_exe().map_err(Failure::not_finished)?;
        return Ok(vec![own.to_string_lossy().into_owned(), "algorithm".into(), "serve".into()]);
    }
    shlex::split(target)
        .filter(|words| !words.is_empty())
        .ok_or_else(|| wrong_value("--target", "expected-command", target, voice))
}

fn table(report: &Report, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let head =
        ["algorithm-operation", "algorithm-passed", "algorithm-failed", "algorithm-unsupported", "algorithm-not-asked"]
            .map(|key| voice.text(key, &[]));
    let names = report.rows.iter().map(|row| row.operation.as_str()).chain([head[0].as_str()]);
    let widest = names.map(width).max().unwrap_or(0);
    let shows_not_asked = report.rows.iter().any(|row| row.not_asked > 0);
    let [operation, counts @ ..] = head;
    let mut lines = vec![(operation, counts.clone())];
    lines.extend(report.rows.iter().map(|row| {
        (row.operation.clone(), [row.passed, row.failed, row.unsupported, row.not_asked].map(|count| count.to_string()))
    }));
    for (name, cells) in lines {
        let mut line = format!("{name}{}", " ".repeat(widest.saturating_sub(width(&name))));
        for (cell, head) in cells.iter().zip(&counts).take(if shows_not_asked { 4 } else { 3 }) {
            line += &format!("  {}{cell}", " ".repeat(width(head).saturating_sub(width(cell))));
        }
        out.line(line)?;
    }
    Ok(())
}

/// Each danger once, with the tests that show it.
fn failures(asked: &Vectors, report: &Report, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let mut dangers: Vec<(&str, Vec<&Failed>)> = Vec::new();
    for failed in &report.failures {
        let danger = match failed.found {
            Found::Trouble(_) => "",
            _ => failed.flags.first().map_or("", String::as_str),
        };
        match dangers.iter_mut().find(|(flag, _)| *flag == danger) {
            Some((_, list)) => list.push(failed),
            None => dangers.push((danger, vec![failed])),
        }
    }
    for (flag, list) in dangers {
        out.line("")?;
        match asked.notes.get(flag) {
            Some(note) => {
                let values = [("flag", flag), ("danger", voice.lang.of(&note.description)), ("source", &note.source)];
                out.line(voice.text("algorithm-danger", &values))?;
            }
            None if flag.is_empty() => out.line(voice.text("algorithm-trouble", &[]))?,
            None => out.line(flag)?,
        }
        for failed in list {
            let number = failed.number.to_string();
            let others = failed.flags.iter().filter(|other| *other != flag).map(|other| format!(" [{other}]"));
            let others: String = others.collect();
            let Failed { operation, comment, .. } = failed;
            out.line(format!("  {operation} {number}  {comment}: {}{others}", found(&failed.found, voice)))?;
        }
    }
    if !report.failures.is_empty() {
        out.line("")?;
    }
    Ok(())
}

fn found(found: &Found, voice: &Voice) -> String {
    let short = |text: &str| match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    };
    let said = |key: &str, values: &[(&str, &str)]| voice.text(key, values);
    match found {
        Found::Wrong(expected, found) => {
            said("algorithm-wrong", &[("expected", &short(expected)), ("found", &short(found))])
        }
        Found::NotGood(why) => said("algorithm-not-good", &[("why", why)]),
        Found::Repeated(number) => said("algorithm-repeated", &[("number", &number.to_string())]),
        Found::Trouble(trouble) => match trouble {
            Trouble::Silent => said("algorithm-silent", &[]),
            Trouble::Ended(how, last) => said("algorithm-ended", &[("how", how), ("said", last)]),
            Trouble::NotAnAnswer(line) => said("algorithm-no-answer", &[("line", &short(line))]),
            Trouble::TooLong => said("algorithm-too-long", &[]),
            Trouble::Unasked(line) => said("algorithm-unasked", &[("line", &short(line))]),
        },
    }
}

fn measured(timing: &Timing, voice: &Voice) -> String {
    let verdict = match timing.verdict {
        Verdict::NotSeen => "timing-not-seen",
        Verdict::Unclear => "timing-unclear",
        Verdict::Differs => "timing-differs",
        Verdict::TooFew => "timing-too-few",
    };
    let [fixed, random] = timing.count.map(|count| count.to_string());
    let [fixed_median, random_median] = timing.median.map(|median| format!("{:.1}", median.as_secs_f64() * 1e6));
    let t = format!("{:.1}", timing.t);
    let values = [
        ("operation", timing.operation.as_str()),
        ("t", &t),
        ("fixed", &fixed),
        ("random", &random),
        ("fixed-median", &fixed_median),
        ("random-median", &random_median),
        ("verdict", &voice.text(verdict, &[])),
    ];
    voice.text("timing-measured", &values)
}

#[derive(Serialize)]
struct Document<'a> {
    tool: &'a str,
    target: &'a str,
    operations: Vec<Counts<'a>>,
    failures: Vec<Fault<'a>>,
    dangers: BTreeMap<&'a str, &'a Text>,
    timing_smoke_test: Vec<Measured<'a>>,
    cancelled: bool,
    gave_up: bool,
}

#[derive(Serialize)]
struct Counts<'a> {
    operation: &'a str,
    passed: u32,
    failed: u32,
    unsupported: u32,
    not_asked: u32,
}

#[derive(Serialize)]
struct Fault<'a> {
    operation: &'a str,
    number: u64,
    comment: &'a str,
    flags: &'a [String],
    #[serde(flatten)]
    found: What<'a>,
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
enum What<'a> {
    Wrong { expected: &'a str, found: &'a str },
    NotGood { why: &'a str },
    Repeated { number_before: u64 },
    Silent,
    Ended { how: &'a str, said: &'a str },
    NoAnswer { line: &'a str },
    TooLong,
    Unasked { line: &'a str },
}

#[derive(Serialize)]
struct Measured<'a> {
    operation: &'a str,
    fixed: usize,
    random: usize,
    fixed_median_nanoseconds: u64,
    random_median_nanoseconds: u64,
    t: String,
    verdict: &'static str,
}

fn document<'a>(args: &'a TestArgs, asked: &'a Vectors, report: &'a Report, times: &'a [Timing]) -> Document<'a> {
    let what = |found: &'a Found| match found {
        Found::Wrong(expected, found) => What::Wrong { expected, found },
        Found::NotGood(why) => What::NotGood { why },
        Found::Repeated(number) => What::Repeated { number_before: *number },
        Found::Trouble(Trouble::Silent) => What::Silent,
        Found::Trouble(Trouble::Ended(how, said)) => What::Ended { how, said },
        Found::Trouble(Trouble::NotAnAnswer(line)) => What::NoAnswer { line },
        Found::Trouble(Trouble::TooLong) => What::TooLong,
        Found::Trouble(Trouble::Unasked(line)) => What::Unasked { line },
    };
    let fault = |failed: &'a Failed| Fault {
        operation: &failed.operation,
        number: failed.number,
        comment: &failed.comment,
        flags: &failed.flags,
        found: what(&failed.found),
    };
    let counts = |row: &'a dengmi_collect::algorithm::Row| Counts {
        operation: &row.operation,
        passed: row.passed,
        failed: row.failed,
        unsupported: row.unsupported,
        not_asked: row.not_asked,
    };
    let measured = |timing: &'a Timing| {
        let [fixed, random] = timing.count;
        let [fixed_median, random_median] =
            timing.median.map(|median| u64::try_from(median.as_nanos()).unwrap_or(u64::MAX));
        Measured {
            operation: &timing.operation,
            fixed,
            random,
            fixed_median_nanoseconds: fixed_median,
            random_median_nanoseconds: random_median,
            t: format!("{:.2}", timing.t),
            verdict: match timing.verdict {
                Verdict::NotSeen => "not-seen",
                Verdict::Unclear => "unclear",
                Verdict::Differs => "differs",
                Verdict::TooFew => "too-few",
            },
        }
    };
    let flags = report.failures.iter().flat_map(|failed| &failed.flags);
    Document {
        tool: TOOL,
        target: &args.target,
        operations: report.rows.iter().map(counts).collect(),
        failures: report.failures.iter().map(fault).collect(),
        dangers: flags.filter_map(|flag| Some((flag.as_str(), &asked.notes.get(flag)?.description))).collect(),
        timing_smoke_test: times.iter().map(measured).collect(),
        cancelled: report.cancelled,
        gave_up: report.gave_up,
    }
}
