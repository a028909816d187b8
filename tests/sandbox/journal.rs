//! The journal of requests, its filters and bounds, and the assertions of a test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use heymarket_sandbox::{API_KEY, Deduplication, Direction, Fault, Rule};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{CUSTOMER, OWNER, STRANGER, SUPPORT, call, client, connect, sandbox, until};

fn text(to: &str, text: &str) -> Value {
    json!({"inbox_id": SUPPORT, "creator_id": OWNER, "phone_number": to, "text": text})
}

#[tokio::test]
async fn a_request_is_recorded_with_its_response_and_rules() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let rule = Rule::new(Fault::Delay)
        .delay_ms(30)
        .operation("send_message");
    let rule = sandbox.add_rule(rule).expect("a rule");
    let body = text(STRANGER, "On its way.");
    let sent = call(&sandbox, "POST /v1/message/send")
        .json(&body)
        .send()
        .await;
    call(&sandbox, "GET /v1/nothing").send().await;
    call(&sandbox, "PATCH /v1/team?page=1").send().await;
    call(&sandbox, "GET /_sandbox/clock").send().await;

    let requests = sandbox.requests();
    let lines: Vec<_> = requests
        .iter()
        .map(|request| (request.id, &*request.method, &*request.path, request.status))
        .collect();
    assert_eq!(
        lines,
        [
            (1, "POST", "/v1/message/send", Some(200)),
            (2, "GET", "/v1/nothing", Some(404)),
            (3, "PATCH", "/v1/team", Some(405)),
        ],
        "control requests are not recorded"
    );
    assert_eq!(requests[0].operation.as_deref(), Some("send_message"));
    assert_eq!(requests[0].rules, [rule]);
    assert!(requests[0].duration >= Duration::from_millis(30));
    assert_eq!(requests[0].body, body);
    assert_eq!(requests[0].response, sent.body);
    assert_eq!(requests[1].operation, None);
    assert_eq!(requests[2].query.as_deref(), Some("page=1"));
    assert!(
        requests[0]
            .to_string()
            .contains(" POST /v1/message/send send_message 200 ")
    );
    assert!(
        requests[0].to_string().ends_with("rule 1"),
        "{}",
        requests[0]
    );
}

#[tokio::test]
async fn a_closed_connection_is_recorded_without_a_status() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let rule = Rule::new(Fault::CloseAfter).operation("send_message");
    sandbox.add_rule(rule).expect("a rule");
    let request = call(&sandbox, "POST /v1/message/send").json(&text(STRANGER, "Lost."));
    request.request.send().await.expect_err("closed");
    sandbox.clear_rules();
    sandbox
        .add_rule(Rule::new(Fault::Delay).delay_ms(60_000))
        .expect("a rule");
    let mut stream = connect(&sandbox).await;
    let head =
        format!("GET /v1/team HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(stream);
    until("an abandoned request is recorded", || {
        sandbox.requests().len() == 2
    })
    .await;
    let requests = sandbox.requests();
    assert_eq!(
        requests
            .iter()
            .map(|request| request.status)
            .collect::<Vec<_>>(),
        [None, None]
    );
    assert_eq!(requests[0].body["text"], "Lost.");
    assert!(
        requests[1].to_string().contains("get_team closed"),
        "{}",
        requests[1]
    );
}

#[tokio::test]
async fn secrets_are_redacted_in_the_journal() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let secret = "canary-4711";
    let request = call(&sandbox, "POST /v1/tag?token=canary-4711&a=b")
        .header("cookie", secret)
        .header("x-api-key", secret)
        .header("x-trace", "shown")
        .json(&json!({"tag": "t", "nested": [{"Token": secret, "password": secret}]}));
    request.send().await;
    let broken = call(&sandbox, "POST /v1/tag").header("content-type", "application/json");
    broken
        .bytes(format!("{{\"token\": \"{secret}\", "))
        .send()
        .await;
    let shown = call(&sandbox, "GET /_sandbox/requests").send().await.body;
    let text = shown.to_string();
    assert!(!text.contains(secret), "{text}");
    assert!(!text.contains(API_KEY), "{text}");
    assert!(!format!("{:?}", sandbox.requests()).contains(API_KEY));
    assert_eq!(shown[0]["headers"]["x-trace"], "shown");
    assert_eq!(shown[0]["headers"]["authorization"], "[redacted]");
    assert_eq!(shown[0]["query"], "token=[redacted]&a=b");
}

#[tokio::test]
async fn requests_are_filtered_by_what_the_query_says() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let rule = Rule::new(Fault::Status).status(503).operation("list_tags");
    sandbox.add_rule(rule).expect("a rule");
    for line in [
        "GET /v1/team",
        "GET /v1/inboxes",
        "GET /v1/team",
        "GET /v1/tag/0",
    ] {
        call(&sandbox, line).send().await;
    }
    call(&sandbox, "POST /v1/tags")
        .json(&json!({}))
        .send()
        .await;
    for (query, ids) in [
        ("", vec![1, 2, 3, 4, 5]),
        ("?operation=get_team", vec![1, 3]),
        ("?method=post", vec![5]),
        ("?path=tag", vec![4, 5]),
        ("?status=200", vec![1, 2, 3]),
        ("?status=4xx", vec![4]),
        ("?status=none", vec![]),
        ("?rule=1", vec![5]),
        ("?after=3", vec![4, 5]),
        ("?limit=2", vec![4, 5]),
        ("?operation=get_team&after=1", vec![3]),
    ] {
        let line = format!("GET /_sandbox/requests{query}");
        let found = call(&sandbox, &line).send().await.body;
        let found = found.as_array().expect("requests").iter();
        let found: Vec<_> = found
            .map(|request| request["id"].as_i64().expect("an id"))
            .collect();
        assert_eq!(found, ids, "{query}");
    }
    for (query, problem) in [
        ("?colour=red", "colour"),
        ("?status=abc", "status"),
        ("?after=x", "after"),
    ] {
        let line = format!("GET /_sandbox/requests{query}");
        let refused = call(&sandbox, &line).send().await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.message().contains(problem), "{}", refused.message());
    }
    let cleared = call(&sandbox, "DELETE /_sandbox/requests").send().await;
    assert_eq!(cleared.status, 200);
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn the_journal_keeps_the_latest_requests_and_starts_of_bodies() {
    let sandbox = sandbox().journal(10).start().await.expect("a sandbox");
    let long = text(STRANGER, &"x".repeat(1_000_000));
    for _ in 0..25 {
        call(&sandbox, "POST /v1/message/send")
            .json(&long)
            .send()
            .await;
    }
    let requests = sandbox.requests();
    let ids: Vec<_> = requests.iter().map(|request| request.id).collect();
    assert_eq!(ids, (16..=25).collect::<Vec<_>>());
    assert!(requests[0].body_truncated && !requests[0].response_truncated);
    assert_eq!(
        requests[0].body.as_str().expect("its start").len(),
        16 * 1024
    );

    let off = super::sandbox()
        .journal(0)
        .start()
        .await
        .expect("a sandbox");
    call(&off, "GET /v1/team").send().await;
    assert_eq!(off.requests().len(), 0);
}

#[tokio::test]
async fn an_observer_sees_each_request_once() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    let sandbox = sandbox().journal(0).on_request(move |request| {
        log.lock().expect("the log").push(request.to_string());
    });
    let sandbox = sandbox.start().await.expect("a sandbox");
    call(&sandbox, "GET /v1/team").send().await;
    call(&sandbox, "GET /v1/a%0Ab").send().await;
    let lines = lines.lock().expect("the log").clone();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].contains(" GET /v1/team get_team 200 "),
        "{}",
        lines[0]
    );
    assert!(lines[1].contains(" GET /v1/a%0Ab - 404 "), "{}", lines[1]);
}

#[tokio::test]
async fn an_unknown_member_is_named_and_rejected_if_strict() {
    let body = json!({
        "inbox_id": SUPPORT, "creator_id": OWNER, "phone_number": STRANGER, "txt": "Typo.",
        "text": "Text.",
    });
    let open = sandbox().start().await.expect("a sandbox");
    let sent = call(&open, "POST /v1/message/send?phone=1")
        .json(&body)
        .send()
        .await;
    assert_eq!(sent.status, 200);
    let warning = "phone: unknown query parameter; txt: unknown member; the nearest is text";
    assert_eq!(sent.header("x-sandbox-warning"), Some(warning));
    assert_eq!(open.requests()[0].warnings.join("; "), warning);

    let strict = sandbox().strict().start().await.expect("a sandbox");
    let sent = call(&strict, "POST /v1/message/send?phone=1")
        .json(&body)
        .send()
        .await;
    assert_eq!((sent.status, sent.message()), (400, warning));
    strict.assert_sent([] as [(&str, &str); 0]);
    let nested = json!({"title": "T", "content": {"text": "x", "txt": "y"}});
    let nested = call(&strict, "POST /v1/template")
        .json(&nested)
        .send()
        .await;
    assert_eq!(
        nested.message(),
        "content.txt: unknown member; the nearest is content.text"
    );
    let custom = json!({"phone": CUSTOMER, "custom": {"3001": "free"}});
    let custom = call(&strict, "POST /v1/contact").json(&custom).send().await;
    assert_eq!(
        custom.status,
        200,
        "custom fields have any name: {}",
        custom.message()
    );
}

#[tokio::test]
async fn an_assertion_shows_the_difference() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for (to, message) in [(STRANGER, "One."), (CUSTOMER, "Two.")] {
        let body = text(to, message);
        call(&sandbox, "POST /v1/message/send")
            .json(&body)
            .send()
            .await;
    }
    sandbox
        .inbound(SUPPORT, STRANGER, "Inbound.")
        .expect("received");
    sandbox.assert_sent([(CUSTOMER, "Two."), (STRANGER, "One.")]);
    let wrong = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sandbox.assert_sent([(CUSTOMER, "Two."), (STRANGER, "Three.")]);
    }));
    let panic = wrong.expect_err("they differ");
    let message = panic.downcast_ref::<String>().expect("a text");
    assert!(
        message.contains("-15550107777: \"Three.\"\n+15550107777: \"One.\""),
        "{message}"
    );
    assert!(message.contains("\n 15550100101: \"Two.\""), "{message}");

    let messages = sandbox.messages();
    assert!(messages.len() > 100, "those of the demo data too");
    let inbound = messages.last().expect("a message");
    assert_eq!(inbound.direction, Direction::Inbound);
    assert_eq!((&*inbound.address, &*inbound.text), (STRANGER, "Inbound."));
    let contacts = sandbox.contacts();
    let contact = contacts.iter().find(|contact| contact.phone == CUSTOMER);
    assert_eq!(contact.expect("the customer").name, "Avery Example");
    sandbox.reset().expect("reset");
    sandbox.assert_sent([] as [(&str, &str); 0]);
}

#[tokio::test]
async fn a_command_line_of_curl_repeats_a_request() {
    let sandbox = sandbox().deduplication(Deduplication::None);
    let sandbox = sandbox.start().await.expect("a sandbox");
    let hostile = "'; touch /tmp/sandbox-canary; echo '$(id) \\ \"";
    let client = client(&sandbox);
    let message = heymarket_api::types::SendMessage::new(SUPPORT, OWNER)
        .to_phone(STRANGER)
        .text(hostile);
    client.send_message(&message).await.expect("sent");
    let command = sandbox.requests()[0].curl(sandbox.url());
    let run = {
        let command = command.clone();
        move || {
            let mut shell = std::process::Command::new("sh");
            shell
                .args(["-c", &command])
                .env("HEYMARKET_API_KEY", API_KEY);
            shell.output()
        }
    };
    let output = tokio::task::spawn_blocking(run).await.expect("no panic");
    let Some(output) = output
        .ok()
        .filter(|output| output.status.code() != Some(127))
    else {
        eprintln!("skipped: sh or curl is not installed");
        return;
    };
    assert!(output.status.success(), "{command}\n{output:?}");
    sandbox.assert_sent([(STRANGER, hostile), (STRANGER, hostile)]);
}
