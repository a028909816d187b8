//! What is known of a request that ended: a line of the log.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;

/// The outcome of a request: the header `X-Heymarket-Outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestOutcome {
    /// The API accepted it.
    Done,
    /// Nothing was done: it did not leave, or the API refused it.
    NotSent,
    /// It may have been done.
    Unknown,
}

impl RequestOutcome {
    /// Returns the value of the header: `done`, `not-sent` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotSent => "not-sent",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for RequestOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A request that ended. It holds neither the path's parameters, nor the query, nor
/// anything of a body or a header but the request ID.
///
/// `Display` is a line for a log:
///
/// ```text
/// 2026-07-01T09:30:00.412Z POST send_message 200 done, 1 attempt, 0.120 s, request id 7c2e…
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestReport {
    /// When the head of the request had arrived.
    pub started: Timestamp,
    /// The method; `None` for an extension method.
    pub method: Option<Method>,
    /// The operation's ID, or the gateway's own route; `None` for an unknown one.
    pub operation: Option<&'static str>,
    /// The status of the answer.
    pub status: StatusCode,
    /// The code of the gateway's own error.
    pub problem: Option<&'static str>,
    /// The outcome.
    pub outcome: RequestOutcome,
    /// How often it was sent.
    pub attempts: usize,
    /// Whether the answer is that of an earlier request.
    pub is_replayed: bool,
    /// From the head of the request to the answer.
    pub duration: Duration,
    /// The API's `X-Request-Id`.
    pub request_id: Option<String>,
}

impl RequestReport {
    pub(crate) fn method_of(method: &Method) -> Option<Method> {
        let known = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::HEAD,
            Method::OPTIONS,
        ];
        known.into_iter().find(|known| known == method)
    }
}

impl fmt::Display for RequestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method.as_ref().map_or("-", Method::as_str);
        let operation = self.operation.unwrap_or("-");
        let (status, outcome) = (self.status.as_u16(), self.outcome);
        write!(f, "{:.3} {method} {operation} {status}", self.started)?;
        match self.problem {
            Some(problem) => write!(f, " {problem}, {outcome}")?,
            None => write!(f, " {outcome}")?,
        }
        match self.attempts {
            _ if self.is_replayed => f.write_str(", replayed")?,
            0 => {}
            1 => f.write_str(", 1 attempt")?,
            attempts => write!(f, ", {attempts} attempts")?,
        }
        write!(f, ", {:.3} s", self.duration.as_secs_f64())?;
        match self.request_id.as_deref() {
            Some(id) if is_plain(id) => write!(f, ", request id {id}"),
            _ => Ok(()),
        }
    }
}

/// Returns whether a request ID looks like one, so that it cannot forge a line.
fn is_plain(id: &str) -> bool {
    let is_of_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // A UUID is longer than any phone number, which is all digits.
    id.len() <= 80 && id.bytes().all(is_of_id) && id.bytes().any(|byte| byte.is_ascii_alphabetic())
}
