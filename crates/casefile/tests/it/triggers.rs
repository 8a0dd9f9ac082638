use crate::{append, assert_whole, fresh, sql};
use dengmi_casefile::{Case, Damage, Verdict, verify, wait};

fn filled() -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, path, case) = fresh();
    append(&case, "a", "one");
    append(&case, "b", "two");
    wait(case.artifact(&b"bytes"[..], "x.bin")).unwrap();
    drop(case);
    (folder, path)
}

#[test]
fn every_way_to_change_is_refused() {
    let (_folder, path) = filled();
    let link = "zeroblob(32)";
    for statement in [
        "UPDATE entry SET body = x'00' WHERE number = 1",
        "UPDATE OR REPLACE entry SET number = 2 WHERE number = 1",
        "UPDATE entry SET number = 9 WHERE number = 1",
        "DELETE FROM entry WHERE number = 2",
        "DELETE FROM entry",
        &format!("INSERT OR REPLACE INTO entry VALUES (1, 7, '', 3, x'00', {link})"),
        &format!("REPLACE INTO entry VALUES (0, 65280, '', -1, x'00', {link})"),
        &format!("INSERT INTO entry VALUES (1, 7, '', 3, x'00', {link}) ON CONFLICT DO UPDATE SET body = x'00'"),
        &format!("INSERT INTO entry VALUES (9, 7, '', 3, x'00', {link})"),
        &format!("INSERT INTO entry VALUES (-1, 7, '', 3, x'00', {link})"),
        "UPDATE chunk SET bytes = x'00'",
        "DELETE FROM chunk",
        "INSERT OR REPLACE INTO chunk VALUES (3, 0, x'00')",
    ] {
        let refused = sql(&path, statement).unwrap_err();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
    for statement in [
        "INSERT INTO entry VALUES (4, 7, '', 3, x'00', x'00')",
        "INSERT INTO entry VALUES (4, 'k', '', 3, x'00', zeroblob(32))",
    ] {
        sql(&path, statement).unwrap_err();
    }
    assert_whole(&path);
}

/// Who takes the triggers away first is found by the chain.
#[test]
fn what_goes_past_the_triggers_is_found() {
    fn check(statement: &str, wanted: impl Fn(&Damage) -> bool) {
        let (_folder, path) = filled();
        sql(&path, statement).unwrap();
        let Verdict::Broken(broken) = verify(&path).unwrap() else { panic!("{statement}: not found") };
        assert!(broken.damage.iter().any(wanted), "{statement}: {broken}");
    }
    let entry = |number| move |damage: &Damage| *damage == Damage::Entry(dengmi_core::EntryNumber(number));
    check("DROP TRIGGER entry_kept; UPDATE entry SET body = x'00' WHERE number = 1", entry(1));
    check("DROP TRIGGER entry_kept; UPDATE entry SET fact = 4 WHERE number = 2", entry(2));
    check("DROP TRIGGER entry_kept; UPDATE entry SET kind = 1 WHERE number = 0", entry(0));
    check("DROP TRIGGER entry_stays; DELETE FROM entry WHERE number = 1", entry(1));
    check("DROP TRIGGER entry_stays; DELETE FROM entry", entry(0));
    check("DROP TRIGGER chunk_kept; UPDATE chunk SET bytes = x'00'", |damage| {
        matches!(damage, Damage::Artifact { .. })
    });
    check("DROP TRIGGER chunk_stays; DELETE FROM chunk", |damage| matches!(damage, Damage::Artifact { .. }));
    check("INSERT INTO chunk VALUES (3, 1, x'00')", |damage| matches!(damage, Damage::Artifact { .. }));
    check("INSERT INTO chunk VALUES (2, 0, x'00')", |damage| *damage == Damage::Stray(2));
    check("INSERT INTO chunk VALUES (99, 0, x'00')", |damage| *damage == Damage::Stray(99));
    check("DROP TRIGGER entry_kept", |damage| *damage == Damage::Schema);
    check("CREATE TABLE more (a)", |damage| *damage == Damage::Schema);
    // An index that is not the one of its rows, and one that misses a row.
    check("CREATE INDEX entry_kind ON entry (kind, number)", |damage| *damage == Damage::Schema);
    check(
        "CREATE INDEX entry_kind ON entry (kind, fact) WHERE number < 2; PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = 'CREATE INDEX entry_kind ON entry (kind, fact)' WHERE name = 'entry_kind'",
        |damage| matches!(damage, Damage::Structure(why) if why.contains("entry_kind")),
    );
}

/// The tail can be cut from an unsealed chain without a trace; the head that somebody holds shows it.
#[test]
fn a_cut_tail_moves_the_head() {
    let (_folder, path) = filled();
    let head = Case::open(&path).unwrap().head().unwrap();
    sql(&path, "DROP TRIGGER entry_stays; DELETE FROM entry WHERE number = 3").unwrap();
    assert_ne!(Case::open(&path).unwrap().head().unwrap(), head);
}
