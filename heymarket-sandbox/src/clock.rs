//! The clock of the sandbox.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The clock of the sandbox: the time of the machine, or one that was set.
///
/// It dates records and sends scheduled messages. Tokens are checked against
/// the time of the machine, since a client's clock cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clock {
    /// The offset from the machine's clock, in microseconds.
    ahead: i64,
    /// The time at which it is frozen.
    frozen_at: Option<Timestamp>,
    /// The sum of all moves forward, for the rate limit.
    #[serde(skip)]
    moved: Duration,
}

impl Clock {
    pub(crate) const SYSTEM: Self = Self {
        ahead: 0,
        frozen_at: None,
        moved: Duration::ZERO,
    };

    /// Returns the time, truncated to microseconds like the API's.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.frozen_at.unwrap_or_else(|| {
            let ahead = SignedDuration::from_micros(self.ahead);
            Timestamp::now()
                .saturating_add(ahead)
                .unwrap_or(Timestamp::MAX)
        });
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Returns to the time of the machine.
    pub(crate) fn follow_system(&mut self) {
        *self = Self::SYSTEM;
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen_at.is_some()
    }

    /// Sets the time. A frozen clock stays there.
    pub(crate) fn set(&mut self, time: Timestamp, frozen: bool) {
        let onward = time.duration_since(self.now());
        self.moved += Duration::try_from(onward).unwrap_or_default();
        self.frozen_at = frozen.then_some(time);
        self.ahead = time.as_microsecond() - Timestamp::now().as_microsecond();
    }

    pub(crate) fn advance(&mut self, duration: Duration) {
        let onward = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let time = self.now().saturating_add(onward).unwrap_or(Timestamp::MAX);
        self.set(time, self.is_frozen());
    }

    /// Returns a time that never decreases, for the rate limit: the time of the
    /// machine plus all moves forward.
    pub(crate) fn elapsed(&self, since: Instant) -> Duration {
        since.elapsed() + self.moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_runs_and_a_frozen_clock_stands() {
        let noon: Timestamp = "2026-05-07T12:00:00Z".parse().expect("a time");
        let mut clock = Clock::SYSTEM;
        clock.set(noon, false);
        let late = clock.now().duration_since(noon);
        assert!(late < SignedDuration::from_secs(60), "{late:?}");
        clock.set(noon, true);
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now().to_string(), "2026-05-07T12:00:05Z");
        assert_eq!(clock.now(), clock.now());
        let start = Instant::now();
        assert!(clock.elapsed(start) >= Duration::from_secs(5));
    }
}
