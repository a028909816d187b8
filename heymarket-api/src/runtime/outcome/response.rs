//! The success of an operation: its value, and the response that held it.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::attempt::{Attempt, ledger};
use super::raw_response::RawResponse;

/// A response of the API: the decoded value, with status, headers, body and
/// attempts.
///
/// It derefs to the value; [`into_inner`](Self::into_inner) takes the value out.
/// `Debug` hides sensitive members of the value, and shows neither headers nor
/// body.
///
/// ```no_run
/// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
/// let conversation = client.get_conversation(9920).await?;
/// println!("{:?}, request {:?}", conversation.status, conversation.request_id());
/// let conversation: heymarket_api::types::Conversation = conversation.into_inner();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Response<T> {
    // Some values are large, and each moves through several futures.
    value: Box<T>,
    parts: ResponseParts,
}

/// A response without its value.
#[derive(Clone)]
pub(crate) struct ResponseParts {
    pub(crate) response: Box<RawResponse>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) local_id: Option<String>,
}

impl<T> Response<T> {
    pub(crate) fn new(value: Box<T>, parts: ResponseParts) -> Self {
        Self { value, parts }
    }

    /// Returns the HTTP status, which is a 2xx.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.parts.response.status
    }

    /// Returns the response headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.response.headers
    }

    /// Returns the `X-Request-Id`, which identifies the request to Heymarket's
    /// support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.parts.response.request_id()
    }

    /// Returns the body as it arrived, including members that the type does not
    /// have.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.parts.response.body
    }

    /// Returns all attempts, in order. The last one received this response.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.parts.attempts
    }

    /// Returns all attempts on one line, for a support ticket.
    #[must_use]
    pub fn ledger(&self) -> String {
        ledger(self.attempts())
    }

    /// Returns the `local_id` of the request, whether the caller set it or the
    /// client minted it.
    #[must_use]
    pub fn local_id(&self) -> Option<&str> {
        self.parts.local_id.as_deref()
    }

    /// Returns the value alone.
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
