use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::attempt::{self, Attempt, Outcome};
use super::decode::Mismatch;
use super::operation::Operation;
use super::response::Answer;
use super::retry_after::retry_after;

/// Why an operation did not give its value, and everything that is known of
/// it.
///
/// `Display` is one line. Neither it nor `Debug` shows a token, a key, a phone
/// number, a name or message text; [`body`](Self::body) has the bytes as they
/// came, and shows what the server sent.
///
/// The statuses are documented at <https://developers.heymarket.com/rate-limits>.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    operation: Option<&'static Operation>,
    /// What happened; nothing of it may be sensitive.
    detail: String,
    /// The server's message, redacted.
    message: Option<String>,
    mismatch: Option<Mismatch>,
    answer: Option<Box<Answer>>,
    retry_after: Option<Duration>,
    attempts: Vec<Attempt>,
    local_id: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built as it was asked to be. Nothing was sent.
    Configuration,
    /// The request cannot be right, which was found before it was sent.
    InvalidRequest,
    /// There was no connection, so that nothing was sent: the name did not
    /// resolve, nobody listened, TLS failed, or connecting took longer than the
    /// connect timeout. If the timeout of the attempt is the shorter one, it is a
    /// [`Timeout`](Self::Timeout), of which nobody knows how far it came.
    Connect,
    /// No whole answer came in time. The server may have acted.
    Timeout,
    /// The connection broke before the whole answer came. The server may have
    /// acted.
    Transport,
    /// The server answered with a status other than 2xx.
    Status,
    /// The server answered with a 2xx, and the body is not what it should be.
    Decode,
    /// The body of the answer is larger than allowed.
    BodyTooLarge,
    /// The rate limit admitted no attempt within
    /// [`max_rate_limit_wait`](crate::Options::max_rate_limit_wait). The request
    /// was not sent.
    RateLimitTimeout,
    /// The [`RateLimiter`](crate::RateLimiter) failed, for instance because its
    /// store is unreachable. The request was not sent. `source()` has its error.
    RateLimiter,
    /// [`before_attempt`](crate::Options::before_attempt) refused the attempt. The
    /// request was not sent. `source()` has its error.
    Cancelled,
}

impl ErrorKind {
    /// The name for telemetry.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::InvalidRequest => "invalid_request",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Status => "status",
            Self::Decode => "decode",
            Self::BodyTooLarge => "body_too_large",
            Self::RateLimitTimeout => "rate_limit_timeout",
            Self::RateLimiter => "rate_limiter",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why an attempt gave no whole answer.
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) detail: String,
    pub(super) source: Option<Box<dyn StdError + Send + Sync>>,
    /// Whether the same would happen again, whatever the retry policy.
    pub(super) is_final: bool,
}

/// What is known of an operation that failed, whatever it failed of.
pub(super) struct Context {
    pub(super) operation: &'static Operation,
    pub(super) attempts: Vec<Attempt>,
    pub(super) local_id: Option<String>,
}

impl Error {
    pub(crate) fn configuration(detail: impl Into<String>) -> Self {
        Self::from_inner(Inner::new(ErrorKind::Configuration, None, detail.into()))
    }

    pub(super) fn invalid_request(operation: &'static Operation, problem: String) -> Self {
        let kind = ErrorKind::InvalidRequest;
        Self::from_inner(Inner::new(kind, Some(operation), problem))
    }

    pub(crate) fn invalid_walk(operation: &'static Operation, problem: &str) -> Self {
        Self::invalid_request(operation, problem.to_owned())
    }

    /// No whole answer came; what of it came is kept.
    pub(super) fn failed(context: Context, failure: Failure, answer: Option<Box<Answer>>) -> Self {
        Self::from_inner(Inner {
            source: failure.source,
            answer,
            attempts: context.attempts,
            local_id: context.local_id,
            ..Inner::new(failure.kind, Some(context.operation), failure.detail)
        })
    }

    /// The server answered with another status than 2xx; `reason` is why that
    /// was the last attempt, where it is not plain.
    pub(super) fn status_of(
        context: Context,
        answer: Box<Answer>,
        message: Option<String>,
        now: Timestamp,
        reason: &str,
    ) -> Self {
        let detail = if answer.status.is_redirection() {
            "redirects are not followed"
        } else {
            reason
        };
        Self::from_inner(Inner {
            message,
            retry_after: retry_after(&answer.headers, now),
            answer: Some(answer),
            attempts: context.attempts,
            local_id: context.local_id,
            ..Inner::new(
                ErrorKind::Status,
                Some(context.operation),
                detail.to_owned(),
            )
        })
    }

    /// The body is not of its type.
    pub(super) fn decode(context: Context, mismatch: Mismatch, answer: Box<Answer>) -> Self {
        let detail = format!(
            "the body is not as expected: at {}: expected {}, found {}",
            mismatch.path, mismatch.expected, mismatch.found
        );
        Self::from_inner(Inner {
            mismatch: Some(mismatch),
            answer: Some(answer),
            attempts: context.attempts,
            local_id: context.local_id,
            ..Inner::new(ErrorKind::Decode, Some(context.operation), detail)
        })
    }

    fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Box::new(inner),
        }
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The id of the operation that failed; `None` for a configuration.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.inner.operation.map(Operation::id)
    }

    /// The HTTP status, if the head of an answer came.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.answer.as_ref().map(|answer| answer.status)
    }

    /// The headers, if the head of an answer came.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.inner.answer.as_ref().map(|answer| &answer.headers)
    }

    /// The `X-Request-Id`, by which support finds the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.inner.answer.as_ref()?.request_id()
    }

    /// The body, or as much of it as came. It may hold phone numbers, names
    /// and message text.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.inner.answer.as_ref().map(|answer| &answer.body)
    }

    /// The server's own words, on one line, where the body of a status has any.
    ///
    /// Phone numbers, e-mail addresses and tokens are hidden. So is whatever
    /// repeats the text, names, numbers or query that the request sent: five
    /// letters or digits in a row, cut off or in other letters, with other spaces
    /// and punctuation, with the escapes of JSON, URLs or HTML; and a value of three
    /// or four letters as a whole word. The names of members and ids stay.
    ///
    /// What a server translates, transliterates or encodes in another way, or takes
    /// from elsewhere, is not recognized. `None` if the message is longer than 4 KiB or
    /// the request larger than 1 MiB, which would take long to compare;
    /// [`body`](Self::body) has it.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.inner.message.as_deref()
    }

    /// Where a body is not as expected: a JSON path, in which `*` stands for a
    /// key that is not a name. `None` for every other kind.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.inner
            .mismatch
            .as_ref()
            .map(|mismatch| mismatch.path.as_str())
    }

    /// Every attempt that was made, in order.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.inner.attempts
    }

    /// How long the server asked to wait before the next request, from its
    /// `Retry-After`: a number of seconds, or a date in any form that HTTP has.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Every attempt on one line, to paste into a support ticket.
    #[must_use]
    pub fn ledger(&self) -> String {
        attempt::ledger(&self.inner.attempts)
    }

    /// The `local_id` that the request carried, whether the caller set it or
    /// the client minted it.
    #[must_use]
    pub fn local_id(&self) -> Option<&str> {
        self.inner.local_id.as_deref()
    }

    /// Whether the server may have acted on the request, in any of the
    /// attempts. If so, sending it again may do it twice: look first, for a
    /// message with [`Client::find_sent`](crate::Client::find_sent).
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        let mut outcomes = self.inner.attempts.iter().map(|attempt| attempt.outcome);
        outcomes.any(Outcome::may_have_acted)
    }

    /// Whether the server found the request malformed or a field of it invalid
    /// (400). Mend the request: the message says which field failed.
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        self.is_status(StatusCode::BAD_REQUEST)
    }

    /// Whether the server did not accept the credentials (401). Check them.
    ///
    /// Tokens carry the time. The client corrects this machine's clock by the
    /// server's `Date` if they are at most 10 minutes apart; if they are further
    /// apart, the error's text says by how much: set the clock.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.is_status(StatusCode::UNAUTHORIZED)
    }

    /// Whether the team or the sender may not do this (403). Ask an
    /// administrator of the team for the right.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.is_status(StatusCode::FORBIDDEN)
    }

    /// Whether nothing has this id (404). Check the id, and which of the ids
    /// of the object it is.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is_status(StatusCode::NOT_FOUND)
    }

    /// Whether there were more requests than the limit allows (429). Wait;
    /// [`retry_after`](Self::retry_after) may say how long.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.is_status(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether the server, or a proxy before it, failed (5xx). Try again
    /// later, with care where [`may_have_been_sent`](Self::may_have_been_sent).
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
            answer: None,
            retry_after: None,
            attempts: Vec::new(),
            local_id: None,
            source: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation() {
            write!(f, "{operation}: ")?;
        }
        match self.inner.kind {
            ErrorKind::Configuration => f.write_str("configuration: ")?,
            ErrorKind::InvalidRequest => f.write_str("the request is not valid: ")?,
            ErrorKind::Connect => f.write_str("cannot connect: ")?,
            ErrorKind::Timeout => f.write_str("timed out: ")?,
            ErrorKind::Transport => f.write_str("the connection broke: ")?,
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
