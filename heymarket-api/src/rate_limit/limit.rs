use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use super::closure::Closure;
use super::permit::Permit;
use super::window::Window;

/// The API's limit, for one key.
const API_LIMIT: u32 = 500;

/// How many requests are sent in a minute.
///
/// The API allows 500 requests a minute for one key, and does not say whether it
/// counts in fixed minutes, the last 60 seconds or otherwise. The default keeps
/// to all of these: the server counts at most 500 requests of this limit in any
/// 60 seconds. Callers wait in the order in which they came. Bursts are not
/// slowed down.
///
/// A request counts from the moment it reaches the server, which the client
/// knows only from the answer. A request that gets no answer, because it timed
/// out, broke off or its future was dropped, is taken to arrive at most the
/// connect timeout and the attempt timeout after it left (40 seconds by
/// default), and keeps its place for 60 seconds more. Many dropped requests
/// therefore lower the throughput. Only a request that takes longer than both
/// timeouts to arrive can exceed the limit.
///
/// A 429 stops all callers until its wait is over, for 120 seconds at most.
/// They then restart 20 milliseconds apart.
///
/// Clones are one limit: clients that are built with clones of a value share its
/// 500 requests and its pauses. They must take their time from the same
/// [`Clock`](crate::Clock), as the default does. Two values are two limits.
///
/// ```
/// use heymarket_api::{Client, Credentials, RateLimit};
///
/// # fn run() -> Result<(), heymarket_api::Error> {
/// let limit = RateLimit::per_minute(500);
/// let first = Client::builder(Credentials::api_key("one")).rate_limit(limit.clone()).build()?;
/// let second = Client::builder(Credentials::api_key("one")).rate_limit(limit).build()?;
/// # Ok(())
/// # }
/// ```
///
/// Documented at <https://developers.heymarket.com/rate-limits>.
#[derive(Clone)]
pub struct RateLimit(pub(super) Arc<Shared>);

/// The state that all clients of one limit have in common.
pub(super) struct Shared {
    pub(super) limiter: Limiter,
    pub(super) closure: Closure,
    /// Held by the caller whose turn is next. tokio's mutex is first come, first
    /// served, and a cancelled waiter leaves the queue without taking a slot.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Held by the one background caller that is in line for its turn.
    pub(super) background: tokio::sync::Mutex<()>,
    /// How many callers wait for their turn, or have it.
    pub(super) waiting: AtomicUsize,
}

pub(super) enum Limiter {
    Off,
    Window(Window),
    Custom(Box<dyn RateLimiter>),
}

impl RateLimit {
    /// Allows so many requests in any 60 seconds, at least 1.
    #[must_use]
    pub fn per_minute(requests: u32) -> Self {
        Self::new(Limiter::Window(Window::new(requests.max(1))))
    }

    /// Sets no limit but the server's own: a 429 still stops all callers.
    #[must_use]
    pub fn off() -> Self {
        Self::new(Limiter::Off)
    }

    /// Uses another limiter, for instance one that several processes with the
    /// same key share.
    #[must_use]
    pub fn custom(limiter: impl RateLimiter) -> Self {
        Self::new(Limiter::Custom(Box::new(limiter)))
    }

    fn new(limiter: Limiter) -> Self {
        Self(Arc::new(Shared {
            limiter,
            closure: Closure::default(),
            turn: tokio::sync::Mutex::new(()),
            background: tokio::sync::Mutex::new(()),
            waiting: AtomicUsize::new(0),
        }))
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::per_minute(API_LIMIT)
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

/// A limiter that a client asks before each attempt.
///
/// An implementation keeps this contract:
///
/// 1. Of the requests that its permits allowed, the server counts at most the
///    limit in any period. A request is counted at the latest when its permit
///    ends as [`Answered`](crate::PermitUse::Answered), and may be counted up to
///    `max_flight` after `acquire` returned if it ends as
///    [`Unanswered`](crate::PermitUse::Unanswered) or its holder dies.
/// 2. A permit that ends as [`Unsent`](crate::PermitUse::Unsent) counts for
///    nothing, at once.
/// 3. After `close(wait)`, no `acquire` returns a permit for so long, not even to
///    callers that already wait. A shorter `close` does not end a longer one.
/// 4. A caller that drops the future of `acquire` takes nothing with it.
/// 5. A limiter whose store is gone returns an error. It never guesses.
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
/// /// At most so many requests in flight at once.
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
    /// Waits until a request may be sent. The request reaches the server at most
    /// `max_flight` after this returns, if it does at all.
    ///
    /// # Errors
    ///
    /// When the limiter cannot tell, for instance because its store is
    /// unreachable. The request is then not sent, and the operation fails with
    /// [`RateLimiter`](crate::ErrorKind::RateLimiter).
    fn acquire(&self, max_flight: Duration) -> Acquire<'_>;

    /// Handles a 429: grants no permit for `wait`, not even to callers that
    /// already wait in [`acquire`](Self::acquire).
    fn close(&self, wait: Duration);
}

/// The future of [`RateLimiter::acquire`].
pub type Acquire<'a> =
    Pin<Box<dyn Future<Output = Result<Permit, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;
