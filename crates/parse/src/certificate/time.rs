//! Times of X.509 as seconds since 1970, for every year that can be written.

use super::der::{self, Element};
use crate::reading::{Defect, DefectKind, Defects, Reader};

const DAY: i64 = 86_400;

/// The next element as a time. A time without seconds or with an offset, which RFC 5280 forbids, is a defect.
pub(super) fn read(reader: &mut Reader<'_>, defects: &mut Defects) -> Result<i64, Defect> {
    let element = Element::read(reader, defects)?;
    let not_time = Defect { at: element.at, what: DefectKind::NotTime };
    let text = element.bytes();
    let year_digits = match element.tag {
        der::UTC_TIME => 2,
        der::GENERALIZED_TIME => 4,
        found => return Err(Defect { at: element.at, what: DefectKind::Tag { wanted: der::UTC_TIME, found } }),
    };
    let (seconds, strict) = seconds(text, year_digits).ok_or_else(|| not_time.clone())?;
    if !strict {
        defects.push(not_time);
    }
    Ok(seconds)
}

/// Seconds since 1970, and whether the form is the one that RFC 5280 4.1.2.5 allows.
fn seconds(text: &[u8], year_digits: usize) -> Option<(i64, bool)> {
    let mut reader = Reader::new(text);
    let year = digits(&mut reader, year_digits)?;
    let year = match year_digits {
        2 if year < 50 => year + 2000,
        2 => year + 1900,
        _ => year,
    };
    let (month, day) = (digits(&mut reader, 2)?, digits(&mut reader, 2)?);
    let (hour, minute) = (digits(&mut reader, 2)?, digits(&mut reader, 2)?);
    let has_second = reader.peek().is_some_and(|byte| byte.is_ascii_digit());
    let second = if has_second { digits(&mut reader, 2)? } else { 0 };
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut has_fraction = false;
    if matches!(reader.peek(), Some(b'.' | b',')) {
        has_fraction = true;
        reader.u8().ok()?;
        while reader.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            reader.u8().ok()?;
        }
    }
    let offset = match reader.u8().ok() {
        Some(b'Z') => Some(0),
        Some(sign @ (b'+' | b'-')) => {
            let minutes = digits(&mut reader, 2)? * 60 + digits(&mut reader, 2)?;
            Some(if sign == b'+' { minutes } else { -minutes })
        }
        Some(_) => return None,
        None => None,
    };
    if !reader.is_empty() {
        return None;
    }
    let at = days_before(year, month, day) * DAY + (hour * 60 + minute - offset.unwrap_or(0)) * 60 + second;
    Some((at, has_second && !has_fraction && text.ends_with(b"Z")))
}

fn digits(reader: &mut Reader<'_>, count: usize) -> Option<i64> {
    let digits = reader.take(count).ok()?;
    digits.iter().try_fold(0, |number, digit| Some(number * 10 + i64::from(char::from(*digit).to_digit(10)?)))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1 January 1970 to this day of the Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let years = year * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let months: i64 = (1..month).map(|earlier| days_in(year, earlier)).sum();
    const START: i64 = 1970 * 365 + 1969 / 4 - 1969 / 100 + 1969 / 400;
    years + months + day - 1 - START
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_year_become_seconds() {
        for (text, year_digits, expected) in [
            ("700101000000Z", 2, Some((0, true))),
            ("491231235959Z", 2, Some((2_524_607_999, true))),
            ("500101000000Z", 2, Some((-631_152_000, true))),
            ("20000229120000Z", 4, Some((951_825_600, true))),
            ("99991231235959Z", 4, Some((253_402_300_799, true))),
            ("00000101000000Z", 4, Some((-62_167_219_200, true))),
            ("2611221848Z", 2, Some((1_795_373_280, false))),
            ("261122184800+0800", 2, Some((1_795_344_480, false))),
            ("20261122184800.5Z", 4, Some((1_795_373_280, false))),
            ("20261122184800", 4, Some((1_795_373_280, false))),
            ("20270229000000Z", 4, None),
            ("261322000000Z", 2, None),
            ("261122240000Z", 2, None),
            ("26112218480xZ", 2, None),
            ("261122184800ZZ", 2, None),
            ("", 2, None),
        ] {
            assert_eq!(seconds(text.as_bytes(), year_digits), expected, "{text}");
        }
    }
}
