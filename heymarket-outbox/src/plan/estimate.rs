//! How long a plan takes.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::settings::Settings;
use crate::window::Opening;

/// The API's limit.
const PER_MINUTE: u64 = 500;

/// Estimates end here: a batch of ten million takes two weeks.
const MOST_STEPS: usize = 100_000;

/// When a batch begins and ends, if it is alone and nothing goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Estimate {
    pub(crate) begins: Timestamp,
    /// `None` if it does not end, since no window opens any more.
    pub(crate) ends: Option<Timestamp>,
    /// How many requests do not fit before `not_after`.
    pub(crate) late: u64,
}

/// Goes through the minutes of the batch; `left` is how many requests each zone
/// needs.
pub(crate) fn estimate(
    settings: &Settings,
    mut left: Vec<(TimeZone, u64)>,
    now: Timestamp,
) -> Estimate {
    let start = settings.not_before.map_or(now, |time| time.max(now));
    let (mut time, mut begins) = (start, None);
    for _ in 0..MOST_STEPS {
        left.retain(|(_, count)| *count > 0);
        if left.is_empty() {
            return Estimate {
                begins: begins.unwrap_or(start),
                ends: Some(time),
                late: 0,
            };
        }
        if settings.not_after.is_some_and(|end| time >= end) {
            break;
        }
        let mut next: Option<Timestamp> = None;
        let mut capacity = PER_MINUTE;
        for (zone, count) in &mut left {
            let opening = match &settings.window {
                None => Opening::Open,
                Some(window) => window.opening(time, zone),
            };
            match opening {
                Opening::Open => {
                    let sent = capacity.min(*count);
                    *count -= sent;
                    capacity -= sent;
                }
                Opening::At(opens) => next = Some(next.map_or(opens, |next| next.min(opens))),
                Opening::Never => {}
            }
        }
        if capacity < PER_MINUTE {
            begins.get_or_insert(time);
            // The requests of a minute are spread over it.
            let share = (PER_MINUTE - capacity) * 60_000 / PER_MINUTE;
            let share = SignedDuration::from_millis(i64::try_from(share).unwrap_or(60_000));
            time = time.saturating_add(share).unwrap_or(time);
        } else if let Some(next) = next {
            time = next;
        } else {
            break;
        }
    }
    let late = left.iter().map(|(_, count)| count).sum();
    Estimate {
        begins: begins.unwrap_or(start),
        ends: settings.not_after,
        late,
    }
}

#[cfg(test)]
mod tests {
    use heymarket_api::types::{InboxId, MemberId};

    use super::*;
    use crate::batch::Batch;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    #[test]
    fn a_batch_takes_a_minute_for_each_500() {
        let batch = Batch::new("a", InboxId(1), MemberId(2));
        let now = time("2026-07-01T12:00:00Z");
        let estimate = estimate(&batch.settings, vec![(TimeZone::UTC, 66_000)], now);
        assert_eq!(estimate.begins, now);
        assert_eq!(estimate.ends, Some(time("2026-07-01T14:12:00Z")));
        assert_eq!(estimate.late, 0);
    }

    #[test]
    fn a_window_that_closes_moves_the_rest_to_the_next_day() {
        let window = "09:00-10:00".parse().expect("a window");
        let batch = Batch::new("a", InboxId(1), MemberId(2)).window(window);
        let now = time("2026-07-01T00:00:00Z");
        let left = vec![(TimeZone::UTC, 45_000), (zone("America/New_York"), 500)];
        let estimate = estimate(&batch.settings, left, now);
        assert_eq!(estimate.begins, time("2026-07-01T09:00:00Z"));
        // 30,000 fit into an hour, and the rest takes half of the next.
        let ends = estimate.ends.expect("an end");
        let expected = time("2026-07-02T09:30:00Z");
        let off = ends.duration_since(expected).abs();
        assert!(off < SignedDuration::from_mins(2), "{ends}");
    }

    #[test]
    fn what_does_not_fit_is_late() {
        let batch =
            Batch::new("a", InboxId(1), MemberId(2)).not_after(time("2026-07-01T12:10:00Z"));
        let now = time("2026-07-01T12:00:00Z");
        let estimate = estimate(&batch.settings, vec![(TimeZone::UTC, 6_000)], now);
        assert_eq!(estimate.late, 1_000);
        assert_eq!(estimate.ends, batch.settings.not_after);
    }
}
