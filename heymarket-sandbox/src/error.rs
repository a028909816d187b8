//! The error of starting or running a sandbox, and values of requests in messages.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A failure to start or to run a sandbox.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Kind);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for a free one")]
    Listen { address: String, source: io::Error },
    #[error("cannot read the state in {path:?}: {source}")]
    ReadState { path: PathBuf, source: io::Error },
    #[error(
        "{path:?} is not a sandbox state file: {problem}; it is unchanged: choose another file, \
         or move it away to start fresh"
    )]
    DamagedState { path: PathBuf, problem: String },
    #[error("cannot open the lock file {path:?}: {source}")]
    LockState { path: PathBuf, source: io::Error },
    #[error(
        "the state file {path:?} is in use: another sandbox did not release it within {wait:?}; \
         stop it, or choose another file"
    )]
    StateInUse { path: PathBuf, wait: Duration },
    #[error("cannot save the state in {path:?}: {source}; what was saved before is kept")]
    SaveState { path: PathBuf, source: io::Error },
    #[error("invalid rule {text:?}: {problem}")]
    Rule { text: String, problem: String },
    #[error("{0}")]
    Rejected(String),
    #[error("the client: {0}")]
    Client(#[from] heymarket_api::Error),
}

/// Quotes a value of a request for a message, shortened.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// Shortens a value of a request for a message. A long one ends with `...`.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    const LENGTH: usize = 200;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

impl Error {
    pub(crate) fn rule(text: &str, problem: &str) -> Self {
        Self(Kind::Rule {
            text: text.to_owned(),
            problem: problem.to_owned(),
        })
    }

    pub(crate) fn refused(problem: impl Into<String>) -> Self {
        Self(Kind::Rejected(problem.into()))
    }
}
