//! The rate limit: how many requests a client sends, and when.
//!
//! [`RateLimit`] is the value that users set, with the state that its clients share.
//! The send loop asks `Admissions`.

mod admissions;
mod closure;
#[cfg(feature = "test-util")]
mod contract;
mod limit;
mod permit;
mod race;
mod window;

pub(crate) use admissions::{Admission, Admissions, Order};
#[cfg(feature = "test-util")]
pub use contract::{ContractViolation, check_rate_limiter};
pub use limit::{Acquire, RateLimit, RateLimiter};
pub use permit::{Permit, PermitUse};
pub(crate) use race::within;

#[cfg(test)]
mod tests;
