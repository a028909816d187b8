//! The response of a control endpoint.

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::http::ApiResponse;
use crate::store::Rejection;

/// The result of an endpoint, as JSON.
pub(super) struct Reply(pub(super) Result<Value, Rejection>);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let response = match self.0 {
            Ok(value) => ApiResponse::json(200, &value),
            Err(rejection) => {
                let body = json!({"name": rejection.name, "message": rejection.message});
                ApiResponse::json(rejection.status, &body)
            }
        };
        response.into_response()
    }
}

pub(super) fn done(result: Result<(), Rejection>) -> Result<Value, Rejection> {
    result.map(|()| json!({"done": true}))
}
