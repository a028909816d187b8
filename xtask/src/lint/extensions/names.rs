//! The names that `x-id` and `x-rust-name` give: each is the only one of its kind.

use std::collections::BTreeSet;

use serde_json::Value;

use super::walk::walk;
use crate::bundle::Bundle;
use crate::error::Finding;
use crate::schema::{self, ID, RUST_NAME};

/// The type of an ID is no component, and a field has a name of its own.
pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let document = &bundle.document;
    let components: BTreeSet<&str> = schema::components(document)
        .map(|(name, _)| name.as_str())
        .collect();
    let mut findings = Vec::new();
    walk(document, String::new(), &mut |pointer, key, value| {
        if key == ID && value.as_str().is_some_and(|id| components.contains(id)) {
            findings.push(bundle.finding(
                &format!("{pointer}/{key}"),
                schema::describe(pointer),
                format!("{value} is the name of a schema"),
                "name the type of the ID otherwise",
            ));
        }
    });
    for (name, component) in schema::components(document) {
        let mut fields = BTreeSet::new();
        for (property, value) in schema::object(component.get("properties")) {
            let field = value.get(RUST_NAME).and_then(Value::as_str);
            if !fields.insert(field.unwrap_or(property)) {
                findings.push(bundle.finding(
                    &format!("/components/schemas/{name}/properties/{property}"),
                    name,
                    format!("`{property}` and another property are one field in Rust"),
                    format!("correct `{RUST_NAME}`"),
                ));
            }
        }
    }
    findings
}
