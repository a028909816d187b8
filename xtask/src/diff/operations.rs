//! Compares the operations of two documents: parameters, bodies, responses and
//! what the spec says about their behaviour.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Area, Changes, Level, unclassified};
use super::schemas::{self, Direction, fold};
use crate::operation::{self, Operation};
use crate::schema::{self, object};

const JSON: &str = "/content/application~1json";

/// Compares the operations of two documents.
pub(super) fn compare(old: &Value, new: &Value, changes: &mut Changes) {
    let (old, new) = (by_id(old), by_id(new));
    for (id, operation) in &old {
        match new.get(id) {
            Some(now) => compare_one(id, operation, now, changes),
            None => changes.add(
                Level::Breaking,
                id,
                format!("(`{}`) is removed", line(operation)),
            ),
        }
    }
    for (id, operation) in &new {
        if !old.contains_key(id) {
            let text = format!("(`{}`) is a new operation", line(operation));
            changes.add(Level::Addition, id, text);
        }
    }
}

fn by_id(document: &Value) -> BTreeMap<String, Operation<'_>> {
    let all = operation::operations(document).into_iter();
    all.map(|operation| (operation.name(), operation)).collect()
}

fn line(operation: &Operation<'_>) -> String {
    format!("{} {}", operation.method.to_uppercase(), operation.path)
}

fn compare_one(id: &str, old: &Operation<'_>, new: &Operation<'_>, changes: &mut Changes) {
    if line(old) != line(new) {
        let text = format!("is `{}`, and was `{}`", line(new), line(old));
        changes.add(Level::Breaking, id, text);
    }
    compare_parameters(id, old, new, changes);
    compare_body(id, old.value, new.value, changes);
    compare_responses(id, old, new, changes);
    for (key, before, after) in schemas::differing(old.value, new.value) {
        compare_key(id, key, before, after, changes);
    }
}

/// Compares a key that is neither the parameters, the body nor the responses.
fn compare_key(
    id: &str,
    key: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Changes,
) {
    match key {
        "parameters" | "requestBody" | "responses" | "operationId" => {}
        "x-safety" => {
            let of =
                |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("none").to_owned();
            let text = format!("has the safety {}, and had {}", of(after), of(before));
            changes.add(Level::Breaking, id, text);
        }
        schema::SAFETY_BY_TARGET => {
            let level = if promises_only(before, after) {
                Level::Text
            } else {
                Level::Breaking
            };
            changes.add(level, id, "has another safety by target");
        }
        "x-paging" => compare_paging(id, before, after, changes),
        "deprecated" | schema::REPLACED_BY => {
            let text = if after.is_some() {
                "is deprecated"
            } else {
                "is no longer deprecated"
            };
            changes.add(Level::Addition, id, text);
        }
        "x-effect" => {
            let text = "asks for another confirmation";
            changes.add_in(Area::Commands, Level::Breaking, id, text);
        }
        "tags" => {
            let text = "is the command of another resource";
            changes.add_in(Area::Commands, Level::Breaking, id, text);
        }
        "summary" | "description" | "externalDocs" | "x-evidence" => {
            changes.add(Level::Text, id, "is described in another way");
        }
        _ => changes.add(Level::Breaking, id, unclassified(key)),
    }
}

fn promises_only(before: Option<&Value>, after: Option<&Value>) -> bool {
    let without = |value: Option<&Value>| {
        let mut value = value.cloned().unwrap_or_default();
        for target in value
            .as_object_mut()
            .into_iter()
            .flat_map(|all| all.values_mut())
        {
            target
                .as_object_mut()
                .map(|target| target.remove("promise"));
        }
        value
    };
    without(before) == without(after)
}

fn compare_paging(id: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Changes) {
    let walk = |value: Option<&Value>| {
        let walk = value.and_then(|value| value.get("walk")?.as_str());
        walk.unwrap_or("none").to_owned()
    };
    match (before, after) {
        (None, Some(_)) => {
            let text = format!("is walked by `{}`", walk(after));
            changes.add(Level::Addition, id, text);
        }
        (_, None) => changes.add(Level::Breaking, id, "is no longer walked page by page"),
        _ if walk(before) != walk(after) => {
            let text = format!(
                "is walked by `{}`, and was by `{}`",
                walk(after),
                walk(before)
            );
            changes.add(Level::Breaking, id, text);
        }
        _ => changes.add(Level::Breaking, id, "requests its pages in another way"),
    }
}

/// A parameter's key: its name in the query, its place in the path.
fn parameters<'a>(operation: &Operation<'a>) -> BTreeMap<String, &'a Value> {
    let in_path: Vec<&str> = operation.names_in_template().collect();
    operation
        .parameters()
        .filter_map(|parameter| {
            let name = parameter.get("name")?.as_str()?;
            let place = parameter.get("in")?.as_str()?;
            let key = match in_path.iter().position(|one| *one == name) {
                Some(index) if place == "path" => format!("path {index}"),
                _ => format!("{place} {name}"),
            };
            Some((key, parameter))
        })
        .collect()
}

fn compare_parameters(id: &str, old: &Operation<'_>, new: &Operation<'_>, changes: &mut Changes) {
    let (before, after) = (parameters(old), parameters(new));
    let name = |parameter: &Value| {
        let name = parameter.get("name").and_then(Value::as_str);
        name.unwrap_or_default().to_owned()
    };
    let is_required = |parameter: &Value| schema::flag(parameter, "required");
    for (key, parameter) in &before {
        let place = format!("{id}({})", name(parameter));
        let Some(now) = after.get(key) else {
            changes.add(Level::Breaking, &place, "is removed");
            continue;
        };
        if name(parameter) != name(now) {
            let text = format!("is named `{}`", name(now));
            changes.add(Level::Breaking, &place, text);
        }
        match (is_required(parameter), is_required(now)) {
            (false, true) => changes.add(Level::Breaking, &place, "is required"),
            (true, false) => changes.add(Level::Addition, &place, "is optional"),
            _ => {}
        }
        if let (Some(before), Some(after)) = (parameter.get("schema"), now.get("schema")) {
            schemas::compare_at(&place, before, after, Direction::REQUEST, changes);
        }
        for (key, before, after) in schemas::differing(parameter, now) {
            match key {
                "schema" | "required" | "name" => {}
                _ => schemas::compare_annotation(&place, key, before, after, changes),
            }
        }
    }
    for (key, parameter) in &after {
        if !before.contains_key(key) {
            let place = format!("{id}({})", name(parameter));
            let (level, text) = if is_required(parameter) {
                (Level::Breaking, "is a new required parameter")
            } else {
                (Level::Addition, "is a new parameter")
            };
            changes.add(level, &place, text);
        }
    }
}

fn compare_body(id: &str, old: &Value, new: &Value, changes: &mut Changes) {
    match (old.get("requestBody"), new.get("requestBody")) {
        (None, None) => {}
        (None, Some(_)) => changes.add(Level::Breaking, id, "has a body"),
        (Some(_), None) => changes.add(Level::Breaking, id, "has no body"),
        (Some(before), Some(after)) => {
            let place = format!("{id}(body)");
            if schema::flag(before, "required") != schema::flag(after, "required") {
                changes.add(Level::Breaking, &place, "is required in another case");
            }
            compare_media(&place, before, after, Direction::REQUEST, changes);
        }
    }
}

/// The client reads every 2xx response by the first one's schema, and no schema of
/// the others.
fn compare_responses(id: &str, old: &Operation<'_>, new: &Operation<'_>, changes: &mut Changes) {
    fn success<'a>(operation: &Operation<'a>) -> Option<&'a Value> {
        let mut responses = object(operation.value.get("responses"));
        responses
            .find(|(status, _)| status.starts_with('2'))
            .map(|(_, response)| response)
    }
    let place = format!("{id} (response)");
    match (success(old), success(new)) {
        (Some(before), Some(after)) => {
            compare_media(&place, before, after, Direction::RESPONSE, changes);
        }
        (None, None) => {}
        _ => changes.add(Level::Breaking, &place, "is another one"),
    }
    if old.value.get("responses") != new.value.get("responses") {
        changes.add(Level::Text, id, "documents other responses");
    }
}

fn compare_media(
    place: &str,
    old: &Value,
    new: &Value,
    direction: Direction,
    changes: &mut Changes,
) {
    let types = |value: &Value| -> Vec<String> {
        object(value.get("content"))
            .map(|(name, _)| name.clone())
            .collect()
    };
    if types(old) != types(new) {
        changes.add(Level::Breaking, place, "has another media type");
    }
    let at = format!("{JSON}/schema");
    match (old.pointer(&at), new.pointer(&at)) {
        (Some(before), Some(after)) => {
            schemas::compare_at(place, before, after, direction, changes);
        }
        (None, None) => {}
        _ => changes.add(Level::Breaking, place, "has another type"),
    }
}

/// Compares the webhooks of two documents.
pub(super) fn compare_webhooks(old: &Value, new: &Value, changes: &mut Changes) {
    fn all(document: &Value) -> BTreeMap<&String, &Value> {
        object(document.get(schema::WEBHOOKS)).collect()
    }
    let (old, new) = (all(old), all(new));
    fold(&old, &new, |name, before, after| match (before, after) {
        (Some(before), Some(after)) => {
            if before.get("x-event") != after.get("x-event") {
                let text = "has another variant, topic or way to find duplicates";
                changes.add(Level::Breaking, name, text);
            }
            let at = format!("/post/requestBody{JSON}/schema");
            if before.pointer(&at) != after.pointer(&at) {
                changes.add(Level::Breaking, name, "delivers data of another type");
            }
            if before != after {
                changes.add(Level::Text, name, "is described in another way");
            }
        }
        (Some(_), None) => changes.add(Level::Breaking, name, "is no event any more"),
        _ => changes.add(Level::Addition, name, "is a new event"),
    });
}
