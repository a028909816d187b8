//! The retry policy.

use std::time::Duration;

/// When a failed request is retried.
///
/// A policy cannot allow a retry that is not safe: a request that may have reached the
/// server is sent again only if the [`Safety`](crate::Safety) of its operation allows
/// it.
///
/// ```
/// use std::time::Duration;
///
/// use heymarket_api::RetryPolicy;
///
/// let mut policy = RetryPolicy::default();
/// policy.max_attempts = 5;
/// policy.max_delay = Duration::from_secs(5);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The maximum number of attempts of an operation; by default 3. A 429, and a 401
    /// after which the token is refreshed, do not count.
    pub max_attempts: u32,
    /// The upper bound of the first wait; by default 250 milliseconds. The bound doubles
    /// with each further wait. The wait itself is random between zero and the bound
    /// (full jitter), so that clients that failed together do not retry together.
    pub base_delay: Duration,
    /// The longest wait, unless the server asks for a longer one; by default 20 seconds.
    pub max_delay: Duration,
    /// The retry budget of the client; by default 20 retries. Every operation adds a
    /// tenth of a retry, so that an outage adds a tenth to the load and does not triple
    /// it.
    pub budget: u32,
}

impl RetryPolicy {
    /// Returns a policy without retries, except after a 429 and once after a 401.
    #[must_use]
    pub fn none() -> Self {
        Self {
            max_attempts: 1,
            ..Self::default()
        }
    }

    /// Returns the upper bound of the wait after a number of failures.
    pub(crate) fn longest_wait(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.base_delay
            .saturating_mul(1 << doublings)
            .min(self.max_delay)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(20),
            budget: 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_of_the_wait_doubles_up_to_its_maximum() {
        let policy = RetryPolicy::default();
        let waits: Vec<u128> = [1, 2, 3, 7, 8, 100]
            .map(|failures| policy.longest_wait(failures).as_millis())
            .to_vec();
        assert_eq!(waits, [250, 500, 1000, 16_000, 20_000, 20_000]);
    }
}
