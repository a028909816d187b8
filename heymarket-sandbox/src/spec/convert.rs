//! Converts schemas of OpenAPI 3.0 to JSON Schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// The formats that only this spec knows.
const OWN_FORMATS: [&str; 3] = ["phone", "address", "email-recipient"];

/// The keyword of integers that must fit in 64 bits. `minimum` cannot express it: the
/// next smaller number is parsed as a float that equals the smallest integer.
pub(super) const INT64: &str = "x-int64";

/// The direction of the values that a schema checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// Returns a self-contained JSON Schema.
pub(super) fn standalone(document: &Value, schema: &Value, side: Side) -> Value {
    let mut names = BTreeSet::new();
    collect_references(document, schema, &mut names);
    let mut schemas = Map::new();
    for name in names {
        let schema = convert(component(document, &name), side);
        schemas.insert(name, schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": {"schemas": schemas},
        "allOf": [convert(schema, side)],
    })
}

/// Returns the name of the schema that a schema refers to.
pub(super) fn referenced(schema: &Value) -> Option<&str> {
    let reference = schema.get("$ref").and_then(Value::as_str);
    reference.and_then(|text| text.strip_prefix(SCHEMAS))
}

pub(super) fn component<'a>(document: &'a Value, name: &str) -> &'a Value {
    let schemas = document.pointer("/components/schemas");
    schemas
        .and_then(|schemas| schemas.get(name))
        .unwrap_or(&Value::Null)
}

fn collect_references(document: &Value, schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(name) = referenced(schema)
                && names.insert(name.to_owned())
            {
                collect_references(document, component(document, name), names);
            }
            for value in members.values() {
                collect_references(document, value, names);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect_references(document, item, names);
            }
        }
        _ => {}
    }
}

fn convert(schema: &Value, side: Side) -> Value {
    let Value::Object(members) = schema else {
        // A missing schema accepts everything.
        return Value::Bool(true);
    };
    let mut converted = Map::new();
    for (key, value) in members {
        match key.as_str() {
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                let properties: Map<_, _> = properties
                    .map(|(name, schema)| (name.clone(), convert(schema, side)))
                    .collect();
                converted.insert(key.clone(), properties.into());
            }
            "items" => {
                converted.insert(key.clone(), convert(value, side));
            }
            "additionalProperties" if value.is_object() => {
                converted.insert(key.clone(), convert(value, side));
            }
            "allOf" | "oneOf" | "anyOf" => {
                let items = value.as_array().into_iter().flatten();
                let items: Vec<_> = items.map(|schema| convert(schema, side)).collect();
                converted.insert(key.clone(), items.into());
            }
            "$ref"
            | "type"
            | "required"
            | "format"
            | "minItems"
            | "maxItems"
            | "minimum"
            | "maximum"
            | "minLength"
            | "maxLength"
            | "additionalProperties" => {
                converted.insert(key.clone(), value.clone());
            }
            // A format of the spec's own is checked by name.
            "pattern" if !has_own_format(members) => {
                converted.insert(key.clone(), value.clone());
            }
            // Requests may use values that no page lists. Responses must use
            // known ones.
            "enum" if side == Side::Response || !is_open_to_requests(members) => {
                converted.insert(key.clone(), value.clone());
            }
            _ => {}
        }
    }
    if members.get("format").and_then(Value::as_str) == Some("int64") {
        converted.insert(INT64.into(), true.into());
    }
    if members.get("nullable") == Some(&Value::Bool(true)) {
        return json!({"anyOf": [{"type": "null"}, converted]});
    }
    if converted.is_empty() {
        return Value::Bool(true);
    }
    converted.into()
}

/// Returns whether only this spec knows the format of a string.
fn has_own_format(schema: &Map<String, Value>) -> bool {
    let format = schema.get("format").and_then(Value::as_str);
    format.is_some_and(|format| OWN_FORMATS.contains(&format))
}

/// Returns whether requests may use other values. The documented list of
/// address types ends with "other".
fn is_open_to_requests(schema: &Map<String, Value>) -> bool {
    let values = schema.get("enum").and_then(Value::as_array);
    schema.get("x-open-enum") == Some(&Value::Bool(true))
        && values.is_some_and(|values| values.iter().any(|value| value == "facebook"))
}

/// Collects the names of members whose values are open enums.
pub(super) fn collect_open_members(document: &Value, names: &mut BTreeSet<String>) {
    let schemas = document.pointer("/components/schemas");
    for schema in schemas.and_then(Value::as_object).into_iter().flatten() {
        let properties = schema.1.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let reference = property
                .get("$ref")
                .or_else(|| property.pointer("/allOf/0/$ref"))
                .and_then(Value::as_str);
            let target = reference.and_then(|text| text.strip_prefix(SCHEMAS));
            if let Some(target) = target
                && component(document, target).get("x-open-enum") == Some(&Value::Bool(true))
            {
                names.insert(name.clone());
            }
        }
    }
}
