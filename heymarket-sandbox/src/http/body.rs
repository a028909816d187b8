use std::time::Duration;

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::store::Refusal;

/// How a request's body is to be read.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) max_bytes: usize,
    /// How long the whole body may take to arrive.
    pub(crate) timeout: Duration,
    /// Whether there must be one.
    pub(crate) required: bool,
}

/// Reads a JSON body; `None` if there is none.
pub(crate) async fn read_json(
    headers: &HeaderMap,
    body: Body,
    reading: Reading,
) -> Result<Option<Value>, Refusal> {
    let bytes = tokio::time::timeout(reading.timeout, read(body, reading.max_bytes))
        .await
        .map_err(|_| Refusal::too_slow("body", reading.timeout))??;
    if bytes.is_empty() {
        if reading.required {
            return Err(Refusal::bad_data("body", "is missing; it must be JSON"));
        }
        return Ok(None);
    }
    // Without a type it is taken to be JSON, as all bodies here are.
    if is_json(headers) == Some(false) {
        return Err(Refusal::unsupported_type());
    }
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(Some(value)),
        // The place only: serde's words may hold a value.
        Err(error) => Err(Refusal::bad_data(
            "body",
            &format!(
                "is not JSON (line {} column {})",
                error.line(),
                error.column()
            ),
        )),
    }
}

/// Reads a body into one piece, so that many small pieces cost no more than few
/// large ones.
async fn read(mut body: Body, max_bytes: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad_data("body", "did not come as a whole"))?;
        let data = frame.data_ref().map_or(&[][..], |data| data);
        if data.len() > max_bytes - bytes.len() {
            let problem = format!("the body has more than {max_bytes} bytes");
            return Err(Refusal::new(413, "too_large", problem));
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

/// Whether the body is said to be JSON; `None` if nothing is said.
pub(crate) fn is_json(headers: &HeaderMap) -> Option<bool> {
    let is_json = |kind: &HeaderValue| {
        let kind = kind.to_str().unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    };
    let kinds = headers.get_all(CONTENT_TYPE).iter();
    kinds.map(is_json).reduce(|all, is_json| all && is_json)
}
