//! Parses times as people write them, and the server's clock.

use http::{HeaderMap, header};
use jiff::civil::{self, Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{RoundMode, Span, Timestamp, TimestampRound, ToSpan as _, Unit, Zoned};

/// Describes the forms of a time.
const FORMS: &str = "\
    write a time as 2026-05-07T12:00:00Z, 2026-05-07 12:00, 2026-05-07, tomorrow 9am, now, 2h ago \
    or in 2h; see 'heymarket help times'";

/// The direction of a span without `ago` or `in`.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Past,
    Future,
}

/// The time of a scheduled message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheduled {
    pub(crate) time: Timestamp,
    is_rounded: bool,
}

impl Scheduled {
    /// Returns a notice, if the time was rounded up.
    pub(crate) fn notice(self) -> Option<String> {
        self.is_rounded.then(|| {
            let local = self.time.to_zoned(TimeZone::system());
            format!(
                "scheduled for {}: messages are sent on the quarter hour",
                local.strftime("%a %Y-%m-%d %H:%M")
            )
        })
    }
}

/// Parses a time. A bare span such as `2h` is in the past.
pub(crate) fn past(text: &str) -> Result<Timestamp, String> {
    read(text, Direction::Past, &Zoned::now())
}

/// Parses a time. A bare span such as `2h` is in the future.
pub(crate) fn future(text: &str) -> Result<Timestamp, String> {
    read(text, Direction::Future, &Zoned::now())
}

/// Parses the time of a scheduled message. A bare span such as `2h` is in the future.
///
/// Every form but RFC 3339 is rounded up to the next quarter of an hour, since the
/// API accepts no other times.
pub(crate) fn scheduled(text: &str) -> Result<Scheduled, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(Scheduled {
            time,
            is_rounded: false,
        });
    }
    let given = read(text, Direction::Future, &Zoned::now())?;
    let time = next_quarter(given)?;
    Ok(Scheduled {
        time,
        is_rounded: time != given,
    })
}

fn read(text: &str, direction: Direction, now: &Zoned) -> Result<Timestamp, String> {
    if let Some(time) = of_span(text, direction, now) {
        return Ok(time);
    }
    if text == "now" {
        return Ok(now.timestamp());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let local = text
        .parse::<DateTime>()
        .or_else(|_| text.parse::<Date>().map(DateTime::from))
        .ok()
        .or_else(|| of_words(text, direction, now));
    let time = local.and_then(|local| local.to_zoned(now.time_zone().clone()).ok());
    let time = time.ok_or_else(|| format!("{text:?} is not a time; {FORMS}"))?;
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

/// Parses a span from now: `2h ago`, `in 2h`, `-2h`, `+2h` or `2h`.
fn of_span(text: &str, direction: Direction, now: &Zoned) -> Option<Timestamp> {
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

/// Parses a day, a time of day, or both: `tomorrow 9am`, `monday`, `14:30`.
///
/// A day alone is its beginning. A weekday, and a time of day alone, is the nearest
/// one in the direction.
fn of_words(text: &str, direction: Direction, now: &Zoned) -> Option<DateTime> {
    let text = text.trim().to_ascii_lowercase();
    let (first, rest) = text.split_once(' ').unwrap_or((&text, ""));
    let rest = rest.trim();
    let rest = rest.strip_prefix("at ").unwrap_or(rest);
    let Some(date) = day(first, direction, now.date()) else {
        let time = time_of_day(&text)?;
        let today = now.date().to_datetime(time);
        let is_behind = today <= now.datetime();
        return match direction {
            Direction::Future if is_behind => today.checked_add(1.day()).ok(),
            Direction::Past if !is_behind => today.checked_sub(1.day()).ok(),
            _ => Some(today),
        };
    };
    if rest.is_empty() {
        return Some(date.to_datetime(civil::Time::midnight()));
    }
    Some(date.to_datetime(time_of_day(rest)?))
}

/// Returns the date of `today`, `tomorrow`, `yesterday` or a weekday.
fn day(word: &str, direction: Direction, today: Date) -> Option<Date> {
    let weekday = match word {
        "today" => return Some(today),
        "tomorrow" => return today.tomorrow().ok(),
        "yesterday" => return today.yesterday().ok(),
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => return None,
    };
    let nth = match direction {
        Direction::Past => -1,
        Direction::Future => 1,
    };
    today.nth_weekday(nth, weekday).ok()
}

/// Parses a time of day: `9am`, `9:30 pm`, `14:30`, `noon`, `midnight`.
fn time_of_day(text: &str) -> Option<civil::Time> {
    match text {
        "noon" => return Some(civil::time(12, 0, 0, 0)),
        "midnight" => return Some(civil::Time::midnight()),
        _ => {}
    }
    let half = ["am", "pm"].into_iter().find(|half| text.ends_with(half));
    let digits = half.map_or(text, |half| text.trim_end_matches(half)).trim();
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute),
        Some(_) => return None,
        // A number alone could be anything.
        None if half.is_none() => return None,
        None => (digits, "0"),
    };
    let hour: i8 = hour.parse().ok()?;
    let minute: i8 = minute.parse().ok()?;
    let hour = match (half, hour) {
        (None, hour) => hour,
        (Some("am"), 12) => 0,
        (Some("am"), 1..=11) => hour,
        (Some(_), 12) => 12,
        (Some(_), 1..=11) => hour + 12,
        (Some(_), _) => return None,
    };
    civil::Time::new(hour, minute, 0, 0).ok()
}

/// Returns the `Date` of a response, in whole seconds.
pub(crate) fn of_response(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_several_forms() {
        let noon: Timestamp = "2026-05-07T12:00:00Z".parse().expect("a time");
        assert_eq!(past("2026-05-07T12:00:00Z"), Ok(noon));
        assert_eq!(past("2026-05-07T14:00:00+02:00"), Ok(noon));
        assert!(past("2026-05-07 12:00").is_ok());
        assert!(past("2026-05-07").is_ok());
        assert!(past("yesterday-ish").is_err());
    }

    #[test]
    fn a_word_or_else_the_flag_gives_the_direction() {
        let now: Zoned = "2026-05-07T12:00:00[UTC]".parse().expect("a time");
        let hours = |text, direction| {
            let time = of_span(text, direction, &now)?;
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
    fn a_scheduled_time_is_rounded_up_to_a_quarter_hour() {
        let quarter = |text: &str| {
            let time: Timestamp = text.parse().expect("a time");
            next_quarter(time).expect("a quarter").to_string()
        };
        assert_eq!(quarter("2026-05-07T12:00:00Z"), "2026-05-07T12:00:00Z");
        assert_eq!(quarter("2026-05-07T12:00:00.1Z"), "2026-05-07T12:15:00Z");
        assert_eq!(quarter("2026-05-07T23:46:00Z"), "2026-05-08T00:00:00Z");
        let exact = "2026-05-07T12:07:00Z";
        let scheduled = scheduled(exact).expect("a time");
        assert_eq!(scheduled.time.to_string(), exact);
        assert_eq!(scheduled.notice(), None);
    }

    #[test]
    fn a_rounded_time_has_a_notice() {
        let given = scheduled("2999-05-07 12:07").expect("a time");
        assert!(
            given
                .notice()
                .is_some_and(|notice| notice.contains("12:15"))
        );
        let exact = scheduled("2999-05-07 12:15").expect("a time");
        assert_eq!(exact.notice(), None);
    }

    #[test]
    fn a_day_and_a_time_of_day_are_words() {
        // A Thursday.
        let now: Zoned = "2026-05-07T12:00:00[UTC]".parse().expect("a time");
        for (text, direction, expected) in [
            ("tomorrow 9am", Direction::Future, "2026-05-08T09:00:00Z"),
            ("tomorrow", Direction::Future, "2026-05-08T00:00:00Z"),
            (
                "Tomorrow at 9:30 PM",
                Direction::Future,
                "2026-05-08T21:30:00Z",
            ),
            ("yesterday noon", Direction::Past, "2026-05-06T12:00:00Z"),
            ("today 14:30", Direction::Future, "2026-05-07T14:30:00Z"),
            ("9am", Direction::Future, "2026-05-08T09:00:00Z"),
            ("9am", Direction::Past, "2026-05-07T09:00:00Z"),
            ("12am", Direction::Future, "2026-05-08T00:00:00Z"),
            ("monday 8:00", Direction::Future, "2026-05-11T08:00:00Z"),
            ("mon", Direction::Past, "2026-05-04T00:00:00Z"),
        ] {
            let time = read(text, direction, &now).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "someday",
            "tomorrow 25:00",
            "13pm",
            "9",
            "tomorrow 9",
            "0am",
            "9:5am",
        ] {
            assert!(read(text, Direction::Future, &now).is_err(), "{text}");
        }
    }

    #[test]
    fn the_date_of_a_response_is_the_servers_time() {
        let mut headers = HeaderMap::new();
        assert_eq!(of_response(&headers), None);
        let value = http::HeaderValue::from_static("Thu, 07 May 2026 12:00:00 GMT");
        headers.insert(header::DATE, value);
        let noon = "2026-05-07T12:00:00Z".parse().ok();
        assert_eq!(of_response(&headers), noon);
    }
}
