//! Timestamps of responses.

use std::borrow::Cow;

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan as _};

/// Parses an RFC 3339 time. A time outside the range of [`Timestamp`] is clamped.
/// Returns `None` for other text.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    utc(text)
        .or_else(|| text.parse().ok())
        .or_else(|| nearest(text))
}

/// Parses times that jiff rejects: the last hours of the year 9999, the end of a day
/// written as `24:00:00`, and fractions of more than nine digits.
#[cold]
fn nearest(text: &str) -> Option<Timestamp> {
    let text = without_picoseconds(text);
    let midnight = text.split_once("T24:00:00");
    let midnight = midnight.map(|(date, rest)| format!("{date}T00:00:00{rest}"));
    let pieces = Pieces::parse(midnight.as_ref().map_or(&*text, String::as_str)).ok()?;
    let mut time = pieces.date().to_datetime(pieces.time()?);
    if midnight.is_some() {
        (time.time() == Time::midnight()).then_some(())?;
        time = time.saturating_add(1.day());
    }
    let is_early = time.year() < 0;
    let end = if is_early {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    let offset = pieces.to_numeric_offset()?;
    Some(offset.to_timestamp(time).unwrap_or(end))
}

/// Truncates a fraction to nine digits.
fn without_picoseconds(text: &str) -> Cow<'_, str> {
    let Some((seconds, fraction)) = text.split_once('.') else {
        return text.into();
    };
    let end = fraction.find(|c: char| !c.is_ascii_digit());
    let (digits, offset) = fraction.split_at(end.unwrap_or(fraction.len()));
    match digits.get(..9) {
        Some(digits) => format!("{seconds}.{digits}{offset}").into(),
        None => text.into(),
    }
}

/// Parses the form that the API writes, `2026-05-07T12:00:00.021462Z`; `None` for any
/// other text. With the general parser alone, a page of short items takes a tenth
/// longer.
fn utc(text: &str) -> Option<Timestamp> {
    let (seconds, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let fraction = match rest.split_last()? {
        (b'Z', []) => 0,
        (b'Z', [b'.', digits @ ..]) => nanoseconds(digits)?,
        _ => return None,
    };
    let separators = [4, 7, 10, 13, 16].map(|at| seconds[at]);
    if separators != *b"--T::" {
        return None;
    }
    let two = |at: usize| number(&seconds[at..at + 2]).and_then(|n| i8::try_from(n).ok());
    let year = i16::try_from(number(&seconds[..4])?).ok()?;
    let time = DateTime::new(
        year,
        two(5)?,
        two(8)?,
        two(11)?,
        two(14)?,
        two(17)?,
        fraction,
    );
    Offset::UTC.to_timestamp(time.ok()?).ok()
}

fn nanoseconds(digits: &[u8]) -> Option<i32> {
    let unit = 9_u32.checked_sub(u32::try_from(digits.len()).ok()?)?;
    (!digits.is_empty()).then_some(number(digits)? * 10_i32.pow(unit))
}

/// Parses at most nine digits.
fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATES: [&str; 14] = [
        "2026-05-07",
        "2024-02-29",
        "2023-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-04-31",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "1969-12-31",
        "-026-05-07",
        "2026/05/07",
        "2o26-05-07",
        "２026-05-07",
    ];

    const TIMES: [&str; 11] = [
        "T12:00:00",
        "T23:59:59",
        "T23:59:60",
        "T24:00:00",
        "T12:60:00",
        "t12:00:00",
        " 12:00:00",
        "T12-00-00",
        "T1:00:00",
        "T12:00",
        "T+1:00:00",
    ];

    const ENDS: [&str; 17] = [
        "Z",
        "z",
        "",
        ".Z",
        ".5Z",
        ".21Z",
        ".946Z",
        ".021462Z",
        ".123456789Z",
        ".1234567891Z",
        ",5Z",
        "+00:00",
        "-07:00",
        ".5",
        "Z[UTC]",
        ".-5Z",
        "ZZ",
    ];

    #[test]
    fn the_fast_parser_agrees_with_the_general_one() {
        let mut read = 0;
        for date in DATES {
            for time in TIMES {
                for end in ENDS {
                    let text = format!("{date}{time}{end}");
                    if let Some(time) = utc(&text) {
                        assert_eq!(text.parse().ok(), Some(time), "{text}");
                        read += 1;
                    }
                }
            }
        }
        // Five of the dates are dates that a time can have, two of the times are
        // times, and six of the ends are in the API's form.
        assert_eq!(read, 5 * 2 * 6);
        for text in ["", "Z", "2026-05-07T12:00:00", "今日"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }
}
