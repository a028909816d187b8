//! The webhooks of the document.
//!
//! `openapi/webhooks.yaml` describes the data of each event type. The document
//! has a Path Item for each, in the form of `webhooks` in OpenAPI 3.1, whose
//! request body is the whole delivery.

use serde_json::{Map, Value, json};

use crate::schema::{self, WEBHOOKS};
use crate::yaml::escape_pointer;

/// The extension that says what the client makes of an event type.
pub(crate) const EVENT: &str = "x-event";

/// The body of every webhook.
pub(crate) const BODY: &str = "/components/schemas/WebhookDelivery";

/// The values of `dedupe` in an event, and the component that the data must be
/// for each.
pub(crate) const DEDUPE_CLASSES: [(&str, Option<&str>); 8] = [
    ("message_status", Some("Message")),
    ("message", Some("Message")),
    ("conversation_state", Some("Conversation")),
    ("conversation_assignee", Some("Conversation")),
    ("conversation_inbox", Some("Conversation")),
    ("conversation_change", Some("Conversation")),
    ("person", None),
    ("data", None),
];

const MEDIA: &str = "/post/requestBody/content/application~1json";

/// Replaces each webhook of the source by its Path Item.
pub(crate) fn expand(document: &mut Value) {
    let webhooks = document.get_mut(WEBHOOKS).and_then(Value::as_object_mut);
    for (name, webhook) in webhooks.into_iter().flatten() {
        if let Value::Object(source) = webhook {
            *webhook = path_item(name, source);
        }
    }
}

/// Returns the webhooks by event type.
pub(crate) fn all(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema::object(document.get(WEBHOOKS))
}

/// Returns the schema of the data that a webhook delivers.
pub(crate) fn data_schema(webhook: &Value) -> Option<&Value> {
    webhook.pointer(&format!("{MEDIA}{DATA}"))
}

/// Returns the pointer of that schema.
fn data_pointer(name: &str) -> String {
    format!("/{WEBHOOKS}/{}{MEDIA}{DATA}", escape_pointer(name))
}

const DATA: &str = "/schema/allOf/1/properties/event_data";

/// Returns the pointers of the schemas of webhooks: the body, and the data of each
/// type.
pub(crate) fn schemas(document: &Value) -> Vec<String> {
    let data = all(document).map(|(name, _)| data_pointer(name));
    std::iter::once(BODY.to_owned()).chain(data).collect()
}

/// Returns the example of a delivery.
pub(crate) fn example(webhook: &Value) -> Option<&Value> {
    webhook.pointer(&format!("{MEDIA}/example"))
}

/// Returns the Path Item of a webhook. Members that `source` lacks stay missing,
/// so that the lint finds them.
fn path_item(name: &str, source: &Map<String, Value>) -> Value {
    let mut item = source.clone();
    let data = item.remove("schema");
    let example = item.remove("example");
    let delivery = BODY;
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
