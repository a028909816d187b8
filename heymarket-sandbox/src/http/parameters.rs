//! Path and query parameters.

use std::collections::HashMap;

use http::{HeaderMap, Uri};
use serde_json::Value;

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
    let uri = format!("/?{}", incoming.query);
    let query = uri.parse::<Uri>().ok();
    let query = query.and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok());
    let query: HashMap<String, String> = query.map(|query| query.0).unwrap_or_default();
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
