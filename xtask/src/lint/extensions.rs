//! Rules for the `x-` keys that the spec carries and codegen reads.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::schema::{self, Choice, Operation};
use crate::webhooks;
use crate::yaml::escape_pointer;

const SAFETIES: [&str; 4] = ["read", "idempotent", "keyed", "unsafe"];
const SENSITIVITIES: [&str; 3] = ["secret", "personal", "content"];
const EVIDENCE: [&str; 8] = [
    "seed", "g0", "g1", "g2", "help", "sampled", "used", "inferred",
];
const EFFECTS: [&str; 3] = ["sends", "deletes", "bulk"];
const CHECKS: [&str; 1] = ["schedule-time"];
const PAGING_NAMES: [&str; 6] = ["ascending", "cursor", "from", "limit", "page", "walk"];
const PAGING_NUMBERS: [&str; 3] = ["first", "size", "tick_seconds"];

/// Where an extension stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Webhook,
    Operation,
    Component,
    Response,
    Property,
    Parameter,
    Elsewhere,
}

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(
        &bundle.document,
        String::new(),
        &mut |pointer, key, value| {
            findings.extend(check_one(bundle, pointer, key, value));
        },
    );
    findings.extend(webhook_rules(bundle));
    findings.extend(columns(bundle));
    let operations = schema::operations(&bundle.document);
    let ids: Vec<&str> = operations.iter().filter_map(Operation::id).collect();
    for operation in operations {
        findings.extend(missing(bundle, &operation));
        findings.extend(replacement(bundle, &operation, &ids));
        findings.extend(targets(bundle, &operation));
        findings.extend(paging_members(bundle, &operation));
    }
    findings
}

/// Calls `visitor` with each extension: the pointer of what carries it, its
/// key and its value.
fn walk(value: &Value, pointer: String, visitor: &mut impl FnMut(&str, &str, &Value)) {
    match value {
        Value::Object(members) => {
            // The keys of these are names of the spec's own choosing.
            let holds_names = ["properties", "schemas", "headers"]
                .iter()
                .any(|key| pointer.ends_with(&format!("/{key}")));
            for (key, value) in members {
                if key == "example" || key == "examples" {
                    continue;
                }
                if key.starts_with("x-") && !holds_names {
                    visitor(&pointer, key, value);
                    // The webhooks carry extensions themselves.
                    if key != webhooks::KEY {
                        continue;
                    }
                }
                walk(value, format!("{pointer}/{}", escape_pointer(key)), visitor);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{pointer}/{index}"), visitor);
            }
        }
        _ => {}
    }
}

fn place(pointer: &str) -> Place {
    let keys: Vec<_> = pointer.split('/').skip(1).collect();
    match keys.as_slice() {
        [] => Place::Root,
        [webhooks::KEY, _] => Place::Webhook,
        ["paths", _, method] if schema::METHODS.contains(method) => Place::Operation,
        ["components", "schemas", _] => Place::Component,
        ["components", "responses", _] => Place::Response,
        [.., "properties", _] => Place::Property,
        ["paths", .., "parameters", _] => Place::Parameter,
        _ => Place::Elsewhere,
    }
}

fn check_one(bundle: &Bundle, pointer: &str, key: &str, value: &Value) -> Option<Finding> {
    let is_one_of = |allowed: &[&str]| value.as_str().is_some_and(|value| allowed.contains(&value));
    let carrier = bundle.document.pointer(pointer);
    let has = |member: &str| carrier.is_some_and(|carrier| carrier.get(member).is_some());
    let (places, place_names, is_valid, wanted): (&[Place], _, _, String) = match key {
        "x-safety" => (
            &[Place::Operation],
            "an operation",
            is_one_of(&SAFETIES),
            format!("one of {}", SAFETIES.join(", ")),
        ),
        "x-evidence" => (
            &[
                Place::Operation,
                Place::Property,
                Place::Response,
                Place::Webhook,
            ],
            "an operation, a webhook, a shared response or a property",
            value.as_array().is_some_and(|tags| {
                !tags.is_empty()
                    && tags
                        .iter()
                        .all(|tag| tag.as_str().is_some_and(|tag| EVIDENCE.contains(&tag)))
            }),
            format!("a list of {}", EVIDENCE.join(", ")),
        ),
        "x-sensitive" => (
            &[Place::Property],
            "a property",
            is_one_of(&SENSITIVITIES),
            format!("one of {}", SENSITIVITIES.join(", ")),
        ),
        webhooks::KEY => (
            &[Place::Root],
            "the document, by openapi/webhooks.yaml",
            value.is_object(),
            "a mapping with one member for each type of event".to_owned(),
        ),
        "x-open-enum" => (
            &[Place::Component],
            "a component schema",
            *value == Value::Bool(true) && has("enum"),
            "`true`, beside `type: string` and `enum`".to_owned(),
        ),
        schema::SAFETY_BY_TARGET => (
            &[Place::Operation],
            "an operation",
            value.as_object().is_some_and(is_safety_by_target),
            "`{member: {safety: …, trusted: …, promise: …}}`, `trusted` no less safe than `safety`"
                .to_owned(),
        ),
        schema::INFERRED => (
            &[Place::Component],
            "an open enum",
            carrier.is_some_and(|carrier| {
                let values: Vec<_> = schema::strings(carrier.get("enum")).collect();
                let inferred = schema::array(Some(value));
                schema::flag(carrier, "x-open-enum")
                    && !inferred.is_empty()
                    && inferred
                        .iter()
                        .all(|one| one.as_str().is_some_and(|one| values.contains(&one)))
            }),
            "a list of values of its `enum`".to_owned(),
        ),
        schema::ALIASES => (
            &[Place::Component],
            "an open enum",
            carrier.is_some_and(|carrier| are_aliases(carrier, value)),
            "`{other spelling: value}`, both of them values of its `enum`".to_owned(),
        ),
        "x-wire" => (
            &[Place::Component],
            "a component schema",
            *value == Value::Bool(true),
            "`true`".to_owned(),
        ),
        "x-check" => (
            &[Place::Property],
            "a property",
            is_one_of(&CHECKS),
            format!("one of {}", CHECKS.join(", ")),
        ),
        "x-effect" => (
            &[Place::Operation],
            "an operation",
            is_one_of(&EFFECTS),
            format!("one of {}", EFFECTS.join(", ")),
        ),
        schema::REPLACED_BY => (
            &[Place::Operation],
            "a deprecated operation",
            value.is_string() && carrier.is_some_and(|carrier| schema::flag(carrier, "deprecated")),
            "the operation to use instead, beside `deprecated: true`".to_owned(),
        ),
        "x-flag" => (
            &[Place::Property, Place::Parameter],
            "a property or a parameter",
            value.as_str().is_some_and(is_flag),
            "a name of small letters, with `-` between words".to_owned(),
        ),
        "x-columns" => (
            &[Place::Component],
            "a component schema",
            value
                .as_array()
                .is_some_and(|names| !names.is_empty() && names.iter().all(Value::is_string)),
            "a list of names of its properties".to_owned(),
        ),
        "x-paging" => (
            &[Place::Operation],
            "an operation",
            value.as_object().is_some_and(is_paging),
            "`{walk: …, cursor: …, from: …, size: …}`, `{walk: …, page: …, first: …}` or both, with \
             `limit`, `ascending` and `tick_seconds` where they apply"
                .to_owned(),
        ),
        _ => {
            return Some(bundle.finding(
                &format!("{pointer}/{key}"),
                schema::describe(pointer),
                format!("the extension `{key}` is not known"),
                "mend its spelling; ARCHITECTURE.md lists those that codegen reads",
            ));
        }
    };
    let at = format!("{pointer}/{key}");
    let subject = schema::describe(pointer);
    if !places.contains(&place(pointer)) {
        let message = format!("`{key}` has no meaning here");
        return Some(bundle.finding(&at, subject, message, format!("put it on {place_names}")));
    }
    if !is_valid {
        let message = format!("`{key}` cannot be {value}");
        return Some(bundle.finding(&at, subject, message, format!("write {wanted}")));
    }
    None
}

/// Whether each key and each value is a value of an open enum.
fn are_aliases(carrier: &Value, aliases: &Value) -> bool {
    let values: Vec<&str> = schema::strings(carrier.get("enum")).collect();
    let is_value = |text: &str| values.contains(&text);
    schema::flag(carrier, "x-open-enum")
        && aliases.as_object().is_some_and(|aliases| {
            let mut pairs = aliases.iter();
            pairs.all(|(key, value)| is_value(key) && value.as_str().is_some_and(is_value))
        })
}

fn is_flag(name: &str) -> bool {
    name.split('-').all(|word| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// The columns of a schema are properties of it, or of an object in it.
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
                    "mend its spelling, or add the property",
                ));
            }
        }
    }
    findings
}

fn is_safety_by_target(targets: &Map<String, Value>) -> bool {
    let rank = |target: &Value, key: &str| {
        let safety = target.get(key)?.as_str()?;
        SAFETIES.iter().position(|known| *known == safety)
    };
    !targets.is_empty()
        && targets.values().all(|target| {
            let has_promise = target.get("promise").is_some_and(Value::is_string);
            let ranks = rank(target, "safety").zip(rank(target, "trusted"));
            let is_whole = target.as_object().is_some_and(|target| target.len() == 3);
            has_promise && is_whole && ranks.is_some_and(|(safety, trusted)| trusted <= safety)
        })
}

fn is_paging(paging: &Map<String, Value>) -> bool {
    let is_known = paging.iter().all(|(key, value)| {
        let key = key.as_str();
        (PAGING_NAMES.contains(&key) && value.is_string())
            || (PAGING_NUMBERS.contains(&key) && value.is_u64())
    });
    let has = |key: &str| paging.contains_key(key);
    let by_cursor = has("cursor") && has("from") && has("size");
    let by_page = has("page") && has("first");
    let is_whole = has("cursor") == by_cursor && has("page") == by_page;
    is_known && has("walk") && is_whole && (by_cursor || by_page)
}

/// Each webhook says what it tells of, where it is known from and what it
/// carries, and is of a type that the body can have.
fn webhook_rules(bundle: &Bundle) -> Vec<Finding> {
    let document = &bundle.document;
    let types = document.pointer("/components/schemas/WebhookEventType/enum");
    let types: Vec<&str> = schema::strings(types).collect();
    let mut findings = Vec::new();
    for (name, webhook) in webhooks::all(document) {
        let pointer = format!("/{}/{}", webhooks::KEY, escape_pointer(name));
        let mut report = |message: String, remedy: &str| {
            findings.push(bundle.finding(&pointer, name, message, remedy));
        };
        for (key, value) in [
            ("description", webhook.get("description")),
            ("example", webhooks::example(webhook)),
            ("schema", webhooks::data_schema(webhook)),
            ("x-evidence", webhook.get("x-evidence")),
        ] {
            if value.is_none() {
                report(format!("the webhook has no {key}"), "add it");
            }
        }
        if !types.contains(&name.as_str()) {
            report(
                "the webhook is of no type of WebhookEventType".to_owned(),
                "add it to that enum in openapi/schemas/webhooks.yaml",
            );
        }
    }
    findings
}

fn missing(bundle: &Bundle, operation: &Operation<'_>) -> Vec<Finding> {
    let remedies = [
        (
            "x-safety",
            "say what may be sent twice: `x-safety: read`, `idempotent`, `keyed` or `unsafe`",
        ),
        (
            "x-evidence",
            "say where it is known from, for instance `x-evidence: [g1, sampled]`",
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

/// The operation that `x-replaced-by` names must be there.
fn replacement(bundle: &Bundle, operation: &Operation<'_>, ids: &[&str]) -> Option<Finding> {
    let name = operation.value.get(schema::REPLACED_BY)?.as_str()?;
    (!ids.contains(&name)).then(|| {
        bundle.finding(
            &format!("{}/{}", operation.pointer, schema::REPLACED_BY),
            operation.name(),
            format!(
                "`{}` names `{name}`, which is no operation",
                schema::REPLACED_BY
            ),
            "mend its spelling",
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
            "let the two agree",
        );
    }
    findings
}

/// The members that `x-paging` names must be there.
fn paging_members(bundle: &Bundle, operation: &Operation<'_>) -> Vec<Finding> {
    let document = &bundle.document;
    let mut findings = Vec::new();
    let Some(Value::Object(paging)) = operation.value.get("x-paging") else {
        return findings;
    };
    let request = operation
        .request_schema()
        .and_then(|pointer| resolve(document, &pointer));
    let item = operation
        .success_schema()
        .and_then(|pointer| resolve(document, &format!("{pointer}/items")));
    for (key, name) in paging {
        let Some(name) = name.as_str().filter(|_| key != "walk") else {
            continue;
        };
        let (holder, is_there) = if key == "from" {
            ("an item of the response", has_property(item, name))
        } else {
            let is_parameter = operation
                .parameters()
                .any(|parameter| parameter.get("name").and_then(Value::as_str) == Some(name));
            ("the request", is_parameter || has_property(request, name))
        };
        if !is_there {
            findings.push(bundle.finding(
                &format!("{}/x-paging", operation.pointer),
                operation.name(),
                format!("`x-paging` names `{name}`, which {holder} does not have"),
                "mend its spelling, or add the property",
            ));
        }
    }
    findings
}

fn has_property(schema: Option<&Value>, name: &str) -> bool {
    schema.is_some_and(|schema| {
        schema
            .get("properties")
            .is_some_and(|properties| properties.get(name).is_some())
    })
}

/// The schema at a pointer, or the one that it refers to.
fn resolve<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    let schema = document.pointer(pointer)?;
    match schema::reference(schema) {
        Some(name) => document.pointer(&format!("/components/schemas/{name}")),
        None => Some(schema),
    }
}
