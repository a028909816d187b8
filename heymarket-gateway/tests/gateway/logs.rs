//! What a log, the metrics and the files hold.

use heymarket_sandbox::{Fault, Rule};

use crate::support::{PHONE, TOKEN, World, bytes_of};

/// Texts that no log has: the token, a number, a text, and parts of a request.
const CANARIES: [&str; 7] = [
    TOKEN,
    PHONE,
    "canary text",
    "canary-key",
    "canary-query",
    "canary-path",
    "CANARY",
];

#[tokio::test]
async fn the_log_has_no_token_number_text_or_key() {
    let world = World::start().await;
    let rule = Rule::new(Fault::CloseAfter)
        .operation("send_message")
        .nth(2);
    world.sandbox.add_rule(rule).expect("a rule");
    for key in [
        "canary-key-1",
        "canary-key-1",
        "canary-key-2",
        "canary-key-2",
        "canary key",
    ] {
        world.send(key, "canary text").await;
    }
    for target in [
        format!("GET /v1/messages?phoneNumber={PHONE}&inboxID=41001&x=canary-query"),
        "GET /v1/canary-path".to_owned(),
        format!("GET /v1/conversations/{PHONE}"),
        "CANARY /v1/inboxes".to_owned(),
        format!("GET /v1/conversations/{TOKEN}"),
    ] {
        let request = bytes_of(&target, "X-Request-Id: canary-query\r\n", "");
        world.raw(request).await;
    }
    world
        .raw(format!(
            "GET / HTTP/1.1\r\nHost: {PHONE}\r\nConnection: close\r\n\r\n"
        ))
        .await;
    let lines = world.log.lock().expect("the log").join("\n");
    assert!(lines.lines().count() >= 10, "{lines}");
    assert!(
        lines.contains(" POST send_message 200 done, 1 attempt, "),
        "{lines}"
    );
    assert!(
        lines.contains(" POST send_message 200 done, replayed, "),
        "{lines}"
    );
    assert!(
        lines.contains(" GET list_messages 200 done, 1 attempt, "),
        "{lines}"
    );
    let metrics = world.gateway.metrics();
    for canary in CANARIES {
        assert!(!lines.contains(canary), "{canary}: {lines}");
        assert!(!metrics.contains(canary), "{canary}: {metrics}");
    }
}

#[tokio::test]
async fn the_ledger_has_no_number_text_or_token() {
    let world = World::start().await;
    world.send("order-7", "canary text").await;
    let names = ["gateway.db", "gateway.db-wal"];
    let mut all = Vec::new();
    for name in names {
        let path = world.folder.path().join(name);
        all.extend(std::fs::read(path).unwrap_or_default());
    }
    let all = String::from_utf8_lossy(&all);
    assert!(all.contains("order-7"));
    for canary in [TOKEN, PHONE, "canary text"] {
        assert!(!all.contains(canary), "{canary}");
    }
}
