//! Requests that the sandbox refuses, each with what is wrong, where, and
//! nothing done.

use std::collections::BTreeSet;

use heymarket_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{Answer, CUSTOMER, SUPPORT, ask, remembered, sandbox};
use crate::support::spec;

/// An operation of the spec, with its own example of a body.
struct Operation {
    id: String,
    method: String,
    path: String,
    parameters: Vec<Value>,
    body: Option<(Value, Value)>,
}

fn operations(spec: &Value) -> Vec<Operation> {
    let paths = spec["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            let parameters = operation["parameters"].as_array().cloned();
            let content = &operation["requestBody"]["content"]["application/json"];
            let example = content.get("example").or_else(|| {
                let examples = content["examples"].as_object()?;
                examples.values().next()?.get("value")
            });
            operations.push(Operation {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                parameters: parameters.unwrap_or_default(),
                body: example.map(|example| (content["schema"].clone(), example.clone())),
            });
        }
    }
    assert_eq!(operations.len(), 65);
    operations
}

impl Operation {
    /// Its line, with what is in braces as it may be.
    fn line(&self) -> String {
        let path = self
            .path
            .replace("{id}", "1")
            .replace("{contact_id}", "c0c0a0a0-0000-4000-8000-000000000010")
            .replace("{channel_type}", "phone");
        format!("{} {path}", self.method)
    }
}

fn resolved<'a>(spec: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"]
        .as_str()
        .or_else(|| schema["allOf"][0]["$ref"].as_str());
    match reference.and_then(|text| text.strip_prefix('#')) {
        Some(pointer) => spec.pointer(pointer).expect("what is referred to"),
        None => schema,
    }
}

/// Where the required members of an example are.
fn required(
    spec: &Value,
    schema: &Value,
    example: &Value,
    at: &str,
    found: &mut Vec<(String, String)>,
) {
    let schema = resolved(spec, schema);
    match example {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                required(
                    spec,
                    &schema["items"],
                    item,
                    &format!("{at}/{index}"),
                    found,
                );
            }
        }
        Value::Object(members) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                let name = name.as_str().expect("a name");
                assert!(members.contains_key(name), "{at}/{name}");
                found.push((at.to_owned(), name.to_owned()));
            }
            for (name, value) in members {
                let schema = &schema["properties"][name];
                required(spec, schema, value, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

async fn refused(sandbox: &Sandbox, operation: &Operation, body: &Value) -> Answer {
    let answer = ask(sandbox, &operation.line()).json(body).send().await;
    assert_eq!(answer.status, 400, "{} {body}: {answer:?}", operation.id);
    assert_eq!(answer.body["name"], "bad_data", "{}", operation.id);
    answer
}

#[tokio::test]
async fn each_required_member_of_each_body_is_named_when_it_is_missing() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let before = sandbox.state().expect("the state");
    let spec = spec();
    let mut tried = BTreeSet::new();
    for operation in operations(&spec) {
        let Some((schema, example)) = &operation.body else {
            continue;
        };
        let mut members = Vec::new();
        required(&spec, schema, example, "", &mut members);
        for (at, name) in members {
            let mut body = example.clone();
            let parent = body.pointer_mut(&at).and_then(Value::as_object_mut);
            parent.expect("an object").remove(&name);
            let answer = refused(&sandbox, &operation, &body).await;
            let path = format!("{at}/{name}")
                .trim_start_matches('/')
                .replace('/', ".");
            let expected = format!("{path}: is missing");
            assert!(
                answer.message().contains(&expected),
                "{}: {}",
                operation.id,
                answer.message()
            );
            tried.insert((operation.id.clone(), path));
        }
    }
    // As many as the spec has: it has to be looked at when this is no longer so.
    assert!(tried.len() > 50, "{}", tried.len());
    assert_eq!(sandbox.state().expect("the state"), before);
}

#[tokio::test]
async fn a_member_of_which_one_must_be_there_is_named_when_none_or_two_are() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let spec = spec();
    let mut tried = 0;
    for operation in operations(&spec) {
        let Some((schema, example)) = &operation.body else {
            continue;
        };
        let schema = resolved(&spec, schema);
        let Some(choices) = schema["oneOf"].as_array() else {
            continue;
        };
        let names: Vec<&str> = choices
            .iter()
            .map(|choice| choice["required"][0].as_str().expect("a name"))
            .collect();
        let mut body = example.clone();
        let members = body.as_object_mut().expect("an object");
        members.retain(|name, _| !names.contains(&name.as_str()));
        let answer = refused(&sandbox, &operation, &body).await;
        for name in &names {
            assert!(
                answer.message().contains(name),
                "{}: {}",
                operation.id,
                answer.message()
            );
        }
        let chosen = names
            .iter()
            .find(|name| example.get(name).is_some())
            .expect("one");
        let other = names.iter().find(|name| *name != chosen).expect("another");
        let property = resolved(&spec, &schema["properties"][*other]);
        let value = match property["type"].as_str() {
            Some("integer") => json!(1),
            Some("array") => json!([CUSTOMER, "15550100102"]),
            _ => json!(CUSTOMER),
        };
        let mut body = example.clone();
        body[other] = value;
        let answer = refused(&sandbox, &operation, &body).await;
        assert!(
            answer.message().contains("exactly one of"),
            "{}: {}",
            operation.id,
            answer.message()
        );
        tried += 1;
    }
    assert_eq!(tried, 12);
}

#[tokio::test]
async fn each_member_of_a_wrong_type_is_named_with_what_it_must_be() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let spec = spec();
    let mut tried = 0;
    for operation in operations(&spec) {
        let Some((schema, example)) = &operation.body else {
            continue;
        };
        let schema = resolved(&spec, schema);
        for name in example
            .as_object()
            .into_iter()
            .flat_map(|members| members.keys())
        {
            let property = resolved(&spec, &schema["properties"][name]);
            let wrong = match property["type"].as_str() {
                Some("integer" | "boolean" | "array" | "object") => json!("invented"),
                Some("string") => json!(7),
                _ => continue,
            };
            let mut body = example.clone();
            body[name] = wrong;
            let answer = refused(&sandbox, &operation, &body).await;
            let expected = format!("{name}: must be ");
            assert!(
                answer.message().contains(&expected),
                "{}: {}",
                operation.id,
                answer.message()
            );
            assert!(
                !answer.message().contains("invented"),
                "a value is in the message"
            );
            tried += 1;
        }
    }
    assert!(tried > 80, "{tried}");
}

#[tokio::test]
async fn a_body_that_is_not_json_of_the_right_type_is_refused() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for operation in operations(&spec()) {
        if operation.body.is_none() {
            continue;
        }
        let line = operation.line();
        let broken = ask(&sandbox, &line).header("content-type", "application/json");
        let broken = broken.bytes("{\"phone\": \"1555").send().await;
        assert_eq!(broken.status, 400, "{}", operation.id);
        assert!(
            broken.message().contains("not JSON (line 1 column"),
            "{broken:?}"
        );
        assert!(!broken.message().contains("1555"), "{broken:?}");
        let missing = ask(&sandbox, &line).send().await;
        assert_eq!(missing.status, 400, "{}", operation.id);
        assert!(missing.message().contains("body"), "{missing:?}");
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
        ] {
            let wrong = ask(&sandbox, &line)
                .header("content-type", kind)
                .bytes("{}");
            let wrong = wrong.send().await;
            assert_eq!(wrong.status, 415, "{}", operation.id);
            assert!(wrong.message().contains("application/json"), "{wrong:?}");
        }
        let text = ask(&sandbox, &line).json(&json!("text")).send().await;
        assert_eq!(text.status, 400, "{}: {text:?}", operation.id);
    }
    let body = json!({ "phone": CUSTOMER }).to_string();
    let charset = ask(&sandbox, "POST /v1/contact/get");
    let charset = charset
        .header("content-type", "application/json; charset=utf-8")
        .bytes(body);
    assert_eq!(charset.send().await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_limit_told() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let title = "x".repeat(9 * 1024 * 1024);
    for _ in 0..3 {
        let body = json!({ "tag": title });
        let answer = ask(&sandbox, "POST /v1/tag").json(&body).send().await;
        assert_eq!(answer.status, 413);
        assert!(answer.message().contains("8388608 bytes"), "{answer:?}");
    }
    let fitting = json!({ "tag": title[..8_000_000] });
    assert_eq!(
        ask(&sandbox, "POST /v1/tag")
            .json(&fitting)
            .send()
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_unknown_path_is_told_with_the_nearest_operation() {
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
        let answer = ask(&sandbox, line).send().await;
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
    let own = ask(&sandbox, "GET /_sandbox/clocks").send().await;
    assert_eq!(own.status, 404);
    assert!(
        own.message().contains("; GET /_sandbox/ lists"),
        "{}",
        own.message()
    );
}

#[tokio::test]
async fn a_wrong_method_is_told_with_those_that_there_are() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for (line, allowed) in [
        ("PATCH /v1/contact/1", vec!["DELETE", "GET", "PUT"]),
        ("GET /v1/message/send", vec!["POST"]),
        ("PUT /v1/inboxes", vec!["GET"]),
        ("GET /v2/contacts", vec!["DELETE", "POST"]),
        ("POST /_sandbox/state", vec!["GET"]),
        ("PUT /_sandbox/rules", vec!["DELETE", "GET", "POST"]),
    ] {
        let answer = ask(&sandbox, line).send().await;
        assert_eq!(answer.status, 405, "{line}");
        let allow = answer.header("allow").expect("Allow");
        let mut methods: Vec<_> = allow.split(',').map(str::trim).collect();
        methods.retain(|method| *method != "HEAD");
        methods.sort_unstable();
        assert_eq!(methods, allowed, "{line}");
    }
}

#[tokio::test]
async fn parameters_that_are_missing_or_of_another_type_are_named() {
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
            history(&format!(
                "phoneNumber={CUSTOMER}&inboxID={SUPPORT}&timestamp=999999999999999999"
            )),
            "timestamp: is Unix time in seconds",
        ),
        (
            "PUT /v1/contact/1?overwrite=maybe".to_owned(),
            "overwrite: must be boolean",
        ),
    ] {
        let answer = ask(&sandbox, &line)
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
            let answer = ask(&sandbox, &line).json(&body).send().await;
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
async fn what_the_sandbox_is_told_wrongly_is_refused_and_nothing_is_changed() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let before = sandbox.state().expect("the state");
    let id = remembered(&sandbox, "messages")[0]["id"].clone();
    let message = format!("PUT /_sandbox/messages/{id}");
    let url = "http://127.0.0.1:9/";
    for (line, body, problem) in [
        ("POST /_sandbox/rules", json!({}), "trouble"),
        (
            "POST /_sandbox/rules",
            json!({ "trouble": "flood" }),
            "flood",
        ),
        (
            "POST /_sandbox/rules",
            json!({ "trouble": "status", "nth": 0 }),
            "nth",
        ),
        (
            "POST /_sandbox/rules",
            json!({ "trouble": "status", "status": 200 }),
            "status",
        ),
        (
            "POST /_sandbox/rules",
            json!({ "trouble": "status", "colour": 1 }),
            "colour",
        ),
        (
            "POST /_sandbox/rules",
            json!({ "trouble": "status", "operation": "send_mesage" }),
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
        let answer = ask(&sandbox, line).json(&body).send().await;
        assert_eq!(answer.status, 400, "{line} {body}: {answer:?}");
        assert!(
            answer.message().contains(problem),
            "{line} {body}: {}",
            answer.message()
        );
        assert_eq!(
            ask(&sandbox, line).bytes("{").send().await.status,
            400,
            "{line}"
        );
    }
    let gone = ask(&sandbox, "PUT /_sandbox/messages/1").json(&json!({ "status": "sent" }));
    assert_eq!(gone.send().await.status, 404);
    assert_eq!(sandbox.state().expect("the state"), before);
    let rules = ask(&sandbox, "GET /_sandbox/rules").send().await;
    assert_eq!(rules.body, json!([]));
    let webhooks = ask(&sandbox, "GET /_sandbox/webhooks").send().await;
    assert_eq!(webhooks.body, json!([]));
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_what_to_do() {
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
