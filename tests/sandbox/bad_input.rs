//! Rejected requests: each names the problem and its place, and changes
//! nothing.

use serde_json::{Value, json};

use super::bodies::operations;
use super::{CUSTOMER, SUPPORT, call, remembered, sandbox};
use crate::support::spec;

#[tokio::test]
async fn a_body_too_large_is_rejected_with_the_limit() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let title = "x".repeat(9 * 1024 * 1024);
    let large = json!({ "tag": title }).to_string();
    let answer = call(&sandbox, "POST /v1/tag")
        .bytes(large.clone())
        .send()
        .await;
    assert_eq!(answer.status, 413);
    assert!(answer.message().contains("8388608 bytes"), "{answer:?}");
    // The client is still sending when the response arrives.
    let strict = super::sandbox().max_body_bytes(100).start().await;
    let strict = strict.expect("a sandbox");
    for _ in 0..3 {
        let answer = call(&strict, "POST /v1/tag")
            .bytes(large.clone())
            .send()
            .await;
        assert_eq!(answer.status, 413);
    }
    let fitting = json!({ "tag": title[..8_000_000] });
    assert_eq!(
        call(&sandbox, "POST /v1/tag")
            .json(&fitting)
            .send()
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_unknown_path_names_the_nearest_operation() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for (line, nearest) in [
        ("GET /v1/inbox", "list_inboxes: GET /v1/inboxes"),
        (
            "POST /v1/messages/send",
            "send_message: POST /v1/message/send",
        ),
        (
            "POST /v1/mesages/all",
            "list_team_messages: POST /v1/messages/all",
        ),
        (
            "POST /v1/contacts/field",
            "create_contact_fields: POST /v1/contacts/fields",
        ),
        (
            "GET /v1/conversation/9920",
            "get_conversation: GET /v1/conversations/{id}",
        ),
        ("GET /v1/inboxes/", "list_inboxes: GET /v1/inboxes"),
    ] {
        let answer = call(&sandbox, line).send().await;
        assert_eq!(
            (answer.status, &answer.body["name"]),
            (404, &json!("not_found")),
            "{line}"
        );
        assert!(
            answer.message().contains(nearest),
            "{line}: {}",
            answer.message()
        );
    }
    let own = call(&sandbox, "GET /_sandbox/clocks").send().await;
    assert_eq!(own.status, 404);
    assert!(
        own.message().contains("; GET /_sandbox/ lists"),
        "{}",
        own.message()
    );
}

#[tokio::test]
async fn a_wrong_method_names_the_allowed_ones() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for (line, allowed) in [
        ("PATCH /v1/contact/1", vec!["DELETE", "GET", "PUT"]),
        ("GET /v1/message/send", vec!["POST"]),
        ("PUT /v1/inboxes", vec!["GET"]),
        ("GET /v2/contacts", vec!["DELETE", "POST"]),
        ("POST /_sandbox/state", vec!["GET"]),
        ("PUT /_sandbox/rules", vec!["DELETE", "GET", "POST"]),
    ] {
        let answer = call(&sandbox, line).send().await;
        assert_eq!(answer.status, 405, "{line}");
        let allow = answer.header("allow").expect("Allow");
        let mut methods: Vec<_> = allow.split(',').map(str::trim).collect();
        methods.retain(|method| *method != "HEAD");
        methods.sort_unstable();
        assert_eq!(methods, allowed, "{line}");
    }
}

#[tokio::test]
async fn missing_and_mistyped_parameters_are_named() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let history = |query: &str| format!("GET /v1/messages?{query}");
    for (line, problem) in [
        (history("inboxID=41001"), "phoneNumber: is missing"),
        (
            history(&format!("phoneNumber={CUSTOMER}")),
            "inboxID: is missing",
        ),
        (
            history(&format!("phoneNumber={CUSTOMER}&inboxID=one")),
            "inboxID: must be integer",
        ),
        (
            history(&format!("phoneNumber=%2B{CUSTOMER}&inboxID={SUPPORT}")),
            "phoneNumber: must be",
        ),
        (
            history(&format!("phoneNumber={CUSTOMER}&inboxID=7")),
            "inboxID: no inbox has this id",
        ),
        (
            history(&format!(
                "phoneNumber={CUSTOMER}&inboxID={SUPPORT}&timestamp=now"
            )),
            "timestamp: must be integer",
        ),
        (
            "PUT /v1/contact/1?overwrite=maybe".to_owned(),
            "overwrite: must be boolean",
        ),
    ] {
        let answer = call(&sandbox, &line)
            .json(&json!({ "phone": CUSTOMER }))
            .send()
            .await;
        assert_eq!(answer.status, 400, "{line}: {answer:?}");
        assert!(
            answer.message().starts_with(problem),
            "{line}: {}",
            answer.message()
        );
    }
    let mut tried = 0;
    for operation in operations(&spec()) {
        let is_integer = |one: &Value| one["in"] == "path" && one["schema"]["type"] == "integer";
        if !operation.parameters.iter().any(is_integer) {
            continue;
        }
        let body = operation
            .body
            .as_ref()
            .map_or(Value::Null, |(_, example)| example.clone());
        for wrong in ["one", "1.5", "99999999999999999999"] {
            let line = format!(
                "{} {}",
                operation.method,
                operation.path.replace("{id}", wrong)
            );
            let answer = call(&sandbox, &line).json(&body).send().await;
            assert_eq!(answer.status, 400, "{line}");
            assert!(
                answer.message().starts_with("id: must be integer"),
                "{line}: {}",
                answer.message()
            );
        }
        tried += 1;
    }
    assert!(tried > 15, "{tried}");
}

#[tokio::test]
async fn an_invalid_control_request_changes_nothing() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let before = sandbox.state().expect("the state");
    let id = remembered(&sandbox, "messages")[0]["id"].clone();
    let message = format!("PUT /_sandbox/messages/{id}");
    let url = "http://127.0.0.1:9/";
    for (line, body, problem) in [
        ("POST /_sandbox/rules", json!({}), "fault"),
        ("POST /_sandbox/rules", json!({ "fault": "flood" }), "flood"),
        (
            "POST /_sandbox/rules",
            json!({ "fault": "status", "nth": 0 }),
            "nth",
        ),
        (
            "POST /_sandbox/rules",
            json!({ "fault": "status", "status": 200 }),
            "status",
        ),
        (
            "POST /_sandbox/rules",
            json!({ "fault": "status", "colour": 1 }),
            "colour",
        ),
        (
            "POST /_sandbox/rules",
            json!({ "fault": "status", "operation": "send_mesage" }),
            "send_message",
        ),
        ("POST /_sandbox/rules", json!([]), "Rule"),
        ("POST /_sandbox/webhooks", json!({ "url": url }), "token"),
        (
            "POST /_sandbox/webhooks",
            json!({ "url": url, "token": "" }),
            "token",
        ),
        (
            "POST /_sandbox/webhooks",
            json!({ "url": "here", "token": "x" }),
            "url",
        ),
        (
            "POST /_sandbox/webhooks",
            json!({ "url": "ftp://a/", "token": "x" }),
            "url",
        ),
        (
            "POST /_sandbox/webhooks",
            json!({ "url": url, "token": "x", "types": ["message_received"] }),
            "message_recieved",
        ),
        ("PUT /_sandbox/clock", json!({}), "now"),
        ("PUT /_sandbox/clock", json!({ "now": "noon" }), "now: "),
        (
            "PUT /_sandbox/clock",
            json!({ "advance_seconds": -1 }),
            "-1",
        ),
        (
            "PUT /_sandbox/clock",
            json!({ "system": true, "advance_seconds": 1 }),
            "one of",
        ),
        (
            "PUT /_sandbox/dialect",
            json!({ "dialect": "klingon" }),
            "dialect: ",
        ),
        (
            "POST /_sandbox/inbound",
            json!({ "from": CUSTOMER }),
            "inbox_id",
        ),
        (
            "POST /_sandbox/inbound",
            json!({ "inbox_id": 7, "from": CUSTOMER }),
            "inbox_id",
        ),
        (
            "POST /_sandbox/inbound",
            json!({ "inbox_id": SUPPORT, "from": "+1555" }),
            "from",
        ),
        (
            "POST /_sandbox/inbound",
            json!({ "inbox_id": SUPPORT, "from": "" }),
            "from",
        ),
        (&message, json!({ "status": "lost" }), "status: "),
        (&message, json!({}), "status"),
    ] {
        let answer = call(&sandbox, line).json(&body).send().await;
        assert_eq!(answer.status, 400, "{line} {body}: {answer:?}");
        assert!(
            answer.message().contains(problem),
            "{line} {body}: {}",
            answer.message()
        );
        let broken = call(&sandbox, line).header("content-type", "application/json");
        assert_eq!(broken.bytes("{").send().await.status, 400, "{line}");
    }
    let gone = call(&sandbox, "PUT /_sandbox/messages/1").json(&json!({ "status": "sent" }));
    assert_eq!(gone.send().await.status, 404);
    assert_eq!(sandbox.state().expect("the state"), before);
    let rules = call(&sandbox, "GET /_sandbox/rules").send().await;
    assert_eq!(rules.body, json!([]));
    let webhooks = call(&sandbox, "GET /_sandbox/webhooks").send().await;
    assert_eq!(webhooks.body, json!([]));
}

#[tokio::test]
async fn a_taken_port_is_an_error_with_a_remedy() {
    let first = sandbox().start().await.expect("a sandbox");
    let port = first
        .url()
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok());
    let error = sandbox().port(port.expect("a port")).start().await;
    let error = error.expect_err("taken").to_string();
    assert!(
        error.contains("cannot listen on 127.0.0.1:") && error.contains("choose another port"),
        "{error}"
    );
}

#[tokio::test]
async fn a_time_beyond_all_timestamps_is_a_bound_too() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for (timestamp, count) in [(i64::MAX, 50), (i64::MIN, 0)] {
        let line = format!(
            "GET /v1/messages?phoneNumber={CUSTOMER}&inboxID={SUPPORT}&timestamp={timestamp}"
        );
        let answer = call(&sandbox, &line).send().await;
        let messages = answer.body.as_array().map(Vec::len);
        assert_eq!(messages, Some(count), "{timestamp}");
    }
}
