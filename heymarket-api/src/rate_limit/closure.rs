//! The closure after a 429.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long after a closure requests start apart. If other clients use up the same
/// limit, another 429 then arrives before many requests were sent.
const RESTART: Duration = Duration::from_secs(10);

/// The time between two starts.
pub(super) const SPACING: Duration = Duration::from_millis(20);

/// The closure after a 429, in which no request is sent, and the restart after it.
///
/// Times are nanoseconds of the client's monotonic clock; 0 means never.
#[derive(Default)]
pub(super) struct Closure {
    closed_until: AtomicU64,
    next_start: AtomicU64,
}

impl Closure {
    /// Closes until `until`, unless it is closed for longer.
    pub(super) fn close(&self, until: Duration) {
        self.closed_until.fetch_max(nanos(until), Ordering::Relaxed);
    }

    /// Returns whether there never was a closure. This does not read the clock.
    pub(super) fn is_untouched(&self) -> bool {
        self.closed_until.load(Ordering::Relaxed) == 0
    }

    /// Returns how long no request may start.
    pub(super) fn closed_for(&self, now: Duration) -> Duration {
        self.closed_until().saturating_sub(now)
    }

    /// Returns how long the next request in the queue must wait: until the end of the
    /// closure, or until its start after it.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let next_start = Duration::from_nanos(self.next_start.load(Ordering::Relaxed));
        self.closed_until().max(next_start).saturating_sub(now)
    }

    /// Returns whether there is a closure, or one ended so recently that requests start
    /// apart.
    pub(super) fn is_restarting(&self, now: Duration) -> bool {
        !self.is_untouched() && now < self.closed_until().saturating_add(RESTART)
    }

    /// Returns how long a request may wait until its start after a closure.
    pub(super) fn longest_queue(&self, now: Duration) -> Duration {
        if self.is_restarting(now) {
            RESTART
        } else {
            Duration::ZERO
        }
    }

    /// Records the start of a request.
    pub(super) fn start(&self, now: Duration) {
        if self.is_restarting(now) {
            let next = nanos(now.saturating_add(SPACING));
            self.next_start.fetch_max(next, Ordering::Relaxed);
        }
    }

    fn closed_until(&self) -> Duration {
        Duration::from_nanos(self.closed_until.load(Ordering::Relaxed))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
