//! Why a command did not do what it was asked to, and the exit code that says
//! so.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ContextValue;
use heymarket_api::{Error, ErrorKind, Safety, operations};

use crate::exit;
use crate::output::{Log, Terminal, plain};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments cannot be read, or ask for the help or the version.
    Arguments(clap::Error),
    /// The arguments can be read, and cannot be right.
    Usage(String),
    /// There are no credentials, or they cannot be used.
    Credentials(String),
    /// The API, or the way to it, failed.
    Api(Box<Error>),
    /// What the command is for could not be written to standard output.
    Output(io::Error),
    /// Anything else: a file, the sandbox, the terminal.
    Other(String),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(crate) fn credentials(message: impl Into<String>) -> Self {
        Self::Credentials(message.into())
    }

    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }

    /// Reports the failure on standard error, and returns the exit code.
    pub(crate) fn report(self, terminal: &Terminal) -> ExitCode {
        let code = self.exit_code();
        match self {
            Self::Arguments(error) if error.use_stderr() => report_arguments(error),
            // Help and version are no failures, and contain no values.
            Self::Arguments(error) => {
                // A reader that is gone has seen what it wanted.
                let _ = error.print();
            }
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            other => {
                terminal.say(&format!("heymarket: {other}"));
                other.explain(terminal);
            }
        }
        code.into()
    }

    /// Says what there is to do, where that is not in the message.
    fn explain(&self, terminal: &Terminal) {
        let Self::Api(error) = self else {
            return;
        };
        if self.exit_code() != exit::OUTCOME_UNKNOWN {
            return;
        }
        terminal.say("  outcome unknown; check before retrying");
        if let Some(local_id) = error.local_id() {
            terminal.say(&format!("  its local_id: {local_id}"));
        }
    }

    /// The exit code; `heymarket help exit-codes` documents them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Arguments(error) if !error.use_stderr() => exit::DONE,
            Self::Arguments(_) | Self::Usage(_) => exit::USAGE,
            Self::Credentials(_) => exit::CREDENTIALS,
            Self::Api(error) => api_exit_code(error),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::DONE,
            Self::Output(_) | Self::Other(_) => exit::FAILED,
        }
    }
}

/// Prints an error of clap, with each value of the command line on one line.
fn report_arguments(mut error: clap::Error) {
    let context = error.context();
    let on_one_line = |text: &String| plain::one_line(text).into_owned();
    let values: Vec<_> = context
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(on_one_line(text)))),
            ContextValue::Strings(texts) => {
                let texts = texts.iter().map(on_one_line).collect();
                Some((kind, ContextValue::Strings(texts)))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in values {
        error.insert(kind, value);
    }
    // There is no place to report this to.
    let _ = write!(Log, "{}", error.render());
}

/// Whether it was to change something, so that it matters what came of it.
fn changes_something(error: &Error) -> bool {
    let id = error.operation().unwrap_or_default();
    let mut known = operations::ALL.iter();
    match known.find(|operation| operation.id() == id) {
        Some(operation) => operation.safety() != Safety::Read,
        // Those of paths that are not known are called by their method.
        None => !matches!(id, "GET" | "HEAD" | "OPTIONS"),
    }
}

fn api_exit_code(error: &Error) -> u8 {
    if error.is_not_found() {
        exit::NOT_FOUND
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
            Self::Usage(message) | Self::Credentials(message) | Self::Other(message) => {
                f.write_str(message)
            }
            Self::Api(error) => error.fmt(f),
            Self::Output(error) => write!(f, "standard output: {error}"),
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
