//! The document as progenitor can take it.

use serde_json::{Value, json};

use super::model::Model;
use crate::schema::{self, Choice};

/// Takes out what the generator mistakes, and what this crate generates by
/// itself.
pub(super) fn prepare(document: &Value, model: &Model<'_>) -> Value {
    let mut document = document.clone();
    prepare_operations(&mut document);
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(schemas) = schemas {
        schemas.retain(|name, _| model.schemas.contains_key(name));
        for (name, schema) in schemas.iter_mut() {
            drop_extensions(schema);
            if model.schemas[name].is_request {
                prepare_request(schema);
            }
        }
    }
    if let Some(components) = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
    {
        components.retain(|key, _| key == "schemas");
    }
    document
}

/// Leaves one response for each operation: two typed ones are a panic, and a
/// status other than the documented one is an error unless it is `2XX`.
fn prepare_operations(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for item in paths.values_mut() {
        let Some(item) = item.as_object_mut() else {
            continue;
        };
        for (method, operation) in item.iter_mut() {
            if !schema::METHODS.contains(&method.as_str()) {
                continue;
            }
            let success = schema::object(operation.get("responses"))
                .find(|(status, _)| status.starts_with('2'))
                .map(|(_, response)| response.clone());
            if let (Some(mut success), Some(operation)) = (success, operation.as_object_mut()) {
                if let Some(success) = success.as_object_mut() {
                    success.remove("headers");
                }
                operation.insert("responses".to_owned(), json!({ "2XX": success }));
            }
        }
    }
}

/// A conversion matches a schema with nothing else in it.
fn drop_extensions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, _| !key.starts_with("x-"));
            members.values_mut().for_each(drop_extensions);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_extensions),
        _ => {}
    }
}

/// An optional array must be distinguishable from an empty one, and choices
/// and constraints are checked when a request is sent (`checks.rs`), where
/// the error can name the field.
fn prepare_request(schema: &mut Value) {
    let choice = Choice::of(schema).is_some();
    let required: Vec<String> = schema::strings(schema.get("required"))
        .map(str::to_owned)
        .collect();
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    if choice {
        schema.retain(|key, _| Choice::KEYWORDS.iter().all(|(keyword, _)| key != keyword));
    }
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, property) in properties.iter_mut() {
        let Some(property) = property.as_object_mut() else {
            continue;
        };
        for constraint in ["minimum", "maximum", "minItems", "maxItems", "pattern"] {
            property.remove(constraint);
        }
        let is_collection = matches!(
            property.get("type").and_then(Value::as_str),
            Some("array" | "object")
        );
        if is_collection && !required.contains(name) {
            property.insert("nullable".to_owned(), Value::Bool(true));
        }
    }
}
