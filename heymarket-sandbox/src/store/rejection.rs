//! Error responses.

use std::time::Duration;

/// An error response: its status, name and message.
#[derive(Clone, Debug)]
pub(crate) struct Rejection {
    pub(crate) status: u16,
    /// The documented name of the kind of error.
    pub(crate) name: &'static str,
    pub(crate) message: String,
}

impl Rejection {
    pub(crate) fn new(status: u16, name: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            name,
            message: message.into(),
        }
    }

    /// Returns a 400 for an invalid field.
    pub(crate) fn bad_data(field: &str, problem: &str) -> Self {
        Self::new(400, "bad_data", format!("{field}: {problem}"))
    }

    /// Returns a 403: valid credentials, but the action is not allowed.
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "denied", message)
    }

    /// Returns a 415: the body is not JSON, or not declared as JSON.
    pub(crate) fn unsupported_type() -> Self {
        Self::new(
            415,
            "unsupported_media_type",
            "the body must be JSON, with `Content-Type: application/json`",
        )
    }

    /// Returns a 408: a part of the request did not arrive in time.
    pub(crate) fn too_slow(part: &str, timeout: Duration) -> Self {
        let problem = format!("the {part} did not arrive within {timeout:?}");
        Self::new(408, "request_timeout", problem)
    }

    /// Returns a 404: no record has the ID or address.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "not_found", message)
    }
}
