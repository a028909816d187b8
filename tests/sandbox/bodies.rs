//! Bodies that the spec does not allow, derived from its examples.

use std::collections::BTreeSet;

use heymarket_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{CUSTOMER, Response, call, sandbox};
use crate::support::{assert_every_operation, spec};

/// An operation of the spec, with its example body.
pub(super) struct Operation {
    id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<(Value, Value)>,
}

pub(super) fn operations(spec: &Value) -> Vec<Operation> {
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
    let ids = operations.iter().map(|operation| operation.id.as_str());
    assert_every_operation("body read from the spec", ids);
    operations
}

impl Operation {
    /// Returns method and path, with parameters filled in.
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

/// Returns the places of the required members of an example.
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

async fn refused(sandbox: &Sandbox, operation: &Operation, body: &Value) -> Response {
    let answer = call(sandbox, &operation.line()).json(body).send().await;
    assert_eq!(answer.status, 400, "{} {body}: {answer:?}", operation.id);
    assert_eq!(answer.body["name"], "bad_data", "{}", operation.id);
    answer
}

#[tokio::test]
async fn every_missing_required_member_is_named() {
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
    // The number of the spec. Check the test when it changes.
    assert!(tried.len() > 50, "{}", tried.len());
    assert_eq!(sandbox.state().expect("the state"), before);
}

#[tokio::test]
async fn a_choice_with_none_or_two_members_is_named() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let spec = spec();
    let mut tried = 0;
    for operation in operations(&spec) {
        let Some((schema, example)) = &operation.body else {
            continue;
        };
        let schema = resolved(&spec, schema);
        let (exclusive, either) = (&schema["oneOf"], &schema["anyOf"]);
        let Some(choices) = exclusive.as_array().or_else(|| either.as_array()) else {
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
        if either.is_array() {
            let answer = call(&sandbox, &operation.line()).json(&body).send().await;
            assert!(!answer.message().contains("at least one of"));
            tried += 1;
            continue;
        }
        let answer = refused(&sandbox, &operation, &body).await;
        assert!(
            answer.message().contains("exactly one of"),
            "{}: {}",
            operation.id,
            answer.message()
        );
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
}

#[tokio::test]
async fn a_member_of_a_wrong_type_is_named_with_its_type() {
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
async fn a_body_that_is_not_json_is_rejected() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for operation in operations(&spec()) {
        if operation.body.is_none() {
            continue;
        }
        let line = operation.line();
        let broken = call(&sandbox, &line).header("content-type", "application/json");
        let broken = broken.bytes("{\"phone\": \"1555").send().await;
        assert_eq!(broken.status, 400, "{}", operation.id);
        assert!(
            broken.message().contains("not JSON (line 1 column"),
            "{broken:?}"
        );
        assert!(!broken.message().contains("1555"), "{broken:?}");
        let missing = call(&sandbox, &line).send().await;
        assert_eq!(missing.status, 400, "{}", operation.id);
        assert!(missing.message().contains("body"), "{missing:?}");
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
        ] {
            let wrong = call(&sandbox, &line)
                .header("content-type", kind)
                .bytes("{}");
            let wrong = wrong.send().await;
            assert_eq!(wrong.status, 415, "{}", operation.id);
            assert!(wrong.message().contains("application/json"), "{wrong:?}");
        }
        let text = call(&sandbox, &line).json(&json!("text")).send().await;
        assert_eq!(text.status, 400, "{}: {text:?}", operation.id);
    }
    let body = json!({ "phone": CUSTOMER }).to_string();
    let charset = call(&sandbox, "POST /v1/contact/get");
    let charset = charset
        .header("content-type", "application/json; charset=utf-8")
        .bytes(body);
    assert_eq!(charset.send().await.status, 200);
}
