//! The durations of a limit, all of which follow from its options.

use std::time::Duration;

use super::options::LimitOptions;

/// The times of a limit.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) period: Duration,
    /// How much longer the server's period may be than the store's.
    pub(super) margin: Duration,
    /// How long a message to the store may take. A slot is granted by then, or not used.
    pub(super) round_trip: Duration,
    /// How long the first connection may take.
    pub(super) connect: Duration,
    /// How often a process with callers asks, since another process may free a slot.
    pub(super) poll: Duration,
    /// How long an end waits for others, to share a round trip.
    pub(super) linger: Duration,
    /// The flight that other processes may allow their requests: the timeouts of a client by
    /// default, and ten seconds for `before_attempt`.
    flight: Duration,
    pub(super) patience: Duration,
}

impl Times {
    pub(super) fn of(options: &LimitOptions) -> Self {
        let period = options.period;
        Self {
            period,
            margin: period / 600,
            round_trip: (period / 4).min(Duration::from_secs(2)),
            connect: Duration::from_secs(10).min(options.patience),
            poll: (period / 60).clamp(Duration::from_millis(20), Duration::from_secs(1)),
            linger: (period / 1200).clamp(Duration::from_millis(1), Duration::from_millis(20)),
            flight: period * 5 / 6,
            patience: options.patience,
        }
    }

    /// Returns how long a request counts that its process says nothing more of.
    pub(super) fn hold(&self, flight: Duration) -> Duration {
        let flight = flight.max(self.flight).saturating_add(self.round_trip);
        flight.saturating_add(self.period + self.margin)
    }
}
