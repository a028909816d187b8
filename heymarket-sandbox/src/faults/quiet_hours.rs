//! Quiet hours: a part of each day, in UTC.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A part of each day in UTC. It may cross midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuietHours {
    pub(crate) start: Time,
    pub(crate) end: Time,
}

impl QuietHours {
    /// Returns the end of the quiet hours that a time is in, or `None` outside of
    /// them.
    pub(crate) fn end_after(&self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned(TimeZone::UTC);
        let time = today.time();
        let is_quiet = if self.start <= self.end {
            (self.start..self.end).contains(&time)
        } else {
            time >= self.start || time < self.end
        };
        if !is_quiet {
            return None;
        }
        let left = self.end.duration_since(time);
        let day = SignedDuration::from_hours(24);
        let left = if left.is_positive() { left } else { left + day };
        now.checked_add(left).ok()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn quiet_hours_cross_midnight_and_exclude_their_end() {
        let night = QuietHours {
            start: time(21, 0, 0, 0),
            end: time(8, 30, 0, 0),
        };
        let end = |text: &str| {
            let end = night.end_after(text.parse().expect("a time"));
            end.map(|end| end.to_string())
        };
        assert_eq!(end("2026-05-07T20:59:59Z"), None);
        let next_day = Some("2026-05-08T08:30:00Z".to_owned());
        assert_eq!(end("2026-05-07T21:00:00Z"), next_day);
        assert_eq!(end("2026-05-08T08:29:59.5Z"), next_day);
        assert_eq!(end("2026-05-08T08:30:00Z"), None);
        let noon = QuietHours {
            start: time(12, 0, 0, 0),
            end: time(13, 0, 0, 0),
        };
        let now = "2026-05-07T12:15:00Z".parse().expect("a time");
        let end = noon.end_after(now).expect("quiet").to_string();
        assert_eq!(end, "2026-05-07T13:00:00Z");
    }
}
