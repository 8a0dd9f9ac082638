//! `dengmi algorithm`: right products pass, wrong ones fail with the danger named, and no target stops the run.

use crate::{Run, expect, finish, program};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

const FILES: [&str; 5] = ["sm2", "sm3", "sm4", "sm9", "zuc"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vectors(name: &str) -> Value {
    let path = root().join("vectors/algorithms").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A run of `algorithm test` in the repository's folder; `line` has no space inside its words.
fn test(target: &str, line: &str) -> Run {
    let words =
        ["algorithm", "test", "--target", target].into_iter().chain(line.split(' ').filter(|word| !word.is_empty()));
    finish(&mut program(&root(), words))
}

/// Counts of an operation: passed, failed, unsupported, not asked.
fn counts(document: &Value, operation: &str) -> [u64; 4] {
    let rows = document["operations"].as_array().unwrap();
    let row =
        rows.iter().find(|row| row["operation"] == operation).unwrap_or_else(|| panic!("{operation}: {document}"));
    ["passed", "failed", "unsupported", "not_asked"].map(|name| row[name].as_u64().unwrap())
}

/// Comments of failures by the danger that they show.
fn dangers(document: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for failure in document["failures"].as_array().unwrap() {
        for flag in failure["flags"].as_array().unwrap() {
            found.entry(flag.as_str().unwrap()).or_default().insert(failure["comment"].as_str().unwrap());
        }
    }
    found
}

/// A command that is not here. On a user's machine its test proves nothing and says so; in CI it fails.
fn missing(command: &str, package: &str) -> bool {
    let found =
        std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|at| at.join(command).is_file()));
    if !found {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let complaint =
            format!("NOT RUN: {test} needs {command} (apt-get install {package}); without it nothing is proved\n");
        assert!(std::env::var_os("CI").is_none(), "{complaint}");
        // Written past the capture of `cargo test`, which hides what passing tests print.
        let _ = std::io::stderr().write_all(complaint.as_bytes());
    }
    !found
}

fn broken() -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_dengmi")).parent().unwrap().join("examples/broken_sm2");
    assert!(path.is_file(), "{}: cargo builds it with the tests", path.display());
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_files_keep_their_schema_and_name_every_danger() {
    let validator = jsonschema::validator_for(&vectors("schema.json")).unwrap();
    for name in FILES {
        let file = vectors(&format!("{name}.json"));
        let faults: Vec<String> =
            validator.iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        let tests: Vec<&Value> = file["testGroups"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|group| group["tests"].as_array().unwrap())
            .collect();
        let numbers: Vec<u64> = tests.iter().map(|test| test["tcId"].as_u64().unwrap()).collect();
        assert!(numbers.iter().copied().eq(1..=file["numberOfTests"].as_u64().unwrap()), "{name}: {numbers:?}");
        let notes: BTreeSet<&str> = file["notes"].as_object().unwrap().keys().map(String::as_str).collect();
        let used = tests.iter().flat_map(|test| test["flags"].as_array().unwrap()).map(|flag| flag.as_str().unwrap());
        // Two are found between tests.
        let used: BTreeSet<&str> =
            used.chain(notes.intersection(&["Chain", "RepeatedNonce"].into()).copied()).collect();
        assert_eq!(used, notes, "{name}");
    }
    let mut wrong = vectors("sm3.json");
    wrong["testGroups"][0]["tests"][0]["input"]["input"] = "ABC".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn our_own_crypto_passes_what_it_has() {
    let run = test("self", "--json --chain 300");
    assert_eq!(run.exit, Some(0), "{run:?}");
    let document = run.json();
    assert_eq!(document["failures"], Value::Array(Vec::new()));
    for row in document["operations"].as_array().unwrap() {
        let operation = row["operation"].as_str().unwrap();
        let [passed, _, unsupported, not_asked] = counts(&document, operation);
        assert_eq!(not_asked, 0);
        let expected = match operation {
            // A nonce of 8 bytes; tags and nonces of three other lengths.
            "sm4-gcm-encrypt" | "sm4-gcm-decrypt" => 1,
            "sm4-ccm-encrypt" | "sm4-ccm-decrypt" => 3,
            _ if operation.starts_with("zuc-") || operation.starts_with("sm9-") => {
                assert_eq!(passed, 0, "{operation}");
                continue;
            }
            _ => 0,
        };
        assert_eq!(unsupported, expected, "{operation}");
        assert!(passed > 0, "{operation}");
    }
    assert_eq!(counts(&document, "sm3-hash chain"), [300, 0, 0, 0]);
    assert_eq!(counts(&document, "sm4-ctr-encrypt chain"), [300, 0, 0, 0]);
}

/// Each seen with 3.0.19. A later version may have mended them.
const KNOWN_OF_OPENSSL: &[&str] = &[
    // The private key n - 1 makes 1 + d zero, and it looks for another k for ever.
    "private key n - 1",
    // Reduced modulo n in place of refused.
    "private key n + 1",
    "private key 2^256 - 1",
    // The reader of ciphertexts stops at the end of the SEQUENCE.
    "00 behind the ciphertext",
];

/// What OpenSSL passes, through a program or as a library; with the least number of tests.
const PASSED_BY_OPENSSL: &[(&str, u64)] = &[
    ("sm3-hash", 13),
    ("sm3-hmac", 5),
    ("sm4-ecb-encrypt", 12),
    ("sm4-cbc-encrypt", 17),
    ("sm4-cbc-pkcs7-decrypt", 9),
    ("sm4-cfb-encrypt", 13),
    ("sm4-ofb-encrypt", 13),
    ("sm4-ctr-encrypt", 15),
    ("sm4-cmac", 9),
    ("sm2-verify", 56),
    ("sm2-verify-der", 50),
    ("sm2-verify-digest", 11),
    ("sm2-sign", 21),
    ("sm2-encrypt", 6),
    ("sm2-decrypt", 29),
    ("sm2-public-key", 26),
    ("sm3-hash chain", 20),
    ("sm4-cbc-encrypt chain", 20),
];

fn openssl_passes(adapter: &str, also_known: &[&str], also_passed: &[(&str, u64)]) {
    let run = test(&format!("python3 examples/adapters/{adapter}"), "--json --chain 20 --timeout 20");
    let document = run.json();
    for failure in document["failures"].as_array().unwrap() {
        let comment = failure["comment"].as_str().unwrap();
        assert!(KNOWN_OF_OPENSSL.contains(&comment) || also_known.contains(&comment), "{failure}");
    }
    assert!(matches!(run.exit, Some(0 | 1)), "{run:?}");
    for (operation, least) in PASSED_BY_OPENSSL.iter().chain(also_passed) {
        let [passed, _, unsupported, not_asked] = counts(&document, operation);
        assert!(passed >= *least && (unsupported, not_asked) == (0, 0), "{operation}: {passed}");
    }
}

#[test]
fn openssl_passes_but_for_what_is_known_of_it() {
    if missing("openssl", "openssl") || missing("python3", "python3") {
        return;
    }
    // The program asks for the length of the message first, is told 0, and does not decrypt at all; the library refuses.
    openssl_passes("openssl.py", &["sm2-decrypt-bad-no-c2"], &[("sm3-kdf", 5)]);
}

#[test]
fn the_library_of_openssl_passes_without_its_program() {
    if missing("openssl", "libssl3") || missing("python3", "python3") {
        return;
    }
    openssl_passes("libcrypto.py", &[], &[]);
}

/// There is no free module that has SM2, SM3 and SM4. Given the numbers of AES and SHA-256 in their places, a module must answer what
/// those give, and fail.
#[test]
fn a_module_behind_pkcs11_answers_through_its_adapter() {
    if missing("softhsm2-util", "softhsm2") || missing("python3", "python3") {
        return;
    }
    const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings");
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    fs::write(&settings, format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display())).unwrap();
    let made = std::process::Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "dengmi", "--pin", "1234", "--so-pin", "1234"])
        .env("SOFTHSM2_CONF", &settings)
        .output()
        .unwrap();
    let said = String::from_utf8(made.stdout).unwrap();
    let slot = said.trim_end().rsplit(' ').next().unwrap();
    assert!(slot.parse::<u64>().is_ok(), "{said} {:?}", String::from_utf8_lossy(&made.stderr));
    let numbers = "sm3=0x250 sm4-ecb=0x1081 sm4-cbc=0x1082 sm4-cmac=0x108a sm4-key=0x1f";
    let adapter = format!("python3 examples/adapters/pkcs11.py {MODULE} {slot} pin=1234 {numbers}");

    let mut words = adapter.split(' ');
    let mut child = std::process::Command::new(words.next().unwrap())
        .args(words)
        .current_dir(root())
        .env("SOFTHSM2_CONF", &settings)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // FIPS 180-4 and SP 800-38A F.1.1, F.2.1; SP 800-38B D.1.
    let key = "key=2b7e151628aed2a6abf7158809cf4f3c";
    let (plain, iv) = ("input=6bc1bee22e409f96e93d7e117393172a", "iv=000102030405060708090a0b0c0d0e0f");
    let asked = [
        ("sm3-hash input=616263".into(), "ok output=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (format!("sm4-ecb-encrypt {key} {plain}"), "ok output=3ad77bb40d7a3660a89ecaf32466ef97"),
        (
            format!("sm4-ecb-decrypt {key} input=3ad77bb40d7a3660a89ecaf32466ef97"),
            "ok output=6bc1bee22e409f96e93d7e117393172a",
        ),
        (format!("sm4-cbc-encrypt {key} {iv} {plain}"), "ok output=7649abac8119b246cee98e9b12e9197d"),
        (format!("sm4-cmac {key} {plain}"), "ok output=070a16b46b4d4144f79bdd9dd04a287c"),
        (format!("sm4-ecb-decrypt {key} input=3ad7"), "invalid"),
        (format!("sm4-gcm-encrypt {key} {plain}"), "unsupported"),
    ];
    let lines: String = asked.iter().flat_map(|(line, _)| [line, "\n"]).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(told.lines().collect::<Vec<_>>(), asked.map(|(_, answer)| answer));

    let words = ["algorithm", "test", "--target", &adapter, "--only", "sm3-hash,sm4-ecb", "--chain", "5", "--json"];
    let run = finish(program(&root(), words).env("SOFTHSM2_CONF", &settings));
    assert_eq!(run.exit, Some(1), "{run:?}");
    let document = run.json();
    let [passed, failed, unsupported, not_asked] = counts(&document, "sm3-hash");
    assert!((passed, unsupported, not_asked) == (0, 0, 0) && failed >= 13, "{document}");
}

#[test]
fn a_broken_sm2_fails_with_each_danger_named() {
    let broken = broken();
    let run = test(&broken, "--only sm2 --json");
    assert_eq!(run.exit, Some(1), "{run:?}");
    let document = run.json();
    let dangers = dangers(&document);
    for (flag, comment) in [
        ("RangeOfS", "s = 0, digest chosen so that the equation holds"),
        ("RangeOfR", "r = 0, digest chosen so that the equation holds"),
        ("ZeroSum", "r + s = n, digest chosen so that the equation holds"),
        ("ReducedModulo", "s + n for a small s"),
        ("PointOffCurve", "public key of order 2 off the curve, signature forged for it"),
        ("PointOffCurve", "C1 of order 2 off the curve, C2 and C3 made for it"),
        ("PointAtInfinity", "public key of zeros as infinity, signature forged for it"),
        ("OtherIdentifier", "signed under the default identifier, verified under another: ALICE"),
        ("RepeatedNonce", "sm2-sign-edge-d2"),
        ("UnusualIdentifier", "sm2-sign-2"),
        ("PrivateKeyRange", "private key n + 1"),
    ] {
        assert!(
            dangers.get(flag).is_some_and(|comments| comments.contains(comment)),
            "{flag}, {comment}: {dangers:#?}"
        );
    }
    // What it does check must not be complained of.
    for flag in ["Standard", "AlteredSignature", "OtherMessage", "OtherKey", "AlteredC2", "AlteredC3", "DerStructure"] {
        assert!(!dangers.contains_key(flag), "{flag}: {:?}", dangers[flag]);
    }
    let [passed, ..] = counts(&document, "sm2-decrypt");
    assert!(passed > 20, "{document}");
    for (language, sentences) in [
        ("zh", ["RangeOfS：s 不在 1 到 n-1 之内", "无效曲线攻击", "两个签名即可解出私钥", "应为 invalid，实为 valid"]),
        (
            "en",
            [
                "RangeOfS: s is outside 1 to n-1",
                "invalid curve attack",
                "give the private key",
                "expected invalid, got valid",
            ],
        ),
    ] {
        let run = test(&broken, &format!("--only sm2 --lang {language}"));
        assert_eq!(run.exit, Some(1), "{run:?}");
        for sentence in sentences {
            assert!(run.out.contains(sentence), "{sentence}: {}", run.out);
        }
    }
}

#[test]
fn targets_that_hang_die_flood_or_talk_nonsense_are_findings() {
    for (target, what, sentence) in [
        ("sleep 600", "silent", "no answer within the time"),
        // It neither reads nor ends, and its child has the pipe.
        ("sh -c 'sleep 600; true'", "silent", "no answer within the time"),
        ("true", "ended", "it ended or closed its output (exit status: 0)"),
        ("sh -c 'read line; echo out of memory >&2; kill -9 $$'", "ended", "(signal: 9 (SIGKILL)) out of memory"),
        ("sh -c 'read line; printf ok'", "ended", "exit status: 0"),
        ("cat", "no-answer", "this is no answer: sm3-hash input="),
        ("sh -c 'while read line; do echo ok output=0; done'", "no-answer", "this is no answer: ok output=0"),
        ("sh -c 'while read line; do printf \"\\033[2J\\377\\n\"; done'", "no-answer", "\\u{1b}[2J"),
        ("sh -c 'exec cat /dev/zero'", "too-long", "a line of more than 1 MiB"),
        ("sh -c 'exec yes valid'", "unasked", "a line that nobody asked for: valid"),
    ] {
        let run = test(target, "--only sm3-hash --timeout 1 --chain 0 --json");
        assert_eq!(run.exit, Some(1), "{target}: {run:?}");
        let document = run.json();
        let kinds: BTreeSet<&str> =
            document["failures"].as_array().unwrap().iter().map(|failure| failure["what"].as_str().unwrap()).collect();
        assert!(kinds.contains(what), "{target}: {kinds:?}");
        let [passed, failed, _, not_asked] = counts(&document, "sm3-hash");
        assert_eq!(passed + failed + not_asked, 13, "{target}: {document}");
        let run = test(target, "--only sm3-hash --timeout 1 --chain 0");
        assert!(run.out.contains(sentence), "{target}: {run:?}");
    }
}

#[test]
fn a_wrong_step_of_a_chain_is_found() {
    // Right for everything but one digest in 256.
    let own = env!("CARGO_BIN_EXE_dengmi");
    let target = format!("sh -c '{own} algorithm serve | sed -u s/output=ab/output=ac/'");
    if missing("sed", "sed") {
        return;
    }
    let document = test(&target, "--only sm3-hash --chain 3000 --json").json();
    let dangers = dangers(&document);
    assert!(dangers.contains_key("Chain"), "{document}");
    let [passed, failed, ..] = counts(&document, "sm3-hash chain");
    assert!(passed < 3000 && failed == 1, "{document}");
}

#[test]
fn wrong_words_and_files_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for (line, part) in [
        ("algorithm test --only sm5", "--only: expected the name of an operation"),
        ("algorithm test --target no-such-command", "no-such-command cannot be started"),
        ("algorithm test --target '", "--target: expected a command"),
        ("algorithm test --vectors none.json", "none.json"),
        ("algorithm test --timeout 0", "--timeout"),
    ] {
        let run = expect(folder.path(), line, 2);
        assert!(run.err.contains(part) && run.out.is_empty(), "{line}: {run:?}");
    }
    let good = fs::read_to_string(root().join("vectors/algorithms/sm3.json")).unwrap();
    for (from, to, part) in [
        ("\"result\": \"valid\"", "\"result\": \"good\"", "unknown variant `good`"),
        ("\"input\": \"616263\"", "\"input\": \"61626\"", "input: expected hexadecimal digits"),
        ("\"tcId\": 1", "\"tcid\": 1", "unknown field `tcid`"),
    ] {
        fs::write(folder.path().join("own.json"), good.replacen(from, to, 1)).unwrap();
        let run = expect(folder.path(), "algorithm test --vectors own.json", 2);
        assert!(run.err.contains(part) && run.err.contains(" at line ") && run.err.contains("own.json"), "{run:?}");
    }
    fs::write(folder.path().join("own.json"), good).unwrap();
    expect(folder.path(), "algorithm test --vectors own.json --chain 0", 0);
    // Nothing is supported: that is no success.
    let run = expect(folder.path(), "algorithm test --only zuc --chain 0", 3);
    assert!(run.err.contains("nothing is proved"), "{run:?}");
}

#[test]
#[cfg(unix)]
fn a_run_that_is_told_to_end_says_what_it_has_and_ends_its_target() {
    let kill =
        |words: [&str; 2]| std::process::Command::new("kill").args(words).stderr(Stdio::null()).status().unwrap();
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let asked = folder.path().join("asked");
        let target = format!("sh -c 'read line; echo valid; read line; echo $$ >{}; sleep 600; true'", asked.display());
        let words = ["algorithm", "test", "--target", &target, "--only", "sm3-hash", "--timeout", "600"];
        let mut child = program(&root(), words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The second question, which is never answered, is out.
        let number = || fs::read_to_string(&asked).ok().filter(|text| text.ends_with('\n'));
        while number().is_none() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(kill([signal, &child.id().to_string()]).success());
        let mut out = String::new();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3), "{signal}: {out}");
        assert!(out.contains("not asked") && out.contains("expected ok"), "{signal}: {out}");
        assert!(!kill(["-0", number().unwrap().trim()]).success(), "{signal}: its target goes on");
    }
}

#[test]
fn the_reference_adapter_answers_every_line() {
    let mut child =
        program(&root(), ["algorithm", "serve"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = "sm3-hash input=616263\nsm3-hash\nsm3-hash input=0\n\nno-such key=\nsm2-public-key public=04\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "ok output=66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
            "invalid",
            "unsupported",
            "unsupported",
            "unsupported",
            "invalid",
        ]
    );
}
