use std::time::{Duration, Instant};

use heymarket_api::{Clock, Sleep};
use jiff::{SignedDuration, Timestamp};

/// The time of a sandbox that was started at a moment of the machine's time.
#[derive(Clone, Copy)]
pub(crate) struct FastClock {
    anchor: Timestamp,
    scale: u32,
    begun: Instant,
}

impl FastClock {
    pub(crate) fn new(anchor: Timestamp, scale: u32) -> Self {
        Self {
            anchor,
            scale: scale.max(1),
            begun: Instant::now(),
        }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let passed = Timestamp::now().duration_since(self.anchor);
        let scale = i32::try_from(self.scale).unwrap_or(i32::MAX);
        let passed: SignedDuration = passed.saturating_mul(scale);
        self.anchor.saturating_add(passed).unwrap_or(self.anchor)
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed() * self.scale
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration / self.scale))
    }
}
