use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a sandbox cannot start, or go on.
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
        "{path:?} is no state of a sandbox: {problem}; the file is left as it is: \
         name another one, or move it away to begin anew"
    )]
    DamagedState { path: PathBuf, problem: String },
    #[error("cannot open {path:?}, which locks the state: {source}")]
    LockState { path: PathBuf, source: io::Error },
    #[error(
        "the state file {path:?} is in use: another sandbox did not release it within {wait:?}; \
         stop it, or choose another file"
    )]
    StateInUse { path: PathBuf, wait: Duration },
    #[error("cannot save the state in {path:?}: {source}; what was saved before is kept")]
    SaveState { path: PathBuf, source: io::Error },
    #[error("the rule {text:?} is not one: {problem}")]
    Rule { text: String, problem: String },
    #[error("{0}")]
    Refused(String),
    #[error("the client: {0}")]
    Client(#[from] heymarket_api::Error),
}

/// A text of a request in a message, in quotation marks and shortened.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// A text of a request in a message: a long one ends with `...`.
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
        Self(Kind::Refused(problem.into()))
    }
}
