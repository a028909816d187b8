//! An extractor for axum that yields only verified events.

use std::future::poll_fn;
use std::pin::pin;

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use futures_core::Stream as _;
use http::StatusCode;

use super::event::Event;
use super::verifier::{Verified, Verifier, WebhookError};

/// Verifies the body of a request with the [`Verifier`] of the state. A rejected body gets
/// an empty 401, 413 or 400. The verifier's size limit replaces that of axum.
impl<S> FromRequest<S> for Verified<Event>
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = WebhookError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebhookError> {
        let verifier = Verifier::from_ref(state);
        let mut body = Vec::new();
        let mut chunks = pin!(request.into_body().into_data_stream());
        while let Some(chunk) = poll_fn(|context| chunks.as_mut().poll_next(context)).await {
            body.extend_from_slice(&chunk.map_err(|_| WebhookError::Malformed)?);
            // An unverified sender cannot fill the memory.
            if body.len() > verifier.body_limit() {
                return Err(WebhookError::TooLarge);
            }
        }
        verifier.verify(&body)
    }
}

impl IntoResponse for WebhookError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response
    }
}
