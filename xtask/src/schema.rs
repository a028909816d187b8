//! The schemas of a bundled document: what they refer to, and what is in them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::yaml::escape_pointer;

/// The extension that holds the webhooks.
pub(crate) const WEBHOOKS: &str = "x-webhooks";

/// Where component schemas live.
pub(crate) const SCHEMAS: &str = "#/components/schemas/";

/// The extension that lists the values of an open enum that no source shows.
pub(crate) const INFERRED: &str = "x-inferred";

/// The extension that names other spellings of the values of an open enum.
pub(crate) const ALIASES: &str = "x-aliases";

/// The extension with the safety of requests to each kind of target.
pub(crate) const SAFETY_BY_TARGET: &str = "x-safety-by-target";

/// The extension that names the replacement of a deprecated operation.
pub(crate) const REPLACED_BY: &str = "x-replaced-by";

/// The extension of an operation whose method is written by hand.
pub(crate) const SHORTCUT: &str = "x-shortcut";

/// The extension that names the type of an ID.
pub(crate) const ID: &str = "x-id";

/// The extension that names a property in Rust, where the API has several names for
/// one thing.
pub(crate) const RUST_NAME: &str = "x-rust-name";

/// The extension with the rate limit of the server.
pub(crate) const REQUESTS_PER_MINUTE: &str = "x-requests-per-minute";

/// Returns the members of an object; none for any other value.
pub(crate) fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Returns the items of an array; none for any other value.
pub(crate) fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the strings in an array.
pub(crate) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    array(value).iter().filter_map(Value::as_str)
}

/// Returns whether a key is present and `true`.
pub(crate) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// Returns the component schemas, in the order of the document.
pub(crate) fn components(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object(document.pointer("/components/schemas"))
}

/// Returns the pointer that a `$ref` holds, if it is one into the document.
pub(crate) fn target(reference: &str) -> Option<&str> {
    reference
        .strip_prefix('#')
        .filter(|pointer| pointer.starts_with('/'))
}

/// Returns the name of the component schema that a schema refers to, directly or
/// as the only member of its `allOf`: OpenAPI 3.0 allows `nullable` beside the
/// latter only.
pub(crate) fn reference(schema: &Value) -> Option<&str> {
    let reference = match schema.get("$ref") {
        Some(reference) => reference.as_str(),
        None => match array(schema.get("allOf")) {
            [only] => only.get("$ref").and_then(Value::as_str),
            _ => None,
        },
    };
    reference?.strip_prefix(SCHEMAS)
}

/// Returns the value of a named example, which may be one of the components.
pub(crate) fn example_value<'a>(document: &'a Value, example: &'a Value) -> Option<&'a Value> {
    let shared = example.get("$ref").and_then(Value::as_str).and_then(target);
    let example = match shared {
        Some(pointer) => document.pointer(pointer)?,
        None => example,
    };
    example.get("value")
}

/// Returns the component that a schema refers to, or else the schema itself.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = reference(schema);
    let component = name.and_then(|name| document.pointer(&format!("/components/schemas/{name}")));
    component.unwrap_or(schema)
}

/// Returns whether a schema accepts null: by `nullable`, because nothing limits
/// its type, or because one of its alternatives accepts null.
pub(crate) fn accepts_null(document: &Value, schema: &Value) -> bool {
    let limits = ["type", "enum", "allOf", "anyOf", "oneOf", "$ref"];
    let resolved = resolve(document, schema);
    let alternatives = array(resolved.get("oneOf"));
    flag(schema, "nullable")
        || flag(resolved, "nullable")
        || limits.iter().all(|key| resolved.get(key).is_none())
        || alternatives
            .iter()
            .any(|alternative| accepts_null(document, alternative))
}

/// Collects all `$ref`s outside of examples, with the pointer of the object
/// around each.
pub(crate) fn collect_references<'a>(
    value: &'a Value,
    pointer: String,
    references: &mut Vec<(String, &'a str)>,
) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        references.push((pointer.clone(), reference));
                    }
                    ("example" | "examples", _) => {}
                    _ => {
                        let pointer = format!("{pointer}/{}", escape_pointer(key));
                        collect_references(value, pointer, references);
                    }
                }
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect_references(value, format!("{pointer}/{index}"), references);
            }
        }
        _ => {}
    }
}

/// Returns the names of the component schemas that are referred to from outside
/// of the component schemas, directly or through others.
pub(crate) fn used(document: &Value) -> impl Iterator<Item = &str> {
    let schemas = document.pointer("/components/schemas");
    let mut queue: Vec<&Value> = [Some(document), document.get("components")]
        .into_iter()
        .flat_map(object)
        .filter(|(key, _)| !["components", "schemas"].contains(&key.as_str()))
        .map(|(_, value)| value)
        .collect();
    let mut used = BTreeSet::new();
    while let Some(value) = queue.pop() {
        let mut references = Vec::new();
        collect_references(value, String::new(), &mut references);
        for (_, reference) in references {
            if let Some(name) = reference.strip_prefix(SCHEMAS)
                && used.insert(name)
            {
                queue.extend(schemas.and_then(|schemas| schemas.get(name)));
            }
        }
    }
    used.into_iter()
}

/// How many alternatives of a choice between members a request must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// For `oneOf`.
    ExactlyOne,
    /// For `anyOf`.
    AtLeastOne,
}

impl Choice {
    /// Both, with the keyword of each.
    pub(crate) const KEYWORDS: [(&str, Self); 2] =
        [("oneOf", Self::ExactlyOne), ("anyOf", Self::AtLeastOne)];

    /// Returns the choice between members that a schema has, with its alternatives.
    pub(crate) fn of(schema: &Value) -> Option<(Self, &[Value])> {
        Self::KEYWORDS.into_iter().find_map(|(keyword, choice)| {
            let alternatives = array(schema.get(keyword));
            is_choice(alternatives).then_some((choice, alternatives))
        })
    }
}

/// Returns whether every item has `required` only.
pub(crate) fn is_choice(items: &[Value]) -> bool {
    !items.is_empty()
        && items.iter().all(|item| {
            item.as_object()
                .is_some_and(|members| members.len() == 1 && members.contains_key("required"))
        })
}

/// Visits the schema at `pointer` and every schema below it. A component is
/// visited once, through the first reference to it.
pub(crate) fn visit<'a>(
    document: &'a Value,
    pointer: &str,
    seen: &mut BTreeSet<String>,
    visitor: &mut impl FnMut(&str, &'a Map<String, Value>),
) {
    let Some(Value::Object(schema)) = document.pointer(pointer) else {
        return;
    };
    if !seen.insert(pointer.to_owned()) {
        return;
    }
    visitor(pointer, schema);
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        if let Some(target) = target(reference) {
            visit(document, target, seen, visitor);
        }
        return;
    }
    for child in children(pointer, schema) {
        visit(document, &child, seen, visitor);
    }
}

/// Returns the pointers of the schemas directly inside a schema.
fn children(pointer: &str, schema: &Map<String, Value>) -> Vec<String> {
    let mut children = Vec::new();
    for (name, _) in object(schema.get("properties")) {
        children.push(format!("{pointer}/properties/{}", escape_pointer(name)));
    }
    for key in ["items", "additionalProperties", "not"] {
        if schema.get(key).is_some_and(Value::is_object) {
            children.push(format!("{pointer}/{key}"));
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for index in 0..array(schema.get(key)).len() {
            children.push(format!("{pointer}/{key}/{index}"));
        }
    }
    children
}

/// Returns a short name for the schema at a pointer: `Conversation.assigned`.
pub(crate) fn describe(pointer: &str) -> String {
    let mut name = String::new();
    let mut keys = pointer
        .split('/')
        .skip(1)
        .map(|key| key.replace("~1", "/"))
        .peekable();
    while let Some(key) = keys.next() {
        match key.as_str() {
            "paths" => {
                let path = keys.next().unwrap_or_default();
                let method = keys.next().unwrap_or_default();
                name = format!("{} {path}", method.to_uppercase());
            }
            "components" => {
                keys.next();
            }
            WEBHOOKS => return keys.next().unwrap_or_default(),
            "properties" => {}
            _ if name.is_empty() => name = key,
            _ => {
                name.push('.');
                name.push_str(&key);
            }
        }
    }
    name
}
