//! `openapi/portable.json`, for generators of other languages. `.ci/portable.py` runs
//! four of them.

use std::collections::BTreeSet;

use heymarket_api::Check;
use heymarket_api::types::{Address, EmailRecipient, Phone};
use jiff::Timestamp;
use serde_json::Value;

use crate::support::project_root;

fn portable() -> Value {
    let path = project_root().join("openapi/portable.json");
    let text = std::fs::read_to_string(path).expect("openapi/portable.json");
    serde_json::from_str(&text).expect("JSON")
}

/// Calls `visitor` with every object outside of examples.
fn visit(value: &Value, visitor: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            visitor(value);
            for (key, value) in members {
                if !key.starts_with("example") {
                    visit(value, visitor);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, visitor)),
        _ => {}
    }
}

#[test]
fn the_portable_document_has_nothing_of_this_project_alone() {
    let document = portable();
    let (mut extensions, mut formats) = (BTreeSet::new(), BTreeSet::new());
    visit(&document, &mut |object| {
        let keys = object.as_object().expect("an object").keys();
        extensions.extend(keys.filter(|key| key.starts_with("x-")).cloned());
        formats.extend(object["format"].as_str().map(str::to_owned));
        let has_choice = object.get("oneOf").or(object.get("anyOf")).is_some();
        assert!(!has_choice, "{object}");
        if let Some(reference) = object["$ref"].as_str() {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{reference}");
        }
    });
    assert_eq!(
        Vec::from_iter(extensions),
        ["x-extensible-enum", "x-webhooks"]
    );
    assert_eq!(Vec::from_iter(formats), ["date-time", "int64"]);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["List"], Value::Null);
    assert!(schemas["ContactList"]["properties"]["name"].is_object());
}

#[test]
fn a_portable_enum_names_its_values_and_takes_others() {
    let document = portable();
    let status = &document["components"]["schemas"]["Conversation"]["properties"]["status"];
    assert_eq!(status["type"], "string");
    assert_eq!(status["nullable"], true);
    assert_eq!(status["enum"], Value::Null);
    let values = status["x-extensible-enum"].as_array().expect("values");
    assert!(values.contains(&"open".into()), "{values:?}");
}

#[test]
fn the_portable_patterns_take_what_the_types_take() {
    let document = portable();
    let schemas = &document["components"]["schemas"];
    let accepts = |schema: &Value, text: &str| {
        let schema = serde_json::json!({"type": "string", "pattern": schema["pattern"]});
        jsonschema::is_valid(&schema, &text.into())
    };
    let phone = &schemas["SendMessage"]["properties"]["phone_number"];
    let address = &schemas["NewContactChannel"]["properties"]["channel_id"];
    let recipient = &schemas["SendEmail"]["properties"]["targets"]["items"];
    let now = Timestamp::UNIX_EPOCH;
    for text in [
        "15550100101",
        "1",
        "123456789012345",
        "1234567890123456",
        "",
        "1555-0100",
        "1555 0100",
    ] {
        let is_taken = Phone::from(text).check(now).is_ok();
        assert_eq!(accepts(phone, text), is_taken, "{text}");
    }
    for text in ["15550100101", "person@example.com", "a-handle", ""] {
        let is_taken = Address::from(text).check(now).is_ok();
        assert_eq!(accepts(address, text), is_taken, "{text}");
    }
    for text in [
        "to:person@example.com",
        "cc: a@example.com , b@example.com",
        "person@example.com",
        "to:person",
        "to:",
        "bcc:person@example.com",
    ] {
        let recipient_value: EmailRecipient = serde_json::from_value(text.into()).expect("text");
        let is_taken = recipient_value.check(now).is_ok();
        assert_eq!(accepts(recipient, text), is_taken, "{text}");
    }
}
