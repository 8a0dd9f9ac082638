//! Datagrams out of fragments: in any order, over each other, too many, too old.

use dengmi_parse::capture::{Added, Address, Datagram, Defragmenter, Dissected, Fragment, IpProtocol};
use dengmi_parse::{DefectKind, Limits};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;

fn fragment(identification: u32, offset: u16, more: bool, payload: &[u8]) -> Fragment<'_> {
    let [source, destination] = [[192, 0, 2, 10], [192, 0, 2, 20]].map(Address::v4);
    let protocol = IpProtocol::UDP;
    Fragment { source, destination, identification, protocol, offset, more, payload, missing: 0 }
}

/// Parts of one datagram, each with its offset and whether others follow; then the whole, or the offsets that differ.
fn check(parts: &[(u16, bool, &[u8])], whole: Option<&[u8]>, differ: &[usize]) {
    let (mut fragments, limits) = (Defragmenter::default(), Limits::default());
    let (mut last, mut found) = (Added::default(), Vec::new());
    for (offset, more, payload) in parts {
        assert_eq!(last.whole, None, "{parts:?}");
        last = fragments.add(&fragment(1, *offset, *more, payload), 0, &limits);
        match last.defect.as_ref().map(|defect| &defect.what) {
            Some(DefectKind::FragmentsDiffer { offset }) => found.push(*offset),
            Some(DefectKind::FragmentPlace { .. }) => found.push(usize::MAX),
            _ => assert_eq!(last.defect, None),
        }
    }
    assert_eq!(last.whole.map(|datagram| datagram.bytes).as_deref(), whole, "{parts:?}");
    assert_eq!(found, differ, "{parts:?}");
    assert_eq!(fragments.end(), usize::from(whole.is_none()), "{parts:?}");
}

#[test]
fn parts_become_a_whole_in_any_order_and_the_first_copy_holds() {
    let (a, b, c) = (&b"aaaaaaaa"[..], &b"bbbbbbbb"[..], &b"cc"[..]);
    let whole = Some(&b"aaaaaaaabbbbbbbbcc"[..]);
    check(&[(0, true, a), (8, true, b), (16, false, c)], whole, &[]);
    check(&[(16, false, c), (8, true, b), (0, true, a)], whole, &[]);
    check(&[(8, true, b), (8, true, b), (16, false, c), (0, true, a)], whole, &[]);
    check(&[(0, true, a), (16, false, c)], None, &[]);
    check(&[(0, true, a), (8, true, b)], None, &[]);
    // Over each other: the same, and others.
    check(&[(0, true, b"aaaaaaaabbbbbbbb"), (8, true, b), (16, false, c)], whole, &[]);
    check(&[(8, true, b), (16, false, c), (0, true, b"aaaaaaaaXbbbbbbb")], whole, &[8]);
    check(&[(8, true, b), (0, false, b"aaaaaaaabbbbbbYbcc")], whole, &[14]);
    check(&[(0, true, a), (8, true, b), (0, true, b"aaZaaaaabbbbZbbb"), (16, false, c)], whole, &[2]);
    // What cannot be is not kept.
    let never = usize::MAX;
    check(&[(0, true, b"seven by"), (8, true, b"seven b"), (16, false, c)], None, &[never]);
    check(&[(0, true, a), (8, true, b""), (8, true, b), (16, false, c)], whole, &[never]);
    check(&[(16, false, c), (16, true, b), (8, false, b), (8, true, b), (0, true, a)], whole, &[never, never]);
    check(&[(16, false, c), (16, false, b"longer"), (8, true, b), (0, true, a)], whole, &[never]);
    check(&[(0, true, a), (65_528, false, b"seven b"), (8, true, b)], None, &[]);
    check(&[(0, true, a), (65_528, false, b)], None, &[never]);
}

#[test]
fn a_whole_datagram_is_taken_apart_and_one_that_the_capture_cut_is_not_whole() {
    let (mut fragments, limits) = (Defragmenter::default(), Limits::default());
    let datagram = [0x9c, 0x40, 1, 0xf4, 0, 18, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    assert_eq!(fragments.add(&fragment(1, 0, true, &datagram[..8]), 0, &limits), Added::default());
    let whole = fragments.add(&fragment(1, 8, false, &datagram[8..]), 0, &limits).whole.unwrap();
    let mut labels = Vec::new();
    let Ok(Dissected::Transport(found)) = whole.dissect(&mut labels, &limits) else { panic!("{whole:?}") };
    assert_eq!((found.destination_port, found.payload, found.missing), (500, &datagram[8..], 0));
    let cut = Fragment { missing: 4, ..fragment(2, 0, true, &datagram[..12]) };
    assert_eq!(fragments.add(&cut, 0, &limits), Added::default());
    assert_eq!(fragments.add(&fragment(2, 16, false, &datagram[16..]), 0, &limits), Added::default());
    assert_eq!(fragments.end(), 1);
    assert_eq!(fragments.end(), 0);
}

#[test]
fn the_oldest_goes_when_there_are_too_many_or_it_waited_too_long() {
    let limits = Limits { datagrams: 3, fragments: 1 << 20, ..Limits::default() };
    let mut fragments = Defragmenter::default();
    let mut add = |identification, offset, more, time| {
        let added = fragments.add(&fragment(identification, offset, more, &[7; 8]), time, &limits);
        (added.cut, added.whole.map(|datagram: Datagram| datagram.bytes.len()))
    };
    assert_eq!([1, 2, 3].map(|number| add(number, 0, true, 0)), [(0, None); 3]);
    assert_eq!(add(4, 0, true, SECOND), (1, None));
    // The first was given up: this is the first of another.
    assert_eq!(add(1, 8, false, SECOND), (1, None));
    assert_eq!(add(3, 8, false, 30 * SECOND), (0, Some(16)));
    // 30 seconds are patience; one nanosecond more is none.
    assert_eq!(add(4, 8, false, 31 * SECOND), (0, Some(16)));
    assert_eq!(add(5, 0, true, 31 * SECOND + 1), (1, None));
    assert_eq!(add(5, 8, false, 2 * SECOND), (0, Some(16)));
    // Time that runs ahead and comes back.
    assert_eq!(add(6, 0, true, u64::MAX), (0, None));
    assert_eq!(add(6, 8, false, 3 * SECOND), (1, None));
}

#[test]
fn what_is_kept_has_a_limit_in_bytes() {
    let cost = 64 + 64 + 8;
    for (most, cut) in [(2 * cost, 0), (2 * cost - 1, 1)] {
        let limits = Limits { fragments: most, ..Limits::default() };
        let mut fragments = Defragmenter::default();
        assert_eq!(fragments.add(&fragment(1, 0, true, &[7; 8]), 0, &limits).cut, 0);
        assert_eq!(fragments.add(&fragment(2, 0, true, &[7; 8]), 0, &limits).cut, cut);
        assert!(fragments.add(&fragment(2, 8, false, &[7; 8]), 0, &limits).whole.is_some());
        assert_eq!(fragments.end(), 1 - cut);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_cuts_in_any_order_give_the_datagram(
        bytes in prop::collection::vec(any::<u8>(), 9..500),
        parts in prop::collection::vec((0_usize..60, 1_usize..20), 1..40),
    ) {
        let (mut fragments, limits) = (Defragmenter::default(), Limits::default());
        let eighths = bytes.len().div_ceil(8);
        let every = (0..eighths).map(|start| (start, 1));
        let mut whole = None;
        for (start, count) in parts.into_iter().map(|(start, count)| (start % eighths, count)).chain(every) {
            let end = ((start + count) * 8).min(bytes.len());
            let offset = u16::try_from(start * 8).unwrap();
            let part = fragment(1, offset, end < bytes.len(), &bytes[start * 8..end]);
            let added = fragments.add(&part, 0, &limits);
            prop_assert_eq!(added.defect, None);
            if added.whole.is_some() {
                whole = added.whole;
                break;
            }
        }
        prop_assert_eq!(whole.map(|datagram| datagram.bytes), Some(bytes));
        prop_assert_eq!(fragments.end(), 0);
    }

    #[test]
    fn any_fragments_stay_within_the_limits(
        all in prop::collection::vec((0_u32..4, 0_u16..30, any::<bool>(), 0_usize..40, 0_u64..90), 1..200),
    ) {
        let limits = Limits { datagrams: 2, fragments: 600, ..Limits::default() };
        let mut fragments = Defragmenter::default();
        let payload = [1; 40];
        let mut wholes = 0;
        for (identification, offset, more, length, time) in &all {
            let part = fragment(*identification, offset * 8, *more, &payload[..*length]);
            let added = fragments.add(&part, time * SECOND, &limits);
            wholes += usize::from(added.whole.is_some());
        }
        prop_assert!(fragments.end() <= 2 && wholes <= all.len());
    }
}
