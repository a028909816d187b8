use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::attempt::{self, Attempt};

/// An answer of the API: the value, and what came with it.
///
/// It derefs to the value. `Debug` shows the value as its type does, with
/// sensitive members hidden, and neither headers nor body.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    answer: Answer,
    attempts: Vec<Attempt>,
    local_id: Option<String>,
}

impl<T> Response<T> {
    pub(super) fn new(
        value: T,
        answer: Answer,
        attempts: Vec<Attempt>,
        local_id: Option<String>,
    ) -> Self {
        Self {
            value,
            answer,
            attempts,
            local_id,
        }
    }

    /// The HTTP status, which is a 2xx.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// The `X-Request-Id`, by which support finds the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.answer.request_id()
    }

    /// The body as it came, with whatever the type does not know.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.answer.body
    }

    /// Every attempt that was made, in order; the last one gave this answer.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Every attempt on one line, to paste into a support ticket.
    #[must_use]
    pub fn ledger(&self) -> String {
        attempt::ledger(&self.attempts)
    }

    /// The `local_id` that the request carried, whether the caller set it or
    /// the client minted it.
    #[must_use]
    pub fn local_id(&self) -> Option<&str> {
        self.local_id.as_deref()
    }

    /// The value alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.answer.status)
            .field("request_id", &self.request_id())
            .field("value", &self.value)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// What came over the wire, whole.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }
}

pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-request-id")?.to_str().ok()
}
