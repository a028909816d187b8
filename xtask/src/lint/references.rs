//! References that lead nowhere, outside, or in circles; schemas that nothing
//! refers to.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::schema::{self, SCHEMAS, target};
use crate::yaml::escape_pointer;

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut references = Vec::new();
    collect(&bundle.document, String::new(), &mut references);
    for (pointer, reference) in &references {
        findings.extend(check_one(bundle, pointer, reference));
    }
    findings.extend(unused(bundle));
    findings
}

/// All `$ref`s outside of examples, with the pointer of the object around
/// each.
fn collect<'a>(value: &'a Value, pointer: String, references: &mut Vec<(String, &'a str)>) {
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
                        collect(value, pointer, references);
                    }
                }
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, format!("{pointer}/{index}"), references);
            }
        }
        _ => {}
    }
}

fn check_one(bundle: &Bundle, pointer: &str, reference: &str) -> Option<Finding> {
    let subject = schema::describe(pointer);
    let Some(first) = target(reference) else {
        return Some(bundle.finding(
            pointer,
            subject,
            format!("the reference `{reference}` leads outside of the document"),
            "files are merged before references are read: \
             write `#/components/schemas/Name`",
        ));
    };
    let mut next = first;
    let mut passed = BTreeSet::new();
    loop {
        let Some(value) = bundle.document.pointer(next) else {
            return Some(bundle.finding(
                pointer,
                subject,
                format!("the reference `{reference}` leads nowhere"),
                "mend the name, or add what it names",
            ));
        };
        if !passed.insert(next) {
            return Some(bundle.finding(
                pointer,
                subject,
                format!("the reference `{reference}` leads in a circle of references"),
                "let one schema of the circle say what it is",
            ));
        }
        match value.get("$ref").and_then(Value::as_str).and_then(target) {
            Some(target) => next = target,
            None => return None,
        }
    }
}

/// A schema that nothing uses is a type that nobody can meet.
fn unused(bundle: &Bundle) -> Vec<Finding> {
    let mut used = BTreeSet::new();
    let mut queue: Vec<&Value> = Vec::new();
    for (key, value) in schema::object(Some(&bundle.document)) {
        if key != "components" {
            queue.push(value);
        }
    }
    for (key, value) in schema::object(bundle.document.get("components")) {
        if key != "schemas" {
            queue.push(value);
        }
    }
    while let Some(value) = queue.pop() {
        let mut references = Vec::new();
        collect(value, String::new(), &mut references);
        for (_, reference) in references {
            if let Some(name) = reference.strip_prefix(SCHEMAS)
                && used.insert(name)
                && let Some(schema) = bundle.document.pointer(&reference[1..])
            {
                queue.push(schema);
            }
        }
    }
    schema::components(&bundle.document)
        .filter(|(name, _)| !used.contains(name.as_str()))
        .map(|(name, _)| {
            bundle.finding(
                &format!("/components/schemas/{name}"),
                name,
                "nothing uses this schema",
                "refer to it, or delete it",
            )
        })
        .collect()
}
