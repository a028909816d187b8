//! The control endpoints.

use heymarket_api::types::SendMessage;
use heymarket_sandbox::{SECRET_KEY, Webhook};
use serde_json::{Value, json};

use super::{
    CUSTOMER, OWNER, STRANGER, SUPPORT, call, call_at, client, messages_that_say, remembered,
    sandbox,
};
use crate::support::time;

#[tokio::test]
async fn every_listed_endpoint_exists() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for index in ["GET /_sandbox", "GET /_sandbox/"] {
        let listed = call(&sandbox, index).send().await.body;
        let listed = listed.as_object().expect("a list").clone();
        assert!(listed.len() > 10);
        for line in listed.keys() {
            // Without a body, most return a 400.
            let line = line.replace("{id}", "0");
            let answer = call(&sandbox, &line).send().await;
            assert_ne!(answer.status, 405, "{line}");
            assert!(!answer.message().contains("no such endpoint"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_reset_restores_the_start() {
    let rule = "fault=status,operation=get_team";
    let sandbox = sandbox().rule(rule.parse().expect("a rule")).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let before = sandbox.state().expect("the state");
    let message = SendMessage::new(SUPPORT, OWNER)
        .to_phone(STRANGER)
        .text("Hi");
    client(&sandbox).send_message(&message).await.expect("sent");
    sandbox.freeze(time("2030-05-07T12:00:00Z"));
    sandbox.clear_rules();
    sandbox
        .add_rule("fault=html".parse().expect("a rule"))
        .expect("in force");
    let webhook = Webhook::new("http://127.0.0.1:9/", "x");
    sandbox.add_webhook(webhook).expect("a webhook");
    assert_ne!(sandbox.state().expect("the state"), before);
    assert_eq!(
        call(&sandbox, "POST /_sandbox/reset").send().await.status,
        200
    );
    assert_eq!(sandbox.state().expect("the state"), before);
    let rules = call(&sandbox, "GET /_sandbox/rules").send().await.body;
    assert_eq!(rules.as_array().expect("rules").len(), 1);
    assert_eq!(rules[0]["rule"]["operation"], "get_team");
    assert_eq!(
        call(&sandbox, "GET /_sandbox/webhooks").send().await.body,
        json!([])
    );
    let clock = call(&sandbox, "GET /_sandbox/clock").send().await.body;
    assert_eq!(clock["frozen"], json!(false));
}

#[tokio::test]
async fn an_empty_sandbox_has_only_a_team_with_inboxes() {
    let sandbox = sandbox().empty().start().await.expect("a sandbox");
    for kind in [
        "contacts",
        "conversations",
        "messages",
        "lists",
        "templates",
        "tags",
    ] {
        assert_eq!(remembered(&sandbox, kind), [] as [Value; 0], "{kind}");
    }
    let client = client(&sandbox);
    assert_eq!(client.list_inboxes().await.expect("inboxes").len(), 3);
    let message = SendMessage::new(SUPPORT, OWNER)
        .to_phone(STRANGER)
        .text("Hi");
    client.send_message(&message).await.expect("sent");
    assert_eq!(remembered(&sandbox, "contacts").len(), 1);
}

#[tokio::test]
async fn the_state_has_every_record_and_no_secret() {
    let sandbox = sandbox().webhook(Webhook::new("http://127.0.0.1:9/", "A_TOKEN_OF_MINE"));
    let sandbox = sandbox.start().await.expect("a sandbox");
    let message = SendMessage::new(SUPPORT, OWNER)
        .to_phone(STRANGER)
        .text("Remember me.");
    client(&sandbox).send_message(&message).await.expect("sent");
    for line in ["GET /_sandbox/state", "GET /_sandbox/webhooks"] {
        let answer = call(&sandbox, line).send().await;
        assert_eq!(answer.status, 200);
        let text = answer.body.to_string();
        assert!(!text.contains("A_TOKEN_OF_MINE"), "{line}");
        assert!(
            !text.contains(SECRET_KEY) && !text.contains("sk_sandbox"),
            "{line}"
        );
        assert_eq!(text.contains("Remember me."), line.ends_with("state"));
    }
    let shown = format!("{sandbox:?}");
    assert!(
        !shown.contains("TOKEN") && !shown.contains(SECRET_KEY),
        "{shown}"
    );
}

#[tokio::test]
async fn the_clock_is_set_frozen_advanced_and_released() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let set = async |body: Value| {
        call(&sandbox, "PUT /_sandbox/clock")
            .json(&body)
            .send()
            .await
            .body
    };
    let held = set(json!({ "now": "2030-05-07T12:00:00Z", "frozen": true })).await;
    assert_eq!(
        held,
        json!({ "now": "2030-05-07T12:00:00Z", "frozen": true })
    );
    let moved = set(json!({ "advance_seconds": 90 })).await;
    assert_eq!(
        moved,
        json!({ "now": "2030-05-07T12:01:30Z", "frozen": true })
    );
    let body = json!({ "inbox_id": SUPPORT, "from": CUSTOMER, "text": "When?" });
    call(&sandbox, "POST /_sandbox/inbound")
        .json(&body)
        .send()
        .await;
    assert_eq!(
        messages_that_say(&sandbox, "When?")[0]["date"],
        "2030-05-07T12:01:30Z"
    );
    let running = set(json!({ "frozen": false })).await;
    assert_eq!(running["frozen"], json!(false));
    let later = time("2030-05-07T12:01:30Z");
    super::until("time goes on", || sandbox.now() > later).await;
    let system = set(json!({ "system": true })).await;
    assert_eq!(system["frozen"], json!(false));
    let off = sandbox.now().duration_since(jiff::Timestamp::now());
    assert!(off.as_secs().abs() < 5, "{off}");
}

#[tokio::test]
async fn rules_count_matches_and_hits() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let rule = json!({ "fault": "status", "status": 503, "operation": "get_team", "nth": 2 });
    let added = call(&sandbox, "POST /_sandbox/rules")
        .json(&rule)
        .send()
        .await;
    let other = json!({ "fault": "status", "operation": "get_tag", "times": 1 });
    call(&sandbox, "POST /_sandbox/rules")
        .json(&other)
        .send()
        .await;
    let mut statuses = Vec::new();
    for line in [
        "GET /v1/team",
        "GET /v1/team",
        "GET /v1/inboxes",
        "GET /v1/team",
    ] {
        statuses.push(call(&sandbox, line).send().await.status);
    }
    assert_eq!(statuses, [200, 503, 200, 200]);
    let rules = call(&sandbox, "GET /_sandbox/rules").send().await.body;
    assert_eq!(
        (&rules[0]["seen"], &rules[0]["hit"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(
        (&rules[1]["seen"], &rules[1]["hit"]),
        (&json!(0), &json!(0))
    );
    let line = format!("DELETE /_sandbox/rules/{}", added.body["id"]);
    assert_eq!(call(&sandbox, &line).send().await.status, 200);
    assert_eq!(call(&sandbox, &line).send().await.status, 404);
    let rules = call(&sandbox, "GET /_sandbox/rules").send().await.body;
    assert_eq!(rules.as_array().map(Vec::len), Some(1));
    call(&sandbox, "DELETE /_sandbox/rules").send().await;
    assert_eq!(
        call(&sandbox, "GET /_sandbox/rules").send().await.body,
        json!([])
    );
}

#[tokio::test]
async fn a_customer_writes_and_a_message_fails_on_demand() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let body = json!({
        "inbox_id": SUPPORT, "from": STRANGER, "text": "Hello?",
        "media_url": "https://example.com/picture.png",
    });
    let received = call(&sandbox, "POST /_sandbox/inbound")
        .json(&body)
        .send()
        .await;
    assert_eq!(received.status, 200);
    let client = client(&sandbox);
    let history = client
        .list_messages(SUPPORT, STRANGER, None)
        .await
        .expect("a history");
    assert_eq!(received.body["id"], history[0].id);
    assert_eq!(
        history[0].media.as_deref(),
        Some("https://example.com/picture.png")
    );
    let conversation = history[0].conversation.as_ref().expect("a conversation").id;
    assert_eq!(received.body["convo_id"], conversation);
    let line = format!("PUT /_sandbox/messages/{}", received.body["id"]);
    let failed = json!({ "status": "failed", "error": "unreachable" });
    assert_eq!(call(&sandbox, &line).json(&failed).send().await.status, 200);
    let history = client
        .list_messages(SUPPORT, STRANGER, None)
        .await
        .expect("a history");
    assert_eq!(history[0].raw_error.as_deref(), Some("unreachable"));
}

#[tokio::test]
async fn a_webhook_is_added_and_removed_by_its_id() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let webhook = json!({ "url": "http://127.0.0.1:9/", "token": "x", "id": 7, "duplicates": 1 });
    let added = call(&sandbox, "POST /_sandbox/webhooks")
        .json(&webhook)
        .send()
        .await;
    assert_eq!(added.body, json!({ "id": 7 }));
    let again = call(&sandbox, "POST /_sandbox/webhooks")
        .json(&webhook)
        .send()
        .await;
    assert_eq!(again.status, 400);
    let report = call(&sandbox, "GET /_sandbox/webhooks").send().await.body;
    assert_eq!(
        (&report[0]["id"], &report[0]["duplicates"]),
        (&json!(7), &json!(1))
    );
    assert_eq!(
        call(&sandbox, "DELETE /_sandbox/webhooks/8")
            .send()
            .await
            .status,
        404
    );
    assert_eq!(
        call(&sandbox, "DELETE /_sandbox/webhooks/7")
            .send()
            .await
            .status,
        200
    );
    assert_eq!(
        call(&sandbox, "GET /_sandbox/webhooks").send().await.body,
        json!([])
    );
}

#[tokio::test]
async fn a_dropped_or_stopped_sandbox_stops_listening() {
    let dropped = sandbox().start().await.expect("a sandbox");
    let stopped = sandbox().start().await.expect("a sandbox");
    let urls = [dropped.url().to_owned(), stopped.url().to_owned()];
    for url in &urls {
        assert_eq!(call_at(url, "GET /v1/team").send().await.status, 200);
    }
    drop(dropped);
    stopped.stop().await.expect("stopped");
    for url in urls {
        let address = url.trim_start_matches("http://").to_owned();
        super::until("nobody listens", || {
            std::net::TcpStream::connect(&address).is_err()
        })
        .await;
    }
}
