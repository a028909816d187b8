//! The options of one request or of many.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::RetryPolicy;

const TIMEOUT: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(120);

/// What [`Options::before_attempt`] sets.
pub(crate) type BeforeAttempt = Arc<dyn Fn() -> Approval + Send + Sync>;

/// The future of a [`BeforeAttempt`].
pub(crate) type Approval =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn StdError + Send + Sync>>> + Send>>;

/// The options of a request; see [`Client::with_options`](crate::Client::with_options).
///
/// ```no_run
/// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
/// use std::time::Duration;
///
/// let impatient = client.with_options(|options| {
///     options.deadline(Duration::from_secs(5)).max_rate_limit_wait(Duration::ZERO)
/// });
/// impatient.list_inboxes().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) max_rate_limit_wait: Option<Duration>,
    pub(crate) retry: RetryPolicy,
    pub(crate) headers: HeaderMap,
    pub(crate) rate_limited: bool,
    pub(crate) trust_local_id: bool,
    pub(crate) before_attempt: Option<BeforeAttempt>,
    pub(crate) retry_rate_limited: bool,
    pub(crate) is_background: bool,
}

impl Options {
    /// Sets how long one attempt may take, from connecting to the end of the body; by
    /// default 30 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long an operation may take, with all its attempts and the waits
    /// between them; by default 2 minutes. An operation fails at once when its
    /// next wait would pass the deadline.
    ///
    /// Waiting for the rate limit does not count: see
    /// [`max_rate_limit_wait`](Self::max_rate_limit_wait). A wait that the server asks
    /// for in response to this request does.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how long an operation may wait for the rate limit, in all its attempts
    /// together; by default without a bound.
    ///
    /// An operation fails with
    /// [`RateLimitTimeout`](crate::ErrorKind::RateLimitTimeout) if the rate limit does not
    /// admit it in time, and at once if that is known in advance. Set it where a caller
    /// waits, for instance in a web handler.
    #[must_use]
    pub fn max_rate_limit_wait(mut self, wait: Duration) -> Self {
        self.max_rate_limit_wait = Some(wait);
        self
    }

    /// Sets how often a failed request may be retried; by default 2 times. A 429, and a
    /// 401 after which the token is refreshed, do not count.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.retry.max_attempts = retries.saturating_add(1);
        self
    }

    /// Sets when a failed request is retried. The budget belongs to the client and is
    /// fixed when the client is built.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Adds a header, and replaces one of the same name. `Authorization`, `Content-Type`,
    /// `Content-Length`, `Transfer-Encoding` and `Host` cannot be replaced.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Disables the rate limit: requests neither wait for it nor count toward it. They
    /// still wait after a 429.
    #[must_use]
    pub fn without_rate_limit(mut self) -> Self {
        self.rate_limited = false;
        self
    }

    /// Sets whether to trust the server to recognize a repeated `local_id`. If so, a
    /// request with one is retried even if it may have reached the server. By default
    /// this applies only to operations whose documentation promises it.
    ///
    /// For text messages, the older documentation calls the `local_id` both the
    /// idempotency ID and unique for each attempt, and the newer one promises only
    /// tracking: a customer may get the same text twice.
    #[must_use]
    pub fn trust_local_id(mut self, trust: bool) -> Self {
        self.trust_local_id = trust;
        self
    }

    /// Calls `approve` before each attempt, once the rate limit has admitted it
    /// and immediately before the request leaves.
    ///
    /// The request is sent if the future returns `Ok`. On an error it is not, and the
    /// operation fails with [`Cancelled`](crate::ErrorKind::Cancelled). Use it to write
    /// a ledger entry before the request leaves: a process that dies while it waits for
    /// the rate limit has written nothing.
    ///
    /// With a [custom rate limiter](crate::RateLimit::custom), whose permits are for a
    /// bounded time, a future that takes longer than 10 seconds fails the operation in
    /// the same way.
    #[must_use]
    pub fn before_attempt<F, Approved>(mut self, approve: F) -> Self
    where
        F: Fn() -> Approved + Send + Sync + 'static,
        Approved: Future<Output = Result<(), Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        self.before_attempt = Some(Arc::new(move || Box::pin(approve())));
        self
    }

    /// Sets whether a request is retried after a 429; by default it is, after the wait.
    /// Otherwise the operation fails at once with the 429. The 429 stops all callers in
    /// either case.
    #[must_use]
    pub fn retry_rate_limited(mut self, retry: bool) -> Self {
        self.retry_rate_limited = retry;
        self
    }

    /// Gives other callers of the rate limit priority. At most one background request is
    /// in the queue at a time, so another request waits for at most one of them.
    #[must_use]
    pub fn background(mut self) -> Self {
        self.is_background = true;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: TIMEOUT,
            deadline: DEADLINE,
            max_rate_limit_wait: None,
            retry: RetryPolicy::default(),
            headers: HeaderMap::new(),
            rate_limited: true,
            trust_local_id: false,
            before_attempt: None,
            retry_rate_limited: true,
            is_background: false,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("timeout", &self.timeout)
            .field("deadline", &self.deadline)
            .field("max_rate_limit_wait", &self.max_rate_limit_wait)
            .field("retry", &self.retry)
            // Header values may be secret.
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("rate_limited", &self.rate_limited)
            .field("trust_local_id", &self.trust_local_id)
            .field("retry_rate_limited", &self.retry_rate_limited)
            .field("is_background", &self.is_background)
            .finish_non_exhaustive()
    }
}
