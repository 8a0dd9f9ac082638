use crate::{append, assert_whole, fresh, ours, sql};
use dengmi_casefile::{Case, CaseError, Verdict, seal, seal_path, verify};
use std::{fs, path::Path};

#[test]
fn two_appenders_are_refused() {
    let (_folder, path, case) = fresh();
    assert!(matches!(Case::open(&path), Err(CaseError::InUse(_))));
    assert!(matches!(seal(&path, "law", &[]), Err(CaseError::InUse(_))));
    assert!(matches!(verify(&path), Err(CaseError::InUse(_))));
    append(&case, "a", "still mine");
    drop(case);
    assert_eq!(ours(&Case::open(&path).unwrap()), ["still mine"]);
}

#[test]
fn nothing_is_overwritten() {
    let (_folder, path, case) = fresh();
    drop(case);
    assert!(matches!(Case::create(&path, b"again"), Err(CaseError::Exists(_))));
    seal(&path, "law", &[]).unwrap();
    assert!(matches!(Case::open(&path), Err(CaseError::Sealed(_))));
    assert!(matches!(seal(&path, "law", &[]), Err(CaseError::Sealed(_))));
    fs::remove_file(&path).unwrap();
    assert!(
        matches!(Case::create(&path, b"under an old seal"), Err(CaseError::Exists(found)) if found == seal_path(&path))
    );
    assert!(!path.exists());
}

#[test]
fn what_is_no_case_stays_as_it_is() {
    fn check(name: &str, make: impl Fn(&Path), wanted: impl Fn(&CaseError) -> bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        make(&path);
        let before = fs::read(&path).ok();
        let opened = Case::open(&path).map(drop);
        for refused in [opened, seal(&path, "law", &[]).map(drop), verify(&path).map(drop)] {
            let error = refused.unwrap_err();
            assert!(wanted(&error), "{name}: {error}");
        }
        assert_eq!(fs::read(&path).ok(), before, "{name}");
    }
    let not_a_case = |error: &CaseError| matches!(error, CaseError::NotACase(_));
    check("missing", |_| (), |error| matches!(error, CaseError::Disk { .. }));
    check("empty", |path| fs::write(path, "").unwrap(), not_a_case);
    check("text", |path| fs::write(path, "not a case at all, only some text".repeat(100)).unwrap(), not_a_case);
    check(
        "foreign",
        |path| {
            fs::write(path, "").unwrap();
            sql(path, "CREATE TABLE t (a)").unwrap()
        },
        not_a_case,
    );
    let newer = |path: &Path| {
        Case::create(path, b"").unwrap();
        sql(path, "PRAGMA user_version = 2").unwrap();
    };
    check("newer", newer, |error| matches!(error, CaseError::NewerFormat { found: 2, known: 1, .. }));
}

#[test]
fn any_path_will_do() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["门诊 系统·密评.case", "50%?mode=ro#x&y.case", "file:a.case", "it's \"quoted\".case", "no-ending"]
    {
        let path = folder.path().join("目录").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let case = Case::create(&path, b"{}").unwrap();
        append(&case, "门诊", name);
        drop(case);
        assert_whole(&path);
        assert_eq!(ours(&Case::open(&path).unwrap()), [name]);
        seal(&path, "law", &[]).unwrap();
        assert_eq!(ours(&Case::open_read(&path).unwrap()), [name]);
        assert!(matches!(verify(&path).unwrap(), Verdict::Verified(_)), "{name}");
    }
}

#[test]
fn only_sealed_cases_are_opened_for_reading() {
    let (_folder, path, case) = fresh();
    drop(case);
    assert!(matches!(Case::open_read(&path), Err(CaseError::NotSealed(_))));
}
