//! One of many processes that send, until it is stopped or killed.

use std::time::Duration;

use heymarket_api::{Acquire, Client, Credentials, RateLimit, RateLimiter};
use heymarket_outbox::Outbox;
use heymarket_sandbox::API_KEY;
use heymarket_stores::{LimitOptions, PostgresRateLimit, RedisRateLimit};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Failed;
use crate::counts::LIMIT;
use crate::time::FastClock;

/// The environment of the process: a [`Worker`] as JSON.
pub(crate) const CHILD: &str = "OUTBOX_BENCH_WORKER";

/// What an outbox has by default, by the sandbox's clock. A shorter lease than a
/// second does not exist.
const LEASE: Duration = Duration::from_secs(30);

/// What a limit has by default, by the sandbox's clock.
const PERIOD: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a worker pauses that ended with an error, by the machine's clock.
const PAUSE: Duration = Duration::from_millis(100);

/// What a process has to know.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Worker {
    pub(crate) api: String,
    pub(crate) start: Timestamp,
    pub(crate) anchor: Timestamp,
    pub(crate) scale: u32,
    /// The URL of the ledger's database.
    pub(crate) ledger: String,
    /// The URL of the limit's store.
    pub(crate) limit: String,
}

/// The options of the limit at the speed of time: the stores count by the machine's
/// clock.
pub(crate) fn options(scale: u32) -> LimitOptions {
    LimitOptions::per_minute(u32::try_from(LIMIT).unwrap_or(u32::MAX))
        .period(PERIOD / scale)
        .patience(PATIENCE / scale)
}

/// Sends until SIGTERM. After an error it begins again, as a supervisor would have
/// it.
pub(crate) async fn run(worker: &str) -> Result<(), Failed> {
    let worker: Worker = serde_json::from_str(worker)?;
    let mut stop = signal(SignalKind::terminate())?;
    while let Err(error) = worker.send(&mut stop).await {
        // Expected while a store is away.
        if std::env::var_os("OUTBOX_BENCH_ERRORS").is_some() {
            println!("a worker begins again: {error}");
        }
        tokio::select! {
            _ = stop.recv() => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    Ok(())
}

impl Worker {
    async fn send(&self, stop: &mut Signal) -> Result<(), Failed> {
        let clock = FastClock::new(self.start, self.anchor, self.scale);
        let outbox = Outbox::connect(&self.ledger).await?;
        let outbox = outbox.clock(clock).lease(LEASE / self.scale);
        let limit = Limit::connect(&self.limit, self.scale).await?;
        let client = Client::builder(Credentials::api_key(API_KEY))
            .base_url(&self.api)
            .clock(clock)
            .rate_limit(RateLimit::custom(limit.clone()))
            .build()?;
        let mut run = outbox.work(&client);
        loop {
            tokio::select! {
                event = run.next() => match event {
                    Some(event) => drop(event?),
                    None => break,
                },
                _ = stop.recv() => run.stop(),
            }
        }
        limit.flush().await;
        Ok(())
    }
}

/// A shared limit whose durations are divided by the speed of time.
#[derive(Clone)]
struct Limit {
    store: Store,
    scale: u32,
}

#[derive(Clone)]
enum Store {
    Postgres(PostgresRateLimit),
    Redis(RedisRateLimit),
}

impl Limit {
    async fn connect(url: &str, scale: u32) -> Result<Self, Failed> {
        let options = options(scale);
        let store = if url.starts_with("redis:") {
            Store::Redis(RedisRateLimit::connect_with(url, options).await?)
        } else {
            Store::Postgres(PostgresRateLimit::connect_with(url, options).await?)
        };
        Ok(Self { store, scale })
    }

    async fn flush(&self) {
        match &self.store {
            Store::Postgres(limit) => limit.flush().await,
            Store::Redis(limit) => limit.flush().await,
        }
    }
}

impl RateLimiter for Limit {
    fn acquire(&self, max_flight: Duration) -> Acquire<'_> {
        match &self.store {
            Store::Postgres(limit) => limit.acquire(max_flight / self.scale),
            Store::Redis(limit) => limit.acquire(max_flight / self.scale),
        }
    }

    fn close(&self, wait: Duration) {
        match &self.store {
            Store::Postgres(limit) => limit.close(wait / self.scale),
            Store::Redis(limit) => limit.close(wait / self.scale),
        }
    }
}
