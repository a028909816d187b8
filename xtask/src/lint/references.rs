//! Rules for references: they resolve within the document and without circles, and
//! every schema is used.

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
            format!("the reference `{reference}` leaves the document"),
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
                format!("the reference `{reference}` does not resolve"),
                "correct the name, or add what it names",
            ));
        };
        if !passed.insert(next) {
            return Some(bundle.finding(
                pointer,
                subject,
                format!("the reference `{reference}` leads into a circle of references"),
                "give one schema of the circle a `type`",
            ));
        }
        match value.get("$ref").and_then(Value::as_str).and_then(target) {
            Some(target) => next = target,
            None => return None,
        }
    }
}

/// A schema that nothing uses is a type that no request or response has.
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
