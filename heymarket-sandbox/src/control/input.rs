//! The input of a control request: shared state, an ID in the path, a JSON body.

use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract;
use axum::extract::Request;
use axum::extract::rejection::PathRejection;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::reply::done;
use crate::http::{ReadOptions, read_json};
use crate::state::Shared;
use crate::store::Rejection;

pub(super) type Access = extract::State<Arc<Shared>>;

/// The ID in a path, as text.
pub(super) type Id = Result<extract::Path<String>, PathRejection>;

/// Parses an ID; `None` if it is not a number.
pub(super) fn number<T: FromStr>(id: Id) -> Option<T> {
    id.ok()?.parse().ok()
}

/// Removes the item that the path names.
pub(super) fn remove_by_id<T: FromStr>(
    id: Id,
    noun: &str,
    remove: impl FnOnce(T) -> bool,
) -> Result<Value, Rejection> {
    if number(id).is_some_and(remove) {
        return done(Ok(()));
    }
    Err(Rejection::not_found(format!("no {noun} has this id")))
}

/// Reads the body of a request and passes it to `act`.
pub(super) async fn with_body<T: DeserializeOwned>(
    shared: &Shared,
    request: Request<Body>,
    act: impl FnOnce(&Shared, T) -> Result<Value, Rejection>,
) -> Result<Value, Rejection> {
    let (parts, body) = request.into_parts();
    let options = ReadOptions {
        max_bytes: shared.settings.max_body_bytes,
        timeout: shared.settings.read_timeout,
        required: true,
    };
    let value = read_json(&parts.headers, body, options).await?;
    let value = value.unwrap_or_default();
    let input: T = serde_path_to_error::deserialize(value).map_err(|error| {
        // At the top level the path is `.`.
        let problem = error.to_string();
        let problem = problem.strip_prefix(".: ").unwrap_or(&problem);
        Rejection::new(400, "bad_data", problem)
    })?;
    act(shared, input)
}
