//! References that lead nowhere, outside, or in circles; schemas that nothing
//! refers to.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::schema::{self, target};

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut references = Vec::new();
    schema::collect_references(&bundle.document, String::new(), &mut references);
    for (pointer, reference) in &references {
        findings.extend(check_one(bundle, pointer, reference));
    }
    findings.extend(unused(bundle));
    findings
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
    let used: BTreeSet<&str> = schema::used(&bundle.document).collect();
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
