//! The one error type of the client.

mod failure;
mod kind;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::runtime::{Attempt, Mismatch, Operation, RawResponse, ledger, may_have_acted};

pub(crate) use failure::Failure;
pub use kind::ErrorKind;

/// An operation failure, with its response and attempt history.
///
/// `Display` is one line. Neither it nor `Debug` shows a token, a key, a phone
/// number, a name or message text; [`body`](Self::body) returns the bytes that the
/// server sent, which may hold all of these.
///
/// ```no_run
/// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
/// match client.get_conversation(9920).await {
///     Ok(conversation) => println!("{:?}", conversation.status),
///     Err(error) if error.is_not_found() => println!("no such conversation"),
///     Err(error) => {
///         eprintln!("{error}; attempts: {}", error.ledger());
///         return Err(error);
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// The statuses are documented at <https://developers.heymarket.com/rate-limits>.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    operation: Option<&'static Operation>,
    /// Never sensitive.
    detail: String,
    /// The server's message, redacted.
    message: Option<String>,
    mismatch: Option<Mismatch>,
    response: Option<Box<RawResponse>>,
    retry_after: Option<Duration>,
    attempts: Vec<Attempt>,
    local_id: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What every failure of a request has.
pub(crate) struct Context {
    pub(crate) operation: &'static Operation,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) local_id: Option<String>,
}

impl Error {
    pub(crate) fn configuration(detail: impl Into<String>) -> Self {
        Self::from_inner(Inner::new(ErrorKind::Configuration, None, detail.into()))
    }

    pub(crate) fn invalid_request(
        operation: &'static Operation,
        problem: impl Into<String>,
    ) -> Self {
        let kind = ErrorKind::InvalidRequest;
        Self::from_inner(Inner::new(kind, Some(operation), problem.into()))
    }

    /// Creates the error of a request without a complete response, and keeps the
    /// part of it that arrived.
    pub(crate) fn failed(
        context: Context,
        failure: Failure,
        response: Option<Box<RawResponse>>,
    ) -> Self {
        Self::from_inner(Inner {
            source: failure.source,
            response,
            ..Inner::of(context, failure.kind, failure.detail)
        })
    }

    /// Creates the error of a status other than 2xx. `reason` is why no further
    /// attempt followed, where that is not obvious.
    pub(crate) fn status_of(
        context: Context,
        response: Box<RawResponse>,
        message: Option<String>,
        retry_after: Option<Duration>,
        reason: &str,
    ) -> Self {
        let detail = if response.status.is_redirection() {
            "redirects are not followed"
        } else {
            reason
        };
        Self::from_inner(Inner {
            message,
            retry_after,
            response: Some(response),
            ..Inner::of(context, ErrorKind::Status, detail.to_owned())
        })
    }

    /// Creates the error of a body that does not decode.
    pub(crate) fn decode(context: Context, mismatch: Mismatch, response: Box<RawResponse>) -> Self {
        let detail = format!(
            "the body does not decode: at {}: expected {}, found {}",
            mismatch.path, mismatch.expected, mismatch.found
        );
        Self::from_inner(Inner {
            mismatch: Some(mismatch),
            response: Some(response),
            ..Inner::of(context, ErrorKind::Decode, detail)
        })
    }

    fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Box::new(inner),
        }
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns the ID of the operation that failed; `None` for a configuration
    /// error.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.inner.operation.map(Operation::id)
    }

    /// Returns the HTTP status, if the head of a response arrived.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        Some(self.inner.response.as_ref()?.status)
    }

    /// Returns the response headers, if the head of a response arrived.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        Some(&self.inner.response.as_ref()?.headers)
    }

    /// Returns the `X-Request-Id`, which identifies the request to Heymarket's
    /// support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.inner.response.as_ref()?.request_id()
    }

    /// Returns the response body, or the part of it that arrived. It may hold phone
    /// numbers, names and message text.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        Some(&self.inner.response.as_ref()?.body)
    }

    /// Returns the server's own message on one line, if the body of an error status
    /// has one.
    ///
    /// Phone numbers, e-mail addresses and tokens are replaced, and so is every
    /// echo of the text, names, numbers or query of the request: five letters or
    /// digits in a row, whether truncated, in another case, with other spaces and
    /// punctuation, or with the escapes of JSON, URLs or HTML; and a value of three
    /// or four letters as a whole word. Names of members and IDs stay.
    ///
    /// Text that the server translates, transliterates, encodes differently or
    /// takes from elsewhere is not recognized. Returns `None` if the message is
    /// longer than 4 KiB or the request larger than 1 MiB, where comparing them
    /// would take too long; [`body`](Self::body) has the message.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.inner.message.as_deref()
    }

    /// Returns where a body does not decode: a JSON path, in which `*` stands for a
    /// key that is not a member's name. `None` for every other kind.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        Some(&self.inner.mismatch.as_ref()?.path)
    }

    /// Returns all attempts, in order.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.inner.attempts
    }

    /// Returns how long the server asked to wait before the next request, from
    /// `Retry-After`: a number of seconds, or a date in any form of RFC 9110.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Returns all attempts on one line, for a support ticket.
    #[must_use]
    pub fn ledger(&self) -> String {
        ledger(&self.inner.attempts)
    }

    /// Returns the `local_id` of the request, whether the caller set it or the
    /// client minted it.
    #[must_use]
    pub fn local_id(&self) -> Option<&str> {
        self.inner.local_id.as_deref()
    }

    /// Returns whether the server may have acted on the request in any of the
    /// attempts. If so, sending it again may have a second effect: check first, for
    /// a message with [`Client::find_sent`](crate::Client::find_sent).
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        self.inner
            .attempts
            .iter()
            .any(|attempt| may_have_acted(attempt.outcome))
    }

    /// Returns whether the server found the request malformed or a field invalid
    /// (400). Correct the request: [`message`](Self::message) names the field.
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        self.is_status(StatusCode::BAD_REQUEST)
    }

    /// Returns whether the server rejected the credentials (401). Check them.
    ///
    /// Tokens carry the time. The client corrects this machine's clock by the
    /// server's `Date` if the two differ by at most 10 minutes; beyond that, the
    /// error's text gives the difference: set the clock.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.is_status(StatusCode::UNAUTHORIZED)
    }

    /// Returns whether the team or the sender lacks the permission (403). Ask an
    /// administrator of the team for it.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.is_status(StatusCode::FORBIDDEN)
    }

    /// Returns whether nothing has this ID (404). Check the ID, and that it is the
    /// kind of ID that the operation expects.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is_status(StatusCode::NOT_FOUND)
    }

    /// Returns whether the rate limit was exceeded (429). Wait before the next
    /// request; [`retry_after`](Self::retry_after) may say how long.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.is_status(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Returns whether the server, or a proxy in front of it, failed (5xx). Try
    /// again later; check [`may_have_been_sent`](Self::may_have_been_sent) first.
    #[must_use]
    pub fn is_server_error(&self) -> bool {
        self.inner.kind == ErrorKind::Status
            && self.status().is_some_and(|status| status.is_server_error())
    }

    fn is_status(&self, wanted: StatusCode) -> bool {
        self.inner.kind == ErrorKind::Status && self.status() == Some(wanted)
    }
}

impl Inner {
    fn new(kind: ErrorKind, operation: Option<&'static Operation>, detail: String) -> Self {
        Self {
            kind,
            operation,
            detail,
            message: None,
            mismatch: None,
            response: None,
            retry_after: None,
            attempts: Vec::new(),
            local_id: None,
            source: None,
        }
    }

    fn of(context: Context, kind: ErrorKind, detail: String) -> Self {
        Self {
            attempts: context.attempts,
            local_id: context.local_id,
            ..Self::new(kind, Some(context.operation), detail)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation() {
            write!(f, "{operation}: ")?;
        }
        match self.inner.kind {
            ErrorKind::Configuration => f.write_str("invalid configuration: ")?,
            ErrorKind::InvalidRequest => f.write_str("invalid request: ")?,
            ErrorKind::Connect => f.write_str("cannot connect: ")?,
            ErrorKind::Timeout => f.write_str("timed out: ")?,
            ErrorKind::Transport => f.write_str("connection broken: ")?,
            ErrorKind::RateLimitTimeout | ErrorKind::RateLimiter | ErrorKind::Cancelled => {
                f.write_str("not sent: ")?;
            }
            ErrorKind::Status | ErrorKind::Decode | ErrorKind::BodyTooLarge => {}
        }
        let status = self.status().map(|status| status.to_string());
        let parts = [
            status.as_deref(),
            Some(self.inner.detail.as_str()).filter(|detail| !detail.is_empty()),
            self.message(),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(": "))?;
        if let Some(id) = self.request_id() {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("operation", &self.operation())
            .field("status", &self.status())
            .field("request_id", &self.request_id())
            .field("detail", &self.inner.detail)
            .field("message", &self.message())
            .field("body_bytes", &self.body().map(Bytes::len))
            .field("retry_after", &self.inner.retry_after)
            .field("local_id", &self.inner.local_id)
            .field("attempts", &self.inner.attempts)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.inner.source.as_deref()?;
        Some(source)
    }
}
