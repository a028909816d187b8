//! When the recipients of the proof may be texted.

use heymarket_outbox::Window;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::Failed;

/// When the sandbox's clock starts.
const START: &str = "2026-07-01T12:00:00Z";

/// The zones of recipients, in turn: their midnights are one hour apart, and the
/// first is at the start.
const ZONES: [&str; 3] = ["Etc/GMT-12", "Etc/GMT-11", "Etc/GMT-10"];

/// The hours of the batch, and how the runs lie in them. The window of one zone opens in
/// a short run. In a run of an hour or more that of another one closes for 20 minutes and
/// opens again, early enough that the other zones have recipients meanwhile: a run that
/// waits for a window uses nothing of the limit.
pub(crate) struct Hours {
    pub(crate) start: Timestamp,
    pub(crate) text: &'static str,
}

impl Hours {
    /// The hours for a run of this many minutes at the limit.
    pub(crate) fn of(minutes: u64) -> Result<Self, Failed> {
        let start: Timestamp = START.parse()?;
        let ahead = match minutes {
            // One minute before the first zone opens.
            ..60 => 9,
            // Five minutes before the second one closes.
            60..90 => 45,
            // The first zone opens after ten minutes, and the others close for a while.
            _ => 0,
        };
        Ok(Self {
            start: start + SignedDuration::from_mins(ahead),
            text: "00:10-23:50",
        })
    }

    pub(crate) fn window(&self) -> Result<Window, Failed> {
        Ok(self.text.parse()?)
    }

    pub(crate) fn zone(index: usize) -> &'static str {
        ZONES[index % ZONES.len()]
    }

    /// Whether a message to a recipient arrived outside of its window, by the
    /// sandbox's clock and to the microsecond. This does not use the outbox's own
    /// reading of windows.
    pub(crate) fn is_outside(index: usize, arrived: Timestamp) -> bool {
        let zone = TimeZone::get(Self::zone(index)).expect("a zone");
        let local = zone.to_datetime(arrived);
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        !(10..23 * 60 + 50).contains(&minute)
    }
}
