//! `Idempotency-Key`.

use std::time::Duration;

use heymarket_gateway::{Gateway, Token};
use heymarket_sandbox::{Fault, Rule};
use http::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::support::{TOKEN, World, bytes_of, message, request, start};

fn rule(fault: Fault) -> Rule {
    Rule::new(fault).operation("send_message")
}

/// Starts a world whose API has a fault.
async fn world_with(rule: Rule) -> World {
    let world = World::start().await;
    world.sandbox.add_rule(rule).expect("a rule");
    world
}

#[tokio::test]
async fn the_same_key_gets_the_recorded_answer() {
    let world = World::start().await;
    let first = world.send("order-7", "Hi").await;
    assert_eq!((first.status, first.outcome()), (200, "done"));
    assert_eq!(first.header("x-heymarket-local-id"), Some("order-7"));
    assert_eq!(first.header("x-heymarket-replayed"), None);
    let again = world.send("\"order-7\"", "Hi").await;
    assert_eq!((again.status, again.outcome()), (200, "done"));
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_eq!(again.header("x-heymarket-replayed"), Some("true"));
    assert_eq!(again.header("x-heymarket-attempts"), Some("0"));
    assert_eq!(again.header("x-heymarket-local-id"), Some("order-7"));
    assert_eq!(world.send("order-8", "Hi").await.status, 200);
    assert_eq!(world.sent(), ["Hi", "Hi"]);
    let local_ids: Vec<_> = world
        .sandbox
        .sent()
        .iter()
        .map(|sent| sent.local_id.clone())
        .collect();
    assert_eq!(local_ids, ["order-7", "order-8"]);
}

#[tokio::test]
async fn a_recorded_answer_survives_a_restart() {
    let world = World::start().await;
    let first = world.send("order-7", "Hi").await;
    let World {
        sandbox,
        gateway,
        folder,
        ..
    } = world;
    assert!(gateway.stop(Duration::from_secs(20)).await);
    let ledger = folder.path().join("gateway.db");
    let token = Token::new(TOKEN).expect("a token");
    let gateway = start(Gateway::builder(sandbox.client(), token).ledger(ledger)).await;
    let body = message("Hi").to_string();
    let headers = [("idempotency-key", "order-7")];
    let again = request(&gateway, Method::POST, "/v1/message/send", &body, &headers).await;
    assert_eq!(again.body, first.body);
    assert_eq!(sandbox.sent().len(), 1);
}

#[tokio::test]
async fn a_key_of_another_account_is_another_request() {
    let world = World::with(|builder| builder.account("staging")).await;
    let World {
        sandbox,
        gateway,
        folder,
        ..
    } = world;
    let body = message("Hi").to_string();
    let headers = [("idempotency-key", "order-7")];
    let send = async |gateway: &Gateway| {
        request(gateway, Method::POST, "/v1/message/send", &body, &headers).await
    };
    assert_eq!(send(&gateway).await.outcome(), "done");
    assert!(gateway.stop(Duration::from_secs(20)).await);
    for (account, status) in [(Some("live"), 422), (None, 422), (Some("staging"), 200)] {
        let token = Token::new(TOKEN).expect("a token");
        let ledger = folder.path().join("gateway.db");
        let mut builder = Gateway::builder(sandbox.client(), token).ledger(ledger);
        if let Some(account) = account {
            builder = builder.account(account);
        }
        let gateway = start(builder).await;
        let reply = send(&gateway).await;
        assert_eq!(reply.status, status, "{account:?}");
        if status == 422 {
            assert_eq!(reply.problem(), "another-request");
        }
        assert!(gateway.stop(Duration::from_secs(20)).await);
    }
    assert_eq!(sandbox.sent().len(), 1);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_a_422() {
    let world = World::start().await;
    world.send("order-7", "Hi").await;
    for body in [message("Bye").to_string(), format!(" {}", message("Hi"))] {
        let headers = [("idempotency-key", "order-7")];
        let reply = world.post_with("/v1/message/send", &body, &headers).await;
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (422, "another-request")
        );
    }
    let body = json!({"inbox_id": 41001, "chat_id": 9920, "user_id": 50001}).to_string();
    let headers = [("idempotency-key", "order-7")];
    let reply = world
        .post_with("/v1/conversations/close", &body, &headers)
        .await;
    assert_eq!(reply.status, 422);
    assert_eq!(world.sent(), ["Hi"]);
}

#[tokio::test]
async fn a_key_under_way_is_a_409() {
    let world = world_with(rule(Fault::Delay).delay_ms(1500)).await;
    let (first, second, other) = tokio::join!(
        world.send("order-7", "Hi"),
        world.send("order-7", "Hi"),
        async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            world.send("order-7", "Bye").await
        }
    );
    let (sent, refused) = if first.status == 200 {
        (first, second)
    } else {
        (second, first)
    };
    assert_eq!(sent.status, 200);
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (409, "under-way")
    );
    assert!(refused.header("retry-after").is_some());
    assert_eq!(other.status, 422);
    assert_eq!(world.sent(), ["Hi"]);
}

#[tokio::test]
async fn a_hundred_requests_with_one_key_send_once() {
    let world = world_with(rule(Fault::Delay).delay_ms(20)).await;
    let sends = (0..100).map(|_| world.send("order-7", "Hi"));
    let mut statuses = Vec::new();
    let mut tasks: Vec<_> = sends.map(Box::pin).collect();
    for task in &mut tasks {
        statuses.push(tokio::time::timeout(Duration::from_millis(1), task).await);
    }
    for (task, status) in tasks.into_iter().zip(statuses) {
        let reply = match status {
            Ok(reply) => reply,
            Err(_) => task.await,
        };
        assert!(matches!(reply.status, 200 | 409), "{reply:?}");
    }
    assert_eq!(world.sent(), ["Hi"]);
}

#[tokio::test]
async fn a_refused_request_frees_its_key() {
    let world = world_with(rule(Fault::Status).status(403).nth(1)).await;
    let refused = world.send("order-7", "Hi").await;
    assert_eq!((refused.status, refused.outcome()), (403, "not-sent"));
    let sent = world.send("order-7", "Hello").await;
    assert_eq!((sent.status, sent.outcome()), (200, "done"));
    assert_eq!(world.sent(), ["Hello"]);
}

#[tokio::test]
async fn a_lost_answer_is_found_in_the_history() {
    let world = world_with(rule(Fault::CloseAfter).nth(1)).await;
    let lost = world.send("order-7", "Hi").await;
    assert_eq!((lost.status, lost.outcome()), (502, "unknown"));
    let found = world.send("order-7", "Hi").await;
    assert_eq!((found.status, found.outcome()), (200, "done"), "{found:?}");
    assert_eq!(found.json()["id"], world.sandbox.sent()[0].id);
    assert!(found.json()["date"].is_string());
    let again = world.send("order-7", "Hi").await;
    assert_eq!(again.body, found.body);
    assert_eq!(world.sent(), ["Hi"]);
}

#[tokio::test]
async fn a_message_that_is_not_found_is_not_sent_again() {
    let world = world_with(rule(Fault::CloseBefore).nth(1)).await;
    assert_eq!(world.send("order-7", "Hi").await.outcome(), "unknown");
    for _ in 0..2 {
        let reply = world.send("order-7", "Hi").await;
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (409, "outcome-unknown")
        );
        assert_eq!(reply.outcome(), "unknown");
    }
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_message_that_is_older_than_the_request_is_not_its_own() {
    for (minutes, status) in [(9, 200), (11, 409)] {
        let world = world_with(rule(Fault::CloseAfter).nth(1)).await;
        assert_eq!(world.send("order-7", "Hi").await.outcome(), "unknown");
        // As if the key had expired, and a later request had used it again.
        let ledger = world.folder.path().join("gateway.db");
        let ledger = rusqlite::Connection::open(ledger).expect("the ledger");
        let later = "UPDATE keys SET begun = begun + ?1";
        let changed = ledger.execute(later, [minutes * 60_000]);
        assert_eq!(changed, Ok(1));
        let reply = world.send("order-7", "Hi").await;
        assert_eq!(reply.status, status, "{minutes} min: {reply:?}");
        if status == 409 {
            assert_eq!(reply.problem(), "outcome-unknown");
        }
        assert_eq!(world.sent(), ["Hi"]);
    }
}

#[tokio::test]
async fn a_send_with_an_unknown_outcome_is_not_sent_again() {
    let world = World::start().await;
    for operation in ["send_email", "update_scheduled_message"] {
        // More often than the client itself tries.
        let close = Rule::new(Fault::CloseBefore).operation(operation);
        world.sandbox.add_rule(close).expect("a rule");
    }
    let email = json!({
        "inbox": 41001, "creator_id": 50001, "targets": ["to:ada@example.com"], "text": "Hi",
    });
    let scheduled = json!({"content": {"text": "Hi"}});
    for (method, path, body) in [
        (Method::POST, "/v1/email/send", email),
        (Method::PUT, "/v1/schedule/1", scheduled),
    ] {
        let headers = [("idempotency-key", path)];
        let body = body.to_string();
        let send = || request(&world.gateway, method.clone(), path, &body, &headers);
        assert_eq!(send().await.outcome(), "unknown", "{path}");
        let sent = world.sandbox.requests().len();
        let again = send().await;
        assert_eq!(
            (again.status, again.problem().as_str()),
            (409, "outcome-unknown"),
            "{path}"
        );
        assert_eq!(world.sandbox.requests().len(), sent, "{path}");
    }
}

#[tokio::test]
async fn operations_that_may_repeat_are_sent_again() {
    let world = World::start().await;
    let close = Rule::new(Fault::CloseAfter).operation("close_conversation");
    // The client itself tries three times.
    world.sandbox.add_rule(close.times(3)).expect("a rule");
    let create = Rule::new(Fault::CloseAfter).operation("create_contact");
    world.sandbox.add_rule(create).expect("a rule");
    let post = async |path: &str, body: serde_json::Value| {
        let headers = [("idempotency-key", "k-1")];
        world.post_with(path, &body.to_string(), &headers).await
    };
    let close = json!({"inbox_id": 41001, "chat_id": 9920, "user_id": 50001});
    assert_eq!(
        post("/v1/conversations/close", close.clone())
            .await
            .outcome(),
        "unknown"
    );
    let again = post("/v1/conversations/close", close).await;
    assert_eq!(again.outcome(), "done", "{again:?}");

    let post = async |body: serde_json::Value| {
        let headers = [("idempotency-key", "k-2")];
        world
            .post_with("/v1/contact", &body.to_string(), &headers)
            .await
    };
    let create = json!({"phone": "15550100177", "first": "Invented"});
    assert_eq!(post(create.clone()).await.outcome(), "unknown");
    assert_eq!(post(create).await.problem(), "outcome-unknown");
}

#[tokio::test]
async fn reads_take_no_key() {
    let world = World::start().await;
    let headers = [("idempotency-key", "k-1")];
    for path in ["/v1/contacts/count", "/v1/conversations/count"] {
        let reply = world.post_with(path, "{}", &headers).await;
        assert_eq!(reply.header("x-heymarket-replayed"), None);
        assert_ne!(reply.status, 422);
    }
}

#[tokio::test]
async fn bad_keys_are_refused() {
    let world = World::start().await;
    let reply = world.send("a b", "Hi").await;
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (400, "idempotency-key")
    );
    let twice = bytes_of(
        "POST /v1/message/send",
        "Idempotency-Key: a\r\nIdempotency-Key: b\r\n",
        &message("Hi").to_string(),
    );
    assert!(world.raw(twice).await.starts_with("HTTP/1.1 400"));
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn the_answer_is_recorded_when_the_caller_is_gone() {
    let world = world_with(rule(Fault::SlowDrip).delay_ms(800)).await;
    let bytes = bytes_of(
        "POST /v1/message/send",
        "Idempotency-Key: order-7\r\n",
        &message("Hi").to_string(),
    );
    let mut stream = world.connect().await;
    stream.write_all(bytes.as_bytes()).await.expect("a request");
    while world.sent().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    world.logged("send_message 200 done").await;
    let again = world.send("order-7", "Hi").await;
    assert_eq!(again.header("x-heymarket-replayed"), Some("true"));
    assert_eq!(world.sent(), ["Hi"]);
}

#[tokio::test]
async fn a_request_whose_caller_left_before_it_is_not_sent() {
    let sandbox = heymarket_sandbox::Sandbox::start()
        .await
        .expect("a sandbox");
    let client = heymarket_api::Client::builder(sandbox.credentials())
        .base_url(sandbox.url())
        .rate_limit(heymarket_api::RateLimit::per_minute(1))
        .build()
        .expect("a client");
    let world = World::of(sandbox, client, |builder| builder).await;
    assert_eq!(world.get("/v1/team").await.status, 200);
    let bytes = bytes_of(
        "POST /v1/message/send",
        "Idempotency-Key: order-7\r\n",
        &message("Hi").to_string(),
    );
    let mut stream = world.connect().await;
    stream.write_all(bytes.as_bytes()).await.expect("a request");
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(stream);
    world.logged("send_message 503 abandoned, not-sent").await;
    assert!(world.sent().is_empty());
}
