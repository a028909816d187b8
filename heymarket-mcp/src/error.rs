//! Errors of the server, and failures of a tool.

use heymarket_api::{Error as ApiError, ErrorKind as ApiErrorKind};
use thiserror::Error as ThisError;

/// An error of the server itself. `Display` is one line. It shows no phone number and no
/// text.
#[derive(Debug, ThisError)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is invalid; the message names it.
    Configuration,
    /// The transport failed, or the client did not speak the protocol.
    Transport,
}

impl Error {
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Configuration,
            message: message.into(),
        }
    }

    pub(crate) fn transport(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Transport,
            message: message.into(),
        }
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// Why a tool has no result.
#[derive(Debug)]
pub(crate) enum ToolError {
    /// No tool has this name, or it is not registered.
    NoTool,
    /// The arguments are wrong, or the tool refuses. The text is safe to show.
    Refused(String),
    /// The API failed.
    Api(Box<ApiError>),
    /// The user has to answer a question first.
    Question(String),
}

impl ToolError {
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }
}

impl From<ApiError> for ToolError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

/// Describes a failure of the API, but for the server's own words.
pub(crate) fn describe(error: &ApiError) -> String {
    let what = match error.kind() {
        ApiErrorKind::Status => match error.status() {
            Some(status) => format!("the API answered {status}"),
            None => "the API failed".to_owned(),
        },
        // These texts are the client's, and hold nothing of the response.
        ApiErrorKind::InvalidRequest | ApiErrorKind::Configuration => return error.to_string(),
        kind => format!("the request failed: {kind}"),
    };
    let advice = if error.is_not_found() {
        "; nothing has this ID"
    } else if error.is_unauthorized() || error.is_forbidden() {
        "; the credentials or the sender lack the permission"
    } else if error.is_rate_limited() {
        "; wait a minute"
    } else {
        ""
    };
    let id = error.request_id().unwrap_or_default();
    let id = if is_plain(id) {
        format!(" (request id {id})")
    } else {
        String::new()
    };
    format!("{what}{advice}{id}")
}

fn is_plain(id: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !id.is_empty() && id.len() <= 64 && id.chars().all(is_plain)
}
