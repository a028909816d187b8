//! `gateway --shared-limit`: several gateways, one limit, and a store that stops.

use std::time::{Duration, Instant};

use heymarket_sandbox::{Deduplication, Sandbox};
use heymarket_stores::{LimitOptions, RedisRateLimit};

use crate::gateway::{Reply, TOKEN, gateway, home, send};
use crate::support::{Home, Live, Running};

const LIMIT: u32 = 3;

fn live() -> Live {
    let builder = Sandbox::builder().rate_limit(None);
    Live::of(builder.deduplication(Deduplication::None))
}

fn host(live: &Live, url: &str) -> Home {
    home(live).with("HEYMARKET_SHARED_LIMIT", url)
}

fn start(home: &Home, max_wait: &str) -> (Running, String) {
    let limit = LIMIT.to_string();
    let words = ["--requests-per-minute", &limit, "--max-wait", max_wait];
    gateway(home, &words)
}

#[track_caller]
fn reply(url: &str, key: &str) -> Reply {
    send(url, key, TOKEN).expect("an answer")
}

#[track_caller]
fn assert_not_sent(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{}", reply.body);
    assert_eq!(reply.outcome, "not-sent");
    assert_eq!(reply.body["code"], code);
}

fn two_gateways_share(url: &str) {
    let live = live();
    // A ledger has one gateway.
    let homes = [host(&live, url), host(&live, url)];
    let (first, first_url) = start(&homes[0], "3s");
    let (second, second_url) = start(&homes[1], "3s");
    for (url, key) in [(&first_url, "a"), (&second_url, "b"), (&first_url, "c")] {
        assert_eq!(reply(url, key).status, 200, "{key}");
    }
    for url in [&second_url, &first_url] {
        assert_not_sent(&reply(url, "d"), 429, "rate-limited");
    }
    assert_eq!(live.sandbox().sent().len(), LIMIT as usize);
    for gateway in [first, second] {
        assert_eq!(gateway.interrupt().code, Some(0));
    }
}

/// Declares a limit that was never used, which Redis could also have forgotten.
fn declare_unused(url: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let options = LimitOptions::per_minute(LIMIT).assume_unused();
    let limit = runtime.block_on(RedisRateLimit::connect_with(url, options));
    drop(limit.expect("a limit"));
}

#[test]
fn gateways_share_a_limit_in_postgres() {
    if let Some(database) = heymarket_test_services::postgres() {
        two_gateways_share(&database.url());
    }
}

#[test]
fn gateways_share_a_limit_in_redis() {
    if let Some(server) = heymarket_test_services::private_redis() {
        declare_unused(&server.url());
        two_gateways_share(&server.url());
    }
}

#[test]
fn without_its_postgres_a_gateway_sends_nothing() {
    let Some(mut server) = heymarket_test_services::private_postgres() else {
        return;
    };
    let live = live();
    let home = host(&live, &server.url());
    let (gateway, url) = start(&home, "9s");
    assert_eq!(reply(&url, "a").status, 200);
    server.stop_immediately();
    assert_not_sent(&reply(&url, "b"), 503, "rate-limiter");
    assert_eq!(live.sandbox().sent().len(), 1);
    server.start_again().expect("it starts");
    let begun = Instant::now();
    while reply(&url, "b").status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    assert_eq!(live.sandbox().sent().len(), 2);
    assert_eq!(gateway.interrupt().code, Some(0));
}

#[test]
fn without_its_redis_a_gateway_sends_nothing_and_stops() {
    let Some(mut server) = heymarket_test_services::private_redis() else {
        return;
    };
    declare_unused(&server.url());
    let live = live();
    let home = host(&live, &server.url());
    let (gateway, url) = start(&home, "9s");
    assert_eq!(reply(&url, "a").status, 200);
    server.kill();
    assert_not_sent(&reply(&url, "b"), 503, "rate-limiter");
    assert_eq!(live.sandbox().sent().len(), 1);
    let begun = Instant::now();
    let outcome = gateway.interrupt();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_unusable_shared_limit_is_an_error_without_its_url() {
    let gone = "postgres://robin:canary@127.0.0.1:1/limits";
    let live = Live::start();
    for (url, words, code, part) in [
        ("mysql://robin:canary@db", &[][..], 2, "begins with"),
        (gone, &["--max-wait", "1s"], 2, "at least 2s"),
        (gone, &[], 1, "at 127.0.0.1:1"),
        ("redis://robin:canary@127.0.0.1:1", &[], 1, "127.0.0.1:1"),
        (gone, &["--sandbox", "--shared-limit", gone], 2, "--sandbox"),
        ("", &["--shared-limit", gone], 1, "at 127.0.0.1:1"),
    ] {
        let words = [&["gateway", "--port", "0"], words].concat();
        let outcome = host(&live, url).run(&words);
        assert_eq!(outcome.code, Some(code), "{words:?}: {}", outcome.stderr);
        let text = outcome.stderr;
        assert!(text.contains(part), "{words:?}: {text}");
        assert!(!text.contains("canary"), "{words:?}: {text}");
    }
    // The sandbox has a limit of its own.
    let (gateway, _) = gateway(&host(&live, gone), &["--sandbox"]);
    assert_eq!(gateway.interrupt().code, Some(0));
}
