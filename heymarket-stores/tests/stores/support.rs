//! A server that counts requests, and limits on both stores.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use heymarket_api::{Acquire, Client, Credentials, RateLimit, RateLimiter};
use heymarket_stores::{Error, LimitOptions, PostgresRateLimit, RedisRateLimit};
use heymarket_test_services::{self as services, Database, RedisKeys};
use tokio::net::TcpListener;

/// A limit on either store.
#[derive(Clone)]
pub(crate) enum Limit {
    Postgres(PostgresRateLimit),
    Redis(RedisRateLimit),
}

impl Limit {
    /// Connects to the store of a URL.
    pub(crate) async fn connect(url: &str, options: LimitOptions) -> Result<Self, Error> {
        Ok(if url.starts_with("redis") {
            Self::Redis(RedisRateLimit::connect_with(url, options).await?)
        } else {
            Self::Postgres(PostgresRateLimit::connect_with(url, options).await?)
        })
    }

    pub(crate) async fn flush(&self) {
        match self {
            Self::Postgres(limit) => limit.flush().await,
            Self::Redis(limit) => limit.flush().await,
        }
    }
}

impl RateLimiter for Limit {
    fn acquire(&self, max_flight: Duration) -> Acquire<'_> {
        match self {
            Self::Postgres(limit) => limit.acquire(max_flight),
            Self::Redis(limit) => limit.acquire(max_flight),
        }
    }

    fn close(&self, wait: Duration) {
        match self {
            Self::Postgres(limit) => limit.close(wait),
            Self::Redis(limit) => limit.close(wait),
        }
    }
}

/// A shared server, and what a test has of it.
pub(crate) enum Store {
    Postgres(Database),
    Redis(RedisKeys),
}

impl Store {
    pub(crate) fn postgres() -> Option<Self> {
        services::postgres().map(Self::Postgres)
    }

    pub(crate) fn redis() -> Option<Self> {
        services::redis().map(Self::Redis)
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Postgres(database) => database.url(),
            Self::Redis(keys) => keys.url().to_owned(),
        }
    }

    /// Returns a name of limits that no other test has.
    pub(crate) fn name(&self, suffix: &str) -> String {
        match self {
            Self::Postgres(_) => suffix.to_owned(),
            Self::Redis(keys) => format!("{}:{suffix}", keys.prefix()),
        }
    }

    /// Connects one more process to a limit.
    pub(crate) async fn limit(&self, options: LimitOptions) -> Limit {
        Limit::connect(&self.url(), options).await.expect("a limit")
    }
}

/// What a test shares with the handler of its server.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) arrivals: Mutex<Vec<Instant>>,
    /// Answers the next request with a 429.
    pub(crate) refuses: AtomicBool,
    /// Leaves some requests without a response.
    pub(crate) is_unreliable: AtomicBool,
}

/// A server that records when requests arrive.
pub(crate) struct Api {
    url: String,
    pub(crate) counted: Arc<Counted>,
}

impl Api {
    pub(crate) async fn start() -> Self {
        let counted = Arc::new(Counted::default());
        let router = Router::new()
            .fallback(count)
            .with_state(Arc::clone(&counted));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url: format!("http://{address}"),
            counted,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn arrivals(&self) -> Vec<Instant> {
        let mut arrivals = self.counted.arrivals.lock().expect("no panic").clone();
        arrivals.sort_unstable();
        arrivals
    }

    /// Checks that no period has more requests than the limit.
    pub(crate) fn assert_limit(&self, limit: usize, period: Duration) {
        let arrivals = self.arrivals();
        for window in arrivals.windows(limit + 1) {
            let apart = window[limit] - window[0];
            assert!(apart >= period, "{} requests within {apart:?}", limit + 1);
        }
    }
}

async fn count(State(counted): State<Arc<Counted>>) -> Response {
    let number = {
        let mut arrivals = counted.arrivals.lock().expect("no panic");
        arrivals.push(Instant::now());
        arrivals.len()
    };
    if counted.refuses.swap(false, Ordering::Relaxed) {
        return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")]).into_response();
    }
    if counted.is_unreliable.load(Ordering::Relaxed) && number % 9 == 0 {
        // Longer than a client waits.
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    "[]".into_response()
}

/// The connect timeout and the attempt timeout of the test's clients.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(250);

/// A client whose requests are in flight for half a second at most.
pub(crate) fn client(url: &str, limit: impl RateLimiter) -> Client {
    let client = Client::builder(Credentials::api_key("invented"))
        .base_url(url)
        .connect_timeout(TIMEOUT)
        .timeout(TIMEOUT)
        .rate_limit(RateLimit::custom(limit))
        .build()
        .expect("a client");
    client.with_options(|options| options.max_retries(0))
}
