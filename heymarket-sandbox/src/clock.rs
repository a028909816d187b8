//! The clock of the sandbox.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The clock of the sandbox: the time of the machine, or one that was set.
///
/// It dates records, sends scheduled messages and counts the minutes of the rate
/// limit. It may run faster than the machine's clock. Tokens are checked against
/// the time of the machine, since a client's clock cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clock {
    /// The offset from the machine's clock at `anchor`, in microseconds.
    ahead: i64,
    /// The time at which it is frozen.
    frozen_at: Option<Timestamp>,
    /// The machine's time when the clock was last set.
    #[serde(skip, default = "Timestamp::now")]
    anchor: Timestamp,
    /// How many times faster it runs than the machine's clock.
    #[serde(skip, default = "real_time")]
    scale: u32,
    /// The sum of all moves forward, for the rate limit.
    #[serde(skip)]
    moved: Duration,
}

fn real_time() -> u32 {
    1
}

impl Clock {
    /// Returns a clock that shows the time of the machine.
    pub(crate) fn system(scale: u32) -> Self {
        Self {
            ahead: 0,
            frozen_at: None,
            anchor: Timestamp::now(),
            scale: scale.max(1),
            moved: Duration::ZERO,
        }
    }

    /// Returns the clock at another speed.
    pub(crate) fn with_scale(mut self, scale: u32) -> Self {
        self.scale = scale.max(1);
        self
    }

    pub(crate) fn scale(&self) -> u32 {
        self.scale
    }

    /// Returns the time, truncated to microseconds like the API's.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.frozen_at.unwrap_or_else(|| {
            let passed = Timestamp::now().duration_since(self.anchor);
            let passed = passed.saturating_mul(i32::try_from(self.scale).unwrap_or(i32::MAX));
            let ahead = SignedDuration::from_micros(self.ahead);
            self.anchor
                .saturating_add(ahead.saturating_add(passed))
                .unwrap_or(Timestamp::MAX)
        });
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen_at.is_some()
    }

    /// Returns to the time of the machine.
    pub(crate) fn follow_system(&mut self) {
        *self = Self {
            moved: self.moved,
            ..Self::system(self.scale)
        };
    }

    /// Sets the time. A frozen clock stays there.
    pub(crate) fn set(&mut self, time: Timestamp, frozen: bool) {
        let onward = time.duration_since(self.now());
        self.moved += Duration::try_from(onward).unwrap_or_default();
        self.frozen_at = frozen.then_some(time);
        self.anchor = Timestamp::now();
        self.ahead = time.as_microsecond() - self.anchor.as_microsecond();
    }

    pub(crate) fn advance(&mut self, duration: Duration) {
        let onward = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let time = self.now().saturating_add(onward).unwrap_or(Timestamp::MAX);
        self.set(time, self.is_frozen());
    }

    /// Returns a time that never decreases, for the rate limit: the time of the
    /// machine at the speed of this clock, plus all moves forward.
    pub(crate) fn elapsed(&self, since: Instant) -> Duration {
        since.elapsed().saturating_mul(self.scale) + self.moved
    }

    /// Returns how long the machine takes until the clock shows a time.
    pub(crate) fn real_time_until(&self, time: Timestamp) -> Duration {
        let left = Duration::try_from(time.duration_since(self.now()));
        left.unwrap_or_default() / self.scale
    }

    /// Returns the clock as the state file keeps it: at the speed of the machine, an
    /// offset says it all.
    pub(crate) fn saved(&self) -> Self {
        let mut clock = *self;
        if self.scale > 1 && !self.is_frozen() {
            clock.set(self.now(), false);
            clock.moved = self.moved;
        }
        clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-05-07T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn a_set_clock_runs_and_a_frozen_clock_stands() {
        let mut clock = Clock::system(1);
        clock.set(noon(), false);
        let late = clock.now().duration_since(noon());
        assert!(late < SignedDuration::from_secs(60), "{late:?}");
        clock.set(noon(), true);
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now().to_string(), "2026-05-07T12:00:05Z");
        assert_eq!(clock.now(), clock.now());
        let start = Instant::now();
        assert!(clock.elapsed(start) >= Duration::from_secs(5));
    }

    #[test]
    fn a_scaled_clock_runs_as_many_times_as_fast() {
        let mut clock = Clock::system(1000);
        clock.set(noon(), false);
        let start = Instant::now();
        std::thread::sleep(Duration::from_millis(20));
        let passed = clock.now().duration_since(noon());
        assert!(passed >= SignedDuration::from_secs(20), "{passed:?}");
        assert!(clock.elapsed(start) >= Duration::from_secs(20));
        let hour = clock.now() + SignedDuration::from_hours(1);
        let wait = clock.real_time_until(hour);
        assert!(wait <= Duration::from_millis(3600), "{wait:?}");
        let saved = clock.saved().with_scale(1);
        let differs = saved.now().duration_since(clock.now()).abs();
        assert!(differs < SignedDuration::from_mins(10), "{differs:?}");
    }
}
