//! Servers that restart, forget or cannot be reached.

use std::time::{Duration, Instant};

use heymarket_api::{ErrorKind, RateLimiter as _};
use heymarket_stores::LimitOptions;
use heymarket_test_services::{self as services, Proxy};

use crate::support::{Api, Limit, client};

const PERIOD: Duration = Duration::from_secs(2);
const FLIGHT: Duration = Duration::from_millis(500);

/// What an unreported request counts for, at least.
const HOLD: Duration = Duration::from_millis(2500);

fn options() -> LimitOptions {
    LimitOptions::per_minute(4)
        .period(PERIOD)
        .patience(Duration::from_secs(1))
        .assume_unused()
}

async fn limit(url: &str) -> Limit {
    Limit::connect(url, options()).await.expect("a limit")
}

/// Takes the whole limit, for requests that no one reports.
async fn use_up(limit: &Limit) -> Instant {
    for _ in 0..4 {
        std::mem::forget(limit.acquire(FLIGHT).await.expect("a permit"));
    }
    Instant::now()
}

/// Returns how long a caller waits for a permit, until a bound of the test.
async fn next_permit(limit: &Limit) -> Duration {
    let start = Instant::now();
    loop {
        match limit.acquire(FLIGHT).await {
            Ok(permit) => {
                drop(permit);
                return start.elapsed();
            }
            Err(error) => assert!(start.elapsed() < Duration::from_secs(20), "{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_survive_a_crash_of_postgres() {
    let Some(mut server) = services::private_postgres() else {
        return;
    };
    let limit = limit(&server.url()).await;
    let used = use_up(&limit).await;
    server.stop_immediately();
    server.start_again().expect("it recovers");
    next_permit(&limit).await;
    assert!(used.elapsed() >= HOLD, "{:?}", used.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_postgres_starts_closed() {
    let Some(server) = services::private_postgres() else {
        return;
    };
    let limit = limit(&server.url()).await;
    drop(limit.acquire(FLIGHT).await.expect("a permit"));
    limit.flush().await;
    // The timeline of a server that was promoted differs from the one in the row.
    let update = "UPDATE heymarket_limits SET timeline = '000000AA'";
    server.execute(update).expect("an update");
    assert!(next_permit(&limit).await >= HOLD);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_of_postgres_set_back_closes_the_limit() {
    let Some(server) = services::private_postgres() else {
        return;
    };
    let limit = limit(&server.url()).await;
    use_up(&limit).await;
    // As if the clock had been an hour ahead.
    let update = "UPDATE heymarket_limits SET seen = seen + interval '1 hour'; \
        UPDATE heymarket_slots SET free_at = free_at + interval '1 hour'";
    server.execute(update).expect("an update");
    let waited = next_permit(&limit).await;
    assert!(waited >= HOLD, "{waited:?}");
    assert!(waited < Duration::from_secs(60), "{waited:?}");
}

async fn redis(url: &str) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client
        .get_multiplexed_async_connection()
        .await
        .expect("a connection")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flushed_redis_starts_closed() {
    let Some(server) = services::private_redis() else {
        return;
    };
    let limit = limit(&server.url()).await;
    use_up(&limit).await;
    server.flush().expect("a flush");
    let flushed = Instant::now();
    next_permit(&limit).await;
    assert!(flushed.elapsed() >= HOLD, "{:?}", flushed.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_redis_starts_closed() {
    let Some(mut server) = services::private_redis() else {
        return;
    };
    let limit = limit(&server.url()).await;
    drop(limit.acquire(FLIGHT).await.expect("a permit"));
    limit.flush().await;
    // The snapshot knows the limit, and not the requests after it.
    let save = redis::cmd("SAVE")
        .query_async::<()>(&mut redis(&server.url()).await)
        .await;
    save.expect("a snapshot");
    tokio::time::sleep(2 * PERIOD).await;
    use_up(&limit).await;
    server.kill();
    server.start_again().expect("it starts");
    let started = Instant::now();
    next_permit(&limit).await;
    assert!(
        started.elapsed() >= HOLD - Duration::from_millis(500),
        "{:?}",
        started.elapsed()
    );
}

/// The URL of a server behind a proxy.
fn behind(url: &str, port: u16, proxy: &Proxy) -> String {
    url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port()))
}

async fn an_unreachable_store_is_an_error(url: &str, port: u16) {
    let proxy = Proxy::start(port).expect("a proxy");
    let limit = limit(&behind(url, port, &proxy)).await;
    let api = Api::start().await;
    let client = client(api.url(), limit);
    client.list_inboxes().await.expect("a response");
    for cut in [Proxy::cut, Proxy::silence] {
        cut(&proxy);
        let start = Instant::now();
        let error = client.list_inboxes().await.expect_err("no store");
        let waited = start.elapsed();
        assert!(
            waited >= Duration::from_secs(1) && waited < Duration::from_secs(20),
            "{waited:?}"
        );
        assert_eq!(error.kind(), ErrorKind::RateLimiter);
        assert!(error.to_string().contains("not sent"), "{error}");
        assert!(!error.may_have_been_sent());
        let source = std::error::Error::source(&error)
            .expect("a cause")
            .to_string();
        assert!(
            source.contains("shared rate limit") && source.contains(" at 127.0.0.1:"),
            "{source}"
        );
        assert!(source.contains("failed for 1 s"), "{source}");
        proxy.mend();
        // The next try of the store may come later than a caller's patience of a second.
        let mended = Instant::now();
        while let Err(error) = client.list_inboxes().await {
            assert_eq!(error.kind(), ErrorKind::RateLimiter);
            assert!(mended.elapsed() < Duration::from_secs(20), "{error}");
        }
    }
    assert_eq!(api.arrivals().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_postgres_is_an_error() {
    let Some(server) = services::private_postgres() else {
        return;
    };
    an_unreachable_store_is_an_error(&server.url(), server.port()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_redis_is_an_error() {
    let Some(server) = services::private_redis() else {
        return;
    };
    an_unreachable_store_is_an_error(&server.url(), server.port()).await;
}

async fn a_silent_server_is_given_up(url: &str, port: u16) {
    let proxy = Proxy::start(port).expect("a proxy");
    proxy.silence();
    let start = Instant::now();
    let connected = Limit::connect(&behind(url, port, &proxy), options()).await;
    let error = connected.err().expect("no response");
    assert_eq!(error.kind(), heymarket_stores::ErrorKind::Unreachable);
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    assert!(waited < Duration::from_secs(20), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_postgres_is_given_up() {
    let Some(server) = services::private_postgres() else {
        return;
    };
    a_silent_server_is_given_up(&server.url(), server.port()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_redis_is_given_up() {
    let Some(server) = services::private_redis() else {
        return;
    };
    a_silent_server_is_given_up(&server.url(), server.port()).await;
}
