//! The witness: it uses every public item of the previous release as its signature
//! allows, runs its examples, and writes down what it observes.
//!
//! It is generated from the previous release alone. A change that it does not
//! notice breaks no caller of the generated code.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::instances::{self, canary};
use crate::diff::rust::{self, Item, Kind};
use crate::diff::state::State;
use crate::error::Error;
use crate::operation;
use crate::schema::{self, object};
use crate::webhooks;

/// The two tests of the witness.
pub(super) struct Witness {
    /// What has to compile.
    pub(super) uses: String,
    /// What has to run.
    pub(super) observe: String,
}

/// The head of both tests.
const HEAD: &str = r#"#![expect(warnings, reason = "written by a program, and thrown away")]
use heymarket_api::{Client, Check, Error, Operation, Response, Walk, operations, server, types, webhook};
use heymarket_api::types::*;
use serde_json::Value;
"#;

/// What the observations call.
const OBSERVE: &str = r##"
type Lines = Vec<String>;

fn reads<T: serde::de::DeserializeOwned + serde::Serialize>(lines: &mut Lines, name: &str, text: &str) {
    if let Ok(value) = serde_json::from_str::<T>(text) {
        let value = serde_json::to_value(&value).expect("JSON");
        lines.push(format!("{name} reads {text} as {value}"));
    }
}

fn hides<T: serde::de::DeserializeOwned + std::fmt::Debug>(lines: &mut Lines, name: &str, text: &str, hidden: &str) {
    if let Ok(value) = serde_json::from_str::<T>(text) {
        if !format!("{value:?}").contains(hidden) {
            lines.push(format!("{name} hides {hidden}"));
        }
    }
}

fn accepts<T: serde::de::DeserializeOwned + serde::Serialize + Check>(lines: &mut Lines, name: &str, text: &str) {
    let now = "2026-05-01T12:00:00Z".parse().expect("a time");
    if let Ok(value) = serde_json::from_str::<T>(text) {
        if value.check(now).is_ok() {
            let value = serde_json::to_value(&value).expect("JSON");
            lines.push(format!("{name} accepts {text} as {value}"));
        }
    }
}

fn delivers(lines: &mut Lines, name: &str, text: &str) {
    let verifier = webhook::Verifier::new("invented-verification-token");
    if let Ok(event) = verifier.verify(text.as_bytes()) {
        let event = event.into_inner();
        let data = format!("{:?}", event.data);
        let variant = data.split('(').next().unwrap_or_default().to_owned();
        lines.push(format!("{name} is {variant} {}", event.dedupe_key()));
    }
}

#[test]
fn witness() {
    let mut lines = Lines::new();
    observe(&mut lines);
    let path = std::env::var("HEYMARKET_WITNESS").expect("a path");
    std::fs::write(path, lines.join("\n")).expect("a file");
}
"##;

/// Writes the witness of a state.
pub(super) fn write(state: &State) -> Result<Witness, Error> {
    let items = rust::read(&state.client)?;
    let (mut uses, mut observe) = (HEAD.to_owned(), HEAD.to_owned() + OBSERVE);
    for (index, (path, item)) in items.iter().enumerate() {
        write_use(&mut uses, index, path, item);
        for (number, example) in item.examples.iter().enumerate() {
            let name = format!("example_{index}_{number}");
            // One with a function of its own needs a server, so it is only compiled.
            let _ = if example.contains("async fn example") {
                writeln!(uses, "mod {name} {{\n{example}}}")
            } else {
                writeln!(observe, "#[test]\nfn {name}() {{\n{example}}}")
            };
        }
    }
    let mut lines = String::new();
    observe_operations(&mut lines, state);
    observe_schemas(
        &mut lines,
        state,
        &items.keys().map(String::as_str).collect(),
    );
    let _ = writeln!(observe, "fn observe(lines: &mut Lines) {{\n{lines}}}");
    Ok(Witness { uses, observe })
}

/// Names a path of the library as another crate does.
fn outside(text: &str) -> String {
    let mut outside = text
        .replace("crate::error::Error", "Error")
        .replace("crate::wire::Incomplete", "heymarket_api::Incomplete")
        .replace("types::Incomplete", "heymarket_api::Incomplete");
    for module in ["types", "wire", "ids"] {
        outside = outside.replace(&format!("crate::{module}::"), "types::");
    }
    outside.replace("crate::", "heymarket_api::")
}

/// Writes a function that uses an item.
fn write_use(text: &mut String, index: usize, path: &str, item: &Item) {
    let (parent, shape) = (outside(&item.parent), outside(&item.shape));
    let name = path.rsplit([':', '.']).next().unwrap_or(path).trim();
    let _ = match item.kind {
        Kind::Struct | Kind::Enum => writeln!(text, "fn use_{index}(_: &{path}) {{}}"),
        Kind::Field => writeln!(
            text,
            "fn use_{index}(value: &{parent}) -> &{shape} {{ &value.{name} }}"
        ),
        Kind::Variant => write_variant(text, index, path, &parent, &shape),
        Kind::Constant if parent.contains("::") => writeln!(
            text,
            "const USE_{index}: {} = {parent}::{name};",
            shape.replace("Self", &parent)
        ),
        Kind::Constant => writeln!(text, "static USE_{index}: &{shape} = &{path};"),
        Kind::Implementation => write_bound(text, index, &parent, name),
        Kind::Function => write_call(text, index, &parent, name, &shape),
    };
}

fn write_variant(
    text: &mut String,
    index: usize,
    path: &str,
    parent: &str,
    shape: &str,
) -> std::fmt::Result {
    let payload = shape.trim_matches(['(', ')']);
    if payload.is_empty() {
        writeln!(text, "fn use_{index}() -> {parent} {{ {path} }}")
    } else {
        let payload = payload.replace("Value", "serde_json::Value");
        writeln!(
            text,
            "fn use_{index}(value: {payload}) -> {parent} {{ {path}(value) }}"
        )
    }
}

fn write_bound(text: &mut String, index: usize, parent: &str, name: &str) -> std::fmt::Result {
    let bound = match name {
        "Clone" | "PartialEq" | "Eq" | "Hash" | "PartialOrd" | "Ord" | "Copy" | "Default" => {
            format!("std::{}::{name}", module_of(name))
        }
        "Debug" => "std::fmt::Debug".to_owned(),
        "Deserialize" => "serde::de::DeserializeOwned".to_owned(),
        "Serialize" => "serde::Serialize".to_owned(),
        "Check" => "Check".to_owned(),
        // Behind a feature, or private.
        _ => return Ok(()),
    };
    writeln!(
        text,
        "fn use_{index}() {{ fn bound<T: {bound}>() {{}} bound::<{parent}>() }}"
    )
}

fn module_of(name: &str) -> &'static str {
    match name {
        "Clone" => "clone",
        "Hash" => "hash",
        "Copy" => "marker",
        "Default" => "default",
        _ => "cmp",
    }
}

/// Writes a function that takes what the item takes, and calls it.
fn write_call(
    text: &mut String,
    index: usize,
    parent: &str,
    name: &str,
    shape: &str,
) -> std::fmt::Result {
    let shape = shape.replace("Self", parent);
    let (is_async, shape) = match shape.strip_prefix("async ") {
        Some(rest) => (true, rest.to_owned()),
        None => (false, shape),
    };
    let Some((generics, rest)) = shape
        .strip_prefix("fn")
        .and_then(|rest| rest.split_once('('))
    else {
        return Ok(());
    };
    let Some((arguments, output)) = close(rest) else {
        return Ok(());
    };
    let mut declared = Vec::new();
    let mut passed = Vec::new();
    for (number, argument) in split(arguments).into_iter().enumerate() {
        let of = match argument.as_str() {
            "&self" => format!("&{parent}"),
            "self" => parent.to_owned(),
            other => other.to_owned(),
        };
        declared.push(format!("a{number}: {of}"));
        passed.push(format!("a{number}"));
    }
    let (prefix, suffix) = if is_async {
        ("async ", ".await")
    } else {
        ("", "")
    };
    // A type with arguments needs brackets, and a module may have none.
    let parent = if parent.contains('<') {
        format!("<{parent}>")
    } else {
        parent.to_owned()
    };
    writeln!(
        text,
        "{prefix}fn use_{index}{generics}({}) {output} {{ {parent}::{name}({}){suffix} }}",
        declared.join(", "),
        passed.join(", ")
    )
}

/// Splits a text behind the bracket that closes it.
fn close(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], text[at + 1..].trim()));
        }
    }
    None
}

/// Splits arguments at the commas between them.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for character in text.chars() {
        match character {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    let trimmed = parts.iter().map(|part| part.trim().to_owned());
    trimmed.filter(|part| !part.is_empty()).collect()
}

fn observe_operations(lines: &mut String, state: &State) {
    let _ = writeln!(
        lines,
        "    lines.push(format!(\"server {{}}\", server::BASE_URL));"
    );
    for operation in operation::operations(&state.document) {
        let constant = operation.name().to_uppercase();
        let _ = writeln!(
            lines,
            "    lines.push(format!(\"{{:?}}\", operations::{constant}));"
        );
    }
    for (name, webhook) in webhooks::all(&state.document) {
        if let Some(example) = webhooks::example(webhook) {
            let example = literal(&example.to_string());
            let _ = writeln!(lines, "    delivers(lines, {name:?}, {example});");
        }
    }
}

/// Observes what the types of components read, hide and accept.
fn observe_schemas(lines: &mut String, state: &State, items: &BTreeSet<&str>) {
    let document = &state.document;
    let mut sensitive = BTreeSet::new();
    for (name, schema) in schema::components(document) {
        if !items.contains(format!("types::{name}").as_str()) || schema.get("properties").is_none()
        {
            continue;
        }
        let is_request = items.contains(format!("types::{name}: Check").as_str())
            && items.contains(format!("types::{name}::new").as_str());
        if is_request {
            for request in instances::requests(document, schema) {
                let request = literal(&request.to_string());
                let _ = writeln!(
                    lines,
                    "    accepts::<types::{name}>(lines, {name:?}, {request});"
                );
            }
        }
        observe_members(lines, document, name, schema, &mut sensitive);
    }
    for name in sensitive {
        let _ = writeln!(
            lines,
            "    if operations::is_sensitive({name:?}) {{ lines.push(\"{name} is sensitive\".into()); }}"
        );
    }
}

fn observe_members<'a>(
    lines: &mut String,
    document: &'a Value,
    name: &str,
    schema: &'a Value,
    sensitive: &mut BTreeSet<&'a str>,
) {
    let whole = instances::full(document, schema, name, 0);
    let text = literal(&whole.to_string());
    let _ = writeln!(
        lines,
        "    reads::<types::{name}>(lines, {name:?}, {text});"
    );
    for (member, property) in object(schema.get("properties")) {
        for value in [Some(Value::Null), None] {
            let mut instance = whole.clone();
            if let Some(members) = instance.as_object_mut() {
                match value {
                    Some(value) => drop(members.insert(member.clone(), value)),
                    None => drop(members.remove(member)),
                }
            }
            let instance = literal(&instance.to_string());
            let _ = writeln!(
                lines,
                "    reads::<types::{name}>(lines, {name:?}, {instance});"
            );
        }
        if property.get("x-sensitive").is_some() {
            sensitive.insert(member);
            let hidden = text_in(&whole[member]).map_or_else(|| canary(member), str::to_owned);
            // With no other member that shows the same.
            let required = schema::strings(schema.get("required"));
            let alone: Map<String, Value> = required
                .chain([member.as_str()])
                .map(|name| (name.to_owned(), whole[name].clone()))
                .collect();
            let alone = Value::Object(alone);
            let alone = literal(&alone.to_string());
            let _ = writeln!(
                lines,
                "    hides::<types::{name}>(lines, \"{name}.{member}\", {alone}, {hidden:?});"
            );
        }
    }
}

/// Returns the first text in a value.
fn text_in(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(items) => items.iter().find_map(text_in),
        Value::Object(members) => members.values().find_map(text_in),
        _ => None,
    }
}

/// Returns a text as a raw string of Rust.
fn literal(text: &str) -> String {
    format!("r####\"{text}\"####")
}
