//! Examples must be accepted by their own schemas.

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::formats;
use crate::schema;
use crate::yaml::escape_pointer;

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut examples = Vec::new();
    let document = &bundle.document;
    collect(document, document, String::new(), &mut examples);
    let schemas = Schemas::of(document);
    let mut findings = Vec::new();
    for example in examples {
        findings.extend(check_one(bundle, &schemas, &example));
    }
    findings
}

struct Example<'a> {
    /// The pointer of the example.
    pointer: String,
    schema: &'a Value,
    /// None where a reference leads nowhere.
    value: Option<&'a Value>,
}

/// Collects every example that has a schema: of media types and parameters
/// (beside it), and of schemas (inside it).
fn collect<'a>(
    document: &'a Value,
    value: &'a Value,
    pointer: String,
    examples: &mut Vec<Example<'a>>,
) {
    match value {
        Value::Object(members) => {
            let is_schema = pointer.contains("/schemas/") || pointer.contains("/schema");
            let schema = match members.get("schema") {
                Some(schema) if !is_schema => Some(schema),
                _ => is_schema.then_some(value),
            };
            let holds_names = pointer.ends_with("/properties") || pointer.ends_with("/schemas");
            if let Some(schema) = schema.filter(|_| !holds_names) {
                examples.extend(members.get("example").map(|value| Example {
                    pointer: format!("{pointer}/example"),
                    schema,
                    value: Some(value),
                }));
                for (name, example) in schema::object(members.get("examples")) {
                    examples.push(Example {
                        pointer: format!("{pointer}/examples/{}", escape_pointer(name)),
                        schema,
                        value: schema::example_value(document, example),
                    });
                }
            }
            for (key, value) in members {
                let is_example = key == "example" || key == "examples";
                if holds_names || !is_example {
                    let pointer = format!("{pointer}/{}", escape_pointer(key));
                    collect(document, value, pointer, examples);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(document, item, format!("{pointer}/{index}"), examples);
            }
        }
        _ => {}
    }
}

fn check_one(bundle: &Bundle, schemas: &Schemas, example: &Example<'_>) -> Option<Finding> {
    let report = |message: String, remedy: &str| {
        let subject = schema::describe(&example.pointer);
        Some(bundle.finding(&example.pointer, subject, message, remedy))
    };
    let Some(value) = example.value else {
        return report(
            "the example has no value".to_owned(),
            "add a `value`, or refer to one of `components/examples` in openapi/heymarket.yaml",
        );
    };
    let validator = match validator(&schemas.alone(example.schema)) {
        Ok(validator) => validator,
        Err(reason) => {
            return report(
                format!("the schema of this example is not valid: {reason}"),
                "correct the schema",
            );
        }
    };
    let error = validator.validate(value).err()?;
    let at = error.instance_path().to_string();
    let at = if at.is_empty() { "/" } else { at.as_str() };
    report(
        format!("the example does not fit its schema: at {at}: {error}"),
        "correct the example or the schema, whichever is wrong",
    )
}

/// The component schemas of a document, as JSON Schema.
pub(crate) struct Schemas(Map<String, Value>);

impl Schemas {
    pub(crate) fn of(document: &Value) -> Self {
        Self(definitions(document))
    }

    /// Returns a schema as JSON Schema, with the components that it needs.
    pub(crate) fn alone(&self, schema: &Value) -> Value {
        let mut json_schema = to_json_schema(schema);
        let needed = needed(&json_schema, &self.0);
        if let Value::Object(members) = &mut json_schema {
            members.insert("components".to_owned(), json!({ "schemas": needed }));
        }
        json_schema
    }
}

/// Returns the validator of a schema that needs no other one.
pub(crate) fn validator(json_schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(true)
        .build(json_schema)
        .map_err(|error| error.to_string())
}

/// Returns all component schemas.
fn definitions(document: &Value) -> Map<String, Value> {
    schema::components(document)
        .map(|(name, schema)| (name.clone(), to_json_schema(schema)))
        .collect()
}

/// Returns the definitions that a schema refers to, directly or through others.
/// All of them for each example would take most of the lint's time.
fn needed(json_schema: &Value, definitions: &Map<String, Value>) -> Map<String, Value> {
    let mut needed = Map::new();
    let mut names = Vec::new();
    collect_names(json_schema, &mut names);
    while let Some(name) = names.pop() {
        if let Some(definition) = definitions.get(&name)
            && !needed.contains_key(&name)
        {
            collect_names(definition, &mut names);
            needed.insert(name, definition.clone());
        }
    }
    needed
}

fn collect_names(json_schema: &Value, names: &mut Vec<String>) {
    match json_schema {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            names.extend(
                reference
                    .and_then(|reference| reference.strip_prefix(schema::SCHEMAS))
                    .map(str::to_owned),
            );
            for member in members.values() {
                collect_names(member, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        _ => {}
    }
}

/// Converts an OpenAPI 3.0 schema to JSON Schema: `nullable` becomes an
/// alternative, an open enum accepts any string, and a private format is a
/// pattern.
fn to_json_schema(schema: &Value) -> Value {
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    let is_open = schema::flag(schema, "x-open-enum");
    let mut converted = Map::new();
    for (key, value) in members {
        let value = match (key.as_str(), value) {
            ("nullable" | "example", _) => continue,
            ("enum", _) if is_open => continue,
            ("format", Value::String(name)) => {
                let pattern = formats::find(name).and_then(|format| format.pattern);
                if let Some(pattern) = pattern {
                    converted.insert("pattern".to_owned(), json!(pattern));
                }
                value.clone()
            }
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, property)| (name.clone(), to_json_schema(property)))
                .collect(),
            ("allOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter().map(to_json_schema).collect()
            }
            ("items" | "additionalProperties" | "not", schema) => to_json_schema(schema),
            (_, value) => value.clone(),
        };
        converted.insert(key.clone(), value);
    }
    let converted = Value::Object(converted);
    if schema::flag(schema, "nullable") {
        json!({ "anyOf": [converted, {"type": "null"}] })
    } else {
        converted
    }
}
