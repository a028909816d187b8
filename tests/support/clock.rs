use std::sync::{Arc, Mutex};

use heymarket_api::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until it is set.
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
