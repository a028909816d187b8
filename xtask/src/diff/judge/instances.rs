//! JSON that a schema describes: responses with every member, and requests with
//! each member at its limits.

use serde_json::{Map, Value, json};

use crate::schema::{self, array, object, strings};

/// Objects in objects end here.
const DEPTH: usize = 5;

/// Returns a value of a schema, with all members.
pub(super) fn full(document: &Value, schema: &Value, name: &str, depth: usize) -> Value {
    let schema = schema::resolve(document, schema);
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(value) = array(schema.get("enum")).first() {
        return value.clone();
    }
    if schema::Choice::of(schema).is_none()
        && let Some(shape) = array(schema.get("oneOf")).first()
    {
        return full(document, shape, name, depth);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => Value::Object(members(document, schema, depth)),
        Some("array") => {
            let count = schema
                .get("minItems")
                .and_then(Value::as_u64)
                .unwrap_or(1)
                .max(1);
            items(document, schema, name, depth, count)
        }
        Some("boolean") => json!(true),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(7)),
        Some("number") => json!(1.5),
        Some("string") => text(schema, name),
        _ => json!("any"),
    }
}

fn members(document: &Value, schema: &Value, depth: usize) -> Map<String, Value> {
    let mut all = Map::new();
    if depth >= DEPTH {
        return all;
    }
    for (name, property) in object(schema.get("properties")) {
        all.insert(name.clone(), full(document, property, name, depth + 1));
    }
    if let Some(inner) = schema
        .get("additionalProperties")
        .filter(|one| one.is_object())
        && all.is_empty()
    {
        all.insert("801".to_owned(), full(document, inner, "801", depth + 1));
    }
    all
}

fn items(document: &Value, schema: &Value, name: &str, depth: usize, count: u64) -> Value {
    let Some(inner) = schema.get("items") else {
        return json!([]);
    };
    (0..count)
        .map(|_| full(document, inner, name, depth + 1))
        .collect()
}

/// Returns a text that shows where it came from, if the format allows it.
fn text(schema: &Value, name: &str) -> Value {
    let format = schema.get("format").and_then(Value::as_str);
    match (format, schema.get("pattern").and_then(Value::as_str)) {
        (Some("date-time"), _) => json!("2026-05-07T12:00:00Z"),
        (Some("phone" | "address"), _) => json!("15550100101"),
        (Some("email-recipient"), _) => json!("to: person@example.com"),
        (_, Some(pattern)) if pattern.contains('#') => json!("#A1B2C3"),
        (_, Some(_)) => json!("15550100101"),
        _ => json!(canary(name)),
    }
}

/// Returns the text of a member in instances.
pub(super) fn canary(name: &str) -> String {
    format!("canary-{name}")
}

/// Returns requests of a component: with the required members and one choice, with
/// each other member beside them, and with each limited member at its limits.
pub(super) fn requests(document: &Value, schema: &Value) -> Vec<Value> {
    let all = members(document, schema, 0);
    let mut bases = vec![strings(schema.get("required")).collect::<Vec<_>>()];
    for key in ["oneOf", "anyOf"] {
        let choices = array(schema.get(key)).iter();
        let with = choices.map(|one| {
            let chosen = strings(one.get("required"));
            bases[0].iter().copied().chain(chosen).collect::<Vec<_>>()
        });
        bases.extend(with.collect::<Vec<_>>());
    }
    let mut requests = Vec::new();
    for base in &bases {
        let base: Map<String, Value> = all
            .iter()
            .filter(|(name, _)| base.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        requests.push(Value::Object(base.clone()));
        for (name, property) in object(schema.get("properties")) {
            let mut values = at_limits(document, property, name);
            values.push(all[name].clone());
            if schema::flag(property, "nullable") {
                values.push(Value::Null);
            }
            for value in values {
                let mut request = base.clone();
                request.insert(name.clone(), value);
                requests.push(Value::Object(request));
            }
        }
    }
    requests
}

fn at_limits(document: &Value, property: &Value, name: &str) -> Vec<Value> {
    let limit = |key: &str| property.get(key).and_then(Value::as_u64);
    let mut values = Vec::new();
    for count in ["minItems", "maxItems"].into_iter().filter_map(limit) {
        values.push(items(document, property, name, 0, count));
    }
    for length in ["minLength", "maxLength"].into_iter().filter_map(limit) {
        let length = usize::try_from(length).unwrap_or_default();
        values.push(json!("7".repeat(length)));
    }
    let numbers = ["minimum", "maximum"]
        .into_iter()
        .filter_map(|key| property.get(key));
    values.extend(numbers.cloned());
    values
}
