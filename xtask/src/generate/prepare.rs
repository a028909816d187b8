//! Prepares the document for progenitor.

use serde_json::{Value, json};

use super::model::Model;
use crate::operation;
use crate::schema::{self, Choice};

/// Removes what progenitor would misread, and what codegen generates instead.
pub(super) fn prepare(document: &Value, model: &Model<'_>) -> Value {
    let mut document = document.clone();
    type_ids(&mut document);
    prepare_operations(&mut document);
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(schemas) = schemas {
        schemas.retain(|name, _| model.schemas.contains_key(name));
        for (name, schema) in schemas.iter_mut() {
            drop_extensions(schema);
            if model.schemas[name].is_request {
                drop_constraints(schema);
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

/// Leaves one response for each operation. Two typed responses make progenitor
/// panic, and without `2XX` a status other than the documented one is an error.
fn prepare_operations(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for item in paths.values_mut() {
        let Some(item) = item.as_object_mut() else {
            continue;
        };
        for (method, operation) in item.iter_mut() {
            if !operation::METHODS.contains(&method.as_str()) {
                continue;
            }
            let success = schema::object(operation.get("responses"))
                .find(|(status, _)| status.starts_with('2'))
                .map(|(_, response)| response.clone());
            if let (Some(mut success), Some(operation)) = (success, operation.as_object_mut()) {
                let parameters = operation.get_mut("parameters");
                for parameter in parameters
                    .and_then(Value::as_array_mut)
                    .into_iter()
                    .flatten()
                {
                    if let Some(schema) = parameter.get_mut("schema") {
                        drop_constraints(schema);
                    }
                }
                if let Some(success) = success.as_object_mut() {
                    success.remove("headers");
                }
                operation.insert("responses".to_owned(), json!({ "2XX": success }));
            }
        }
    }
}

/// Makes the type of an ID a format, which a conversion recognizes.
fn type_ids(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(id) = members.remove(schema::ID) {
                members.insert("format".to_owned(), id);
            }
            members.values_mut().for_each(type_ids);
        }
        Value::Array(items) => items.iter_mut().for_each(type_ids),
        _ => {}
    }
}

/// Removes extensions: a conversion matches a schema without other keys only.
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

/// The generator makes a type of each constrained value, and of an `enum` that
/// narrows a component.
const CONSTRAINTS: [&str; 7] = [
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
];

fn drop_constraints(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    members.retain(|key, _| !CONSTRAINTS.contains(&key.as_str()));
    if members.contains_key("allOf") {
        members.remove("enum");
    }
    let properties = members.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|all| all.values_mut()) {
        drop_constraints(property);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(schema) = members.get_mut(key) {
            drop_constraints(schema);
        }
    }
}

/// Makes an optional array distinguishable from an empty one, and removes choices
/// and constraints: `checks.rs` generates their checks, whose errors name the
/// field.
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
        let is_collection = matches!(
            property.get("type").and_then(Value::as_str),
            Some("array" | "object")
        );
        if is_collection && !required.contains(name) {
            property.insert("nullable".to_owned(), Value::Bool(true));
        }
    }
}
