//! Times as they are written on the command line, and the server's time.

use http::{HeaderMap, header};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{RoundMode, Span, Timestamp, TimestampRound, Unit, Zoned};

const FORMS: &str = "\
    a time is written as 2026-05-07T12:00:00Z, 2026-05-07 12:00, 2026-05-07, now, 2h ago or in 2h; \
    see `heymarket help times`";

/// The direction of a span without `ago` or `in`.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Past,
    Future,
}

/// Parses a time; `2h` is two hours ago.
pub(crate) fn past(text: &str) -> Result<Timestamp, String> {
    read(text, Direction::Past)
}

/// Parses the time of a schedule; `2h` is in two hours, rounded up to the next
/// quarter of an hour, since the API takes no other times.
pub(crate) fn future(text: &str) -> Result<Timestamp, String> {
    read(text, Direction::Future)
}

fn read(text: &str, direction: Direction) -> Result<Timestamp, String> {
    let now = Zoned::now();
    if let Some(time) = span_from(text, direction, &now) {
        return match direction {
            Direction::Past => Ok(time),
            Direction::Future => next_quarter(time),
        };
    }
    if text == "now" {
        return Ok(now.timestamp());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let local = text
        .parse::<DateTime>()
        .or_else(|_| text.parse::<Date>().map(DateTime::from));
    let time = local.and_then(|local| local.to_zoned(TimeZone::system()));
    let time = time.map_err(|_| FORMS.to_owned())?;
    Ok(time.timestamp())
}

/// Rounds up to a quarter of an hour.
fn next_quarter(time: Timestamp) -> Result<Timestamp, String> {
    let quarter = TimestampRound::new()
        .smallest(Unit::Minute)
        .increment(15)
        .mode(RoundMode::Ceil);
    time.round(quarter).map_err(|_| FORMS.to_owned())
}

/// Parses a span from a time: `2h ago`, `in 2h`, `-2h`, `+2h` or `2h`.
fn span_from(text: &str, direction: Direction, now: &Zoned) -> Option<Timestamp> {
    let (span, direction) = if let Some(span) = text.strip_suffix(" ago") {
        (span, Direction::Past)
    } else if let Some(span) = text.strip_prefix("in ") {
        (span, Direction::Future)
    } else if let Some(span) = text.strip_prefix('-') {
        (span, Direction::Past)
    } else if let Some(span) = text.strip_prefix('+') {
        (span, Direction::Future)
    } else {
        (text, direction)
    };
    let span: Span = span.trim().parse().ok()?;
    if span.is_negative() {
        return None;
    }
    let time = match direction {
        Direction::Past => now.checked_sub(span),
        Direction::Future => now.checked_add(span),
    };
    Some(time.ok()?.timestamp())
}

/// Returns the `Date` of an answer, in whole seconds.
pub(crate) fn of_server(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_several_ways() {
        let noon: Timestamp = "2026-05-07T12:00:00Z".parse().expect("a time");
        assert_eq!(past("2026-05-07T12:00:00Z"), Ok(noon));
        assert_eq!(past("2026-05-07T14:00:00+02:00"), Ok(noon));
        assert!(past("2026-05-07 12:00").is_ok());
        assert!(past("2026-05-07").is_ok());
        assert!(past("yesterday-ish").is_err());
    }

    #[test]
    fn a_word_says_where_a_span_leads_or_else_the_flag() {
        let now: Zoned = "2026-05-07T12:00:00[UTC]".parse().expect("a time");
        let hours = |text, direction| {
            let time = span_from(text, direction, &now)?;
            Some(time.duration_since(now.timestamp()).as_hours())
        };
        for direction in [Direction::Past, Direction::Future] {
            for text in ["2h ago", "2 hours ago", "-2h", "PT2H ago"] {
                assert_eq!(hours(text, direction), Some(-2), "{text}");
            }
            for text in ["in 2h", "+2h", "in 2 hours"] {
                assert_eq!(hours(text, direction), Some(2), "{text}");
            }
            for text in [
                "in 2h ago",
                "in -2h",
                "-2h ago",
                "--2h",
                "2h before",
                "",
                "ago",
            ] {
                assert_eq!(hours(text, direction), None, "{text}");
            }
        }
        assert_eq!(hours("2h", Direction::Past), Some(-2));
        assert_eq!(hours("2h", Direction::Future), Some(2));
        assert_eq!(hours("5000h", Direction::Past), Some(-5000));
        // What the help shows.
        for text in ["90s", "45m", "2h", "3d", "1w", "6mo", "1y", "1d 12h"] {
            assert!(hours(text, Direction::Past) <= Some(0), "{text}");
            assert!(hours(text, Direction::Past).is_some(), "{text}");
        }
    }

    #[test]
    fn a_span_to_a_schedule_ends_at_a_quarter_of_an_hour() {
        let quarter = |text: &str| {
            let time: Timestamp = text.parse().expect("a time");
            next_quarter(time).expect("a quarter").to_string()
        };
        assert_eq!(quarter("2026-05-07T12:00:00Z"), "2026-05-07T12:00:00Z");
        assert_eq!(quarter("2026-05-07T12:00:00.1Z"), "2026-05-07T12:15:00Z");
        assert_eq!(quarter("2026-05-07T23:46:00Z"), "2026-05-08T00:00:00Z");
        let exact = "2026-05-07T12:07:00Z";
        assert_eq!(
            future(exact).map(|time| time.to_string()),
            Ok(exact.to_owned())
        );
    }

    #[test]
    fn the_time_of_the_server_is_in_its_answer() {
        let mut headers = HeaderMap::new();
        assert_eq!(of_server(&headers), None);
        let value = http::HeaderValue::from_static("Thu, 07 May 2026 12:00:00 GMT");
        headers.insert(header::DATE, value);
        let noon = "2026-05-07T12:00:00Z".parse().ok();
        assert_eq!(of_server(&headers), noon);
    }
}
