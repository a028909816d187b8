//! Writes `openapi/portable.json`: the document as other generators can take it.
//!
//! It says less than `bundled.json` and nothing else. Each rewriting below
//! answers to a mistake of at least one generator.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::formats;
use crate::schema::{self, Choice, SCHEMAS};

/// Names that shadow one of a language, and their replacements. Python imports
/// its own `List` into every module.
const RENAMED: [(&str, &str); 1] = [("List", "ContactList")];

/// What the values of an open enum are called outside of this project.
const OPEN_ENUM: &str = "x-extensible-enum";

/// The document for other generators.
pub(super) fn derive(document: &Value) -> Value {
    let mut portable = document.clone();
    rewrite(document, &mut portable, false);
    if let Some(schemas) = portable
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        for (name, replacement) in RENAMED {
            if let Some(schema) = schemas.remove(name) {
                schemas.insert(replacement.to_owned(), schema);
            }
        }
    }
    drop_unused(&mut portable);
    portable
}

/// Rewrites every object outside of examples. The keys of one that holds names
/// are no keywords.
fn rewrite(document: &Value, value: &mut Value, holds_names: bool) {
    match value {
        Value::Object(members) => {
            if !holds_names {
                rewrite_object(document, members);
            }
            for (key, value) in members {
                if holds_names || !matches!(key.as_str(), "example" | "examples" | OPEN_ENUM) {
                    let names = ["properties", "schemas", "headers", "paths"];
                    let holds_names = !holds_names && names.contains(&key.as_str());
                    rewrite(document, value, holds_names);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                rewrite(document, item, false);
            }
        }
        _ => {}
    }
}

fn rewrite_object(document: &Value, members: &mut Map<String, Value>) {
    inline(document, members);
    say_choice(members);
    open_enum(members);
    if formats::pattern(members).is_some() {
        members.remove("format");
    }
    // Python's generator knows no type for `{}` here.
    if members.get("additionalProperties") == Some(&json!({})) {
        members.insert("additionalProperties".to_owned(), json!(true));
    }
    if let Some(Value::String(reference)) = members.get_mut("$ref") {
        for (name, replacement) in RENAMED {
            if reference.strip_prefix(SCHEMAS) == Some(name) {
                *reference = format!("{SCHEMAS}{replacement}");
            }
        }
    }
    members.retain(|key, _| !key.starts_with("x-") || [OPEN_ENUM, KEPT].contains(&key.as_str()));
}

/// Redoc's key, which it shares with this project.
const KEPT: &str = crate::schema::WEBHOOKS;

/// Puts open enums and unions in the place of references to them: generators
/// make a class of their own of an `allOf` around a string, and of a union one
/// that cannot tell its alternatives apart.
fn inline(document: &Value, members: &mut Map<String, Value>) {
    let schema = Value::Object(members.clone());
    let component = schema::resolve(document, &schema);
    let is_union = schema::flag(component, "x-wire");
    if schema::reference(&schema).is_none() || !(is_union || schema::flag(component, "x-open-enum"))
    {
        return;
    }
    let description = description(&schema, component, is_union);
    members.retain(|key, _| key == "nullable" && !is_union);
    for (key, value) in schema::object(Some(component)).filter(|_| !is_union) {
        members.entry(key).or_insert_with(|| value.clone());
    }
    members.insert("description".to_owned(), json!(description));
}

/// What a reference says; of a union also which shapes it has, since nothing
/// else tells them any more.
fn description(schema: &Value, component: &Value, is_union: bool) -> String {
    let text = |value: &Value| {
        let text = value.get("description").and_then(Value::as_str);
        text.unwrap_or_default().trim().to_owned()
    };
    match (text(schema), text(component)) {
        (own, of_component) if own.is_empty() => of_component,
        (own, of_component) if is_union => format!("{own} {of_component}"),
        (own, _) => own,
    }
}

fn open_enum(members: &mut Map<String, Value>) {
    if members.get("x-open-enum") == Some(&Value::Bool(true))
        && let Some(values) = members.remove("enum")
    {
        members.insert(OPEN_ENUM.to_owned(), values);
    }
}

/// Says a choice between members in the description: Python's generator drops
/// every member beside one.
fn say_choice(members: &mut Map<String, Value>) {
    let schema = Value::Object(members.clone());
    let Some((choice, alternatives)) = Choice::of(&schema) else {
        return;
    };
    let alternatives: Vec<_> = alternatives
        .iter()
        .map(|alternative| {
            let names = schema::strings(alternative.get("required"));
            let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
            names.join(" with ")
        })
        .collect();
    let count = match choice {
        Choice::ExactlyOne => "Exactly",
        Choice::AtLeastOne => "At least",
    };
    let description = schema.get("description").and_then(Value::as_str);
    let description = format!(
        "{} {count} one of these is required: {}.",
        description.unwrap_or_default().trim(),
        alternatives.join(", ")
    );
    for (keyword, _) in Choice::KEYWORDS {
        members.remove(keyword);
    }
    members.insert("description".to_owned(), json!(description.trim()));
}

/// Drops the schemas that nothing refers to any more.
fn drop_unused(document: &mut Value) {
    let used: BTreeSet<String> = schema::used(document).map(str::to_owned).collect();
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.retain(|name, _| used.contains(name));
    }
}
