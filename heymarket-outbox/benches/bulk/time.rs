//! The time of a sandbox that was set and goes many times as fast.

use std::time::{Duration, Instant};

use heymarket_api::{Clock, Sleep};
use heymarket_sandbox::Sandbox;
use jiff::{SignedDuration, Timestamp};

/// How often both clocks are read to find out when the sandbox's was set. The
/// closest readings are a microsecond apart, and the others do not count.
const READINGS: usize = 1_000;

/// The time of a sandbox: what it was set to, and when by the machine's clock.
///
/// The sandbox computes its time from the machine's clock in the same way, so the
/// two never drift apart, not even if that clock is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FastClock {
    pub(crate) start: Timestamp,
    pub(crate) anchor: Timestamp,
    pub(crate) scale: u32,
    begun: Instant,
}

impl FastClock {
    pub(crate) fn new(start: Timestamp, anchor: Timestamp, scale: u32) -> Self {
        Self {
            start,
            anchor,
            scale: scale.max(1),
            begun: Instant::now(),
        }
    }

    /// Sets the time of a sandbox, and returns its clock.
    pub(crate) fn of(sandbox: &Sandbox, start: Timestamp, scale: u32) -> Self {
        sandbox.set_time(start);
        let readings = (0..READINGS).map(|_| {
            let (before, shown, after) = (Timestamp::now(), sandbox.now(), Timestamp::now());
            (after.duration_since(before), before, shown)
        });
        let (apart, before, shown) = readings
            .min_by_key(|(apart, ..)| *apart)
            .expect("a reading");
        let passed = shown.duration_since(start) / i32::try_from(scale.max(1)).unwrap_or(i32::MAX);
        Self::new(start, before + apart / 2 - passed, scale)
    }

    /// The function by which the ledger's database has this time.
    pub(crate) fn as_sql(&self) -> String {
        let (start, anchor, scale) = (self.start, self.anchor, self.scale);
        format!(
            "CREATE OR REPLACE FUNCTION heymarket_outbox.now() RETURNS timestamptz
             LANGUAGE sql VOLATILE AS $$ SELECT '{start}'::timestamptz
                 + (clock_timestamp() - '{anchor}'::timestamptz) * {scale} $$"
        )
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let passed = Timestamp::now().duration_since(self.anchor);
        let scale = i32::try_from(self.scale).unwrap_or(i32::MAX);
        let passed: SignedDuration = passed.saturating_mul(scale);
        self.start.saturating_add(passed).unwrap_or(self.start)
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed() * self.scale
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration / self.scale))
    }
}
