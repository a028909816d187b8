//! The ledger: one entry for each attempt to send a request.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

/// One attempt to send a request: an entry of the ledger that responses and errors
/// carry.
///
/// `Display` is one line, for a support ticket.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// When the attempt started, after the rate limit admitted it.
    pub started: Timestamp,
    /// How long the rate limit delayed the attempt.
    pub rate_limit_wait: Duration,
    /// How long the attempt took, including the response body.
    pub duration: Duration,
    /// How the attempt ended.
    pub outcome: Outcome,
    /// The `X-Request-Id` of the response.
    pub request_id: Option<String>,
    /// The wait before the next attempt; `None` for the last attempt.
    pub wait: Option<Wait>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// A complete response arrived.
    Answered(StatusCode),
    /// No connection was made, so the request was not sent.
    NotConnected,
    /// No complete response arrived in time.
    TimedOut,
    /// The connection broke.
    Broken,
    /// The response body exceeds the limit.
    TooLarge,
}

/// A wait between two attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// The length of the wait.
    pub duration: Duration,
    /// What determined the length.
    pub reason: WaitReason,
}

/// What determined the length of a [`Wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// The backoff of the retry policy, with jitter.
    Backoff,
    /// The server's `Retry-After`.
    RetryAfter,
    /// The next attempt has a new token, which takes no wait.
    TokenRefreshed,
}

/// Returns whether the server may have acted on the request.
pub(crate) fn may_have_acted(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Answered(status) => !is_refusal(status),
        Outcome::NotConnected => false,
        Outcome::TimedOut | Outcome::Broken | Outcome::TooLarge => true,
    }
}

/// Returns whether a status says that the server did not act. A 301, 307 or 308
/// asks for the same request elsewhere. A 302 or 303 may follow an action, and
/// other statuses say nothing about it.
fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() || matches!(status.as_u16(), 301 | 307 | 308)
}

/// Writes attempts on one line.
pub(crate) fn ledger(attempts: &[Attempt]) -> String {
    let entries: Vec<String> = attempts.iter().map(ToString::to_string).collect();
    entries.join(" | ")
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.duration.as_millis();
        write!(f, "{} {} in {milliseconds} ms", self.started, self.outcome)?;
        if let Some(id) = &self.request_id {
            write!(f, ", request id {id}")?;
        }
        if !self.rate_limit_wait.is_zero() {
            let milliseconds = self.rate_limit_wait.as_millis();
            write!(f, ", after {milliseconds} ms for the rate limit")?;
        }
        if let Some(wait) = self.wait {
            write!(f, ", then {wait}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "answered {}", status.as_u16()),
            Self::NotConnected => f.write_str("not connected"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Broken => f.write_str("connection broken"),
            Self::TooLarge => f.write_str("response body too large"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.duration.as_millis();
        match self.reason {
            WaitReason::Backoff => write!(f, "{milliseconds} ms of backoff"),
            WaitReason::RetryAfter => write!(f, "{milliseconds} ms of Retry-After"),
            WaitReason::TokenRefreshed => f.write_str("token refreshed"),
        }
    }
}
