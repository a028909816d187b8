use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// For this long after a closure, requests start apart. A client that is one of
/// several then learns soon enough that the limit is still used up.
const RESTART: Duration = Duration::from_secs(10);

/// How far apart they start.
pub(super) const SPACING: Duration = Duration::from_millis(20);

/// The pause after a 429, in which no request leaves, and the restart after it.
///
/// Times are nanoseconds of the client's monotonic clock; 0 stands for never.
#[derive(Default)]
pub(super) struct Closure {
    closed_until: AtomicU64,
    next_start: AtomicU64,
}

impl Closure {
    /// Lets nothing through until `until`, unless it is closed for longer.
    pub(super) fn close(&self, until: Duration) {
        self.closed_until.fetch_max(nanos(until), Ordering::Relaxed);
    }

    /// Whether there was never a closure. It takes no look at the clock.
    pub(super) fn is_untouched(&self) -> bool {
        self.closed_until.load(Ordering::Relaxed) == 0
    }

    /// How long nothing may start.
    pub(super) fn closed_for(&self, now: Duration) -> Duration {
        self.closed_until().saturating_sub(now)
    }

    /// How long the next request in line must wait: for the end of the closure,
    /// or for its start after it.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let next_start = Duration::from_nanos(self.next_start.load(Ordering::Relaxed));
        self.closed_until().max(next_start).saturating_sub(now)
    }

    /// Whether a closure is on, or was on so recently that requests start apart.
    pub(super) fn is_restarting(&self, now: Duration) -> bool {
        !self.is_untouched() && now < self.closed_until().saturating_add(RESTART)
    }

    /// Notes that a request starts.
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
