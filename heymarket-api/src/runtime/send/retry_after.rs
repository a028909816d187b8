//! `Retry-After`.

use std::time::Duration;

use http::{HeaderMap, header};
use jiff::Timestamp;

use super::http_date::{http_date, server_time};

/// Returns how long the server asks to wait. A date is relative to the server's
/// clock if the response has a `Date`. A date in the past is no wait.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Some(seconds) = seconds(value) {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(value, now)?;
    let now = server_time(headers, now).unwrap_or(now);
    let wait = until.duration_since(now).try_into();
    Some(wait.unwrap_or(Duration::ZERO))
}

/// Parses digits. A number that is too large becomes the largest.
fn seconds(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-05-07T12:00:00Z".parse().expect("a time")
    }

    fn wait(value: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().expect("a header"));
        if let Some(date) = date {
            headers.insert(header::DATE, date.parse().expect("a header"));
        }
        retry_after(&headers, noon())
    }

    #[test]
    fn retry_after_is_digits_or_a_date() {
        for (value, expected) in [
            ("7", Some(7)),
            ("  120\t", Some(120)),
            ("0", Some(0)),
            ("007", Some(7)),
            ("00000000000000000000000000000000000007", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", Some(u64::MAX)),
            ("99999999999999999999", Some(u64::MAX)),
            ("Thu, 07 May 2026 12:00:30 GMT", Some(30)),
            ("Thursday, 07-May-26 12:00:30 GMT", Some(30)),
            (" Thu May  7 12:00:30 2026 ", Some(30)),
            ("Thu, 07 May 2026 11:00:00 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-7", None),
            ("+7", None),
            ("1.5", None),
            ("1e3", None),
            ("7 s", None),
            ("7, 8", None),
        ] {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(wait(value, None), expected, "{value:?}");
        }
    }

    #[test]
    fn a_date_is_relative_to_the_servers_clock() {
        for date in [
            "Thu, 07 May 2026 13:00:00 GMT",
            "Thursday, 07-May-26 13:00:00 GMT",
            "Thu May  7 13:00:00 2026",
        ] {
            let until = "Thu, 07 May 2026 13:00:30 GMT";
            assert_eq!(wait(until, Some(date)), Some(Duration::from_secs(30)));
        }
        let behind = Some("Thu, 07 May 2026 11:00:00 GMT");
        let until = "Thu, 07 May 2026 11:00:30 GMT";
        assert_eq!(wait(until, behind), Some(Duration::from_secs(30)));
        let until = "Thu, 07 May 2026 12:00:30 GMT";
        let without = wait(until, Some("today"));
        assert_eq!(without, Some(Duration::from_secs(30)));
    }
}
