//! Does it look like ciphertext? Of a field or a file, from its bytes alone.
//!
//! Statistics can tell ciphertext from text and from most simple compression, not from good compression: what a range coder
//! writes (LZMA, and the like in video) has no signal below 64 KiB. Only the head of a container shows it. So the answer is never
//! more than "consistent with ciphertext". How often it errs is measured by `tests/it/ciphertext.rs`, which prints a table.

use crate::pattern;
use crate::sample::Sample;

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing tells them from random bytes. Good compression without its head looks the same.
    Encrypted,
    /// The head of a compressed container, or nearly random bytes with the traces that compression leaves.
    Compressed,
    /// Hexadecimal digits, or Base64: decode, and look again.
    Encoded,
    /// Text in UTF-8 or GB 18030.
    Text,
    /// Neither text nor near to random: structures, numbers, pictures.
    Structured,
    /// Too few bytes to say anything.
    TooShort,
}

/// Fewer bytes say nothing.
pub const LEAST: usize = 16;
/// From here on compression can leave traces that a single count of patterns shows.
const LEAST_FOR_TRACES: usize = 256;
/// ψ² of overlapping 8-bit patterns that one in a hundred random strings exceeds, whatever their length (measured).
const PATTERN_BOUND: f64 = 370.0;
/// Beyond this share of the bits no compression that deserves the name wrote it; text and code have 0.17 and more (measured).
const STRUCTURE_SHARE: f64 = 0.1;

/// Looks at the bytes.
pub fn looks_encrypted(bytes: &[u8]) -> Judgement {
    if bytes.len() < LEAST {
        return Judgement::TooShort;
    }
    if has_compressed_head(bytes) {
        return Judgement::Compressed;
    }
    if is_encoded(bytes) {
        return Judgement::Encoded;
    }
    if is_text(bytes) {
        return Judgement::Text;
    }
    if bytes.len() < LEAST_FOR_TRACES {
        return if few_distinct(bytes) { Judgement::Structured } else { Judgement::Encrypted };
    }
    let sample = Sample::whole(bytes);
    let counts = pattern::cyclic(&sample, 8);
    let n = sample.bits() as f64;
    let squares: f64 = counts.iter().map(|count| (*count as f64).powi(2)).sum();
    let psi = counts.len() as f64 / n * squares - n;
    match psi {
        psi if psi <= PATTERN_BOUND => Judgement::Encrypted,
        // ψ² grows with the length; its share does not.
        psi if (psi - 255.0) / n <= STRUCTURE_SHARE => Judgement::Compressed,
        _ => Judgement::Structured,
    }
}

/// Of a short string: fewer distinct bytes than all but one in some thousand random strings have.
fn few_distinct(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in bytes {
        seen.iter_mut().skip(usize::from(*byte)).take(1).for_each(|seen| *seen = true);
    }
    let distinct = seen.iter().filter(|seen| **seen).count() as f64;
    let n = bytes.len() as f64;
    let expected = 256.0 * (1.0 - (255.0_f64 / 256.0).powf(n));
    // The variance of the number of empty cells, from above by its Poisson form.
    let spread = (256.0 * (-n / 256.0).exp() * (1.0 - (1.0 + n / 256.0) * (-n / 256.0).exp())).max(0.25).sqrt();
    distinct < expected - 3.5 * spread - 1.0
}

fn has_compressed_head(bytes: &[u8]) -> bool {
    const HEADS: &[&[u8]] = &[
        b"\x1f\x8b\x08",
        b"BZh",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"\x04\x22\x4d\x18",
        b"PK\x03\x04",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"\x89PNG\r\n",
        b"\xff\xd8\xff",
        b"GIF8",
    ];
    // zlib: method 8, and both bytes a multiple of 31.
    let zlib = matches!(bytes, [0x78, second, ..] if u16::from_be_bytes([0x78, *second]).is_multiple_of(31) && second & 0x20 == 0);
    zlib || HEADS.iter().any(|head| bytes.starts_with(head))
}

/// Digits in pairs, or Base64 in groups of four, in one alphabet or the other.
fn is_encoded(bytes: &[u8]) -> bool {
    let solid: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    // A prefix such as {SM4} is not part of it.
    let solid = match solid.split_first() {
        Some((b'{', rest)) => rest.iter().position(|byte| *byte == b'}').and_then(|end| rest.get(end + 1..)),
        _ => Some(&solid[..]),
    };
    let Some(solid) = solid.filter(|solid| solid.len() >= LEAST) else { return false };
    let hex = solid.len() % 2 == 0 && solid.iter().all(u8::is_ascii_hexdigit);
    let padding = solid.iter().rev().take_while(|byte| **byte == b'=').count();
    let inside = solid.get(..solid.len() - padding.min(2)).unwrap_or_default();
    let letters = |extra: [u8; 2]| inside.iter().all(|byte| byte.is_ascii_alphanumeric() || extra.contains(byte));
    // Words of text are letters too: what encodes random bytes has capitals, small letters and digits.
    let mixed =
        [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit].iter().all(|kind| inside.iter().any(kind));
    let base64 = mixed && (letters(*b"+/") && solid.len() % 4 == 0 || letters(*b"-_"));
    hex || base64
}

/// UTF-8, or GB 18030, without control characters; a character may be cut at the start and at the end.
fn is_text(bytes: &[u8]) -> bool {
    let cut = bytes.iter().take(3).take_while(|byte| matches!(byte, 0x80..=0xbf)).count();
    (0..=cut).any(|from| bytes.get(from..).is_some_and(is_whole_text))
}

fn is_whole_text(bytes: &[u8]) -> bool {
    let printable = |byte: &u8| *byte >= 0x20 && *byte != 0x7f || byte.is_ascii_whitespace();
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() + 3 >= bytes.len(),
    };
    bytes.iter().all(printable) && (valid || is_gb18030(bytes))
}

fn is_gb18030(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut common = 0_usize;
    let mut pairs = 0_usize;
    loop {
        rest = match rest {
            [] | [0x81..=0xfe] => break,
            [0x00..=0x7f, rest @ ..] => rest,
            [0x81..=0xfe, 0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, rest @ ..] => rest,
            [lead @ 0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, rest @ ..] => {
                pairs += 1;
                // Rows of GB 2312: signs and the characters that are really used.
                common += usize::from(matches!(lead, 0xa1..=0xa3 | 0xb0..=0xf7));
                rest
            }
            _ => return false,
        };
    }
    // Random bytes that happen to be pairs are spread over all rows.
    common * 10 >= pairs * 9
}
