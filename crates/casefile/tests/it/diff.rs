use crate::{append, fresh};
use dengmi_casefile::{Difference, Entry, diff, wait};
use dengmi_core::EntryNumber;

#[test]
fn order_does_not_matter_but_content_and_repetition_do() {
    let ((_a, _, first), (_b, _, second)) = (fresh(), fresh());
    for (subject, body) in [("a", "1"), ("b", "2"), ("b", "2"), ("c", "3"), ("e", "only here")] {
        append(&first, subject, body);
    }
    for (subject, body) in [("c", "3"), ("b", "2"), ("a", "other"), ("d", "only there")] {
        append(&second, subject, body);
    }
    wait(second.append(Entry { kind: 7, subject: None, fact: Some(3), body: b"1" })).unwrap();
    wait(second.artifact(&b"artifacts are told by observations"[..], "x")).unwrap();

    let found = diff(&first, &second).unwrap();
    let numbers = |list: &[u64]| list.iter().copied().map(EntryNumber).collect::<Vec<_>>();
    // Which of the two equal entries of "b" is left over does not matter.
    let left = [numbers(&[1, 2, 5]), numbers(&[1, 3, 5])];
    assert!(left.contains(&found.only_first), "{found:?}");
    assert_eq!(found.only_second, numbers(&[5, 3, 4]));
    assert_eq!(diff(&first, &first).unwrap(), Difference::default());
}
