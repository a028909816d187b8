//! Webhooks in: verified, stored, forwarded.

use std::time::{Duration, Instant};

use heymarket_api::webhook::Verifier;
use heymarket_sandbox::{Sandbox, Webhook};
use serde_json::json;

use crate::support::{PHONE, Upstream, World, bytes_of, start};

const WEBHOOK_TOKEN: &str = "canary-webhook-token";

fn delivery(id: i64, token: &str) -> String {
    json!({
        "type": "message_recieved", "id": 321, "token": token, "brand_new": [1],
        "event_data": {"id": id, "text": "canary text", "phone": PHONE, "status": "received"},
    })
    .to_string()
}

/// A gateway that forwards to a receiver.
async fn world(receiver: &Upstream) -> World {
    let url = receiver.url.clone();
    World::with(move |builder| builder.webhooks(Verifier::new(WEBHOOK_TOKEN), url)).await
}

async fn deliver(world: &World, body: &str) -> String {
    // A delivery has no bearer.
    let request = bytes_of("POST /webhooks", "", body);
    let request: String = request
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("Authorization"))
        .collect();
    let reply = world.raw(request).await;
    reply.get(9..12).unwrap_or_default().to_owned()
}

/// Waits until the receiver has a number of requests.
async fn received(receiver: &Upstream, count: usize) -> Vec<String> {
    let begun = Instant::now();
    while receiver.received().len() < count {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{:?}",
            receiver.received()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    receiver.received()
}

#[tokio::test]
async fn an_event_is_forwarded_once_and_unmodified() {
    let receiver = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let world = world(&receiver).await;
    let body = delivery(7, WEBHOOK_TOKEN);
    assert_eq!(deliver(&world, &body).await, "200");
    assert_eq!(deliver(&world, &body).await, "200");
    assert_eq!(deliver(&world, &delivery(8, WEBHOOK_TOKEN)).await, "200");
    let received = received(&receiver, 2).await;
    assert!(
        received[0].ends_with(&format!("\r\n\r\n{body}")),
        "{}",
        received[0]
    );
    assert!(
        received[0]
            .to_ascii_lowercase()
            .contains("idempotency-key: "),
        "{}",
        received[0]
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.received().len(), 2);
    let lines = world.log.lock().expect("the log").join("\n");
    assert!(
        !lines.contains("canary") && !lines.contains(PHONE),
        "{lines}"
    );
}

#[tokio::test]
async fn a_delivery_without_the_token_is_refused() {
    let receiver = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let world = world(&receiver).await;
    assert_eq!(deliver(&world, &delivery(7, "another-token")).await, "401");
    assert_eq!(deliver(&world, "[]").await, "400");
    assert_eq!(deliver(&world, "").await, "400");
    let get = bytes_of("GET /webhooks", "", "");
    assert!(world.raw(get).await.starts_with("HTTP/1.1 405"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(receiver.received().is_empty());
    // Without the option, the path is no route.
    let without = World::start().await;
    assert_eq!(deliver(&without, &delivery(7, WEBHOOK_TOKEN)).await, "401");
}

#[tokio::test]
async fn an_event_outlives_a_receiver_and_a_gateway_that_fail() {
    let broken = Upstream::answering("HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n").await;
    let world = world(&broken).await;
    let body = delivery(7, WEBHOOK_TOKEN);
    assert_eq!(deliver(&world, &body).await, "200");
    // The second attempt follows after a second.
    received(&broken, 2).await;
    let World {
        sandbox,
        gateway,
        folder,
        ..
    } = world;
    assert!(gateway.stop(Duration::from_secs(20)).await);

    let receiver = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let url = receiver.url.clone();
    let (builder, log) = crate::support::builder(sandbox.client());
    let builder = builder
        .ledger(folder.path().join("gateway.db"))
        .webhooks(Verifier::new(WEBHOOK_TOKEN), url);
    let gateway = start(builder).await;
    let forwarded = received(&receiver, 1).await;
    assert!(forwarded[0].ends_with(&body));
    let world = World {
        sandbox,
        gateway,
        folder,
        log,
    };
    assert_eq!(deliver(&world, &body).await, "200");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.received().len(), 1);
    let metrics = world.gateway.metrics();
    assert!(metrics.contains("heymarket_gateway_webhooks_total{result=\"duplicate\"} 1"));
}

#[tokio::test]
async fn a_sandbox_tells_a_receiver_through_the_gateway() {
    let receiver = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let client = sandbox.client();
    let url = receiver.url.clone();
    let world = World::of(sandbox, client, move |builder| {
        builder.webhooks(Verifier::new(WEBHOOK_TOKEN), url)
    })
    .await;
    let webhook = Webhook::new(format!("{}/webhooks", world.gateway.url()), WEBHOOK_TOKEN);
    world.sandbox.add_webhook(webhook).expect("a webhook");
    world
        .sandbox
        .inbound(41001, PHONE, "Where is my order?")
        .expect("a message");
    let received = received(&receiver, 1).await;
    assert!(
        received
            .iter()
            .any(|request| request.contains("Where is my order?"))
    );
}

#[tokio::test]
async fn an_event_is_stored_with_its_key_or_not_at_all() {
    let receiver = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let world = world(&receiver).await;
    // The key cannot be committed: as for a process that dies before it is.
    let ledger = world.folder.path().join("gateway.db");
    let ledger = rusqlite::Connection::open(ledger).expect("the ledger");
    let stop = "CREATE TRIGGER stop BEFORE UPDATE ON seen BEGIN SELECT RAISE(ABORT, 'stop'); END";
    ledger.execute_batch(stop).expect("a trigger");
    let body = delivery(7, WEBHOOK_TOKEN);
    assert_eq!(deliver(&world, &body).await, "503");
    ledger
        .execute_batch("DROP TRIGGER stop")
        .expect("no trigger");
    // The claim of the first delivery was released.
    assert_eq!(deliver(&world, &body).await, "200");
    received(&receiver, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.received().len(), 1);
}

/// Stores an event as a delivery does that ends before it wakes the forwarder.
fn store(world: &World, body: &str) {
    let ledger = world.folder.path().join("gateway.db");
    let ledger = rusqlite::Connection::open(ledger).expect("the ledger");
    let add = "INSERT INTO events (body, received, due) VALUES (?1, 1, 1)";
    let added = ledger.execute(add, [body.as_bytes()]);
    assert_eq!(added, Ok(1));
}

#[tokio::test]
async fn a_stored_event_is_forwarded_without_another() {
    let receiver = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let world = world(&receiver).await;
    assert_eq!(deliver(&world, &delivery(7, WEBHOOK_TOKEN)).await, "200");
    received(&receiver, 1).await;
    // Then the forwarder waits.
    tokio::time::sleep(Duration::from_millis(300)).await;
    store(&world, "stored");
    assert!(received(&receiver, 2).await[1].ends_with("stored"));
}

#[tokio::test]
async fn a_duplicate_wakes_the_forwarder() {
    let receiver = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let world = world(&receiver).await;
    let body = delivery(7, WEBHOOK_TOKEN);
    assert_eq!(deliver(&world, &body).await, "200");
    received(&receiver, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    store(&world, "stored");
    assert_eq!(deliver(&world, &body).await, "200");
    // Before the next look of the idle forwarder.
    let woken = tokio::time::timeout(Duration::from_secs(3), received(&receiver, 2)).await;
    assert!(woken.expect("a second event")[1].ends_with("stored"));
}

#[tokio::test]
async fn an_event_is_not_redirected_elsewhere() {
    let elsewhere = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let receiver = Upstream::answering(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url
    ))
    .await;
    let world = world(&receiver).await;
    assert_eq!(deliver(&world, &delivery(7, WEBHOOK_TOKEN)).await, "200");
    // It was not accepted, so it is posted again.
    received(&receiver, 2).await;
    assert!(elsewhere.received().is_empty());
}
