//! Derives the columns of the result of an operation.

use serde_json::Value;

use crate::operation::Operation;
use crate::schema;

/// The number of columns where the spec does not choose them.
const MOST_COLUMNS: usize = 7;

/// Returns the columns of a row: those of `x-columns`, else the first plain
/// properties, the ID first.
pub(super) fn columns(document: &Value, operation: &Operation<'_>) -> Vec<String> {
    let Some(row) = success(document, operation).and_then(|schema| row(document, schema)) else {
        return Vec::new();
    };
    let chosen: Vec<String> = schema::strings(row.get("x-columns"))
        .map(str::to_owned)
        .collect();
    if !chosen.is_empty() {
        return chosen;
    }
    let plain = schema::object(row.get("properties")).filter(|(_, property)| {
        let kind = schema::resolve(document, property).get("type");
        !matches!(
            kind.and_then(Value::as_str),
            None | Some("array" | "object")
        )
    });
    let mut names: Vec<String> = plain.map(|(name, _)| name.clone()).collect();
    names.sort_by_key(|name| name != "id");
    names.truncate(MOST_COLUMNS);
    names
}

/// Returns the member that holds the rows, where the answer is an object around
/// them.
pub(super) fn items(document: &Value, operation: &Operation<'_>) -> Option<String> {
    let answer = schema::resolve(document, success(document, operation)?);
    if is_row(answer) {
        return None;
    }
    rows_member(document, answer).map(|(name, _)| name.to_owned())
}

fn success<'a>(document: &'a Value, operation: &Operation<'_>) -> Option<&'a Value> {
    document.pointer(&operation.success_schema()?)
}

/// Returns the schema of one row: the answer, an item of it, or an item of the array
/// in it.
fn row<'a>(document: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    let schema = schema::resolve(document, schema);
    if is_row(schema) {
        return Some(schema);
    }
    if let Some(items) = schema.get("items") {
        return row(document, items);
    }
    if let Some((_, items)) = rows_member(document, schema) {
        return row(document, items);
    }
    let shapes = schema::array(schema.get("oneOf"));
    shapes
        .iter()
        .find_map(|shape| row(document, shape))
        .or_else(|| schema.get("properties").map(|_| schema))
}

fn is_row(schema: &Value) -> bool {
    let has_id = schema
        .get("properties")
        .is_some_and(|properties| properties.get("id").is_some());
    has_id || schema.get("x-columns").is_some()
}

/// Returns the first member that is an array of objects, and its items.
fn rows_member<'a>(document: &'a Value, schema: &'a Value) -> Option<(&'a str, &'a Value)> {
    schema::object(schema.get("properties")).find_map(|(name, property)| {
        let items = schema::resolve(document, property).get("items")?;
        let is_object = schema::resolve(document, items).get("properties").is_some();
        is_object.then_some((name.as_str(), items))
    })
}
