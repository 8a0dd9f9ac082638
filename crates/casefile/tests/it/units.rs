use crate::{append, assert_whole, entry, fresh, ours};
use dengmi_casefile::{Case, CaseError, Entry, kind, wait};

#[test]
fn a_unit_is_there_whole_or_not_at_all() {
    let (_folder, path, case) = fresh();
    assert!(!case.is_done("probe 1").unwrap());
    let mut unit = case.begin("probe 1").unwrap().unwrap();
    wait(unit.append(entry("a", "1"))).unwrap();
    wait(unit.append(entry("b", "2"))).unwrap();
    assert_eq!(ours(&case), [""; 0]);
    wait(unit.done()).unwrap();
    assert_eq!(ours(&case), ["1", "2"]);
    assert!(case.is_done("probe 1").unwrap());
    assert!(case.begin("probe 1").unwrap().is_none());
    // Two entries and the mark.
    assert_eq!(case.head().unwrap().count, 3);

    let empty = case.begin("nothing to see").unwrap().unwrap();
    wait(empty.done()).unwrap();
    assert!(case.is_done("nothing to see").unwrap());

    let mut unit = case.begin("given up").unwrap().unwrap();
    wait(unit.append(entry("c", "3"))).unwrap();
    unit.void().unwrap();
    assert_eq!(ours(&case), ["1", "2"]);
    assert!(matches!(case.begin(""), Err(CaseError::Empty("unit key"))));
    drop(case);
    assert_whole(&path);
}

static BODY: [u8; 100_000] = [b'.'; 100_000];

fn long(body: &'static [u8]) -> Entry<'static> {
    Entry { kind: 7, subject: Some("long"), fact: None, body }
}

/// A unit that writes batches, others between them, and every way it can end.
#[test]
fn a_long_unit_is_hidden_until_it_is_done() {
    let (_folder, path, case) = fresh();
    let mut unit = case.begin("capture").unwrap().unwrap();
    for turn in 0..100 {
        wait(unit.append(long(&BODY))).unwrap();
        if turn % 40 == 0 {
            append(&case, "other", "between");
        }
    }
    assert!(case.head().unwrap().count > 80, "batches are on the disk");
    assert_eq!(ours(&case), ["between"; 3]);
    assert_eq!(case.by_subject().count(), 3);
    wait(unit.done()).unwrap();
    assert_eq!(ours(&case).len(), 103);
    drop(case);
    assert_whole(&path);
    assert_eq!(ours(&Case::open(&path).unwrap()).len(), 103);
}

#[test]
fn a_cut_unit_is_void_and_can_be_done_again() {
    let (_folder, path, case) = fresh();
    let mut unit = case.begin("capture").unwrap().unwrap();
    for _ in 0..100 {
        wait(unit.append(long(&BODY))).unwrap();
    }
    append(&case, "other", "after");
    let before = case.head().unwrap().count;
    // As a crash would: neither done nor void.
    drop((unit, case));

    let case = Case::open(&path).unwrap();
    assert_eq!(case.head().unwrap().count, before + 1, "one void mark");
    let void = case.of_kind(kind::VOID, None).next().unwrap().unwrap();
    assert_eq!(void.subject.as_deref(), Some("capture"));
    assert_eq!(&*void.body, br#"{"entries":[[2,43],[45,86]]}"#);
    assert_eq!(ours(&case), ["after"]);
    assert!(!case.is_done("capture").unwrap());

    let mut unit = case.begin("capture").unwrap().unwrap();
    for _ in 0..50 {
        wait(unit.append(long(b"again"))).unwrap();
    }
    wait(unit.done()).unwrap();
    drop(case);
    let case = Case::open(&path).unwrap();
    assert_eq!(ours(&case).len(), 51);
    assert_eq!(case.of_kind(kind::VOID, None).count(), 1, "nothing is voided twice");
    drop(case);
    assert_whole(&path);
}

#[test]
fn who_begins_last_wins() {
    let (_folder, path, case) = fresh();
    let mut first = case.begin("capture").unwrap().unwrap();
    for _ in 0..50 {
        wait(first.append(long(&BODY))).unwrap();
    }
    let mut second = case.begin("capture").unwrap().unwrap();
    wait(second.append(entry("a", "second"))).unwrap();
    assert!(matches!(wait(first.done()), Err(CaseError::UnitLost(key)) if &*key == "capture"));
    wait(second.done()).unwrap();
    assert_eq!(ours(&case), ["second"]);
    drop(case);
    assert_whole(&path);
}

/// An append that was cancelled after it took what was held must not end in a done mark without it.
#[test]
fn a_cancelled_batch_loses_the_unit() {
    let (_folder, _path, case) = fresh();
    let mut unit = case.begin("capture").unwrap().unwrap();
    for _ in 0..41 {
        wait(unit.append(long(&BODY))).unwrap();
    }
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    {
        let mut batch = std::pin::pin!(unit.append(long(&BODY)));
        assert!(batch.as_mut().poll(&mut context).is_pending());
    }
    assert!(matches!(wait(unit.done()), Err(CaseError::UnitLost(_))));
    assert_eq!(ours(&case), [""; 0]);
}
