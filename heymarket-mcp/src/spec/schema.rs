//! JSON Schemas from the document: references resolved, and only what a model needs.

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

/// The deepest nesting that a schema describes.
const MAX_DEPTH: usize = 6;

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 160;

/// The keywords that stay as they are.
const KEPT: [&str; 7] = [
    "maxItems", "maximum", "minItems", "minimum", "required", "type", "default",
];

/// Returns the schema of an argument.
pub(super) fn input(document: &Value, schema: &Value) -> Value {
    input_at(document, schema, 0)
}

fn input_at(document: &Value, schema: &Value, depth: usize) -> Value {
    let own = schema.get("description").and_then(Value::as_str);
    let schema = resolved(document, schema);
    let mut result = Map::new();
    if depth > MAX_DEPTH {
        return result.into();
    }
    let nested = |schema: &Value| input_at(document, schema, depth + 1);
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        match (keyword.as_str(), value) {
            (keyword, value) if KEPT.contains(&keyword) => {
                result.insert(keyword.to_owned(), value.clone());
            }
            ("format", Value::String(format)) if format == "date-time" => {
                result.insert("format".to_owned(), value.clone());
            }
            ("properties", Value::Object(members)) => {
                let members = members.iter();
                let members = members.map(|(name, schema)| (name.clone(), nested(schema)));
                result.insert("properties".to_owned(), Value::Object(members.collect()));
            }
            ("items", items) => {
                result.insert("items".to_owned(), nested(items));
            }
            // Choices of required members are in the description.
            ("oneOf" | "anyOf", Value::Array(choices)) if !are_of_members(choices) => {
                let choices: Vec<Value> = choices.iter().map(nested).collect();
                result.insert("anyOf".to_owned(), choices.into());
            }
            _ => {}
        }
    }
    let mut description = own
        .or_else(|| schema.get("description").and_then(Value::as_str))
        .map(brief)
        .unwrap_or_default();
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        // An open enum takes values that this version does not know.
        if schema.get("x-open-enum") == Some(&Value::Bool(true)) {
            let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            description = format!("{description} Known values: {}.", values.join(", "));
        } else {
            result.insert("enum".to_owned(), values.clone().into());
        }
    }
    if !description.trim().is_empty() {
        result.insert("description".to_owned(), description.trim().into());
    }
    result.into()
}

/// Returns the schema of a result. Texts of a result are marked, and the API answers
/// with other types than documented, so it names the members and promises no types.
pub(super) fn output(document: &Value, response: Option<&Value>) -> JsonObject {
    let mut properties = Map::new();
    properties.insert("_notice".to_owned(), json!({"type": "string"}));
    let schema = response.map(|schema| resolved(document, schema));
    let one_of = |schema: &Value| {
        let first = schema.get("oneOf").and_then(Value::as_array)?.first()?;
        Some(resolved(document, first))
    };
    let schema = schema.map(|schema| one_of(&schema).unwrap_or(schema));
    let kind = schema
        .as_ref()
        .and_then(|schema| schema.get("type")?.as_str());
    match (kind, schema.as_ref()) {
        (Some("array"), Some(schema)) => {
            let items = schema.get("items").map(|items| members(document, items));
            let items = items.unwrap_or_default();
            properties.insert("items".to_owned(), json!({"type": "array", "items": items}));
        }
        (Some("object"), Some(schema)) => {
            properties.insert("item".to_owned(), members(document, schema));
        }
        _ => {
            properties.insert("value".to_owned(), json!({}));
        }
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), properties.into());
    schema
}

/// Returns the names of an object's members.
fn members(document: &Value, schema: &Value) -> Value {
    let schema = resolved(document, schema);
    let members = schema.get("properties").and_then(Value::as_object);
    let names = members
        .into_iter()
        .flatten()
        .map(|(name, _)| (name.clone(), json!({})));
    let names: Map<_, _> = names.collect();
    if names.is_empty() {
        json!({})
    } else {
        json!({"properties": names})
    }
}

/// Says which members a choice requires.
pub(super) fn choice(document: &Value, schema: &Value) -> Option<String> {
    let schema = resolved(document, schema);
    let text = |keyword: &str, how_many: &str| {
        let choices = schema.get(keyword)?.as_array()?;
        are_of_members(choices).then_some(())?;
        let choices = choices.iter().map(|choice| {
            let names = choice.get("required").and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            names.collect::<Vec<_>>().join(" with ")
        });
        let choices = choices.collect::<Vec<_>>().join(", ");
        Some(format!("{how_many} of these is required: {choices}."))
    };
    text("oneOf", "Exactly one").or_else(|| text("anyOf", "At least one"))
}

fn are_of_members(choices: &[Value]) -> bool {
    choices.iter().all(|choice| {
        let members = choice.as_object();
        members.is_some_and(|members| members.keys().eq(["required"]))
    })
}

/// Returns the first sentence of a description.
pub(super) fn brief(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    let sentence = &text[..end];
    match sentence.char_indices().nth(MAX_DESCRIPTION) {
        Some((end, _)) => format!("{}…", sentence[..end].trim_end()),
        None => sentence.to_owned(),
    }
}

/// Follows references, also those that an `allOf` wraps.
fn resolved(document: &Value, schema: &Value) -> Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let wrapped = schema.get("allOf").and_then(Value::as_array);
        let wrapped = wrapped.and_then(|all| all.first());
        let reference = schema.get("$ref").and_then(Value::as_str);
        schema = match (wrapped, reference) {
            (Some(inner), _) => inner,
            (None, Some(reference)) => {
                let target = document.pointer(reference.trim_start_matches('#'));
                target.unwrap_or(&Value::Null)
            }
            (None, None) => break,
        };
    }
    schema.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_and_the_rest_is_trimmed() {
        let document = json!({"components": {"schemas": {"Channel": {
            "type": "string", "enum": ["sms"], "x-open-enum": true, "description": "A channel.",
        }}}});
        let reference = json!({"$ref": "#/components/schemas/Channel"});
        let schema = json!({
            "type": "object",
            "required": ["channel"],
            "oneOf": [{"required": ["channel"]}, {"required": ["list", "key"]}],
            "properties": {
                "channel": {"allOf": [reference], "description": "Which one. It is new.", "x-evidence": []},
                "time": {"type": "string", "format": "date-time", "nullable": true, "example": "x"},
            },
        });
        let expected = json!({
            "type": "object",
            "required": ["channel"],
            "properties": {
                "channel": {"type": "string", "description": "Which one. Known values: sms."},
                "time": {"type": "string", "format": "date-time"},
            },
        });
        assert_eq!(input(&document, &schema), expected);
        let text = choice(&document, &schema).expect("a choice");
        assert_eq!(
            text,
            "Exactly one of these is required: channel, list with key."
        );
    }

    #[test]
    fn an_array_becomes_an_object_with_items() {
        let schema =
            json!({"type": "array", "items": {"type": "object", "properties": {"id": {}}}});
        let schema = output(&Value::Null, Some(&schema));
        assert_eq!(schema["type"], "object");
        let items = &schema["properties"]["items"];
        assert_eq!(items["items"], json!({"properties": {"id": {}}}));
    }
}
