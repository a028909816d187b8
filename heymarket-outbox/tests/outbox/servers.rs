use std::collections::HashMap;
use std::time::Duration;

use heymarket_api::Clock as _;
use heymarket_outbox::{ErrorKind, Outbox, State};
use heymarket_sandbox::{Fault, Rule};
use heymarket_test_services::{Proxy, private_postgres};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use crate::support::{
    FastClock, Fixture, Place, batch, builder, client, open, received, recipients, run,
};
use crate::workers::{assert_once, resending};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_server_loses_and_doubles_nothing() {
    const COUNT: usize = 600;
    let Some(mut server) = private_postgres() else {
        return;
    };
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(20);
    let sandbox = builder().rule(slow).start().await.expect("a sandbox");
    let clock = FastClock::new(&Timestamp::now().to_string(), 100);
    let outbox = open(&server.url()).await.clock(clock.clone());
    outbox
        .plan(&resending("a"), recipients(COUNT))
        .await
        .expect("a plan");
    let mut workers = JoinSet::new();
    for _ in 0..2 {
        let outbox = open(&server.url()).await.clock(clock.clone());
        let client = client(sandbox.url(), clock.clone());
        workers.spawn(async move { run(&outbox, &client).await.1 });
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        server.stop_immediately();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.start_again().expect("a server");
    }
    while let Some(error) = workers.join_next().await {
        let error = error.expect("a worker");
        assert!(error.is_none(), "{error:?}");
    }
    let counts = outbox.status("a").await.expect("a batch").counts;
    assert_eq!(counts.of(State::Sent), COUNT as u64, "{counts}");
    let received = received(&sandbox);
    assert_eq!(received.len(), COUNT);
    assert!(received.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_network_loses_and_doubles_nothing() {
    const COUNT: usize = 400;
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(20);
    let fixture = Fixture::with(builder().rule(slow)).await;
    let (proxy, behind) = through_a_proxy(&fixture);
    fixture.plan(&resending("a"), recipients(COUNT)).await;
    let outbox = open(&behind).await.clock(fixture.clock.clone());
    let client = fixture.client.clone();
    let working = tokio::spawn(async move { run(&outbox, &client).await.1 });
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(150)).await;
        proxy.mend();
    }
    let error = working.await.expect("a worker");
    assert!(error.is_none(), "{error:?}");
    assert_once(&fixture, COUNT);
    assert_eq!(fixture.counts("a").await.of(State::Sent), COUNT as u64);
}

/// A proxy to the database, and its URL through it.
fn through_a_proxy(fixture: &Fixture) -> (Proxy, String) {
    let url = fixture.place.name();
    let (_, rest) = url.rsplit_once(':').expect("a port");
    let (port, _) = rest.split_once('/').expect("a database");
    let proxy = Proxy::start(port.parse().expect("a port")).expect("a proxy");
    let behind = url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port()));
    (proxy, behind)
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_start_together_create_one_outbox() {
    let place = Place::new();
    let mut starts = JoinSet::new();
    for _ in 0..8 {
        let url = place.name();
        starts.spawn(async move { Outbox::connect(&url).await });
    }
    while let Some(outbox) = starts.join_next().await {
        let outbox = outbox.expect("a start").expect("an outbox");
        assert!(outbox.batches().await.expect("batches").is_empty());
    }
}

/// Runs SQL in the database of an outbox.
pub(crate) fn execute(place: &Place, sql: &str) {
    let Place::Database(database) = place else {
        panic!("no database");
    };
    database.execute(sql).expect("SQL");
}

#[tokio::test]
async fn a_newer_outbox_is_refused_and_left_alone() {
    let place = Place::new();
    drop(open(&place.name()).await);
    let newer = "INSERT INTO heymarket_outbox.migrations (version) VALUES (99)";
    execute(&place, newer);
    let error = Outbox::connect(&place.name()).await.expect_err("newer");
    assert_eq!(error.kind(), ErrorKind::Database);
    let text = error.to_string();
    assert!(text.contains("has version 99"), "{text}");
    assert!(text.contains("use a newer program"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_away_is_named_without_a_password() {
    let url = "postgres://robin:canary@127.0.0.1:1/texts";
    let error = Outbox::connect(url).await.expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let text = format!("{error} {error:?}");
    assert!(text.contains("\"texts\" at 127.0.0.1:1"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_written_after_a_lease_is_taken_back() {
    const COUNT: usize = 600;
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(COUNT)).await;
    let (proxy, behind) = through_a_proxy(&fixture);
    let outbox = open(&behind).await.clock(fixture.clock.clone());
    let client = fixture.client.clone();
    let working = tokio::spawn(async move { run(&outbox, &client).await.1 });
    while fixture.received().len() < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The server's answers come late. A lease is a second, and 100 seconds by the
    // clock of the test.
    proxy.silence();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    proxy.mend();
    let (released, by_clock) = (Timestamp::now(), fixture.clock.now());
    let error = working.await.expect("a worker");
    assert!(error.is_none(), "{error:?}");
    assert_once(&fixture, COUNT);
    let rows = fixture.rows("a").await;
    assert!(rows.iter().all(|row| row.attempts == 1));
    let attempted: HashMap<_, _> = rows
        .into_iter()
        .map(|row| (row.phone, row.attempted.expect("a time")))
        .collect();
    let late = fixture.sandbox.sent().into_iter();
    let late = late.filter(|message| message.date > released - SignedDuration::from_millis(100));
    let mut count = 0;
    for message in late {
        let before = by_clock.duration_since(attempted[&Some(message.address)]);
        assert!(before < SignedDuration::from_secs(105), "{before}");
        count += 1;
    }
    assert!(count > 0, "all were sent before");
}
