//! Errors of the gateway's own, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use crate::report::RequestOutcome;

/// An error of the gateway's own.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// For programs; it never changes.
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
    pub(crate) outcome: RequestOutcome,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) allow: Option<String>,
}

impl Problem {
    /// Creates the problem of a request of which nothing was done.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            outcome: RequestOutcome::NotSent,
            retry_after: None,
            allow: None,
        }
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            code,
            "The request is not valid",
            detail,
        )
    }

    pub(crate) fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            code,
            "The gateway does not allow it",
            detail,
        )
    }

    pub(crate) fn with_outcome(mut self, outcome: RequestOutcome) -> Self {
        self.outcome = outcome;
        self
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn body(&self) -> Bytes {
        let body = json!({
            "type": format!("urn:heymarket-gateway:{}", self.code),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "outcome": self.outcome.as_str(),
        });
        body.to_string().into()
    }
}
