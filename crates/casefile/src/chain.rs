//! The chain: each entry carries SM3 (GB/T 32905) over its predecessor's link and itself.

use crate::{BODY_LIMIT, CaseError, Entry, NAME_LIMIT, Recorded, kind};
use dengmi_core::{EntryNumber, Sm3Digest};
use sm3::{Digest, Sm3};

const TAG: &[u8] = b"dengmi-entry-1";

pub(crate) fn sm3(bytes: &[u8]) -> Sm3Digest {
    Sm3Digest(Sm3::digest(bytes).into())
}

/// An entry in the form that the table and the chain have: no subject is the empty one, no fact is -1.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) kind: u16,
    pub(crate) subject: String,
    pub(crate) fact: i32,
    pub(crate) body: Vec<u8>,
}

impl Content {
    /// Checked before it is sent, so that one bad entry cannot fail the transaction of others.
    pub(crate) fn from_caller(entry: Entry<'_>) -> Result<Self, CaseError> {
        if entry.kind >= kind::RESERVED {
            return Err(CaseError::ReservedKind(entry.kind));
        }
        if let Some(subject) = entry.subject {
            check_name("subject", subject)?;
        }
        check_length("body", entry.body.len(), BODY_LIMIT)?;
        Ok(Content {
            kind: entry.kind,
            subject: entry.subject.unwrap_or_default().into(),
            fact: entry.fact.map_or(-1, i32::from),
            body: entry.body.into(),
        })
    }

    /// `link = SM3(tag ‖ previous ‖ number ‖ kind ‖ length of subject ‖ length of body ‖ subject ‖ fact ‖ body)`, integers big-endian
    /// in 8, 2, 4, 4 and 4 bytes.
    pub(crate) fn link(&self, previous: &Sm3Digest, number: u64) -> Sm3Digest {
        if number == 0 {
            return sm3(&self.body);
        }
        let mut hasher = Sm3::new();
        hasher.update(TAG);
        hasher.update(previous.0);
        hasher.update(number.to_be_bytes());
        hasher.update(self.kind.to_be_bytes());
        for length in [self.subject.len(), self.body.len()] {
            // Both are far below 4 GiB by the limits above; a longer one in a damaged file only has to give another digest.
            hasher.update(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
        hasher.update(self.subject.as_bytes());
        hasher.update(self.fact.to_be_bytes());
        hasher.update(&self.body);
        Sm3Digest(hasher.finalize().into())
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.subject.len() + self.body.len()
    }

    pub(crate) fn recorded(self, number: u64, link: Sm3Digest) -> Recorded {
        Recorded {
            number: EntryNumber(number),
            kind: self.kind,
            subject: (!self.subject.is_empty()).then(|| self.subject.into()),
            fact: u16::try_from(self.fact).ok(),
            body: self.body.into(),
            link,
        }
    }
}

pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), CaseError> {
    if name.is_empty() {
        return Err(CaseError::Empty(what));
    }
    check_length(what, name.len(), NAME_LIMIT)
}

pub(crate) fn check_length(what: &'static str, found: usize, limit: usize) -> Result<(), CaseError> {
    if found > limit { Err(CaseError::TooLong { what, limit, found }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(kind: u16, subject: &str, fact: i32, body: &[u8]) -> Content {
        Content { kind, subject: subject.into(), fact, body: body.into() }
    }

    #[test]
    fn every_field_moves_the_link() {
        let previous = sm3(b"header");
        let links = [
            content(1, "ab", 3, b"cd").link(&previous, 1),
            content(2, "ab", 3, b"cd").link(&previous, 1),
            content(1, "abc", 3, b"d").link(&previous, 1),
            content(1, "a", 3, b"bcd").link(&previous, 1),
            content(1, "ab", -1, b"cd").link(&previous, 1),
            content(1, "ab", 3, b"ce").link(&previous, 1),
            content(1, "ab", 3, b"cd").link(&previous, 2),
            content(1, "ab", 3, b"cd").link(&sm3(b"other"), 1),
        ];
        let distinct: std::collections::HashSet<_> = links.iter().collect();
        assert_eq!(distinct.len(), links.len());
    }

    /// Written out by hand, so that a change of the layout cannot hide behind the code that makes it.
    #[test]
    fn the_layout_is_the_documented_one() {
        let mut text = b"dengmi-entry-1".to_vec();
        text.extend([7; 32]);
        text.extend([0, 0, 0, 0, 0, 0, 1, 2, 0x12, 0x34, 0, 0, 0, 3, 0, 0, 0, 2]);
        text.extend("密".as_bytes());
        text.extend([0, 0, 0, 9]);
        text.extend(b"{}");
        assert_eq!(content(0x1234, "密", 9, b"{}").link(&Sm3Digest([7; 32]), 258), sm3(&text));
    }
}
