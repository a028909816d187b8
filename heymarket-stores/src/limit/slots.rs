//! What a limiter asks of its store in one round trip.

use std::time::Duration;

use crate::error::Error;

/// A message to the store. It is carried out as one, by the store's clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Ask {
    /// How many slots are wanted. Their numbers follow `first`.
    pub(super) wanted: u32,
    pub(super) first: i64,
    /// How long a slot is taken if nothing more is heard of it.
    pub(super) hold: Duration,
    /// How long the limit closes if the store cannot know what was sent before.
    pub(super) blind: Duration,
    /// Slots by number, and after which time each is free; zero is at once.
    pub(super) ends: Vec<(i64, Duration)>,
    /// Closes the limit for all.
    pub(super) close: Option<Duration>,
}

/// The answer of the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// The slots granted: the first of those wanted.
    pub(super) granted: u32,
    /// How long no further slot is free.
    pub(super) wait: Duration,
}

/// A store of slots for one limit.
pub(super) trait Slots: Send + 'static {
    /// Returns the store's kind and address, for messages.
    fn describe(&self) -> String;

    /// Sends a message. After an error the store may have carried it out or not, and the
    /// next message uses another connection. A dropped future counts as an error.
    fn exchange(&mut self, ask: &Ask) -> impl Future<Output = Result<Answer, Error>> + Send;
}

/// Returns whole microseconds, the resolution of both stores, rounded up.
pub(super) fn micros(duration: Duration) -> i64 {
    let micros = duration.as_nanos().div_ceil(1000);
    // Half a century. Later times would overflow those of the stores.
    i64::try_from(micros).map_or(LONGEST, |micros| micros.min(LONGEST))
}

const LONGEST: i64 = 50 * 365 * 24 * 60 * 60 * 1_000_000;
