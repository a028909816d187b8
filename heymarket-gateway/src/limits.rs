//! How much callers may send, and how long anything may take.

use std::time::Duration;

use crate::error::Error;

/// The shortest time that keys are kept: longer than any request takes.
const MIN_KEEP_KEYS: Duration = Duration::from_secs(10 * 60);

/// The limits of a gateway.
pub(crate) struct Limits {
    /// From the first request of a key.
    pub(crate) keep_keys: Duration,
    pub(crate) max_body_bytes: usize,
    pub(crate) max_connections: usize,
    /// For a head, and for a body.
    pub(crate) read_timeout: Duration,
    pub(crate) max_rate_limit_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            keep_keys: Duration::from_secs(24 * 60 * 60),
            max_body_bytes: 2 * 1024 * 1024,
            max_connections: 1024,
            read_timeout: Duration::from_secs(15),
            max_rate_limit_wait: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Refuses limits that no gateway can work with.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.keep_keys < MIN_KEEP_KEYS {
            return Err(Error::new(format!(
                "keys are kept for at least {} minutes",
                MIN_KEEP_KEYS.as_secs() / 60
            )));
        }
        if self.max_connections == 0 || self.max_body_bytes == 0 || self.read_timeout.is_zero() {
            return Err(Error::new(
                "the limits of connections, bodies and reading times are more than zero",
            ));
        }
        Ok(())
    }
}
