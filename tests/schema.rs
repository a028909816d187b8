//! The JSON Schema that each type has under `schemars`, against the spec's
//! component of the same name.

use std::collections::{BTreeMap, BTreeSet};

use heymarket_api::types;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::support::spec;

/// The schema of each type of the crate, by the type's name.
fn type_schemas() -> BTreeMap<&'static str, Value> {
    let mut schemas = BTreeMap::new();
    macro_rules! collect {
        ($($name:ident),*) => {$(
            let generator = SchemaSettings::draft07().into_generator();
            let schema = generator.into_root_schema_for::<types::$name>();
            schemas.insert(stringify!($name), schema.to_value());
        )*};
    }
    heymarket_api::for_each_type!(collect);
    schemas
}

#[test]
fn every_component_of_the_spec_has_a_type_with_its_schema() {
    let spec = spec();
    let components = spec["components"]["schemas"]
        .as_object()
        .expect("components");
    let types = type_schemas();
    let names: BTreeSet<_> = types.keys().map(|name| (*name).to_owned()).collect();
    let mut of_spec: BTreeSet<_> = components.keys().cloned().collect();
    // No operation returns it; it describes the bodies of errors.
    assert!(of_spec.remove("ErrorBody"));
    assert_eq!(names, of_spec);

    let mut different = Vec::new();
    for (name, schema) in types {
        let of_type = normalise(&schema);
        let of_spec = normalise(&components[name]);
        if of_type != of_spec {
            different.push(format!("{name}\n  type {of_type}\n  spec {of_spec}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Reduces a schema to the keywords that both dialects have: `type`, `format`, `items`,
/// `properties`, `required`, `additionalProperties`, `oneOf`, `examples` and
/// the name behind a `$ref`.
///
/// Nullability of optional members is left out: the lint checks it for responses,
/// and a request never sends an optional member as null.
fn normalise(schema: &Value) -> Value {
    let Value::Object(members) = schema else {
        return free();
    };
    if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next();
        return json!({ "$ref": name });
    }
    for key in ["allOf", "anyOf"] {
        let alternatives = members.get(key).and_then(Value::as_array);
        let not_null = |schema: &&Value| schema.get("type") != Some(&json!("null"));
        if let Some(alternatives) = alternatives.filter(|all| !is_choice(all)) {
            let alternatives: Vec<_> = alternatives.iter().filter(not_null).collect();
            assert_eq!(alternatives.len(), 1, "{schema}");
            return normalise(alternatives[0]);
        }
    }
    let mut normal = Map::new();
    for key in ["type", "format"] {
        if let Some(value) = members.get(key) {
            normal.insert(key.to_owned(), without_null(value));
        }
    }
    let is_open_enum = members.get("x-open-enum") == Some(&json!(true));
    let examples = if is_open_enum { "enum" } else { "examples" };
    if let Some(values) = members.get(examples) {
        normal.insert("examples".to_owned(), values.clone());
    }
    if let Some(items) = members.get("items") {
        normal.insert("items".to_owned(), normalise(items));
    }
    if let Some(Value::Object(properties)) = members.get("properties") {
        let properties = properties
            .iter()
            .map(|(name, schema)| (name.clone(), normalise(schema)));
        normal.insert("properties".to_owned(), Value::Object(properties.collect()));
    }
    if let Some(Value::Array(required)) = members.get("required") {
        let required: BTreeSet<_> = required.iter().filter_map(Value::as_str).collect();
        if !required.is_empty() {
            normal.insert("required".to_owned(), json!(required));
        }
    }
    if let Some(Value::Array(shapes)) = members.get("oneOf")
        && !is_choice(shapes)
    {
        let shapes: Vec<_> = shapes.iter().map(normalise).collect();
        normal.insert("oneOf".to_owned(), Value::Array(shapes));
    }
    match members.get("additionalProperties") {
        Some(Value::Bool(true)) | None => {}
        Some(schema) if normalise(schema) == free() => {}
        Some(schema) => {
            normal.insert("additionalProperties".to_owned(), normalise(schema));
        }
    }
    Value::Object(normal)
}

/// Whether these are members of which some must be there; the client checks it.
fn is_choice(alternatives: &[Value]) -> bool {
    let mut alternatives = alternatives.iter();
    alternatives.all(|shape| shape.get("type").is_none() && shape.get("required").is_some())
}

/// The schema of free JSON.
fn free() -> Value {
    json!({})
}

fn without_null(of_type: &Value) -> Value {
    let Value::Array(types) = of_type else {
        return of_type.clone();
    };
    let types: Vec<_> = types
        .iter()
        .filter(|name| **name != json!("null"))
        .collect();
    match types.as_slice() {
        [only] => (*only).clone(),
        several => json!(several),
    }
}
