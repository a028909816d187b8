//! The values of flags.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use serde_json::Value;

/// A phone number, as the API takes it: digits alone. What people put between
/// them is taken out.
pub(super) fn phone(text: &str) -> Result<String, String> {
    let number: String = text
        .strip_prefix('+')
        .unwrap_or(text)
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.'))
        .collect();
    if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) {
        Ok(number)
    } else {
        Err("a phone number is its digits with the country code, as in 15550100101".to_owned())
    }
}

/// A time: RFC 3339, a local date with or without a time, `now`, or a span from
/// now.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    if text == "now" {
        return Ok(Timestamp::now());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let local = text
        .parse::<DateTime>()
        .or_else(|_| text.parse::<Date>().map(DateTime::from));
    if let Ok(local) = local {
        let time = local.to_zoned(TimeZone::system());
        return time
            .map(|time| time.timestamp())
            .map_err(|error| error.to_string());
    }
    let span = text.parse::<Span>().ok();
    let time = span.and_then(|span| Zoned::now().checked_add(span).ok());
    time.map(|time| time.timestamp()).ok_or_else(|| {
        "a time is written as 2026-05-07T12:00:00Z, 2026-05-07 12:00 or 2026-05-07 in the local \
         time zone, now, or 2h ago"
            .to_owned()
    })
}

/// JSON, or else a string.
pub(super) fn json(text: &str) -> Result<Value, String> {
    if text.starts_with(['{', '[', '"']) {
        return serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"));
    }
    Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

#[cfg(test)]
mod tests {
    use super::{json, phone, time};
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_phone_number_is_read_however_it_is_written() {
        for text in [
            "15550100101",
            "+15550100101",
            "+1 (555) 010-0101",
            "1.555.010.0101",
        ] {
            assert_eq!(phone(text).as_deref(), Ok("15550100101"), "{text}");
        }
        for text in ["", "+", "555-CALL", "1555010010x"] {
            assert!(phone(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_is_read_in_several_ways() {
        let noon: Timestamp = "2026-05-07T12:00:00Z".parse().expect("a time");
        assert_eq!(time("2026-05-07T12:00:00Z"), Ok(noon));
        assert_eq!(time("2026-05-07T14:00:00+02:00"), Ok(noon));
        assert!(time("2026-05-07 12:00").is_ok());
        assert!(time("2026-05-07").is_ok());
        let ago = time("2h ago")
            .expect("a span")
            .duration_until(Timestamp::now());
        assert!((ago - SignedDuration::from_hours(2)).abs() < SignedDuration::from_mins(1));
        assert!(time("yesterday-ish").is_err());
    }

    #[test]
    fn what_looks_like_json_must_be_json() {
        assert_eq!(json("7"), Ok(7.into()));
        assert_eq!(json("a word"), Ok("a word".into()));
        assert!(json("{\"a\":").is_err());
    }
}
