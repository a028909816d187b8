//! The body of a request.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::store::Rejection;

/// How to read the body of a request.
#[derive(Clone, Copy)]
pub(crate) struct ReadOptions {
    pub(crate) max_bytes: usize,
    /// How long the whole body may take to arrive.
    pub(crate) timeout: Duration,
    /// Whether an empty body is an error.
    pub(crate) required: bool,
}

/// Reads a JSON body. Returns `None` if it is empty.
pub(crate) async fn read_json(
    headers: &HeaderMap,
    body: Body,
    options: ReadOptions,
) -> Result<Option<Value>, Rejection> {
    let bytes = read_body(body, options).await?;
    parse(headers, &bytes, options)
}

/// Reads a whole body, in time.
pub(super) async fn read_body(body: Body, options: ReadOptions) -> Result<Bytes, Rejection> {
    let bytes = tokio::time::timeout(options.timeout, read(body, options.max_bytes))
        .await
        .map_err(|_| Rejection::too_slow("body", options.timeout))??;
    Ok(bytes.into())
}

/// Parses a JSON body. Returns `None` if it is empty.
pub(super) fn parse(
    headers: &HeaderMap,
    bytes: &Bytes,
    options: ReadOptions,
) -> Result<Option<Value>, Rejection> {
    if bytes.is_empty() {
        if options.required {
            return Err(Rejection::bad_data("body", "is missing; it must be JSON"));
        }
        return Ok(None);
    }
    // A body without a type counts as JSON, since all bodies here are.
    if is_json(headers) == Some(false) {
        return Err(Rejection::unsupported_type());
    }
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(Some(value)),
        // serde's message is left out, since it may quote a value.
        Err(error) => Err(Rejection::bad_data(
            "body",
            &format!(
                "is not JSON (line {} column {})",
                error.line(),
                error.column()
            ),
        )),
    }
}

/// Reads a body into one buffer, so that many small frames cost no more than a
/// few large ones.
async fn read(mut body: Body, max_bytes: usize) -> Result<Vec<u8>, Rejection> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Rejection::bad_data("body", "was cut off"))?;
        let data = frame.data_ref().map_or(&[][..], |data| data);
        if data.len() > max_bytes - bytes.len() {
            let problem = format!("the body has more than {max_bytes} bytes");
            return Err(Rejection::new(413, "too_large", problem));
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

/// Returns whether the body is declared as JSON, or `None` without a
/// declaration.
pub(crate) fn is_json(headers: &HeaderMap) -> Option<bool> {
    let is_json = |kind: &HeaderValue| {
        let kind = kind.to_str().unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    };
    let kinds = headers.get_all(CONTENT_TYPE).iter();
    kinds.map(is_json).reduce(|all, is_json| all && is_json)
}
