//! The shared limit in PostgreSQL: a function that counts by the server's clock.

use std::fmt;
use std::time::Duration;

use heymarket_api::{Acquire, RateLimiter};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::options::LimitOptions;
use super::shared::SharedLimit;
use super::slots::{Answer, Ask, Slots, micros};
use crate::error::{Error, ErrorKind};
use crate::postgres::{CONNECT_TIMEOUT, Postgres, failed};

const TAKE: &str = "SELECT granted, wait FROM \
    heymarket_take($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// A rate limit in PostgreSQL, for all processes of an account.
///
/// A slot is a row of `heymarket_slots`, and its times are those of the server's clock.
/// The clocks of the processes do not matter. A message of a process is one statement,
/// which holds the row of its limit in `heymarket_limits`. A process with many waiting
/// callers takes up to 8 slots in a round trip, and reports the ends of its requests with
/// the next one.
///
/// - A slot is taken until a minute after the response to its request began. If its
///   process dies, it is taken for the connect timeout, the attempt timeout, 10 seconds
///   for [`before_attempt`](heymarket_api::Options::before_attempt), 2 seconds for the store
///   and a minute from its start (112 seconds with the defaults of the client).
/// - Slots survive a crash of the server: each grant is flushed, whatever
///   `synchronous_commit` is. After a standby was promoted or a backup restored, and if
///   the server's clock is set back, the limit is closed for as long as an unreported
///   request may count (112 seconds).
/// - A 429 closes the limit for all processes. Afterwards all of them together restart 20
///   milliseconds apart.
/// - While the server is unreachable, callers wait; after
///   [`patience`](LimitOptions::patience) their requests fail with
///   [`ErrorKind::RateLimiter`](heymarket_api::ErrorKind::RateLimiter) and are not sent.
///
/// The server's clock must not be set forward, and `fsync` must be on, as it is by
/// default. The tables are created in the first schema of the `search_path`, which the URL
/// may set by `?options=-csearch_path%3Dmine`.
///
/// ```no_run
/// use heymarket_api::{Client, Credentials, RateLimit};
/// use heymarket_stores::PostgresRateLimit;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let limit = PostgresRateLimit::connect("postgres://user@db.example.com/app", 500).await?;
/// let client = Client::builder(Credentials::from_env()?)
///     .rate_limit(RateLimit::custom(limit))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresRateLimit(SharedLimit);

impl PostgresRateLimit {
    /// Connects to a limit of `limit` requests in any 60 seconds, and creates its tables if
    /// they do not exist.
    ///
    /// `url` has the form `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. With TLS, which
    /// `?sslmode=require` demands, the certificate is always verified. This must be called
    /// in a tokio runtime that lives as long as the limit.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid, the server does not respond within 10
    /// seconds, or the tables are of a newer version.
    pub async fn connect(url: &str, limit: u32) -> Result<Self, Error> {
        Self::connect_with(url, LimitOptions::per_minute(limit)).await
    }

    /// Connects to a limit with other options.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`connect`](Self::connect).
    pub async fn connect_with(url: &str, options: LimitOptions) -> Result<Self, Error> {
        let server = Postgres::new(url)?;
        let patience = CONNECT_TIMEOUT.min(options.patience);
        drop(server.migrated(patience).await?);
        let store = Store {
            server,
            connection: None,
            name: options.name.clone(),
            holder: uuid::Uuid::new_v4().simple().to_string(),
            limit: i32::try_from(options.limit).unwrap_or(i32::MAX),
            period: options.period,
        };
        SharedLimit::start(store, &options).await.map(Self)
    }

    /// Waits until the server knows how all requests so far ended. A process that ends
    /// without this leaves its last requests to be counted for as long as those of a
    /// process that dies.
    pub async fn flush(&self) {
        self.0.flush().await;
    }
}

impl RateLimiter for PostgresRateLimit {
    fn acquire(&self, max_flight: Duration) -> Acquire<'_> {
        self.0.acquire(max_flight)
    }

    fn close(&self, wait: Duration) {
        self.0.close(wait);
    }
}

impl fmt::Debug for PostgresRateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRateLimit").finish_non_exhaustive()
    }
}

struct Store {
    server: Postgres,
    /// Absent before the first message, and after a failure.
    connection: Option<(Client, Statement)>,
    name: String,
    /// Names the slots of this process.
    holder: String,
    limit: i32,
    period: Duration,
}

impl Store {
    async fn connected(&mut self) -> Result<(Client, Statement), Error> {
        // Absent unless this message succeeds: the next one uses another connection.
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let client = self.server.connect().await?;
        let statement = client.prepare(TAKE).await;
        let statement = statement.map_err(|error| failed(self.server.address(), &error))?;
        Ok((client, statement))
    }
}

impl Slots for Store {
    fn describe(&self) -> String {
        self.server.address().to_owned()
    }

    async fn exchange(&mut self, ask: &Ask) -> Result<Answer, Error> {
        let (client, statement) = self.connected().await?;
        let (numbers, afters): (Vec<i64>, Vec<i64>) = ask
            .ends
            .iter()
            .map(|(number, after)| (*number, micros(*after)))
            .unzip();
        let wanted = i32::try_from(ask.wanted).unwrap_or(i32::MAX);
        let (period, hold, blind) = (micros(self.period), micros(ask.hold), micros(ask.blind));
        let close = ask.close.map_or(0, micros);
        let parameters: [&(dyn ToSql + Sync); 11] = [
            &self.name,
            &self.limit,
            &period,
            &self.holder,
            &wanted,
            &ask.first,
            &hold,
            &blind,
            &close,
            &numbers,
            &afters,
        ];
        let row = client.query_one(&statement, &parameters).await;
        let row = row.map_err(|error| failed(self.server.address(), &error))?;
        self.connection = Some((client, statement));
        let (granted, wait): (i32, i64) = (row.get(0), row.get(1));
        let (Ok(granted), Ok(wait)) = (u32::try_from(granted), u64::try_from(wait)) else {
            let text = format!("{}: unexpected answer of heymarket_take", self.describe());
            return Err(Error::new(ErrorKind::Store, text));
        };
        Ok(Answer {
            granted,
            wait: Duration::from_micros(wait),
        })
    }
}
