//! One rate limit for all processes of an account.
//!
//! `SharedLimit` has the queue of one process and talks to a store; `postgres` and `redis`
//! are the stores.

mod keeper;
mod options;
mod outage;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
#[cfg(feature = "redis")]
mod redis;
mod shared;
mod slots;
mod times;

pub use options::LimitOptions;
#[cfg(feature = "postgres")]
pub use postgres::PostgresRateLimit;
#[cfg(feature = "redis")]
pub use redis::RedisRateLimit;
