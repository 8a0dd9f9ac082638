//! Streams, languages, colours, widths.

use crate::{demonstration, dengmi, finish, program};
use std::path::Path;
use std::process::Stdio;
use unicode_width::UnicodeWidthStr;

const CASE: &str = "dengmi-demo/assessment.case";
const COMMANDS: [&str; 16] = [
    "demo",
    "assess",
    "grade",
    "collect",
    "judge",
    "score",
    "report",
    "why",
    "explain",
    "verify",
    "diff",
    "gate",
    "probe",
    "cert",
    "algorithm",
    "law",
];

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_quietly() {
    let (folder, _) = demonstration();
    for line in [
        "--help",
        "--version",
        "help why",
        "explain NET-CONF",
        "law list",
        "law test --json",
        "grade dengmi-demo/system.toml",
        "cert dengmi-demo/roots",
        &format!("judge {CASE}"),
        &format!("judge {CASE} --json"),
        &format!("score {CASE}"),
        &format!("why {CASE} NET-CONF"),
        &format!("verify {CASE}"),
    ] {
        let mut child = program(folder, line.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), &*err), (Some(0), ""), "dengmi {line}");
    }
}

#[test]
fn a_full_disk_behind_stdout_is_told() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let (folder, _) = demonstration();
    let run = program(folder, ["judge", CASE]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let err = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(3), "{err}");
    assert!(err.starts_with("error: stdout: "), "{err}");
}

#[test]
fn the_language_is_that_of_the_flag_or_of_the_environment() {
    let (folder, _) = demonstration();
    for (variables, flag, chinese) in [
        (vec![("LANG", "zh_CN.UTF-8")], "", true),
        (vec![("LANG", "en_US.UTF-8"), ("LC_ALL", "zh_CN.UTF-8")], "", true),
        (vec![("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")], "", false),
        (vec![("LANG", "zh_CN.UTF-8")], "--lang en ", false),
        (vec![], "--lang=zh ", true),
        (vec![], "", false),
    ] {
        for line in [format!("score {CASE}"), "help".into(), "judge nothing.case".into(), "frobnicate".into()] {
            let line = format!("{flag}{line}");
            let run = finish(program(folder, line.split(' ')).envs(variables.iter().copied()));
            let said = format!("{}{}", run.out, run.err);
            // The name of the program is Chinese in both.
            let rest = said.replace("等·密", "");
            let found = rest.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
            assert_eq!(found, chinese, "dengmi {line} with {variables:?}: {said}");
        }
    }
}

#[test]
fn colours_are_left_out_when_asked_for_none() {
    for (variables, coloured) in [
        (vec![], false),
        (vec![("CLICOLOR_FORCE", "1")], true),
        (vec![("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let run = finish(program(Path::new("."), ["--help"]).envs(variables.iter().copied()));
        assert_eq!(run.out.contains('\x1b'), coloured, "{variables:?}");
    }
}

#[test]
fn help_fits_a_narrow_terminal_in_both_languages() {
    for lang in ["en", "zh"] {
        for command in COMMANDS {
            let mut command = program(Path::new("."), ["--lang", lang, command, "--help"]);
            let run = finish(command.env("COLUMNS", "40"));
            assert_eq!(run.exit, Some(0), "{run:?}");
            // The line of usage is for copying, and is not broken; others are broken at spaces, which a Chinese sentence lacks.
            for line in run.out.lines().filter(|line| !line.starts_with("Usage: ") && !line.starts_with("用法：")) {
                let before = line.rsplit_once(' ').map_or("", |(before, _)| before);
                let width = if lang == "zh" { before.width() } else { line.width() };
                assert!(width <= 40 || !line.trim().contains(' '), "{lang}: {width} columns: {line}");
            }
        }
    }
}

#[test]
fn help_is_complete_in_both_languages() {
    let en = dengmi(Path::new("."), "--help");
    let zh = dengmi(Path::new("."), "--lang zh --help");
    assert_eq!((en.exit, zh.exit), (Some(0), Some(0)));
    for command in COMMANDS {
        for run in [&en, &zh] {
            let listed = run.out.lines().any(|line| line.trim_start().starts_with(command));
            assert!(listed, "no {command} in {}", run.out);
        }
    }
    let version = dengmi(Path::new("."), "--version");
    assert_eq!(version.out, format!("dengmi {}\n", env!("CARGO_PKG_VERSION")));
    // Without a word it says how it is used; that is no success.
    let bare = finish(&mut program(Path::new("."), [""; 0]));
    assert_eq!((bare.exit, &*bare.out), (Some(2), ""));
    assert!(bare.err.contains("Usage: dengmi"), "{bare:?}");
}

#[test]
fn progress_goes_to_stderr_and_is_silent_when_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let run = dengmi(folder.path(), "demo -q -o out");
    assert_eq!((run.exit, &*run.err), (Some(0), ""));
    assert!(!run.out.is_empty());
}
