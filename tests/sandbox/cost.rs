//! The cost of a long request grows with its length, not its square.

use std::time::Duration;

use heymarket_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use super::{CUSTOMER, OWNER, Request, SUPPORT, call, sandbox};
use crate::support::cpu_time;

/// The number of items in a request. Comparing all pairs would cost far more
/// than `MANY`.
const COUNT: usize = 50_000;
const MANY: Duration = Duration::from_secs(5);

/// Returns the CPU time of a request. Client and sandbox run on the thread of
/// the test.
async fn cost(request: Request, line: &str, status: u16) -> (Duration, Value) {
    let start = cpu_time();
    let answer = request.send().await;
    let cost = cpu_time() - start;
    let line: String = line.chars().take(40).collect();
    assert_eq!(answer.status, status, "{line}: {}", answer.message());
    assert!(answer.message().len() < 1000, "{line}: it is not repeated");
    (cost, answer.body)
}

#[tokio::test]
async fn a_path_of_sixty_kilobytes_costs_no_second() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let long = "x".repeat(60_000);
    let deep = "a/".repeat(30_000);
    let encoded = "%41".repeat(20_000);
    let query = "a=b&".repeat(15_000);
    for (short, long, status) in [
        ("GET /x", format!("GET /{long}"), 404),
        ("GET /v1/a/a", format!("GET /v1/{deep}"), 404),
        ("GET /A", format!("GET /{encoded}"), 404),
        ("GET /_sandbox/x", format!("GET /_sandbox/{long}"), 404),
        (
            "DELETE /_sandbox/rules/x",
            format!("DELETE /_sandbox/rules/{long}"),
            404,
        ),
        (
            "GET /v1/contact/x",
            format!("GET /v1/contact/{encoded}"),
            400,
        ),
        (
            "PATCH /v1/contact/x",
            format!("PATCH /v1/contact/{long}"),
            405,
        ),
        (
            "GET /v1/contact/x?a=b",
            format!("GET /v1/contact/x?{query}"),
            400,
        ),
    ] {
        // The schemas are compiled by now.
        cost(call(&sandbox, short), short, status).await;
        let (usual, _) = cost(call(&sandbox, short), short, status).await;
        let (long, _) = cost(call(&sandbox, &long), &long, status).await;
        assert!(
            long < Duration::from_millis(100),
            "{short}: {usual:?}, and {long:?} if it is long"
        );
    }
}

/// Sends a body and asserts a low cost. Returns the response.
async fn send(sandbox: &Sandbox, line: &str, body: Value, status: u16) -> Value {
    let (cost, answer) = cost(call(sandbox, line).json(&body), line, status).await;
    assert!(cost < MANY, "{line}: {cost:?}");
    answer
}

#[tokio::test]
async fn a_long_name_in_a_rule_is_not_compared() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let rule = json!({ "fault": "status", "operation": "x".repeat(1_000_000) });
    send(&sandbox, "POST /_sandbox/rules", rule, 400).await;
}

#[tokio::test]
async fn many_items_cost_the_sum_of_their_costs() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let numbers = || 0..COUNT;

    let fields: Vec<_> = numbers()
        .map(|n| json!({ "title": format!("Field {n}") }))
        .collect();
    send(&sandbox, "POST /v1/contacts/fields", json!(fields), 200).await;
    let custom: Map<_, _> = numbers().map(|n| (n.to_string(), json!("x"))).collect();
    let contact = json!({ "phone": CUSTOMER, "custom": custom });
    send(&sandbox, "POST /v1/contact", contact, 200).await;

    let tokens: String = numbers().map(|n| format!("{{{{Field_{n}}}}}")).collect();
    let template = json!({ "title": "Tokens", "content": { "text": tokens } });
    let template = send(&sandbox, "POST /v1/template", template, 200).await;
    let message = json!({
        "inbox_id": SUPPORT, "creator_id": OWNER, "phone_number": CUSTOMER,
        "template_id": template["id"],
    });
    send(&sandbox, "POST /v1/message/send", message, 200).await;

    let channels =
        numbers().map(|n| json!({ "channel_type": format!("{n}"), "channel_id": n.to_string() }));
    let contact = json!({ "contact_channels": channels.collect::<Vec<_>>() });
    send(&sandbox, "POST /v2/contact", contact, 200).await;

    let phones: Vec<_> = numbers().map(|n| format!("1555{n:07}")).collect();
    let list = json!({ "title": "L", "add_phones": phones, "remove_phones": phones });
    send(&sandbox, "PUT /v2/lists/1000001", list, 200).await;
    let search = json!({ "contact_channels": [{ "channel_ids": phones }] });
    let contacts = send(&sandbox, "POST /v2/contacts/search", search, 200).await;
    let contacts = contacts.as_array().expect("contacts");
    let (kept, deleted) = contacts.split_at(2000);
    let ids: Vec<_> = kept.iter().map(|contact| &contact["id"]).collect();
    for n in 0..20 {
        let list = json!({ "title": "L", "local_id": n.to_string(), "contacts": ids });
        send(&sandbox, "POST /v2/lists", list, 200).await;
    }
    let ids: Vec<_> = deleted.iter().map(|contact| &contact["uuid"]).collect();
    let deleted = json!({ "contact_channels": [{ "channel_type": "id", "channel_ids": ids }] });
    send(&sandbox, "DELETE /v2/contacts", deleted, 200).await;

    let wrong = vec![json!({ "phone": "x" }); COUNT];
    send(&sandbox, "POST /v1/batch/contacts", json!(wrong), 400).await;
}
