//! The rate limit that other processes and hosts share, in PostgreSQL or Redis.

use std::time::Duration;

use heymarket_api::RateLimit;
use heymarket_stores::{Error, ErrorKind, LimitOptions, PostgresRateLimit, RedisRateLimit};

use crate::failure::Failure;

/// How long the end of a command waits for a store that is gone.
const FLUSH: Duration = Duration::from_secs(5);

const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];
const REDIS: [&str; 2] = ["redis://", "rediss://"];

/// A connection to a shared rate limit.
pub(crate) enum SharedLimit {
    Postgres(PostgresRateLimit),
    Redis(RedisRateLimit),
}

impl SharedLimit {
    /// Connects to the limit at a URL, which errors do not show: it may hold a password.
    ///
    /// # Errors
    ///
    /// Returns a usage error for an invalid URL, and another one if the store is
    /// unreachable.
    pub(crate) async fn connect(url: &str, options: LimitOptions) -> Result<Self, Failure> {
        let is = |schemes: [&str; 2]| schemes.iter().any(|scheme| url.starts_with(scheme));
        let limit = if is(POSTGRES) {
            let limit = PostgresRateLimit::connect_with(url, options).await;
            limit.map(Self::Postgres)
        } else if is(REDIS) {
            let limit = RedisRateLimit::connect_with(url, options).await;
            limit.map(Self::Redis)
        } else {
            return Err(Failure::usage(
                "the URL of a shared rate limit begins with postgres://, redis:// or rediss://",
            ));
        };
        limit.map_err(|error| failure(&error))
    }

    pub(crate) fn rate_limit(&self) -> RateLimit {
        match self {
            Self::Postgres(limit) => RateLimit::custom(limit.clone()),
            Self::Redis(limit) => RateLimit::custom(limit.clone()),
        }
    }

    /// Reports how the last requests ended. Without it, the store counts them for longer.
    pub(crate) async fn flush(self) {
        let flush = async {
            match &self {
                Self::Postgres(limit) => limit.flush().await,
                Self::Redis(limit) => limit.flush().await,
            }
        };
        let _ = tokio::time::timeout(FLUSH, flush).await;
    }
}

fn failure(error: &Error) -> Failure {
    let text = format!("the shared rate limit: {error}");
    match error.kind() {
        ErrorKind::Configuration => Failure::usage(text),
        _ => Failure::other(text),
    }
}
