use std::time::Duration;

/// When a request is sent again.
///
/// Whether it may be is not a matter of policy: a request that may have
/// reached the server is sent again only if its operation's
/// [`Safety`](crate::Safety) allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many attempts one operation may use up; by default 3. A 429 and a
    /// 401 that is answered by signing anew use up none.
    pub max_attempts: u32,
    /// The longest first wait; by default 250 milliseconds. Each further wait
    /// may be twice as long, and the wait itself is drawn at random from zero
    /// to there, so that clients that failed together do not return together.
    pub base_delay: Duration,
    /// The longest wait, unless the server asks for a longer one; by default 20
    /// seconds.
    pub max_delay: Duration,
    /// How many retries the client has in hand; by default 20. Every operation
    /// earns a tenth of one, so that in an outage the load grows by a tenth and
    /// does not triple.
    pub budget: u32,
}

impl RetryPolicy {
    /// Never sends anything again, but after a 429, and once after a 401.
    #[must_use]
    pub fn none() -> Self {
        Self {
            max_attempts: 1,
            ..Self::default()
        }
    }

    /// The longest wait after so many failures.
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
    fn the_longest_wait_doubles_up_to_its_cap() {
        let policy = RetryPolicy::default();
        let waits: Vec<u128> = [1, 2, 3, 7, 8, 100]
            .map(|failures| policy.longest_wait(failures).as_millis())
            .to_vec();
        assert_eq!(waits, [250, 500, 1000, 16_000, 20_000, 20_000]);
    }
}
