use std::fmt;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

/// One attempt to send a request: an entry of the ledger that responses and
/// errors carry.
///
/// `Display` is one line for a support ticket.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// When it began.
    pub started: Timestamp,
    /// How long the rate limit held it up before.
    pub held_up: Duration,
    /// How long it took, the body of the answer included.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// The `X-Request-Id` of the answer.
    pub request_id: Option<String>,
    /// The wait before the next attempt, if there was one.
    pub wait: Option<Wait>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// An answer came, whole.
    Answered(StatusCode),
    /// There was no connection: the request did not leave.
    NotConnected,
    /// No whole answer came in time.
    TimedOut,
    /// The connection broke.
    Broken,
    /// The body of the answer was larger than allowed.
    TooLarge,
}

/// A wait between two attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// How long it was.
    pub duration: Duration,
    /// Why it was so long.
    pub reason: WaitReason,
}

/// Why a wait was as long as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// Drawn at random, after the retry policy.
    Backoff,
    /// The server asked for it with `Retry-After`.
    RetryAfter,
    /// The token was signed anew, which takes no wait.
    SignedAnew,
}

impl Outcome {
    /// Whether the server may have acted on the request.
    pub(super) fn may_have_acted(self) -> bool {
        match self {
            Self::Answered(status) => !is_refusal(status),
            Self::NotConnected => false,
            Self::TimedOut | Self::Broken | Self::TooLarge => true,
        }
    }
}

/// Whether an answer with this status says that the server did not act. A 301,
/// 307 or 308 asks for the same request elsewhere. A 302 or 303 may be what a
/// server answers after it acted, and of others nothing is known.
fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() || matches!(status.as_u16(), 301 | 307 | 308)
}

/// Attempts on one line.
pub(super) fn ledger(attempts: &[Attempt]) -> String {
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
        if !self.held_up.is_zero() {
            let milliseconds = self.held_up.as_millis();
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
            Self::TooLarge => f.write_str("answered with too large a body"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.duration.as_millis();
        match self.reason {
            WaitReason::Backoff => write!(f, "{milliseconds} ms of backoff"),
            WaitReason::RetryAfter => write!(f, "{milliseconds} ms as the server asked"),
            WaitReason::SignedAnew => f.write_str("signed anew"),
        }
    }
}
