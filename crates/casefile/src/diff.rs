//! What two cases do not have in common.

use crate::{Case, CaseError, Entries, Recorded, chain::sm3};
use dengmi_core::{EntryNumber, Sm3Digest};
use std::{cmp::Ordering, iter::Peekable};

/// Entries of the callers that stand in one of two cases only. Numbers and order do not matter, repetitions do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// In the first case, by subject.
    pub only_first: Vec<EntryNumber>,
    /// In the second case, by subject.
    pub only_second: Vec<EntryNumber>,
}

/// Compares kind, subject, fact and body of all entries; one subject of each case is in memory at a time.
pub fn diff(first: &Case, second: &Case) -> Result<Difference, CaseError> {
    let (mut first, mut second) = (first.by_subject().peekable(), second.by_subject().peekable());
    let mut difference = Difference::default();
    loop {
        let order = match (subject(&mut first)?, subject(&mut second)?) {
            (None, None) => return Ok(difference),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(first), Some(second)) => first.cmp(&second),
        };
        let left = if order.is_le() { group(&mut first)? } else { Vec::new() };
        let right = if order.is_ge() { group(&mut second)? } else { Vec::new() };
        compare(&left, &right, &mut difference);
    }
}

type Group = Vec<((u16, Option<u16>, Sm3Digest), EntryNumber)>;

/// The subject of the next entry; the outer `None` at the end.
fn subject(entries: &mut Peekable<Entries>) -> Result<Option<Option<Box<str>>>, CaseError> {
    match entries.peek() {
        None => Ok(None),
        Some(Ok(entry)) => Ok(Some(entry.subject.clone())),
        Some(Err(error)) => Err(error.clone()),
    }
}

/// All entries of the next subject, in an order that does not depend on their numbers.
fn group(entries: &mut Peekable<Entries>) -> Result<Group, CaseError> {
    let wanted = subject(entries)?;
    let mut group = Group::new();
    while let Some(next) = entries.next_if(|next| match next {
        Ok(entry) => Some(&entry.subject) == wanted.as_ref(),
        Err(_) => true,
    }) {
        let Recorded { kind, fact, body, number, .. } = next?;
        group.push(((kind, fact, sm3(&body)), number));
    }
    group.sort_unstable();
    Ok(group)
}

/// Merges two sorted groups.
fn compare(left: &Group, right: &Group, difference: &mut Difference) {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.0.cmp(&right.0),
        };
        let only_first = if order.is_le() { left.next() } else { None };
        let only_second = if order.is_ge() { right.next() } else { None };
        if order.is_ne() {
            difference.only_first.extend(only_first.map(|entry| entry.1));
            difference.only_second.extend(only_second.map(|entry| entry.1));
        }
    }
}
