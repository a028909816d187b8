//! A time in which the store fails.

use std::time::Duration;

use tokio::time::Instant;

/// The pauses after failures of the store.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Outage {
    pub(super) since: Instant,
    pause: Duration,
    /// When the store is asked again.
    pub(super) retry_at: Instant,
}

impl Outage {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            pause: FIRST_PAUSE,
            retry_at: now,
        }
    }

    /// Waits for longer with each failure. Many processes do not come back at the same
    /// moment.
    pub(super) fn postpone(&mut self, now: Instant) {
        self.retry_at = now + self.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}
