//! Builds the definitions of tools.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

/// Builds a definition. Its inputs are the members of `input`; those whose names end
/// with `!` are required. Its result has the members of `output`.
pub(crate) fn tool(
    name: &'static str,
    description: &'static str,
    input: Value,
    output: &[&str],
    annotations: ToolAnnotations,
) -> Tool {
    let (mut properties, mut required) = (JsonObject::new(), Vec::new());
    for (name, schema) in input.as_object().into_iter().flatten() {
        let plain = name.trim_end_matches('!');
        if plain != name {
            required.push(Value::from(plain));
        }
        properties.insert(plain.to_owned(), schema.clone());
    }
    let mut schema = object(properties);
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    let output = output.iter().map(|name| ((*name).to_owned(), json!({})));
    Tool::new(name, description, Arc::new(schema))
        .with_raw_output_schema(Arc::new(object(output.collect())))
        .with_annotations(annotations)
}

fn object(properties: JsonObject) -> JsonObject {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema
}

/// The annotations of a tool that changes nothing.
pub(crate) fn reads() -> ToolAnnotations {
    ToolAnnotations::new().read_only(true)
}

/// An integer argument.
pub(crate) fn integer(description: &str) -> Value {
    json!({"type": "integer", "description": description})
}

/// A text argument.
pub(crate) fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// A boolean argument.
pub(crate) fn boolean(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}
