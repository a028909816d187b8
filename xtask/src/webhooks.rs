//! The webhooks of the document.
//!
//! `openapi/webhooks.yaml` describes the data of each event type. The document
//! has a Path Item for each, in the form of `webhooks` in OpenAPI 3.1, whose
//! request body is the whole delivery.

use serde_json::{Map, Value, json};

use crate::schema;
use crate::yaml::escape_pointer;

/// The extension that holds the webhooks.
pub(crate) const KEY: &str = "x-webhooks";

const MEDIA: &str = "/post/requestBody/content/application~1json";

/// Replaces the description of each webhook by its Path Item.
pub(crate) fn expand(document: &mut Value) {
    let webhooks = document.get_mut(KEY).and_then(Value::as_object_mut);
    for (name, webhook) in webhooks.into_iter().flatten() {
        if let Value::Object(source) = webhook {
            *webhook = path_item(name, source);
        }
    }
}

/// The webhooks, by event type.
pub(crate) fn all(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema::object(document.get(KEY))
}

/// The schema of the data that a webhook delivers.
pub(crate) fn data_schema(webhook: &Value) -> Option<&Value> {
    webhook.pointer(&format!("{MEDIA}{DATA}"))
}

/// The pointer of that schema.
pub(crate) fn data_pointer(name: &str) -> String {
    format!("/{KEY}/{}{MEDIA}{DATA}", escape_pointer(name))
}

const DATA: &str = "/schema/allOf/1/properties/event_data";

/// The example of a delivery.
pub(crate) fn example(webhook: &Value) -> Option<&Value> {
    webhook.pointer(&format!("{MEDIA}/example"))
}

/// What is missing in `source` stays out, for the lint to find.
fn path_item(name: &str, source: &Map<String, Value>) -> Value {
    let mut item = source.clone();
    let data = item.remove("schema");
    let example = item.remove("example");
    let delivery = schema::WEBHOOK_BODY;
    let mut media = json!({"schema": {"allOf": [{"$ref": format!("#{delivery}")}]}});
    if let (Some(data), Some(parts)) = (data, media["schema"]["allOf"].as_array_mut()) {
        parts.push(json!({"type": "object", "properties": {"event_data": data}}));
    }
    if let Some(data) = example {
        media["example"] = json!({
            "type": name,
            "id": 321,
            "token": "invented-verification-token",
            "event_data": data,
        });
    }
    let description = item.get("description").and_then(Value::as_str);
    item.insert(
        "post".to_owned(),
        json!({
            "operationId": format!("deliver_{name}"),
            "summary": first_sentence(description.unwrap_or_default()),
            "security": [],
            "requestBody": {"required": true, "content": {"application/json": media}},
            "responses": {"200": {"description": "The receiver took the event."}},
        }),
    );
    Value::Object(item)
}

fn first_sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => text,
    }
}
