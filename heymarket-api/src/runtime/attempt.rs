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
    /// How long it took, the body included.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// The `X-Request-Id` of the answer.
    pub request_id: Option<String>,
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

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.duration.as_millis();
        write!(f, "{} {} in {milliseconds} ms", self.started, self.outcome)?;
        if let Some(id) = &self.request_id {
            write!(f, ", request id {id}")?;
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
