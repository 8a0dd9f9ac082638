use crate::{append, assert_whole, bodies, fresh, ours};
use dengmi_casefile::{BODY_LIMIT, Case, CaseError, Entry, NAME_LIMIT, kind, wait};
use dengmi_core::EntryNumber;

#[test]
fn what_was_appended_is_read_again() {
    let (_folder, path, case) = fresh();
    let plain = Entry { kind: 0, subject: None, fact: None, body: b"" };
    let full = Entry { kind: 0xfeff, subject: Some("门诊·192.0.2.20:443"), fact: Some(u16::MAX), body: b"\x00\xff" };
    let first = wait(case.append_all(&[plain, full])).unwrap();
    assert_eq!(first, EntryNumber(1));
    let head = case.head().unwrap();
    drop(case);

    let case = Case::open(&path).unwrap();
    assert_eq!(case.head().unwrap(), head);
    assert_eq!(&*case.header().unwrap(), br#"{"system":"portal"}"#);
    let read: Vec<_> = case.entries().map(Result::unwrap).collect();
    assert_eq!(read.len(), 2);
    for (read, wanted) in read.iter().zip([plain, full]) {
        assert_eq!(
            (read.kind, read.subject.as_deref(), read.fact, &*read.body),
            (wanted.kind, wanted.subject, wanted.fact, wanted.body)
        );
    }
    assert_eq!(case.entry(EntryNumber(2)).unwrap().as_ref(), read.get(1));
    assert_eq!(case.entry(EntryNumber(3)).unwrap(), None);
    assert_eq!(case.entry(EntryNumber(u64::MAX)).unwrap(), None);
    assert_eq!((head.count, head.link), (2, read[1].link));
    assert_eq!(append(&case, "next", "3"), EntryNumber(3));
    drop(case);
    assert_whole(&path);
}

#[test]
fn limits_hold_and_one_above_is_refused() {
    let (_folder, path, case) = fresh();
    let append = |kind, subject: &str, body: usize| {
        wait(case.append(Entry { kind, subject: Some(subject), fact: None, body: &vec![b'x'; body] }))
    };
    append(kind::RESERVED - 1, &"s".repeat(NAME_LIMIT), BODY_LIMIT).unwrap();
    assert!(matches!(append(kind::RESERVED, "s", 1), Err(CaseError::ReservedKind(0xff00))));
    assert!(matches!(append(1, "", 1), Err(CaseError::Empty("subject"))));
    assert!(matches!(append(1, &"s".repeat(NAME_LIMIT + 1), 1), Err(CaseError::TooLong { what: "subject", .. })));
    assert!(matches!(append(1, "s", BODY_LIMIT + 1), Err(CaseError::TooLong { what: "body", .. })));
    assert_eq!(case.head().unwrap().count, 1);
    drop(case);
    assert_whole(&path);
}

/// More entries than a page, and bodies that fill pages early, so that each order is read across several pages.
#[test]
fn every_order_is_complete_across_pages() {
    let (_folder, _path, case) = fresh();
    let subjects = ["", "b", "a", "乙", "a·1"];
    let large = vec![b'.'; 300_000];
    let mut wanted = Vec::new();
    for number in 0..5200_u64 {
        // The first 3,000 make groups that are longer than a page.
        let turn = if number < 3000 { 1 } else { number };
        let subject = subjects[(turn % 5) as usize];
        let kind = 1 + (number / 7 % 2) as u16;
        let fact = [None, Some(0), Some(9)][(turn % 3) as usize];
        wanted.push((number + 1, subject, kind, fact, if number < 20 { &*large } else { b"{}" }));
    }
    let entries: Vec<_> = wanted
        .iter()
        .map(|&(_, subject, kind, fact, body)| Entry {
            kind,
            subject: (!subject.is_empty()).then_some(subject),
            fact,
            body,
        })
        .collect();
    wait(case.append_all(&entries)).unwrap();

    let numbers = |entries: dengmi_casefile::Entries| entries.map(|entry| entry.unwrap().number.0).collect::<Vec<_>>();
    assert_eq!(numbers(case.entries()), (1..=5200).collect::<Vec<_>>());
    let mut by_subject = wanted.clone();
    by_subject.sort_by_key(|&(number, subject, kind, ..)| (subject, kind, number));
    assert_eq!(numbers(case.by_subject()), by_subject.iter().map(|entry| entry.0).collect::<Vec<_>>());
    let mut of_kind: Vec<_> = wanted.iter().filter(|entry| entry.2 == 2).collect();
    of_kind.sort_by_key(|entry| (entry.3, entry.0));
    assert_eq!(numbers(case.of_kind(2, None)), of_kind.iter().map(|entry| entry.0).collect::<Vec<_>>());
    let of_fact = of_kind.iter().filter(|entry| entry.3 == Some(9)).map(|entry| entry.0);
    assert_eq!(numbers(case.of_kind(2, Some(9))), of_fact.collect::<Vec<_>>());
    assert!(numbers(case.of_kind(3, None)).is_empty());
}

#[test]
fn one_may_append_while_reading() {
    let (_folder, _path, case) = fresh();
    for subject in ["a", "b", "c"] {
        append(&case, subject, subject);
    }
    for entry in case.by_subject() {
        let entry = entry.unwrap();
        wait(case.append(Entry { kind: 8, subject: None, fact: None, body: &entry.body })).unwrap();
    }
    assert_eq!(ours(&case), ["a", "b", "c", "a", "b", "c"]);
    assert_eq!(bodies(case.of_kind(8, None)), ["a", "b", "c"]);
}

/// Many tasks at once: numbers are unique, each task's own are in order, all are acknowledged.
#[test]
fn many_senders_one_writer() {
    let (_folder, path, case) = fresh();
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let case = case.clone();
            std::thread::spawn(move || {
                let subject = format!("thread {thread}");
                (0..50).map(|turn| append(&case, &subject, &turn.to_string())).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut all = Vec::new();
    for thread in threads {
        let numbers = thread.join().unwrap();
        assert!(numbers.is_sorted());
        all.extend(numbers);
    }
    all.sort();
    assert_eq!(all, (1..=400).map(EntryNumber).collect::<Vec<_>>());
    drop(case);
    assert_whole(&path);
}
