//! Compares schemas: members, types, values, limits and extensions.
//!
//! A schema of a request may only widen, or a request that was accepted is
//! refused. What a response may hold is read by the generated types, so whether a
//! change of it breaks is what the comparison of these types says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{Area, Changes, Level, unclassified};
use crate::operation::{self, Operation};
use crate::schema::{self, Choice, array, object, strings};
use crate::webhooks;

/// Where a schema occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Direction {
    is_request: bool,
    is_response: bool,
}

impl Direction {
    pub(super) const REQUEST: Self = Self {
        is_request: true,
        is_response: false,
    };
    pub(super) const RESPONSE: Self = Self {
        is_request: false,
        is_response: true,
    };
}

/// Calls a function with each key of two maps, and its values.
pub(super) fn fold<K: Ord, V>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
    mut each: impl FnMut(&K, Option<&V>, Option<&V>),
) {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    for key in keys {
        each(key, old.get(key), new.get(key));
    }
}

/// Returns the keys of two objects whose values differ.
pub(super) fn differing<'a>(
    old: &'a Value,
    new: &'a Value,
) -> Vec<(&'a str, Option<&'a Value>, Option<&'a Value>)> {
    let keys: BTreeSet<&str> = object(Some(old))
        .chain(object(Some(new)))
        .map(|(key, _)| key.as_str())
        .collect();
    keys.into_iter()
        .map(|key| (key, old.get(key), new.get(key)))
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// Compares the components of two documents.
pub(super) fn compare(old: &Value, new: &Value, changes: &mut Changes) {
    let directions = [old, new].map(directions);
    let of = |pointer: &str| {
        let any = |pick: fn(&Directions) -> &BTreeSet<String>| {
            directions.iter().any(|one| pick(one).contains(pointer))
        };
        Direction {
            is_request: any(|one| &one.requests),
            is_response: any(|one| &one.responses),
        }
    };
    let components = |document| schema::components(document).collect::<BTreeMap<_, _>>();
    fold(&components(old), &components(new), |name, before, after| {
        let direction = of(&format!("/components/schemas/{name}"));
        match (before, after) {
            _ if direction
                == Direction {
                    is_request: false,
                    is_response: false,
                } =>
            {
                if before != after {
                    changes.add(Level::Text, name, "is described in another way");
                }
            }
            (Some(before), Some(after)) => compare_at(name, before, after, direction, changes),
            (Some(_), None) => changes.add(Level::Breaking, name, "is removed"),
            _ => changes.add(Level::Addition, name, "is a new type"),
        }
    });
}

struct Directions {
    requests: BTreeSet<String>,
    responses: BTreeSet<String>,
}

fn directions(document: &Value) -> Directions {
    let operations = operation::operations(document);
    let reachable = |roots: Vec<String>| {
        let mut seen = BTreeSet::new();
        for root in roots {
            schema::visit(document, &root, &mut seen, &mut |_, _| {});
        }
        seen
    };
    let parameters = operations.iter().flat_map(|operation| {
        let count = operation.parameters().count();
        (0..count).map(move |index| format!("{}/parameters/{index}/schema", operation.pointer))
    });
    let requests = operations.iter().filter_map(Operation::request_schema);
    let responses = operations.iter().filter_map(Operation::success_schema);
    Directions {
        requests: reachable(requests.chain(parameters).collect()),
        responses: reachable(responses.chain(webhooks::schemas(document)).collect()),
    }
}

/// Compares two schemas at a place.
pub(super) fn compare_at(
    place: &str,
    old: &Value,
    new: &Value,
    direction: Direction,
    changes: &mut Changes,
) {
    compare_type(place, old, new, changes);
    compare_required(place, old, new, direction, changes);
    let properties =
        |value: &'static str, schema| object(Value::get(schema, value)).collect::<BTreeMap<_, _>>();
    let (before, after) = (properties("properties", old), properties("properties", new));
    fold(&before, &after, |name, before, after| {
        let place = format!("{place}.{name}");
        match (before, after) {
            (Some(before), Some(after)) => compare_at(&place, before, after, direction, changes),
            (Some(_), None) => changes.add(Level::Breaking, &place, "is removed"),
            _ => changes.add(Level::Addition, &place, "is a new member"),
        }
    });
    for (key, before, after) in differing(old, new) {
        match key {
            "properties" | "required" | "type" | "format" | "$ref" | "allOf" => {}
            "nullable" => {
                compare_null(place, old, new, direction, changes);
            }
            "enum" => compare_values(place, before, after, changes),
            schema::ALIASES => compare_aliases(place, before, after, changes),
            "items" | "additionalProperties" => {
                compare_inner(place, key, before, after, direction, changes);
            }
            "oneOf" | "anyOf" => compare_alternatives(place, old, new, direction, changes),
            _ if limit(key).is_some() => {
                compare_limit(place, key, before, after, direction, changes);
            }
            _ => compare_annotation(place, key, before, after, changes),
        }
    }
}

fn compare_null(
    place: &str,
    old: &Value,
    new: &Value,
    direction: Direction,
    changes: &mut Changes,
) {
    let is_null = |schema| schema::flag(schema, "nullable");
    let (level, text) = match (is_null(old), is_null(new)) {
        (false, true) => (Level::Addition, "may be null"),
        (true, false) => (Level::Breaking, "is never null"),
        // `false` is what its absence says.
        _ => return,
    };
    let level = if direction.is_request {
        level
    } else {
        Level::Text
    };
    changes.add(level, place, text);
}

/// Compares the type, the format and the component that a schema refers to.
fn compare_type(place: &str, old: &Value, new: &Value, changes: &mut Changes) {
    let of = |schema: &Value| {
        if let Some(name) = schema::reference(schema) {
            return name.to_owned();
        }
        let text = |key| schema.get(key).and_then(Value::as_str).unwrap_or_default();
        let joined = format!("{} {}", text("type"), text("format"));
        match joined.trim() {
            "" => "any value".to_owned(),
            name => name.to_owned(),
        }
    };
    if of(old) != of(new) {
        let text = format!("is `{}`, and was `{}`", of(new), of(old));
        changes.add(Level::Breaking, place, text);
    } else if schema::reference(old).is_none() && old.get("allOf") != new.get("allOf") {
        changes.add(Level::Breaking, place, "is made up of other parts");
    }
}

fn compare_required(
    place: &str,
    old: &Value,
    new: &Value,
    direction: Direction,
    changes: &mut Changes,
) {
    let set = |schema: &Value| -> BTreeSet<String> {
        strings(schema.get("required")).map(str::to_owned).collect()
    };
    let (before, after) = (set(old), set(new));
    for name in after.difference(&before) {
        let level = if direction.is_request {
            Level::Breaking
        } else {
            Level::Text
        };
        changes.add(level, &format!("{place}.{name}"), "is required");
    }
    for name in before.difference(&after) {
        let level = if direction.is_request {
            Level::Addition
        } else {
            Level::Text
        };
        changes.add(level, &format!("{place}.{name}"), "is optional");
    }
}

fn compare_values(place: &str, old: Option<&Value>, new: Option<&Value>, changes: &mut Changes) {
    let (before, after) = (array(old), array(new));
    for value in before.iter().filter(|value| !after.contains(value)) {
        changes.add(
            Level::Breaking,
            place,
            format!("no longer has the value {value}"),
        );
    }
    for value in after.iter().filter(|value| !before.contains(value)) {
        changes.add(Level::Addition, place, format!("has the value {value}"));
    }
    if old.is_none() != new.is_none() {
        let text = "is limited to values in another way";
        changes.add(Level::Breaking, place, text);
    } else if before.iter().all(|value| after.contains(value)) && before.len() == after.len() {
        changes.add(Level::Text, place, "lists its values in another order");
    }
}

fn compare_aliases(place: &str, old: Option<&Value>, new: Option<&Value>, changes: &mut Changes) {
    let aliases = |value| object(value).collect::<BTreeMap<_, _>>();
    fold(&aliases(old), &aliases(new), |name, before, after| {
        if before == after {
            return;
        }
        let (level, text) = match (before, after) {
            (None, _) => (Level::Addition, format!("also reads `{name}`")),
            _ => (Level::Breaking, format!("no longer reads `{name}` so")),
        };
        changes.add(level, place, text);
    });
}

/// Compares the items of an array, or the other members of an object.
fn compare_inner(
    place: &str,
    key: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    direction: Direction,
    changes: &mut Changes,
) {
    let inner = if key == "items" { "[]" } else { ".*" };
    match (old, new) {
        (Some(before), Some(after)) if before.is_object() && after.is_object() => {
            compare_at(
                &format!("{place}{inner}"),
                before,
                after,
                direction,
                changes,
            );
        }
        // Without `additionalProperties`, other members are accepted.
        (Some(Value::Bool(false)), _) if key != "items" => {
            changes.add(Level::Addition, place, "accepts other members");
        }
        (_, Some(Value::Bool(false))) => {
            changes.add(Level::Breaking, place, "accepts no other members");
        }
        (None | Some(Value::Bool(true)), None | Some(Value::Bool(true))) => {}
        _ => changes.add(Level::Breaking, place, "has other members of another type"),
    }
}

/// Compares a choice between members, or the shapes of a value.
fn compare_alternatives(
    place: &str,
    old: &Value,
    new: &Value,
    direction: Direction,
    changes: &mut Changes,
) {
    let choice = |schema| Choice::of(schema).map(|(choice, all)| (choice, all.to_vec()));
    match (choice(old), choice(new)) {
        (None, None) => {}
        (Some((Choice::AtLeastOne, before)), Some((Choice::AtLeastOne, after)))
            if before.iter().all(|one| after.contains(one)) =>
        {
            changes.add(Level::Addition, place, "accepts one more choice of members");
            return;
        }
        (Some(_), None) => {
            changes.add(Level::Addition, place, "requires no choice of members");
            return;
        }
        _ => {
            changes.add(Level::Breaking, place, "requires another choice of members");
            return;
        }
    }
    for key in ["oneOf", "anyOf"] {
        let (before, after) = (array(old.get(key)), array(new.get(key)));
        if before.iter().any(|shape| !after.contains(shape)) {
            changes.add(Level::Breaking, place, "lacks a shape that it had");
        }
        if after.iter().any(|shape| !before.contains(shape)) {
            let level = if direction.is_response && before.is_empty() {
                Level::Breaking
            } else {
                Level::Addition
            };
            changes.add(level, place, "has one more shape");
        }
    }
}

/// Whether a limit is a least value, a greatest one, or neither.
#[derive(Clone, Copy, PartialEq)]
enum Limit {
    Least,
    Greatest,
    Other,
}

fn limit(key: &str) -> Option<Limit> {
    match key {
        "minItems" | "minLength" | "minimum" | "minProperties" => Some(Limit::Least),
        "maxItems" | "maxLength" | "maximum" | "maxProperties" => Some(Limit::Greatest),
        "pattern" | "uniqueItems" | "multipleOf" | "exclusiveMinimum" | "exclusiveMaximum" => {
            Some(Limit::Other)
        }
        _ => None,
    }
}

fn compare_limit(
    place: &str,
    key: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    direction: Direction,
    changes: &mut Changes,
) {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    let is_narrower = match (limit(key), number(old), number(new)) {
        (_, _, None) if new.is_none() => false,
        (Some(Limit::Least), Some(before), Some(after)) => after > before,
        (Some(Limit::Greatest), Some(before), Some(after)) => after < before,
        _ => true,
    };
    let level = match (direction.is_request, is_narrower) {
        (false, _) => Level::Text,
        (true, true) => Level::Breaking,
        (true, false) => Level::Addition,
    };
    let text = match new {
        Some(value) => format!("has `{key}` {value}"),
        None => format!("has no `{key}`"),
    };
    changes.add(level, place, text);
}

/// Compares a key that says something about a value and is no part of its shape.
pub(super) fn compare_annotation(
    place: &str,
    key: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Changes,
) {
    match key {
        "description"
        | "example"
        | "examples"
        | "externalDocs"
        | "title"
        | "x-evidence"
        | schema::INFERRED
        | "deprecated"
        | "readOnly"
        | "writeOnly"
        | "default" => {
            changes.add(Level::Text, place, "is described in another way");
        }
        "x-sensitive" => match (before, after) {
            (Some(_), None) => {
                changes.add(Level::Breaking, place, "is shown in messages and logs");
            }
            (None, _) => changes.add(Level::Addition, place, "is hidden from messages and logs"),
            _ => changes.add(Level::Text, place, "is hidden for another reason"),
        },
        "x-check" => {
            let level = if after.is_some() {
                Level::Breaking
            } else {
                Level::Addition
            };
            changes.add(level, place, "is checked in another way");
        }
        "x-flag" => changes.add_in(Area::Commands, Level::Breaking, place, "has another flag"),
        "x-columns" => {
            changes.add_in(Area::Commands, Level::Addition, place, "has other columns");
        }
        _ => changes.add(Level::Breaking, place, unclassified(key)),
    }
}
