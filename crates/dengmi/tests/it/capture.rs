//! `dengmi capture`: what a folder, a pipe and a wrong file come to.

use crate::{finish, program};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/captures").join(name)
}

#[test]
fn each_service_is_a_row_in_both_languages_and_each_session_a_line_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("门户 抓包.pcap");
    fs::copy(recorded("tlcp-ecc-sm4-gcm-sm3.pcap"), &named).unwrap();
    for (language, encrypted) in [("zh", "密文"), ("en", "encrypted")] {
        let run = finish(&mut program(folder.path(), ["--lang", language, "capture", "门户 抓包.pcap"]));
        assert_eq!(run.exit, Some(0), "{run:?}");
        let [server, row] = run.out.lines().collect::<Vec<_>>()[..] else { panic!("{run:?}") };
        assert_eq!(server, "192.0.2.20:4433");
        assert!(row.starts_with("    TLCP 1.1      ECC_SM4_GCM_SM3  ") && row.contains(encrypted), "{row}");
    }
    let run = finish(&mut program(folder.path(), ["capture", "--json", "门户 抓包.pcap"]));
    let [session] = &run.lines()[..] else { panic!("{run:?}") };
    assert_eq!((&session["kind"], &session["value"]["handshake"]), (&"tlcp.session".into(), &"complete".into()));
}

#[test]
fn a_pipe_is_read_as_a_file_and_a_wrong_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path(), ["--quiet", "capture", "-"]);
    command.stdin(File::open(recorded("redis-plaintext.pcap")).unwrap());
    let run = finish(&mut command);
    assert!(run.exit == Some(0) && run.out.contains("Redis (RESP)") && run.out.contains("in clear"), "{run:?}");
    fs::write(folder.path().join("notes.txt"), "no capture").unwrap();
    for (file, exit, words) in [("notes.txt", 2, "not a capture"), ("missing.pcap", 2, "missing.pcap")] {
        let run = finish(&mut program(folder.path(), ["capture", file]));
        assert!(run.exit == Some(exit) && run.err.contains(words) && run.out.is_empty(), "{run:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_growing_file_is_followed_until_the_user_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcap");
    let whole = fs::read(recorded("tlcp-ecc-sm4-gcm-sm3.pcap")).unwrap();
    let mut file = File::create(&path).unwrap();
    let (first, second) = whole.split_at(700);
    file.write_all(first).unwrap();
    let mut command = program(folder.path(), ["capture", "--follow", "--json", "growing.pcap"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "the end of the file is not the end");
    file.write_all(second).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let ended = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    let deadline = Instant::now() + Duration::from_secs(20);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "Ctrl-C does not end it");
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
}
