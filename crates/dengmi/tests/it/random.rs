//! `dengmi random`: values, verdicts, forms of input, wrong input, in both languages.

use crate::{expect, finish, program};
use dengmi_casefile::{Case, Recorded};
use dengmi_core::Sha256Digest;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The worked example of GM/T 0005-2021 annex C for the overlapping subsequences.
const EXAMPLE: &str = "11001100000101010110110001001100111000000000001001001101010100010001001111010110100000001101011111001100111001101101100010110010";

fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/randomness").join(name)
}

/// Bytes of a xorshift64* generator.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = (0..count.div_ceil(8)).flat_map(|_| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()
    });
    words.take(count).collect()
}

fn near(value: &Value, expected: f64) {
    assert!((value.as_f64().unwrap() - expected).abs() < 1.5e-6, "{value} is not {expected}");
}

#[test]
fn a_worked_example_in_each_form_and_order() {
    let folder = tempfile::tempdir().unwrap();
    let packed: Vec<u8> = EXAMPLE
        .as_bytes()
        .chunks(8)
        .map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap())
        .collect();
    let hex: String = packed.iter().map(|byte| format!("{byte:02X} ")).collect();
    let turned: Vec<u8> = packed.iter().map(|byte| byte.reverse_bits()).collect();
    let spaced = EXAMPLE.replace("0110", "01\n10");
    for (name, content, words) in [
        ("bits.txt", spaced.as_bytes(), "--form bits"),
        ("hex.txt", hex.as_bytes(), "--form hex"),
        ("raw.bin", &packed, "--form raw"),
        ("turned.bin", &turned, "--order lsb"),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
        let line = format!("random {name} {words} --test overlapping_1,m=2 --test overlapping_2,m=2 --json");
        let document = expect(folder.path(), &line, 0).json();
        let [sample] = &document["samples"].as_array().unwrap()[..] else { panic!("{document}") };
        let [first, second] = &sample["tests"].as_array().unwrap()[..] else { panic!("{document}") };
        assert_eq!((&first["id"], &first["params"]["m"]), (&"overlapping_1".into(), &2.into()));
        near(&first["p"], 0.436868);
        near(&second["p"], 0.723674);
        near(&second["q"], 0.723674);
    }
}

#[test]
fn a_million_bits_of_e_are_a_page_and_a_document() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(vector("e.bin"), folder.path().join("e.bin")).unwrap();
    let document = expect(folder.path(), "random e.bin --bits 1000000 --json", 0).json();
    let tests = document["samples"][0]["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 27);
    let dft = tests.iter().find(|test| test["id"] == "dft").unwrap();
    // With 2^20 points, as one library does it, this would be 0.168383.
    near(&dft["p"], 0.851010);
    assert_eq!(document["groups"][0]["passes"], true);
    for (language, words) in [
        ("en", ["overlapping_1 m=5", "verdict: passes", "a whole group has 1000"]),
        ("zh", ["重叠子序列 P1 m=5", "结论：通过", "完整一组为 1000 个"]),
    ] {
        let run = expect(folder.path(), &format!("--lang {language} random e.bin"), 0);
        let all = format!("{}{}", run.out, run.err);
        assert!(words.iter().all(|word| all.contains(word)), "{all}");
        assert!(run.out.lines().count() >= 30, "{}", run.out);
    }
}

#[test]
fn a_folder_is_one_group_and_a_fault_is_found() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("group")).unwrap();
    let good = bytes(20 * 2500 + 7);
    fs::write(folder.path().join("group/1.bin"), &good[..10 * 2500]).unwrap();
    fs::write(folder.path().join("group/2.bin"), &good[10 * 2500..]).unwrap();
    let document = expect(folder.path(), "random group --bits 20000 --json", 0).json();
    let numbers: Vec<&Value> = document["samples"].as_array().unwrap().iter().map(|sample| &sample["number"]).collect();
    assert_eq!(numbers, (1..=20).map(Value::from).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    let group = &document["groups"][0];
    assert_eq!((&group["samples"], &group["left_over_bits"], &group["passes"]), (&20.into(), &56.into(), &true.into()));
    let biased: Vec<u8> =
        good.iter().enumerate().map(|(at, byte)| if at % 3 == 0 { byte | 0x10 } else { *byte }).collect();
    fs::write(folder.path().join("biased.bin"), biased).unwrap();
    let run = expect(folder.path(), "random biased.bin --bits 20000", 0);
    assert!(
        run.out.contains("does not pass") && run.out.contains("FAIL") && run.out.contains("sample "),
        "{}",
        run.out
    );
}

#[test]
fn sources_without_an_end_and_products() {
    let folder = tempfile::tempdir().unwrap();
    let document = expect(folder.path(), "random getrandom --bits 20000 --samples 3 --json", 0).json();
    assert_eq!(document["samples"].as_array().unwrap().len(), 3);
    let document = expect(folder.path(), "random getrandom --product D --stage power-on --json", 0).json();
    assert_eq!(document["groups"][0]["samples"], 20);
    assert_eq!(document["samples"][0]["tests"][0]["params"]["m"], 2);
    #[cfg(unix)]
    {
        let words = ["random", "--json", "--command", "cat /dev/urandom", "--bits", "20000", "--samples", "2"];
        assert_eq!(finish(&mut program(folder.path(), words)).json()["groups"][0]["samples"], 2);
        let run = expect(folder.path(), "random /dev/zero --bits 20000 --samples 4", 0);
        assert!(run.out.contains("4 ") && run.out.contains("does not pass"), "{}", run.out);
        let words = ["random", "--command", "exit 3"];
        assert_eq!(finish(&mut program(folder.path(), words)).exit, Some(3));
    }
}

#[test]
fn standard_input_and_the_other_suites() {
    let folder = tempfile::tempdir().unwrap();
    for (words, statistics) in [("--edition 2012", 25), ("--suite nist", 14 + 148 + 8 + 18)] {
        let mut command = program(folder.path(), format!("random - --json {words}").split(' '));
        let run = finish(command.stdin(fs::File::open(vector("pi.bin")).unwrap()));
        assert_eq!(run.exit, Some(0), "{run:?}");
        let tests = run.json()["samples"][0]["tests"].as_array().unwrap().len();
        assert_eq!(tests, statistics, "{words}");
    }
}

#[test]
fn what_is_wrong_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("short.bin"), [0xa5; 100]).unwrap();
    fs::write(folder.path().join("notes.txt"), "0101\n01x1").unwrap();
    for (line, exit, en, zh) in [
        ("short.bin", 2, "no sample of 1000000 bits, only 800", "只有 800 比特"),
        ("missing.bin", 2, "missing.bin does not exist", "missing.bin 不存在"),
        ("notes.txt --form bits --test runs", 2, "line 2, column 3: expected 0 or 1, found x", "第 2 行第 3 列"),
        ("notes.txt --form hex --test runs", 2, "line 2, column 3: expected hexadecimal digits", "十六进制数字"),
        ("short.bin --test rums", 2, "there are: monobit", "可用：monobit"),
        ("short.bin --test poker", 2, "poker wants m", "缺少参数 m"),
        ("short.bin --test poker,k=2", 2, "poker has no parameter k", "没有参数 k"),
        ("short.bin --test longest_run_1,m=9", 2, "expected 8, 128, 10000", "应为 8, 128, 10000"),
        ("short.bin --bits 800", 2, "no set of tests for samples of 800 bits", "没有适用于 800 比特样本"),
        ("short.bin --bits 0", 2, "a number above 0", "大于 0"),
        ("getrandom --test runs", 2, "getrandom does not end", "没有尽头"),
        ("short.bin --product A --stage power-on", 2, "A to E have sample", "类别 A 至 E"),
    ] {
        for (language, expected) in [("en", en), ("zh", zh)] {
            let run = expect(folder.path(), &format!("--lang {language} random {line}"), exit);
            assert!(run.err.contains(expected) && run.out.is_empty(), "{line}: {run:?}");
        }
    }
    let run = expect(folder.path(), "random short.bin --test matrix_rank", 0);
    assert!(run.out.contains("says nothing") && run.out.contains("1024"), "{}", run.out);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_long_run() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["random", "/dev/urandom", "--bits", "20000", "--samples", "1000000000", "--json"];
    let mut child = program(folder.path(), words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = vec![0; 1 << 15];
    stdout.read_exact(&mut first).unwrap();
    let ended = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    let mut all = String::from_utf8(first).unwrap();
    stdout.read_to_string(&mut all).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken off"), "{output:?}");
    // The document is whole.
    let document: Value = serde_json::from_str(&all).unwrap();
    assert!(document["cancelled"] == true && document["samples"].as_array().unwrap().len() >= 10);
}

/// A description with a channel whose product makes the numbers.
fn described(folder: &Path, sources: &str) {
    let text = format!(
        "[system]\nname = \"示例\"\noperator = \"示例学院\"\n[grade]\nfiled = 3\n[[channel]]\nid = \"portal\"\n\
         ends = [\"127.0.0.1:1\"]\nproduct = \"gateway\"\n[[product]]\nid = \"gateway\"\nkind = \"SSL VPN安全网关\"\n{sources}"
    );
    fs::write(folder.join("system.toml"), text).unwrap();
}

fn tests_of(case: &Path) -> Vec<Value> {
    let case = Case::open(case).unwrap();
    let read = |entry: Result<Recorded, _>| serde_json::from_slice::<Value>(&entry.unwrap().body).ok();
    case.entries().filter_map(read).filter(|body| body["kind"] == "random.tests").collect()
}

#[test]
fn random_sources_of_a_description_are_kept_tested_and_shown_beside_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let (case, numbers) = (folder.path().join("a.case"), folder.path().join("numbers"));
    fs::create_dir(&numbers).unwrap();
    let all = bytes(3 * 2500);
    fs::write(numbers.join("one.bin"), &all[..5000]).unwrap();
    fs::write(numbers.join("two.bin"), &all[5000..]).unwrap();
    fs::write(folder.path().join("bad.txt"), "01".repeat(10_000)).unwrap();
    described(
        folder.path(),
        "[[collect.random]]\nsource = \"numbers\"\nabout = \"gateway\"\nbits = 20000\n\
         [[collect.random]]\nsource = \"bad.txt\"\nabout = \"gateway\"\nbits = 20000\nform = \"bits\"\n\
         [[collect.random]]\nsource = \"getrandom\"\nabout = \"portal\"\nbits = 20000\nsamples = 2\n",
    );
    expect(folder.path(), "collect system.toml -c a.case --no-seal", 0);
    let [whole, bad, system] = &tests_of(&case)[..] else { panic!("{:?}", tests_of(&case)) };
    let read = &whole["value"]["read"];
    assert_eq!((&read[0]["name"], &read[1]["size"]), (&"numbers/one.bin".into(), &2500.into()), "{whole}");
    assert_eq!((&whole["value"]["samples"], &whole["value"]["passes"]), (&3.into(), &true.into()), "{whole}");
    assert_eq!((&bad["value"]["passes"], &bad["observed"]), (&false.into(), &"gateway".into()), "{bad}");
    assert_eq!(system["value"]["samples"], 2, "{system}");
    assert!(bad["value"]["statistics"][0]["p"] == "1.000000", "as many ones as zeros: {bad}");
    // What the case keeps of a source gives the same values again.
    let name: Sha256Digest = bad["place"]["artifact"].as_str().unwrap().parse().unwrap();
    let kept = Case::open(&case).unwrap();
    let artifact = (*kept).artifact(name).unwrap().unwrap();
    assert_eq!(kept.artifact_bytes(&artifact, 0..20_000).unwrap(), "01".repeat(10_000).as_bytes());
    drop(kept);

    expect(folder.path(), "collect system.toml -c a.case --resume --no-seal", 0);
    assert_eq!(tests_of(&case).len(), 3);
    expect(folder.path(), "collect system.toml -c a.case --resume", 0);
    expect(folder.path(), "verify a.case", 0);
    let why = expect(folder.path(), "why a.case NET-CONF portal", 0);
    for part in [
        "random source: numbers",
        "random source: getrandom",
        "statistics that fail: ",
        "part of perfect sources that would not pass: 0.",
        "GM/T 0005-2021",
    ] {
        assert!(why.out.contains(part), "no {part} in {}", why.out);
    }
}

#[test]
fn random_sources_of_a_description_are_checked_before_a_case_is_made() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("few.bin"), bytes(100)).unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("folder/elsewhere")).unwrap();
    for (rest, said) in [
        ("source = \"missing.bin\"\nabout = \"gateway\"\n", "system.toml:14: there is no file or folder missing.bin"),
        ("source = \"../a.bin\"\nabout = \"gateway\"\n", "system.toml:14:10: expected a relative path"),
        ("source = \"/dev/sda\"\nabout = \"gateway\"\n", "system.toml:14:10: expected a relative path"),
        ("source = \"few.bin\"\nabout = \"gatewey\"\n", "system.toml:15:9: "),
        ("source = \"few.bin\"\nabout = \"gateway\"\nbits = 0\n", "system.toml:16:8: "),
        ("source = \"few.bin\"\nabout = \"gateway\"\nbits = 100\n", "system.toml:14: "),
        ("command = \"id\"\nabout = \"gateway\"\n", "system.toml:14:1: "),
        #[cfg(unix)]
        ("source = \"folder\"\nabout = \"gateway\"\n", "elsewhere"),
    ] {
        described(folder.path(), &format!("[[collect.random]]\n{rest}"));
        let run = expect(folder.path(), "collect system.toml -c a.case", 2);
        assert!(run.err.contains(said), "no {said:?} in {}", run.err);
        assert!(!folder.path().join("a.case").exists());
    }
}

#[test]
fn a_noise_source_is_estimated_and_its_health_watched() {
    let folder = tempfile::tempdir().unwrap();
    let mut stuck = bytes(20_000);
    stuck[7_000..7_040].fill(0x5a);
    fs::write(folder.path().join("good.bin"), bytes(20_000)).unwrap();
    fs::write(folder.path().join("stuck.bin"), stuck).unwrap();
    let tested = |file: &str| {
        let line = format!("random {file} --bits 80000 --entropy --health 8 --json");
        expect(folder.path(), &line, 0).json()["groups"][0].clone()
    };
    let (good, stuck) = (tested("good.bin"), tested("stuck.bin"));
    let least = good["entropy"]["least_per_bit"].as_f64().unwrap();
    assert!(least > 0.5 && least < 1.0, "{good}");
    let estimate = &good["entropy"]["per_bit"]["most-common-value"];
    assert!(estimate.as_f64().unwrap() >= least, "{good}");
    assert_eq!(good["health"]["repetition_count"]["alarms"], 0, "{good}");
    assert_eq!(good["health"]["adaptive_proportion"]["alarms"], 0, "{good}");
    // ⌈20 / 8⌉ + 1 equal bytes raise the alarm: the run of forty does so from its fourth byte on.
    assert_eq!(stuck["health"]["repetition_count"]["cutoff"], 4, "{stuck}");
    assert_eq!(stuck["health"]["repetition_count"]["alarms"], 37, "{stuck}");
    let page = expect(folder.path(), "--lang en random stuck.bin --bits 80000 --entropy --health 8", 0);
    assert!(page.out.contains("37 alarms") && page.out.contains("6.3.1 to 6.3.4 only"), "{page:?}");
    for wrong in ["0", "9", "NaN"] {
        let run = expect(folder.path(), &format!("random good.bin --health {wrong}"), 2);
        assert!(run.err.contains("--health"), "{run:?}");
    }
}
