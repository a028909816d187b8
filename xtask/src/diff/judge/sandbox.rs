//! What the sandbox refuses: it validates requests by the schemas of the document.

use serde_json::Value;

use super::instances;
use crate::lint::{Schemas, validator};
use crate::operation;
use crate::schema;

/// Returns the operation of a request that the old document accepts and the new
/// one does not.
pub(super) fn refused(old: &Value, new: &Value) -> Option<String> {
    let (before, after) = (Schemas::of(old), Schemas::of(new));
    for operation in operation::operations(old) {
        let Some(pointer) = operation.request_schema() else {
            continue;
        };
        let (Some(schema), Some(now)) = (old.pointer(&pointer), new.pointer(&pointer)) else {
            continue;
        };
        let (was, is) = (before.alone(schema), after.alone(now));
        if was == is {
            continue;
        }
        let (Ok(was), Ok(is)) = (validator(&was), validator(&is)) else {
            continue;
        };
        let is_refused = |request: &Value| was.is_valid(request) && !is.is_valid(request);
        if requests(old, schema).iter().any(is_refused)
            || operation.request_example().is_some_and(is_refused)
        {
            return Some(operation.name());
        }
    }
    None
}

fn requests(document: &Value, schema: &Value) -> Vec<Value> {
    if schema.get("type").and_then(Value::as_str) == Some("array") {
        let items = schema.get("items").unwrap_or(schema);
        let of_items = instances::requests(document, schema::resolve(document, items));
        return of_items
            .into_iter()
            .map(|one| Value::from(vec![one]))
            .collect();
    }
    instances::requests(document, schema::resolve(document, schema))
}
