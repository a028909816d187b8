//! Every schema of the spec makes a validator, and violations name the field.

use serde_json::json;

use super::document::{Spec, members};

#[test]
fn every_schema_of_the_spec_has_a_validator() {
    let spec = Spec::get();
    let paths = members(spec.document.get("paths"));
    let missing: Vec<_> = paths
        .flat_map(|(_, item)| members(Some(item)))
        .filter_map(|(_, operation)| operation.get("operationId")?.as_str())
        .filter(|id| spec.operation(id).is_none())
        .collect();
    assert!(missing.is_empty(), "not read from the spec: {missing:?}");
    for operation in spec.operations() {
        if let Some(body) = &operation.body {
            spec.body(body);
        }
        assert!(spec.answer(operation).is_some(), "{}", operation.id);
        for parameter in &operation.parameters {
            spec.parameter(parameter);
        }
    }
    assert!(spec.is_open("status") && spec.is_open("channel_type") && !spec.is_open("text"));
}

fn problems(operation: &str, body: &serde_json::Value) -> Vec<String> {
    let spec = Spec::get();
    let operation = spec.operation(operation).expect("an operation");
    let body_schema = operation.body.as_ref().expect("a body");
    match spec.body(body_schema).check(body) {
        Ok(()) => Vec::new(),
        Err(violations) => violations.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_violation_has_its_field_and_not_its_value() {
    for (operation, body, problem) in [
        (
            "send_message",
            json!({"creator_id": 1, "phone_number": "15550100101"}),
            "inbox_id: is missing",
        ),
        (
            "send_message",
            json!({"inbox_id": 1, "creator_id": 1}),
            "phone_number: exactly one of `phone_number`, `chat_id`, `list_id`, `targets` \
             is required, and none is present",
        ),
        (
            "close_conversation",
            json!({"inbox_id": 1, "user_id": 1}),
            "chat_id: at least one of `chat_id`, `target`, `targets` is required, and none is \
             present",
        ),
        (
            "send_message",
            json!({"inbox_id": 1, "creator_id": 1, "phone_number": "1", "chat_id": 2}),
            "chat_id: exactly one of `phone_number`, `chat_id`, `list_id`, `targets` is required, \
             and 2 are present",
        ),
        (
            "send_message",
            json!({"inbox_id": 1, "creator_id": 1, "list_id": 2}),
            "local_id: is required with `list_id`",
        ),
        (
            "send_message",
            json!({"inbox_id": 1, "creator_id": 1, "phone_number": "+15550100101"}),
            "phone_number: must be a phone number: 1 to 15 digits, nothing else",
        ),
        (
            "create_template",
            json!({"title": "T", "content": {"text": 5}}),
            "content.text: must be string, not a number",
        ),
        (
            "set_contact_status",
            json!({"id": 1, "status": "gone"}),
            "status: must be one of [\"active\",\"blocked\",\"unblocked\",\"subscribed\",\
             \"unsubscribed\"]",
        ),
        (
            "create_contact",
            json!([]),
            "the body must be object, not an array",
        ),
        (
            "list_contacts",
            json!({"date": "yesterday"}),
            "date: must be an RFC 3339 time, such as 2026-05-07T12:00:00Z",
        ),
    ] {
        assert_eq!(problems(operation, &body), [problem]);
    }
    let good = json!({"inbox_id": 1, "creator_id": 1, "phone_number": "15550100101"});
    assert_eq!(problems("send_message", &good), [] as [&str; 0]);
    let named_twice = json!({"inbox_id": 1, "user_id": 1, "chat_id": 1, "target": "1"});
    assert_eq!(
        problems("close_conversation", &named_twice),
        [] as [&str; 0]
    );
    let other_kind = json!({"channel_type": "other", "channel_id": "somebody"});
    assert_eq!(
        problems("add_contact_channel", &other_kind),
        [] as [&str; 0]
    );
}

#[test]
fn an_integer_must_fit_in_64_bits() {
    for number in ["-9223372036854775809", "9223372036854775808", "1e30"] {
        let body = format!(r#"{{"parent_id": {number}}}"#);
        let body = serde_json::from_str(&body).expect("JSON");
        let problems = problems("list_contacts", &body);
        assert_eq!(problems, ["parent_id: must fit in 64 bits"], "{number}");
    }
    for number in ["-9223372036854775808", "9223372036854775807", "1.0", "0"] {
        let body = format!(r#"{{"parent_id": {number}}}"#);
        let body = serde_json::from_str(&body).expect("JSON");
        assert_eq!(problems("list_contacts", &body), [""; 0], "{number}");
    }
}

#[test]
fn what_must_not_be_empty_is_named() {
    let problems = problems("create_tag", &json!({"tag": "", "color": "#12345"}));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.contains(&"tag: must not be empty".to_owned()));
}
