//! The shared limit in Redis: one script, carried out by the server's clock.

use std::fmt;
use std::time::Duration;

use heymarket_api::{Acquire, RateLimiter};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind as RedisErrorKind, RedisError, Script};

use super::options::LimitOptions;
use super::shared::SharedLimit;
use super::slots::{Answer, Ask, Slots, micros};
use crate::error::{Error, ErrorKind};

const SCRIPT: &str = include_str!("take.lua");

/// How long Redis keeps a limit that is not used. After it the limit is unknown again.
const KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A rate limit in Redis, for all processes of an account.
///
/// Each message of a process is one script of one key, `heymarket:limit:NAME`, which uses
/// the time of the server. The clocks of the processes do not matter. A process with many
/// waiting callers takes up to 8 slots in a round trip, and reports the ends of its
/// requests with the next one.
///
/// - A slot is taken until a minute after the response to its request began. If its
///   process dies, it is taken for the connect timeout, the attempt timeout, 10 seconds
///   for [`before_attempt`](heymarket_api::Options::before_attempt), 2 seconds for the store
///   and a minute from its start (112 seconds with the defaults of the client).
/// - After a flush, a restart or a failover, and with an empty Redis, Redis does not know
///   what was sent before. The limit is then closed for as long as an unreported request
///   may count (112 seconds). The same follows a week without a request, and a clock of
///   the server that is set back.
/// - A 429 closes the limit for all processes. Afterwards all of them together restart 20
///   milliseconds apart.
/// - While Redis is unreachable, callers wait; after
///   [`patience`](LimitOptions::patience) their requests fail with
///   [`ErrorKind::RateLimiter`](heymarket_api::ErrorKind::RateLimiter) and are not sent.
///
/// Redis must not evict keys while the limit is used, and its clock must not be set
/// forward. The user needs the commands `EVAL`, `EVALSHA`, `INFO`, `TIME`, `PEXPIRE` and
/// those of sorted sets.
///
/// ```no_run
/// use heymarket_api::{Client, Credentials, RateLimit};
/// use heymarket_stores::RedisRateLimit;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let limit = RedisRateLimit::connect("redis://127.0.0.1/", 500).await?;
/// let client = Client::builder(Credentials::from_env()?)
///     .rate_limit(RateLimit::custom(limit))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisRateLimit(SharedLimit);

impl RedisRateLimit {
    /// Connects to a limit of `limit` requests in any 60 seconds.
    ///
    /// `url` has the form `redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://` for
    /// TLS. This must be called in a tokio runtime that lives as long as the limit.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid, or Redis does not respond within 10
    /// seconds.
    pub async fn connect(url: &str, limit: u32) -> Result<Self, Error> {
        Self::connect_with(url, LimitOptions::per_minute(limit)).await
    }

    /// Connects to a limit with other options.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`connect`](Self::connect).
    pub async fn connect_with(url: &str, options: LimitOptions) -> Result<Self, Error> {
        let store = Store::new(url, &options)?;
        SharedLimit::start(store, &options).await.map(Self)
    }

    /// Waits until Redis knows how all requests so far ended. A process that ends without
    /// this leaves its last requests to be counted for as long as those of a process that
    /// dies.
    pub async fn flush(&self) {
        self.0.flush().await;
    }
}

impl RateLimiter for RedisRateLimit {
    fn acquire(&self, max_flight: Duration) -> Acquire<'_> {
        self.0.acquire(max_flight)
    }

    fn close(&self, wait: Duration) {
        self.0.close(wait);
    }
}

impl fmt::Debug for RedisRateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimit").finish_non_exhaustive()
    }
}

struct Store {
    client: Client,
    address: String,
    script: Script,
    /// Absent before the first message, and after a failure.
    connection: Option<MultiplexedConnection>,
    key: String,
    /// Names the slots of this process.
    holder: String,
    limit: u32,
    period: Duration,
    is_unused: bool,
}

impl Store {
    fn new(url: &str, options: &LimitOptions) -> Result<Self, Error> {
        let client = Client::open(url).map_err(|error| {
            // The message of the driver does not hold the URL.
            let text = format!("invalid URL of Redis: {error}; expected redis://HOST:PORT/");
            Error::new(ErrorKind::Configuration, text)
        })?;
        let address = client.get_connection_info().addr().to_string();
        Ok(Self {
            client,
            address,
            script: Script::new(SCRIPT),
            connection: None,
            key: format!("heymarket:limit:{}", options.name),
            holder: uuid::Uuid::new_v4().simple().to_string(),
            limit: options.limit,
            period: options.period,
            is_unused: options.is_unused,
        })
    }

    async fn connected(&self) -> Result<MultiplexedConnection, RedisError> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        // The keeper has timeouts of its own.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connect = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        connect.await
    }

    fn failed(&self, error: &RedisError) -> Error {
        let kind = if error.is_io_error() || error.is_connection_dropped() {
            ErrorKind::Unreachable
        } else {
            ErrorKind::Store
        };
        let hint = match error.kind() {
            RedisErrorKind::AuthenticationFailed => "; check the user and the password",
            _ => "",
        };
        Error::new(kind, format!("{}: {error}{hint}", self.describe()))
    }
}

impl Slots for Store {
    fn describe(&self) -> String {
        format!("Redis at {}", self.address)
    }

    async fn exchange(&mut self, ask: &Ask) -> Result<Answer, Error> {
        let mut connection = self
            .connected()
            .await
            .map_err(|error| self.failed(&error))?;
        // Absent unless this message succeeds: an answer to it that comes late must not
        // be taken for that of the next one.
        self.connection = None;
        let mut call = self.script.key(&self.key);
        call.arg(&self.holder)
            .arg(self.limit)
            .arg(micros(self.period))
            .arg(ask.wanted)
            .arg(ask.first)
            .arg(micros(ask.hold))
            .arg(micros(ask.blind))
            .arg(ask.close.map_or(0, micros))
            .arg(KEEP.as_millis().to_string())
            .arg(u8::from(self.is_unused));
        for (number, after) in &ask.ends {
            call.arg(*number).arg(micros(*after));
        }
        let answer = call.invoke_async(&mut connection).await;
        let (granted, wait): (u32, u64) = answer.map_err(|error| self.failed(&error))?;
        self.connection = Some(connection);
        // It was true when this process began; later, what is missing was lost.
        self.is_unused = false;
        Ok(Answer {
            granted,
            wait: Duration::from_micros(wait),
        })
    }
}
