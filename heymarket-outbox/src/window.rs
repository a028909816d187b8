//! When a recipient may be texted.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Sends stop this long before a window closes: an attempt may take as long to
/// arrive.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// How many days ahead an opening is looked for.
const HORIZON: i32 = 400;

const DAY_MINUTES: u16 = 24 * 60;

/// The hours of the day in which recipients may be texted, by each recipient's
/// own time zone.
///
/// Read from text such as `09:00-20:00`, it is every day of the week. Sends stop
/// 30 seconds before the end, so that a slow request arrives inside.
///
/// ```
/// use heymarket_outbox::Window;
/// use jiff::civil::{Weekday, date};
///
/// # fn run() -> Result<(), heymarket_outbox::Error> {
/// let window: Window = "09:00-20:00".parse()?;
/// let window = window
///     .weekdays([Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday])
///     .holiday(date(2026, 12, 25));
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Minutes from midnight.
    opens: u16,
    closes: u16,
    /// From Monday on.
    weekdays: [bool; 7],
    holidays: BTreeSet<Date>,
}

/// Whether a window is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It is.
    Open,
    /// It opens then.
    At(Timestamp),
    /// It does not open in the next 400 days.
    Never,
}

impl Window {
    /// Opens on these days of the week only.
    #[must_use]
    pub fn weekdays(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.weekdays = [false; 7];
        for day in days {
            self.weekdays[index(day)] = true;
        }
        self
    }

    /// Stays closed on a date.
    #[must_use]
    pub fn holiday(mut self, date: Date) -> Self {
        self.holidays.insert(date);
        self
    }

    /// Whether it is open in a zone at a time, or when it is next.
    pub(crate) fn opening(&self, now: Timestamp, zone: &TimeZone) -> Opening {
        let mut date = zone.to_datetime(now).date();
        for _ in 0..HORIZON {
            if self.includes(date)
                && let Some((opens, closes)) = self.on(date, zone)
            {
                let last = closes - MARGIN;
                if now < opens {
                    return Opening::At(opens);
                }
                if now < last {
                    return Opening::Open;
                }
            }
            match date.checked_add(1.day()) {
                Ok(next) => date = next,
                Err(_) => break,
            }
        }
        Opening::Never
    }

    fn includes(&self, date: Date) -> bool {
        self.weekdays[index(date.weekday())] && !self.holidays.contains(&date)
    }

    /// The hours of a date.
    fn on(&self, date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let at = |minutes: u16| {
            let date = if minutes >= DAY_MINUTES {
                date.checked_add(1.day()).ok()?
            } else {
                date
            };
            let minutes = minutes % DAY_MINUTES;
            let time = Time::new((minutes / 60) as i8, (minutes % 60) as i8, 0, 0).ok()?;
            zone.to_ambiguous_timestamp(date.to_datetime(time))
                .compatible()
                .ok()
        };
        Some((at(self.opens)?, at(self.closes)?))
    }
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}

impl FromStr for Window {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hours = text.split_once('-');
        let hours = hours.and_then(|(opens, closes)| Some((minutes(opens)?, minutes(closes)?)));
        match hours {
            Some((opens, closes)) if opens < closes => Ok(Self {
                opens,
                closes,
                weekdays: [true; 7],
                holidays: BTreeSet::new(),
            }),
            Some(_) => Err(Error::invalid(format!(
                "window: {text:?} ends before it begins; a window is within one day"
            ))),
            None => Err(Error::invalid(format!(
                "window: {text:?} is not a window; write it as 09:00-20:00"
            ))),
        }
    }
}

fn minutes(time: &str) -> Option<u16> {
    let (hour, minute) = time.trim().split_once(':')?;
    let is_two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !is_two_digits(hour) || !is_two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (opens, closes) = (self.opens, self.closes);
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            opens / 60,
            opens % 60,
            closes / 60,
            closes % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn opening(window: &Window, now: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).expect("a zone");
        match window.opening(now.parse().expect("a time"), &zone) {
            Opening::Open => "open".to_owned(),
            Opening::At(time) => time.to_string(),
            Opening::Never => "never".to_owned(),
        }
    }

    #[test]
    fn a_window_follows_the_recipients_zone() {
        let window: Window = "09:00-20:00".parse().expect("a window");
        let cases = [
            (
                "2026-07-01T12:59:59Z",
                "America/New_York",
                "2026-07-01T13:00:00Z",
            ),
            ("2026-07-01T13:00:00Z", "America/New_York", "open"),
            (
                "2026-07-01T13:00:00Z",
                "America/Los_Angeles",
                "2026-07-01T16:00:00Z",
            ),
            // Half a minute before the end, and at it.
            ("2026-07-01T23:59:29Z", "America/New_York", "open"),
            (
                "2026-07-01T23:59:30Z",
                "America/New_York",
                "2026-07-02T13:00:00Z",
            ),
            (
                "2026-07-02T00:00:00Z",
                "America/New_York",
                "2026-07-02T13:00:00Z",
            ),
        ];
        for (now, zone, expected) in cases {
            assert_eq!(opening(&window, now, zone), expected, "{now} {zone}");
        }
    }

    #[test]
    fn weekdays_and_holidays_are_those_of_the_zone() {
        let window: Window = "09:00-20:00".parse().expect("a window");
        let window = window
            .weekdays([Weekday::Monday, Weekday::Friday])
            .holiday(date(2026, 7, 3));
        // 2026-07-03 is a Friday.
        let cases = [
            ("2026-07-03T15:00:00Z", "2026-07-06T13:00:00Z"),
            ("2026-07-06T15:00:00Z", "open"),
            ("2026-07-07T15:00:00Z", "2026-07-10T13:00:00Z"),
        ];
        for (now, expected) in cases {
            assert_eq!(opening(&window, now, "America/New_York"), expected, "{now}");
        }
        let closed = window.weekdays([]);
        assert_eq!(opening(&closed, "2026-07-06T15:00:00Z", "UTC"), "never");
    }

    #[test]
    fn a_day_that_is_set_forward_still_opens() {
        // 02:00 to 03:00 does not exist in New York on this day.
        let window: Window = "02:30-20:00".parse().expect("a window");
        let now = "2026-03-08T05:00:00Z";
        assert_eq!(
            opening(&window, now, "America/New_York"),
            "2026-03-08T07:30:00Z"
        );
        let whole: Window = "00:00-24:00".parse().expect("a window");
        assert_eq!(opening(&whole, now, "America/New_York"), "open");
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in [
            "",
            "9-20",
            "09:00",
            "20:00-09:00",
            "09:00-24:01",
            "09:60-10:00",
            "9:00-20:00",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
        let window: Window = "09:00-20:30".parse().expect("a window");
        assert_eq!(window.to_string(), "09:00-20:30");
    }
}
