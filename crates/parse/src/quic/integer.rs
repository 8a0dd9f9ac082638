//! Integers of variable length (RFC 9000 16).

use crate::reading::{Defect, Reader};

/// The largest number that fits.
pub const INTEGER_MOST: u64 = (1 << 62) - 1;

/// A number that does not fit where it has to go. Only what is written can be too large, never what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} is more than {most}")]
pub struct TooLarge {
    /// The number, or the length of what was to be written.
    pub value: u64,
    /// The largest that fits.
    pub most: u64,
}

/// Reads one integer. More bytes than it needs are allowed.
///
/// # Errors
/// [`crate::DefectKind::Short`]; nothing is taken then.
pub fn read_integer(reader: &mut Reader<'_>) -> Result<u64, Defect> {
    let length = reader.peek().map_or(1, |first| 1_usize << (first >> 6));
    let bytes = reader.take(length)?;
    let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    Ok(value & ((1 << (8 * length - 2)) - 1))
}

/// Reads what stands behind a length.
pub(super) fn read_vector<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Defect> {
    let mut ahead = reader.clone();
    let length = read_integer(&mut ahead)?;
    let bytes = ahead.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    *reader = ahead;
    Ok(bytes)
}

/// Bytes that an integer needs.
pub fn integer_length(value: u64) -> usize {
    match value {
        0..0x40 => 1,
        0x40..0x4000 => 2,
        0x4000..0x4000_0000 => 4,
        _ => 8,
    }
}

/// Appends an integer in as few bytes as it needs.
///
/// # Errors
/// [`TooLarge`], above [`INTEGER_MOST`].
pub fn write_integer(out: &mut Vec<u8>, value: u64) -> Result<(), TooLarge> {
    write_in(out, value, integer_length(value))
}

/// Appends an integer in two bytes where it fits, so that its place does not depend on it, else in what it needs.
pub(super) fn write_wide(out: &mut Vec<u8>, value: u64) -> Result<(), TooLarge> {
    write_in(out, value, integer_length(value).max(2))
}

/// Appends `bytes` behind their length.
pub(super) fn write_vector(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), TooLarge> {
    write_integer(out, wide(bytes.len()))?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// A length as a number of the wire.
pub(super) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn write_in(out: &mut Vec<u8>, value: u64, length: usize) -> Result<(), TooLarge> {
    if value > INTEGER_MOST {
        return Err(TooLarge { value, most: INTEGER_MOST });
    }
    let marked = value | u64::from(length.ilog2()) << (8 * length - 2);
    out.extend_from_slice(marked.to_be_bytes().get(8 - length..).unwrap_or_default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_those_of_the_standard() {
        // RFC 9000 A.1, and the ends of each length.
        for (bytes, value) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0], 0),
            (&[0x3f], 63),
            (&[0x40, 0x40], 64),
            (&[0x7f, 0xff], 16_383),
            (&[0x80, 0, 0x40, 0], 16_384),
            (&[0xbf, 0xff, 0xff, 0xff], (1 << 30) - 1),
            (&[0xc0, 0, 0, 0, 0x40, 0, 0, 0], 1 << 30),
            (&[0xff; 8], INTEGER_MOST),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!((read_integer(&mut reader), reader.left()), (Ok(value), 0));
            let mut out = Vec::new();
            write_integer(&mut out, value).unwrap();
            assert_eq!(out, bytes);
            assert!(read_integer(&mut Reader::new(&bytes[..bytes.len() - 1])).is_err());
        }
        // More bytes than needed (RFC 9000 A.1).
        assert_eq!(read_integer(&mut Reader::new(&[0x40, 0x25])), Ok(37));
        let mut out = Vec::new();
        write_wide(&mut out, 37).unwrap();
        assert_eq!(out, [0x40, 0x25]);
        assert!(write_integer(&mut Vec::new(), INTEGER_MOST + 1).is_err());
    }
}
