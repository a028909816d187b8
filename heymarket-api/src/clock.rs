//! Time from outside: every wait, token and timestamp goes through [`Clock`], so
//! that tests set it.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The tolerated difference between this machine's clock and the server's: 10
/// minutes. Tokens are corrected by up to this much, and searches of the message
/// history reach this much further.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(10);

/// A source of time for a client: the time of day for tokens, a monotonic time for
/// waits and the ledger, and the waits themselves.
///
/// The default is [`SystemClock`]. Another clock makes signing and waiting
/// testable. Timeouts of attempts always run on tokio's clock.
///
/// ```
/// use heymarket_api::{Client, Clock, Credentials};
/// use jiff::Timestamp;
///
/// /// Stands still at the start of 2026.
/// struct Frozen;
///
/// impl Clock for Frozen {
///     fn now(&self) -> Timestamp {
///         Timestamp::constant(1_767_225_600, 0)
///     }
/// }
///
/// # fn run() -> Result<(), heymarket_api::Error> {
/// let client = Client::builder(Credentials::api_key("test")).clock(Frozen).build()?;
/// # Ok(())
/// # }
/// ```
pub trait Clock: Send + Sync + 'static {
    /// Returns the time of day.
    fn now(&self) -> Timestamp;

    /// Returns the time since a fixed moment. It never decreases.
    fn elapsed(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        let start = *START.get_or_init(Instant::now);
        Instant::now().saturating_duration_since(start)
    }

    /// Waits for a duration.
    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The future of [`Clock::sleep`].
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The clock of the operating system, with tokio's timers.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
