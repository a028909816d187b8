//! The OpenAPI documents, and the index that is derived from one of them.

use std::sync::LazyLock;

use axum::response::Response;
use serde_json::{Map, Value};

use super::reply::Reply;
use crate::http::ApiResponse;
use crate::spec::Spec;

/// The document of the control endpoints, which is written by hand.
const CONTROL: &str = include_str!("../../openapi/control.json");

static INDEX: LazyLock<Value> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(CONTROL).unwrap_or_default();
    let mut index = Map::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let summary = operation.get("summary").cloned().unwrap_or_default();
            index.insert(format!("{} {path}", method.to_uppercase()), summary);
        }
    }
    index.into()
});

/// Lists the endpoints with their effects.
pub(super) async fn index() -> Reply {
    Reply(Ok(INDEX.clone()))
}

pub(super) async fn of_control() -> Response {
    ApiResponse::text(200, CONTROL).into_response()
}

pub(super) async fn of_the_api() -> Response {
    ApiResponse::json(200, &Spec::get().served()).into_response()
}
