//! The line with which each side begins (RFC 4253 4.2).

use crate::reading::{Defect, DefectKind, Defects, Limits, Read, Reader, Reading};

/// How the line begins: RFC 4253, and the national profile.
const NAMES: [&[u8]; 2] = [b"SSH-", b"CSSH-"];

/// Bytes that the line may have, its end among them.
const LONGEST_LINE: usize = 255;

/// What a server may say before it, all lines together: what OpenSSH's client reads at most, in whole kilobytes.
const LONGEST_PREFACE: usize = 8 << 10;

/// An identification: `SSH-2.0-OpenSSH_9.2p1 Debian-2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner<'a> {
    /// The line without its end: what goes into the exchange hash.
    pub line: &'a [u8],
    /// Lines that came before it, which only servers may send.
    pub preface: &'a [u8],
    /// Whether it begins with `CSSH`, as the national profile does.
    pub national: bool,
    /// `2.0`, `1.99`, `1.5`; of the national profile `1.0`.
    pub version: Box<str>,
    /// `OpenSSH_9.2p1`.
    pub software: Box<str>,
    /// What stands behind the first space.
    pub comments: Option<Box<str>>,
    size: usize,
}

impl<'a> Banner<'a> {
    /// Takes the identification at the start of a direction. `None`: it is not all there.
    ///
    /// # Errors
    /// [`DefectKind::NotSsh`] when something else begins here; [`DefectKind::TooLong`] for a line without an end. A client
    /// has no other lines to send, so that of one is refused at once; so is any that is no text.
    pub fn next(bytes: &'a [u8], from_server: bool, limits: &Limits) -> Result<Option<Reading<Banner<'a>>>, Defect> {
        let mut start = 0;
        loop {
            let left = bytes.get(start..).unwrap_or_default();
            let end = left.iter().position(|&byte| byte == b'\n');
            let so_far = left.get(..end.unwrap_or(left.len())).unwrap_or_default();
            let begins = NAMES.iter().any(|name| match end {
                Some(_) => so_far.starts_with(name),
                None => so_far.iter().zip(*name).all(|(found, wanted)| found == wanted),
            });
            if !begins && (!from_server || so_far.iter().any(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\r'))) {
                return Err(Defect { at: start, what: DefectKind::NotSsh });
            }
            let most = if begins { LONGEST_LINE } else { LONGEST_PREFACE.saturating_sub(start) };
            if so_far.len() >= most {
                return Err(Defect {
                    at: start,
                    what: DefectKind::TooLong { found: so_far.len().saturating_add(1), most },
                });
            }
            let Some(length) = end else { return Ok(None) };
            let next = start.saturating_add(length).saturating_add(1);
            if begins {
                let preface = bytes.get(..start).unwrap_or_default();
                let line = so_far.strip_suffix(b"\r").unwrap_or(so_far);
                let mut reading = Banner::read(line, preface, limits)?;
                reading.value.size = next;
                if line.len() == so_far.len() {
                    reading.defects.push(Defect { at: next, what: DefectKind::LineEnd });
                }
                return Ok(Some(reading));
            }
            start = next;
        }
    }

    /// Takes a line without its end apart.
    pub(super) fn read(line: &'a [u8], preface: &'a [u8], limits: &Limits) -> Read<Self> {
        let mut defects = Defects::new(limits);
        let at = preface.len();
        if !line.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            defects.note(at, DefectKind::NotText);
        }
        let text = String::from_utf8_lossy(line);
        let mut parts = text.splitn(3, '-');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Some(rest) = parts.next() else { return Err(Defect { at, what: DefectKind::NotSsh }) };
        let (software, comments) = match rest.split_once(' ') {
            Some((software, comments)) => (software, Some(comments.into())),
            None => (rest, None),
        };
        let national = name == "CSSH";
        let size = line.len();
        let banner =
            Banner { line, preface, national, version: version.into(), software: software.into(), comments, size };
        Ok(defects.reading(banner, &Reader::new(&[])))
    }

    /// Bytes from the start of the direction to the end of the line.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether binary packets of protocol 2 follow. 1.99 offers both (RFC 4253 5.1); what the national profile calls 1.0 is
    /// protocol 2 in its form.
    pub fn is_version_2(&self) -> bool {
        self.national || matches!(&*self.version, "2.0" | "1.99")
    }
}
