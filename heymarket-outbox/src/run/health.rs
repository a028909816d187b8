//! Whether the API works: failures that are not a recipient's slow a run down,
//! and then stop it.

use std::time::Duration;

/// Failures up to here are chance.
const PATIENT: u32 = 3;

/// This many in a row stop the run, after some two minutes.
const MOST: u32 = 10;

const LONGEST: Duration = Duration::from_secs(60);

/// How many failures there were since the last success.
///
/// Requests that are in flight together fail together, so a failure counts only
/// if its request was made after the one before was known.
#[derive(Default)]
pub(super) struct Health {
    failures: u32,
    last_failure: Duration,
    resume_at: Duration,
}

impl Health {
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.resume_at = Duration::ZERO;
    }

    /// Counts a failure of a request that was made at `started`. Returns whether
    /// the run is to stop.
    pub(super) fn failed(&mut self, started: Duration, now: Duration) -> bool {
        if self.failures > 0 && started < self.last_failure {
            return false;
        }
        self.failures += 1;
        self.last_failure = now;
        if let Some(exponent) = self.failures.checked_sub(PATIENT) {
            let wait = Duration::from_secs(1 << exponent.min(6)).min(LONGEST);
            self.resume_at = now.saturating_add(wait);
        }
        self.failures >= MOST
    }

    /// How long nothing is sent.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        self.resume_at.saturating_sub(now)
    }

    /// Whether one request at a time finds out if it works again.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn failures_in_a_row_wait_longer_and_then_stop() {
        let mut health = Health::default();
        let mut now = SECOND;
        let mut waits = Vec::new();
        loop {
            let stops = health.failed(now, now);
            waits.push(health.wait(now).as_secs());
            if stops {
                break;
            }
            now += health.wait(now) + SECOND;
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        health.succeeded();
        assert!(health.wait(now).is_zero() && !health.is_in_doubt());
    }

    #[test]
    fn requests_that_fail_together_are_one_failure() {
        let mut health = Health::default();
        for _ in 0..100 {
            assert!(!health.failed(SECOND, 2 * SECOND));
        }
        assert!(health.wait(2 * SECOND).is_zero());
        assert!(health.is_in_doubt());
    }
}
