//! The reasons why a command fails, and their exit codes.

use std::fmt;
use std::io;

use heymarket_api::{Error, ErrorKind, Operation, Safety, operations};

use crate::exit;

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments do not parse, or ask for help or the version.
    Arguments(clap::Error),
    /// The arguments parse, but their values are invalid.
    Usage(String),
    /// Credentials are missing or unusable.
    Credentials(String),
    /// An API request failed.
    Api(Box<Error>),
    /// Standard output could not be written.
    Output(io::Error),
    /// Not all of a batch was sent.
    Incomplete(String),
    /// The user stopped the command.
    Interrupted(String),
    /// Anything else, such as a file, the sandbox or the terminal.
    Other(String),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(crate) fn credentials(message: impl Into<String>) -> Self {
        Self::Credentials(message.into())
    }

    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        Self::Incomplete(message.into())
    }

    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::Interrupted(message.into())
    }

    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }

    /// Returns the exit code, as `heymarket help exit-codes` documents it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Arguments(error) if !error.use_stderr() => exit::SUCCESS,
            Self::Arguments(_) | Self::Usage(_) => exit::USAGE,
            Self::Credentials(_) => exit::CREDENTIALS,
            Self::Api(error) => api_exit_code(error),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::SUCCESS,
            Self::Incomplete(_) => exit::INCOMPLETE,
            Self::Interrupted(_) => exit::INTERRUPTED,
            Self::Output(_) | Self::Other(_) => exit::FAILED,
        }
    }
}

/// Returns whether the operation changes something, so that an unknown outcome
/// matters.
pub(crate) fn changes_something(error: &Error) -> bool {
    let id = error.operation().unwrap_or_default();
    match known(id) {
        Some(operation) => operation.safety() != Safety::Read,
        // A request to an unknown path is named after its method.
        None => !matches!(id, "GET" | "HEAD" | "OPTIONS"),
    }
}

fn known(id: &str) -> Option<&'static Operation> {
    operations::ALL
        .iter()
        .copied()
        .find(|operation| operation.id() == id)
}

/// Returns whether the API refused a message because its recipient opted out.
///
/// The API documents no error for it. A 403 on a send whose message speaks of a
/// subscription or an opt-out is taken for one.
fn is_unsubscribed(error: &Error) -> bool {
    let sends = matches!(
        error.operation(),
        Some("send_message" | "send_email" | "create_scheduled_message")
    );
    let message = error.message().unwrap_or_default().to_ascii_lowercase();
    let names_it = ["subscri", "opted out", "opt-out", "opt out", "opted_out"];
    error.is_forbidden() && sends && names_it.iter().any(|word| message.contains(word))
}

fn api_exit_code(error: &Error) -> u8 {
    if error.is_not_found() {
        exit::NOT_FOUND
    } else if is_unsubscribed(error) {
        exit::UNSUBSCRIBED
    } else if error.is_unauthorized() || error.is_forbidden() {
        exit::CREDENTIALS
    } else if error.is_rate_limited() {
        exit::RATE_LIMITED
    } else if error.kind() == ErrorKind::InvalidRequest {
        exit::USAGE
    } else if error.may_have_been_sent() && changes_something(error) {
        exit::OUTCOME_UNKNOWN
    } else {
        exit::FAILED
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(error) => error.fmt(f),
            Self::Usage(message)
            | Self::Credentials(message)
            | Self::Incomplete(message)
            | Self::Interrupted(message)
            | Self::Other(message) => f.write_str(message),
            Self::Api(error) => error.fmt(f),
            Self::Output(error) => write!(f, "cannot write standard output: {error}"),
        }
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Arguments(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Api(Box::new(error))
    }
}
