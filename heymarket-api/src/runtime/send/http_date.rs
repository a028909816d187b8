//! `Date`, and the forms in which HTTP writes dates.

use http::{HeaderMap, header};
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan as _};

/// Returns when the server sent a response, from its `Date`.
pub(super) fn server_time(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let value = headers.get(header::DATE)?.to_str().ok()?;
    http_date(value.trim(), now)
}

/// Parses a date in any form of RFC 9110, section 5.6.7. `now` determines the
/// century of a two-digit year. The day of the week is not checked.
pub(super) fn http_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    let time = imf_fixdate(text)
        .or_else(|| rfc_850(text, now))
        .or_else(|| asctime(text))?;
    Offset::UTC.to_timestamp(time).ok()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(text: &str) -> Option<DateTime> {
    const PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    let time = PARSER.parse_timestamp(text).ok()?;
    Some(Offset::UTC.to_datetime(time))
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc_850(text: &str, now: Timestamp) -> Option<DateTime> {
    let (day, rest) = text.split_once(", ")?;
    DAYS.contains(&day).then_some(())?;
    let parts = strtime::parse("%d-%b-%y %H:%M:%S GMT", rest).ok()?;
    let latest = Offset::UTC.to_datetime(now).saturating_add(50.years());
    let ahead = (latest.year() - parts.year()?).rem_euclid(100);
    // The same year of another century may have no 29th of February.
    let years = [0, 100, 200].map(|earlier| latest.year() - ahead - earlier);
    let in_year = |year| at(year, &parts).filter(|time| *time <= latest);
    years.into_iter().find_map(in_year)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(text: &str) -> Option<DateTime> {
    let (day, rest) = text.split_once(' ')?;
    DAYS.iter().any(|name| &name[..3] == day).then_some(())?;
    let parts = strtime::parse("%b %e %H:%M:%S %Y", rest).ok()?;
    at(parts.year()?, &parts)
}

/// Combines a year with the other parts.
fn at(year: i16, parts: &BrokenDownTime) -> Option<DateTime> {
    let date = Date::new(year, parts.month()?, parts.day()?).ok()?;
    let time = Time::new(parts.hour()?, parts.minute()?, parts.second()?, 0).ok()?;
    Some(date.to_datetime(time))
}

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;

    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];

    fn noon() -> Timestamp {
        "2026-05-07T12:00:00Z".parse().expect("a time")
    }

    /// A time in the three forms of RFC 9110, section 5.6.7: IMF-fixdate, RFC 850
    /// and asctime.
    fn written(time: DateTime) -> [String; 3] {
        let day = DAYS[usize::try_from(time.weekday().to_monday_zero_offset()).expect("a day")];
        let month = MONTHS[usize::try_from(time.month() - 1).expect("a month")];
        let (short, date, year) = (&day[..3], time.day(), time.year());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let clock = format!("{hour:02}:{minute:02}:{second:02}");
        [
            format!("{short}, {date:02} {month} {year:04} {clock} GMT"),
            format!("{day}, {date:02}-{month}-{:02} {clock} GMT", year % 100),
            format!("{short} {month} {date:2} {clock} {year:04}"),
        ]
    }

    fn timestamp(time: DateTime) -> Timestamp {
        let zoned = time.to_zoned(TimeZone::UTC).expect("a time");
        zoned.timestamp()
    }

    #[test]
    fn the_examples_of_rfc_9110_are_the_same_time() {
        let time = date(1994, 11, 6).at(8, 49, 37, 0);
        let examples = [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ];
        assert_eq!(written(time), examples);
        for text in examples {
            assert_eq!(http_date(text, noon()), Some(timestamp(time)), "{text}");
        }
    }

    #[test]
    fn dates_parse_back_in_every_form() {
        let seed = fastrand::u64(..);
        eprintln!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..20_000 {
            let now = random.i64(0..4_000_000_000);
            // Two digits tell the years of a century from each other.
            let near = now + random.i64(-1_560_000_000..1_560_000_000);
            let now = Timestamp::from_second(now).expect("a time");
            let near = Timestamp::from_second(near).expect("a time");
            let time = near.to_zoned(TimeZone::UTC).datetime();
            for text in written(time) {
                assert_eq!(http_date(&text, now), Some(near), "{text} at {now}");
            }
        }
    }

    #[test]
    fn two_digit_years_are_at_most_50_years_ahead() {
        for (text, year) in [
            ("Thursday, 07-May-76 12:00:00 GMT", 2076),
            ("Thursday, 07-May-76 12:00:01 GMT", 1976),
            ("Friday, 07-May-77 12:00:00 GMT", 1977),
            ("Thursday, 07-May-26 11:00:00 GMT", 2026),
            ("Tuesday, 29-Feb-00 12:00:00 GMT", 2000),
            ("Sunday, 31-Dec-99 23:59:59 GMT", 1999),
        ] {
            let read = http_date(text, noon()).expect("a date");
            assert_eq!(read.to_zoned(TimeZone::UTC).year(), year, "{text}");
        }
        // Neither 2200 nor 2100 has the day.
        let later = timestamp(date(2151, 1, 1).at(0, 0, 0, 0));
        let read = http_date("Tuesday, 29-Feb-00 12:00:00 GMT", later);
        assert_eq!(read, Some(timestamp(date(2000, 2, 29).at(12, 0, 0, 0))));
    }

    #[test]
    fn other_text_is_not_a_date() {
        for text in [
            "",
            "soon",
            "Sun, 31 Feb 2026 08:49:37 GMT",
            "Sunday, 31-Feb-26 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 PST",
            "Someday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov 31 08:49:37 1994",
            "Now Nov  6 08:49:37 1994",
            "Sun Nov  6 25:49:37 1994",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(http_date(text, noon()), None, "{text}");
        }
    }

    #[test]
    fn leap_seconds_parse_in_every_form() {
        let last = timestamp(date(2016, 12, 31).at(23, 59, 59, 0));
        for text in [
            "Sat, 31 Dec 2016 23:59:60 GMT",
            "Saturday, 31-Dec-16 23:59:60 GMT",
            "Sat Dec 31 23:59:60 2016",
        ] {
            assert_eq!(http_date(text, noon()), Some(last), "{text}");
        }
    }
}
