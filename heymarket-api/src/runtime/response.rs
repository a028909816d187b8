use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};

use super::attempt::{self, Attempt};

/// An answer of the API: the value, and what came with it.
///
/// It derefs to the value. `Debug` shows the value as its type does, with
/// sensitive members hidden, and neither headers nor body.
#[derive(Clone)]
pub struct Response<T> {
    // Some values are large, and each is moved through several futures.
    value: Box<T>,
    delivery: Delivery,
}

/// What came of an operation that succeeded, but for the value.
#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) answer: Box<Answer>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) local_id: Option<String>,
}

impl<T> Response<T> {
    pub(super) fn new(value: Box<T>, delivery: Delivery) -> Self {
        Self { value, delivery }
    }

    /// The HTTP status, which is a 2xx.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.delivery.answer.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.delivery.answer.headers
    }

    /// The `X-Request-Id`, by which support finds the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.delivery.answer.request_id()
    }

    /// The body as it came, with whatever the type does not know.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.delivery.answer.body
    }

    /// Every attempt that was made, in order; the last one gave this answer.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.delivery.attempts
    }

    /// Every attempt on one line, to paste into a support ticket.
    #[must_use]
    pub fn ledger(&self) -> String {
        attempt::ledger(self.attempts())
    }

    /// The `local_id` that the request carried, whether the caller set it or
    /// the client minted it.
    #[must_use]
    pub fn local_id(&self) -> Option<&str> {
        self.delivery.local_id.as_deref()
    }

    /// The value alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        *self.value
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
            .field("status", &self.status())
            .field("request_id", &self.request_id())
            .field("value", &self.value)
            .field("attempts", &self.attempts())
            .finish_non_exhaustive()
    }
}

/// What came over the wire. It is boxed as soon as its head is there, since it
/// is large and passed on by each layer.
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
    static NAME: HeaderName = HeaderName::from_static("x-request-id");
    headers.get(&NAME)?.to_str().ok()
}
