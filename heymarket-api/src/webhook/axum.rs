//! An extractor for axum, which yields nothing but what is verified.

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;

use super::event::Event;
use super::verifier::{Verified, Verifier, WebhookError};

/// Verifies the body of a request with the [`Verifier`] of the state. A body
/// that is not accepted is answered with a bare 401, 413 or 400.
///
/// axum's own limit of 2 MiB comes first: raise that too for larger bodies.
impl<S> FromRequest<S> for Verified<Event>
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = WebhookError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebhookError> {
        let verifier = Verifier::from_ref(state);
        let body =
            Bytes::from_request(request, state)
                .await
                .map_err(|rejection| match rejection.into_response().status() {
                    StatusCode::PAYLOAD_TOO_LARGE => WebhookError::TooLarge,
                    _ => WebhookError::Malformed,
                })?;
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
