//! The contract of limiters, as a check that users run on their own.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::limit::RateLimiter;
use super::permit::{Permit, PermitUse};

/// A rule of the contract of [`RateLimiter`] that a limiter breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContractViolation {
    /// The number of the rule.
    pub rule: u8,
    /// What the limiter did.
    pub found: String,
}

impl fmt::Display for ContractViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {} is broken: {}", self.rule, self.found)
    }
}

impl std::error::Error for ContractViolation {}

/// Checks that a limiter satisfies the contract of [`RateLimiter`].
///
/// `limiter` creates a limiter with an empty history that allows `limit` requests in
/// any `period`. It is called several times, so a limiter with a store must use
/// another key each time. A check takes about eight periods: use a short one, such as
/// a second, for a limiter on real time, and a test with `start_paused` for one on
/// tokio's time. `slack` is how late the limiter may grant a permit.
///
/// ```
/// use std::time::Duration;
///
/// use heymarket_api::{Acquire, Permit, RateLimiter, check_rate_limiter};
///
/// /// Grants every request, and so breaks the first rule.
/// struct Generous;
///
/// impl RateLimiter for Generous {
///     fn acquire(&self, _max_flight: Duration) -> Acquire<'_> {
///         Box::pin(async { Ok(Permit::new(drop)) })
///     }
///
///     fn close(&self, _wait: Duration) {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (period, slack) = (Duration::from_secs(1), Duration::from_millis(100));
/// let violation = check_rate_limiter(5, period, slack, async || Generous).await.unwrap_err();
/// assert_eq!(violation.rule, 1);
/// # }
/// ```
///
/// # Errors
///
/// Returns the first rule that the limiter breaks. An error of the limiter itself
/// breaks rule 1.
///
/// # Panics
///
/// Panics if `limit` is less than 2.
pub async fn check_rate_limiter<L: RateLimiter>(
    limit: usize,
    period: Duration,
    slack: Duration,
    mut limiter: impl AsyncFnMut() -> L,
) -> Result<(), ContractViolation> {
    assert!(limit >= 2, "the limit must be at least 2");
    let check = |limiter| Check {
        limiter: Arc::new(limiter),
        limit,
        period,
        slack,
        max_flight: period / 2,
    };
    check(limiter().await).keeps_the_limit().await?;
    check(limiter().await).counts_late_arrivals().await?;
    check(limiter().await).frees_unsent_at_once().await?;
    check(limiter().await).holds_waiters_while_closed().await?;
    check(limiter().await).forgets_cancelled_waiters().await
}

struct Check<L> {
    limiter: Arc<L>,
    limit: usize,
    period: Duration,
    slack: Duration,
    max_flight: Duration,
}

impl<L: RateLimiter> Check<L> {
    async fn acquire(&self) -> Result<Permit, ContractViolation> {
        let permit = self.limiter.acquire(self.max_flight).await;
        permit.map_err(|error| violation(1, format!("acquire failed: {error}")))
    }

    /// Takes all permits that are free, and ends each with `used`.
    async fn use_up(&self, used: PermitUse) -> Result<(), ContractViolation> {
        for _ in 0..self.limit {
            self.within_slack(1, "the whole limit is not free at first")
                .await?
                .end(used);
        }
        Ok(())
    }

    /// Acquires a permit that must be granted within the slack.
    async fn within_slack(&self, rule: u8, what: &str) -> Result<Permit, ContractViolation> {
        match timeout(self.slack, self.acquire()).await {
            Ok(permit) => permit,
            Err(_) => Err(violation(rule, what)),
        }
    }

    /// Acquires a permit that must not be granted before `expected`.
    async fn next_after(
        &self,
        rule: u8,
        expected: Duration,
        what: &str,
    ) -> Result<(), ContractViolation> {
        let start = Instant::now();
        let granted = timeout(expected + self.period + self.slack, self.acquire()).await;
        let elapsed = start.elapsed();
        let Ok(permit) = granted else {
            let found =
                format!("{what}: no permit within {elapsed:?}; expected one after {expected:?}");
            return Err(violation(rule, found));
        };
        permit?.end(PermitUse::Answered);
        if elapsed < expected {
            let found =
                format!("{what}: a permit was granted after {elapsed:?}; expected {expected:?}");
            return Err(violation(rule, found));
        }
        Ok(())
    }

    /// Checks rule 1 with many concurrent callers whose requests get a response.
    async fn keeps_the_limit(&self) -> Result<(), ContractViolation> {
        let batches = 3;
        let callers: Vec<_> = (0..batches * self.limit)
            .map(|_| {
                let limiter = Arc::clone(&self.limiter);
                let max_flight = self.max_flight;
                tokio::spawn(async move {
                    let permit = limiter.acquire(max_flight).await;
                    let granted = Instant::now();
                    permit.map(|mut permit| permit.end(PermitUse::Answered))?;
                    Ok::<_, Box<dyn std::error::Error + Send + Sync>>(granted)
                })
            })
            .collect();
        let mut granted = Vec::new();
        for caller in callers {
            match timeout(self.period * 4 + self.slack * 4, caller).await {
                Ok(Ok(Ok(at))) => granted.push(at),
                Ok(Ok(Err(error))) => {
                    return Err(violation(1, format!("acquire failed: {error}")));
                }
                Ok(Err(panic)) => return Err(violation(1, format!("acquire panicked: {panic}"))),
                Err(_) => return Err(violation(1, "a caller never got a permit")),
            }
        }
        granted.sort_unstable();
        for window in granted.windows(self.limit + 1) {
            let apart = window[self.limit] - window[0];
            if apart < self.period {
                let found = format!("{} permits within {apart:?}", self.limit + 1);
                return Err(violation(1, found));
            }
        }
        Ok(())
    }

    /// Checks rule 1 with requests that get no response and may arrive late.
    async fn counts_late_arrivals(&self) -> Result<(), ContractViolation> {
        self.use_up(PermitUse::Unanswered).await?;
        // They were granted within the slack of one another.
        let expected = (self.max_flight + self.period).saturating_sub(self.slack);
        self.next_after(1, expected, "after unanswered requests")
            .await
    }

    /// Checks rule 2.
    async fn frees_unsent_at_once(&self) -> Result<(), ContractViolation> {
        self.use_up(PermitUse::Unsent).await?;
        // A permit may end in a task of its own.
        sleep(self.slack / 2).await;
        let what = "a permit that ended as unsent still counts";
        self.within_slack(2, what).await.map(drop)
    }

    /// Checks rule 3.
    async fn holds_waiters_while_closed(&self) -> Result<(), ContractViolation> {
        self.use_up(PermitUse::Answered).await?;
        let closed = Instant::now();
        let longest = self.period * 2;
        let waiter = self.acquire();
        let mut waiter = pin!(waiter);
        poll_once(waiter.as_mut()).await;
        self.limiter.close(longest);
        self.limiter.close(self.period / 10);
        let permit = timeout(longest + self.period + self.slack, waiter).await;
        let elapsed = closed.elapsed();
        let Ok(permit) = permit else {
            return Err(violation(3, "a caller that waited never got a permit"));
        };
        permit?.end(PermitUse::Answered);
        if elapsed < longest {
            let found = format!(
                "closed for {longest:?}, but a waiting caller got a permit after {elapsed:?}"
            );
            return Err(violation(3, found));
        }
        self.limiter.close(longest);
        self.next_after(3, longest.saturating_sub(self.slack), "closed again")
            .await
    }

    /// Checks rule 4.
    async fn forgets_cancelled_waiters(&self) -> Result<(), ContractViolation> {
        self.use_up(PermitUse::Answered).await?;
        for _ in 0..2 * self.limit {
            let waiter = self.acquire();
            let mut waiter = pin!(waiter);
            poll_once(waiter.as_mut()).await;
        }
        sleep(self.period + self.slack).await;
        let what = "cancelled callers took permits";
        for _ in 0..self.limit {
            self.within_slack(4, what).await?.end(PermitUse::Answered);
        }
        Ok(())
    }
}

fn violation(rule: u8, found: impl Into<String>) -> ContractViolation {
    ContractViolation {
        rule,
        found: found.into(),
    }
}

/// Polls a future once.
async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) {
    poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}
