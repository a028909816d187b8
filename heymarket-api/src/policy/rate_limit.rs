use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The API's limit, for one key.
const API_LIMIT: u32 = 500;

/// How many requests are sent in a minute.
///
/// The API allows 500 a minute for one key, and does not say whether it counts
/// in fixed minutes, the last 60 seconds or otherwise. The default keeps to all
/// of these: in no 60 seconds does the server see more than 500 requests of
/// this client. Callers wait, first come first served; bursts are not slowed
/// down. A 429 stops all callers until its wait is over.
///
/// Documented at <https://developers.heymarket.com/rate-limits>.
#[derive(Clone)]
pub struct RateLimit(pub(crate) Limit);

#[derive(Clone)]
pub(crate) enum Limit {
    PerMinute(u32),
    Off,
    Custom(Arc<dyn RateLimiter>),
}

impl RateLimit {
    /// At most so many requests in any 60 seconds; 1 at least.
    #[must_use]
    pub fn per_minute(requests: u32) -> Self {
        Self(Limit::PerMinute(requests.max(1)))
    }

    /// No limit but the server's own: a 429 still stops all callers of the
    /// client.
    #[must_use]
    pub fn off() -> Self {
        Self(Limit::Off)
    }

    /// A limiter of one's own, for instance one that several processes with
    /// the same key share.
    #[must_use]
    pub fn custom(limiter: impl RateLimiter) -> Self {
        Self(Limit::Custom(Arc::new(limiter)))
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::per_minute(API_LIMIT)
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Limit::PerMinute(requests) => write!(f, "RateLimit::per_minute({requests})"),
            Limit::Off => f.write_str("RateLimit::off()"),
            Limit::Custom(_) => f.write_str("RateLimit::custom(..)"),
        }
    }
}

/// A limiter that a client asks before each attempt.
pub trait RateLimiter: Send + Sync + 'static {
    /// Waits until a request may be sent. Dropping the future gives up the
    /// place.
    fn acquire(&self) -> Acquire<'_>;

    /// The server answered with a 429: nobody should send for so long.
    fn close(&self, wait: Duration);
}

/// The future of [`RateLimiter::acquire`].
pub type Acquire<'a> = Pin<Box<dyn Future<Output = Permit> + Send + 'a>>;

/// The permission to send one request.
///
/// It is dropped when the attempt is over, whether it was answered, failed or
/// was given up.
#[must_use]
pub struct Permit(pub(crate) Option<Box<dyn FnOnce(bool) + Send>>);

impl Permit {
    /// A permit that calls `ended` once, when the attempt is over, with whether
    /// the request may have left. One that did not left no trace on the limit.
    pub fn new(ended: impl FnOnce(bool) + Send + 'static) -> Self {
        Self(Some(Box::new(ended)))
    }

    /// The request did not leave.
    pub(crate) fn unused(mut self) {
        if let Some(ended) = self.0.take() {
            ended(false);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(ended) = self.0.take() {
            ended(true);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
