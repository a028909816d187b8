//! The options of a shared limit.

use std::time::Duration;

/// The period of the API's limit.
const MINUTE: Duration = Duration::from_secs(60);

/// How long callers wait for a store that is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// The options of a shared limit. All processes of one limit use the same.
///
/// ```
/// use std::time::Duration;
///
/// use heymarket_stores::LimitOptions;
///
/// let options = LimitOptions::per_minute(500)
///     .name("support team")
///     .patience(Duration::from_secs(10));
/// ```
#[derive(Clone, Debug)]
pub struct LimitOptions {
    pub(crate) limit: u32,
    pub(crate) name: String,
    pub(crate) period: Duration,
    pub(crate) patience: Duration,
    #[cfg_attr(
        not(feature = "redis"),
        expect(dead_code, reason = "Redis alone forgets")
    )]
    pub(crate) is_unused: bool,
}

impl LimitOptions {
    /// Allows `requests` in any 60 seconds, for all processes together; 0 counts as 1.
    ///
    /// Processes that name another number share the same slots: each sends only while
    /// fewer than its own number are taken.
    #[must_use]
    pub fn per_minute(requests: u32) -> Self {
        Self {
            limit: requests.max(1),
            name: "default".to_owned(),
            period: MINUTE,
            patience: PATIENCE,
            is_unused: false,
        }
    }

    /// Sets the name of the limit in the store; by default `default`. Use one name for
    /// each account.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how long a caller waits for a store that is unreachable before its request
    /// fails; by default 30 seconds. Waiting for a free slot does not count.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the period of the limit; by default 60 seconds, at least 10 milliseconds.
    /// Another one is for tests, against a server with another period.
    #[must_use]
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period.max(Duration::from_millis(10));
        self
    }

    /// Declares that no request counts toward the limit at the moment, so that a limit
    /// without a history in Redis does not start closed. Nothing changes if Redis knows
    /// the limit.
    ///
    /// Redis may have lost the history. Then the declaration is wrong, and the limit can be
    /// exceeded. Use it in tests, or once for a new account.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn assume_unused(mut self) -> Self {
        self.is_unused = true;
        self
    }
}
