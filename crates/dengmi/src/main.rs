//! Dengmi (等·密): an open assessment lab. The program: commands, texts, reports.

#![forbid(unsafe_code)]

mod commands;
mod describe;
mod duties;
mod failure;
mod help;
mod law;
mod out;
mod record;
mod report;
mod texts;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use failure::{Exit, Failure, Outcome};
use help::Help;
use out::{Out, Voice};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use texts::{Lang, Texts};

/// Watchers and observations are many small pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Program and version, as observations name it.
pub(crate) const TOOL: &str = concat!("dengmi ", env!("CARGO_PKG_VERSION"));

#[derive(Parser)]
#[command(
    name = "dengmi",
    version,
    about = "等·密: which encryption duties bind a system, how it is graded, and what its evidence gives (GB/T 39786)",
    after_help = "Exit codes: 0 done, 1 gate not met, 2 wrong usage, 3 could not finish, 4 seal broken.\nResults go to stdout, talk to stderr. Try: dengmi demo",
    max_term_width = 100
)]
struct Cli {
    /// Language of talk and text output; default from LC_ALL, LC_MESSAGES, LANG
    // Read by `language`, before everything else; here it is only checked.
    #[arg(long, global = true, value_enum)]
    lang: Option<LangArg>,
    /// Say only what is wrong
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
enum LangArg {
    Zh,
    En,
}

/// A day for which law is asked; default: the day of the assessment, else today.
#[derive(Args)]
pub(crate) struct On {
    /// Judge by the law of this day (2026-11-22)
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Start a small made-up hospital on loopback, assess it, write the report
    Demo(commands::demo::DemoArgs),
    /// The whole road: describe → collect → judge → score → report
    Assess(commands::assess::AssessArgs),
    /// The level that the impact answers give, and what it brings
    Grade(commands::grade::GradeArgs),
    /// The encryption duties that the law of a day puts on a system
    Duties(commands::duties::DutiesArgs),
    /// Collect evidence into a case
    Collect(commands::collect::CollectArgs),
    /// Judge a case: every unit with its outcome
    Judge(commands::judge::CaseArgs),
    /// Score a case, or a table of D, A, K by itself
    Score(commands::score::ScoreArgs),
    /// Write the report of a case
    Report(commands::report::ReportArgs),
    /// The chain behind a verdict: outcome ← D/A/K ← predicate ← observation ← bytes
    Why(commands::why::WhyArgs),
    /// What an indicator, predicate, high-risk item or suite is
    Explain(commands::explain::ExplainArgs),
    /// Check a sealed case: every byte, every link
    Verify(commands::verify::VerifyArgs),
    /// What two cases do not have in common
    Diff(commands::diff::DiffArgs),
    /// Exit 1 when a case does not meet a gate; for continuous integration
    Gate(commands::gate::GateArgs),
    /// Which of SSL 2.0, 3.0, TLS 1.0–1.3, DTLS, QUIC and TLCP a service speaks, and with what
    Probe(commands::probe::ProbeArgs),
    /// Which cryptography the traffic in captures really used
    Capture(commands::capture::CaptureArgs),
    /// Whether bits are random: the tests of GM/T 0005 and NIST SP 800-22, with the verdict on many samples
    Random(commands::random::RandomArgs),
    /// Test what claims to be SM2, SM3, SM4, SM9 or ZUC, behind a line protocol
    Algorithm(commands::algorithm::AlgorithmArgs),
    /// Read and check certificates
    Cert(commands::cert::CertArgs),
    /// The law's pack: its cases, its instruments
    Law(commands::law::LawArgs),
}

fn main() -> ExitCode {
    let words = words();
    let lang = language(&words);
    // English is what the arguments say of themselves.
    let help = (lang == Lang::Zh).then(Help::load);
    let mut voice = Voice { lang, texts: Texts::new(), quiet: false };
    let command = Cli::command().disable_help_subcommand(true);
    let command = help.iter().fold(command, |command, help| help.command(command));
    let cli = match command.try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            match help.and_then(|help| help.problem(&error)) {
                Some((problem, hint)) => voice.complain(&problem, Some(&hint)),
                // Help and version are no errors; a closed pipe is none either.
                None => drop(error.print()),
            }
            return if error.use_stderr() { code(Exit::Usage) } else { code(Exit::Done) };
        }
    };
    voice.quiet = cli.quiet;
    let mut out = Out::new();
    let outcome = run(cli.command, &voice, &mut out).and_then(|exit| {
        out.flush()?;
        Ok(exit)
    });
    match outcome {
        Ok(exit) => code(exit),
        Err(failure) => {
            // What was printed before the failure stays readable: a line of JSON is never cut.
            let _ = out.flush();
            if !failure.problem.is_empty() {
                voice.complain(&failure.problem, failure.hint.as_deref());
            }
            code(failure.exit)
        }
    }
}

/// The command line, with `help COMMAND` in the form that has a text in both languages: `COMMAND --help`.
fn words() -> Vec<OsString> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let is_value =
        |at: usize| at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|word| word == "--lang");
    let first = (1..words.len())
        .find(|at| words.get(*at).is_some_and(|word| !word.to_string_lossy().starts_with('-')) && !is_value(*at));
    if let Some(at) = first.filter(|at| words.get(*at).is_some_and(|word| word == "help")) {
        words.remove(at);
        words.push("--help".into());
    }
    words
}

/// The language, also of the message that the command line is wrong: looked up before anything is parsed.
fn language(words: &[OsString]) -> Lang {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let named = words.iter().zip(words.iter().skip(1)).find(|(flag, _)| **flag == "--lang").map(|(_, value)| &**value);
    let flag = match named.or_else(|| words.iter().find_map(|word| word.strip_prefix("--lang="))) {
        Some("zh") => Some(Lang::Zh),
        Some("en") => Some(Lang::En),
        _ => None,
    };
    let environment = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).ok());
    Lang::choose(flag, environment.iter().map(Option::as_deref))
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

fn run(command: Command, voice: &Voice, out: &mut Out) -> Outcome {
    match command {
        Command::Demo(args) => commands::demo::run(&args, voice, out),
        Command::Assess(args) => commands::assess::run(&args, voice, out),
        Command::Grade(args) => commands::grade::run(&args, voice, out),
        Command::Duties(args) => commands::duties::run(&args, voice, out),
        Command::Collect(args) => commands::collect::run(&args, voice, out),
        Command::Judge(args) => commands::judge::run(&args, voice, out),
        Command::Score(args) => commands::score::run(&args, voice, out),
        Command::Report(args) => commands::report::run(&args, voice, out),
        Command::Why(args) => commands::why::run(&args, voice, out),
        Command::Explain(args) => commands::explain::run(&args, voice, out),
        Command::Verify(args) => commands::verify::run(&args, voice, out),
        Command::Diff(args) => commands::diff::run(&args, voice, out),
        Command::Gate(args) => commands::gate::run(&args, voice, out),
        Command::Probe(args) => commands::probe::run(&args, voice, out),
        Command::Capture(args) => commands::capture::run(&args, voice, out),
        Command::Random(args) => commands::random::run(&args, voice, out),
        Command::Algorithm(args) => commands::algorithm::run(&args, voice, out),
        Command::Cert(args) => commands::cert::run(&args, voice, out),
        Command::Law(args) => commands::law::run(&args, voice, out),
    }
}

impl On {
    /// The day that was asked for, or `otherwise`.
    pub(crate) fn day(&self, otherwise: dengmi_core::Date, voice: &Voice) -> Outcome<dengmi_core::Date> {
        let Some(text) = &self.on else { return Ok(otherwise) };
        dengmi_core::date::read_date(text).map_err(|_| wrong_value("--on", "expected-day", text, voice))
    }
}

/// The value of an option is not what it should be; `expected` is a key of the texts.
pub(crate) fn wrong_value(option: &str, expected: &str, found: &str, voice: &Voice) -> Failure {
    let said = voice.text("fault-range", &[("expected", &voice.text(expected, &[])), ("found", found)]);
    Failure::usage(format!("{option}: {said}"))
}

/// Now; read once a command, and passed on as a value.
pub(crate) fn now() -> dengmi_core::UtcDateTime {
    dengmi_core::UtcDateTime::now()
}

/// A path that must not exist yet, unless it may be replaced.
pub(crate) fn writable(path: &std::path::Path, force: bool, voice: &Voice) -> Outcome<PathBuf> {
    if path.exists() && !force {
        let file = path.display().to_string();
        return Err(Failure::usage(voice.text("exists", &[("file", &file)])).hint(voice.text("hint-force", &[])));
    }
    Ok(path.into())
}
