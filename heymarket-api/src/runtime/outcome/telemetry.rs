//! Spans, events and reports of operations. They hold nothing of a body, a query or
//! a header except the request ID.

use std::time::Duration;

use tracing::{Level, Span, field};

use super::attempt::{Attempt, Wait};
use super::response::ResponseParts;
use crate::error::{Error, ErrorKind};
use crate::runtime::Operation;

/// Receives a report of each operation that ends, for metrics.
///
/// Set it with [`ClientBuilder::observe_operations`](crate::ClientBuilder::observe_operations).
/// It is called on the caller's task and should not block.
///
/// ```
/// use heymarket_api::{OperationObserver, OperationReport};
///
/// struct Log;
///
/// impl OperationObserver for Log {
///     fn ended(&self, report: &OperationReport<'_>) {
///         let result = report.error.map_or("ok".to_owned(), |kind| kind.to_string());
///         println!("{} {result} {:?}", report.operation.id(), report.duration);
///     }
/// }
/// ```
pub trait OperationObserver: Send + Sync + 'static {
    /// Handles the end of an operation.
    fn ended(&self, report: &OperationReport<'_>);
}

/// The report of an operation that ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationReport<'a> {
    /// The operation.
    pub operation: &'static Operation,
    /// How long the operation took, with all attempts and waits.
    pub duration: Duration,
    /// The part of [`duration`](Self::duration) spent waiting: for the rate limit and
    /// between attempts.
    pub waited: Duration,
    /// All attempts, in order.
    pub attempts: &'a [Attempt],
    /// The kind of the error, if the operation failed.
    pub error: Option<ErrorKind>,
}

impl<'a> OperationReport<'a> {
    pub(crate) fn new(
        operation: &'static Operation,
        duration: Duration,
        outcome: &'a Result<ResponseParts, Error>,
    ) -> Self {
        let (attempts, error) = match outcome {
            Ok(parts) => (&parts.attempts[..], None),
            Err(error) => (error.attempts(), Some(error.kind())),
        };
        let waits = attempts.iter().map(|attempt| {
            let wait = attempt.wait.map_or(Duration::ZERO, |wait| wait.duration);
            attempt.rate_limit_wait.saturating_add(wait)
        });
        Self {
            operation,
            duration,
            waited: waits.sum(),
            attempts,
            error,
        }
    }
}

/// Creates the span of an operation, with the field names of OpenTelemetry.
pub(crate) fn span(operation: &Operation, server: &str) -> Span {
    tracing::span!(
        Level::DEBUG,
        "heymarket",
        "otel.name" = operation.id(),
        "http.request.method" = operation.method().as_str(),
        "url.template" = operation.path(),
        "server.address" = server,
        "http.response.status_code" = field::Empty,
        "http.request.resend_count" = field::Empty,
        "error.type" = field::Empty,
        "heymarket.operation" = operation.id(),
        "heymarket.request_id" = field::Empty,
    )
}

/// Creates the span of a wait for the rate limit, so that a program can say that it waits.
pub(crate) fn rate_limit_span() -> Span {
    tracing::span!(Level::DEBUG, "heymarket.rate_limit")
}

/// Records the end of an operation in its span.
pub(crate) fn ended(span: &Span, outcome: &Result<ResponseParts, Error>) {
    if span.is_disabled() {
        return;
    }
    let (status, attempts) = match outcome {
        Ok(parts) => (Some(parts.response.status), &parts.attempts[..]),
        Err(error) => (error.status(), error.attempts()),
    };
    let last = attempts.last();
    let request_id = last.and_then(|attempt| attempt.request_id.as_deref());
    tracing::record_all!(
        span,
        "http.response.status_code" = status.map(|status| status.as_u16()),
        "heymarket.request_id" = request_id,
        "http.request.resend_count" = attempts.len().saturating_sub(1),
        "error.type" = outcome.as_ref().err().map(|error| error.kind().name()),
    );
}

/// Emits the event of an attempt that ended.
pub(crate) fn attempted(resent: usize, attempt: &Attempt) {
    tracing::event!(
        Level::DEBUG,
        "http.request.resend_count" = resent,
        "heymarket.outcome" = %attempt.outcome,
        "heymarket.duration_ms" = milliseconds(attempt.duration),
        "heymarket.rate_limit_wait_ms" = milliseconds(attempt.rate_limit_wait),
        "heymarket.request_id" = attempt.request_id.as_deref(),
        "attempt"
    );
}

/// Emits the event of a wait before another attempt.
pub(crate) fn waiting(wait: Wait) {
    tracing::event!(Level::DEBUG, "heymarket.wait" = %wait, "retry");
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
