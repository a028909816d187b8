//! Path and query parameters.

use std::collections::HashMap;

use http::{HeaderMap, Uri};
use serde_json::Value;

use crate::error::shortened;
use crate::spec::{Operation, Parameter, Place, Spec};
use crate::store::Rejection;

/// A request of an operation, before its parameters are read.
pub(super) struct Incoming {
    pub(super) operation: &'static Operation,
    /// `None` if it is not UTF-8.
    pub(super) path: Option<HashMap<String, String>>,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
}

/// Parses the path and query parameters by their schemas.
pub(super) fn parameters(incoming: &Incoming) -> Result<HashMap<String, Value>, Rejection> {
    let query = query(incoming);
    let Some(path) = &incoming.path else {
        return Err(Rejection::bad_data("path", "must be percent-encoded UTF-8"));
    };
    let mut parameters = HashMap::new();
    for parameter in &incoming.operation.parameters {
        let text = match parameter.place {
            Place::Path => path.get(&parameter.name),
            Place::Query => query.get(&parameter.name),
        };
        match text {
            Some(text) => {
                let value = typed(parameter, text)?;
                parameters.insert(parameter.name.clone(), value);
            }
            None if parameter.required => {
                return Err(Rejection::bad_data(
                    &parameter.name,
                    "is missing in the query",
                ));
            }
            None => {}
        }
    }
    Ok(parameters)
}

fn query(incoming: &Incoming) -> HashMap<String, String> {
    let uri = format!("/?{}", incoming.query).parse::<Uri>().ok();
    let query = uri.and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok());
    query.map(|query| query.0).unwrap_or_default()
}

/// Returns a sentence for each query parameter that the operation does not have,
/// up to five.
pub(super) fn unknown_parameters(incoming: &Incoming) -> Vec<String> {
    if incoming.query.is_empty() {
        return Vec::new();
    }
    let known = |name: &String| {
        let mut parameters = incoming.operation.parameters.iter();
        parameters.any(|known| known.place == Place::Query && known.name == *name)
    };
    let mut unknown: Vec<_> = query(incoming).into_keys().collect();
    unknown.retain(|name| !known(name));
    unknown.sort();
    unknown.truncate(5);
    let unknown = unknown.iter();
    unknown
        .map(|name| format!("{}: unknown query parameter", shortened(name)))
        .collect()
}

fn typed(parameter: &Parameter, text: &str) -> Result<Value, Rejection> {
    let kind = parameter.schema.get("type").and_then(Value::as_str);
    let value = match kind {
        Some("integer") => text.parse::<i64>().map(Value::from).ok(),
        Some("boolean") => text.parse::<bool>().map(Value::from).ok(),
        _ => Some(Value::from(text)),
    };
    let value = value.unwrap_or_else(|| Value::from(text));
    Spec::get()
        .parameter(parameter)
        .check(&value)
        .map_err(|violations| {
            let problem = violations.first().map(ToString::to_string);
            let problem = problem.unwrap_or_default();
            let problem = problem.trim_start_matches("the body ");
            Rejection::bad_data(&parameter.name, problem)
        })?;
    Ok(value)
}
