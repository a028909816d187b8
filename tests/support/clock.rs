//! Clocks that tests set, and clocks that never wait.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use heymarket_api::{Clock, Sleep};
use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until a test sets it.
#[derive(Clone)]
pub(crate) struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    pub(crate) fn at(time: &str) -> Self {
        Self(Arc::new(Mutex::new(time.parse().expect("a time"))))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        *self.0.lock().expect("the clock") += SignedDuration::from_secs(seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("the clock")
    }
}

/// A clock that jumps ahead instead of waiting. It stands still otherwise.
#[derive(Clone, Default)]
pub(crate) struct JumpingClock(Arc<Mutex<Jumps>>);

#[derive(Default)]
struct Jumps {
    elapsed: Duration,
    waits: Vec<Duration>,
}

impl JumpingClock {
    /// Every wait so far.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.0.lock().expect("the clock").waits.clone()
    }

    pub(crate) fn jump(&self, duration: Duration) {
        self.0.lock().expect("the clock").elapsed += duration;
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        let noon: Timestamp = "2026-05-07T12:00:00Z".parse().expect("a time");
        noon + SignedDuration::try_from(self.elapsed()).expect("a short time")
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().expect("the clock").elapsed
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        Box::pin(async move {
            // Other tasks run before time advances.
            tokio::task::yield_now().await;
            let mut jumps = clock.0.lock().expect("the clock");
            jumps.elapsed += duration;
            jumps.waits.push(duration);
        })
    }
}

/// The machine's time of day, with waits that end at once.
#[derive(Clone, Default)]
pub(crate) struct ImpatientClock(JumpingClock);

impl Clock for ImpatientClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}
