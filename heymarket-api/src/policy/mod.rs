//! Policies: plain values that say what the send loop may do. What carries
//! them out is in `runtime`.

mod options;
mod rate_limit;
mod retry;

pub use options::Options;
pub(crate) use rate_limit::Limit;
pub use rate_limit::{Acquire, Permit, RateLimit, RateLimiter};
pub use retry::RetryPolicy;
