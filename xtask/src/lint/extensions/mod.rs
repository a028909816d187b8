//! Rules for the `x-` keys that the spec carries and codegen reads.

mod keys;
mod names;
mod paging;
mod walk;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::operation::{self, Operation};
use crate::schema::{self, Choice};
use keys::{KEYS, Place, SAFETIES};
use walk::walk;

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(
        &bundle.document,
        String::new(),
        &mut |pointer, key, value| {
            findings.extend(check_one(bundle, pointer, key, value));
        },
    );
    findings.extend(columns(bundle));
    findings.extend(names::check(bundle));
    let operations = operation::operations(&bundle.document);
    let ids: Vec<&str> = operations.iter().filter_map(Operation::id).collect();
    for operation in operations {
        findings.extend(missing(bundle, &operation));
        findings.extend(replacement(bundle, &operation, &ids));
        findings.extend(targets(bundle, &operation));
        findings.extend(paging::check(bundle, &operation));
    }
    findings
}

fn place(pointer: &str) -> Place {
    let keys: Vec<_> = pointer.split('/').skip(1).collect();
    match keys.as_slice() {
        [] => Place::Root,
        [schema::WEBHOOKS, _] => Place::Webhook,
        ["paths", _, method] if operation::METHODS.contains(method) => Place::Operation,
        ["components", "schemas", _] => Place::Component,
        ["components", "responses", _] => Place::Response,
        [.., "properties", _] => Place::Property,
        ["components", "schemas", .., "items"] => Place::Items,
        ["paths", .., "parameters", _, "schema"] => Place::ParameterSchema,
        ["paths", .., "parameters", _] => Place::Parameter,
        _ => Place::Elsewhere,
    }
}

fn check_one(bundle: &Bundle, pointer: &str, key: &str, value: &Value) -> Option<Finding> {
    let at = format!("{pointer}/{key}");
    let subject = schema::describe(pointer);
    let Some(known) = KEYS.iter().find(|known| known.name == key) else {
        return Some(bundle.finding(
            &at,
            subject,
            format!("the extension `{key}` is unknown"),
            "correct its spelling; ARCHITECTURE.md lists those that codegen reads",
        ));
    };
    if !known.places.contains(&place(pointer)) {
        let message = format!("`{key}` has no meaning here");
        let remedy = format!("put it on {}", known.carrier);
        return Some(bundle.finding(&at, subject, message, remedy));
    }
    let carrier = bundle.document.pointer(pointer).unwrap_or(&Value::Null);
    if !known.accepts(value, carrier) {
        let message = format!("`{key}` cannot be {value}");
        let remedy = format!("write {}", known.wanted());
        return Some(bundle.finding(&at, subject, message, remedy));
    }
    None
}

/// The columns of a schema are its properties, or those of an object in it.
fn columns(bundle: &Bundle) -> Vec<Finding> {
    let document = &bundle.document;
    let mut findings = Vec::new();
    for (name, component) in schema::components(document) {
        for column in schema::strings(component.get("x-columns")) {
            let mut holder = Some(component);
            let is_there = column.split('.').all(|part| {
                let property = holder
                    .and_then(|holder| holder.get("properties"))
                    .and_then(|properties| properties.get(part));
                holder = property.and_then(|property| match schema::reference(property) {
                    Some(name) => document.pointer(&format!("/components/schemas/{name}")),
                    None => Some(property),
                });
                property.is_some()
            });
            if !is_there {
                findings.push(bundle.finding(
                    &format!("/components/schemas/{name}/x-columns"),
                    name,
                    format!("`x-columns` names `{column}`, which it does not have"),
                    "correct its spelling, or add the property",
                ));
            }
        }
    }
    findings
}

fn missing(bundle: &Bundle, operation: &Operation<'_>) -> Vec<Finding> {
    let remedies = [
        (
            "x-safety",
            "state what may be sent twice: `x-safety: read`, `idempotent`, `keyed` or `unsafe`",
        ),
        (
            "x-evidence",
            "state the sources, for instance `x-evidence: [g1, sampled]`",
        ),
    ];
    remedies
        .into_iter()
        .filter(|(key, _)| operation.value.get(key).is_none())
        .map(|(key, remedy)| {
            let message = format!("no {key}");
            bundle.finding(&operation.pointer, operation.name(), message, remedy)
        })
        .collect()
}

/// `x-replaced-by` names an operation.
fn replacement(bundle: &Bundle, operation: &Operation<'_>, ids: &[&str]) -> Option<Finding> {
    let name = operation.value.get(schema::REPLACED_BY)?.as_str()?;
    (!ids.contains(&name)).then(|| {
        bundle.finding(
            &format!("{}/{}", operation.pointer, schema::REPLACED_BY),
            operation.name(),
            format!(
                "`{}` names `{name}`, which is not an operation",
                schema::REPLACED_BY
            ),
            "correct its spelling",
        )
    })
}

/// `x-safety-by-target` has the members of which one chooses the target, and
/// `x-safety` is that of the least safe.
fn targets(bundle: &Bundle, operation: &Operation<'_>) -> Vec<Finding> {
    let document = &bundle.document;
    let key = schema::SAFETY_BY_TARGET;
    let Some(Value::Object(targets)) = operation.value.get(key) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut report = |message: String, remedy: &str| {
        let pointer = format!("{}/{key}", operation.pointer);
        findings.push(bundle.finding(&pointer, operation.name(), message, remedy));
    };
    let request = operation.request_schema();
    let request = request.and_then(|pointer| resolve(document, &pointer));
    let alternatives = request.and_then(Choice::of).map_or(&[][..], |(_, all)| all);
    let keys = alternatives.iter();
    let keys: BTreeSet<&str> = keys
        .filter_map(|item| schema::strings(item.get("required")).next())
        .collect();
    let members: BTreeSet<&str> = targets.keys().map(String::as_str).collect();
    for member in members.symmetric_difference(&keys) {
        report(
            format!("`{member}` is in one of `{key}` and the request's choice only"),
            "name each member that chooses the target, and no other",
        );
    }
    let rank = |safety: &str| SAFETIES.iter().position(|known| *known == safety);
    let defaults = targets.values().filter_map(|target| target.get("safety"));
    let least_safe = defaults.filter_map(|safety| rank(safety.as_str()?)).max();
    if least_safe != rank(operation.text("x-safety")) {
        report(
            format!("`x-safety` is not the least safe of `{key}`"),
            "make the two agree",
        );
    }
    findings
}

/// Returns the schema at a pointer, or the one that it refers to.
fn resolve<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    let schema = document.pointer(pointer)?;
    match schema::reference(schema) {
        Some(name) => document.pointer(&format!("/components/schemas/{name}")),
        None => Some(schema),
    }
}
