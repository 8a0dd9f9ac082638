//! Numbers that name a person or an account, by their form and check digits.

/// Whether the 18 characters are a resident identity number: a region, a date and a check digit (GB 11643-1999, ISO
/// 7064 MOD 11-2).
pub(super) fn is_identity(text: &[u8; 18]) -> bool {
    /// The first two digits: provinces and the like (GB/T 2260).
    const REGIONS: [u32; 34] = [
        11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62,
        63, 64, 65, 71, 81, 82,
    ];
    let (body, last) = (text.first_chunk::<17>(), text.last());
    let Some(body) = body.filter(|body| body.iter().all(u8::is_ascii_digit)) else { return false };
    let number = |from: usize, to: usize| {
        let digits = body.get(from..to).unwrap_or_default();
        digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit & 15))
    };
    let days = match number(10, 12) {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    let born = (1900..2100).contains(&number(6, 10)) && (1..=days).contains(&number(12, 14));
    let value = match last {
        Some(b'X' | b'x') => 10,
        Some(digit) if digit.is_ascii_digit() => u32::from(digit & 15),
        _ => return false,
    };
    // The weight of a place is a power of two modulo 11.
    let sum = body.iter().fold(0, |sum, digit| (sum + u32::from(digit & 15)) * 2 % 11);
    born && REGIONS.contains(&number(0, 2)) && (sum + value) % 11 == 1
}

/// Whether the digits are a mobile number of mainland China: eleven that begin with 13 to 19.
pub(super) fn is_mobile(digits: &[u8]) -> bool {
    digits.len() == 11 && matches!(digits, [b'1', b'3'..=b'9', ..])
}

/// Whether the digits begin as a bank card does and end with its check digit (ISO/IEC 7812-1 annex B).
pub(super) fn is_card(digits: &[u8]) -> bool {
    let start = digits.iter().take(4).fold(0_u32, |value, digit| value * 10 + u32::from(digit & 15));
    let length = digits.len();
    let issued = match start {
        // UnionPay; the second range is its newer one.
        6200..=6299 | 8100..=8171 => (16..=19).contains(&length),
        // Cards of domestic banks from before UnionPay's numbers.
        9558 => length == 19,
        // Visa, Mastercard, JCB.
        4000..=4999 => matches!(length, 16 | 19),
        5100..=5599 | 2221..=2720 => length == 16,
        3528..=3589 => (16..=19).contains(&length),
        _ => false,
    };
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let value = u32::from(digit & 15) << (place & 1);
        sum + value / 10 + value % 10
    });
    issued && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers_need_their_check_digit_their_region_and_their_date() {
        for (text, expected) in [
            (b"110105199901011238", true),
            // The example of GB 11643.
            (b"11010519491231002X", true),
            (b"11010519491231002x", true),
            (b"440524188001010014", false),
            (b"110105194912310021", false),
            (b"110105199901011239", false),
            (b"1101051999010112 8", false),
            (b"990105199901011231", false),
            (b"110105199913011236", false),
            (b"110105199902301233", false),
            (b"X10105199901011238", false),
        ] {
            assert_eq!(is_identity(text), expected, "{}", String::from_utf8_lossy(text));
        }
        // One of eleven check digits is right.
        let right = b"0123456789X".iter().filter(|last| {
            let mut text = *b"11010519990101123_";
            text[17] = **last;
            is_identity(&text)
        });
        assert_eq!(right.count(), 1);
    }

    #[test]
    fn cards_need_their_start_their_length_and_their_check_digit() {
        for (digits, expected) in [
            ("6217000000000000004", true),
            ("6217000000000000005", false),
            ("4111111111111111", true),
            ("5555555555554444", true),
            ("3530111333300000", true),
            ("2221000000000009", true),
            // Right check digits behind wrong starts or of wrong lengths.
            ("1111111111111117", false),
            ("0000000000000000", false),
            ("55555555555544440", false),
            ("621700000000003", false),
        ] {
            assert_eq!(is_card(digits.as_bytes()), expected, "{digits}");
        }
    }

    #[test]
    fn mobile_numbers_are_eleven_digits() {
        for (digits, expected) in [
            ("13800138000", true),
            ("19900000000", true),
            ("12800138000", false),
            ("1380013800", false),
            ("23800138000", false),
        ] {
            assert_eq!(is_mobile(digits.as_bytes()), expected, "{digits}");
        }
    }
}
