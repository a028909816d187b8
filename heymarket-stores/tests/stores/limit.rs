//! The contract of limiters, and what two clients share.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use heymarket_api::{Client, RateLimiter as _, check_rate_limiter};
use heymarket_stores::{LimitOptions, PostgresRateLimit, RedisRateLimit};

use crate::support::{Api, Store, client};

const PERIOD: Duration = Duration::from_secs(2);
const FLIGHT: Duration = Duration::from_millis(500);

/// A busy machine resumes a task this late.
const SLACK: Duration = Duration::from_millis(800);

fn options(store: &Store, limit: u32) -> LimitOptions {
    LimitOptions::per_minute(limit)
        .name(store.name("limit"))
        .period(PERIOD)
        .assume_unused()
}

async fn keeps_the_contract(store: Option<Store>) {
    let Some(store) = store else { return };
    let count = Cell::new(0);
    let checked = check_rate_limiter(5, PERIOD, SLACK, async || {
        count.set(count.get() + 1);
        let name = store.name(&count.get().to_string());
        store.limit(options(&store, 5).name(name)).await
    });
    checked.await.expect("the contract");
}

#[tokio::test]
async fn the_limit_in_postgres_keeps_the_contract() {
    keeps_the_contract(Store::postgres()).await;
}

#[tokio::test]
async fn the_limit_in_redis_keeps_the_contract() {
    keeps_the_contract(Store::redis()).await;
}

async fn a_flight_may_have_no_end(store: Option<Store>) {
    let Some(store) = store else { return };
    let limit = store.limit(options(&store, 5)).await;
    drop(limit.acquire(Duration::MAX).await.expect("a permit"));
}

#[tokio::test]
async fn a_flight_in_postgres_may_have_no_end() {
    a_flight_may_have_no_end(Store::postgres()).await;
}

#[tokio::test]
async fn a_flight_in_redis_may_have_no_end() {
    a_flight_may_have_no_end(Store::redis()).await;
}

async fn call(client: Client) {
    client.list_inboxes().await.expect("a response");
}

async fn clients_share_one_limit(store: Option<Store>) {
    let Some(store) = store else { return };
    let api = Api::start().await;
    let mut callers = Vec::new();
    for _ in 0..8 {
        let client = client(api.url(), store.limit(options(&store, 40)).await);
        callers.push(tokio::spawn(async move {
            let start = Instant::now();
            let mut sent = 0;
            // Many callers of a process wait at any time.
            while start.elapsed() < 5 * PERIOD {
                let calls: Vec<_> = (0..10)
                    .map(|_| tokio::spawn(call(client.clone())))
                    .collect();
                for call in calls {
                    call.await.expect("no panic");
                    sent += 1;
                }
            }
            sent
        }));
    }
    let mut sent = Vec::new();
    for caller in callers {
        sent.push(caller.await.expect("no panic"));
    }
    api.assert_limit(40, PERIOD);
    let (least, most) = (sent.iter().min(), sent.iter().max());
    let total: usize = sent.iter().sum();
    // A busy machine uses three periods of five.
    assert!(total >= 120, "the limit is used: {sent:?}");
    // A few periods are too short for equal parts.
    assert!(
        least >= Some(&10) && most <= Some(&(total / 2)),
        "each gets a part: {sent:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_share_one_limit_in_postgres() {
    clients_share_one_limit(Store::postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_share_one_limit_in_redis() {
    clients_share_one_limit(Store::redis()).await;
}

async fn a_429_holds_all(store: Option<Store>) {
    let Some(store) = store else { return };
    let api = Api::start().await;
    let limit = store.limit(options(&store, 40)).await;
    let one = client(api.url(), limit.clone());
    let other = client(api.url(), store.limit(options(&store, 40)).await);
    api.counted.refuses.store(true, Ordering::Relaxed);
    let start = Instant::now();
    let refused = one.with_options(|options| options.retry_rate_limited(false));
    let error = refused.list_inboxes().await.expect_err("a 429");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(429));
    // The store knows of it by then.
    limit.flush().await;
    other.list_inboxes().await.expect("a response");
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_429_seen_by_one_holds_all_in_postgres() {
    a_429_holds_all(Store::postgres()).await;
}

#[tokio::test]
async fn a_429_seen_by_one_holds_all_in_redis() {
    a_429_holds_all(Store::redis()).await;
}

async fn a_dead_slot_frees_itself(store: Option<Store>) {
    let Some(store) = store else { return };
    let flight = 2 * PERIOD;
    let dead = store.limit(options(&store, 3)).await;
    for _ in 0..3 {
        // Like a process that is killed: no one says how the request ended.
        std::mem::forget(dead.acquire(flight).await.expect("a permit"));
    }
    let start = Instant::now();
    let alive = store.limit(options(&store, 3)).await;
    let permit = alive.acquire(FLIGHT).await.expect("a permit");
    let waited = start.elapsed();
    drop(permit);
    // A slot also counts for as long as a message to the store may take.
    assert!(waited >= flight + PERIOD - SLACK, "{waited:?}");
    assert!(waited <= 3 * (flight + PERIOD), "{waited:?}");
}

#[tokio::test]
async fn a_dead_slot_frees_itself_in_postgres() {
    a_dead_slot_frees_itself(Store::postgres()).await;
}

#[tokio::test]
async fn a_dead_slot_frees_itself_in_redis() {
    a_dead_slot_frees_itself(Store::redis()).await;
}

async fn a_flush_reports_what_was_sent(store: Option<Store>) {
    let Some(store) = store else { return };
    let api = Api::start().await;
    let flight = 2 * PERIOD;
    let named = |name| options(&store, 1).name(store.name(name));
    // A request that no one reports counts for its flight as well.
    let dead = store.limit(named("dead")).await;
    std::mem::forget(dead.acquire(flight).await.expect("a permit"));
    let limit = store.limit(named("flushed")).await;
    let client = client(api.url(), limit.clone());
    call(client.with_options(|options| options.timeout(flight))).await;
    limit.flush().await;
    let (flushed, unreported) = (
        store.limit(named("flushed")).await,
        store.limit(named("dead")).await,
    );
    tokio::select! {
        permit = flushed.acquire(FLIGHT) => drop(permit.expect("a permit")),
        _ = unreported.acquire(FLIGHT) => panic!("it counts as long as one that no one reports"),
    }
}

#[tokio::test]
async fn a_flush_reports_what_was_sent_to_postgres() {
    a_flush_reports_what_was_sent(Store::postgres()).await;
}

#[tokio::test]
async fn a_flush_reports_what_was_sent_to_redis() {
    a_flush_reports_what_was_sent(Store::redis()).await;
}

#[tokio::test]
async fn a_redis_without_a_history_starts_closed() {
    let Some(store) = Store::redis() else { return };
    let options = LimitOptions::per_minute(5)
        .name(store.name("new"))
        .period(PERIOD);
    let start = Instant::now();
    let limit = store.limit(options).await;
    drop(limit.acquire(FLIGHT).await.expect("a permit"));
    assert!(start.elapsed() >= PERIOD + FLIGHT, "{:?}", start.elapsed());
}

#[tokio::test]
async fn bad_urls_are_errors_without_the_password() {
    for url in [
        "postgres://user:hunter2@",
        "postgres://u:hunter2@h/d?port=x",
        "postgres+ssl://u:hunter2@h/d?sslmode=require",
        "nonsense",
    ] {
        let error = PostgresRateLimit::connect(url, 500).await.expect_err(url);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    for url in ["redis://:hunter2@:x/", "nonsense"] {
        let error = RedisRateLimit::connect(url, 500).await.expect_err(url);
        assert_eq!(error.kind(), heymarket_stores::ErrorKind::Configuration);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let refused = PostgresRateLimit::connect("postgres://u:hunter2@127.0.0.1:1/d", 500).await;
    let error = refused.expect_err("a closed port");
    assert_eq!(error.kind(), heymarket_stores::ErrorKind::Unreachable);
    assert!(
        error.to_string().starts_with("PostgreSQL at 127.0.0.1:1: "),
        "{error}"
    );
}
