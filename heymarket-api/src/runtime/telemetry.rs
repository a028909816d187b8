//! What the client tells of itself: spans, events and reports. Nothing of a
//! body, a query or a header but the request id is in them.

use std::time::Duration;

use tracing::{Level, Span, field};

use super::attempt::{Attempt, Wait};
use super::error::{Error, ErrorKind};
use super::operation::Operation;
use super::response::Delivery;

/// Is told of each operation when it is over, for metrics.
///
/// It is called on the task of the caller and should not block.
pub trait OperationObserver: Send + Sync + 'static {
    /// An operation is over.
    fn ended(&self, report: &OperationReport<'_>);
}

/// An operation that is over.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationReport<'a> {
    /// Which one it was.
    pub operation: &'static Operation,
    /// How long it took, with all attempts and waits.
    pub duration: Duration,
    /// How much of that was waiting: for the rate limit and between attempts.
    pub waited: Duration,
    /// Every attempt that was made.
    pub attempts: &'a [Attempt],
    /// How it failed, if it did.
    pub error: Option<ErrorKind>,
}

impl<'a> OperationReport<'a> {
    pub(super) fn new(
        operation: &'static Operation,
        duration: Duration,
        outcome: &'a Result<Delivery, Error>,
    ) -> Self {
        let (attempts, error) = match outcome {
            Ok(delivery) => (&delivery.attempts[..], None),
            Err(error) => (error.attempts(), Some(error.kind())),
        };
        let waits = attempts.iter().map(|attempt| {
            let wait = attempt.wait.map_or(Duration::ZERO, |wait| wait.duration);
            attempt.held_up.saturating_add(wait)
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

/// The span of an operation, with the names of OpenTelemetry.
pub(super) fn span(operation: &Operation, server: &str) -> Span {
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

/// Writes the end of an operation into its span.
pub(super) fn ended(span: &Span, outcome: &Result<Delivery, Error>) {
    if span.is_disabled() {
        return;
    }
    let (status, attempts) = match outcome {
        Ok(delivery) => (Some(delivery.answer.status), &delivery.attempts[..]),
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

/// An attempt is over.
pub(super) fn attempted(resent: usize, attempt: &Attempt) {
    tracing::event!(
        Level::DEBUG,
        "http.request.resend_count" = resent,
        "heymarket.outcome" = %attempt.outcome,
        "heymarket.duration_ms" = milliseconds(attempt.duration),
        "heymarket.held_up_ms" = milliseconds(attempt.held_up),
        "heymarket.request_id" = attempt.request_id.as_deref(),
        "attempt"
    );
}

/// There will be another attempt.
pub(super) fn waiting(wait: Wait) {
    tracing::event!(Level::DEBUG, "heymarket.wait" = %wait, "retry");
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
