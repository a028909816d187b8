//! Why one attempt failed, before it is known whether another one follows.

use std::error::Error as StdError;

use super::kind::ErrorKind;
use crate::runtime::Outcome;

/// Why an attempt has no complete response.
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    /// Never sensitive.
    pub(crate) detail: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
    /// Whether no further attempt may follow, whatever the retry policy.
    pub(crate) is_final: bool,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            source: None,
            is_final: false,
        }
    }

    /// Forbids a further attempt.
    pub(crate) fn into_final(mut self) -> Self {
        self.is_final = true;
        self
    }

    /// Sets the error that caused it.
    pub(crate) fn caused_by(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.source = Some(source);
        self
    }

    /// Adds why no further attempt follows, unless that is empty.
    pub(crate) fn because(mut self, reason: &str) -> Self {
        if !reason.is_empty() {
            self.detail = format!("{}; {reason}", self.detail);
        }
        self
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match self.kind {
            ErrorKind::Timeout => Outcome::TimedOut,
            ErrorKind::BodyTooLarge => Outcome::TooLarge,
            ErrorKind::Transport => Outcome::Broken,
            _ => Outcome::NotConnected,
        }
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(ErrorKind::BodyTooLarge, detail)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        // The URL holds the query, which may hold phone numbers.
        let error = error.without_url();
        let is_final = error.is_builder();
        let kind = if is_final {
            // Nothing was sent: reqwest refused to build the request.
            ErrorKind::InvalidRequest
        } else if error.is_connect() {
            ErrorKind::Connect
        } else if error.is_timeout() {
            ErrorKind::Timeout
        } else {
            ErrorKind::Transport
        };
        Self {
            kind,
            detail: causes(&error),
            source: Some(Box::new(error)),
            is_final,
        }
    }
}

/// Joins the messages of an error's sources, the outermost first. The error's own
/// message adds nothing to them.
fn causes(error: &reqwest::Error) -> String {
    let mut messages: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        let message = source.to_string();
        // Some errors repeat the message of their source.
        if messages.last().is_none_or(|last| !last.contains(&message)) {
            messages.push(message);
        }
        next = source.source();
    }
    if messages.is_empty() {
        messages.push(error.to_string());
    }
    messages.join(": ")
}
