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
            let line = line.replace("{id}", "0").replace("{name}", "x");
            // A stream has no end.
            if line.ends_with("/events") {
                continue;
            }
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
    assert_eq!(received.body["id"], history[0].id.0);
    assert_eq!(
        history[0].media.as_deref(),
        Some("https://example.com/picture.png")
    );
    let conversation = history[0].conversation.as_ref().expect("a conversation").id;
    assert_eq!(received.body["convo_id"], conversation.0);
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

#[tokio::test]
async fn the_control_document_describes_every_response() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    sandbox.save_snapshot("one").expect("saved");
    sandbox
        .add_rule("fault=status,operation=get_tag".parse().expect("a rule"))
        .expect("a rule");
    sandbox
        .add_webhook(Webhook::new("http://127.0.0.1:1/", "invented"))
        .expect("a webhook");
    sandbox.inbound(SUPPORT, CUSTOMER, "Hi").expect("received");
    call(&sandbox, "GET /v1/team").send().await;
    super::until("the delivery has failed", || {
        let state = sandbox.requests();
        state.len() == 1
    })
    .await;
    let document = call(&sandbox, "GET /_sandbox/openapi.json")
        .send()
        .await
        .body;
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        let schema = item.pointer("/get/responses/200/content/application~1json/schema");
        let Some(schema) = schema else {
            continue;
        };
        let response = call(&sandbox, &format!("GET {path}")).send().await;
        assert_eq!(response.status, 200, "{path}");
        let mut root = schema.clone();
        root["components"] = json_schema(&document["components"]);
        let validator = jsonschema::validator_for(&root).expect("a schema");
        let errors: Vec<_> = validator.iter_errors(&response.body).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
        let is_closed = schema.get("$ref").is_some() || schema["items"].get("$ref").is_some();
        assert!(response.body != json!([]), "{path} has nothing to check");
        checked += usize::from(is_closed);
    }
    assert!(checked >= 7, "{checked}");
}

/// Turns `nullable` of OpenAPI 3.0 into JSON Schema.
fn json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut converted: serde_json::Map<_, _> = members
                .iter()
                .map(|(name, value)| (name.clone(), json_schema(value)))
                .collect();
            if converted.remove("nullable") == Some(json!(true)) {
                return json!({"anyOf": [{"type": "null"}, converted]});
            }
            converted.into()
        }
        Value::Array(items) => items.iter().map(json_schema).collect(),
        value => value.clone(),
    }
}

#[tokio::test]
async fn the_document_of_the_api_names_the_sandbox_as_server() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let served = call(&sandbox, "GET /openapi.json").send().await.body;
    let mut bundled = crate::support::spec();
    bundled["servers"] = json!([{"url": "/"}]);
    assert_eq!(served, bundled);
}

#[tokio::test]
async fn a_snapshot_restores_records_and_clock_and_keeps_rules() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    sandbox.freeze(time("2026-11-02T12:00:00Z"));
    let name = "Before%20%2F%20after";
    let saved = call(&sandbox, &format!("PUT /_sandbox/snapshots/{name}"))
        .send()
        .await;
    assert_eq!(saved.status, 200);
    let before = sandbox.state().expect("the state");
    sandbox
        .inbound(SUPPORT, CUSTOMER, "Later.")
        .expect("received");
    sandbox.freeze(time("2027-01-01T00:00:00Z"));
    sandbox
        .add_rule("fault=status,operation=get_tag".parse().expect("a rule"))
        .expect("a rule");
    let list = call(&sandbox, "GET /_sandbox/snapshots").send().await.body;
    assert_eq!(list[0]["name"], "Before / after");
    let restore = format!("POST /_sandbox/snapshots/{name}/restore");
    assert_eq!(call(&sandbox, &restore).send().await.status, 200);
    assert_eq!(sandbox.state().expect("the state"), before);
    assert_eq!(
        call(&sandbox, "GET /_sandbox/rules").send().await.body[0]["id"],
        1
    );

    for (line, status) in [
        ("POST /_sandbox/snapshots/other/restore", 404),
        ("DELETE /_sandbox/snapshots/other", 404),
        ("PUT /_sandbox/snapshots/%20", 400),
        ("PUT /_sandbox/snapshots/a%0Ab", 400),
        ("PUT /_sandbox/snapshots/%FF", 400),
    ] {
        assert_eq!(call(&sandbox, line).send().await.status, status, "{line}");
    }
    for index in 0..31 {
        sandbox.save_snapshot(&index.to_string()).expect("saved");
    }
    let error = sandbox
        .save_snapshot("31")
        .expect_err("too many")
        .to_string();
    assert!(error.contains("at most 32 snapshots"), "{error}");
    sandbox
        .save_snapshot("30")
        .expect("one of the same name is replaced");
    let delete = format!("DELETE /_sandbox/snapshots/{name}");
    assert_eq!(call(&sandbox, &delete).send().await.status, 200);
    sandbox
        .restore_snapshot("Before / after")
        .expect_err("deleted");
}

/// Reads the next event of a stream.
async fn event(stream: &mut reqwest::Response) -> String {
    let next = tokio::time::timeout(std::time::Duration::from_secs(20), stream.chunk());
    let chunk = next.await.expect("in time").expect("a stream");
    String::from_utf8_lossy(&chunk.unwrap_or_default()).into_owned()
}

#[tokio::test]
async fn a_stream_reports_each_change_and_ends_with_the_sandbox() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let mut stream = call(&sandbox, "GET /_sandbox/events")
        .request
        .send()
        .await
        .expect("a stream");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let first = event(&mut stream).await;
    assert!(first.starts_with("event: change\ndata: {"), "{first}");
    sandbox.inbound(SUPPORT, CUSTOMER, "Hi").expect("received");
    let second = event(&mut stream).await;
    assert_ne!(first, second);
    call(&sandbox, "GET /v1/team").send().await;
    assert!(event(&mut stream).await.contains("\"requests\":1"));
    let start = std::time::Instant::now();
    sandbox.stop().await.expect("stopped");
    assert_eq!(event(&mut stream).await, "");
    assert!(
        start.elapsed() < std::time::Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn pages_of_allowed_origins_may_use_the_sandbox() {
    let allowed = "http://localhost:3000";
    let builder = sandbox().allow_origin("local").expect("an origin");
    let sandbox = builder.start().await.expect("a sandbox");
    for line in ["OPTIONS /v1/message/send", "OPTIONS /_sandbox/inbound"] {
        let preflight = call(&sandbox, line)
            .header("origin", allowed)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            );
        let preflight = preflight.send().await;
        assert_eq!(preflight.status, 200, "{line}");
        assert_eq!(
            preflight.header("access-control-allow-origin"),
            Some(allowed)
        );
    }
    let inbound = json!({"inbox_id": SUPPORT, "from": CUSTOMER, "text": "From a page."});
    let control = call(&sandbox, "POST /_sandbox/inbound")
        .header("origin", allowed)
        .header("sec-fetch-site", "same-site")
        .json(&inbound);
    let control = control.send().await;
    assert_eq!(control.status, 200, "{:?}", control.body);
    assert_eq!(control.header("access-control-allow-origin"), Some(allowed));
    let operation = call(&sandbox, "GET /v1/team")
        .header("origin", allowed)
        .send()
        .await;
    let exposed = operation
        .header("access-control-expose-headers")
        .expect("exposed");
    assert!(exposed.contains("x-request-id"), "{exposed}");

    let other = call(&sandbox, "POST /_sandbox/inbound")
        .header("origin", "http://example.com")
        .json(&inbound);
    assert_eq!(other.send().await.status, 403);
    let other = call(&sandbox, "GET /v1/team").header("origin", "http://example.com");
    assert_eq!(
        other.send().await.header("access-control-allow-origin"),
        None
    );
    let closed = super::sandbox().start().await.expect("a sandbox");
    let closed = call(&closed, "GET /v1/team")
        .header("origin", allowed)
        .send()
        .await;
    assert_eq!(closed.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_page_is_served_to_people_and_to_no_other_page() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let page = call(&sandbox, "GET /").send().await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; "),
        "{policy}"
    );
    let mut weight = page.body.as_str().expect("a page").len();
    for asset in ["GET /_sandbox/page.js", "GET /_sandbox/page.css"] {
        let asset = call(&sandbox, asset).send().await;
        weight += asset.body.as_str().expect("a text").len();
    }
    eprintln!("the page weighs {weight} bytes");
    assert!(weight < 100_000, "{weight}");
    for line in ["GET /", "GET /_sandbox/page.js"] {
        let other = call(&sandbox, line)
            .header("host", "example.com")
            .send()
            .await;
        assert_eq!(other.status, 403);
        let other = call(&sandbox, line)
            .header("sec-fetch-site", "cross-site")
            .send()
            .await;
        assert_eq!(other.status, 403);
    }
    let link = call(&sandbox, "GET /")
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    assert_eq!(link.send().await.status, 200, "a person may follow a link");
    let nonsense = call(&sandbox, "GET /?view=%3Cscript%3E&conversation=x&page=-1");
    assert_eq!(nonsense.send().await.status, 200);
}

/// Lets this process open more connections than usual.
#[cfg(unix)]
fn raise_open_files(wanted: u64) {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    assert!(hard >= wanted, "the machine allows {hard} open files");
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).expect("raised");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_thousand_streams_see_a_change_and_requests_go_on() {
    raise_open_files(4096);
    let sandbox = sandbox().start().await.expect("a sandbox");
    let mut streams = Vec::new();
    for _ in 0..1000 {
        let stream = call(&sandbox, "GET /_sandbox/events").request.send().await;
        streams.push(stream.expect("a stream"));
    }
    for stream in &mut streams {
        event(stream).await;
    }
    let start = std::time::Instant::now();
    sandbox.inbound(SUPPORT, CUSTOMER, "Hi").expect("received");
    for stream in &mut streams {
        assert!(event(stream).await.starts_with("event: change"));
    }
    eprintln!("1,000 streams see a change after {:?}", start.elapsed());
    for index in 0..1000 {
        let text = format!("Message {index}");
        sandbox.inbound(SUPPORT, CUSTOMER, &text).expect("received");
    }
    // A stream that lags gets the latest counters, not each of them.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let last = event(&mut streams[0]).await;
    assert!(last.matches("event: change").count() < 20, "{last}");
    assert_eq!(call(&sandbox, "GET /v1/team").send().await.status, 200);
}
