//! What several processes share when they use the Heymarket API: the rate limit of the
//! account, and the memory of the webhooks that it delivers.
//!
//! The limit belongs to the account, and so do the webhooks. A client limits the requests
//! of its own process only. With this crate any number of processes, on any number of
//! machines, keep one limit, and each event is handled once.
//!
//! ```no_run
//! use heymarket_api::{Client, Credentials, RateLimit};
//! # #[cfg(feature = "postgres")]
//! use heymarket_stores::PostgresRateLimit;
//!
//! # #[cfg(feature = "postgres")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let limit = PostgresRateLimit::connect("postgres://user@db.example.com/app", 500).await?;
//! let client = Client::builder(Credentials::from_env()?)
//!     .rate_limit(RateLimit::custom(limit))
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `postgres` | `PostgresRateLimit`, `PostgresSeenEvents` and `Inbox::connect` |
//! | `redis` | `RedisRateLimit` |
//! | `sqlite` | `SqliteSeenEvents` and `Inbox::open`, for the processes of one machine |

#![cfg_attr(
    not(any(feature = "postgres", feature = "redis")),
    expect(dead_code, reason = "without a store there is no limit")
)]

mod error;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod events;
mod limit;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::{Error, ErrorKind};
#[cfg(feature = "postgres")]
pub use events::PostgresSeenEvents;
#[cfg(feature = "sqlite")]
pub use events::SqliteSeenEvents;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use events::{Delivery, Inbox, Received, SetAside};
pub use limit::LimitOptions;
#[cfg(feature = "postgres")]
pub use limit::PostgresRateLimit;
#[cfg(feature = "redis")]
pub use limit::RedisRateLimit;
