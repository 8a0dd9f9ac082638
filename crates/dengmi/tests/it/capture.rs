//! `dengmi capture`: what a folder, a pipe and a wrong file come to.

use crate::{expect, finish, peer, program};
use dengmi_casefile::{Case, Recorded};
use serde_json::Value;
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
        assert!(server.starts_with("192.0.2.20:4433  ") && server.contains("0.0 %"), "{server}");
        assert!(
            server.ends_with("TLCP 1.1, ECC_SM4_GCM_SM3, SM2") || server.ends_with("TLCP, ECC_SM4_GCM_SM3, SM2"),
            "{server}"
        );
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

/// A portal that offers TLCP and nothing else, as far as a prober can see, and a client of old that still came through.
fn portal(folder: &Path, traffic: bool) -> String {
    let end = peer::tlcp();
    fs::create_dir_all(folder.join("抓包")).unwrap();
    for name in ["tlcp-ecc-sm4-gcm-sm3.pcap", "tls10-ecdhe-rsa-aes128-cbc.pcap"] {
        fs::copy(recorded(name), folder.join("抓包").join(name)).unwrap();
    }
    let certificates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/certificates");
    fs::copy(certificates.join("sm2/root-ca.crt"), folder.join("root.crt")).unwrap();
    let mut text = format!(
        "[system]\nname = \"示例\"\noperator = \"示例学院\"\n[grade]\nfiled = 3\n[collect]\nroots = [\"root.crt\"]\n\
         [[channel]]\nid = \"portal\"\nends = [\"{end}\"]\nserver_name = \"peer.test\"\nproduct = \"gateway\"\n\
         [[product]]\nid = \"gateway\"\nkind = \"SSL VPN安全网关\"\ncertificate = \"EXAMPLE-0002\"\n\
         issuer = \"示例\"\ngrade = 2\nvalid = [2025-05-10, 2030-05-09]\ncontract = 2025-06-01\ntested_version = \"5.1\"\n\
         deployed_version = \"5.1\"\nfunctions_tested = [\"TLCP\"]\ncovers = [\"server\", \"client\"]\n\
         policy_document = \"policy.md\"\npolicy_followed = true\n"
    );
    fs::write(folder.join("policy.md"), "made up").unwrap();
    if traffic {
        text += &format!(
            "[[collect.capture]]\nfile = \"抓包\"\nseen = [\n\
             {{ address = \"192.0.2.20:4433\", end = \"{end}\" }},\n\
             {{ address = \"192.0.2.20:443\", end = \"{end}\" }},\n]\n"
        );
    }
    fs::write(folder.join("system.toml"), text).unwrap();
    end.to_string()
}

#[test]
fn traffic_that_is_weaker_than_what_an_end_shows_changes_the_verdict_and_both_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let judged = |traffic: bool| {
        let name = if traffic { "with" } else { "without" };
        let end = portal(folder.path(), traffic);
        expect(folder.path(), &format!("collect system.toml -c {name}.case"), 0);
        expect(folder.path(), &format!("verify {name}.case"), 0);
        let why = expect(folder.path(), &format!("why {name}.case NET-CONF portal"), 0);
        let told = expect(folder.path(), &format!("why {name}.case NET-CONF portal --json"), 0);
        let verdict = told.json()[0]["verdict"].clone();
        (end, verdict, why.out)
    };
    let (_, before, _) = judged(false);
    let (_, after, why) = judged(true);
    assert_eq!((&before["a"], &after["a"]), (&"pass".into(), &"fail".into()), "{before} {after}");
    assert_ne!(before["outcome"], after["outcome"], "{before} {after}");
    for part in ["TLCP", "TLS 1.0", "RSA-2048", "抓包/tls10-ecdhe-rsa-aes128-cbc.pcap packet 4"] {
        assert!(why.contains(part), "no {part} in {why}");
    }
}

#[test]
fn captures_of_a_description_are_checked_before_a_case_is_made() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.pcap"), "no capture").unwrap();
    let head = "[system]\nname = \"示例\"\noperator = \"示例学院\"\n[grade]\nfiled = 2\n[[collect.capture]]\n";
    for (rest, said) in [
        ("file = \"missing.pcap\"\n", "system.toml:7: there is no capture missing.pcap"),
        ("file = \"notes.pcap\"\n", "system.toml:7: ./notes.pcap: not a capture"),
        ("file = \"../a.pcap\"\n", "system.toml:7:8: expected a relative path"),
        (
            "file = \"notes.pcap\"\nseen = [{ address = \"portal:443\", end = \"portal:443\" }]\n",
            "system.toml:8:21: expected ADDRESS:PORT",
        ),
        (
            "file = \"notes.pcap\"\nseen = [{ address = \"192.0.2.1:443\", end = \"portal:443\" }]\n",
            "system.toml:8:44: no end is called portal:443",
        ),
    ] {
        fs::write(folder.path().join("system.toml"), format!("{head}{rest}")).unwrap();
        let run = expect(folder.path(), "collect system.toml -c a.case", 2);
        assert!(run.err.contains(said), "no {said:?} in {}", run.err);
        assert!(!folder.path().join("a.case").exists());
    }
}

#[test]
fn sessions_that_are_alike_are_one_entry_and_a_capture_is_not_read_twice() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("traffic")).unwrap();
    for name in ["first.pcap", "second.pcap"] {
        fs::copy(recorded("tlcp-ecc-sm4-gcm-sm3.pcap"), folder.path().join("traffic").join(name)).unwrap();
    }
    let text = "[system]\nname = \"示例\"\noperator = \"示例学院\"\n[grade]\nfiled = 2\n\
                [[collect.capture]]\nfile = \"traffic\"\n";
    fs::write(folder.path().join("system.toml"), text).unwrap();
    let sessions = || -> Vec<Value> {
        let case = Case::open(&folder.path().join("a.case")).unwrap();
        let read = |entry: Result<Recorded, _>| serde_json::from_slice::<Value>(&entry.unwrap().body).ok();
        case.entries().filter_map(read).filter(|body| body["kind"] == "tlcp.session").collect()
    };
    expect(folder.path(), "collect system.toml -c a.case --no-seal", 0);
    let [session] = &sessions()[..] else { panic!("{:?}", sessions()) };
    let place = &session["place"];
    assert_eq!((&session["value"]["alike"], &place["what"]), (&2.into(), &"traffic/first.pcap".into()), "{session}");
    expect(folder.path(), "collect system.toml -c a.case --resume --no-seal", 0);
    assert_eq!(sessions().len(), 1);
}

#[test]
fn a_key_log_shows_what_is_inside_and_a_wrong_one_says_where() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(recorded("tls-key-log.pcap"), folder.path().join("own.pcap")).unwrap();
    fs::copy(recorded("tls-key-log.keys"), folder.path().join("密钥.log")).unwrap();
    let run = finish(&mut program(folder.path(), ["capture", "own.pcap", "--key-log", "密钥.log"]));
    assert!(run.exit == Some(0) && run.out.matches("[HTTP]").count() == 3, "{run:?}");
    assert!(run.out.contains("weakest: TLS 1.2, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, x25519, RSA 2048"), "{run:?}");
    assert!(run.err.contains("sessions opened 3"), "{run:?}");
    let run = finish(&mut program(folder.path(), ["capture", "own.pcap", "--key-log", "密钥.log", "--json"]));
    assert!(!run.out.contains("Spring-2026") && run.out.contains("password"), "{run:?}");
    let run = finish(&mut program(folder.path(), ["capture", "own.pcap", "--verify-all"]));
    assert!(run.err.contains("2 hold"), "{run:?}");
    fs::write(folder.path().join("wrong.log"), "# mine\nCLIENT_RANDOM 00\n").unwrap();
    fs::write(folder.path().join("empty.log"), "# nothing\n").unwrap();
    for (language, file, words) in [
        ("en", "wrong.log", "wrong.log:2:17: expected the client's random: 64 hexadecimal digits"),
        ("zh", "wrong.log", "wrong.log:2:17：此处应为客户端随机数"),
        ("en", "empty.log", "no session's secrets"),
        ("en", "missing.log", "missing.log"),
        ("en", "own.pcap", "own.pcap:1:1: expected a label"),
    ] {
        let run = finish(&mut program(folder.path(), ["--lang", language, "capture", "own.pcap", "--key-log", file]));
        assert!(run.exit == Some(2) && run.err.contains(words) && run.out.is_empty(), "{run:?}");
    }
}
