//! The rate limit as users set it, and the trait for limiters of their own.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use super::closure::Closure;
use super::permit::Permit;
use super::window::Window;
use crate::server::REQUESTS_PER_MINUTE;

/// The rate limit of a client.
///
/// The API allows [`REQUESTS_PER_MINUTE`] for each key, and does not document whether
/// it counts in fixed minutes, in a sliding window or otherwise. The default satisfies
/// all of these: the server counts at most that many requests in any 60 seconds. Callers
/// wait in order of arrival. Bursts are not slowed down.
///
/// A request counts once it reaches the server, which the client knows only from the
/// response. A request without a response, because it timed out, its connection broke
/// or its future was dropped, is assumed to arrive within the connect timeout plus
/// the attempt timeout after it started (40 seconds by default), and counts for 60
/// seconds more. Many dropped requests therefore lower the throughput: if every second
/// request is dropped, about 70 % of the limit is used. Only a request that takes longer
/// than both timeouts to arrive can exceed the limit.
///
/// A 429 stops all callers until its wait ends, for at most 120 seconds. They then
/// restart 20 milliseconds apart.
///
/// Clones are one limit: clients built with clones of a value share its requests
/// and its closures. They must use the same [`Clock`](crate::Clock), as clients do by
/// default. Two values are two limits.
///
/// ```
/// use heymarket_api::{Client, Credentials, RateLimit};
///
/// # fn run() -> Result<(), heymarket_api::Error> {
/// let limit = RateLimit::per_minute(300);
/// let first = Client::builder(Credentials::api_key("one")).rate_limit(limit.clone()).build()?;
/// let second = Client::builder(Credentials::api_key("one")).rate_limit(limit).build()?;
/// # Ok(())
/// # }
/// ```
///
/// Documented at <https://developers.heymarket.com/rate-limits>.
#[derive(Clone)]
pub struct RateLimit(pub(super) Arc<Shared>);

/// The state that the clients of one limit share.
pub(super) struct Shared {
    pub(super) limiter: Limiter,
    pub(super) closure: Closure,
    /// Held by the caller that is next. tokio's mutex is fair, and a cancelled waiter
    /// leaves the queue without taking a slot.
    pub(super) queue: tokio::sync::Mutex<()>,
    /// Held by the one background caller that is in the queue.
    pub(super) background: tokio::sync::Mutex<()>,
    /// How many callers are in the queue or at its head.
    pub(super) waiting: AtomicUsize,
}

pub(super) enum Limiter {
    Off,
    Window(Window),
    Custom(Box<dyn RateLimiter>),
}

impl RateLimit {
    /// Allows `requests` in any 60 seconds; 0 counts as 1.
    #[must_use]
    pub fn per_minute(requests: u32) -> Self {
        Self::new(Limiter::Window(Window::new(requests.max(1))))
    }

    /// Sets no limit. A 429 from the server still stops all callers.
    #[must_use]
    pub fn off() -> Self {
        Self::new(Limiter::Off)
    }

    /// Uses a limiter of your own, for instance one that several processes with the same
    /// key share.
    #[must_use]
    pub fn custom(limiter: impl RateLimiter) -> Self {
        Self::new(Limiter::Custom(Box::new(limiter)))
    }

    fn new(limiter: Limiter) -> Self {
        Self(Arc::new(Shared {
            limiter,
            closure: Closure::default(),
            queue: tokio::sync::Mutex::new(()),
            background: tokio::sync::Mutex::new(()),
            waiting: AtomicUsize::new(0),
        }))
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::per_minute(REQUESTS_PER_MINUTE)
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.limiter {
            Limiter::Window(window) => write!(f, "RateLimit::per_minute({})", window.limit()),
            Limiter::Off => f.write_str("RateLimit::off()"),
            Limiter::Custom(_) => f.write_str("RateLimit::custom(..)"),
        }
    }
}

/// A limiter that a client asks for a permit before each attempt.
///
/// Every implementation must satisfy this contract:
///
/// 1. The server counts at most the limit of permitted requests in any period. It
///    has counted a request whose permit ends as
///    [`Answered`](crate::PermitUse::Answered). It may count a request up to
///    `max_flight` after `acquire` returned if the permit ends as
///    [`Unanswered`](crate::PermitUse::Unanswered) or its holder dies.
/// 2. A permit that ends as [`Unsent`](crate::PermitUse::Unsent) stops counting at
///    once.
/// 3. For `wait` after `close(wait)`, no `acquire` returns a permit, not even to
///    callers that already wait. A shorter `close` does not end a longer one.
/// 4. Dropping the future of `acquire` takes no permit.
/// 5. A limiter whose store is unreachable returns an error. It never guesses.
///
/// With the feature `test-util`, `check_rate_limiter` tests the first four.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use heymarket_api::{Acquire, Permit, RateLimiter};
/// use tokio::sync::Semaphore;
///
/// /// Limits the requests in flight.
/// struct Concurrency(Arc<Semaphore>);
///
/// impl RateLimiter for Concurrency {
///     fn acquire(&self, _max_flight: Duration) -> Acquire<'_> {
///         Box::pin(async {
///             let place = Arc::clone(&self.0).acquire_owned().await?;
///             Ok(Permit::new(move |_| drop(place)))
///         })
///     }
///
///     fn close(&self, _wait: Duration) {}
/// }
/// ```
pub trait RateLimiter: Send + Sync + 'static {
    /// Waits until a request may be sent. The request reaches the server within
    /// `max_flight` after this returns, or not at all: the connect timeout and the timeout
    /// of an attempt, and 10 seconds where it has a
    /// [`before_attempt`](crate::Options::before_attempt).
    ///
    /// # Errors
    ///
    /// Returns an error if the limiter cannot decide, for instance because its store
    /// is unreachable. The request is then not sent, and the operation fails with
    /// [`RateLimiter`](crate::ErrorKind::RateLimiter).
    fn acquire(&self, max_flight: Duration) -> Acquire<'_>;

    /// Handles a 429: grants no permit for `wait`, not even to callers that already wait
    /// in [`acquire`](Self::acquire).
    fn close(&self, wait: Duration);
}

/// The future of [`RateLimiter::acquire`].
pub type Acquire<'a> =
    Pin<Box<dyn Future<Output = Result<Permit, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;
