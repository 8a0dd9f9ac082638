//! `system.toml` with faults: each is pointed at, in both languages, and nothing is made before all of them are gone.

use crate::expect;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const HEAD: &str = "[system]\nname = \"报名系统\"\noperator = \"示例学院\"\n[grade]\nfiled = 2\n";

/// A folder with a description.
fn described(rest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("system.toml"), format!("{HEAD}{rest}")).unwrap();
    folder
}

/// Every command that reads descriptions says the same, exits with 2 and makes nothing.
fn check(folder: &Path, en: &[&str], zh: &[&str]) {
    for line in ["grade system.toml", "collect system.toml -c a.case", "assess system.toml -o out"] {
        let run = expect(folder, line, 2);
        assert!(run.err.starts_with("error: ") && run.out.is_empty(), "{run:?}");
        for part in en {
            assert!(run.err.contains(part), "no {part:?} in {}", run.err);
        }
        let run = expect(folder, &format!("--lang zh {line}"), 2);
        assert!(run.err.starts_with("错误: "), "{run:?}");
        for part in zh {
            assert!(run.err.contains(part), "no {part:?} in {}", run.err);
        }
    }
    assert!(!folder.join("a.case").exists() && !folder.join("out/assessment.case").exists());
}

#[test]
fn every_fault_has_its_place_and_a_hint() {
    let folder = described(
        "[[room]]\nid = \"a\"\n[[room]]\nid = \"a\"\n\
         [[channel]]\nid = \"portal\"\nends = [\"portal.example\"]\nboundary = \"firewal\"\n\
         [[device]]\nid = \"firewall\"\nkind = \"general-server\"\nroom = \"b\"\n\
         [[statement]]\nabout = \"portal\"\nkind = \"mechanisms\"\nvalue = \"none\"\nmethod = \"interview\"\nby = \"x\"\non = 2100-01-01\n",
    );
    check(
        folder.path(),
        &[
            "system.toml:9:6: a is used twice; line 7 has it already",
            "system.toml:12:9: expected HOST:PORT or SCHEME://HOST, such as 192.0.2.20:443",
            "found \"portal.example\"",
            "system.toml:13:12: no device is called firewal; did you mean firewall?",
            "system.toml:17:8: no room is called b; known: a",
            "system.toml:19:9: expected a day that is not after the day of the assessment",
            "system.toml:20:8: no fact is called mechanisms; did you mean mechanism?",
            "hint: README",
        ],
        &[
            "system.toml:9:6: 名称 a 重复，第 7 行已经使用",
            "system.toml:12:9: 应为“主机:端口”",
            "system.toml:13:12: 没有名为 firewal 的设备；是否想写 firewall？",
            "system.toml:17:8: 没有名为 b 的机房；可用：a",
            "system.toml:19:9: 应为不晚于测评日的日期",
            "system.toml:20:8: 没有名为 mechanisms 的可陈述的事实；是否想写 mechanism？",
            "提示: README",
        ],
    );
}

#[test]
fn a_wrong_shape_is_pointed_at() {
    for (rest, en, zh) in [
        (
            "[[chanel]]\n",
            "system.toml:6:3: unknown key chanel; did you mean channel?",
            "不认识的键 chanel；是否想写 channel？",
        ),
        ("[[room]]\nbeauty = 1\n", "system.toml:7:1: unknown key beauty; known: id", "不认识的键 beauty；可用：id"),
        ("[[room]]\nowner = \"own\"\n", "system.toml:6:1: this table needs the key id", "此表缺少键 id"),
        (
            "[[room]]\nid = 7\n",
            "system.toml:7:6: this is not TOML, or not of the right type: invalid type",
            "不符合 TOML 格式或类型不对",
        ),
        ("[[room]\n", "system.toml:6:", "不符合 TOML 格式或类型不对"),
        ("[[product]]\nid = \"p\"\nkind = \"k\"\ncontract = 2026-02-30\n", "system.toml:9:", "system.toml:9:"),
    ] {
        check(described(rest).path(), &[en], &[zh]);
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("system.toml"), b"[system]\nname = \"\xff\"\n").unwrap();
    check(
        folder.path(),
        &["system.toml is no UTF-8 text from byte 17 on"],
        &["system.toml 从第 17 字节起不是 UTF-8 文本"],
    );
    fs::remove_file(folder.path().join("system.toml")).unwrap();
    check(folder.path(), &["system.toml does not exist", "hint: "], &["文件 system.toml 不存在", "提示: "]);
    fs::create_dir(folder.path().join("system.toml")).unwrap();
    check(folder.path(), &["system.toml is a folder, not a file"], &["system.toml 是文件夹，不是文件"]);
}

#[test]
fn a_document_outside_of_the_folder_is_refused() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    let absolute = format!("[plan]\nstate = \"none\"\nartifact = {:?}\n", secret.path());
    for path in [&*absolute, "[plan]\nstate = \"none\"\nartifact = \"docs/../../plan.md\"\n"] {
        check(
            described(path).path(),
            &["system.toml:8:12: expected a relative path inside the file's folder, without .."],
            &["system.toml:8:12: 应为本文件所在文件夹内的相对路径"],
        );
    }
}

#[cfg(unix)]
#[test]
fn neither_a_link_leads_out_of_the_folder_nor_a_folder_is_taken_for_a_document() {
    let folder = described("[plan]\nstate = \"none\"\nartifact = \"plan.md\"\n");
    let secret = tempfile::NamedTempFile::new().unwrap();
    let plan = folder.path().join("plan.md");
    let collect = |lang: &str| expect(folder.path(), &format!("--lang {lang} collect system.toml -c a.case"), 2).err;

    std::os::unix::fs::symlink(secret.path(), &plan).unwrap();
    assert!(collect("en").contains("system.toml:8: plan.md leads out of the description's folder by a link"));
    assert!(collect("zh").contains("system.toml:8: plan.md 经链接指向本文件所在文件夹之外"));
    fs::remove_file(&plan).unwrap();
    fs::create_dir(&plan).unwrap();
    assert!(collect("en").contains("system.toml:8: plan.md is a folder, not a file"));
    fs::remove_dir(&plan).unwrap();

    // A link that stays inside is a document like any other.
    fs::write(folder.path().join("real.md"), "plan").unwrap();
    std::os::unix::fs::symlink("real.md", &plan).unwrap();
    let run = expect(folder.path(), "collect system.toml -c a.case", 0);
    assert!(!run.err.contains("warning"), "{run:?}");
}

#[test]
fn documents_that_nobody_produced_are_named() {
    let folder = described(
        "[plan]\nstate = \"none\"\nartifact = \"docs/plan.md\"\n\
         [[channel]]\nid = \"portal\"\n\
         [[statement]]\nabout = \"portal\"\nkind = \"mechanism\"\nvalue = \"none\"\nmethod = \"interview\"\nby = \"x\"\n\
         on = 2024-01-01\nartifact = \"docs/interview.md\"\n",
    );
    fs::create_dir(folder.path().join("docs")).unwrap();
    fs::write(folder.path().join("docs/plan.md"), "plan").unwrap();
    // Also when quiet: it decides verdicts.
    let run = expect(folder.path(), "-q collect system.toml -c a.case", 0);
    assert_eq!(
        run.err,
        "warning: the document docs/interview.md is not there; it is recorded as asked for and not produced\n"
    );
    assert_eq!(run.out, "a.case\n");
    let run = expect(folder.path(), "judge a.case", 0);
    assert!(run.out.contains("documents asked for and not produced: docs/interview.md\n"), "{run:?}");
    let run = expect(folder.path(), "judge a.case --lang zh", 0);
    assert!(run.out.contains("已索要、未出示的文件：docs/interview.md\n"), "{run:?}");
}

#[test]
fn roots_that_cannot_be_read_are_told_before_a_case_is_made() {
    let folder = described("[collect]\nroots = [\"roots/nobody.crt\"]\n");
    let run = expect(folder.path(), "collect system.toml -c a.case", 2);
    assert!(run.err.contains("roots/nobody.crt") && run.err.contains("hint: "), "{run:?}");
    assert!(!folder.path().join("a.case").exists());
}

#[test]
fn paths_may_be_chinese() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("测评 2026/案卷");
    fs::create_dir_all(home.join("附件")).unwrap();
    fs::write(home.join("附件/方案.md"), "方案").unwrap();
    let text = format!("{HEAD}[plan]\nstate = \"none\"\nartifact = \"附件/方案.md\"\n[[room]]\nid = \"机房\"\n");
    fs::write(home.join("系统.toml"), text).unwrap();
    let run = expect(&home, "assess 系统.toml -o 结果", 0);
    assert!(run.out.contains("报名系统 · 示例学院") && run.out.contains("结果/report.html"), "{run:?}");
    let run = expect(&home, "why 结果/assessment.case PHY-ID 机房", 0);
    assert!(run.out.contains("机房"), "{run:?}");
    expect(&home, "verify 结果/assessment.case", 0);
    let run = expect(&home, "collect 没有.toml -c 新.case --lang zh", 2);
    assert!(run.err.contains("文件 没有.toml 不存在"), "{run:?}");
}

#[test]
fn a_description_without_a_level_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("system.toml"), "[system]\nname = \"x\"\noperator = \"y\"\n").unwrap();
    for line in ["grade system.toml", "collect system.toml -c a.case", "assess system.toml -o out"] {
        let run = expect(folder.path(), line, 2);
        assert!(run.err.contains("filed"), "{run:?}");
    }
    for case in ["a.case", "out/assessment.case"] {
        assert!(!folder.path().join(case).exists(), "no case for what nobody can judge");
    }
}
