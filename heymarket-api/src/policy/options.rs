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

/// How a client makes its requests; see
/// [`Client::with_options`](crate::Client::with_options).
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
    /// How long one attempt may take, from connecting to the end of the body;
    /// by default 30 seconds.
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
    /// [`max_rate_limit_wait`](Self::max_rate_limit_wait). The wait that the
    /// server asks for in answer to this request does.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how long an operation may wait for the rate limit, in all its attempts
    /// together; by default as long as it takes.
    ///
    /// An operation fails with
    /// [`RateLimitTimeout`](crate::ErrorKind::RateLimitTimeout) when the rate
    /// limit admits it no sooner, and at once when that is known beforehand. Set
    /// it where a caller waits, for instance in a web handler.
    #[must_use]
    pub fn max_rate_limit_wait(mut self, wait: Duration) -> Self {
        self.max_rate_limit_wait = Some(wait);
        self
    }

    /// How often a request may be sent again after a failure; by default 2 times.
    /// A 429 and a 401 that is answered by signing anew do not count.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.retry.max_attempts = retries.saturating_add(1);
        self
    }

    /// When a request is sent again. Its budget is the client's, and is set
    /// where the client is built.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Adds a header to each request, in the place of one of the same name.
    /// `Authorization`, `Content-Type`, `Content-Length`, `Transfer-Encoding` and
    /// `Host` stay the client's.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Does not wait for the rate limit. Requests made so do not count towards
    /// it, and a 429 is still waited for.
    #[must_use]
    pub fn without_rate_limit(mut self) -> Self {
        self.rate_limited = false;
        self
    }

    /// Relies on the server to recognise a `local_id`, and so sends a request
    /// with one again even if it may have reached the server; by default it
    /// does so only for operations whose documentation promises that.
    ///
    /// Of text messages the older documentation says both that it is the
    /// idempotency id and that it is unique for each attempt, and the newer one
    /// promises no more than tracking: a customer may get the same text twice.
    #[must_use]
    pub fn trust_local_id(mut self, trust: bool) -> Self {
        self.trust_local_id = trust;
        self
    }

    /// Calls `approve` before each attempt, once the rate limit has admitted it
    /// and immediately before the request leaves.
    ///
    /// The request is sent when the future returns `Ok`. On an error it is not,
    /// and the operation fails with [`Cancelled`](crate::ErrorKind::Cancelled).
    /// A ledger that must know of a request before the server does is written
    /// here: a process that ends while it waits for the rate limit has not
    /// written anything yet.
    #[must_use]
    pub fn before_attempt<F, Approved>(mut self, approve: F) -> Self
    where
        F: Fn() -> Approved + Send + Sync + 'static,
        Approved: Future<Output = Result<(), Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        self.before_attempt = Some(Arc::new(move || Box::pin(approve())));
        self
    }

    /// Sets whether a request is sent again after a 429; by default it is, after
    /// the wait. Otherwise the operation fails with the 429 at once. The 429
    /// stops all callers in either case.
    #[must_use]
    pub fn retry_rate_limited(mut self, retry: bool) -> Self {
        self.retry_rate_limited = retry;
        self
    }

    /// Lets other callers of the rate limit go first. At most one background
    /// request is in line at a time, so another request waits for one of them at
    /// most, however many there are.
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
            // Their values may be secret.
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("rate_limited", &self.rate_limited)
            .field("trust_local_id", &self.trust_local_id)
            .field("retry_rate_limited", &self.retry_rate_limited)
            .field("is_background", &self.is_background)
            .finish_non_exhaustive()
    }
}
